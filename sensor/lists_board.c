/* lists_board.c: the index in use, and when an old one may go.
 *
 * Time is counted in replacements. A reader writes the time into its slot before it takes the
 * index, so a slot that shows a time not before an index was replaced no longer uses it. A slot
 * that shows IDLE uses nothing; to come back it must be seen, hence the one total order of
 * sequentially consistent accesses there: either the replacing thread sees the slot taken, or the
 * reader sees the new index. */
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "sensor/lists_index.h"

#define IDLE       UINT64_MAX
#define CACHE_LINE 64

/* A cache line each: readers do not disturb each other. */
struct board_slot {
	_Alignas(CACHE_LINE) _Atomic uint64_t seen;
};

struct lists_board {
	_Atomic(struct lists *) current;
	_Atomic uint64_t time;
	struct lists *waiting; /* replaced, maybe still in use; newest first */
	size_t slot_count;
	struct board_slot slots[LISTS_READERS];
};

struct lists_board *lists_board_new(struct lists *first, size_t slot_count)
{
	struct lists_board *self = aligned_alloc(CACHE_LINE, sizeof(*self));

	assert(slot_count <= LISTS_READERS);
	if (self == NULL)
		return NULL;
	atomic_init(&self->current, first);
	atomic_init(&self->time, 0);
	self->waiting = NULL;
	self->slot_count = slot_count;
	for (size_t i = 0; i < LISTS_READERS; i++)
		atomic_init(&self->slots[i].seen, IDLE);
	return self;
}

void lists_board_free(struct lists_board *self)
{
	if (self == NULL)
		return;
	while (self->waiting != NULL) {
		struct lists *next = self->waiting->next;

		lists_free(self->waiting);
		self->waiting = next;
	}
	lists_free(atomic_load(&self->current));
	free(self);
}

const struct lists *lists_board_read(struct lists_board *self, size_t slot)
{
	_Atomic uint64_t *seen = &self->slots[slot].seen;
	uint64_t now = atomic_load_explicit(&self->time, memory_order_acquire);

	if (atomic_load_explicit(seen, memory_order_relaxed) == IDLE) {
		atomic_store(seen, now);
		return atomic_load(&self->current);
	}
	atomic_store_explicit(seen, now, memory_order_release);
	return atomic_load_explicit(&self->current, memory_order_acquire);
}

void lists_board_leave(struct lists_board *self, size_t slot)
{
	atomic_store_explicit(&self->slots[slot].seen, IDLE, memory_order_release);
}

void lists_board_replace(struct lists_board *self, struct lists *next)
{
	struct lists *old = atomic_exchange(&self->current, next);
	uint64_t now = atomic_fetch_add(&self->time, 1) + 1;

	if (old != NULL) {
		old->replaced_at = now;
		old->next = self->waiting;
		self->waiting = old;
	}
	(void)lists_board_reclaim(self);
}

/* The time that every reader has reached. */
static uint64_t oldest_seen(struct lists_board *self)
{
	uint64_t oldest = IDLE;

	for (size_t i = 0; i < self->slot_count; i++) {
		uint64_t seen = atomic_load(&self->slots[i].seen);

		if (seen < oldest)
			oldest = seen;
	}
	return oldest;
}

size_t lists_board_reclaim(struct lists_board *self)
{
	uint64_t oldest = oldest_seen(self);
	struct lists **at = &self->waiting;
	size_t count = 0;

	while (*at != NULL) {
		struct lists *old = *at;

		if (old->replaced_at > oldest) {
			at = &old->next;
			count++;
			continue;
		}
		*at = old->next;
		lists_free(old);
	}
	return count;
}
