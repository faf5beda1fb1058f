/* test_webminerpool.c: the webminerpool script, message by message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dialect_talk.h"

#define H16 "1a2b3c4d5e6f7a8b"
#define H64 H16 H16 H16 H16
#define WALLET \
	"42GcvFXaX6p3rZwuSi5uqJ3rZwuSi5uqJ3rZwuSi5uqJ3sDTaAVnV7o6i8totRApfb6i8totRApfb6i8totRApfb" \
	"4rNoqE7"
#define BLOB "0c0caeebe4d705" H64 "00000000" H64 "01"
#define HANDSHAKE \
	"{\"identifier\":\"handshake\",\"pool\":\"pool.example.org:20128\",\"login\":\"" WALLET \
	"\",\"password\":\"x\",\"userid\":\"visitor 7\",\"version\":8}"
#define JOB \
	"{\"identifier\":\"job\",\"job_id\":\"a1\",\"algo\":\"cn\",\"variant\":4,\"height\":3," \
	"\"blob\":\"" BLOB "\",\"target\":\"f3220000\"}"
#define SOLVED \
	"{\"identifier\":\"solved\",\"job_id\":\"a1\",\"nonce\":\"0bf389de\",\"result\":\"" H64 \
	"\"}"
#define ACCEPTED   "{\"identifier\":\"hashsolved\"}"
#define ERROR(why) "{\"identifier\":\"error\",\"param\":\"" why "\"}"

static struct talk talk;
static const struct heard *const first = &talk.heard[0];

static void begin(void)
{
	talk_begin(&talk, &dialect_webminerpool);
}

static void test_session(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, HANDSHAKE));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_LOGIN);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	assert_string_equal(first->wallet, WALLET);
	assert_string_equal(first->pool, "pool.example.org:20128");
	assert_string_equal(first->worker, "visitor 7");
	assert_true(first->finding.has_password);
	uint64_t login = first->finding.request;

	assert_true(talk_down(&talk, JOB));
	assert_int_equal(talk_only(&talk)->finding.request, login);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_true(first->finding.work == 480045);
	assert_string_equal(first->algo, "cn");
	uint64_t job = first->finding.job;
	assert_true(talk_down(&talk, JOB));
	assert_int_equal(talk_only(&talk)->finding.request, 0);

	assert_true(talk_up(&talk, SOLVED));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(first->finding.job, job);
	uint64_t share = first->finding.request;
	assert_true(talk_down(&talk, ACCEPTED));
	assert_int_equal(talk_only(&talk)->finding.request, share);
	assert_true(first->finding.is_ok);
	assert_true(talk_down(&talk, ERROR("expired job")));
	assert_int_equal(talk_only(&talk)->finding.request, share);
	assert_true(first->finding.is_stale);
}

static void test_logins(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, "{\"identifier\":\"handshake\",\"loginid\":\"shop7\",\"userid\":"
				   "\"\",\"version\":8}"));
	assert_string_equal(talk_only(&talk)->login, "shop7");
	assert_false(first->finding.has_password);
	uint64_t login = first->finding.request;
	assert_true(talk_down(&talk, ERROR("pool disconnected")));
	assert_int_equal(talk_only(&talk)->finding.request, login);
	assert_string_equal(first->reason, "pool disconnected");
}

static void test_one_side(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, SOLVED));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	begin();
	assert_true(talk_down(&talk, JOB));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	begin();
	assert_true(talk_down(&talk, ACCEPTED));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_SUSPECT); /* a word is anybody's */
	assert_true(talk_down(&talk, JOB));
	assert_true(talk_down(&talk, ACCEPTED));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
}

static void test_others(void **unused)
{
	static const char *const others[] = {
		"{\"identifier\":\"handshake\",\"version\":8}",
		"{\"identifier\":\"handshake\",\"login\":\"ann\",\"password\":\"x\"}",
		"{\"identifier\":\"handshake\",\"pool\":\"main\",\"login\":\"ann\"}",
		"{\"identifier\":\"job\",\"job_id\":\"17\",\"target\":\"f3220000\"}",
		"{\"identifier\":\"solved\",\"job_id\":\"17\",\"nonce\":\"0bf389de\"}",
		"{\"identifier\":\"solved\",\"ticket\":17}",
		"{\"identifier\":\"error\",\"param\":\"x\"}",
		"{\"identifier\":17}",
		"{\"job\":" SOLVED "}",
	};
	const struct http_head head = { .method = "POST" };

	(void)unused;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		begin();
		assert_false(talk_up(&talk, others[i]));
		assert_false(talk_down(&talk, others[i]));
	}
	assert_false(talk_body(&talk, &head, SOLVED));
}

static void test_cut(void **unused)
{
	static const char text[] = HANDSHAKE;

	(void)unused;
	for (size_t len = 0; len < sizeof(text); len++) {
		begin();
		if (!talk_bytes(&talk, DIR_TO_SERVER, text, len, true))
			continue;
		assert_string_equal(talk_only(&talk)->wallet, WALLET);
		assert_string_equal(first->pool, "pool.example.org:20128");
		assert_true(first->worker[0] == '\0' || strcmp(first->worker, "visitor 7") == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),  cmocka_unit_test(test_logins),
		cmocka_unit_test(test_one_side), cmocka_unit_test(test_others),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
