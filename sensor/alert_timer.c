/* alert_timer.c: the heap behind alert_timer.h. */
#include "sensor/alert_timer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

static bool is_before(const struct alert_timer *a, const struct alert_timer *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->id < b->id;
}

static void put(struct alert_heap *self, size_t at, struct alert_timer *timer)
{
	self->timers[at] = timer;
	timer->place = at + 1;
}

static void sift_up(struct alert_heap *self, size_t at)
{
	struct alert_timer *timer = self->timers[at];

	while (at > 0 && is_before(timer, self->timers[(at - 1) / 2])) {
		put(self, at, self->timers[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put(self, at, timer);
}

static void sift_down(struct alert_heap *self, size_t at)
{
	struct alert_timer *timer = self->timers[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= self->count)
			break;
		if (child + 1 < self->count &&
		    is_before(self->timers[child + 1], self->timers[child]))
			child++;
		if (!is_before(self->timers[child], timer))
			break;
		put(self, at, self->timers[child]);
		at = child;
	}
	put(self, at, timer);
}

int alert_heap_add(struct alert_heap *self, struct alert_timer *timer)
{
	if (self->count == self->room) {
		size_t room = self->room == 0 ? 64 : self->room * 2;
		struct alert_timer **timers =
			realloc(self->timers, room * sizeof(struct alert_timer *));

		if (timers == NULL)
			return -ENOMEM;
		self->timers = timers;
		self->room = room;
	}
	put(self, self->count++, timer);
	sift_up(self, self->count - 1);
	return 0;
}

void alert_heap_remove(struct alert_heap *self, struct alert_timer *timer)
{
	size_t at = timer->place - 1;
	struct alert_timer *last;

	if (timer->place == 0)
		return;
	timer->place = 0;
	last = self->timers[--self->count];
	if (last == timer)
		return;
	put(self, at, last);
	sift_up(self, at);
	sift_down(self, last->place - 1);
}

struct alert_timer *alert_heap_first(const struct alert_heap *self)
{
	return self->count > 0 ? self->timers[0] : NULL;
}

void alert_heap_fini(struct alert_heap *self)
{
	free(self->timers);
	self->timers = NULL;
	self->count = 0;
	self->room = 0;
}
