/* correlator_bench.h: a correlator between real rings: facts go in, decisions come out. */
#ifndef TESTS_UNIT_CORRELATOR_BENCH_H
#define TESTS_UNIT_CORRELATOR_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sensor/correlator.h"
#include "tests/unit/facts.h"

#define BENCH_FEEDS     2
#define BENCH_DECISIONS 4096
#define BENCH_RING      (1u << 20)

/* A correlator between rings, and what came out so far: urgent and bulk apart, in order. */
struct bench {
	struct fact_feed feeds[BENCH_FEEDS];
	uint64_t sequence[BENCH_FEEDS];
	struct correlator_options options;
	struct correlator *correlator;
	struct stats stats;
	struct decision *urgent[BENCH_DECISIONS];
	struct decision *bulk[BENCH_DECISIONS];
	size_t urgent_count;
	size_t bulk_count;
};

static inline struct bench *bench_new(size_t feeds, size_t out_size,
				      const struct correlator_options *more)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->options = *more;
	if (bench->options.max_alerts == 0)
		bench->options.max_alerts = 100;
	if (bench->options.max_sessions == 0)
		bench->options.max_sessions = 100;
	bench->options.bell = ring_bell_new();
	for (size_t i = 0; i < feeds; i++) {
		bench->feeds[i].urgent = ring_new(BENCH_RING, bench->options.bell);
		bench->feeds[i].bulk = ring_new(BENCH_RING, bench->options.bell);
		bench->feeds[i].bell = bench->options.bell;
		atomic_init(&bench->feeds[i].watermark_ns, 0);
	}
	bench->options.feeds = bench->feeds;
	bench->options.feed_count = feeds;
	bench->options.urgent = ring_new(out_size, NULL);
	bench->options.bulk = ring_new(out_size, NULL);
	bench->options.tap = "eth0";
	bench->correlator = correlator_new(&bench->options, &bench->stats);
	assert_non_null(bench->correlator);
	return bench;
}

static inline struct bench *lossless(size_t feeds)
{
	return bench_new(feeds, BENCH_RING,
			 &(struct correlator_options){ .is_lossless = true, .stall_timeout_s = 5 });
}

static inline void bench_free(struct bench *bench)
{
	correlator_free(bench->correlator);
	for (size_t i = 0; i < BENCH_FEEDS; i++) {
		ring_free(bench->feeds[i].urgent);
		ring_free(bench->feeds[i].bulk);
	}
	ring_free(bench->options.urgent);
	ring_free(bench->options.bulk);
	ring_bell_free(bench->options.bell);
	for (size_t i = 0; i < bench->urgent_count; i++)
		free(bench->urgent[i]);
	for (size_t i = 0; i < bench->bulk_count; i++)
		free(bench->bulk[i]);
	free(bench);
}

static inline void push_to(struct bench *bench, size_t feed, bool is_bulk, struct fact *fact)
{
	struct fact_feed *to = &bench->feeds[feed];

	fact->worker = (uint16_t)feed;
	fact->sequence = ++bench->sequence[feed];
	assert_true(ring_push(is_bulk ? to->bulk : to->urgent, fact, fact->size));
}

static inline void push(struct bench *bench, size_t feed, struct fact *fact)
{
	push_to(bench, feed, fact->kind == FACT_FLOW || fact->kind == FACT_HELLO, fact);
}

static inline void push_contact(struct bench *bench, size_t feed, double seconds, uint8_t client,
				uint16_t port)
{
	struct contact_fact fact = facts_contact(seconds, client, port);

	push(bench, feed, &fact.fact);
}

static inline void push_login(struct bench *bench, size_t feed, double seconds, uint8_t client,
			      uint16_t port)
{
	struct session_fact fact = facts_login(seconds, client, port);

	push(bench, feed, &fact.fact);
}

static inline void push_job(struct bench *bench, size_t feed, double seconds, uint8_t client,
			    uint16_t port)
{
	struct session_fact fact = facts_job(seconds, client, port);

	push(bench, feed, &fact.fact);
}

static inline void push_flow(struct bench *bench, size_t feed, struct flow_record record)
{
	push(bench, feed, &record.fact);
}

static inline void set_watermark(struct bench *bench, size_t feed, uint64_t time_ns)
{
	atomic_store_explicit(&bench->feeds[feed].watermark_ns, time_ns, memory_order_release);
}

static inline void take_ring(struct ring *ring, struct decision **out, size_t *count)
{
	const void *entry;
	size_t size;

	while ((entry = ring_peek(ring, &size)) != NULL) {
		assert_true(*count < BENCH_DECISIONS);
		assert_int_equal(((const struct decision *)entry)->size, size);
		out[*count] = malloc(size);
		assert_non_null(out[*count]);
		memcpy(out[(*count)++], entry, size);
		ring_pop(ring);
	}
}

static inline void take_decisions(struct bench *bench)
{
	take_ring(bench->options.urgent, bench->urgent, &bench->urgent_count);
	take_ring(bench->options.bulk, bench->bulk, &bench->bulk_count);
}

static inline void step(struct bench *bench)
{
	while (correlator_step(bench->correlator))
		;
	take_decisions(bench);
}

/* All feeds are at their end: runs the thread's body to its own end. */
static inline void finish(struct bench *bench)
{
	for (size_t i = 0; i < bench->options.feed_count; i++) {
		set_watermark(bench, i, UINT64_MAX);
		ring_close(bench->feeds[i].urgent);
		ring_close(bench->feeds[i].bulk);
	}
	assert_null(correlator_run(bench->correlator));
	take_decisions(bench);
	assert_true(ring_is_closed(bench->options.urgent));
	assert_true(ring_is_closed(bench->options.bulk));
}

static inline const struct decision_alert *get_alert(const struct bench *bench, size_t at)
{
	for (size_t i = 0; i < bench->urgent_count; i++)
		if (bench->urgent[i]->kind == DECISION_ALERT && at-- == 0)
			return (const struct decision_alert *)bench->urgent[i];
	return NULL;
}

static inline const struct decision_session *get_session(const struct bench *bench, size_t at)
{
	for (size_t i = 0; i < bench->urgent_count; i++)
		if (bench->urgent[i]->kind == DECISION_SESSION && at-- == 0)
			return (const struct decision_session *)bench->urgent[i];
	return NULL;
}

static inline const struct decision_flow *get_flow(const struct bench *bench, size_t at)
{
	return at < bench->bulk_count ? (const struct decision_flow *)bench->bulk[at] : NULL;
}

static inline const struct decision_campaign *get_campaign(const struct bench *bench, size_t at)
{
	for (size_t i = 0; i < bench->urgent_count; i++)
		if (bench->urgent[i]->kind == DECISION_CAMPAIGN && at-- == 0)
			return (const struct decision_campaign *)bench->urgent[i];
	return NULL;
}

#endif
