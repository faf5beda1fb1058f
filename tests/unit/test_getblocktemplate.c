/* test_getblocktemplate.c: templates and blocks, whole and cut; explorers ask for other things. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dialect_talk.h"

#define H16   "1a2b3c4d5e6f7a8b"
#define H16R  "8b7a6f5e4d3c2b1a"
#define H64   H16 H16 H16 H16
#define ZEROS "0000000000000000"

#define PREVIOUS      ZEROS H16 H16 H16
#define PREVIOUS_BACK H16R H16R H16R ZEROS
/* time 66b1f0aa, bits 1703a30c, nonce */
#define BLOCK(nonce) \
	"00000020" PREVIOUS_BACK H64 "aaf0b166" \
	"0ca30317" nonce "01" H64

#define ASK \
	"{\"id\":0,\"method\":\"getblocktemplate\",\"params\":[{\"capabilities\":[" \
	"\"coinbasetxn\"," \
	"\"workid\",\"coinbase/append\",\"longpoll\"],\"rules\":[\"segwit\"]}]}"
#define HEAD \
	"{\"id\":0,\"error\":null,\"result\":{\"capabilities\":[\"proposal\"],\"version\":" \
	"536870912," \
	"\"rules\":[\"csv\"],\"previousblockhash\":\"" PREVIOUS "\",\"transactions\":["
#define TX "{\"data\":\"0200000001\",\"txid\":\"" H64 "\",\"depends\":[],\"fee\":2000}"
#define TAIL(target, bits) \
	"],\"coinbasevalue\":312500000,\"target\":\"" target "\",\"bits\":\"" bits \
	"\",\"height\":850000,\"curtime\":1722937514}}"
#define EASY         "00000000ffff0000" ZEROS ZEROS ZEROS
#define SUBMIT(n)    "{\"id\":1,\"method\":\"submitblock\",\"params\":[\"" BLOCK(n) "\"]}"
#define RESULT(what) "{\"id\":1,\"error\":null,\"result\":" what "}"

static struct talk talk;
static const struct heard *const first = &talk.heard[0];

static const struct http_head miner = { .method = "POST",
					.target = "/",
					.user = "ann",
					.has_password = true,
					.agent = "bfgminer/5.5.0" };
static const struct http_head answer = { .is_response = true, .status = 200 };

static void begin(void)
{
	talk_begin(&talk, &dialect_getblocktemplate);
}

static void test_session(void **unused)
{
	struct http_head refused = answer;

	(void)unused;
	begin();
	assert_false(talk_head(&talk, &miner));
	assert_true(talk_body(&talk, &miner, ASK));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_LOGIN);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(first->login, "ann");
	assert_string_equal(first->agent, "bfgminer/5.5.0");
	assert_true(first->finding.has_password && first->finding.wants_reply);
	uint64_t request = first->finding.request;

	refused.status = 403;
	assert_true(talk_head(&talk, &refused));
	assert_int_equal(talk_only(&talk)->finding.request, request);
	assert_false(first->finding.is_ok);
	assert_true(talk_body(&talk, &answer, HEAD TX TAIL(EASY, "1703a30c")));
	assert_int_equal(talk.count, 2);
	assert_int_equal(first->finding.kind, FINDING_REPLY);
	assert_int_equal(first->finding.request, request);
	assert_true(first->finding.is_ok);
	assert_int_equal(talk.heard[1].finding.kind, FINDING_JOB);
	assert_int_equal(talk.heard[1].finding.proof, PROOF_CONFIRMED);
	assert_true(talk.heard[1].finding.work > 4.295e9 && talk.heard[1].finding.work < 4.2951e9);
	uint64_t job = talk.heard[1].finding.job;

	assert_true(talk_body(&talk, &miner, ASK));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REQUEST);
	assert_true(talk_body(&talk, &miner, SUBMIT("0000beef")));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(first->finding.job, job);
	uint64_t nonce = first->finding.nonce;
	request = first->finding.request;
	assert_true(talk_body(&talk, &answer, RESULT("null")));
	assert_int_equal(talk_only(&talk)->finding.request, request);
	assert_true(first->finding.is_ok);
	assert_true(talk_body(&talk, &miner, SUBMIT("0000bef0")));
	assert_true(talk_only(&talk)->finding.nonce != nonce);
}

static void test_verdicts(void **unused)
{
	static const struct {
		const char *text;
		const char *reason;
		bool is_stale;
	} refusals[] = {
		{ RESULT("\"duplicate\""), "duplicate", false },
		{ RESULT("\"duplicate-inconclusive\""), "duplicate-inconclusive", false },
		{ RESULT("\"inconclusive\""), "inconclusive", true },
		{ RESULT("\"unknown-work\""), "unknown-work", true },
		{ RESULT("\"high-hash\""), "high-hash", false },
		{ RESULT("\"stale-prevblk\""), "stale-prevblk", true },
		{ RESULT("\"the pool's own words\""), "the pool's own words", false },
		{ "{\"id\":1,\"result\":null,\"error\":{\"code\":-22,\"message\":\"Block decode "
		  "failed\"}}",
		  "Block decode failed", false },
		{ "{\"id\":1,\"result\":null,\"error\":{\"code\":-22}}", "", false },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		begin();
		assert_false(talk_body(&talk, &answer, refusals[i].text));
		talk_body(&talk, &miner, SUBMIT("00000001"));
		assert_true(talk_body(&talk, &answer, refusals[i].text));
		assert_false(talk_only(&talk)->finding.is_ok);
		assert_int_equal(first->finding.is_stale, refusals[i].is_stale);
		assert_string_equal(first->reason, refusals[i].reason);
	}
	assert_false(talk_body(&talk, &answer, "{\"id\":9,\"result\":\"" H64 "\"}"));
	assert_false(talk_body(&talk, &answer, "{\"id\":9,\"result\":850000}"));
}

static void test_solo_rate_is_unknown(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_body(&talk, &answer,
			      HEAD TX TAIL("00000000ffff0000" ZEROS ZEROS ZEROS, "1d00ffff")));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_JOB);
	assert_true(first->finding.work == 0);
	assert_true(first->finding.difficulty > 0.999 && first->finding.difficulty < 1.001);
	begin();
	talk_body(
		&talk, &miner,
		"{\"method\":\"getblocktemplate\",\"params\":[{\"rules\":[\"mweb\",\"segwit\"]}]}");
	assert_string_equal(talk_only(&talk)->finding.coin, "LTC");
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	assert_true(first->finding.request != 0);
}

static void test_cut_template(void **unused)
{
	static const char text[] = HEAD TX "," TX "," TX;
	size_t known = (size_t)(strstr(text, "\"depends\":[") - text) + strlen("\"depends\":[");

	(void)unused;
	for (size_t len = 0; len < sizeof(text); len++) {
		begin();
		talk_body_bytes(&talk, &answer, text, len, true);
		assert_true(talk_proof(&talk) < PROOF_CONFIRMED || len >= known);
		begin();
		talk_body(&talk, &miner, ASK);
		bool is_job = talk_body_bytes(&talk, &answer, text, len, true);
		assert_int_equal(is_job, len >= strlen(HEAD));
		if (is_job)
			assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	}
}

static void test_cut_block(void **unused)
{
	static const char text[] = SUBMIT("0000beef");
	size_t known = (size_t)(strstr(text, "00000020") - text) + 160;

	(void)unused;
	begin();
	talk_body(&talk, &miner, text);
	struct finding whole = talk_only(&talk)->finding;
	for (size_t len = 0; len < sizeof(text); len++) {
		begin();
		assert_int_equal(talk_body_bytes(&talk, &miner, text, len, true), len >= known);
		if (len < known)
			continue;
		assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
		assert_int_equal(first->finding.nonce, whole.nonce);
		assert_int_equal(first->finding.job, whole.job);
	}
}

static void test_others(void **unused)
{
	static const char *const others[] = {
		"{\"id\":1,\"method\":\"getmininginfo\",\"params\":[]}",
		"{\"id\":1,\"method\":\"getnetworkhashps\",\"params\":[]}",
		"{\"id\":1,\"method\":\"getdifficulty\",\"params\":[]}",
		"{\"id\":1,\"method\":\"getblocktemplate\",\"params\":{\"wallet_address\":\"4\"}}",
		"{\"id\":1,\"method\":\"getblocktemplate\",\"params\":[\"x\"]}",
		"{\"id\":1,\"method\":\"submitblock\",\"params\":[\"" H64 "\"]}",
		"{\"id\":1,\"method\":\"submitblock\",\"params\":{\"block\":\"" H64 "\"}}",
		/* a Monero block is another dialect's */
		"{\"id\":1,\"method\":\"submitblock\",\"params\":[\"1010e0aebbb106" H64 H64 H64
		"\"]}",
		"{\"id\":1,\"result\":{\"previousblockhash\":\"" H64
		"\",\"tx\":[],\"bits\":\"1703a30c\"}}",
		"{\"id\":1,\"result\":{\"chain\":\"main\",\"bestblockhash\":\"" H64 "\"}}",
		"{\"id\":1,\"result\":null,\"error\":null}",
		"{\"id\":1,\"result\":\"duplicate\",\"error\":null}",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		begin();
		assert_false(talk_body(&talk, &miner, others[i]));
		assert_false(talk_body(&talk, &answer, others[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_solo_rate_is_unknown),
		cmocka_unit_test(test_cut_template),
		cmocka_unit_test(test_cut_block),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
