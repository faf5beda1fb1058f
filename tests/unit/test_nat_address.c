/* test_nat_address.c: which addresses may be a NAT's. */
#include "sensor/nat_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/facts.h"

static void ranks_of_addresses(void **state)
{
	static const struct {
		const char *text;
		enum nat_rank rank;
	} cases[] = {
		{ "10.255.0.1", NAT_RANK_PRIVATE },   { "172.16.0.1", NAT_RANK_PRIVATE },
		{ "172.31.255.1", NAT_RANK_PRIVATE }, { "172.32.0.1", NAT_RANK_PUBLIC },
		{ "192.168.0.1", NAT_RANK_PRIVATE },  { "192.169.0.1", NAT_RANK_PUBLIC },
		{ "100.64.0.1", NAT_RANK_PRIVATE },   { "100.127.0.1", NAT_RANK_PRIVATE },
		{ "100.128.0.1", NAT_RANK_PUBLIC },   { "198.51.100.40", NAT_RANK_CONFIGURED },
		{ "203.0.113.9", NAT_RANK_HOME },     { "198.51.100.41", NAT_RANK_PUBLIC },
		{ "fd00::1", NAT_RANK_PRIVATE },      { "2001:db8::1", NAT_RANK_PUBLIC },
	};
	struct net_prefix home;
	struct net_prefix nats[1];
	struct nat_address_options options = {
		.home = &home, .home_count = 1, .nat = nats, .nat_count = 1
	};
	struct nat_addresses *addresses;
	struct flow_key key;

	(void)state;
	assert_int_equal(net_prefix_parse("203.0.113.0/24", &home), 0);
	assert_int_equal(net_prefix_parse("198.51.100.40", &nats[0]), 0);
	addresses = nat_addresses_new(&options);
	assert_non_null(addresses);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct net_prefix one;

		assert_int_equal(net_prefix_parse(cases[i].text, &one), 0);
		memset(&key, 0, sizeof(key));
		key.ip_version = one.ip_version;
		memcpy(key.addr[1], one.addr, 16);
		assert_int_equal(nat_addresses_rank(addresses, &key, 1), cases[i].rank);
	}
	/* Learnt in one scope only; more than the cap forgets the oldest. */
	key = facts_key(7, 1);
	nat_addresses_learn(addresses, &key, 0);
	assert_int_equal(nat_addresses_rank(addresses, &key, 0), NAT_RANK_LEARNT);
	key.scope.id = 5;
	assert_int_equal(nat_addresses_rank(addresses, &key, 0), NAT_RANK_PRIVATE);
	for (uint32_t i = 0; i < LIMIT_NAT_ADDRESSES; i++) {
		key.scope.id = 100 + i;
		nat_addresses_learn(addresses, &key, 0);
	}
	assert_int_equal(nat_addresses_rank(addresses, &key, 0), NAT_RANK_LEARNT);
	key.scope.id = 0;
	assert_int_equal(nat_addresses_rank(addresses, &key, 0), NAT_RANK_PRIVATE);
	nat_addresses_free(addresses);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranks_of_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
