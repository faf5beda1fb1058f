/* decap.c: the loop over layers, the IP headers, and the transport header of the innermost packet.
 *
 * One switch, one header per turn, at most LIMIT_LAYERS turns. References: RFC 791, RFC 8200, RFC
 * 4302 (AH), RFC 9293, RFC 768, RFC 792, RFC 4443, RFC 9260; the ICMP pairs are Community ID's.
 *
 *   IPv4: ver(4) ihl(4) tos | total(16) | id(16) | 0 DF MF offset(13) | ttl proto sum(16) | src dst
 *   IPv6: ver(4) class(8) label(20) | payload(16) next(8) hops(8) | src(128) dst(128)
 *   IPv6 fragment: next(8) 0(8) offset(13) 0(2) M | id(32) */
#include "sensor/decap.h"

#include <stdlib.h>

#include "sensor/layers.h"

#define ETHERNET_HEADER 14u
#define ETHERTYPE_IPV4  0x0800

#define IPV4_HEADER 20u
#define IPV6_HEADER 40u
#define TCP_HEADER  20u
#define UDP_HEADER  8u
#define ICMP_HEADER 8u
#define SCTP_HEADER 12u

#define IPV4_MORE_FRAGMENTS  0x2000
#define IPV4_FRAGMENT_OFFSET 0x1fff

enum {
	PROTO_HOP_BY_HOP = 0,
	PROTO_IPV4 = 4,
	PROTO_IPV6 = 41,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_GRE = 47,
	PROTO_AH = 51,
	PROTO_DESTINATION = 60
};

struct decap {
	struct stats *stats;
	struct fragment_table *fragments;
};

/* What the transport header says. */
struct transport {
	uint16_t src_port;
	uint16_t dst_port;
	size_t header_len;
	size_t len; /* header and payload, as sent */
	bool is_one_way;
};

struct decap *decap_new(struct stats *stats)
{
	struct decap *self = malloc(sizeof(*self));

	if (self == NULL)
		return NULL;
	self->stats = stats;
	self->fragments = fragment_table_new(stats);
	if (self->fragments == NULL) {
		free(self);
		return NULL;
	}
	return self;
}

void decap_free(struct decap *self)
{
	if (self == NULL)
		return;
	fragment_table_free(self->fragments);
	free(self);
}

static enum peel peel_fragment(struct walk *walk, struct fragment *fragment)
{
	struct datagram datagram;

	fragment->time_ns = walk->time_ns;
	fragment->scope = walk->scope;
	fragment->header =
		slice_head(walk->ip.packet, walk->ip.version == 4 ? IPV4_HEADER : IPV6_HEADER);
	fragment->bytes = walk->rest;
	fragment->wire = walk->wire;
	fragment->ip_bytes = walk->ip.bytes;
	fragment->version = walk->ip.version;
	switch (fragment_add(walk->fragments, fragment, &datagram)) {
	case FRAGMENT_HELD:
		return PEEL_HELD;
	case FRAGMENT_DROPPED:
		return PEEL_DROPPED;
	case FRAGMENT_MALFORMED:
		return PEEL_MALFORMED;
	case FRAGMENT_JOINED:
		break;
	}
	walk->rest = datagram.payload;
	walk->wire = datagram.payload.len;
	walk->proto = datagram.proto;
	walk->ip.packet = datagram.packet;
	walk->ip.bytes = datagram.ip_bytes;
	walk->ip.packets = datagram.packets;

	size_t addr_len = walk->ip.version == 4 ? 4 : 16;
	size_t addrs = walk->ip.version == 4 ? 12 : 8;

	walk->ip.src = slice_sub(datagram.packet, addrs, addr_len).ptr;
	walk->ip.dst = slice_sub(datagram.packet, addrs + addr_len, addr_len).ptr;
	return walk_to(walk, LAYER_TRANSPORT);
}

/* len: of the packet by its header. A mirror that cuts packets leaves fewer bytes than that. */
static void enter_ip(struct walk *walk, uint8_t version, size_t len)
{
	struct slice packet = slice_head(walk->rest, len);

	walk->rest = packet;
	walk->wire = len;
	walk->is_cut = packet.len < len;
	walk->ip.packet = packet;
	walk->ip.bytes = (uint32_t)len;
	walk->ip.packets = 1;
	walk->ip.version = version;
}

static enum peel peel_ipv4(struct walk *walk)
{
	struct cursor c = cursor_of(walk->rest);
	const uint8_t *header = cursor_header(&c, IPV4_HEADER);

	if (header == NULL)
		return PEEL_MALFORMED;
	size_t header_len = (size_t)(header[0] & 0x0f) * 4;
	size_t total = field_u16be(header + 2);
	uint16_t fragment = field_u16be(header + 6);

	if (header[0] >> 4 != 4 || header_len < IPV4_HEADER)
		return PEEL_MALFORMED;
	cursor_skip(&c, header_len - IPV4_HEADER);
	if (total == 0) /* a segmentation offload's super frame, captured before it was cut */
		total = walk->wire;
	if (c.bad || total < header_len)
		return PEEL_MALFORMED;

	enter_ip(walk, 4, total);
	walk_advance(walk, &(struct cursor){ .in = walk->rest, .pos = header_len });
	walk->ip.src = header + 12;
	walk->ip.dst = header + 16;
	walk->proto = header[9];
	if ((fragment & (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET)) != 0)
		return peel_fragment(
			walk, &(struct fragment){
				      .offset = (size_t)(fragment & IPV4_FRAGMENT_OFFSET) * 8,
				      .has_more = (fragment & IPV4_MORE_FRAGMENTS) != 0,
				      .id = field_u16be(header + 4),
				      .proto = walk->proto,
			      });
	return walk_to(walk, LAYER_TRANSPORT);
}

static enum peel peel_ipv6(struct walk *walk)
{
	struct cursor c = cursor_of(walk->rest);
	const uint8_t *header = cursor_header(&c, IPV6_HEADER);

	if (header == NULL || header[0] >> 4 != 6)
		return PEEL_MALFORMED;
	size_t payload_len = field_u16be(header + 4);

	/* 0: a jumbogram, or a segmentation offload's super frame. */
	enter_ip(walk, 6, payload_len == 0 ? walk->wire : payload_len + IPV6_HEADER);
	walk_advance(walk, &(struct cursor){ .in = walk->rest, .pos = IPV6_HEADER });
	walk->ip.src = header + 8;
	walk->ip.dst = header + 24;
	walk->proto = header[6];
	return walk_to(walk, LAYER_TRANSPORT);
}

static bool is_extension(const struct walk *walk)
{
	switch (walk->proto) {
	case PROTO_AH:
		return true;
	case PROTO_HOP_BY_HOP:
	case PROTO_ROUTING:
	case PROTO_DESTINATION:
		return walk->ip.version == 6;
	default:
		return false;
	}
}

/* Hop-by-hop, routing, destination options: next(8) len(8) in 8 bytes beyond the first 8. AH:
 * next(8) len(8) in 4 bytes beyond the first 8. A whole chain is one layer: receivers follow any
 * number, and each takes 8 bytes of the packet. */
static enum peel peel_extensions(struct walk *walk)
{
	struct cursor c = cursor_of(walk->rest);

	while (is_extension(walk)) {
		uint8_t next = cursor_u8(&c);
		size_t len = cursor_u8(&c);

		cursor_skip(&c, walk->proto == PROTO_AH ? len * 4 + 6 : len * 8 + 6);
		if (c.bad)
			return PEEL_MALFORMED;
		walk->proto = next;
	}
	walk_advance(walk, &c);
	return walk_to(walk, LAYER_TRANSPORT);
}

static enum peel peel_ipv6_fragment(struct walk *walk)
{
	struct cursor c = cursor_of(walk->rest);
	uint8_t next = cursor_u8(&c);

	cursor_skip(&c, 1);
	uint16_t offset_more = cursor_u16be(&c);
	uint32_t id = cursor_u32be(&c);

	if (c.bad)
		return PEEL_MALFORMED;
	walk_advance(walk, &c);
	walk->proto = next;
	if ((offset_more & 0xfff9) == 0) /* an atomic fragment is a whole datagram (RFC 6946) */
		return walk_to(walk, LAYER_TRANSPORT);
	return peel_fragment(walk, &(struct fragment){
					   .offset = offset_more & 0xfff8u,
					   .has_more = (offset_more & 1) != 0,
					   .id = id,
					   .proto = next,
				   });
}

static enum peel peel_transport(struct walk *walk)
{
	enum peel peel = PEEL_DONE;

	switch (walk->proto) {
	case IP_PROTO_TCP:
		return PEEL_DONE;
	case IP_PROTO_UDP:
		if (walk->open != 0)
			peel = peel_udp_tunnel(walk);
		break;
	case PROTO_IPV4:
	case PROTO_IPV6:
		peel = peel_ipip(walk);
		break;
	case PROTO_GRE:
		peel = peel_gre(walk);
		break;
	case PROTO_FRAGMENT:
		return walk->ip.version == 6 ? peel_ipv6_fragment(walk) : PEEL_DONE;
	default:
		if (is_extension(walk))
			return peel_extensions(walk);
		break;
	}
	return peel == PEEL_NOT_MINE ? PEEL_DONE : peel;
}

static enum peel peel_layer(struct walk *walk)
{
	switch (walk->next) {
	case LAYER_NONE:
		return PEEL_NOT_IP;
	case LAYER_ETHERNET:
		return peel_ethernet(walk);
	case LAYER_VLAN:
		return peel_vlan(walk);
	case LAYER_MPLS:
		return peel_mpls(walk);
	case LAYER_PPPOE:
		return peel_pppoe(walk);
	case LAYER_COOKED1:
		return peel_cooked1(walk);
	case LAYER_COOKED2:
		return peel_cooked2(walk);
	case LAYER_LOOPBACK:
		return peel_loopback(walk);
	case LAYER_RAW:
		return peel_raw(walk);
	case LAYER_IPV4:
		return peel_ipv4(walk);
	case LAYER_IPV6:
		return peel_ipv6(walk);
	case LAYER_TRANSPORT:
		return peel_transport(walk);
	}
	return PEEL_NOT_IP;
}

static bool read_tcp(const struct walk *walk, struct transport *transport, struct packet *out)
{
	struct cursor c = cursor_of(walk->rest);
	const uint8_t *header = cursor_header(&c, TCP_HEADER);

	if (header == NULL)
		return false;
	transport->src_port = field_u16be(header);
	transport->dst_port = field_u16be(header + 2);
	out->tcp_seq = field_u32be(header + 4);
	out->tcp_ack = field_u32be(header + 8);
	transport->header_len = (size_t)(header[12] >> 4) * 4;
	out->tcp_flags = header[13];
	return transport->header_len >= TCP_HEADER && transport->header_len <= transport->len;
}

static bool read_udp(const struct walk *walk, struct transport *transport)
{
	struct cursor c = cursor_of(walk->rest);
	const uint8_t *header = cursor_header(&c, UDP_HEADER);

	if (header == NULL)
		return false;
	size_t len = field_u16be(header + 4);

	transport->src_port = field_u16be(header);
	transport->dst_port = field_u16be(header + 2);
	transport->header_len = UDP_HEADER;
	if (len > transport->len)
		return false;
	if (len != 0) /* 0: a jumbogram or a super frame, IP knows */
		transport->len = len;
	return transport->len >= UDP_HEADER;
}

/* The type that answers this one, as Community ID pairs them; -1 when there is none. */
static int icmp_counterpart(uint8_t proto, uint8_t type)
{
	static const uint8_t pairs4[][2] = {
		{ 8, 0 }, { 13, 14 }, { 15, 16 }, { 10, 9 }, { 17, 18 }
	};
	static const uint8_t pairs6[][2] = { { 128, 129 }, { 133, 134 }, { 135, 136 },
					     { 130, 131 }, { 139, 140 }, { 144, 145 } };
	bool is_v4 = proto == IP_PROTO_ICMP;
	const uint8_t(*pairs)[2] = is_v4 ? pairs4 : pairs6;
	size_t count = is_v4 ? sizeof(pairs4) / 2 : sizeof(pairs6) / 2;

	for (size_t i = 0; i < count; i++) {
		if (pairs[i][0] == type)
			return pairs[i][1];
		if (pairs[i][1] == type)
			return pairs[i][0];
	}
	return -1;
}

static bool read_icmp(const struct walk *walk, struct transport *transport)
{
	struct cursor c = cursor_of(walk->rest);
	uint8_t type = cursor_u8(&c);
	uint8_t code = cursor_u8(&c);

	cursor_skip(&c, ICMP_HEADER - 2);
	int counterpart = icmp_counterpart(walk->proto, type);

	transport->src_port = type;
	transport->dst_port = counterpart < 0 ? code : (uint16_t)counterpart;
	transport->is_one_way = counterpart < 0;
	transport->header_len = ICMP_HEADER;
	return !c.bad && transport->len >= ICMP_HEADER;
}

static bool read_sctp(const struct walk *walk, struct transport *transport)
{
	struct cursor c = cursor_of(walk->rest);

	transport->src_port = cursor_u16be(&c);
	transport->dst_port = cursor_u16be(&c);
	cursor_skip(&c, SCTP_HEADER - 4);
	transport->header_len = SCTP_HEADER;
	return !c.bad && transport->len >= SCTP_HEADER;
}

static bool read_transport(const struct walk *walk, struct transport *transport, struct packet *out)
{
	switch (walk->proto) {
	case IP_PROTO_TCP:
		return read_tcp(walk, transport, out);
	case IP_PROTO_UDP:
		return read_udp(walk, transport);
	case IP_PROTO_ICMP:
	case IP_PROTO_ICMPV6:
		return read_icmp(walk, transport);
	case IP_PROTO_SCTP:
		return read_sctp(walk, transport);
	default:
		return true;
	}
}

static enum decap_result fill_packet(struct decap *self, const struct walk *walk,
				     const struct frame *frame, struct packet *out)
{
	struct transport transport = { .len = walk->wire };

	out->tcp_flags = 0;
	out->tcp_seq = 0;
	out->tcp_ack = 0;
	if (!read_transport(walk, &transport, out)) {
		stats_add(self->stats->decap_malformed, 1);
		return DECAP_SKIPPED;
	}
	out->time_ns = frame->time_ns;
	out->number = frame->number;
	memset(&out->key, 0, sizeof(out->key));
	out->key.proto = walk->proto;
	out->key.ip_version = walk->ip.version;
	out->key.scope = walk->scope;
	out->from_high = flow_key_set(&out->key, walk->ip.src, walk->ip.dst, transport.src_port,
				      transport.dst_port, transport.is_one_way);
	out->ip_packets = walk->ip.packets;
	out->ip_bytes = walk->ip.bytes;
	out->payload_wire = (uint32_t)(transport.len - transport.header_len);
	out->l3 = walk->ip.packet;
	out->payload = slice_sub(walk->rest, transport.header_len, out->payload_wire);
	stats_add(self->stats->decap_packets, 1);
	return DECAP_PACKET;
}

static enum layer first_layer(enum link link)
{
	switch (link) {
	case LINK_ETHERNET:
		return LAYER_ETHERNET;
	case LINK_COOKED1:
		return LAYER_COOKED1;
	case LINK_COOKED2:
		return LAYER_COOKED2;
	case LINK_RAW:
		return LAYER_RAW;
	case LINK_NULL:
	case LINK_LOOP:
		return LAYER_LOOPBACK;
	}
	return LAYER_NONE;
}

static enum decap_result conclude(struct decap *self, enum peel peel)
{
	switch (peel) {
	case PEEL_HELD:
		return DECAP_HELD;
	case PEEL_NOT_IP:
		stats_add(self->stats->decap_not_ip, 1);
		break;
	case PEEL_MALFORMED:
		stats_add(self->stats->decap_malformed, 1);
		break;
	case PEEL_NEXT: /* the loop ended first */
		stats_add(self->stats->decap_too_deep, 1);
		break;
	case PEEL_DROPPED:
	case PEEL_DONE:
	case PEEL_NOT_MINE:
		break;
	}
	return DECAP_SKIPPED;
}

/* What most frames are: IPv4 without options and in one piece, right behind Ethernet. The same as
 * its layers one by one, in one step; false, and nothing is done, when they must do it. */
static inline bool step_into_ipv4(struct walk *walk)
{
	struct cursor c = cursor_of(walk->rest);
	const uint8_t *ethernet = cursor_header(&c, ETHERNET_HEADER + IPV4_HEADER);

	if (walk->next != LAYER_ETHERNET || ethernet == NULL)
		return false;
	const uint8_t *header = ethernet + ETHERNET_HEADER;
	size_t total = field_u16be(header + 2);

	if (field_u16be(header - 2) != ETHERTYPE_IPV4 || header[0] != 0x45 || total < IPV4_HEADER ||
	    (field_u16be(header + 6) & (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET)) != 0)
		return false;
	walk->rest = slice_tail(walk->rest, ETHERNET_HEADER);
	enter_ip(walk, 4, total);
	walk_advance(walk, &(struct cursor){ .in = walk->rest, .pos = IPV4_HEADER });
	walk->ip.src = header + 12;
	walk->ip.dst = header + 16;
	walk->proto = header[9];
	walk->next = LAYER_TRANSPORT;
	return true;
}

enum decap_result decap_frame(struct decap *self, const struct frame *frame, struct packet *out)
{
	struct walk walk = {
		.rest = frame->bytes,
		.wire = frame->wire_len > frame->bytes.len ? frame->wire_len : frame->bytes.len,
		.time_ns = frame->time_ns,
		.fragments = self->fragments,
		.next = first_layer(frame->link),
		.link = frame->link,
		.open = OPEN_VXLAN | OPEN_GENEVE,
	};
	int depth = step_into_ipv4(&walk) ? 2 : 0;
	enum peel peel = depth > 0 && walk.proto == IP_PROTO_TCP ? PEEL_DONE : PEEL_NEXT;

	for (; depth < LIMIT_LAYERS && peel == PEEL_NEXT; depth++)
		peel = peel_layer(&walk);
	if (walk.is_cut)
		stats_add(self->stats->decap_cut, 1);
	if (peel == PEEL_DONE)
		return fill_packet(self, &walk, frame, out);
	return conclude(self, peel);
}
