/* test_stratum_v2.c: Stratum V2 without encryption, frame by frame, in pieces, from the middle,
 * cut, too long and nearly right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/binary_talk.h"

#define UP   DIR_TO_SERVER
#define DOWN DIR_TO_CLIENT

#define BYTES(text) text, sizeof(text) - 1

#define ONES8  "\xff\xff\xff\xff\xff\xff\xff\xff"
#define ZEROS8 "\0\0\0\0\0\0\0\0"
#define HASH   "0123456789abcdefghijklmnopqrstuv"
/* 2^224 - 1: as many hashes as 32 bits have values */
#define TARGET ONES8 ONES8 ONES8 "\xff\xff\xff\xff\0\0\0\0"
/* 2^216 - 1 */
#define TARGET_HARD ONES8 ONES8 ONES8 "\xff\xff\xff\0\0\0\0\0"

#define SETUP \
	"\x00\x00\x00\x2e\x00\x00" \
	"\x00\x02\x00\x02\x00\x01\x00\x00\x00\x10pool.example.com\xce\x85\x06Vendor\x03" \
	"HW1\x05" \
	"fw1.0\x00"
#define SETUP_OK "\x00\x00\x01\x06\x00\x00\x02\x00\x00\x00\x00\x00"
#define OPEN \
	"\x00\x00\x10\x32\x00\x00\x01\x00\x00\x00\x09" \
	"acct.rig1\x21\xe6\xb5\x56" ONES8 ONES8 ONES8 ONES8
#define OPENED \
	"\x00\x00\x11\x31\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00" TARGET "\x04pref\x09\x00\x00" \
	"\x00"
#define JOB(channel, job) \
	"\x00\x80\x15\x31\x00\x00" channel "\x00\x00\x00" job \
	"\x00\x00\x00\x01\xaa\xf0\xb1\x66\x00\x00\x00\x20" HASH
#define PREV_HASH(channel, job) \
	"\x00\x80\x20\x30\x00\x00" channel "\x00\x00\x00" job "\x00\x00\x00" HASH \
	"\xaa\xf0\xb1\x66\xff\xff\x00\x1d"
#define SHARE(sequence, job, nonce) \
	"\x00\x80\x1a\x18\x00\x00\x01\x00\x00\x00" sequence "\x00\x00\x00" job \
	"\x00\x00\x00" nonce "\x33\x22\x11\xaa\xf0\xb1\x66\x00\x00\x00\x20"
#define SHARES_OK(sequence, count) \
	"\x00\x80\x1c\x14\x00\x00\x01\x00\x00\x00" sequence "\x00\x00\x00" count \
	"\x00\x00\x00\x00\x40\x01\x00\x00\x00\x00\x00"
#define SHARE_BAD(sequence, len, size, code) \
	"\x00\x80\x1d" len "\x00\x00\x01\x00\x00\x00" sequence "\x00\x00\x00" size code
#define SET_TARGET(channel) "\x00\x80\x21\x24\x00\x00" channel "\x00\x00\x00" TARGET_HARD

struct part {
	enum direction dir;
	const char *bytes;
	size_t len;
};

static const struct part session[] = {
	{ UP, BYTES(SETUP) },
	{ DOWN, BYTES(SETUP_OK) },
	{ UP, BYTES(OPEN) },
	{ DOWN, BYTES(OPENED JOB("\x01", "\x07") PREV_HASH("\x01", "\x07")) },
	{ UP, BYTES(SHARE("\x00", "\x07", "\x44") SHARE("\x01", "\x07", "\x45")) },
	{ DOWN, BYTES(SHARES_OK("\x01", "\x02")) },
	{ DOWN, BYTES(SET_TARGET("\x01") JOB("\x01", "\x08")) },
	{ UP, BYTES(SHARE("\x02", "\x08", "\x46")) },
	{ DOWN, BYTES(SHARE_BAD("\x02", "\x14", "\x0b", "stale-share")) },
};

#define PARTS (sizeof(session) / sizeof(session[0]))

static struct binary_talk talk;

static void begin(void)
{
	binary_begin(&talk, &dialect_stratum_v2);
}

static bool is_near(double value, double wanted)
{
	return value > wanted * 0.9999 && value < wanted * 1.0001;
}

static enum probe_result probe(const char *bytes, size_t len)
{
	static struct guard guard;

	return dialect_stratum_v2.probe(guard_put(&guard, bytes, len), UP);
}

static void send_session(size_t piece)
{
	begin();
	for (size_t i = 0; i < PARTS; i++)
		binary_send(&talk, session[i].dir, session[i].bytes, session[i].len, piece);
}

static void check_session(void)
{
	const struct heard *heard = binary_find(&talk, FINDING_SUBSCRIBE, 0);

	assert_string_equal(heard->agent, "Vendor/HW1/fw1.0");
	assert_string_equal(heard->pool, "pool.example.com:34254");
	assert_string_equal(heard->rig, "");
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
	assert_int_equal(heard->finding.sender, SENDER_MINER);
	assert_int_equal(binary_find(&talk, FINDING_REPLY, 0)->finding.request,
			 heard->finding.request);
	heard = binary_find(&talk, FINDING_LOGIN, 0);
	assert_string_equal(heard->login, "acct.rig1");
	assert_string_equal(heard->worker, "rig1");
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_true(heard->finding.wants_reply && heard->finding.reply_confirms);
	assert_int_equal(binary_find(&talk, FINDING_REPLY, 1)->finding.request,
			 heard->finding.request);
	assert_true(is_near(binary_find(&talk, FINDING_CLAIMED_RATE, 0)->finding.rate, 1e14));
	assert_true(binary_find(&talk, FINDING_DIFFICULTY, 0)->finding.work == 4294967296.0);
	assert_true(is_near(binary_find(&talk, FINDING_DIFFICULTY, 0)->finding.difficulty, 1));
	heard = binary_find(&talk, FINDING_JOB, 0);
	assert_true(heard->finding.work == 4294967296.0);
	assert_int_equal(heard->finding.job, binary_find(&talk, FINDING_JOB, 1)->finding.job);
	assert_int_equal(heard->finding.job, binary_find(&talk, FINDING_SHARE, 0)->finding.job);
	assert_int_equal(binary_kinds(&talk, FINDING_SHARE), 3);
	assert_true(binary_find(&talk, FINDING_SHARE, 0)->finding.nonce !=
		    binary_find(&talk, FINDING_SHARE, 1)->finding.nonce);
	heard = binary_find(&talk, FINDING_REPLY, 2);
	assert_int_equal(heard->finding.count, 2);
	assert_true(heard->finding.is_ok);
	assert_int_equal(heard->finding.request,
			 binary_find(&talk, FINDING_SHARE, 0)->finding.request);
	assert_true(is_near(binary_find(&talk, FINDING_JOB, 2)->finding.work, 1099511627776.0));
	heard = binary_find(&talk, FINDING_REPLY, 3);
	assert_true(!heard->finding.is_ok && heard->finding.is_stale);
	assert_string_equal(heard->reason, "stale-share");
	assert_false(heard->finding.is_proxy);
}

static void test_session(void **unused)
{
	(void)unused;
	send_session(0);
	check_session();
	for (size_t piece = 1; piece < 64; piece++) {
		send_session(piece);
		check_session();
	}
}

static void test_one_side(void **unused)
{
	(void)unused;
	for (size_t piece = 0; piece < 3; piece++) {
		begin();
		for (size_t i = 0; i < PARTS; i++)
			if (session[i].dir == UP)
				binary_send(&talk, UP, session[i].bytes, session[i].len, piece);
		assert_int_equal(binary_kinds(&talk, FINDING_SHARE), 3);
		assert_int_equal(binary_proof(&talk), PROOF_CONFIRMED);
		begin();
		for (size_t i = 0; i < PARTS; i++)
			if (session[i].dir == DOWN)
				binary_send(&talk, DOWN, session[i].bytes, session[i].len, piece);
		assert_int_equal(binary_kinds(&talk, FINDING_REPLY), 4);
		assert_int_equal(binary_kinds(&talk, FINDING_JOB), 3);
		assert_int_equal(binary_proof(&talk), PROOF_CONFIRMED);
	}
}

/* The first frame in the middle is held until a second one follows. */
static void test_middle(void **unused)
{
	static const char shares[] = SHARE("\x00", "\x07", "\x44") SHARE("\x01", "\x07", "\x45")
		SHARE("\x02", "\x07", "\x46");

	(void)unused;
	for (size_t len = 0; len < sizeof(shares) - 1; len++)
		assert_int_equal(probe(shares, len), len < 36 ? PROBE_MAYBE : PROBE_YES);
	begin();
	binary_send(&talk, UP, shares, 30, 0);
	assert_int_equal(talk.count, 0);
	binary_send(&talk, UP, shares + 30, 60, 1);
	assert_int_equal(binary_kinds(&talk, FINDING_SHARE), 3);
	assert_int_equal(binary_find(&talk, FINDING_SHARE, 0)->finding.proof, PROOF_LIKELY);
	assert_int_equal(binary_find(&talk, FINDING_SHARE, 1)->finding.proof, PROOF_CONFIRMED);
	assert_true(binary_find(&talk, FINDING_SHARE, 1)->finding.work == 0);
	begin();
	binary_send(&talk, DOWN, BYTES(SET_TARGET("\x05") JOB("\x05", "\x03")), 0);
	assert_int_equal(binary_kinds(&talk, FINDING_DIFFICULTY), 1);
	assert_true(is_near(binary_find(&talk, FINDING_JOB, 0)->finding.work, 1099511627776.0));
}

/* Bytes were lost inside a frame: the next two that fit are found. */
static void test_resync(void **unused)
{
	static const char rest[] =
		"\x00\x80\x1a\x00\x80\x15\x00\x00" HASH SHARE("\x01", "\x07", "\x45")
			SHARE("\x02", "\x07", "\x46") SHARE("\x03", "\x07", "\x47");

	(void)unused;
	for (size_t piece = 0; piece < 9; piece++) {
		begin();
		binary_send(&talk, UP, BYTES(SETUP), piece);
		binary_send(&talk, UP, rest, sizeof(rest) - 1, piece);
		assert_int_equal(binary_kinds(&talk, FINDING_SHARE), 3);
	}
}

static void test_worker_in_share(void **unused)
{
	static const char share[] =
		"\x00\x80\x1b\x2a\x00\x00\x01\x00\x00\x00\x05\x00\x00\x00\x07\x00\x00\x00\x44\x33"
		"\x22\x11\xaa\xf0\xb1\x66\x00\x00\x00\x20\x08\x01\x02\x03\x04\x05\x06\x07\x08";
	char bytes[64];

	(void)unused;
	for (int form = 0; form < 2; form++) {
		memcpy(bytes, share, sizeof(share) - 1);
		size_t len = sizeof(share) - 1;

		memcpy(bytes + len,
		       form == 0 ? "\x00\x02\x01\x00\x04rig7" : "\x00\x02\x01\x04\x00rig7", 9);
		begin();
		binary_send(&talk, UP, BYTES(SETUP OPEN), 0);
		binary_send(&talk, UP, bytes, len + 9, 0);
		assert_string_equal(binary_find(&talk, FINDING_SHARE, 0)->worker, "rig7");
		assert_int_equal(binary_find(&talk, FINDING_SHARE, 0)->finding.proof,
				 PROOF_CONFIRMED);
	}
}

/* Two users, two channels of one group with targets of their own. */
static void test_channels(void **unused)
{
	static const char open2[] = "\x00\x00\x13\x34\x00\x00\x02\x00\x00\x00\x09"
				    "acct.rig2\x21\xe6\xb5\x56" ONES8 ONES8 ONES8 ONES8 "\x08\x00";
	static const char opened2[] =
		"\x00\x00\x14\x33\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00" TARGET_HARD
		"\x08\x00\x04pref\x09\x00\x00\x00";
	static const char closed[] = "\x00\x80\x18\x07\x00\x00\x02\x00\x00\x00\x02no";
	static const char update[] =
		"\x00\x80\x16\x28\x00\x00\x01\x00\x00\x00\x00\x24\x74\x49" ONES8 ONES8 ONES8 ONES8;
	const struct heard *heard;

	(void)unused;
	begin();
	binary_send(&talk, UP, BYTES(SETUP OPEN), 0);
	binary_send(&talk, DOWN, BYTES(SETUP_OK OPENED), 0);
	binary_send(&talk, UP, BYTES(open2), 0);
	binary_send(&talk, DOWN, BYTES(opened2), 0);
	heard = binary_find(&talk, FINDING_LOGIN, 1);
	assert_string_equal(heard->worker, "rig2");
	assert_true(heard->finding.is_proxy);
	assert_true(is_near(binary_find(&talk, FINDING_CLAIMED_RATE, 1)->finding.rate, 2e14));
	/* a job of the group is one for each */
	binary_send(&talk, DOWN, BYTES(JOB("\x09", "\x07")), 0);
	assert_int_equal(binary_kinds(&talk, FINDING_JOB), 2);
	assert_true(binary_find(&talk, FINDING_JOB, 0)->finding.work == 4294967296.0);
	assert_true(is_near(binary_find(&talk, FINDING_JOB, 1)->finding.work, 1099511627776.0));
	binary_send(&talk, UP, BYTES(SHARE("\x00", "\x07", "\x44")), 0);
	assert_int_equal(binary_find(&talk, FINDING_SHARE, 0)->finding.job,
			 binary_find(&talk, FINDING_JOB, 0)->finding.job);
	binary_send(&talk, DOWN, BYTES(closed), 0);
	binary_send(&talk, UP, BYTES(update), 0);
	assert_true(is_near(binary_find(&talk, FINDING_CLAIMED_RATE, 2)->finding.rate, 1e6));
	binary_send(&talk, DOWN, BYTES(JOB("\x09", "\x08")), 0);
	assert_int_equal(binary_kinds(&talk, FINDING_JOB), 3);
}

/* More channels than are remembered: what is not known is not made up. */
static void test_many_channels(void **unused)
{
	char opened[] = OPENED;
	char open[] = OPEN;
	char job[] = JOB("\x01", "\x07");

	(void)unused;
	begin();
	binary_send(&talk, UP, BYTES(SETUP), 0);
	for (int i = 1; i < 40; i++) {
		open[6] = (char)i;
		opened[6] = (char)i;
		opened[10] = (char)i;
		opened[sizeof(opened) - 5] = (char)i; /* a group of its own */
		binary_send(&talk, UP, open, sizeof(open) - 1, 0);
		binary_send(&talk, DOWN, opened, sizeof(opened) - 1, 0);
	}
	assert_true(is_near(binary_find(&talk, FINDING_CLAIMED_RATE, 38)->finding.rate, 39e14));
	job[6] = 39;
	binary_send(&talk, DOWN, job, sizeof(job) - 1, 0);
	job[6] = 1;
	binary_send(&talk, DOWN, job, sizeof(job) - 1, 0);
	assert_true(binary_find(&talk, FINDING_JOB, 0)->finding.work == 4294967296.0);
	assert_true(binary_find(&talk, FINDING_JOB, 1)->finding.work == 0);
}

/* A job with its coinbase: who made the block. */
static void test_extended_job(void **unused)
{
	static const char job[] =
		"\x00\x80\x1f\xa9\x00\x00\x01\x00\x00\x00\x0b\x00\x00\x00\x01\xaa\xf0\xb1\x66\x00"
		"\x00"
		"\x00\x20\x01\x01" HASH "\x3a\x00\x02\x00\x00\x00\x01" ZEROS8 ZEROS8 ZEROS8 ZEROS8
		"\xff\xff\xff\xff\x18\x03\x40\x42\x0f/pool.example/"
		"\x30\x00\xff\xff\xff\xff\x01\x00\xf2\x05\x2a\x01\x00\x00\x00\x16\x00\x14"
		"0123456789abcdefghij\0\0\0\0" HASH;
	char bytes[sizeof(job)];

	(void)unused;
	memcpy(bytes, job, sizeof(job));
	/* header 6, head 4 + 4 + 1 + 4 + 4 + 1 + 1, branch 32, first 2 + 59, second 2 + 43 */
	size_t first = 4 + 1 + 32 + 4 + 1 + 4 + 14;
	size_t second = 4 + 1 + 8 + 1 + 22 + 4;
	size_t len = 19 + 32 + 2 + first + 2 + second;
	bytes[3] = (char)len;
	bytes[6 + 19 + 32] = (char)first;
	bytes[6 + 19 + 32 + 2 + first] = (char)second;
	begin();
	binary_send(&talk, DOWN, BYTES(SETUP_OK OPENED), 0);
	binary_send(&talk, DOWN, bytes, 6 + len, 0);
	assert_int_equal(binary_kinds(&talk, FINDING_JOB), 1);
	assert_memory_equal(binary_find(&talk, FINDING_JOB, 0)->payout, "bc1qx", 5);
	assert_int_equal(binary_find(&talk, FINDING_JOB, 0)->finding.tag.len, 14);
	assert_int_equal(talk.foreign, 0);
	assert_int_equal(probe(bytes, 6 + len), PROBE_MAYBE);
	assert_int_equal(probe(bytes, 6 + 130), PROBE_YES);
	bytes[6 + 8] = 2; /* neither with nor without a time */
	assert_int_equal(probe(bytes, 6 + len), PROBE_NO);
}

static void test_reconnect_and_token(void **unused)
{
	static const char reconnect[] = "\x00\x00\x04\x12\x00\x00\x0fv2.pool.example\xce\x85";
	static const char token[] = "\x00\x00\x50\x0e\x00\x00\x09"
				    "acct.rig3\x01\x00\x00\x00";

	(void)unused;
	begin();
	binary_send(&talk, UP, BYTES(SETUP), 0);
	binary_send(&talk, DOWN, BYTES(reconnect), 1);
	assert_string_equal(binary_find(&talk, FINDING_RECONNECT, 0)->pool,
			    "v2.pool.example:34254");
	binary_send(&talk, UP, BYTES(token), 0);
	assert_string_equal(binary_find(&talk, FINDING_IDENTITY, 0)->worker, "rig3");
}

/* What is cut tells what is there, and never more. */
static void test_cut(void **unused)
{
	(void)unused;
	for (size_t len = 0; len < sizeof(SETUP OPEN) - 1; len++) {
		begin();
		binary_send(&talk, UP, SETUP OPEN, len, 0);
		binary_end(&talk, UP);
		if (len < 16)
			assert_int_equal(talk.count, 0);
		if (binary_kinds(&talk, FINDING_LOGIN) > 0)
			assert_string_equal(binary_find(&talk, FINDING_LOGIN, 0)->worker, "rig1");
	}
	for (size_t len = 1; len < 30; len++) {
		begin();
		binary_send(&talk, UP, BYTES(SETUP), 0);
		binary_send(&talk, UP, SHARE("\x00", "\x07", "\x44"), len, 0);
		binary_end(&talk, UP);
		assert_int_equal(binary_kinds(&talk, FINDING_SHARE), len >= 6 + 16);
	}
}

/* A frame longer than is kept: its rest is skipped, and what follows is heard. */
static void test_too_long(void **unused)
{
	static char bytes[200000];
	static const char head[] = "\x00\x00\x57\x3a\x0d\x03"; /* a block's transactions */

	(void)unused;
	memcpy(bytes, head, 6);
	memset(bytes + 6, 'x', sizeof(bytes) - 6);
	for (size_t piece = 0; piece < 5000; piece += 1460) {
		begin();
		binary_send(&talk, UP, BYTES(SETUP OPEN), 0);
		binary_send(&talk, UP, bytes, sizeof(bytes), piece);
		for (int i = 0; i < 3; i++)
			binary_send(&talk, UP, BYTES(SHARE("\x00", "\x07", "\x44")), piece);
		assert_int_equal(binary_kinds(&talk, FINDING_SHARE), 3);
	}
}

static void test_bad_numbers(void **unused)
{
	static const char *const rates[] = { "\x00\x00\xc0\x7f", "\x00\x00\x80\x7f",
					     "\x00\x00\x80\xff", "\x00\x00\x80\xbf",
					     "\x00\x00\x00\x80" };
	char open[] = OPEN;
	char opened[] = OPENED;

	(void)unused;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		memcpy(open + 6 + 4 + 1 + 9, rates[i], 4);
		begin();
		binary_send(&talk, UP, BYTES(SETUP), 0);
		binary_send(&talk, UP, open, sizeof(open) - 1, 0);
		assert_int_equal(binary_kinds(&talk, FINDING_LOGIN), 1);
		assert_int_equal(binary_kinds(&talk, FINDING_CLAIMED_RATE), 0);
	}
	memset(opened + 14, 0, 32); /* no hash can be that low */
	begin();
	binary_send(&talk, UP, BYTES(SETUP OPEN), 0);
	binary_send(&talk, DOWN, opened, sizeof(opened) - 1, 0);
	binary_send(&talk, DOWN, BYTES(JOB("\x01", "\x07")), 0);
	assert_true(binary_find(&talk, FINDING_JOB, 0)->finding.work == 0);
}

/* Every other value of any byte of what a probe looks at. */
static void test_near_misses(void **unused)
{
	static const struct {
		size_t at;
		char byte;
	} wrong[] = { { 0, 1 },  { 1, 1 },  { 2, 2 },      { 3, 0x0f }, { 5, 1 },
		      { 6, 3 },  { 7, 1 },  { 8, 1 },      { 9, 0 },    { 10, 1 },
		      { 12, 1 }, { 14, 1 }, { 16, '\x01' } };
	char setup[] = SETUP;

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memcpy(setup, SETUP, sizeof(setup));
		setup[wrong[i].at] = wrong[i].byte;
		assert_int_equal(probe(setup, sizeof(setup) - 1), PROBE_NO);
		begin();
		binary_send(&talk, UP, setup, sizeof(setup) - 1, 0);
		binary_end(&talk, UP);
		assert_int_equal(talk.count, 0);
	}
	memcpy(setup, SETUP, sizeof(setup));
	setup[3]++; /* strings that do not fill it */
	begin();
	binary_send(&talk, UP, setup, sizeof(setup) - 1, 0);
	binary_send(&talk, UP, BYTES(SHARE("\x00", "\x07", "\x44")), 0);
	assert_true(binary_proof(&talk) <= PROOF_LIKELY);
	assert_int_equal(binary_kinds(&talk, FINDING_SHARE), 0);
	/* one frame alone, then something else */
	begin();
	binary_send(&talk, UP, BYTES(SHARE("\x00", "\x07", "\x44") "GET / HTTP/1.1\r\n\r\n"), 0);
	assert_int_equal(talk.count, 0);
	assert_int_equal(talk.sides[UP].probe, PROBE_NO);
}

static void test_others(void **unused)
{
	static const struct {
		const char *bytes;
		size_t len;
	} others[] = {
		{ BYTES("\x00\x00\x00\x55\xff\x53\x4d\x42\x72\x00\x00\x00\x00\x18\x53\xc8") },
		{ BYTES("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00") },
		{ BYTES("\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00") },
		{ BYTES("{\"id\":1}") },
		{ BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03") },
		{ BYTES("\x01\x21\x01\x01\x01\x01\x01\x01") },
		{ BYTES("\x00\x1d\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07"
			"example") },
	};
	uint32_t seed = 1;
	uint8_t bytes[256];

	(void)unused;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(probe(others[i].bytes, others[i].len), PROBE_NO);
	for (int i = 0; i < 20000; i++) {
		for (size_t k = 0; k < sizeof(bytes); k++) {
			seed = seed * 1664525 + 1013904223;
			bytes[k] = (uint8_t)(seed >> 24);
		}
		bytes[0] = 0;
		bytes[1] = i % 2 == 0 ? 0 : 0x80;
		assert_int_not_equal(probe((const char *)bytes, sizeof(bytes)), PROBE_YES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_one_side),
		cmocka_unit_test(test_middle),
		cmocka_unit_test(test_resync),
		cmocka_unit_test(test_worker_in_share),
		cmocka_unit_test(test_channels),
		cmocka_unit_test(test_many_channels),
		cmocka_unit_test(test_extended_job),
		cmocka_unit_test(test_reconnect_and_token),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_bad_numbers),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
