/* test_redis_bridge.c: the list and the channel of EVE lines, on a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "sensor/config.h"
#include "sensor/log.h"
#include "sensor/ring.h"
#include "sensor/sink.h"
#include "tests/unit/decisions.h"
#include "tests/unit/redis_server.h"

static struct config config;
static struct event_context context;
static struct stats stats;
static struct sink_options options;
static struct event_renderer *renderer;
static void *sink;

static int setup(void **state)
{
	static char url[200];
	static char prefix[] = "p";

	snprintf(url, sizeof(url), "unix://%s", server.socket);
	memset(&stats, 0, sizeof(stats));
	config = (struct config){ .redis = url,
				  .redis_prefix = prefix,
				  .redis_alert_maxlen = 100000,
				  .redis_session_maxlen = 100000,
				  .redis_expire_s = 3600,
				  .max_sessions = 100,
				  .redis_queue = 32 << 20 };
	context = test_context();
	context.sensor_id = "s1";
	options = (struct sink_options){ .config = &config, .context = &context, .stats = &stats };
	renderer = event_renderer_new(&context);
	assert_non_null(renderer);
	return server_reset(state);
}

static int teardown(void **state)
{
	(void)state;
	event_renderer_free(renderer);
	return 0;
}

static void open_sink(void)
{
	char error[SINK_ERROR_TEXT];

	if (sink_redis.open(&sink, &options, error) != 0)
		fail_msg("open: %s", error);
}

static void write_event(const struct decision *decision)
{
	struct event event;

	event_begin(renderer, decision, &event);
	assert_int_equal(sink_redis.write(sink, renderer, &event), 0);
}

static void close_sink(void)
{
	assert_int_equal(sink_redis.close(sink, ring_now_ms() + 60000), 0);
	assert_int_equal(stats.redis_errors, 0);
}

static void lines_are_mirrored_behind_the_event(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);
	struct decision_session session = test_session(23, SESSION_REPORT);
	struct event event;
	size_t len;

	(void)state;
	config.redis_eve_list = 3;
	open_sink();
	for (uint32_t i = 1; i <= 5; i++) {
		alert.revision = i;
		write_event(&alert.decision);
		write_event(&session.decision); /* has no line of its own */
	}
	close_sink();
	assert_int_equal(redis_run("LLEN p:eve")->integer, 3);
	assert_int_equal(redis_run("XLEN p:{s1}:alert")->integer, 5);
	assert_int_equal(stats.mirror_refused, 0);
	event_begin(renderer, &alert.decision, &event);
	assert_string_equal(redis_run("LINDEX p:eve -1")->str, event_eve(renderer, &event, &len));
	alert.revision = 3;
	event_begin(renderer, &alert.decision, &event);
	assert_string_equal(redis_run("LINDEX p:eve 0")->str, event_eve(renderer, &event, &len));
}

/* Redis away, live: the second half of the queue is the events'. */
static void a_half_full_queue_mirrors_no_more(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);
	uint32_t written = 0;
	uint64_t mirrored;

	(void)state;
	config.redis_eve_list = 1000000;
	config.redis_live = REDIS_LIVE_ALERTS;
	open_sink();
	while (stats.mirror_refused < 100) {
		alert.revision = ++written;
		write_event(&alert.decision);
		assert_true(written < 100000);
	}
	close_sink();
	mirrored = written - stats.mirror_refused;
	assert_true(mirrored > 100);
	assert_int_equal(redis_run("LLEN p:eve")->integer, mirrored);
	assert_int_equal(redis_run("XLEN p:{s1}:alert")->integer, written);
}

static void a_replay_mirrors_all(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);
	uint32_t written = 0;
	struct event event;
	int error = 0;

	(void)state;
	config.redis_eve_list = 1000000;
	context.is_live = false;
	open_sink();
	while (error == 0) { /* until the whole queue is full */
		alert.revision = written + 1;
		event_begin(renderer, &alert.decision, &event);
		error = sink_redis.write(sink, renderer, &event);
		written += error == 0;
	}
	assert_int_equal(error, -EAGAIN);
	close_sink();
	assert_true(written > 1000);
	assert_int_equal(stats.mirror_refused, 0);
	assert_int_equal(redis_run("LLEN p:eve")->integer, written);
	assert_int_equal(redis_run("XLEN p:{s1}:alert")->integer, written);
}

/* It is not the sensor's data that is wrong: nothing of it is lost. */
static void a_refused_mirror_is_counted(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);

	(void)state;
	config.redis_eve_list = 10;
	redis_run("SET p:eve taken");
	open_sink();
	write_event(&alert.decision);
	assert_int_equal(sink_redis.close(sink, ring_now_ms() + 5000), 0);
	assert_int_equal(stats.mirror_refused, 2);
	assert_int_equal(redis_run("XLEN p:{s1}:alert")->integer, 1);
	assert_string_equal(redis_run("GET p:eve")->str, "taken");
}

static void off_is_off(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);

	(void)state;
	open_sink();
	write_event(&alert.decision);
	close_sink();
	assert_int_equal(redis_run("EXISTS p:eve")->integer, 0);
	assert_int_equal(redis_run("XLEN p:{s1}:alert")->integer, 1);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(off_is_off),
		WITH_SERVER(lines_are_mirrored_behind_the_event),
		WITH_SERVER(a_half_full_queue_mirrors_no_more),
		WITH_SERVER(a_replay_mirrors_all),
		WITH_SERVER(a_refused_mirror_is_counted),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, server_start, server_stop);
}
