/* test_branch_aeternity.c: Aeternity: shares of 42 numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/branch_talk.h"

#define AUTHORIZE(user) "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" user "\",\"x\"]}"
#define OK(id)          "{\"id\":" #id ",\"result\":true,\"error\":null}"

#define USER "ak_85QJkgBqxx4riES2Nojr4mQoRq8STaZvpoUZfQj6N67PqvQDv.rig1"
#define SET_TARGET \
	"{\"id\":null,\"method\":\"mining.set_target\",\"params\":[\"" \
	"0010000000000000000000000000000000000000000000000000000000000000\"]}"
#define JOB_OF(version) \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"d70fd222\"," version "\"" H64 \
	"\",true]}"
#define JOB   JOB_OF("")
#define SEVEN "100234,5000234,90002341,190002342,290002343,390002344,490002345"
#define CYCLE SEVEN "," SEVEN "," SEVEN "," SEVEN "," SEVEN "," SEVEN
#define SHARE_OF(cycle) \
	"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"" USER "\",\"d70fd222\"," \
	"\"98b6ac44d2\",[" cycle "]]}"
#define SHARE SHARE_OF(CYCLE)

static void test_session(void **unused)
{
	(void)unused;
	begin();
	const struct heard *heard = say_up("{\"id\":1,\"method\":\"mining.subscribe\",\"params\":["
					   "\"MyMiner/1.0.0\",null,\"ae.example.org\",1234]}");
	assert_string_equal(heard->pool, "ae.example.org:1234");
	heard = say_down("{\"id\":1,\"result\":[\"ed70df83\",\"080000\"],\"error\":null}");
	assert_true(heard->finding.is_ok);
	heard = say_up(AUTHORIZE(USER));
	assert_string_equal(heard->finding.coin, "AE");
	heard = say_down(SET_TARGET);
	assert_about(heard->finding.work, 4096);
	heard = say_down(JOB);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(name_of(heard), "aeternity");
	assert_string_equal(heard->finding.unit, "Sol/s");
	assert_about(heard->finding.work, 4096);
	uint64_t job = heard->finding.job;
	heard = say_up(SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
	assert_string_equal(heard->worker, "rig1");
	assert_string_equal(heard->algo, "cuckoo");
	assert_true(say_down(OK(4))->finding.is_ok);
}

static void test_any_moment(void **unused)
{
	(void)unused;
	/* so short a job alone is others' as well */
	begin();
	say_down(JOB);
	assert_int_equal(talk_proof(&talk), PROOF_LIKELY);
	assert_string_equal(name_of(&talk.heard[0]), "stratum-v1");
	assert_null(talk.heard[0].finding.coin);
	begin();
	say_down(SET_TARGET);
	say_down(JOB_OF("4,"));
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	assert_string_equal(name_of(&talk.heard[0]), "aeternity");
	begin();
	assert_string_equal(name_of(say_up(SHARE)), "aeternity");
	uint64_t nonce = talk.heard[0].finding.nonce;
	say_up(SHARE_OF("1,2,3,4,5,6,7," SEVEN "," SEVEN "," SEVEN "," SEVEN "," SEVEN));
	assert_true(talk.heard[0].finding.nonce != nonce);
	say_down(JOB);
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
}

static void test_near_misses(void **unused)
{
	(void)unused;
	assert_unproven(DIR_TO_SERVER, SHARE_OF(SEVEN));
	assert_unproven(DIR_TO_SERVER, SHARE_OF(CYCLE ",1"));
	assert_unproven(DIR_TO_SERVER,
			SHARE_OF(SEVEN "," SEVEN "," SEVEN "," SEVEN "," SEVEN ",1,2,3,4,5,6,-7"));
	assert_unproven(DIR_TO_SERVER, SHARE_OF(SEVEN "," SEVEN "," SEVEN "," SEVEN "," SEVEN
						      ",1,2,3,4,5,6,4294967296"));
	assert_unproven(DIR_TO_SERVER, SHARE_OF(""));
}

static void test_spellings_and_cuts(void **unused)
{
	static const char share[] = SHARE;

	(void)unused;
	assert_spellings(DIR_TO_CLIENT, JOB);
	assert_spellings(DIR_TO_SERVER, SHARE);
	assert_cuts(DIR_TO_SERVER, SHARE,
		    SEVEN "," SEVEN "," SEVEN "," SEVEN "," SEVEN
			  ",100234,5000234,90002341,190002342,290002343,390002344");
	begin();
	assert_true(talk_bytes(&talk, DIR_TO_SERVER, share, sizeof(share) - 100, true));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_string_equal(talk.heard[0].worker, "rig1");
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
