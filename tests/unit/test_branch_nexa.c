/* test_branch_nexa.c: Nexa, of which little is written down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/branch_talk.h"

#define AUTHORIZE(user) "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" user "\",\"x\"]}"
#define OK(id)          "{\"id\":" #id ",\"result\":true,\"error\":null}"

#define USER "nexa:nqtsq5g5zqg3yyc5z5tpwxqergd3c8g7ruszzg3rv7n3j7ae.rig1"
#define JOB \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"12a\",\"" H64 \
	"\",456789,\"1b00ab12\"]}"
#define SHARE \
	"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"" USER \
	"\",\"12a\",\"0011223344\",\"66b1f0ab\"]}"

static void test_session(void **unused)
{
	(void)unused;
	begin();
	const struct heard *heard = say_up(AUTHORIZE(USER));
	assert_string_equal(heard->finding.coin, "NEXA");
	assert_int_equal(heard->finding.wallet.check, WALLET_VALID);
	/* what it is worth nobody says */
	heard = say_down("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[16]}");
	assert_true(heard->finding.difficulty == 16);
	assert_true(heard->finding.work == 0);
	heard = say_down(JOB);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(name_of(heard), "nexa");
	assert_true(heard->finding.work == 0);
	uint64_t job = heard->finding.job;
	heard = say_up(SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
	assert_string_equal(heard->worker, "rig1");
	assert_string_equal(name_of(heard), "nexa");
}

static void test_any_moment(void **unused)
{
	(void)unused;
	begin();
	say_down(JOB);
	assert_int_equal(talk_proof(&talk), PROOF_LIKELY);
	assert_string_equal(name_of(&talk.heard[0]), "stratum-v1");
	assert_null(talk.heard[0].finding.coin);
	begin();
	assert_string_equal(name_of(say_up(SHARE)), "nexa");
}

static void test_near_misses(void **unused)
{
	(void)unused;
	begin();
	say_up(AUTHORIZE(USER));
	say_down("{\"method\":\"mining.notify\",\"params\":[\"12a\",\"" H64
		 "\",\"x\",\"1b00ab12\"]}");
	assert_int_equal(talk_proof(&talk), PROOF_LIKELY);
	say_down("{\"method\":\"mining.notify\",\"params\":[\"12a\",\"" H64
		 "\",456789,\"1b00ab\"]}");
	assert_int_equal(talk_proof(&talk), PROOF_LIKELY);
	/* paid in it, but it mines another coin */
	begin();
	say_up(AUTHORIZE("NEXA:" USER));
	say_down(JOB);
	assert_int_equal(talk_proof(&talk), PROOF_LIKELY);
}

static void test_spellings_and_cuts(void **unused)
{
	(void)unused;
	assert_spellings(DIR_TO_CLIENT, JOB);
	assert_spellings(DIR_TO_SERVER, SHARE);
	assert_cuts(DIR_TO_SERVER, SHARE, "66b1f0ab\"");
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
