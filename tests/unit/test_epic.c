/* test_epic.c: Epic Cash, whose jobs and shares name one of three proofs of work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/dialect_talk.h"

#define H16     "1a2b3c4d5e6f7a8b"
#define PRE_POW H16 H16 H16 H16 H16 H16
#define LIST    "[[\"cuckoo\",65536],[\"randomx\",800000],[\"progpow\",2500000000]]"
#define JOB_OF(algorithm, list) \
	"{\"id\":\"Stratum\",\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":{\"algorithm\":" \
	"\"" algorithm "\",\"height\":3620860,\"job_id\":6,\"pre_pow\":\"" PRE_POW \
	"\",\"difficulty\":" list "}}"
#define JOB JOB_OF("randomx", LIST)
#define ASK(algorithm) \
	"{\"id\":\"1\",\"jsonrpc\":\"2.0\",\"method\":\"getjobtemplate\",\"params\":" \
	"{\"algorithm\":\"" algorithm "\"}}"
#define EIGHT "0,255,128,7,9,61,174,189"
#define HASH  "[" EIGHT "," EIGHT "," EIGHT "," EIGHT "]"
#define SEVEN "10,21,32,43,54,65,76"
#define CYCLE "[" SEVEN "," SEVEN "," SEVEN "," SEVEN "," SEVEN "," SEVEN "]"
#define SHARE(pow) \
	"{\"id\":\"2\",\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":{\"height\":3620860," \
	"\"job_id\":6,\"nonce\":18446744073709551615,\"pow\":" pow "}}"

static struct talk talk;
static const struct heard *const first = &talk.heard[0];

static void begin(void)
{
	talk_begin(&talk, &dialect_grin);
}

static void check_job(double difficulty, const char *algo)
{
	assert_true(talk_down(&talk, JOB));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_JOB);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_true(first->finding.difficulty == difficulty && first->finding.work == difficulty);
	assert_string_equal(first->algo, algo);
	assert_string_equal(first->finding.coin, "EPIC");
	assert_null(first->finding.unit);
}

/* Who is not heard computes what the job is for; a request and a share name it. */
static void test_jobs_count_what_is_computed(void **unused)
{
	(void)unused;
	begin();
	check_job(800000, "randomx");
	begin();
	assert_true(talk_up(&talk, ASK("progpow")));
	check_job(2500000000, "progpow");
	assert_true(talk_up(&talk, SHARE("{\"RandomX\":" HASH "}")));
	check_job(800000, "randomx");
	assert_true(talk_up(&talk, ASK("unheard-of")));
	check_job(800000, "randomx");
}

static void test_shares_name_their_proof(void **unused)
{
	static const struct {
		const char *text;
		const char *algo;
	} shares[] = {
		{ SHARE("{\"RandomX\":" HASH "}"), "randomx" },
		{ SHARE("{\"ProgPow\":" HASH "}"), "progpow" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		begin();
		assert_true(talk_up(&talk, shares[i].text));
		assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
		assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
		assert_string_equal(first->algo, shares[i].algo);
		assert_string_equal(first->finding.coin, "EPIC");
		assert_null(first->finding.unit);
		uint64_t nonce = first->finding.nonce;
		assert_true(talk_up(&talk, shares[i].text));
		assert_int_equal(talk_only(&talk)->finding.nonce, nonce);
	}
}

/* Cycles are counted as Grin's are: 2^(31 - 23) * 31 = 7936 of difficulty for one. */
static void test_cycles_are_solutions(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, SHARE("{\"Cuckoo\":[31," CYCLE "]}")));
	assert_string_equal(talk_only(&talk)->algo, "cuckatoo31");
	assert_string_equal(first->finding.unit, "Sol/s");
	assert_true(talk_down(&talk, JOB));
	assert_true(talk_only(&talk)->finding.difficulty == 65536);
	assert_true(first->finding.work == 65536.0 / 7936);
	assert_string_equal(first->finding.unit, "Sol/s");
}

/* A reply whose algorithm is not in its list is no job, and says nothing before that is known. */
static void test_a_list_without_the_algorithm(void **unused)
{
	static const char reply[] =
		"{\"id\":\"1\",\"jsonrpc\":\"2.0\",\"method\":\"getjobtemplate\",\"result\":"
		"{\"algorithm\":\"progpow\",\"height\":3620860,\"job_id\":6,\"pre_pow\":\"" PRE_POW
		"\",\"difficulty\":[[\"cuckoo\",3],[\"randomx\",800000]]}}";

	(void)unused;
	begin();
	assert_false(talk_down(&talk, reply));
	assert_int_equal(talk.count, 0);
}

static void test_near_misses(void **unused)
{
	static const char *const jobs[] = {
		JOB_OF("randomx", "[]"),
		JOB_OF("randomx", "[[\"cuckoo\",3]]"),
		JOB_OF("randomx", "[[\"randomx\",0]]"),
		JOB_OF("randomx", "[[\"randomx\",1,2]]"),
		JOB_OF("randomx", "[[\"priority\",1],[\"randomx\",1]]"),
		JOB_OF("randomx", "[\"randomx\",1]"),
		JOB_OF("sha3", "[[\"sha3\",1]]"),
	};
	static const char *const shares[] = {
		SHARE("{}"),
		SHARE("{\"RandomX\":[" EIGHT "]}"),
		SHARE("{\"randomx\":" HASH "}"),
		SHARE("{\"RandomX\":\"" H16 "\"}"),
		SHARE("{\"Cuckoo\":" HASH "}"),
		SHARE("{\"Cuckoo\":[31,[" EIGHT "]]}"),
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		begin();
		assert_false(talk_down(&talk, jobs[i]));
	}
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		begin();
		assert_false(talk_up(&talk, shares[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jobs_count_what_is_computed),
		cmocka_unit_test(test_shares_name_their_proof),
		cmocka_unit_test(test_cycles_are_solutions),
		cmocka_unit_test(test_a_list_without_the_algorithm),
		cmocka_unit_test(test_near_misses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
