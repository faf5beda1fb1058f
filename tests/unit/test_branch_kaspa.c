/* test_branch_kaspa.c: Kaspa, with jobs as numbers and as one text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/branch_talk.h"

#define AUTHORIZE(user) "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" user "\",\"x\"]}"
#define OK(id)          "{\"id\":" #id ",\"result\":true,\"error\":null}"

#define WALLET "kaspa:qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0jqsxdsp6jf"
#define SUBSCRIBED \
	"{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":[true,\"EthereumStratum/" \
	"1.0.0\"],\"error\":null}"
#define DIFFICULTY "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[4.5]}"
#define JOB_WORDS \
	"{\"id\":17,\"jsonrpc\":\"2.0\",\"method\":\"mining.notify\",\"params\":[\"17\"," \
	"[10563415418293614234,18446744073709551615,1,9007199254740993],1700000000123]}"
#define JOB_TEXT "{\"id\":17,\"method\":\"mining.notify\",\"params\":[\"17\",\"" H64 H16 "\"]}"
#define SHARE \
	"{\"id\":5,\"method\":\"mining.submit\",\"params\":[\"" WALLET ".rig1\",\"17\"," \
	"\"0x00290a1b2c3d4e5f\"]}"

static void test_session(void **unused)
{
	(void)unused;
	begin();
	say_up("{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"lolMiner 1.76\"]}");
	const struct heard *heard = say_down(SUBSCRIBED);
	assert_int_equal(heard->finding.kind, FINDING_REPLY);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_true(heard->finding.is_ok);
	assert_string_equal(name_of(heard), "kaspa");
	heard = say_up(AUTHORIZE(WALLET ".rig1"));
	assert_int_equal(heard->finding.kind, FINDING_LOGIN);
	assert_string_equal(heard->wallet, WALLET);
	assert_string_equal(heard->worker, "rig1");
	heard = say_down("{\"id\":null,\"method\":\"set_extranonce\",\"params\":[\"0029\",6]}");
	assert_int_equal(heard->finding.sender, SENDER_POOL);
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
	heard = say_down(DIFFICULTY);
	assert_true(heard->finding.work == 4.5 * 0x1p32);
	heard = say_down(JOB_WORDS);
	assert_int_equal(heard->finding.kind, FINDING_JOB);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_true(heard->finding.work == 4.5 * 0x1p32);
	assert_string_equal(name_of(heard), "kaspa");
	assert_string_equal(heard->algo, "kheavyhash");
	assert_string_equal(heard->finding.coin, "KAS");
	uint64_t job = heard->finding.job;
	heard = say_up(SHARE);
	assert_int_equal(heard->finding.kind, FINDING_SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
	assert_true(heard->finding.wants_reply);
	assert_string_equal(heard->worker, "rig1");
	uint64_t request = heard->finding.request;
	heard = say_down(OK(5));
	assert_int_equal(heard->finding.request, request);
	assert_true(heard->finding.is_ok);
	assert_string_equal(name_of(heard), "kaspa");
}

/* Either form of a job, and a share that names its coin, prove it without a word before. */
static void test_any_moment(void **unused)
{
	(void)unused;
	begin();
	assert_string_equal(name_of(say_down(JOB_TEXT)), "kaspa");
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	assert_true(talk.heard[0].finding.work == 0);
	begin();
	assert_string_equal(name_of(say_down(JOB_WORDS)), "kaspa");
	begin();
	assert_string_equal(name_of(say_up(SHARE)), "kaspa");
	uint64_t nonce = talk.heard[0].finding.nonce;
	/* without 0x, where the address tells */
	begin();
	say_up("{\"id\":5,\"method\":\"mining.submit\",\"params\":[\"" WALLET ".rig1\",\"17\","
	       "\"00290A1B2C3D4E5F\"]}");
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	assert_string_equal(name_of(&talk.heard[0]), "kaspa");
	assert_int_equal(talk.heard[0].finding.nonce, nonce);
	/* as a number, which may have more digits */
	begin();
	say_up("{\"id\":5,\"method\":\"mining.submit\",\"params\":[\"" WALLET ".rig1\",\"17\","
	       "\"11529215046068469760\"]}");
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	assert_string_equal(name_of(&talk.heard[0]), "kaspa");
	/* a hash and the milliseconds behind it; a height is no time */
	begin();
	assert_string_equal(
		name_of(say_down("{\"method\":\"mining.notify\",\"params\":[\"17\",\"" H64
				 "\",1718000000123]}")),
		"kaspa");
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	begin();
	say_down("{\"method\":\"mining.notify\",\"params\":[\"17\",\"" H64 "\",17180000]}");
	assert_int_equal(talk_proof(&talk), PROOF_LIKELY);
	/* the roles the wrong way round */
	begin();
	assert_int_equal(say_up(JOB_TEXT)->finding.sender, SENDER_POOL);
}

/* Chains that took over its protocol are not called Kaspa's coin. */
static void test_offshoot(void **unused)
{
	(void)unused;
	begin();
	say_up(AUTHORIZE(
		"karlsen:qqgpzysnzs23v9ccrydpk8qarc0jqgfzyvjz2f389q5j52ev95hz7n26xfmkz.r"));
	say_down(JOB_WORDS);
	assert_string_equal(talk.heard[0].finding.coin, "KLS");
	assert_string_equal(talk.heard[0].algo, "");
	begin();
	say_up(AUTHORIZE("astrix:qqqqzqsrqszsvpcgpy9qkrqdpc83qygjzv2p29shrqv35xcur50p7gtkmaxhv.r"));
	say_down(JOB_WORDS);
	assert_string_equal(name_of(&talk.heard[0]), "kaspa");
	assert_string_equal(talk.heard[0].finding.coin, "");
	assert_string_equal(talk.heard[0].algo, "");
	/* who is paid in something else mines Kaspa all the same */
	begin();
	say_up(AUTHORIZE("RAk9Lfuno4gMbbMFjYfaJbxnmxtdLfpeC4.r"));
	say_down(JOB_WORDS);
	assert_string_equal(talk.heard[0].finding.coin, "KAS");
}

static void test_near_misses(void **unused)
{
	static const char *const jobs[] = {
		"[\"17\",[1,2,3],1700000000123]",
		"[\"17\",[1,2,3,4,5],1700000000123]",
		"[\"17\",[1,2,3,\"x\"],1700000000123]",
		"[\"17\",[1,2,3,4.5],1700000000123]",
		"[\"17\",[1,2,3,-4],1700000000123]",
		"[\"17\",[1,2,3,4]]",
		"[\"17\",[1,2,3,4],1700000000123,true]",
		"[\"17\",\"" H64 H8 "\"]",
		"[\"17\",\"" H64 H16 "\",1]",
		"[null,\"" H64 H16 "\"]",
	};
	char text[512];

	(void)unused;
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		snprintf(text, sizeof(text), "{\"method\":\"mining.notify\",\"params\":%s}",
			 jobs[i]);
		assert_unproven(DIR_TO_CLIENT, text);
	}
	assert_unproven(DIR_TO_SERVER, "{\"id\":5,\"method\":\"mining.submit\",\"params\":[\"ann\","
				       "\"17\",\"00290a1b2c3d4e5f\"]}");
	assert_unproven(DIR_TO_SERVER, "{\"id\":5,\"method\":\"mining.submit\",\"params\":[\"ann\","
				       "\"17\",\"0x00290a1b2c3d4e5f00\"]}");
	begin();
	assert_false(talk_down(&talk, "{\"method\":\"set_extranonce\",\"params\":[\"xyz\",6]}"));
	assert_false(talk_down(&talk, "{\"method\":\"set_extranonce\",\"params\":[\"0029\",60]}"));
	assert_false(talk_down(&talk, "{\"method\":\"set_extranonce\",\"params\":[\"0029\",6,1]}"));
	assert_false(talk_down(&talk, "{\"id\":1,\"result\":[true,\"Something\"]}"));
}

static void test_spellings_and_cuts(void **unused)
{
	(void)unused;
	assert_spellings(DIR_TO_CLIENT, JOB_WORDS);
	assert_spellings(DIR_TO_CLIENT, JOB_TEXT);
	assert_spellings(DIR_TO_SERVER, SHARE);
	/* KawPow's beginning is not Kaspa's whole */
	static const char other[] =
		"{\"id\":5,\"method\":\"mining.submit\",\"params\":[\"ann.r1\",\"17\","
		"\"0x00290a1b2c3d4e5f\",\"0x1a2b";
	begin();
	assert_true(talk_bytes(&talk, DIR_TO_SERVER, other, sizeof(other) - 1, true));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_string_equal(name_of(&talk.heard[0]), "stratum-v1");
	assert_string_equal(talk.heard[0].algo, "");
	assert_cuts(DIR_TO_CLIENT, JOB_WORDS, "9007199254740993]");
	assert_cuts(DIR_TO_CLIENT, JOB_TEXT, H64 H16 "\"");
	assert_cuts(DIR_TO_SERVER, SHARE, "0x00290a1b2c3d4e5f\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_any_moment),
		cmocka_unit_test(test_offshoot),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_spellings_and_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
