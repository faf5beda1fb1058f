/* alert.c: the alert table and its rules.
 *
 *	contact --> pending --(grace over)--> published --+
 *	               |                                  | absorbed: one last revision
 *	               +--(session confirmed)--> gone <---+
 *
 *	hostile --> published as soon as it cannot be a NAT's side any more; absorbed by nobody
 *
 *	session fact --> revision 1 at once --> level, identity, refusal: at once
 *	                                        other evidence: LIMIT_REVISION_S after the last one
 *	                                        counters and rates: never
 *
 * A coin node's session has an alert of its own family. When its flow turns out to mine, the
 * session's alert opens beside it; a session that is only suspect has none.
 *
 * An alert ends after LIMIT_EPISODE_S without a fact; the next fact opens another. When the table
 * is full, the alert that has been idle for longest goes, and what it held back is published. */
#include "sensor/alert.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sensor/alert_fold.h"

#define NS_PER_S 1000000000ull

struct alert_table {
	struct alert_options options;
	struct stats *stats;
	struct alert_namer *namer;
	struct siphash_key key; /* of identities */
	struct tag_table alerts;
	struct alert_heap heap;
	struct alert *asking; /* latest first */
};

static struct alert *find_by(const struct alert_table *self, const struct decision_parties *parties,
			     enum family family, struct alert_cause cause)
{
	return (struct alert *)tag_table_find(&self->alerts,
					      alert_namer_tag(self->namer, parties, family, cause));
}

/* The pool's registered name, else the server's endpoint. A node has no name. */
static struct alert_cause cause_of(const struct decision_parties *parties, enum family family)
{
	return (struct alert_cause){ .listed = family == FAMILY_NODE ? 0 : parties->listed };
}

/* By the pool's name, else by its endpoint: an alert that began before the name was known stays. */
static struct alert *find_alert(const struct alert_table *self,
				const struct decision_parties *parties, enum family family)
{
	struct alert_cause cause = cause_of(parties, family);
	struct alert *alert = find_by(self, parties, family, cause);

	if (alert == NULL && cause.listed != 0)
		alert = find_by(self, parties, family, (struct alert_cause){ 0 });
	return alert;
}

static const uint8_t *nat_addr(const struct decision_nat *nat)
{
	return nat->key.addr[nat->client_side & 1];
}

/* The alert about a listed hostile address that the server has; NULL: none. */
static struct alert *find_hostile(const struct alert_table *self,
				  const struct decision_parties *parties)
{
	if (parties->contact == 0)
		return NULL;
	return find_by(self, parties, FAMILY_HOSTILE,
		       (struct alert_cause){ .listed = parties->contact });
}

static bool is_hostile(const struct alert *alert)
{
	return alert->family == FAMILY_HOSTILE;
}

static void publish(struct alert_table *self, struct alert *alert, uint64_t time_ns,
		    uint64_t absorbed_by)
{
	struct decision_alert decision;

	alert_heap_remove(&self->heap, &alert->timer);
	alert->published_ns = time_ns;
	if (alert->is_asking) {
		alert->is_held = 1;
		return;
	}
	alert->revision++;
	if (alert->revision == 1)
		stats_add(self->stats->alerts, 1);
	stats_add(self->stats->alert_revisions, 1);

	if (alert->parties.nat.is_known)
		memcpy(alert->nat_addr, nat_addr(&alert->parties.nat), sizeof(alert->nat_addr));

	memset(&decision, 0, sizeof(decision));
	decision.decision.time_ns = time_ns;
	decision.decision.size = sizeof(decision);
	decision.decision.kind = DECISION_ALERT;
	decision.parties = alert->parties;
	decision.alert_id = alert->id;
	decision.absorbed_by = absorbed_by;
	decision.episode_ns = alert->episode_ns;
	decision.last_ns = alert->last_ns;
	memcpy(decision.packets, alert->packets, sizeof(decision.packets));
	memcpy(decision.bytes, alert->bytes, sizeof(decision.bytes));
	decision.revision = alert->revision;
	decision.sid = alert->sid;
	decision.flows = alert->flows;
	decision.level = alert->level;
	decision.has_session = alert->has_session;
	decision.has_hello = alert->has_hello;
	decision.open_hash = alert->open_hash;
	decision.evidence = alert->evidence;
	decision.view = alert->view;
	decision.hello = alert->hello;
	if (self->options.identify != NULL)
		(void)self->options.identify(self->options.ctx, &alert->parties, time_ns,
					     &decision.identity);
	memcpy(decision.access_key, alert->access_key, sizeof(decision.access_key));
	memcpy(decision.query, alert->query, sizeof(decision.query));
	self->options.publish(self->options.ctx, &decision);
}

/* Publishes at due_ns; at once when no timer can be had. */
static void publish_later(struct alert_table *self, struct alert *alert, uint64_t due_ns,
			  uint64_t now_ns)
{
	if (alert->timer.place != 0)
		return;
	alert->timer.due_ns = due_ns;
	if (due_ns <= now_ns || alert_heap_add(&self->heap, &alert->timer) < 0)
		publish(self, alert, now_ns, 0);
}

static void publish_soon(struct alert_table *self, struct alert *alert, uint64_t time_ns)
{
	publish_later(self, alert, alert->published_ns + LIMIT_REVISION_S * NS_PER_S, time_ns);
}

/* Out of those whose past is not known yet. */
static void end_asking(struct alert_table *self, struct alert *alert)
{
	struct alert **at = &self->asking;

	if (!alert->is_asking)
		return;
	while (*at != NULL && *at != alert)
		at = &(*at)->next_asking;
	if (*at != NULL)
		*at = alert->next_asking;
	alert->is_asking = 0;
}

static void drop_alert(struct alert_table *self, struct alert *alert)
{
	end_asking(self, alert);
	alert_heap_remove(&self->heap, &alert->timer);
	tag_table_remove(&self->alerts, &alert->link);
	free(alert);
}

/* Drops it, after what it held back was published: without its past, if that is not known yet. */
static void retire_alert(struct alert_table *self, struct alert *alert, uint64_t time_ns)
{
	end_asking(self, alert);
	if (alert->is_held || alert->timer.place != 0)
		publish(self, alert, time_ns, 0);
	drop_alert(self, alert);
}

/* NULL: out of memory, counted. */
static struct alert *open_alert(struct alert_table *self, const struct decision_parties *parties,
				enum family family, struct alert_cause cause, uint64_t time_ns)
{
	struct alert *alert;

	if (self->alerts.count >= self->options.max_alerts && self->alerts.oldest != NULL) {
		stats_add(self->stats->correlator_capped, 1);
		retire_alert(self, (struct alert *)self->alerts.oldest, time_ns);
	}
	alert = calloc(1, sizeof(*alert));
	if (alert == NULL) {
		stats_add(self->stats->correlator_capped, 1);
		return NULL;
	}
	alert->link.tag = alert_namer_tag(self->namer, parties, family, cause);
	alert->id = alert_namer_id(self->namer, parties, family, cause, time_ns);
	alert->open_hash = alert_namer_id(self->namer, parties, family, cause, 0);
	alert->timer.id = alert->id;
	alert->timer.owner = alert;
	alert->family = (uint8_t)family;
	alert->episode_ns = time_ns;
	alert->last_ns = time_ns;
	alert->parties = *parties;
	tag_table_add(&self->alerts, &alert->link);
	if (self->options.ask != NULL) {
		alert->is_asking = 1;
		alert->next_asking = self->asking;
		self->asking = alert;
		self->options.ask(self->options.ctx, alert->open_hash, alert->id);
	}
	return alert;
}

void alert_opened(struct alert_table *self, uint64_t ticket, const struct open_alert *found,
		  uint64_t now_ns)
{
	struct alert *alert = self->asking;

	while (alert != NULL && alert->id != ticket)
		alert = alert->next_asking;
	if (alert == NULL)
		return;
	end_asking(self, alert);
	if (found != NULL)
		alert_fold_open(alert, found);
	if (alert->is_held)
		publish(self, alert, now_ns, 0);
	alert->is_held = 0;
}

void alert_identified(struct alert_table *self,
		      bool (*is_host)(void *ctx, const struct decision_parties *parties), void *ctx,
		      uint64_t now_ns)
{
	for (struct tag_link *link = self->alerts.oldest; link != NULL; link = link->newer) {
		struct alert *alert = (struct alert *)link;

		if (alert->revision > 0 && is_host(ctx, &alert->parties))
			publish(self, alert, now_ns, 0);
	}
}

static void touch_alert(struct alert_table *self, struct alert *alert, uint64_t time_ns)
{
	if (time_ns > alert->last_ns)
		alert->last_ns = time_ns;
	tag_table_touch(&self->alerts, &alert->link);
}

static struct alert_name name_of(const struct alert *alert)
{
	return (struct alert_name){ .id = alert->id,
				    .revision = alert->revision,
				    .sid = alert->sid };
}

static void end_contact(struct alert_table *self, struct alert *contact, const struct alert *by,
			uint64_t time_ns)
{
	if (contact->revision > 0) {
		contact->parties = by->parties;
		contact->last_ns = time_ns;
		memcpy(contact->packets, by->packets, sizeof(contact->packets));
		memcpy(contact->bytes, by->bytes, sizeof(contact->bytes));
		publish(self, contact, time_ns, by->id);
	}
	drop_alert(self, contact);
}

/* What a session's client was known for: by the pool's name and by its endpoint. */
#define CONTACTS 2

/* A confirmed session takes what its client's contacts were known for. Returns how many alerts are
 * to be ended; *urgency grows to later when a word is new. */
static size_t take_contacts(struct alert_table *self, struct alert *alert,
			    const struct session_fact *fact, enum urgency *urgency,
			    struct alert *contacts[CONTACTS])
{
	const struct decision_parties *parties = &alert->parties;
	const struct alert_cause by_name = { .listed = parties->listed };
	const struct alert_cause by_endpoint = { 0 };
	uint8_t words = alert->evidence.count;
	size_t count = 0;

	if (by_name.listed != 0)
		contacts[count] = find_by(self, parties, FAMILY_CONTACT, by_name);
	if (by_name.listed != 0 && contacts[count] != NULL)
		count++;
	contacts[count] = find_by(self, parties, FAMILY_CONTACT, by_endpoint);
	if (contacts[count] != NULL)
		count++;
	for (size_t i = 0; i < count; i++)
		alert_fold_absorbed(alert, contacts[i]);
	stats_add(self->stats->alerts_absorbed, count);
	if (parties->contact != 0 && fact->contact != 0)
		evidence_add(&alert->evidence, EVIDENCE_LISTED_ENDPOINT);
	if (alert->evidence.count != words && *urgency == URGENCY_NEVER)
		*urgency = URGENCY_LATER;
	return count;
}

/* One's own miner explains the contacts that wait for their session. */
static void forgive_contacts(struct alert_table *self, const struct decision_parties *parties)
{
	const struct alert_cause causes[] = { { .listed = parties->listed }, { 0 } };

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		struct alert *contact = find_by(self, parties, FAMILY_CONTACT, causes[i]);

		if (contact != NULL && contact->revision == 0)
			drop_alert(self, contact);
	}
}

struct alert_name alert_session(struct alert_table *self, const struct session_fact *fact,
				const struct decision_parties *parties,
				const struct session_view *before)
{
	uint64_t time_ns = fact->fact.time_ns;
	enum family family = alert_family(&fact->view);
	struct alert *alert = NULL;
	struct alert *contacts[CONTACTS];
	size_t contact_count = 0;
	enum urgency urgency;

	if (family == FAMILY_CONTACT) {
		/* Raises none, but may be the same miner's: named as its flow will be. */
		alert = find_alert(self, parties, FAMILY_SESSION);
		return alert != NULL ? name_of(alert) : (struct alert_name){ 0 };
	}
	alert = find_alert(self, parties, family);
	if (alert == NULL && parties->is_allowed)
		forgive_contacts(self, parties);
	else if (alert == NULL)
		alert = open_alert(self, parties, family, cause_of(parties, family), time_ns);
	if (alert == NULL)
		return (struct alert_name){ 0 };
	touch_alert(self, alert, time_ns);
	alert->parties = *parties;
	urgency = alert_fold_session(alert, fact, before, self->key);
	if (alert->level >= LEVEL_CONFIRMED)
		contact_count = take_contacts(self, alert, fact, &urgency, contacts);
	if (urgency == URGENCY_NOW)
		publish(self, alert, time_ns, 0);
	else if (urgency == URGENCY_LATER)
		publish_soon(self, alert, time_ns);
	for (size_t i = 0; i < contact_count; i++)
		end_contact(self, contacts[i], alert, time_ns);
	return name_of(alert);
}

/* True when the client's session with that pool is confirmed: it has the contact as evidence. */
static bool give_to_session(struct alert_table *self, const struct alert_contact *contact,
			    const struct decision_parties *parties)
{
	struct alert *alert = find_by(self, parties, FAMILY_SESSION, contact->cause);

	if (alert == NULL && contact->is_to_server)
		alert = find_alert(self, parties, FAMILY_SESSION);
	if (alert == NULL || alert->level < LEVEL_CONFIRMED)
		return false;
	touch_alert(self, alert, contact->time_ns);
	if (contact->is_to_server)
		alert->flows++;
	if (evidence_add(&alert->evidence, contact->word))
		publish_soon(self, alert, contact->time_ns);
	return true;
}

static struct alert *find_or_open_contact(struct alert_table *self,
					  const struct alert_contact *contact,
					  const struct decision_parties *parties,
					  enum family family)
{
	struct alert *alert = find_by(self, parties, family, contact->cause);

	if (alert == NULL)
		alert = open_alert(self, parties, family, contact->cause, contact->time_ns);
	return alert;
}

void alert_contact(struct alert_table *self, const struct alert_contact *contact,
		   const struct decision_parties *parties)
{
	uint64_t time_ns = contact->time_ns;
	enum family family = signature_find(contact->sid)->family;
	struct alert *alert;
	enum urgency urgency;

	if (family == FAMILY_CONTACT &&
	    (parties->is_allowed || give_to_session(self, contact, parties)))
		return;
	alert = find_or_open_contact(self, contact, parties, family);
	if (alert == NULL)
		return;
	touch_alert(self, alert, time_ns);
	if (!contact->is_echo || alert->flows == 0)
		alert->flows++;
	urgency = alert_fold_contact(alert, contact, parties);
	if (alert->revision == 0 && contact->sid != SID_KEY_LEAK)
		publish_later(self, alert,
			      time_ns + (family == FAMILY_CONTACT ? LIMIT_CONTACT_GRACE_S
								  : LIMIT_HOSTILE_GRACE_S) *
						NS_PER_S,
			      time_ns);
	else if (urgency == URGENCY_NOW)
		publish(self, alert, time_ns, 0);
	else if (urgency == URGENCY_LATER)
		publish_soon(self, alert, time_ns);
}

struct alert_name alert_flow(struct alert_table *self, const struct flow_record *record,
			     const struct decision_parties *parties)
{
	struct alert *alert;

	if (self->alerts.count == 0)
		return (struct alert_name){ 0 };
	alert = find_alert(self, parties, FAMILY_SESSION);
	if (alert == NULL)
		alert = find_alert(self, parties, FAMILY_CONTACT);
	if (alert == NULL && record->has_session)
		alert = find_alert(self, parties, FAMILY_NODE);
	if (alert == NULL)
		alert = find_hostile(self, parties);
	if (alert == NULL)
		return (struct alert_name){ 0 };
	touch_alert(self, alert, record->fact.time_ns);
	if (!alert->has_session && alert->parties.flow_id == record->flow_id) {
		memcpy(alert->packets, record->packets, sizeof(alert->packets));
		memcpy(alert->bytes, record->bytes, sizeof(alert->bytes));
	}
	return alert->revision > 0 ? name_of(alert) : (struct alert_name){ 0 };
}

static void set_nat(struct alert_table *self, struct alert *alert,
		    const struct decision_parties *parties, uint64_t now_ns)
{
	if (alert == NULL || alert->parties.flow_id != parties->flow_id ||
	    alert->parties.nat.is_known)
		return;
	alert->parties.nat = parties->nat;
	/* A new connection through the same NAT is no news. */
	if (alert->revision > 0 &&
	    memcmp(alert->nat_addr, nat_addr(&parties->nat), sizeof(alert->nat_addr)) != 0)
		publish_soon(self, alert, now_ns);
}

void alert_nat(struct alert_table *self, const struct decision_parties *parties, uint64_t now_ns)
{
	static const enum family families[] = { FAMILY_SESSION, FAMILY_CONTACT, FAMILY_NODE };

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		struct alert *alert = find_alert(self, parties, families[i]);

		set_nat(self, alert, parties, now_ns);
	}
	set_nat(self, find_hostile(self, parties), parties, now_ns);
}

void alert_withdraw(struct alert_table *self, const struct decision_parties *parties)
{
	struct alert *alert = find_hostile(self, parties);

	if (alert == NULL)
		alert = find_alert(self, parties, FAMILY_SESSION);
	if (alert == NULL || (alert->level < LEVEL_CONFIRMED && !is_hostile(alert)))
		alert = find_alert(self, parties, FAMILY_CONTACT);
	if (alert == NULL || alert->flows == 0)
		return;
	alert->flows--;
	if (alert->flows == 0 && alert->revision == 0)
		drop_alert(self, alert);
}

void alert_advance(struct alert_table *self, uint64_t now_ns)
{
	struct alert_timer *timer;

	while ((timer = alert_heap_first(&self->heap)) != NULL && timer->due_ns < now_ns)
		publish(self, timer->owner, timer->due_ns, 0);
	while (self->alerts.oldest != NULL) {
		struct alert *oldest = (struct alert *)self->alerts.oldest;

		if (now_ns <= oldest->last_ns ||
		    now_ns - oldest->last_ns <= LIMIT_EPISODE_S * NS_PER_S)
			break;
		retire_alert(self, oldest, now_ns);
	}
}

void alert_flush(struct alert_table *self, uint64_t end_ns)
{
	struct alert_timer *timer;

	/* Who has had no answer by now is told under its own id. */
	while (self->asking != NULL)
		alert_opened(self, self->asking->id, NULL, end_ns);
	alert_advance(self, end_ns);
	while ((timer = alert_heap_first(&self->heap)) != NULL)
		publish(self, timer->owner, end_ns, 0);
}

size_t alert_count(const struct alert_table *self)
{
	return self->alerts.count;
}

struct alert_table *alert_table_new(const struct alert_options *options, struct stats *stats)
{
	struct alert_table *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->options = *options;
	self->stats = stats;
	self->namer = alert_namer_new(options->cloud, options->cloud_count, options->tap);
	if (self->namer == NULL ||
	    getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key) ||
	    tag_table_init(&self->alerts, options->max_alerts) < 0) {
		alert_table_free(self);
		return NULL;
	}
	return self;
}

void alert_table_free(struct alert_table *self)
{
	if (self == NULL)
		return;
	tag_table_fini(&self->alerts);
	alert_heap_fini(&self->heap);
	alert_namer_free(self->namer);
	free(self);
}
