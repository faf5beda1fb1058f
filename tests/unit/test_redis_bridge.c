/* test_redis_bridge.c: the list and the channel of EVE lines, on a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "sensor/log.h"
#include "tests/unit/redis_sink_rig.h"

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
	assert_int_equal(close_within(5000), 0);
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

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

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
