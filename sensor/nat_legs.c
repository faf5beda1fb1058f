/* nat_legs.c: pairs of contacts and of sessions, and what waits for its other side.
 *
 * A pair is found by what its two sides share, and each fact carries that: a pair that had to make
 * room is made again by the next facts of its sides. */
#include "sensor/nat_legs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sensor/log.h"
#include "sensor/nat_echo.h"
#include "sensor/nat_hold.h"
#include "sensor/nat_probe.h"
#include "sensor/nat_records.h"
#include "sensor/tag_table.h"
#include "sensor/tcp_options.h"

#define NS_PER_MS UINT64_C(1000000)
#define HOLD_NS   (LIMIT_NAT_FACT_HOLD_MS * NS_PER_MS)
#define WINDOW_NS (LIMIT_NAT_WINDOW_MS * NS_PER_MS)
#define NO_LEG    2

/* One side, or both sides of one connection. */
struct pair {
	struct tag_link link; /* first: found by it */
	struct nat_leg legs[2];
	uint64_t decide_ns; /* until then the first one may have to wait */
	uint32_t queued[2]; /* facts that wait */
	uint16_t options;   /* of a contact's SYN */
	uint8_t count;      /* sides that are known */
	uint8_t inside;     /* index of the inner one, when both are */
	bool is_taken[2];   /* a fact of it went on */
	bool has_ended[2];
	bool is_doubted; /* counted among those that waited in vain */
};

struct nat_legs {
	struct nat_legs_options options;
	struct stats *stats;
	struct siphash_key secret;
	struct nat_addresses *addresses;
	struct nat_records *records;
	struct nat_probe probe;
	struct nat_echo echo; /* once the probe has failed */
	struct nat_hold hold;
	struct tag_table contacts;
	struct tag_table sessions;
	uint32_t doubts;
};

static void take(struct nat_legs *self, uint64_t now_ns, const struct fact *fact,
		 const struct decision_nat *nat)
{
	self->options.take(self->options.ctx, now_ns, fact, nat);
}

/* For records that come back. */
static void take_record_back(void *ctx, uint64_t now_ns, const struct fact *fact,
			     const struct decision_nat *nat)
{
	take(ctx, now_ns, fact, nat);
}

/* --- pairs ---------------------------------------------------------------------------------- */

static struct pair *find_pair(struct tag_table *table, struct siphash_tag tag)
{
	struct pair *pair = (struct pair *)(void *)tag_table_find(table, tag);

	if (pair != NULL)
		tag_table_touch(table, &pair->link);
	return pair;
}

static void drop_pair(struct tag_table *table, struct pair *pair)
{
	tag_table_remove(table, &pair->link);
	free(pair);
}

/* NULL: out of memory, counted. */
static struct pair *add_pair(struct nat_legs *self, struct tag_table *table, size_t max,
			     struct siphash_tag tag, const struct nat_leg *leg, uint64_t now_ns)
{
	struct pair *pair;

	/* The ones that ended long ago are those that have not been asked for since. */
	while ((pair = (struct pair *)(void *)table->oldest) != NULL &&
	       (table->count >= max ||
		(pair->has_ended[0] && now_ns > pair->decide_ns + WINDOW_NS)))
		drop_pair(table, pair);
	pair = calloc(1, sizeof(*pair));
	if (pair == NULL) {
		stats_add(self->stats->correlator_capped, 1);
		return NULL;
	}
	pair->link.tag = tag;
	pair->legs[0] = *leg;
	pair->count = 1;
	pair->decide_ns = now_ns + HOLD_NS;
	tag_table_add(table, &pair->link);
	return pair;
}

/* Index of a flow's side, NO_LEG: it is none of them. */
static size_t find_leg(const struct pair *pair, uint64_t flow_id)
{
	for (size_t i = 0; i < pair->count; i++)
		if (pair->legs[i].flow_id == flow_id)
			return i;
	return NO_LEG;
}

static bool is_outer(const struct pair *pair, size_t leg)
{
	return pair->count == 2 && leg != pair->inside;
}

static void add_leg(struct pair *pair, const struct nat_leg *leg)
{
	pair->legs[1] = *leg;
	pair->count = 2;
	pair->inside = nat_leg_is_inside(&pair->legs[0], &pair->legs[1]) ? 0 : 1;
}

static void count_pair(void *ctx)
{
	struct nat_legs *self = ctx;

	nat_probe_pair(&self->probe);
	self->doubts = 0;
	stats_add(self->stats->nat_pairs, 1);
}

static void tell_joined(struct nat_legs *self, const struct pair *pair, uint64_t now_ns)
{
	struct decision_nat nat = nat_leg_outside(&pair->legs[!pair->inside]);

	if (pair->is_taken[pair->inside])
		self->options.joined(self->options.ctx, now_ns, &pair->legs[pair->inside], &nat);
}

/* --- contacts ------------------------------------------------------------------------------- */

static struct pair *find_contact(struct nat_legs *self, const struct flow_key *key, int client_side,
				 uint32_t isn)
{
	uint32_t isns[2] = { isn, 0 };

	if (isn == 0 || self->contacts.count == 0)
		return NULL;
	return find_pair(&self->contacts, nat_leg_tag(key, client_side, isns, self->secret));
}

/* The contact of an outer side went on before that was known. */
static void withdraw_contact(struct nat_legs *self, struct pair *contact, size_t leg)
{
	if (!contact->is_taken[leg])
		return;
	contact->is_taken[leg] = false;
	stats_add(self->stats->nat_joined, 1);
	self->options.withdraw(self->options.ctx, &contact->legs[leg]);
}

/* A SYN alone proves less than a handshake: only what is private and what may be a NAT are paired
 * by it, and the options, with their time stamp, must agree. */
static bool is_contact_pair(const struct pair *contact, const struct nat_leg *leg, uint16_t options)
{
	uint8_t rank = contact->legs[0].rank;
	uint8_t low = rank < leg->rank ? rank : leg->rank;
	uint8_t high = rank < leg->rank ? leg->rank : rank;

	return contact->count == 1 && low <= NAT_RANK_PUBLIC && high >= NAT_RANK_HOME &&
	       contact->options == options && options != TCP_OPTIONS_UNREADABLE &&
	       nat_leg_is_other(&contact->legs[0], leg);
}

static void join_contact(struct nat_legs *self, struct pair *contact, const struct nat_leg *leg,
			 uint64_t now_ns)
{
	add_leg(contact, leg);
	count_pair(self);
	if (contact->inside == 1)
		withdraw_contact(self, contact, 0);
	else
		tell_joined(self, contact, now_ns);
}

static void take_contact(struct nat_legs *self, uint64_t now_ns, const struct contact_fact *fact)
{
	struct nat_leg leg = nat_leg_of(self->addresses, &fact->key, fact->client_side,
					fact->flow_id, fact->start_ns);
	uint32_t isns[2] = { fact->isn, 0 };
	struct siphash_tag tag = nat_leg_tag(&fact->key, leg.client_side, isns, self->secret);
	struct decision_nat nat;
	struct pair *contact = NULL;
	size_t index = 0;

	leg.contact = fact->contact;
	if (fact->isn != 0 && !self->probe.is_opaque) {
		contact = find_pair(&self->contacts, tag);
		if (contact != NULL && is_contact_pair(contact, &leg, fact->syn_options)) {
			join_contact(self, contact, &leg, now_ns);
			index = 1;
		} else if (contact == NULL) {
			contact = add_pair(self, &self->contacts, LIMIT_NAT_CONTACTS, tag, &leg,
					   now_ns);
			if (contact != NULL)
				contact->options = fact->syn_options;
		} else {
			contact = NULL;
		}
	}
	if (contact == NULL || contact->count == 1) {
		if (contact != NULL)
			contact->is_taken[index] = true;
		take(self, now_ns, &fact->fact, NULL);
	} else if (index == contact->inside) {
		nat = nat_leg_outside(&contact->legs[!index]);
		contact->is_taken[index] = true;
		take(self, now_ns, &fact->fact, &nat);
	} else {
		stats_add(self->stats->nat_joined, 1);
	}
}

/* A name that a flow said: of an outer side the inner one has said it already. */
static void take_name(struct nat_legs *self, uint64_t now_ns, const struct name_fact *fact)
{
	const struct pair *contact = find_contact(self, &fact->key, fact->client_side, fact->isn);
	size_t leg = contact != NULL ? find_leg(contact, fact->flow_id) : NO_LEG;
	struct decision_nat nat;

	if (leg == NO_LEG || contact->count != 2) {
		take(self, now_ns, &fact->fact, NULL);
	} else if (leg == contact->inside) {
		nat = nat_leg_outside(&contact->legs[!leg]);
		take(self, now_ns, &fact->fact, &nat);
	} else {
		stats_add(self->stats->nat_joined, 1);
	}
}

/* --- sessions ------------------------------------------------------------------------------- */

/* What a fact of either kind says about its flow. */
struct subject {
	const struct fact *fact;
	const struct flow_key *key;
	const uint32_t *isn;
	uint64_t flow_id;
	uint64_t first_ns;
	uint32_t contact;
	uint8_t client_side;
	bool is_last; /* of its flow */
};

static struct subject subject_of(const struct fact *fact)
{
	const struct session_fact *session = (const void *)fact;
	const struct flow_record *record = (const void *)fact;

	if (fact->kind == FACT_SESSION)
		return (struct subject){ .fact = fact,
					 .key = &session->key,
					 .isn = session->isn,
					 .flow_id = session->flow_id,
					 .first_ns = session->first_ns,
					 .contact = session->contact,
					 .client_side = session->client_side };
	return (struct subject){ .fact = fact,
				 .key = &record->key,
				 .isn = record->isn,
				 .flow_id = record->flow_id,
				 .first_ns = record->first_ns,
				 .contact = record->contact,
				 .client_side = record->client_side,
				 .is_last = record->end != FLOW_END_ACTIVE };
}

static bool has_handshake(const struct subject *subject)
{
	return subject->isn[0] != 0 && subject->isn[1] != 0;
}

/* What its sequence numbers say, or what its first words said. */
static struct siphash_tag subject_tag(struct nat_legs *self, const struct subject *subject)
{
	struct siphash_tag own =
		nat_leg_tag(subject->key, subject->client_side, subject->isn, self->secret);

	return self->probe.is_opaque ? nat_echo_tag(&self->echo, subject->flow_id, own) : own;
}

/* The outer side that a contact's pair knows of; false: none. */
static bool contact_nat(struct nat_legs *self, const struct subject *subject,
			struct decision_nat *nat)
{
	const struct pair *contact =
		find_contact(self, subject->key, subject->client_side, subject->isn[0]);
	size_t leg = contact != NULL ? find_leg(contact, subject->flow_id) : NO_LEG;

	if (leg == NO_LEG || contact->count != 2 || leg != contact->inside)
		return false;
	*nat = nat_leg_outside(&contact->legs[!leg]);
	return true;
}

static void take_single(struct nat_legs *self, uint64_t now_ns, const struct subject *subject)
{
	struct decision_nat nat;
	bool has_nat = contact_nat(self, subject, &nat);

	take(self, now_ns, subject->fact, has_nat ? &nat : NULL);
}

/* A fact whose turn it is: on, or not when it is an outer side's. */
static void give(struct nat_legs *self, uint64_t now_ns, struct pair *pair, size_t leg,
		 const struct subject *subject)
{
	struct decision_nat nat;

	if (is_outer(pair, leg)) {
		stats_add(self->stats->nat_joined, 1);
	} else if (pair->count == 2) {
		pair->is_taken[leg] = true;
		nat = nat_leg_outside(&pair->legs[!leg]);
		take(self, now_ns, subject->fact, &nat);
	} else {
		pair->is_taken[leg] = true;
		take_single(self, now_ns, subject);
	}
	if (!subject->is_last)
		return;
	pair->has_ended[leg] = true;
	if (pair->has_ended[0] && pair->has_ended[1])
		drop_pair(&self->sessions, pair);
}

/* The outer side's contact, unless it ended here or was withdrawn before. */
static void withdraw_outer(struct nat_legs *self, const struct nat_leg *outer, uint32_t isn)
{
	struct pair *contact = find_contact(self, &outer->key, outer->client_side, isn);
	size_t index = contact != NULL ? find_leg(contact, outer->flow_id) : NO_LEG;

	if (index != NO_LEG) {
		withdraw_contact(self, contact, index);
	} else { /* its SYN was not like the inner one's */
		stats_add(self->stats->nat_joined, 1);
		self->options.withdraw(self->options.ctx, outer);
	}
}

static void join_session(struct nat_legs *self, struct pair *pair, const struct nat_leg *leg,
			 const struct subject *subject, uint64_t now_ns)
{
	const struct nat_leg *outer;
	const struct pair *contact;

	add_leg(pair, leg);
	outer = &pair->legs[!pair->inside];
	nat_addresses_learn(self->addresses, &outer->key, outer->client_side);
	contact = find_contact(self, &outer->key, outer->client_side, subject->isn[0]);
	if (contact == NULL || contact->count != 2)
		count_pair(self);
	tell_joined(self, pair, now_ns);
	if (subject->contact != 0)
		withdraw_outer(self, outer, subject->isn[0]);
}

static bool must_wait(const struct nat_legs *self, const struct pair *pair, size_t leg,
		      uint64_t now_ns)
{
	uint8_t rank = pair->legs[leg].rank;

	if (pair->queued[leg] > 0)
		return true; /* behind the ones before it */
	if (pair->count == 2 || now_ns >= pair->decide_ns)
		return false;
	return rank <= NAT_RANK_LEARNT ||
	       (rank == NAT_RANK_PUBLIC && self->doubts < LIMIT_NAT_DOUBTS);
}

/* The first of those that wait goes on. */
static void release(struct nat_legs *self, uint64_t now_ns)
{
	struct nat_held *held = nat_hold_take(&self->hold);
	struct subject subject = subject_of(&held->fact);
	struct pair *pair = find_pair(&self->sessions, subject_tag(self, &subject));
	size_t leg = pair != NULL ? find_leg(pair, subject.flow_id) : NO_LEG;

	if (leg == NO_LEG) {
		take_single(self, now_ns, &subject); /* the pair had to make room */
	} else {
		if (pair->queued[leg] > 0)
			pair->queued[leg]--;
		if (pair->count == 1 && !pair->is_doubted &&
		    pair->legs[leg].rank == NAT_RANK_PUBLIC) {
			pair->is_doubted = true;
			self->doubts++;
		}
		give(self, now_ns, pair, leg, &subject);
	}
	free(held);
}

static void hold_or_give(struct nat_legs *self, uint64_t now_ns, struct pair *pair, size_t leg,
			 const struct subject *subject)
{
	if (!must_wait(self, pair, leg, now_ns)) {
		give(self, now_ns, pair, leg, subject);
		return;
	}
	if (nat_hold_add(&self->hold, subject->fact, now_ns + HOLD_NS) < 0) {
		stats_add(self->stats->correlator_capped, 1);
		give(self, now_ns, pair, leg, subject);
		return;
	}
	pair->queued[leg]++;
	stats_add(self->stats->nat_held, 1);
	if (self->hold.count > LIMIT_NAT_FACTS) {
		stats_add(self->stats->nat_hold_capped, 1);
		release(self, now_ns);
	}
}

/* The NAT rewrites sequence numbers: what a new session said may tell. */
static bool meet(struct nat_legs *self, const struct subject *subject, const struct nat_leg *leg,
		 struct siphash_tag own)
{
	const struct session_fact *fact = (const void *)subject->fact;

	return fact->said != 0 &&
	       nat_echo_meet(&self->echo, leg, fact->said, fact->said_ns, fact->has_stamps, own);
}

static void take_session(struct nat_legs *self, uint64_t now_ns, const struct subject *subject)
{
	struct nat_leg leg = nat_leg_of(self->addresses, subject->key, subject->client_side,
					subject->flow_id, subject->first_ns);
	struct siphash_tag tag = subject_tag(self, subject);
	struct pair *pair = find_pair(&self->sessions, tag);
	size_t index;

	if (pair == NULL && self->probe.is_opaque && meet(self, subject, &leg, tag))
		pair = find_pair(&self->sessions, subject_tag(self, subject));
	if (pair == NULL)
		pair = add_pair(self, &self->sessions, self->options.max_sessions, tag, &leg,
				now_ns);
	if (pair == NULL) {
		take_single(self, now_ns, subject);
		return;
	}
	index = find_leg(pair, subject->flow_id);
	if (index == NO_LEG && pair->count == 1 && nat_leg_is_other(&pair->legs[0], &leg)) {
		join_session(self, pair, &leg, subject, now_ns);
		index = 1;
	}
	if (index == NO_LEG) /* a second mirror's */
		take_single(self, now_ns, subject);
	else
		hold_or_give(self, now_ns, pair, index, subject);
}

/* --- flow records --------------------------------------------------------------------------- */

/* Until the first pair: whether there could have been one. */
static void test_handshake(struct nat_legs *self, const struct flow_record *record)
{
	int side = record->client_side != 0;
	enum nat_rank rank = nat_addresses_rank(self->addresses, &record->key, side);
	bool has_nats = self->options.addresses.nat_count > 0;
	bool is_outside = rank == (has_nats ? NAT_RANK_CONFIGURED : NAT_RANK_PUBLIC);

	if (record->start_ns != record->first_ns || (!is_outside && rank != NAT_RANK_PRIVATE) ||
	    nat_addresses_rank(self->addresses, &record->key, !side) >= NAT_RANK_HOME ||
	    !nat_probe_handshake(&self->probe, &record->key, side, is_outside))
		return;
	log_warning("nat_isn_opaque: %u connections to the same servers were seen inside and "
		    "outside, and not one pair has the same sequence numbers: the NAT rewrites "
		    "them, and only sessions are paired from now on, by what they say first",
		    LIMIT_NAT_OPAQUE);
}

/* A record of a pair that its contact made; false: it is of none. */
static bool take_contact_record(struct nat_legs *self, uint64_t now_ns,
				const struct subject *subject)
{
	const struct pair *contact =
		find_contact(self, subject->key, subject->client_side, subject->isn[0]);
	size_t leg = contact != NULL ? find_leg(contact, subject->flow_id) : NO_LEG;

	if (leg == NO_LEG || contact->count != 2)
		return false;
	if (is_outer(contact, leg))
		stats_add(self->stats->nat_joined, 1);
	else
		take_single(self, now_ns, subject);
	return true;
}

static void take_record(struct nat_legs *self, uint64_t now_ns, const struct flow_record *record)
{
	struct subject subject = subject_of(&record->fact);
	struct pair *pair;
	size_t leg = NO_LEG;

	if (has_handshake(&subject) && !self->probe.is_settled)
		test_handshake(self, record);
	if (record->has_session && has_handshake(&subject)) {
		pair = find_pair(&self->sessions, subject_tag(self, &subject));
		leg = pair != NULL ? find_leg(pair, record->flow_id) : NO_LEG;
		if (leg != NO_LEG) {
			hold_or_give(self, now_ns, pair, leg, &subject);
			return;
		}
	}
	if (self->contacts.count > 0 && take_contact_record(self, now_ns, &subject))
		return;
	if (!record->has_session && has_handshake(&subject) && !self->probe.is_opaque)
		nat_records_take(self->records, now_ns, record);
	else
		take(self, now_ns, &record->fact, NULL);
}

/* --- all ------------------------------------------------------------------------------------ */

void nat_legs_take(struct nat_legs *self, uint64_t now_ns, const struct fact *fact)
{
	struct subject subject;

	switch ((enum fact_kind)fact->kind) {
	case FACT_FLOW:
		take_record(self, now_ns, (const struct flow_record *)(const void *)fact);
		return;
	case FACT_CONTACT:
		take_contact(self, now_ns, (const struct contact_fact *)(const void *)fact);
		return;
	case FACT_SESSION:
		subject = subject_of(fact);
		if (has_handshake(&subject))
			take_session(self, now_ns, &subject);
		else
			take(self, now_ns, fact, NULL);
		return;
	case FACT_NAME:
		take_name(self, now_ns, (const struct name_fact *)(const void *)fact);
		return;
	case FACT_ANSWER:
	case FACT_HELLO:
		break;
	}
	take(self, now_ns, fact, NULL);
}

/* Facts before records that fall due at the same time. */
static bool release_one(struct nat_legs *self, uint64_t before_ns, uint64_t *now_ns)
{
	uint64_t fact_ns = self->hold.first != NULL ? self->hold.first->due_ns : UINT64_MAX;
	uint64_t record_ns = nat_records_due(self->records);
	uint64_t due_ns = fact_ns <= record_ns ? fact_ns : record_ns;

	if (due_ns >= before_ns)
		return false;
	if (due_ns < *now_ns)
		*now_ns = due_ns;
	if (fact_ns <= record_ns)
		release(self, *now_ns);
	else
		nat_records_release(self->records, *now_ns);
	return true;
}

void nat_legs_advance(struct nat_legs *self, uint64_t now_ns)
{
	uint64_t at_ns = now_ns;

	while (release_one(self, now_ns, &at_ns))
		at_ns = now_ns;
}

void nat_legs_flush(struct nat_legs *self, uint64_t end_ns)
{
	uint64_t at_ns = end_ns;

	while (release_one(self, UINT64_MAX, &at_ns))
		at_ns = end_ns;
}

struct nat_legs *nat_legs_new(const struct nat_legs_options *options, struct stats *stats)
{
	struct nat_legs *self = calloc(1, sizeof(*self));
	struct nat_records_options records = {
		.stats = stats, .take = take_record_back, .paired = count_pair, .ctx = self
	};

	if (self == NULL)
		return NULL;
	self->options = *options;
	self->stats = stats;
	nat_hold_init(&self->hold);
	if (getrandom(&self->secret, sizeof(self->secret), 0) != (ssize_t)sizeof(self->secret))
		goto fail;
	self->addresses = nat_addresses_new(&options->addresses);
	records.addresses = self->addresses;
	records.secret = self->secret;
	self->records = nat_records_new(&records);
	if (self->addresses == NULL || self->records == NULL ||
	    nat_probe_init(&self->probe, self->secret) < 0 ||
	    nat_echo_init(&self->echo, self->secret, options->max_sessions) < 0 ||
	    tag_table_init(&self->contacts, LIMIT_NAT_CONTACTS) < 0 ||
	    tag_table_init(&self->sessions, options->max_sessions) < 0)
		goto fail;
	return self;
fail:
	nat_legs_free(self);
	return NULL;
}

void nat_legs_free(struct nat_legs *self)
{
	if (self == NULL)
		return;
	nat_hold_fini(&self->hold);
	tag_table_fini(&self->contacts);
	tag_table_fini(&self->sessions);
	nat_probe_fini(&self->probe);
	nat_echo_fini(&self->echo);
	nat_records_free(self->records);
	nat_addresses_free(self->addresses);
	free(self);
}
