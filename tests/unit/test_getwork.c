/* test_getwork.c: getwork, head by head and body by body; the name alone is no proof. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dialect_talk.h"

#define H8  "1a2b3c4d"
#define H32 H8 H8 H8 H8
#define H64 H32 H32

/* version, previous hash and merkle root, time bits nonce, padding */
#define JOB_PART    "00000001" H64 H32 "00ff00aa" H8 H8 H8
#define Z16         "0000000000000000"
#define PADDING     "00000080" Z16 Z16 Z16 Z16 Z16 "80020000"
#define DATA(nonce) JOB_PART "4f5b1d2c1a0575ef" nonce PADDING
#define TARGET      Z16 Z16 Z16 "0000ffff00000000"

#define GET       "{\"method\": \"getwork\", \"params\": [], \"id\":0}\r\n"
#define SUBMIT(n) "{\"method\":\"getwork\",\"params\":[\"" DATA(n) "\"],\"id\":1}"
#define WORK(target) \
	"{\"result\":{\"midstate\":\"" H64 \
	"\",\"data\":\"" DATA("00000000") "\",\"hash1\":\"" H64 H64 "\",\"target\":\"" target \
					  "\"},\"error\":null,\"id\":0}"

/* Handshake's header: padding of the previous hash and a tree root of zeros. */
#define HNS_PREVIOUS H64
#define HNS_DATA(nonce, tree) \
	nonce Z16 "1a2b3c4d1a2b3c4d1a2b3c4d1a2b3c4d1a2b3c4d" HNS_PREVIOUS tree H64 Z16 Z16 Z16 H64 \
		H64 H64 "00000000" \
		  "1b00ffff"
#define HNS_TREE Z16 Z16 Z16 Z16
#define HNS_WORK(tree) \
	"{\"result\":{\"network\":\"main\",\"data\":\"" HNS_DATA( \
		"00000000", tree) "\",\"target\":\"00000000ffff0000" Z16 Z16 Z16 \
				  "\",\"height\":5,\"time\":1,\"fee\":0},\"error\":null,\"id\":0}"
#define HNS_SUBMIT(nonce) \
	"{\"method\":\"submitwork\",\"params\":[\"" HNS_DATA(nonce, HNS_TREE) "\"],\"id\":1}"

static struct talk talk;
static const struct heard *const first = &talk.heard[0];

static const struct http_head miner = { .method = "POST",
					.target = "/",
					.user = "ann.rig7",
					.has_password = true,
					.has_mining_word = true,
					.mining_hashrate = "250000000",
					.agent = "cgminer 3.7.2" };
static const struct http_head plain = { .method = "POST", .target = "/", .agent = "curl/8.1" };
static const struct http_head answer = { .is_response = true, .status = 200 };

static void begin(void)
{
	talk_begin(&talk, &dialect_getwork);
}

static void test_lengths_of_the_samples(void **unused)
{
	(void)unused;
	assert_int_equal(strlen(DATA("00000000")), 256);
	assert_int_equal(strlen(TARGET), 64);
}

static void test_heads(void **unused)
{
	struct http_head head = miner;

	(void)unused;
	begin();
	assert_true(talk_head(&talk, &miner));
	assert_int_equal(talk.count, 2);
	assert_int_equal(first->finding.kind, FINDING_IDENTITY);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	assert_string_equal(first->agent, "cgminer 3.7.2");
	assert_string_equal(first->worker, "rig7");
	assert_int_equal(talk.heard[1].finding.kind, FINDING_CLAIMED_RATE);
	assert_true(talk.heard[1].finding.rate == 250e6);
	strcpy(head.mining_hashrate, "-1");
	assert_true(talk_head(&talk, &head));
	assert_int_equal(talk.count, 1);
	assert_false(talk_head(&talk, &plain));
	assert_false(talk_head(&talk, &answer));
	head = answer;
	strcpy(head.stratum, "stratum+tcp://pool.example.org:3333");
	assert_true(talk_head(&talk, &head));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_RECONNECT);
	assert_int_equal(first->finding.sender, SENDER_POOL);
	assert_string_equal(first->pool, "pool.example.org:3333");
	strcpy(head.stratum, "");
	head.has_mining_word = true;
	assert_true(talk_head(&talk, &head));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_IDENTITY);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
}

static void test_session(void **unused)
{
	struct http_head refused = answer;

	(void)unused;
	begin();
	assert_true(talk_body(&talk, &miner, GET));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_LOGIN);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_true(first->finding.wants_reply && first->finding.has_password);
	assert_string_equal(first->login, "ann.rig7");
	assert_string_equal(first->worker, "rig7");
	uint64_t request = first->finding.request;

	refused.status = 401;
	assert_true(talk_head(&talk, &refused));
	assert_int_equal(talk_only(&talk)->finding.request, request);
	assert_string_equal(first->reason, "unauthorized");
	assert_true(talk_body(&talk, &answer, WORK(TARGET)));
	assert_int_equal(talk.count, 2);
	assert_int_equal(first->finding.kind, FINDING_REPLY);
	assert_int_equal(first->finding.request, request);
	assert_true(first->finding.is_ok);
	assert_int_equal(talk.heard[1].finding.kind, FINDING_JOB);
	assert_int_equal(talk.heard[1].finding.proof, PROOF_CONFIRMED);
	double work = talk.heard[1].finding.work;
	assert_true(work > 4295032832.0 && work < 4295032834.0);
	assert_true(talk.heard[1].finding.difficulty > 0.9999999 &&
		    talk.heard[1].finding.difficulty < 1.0000001);
	uint64_t job = talk.heard[1].finding.job;

	assert_true(talk_body(&talk, &miner, GET)); /* the second is no login */
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REQUEST);
	assert_true(talk_body(&talk, &miner, SUBMIT("0000beef")));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(first->finding.job, job);
	uint64_t nonce = first->finding.nonce;
	request = first->finding.request;
	assert_true(talk_body(&talk, &miner, SUBMIT("0000BEEF")));
	assert_int_equal(talk_only(&talk)->finding.nonce, nonce);
	assert_true(talk_body(&talk, &miner, SUBMIT("0000bef0")));
	assert_true(talk_only(&talk)->finding.nonce != nonce);

	assert_true(talk_body(&talk, &answer, "{\"result\":true,\"error\":null,\"id\":1}"));
	assert_int_equal(talk_only(&talk)->finding.request, request);
	assert_true(first->finding.is_ok);
	struct http_head reject = answer;
	strcpy(reject.reject_reason, "stale-work");
	assert_true(talk_body(&talk, &reject, "{\"result\":false,\"error\":null,\"id\":1}"));
	assert_false(talk_only(&talk)->finding.is_ok);
	assert_true(first->finding.is_stale);
	assert_string_equal(first->reason, "stale-work");
}

static void test_one_side(void **unused)
{
	(void)unused;
	begin();
	assert_false(talk_body(&talk, &answer, "{\"result\":true,\"error\":null,\"id\":1}"));
	assert_true(talk_body(&talk, &answer, WORK(TARGET)));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_JOB);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_true(talk_body(&talk, &answer, "{\"result\":true,\"error\":null,\"id\":1}"));
	begin();
	assert_true(talk_body(&talk, &plain, SUBMIT("00000001")));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	begin();
	assert_true(talk_up(&talk, SUBMIT("00000001"))); /* its head was lost */
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
}

static void test_handshake(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_body(&talk, &plain, GET));
	assert_true(talk_body(&talk, &answer, HNS_WORK(HNS_TREE)));
	assert_int_equal(talk.count, 2);
	const struct finding *job = &talk.heard[1].finding;

	assert_int_equal(job->kind, FINDING_JOB);
	assert_int_equal(job->proof, PROOF_CONFIRMED);
	assert_string_equal(job->coin, "HNS");
	assert_string_equal(talk.heard[1].algo, "handshake");
	assert_true(job->work > 4295032832.0 && job->work < 4295032834.0);
	assert_true(job->nonce == 0);
	uint64_t id = job->job;

	assert_true(talk_body(&talk, &plain, HNS_SUBMIT("0000beef")));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(first->finding.job, id);
	uint64_t nonce = first->finding.nonce;
	uint64_t request = first->finding.request;

	assert_true(talk_body(&talk, &answer,
			      "{\"result\":[false,\"stale\"],\"error\":null,\"id\":1}"));
	assert_int_equal(talk_only(&talk)->finding.request, request);
	assert_false(first->finding.is_ok);
	assert_true(first->finding.is_stale);
	assert_string_equal(first->reason, "stale");
	assert_true(talk_body(&talk, &plain, HNS_SUBMIT("0000bef0")));
	assert_true(talk_only(&talk)->finding.nonce != nonce);
	assert_true(
		talk_body(&talk, &answer, "{\"result\":[true,\"valid\"],\"error\":null,\"id\":1}"));
	assert_true(talk_only(&talk)->finding.is_ok);
	assert_int_equal(first->finding.reply_to, REPLY_TO_SHARE);

	begin(); /* the padding is not that of its hashes */
	assert_false(talk_body(&talk, &answer, HNS_WORK(H64)));
	assert_false(
		talk_body(&talk, &answer, "{\"result\":[true,\"valid\"],\"error\":null,\"id\":1}"));
	assert_false(talk_body(&talk, &plain,
			       "{\"method\":\"submitwork\",\"params\":[\"00\"],\"id\":1}"));
	assert_true(talk_body(&talk, &plain, "{\"method\":\"getworklp\",\"params\":[],\"id\":1}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_SUSPECT);
}

static void test_the_name_alone(void **unused)
{
	struct http_head head = plain;

	(void)unused;
	begin();
	assert_true(talk_body(&talk, &plain, GET));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_SUSPECT);
	strcpy(head.agent, "cpuminer/2.5.1");
	assert_true(talk_body(&talk, &head, GET));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_true(talk_body(&talk, &plain, "{\"method\":\"getwork\"}"));
	assert_true(talk_only(&talk)->finding.request != 0);
	static const char *const others[] = {
		"{\"method\":\"getwork\",\"params\":{\"employee\":3},\"id\":1}",
		"{\"method\":\"getwork\",\"params\":[17],\"id\":1}",
		"{\"method\":\"getwork\",\"params\":[\"" H64 "\"],\"id\":1}",
		"{\"method\":\"getWork\",\"params\":[],\"id\":1}",
		"{\"result\":{\"data\":\"" H64 "\",\"target\":\"" H64 "\"},\"id\":1}",
		"{\"result\":{\"data\":\"" DATA("00000000") "\",\"target\":\"all\"},\"id\":1}",
		"{\"result\":null,\"error\":null,\"id\":1}",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_false(talk_body(&talk, &plain, others[i]));
		assert_false(talk_body(&talk, &answer, others[i]));
	}
}

static void test_cut(void **unused)
{
	static const char work[] = WORK(TARGET);

	(void)unused;
	for (size_t len = 0; len < sizeof(work); len++) {
		begin();
		bool is_job = talk_body_bytes(&talk, &answer, work, len, true);
		assert_int_equal(is_job, len > (size_t)(strstr(work, ",\"hash1\"") - work) - 1);
		if (len < (size_t)(strstr(work, "},\"error\"") - work))
			assert_true(talk_proof(&talk) <= PROOF_LIKELY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths_of_the_samples),
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_one_side),
		cmocka_unit_test(test_handshake),
		cmocka_unit_test(test_the_name_alone),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
