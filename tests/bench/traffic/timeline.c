/* timeline.c: a binary heap. */
#include "timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_before(const struct turn *a, const struct turn *b)
{
	return a->time_us != b->time_us ? a->time_us < b->time_us : a->order < b->order;
}

static void swap(struct turn *a, struct turn *b)
{
	struct turn one = *a;

	*a = *b;
	*b = one;
}

int timeline_add(struct timeline *self, uint64_t time_us, size_t who)
{
	size_t at = self->count;

	if (self->count == self->room) {
		size_t room = self->room == 0 ? 1024 : 2 * self->room;
		struct turn *turns = realloc(self->turns, room * sizeof(*turns));

		if (turns == NULL)
			return -ENOMEM;
		self->turns = turns;
		self->room = room;
	}
	self->turns[self->count++] = (struct turn){ time_us, self->order++, who };
	for (; at > 0 && is_before(&self->turns[at], &self->turns[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&self->turns[at], &self->turns[(at - 1) / 2]);
	return 0;
}

bool timeline_take(struct timeline *self, struct turn *out)
{
	size_t at = 0;

	if (self->count == 0)
		return false;
	*out = self->turns[0];
	self->turns[0] = self->turns[--self->count];
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < self->count &&
		    is_before(&self->turns[child + 1], &self->turns[child]))
			child++;
		if (child >= self->count || !is_before(&self->turns[child], &self->turns[at]))
			return true;
		swap(&self->turns[at], &self->turns[child]);
		at = child;
	}
}

uint64_t timeline_next_us(const struct timeline *self)
{
	return self->count == 0 ? UINT64_MAX : self->turns[0].time_us;
}

void timeline_free(struct timeline *self)
{
	free(self->turns);
	memset(self, 0, sizeof(*self));
}
