/* test_rpc.c: calls, verdicts in all their forms, and small text tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocols/rpc.h"
#include "tests/unit/guard.h"

static struct guard guard;
static struct json json;
static struct rpc_call last; /* copied by handle_note() */
static struct rpc_reply reply;
static char method[RPC_METHOD_BYTES];
static size_t calls;
static bool has_verdict;

static void ignore(void *ctx, const struct finding *finding)
{
	(void)ctx;
	(void)finding;
}

static bool handle_note(struct rpc_call *call)
{
	last = *call;
	slice_copy(call->method, method, sizeof(method));
	has_verdict = rpc_reply_read(call, &reply);
	calls++;
	return true;
}

/* Parses one message; the number of calls in it. */
static size_t hear(const char *text, bool is_cut)
{
	const struct finding_out out = { .emit = ignore, .ctx = NULL };
	struct message msg = { .bytes = guard_str(&guard, text), .json = &json, .is_cut = is_cut };
	uint64_t state = 0;

	calls = 0;
	has_verdict = false;
	bool is_mine = rpc_decode(&state, &msg, &out, handle_note);
	assert_int_equal(is_mine, calls > 0);
	return calls;
}

static void test_method_is_a_depth_1_string(void **unused)
{
	(void)unused;
	assert_int_equal(hear("{\"id\":1,\"method\":\"mining.submit\",\"params\":[1]}", false), 1);
	assert_string_equal(method, "mining.submit");
	assert_false(last.is_reply);
	assert_int_equal(hear("{\"m\\u0065thod\":\"m\\u0069ning.submit\"}", false), 1);
	assert_string_equal(method, "mining.submit");
	assert_int_equal(hear("{\"method\":\"mining.suggest_difficulty(1024)\"}", false), 1);
	assert_string_equal(method, "mining.suggest_difficulty");
	assert_int_equal(hear("{\"method\":\"a\",\"method\":\"b\"}", false), 1);
	assert_string_equal(method, "b");

	assert_int_equal(hear("{\"x\":{\"method\":\"mining.submit\"}}", false), 0);
	assert_int_equal(hear("{\"method\":7}", false), 0);
	assert_int_equal(hear("{\"method\":\"\"}", false), 0);
	assert_int_equal(hear("{\"method\":\"(1)\"}", false), 0);
	assert_int_equal(hear("{\"method\":[\"mining.submit\"],\"result\":1}", false), 0);
	assert_int_equal(hear("{}", false), 0);
	assert_int_equal(hear("\"method\"", false), 0);
	assert_int_equal(hear("{\"method\":", false), 0);
}

static void test_foreign_methods_never_arrive(void **unused)
{
	static const char *const names[] = { "server.version", "SERVER.ping", "blockchain.x",
					     "mempool.y", "tools/call" };
	char text[64];

	(void)unused;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text), "{\"method\":\"%s\",\"params\":[]}", names[i]);
		assert_int_equal(hear(text, false), 0);
	}
	assert_int_equal(hear("{\"method\":\"servers\"}", false), 1);
}

static void test_reply_or_request(void **unused)
{
	(void)unused;
	assert_int_equal(hear("{\"id\":4,\"result\":true}", false), 1);
	assert_true(last.is_reply);
	assert_int_equal(hear("{\"id\":4,\"method\":null,\"result\":true}", false), 1);
	assert_true(last.is_reply);
	assert_int_equal(hear("{\"id\":4,\"method\":\"login\",\"result\":\"ok\"}", false), 1);
	assert_true(last.is_reply);
	assert_int_equal(hear("{\"method\":\"m\",\"params\":[],\"result\":null}", false), 1);
	assert_false(last.is_reply);
	/* an answer without an error, if the dialect says so */
	assert_int_equal(hear("{\"id\":4}", false), 1);
	assert_true(last.is_reply);
	assert_int_equal(hear("{\"id\":4,\"jsonrpc\":\"2.0\"}", false), 1);
	assert_int_equal(hear("{\"id\":4", true), 0);
	assert_int_equal(hear("{\"id\":4,\"name\":\"x\"}", false), 0);
	assert_int_equal(hear("{\"id\":null}", false), 0);
}

static void test_ids_of_any_type(void **unused)
{
	(void)unused;
	hear("{\"id\":4,\"result\":true}", false);
	uint64_t four = last.id;
	assert_true(four != 0);
	hear("{\"id\":\"4\",\"result\":true}", false);
	assert_int_equal(last.id, four);
	hear("{\"id\":4.0,\"result\":true}", false);
	assert_int_equal(last.id, four);
	hear("{\"id\":null,\"result\":true}", false);
	assert_int_equal(last.id, 0);
	hear("{\"result\":true}", false);
	assert_int_equal(last.id, 0);
}

static void test_batch_descends_one_level(void **unused)
{
	char text[LIMIT_BATCH * 16 + 64] = "[";

	(void)unused;
	assert_int_equal(hear("[{\"method\":\"a\"},{\"result\":1},7,[{\"method\":\"b\"}]]", false),
			 2);
	for (size_t i = 0; i < LIMIT_BATCH + 2; i++)
		strncat(text, i == 0 ? "{\"result\":1}" : ",{\"result\":1}",
			sizeof(text) - strlen(text) - 1);
	strncat(text, "]", sizeof(text) - strlen(text) - 1);
	assert_int_equal(hear(text, false), LIMIT_BATCH);
}

struct verdict {
	const char *text;
	bool is_ok;
	bool is_stale;
	const char *reason;
};

static const struct verdict verdicts[] = {
	{ "{\"id\":1,\"result\":true,\"error\":null}", true, false, "" },
	{ "{\"id\":1,\"result\":true}", true, false, "" },
	{ "{\"id\":1,\"result\":true,\"error\":[]}", true, false, "" },
	{ "{\"id\":1,\"result\":true,\"error\":{}}", true, false, "" },
	{ "{\"id\":1,\"result\":true,\"error\":\"\"}", true, false, "" },
	{ "{\"id\":1,\"result\":true,\"error\":false}", true, false, "" },
	{ "{\"id\":1,\"result\":true,\"error\":0}", true, false, "" },
	{ "{\"id\":1,\"result\":{\"status\":\"OK\"}}", true, false, "" },
	{ "{\"id\":1,\"result\":{\"status\":\"KEEPALIVED\"}}", true, false, "" },
	{ "{\"id\":1,\"result\":[1]}", true, false, "" },
	{ "{\"id\":1,\"result\":false,\"error\":null}", false, false, "" },
	{ "{\"id\":1,\"result\":null,\"error\":null}", false, false, "" },
	{ "{\"id\":1,\"error\":7}", false, false, "" },
	{ "{\"id\":1,\"error\":true}", false, false, "" },
	{ "{\"id\":1,\"result\":null,\"error\":[23,\"Low difficulty share\",null]}", false, false,
	  "Low difficulty share" },
	{ "{\"id\":1,\"result\":false,\"error\":[21,\"Job not found\",null]}", false, true,
	  "Job not found" },
	{ "{\"id\":1,\"error\":[21,\"no\"]}", false, true, "no" },
	{ "{\"id\":1,\"error\":[22,\"Duplicate share\"]}", false, false, "Duplicate share" },
	{ "{\"id\":1,\"error\":{\"code\":-1,\"message\":\"Block expired\"}}", false, true,
	  "Block expired" },
	{ "{\"id\":1,\"error\":{\"code\":21,\"message\":\"x\"}}", false, true, "x" },
	{ "{\"id\":1,\"error\":{\"message\":\"Invalid job id\",\"code\":-1}}", false, true,
	  "Invalid job id" },
	{ "{\"id\":1,\"error\":\"Stale share\"}", false, true, "Stale share" },
	{ "{\"id\":1,\"error\":[[-21,\"Stale work\",null]],\"result\":null}", false, true,
	  "Stale work" },
	{ "{\"id\":1,\"error\":[[21]],\"result\":null}", false, true, "" },
	{ "{\"id\":1,\"error\":[[]],\"result\":null}", false, false, "" },
	{ "{\"id\":1,\"error\":\"null\",\"result\":true}", true, false, "" },
	{ "{\"id\":1,\"error\":\"null\",\"result\":false}", false, false, "" },
	{ "{\"id\":1,\"result\":false,\"reject-reason\":\"Invalid JobID\"}", false, true,
	  "Invalid JobID" },
	{ "{\"id\":1,\"error\":[20,\"Job 'a1' not found\",null]}", false, true,
	  "Job 'a1' not found" },
	{ "{\"id\":1,\"error\":\"Unknown job_id\"}", false, true, "Unknown job_id" },
	{ "{\"id\":1,\"error\":\"Outdated share\"}", false, true, "Outdated share" },
	{ "{\"id\":1,\"error\":\"Worker not found\"}", false, false, "Worker not found" },
	{ "{\"id\":1,\"error\":\"Invalid nonce of job 7\"}", false, false,
	  "Invalid nonce of job 7" },
	{ "{\"id\":1,\"error\":\"St\\u0061le share\"}", false, true, "Stale share" },
	{ "{\"id\":1,\"error\":\"Unauthorized\"}", false, false, "Unauthorized" },
	{ "{\"id\":1,\"result\":false,\"reject-reason\":\"Above target\"}", false, false,
	  "Above target" },
	{ "{\"id\":1,\"result\":false,\"reject-reason\":\"STALE\"}", false, true, "STALE" },
	{ "{\"id\":1,\"result\":{\"status\":\"error\"}}", false, false, "error" },
};

static void test_verdict_in_all_forms(void **unused)
{
	char reason[LIMIT_TEXT_BYTES];

	(void)unused;
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		assert_int_equal(hear(verdicts[i].text, false), 1);
		assert_true(has_verdict);
		assert_int_equal(reply.is_ok, verdicts[i].is_ok);
		assert_int_equal(reply.is_stale, verdicts[i].is_stale);
		slice_copy(reply.reason, reason, sizeof(reason));
		assert_string_equal(reason, verdicts[i].reason);
	}
}

/* A refusal may say that it is a share's; a yes, and any other refusal, may be anything's. */
static void test_refusals_that_tell_of_a_share(void **unused)
{
	static const char *const of_shares[] = {
		"{\"id\":1,\"error\":[23,\"Low difficulty share\",null]}",
		"{\"id\":1,\"error\":[22,\"Duplicate\"]}",
		"{\"id\":1,\"error\":[21,\"no\"]}",
		"{\"id\":1,\"result\":false,\"reject-reason\":\"Above target\"}",
		"{\"id\":1,\"error\":{\"code\":-7,\"message\":\"Block not accepted\"}}",
	};
	static const char *const of_anything[] = {
		"{\"id\":1,\"result\":true}",
		"{\"id\":1,\"error\":[24,\"Unauthorized worker\"]}",
		"{\"id\":1,\"error\":\"Unknown method\"}",
		"{\"id\":1,\"result\":false}",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(of_shares) / sizeof(of_shares[0]); i++) {
		assert_int_equal(hear(of_shares[i], false), 1);
		assert_int_equal(reply.reply_to, REPLY_TO_SHARE);
	}
	for (size_t i = 0; i < sizeof(of_anything) / sizeof(of_anything[0]); i++) {
		assert_int_equal(hear(of_anything[i], false), 1);
		assert_int_equal(reply.reply_to, REPLY_TO_ANYTHING);
	}
}

static void note_reply(void *ctx, const struct finding *finding)
{
	*(struct finding *)ctx = *finding;
}

static void test_a_reply_of_nobody_knows_which_dialect(void **unused)
{
	static struct json doc;
	struct finding heard = { .kind = FINDING_NODE };
	const struct finding_out out = { .emit = note_reply, .ctx = &heard };
	struct message msg = { .bytes = slice_str("{\"id\":7,\"result\":true}"), .json = &doc };

	(void)unused;
	assert_true(dialects_reply(&msg, &out));
	assert_int_equal(heard.kind, FINDING_REPLY);
	assert_int_equal(heard.proof, PROOF_NONE);
	assert_true(heard.request != 0);
	assert_int_equal(heard.reply_to, REPLY_TO_LOGIN_OR_SHARE);
	static const char *const none[] = { "{\"id\":7,\"method\":\"x\",\"params\":[]}",
					    "{\"id\":null,\"result\":true}", "[1,2]", "{" };
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct message other = { .bytes = slice_str(none[i]), .json = &doc };

		assert_false(dialects_reply(&other, &out));
	}
}

static void test_verdict_needs_what_was_cut(void **unused)
{
	(void)unused;
	hear("{\"id\":1,\"result\":null,\"err", true);
	assert_false(has_verdict);
	hear("{\"id\":1,\"result\":{\"id\":\"a\",\"sta", true);
	assert_false(has_verdict);
	hear("{\"id\":1,\"result\":{\"status\":\"OK\"", true);
	assert_true(has_verdict);
	assert_true(reply.is_ok);
	hear("{\"id\":1,\"result\":true,", true);
	assert_true(has_verdict);
	assert_true(reply.is_ok);
	hear("{\"id\":1,\"error\":{\"code\":-1,\"mess", true);
	assert_true(has_verdict);
	assert_false(reply.is_ok);
	hear("{\"id\":1,\"error\":null}", false);
	assert_false(has_verdict);
}

static void test_words(void **unused)
{
	(void)unused;
	assert_true(rpc_equals(slice_str("Mining.Submit"), "mining.submit"));
	assert_false(rpc_equals(slice_str("mining.submi"), "mining.submit"));
	assert_false(rpc_equals(slice_str("mining.submits"), "mining.submit"));
	assert_true(rpc_starts(slice_str("XMRig/6"), "xmrig/"));
	assert_false(rpc_starts(slice_str("xmr"), "xmrig"));
	assert_true(rpc_contains(slice_str("a Stale share"), "stale"));
	assert_true(rpc_contains(slice_str("stale"), "STALE"));
	assert_false(rpc_contains(slice_str("stal"), "stale"));
	assert_false(rpc_contains(slice_str(""), "stale"));
	assert_false(rpc_contains(guard_str(&guard, "a stal"), "stale"));
}

static void test_hash_hex(void **unused)
{
	uint64_t joined = rpc_hash_hex(rpc_hash_hex(0, slice_str("ab")), slice_str("c"));

	(void)unused;
	assert_true(rpc_hash_hex(0, slice_str("")) != 0);
	assert_int_equal(rpc_hash_hex(0, slice_str("AbC")), rpc_hash_hex(0, slice_str("aBc")));
	assert_true(rpc_hash_hex(0, slice_str("abc")) != rpc_hash_hex(0, slice_str("abd")));
	assert_true(joined != rpc_hash_hex(rpc_hash_hex(0, slice_str("a")), slice_str("bc")));
}

static void assert_pool(const char *text, const char *want)
{
	char pool[RPC_POOL_BYTES];
	char host[RPC_POOL_BYTES];

	hear(text, false);
	struct slice name =
		json_text(last.doc, json_element(last.doc, last.params, 0), host, sizeof(host));
	struct slice got = rpc_pool(&last, name, json_element(last.doc, last.params, 1), pool);
	char copy[RPC_POOL_BYTES];

	slice_copy(got, copy, sizeof(copy));
	assert_string_equal(copy, want);
}

static void test_pool(void **unused)
{
	(void)unused;
	assert_pool("{\"method\":\"m\",\"params\":[\"pool.example.org\",3333]}",
		    "pool.example.org:3333");
	assert_pool("{\"method\":\"m\",\"params\":[\"pool.example.org\",\"6666\"]}",
		    "pool.example.org:6666");
	assert_pool("{\"method\":\"m\",\"params\":[\"stratum+tcp://pool.example.org\",1]}",
		    "pool.example.org:1");
	assert_pool("{\"method\":\"m\",\"params\":[\"2001:db8::1\",65535]}", "[2001:db8::1]:65535");
	assert_pool("{\"method\":\"m\",\"params\":[\"[2001:db8::1]\",3333]}", "[2001:db8::1]:3333");
	assert_pool("{\"method\":\"m\",\"params\":[\"pool.example.org\",65536]}", "");
	assert_pool("{\"method\":\"m\",\"params\":[\"pool.example.org\",0]}", "");
	assert_pool("{\"method\":\"m\",\"params\":[\"pool.example.org\"]}", "");
	assert_pool("{\"method\":\"m\",\"params\":[\"\",3333]}", "");
	assert_pool("{\"method\":\"m\",\"params\":[\"two words\",3333]}", "");
	assert_pool("{\"method\":\"m\",\"params\":[5,3333]}", "");
}

static void assert_url(const char *url, const char *want)
{
	char copy[RPC_POOL_BYTES];

	slice_copy(rpc_pool_url(guard_str(&guard, url)), copy, sizeof(copy));
	assert_string_equal(copy, want);
}

static void test_pool_url(void **unused)
{
	(void)unused;
	assert_url("stratum+tcp://pool.example.org:3333", "pool.example.org:3333");
	assert_url("stratum+tcp://ann:secret@pool.example.org:3333/x", "pool.example.org:3333");
	assert_url("tcp://a@b@pool.example.org", "pool.example.org");
	assert_url("pool.example.org:3333", "pool.example.org:3333");
	assert_url("://", "");
	assert_url("", "");
	assert_url("nonsense here", "");
}

static void test_0x(void **unused)
{
	(void)unused;
	hear("{\"method\":\"m\",\"params\":[\"0x00ff\",\"00ff\",\"0x00fg\",255,\"0X00FF\"]}",
	     false);
	assert_true(rpc_is_0x(last.doc, json_element(last.doc, last.params, 0), 4));
	assert_false(rpc_is_0x(last.doc, json_element(last.doc, last.params, 0), 5));
	assert_false(rpc_is_0x(last.doc, json_element(last.doc, last.params, 1), 4));
	assert_false(rpc_is_0x(last.doc, json_element(last.doc, last.params, 2), 4));
	assert_false(rpc_is_0x(last.doc, json_element(last.doc, last.params, 3), 1));
	assert_true(rpc_is_0x(last.doc, json_element(last.doc, last.params, 4), 4));
	assert_true(rpc_is_hex(last.doc, json_element(last.doc, last.params, 1), 4));
	assert_false(rpc_is_hex(last.doc, JSON_ABSENT, 1));
}

static void test_method_find(void **unused)
{
	static const struct rpc_method rows[] = {
		{ "login", SENDER_MINER, FINDING_LOGIN, NULL },
		{ "mining.submit", SENDER_MINER, FINDING_SHARE, NULL },
	};

	(void)unused;
	assert_ptr_equal(rpc_method_find(rows, 2, slice_str("login"), false), &rows[0]);
	assert_null(rpc_method_find(rows, 2, slice_str("Login"), false));
	assert_ptr_equal(rpc_method_find(rows, 2, slice_str("Mining.Submit"), true), &rows[1]);
	assert_null(rpc_method_find(rows, 2, slice_str("submit"), true));
	assert_null(rpc_method_find(rows, 0, slice_str("login"), true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_method_is_a_depth_1_string),
		cmocka_unit_test(test_foreign_methods_never_arrive),
		cmocka_unit_test(test_reply_or_request),
		cmocka_unit_test(test_ids_of_any_type),
		cmocka_unit_test(test_batch_descends_one_level),
		cmocka_unit_test(test_verdict_in_all_forms),
		cmocka_unit_test(test_refusals_that_tell_of_a_share),
		cmocka_unit_test(test_a_reply_of_nobody_knows_which_dialect),
		cmocka_unit_test(test_verdict_needs_what_was_cut),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_hash_hex),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_pool_url),
		cmocka_unit_test(test_0x),
		cmocka_unit_test(test_method_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
