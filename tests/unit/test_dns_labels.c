/* test_dns_labels.c: what a client was told of an address, for how long, and when that is weak. */
#include "sensor/dns_labels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/facts.h"

#define CAPACITY 8

static struct dns_labels *labels;
static struct stats stats;

static int setup(void **state)
{
	(void)state;
	memset(&stats, 0, sizeof(stats));
	labels = dns_labels_new(CAPACITY, &stats);
	return labels == NULL;
}

static int teardown(void **state)
{
	(void)state;
	dns_labels_free(labels);
	return 0;
}

/* 10.0.1.<client> was given 203.0.113.<host> for name. */
static struct answer_fact answer_of(double seconds, uint8_t client, const char *name,
				    uint32_t ttl_s, uint8_t host)
{
	struct answer_fact fact = { .key = facts_key(client, 53000), .ttl_s = ttl_s, .count = 1 };
	const uint8_t addr[4] = { 203, 0, 113, host };

	fact.fact.time_ns = facts_ns(seconds);
	snprintf(fact.name, sizeof(fact.name), "%s", name);
	fact.addresses[0].ip_version = 4;
	memcpy(fact.addresses[0].addr, addr, sizeof(addr));
	return fact;
}

static void learn(double seconds, uint8_t client, const char *name, uint32_t ttl_s, uint8_t host)
{
	struct answer_fact fact = answer_of(seconds, client, name, ttl_s, host);

	dns_labels_learn(labels, &fact);
}

static struct flow_key flow_to(uint8_t client, uint8_t host)
{
	struct flow_key key = facts_key(client, 50000);
	const uint8_t addr[4] = { 203, 0, 113, host };

	memcpy(key.addr[1], addr, sizeof(addr));
	return key;
}

/* The name of the server; "-" for none. */
static const char *name_of(double seconds, uint8_t client, uint8_t host)
{
	struct flow_key key = flow_to(client, host);
	struct dns_label label;

	return dns_labels_find(labels, &key, 0, facts_ns(seconds), &label) ? label.name : "-";
}

static bool is_shared(uint8_t client, uint8_t host)
{
	struct flow_key key = flow_to(client, host);
	struct dns_label label;

	assert_true(dns_labels_find(labels, &key, 0, facts_ns(1), &label));
	return label.is_shared;
}

static void test_an_answer_labels_its_addresses(void **state)
{
	struct answer_fact fact = answer_of(0, 7, "pool.example.net", 60, 1);
	struct flow_key key = flow_to(7, 2);
	struct dns_label label;

	(void)state;
	fact.count = 2;
	fact.listed = 4711;
	fact.addresses[1] = fact.addresses[0];
	fact.addresses[1].addr[3] = 2;
	dns_labels_learn(labels, &fact);
	assert_int_equal(dns_labels_count(labels), 2);
	assert_int_equal(stats.dns_labels, 2);
	assert_string_equal(name_of(1, 7, 1), "pool.example.net");
	assert_true(dns_labels_find(labels, &key, 0, facts_ns(1), &label));
	assert_string_equal(label.name, "pool.example.net");
	assert_int_equal(label.listed, 4711);
	assert_false(label.is_shared);
	assert_string_equal(name_of(1, 7, 3), "-");
	/* The same connection seen from the other side of its key. */
	memcpy(key.addr[1], key.addr[0], sizeof(key.addr[1]));
	memcpy(key.addr[0], flow_to(7, 2).addr[1], sizeof(key.addr[0]));
	assert_true(dns_labels_find(labels, &key, 1, facts_ns(1), &label));
	assert_false(dns_labels_find(labels, &key, 0, facts_ns(1), &label));
}

static void test_clients_and_scopes_are_apart(void **state)
{
	struct flow_key key = flow_to(7, 1);
	struct dns_label label;

	(void)state;
	learn(0, 7, "pool.example.net", 60, 1);
	assert_string_equal(name_of(1, 8, 1), "-");
	key.scope.tunnel = 1;
	key.scope.id = 4097;
	assert_false(dns_labels_find(labels, &key, 0, facts_ns(1), &label));
}

static void test_an_ipv6_address_of_an_ipv4_client(void **state)
{
	struct answer_fact fact = answer_of(0, 7, "pool.example.net", 60, 1);
	struct flow_key key = flow_to(7, 1);
	struct dns_label label;

	(void)state;
	fact.addresses[0].ip_version = 6;
	dns_labels_learn(labels, &fact);
	/* The bytes are those of the IPv4 address, which nobody gave out. */
	assert_false(dns_labels_find(labels, &key, 0, facts_ns(1), &label));
	key.ip_version = 6;
	fact.key.ip_version = 6;
	assert_false(dns_labels_find(labels, &key, 0, facts_ns(1), &label));
	dns_labels_learn(labels, &fact);
	assert_true(dns_labels_find(labels, &key, 0, facts_ns(1), &label));
}

static void test_a_label_lives_by_floor_ttl_and_top(void **state)
{
	(void)state;
	learn(0, 1, "floor.example.net", 1, 1);
	learn(0, 2, "ttl.example.net", LIMIT_LABEL_FLOOR_S * 2, 2);
	learn(0, 3, "top.example.net", UINT32_MAX, 3);
	assert_string_equal(name_of(LIMIT_LABEL_FLOOR_S + 1.0, 1, 1), "-");
	assert_int_equal(dns_labels_count(labels), 2); /* it is gone for good */
	assert_string_equal(name_of(LIMIT_LABEL_FLOOR_S * 2.0, 2, 2), "ttl.example.net");
	assert_string_equal(name_of(LIMIT_LABEL_TOP_S, 3, 3), "top.example.net");
	assert_string_equal(name_of(LIMIT_LABEL_TOP_S * 2.0 + 1, 3, 3), "-");
}

static void test_a_label_in_use_lives_on(void **state)
{
	(void)state;
	learn(0, 7, "pool.example.net", 1, 1);
	for (int i = 1; i <= 5; i++)
		assert_string_equal(name_of(LIMIT_LABEL_FLOOR_S * (double)i, 7, 1),
				    "pool.example.net");
	assert_string_equal(name_of(LIMIT_LABEL_FLOOR_S * 6.0 + 1, 7, 1), "-");
}

static void test_the_latest_name_counts(void **state)
{
	(void)state;
	learn(0, 7, "a.example.net", 60, 1);
	learn(1, 7, "much-longer-than-before.example.net", 60, 1);
	assert_string_equal(name_of(2, 7, 1), "much-longer-than-before.example.net");
	learn(2, 7, "b.example.net", 60, 1);
	assert_string_equal(name_of(3, 7, 1), "b.example.net");
	learn(3, 7, "", 60, 1);
	assert_string_equal(name_of(4, 7, 1), "");
	assert_int_equal(dns_labels_count(labels), 1);
}

static void test_the_longest_name_fits(void **state)
{
	char name[LIMIT_POOL_TEXT];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	learn(0, 7, name, 60, 1);
	assert_string_equal(name_of(1, 7, 1), name);
}

static void test_unrelated_domains_make_an_address_shared(void **state)
{
	(void)state;
	learn(0, 7, "a.example.net", 60, 1);
	learn(0, 8, "b.c.example.net", 60, 1);
	learn(0, 7, "example.net", 60, 1);
	assert_false(is_shared(7, 1));
	/* Another client's answer is enough, and it stays so. */
	learn(0, 9, "www.example.org", 60, 1);
	assert_true(is_shared(7, 1));
	assert_true(is_shared(9, 1));
	learn(0, 7, "a.example.net", 60, 1);
	assert_true(is_shared(7, 1));
	/* Its neighbour is not. */
	learn(0, 7, "a.example.net", 60, 2);
	assert_false(is_shared(7, 2));
}

static void test_names_of_one_label(void **state)
{
	(void)state;
	learn(0, 7, "net", 60, 1);
	learn(0, 8, "net", 60, 1);
	assert_false(is_shared(7, 1));
	learn(0, 9, "org", 60, 1);
	assert_true(is_shared(7, 1));
}

static void test_the_least_used_goes_first(void **state)
{
	(void)state;
	for (uint8_t i = 1; i <= CAPACITY; i++)
		learn(0, i, "pool.example.net", 60, 1);
	assert_string_equal(name_of(1, 1, 1), "pool.example.net");
	learn(1, 100, "pool.example.net", 60, 1);
	assert_int_equal(dns_labels_count(labels), CAPACITY);
	assert_int_equal(stats.dns_labels_evicted, 1);
	assert_string_equal(name_of(1, 1, 1), "pool.example.net");
	assert_string_equal(name_of(1, 2, 1), "-");
	assert_string_equal(name_of(1, 100, 1), "pool.example.net");
}

static void test_more_addresses_than_an_answer_keeps(void **state)
{
	struct answer_fact fact = answer_of(0, 7, "pool.example.net", 60, 1);

	(void)state;
	fact.count = 255;
	for (uint8_t i = 0; i < LIMIT_ANSWERS; i++) {
		fact.addresses[i] = fact.addresses[0];
		fact.addresses[i].addr[3] = (uint8_t)(i + 1);
	}
	dns_labels_learn(labels, &fact);
	assert_int_equal(dns_labels_count(labels), LIMIT_ANSWERS);
	fact.count = 0;
	dns_labels_learn(labels, &fact);
	assert_int_equal(dns_labels_count(labels), LIMIT_ANSWERS);
}

int main(void)
{
#define WITH_LABELS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_LABELS(test_an_answer_labels_its_addresses),
		WITH_LABELS(test_clients_and_scopes_are_apart),
		WITH_LABELS(test_an_ipv6_address_of_an_ipv4_client),
		WITH_LABELS(test_a_label_lives_by_floor_ttl_and_top),
		WITH_LABELS(test_a_label_in_use_lives_on),
		WITH_LABELS(test_the_latest_name_counts),
		WITH_LABELS(test_the_longest_name_fits),
		WITH_LABELS(test_unrelated_domains_make_an_address_shared),
		WITH_LABELS(test_names_of_one_label),
		WITH_LABELS(test_the_least_used_goes_first),
		WITH_LABELS(test_more_addresses_than_an_answer_keeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
