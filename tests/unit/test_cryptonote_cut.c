/* test_cryptonote_cut.c: the login dialect where packets were cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/cryptonote_lines.h"
#include "tests/unit/dialect_talk.h"

static struct talk talk;
static const struct heard *const first = &talk.heard[0];

static void begin(void)
{
	talk_begin(&talk, &dialect_cryptonote);
}

static void test_cut_messages(void **unused)
{
	static const char submit[] = SUBMIT;
	static const char reply[] = REPLY(JOB);

	(void)unused;
	for (size_t len = 0; len < sizeof(submit); len++) {
		begin();
		bool is_share = talk_bytes(&talk, DIR_TO_SERVER, submit, len, true);

		bool is_whole = len >= (size_t)(strstr(submit, ",\"algo") - submit);

		assert_true(is_share || !is_whole);
		assert_int_equal(talk.count, is_whole ? 1 : 0);
		assert_int_equal(talk_proof(&talk), is_whole ? PROOF_CONFIRMED : PROOF_NONE);
	}
	for (size_t len = 0; len < sizeof(reply); len++) {
		begin();
		if (talk_bytes(&talk, DIR_TO_CLIENT, reply, len, true) && first->finding.work > 0)
			assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	}
	/* in a flow that is known, a share without its end still counts */
	begin();
	talk_up(&talk, LOGIN);
	assert_true(talk_bytes(&talk, DIR_TO_SERVER, submit,
			       (size_t)(strstr(submit, ",\"result") - submit), true));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(first->finding.proof, PROOF_NONE);
}

/* What a message held up to its first words end, and no more. */
static bool cut_behind(enum direction dir, const char *text, const char *words)
{
	return talk_bytes(&talk, dir, text, (size_t)(strstr(text, words) - text) + strlen(words),
			  true);
}

/* Of jobs some digits of the blob are left. */
static void test_cut_jobs(void **unused)
{
	(void)unused;
	begin();
	assert_true(cut_behind(DIR_TO_CLIENT, PUSH(JOB), "1010f0e8a4cd06"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_JOB);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	assert_true(first->finding.work == 0);
	begin();
	cut_behind(DIR_TO_CLIENT, PUSH(JOB_OF(BLOB_ODD, "")), "10100100000000");
	assert_int_equal(talk.count, 0);
	assert_false(cut_behind(DIR_TO_CLIENT, PUSH(JOB_OF("scene-1.blend", "")), "scene-1"));
	begin();
	talk_up(&talk, LOGIN);
	assert_true(cut_behind(DIR_TO_CLIENT, REPLY(JOB), "\"id\":\"a1"));
	assert_int_equal(talk_only(&talk)->finding.reply_to, REPLY_TO_LOGIN);
	assert_true(first->finding.is_ok);
	assert_true(cut_behind(DIR_TO_CLIENT, REPLY(JOB), "1010f0e8a4cd06"));
	assert_int_equal(talk.count, 2);
	assert_int_equal(first->finding.kind, FINDING_REPLY);
	assert_int_equal(talk.heard[1].finding.proof, PROOF_CONFIRMED);
	/* a template, of which a proxy makes its miners' blobs */
	assert_true(cut_behind(DIR_TO_CLIENT,
			       PUSH("{\"blocktemplate_blob\":\"1010f0e8a4cd06" H64 "\"}"),
			       "1010f0e8a4cd06"));
	assert_true(talk_only(&talk)->finding.is_proxy);
	/* after a login of anybody's, hex alone */
	begin();
	cut_behind(DIR_TO_SERVER, WEAK_LOGIN, "\"login\":\"an");
	assert_int_equal(talk.count, 0);
	assert_false(cut_behind(DIR_TO_CLIENT, PUSH(JOB_OF("scene-1.blend", "")), "scene-1"));
	for (unsigned i = 0; i < 2; i++) {
		assert_true(cut_behind(DIR_TO_CLIENT, PUSH(JOB_OF(H64, "")), H16));
		assert_int_equal(talk_only(&talk)->finding.proof, PROOF_SUSPECT);
		cut_behind(DIR_TO_SERVER, SUBMIT, "\"id\":\"a1");
		assert_false(talk.count > 0 && first->finding.reply_confirms);
	}
	/* after a miner's */
	begin();
	cut_behind(DIR_TO_SERVER, LOGIN, "\"login\":\"42Gc");
	assert_true(cut_behind(DIR_TO_CLIENT, PUSH(JOB_OF(BLOB, "")), "1010f0e8"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
}

/* Of shares nothing but the session's id: once a job was heard, the pool's yes proves them. */
static void test_cut_shares(void **unused)
{
	(void)unused;
	begin();
	cut_behind(DIR_TO_SERVER, SUBMIT, "\"id\":\"a1");
	assert_int_equal(talk.count, 0);
	assert_false(cut_behind(DIR_TO_SERVER, SUBMIT, "\"job_id\":\"9f"));
	talk_up(&talk, LOGIN);
	assert_true(cut_behind(DIR_TO_SERVER, SUBMIT, "\"id\":\"a1"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(first->finding.proof, PROOF_NONE);
	assert_false(first->finding.reply_confirms);
	cut_behind(DIR_TO_CLIENT, PUSH(JOB), "1010f0e8a4cd06");
	assert_true(cut_behind(DIR_TO_SERVER, SUBMIT, "\"job_id\":\"9f"));
	assert_true(talk_only(&talk)->finding.reply_confirms);
	assert_true(first->finding.wants_reply);
	/* who cannot be told from the one before is another one */
	assert_int_equal(first->finding.nonce, 0);
}

/* Nothing but methods: who logs in submits, and the other side sends jobs. */
static void test_cut_words(void **unused)
{
	(void)unused;
	for (unsigned heard = 0; heard < 4; heard++) {
		begin();
		if ((heard & 1) != 0)
			cut_behind(DIR_TO_SERVER, WEAK_LOGIN, "\"login\",");
		assert_int_equal(talk.count, 0);
		if ((heard & 2) != 0)
			cut_behind(DIR_TO_CLIENT, PUSH(JOB), "\"params\":{\"");
		assert_int_equal(talk.count, 0);
		cut_behind(DIR_TO_SERVER, SUBMIT, "\"submit\"");
		assert_int_equal(talk.count, heard == 3 ? 1 : 0);
		assert_int_equal(talk_proof(&talk), heard == 3 ? PROOF_SUSPECT : PROOF_NONE);
		if (heard != 3)
			continue;
		cut_behind(DIR_TO_CLIENT, SUBMIT, "\"submit\"");
		assert_int_equal(talk.count, 0);
	}
	/* words that are whole say what they say */
	begin();
	assert_false(talk_up(&talk, "{\"id\":1,\"method\":\"login\",\"params\":{}}"));
	assert_false(talk_up(&talk, "{\"id\":2,\"method\":\"submit\",\"params\":{}}"));
	/* Grin's have a text for id */
	assert_false(cut_behind(DIR_TO_SERVER,
				"{\"id\":\"0\",\"method\":\"login\",\"params\":null}", "login\","));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_messages),
		cmocka_unit_test(test_cut_jobs),
		cmocka_unit_test(test_cut_shares),
		cmocka_unit_test(test_cut_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
