/* test_branch_ethstratum.c: EthereumStratum 1.0.0 and 2.0.0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "protocols/target.h"
#include "tests/unit/dialect_talk.h"

#define H8  "1a2b3c4d"
#define H16 H8 H8
#define H64 H16 H16 H16 H16

#define USER "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E.rig1"
#define SUBSCRIBE1 \
	"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"ethminer 0.19.0\"," \
	"\"EthereumStratum/1.0.0\"]}"
#define SUBSCRIBED1 \
	"{\"id\":1,\"result\":[[\"mining.notify\",\"ae6812eb4cd7735a302a8a9dd95cf71f\"," \
	"\"EthereumStratum/1.0.0\"],\"080c\"],\"error\":null}"
#define NOTIFY1 \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"bf0488aa\",\"" H64 "\",\"" H64 \
	"\",true]}"
#define SUBMIT1 \
	"{\"id\":44,\"method\":\"mining.submit\",\"params\":[\"" USER \
	"\",\"bf0488aa\",\"6a909d9bbc0f\"]}"
#define HELLO \
	"{\"id\":0,\"method\":\"mining.hello\",\"params\":{\"agent\":\"ethminer-0.19\",\"host\":" \
	"\"pool.example.com\",\"port\":\"115c\",\"proto\":\"EthereumStratum/2.0.0\"}}"
#define HELLOED \
	"{\"id\":0,\"result\":{\"proto\":\"EthereumStratum/" \
	"2.0.0\",\"encoding\":\"plain\",\"resume\":" \
	"\"1\",\"timeout\":\"b4\",\"maxerrors\":\"5\",\"node\":\"Geth/v1.10\"}}"
#define SET \
	"{\"method\":\"mining.set\",\"params\":{\"epoch\":\"dc\",\"target\":" \
	"\"112e0be826d694b2e62d01511f12a6061fbaec8bc02357593e70e52ba\",\"algo\":\"ethash\"," \
	"\"extranonce\":\"af4c\"}}"
#define NOTIFY2 \
	"{\"method\":\"mining.notify\",\"params\":[\"bf0488aa\",\"6526d5\",\"" H64 "\",\"0\"]}"
#define SUBMIT2 \
	"{\"id\":40,\"method\":\"mining.submit\",\"params\":[\"bf0488aa\",\"68765fccd712\",\"w-" \
	"123\"]}"

static struct talk talk;
static const struct heard *const heard = &talk.heard[0];

static void begin(void)
{
	talk_begin(&talk, &dialect_stratum_v1);
}

static void test_session_1(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, SUBSCRIBE1));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SUBSCRIBE);
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
	assert_true(heard->finding.reply_confirms);
	assert_string_equal(talk_dialect(&talk), "ethstratum-1");
	assert_string_equal(heard->agent, "ethminer 0.19.0");
	assert_true(talk_down(&talk, SUBSCRIBED1));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REPLY);
	/* 1 until the pool says something else */
	assert_true(talk_down(&talk, NOTIFY1));
	assert_true(heard->finding.difficulty == 1);
	assert_true(heard->finding.work == TARGET_WORK_BITCOIN);
	talk_down(&talk, "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[0.5]}");
	assert_true(heard->finding.work == 0.5 * TARGET_WORK_BITCOIN);
	assert_string_equal(talk_dialect(&talk), "ethstratum-1");
	assert_true(talk_down(&talk, NOTIFY1));
	assert_true(heard->finding.work == 0.5 * TARGET_WORK_BITCOIN);
	assert_string_equal(heard->algo, "ethash");
	uint64_t job = heard->finding.job;
	assert_true(talk_up(&talk, SUBMIT1));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
	assert_string_equal(heard->worker, "rig1");
	assert_string_equal(talk_dialect(&talk), "ethstratum-1");
}

static void test_one_sided_1(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_down(&talk, SUBSCRIBED1));
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	begin();
	assert_true(talk_down(&talk, NOTIFY1));
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(talk_dialect(&talk), "ethstratum-1");
	assert_true(heard->finding.work == 0);
	/* three texts alone: others have such shares too */
	begin();
	assert_true(talk_up(&talk, SUBMIT1));
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
	assert_string_equal(talk_dialect(&talk), "stratum-v1");
	assert_string_equal(heard->worker, "rig1");
	assert_true(heard->finding.nonce != 0);
	begin();
	talk_up(&talk, SUBSCRIBE1);
	assert_true(talk_up(&talk, SUBMIT1));
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
}

static void test_session_2(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, HELLO));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SUBSCRIBE);
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
	assert_string_equal(heard->pool, "pool.example.com:4444");
	assert_string_equal(heard->agent, "ethminer-0.19");
	assert_string_equal(talk_dialect(&talk), "ethstratum-2");
	assert_true(talk_down(&talk, HELLOED));
	assert_true(talk_only(&talk)->finding.is_ok);
	assert_true(talk_up(&talk, "{\"id\":1,\"method\":\"mining.subscribe\"}"));
	assert_string_equal(talk_dialect(&talk), "ethstratum-2");
	assert_true(talk_down(&talk, "{\"id\":1,\"result\":\"s-12345\"}"));
	assert_true(talk_only(&talk)->finding.is_ok);
	assert_true(talk_up(&talk, "{\"id\":2,\"method\":\"mining.authorize\",\"params\":["
				   "\"0x101112131415161718191a1b1c1d1e1f20212223.rig1\",\"x\"]}"));
	assert_string_equal(heard->worker, "rig1");
	assert_true(talk_down(&talk, "{\"id\":2,\"result\":\"w-123\"}"));

	assert_true(talk_down(&talk, SET));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_DIFFICULTY);
	assert_true(heard->finding.work > 3.99e9 && heard->finding.work < 4.01e9);
	assert_true(talk_down(&talk, NOTIFY2));
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_true(heard->finding.work > 3.99e9 && heard->finding.work < 4.01e9);
	uint64_t job = heard->finding.job;
	assert_true(talk_up(&talk, SUBMIT2));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
	assert_string_equal(heard->login, "");
}

static void test_replies_2(void **unused)
{
	static const struct {
		const char *text;
		bool is_ok;
	} replies[] = {
		{ "{\"id\":40}", true },
		{ "{\"id\":40,\"error\":null}", true },
		{ "{\"id\":\"40\",\"jsonrpc\":\"2.0\"}", true },
		{ "{\"id\":40,\"result\":null}", true },
		{ "{\"id\":40,\"result\":true}", true },
		{ "{\"id\":40,\"error\":{\"code\":202,\"message\":\"Stale\"}}", true },
		{ "{\"id\":40,\"error\":[\"202\",\"Stale\"]}", true },
		{ "{\"id\":40,\"error\":{\"code\":406,\"message\":\"Bad nonce\"}}", false },
		{ "{\"id\":40,\"error\":{\"code\":304,\"message\":\"No\"}}", false },
		{ "{\"id\":40,\"error\":{\"code\":500,\"message\":\"No\"},\"result\":false}",
		  false },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		begin();
		talk_down(&talk, SET);
		talk_up(&talk, SUBMIT2);
		uint64_t request = heard->finding.request;
		assert_true(talk_down(&talk, replies[i].text));
		assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REPLY);
		assert_int_equal(heard->finding.request, request);
		assert_int_equal(heard->finding.is_ok, replies[i].is_ok);
	}
	/* to nobody else it says anything */
	begin();
	assert_false(talk_down(&talk, "{\"id\":40}"));
	/* but in a flow of the family whose branch nobody has named yet */
	talk_up(&talk, SUBSCRIBE1);
	assert_true(talk_down(&talk, "{\"id\":40}"));
	assert_true(talk_only(&talk)->finding.is_ok);
}

static void test_claimed_rates(void **unused)
{
	(void)unused;
	begin();
	talk_up(&talk, HELLO);
	assert_true(talk_up(&talk, "{\"id\":9,\"method\":\"mining.hashrate\",\"params\":["
				   "\"500000\",\"w-123\"]}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_CLAIMED_RATE);
	assert_int_equal(heard->finding.sender, SENDER_MINER);
	assert_true(heard->finding.rate == 0x500000);
	assert_true(talk_down(&talk, "{\"method\":\"mining.hashrate\",\"params\":{\"interval\":60,"
				     "\"hr\":\"500000\",\"accepted\":[3692,20],\"rejected\":0}}"));
	assert_int_equal(heard->finding.sender, SENDER_POOL);
	assert_true(heard->finding.rate == 0x500000);
	/* a plain number is decimal, and anybody's */
	begin();
	assert_true(
		talk_up(&talk, "{\"id\":9,\"method\":\"mining.hashrate\",\"params\":[500000.5]}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_CLAIMED_RATE);
	assert_true(heard->finding.rate == 500000.5);
	assert_string_equal(talk_dialect(&talk), "stratum-v1");
	assert_true(talk_up(&talk, "{\"id\":9,\"method\":\"mining.hashrate\",\"params\":[]}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REQUEST);
}

/* Cut behind the digits, which may be hex: only a flow that has named the branch tells. */
static void test_cut_claimed_rate(void **unused)
{
	static const char text[] =
		"{\"id\":9,\"method\":\"mining.hashrate\",\"params\":[\"500000\",\"w-123\"]}";
	static const char decimal[] =
		"{\"id\":9,\"method\":\"mining.hashrate\",\"params\":[500000,";
	const size_t digits = (size_t)(strstr(text, "\",\"w") - text) + 1;

	(void)unused;
	for (int is_named = 0; is_named < 2; is_named++)
		for (size_t len = digits - 3; len < digits + 5; len++) {
			bool is_told = is_named && len >= digits;

			begin();
			if (is_named)
				talk_up(&talk, HELLO);
			assert_true(talk_bytes(&talk, DIR_TO_SERVER, text, len, true));
			assert_int_equal(talk_only(&talk)->finding.kind,
					 is_told ? FINDING_CLAIMED_RATE : FINDING_REQUEST);
			assert_true(heard->finding.rate == (is_told ? 0x500000 : 0));
		}
	begin();
	assert_true(talk_bytes(&talk, DIR_TO_SERVER, decimal, sizeof(decimal) - 1, true));
	assert_true(talk_only(&talk)->finding.rate == 500000);
}

static void test_other_words_2(void **unused)
{
	(void)unused;
	begin();
	talk_up(&talk, HELLO);
	assert_true(talk_up(&talk, "{\"id\":11,\"method\":\"mining.noop\"}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_KEEPALIVE);
	assert_true(talk_down(&talk, "{\"method\":\"mining.bye\"}"));
	assert_int_equal(heard->finding.sender, SENDER_POOL);
	assert_true(talk_down(&talk, "{\"method\":\"mining.reconnect\",\"params\":{\"host\":"
				     "\"b.example.com\",\"port\":\"d05\"}}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_RECONNECT);
	assert_string_equal(heard->pool, "b.example.com:3333");
	assert_true(
		talk_down(&talk, "{\"method\":\"mining.set\",\"params\":{\"extranonce\":\"af\"}}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REQUEST);
}

static void test_one_sided_2(void **unused)
{
	static const char *const sure[] = { HELLOED, SET, NOTIFY2 };

	(void)unused;
	for (size_t i = 0; i < 3; i++) {
		begin();
		assert_true(talk_down(&talk, sure[i]));
		assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
		assert_string_equal(talk_dialect(&talk), "ethstratum-2");
	}
	begin();
	assert_true(talk_up(&talk, SUBMIT2));
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
	assert_false(talk_has_identity(&talk));
}

/* [user, job, nonce] of a coin that nobody knows: its job is no nonce, however the user is called.
 */
static void test_others_shares(void **unused)
{
	static const char *const users[] = { USER, "0x101112131415161718191a1b1c1d1e1f20212223",
					     "beef" };
	char text[256];

	(void)unused;
	for (size_t i = 0; i < 3; i++) {
		uint64_t nonces[2];
		uint64_t job = 0;

		begin();
		snprintf(text, sizeof(text),
			 "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"%s\"]}",
			 users[i]);
		talk_up(&talk, text);
		talk_down(&talk, "{\"method\":\"mining.notify\",\"params\":[\"12\",\"" H64
				 "\",\"" H8 "\"]}");
		job = heard->finding.job;
		for (int nonce = 0; nonce < 2; nonce++) {
			snprintf(text, sizeof(text),
				 "{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"%s\","
				 "\"12\",\"" H16 "0000000%d\"]}",
				 users[i], nonce);
			assert_true(talk_up(&talk, text));
			assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
			assert_int_equal(heard->finding.job, job);
			nonces[nonce] = heard->finding.nonce;
		}
		assert_true(nonces[0] != nonces[1]);
	}
}

static void test_near_misses(void **unused)
{
	static const char *const wrong[] = {
		"{\"id\":0,\"method\":\"mining.hello\",\"params\":{\"agent\":\"x\"}}",
		"{\"id\":0,\"method\":\"mining.hello\",\"params\":[]}",
		"{\"method\":\"mining.set\",\"params\":{\"colour\":\"red\"}}",
		"{\"method\":\"mining.set\",\"params\":[]}",
		"{\"method\":\"mining.notify\",\"params\":[\"bf\",\"" H64 "\",\"" H64 "\",1]}",
		"{\"method\":\"mining.notify\",\"params\":[\"bf\",\"6526d5\",\"" H64 "\",\"2\"]}",
		"{\"method\":\"mining.notify\",\"params\":[\"bf\",\"6526d5\",\"" H16 "\",\"0\"]}",
		"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"x\",\"Ethereum\"]}",
		"{\"id\":1,\"method\":\"mining.submit\",\"params\":[\"a\",\"b\",\"" H16 H16 "\"]}",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin();
		assert_true(talk_up(&talk, wrong[i]));
		assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
		assert_string_equal(talk_dialect(&talk), "stratum-v1");
	}
	begin();
	assert_false(talk_down(&talk,
			       "{\"id\":1,\"result\":[[\"a\",\"b\",\"EthereumStratum/1.0.0\"]]}"));
	assert_false(talk_down(&talk, "{\"id\":1,\"result\":{\"proto\":\"x\"}}"));
}

static void test_cut(void **unused)
{
	static const char *const whole[] = { HELLO,   SET,     NOTIFY2,   SUBMIT2,
					     NOTIFY1, SUBMIT1, SUBSCRIBE1 };

	(void)unused;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		for (size_t len = 0; len < strlen(whole[i]); len++) {
			begin();
			(void)talk_bytes(&talk, DIR_TO_SERVER, whole[i], len, true);
			assert_true(talk.count <= 1);
			assert_true(talk.count == 0 || heard->pool[0] == '\0' ||
				    strcmp(heard->pool, "pool.example.com:4444") == 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session_1),     cmocka_unit_test(test_one_sided_1),
		cmocka_unit_test(test_session_2),     cmocka_unit_test(test_replies_2),
		cmocka_unit_test(test_claimed_rates), cmocka_unit_test(test_cut_claimed_rate),
		cmocka_unit_test(test_other_words_2), cmocka_unit_test(test_one_sided_2),
		cmocka_unit_test(test_others_shares), cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
