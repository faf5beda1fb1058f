/* test_session_shares.c: which reply settles which share, and the work and rate of them; numbers
 * are computed by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/session_rig.h"

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
	apply(job(12, 900), DOWN, 31); /* so was the one before, as far as three shares tell */
	apply(share(4, 12, 200), UP, 32);
	apply(reply(4, true), DOWN, 33);
	view = view_at(40);
	assert_true(view.work == 2700);
	assert_int_equal(view.window_ns, 40 * SECOND); /* the first share came before the job */
	assert_true(view.hashrate == 50.625);
	apply(job(13, 400), DOWN, 41); /* a later one tells nothing of them */
	assert_true(view_at(41).work == 2700);
}

/* Shares of a lone start, of which each proves `proven`, and then a job of that work. */
static double worth_of(uint64_t count, double proven, double work)
{
	session_init(&session, &room);
	for (uint64_t i = 0; i < count; i++) {
		struct finding one = share(4, 11, 100 + i);

		one.difficulty = proven;
		apply(one, UP, (double)i);
	}
	apply(job(12, work), DOWN, 60);
	return view_at(60).work / (double)count;
}

static void a_job_tells_of_the_shares_before_it_what_they_may_have_proved(void **state)
{
	(void)state;
	assert_true(worth_of(1, 900000, 1000) == 1000);    /* one may prove much by chance */
	assert_true(worth_of(1, 1000100, 1000) == 500050); /* a thousand times is no chance */
	assert_true(worth_of(9, 2000, 1000) == 1000);
	assert_true(worth_of(15, 2000, 1000) == 1875); /* all of fifteen twice, neither */
	assert_true(worth_of(1, 999.5, 1000) == 1000); /* targets are rounded */
	assert_true(worth_of(1, 998, 1000) == 499);    /* the pool asks for more now */
	assert_true(worth_of(4, 2000, 0) == 1600);     /* tells nothing */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(shares_are_counted_with_the_work_of_their_job),
		TEST(one_id_for_all_is_answered_in_order),
		TEST(a_reply_lost_in_a_gap_does_not_shift_the_rest),
		TEST(a_gap_spares_what_was_asked_after_it),
		TEST(a_reply_answers_nothing_asked_after_it),
		TEST(a_reply_may_overtake_its_request),
		TEST(a_repeated_share_counts_once),
		TEST(the_share_memory_is_a_ring),
		TEST(a_full_table_drops_the_oldest_request),
		TEST(jobs_are_a_ring_and_can_be_sent_again),
		TEST(without_jobs_the_shares_prove_the_work),
		TEST(a_job_tells_of_the_shares_before_it_what_they_may_have_proved),
		TEST(no_rate_before_a_share_and_a_second),
		TEST(no_rate_from_a_share_that_begins_the_window),
		TEST(a_yes_of_the_pools_side_alone_is_a_share_after_the_logins),
		TEST(the_first_yes_after_a_job_may_be_the_logins),
		TEST(what_only_a_share_gets_is_one),
		TEST(a_reply_before_anything_waits_for_its_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
