/* test_branch_kawpow.c: KawPow and its kin, and QtMiner, whose shares look the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocols/target.h"
#include "tests/unit/dialect_talk.h"

#define H8  "1a2b3c4d"
#define H16 H8 H8
#define H64 H16 H16 H16 H16

#define USER "RAk9Lfuno4gMbbMFjYfaJbxnmxtdLfpeC4.rig1"
#define KAWPOW_NOTIFY_OF(target, tail) \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"1f3a\",\"" H64 "\",\"" H64 \
	"\",\"" target "\",true,3325000" tail "]}"
#define Z16           "0000000000000000"
#define TARGET        "00000000ff000000" Z16 Z16 Z16
#define KAWPOW_NOTIFY KAWPOW_NOTIFY_OF(TARGET, ",\"1b00ab12\"")
#define SUBMIT_OF(user, more) \
	"{\"id\":40,\"method\":\"mining.submit\",\"params\":[\"" user \
	"\",\"1f3a\",\"0x64290b0000a1b2c3\",\"0x" H64 "\",\"0x" H64 "\"]" more "}"
#define QT_NOTIFY \
	"{\"id\":null,\"jsonrpc\":\"2.0\",\"method\":\"mining.notify\",\"params\":[\"bf04\"," \
	"\"0x" H64 "\",\"0x" H64 "\",\"0x" TARGET "\",true]}"
#define ETH_USER "0x101112131415161718191a1b1c1d1e1f20212223"

static struct talk talk;
static const struct heard *const heard = &talk.heard[0];

static void begin(void)
{
	talk_begin(&talk, &dialect_stratum_v1);
}

static bool is_near(double value, double wanted)
{
	return value > wanted * 0.999999 && value < wanted * 1.000001;
}

static void test_job(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_down(&talk, KAWPOW_NOTIFY));
	assert_string_equal(talk_dialect(&talk), "kawpow");
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(heard->algo, "kawpow");
	assert_null(heard->finding.unit);
	assert_true(is_near(heard->finding.work, 0x1p40 / 255));
	/* six fields will do, and the first digits of a target */
	begin();
	assert_true(talk_down(&talk, KAWPOW_NOTIFY_OF("00000000ff000000", "")));
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_true(is_near(heard->finding.work, 0x1p40 / 255));
	/* nbits as a number */
	begin();
	assert_true(talk_down(&talk, KAWPOW_NOTIFY_OF(TARGET, ",486604799")));
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(talk_dialect(&talk), "kawpow");
	/* without one the pool's last word holds */
	begin();
	talk_down(&talk, "{\"method\":\"mining.set_target\",\"params\":[\"" TARGET "\"]}");
	assert_true(talk_down(&talk, KAWPOW_NOTIFY_OF("0", "")));
	assert_true(is_near(heard->finding.work, 0x1p40 / 255));
}

static void test_share(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, SUBMIT_OF(USER, "")));
	assert_string_equal(talk_dialect(&talk), "kawpow");
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(heard->worker, "rig1");
	assert_true(heard->finding.wants_reply);
	uint64_t nonce = heard->finding.nonce;
	assert_true(nonce != 0);
	assert_true(talk_up(&talk, SUBMIT_OF(USER, ",\"jsonrpc\":\"2.0\"")));
	assert_int_equal(heard->finding.nonce, nonce);
	assert_true(talk_down(&talk, "{\"id\":40,\"result\":true,\"error\":null}"));
	assert_string_equal(talk_dialect(&talk), "kawpow");
}

/* Their addresses have the form of other coins'. */
static void test_coins(void **unused)
{
	static const char *const cases[][2] = {
		{ "RAk9Lfuno4gMbbMFjYfaJbxnmxtdLfpeC4.rig1", "RVN" },
		{ "GKJsgHMTB6V5c4HMCKLZdqyUvsDsgkRrRM", "NEOX" },
		{ "M9N7VavuhG3bRFxPVMLPTMEvUvKCEobVUh", "MEWC" },
		{ "LTC:M9N7VavuhG3bRFxPVMLPTMEvUvKCEobVUh", "LTC" }, /* paid in it */
		{ "D6c3oQy9Ven54bAezxg1kqoBtqAL3XHKvi", "DOGE" },
	};
	char text[512];

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin();
		snprintf(text, sizeof(text), SUBMIT_OF("%s", ""), cases[i][0]);
		assert_true(talk_up(&talk, text));
		assert_string_equal(heard->finding.coin, cases[i][1]);
		assert_int_equal(heard->finding.is_coin_mined, i < 3);
	}
	begin();
	talk_up(&talk, "{\"id\":2,\"method\":\"mining.authorize\",\"params\":["
		       "\"M9N7VavuhG3bRFxPVMLPTMEvUvKCEobVUh\",\"c=LTC\"]}");
	talk_up(&talk, SUBMIT_OF("M9N7VavuhG3bRFxPVMLPTMEvUvKCEobVUh", ""));
	assert_string_equal(heard->finding.coin, "LTC");
}

static void test_qtminer(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_down(&talk, QT_NOTIFY));
	assert_string_equal(talk_dialect(&talk), "ethstratum-qt");
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(heard->algo, "ethash");
	assert_true(is_near(heard->finding.work, 0x1p40 / 255));
	/* the job decides whose the shares are */
	assert_true(talk_up(&talk, SUBMIT_OF(USER, "")));
	assert_string_equal(talk_dialect(&talk), "ethstratum-qt");
	begin();
	talk_down(&talk, KAWPOW_NOTIFY);
	assert_true(talk_up(&talk, SUBMIT_OF(ETH_USER, ",\"worker\":\"r\"")));
	assert_string_equal(talk_dialect(&talk), "kawpow");
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	/* without a job, what stands beside the fields */
	begin();
	assert_true(talk_up(&talk, SUBMIT_OF("ann", ",\"worker\":\"r7\"")));
	assert_string_equal(talk_dialect(&talk), "ethstratum-qt");
	assert_string_equal(heard->worker, "r7");
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	begin();
	assert_true(talk_up(&talk, SUBMIT_OF(ETH_USER, "")));
	assert_string_equal(talk_dialect(&talk), "ethstratum-qt");
	assert_int_not_equal(heard->finding.wallet.check, WALLET_NONE);
	/* a job corrects what a share made believe */
	assert_true(talk_down(&talk, KAWPOW_NOTIFY));
	assert_string_equal(talk_dialect(&talk), "kawpow");
}

/* XMRig lets the pool choose: these words follow its log-in. */
static void test_auto_login(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_down(&talk,
			      "{\"id\":1,\"jsonrpc\":\"2.0\",\"error\":null,\"result\":{\"id\":"
			      "\"a1b2\",\"algo\":\"kawpow/rvn\",\"extra_nonce\":\"64290b\","
			      "\"extra_nonce2_size\":5}}"));
	assert_int_equal(talk.count, 2);
	assert_int_equal(heard->finding.kind, FINDING_IDENTITY);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(heard->algo, "kawpow/rvn");
	assert_int_equal(talk.heard[1].finding.kind, FINDING_REPLY);
	assert_int_equal(talk.heard[1].finding.reply_to, REPLY_TO_LOGIN);
	assert_true(talk.heard[1].finding.is_ok);
	assert_true(talk_up(&talk, SUBMIT_OF(ETH_USER, "")));
	assert_string_equal(talk_dialect(&talk), "kawpow");

	begin();
	assert_true(talk_down(&talk,
			      "{\"id\":1,\"result\":{\"algo\":\"ghostrider\",\"extra_nonce\":"
			      "\"6429\",\"extra_nonce2_size\":\"4\"}}"));
	talk_down(&talk, "{\"method\":\"mining.set_difficulty\",\"params\":[\"0.5\"]}");
	assert_true(heard->finding.work == 0.5 * TARGET_WORK_SCRYPT);
	begin();
	assert_false(talk_down(&talk, "{\"id\":1,\"result\":{\"algo\":\"kawpow\",\"extra_nonce\":"
				      "\"xyz\",\"extra_nonce2_size\":4}}"));
	assert_false(talk_down(&talk, "{\"id\":1,\"result\":{\"algo\":\"kawpow\"}}"));
}

static void test_cut(void **unused)
{
	static const char submit[] = SUBMIT_OF(USER, "");
	static const char notify[] = KAWPOW_NOTIFY;

	(void)unused;
	for (size_t len = 1; len < sizeof(submit); len++) {
		begin();
		if (!talk_bytes(&talk, DIR_TO_SERVER, submit, len, true))
			continue;
		assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
		assert_true(heard->worker[0] == '\0' || strcmp(heard->worker, "rig1") == 0);
		assert_true((heard->finding.proof == PROOF_CONFIRMED) ==
			    (len >= sizeof(submit) - 3));
	}
	for (size_t len = 1; len < sizeof(notify); len++) {
		begin();
		if (talk_bytes(&talk, DIR_TO_CLIENT, notify, len, true))
			assert_true(heard->finding.proof == PROOF_LIKELY ||
				    len > sizeof(notify) - 16);
	}
}

/* Some leave 0x away, of the nonce or of all. */
static void test_share_without_0x(void **unused)
{
	(void)unused;
	begin();
	talk_up(&talk, SUBMIT_OF(USER, ""));
	uint64_t nonce = talk_only(&talk)->finding.nonce;
	begin();
	assert_true(talk_up(&talk, "{\"id\":40,\"method\":\"mining.submit\",\"params\":[\"" USER
				   "\",\"1f3a\",\"64290b0000a1b2c3\",\"" H64 "\",\"" H64 "\"]}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(talk_dialect(&talk), "kawpow");
	assert_int_equal(heard->finding.nonce, nonce);
}

/* The pool's side alone: the answer to a rate, again and again, is no share's; one that is counted
 * up to is. */
static void test_answers_to_rates(void **unused)
{
	static const struct {
		const char *text;
		enum reply_to to;
	} answers[] = {
		{ "{\"id\":9,\"result\":true}", REPLY_TO_ANYTHING },
		{ "{\"id\":40,\"result\":true}", REPLY_TO_LOGIN_OR_SHARE },
		{ "{\"id\":9,\"result\":true}", REPLY_TO_ANYTHING },
		{ "{\"id\":\"9\",\"result\":true}", REPLY_TO_ANYTHING },
		{ "{\"id\":8,\"result\":true}", REPLY_TO_LOGIN_OR_SHARE },
		{ "{\"id\":9,\"result\":true}", REPLY_TO_LOGIN_OR_SHARE },
		{ "{\"id\":10,\"result\":true}", REPLY_TO_LOGIN_OR_SHARE },
		{ "{\"id\":null,\"result\":true}", REPLY_TO_LOGIN_OR_SHARE },
	};

	(void)unused;
	begin();
	assert_true(talk_down(&talk, KAWPOW_NOTIFY));
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		assert_true(talk_down(&talk, answers[i].text));
		assert_int_equal(talk_only(&talk)->finding.reply_to, answers[i].to);
	}
}

static void test_near_misses(void **unused)
{
	static const char *const wrong[] = {
		"{\"method\":\"mining.notify\",\"params\":[\"1f3a\",\"" H64 "\",\"" H64
		"\",\"" TARGET "\",true]}",
		KAWPOW_NOTIFY_OF("xyz", ""),
		KAWPOW_NOTIFY_OF(TARGET, ",7,\"1b00ab12\""),
		"{\"method\":\"mining.notify\",\"params\":[\"bf04\",\"0x" H64 "\",\"" H64
		"\",\"0x" TARGET "\",true]}",
		"{\"method\":\"mining.submit\",\"params\":[\"a\",\"1f3a\",\"" H8 "\",\"0x" H64
		"\",\"0x" H64 "\"]}",
		"{\"method\":\"mining.submit\",\"params\":[\"a\",\"1f3a\",\"0x" H16 "\",\"0x" H16
		"\"]}",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin();
		assert_true(talk_down(&talk, wrong[i]));
		assert_int_equal(heard->finding.proof, PROOF_LIKELY);
		assert_string_equal(talk_dialect(&talk), "stratum-v1");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_job),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_coins),
		cmocka_unit_test(test_qtminer),
		cmocka_unit_test(test_auto_login),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_share_without_0x),
		cmocka_unit_test(test_answers_to_rates),
		cmocka_unit_test(test_near_misses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
