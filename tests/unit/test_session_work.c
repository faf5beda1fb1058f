/* test_session_work.c: shares settled many at once, windows and units of rates; numbers are
 * computed by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/session_rig.h"

/* So many of the oldest shares at once. */
static struct finding batch(uint64_t id, uint32_t count, bool is_ok)
{
	struct finding finding = reply(id, is_ok);

	finding.proof = PROOF_CONFIRMED;
	finding.count = count;
	return finding;
}

static void one_reply_settles_many_shares(void **state)
{
	(void)state;
	apply(job(11, 1000), DOWN, 0);
	apply(job(12, 5000), DOWN, 1);
	for (uint64_t i = 0; i < 6; i++) /* 11 11 11 12 12 12 */
		apply(share(7, i < 3 ? 11 : 12, 100 + i), UP, 2 + (double)i);
	apply(batch(7, 4, true), DOWN, 9);
	assert_int_equal(session.view.accepted, 4);
	assert_true(view_at(10).work == 8000);
	apply(batch(7, 1, false), DOWN, 9);
	assert_int_equal(session.view.rejected, 1);
	apply(reply(7, true), DOWN, 9); /* without a count: one */
	assert_int_equal(session.view.accepted, 5);
	assert_int_equal(session.view.submitted, 6);
	assert_true(view_at(10).work == 13000);
}

/* The rest of a count waits for shares that are held behind a hole, and for those only. */
static void a_count_may_overtake_its_shares(void **state)
{
	(void)state;
	apply(job(11, 1000), DOWN, 0);
	apply(share(7, 11, 1), UP, 1);
	apply(batch(7, 3, true), DOWN, 5);
	assert_int_equal(session.view.accepted, 1);
	apply(share(7, 11, 2), UP, 3);
	apply(share(7, 11, 3), UP, 4);
	assert_int_equal(session.view.accepted, 3);
	apply(share(7, 11, 4), UP, 4.5);
	assert_int_equal(session.view.accepted, 3);
	assert_int_equal(session.view.submitted, 4);
}

static void a_repeat_in_a_count_counts_once(void **state)
{
	(void)state;
	apply(job(11, 1000), DOWN, 0);
	apply(share(7, 11, 1), UP, 1);
	apply(share(7, 11, 1), UP, 2);
	apply(share(7, 11, 2), UP, 3);
	apply(batch(7, 3, true), DOWN, 4);
	assert_int_equal(session.view.submitted, 2);
	assert_int_equal(session.view.accepted, 2);
	assert_int_equal(stats.shares_repeated, 1);
}

static void counts_of_the_pools_side_alone_are_shares(void **state)
{
	struct finding refused = batch(7, 1, false);

	(void)state;
	refused.reason = slice_str("stale-share");
	refused.is_stale = true;
	apply(job(11, 500), DOWN, 0);
	apply(batch(7, 5, true), DOWN, 10); /* no reply before: it says itself what it is */
	apply(job(12, 2000), DOWN, 11);
	apply(batch(7, 2, true), DOWN, 20);
	apply(refused, DOWN, 21);
	assert_int_equal(session.view.submitted, 8);
	assert_int_equal(session.view.accepted, 7);
	assert_int_equal(session.view.stale, 1);
	assert_string_equal(session.view.reason, "stale-share");
	assert_true(view_at(30).work == 2500 + 4000);
	assert_false(has_word(EVIDENCE_HANDSHAKE));
	assert_int_equal(stats.shares, 8);
}

/* Picked up so late that the first word is a count: it also tells who is the pool. */
static void a_count_opens_a_session_of_the_pools_side(void **state)
{
	(void)state;
	apply(batch(7, 3, true), UP, 0);
	assert_int_equal(session.view.level, LEVEL_CONFIRMED);
	assert_int_equal(session.view.accepted, 3);
	assert_true(session_roles_swapped(&session, false));
	assert_true(view_at(100).hashrate == 0); /* no job told what they are worth */
}

static void huge_counts_do_not_wrap(void **state)
{
	(void)state;
	apply(job(11, 1), DOWN, 0);
	apply(batch(7, UINT32_MAX - 1, true), DOWN, 1);
	apply(batch(7, UINT32_MAX - 1, true), DOWN, 2);
	assert_int_equal(session.view.submitted, UINT32_MAX);
	assert_int_equal(session.view.accepted, UINT32_MAX);
	assert_true(view_at(10).hashrate > 0);
}

/* A new difficulty is in force for the jobs that follow: each share is worth its own job's. */
static void a_share_of_an_older_job_has_that_jobs_work(void **state)
{
	const struct finding difficulty = { .kind = FINDING_DIFFICULTY,
					    .sender = SENDER_POOL,
					    .proof = PROOF_LIKELY,
					    .difficulty = 8000,
					    .work = 8000 };

	(void)state;
	apply(job(11, 1000), DOWN, 0);
	apply(difficulty, DOWN, 1);
	apply(share(4, 11, 1), UP, 2);
	assert_true(session.work_submitted == 1000);
	apply(job(12, 8000), DOWN, 3);
	apply(share(5, 11, 2), UP, 4);
	apply(share(6, 12, 3), UP, 5);
	assert_true(session.work_submitted == 10000);
	assert_true(session.view.difficulty == 8000);
	apply(reply(5, true), DOWN, 6);
	assert_true(view_at(6).work == 1000);
}

static void short_sessions_have_one_rate(void **state)
{
	(void)state;
	apply(job(11, 500), DOWN, 3);
	apply(share(4, 11, 1), UP, 10);
	struct session_view view = view_at(53);
	assert_true(view.hashrate == 10);
	for (int i = 0; i < RATE_WINDOWS; i++)
		assert_true(view.rates[i] == 10);
}

static void no_share_is_no_rate(void **state)
{
	struct session_view view;

	(void)state;
	apply(job(11, 500), DOWN, 0);
	view = view_at(5000);
	for (int i = 0; i < RATE_WINDOWS; i++)
		assert_true(view.rates[i] == 0);
	apply(share(4, 11, 1), UP, 5000);
	view = view_at(5100); /* from 1500 on */
	assert_true(view.rates[RATE_1M] == 0);
	assert_true(view.rates[RATE_10M] == 500.0 / 600);
	assert_true(view.rates[RATE_60M] == 500.0 / 3600);
	assert_true(view.hashrate == 500.0 / 5100);
}

/* Twice as fast in the second hour; a share each 10 s. */
static void windows_follow_a_change(void **state)
{
	struct session_view view;
	uint64_t nonce = 1;

	(void)state;
	apply(job(11, 1000), DOWN, 0);
	for (int second = 10; second <= 3600; second += 10, nonce++)
		apply(share(nonce, 11, nonce), UP, second);
	apply(job(12, 2000), DOWN, 3601);
	for (int second = 3610; second <= 5400; second += 10, nonce++)
		apply(share(nonce, 12, nonce), UP, second);
	view = view_at(5405);
	/* 5340..5405: 7 shares in 65 s; 4800..5405: 61 in 605 s */
	assert_true(view.rates[RATE_1M] == 14000.0 / 65);
	assert_true(view.rates[RATE_10M] == 122000.0 / 605);
	/* 1800..5405: 181 and 180 shares */
	assert_true(view.rates[RATE_60M] == (181000.0 + 360000.0) / 3605);
	assert_true(view.hashrate == (360000.0 + 360000.0) / 5405);
}

/* Accepted work only, once the pool is heard; at the time of the share, not of the reply. */
static void windows_hold_accepted_work(void **state)
{
	(void)state;
	apply(job(11, 6000), DOWN, 0);
	apply(share(1, 11, 1), UP, 105);
	assert_true(view_at(160).rates[RATE_1M] == 100);
	apply(share(2, 11, 2), UP, 106);
	apply(refusal(2, "Low difficulty share", false), DOWN, 107);
	assert_true(view_at(160).rates[RATE_1M] == 0);
	apply(reply(1, true), DOWN, 165);
	assert_true(view_at(160).rates[RATE_1M] == 100);
	assert_true(view_at(170).rates[RATE_1M] == 0); /* the share's slot is over */
	assert_true(view_at(170).hashrate > 0);
}

static void windows_without_jobs_use_the_floor(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 9; i++) {
		struct finding one = share(i + 1, 11, 100 + i);

		one.difficulty = 1000 + (double)i;
		apply(one, UP, 20 * (double)i);
	}
	/* 900 each; 140..200 has the shares of 140 and 160 */
	assert_true(view_at(200).rates[RATE_1M] == 1800.0 / 60);
	apply(reply(9, true), DOWN, 200);
	assert_true(view_at(200).rates[RATE_1M] == 900.0 / 60);
}

/* Shares whose work nobody knows count, but are no part of the rate, nor is their time. */
static void unknown_work_gives_no_rate(void **state)
{
	(void)state;
	apply(job(11, 0), DOWN, 0);
	for (uint64_t i = 1; i <= 5; i++)
		apply(share(i, 11, i), UP, (double)i);
	assert_int_equal(session.view.submitted, 5);
	assert_true(view_at(50).hashrate == 0);
	assert_true(view_at(50).rates[RATE_1M] == 0);
	apply(job(12, 3000), DOWN, 100);
	apply(share(6, 12, 6), UP, 110);
	apply(share(7, 12, 7), UP, 120);
	assert_true(view_at(130).hashrate == 200);
	assert_int_equal(view_at(130).window_ns, 30 * SECOND);
	assert_int_equal(session.view.first_job_ns, START);
}

/* Joined between two jobs: what was submitted before the first one seen has no known work. */
static void shares_before_the_first_job_do_not_stretch_the_window(void **state)
{
	(void)state;
	apply(share(1, 10, 1), UP, 0);
	apply(share(2, 10, 2), UP, 20);
	apply(job(11, 1000), DOWN, 30);
	apply(share(3, 11, 3), UP, 40);
	apply(share(4, 11, 4), UP, 50);
	assert_true(view_at(50).hashrate == 100);
	assert_int_equal(session.view.submitted, 4);
}

static void solutions_are_named_as_such(void **state)
{
	struct finding work = job(11, 1000);
	const struct finding difficulty = {
		.kind = FINDING_DIFFICULTY, .sender = SENDER_POOL, .proof = PROOF_LIKELY, .work = 77
	};

	(void)state;
	work.unit = "Sol/s";
	apply(work, DOWN, 0);
	apply(share(1, 11, 1), UP, 10);
	apply(difficulty, DOWN, 15); /* has a target's work, but is no job */
	assert_string_equal(session.view.unit, "Sol/s");
	assert_true(view_at(20).hashrate == 50);
}

/* The dialect changes in mid-flow: solutions and hashes have no sum. */
static void another_unit_begins_anew(void **state)
{
	struct finding work = job(11, 1000);

	(void)state;
	work.unit = "Sol/s";
	apply(work, DOWN, 0);
	apply(share(1, 11, 1), UP, 10);
	apply(reply(1, true), DOWN, 10);
	apply(job(12, 5e9), DOWN, 100);
	assert_string_equal(session.view.unit, "");
	assert_true(view_at(150).hashrate == 0);
	apply(share(2, 12, 2), UP, 180);
	apply(reply(2, true), DOWN, 180);
	assert_true(view_at(200).hashrate == 5e7);
	assert_true(view_at(200).rates[RATE_10M] == 5e7);
	assert_int_equal(session.view.accepted, 2);
}

static void claimed_rates_stay_apart(void **state)
{
	const struct finding claim = { .kind = FINDING_CLAIMED_RATE,
				       .sender = SENDER_MINER,
				       .proof = PROOF_LIKELY,
				       .rate = 123456 };

	(void)state;
	apply(claim, UP, 0);
	struct session_view view = view_at(1000);
	assert_true(view.hashrate_claimed == 123456);
	assert_true(view.hashrate == 0);
	for (int i = 0; i < RATE_WINDOWS; i++)
		assert_true(view.rates[i] == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_reply_settles_many_shares),
		TEST(a_count_may_overtake_its_shares),
		TEST(a_repeat_in_a_count_counts_once),
		TEST(counts_of_the_pools_side_alone_are_shares),
		TEST(a_count_opens_a_session_of_the_pools_side),
		TEST(huge_counts_do_not_wrap),
		TEST(a_share_of_an_older_job_has_that_jobs_work),
		TEST(short_sessions_have_one_rate),
		TEST(no_share_is_no_rate),
		TEST(windows_follow_a_change),
		TEST(windows_hold_accepted_work),
		TEST(windows_without_jobs_use_the_floor),
		TEST(unknown_work_gives_no_rate),
		TEST(shares_before_the_first_job_do_not_stretch_the_window),
		TEST(solutions_are_named_as_such),
		TEST(another_unit_begins_anew),
		TEST(claimed_rates_stay_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
