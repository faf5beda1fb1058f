/* test_session_identity.c: who a session says it is, and what it is besides a miner's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/session_rig.h"

#define ALL_CHANGES \
	(SESSION_CHANGED_LEVEL | SESSION_CHANGED_IDENTITY | SESSION_CHANGED_EVIDENCE | \
	 SESSION_CHANGED_COUNTERS)

static struct finding node(void)
{
	return (struct finding){ .kind = FINDING_NODE,
				 .proof = PROOF_NODE,
				 .coin = "BTC",
				 .agent = slice_str("/Satoshi:27.0.0/") };
}

static struct finding sizes(void)
{
	return (struct finding){ .kind = FINDING_SUBSCRIBE,
				 .sender = SENDER_MINER,
				 .proof = PROOF_SUSPECT };
}

static void a_node_is_reported_but_not_open(void **state)
{
	(void)state;
	assert_int_equal(apply(node(), UP, 0), ALL_CHANGES);
	assert_int_equal(session.is_reported, 1);
	assert_int_equal(session.is_open, 0);
	assert_int_equal(session.view.level, LEVEL_NODE);
	assert_int_equal(session.view.role, ROLE_NODE);
	assert_string_equal(session.view.agent, "/Satoshi:27.0.0/");
	assert_string_equal(session.view.coin, "BTC");
	assert_true(has_word(EVIDENCE_NODE));
	assert_int_equal(session_witness(&session, EVIDENCE_MIDSTREAM), SESSION_CHANGED_EVIDENCE);
	assert_int_equal(apply(node(), DOWN, 1), 0);
	assert_int_equal(session_tick(&session, START + 100 * SECOND), 0);
	assert_int_equal(session.sender_dir, 0);
}

static void a_node_that_is_mined_on_is_a_miners_session(void **state)
{
	struct finding entry = login(1, PROOF_LIKELY, "acct");

	(void)state;
	session_apply(&session, "bitcoin-p2p",
		      &(struct finding){ .kind = FINDING_NODE,
					 .proof = PROOF_NODE,
					 .agent = slice_str("/Node/") },
		      UP, START, &stats);
	entry.agent = slice_str("example-miner/1.0");
	assert_int_equal(apply(entry, UP, 1), ALL_CHANGES);
	assert_int_equal(session.is_open, 1);
	assert_int_equal(session.view.level, LEVEL_LIKELY);
	assert_int_equal(session.view.role, ROLE_POOL_CLIENT);
	assert_string_equal(session.view.agent, "example-miner/1.0");
	assert_string_equal(session.view.dialect, DIALECT);
	apply(node(), UP, 2); /* later node words make it no node again */
	assert_int_equal(session.view.role, ROLE_POOL_CLIENT);
	assert_int_equal(session.view.level, LEVEL_LIKELY);
}

static void sizes_are_a_suspicion(void **state)
{
	(void)state;
	assert_int_equal(apply(sizes(), UP, 0), ALL_CHANGES);
	assert_int_equal(session.is_open, 0);
	assert_int_equal(session.view.level, LEVEL_SUSPECT);
	assert_int_equal(session.view.role, ROLE_UNKNOWN);
	assert_true(has_word(EVIDENCE_HANDSHAKE_SIZES));
	assert_false(has_word(EVIDENCE_HANDSHAKE));
	struct finding more = sizes();
	more.kind = FINDING_REQUEST;
	more.proof = PROOF_LIKELY;
	apply(more, UP, 1);
	assert_int_equal(session.is_open, 1);
	assert_int_equal(session.view.level, LEVEL_LIKELY);
	assert_int_equal(session.view.role, ROLE_POOL_CLIENT);
	assert_true(has_word(EVIDENCE_HANDSHAKE));
}

static void a_nodes_words_outweigh_sizes(void **state)
{
	(void)state;
	apply(node(), UP, 0);
	apply(sizes(), UP, 1);
	assert_int_equal(session.view.level, LEVEL_NODE);
	assert_int_equal(session.view.role, ROLE_NODE);
}

/* Words without proof of a flow that is only suspect are still no shares. */
static void suspects_count_nothing(void **state)
{
	struct finding generic = share(2, 7, 8);

	(void)state;
	generic.proof = PROOF_NONE;
	apply(sizes(), UP, 0);
	apply(generic, UP, 1);
	apply(reply(2, true), DOWN, 2);
	assert_int_equal(session.view.submitted, 0);
	assert_int_equal(session.view.accepted, 0);
}

static void a_target_named_before_the_session_is_its_pool(void **state)
{
	struct finding target = { .kind = FINDING_IDENTITY,
				  .pool = slice_str("pool.example.org:3333") };

	(void)state;
	assert_int_equal(apply(target, UP, 0), 0);
	assert_int_equal(session.is_reported, 0);
	apply(login(1, PROOF_LIKELY, "acct"), UP, 1);
	assert_string_equal(session.view.pool, "pool.example.org:3333");
	assert_int_equal(session.view.evidence.words[0], EVIDENCE_POOL_NAMED);
}

static void a_branch_has_its_own_name(void **state)
{
	struct finding work = job(11, 5);
	struct finding words = { .kind = FINDING_REQUEST,
				 .sender = SENDER_MINER,
				 .proof = PROOF_LIKELY };

	(void)state;
	apply(words, UP, 0);
	assert_string_equal(session.view.dialect, DIALECT);
	work.dialect = "kawpow";
	work.proof = PROOF_LIKELY;
	assert_true(apply(work, DOWN, 1) & SESSION_CHANGED_IDENTITY);
	assert_string_equal(session.view.dialect, "kawpow");
	apply(words, UP, 2); /* the family's own words do not take it away */
	words.kind = FINDING_REPLY;
	words.proof = PROOF_CONFIRMED;
	apply(words, DOWN, 3);
	assert_string_equal(session.view.dialect, "kawpow");
	work.dialect = NULL; /* nor does a job that was cut before what tells */
	apply(work, DOWN, 4);
	assert_string_equal(session.view.dialect, "kawpow");
	apply(job(12, 5), DOWN, 5); /* a job of the family itself does */
	assert_string_equal(session.view.dialect, DIALECT);
}

static void what_findings_tell_is_kept_once(void **state)
{
	struct finding entry = login(1, PROOF_LIKELY, "acct");
	struct finding work = job(11, 5);

	(void)state;
	entry.rig = slice_str("rig-7");
	entry.email = slice_str("miner@example.org");
	entry.wallet.email = slice_str("other@example.org");
	entry.has_password = true;
	entry.is_donation = true;
	apply(entry, UP, 0);
	work.tag = slice_str("/ExamplePool/");
	work.payout = slice_str("bc1qexample");
	assert_true(apply(work, DOWN, 1) & SESSION_CHANGED_IDENTITY);
	work.tag = slice_str("/Another/");
	work.payout = slice_str("bc1qanother");
	assert_false(apply(work, DOWN, 2) & SESSION_CHANGED_IDENTITY);
	assert_string_equal(session.view.rig, "rig-7");
	assert_string_equal(session.view.email, "miner@example.org");
	assert_string_equal(session.view.tag, "/ExamplePool/");
	assert_string_equal(session.view.payout, "bc1qexample");
	assert_int_equal(session.view.has_password, 1);
	assert_int_equal(session.view.is_donation, 1);
	assert_true(has_word(EVIDENCE_DONATION));
	assert_int_equal(session.view.workers, 0);
}

static void a_coin_that_is_mined_corrects_what_the_wallet_looked_like(void **state)
{
	struct finding finding = login(1, PROOF_LIKELY, "ann");

	(void)state;
	finding.coin = "ZEC";
	apply(finding, UP, 0);
	finding = share(4, 11, 1);
	finding.coin = "ERG"; /* the first stays, else */
	apply(finding, UP, 1);
	assert_string_equal(session.view.coin, "ZEC");
	finding.coin = "FLUX";
	finding.is_coin_mined = true;
	assert_true((apply(finding, UP, 2) & SESSION_CHANGED_IDENTITY) != 0);
	assert_string_equal(session.view.coin, "FLUX");
	assert_true((apply(finding, UP, 3) & SESSION_CHANGED_IDENTITY) == 0);
	finding.coin = "KMD"; /* once */
	apply(finding, UP, 4);
	assert_string_equal(session.view.coin, "FLUX");
}

static void a_finding_can_say_proxy(void **state)
{
	struct finding entry = login(1, PROOF_LIKELY, "acct");

	(void)state;
	entry.is_proxy = true;
	apply(entry, UP, 0);
	assert_int_equal(session.view.role, ROLE_PROXY);
}

static void shares_of_many_workers_are_a_proxy(void **state)
{
	static const char *const names[] = { "w1", "w2", "w3" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct finding one = share(i + 1, 11, 100 + i);

		one.worker = slice_str(names[i]);
		apply(one, UP, 1);
	}
	assert_int_equal(session.view.role, ROLE_PROXY);
	assert_int_equal(session.view.workers, 3);
	assert_int_equal(session.view.submitted, 3);
}

static void carriers_are_named(void **state)
{
	(void)state;
	session_carrier(&session, "socks,http,websocket");
	assert_int_equal(session.changed, 0);
	apply(job(11, 5), DOWN, 0);
	assert_string_equal(session.view.carrier, "socks,http,websocket");
	session.changed = 0;
	session_carrier(&session, "socks,http,websocket");
	assert_int_equal(session.changed, 0);
	session_carrier(&session, "http");
	assert_int_equal(session.changed, SESSION_CHANGED_IDENTITY);
	assert_string_equal(session.view.carrier, "http");
	for (size_t i = 5; i < sizeof(session.view.carrier); i++)
		assert_int_equal(session.view.carrier[i], 0);
	session_carrier(&session, "proxy-header,socks,http,websocket,http,websocket,http");
	assert_int_equal(strlen(session.view.carrier), LIMIT_CARRIER_TEXT - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_node_is_reported_but_not_open),
		TEST(a_node_that_is_mined_on_is_a_miners_session),
		TEST(sizes_are_a_suspicion),
		TEST(a_nodes_words_outweigh_sizes),
		TEST(suspects_count_nothing),
		TEST(a_target_named_before_the_session_is_its_pool),
		TEST(a_branch_has_its_own_name),
		TEST(what_findings_tell_is_kept_once),
		TEST(a_coin_that_is_mined_corrects_what_the_wallet_looked_like),
		TEST(a_finding_can_say_proxy),
		TEST(shares_of_many_workers_are_a_proxy),
		TEST(carriers_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
