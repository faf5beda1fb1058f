/* test_nimiq.c: the pool protocol of Nimiq, message by message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dialect_talk.h"

#define ADDRESS "NQ07 0000 0000 0000 0000 0000 0000 0000 0000"
#define PLAIN   "NQ0700000000000000000000000000000000"
#define B32     "ABCDEFGHabcdefgh0123456789+/ABCD" /* 32 characters */
#define HASH    B32 "ABCDEFGHabc="
#define HEADER  "AAEB" B32 B32 B32 B32 B32 "ABCDEFGHabcdefgh0123456789+/AAA="
#define REGISTER \
	"{\"message\":\"register\",\"mode\":\"nano\",\"address\":\"" ADDRESS "\",\"deviceId\":" \
	"2843512,\"genesisHash\":\"" HASH "\"}"
/* 2^256 / 2^220 is 2^36 hashes */
#define SETTINGS(target, compact) \
	"{\"message\":\"settings\",\"address\":\"" ADDRESS "\",\"extraData\":\"cG9vbA==\"," \
	"\"target\":" target ",\"targetCompact\":" compact ",\"nonce\":17}"
#define TARGET  "1.684996666696915e66"
#define COMPACT "470810624" /* 0x1c100000 */
#define NEW_BLOCK \
	"{\"message\":\"new-block\",\"bodyHash\":\"" HASH "\",\"accountsHash\":\"" HASH \
	"\",\"previousBlock\":\"" HEADER "\"}"
#define SHARE \
	"{\"message\":\"share\",\"blockHeader\":\"" HEADER "\",\"minerAddrProof\":\"" HASH \
	"\",\"extraDataProof\":\"" HASH "\"}"

static struct talk talk;
static const struct heard *const first = &talk.heard[0];

static void begin(void)
{
	talk_begin(&talk, &dialect_nimiq);
}

static void test_session(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, REGISTER));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_LOGIN);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	assert_string_equal(first->wallet, PLAIN);
	assert_string_equal(first->worker, "2843512");
	assert_string_equal(first->finding.coin, "NIM");
	uint64_t login = first->finding.request;

	assert_true(talk_down(&talk, "{\"message\":\"registered\"}"));
	assert_int_equal(talk_only(&talk)->finding.request, login);
	assert_true(first->finding.is_ok);
	assert_true(talk_down(&talk, SETTINGS(TARGET, COMPACT)));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_JOB);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_true(first->finding.work > 0x1p36 * 0.999 && first->finding.work < 0x1p36 * 1.001);
	assert_string_equal(first->payout, PLAIN);
	double work = first->finding.work;
	assert_true(talk_down(&talk, NEW_BLOCK));
	assert_true(talk_only(&talk)->finding.work == work);

	assert_true(talk_up(&talk, SHARE));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	uint64_t share = first->finding.request;
	assert_true(talk_down(&talk, "{\"message\":\"balance\",\"balance\":1,\"confirmedBalance\":"
				     "1,\"payoutRequestActive\":false}"));
	assert_int_equal(talk.count, 0);
	assert_true(talk_down(&talk, "{\"message\":\"error\",\"reason\":\"Invalid share\"}"));
	assert_int_equal(talk_only(&talk)->finding.request, share);
	assert_false(first->finding.is_ok);
	assert_string_equal(first->reason, "Invalid share");
}

static void test_targets(void **unused)
{
	static const struct {
		const char *text;
		bool is_known;
	} rows[] = {
		{ SETTINGS(TARGET, COMPACT), true }, { SETTINGS("null", COMPACT), true },
		{ SETTINGS(TARGET, "null"), true },  { SETTINGS(TARGET, "486604799"), false },
		{ SETTINGS("-1", "-1"), false },     { SETTINGS("1e300", "null"), false },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		assert_true(talk_down(&talk, rows[i].text));
		assert_int_equal(talk_only(&talk)->finding.work > 0, rows[i].is_known);
	}
}

static void test_one_side(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, SHARE));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	begin();
	assert_true(talk_up(&talk, "{\"message\":\"share\",\"block\":\"" HEADER "AAAA\"}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	begin();
	assert_true(talk_down(&talk, NEW_BLOCK));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	begin();
	talk_up(&talk, REGISTER);
	uint64_t login = talk_only(&talk)->finding.request;
	assert_true(talk_down(&talk, "{\"message\":\"error\",\"reason\":\"Wrong genesis\"}"));
	assert_int_equal(talk_only(&talk)->finding.request, login);
}

static void test_others(void **unused)
{
	static const char *const others[] = {
		"{\"message\":\"register\",\"address\":\"ann@example.org\",\"deviceId\":3}",
		"{\"message\":\"register\",\"address\":\"" ADDRESS "\"}",
		"{\"message\":\"registered\"}",
		"{\"message\":\"settings\",\"target\":3}",
		"{\"message\":\"settings\",\"address\":\"" ADDRESS "\",\"theme\":\"dark\"}",
		"{\"message\":\"share\",\"block\":\"photos\"}",
		"{\"message\":\"share\",\"block\":\"" HASH HASH HASH HASH HASH "\"}",
		"{\"message\":\"share\",\"blockHeader\":\"" HEADER "\"}",
		"{\"message\":\"new-block\",\"height\":17}",
		"{\"message\":\"balance\",\"balance\":1,\"confirmedBalance\":1}",
		"{\"message\":\"error\",\"reason\":\"x\"}",
		"{\"message\":\"payout\"}",
		"{\"message\":{\"message\":\"share\"}}",
		"{\"message\":\"hello, share your register\"}",
	};
	const struct http_head head = { .method = "POST" };

	(void)unused;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		begin();
		assert_false(talk_up(&talk, others[i]));
		assert_false(talk_down(&talk, others[i]));
	}
	assert_false(talk_body(&talk, &head, SHARE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_one_side),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
