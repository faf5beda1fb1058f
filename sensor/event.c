/* event.c: the texts of a decision that several sinks need, made once per event.
 *
 * The EVE line itself is event_eve.c's. */
#include "sensor/event.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/event_eve.h"
#include "sensor/packet.h"
#include "sensor/printable.h"
#include "sensor/siphash.h"
#include "sensor/textw.h"

struct event_renderer {
	struct event_context context;
	struct community_id *community;
	struct event_texts texts;
	size_t line_len;
	bool has_texts;
	bool has_line;
	char line[EVENT_JSON_BYTES];
};

struct event_renderer *event_renderer_new(const struct event_context *context)
{
	struct event_renderer *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->context = *context;
	self->community = community_id_new(context->community_seed);
	if (self->community == NULL) {
		free(self);
		return NULL;
	}
	return self;
}

void event_renderer_free(struct event_renderer *self)
{
	if (self == NULL)
		return;
	community_id_free(self->community);
	free(self);
}

void event_begin(struct event_renderer *self, const struct decision *decision, struct event *out)
{
	self->has_texts = false;
	self->has_line = false;
	assert(decision->kind <= DECISION_CAMPAIGN);
	out->kind = EVENT_ALERT;
	out->decision = decision;
	out->time_ns = decision->time_ns;
	switch ((enum decision_kind)decision->kind) {
	case DECISION_FLOW:
		out->kind = EVENT_FLOW;
		return;
	case DECISION_SESSION:
		out->kind = EVENT_SESSION;
		return;
	case DECISION_ALERT:
		return;
	case DECISION_CAMPAIGN:
		out->kind = ((const struct decision_campaign *)(const void *)decision)->event ==
					    CAMPAIGN_ALERT
				    ? EVENT_CAMPAIGN
				    : EVENT_MEMBER;
		return;
	}
}

static const struct decision_flow *as_flow(const struct event *event)
{
	return (const struct decision_flow *)(const void *)event->decision;
}

static const struct decision_session *as_session(const struct event *event)
{
	return (const struct decision_session *)(const void *)event->decision;
}

static const struct decision_alert *as_alert(const struct event *event)
{
	return (const struct decision_alert *)(const void *)event->decision;
}

const struct decision_campaign *event_campaign(const struct event *event)
{
	if (event->kind != EVENT_CAMPAIGN && event->kind != EVENT_MEMBER)
		return NULL;
	return (const struct decision_campaign *)(const void *)event->decision;
}

const struct decision_parties *event_parties(const struct event *event)
{
	const struct decision_campaign *campaign = event_campaign(event);

	if (campaign != NULL)
		return &campaign->parties;
	if (event->kind == EVENT_FLOW)
		return &as_flow(event)->parties;
	if (event->kind == EVENT_SESSION)
		return &as_session(event)->parties;
	return &as_alert(event)->parties;
}

const struct session_view *event_view(const struct event *event)
{
	if (event->kind == EVENT_FLOW)
		return as_flow(event)->has_session ? &as_flow(event)->view : NULL;
	if (event->kind == EVENT_SESSION)
		return &as_session(event)->view;
	if (event->kind != EVENT_ALERT)
		return NULL;
	return as_alert(event)->has_session ? &as_alert(event)->view : NULL;
}

const struct hello_view *event_hello(const struct event *event)
{
	if (event->kind == EVENT_FLOW)
		return as_flow(event)->has_hello ? &as_flow(event)->hello : NULL;
	if (event->kind == EVENT_ALERT)
		return as_alert(event)->has_hello ? &as_alert(event)->hello : NULL;
	return NULL;
}

const struct cloud_identity *event_identity(const struct event *event)
{
	const struct cloud_identity *identity = NULL;

	if (event->kind == EVENT_SESSION)
		identity = &as_session(event)->identity;
	else if (event->kind == EVENT_ALERT)
		identity = &as_alert(event)->identity;
	return identity != NULL && identity->confidence != CONFIDENCE_NONE ? identity : NULL;
}

uint64_t event_alert_id(const struct event *event, uint32_t *revision, uint32_t *sid)
{
	switch (event->kind) {
	case EVENT_FLOW:
		*revision = as_flow(event)->revision;
		*sid = as_flow(event)->sid;
		return as_flow(event)->alert_id;
	case EVENT_SESSION:
		*revision = as_session(event)->revision;
		*sid = 0;
		return as_session(event)->alert_id;
	case EVENT_CAMPAIGN:
	case EVENT_MEMBER:
		*revision = event_campaign(event)->revision;
		*sid = SID_CAMPAIGN;
		return event_campaign(event)->campaign_id;
	default:
		*revision = as_alert(event)->revision;
		*sid = as_alert(event)->sid;
		return as_alert(event)->alert_id;
	}
}

static void write_hex64(uint64_t value, char out[17])
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < 16; i++)
		out[i] = hex[value >> (60 - 4 * i) & 15];
	out[16] = '\0';
}

static void write_endpoint(const struct decision_parties *parties, struct event_texts *texts)
{
	bool is_v6 = parties->key.ip_version == 6;
	struct textw w;

	textw_init(&w, texts->endpoint, sizeof(texts->endpoint));
	textw_text(&w, is_v6 ? "[" : "");
	textw_text(&w, texts->server);
	textw_text(&w, is_v6 ? "]" : "");
	if (texts->server_port == 0)
		return;
	textw_text(&w, ":");
	textw_uint(&w, texts->server_port);
}

static void write_nat(struct event_renderer *self, const struct decision_nat *nat)
{
	struct event_texts *texts = &self->texts;
	int client = nat->client_side & 1;

	texts->nat_client[0] = '\0';
	texts->nat_community_id[0] = '\0';
	texts->nat_port = 0;
	if (!nat->is_known)
		return;
	flow_key_addr_text(&nat->key, client, texts->nat_client, sizeof(texts->nat_client));
	texts->nat_port = nat->key.port[client];
	community_id_text(self->community, &nat->key, texts->nat_community_id);
}

static void write_parties(struct event_renderer *self, const struct decision_parties *parties)
{
	struct event_texts *texts = &self->texts;
	const struct flow_key *key = &parties->key;
	const struct cloud_row *row = NULL;
	int client = parties->client_side & 1;
	bool has_ports = key->proto == IP_PROTO_TCP || key->proto == IP_PROTO_UDP ||
			 key->proto == IP_PROTO_SCTP;

	if (parties->client_cloud != 0 && parties->client_cloud <= self->context.cloud_count)
		row = &self->context.cloud[parties->client_cloud - 1];
	cloud_scope_text(row, key, self->context.tap, texts->scope, sizeof(texts->scope));
	flow_key_addr_text(key, client, texts->client, sizeof(texts->client));
	flow_key_addr_text(key, !client, texts->server, sizeof(texts->server));
	texts->client_port = has_ports ? key->port[client] : 0;
	texts->server_port = has_ports ? key->port[!client] : 0;
	write_endpoint(parties, texts);
	community_id_text(self->community, key, texts->community_id);
	write_nat(self, &parties->nat);
	texts->flow_id[textw_digits(parties->flow_id, texts->flow_id)] = '\0';
}

/* What the session leaked, else the name that the client knows it by, else its endpoint; wire
 * bytes.
 * "" for what is hostile: it need not be a pool. */
static const char *pool_of(const struct event *event, const struct event_texts *texts)
{
	const struct session_view *view = event_view(event);
	const struct decision_campaign *campaign = event_campaign(event);

	if (campaign != NULL && campaign->pool[0] != '\0')
		return campaign->pool;
	if (event->kind == EVENT_ALERT &&
	    signature_find(as_alert(event)->sid)->family == FAMILY_HOSTILE)
		return "";
	if (view != NULL && view->pool[0] != '\0')
		return view->pool;
	return event_parties(event)->name[0] != '\0' ? event_parties(event)->name : texts->endpoint;
}

/* Wallet or account; "" for none. */
static const char *wallet_of(const struct event *event)
{
	const struct session_view *view = event_view(event);
	const struct decision_campaign *campaign = event_campaign(event);

	if (campaign != NULL)
		return campaign->kind == CAMPAIGN_WALLET ? campaign->key : "";
	return view != NULL ? view->wallet : "";
}

const struct event_texts *event_texts(struct event_renderer *self, const struct event *event)
{
	struct event_texts *texts = &self->texts;
	const char *wallet = wallet_of(event);
	struct textw w;
	uint32_t revision;
	uint32_t sid;
	uint64_t alert;

	if (self->has_texts)
		return texts;
	self->has_texts = true;
	write_parties(self, event_parties(event));
	textw_init(&w, texts->pool, sizeof(texts->pool));
	textw_text(&w, pool_of(event, texts));
	texts->alert_id[0] = '\0';
	alert = event_alert_id(event, &revision, &sid);
	if (alert != 0)
		write_hex64(alert, texts->alert_id);
	texts->wallet_hash[0] = '\0';
	if (wallet[0] != '\0')
		write_hex64(siphash_id(wallet, strnlen(wallet, LIMIT_WALLET_TEXT)),
			    texts->wallet_hash);
	return texts;
}

const char *event_eve(struct event_renderer *self, const struct event *event, size_t *len)
{
	if (event->kind == EVENT_MEMBER) {
		*len = 0;
		return "";
	}
	if (!self->has_line) {
		self->line_len = event_eve_write(&self->context, event_texts(self, event), event,
						 self->line, sizeof(self->line));
		self->has_line = true;
	}
	*len = self->line_len;
	return self->line;
}

void event_printable(const char *in, char *out, size_t size)
{
	printable_text(in, out, size);
}

const char *event_end_text(enum flow_end end)
{
	static const char *const texts[] = { "idle",  "active", "closed",
					     "reuse", "forced", "evicted" };

	return (size_t)end < sizeof(texts) / sizeof(texts[0]) ? texts[end] : "";
}

const char *event_eve_reason(enum flow_end end)
{
	/* In Suricata a closed flow ends by time-out as well; its state says that it was closed. */
	static const char *const texts[] = { "timeout",   "timeout",  "timeout",
					     "tcp_reuse", "shutdown", "forced" };

	return (size_t)end < sizeof(texts) / sizeof(texts[0]) ? texts[end] : "unknown";
}

const char *event_role_text(enum session_role role)
{
	static const char *const texts[] = { "", "pool-client", "proxy", "node" };

	return (size_t)role < sizeof(texts) / sizeof(texts[0]) ? texts[role] : "";
}

const char *event_session_text(enum session_event event)
{
	static const char *const texts[] = { "begin", "change", "report", "end" };

	return (size_t)event < sizeof(texts) / sizeof(texts[0]) ? texts[event] : "";
}

const char *event_tcp_state_text(enum flow_tcp_state state)
{
	static const char *const texts[] = { "",          "syn_sent", "syn_recv", "established",
					     "fin_wait1", "closed" };

	return (size_t)state < sizeof(texts) / sizeof(texts[0]) ? texts[state] : "";
}

const char *event_wallet_text(uint8_t wallet_check)
{
	static const char *const texts[] = { "", "unverified", "bad-checksum", "valid" };

	return wallet_check < sizeof(texts) / sizeof(texts[0]) ? texts[wallet_check] : "";
}

const char *event_unit_text(const struct session_view *view)
{
	return view->unit[0] != '\0' ? view->unit : "H/s";
}
