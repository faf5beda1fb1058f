/* test_branch_bitcoin.c: what a Bitcoin job tells of its pool, and what the words of the family
 * tell of who is there. test_stratum_v1.c has the sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocols/target.h"
#include "tests/unit/dialect_talk.h"

#define H8     "1a2b3c4d"
#define H64    H8 H8 H8 H8 H8 H8 H8 H8
#define Z16    "0000000000000000"
#define Z64    Z16 Z16 Z16 Z16
#define HASH20 "101112131415161718191a1b1c1d1e1f20212223"
#define COINB1 \
	"01000000" \
	"01" Z64 "ffffffff" \
	"20" \
	"0320a10c" \
	"2f4578616d706c6520506f6f6c2f"
#define COINB2 \
	"2f626c61682f" \
	"ffffffff" \
	"01" \
	"00f2052a01000000" \
	"160014" HASH20 "00000000"
#define NOTIFY_AT(prev, bits) \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"2861\",\"" prev "\",\"" COINB1 \
	"\",\"" COINB2 "\",[],\"20000000\",\"" bits "\",\"66b1f0aa\",true]}"
#define NOTIFY_OF(prev) NOTIFY_AT(prev, "1703a30c")
#define NOTIFY_LTC      NOTIFY_AT(H64, "1931be5a")
#define PREV_BTC        H8 H8 H8 H8 H8 H8 Z16

static struct talk talk;
static const struct heard *const heard = &talk.heard[0];

static void begin(void)
{
	talk_begin(&talk, &dialect_stratum_v1);
}

static void test_payout(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_down(&talk, NOTIFY_OF(PREV_BTC)));
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(heard->tag, "/Example Pool/ /blah/");
	assert_string_equal(heard->payout, "bc1qzqg3yyc5z5tpwxqergd3c8g7ruszzg3r8jj72z");
	begin();
	assert_true(talk_down(&talk, NOTIFY_LTC));
	assert_string_equal(heard->payout, "ltc1qzqg3yyc5z5tpwxqergd3c8g7ruszzg3rrwg6jj");
	/* told once, until another one is paid */
	assert_true(talk_down(&talk, NOTIFY_LTC));
	assert_string_equal(heard->payout, "");
	assert_true(talk_down(&talk, NOTIFY_OF(PREV_BTC)));
	assert_string_equal(heard->payout, "bc1qzqg3yyc5z5tpwxqergd3c8g7ruszzg3r8jj72z");
	/* whose coin it is nobody knows */
	begin();
	assert_true(talk_down(&talk, NOTIFY_OF(H64)));
	assert_string_equal(heard->tag, "/Example Pool/ /blah/");
	assert_string_equal(heard->payout, "");
}

static void test_proxies(void **unused)
{
	static const struct {
		const char *params;
		bool is_proxy;
	} rows[] = {
		{ "[\"ckproxy/1.0\"]", true },
		{ "[\"stratum-Proxy 2\"]", true },
		{ "[\"btccom-agent/1.0\"]", true },
		{ "[\"NiceHash/1.0.0\",\"1500000000000\",\"" H64 "\"]", true },
		{ "[\"NiceHash/1.0.0\"]", false },
		{ "[\"cgminer/4.10\"]", false },
		{ "[]", false },
	};
	char text[256];

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		snprintf(text, sizeof(text),
			 "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":%s}",
			 rows[i].params);
		assert_true(talk_up(&talk, text));
		assert_int_equal(talk_only(&talk)->finding.is_proxy, rows[i].is_proxy);
	}
	assert_true(talk_up(&talk, "{\"id\":1,\"method\":\"mining.passthrough\",\"params\":[]}"));
	assert_true(talk_only(&talk)->finding.is_proxy);
}

/* The pool's difficulty in every form; targets win. */
static void test_difficulties(void **unused)
{
	static const struct {
		const char *text;
		double difficulty;
	} rows[] = {
		{ "\"mining.set_difficulty\",\"params\":[4096]", 4096 },
		{ "\"mining.set_difficulty\",\"params\":[4096.0]", 4096 },
		{ "\"mining.set_difficulty\",\"params\":[\"4096\"]", 4096 },
		{ "\"mining.set_difficulty\",\"params\":[4.096e3]", 4096 },
		{ "\"mining.set_difficulty\",\"params\":[4096,null]", 4096 },
		{ "\"mining.set_target\",\"params\":[4096]", 4096 },
		{ "\"mining.set_target\",\"params\":[\"4096\"]", 4096 },
		{ "\"mining.set_difficulty\",\"params\":[\"x\"]", 0 },
	};
	char text[256];

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		snprintf(text, sizeof(text), "{\"method\":%s}", rows[i].text);
		assert_true(talk_down(&talk, text));
		assert_true(talk_only(&talk)->finding.difficulty == rows[i].difficulty);
		talk_down(&talk, NOTIFY_OF(PREV_BTC));
		assert_true(heard->finding.work == rows[i].difficulty * TARGET_WORK_BITCOIN);
	}
	talk_down(&talk, "{\"method\":\"mining.set_difficulty\",\"params\":[2]}");
	talk_down(&talk, "{\"method\":\"mining.set_target\",\"params\":[\"00000000ffff" Z16 Z16 Z16
			 "0000\"]}");
	talk_down(&talk, NOTIFY_OF(PREV_BTC));
	assert_true(heard->finding.work > TARGET_WORK_BITCOIN * 0.9999);
	assert_true(heard->finding.work < TARGET_WORK_BITCOIN * 1.0001);
	/* no target of anybody: it would be more work than there is */
	begin();
	talk_down(&talk, "{\"method\":\"mining.set_target\",\"params\":[\"" Z16 Z16 Z16
			 "0000000000000001\"]}");
	assert_true(talk_only(&talk)->finding.work == 0);
}

static void test_units(void **unused)
{
	static const struct {
		const char *password;
		double per_unit;
		const char *algo;
	} rows[] = {
		{ "a=ghostrider", 65536, "ghostrider" },
		{ "a=lyra2v2,d=1", 0x1p24, "lyra2v2" },
		{ "a=keccak", 0x1p25, "keccak" },
		{ "a=sha256", TARGET_WORK_BITCOIN, "sha256d" },
		{ "a=x17", 0, "" },
	};
	char text[256];

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		snprintf(text, sizeof(text),
			 "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"ann\",\"%s\"]}",
			 rows[i].password);
		talk_up(&talk, text);
		talk_down(&talk, "{\"method\":\"mining.set_difficulty\",\"params\":[0.5]}");
		talk_down(&talk, NOTIFY_OF(PREV_BTC));
		assert_true(heard->finding.work == 0.5 * rows[i].per_unit);
		assert_string_equal(heard->algo, rows[i].algo);
	}
}

/* A clone that nobody knows: the name and the difficulty; a hash behind it is a job's. */
static void test_unknown_clone(void **unused)
{
	(void)unused;
	begin();
	talk_down(&talk, "{\"method\":\"mining.set_difficulty\",\"params\":[2]}");
	assert_true(talk_down(&talk, "{\"method\":\"mining.notify\",\"params\":[\"a\",\"" H64
				     "\",77,\"1b00ab12\"]}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(talk_dialect(&talk), "stratum-v1");
	assert_true(heard->finding.difficulty == 2);
	assert_true(talk_up(&talk, "{\"id\":7,\"method\":\"mining.submit\",\"params\":[\"ann.r1\","
				   "\"a\",[1,2,3],true]}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_string_equal(heard->login, "ann.r1");
	assert_true(heard->finding.nonce != 0);
	uint64_t nonce = heard->finding.nonce;
	talk_up(&talk, "{\"id\":\"7\",\"method\":\"mining.submit\",\"params\":[\"ann.r1\",\"a\","
		       "[1,2,4],true]}");
	assert_int_not_equal(heard->finding.nonce, nonce);
}

/* Of numbers that are written as they are, and of words that say nothing. */
static void test_loose_spellings(void **unused)
{
	static const char *const shares[] = {
		"[\"ann.r1\",\"1b5c\",\"00000002\",\"66b1f0aa\",\"5c1e0f2\"]",
		"[\"ann.r1\",\"1b5c\",\"00000002\",\"66b1f0aa\",\"f\"]",
		"[\"ann.r1\",\"1b5c\",\"00000002\",\"66b1f0aa\",\"5c1e0f2a\",\"\"]",
	};
	static const char *const others[] = {
		"[\"ann.r1\",\"1b5c\",\"00000002\",\"66b1f0aa\",\"5c1e0f2a5\"]",
		"[\"ann.r1\",\"1b5c\",\"00000002\",\"66b1f0aa\",\"\"]",
		"[\"ann.r1\",\"1b5c\",\"00000002\",\"6b1f0aa\",\"5c1e0f2a\"]",
		"[\"ann.r1\",\"1b5c\",\"00000002\",\"66b1f0aa\",\"5c1e0f2a\",\"a\"]",
	};
	char text[256];

	(void)unused;
	for (size_t i = 0; i < 7; i++) {
		begin();
		snprintf(text, sizeof(text),
			 "{\"id\":4,\"method\":\"mining.submit\",\"params\":%s}",
			 i < 3 ? shares[i] : others[i - 3]);
		assert_true(talk_up(&talk, text));
		assert_int_equal(talk_only(&talk)->finding.proof,
				 i < 3 ? PROOF_CONFIRMED : PROOF_LIKELY);
		assert_string_equal(heard->worker, "r1");
	}
	/* a truth as text */
	begin();
	assert_true(talk_down(&talk, "{\"method\":\"mining.notify\",\"params\":[77,\"" PREV_BTC
				     "\",\"01000000\",\"ffffffff\",[],\"20000000\",\"1703a30c\","
				     "\"66b1f0aa\",\"true\"]}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	/* P2Pool keeps all of the coinbase to itself */
	begin();
	assert_true(talk_down(&talk, "{\"error\":null,\"jsonrpc\":\"2.0\",\"id\":0,\"result\":"
				     "[[\"mining.notify\",\"ae6812eb4cd7735a\"],\"\",8]}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
}

/* A later proof of another branch replaces the first: some miners try several on one flow. */
static void test_branch_changes(void **unused)
{
	(void)unused;
	begin();
	talk_down(&talk, NOTIFY_OF(PREV_BTC));
	assert_string_equal(talk_dialect(&talk), "stratum-v1");
	talk_down(&talk, "{\"method\":\"mining.notify\",\"params\":[\"39f2\",\"04000000\",\"" H64
			 "\",\"" H64 "\",\"" H64 "\",\"16ee7c58\",\"83837b1c\",true]}");
	assert_string_equal(talk_dialect(&talk), "equihash");
	talk_down(&talk, NOTIFY_OF(PREV_BTC));
	assert_string_equal(talk_dialect(&talk), "stratum-v1");
	assert_null(heard->finding.unit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_payout),          cmocka_unit_test(test_proxies),
		cmocka_unit_test(test_difficulties),    cmocka_unit_test(test_units),
		cmocka_unit_test(test_unknown_clone),   cmocka_unit_test(test_branch_changes),
		cmocka_unit_test(test_loose_spellings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
