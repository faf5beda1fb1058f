/* test_redis_tally.c: sums over sessions that come, change, end and come again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sensor/redis_tally.h"

#define SECOND UINT64_C(1000000000)

static struct redis_tally *tally;
static struct tally_totals totals[TALLY_KINDS];

static int setup(void **state)
{
	(void)state;
	tally = redis_tally_new(4);
	return tally == NULL;
}

static int teardown(void **state)
{
	(void)state;
	redis_tally_free(tally);
	return 0;
}

static struct tally_update update_of(uint64_t flow_id, const char *miner, uint64_t accepted,
				     double rate)
{
	return (struct tally_update){ .flow_id = flow_id,
				      .time_ns = 1000 * SECOND,
				      .miner = miner,
				      .keys = { "host", "pool", "wallet" },
				      .values = { .submitted = accepted + 1,
						  .accepted = accepted,
						  .rejected = 1,
						  .work = (double)accepted * 100,
						  .hashrate = rate } };
}

static void apply(const struct tally_update *update)
{
	assert_int_equal(redis_tally_update(tally, update, totals), 0);
}

static void assert_totals(enum tally_kind kind, uint64_t accepted, double rate, uint64_t sessions)
{
	assert_int_equal(totals[kind].accepted, accepted);
	assert_true(totals[kind].hashrate > rate - 0.001 && totals[kind].hashrate < rate + 0.001);
	assert_int_equal(totals[kind].sessions, sessions);
}

static void values_are_absolute(void **state)
{
	struct tally_update update = update_of(1, "m", 10, 50);

	(void)state;
	apply(&update);
	apply(&update);
	assert_totals(TALLY_HOST, 10, 50, 1);
	assert_int_equal(totals[TALLY_HOST].submitted, 11);
	assert_int_equal(totals[TALLY_HOST].rejected, 1);
	update.values.accepted = 12;
	update.values.hashrate = 60;
	apply(&update);
	assert_totals(TALLY_HOST, 12, 60, 1);
}

static void sessions_add_up(void **state)
{
	struct tally_update first = update_of(1, "a", 10, 50);
	struct tally_update second = update_of(2, "b", 5, 20);

	(void)state;
	second.keys[TALLY_HOST] = "other";
	apply(&first);
	apply(&second);
	assert_totals(TALLY_HOST, 5, 20, 1);
	assert_totals(TALLY_POOL, 15, 70, 2);
	assert_totals(TALLY_WALLET, 15, 70, 2);
}

static void the_same_name_of_another_kind_is_another(void **state)
{
	struct tally_update update = update_of(1, "a", 10, 50);

	(void)state;
	update.keys[TALLY_POOL] = "host";
	update.keys[TALLY_WALLET] = "host";
	apply(&update);
	assert_totals(TALLY_HOST, 10, 50, 1);
	assert_totals(TALLY_POOL, 10, 50, 1);
}

static void a_wallet_may_become_known_later(void **state)
{
	struct tally_update update = update_of(1, "a", 10, 50);

	(void)state;
	update.keys[TALLY_WALLET] = NULL;
	apply(&update);
	assert_totals(TALLY_WALLET, 0, 0, 0);
	update.keys[TALLY_WALLET] = "w1";
	apply(&update);
	assert_totals(TALLY_WALLET, 10, 50, 1);
	update.keys[TALLY_WALLET] = "w2";
	apply(&update);
	assert_totals(TALLY_WALLET, 10, 50, 1);
	/* What the first wallet was credited has gone with the session. */
	update = update_of(2, "b", 1, 1);
	update.keys[TALLY_WALLET] = "w1";
	apply(&update);
	assert_totals(TALLY_WALLET, 1, 1, 1);
}

static void a_reconnect_takes_over_the_rate(void **state)
{
	struct tally_update first = update_of(1, "a", 10, 50);
	struct tally_update second = update_of(2, "a", 3, 40);

	(void)state;
	first.is_end = true;
	apply(&first);
	/* It still counts: the capture may just have ended. */
	assert_totals(TALLY_HOST, 10, 50, 0);
	apply(&second);
	assert_totals(TALLY_HOST, 13, 40, 1);
}

static void two_live_connections_both_count(void **state)
{
	struct tally_update first = update_of(1, "a", 10, 50);
	struct tally_update second = update_of(2, "a", 3, 40);

	(void)state;
	apply(&first);
	apply(&second);
	assert_totals(TALLY_HOST, 13, 90, 2);
}

static void a_rate_is_forgotten_ten_minutes_after_the_end(void **state)
{
	struct tally_update gone = update_of(1, "a", 10, 50);
	struct tally_update other = update_of(2, "b", 1, 7);

	(void)state;
	gone.is_end = true;
	apply(&gone);
	other.time_ns = gone.time_ns + 600 * SECOND - 1;
	apply(&other);
	assert_totals(TALLY_HOST, 11, 57, 1);
	other.time_ns = gone.time_ns + 600 * SECOND;
	apply(&other);
	assert_totals(TALLY_HOST, 11, 7, 1);
}

static void beyond_the_cap_the_oldest_is_forgotten(void **state)
{
	struct tally_update update;

	(void)state;
	for (uint64_t i = 1; i <= 4; i++) {
		update = update_of(i, "a", 1, 10);
		apply(&update);
	}
	assert_totals(TALLY_HOST, 4, 40, 4);
	update = update_of(5, "a", 1, 10);
	apply(&update);
	/* Its counters stay, its rate does not. */
	assert_totals(TALLY_HOST, 5, 40, 4);
}

#define WITH_TALLY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TALLY(values_are_absolute),
		WITH_TALLY(sessions_add_up),
		WITH_TALLY(the_same_name_of_another_kind_is_another),
		WITH_TALLY(a_wallet_may_become_known_later),
		WITH_TALLY(a_reconnect_takes_over_the_rate),
		WITH_TALLY(two_live_connections_both_count),
		WITH_TALLY(a_rate_is_forgotten_ten_minutes_after_the_end),
		WITH_TALLY(beyond_the_cap_the_oldest_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
