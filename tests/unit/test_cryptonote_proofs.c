/* test_cryptonote_proofs.c: the login dialect where work is neither a CryptoNote block nor its
 * hash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dialect_talk.h"

#define H16 "1a2b3c4d5e6f7081"
#define H64 H16 H16 H16 H16
#define JOB(fields) \
	"{\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":{\"job_id\":\"q1\"," fields "}}"
#define TARGET "\"target\":\"f3220000\""

static struct talk talk;
static const struct heard *const first = &talk.heard[0];

static void begin(void)
{
	talk_begin(&talk, &dialect_cryptonote);
}

/* The hash of a header, perhaps with a nonce behind it; only where the job says so. */
static void test_sha3x(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_down(&talk, JOB("\"algo\":\"sha3x\",\"blob\":\"" H64 "\"," TARGET)));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_true(first->finding.work == 480045);
	assert_string_equal(first->algo, "sha3x");
	assert_true(talk_down(&talk, JOB("\"algo\":\"sha3x\",\"blob\":\"" H64 H16 "\"," TARGET)));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	static const char *const wrong[] = { JOB("\"blob\":\"" H64 "\"," TARGET),
					     JOB("\"algo\":\"rx/0\",\"blob\":\"" H64 "\"," TARGET),
					     JOB("\"algo\":\"sha3x\",\"blob\":\"" H16 "\"," TARGET),
					     JOB("\"algo\":\"sha3x\",\"blob\":\"" H64 "\"") };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin();
		assert_false(talk_down(&talk, wrong[i]));
	}
}

#define SHARE(nonce, pow) \
	"{\"id\":2,\"method\":\"submit\",\"params\":{\"id\":\"a1\",\"job_id\":\"q1\"," \
	"\"nonce\":" nonce ",\"pow\":" pow "}}"
#define CYCLE \
	"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32]"

/* A cycle of a graph, in a flow that is known. */
static void test_cycles(void **unused)
{
	static const char *const wrong[] = { SHARE("\"" H16 "\"", "[1,2,3]"),
					     SHARE("\"" H16 "\"", "\"draft\""),
					     SHARE("12345678", CYCLE), SHARE("\"x\"", CYCLE) };

	(void)unused;
	begin();
	assert_false(talk_up(&talk, SHARE("\"" H16 "\"", CYCLE)));
	assert_true(talk_down(&talk, JOB("\"algo\":\"cuckaroo\",\"blob\":\"" H64 H64 H64
					 "\",\"proofsize\":42," TARGET)));
	uint64_t job = first->finding.job;
	assert_true(talk_up(&talk, SHARE("\"" H16 "\"", CYCLE)));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(first->finding.kind, FINDING_SHARE);
	assert_int_equal(first->finding.job, job);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(talk_up(&talk, wrong[i]));
}

#define H128         H64 H64
#define HASH         "\"difficulty\":18253611008,\"mining_hash\":\"" H64 "\""
#define WIDE(result) SHARE("\"" H128 "\"", "1,\"result\":\"" result "\"")

/* The hash of a header that is not in a blob, and numbers of 512 bits. */
static void test_wide(void **unused)
{
	static const char pushed[] = "{\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":{"
				     "\"clean_jobs\":true,\"job\":{\"job_id\":\"q1\"," HASH "}}}";
	static const char *const wrong[] = {
		JOB("\"difficulty\":0,\"mining_hash\":\"" H64 "\""),
		JOB("\"difficulty\":1e16,\"mining_hash\":\"" H64 "\""),
		JOB("\"mining_hash\":\"" H64 "\""),
		JOB("\"difficulty\":7,\"mining_hash\":\"" H16 "\""),
		WIDE(H16),
		SHARE("\"" H64 "\"", "1,\"result\":\"" H128 "\""),
	};

	(void)unused;
	begin();
	assert_true(talk_up(&talk,
			    "{\"id\":1,\"method\":\"login\",\"params\":{\"agent\":"
			    "\"Fl4shMiner/1.4.3\",\"login\":\"qzAnn.rig1\",\"pass\":\"x\"}}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_true(talk_down(&talk, "{\"id\":1,\"error\":null,\"result\":{\"extensions\":["
				     "\"keepalive\"],\"id\":\"063f\",\"status\":\"OK\",\"job\":{"
				     "\"extranonce\":\"3a37e843\",\"job_id\":\"q0\"," HASH "}}}"));
	assert_int_equal(talk.count, 2);
	assert_int_equal(first[0].finding.kind, FINDING_REPLY);
	assert_int_equal(first[1].finding.kind, FINDING_JOB);
	assert_int_equal(first[1].finding.proof, PROOF_CONFIRMED);
	assert_true(first[1].finding.work == 18253611008.0);
	assert_string_equal(first[1].algo, "qpow");
	assert_true(talk_down(&talk, pushed));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	uint64_t job = first->finding.job;
	assert_true(talk_up(&talk, WIDE("0000000021efcce4" H16 H16 H16 H64)));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(first->finding.job, job);
	assert_true(first->finding.difficulty > 32.3e9 && first->finding.difficulty < 32.4e9);
	/* what each proves by itself */
	begin();
	assert_true(talk_down(&talk, pushed));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	begin();
	assert_true(talk_up(&talk, WIDE(H128)));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin();
		assert_false(i < 4 ? talk_down(&talk, wrong[i]) : talk_up(&talk, wrong[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha3x),
		cmocka_unit_test(test_cycles),
		cmocka_unit_test(test_wide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
