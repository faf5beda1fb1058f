/* test_beam.c: Beam, message by message; anybody's keys and queues stay out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dialect_talk.h"

#define H16    "1a2b3c4d5e6f7a8b"
#define H64    H16 H16 H16 H16
#define OUTPUT H64 H64 H64 H16
#define WALLET "101" H64
#define LOGIN_OF(key) \
	"{\"method\":\"login\",\"api_key\":\"" key "\",\"id\":\"login\",\"jsonrpc\":\"2.0\"}"
#define JOB \
	"{\"jsonrpc\":\"2.0\",\"id\":\"212\",\"method\":\"job\",\"input\":\"" H64 \
	"\",\"difficulty\":142606336,\"height\":1500000}"
#define SOLUTION_OF(nonce, output) \
	"{\"method\":\"solution\",\"id\":\"212\",\"nonce\":\"" nonce "\",\"output\":\"" output \
	"\",\"jsonrpc\":\"2.0\"}"
#define SOLUTION      SOLUTION_OF(H16, OUTPUT)
#define OUTPUT_BEGINS ",\"output\":\""
#define RESULT(id, code, text) \
	"{\"jsonrpc\":\"2.0\",\"id\":\"" id "\",\"method\":\"result\",\"code\":" code \
	",\"description\":\"" text "\"}"

static struct talk talk;
static const struct heard *const first = &talk.heard[0];

static void begin(void)
{
	talk_begin(&talk, &dialect_beam);
}

static void test_login(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, LOGIN_OF(WALLET ".rig1")));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_LOGIN);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	assert_int_equal(first->finding.sender, SENDER_MINER);
	assert_true(first->finding.wants_reply);
	assert_string_equal(first->wallet, WALLET);
	assert_string_equal(first->worker, "rig1");
	assert_string_equal(first->finding.coin, "BEAM");
	uint64_t request = first->finding.request;
	assert_true(talk_down(&talk, RESULT("login", "0", "Login successful")));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REPLY);
	assert_int_equal(first->finding.request, request);
	assert_true(first->finding.is_ok);
	assert_true(talk_down(&talk, RESULT("login", "-32003", "Login failed")));
	assert_false(talk_only(&talk)->finding.is_ok);
	assert_string_equal(first->reason, "Login failed");
}

static void test_keys_of_anybody(void **unused)
{
	static const char *const weak[] = {
		LOGIN_OF("key-of-a-service"),
		LOGIN_OF(H64),
		"{\"method\":\"login\",\"api_key\":\"" WALLET "\",\"id\":1,\"jsonrpc\":\"2.0\"}",
		"{\"method\":\"login\",\"api_key\":\"" WALLET "\",\"id\":\"login\"}",
	};
	static const char *const foreign[] = {
		"{\"method\":\"login\",\"params\":{\"api_key\":\"k\"},\"id\":\"login\"}",
		"{\"method\":\"login\",\"api_key\":\"\",\"id\":\"login\"}",
		"{\"method\":\"login\",\"api_key\":7,\"id\":\"login\"}",
		"{\"method\":\"login\",\"id\":\"login\"}",
		"{\"method\":\"cancel\",\"id\":\"212\"}",
		RESULT("212", "1", "accepted"),
		RESULT("login", "0", "welcome"),
		"{\"method\":\"job\",\"id\":\"212\",\"input\":\"main.c\",\"difficulty\":3}",
		"{\"method\":\"job\",\"id\":\"212\",\"input\":\"" H64 "\",\"difficulty\":\"easy\"}",
		"{\"method\":\"job\",\"id\":\"212\",\"input\":\"" H64
		"\",\"difficulty\":4294967296}",
		"{\"method\":\"job\",\"id\":\"212\",\"input\":\"" H64 "\"}",
		"{\"method\":\"job\",\"input\":\"" H64 "\",\"difficulty\":3}",
		SOLUTION_OF("1a2b", OUTPUT),
		SOLUTION_OF(H16, H64),
		SOLUTION_OF("42", "forty-two"),
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
		begin();
		assert_true(talk_up(&talk, weak[i]));
		assert_int_equal(talk_only(&talk)->finding.proof, PROOF_NONE);
	}
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		begin();
		assert_false(talk_up(&talk, foreign[i]));
		assert_int_equal(talk.count, 0);
	}
}

static void test_job(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_down(&talk, JOB));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_JOB);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(first->finding.sender, SENDER_POOL);
	assert_int_equal(first->finding.request, 0);
	assert_true(first->finding.work == 384); /* order 8, mantissa 0x800000: 1.5 * 2^8 */
	assert_string_equal(first->finding.unit, "Sol/s");
	assert_string_equal(first->algo, "beamhash");
	/* nobody's word but these two fields */
	begin();
	assert_true(talk_down(&talk, "{\"method\":\"job\",\"id\":\"1\",\"input\":\"" H64
				     "\",\"difficulty\":0}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_true(first->finding.work == 1);
	assert_true(talk_down(&talk, "{\"method\":\"job\",\"id\":\"1\",\"input\":\"" H64
				     "\",\"difficulty\":4294967295}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	assert_true(first->finding.work > 1e76 && first->finding.work < 2e77);
	begin();
	assert_true(talk_down(&talk, "{\"method\":\"job\",\"id\":\"1\",\"nonceprefix\":\"ab12\","
				     "\"input\":\"" H64 "\",\"difficulty\":\"9\"}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
}

static void test_share(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_down(&talk, JOB));
	uint64_t job = talk_only(&talk)->finding.job;
	assert_true(talk_up(&talk, SOLUTION));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(first->finding.job, job);
	assert_true(first->finding.wants_reply);
	struct finding share = first->finding;
	talk_up(&talk, "{\"output\":\"" OUTPUT "\",\"nonce\":\"1A2B3C4D5E6F7A8B\",\"id\":212,"
		       "\"method\":\"solution\"}");
	assert_int_equal(talk_only(&talk)->finding.nonce, share.nonce);
	/* two solutions of a nonce are two shares */
	talk_up(&talk, SOLUTION_OF(H16, H16 H64 H64 "0000000000000000" H16 H16 H16));
	assert_true(talk_only(&talk)->finding.nonce != share.nonce);
	assert_true(talk_down(&talk, RESULT("212", "1", "accepted")));
	assert_int_equal(talk_only(&talk)->finding.request, share.request);
	assert_true(first->finding.is_ok);
	assert_true(talk_down(&talk, RESULT("212", "2", "rejected")));
	assert_false(talk_only(&talk)->finding.is_ok || first->finding.is_stale);
	assert_true(talk_down(&talk, RESULT("212", "3", "")));
	assert_true(talk_only(&talk)->finding.is_stale);
	assert_string_equal(first->reason, "expired");
	assert_true(talk_down(&talk, "{\"method\":\"result\",\"id\":\"212\",\"code\":\"1\"}"));
	assert_true(talk_only(&talk)->finding.is_ok);
	assert_true(talk_down(&talk, "{\"method\":\"cancel\",\"id\":\"212\"}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REQUEST);
}

/* Heard alone, the answer to the login is not taken for a share's. */
static void test_server_only(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_down(&talk, "{\"method\":\"result\",\"id\":\"login\",\"code\":0,"
				     "\"description\":\"ok\",\"nonceprefix\":\"ab12\","
				     "\"forkheight\":777777}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_int_equal(first->finding.reply_to, REPLY_TO_ANYTHING);
	assert_true(talk_down(&talk, RESULT("212", "1", "accepted")));
	assert_int_equal(talk_only(&talk)->finding.reply_to, REPLY_TO_SHARE);
}

static void test_cut_messages(void **unused)
{
	static const char login[] = LOGIN_OF(WALLET ".rig1");
	static const char early[] =
		"{\"id\":\"login\",\"method\":\"login\",\"jsonrpc\":\"2.0\",\"api_key\":\"16a1b2";
	static const char solution[] = SOLUTION;
	size_t output = (size_t)(strstr(solution, ",\"output") - solution);

	(void)unused;
	for (size_t len = 0; len < sizeof(login); len++) {
		begin();
		if (talk_bytes(&talk, DIR_TO_SERVER, login, len, true))
			assert_true(strcmp(talk_only(&talk)->wallet, WALLET) == 0);
	}
	/* whoever it is */
	begin();
	assert_true(talk_bytes(&talk, DIR_TO_SERVER, early, sizeof(early) - 1, true));
	assert_string_equal(talk_only(&talk)->wallet, "");
	assert_int_equal(first->finding.proof, PROOF_NONE);
	for (size_t len = 0; len < sizeof(solution); len++) {
		begin();
		talk_bytes(&talk, DIR_TO_SERVER, solution, len, true);
		enum proof proof = len >= output + strlen(OUTPUT_BEGINS) + 208 + 1 ? PROOF_CONFIRMED
				   : len >= output + strlen(OUTPUT_BEGINS) + 4     ? PROOF_LIKELY
										   : PROOF_NONE;

		assert_int_equal(talk.count, proof == PROOF_NONE ? 0 : 1);
		assert_int_equal(talk_proof(&talk), proof);
		if (talk.count > 0)
			assert_int_equal(first->finding.reply_confirms, proof == PROOF_LIKELY);
		begin();
		talk_up(&talk, LOGIN_OF(WALLET));
		assert_int_equal(talk_bytes(&talk, DIR_TO_SERVER, solution, len, true),
				 len >= output);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_login),       cmocka_unit_test(test_keys_of_anybody),
		cmocka_unit_test(test_job),         cmocka_unit_test(test_share),
		cmocka_unit_test(test_server_only), cmocka_unit_test(test_cut_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
