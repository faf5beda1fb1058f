/* test_ethgetwork.c: getwork of Ethereum in HTTP; the plain form stays with eth-proxy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dialect_talk.h"

#define H16    "1a2b3c4d5e6f7a8b"
#define HEADER H16 H16 H16 "00000000000000aa"
#define SEED   H16 H16 H16 "00000000000000bb"
#define TARGET "00000000ffffffff" H16 H16 H16
#define WALLET "0x101112131415161718191a1b1c1d1e1f20212223"

#define GET_WORK "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"eth_getWork\"}"
#define WORK \
	"{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":[\"0x" HEADER "\",\"0x" SEED "\",\"0x" TARGET \
	"\"]}"
#define SUBMIT \
	"{\"id\":4,\"method\":\"eth_submitWork\",\"params\":[\"0x" H16 "\",\"0x" HEADER \
	"\",\"0x" SEED "\"]}"
#define HASHRATE \
	"{\"id\":6,\"method\":\"eth_submitHashrate\",\"params\":[\"0x1d08a61\",\"0x" HEADER "\"]}"

static struct talk talk;
static const struct heard *const first = &talk.heard[0];

static const struct http_head by_query = { .method = "POST",
					   .target = "/?miner=30.5@" WALLET "@rig1",
					   .agent = "ethminer/0.19" };
static const struct http_head by_path = { .method = "POST", .target = "/" WALLET "/rig2" };
static const struct http_head plain = { .method = "POST", .target = "/" };
static const struct http_head answer = { .is_response = true, .status = 200 };

static void begin(void)
{
	talk_begin(&talk, &dialect_ethgetwork);
}

static void test_room_for_the_other_state(void **unused)
{
	(void)unused;
	begin();
	assert_true(dialect_ethproxy.state_size <= 192);
	assert_true(talk_body(&talk, &plain, GET_WORK));
}

static void test_query(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_head(&talk, &by_query));
	assert_int_equal(talk.count, 2);
	assert_int_equal(first->finding.kind, FINDING_LOGIN);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	assert_string_equal(first->wallet, WALLET);
	assert_string_equal(first->worker, "rig1");
	assert_string_equal(first->agent, "ethminer/0.19");
	assert_int_equal(talk.heard[1].finding.kind, FINDING_CLAIMED_RATE);
	assert_true(talk.heard[1].finding.rate == 30.5e6);
	assert_true(talk_head(&talk, &by_query)); /* each second the same */
	assert_int_equal(talk.count, 0);
	assert_true(talk_body(&talk, &by_query, SUBMIT));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(first->wallet, WALLET);
	assert_string_equal(first->worker, "rig1");
}

static void test_path(void **unused)
{
	(void)unused;
	begin();
	assert_false(talk_head(&talk, &by_path));
	assert_true(talk_body(&talk, &by_path, GET_WORK));
	assert_int_equal(talk.count, 2);
	assert_int_equal(first->finding.kind, FINDING_REQUEST);
	assert_int_equal(talk.heard[1].finding.kind, FINDING_LOGIN);
	assert_string_equal(talk.heard[1].wallet, WALLET);
	assert_string_equal(talk.heard[1].worker, "rig2");
	assert_true(talk_body(&talk, &by_path, HASHRATE));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_CLAIMED_RATE);
	assert_true(first->finding.rate == 30444129.0);
	/* an explorer's page of that address */
	assert_false(talk_body(&talk, &by_path, "{\"id\":1,\"method\":\"eth_getBalance\"}"));
}

static void test_work_and_verdict(void **unused)
{
	(void)unused;
	begin();
	talk_body(&talk, &plain, GET_WORK);
	uint64_t request = talk_only(&talk)->finding.request;
	assert_true(talk_body(&talk, &answer, WORK));
	assert_int_equal(talk.count, 2);
	assert_int_equal(first->finding.request, request);
	assert_int_equal(talk.heard[1].finding.kind, FINDING_JOB);
	assert_int_equal(talk.heard[1].finding.proof, PROOF_CONFIRMED);
	assert_true(talk.heard[1].finding.work > 4294967295.0 &&
		    talk.heard[1].finding.work < 4294967297.0);
	talk_body(&talk, &plain, SUBMIT);
	request = talk_only(&talk)->finding.request;
	assert_true(talk_body(&talk, &answer, "{\"id\":4,\"result\":false}"));
	assert_int_equal(talk_only(&talk)->finding.request, request);
	assert_false(first->finding.is_ok);
	begin(); /* the server's side alone */
	talk_body(&talk, &answer, WORK);
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	talk_body(&talk, &answer, WORK);
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
}

static void test_others(void **unused)
{
	static const char *const targets[] = {
		"/?miner=ann",
		"/?miner=@" WALLET,
		"/?miner=x@" WALLET,
		"/?miner=30@0x1234",
		"/?miner=1e300@" WALLET "@r1",
		"/" WALLET,
		"/address/" WALLET,
		"/" WALLET "ff/rig",
		"/?minerals=30@" WALLET,
	};
	struct http_head head = { .method = "GET" };

	(void)unused;
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		begin();
		(void)strcpy(head.target, targets[i]);
		assert_false(talk_head(&talk, &head));
	}
	begin();
	assert_false(talk_up(&talk, SUBMIT)); /* no HTTP: eth-proxy's */
	assert_false(
		talk_body(&talk, &by_query, "{\"id\":1,\"method\":\"eth_call\",\"params\":[]}"));
	assert_false(talk_body(&talk, &answer, "{\"id\":1,\"result\":true}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room_for_the_other_state),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_work_and_verdict),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
