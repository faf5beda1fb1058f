/* tunnel.c: packets inside IP packets.
 *
 * IP in IP:   protocol 4 or 41, the inner header follows (RFC 2003, RFC 4213)
 * GRE:        C R K S, version(3) in flags(2); type(2); [checksum(2) 0(2)] [key(4)] [sequence(4)]
 *             (RFC 2784, RFC 2890); R (source routes) and version 1 (PPTP) are not opened
 * ERSPAN I:   GRE type 0x88be without S, Ethernet follows
 * ERSPAN II:  GRE type 0x88be with S: ver(4)=1 vlan(12) | cos(3) en(2) t(1) session(10) | index(32)
 * ERSPAN III: GRE type 0x22eb: ver(4)=2 vlan(12) | cos(3) bso(2) t(1) session(10) | timestamp(32)
 *             | sgt(16) | p(1) ft(5) hwid(6) d(1) gra(2) o(1), [8 more when o]
 * VXLAN:      UDP to 4789 or 8472: flags(1) 0x08 = VNI valid, 0(3), VNI(3), 0(1), Ethernet
 *             (RFC 7348)
 * GENEVE:     UDP to 6081: ver(2)=0 options length(6) in words, O C 0(6), type(2), VNI(3), 0(1),
 *             options: class(2) type(1) 0(3) length(5) in words, data (RFC 8926)
 *
 * A client may have one of these ports by chance, and what comes back to it (DNS, QUIC) is no
 * tunnel: what does not hold what a tunnel holds is the packet itself.
 *
 * VXLAN, GENEVE and ERSPAN are how a mirror names its tenant. A tunnel that the tenant builds
 * inside never replaces that name: or a tenant could choose whom its flows are put down to. */
#include "sensor/layers.h"

#define PORT_VXLAN       4789
#define PORT_VXLAN_LINUX 8472 /* Linux before the port was assigned */
#define PORT_GENEVE      6081

#define ETHERTYPE_ARP   0x0806
#define ETHERTYPE_AT    12 /* in an Ethernet header */
#define VXLAN_VNI_VALID 0x08000000u

#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING  0x4000
#define GRE_KEY      0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_VERSION  0x0007

#define UDP_HEADER    8
#define TUNNEL_HEADER 8 /* VXLAN's, and GENEVE's without options */

static void enter_tunnel(struct walk *walk, enum tunnel tunnel, uint32_t id)
{
	bool is_mirror =
		tunnel == TUNNEL_VXLAN || tunnel == TUNNEL_GENEVE || tunnel == TUNNEL_ERSPAN;

	/* VXLAN is opened at the outermost packet or inside the load balancer's GENEVE only. */
	if (!walk->is_mirror || tunnel == TUNNEL_VXLAN) {
		walk->scope.tunnel = (uint8_t)tunnel;
		walk->scope.id = id;
		walk->is_mirror = is_mirror;
	}
	walk->open = 0;
}

enum peel peel_ipip(struct walk *walk)
{
	enter_tunnel(walk, TUNNEL_IPIP, 0);
	return walk_to(walk, walk->proto == 4 ? LAYER_IPV4 : LAYER_IPV6);
}

static enum peel peel_erspan2(struct walk *walk, struct cursor *c)
{
	uint16_t version_vlan = cursor_u16be(c);
	uint16_t session = cursor_u16be(c) & 0x03ff;

	cursor_skip(c, 4);
	if (c->bad)
		return PEEL_MALFORMED;
	if (version_vlan >> 12 != 1)
		return PEEL_NOT_MINE;
	walk_advance(walk, c);
	enter_tunnel(walk, TUNNEL_ERSPAN, session);
	return walk_to(walk, LAYER_ETHERNET);
}

static enum peel peel_erspan3(struct walk *walk, struct cursor *c)
{
	uint16_t version_vlan = cursor_u16be(c);
	uint16_t session = cursor_u16be(c) & 0x03ff;

	cursor_skip(c, 6);
	uint16_t trailer = cursor_u16be(c);
	unsigned frame_type = trailer >> 10 & 0x1f;

	if ((trailer & 1) != 0)
		cursor_skip(c, 8);
	if (c->bad)
		return PEEL_MALFORMED;
	if (version_vlan >> 12 != 2 || (frame_type != 0 && frame_type != 2))
		return PEEL_NOT_MINE;
	walk_advance(walk, c);
	enter_tunnel(walk, TUNNEL_ERSPAN, session);
	return walk_to(walk, frame_type == 0 ? LAYER_ETHERNET : LAYER_RAW);
}

enum peel peel_gre(struct walk *walk)
{
	struct cursor c = cursor_of(walk->rest);
	uint16_t flags = cursor_u16be(&c);
	uint16_t type = cursor_u16be(&c);
	uint32_t key = 0;

	if (!c.bad && (flags & (GRE_VERSION | GRE_ROUTING)) != 0)
		return PEEL_NOT_MINE;
	if ((flags & GRE_CHECKSUM) != 0)
		cursor_skip(&c, 4);
	if ((flags & GRE_KEY) != 0)
		key = cursor_u32be(&c);
	if ((flags & GRE_SEQUENCE) != 0)
		cursor_skip(&c, 4);
	if (c.bad)
		return PEEL_MALFORMED;

	if (type == 0x88be && (flags & GRE_SEQUENCE) != 0)
		return peel_erspan2(walk, &c);
	if (type == 0x22eb)
		return peel_erspan3(walk, &c);

	bool is_erspan1 = type == 0x88be;
	enum layer next = is_erspan1 ? LAYER_ETHERNET : layer_of_ethertype(type);

	if (next == LAYER_NONE)
		return PEEL_NOT_MINE;
	walk_advance(walk, &c);
	enter_tunnel(walk, is_erspan1 ? TUNNEL_ERSPAN : TUNNEL_GRE, is_erspan1 ? 0 : key);
	return walk_to(walk, next);
}

/* Does a frame follow whose type is one that networks carry? */
static bool is_before_frame(struct cursor c)
{
	uint16_t type;

	cursor_skip(&c, ETHERTYPE_AT);
	type = cursor_u16be(&c);
	return type == ETHERTYPE_ARP || layer_of_ethertype(type) != LAYER_NONE;
}

/* Devices differ in what they put into reserved bits. But every second datagram that is none has
 * the one bit set, and all of them others: then the frame has to show what this is. */
static enum peel peel_vxlan(struct walk *walk, struct cursor *c)
{
	uint32_t flags = cursor_u32be(c);
	uint32_t vni = cursor_u24be(c);
	bool is_strict = (flags & ~VXLAN_VNI_VALID) == 0;

	is_strict &= cursor_u8(c) == 0;
	if (c->bad)
		return PEEL_MALFORMED;
	if ((flags & VXLAN_VNI_VALID) == 0 || (!is_strict && !is_before_frame(*c)))
		return PEEL_NOT_MINE;
	walk_advance(walk, c);
	enter_tunnel(walk, TUNNEL_VXLAN, vni);
	return walk_to(walk, LAYER_ETHERNET);
}

/* True when the options fill their area exactly. */
static bool geneve_options_fit(struct slice options)
{
	struct cursor c = cursor_of(options);

	while (cursor_left(&c) > 0) {
		cursor_skip(&c, 3);
		cursor_skip(&c, (size_t)(cursor_u8(&c) & 0x1f) * 4);
	}
	return !c.bad;
}

static enum peel peel_geneve(struct walk *walk, struct cursor *c)
{
	uint8_t version_len = cursor_u8(c);
	bool is_control = (cursor_u8(c) & 0x80) != 0;
	enum layer next = layer_of_ethertype(cursor_u16be(c));
	uint32_t vni = cursor_u24be(c);

	cursor_skip(c, 1);
	if (!c->bad && (version_len >> 6 != 0 || next == LAYER_NONE))
		return PEEL_NOT_MINE;

	struct slice options = cursor_take(c, (size_t)(version_len & 0x3f) * 4);

	if (c->bad || !geneve_options_fit(options))
		return PEEL_MALFORMED;
	if (is_control)
		return PEEL_NOT_IP;
	walk_advance(walk, c);
	enter_tunnel(walk, TUNNEL_GENEVE, vni);
	/* A gateway load balancer hands on a mirror's VXLAN packet as it came: IP without Ethernet.
	 */
	if (next == LAYER_IPV4 || next == LAYER_IPV6)
		walk->open = OPEN_VXLAN;
	return walk_to(walk, next);
}

/* walk.rest starts at the UDP header. */
enum peel peel_udp_tunnel(struct walk *walk)
{
	struct cursor c = cursor_of(walk->rest);

	cursor_skip(&c, 2);
	uint16_t port = cursor_u16be(&c);
	size_t len = cursor_u16be(&c);

	cursor_skip(&c, 2);
	if (len == 0)
		len = walk->wire;
	if (c.bad || len < UDP_HEADER + TUNNEL_HEADER || len > walk->wire)
		return PEEL_NOT_MINE;
	if ((walk->open & OPEN_VXLAN) != 0 && (port == PORT_VXLAN || port == PORT_VXLAN_LINUX))
		return peel_vxlan(walk, &c);
	if ((walk->open & OPEN_GENEVE) != 0 && port == PORT_GENEVE)
		return peel_geneve(walk, &c);
	return PEEL_NOT_MINE;
}
