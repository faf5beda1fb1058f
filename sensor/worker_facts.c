/* worker_facts.c: flows, sessions and names as facts. */
#include "sensor/worker_facts.h"

#include <string.h>

#include "sensor/resolvers.h"
#include "sensor/tcp_options.h"

#define DNS_PORT 53

void worker_push_contact(struct worker *self, uint32_t index, const struct packet *syn)
{
	const struct flow *hot = flow_hot(self->flows, index);
	const struct flow_cold *cold = flow_cold(self->flows, index);
	struct contact_fact fact = {
		.fact = { .time_ns = self->now_ns, .size = sizeof(fact), .kind = FACT_CONTACT },
		.flow_id = flow_id(self->sensor, &cold->key, cold->first_ns),
		.start_ns = cold->start_ns,
		.key = cold->key,
		.contact = hot->contact & FLOW_CONTACT_ID,
		.client_side = (hot->flags & FLOW_CLIENT_HIGH) != 0,
	};

	if (syn != NULL && (syn->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN) {
		fact.isn = syn->tcp_seq;
		fact.syn_options = tcp_syn_options(syn);
	} else if (syn == NULL) {
		fact.isn = cold->isn[0];
	}
	(void)fact_outlet_urgent(self->outlet, &fact.fact);
}

bool worker_is_watched(const struct worker *self, const struct flow *hot,
		       const struct flow_cold *cold)
{
	int server = (hot->flags & FLOW_CLIENT_HIGH) != 0 ? 0 : 1;

	if (self->options.watched == NULL || cold->key.port[server] == DNS_PORT)
		return false;
	return cold->key.port[server] == RESOLVER_TLS_PORT ||
	       watched_has(self->options.watched, cold->key.ip_version, cold->key.addr[server]);
}

void worker_check_contact(struct worker *self, uint32_t index, const struct packet *first)
{
	struct flow *hot = flow_hot(self->flows, index);
	const struct flow_cold *cold = flow_cold(self->flows, index);
	const struct flow_key *key = &cold->key;
	int server = (hot->flags & FLOW_CLIENT_HIGH) != 0 ? 0 : 1;

	hot->contact &= FLOW_NAMED | FLOW_SHUNTED | FLOW_BYPASSED;
	hot->contact |= lists_match_address(self->lists, LIST_WATCHED, key->ip_version,
					    key->addr[server], key->port[server]);
	if ((hot->contact & FLOW_CONTACT_ID) == 0 && worker_is_watched(self, hot, cold))
		hot->contact |= FLOW_WATCHED;
	if ((hot->contact & (FLOW_CONTACT_ID | FLOW_WATCHED)) != 0)
		worker_push_contact(self, index, first);
}

void worker_push_record(struct worker *self, uint32_t index, enum flow_end end)
{
	const struct flow *hot = flow_hot(self->flows, index);
	const struct flow_cold *cold = flow_cold(self->flows, index);
	const struct watch *watch = worker_watch(self, cold);
	struct flow_record record = {
		.fact = { .time_ns = self->now_ns, .size = sizeof(record), .kind = FACT_FLOW },
		.flow_id = flow_id(self->sensor, &cold->key, cold->first_ns),
		.first_ns = cold->first_ns,
		.start_ns = cold->start_ns,
		.end_ns = hot->last_ns,
		.packets = { cold->packets[0], cold->packets[1] },
		.bytes = { cold->bytes[0], cold->bytes[1] },
		.key = cold->key,
		.contact = hot->contact & FLOW_CONTACT_ID,
		.client_side = (hot->flags & FLOW_CLIENT_HIGH) != 0,
		.end = (uint8_t)end,
		.tcp_state = hot->tcp_state,
		.tcp_flags = { hot->tcp_flags[0], hot->tcp_flags[1] },
		.is_midstream = (hot->flags & FLOW_MIDSTREAM) != 0,
		.is_truncated = (hot->flags & FLOW_TRUNCATED) != 0,
		.is_shunted = (hot->contact & FLOW_BYPASSED) != 0,
		.has_session = (hot->flags & FLOW_INSPECTED) != 0 && watch->is_reported,
		.is_named = (hot->contact & FLOW_NAMED) != 0,
		.is_told = (hot->contact & (FLOW_CONTACT_ID | FLOW_WATCHED)) != 0,
		.isn = { cold->isn[0], cold->isn[1] },
	};

	if (self->classify != NULL && (hot->flags & FLOW_CLASSIFYING) == 0)
		record.label = classify_label_at(self->classify, cold->label);
	stats_add(self->stats.flow_records, 1);
	if (!fact_outlet_bulk(self->outlet, &record.fact))
		stats_add(self->stats.records_dropped, 1);
}

void worker_push_session(struct worker *self, struct watch *watch, enum session_event event)
{
	struct session *session = inspect_session(watch->inspect);
	const struct flow *hot = flow_hot(self->flows, watch->index);
	const struct flow_cold *cold = flow_cold(self->flows, watch->index);
	struct session_fact fact;

	memset(&fact, 0, sizeof(fact));
	fact.fact.time_ns = self->now_ns;
	fact.fact.size = sizeof(fact);
	fact.fact.kind = FACT_SESSION;
	fact.flow_id = flow_id(self->sensor, &cold->key, cold->first_ns);
	fact.first_ns = cold->first_ns;
	fact.last_ns = hot->last_ns;
	for (int dir = 0; dir < 2; dir++) {
		fact.packets[dir] = cold->packets[dir] + hot->packets[dir];
		fact.bytes[dir] = cold->bytes[dir] + hot->bytes[dir];
	}
	fact.key = cold->key;
	fact.contact = hot->contact & FLOW_CONTACT_ID;
	fact.client_side = (hot->flags & FLOW_CLIENT_HIGH) != 0;
	fact.event = (uint8_t)event;
	memcpy(fact.isn, cold->isn, sizeof(fact.isn));
	fact.has_stamps = watch->has_stamps;
	fact.said = watch->said;
	fact.said_ns = watch->said_ns;
	session_view_at(session, hot->last_ns, &fact.view);
	if (!fact_outlet_urgent(self->outlet, &fact.fact))
		return; /* stays changed: offered again at the next tick */
	session->changed = 0;
	session->last_report_ns = self->now_ns;
}

static void on_name(void *ctx, uint32_t index, struct name_fact *fact)
{
	struct worker *self = ctx;
	struct flow *hot = flow_hot(self->flows, index);
	const struct flow_cold *cold = flow_cold(self->flows, index);

	fact->fact.time_ns = self->now_ns;
	fact->fact.size = sizeof(*fact);
	fact->fact.kind = FACT_NAME;
	fact->flow_id = flow_id(self->sensor, &cold->key, cold->first_ns);
	fact->start_ns = cold->first_ns;
	fact->key = cold->key;
	fact->contact = hot->contact & FLOW_CONTACT_ID;
	fact->client_side = (hot->flags & FLOW_CLIENT_HIGH) != 0;
	fact->isn = cold->isn[0];
	/* Both sides of a NAT are told apart by their contacts. */
	if (fact->source != NAME_LOOKUP && (hot->contact & (FLOW_CONTACT_ID | FLOW_WATCHED)) == 0) {
		hot->contact |= FLOW_WATCHED;
		worker_push_contact(self, index, NULL);
	}
	hot->contact |= FLOW_NAMED;
	(void)fact_outlet_urgent(self->outlet, &fact->fact);
}

/* Addresses of a listed name are watched before anybody can connect to them. */
static void on_answer(void *ctx, uint32_t index, struct answer_fact *fact)
{
	struct worker *self = ctx;
	const struct flow *hot = flow_hot(self->flows, index);
	const struct flow_cold *cold = flow_cold(self->flows, index);
	bool is_taken;

	fact->fact.time_ns = self->now_ns;
	fact->fact.size = (uint32_t)answer_fact_size(fact->count);
	fact->fact.kind = FACT_ANSWER;
	/* An answer that raises nothing is nobody's evidence. */
	fact->flow_id = fact->listed == 0 ? 0 : flow_id(self->sensor, &cold->key, cold->first_ns);
	fact->start_ns = cold->first_ns;
	fact->key = cold->key;
	fact->client_side = (hot->flags & FLOW_CLIENT_HIGH) != 0;
	for (size_t i = 0; i < fact->count && fact->listed != 0 && self->options.watched; i++)
		watched_add(self->options.watched, fact->addresses[i].ip_version,
			    fact->addresses[i].addr);
	is_taken = fact->listed != 0 ? fact_outlet_urgent(self->outlet, &fact->fact)
				     : fact_outlet_bulk(self->outlet, &fact->fact);
	if (!is_taken)
		stats_add(self->stats.answers_dropped, 1);
}

static void on_hello(void *ctx, uint32_t index, struct hello_fact *fact)
{
	struct worker *self = ctx;
	struct flow *hot = flow_hot(self->flows, index);
	const struct flow_cold *cold = flow_cold(self->flows, index);

	fact->fact.time_ns = self->now_ns;
	fact->fact.size = sizeof(*fact);
	fact->fact.kind = FACT_HELLO;
	fact->flow_id = flow_id(self->sensor, &cold->key, cold->first_ns);
	if (fact_outlet_bulk(self->outlet, &fact->fact))
		hot->contact |= FLOW_NAMED;
}

static bool wants_hello(void *ctx, uint32_t index)
{
	struct worker *self = ctx;

	return self->config->hellos == HELLOS_ALL ||
	       (flow_hot(self->flows, index)->contact & (FLOW_CONTACT_ID | FLOW_WATCHED)) != 0;
}

struct names_hooks worker_names_hooks(struct worker *self)
{
	return (struct names_hooks){ on_name, on_answer, on_hello, wants_hello, self };
}
