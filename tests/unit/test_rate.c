/* test_rate.c: what falls into a window, and how long it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sensor/rate.h"

#define SECOND 1000000000ull
#define START  (1772704680ull * SECOND) /* a whole minute */

static struct rate rate;

static int reset(void **state)
{
	(void)state;
	rate_clear(&rate);
	return 0;
}

static uint64_t at(uint64_t second)
{
	return START + second * SECOND;
}

static void windows_begin_with_a_slot(void **state)
{
	(void)state;
	assert_int_equal(rate_begins(RATE_1M, at(600)), at(540));
	assert_int_equal(rate_begins(RATE_1M, at(609)), at(540));
	assert_int_equal(rate_begins(RATE_1M, at(610)), at(550));
	assert_int_equal(rate_begins(RATE_10M, at(659)), at(50));
	assert_int_equal(rate_begins(RATE_60M, at(3659)), at(0));
	assert_int_equal(rate_begins(RATE_60M, at(3660)), at(60));
	assert_int_equal(rate_begins(RATE_60M, 5 * SECOND), 0);
}

static void work_leaves_a_window_with_its_slot(void **state)
{
	(void)state;
	rate_add(&rate, 6000, 0, at(605));
	assert_true(rate_over(&rate, RATE_1M, at(660), 0) == 100);
	assert_true(rate_over(&rate, RATE_1M, at(669), 0) == 6000.0 / 69);
	assert_true(rate_over(&rate, RATE_1M, at(670), 0) == 0);
	assert_true(rate_over(&rate, RATE_10M, at(670), 0) == 10);
	assert_true(rate_over(&rate, RATE_10M, at(1209), 0) == 6000.0 / 609);
	assert_true(rate_over(&rate, RATE_10M, at(1210), 0) == 0);
	assert_true(rate_over(&rate, RATE_60M, at(4259), 0) == 6000.0 / 3659);
	assert_true(rate_over(&rate, RATE_60M, at(4260), 0) == 0);
	assert_true(rate_over(&rate, RATE_60M, UINT64_MAX, 0) == 0);
}

/* A share each second at one hash each: any window is 1 H/s, an hour and more long. */
static void a_steady_rate_is_the_same_in_all_windows(void **state)
{
	(void)state;
	for (uint64_t second = 0; second < 9000; second++) {
		rate_add(&rate, 1, 0, at(second));
		if (second < 3700)
			continue;
		for (int i = 0; i < RATE_WINDOWS; i++)
			assert_true(rate_over(&rate, (enum rate_window)i, at(second + 1), 0) == 1);
	}
}

static void late_work_goes_where_it_belongs(void **state)
{
	(void)state;
	rate_add(&rate, 100, 0, at(600));
	rate_add(&rate, 500, 0, at(575));
	assert_true(rate_over(&rate, RATE_1M, at(600), 0) == 10);
	assert_true(rate_over(&rate, RATE_1M, at(640), 0) == 100.0 / 60);
	rate_add(&rate, 7, 0, at(8000));
	rate_add(&rate, 9000, 0, at(600)); /* forgotten by now */
	assert_true(rate_over(&rate, RATE_60M, at(8040), 0) == 7.0 / 3600);
	/* What comes after the end is not in it. */
	assert_true(rate_over(&rate, RATE_1M, at(7980), 0) == 0);
}

static void floors_are_worth_what_is_known_later(void **state)
{
	(void)state;
	rate_add(&rate, 0, 3, at(10));
	rate_add(&rate, 40, 0, at(20));
	assert_true(rate_over(&rate, RATE_1M, at(60), 100) == 340.0 / 60);
	assert_true(rate_over(&rate, RATE_1M, at(60), 0) == 40.0 / 60);
	rate_add(&rate, 0, UINT16_MAX - 4, at(11));
	rate_add(&rate, 0, UINT32_MAX, at(12)); /* full, not over */
	assert_true(rate_over(&rate, RATE_1M, at(60), 1) == (40.0 + UINT16_MAX) / 60);
}

static void clearing_forgets(void **state)
{
	(void)state;
	rate_add(&rate, 6000, 4, at(5));
	rate_clear(&rate);
	for (int i = 0; i < RATE_WINDOWS; i++)
		assert_true(rate_over(&rate, (enum rate_window)i, at(6), 1) == 0);
}

/* Silence of more than a turn leaves nothing of the turn before. */
static void old_slots_do_not_come_back(void **state)
{
	static const uint64_t gaps[] = { 60, 600, 610, 620, 3660, 100000 };

	(void)state;
	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		rate_clear(&rate);
		for (uint64_t second = 0; second <= 3600; second += 10)
			rate_add(&rate, 1000, 0, at(second));
		rate_add(&rate, 60, 0, at(3600 + gaps[i]));
		assert_true(rate_over(&rate, RATE_1M, at(3600 + gaps[i]), 0) ==
			    (gaps[i] == 60 ? 1060.0 / 60 : 1));
	}
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(windows_begin_with_a_slot),
		TEST(work_leaves_a_window_with_its_slot),
		TEST(a_steady_rate_is_the_same_in_all_windows),
		TEST(late_work_goes_where_it_belongs),
		TEST(floors_are_worth_what_is_known_later),
		TEST(clearing_forgets),
		TEST(old_slots_do_not_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
