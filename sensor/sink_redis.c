/* sink_redis.c: events into Redis, and every ten seconds the counters and a sign of life.
 *
 * Nothing is lost while the process lives: commands wait in the connection's queue until they are
 * acknowledged. When flow records have filled their share of the queue, live the oldest are dropped
 * and counted; from a file the sink refuses, and the reader waits. With a state directory alerts,
 * session ends and campaigns go through a journal, and outlive the process. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "sensor/jsonw.h"
#include "sensor/log.h"
#include "sensor/redis_access.h"
#include "sensor/redis_bridge.h"
#include "sensor/redis_lag.h"
#include "sensor/redis_node.h"
#include "sensor/redis_spool.h"
#include "sensor/redis_store.h"
#include "sensor/ring.h"

#define RESERVED_SHARE    4 /* of the queue is for alerts and sessions */
#define DROPPED_SHARE     8 /* of the queue is freed at once when it is full of flow records */
#define CONNECT_MS        5000
#define REPLY_MS          10000
#define OWNER_TTL_MS      15000
#define STATS_EVERY_MS    10000
#define STATUS_FIELDS_MAX 16

/* Held of a replay: a batch on its way, and the next. */
#define AHEAD_COMMANDS ((size_t)2 * REDIS_NODE_COMMANDS)

struct sink_redis_state {
	struct sink_options options;
	struct redis_access access;
	char owner_key[REDIS_KEY_TEXT];
	char owner[128];
	char streams[REDIS_STREAMS][REDIS_KEY_TEXT];
	struct redis_store *store;
	struct redis_bridge *bridge;
	struct redis_lag lag;
	struct redis_conn *conn;
	struct redis_spool *spool; /* NULL: no state directory */
	uint64_t stats_ms;         /* when the next row is due */
	uint64_t last_event_ns;    /* newest packet time seen */
	uint64_t dropped;          /* flow records, live */
	char started[JSONW_TIME_LEN + 1];
};

static uint64_t wall_clock_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Returns the events that the journal has lost. */
static uint64_t free_state(struct sink_redis_state *self)
{
	uint64_t lost = redis_spool_close(self->spool);

	redis_store_free(self->store);
	redis_access_clear(&self->access);
	redis_bridge_free(self->bridge);
	free(self);
	return lost;
}

/* Host, process and a random number: who we are to others with our sensor id. */
static int name_owner(struct sink_redis_state *self)
{
	char host[64];
	uint64_t random;

	if (gethostname(host, sizeof(host)) != 0)
		return -errno;
	host[sizeof(host) - 1] = '\0';
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	(void)snprintf(self->owner, sizeof(self->owner), "%s:%ld:%016" PRIx64, host, (long)getpid(),
		       random);
	return 0;
}

static int load_access(struct sink_redis_state *self, char error[SINK_ERROR_TEXT])
{
	char why[REDIS_ACCESS_ERROR_TEXT];
	int result = redis_access_configure(&self->access, self->options.config, why);

	if (result < 0)
		(void)snprintf(error, SINK_ERROR_TEXT, "%s", why);
	return result;
}

static int open_spool(struct sink_redis_state *self, char error[SINK_ERROR_TEXT])
{
	const struct config *config = self->options.config;
	const struct event_context *context = self->options.context;
	struct redis_spool_options options = { .state_dir = config->state_dir,
					       .sensor_id = context->sensor_id,
					       .user = context->is_live ? config->user : NULL,
					       .max_bytes = config->journal_size,
					       .stats = self->options.stats };

	_Static_assert(REDIS_SPOOL_ERROR_TEXT <= SINK_ERROR_TEXT, "the sink's error holds it");
	if (config->state_dir == NULL)
		return 0;
	return redis_spool_open(&self->spool, &options, error);
}

static int connect_redis(struct sink_redis_state *self, char error[SINK_ERROR_TEXT])
{
	static const char *const words[REDIS_STREAMS] = { "alert", "flow", "session", "stats" };
	struct redis_conn_options options = { .url = &self->access.url,
					      .tls = self->access.tls,
					      .queue_bytes = self->options.config->redis_queue,
					      .connect_timeout_ms = CONNECT_MS,
					      .reply_timeout_ms = REPLY_MS,
					      .owner_key = self->owner_key,
					      .owner = self->owner,
					      .owner_ttl_ms = OWNER_TTL_MS,
					      .stats = self->options.stats,
					      .is_patient = self->spool != NULL,
					      .acked = self->spool != NULL ? redis_spool_acked
									   : NULL,
					      .acked_ctx = self->spool };
	char name[300];
	char why[REDIS_CONN_ERROR_TEXT];
	int result;

	redis_store_key(self->store, "owner", self->owner_key);
	for (size_t i = 0; i < REDIS_STREAMS; i++) {
		redis_store_key(self->store, words[i], self->streams[i]);
		options.streams[i] = self->streams[i];
	}
	result = redis_conn_open(&self->conn, &options, why);
	if (result < 0) {
		redis_url_name(&self->access.url, name, sizeof(name));
		(void)snprintf(error, SINK_ERROR_TEXT, "%.160s: %.300s", name, why);
	}
	return result;
}

static int redis_open(void **out, const struct sink_options *options, char error[SINK_ERROR_TEXT])
{
	struct sink_redis_state *self = calloc(1, sizeof(*self));
	int result = -ENOMEM;

	(void)snprintf(error, SINK_ERROR_TEXT, "out of memory");
	if (self == NULL)
		return result;
	self->options = *options;
	jsonw_time_text(wall_clock_ns(), self->started, sizeof(self->started));
	self->stats_ms = ring_now_ms(); /* a heartbeat at once: absence means a dead sensor */
	self->store = redis_store_new(options->config, options->context);
	self->bridge = redis_bridge_new(options);
	if (self->store == NULL || self->bridge == NULL)
		goto fail;
	result = name_owner(self);
	if (result < 0) {
		(void)snprintf(error, SINK_ERROR_TEXT, "cannot name this process: %s",
			       strerror(-result));
		goto fail;
	}
	result = load_access(self, error);
	if (result == 0)
		result = open_spool(self, error);
	if (result < 0)
		goto fail;
	result = connect_redis(self, error);
	if (result < 0)
		goto fail;
	error[0] = '\0';
	*out = self;
	return 0;
fail:
	(void)free_state(self);
	return result;
}

static size_t reserved(const struct sink_redis_state *self)
{
	return self->options.config->redis_queue / RESERVED_SHARE;
}

/* Live, a new flow record is worth more than the oldest ones that wait. */
static bool drop_oldest(struct sink_redis_state *self)
{
	size_t count;

	if (!self->options.context->is_live)
		return false;
	count = redis_conn_drop(self->conn, self->options.config->redis_queue / DROPPED_SHARE);
	if (count > 0 && self->dropped == 0)
		log_warning("redis: no room for more flow records: the oldest are dropped");
	self->dropped += count;
	stats_add(self->options.stats->redis_dropped, count);
	return count > 0;
}

/* From a file flow records wait on their ring, in a quarter of the memory, until Redis has nearly
 * caught up: what is sent was written just before. */
static bool is_ahead(const struct sink_redis_state *self)
{
	return !self->options.context->is_live && redis_conn_held(self->conn) >= AHEAD_COMMANDS;
}

static int redis_write(void *sink, struct event_renderer *renderer, const struct event *event)
{
	struct sink_redis_state *self = sink;
	size_t need = REDIS_EVENT_BYTES + (event->kind == EVENT_FLOW ? reserved(self) : 0);
	bool is_kept = self->spool != NULL && redis_spool_takes(self->spool, self->conn, event);
	int error;

	if (event->kind == EVENT_FLOW && is_ahead(self))
		return -EAGAIN;

	if (!is_kept && !redis_conn_has_room(self->conn, need) &&
	    (event->kind != EVENT_FLOW || !drop_oldest(self) ||
	     !redis_conn_has_room(self->conn, need)))
		return -EAGAIN;
	if (event->time_ns > self->last_event_ns)
		self->last_event_ns = event->time_ns;
	if (is_kept)
		error = redis_spool_write(self->spool, self->store, self->conn, renderer, event);
	else
		error = redis_store_event(self->store, self->conn, renderer, event);
	if (error == 0)
		redis_bridge_event(self->bridge, self->conn, renderer, event);
	return error;
}

/* Seconds between now and the newest event, live; 0 from a file. */
static double lag_seconds(const struct sink_redis_state *self)
{
	uint64_t now_ns = wall_clock_ns();

	if (!self->options.context->is_live || self->last_event_ns == 0 ||
	    now_ns < self->last_event_ns)
		return 0;
	return (double)(now_ns - self->last_event_ns) / 1e9;
}

static int push_status(struct sink_redis_state *self, const struct stats *sum)
{
	const struct event_context *context = self->options.context;
	const char *fields[STATUS_FIELDS_MAX][2];
	char numbers[4][32];
	char now[JSONW_TIME_LEN + 1];
	size_t count = 0;

#define STATUS(name, value) \
	do { \
		fields[count][0] = (name); \
		fields[count++][1] = (value); \
	} while (0)

	jsonw_time_text(wall_clock_ns(), now, sizeof(now));
	(void)snprintf(numbers[0], sizeof(numbers[0]), "%" PRIu64, sum->packets);
	(void)snprintf(numbers[1], sizeof(numbers[1]), "%" PRIu64,
		       sum->kernel_dropped + sum->interface_dropped);
	(void)snprintf(numbers[2], sizeof(numbers[2]), "%" PRIu64, sum->events_lost);
	jsonw_fixed_text(lag_seconds(self), 1, numbers[3], sizeof(numbers[3]));
	STATUS("version", MINECANARY_VERSION);
	STATUS("sensor", context->sensor_id);
	STATUS("owner", self->owner);
	STATUS("mode", context->is_live ? "live" : "replay");
	STATUS("interface", context->input_name != NULL ? context->input_name : "");
	STATUS("started", self->started);
	STATUS("heartbeat", now);
	STATUS("packets", numbers[0]);
	STATUS("drops", numbers[1]);
	STATUS("lost", numbers[2]);
	STATUS("lag", numbers[3]);
#undef STATUS
	return redis_store_status(self->store, self->conn,
				  (const char *const(*)[2])(const void *)fields, count);
}

static void push_stats(struct sink_redis_state *self)
{
	struct stats sum;
	int error;

	/* While Redis is away the queue belongs to events. */
	if (!redis_conn_has_room(self->conn, REDIS_EVENT_BYTES + reserved(self)))
		return;
	memset(&sum, 0, sizeof(sum));
	if (self->options.sum_stats != NULL)
		self->options.sum_stats(self->options.sum_ctx, &sum);
	error = redis_store_stats(self->store, self->conn, &sum);
	if (error == 0)
		error = push_status(self, &sum);
	if (error < 0)
		log_warning("redis: counters not published: %s", strerror(-error));
}

static void note_lag(struct sink_redis_state *self, uint64_t now_ms)
{
	struct stats *stats = self->options.stats;
	size_t held = redis_conn_held(self->conn);
	uint64_t pushed = redis_conn_pushed(self->conn);

	stats_set(stats->redis_queued, held);
	stats_set(stats->redis_latency_ms, redis_lag_look(&self->lag, pushed, held, now_ms));
}

static int redis_poll(void *sink, uint64_t now_ms, struct pollfd *want)
{
	struct sink_redis_state *self = sink;
	int error;

	if (now_ms >= self->stats_ms) {
		self->stats_ms = now_ms + STATS_EVERY_MS;
		push_stats(self);
	}
	if (self->spool != NULL)
		redis_spool_poll(self->spool, self->conn);
	error = redis_conn_poll(self->conn, now_ms, want);
	note_lag(self, now_ms);
	if (error == 0 && self->spool != NULL && redis_spool_is_waiting(self->spool))
		error = -EAGAIN;
	if (error != 0 && error != -EAGAIN)
		log_error("redis: %s", redis_conn_error(self->conn));
	return error;
}

static void redis_hasten(void *sink)
{
	struct sink_redis_state *self = sink;

	redis_conn_hasten(self->conn);
}

static uint64_t redis_close(void *sink, uint64_t deadline_ms)
{
	struct sink_redis_state *self = sink;
	uint64_t lost;

	push_stats(self);
	if (self->spool != NULL)
		redis_spool_poll(self->spool, self->conn);
	lost = self->dropped + redis_conn_close(self->conn, deadline_ms);
	return lost + free_state(self);
}

const struct sink_ops sink_redis = {
	.name = "redis",
	.open = redis_open,
	.write = redis_write,
	.poll = redis_poll,
	.close = redis_close,
	.hasten = redis_hasten,
};
