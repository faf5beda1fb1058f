/* journal_index.c: a growing array of segments, each with a growing array of offsets. */
#include "sensor/journal_index.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SEGMENTS 16u
#define FIRST_SLOTS    64u

void journal_index_fini(struct journal_index *self)
{
	for (size_t i = 0; i < self->count; i++)
		free(self->segments[i].offsets);
	free(self->segments);
	*self = (struct journal_index){ 0 };
}

int journal_index_add(struct journal_index *self, const struct journal_name *name)
{
	assert(name->first >= self->next);
	if (self->count == self->room) {
		size_t room = self->room == 0 ? FIRST_SEGMENTS : self->room * 2;
		struct journal_segment *grown = realloc(self->segments, room * sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		self->segments = grown;
		self->room = room;
	}
	self->segments[self->count++] = (struct journal_segment){ .name = *name };
	self->next = name->first;
	return 0;
}

struct journal_segment *journal_index_last(struct journal_index *self)
{
	assert(self->count > 0);
	return &self->segments[self->count - 1];
}

void journal_index_drop_first(struct journal_index *self)
{
	assert(self->count > 0 && self->segments[0].live == 0);
	self->bytes -= self->segments[0].bytes;
	free(self->segments[0].offsets);
	self->count--;
	memmove(&self->segments[0], &self->segments[1], self->count * sizeof(*self->segments));
}

void journal_index_drop_last(struct journal_index *self)
{
	struct journal_segment *last = journal_index_last(self);

	assert(last->live == 0);
	self->bytes -= last->bytes;
	free(last->offsets);
	self->count--;
}

int journal_index_reserve(struct journal_index *self, uint64_t sequence)
{
	struct journal_segment *segment = journal_index_last(self);
	uint64_t index = sequence - segment->name.first;
	uint32_t slots = segment->slots == 0 ? FIRST_SLOTS : segment->slots;
	uint32_t *grown;

	assert(index < JOURNAL_SEGMENT_MAX);
	if (index < segment->slots)
		return 0;
	while (slots <= index)
		slots *= 2;
	grown = realloc(segment->offsets, slots * sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	memset(grown + segment->slots, 0, (slots - segment->slots) * sizeof(*grown));
	segment->offsets = grown;
	segment->slots = slots;
	return 0;
}

void journal_index_note(struct journal_index *self, uint64_t sequence, uint32_t offset)
{
	struct journal_segment *segment = journal_index_last(self);
	uint32_t index = (uint32_t)(sequence - segment->name.first);

	assert(index < segment->slots && segment->offsets[index] == 0 && offset != 0);
	segment->offsets[index] = offset;
	segment->count = index + 1;
	segment->live++;
	self->pending++;
	self->next = sequence + 1;
}

/* The segment in which the sequence lies or would lie; count: before all. */
static size_t find(const struct journal_index *self, uint64_t sequence)
{
	size_t low = 0;
	size_t high = self->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (self->segments[middle].name.first <= sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? self->count : low - 1;
}

bool journal_index_retire(struct journal_index *self, uint64_t sequence)
{
	size_t at = find(self, sequence);
	struct journal_segment *segment = &self->segments[at];

	if (at == self->count || sequence - segment->name.first >= segment->count ||
	    segment->offsets[sequence - segment->name.first] == 0)
		return false;
	segment->offsets[sequence - segment->name.first] = 0;
	segment->live--;
	self->pending--;
	return true;
}

/* The next record at or after the sequence in one segment. False: none. */
static bool next_in(const struct journal_segment *segment, uint64_t *sequence, uint32_t *offset)
{
	uint64_t first = segment->name.first;
	uint64_t index = *sequence > first ? *sequence - first : 0;

	for (; index < segment->count; index++)
		if (segment->offsets[index] != 0) {
			*sequence = first + index;
			*offset = segment->offsets[index];
			return true;
		}
	return false;
}

const struct journal_segment *journal_index_from(const struct journal_index *self,
						 uint64_t *sequence, uint32_t *offset)
{
	size_t at = find(self, *sequence);

	for (at = at == self->count ? 0 : at; at < self->count; at++)
		if (self->segments[at].live > 0 && next_in(&self->segments[at], sequence, offset))
			return &self->segments[at];
	return NULL;
}
