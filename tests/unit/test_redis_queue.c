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

static void assert_command(const struct redis_queue *queue, size_t index, const char *text)
{
	assert_int_equal(redis_queue_entry(queue, index)->len, strlen(text));
	assert_memory_equal(redis_queue_bytes(queue, index), text, strlen(text));
}

/* The whole queue, its commands behind one another. */
static void assert_all(const struct redis_queue *queue, const char *text)
{
	size_t len = 0;

	for (size_t i = 0; i < redis_queue_batch(queue) + redis_queue_waiting(queue); i++) {
		const struct redis_entry *entry = redis_queue_entry(queue, i);

		assert_memory_equal(redis_queue_bytes(queue, i), text + len, entry->len);
		len += entry->len;
	}
	assert_int_equal(len, strlen(text));
}

static void a_batch_is_the_oldest(void **state)
{
	struct redis_queue *queue = redis_queue_new(1000);

	(void)state;
	assert_int_equal(redis_queue_begin(queue, 10, 1000), 0);
	push(queue, "one", true);
	push(queue, "three", true);
	push(queue, "four", true);
	assert_int_equal(redis_queue_begin(queue, 2, 1000), 2);
	assert_int_equal(redis_queue_waiting(queue), 1);
	redis_queue_end(queue);
	assert_int_equal(redis_queue_begin(queue, 10, 8), 2);
	redis_queue_end(queue);
	/* One that is too large goes alone. */
	assert_int_equal(redis_queue_begin(queue, 10, 1), 1);
	redis_queue_end(queue);
	assert_int_equal(redis_queue_count(queue), 3);
	redis_queue_free(queue);
}

static void what_is_not_done_keeps_its_place(void **state)
{
	struct redis_queue *queue = redis_queue_new(1000);

	(void)state;
	push(queue, "one", true);
	push(queue, "two", true);
	push(queue, "three", true);
	push(queue, "four", true);
	assert_int_equal(redis_queue_begin(queue, 3, 1000), 3);
	redis_queue_done(queue, 1);
	redis_queue_entry(queue, 2)->was_sent = true;
	push(queue, "five", false);
	assert_int_equal(redis_queue_events(queue), 3);
	assert_int_equal(redis_queue_count(queue), 4);
	redis_queue_end(queue);
	assert_all(queue, "onethreefourfive");
	assert_false(redis_queue_entry(queue, 0)->was_sent);
	assert_true(redis_queue_entry(queue, 1)->was_sent);
	assert_int_equal(redis_queue_size(queue), 16);
	assert_int_equal(redis_queue_begin(queue, 10, 1000), 4);
	for (size_t i = 0; i < 4; i++)
		redis_queue_done(queue, 3 - i);
	redis_queue_end(queue);
	assert_int_equal(redis_queue_count(queue), 0);
	assert_int_equal(redis_queue_size(queue), 0);
	assert_int_equal(redis_queue_events(queue), 0);
	redis_queue_free(queue);
}

static void one_goes_behind_with_another_id(void **state)
{
	struct redis_queue *queue = redis_queue_new(1000);
	struct redis_entry entry = {
		.len = 13, .id_at = 3, .id_len = 9, .ends_event = true, .was_sent = true
	};

	(void)state;
	assert_int_equal(redis_queue_push(queue, &entry, "add$3\r\n1-1\r\nx"), 0);
	push(queue, "two", true);
	redis_queue_begin(queue, 1, 1000);
	assert_int_equal(redis_queue_requeue(queue, 0, 22, 5), 0);
	assert_int_equal(redis_queue_events(queue), 2);
	redis_queue_end(queue);
	assert_all(queue, "twoadd$4\r\n22-5\r\nx");
	assert_false(redis_queue_entry(queue, 1)->was_sent);
	assert_int_equal(redis_queue_entry(queue, 1)->id_len, 10);
	redis_queue_free(queue);
}

static void bulk_is_dropped_behind_the_batch(void **state)
{
	struct redis_queue *queue = redis_queue_new(1000);
	struct redis_entry bulk = { .len = 4, .ends_event = true, .is_bulk = true };

	(void)state;
	assert_int_equal(redis_queue_push(queue, &bulk, "flo0"), 0);
	assert_int_equal(redis_queue_push(queue, &bulk, "flo1"), 0);
	push(queue, "alert", true);
	assert_int_equal(redis_queue_push(queue, &bulk, "flo2"), 0);
	assert_int_equal(redis_queue_push(queue, &bulk, "flo3"), 0);
	redis_queue_begin(queue, 1, 1000);
	assert_int_equal(redis_queue_drop_bulk(queue, 5), 2);
	assert_all(queue, "flo0alertflo3");
	redis_queue_end(queue);
	redis_queue_entry(queue, 0)->was_sent = true; /* Redis may have it */
	assert_int_equal(redis_queue_drop_bulk(queue, 100), 1);
	assert_all(queue, "flo0alert");
	assert_int_equal(redis_queue_events(queue), 2);
	redis_queue_free(queue);
}

static void the_oldest_can_be_dropped_unsent(void **state)
{
	struct redis_queue *queue = redis_queue_new(1000);

	(void)state;
	push(queue, "one", true);
	push(queue, "three", true);
	redis_queue_drop(queue);
	assert_int_equal(redis_queue_size(queue), 5);
	assert_int_equal(redis_queue_events(queue), 1);
	assert_command(queue, 0, "three");
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
	push(queue, "new", false);
	push(queue, "newer", true);
	redis_queue_entry(queue, 0)->was_sent = true;
	assert_int_equal(redis_queue_add_all(kept, queue), 0);
	assert_int_equal(redis_queue_events(kept), 2);
	assert_int_equal(redis_queue_count(queue), 2);
	assert_all(kept, "oldnewnewer");
	assert_false(redis_queue_entry(kept, 0)->was_sent);
	assert_true(redis_queue_entry(kept, 1)->was_sent);
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
	assert_all(queue, "entrystaterest");
	assert_true(redis_queue_entry(queue, 0)->was_sent);
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
	assert_int_equal(redis_queue_bytes(kept, 0)[0], 100 - 16);
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
		assert_command(queue, 0, text);
		redis_queue_begin(queue, 2, 1000);
		redis_queue_done(queue, 0);
		redis_queue_end(queue);
	}
	assert_int_equal(redis_queue_count(queue), 20000 - next);
	redis_queue_free(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_is_the_oldest),
		cmocka_unit_test(what_is_not_done_keeps_its_place),
		cmocka_unit_test(one_goes_behind_with_another_id),
		cmocka_unit_test(bulk_is_dropped_behind_the_batch),
		cmocka_unit_test(the_oldest_can_be_dropped_unsent),
		cmocka_unit_test(another_queue_is_added_in_its_order),
		cmocka_unit_test(what_was_kept_goes_before_the_rest),
		cmocka_unit_test(the_newest_are_kept),
		cmocka_unit_test(many_go_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
