/* test_cloud.c: prefixes, rows and scopes of sensor/cloud.c. */
#include "sensor/cloud.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool contains(const char *prefix, const char *addr)
{
	struct net_prefix parsed;
	uint8_t bytes[16] = { 0 };
	bool is_ip6 = strchr(addr, ':') != NULL;

	assert_int_equal(net_prefix_parse(prefix, &parsed), 0);
	assert_int_equal(inet_pton(is_ip6 ? AF_INET6 : AF_INET, addr, bytes), 1);
	return net_prefix_contains(&parsed, is_ip6 ? 6 : 4, bytes);
}

static void test_prefix_forms(void **state)
{
	struct net_prefix prefix;

	(void)state;
	assert_int_equal(net_prefix_parse("10.0.0.0/16", &prefix), 0);
	assert_int_equal(prefix.ip_version, 4);
	assert_int_equal(prefix.prefix_len, 16);
	assert_memory_equal(prefix.addr, "\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(net_prefix_parse("2001:db8::/32", &prefix), 0);
	assert_int_equal(prefix.ip_version, 6);
	assert_int_equal(prefix.prefix_len, 32);
	assert_int_equal(net_prefix_parse("192.0.2.7", &prefix), 0);
	assert_int_equal(prefix.prefix_len, 32);
	assert_int_equal(net_prefix_parse("2001:db8::7", &prefix), 0);
	assert_int_equal(prefix.prefix_len, 128);
	assert_int_equal(net_prefix_parse("0.0.0.0/0", &prefix), 0);
	assert_int_equal(prefix.prefix_len, 0);
	assert_int_equal(net_prefix_parse("::/0", &prefix), 0);
}

static void test_prefix_refusals(void **state)
{
	static const char *const bad[] = {
		"",
		"/",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/016",
		"10.0.0.0/+8",
		"10.0.0.0/8 ",
		"10.0.0.0/1000",
		"10.0.0.1/16",
		"10.0.128.0/16",
		"10.0.0.128/24",
		"10.0.0.1/31",
		"2001:db8::1/64",
		"2001:db8::/129",
		"2001:db8:0:0:1::/64",
		"10.0.0",
		"10.0.0.0.0",
		"example.org",
		"example.org/24",
		"[2001:db8::]/32",
		"2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/32"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct net_prefix prefix = { .ip_version = 99 };

		assert_int_equal(net_prefix_parse(bad[i], &prefix), -EINVAL);
		assert_int_equal(prefix.ip_version, 99);
	}
}

static void test_contains_at_its_edges(void **state)
{
	struct net_prefix none = { 0 };

	(void)state;
	assert_true(contains("10.0.0.0/16", "10.0.0.0"));
	assert_true(contains("10.0.0.0/16", "10.0.255.255"));
	assert_false(contains("10.0.0.0/16", "10.1.0.0"));
	assert_false(contains("10.0.0.0/16", "9.255.255.255"));
	assert_true(contains("198.51.100.128/25", "198.51.100.128"));
	assert_false(contains("198.51.100.128/25", "198.51.100.127"));
	assert_true(contains("192.0.2.7", "192.0.2.7"));
	assert_false(contains("192.0.2.7", "192.0.2.6"));
	assert_true(contains("0.0.0.0/0", "255.255.255.255"));
	assert_false(contains("0.0.0.0/0", "::"));
	assert_true(contains("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(contains("2001:db8::/33", "2001:db8:8000::"));
	assert_true(contains("2001:db8::1", "2001:db8::1"));
	assert_false(contains("2001:db8::1", "2001:db8::2"));
	assert_false(net_prefix_contains(&none, 4, (const uint8_t *)"\0\0\0\0"));
}

static struct flow_key key_of(const char *side0, const char *side1)
{
	struct flow_key key;

	memset(&key, 0, sizeof(key));
	key.ip_version = 4;
	assert_int_equal(inet_pton(AF_INET, side0, key.addr[0]), 1);
	assert_int_equal(inet_pton(AF_INET, side1, key.addr[1]), 1);
	return key;
}

static void test_first_matching_row_wins(void **state)
{
	struct cloud_row rows[4];
	struct flow_key key = key_of("10.0.1.23", "198.51.100.120");

	(void)state;
	memset(rows, 0, sizeof(rows));
	rows[0].has_vni = true;
	rows[0].vni = 4097;
	assert_int_equal(net_prefix_parse("10.0.0.0/16", &rows[0].prefix), 0);
	rows[1].has_vni = true;
	rows[1].vni = 4097;
	rows[2].has_vlan = true;
	rows[2].vlan = 20;
	assert_int_equal(net_prefix_parse("10.0.0.0/8", &rows[3].prefix), 0);

	assert_int_equal(cloud_match(rows, 4, &key, 0), 4);
	assert_int_equal(cloud_match(rows, 4, &key, 1), 0);
	assert_int_equal(cloud_match(rows, 0, &key, 0), 0);
	key.scope.id = 4097; /* of no tunnel: not a VNI */
	assert_int_equal(cloud_match(rows, 4, &key, 0), 4);
	key.scope.tunnel = TUNNEL_VXLAN;
	assert_int_equal(cloud_match(rows, 4, &key, 0), 1);
	assert_int_equal(cloud_match(rows, 4, &key, 1), 2);
	key.scope.id = 4098;
	assert_int_equal(cloud_match(rows, 4, &key, 0), 4);
	key.scope.vlan[0] = 10;
	key.scope.vlan[1] = 20;
	key.scope.vlan_count = 1;
	assert_int_equal(cloud_match(rows, 4, &key, 0), 4);
	key.scope.vlan_count = 2;
	assert_int_equal(cloud_match(rows, 4, &key, 0), 3);
}

static void assert_scope(const struct cloud_row *row, const struct flow_key *key,
			 const char *expected)
{
	char text[CLOUD_SCOPE_TEXT];

	cloud_scope_text(row, key, "eth0", text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_scope_text(void **state)
{
	struct flow_key key = key_of("10.0.1.23", "198.51.100.120");
	struct cloud_row row;

	(void)state;
	memset(&row, 0, sizeof(row));
	assert_scope(NULL, &key, "tap:eth0");
	assert_scope(&row, &key, "tap:eth0");
	key.scope.vlan[0] = 10;
	key.scope.vlan_count = 1;
	assert_scope(&row, &key, "vlan:10");
	key.scope.vlan[1] = 4094;
	key.scope.vlan_count = 2;
	assert_scope(NULL, &key, "vlan:10.4094");
	key.scope.tunnel = TUNNEL_GRE;
	assert_scope(NULL, &key, "vlan:10.4094");
	key.scope.tunnel = TUNNEL_GENEVE;
	assert_scope(NULL, &key, "vni:0");
	key.scope.tunnel = TUNNEL_VXLAN;
	key.scope.id = 16777215;
	assert_scope(&row, &key, "vni:16777215");
	snprintf(row.region, sizeof(row.region), "us-east-1");
	assert_scope(&row, &key, "us-east-1");
	snprintf(row.account_id, sizeof(row.account_id), "111122223333");
	assert_scope(&row, &key, "111122223333/us-east-1");
	snprintf(row.vpc_id, sizeof(row.vpc_id), "vpc-0a1b2c3d");
	assert_scope(&row, &key, "111122223333/us-east-1/vpc-0a1b2c3d");
	row.region[0] = '\0';
	assert_scope(&row, &key, "111122223333/vpc-0a1b2c3d");
}

static void test_longest_scope_fits(void **state)
{
	struct flow_key key = key_of("10.0.1.23", "198.51.100.120");
	char text[CLOUD_SCOPE_TEXT];
	struct cloud_row row;

	(void)state;
	memset(&row, 0, sizeof(row));
	memset(row.account_id, 'a', sizeof(row.account_id) - 1);
	memset(row.region, 'r', sizeof(row.region) - 1);
	memset(row.vpc_id, 'v', sizeof(row.vpc_id) - 1);
	cloud_scope_text(&row, &key, "eth0", text, sizeof(text));
	assert_int_equal(strlen(text), 3 * (LIMIT_NAME_TEXT - 1) + 2);
	assert_int_equal(text[strlen(text) - 1], 'v');
	cloud_scope_text(&row, &key, "eth0", text, 70);
	assert_int_equal(strlen(text), 69);
	cloud_scope_text(NULL, &key, NULL, text, sizeof(text));
	assert_string_equal(text, "tap:");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefix_forms),
		cmocka_unit_test(test_prefix_refusals),
		cmocka_unit_test(test_contains_at_its_edges),
		cmocka_unit_test(test_first_matching_row_wins),
		cmocka_unit_test(test_scope_text),
		cmocka_unit_test(test_longest_scope_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
