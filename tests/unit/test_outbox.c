/* test_outbox.c: what sensor/outbox.c keeps, drops and waits for. */
#include "sensor/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A decision of any size, told apart by its time. */
struct parcel {
	struct decision decision;
	uint8_t rest[240];
};

static struct decision *parcel_of(struct parcel *parcel, uint64_t number, uint32_t size)
{
	memset(parcel, 0, sizeof(*parcel));
	parcel->decision.time_ns = number;
	parcel->decision.size = size;
	return &parcel->decision;
}

static struct outbox outbox_of(struct stats *stats, bool is_lossless)
{
	memset(stats, 0, sizeof(*stats));
	return (struct outbox){ .urgent = ring_new(1024, NULL),
				.bulk = ring_new(1024, NULL),
				.stats = stats,
				.is_lossless = is_lossless };
}

static void free_all(struct outbox *outbox)
{
	outbox_fini(outbox);
	ring_free(outbox->urgent);
	ring_free(outbox->bulk);
}

/* The number of the next decision on the ring, 0: none. */
static uint64_t take(struct ring *ring)
{
	const struct decision *decision;
	uint64_t number;
	size_t size;

	decision = ring_peek(ring, &size);
	if (decision == NULL)
		return 0;
	assert_int_equal(decision->size, size);
	number = decision->time_ns;
	ring_pop(ring);
	return number;
}

static void test_live_urgent_keeps_its_place(void **state)
{
	struct stats stats;
	struct outbox outbox = outbox_of(&stats, false);
	struct parcel parcel;

	(void)state;
	for (uint64_t i = 1; i <= 5; i++)
		outbox_send_urgent(&outbox, parcel_of(&parcel, i, 200));
	/* 192 bytes are left: number 5 waits, and a small one may not overtake it. */
	assert_int_equal(outbox.count, 1);
	outbox_send_urgent(&outbox, parcel_of(&parcel, 6, sizeof(struct decision)));
	assert_int_equal(outbox.count, 2);
	assert_false(outbox_retry(&outbox));
	for (uint64_t i = 1; i <= 4; i++)
		assert_int_equal(take(outbox.urgent), i);
	assert_int_equal(take(outbox.urgent), 0);
	assert_true(outbox_retry(&outbox));
	assert_int_equal(outbox.count, 0);
	outbox_send_urgent(&outbox, parcel_of(&parcel, 7, 200));
	for (uint64_t i = 5; i <= 7; i++)
		assert_int_equal(take(outbox.urgent), i);
	assert_int_equal(stats.decisions_dropped, 0);
	free_all(&outbox);
}

static void test_live_queue_is_capped(void **state)
{
	struct stats stats;
	struct outbox outbox = outbox_of(&stats, false);
	struct parcel parcel;
	uint64_t number = 0;

	(void)state;
	while (outbox.count < OUTBOX_QUEUE_MAX)
		outbox_send_urgent(&outbox, parcel_of(&parcel, ++number, 200));
	assert_int_equal(number, OUTBOX_QUEUE_MAX + 4);
	assert_int_equal(stats.decisions_dropped, 0);
	outbox_send_urgent(&outbox, parcel_of(&parcel, ++number, 200));
	assert_int_equal(outbox.count, OUTBOX_QUEUE_MAX);
	assert_int_equal(stats.decisions_dropped, 1);
	/* Those that were kept come out, all of them and in order. */
	for (uint64_t i = 1; i < number; i++) {
		assert_int_equal(take(outbox.urgent), i);
		outbox_retry(&outbox);
	}
	assert_int_equal(take(outbox.urgent), 0);
	free_all(&outbox);
}

static void test_live_bulk_is_dropped(void **state)
{
	struct stats stats;
	struct outbox outbox = outbox_of(&stats, false);
	struct parcel parcel;

	(void)state;
	for (uint64_t i = 1; i <= 6; i++)
		outbox_send_bulk(&outbox, parcel_of(&parcel, i, 200));
	assert_int_equal(stats.decisions_dropped, 2);
	assert_int_equal(outbox.count, 0);
	for (uint64_t i = 1; i <= 4; i++)
		assert_int_equal(take(outbox.bulk), i);
	assert_int_equal(take(outbox.bulk), 0);
	free_all(&outbox);
}

static void test_live_close_hands_over_the_queue(void **state)
{
	struct stats stats;
	struct outbox outbox = outbox_of(&stats, false);
	struct parcel parcel;

	(void)state;
	for (uint64_t i = 1; i <= 5; i++)
		outbox_send_urgent(&outbox, parcel_of(&parcel, i, 200));
	assert_int_equal(outbox.count, 1);
	/* The publisher has taken what it could. */
	for (uint64_t i = 1; i <= 4; i++)
		assert_int_equal(take(outbox.urgent), i);
	outbox_close(&outbox);
	assert_false(ring_is_closed(outbox.urgent));
	assert_true(ring_is_closed(outbox.bulk));
	assert_int_equal(take(outbox.urgent), 5);
	assert_true(ring_is_closed(outbox.urgent));
	assert_int_equal(stats.decisions_dropped, 0);
	free_all(&outbox);
}

static void test_lossless_stalls_for_good(void **state)
{
	struct stats stats;
	struct outbox outbox = outbox_of(&stats, true);
	struct parcel parcel;

	(void)state;
	for (uint64_t i = 1; i <= 4; i++)
		outbox_send_bulk(&outbox, parcel_of(&parcel, i, 200));
	assert_false(outbox.is_stalled);
	outbox_send_bulk(&outbox, parcel_of(&parcel, 5, 200));
	assert_true(outbox.is_stalled);
	assert_int_equal(stats.decisions_dropped, 1);
	/* There is room on this one, but what follows a loss is not sent. */
	outbox_send_urgent(&outbox, parcel_of(&parcel, 6, 200));
	assert_int_equal(stats.decisions_dropped, 2);
	assert_int_equal(take(outbox.urgent), 0);
	free_all(&outbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live_urgent_keeps_its_place),
		cmocka_unit_test(test_live_queue_is_capped),
		cmocka_unit_test(test_live_bulk_is_dropped),
		cmocka_unit_test(test_live_close_hands_over_the_queue),
		cmocka_unit_test(test_lossless_stalls_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
