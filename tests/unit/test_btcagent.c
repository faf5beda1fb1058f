/* test_btcagent.c: binary messages amid the lines of Stratum V1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocols/target.h"
#include "tests/unit/dialect_talk.h"

#define H8        "1a2b3c4d"
#define H64       H8 H8 H8 H8 H8 H8 H8 H8
#define USER      "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E.rig07"
#define SUBSCRIBE "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"btccom-agent/1.0\"]}\n"
#define NOTIFY \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"7\",\"" H64 \
	"\",\"01\",\"ff\",[]," \
	"\"20000000\",\"1703a30c\",\"66b1f0aa\",true]}\n"
#define REGISTER \
	"\x7f\x01\x1b\x00\x03\x00" \
	"cgminer/4.10\0" \
	"ann.w01\0"
#define SHARE "\x7f\x02\x0f\x00\x07\x03\x00\x01\x00\x00\x00\x2a\x0f\x1e\x5c"
#define SHARE_13 \
	"\x7f\x13\x17\x00\x07\x03\x00\x02\x00\x00\x00\x2a\x0f\x1e\x5c\xab\xf0\xb1\x66\x00\x00\xa0" \
	"\x00"
#define SHARE_12        "\x7f\x12\x0f\x00\x07\x03\x00\x02\x00\x00\x00\x2a\x0f\x1e\x5c\x00\x00\xa0\x00"
#define SET_DIFF        "\x7f\x05\x0b\x00\x0c\x02\x00\x03\x00\x04\x00"
#define LEAVE           "\x7f\x04\x06\x00\x03\x00"
#define SAY(dir, bytes) talk_bytes(&talk, dir, bytes, sizeof(bytes) - 1, false)

static struct talk talk;
static struct json doc;
static const struct heard *const heard = &talk.heard[0];

static void begin(void)
{
	talk_begin(&talk, &dialect_stratum_v1);
}

static void test_session(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, SUBSCRIBE));
	assert_true(heard->finding.is_proxy);
	assert_true(SAY(DIR_TO_SERVER, REGISTER));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_IDENTITY);
	assert_string_equal(talk_dialect(&talk), "btcagent");
	assert_string_equal(heard->agent, "cgminer/4.10");
	assert_string_equal(heard->worker, "ann.w01");
	assert_true(heard->finding.is_proxy);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_true(SAY(DIR_TO_CLIENT, SET_DIFF));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_DIFFICULTY);
	assert_int_equal(heard->finding.sender, SENDER_POOL);
	assert_true(heard->finding.difficulty == 4096);
	assert_true(talk_down(&talk, NOTIFY));
	assert_true(heard->finding.difficulty == 4096);
	assert_true(heard->finding.work == 4096 * TARGET_WORK_BITCOIN);
	uint64_t job = heard->finding.job;

	assert_true(SAY(DIR_TO_SERVER, SHARE));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
	assert_false(heard->finding.wants_reply);
	uint64_t nonce = heard->finding.nonce;
	assert_true(SAY(DIR_TO_SERVER, SHARE));
	assert_int_equal(heard->finding.nonce, nonce);
	assert_true(SAY(DIR_TO_SERVER, SHARE_13));
	assert_true(heard->finding.nonce != nonce);
	assert_true(SAY(DIR_TO_SERVER, LEAVE));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REQUEST);
}

/* One message that looks like it is weak, a second one is no chance. */
static void test_mid_stream(void **unused)
{
	(void)unused;
	begin();
	assert_true(SAY(DIR_TO_SERVER, SHARE));
	assert_int_equal(heard->finding.proof, PROOF_SUSPECT);
	assert_true(SAY(DIR_TO_SERVER, SHARE_12));
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	begin();
	assert_true(SAY(DIR_TO_CLIENT, SET_DIFF));
	assert_int_equal(heard->finding.proof, PROOF_SUSPECT);
	assert_true(SAY(DIR_TO_SERVER, SHARE));
	assert_true(heard->finding.difficulty == 4096);
}

/* Frames the stream and says each message; the kinds that were heard, as text. */
static const char *stream(const char *bytes, size_t len, enum direction dir)
{
	static char kinds[64];
	struct slice in = slice_of(bytes, len);
	size_t skip;
	size_t size;
	size_t count = 0;

	while (in.len > 0) {
		enum frame_result result = dialect_stratum_v1.frame(&doc, in, &skip, &size);

		assert_true(skip <= in.len);
		if (result == FRAME_MORE)
			break;
		if (result == FRAME_BAD) {
			in = slice_tail(in, skip);
			continue;
		}
		assert_true(size > 0 && size <= in.len - skip);
		struct slice one = slice_sub(in, skip, size);
		bool is_ours = talk_bytes(&talk, dir, (const char *)one.ptr, one.len, false);

		kinds[count++] = !is_ours          ? '?'
				 : talk.count == 0 ? '-'
						   : (char)("slJDSrRkcCin"[heard->finding.kind]);
		in = slice_tail(in, skip + size);
	}
	kinds[count] = '\0';
	return kinds;
}

#define STREAM(dir, bytes) stream(bytes, sizeof(bytes) - 1, dir)

static void test_mixed_stream(void **unused)
{
	(void)unused;
	begin();
	assert_string_equal(STREAM(DIR_TO_SERVER, SUBSCRIBE REGISTER SHARE
				   "\n" SUBSCRIBE SHARE_13 SHARE_12 LEAVE SUBSCRIBE),
			    "siSsSSrs");
	begin();
	assert_string_equal(STREAM(DIR_TO_CLIENT, SET_DIFF NOTIFY SET_DIFF SET_DIFF), "DJDD");
	/* the end of a message whose beginning was lost */
	begin();
	assert_string_equal(STREAM(DIR_TO_SERVER, "\x01\x00\x2a\x0f\x1e\x5c" SHARE SUBSCRIBE),
			    "Ss");
	assert_string_equal(STREAM(DIR_TO_SERVER, "rig07\",\"x\"]}\n" SHARE SUBSCRIBE), "Ss");
	/* inside a text it is a letter */
	assert_string_equal(STREAM(DIR_TO_SERVER, "{\"id\":1,\"method\":\"mining.subscribe\","
						  "\"params\":[\"a\x7f b\"]}"),
			    "s");
}

static void test_any_segmentation(void **unused)
{
	static const char all[] = SUBSCRIBE REGISTER SHARE SHARE_13 SUBSCRIBE SHARE_12 LEAVE;
	size_t skip;
	size_t len;
	size_t whole;

	(void)unused;
	for (size_t at = 0; at < sizeof(all) - 1;) {
		struct slice rest = slice_of(all + at, sizeof(all) - 1 - at);

		assert_int_equal(dialect_stratum_v1.frame(&doc, rest, &skip, &whole), FRAME_WHOLE);
		for (size_t have = 1; have < skip + whole; have++) {
			assert_int_equal(
				dialect_stratum_v1.frame(&doc, slice_head(rest, have), &skip, &len),
				FRAME_MORE);
			assert_true(skip <= 1); /* no byte of a message is dropped */
		}
		assert_int_equal(dialect_stratum_v1.frame(&doc, rest, &skip, &whole), FRAME_WHOLE);
		at += skip + whole;
	}
}

/* A stream that was picked up between two lines. */
static void test_picked_up(void **unused)
{
	static const char two[] = SHARE SHARE_12;

	(void)unused;
	for (size_t len = 0; len < sizeof(two) - 1; len++)
		assert_int_equal(dialect_btcagent.probe(slice_of(two, len), DIR_TO_SERVER),
				 PROBE_MAYBE);
	assert_int_equal(dialect_btcagent.probe(slice_of(two, sizeof(two) - 1), DIR_TO_SERVER),
			 PROBE_YES);
	assert_int_equal(dialect_btcagent.probe(slice_str(SUBSCRIBE), DIR_TO_SERVER), PROBE_NO);
	assert_int_equal(dialect_btcagent.probe(slice_str("\x7f"
							  "ELF"),
						DIR_TO_SERVER),
			 PROBE_NO);
	talk_begin(&talk, &dialect_btcagent);
	assert_false(talk_up(&talk, SUBSCRIBE));
	assert_true(SAY(DIR_TO_SERVER, SHARE));
	assert_true(SAY(DIR_TO_SERVER, SHARE_13));
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_true(talk_down(&talk, NOTIFY));
	assert_int_equal(heard->finding.kind, FINDING_JOB);
}

static void test_near_misses(void **unused)
{
	static const struct {
		const char *bytes;
		size_t len;
	} wrong[] = {
		{ "\x7f\x02\x10\x00\x07\x03\x00\x01\x00\x00\x00\x2a\x0f\x1e\x5c\x00", 16 },
		{ "\x7f\x06\x0f\x00\x07\x03\x00\x01\x00\x00\x00\x2a\x0f\x1e\x5c", 15 },
		{ "\x7e\x02\x0f\x00\x07\x03\x00\x01\x00\x00\x00\x2a\x0f\x1e\x5c", 15 },
		{ "\x7f\x05\x09\x00\x0c\x02\x00\x03\x00", 9 }, /* two, but one is there */
		{ "\x7f\x05\x09\x00\x7c\x01\x00\x03\x00", 9 }, /* 2^124 */
		{ "\x7f\x01\x0a\x00\x03\x00"
		  "abcd",
		  10 }, /* no NUL */
		{ "\x7f\x01\x0a\x00\x03\x00"
		  "\x01\0b\0",
		  10 },                                                         /* no text */
		{ "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL", 16 }, /* ZMTP */
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin();
		assert_false(talk_bytes(&talk, DIR_TO_SERVER, wrong[i].bytes, wrong[i].len, false));
		assert_int_equal(talk.count, 0);
		/* and nothing of it stays: the next one is alone again */
		assert_true(SAY(DIR_TO_SERVER, SHARE));
		assert_int_equal(heard->finding.proof, PROOF_SUSPECT);
	}
	begin();
	for (size_t len = 0; len < sizeof(SHARE) - 1; len++)
		assert_false(talk_bytes(&talk, DIR_TO_SERVER, SHARE, len, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),      cmocka_unit_test(test_mid_stream),
		cmocka_unit_test(test_mixed_stream), cmocka_unit_test(test_any_segmentation),
		cmocka_unit_test(test_picked_up),    cmocka_unit_test(test_near_misses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
