/* test_handshake_p2p.c: nodes of Handshake: both sides, in pieces, from the middle, too long, cut
 * and nearly right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/binary_talk.h"

#define UP   DIR_TO_SERVER
#define DOWN DIR_TO_CLIENT

#define BYTES(text) text, sizeof(text) - 1

#define MAGIC              "\xd3\xf2\x6e\x5b"
#define HEAD(type, length) MAGIC type length "\0\0\0"
#define ZEROS8             "\0\0\0\0\0\0\0\0"
#define ZEROS40            ZEROS8 ZEROS8 ZEROS8 ZEROS8 ZEROS8
/* version, services, time; the address; nonce */
#define FIELDS  "\3\0\0\0" ZEROS8 ZEROS8 ZEROS40 ZEROS40 ZEROS8 ZEROS8
#define AGENT   "/hsd:6.0.0/"
#define VERSION HEAD("\0", "\x85") FIELDS "\x0b" AGENT "\0\0\0\0\0"
#define VERACK  HEAD("\1", "\0")
#define PING    HEAD("\2", "\x08") "abcdefgh"

static struct binary_talk talk;

static void begin(void)
{
	binary_begin(&talk, &dialect_handshake_p2p);
}

static enum probe_result probe(const char *bytes, size_t len)
{
	static struct guard guard;

	return dialect_handshake_p2p.probe(guard_put(&guard, bytes, len), UP);
}

static void test_both_sides(void **unused)
{
	(void)unused;
	for (size_t piece = 0; piece < 160; piece++) {
		begin();
		binary_send(&talk, UP, BYTES(VERSION VERACK), piece);
		binary_send(&talk, DOWN, BYTES(VERSION VERACK PING), piece);
		assert_int_equal(talk.messages, 5);
		assert_int_equal(talk.foreign, 0);
		assert_int_equal(talk.count, 2); /* each side says who it is */
		for (size_t i = 0; i < talk.count; i++) {
			assert_int_equal(talk.heard[i].finding.kind, FINDING_NODE);
			assert_int_equal(talk.heard[i].finding.proof, PROOF_NODE);
			assert_string_equal(talk.heard[i].finding.coin, "HNS");
			assert_string_equal(talk.heard[i].agent, AGENT);
		}
	}
}

static void test_middle(void **unused)
{
	(void)unused;
	begin();
	binary_send(&talk, DOWN, BYTES(PING), 1);
	assert_int_equal(talk.count, 1);
	assert_string_equal(talk.heard[0].agent, "");
	binary_send(&talk, DOWN, BYTES("junk" MAGIC "\x20" MAGIC "\1\xff\xff\xff\xff" PING VERSION),
		    1);
	assert_int_equal(talk.messages, 3);
	assert_int_equal(talk.foreign, 0);
	assert_string_equal(talk.heard[1].agent, AGENT);
}

static void test_too_long(void **unused)
{
	static char block[150000];

	(void)unused;
	memset(block, '\1', sizeof(block));
	memcpy(block, MAGIC "\x0d\xe7\x49\2\0", 9);
	for (size_t piece = 0; piece < 5000; piece += 1460) {
		begin();
		binary_send(&talk, UP, block, sizeof(block), piece);
		binary_send(&talk, UP, BYTES(VERSION), piece);
		assert_true(talk.messages >= 2);
		assert_int_equal(talk.foreign, 0);
		assert_int_equal(talk.count, 2);
	}
}

static void test_cut(void **unused)
{
	size_t agent = 9 + 116 + 1 + strlen(AGENT);

	(void)unused;
	for (size_t len = 0; len < sizeof(VERSION) - 1; len++) {
		begin();
		binary_send(&talk, UP, VERSION, len, 0);
		binary_end(&talk, UP);
		assert_int_equal(talk.count, len >= 9);
		if (talk.count > 0)
			assert_string_equal(talk.heard[0].agent, len >= agent ? AGENT : "");
	}
}

/* A test network is no coin. */
static void test_other_networks(void **unused)
{
	(void)unused;
	begin();
	binary_send(&talk, UP, BYTES("\xcf\x95\x38\xae\1\0\0\0\0"), 0);
	assert_int_equal(talk.count, 1);
	assert_null(talk.heard[0].finding.coin);
}

static void test_near_misses(void **unused)
{
	static const struct {
		size_t at;
		char byte;
	} wrong[] = { { 0, 2 }, { 1, 0x22 }, { 2, 0 }, { 3, 0 }, { 4, 32 }, { 8, 1 } };
	char bytes[sizeof(PING)];

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memcpy(bytes, PING, sizeof(PING));
		bytes[wrong[i].at] = wrong[i].byte;
		assert_int_equal(probe(bytes, sizeof(PING) - 1), PROBE_NO);
	}
	for (size_t len = 0; len < sizeof(PING); len++)
		assert_int_equal(probe(PING, len), len < 9 ? PROBE_MAYBE : PROBE_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_sides),     cmocka_unit_test(test_middle),
		cmocka_unit_test(test_too_long),       cmocka_unit_test(test_cut),
		cmocka_unit_test(test_other_networks), cmocka_unit_test(test_near_misses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
