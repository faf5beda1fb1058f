/* test_trail_cost.c: what instances cost by the time they ran, and when the burn is an anomaly. */
#include "sensor/trail/cost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "sensor/trail/settings.h"
#include "tests/unit/trail_incident.h"

#define DAY (24 * SCENE_HOUR)

static struct scene scene;
static struct price_list *prices;
static struct cost cost;
static struct settings settings;
static struct store *store;
static struct detections found;

static int begin(void **state)
{
	char error[PRICE_ERROR_TEXT];

	(void)state;
	scene_begin(&scene);
	settings_init(&settings);
	store = store_new(&settings);
	return store != NULL ? price_list_load(&prices, NULL, error) : -1;
}

static int end(void **state)
{
	(void)state;
	cost_free(&cost);
	price_list_free(prices);
	detections_fini(&found);
	store_free(store);
	settings_fini(&settings);
	return 0;
}

static void sum_until(uint64_t until_ns)
{
	cost_free(&cost);
	assert_int_equal(cost_incident(&scene.incident, prices, until_ns, &cost), 0);
}

static void assert_usd(double usd, double expected)
{
	assert_float_equal(usd, expected, 1e-6);
}

/* --- one instance --------------------------------------------------------------------------- */

static void assert_instance(uint64_t until_ns, double burn, double sum)
{
	double found_burn = -1;
	double found_sum = -1;

	assert_true(cost_instance(&scene.instances[0], prices, until_ns, &found_burn, &found_sum));
	assert_usd(found_burn, burn);
	assert_usd(found_sum, sum);
}

static void test_instance_costs_from_launch_to_end(void **state)
{
	(void)state;
	(void)scene_instance(&scene, "i-1", "us-east-1", "p3.2xlarge", SCENE_START);
	assert_instance(SCENE_START - 1, 0, 0);
	assert_instance(SCENE_START, 3.06, 0);
	assert_instance(SCENE_START + SCENE_HOUR / 2, 3.06, 1.53);
	scene_change(&scene, 0, CHANGE_TERMINATE, SCENE_START + SCENE_HOUR);
	assert_instance(SCENE_START + SCENE_HOUR / 2, 3.06, 1.53);
	assert_instance(SCENE_START + SCENE_HOUR, 0, 3.06);
	assert_instance(SCENE_START + 100 * SCENE_HOUR, 0, 3.06);
}

static void test_stopped_time_costs_nothing(void **state)
{
	(void)state;
	(void)scene_instance(&scene, "i-1", "us-east-1", "p3.2xlarge", SCENE_START);
	scene_change(&scene, 0, CHANGE_STOP, SCENE_START + SCENE_HOUR);
	scene_change(&scene, 0, CHANGE_STOP, SCENE_START + 2 * SCENE_HOUR);
	scene_change(&scene, 0, CHANGE_START, SCENE_START + 5 * SCENE_HOUR);
	scene_change(&scene, 0, CHANGE_START, SCENE_START + 6 * SCENE_HOUR);
	assert_instance(SCENE_START + 3 * SCENE_HOUR, 0, 3.06);
	assert_instance(SCENE_START + 7 * SCENE_HOUR, 3.06, 3 * 3.06);
}

static void test_start_after_the_end_is_nothing(void **state)
{
	(void)state;
	(void)scene_instance(&scene, "i-1", "us-east-1", "p3.2xlarge", SCENE_START);
	scene_change(&scene, 0, CHANGE_TERMINATE, SCENE_START + SCENE_HOUR);
	scene_change(&scene, 0, CHANGE_START, SCENE_START + 2 * SCENE_HOUR);
	assert_instance(SCENE_START + 9 * SCENE_HOUR, 0, 3.06);
}

static void test_change_before_the_launch(void **state)
{
	(void)state;
	(void)scene_instance(&scene, "i-1", "us-east-1", "p3.2xlarge", SCENE_START);
	scene_change(&scene, 0, CHANGE_STOP, SCENE_START - SCENE_HOUR);
	assert_instance(SCENE_START + SCENE_HOUR, 0, 0);
}

static void test_launch_at_an_unknown_time(void **state)
{
	(void)state;
	(void)scene_instance(&scene, "i-1", "us-east-1", "p3.2xlarge", 0);
	assert_instance(SCENE_START, 3.06, 0);
}

static void test_unknown_price_is_no_price(void **state)
{
	double burn = -1;
	double sum = -1;

	(void)state;
	(void)scene_instance(&scene, "i-1", "us-east-1", "p5.48xlarge", SCENE_START);
	assert_false(cost_instance(&scene.instances[0], prices, SCENE_START + DAY, &burn, &sum));
	assert_usd(burn, 0);
	assert_usd(sum, 0);
	assert_false(cost_instance(&scene.instances[0], NULL, SCENE_START + DAY, &burn, &sum));
}

/* --- an incident ---------------------------------------------------------------------------- */

static void test_scenario_burns_what_its_table_says(void **state)
{
	static const struct {
		const char *region;
		const char *type;
		unsigned count;
	} rows[] = {
		{ "us-east-1", "p3.2xlarge", 20 },       { "us-east-2", "p3.2xlarge", 15 },
		{ "us-west-1", "g4dn.xlarge", 25 },      { "us-west-2", "p3.2xlarge", 20 },
		{ "eu-west-1", "g4dn.xlarge", 20 },      { "eu-central-1", "g4dn.xlarge", 15 },
		{ "ap-southeast-1", "g4dn.xlarge", 15 }, { "ap-northeast-1", "g4dn.xlarge", 10 },
	};

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		struct deed *deed =
			scene_deed(&scene, DEED_LAUNCH, "RunInstances", rows[i].type, "");

		deed->region = rows[i].region;
		deed->count = rows[i].count;
		deed->time_ns = SCENE_START;
		deed->is_unnamed = true;
	}
	sum_until(SCENE_START + 24 * SCENE_HOUR);
	assert_int_equal(cost.row_count, 8);
	assert_usd(cost.peak, 217.565);
	assert_usd(cost.burn, 217.565);
	assert_usd(cost.sum, 5221.56);
	assert_usd(cost.next_day, 5221.56);
	assert_usd(cost.next_month, 156646.8);
	assert_int_equal(cost.unpriced, 0);
}

static void test_rows_by_first_launch(void **state)
{
	(void)state;
	(void)scene_instance(&scene, "i-1", "us-west-2", "p3.2xlarge", SCENE_START + SCENE_HOUR);
	(void)scene_instance(&scene, "i-2", "us-east-1", "p3.2xlarge", SCENE_START + SCENE_HOUR);
	(void)scene_instance(&scene, "i-3", "eu-west-1", "g4dn.xlarge", SCENE_START);
	(void)scene_instance(&scene, "i-4", "us-east-1", "p3.2xlarge", SCENE_START + DAY);
	scene_change(&scene, 2, CHANGE_TERMINATE, SCENE_START + 2 * SCENE_HOUR);
	sum_until(SCENE_START + 3 * SCENE_HOUR);
	assert_int_equal(cost.row_count, 3);
	assert_string_equal(cost.rows[0].region, "eu-west-1");
	assert_string_equal(cost.rows[1].region, "us-east-1");
	assert_string_equal(cost.rows[2].region, "us-west-2");
	assert_int_equal(cost.rows[0].instances, 1);
	assert_int_equal(cost.rows[0].running, 0);
	assert_usd(cost.rows[0].burn, 0);
	assert_usd(cost.rows[0].sum, 2 * 0.556);
	/* The fourth was not launched yet. */
	assert_int_equal(cost.rows[1].instances, 1);
	assert_usd(cost.rows[1].sum, 2 * 3.06);
	assert_usd(cost.peak, 2 * 3.06 + 0.556);
	assert_usd(cost.burn, 2 * 3.06);
	assert_true(cost.until_ns == SCENE_START + 3 * SCENE_HOUR);
}

static void test_unknown_prices_stay_out_of_sums(void **state)
{
	(void)state;
	(void)scene_instance(&scene, "i-1", "us-east-1", "p5.48xlarge", SCENE_START);
	(void)scene_instance(&scene, "i-2", "us-east-1", "p5.48xlarge", SCENE_START);
	(void)scene_instance(&scene, "i-3", "us-east-1", "p3.2xlarge", SCENE_START);
	sum_until(SCENE_START + SCENE_HOUR);
	assert_int_equal(cost.row_count, 2);
	assert_string_equal(cost.rows[1].type, "p5.48xlarge");
	assert_false(cost.rows[1].is_known);
	assert_int_equal(cost.rows[1].instances, 2);
	assert_int_equal(cost.rows[1].running, 2);
	assert_int_equal(cost.unpriced, 2);
	assert_usd(cost.peak, 3.06);
	assert_usd(cost.sum, 3.06);
}

/* Ten launched without ids, four of them named by an import: ten in all, not fourteen. */
static void test_launch_without_ids_counts_once(void **state)
{
	struct deed *deed = scene_deed(&scene, DEED_LAUNCH, "RunInstances", "p3.2xlarge", "");
	static const char *const ids[] = { "i-1", "i-2", "i-3", "i-4" };

	(void)state;
	deed->count = 10;
	deed->time_ns = SCENE_START;
	deed->is_unnamed = true;
	for (size_t i = 0; i < 4; i++) {
		(void)scene_instance(&scene, ids[i], "us-east-1", "p3.2xlarge", SCENE_START);
		scene.instances[i].launcher = NULL;
	}
	sum_until(SCENE_START + SCENE_HOUR);
	assert_int_equal(cost.row_count, 1);
	assert_int_equal(cost.rows[0].instances, 10);
	assert_int_equal(cost.rows[0].unnamed, 6);
	assert_usd(cost.peak, 30.6);
	assert_usd(cost.sum, 30.6);
}

static void test_nothing_launched_costs_nothing(void **state)
{
	(void)state;
	sum_until(SCENE_START);
	assert_int_equal(cost.row_count, 0);
	assert_usd(cost.peak, 0);
	assert_usd(cost.next_month, 0);
}

/* --- 1700020 -------------------------------------------------------------------------------- */

static unsigned events;

static void feed(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);
	struct record record;
	const char *why = "";

	if (json == NULL)
		fail_msg("%s: %s", error.text, text);
	assert_int_equal(record_read(json, &record, &why), 0);
	assert_true(store_record(store, &record) >= 0);
	json_decref(json);
}

static void time_text(uint64_t time_ns, char out[21])
{
	time_t seconds = (time_t)(time_ns / SCENE_S);
	struct tm tm;

	assert_non_null(gmtime_r(&seconds, &tm));
	assert_int_equal(strftime(out, 21, "%Y-%m-%dT%H:%M:%SZ", &tm), 20);
}

/* Launches count instances of a type in us-east-1; ids begin with the number. */
static void launch(unsigned number, const char *type, unsigned count, uint64_t time_ns)
{
	char text[16384];
	char time[21];
	size_t len;

	time_text(time_ns, time);
	len = (size_t)snprintf(
		text, sizeof(text),
		"{\"eventName\":\"RunInstances\",\"eventSource\":\"ec2.amazonaws.com\","
		"\"eventTime\":\"%s\",\"eventID\":\"e-%u\",\"awsRegion\":\"us-east-1\","
		"\"sourceIPAddress\":\"198.51.100.40\",\"userIdentity\":{\"type\":\"IAMUser\","
		"\"accountId\":\"111122223333\",\"accessKeyId\":\"AKIA4EXAMPLE1234567\"},"
		"\"requestParameters\":{\"instanceType\":\"%s\"},"
		"\"responseElements\":{\"instancesSet\":{\"items\":[",
		time, number, type);
	for (unsigned i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"%s{\"instanceId\":\"i-%u-%u\",\"instanceType\":\"%s\"}",
					i > 0 ? "," : "", number, i, type);
	(void)snprintf(text + len, sizeof(text) - len, "]}}}");
	feed(text);
}

static void terminate(unsigned number, uint64_t time_ns)
{
	char text[1024];
	char time[21];

	time_text(time_ns, time);
	(void)snprintf(
		text, sizeof(text),
		"{\"eventName\":\"TerminateInstances\",\"eventSource\":\"ec2.amazonaws.com\","
		"\"eventTime\":\"%s\",\"eventID\":\"t-%u\",\"awsRegion\":\"us-east-1\","
		"\"userIdentity\":{\"type\":\"IAMUser\",\"accountId\":\"111122223333\","
		"\"accessKeyId\":\"AKIA4EXAMPLE1234567\"},"
		"\"requestParameters\":{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-%u-0\"}]}}"
		"}",
		time, events++, number);
	feed(text);
}

/* A week of nights, each with one p3.2xlarge for an hour. */
static void ordinary_week(void)
{
	for (unsigned day = 7; day > 0; day--) {
		launch(day, "p3.2xlarge", 1, SCENE_START - day * DAY);
		terminate(day, SCENE_START - day * DAY + SCENE_HOUR);
	}
}

static void detect(double baseline)
{
	detections_fini(&found);
	assert_int_equal(cost_detect(store, prices, baseline, &found), 0);
}

static void test_ordinary_nights_are_quiet(void **state)
{
	(void)state;
	ordinary_week();
	launch(100, "p3.2xlarge", 1, SCENE_START);
	detect(0);
	assert_int_equal(found.count, 0);
}

static void test_theft_is_an_anomaly_within_seconds(void **state)
{
	const struct detection *item;

	(void)state;
	ordinary_week();
	launch(100, "p3.2xlarge", 1, SCENE_START);
	launch(101, "p3.2xlarge", 19, SCENE_START + 40 * SCENE_S);
	launch(102, "p3.2xlarge", 20, SCENE_START + 20 * 60 * SCENE_S);
	detect(0);
	assert_int_equal(found.count, 1);
	item = &found.items[0];
	assert_int_equal(rules[item->rule].sid, 1700020);
	assert_true(item->first_ns == SCENE_START + 40 * SCENE_S);
	assert_true(item->last_ns == SCENE_START + 20 * 60 * SCENE_S);
	assert_int_equal(item->event_count, 2);
	assert_string_equal(item->events[0].event, "e-101");
	assert_string_equal(item->subject, "2026-03-05");
	assert_string_equal(item->account, "111122223333");
	assert_null(item->identity);
	assert_int_equal(item->value, 122400);
	assert_string_equal(item->text, "122.400 USD per hour, learnt baseline 3.060 USD per hour");
}

/* 150 % of 3.06 and 5 above it: 8.06. */
static void test_near_miss(void **state)
{
	(void)state;
	ordinary_week();
	launch(100, "p3.2xlarge", 2, SCENE_START);
	launch(101, "g4dn.xlarge", 3, SCENE_START + SCENE_S);
	detect(0);
	assert_int_equal(found.count, 0);
	launch(102, "g4dn.xlarge", 1, SCENE_START + 2 * SCENE_S);
	detect(0);
	assert_int_equal(found.count, 1);
	assert_true(found.items[0].first_ns == SCENE_START + 2 * SCENE_S);
}

static void test_factor_is_a_threshold_of_its_own(void **state)
{
	char why[SETTINGS_WHY];

	(void)state;
	assert_int_equal(settings_set(&settings, "cost-floor", "0", why), 0);
	assert_int_equal(settings_set(&settings, "cost-factor", "300", why), 0);
	ordinary_week();
	launch(100, "p3.2xlarge", 3, SCENE_START);
	detect(0);
	assert_int_equal(found.count, 0);
	launch(101, "m5.large", 1, SCENE_START + SCENE_S);
	detect(0);
	assert_int_equal(found.count, 1);
}

static void test_without_history_nothing_is_learnt(void **state)
{
	(void)state;
	launch(100, "p3.2xlarge", 20, SCENE_START);
	launch(101, "p3.2xlarge", 20, SCENE_START + 2 * DAY);
	detect(0);
	assert_int_equal(found.count, 0);
	/* What is given needs no history. */
	detect(10);
	assert_int_equal(found.count, 1);
	assert_string_equal(found.items[0].events[0].event, "e-100");
	assert_non_null(strstr(found.items[0].text, "given baseline 10.000 USD"));
}

static void test_given_baseline_that_holds(void **state)
{
	(void)state;
	ordinary_week();
	launch(100, "p3.2xlarge", 20, SCENE_START);
	detect(41);
	assert_int_equal(found.count, 0);
	detect(40);
	assert_int_equal(found.count, 1);
}

static void test_what_lasts_becomes_ordinary(void **state)
{
	(void)state;
	ordinary_week();
	launch(100, "p3.2xlarge", 20, SCENE_START);
	launch(101, "m5.large", 1, SCENE_START + 3 * SCENE_HOUR);
	detect(0);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.items[0].event_count, 1);
	/* The next rise is another episode. */
	launch(102, "p3.2xlarge", 40, SCENE_START + 2 * DAY);
	detect(0);
	assert_int_equal(found.count, 2);
	assert_string_equal(found.items[1].subject, "2026-03-07");
}

static void test_unknown_prices_raise_nothing(void **state)
{
	(void)state;
	ordinary_week();
	launch(100, "p5.48xlarge", 100, SCENE_START);
	detect(0);
	assert_int_equal(found.count, 0);
	detect(1e300);
	assert_int_equal(found.count, 0);
}

static void test_rule_can_be_off(void **state)
{
	char why[SETTINGS_WHY];

	(void)state;
	ordinary_week();
	launch(100, "p3.2xlarge", 20, SCENE_START);
	assert_int_equal(settings_set(&settings, "disable", "1700020", why), 0);
	detect(0);
	assert_int_equal(found.count, 0);
}

/* What describe-instances says of a p3.2xlarge. */
static void import(const char *id, uint64_t launch_ns)
{
	char time[21];
	char reservation[1024];
	json_t *json;

	time_text(launch_ns, time);
	(void)snprintf(reservation, sizeof(reservation),
		       "{\"ReservationId\":\"r-1\",\"OwnerId\":\"111122223333\",\"Instances\":"
		       "[{\"InstanceId\":\"%s\",\"InstanceType\":\"p3.2xlarge\",\"LaunchTime\":"
		       "\"%s\",\"Placement\":{\"AvailabilityZone\":\"us-east-1a\"},\"State\":"
		       "{\"Code\":16,\"Name\":\"running\"}}]}",
		       id, time);
	json = json_loads(reservation, 0, NULL);
	assert_non_null(json);
	assert_true(store_reservation(store, json) >= 0);
	json_decref(json);
}

/* A launch whose answer was left out counts by what it asked for. */
static void test_launch_without_ids_is_an_anomaly(void **state)
{
	char time[21];
	char text[1024];

	(void)state;
	ordinary_week();
	time_text(SCENE_START, time);
	(void)snprintf(text, sizeof(text),
		       "{\"eventName\":\"RunInstances\",\"eventSource\":\"ec2.amazonaws.com\","
		       "\"eventTime\":\"%s\",\"eventID\":\"lost\",\"awsRegion\":\"us-east-1\","
		       "\"userIdentity\":{\"type\":\"IAMUser\",\"accountId\":\"111122223333\","
		       "\"accessKeyId\":\"AKIA4EXAMPLE1234567\"},\"requestParameters\":"
		       "{\"instanceType\":\"p3.2xlarge\",\"instancesSet\":{\"items\":"
		       "[{\"minCount\":1,\"maxCount\":20}]}},\"responseElements\":null}",
		       time);
	feed(text);
	detect(0);
	assert_int_equal(found.count, 1);
	assert_string_equal(found.items[0].events[0].event, "lost");
	assert_int_equal(found.items[0].value, 61200);
	/* An import that names some of them adds nothing. */
	import("i-0a1b2c3d4e5f60718", SCENE_START + SCENE_S);
	import("i-0a1b2c3d4e5f60719", SCENE_START - SCENE_S);
	detect(0);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.items[0].value, 61200);
	/* One that was launched at another time does. */
	import("i-0a1b2c3d4e5f60720", SCENE_START - SCENE_HOUR);
	detect(0);
	assert_int_equal(found.items[0].value, 64260);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_instance_costs_from_launch_to_end),
		TEST(test_stopped_time_costs_nothing),
		TEST(test_start_after_the_end_is_nothing),
		TEST(test_change_before_the_launch),
		TEST(test_launch_at_an_unknown_time),
		TEST(test_unknown_price_is_no_price),
		TEST(test_scenario_burns_what_its_table_says),
		TEST(test_rows_by_first_launch),
		TEST(test_unknown_prices_stay_out_of_sums),
		TEST(test_launch_without_ids_counts_once),
		TEST(test_nothing_launched_costs_nothing),
		TEST(test_ordinary_nights_are_quiet),
		TEST(test_theft_is_an_anomaly_within_seconds),
		TEST(test_near_miss),
		TEST(test_factor_is_a_threshold_of_its_own),
		TEST(test_without_history_nothing_is_learnt),
		TEST(test_given_baseline_that_holds),
		TEST(test_what_lasts_becomes_ordinary),
		TEST(test_unknown_prices_raise_nothing),
		TEST(test_rule_can_be_off),
		TEST(test_launch_without_ids_is_an_anomaly),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
