/* test_watched.c: addresses that all workers look for; several threads at once show races under
 * ThreadSanitizer. Also which resolvers take encrypted questions. */
#include "sensor/watched.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sensor/packet.h"
#include "sensor/resolvers.h"

#define SLOTS   (2048u * 8u)
#define THREADS 4
#define EACH    500u

static void address_of(uint32_t number, uint8_t addr[4])
{
	number = htonl(number);
	memcpy(addr, &number, sizeof(number));
}

static bool has(const struct watched *watched, uint32_t number)
{
	uint8_t addr[4];

	address_of(number, addr);
	return watched_has(watched, 4, addr);
}

static void add(struct watched *watched, uint32_t number)
{
	uint8_t addr[4];

	address_of(number, addr);
	watched_add(watched, 4, addr);
}

static void test_what_was_added_is_there(void **state)
{
	struct watched *watched = watched_new();

	(void)state;
	assert_non_null(watched);
	assert_false(has(watched, 1));
	add(watched, 1);
	add(watched, 1);
	add(watched, 2);
	assert_true(has(watched, 1));
	assert_true(has(watched, 2));
	assert_false(has(watched, 3));
	watched_free(watched);
	watched_free(NULL);
}

static void test_versions_are_apart(void **state)
{
	struct watched *watched = watched_new();
	uint8_t addr[16] = { 198, 51, 100, 7 };

	(void)state;
	watched_add(watched, 4, addr);
	assert_true(watched_has(watched, 4, addr));
	assert_false(watched_has(watched, 6, addr));
	addr[15] = 1; /* beyond an IPv4 address: not looked at */
	assert_true(watched_has(watched, 4, addr));
	watched_add(watched, 6, addr);
	assert_true(watched_has(watched, 6, addr));
	addr[15] = 2;
	assert_false(watched_has(watched, 6, addr));
	watched_free(watched);
}

/* Older ones go, the newest stay; nothing that never was added appears. */
static void test_under_pressure_old_ones_are_forgotten(void **state)
{
	struct watched *watched = watched_new();
	uint32_t kept = 0;

	(void)state;
	for (uint32_t i = 0; i < 4 * SLOTS; i++) {
		add(watched, i);
		assert_true(has(watched, i));
	}
	for (uint32_t i = 0; i < 4 * SLOTS; i++)
		kept += has(watched, i);
	assert_true(kept <= SLOTS);
	assert_true(kept >= SLOTS / 2);
	for (uint32_t i = 4 * SLOTS; i < 5 * SLOTS; i++)
		assert_false(has(watched, i));
	watched_free(watched);
}

struct adder {
	struct watched *watched;
	uint32_t first;
};

static void *add_and_look(void *arg)
{
	const struct adder *adder = arg;
	uintptr_t missing = 0;

	for (uint32_t i = 0; i < EACH; i++) {
		add(adder->watched, adder->first + i);
		missing += !has(adder->watched, adder->first + i);
		missing += has(adder->watched, UINT32_MAX - i);
	}
	return (void *)missing;
}

static void test_threads_share_it(void **state)
{
	struct watched *watched = watched_new();
	struct adder adders[THREADS];
	pthread_t threads[THREADS];
	void *missing;

	(void)state;
	/* Neighbours add the same addresses at the same time. */
	for (uint32_t i = 0; i < THREADS; i++) {
		adders[i] = (struct adder){ watched, i / 2 * EACH };
		assert_int_equal(pthread_create(&threads[i], NULL, add_and_look, &adders[i]), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &missing), 0);
		assert_int_equal((uintptr_t)missing, 0);
	}
	for (uint32_t i = 0; i < THREADS / 2 * EACH; i++)
		assert_true(has(watched, i));
	watched_free(watched);
}

static struct flow_key key_to(const char *server, uint16_t port)
{
	struct flow_key key;

	memset(&key, 0, sizeof(key));
	key.proto = IP_PROTO_TCP;
	key.ip_version = strchr(server, ':') != NULL ? 6 : 4;
	assert_int_equal(inet_pton(key.ip_version == 6 ? AF_INET6 : AF_INET, server, key.addr[1]),
			 1);
	key.port[1] = port;
	return key;
}

static void test_encrypted_resolvers(void **state)
{
	static const struct {
		const char *server;
		uint16_t port;
		bool is_encrypted;
	} rows[] = {
		{ "192.0.2.1", 853, true }, /* DNS over TLS has a port of its own */
		{ "1.1.1.1", 443, true },
		{ "9.9.9.9", 443, true },
		{ "2620:fe::fe", 443, true },
		{ "8.8.8.8", 53, false }, /* what is asked there is seen */
		{ "1.1.1.2", 443, false },
		{ "192.0.2.1", 443, false },
		{ "2001:db8::1", 443, false },
		{ "2606:4700:4700::1111", 80, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct flow_key key = key_to(rows[i].server, rows[i].port);

		if (resolver_is_encrypted(&key, 1) != rows[i].is_encrypted)
			fail_msg("%s:%u", rows[i].server, (unsigned)rows[i].port);
	}
}

static void test_resolvers_are_watched(void **state)
{
	static const char *const there[] = { "1.1.1.1", "8.8.4.4", "194.242.2.2", "2a07:e340::2" };
	struct watched *watched = watched_new();
	struct flow_key key;

	(void)state;
	resolvers_watch(watched);
	for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
		key = key_to(there[i], 443);
		assert_true(watched_has(watched, key.ip_version, key.addr[1]));
	}
	key = key_to("192.0.2.1", 443);
	assert_false(watched_has(watched, 4, key.addr[1]));
	watched_free(watched);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_added_is_there),
		cmocka_unit_test(test_versions_are_apart),
		cmocka_unit_test(test_under_pressure_old_ones_are_forgotten),
		cmocka_unit_test(test_threads_share_it),
		cmocka_unit_test(test_encrypted_resolvers),
		cmocka_unit_test(test_resolvers_are_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
