/* test_sink_redis_queue.c: what becomes of events when Redis is silent and the queue is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "sensor/log.h"
#include "tests/unit/redis_sink_fields.h"

/* So many of each while Redis is silent; the queue has room for a part. */
static int write_many(unsigned count, unsigned *flows)
{
	*flows = 0;
	for (unsigned i = 0; i < count; i++) {
		struct decision_alert alert = test_alert((uint8_t)(i % 200), SID_SESSION, i + 1);
		struct decision_flow flow = test_flow((uint8_t)(i % 200), false);
		struct event event;
		int result;

		flow.parties.flow_id = 1000 + i;
		event_begin(renderer, &flow.decision, &event);
		result = sink_redis.write(sink, renderer, &event);
		if (result != 0)
			return result;
		++*flows;
		if (i % 100 == 0)
			write_event(&alert.decision);
	}
	return 0;
}

static void poll_until_sent(void)
{
	struct pollfd want;

	redis_run("CLIENT UNPAUSE");
	while (sink_redis.poll(sink, ring_now_ms(), &want) == -EAGAIN)
		pause_ms(2);
}

static void live_the_oldest_flow_records_make_room(void **state)
{
	const unsigned count = 4000;
	redisReply *reply;
	unsigned flows;
	char want[32];

	(void)state;
	config.redis_queue = 1 << 20;
	open_sink();
	assert_int_equal(write_many(count, &flows), 0);
	assert_true(stats.redis_dropped > 100 && stats.redis_dropped < count);
	poll_until_sent();
	assert_int_equal(redis_run("XLEN p:{s1}:alert")->integer, count / 100);
	reply = redis_run("XRANGE p:{s1}:flow - +");
	assert_int_equal(reply->elements + stats.redis_dropped, count);
	/* Those that are there are the newest, in order. */
	for (size_t i = 0; i < reply->elements; i++) {
		snprintf(want, sizeof(want), "%zu", 1000 + count - reply->elements + i);
		assert_string_equal(entry_field(reply->element[i], "flow_id"), want);
	}
	assert_int_equal(sink_redis.close(sink, ring_now_ms() + 1000), stats.redis_dropped);
}

/* What was sent and not answered may be there: it is not dropped. */
static void what_was_sent_is_not_dropped(void **state)
{
	unsigned first;
	unsigned flows;
	struct pollfd want;
	redisReply *reply;

	(void)state;
	config.redis_queue = 1 << 20;
	open_sink();
	assert_int_equal(write_many(200, &first), 0);
	redis_run("CLIENT PAUSE 5000 ALL");
	sink_redis.poll(sink, ring_now_ms(), &want);
	assert_int_equal(write_many(4000, &flows), 0);
	assert_true(stats.redis_dropped > 100);
	poll_until_sent();
	reply = redis_run("XRANGE p:{s1}:flow - +");
	assert_int_equal(reply->elements + stats.redis_dropped, first + flows);
	assert_string_equal(entry_field(reply->element[0], "flow_id"), "1000");
	assert_string_equal(entry_field(reply->element[199], "flow_id"), "1199");
	assert_int_equal(sink_redis.close(sink, ring_now_ms() + 1000), stats.redis_dropped);
}

static void from_a_file_the_reader_waits(void **state)
{
	unsigned flows;

	(void)state;
	config.redis_queue = 1 << 20;
	context.is_live = false;
	open_sink();
	assert_int_equal(write_many(4000, &flows), -EAGAIN);
	assert_int_equal(stats.redis_dropped, 0);
	poll_until_sent();
	assert_int_equal(redis_run("XLEN p:{s1}:flow")->integer, flows);
	close_sink();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(live_the_oldest_flow_records_make_room),
		WITH_SERVER(what_was_sent_is_not_dropped),
		WITH_SERVER(from_a_file_the_reader_waits),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, server_start, server_stop);
}
