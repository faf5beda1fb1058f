/* test_branch_decred.c: Decred: Bitcoin without a coinbase. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/branch_talk.h"

#define AUTHORIZE(user) "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" user "\",\"x\"]}"
#define OK(id)          "{\"id\":" #id ",\"result\":true,\"error\":null}"

#define USER "DsSRrkawwFtT5acckfcYejfXwXSMqSpmxHy.rig1"
#define TAIL H64 H64 H64 H8
#define JOB_OF(tail, stake, nbits) \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"76df\",\"" H64 "\",\"" tail \
	"\",\"" stake "\",[],\"01000000\",\"" nbits "\",\"5cb72c57\",true]}"
#define JOB JOB_OF(TAIL, "", "")
#define SHARE \
	"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"" USER \
	"\",\"76df\",\"0000000300000000\"," \
	"\"5cb72c58\",\"5c1e0f2a\"]}"
#define ACCOUNT_SHARE \
	"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"ann.r1\",\"76df\",\"00000003\"," \
	"\"5cb72c58\",\"5c1e0f2a\"]}"

static void test_session(void **unused)
{
	(void)unused;
	begin();
	const struct heard *heard = say_up(AUTHORIZE(USER));
	assert_string_equal(heard->finding.coin, "DCR");
	say_down("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[4096]}");
	heard = say_down(JOB);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(name_of(heard), "decred");
	assert_string_equal(heard->finding.coin, "DCR");
	assert_true(heard->finding.work == 4096 * 0x1p32);
	heard = say_up(SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(name_of(heard), "decred");
	assert_string_equal(heard->worker, "rig1");
	assert_true(say_down(OK(4))->finding.is_ok);
}

static void test_any_moment(void **unused)
{
	(void)unused;
	begin();
	assert_string_equal(name_of(say_down(JOB)), "decred");
	/* with numbers where nothing is needed it would fit Bitcoin */
	begin();
	assert_string_equal(name_of(say_down(JOB_OF(TAIL, "0a000000", "1d00ffff"))), "decred");
	begin();
	assert_string_equal(name_of(say_up(SHARE)), "decred");
	/* a share before the job is Bitcoin's until the job tells */
	begin();
	assert_string_equal(name_of(say_up(ACCOUNT_SHARE)), "stratum-v1");
	assert_string_equal(name_of(say_down(JOB_OF(TAIL, "0a000000", "1d00ffff"))), "decred");
	assert_string_equal(name_of(say_up(ACCOUNT_SHARE)), "decred");
}

static void test_near_misses(void **unused)
{
	(void)unused;
	begin();
	say_down(JOB_OF("01000000", "ffffffff", "1d00ffff"));
	assert_string_equal(name_of(&talk.heard[0]), "stratum-v1");
	begin();
	say_down(JOB_OF(TAIL, "ffffffff0100000000000000", "1d00ffff"));
	assert_string_equal(name_of(&talk.heard[0]), "stratum-v1");
	assert_unproven(DIR_TO_CLIENT, JOB_OF(TAIL, "", "1d"));
	assert_unproven(DIR_TO_CLIENT, JOB_OF(TAIL, "x", ""));
	assert_unproven(DIR_TO_CLIENT, JOB_OF("", "", ""));
}

static void test_spellings_and_cuts(void **unused)
{
	(void)unused;
	assert_spellings(DIR_TO_CLIENT, JOB);
	assert_spellings(DIR_TO_SERVER, SHARE);
	assert_cuts(DIR_TO_CLIENT, JOB, ",true");
	assert_cuts(DIR_TO_SERVER, SHARE, "5c1e0f2a\"");
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
