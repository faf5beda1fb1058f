/* test_stratum_clone.c: the words of Stratum with fields that nobody wrote down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/branch_talk.h"

#define DIFFICULTY "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[256]}"
/* hashes where Bitcoin has something else, in no place where somebody has them */
#define JOB \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"1a2b\",\"" H64 "\",\"" H64 \
	"\",\"" H64 "\",\"00000000\",\"1901b1b1\",\"66b1f0aa\"]}"
#define OTHER_JOB \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"1f\",\"" H64 \
	"\",\"0100\",\"ffff\",[\"" H64 "\"],\"" H64 "\",\"20000000\",\"1a017f3a\"," \
	"\"66b1f0aa\",true]}"
#define AUTHORIZE(user) "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" user "\",\"x\"]}"
/* a nonce of twelve bytes */
#define SHARE(user) \
	"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"" user \
	"\",\"9f\",\"0001\",\"58a1f7e500000000\",\"" H16 H8 "\"]}"

static enum proof proof_down(const char *text)
{
	say_down(text);
	return talk_proof(&talk);
}

static enum proof proof_up(const char *text)
{
	say_up(text);
	return talk_proof(&talk);
}

/* What nobody else says: a difficulty, and then an id with a hash. */
static void test_job(void **unused)
{
	(void)unused;
	begin();
	assert_int_equal(proof_down(JOB), PROOF_LIKELY);
	assert_int_equal(proof_down(OTHER_JOB), PROOF_LIKELY);
	say_down(DIFFICULTY);
	assert_int_equal(proof_down(JOB), PROOF_CONFIRMED);
	assert_string_equal(name_of(&talk.heard[0]), "stratum-v1");
	assert_true(talk.heard[0].finding.difficulty == 256);
	assert_true(talk.heard[0].finding.work == 0); /* of an algorithm that nobody named */
	assert_int_equal(proof_down(OTHER_JOB), PROOF_CONFIRMED);
	/* a target is worth as much, and says what a share is */
	begin();
	say_down("{\"method\":\"mining.set_target\",\"params\":[\"00000000ffff0000" H16 H16 H16
		 "\"]}");
	assert_int_equal(proof_down(JOB), PROOF_CONFIRMED);
	assert_true(talk.heard[0].finding.work > 4e9);
}

static void test_no_job(void **unused)
{
	static const char *const wrong[] = {
		"[\"1a2b\",\"" H64 "\"]",
		"[\"1a2b\",\"" H16 "\",\"" H8 "\",true]",
		"[\"" H64 "\",\"draft\",7,true]",
		"[null,\"" H64 "\",7,8]",
		"[]",
		"\"" H64 "\"",
	};
	char text[512];

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin();
		say_down(DIFFICULTY);
		snprintf(text, sizeof(text), "{\"method\":\"mining.notify\",\"params\":%s}",
			 wrong[i]);
		assert_int_equal(proof_down(text), PROOF_LIKELY);
	}
}

/* By the user that authorised it is proof; by whoever else its answer is. */
static void test_share(void **unused)
{
	(void)unused;
	begin();
	assert_int_equal(proof_up(SHARE("ann.r1")), PROOF_LIKELY);
	assert_true(talk.heard[0].finding.wants_reply);
	assert_true(talk.heard[0].finding.reply_confirms);
	say_up(AUTHORIZE("ann.r1"));
	assert_int_equal(proof_up(SHARE("ann.r1")), PROOF_CONFIRMED);
	assert_string_equal(talk.heard[0].worker, "r1");
	assert_true(talk.heard[0].finding.nonce != 0);
	assert_int_equal(proof_up(SHARE("bob.r1")), PROOF_LIKELY);
}

static void test_no_share(void **unused)
{
	static const char *const wrong[] = {
		"[\"ann.r1\",\"9f\"]",
		"[\"ann.r1\",\"9f\",\"0001\"]",
		"[\"ann.r1\",\"9f\",\"draft\",\"" H16 "\"]",
		"[\"ann.r1\",[],\"" H16 "\",\"" H16 "\"]",
		"[\"ann.r1\",\"9f\",[\"" H16 "\"]]",
		"[7,\"9f\",\"" H16 "\",\"" H16 "\"]",
	};
	char text[256];

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin();
		say_up(AUTHORIZE("ann.r1"));
		snprintf(text, sizeof(text),
			 "{\"id\":4,\"method\":\"mining.submit\",\"params\":%s}", wrong[i]);
		assert_int_equal(proof_up(text), PROOF_LIKELY);
		assert_false(talk.heard[0].finding.reply_confirms);
	}
}

/* The beginning of a message proves nothing here. */
static void test_cut(void **unused)
{
	static const char share[] = SHARE("ann.r1");
	static const char job[] = JOB;

	(void)unused;
	for (size_t len = 60; len < sizeof(job) - 1; len++) {
		begin();
		say_down(DIFFICULTY);
		say_up(AUTHORIZE("ann.r1"));
		if (talk_bytes(&talk, DIR_TO_CLIENT, job, len, true))
			assert_int_equal(talk_proof(&talk), PROOF_LIKELY);
		if (len < sizeof(share) - 1 && talk_bytes(&talk, DIR_TO_SERVER, share, len, true))
			assert_int_equal(talk_proof(&talk), PROOF_LIKELY);
	}
}

/* Params by name. */
static void test_objects(void **unused)
{
	(void)unused;
	begin();
	const struct heard *heard =
		say_up("{\"id\":1,\"method\":\"mining.authorize\",\"params\":{\"wallet\":"
		       "\"12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E\",\"worker\":\"rig\",\"agent\":"
		       "\"SRBMiner-MULTI/3.6.7\",\"pass\":\"x\"}}");
	assert_int_equal(heard->finding.kind, FINDING_LOGIN);
	assert_int_equal(heard->finding.wallet.check, WALLET_VALID);
	assert_string_equal(heard->worker, "rig");
	assert_string_equal(heard->agent, "SRBMiner-MULTI/3.6.7");
	assert_true(heard->finding.has_password);
	heard = say_down(
		"{\"method\":\"mining.notify\",\"params\":{\"job_id\":\"p1\",\"target\":\"" H64
		"\"}}");
	assert_int_equal(heard->finding.kind, FINDING_JOB);
	uint64_t job = heard->finding.job;
	assert_true(job != 0);
	assert_int_equal(talk_proof(&talk), PROOF_LIKELY);
	heard = say_up("{\"id\":2,\"method\":\"mining.submit\",\"params\":{\"job_id\":\"p1\","
		       "\"plain_proof\":\"cHJvb2Y=\"}}");
	assert_int_equal(heard->finding.job, job);
	assert_true(heard->finding.reply_confirms);
	uint64_t proof = heard->finding.nonce;
	heard = say_up("{\"id\":3,\"method\":\"mining.submit\",\"params\":{\"job_id\":\"p1\","
		       "\"plain_proof\":\"cHJvb2a=\"}}");
	assert_true(heard->finding.nonce != 0 && heard->finding.nonce != proof);
	heard = say_up("{\"id\":3,\"method\":\"mining.submit\",\"params\":{\"job_id\":\"p1\","
		       "\"nonce\":\"" H16 "\",\"worker\":\"rig2\"}}");
	assert_string_equal(heard->worker, "rig2");
	heard = say_up("{\"id\":3,\"method\":\"mining.submit\",\"params\":{\"worker\":"
		       "\"12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E.rig3\",\"job_id\":\"p1\","
		       "\"plain_proof\":\"cHJvb2Y=\"}}");
	assert_string_equal(heard->wallet, "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E");
	assert_string_equal(heard->worker, "rig3");
	assert_int_equal(talk_proof(&talk), PROOF_LIKELY);
	heard = say_up("{\"id\":3,\"method\":\"mining.submit\",\"params\":{\"note\":\"p1\"}}");
	assert_false(heard->finding.reply_confirms);
}

/* A job that has all in it, and shares as large as a proof is: what is there of them counts. */
static void test_large_proofs(void **unused)
{
	static const char job[] =
		"{\"id\":null,\"method\":\"mining.notify\",\"params\":{\"job_id\":\"0a1b2c3d_"
		"2097152\","
		"\"header\":\"" H64 H64 H16 H8 "\",\"target\":\"000007ffff" H16 H16 H16
		"1a2b3c\",\"height\":51500,\"cert_version\":3,\"diff\":2097152}}";
	static const char share[] = "{\"id\":2,\"method\":\"mining.submit\",\"params\":{\"job_id\":"
				    "\"0a1b2c3d_2097152\",\"plain_proof\":\"NwAAAAAAAAC";

	(void)unused;
	begin();
	const struct heard *heard = say_down(job);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_true(heard->finding.work > 0x1p21 && heard->finding.work < 0x1p21 + 8);
	assert_true(heard->finding.difficulty == heard->finding.work);
	uint64_t id = heard->finding.job;
	for (int i = 0; i < 2; i++) {
		assert_true(talk_bytes(&talk, DIR_TO_SERVER, share, sizeof(share) - 1, true));
		assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
		assert_int_equal(talk_only(&talk)->finding.job, id);
		assert_true(talk_only(&talk)->finding.wants_reply);
		assert_true(talk_only(&talk)->finding.nonce ==
			    0); /* whatever tells it from another */
	}
	/* without a header, or with half a target */
	begin();
	assert_int_equal(proof_down("{\"method\":\"mining.notify\",\"params\":{\"job_id\":\"p1\","
				    "\"header\":\"" H16 "\",\"target\":\"000007ffff" H16 H16 H16
				    "1a2b3c\"}}"),
			 PROOF_LIKELY);
	assert_int_equal(proof_down("{\"method\":\"mining.notify\",\"params\":{\"job_id\":\"p1\","
				    "\"header\":\"" H64 "\",\"target\":\"" H16 "\"}}"),
			 PROOF_LIKELY);
	assert_true(talk.heard[0].finding.work == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_job),          cmocka_unit_test(test_no_job),
		cmocka_unit_test(test_share),        cmocka_unit_test(test_no_share),
		cmocka_unit_test(test_cut),          cmocka_unit_test(test_objects),
		cmocka_unit_test(test_large_proofs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
