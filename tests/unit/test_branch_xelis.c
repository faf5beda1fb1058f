/* test_branch_xelis.c: Xelis: three fields of a log-in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/branch_talk.h"

#define AUTHORIZE(user) "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" user "\",\"x\"]}"
#define OK(id)          "{\"id\":" #id ",\"result\":true,\"error\":null}"

#define WALLET "xel:zqg3yyc5z5tpwxqergd3c8g7ruszzg3rysjjvfeg9y4zktpd9chsqjs8sut"
#define SUBSCRIBE \
	"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"MyMiner/1.0.0\",[\"xel/v2\"]]}"
#define SUBSCRIBED "{\"id\":1,\"error\":null,\"result\":[\"47dee147\",\"" H64 "\",32,\"" H64 "\"]}"
#define LOGIN_OF(user) \
	"{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" user "\",\"rig1\",\"x\"]}"
#define LOGIN LOGIN_OF(WALLET)
#define JOB \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"d70fd222\",\"0000018c2a3b4c5d\"," \
	"\"" H64 "\",\"xel/v2\",true]}"
#define JOB_PLAIN \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"d70fd222\",\"18c2a3b4c5d\"," \
	"\"" H64 "\",true]}"
#define SHARE_OF(user) \
	"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"" user "\",\"d70fd222\"," \
	"\"13639ca53f21df75\"]}"

static void test_session(void **unused)
{
	(void)unused;
	begin();
	const struct heard *heard = say_up(SUBSCRIBE);
	assert_int_equal(heard->finding.kind, FINDING_SUBSCRIBE);
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
	assert_string_equal(heard->agent, "MyMiner/1.0.0");
	assert_string_equal(name_of(heard), "xelis");
	heard = say_down(SUBSCRIBED);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_true(heard->finding.is_ok);
	heard = say_up(LOGIN);
	assert_int_equal(heard->finding.kind, FINDING_LOGIN);
	assert_string_equal(heard->wallet, WALLET);
	assert_string_equal(heard->worker, "rig1");
	assert_true(heard->finding.has_password);
	assert_true(heard->finding.reply_confirms);
	heard = say_down("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[20000]}");
	assert_true(heard->finding.work == 20000);
	heard = say_down(JOB);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_true(heard->finding.work == 20000);
	assert_string_equal(name_of(heard), "xelis");
	assert_string_equal(heard->finding.coin, "XEL");
	assert_string_equal(heard->algo, "xel/v2");
	uint64_t job = heard->finding.job;
	heard = say_up(SHARE_OF("rig1"));
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
	assert_true(say_down("{\"id\":4,\"result\":true}")->finding.is_ok);
	heard = say_down("{\"id\":5,\"method\":\"mining.ping\"}");
	assert_int_equal(heard->finding.sender, SENDER_POOL);
	heard = say_up("{\"id\":5,\"method\":\"mining.pong\"}");
	assert_int_equal(heard->finding.kind, FINDING_KEEPALIVE);
	heard = say_down("{\"id\":6,\"method\":\"mining.print\",\"params\":[0,\"hello\"]}");
	assert_int_equal(heard->finding.sender, SENDER_POOL);
}

static void test_any_moment(void **unused)
{
	(void)unused;
	begin();
	assert_string_equal(name_of(say_up(LOGIN)), "xelis");
	begin();
	assert_string_equal(name_of(say_down(JOB)), "xelis");
	begin();
	assert_string_equal(name_of(say_up(SHARE_OF(WALLET))), "xelis");
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	begin();
	say_down(SUBSCRIBED);
	say_down(JOB_PLAIN);
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	assert_string_equal(name_of(&talk.heard[0]), "xelis");
	say_up("{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"rig1\",\"d70fd222\","
	       "\"18c2a3b4c5d\",\"13639ca53f21df75\"]}");
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
}

static void test_near_misses(void **unused)
{
	(void)unused;
	/* three fields of others: a user, a password and something else */
	begin();
	const struct heard *heard = say_up(LOGIN_OF("ann.r1"));
	assert_string_equal(heard->worker, "r1");
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
	assert_unproven(DIR_TO_CLIENT, JOB_PLAIN);
	assert_null(talk.heard[0].finding.coin);
	assert_unproven(DIR_TO_SERVER, SHARE_OF("ann.r1"));
	assert_string_equal(talk.heard[0].algo, "");
	assert_unproven(
		DIR_TO_CLIENT,
		"{\"method\":\"mining.notify\",\"params\":[\"d7\",\"0000018c2a3b4c5d\",\"" H64
		"\",\"other\",true]}");
	begin();
	assert_false(talk_down(&talk, "{\"id\":1,\"result\":[\"a\",\"" H64 "\",32,\"" H16 "\"]}"));
	assert_false(talk_down(&talk, "{\"id\":1,\"result\":[\"a\",\"" H64 "\",99,\"" H64 "\"]}"));
}

/* A job that was cut before its algorithm names none, not the usual one. */
static void test_cut_algorithm(void **unused)
{
	size_t len = (size_t)(strstr(JOB, ",\"xel/") - JOB);

	(void)unused;
	begin();
	say_down(SUBSCRIBED);
	assert_true(talk_bytes(&talk, DIR_TO_CLIENT, JOB, len, true));
	assert_int_equal(talk.heard[0].finding.kind, FINDING_JOB);
	assert_string_equal(talk.heard[0].algo, "");
	assert_string_equal(say_down(JOB_PLAIN)->algo, "xelishash");
}

static void test_spellings_and_cuts(void **unused)
{
	(void)unused;
	assert_spellings(DIR_TO_SERVER, SUBSCRIBE);
	assert_spellings(DIR_TO_CLIENT, SUBSCRIBED);
	assert_spellings(DIR_TO_SERVER, LOGIN);
	assert_spellings(DIR_TO_CLIENT, JOB);
	assert_spellings(DIR_TO_SERVER, SHARE_OF(WALLET));
	assert_cuts(DIR_TO_SERVER, LOGIN, "\"x\"");
	assert_cuts(DIR_TO_CLIENT, JOB, ",true");
	assert_cuts(DIR_TO_SERVER, SHARE_OF(WALLET), "13639ca53f21df75\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_any_moment),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_cut_algorithm),
		cmocka_unit_test(test_spellings_and_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
