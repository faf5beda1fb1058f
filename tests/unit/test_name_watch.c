/* test_name_watch.c: which packets make the reader watch an address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sensor/name_watch.h"
#include "tests/unit/dns_build.h"
#include "tests/unit/lists_rig.h"

#define QUERY    0x0100
#define RESPONSE 0x8180
#define QUESTION 12

static struct lists_board *board;
static struct watched *watched;
static struct name_watch *watch;
static struct build message;

static int setup(void **state)
{
	(void)state;
	board = lists_board_new(lists_of("pool pool.example.net pool\n"), 2);
	watched = watched_new();
	assert_true(board != NULL && watched != NULL);
	watch = name_watch_new(board, 1, watched);
	assert_non_null(watch);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	name_watch_free(watch);
	watched_free(watched);
	lists_board_free(board);
	guard_free(&guard);
	return 0;
}

static void look_at(uint8_t proto, uint16_t from, uint16_t to)
{
	static const uint8_t resolver[4] = { 10, 0, 0, 53 };
	static const uint8_t client[4] = { 10, 0, 0, 2 };
	struct packet packet = { .ip_packets = 1, .key = { .ip_version = 4, .proto = proto } };

	packet.from_high = flow_key_set(&packet.key, resolver, client, from, to, false);
	packet.payload = guard_put(&guard, message.bytes, message.len);
	packet.payload_wire = (uint32_t)message.len;
	name_watch_packet(watch, &packet);
}

static bool is_watched(uint8_t last)
{
	return watched_has(watched, 4, (uint8_t[4]){ 203, 0, 113, last });
}

static void answer(const char *name, unsigned first, unsigned count)
{
	put_head(&message, RESPONSE, count, 0);
	put_question(&message, name, DNS_TYPE_A);
	for (unsigned i = 0; i < count; i++)
		put_a(&message, QUESTION, first + i);
	look_at(IP_PROTO_UDP, 53, 40000);
}

static void test_answers(void **state)
{
	(void)state;
	answer("eu.pool.example.net", 1, 3);
	answer("www.example.net", 4, 3);
	for (uint8_t last = 0; last < 8; last++)
		assert_int_equal(is_watched(last), last >= 1 && last <= 3);
	/* A v6 address that begins with the same bytes is another one. */
	assert_false(watched_has(watched, 6, (uint8_t[16]){ 203, 0, 113, 1 }));
}

static void test_a_chain(void **state)
{
	size_t target;

	(void)state;
	put_head(&message, RESPONSE, 2, 0);
	put_question(&message, "www.example.org", DNS_TYPE_A);
	target = put_alias(&message, QUESTION, "pool.example.net");
	put_a(&message, target, 5);
	look_at(IP_PROTO_UDP, 53, 40000);
	assert_true(is_watched(5));
}

static void test_an_ipv6_address(void **state)
{
	static const uint8_t addr[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 9 };

	(void)state;
	put_head(&message, RESPONSE, 1, 0);
	put_question(&message, "pool.example.net", DNS_TYPE_AAAA);
	put_pointer(&message, QUESTION);
	put_record(&message, DNS_TYPE_AAAA, 7, 16);
	put_bytes(&message, addr, 16);
	look_at(IP_PROTO_UDP, 53, 40000);
	assert_true(watched_has(watched, 6, addr));
}

static void test_what_is_no_answer(void **state)
{
	(void)state;
	put_head(&message, RESPONSE, 1, 0);
	put_question(&message, "pool.example.net", DNS_TYPE_A);
	put_a(&message, QUESTION, 1);
	look_at(IP_PROTO_TCP, 53, 40000);
	look_at(IP_PROTO_UDP, 5353, 40000);
	message.len -= 1; /* not whole */
	look_at(IP_PROTO_UDP, 53, 40000);
	message.len = 0;
	look_at(IP_PROTO_UDP, 53, 40000);
	put_head(&message, QUERY, 1, 0); /* a question that brings its answer */
	put_question(&message, "pool.example.net", DNS_TYPE_A);
	put_a(&message, QUESTION, 1);
	look_at(IP_PROTO_UDP, 40000, 53);
	assert_false(is_watched(1));
	answer("pool.example.net", 1, 1);
	assert_true(is_watched(1));
}

/* The lists in place when the answer comes count, and none is held between answers. */
static void test_lists_change(void **state)
{
	(void)state;
	answer("pool.example.net", 1, 1);
	lists_board_replace(board, lists_of("pool other.example.net other\n"));
	assert_int_equal(lists_board_reclaim(board), 0);
	answer("pool.example.net", 2, 1);
	answer("other.example.net", 3, 1);
	lists_board_replace(board, NULL);
	assert_int_equal(lists_board_reclaim(board), 0);
	answer("other.example.net", 4, 1);
	assert_true(is_watched(1) && is_watched(3));
	assert_false(is_watched(2) || is_watched(4));
	name_watch_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answers),           TEST(test_a_chain),      TEST(test_an_ipv6_address),
		TEST(test_what_is_no_answer), TEST(test_lists_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
