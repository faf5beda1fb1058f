/* test_branch_conflux.c: Conflux, from a node and from a pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/branch_talk.h"

#define AUTHORIZE(user) "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" user "\",\"x\"]}"
#define OK(id)          "{\"id\":" #id ",\"result\":true,\"error\":null}"

#define WALLET "cfx:aajbceuxcumvpf22derb0ha7d2twajkcepu44a5ndk"
#define SUBSCRIBE \
	"{\"jsonrpc\":\"2.0\",\"method\":\"mining.subscribe\",\"params\":[\"rig1\",\"" H64 \
	"\"],\"id\":1}"
#define JOB_NODE \
	"{\"jsonrpc\":\"2.0\",\"method\":\"mining.notify\",\"params\":[\"0x" H64 "\",\"0x" H64 \
	"\",\"0x100000000000000000000000000000000000000000000000000000000\"],\"id\":3}"
#define JOB_POOL \
	"{\"id\":0,\"method\":\"mining.notify\",\"params\":[\"2a1730c8\",\"1641369\",\"0x" H64 \
	"\",\"0x100000000000000000000000000000000000000000000000000000000\"],\"xn\":\"01ab\"}"
#define SHARE_OF(user, nonce) \
	"{\"jsonrpc\":\"2.0\",\"method\":\"mining.submit\",\"params\":[\"" user "\",\"2a1730c8\"," \
	"\"" nonce "\",\"0x" H64 "\"],\"id\":4}"
#define SHARE SHARE_OF("rig1", "0x01ab00000000000c")

static void test_node_session(void **unused)
{
	(void)unused;
	begin();
	const struct heard *heard = say_up(SUBSCRIBE);
	assert_int_equal(heard->finding.kind, FINDING_LOGIN);
	assert_true(heard->finding.has_password);
	assert_true(heard->finding.wants_reply);
	assert_string_equal(heard->login, "rig1");
	heard = say_down("{\"jsonrpc\":\"2.0\",\"result\":\"true\",\"id\":1}");
	assert_int_equal(heard->finding.reply_to, REPLY_TO_LOGIN_OR_SHARE);
	assert_true(heard->finding.is_ok);
	heard = say_down(JOB_NODE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(name_of(heard), "conflux");
	assert_string_equal(heard->algo, "octopus");
	assert_string_equal(heard->finding.coin, "CFX");
	assert_about(heard->finding.work, 0x1p32);
	heard = say_up(SHARE);
	assert_int_equal(heard->finding.kind, FINDING_SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(heard->login, "rig1");
	heard = say_down("{\"jsonrpc\":\"2.0\",\"result\":[\"true\"],\"id\":4}");
	assert_int_equal(heard->finding.reply_to, REPLY_TO_SHARE);
	assert_true(heard->finding.is_ok);
	heard = say_down("{\"jsonrpc\":\"2.0\",\"result\":[\"false\",\"invalid nonce\"],\"id\":4}");
	assert_int_equal(heard->finding.kind, FINDING_REPLY);
	assert_false(heard->finding.is_ok);
	assert_string_equal(heard->reason, "invalid nonce");
	heard = say_down("{\"jsonrpc\":\"2.0\",\"result\":\"false\",\"id\":1}");
	assert_false(heard->finding.is_ok);
}

static void test_pool_session(void **unused)
{
	(void)unused;
	begin();
	say_up(AUTHORIZE(WALLET ".rig1"));
	const struct heard *heard = say_down(JOB_POOL);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(name_of(heard), "conflux");
	assert_about(heard->finding.work, 0x1p32);
	uint64_t job = heard->finding.job;
	heard = say_up(SHARE_OF(WALLET ".rig1", "0x01ab00000000000c"));
	assert_int_equal(heard->finding.job, job);
	assert_string_equal(heard->wallet, WALLET);
	assert_string_equal(heard->worker, "rig1");
	heard = say_down(OK(4));
	assert_true(heard->finding.is_ok);
}

/* A pool that is subscribed to with an address, by which the coin is known. */
static void test_subscribed_login(void **unused)
{
	static const char *const params[] = { "[\"" WALLET ".rig1\",\"x\"]",
					      "[\"" WALLET ".rig1\"]",
					      "[\"" WALLET ".rig1\",\"\"]" };
	char text[256];

	(void)unused;
	for (size_t i = 0; i < 3; i++) {
		begin();
		snprintf(text, sizeof(text),
			 "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":%s}", params[i]);
		const struct heard *heard = say_up(text);
		assert_int_equal(heard->finding.kind, FINDING_LOGIN);
		assert_string_equal(heard->wallet, WALLET);
		assert_string_equal(heard->worker, "rig1");
		assert_string_equal(heard->agent, "");
		assert_int_equal(heard->finding.has_password, i == 0);
		assert_string_equal(heard->finding.coin, "CFX");
		heard = say_down("{\"id\":1,\"jsonrpc\":\"2.0\",\"error\":null,\"result\":true}");
		assert_int_equal(heard->finding.reply_to, REPLY_TO_LOGIN_OR_SHARE);
		assert_string_equal(name_of(say_down(JOB_POOL)), "conflux");
	}
}

static void test_any_moment(void **unused)
{
	(void)unused;
	begin();
	assert_string_equal(name_of(say_down(JOB_NODE)), "conflux");
	begin();
	assert_string_equal(name_of(say_up(SHARE)), "conflux");
	begin();
	assert_false(talk_down(&talk, "{\"result\":[\"true\"],\"id\":4}"));
	assert_false(talk_down(&talk, "{\"result\":\"true\",\"id\":4}"));
}

static void test_near_misses(void **unused)
{
	(void)unused;
	/* a program and its session are no worker and no secret */
	begin();
	assert_int_equal(say_up("{\"id\":1,\"method\":\"mining.subscribe\",\"params\":["
				"\"cgminer/4.9\",\"\"]}")
				 ->finding.kind,
			 FINDING_SUBSCRIBE);
	begin();
	assert_int_equal(say_up("{\"id\":1,\"method\":\"mining.subscribe\",\"params\":["
				"\"bmminer\",\"7a3f11c2\"]}")
				 ->finding.kind,
			 FINDING_SUBSCRIBE);
	assert_unproven(DIR_TO_CLIENT, "{\"method\":\"mining.notify\",\"params\":[\"1\",\"0x" H64
				       "\",\"" H64 "\"]}");
	assert_unproven(DIR_TO_CLIENT, "{\"method\":\"mining.notify\",\"params\":[\"1\",\"" H64
				       "\",\"0x" H64 "\"]}");
	assert_unproven(DIR_TO_CLIENT,
			"{\"method\":\"mining.notify\",\"params\":[\"1\",\"0x" H64 "\",\"0x0\"]}");
	assert_unproven(DIR_TO_SERVER, SHARE_OF("rig1", "01ab00000000000c"));
	assert_unproven(DIR_TO_SERVER, SHARE_OF("rig1", "0x" H64 "00"));
}

static void test_spellings_and_cuts(void **unused)
{
	(void)unused;
	assert_spellings(DIR_TO_SERVER, SUBSCRIBE);
	assert_spellings(DIR_TO_CLIENT, JOB_NODE);
	assert_spellings(DIR_TO_CLIENT, JOB_POOL);
	assert_spellings(DIR_TO_SERVER, SHARE);
	/* QtMiner's beginning is not a node's whole */
	static const char other[] = "{\"method\":\"mining.notify\",\"params\":[\"1\",\"0x" H64
				    "\",\"0x" H64 "\",\"0x00";
	begin();
	assert_true(talk_bytes(&talk, DIR_TO_CLIENT, other, sizeof(other) - 1, true));
	assert_int_equal(talk_only(&talk)->finding.proof, PROOF_LIKELY);
	assert_cuts(DIR_TO_CLIENT, JOB_NODE, "00000000\"");
	assert_cuts(DIR_TO_CLIENT, JOB_POOL, "00000000\"");
	assert_cuts(DIR_TO_SERVER, SHARE, "0x" H64 "\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_node_session),     cmocka_unit_test(test_pool_session),
		cmocka_unit_test(test_subscribed_login), cmocka_unit_test(test_any_moment),
		cmocka_unit_test(test_near_misses),      cmocka_unit_test(test_spellings_and_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
