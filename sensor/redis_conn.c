/* redis_conn.c: what is queued goes to Redis in batches, one after another.
 *
 *	queue --batch--> MULTI, stream entries, EXEC; then all else --> node
 *	  ^--------- what was refused for now, or has no reply ---------'
 *
 * A batch's stream entries are one transaction, and the next batch begins when every command has
 * its reply. So what Redis refuses for now it refuses for all, and order holds when it is sent
 * again under the same ids.
 *
 * Reference: MULTI, EXEC, XADD with explicit ids. */
#include "sensor/redis_conn.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sensor/log.h"
#include "sensor/redis_greeting.h"
#include "sensor/redis_kept.h"
#include "sensor/redis_node.h"
#include "sensor/redis_once.h"
#include "sensor/redis_pace.h"
#include "sensor/redis_reply.h"
#include "sensor/ring.h"

#define BATCH_COMMANDS 100 /* that many are worth a batch */
#define BATCH_MS       50  /* or the oldest has waited so long */
#define BATCH_BYTES    ((size_t)1 << 20)
#define RETRY_MIN_MS   100
#define RETRY_MAX_MS   5000

struct redis_conn {
	struct redis_conn_options options;
	struct redis_node *node;
	struct redis_queue *queue;
	struct redis_queue *kept; /* acknowledged lately; NULL: without Sentinels */
	struct redis_greeting greeting;
	uint64_t retry_ms; /* not connected: when to try; else no batch before, after a refusal */
	uint32_t backoff_ms;
	uint64_t waiting_ms;       /* since when commands wait for a batch; 0: none does */
	uint64_t renew_ms;         /* when to renew the ownership */
	struct redis_stream_id id; /* last one given */
	uint64_t refused;          /* events Redis refused for good */
	bool is_overtaken;         /* someone else wrote to one of our streams */
	bool is_setback;           /* something of the batch was refused for now */
	bool is_hurried;           /* no batching: closing */
	bool is_ready;             /* greeted, and not lost since */
	bool has_been_ready;
	struct redis_record *record; /* collects commands; NULL: they are queued */
	bool has_told_mirror;        /* that Redis refuses the mirror */
	uint64_t pushed;             /* commands ever queued */
	int fatal;
	char failure[64]; /* how a command failed the last time */
	char error[REDIS_CONN_ERROR_TEXT];
};

/* Why it does not go on; kept for the operator. */
#define say(self, ...) \
	do { \
		(void)snprintf((self)->error, sizeof((self)->error), __VA_ARGS__); \
		redis_pace_printable((self)->error); \
	} while (0)

/* --- the connection ------------------------------------------------------------------------- */

static void wait_longer(struct redis_conn *self, uint64_t now_ms)
{
	self->backoff_ms = self->backoff_ms == 0 ? RETRY_MIN_MS : self->backoff_ms * 2;
	if (self->backoff_ms > RETRY_MAX_MS)
		self->backoff_ms = RETRY_MAX_MS;
	self->retry_ms = now_ms + redis_pace_jitter(self->backoff_ms);
}

/* What has no reply may have been run; all that is not done waits again. */
static void close_node(struct redis_conn *self)
{
	size_t index;

	while (redis_node_unanswered(self->node, &index))
		redis_queue_entry(self->queue, index)->was_sent = true;
	redis_node_close(self->node);
	redis_queue_end(self->queue);
	self->is_ready = false;
}

static void disconnect(struct redis_conn *self, uint64_t now_ms)
{
	if (self->is_ready)
		log_warning("redis: %s; will connect again", self->error);
	close_node(self);
	wait_longer(self, now_ms);
}

static void fail(struct redis_conn *self, int error)
{
	self->fatal = error;
	close_node(self);
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

	self->is_ready = true;
	self->is_overtaken = false;
	self->retry_ms = 0;
	self->backoff_ms = 0;
	self->renew_ms = now_ms + self->options.owner_ttl_ms / 3;
	if (self->has_been_ready) {
		recall_kept(self);
		stats_add(self->options.stats->redis_reconnects, 1);
		redis_route_name(self->node->route, name, sizeof(name));
		log_info("redis: connected again with %s, %zu commands to send", name,
			 redis_queue_count(self->queue));
	}
	self->has_been_ready = true;
}

static void take_greeting(struct redis_conn *self, size_t at, const redisReply *reply,
			  uint64_t now_ms)
{
	enum redis_step step = self->greeting.steps[at];

	if (redis_greeting_is_answered(&self->greeting, at, reply, &self->id)) {
		if (at + 1 == self->greeting.step_count)
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

/* --- replies -------------------------------------------------------------------------------- */

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

/* The command is done, well or not. */
static void finish(struct redis_conn *self, size_t index)
{
	const struct redis_entry *entry = redis_queue_entry(self->queue, index);
	uint64_t sequence = entry->sequence;

	self->refused += entry->ends_event && entry->is_spoiled;
	redis_queue_done(self->queue, index);
	if (sequence != 0 && self->options.acked != NULL)
		self->options.acked(self->options.acked_ctx, sequence);
}

static void acknowledge(struct redis_conn *self, size_t index)
{
	stats_add(self->options.stats->redis_commands, 1);
	if (self->kept != NULL)
		redis_kept_add(self->kept, redis_queue_entry(self->queue, index),
			       redis_queue_bytes(self->queue, index));
	finish(self, index);
}

/* Its event is lost: counted with the event's last command, which may come later. */
static void spoil(struct redis_conn *self, size_t index)
{
	size_t count = redis_queue_batch(self->queue) + redis_queue_waiting(self->queue);

	for (size_t i = index; i < count; i++) {
		struct redis_entry *entry = redis_queue_entry(self->queue, i);

		if (!entry->ends_event)
			continue;
		self->refused += entry->is_done && !entry->is_spoiled;
		entry->is_spoiled = true;
		return;
	}
	self->refused++;
}

/* Refused for now: it waits in its place. */
static void send_later(struct redis_conn *self, const char *why, uint64_t now_ms)
{
	self->is_setback = true;
	if (now_ms < self->retry_ms)
		return;
	log_warning("redis: refused for now: %.200s", why);
	wait_longer(self, now_ms);
}

/* Someone else writes to our stream: greeting again reads its last id. */
static void greet_again(struct redis_conn *self, size_t index, uint64_t now_ms)
{
	next_id(self);
	if (redis_once_requeue(self->queue, index, self->id.ms, self->id.seq) < 0) {
		say(self, "out of memory");
		disconnect(self, now_ms);
		return;
	}
	say(self, "a stream was written by someone else");
	self->is_overtaken = true;
}

/* Streams go on without the mirror. */
static void refuse_mirror(struct redis_conn *self, size_t index, const redisReply *reply)
{
	stats_add(self->options.stats->mirror_refused, 1);
	if (!self->has_told_mirror)
		log_warning("redis: the list or channel of EVE lines is refused: %.200s",
			    reply->str);
	self->has_told_mirror = true;
	finish(self, index);
}

/* Refused for good. Told once while it is the same: it may be every entry of a stream. */
static void fail_command(struct redis_conn *self, size_t index, const redisReply *reply)
{
	if (strncmp(reply->str, self->failure, sizeof(self->failure) - 1) != 0)
		log_error("redis: a command failed: %.200s", reply->str);
	(void)snprintf(self->failure, sizeof(self->failure), "%s", reply->str);
	spoil(self, index);
	finish(self, index);
}

static void count_once(struct redis_conn *self, const redisReply *reply)
{
	stats_add(self->options.stats->journal_held, reply->integer == REDIS_ONCE_HELD);
	stats_add(self->options.stats->journal_renamed, reply->integer == REDIS_ONCE_RENAMED);
}

static void leave_replica(struct redis_conn *self, const char *why, uint64_t now_ms)
{
	say(self, "the server is a replica: %.200s", why);
	disconnect(self, now_ms);
}

/* Returns after a possible disconnection: nothing of the batch is known then. */
static void take_command(struct redis_conn *self, size_t index, const redisReply *reply,
			 uint64_t now_ms)
{
	const struct redis_entry *entry = redis_queue_entry(self->queue, index);
	enum redis_verdict verdict = redis_reply_verdict(entry, reply);

	if (reply->type == REDIS_REPLY_ERROR && verdict != REDIS_VERDICT_HELD)
		stats_add(self->options.stats->redis_errors, 1);
	switch (verdict) {
	case REDIS_VERDICT_DONE:
		if (entry->expect == REDIS_EXPECT_ONCE)
			count_once(self, reply);
		acknowledge(self, index);
		break;
	case REDIS_VERDICT_HELD:
		acknowledge(self, index);
		break;
	case REDIS_VERDICT_OVERTAKEN:
		greet_again(self, index, now_ms);
		break;
	case REDIS_VERDICT_LATER:
		send_later(self, reply->str, now_ms);
		break;
	case REDIS_VERDICT_REPLICA:
		leave_replica(self, reply->str, now_ms);
		break;
	case REDIS_VERDICT_UNWANTED:
		refuse_mirror(self, index, reply);
		break;
	case REDIS_VERDICT_FORBIDDEN:
		give_up(self, reply->str);
		break;
	case REDIS_VERDICT_FAILED:
		fail_command(self, index, reply);
		break;
	case REDIS_VERDICT_OWNED:
		lose_ownership(self, reply);
		break;
	case REDIS_VERDICT_NONSENSE:
		say(self, "an answer of another kind");
		disconnect(self, now_ms);
		break;
	}
}

/* A transaction was not run. What was wrong with one of its commands was told with that. */
static void take_refusal(struct redis_conn *self, const redisReply *reply, uint64_t now_ms)
{
	static const struct redis_entry any = { .expect = REDIS_EXPECT_INTEGER };
	const char *why = redis_reply_abort(reply);

	if (why == NULL)
		return;
	stats_add(self->options.stats->redis_errors, 1);
	switch (redis_error_verdict(&any, why)) {
	case REDIS_VERDICT_LATER:
		send_later(self, why, now_ms);
		break;
	case REDIS_VERDICT_REPLICA:
		leave_replica(self, why, now_ms);
		break;
	case REDIS_VERDICT_FORBIDDEN:
		give_up(self, why);
		break;
	default:
		say(self, "a transaction was refused: %.200s", why);
		disconnect(self, now_ms);
		break;
	}
}

static void take_answers(struct redis_conn *self, uint64_t now_ms)
{
	struct redis_answer answer;
	int result;

	while ((result = redis_node_take(self->node, now_ms, &answer)) == 1) {
		switch (answer.kind) {
		case REDIS_ANSWER_STEP:
			take_greeting(self, answer.index, answer.reply, now_ms);
			break;
		case REDIS_ANSWER_COMMAND:
			take_command(self, answer.index, answer.reply, now_ms);
			break;
		case REDIS_ANSWER_REFUSED:
			take_refusal(self, answer.reply, now_ms);
			break;
		}
	}
	if (result < 0) {
		say(self, "%s", self->node->error);
		disconnect(self, now_ms);
	}
}

/* --- batches -------------------------------------------------------------------------------- */

static void end_batch(struct redis_conn *self, uint64_t now_ms)
{
	if (redis_queue_batch(self->queue) == 0 || !redis_node_is_idle(self->node))
		return;
	redis_queue_end(self->queue);
	if (self->is_overtaken)
		disconnect(self, now_ms);
	else if (!self->is_setback)
		self->backoff_ms = 0;
}

/* Entries of streams are all stored or none. */
static bool is_ordered(const struct redis_entry *entry)
{
	return entry->expect == REDIS_EXPECT_ID || entry->expect == REDIS_EXPECT_ONCE;
}

static int add_command(struct redis_conn *self, size_t index)
{
	return redis_node_add(self->node, index, redis_queue_bytes(self->queue, index),
			      redis_queue_entry(self->queue, index)->len);
}

static int send_batch(struct redis_conn *self, size_t count)
{
	bool has_ordered = false;
	int error = 0;

	for (size_t i = 0; i < count && error == 0; i++) {
		if (!is_ordered(redis_queue_entry(self->queue, i)))
			continue;
		if (!has_ordered)
			error = redis_node_multi(self->node);
		has_ordered = true;
		if (error == 0)
			error = add_command(self, i);
	}
	if (error == 0 && has_ordered)
		error = redis_node_exec(self->node);
	for (size_t i = 0; i < count && error == 0; i++)
		if (!is_ordered(redis_queue_entry(self->queue, i)))
			error = add_command(self, i);
	return error;
}

/* Lets a whole batch go, or what has waited long enough. */
static void begin_batch(struct redis_conn *self, uint64_t now_ms)
{
	size_t waiting = redis_queue_waiting(self->queue);
	size_t count;

	if (redis_queue_batch(self->queue) > 0)
		return;
	if (waiting == 0 || now_ms < self->retry_ms) {
		self->waiting_ms = 0;
		return;
	}
	if (self->waiting_ms == 0)
		self->waiting_ms = now_ms;
	if (waiting < BATCH_COMMANDS && !self->is_hurried && now_ms - self->waiting_ms < BATCH_MS)
		return;
	/* After a refusal one command shows whether it has passed. */
	count = redis_queue_begin(self->queue, self->backoff_ms > 0 ? 1 : REDIS_NODE_COMMANDS,
				  BATCH_BYTES);
	self->is_setback = false;
	self->waiting_ms = 0;
	if (send_batch(self, count) < 0) {
		say(self, "%s", self->node->error);
		disconnect(self, now_ms);
	}
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
	bool is_connecting = self->node->state == REDIS_NODE_CONNECTING;

	if (!redis_node_is_silent(self->node, now_ms, self->options.reply_timeout_ms))
		return;
	say(self, "%s for %u ms",
	    is_connecting ? redis_route_pending(self->node->route) : "no answer",
	    (unsigned)self->options.reply_timeout_ms);
	disconnect(self, now_ms);
}

int redis_conn_poll(struct redis_conn *self, uint64_t now_ms, struct pollfd *want)
{
	want->fd = -1;
	want->events = 0;
	if (self->fatal != 0)
		return self->fatal;
	if (self->node->state == REDIS_NODE_CLOSED && now_ms >= self->retry_ms)
		redis_node_begin(self->node, &self->greeting, now_ms);
	take_answers(self, now_ms);
	if (self->is_ready) {
		end_batch(self, now_ms);
		renew_ownership(self, now_ms);
	}
	if (self->is_ready)
		begin_batch(self, now_ms);
	check_silence(self, now_ms);
	if (self->fatal == 0 && redis_node_poll(self->node, now_ms, want) < 0) {
		say(self, "%s", self->node->error);
		disconnect(self, now_ms);
		want->fd = -1;
	}
	if (self->fatal != 0)
		return self->fatal;
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
	self->node = redis_node_new(options->url, options->tls);
	if (options->url->sentinel_count > 0)
		self->kept = redis_queue_new(options->queue_bytes);
	if (self->queue == NULL || self->node == NULL ||
	    (options->url->sentinel_count > 0 && self->kept == NULL))
		goto fail;
	result = redis_greeting_build(&self->greeting, options);
	if (result < 0)
		goto fail;
	while (!self->is_ready && self->fatal == 0 && ring_now_ms() < deadline_ms) {
		struct pollfd want;

		redis_conn_poll(self, ring_now_ms(), &want);
		if (options->is_patient && self->node->state == REDIS_NODE_CLOSED)
			break;
		if (!self->is_ready && self->fatal == 0)
			(void)poll(&want, 1, 10);
	}
	result = self->fatal;
	if (!self->is_ready && result == 0 && options->is_patient) {
		log_warning("redis: %s; will try again", self->error);
	} else if (!self->is_ready && result == 0) {
		result = -ETIMEDOUT;
		if (self->error[0] == '\0')
			say(self, "%s", redis_route_pending(self->node->route));
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
	while (redis_conn_poll(self, ring_now_ms(), &want) == -EAGAIN && self->is_ready &&
	       ring_now_ms() < deadline_ms)
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
		if (self->is_ready && redis_queue_count(self->queue) == 0)
			release_ownership(self, deadline_ms);
	}
	redis_node_free(self->node);
	redis_queue_free(self->queue);
	redis_queue_free(self->kept);
	redis_greeting_fini(&self->greeting);
	free(self);
	return lost;
}
