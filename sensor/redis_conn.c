/* redis_conn.c: the transport to Redis: our own wire and buffers, hiredis' reply reader.
 *
 *	DOWN --retry--> CONNECTING --route---> GREETING --all answered--> READY
 *	  ^---------------- lost, silent, refused for now -------------------'
 *
 * Reference: the Redis protocol specification (RESP2), XADD with explicit ids. */
#include "sensor/redis_conn.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <hiredis/read.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sensor/log.h"
#include "sensor/redis_greeting.h"
#include "sensor/redis_kept.h"
#include "sensor/redis_once.h"
#include "sensor/redis_pace.h"
#include "sensor/redis_reply.h"
#include "sensor/redis_route.h"
#include "sensor/ring.h"

#define BATCH_COMMANDS 100 /* that many are worth a write of their own */
#define BATCH_MS       50  /* or the oldest has waited so long */
#define WINDOW         500 /* commands without reply */
#define RETRY_MIN_MS   100
#define RETRY_MAX_MS   5000
#define RECEIVE_BYTES  16384
#define RECEIVE_ROUNDS 16 /* reads of one poll: the publisher has others to serve */

enum state { STATE_DOWN, STATE_CONNECTING, STATE_GREETING, STATE_READY };

struct redis_conn {
	struct redis_conn_options options;
	struct redis_route *route;
	struct redis_wire *wire; /* of the route */
	enum state state;
	redisReader *reader;
	struct redis_queue *queue;
	struct redis_queue *kept; /* acknowledged lately; NULL: without Sentinels */
	struct redis_greeting greeting;
	size_t greeting_sent;
	size_t step;
	uint64_t retry_ms; /* DOWN: when to try; READY: not before, after a refusal */
	uint32_t backoff_ms;
	uint64_t heard_ms;         /* last reply, or when the first command went out */
	uint64_t waiting_ms;       /* since when commands wait for a batch; 0: none does */
	uint64_t renew_ms;         /* when to renew the ownership */
	struct redis_stream_id id; /* last one given */
	uint64_t refused;          /* events Redis refused for good */
	bool is_spoiled;           /* a command of the current event was refused for good */
	bool is_hurried;           /* no batching: closing */
	bool has_been_ready;
	struct redis_record *record; /* collects commands; NULL: they are queued */
	bool has_told_mirror;        /* that Redis refuses the mirror */
	uint64_t pushed;             /* commands ever queued */
	int fatal;
	char error[REDIS_CONN_ERROR_TEXT];
};

/* Why it does not go on; kept for the operator. */
#define say(self, ...) \
	do { \
		(void)snprintf((self)->error, sizeof((self)->error), __VA_ARGS__); \
		redis_pace_printable((self)->error); \
	} while (0)

static void wait_longer(struct redis_conn *self, uint64_t now_ms)
{
	self->backoff_ms = self->backoff_ms == 0 ? RETRY_MIN_MS : self->backoff_ms * 2;
	if (self->backoff_ms > RETRY_MAX_MS)
		self->backoff_ms = RETRY_MAX_MS;
	self->retry_ms = now_ms + redis_pace_jitter(self->backoff_ms);
}

static void disconnect(struct redis_conn *self, uint64_t now_ms)
{
	redis_route_close(self->route);
	if (self->reader != NULL)
		redisReaderFree(self->reader);
	self->reader = NULL;
	redis_queue_rewind(self->queue);
	if (self->state == STATE_READY)
		log_warning("redis: %s; will connect again", self->error);
	self->state = STATE_DOWN;
	wait_longer(self, now_ms);
}

static void start_connecting(struct redis_conn *self, uint64_t now_ms)
{
	redis_route_begin(self->route, now_ms);
	self->state = STATE_CONNECTING;
	self->heard_ms = now_ms;
}

static void start_greeting(struct redis_conn *self, uint64_t now_ms)
{
	self->reader = redisReaderCreate();
	if (self->reader == NULL) {
		say(self, "out of memory");
		disconnect(self, now_ms);
		return;
	}
	self->state = STATE_GREETING;
	self->greeting_sent = 0;
	self->step = 0;
	self->heard_ms = now_ms;
}

/* With Sentinels the new master may lack what was acknowledged. */
static void recall_kept(struct redis_conn *self)
{
	size_t held = redis_queue_count(self->queue);

	if (self->kept == NULL)
		return;
	if (redis_kept_recall(&self->kept, &self->queue, self->options.queue_bytes) < 0)
		log_warning("redis: no memory to send again what a failover may lose");
	self->pushed += redis_queue_count(self->queue) - held;
}

static void become_ready(struct redis_conn *self, uint64_t now_ms)
{
	char name[300];

	self->state = STATE_READY;
	self->retry_ms = 0;
	self->backoff_ms = 0;
	self->renew_ms = now_ms + self->options.owner_ttl_ms / 3;
	if (self->has_been_ready) {
		recall_kept(self);
		stats_add(self->options.stats->redis_reconnects, 1);
		redis_route_name(self->route, name, sizeof(name));
		log_info("redis: connected again with %s, %zu commands to send", name,
			 redis_queue_count(self->queue));
	}
	self->has_been_ready = true;
}

static void fail(struct redis_conn *self, int error)
{
	self->fatal = error;
	self->state = STATE_DOWN;
	redis_route_close(self->route);
	redis_queue_rewind(self->queue);
}

static void lose_ownership(struct redis_conn *self, const redisReply *reply)
{
	say(self, "%s belongs to another process (%.100s): is its sensor id used twice?",
	    self->options.owner_key, reply->str);
	fail(self, -EBUSY);
}

/* For good: only a person can help. */
static void give_up(struct redis_conn *self, const char *why)
{
	bool is_cluster = strncmp(why, "MOVED ", 6) == 0 || strncmp(why, "ASK ", 4) == 0;

	say(self, "refused: %.200s%s", why,
	    is_cluster ? " (a Redis Cluster, which is not supported)" : "");
	fail(self, -EACCES);
}

static void take_greeting(struct redis_conn *self, const redisReply *reply, uint64_t now_ms)
{
	enum redis_step step = self->greeting.steps[self->step];

	if (redis_greeting_is_answered(&self->greeting, self->step, reply, &self->id)) {
		if (++self->step == self->greeting.step_count)
			become_ready(self, now_ms);
		return;
	}
	if (step == REDIS_STEP_ROLE && reply->type == REDIS_REPLY_ARRAY) {
		say(self, "not ready: the server that the Sentinel named is no master yet");
		disconnect(self, now_ms);
	} else if (step == REDIS_STEP_OWNER && reply->type == REDIS_REPLY_STRING) {
		lose_ownership(self, reply);
	} else if (reply->type == REDIS_REPLY_ERROR && redis_reply_is_passing(reply)) {
		say(self, "not ready: %.200s", reply->str);
		disconnect(self, now_ms);
	} else {
		give_up(self, reply->type == REDIS_REPLY_ERROR ? reply->str
							       : "an answer of another kind");
	}
}

static void next_id(struct redis_conn *self)
{
	struct timespec now;
	uint64_t ms;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	if (ms > self->id.ms) {
		self->id.ms = ms;
		self->id.seq = 0;
	} else {
		self->id.seq++;
	}
}

/* The oldest command was acknowledged. */
static void keep_first(struct redis_conn *self, const struct redis_entry *entry)
{
	if (self->kept != NULL)
		redis_kept_add(self->kept, entry, redis_queue_first_bytes(self->queue));
}

/* The oldest command is done, well or not. */
static void finish_first(struct redis_conn *self, const struct redis_entry *entry)
{
	redis_queue_pop(self->queue);
	if (entry->ends_event) {
		self->refused += self->is_spoiled;
		self->is_spoiled = false;
	}
	if (entry->sequence != 0 && self->options.acked != NULL)
		self->options.acked(self->options.acked_ctx, entry->sequence);
}

/* The oldest command goes behind the others. 0 or negative errno, then it is still there. */
static int requeue_first(struct redis_conn *self)
{
	next_id(self);
	return redis_once_requeue(self->queue, self->id.ms, self->id.seq);
}

static void send_later(struct redis_conn *self, const redisReply *reply, uint64_t now_ms)
{
	log_warning("redis: refused for now: %.200s", reply->str);
	if (requeue_first(self) < 0) {
		/* No memory to move it: forget the connection, then everything is sent again. */
		say(self, "out of memory");
		disconnect(self, now_ms);
		return;
	}
	if (now_ms >= self->retry_ms)
		wait_longer(self, now_ms);
}

/* Someone else writes to our stream: greeting again reads its last id. */
static void greet_again(struct redis_conn *self, uint64_t now_ms)
{
	if (requeue_first(self) < 0)
		return;
	say(self, "a stream was written by someone else");
	disconnect(self, now_ms);
}

/* What became of an entry that may have been there. */
static void take_once(struct redis_conn *self, const struct redis_entry *entry, long long result,
		      uint64_t now_ms)
{
	if (result == REDIS_ONCE_TOO_OLD) {
		greet_again(self, now_ms);
		return;
	}
	stats_add(self->options.stats->redis_commands, 1);
	stats_add(self->options.stats->journal_held, result == REDIS_ONCE_HELD);
	stats_add(self->options.stats->journal_renamed, result == REDIS_ONCE_RENAMED);
	self->backoff_ms = 0;
	keep_first(self, entry);
	finish_first(self, entry);
}

/* Streams go on without the mirror. */
static void refuse_mirror(struct redis_conn *self, const struct redis_entry *entry,
			  const redisReply *reply)
{
	stats_add(self->options.stats->mirror_refused, 1);
	if (!self->has_told_mirror)
		log_warning("redis: the list or channel of EVE lines is refused: %.200s",
			    reply->str);
	self->has_told_mirror = true;
	finish_first(self, entry);
}

static void take_error(struct redis_conn *self, const struct redis_entry *entry,
		       const redisReply *reply, uint64_t now_ms)
{
	bool is_old_id = entry->expect == REDIS_EXPECT_ID &&
			 redis_reply_begins(reply, "ERR The ID specified in XADD");

	if (is_old_id && entry->was_sent) {
		/* It had been stored before the connection was lost. */
		stats_add(self->options.stats->redis_commands, 1);
		keep_first(self, entry);
		finish_first(self, entry);
		return;
	}
	stats_add(self->options.stats->redis_errors, 1);
	if (is_old_id) {
		greet_again(self, now_ms);
	} else if (redis_reply_is_readonly(reply)) {
		say(self, "the server is a replica: %.200s", reply->str);
		disconnect(self, now_ms);
	} else if (redis_reply_is_passing(reply)) {
		send_later(self, reply, now_ms);
	} else if (entry->expect == REDIS_EXPECT_MIRROR) {
		refuse_mirror(self, entry, reply);
	} else if (redis_reply_is_forbidding(reply)) {
		give_up(self, reply->str);
	} else {
		log_error("redis: a command failed: %.200s", reply->str);
		self->is_spoiled = true;
		finish_first(self, entry);
	}
}

static void take_reply(struct redis_conn *self, const redisReply *reply, uint64_t now_ms)
{
	const struct redis_entry *first = redis_queue_first(self->queue);
	struct redis_entry entry;

	if (first == NULL) {
		say(self, "an answer to nothing");
		disconnect(self, now_ms);
		return;
	}
	entry = *first;
	if (entry.expect == REDIS_EXPECT_OWNER && reply->type == REDIS_REPLY_STRING) {
		lose_ownership(self, reply);
	} else if (reply->type == REDIS_REPLY_ERROR) {
		take_error(self, &entry, reply, now_ms);
	} else if (entry.expect == REDIS_EXPECT_ONCE && reply->type == REDIS_REPLY_INTEGER) {
		take_once(self, &entry, reply->integer, now_ms);
	} else if (redis_reply_is_expected(entry.expect, reply)) {
		stats_add(self->options.stats->redis_commands, 1);
		if (entry.expect == REDIS_EXPECT_ID)
			self->backoff_ms = 0;
		keep_first(self, &entry);
		finish_first(self, &entry);
	} else {
		say(self, "an answer of another kind");
		disconnect(self, now_ms);
	}
}

static void take_replies(struct redis_conn *self, uint64_t now_ms)
{
	while (self->state == STATE_GREETING || self->state == STATE_READY) {
		void *reply = NULL;

		if (redisReaderGetReply(self->reader, &reply) != REDIS_OK) {
			say(self, "no Redis protocol: %.100s", self->reader->errstr);
			disconnect(self, now_ms);
			return;
		}
		if (reply == NULL)
			return;
		self->heard_ms = now_ms;
		if (self->state == STATE_GREETING)
			take_greeting(self, reply, now_ms);
		else
			take_reply(self, reply, now_ms);
		freeReplyObject(reply);
	}
}

static void receive(struct redis_conn *self, uint64_t now_ms)
{
	char bytes[RECEIVE_BYTES];

	for (size_t i = 0; i < RECEIVE_ROUNDS && self->wire->fd >= 0 && self->reader != NULL; i++) {
		ssize_t len = redis_wire_receive(self->wire, bytes, sizeof(bytes));

		if (len == -EAGAIN)
			return;
		if (len < 0) {
			say(self, "%s", self->wire->error);
			disconnect(self, now_ms);
			return;
		}
		if (redisReaderFeed(self->reader, bytes, (size_t)len) != REDIS_OK) {
			say(self, "no memory for an answer");
			disconnect(self, now_ms);
			return;
		}
		take_replies(self, now_ms);
		if ((size_t)len < sizeof(bytes))
			return;
	}
}

/* Sends until there is nothing more or no room. Returns the bytes sent, 0 when it must wait. */
static size_t send_some(struct redis_conn *self, const char *bytes, size_t len, uint64_t now_ms)
{
	ssize_t sent = redis_wire_send(self->wire, bytes, len, false);

	if (sent >= 0)
		return (size_t)sent;
	if (sent != -EAGAIN) {
		say(self, "%s", self->wire->error);
		disconnect(self, now_ms);
	}
	return 0;
}

static void send_greeting(struct redis_conn *self, uint64_t now_ms)
{
	self->greeting_sent += send_some(self, self->greeting.bytes + self->greeting_sent,
					 self->greeting.len - self->greeting_sent, now_ms);
}

/* Lets whole batches go, or what has waited long enough. */
static void release_batch(struct redis_conn *self, uint64_t now_ms)
{
	size_t waiting = redis_queue_waiting(self->queue);
	size_t released = redis_queue_released(self->queue);

	if (waiting == 0 || now_ms < self->retry_ms) {
		self->waiting_ms = 0;
		if (waiting == 0 && released == 0)
			self->backoff_ms = 0;
		return;
	}
	if (self->waiting_ms == 0)
		self->waiting_ms = now_ms;
	if (waiting < BATCH_COMMANDS && !self->is_hurried && now_ms - self->waiting_ms < BATCH_MS)
		return;
	/* After a refusal one command shows whether it has passed. */
	if (released >= (self->backoff_ms > 0 ? 1 : WINDOW))
		return;
	if (released == 0)
		self->heard_ms = now_ms;
	redis_queue_release(self->queue, self->backoff_ms > 0 ? 1 : WINDOW - released);
	self->waiting_ms = 0;
}

static void send_commands(struct redis_conn *self, uint64_t now_ms)
{
	size_t len;
	const char *bytes = redis_queue_to_send(self->queue, &len);
	size_t sent = send_some(self, bytes, len, now_ms);

	if (self->state == STATE_READY)
		redis_queue_sent(self->queue, sent);
}

static void renew_ownership(struct redis_conn *self, uint64_t now_ms)
{
	struct redis_args args;

	if (now_ms < self->renew_ms)
		return;
	self->renew_ms = now_ms + self->options.owner_ttl_ms / 3;
	redis_owner_keep(&args, &self->options);
	if (redis_conn_push(self, &args, REDIS_EXPECT_OWNER, false) < 0)
		log_warning("redis: no memory to renew the ownership");
}

static void check_silence(struct redis_conn *self, uint64_t now_ms)
{
	bool is_due = self->state == STATE_CONNECTING || self->state == STATE_GREETING ||
		      (self->state == STATE_READY && redis_queue_released(self->queue) > 0);

	if (!is_due || now_ms - self->heard_ms < self->options.reply_timeout_ms)
		return;
	say(self, "%s for %u ms",
	    self->state == STATE_CONNECTING ? redis_route_pending(self->route) : "no answer",
	    (unsigned)self->options.reply_timeout_ms);
	disconnect(self, now_ms);
}

static void finish_connecting(struct redis_conn *self, uint64_t now_ms, struct pollfd *want)
{
	int error = redis_route_poll(self->route, now_ms, want);

	if (error == -EAGAIN)
		return;
	if (error < 0) {
		say(self, "%s", redis_route_error(self->route));
		disconnect(self, now_ms);
		return;
	}
	start_greeting(self, now_ms);
}

int redis_conn_poll(struct redis_conn *self, uint64_t now_ms, struct pollfd *want)
{
	size_t unsent = 0;

	want->fd = -1;
	want->events = 0;
	if (self->fatal != 0)
		return self->fatal;
	if (self->state == STATE_DOWN && now_ms >= self->retry_ms)
		start_connecting(self, now_ms);
	if (self->state == STATE_CONNECTING)
		finish_connecting(self, now_ms, want);
	if (self->state == STATE_GREETING)
		send_greeting(self, now_ms);
	if (self->state == STATE_GREETING || self->state == STATE_READY)
		receive(self, now_ms);
	if (self->state == STATE_READY) {
		renew_ownership(self, now_ms);
		release_batch(self, now_ms);
		send_commands(self, now_ms);
	}
	check_silence(self, now_ms);
	if (self->fatal != 0)
		return self->fatal;
	if (self->state == STATE_GREETING)
		unsent = self->greeting.len - self->greeting_sent;
	else if (self->state == STATE_READY)
		redis_queue_to_send(self->queue, &unsent);
	if (self->state == STATE_GREETING || self->state == STATE_READY) {
		want->fd = self->wire->fd;
		want->events = redis_wire_wants(self->wire, unsent > 0);
	} else if (self->state == STATE_DOWN) {
		want->fd = -1;
	}
	return redis_queue_count(self->queue) > 0 ? -EAGAIN : 0;
}

int redis_conn_open(struct redis_conn **out, const struct redis_conn_options *options,
		    char error[REDIS_CONN_ERROR_TEXT])
{
	struct redis_conn *self = calloc(1, sizeof(*self));
	uint64_t deadline_ms = ring_now_ms() + options->connect_timeout_ms;
	int result = -ENOMEM;

	(void)snprintf(error, REDIS_CONN_ERROR_TEXT, "out of memory");
	if (self == NULL)
		return result;
	self->options = *options;
	self->queue = redis_queue_new(options->queue_bytes);
	self->route = redis_route_new(options->url, options->tls);
	if (options->url->sentinel_count > 0)
		self->kept = redis_queue_new(options->queue_bytes);
	if (self->queue == NULL || self->route == NULL ||
	    (options->url->sentinel_count > 0 && self->kept == NULL))
		goto fail;
	self->wire = redis_route_wire(self->route);
	result = redis_greeting_build(&self->greeting, options);
	if (result < 0)
		goto fail;
	while (self->state != STATE_READY && self->fatal == 0 && ring_now_ms() < deadline_ms) {
		struct pollfd want;

		redis_conn_poll(self, ring_now_ms(), &want);
		if (options->is_patient && self->state == STATE_DOWN)
			break;
		if (self->state != STATE_READY && self->fatal == 0)
			(void)poll(&want, 1, 10);
	}
	result = self->fatal;
	if (self->state != STATE_READY && result == 0 && options->is_patient) {
		log_warning("redis: %s; will try again", self->error);
	} else if (self->state != STATE_READY && result == 0) {
		result = -ETIMEDOUT;
		if (self->error[0] == '\0')
			say(self, "%s", redis_route_pending(self->route));
	}
	if (result == 0) {
		*out = self;
		error[0] = '\0';
		return 0;
	}
	(void)snprintf(error, REDIS_CONN_ERROR_TEXT, "%s", self->error);
fail:
	redis_conn_close(self, 0);
	return result;
}

bool redis_conn_has_room(const struct redis_conn *self, size_t bytes)
{
	return redis_queue_has_room(self->queue, bytes);
}

void redis_conn_id(struct redis_conn *self, struct redis_args *args)
{
	next_id(self);
	redis_args_id(args, self->id.ms, self->id.seq);
}

static int push(struct redis_conn *self, struct redis_args *args, struct redis_entry entry)
{
	size_t len;
	size_t id_at;
	const char *bytes = redis_args_end(args, &len, &id_at);

	if (bytes == NULL)
		return -EMSGSIZE;
	entry.len = (uint32_t)len;
	entry.id_at = (uint32_t)id_at;
	entry.id_len = (uint8_t)args->id_len;
	if (self->record != NULL)
		return redis_record_add(self->record, &entry, bytes);
	self->pushed++;
	return redis_queue_push(self->queue, &entry, bytes);
}

uint64_t redis_conn_pushed(const struct redis_conn *self)
{
	return self->pushed;
}

size_t redis_conn_held(const struct redis_conn *self)
{
	return redis_queue_count(self->queue);
}

int redis_conn_push(struct redis_conn *self, struct redis_args *args, enum redis_expect expect,
		    bool ends_event)
{
	return push(self, args,
		    (struct redis_entry){ .expect = (uint8_t)expect, .ends_event = ends_event });
}

int redis_conn_push_bulk(struct redis_conn *self, struct redis_args *args)
{
	return push(self, args,
		    (struct redis_entry){
			    .expect = REDIS_EXPECT_ID, .ends_event = true, .is_bulk = true });
}

size_t redis_conn_drop(struct redis_conn *self, size_t bytes)
{
	return redis_queue_drop_bulk(self->queue, bytes);
}

void redis_conn_collect(struct redis_conn *self, struct redis_record *record)
{
	self->record = record;
}

int redis_conn_push_recorded(struct redis_conn *self, const struct redis_entry *entry,
			     const char *bytes, uint64_t sequence, bool is_again)
{
	struct redis_entry copy = *entry;

	copy.sequence = sequence;
	self->pushed++;
	if (is_again && copy.expect == REDIS_EXPECT_ID) {
		next_id(self);
		return redis_once_push(self->queue, &copy, bytes, self->id.ms, self->id.seq);
	}
	return redis_queue_push(self->queue, &copy, bytes);
}

bool redis_conn_has_greeted(const struct redis_conn *self)
{
	return self->has_been_ready;
}

const char *redis_conn_error(const struct redis_conn *self)
{
	return self->error;
}

void redis_conn_hasten(struct redis_conn *self)
{
	self->is_hurried = true;
}

/* The other process that waits for our id need not wait for the key to expire. */
static void release_ownership(struct redis_conn *self, uint64_t deadline_ms)
{
	struct redis_args args;
	struct pollfd want;

	redis_owner_release(&args, &self->options);
	if (redis_conn_push(self, &args, REDIS_EXPECT_INTEGER, false) < 0)
		return;
	while (redis_conn_poll(self, ring_now_ms(), &want) == -EAGAIN &&
	       self->state == STATE_READY && ring_now_ms() < deadline_ms)
		(void)poll(&want, 1, 10);
}

uint64_t redis_conn_close(struct redis_conn *self, uint64_t deadline_ms)
{
	uint64_t lost = 0;
	struct pollfd want;

	if (self == NULL)
		return 0;
	if (self->queue != NULL && (self->has_been_ready || self->options.is_patient)) {
		redis_conn_hasten(self);
		while (redis_conn_poll(self, ring_now_ms(), &want) == -EAGAIN &&
		       ring_now_ms() < deadline_ms)
			(void)poll(&want, 1, 10);
		lost = redis_queue_events(self->queue) + self->refused;
		if (self->state == STATE_READY && redis_queue_count(self->queue) == 0)
			release_ownership(self, deadline_ms);
	}
	redis_route_free(self->route);
	if (self->reader != NULL)
		redisReaderFree(self->reader);
	redis_queue_free(self->queue);
	redis_queue_free(self->kept);
	redis_greeting_fini(&self->greeting);
	free(self);
	return lost;
}
