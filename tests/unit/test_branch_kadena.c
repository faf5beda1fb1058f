/* test_branch_kadena.c: Kadena. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/branch_talk.h"

#define AUTHORIZE(user) "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" user "\",\"x\"]}"
#define OK(id)          "{\"id\":" #id ",\"result\":true,\"error\":null}"

#define USER   "k:101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f.rig1"
#define HEADER H64 H64 H64 H64 H64 H64 H64 H64 H16 H16 H16 "1a2b3c4d5e6f"
#define SET_TARGET \
	"{\"id\":null,\"method\":\"mining.set_target\",\"params\":[\"" \
	"0000000000010000000000000000000000000000000000000000000000000000\"]}"
#define JOB_OF(header) \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"1234\",\"" header "\",true]}"
#define JOB JOB_OF(HEADER)
#define SHARE_OF(user) \
	"{\"id\":102,\"method\":\"mining.submit\",\"params\":[\"" user \
	"\",\"1234\",\"6789abcdef\"]}"
#define SHARE SHARE_OF(USER)

static void test_session(void **unused)
{
	(void)unused;
	begin();
	say_up("{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"kdaminer-v1.0.0\",null]}");
	say_down("{\"id\":1,\"result\":[null,\"a331\",6],\"error\":null}");
	const struct heard *heard = say_up(AUTHORIZE(USER));
	assert_string_equal(heard->finding.coin, "KDA");
	heard = say_down(SET_TARGET);
	assert_about(heard->finding.work, 0x1p48);
	heard = say_down(JOB);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(name_of(heard), "kadena");
	assert_string_equal(heard->algo, "blake2s");
	assert_about(heard->finding.work, 0x1p48);
	uint64_t job = heard->finding.job;
	heard = say_up(SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
	assert_string_equal(heard->worker, "rig1");
	assert_true(say_down(OK(102))->finding.is_ok);
}

static void test_any_moment(void **unused)
{
	(void)unused;
	begin();
	assert_string_equal(name_of(say_down(JOB)), "kadena");
	begin();
	assert_string_equal(name_of(say_up(SHARE)), "kadena");
	begin();
	say_down(JOB);
	assert_string_equal(name_of(say_up(SHARE_OF("ann.rig1"))), "kadena");
}

static void test_near_misses(void **unused)
{
	(void)unused;
	assert_unproven(DIR_TO_SERVER, SHARE_OF("ann.rig1"));
	assert_null(talk.heard[0].finding.coin);
	assert_unproven(DIR_TO_CLIENT, JOB_OF(HEADER "00"));
	assert_unproven(DIR_TO_CLIENT, JOB_OF(H64 H64));
}

static void test_spellings_and_cuts(void **unused)
{
	(void)unused;
	assert_spellings(DIR_TO_CLIENT, JOB);
	assert_spellings(DIR_TO_SERVER, SHARE);
	assert_cuts(DIR_TO_CLIENT, JOB, ",true");
	assert_cuts(DIR_TO_SERVER, SHARE, "6789abcdef\"");
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
