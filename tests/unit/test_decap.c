/* IP and transport headers, lengths, the layer cap, fragments; what keys and counts become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/decap_rig.h"

static void test_plain_tcp(void **state)
{
	(void)state;
	start(TEXT);
	wire_plain(&rig.wire, 1, 2);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_text_of(4);
	assert_false(rig.out.from_high);
	assert_memory_equal(rig.out.key.addr[0], "\x0a\0\0\1\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(rig.out.key.addr[1], "\x0a\0\0\2\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(rig.out.time_ns, 1000);
	assert_int_equal(rig.out.number, 12);
	assert_int_equal(rig.out.tcp_flags, TCP_PSH | TCP_ACK);
	assert_int_equal(rig.out.tcp_seq, 5);
	assert_int_equal(rig.out.tcp_ack, 1005);
	assert_int_equal(rig.out.ip_bytes, 40 + strlen(TEXT));
	assert_int_equal(rig.out.l3.len, 40 + strlen(TEXT));
	assert_tunnel(TUNNEL_NONE, 0);
	assert_int_equal(rig.out.key.scope.vlan_count, 0);
	assert_int_equal(rig.stats.decap_packets, 1);

	start(TEXT);
	wire_plain(&rig.wire, 2, 1);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_true(rig.out.from_high);
	assert_text_of(4);
	assert_every_cut();
}

static void test_padding_is_left_out(void **state)
{
	(void)state;
	wire_clear(&rig.wire);
	wire_fill(&rig.wire, 0xee, 6);
	struct slice padding = wire_slice(&rig.wire);

	wire_clear(&rig.wire);
	wire_plain(&rig.wire, 1, 2);
	uint8_t frame[60];

	assert_int_equal(wire_len(&rig.wire), 54);
	memcpy(frame, wire_slice(&rig.wire).ptr, 54);
	memset(frame + 54, 0xee, padding.len);
	assert_int_equal(feed(slice_of(frame, 60)), DECAP_PACKET);
	assert_int_equal(rig.out.payload.len, 0);
	assert_int_equal(rig.out.payload_wire, 0);
	assert_int_equal(rig.out.ip_bytes, 40);
	assert_int_equal(rig.out.l3.len, 40);
	assert_int_equal(rig.stats.decap_cut, 0);
}

static void test_snaplen_cut(void **state)
{
	(void)state;
	start(TEXT);
	wire_plain(&rig.wire, 1, 2);
	rig.wire_len = (uint32_t)wire_len(&rig.wire);
	assert_int_equal(feed(slice_head(wire_slice(&rig.wire), 57)), DECAP_PACKET);
	assert_int_equal(rig.out.payload.len, 3);
	assert_int_equal(rig.out.payload_wire, strlen(TEXT));
	assert_int_equal(rig.out.ip_bytes, 40 + strlen(TEXT));
	assert_int_equal(rig.stats.decap_cut, 1);
}

/* A mirror cuts packets and then says the short length around them. */
static void test_mirror_cut(void **state)
{
	(void)state;
	start_ipv4(1, 2);
	wire_ethernet(&rig.wire, 0x0800);
	struct slice inner = slice_head(wire_slice(&rig.wire), wire_len(&rig.wire) - 5);
	uint8_t bytes[128];
	size_t len = inner.len;

	memcpy(bytes, inner.ptr, len);
	wire_clear(&rig.wire);
	(void)wire_front(&rig.wire, bytes, len);
	wire_vxlan(&rig.wire, 7);
	wire_udp(&rig.wire, 50000, 4789);
	wire_ipv4(&rig.wire, 100, 101, IP_PROTO_UDP);
	wire_ethernet(&rig.wire, 0x0800);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_true(slice_is(rig.out.payload, "{\"i"));
	assert_int_equal(rig.out.payload_wire, strlen(TEXT));
	assert_int_equal(rig.out.ip_bytes, 40 + strlen(TEXT));
	assert_int_equal(rig.stats.decap_cut, 1);
}

static void test_super_frame(void **state)
{
	uint8_t *length;

	(void)state;
	start(TEXT);
	wire_plain(&rig.wire, 1, 2);
	length = rig.wire.bytes + rig.wire.start + 16;
	length[0] = length[1] = 0;
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_text_of(4);
	assert_int_equal(rig.out.ip_bytes, 40 + strlen(TEXT));

	start_ipv6();
	wire_ipv6(&rig.wire, 1, 2, IP_PROTO_TCP);
	wire_ethernet(&rig.wire, 0x86dd);
	length = rig.wire.bytes + rig.wire.start + 18;
	length[0] = length[1] = 0;
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_text_of(6);
	assert_int_equal(rig.out.ip_bytes, 60 + strlen(TEXT));
}

static void test_wrong_lengths(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		bool is_packet;
	} edits[] = {
		{ 14, 0x44, false }, /* IHL 4 */
		{ 14, 0x55, false }, /* version 5 */
		{ 14, 0x4f, false }, /* IHL 15: options longer than the packet */
		{ 17, 19, false },   /* total length below the header */
		{ 17, 39, false },   /* no room for TCP */
		{ 17, 40, true },    /* just TCP */
		{ 46, 0x40, false }, /* data offset 4 */
		{ 46, 0x70, true },  /* 8 bytes of options: all of the payload */
		{ 46, 0x80, false }, /* options longer than the packet */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		uint64_t before = rig.stats.decap_malformed;

		start(TEXT);
		wire_plain(&rig.wire, 1, 2);
		rig.wire.bytes[rig.wire.start + edits[i].at] = edits[i].value;
		assert_int_equal(feed_wire(), edits[i].is_packet ? DECAP_PACKET : DECAP_SKIPPED);
		assert_int_equal(rig.stats.decap_malformed - before, !edits[i].is_packet);
		if (edits[i].is_packet)
			assert_int_equal(rig.out.payload.len, 0);
	}
}

static void test_udp(void **state)
{
	(void)state;
	start("abc");
	wire_udp(&rig.wire, 1053, 53);
	wire_ipv4(&rig.wire, 9, 3, IP_PROTO_UDP);
	wire_ethernet(&rig.wire, 0x0800);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_true(slice_is(rig.out.payload, "abc"));
	assert_int_equal(rig.out.payload_wire, 3);
	assert_int_equal(rig.out.key.port[1], 1053);
	assert_int_equal(rig.out.key.port[0], 53);
	assert_true(rig.out.from_high);
	assert_int_equal(rig.out.tcp_flags, 0);

	uint8_t *length = rig.wire.bytes + rig.wire.start + 14 + 20 + 4;

	length[1] = 10; /* one byte less than IP says: padding inside IP */
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_true(slice_is(rig.out.payload, "ab"));
	length[1] = 8;
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_int_equal(rig.out.payload.len, 0);
	length[1] = 7;
	assert_int_equal(feed_wire(), DECAP_SKIPPED);
	length[1] = 12;
	assert_int_equal(feed_wire(), DECAP_SKIPPED);
	length[1] = 0; /* unknown: IP knows */
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_true(slice_is(rig.out.payload, "abc"));
}

static void test_icmp(void **state)
{
	(void)state;
	start("ping");
	(void)wire_front(&rig.wire, (uint8_t[]){ 8, 0, 0, 0, 0, 1, 0, 1 }, 8);
	wire_ipv4(&rig.wire, 89, 1, IP_PROTO_ICMP);
	wire_ethernet(&rig.wire, 0x0800);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_true(slice_is(rig.out.payload, "ping"));
	assert_true(rig.out.from_high);
	struct flow_key request = rig.out.key;

	start("ping");
	(void)wire_front(&rig.wire, (uint8_t[]){ 0, 0, 0, 0, 0, 1, 0, 1 }, 8);
	wire_ipv4(&rig.wire, 1, 89, IP_PROTO_ICMP);
	wire_ethernet(&rig.wire, 0x0800);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_false(rig.out.from_high);
	assert_memory_equal(&request, &rig.out.key, sizeof(request));
	assert_int_equal(request.port[0], 0);
	assert_int_equal(request.port[1], 8);

	/* One-way: the sender stays on side 0 though its address is the higher one. */
	wire_clear(&rig.wire);
	(void)wire_front(&rig.wire, (uint8_t[]){ 3, 1, 0, 0, 0, 0, 0, 0 }, 8);
	wire_ipv4(&rig.wire, 89, 1, IP_PROTO_ICMP);
	wire_ethernet(&rig.wire, 0x0800);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_false(rig.out.from_high);
	assert_int_equal(rig.out.key.addr[0][3], 89);
	assert_int_equal(rig.out.key.port[0], 3);
	assert_int_equal(rig.out.key.port[1], 1);

	wire_clear(&rig.wire);
	(void)wire_front(&rig.wire, (uint8_t[]){ 135, 0, 0, 0, 0, 0, 0, 0 }, 8);
	wire_ipv6(&rig.wire, 1, 2, IP_PROTO_ICMPV6);
	wire_ethernet(&rig.wire, 0x86dd);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_int_equal(rig.out.key.port[0], 135);
	assert_int_equal(rig.out.key.port[1], 136);
}

static void test_other_protocols(void **state)
{
	(void)state;
	start("abc");
	(void)wire_front(&rig.wire, (uint8_t[]){ 0, 7, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0 }, 12);
	wire_ipv4(&rig.wire, 1, 2, IP_PROTO_SCTP);
	wire_ethernet(&rig.wire, 0x0800);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_int_equal(rig.out.key.port[0], 7);
	assert_int_equal(rig.out.key.port[1], 9);
	assert_true(slice_is(rig.out.payload, "abc"));

	static const uint8_t without_ports[] = { 0, 2, 43, 44, 46, 50, 59, 60, 89, 255 };

	for (size_t i = 0; i < sizeof(without_ports); i++) {
		start("abc");
		wire_ipv4(&rig.wire, 1, 2, without_ports[i]);
		wire_ethernet(&rig.wire, 0x0800);
		assert_int_equal(feed_wire(), DECAP_PACKET);
		assert_int_equal(rig.out.key.proto, without_ports[i]);
		assert_int_equal(rig.out.key.port[0], 0);
		assert_int_equal(rig.out.key.port[1], 0);
		assert_true(slice_is(rig.out.payload, "abc"));
	}
}

static void test_ipv6_extensions(void **state)
{
	(void)state;
	start_ipv6();
	wire_ipv6(&rig.wire, 2, 1, IP_PROTO_TCP);
	wire_ethernet(&rig.wire, 0x86dd);
	assert_every_cut();
	assert_text_of(6);
	assert_true(rig.out.from_high);
	assert_int_equal(rig.out.ip_bytes, 60 + strlen(TEXT));

	/* hop-by-hop, destination options, routing (16 bytes), AH (12 bytes), atomic fragment */
	start_ipv6();
	wire_ipv6_fragment(&rig.wire, IP_PROTO_TCP, 0, 77);
	(void)wire_front(&rig.wire, (uint8_t[12]){ 44, 1 }, 12);
	(void)wire_front(&rig.wire, (uint8_t[16]){ 51, 1 }, 16);
	(void)wire_front(&rig.wire, (uint8_t[8]){ 43, 0 }, 8);
	(void)wire_front(&rig.wire, (uint8_t[8]){ 60, 0 }, 8);
	wire_ipv6(&rig.wire, 1, 2, 0);
	wire_ethernet(&rig.wire, 0x86dd);
	assert_every_cut();
	assert_text_of(6);
	assert_int_equal(rig.stats.fragments, 0);

	/* No chain is too long for a receiver. */
	start_ipv6();
	(void)wire_front(&rig.wire, (uint8_t[8]){ IP_PROTO_TCP, 0 }, 8);
	for (int i = 0; i < 40; i++)
		(void)wire_front(&rig.wire, (uint8_t[8]){ 60, 0 }, 8);
	wire_ipv6(&rig.wire, 1, 2, 60);
	wire_ethernet(&rig.wire, 0x86dd);
	assert_every_cut();
	assert_text_of(6);

	/* ESP ends the walk. */
	start("secret");
	wire_ipv6(&rig.wire, 1, 2, 50);
	wire_ethernet(&rig.wire, 0x86dd);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_int_equal(rig.out.key.proto, 50);
	assert_true(slice_is(rig.out.payload, "secret"));
}

static void test_ipv4_options_and_ah(void **state)
{
	(void)state;
	start_ipv6();
	(void)wire_front(&rig.wire, (uint8_t[24]){ IP_PROTO_TCP, 4 }, 24);
	wire_fill(&rig.wire, 1, 8); /* two words of no-operation options */
	wire_ipv4(&rig.wire, 1, 2, 51);
	rig.wire.bytes[rig.wire.start] = 0x47;
	wire_ethernet(&rig.wire, 0x0800);
	assert_every_cut();
	assert_text_of(4);
	assert_int_equal(rig.out.ip_bytes, 20 + 8 + 24 + 20 + strlen(TEXT));
}

static void test_layer_cap(void **state)
{
	(void)state;
	/* Ethernet, n times IPv4, transport: n + 2 layers, with one for each protocol number. */
	for (unsigned n = 1; n < 40; n++) {
		start_ipv4(1, 2);
		for (unsigned i = 1; i < n; i++)
			wire_ipv4(&rig.wire, 3, 4, 4);
		wire_ethernet(&rig.wire, 0x0800);
		bool fits = 2 * n + 1 <= LIMIT_LAYERS;

		assert_int_equal(feed_wire(), fits ? DECAP_PACKET : DECAP_SKIPPED);
		assert_int_equal(rig.stats.decap_too_deep, fits ? 0 : n - (LIMIT_LAYERS - 1) / 2);
	}
	/* Tags only. */
	start(TEXT);
	for (unsigned i = 0; i < 1000; i++)
		wire_vlan(&rig.wire, 1, 0x8100);
	wire_ethernet(&rig.wire, 0x8100);
	assert_int_equal(feed_wire(), DECAP_SKIPPED);
	assert_int_equal(rig.stats.decap_malformed, 0);
}

/* One fragment of the TCP segment (header and TEXT) that is in `segment`. */
static enum decap_result feed_part(struct slice segment, size_t offset, size_t len)
{
	bool is_last = offset + len == segment.len;

	wire_clear(&rig.wire);
	(void)wire_front(&rig.wire, segment.ptr + offset, len);
	wire_ipv4_part(&rig.wire, 1, 2, IP_PROTO_TCP, 99,
		       (unsigned)(offset / 8) | (is_last ? 0 : 0x2000));
	wire_ethernet(&rig.wire, 0x0800);
	return feed_wire();
}

static void test_fragments(void **state)
{
	uint8_t bytes[28];
	struct slice segment = slice_of(bytes, sizeof(bytes));

	(void)state;
	start_ipv6();
	assert_int_equal(wire_len(&rig.wire), sizeof(bytes));
	memcpy(bytes, wire_slice(&rig.wire).ptr, sizeof(bytes));
	assert_int_equal(feed_part(segment, 8, 16), DECAP_HELD);
	assert_int_equal(feed_part(segment, 24, 4), DECAP_HELD);
	rig.time_ns = 2000;
	assert_int_equal(feed_part(segment, 0, 8), DECAP_PACKET);
	assert_true(slice_is(rig.out.payload, TEXT));
	assert_int_equal(rig.out.time_ns, 2000);
	assert_int_equal(rig.out.ip_packets, 3);
	assert_int_equal(rig.out.ip_bytes, 3 * 20 + 28);
	assert_int_equal(rig.out.key.port[0], 40000);
	assert_int_equal(rig.out.l3.len, 48);
	assert_int_equal(rig.stats.fragments, 3);
	assert_int_equal(rig.stats.fragments_joined, 1);
	assert_int_equal(rig.stats.decap_packets, 1);

	/* Cut by the snaplen: dropped, and the datagram never comes. */
	assert_int_equal(feed_part(segment, 0, 8), DECAP_HELD);
	wire_clear(&rig.wire);
	(void)wire_front(&rig.wire, bytes + 8, 20);
	wire_ipv4_part(&rig.wire, 1, 2, IP_PROTO_TCP, 99, 1);
	wire_ethernet(&rig.wire, 0x0800);
	rig.wire_len = (uint32_t)wire_len(&rig.wire);
	assert_int_equal(feed(slice_head(wire_slice(&rig.wire), rig.wire_len - 1)), DECAP_SKIPPED);
	assert_int_equal(rig.stats.fragments_dropped, 1);
	assert_int_equal(rig.stats.decap_malformed, 0);
	assert_int_equal(rig.stats.decap_cut, 1);
}

static void test_ipv6_fragments(void **state)
{
	uint8_t bytes[28];

	(void)state;
	start_ipv6();
	memcpy(bytes, wire_slice(&rig.wire).ptr, sizeof(bytes));
	for (unsigned i = 0; i < 2; i++) {
		wire_clear(&rig.wire);
		(void)wire_front(&rig.wire, i == 0 ? bytes : bytes + 16, i == 0 ? 16 : 12);
		wire_ipv6_fragment(&rig.wire, IP_PROTO_TCP, i == 0 ? 1 : 16, 0xdeadbeef);
		(void)wire_front(&rig.wire, (uint8_t[8]){ 44 }, 8); /* destination options */
		wire_ipv6(&rig.wire, 1, 2, 60);
		wire_ethernet(&rig.wire, 0x86dd);
		assert_int_equal(feed_wire(), i == 0 ? DECAP_HELD : DECAP_PACKET);
	}
	assert_true(slice_is(rig.out.payload, TEXT));
	assert_int_equal(rig.out.ip_packets, 2);
	assert_int_equal(rig.out.ip_bytes, 2 * (40 + 8 + 8) + 28);
	assert_int_equal(rig.out.l3.len, 40 + 28);
	assert_int_equal(rig.out.key.proto, IP_PROTO_TCP);
}

/* The mirror's own packet in fragments, with a fragment of a tenant's datagram inside it. */
static void test_fragments_inside_fragments(void **state)
{
	uint8_t segment[28];
	uint8_t outer[256];
	size_t outer_len;

	(void)state;
	start_ipv6();
	memcpy(segment, wire_slice(&rig.wire).ptr, sizeof(segment));
	for (unsigned part = 0; part < 2; part++) {
		wire_clear(&rig.wire);
		(void)wire_front(&rig.wire, segment + 16 * part, part == 0 ? 16 : 12);
		wire_ipv4_part(&rig.wire, 1, 2, IP_PROTO_TCP, 5, part == 0 ? 0x2000 : 2);
		wire_ethernet(&rig.wire, 0x0800);
		wire_vxlan(&rig.wire, 7);
		wire_udp(&rig.wire, 50000, 4789);
		outer_len = wire_len(&rig.wire);
		memcpy(outer, wire_slice(&rig.wire).ptr, outer_len);
		for (unsigned i = 0; i < 2; i++) {
			wire_clear(&rig.wire);
			(void)wire_front(&rig.wire, i == 0 ? outer : outer + 24,
					 i == 0 ? 24 : outer_len - 24);
			wire_ipv4_part(&rig.wire, 100, 101, IP_PROTO_UDP, 6 + part,
				       i == 0 ? 0x2000 : 3);
			wire_ethernet(&rig.wire, 0x0800);
			assert_int_equal(feed_wire(),
					 part == 1 && i == 1 ? DECAP_PACKET : DECAP_HELD);
		}
	}
	assert_true(slice_is(rig.out.payload, TEXT));
	assert_tunnel(TUNNEL_VXLAN, 7);
	assert_int_equal(rig.out.ip_packets, 2);
	assert_int_equal(rig.out.ip_bytes, 2 * 20 + 28);
	assert_int_equal(rig.stats.fragments_joined, 3);
}

/* Fragments of two tenants with the same addresses and id do not meet. */
static void test_fragments_of_tenants(void **state)
{
	uint8_t segment[28];

	(void)state;
	start_ipv6();
	memcpy(segment, wire_slice(&rig.wire).ptr, sizeof(segment));
	for (uint32_t vni = 1; vni <= 2; vni++) {
		wire_clear(&rig.wire);
		(void)wire_front(&rig.wire, vni == 1 ? segment : segment + 16, vni == 1 ? 16 : 12);
		wire_ipv4_part(&rig.wire, 1, 2, IP_PROTO_TCP, 5, vni == 1 ? 0x2000 : 2);
		wire_ethernet(&rig.wire, 0x0800);
		wire_vxlan(&rig.wire, vni);
		wrap_udp(4789);
		assert_int_equal(feed_wire(), DECAP_HELD);
	}
	assert_int_equal(rig.stats.fragments_joined, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_plain_tcp),
		TEST(test_padding_is_left_out),
		TEST(test_snaplen_cut),
		TEST(test_mirror_cut),
		TEST(test_super_frame),
		TEST(test_wrong_lengths),
		TEST(test_udp),
		TEST(test_icmp),
		TEST(test_other_protocols),
		TEST(test_ipv6_extensions),
		TEST(test_ipv4_options_and_ah),
		TEST(test_layer_cap),
		TEST(test_fragments),
		TEST(test_ipv6_fragments),
		TEST(test_fragments_inside_fragments),
		TEST(test_fragments_of_tenants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
