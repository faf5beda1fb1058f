/* test_fact_outlet.c: order over both rings, what waits when they are full, and stalls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "sensor/fact_outlet.h"

#define RING    8192
#define WORKER  3
#define PATIENT 3600 /* seconds: longer than any machine needs */
#define BACKLOG 512

static struct ring_bell *bell;
static struct fact_feed feed;
static struct fact_outlet *outlet;
static struct stats stats;
static _Atomic bool lost;

static void outlet_of(bool is_lossless, uint32_t stall_timeout_s)
{
	fact_outlet_free(outlet);
	outlet = fact_outlet_new(&(struct fact_outlet_options){ .feed = &feed,
								.worker = WORKER,
								.is_lossless = is_lossless,
								.stall_timeout_s = stall_timeout_s,
								.lost = &lost,
								.stats = &stats });
	assert_non_null(outlet);
}

static int setup(void **state)
{
	(void)state;
	memset(&stats, 0, sizeof(stats));
	lost = false;
	bell = ring_bell_new();
	feed = (struct fact_feed){ .bell = bell };
	feed.urgent = ring_new(RING, bell);
	feed.bulk = ring_new(RING, bell);
	assert_true(bell != NULL && feed.urgent != NULL && feed.bulk != NULL);
	outlet_of(false, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fact_outlet_free(outlet);
	outlet = NULL;
	ring_free(feed.urgent);
	ring_free(feed.bulk);
	ring_bell_free(bell);
	return 0;
}

/* A fact that is told from others by its flow. */
static struct contact_fact fact_of(uint64_t flow_id)
{
	struct contact_fact fact;

	memset(&fact, 0, sizeof(fact));
	fact.fact = (struct fact){ .time_ns = 7, .size = sizeof(fact), .kind = FACT_CONTACT };
	fact.flow_id = flow_id;
	return fact;
}

static bool urgent(uint64_t flow_id)
{
	struct contact_fact fact = fact_of(flow_id);

	return fact_outlet_urgent(outlet, &fact.fact);
}

static bool bulk(uint64_t flow_id)
{
	struct contact_fact fact = fact_of(flow_id);

	return fact_outlet_bulk(outlet, &fact.fact);
}

/* Takes the next fact and gives its sequence; 0: there is none. It must be that flow's. */
static uint64_t take(struct ring *ring, uint64_t flow_id)
{
	size_t size;
	const struct contact_fact *fact = ring_peek(ring, &size);
	uint64_t sequence;

	if (fact == NULL)
		return 0;
	assert_int_equal(size, sizeof(*fact));
	assert_int_equal(fact->fact.size, size);
	assert_int_equal(fact->fact.kind, FACT_CONTACT);
	assert_int_equal(fact->fact.worker, WORKER);
	assert_int_equal(fact->fact.time_ns, 7);
	assert_int_equal(fact->flow_id, flow_id);
	sequence = fact->fact.sequence;
	ring_pop(ring);
	return sequence;
}

static void test_order_over_both_rings(void **state)
{
	(void)state;
	assert_true(urgent(1));
	assert_true(bulk(2));
	assert_true(bulk(3));
	assert_true(urgent(4));
	assert_int_equal(take(feed.bulk, 2), 2);
	assert_int_equal(take(feed.bulk, 3), 3);
	assert_int_equal(take(feed.bulk, 0), 0);
	assert_int_equal(take(feed.urgent, 1), 1);
	assert_int_equal(take(feed.urgent, 4), 4);
	assert_int_equal(take(feed.urgent, 0), 0);
	assert_int_equal(stats.facts, 4);
	assert_int_equal(stats.facts_refused, 0);
}

/* Fills the urgent ring; returns how many facts are in it. */
static uint64_t fill_urgent(void)
{
	uint64_t before = stats.facts;
	uint64_t count = 0;

	while (stats.facts_refused == 0)
		assert_true(urgent(++count));
	assert_int_equal(stats.facts - before, count - 1);
	return count - 1; /* the last one waits */
}

static void test_urgent_waits_in_order(void **state)
{
	uint64_t in_ring = fill_urgent();
	uint64_t last = 0;

	(void)state;
	for (uint64_t id = in_ring + 2; id <= in_ring + 10; id++)
		assert_true(urgent(id));
	assert_int_equal(stats.facts_refused, 10);
	/* Others go on, and never with a number that was given out. */
	assert_true(bulk(1000));
	assert_int_equal(take(feed.bulk, 1000), in_ring + 1);
	fact_outlet_retry(outlet); /* there is no room yet */
	assert_int_equal(stats.facts, in_ring + 1);
	for (uint64_t id = 1; id <= in_ring; id++) {
		uint64_t sequence = take(feed.urgent, id);

		assert_true(sequence > last);
		last = sequence;
	}
	/* There is room, but what waits goes first. */
	assert_true(urgent(in_ring + 11));
	assert_int_equal(take(feed.urgent, 0), 0);
	fact_outlet_retry(outlet);
	for (uint64_t id = in_ring + 1; id <= in_ring + 11; id++) {
		uint64_t sequence = take(feed.urgent, id);

		assert_true(sequence > last);
		last = sequence;
	}
	assert_int_equal(take(feed.urgent, 0), 0);
	assert_int_equal(last, stats.facts);
	assert_true(urgent(5000));
	assert_int_equal(take(feed.urgent, 5000), last + 1);
	assert_false(lost);
}

/* A full backlog refuses; around its end and back it keeps its order. */
static void test_full_backlog(void **state)
{
	uint64_t in_ring = fill_urgent();
	uint64_t taken = 0;
	uint64_t given = in_ring + 1;

	(void)state;
	while (given < in_ring + BACKLOG)
		assert_true(urgent(++given));
	assert_false(urgent(9999));
	assert_int_equal(stats.facts_refused, BACKLOG + 1);
	for (unsigned round = 0; round < 100; round++) {
		while (taken < given - BACKLOG)
			assert_true(take(feed.urgent, ++taken) != 0);
		fact_outlet_retry(outlet);
		while (urgent(given + 1))
			given++;
	}
	assert_true(given > (uint64_t)3 * BACKLOG);
	while (taken < given) {
		if (take(feed.urgent, taken + 1) != 0)
			taken++;
		else
			fact_outlet_retry(outlet);
	}
	assert_int_equal(take(feed.urgent, 0), 0);
	fact_outlet_retry(outlet);
	assert_int_equal(take(feed.urgent, 0), 0);
	assert_int_equal(stats.facts, given);
}

static void test_bulk_is_dropped(void **state)
{
	uint64_t count = 0;

	(void)state;
	while (bulk(count + 1))
		count++;
	assert_true(count > 10);
	assert_int_equal(stats.facts, count);
	assert_int_equal(take(feed.bulk, 1), 1);
	assert_true(bulk(7777)); /* what was dropped left no gap in the numbers */
	for (uint64_t id = 2; id <= count; id++)
		assert_int_equal(take(feed.bulk, id), id);
	assert_int_equal(take(feed.bulk, 7777), count + 1);
	assert_int_equal(take(feed.bulk, 0), 0);
	assert_false(lost);
}

/* The largest fact waits whole. */
static void test_the_largest_fact(void **state)
{
	static struct session_fact session;
	uint64_t in_ring = fill_urgent();
	size_t size;
	const struct session_fact *got;

	(void)state;
	memset(&session, 0x5a, sizeof(session));
	session.fact = (struct fact){ .size = sizeof(session), .kind = FACT_SESSION };
	assert_true(fact_outlet_urgent(outlet, &session.fact));
	for (uint64_t id = 1; id <= in_ring; id++)
		assert_true(take(feed.urgent, id) != 0);
	fact_outlet_retry(outlet);
	assert_true(take(feed.urgent, in_ring + 1) != 0);
	got = ring_peek(feed.urgent, &size);
	assert_non_null(got);
	assert_int_equal(size, sizeof(session));
	assert_memory_equal(&got->flow_id, &session.flow_id,
			    sizeof(session) - offsetof(struct session_fact, flow_id));
}

/* Lossless, and nobody takes anything: given up once, and then at once. */
static void test_a_stall(void **state)
{
	uint64_t count = 0;

	(void)state;
	outlet_of(true, 0);
	while (bulk(count + 1))
		count++;
	assert_true(lost);
	outlet_of(true, PATIENT);
	assert_false(bulk(1));
	(void)fill_urgent();
	assert_true(lost);
	assert_int_equal(take(feed.bulk, 1), 1);
	assert_true(bulk(8888)); /* where there is room it goes on */
}

#define MANY 20000u

static void *consume(void *arg)
{
	struct ring *ring = arg;
	uint64_t last = 0;
	uint64_t count = 0;

	while (count < MANY) {
		size_t size;
		const struct contact_fact *fact = ring_peek(ring, &size);

		if (fact == NULL) {
			(void)sched_yield();
			continue;
		}
		if (fact->fact.sequence <= last || fact->flow_id != count)
			break;
		last = fact->fact.sequence;
		count++;
		ring_pop(ring);
	}
	return (void *)(uintptr_t)count;
}

/* Lossless with slow readers: all arrive, in order, none refused. */
static void test_lossless_waits(void **state)
{
	pthread_t threads[2];
	void *count;

	(void)state;
	outlet_of(true, PATIENT);
	assert_int_equal(pthread_create(&threads[0], NULL, consume, feed.urgent), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, consume, feed.bulk), 0);
	for (uint64_t id = 0; id < MANY; id++) {
		assert_true(urgent(id));
		assert_true(bulk(id));
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &count), 0);
		assert_int_equal((uintptr_t)count, MANY);
	}
	assert_false(lost);
	assert_int_equal(stats.facts, 2 * MANY);
	assert_int_equal(stats.facts_refused, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_order_over_both_rings), TEST(test_urgent_waits_in_order),
		TEST(test_full_backlog),          TEST(test_bulk_is_dropped),
		TEST(test_the_largest_fact),      TEST(test_a_stall),
		TEST(test_lossless_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
