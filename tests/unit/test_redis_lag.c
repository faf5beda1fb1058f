/* Samples of the way from the queue to the reply. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sensor/redis_lag.h"

static void test_nothing_held_is_no_lag(void **state)
{
	struct redis_lag lag = { 0 };

	(void)state;
	assert_int_equal(redis_lag_look(&lag, 0, 0, 1000), 0);
	assert_int_equal(redis_lag_look(&lag, 7, 0, 9000), 0);
}

static void test_a_sample_ends_with_its_last_reply(void **state)
{
	struct redis_lag lag = { 0 };

	(void)state;
	assert_int_equal(redis_lag_look(&lag, 10, 3, 1000), 0);
	/* Others were pushed behind it; two of the three are answered. */
	assert_int_equal(redis_lag_look(&lag, 20, 11, 1005), 5);
	assert_int_equal(redis_lag_look(&lag, 30, 20, 1008), 8);
	/* The next sample begins at once and is younger than the last was long. */
	assert_int_equal(redis_lag_look(&lag, 30, 10, 1010), 8);
	assert_int_equal(redis_lag_look(&lag, 30, 0, 1011), 3);
	assert_int_equal(redis_lag_look(&lag, 30, 0, 5000), 3);
}

static void test_silence_shows_at_once(void **state)
{
	struct redis_lag lag = { 0 };

	(void)state;
	assert_int_equal(redis_lag_look(&lag, 5, 5, 1000), 0);
	for (uint64_t now_ms = 1001; now_ms < 61000; now_ms += 1000)
		assert_int_equal(redis_lag_look(&lag, 5 + now_ms, 5 + now_ms, now_ms),
				 now_ms - 1000);
	assert_int_equal(redis_lag_look(&lag, 70000, 0, 61000), 60000);
	/* Once it flows again the next whole sample says so. */
	assert_int_equal(redis_lag_look(&lag, 70001, 1, 61001), 60000);
	assert_int_equal(redis_lag_look(&lag, 70001, 0, 61003), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_held_is_no_lag),
		cmocka_unit_test(test_a_sample_ends_with_its_last_reply),
		cmocka_unit_test(test_silence_shows_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
