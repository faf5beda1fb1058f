/* test_bitcoin_p2p.c: nodes of Bitcoin's kin: headers with and without a checksum, both sides, in
 * pieces, from the middle, too long, and nearly right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/binary_talk.h"

#define UP   DIR_TO_SERVER
#define DOWN DIR_TO_CLIENT

#define BYTES(text) text, sizeof(text) - 1

#define MAGIC   "\xf9\xbe\xb4\xd9"
#define ADDRESS "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\7\x20\x8d"
#define VERSION_HEAD(year) \
	"\x80\x11\1\0\x09\4\0\0\0\0\0\0" year "\0\0\0\0" ADDRESS ADDRESS "\1\2\3\4\5\6\7\x08"
/* 2024, with a checksum; 2011, without */
#define VERSION \
	MAGIC "version\0\0\0\0\0\x66\0\0\0\x3e\x29\x73\x62" VERSION_HEAD( \
		"\0\x21\x3d\x66") "\x10/Satoshi:27.0.0/\x3c\xd6\x0c\0\1"
#define VERSION_OLD \
	MAGIC "version\0\0\0\0\0\x55\0\0\0" VERSION_HEAD("\0\x21\x8d\x4d") "\0\xc8\xd3\1\0"
#define VERACK     MAGIC "verack\0\0\0\0\0\0\0\0\0\0\x5d\xf6\xe0\xe2"
#define VERACK_OLD MAGIC "verack\0\0\0\0\0\0\0\0\0\0"
#define PING \
	MAGIC "ping\0\0\0\0\0\0\0\0\x08\0\0\0\x25\x02\xfa\x94" \
	      "\1\2\3\4\5\6\7\x08"

static struct binary_talk talk;

static void begin(void)
{
	binary_begin(&talk, &dialect_bitcoin_p2p);
}

static enum probe_result probe(const char *bytes, size_t len)
{
	static struct guard guard;

	return dialect_bitcoin_p2p.probe(guard_put(&guard, bytes, len), UP);
}

static void test_both_sides(void **unused)
{
	(void)unused;
	for (size_t piece = 0; piece < 40; piece++) {
		begin();
		binary_send(&talk, UP, BYTES(VERSION), piece);
		binary_send(&talk, DOWN, BYTES(VERSION VERACK), piece);
		binary_send(&talk, UP, BYTES(VERACK PING PING), piece);
		assert_int_equal(talk.messages, 6);
		assert_int_equal(talk.foreign, 0);
		assert_int_equal(talk.count, 2); /* who each side is */
		const struct heard *heard = binary_find(&talk, FINDING_NODE, 0);
		assert_int_equal(heard->finding.proof, PROOF_NODE);
		assert_string_equal(heard->agent, "/Satoshi:27.0.0/");
		assert_string_equal(heard->finding.coin, "BTC");
	}
}

static void test_without_checksum(void **unused)
{
	(void)unused;
	for (size_t piece = 0; piece < 40; piece++) {
		begin();
		binary_send(&talk, UP, BYTES(VERSION_OLD VERACK_OLD PING), piece);
		binary_send(&talk, DOWN, BYTES(VERSION_OLD VERACK_OLD VERACK_OLD PING), piece);
		assert_int_equal(talk.messages, 7);
		assert_int_equal(talk.foreign, 0);
		assert_int_equal(binary_kinds(&talk, FINDING_NODE), 1);
	}
}

static void test_middle(void **unused)
{
	(void)unused;
	begin();
	binary_send(&talk, DOWN, BYTES(PING), 1);
	assert_int_equal(binary_kinds(&talk, FINDING_NODE), 1);
	binary_send(&talk, DOWN, BYTES("\xf9\xbe\xb4junk\xf9\xbe" MAGIC "pin" PING PING), 1);
	assert_int_equal(talk.messages, 3);
	assert_int_equal(talk.foreign, 0);
}

/* A block longer than is kept: its rest is skipped. */
static void test_too_long(void **unused)
{
	static char block[150000];
	static const char head[] = MAGIC "block\0\0\0\0\0\0\0\xd8\x49\2\0abcd";

	(void)unused;
	memset(block, 'x', sizeof(block));
	memcpy(block, head, sizeof(head) - 1);
	memcpy(block + 140000, BYTES(MAGIC));
	for (size_t piece = 0; piece < 5000; piece += 1460) {
		begin();
		binary_send(&talk, UP, block, sizeof(block), piece);
		binary_send(&talk, UP, BYTES(PING PING), piece);
		assert_int_equal(binary_kinds(&talk, FINDING_NODE), 1);
		assert_true(talk.messages >= 3);
		assert_int_equal(talk.foreign, 0);
	}
}

/* An agent that was cut is none. */
static void test_cut(void **unused)
{
	(void)unused;
	for (size_t len = 0; len < sizeof(VERSION) - 1; len++) {
		begin();
		binary_send(&talk, UP, VERSION, len, 0);
		binary_end(&talk, UP);
		assert_true(binary_proof(&talk) <= PROOF_NODE);
		assert_int_equal(talk.count, len >= 40);
		if (talk.count > 0)
			assert_string_equal(talk.heard[0].agent,
					    len >= 24 + 80 + 17 ? "/Satoshi:27.0.0/" : "");
	}
}

static void test_near_misses(void **unused)
{
	static const struct {
		size_t at;
		char byte;
	} wrong[] = { { 0, 0 }, { 3, 0 }, { 4, 'V' }, { 5, 0 }, { 9, ' ' }, { 15, 'x' } };
	char bytes[sizeof(PING)];

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memcpy(bytes, PING, sizeof(PING));
		bytes[wrong[i].at] = wrong[i].byte;
		assert_int_equal(probe(bytes, sizeof(PING) - 1), PROBE_NO);
	}
	memcpy(bytes, PING, sizeof(PING));
	bytes[25] ^= 1; /* the checksum is another one's */
	begin();
	binary_send(&talk, UP, bytes, sizeof(PING) - 1, 0);
	assert_int_equal(talk.count, 0);
	memcpy(bytes, PING, sizeof(PING));
	bytes[19] = 0x7f; /* two gigabytes */
	begin();
	binary_send(&talk, UP, bytes, sizeof(PING) - 1, 0);
	binary_end(&talk, UP);
	assert_int_equal(talk.count, 0);
	assert_int_equal(probe(BYTES("{\"id\":1}")), PROBE_NO);
	assert_int_equal(probe(BYTES("RAVEN is text")), PROBE_NO);
}

static void test_probe(void **unused)
{
	(void)unused;
	for (size_t len = 0; len < sizeof(VERSION); len++)
		assert_int_equal(probe(VERSION, len), len < 16 ? PROBE_MAYBE : PROBE_YES);
}

/* What cannot be printed is no name, and its length is not believed. */
static void test_hostile_agent(void **unused)
{
	char bytes[] = VERSION_OLD;

	(void)unused;
	for (int byte = 0; byte < 256; byte++) {
		bytes[20 + 80] = (char)byte;
		begin();
		binary_send(&talk, UP, bytes, sizeof(bytes) - 1, 0);
		assert_int_equal(talk.count, 1);
		assert_string_equal(talk.heard[0].agent, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_sides), cmocka_unit_test(test_without_checksum),
		cmocka_unit_test(test_middle),     cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_cut),        cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_probe),      cmocka_unit_test(test_hostile_agent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
