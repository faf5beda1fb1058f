/* test_trail_report.c: what stands in a report, in its three forms, and what hostile texts become
 * there. */
#include "sensor/trail/report.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "sensor/trail/report_page.h"
#include "tests/unit/trail_incident.h"

/* Terminal commands, markup, shell, forged lines, direction marks and broken UTF-8. */
#define HOSTILE \
	"\x1b[2J<script>alert(1)</script>|`$(id)`'\"\r\n# forged\n[a](https://example.net) " \
	"\xe2\x80\xaegnp\xc2\x9b\x7f\xff"

static struct scene scene;
static struct incidents incidents;
static struct price_list *prices;
static struct report_options options;
static char *text;
static json_t *json;

static int begin(void **state)
{
	char error[PRICE_ERROR_TEXT];

	(void)state;
	scene_begin(&scene);
	options = (struct report_options){ .format = REPORT_TEXT };
	incidents = (struct incidents){ .now_ns = SCENE_START + SCENE_HOUR };
	return price_list_load(&prices, NULL, error);
}

static int end(void **state)
{
	(void)state;
	price_list_free(prices);
	prices = NULL;
	free(text);
	text = NULL;
	json_decref(json);
	json = NULL;
	return 0;
}

static void write_report(enum report_format format)
{
	size_t len = 0;
	FILE *out;

	free(text);
	text = NULL;
	options.format = format;
	out = open_memstream(&text, &len);
	assert_non_null(out);
	assert_int_equal(report_write(out, &incidents, &scene.incident, prices, &options), 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(strlen(text), len);
}

static const json_t *read_json(void)
{
	json_error_t error;

	write_report(REPORT_JSON);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	json_decref(json);
	json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		fail_msg("%s at %d", error.text, error.position);
	return json;
}

static const char *json_text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL ? value : "(none)";
}

static void assert_says(const char *words)
{
	if (strstr(text, words) == NULL)
		fail_msg("it does not say: %s\n%s", words, text);
}

static void assert_silent(const char *words)
{
	if (strstr(text, words) != NULL)
		fail_msg("it says: %s\n%s", words, text);
}

/* Each kind of row once. */
static void make_scenario(const char *name)
{
	struct incident *incident = &scene.incident;
	struct incident_instance *instance;
	struct deed *refused;

	scene.alert = (struct alert){ .id = "a1b2c3d4e5f60718",
				      .sensor = "tap-1",
				      .signature = "mining session confirmed",
				      .level = "confirmed",
				      .scope = "",
				      .vpc = "",
				      .instance = "",
				      .client = "10.0.1.23",
				      .server = "198.51.100.120",
				      .pool = "198.51.100.120:3333",
				      .wallet = name,
				      .worker = name,
				      .coin = "",
				      .community_id = "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
				      .first_ns = SCENE_START + 120 * SCENE_S + 470936000,
				      .hashrate = 1234.5,
				      .sid = 1600001 };
	scene.finding = (struct finding){ .id = "arn:aws:guardduty:finding/1",
					  .product = "GuardDuty",
					  .type = "CryptoCurrency:EC2/BitcoinTool.B!DNS",
					  .severity = "HIGH",
					  .instance = "i-0a1b2c3d4e5f60718",
					  .key = "",
					  .user = "",
					  .created_ns = SCENE_START + 47 * 60 * SCENE_S };
	scene.detection = (struct detection){ .id = "00112233445566aa",
					      .rule = RULE_COST,
					      .account = "111122223333",
					      .region = "",
					      .subject = "2026-03-05",
					      .address = "",
					      .scope_ip = "",
					      .text = "217.565 USD per hour",
					      .first_ns = SCENE_START + 40 * SCENE_S,
					      .event_count = 1,
					      .events = { { .time_ns = SCENE_START,
							    .event = "event-cost" } } };
	instance = scene_instance(&scene, "i-0a1b2c3d4e5f60718", "us-east-1", "p3.2xlarge",
				  SCENE_START);
	instance->sight = SIGHT_MINING;
	instance->alert = &scene.alert;
	scene.region_list[0].mining = 1;
	(void)scene_instance(&scene, "i-0f7fa86a6766619cd", "eu-west-1", "x99.mega", SCENE_START);
	scene.region_list[1].out_of_sight = 1;
	incident->mining = 1;
	incident->out_of_sight = 1;
	incident->first_launch_ns = SCENE_START;
	incident->first_alert_ns = scene.alert.first_ns;
	incident->first_finding_ns = scene.finding.created_ns;
	scene.alert_list[incident->alerts_count++] =
		(struct incident_alert){ .alert = &scene.alert, .instance = instance->instance };
	scene.finding_list[incident->findings_count++] = &scene.finding;
	scene.detection_list[incident->detections_count++] = &scene.detection;
	(void)scene_resource(&scene, DEED_USER, "CreateUser", "svc-monitoring-agent", "");
	scene_resource(&scene, DEED_GROUP, "CreateSecurityGroup", "sg-1", "vpc-1")->detail = name;
	(void)scene_resource(&scene, DEED_KEY_PAIR, "CreateKeyPair", name, "");
	refused = scene_deed(&scene, DEED_OTHER, "ListUsers", "", "");
	refused->error = "AccessDenied";
	refused->error_text = name;
	scene.refusal_list[incident->refusals_count++] = refused;
	scene.source_list[0].agent = name;
	scene.timeline_list[incident->timeline_count] =
		(struct timeline_entry){ .time_ns = SCENE_START,
					 .kind = TIMELINE_CALL,
					 .region = "us-east-1",
					 .proof = "event-timeline",
					 .technique = "T1578.002" };
	(void)snprintf(scene.timeline_list[incident->timeline_count++].text, 320, "called by %s",
		       name);
	scene.indicator_list[incident->indicators_count++] =
		(struct indicator){ INDICATOR_AGENT, name, "user agent", SCENE_START };
	scene.technique_list[incident->techniques_count++] =
		(struct incident_technique){ .technique = "T1496.001",
					     .name = "Compute_Hijacking",
					     .tactic = "TA0040",
					     .tactic_name = "Impact",
					     .sid = 1600001,
					     .first_ns = SCENE_START,
					     .proof = "a1b2c3d4e5f60718" };
}

/* --- what stands there ---------------------------------------------------------------------- */

static void test_text_says_who_what_when_and_how_much(void **state)
{
	(void)state;
	make_scenario("Boto3/1.34.10");
	write_report(REPORT_TEXT);
	assert_says("Incident 0123456789abcdef\n");
	assert_says("Root identity      AKIA4EXAMPLE1234567\n");
	assert_says("2 launched in 2 regions: 1 seen mining by a sensor, 1 out of sight");
	assert_says("1 x user, 1 x security group, 1 x key pair");
	assert_says("3.060 USD per hour with all running; 3.060 now");
	assert_says("3.06 USD until 2026-03-05T10:58:00Z");
	assert_says("73.44 USD in the next 24 hours, 2203.20 USD in 30 days");
	assert_says("the price of 1 instances: not in any sum");
	assert_says("2026-03-05T10:45:00Z CryptoCurrency:EC2/BitcoinTool.B!DNS: seen by us 44 "
		    "minutes earlier");
	assert_says("1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
	assert_says("event-timeline");
	assert_says("TA0040 Impact");
	assert_says("Compute Hijacking");
	assert_says("eu-west-1  x99.mega            1         1        unknown ");
	assert_says("Containment, in this order");
	assert_silent("aws iam");
	assert_silent("Published");
}

static void test_markdown_tables_are_whole(void **state)
{
	unsigned columns = 0;
	unsigned rows = 0;

	(void)state;
	make_scenario(HOSTILE);
	write_report(REPORT_MARKDOWN);
	assert_int_equal(strncmp(text, "# Incident 0123456789abcdef\n", 28), 0);
	assert_says("\n## Timeline\n\n| time (UTC) |");
	/* Every row has as many cells as its head: hostile bars end none. */
	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		unsigned bars = 0;

		line += *line == '\n';
		if (*line != '|') {
			columns = 0;
			if (*line == '\0')
				break;
			continue;
		}
		for (const char *at = line; *at != '\n' && *at != '\0'; at++)
			bars += *at == '|';
		if (columns == 0)
			columns = bars;
		assert_int_equal(bars, columns);
		rows++;
	}
	assert_true(rows > 40);
}

static void test_json_has_all_of_it(void **state)
{
	const json_t *object;
	const json_t *item;

	(void)state;
	make_scenario("Boto3/1.34.10");
	object = read_json();
	assert_string_equal(json_text(object, "id"), "0123456789abcdef");
	assert_string_equal(json_text(object, "principal"),
			    "arn:aws:iam::111122223333:user/ml-pipeline-sa");
	assert_string_equal(json_text(object, "first_alert"), "2026-03-05T10:00:00Z");
	assert_int_equal(json_integer_value(json_object_get(object, "launched")), 2);
	item = json_array_get(json_object_get(object, "instances"), 0);
	assert_string_equal(json_text(item, "id"), "i-0a1b2c3d4e5f60718");
	assert_string_equal(json_text(item, "seen"), "seen mining");
	assert_string_equal(json_text(item, "alert"), "a1b2c3d4e5f60718");
	assert_string_equal(json_text(item, "proof"), "event-launch");
	assert_float_equal(json_number_value(json_object_get(item, "sum")), 3.06, 1e-6);
	item = json_array_get(json_object_get(object, "instances"), 1);
	assert_string_equal(json_text(item, "seen"), "not visible from a tap");
	/* Not known is not 0. */
	assert_null(json_object_get(item, "sum"));
	assert_null(json_object_get(item, "ended"));
	item = json_array_get(json_object_get(object, "resources"), 0);
	assert_string_equal(json_text(item, "subject"), "svc-monitoring-agent");
	assert_string_equal(json_text(item, "kind"), "user");
	item = json_array_get(json_object_get(object, "findings"), 0);
	assert_string_equal(json_text(item, "lead"), "seen by us 44 minutes earlier");
	item = json_array_get(json_object_get(object, "detections"), 0);
	assert_int_equal(json_integer_value(json_object_get(item, "sid")), 1700020);
	item = json_array_get(json_object_get(object, "refusals"), 0);
	assert_string_equal(json_text(item, "error"), "AccessDenied");
	item = json_array_get(json_object_get(json_object_get(object, "cost"), "rows"), 0);
	assert_string_equal(json_text(item, "type"), "x99.mega");
	assert_false(json_boolean_value(json_object_get(item, "is_known")));
	assert_null(json_object_get(item, "usd_per_hour"));
}

static void test_empty_incident_in_every_form(void **state)
{
	(void)state;
	write_report(REPORT_TEXT);
	assert_says("0 launched in 0 regions");
	assert_says("\nTimeline\n  none\n");
	write_report(REPORT_MARKDOWN);
	assert_says("\n## Timeline\n\nnone\n");
	assert_int_equal(json_array_size(json_object_get(read_json(), "timeline")), 0);
}

static void test_until_decides_the_sums(void **state)
{
	(void)state;
	make_scenario("agent");
	scene_change(&scene, 0, CHANGE_TERMINATE, SCENE_START + 2 * SCENE_HOUR);
	options.until_ns = SCENE_START + 30 * 60 * SCENE_S;
	write_report(REPORT_TEXT);
	assert_says("1.53 USD until 2026-03-05T10:28:00Z");
	assert_says("running");
	assert_silent("terminated   ");
	options.until_ns = SCENE_START + 9 * SCENE_HOUR;
	write_report(REPORT_TEXT);
	assert_says("6.12 USD until 2026-03-05T18:58:00Z");
	assert_says("3.060 USD per hour with all running; 0.000 now");
}

static void test_writer_errors_come_back(void **state)
{
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	make_scenario("agent");
	assert_non_null(out);
	(void)setvbuf(out, NULL, _IONBF, 0);
	assert_int_equal(report_write(out, &incidents, &scene.incident, prices, &options), -EIO);
	options.format = REPORT_JSON;
	assert_int_equal(report_write(out, &incidents, &scene.incident, prices, &options), -EIO);
	(void)fclose(out);
}

/* --- findings ------------------------------------------------------------------------------- */

static void test_who_was_first(void **state)
{
	(void)state;
	make_scenario("agent");
	scene.finding.created_ns = scene.alert.first_ns - 5 * 60 * SCENE_S;
	write_report(REPORT_TEXT);
	assert_says("seen by us 5 minutes later");
	scene.incident.first_alert_ns = 0;
	write_report(REPORT_TEXT);
	assert_says("not seen by a sensor");
	assert_silent("First alert");
}

/* --- a published total ---------------------------------------------------------------------- */

static void publish(double usd)
{
	options.published = usd;
	write_report(REPORT_TEXT);
}

static void test_published_total_is_compared(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++)
		(void)scene_instance(&scene, "i-1", "us-east-1", "p3.2xlarge", SCENE_START);
	publish(97.62);
	assert_says("61.200 USD per hour by the price file; the published total of 97.62 does not "
		    "follow from its own table: it is 36.420 too high (+59.5 %)");
	publish(30.6);
	assert_says("it is 30.600 too low (-50.0 %)");
	publish(61.2);
	assert_says("the published total of 61.2 agrees");
	publish(61);
	assert_says("the published total of 61 agrees");
	publish(60.8);
	assert_says("does not follow");
	publish(0);
	assert_silent("published");
	options.published = 97.62;
	assert_float_equal(json_number_value(json_object_get(json_object_get(read_json(), "cost"),
							     "published_excess")),
			   36.42, 1e-6);
}

static void test_published_total_without_all_prices(void **state)
{
	(void)state;
	make_scenario("agent");
	publish(347);
	assert_says("1 instances have no price in it: the published total of 347 cannot be judged");
	assert_silent("follow");
}

/* --- commands ------------------------------------------------------------------------------- */

static void test_commands_only_when_asked_and_with_a_warning(void **state)
{
	const char *warning;
	const json_t *step;

	(void)state;
	make_scenario("it's | mine");
	options.has_commands = true;
	write_report(REPORT_TEXT);
	warning = strstr(text, "WARNING: nothing here was run.");
	assert_non_null(warning);
	assert_true(warning < strstr(text, "  aws iam put-user-policy"));
	assert_says("you are in account 111122223333");
	assert_says("--key-name 'it'\\''s | mine'\n");
	write_report(REPORT_MARKDOWN);
	assert_says("\n```sh\n# 1 what makes access again\naws iam put-user-policy ");
	assert_says("--key-name 'it'\\''s | mine'\n");
	step = json_array_get(json_object_get(read_json(), "containment"), 0);
	assert_int_equal(strncmp(json_text(step, "command"), "aws iam put-user-policy ", 24), 0);
	assert_non_null(json_object_get(json, "commands_warning"));
	options.has_commands = false;
	step = json_array_get(json_object_get(read_json(), "containment"), 0);
	assert_null(json_object_get(step, "command"));
	assert_null(json_object_get(json, "commands_warning"));
}

static void test_json_steps_name_the_instances(void **state)
{
	const json_t *steps;
	size_t found = 0;
	size_t i;
	const json_t *step;

	(void)state;
	make_scenario("agent");
	steps = json_object_get(read_json(), "containment");
	json_array_foreach((json_t *)(uintptr_t)steps, i, step)
	{
		found += strstr(json_text(step, "text"), ": i-0a1b2c3d4e5f60718") != NULL;
		found += strstr(json_text(step, "text"), ": i-0f7fa86a6766619cd") != NULL;
	}
	assert_int_equal(found, 2);
}

static void test_step_without_a_command_is_for_hands(void **state)
{
	(void)state;
	make_scenario("file:///etc/passwd");
	options.has_commands = true;
	write_report(REPORT_TEXT);
	assert_says(": by hand\n");
	assert_says("1 steps have no command");
	assert_silent("--key-name file:");
}

/* --- hostile texts -------------------------------------------------------------------------- */

static void assert_harmless(void)
{
	for (const char *at = text; *at != '\0'; at++)
		if (((unsigned char)*at < 0x20 && *at != '\n') || *at == 0x7f)
			fail_msg("byte %02x at %zu", (unsigned char)*at, (size_t)(at - text));
	assert_silent("\xe2\x80\xae");
	assert_silent("\xc2\x9b");
	assert_silent("\xff");
	assert_silent("<script");
	assert_silent("\n# forged");
}

static void test_hostile_texts_in_every_form(void **state)
{
	static const enum report_format forms[] = { REPORT_TEXT, REPORT_MARKDOWN, REPORT_JSON };

	(void)state;
	make_scenario(HOSTILE);
	options.has_commands = true;
	for (size_t i = 0; i < 3; i++) {
		write_report(forms[i]);
		assert_harmless();
		assert_says("alert(1)");
	}
	assert_string_not_equal(json_text(read_json(), "id"), "(none)");
	assert_non_null(
		strstr(json_text(json_array_get(json_object_get(json, "indicators"), 0), "value"),
		       "<script>alert(1)</script>|`$(id)`"));
}

static const char *escaped(bool is_markdown, const char *raw)
{
	static char out[PAGE_TEXT_BYTES];

	page_escape(is_markdown, raw, out, sizeof(out));
	return out;
}

static void test_markdown_escapes(void **state)
{
	(void)state;
	assert_string_equal(escaped(true, ""), "");
	assert_string_equal(escaped(true, "i-0a1b us-east-1 10:45 (50 %)"),
			    "i-0a1b us-east-1 10:45 (50 %)");
	assert_string_equal(escaped(true, "arn:aws:iam::111122223333:user/x"),
			    "arn:aws:iam::111122223333:user/x");
	/* What is more than words stands in a code span, where nothing acts. */
	assert_string_equal(escaped(true, "*bold* _it_"), "`*bold* _it_`");
	assert_string_equal(escaped(true, "[a](b)"), "`[a](b)`");
	assert_string_equal(escaped(true, "https://example.net"), "`https://example.net`");
	assert_string_equal(escaped(true, "WWW.example.net"), "`WWW.example.net`");
	assert_string_equal(escaped(true, "a@example.net"), "`a@example.net`");
	assert_string_equal(escaped(true, "# 12"), "`# 12`");
	/* What could end the span or the cell does not stand there as it is. */
	assert_string_equal(escaped(true, "a`b"), "`a\\x60b`");
	assert_string_equal(escaped(true, "a|b"), "`a\\x7cb`");
	assert_string_equal(escaped(true, "a\\|b"), "`a\\\\x7cb`");
	assert_string_equal(escaped(true, "<b>"), "`\\x3cb\\x3e`");
	assert_string_equal(escaped(true, "a\nb"), "`a\\x0ab`");
	assert_string_equal(escaped(true, "&lt;"), "`&lt;`");
}

static void test_terminal_escapes(void **state)
{
	(void)state;
	assert_string_equal(escaped(false, "a|b `c` *d*"), "a|b `c` *d*");
	assert_string_equal(escaped(false, "\x1b]0;x\x07"), "\\x1b]0;x\\x07");
	assert_string_equal(escaped(false, "<b>"), "\\x3cb\\x3e");
	assert_string_equal(escaped(false, "caf\xc3\xa9"), "caf\xc3\xa9");
}

/* The longest text of the store, every byte of it escaped, still ends its span. */
static void test_longest_text_ends_its_span(void **state)
{
	char raw[TRAIL_TEXT + 1];
	const char *out;

	(void)state;
	memset(raw, '|', TRAIL_TEXT);
	raw[TRAIL_TEXT] = '\0';
	out = escaped(true, raw);
	assert_int_equal(strlen(out), 4 * TRAIL_TEXT + 2);
	assert_int_equal(out[strlen(out) - 1], '`');
	memset(raw, 1, TRAIL_TEXT);
	assert_int_equal(strlen(escaped(true, raw)), 4 * TRAIL_TEXT + 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_text_says_who_what_when_and_how_much),
		TEST(test_markdown_tables_are_whole),
		TEST(test_json_has_all_of_it),
		TEST(test_empty_incident_in_every_form),
		TEST(test_until_decides_the_sums),
		TEST(test_writer_errors_come_back),
		TEST(test_who_was_first),
		TEST(test_published_total_is_compared),
		TEST(test_published_total_without_all_prices),
		TEST(test_commands_only_when_asked_and_with_a_warning),
		TEST(test_json_steps_name_the_instances),
		TEST(test_step_without_a_command_is_for_hands),
		TEST(test_hostile_texts_in_every_form),
		cmocka_unit_test(test_markdown_escapes),
		cmocka_unit_test(test_terminal_escapes),
		cmocka_unit_test(test_longest_text_ends_its_span),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
