/* nat_records.c: the table of flow records that wait for, or may be asked for, their other side. */
#include "sensor/nat_records.h"

#include <stdlib.h>

#include "sensor/tag_table.h"

#define HOLD_NS (LIMIT_NAT_RECORD_HOLD_MS * UINT64_C(1000000))

struct entry {
	struct tag_link link; /* first: found by it; the oldest falls due first */
	uint64_t due_ns;
	bool is_held; /* else it went out already */
	struct nat_leg leg;
	struct flow_record record; /* when held */
};

struct nat_records {
	struct nat_records_options options;
	struct tag_table entries;
};

struct nat_records *nat_records_new(const struct nat_records_options *options)
{
	struct nat_records *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->options = *options;
	if (tag_table_init(&self->entries, LIMIT_NAT_RECORDS) < 0) {
		nat_records_free(self);
		return NULL;
	}
	return self;
}

void nat_records_free(struct nat_records *self)
{
	if (self == NULL)
		return;
	tag_table_fini(&self->entries);
	free(self);
}

static void take(struct nat_records *self, uint64_t now_ns, const struct flow_record *record,
		 const struct decision_nat *nat)
{
	self->options.take(self->options.ctx, now_ns, &record->fact, nat);
}

static void drop(struct nat_records *self, struct entry *entry)
{
	tag_table_remove(&self->entries, &entry->link);
	free(entry);
}

static void release(struct nat_records *self, struct entry *entry, uint64_t now_ns)
{
	if (entry->is_held)
		take(self, now_ns, &entry->record, NULL);
	drop(self, entry);
}

/* Whether a record is worth waiting for its other side. */
static bool should_hold(const struct nat_records *self, const struct nat_leg *leg)
{
	return leg->rank <= NAT_RANK_LEARNT ||
	       (leg->rank == NAT_RANK_PRIVATE && nat_addresses_any(self->options.addresses));
}

/* The two sides of one connection have ended; the other one's record is record. */
static void join(struct nat_records *self, struct entry *entry, const struct nat_leg *leg,
		 const struct flow_record *record, uint64_t now_ns)
{
	bool is_inside = nat_leg_is_inside(leg, &entry->leg);
	const struct nat_leg *outer = is_inside ? &entry->leg : leg;
	struct decision_nat nat = nat_leg_outside(outer);

	nat_addresses_learn(self->options.addresses, &outer->key, outer->client_side);
	self->options.paired(self->options.ctx);
	if (!entry->is_held) {
		take(self, now_ns, record, is_inside ? &nat : NULL);
	} else {
		stats_add(self->options.stats->nat_joined, 1);
		take(self, now_ns, is_inside ? record : &entry->record, &nat);
	}
	drop(self, entry);
}

/* False when there is no memory for it. */
static bool keep(struct nat_records *self, struct siphash_tag tag, const struct nat_leg *leg,
		 const struct flow_record *record, uint64_t now_ns)
{
	struct entry *entry = (struct entry *)(void *)self->entries.oldest;

	if (self->entries.count >= LIMIT_NAT_RECORDS && entry != NULL) {
		if (entry->is_held)
			stats_add(self->options.stats->nat_hold_capped, 1);
		release(self, entry, now_ns);
	}
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		return false;
	entry->link.tag = tag;
	entry->due_ns = now_ns + HOLD_NS;
	entry->is_held = should_hold(self, leg);
	entry->leg = *leg;
	entry->record = *record;
	tag_table_add(&self->entries, &entry->link);
	if (!entry->is_held)
		return false;
	stats_add(self->options.stats->nat_held, 1);
	return true;
}

void nat_records_take(struct nat_records *self, uint64_t now_ns, const struct flow_record *record)
{
	const struct flow_key *key = &record->key;
	struct siphash_tag tag;
	struct nat_leg leg;
	struct entry *entry;

	leg = nat_leg_of(self->options.addresses, key, record->client_side, record->flow_id,
			 record->first_ns);
	if (leg.rank == NAT_RANK_HOME ||
	    nat_addresses_rank(self->options.addresses, key, !leg.client_side) >= NAT_RANK_HOME) {
		take(self, now_ns, record, NULL);
		return;
	}
	tag = nat_leg_tag(key, leg.client_side, record->isn, self->options.secret);
	entry = (struct entry *)(void *)tag_table_find(&self->entries, tag);
	if (entry != NULL && nat_leg_is_other(&entry->leg, &leg)) {
		join(self, entry, &leg, record, now_ns);
		return;
	}
	if (entry != NULL) /* an interim record before this one, or a second mirror's */
		release(self, entry, now_ns);
	if (!keep(self, tag, &leg, record, now_ns))
		take(self, now_ns, record, NULL);
}

uint64_t nat_records_due(const struct nat_records *self)
{
	const struct entry *oldest = (const struct entry *)(void *)self->entries.oldest;

	return oldest != NULL ? oldest->due_ns : UINT64_MAX;
}

void nat_records_release(struct nat_records *self, uint64_t now_ns)
{
	struct entry *oldest = (struct entry *)(void *)self->entries.oldest;

	if (oldest != NULL)
		release(self, oldest, now_ns);
}
