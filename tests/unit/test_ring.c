/* test_ring.c: order, room, wrapping, closing and waking of sensor/ring.c, also with two threads.
 */
#include "sensor/ring.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifndef RING_TEST_ENTRIES
#define RING_TEST_ENTRIES 200000u
#endif

static bool is_readable(const struct ring_bell *bell)
{
	struct pollfd pollfd = { .fd = ring_bell_fd(bell), .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1;
}

/* Fills entry with bytes that depend on seed and position. */
static void fill(uint8_t *entry, size_t size, uint32_t seed)
{
	for (size_t i = 0; i < size; i++)
		entry[i] = (uint8_t)(seed * 31 + i * 7 + (seed >> 8));
}

static void assert_entry(struct ring *ring, size_t size, uint32_t seed)
{
	uint8_t expected[256];
	size_t got = SIZE_MAX;
	const void *entry = ring_peek(ring, &got);

	assert_non_null(entry);
	assert_int_equal(got, size);
	assert_int_equal((uintptr_t)entry % 8, 0);
	fill(expected, size, seed);
	assert_memory_equal(entry, expected, size);
	ring_pop(ring);
}

static void test_keeps_order_and_bytes(void **state)
{
	struct ring *ring = ring_new(1024, NULL);
	uint8_t entry[256];
	size_t size;

	(void)state;
	assert_non_null(ring);
	assert_null(ring_peek(ring, &size));
	for (uint32_t i = 0; i < 20; i++) {
		fill(entry, i, i);
		assert_true(ring_push(ring, entry, i));
	}
	assert_true(ring_waiting(ring) > 0);
	for (uint32_t i = 0; i < 20; i++)
		assert_entry(ring, i, i);
	assert_null(ring_peek(ring, &size));
	assert_int_equal(ring_waiting(ring), 0);
	ring_free(ring);
}

static void test_peek_does_not_take(void **state)
{
	struct ring *ring = ring_new(64, NULL);
	size_t size;

	(void)state;
	assert_true(ring_push(ring, "abc", 3));
	assert_memory_equal(ring_peek(ring, &size), "abc", 3);
	assert_memory_equal(ring_peek(ring, &size), "abc", 3);
	ring_pop(ring);
	assert_null(ring_peek(ring, &size));
	ring_free(ring);
}

static void test_size_is_rounded_up(void **state)
{
	struct ring *ring = ring_new(100, NULL); /* 128 */
	uint8_t entry[32] = { 0 };

	(void)state;
	/* 40 bytes each with header: three fit into 128, a fourth does not. */
	assert_true(ring_push(ring, entry, sizeof(entry)));
	assert_true(ring_push(ring, entry, sizeof(entry)));
	assert_true(ring_push(ring, entry, sizeof(entry)));
	assert_false(ring_push(ring, entry, sizeof(entry)));
	/* The 8 bytes that are left hold an empty entry, and then nothing. */
	assert_true(ring_push(ring, entry, 0));
	assert_false(ring_push(ring, entry, 0));
	ring_free(ring);
}

static void test_full_refuses_until_popped(void **state)
{
	struct ring *ring = ring_new(64, NULL);
	uint8_t entry[16];
	unsigned pushed = 0;

	(void)state;
	for (;;) {
		fill(entry, 8, pushed);
		if (!ring_push(ring, entry, 8))
			break;
		pushed++;
	}
	assert_int_equal(pushed, 4);
	assert_int_equal(ring_waiting(ring), 64);
	assert_false(ring_push(ring, entry, 1));
	assert_entry(ring, 8, 0);
	fill(entry, 8, 4);
	assert_true(ring_push(ring, entry, 8));
	assert_false(ring_push(ring, entry, 8));
	for (uint32_t i = 1; i <= 4; i++)
		assert_entry(ring, 8, i);
	ring_free(ring);
}

/* From every start offset, entries of every allowed size come out whole. */
static void test_wraps_at_each_offset(void **state)
{
	uint8_t entry[256];

	(void)state;
	for (unsigned offset = 0; offset < 32; offset++) {
		for (size_t size = 0; size <= 64; size++) {
			struct ring *ring = ring_new(256, NULL);
			size_t ignored;

			assert_non_null(ring);
			for (unsigned i = 0; i < offset; i++) {
				assert_true(ring_push(ring, entry, 0));
				assert_non_null(ring_peek(ring, &ignored));
				ring_pop(ring);
			}
			for (uint32_t i = 0; i < 40; i++) {
				fill(entry, size, i);
				assert_true(ring_push(ring, entry, size));
				if (i % 2 == 1) {
					assert_entry(ring, size, i - 1);
					assert_entry(ring, size, i);
				}
			}
			assert_null(ring_peek(ring, &ignored));
			ring_free(ring);
		}
	}
}

static void test_closed_is_seen_when_empty(void **state)
{
	struct ring *ring = ring_new(64, NULL);
	size_t size;

	(void)state;
	assert_false(ring_is_closed(ring));
	assert_true(ring_push(ring, "x", 1));
	ring_close(ring);
	assert_false(ring_is_closed(ring));
	assert_non_null(ring_peek(ring, &size));
	ring_pop(ring);
	assert_null(ring_peek(ring, &size));
	assert_true(ring_is_closed(ring));
	ring_free(ring);
}

static void test_push_wait_gives_up(void **state)
{
	struct ring *ring = ring_new(64, NULL);
	uint8_t entry[16] = { 0 };
	uint64_t start;
	size_t size;

	(void)state;
	while (ring_push(ring, entry, 16))
		;
	start = ring_now_ms();
	assert_false(ring_push_wait(ring, entry, 16, start + 20));
	assert_true(ring_now_ms() - start >= 20);
	/* A deadline that has passed still means one try. */
	assert_false(ring_push_wait(ring, entry, 16, 0));
	assert_non_null(ring_peek(ring, &size));
	ring_pop(ring);
	assert_true(ring_push_wait(ring, entry, 16, 0));
	ring_free(ring);
}

static void test_push_rings_only_a_sleeper(void **state)
{
	struct ring_bell *bell = ring_bell_new();
	struct ring *ring = ring_new(256, bell);

	(void)state;
	assert_non_null(bell);
	assert_true(ring_push(ring, "a", 1));
	assert_false(is_readable(bell));
	ring_bell_ring(bell);
	assert_false(is_readable(bell));
	ring_bell_prepare(bell);
	assert_true(ring_push(ring, "b", 1));
	assert_true(is_readable(bell));
	/* Once is enough: the consumer is awake from here on. */
	ring_bell_cancel(bell);
	assert_false(is_readable(bell));
	assert_true(ring_push(ring, "c", 1));
	assert_false(is_readable(bell));
	/* A prepare that was taken back leaves nothing behind. */
	ring_bell_prepare(bell);
	ring_bell_cancel(bell);
	ring_close(ring);
	assert_false(is_readable(bell));
	ring_bell_prepare(bell);
	ring_close(ring);
	assert_true(is_readable(bell));
	ring_bell_wait(bell, 10000);
	assert_false(is_readable(bell));
	ring_free(ring);
	ring_bell_free(bell);
}

static void test_wait_times_out(void **state)
{
	struct ring_bell *bell = ring_bell_new();
	uint64_t start = ring_now_ms();

	(void)state;
	ring_bell_prepare(bell);
	ring_bell_wait(bell, 20);
	assert_true(ring_now_ms() - start >= 19);
	ring_bell_free(bell);
}

struct pair {
	struct ring *ring;
	struct ring_bell *bell;
	uint32_t entries;
	bool waits; /* the producer uses ring_push_wait() */
	bool has_refused;
	struct ring *back; /* ping-pong: the answer's ring */
};

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void *produce(void *ctx)
{
	struct pair *pair = ctx;
	uint8_t entry[1024];
	uint32_t seed = 1;

	for (uint32_t i = 0; i < pair->entries; i++) {
		size_t size = sizeof(i) + next_random(&seed) % 256;

		memset(entry, (int)(i & 0xff), size);
		memcpy(entry, &i, sizeof(i));
		if (pair->waits) {
			if (!ring_push_wait(pair->ring, entry, size, ring_now_ms() + 60000))
				pair->has_refused = true;
		} else {
			while (!ring_push(pair->ring, entry, size))
				sched_yield();
		}
	}
	ring_close(pair->ring);
	return NULL;
}

/* Takes everything, sleeping on the bell; every entry must be the next one and whole. */
static void consume(struct pair *pair)
{
	uint32_t seed = 1;
	uint32_t expected = 0;

	for (;;) {
		size_t size;
		const uint8_t *entry = ring_peek(pair->ring, &size);

		if (entry == NULL) {
			if (ring_is_closed(pair->ring))
				break;
			ring_bell_prepare(pair->bell);
			if (ring_peek(pair->ring, &size) != NULL || ring_is_closed(pair->ring))
				ring_bell_cancel(pair->bell);
			else
				ring_bell_wait(pair->bell, 60000);
			continue;
		}
		uint32_t number;

		memcpy(&number, entry, sizeof(number));
		assert_int_equal(number, expected);
		assert_int_equal(size, sizeof(number) + next_random(&seed) % 256);
		for (size_t i = sizeof(number); i < size; i++)
			if (entry[i] != (uint8_t)number)
				fail_msg("entry %u is damaged at %zu", number, i);
		ring_pop(pair->ring);
		expected++;
	}
	assert_int_equal(expected, pair->entries);
}

static void run_pair(size_t ring_size, uint32_t entries, bool waits)
{
	struct pair pair = { .entries = entries, .waits = waits };
	pthread_t producer;

	pair.bell = ring_bell_new();
	pair.ring = ring_new(ring_size, pair.bell);
	assert_non_null(pair.ring);
	assert_int_equal(pthread_create(&producer, NULL, produce, &pair), 0);
	consume(&pair);
	assert_int_equal(pthread_join(producer, NULL), 0);
	assert_false(pair.has_refused);
	ring_free(pair.ring);
	ring_bell_free(pair.bell);
}

static void test_two_threads(void **state)
{
	(void)state;
	run_pair(64 * 1024, RING_TEST_ENTRIES, true);
}

static void test_two_threads_in_a_tight_ring(void **state)
{
	(void)state;
	run_pair(2048, RING_TEST_ENTRIES / 10, false);
}

/* Neither the producer nor the consumer. What it sees is old, but never less than nothing: that
 * shows on machines that may carry out two reads in either order. */
static void *watch_level(void *ctx)
{
	struct pair *pair = ctx;

	while (!ring_is_closed(pair->ring))
		if (ring_waiting(pair->ring) > SIZE_MAX / 2)
			pair->has_refused = true;
	return NULL;
}

static void test_a_third_thread_reads_the_level(void **state)
{
	struct pair pair = { .entries = RING_TEST_ENTRIES / 10 };
	pthread_t producer;
	pthread_t watcher;

	(void)state;
	pair.bell = ring_bell_new();
	pair.ring = ring_new(2048, pair.bell);
	assert_non_null(pair.ring);
	assert_int_equal(pthread_create(&watcher, NULL, watch_level, &pair), 0);
	assert_int_equal(pthread_create(&producer, NULL, produce, &pair), 0);
	consume(&pair);
	assert_int_equal(pthread_join(producer, NULL), 0);
	assert_int_equal(pthread_join(watcher, NULL), 0);
	assert_false(pair.has_refused);
	ring_free(pair.ring);
	ring_bell_free(pair.bell);
}

/* Answers each entry; sleeps for each, so that one lost wake-up stops everything. */
static void *echo(void *ctx)
{
	struct pair *pair = ctx;

	for (uint32_t i = 0; i < pair->entries;) {
		size_t size;

		ring_bell_prepare(pair->bell);
		if (ring_peek(pair->ring, &size) == NULL)
			ring_bell_wait(pair->bell, 20000);
		else
			ring_bell_cancel(pair->bell);
		const void *entry = ring_peek(pair->ring, &size);

		if (entry == NULL)
			continue;
		ring_push(pair->back, entry, size);
		ring_pop(pair->ring);
		i++;
	}
	return NULL;
}

static void test_no_wakeup_is_lost(void **state)
{
	struct ring_bell *here = ring_bell_new();
	struct pair pair = { .entries = 5000, .bell = ring_bell_new() };
	uint64_t start = ring_now_ms();
	pthread_t thread;

	(void)state;
	pair.ring = ring_new(1024, pair.bell);
	pair.back = ring_new(1024, here);
	assert_int_equal(pthread_create(&thread, NULL, echo, &pair), 0);
	for (uint32_t i = 0; i < pair.entries; i++) {
		const void *entry;
		size_t size;

		assert_true(ring_push(pair.ring, &i, sizeof(i)));
		while ((entry = ring_peek(pair.back, &size)) == NULL) {
			ring_bell_prepare(here);
			if (ring_peek(pair.back, &size) == NULL)
				ring_bell_wait(here, 20000);
			else
				ring_bell_cancel(here);
		}
		assert_memory_equal(entry, &i, sizeof(i));
		ring_pop(pair.back);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	/* A single lost one costs its whole time-out. */
	assert_true(ring_now_ms() - start < 20000);
	ring_free(pair.ring);
	ring_free(pair.back);
	ring_bell_free(pair.bell);
	ring_bell_free(here);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keeps_order_and_bytes),
		cmocka_unit_test(test_peek_does_not_take),
		cmocka_unit_test(test_size_is_rounded_up),
		cmocka_unit_test(test_full_refuses_until_popped),
		cmocka_unit_test(test_wraps_at_each_offset),
		cmocka_unit_test(test_closed_is_seen_when_empty),
		cmocka_unit_test(test_push_wait_gives_up),
		cmocka_unit_test(test_push_rings_only_a_sleeper),
		cmocka_unit_test(test_wait_times_out),
		cmocka_unit_test(test_two_threads),
		cmocka_unit_test(test_two_threads_in_a_tight_ring),
		cmocka_unit_test(test_a_third_thread_reads_the_level),
		cmocka_unit_test(test_no_wakeup_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
