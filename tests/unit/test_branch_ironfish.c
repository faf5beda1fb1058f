/* test_branch_ironfish.c: Iron Fish: a body instead of params. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/branch_talk.h"

#define ADDRESS "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
#define SUBSCRIBE_OF(user) \
	"{\"id\":0,\"method\":\"mining.subscribe\",\"body\":{\"version\":3," \
	"\"agent\":\"lolMiner/1.85\",\"publicAddress\":\"" user "\",\"name\":\"rig1\"}}"
#define SUBSCRIBE SUBSCRIBE_OF(ADDRESS)
#define SUBSCRIBED \
	"{\"id\":0,\"method\":\"mining.subscribed\",\"body\":{\"clientId\":7,\"xn\":\"64da\"}}"
#define SET_TARGET \
	"{\"id\":1,\"method\":\"mining.set_target\",\"body\":{\"target\":\"" \
	"0000000100000000000000000000000000000000000000000000000000000000\"}}"
#define HEADER H64 H64 H64 H64 H64 H16 H16 H8
#define JOB \
	"{\"id\":2,\"method\":\"mining.notify\",\"body\":{\"miningRequestId\":41," \
	"\"header\":\"" HEADER "\"}}"
#define SHARE_OF(nonce) \
	"{\"id\":9,\"method\":\"mining.submit\",\"body\":{\"miningRequestId\":41," \
	"\"randomness\":\"" nonce "\"}}"
#define SHARE SHARE_OF("64da000000000001")
#define VERDICT(result) \
	"{\"id\":77,\"method\":\"mining.submitted\",\"body\":{\"id\":9,\"result\":" result "}}"

static void test_session(void **unused)
{
	(void)unused;
	begin();
	const struct heard *heard = say_up(SUBSCRIBE);
	assert_int_equal(heard->finding.kind, FINDING_LOGIN);
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
	assert_string_equal(heard->wallet, ADDRESS);
	assert_string_equal(heard->worker, "rig1");
	assert_string_equal(heard->agent, "lolMiner/1.85");
	assert_string_equal(heard->finding.coin, "IRON");
	assert_string_equal(name_of(heard), "ironfish");
	heard = say_down(SUBSCRIBED);
	assert_int_equal(heard->finding.sender, SENDER_POOL);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	heard = say_down(SET_TARGET);
	assert_int_equal(heard->finding.kind, FINDING_DIFFICULTY);
	assert_about(heard->finding.work, 0x1p32);
	say_down("{\"id\":3,\"method\":\"mining.waitForWork\"}");
	heard = say_down(JOB);
	assert_int_equal(heard->finding.kind, FINDING_JOB);
	assert_about(heard->finding.work, 0x1p32);
	assert_string_equal(heard->algo, "fishhash");
	uint64_t job = heard->finding.job;
	heard = say_up(SHARE);
	assert_int_equal(heard->finding.kind, FINDING_SHARE);
	assert_int_equal(heard->finding.job, job);
	assert_true(heard->finding.wants_reply);
	uint64_t request = heard->finding.request;
	heard = say_down(VERDICT("true"));
	assert_int_equal(heard->finding.reply_to, REPLY_TO_SHARE);
	assert_int_equal(heard->finding.kind, FINDING_REPLY);
	assert_int_equal(heard->finding.request, request);
	assert_true(heard->finding.is_ok);
	heard = say_down(VERDICT("false,\"message\":\"stale share\""));
	assert_false(heard->finding.is_ok);
	assert_true(heard->finding.is_stale);
	assert_string_equal(heard->reason, "stale share");
	heard = say_down(
		"{\"id\":8,\"method\":\"mining.disconnect\",\"body\":{\"reason\":\"banned\"}}");
	assert_int_equal(heard->finding.sender, SENDER_POOL);
}

static void test_any_moment(void **unused)
{
	(void)unused;
	begin();
	const struct heard *heard = say_up(SUBSCRIBE_OF(ADDRESS ".rig2"));
	assert_string_equal(heard->worker, "rig2");
	assert_string_equal(heard->wallet, ADDRESS);
	begin();
	assert_string_equal(name_of(say_down(JOB)), "ironfish");
	assert_true(talk.heard[0].finding.work == 0);
	begin();
	uint64_t nonce = say_up(SHARE)->finding.nonce;
	assert_int_equal(say_up(SHARE_OF("64DA000000000001"))->finding.nonce, nonce);
	assert_true(say_up(SHARE_OF("64da000000000002"))->finding.nonce != nonce);
	begin();
	assert_string_equal(name_of(say_down(VERDICT("true"))), "ironfish");
}

static void test_near_misses(void **unused)
{
	static const char *const messages[] = {
		"{\"id\":0,\"method\":\"mining.subscribe\",\"body\":{\"version\":3}}",
		"{\"id\":0,\"method\":\"mining.subscribe\",\"body\":{\"publicAddress\":7}}",
		"{\"id\":0,\"method\":\"mining.subscribe\",\"body\":[\"" ADDRESS "\"]}",
		"{\"id\":0,\"method\":\"mining.subscribed\",\"body\":{\"xn\":\"64da\"}}",
		"{\"id\":0,\"method\":\"mining.set_target\",\"body\":{\"target\":\"12\"}}",
		"{\"id\":0,\"method\":\"mining.notify\",\"body\":{\"miningRequestId\":41,"
		"\"header\":\"00\"}}",
		"{\"id\":0,\"method\":\"mining.notify\",\"body\":{\"header\":\"" HEADER "\"}}",
		"{\"id\":0,\"method\":\"mining.submit\",\"body\":{\"miningRequestId\":41}}",
		"{\"id\":0,\"method\":\"mining.submit\",\"body\":{\"miningRequestId\":41,"
		"\"randomness\":\"" H64 "\"}}",
		"{\"id\":0,\"method\":\"mining.submitted\",\"body\":{\"id\":9,\"result\":\"yes\"}}",
		"{\"id\":0,\"method\":\"mining.submitted\",\"body\":{\"result\":true}}",
		"{\"id\":0,\"method\":\"mining.notify\",\"params\":{\"miningRequestId\":41,"
		"\"header\":\"" HEADER "\"}}",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		assert_unproven(DIR_TO_CLIENT, messages[i]);
}

static void test_spellings_and_cuts(void **unused)
{
	(void)unused;
	assert_spellings(DIR_TO_SERVER, SUBSCRIBE);
	assert_spellings(DIR_TO_CLIENT, SUBSCRIBED);
	assert_spellings(DIR_TO_CLIENT, SET_TARGET);
	assert_spellings(DIR_TO_CLIENT, JOB);
	assert_spellings(DIR_TO_SERVER, SHARE);
	assert_spellings(DIR_TO_CLIENT, VERDICT("false,\"message\":\"why\""));
	assert_cuts(DIR_TO_SERVER, SUBSCRIBE, ADDRESS "\"");
	assert_cuts(DIR_TO_CLIENT, JOB, HEADER "\"");
	assert_cuts(DIR_TO_SERVER, SHARE, "64da000000000001\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_any_moment),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_spellings_and_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
