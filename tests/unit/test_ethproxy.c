/* test_ethproxy.c: eth-proxy, message by message; wallets' own use of the same names stays out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dialect_talk.h"

#define H8     "1a2b3c4d"
#define H16    "1a2b3c4d5e6f7a8b"
#define HEADER H16 H16 H16 "00000000000000aa"
#define SEED   H16 H16 H16 "00000000000000bb"
#define TARGET "00000000ffffffff" H16 H16 H16
#define WALLET "0x101112131415161718191a1b1c1d1e1f20212223"

#define LOGIN \
	"{\"worker\":\"eth1.0\",\"jsonrpc\":\"2.0\",\"params\":[\"" WALLET \
	"/rig1/ops@example.org\"," \
	"\"x\"],\"id\":2,\"method\":\"eth_submitLogin\"}"
#define GET_WORK \
	"{\"worker\":\"\",\"jsonrpc\":\"2.0\",\"params\":[],\"id\":3,\"method\":\"eth_getWork\"}"
#define WORK(id, header, seed) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":[\"0x" header "\",\"0x" seed \
	"\",\"0x" TARGET "\"]}"
#define SUBMIT \
	"{\"id\":4,\"method\":\"eth_submitWork\",\"params\":[\"0x" H16 "\",\"0x" HEADER \
	"\",\"0x" SEED "\"],\"worker\":\"rig1\"}"
#define HASHRATE \
	"{\"id\":6,\"jsonrpc\":\"2.0\",\"method\":\"eth_submitHashrate\",\"params\":[" \
	"\"0x1d08a61\"," \
	"\"0x" HEADER "\"]}"

static struct talk talk;
static const struct heard *const first = &talk.heard[0];

static void begin(void)
{
	talk_begin(&talk, &dialect_ethproxy);
}

static void test_login(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, LOGIN));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_LOGIN);
	assert_int_equal(first->finding.sender, SENDER_MINER);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	assert_true(first->finding.wants_reply && first->finding.reply_confirms);
	assert_true(first->finding.has_password);
	assert_string_equal(first->wallet, WALLET);
	assert_string_equal(first->worker, "rig1");
	assert_string_equal(first->email, "ops@example.org");
	assert_string_equal(first->agent, "eth1.0");
	uint64_t request = first->finding.request;

	assert_true(talk_down(&talk, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":true}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REPLY);
	assert_int_equal(first->finding.request, request);
	assert_true(first->finding.is_ok);
	assert_true(talk_down(&talk,
			      "{\"id\":2,\"error\":{\"code\":-1,\"message\":\"Invalid login\"}}"));
	assert_false(talk_only(&talk)->finding.is_ok);
	assert_string_equal(first->reason, "Invalid login");
}

/* The wallet is all that tells one coin of another algorithm. */
static void test_zano(void **unused)
{
	static const char zano[] =
		"ZxBripRehY43rZwuSi5uqJ3rZwuSi5uqJ3rZwuSi5uqJ3ra6QNLjuWZ6i8totRApfb6i8totRApfb6i8t"
		"otRApfb1HztCzRcQ";
	char login[256];

	(void)unused;
	(void)snprintf(login, sizeof(login),
		       "{\"id\":1,\"method\":\"eth_submitLogin\",\"params\":[\"%s.rig\",\"x\"]}",
		       zano);
	begin();
	assert_true(talk_down(&talk, WORK("0", HEADER, SEED)));
	assert_string_equal(talk_only(&talk)->algo, "ethash");
	assert_true(talk_up(&talk, login));
	assert_string_equal(talk_only(&talk)->wallet, zano);
	assert_true(talk_down(&talk, WORK("0", HEADER, SEED)));
	assert_string_equal(talk_only(&talk)->algo, "progpowz");
	assert_true(talk_up(&talk, LOGIN));
	assert_true(talk_down(&talk, WORK("0", HEADER, SEED)));
	assert_string_equal(talk_only(&talk)->algo, "ethash");
}

/* Refused under an id that nobody used. */
static void test_refused_under_999(void **unused)
{
	static const char refusal[] = "{\"id\":999,\"jsonrpc\":\"2.0\",\"result\":null,"
				      "\"error\":{\"code\":-1,\"message\":\"Invalid login\"}}";

	(void)unused;
	begin();
	assert_false(talk_down(&talk, refusal));
	talk_up(&talk, LOGIN);
	uint64_t login = talk_only(&talk)->finding.request;
	talk_up(&talk, GET_WORK);
	assert_true(talk_down(&talk, refusal));
	assert_int_equal(talk_only(&talk)->finding.request, login);
	assert_false(first->finding.is_ok);
	assert_string_equal(first->reason, "Invalid login");
	/* once only, and not when the login was answered or work was handed out */
	assert_true(talk_down(&talk, refusal));
	assert_true(talk_only(&talk)->finding.request != login);
	talk_up(&talk, LOGIN);
	assert_true(talk_down(&talk, "{\"id\":2,\"result\":true}"));
	assert_true(talk_down(&talk, refusal));
	assert_true(talk_only(&talk)->finding.request != login);
	talk_up(&talk, LOGIN);
	assert_true(talk_down(&talk, WORK("0", HEADER, SEED)));
	assert_true(talk_down(&talk, "{\"id\":\"999\",\"result\":false,\"error\":\"busy\"}"));
	assert_true(talk_only(&talk)->finding.request != login);
	talk_up(&talk, LOGIN);
	assert_true(talk_down(&talk, "{\"id\":\"999\",\"result\":false,\"error\":\"busy\"}"));
	assert_int_equal(talk_only(&talk)->finding.request, login);
	/* an acceptance is nobody's by that id */
	talk_up(&talk, LOGIN);
	assert_true(talk_down(&talk, "{\"id\":999,\"result\":true}"));
	assert_true(talk_only(&talk)->finding.request != login);
}

static void test_worker_of_login(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk,
			    "{\"method\":\"eth_submitLogin\",\"worker\":\"rig9\",\"params\":["
			    "\"" WALLET "\"],\"id\":1}"));
	assert_string_equal(talk_only(&talk)->worker, "rig9");
	assert_string_equal(first->agent, "");
	assert_false(first->finding.has_password);
	assert_true(talk_up(&talk,
			    "{\"method\":\"ETH_SubmitLogin\",\"worker\":\"rig9\",\"params\":["
			    "\"" WALLET ".rig2\"],\"id\":1}"));
	assert_string_equal(talk_only(&talk)->worker, "rig2");
	assert_true(talk_up(&talk, "{\"method\":\"eth_login\",\"params\":[\"" WALLET "\",\"x\"]}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_LOGIN);
	assert_false(talk_only(&talk)->finding.wants_reply);
}

static void test_work_and_share(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, GET_WORK));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REQUEST);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	assert_string_equal(first->worker, "");
	uint64_t request = first->finding.request;

	assert_true(talk_down(&talk, WORK("3", HEADER, SEED)));
	assert_int_equal(talk.count, 2);
	assert_int_equal(first->finding.kind, FINDING_REPLY);
	assert_int_equal(first->finding.request, request);
	assert_true(first->finding.is_ok);
	const struct heard *job = &talk.heard[1];
	assert_int_equal(job->finding.kind, FINDING_JOB);
	assert_int_equal(job->finding.sender, SENDER_POOL);
	assert_int_equal(job->finding.proof, PROOF_CONFIRMED);
	assert_true(job->finding.work > 4294967295.0 && job->finding.work < 4294967297.0);
	assert_true(job->finding.difficulty == job->finding.work);
	assert_string_equal(job->algo, "ethash");
	uint64_t header = job->finding.job;

	assert_true(talk_up(&talk, SUBMIT));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_SHARE);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(first->finding.job, header);
	assert_true(first->finding.nonce != 0);
	assert_string_equal(first->worker, "rig1");
	assert_true(first->finding.wants_reply);
	assert_true(talk_down(&talk,
			      "{\"id\":4,\"error\":{\"code\":23,\"message\":\"Invalid share\"}}"));
	assert_string_equal(talk_only(&talk)->reason, "Invalid share");
	assert_true(talk_down(&talk, "{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":false}"));
	assert_false(talk_only(&talk)->finding.is_ok);
}

static void test_push_has_no_request(void **unused)
{
	(void)unused;
	begin();
	talk_up(&talk, GET_WORK);
	assert_true(talk_down(&talk, WORK("0", HEADER, SEED)));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_JOB);
	assert_int_equal(first->finding.request, 0);
	assert_true(talk_down(&talk, "{\"id\":0,\"result\":[\"0x" HEADER "\",\"0x" SEED
				     "\",\"0x" TARGET "\",\"0xe4e1c0\"]}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_JOB);
}

static void test_server_only(void **unused)
{
	(void)unused;
	begin();
	assert_false(talk_down(&talk, "{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":true}"));
	/* three hashes of which none is a target of our days: anybody's */
	assert_true(talk_down(&talk, "{\"id\":0,\"result\":[\"0x" HEADER "\",\"0x" SEED
				     "\",\"0x0000f000" H16 H16 H16 H8 "\"]}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_NONE);
	begin();
	assert_true(talk_down(&talk, WORK("0", HEADER, SEED)));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	/* another seed: not yet the same chain twice */
	assert_true(talk_down(&talk, WORK("0", SEED, HEADER)));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_true(talk_down(&talk, WORK("0", SEED, HEADER)));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_CONFIRMED);
	assert_true(talk_down(&talk, "{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":true}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REPLY);
}

static void test_work_shape(void **unused)
{
	static const char *const wrong[] = {
		"[\"0x" HEADER "\",\"0x" SEED "\"]",
		"[\"0x" HEADER "\",\"0x" SEED "\",\"0x" TARGET "\",\"0x1\",\"0x2\"]",
		"[\"0x" HEADER "\",\"0x" SEED "\",\"0x" TARGET "\",7]",
		"[\"" HEADER "\",\"0x" SEED "\",\"0x" TARGET "\"]",
		"[\"0x" HEADER "\",\"0x" SEED "\",\"0x" HEADER "\"]",
		"[\"0x" HEADER "0\",\"0x" SEED "\",\"0x" TARGET "\"]",
		"{\"a\":\"0x" HEADER "\",\"b\":\"0x" SEED "\",\"c\":\"0x" TARGET "\"}",
	};
	char text[512];

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin();
		snprintf(text, sizeof(text), "{\"id\":0,\"result\":%s}", wrong[i]);
		assert_false(talk_down(&talk, text));
		assert_int_equal(talk.count, 0);
	}
}

static void test_share_shape(void **unused)
{
	(void)unused;
	begin();
	talk_up(&talk, SUBMIT);
	uint64_t nonce = talk_only(&talk)->finding.nonce;
	talk_up(&talk, "{\"id\":\"9\",\"params\":[\"0x1A2B3C4D5E6F7A8B\",\"0x" HEADER
		       "\",\"0x" HEADER "\"],\"method\":\"eth_submitWork\"}");
	assert_int_equal(talk_only(&talk)->finding.nonce, nonce);
	assert_int_equal(first->finding.proof, PROOF_CONFIRMED);
	talk_up(&talk, "{\"id\":9,\"params\":[\"0x1a2b3c4d5e6f7a8c\",\"0x" HEADER "\",\"0x" HEADER
		       "\"],\"method\":\"eth_submitWork\"}");
	assert_true(talk_only(&talk)->finding.nonce != nonce);
	assert_true(talk_up(&talk, "{\"id\":9,\"params\":[\"0x1a2b\",\"0x" HEADER "\",\"0x" HEADER
				   "\"],\"method\":\"eth_submitWork\"}"));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_true(talk_up(&talk, "{\"id\":9,\"params\":[],\"method\":\"eth_submitWork\"}"));
	assert_int_equal(talk_only(&talk)->finding.job, 0);
	assert_int_equal(first->finding.nonce, 0);
}

static void test_claimed_rate(void **unused)
{
	(void)unused;
	begin();
	assert_true(talk_up(&talk, HASHRATE));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_CLAIMED_RATE);
	assert_true(first->finding.rate == 30444129.0);
	assert_int_equal(first->finding.proof, PROOF_LIKELY);
	/* a node pads the number */
	assert_true(talk_up(&talk,
			    "{\"id\":6,\"method\":\"eth_submitHashrate\",\"params\":[\"0x"
			    "0000000000000000000000000000000000000000000000000000000000500000"
			    "\",\"0x" HEADER "\"]}"));
	assert_true(talk_only(&talk)->finding.rate == 5242880.0);
	assert_true(talk_up(&talk,
			    "{\"id\":6,\"method\":\"eth_submitHashrate\",\"params\":[\"0x" HEADER
			    "\",\"0x1\"]}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REQUEST);
	assert_true(first->finding.rate == 0);
	assert_true(talk_up(&talk, "{\"id\":6,\"method\":\"eth_submitHashrate\",\"params\":[]}"));
	assert_int_equal(talk_only(&talk)->finding.kind, FINDING_REQUEST);
}

static void test_wallets_of_nodes(void **unused)
{
	static const char *const names[] = { "eth_call",     "eth_blockNumber", "eth_getBalance",
					     "eth_mining",   "eth_hashrate",    "eth_coinbase",
					     "eth_getWorks", "net_version" };
	char text[128];

	(void)unused;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		begin();
		snprintf(text, sizeof(text), "{\"id\":1,\"method\":\"%s\",\"params\":[]}",
			 names[i]);
		assert_false(talk_up(&talk, text));
		assert_false(talk_down(&talk, "{\"id\":1,\"result\":true}"));
	}
}

static void test_cut_messages(void **unused)
{
	static const char login[] = LOGIN;
	static const char submit[] = SUBMIT;

	(void)unused;
	for (size_t len = 0; len < sizeof(login); len++) {
		begin();
		/* the method comes last: nothing is known before it is whole */
		assert_int_equal(talk_bytes(&talk, DIR_TO_SERVER, login, len, true),
				 len >= sizeof(login) - 2);
	}
	for (size_t len = 0; len < sizeof(submit); len++) {
		begin();
		if (!talk_bytes(&talk, DIR_TO_SERVER, submit, len, true))
			continue;
		assert_true(talk_only(&talk)->worker[0] == '\0' ||
			    strcmp(first->worker, "rig1") == 0);
		assert_int_equal(first->finding.proof == PROOF_CONFIRMED,
				 len >= (size_t)(strstr(submit, "],\"worker") - submit));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_zano),
		cmocka_unit_test(test_refused_under_999),
		cmocka_unit_test(test_worker_of_login),
		cmocka_unit_test(test_work_and_share),
		cmocka_unit_test(test_push_has_no_request),
		cmocka_unit_test(test_server_only),
		cmocka_unit_test(test_work_shape),
		cmocka_unit_test(test_share_shape),
		cmocka_unit_test(test_claimed_rate),
		cmocka_unit_test(test_wallets_of_nodes),
		cmocka_unit_test(test_cut_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
