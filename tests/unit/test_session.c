/* test_session.c: level, identity and share accounting from hand-made findings; numbers are
 * computed by hand. */
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

static void shares_are_counted_with_the_work_of_their_job(void **state)
{
	(void)state;
	apply(login(1, PROOF_LIKELY, "acct"), UP, 0);
	apply(reply(1, true), DOWN, 0);
	apply(job(11, 1000), DOWN, 1);
	apply(job(12, 3000), DOWN, 2);
	apply(share(4, 11, 101), UP, 3); /* 1000 */
	apply(share(4, 12, 102), UP, 4); /* 3000 */
	apply(share(4, 99, 103), UP, 5); /* unknown job: 3000 */
	apply(share(4, 12, 104), UP, 6); /* 3000 */
	apply(share(4, 11, 105), UP, 7); /* 1000, without reply */
	struct session_view view = view_at(11);
	assert_int_equal(view.has_replies, 0);
	assert_true(view.work == 11000);
	assert_true(view.hashrate == 1100); /* over 10 s from the first job */
	apply(reply(4, true), DOWN, 8);
	apply(refusal(4, "Low difficulty share", false), DOWN, 8);
	apply(reply(4, true), DOWN, 8);
	apply(refusal(4, "Stale share", true), DOWN, 8);
	view = view_at(11);
	assert_int_equal(view.submitted, 5);
	assert_int_equal(view.accepted, 2);
	assert_int_equal(view.rejected, 1);
	assert_int_equal(view.stale, 1);
	assert_int_equal(view.has_replies, 1);
	assert_true(view.work == 4000); /* first and third */
	assert_true(view.hashrate == 400);
	assert_int_equal(view.window_ns, 10 * SECOND);
	assert_string_equal(view.reason, "Stale share");
	assert_int_equal(view.last_share_ns, START + 7 * SECOND);
	assert_int_equal(view.first_job_ns, START + SECOND);
	assert_int_equal(stats.shares, 5);
	assert_true(has_word(EVIDENCE_SHARE_ACCEPTED));
	assert_true(has_word(EVIDENCE_SHARE_REJECTED));
}

static void one_id_for_all_is_answered_in_order(void **state)
{
	(void)state;
	apply(login(1, PROOF_LIKELY, "acct"), UP, 0);
	apply(job(11, 500), DOWN, 1);
	apply(share(1, 11, 101), UP, 2);
	apply(share(1, 11, 102), UP, 2);
	apply(reply(1, true), DOWN, 3); /* the login's */
	assert_true(has_word(EVIDENCE_LOGIN_ACCEPTED));
	assert_int_equal(session.view.accepted, 0);
	apply(reply(1, true), DOWN, 4);
	apply(refusal(1, "Low difficulty share", false), DOWN, 5);
	apply(reply(1, true), DOWN, 6); /* nobody waits */
	assert_int_equal(session.view.accepted, 1);
	assert_int_equal(session.view.rejected, 1);
}

static void a_reply_lost_in_a_gap_does_not_shift_the_rest(void **state)
{
	(void)state;
	apply(login(1, PROOF_LIKELY, "acct"), UP, 0);
	apply(job(11, 500), DOWN, 1);
	session_gap(&session, DOWN, START + 2 * SECOND); /* the login's reply is lost */
	assert_true(has_word(EVIDENCE_GAP));
	apply(share(1, 11, 101), UP, 2);
	apply(reply(1, true), DOWN, 3);
	assert_int_equal(session.view.accepted, 1);
	apply(share(1, 11, 102), UP, 4);
	session_gap(&session, UP, START + 5 * SECOND); /* requests lost: replies still come */
	apply(reply(1, true), DOWN, 5);
	assert_int_equal(session.view.accepted, 2);
	apply(share(1, 11, 103), UP, 6);
	session_gap(&session, DOWN, START + 7 * SECOND);
	apply(reply(1, true), DOWN, 7); /* was not lost after all */
	assert_int_equal(session.view.accepted, 3);
}

/* A hole is noticed late: what was asked after its bytes had arrived is not answered in it. */
static void a_gap_spares_what_was_asked_after_it(void **state)
{
	(void)state;
	apply(job(11, 500), DOWN, 1);
	apply(share(4, 11, 101), UP, 2);
	apply(job(12, 900), DOWN, 3);
	apply(share(4, 12, 102), UP, 4);
	session_gap(&session, DOWN, START + 4 * SECOND);
	apply(refusal(4, "Low difficulty share", false), DOWN, 5);
	assert_int_equal(session.view.rejected, 1);
	apply(share(4, 11, 103), UP, 6);
	apply(share(4, 12, 104), UP, 7);
	session_gap(&session, DOWN, START + 7 * SECOND);
	apply(reply(4, true), DOWN, 8); /* of the share of 900, not of that of 500 */
	assert_int_equal(session.view.accepted, 1);
	assert_float_equal(session.work_accepted, 900, 0.1);
}

/* Read late, from behind a hole: it answers nothing that was asked after it was said. */
static void a_reply_answers_nothing_asked_after_it(void **state)
{
	(void)state;
	apply(login(1, PROOF_LIKELY, "acct"), UP, 0);
	apply(job(11, 500), DOWN, 1);
	apply(share(4, 11, 102), UP, 4);
	apply(reply(4, true), DOWN, 3); /* of a share that was lost */
	assert_int_equal(session.view.accepted, 0);
	apply(refusal(4, "Low difficulty share", false), DOWN, 5);
	assert_int_equal(session.view.accepted, 0);
	assert_int_equal(session.view.rejected, 1);
	apply(share(4, 11, 103), UP, 6.003); /* held segments have the time of the first */
	apply(reply(4, true), DOWN, 6);
	assert_int_equal(session.view.accepted, 1);
}

static void a_reply_may_overtake_its_request(void **state)
{
	(void)state;
	apply(job(11, 500), DOWN, 1);
	apply(reply(1, true), DOWN, 2); /* to something lost */
	apply(refusal(1, "Low difficulty share", false), DOWN, 6);
	apply(share(1, 11, 101), UP, 5); /* was held behind a hole */
	assert_int_equal(session.view.submitted, 1);
	assert_int_equal(session.view.accepted, 0);
	assert_int_equal(session.view.rejected, 1);
	assert_string_equal(session.view.reason, "Low difficulty share");
	apply(share(1, 11, 102), UP, 6.5); /* nothing is left that could answer it */
	apply(login(9, PROOF_LIKELY, "acct"), UP, 7);
	assert_int_equal(session.view.rejected, 1);
	apply(reply(2, true), DOWN, 9);
	session_swap_roles(&session);
	apply(share(2, 11, 103), DOWN, 8);
	assert_int_equal(session.view.accepted, 1);
	assert_int_equal(session.view.last_share_ns, START + 8 * SECOND);
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

static void a_repeated_share_counts_once(void **state)
{
	(void)state;
	apply(job(11, 500), DOWN, 1);
	apply(share(4, 11, 101), UP, 2);
	apply(share(4, 11, 101), UP, 3);
	apply(reply(4, true), DOWN, 4);
	apply(refusal(4, "Duplicate share", false), DOWN, 5);
	assert_int_equal(session.view.submitted, 1);
	assert_int_equal(session.view.accepted, 1);
	assert_int_equal(session.view.rejected, 0);
	assert_int_equal(stats.shares_repeated, 1);
	apply(share(4, 11, 0), UP, 6); /* no hash: cannot be told apart */
	apply(share(4, 11, 0), UP, 7);
	assert_int_equal(session.view.submitted, 3);
}

static void the_share_memory_is_a_ring(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= LIMIT_SHARES; i++)
		apply(share(0, 11, i), UP, 1);
	assert_int_equal(session.view.submitted, LIMIT_SHARES);
	apply(share(0, 11, 1), UP, 2); /* the oldest is still known */
	assert_int_equal(session.view.submitted, LIMIT_SHARES);
	apply(share(0, 11, 1000), UP, 3);
	apply(share(0, 11, 1), UP, 4); /* now forgotten */
	assert_int_equal(session.view.submitted, LIMIT_SHARES + 2);
}

static void a_full_table_drops_the_oldest_request(void **state)
{
	(void)state;
	apply(job(11, 10), DOWN, 1);
	for (uint64_t i = 1; i <= LIMIT_PENDING; i++)
		apply(share(i, 11, 1000 + i), UP, 2);
	assert_int_equal(stats.pending_dropped, 0);
	apply(share(LIMIT_PENDING + 1, 11, 5000), UP, 3);
	assert_int_equal(stats.pending_dropped, 1);
	apply(reply(1, true), DOWN, 4);
	assert_int_equal(session.view.accepted, 0);
	apply(reply(2, true), DOWN, 4);
	apply(reply(LIMIT_PENDING + 1, true), DOWN, 4);
	assert_int_equal(session.view.accepted, 2);
}

static void jobs_are_a_ring_and_can_be_sent_again(void **state)
{
	const uint64_t jobs = LIMIT_JOBS;

	(void)state;
	assert_int_equal(jobs, 32); /* the sums below */
	for (uint64_t i = 1; i <= 3 * jobs; i++)
		apply(job(i, (double)i), DOWN, 1);
	apply(share(0, 3 * jobs, 1), UP, 2);
	assert_true(session.work_submitted == 96);
	apply(share(0, 2 * jobs + 1, 2), UP, 2); /* the oldest still known */
	assert_true(session.work_submitted == 96 + 65);
	apply(share(0, 2 * jobs, 3), UP, 2); /* forgotten: the latest's */
	assert_true(session.work_submitted == 96 + 65 + 96);
	apply(job(70, 7), DOWN, 3); /* again, with another difficulty: now the latest */
	apply(share(0, 70, 4), UP, 4);
	apply(share(0, 4711, 5), UP, 4);
	assert_true(session.work_submitted == 96 + 65 + 96 + 14);
	apply(job(70, 8), DOWN, 5); /* the latest again */
	apply(share(0, 70, 6), UP, 6);
	apply(share(0, 96, 7), UP, 6);
	assert_true(session.work_submitted == 96 + 65 + 96 + 14 + 8 + 96);
}

static void without_jobs_the_shares_prove_the_work(void **state)
{
	static const double proven[] = { 1200, 1000, 5000 };
	struct session_view view;

	(void)state;
	for (uint64_t i = 0; i < 3; i++) {
		struct finding one = share(4, 11, 100 + i);

		one.difficulty = proven[i];
		apply(one, UP, 10 * (double)i);
	}
	/* floor 1000 times 3/4, three shares; 30 s from the first, whose work was before them */
	view = view_at(30);
	assert_true(view.work == 2250);
	assert_true(view.hashrate == 50);
	assert_int_equal(view.first_job_ns, 0);
	assert_int_equal(view.window_ns, 30 * SECOND);
	apply(reply(4, true), DOWN, 30);
	apply(reply(4, true), DOWN, 30);
	apply(refusal(4, "Low difficulty share", false), DOWN, 30);
	view = view_at(30);
	assert_true(view.work == 1500);
	apply(job(12, 900), DOWN, 31);
	apply(share(4, 12, 200), UP, 32);
	apply(reply(4, true), DOWN, 33);
	view = view_at(40);
	assert_true(view.work == 2400);
	assert_int_equal(view.window_ns, 40 * SECOND); /* the first share came before the job */
	assert_true(view.hashrate == 45);
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

static void no_rate_before_a_share_and_a_second(void **state)
{
	(void)state;
	apply(job(11, 500), DOWN, 0);
	assert_true(view_at(100).hashrate == 0);
	apply(share(4, 11, 1), UP, 0.5);
	assert_true(view_at(0.999).hashrate == 0);
	assert_true(view_at(1).hashrate == 500);
	assert_int_equal(view_at(0).window_ns, 0);
}

/* A pick-up right before a share says nothing about how long it took. */
static void no_rate_from_a_share_that_begins_the_window(void **state)
{
	struct finding one = share(4, 11, 1);

	(void)state;
	one.difficulty = 24000;
	apply(one, UP, 0);
	assert_true(view_at(5).work > 0);
	assert_true(view_at(5).hashrate == 0);
	one = share(5, 11, 2);
	one.difficulty = 24000;
	apply(one, UP, 10);
	assert_true(view_at(10).hashrate == 1600); /* 24000 times 2/3 in 10 s */
}

static struct finding yes(uint64_t id)
{
	struct finding finding = reply(id, true);

	finding.reply_to = REPLY_TO_LOGIN_OR_SHARE;
	return finding;
}

/* Of the pool's side alone: the first yes may be the login's, and one before any job is no
 * share's. */
static void a_yes_of_the_pools_side_alone_is_a_share_after_the_logins(void **state)
{
	(void)state;
	apply(yes(1), DOWN, 0);
	apply(yes(2), DOWN, 0);
	assert_int_equal(session.view.submitted, 0);
	apply(job(11, 500), DOWN, 0);
	assert_int_equal(session.view.submitted, 0);
	for (uint64_t id = 3; id <= 5; id++)
		apply(yes(id), DOWN, (double)id);
	apply(reply(6, true), DOWN, 6); /* does not tell: to a claimed rate, a sign of life */
	apply(refusal(7, "Unknown method", false), DOWN, 7);
	assert_int_equal(session.view.accepted, 3);
	assert_int_equal(session.view.rejected, 0);
	assert_int_equal(session.view.submitted, 3);
	assert_true(view_at(10).work == 1500);
	assert_int_equal(session_roles_swapped(&session, false), false);
}

static void the_first_yes_after_a_job_may_be_the_logins(void **state)
{
	(void)state;
	apply(job(11, 500), DOWN, 0);
	apply(yes(1), DOWN, 1);
	assert_int_equal(session.view.submitted, 0);
	apply(yes(2), DOWN, 2);
	assert_int_equal(session.view.accepted, 1);
	/* where the login's answer is another one, the first yes counts */
	reset(NULL);
	struct finding answer = reply(1, true);
	answer.reply_to = REPLY_TO_LOGIN;
	apply(answer, DOWN, 0);
	apply(job(11, 500), DOWN, 0);
	apply(yes(2), DOWN, 2);
	assert_int_equal(session.view.accepted, 1);
}

static void what_only_a_share_gets_is_one(void **state)
{
	struct finding good = reply(0, true);
	struct finding late = refusal(6, "job not found", true);
	struct finding low = refusal(0, "low difficulty share", false);

	(void)state;
	good.reply_to = late.reply_to = low.reply_to = REPLY_TO_SHARE;
	apply(job(11, 500), DOWN, 0);
	apply(good, DOWN, 1);
	apply(late, DOWN, 2);
	apply(low, DOWN, 3);
	assert_int_equal(session.view.submitted, 3);
	assert_int_equal(session.view.accepted, 1);
	assert_int_equal(session.view.stale, 1);
	assert_int_equal(session.view.rejected, 1);
	/* with a single byte of the miner's, the share itself may come, and be counted */
	session_hear(&session, UP);
	apply(good, DOWN, 4);
	low.request = 9;
	apply(low, DOWN, 5);
	assert_int_equal(session.view.submitted, 3);
	apply(share(9, 11, 1), UP, 4.5);
	assert_int_equal(session.view.submitted, 4);
	assert_int_equal(session.view.rejected, 2);
}

static void a_reply_before_anything_waits_for_its_request(void **state)
{
	const struct finding early = yes(9);

	(void)state;
	session_overhear(&session, &early, DOWN, START + 3 * SECOND);
	assert_int_equal(session.view.first_ns, 0);
	assert_int_equal(session.view.level, LEVEL_NONE);
	apply(share(8, 11, 1), UP, 1);
	apply(share(9, 11, 2), UP, 2);
	apply(share(9, 11, 3), UP, 4); /* after the reply: another one's */
	assert_int_equal(session.view.submitted, 3);
	assert_int_equal(session.view.accepted, 1);
	assert_true(session.view.first_ns == START + SECOND);
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
		TEST(shares_are_counted_with_the_work_of_their_job),
		TEST(one_id_for_all_is_answered_in_order),
		TEST(a_reply_lost_in_a_gap_does_not_shift_the_rest),
		TEST(a_gap_spares_what_was_asked_after_it),
		TEST(a_reply_answers_nothing_asked_after_it),
		TEST(a_reply_may_overtake_its_request),
		TEST(doubt_keeps_a_session_closed),
		TEST(a_repeated_share_counts_once),
		TEST(the_share_memory_is_a_ring),
		TEST(a_full_table_drops_the_oldest_request),
		TEST(jobs_are_a_ring_and_can_be_sent_again),
		TEST(without_jobs_the_shares_prove_the_work),
		TEST(a_pools_words_from_a_client_do_not_make_it_a_pool),
		TEST(no_rate_before_a_share_and_a_second),
		TEST(no_rate_from_a_share_that_begins_the_window),
		TEST(a_yes_of_the_pools_side_alone_is_a_share_after_the_logins),
		TEST(the_first_yes_after_a_job_may_be_the_logins),
		TEST(what_only_a_share_gets_is_one),
		TEST(a_reply_before_anything_waits_for_its_request),
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
