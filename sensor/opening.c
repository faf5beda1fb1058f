/* opening.c: a set-associative table of flows, each with bytes and the ranges that are there.
 *
 *	bytes   [======............====....]
 *	         range 0           range 1      sorted, none touching another; range 0 is given out
 *	                                        when it begins at 0
 */
#include "sensor/opening.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WAYS   4 /* slots that a flow may take */
#define RANGES 8 /* a segment that would make one more is not taken */

struct range {
	uint32_t begin;
	uint32_t end;
};

struct opening {
	uint32_t flow;
	uint32_t seq;
	uint64_t time_ns; /* 0: the slot is free */
	uint32_t range_count;
	struct range ranges[RANGES];
	uint8_t bytes[OPENING_BYTES];
};

struct opening_table {
	struct opening *slots;
	size_t set_count;
	struct stats *stats;
};

struct opening_table *opening_table_new(size_t slots, struct stats *stats)
{
	struct opening_table *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->stats = stats;
	self->set_count = slots < WAYS ? 1 : slots / WAYS;
	self->slots = calloc(self->set_count * WAYS, sizeof(*self->slots));
	if (self->slots == NULL) {
		free(self);
		return NULL;
	}
	return self;
}

void opening_table_free(struct opening_table *self)
{
	if (self == NULL)
		return;
	free(self->slots);
	free(self);
}

static struct opening *set_of(const struct opening_table *self, uint32_t flow)
{
	return &self->slots[flow % self->set_count * WAYS];
}

static struct opening *find(const struct opening_table *self, uint32_t flow)
{
	struct opening *set = set_of(self, flow);

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].time_ns != 0 && set[i].flow == flow)
			return &set[i];
	return NULL;
}

void opening_begin(struct opening_table *self, uint32_t flow, uint32_t seq, uint64_t time_ns)
{
	struct opening *set = set_of(self, flow);
	struct opening *slot = find(self, flow);

	for (size_t i = 0; i < WAYS && slot == NULL; i++)
		if (set[i].time_ns == 0)
			slot = &set[i];
	if (slot == NULL) {
		stats_add(self->stats->openings_capped, 1);
		slot = &set[0];
		for (size_t i = 1; i < WAYS; i++)
			if (set[i].time_ns < slot->time_ns)
				slot = &set[i];
	}
	slot->flow = flow;
	slot->seq = seq;
	slot->time_ns = time_ns != 0 ? time_ns : 1;
	slot->range_count = 0;
}

/* Copies what no range has yet of [begin, end): what came first at a place stays. */
static void copy_new(struct opening *self, struct range new, const uint8_t *from)
{
	uint32_t at = new.begin;

	for (uint32_t i = 0; i <= self->range_count && at < new.end; i++) {
		const struct range *have = &self->ranges[i];
		bool is_last = i == self->range_count;
		uint32_t until = is_last || have->begin > new.end ? new.end : have->begin;

		if (at < until)
			memcpy(self->bytes + at, from + (at - new.begin), until - at);
		if (!is_last && have->end > at && have->begin <= new.end)
			at = have->end;
		else if (until > at)
			at = until;
	}
}

/* What the ranges are with a new one, joined to those that touch it. Returns how many; kept has
 * room for one more than a slot. */
static uint32_t merge_range(const struct opening *self, struct range new,
			    struct range kept[RANGES + 1])
{
	uint32_t count = 0;
	bool is_placed = false;

	for (uint32_t i = 0; i < self->range_count; i++) {
		struct range have = self->ranges[i];

		if (have.end >= new.begin && have.begin <= new.end) {
			new.begin = have.begin < new.begin ? have.begin : new.begin;
			new.end = have.end > new.end ? have.end : new.end;
			continue;
		}
		if (!is_placed && have.begin > new.end) {
			kept[count++] = new;
			is_placed = true;
		}
		kept[count++] = have;
	}
	if (!is_placed)
		kept[count++] = new;
	return count;
}

static struct slice prefix_of(const struct opening *self)
{
	bool has_prefix = self->range_count > 0 && self->ranges[0].begin == 0;

	return slice_of(self->bytes, has_prefix ? self->ranges[0].end : 0);
}

struct slice opening_add(struct opening_table *self, uint32_t flow, uint32_t seq,
			 struct slice payload)
{
	struct opening *slot = find(self, flow);
	struct range kept[RANGES + 1];
	struct range range;
	uint32_t offset;
	uint32_t count;

	if (slot == NULL)
		return slice_of("", 0);
	offset = seq - slot->seq;
	/* Before the first byte, or too far behind it: neither is of the opening. */
	if (offset >= OPENING_BYTES || payload.len == 0)
		return prefix_of(slot);
	payload = slice_head(payload, OPENING_BYTES - offset);
	range = (struct range){ offset, offset + (uint32_t)payload.len };
	count = merge_range(slot, range, kept);
	if (count > RANGES)
		return prefix_of(slot);
	copy_new(slot, range, payload.ptr);
	memcpy(slot->ranges, kept, count * sizeof(kept[0]));
	slot->range_count = count;
	return prefix_of(slot);
}

struct slice opening_bytes(const struct opening_table *self, uint32_t flow)
{
	const struct opening *slot = find(self, flow);

	return slot == NULL ? slice_of("", 0) : prefix_of(slot);
}

struct slice opening_part(const struct opening_table *self, uint32_t flow, size_t number,
			  uint32_t *seq)
{
	const struct opening *slot = find(self, flow);

	if (slot == NULL || number >= slot->range_count)
		return slice_of("", 0);
	const struct range *range = &slot->ranges[number];

	*seq = slot->seq + range->begin;
	return slice_of(slot->bytes + range->begin, range->end - range->begin);
}

bool opening_skip(struct opening_table *self, uint32_t flow, size_t len, uint64_t time_ns)
{
	struct opening *slot = find(self, flow);
	uint32_t count = 0;

	if (slot == NULL)
		return true;
	assert(len <= prefix_of(slot).len);
	slot->seq += (uint32_t)len;
	slot->time_ns = time_ns != 0 ? time_ns : 1;
	memmove(slot->bytes, slot->bytes + len, OPENING_BYTES - len);
	for (uint32_t i = 0; i < slot->range_count; i++) {
		struct range have = slot->ranges[i];

		if (have.end <= len)
			continue;
		have.begin -= have.begin < len ? have.begin : (uint32_t)len;
		have.end -= (uint32_t)len;
		slot->ranges[count++] = have;
	}
	slot->range_count = count;
	return count == 0;
}

bool opening_is_over(const struct opening_table *self, uint32_t flow, uint64_t time_ns)
{
	const struct opening *slot = find(self, flow);

	return slot == NULL || prefix_of(slot).len == OPENING_BYTES ||
	       (time_ns > slot->time_ns &&
		time_ns - slot->time_ns > OPENING_PATIENCE_S * UINT64_C(1000000000));
}

void opening_end(struct opening_table *self, uint32_t flow)
{
	struct opening *slot = find(self, flow);

	if (slot != NULL)
		slot->time_ns = 0;
}
