/* test_branch_ergo.c: Ergo: the target is a decimal number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/branch_talk.h"

#define AUTHORIZE(user) "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" user "\",\"x\"]}"
#define OK(id)          "{\"id\":" #id ",\"result\":true,\"error\":null}"

#define USER "9ee8v8Yv3cTNrWeCKaWbpakZgEK6r7sVaq6aRD8hCA69Rm3W3GY.rig1"
/* 2^256 / 2^33 */
#define TARGET "13479973333575319897333507543509815336818572211270286240551805124608"
#define JOB_OF(version, target) \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"d6a0\",1200345,\"" H64 \
	"\",\"\",\"\"," version "," target ",\"\",true]}"
#define JOB JOB_OF("2", "\"" TARGET "\"")
#define SHARE_OF(time, nonce) \
	"{\"id\":7,\"method\":\"mining.submit\",\"params\":[\"" USER "\",\"d6a0\",\"00a1b2c3\"," \
	"\"" time "\",\"" nonce "\"]}"
#define SHARE SHARE_OF("", "d7eb83fe00a1b2c3")
#define SHORT_SHARE \
	"{\"id\":7,\"method\":\"mining.submit\",\"params\":[\"" USER "\",\"d6a0\"," \
	"\"d7eb83fe00a1b2c3\"]}"

static void test_session(void **unused)
{
	(void)unused;
	begin();
	say_up(AUTHORIZE(USER));
	say_down("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[1]}");
	const struct heard *heard = say_down(JOB);
	assert_int_equal(heard->finding.kind, FINDING_JOB);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_about(heard->finding.work, 0x1p33);
	assert_string_equal(name_of(heard), "ergo");
	assert_string_equal(heard->algo, "autolykos2");
	uint64_t job = heard->finding.job;
	heard = say_up(SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
	assert_string_equal(heard->worker, "rig1");
	assert_string_equal(heard->finding.coin, "ERG");
	heard = say_down(OK(7));
	assert_true(heard->finding.is_ok);
}

static void test_any_moment(void **unused)
{
	(void)unused;
	begin();
	assert_string_equal(name_of(say_down(JOB)), "ergo");
	begin();
	assert_string_equal(name_of(say_down(JOB_OF("\"00000002\"", "\"" TARGET "\""))), "ergo");
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	begin();
	say_down(JOB_OF("\"2\"", TARGET));
	assert_about(talk.heard[0].finding.work, 0x1p33);
	begin();
	assert_string_equal(name_of(say_up(SHARE)), "ergo");
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	/* some pools take the nonce alone: the address tells whose that is */
	begin();
	say_up(AUTHORIZE(USER));
	assert_string_equal(name_of(say_up(SHORT_SHARE)), "ergo");
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	assert_string_equal(talk.heard[0].worker, "rig1");
	begin();
	say_down(JOB);
	assert_string_equal(name_of(say_up(SHORT_SHARE)), "ergo");
	/* Bitcoin's share stays Bitcoin's */
	begin();
	say_up(SHARE_OF("66b1f0ab", "5c1e0f2a"));
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	assert_string_equal(name_of(&talk.heard[0]), "stratum-v1");
}

static void test_near_misses(void **unused)
{
	(void)unused;
	assert_unproven(DIR_TO_CLIENT, JOB_OF("2", "\"12345\""));
	assert_unproven(DIR_TO_CLIENT, JOB_OF("2", "\"" TARGET "f\""));
	assert_unproven(DIR_TO_CLIENT, JOB_OF("2", "\"" TARGET "000000000000000\""));
	assert_unproven(DIR_TO_CLIENT, JOB_OF("null", "\"" TARGET "\""));
	assert_unproven(DIR_TO_CLIENT, JOB_OF("2", "true"));
	assert_unproven(
		DIR_TO_CLIENT,
		JOB_OF("2", "\"0000000000000000000000000000000000000000000000000000000000\""));
	assert_unproven(DIR_TO_SERVER, SHARE_OF("", "xyz"));
	assert_unproven(DIR_TO_SERVER, SHARE_OF("now", "d7eb83fe00a1b2c3"));
	assert_unproven(DIR_TO_SERVER, SHARE_OF("", "d7eb83fe00a1b2c3d7"));
}

static void test_spellings_and_cuts(void **unused)
{
	(void)unused;
	assert_spellings(DIR_TO_CLIENT, JOB);
	assert_spellings(DIR_TO_SERVER, SHARE);
	assert_cuts(DIR_TO_CLIENT, JOB, ",true");
	assert_cuts(DIR_TO_SERVER, SHARE, "d7eb83fe00a1b2c3\"");
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
