/* redis_state.c: merges what one event says into the hashes, sets and sorted sets of Redis.
 *
 * Values of hashes are kept short (64 bytes), or Redis stores the hash in three times the memory:
 * hosts and sessions name a wallet by its hash, the wallet's own hash has the whole text. */
#include "sensor/redis_state.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/correlator.h"
#include "sensor/jsonw.h"
#include "sensor/redis_store.h"
#include "sensor/redis_tally.h"

#define FIELDS_MAX          48
#define FIELDS_BYTES        6144
#define SHORT_TEXT          65 /* 64 bytes and a NUL */
#define TRIM_EVERY          64 /* events between two trims of the sorted sets */
#define SORTED_MEMBERS      100000
#define BY_RATE_MEMBERS     10000
#define OPEN_ALERT_EXPIRE_S LIMIT_EPISODE_S

/* KEYS: hash. ARGV: expire, last seen, first seen, sensor, time of the event, count of shared
 * pairs, shared pairs, this sensor's pairs.
 *
 * Shared pairs go by who was seen last; this sensor's own by the order of its events, since a
 * session that fell silent long ago still changes the totals when it ends. Times are texts of one
 * width, so they compare as texts. */
static const char merge_script[] =
	"local k=KEYS[1] local a=ARGV local o='updated@'..a[4] "
	"local h=redis.call('HMGET',k,'last_seen','first_seen',o) "
	"local n=6+2*tonumber(a[6]) "
	"if not h[1] or h[1]<=a[2] then "
	"redis.call('HSET',k,'last_seen',a[2],unpack(a,7,n)) end "
	"if not h[2] or h[2]>a[3] then redis.call('HSET',k,'first_seen',a[3]) end "
	"if #a>n and (not h[3] or h[3]<=a[5]) then "
	"redis.call('HSET',k,o,a[5],unpack(a,n+1)) end "
	"if a[1]~='0' then redis.call('EXPIRE',k,a[1]) end return 1";

/* KEYS: sorted set of rates, when each was told. ARGV: member, rate, time of the event. */
static const char rate_script[] =
	"local t=redis.call('ZSCORE',KEYS[2],ARGV[1]) "
	"if t and tonumber(t)>tonumber(ARGV[3]) then return 0 end "
	"redis.call('ZADD',KEYS[1],ARGV[2],ARGV[1]) redis.call('ZADD',KEYS[2],ARGV[3],ARGV[1]) "
	"return 1";

/* KEYS: the open alert's key, when it was told. ARGV: id, time, expire. */
static const char open_script[] =
	"local c=redis.call('GET',KEYS[1]) local t=redis.call('GET',KEYS[2]) "
	"if c and c~=ARGV[1] and t and t>ARGV[2] then return 0 end "
	"redis.call('SET',KEYS[1],ARGV[1],'EX',ARGV[3]) "
	"redis.call('SET',KEYS[2],ARGV[2],'EX',ARGV[3]) return 1";

/* Pairs of one hash; texts live in scratch until the next fields_begin(). */
struct fields {
	const char *items[FIELDS_MAX][2];
	size_t count;
	size_t shared; /* of count; the rest is this sensor's own */
	size_t used;
	char scratch[FIELDS_BYTES];
};

struct redis_state {
	const struct config *config;
	const struct event_context *context;
	struct redis_tally *tally;
	unsigned events; /* since the last trim */
	struct fields fields;
	struct redis_args args;
};

/* What one event is about. */
struct subject {
	const struct event_texts *texts;
	const struct event *event;
	const struct session_view *view;  /* NULL: none */
	char host[CLOUD_SCOPE_TEXT + 64]; /* scope/ip */
	char told[JSONW_TIME_LEN + 1];    /* time of the event */
	char seen[JSONW_TIME_LEN + 1];    /* last packet */
	char first[JSONW_TIME_LEN + 1];
	double seconds; /* of seen */
};

struct redis_state *redis_state_new(const struct config *config,
				    const struct event_context *context)
{
	struct redis_state *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->config = config;
	self->context = context;
	self->tally = redis_tally_new(config->max_sessions);
	if (self->tally == NULL) {
		free(self);
		return NULL;
	}
	return self;
}

void redis_state_free(struct redis_state *self)
{
	if (self == NULL)
		return;
	redis_tally_free(self->tally);
	free(self);
}

static void fields_begin(struct fields *fields)
{
	fields->count = 0;
	fields->shared = 0;
	fields->used = 0;
}

/* At most size - 1 bytes of text, printable. */
static const char *keep(struct fields *fields, const char *text, size_t size)
{
	char *at = fields->scratch + fields->used;

	assert(size <= sizeof(fields->scratch) - fields->used); /* our own fields, all short */
	event_printable(text, at, size);
	fields->used += strlen(at) + 1;
	return at;
}

static void add_pair(struct fields *fields, const char *name, const char *value)
{
	assert(fields->count < FIELDS_MAX);
	fields->items[fields->count][0] = name;
	fields->items[fields->count++][1] = value;
}

/* Names are static; values are copied, cut to what a small hash may hold. */
static void add_text(struct fields *fields, const char *name, const char *value)
{
	add_pair(fields, name, keep(fields, value, SHORT_TEXT));
}

static void add_uint(struct fields *fields, const char *name, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	add_text(fields, name, text);
}

static void add_fixed(struct fields *fields, const char *name, double value, unsigned decimals)
{
	char text[400];

	jsonw_fixed_text(value, decimals, text, sizeof(text));
	add_text(fields, name, text);
}

/* The same value under "name@sensor". */
static const char *own_name(struct redis_state *self, const char *name)
{
	char text[LIMIT_NAME_TEXT + 32];

	(void)snprintf(text, sizeof(text), "%s@%s", name, self->context->sensor_id);
	return keep(&self->fields, text, sizeof(text));
}

static void add_totals(struct redis_state *self, const struct tally_totals *totals)
{
	struct fields *fields = &self->fields;

	add_uint(fields, own_name(self, "sessions"), totals->sessions);
	add_uint(fields, own_name(self, "submitted"), totals->submitted);
	add_uint(fields, own_name(self, "accepted"), totals->accepted);
	add_uint(fields, own_name(self, "rejected"), totals->rejected);
	add_uint(fields, own_name(self, "stale"), totals->stale);
	add_fixed(fields, own_name(self, "work"), totals->work, 0);
	add_fixed(fields, own_name(self, "hashrate"), totals->hashrate, 1);
}

static void entity_key(const struct redis_state *self, const char *kind, const char *name,
		       char out[REDIS_KEY_TEXT])
{
	(void)snprintf(out, REDIS_KEY_TEXT, "%s:%s:%s", self->config->redis_prefix, kind, name);
}

static void list_key(const struct redis_state *self, const char *name, char out[REDIS_KEY_TEXT])
{
	(void)snprintf(out, REDIS_KEY_TEXT, "%s:%s", self->config->redis_prefix, name);
}

/* Merges the fields into a hash. */
static int push_merge(struct redis_state *self, struct redis_conn *conn,
		      const struct subject *subject, const char *key, bool ends_event)
{
	const struct fields *fields = &self->fields;
	struct redis_args *args = &self->args;

	redis_args_begin(args, "EVAL");
	redis_args_text(args, merge_script);
	redis_args_text(args, "1");
	redis_args_text(args, key);
	redis_args_uint(args, self->config->redis_expire_s);
	redis_args_text(args, subject->seen);
	redis_args_text(args, subject->first);
	redis_args_text(args, self->context->sensor_id);
	redis_args_text(args, subject->told);
	redis_args_uint(args, fields->shared);
	for (size_t i = 0; i < fields->count; i++) {
		redis_args_text(args, fields->items[i][0]);
		redis_args_text(args, fields->items[i][1]);
	}
	return redis_conn_push(conn, args, REDIS_EXPECT_INTEGER, ends_event);
}

/* A script over a key and what stands beside it. */
static void begin_pair(struct redis_state *self, const char *script, const char *key)
{
	char beside[REDIS_KEY_TEXT];

	redis_args_begin(&self->args, "EVAL");
	redis_args_text(&self->args, script);
	redis_args_text(&self->args, "2");
	redis_args_text(&self->args, key);
	redis_store_beside(key, beside);
	redis_args_text(&self->args, beside);
}

/* The host's rate in the top list. */
static int push_rate(struct redis_state *self, struct redis_conn *conn,
		     const struct subject *subject, double rate)
{
	char key[REDIS_KEY_TEXT];

	list_key(self, "hosts:by-hashrate", key);
	begin_pair(self, rate_script, key);
	redis_args_text(&self->args, subject->host);
	redis_args_fixed(&self->args, rate, 1);
	redis_args_fixed(&self->args, (double)subject->event->time_ns / 1e9, 6);
	return redis_conn_push(conn, &self->args, REDIS_EXPECT_INTEGER, false);
}

static int push_sorted(struct redis_state *self, struct redis_conn *conn, const char *list,
		       const struct subject *subject, const char *member)
{
	char key[REDIS_KEY_TEXT];

	list_key(self, list, key);
	redis_args_begin(&self->args, "ZADD");
	redis_args_text(&self->args, key);
	redis_args_text(&self->args, "GT");
	redis_args_fixed(&self->args, subject->seconds, 6);
	redis_args_text(&self->args, member);
	return redis_conn_push(conn, &self->args, REDIS_EXPECT_INTEGER, false);
}

static int push_trim_key(struct redis_state *self, struct redis_conn *conn, const char *key,
			 unsigned members)
{
	char last[16];

	(void)snprintf(last, sizeof(last), "-%u", members + 1);
	redis_args_begin(&self->args, "ZREMRANGEBYRANK");
	redis_args_text(&self->args, key);
	redis_args_text(&self->args, "0");
	redis_args_text(&self->args, last);
	return redis_conn_push(conn, &self->args, REDIS_EXPECT_INTEGER, false);
}

static int push_trim(struct redis_state *self, struct redis_conn *conn, const char *list,
		     unsigned members)
{
	char key[REDIS_KEY_TEXT];

	list_key(self, list, key);
	return push_trim_key(self, conn, key, members);
}

static int push_trims(struct redis_state *self, struct redis_conn *conn)
{
	static const char *const lists[] = { "hosts", "pools", "wallets", "alerts", "campaigns" };
	char key[REDIS_KEY_TEXT];
	char beside[REDIS_KEY_TEXT];
	int error = 0;

	if (++self->events < TRIM_EVERY)
		return 0;
	self->events = 0;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && error == 0; i++)
		error = push_trim(self, conn, lists[i], SORTED_MEMBERS);
	if (error == 0)
		error = push_trim(self, conn, "hosts:by-hashrate", BY_RATE_MEMBERS);
	if (error < 0)
		return error;
	list_key(self, "hosts:by-hashrate", key);
	redis_store_beside(key, beside);
	return push_trim_key(self, conn, beside, SORTED_MEMBERS);
}

/* One host more in the set of an entity's hosts. */
static int push_host_of(struct redis_state *self, struct redis_conn *conn, const char *entity,
			const struct subject *subject, bool ends_event)
{
	bool expires = self->config->redis_expire_s > 0;
	char key[REDIS_KEY_TEXT];
	int error;

	(void)snprintf(key, sizeof(key), "%s:hosts", entity);
	redis_args_begin(&self->args, "SADD");
	redis_args_text(&self->args, key);
	redis_args_text(&self->args, subject->host);
	error = redis_conn_push(conn, &self->args, REDIS_EXPECT_INTEGER, ends_event && !expires);
	if (error < 0 || !expires)
		return error;
	redis_args_begin(&self->args, "EXPIRE");
	redis_args_text(&self->args, key);
	redis_args_uint(&self->args, self->config->redis_expire_s);
	return redis_conn_push(conn, &self->args, REDIS_EXPECT_INTEGER, ends_event);
}

static struct subject subject_of(const struct event_texts *texts, const struct event *event,
				 uint64_t first_ns, uint64_t last_ns)
{
	struct subject subject = { .texts = texts, .event = event, .view = event_view(event) };

	if (last_ns == 0 || last_ns > event->time_ns)
		last_ns = event->time_ns;
	if (first_ns == 0 || first_ns > last_ns)
		first_ns = last_ns;
	subject.seconds = (double)last_ns / 1e9;
	(void)snprintf(subject.host, sizeof(subject.host), "%s/%s", texts->scope, texts->client);
	jsonw_time_text(event->time_ns, subject.told, sizeof(subject.told));
	jsonw_time_text(last_ns, subject.seen, sizeof(subject.seen));
	jsonw_time_text(first_ns, subject.first, sizeof(subject.first));
	return subject;
}

/* Who mines what, for hosts and sessions. */
static void add_identity(struct fields *fields, const struct subject *subject)
{
	const struct session_view *view = subject->view;

	add_text(fields, "pool", subject->texts->pool);
	add_text(fields, "role", event_role_text(view->role));
	add_text(fields, "level", level_text(view->level));
	add_text(fields, "dialect", view->dialect);
	add_text(fields, "coin", view->coin);
	add_text(fields, "algo", view->algo);
	add_text(fields, "wallet_hash", subject->texts->wallet_hash);
	add_text(fields, "worker", view->worker);
	add_text(fields, "agent", view->agent);
	add_text(fields, "alert_id", subject->texts->alert_id);
}

/* Nothing is added while nothing is known: what was known before stays. */
static void add_machine(struct fields *fields, const struct event *event)
{
	const struct cloud_identity *identity = event_identity(event);

	if (identity == NULL || identity->instance_id[0] == '\0')
		return;
	add_text(fields, "instance", identity->instance_id);
	add_text(fields, "eni", identity->eni_id);
	add_text(fields, "instance_type", identity->instance_type);
	add_text(fields, "principal", identity->principal);
	add_text(fields, "launch_key", identity->access_key_id);
}

static bool is_miner(const struct session_view *view)
{
	return view->level >= LEVEL_LIKELY;
}

static const char *state_text(const struct session_view *view, bool is_end)
{
	if (is_end)
		return "ended";
	return is_miner(view) ? "mining" : level_text(view->level);
}

/* What only the session itself has. */
static void add_session_more(struct fields *fields, const struct session_view *view)
{
	add_text(fields, "carrier", view->carrier);
	add_text(fields, "rig", view->rig);
	add_text(fields, "email", view->email);
	add_text(fields, "next_pool", view->next_pool);
	add_text(fields, "pool_tag", view->tag);
	add_text(fields, "payout", view->payout);
	add_text(fields, "reject_reason", view->reason);
	add_uint(fields, "workers", view->workers);
	add_uint(fields, "password_present", view->has_password);
	add_uint(fields, "donation", view->is_donation);
	add_fixed(fields, "hashrate_1m", view->rates[RATE_1M], 1);
	add_fixed(fields, "hashrate_10m", view->rates[RATE_10M], 1);
	add_fixed(fields, "hashrate_60m", view->rates[RATE_60M], 1);
	add_text(fields, "hashrate_unit", event_unit_text(view));
}

static int merge_session(struct redis_state *self, struct redis_conn *conn,
			 const struct subject *subject, bool is_end)
{
	const struct session_view *view = subject->view;
	struct fields *fields = &self->fields;
	char key[REDIS_KEY_TEXT];

	fields_begin(fields);
	add_text(fields, "state", state_text(view, is_end));
	add_text(fields, "sensor", self->context->sensor_id);
	add_text(fields, "client", subject->texts->client);
	add_uint(fields, "client_port", subject->texts->client_port);
	add_text(fields, "server", subject->texts->endpoint);
	add_text(fields, "community_id", subject->texts->community_id);
	add_identity(fields, subject);
	add_fixed(fields, "difficulty", view->difficulty, 6);
	add_uint(fields, "submitted", view->submitted);
	add_uint(fields, "accepted", view->accepted);
	add_uint(fields, "rejected", view->rejected);
	add_uint(fields, "stale", view->stale);
	add_fixed(fields, "work", view->work, 0);
	add_fixed(fields, "seconds", (double)view->window_ns / 1e9, 3);
	add_fixed(fields, "hashrate", view->hashrate, 1);
	add_fixed(fields, "hashrate_claimed", view->hashrate_claimed, 1);
	add_session_more(fields, view);
	add_machine(fields, subject->event);
	fields->shared = fields->count;
	entity_key(self, "session", subject->texts->flow_id, key);
	return push_merge(self, conn, subject, key, !is_miner(view));
}

static int merge_host(struct redis_state *self, struct redis_conn *conn,
		      const struct subject *subject, const struct tally_totals *totals)
{
	struct fields *fields = &self->fields;
	char key[REDIS_KEY_TEXT];
	int error;

	fields_begin(fields);
	add_text(fields, "state", totals->sessions > 0 ? "mining" : "ended");
	add_text(fields, "session", subject->texts->flow_id);
	add_identity(fields, subject);
	add_machine(fields, subject->event);
	fields->shared = fields->count;
	add_totals(self, totals);
	entity_key(self, "host", subject->host, key);
	error = push_merge(self, conn, subject, key, false);
	if (error == 0)
		error = push_rate(self, conn, subject, totals->hashrate);
	return error < 0 ? error : push_sorted(self, conn, "hosts", subject, subject->host);
}

static int merge_pool(struct redis_state *self, struct redis_conn *conn,
		      const struct subject *subject, const struct tally_totals *totals)
{
	struct fields *fields = &self->fields;
	char key[REDIS_KEY_TEXT];
	int error;

	fields_begin(fields);
	add_text(fields, "name", subject->texts->pool);
	add_text(fields, "dialect", subject->view->dialect);
	add_text(fields, "coin", subject->view->coin);
	add_text(fields, "algo", subject->view->algo);
	fields->shared = fields->count;
	add_totals(self, totals);
	entity_key(self, "pool", subject->texts->endpoint, key);
	error = push_merge(self, conn, subject, key, false);
	return error < 0 ? error
			 : push_sorted(self, conn, "pools", subject, subject->texts->endpoint);
}

static int merge_wallet(struct redis_state *self, struct redis_conn *conn,
			const struct subject *subject, const struct tally_totals *totals)
{
	struct fields *fields = &self->fields;
	const struct session_view *view = subject->view;
	char key[REDIS_KEY_TEXT];
	int error;

	fields_begin(fields);
	add_pair(fields, "wallet", keep(fields, view->wallet, (size_t)4 * LIMIT_WALLET_TEXT));
	add_text(fields, "check", event_wallet_text(view->wallet_check));
	add_text(fields, "coin", view->coin);
	add_text(fields, "pool", subject->texts->pool);
	fields->shared = fields->count;
	add_totals(self, totals);
	entity_key(self, "wallet", subject->texts->wallet_hash, key);
	error = push_merge(self, conn, subject, key, false);
	if (error == 0)
		error = push_sorted(self, conn, "wallets", subject, subject->texts->wallet_hash);
	return error < 0 ? error : push_host_of(self, conn, key, subject, false);
}

static int tally(struct redis_state *self, const struct subject *subject, bool is_end,
		 struct tally_totals totals[TALLY_KINDS])
{
	const struct event_texts *texts = subject->texts;
	const struct session_view *view = subject->view;
	bool is_hashes = view->unit[0] == '\0'; /* nothing else can be added to hashes */
	char miner[sizeof(subject->host) + EVENT_ENDPOINT_TEXT + LIMIT_WORKER_TEXT + 2];
	struct tally_update update = {
		.flow_id = event_parties(subject->event)->flow_id,
		.time_ns = subject->event->time_ns,
		.is_end = is_end,
		.miner = miner,
		.keys = { subject->host, texts->endpoint,
			  texts->wallet_hash[0] != '\0' ? texts->wallet_hash : NULL },
		.values = { .submitted = view->submitted,
			    .accepted = view->accepted,
			    .rejected = view->rejected,
			    .stale = view->stale,
			    .work = is_hashes ? view->work : 0,
			    .hashrate = is_hashes ? view->hashrate : 0 },
	};

	(void)snprintf(miner, sizeof(miner), "%s %s %s", subject->host, texts->endpoint,
		       view->worker);
	return redis_tally_update(self->tally, &update, totals);
}

int redis_state_session(struct redis_state *self, struct redis_conn *conn,
			const struct event_texts *texts, const struct event *event)
{
	const struct decision_session *session = (const void *)event->decision;
	struct subject subject = subject_of(texts, event, session->view.first_ns, session->last_ns);
	bool is_end = session->event == SESSION_END;
	struct tally_totals totals[TALLY_KINDS];
	char pool[REDIS_KEY_TEXT];
	int error;

	if (!is_miner(subject.view)) /* no host mines there: its entities are not touched */
		return merge_session(self, conn, &subject, is_end);
	error = tally(self, &subject, is_end, totals);
	if (error == 0)
		error = merge_session(self, conn, &subject, is_end);
	if (error == 0)
		error = merge_host(self, conn, &subject, &totals[TALLY_HOST]);
	if (error == 0)
		error = merge_pool(self, conn, &subject, &totals[TALLY_POOL]);
	if (error == 0 && texts->wallet_hash[0] != '\0')
		error = merge_wallet(self, conn, &subject, &totals[TALLY_WALLET]);
	if (error == 0)
		error = push_trims(self, conn);
	if (error < 0)
		return error;
	entity_key(self, "pool", texts->endpoint, pool);
	return push_host_of(self, conn, pool, &subject, true);
}

static int merge_alert(struct redis_state *self, struct redis_conn *conn,
		       const struct subject *subject, const struct decision_alert *alert)
{
	const struct signature *signature = signature_find(alert->sid);
	struct fields *fields = &self->fields;
	char key[REDIS_KEY_TEXT];
	char absorbed_by[24] = "";

	if (alert->absorbed_by != 0)
		(void)snprintf(absorbed_by, sizeof(absorbed_by), "%016" PRIx64, alert->absorbed_by);
	fields_begin(fields);
	add_uint(fields, "revision", alert->revision);
	add_uint(fields, "sid", alert->sid);
	add_text(fields, "signature", signature != NULL ? signature->name : "");
	add_uint(fields, "severity", signature != NULL ? signature->severity : 3);
	add_text(fields, "sensor", self->context->sensor_id);
	add_text(fields, "scope", subject->texts->scope);
	add_text(fields, "client", subject->texts->client);
	add_text(fields, "server", subject->texts->endpoint);
	add_text(fields, "flow_id", subject->texts->flow_id);
	add_text(fields, "community_id", subject->texts->community_id);
	add_uint(fields, "flows", alert->flows);
	add_text(fields, "absorbed_by", absorbed_by);
	if (alert->query[0] != '\0')
		add_text(fields, "name", alert->query);
	if (alert->access_key[0] != '\0')
		add_text(fields, "access_key", alert->access_key);
	if (subject->view != NULL)
		add_identity(fields, subject);
	else
		add_text(fields, "pool", subject->texts->pool);
	add_text(fields, "level", level_text(alert->level));
	add_machine(fields, subject->event);
	fields->shared = fields->count;
	entity_key(self, "alert", subject->texts->alert_id, key);
	return push_merge(self, conn, subject, key, false);
}

/* Under which names a host keeps the latest alert of a family. */
static const char *const *host_fields(const struct decision_alert *alert)
{
	static const char *const session[] = { "alert_id", "sid" };
	static const char *const contact[] = { "contact_id", "contact_sid" };
	static const char *const node[] = { "node_id", "node_sid" };
	static const char *const hostile[] = { "hostile_id", "hostile_sid" };

	if (alert->sid == SID_NODE)
		return node;
	if (signature_find(alert->sid)->family == FAMILY_HOSTILE)
		return hostile;
	return alert->has_session ? session : contact;
}

/* The host's latest alert of a family: none hides the session's. */
static int merge_alerted_host(struct redis_state *self, struct redis_conn *conn,
			      const struct subject *subject, const struct decision_alert *alert)
{
	const char *const *names = host_fields(alert);
	struct fields *fields = &self->fields;
	char key[REDIS_KEY_TEXT];
	int error;

	fields_begin(fields);
	add_text(fields, names[0], subject->texts->alert_id);
	add_uint(fields, names[1], alert->sid);
	add_machine(fields, subject->event);
	fields->shared = fields->count;
	entity_key(self, "host", subject->host, key);
	error = push_merge(self, conn, subject, key, false);
	return error < 0 ? error : push_sorted(self, conn, "hosts", subject, subject->host);
}

static int push_open_alert(struct redis_state *self, struct redis_conn *conn,
			   const struct subject *subject, const struct decision_alert *alert)
{
	struct redis_args *args = &self->args;
	char hash[24];
	char key[REDIS_KEY_TEXT];

	(void)snprintf(hash, sizeof(hash), "%016" PRIx64, alert->open_hash);
	entity_key(self, "alert:open", hash, key);
	begin_pair(self, open_script, key);
	redis_args_text(args, subject->texts->alert_id);
	redis_args_text(args, subject->seen);
	redis_args_uint(args, OPEN_ALERT_EXPIRE_S);
	return redis_conn_push(conn, args, REDIS_EXPECT_INTEGER, true);
}

int redis_state_alert(struct redis_state *self, struct redis_conn *conn,
		      const struct event_texts *texts, const struct event *event)
{
	const struct decision_alert *alert = (const void *)event->decision;
	/* An alert goes by its revisions, its host by the last packet. */
	struct subject revision = subject_of(texts, event, alert->episode_ns, event->time_ns);
	struct subject host = subject_of(texts, event, alert->episode_ns, alert->last_ns);
	int error = merge_alert(self, conn, &revision, alert);

	if (error == 0)
		error = push_sorted(self, conn, "alerts", &revision, texts->alert_id);
	if (error == 0)
		error = merge_alerted_host(self, conn, &host, alert);
	if (error == 0)
		error = push_trims(self, conn);
	return error < 0 ? error : push_open_alert(self, conn, &revision, alert);
}

int redis_state_campaign(struct redis_state *self, struct redis_conn *conn,
			 const struct event_texts *texts, const struct event *event)
{
	const struct decision_campaign *campaign = event_campaign(event);
	const struct signature *signature = signature_find(SID_CAMPAIGN);
	struct subject subject = subject_of(texts, event, campaign->first_ns, event->time_ns);
	struct fields *fields = &self->fields;
	char key[REDIS_KEY_TEXT];
	int error;

	fields_begin(fields);
	add_uint(fields, "revision", campaign->revision);
	add_uint(fields, "sid", SID_CAMPAIGN);
	add_text(fields, "signature", signature != NULL ? signature->name : "");
	add_uint(fields, "severity", signature != NULL ? signature->severity : 3);
	add_text(fields, "sensor", self->context->sensor_id);
	add_text(fields, "scope", texts->scope);
	add_text(fields, "client", texts->client);
	add_text(fields, "server", texts->endpoint);
	add_text(fields, "flow_id", texts->flow_id);
	add_text(fields, "community_id", texts->community_id);
	add_text(fields, "pool", texts->pool);
	add_text(fields, "wallet_hash", texts->wallet_hash);
	add_text(fields, "level", level_text(campaign->level));
	add_uint(fields, "members", campaign->members);
	fields->shared = fields->count;
	entity_key(self, "alert", texts->alert_id, key);
	error = push_merge(self, conn, &subject, key, false);
	if (error == 0)
		error = push_sorted(self, conn, "alerts", &subject, texts->alert_id);
	return error < 0 ? error : push_trims(self, conn);
}
