/* test_branch_nexa.c: Nexa, of which little is written down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/branch_talk.h"

#define AUTHORIZE(user) "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" user "\",\"x\"]}"
#define OK(id)          "{\"id\":" #id ",\"result\":true,\"error\":null}"

#define USER "nexa:nqtsq5g5zqg3yyc5z5tpwxqergd3c8g7ruszzg3rv7n3j7ae.rig1"
#define JOB \
	"{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"12a\",\"" H64 \
	"\",456789,\"1b00ab12\"]}"
#define SHARE \
	"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"" USER \
	"\",\"12a\",\"0011223344\",\"66b1f0ab\"]}"

static void test_session(void **unused)
{
	(void)unused;
	begin();
	const struct heard *heard = say_up(AUTHORIZE(USER));
	assert_string_equal(heard->finding.coin, "NEXA");
	assert_int_equal(heard->finding.wallet.check, WALLET_VALID);
	/* what it is worth nobody says */
	heard = say_down("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[16]}");
	assert_true(heard->finding.difficulty == 16);
	assert_true(heard->finding.work == 0);
	heard = say_down(JOB);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_string_equal(name_of(heard), "nexa");
	assert_true(heard->finding.work == 0);
	uint64_t job = heard->finding.job;
	heard = say_up(SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
	assert_string_equal(heard->worker, "rig1");
	assert_string_equal(name_of(heard), "nexa");
}

static void test_any_moment(void **unused)
{
	(void)unused;
	begin();
	say_down(JOB);
	assert_int_equal(talk_proof(&talk), PROOF_LIKELY);
	assert_string_equal(name_of(&talk.heard[0]), "stratum-v1");
	assert_null(talk.heard[0].finding.coin);
	begin();
	assert_string_equal(name_of(say_up(SHARE)), "nexa");
}

static void test_near_misses(void **unused)
{
	(void)unused;
	begin();
	say_up(AUTHORIZE(USER));
	say_down("{\"method\":\"mining.notify\",\"params\":[\"12a\",\"" H64
		 "\",\"x\",\"1b00ab12\"]}");
	assert_int_equal(talk_proof(&talk), PROOF_LIKELY);
	say_down("{\"method\":\"mining.notify\",\"params\":[\"12a\",\"" H64
		 "\",456789,\"1b00ab\"]}");
	assert_int_equal(talk_proof(&talk), PROOF_LIKELY);
	/* paid in it, but it mines another coin */
	begin();
	say_up(AUTHORIZE("NEXA:" USER));
	say_down(JOB);
	assert_int_equal(talk_proof(&talk), PROOF_LIKELY);
}

#define NAMELESS(user, rest) "{\"id\":5,\"params\":[\"" user "\",\"12a\"," rest "]}"

/* Some machines leave the method of a share away. */
static void test_shares_without_method(void **unused)
{
	static const char share[] = NAMELESS(USER, "\"0011223344\"");
	static const char *const none[] = {
		NAMELESS(USER, "\"0011223344\",\"66b1f0ab\""),
		NAMELESS(USER, "\"yes\""),
		NAMELESS(USER, "[]"),
		"{\"params\":[\"" USER "\",\"12a\",\"0011223344\"]}",
		"{\"id\":5,\"params\":[\"" USER "\",\"12a\"]}",
		"{\"id\":5,\"params\":[]}",
		"{\"id\":5,\"params\":{\"user\":\"" USER "\",\"job\":\"12a\",\"nonce\":\"00\"}}",
		"{\"id\":5,\"params\":\"12a\"}",
	};

	(void)unused;
	begin();
	say_up(AUTHORIZE(USER));
	uint64_t job = say_down(JOB)->finding.job;
	const struct heard *heard = say_up(share);
	assert_int_equal(heard->finding.kind, FINDING_SHARE);
	assert_int_equal(heard->finding.proof, PROOF_CONFIRMED);
	assert_int_equal(heard->finding.job, job);
	assert_true(heard->finding.wants_reply && heard->finding.request != 0);
	assert_string_equal(heard->worker, "rig1");
	assert_string_equal(name_of(heard), "nexa");
	uint64_t nonce = heard->finding.nonce;
	assert_true(nonce != 0 && say_up(NAMELESS(USER, "\"0011223345\""))->finding.nonce != nonce);
	heard = say_down(OK(5));
	assert_int_equal(heard->finding.kind, FINDING_REPLY);
	assert_true(heard->finding.is_ok);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(talk_up(&talk, none[i]));
	assert_false(talk_down(&talk, share));
	assert_false(talk_bytes(&talk, DIR_TO_SERVER, share, sizeof(share) - 3, true));
	/* no job was heard: he who authorised by an address of it, and nobody else */
	begin();
	say_up(AUTHORIZE(USER));
	assert_false(talk_up(&talk, NAMELESS("ann", "\"0011223344\"")));
	say_up(share);
	assert_int_equal(talk_proof(&talk), PROOF_CONFIRMED);
	/* of no other branch */
	begin();
	assert_false(talk_up(&talk, share));
	say_up(AUTHORIZE("12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E.rig1"));
	assert_false(talk_up(
		&talk, NAMELESS("12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E.rig1", "\"0011223344\"")));
}

static void test_spellings_and_cuts(void **unused)
{
	(void)unused;
	assert_spellings(DIR_TO_CLIENT, JOB);
	assert_spellings(DIR_TO_SERVER, SHARE);
	assert_cuts(DIR_TO_SERVER, SHARE, "66b1f0ab\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_any_moment),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_shares_without_method),
		cmocka_unit_test(test_spellings_and_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
