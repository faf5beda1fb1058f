/* publisher.c: takes decisions from the correlator's two rings and feeds the sinks.
 *
 * Each ring is a lane whose oldest entry is offered to every sink once; a sink that has no room is
 * offered the same entry again after its poll, the others do not wait for it twice. A lane that
 * waits does not hold up the other, so that flow records never keep an alert back. */
#include "sensor/publisher.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sensor/log.h"
#include "sensor/thread_cpu.h"

#define PUBLISHER_URGENT  32  /* of them that a journal may have to write and sync: within 10 ms */
#define PUBLISHER_BURST   256 /* events between two polls of the sinks */
#define PUBLISHER_BUSY_MS 20  /* longest sleep while a sink holds something */
#define PUBLISHER_IDLE_MS 500
#define PUBLISHER_FREE_MS 1000
#define PUBLISHER_NAP_NS  1000000 /* a fraction of what a server needs for all it was sent */
#define FETCH_AHEAD       4       /* entries: memory takes as long as rendering one or two */
#define FETCH_BYTES       512     /* what most entries have */
#define PUBLISHER_LAST_MS 3000    /* for all before us to end after the deadline has passed */

struct lane {
	struct ring *ring;
	const struct decision *entry; /* NULL: none in hand */
	unsigned todo;                /* sinks that have not taken it, by bit */
	bool is_whole;                /* no sink has refused it for good */
	bool is_urgent;
};

struct outlet {
	const struct sink_ops *ops;
	void *self;
	uint64_t lost;
	bool is_open;
	bool is_dead;
};

struct publisher {
	struct publisher_options options;
	struct event_renderer *renderer;
	struct lane lanes[2]; /* urgent, bulk */
	struct outlet outlets[PUBLISHER_SINKS];
	uint64_t progress_ms;      /* when a sink last took something */
	_Atomic uint64_t hurry_ms; /* deadline, 0: none */
	atomic_bool has_failed;
};

static void close_outlet(struct publisher *self, struct outlet *outlet, uint64_t deadline_ms)
{
	uint64_t lost;

	if (!outlet->is_open)
		return;
	outlet->is_open = false;
	lost = outlet->ops->close(outlet->self, deadline_ms);
	outlet->lost += lost;
	stats_add(self->options.sink.stats->events_lost, lost);
}

int publisher_new(struct publisher **out, const struct publisher_options *options,
		  char error[SINK_ERROR_TEXT])
{
	struct publisher *self = calloc(1, sizeof(*self));
	char why[SINK_ERROR_TEXT] = "";
	int result;

	assert(options->sink_count <= PUBLISHER_SINKS);
	(void)snprintf(error, SINK_ERROR_TEXT, "out of memory");
	if (self == NULL)
		return -ENOMEM;
	self->options = *options;
	self->lanes[0] = (struct lane){ .ring = options->urgent, .is_urgent = true };
	self->lanes[1] = (struct lane){ .ring = options->bulk };
	self->renderer = event_renderer_new(options->sink.context);
	if (self->renderer == NULL) {
		publisher_free(self);
		return -ENOMEM;
	}
	for (size_t i = 0; i < options->sink_count; i++) {
		struct outlet *outlet = &self->outlets[i];

		outlet->ops = options->sinks[i];
		result = outlet->ops->open(&outlet->self, &options->sink, why);
		if (result < 0) {
			(void)snprintf(error, SINK_ERROR_TEXT, "%s: %.480s", outlet->ops->name,
				       why);
			publisher_free(self);
			return result;
		}
		outlet->is_open = true;
	}
	error[0] = '\0';
	*out = self;
	return 0;
}

static void lose(struct publisher *self, struct outlet *outlet, uint64_t count)
{
	outlet->lost += count;
	stats_add(self->options.sink.stats->events_lost, count);
}

static bool has_living_outlet(const struct publisher *self)
{
	for (size_t i = 0; i < self->options.sink_count; i++)
		if (!self->outlets[i].is_dead)
			return true;
	return false;
}

static void kill_outlet(struct publisher *self, struct outlet *outlet, int error)
{
	if (outlet->is_dead)
		return;
	outlet->is_dead = true;
	atomic_store(&self->has_failed, true);
	if (self->options.lost != NULL && !has_living_outlet(self))
		atomic_store(self->options.lost, true);
	log_error("%s: %s: events are lost from here on", outlet->ops->name,
		  error == -ETIMEDOUT ? "no progress for too long (--stall-timeout)"
				      : strerror(-error));
}

/* Offers the lane's entry to one sink. True when the sink is done with it. */
static bool offer_one(struct publisher *self, struct lane *lane, struct outlet *outlet,
		      const struct event *event)
{
	int error =
		outlet->is_dead ? -EPIPE : outlet->ops->write(outlet->self, self->renderer, event);

	if (error == 0)
		return true;
	if (error == -EAGAIN && (lane->is_urgent || self->options.is_lossless))
		return false;
	lane->is_whole = false;
	lose(self, outlet, 1);
	if (error != -EAGAIN && !outlet->is_dead)
		log_warning("%s: an event was not taken: %s", outlet->ops->name, strerror(-error));
	return true;
}

static void count_alert(struct publisher *self, const struct event *event)
{
	uint32_t revision;
	uint32_t sid = 0;

	if (self->options.alerts == NULL ||
	    (event->kind != EVENT_ALERT && event->kind != EVENT_CAMPAIGN))
		return;
	(void)event_alert_id(event, &revision, &sid);
	sid_tally_add(self->options.alerts, sid);
}

/* What follows on the ring was written by another core, and is fetched while this one is rendered.
 * Entries of one kind are mostly of one size; beyond the ring's end it is a hint for nothing. */
static void fetch_ahead(const struct decision *entry, size_t size)
{
	for (size_t i = 0; i < FETCH_BYTES; i += 64)
		__builtin_prefetch((const char *)entry + FETCH_AHEAD * size + i);
}

/* Offers the oldest entry to the sinks that lack it. True when any of them moved on. */
static bool step_lane(struct publisher *self, struct lane *lane)
{
	struct stats *stats = self->options.sink.stats;
	struct event event;
	unsigned before;
	size_t size;

	if (lane->entry == NULL) {
		lane->entry = ring_peek(lane->ring, &size);
		if (lane->entry == NULL)
			return false;
		assert(size >= sizeof(struct decision) && lane->entry->size == size);
		lane->todo = (1u << self->options.sink_count) - 1;
		lane->is_whole = true;
		stats_add(stats->events, 1);
		fetch_ahead(lane->entry, size);
	}
	before = lane->todo;
	event_begin(self->renderer, lane->entry, &event);
	for (size_t i = 0; i < self->options.sink_count; i++)
		if ((lane->todo & 1u << i) != 0 && offer_one(self, lane, &self->outlets[i], &event))
			lane->todo &= ~(1u << i);
	if (lane->todo == 0) {
		count_alert(self, &event);
		if (lane->is_whole)
			stats_add(stats->events_published, 1);
		lane->entry = NULL;
		ring_pop(lane->ring);
		return true;
	}
	return lane->todo != before;
}

/* A lane that waits for a sink is not offered again before the sinks were polled. */
static bool step_lanes(struct publisher *self)
{
	bool is_stuck[2] = { false, false };
	bool has_worked = false;
	size_t urgent = 0;

	for (size_t i = 0; i < PUBLISHER_BURST && urgent < PUBLISHER_URGENT; i++) {
		bool has_moved = false;

		for (size_t k = 0; k < 2 && !has_moved; k++) {
			if (is_stuck[k])
				continue;
			has_moved = step_lane(self, &self->lanes[k]);
			is_stuck[k] = self->lanes[k].todo != 0;
			urgent += has_moved && self->lanes[k].is_urgent;
		}
		if (!has_moved)
			break;
		has_worked = true;
	}
	return has_worked;
}

/* Moves every sink's I/O along. Returns how many descriptors to wait for; *is_holding when a sink
 * has something that is not yet out. */
static nfds_t poll_outlets(struct publisher *self, uint64_t now_ms, struct pollfd *wants,
			   bool *is_holding)
{
	nfds_t count = 0;

	*is_holding = false;
	for (size_t i = 0; i < self->options.sink_count; i++) {
		struct outlet *outlet = &self->outlets[i];
		struct pollfd want = { .fd = -1 };
		int error;

		if (outlet->is_dead)
			continue;
		error = outlet->ops->poll(outlet->self, now_ms, &want);
		if (error == -EAGAIN)
			*is_holding = true;
		else if (error != 0)
			kill_outlet(self, outlet, error);
		if (error == 0 || error == -EAGAIN)
			if (want.fd >= 0)
				wants[count++] = want;
	}
	return count;
}

/* Lossless: nothing has moved for too long. The sinks that are waited for are given up. */
static void check_stall(struct publisher *self, uint64_t now_ms)
{
	uint64_t limit_ms = (uint64_t)self->options.stall_timeout_s * 1000;
	unsigned waiting = self->lanes[0].todo | self->lanes[1].todo;

	if (!self->options.is_lossless || waiting == 0 || limit_ms == 0 ||
	    now_ms - self->progress_ms < limit_ms)
		return;
	for (size_t i = 0; i < self->options.sink_count; i++)
		if ((waiting & 1u << i) != 0)
			kill_outlet(self, &self->outlets[i], -ETIMEDOUT);
}

static bool is_drained(const struct publisher *self)
{
	return self->lanes[0].entry == NULL && self->lanes[1].entry == NULL &&
	       ring_is_closed(self->lanes[0].ring) && ring_is_closed(self->lanes[1].ring);
}

static bool is_late(struct publisher *self, uint64_t now_ms)
{
	uint64_t hurry_ms = atomic_load(&self->hurry_ms);

	return hurry_ms != 0 && now_ms >= hurry_ms;
}

/* Out of time: what is in the rings, and what the correlator still adds, is lost to all sinks. */
static void discard_rest(struct publisher *self)
{
	uint64_t until_ms = ring_now_ms() + PUBLISHER_LAST_MS;
	struct pollfd nothing = { .fd = -1 };

	do {
		for (size_t i = 0; i < 2; i++) {
			struct lane *lane = &self->lanes[i];
			size_t size;

			while (ring_peek(lane->ring, &size) != NULL) {
				for (size_t k = 0; k < self->options.sink_count; k++)
					if (lane->entry == NULL || (lane->todo & 1u << k) != 0)
						lose(self, &self->outlets[k], 1);
				lane->entry = NULL;
				ring_pop(lane->ring);
			}
		}
		if (is_drained(self))
			return;
		(void)poll(&nothing, 1, PUBLISHER_BUSY_MS);
	} while (ring_now_ms() < until_ms);
}

/* A server that is busy answers a few commands at a time: to wake for each few costs more than they
 * do. */
static void rest_from_answers(const struct pollfd *wants, nfds_t count)
{
	const struct timespec nap = { .tv_nsec = PUBLISHER_NAP_NS };

	for (nfds_t i = 0; i < count; i++)
		if ((wants[i].events & POLLIN) != 0) {
			(void)nanosleep(&nap, NULL);
			return;
		}
}

static void sleep_until_work(struct publisher *self, struct pollfd *wants, nfds_t count,
			     bool is_holding)
{
	struct ring_bell *bell = self->options.bell;
	bool is_waiting = (self->lanes[0].todo | self->lanes[1].todo) != 0;
	size_t size;

	ring_bell_prepare(bell);
	for (size_t i = 0; i < 2; i++)
		if (self->lanes[i].entry == NULL && ring_peek(self->lanes[i].ring, &size) != NULL) {
			ring_bell_cancel(bell);
			return;
		}
	if (!is_drained(self)) {
		if (is_waiting)
			rest_from_answers(wants, count);
		wants[count++] = (struct pollfd){ .fd = ring_bell_fd(bell), .events = POLLIN };
		(void)poll(wants, count,
			   is_holding || is_waiting ? PUBLISHER_BUSY_MS : PUBLISHER_IDLE_MS);
	}
	ring_bell_cancel(bell);
}

/* By when all must be out: from now on, or sooner after a hurry. */
static uint64_t close_deadline(struct publisher *self)
{
	uint64_t hurry_ms = atomic_load(&self->hurry_ms);
	uint32_t seconds = self->options.is_lossless ? self->options.stall_timeout_s
						     : self->options.shutdown_timeout_s;

	if (hurry_ms != 0)
		return hurry_ms;
	return seconds == 0 ? UINT64_MAX : ring_now_ms() + (uint64_t)seconds * 1000;
}

/* All is written, not all is out. Closing a sink waits, too, but no hurry ends that. */
static void wait_for_outlets(struct publisher *self, uint64_t deadline_ms)
{
	uint64_t now_ms = ring_now_ms();
	struct pollfd wants[PUBLISHER_SINKS];
	bool is_holding = true;

	for (size_t i = 0; i < self->options.sink_count; i++)
		if (!self->outlets[i].is_dead && self->outlets[i].ops->hasten != NULL)
			self->outlets[i].ops->hasten(self->outlets[i].self);
	while (now_ms < deadline_ms && !is_late(self, now_ms)) {
		nfds_t count = poll_outlets(self, now_ms, wants, &is_holding);

		if (!is_holding)
			return;
		(void)poll(wants, count, PUBLISHER_BUSY_MS);
		now_ms = ring_now_ms();
	}
}

static void close_outlets(struct publisher *self)
{
	uint64_t deadline_ms = close_deadline(self);

	wait_for_outlets(self, deadline_ms);
	if (is_late(self, ring_now_ms()))
		deadline_ms = 0;
	for (size_t i = 0; i < self->options.sink_count; i++)
		close_outlet(self, &self->outlets[i], self->outlets[i].is_dead ? 0 : deadline_ms);
}

void *publisher_run(void *self_as_void)
{
	struct publisher *self = self_as_void;
	struct pollfd wants[PUBLISHER_SINKS + 1];
	sigset_t pipe_signal;

	thread_cpu_begin("publisher");
	/* A closed pipe or connection, or a full disk, is an error to count, not an end. */
	(void)sigemptyset(&pipe_signal);
	(void)sigaddset(&pipe_signal, SIGPIPE);
	(void)sigaddset(&pipe_signal, SIGXFSZ);
	(void)pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);

	self->progress_ms = ring_now_ms();
	while (!is_drained(self)) {
		bool has_worked = step_lanes(self);
		uint64_t now_ms = ring_now_ms();
		bool is_holding;
		nfds_t count;

		if (has_worked || (self->lanes[0].todo | self->lanes[1].todo) == 0)
			self->progress_ms = now_ms;
		count = poll_outlets(self, now_ms, wants, &is_holding);
		check_stall(self, now_ms);
		if (is_late(self, now_ms)) {
			discard_rest(self);
			break;
		}
		if (!has_worked)
			sleep_until_work(self, wants, count, is_holding);
	}
	close_outlets(self);
	return NULL;
}

void publisher_hurry(struct publisher *self)
{
	uint64_t none = 0;
	uint64_t deadline_ms = ring_now_ms() + (uint64_t)self->options.shutdown_timeout_s * 1000;

	atomic_compare_exchange_strong(&self->hurry_ms, &none, deadline_ms);
	ring_bell_ring(self->options.bell);
}

bool publisher_has_failed(const struct publisher *self)
{
	return atomic_load(&self->has_failed);
}

uint64_t publisher_lost(const struct publisher *self, char *text, size_t size)
{
	uint64_t sum = 0;
	size_t used = 0;

	if (size > 0)
		text[0] = '\0';
	for (size_t i = 0; i < self->options.sink_count; i++) {
		const struct outlet *outlet = &self->outlets[i];
		int len;

		sum += outlet->lost;
		if (outlet->lost == 0 || used >= size)
			continue;
		len = snprintf(text + used, size - used, "%s%s: %" PRIu64 " events lost",
			       used > 0 ? ", " : "", outlet->ops->name, outlet->lost);
		used += len > 0 ? (size_t)len : 0;
	}
	return sum;
}

void publisher_free(struct publisher *self)
{
	if (self == NULL)
		return;
	/* Open still, if it never ran: time enough to give back what opening took. */
	for (size_t i = 0; i < PUBLISHER_SINKS; i++)
		close_outlet(self, &self->outlets[i], ring_now_ms() + PUBLISHER_FREE_MS);
	event_renderer_free(self->renderer);
	free(self);
}
