/* flowlog_flow.c: the windows of one connection, and when they look like a miner's.
 *
 * A miner talks to its pool over one connection for hours, some hundred bytes a minute in either
 * direction: jobs come at their pace, shares go at theirs. Reference: measured sessions of
 * Stratum, 100 to 2000 bytes per minute. */
#include <string.h>

#include "sensor/trail/flowlog_state.h"

#define THIN_MIN    100 /* bytes per minute */
#define THIN_MAX    2000
#define SLOT_BITS   64
#define SLOTS_MIN   2
#define SETTLE_S    900 /* SYNs so soon after the begin are that of the connection */
#define SECONDS_MAX UINT32_C(0x7fffffff)

static uint32_t add_seconds(uint32_t sum_s, uint64_t more_s)
{
	return more_s >= SECONDS_MAX - sum_s ? SECONDS_MAX : sum_s + (uint32_t)more_s;
}

/* end is the last second of the window. */
static void add_rate(struct flowlog_rates *rates, const struct flowlog_line *line)
{
	uint64_t seconds = line->end_s - line->start_s + 1;
	uint64_t rate = line->bytes * 60 / seconds;

	if (rate < THIN_MIN)
		rates->low_s = add_seconds(rates->low_s, seconds);
	else if (rate <= THIN_MAX)
		rates->fit_s = add_seconds(rates->fit_s, seconds);
	else
		rates->high_s = add_seconds(rates->high_s, seconds);
}

static void add_slots(struct flowlog_flow *self, const struct flowlog_line *line)
{
	uint64_t first = line->start_s / FLOWLOG_SLOT_S;
	uint64_t last = line->end_s / FLOWLOG_SLOT_S;

	for (uint64_t slot = first; slot <= last && slot - first < SLOT_BITS; slot++)
		self->slots |= UINT64_C(1) << slot % SLOT_BITS;
}

void flowlog_flow_add(struct flowlog_flow *self, const struct flowlog_line *line, bool is_out)
{
	if (self->first_s == 0 || line->start_s < self->first_s)
		self->first_s = line->start_s;
	if (line->end_s > self->last_s)
		self->last_s = line->end_s;
	if (line->has_syn && line->start_s > self->last_syn_s)
		self->last_syn_s = line->start_s;
	self->bytes += line->bytes;
	add_rate(is_out ? &self->out : &self->in, line);
	add_slots(self, line);
}

/* The median fits, and most of the time around it. */
static bool is_steady(const struct flowlog_rates *rates)
{
	uint64_t all_s = (uint64_t)rates->low_s + rates->fit_s + rates->high_s;

	return all_s > 0 && (uint64_t)rates->fit_s * 4 >= all_s * 3;
}

bool flowlog_flow_is_thin(const struct flowlog_flow *self, uint64_t lifetime_s)
{
	uint64_t slots = lifetime_s / FLOWLOG_SLOT_S;

	if (slots < SLOTS_MIN)
		slots = SLOTS_MIN;
	if (slots > SLOT_BITS / 2)
		slots = SLOT_BITS / 2;
	return self->is_tcp && self->is_thin_candidate &&
	       self->last_s - self->first_s + 1 >= lifetime_s &&
	       (uint64_t)__builtin_popcountll(self->slots) >= slots &&
	       (self->last_syn_s == 0 || self->last_syn_s <= self->first_s + SETTLE_S) &&
	       is_steady(&self->out) && is_steady(&self->in);
}

static int compare_source(const struct flowlog_proof *proof, const struct flowlog_source *source,
			  uint32_t number)
{
	int order = strcmp(source->name, proof->source->name);

	if (order == 0 && number != proof->number)
		order = number < proof->number ? -1 : 1;
	return order;
}

void flowlog_prove(struct flowlog_proof *self, uint64_t start_s, struct flowlog_source *source,
		   uint32_t number)
{
	if (self->source != NULL &&
	    (start_s > self->start_s ||
	     (start_s == self->start_s && compare_source(self, source, number) >= 0)))
		return;
	(void)flowlog_source_ref(source);
	flowlog_source_unref(self->source);
	*self = (struct flowlog_proof){ start_s, source, number };
}
