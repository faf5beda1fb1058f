/* test_grin.c: Grin, message by message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dialect_talk.h"

#define H16          "1a2b3c4d5e6f7a8b"
#define H64          H16 H16 H16 H16
#define GRIN_ADDRESS "grin1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0szexyt3"
#define LOGIN \
	"{\"id\":\"0\",\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":\"ann." \
	"rig1\"," \
	"\"pass\":\"x\",\"agent\":\"grin-miner\"}}"
#define PRE_POW H64 H64 H64 H64
#define JOB_OF(difficulty) \
	"{\"difficulty\":" difficulty ",\"height\":1700000,\"job_id\":4,\"pre_pow\":\"" PRE_POW \
	"\"}"
#define PUSH(job) "{\"id\":\"Stratum\",\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":" job "}"
#define TEN       "10,21,32,43,54,65,76,87,98,109,"
#define POW       "[" TEN TEN TEN TEN "4294967290,4294967295]"
#define SUBMIT_OF(bits, nonce, pow) \
	"{\"id\":\"0\",\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":{\"edge_bits\":" bits \
	",\"height\":1700000,\"job_id\":4,\"nonce\":" nonce ",\"pow\":" pow "}}"
#define SUBMIT              SUBMIT_OF("32", "18446744073709551615", POW)
#define REPLY(method, rest) "{\"id\":\"0\",\"jsonrpc\":\"2.0\",\"method\":\"" method "\"," rest "}"
#define PLAIN(method)       "{\"id\":\"0\",\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"params\":null}"

static struct talk talk;
static const struct heard *const first = &talk.heard[0];

static void begin(void)
{
	talk_begin(&talk, &dialect_grin);
}

static void test_login(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, LOGIN));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_LOGIN);
	assert_int_equal(first->finding.sender, SENDER_MINER);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	assert_true(first->finding.wants_reply && first->finding.has_password);
	assert_string_equal(first->agent, "grin-miner");
	assert_string_equal(first->login, "ann.rig1");
	assert_string_equal(first->worker, "rig1");
	uint64_t request = first->finding.request;
	assert_true(talk_down(&talk, REPLY("login", "\"result\":\"ok\",\"error\":null")));
	assert_int_equal(talk_only(&talk)->finding.request, request);
	assert_true(first->finding.is_ok);
	assert_true(talk_down(&talk, REPLY("login", "\"params\":null,\"result\":\"ok\"")));
	assert_true(talk_only(&talk)->finding.is_ok);
	/* an address says as much as a program, nothing says nothing */
	begin();
	assert_true(talk_up(
		&talk, "{\"id\":\"0\",\"method\":\"login\",\"params\":{\"login\":\"" GRIN_ADDRESS
		       "\",\"pass\":\"\"}}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_string_equal(first->finding.coin, "GRIN");
	begin();
	assert_true(talk_up(&talk, PLAIN("login")));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_NONE);
	begin();
	assert_true(talk_up(&talk,
			    "{\"id\":\"0\",\"method\":\"login\",\"params\":{\"login\":\"ann\","
			    "\"pass\":\"x\",\"agent\":\"curl\"}}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_NONE);
}

static void test_others_logins(void **unused)
{
	static const char *const foreign[] = {
		"{\"id\":1,\"method\":\"login\",\"params\":null}",
		"{\"id\":1,\"method\":\"login\",\"params\":{\"login\":\"ann\",\"pass\":\"x\"}}",
		"{\"id\":\"1\",\"method\":\"login\",\"params\":{\"login\":\"ann\",\"pass\":\"x\","
		"\"agent\":\"XMRig/6.26.0\"}}",
		"{\"id\":\"1\",\"method\":\"login\",\"params\":{\"login\":\"ann\",\"pass\":\"x\","
		"\"rigid\":\"r1\"}}",
		"{\"id\":\"1\",\"method\":\"login\",\"params\":{\"login\":\"ann\",\"pass\":\"x\","
		"\"token\":\"t\",\"agent\":\"grin-miner\"}}",
		"{\"id\":\"1\",\"method\":\"login\",\"params\":{\"login\":\"ann\"}}",
		"{\"id\":\"login\",\"method\":\"login\",\"api_key\":\"k\"}",
		PLAIN("keepalive"),
		PLAIN("status"),
		REPLY("submit", "\"result\":\"ok\""),
	};

	(void)unused;
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
	assert_true(talk_up(&talk, PLAIN("getjobtemplate")));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_NONE);
	uint64_t request = first->finding.request;
	assert_true(talk_down(&talk, REPLY("getjobtemplate", "\"result\":" JOB_OF("65536"))));
	assert_int_equal(talk.count, 2);
	assert_int_equal(first->finding.kind, FINDING_REPLY);
	assert_int_equal(first->finding.request, request);
	const struct heard *job = &talk.heard[1];
	assert_int_equal(job->finding.kind, FINDING_JOB);
	assert_int_equal(job->finding.proof, PROOF_CONFIRMED);
	assert_true(job->finding.difficulty == 65536);
	assert_true(job->finding.work == 4);
	assert_string_equal(job->finding.unit, "Sol/s");
	begin();
	assert_true(talk_down(&talk, PUSH(JOB_OF("1"))));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(first->finding.sender, SENDER_POOL);
	assert_int_equal(first->finding.request, 0);
	assert_true(first->finding.work == 1); /* a share is a solution, at least */
	assert_true(talk_down(&talk,
			      "{\"id\":\"Stratum\",\"method\":\"job\",\"params\":{\"xn\":\"ab\","
			      "\"cleanjob\":true,\"difficulty\":\"32768\",\"height\":\"7\","
			      "\"job_id\":\"9\",\"pre_pow\":\"" PRE_POW "\"}}"));
	assert_true(talk_only(&talk)->finding.work == 2);
}

static void test_job_gate(void **unused)
{
	static const char *const foreign[] = {
		PUSH(JOB_OF("0")),
		PUSH(JOB_OF("-1")),
		PUSH(JOB_OF("\"hard\"")),
		PUSH("{\"difficulty\":1,\"height\":7,\"job_id\":4,\"pre_pow\":\"abc\"}"),
		PUSH("{\"difficulty\":1,\"height\":7,\"job_id\":4,\"pre_pow\":\"script\"}"),
		PUSH("{\"difficulty\":1,\"height\":7,\"pre_pow\":\"" H64 "\"}"),
		PUSH("{\"difficulty\":1,\"job_id\":4,\"pre_pow\":\"" H64 "\"}"),
		PUSH("null"),
		PUSH("{\"job_id\":\"1\",\"blob\":\"" H64 H64 H16 "\",\"target\":\"f3220000\"}"),
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		begin();
		assert_false(talk_down(&talk, foreign[i]));
		assert_int_equal(talk.count, 0);
	}
}

static void test_share(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, SUBMIT));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_true(first->finding.wants_reply);
	assert_string_equal(first->algo, "cuckatoo32");
	assert_string_equal(first->finding.unit, "Sol/s");
	struct finding share = first->finding;
	/* spelled otherwise, the same; another cycle of the same nonce is another share */
	talk_up(&talk, SUBMIT_OF("\"32\"", "\"18446744073709551615\"",
				 "[ \"10\",21.0,32,43,54,65,76,87,98,109," TEN TEN TEN
				 "4294967290, 4294967295]"));
	assert_int_equal(talk_only(&talk)->finding.nonce, share.nonce);
	talk_up(&talk, SUBMIT_OF("32", "18446744073709551615", "[" TEN TEN TEN TEN "1,2]"));
	assert_true(talk_only(&talk)->finding.nonce != share.nonce);
	talk_up(&talk, SUBMIT_OF("32", "18446744073709551614", POW));
	assert_true(talk_only(&talk)->finding.nonce != share.nonce);
	talk_down(&talk, PUSH(JOB_OF("65536")));
	assert_int_equal(talk_only(&talk)->finding.job, share.job);
	assert_true(first->finding.work == 4);
	/* a smaller graph, a lighter cycle */
	talk_up(&talk, SUBMIT_OF("29", "7", POW));
	assert_string_equal(talk_only(&talk)->algo, "cuckaroo29");
	talk_down(&talk, PUSH(JOB_OF("18560")));
	assert_true(talk_only(&talk)->finding.work == 10);
}

/* Swap and Tube, in CryptoNote's words. */
static void test_cryptonote_job(void **unused)
{
	static const char job[] =
		"{\"pre_pow\":\"" PRE_POW "\",\"algo\":\"cuckaroo\",\"edgebits\":29,"
		"\"proofsize\":32,\"noncebytes\":4,\"height\":1234,\"job_id\":\"XyZ12\","
		"\"difficulty\":20,\"id\":\"5b9f\"}";
	char text[1024];

	(void)unused;
	begin();
	snprintf(text, sizeof(text),
		 "{\"id\":1,\"error\":null,\"result\":{\"id\":\"5b9f\",\"job\":%s,\"status\":"
		 "\"OK\"}}",
		 job);
	assert_true(talk_down(&talk, text));
	assert_int_equal(talk.count, 2);
	assert_int_equal(talk.heard[1].finding.kind, FINDING_JOB);
	assert_int_equal(talk.heard[1].finding.proof, PROOF_CONFIRMED);
	assert_true(talk.heard[1].finding.work == 20);
	assert_string_equal(talk.heard[1].algo, "cuckaroo29");
	uint64_t id = talk.heard[1].finding.job;
	begin();
	snprintf(text, sizeof(text), "{\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":%s}", job);
	assert_true(talk_down(&talk, text));
	assert_int_equal(talk_only(&talk)->finding.job, id);
	assert_true(talk_up(&talk, "{\"id\":2,\"method\":\"submit\",\"params\":{\"id\":\"5b9f\","
				   "\"job_id\":\"XyZ12\",\"nonce\":1232345,\"pow\":" POW "}}"));
	assert_int_equal(talk_only(&talk)->finding.job, id);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
}

static void test_share_gate(void **unused)
{
	static const char *const foreign[] = {
		SUBMIT_OF("32", "7", "[" TEN TEN TEN "1]"),
		SUBMIT_OF("32", "7", "[" TEN TEN TEN "1,-2]"),
		SUBMIT_OF("32", "7", "[" TEN TEN TEN "[],[]]"),
		SUBMIT_OF("32", "7", "{}"),
		SUBMIT_OF("32", "\"d0030040\"", POW),
		SUBMIT_OF("32", "null", POW),
		"{\"id\":\"0\",\"method\":\"submit\",\"params\":{\"nonce\":7,\"pow\":" POW "}}",
		"{\"id\":\"0\",\"method\":\"submit\",\"params\":null}",
		"{\"id\":2,\"method\":\"submit\",\"params\":{\"id\":\"a\",\"job_id\":\"9f3d\","
		"\"nonce\":\"d0030040\",\"result\":\"" H64 "\"}}",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		begin();
		assert_false(talk_up(&talk, foreign[i]));
		assert_int_equal(talk.count, 0);
	}
}

static void test_replies(void **unused)
{
	(void)unused;
	begin();
	talk_up(&talk, SUBMIT);
	uint64_t request = talk_only(&talk)->finding.request;
	assert_true(talk_down(&talk, REPLY("submit", "\"result\":\"ok\",\"error\":null")));
	assert_int_equal(talk_only(&talk)->finding.request, request);
	assert_true(first->finding.is_ok);
	assert_int_equal(first->finding.proof, PROOF_NONE);
	assert_true(talk_down(&talk, REPLY("submit", "\"result\":\"blockfound - " H64 "\"")));
	assert_true(talk_only(&talk)->finding.is_ok);
	assert_true(
		talk_down(&talk, REPLY("submit", "\"error\":{\"code\":-32501,\"message\":\"Share "
						 "rejected due to low difficulty\"}")));
	assert_false(talk_only(&talk)->finding.is_ok);
	assert_false(first->finding.is_stale);
	assert_string_equal(first->reason, "Share rejected due to low difficulty");
	assert_true(talk_down(&talk, REPLY("submit", "\"result\":null,\"error\":{\"code\":-32503,"
						     "\"message\":\"zu lange her\"}")));
	assert_true(talk_only(&talk)->finding.is_stale);
	assert_true(talk_down(&talk, REPLY("keepalive", "\"result\":\"ok\"")));
	assert_true(talk_only(&talk)->finding.request != 0);
	assert_true(talk_up(&talk, PLAIN("status")));
	assert_true(talk_up(&talk, PLAIN("keepalive")));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_KEEPALIVE);
	assert_true(talk_down(&talk, REPLY("status",
					   "\"result\":{\"id\":\"5\",\"height\":7,\"difficulty\":"
					   "32768,\"accepted\":9,\"rejected\":1,\"stale\":2}")));
	assert_int_equal(talk.count, 2);
	assert_int_equal(first->finding.kind, FINDING_REPLY);
	assert_int_equal(talk.heard[1].finding.kind, FINDING_DIFFICULTY);
	assert_true(talk.heard[1].finding.work == 2);
}

/* Heard alone, an answer that is no share's is not taken for one. */
static void test_server_only(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_down(&talk, REPLY("submit", "\"result\":\"blockfound - " H64 "\"")));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_int_equal(first->finding.reply_to, REPLY_TO_SHARE);
	talk_down(&talk, REPLY("keepalive", "\"result\":\"ok\""));
	assert_int_equal(talk_only(&talk)->finding.reply_to, REPLY_TO_ANYTHING);
	talk_down(&talk, REPLY("submit", "\"result\":\"ok\""));
	assert_int_equal(talk_only(&talk)->finding.reply_to, REPLY_TO_SHARE);
	talk_down(&talk, "{\"id\":\"3\",\"jsonrpc\":\"2.0\",\"result\":\"ok\"}");
	assert_int_equal(talk_only(&talk)->finding.reply_to, REPLY_TO_LOGIN_OR_SHARE);
}

static void test_cut_messages(void **unused)
{
	static const char submit[] = SUBMIT;
	static const char push[] = PUSH(JOB_OF("65536"));
	size_t pow = (size_t)(strstr(submit, ",\"pow") - submit);
	size_t pre_pow = (size_t)(strstr(push, PRE_POW) - push);

	(void)unused;
	for (size_t len = 0; len < sizeof(submit); len++) {
		begin();
		talk_bytes(&talk, DIR_TO_SERVER, submit, len, true);
		assert_true(talk.count <= 1);
		assert_true(talk.count == 0 || first->finding.proof == PROOF_CONFIRMED);
		/* in a flow that is known, what was cut still counts */
		begin();
		talk_up(&talk, LOGIN);
		assert_int_equal(talk_bytes(&talk, DIR_TO_SERVER, submit, len, true), len > pow);
	}
	for (size_t len = 0; len < sizeof(push); len++) {
		begin();
		talk_bytes(&talk, DIR_TO_CLIENT, push, len, true);
		bool is_piece = len >= pre_pow + 16 && len < pre_pow + strlen(PRE_POW) + 1;
		assert_true(talk.count == 0 || first->finding.work == 4);
		assert_true(talk.count > 0 || !is_piece);
		if (is_piece)
			assert_int_equal(first->finding.proof, PROOF_LIKELY);
		begin();
		talk_up(&talk, LOGIN);
		talk_bytes(&talk, DIR_TO_CLIENT, push, len, true);
		assert_true(talk.count == 0 || first->finding.proof == PROOF_CONFIRMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_login),       cmocka_unit_test(test_others_logins),
		cmocka_unit_test(test_job),         cmocka_unit_test(test_job_gate),
		cmocka_unit_test(test_share),       cmocka_unit_test(test_cryptonote_job),
		cmocka_unit_test(test_share_gate),  cmocka_unit_test(test_replies),
		cmocka_unit_test(test_server_only), cmocka_unit_test(test_cut_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
