/* test_session.c: level, roles, identity and evidence from hand-made findings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/session_rig.h"

static void unproven_findings_open_nothing(void **state)
{
	(void)state;
	assert_int_equal(apply(login(1, PROOF_NONE, "acct"), UP, 0), 0);
	assert_int_equal(apply(reply(1, true), DOWN, 1), 0);
	struct finding generic = share(2, 7, 8);
	generic.proof = PROOF_NONE;
	assert_int_equal(apply(generic, UP, 2), 0);
	assert_int_equal(apply(reply(2, true), DOWN, 3), 0);
	assert_int_equal(session.view.level, LEVEL_NONE);
	assert_int_equal(session.is_open, 0);
	assert_int_equal(session.changed, 0);
	assert_int_equal(session.view.submitted, 0);
	assert_int_equal(session.view.accepted, 0);
	assert_int_equal(session_tick(&session, START + 100 * SECOND), 0);
}

static void a_job_proves_an_unproven_login(void **state)
{
	struct finding generic = login(1, PROOF_NONE, "acct");

	(void)state;
	generic.worker = slice_str("rig07");
	generic.agent = slice_str("example-miner/1.0");
	apply(generic, UP, 0);
	unsigned changed = apply(job(11, 1000), DOWN, 1);
	assert_int_equal(changed, SESSION_CHANGED_LEVEL | SESSION_CHANGED_IDENTITY |
					  SESSION_CHANGED_EVIDENCE | SESSION_CHANGED_COUNTERS);
	assert_int_equal(session.changed, changed);
	assert_int_equal(session.view.level, LEVEL_CONFIRMED);
	assert_int_equal(session.view.role, ROLE_POOL_CLIENT);
	assert_string_equal(session.view.wallet, "acct");
	assert_string_equal(session.view.worker, "rig07");
	assert_string_equal(session.view.agent, "example-miner/1.0");
	assert_string_equal(session.view.dialect, DIALECT);
	assert_int_equal(session.view.evidence.words[0], EVIDENCE_LOGIN);
	assert_int_equal(session.view.evidence.words[1], EVIDENCE_JOB);
	assert_int_equal(session.view.first_ns, START);
	assert_int_equal(session.view.last_ns, START + SECOND);
}

static void level_rises_and_never_falls(void **state)
{
	(void)state;
	assert_true(apply(login(1, PROOF_LIKELY, "acct"), UP, 0) & SESSION_CHANGED_LEVEL);
	assert_int_equal(session.view.level, LEVEL_LIKELY);
	assert_true(apply(job(1, 1), DOWN, 1) & SESSION_CHANGED_LEVEL);
	assert_int_equal(session.view.level, LEVEL_CONFIRMED);
	assert_false(apply(login(2, PROOF_LIKELY, "acct"), UP, 2) & SESSION_CHANGED_LEVEL);
	assert_int_equal(session.view.level, LEVEL_CONFIRMED);
}

static void only_a_confirming_request_confirms_by_its_reply(void **state)
{
	struct finding request = login(1, PROOF_LIKELY, "acct");

	(void)state;
	apply(request, UP, 0);
	apply(reply(1, true), DOWN, 1);
	assert_int_equal(session.view.level, LEVEL_LIKELY);
	assert_true(has_word(EVIDENCE_LOGIN_ACCEPTED));
	request.request = 2;
	request.reply_confirms = true;
	apply(request, UP, 2);
	apply(reply(2, false), DOWN, 3);
	assert_int_equal(session.view.level, LEVEL_LIKELY);
	assert_true(has_word(EVIDENCE_LOGIN_REFUSED));
	apply(request, UP, 4);
	apply(reply(2, true), UP, 5); /* same direction: no reply to it */
	assert_int_equal(session.view.level, LEVEL_LIKELY);
	apply(reply(2, true), DOWN, 6);
	assert_int_equal(session.view.level, LEVEL_CONFIRMED);
}

static void doubt_keeps_a_session_closed(void **state)
{
	(void)state;
	session_doubt(&session, DOWN, DOUBT_AFRESH);
	session_doubt(&session, UP, DOUBT_AFRESH);
	apply(share(1, 11, 101), UP, 1);
	assert_int_equal(session.view.level, LEVEL_SUSPECT);
	session_doubt(&session, UP, DOUBT_AFRESH); /* it was a quotation */
	session_swap_roles(&session);
	apply(job(11, 500), UP, 2); /* doubted as well: the roles changed places */
	assert_int_equal(session.view.level, LEVEL_SUSPECT);
	session_doubt(&session, UP, DOUBT_NONE);
	assert_int_equal(session.view.level, LEVEL_CONFIRMED);
}

/* Anybody may say what pools say; only a miner logs in. */
static void a_pools_words_from_a_client_do_not_make_it_a_pool(void **state)
{
	(void)state;
	apply(job(11, 500), UP, 0);
	assert_true(session_roles_swapped(&session, false));
	assert_false(session_roles_swapped(&session, true));
	session_swap_roles(&session); /* without a handshake that was the best guess */
	apply(share(4, 11, 1), DOWN, 1);
	assert_true(session_roles_swapped(&session, true));
	session_swap_roles(&session);
	apply(job(12, 500), UP, 2);
	assert_false(session_roles_swapped(&session, false));
	apply(share(5, 11, 2), DOWN, 3); /* the first one counts */
	assert_false(session_roles_swapped(&session, false));
}

static void a_job_names_the_algorithm_best(void **state)
{
	struct finding named = job(11, 500);
	struct finding usual = share(1, 11, 1);

	(void)state;
	usual.algo = slice_str("usual");
	named.algo = slice_str("real/2");
	apply(usual, UP, 0);
	assert_string_equal(session.view.algo, "usual");
	assert_true(apply(named, DOWN, 1) & SESSION_CHANGED_IDENTITY);
	assert_string_equal(session.view.algo, "real/2");
	named.algo = slice_str("another");
	apply(named, DOWN, 2);
	usual.nonce = 2;
	apply(usual, UP, 2);
	assert_string_equal(session.view.algo, "real/2");
}

static void a_better_name_replaces_a_worse_one(void **state)
{
	struct finding first = login(1, PROOF_LIKELY, "acct");
	struct finding second = login(2, PROOF_LIKELY, "44WALLET");

	(void)state;
	first.worker = slice_str("w1");
	apply(first, UP, 0);
	assert_false(apply(first, UP, 1) & SESSION_CHANGED_IDENTITY);
	second.wallet.check = WALLET_UNVERIFIED;
	second.wallet.worker = slice_str("w2");
	second.wallet.coin = "XMR";
	second.has_password = true;
	assert_true(apply(second, UP, 2) & SESSION_CHANGED_IDENTITY);
	assert_string_equal(session.view.wallet, "44WALLET");
	assert_string_equal(session.view.worker, "w2");
	assert_string_equal(session.view.coin, "XMR");
	assert_int_equal(session.view.wallet_check, WALLET_UNVERIFIED);
	assert_int_equal(session.view.has_password, 1);
	assert_false(has_word(EVIDENCE_WALLET_VALID));
	second.wallet.check = WALLET_VALID;
	second.wallet.text = slice_str("44VALID");
	apply(second, UP, 3);
	assert_string_equal(session.view.wallet, "44VALID");
	assert_true(has_word(EVIDENCE_WALLET_VALID));
	assert_false(apply(first, UP, 4) & SESSION_CHANGED_IDENTITY);
	assert_string_equal(session.view.wallet, "44VALID");
}

static void long_texts_are_cut(void **state)
{
	char long_text[300];
	struct finding one = login(1, PROOF_LIKELY, "acct");

	(void)state;
	memset(long_text, 'a', sizeof(long_text));
	one.wallet.text = slice_of(long_text, sizeof(long_text));
	one.worker = slice_of(long_text, sizeof(long_text));
	one.agent = slice_of(long_text, sizeof(long_text));
	apply(one, UP, 0);
	assert_int_equal(strlen(session.view.wallet), LIMIT_WALLET_TEXT - 1);
	assert_int_equal(strlen(session.view.worker), LIMIT_WORKER_TEXT - 1);
	assert_int_equal(strlen(session.view.agent), LIMIT_AGENT_TEXT - 1);
}

static void three_workers_are_a_proxy(void **state)
{
	static const char *const names[] = { "w1", "w2", "w1", "w3", "w4", "w5",
					     "w6", "w7", "w8", "w9", "w9" };
	struct finding one = share(4, 11, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		one.worker = slice_str(names[i]);
		apply(one, UP, 1);
		assert_int_equal(session.view.role, i < 3 ? ROLE_POOL_CLIENT : ROLE_PROXY);
	}
	assert_int_equal(session.view.workers, 8);
	assert_string_equal(session.view.worker, "w1");
}

static void an_agent_can_name_a_proxy(void **state)
{
	struct finding one = login(1, PROOF_LIKELY, "acct");

	(void)state;
	one.agent = slice_str("Example-Proxy/2.0");
	apply(one, UP, 0);
	assert_int_equal(session.view.role, ROLE_PROXY);
	assert_int_equal(session.view.level, LEVEL_LIKELY);
}

static void the_strongest_finding_names_the_dialect(void **state)
{
	struct finding likely = login(1, PROOF_LIKELY, "acct");
	struct finding proof = job(11, 5);
	struct finding none = { .kind = FINDING_KEEPALIVE, .sender = SENDER_MINER };

	(void)state;
	session_apply(&session, "first", &likely, UP, START, &stats);
	session_apply(&session, "second", &none, UP, START, &stats);
	assert_string_equal(session.view.dialect, "first");
	unsigned changed = session_apply(&session, "third", &proof, DOWN, START, &stats);
	assert_true(changed & SESSION_CHANGED_IDENTITY);
	session_apply(&session, "second", &likely, UP, START, &stats);
	assert_string_equal(session.view.dialect, "third");
	session_apply(&session, "fourth", &proof, DOWN, START, &stats);
	assert_string_equal(session.view.dialect, "fourth");
}

static void silence_after_a_login_is_evidence(void **state)
{
	const uint64_t due = START + LIMIT_UNANSWERED_S * SECOND;

	(void)state;
	apply(login(1, PROOF_LIKELY, "acct"), UP, 0);
	assert_int_equal(session_tick(&session, due - 1), 0);
	assert_true(session_tick(&session, due) & SESSION_CHANGED_EVIDENCE);
	assert_true(has_word(EVIDENCE_UNANSWERED));
	assert_int_equal(session.view.is_unanswered, 1);
	assert_int_equal(session_tick(&session, due + 1), 0);
	apply(reply(1, true), DOWN, 40); /* late, but there */
	assert_int_equal(session.view.is_unanswered, 0);
}

static void any_word_of_the_pool_is_an_answer(void **state)
{
	struct finding difficulty = { .kind = FINDING_DIFFICULTY,
				      .sender = SENDER_POOL,
				      .proof = PROOF_LIKELY,
				      .difficulty = 4096 };

	(void)state;
	apply(login(1, PROOF_LIKELY, "acct"), UP, 0);
	apply(difficulty, DOWN, 1);
	assert_int_equal(session_tick(&session, START + 100 * SECOND), 0);
	assert_false(has_word(EVIDENCE_UNANSWERED));
	assert_true(session.view.difficulty == 4096);
}

static void a_refused_login_says_why(void **state)
{
	(void)state;
	apply(login(1, PROOF_LIKELY, "acct"), UP, 0);
	assert_true(apply(refusal(1, "Invalid payment address provided", false), DOWN, 1) &
		    SESSION_CHANGED_EVIDENCE);
	assert_int_equal(session.view.is_refused, 1);
	assert_string_equal(session.view.reason, "Invalid payment address provided");
	assert_int_equal(session.view.rejected, 0);
	assert_int_equal(session_tick(&session, START + 100 * SECOND), 0);
	apply(login(2, PROOF_LIKELY, "other"), UP, 2);
	apply(reply(2, true), DOWN, 3);
	assert_int_equal(session.view.is_refused, 0);
}

static void findings_tell_who_is_the_miner(void **state)
{
	(void)state;
	apply(reply(1, true), UP, 0); /* miners answer too */
	assert_int_equal(session.sender_dir, 0);
	apply(job(11, 500), UP, 1);
	assert_true(session_roles_swapped(&session, false));
	apply(share(4, 11, 1), DOWN, 2);
	session_swap_roles(&session);
	assert_false(session_roles_swapped(&session, false));
	apply(reply(4, true), DOWN, 3); /* the same side, by its new name */
	assert_int_equal(session.view.accepted, 1);
}

static void witnesses_speak_once(void **state)
{
	(void)state;
	assert_int_equal(session_witness(&session, EVIDENCE_MIDSTREAM), 0);
	apply(job(11, 500), DOWN, 0);
	session.changed = 0;
	assert_int_equal(session_witness(&session, EVIDENCE_MIDSTREAM), 0);
	assert_int_equal(session_witness(&session, EVIDENCE_LISTED_ENDPOINT),
			 SESSION_CHANGED_EVIDENCE);
	assert_int_equal(session.changed, SESSION_CHANGED_EVIDENCE);
	assert_int_equal(session.view.evidence.words[0], EVIDENCE_MIDSTREAM);
	assert_int_equal(session.view.level, LEVEL_CONFIRMED);
}

static void other_facts_reach_the_view(void **state)
{
	struct finding rate = { .kind = FINDING_CLAIMED_RATE,
				.sender = SENDER_MINER,
				.proof = PROOF_LIKELY,
				.rate = 30443617,
				.wants_reply = true,
				.request = 6 };
	struct finding away = { .kind = FINDING_RECONNECT,
				.sender = SENDER_POOL,
				.pool = slice_str("pool.example.org:3333") };
	struct finding alive = { .kind = FINDING_KEEPALIVE, .sender = SENDER_MINER };

	(void)state;
	apply(rate, UP, 0);
	apply(reply(6, true), DOWN, 1);
	apply(away, DOWN, 2);
	apply(alive, UP, 3);
	assert_true(session.view.hashrate_claimed == 30443617);
	assert_string_equal(session.view.next_pool, "pool.example.org:3333");
	assert_true(has_word(EVIDENCE_CLAIMED_RATE));
	assert_true(has_word(EVIDENCE_RECONNECT));
	assert_true(has_word(EVIDENCE_POOL_NAMED));
	assert_true(has_word(EVIDENCE_KEEPALIVE));
	assert_int_equal(session.view.accepted, 0);
}

static void equal_histories_give_equal_bytes(void **state)
{
	struct session_view views[2];

	(void)state;
	memset(&views[0], 0xaa, sizeof(views[0])); /* padding must not be left as it was */
	memset(&views[1], 0x55, sizeof(views[1]));
	for (int round = 0; round < 2; round++) {
		session_init(&session, &room);
		struct finding worse = login(1, PROOF_LIKELY, "a-long-account-name");
		apply(worse, UP, 0);
		struct finding better = login(1, PROOF_LIKELY, "44W");
		better.wallet.check = WALLET_VALID;
		apply(better, UP, 1);
		session_view_at(&session, START + 5 * SECOND, &views[round]);
	}
	assert_memory_equal(&views[0], &views[1], sizeof(views[0]));
	assert_int_equal(views[0].wallet[10], 0); /* nothing of the longer name is left */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unproven_findings_open_nothing),
		TEST(a_job_proves_an_unproven_login),
		TEST(level_rises_and_never_falls),
		TEST(only_a_confirming_request_confirms_by_its_reply),
		TEST(doubt_keeps_a_session_closed),
		TEST(a_pools_words_from_a_client_do_not_make_it_a_pool),
		TEST(a_job_names_the_algorithm_best),
		TEST(a_better_name_replaces_a_worse_one),
		TEST(long_texts_are_cut),
		TEST(three_workers_are_a_proxy),
		TEST(an_agent_can_name_a_proxy),
		TEST(the_strongest_finding_names_the_dialect),
		TEST(silence_after_a_login_is_evidence),
		TEST(any_word_of_the_pool_is_an_answer),
		TEST(a_refused_login_says_why),
		TEST(findings_tell_who_is_the_miner),
		TEST(witnesses_speak_once),
		TEST(other_facts_reach_the_view),
		TEST(equal_histories_give_equal_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
