/* test_devp2p.c: nodes of Ethereum's kin: two packets of the length that they state, and nothing
 * less. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/binary_talk.h"

#define UP   DIR_TO_SERVER
#define DOWN DIR_TO_CLIENT

static struct binary_talk talk;
static uint32_t seed;

static void begin(uint32_t number)
{
	binary_begin(&talk, &dialect_devp2p);
	seed = 1000003 * number + 7;
}

static void fill(uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 17;
		seed ^= seed << 5;
		bytes[i] = (uint8_t)(seed >> 11);
	}
}

/* A packet that states `stated` bytes and is `len` long, all included. */
static void send(enum direction dir, size_t stated, size_t len, size_t piece)
{
	uint8_t bytes[2048];

	fill(bytes, len);
	bytes[0] = (uint8_t)(stated >> 8);
	bytes[1] = (uint8_t)stated;
	bytes[2] = 4;
	binary_send(&talk, dir, bytes, len, piece);
}

static void test_handshake(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < 30; i++)
		for (size_t piece = 0; piece < 50; piece += 7) {
			begin(i);
			send(UP, 427, 429, piece);
			assert_int_equal(talk.count, 0);
			send(DOWN, 394, 396 + 208, piece); /* and the first frame */
			assert_int_equal(talk.count, 1);
			assert_int_equal(talk.heard[0].finding.kind, FINDING_NODE);
			assert_int_equal(talk.heard[0].finding.proof, PROOF_NODE);
			send(UP, 7, 900, piece);
			send(DOWN, 7, 16, piece);
			assert_int_equal(talk.foreign, 0);
			assert_int_equal(talk.count, 1);
		}
}

static void test_near_misses(void **unused)
{
	static const struct {
		size_t auth, auth_len, ack, ack_len;
	} wrong[] = {
		{ 427, 430, 394, 396 },   { 427, 428, 394, 396 },   { 427, 429, 394, 395 },
		{ 270, 272, 394, 396 },   { 1000, 1002, 394, 396 }, { 427, 429, 200, 202 },
		{ 427, 429, 1000, 1002 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		for (size_t piece = 0; piece < 50; piece += 7) {
			begin((uint32_t)i);
			send(UP, wrong[i].auth, wrong[i].auth_len, piece);
			send(DOWN, wrong[i].ack, wrong[i].ack_len, piece);
			binary_end(&talk, UP);
			binary_end(&talk, DOWN);
			assert_int_equal(talk.count, 0);
		}
	begin(1); /* one side alone, the other way round, twice the same side */
	send(DOWN, 394, 396, 0);
	send(UP, 427, 429, 0);
	assert_int_equal(talk.count, 0);
	begin(1);
	send(UP, 427, 429, 0);
	send(UP, 427, 429, 0);
	send(DOWN, 394, 396, 0);
	assert_int_equal(talk.count, 0);
}

static void test_not_random(void **unused)
{
	uint8_t bytes[429];

	(void)unused;
	memset(bytes, 'a', sizeof(bytes));
	memcpy(bytes, "\x01\xab\x04", 3);
	begin(1);
	binary_send(&talk, UP, bytes, sizeof(bytes), 0);
	send(DOWN, 394, 396, 0);
	assert_int_equal(talk.count, 0);
}

static void test_probe(void **unused)
{
	uint8_t bytes[429];
	static struct guard guard;

	(void)unused;
	begin(2);
	fill(bytes, sizeof(bytes));
	memcpy(bytes, "\x01\xab\x04", 3);
	for (size_t len = 0; len <= sizeof(bytes); len++)
		assert_int_equal(dialect_devp2p.probe(guard_put(&guard, bytes, len), UP),
				 len < 32 ? PROBE_MAYBE : PROBE_YES);
	bytes[2] = 5;
	assert_int_equal(dialect_devp2p.probe(guard_put(&guard, bytes, 3), UP), PROBE_NO);
	bytes[0] = 4;
	assert_int_equal(dialect_devp2p.probe(guard_put(&guard, bytes, 1), UP), PROBE_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handshake),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_not_random),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
