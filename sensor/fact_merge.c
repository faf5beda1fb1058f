/* fact_merge.c: heads of all feeds, the earliest first. */
#include "sensor/fact_merge.h"

#include <stdlib.h>

/* The next fact of one feed. */
struct feed_head {
	const struct fact *fact; /* in place on ring; NULL: none there */
	struct ring *ring;
	uint64_t bound_ns; /* without a fact: none before this time will come */
};

struct fact_merge {
	struct fact_feed *feeds;
	size_t count;
	struct feed_head *heads; /* one per feed */
	size_t chosen;           /* whose fact was returned last */
	uint64_t past_ns;        /* facts before it are released */
};

struct fact_merge *fact_merge_new(struct fact_feed *feeds, size_t count)
{
	struct fact_merge *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->feeds = feeds;
	self->count = count;
	self->heads = calloc(count, sizeof(*self->heads));
	if (self->heads == NULL) {
		free(self);
		return NULL;
	}
	return self;
}

void fact_merge_free(struct fact_merge *self)
{
	if (self == NULL)
		return;
	free(self->heads);
	free(self);
}

static void look_at_feed(struct fact_feed *feed, struct feed_head *head)
{
	const struct fact *bulk;
	const struct fact *urgent;
	size_t size;

	/* First: facts before the watermark are on the rings when it is seen. */
	head->bound_ns = atomic_load_explicit(&feed->watermark_ns, memory_order_acquire);
	if (ring_is_closed(feed->bulk) && ring_is_closed(feed->urgent))
		head->bound_ns = UINT64_MAX;
	bulk = ring_peek(feed->bulk, &size);
	urgent = ring_peek(feed->urgent, &size);
	if (bulk == NULL && urgent != NULL)
		bulk = ring_peek(feed->bulk, &size);
	if (bulk != NULL && (urgent == NULL || bulk->sequence < urgent->sequence)) {
		head->fact = bulk;
		head->ring = feed->bulk;
	} else {
		head->fact = urgent;
		head->ring = feed->urgent;
	}
}

/* The feed whose fact comes next, or count. *floor_ns: every fact before this time has been
 * released already or is one of the heads. */
static size_t choose_feed(const struct fact_merge *self, uint64_t *floor_ns)
{
	size_t chosen = self->count;

	*floor_ns = UINT64_MAX;
	for (size_t i = 0; i < self->count; i++) {
		const struct feed_head *head = &self->heads[i];

		if (head->fact == NULL) {
			if (head->bound_ns < *floor_ns)
				*floor_ns = head->bound_ns;
			continue;
		}
		/* At one time, the lower worker first: feeds are in order of workers. */
		if (chosen == self->count ||
		    head->fact->time_ns < self->heads[chosen].fact->time_ns)
			chosen = i;
	}
	return chosen;
}

void fact_merge_look(struct fact_merge *self, uint64_t past_ns)
{
	self->past_ns = past_ns;
	for (size_t i = 0; i < self->count; i++)
		if (self->heads[i].fact == NULL)
			look_at_feed(&self->feeds[i], &self->heads[i]);
}

/* A lone feed waits for nobody. */
static bool may_release(const struct fact_merge *self, size_t chosen, uint64_t floor_ns)
{
	if (chosen == self->count)
		return false;
	uint64_t time_ns = self->heads[chosen].fact->time_ns;

	return self->count == 1 || time_ns < floor_ns || time_ns < self->past_ns ||
	       floor_ns == UINT64_MAX;
}

const struct fact *fact_merge_next(struct fact_merge *self)
{
	uint64_t floor_ns;

	self->chosen = choose_feed(self, &floor_ns);
	return may_release(self, self->chosen, floor_ns) ? self->heads[self->chosen].fact : NULL;
}

void fact_merge_pop(struct fact_merge *self)
{
	struct feed_head *head = &self->heads[self->chosen];

	ring_pop(head->ring);
	look_at_feed(&self->feeds[self->chosen], head);
}

uint64_t fact_merge_floor(const struct fact_merge *self)
{
	uint64_t floor_ns;
	size_t chosen = choose_feed(self, &floor_ns);

	if (chosen < self->count && self->heads[chosen].fact->time_ns < floor_ns)
		floor_ns = self->heads[chosen].fact->time_ns;
	return floor_ns;
}

bool fact_merge_is_at_end(const struct fact_merge *self)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->heads[i].fact != NULL || self->heads[i].bound_ns != UINT64_MAX)
			return false;
	return true;
}

bool fact_merge_is_waiting(const struct fact_merge *self)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->heads[i].fact != NULL)
			return true;
	return false;
}
