/* test_branch_alephium.c: Alephium: jobs by the dozen, as objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/branch_talk.h"

#define AUTHORIZE(user) "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" user "\",\"x\"]}"
#define OK(id)          "{\"id\":" #id ",\"result\":true,\"error\":null}"

#define BLOB H64 H64 H64
#define JOB_OF(id, from, to) \
	"{\"jobId\":\"" id "\",\"fromGroup\":" from ",\"toGroup\":" to ",\"headerBlob\":\"" BLOB \
	"\",\"txsBlob\":\"01" H16 "\",\"height\":1234567,\"targetBlob\":\"00000000" H64 "\"}"
#define JOBS_OF(jobs) "{\"id\":null,\"method\":\"mining.notify\",\"params\":[" jobs "]}"
#define JOBS          JOBS_OF(JOB_OF("7001", "0", "0") "," JOB_OF("7002", "0", "3"))
#define DIFFICULTY    "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[0.5]}"
#define USER          "125iczLYW2S2qo1KbqvFNJbtmc5nqJectwCejxTe3hiXY.rig1"
#define SHARE_OF(job, nonce) \
	"{\"id\":9,\"method\":\"mining.submit\",\"params\":{\"jobId\":" job "," \
	"\"fromGroup\":0,\"toGroup\":3,\"nonce\":\"" nonce "\",\"worker\":\"" USER "\"}}"
#define SHARE SHARE_OF("7002", "515a" H8 H8 H8 H8 H8 "0102")

static void test_session(void **unused)
{
	(void)unused;
	begin();
	/* it begins before anybody asks */
	const struct heard *heard = say_down(DIFFICULTY);
	assert_int_equal(heard->finding.kind, FINDING_DIFFICULTY);
	assert_true(talk_down(&talk, JOBS));
	assert_int_equal(talk.count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(talk.heard[i].finding.kind, FINDING_JOB);
		assert_int_equal(talk.heard[i].finding.proof, PROOF_CONFIRMED);
		assert_true(talk.heard[i].finding.work == 0x1p33);
		assert_string_equal(name_of(&talk.heard[i]), "alephium");
		assert_string_equal(talk.heard[i].finding.coin, "ALPH");
	}
	uint64_t job = talk.heard[1].finding.job;
	assert_true(talk.heard[0].finding.job != job);
	assert_string_equal(talk.heard[0].algo, "blake3");
	heard = say_up(SHARE);
	assert_int_equal(heard->finding.kind, FINDING_SHARE);
	assert_int_equal(heard->finding.job, job);
	assert_true(heard->finding.wants_reply);
	assert_string_equal(heard->worker, "rig1");
	assert_string_equal(heard->finding.wallet.coin, "ALPH");
	uint64_t request = heard->finding.request;
	heard = say_down("{\"id\":9,\"method\":\"mining.submit_result\",\"result\":true,"
			 "\"error\":null}");
	assert_int_equal(heard->finding.kind, FINDING_REPLY);
	assert_int_equal(heard->finding.request, request);
	assert_true(heard->finding.is_ok);
	heard = say_down("{\"id\":9,\"method\":\"mining.submit_result\",\"result\":false,"
			 "\"error\":[21,\"Job not found\",null]}");
	assert_false(heard->finding.is_ok);
	assert_true(heard->finding.is_stale);
	heard = say_down(DIFFICULTY);
	assert_true(heard->finding.work == 0x1p33);
}

static void test_any_moment(void **unused)
{
	(void)unused;
	begin();
	const struct heard *heard = say_up(SHARE);
	assert_string_equal(name_of(heard), "alephium");
	uint64_t nonce = heard->finding.nonce;
	uint64_t job = heard->finding.job;
	/* the same share again, and another */
	heard = say_up(SHARE_OF("\"7002\"", "515A" H8 H8 H8 H8 H8 "0102"));
	assert_int_equal(heard->finding.nonce, nonce);
	assert_int_equal(heard->finding.job, job);
	heard = say_up(SHARE_OF("7002", "515a" H8 H8 H8 H8 H8 "0103"));
	assert_true(heard->finding.nonce != nonce);
	/* a verdict by itself */
	begin();
	heard = say_down("{\"id\":9,\"method\":\"mining.submit_result\",\"result\":true}");
	assert_int_equal(heard->finding.reply_to, REPLY_TO_SHARE);
	assert_int_equal(heard->finding.kind, FINDING_REPLY);
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
}

static void test_claimed_rate(void **unused)
{
	(void)unused;
	begin();
	const struct heard *heard =
		say_up("{\"id\":3,\"method\":\"alph_submitHashrate\",\"params\":[\"0x3b9aca00\","
		       "\"0x" H64 "\"]}");
	assert_int_equal(heard->finding.kind, FINDING_CLAIMED_RATE);
	assert_true(heard->finding.rate == 1e9);
	heard = say_up("{\"id\":3,\"method\":\"alph_submitHashrate\",\"params\":[2.5e9]}");
	assert_true(heard->finding.rate == 2.5e9);
	assert_false(
		talk_up(&talk, "{\"id\":3,\"method\":\"alph_submitHashrate\",\"params\":[0]}"));
	assert_false(talk_up(&talk, "{\"id\":3,\"method\":\"alph_submitHashrate\",\"params\":[]}"));
}

static void test_near_misses(void **unused)
{
	static const char *const jobs[] = {
		"[{\"jobId\":\"1\",\"fromGroup\":0,\"toGroup\":0,\"headerBlob\":\"00\"}]",
		"[{\"jobId\":\"1\",\"fromGroup\":0,\"toGroup\":900,\"headerBlob\":\"" BLOB "\"}]",
		"[{\"jobId\":\"1\",\"fromGroup\":0,\"headerBlob\":\"" BLOB "\"}]",
		"[{\"fromGroup\":0,\"toGroup\":0,\"headerBlob\":\"" BLOB "\"}]",
		"{\"jobId\":\"1\",\"fromGroup\":0,\"toGroup\":0,\"headerBlob\":\"" BLOB "\"}",
		"[{}]",
		"[[]]",
	};
	char text[1024];

	(void)unused;
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		snprintf(text, sizeof(text), "{\"method\":\"mining.notify\",\"params\":%s}",
			 jobs[i]);
		assert_unproven(DIR_TO_CLIENT, text);
	}
	assert_unproven(DIR_TO_SERVER, SHARE_OF("1", H16));
	assert_unproven(DIR_TO_SERVER, "{\"method\":\"mining.submit\",\"params\":{\"jobId\":1}}");
}

static void test_spellings_and_cuts(void **unused)
{
	(void)unused;
	assert_spellings(DIR_TO_CLIENT, JOBS);
	assert_spellings(DIR_TO_SERVER, SHARE);
	assert_cuts(DIR_TO_CLIENT, JOBS, "\"headerBlob\":\"" BLOB "\"");
	assert_cuts(DIR_TO_SERVER, SHARE, "0102\"");
	/* what the cut message still held counts */
	static const char jobs[] = JOBS;
	begin();
	assert_true(talk_bytes(&talk, DIR_TO_CLIENT, jobs, sizeof(jobs) - 200, true));
	assert_int_equal(talk.heard[0].finding.proof, PROOF_CONFIRMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_any_moment),
		cmocka_unit_test(test_claimed_rate),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_spellings_and_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
