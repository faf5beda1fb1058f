/* Tunnels, each also cut at every length; which are opened, and whose name a packet gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/decap_rig.h"

static void test_vxlan(void **state)
{
	struct flow_key first;

	(void)state;
	start(TEXT);
	wire_plain(&rig.wire, 1, 2);
	wire_vxlan(&rig.wire, 0x123456);
	wrap_udp(4789);
	assert_every_cut();
	assert_text_of(4);
	assert_tunnel(TUNNEL_VXLAN, 0x123456);
	assert_int_equal(rig.out.ip_bytes, 40 + strlen(TEXT));
	first = rig.out.key;

	/* The same packet of another tenant is another flow; of the same, the same. */
	start(TEXT);
	wire_plain(&rig.wire, 1, 2);
	wire_vxlan(&rig.wire, 0x123457);
	wrap_udp(8472);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_tunnel(TUNNEL_VXLAN, 0x123457);
	assert_memory_not_equal(&first, &rig.out.key, sizeof(first));
	rig.out.key.scope.id = 0x123456;
	assert_memory_equal(&first, &rig.out.key, sizeof(first));

	/* Without the I bit, too short, or from the port: plain UDP. */
	start(TEXT);
	wire_plain(&rig.wire, 1, 2);
	wire_u32(&rig.wire, 7 << 8);
	wire_u32(&rig.wire, 0);
	wrap_udp(4789);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_int_equal(rig.out.key.proto, IP_PROTO_UDP);
	assert_tunnel(TUNNEL_NONE, 0);
	start("\x08.......");
	rig.wire.start++;
	wrap_udp(4789);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_int_equal(rig.out.key.proto, IP_PROTO_UDP);
	start(TEXT);
	wire_plain(&rig.wire, 1, 2);
	wire_vxlan(&rig.wire, 7);
	wire_udp(&rig.wire, 4789, 50000);
	wire_ipv4(&rig.wire, 100, 101, IP_PROTO_UDP);
	wire_ethernet(&rig.wire, 0x0800);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_tunnel(TUNNEL_NONE, 0);
}

static void test_inner_vxlan_stays_shut(void **state)
{
	(void)state;
	start(TEXT);
	wire_plain(&rig.wire, 1, 2);
	wire_vxlan(&rig.wire, 99);
	wrap_udp(4789); /* what a tenant crafted */
	wire_vxlan(&rig.wire, 7);
	wrap_udp(4789);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_tunnel(TUNNEL_VXLAN, 7);
	assert_int_equal(rig.out.key.proto, IP_PROTO_UDP);
	assert_int_equal(rig.out.key.port[!rig.out.from_high], 4789);

	start(TEXT);
	wire_plain(&rig.wire, 1, 2);
	wire_vxlan(&rig.wire, 99);
	wire_udp(&rig.wire, 50000, 4789);
	wire_ipv4(&rig.wire, 3, 4, IP_PROTO_UDP);
	wire_gre(&rig.wire, 0, 0x0800);
	wire_ipv4(&rig.wire, 100, 101, 47);
	wire_ethernet(&rig.wire, 0x0800);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_tunnel(TUNNEL_GRE, 0);
	assert_int_equal(rig.out.key.proto, IP_PROTO_UDP);
}

static void assert_plain_udp(uint16_t port, const void *bytes, size_t len)
{
	start("");
	(void)wire_front(&rig.wire, bytes, len);
	wrap_udp(port);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_int_equal(rig.out.key.proto, IP_PROTO_UDP);
	assert_int_equal(rig.out.key.port[!rig.out.from_high], port);
	assert_tunnel(TUNNEL_NONE, 0);
	assert_int_equal(rig.out.payload.len, len);
	assert_memory_equal(rig.out.payload.ptr, bytes, len);
}

/* A client's port may be a tunnel's: what a resolver answers there is no tunnel, whatever the
 * question's number. */
static void test_replies_to_clients_of_tunnel_ports(void **state)
{
	static const uint16_t ports[] = { 4789, 8472, 6081 };
	uint8_t reply[] = "\x00\x00\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"
			  "\x04pool\x07"
			  "example\x03org\x00\x00\x01\x00\x01";

	(void)state;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		for (unsigned id = 0; id <= UINT16_MAX; id += id < 0x1000 ? 1 : 0x33) {
			reply[0] = (uint8_t)(id >> 8);
			reply[1] = (uint8_t)id;
			assert_plain_udp(ports[i], reply, sizeof(reply) - 1);
		}
}

/* Reserved bits are used by some: what is in the frame decides. One that is not IP is not IP. */
static void test_vxlan_reserved_bits(void **state)
{
	(void)state;
	start(TEXT);
	wire_plain(&rig.wire, 1, 2);
	wire_u32(&rig.wire, 7 << 8 | 1);
	wire_u32(&rig.wire, 0x88480123); /* a group policy */
	wrap_udp(4789);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_text_of(4);
	assert_tunnel(TUNNEL_VXLAN, 7);

	start_ipv4(1, 2);
	wire_ethernet(&rig.wire, 0x0806);
	wire_u32(&rig.wire, 7 << 8);
	wire_u32(&rig.wire, 0x88000123);
	wrap_udp(4789);
	assert_int_equal(feed_wire(), DECAP_SKIPPED);
	assert_int_equal(rig.stats.decap_not_ip, 1);
	start_ipv4(1, 2);
	wire_ethernet(&rig.wire, 0x88cc);
	wire_vxlan(&rig.wire, 7);
	wrap_udp(4789);
	assert_int_equal(feed_wire(), DECAP_SKIPPED);
	assert_int_equal(rig.stats.decap_not_ip, 2);
}

static void test_vlans_around_and_inside(void **state)
{
	(void)state;
	start_ipv4(1, 2);
	wire_vlan(&rig.wire, 20, 0x0800);
	wire_ethernet(&rig.wire, 0x8100);
	wire_vxlan(&rig.wire, 7);
	wire_udp(&rig.wire, 50000, 4789);
	wire_ipv6(&rig.wire, 3, 4, IP_PROTO_UDP);
	wire_vlan(&rig.wire, 10, 0x86dd);
	wire_ethernet(&rig.wire, 0x8100);
	assert_every_cut();
	assert_text_of(4);
	assert_int_equal(rig.out.key.scope.vlan_count, 2);
	assert_int_equal(rig.out.key.scope.vlan[0], 10);
	assert_int_equal(rig.out.key.scope.vlan[1], 20);
}

static void wire_geneve(unsigned option_words, uint16_t type, uint32_t vni)
{
	wire_u32(&rig.wire, vni << 8);
	wire_u16(&rig.wire, type);
	wire_u16(&rig.wire, option_words << 8);
}

/* The three options of a gateway load balancer. */
static void wire_geneve_options(void)
{
	(void)wire_front(&rig.wire, (uint8_t[8]){ 1, 8, 3, 1, 9, 9, 9, 9 }, 8);
	(void)wire_front(&rig.wire, (uint8_t[12]){ 1, 8, 2, 2 }, 12);
	(void)wire_front(&rig.wire, (uint8_t[12]){ 1, 8, 1, 2, 0, 1, 2, 3, 4, 5, 6, 7 }, 12);
}

static void test_geneve(void **state)
{
	(void)state;
	start_ipv4(1, 2);
	wire_geneve_options();
	wire_geneve(8, 0x0800, 5);
	wrap_udp(6081);
	assert_every_cut();
	assert_text_of(4);
	assert_tunnel(TUNNEL_GENEVE, 5);

	/* A mirror behind the load balancer: VXLAN inside. */
	start(TEXT);
	wire_plain(&rig.wire, 1, 2);
	wire_vxlan(&rig.wire, 42);
	wire_udp(&rig.wire, 50000, 4789);
	wire_ipv4(&rig.wire, 3, 4, IP_PROTO_UDP);
	wire_geneve_options();
	wire_geneve(8, 0x0800, 0);
	wrap_udp(6081);
	assert_every_cut();
	assert_text_of(4);
	assert_tunnel(TUNNEL_VXLAN, 42);

	/* Inside Ethernet it is a tenant's own. */
	start(TEXT);
	wire_plain(&rig.wire, 1, 2);
	wire_vxlan(&rig.wire, 42);
	wrap_udp(4789);
	wire_geneve(0, 0x6558, 6);
	wrap_udp(6081);
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_tunnel(TUNNEL_GENEVE, 6);
	assert_int_equal(rig.out.key.proto, IP_PROTO_UDP);
}

static void test_geneve_wrong(void **state)
{
	uint8_t *header;

	(void)state;
	start_ipv4(1, 2);
	wire_geneve_options();
	wire_geneve(8, 0x0800, 5);
	header = rig.wire.bytes + rig.wire.start;
	wrap_udp(6081);

	header[1] = 0x80; /* control */
	assert_int_equal(feed_wire(), DECAP_SKIPPED);
	assert_int_equal(rig.stats.decap_not_ip, 1);
	header[1] = 0x40; /* critical options do not stop an onlooker */
	assert_int_equal(feed_wire(), DECAP_PACKET);
	header[0] = 0x07; /* the options do not end there */
	assert_int_equal(feed_wire(), DECAP_SKIPPED);
	assert_int_equal(rig.stats.decap_malformed, 1);
	header[0] = 0x48; /* another version */
	assert_int_equal(feed_wire(), DECAP_PACKET);
	assert_int_equal(rig.out.key.proto, IP_PROTO_UDP);
	assert_tunnel(TUNNEL_NONE, 0);
}

static void test_gre(void **state)
{
	static const struct {
		uint16_t flags;
		uint8_t words;
		uint32_t key;
	} forms[] = {
		{ 0, 0, 0 },      { 0x8000, 1, 0 },          { 0x2000, 1, 0x0a0b0c0d },
		{ 0x1000, 1, 0 }, { 0xb000, 3, 0x0a0b0c0d },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		start_ipv4(1, 2);
		if ((forms[i].flags & 0x1000) != 0)
			wire_u32(&rig.wire, 1);
		if ((forms[i].flags & 0x2000) != 0)
			wire_u32(&rig.wire, 0x0a0b0c0d);
		if ((forms[i].flags & 0x8000) != 0)
			wire_u32(&rig.wire, 0xffff0000);
		wire_gre(&rig.wire, forms[i].flags, 0x0800);
		wire_ipv4(&rig.wire, 100, 101, 47);
		wire_ethernet(&rig.wire, 0x0800);
		assert_every_cut();
		assert_text_of(4);
		assert_tunnel(TUNNEL_GRE, forms[i].key);
		assert_int_equal(rig.out.ip_bytes, 40 + strlen(TEXT));
	}

	start(TEXT);
	wire_plain(&rig.wire, 1, 2);
	wire_gre(&rig.wire, 0, 0x6558);
	wire_ipv6(&rig.wire, 3, 4, 47);
	wire_ethernet(&rig.wire, 0x86dd);
	assert_every_cut();
	assert_text_of(4);

	start_ipv4(1, 2);
	wire_u32(&rig.wire, 100u << 12 | 0x140);
	wire_gre(&rig.wire, 0, 0x8847);
	wire_ipv4(&rig.wire, 100, 101, 47);
	wire_ethernet(&rig.wire, 0x0800);
	assert_every_cut();
	assert_text_of(4);
}

static void test_gre_not_opened(void **state)
{
	static const struct {
		uint16_t flags;
		uint16_t type;
	} forms[] = { { 0x3001, 0x880b }, { 0x4000, 0x0800 }, { 0, 0x0806 }, { 0x1000, 0x88be } };

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		wire_clear(&rig.wire);
		wire_fill(&rig.wire, 0, 20);
		wire_gre(&rig.wire, forms[i].flags, forms[i].type);
		wire_ipv4(&rig.wire, 1, 2, 47);
		wire_ethernet(&rig.wire, 0x0800);
		assert_int_equal(feed_wire(), DECAP_PACKET);
		assert_int_equal(rig.out.key.proto, 47);
		assert_int_equal(rig.out.key.port[0], 0);
		assert_int_equal(rig.out.payload.len, 24);
		assert_tunnel(TUNNEL_NONE, 0);
	}
}

static void test_erspan(void **state)
{
	(void)state;
	start(TEXT);
	wire_plain(&rig.wire, 1, 2);
	wire_gre(&rig.wire, 0, 0x88be);
	wire_ipv4(&rig.wire, 100, 101, 47);
	wire_ethernet(&rig.wire, 0x0800);
	assert_every_cut();
	assert_text_of(4);
	assert_tunnel(TUNNEL_ERSPAN, 0);

	start(TEXT);
	wire_plain(&rig.wire, 1, 2);
	wire_u32(&rig.wire, 0x000fffff);
	wire_u32(&rig.wire, 0x1064f3e7); /* version 1, vlan 100, session 999 */
	wire_u32(&rig.wire, 1);
	wire_gre(&rig.wire, 0x1000, 0x88be);
	wire_ipv4(&rig.wire, 100, 101, 47);
	wire_ethernet(&rig.wire, 0x0800);
	assert_every_cut();
	assert_text_of(4);
	assert_tunnel(TUNNEL_ERSPAN, 999);
	assert_int_equal(rig.out.key.scope.vlan_count, 0);

	for (unsigned has_more = 0; has_more < 2; has_more++) {
		start(TEXT);
		wire_plain(&rig.wire, 1, 2);
		if (has_more)
			wire_fill(&rig.wire, 0, 8);
		wire_u32(&rig.wire, 0xabcd0000u | has_more);
		wire_u32(&rig.wire, 0x01020304);
		wire_u32(&rig.wire, 0x20640007); /* version 2, session 7 */
		wire_u32(&rig.wire, 1);
		wire_gre(&rig.wire, 0x1000, 0x22eb);
		wire_ipv4(&rig.wire, 100, 101, 47);
		wire_ethernet(&rig.wire, 0x0800);
		assert_every_cut();
		assert_text_of(4);
		assert_tunnel(TUNNEL_ERSPAN, 7);
	}

	start_ipv4(1, 2);
	wire_u32(&rig.wire, 2u << 10); /* frame type: IP */
	wire_u32(&rig.wire, 0);
	wire_u32(&rig.wire, 0x20000008);
	wire_gre(&rig.wire, 0, 0x22eb);
	wire_ipv4(&rig.wire, 100, 101, 47);
	wire_ethernet(&rig.wire, 0x0800);
	assert_every_cut();
	assert_tunnel(TUNNEL_ERSPAN, 8);
}

static void test_ipip(void **state)
{
	(void)state;
	start_ipv4(1, 2);
	wire_ipv4(&rig.wire, 100, 101, 4);
	wire_ethernet(&rig.wire, 0x0800);
	assert_every_cut();
	assert_text_of(4);
	assert_tunnel(TUNNEL_IPIP, 0);
	assert_int_equal(rig.out.key.addr[0][3], 1);

	start_ipv6();
	wire_ipv6(&rig.wire, 1, 2, IP_PROTO_TCP);
	wire_ipv4(&rig.wire, 100, 101, 41);
	wire_ethernet(&rig.wire, 0x0800);
	assert_every_cut();
	assert_text_of(6);
	assert_tunnel(TUNNEL_IPIP, 0);
}

/* What a tenant builds inside a mirrored network does not hide whose it is. */
static void test_tenant_tunnel_keeps_vni(void **state)
{
	(void)state;
	start_ipv4(1, 2);
	wire_u32(&rig.wire, 1234);
	wire_gre(&rig.wire, 0x2000, 0x0800);
	wire_ipv4(&rig.wire, 3, 4, 47);
	wire_ethernet(&rig.wire, 0x0800);
	wire_vxlan(&rig.wire, 7);
	wrap_udp(4789);
	assert_every_cut();
	assert_text_of(4);
	assert_tunnel(TUNNEL_VXLAN, 7);
	assert_int_equal(rig.out.key.addr[0][3], 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_vxlan),
		TEST(test_replies_to_clients_of_tunnel_ports),
		TEST(test_vxlan_reserved_bits),
		TEST(test_inner_vxlan_stays_shut),
		TEST(test_vlans_around_and_inside),
		TEST(test_geneve),
		TEST(test_geneve_wrong),
		TEST(test_gre),
		TEST(test_gre_not_opened),
		TEST(test_erspan),
		TEST(test_ipip),
		TEST(test_tenant_tunnel_keeps_vni),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
