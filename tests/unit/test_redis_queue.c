/* test_redis_queue.c: commands wait, are sent, acknowledged, sent again, and kept as copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "sensor/redis_kept.h"

static void push(struct redis_queue *queue, const char *text, bool ends_event)
{
	struct redis_entry entry = { .len = (uint32_t)strlen(text), .ends_event = ends_event };

	assert_int_equal(redis_queue_push(queue, &entry, text), 0);
}

static void assert_to_send(const struct redis_queue *queue, const char *text)
{
	size_t len;
	const char *bytes = redis_queue_to_send(queue, &len);

	assert_int_equal(len, strlen(text));
	assert_memory_equal(bytes, text, len);
}

static void send_all(struct redis_queue *queue)
{
	size_t len;

	redis_queue_release(queue, SIZE_MAX);
	(void)redis_queue_to_send(queue, &len);
	redis_queue_sent(queue, len);
}

static void what_is_lost_is_sent_again(void **state)
{
	struct redis_queue *queue = redis_queue_new(1000);

	(void)state;
	push(queue, "one", false);
	push(queue, "two", true);
	push(queue, "three", true);
	assert_null(redis_queue_first(queue));
	redis_queue_release(queue, 2);
	assert_to_send(queue, "onetwo");
	redis_queue_sent(queue, 4);
	assert_non_null(redis_queue_first(queue));
	redis_queue_pop(queue);
	assert_null(redis_queue_first(queue)); /* "two" is only half sent */
	redis_queue_rewind(queue);
	assert_int_equal(redis_queue_waiting(queue), 2);
	redis_queue_release(queue, 2);
	assert_to_send(queue, "twothree");
	send_all(queue);
	assert_true(redis_queue_first(queue)->was_sent);
	redis_queue_pop(queue);
	assert_false(redis_queue_first(queue)->was_sent);
	redis_queue_pop(queue);
	assert_int_equal(redis_queue_events(queue), 0);
	redis_queue_free(queue);
}

static void the_oldest_can_be_dropped_unsent(void **state)
{
	struct redis_queue *queue = redis_queue_new(1000);

	(void)state;
	push(queue, "one", true);
	push(queue, "three", true);
	assert_int_equal(redis_queue_size(queue), 8);
	assert_memory_equal(redis_queue_first_bytes(queue), "one", 3);
	redis_queue_drop(queue);
	assert_int_equal(redis_queue_size(queue), 5);
	assert_int_equal(redis_queue_events(queue), 1);
	assert_memory_equal(redis_queue_first_bytes(queue), "three", 5);
	redis_queue_release(queue, 1);
	assert_to_send(queue, "three");
	send_all(queue);
	redis_queue_pop(queue);
	push(queue, "four", false);
	redis_queue_drop(queue);
	assert_int_equal(redis_queue_count(queue), 0);
	assert_int_equal(redis_queue_size(queue), 0);
	redis_queue_free(queue);
}

static void another_queue_is_added_in_its_order(void **state)
{
	struct redis_queue *kept = redis_queue_new(1000);
	struct redis_queue *queue = redis_queue_new(1000);

	(void)state;
	push(kept, "old", true);
	push(queue, "gone", true);
	push(queue, "new", false);
	push(queue, "newer", true);
	send_all(queue);
	redis_queue_pop(queue);
	redis_queue_rewind(queue);
	assert_int_equal(redis_queue_add_all(kept, queue), 0);
	assert_int_equal(redis_queue_count(kept), 3);
	assert_int_equal(redis_queue_events(kept), 2);
	assert_int_equal(redis_queue_count(queue), 2);
	redis_queue_release(kept, SIZE_MAX);
	assert_to_send(kept, "oldnewnewer");
	send_all(kept);
	assert_false(redis_queue_first(kept)->was_sent);
	redis_queue_pop(kept);
	assert_true(redis_queue_first(kept)->was_sent);
	redis_queue_free(kept);
	redis_queue_free(queue);
}

static void keep(struct redis_queue *kept, enum redis_expect expect, const char *text)
{
	struct redis_entry entry = { .len = (uint32_t)strlen(text), .expect = (uint8_t)expect };

	redis_kept_add(kept, &entry, text);
}

static void what_was_kept_goes_before_the_rest(void **state)
{
	struct redis_queue *kept = redis_queue_new(1000);
	struct redis_queue *queue = redis_queue_new(1000);

	(void)state;
	keep(kept, REDIS_EXPECT_ID, "entry");
	keep(kept, REDIS_EXPECT_OWNER, "owner"); /* not for another connection */
	keep(kept, REDIS_EXPECT_INTEGER, "state");
	push(queue, "rest", true);
	assert_int_equal(redis_kept_recall(&kept, &queue, 1000), 0);
	assert_int_equal(redis_queue_count(kept), 0);
	redis_queue_release(queue, SIZE_MAX);
	assert_to_send(queue, "entrystaterest");
	send_all(queue);
	assert_true(redis_queue_first(queue)->was_sent);
	redis_queue_free(kept);
	redis_queue_free(queue);
}

static void the_newest_are_kept(void **state)
{
	static char large[1 << 20];
	struct redis_queue *kept = redis_queue_new(1000);
	struct redis_entry entry = { .len = sizeof(large) };

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		memset(large, (int)i, sizeof(large));
		redis_kept_add(kept, &entry, large);
		assert_true(redis_queue_size(kept) <= REDIS_KEPT_BYTES);
	}
	assert_int_equal(redis_queue_count(kept), REDIS_KEPT_BYTES / sizeof(large));
	assert_int_equal(redis_queue_first_bytes(kept)[0], 100 - 16);
	redis_queue_free(kept);
}

/* Entries and bytes move when their memory wraps and grows: both stay together. */
static void many_go_through(void **state)
{
	struct redis_queue *queue = redis_queue_new(1 << 20);
	unsigned next = 0;
	char text[16];

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "<%u>", i);
		push(queue, text, true);
		if (i % 3 == 0)
			continue;
		snprintf(text, sizeof(text), "<%u>", next++);
		assert_memory_equal(redis_queue_first_bytes(queue), text, strlen(text));
		redis_queue_drop(queue);
	}
	assert_int_equal(redis_queue_count(queue), 20000 - next);
	redis_queue_free(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_lost_is_sent_again),
		cmocka_unit_test(the_oldest_can_be_dropped_unsent),
		cmocka_unit_test(another_queue_is_added_in_its_order),
		cmocka_unit_test(what_was_kept_goes_before_the_rest),
		cmocka_unit_test(the_newest_are_kept),
		cmocka_unit_test(many_go_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
