/* test_coinhive.c: browser miners, message by message; chats and queues stay out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dialect_talk.h"

#define H16 "1a2b3c4d5e6f7a8b"
#define H64 H16 H16 H16 H16
#define KEY "7NYWVFNVO2xf9N4B3dlVa81yolVon4Qk"
#define WALLET \
	"42GcvFXaX6p3rZwuSi5uqJ3rZwuSi5uqJ3rZwuSi5uqJ3sDTaAVnV7o6i8totRApfb6i8totRApfb6i8totRApfb" \
	"4rNoqE7"
#define BLOB "0707aeebe4d705" H64 "00000000" H64 "01"
#define AUTH(key, user) \
	"{\"type\":\"auth\",\"params\":{\"version\":7,\"site_key\":\"" key "\",\"type\":" \
	"\"anonymous\",\"user\":" user ",\"goal\":0}}"
#define AUTHED "{\"type\":\"authed\",\"params\":{\"token\":\"\",\"hashes\":0}}"
#define JOB \
	"{\"type\":\"job\",\"params\":{\"blob\":\"" BLOB "\",\"job_id\":\"448165886709466\"," \
	"\"target\":\"ffffff00\",\"id\":\"843393400195054\",\"algo\":\"cn/r\"}}"
#define SUBMIT(nonce) \
	"{\"type\":\"submit\",\"params\":{\"version\":7,\"job_id\":\"448165886709466\",\"nonce\":" \
	"\"" nonce "\",\"result\":\"" H64 "\"}}"
#define ACCEPTED(n) "{\"type\":\"hash_accepted\",\"params\":{\"hashes\":" n "}}"
#define ERROR(why)  "{\"type\":\"error\",\"params\":{\"error\":\"" why "\"}}"

static struct talk talk;
static const struct heard *const first = &talk.heard[0];

static void begin(void)
{
	talk_begin(&talk, &dialect_coinhive);
}

static void test_session(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, AUTH(KEY, "\"ann\"")));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_LOGIN);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	assert_true(first->finding.wants_reply && first->finding.reply_confirms);
	assert_string_equal(first->login, KEY);
	assert_string_equal(first->worker, "ann");
	uint64_t login = first->finding.request;

	assert_true(talk_down(&talk, AUTHED));
	assert_int_equal(talk_only(&talk)->finding.request, login);
	assert_true(first->finding.is_ok);
	assert_true(talk_down(&talk, JOB));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_JOB);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_true(first->finding.work == 256);
	assert_string_equal(first->algo, "cn/r");
	uint64_t job = first->finding.job;

	assert_true(talk_up(&talk, SUBMIT("0bf389de")));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(first->finding.job, job);
	uint64_t share = first->finding.request;
	assert_true(share != 0 && share != login);
	assert_true(talk_down(&talk, ACCEPTED("256")));
	assert_int_equal(talk_only(&talk)->finding.request, share);
	assert_true(first->finding.is_ok);
	assert_int_equal(first->finding.count, 0);
	assert_true(talk_down(&talk, ERROR("stale share")));
	assert_int_equal(talk_only(&talk)->finding.request, share);
	assert_true(first->finding.is_stale);
	assert_true(talk_down(&talk, "{\"type\":\"banned\",\"params\":{\"banned\":600}}"));
	assert_string_equal(talk_only(&talk)->reason, "banned");
	assert_true(talk_down(&talk, "{\"type\":\"verify\",\"params\":{\"verify_id\":\"1\"}}"));
	assert_int_equal(talk.count, 0);
}

static void test_sums(void **unused)
{
	static const struct {
		const char *text;
		uint32_t count;
	} rows[] = {
		{ ACCEPTED("256"), 0 },     { ACCEPTED("512"), 0 },  { ACCEPTED("1280"), 3 },
		{ ACCEPTED("1281"), 0 },    { ACCEPTED("1282"), 0 }, { ACCEPTED("1300"), 0 },
		{ ACCEPTED("9999999"), 0 }, { ACCEPTED("10"), 0 },   { ACCEPTED("522"), 2 },
	};

	(void)unused;
	begin();
	talk_down(&talk, JOB);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(talk_down(&talk, rows[i].text));
		assert_int_equal(talk_only(&talk)->finding.count, rows[i].count);
	}
}

static void test_logins(void **unused)
{
	(void)unused;
	begin();
	talk_up(&talk, AUTH(WALLET ".rig7", "null"));
	assert_string_equal(talk_only(&talk)->wallet, WALLET);
	assert_int_equal(first->finding.wallet.check, WALLET_VALID);
	assert_string_equal(first->worker, "rig7");
	begin();
	assert_true(talk_up(&talk, "{\"type\":\"auth\",\"params\":{\"userID\":\"" WALLET "\"}}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	begin();
	talk_up(&talk, AUTH(KEY, "null"));
	uint64_t request = talk_only(&talk)->finding.request;
	assert_true(talk_down(&talk, ERROR("invalid_site_key")));
	assert_int_equal(talk_only(&talk)->finding.request, request);
	assert_string_equal(first->reason, "invalid_site_key");
}

static void test_one_side(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, SUBMIT("0bf389de")));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	begin();
	assert_true(talk_down(&talk, JOB));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	begin();
	assert_true(talk_down(&talk, ACCEPTED("1024")));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	begin();
	assert_true(talk_down(&talk, AUTHED));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_SUSPECT);
}

static void test_others(void **unused)
{
	static const char *const others[] = {
		"{\"type\":\"auth\",\"params\":{\"user\":\"ann\",\"password\":\"x\"}}",
		"{\"type\":\"auth\",\"params\":{\"token\":\"abc\"}}",
		"{\"type\":\"auth\",\"params\":{\"site_key\":\"shop-17\",\"user\":\"ann\"}}",
		"{\"type\":\"auth\",\"params\":{\"userID\":\"ann\"}}",
		"{\"type\":\"auth\",\"site_key\":\"" KEY "\"}",
		"{\"type\":\"authed\",\"params\":{\"token\":\"abc\"}}",
		"{\"type\":\"job\",\"params\":{\"job_id\":\"17\",\"target\":\"release\"}}",
		"{\"type\":\"job\",\"params\":{\"job_id\":\"17\",\"target\":\"ffffff00\",\"blob\":"
		"\"" H64 "\"}}",
		"{\"type\":\"submit\",\"params\":{\"job_id\":\"17\",\"nonce\":\"0bf389de\"}}",
		"{\"type\":\"submit\",\"params\":{\"form\":\"contact\"}}",
		"{\"type\":\"hash_accepted\",\"params\":{\"hash\":\"" H64 "\"}}",
		"{\"type\":\"error\",\"params\":{\"error\":\"not found\"}}",
		"{\"type\":\"verify\",\"params\":{\"code\":1234}}",
		"{\"type\":\"banned\",\"params\":{}}",
		"{\"params\":" SUBMIT("0bf389de") ",\"type\":\"log\"}",
		"[]",
	};
	const struct http_head head = { .method = "POST" };

	(void)unused;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		begin();
		assert_false(talk_up(&talk, others[i]));
		assert_false(talk_down(&talk, others[i]));
	}
	assert_false(talk_body(&talk, &head, SUBMIT("0bf389de")));
	assert_false(talk_head(&talk, &head));
}

static void test_cut(void **unused)
{
	static const char text[] = SUBMIT("0bf389de");
	size_t nonce = (size_t)(strstr(text, ",\"result") - text);
	size_t result = sizeof(text) - 1 - strlen("}}");

	(void)unused;
	for (size_t len = 0; len < sizeof(text); len++) {
		begin();
		assert_int_equal(talk_bytes(&talk, DIR_TO_SERVER, text, len, true), len >= result);
		begin();
		talk_down(&talk, JOB);
		assert_int_equal(talk_bytes(&talk, DIR_TO_SERVER, text, len, true), len >= nonce);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session), cmocka_unit_test(test_sums),
		cmocka_unit_test(test_logins),  cmocka_unit_test(test_one_side),
		cmocka_unit_test(test_others),  cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
