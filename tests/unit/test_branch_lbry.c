/* test_branch_lbry.c: LBRY. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/branch_talk.h"

#define DIFFICULTY "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[2]}"
#define JOB_OF(fields) \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"1f3a\",\"" H64 "\"" fields "]}"
#define SHARE_OF(user, fields) \
	"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"" user "\",\"1f3a\"" fields "]}"
#define COINBASES ",\"01000000" H64 "\",\"ffff" H64 "\""
#define REST      ",[\"" H64 "\"],\"20000001\",\"1a00ab12\",\"5f1a2b3c\",true"
#define CLAIMS    ",\"" H64 "\""
#define JOB       JOB_OF(CLAIMS COINBASES REST)
#define BITCOIN   JOB_OF(COINBASES REST)
#define SHARE     SHARE_OF("ann.rig1", ",\"00000001\",\"5f1a2b3c\",\"" H8 "\"")

static void test_session(void **unused)
{
	(void)unused;
	begin();
	say_down(DIFFICULTY);
	const struct heard *heard = say_down(JOB);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(name_of(heard), "lbry");
	assert_string_equal(heard->finding.coin, "LBC");
	assert_string_equal(heard->algo, "lbry");
	assert_about(heard->finding.work, 2 * 0x1p24);
	uint64_t job = heard->finding.job;
	heard = say_up(SHARE);
	assert_string_equal(name_of(heard), "lbry");
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
	assert_string_equal(heard->worker, "rig1");
}

/* A share alone is Bitcoin's, or anybody's. */
static void test_any_moment(void **unused)
{
	(void)unused;
	begin();
	assert_string_equal(name_of(say_up(SHARE)), "stratum-v1");
	assert_null(talk.heard[0].finding.coin);
	/* unless an address has told */
	begin();
	say_up("{\"id\":1,\"method\":\"mining.authorize\",\"params\":["
	       "\"bECDxPMzYaGG3RqRM2zYRjmTWaLDARSPhC.rig1\"]}");
	assert_string_equal(name_of(say_up(SHARE)), "lbry");
}

static void test_near_misses(void **unused)
{
	(void)unused;
	begin();
	assert_string_equal(name_of(say_down(BITCOIN)), "stratum-v1");
	assert_unproven(DIR_TO_CLIENT,
			JOB_OF(CLAIMS COINBASES ",\"" H64 "\",\"20000001\",\"1a00ab12\","
						"\"5f1a2b3c\",true"));
	assert_unproven(DIR_TO_CLIENT, JOB_OF(CLAIMS CLAIMS));
}

static void test_spellings_and_cuts(void **unused)
{
	(void)unused;
	assert_spellings(DIR_TO_CLIENT, JOB);
	assert_cuts(DIR_TO_CLIENT, JOB, ",true");
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
