/* test_trail_redis.c: alerts in, leases, incidents and our own alerts out, on a real server. */
#include "trail_rig.h"

#include "redis_server.h"

#include "sensor/log.h"
#include "sensor/trail/redis_trail.h"

#define SCOPE "111122223333/us-east-1/" RIG_VPC

static struct redis_access way;
static const struct report_options plain = { .format = REPORT_TEXT };

static int start(void **state)
{
	char text[128];
	char error[REDIS_URL_ERROR_TEXT];

	log_set_level(LOG_LEVEL_ERROR);
	if (server_start(state) != 0)
		return -1;
	snprintf(text, sizeof(text), "unix://%s", server.socket);
	return redis_url_parse(text, &way.url, error);
}

static int stop(void **state)
{
	(void)server_stop(state);
	return 0;
}

static int flush(void **state)
{
	(void)state;
	redis_run("FLUSHALL");
	return 0;
}

static struct redis_trail *connect_as(const char *id, bool is_stateless)
{
	const struct redis_trail_options options = { .access = &way,
						     .prefix = "px",
						     .id = id,
						     .is_stateless = is_stateless,
						     .retention_s = 86400 };
	char error[REDIS_TRAIL_ERROR_TEXT];
	struct redis_trail *trail;

	assert_int_equal(redis_trail_open(&trail, &options, error), 0);
	return trail;
}

static void play(struct rig *rig)
{
	rig_week(rig, 5);
	RIG_CALL(rig, .name = "StopLogging", .service = "cloudtrail", .time_s = RIG_T0 - 60,
		 .address = RIG_THIEF, .request = "{\"name\":\"t\"}");
	rig_launch(rig, RIG_T0, "us-east-1", RIG_THIEF, "c5.large", 1, 3);
	rig_alert(rig->store, "a1", SCOPE, "10.0.1.1", RIG_T0 + 60, 1);
}

static void publish(struct redis_trail *trail, const struct rig *rig)
{
	struct incidents incidents;
	const struct redis_publication what = { .store = rig->store,
						.incidents = &incidents,
						.report = &plain };

	assert_int_equal(incidents_build(rig->store, NULL, &incidents), 0);
	assert_int_equal(redis_trail_publish(trail, &what), 0);
	incidents_free(&incidents);
}

static const char *text_of(const redisReply *reply)
{
	assert_int_equal(reply->type, REDIS_REPLY_STRING);
	return reply->str;
}

static void publishes_leases_under_three_scopes(void **state)
{
	static const char *const scopes[] = { SCOPE, "111122223333/us-east-1", "111122223333" };
	struct redis_trail *trail = connect_as("t1", true);
	struct rig rig;
	char id[64];

	(void)state;
	rig_open(&rig);
	play(&rig);
	publish(trail, &rig);
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		redisReply *reply =
			redis_run("ZRANGE px:inventory:%s/10.0.1.1 0 -1 WITHSCORES", scopes[i]);

		assert_int_equal(reply->elements, 2);
		assert_string_equal(reply->element[1]->str, "1772704680000");
		snprintf(id, sizeof(id), "%s", reply->element[0]->str);
	}
	assert_string_equal(text_of(redis_run("HGET px:lease:%s instance", id)),
			    "i-00000000000000001");
	assert_string_equal(text_of(redis_run("HGET px:lease:%s key", id)), RIG_KEY);
	assert_string_equal(text_of(redis_run("HGET px:lease:%s scope", id)), SCOPE);
	assert_string_equal(text_of(redis_run("HGET px:lease:%s from", id)), "1772704680000");
	assert_string_equal(text_of(redis_run("HGET px:lease:%s to", id)), "");
	assert_string_equal(text_of(redis_run("HGET px:lease:%s source", id)), RIG_THIEF);
	/* Its end is the same lease with an end. */
	RIG_CALL(&rig, .name = "TerminateInstances", .time_s = RIG_T0 + 1000,
		 .request = "{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-"
			    "00000000000000001\"}]}}");
	publish(trail, &rig);
	assert_string_equal(text_of(redis_run("HGET px:lease:%s to", id)), "1772705680000");
	assert_int_equal(redis_run("ZCARD px:inventory:%s/10.0.1.1", SCOPE)->integer, 1);
	rig_close(&rig);
	redis_trail_close(trail);
}

static void publishes_incidents_and_their_revisions(void **state)
{
	struct redis_trail *trail = connect_as("t1", true);
	struct incidents incidents;
	struct rig rig;
	char id[INCIDENT_ID_TEXT];
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	(void)state;
	rig_open(&rig);
	play(&rig);
	assert_int_equal(incidents_build(rig.store, NULL, &incidents), 0);
	snprintf(id, sizeof(id), "%s", incidents.items[0].id);
	incidents_free(&incidents);
	publish(trail, &rig);
	publish(trail, &rig);
	assert_string_equal(text_of(redis_run("HGET px:incident:%s revision", id)), "1");
	assert_string_equal(text_of(redis_run("HGET px:incident:%s root", id)), RIG_KEY);
	assert_string_equal(text_of(redis_run("HGET px:incident:%s instances", id)), "3");
	assert_string_equal(text_of(redis_run("HGET px:incident:%s mining", id)), "1");
	assert_string_equal(text_of(redis_run("HGET px:incident:%s out_of_sight", id)), "2");
	assert_string_equal(text_of(redis_run("HGET px:incident:%s sources", id)), RIG_THIEF);
	assert_int_equal(redis_run("ZCARD px:incidents")->integer, 1);
	/* Another process that knows the same tells nothing new. */
	redis_trail_close(trail);
	trail = connect_as("t1", true);
	publish(trail, &rig);
	assert_string_equal(text_of(redis_run("HGET px:incident:%s revision", id)), "1");
	rig_launch(&rig, RIG_T0 + 90, "us-east-1", RIG_THIEF, "c5.large", 10, 1);
	publish(trail, &rig);
	assert_string_equal(text_of(redis_run("HGET px:incident:%s revision", id)), "2");
	assert_string_equal(text_of(redis_run("HGET px:incident:%s instances", id)), "4");
	/* The report comes back, by id and as the newest. */
	out = open_memstream(&text, &len);
	assert_int_equal(redis_trail_report(trail, id, &plain, out), 0);
	assert_int_equal(redis_trail_report(trail, "", &plain, out), 0);
	assert_int_equal(redis_trail_report(trail, "0000000000000000", &plain, out), -ENOENT);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, id));
	free(text);
	rig_close(&rig);
	redis_trail_close(trail);
}

static void publishes_each_alert_once(void **state)
{
	struct redis_trail *trail = connect_as("t1", true);
	redisReply *reply;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	play(&rig);
	publish(trail, &rig);
	redis_trail_close(trail);
	trail = connect_as("t1", true);
	publish(trail, &rig);

	long long count = redis_run("XLEN px:{trail:t1}:alert")->integer;

	assert_true(count > 0);
	assert_int_equal(redis_run("HLEN px:{trail:t1}:published")->integer, count);
	reply = redis_run("XRANGE px:{trail:t1}:alert - + COUNT 1");

	const redisReply *fields = reply->element[0]->element[1];

	assert_string_equal(fields->element[0]->str, "eve");
	assert_non_null(strstr(fields->element[1]->str, "\"event_type\":\"alert\""));
	assert_non_null(strstr(fields->element[1]->str, "\"gid\":1,\"signature_id\":17000"));
	assert_string_equal(fields->element[4]->str, "rev");
	assert_string_equal(fields->element[5]->str, "1");
	/* More proof is another revision. */
	RIG_CALL(&rig, .name = "StopLogging", .service = "cloudtrail", .time_s = RIG_T0 - 50,
		 .address = RIG_THIEF, .request = "{\"name\":\"t\"}");
	publish(trail, &rig);
	assert_true(redis_run("XLEN px:{trail:t1}:alert")->integer > count);
	rig_close(&rig);
	redis_trail_close(trail);
}

static void writes_cost_only_to_hosts_that_are_there(void **state)
{
	struct redis_trail *trail = connect_as("t1", true);
	struct price_list *prices = NULL;
	struct incidents incidents;
	struct redis_publication what = { .incidents = &incidents, .report = &plain };
	char path[] = "/tmp/trail_prices.XXXXXX";
	char error[PRICE_ERROR_TEXT];
	int fd = mkstemp(path);
	struct rig rig;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "us-east-1 c5.large 0.085\n", 25), 25);
	close(fd);
	assert_int_equal(price_list_load(&prices, path, error), 0);
	assert_int_equal(unlink(path), 0);
	rig_open(&rig);
	play(&rig);
	RIG_CALL(&rig, .name = "DescribeX", .time_s = RIG_T0 + 3600);
	redis_run("HSET px:host:%s/10.0.1.1 state mining", SCOPE);
	what.store = rig.store;
	what.prices = prices;
	assert_int_equal(incidents_build(rig.store, NULL, &incidents), 0);
	assert_int_equal(redis_trail_publish(trail, &what), 0);
	assert_string_equal(text_of(redis_run("HGET px:host:%s/10.0.1.1 cost@trail", SCOPE)),
			    "0.0850");
	assert_string_equal(text_of(redis_run("HGET px:host:%s/10.0.1.1 state", SCOPE)), "mining");
	assert_string_equal(text_of(redis_run("HGET px:host:%s/10.0.1.1 incident@trail", SCOPE)),
			    incidents.items[0].id);
	redis_run("DEL px:host:%s/10.0.1.1", SCOPE);
	incidents.now_ns++;
	assert_int_equal(redis_trail_publish(trail, &what), 0);
	assert_int_equal(redis_run("EXISTS px:host:%s/10.0.1.1", SCOPE)->integer, 0);
	incidents_free(&incidents);
	price_list_free(prices);
	rig_close(&rig);
	redis_trail_close(trail);
}

/* --- alerts --------------------------------------------------------------------------------- */

static int collect(void *ctx, const char *name, const char *eve, size_t len)
{
	char *seen = ctx;

	assert_non_null(strstr(name, ":alert"));
	snprintf(seen + strlen(seen), 64, "%.*s ", (int)len, eve);
	return 0;
}

static void say(const char *sensor, const char *eve)
{
	redis_run("XADD px:{%s}:alert * eve %s id x", sensor, eve);
}

static void reads_all_sensors_but_never_itself(void **state)
{
	struct redis_trail *trail = connect_as("t1", true);
	char seen[1024] = "";

	(void)state;
	say("s1", "one");
	say("s2", "two");
	say("trail:t9", "own");
	redis_run("SET px:{s3}:alert text");
	redis_run("XADD other:{s4}:alert * eve other");
	assert_int_equal(redis_trail_read(trail, collect, seen), 2);
	assert_non_null(strstr(seen, "one "));
	assert_non_null(strstr(seen, "two "));
	assert_null(strstr(seen, "own"));
	assert_null(strstr(seen, "other"));
	assert_int_equal(redis_trail_read(trail, collect, seen), 0);
	say("s1", "three");
	assert_int_equal(redis_trail_read(trail, collect, seen), 1);
	redis_trail_close(trail);
}

static long long pending(const char *sensor)
{
	return redis_run("XPENDING px:{%s}:alert minecanary-trail", sensor)->element[0]->integer;
}

static void what_was_not_acknowledged_comes_again(void **state)
{
	struct redis_trail *trail = connect_as("t1", false);
	char seen[1024] = "";

	(void)state;
	say("s1", "one");
	say("s1", "two");
	assert_int_equal(redis_trail_read(trail, collect, seen), 2);
	assert_int_equal(pending("s1"), 2);
	assert_int_equal(redis_trail_ack(trail), 0);
	assert_int_equal(pending("s1"), 0);
	say("s1", "three");
	assert_int_equal(redis_trail_read(trail, collect, seen), 1);
	redis_trail_close(trail); /* killed before it acknowledged */
	seen[0] = '\0';
	trail = connect_as("t1", false);
	say("s1", "four");
	assert_int_equal(redis_trail_read(trail, collect, seen), 2);
	assert_string_equal(seen, "three four ");
	assert_int_equal(redis_trail_ack(trail), 0);
	assert_int_equal(pending("s1"), 0);
	redis_trail_close(trail);
}

static void without_a_state_all_come_again(void **state)
{
	struct redis_trail *trail = connect_as("t1", true);
	char seen[1024] = "";

	(void)state;
	say("s1", "one");
	assert_int_equal(redis_trail_read(trail, collect, seen), 1);
	assert_int_equal(redis_trail_ack(trail), 0);
	redis_trail_close(trail);
	trail = connect_as("t1", true);
	assert_int_equal(redis_trail_read(trail, collect, seen), 1);
	assert_string_equal(seen, "one one ");
	redis_trail_close(trail);
}

static void says_why_it_cannot_connect(void **state)
{
	struct redis_access wrong = { .tls = NULL };
	struct redis_trail_options options = { .access = &wrong, .prefix = "px", .id = "t" };
	char error[REDIS_TRAIL_ERROR_TEXT];
	struct redis_trail *trail;

	(void)state;
	assert_int_equal(redis_url_parse("unix:///nonexistent/socket", &wrong.url, error), 0);
	assert_true(redis_trail_open(&trail, &options, error) < 0);
	assert_non_null(strstr(error, "/nonexistent/socket"));
	assert_non_null(strstr(error, "cannot connect"));
}

static void hostile_texts_are_escaped(void **state)
{
	struct redis_trail *trail = connect_as("t1", true);
	redisReply *reply;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	RIG_CALL(&rig, .name = "RunInstances", .time_s = RIG_T0,
		 .address = "\\u001b[31m\\r\\n*1\\r\\n$8\\r\\nFLUSHALL",
		 .request = "{\"instanceType\":\"c5.large\"}",
		 .response = rig_instances(1, 1, "c5.large", RIG_VPC, RIG_T0));
	rig_alert(rig.store, "a1", SCOPE, "10.0.1.1", RIG_T0 + 60, 1);
	publish(trail, &rig);
	reply = redis_run("ZRANGE px:incidents 0 -1");
	assert_int_equal(reply->elements, 1);

	char id[32];

	snprintf(id, sizeof(id), "%s", reply->element[0]->str);
	assert_string_equal(text_of(redis_run("HGET px:incident:%s sources", id)),
			    "\\x1b[31m\\x0d\\x0a*1\\x0d\\x0a$8\\x0d\\x0aFLUSHALL");
	assert_null(strchr(text_of(redis_run("HGET px:incident:%s report_text", id)), '\x1b'));
	assert_null(strchr(text_of(redis_run("HGET px:incident:%s report_md", id)), '\x1b'));
	assert_null(strchr(text_of(redis_run("HGET px:incident:%s report_json", id)), '\x1b'));
	rig_close(&rig);
	redis_trail_close(trail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(publishes_leases_under_three_scopes, flush),
		cmocka_unit_test_setup(publishes_incidents_and_their_revisions, flush),
		cmocka_unit_test_setup(publishes_each_alert_once, flush),
		cmocka_unit_test_setup(writes_cost_only_to_hosts_that_are_there, flush),
		cmocka_unit_test_setup(reads_all_sensors_but_never_itself, flush),
		cmocka_unit_test_setup(what_was_not_acknowledged_comes_again, flush),
		cmocka_unit_test_setup(without_a_state_all_come_again, flush),
		cmocka_unit_test_setup(says_why_it_cannot_connect, flush),
		cmocka_unit_test_setup(hostile_texts_are_escaped, flush),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
