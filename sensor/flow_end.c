/* flow_end.c: the end of flows: by the wheel, to make room, and all at once. */
#include <assert.h>
#include <stdlib.h>

#include "sensor/flow_table.h"

#define EVICT_WINDOW    32  /* flows compared for the oldest */
#define EVICT_SCAN      256 /* flows looked at for one that is not mining */
#define FLUSH_AHEAD     8
#define SORT_GROUP_BITS 12
#define SORT_GROUPS     (1 << SORT_GROUP_BITS)
#define SORT_FEW        64

/* What flow_flush() sorts; fits where the buckets were. Equal times are looked up. */
struct flow_order {
	uint32_t time; /* of the last packet, from the first of them on, in units of 2^shift ns */
	uint32_t index;
};

_Static_assert(sizeof(struct flow_order) * FLOW_BUCKET_FLOWS == sizeof(struct flow_bucket),
	       "the order of a flush takes the place of the buckets");

void flow_table_spill(struct flow_table *self, uint32_t index)
{
	struct flow *flow = &self->hot[index];
	struct flow_cold *cold = &self->cold[index];

	for (int dir = 0; dir < 2; dir++) {
		cold->packets[dir] += flow->packets[dir];
		cold->bytes[dir] += flow->bytes[dir];
		flow->packets[dir] = 0;
		flow->bytes[dir] = 0;
	}
}

enum flow_end flow_table_silence(const struct flow *flow)
{
	return flow->tcp_state == FLOW_TCP_CLOSED ? FLOW_END_CLOSED : FLOW_END_IDLE;
}

void flow_table_finish(struct flow_table *self, uint32_t index, enum flow_end reason)
{
	flow_table_spill(self, index);
	self->hooks.ended(self->hooks.ctx, index, reason);
}

/* Ends the flow and gives its slot back. The wheel may have let go of it already. */
static void end_flow(struct flow_table *self, uint32_t index, enum flow_end reason)
{
	struct flow_tag tag = self->hot[index].tag;
	struct flow_place place = { 0 };
	uint32_t found = flow_index_find(&self->index, self->hot, tag, &place);

	assert(found == index && place.bucket != NULL);
	flow_table_finish(self, index, reason);
	flow_index_remove(&self->index, tag, &place);
	flow_wheel_remove(&self->wheel, index);
	self->hot[index] = (struct flow){ .flags = 0 };
	self->cold[index].wheel_next = self->freed;
	self->freed = index;
	self->count--;
	stats_set(self->stats->flows_active, self->count);
}

/* Not the first packet of a later record of a long flow. */
static bool has_one_packet(const struct flow_table *self, uint32_t index)
{
	const struct flow *flow = &self->hot[index];
	const struct flow_cold *cold = &self->cold[index];

	return flow->packets[0] + flow->packets[1] <= 1 && cold->start_ns == cold->first_ns &&
	       cold->packets[0] + cold->packets[1] == 0;
}

/* Whom to evict from a full table. The hand goes round by slot number, and a slot that was emptied
 * is filled again at once, so that what it meets next is what was opened longest ago: the first
 * flow of one packet will do. Otherwise the longest silent of a window, but no mining flow unless
 * the hand has met nothing else on a whole turn. FLOW_NONE: none yet, the hand goes on at the next
 * call. */
static uint32_t find_victim(struct flow_table *self)
{
	uint32_t oldest[2] = { FLOW_NONE, FLOW_NONE }; /* [1]: mining */
	size_t scan = self->capacity < EVICT_SCAN ? self->capacity : EVICT_SCAN;

	for (size_t i = 0; i < scan; i++) {
		uint32_t index = self->hand;
		bool is_mining = (self->hot[index].flags & FLOW_MINING) != 0;
		uint32_t *old = &oldest[is_mining];

		self->hand = (self->hand + 1) & (uint32_t)(self->capacity - 1);
		self->spared = is_mining ? self->spared + 1 : 0;
		if (!is_mining && has_one_packet(self, index))
			return index;
		if (*old == FLOW_NONE || self->hot[index].last_ns < self->hot[*old].last_ns)
			*old = index;
		if ((i + 1) % EVICT_WINDOW == 0 && oldest[0] != FLOW_NONE)
			return oldest[0];
	}
	if (self->spared < self->capacity)
		return FLOW_NONE;
	self->spared = 0;
	return oldest[1];
}

bool flow_table_evict(struct flow_table *self)
{
	uint32_t index = find_victim(self);

	if (index == FLOW_NONE)
		return false;
	end_flow(self, index, FLOW_END_EVICTED);
	stats_add(self->stats->flows_evicted, 1);
	return true;
}

static bool is_silent(const struct flow_table *self, const struct flow *flow)
{
	return self->now_ns > flow->last_ns &&
	       self->now_ns - flow->last_ns > self->timeout_ns[flow->tcp_state];
}

/* Marks the flow for the exact comparison when its active time-out is near. */
static bool mark_due(struct flow_table *self, uint32_t index)
{
	struct flow_place place = { 0 };
	uint32_t found;

	if (self->active_ns == 0 ||
	    self->now_ns + FLOW_ACTIVE_MARGIN_NS < self->cold[index].start_ns + self->active_ns)
		return false;
	found = flow_index_find(&self->index, self->hot, self->hot[index].tag, &place);
	assert(found == index && place.bucket != NULL);
	flow_place_set_due(&place, true);
	return true;
}

static void visit_flows(void *ctx, const uint32_t *indexes, size_t count)
{
	struct flow_table *self = ctx;

	for (size_t i = 0; i < count; i++)
		flow_table_prefetch(self, indexes[i]);
	for (size_t i = 0; i < count; i++)
		flow_prefetch_bucket(self, self->hot[indexes[i]].tag);
	for (size_t i = 0; i < count; i++) {
		const struct flow *flow = &self->hot[indexes[i]];

		if (is_silent(self, flow))
			end_flow(self, indexes[i], flow_table_silence(flow));
		else
			flow_table_schedule(self, indexes[i], mark_due(self, indexes[i]));
	}
}

void flow_advance(struct flow_table *self, uint64_t now_ns)
{
	if (now_ns <= self->now_ns)
		return;
	self->now_ns = now_ns;
	if (self->is_started)
		flow_wheel_advance(&self->wheel, now_ns, visit_flows, self);
	if (self->active_ns != 0)
		self->trusted_ns = now_ns + FLOW_ACTIVE_TRUST_NS;
}

static bool is_live(const struct flow *flow)
{
	return flow->tag.h[0] != 0 || flow->tag.h[1] != 0;
}

static int compare_order(const void *a, const void *b, void *hot)
{
	const struct flow_order *one = a;
	const struct flow_order *two = b;
	const struct flow *flows = hot;

	if (one->time != two->time)
		return one->time < two->time ? -1 : 1;
	if (flows[one->index].last_ns != flows[two->index].last_ns)
		return flows[one->index].last_ns < flows[two->index].last_ns ? -1 : 1;
	return one->index < two->index ? -1 : 1;
}

static void sort_few(struct flow_order *order, size_t count, struct flow *hot)
{
	for (size_t i = 1; i < count; i++) {
		struct flow_order one = order[i];
		size_t at = i;

		for (; at > 0 && compare_order(&one, &order[at - 1], hot) < 0; at--)
			order[at] = order[at - 1];
		order[at] = one;
	}
}

/* Sorts in place: first into groups by the leading bits of the time, of which there are so many,
 * then within each group. A comparison sort of everything would cost as much as all else that the
 * end of a flow costs. */
static void sort_order(struct flow_order *order, size_t count, unsigned time_bits, struct flow *hot)
{
	unsigned shift = time_bits > SORT_GROUP_BITS ? time_bits - SORT_GROUP_BITS : 0;
	size_t begin[SORT_GROUPS + 1] = { 0 };
	size_t next[SORT_GROUPS];

	for (size_t i = 0; i < count; i++)
		begin[(order[i].time >> shift) + 1]++;
	for (size_t i = 0; i < SORT_GROUPS; i++) {
		begin[i + 1] += begin[i];
		next[i] = begin[i];
	}
	for (size_t i = 0; i < SORT_GROUPS; i++) {
		while (next[i] < begin[i + 1]) {
			struct flow_order *here = &order[next[i]];
			size_t group = here->time >> shift;
			struct flow_order other = order[next[group]];

			order[next[group]++] = *here;
			if (group != i)
				*here = other;
		}
	}
	for (size_t i = 0; i < SORT_GROUPS; i++) {
		size_t len = begin[i + 1] - begin[i];

		if (len <= SORT_FEW)
			sort_few(order + begin[i], len, hot);
		else
			qsort_r(order + begin[i], len, sizeof(*order), compare_order, hot);
	}
}

/* Bits of a time span. */
static unsigned bits_of(uint64_t span_ns)
{
	return span_ns == 0 ? 0 : 64 - (unsigned)__builtin_clzll(span_ns);
}

/* All live flows by the time of their last packet; their number. */
static size_t order_flows(struct flow_table *self, struct flow_order *order)
{
	uint64_t first_ns = UINT64_MAX;
	uint64_t last_ns = 0;
	size_t count = 0;
	unsigned bits;
	unsigned shift;

	for (uint32_t i = 0; i < self->fresh; i++) {
		const struct flow *flow = &self->hot[i];

		if (is_live(flow)) {
			first_ns = flow->last_ns < first_ns ? flow->last_ns : first_ns;
			last_ns = flow->last_ns > last_ns ? flow->last_ns : last_ns;
			order[count++].index = i;
		}
	}
	assert(count == self->count);
	bits = count == 0 ? 0 : bits_of(last_ns - first_ns);
	shift = bits > 32 ? bits - 32 : 0;
	for (size_t i = 0; i < count; i++)
		order[i].time = (uint32_t)((self->hot[order[i].index].last_ns - first_ns) >> shift);
	sort_order(order, count, bits - shift, self->hot);
	return count;
}

void flow_flush(struct flow_table *self)
{
	/* Nothing is looked up any more: the buckets make room for the order. */
	struct flow_order *order = (void *)self->index.buckets;
	size_t count = order_flows(self, order);

	for (size_t i = 0; i < count; i++) {
		uint32_t index = order[i].index;
		const struct flow *flow = &self->hot[index];

		if (count - i > FLUSH_AHEAD)
			flow_table_prefetch(self, order[i + FLUSH_AHEAD].index);
		flow_table_finish(self, index,
				  flow->tcp_state == FLOW_TCP_CLOSED ? FLOW_END_CLOSED
								     : FLOW_END_FORCED);
		self->hot[index] = (struct flow){ .flags = 0 };
	}
	flow_table_clear(self);
}
