/* test_login.c: a login of which the end was lost: what it still tells, and what it must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dialect_talk.h"

#define XMR \
	"42GcvFXaX6p3rZwuSi5uqJ3rZwuSi5uqJ3rZwuSi5uqJ3sDTaAVnV7o6i8totRApfb6i8totRApfb6i8totRApfb" \
	"4rNoqE7"
#define AGENT "XMRig/6.26.0 (Linux x86_64) libuv/1.51.0 gcc/13.2.1"
#define LOGIN \
	"{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":\"" XMR \
	".w1\",\"pass\":\"x\",\"agent\":\"" AGENT "\",\"rigid\":\"rack3\",\"algo\":[\"rx/0\"]}}"

static struct talk talk;
static const struct heard *const first = &talk.heard[0];

static void begin(void)
{
	talk_begin(&talk, &dialect_cryptonote);
}

/* A login cut at every length: a wallet is there or it is not, half of one is none, nor is half a
 * name of a worker. */
static void test_cut_login(void **unused)
{
	static const char login[] = LOGIN;
	const size_t begin_at = (size_t)(strstr(login, XMR) - login);
	const size_t end_at = begin_at + strlen(XMR);
	const size_t named_at = end_at + strlen(".w1\"");

	(void)unused;
	for (size_t len = 0; len < sizeof(login); len++) {
		begin();
		(void)talk_bytes(&talk, DIR_TO_SERVER, login, len, true);

		assert_int_equal(talk.count, len >= begin_at + 2 ? 1 : 0);
		if (talk.count == 0)
			continue;
		assert_int_equal(talk_only(&talk)->finding.kind, FINDING_LOGIN);
		assert_int_equal(talk_proof(&talk), len < end_at ? PROOF_SUSPECT : PROOF_LIKELY);
		assert_string_equal(first->wallet, len < end_at ? "" : XMR);
		assert_string_equal(first->login, len < end_at     ? ""
						  : len < named_at ? XMR
								   : XMR ".w1");
		assert_true(first->agent[0] == '\0' || strcmp(first->agent, AGENT) == 0);
		assert_true(strcmp(first->worker, len < named_at ? "" : "w1") == 0 ||
			    (len > named_at && strcmp(first->worker, "rack3") == 0));
	}
}

/* Monero's wallets are known by how they begin; those of other coins by their length. */
static void test_short_beginnings(void **unused)
{
#define ASKS "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":\""
	static const char *const wallets[] = { ASKS "41", ASKS "4B",   ASKS "888",
					       ASKS "8C", ASKS "42Gc", ASKS "4711a" };
	static const char *const others[] = {
		ASKS "4",
		ASKS "4C",
		ASKS "8D",
		ASKS "40",
		ASKS "4711",
		ASKS "84-12",
		ASKS "12",
		ASKS "4a",
		ASKS "hvxxugVEJsKWmGsB7yoY8qLYHgD2Zqf", /* one more would be enough */
		"{\"id\":1,\"method\":\"login\",\"params\":{\"login\":\"42Gc",
		"{\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":\"42Gc",
	};
#undef ASKS

	(void)unused;
	for (size_t i = 0; i < sizeof(wallets) / sizeof(wallets[0]); i++) {
		begin();
		assert_true(talk_bytes(&talk, DIR_TO_SERVER, wallets[i], strlen(wallets[i]), true));
		assert_int_equal(talk_proof(&talk), PROOF_SUSPECT);
		assert_string_equal(talk_only(&talk)->login, "");
		assert_string_equal(first->wallet, "");
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		begin();
		(void)talk_bytes(&talk, DIR_TO_SERVER, others[i], strlen(others[i]), true);
		assert_int_equal(talk.count, 0);
	}
}

/* What is cut before its password and bears no mark of a miner may be anybody's. */
static void test_cut_login_of_others(void **unused)
{
#define ASKS "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":"
	static const char *const others[] = {
		ASKS "{\"login\":\"jdoe",
		ASKS "{\"login\":\"jdoe\",\"pass\":\"",
		ASKS "{\"login\":\"jdoe\",\"agent\":\"desktop/1.0\"",
		ASKS "{\"login\":\"a.very.long.name.of.somebody.at.some.place@example.com",
		ASKS "{\"login\":\"0123456789abcdef0123456789abcdef0123456789abcdef",
		ASKS "{\"login\":\"42GcvFXaX6p3rZwuSi5uqJ3rZwuSi5uqJ3rZwuSi5uqJ3sDT/photo",
		ASKS "{\"login\":\"grin1abcdefghjkmnpqrstuvwxyzabcdefghjkmnpqrstuvwxyz",
		ASKS "{\"username\":\"x\",\"login\":\"" XMR,
		ASKS "{\"session\":\"" XMR,
		ASKS "{\"login\":7,\"x\":\"" XMR,
		ASKS "[\"" XMR,
	};
#undef ASKS

	(void)unused;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		begin();
		(void)talk_bytes(&talk, DIR_TO_SERVER, others[i], strlen(others[i]), true);
		assert_int_equal(talk.count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_login),
		cmocka_unit_test(test_short_beginnings),
		cmocka_unit_test(test_cut_login_of_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
