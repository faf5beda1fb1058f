/* The headers below IP, each also cut at every length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/decap_rig.h"

static void test_vlan_tags(void **state)
{
	(void)state;
	start_ipv4(1, 2);
	wire_vlan(&rig.wire, 4, 0x0800);
	wire_vlan(&rig.wire, 0x2003, 0x9100); /* with a priority */
	wire_vlan(&rig.wire, 0xe000, 0x8100); /* a priority only */
	wire_vlan(&rig.wire, 2, 0x8100);
	wire_vlan(&rig.wire, 1, 0x88a8);
	wire_ethernet(&rig.wire, 0x8100);
	assert_every_cut();
	assert_text_of(4);
	assert_int_equal(rig.out.key.scope.vlan_count, LIMIT_VLAN_TAGS);
	assert_int_equal(rig.out.key.scope.vlan[0], 1);
	assert_int_equal(rig.out.key.scope.vlan[1], 2);
	assert_int_equal(rig.out.key.scope.vlan[2], 3);
}

static void test_not_ip(void **state)
{
	static const uint16_t types[] = { 0x0806, 0x88cc, 0x8863, 0x0026, 0x0600, 0xffff };

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		wire_clear(&rig.wire);
		wire_fill(&rig.wire, 0x42, 38);
		wire_ethernet(&rig.wire, types[i]);
		assert_int_equal(feed_wire(), DECAP_SKIPPED);
		assert_int_equal(rig.stats.decap_not_ip, i + 1);
	}
	assert_int_equal(rig.stats.decap_malformed, 0);
}

static void test_snap(void **state)
{
	(void)state;
	start_ipv4(1, 2);
	(void)wire_front(&rig.wire, (uint8_t[]){ 0xaa, 0xaa, 3, 0, 0, 0, 8, 0 }, 8);
	wire_ethernet(&rig.wire, (uint16_t)wire_len(&rig.wire));
	assert_every_cut();
	assert_text_of(4);
}

static void test_mpls(void **state)
{
	(void)state;
	start_ipv4(1, 2);
	wire_u32(&rig.wire, 100u << 12 | 0x140); /* bottom */
	wire_u32(&rig.wire, 101u << 12 | 0x40);
	wire_ethernet(&rig.wire, 0x8847);
	assert_every_cut();
	assert_text_of(4);

	start_ipv6();
	wire_ipv6(&rig.wire, 1, 2, IP_PROTO_TCP);
	wire_u32(&rig.wire, 2u << 12 | 0x140); /* explicit null, IPv6 */
	wire_ethernet(&rig.wire, 0x8848);
	assert_every_cut();
	assert_text_of(6);

	start_ipv4(1, 2);
	wire_ethernet(&rig.wire, 0x0800);
	wire_u32(&rig.wire, 0); /* control word of a pseudowire */
	wire_u32(&rig.wire, 100u << 12 | 0x140);
	wire_ethernet(&rig.wire, 0x8847);
	assert_every_cut();
	assert_text_of(4);

	for (unsigned labels = LIMIT_MPLS_STACK; labels <= LIMIT_MPLS_STACK + 1; labels++) {
		start_ipv4(1, 2);
		wire_u32(&rig.wire, 100u << 12 | 0x140);
		for (unsigned i = 1; i < labels; i++)
			wire_u32(&rig.wire, 100u << 12 | 0x40);
		wire_ethernet(&rig.wire, 0x8847);
		assert_int_equal(feed_wire(),
				 labels == LIMIT_MPLS_STACK ? DECAP_PACKET : DECAP_SKIPPED);
	}
}

static void test_pppoe(void **state)
{
	(void)state;
	start_ipv4(1, 2);
	wire_u16(&rig.wire, 0x0021);
	wire_u16(&rig.wire, (unsigned)wire_len(&rig.wire));
	wire_u32(&rig.wire, 0x11000001);
	wire_ethernet(&rig.wire, 0x8864);
	assert_every_cut();
	assert_text_of(4);

	start_ipv6();
	wire_ipv6(&rig.wire, 1, 2, IP_PROTO_TCP);
	wire_u8(&rig.wire, 0x57); /* compressed protocol field */
	wire_u16(&rig.wire, (unsigned)wire_len(&rig.wire));
	wire_u32(&rig.wire, 0x11000001);
	wire_ethernet(&rig.wire, 0x8864);
	assert_every_cut();
	assert_text_of(6);

	start("\xc0\x21....");
	wire_u16(&rig.wire, 6);
	wire_u32(&rig.wire, 0x11000001);
	wire_ethernet(&rig.wire, 0x8864);
	assert_int_equal(feed_wire(), DECAP_SKIPPED);
	assert_int_equal(rig.stats.decap_not_ip, 1);
}

static void test_cooked(void **state)
{
	(void)state;
	start_ipv4(1, 2);
	wire_vlan(&rig.wire, 5, 0x0800);
	(void)wire_front(&rig.wire, (uint8_t[16]){ 0, 4, 0, 1, 0, 6, [14] = 0x81 }, 16);
	rig.link = LINK_COOKED1;
	assert_every_cut();
	assert_text_of(4);
	assert_int_equal(rig.out.key.scope.vlan[0], 5);

	start_ipv6();
	wire_ipv6(&rig.wire, 1, 2, IP_PROTO_TCP);
	(void)wire_front(&rig.wire, (uint8_t[20]){ 0x86, 0xdd, 0, 0, 0, 0, 0, 2, 0, 1, 4, 6 }, 20);
	rig.link = LINK_COOKED2;
	assert_every_cut();
	assert_text_of(6);

	rig.wire.bytes[rig.wire.start + 8] = 3; /* 824: netlink */
	rig.wire.bytes[rig.wire.start + 9] = 0x38;
	assert_int_equal(feed_wire(), DECAP_SKIPPED);
}

static void test_raw_and_loopback(void **state)
{
	static const uint8_t families[][4] = { { 2, 0, 0, 0 }, { 0, 0, 0, 2 } };

	(void)state;
	rig.link = LINK_RAW;
	start_ipv4(1, 2);
	assert_every_cut();
	assert_text_of(4);
	start_ipv6();
	wire_ipv6(&rig.wire, 1, 2, IP_PROTO_TCP);
	assert_every_cut();
	assert_text_of(6);
	start("\x10nonsense");
	assert_int_equal(feed_wire(), DECAP_SKIPPED);
	assert_int_equal(rig.stats.decap_not_ip, 1);

	for (size_t i = 0; i < 2; i++) {
		start_ipv4(1, 2);
		(void)wire_front(&rig.wire, families[i], 4);
		rig.link = LINK_NULL;
		assert_every_cut();
		assert_text_of(4);
		rig.link = LINK_LOOP;
		assert_int_equal(feed_wire(), i == 1 ? DECAP_PACKET : DECAP_SKIPPED);
	}
	static const uint8_t v6[] = { 10, 24, 28, 30 };

	rig.link = LINK_NULL;
	for (size_t i = 0; i < sizeof(v6); i++) {
		start_ipv6();
		wire_ipv6(&rig.wire, 1, 2, IP_PROTO_TCP);
		(void)wire_front(&rig.wire, (uint8_t[4]){ v6[i] }, 4);
		assert_int_equal(feed_wire(), DECAP_PACKET);
		assert_text_of(6);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_vlan_tags),
		TEST(test_not_ip),
		TEST(test_snap),
		TEST(test_mpls),
		TEST(test_pppoe),
		TEST(test_cooked),
		TEST(test_raw_and_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
