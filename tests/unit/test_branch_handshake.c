/* test_branch_handshake.c: Handshake. */
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
#define USER              "hs1qqqqsyqcyq5rqwzqfpg9scrgwpugpzysnnu4smt.rig1"
#define ROOTS             ",\"" H64 "\",\"" H64 "\",\"" H64 "\",\"" H64 "\""
#define NUMBERS           ",\"00000000\",\"1b00ab12\",\"5f1a2b3c\""
#define MASK              ",\"" H64 "\""
#define JOB               JOB_OF(ROOTS NUMBERS MASK)
#define PLAIN             JOB_OF(ROOTS NUMBERS)
#define SHARE_WITH(nonce) SHARE_OF(USER, ",\"00000001\",\"5f1a2b3c\",\"" nonce "\",\"" H64 "\"")
#define SHARE             SHARE_WITH(H16)
#define BARE(user)        SHARE_OF(user, ",\"00000001\",\"5f1a2b3c\",\"" H8 "\"")

static void test_session(void **unused)
{
	(void)unused;
	begin();
	say_down(DIFFICULTY);
	const struct heard *heard = say_down(JOB);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(name_of(heard), "handshake");
	assert_string_equal(heard->finding.coin, "HNS");
	assert_string_equal(heard->algo, "handshake");
	assert_about(heard->finding.work, 2 * 0x1p24);
	uint64_t job = heard->finding.job;
	heard = say_up(SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
	assert_string_equal(heard->worker, "rig1");
	assert_int_equal(heard->finding.wallet.check, WALLET_VALID);
	assert_string_equal(heard->finding.wallet.coin, "HNS");
}

/* Without a mask hash nobody says what a unit is. */
static void test_any_moment(void **unused)
{
	(void)unused;
	begin();
	say_down(DIFFICULTY);
	assert_string_equal(name_of(say_down(PLAIN)), "handshake");
	assert_true(talk.heard[0].finding.work == 0);
	begin();
	assert_string_equal(name_of(say_up(SHARE)), "handshake");
	begin();
	assert_string_equal(name_of(say_up(SHARE_WITH(H8))), "handshake");
}

/* A share without a mask is Bitcoin's, or anybody's, until something says whose. */
static void test_bare_share(void **unused)
{
	(void)unused;
	begin();
	assert_string_equal(name_of(say_up(BARE("ann"))), "stratum-v1");
	say_down(DIFFICULTY);
	say_down(JOB);
	const struct heard *heard = say_up(BARE("ann.rig1"));
	assert_string_equal(name_of(heard), "handshake");
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(heard->worker, "rig1");
	assert_string_equal(heard->algo, "handshake");
	assert_true(heard->finding.nonce != 0);
	begin();
	say_up("{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"" USER "\"]}");
	assert_string_equal(name_of(say_up(BARE(USER))), "handshake");
}

static void test_near_misses(void **unused)
{
	(void)unused;
	assert_unproven(DIR_TO_CLIENT, JOB_OF(ROOTS));
	assert_unproven(DIR_TO_CLIENT, JOB_OF(ROOTS NUMBERS ",true"));
	assert_unproven(DIR_TO_CLIENT, JOB_OF(NUMBERS ROOTS));
	begin();
	say_up(SHARE_WITH("1a2b3c"));
	assert_null(talk.heard[0].finding.dialect);
}

static void test_spellings_and_cuts(void **unused)
{
	(void)unused;
	assert_spellings(DIR_TO_CLIENT, JOB);
	assert_spellings(DIR_TO_SERVER, SHARE);
	assert_cuts(DIR_TO_SERVER, SHARE, H64 "\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_any_moment),
		cmocka_unit_test(test_bare_share),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_spellings_and_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
