/* test_dialects.c: the table, the test of undecided payloads, and what must hold for every dialect:
 * look-alikes stay below any proof, and a session that is cut or bent invents nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dialect_talk.h"
#include "tests/unit/lookalikes.h"

#define H16 "1a2b3c4d5e6f7a8b"
#define H64 H16 H16 H16 H16

static struct talk talk;
static struct guard guard;

static void test_table(void **unused)
{
	(void)unused;
	assert_true(dialect_count >= 3);
	for (size_t i = 0; i < dialect_count; i++) {
		const struct dialect *dialect = dialects[i];

		assert_true(dialect->state_size > 0 && dialect->state_size <= DIALECT_STATE_MAX);
		assert_true(dialect->max_message > 0 &&
			    dialect->max_message <= LIMIT_MESSAGE_BYTES);
		assert_non_null(dialect->probe);
		assert_non_null(dialect->frame);
		assert_non_null(dialect->decode);
		assert_int_equal(strspn(dialect->name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
				 strlen(dialect->name));
		for (size_t other = 0; other < i; other++)
			assert_string_not_equal(dialect->name, dialects[other]->name);
	}
	assert_ptr_equal(dialects[0], &dialect_stratum_v1);
	assert_ptr_equal(dialects[1], &dialect_ethgetwork); /* in HTTP, before the plain form */
	assert_ptr_equal(dialects[2], &dialect_ethproxy);
	assert_ptr_equal(dialects[3], &dialect_cryptonote);
}

static bool is_candidate(const char *text)
{
	return dialects_candidate(guard_str(&guard, text));
}

static void test_candidate(void **unused)
{
	uint8_t bytes[1460];

	(void)unused;
	assert_true(is_candidate("{\"id\":1}"));
	assert_true(is_candidate("{}"));
	assert_true(is_candidate("{ \t\r\n\"id\":1}"));
	assert_true(is_candidate("PROXY TCP4 192.0.2.7 198.51.100.9 51000 3333\r\n{\"id\":1}"));
	assert_true(is_candidate("\xef\xbb\xbf{\"id\":1}"));
	assert_true(is_candidate("{"));
	assert_true(is_candidate("x{ \n"));
	assert_true(is_candidate("[{"));
	assert_true(is_candidate("[ \n {\"id\":1}]"));
	assert_true(is_candidate("[{1"));
	assert_true(is_candidate("{a{\"id\":1}"));
	assert_false(is_candidate(""));
	assert_false(is_candidate("GET / HTTP/1.1\r\n\r\n"));
	assert_false(is_candidate("{id:1}"));
	assert_false(is_candidate("{ x"));
	assert_false(is_candidate("["));
	assert_false(is_candidate("[1,2]"));
	assert_false(is_candidate("}\"{x\""));
	assert_false(dialects_candidate(slice_of(NULL, 0)));
	memset(bytes, 0x17, sizeof(bytes));
	assert_false(dialects_candidate(guard_put(&guard, bytes, sizeof(bytes))));
	bytes[sizeof(bytes) - 1] = '{';
	assert_true(dialects_candidate(guard_put(&guard, bytes, sizeof(bytes))));
	memset(bytes, ' ', sizeof(bytes));
	bytes[0] = '{';
	assert_true(dialects_candidate(guard_put(&guard, bytes, sizeof(bytes))));
}

static void test_message_json_parses_once(void **unused)
{
	static struct json json;
	struct message msg = { .bytes = guard_str(&guard, "{\"id\":1}"), .json = &json };

	(void)unused;
	assert_ptr_equal(message_json(&msg), &json);
	assert_true(msg.is_parsed);
	json.count = 1; /* a second parse would set it back */
	assert_ptr_equal(message_json(&msg), &json);
	assert_int_equal(json.count, 1);
	msg = (struct message){ .bytes = guard_str(&guard, "{\"id\":"), .json = &json };
	assert_null(message_json(&msg));
	assert_true(msg.is_parsed && msg.parse_error < 0);
	assert_null(message_json(&msg));
	msg = (struct message){ .bytes = guard_str(&guard, "{\"id\":"),
				.json = &json,
				.is_cut = true };
	assert_non_null(message_json(&msg));
	msg = (struct message){ .bytes = guard_str(&guard, "{\"id\":1}") };
	assert_null(message_json(&msg));
}

static void test_lookalikes_prove_nothing(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < LOOKALIKE_COUNT * dialect_count; i++) {
		const struct dialect *dialect = dialects[i % dialect_count];
		const char *text = lookalikes[i / dialect_count];

		for (int dir = DIR_TO_SERVER; dir <= DIR_TO_CLIENT; dir++) {
			talk_begin(&talk, dialect);
			talk_bytes(&talk, (enum direction)dir, text, strlen(text), false);
			if (talk_proof(&talk) != PROOF_NONE)
				fail_msg("%s believes %s", dialect->name, text);
		}
	}
	/* and all of them on one flow */
	for (size_t d = 0; d < dialect_count; d++) {
		talk_begin(&talk, dialects[d]);
		for (size_t i = 0; i < LOOKALIKE_COUNT; i++) {
			talk_up(&talk, lookalikes[i]);
			assert_int_equal(talk_proof(&talk), PROOF_NONE);
		}
	}
}

/* What is left of each to the others: a message has one owner. */
static const struct {
	const struct dialect *dialect;
	const char *text;
} owned[] = {
	{ &dialect_stratum_v1, "{\"id\":2,\"method\":\"mining.subscribe\",\"params\":["
			       "\"bfgminer/5.2.0\",null,\"pool.example.org\",3333]}" },
	{ &dialect_stratum_v1, "{\"id\":3,\"method\":\"mining.authorize\",\"params\":["
			       "\"12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E.rig07\",\"x\"]}" },
	{ &dialect_stratum_v1, "{\"method\":\"mining.notify\",\"params\":[\"2861\",\"" H64 "\","
			       "\"01\",\"ff\",[],\"20000000\",\"1703a30c\",\"66b1f0aa\",true]}" },
	{ &dialect_ethproxy, "{\"worker\":\"\",\"jsonrpc\":\"2.0\",\"params\":["
			     "\"0x101112131415161718191a1b1c1d1e1f20212223/rig1/ops@example.org\","
			     "\"x\"],\"id\":2,\"method\":\"eth_submitLogin\"}" },
	{ &dialect_ethproxy, "{\"id\":4,\"method\":\"eth_submitWork\",\"params\":[\"0x" H16
			     "\",\"0x" H64 "\",\"0x" H64 "\"],\"worker\":\"rig1\"}" },
	{ &dialect_cryptonote, "{\"id\":1,\"method\":\"login\",\"params\":{\"login\":\"ann.w1\","
			       "\"pass\":\"x\",\"agent\":\"XMRig/6.26.0\",\"rigid\":\"rack3\"}}" },
	{ &dialect_cryptonote,
	  "{\"id\":2,\"method\":\"submit\",\"params\":{\"id\":\"a\",\"job_id\":"
	  "\"9f3d\",\"nonce\":\"d0030040\",\"result\":\"" H64 "\"}}" },
	{ &dialect_grin, "{\"id\":\"0\",\"method\":\"login\",\"params\":{\"login\":\"ann.w1\","
			 "\"pass\":\"x\",\"agent\":\"grin-miner\"}}" },
	{ &dialect_grin, "{\"id\":\"Stratum\",\"method\":\"job\",\"params\":{\"difficulty\":65536,"
			 "\"height\":7,\"job_id\":4,\"pre_pow\":\"" H64 H64 "\"}}" },
	{ &dialect_beam, "{\"id\":\"212\",\"method\":\"job\",\"input\":\"" H64
			 "\",\"difficulty\":142606336,\"height\":1500000}" },
	{ &dialect_beam, "{\"method\":\"solution\",\"id\":\"212\",\"nonce\":\"" H16
			 "\",\"output\":\"" H64 H64 H64 H16 "\"}" },
};

#define OWNED_COUNT (sizeof(owned) / sizeof(owned[0]))

static void test_one_owner(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < OWNED_COUNT * dialect_count; i++) {
		const struct dialect *dialect = dialects[i % dialect_count];
		const char *text = owned[i / dialect_count].text;
		bool is_owner = dialect == owned[i / dialect_count].dialect;

		talk_begin(&talk, dialect);
		assert_int_equal(talk_up(&talk, text), is_owner);
		assert_int_equal(talk.count, is_owner ? 1 : 0);
		assert_int_equal(dialect->probe(guard_str(&guard, text), DIR_TO_SERVER),
				 is_owner             ? PROBE_YES
				 : dialect->is_binary ? PROBE_NO
						      : PROBE_MAYBE);
	}
}

static void test_probe(void **unused)
{
	static char junk[LIMIT_JUNK_BYTES + 16];

	(void)unused;
	memset(junk, 'x', sizeof(junk));
	for (size_t i = 0; i < dialect_count; i++) {
		const struct dialect *dialect = dialects[i];

		if (dialect->is_binary)
			continue;
		assert_int_equal(dialect->probe(guard_str(&guard, "{\"id\""), DIR_TO_SERVER),
				 PROBE_MAYBE);
		assert_int_equal(dialect->probe(guard_str(&guard, ""), DIR_TO_SERVER), PROBE_MAYBE);
		assert_int_equal(
			dialect->probe(guard_put(&guard, junk, sizeof(junk)), DIR_TO_SERVER),
			PROBE_NO);
		assert_int_equal(
			dialect->probe(guard_str(&guard, "{\"a\" b}{\"id\":1}"), DIR_TO_CLIENT),
			PROBE_MAYBE);
	}
}

/* A text of a finding of a bent message is empty or was said in the whole one. */
static void assert_said(const char *whole, const struct heard *heard)
{
	assert_non_null(strstr(whole, heard->login));
	assert_non_null(strstr(whole, heard->worker));
	assert_non_null(strstr(whole, heard->agent));
	assert_non_null(strstr(whole, heard->wallet));
}

static void test_cut_at_every_length(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < OWNED_COUNT; i++) {
		const char *text = owned[i].text;

		talk_begin(&talk, owned[i].dialect);
		talk_up(&talk, text);
		struct heard whole = talk.heard[0];
		for (size_t len = 0; len <= strlen(text); len++) {
			talk_begin(&talk, owned[i].dialect);
			bool is_whole = talk_bytes(&talk, DIR_TO_SERVER, text, len, false);
			assert_int_equal(is_whole, len == strlen(text));
			talk_bytes(&talk, DIR_TO_SERVER, text, len, true);
			assert_true(talk_proof(&talk) <= whole.finding.proof);
			if (talk.count == 0)
				continue;
			/* a name is whole or it is not there: never half a wallet */
			assert_true(talk.heard[0].login[0] == '\0' ||
				    strcmp(talk.heard[0].login, whole.login) == 0);
			assert_said(text, &talk.heard[0]);
		}
	}
}

static void test_one_wrong_byte(void **unused)
{
	char text[1024];

	(void)unused;
	for (size_t i = 0; i < OWNED_COUNT; i++) {
		size_t len = strlen(owned[i].text);

		for (size_t at = 0; at < len; at++) {
			memcpy(text, owned[i].text, len);
			text[at] = (char)(text[at] ^ 0x40);
			talk_begin(&talk, owned[i].dialect);
			talk_bytes(&talk, DIR_TO_SERVER, text, len, at % 2 == 0);
			assert_true(talk.count <= 1);
		}
	}
}

static void test_frame(void **unused)
{
	const char *two = "\r\n{\"id\":1,\"method\":\"m\"}\n{\"id\":2}";
	static struct json doc;

	(void)unused;
	for (size_t i = 0; i < dialect_count; i++) {
		size_t skip = 99;
		size_t len = 99;

		if (dialects[i]->is_binary)
			continue; /* each frames in its own way */
		assert_int_equal(dialects[i]->frame(&doc, guard_str(&guard, two), &skip, &len),
				 FRAME_WHOLE);
		assert_int_equal(skip, 2);
		assert_int_equal(len, strlen("{\"id\":1,\"method\":\"m\"}"));
		assert_int_equal(
			dialects[i]->frame(&doc, guard_str(&guard, "xx{\"id\""), &skip, &len),
			FRAME_MORE);
		assert_int_equal(skip, 2);
		assert_int_equal(
			dialects[i]->frame(&doc, guard_str(&guard, "{\"id\":]"), &skip, &len),
			FRAME_BAD);
		assert_true(skip > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_candidate),
		cmocka_unit_test(test_message_json_parses_once),
		cmocka_unit_test(test_lookalikes_prove_nothing),
		cmocka_unit_test(test_one_owner),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_cut_at_every_length),
		cmocka_unit_test(test_one_wrong_byte),
		cmocka_unit_test(test_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
