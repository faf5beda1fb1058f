/* redis_store.c: events as Redis commands. Flat stream entries always have the same fields in the
 * same order, so that a stream node stores their names once, and numbers are numbers in every row.
 */
#include "sensor/redis_store.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/jsonw.h"
#include "sensor/redis_campaign.h"
#include "sensor/redis_state.h"

#define FLAT_TEXT       512
#define STATS_MAXLEN    100000
#define STATUS_EXPIRE_S 60
#define NS_PER_S        UINT64_C(1000000000)

struct redis_store {
	const struct config *config;
	const struct event_context *context;
	struct redis_state *state;
	struct redis_head heads[REDIS_STREAMS]; /* XADD, key and length of each */
	struct redis_args args;
};

static const char *const stream_words[REDIS_STREAMS] = { "alert", "flow", "session", "stats" };

/* What all entries of a stream begin with. */
static void make_heads(struct redis_store *self)
{
	const struct config *config = self->config;
	const uint64_t lengths[REDIS_STREAMS] = { config->redis_alert_maxlen,
						  config->redis_flow_maxlen,
						  config->redis_session_maxlen, STATS_MAXLEN };
	char key[REDIS_KEY_TEXT];

	for (size_t i = 0; i < REDIS_STREAMS; i++) {
		redis_store_key(self, stream_words[i], key);
		redis_args_begin(&self->args, "XADD");
		redis_args_text(&self->args, key);
		if (lengths[i] > 0) {
			redis_args_text(&self->args, "MAXLEN");
			redis_args_text(&self->args, "~");
			redis_args_uint(&self->args, lengths[i]);
		}
		redis_args_save(&self->args, &self->heads[i]);
	}
}

struct redis_store *redis_store_new(const struct config *config,
				    const struct event_context *context)
{
	struct redis_store *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->config = config;
	self->context = context;
	self->state = redis_state_new(config, context);
	if (self->state == NULL) {
		free(self);
		return NULL;
	}
	make_heads(self);
	return self;
}

void redis_store_free(struct redis_store *self)
{
	if (self == NULL)
		return;
	redis_state_free(self->state);
	free(self);
}

void redis_store_key(const struct redis_store *self, const char *word, char out[REDIS_KEY_TEXT])
{
	(void)snprintf(out, REDIS_KEY_TEXT, "%s:{%s}:%s", self->config->redis_prefix,
		       self->context->sensor_id, word);
}

void redis_store_beside(const char *key, char out[REDIS_KEY_TEXT])
{
	(void)snprintf(out, REDIS_KEY_TEXT, "{%.*s}:seen", REDIS_KEY_TEXT - 8, key);
}

__attribute__((always_inline)) static inline void field(struct redis_args *args, const char *name,
							const char *value)
{
	redis_args_field(args, name, value, strlen(value));
}

__attribute__((always_inline)) static inline void field_uint(struct redis_args *args,
							     const char *name, uint64_t value)
{
	char digits[TEXTW_DIGITS] = { (char)('0' + value % 10) };
	size_t len;

	if (value < 10) { /* as most are: no call */
		redis_args_field(args, name, digits, 1);
		return;
	}
	len = textw_digits(value, digits);
	assert(len <= sizeof(digits));
	redis_args_field(args, name, digits, len);
}

static void field_fixed(struct redis_args *args, const char *name, double value, unsigned decimals)
{
	redis_args_text(args, name);
	redis_args_fixed(args, value, decimals);
}

/* Time of nothing is "". */
static void field_time(struct redis_args *args, const char *name, uint64_t time_ns)
{
	char text[JSONW_TIME_LEN + 1] = "";

	if (time_ns != 0)
		jsonw_time_text(time_ns, text, sizeof(text));
	field(args, name, text);
}

/* Text from the wire. */
static void field_hostile(struct redis_args *args, const char *name, const char *value)
{
	char text[FLAT_TEXT];

	event_printable(value, text, sizeof(text));
	field(args, name, text);
}

static void begin_entry(struct redis_store *self, struct redis_conn *conn, enum redis_stream stream)
{
	redis_args_resume(&self->args, &self->heads[stream]);
	redis_conn_id(conn, &self->args);
}

static int add_eve(struct redis_store *self, struct event_renderer *renderer,
		   const struct event *event)
{
	size_t len;
	const char *line = event_eve(renderer, event, &len);

	if (len == 0)
		return -EMSGSIZE;
	redis_args_text(&self->args, "eve");
	redis_args_bytes(&self->args, line, len);
	return 0;
}

static void add_common(struct redis_args *args, const struct event_texts *texts,
		       const struct event *event)
{
	const struct flow_key *key = &event_parties(event)->key;
	char scratch[8];

	field_time(args, "time", event->time_ns);
	field(args, "flow_id", texts->flow_id);
	field(args, "community_id", texts->community_id);
	field(args, "scope", texts->scope);
	field(args, "src", texts->client);
	field_uint(args, "sport", texts->client_port);
	field(args, "dest", texts->server);
	field_uint(args, "dport", texts->server_port);
	field(args, "proto", flow_key_proto_name(key->proto, scratch, sizeof(scratch)));
	field_uint(args, "vlan", key->scope.vlan_count > 0 ? key->scope.vlan[0] : 0);
	field_uint(args, "vni",
		   key->scope.tunnel == TUNNEL_VXLAN || key->scope.tunnel == TUNNEL_GENEVE
			   ? key->scope.id
			   : 0);
}

/* Behind the columns that readers know. */
static void add_nat(struct redis_args *args, const struct event_texts *texts)
{
	field(args, "nat_src_ip", texts->nat_client);
	field_uint(args, "nat_src_port", texts->nat_port);
}

static void add_counts(struct redis_args *args, const uint64_t packets[2], const uint64_t bytes[2])
{
	field_uint(args, "pkts_toserver", packets[DIR_TO_SERVER]);
	field_uint(args, "pkts_toclient", packets[DIR_TO_CLIENT]);
	field_uint(args, "bytes_toserver", bytes[DIR_TO_SERVER]);
	field_uint(args, "bytes_toclient", bytes[DIR_TO_CLIENT]);
}

static void add_flow_fields(struct redis_args *args, const struct event_texts *texts,
			    const struct event *event)
{
	const struct decision_flow *flow = (const void *)event->decision;
	const struct flow_record *record = &flow->record;
	const char *category = "";
	char app[LIMIT_NAME_TEXT] = "";

	if (record->label.app != 0 || record->label.master != 0) {
		classify_app_name(&record->label, app, sizeof(app));
		category = classify_category_name(record->label.category);
	}
	add_common(args, texts, event);
	field(args, "app", app);
	field(args, "category", category != NULL ? category : "");
	field_uint(args, "risks", record->label.risks);
	field_time(args, "start", record->start_ns);
	field_time(args, "end", record->end_ns);
	add_counts(args, record->packets, record->bytes);
	field(args, "reason", event_end_text(record->end));
	field(args, "state", event_tcp_state_text(record->tcp_state));
	field_uint(args, "flags_toserver", record->tcp_flags[DIR_TO_SERVER]);
	field_uint(args, "flags_toclient", record->tcp_flags[DIR_TO_CLIENT]);
	field_uint(args, "midstream", record->is_midstream);
	field_uint(args, "truncated", record->is_truncated);
	field_uint(args, "sid", flow->sid);
	field(args, "alert_id", texts->alert_id);
	add_nat(args, texts);
	field_uint(args, "shunted", record->is_shunted);
}

static int store_flow(struct redis_store *self, struct redis_conn *conn,
		      struct event_renderer *renderer, const struct event *event)
{
	int error = 0;

	begin_entry(self, conn, REDIS_STREAM_FLOW);
	if (self->config->flow_format == FLOW_FORMAT_EVE)
		error = add_eve(self, renderer, event);
	else
		add_flow_fields(&self->args, event_texts(renderer, event), event);
	if (error < 0)
		return error;
	return redis_conn_push_bulk(conn, &self->args);
}

static void evidence_words(const struct evidence *evidence, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < evidence->count && i < EVIDENCE_COUNT && used < size; i++) {
		int len = snprintf(out + used, size - used, "%s%s", i > 0 ? "," : "",
				   evidence_text(evidence->words[i]));

		used += len > 0 ? (size_t)len : 0;
	}
}

/* New columns go behind the ones that readers know. */
static void add_session_more(struct redis_args *args, const struct session_view *view)
{
	field(args, "carrier", view->carrier);
	field_hostile(args, "rig", view->rig);
	field_hostile(args, "email", view->email);
	field_hostile(args, "next_pool", view->next_pool);
	field_hostile(args, "pool_tag", view->tag);
	field_hostile(args, "payout", view->payout);
	field_hostile(args, "reject_reason", view->reason);
	field_uint(args, "workers", view->workers);
	field_uint(args, "password_present", view->has_password);
	field_uint(args, "donation", view->is_donation);
	field_fixed(args, "hashrate_1m", view->rates[RATE_1M], 1);
	field_fixed(args, "hashrate_10m", view->rates[RATE_10M], 1);
	field_fixed(args, "hashrate_60m", view->rates[RATE_60M], 1);
	field(args, "hashrate_unit", event_unit_text(view));
}

static void add_session_fields(struct redis_args *args, const struct event_texts *texts,
			       const struct event *event)
{
	const struct decision_session *session = (const void *)event->decision;
	const struct session_view *view = &session->view;
	char evidence[FLAT_TEXT];

	evidence_words(&view->evidence, evidence, sizeof(evidence));
	field(args, "event", event_session_text(session->event));
	add_common(args, texts, event);
	field_hostile(args, "pool", texts->pool);
	field(args, "role", event_role_text(view->role));
	field(args, "level", level_text(view->level));
	field(args, "dialect", view->dialect);
	field_hostile(args, "coin", view->coin);
	field_hostile(args, "algo", view->algo);
	field_hostile(args, "wallet", view->wallet);
	field(args, "wallet_check", event_wallet_text(view->wallet_check));
	field(args, "wallet_hash", texts->wallet_hash);
	field_hostile(args, "worker", view->worker);
	field_hostile(args, "agent", view->agent);
	field_fixed(args, "difficulty", view->difficulty, 6);
	field_uint(args, "submitted", view->submitted);
	field_uint(args, "accepted", view->accepted);
	field_uint(args, "rejected", view->rejected);
	field_uint(args, "stale", view->stale);
	field_fixed(args, "work", view->work, 0);
	field_fixed(args, "seconds", (double)view->window_ns / (double)NS_PER_S, 3);
	field_fixed(args, "hashrate", view->hashrate, 1);
	field_fixed(args, "hashrate_claimed", view->hashrate_claimed, 1);
	add_counts(args, session->packets, session->bytes);
	field_time(args, "first_seen", view->first_ns);
	field_time(args, "last_share", view->last_share_ns);
	field(args, "evidence", evidence);
	field(args, "alert_id", texts->alert_id);
	field_uint(args, "revision", session->revision);
	add_session_more(args, view);
	add_nat(args, texts);
}

static int store_session(struct redis_store *self, struct redis_conn *conn,
			 struct event_renderer *renderer, const struct event *event)
{
	const struct event_texts *texts = event_texts(renderer, event);
	int error;

	begin_entry(self, conn, REDIS_STREAM_SESSION);
	add_session_fields(&self->args, texts, event);
	error = redis_conn_push(conn, &self->args, REDIS_EXPECT_ID, false);
	if (error < 0)
		return error;
	return redis_state_session(self->state, conn, texts, event);
}

/* Flat fields of an alert's row, behind the event itself. */
static void add_alert_fields(struct redis_args *args, const struct event_texts *texts,
			     const struct event *event, uint8_t level, const char *wallet)
{
	const struct cloud_identity *identity = event_identity(event);
	uint32_t revision;
	uint32_t sid;

	(void)event_alert_id(event, &revision, &sid);
	field(args, "id", texts->alert_id);
	field_uint(args, "rev", revision);
	field_uint(args, "sid", sid);
	field(args, "level", level_text(level));
	field(args, "src", texts->client);
	field(args, "dest", texts->endpoint);
	field_hostile(args, "pool", texts->pool);
	field_hostile(args, "wallet", wallet);
	field(args, "instance", identity != NULL ? identity->instance_id : "");
}

static int store_alert(struct redis_store *self, struct redis_conn *conn,
		       struct event_renderer *renderer, const struct event *event)
{
	const struct decision_alert *alert = (const void *)event->decision;
	const struct event_texts *texts = event_texts(renderer, event);
	const struct session_view *view = event_view(event);
	int error;

	begin_entry(self, conn, REDIS_STREAM_ALERT);
	error = add_eve(self, renderer, event);
	if (error < 0)
		return error;
	add_alert_fields(&self->args, texts, event, alert->level, view != NULL ? view->wallet : "");
	error = redis_conn_push(conn, &self->args, REDIS_EXPECT_ID, false);
	if (error < 0)
		return error;
	return redis_state_alert(self->state, conn, texts, event);
}

/* A revision of a campaign's alert, or what only the shared state has of it. */
static int store_campaign(struct redis_store *self, struct redis_conn *conn,
			  struct event_renderer *renderer, const struct event *event)
{
	const struct decision_campaign *campaign = event_campaign(event);
	const struct event_texts *texts = event_texts(renderer, event);
	int error = 0;

	if (event->kind == EVENT_CAMPAIGN) {
		begin_entry(self, conn, REDIS_STREAM_ALERT);
		error = add_eve(self, renderer, event);
		if (error < 0)
			return error;
		add_alert_fields(&self->args, texts, event, campaign->level,
				 campaign->kind == CAMPAIGN_WALLET ? campaign->key : "");
		error = redis_conn_push(conn, &self->args, REDIS_EXPECT_ID, false);
		if (error == 0)
			error = redis_state_campaign(self->state, conn, texts, event);
	}
	if (error < 0)
		return error;
	return redis_campaign_store(self->config, self->context, &self->args, conn, texts, event);
}

int redis_store_event(struct redis_store *self, struct redis_conn *conn,
		      struct event_renderer *renderer, const struct event *event)
{
	switch (event->kind) {
	case EVENT_FLOW:
		return store_flow(self, conn, renderer, event);
	case EVENT_SESSION:
		return store_session(self, conn, renderer, event);
	case EVENT_ALERT:
		return store_alert(self, conn, renderer, event);
	case EVENT_CAMPAIGN:
	case EVENT_MEMBER:
		return store_campaign(self, conn, renderer, event);
	case EVENT_KINDS:
		break;
	}
	return -EINVAL;
}

int redis_store_stats(struct redis_store *self, struct redis_conn *conn, const struct stats *sum)
{
	begin_entry(self, conn, REDIS_STREAM_STATS);
	for (size_t i = 0; i < STATS_COUNT; i++)
		field_uint(&self->args, stats_name(i), stats_value(sum, i));
	return redis_conn_push(conn, &self->args, REDIS_EXPECT_ID, false);
}

int redis_store_status(struct redis_store *self, struct redis_conn *conn,
		       const char *const (*fields)[2], size_t count)
{
	char key[REDIS_KEY_TEXT];
	int error;

	redis_store_key(self, "status", key);
	redis_args_begin(&self->args, "HSET");
	redis_args_text(&self->args, key);
	for (size_t i = 0; i < count; i++)
		field(&self->args, fields[i][0], fields[i][1]);
	error = redis_conn_push(conn, &self->args, REDIS_EXPECT_INTEGER, false);
	if (error < 0)
		return error;
	redis_args_begin(&self->args, "EXPIRE");
	redis_args_text(&self->args, key);
	redis_args_uint(&self->args, STATUS_EXPIRE_S);
	return redis_conn_push(conn, &self->args, REDIS_EXPECT_INTEGER, false);
}
