/* redis_sink_rig.h: the Redis sink as sensor s1 under the prefix p, on the server of
 * redis_server.h. */
#ifndef TESTS_UNIT_REDIS_SINK_RIG_H
#define TESTS_UNIT_REDIS_SINK_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sensor/config.h"
#include "sensor/ring.h"
#include "sensor/sink.h"
#include "tests/unit/decisions.h"
#include "tests/unit/redis_server.h"

#define CLOSE_MS 60000

static char url[200];
static struct config config;
static struct event_context context;
static struct stats stats;
static struct sink_options options;
static struct event_renderer *renderer;
static void *sink;

/* Before each test: nothing in Redis; the sink is not open yet, so that tests can ask for more. */
static inline int rig_setup(void **state)
{
	static char prefix[] = "p";

	snprintf(url, sizeof(url), "unix://%s", server.socket);
	memset(&stats, 0, sizeof(stats));
	config = (struct config){
		.redis = url,
		.redis_prefix = prefix,
		.redis_alert_maxlen = 100000,
		.redis_flow_maxlen = 1000000,
		.redis_session_maxlen = 200000,
		.redis_expire_s = 3600,
		.redis_queue = 32 << 20,
		.max_sessions = 100,
	};
	context = test_context();
	options = (struct sink_options){ .config = &config, .context = &context, .stats = &stats };
	renderer = event_renderer_new(&context);
	return renderer == NULL ? -1 : server_reset(state);
}

static inline int rig_teardown(void **state)
{
	(void)state;
	event_renderer_free(renderer);
	renderer = NULL;
	return 0;
}

static inline void open_sink(void)
{
	char error[SINK_ERROR_TEXT];

	if (sink_redis.open(&sink, &options, error) != 0)
		fail_msg("open: %s", error);
}

static inline int try_write(const struct decision *decision)
{
	struct event event;

	event_begin(renderer, decision, &event);
	return sink_redis.write(sink, renderer, &event);
}

static inline void write_event(const struct decision *decision)
{
	assert_int_equal(try_write(decision), 0);
}

/* How many events were not acknowledged in that time. */
static inline uint64_t close_within(uint64_t ms)
{
	return sink_redis.close(sink, ring_now_ms() + ms);
}

/* Everything is acknowledged, nothing was refused. */
static inline void close_sink(void)
{
	assert_int_equal(close_within(CLOSE_MS), 0);
	assert_int_equal(stats.redis_errors, 0);
}

#endif
