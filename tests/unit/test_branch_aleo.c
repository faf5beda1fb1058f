/* test_branch_aleo.c: Aleo. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/branch_talk.h"

#define WALLET "aleo1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0sctexzp"
#define SUBSCRIBE \
	"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"prover/1.0\"," \
	"\"AleoStratum/2.0.0\",null]}"
#define SUBSCRIBED "{\"id\":1,\"result\":[null,null,\"" WALLET "\"],\"error\":null}"
#define TARGET     "{\"id\":null,\"method\":\"mining.set_target\",\"params\":[256]}"
#define JOB_OF(epoch, address) \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"0802\",\"" epoch "\"," address \
	",true]}"
#define JOB JOB_OF(H64 H16, "\"" WALLET "\"")
#define SHARE_OF(user, more) \
	"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"" user "\",\"0802\",\"" H16 \
	"\"" more "]}"
#define SHARE SHARE_OF("ann.rig1", "")
#define PROOF ",\"" H64 H16 H16 "\",\"" H64 H16 H16 "1a\""

static void test_session(void **unused)
{
	(void)unused;
	begin();
	const struct heard *heard = say_up(SUBSCRIBE);
	assert_string_equal(name_of(heard), "aleo");
	assert_int_equal(heard->finding.proof, PROOF_LIKELY);
	assert_string_equal(heard->agent, "prover/1.0");
	say_down(SUBSCRIBED);
	heard = say_down(TARGET);
	assert_about(heard->finding.work, 256);
	heard = say_down(JOB_OF(H64, "null"));
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(name_of(heard), "aleo");
	assert_string_equal(heard->finding.coin, "ALEO");
	assert_string_equal(heard->finding.unit, "Sol/s");
	assert_about(heard->finding.work, 256);
	uint64_t job = heard->finding.job;
	heard = say_up(SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(name_of(heard), "aleo");
	assert_int_equal(heard->finding.job, job);
	assert_string_equal(heard->worker, "rig1");
	uint64_t nonce = heard->finding.nonce;
	heard = say_up(SHARE_OF(WALLET ".rig1", PROOF));
	assert_string_equal(name_of(heard), "aleo");
	assert_int_equal(heard->finding.wallet.check, WALLET_VALID);
	assert_true(heard->finding.nonce != nonce);
}

/* The pool's address tells, in a job or in the answer to a subscription. */
static void test_any_moment(void **unused)
{
	(void)unused;
	begin();
	assert_string_equal(name_of(say_down(JOB)), "aleo");
	begin();
	(void)talk_down(&talk, SUBSCRIBED);
	assert_string_equal(name_of(say_down(JOB_OF(H64 H16, "null"))), "aleo");
	begin();
	say_up("{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" WALLET "\"]}");
	assert_string_equal(name_of(say_up(SHARE)), "aleo");
	begin();
	assert_string_equal(name_of(say_up(SHARE)), "stratum-v1");
}

static void test_near_misses(void **unused)
{
	(void)unused;
	assert_unproven(DIR_TO_CLIENT, JOB_OF(H64 H16, "null"));
	assert_unproven(DIR_TO_CLIENT, JOB_OF(H64 H16, "\"bleo1\""));
	assert_unproven(DIR_TO_CLIENT, JOB_OF(H64 H8, "\"" WALLET "\""));
	begin();
	assert_string_equal(name_of(say_up("{\"id\":1,\"method\":\"mining.subscribe\",\"params\":"
					   "[\"prover/1.0\",\"Stratum/2.0.0\",null]}")),
			    "stratum-v1");
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
