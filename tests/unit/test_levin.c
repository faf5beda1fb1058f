/* test_levin.c: nodes of CryptoNote coins: both sides, in pieces, from the middle, too long, cut
 * and nearly right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/binary_talk.h"

#define UP   DIR_TO_SERVER
#define DOWN DIR_TO_CLIENT

#define BYTES(text) text, sizeof(text) - 1

#define SIGNATURE "\x01\x21\x01\x01\x01\x01\x01\x01"
#define HEAD(len, want, command, flags) \
	SIGNATURE len "\0\0\0\0\0\0\0" want command "\x03\0\0\0\0\0\0" flags "\0\0\0\1\0\0\0"
#define NETWORK \
	"\x01\x11\x01\x01\x01\x01\x02\x01\x01\x04\x09node_data\x0c\x04\x0anetwork_id\x0a\x40" \
	"\x12\x30\xf1\x71\x61\x04\x41\x61\x17\x31\x00\x82\x16\xa1\xa1\x10"
#define SHAKE  HEAD("\x33", "\1", "\xe9", "\1") NETWORK
#define SHAKEN HEAD("\x33", "\0", "\xe9", "\2") NETWORK
#define TIMED  HEAD("\x04", "\1", "\xea", "\1") "abcd"

static struct binary_talk talk;

static void begin(void)
{
	binary_begin(&talk, &dialect_levin);
}

static enum probe_result probe(const char *bytes, size_t len)
{
	static struct guard guard;

	return dialect_levin.probe(guard_put(&guard, bytes, len), UP);
}

static void test_both_sides(void **unused)
{
	(void)unused;
	for (size_t piece = 0; piece < 50; piece++) {
		begin();
		binary_send(&talk, UP, BYTES(SHAKE), piece);
		binary_send(&talk, DOWN, BYTES(SHAKEN TIMED), piece);
		binary_send(&talk, UP, BYTES(TIMED TIMED), piece);
		assert_int_equal(talk.messages, 5);
		assert_int_equal(talk.foreign, 0);
		assert_int_equal(talk.count, 1);
		assert_int_equal(talk.heard[0].finding.kind, FINDING_NODE);
		assert_int_equal(talk.heard[0].finding.proof, PROOF_NODE);
		assert_string_equal(talk.heard[0].finding.coin, "XMR");
	}
}

/* Another coin's network has the same words. */
static void test_other_coin(void **unused)
{
	char bytes[] = SHAKE;

	(void)unused;
	bytes[sizeof(bytes) - 2] ^= 1;
	begin();
	binary_send(&talk, UP, bytes, sizeof(bytes) - 1, 0);
	assert_int_equal(talk.count, 1);
	assert_null(talk.heard[0].finding.coin);
}

static void test_middle(void **unused)
{
	(void)unused;
	begin();
	binary_send(&talk, DOWN, BYTES(TIMED), 1);
	assert_int_equal(talk.count, 1);
	assert_null(talk.heard[0].finding.coin);
	binary_send(&talk, DOWN, BYTES("junk\1\x21\1\1\1" SIGNATURE "\xff" TIMED SHAKE), 1);
	assert_int_equal(talk.messages, 3);
	assert_int_equal(talk.foreign, 0);
	assert_string_equal(talk.heard[1].finding.coin, "XMR");
}

static void test_too_long(void **unused)
{
	static char blocks[150000];
	static const char head[] =
		SIGNATURE "\xcf\x49\2\0\0\0\0\0\0\xd2\7\0\0\0\0\0\0\0\0\0\0\1\0\0\0";

	(void)unused;
	memset(blocks, '\1', sizeof(blocks));
	memcpy(blocks, head, sizeof(head) - 1);
	for (size_t piece = 0; piece < 5000; piece += 1460) {
		begin();
		binary_send(&talk, UP, blocks, sizeof(blocks), piece);
		binary_send(&talk, UP, BYTES(TIMED SHAKE), piece);
		assert_true(talk.messages >= 3);
		assert_int_equal(talk.foreign, 0);
		assert_int_equal(talk.count, 2);
	}
}

static void test_cut(void **unused)
{
	(void)unused;
	for (size_t len = 0; len < sizeof(SHAKE) - 1; len++) {
		begin();
		binary_send(&talk, UP, SHAKE, len, 0);
		binary_end(&talk, UP);
		assert_int_equal(talk.count, len >= 33);
	}
}

static void test_near_misses(void **unused)
{
	static const struct {
		size_t at;
		char byte;
	} wrong[] = { { 0, 2 },  { 1, 0x22 }, { 7, 2 },  { 15, 1 }, { 12, 1 },
		      { 16, 2 }, { 26, 1 },   { 29, 2 }, { 30, 1 } };
	char bytes[sizeof(SHAKE)];

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memcpy(bytes, SHAKE, sizeof(SHAKE));
		bytes[wrong[i].at] = wrong[i].byte;
		assert_int_equal(probe(bytes, sizeof(SHAKE) - 1), PROBE_NO);
		begin();
		binary_send(&talk, UP, bytes, sizeof(SHAKE) - 1, 1);
		binary_end(&talk, UP);
		assert_int_equal(talk.count, 0);
	}
	for (size_t len = 0; len < sizeof(SHAKE); len++)
		assert_int_equal(probe(SHAKE, len), len < 8 ? PROBE_MAYBE : PROBE_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_sides), cmocka_unit_test(test_other_coin),
		cmocka_unit_test(test_middle),     cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_cut),        cmocka_unit_test(test_near_misses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
