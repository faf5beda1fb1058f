/* redis_conn.c: opening, greeting and closing, and what is queued. */
#include "sensor/redis_conn.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sensor/log.h"
#include "sensor/redis_conn_inner.h"
#include "sensor/redis_kept.h"
#include "sensor/redis_once.h"
#include "sensor/redis_reply.h"
#include "sensor/ring.h"

#define RETRY_MIN_MS     100
#define RETRY_MAX_MS     5000
#define CLUSTER_RETRY_MS 200 /* to ask where a server went, and for it itself */

/* --- the connection ------------------------------------------------------------------------- */

void redis_conn_wait_longer(struct redis_conn *self, uint64_t now_ms)
{
	self->backoff_ms = self->backoff_ms == 0 ? RETRY_MIN_MS : self->backoff_ms * 2;
	if (self->backoff_ms > RETRY_MAX_MS)
		self->backoff_ms = RETRY_MAX_MS;
	self->retry_ms = now_ms + redis_pace_jitter(self->backoff_ms);
}

/* What has no reply may have been run. */
static void close_node(struct redis_conn *self, size_t number)
{
	struct redis_node *node = self->nodes.items[number];
	size_t index;

	while (redis_node_unanswered(node, &index))
		redis_queue_entry(self->queue, index)->was_sent = true;
	redis_node_close(node);
	redis_cluster_forget_ask(self, number);
	if (redis_nodes_are_idle(&self->nodes))
		redis_queue_end(self->queue);
	if (number == self->home)
		self->is_ready = false;
}

void redis_conn_lose(struct redis_conn *self, size_t number, uint64_t now_ms)
{
	bool is_door = self->is_cluster && number == 0;

	if (!is_door && number == self->home && self->is_ready)
		log_warning("redis: %s; will connect again", self->error);
	self->has_failed = true;
	close_node(self, number);
	if (!self->is_cluster) {
		redis_conn_wait_longer(self, now_ms);
		return;
	}
	/* Another server may have taken its place. */
	self->is_map_due = true;
	self->nodes.retry_ms[number] = now_ms + redis_pace_jitter(CLUSTER_RETRY_MS);
}

void redis_conn_fail(struct redis_conn *self, int error)
{
	self->fatal = error;
	self->is_ready = false;
	for (size_t i = 0; i < self->nodes.count; i++)
		close_node(self, i);
}

void redis_conn_lose_ownership(struct redis_conn *self, const redisReply *reply)
{
	say(self, "%s belongs to another process (%.100s): is its sensor id used twice?",
	    self->options.owner_key, reply->str);
	redis_conn_fail(self, -EBUSY);
}

/* For good: only a person can help. */
void redis_conn_give_up(struct redis_conn *self, const char *why)
{
	say(self, "refused: %.200s", why);
	redis_conn_fail(self, -EACCES);
}

/* A new master may lack what was acknowledged. */
void redis_conn_recall(struct redis_conn *self)
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
		if (!self->is_cluster)
			redis_conn_recall(self);
		stats_add(self->options.stats->redis_reconnects, 1);
		redis_route_name(self->nodes.items[self->home]->route, name, sizeof(name));
		log_info("redis: connected again with %s, %zu commands to send", name,
			 redis_queue_count(self->queue));
	}
	self->has_been_ready = true;
}

static void refuse_greeting(struct redis_conn *self, size_t number, enum redis_step step,
			    const redisReply *reply, uint64_t now_ms)
{
	static const struct redis_entry any = { .expect = REDIS_EXPECT_INTEGER };
	bool is_error = reply->type == REDIS_REPLY_ERROR;
	enum redis_verdict verdict =
		is_error ? redis_error_verdict(&any, reply->str) : REDIS_VERDICT_NONSENSE;

	if (step == REDIS_STEP_ROLE && reply->type == REDIS_REPLY_ARRAY) {
		say(self, "not ready: the server that the Sentinel named is no master yet");
		redis_conn_lose(self, number, now_ms);
	} else if (step == REDIS_STEP_OWNER && reply->type == REDIS_REPLY_STRING) {
		redis_conn_lose_ownership(self, reply);
	} else if (verdict == REDIS_VERDICT_MOVED || verdict == REDIS_VERDICT_ASK) {
		redis_cluster_take_moved(self, number, reply->str, now_ms);
	} else if (verdict == REDIS_VERDICT_LATER || verdict == REDIS_VERDICT_REPLICA) {
		say(self, "not ready: %.200s", reply->str);
		redis_conn_lose(self, number, now_ms);
	} else {
		redis_conn_give_up(self, is_error ? reply->str : "an answer of another kind");
	}
}

static void take_greeting(struct redis_conn *self, size_t number, const struct redis_answer *answer,
			  uint64_t now_ms)
{
	const struct redis_greeting *greeting = self->nodes.items[number]->greeting;

	if (!redis_greeting_is_answered(greeting, answer->index, answer->reply, &self->id))
		refuse_greeting(self, number, greeting->steps[answer->index], answer->reply,
				now_ms);
	else if (greeting->steps[answer->index] == REDIS_STEP_SLOTS)
		redis_cluster_take_map(self, answer->reply, now_ms);
	else if (greeting == &self->greeting && answer->index + 1 == greeting->step_count)
		become_ready(self, now_ms);
}

static void take_answers(struct redis_conn *self, size_t number, uint64_t now_ms)
{
	struct redis_node *node = self->nodes.items[number];
	struct redis_answer answer;
	int result;

	while ((result = redis_node_take(node, now_ms, &answer)) == 1) {
		if (answer.kind == REDIS_ANSWER_STEP)
			take_greeting(self, number, &answer, now_ms);
		else
			redis_batch_take(self, number, &answer, now_ms);
	}
	if (result < 0) {
		say(self, "%s", node->error);
		redis_conn_lose(self, number, now_ms);
	}
}

void redis_conn_next_id(struct redis_conn *self)
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

static void check_silence(struct redis_conn *self, size_t number, uint64_t now_ms)
{
	const struct redis_node *node = self->nodes.items[number];
	bool is_connecting = node->state == REDIS_NODE_CONNECTING;

	if (!redis_node_is_silent(node, now_ms, self->options.reply_timeout_ms))
		return;
	say(self, "%s for %u ms", is_connecting ? redis_route_pending(node->route) : "no answer",
	    (unsigned)self->options.reply_timeout_ms);
	redis_conn_lose(self, number, now_ms);
}

static void connect_nodes(struct redis_conn *self, uint64_t now_ms)
{
	if (self->is_cluster)
		redis_cluster_care(self, now_ms);
	else if (self->nodes.items[0]->state == REDIS_NODE_CLOSED && now_ms >= self->retry_ms)
		redis_node_begin(self->nodes.items[0], &self->greeting, now_ms);
}

static void poll_nodes(struct redis_conn *self, uint64_t now_ms, struct pollfd *want)
{
	int lost;

	while (self->fatal == 0 && (lost = redis_nodes_poll(&self->nodes, now_ms, want)) >= 0) {
		say(self, "%s", self->nodes.items[lost]->error);
		redis_conn_lose(self, (size_t)lost, now_ms);
	}
}

int redis_conn_poll(struct redis_conn *self, uint64_t now_ms, struct pollfd *want)
{
	want->fd = -1;
	want->events = 0;
	if (self->fatal != 0)
		return self->fatal;
	connect_nodes(self, now_ms);
	for (size_t i = 0; i < self->nodes.count && self->fatal == 0; i++) {
		take_answers(self, i, now_ms);
		check_silence(self, i, now_ms);
	}
	redis_batch_end(self, now_ms);
	if (self->is_ready) {
		renew_ownership(self, now_ms);
		redis_batch_begin(self, now_ms);
	}
	poll_nodes(self, now_ms, want);
	if (self->fatal != 0)
		return self->fatal;
	return redis_queue_count(self->queue) > 0 ? -EAGAIN : 0;
}

static bool may_fail_over(const struct redis_conn *self)
{
	return self->options.url->sentinel_count > 0 || self->is_cluster;
}

static int prepare(struct redis_conn *self, const struct redis_conn_options *options)
{
	int result = redis_nodes_init(&self->nodes, options->url, options->tls);

	self->options = *options;
	self->is_cluster = options->url->seed_count > 0;
	self->is_map_due = self->is_cluster;
	self->queue = redis_queue_new(options->queue_bytes);
	if (may_fail_over(self))
		self->kept = redis_queue_new(options->queue_bytes);
	if (self->queue == NULL || (may_fail_over(self) && self->kept == NULL))
		result = -ENOMEM;
	if (result == 0)
		result = redis_greeting_build(&self->greeting, options, REDIS_GREETING_WRITER);
	if (result == 0)
		result = redis_greeting_build(&self->door_greeting, options, REDIS_GREETING_DOOR);
	if (result == 0)
		result = redis_greeting_build(&self->guest_greeting, options, REDIS_GREETING_GUEST);
	return result;
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
	result = prepare(self, options);
	if (result < 0)
		goto fail;
	while (!self->is_ready && self->fatal == 0 && ring_now_ms() < deadline_ms) {
		struct pollfd want;

		redis_conn_poll(self, ring_now_ms(), &want);
		if (options->is_patient && self->has_failed)
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
			say(self, "%s", redis_route_pending(self->nodes.items[0]->route));
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
	redis_conn_next_id(self);
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
		redis_conn_next_id(self);
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
	redis_nodes_fini(&self->nodes);
	redis_queue_free(self->queue);
	redis_queue_free(self->kept);
	redis_greeting_fini(&self->greeting);
	redis_greeting_fini(&self->door_greeting);
	redis_greeting_fini(&self->guest_greeting);
	free(self);
	return lost;
}
