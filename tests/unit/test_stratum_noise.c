/* test_stratum_noise.c: Stratum V2 inside Noise: sizes in pieces, from one side, from the middle,
 * and everything else that looks random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/binary_talk.h"

#define UP       DIR_TO_SERVER
#define DOWN     DIR_TO_CLIENT
#define SEEDS    40
#define FLIGHT   4096
#define STEPS(a) (sizeof(a) / sizeof((a)[0]))

struct step {
	enum direction dir;
	size_t len;
};

/* Handshake, a standard channel, a job, then shares. */
static const struct step handshake[] = { { UP, 64 },   { DOWN, 234 }, { UP, 97 },
					 { DOWN, 44 }, { UP, 88 },    { DOWN, 87 } };

static struct binary_talk talk;
static uint32_t seed;

static void begin(uint32_t number)
{
	binary_begin(&talk, &dialect_stratum_noise);
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

/* A flight of random bytes. */
static void send(enum direction dir, size_t len, size_t piece)
{
	static uint8_t bytes[FLIGHT];

	fill(bytes, len);
	binary_send(&talk, dir, bytes, len, piece);
}

static void send_all(const struct step *steps, size_t count, size_t piece)
{
	for (size_t i = 0; i < count; i++)
		send(steps[i].dir, steps[i].len, piece);
}

static void send_side(const struct step *steps, size_t count, enum direction dir)
{
	for (size_t i = 0; i < count; i++)
		if (steps[i].dir == dir)
			send(dir, steps[i].len, 0);
}

static void test_handshake(void **unused)
{
	static const size_t pieces[] = { 0, 1, 2, 7, 33, 60, 61, 100 };
	size_t found = 0;

	(void)unused;
	for (uint32_t i = 0; i < SEEDS; i++)
		for (size_t k = 0; k < STEPS(pieces); k++) {
			begin(i);
			send_all(handshake, STEPS(handshake), pieces[k]);
			found += binary_proof(&talk) == PROOF_LIKELY &&
				 (pieces[k] == 0 || pieces[k] >= 7);
			assert_true(binary_proof(&talk) <= PROOF_LIKELY);
			assert_true(binary_proof(&talk) == PROOF_LIKELY || pieces[k] != 0);
		}
	/* In tiny pieces many a key is taken for text, in larger ones nearly none. */
	assert_true(found >= SEEDS * (STEPS(pieces) - 2) * 97 / 100);
}

static void test_short_keys(void **unused)
{
	static const struct step steps[] = {
		{ UP, 32 }, { DOWN, 170 }, { UP, 97 }, { DOWN, 44 }, { UP, 88 }
	};
	static const struct step mixed[] = {
		{ UP, 32 }, { DOWN, 234 }, { UP, 97 }, { DOWN, 44 }, { UP, 88 }
	};
	static const struct step other[] = {
		{ UP, 64 }, { DOWN, 170 }, { UP, 97 }, { DOWN, 44 }, { UP, 88 }
	};

	(void)unused;
	begin(1);
	send_all(steps, STEPS(steps), 0);
	assert_int_equal(binary_proof(&talk), PROOF_LIKELY);
	begin(1);
	send_all(mixed, STEPS(mixed), 0);
	assert_int_equal(talk.count, 0);
	begin(1);
	send_all(other, STEPS(other), 0);
	assert_int_equal(talk.count, 0);
}

/* Each share once, each acceptance for all that are open; never any work. */
static void check_shares(size_t share, size_t piece)
{
	size_t settled = 0;

	begin(3);
	send_all(handshake, STEPS(handshake), 0);
	for (int i = 0; i < 10; i++) {
		send(UP, share, piece);
		if (i == 5)
			send(UP, share, piece); /* two, one answer */
		send(DOWN, i == 7 ? 58 + 83 : 58, piece);
	}
	send(UP, share, piece);
	send(DOWN, 58, piece);
	assert_int_equal(binary_kinds(&talk, FINDING_SHARE), 12);
	for (size_t i = 0; i < binary_kinds(&talk, FINDING_REPLY); i++) {
		const struct heard *heard = binary_find(&talk, FINDING_REPLY, i);

		assert_true(heard->finding.is_ok && heard->finding.request != 0);
		assert_int_equal(heard->finding.proof, PROOF_NONE);
		settled += heard->finding.count;
	}
	assert_int_equal(settled, 12);
	assert_true(binary_find(&talk, FINDING_SHARE, 0)->finding.work == 0);
	assert_int_equal(binary_proof(&talk), PROOF_LIKELY);
}

static void test_shares(void **unused)
{
	(void)unused;
	check_shares(62, 0);
	check_shares(71, 0);
	check_shares(62, 1); /* in pieces from the first share on */
	check_shares(71, 1);
	begin(3);
	send_all(handshake, STEPS(handshake), 0);
	for (int i = 0; i < 3; i++) {
		send(UP, 62, 0);
		send(DOWN, 65, 0); /* difficulty too low */
	}
	assert_int_equal(binary_kinds(&talk, FINDING_SHARE), 3);
	assert_int_equal(binary_kinds(&talk, FINDING_REPLY), 2);
	assert_false(binary_find(&talk, FINDING_REPLY, 0)->finding.is_ok);
}

/* Answers that were lost join the turns of the client. */
static void test_lost_answers(void **unused)
{
	(void)unused;
	for (size_t lost = 0; lost < 4; lost++) {
		begin(4);
		send_all(handshake, STEPS(handshake) - 1,
			 0); /* that to the channel's opening too */
		for (size_t i = 0; i < 6; i++) {
			send(UP, 62, 0);
			if (i >= lost)
				send(DOWN, 58, 0);
		}
		send(UP, 62, 0);
		assert_int_equal(binary_kinds(&talk, FINDING_SHARE), 7);
	}
}

static void test_one_side(void **unused)
{
	(void)unused;
	begin(4);
	send_side(handshake, STEPS(handshake), UP);
	assert_int_equal(binary_proof(&talk), PROOF_SUSPECT);
	begin(4);
	send_side(handshake, STEPS(handshake), DOWN);
	assert_int_equal(binary_proof(&talk), PROOF_LIKELY);
	send(DOWN, 58, 0);
	send(DOWN, 83, 0);
	send(DOWN, 58, 0);
	assert_int_equal(binary_kinds(&talk, FINDING_REPLY), 2);
	/* together, nobody can tell where one ends */
	begin(4);
	send(UP, 64 + 97, 0);
	send(UP, 88, 0);
	assert_int_equal(talk.count, 0);
	begin(4);
	send(DOWN, 234 + 44, 0);
	assert_int_equal(talk.count, 0);
}

/* Picked up in the middle: sizes that keep answering each other. */
static void test_rhythm(void **unused)
{
	static const size_t shares[] = { 62, 71 };

	(void)unused;
	for (size_t k = 0; k < STEPS(shares); k++) {
		begin(5);
		for (int i = 0; i < 8; i++) {
			send(UP, shares[k], 0);
			send(DOWN, 58, 0);
		}
		assert_int_equal(binary_proof(&talk), PROOF_NONE);
		send(UP, shares[k], 0);
		send(DOWN, 58, 0);
		send(UP, shares[k], 0);
		assert_int_equal(binary_proof(&talk), PROOF_SUSPECT);
	}
	begin(5);
	for (int i = 0; i < 20; i++) {
		send(UP, i % 4 == 3 ? 63 : 62, 0);
		send(DOWN, 58, 0);
	}
	assert_int_equal(talk.count, 0);
}

/* Every size one byte off. */
static void test_near_misses(void **unused)
{
	static const struct step wrong[] = { { UP, 63 }, { UP, 65 },  { DOWN, 233 }, { DOWN, 235 },
					     { UP, 53 }, { UP, 321 }, { DOWN, 43 },  { DOWN, 45 } };
	static const size_t at[] = { 0, 0, 1, 1, 2, 2, 3, 3 };

	(void)unused;
	for (size_t i = 0; i < STEPS(wrong); i++)
		for (size_t piece = 0; piece < 3; piece++) {
			struct step steps[STEPS(handshake)];

			memcpy(steps, handshake, sizeof(steps));
			steps[at[i]] = wrong[i];
			begin((uint32_t)i);
			send_all(steps, STEPS(steps), piece);
			assert_int_equal(talk.count, 0);
		}
}

/* Handshakes of others, and no handshake at all. */
static void test_others(void **unused)
{
	/* BIP 324 with garbage; without any; Lightning; WireGuard over TCP; a shadowed proxy */
	static const struct step bip324[] = {
		{ UP, 64 + 300 }, { DOWN, 64 + 170 }, { UP, 36 }, { DOWN, 400 }, { UP, 120 }
	};
	static const struct step bare[] = {
		{ UP, 64 }, { DOWN, 64 + 900 }, { UP, 97 }, { DOWN, 44 }, { UP, 120 }
	};
	static const struct step lightning[] = {
		{ UP, 50 }, { DOWN, 50 }, { UP, 66 }, { DOWN, 44 }, { UP, 88 }
	};
	static const struct step wireguard[] = {
		{ UP, 148 }, { DOWN, 92 }, { UP, 32 }, { DOWN, 44 }, { UP, 112 }
	};
	static const struct step shadow[] = {
		{ UP, 64 }, { DOWN, 234 }, { UP, 1400 }, { DOWN, 44 }, { UP, 88 }
	};
	static const struct {
		const struct step *steps;
		size_t count;
	} others[] = { { bip324, STEPS(bip324) },
		       { bare, STEPS(bare) },
		       { lightning, STEPS(lightning) },
		       { wireguard, STEPS(wireguard) },
		       { shadow, STEPS(shadow) } };

	(void)unused;
	for (size_t i = 0; i < STEPS(others); i++)
		for (uint32_t k = 0; k < SEEDS; k++)
			for (size_t piece = 0; piece < 3; piece++) {
				begin(k);
				send_all(others[i].steps, others[i].count, piece);
				assert_int_equal(talk.count, 0);
				if (others[i].steps == bare || others[i].steps == shadow)
					continue; /* one side of them is the same */
				begin(k);
				send_side(others[i].steps, others[i].count, UP);
				assert_int_equal(talk.count, 0);
				begin(k);
				send_side(others[i].steps, others[i].count, DOWN);
				assert_int_equal(talk.count, 0);
			}
}

static void test_noise(void **unused)
{
	(void)unused;
	for (uint32_t i = 0; i < 3000; i++) {
		begin(i);
		for (int turn = 0; turn < 12; turn++) {
			uint8_t size[2];

			fill(size, sizeof(size));
			send(turn % 2 == 0 ? UP : DOWN, 1u + size[0] + 256u * (size[1] & 1),
			     i % 3 == 0 ? 1 : 0);
		}
		assert_int_equal(binary_proof(&talk), PROOF_NONE);
		assert_int_equal(talk.count, 0);
	}
}

/* The right sizes, of bytes that no key has. */
static void test_not_random(void **unused)
{
	static const char *const texts[] = {
		"SSH-2.0-OpenSSH_9.6p1 Debian-4\r\n 0123456789abcdefghijklmnopqrstuvwxyz",
		"GET /index.html HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: curl/8",
		"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"x/1.0\"]} 0123456789",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2",
	};
	uint8_t bytes[64];
	uint8_t server[234];

	(void)unused;
	for (size_t i = 0; i < STEPS(texts) + 4; i++) {
		begin(9);
		fill(bytes, sizeof(bytes));
		if (i < STEPS(texts))
			memcpy(bytes, texts[i], sizeof(bytes));
		else if (i == STEPS(texts))
			memset(bytes + 20, 0, 30);
		else if (i == STEPS(texts) + 1)
			memcpy(bytes, "\x16\x03\x01\x00\x3b", 5);
		else if (i == STEPS(texts) + 2)
			memcpy(bytes, "\x01\x80\x04", 3);
		fill(server, sizeof(server));
		if (i == STEPS(texts) + 3)
			memset(server, 0, 150);
		binary_send(&talk, UP, bytes, sizeof(bytes), 0);
		binary_send(&talk, DOWN, server, sizeof(server), 0);
		send_all(handshake + 2, STEPS(handshake) - 2, 0);
		assert_int_equal(talk.count, 0);
	}
}

/* Further bytes of the client before the answer; an answer before the question. */
static void test_order(void **unused)
{
	(void)unused;
	begin(10);
	send(UP, 64, 0);
	send(UP, 97, 0);
	talk.sides[DOWN].was_heard = true;
	assert_true(binary_proof(&talk) <= PROOF_SUSPECT);
	send_all(handshake + 1, STEPS(handshake) - 1, 0);
	assert_true(binary_proof(&talk) <= PROOF_SUSPECT);
	begin(10);
	send(DOWN, 234, 0);
	send(UP, 64, 0);
	send_all(handshake + 2, STEPS(handshake) - 2, 0);
	assert_int_equal(talk.count, 0);
}

static void test_probe(void **unused)
{
	static struct guard guard;
	uint8_t key[300];

	(void)unused;
	begin(11);
	fill(key, sizeof(key));
	key[0] = 0xc3;
	for (size_t len = 0; len <= sizeof(key); len++) {
		enum probe_result up = dialect_stratum_noise.probe(guard_put(&guard, key, len), UP);
		enum probe_result down =
			dialect_stratum_noise.probe(guard_put(&guard, key, len), DOWN);

		assert_int_equal(up, len < 32                 ? PROBE_MAYBE
				     : len <= 64 || len == 71 ? PROBE_YES
							      : PROBE_NO);
		assert_int_equal(down, len == 58 || len == 170 || len == 234 ? PROBE_YES
				       : len < 234                           ? PROBE_MAYBE
									     : PROBE_NO);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handshake),   cmocka_unit_test(test_short_keys),
		cmocka_unit_test(test_shares),      cmocka_unit_test(test_lost_answers),
		cmocka_unit_test(test_one_side),    cmocka_unit_test(test_rhythm),
		cmocka_unit_test(test_near_misses), cmocka_unit_test(test_others),
		cmocka_unit_test(test_noise),       cmocka_unit_test(test_not_random),
		cmocka_unit_test(test_order),       cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
