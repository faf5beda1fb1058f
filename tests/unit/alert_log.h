/* alert_log.h: one alert table and every revision that it published, for each test anew. */
#ifndef TESTS_UNIT_ALERT_LOG_H
#define TESTS_UNIT_ALERT_LOG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sensor/alert.h"

#define MAX_REVISIONS 16

static struct alert_table *table;
static struct stats stats;
static struct decision_alert revisions[MAX_REVISIONS];
static size_t count;

static void collect(void *ctx, const struct decision_alert *decision)
{
	(void)ctx;
	assert_true(count < MAX_REVISIONS);
	revisions[count++] = *decision;
}

static int setup(void **state)
{
	const struct alert_options options = { .max_alerts = 10,
					       .tap = "eth0",
					       .publish = collect };

	(void)state;
	memset(&stats, 0, sizeof(stats));
	count = 0;
	table = alert_table_new(&options, &stats);
	return table == NULL;
}

static int teardown(void **state)
{
	(void)state;
	alert_table_free(table);
	return 0;
}

#endif
