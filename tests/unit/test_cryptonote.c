/* test_cryptonote.c: the login dialect, and the everyday words it is made of. */
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

static void test_login(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, LOGIN));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_LOGIN);
	assert_int_equal(first->finding.sender, SENDER_MINER);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	assert_true(first->finding.wants_reply);
	assert_false(first->finding.reply_confirms);
	assert_true(first->finding.has_password);
	assert_string_equal(first->wallet, XMR);
	assert_int_equal(first->finding.wallet.check, WALLET_VALID);
	assert_string_equal(first->worker, "rack3");
	assert_string_equal(first->rig, "rack3");
	assert_false(first->finding.is_proxy);
	assert_false(first->finding.is_donation);
	assert_string_equal(first->agent, AGENT);
	assert_string_equal(first->algo, "");
	assert_string_equal(first->finding.coin, "XMR");
	uint64_t request = first->finding.request;

	assert_true(talk_down(&talk, REPLY(JOB)));
	assert_int_equal(talk.count, 2);
	assert_int_equal(first->finding.kind, FINDING_REPLY);
	assert_int_equal(first->finding.request, request);
	assert_true(first->finding.is_ok);
	const struct heard *job = &talk.heard[1];
	assert_int_equal(job->finding.kind, FINDING_JOB);
	assert_int_equal(job->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(job->finding.sender, SENDER_POOL);
	assert_true(job->finding.work == 480045.0);
	assert_true(job->finding.difficulty == 480045.0);
	assert_string_equal(job->algo, "rx/0");
	assert_string_equal(job->finding.coin, "XMR");
}

static void test_login_gate(void **unused)
{
	static const char *const likely[] = {
		LOGIN_OF("\"login\":\"ann\",\"pass\":\"\",\"agent\":\"xmr-stak-cpu/1.3.0\""),
		LOGIN_OF("\"login\":\"" XMR "\",\"pass\":\"\""),
		LOGIN_OF("\"login\":\"ann\",\"pass\":\"\",\"algo\":[\"nope\",\"rx/wow\"]"),
		LOGIN_OF("\"login\":\"ann\",\"pass\":\"\",\"rigid\":\"r1\""),
		/* the donation's account is a hash, not a wallet */
		LOGIN_OF("\"login\":\"" H64 "\",\"pass\":\"x\",\"agent\":\"" AGENT "\""),
		"{\"method\":\"login\",\"params\":{\"login\":\"" XMR
		".w\",\"pass\":\"x\"},\"id\":1}",
	};
	static const char *const none[] = {
		WEAK_LOGIN,
		LOGIN_OF("\"login\":\"ann\",\"pass\":\"\",\"agent\":\"Mozilla/5.0\""),
		LOGIN_OF("\"login\":\"ann\",\"pass\":\"\",\"algo\":[\"sha256\"]"),
		LOGIN_OF("\"login\":\"ann\",\"pass\":\"\",\"algo\":\"rx/0\""),
		LOGIN_OF("\"login\":\"ann\",\"pass\":\"\",\"rigid\":\"\""),
	};
	static const char *const foreign[] = {
		LOGIN_OF("\"login\":\"" XMR "\""),
		LOGIN_OF("\"pass\":\"x\",\"agent\":\"" AGENT "\""),
		LOGIN_OF("\"login\":7,\"pass\":\"x\",\"agent\":\"" AGENT "\""),
		LOGIN_OF("\"login\":\"a\",\"pass\":null,\"agent\":\"" AGENT "\""),
		LOGIN_OF("\"login\":\"a\",\"pass\":\"x\",\"captcha\":\"c\",\"agent\":\"" AGENT
			 "\""),
		LOGIN_OF("\"login\":\"a\",\"pass\":\"x\",\"username\":\"u\",\"agent\":\"" AGENT
			 "\""),
		"{\"id\":1,\"method\":\"login\",\"params\":[\"" XMR "\",\"x\"]}",
		"{\"id\":1,\"method\":\"login\",\"params\":null}",
		"{\"id\":1,\"method\":\"Login\",\"params\":{\"login\":\"" XMR "\",\"pass\":\"x\"}}",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(likely) / sizeof(likely[0]); i++) {
		begin();
		assert_true(talk_up(&talk, likely[i]));
		assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		begin();
		assert_true(talk_up(&talk, none[i]));
		assert_int_equal(talk_only(&talk)->finding.proof, PROOF_NONE);
	}
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		begin();
		assert_false(talk_up(&talk, foreign[i]));
		assert_int_equal(talk.count, 0);
	}
}

static void test_names(void **unused)
{
	(void)unused;
	begin();
	talk_up(&talk, LOGIN_OF("\"login\":\"" XMR ".w1/ops@example.org\",\"pass\":\"hunter2\""));
	assert_string_equal(talk_only(&talk)->worker, "w1");
	assert_string_equal(first->email, "ops@example.org");
	assert_true(first->finding.has_password);
	talk_up(&talk,
		LOGIN_OF("\"login\":\"ann\",\"pass\":\"hunter2\",\"rigid\":\"\\u0072\\/1\""));
	assert_string_equal(talk_only(&talk)->worker, "r/1");
	assert_string_equal(first->login, "ann");
	talk_up(&talk, LOGIN_OF("\"login\":\"ann\",\"pass\":\"hunter2\""));
	assert_string_equal(talk_only(&talk)->worker, "");
	talk_up(&talk, LOGIN_OF("\"login\":\"ann\",\"pass\":\"\""));
	assert_false(talk_only(&talk)->finding.has_password);
}

/* A browser proxy speaks for its user and for its author on one connection. */
static void test_two_logins(void **unused)
{
	(void)unused;
	begin();
	talk_up(&talk, "{\"method\":\"login\",\"params\":{\"login\":\"" XMR
		       "+5000\",\"pass\":\"x\"},\"id\":1}");
	assert_string_equal(talk_only(&talk)->wallet, XMR);
	assert_string_equal(first->worker, "");
	uint64_t user = first->finding.request;
	talk_up(&talk, "{\"method\":\"login\",\"params\":{\"login\":\"ops@example.org\","
		       "\"pass\":\"x\"},\"id\":2}");
	assert_string_equal(talk_only(&talk)->email, "ops@example.org");
	assert_true(first->finding.email.len == strlen("ops@example.org"));
	uint64_t author = first->finding.request;
	assert_true(user != author);
	talk_down(&talk, REPLY(JOB));
	assert_int_equal(first->finding.request, user);
	talk_down(&talk, "{\"id\":2,\"error\":{\"code\":-1,\"message\":\"Invalid payment address "
			 "provided\"}}");
	assert_int_equal(talk_only(&talk)->finding.request, author);
	assert_false(first->finding.is_ok);
}

static void test_share(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, SUBMIT));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_true(first->finding.wants_reply);
	assert_true(first->finding.work == 0);
	assert_true(first->finding.difficulty > 0);
	assert_string_equal(first->algo, "rx/0");
	struct finding share = first->finding;
	talk_down(&talk, PUSH(JOB));
	assert_int_equal(talk_only(&talk)->finding.job, share.job);

	/* spelled otherwise, the same share; another nonce, another one */
	talk_up(&talk,
		"{ \"method\" : \"s\\u0075bmit\",\r\n \"id\" : \"2\", \"params\" : "
		"{\"result\":\"" H64 "\",\n\"nonce\":\"D0030040\",\"job_id\":\"9f3c\"}}\r\n");
	assert_int_equal(talk_only(&talk)->finding.nonce, share.nonce);
	assert_int_equal(first->finding.request, share.request);
	talk_up(&talk, "{\"id\":2,\"method\":\"submit\",\"params\":{\"job_id\":\"9f3c\",\"nonce\":"
		       "\"d0030041\",\"result\":\"" H64 "\"}}");
	assert_true(talk_only(&talk)->finding.nonce != share.nonce);
	talk_up(&talk, "{\"id\":2,\"method\":\"submit\",\"params\":{\"job_id\":\"9f3d\",\"nonce\":"
		       "\"d0030040\",\"result\":\"" H64 "\"}}");
	assert_true(talk_only(&talk)->finding.nonce != share.nonce);
}

static void test_share_gate(void **unused)
{
	static const char *const foreign[] = {
		"{\"id\":2,\"method\":\"submit\",\"params\":{\"nonce\":\"d0030040\",\"result\":"
		"\"" H64 "\"}}",
		"{\"id\":2,\"method\":\"submit\",\"params\":{\"job_id\":\"1\",\"result\":\"" H64
		"\"}}",
		"{\"id\":2,\"method\":\"submit\",\"params\":{\"job_id\":\"1\",\"nonce\":"
		"\"d0030040\"}}",
		"{\"id\":2,\"method\":\"submit\",\"params\":{\"job_id\":\"1\",\"nonce\":"
		"\"d003004\","
		"\"result\":\"" H64 "\"}}",
		"{\"id\":2,\"method\":\"submit\",\"params\":{\"job_id\":\"1\",\"nonce\":"
		"\"d00300400\","
		"\"result\":\"" H64 "\"}}",
		"{\"id\":2,\"method\":\"submit\",\"params\":{\"job_id\":\"1\",\"nonce\":"
		"\"d0030040\","
		"\"result\":\"" H64 "0\"}}",
		"{\"id\":2,\"method\":\"submit\",\"params\":{\"job_id\":\"1\",\"nonce\":"
		"\"d0030040\","
		"\"result\":\"z" H16 H16 H16 "1a2b3c4d5e6f7a8\"}}",
		"{\"id\":2,\"method\":\"submit\",\"params\":{\"job_id\":\"1\",\"nonce\":13303872,"
		"\"result\":\"" H64 "\"}}",
		"{\"id\":2,\"method\":\"submit\",\"params\":[\"1\",\"d0030040\",\"" H64 "\"]}",
	};

	(void)unused;
	begin();
	assert_true(talk_up(&talk,
			    "{\"id\":2,\"method\":\"submit\",\"params\":{\"job_id\":17,\"nonce\":"
			    "\"d0030040d0030040\",\"result\":\"" H64 "\"}}"));
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		assert_false(talk_up(&talk, foreign[i]));
		assert_int_equal(talk.count, 0);
	}
}

static void test_job_gate(void **unused)
{
	static const char *const foreign[] = {
		PUSH("{\"job_id\":\"1\",\"target\":\"f3220000\"}"),
		PUSH("{\"blob\":\"" BLOB "\",\"target\":\"f3220000\"}"),
		PUSH("{\"blob\":\"" BLOB "\",\"job_id\":\"1\"}"),
		PUSH("{\"blob\":\"" BLOB "\",\"job_id\":\"1\",\"target\":\"f322000\"}"),
		PUSH("{\"blob\":\"" BLOB "\",\"job_id\":\"1\",\"target\":\"00000000\"}"),
		PUSH("{\"blob\":\"" BLOB "0\",\"job_id\":\"1\",\"target\":\"f3220000\"}"),
		PUSH("{\"blob\":\"" H64 H64 "\",\"job_id\":\"1\",\"target\":\"f3220000\"}"),
		PUSH("{\"blob\":\"master\",\"job_id\":\"1\",\"target\":\"release\"}"),
		PUSH("[]"),
		PUSH("null"),
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		begin();
		assert_false(talk_down(&talk, foreign[i]));
		assert_int_equal(talk.count, 0);
	}
	begin();
	assert_true(talk_down(&talk, PUSH(JOB_OF(BLOB_ODD, ""))));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	begin();
	assert_true(talk_up(&talk, WEAK_LOGIN));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_NONE);
	assert_true(talk_down(&talk, REPLY(JOB_OF(BLOB_ODD, ""))));
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	begin();
	assert_true(talk_down(&talk, PUSH("{\"pool_wallet\":\"" XMR "\",\"extra_nonce\":\"0011\","
					  "\"job_id\":\"1\",\"target\":\"f3220000\"}")));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	assert_true(first->finding.work == 480045.0);
	begin();
	assert_true(
		talk_down(&talk, PUSH("{\"blocktemplate_blob\":\"" BLOB BLOB "\",\"job_id\":\"1\","
				      "\"target_diff\":5000,\"difficulty\":300000000000}")));
	assert_true(talk_only(&talk)->finding.work == 5000);
}

static void test_targets(void **unused)
{
	static const struct {
		const char *target;
		double work;
	} rows[] = { { "b88d0600", 10000 },
		     { "711b0d00", 5000 },
		     { "dc460300", 20000 },
		     { "7b5e0400", 15000 },
		     { "0000000000000001", 256 } };
	char text[512];

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		snprintf(text, sizeof(text),
			 PUSH("{\"blob\":\"" BLOB "\",\"job_id\":\"1\",\"target\":\"%s\"}"),
			 rows[i].target);
		assert_true(talk_down(&talk, text));
		assert_true(talk_only(&talk)->finding.work > rows[i].work * 0.9999 - 1);
		assert_true(talk_only(&talk)->finding.work < rows[i].work * 1.0001 + 1);
	}
}

static void test_algo_of_a_silent_job(void **unused)
{
	(void)unused;
	begin();
	talk_up(&talk, LOGIN_OF("\"login\":\"ann\",\"pass\":\"x\",\"algo\":[\"cn/1\",\"rx/wow\"]"));
	talk_down(&talk, PUSH(JOB_OF(BLOB, "")));
	assert_string_equal(talk_only(&talk)->algo, "cn/1");
	talk_down(&talk, PUSH(JOB_OF(BLOB, ",\"seed_hash\":\"" H64 "\"")));
	assert_string_equal(talk_only(&talk)->algo, "rx/wow");
	talk_down(&talk, PUSH(JOB));
	assert_string_equal(talk_only(&talk)->algo, "rx/0");
	begin();
	talk_down(&talk, PUSH(JOB_OF(BLOB, "")));
	assert_string_equal(talk_only(&talk)->algo, "");
	assert_null(first->finding.coin);
	talk_down(&talk, PUSH(JOB_OF(BLOB, ",\"seed_hash\":\"" H64 "\"")));
	assert_string_equal(talk_only(&talk)->algo, "randomx");
}

static void test_claimed_rates(void **unused)
{
	(void)unused;
	begin();
	assert_true(
		talk_up(&talk, LOGIN_OF("\"login\":\"" XMR "\",\"pass\":\"x\",\"algo-perf\":{"
					"\"cn/r\":300.5,\"rx/0\":4000,\"rx/wow\":-1,\"x\":5}")));
	assert_int_equal(talk.count, 2);
	assert_int_equal(talk.heard[1].finding.kind, FINDING_CLAIMED_RATE);
	assert_true(talk.heard[1].finding.rate == 4000);
	assert_string_equal(talk.heard[1].algo, "rx/0");
	/* the pool chose another algorithm */
	talk_down(&talk, PUSH(JOB_OF(BLOB, ",\"algo\":\"cn/r\"")));
	assert_int_equal(talk.count, 2);
	assert_true(talk.heard[1].finding.rate == 300.5);
	talk_down(&talk, PUSH(JOB_OF(BLOB, ",\"algo\":\"cn/r\"")));
	assert_int_equal(talk.count, 1);
}

static void test_replies(void **unused)
{
	(void)unused;
	begin();
	assert_false(
		talk_down(&talk, "{\"id\":2,\"jsonrpc\":\"2.0\",\"result\":{\"status\":\"OK\"}}"));
	assert_false(talk_down(&talk, "{\"id\":2,\"result\":{\"status\":\"KEEPALIVED\"}}"));
	talk_up(&talk, SUBMIT);
	assert_true(talk_down(&talk, "{\"id\":2,\"error\":null,\"result\":{\"status\":\"OK\"}}"));
	assert_true(talk_only(&talk)->finding.is_ok);
	assert_true(talk_down(&talk,
			      "{\"id\":2,\"error\":{\"code\":-1,\"message\":\"Low difficulty "
			      "share\"}}"));
	assert_false(talk_only(&talk)->finding.is_ok);
	assert_false(first->finding.is_stale);
	assert_string_equal(first->reason, "Low difficulty share");
	assert_true(talk_down(&talk,
			      "{\"id\":2,\"error\":{\"code\":-1,\"message\":\"Block expired\"},"
			      "\"result\":null}"));
	assert_true(talk_only(&talk)->finding.is_stale);
	assert_true(talk_down(&talk,
			      "{\"id\":2,\"error\":{\"code\":-1,\"message\":\"Invalid job id\"}}"));
	assert_true(talk_only(&talk)->finding.is_stale);
}

static void test_keepalive_and_getjob(void **unused)
{
	(void)unused;
	begin();
	assert_false(talk_up(&talk, "{\"id\":3,\"method\":\"keepalived\"}"));
	assert_false(talk_up(&talk, "{\"id\":3,\"method\":\"getjob\",\"params\":[]}"));
	assert_true(
		talk_up(&talk, "{\"id\":3,\"method\":\"keepalived\",\"params\":{\"id\":\"a1\"}}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_KEEPALIVE);
	assert_int_equal(first->finding.proof, PROOF_NONE);
	assert_true(first->finding.wants_reply);
	/* words that anybody may say do not make the flow ours */
	assert_false(talk_down(&talk, "{\"id\":3,\"result\":{\"status\":\"KEEPALIVED\"}}"));
	assert_true(talk_up(&talk, "{\"id\":4,\"method\":\"getjob\",\"params\":{\"id\":\"a1\"}}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REQUEST);
	uint64_t request = first->finding.request;
	assert_true(talk_down(&talk, "{\"id\":4,\"error\":null,\"result\":" JOB "}"));
	assert_int_equal(talk.count, 2);
	assert_int_equal(first->finding.request, request);
	assert_true(first->finding.is_ok);
	assert_int_equal(talk.heard[1].finding.kind, FINDING_JOB);
	assert_true(talk_down(&talk, "{\"id\":3,\"result\":{\"status\":\"KEEPALIVED\"}}"));
	assert_true(talk_only(&talk)->finding.is_ok);
}

static void test_self_select(void **unused)
{
	(void)unused;
	begin();
	talk_up(&talk, LOGIN_OF("\"login\":\"ann\",\"pass\":\"x\",\"mode\":\"self-select\""));
	assert_true(talk_down(&talk, REPLY("{\"pool_wallet\":\"" XMR "\",\"extra_nonce\":\"0011\","
					   "\"job_id\":\"9f3c\",\"target\":\"f3220000\"}")));
	const struct heard *job = &talk.heard[1];
	assert_int_equal(job->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(job->payout, XMR);
	assert_string_equal(job->finding.coin, "XMR");
	/* an address that is none proves less, without a login */
	begin();
	assert_true(talk_down(&talk, PUSH("{\"pool_wallet\":\"main\",\"extra_nonce\":\"0011\","
					  "\"job_id\":\"9f3c\",\"target\":\"f3220000\"}")));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	/* the block that the miner made of it */
	begin();
	assert_true(talk_up(&talk, "{\"id\":2,\"method\":\"block_template\",\"params\":{\"id\":"
				   "\"a1\",\"job_id\":\"9f3c\",\"blob\":\"" BLOB BLOB
				   "\",\"height\":3300000,\"difficulty\":400000000000,"
				   "\"prev_hash\":\"" H64 "\",\"seed_hash\":\"" H64 "\"}}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REQUEST);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_true(first->finding.wants_reply);
	begin();
	assert_false(talk_up(&talk, "{\"id\":2,\"method\":\"block_template\",\"params\":{\"id\":"
				    "\"a1\",\"job_id\":\"9f3c\",\"blob\":\"header\"}}"));
}

static void test_proxies(void **unused)
{
	(void)unused;
	begin();
	talk_up(&talk, LOGIN_OF("\"login\":\"" XMR "\",\"pass\":\"x\",\"agent\":"
				"\"xmr-node-proxy/0.0.3\""));
	assert_true(talk_only(&talk)->finding.is_proxy);
	talk_up(&talk, LOGIN_OF("\"login\":\"" XMR "\",\"pass\":\"x\",\"agent\":"
				"\"xmrig-proxy/6.22.0\""));
	assert_true(talk_only(&talk)->finding.is_proxy);
	begin();
	talk_down(&talk,
		  PUSH("{\"blocktemplate_blob\":\"" BLOB BLOB "\",\"job_id\":\"1\",\"target_diff\":"
		       "5000,\"difficulty\":300000000000,\"height\":7,\"reserved_offset\":130,"
		       "\"client_nonce_offset\":134,\"client_pool_offset\":138}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	assert_true(first->finding.is_proxy);
	assert_true(first->finding.work == 5000);
	/* the same nonce, of two workers */
	talk_up(&talk, "{\"id\":2,\"method\":\"submit\",\"params\":{\"job_id\":\"1\",\"nonce\":"
		       "\"d0030040\",\"workerNonce\":1,\"poolNonce\":7,\"result\":\"" H64 "\"}}");
	assert_true(talk_only(&talk)->finding.is_proxy);
	uint64_t nonce = first->finding.nonce;
	talk_up(&talk, "{\"id\":2,\"method\":\"submit\",\"params\":{\"job_id\":\"1\",\"nonce\":"
		       "\"d0030040\",\"workerNonce\":2,\"poolNonce\":7,\"result\":\"" H64 "\"}}");
	assert_true(talk_only(&talk)->finding.nonce != nonce);
}

static void test_donation(void **unused)
{
	(void)unused;
	begin();
	talk_up(&talk, LOGIN_OF("\"login\":\"" H64 "\",\"pass\":\"x\",\"agent\":\"" AGENT "\""));
	assert_true(talk_only(&talk)->finding.is_donation);
	assert_int_equal(first->finding.wallet.check, WALLET_NONE);
	assert_string_equal(first->login, H64);
	/* its pool may hand out another dialect's work */
	assert_true(talk_down(&talk, "{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{\"id\":\"a1\","
				     "\"algo\":\"kawpow/rvn\",\"extra_nonce\":\"ab12\","
				     "\"extra_nonce2_size\":2}}"));
	assert_int_equal(talk.count, 2);
	assert_int_equal(first->finding.kind, FINDING_REPLY);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	assert_true(first->finding.is_ok);
	assert_string_equal(talk.heard[1].algo, "kawpow/rvn");
	assert_false(
		talk_down(&talk, "{\"method\":\"mining.set_target\",\"params\":[\"" H64 "\"]}"));
	talk_down(&talk, "{\"id\":null,\"method\":\"client.reconnect\",\"params\":["
			 "\"donate.v2.xmrig.com\",\"3333\"]}");
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_RECONNECT);
	assert_true(first->finding.is_donation);
	assert_string_equal(first->pool, "donate.v2.xmrig.com:3333");
	talk_down(&talk,
		  "{\"method\":\"client.reconnect\",\"params\":[\"pool.example.org\",3333]}");
	assert_false(talk_only(&talk)->finding.is_donation);
	begin();
	talk_up(&talk, LOGIN_OF("\"login\":\"" H64 "\",\"pass\":\"x\",\"agent\":\"srbminer\""));
	assert_false(talk_only(&talk)->finding.is_donation);
	begin();
	assert_false(talk_down(&talk, "{\"method\":\"client.reconnect\",\"params\":[\"a.example\","
				      "3333]}"));
}

/* Bytom: the block's header in fields, and shares without a result. */
static void test_header_jobs(void **unused)
{
	static const char submit[] = "{\"id\":3,\"method\":\"submit\",\"params\":{\"id\":"
				     "\"antminer_1\",\"job_id\":\"16942\",\"nonce\":\"bc000d41\"}}";
	static const char job[] =
		REPLY("{\"version\":\"0100000000000000\",\"height\":\"552b000000000000\","
		      "\"previous_block_hash\":\"" H64 "\",\"timestamp\":\"a846d95a00000000\","
		      "\"nonce\":\"0000000000000000\",\"bits\":\"a30baa000000001d\","
		      "\"job_id\":\"16942\",\"seed\":\"" H64 "\",\"target\":\"c5a70000\"}");

	(void)unused;
	begin();
	assert_false(talk_up(&talk, submit));
	assert_true(talk_down(&talk, job));
	assert_int_equal(talk.heard[1].finding.proof, PROOF_CONFIRMED);
	assert_true(talk.heard[1].finding.work > 99990 && talk.heard[1].finding.work < 100010);
	assert_string_equal(talk.heard[1].algo, "tensority");
	uint64_t id = talk.heard[1].finding.job;
	assert_true(talk_up(&talk, submit));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_int_equal(first->finding.job, id);
	/* the miner's side alone */
	begin();
	talk_up(&talk, LOGIN_OF("\"login\":\"ann\",\"pass\":\"x\",\"agent\":\"bmminer/2.0.0\""));
	assert_true(talk_up(&talk, submit));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_NONE);
	begin();
	talk_up(&talk, WEAK_LOGIN);
	assert_false(talk_up(&talk, submit));
}

static double work_of(const char *job)
{
	return talk_down(&talk, job) ? talk_only(&talk)->finding.work : 0;
}

static void test_other_blobs(void **unused)
{
	(void)unused;
	begin();
	/* a short target counts with a block, or in a flow that is known */
	assert_true(work_of(PUSH("{\"blob\":\"" BLOB_ODD "\",\"job_id\":\"1\",\"target\":"
				 "\"b88d06\"}")) == 0);
	assert_true(work_of(PUSH("{\"blob\":\"" BLOB "\",\"job_id\":\"1\",\"target\":"
				 "\"b88d06\"}")) == 10000);
	begin();
	assert_true(work_of(PUSH("{\"blob\":\"" BLOB "\",\"job_id\":\"1\",\"algo\":\"rx/yada\","
				 "\"target\":\"0100000000000000\"}")) == 255);
	assert_true(work_of(PUSH("{\"blob\":\"" BLOB "\",\"job_id\":\"1\",\"algo\":\"rx/yada\","
				 "\"target\":\"01000000000000000\"}")) == 0);
	begin();
	/* a Bitcoin header: version, previous hash, merkle root, time of 2026, bits, nonce */
	assert_true(work_of(PUSH("{\"blob\":\"00000020" H64 H64 "f0a8a469ffff001d00000000\","
				 "\"job_id\":\"1\",\"algo\":\"ghostrider\",\"target\":"
				 "\"f3220000\"}")) == 480045);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	begin();
	assert_true(work_of(PUSH("{\"blob\":\"" H64 H16 "\",\"job_id\":\"1\",\"algo\":"
				 "\"kawpow/rvn\",\"target\":\"f3220000\"}")) == 480045);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	begin();
	assert_true(work_of(PUSH("{\"blob\":\"" H64 H16 "\",\"job_id\":\"1\",\"algo\":\"rx/0\","
				 "\"target\":\"f3220000\"}")) == 0);
}

/* Of the hash and the commitment to it, the one that was aimed at is the larger proof. */
static void test_commitment(void **unused)
{
	static const char good[] = H16 H16 H16 "00000000b7d10000";

	(void)unused;
	begin();
	talk_up(&talk, SUBMIT);
	double difficulty = talk_only(&talk)->finding.difficulty;
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"id\":2,\"method\":\"submit\",\"params\":{\"id\":\"a\",\"job_id\":\"1\","
		 "\"nonce\":\"d0030040\",\"result\":\"" H64 "\",\"commitment\":\"%s\","
		 "\"algo\":\"rx/2\"}}",
		 good);
	talk_up(&talk, text);
	assert_true(talk_only(&talk)->finding.difficulty == difficulty);
}

/* Heard alone, the answer to a keepalive is not taken for the answer to a share. */
static void test_server_only(void **unused)
{
	(void)unused;
	begin();
	talk_down(&talk, PUSH(JOB));
	talk_down(&talk, "{\"id\":3,\"result\":{\"status\":\"KEEPALIVED\"}}");
	assert_int_equal(talk_only(&talk)->finding.reply_to, REPLY_TO_ANYTHING);
	talk_down(&talk, "{\"id\":3,\"result\":{\"status\":\"OK\"}}");
	assert_int_equal(talk_only(&talk)->finding.reply_to, REPLY_TO_SHARE);
	/* who makes blocks shows them, and gets the same answer */
	talk_down(&talk, PUSH("{\"pool_wallet\":\"" XMR "\",\"extra_nonce\":\"0a0b\","
			      "\"target\":\"b88d0600\",\"job_id\":\"j9\"}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_JOB);
	talk_down(&talk, "{\"id\":4,\"result\":{\"status\":\"OK\"}}");
	assert_int_equal(talk_only(&talk)->finding.reply_to, REPLY_TO_ANYTHING);
	talk_down(&talk, "{\"id\":5,\"error\":{\"code\":-1,\"message\":\"Low difficulty share\"}}");
	assert_int_equal(talk_only(&talk)->finding.reply_to, REPLY_TO_SHARE);
}

/* What Grin and Beam say with our words. */
static void test_kin(void **unused)
{
	static const char *const foreign[] = {
		"{\"id\":\"0\",\"method\":\"login\",\"params\":null}",
		"{\"id\":\"0\",\"method\":\"login\",\"params\":{\"login\":\"ann\",\"pass\":\"x\","
		"\"agent\":\"grin-miner\"}}",
		"{\"id\":\"0\",\"method\":\"login\",\"params\":{\"login\":\"ann\",\"pass\":\"x\"}}",
		"{\"id\":\"0\",\"method\":\"keepalive\",\"params\":null}",
		"{\"id\":\"Stratum\",\"method\":\"job\",\"params\":{\"difficulty\":1,\"height\":7,"
		"\"job_id\":4,\"pre_pow\":\"" H64 "\"}}",
		"{\"id\":\"212\",\"method\":\"job\",\"input\":\"" H64 "\",\"difficulty\":9}",
		"{\"id\":\"login\",\"method\":\"login\",\"api_key\":\"" H64 "\"}",
		"{\"id\":\"0\",\"method\":\"submit\",\"params\":{\"edge_bits\":32,\"height\":7,"
		"\"job_id\":4,\"nonce\":13303872,\"pow\":[1,2,3]}}",
	};

	(void)unused;
	begin();
	talk_up(&talk, LOGIN);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		assert_false(talk_up(&talk, foreign[i]));
	/* a text for an id is ours when the rest is */
	assert_true(talk_up(&talk, "{\"id\":\"1\",\"method\":\"login\",\"params\":{\"login\":\"" XMR
				   "\",\"pass\":\"x\"}}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_login_gate),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_two_logins),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_share_gate),
		cmocka_unit_test(test_job_gate),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_algo_of_a_silent_job),
		cmocka_unit_test(test_claimed_rates),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_keepalive_and_getjob),
		cmocka_unit_test(test_self_select),
		cmocka_unit_test(test_proxies),
		cmocka_unit_test(test_donation),
		cmocka_unit_test(test_header_jobs),
		cmocka_unit_test(test_other_blobs),
		cmocka_unit_test(test_commitment),
		cmocka_unit_test(test_server_only),
		cmocka_unit_test(test_kin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
