/* correlator.c: facts of all workers, in one order, become decisions.
 *
 *	fact_merge -> nat_legs -> contacts, alerts, campaigns -> outbox
 *	                              <-> inquiries
 *
 * Alerts' and campaigns' timers run on the packet time that fact_merge has released. */
#include "sensor/correlator.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "sensor/alert.h"
#include "sensor/campaign.h"
#include "sensor/contacts.h"
#include "sensor/inquiries.h"
#include "sensor/nat_legs.h"
#include "sensor/outbox.h"
#include "sensor/tag_table.h"
#include "sensor/thread_cpu.h"

#define NS_PER_S              1000000000ull
#define NS_PER_MS             1000000ull
#define CORRELATOR_STEP_FACTS 1024 /* handled in one step, so that retries come round */
#define CORRELATOR_IDLE_MS    100
#define CORRELATOR_LAST_MS    1000 /* for answers at the end */
#define CORRELATOR_BUSY_MS    5    /* facts wait for a watermark, or decisions for room */

struct session_entry {
	struct tag_link link; /* first: found by it */
	bool is_ended;
	struct session_view view; /* at its last fact */
};

struct correlator {
	struct correlator_options options;
	struct stats *stats;
	struct alert_table *alerts;
	struct contacts *contacts;
	struct inquiries *inquiries;
	struct nat_legs *legs;
	struct campaign_table *campaigns; /* NULL: none are looked for */
	struct tag_table sessions;        /* by flow id */
	struct siphash_key key;
	struct outbox outbox;
	struct fact_merge *merge;
	uint64_t end_ns; /* latest time of a fact */
};

static void send_alert(void *ctx, const struct decision_alert *decision)
{
	struct correlator *self = ctx;

	outbox_send_urgent(&self->outbox, &decision->decision);
}

static void send_campaign(void *ctx, const struct decision_campaign *decision)
{
	struct correlator *self = ctx;

	outbox_send_urgent(&self->outbox, &decision->decision);
	if (decision->event == CAMPAIGN_JOIN)
		inquiries_member(self->inquiries, decision);
}

/* --- what others know ----------------------------------------------------------------------- */

static void ask_alert(void *ctx, uint64_t open_hash, uint64_t ticket)
{
	struct correlator *self = ctx;

	inquiries_open_alert(self->inquiries, open_hash, ticket);
}

static bool identify(void *ctx, const struct decision_parties *parties, uint64_t time_ns,
		     struct cloud_identity *out)
{
	struct correlator *self = ctx;

	return inquiries_identity(self->inquiries, parties, time_ns, out);
}

static void on_opened(void *ctx, uint64_t ticket, const struct open_alert *found)
{
	struct correlator *self = ctx;

	alert_opened(self->alerts, ticket, found, self->end_ns);
}

static void on_shared(void *ctx, uint64_t id, const struct campaign_totals *totals)
{
	struct correlator *self = ctx;
	struct campaign_shared shared = { .members = totals->members,
					  .first_ns = totals->first_ns,
					  .last_join_ns = totals->last_join_ns };

	(void)slice_copy(slice_str(totals->first_member), shared.first_member,
			 sizeof(shared.first_member));
	campaign_shared(self->campaigns, id, &shared, self->end_ns);
}

/* A host, while its alerts are looked for. */
struct sought {
	const struct inquiries *inquiries;
	uint64_t host;
};

static bool is_sought(void *ctx, const struct decision_parties *parties)
{
	const struct sought *sought = ctx;

	return inquiries_is_host(sought->inquiries, parties, sought->host);
}

static void on_identified(void *ctx, uint64_t host)
{
	struct correlator *self = ctx;
	struct sought sought = { self->inquiries, host };

	alert_identified(self->alerts, is_sought, &sought, self->end_ns);
}

/* --- sessions ------------------------------------------------------------------------------- */

static struct siphash_tag session_tag(const struct correlator *self, uint64_t flow_id)
{
	return siphash128(&flow_id, sizeof(flow_id), self->key);
}

static struct session_entry *find_session(const struct correlator *self, uint64_t flow_id)
{
	return (struct session_entry *)tag_table_find(&self->sessions, session_tag(self, flow_id));
}

static void drop_session(struct correlator *self, struct session_entry *entry)
{
	tag_table_remove(&self->sessions, &entry->link);
	free(entry);
}

/* NULL: out of memory, counted. */
static struct session_entry *add_session(struct correlator *self, uint64_t flow_id)
{
	struct session_entry *entry = (struct session_entry *)self->sessions.oldest;

	if (self->sessions.count >= self->options.max_sessions && entry != NULL) {
		/* One that ended waits for a record that was dropped. */
		if (!entry->is_ended)
			stats_add(self->stats->correlator_capped, 1);
		drop_session(self, entry);
	}
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL) {
		stats_add(self->stats->correlator_capped, 1);
		return NULL;
	}
	entry->link.tag = session_tag(self, flow_id);
	tag_table_add(&self->sessions, &entry->link);
	return entry;
}

/* A flow, as facts of any kind name it. */
struct flow_ends {
	const struct flow_key *key;
	uint64_t flow_id;
	uint64_t first_ns;
	uint8_t client_side;
};

static void set_parties(const struct correlator *self, struct decision_parties *parties,
			const struct flow_ends *flow, const struct decision_nat *nat)
{
	memset(parties, 0, sizeof(*parties));
	parties->key = *flow->key;
	parties->client_side = flow->client_side != 0;
	parties->flow_id = flow->flow_id;
	parties->first_ns = flow->first_ns;
	parties->client_cloud = cloud_match(self->options.cloud, self->options.cloud_count,
					    flow->key, parties->client_side);
	if (nat != NULL)
		parties->nat = *nat;
}

/* A host has to do with what is listed: others may have, too. view: of its session, or NULL. */
static void sight(struct correlator *self, uint64_t time_ns, const struct decision_parties *parties,
		  uint32_t listed, enum level level, const struct session_view *view)
{
	const struct list_entry *entry = lists_entry(listed);
	struct campaign_sighting sighting;

	if (self->campaigns == NULL || parties->is_allowed || entry == NULL)
		return;
	memset(&sighting, 0, sizeof(sighting));
	sighting.time_ns = time_ns;
	sighting.parties = *parties;
	sighting.level = (uint8_t)level;
	sighting.kind = entry->kind == LIST_POOL ? CAMPAIGN_POOL : CAMPAIGN_HOSTILE;
	if (!campaign_key((enum campaign_kind)sighting.kind, entry->text, false, sighting.key))
		return;
	(void)slice_copy(slice_str(entry->text), sighting.pool, sizeof(sighting.pool));
	if (view != NULL) {
		sighting.hashrate = view->hashrate;
		memcpy(sighting.unit, view->unit, sizeof(sighting.unit));
		memcpy(sighting.worker, view->worker, sizeof(sighting.worker));
		memcpy(sighting.agent, view->agent, sizeof(sighting.agent));
	}
	campaign_sight(self->campaigns, &sighting);
}

static void on_seen(void *ctx, uint64_t time_ns, const struct decision_parties *parties,
		    uint32_t listed, enum level level)
{
	sight(ctx, time_ns, parties, listed, level, NULL);
}

static void take_contact(struct correlator *self, const struct contact_fact *fact,
			 const struct decision_nat *nat)
{
	struct decision_parties parties;

	set_parties(
		self, &parties,
		&(struct flow_ends){ &fact->key, fact->flow_id, fact->start_ns, fact->client_side },
		nat);
	parties.contact = fact->contact;
	contacts_name_server(self->contacts, fact->fact.time_ns, &parties);
	contacts_take_contact(self->contacts, fact, &parties);
}

static void take_name(struct correlator *self, const struct name_fact *fact,
		      const struct decision_nat *nat)
{
	struct decision_parties parties;

	set_parties(
		self, &parties,
		&(struct flow_ends){ &fact->key, fact->flow_id, fact->start_ns, fact->client_side },
		nat);
	parties.contact = fact->contact;
	contacts_take_name(self->contacts, fact, &parties);
}

static void take_answer(struct correlator *self, const struct answer_fact *fact)
{
	struct decision_parties parties;

	if (fact->listed != 0)
		set_parties(self, &parties,
			    &(struct flow_ends){ &fact->key, fact->flow_id, fact->start_ns,
						 fact->client_side },
			    NULL);
	contacts_take_answer(self->contacts, fact, fact->listed != 0 ? &parties : NULL);
}

static void keep_session(struct correlator *self, const struct session_fact *fact,
			 struct session_entry *entry)
{
	if (entry == NULL)
		entry = add_session(self, fact->flow_id);
	if (entry == NULL)
		return;
	entry->view = fact->view;
	entry->is_ended = fact->event == SESSION_END;
	tag_table_touch(&self->sessions, &entry->link);
}

static void take_session(struct correlator *self, const struct session_fact *told,
			 const struct decision_nat *nat)
{
	struct session_entry *entry = find_session(self, told->flow_id);
	struct session_fact fact = *told; /* and what others know of it */
	struct decision_session decision;
	struct alert_name name;

	memset(&decision, 0, sizeof(decision));
	set_parties(self, &decision.parties,
		    &(struct flow_ends){ &fact.key, fact.flow_id, fact.first_ns, fact.client_side },
		    nat);
	decision.parties.contact = fact.contact;
	contacts_name_server(self->contacts, fact.fact.time_ns, &decision.parties);
	contacts_witness(self->contacts, fact.fact.time_ns, &decision.parties, &fact.view);
	name = alert_session(self->alerts, &fact, &decision.parties,
			     entry != NULL ? &entry->view : NULL);
	keep_session(self, &fact, entry);

	decision.decision.time_ns = fact.fact.time_ns;
	decision.decision.size = sizeof(decision);
	decision.decision.kind = DECISION_SESSION;
	decision.alert_id = name.id;
	decision.revision = name.revision;
	decision.last_ns = fact.last_ns;
	memcpy(decision.packets, fact.packets, sizeof(decision.packets));
	memcpy(decision.bytes, fact.bytes, sizeof(decision.bytes));
	decision.event = fact.event;
	decision.view = fact.view;
	if (fact.view.level >= LEVEL_LIKELY)
		(void)identify(self, &decision.parties, fact.fact.time_ns, &decision.identity);
	outbox_send_urgent(&self->outbox, &decision.decision);
	if (self->campaigns != NULL && decision.parties.is_allowed)
		campaign_forgive(self->campaigns, &decision.parties);
	else if (self->campaigns != NULL)
		campaign_session(self->campaigns, &fact, &decision.parties);
	if (fact.view.level >= LEVEL_LIKELY && decision.parties.listed != 0)
		sight(self, fact.fact.time_ns, &decision.parties, decision.parties.listed,
		      (enum level)fact.view.level, &fact.view);
}

static void name_flow(struct correlator *self, const struct flow_record *record,
		      struct decision_flow *decision)
{
	const struct hello_view *hello;

	if (!record->is_named && !record->is_told && !record->has_session &&
	    !contacts_may_know(self->contacts, record))
		return;
	contacts_name_server(self->contacts, record->fact.time_ns, &decision->parties);
	hello = contacts_take_flow(self->contacts, record, &decision->parties);
	if (hello == NULL)
		return;
	decision->has_hello = 1;
	decision->hello = *hello;
}

static void take_flow(struct correlator *self, const struct flow_record *record,
		      const struct decision_nat *nat)
{
	struct session_entry *entry = NULL;
	struct decision_flow decision;
	struct alert_name name;

	memset(&decision, 0, decision_flow_size(false, false));
	set_parties(self, &decision.parties,
		    &(struct flow_ends){ &record->key, record->flow_id, record->first_ns,
					 record->client_side },
		    nat);
	decision.parties.contact = record->contact;
	name_flow(self, record, &decision);
	name = alert_flow(self->alerts, record, &decision.parties);
	if (record->has_session)
		entry = find_session(self, record->flow_id);

	decision.decision.time_ns = record->fact.time_ns;
	decision.decision.size =
		(uint32_t)decision_flow_size(entry != NULL, decision.has_hello != 0);
	decision.decision.kind = DECISION_FLOW;
	decision.alert_id = name.id;
	decision.revision = name.revision;
	decision.sid = name.sid;
	decision.record = *record;
	if (entry != NULL) {
		decision.has_session = 1;
		decision.view = entry->view;
	} else if (decision.has_hello) {
		memset(&decision.view, 0, sizeof(decision.view));
	}
	outbox_send_bulk(&self->outbox, &decision.decision);
	if (record->end == FLOW_END_ACTIVE)
		return;
	if (entry != NULL)
		drop_session(self, entry);
	if (record->is_named)
		contacts_end_flow(self->contacts, record->flow_id);
}

/* Alerts and campaigns do what falls due before now_ns. */
static void advance_verdicts(struct correlator *self, uint64_t now_ns)
{
	alert_advance(self->alerts, now_ns);
	if (self->campaigns != NULL)
		campaign_advance(self->campaigns, now_ns);
}

/* A fact in its turn, behind what nat_legs.h makes of it. */
static void take_turn(void *ctx, uint64_t now_ns, const struct fact *fact,
		      const struct decision_nat *nat)
{
	struct correlator *self = ctx;

	advance_verdicts(self, now_ns);
	switch ((enum fact_kind)fact->kind) {
	case FACT_FLOW:
		take_flow(self, (const struct flow_record *)fact, nat);
		break;
	case FACT_CONTACT:
		take_contact(self, (const struct contact_fact *)fact, nat);
		break;
	case FACT_SESSION:
		take_session(self, (const struct session_fact *)fact, nat);
		break;
	case FACT_NAME:
		take_name(self, (const struct name_fact *)fact, nat);
		break;
	case FACT_ANSWER:
		take_answer(self, (const struct answer_fact *)fact);
		break;
	case FACT_HELLO:
		contacts_take_hello(self->contacts, (const struct hello_fact *)fact);
		break;
	}
}

static void on_joined(void *ctx, uint64_t now_ns, const struct nat_leg *inside,
		      const struct decision_nat *nat)
{
	struct correlator *self = ctx;
	struct decision_parties parties;

	set_parties(self, &parties,
		    &(struct flow_ends){ &inside->key, inside->flow_id, 0, inside->client_side },
		    nat);
	parties.contact = inside->contact;
	alert_nat(self->alerts, &parties, now_ns);
}

static void on_withdraw(void *ctx, const struct nat_leg *outside)
{
	struct correlator *self = ctx;
	struct decision_parties parties;

	set_parties(self, &parties,
		    &(struct flow_ends){ &outside->key, outside->flow_id, 0, outside->client_side },
		    NULL);
	parties.contact = outside->contact;
	contacts_name_server(self->contacts, self->end_ns, &parties);
	alert_withdraw(self->alerts, &parties);
}

/* What falls due before now_ns, in order of time. */
static void advance(struct correlator *self, uint64_t now_ns)
{
	nat_legs_advance(self->legs, now_ns);
	advance_verdicts(self, now_ns);
}

static void take_fact(struct correlator *self, const struct fact *fact)
{
	if (fact->time_ns > self->end_ns)
		self->end_ns = fact->time_ns;
	advance(self, self->end_ns);
	nat_legs_take(self->legs, self->end_ns, fact);
	(void)inquiries_step(self->inquiries);
}

/* Live, packet time is the wall clock's. */
static uint64_t past_ns(const struct correlator *self)
{
	struct timespec now;

	if (self->options.merge_wait_ms == 0 || clock_gettime(CLOCK_REALTIME, &now) != 0)
		return 0;
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec -
	       self->options.merge_wait_ms * NS_PER_MS;
}

bool correlator_step(struct correlator *self)
{
	bool has_moved = outbox_retry(&self->outbox);
	uint64_t floor_ns;

	if (self->options.lists != NULL)
		contacts_use(self->contacts,
			     lists_board_read(self->options.lists, self->options.lists_slot));
	if (inquiries_step(self->inquiries))
		has_moved = true;
	fact_merge_look(self->merge, past_ns(self));
	for (int i = 0; i < CORRELATOR_STEP_FACTS && !self->outbox.is_stalled; i++) {
		const struct fact *fact = fact_merge_next(self->merge);

		if (fact == NULL)
			break;
		take_fact(self, fact);
		fact_merge_pop(self->merge);
		has_moved = true;
	}
	floor_ns = fact_merge_floor(self->merge);
	/* At the end of all feeds nothing has a time any more: flush() does the rest. */
	if (floor_ns != UINT64_MAX)
		advance(self, floor_ns);
	return has_moved;
}

static bool is_waiting(const struct correlator *self)
{
	return fact_merge_is_waiting(self->merge) || self->outbox.count > 0;
}

/* Sleeps unless something came in between. */
static void rest(struct correlator *self)
{
	ring_wake(self->outbox.bulk);
	ring_bell_prepare(self->options.bell);
	if (correlator_step(self) || fact_merge_is_at_end(self->merge))
		ring_bell_cancel(self->options.bell);
	else
		ring_bell_wait(self->options.bell,
			       is_waiting(self) ? CORRELATOR_BUSY_MS : CORRELATOR_IDLE_MS);
}

/* Live, answers that are on their way are worth a moment: an alert may wait for its own. */
static void await_answers(struct correlator *self)
{
	uint64_t until_ms = ring_now_ms() + CORRELATOR_LAST_MS;

	while (inquiries_is_waiting(self->inquiries) && ring_now_ms() < until_ms) {
		ring_bell_prepare(self->options.bell);
		if (inquiries_step(self->inquiries))
			ring_bell_cancel(self->options.bell);
		else
			ring_bell_wait(self->options.bell, CORRELATOR_BUSY_MS);
	}
}

static void flush(struct correlator *self)
{
	nat_legs_flush(self->legs, self->end_ns);
	await_answers(self);
	if (self->campaigns != NULL)
		campaign_flush(self->campaigns, self->end_ns);
	await_answers(self);
	alert_flush(self->alerts, self->end_ns);
	if (self->campaigns != NULL)
		campaign_flush(self->campaigns, self->end_ns);
}

void *correlator_run(void *arg)
{
	struct correlator *self = arg;

	thread_cpu_begin("correlator");
	while (!self->outbox.is_stalled) {
		if (correlator_step(self))
			continue;
		if (fact_merge_is_at_end(self->merge))
			break;
		rest(self);
	}
	if (!self->outbox.is_stalled)
		flush(self);
	if (self->options.lists != NULL)
		lists_board_leave(self->options.lists, self->options.lists_slot);
	outbox_close(&self->outbox);
	return self->outbox.is_stalled ? self : NULL;
}

/* 0 or -1. */
static int open_campaigns(struct correlator *self)
{
	struct campaign_options options = { .hosts = self->options.campaign_hosts,
					    .cloud = self->options.cloud,
					    .cloud_count = self->options.cloud_count,
					    .tap = self->options.tap,
					    .publish = send_campaign,
					    .ctx = self };

	if (options.hosts == 0)
		return 0;
	self->campaigns = campaign_table_new(&options, self->stats);
	return self->campaigns != NULL ? 0 : -1;
}

struct correlator *correlator_new(const struct correlator_options *options, struct stats *stats)
{
	struct correlator *self = calloc(1, sizeof(*self));
	struct alert_options alerts = { .max_alerts = options->max_alerts,
					.cloud = options->cloud,
					.cloud_count = options->cloud_count,
					.tap = options->tap,
					.publish = send_alert,
					.ctx = self };
	struct inquiries_options inquiries = { .inquirer = options->inquirer,
					       .is_lossless = options->is_lossless,
					       .max_hosts = options->max_sessions,
					       .cloud = options->cloud,
					       .cloud_count = options->cloud_count,
					       .tap = options->tap,
					       .opened = on_opened,
					       .shared = on_shared,
					       .identified = on_identified,
					       .ctx = self };
	struct contacts_options contacts = { .max_labels = options->max_labels,
					     .max_flows = options->max_sessions,
					     .seen = on_seen,
					     .ctx = self };
	struct nat_legs_options legs = { .addresses = { .home = options->home,
							.home_count = options->home_count,
							.nat = options->nat,
							.nat_count = options->nat_count },
					 .max_sessions = options->max_sessions,
					 .take = take_turn,
					 .joined = on_joined,
					 .withdraw = on_withdraw,
					 .ctx = self };

	if (self == NULL)
		return NULL;
	self->options = *options;
	self->stats = stats;
	self->outbox = (struct outbox){ .urgent = options->urgent,
					.bulk = options->bulk,
					.stats = stats,
					.is_lossless = options->is_lossless,
					.stall_timeout_s = options->stall_timeout_s };
	self->merge = fact_merge_new(options->feeds, options->feed_count);
	if (options->inquirer != NULL) {
		alerts.ask = ask_alert;
		alerts.identify = identify;
	}
	self->inquiries = inquiries_new(&inquiries, stats);
	self->alerts = alert_table_new(&alerts, stats);
	contacts.alerts = self->alerts;
	self->contacts = contacts_new(&contacts, stats);
	self->legs = nat_legs_new(&legs, stats);
	if (self->merge == NULL || self->alerts == NULL || self->contacts == NULL ||
	    self->legs == NULL || self->inquiries == NULL || open_campaigns(self) < 0 ||
	    tag_table_init(&self->sessions, options->max_sessions) < 0 ||
	    getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key)) {
		correlator_free(self);
		return NULL;
	}
	return self;
}

void correlator_free(struct correlator *self)
{
	if (self == NULL)
		return;
	outbox_fini(&self->outbox);
	contacts_free(self->contacts);
	alert_table_free(self->alerts);
	nat_legs_free(self->legs);
	inquiries_free(self->inquiries);
	campaign_table_free(self->campaigns);
	tag_table_fini(&self->sessions);
	fact_merge_free(self->merge);
	free(self);
}
