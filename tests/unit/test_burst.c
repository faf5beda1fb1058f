/* test_burst.c: proof of capacity; the pass phrase of a solo miner never shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dialect_talk.h"

#define H64  "1a2b3c4d5e6f7a8b1a2b3c4d5e6f7a8b1a2b3c4d5e6f7a8b1a2b3c4d5e6f7a8b"
#define INFO "{\"generationSignature\":\"" H64 "\",\"baseTarget\":\"70312\",\"height\":\"850123\""
#define SHARE \
	"/burst?requestType=submitNonce&accountId=10282355196851764065&nonce=4400123&" \
	"blockheight=850123&deadline=86400"
#define SECRET "correct+horse+battery"

static struct talk talk;
static const struct heard *const first = &talk.heard[0];

static struct http_head ask;
static const struct http_head answer = { .is_response = true, .status = 200 };

static void begin(void)
{
	talk_begin(&talk, &dialect_burst);
	ask = (struct http_head){ .method = "GET",
				  .target = "/burst?requestType=getMiningInfo",
				  .agent = "Scavenger/1.8.0",
				  .miner = "Scavenger/1.8",
				  .miner_name = "rig7",
				  .capacity = "40960" };
}

static void test_session(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_head(&talk, &ask));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_IDENTITY);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	assert_string_equal(first->agent, "Scavenger/1.8");
	assert_string_equal(first->worker, "rig7");
	assert_string_equal(first->rig, "40960 GB");
	assert_false(talk_head(&talk, &answer));
	assert_true(talk_body(&talk, &answer, INFO "}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_JOB);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(first->algo, "poc");
	uint64_t job = first->finding.job;

	(void)strcpy(ask.target, SHARE);
	assert_true(talk_head(&talk, &ask));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(first->login, "10282355196851764065");
	assert_false(first->finding.has_password);
	assert_int_equal(first->finding.job, job);
	assert_true(first->finding.wants_reply);
	uint64_t request = first->finding.request;
	uint64_t nonce = first->finding.nonce;

	assert_true(talk_body(&talk, &answer, "{\"result\":\"success\",\"deadline\":86400}"));
	assert_int_equal(talk_only(&talk)->finding.request, request);
	assert_true(first->finding.is_ok);
	assert_true(talk_body(&talk, &answer,
			      "{\"errorCode\":\"1005\",\"errorDescription\":\"Wrong block "
			      "height\"}"));
	assert_false(talk_only(&talk)->finding.is_ok);
	assert_true(first->finding.is_stale);
	assert_string_equal(first->reason, "Wrong block height");
	(void)strcpy(strstr(ask.target, "4400123"), "4400124");
	assert_true(talk_head(&talk, &ask));
	assert_true(talk_only(&talk)->finding.nonce != nonce);
}

static void test_pass_phrase(void **unused)
{
	(void)unused;
	begin();
	(void)strcpy(ask.target, SHARE "&secretPhrase=" SECRET);
	assert_true(talk_head(&talk, &ask));
	assert_true(talk_only(&talk)->finding.has_password);
	assert_null(strstr(first->login, "horse"));
	assert_null(strstr(first->reason, "horse"));
	assert_null(strstr(first->worker, "horse"));
	(void)strcpy(ask.target, "/burst?requestType=submitNonce&secretPhrase=" SECRET "&nonce=17");
	assert_true(talk_head(&talk, &ask));
	assert_string_equal(talk_only(&talk)->login, "");
	(void)strcpy(ask.target, SHARE "&secretPhrase=");
	assert_true(talk_head(&talk, &ask));
	assert_false(talk_only(&talk)->finding.has_password);
}

static void test_wallets_and_explorers(void **unused)
{
	static const char *const others[] = {
		"/burst?requestType=getAccount&account=1",
		"/burst?requestType=submitNonce",
		"/burst?requestType=submitNonce&nonce=abc&accountId=1",
		"/burst?requestType=submitNonce&nonce=1",
		"/api?type=getMiningInfo",
		"/",
	};

	(void)unused;
	begin();
	ask = (struct http_head){ .target = "/burst?requestType=getMiningInfo",
				  .agent = "Mozilla/5.0" };
	assert_true(talk_head(&talk, &ask));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_SUSPECT);
	assert_true(talk_body(&talk, &answer, INFO "}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_SUSPECT);
	assert_false(talk_body(&talk, &answer, INFO ",\"generator\":\"1\",\"nonce\":\"2\"}"));
	assert_false(talk_body(&talk, &answer, "{\"result\":\"success\",\"deadline\":1}"));
	assert_false(talk_body(&talk, &answer, "{\"height\":\"1\",\"baseTarget\":\"2\"}"));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		begin();
		(void)strcpy(ask.target, others[i]);
		assert_false(talk_head(&talk, &ask));
	}
	assert_false(talk_down(&talk, INFO "}")); /* not in HTTP */
}

static void test_server_side_alone(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_body(&talk, &answer, INFO "}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_true(talk_body(&talk, &answer, INFO ",\"targetDeadline\":31536000}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	assert_true(talk_body(&talk, &answer, "{\"result\":\"success\",\"deadline\":86400}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REPLY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_pass_phrase),
		cmocka_unit_test(test_wallets_and_explorers),
		cmocka_unit_test(test_server_side_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
