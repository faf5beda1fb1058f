/* test_branch_nervos.c: Nervos CKB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/branch_talk.h"

#define AUTHORIZE(user) "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" user "\",\"x\"]}"
#define OK(id)          "{\"id\":" #id ",\"result\":true,\"error\":null}"

#define WALLET "ckb1qyqpqygjzv2p29shrqv35xcur50p7gppyg3szkxe9k"
#define SET_TARGET \
	"{\"id\":null,\"method\":\"mining.set_target\",\"params\":[\"" \
	"0001000000000000000000000000000000000000000000000000000000000000\"]}"
#define JOB \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"1611\",\"" H64 "\",12345,\"" H64 \
	"\",true]}"
#define SHARE_OF(user, nonce) \
	"{\"id\":102,\"method\":\"mining.submit\",\"params\":[\"" user "\",\"1611\",\"" nonce "\"" \
	"]}"
#define SHARE SHARE_OF(WALLET ".rig1", "000000000000000000114026")

static void test_session(void **unused)
{
	(void)unused;
	begin();
	say_up("{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"ckbminer-v1.0.0\",null]}");
	say_down("{\"id\":1,\"result\":[null,\"00c904bd\",12],\"error\":null}");
	const struct heard *heard = say_up(AUTHORIZE(WALLET ".rig1"));
	assert_string_equal(heard->wallet, WALLET);
	assert_int_equal(heard->finding.wallet.check, WALLET_VALID);
	heard = say_down(SET_TARGET);
	assert_about(heard->finding.work, 65536);
	heard = say_down(JOB);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(name_of(heard), "nervos");
	assert_string_equal(heard->algo, "eaglesong");
	assert_string_equal(heard->finding.coin, "CKB");
	assert_about(heard->finding.work, 65536);
	uint64_t job = heard->finding.job;
	heard = say_up(SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
	assert_string_equal(heard->worker, "rig1");
	heard = say_down("{\"id\":102,\"result\":false,\"error\":[21,\"low difficulty\",null]}");
	assert_false(heard->finding.is_ok);
}

static void test_any_moment(void **unused)
{
	(void)unused;
	begin();
	assert_string_equal(name_of(say_down(JOB)), "nervos");
	begin();
	assert_string_equal(name_of(say_up(SHARE)), "nervos");
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	/* after a job, an account is enough */
	begin();
	say_down(JOB);
	say_up(SHARE_OF("ann.rig1", "000000000000000000114026"));
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	assert_string_equal(name_of(&talk.heard[0]), "nervos");
}

static void test_near_misses(void **unused)
{
	(void)unused;
	assert_unproven(DIR_TO_SERVER, SHARE_OF("ann.rig1", "000000000000000000114026"));
	assert_null(talk.heard[0].finding.coin);
	assert_string_equal(name_of(&talk.heard[0]), "stratum-v1");
	assert_unproven(DIR_TO_SERVER, SHARE_OF(WALLET, H16 H16 "00"));
	assert_unproven(DIR_TO_CLIENT, "{\"method\":\"mining.notify\",\"params\":[\"1611\",\"" H64
				       "\",-1,\"" H64 "\",true]}");
	assert_unproven(DIR_TO_CLIENT, "{\"method\":\"mining.notify\",\"params\":[\"1611\",\"" H64
				       "\",1,\"" H16 "\",true]}");
	assert_unproven(DIR_TO_CLIENT, "{\"method\":\"mining.notify\",\"params\":[\"1611\",\"" H64
				       "\",1,\"" H64 "\",1]}");
}

static void test_spellings_and_cuts(void **unused)
{
	(void)unused;
	assert_spellings(DIR_TO_CLIENT, JOB);
	assert_spellings(DIR_TO_SERVER, SHARE);
	assert_cuts(DIR_TO_CLIENT, JOB, ",true");
	assert_cuts(DIR_TO_SERVER, SHARE, "114026\"");
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
