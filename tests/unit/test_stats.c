/* Names, helps, sums of the counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "sensor/stats.h"

static void test_every_counter_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < STATS_COUNT; i++) {
		assert_non_null(stats_name(i));
		assert_true(strlen(stats_name(i)) > 0);
		assert_true(strlen(stats_help(i)) > 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(stats_name(i), stats_name(k));
	}
	assert_string_equal(stats_name(0), "packets");
	assert_string_equal(stats_name(STATS_COUNT - 1), "journal_renamed");
	assert_null(stats_name(STATS_COUNT));
	assert_null(stats_help(STATS_COUNT));
}

static void test_values_follow_names(void **state)
{
	struct stats stats = { 0 };
	size_t found = STATS_COUNT;

	(void)state;
	stats_set(stats.alerts, 40);
	stats_add(stats.alerts, 2);
	for (size_t i = 0; i < STATS_COUNT; i++) {
		if (strcmp(stats_name(i), "alerts") == 0)
			found = i;
		else
			assert_int_equal(stats_value(&stats, i), 0);
	}
	assert_int_not_equal(found, STATS_COUNT);
	assert_int_equal(stats_value(&stats, found), 42);
	assert_int_equal(stats_value(&stats, STATS_COUNT), 0);
}

static void test_merge_adds_all(void **state)
{
	struct stats one;
	struct stats sum;
	uint64_t *values = (uint64_t *)&one;
	uint64_t *sums = (uint64_t *)&sum;

	(void)state;
	for (size_t i = 0; i < STATS_COUNT; i++) {
		values[i] = i + 1;
		sums[i] = 1000 * i;
	}
	stats_merge(&sum, &one);
	for (size_t i = 0; i < STATS_COUNT; i++) {
		assert_int_equal(stats_value(&sum, i), 1000 * i + i + 1);
		assert_int_equal(stats_value(&one, i), i + 1);
	}
}

static void test_levels_are_told_from_counts(void **state)
{
	size_t levels = 0;

	(void)state;
	for (size_t i = 0; i < STATS_COUNT; i++) {
		levels += stats_is_level(i);
		if (strcmp(stats_name(i), "flows_active") == 0 ||
		    strcmp(stats_name(i), "redis_queued") == 0 ||
		    strcmp(stats_name(i), "journal_pending") == 0)
			assert_true(stats_is_level(i));
		if (strcmp(stats_name(i), "flows") == 0 || strcmp(stats_name(i), "packets") == 0)
			assert_false(stats_is_level(i));
	}
	assert_int_equal(levels, 9);
	assert_false(stats_is_level(STATS_COUNT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_counter_is_named),
		cmocka_unit_test(test_values_follow_names),
		cmocka_unit_test(test_merge_adds_all),
		cmocka_unit_test(test_levels_are_told_from_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
