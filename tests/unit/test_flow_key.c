/* test_flow_key.c: canonical order, scope, text and identifiers of flow keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "sensor/flow_key.h"
#include "sensor/packet.h"

static const uint8_t low[4] = { 192, 0, 2, 1 };
static const uint8_t high[4] = { 198, 51, 100, 7 };

static struct flow_key key_v4(const uint8_t *src, const uint8_t *dst, uint16_t src_port,
			      uint16_t dst_port, bool *is_high)
{
	struct flow_key key = { .proto = IP_PROTO_TCP, .ip_version = 4 };

	*is_high = flow_key_set(&key, src, dst, src_port, dst_port, false);
	return key;
}

static void both_directions_share_a_key(void **state)
{
	bool forward;
	bool backward;
	struct flow_key a = key_v4(low, high, 40000, 3333, &forward);
	struct flow_key b = key_v4(high, low, 3333, 40000, &backward);

	(void)state;
	assert_false(forward);
	assert_true(backward);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_memory_equal(a.addr[0], low, 4);
	assert_memory_equal(a.addr[1], high, 4);
	assert_int_equal(a.port[0], 40000);
	assert_int_equal(a.port[1], 3333);
}

static void equal_addresses_go_by_port(void **state)
{
	bool is_high;
	struct flow_key key = key_v4(low, low, 1000, 1001, &is_high);

	(void)state;
	assert_false(is_high);
	assert_int_equal(key.port[0], 1000);
	key = key_v4(low, low, 1001, 1000, &is_high);
	assert_true(is_high);
	assert_int_equal(key.port[0], 1000);
	key_v4(low, low, 1000, 1000, &is_high);
	assert_false(is_high);
}

static void order_is_by_all_bytes(void **state)
{
	uint8_t a[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	uint8_t b[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 };
	struct flow_key key = { .proto = IP_PROTO_UDP, .ip_version = 6 };

	(void)state;
	assert_true(flow_key_set(&key, b, a, 1, 2, false));
	assert_memory_equal(key.addr[0], a, 16);
	assert_memory_equal(key.addr[1], b, 16);
	assert_int_equal(key.port[0], 2);
	assert_int_equal(key.port[1], 1);
}

static void one_way_keeps_the_sender_first(void **state)
{
	struct flow_key key = { .proto = IP_PROTO_ICMP, .ip_version = 4 };

	(void)state;
	assert_false(flow_key_set(&key, high, low, 3, 1, true));
	assert_memory_equal(key.addr[0], high, 4);
	assert_int_equal(key.port[0], 3);
	assert_int_equal(key.port[1], 1);
}

static void route_ignores_ports_and_direction(void **state)
{
	bool is_high;
	struct flow_key a = key_v4(low, high, 40000, 3333, &is_high);
	struct flow_key b = key_v4(high, low, 80, 7, &is_high);
	struct flow_key one_way = { .proto = IP_PROTO_ICMP, .ip_version = 4 };
	struct flow_key scoped = a;
	struct flow_key other;

	(void)state;
	flow_key_set(&one_way, high, low, 3, 1, true);
	assert_int_equal(flow_key_route(&a), flow_key_route(&b));
	assert_int_equal(flow_key_route(&a), flow_key_route(&one_way));
	scoped.scope.id = 4097;
	assert_int_not_equal(flow_key_route(&a), flow_key_route(&scoped));
	other = key_v4(low, low, 1, 2, &is_high);
	assert_int_not_equal(flow_key_route(&a), flow_key_route(&other));
}

static void ipv4_text_is_dotted(void **state)
{
	static const uint8_t addrs[][4] = {
		{ 0, 0, 0, 0 },      { 255, 255, 255, 255 }, { 192, 0, 2, 99 },
		{ 100, 10, 1, 109 }, { 9, 99, 100, 199 },    { 200, 20, 2, 0 },
	};
	char want[INET_ADDRSTRLEN];
	char text[INET6_ADDRSTRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		struct flow_key key = { .ip_version = 4 };

		memcpy(key.addr[1], addrs[i], 4);
		flow_key_addr_text(&key, 1, text, sizeof(text));
		assert_string_equal(text, inet_ntop(AF_INET, addrs[i], want, sizeof(want)));
	}
}

static void ipv6_text_is_rfc5952(void **state)
{
	static const char *const addrs[] = { "2001:db8::1", "::", "::1", "2001:db8:0:1:1:1:1:1",
					     "2001:db8::1:0:0:1" };
	char text[INET6_ADDRSTRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		struct flow_key key = { .ip_version = 6 };

		assert_int_equal(inet_pton(AF_INET6, addrs[i], key.addr[0]), 1);
		flow_key_addr_text(&key, 0, text, sizeof(text));
		assert_string_equal(text, addrs[i]);
	}
}

static void endpoint_text_has_its_port(void **state)
{
	struct flow_key key = { .addr = { { 192, 0, 2, 1 } }, .port = { 3333 }, .ip_version = 4 };
	char text[LIMIT_POOL_TEXT];

	(void)state;
	flow_key_endpoint_text(&key, 0, text, sizeof(text));
	assert_string_equal(text, "192.0.2.1:3333");
	key.ip_version = 6;
	key.port[1] = 443;
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::7", key.addr[1]), 1);
	flow_key_endpoint_text(&key, 1, text, sizeof(text));
	assert_string_equal(text, "[2001:db8::7]:443");
	flow_key_endpoint_text(&key, 1, text, 16);
	assert_string_equal(text, "[2001:db8::7]:4");
}

static void text_is_cut_to_size(void **state)
{
	struct flow_key key = { .addr = { { 192, 0, 2, 1 } }, .ip_version = 4 };
	char text[5];

	(void)state;
	flow_key_addr_text(&key, 0, text, sizeof(text));
	assert_string_equal(text, "192.");
}

static void protocols_have_names(void **state)
{
	char scratch[8];

	(void)state;
	assert_string_equal(flow_key_proto_name(6, scratch, sizeof(scratch)), "TCP");
	assert_string_equal(flow_key_proto_name(17, scratch, sizeof(scratch)), "UDP");
	assert_string_equal(flow_key_proto_name(1, scratch, sizeof(scratch)), "ICMP");
	assert_string_equal(flow_key_proto_name(58, scratch, sizeof(scratch)), "IPv6-ICMP");
	assert_string_equal(flow_key_proto_name(132, scratch, sizeof(scratch)), "SCTP");
	assert_string_equal(flow_key_proto_name(0, scratch, sizeof(scratch)), "0");
	assert_string_equal(flow_key_proto_name(255, scratch, sizeof(scratch)), "255");
}

static void flow_ids_name_one_flow(void **state)
{
	bool is_high;
	struct flow_key key = key_v4(low, high, 40000, 3333, &is_high);
	struct flow_key scoped = key;
	uint64_t id = flow_id(flow_id_sensor("sensor-a"), &key, 1000);

	(void)state;
	assert_int_equal(id, flow_id(flow_id_sensor("sensor-a"), &key, 1000));
	assert_int_not_equal(id, flow_id(flow_id_sensor("sensor-b"), &key, 1000));
	assert_int_not_equal(id, flow_id(flow_id_sensor("sensor-a"), &key, 1001));
	scoped.scope.vlan[0] = 100;
	scoped.scope.vlan_count = 1;
	assert_int_not_equal(id, flow_id(flow_id_sensor("sensor-a"), &scoped, 1000));
	for (uint64_t start = 0; start < 1000; start++)
		assert_in_range(flow_id(flow_id_sensor(""), &key, start), 0,
				(UINT64_C(1) << 51) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions_share_a_key),
		cmocka_unit_test(equal_addresses_go_by_port),
		cmocka_unit_test(order_is_by_all_bytes),
		cmocka_unit_test(one_way_keeps_the_sender_first),
		cmocka_unit_test(route_ignores_ports_and_direction),
		cmocka_unit_test(ipv4_text_is_dotted),
		cmocka_unit_test(ipv6_text_is_rfc5952),
		cmocka_unit_test(endpoint_text_has_its_port),
		cmocka_unit_test(text_is_cut_to_size),
		cmocka_unit_test(protocols_have_names),
		cmocka_unit_test(flow_ids_name_one_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
