/* fact_outlet.c: rings first, then the backlog. */
#include "sensor/fact_outlet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BACKLOG 512 /* urgent facts that wait for room in the ring, live */

/* Room for any urgent fact. */
union urgent_fact {
	struct fact fact;
	struct session_fact session;
	struct contact_fact contact;
	struct name_fact name;
	struct answer_fact answer;
};

struct fact_outlet {
	struct fact_outlet_options options;
	union urgent_fact *backlog;
	size_t backlog_first;
	size_t backlog_count;
	uint64_t sequence;
};

struct fact_outlet *fact_outlet_new(const struct fact_outlet_options *options)
{
	struct fact_outlet *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->options = *options;
	self->backlog = calloc(BACKLOG, sizeof(*self->backlog));
	if (self->backlog == NULL) {
		free(self);
		return NULL;
	}
	return self;
}

void fact_outlet_free(struct fact_outlet *self)
{
	if (self == NULL)
		return;
	free(self->backlog);
	free(self);
}

static bool push_now(struct fact_outlet *self, struct ring *ring, struct fact *fact)
{
	const struct fact_outlet_options *options = &self->options;

	fact->sequence = self->sequence + 1;
	fact->worker = options->worker;
	if (!ring_push(ring, fact, fact->size)) {
		if (!options->is_lossless)
			return false;
		uint64_t deadline = ring_now_ms() + options->stall_timeout_s * 1000ull;

		if (atomic_load(options->lost) ||
		    !ring_push_wait(ring, fact, fact->size, deadline)) {
			atomic_store(options->lost, true);
			return false;
		}
	}
	self->sequence++;
	stats_add(options->stats->facts, 1);
	return true;
}

void fact_outlet_retry(struct fact_outlet *self)
{
	while (self->backlog_count > 0) {
		struct fact *fact = &self->backlog[self->backlog_first].fact;

		if (!push_now(self, self->options.feed->urgent, fact))
			return;
		self->backlog_first = (self->backlog_first + 1) % BACKLOG;
		self->backlog_count--;
	}
}

bool fact_outlet_drain(struct fact_outlet *self, uint32_t wait_ms)
{
	uint64_t deadline = ring_now_ms() + wait_ms;
	struct ring *urgent = self->options.feed->urgent;

	fact_outlet_retry(self);
	while (self->backlog_count > 0) {
		struct fact *fact = &self->backlog[self->backlog_first].fact;

		fact->sequence = self->sequence + 1;
		fact->worker = self->options.worker;
		if (!ring_push_wait(urgent, fact, fact->size, deadline)) {
			atomic_store(self->options.lost, true);
			return false;
		}
		self->sequence++;
		stats_add(self->options.stats->facts, 1);
		self->backlog_first = (self->backlog_first + 1) % BACKLOG;
		self->backlog_count--;
	}
	return true;
}

bool fact_outlet_urgent(struct fact_outlet *self, struct fact *fact)
{
	size_t slot;

	assert(fact->size <= sizeof(self->backlog[0]));
	if (self->backlog_count == 0 && push_now(self, self->options.feed->urgent, fact))
		return true;
	stats_add(self->options.stats->facts_refused, 1);
	if (self->backlog_count == BACKLOG)
		return false;
	slot = (self->backlog_first + self->backlog_count) % BACKLOG;
	memcpy(&self->backlog[slot], fact, fact->size);
	self->backlog_count++;
	return true;
}

bool fact_outlet_bulk(struct fact_outlet *self, struct fact *fact)
{
	return push_now(self, self->options.feed->bulk, fact);
}
