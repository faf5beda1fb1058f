/* link.c: the headers below IP.
 *
 * Ethernet II:  dst(6) src(6) type(2), or 802.3: length(2) LLC AA AA 03, OUI 00 00 00, type(2)
 * 802.1Q:       PCP(3) DEI(1) VID(12), type(2)
 * MPLS:         label(20) tc(3) s(1) ttl(8), until s = 1 (RFC 3032; control word RFC 4385)
 * PPPoE:        0x11, code 0, session(2), length(2), PPP protocol(1 or 2) (RFC 2516, RFC 1661)
 * cooked v1:    packet type(2) ARPHRD(2) address length(2) address(8) protocol(2)
 * cooked v2:    protocol(2) 0(2) interface(4) ARPHRD(2) packet type(1) length(1) address(8)
 * loopback:     address family(4), in the byte order of the host that captured */
#include "sensor/layers.h"

#define ETHERTYPE_LOWEST  0x0600 /* below it is a length */
#define ETHERNET_HEADER   14
#define ETHERNET_TYPE     12
#define ARPHRD_OF_NETLINK 824

static enum layer layer_of_nibble(struct slice rest)
{
	struct cursor c = cursor_of(rest);
	uint8_t version = (uint8_t)(cursor_u8(&c) >> 4);

	if (version == 4)
		return LAYER_IPV4;
	return version == 6 ? LAYER_IPV6 : LAYER_NONE;
}

enum peel peel_ethernet(struct walk *walk)
{
	struct cursor c = cursor_of(walk->rest);
	const uint8_t *header = cursor_header(&c, ETHERNET_HEADER);

	if (header == NULL)
		return PEEL_MALFORMED;
	uint16_t type = field_u16be(header + ETHERNET_TYPE);

	if (type < ETHERTYPE_LOWEST) {
		/* Only SNAP with a zero OUI carries an EtherType; the rest is spanning tree etc. */
		struct slice snap = cursor_take(&c, 6);

		if (c.bad || memcmp(snap.ptr, "\xaa\xaa\x03\0\0\0", 6) != 0)
			return PEEL_NOT_IP;
		type = cursor_u16be(&c);
		if (c.bad)
			return PEEL_MALFORMED;
	}
	walk_advance(walk, &c);
	return walk_to(walk, layer_of_ethertype(type));
}

enum peel peel_vlan(struct walk *walk)
{
	struct cursor c = cursor_of(walk->rest);
	uint16_t vid = cursor_u16be(&c) & 0x0fff;
	uint16_t type = cursor_u16be(&c);

	if (c.bad)
		return PEEL_MALFORMED;
	/* VID 0 is a priority without a VLAN: one direction may have it and the other not. */
	if (vid != 0 && walk->scope.vlan_count < LIMIT_VLAN_TAGS)
		walk->scope.vlan[walk->scope.vlan_count++] = vid;
	walk_advance(walk, &c);
	return walk_to(walk, layer_of_ethertype(type));
}

/* After the bottom label nothing says what follows: explicit null labels, or the first nibble. */
static enum peel mpls_bottom(struct walk *walk, uint32_t label)
{
	enum layer next = layer_of_nibble(walk->rest);

	if (label == 0)
		return walk_to(walk, LAYER_IPV4);
	if (label == 2)
		return walk_to(walk, LAYER_IPV6);
	if (next != LAYER_NONE)
		return walk_to(walk, next);

	struct cursor c = cursor_of(walk->rest);
	uint32_t control = cursor_u32be(&c);

	if (c.bad)
		return PEEL_MALFORMED;
	if (control >> 28 != 0)
		return PEEL_NOT_IP;
	walk_advance(walk, &c);
	return walk_to(walk, LAYER_ETHERNET);
}

enum peel peel_mpls(struct walk *walk)
{
	struct cursor c = cursor_of(walk->rest);

	for (int depth = 0; depth < LIMIT_MPLS_STACK; depth++) {
		uint32_t entry = cursor_u32be(&c);

		if (c.bad)
			return PEEL_MALFORMED;
		if ((entry & 0x100) != 0) {
			walk_advance(walk, &c);
			return mpls_bottom(walk, entry >> 12);
		}
	}
	return PEEL_MALFORMED;
}

enum peel peel_pppoe(struct walk *walk)
{
	struct cursor c = cursor_of(walk->rest);
	uint8_t version_type = cursor_u8(&c);
	uint8_t code = cursor_u8(&c);

	cursor_skip(&c, 2);
	size_t len = cursor_u16be(&c);

	if (c.bad || version_type != 0x11)
		return PEEL_MALFORMED;
	if (code != 0)
		return PEEL_NOT_IP;
	walk_advance(walk, &c);
	if (len < walk->wire)
		walk_trim(walk, len);

	c = cursor_of(walk->rest);
	uint16_t proto = cursor_u8(&c);

	if ((proto & 1) == 0) /* an odd first byte is a compressed protocol field, and all of it */
		proto = (uint16_t)((unsigned)proto << 8 | cursor_u8(&c));
	if (c.bad)
		return PEEL_MALFORMED;
	walk_advance(walk, &c);
	if (proto == 0x0021)
		return walk_to(walk, LAYER_IPV4);
	return walk_to(walk, proto == 0x0057 ? LAYER_IPV6 : LAYER_NONE);
}

enum peel peel_cooked1(struct walk *walk)
{
	struct cursor c = cursor_of(walk->rest);

	cursor_skip(&c, 2);
	uint16_t hardware = cursor_u16be(&c);

	cursor_skip(&c, 10);
	uint16_t type = cursor_u16be(&c);

	if (c.bad)
		return PEEL_MALFORMED;
	walk_advance(walk, &c);
	/* On a netlink monitor the field is a netlink family. */
	return walk_to(walk, hardware == ARPHRD_OF_NETLINK ? LAYER_NONE : layer_of_ethertype(type));
}

enum peel peel_cooked2(struct walk *walk)
{
	struct cursor c = cursor_of(walk->rest);
	uint16_t type = cursor_u16be(&c);

	cursor_skip(&c, 6);
	uint16_t hardware = cursor_u16be(&c);

	cursor_skip(&c, 10);
	if (c.bad)
		return PEEL_MALFORMED;
	walk_advance(walk, &c);
	return walk_to(walk, hardware == ARPHRD_OF_NETLINK ? LAYER_NONE : layer_of_ethertype(type));
}

enum peel peel_loopback(struct walk *walk)
{
	struct cursor c = cursor_of(walk->rest);
	uint32_t family = cursor_u32be(&c);

	if (c.bad)
		return PEEL_MALFORMED;
	walk_advance(walk, &c);
	/* Families are small numbers, so the order shows. LINK_LOOP is always in network order. */
	if (walk->link == LINK_NULL && family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2:
		return walk_to(walk, LAYER_IPV4);
	case 10: /* Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* Darwin */
		return walk_to(walk, LAYER_IPV6);
	default:
		return PEEL_NOT_IP;
	}
}

enum peel peel_raw(struct walk *walk)
{
	if (walk->rest.len == 0)
		return PEEL_MALFORMED;
	return walk_to(walk, layer_of_nibble(walk->rest));
}
