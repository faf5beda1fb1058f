/* test_branch_sia.c: Sia. */
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
#define COINBASES ",\"01" H64 "\",\"ffff" H64 "\""
#define JOB_WITH(version, ntime) \
	JOB_OF(COINBASES ",[\"" H64 "\"],\"" version "\",\"1a00ab12\",\"" ntime "\",true")
#define JOB   JOB_WITH("", "3c2b1a5f00000000")
#define SHARE SHARE_OF("ann.rig1", ",\"00000001\",\"3c2b1a5f00000000\",\"" H16 "\"")

#define SHORT SHARE_OF("ann.rig1", ",\"0001\",\"5f1a2b3c\",\"" H8 "\"")

static void test_session(void **unused)
{
	(void)unused;
	begin();
	say_down(DIFFICULTY);
	const struct heard *heard = say_down(JOB);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(name_of(heard), "sia");
	assert_string_equal(heard->finding.coin, "SC");
	assert_string_equal(heard->algo, "blake2b");
	assert_about(heard->finding.work, 2 * 0x1p32);
	uint64_t job = heard->finding.job;
	heard = say_up(SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
	assert_string_equal(heard->worker, "rig1");
}

static void test_any_moment(void **unused)
{
	(void)unused;
	begin();
	assert_string_equal(name_of(say_up(SHARE)), "sia");
	begin();
	assert_string_equal(name_of(say_down(JOB_WITH("00000001", "3c2b1a5f00000000"))), "sia");
}

/* Some cut times and nonces to four bytes. */
static void test_short_share(void **unused)
{
	(void)unused;
	begin();
	say_down(DIFFICULTY);
	say_down(JOB);
	assert_string_equal(name_of(say_up(SHORT)), "sia");
	assert_int_equal(talk.heard[0].finding.proof, PROOF_CONFIRMED);
	begin();
	say_up("{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"" H64
	       "1a2b3c4d5e6f.rig1\"]}");
	assert_string_equal(talk.heard[0].finding.wallet.coin, "SC");
	assert_string_equal(name_of(say_up(SHORT)), "sia");
}

static void test_near_misses(void **unused)
{
	(void)unused;
	begin();
	assert_string_equal(name_of(say_down(JOB_WITH("20000000", "5f1a2b3c"))), "stratum-v1");
	assert_unproven(DIR_TO_CLIENT, JOB_WITH("", "5f1a2b3c"));
	assert_unproven(DIR_TO_CLIENT, JOB_WITH("none", "3c2b1a5f00000000"));
	begin();
	assert_string_equal(name_of(say_up(SHORT)), "stratum-v1");
}

static void test_spellings_and_cuts(void **unused)
{
	(void)unused;
	assert_spellings(DIR_TO_CLIENT, JOB);
	assert_spellings(DIR_TO_SERVER, SHARE);
	assert_cuts(DIR_TO_CLIENT, JOB, ",true");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_any_moment),
		cmocka_unit_test(test_short_share),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_spellings_and_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
