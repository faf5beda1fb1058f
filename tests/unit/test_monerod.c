/* test_monerod.c: mining against a CryptoNote daemon; what wallets ask it stays out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dialect_talk.h"

#define H16 "1a2b3c4d5e6f7a8b"
#define H64 H16 H16 H16 H16
#define WALLET \
	"42GcvFXaX6p3rZwuSi5uqJ3rZwuSi5uqJ3rZwuSi5uqJ3sDTaAVnV7o6i8totRApfb6i8totRApfb6i8totRApfb" \
	"4rNoqE7"

#define BLOCK(nonce) "1010e0aebbb106" H64 nonce "02" H64 H64 "0001"

#define ASK \
	"{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"getblocktemplate\",\"params\":{" \
	"\"wallet_address\":\"" WALLET "\",\"extra_nonce\":\"" H16 "\"}}"
#define TEMPLATE(difficulty) \
	"{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{\"blocktemplate_blob\":\"" BLOCK( \
		"00000000") "\",\"blockhashing_blob\":\"" BLOCK("00000000") "\"," \
									    "\"difficulty\"" \
									    ":" difficulty \
									    ",\"height\":3000000," \
									    "\"prev_hash\":\"" H64 \
									    "\",\"reserved_" \
									    "offset\":130,\"seed_" \
									    "hash\":\"" H64 \
									    "\",\"status\":" \
									    "\"OK\"}}"
#define SUBMIT(nonce) \
	"{\"id\":2,\"jsonrpc\":\"2.0\",\"method\":\"submitblock\",\"params\":[\"" BLOCK( \
		nonce) "\"]}"
#define DATA \
	"{\"id\":3,\"result\":{\"major_version\":16,\"height\":3000000,\"prev_id\":\"" H64 \
	"\",\"seed_hash\":\"" H64 "\",\"difficulty\":\"0x4a817c800\",\"median_weight\":300000," \
	"\"already_generated_coins\":18000000,\"tx_backlog\":[]}}"

static struct talk talk;
static const struct heard *const first = &talk.heard[0];

static const struct http_head miner = { .method = "POST",
					.target = "/json_rpc",
					.agent = "XMRig/6.26.0" };
static const struct http_head answer = { .is_response = true, .status = 200 };

static void begin(void)
{
	talk_begin(&talk, &dialect_monerod);
}

static void test_session(void **unused)
{
	struct http_head found = miner;

	(void)unused;
	begin();
	assert_false(talk_head(&talk, &miner));
	assert_true(talk_body(&talk, &miner, ASK));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_LOGIN);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(first->wallet, WALLET);
	assert_int_equal(first->finding.wallet.check, WALLET_VALID);
	assert_string_equal(first->finding.coin, "XMR");
	assert_string_equal(first->agent, "XMRig/6.26.0");
	uint64_t request = first->finding.request;

	assert_true(talk_body(&talk, &answer, TEMPLATE("400000000000")));
	assert_int_equal(talk.count, 2);
	assert_int_equal(first->finding.request, request);
	assert_true(first->finding.is_ok);
	assert_int_equal(talk.heard[1].finding.kind, FINDING_JOB);
	assert_int_equal(talk.heard[1].finding.proof, PROOF_CONFIRMED);
	assert_true(talk.heard[1].finding.difficulty == 4e11);
	assert_true(talk.heard[1].finding.work == 0); /* the network's, not ours */
	assert_string_equal(talk.heard[1].algo, "randomx");
	uint64_t job = talk.heard[1].finding.job;

	assert_true(talk_body(&talk, &miner, ASK));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REQUEST);
	(void)strcpy(found.hash_difficulty, "412345");
	assert_true(talk_head(&talk, &found));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_true(talk_body(&talk, &found, SUBMIT("0000beef")));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(first->finding.job, job);
	assert_true(first->finding.difficulty == 412345.0);
	request = first->finding.request;
	assert_true(talk_body(&talk, &answer, "{\"id\":2,\"result\":{\"status\":\"OK\"}}"));
	assert_int_equal(talk_only(&talk)->finding.request, request);
	assert_true(first->finding.is_ok);
	assert_true(
		talk_body(&talk, &answer,
			  "{\"id\":2,\"error\":{\"code\":-7,\"message\":\"Block not accepted\"}}"));
	assert_string_equal(talk_only(&talk)->reason, "Block not accepted");
	/* a wallet's call in between */
	assert_false(talk_body(&talk, &answer, "{\"id\":7,\"result\":{\"status\":\"OK\"}}"));
}

static void test_polling(void **unused)
{
	static const char *const paths[] = { "/getheight", "/getinfo?x=1",
					     "http://node.example.org:18081/get_info" };
	struct http_head head = { .method = "GET", .agent = "XMRig/6.26.0 (Linux)" };

	(void)unused;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		begin();
		(void)strcpy(head.target, paths[i]);
		assert_true(talk_head(&talk, &head));
		assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
		assert_string_equal(first->agent, head.agent);
	}
	(void)strcpy(head.agent, "epee/1.0");
	assert_false(talk_head(&talk, &head));
	(void)strcpy(head.agent, "XMRig/6.26.0");
	(void)strcpy(head.target, "/2/summary");
	assert_false(talk_head(&talk, &head));
}

static void test_miner_data(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_body(&talk, &answer, DATA));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_true(first->finding.difficulty == 20e9);
	begin();
	assert_true(talk_body(&talk, &miner, "{\"id\":3,\"method\":\"get_miner_data\"}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_true(talk_body(&talk, &answer, DATA));
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
}

static void test_start_mining(void **unused)
{
	const struct http_head head = { .method = "POST", .target = "/start_mining" };

	(void)unused;
	begin();
	assert_true(
		talk_body(&talk, &head, "{\"miner_address\":\"" WALLET "\",\"threads_count\":4}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_LOGIN);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	assert_string_equal(first->wallet, WALLET);
	assert_false(talk_body(&talk, &head, "{\"miner_address\":\"ann\",\"threads_count\":4}"));
	assert_false(talk_body(&talk, &head, "[]"));
}

static void test_one_side(void **unused)
{
	(void)unused;
	begin();
	assert_false(talk_body(&talk, &answer, "{\"id\":2,\"result\":{\"status\":\"OK\"}}"));
	assert_true(talk_body(&talk, &answer, TEMPLATE("\"0x5d21dba00\"")));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_JOB);
	assert_true(first->finding.difficulty == 25e9);
	assert_true(talk_body(&talk, &answer, "{\"id\":2,\"result\":{\"status\":\"OK\"}}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REPLY);
	begin();
	assert_true(talk_up(&talk, SUBMIT("00000001"))); /* its head was lost */
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
}

static void test_wallets(void **unused)
{
	static const char *const others[] = {
		"{\"id\":\"0\",\"jsonrpc\":\"2.0\",\"method\":\"get_info\"}",
		"{\"id\":\"0\",\"jsonrpc\":\"2.0\",\"method\":\"get_fee_estimate\",\"params\":{}}",
		"{\"id\":\"0\",\"jsonrpc\":\"2.0\",\"method\":\"getblocktemplate\",\"params\":{}}",
		"{\"id\":\"0\",\"jsonrpc\":\"2.0\",\"method\":\"submitblock\",\"params\":[\"" H64
			H64 H64 "\"]}",
		"{\"id\":\"0\",\"result\":{\"difficulty\":400000000000,\"height\":3,\"status\":"
		"\"OK\"}}",
		"{\"height\":3000000,\"hash\":\"" H64 "\",\"status\":\"OK\"}",
		"{\"id\":\"0\",\"result\":{\"block_header\":{\"prev_hash\":\"" H64 "\"}}}",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		begin();
		assert_false(talk_body(&talk, &miner, others[i]));
		assert_false(talk_body(&talk, &answer, others[i]));
	}
	/* a name that is no address */
	begin();
	assert_true(talk_body(&talk, &miner,
			      "{\"id\":1,\"method\":\"get_block_template\",\"params\":{"
			      "\"wallet_address\":\"ann\",\"reserve_size\":60}}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
}

static void test_cut(void **unused)
{
	static const char text[] = TEMPLATE("1");
	size_t known = (size_t)(strstr(text, ",\"blockhashing") - text);

	(void)unused;
	for (size_t len = 0; len < sizeof(text); len++) {
		begin();
		assert_int_equal(talk_body_bytes(&talk, &answer, text, len, true), len >= known);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),    cmocka_unit_test(test_polling),
		cmocka_unit_test(test_miner_data), cmocka_unit_test(test_start_mining),
		cmocka_unit_test(test_one_side),   cmocka_unit_test(test_wallets),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
