/* redis_batch.c: what is queued goes to Redis in batches, one after another.
 *
 *	queue --batch--> MULTI, stream entries, EXEC; all else by itself --> nodes
 *	  ^----------- what was refused for now, or has no reply -------------'
 *
 * A batch's stream entries are one transaction, and the next batch begins when every command has
 * its reply. So what Redis refuses for now it refuses for all, and order holds when it is sent
 * again under the same ids.
 *
 * Reference: MULTI, EXEC, XADD with explicit ids. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <string.h>

#include "sensor/log.h"
#include "sensor/redis_conn_inner.h"
#include "sensor/redis_kept.h"
#include "sensor/redis_once.h"
#include "sensor/redis_reply.h"

#define BATCH_COMMANDS 100 /* that many are worth a batch */
#define BATCH_MS       50  /* or the oldest has waited so long */
#define BATCH_BYTES    ((size_t)1 << 20)
#define APART_MS       1000
#define PAUSE_MS       20 /* while nothing can be sent */

/* --- replies -------------------------------------------------------------------------------- */

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
	if (strncmp(why, "TRYAGAIN", 8) == 0)
		self->apart_ms = now_ms + APART_MS;
	if (now_ms < self->retry_ms)
		return;
	log_warning("redis: refused for now: %.200s", why);
	redis_conn_wait_longer(self, now_ms);
}

/* Someone else writes to our stream: greeting again reads its last id. */
static void greet_again(struct redis_conn *self, size_t index, uint64_t now_ms)
{
	redis_conn_next_id(self);
	if (redis_once_requeue(self->queue, index, self->id.ms, self->id.seq) < 0) {
		say(self, "out of memory");
		redis_conn_lose(self, self->home, now_ms);
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

static void leave_replica(struct redis_conn *self, size_t number, const char *why, uint64_t now_ms)
{
	say(self, "the server is a replica: %.200s", why);
	redis_conn_lose(self, number, now_ms);
}

/* Returns after a possible disconnection: nothing of the batch is known then. */
static void take_command(struct redis_conn *self, size_t number, size_t index,
			 const redisReply *reply, uint64_t now_ms)
{
	struct redis_entry *entry = redis_queue_entry(self->queue, index);
	enum redis_verdict verdict = redis_reply_verdict(entry, reply);

	if (reply->type == REDIS_REPLY_ERROR && verdict != REDIS_VERDICT_HELD &&
	    verdict != REDIS_VERDICT_MOVED && verdict != REDIS_VERDICT_ASK)
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
		leave_replica(self, number, reply->str, now_ms);
		break;
	case REDIS_VERDICT_MOVED:
		redis_cluster_take_moved(self, number, reply->str, now_ms);
		break;
	case REDIS_VERDICT_ASK:
		self->apart_ms = now_ms + APART_MS;
		redis_cluster_take_ask(self, number, entry, reply->str, now_ms);
		break;
	case REDIS_VERDICT_UNWANTED:
		refuse_mirror(self, index, reply);
		break;
	case REDIS_VERDICT_FORBIDDEN:
		redis_conn_give_up(self, reply->str);
		break;
	case REDIS_VERDICT_FAILED:
		fail_command(self, index, reply);
		break;
	case REDIS_VERDICT_OWNED:
		redis_conn_lose_ownership(self, reply);
		break;
	case REDIS_VERDICT_NONSENSE:
		say(self, "an answer of another kind");
		redis_conn_lose(self, number, now_ms);
		break;
	}
}

/* A transaction was not run. What was wrong with one of its commands was told with that. */
static void take_refusal(struct redis_conn *self, size_t number, const redisReply *reply,
			 uint64_t now_ms)
{
	static const struct redis_entry any = { .expect = REDIS_EXPECT_INTEGER };
	const char *why = redis_reply_abort(reply);

	if (why == NULL)
		return;
	switch (redis_error_verdict(&any, why)) {
	case REDIS_VERDICT_LATER:
		stats_add(self->options.stats->redis_errors, 1);
		send_later(self, why, now_ms);
		break;
	case REDIS_VERDICT_REPLICA:
		leave_replica(self, number, why, now_ms);
		break;
	case REDIS_VERDICT_MOVED:
		redis_cluster_take_moved(self, number, why, now_ms);
		break;
	case REDIS_VERDICT_ASK: /* as each of its commands will say */
		self->apart_ms = now_ms + APART_MS;
		break;
	case REDIS_VERDICT_FORBIDDEN:
		redis_conn_give_up(self, why);
		break;
	default:
		say(self, "a transaction was refused: %.200s", why);
		redis_conn_lose(self, number, now_ms);
		break;
	}
}

void redis_batch_take(struct redis_conn *self, size_t number, const struct redis_answer *answer,
		      uint64_t now_ms)
{
	if (answer->kind == REDIS_ANSWER_REFUSED)
		take_refusal(self, number, answer->reply, now_ms);
	else
		take_command(self, number, answer->index, answer->reply, now_ms);
}

/* --- batches -------------------------------------------------------------------------------- */

void redis_batch_end(struct redis_conn *self, uint64_t now_ms)
{
	if (redis_queue_batch(self->queue) == 0 || !redis_nodes_are_idle(&self->nodes))
		return;
	redis_queue_end(self->queue);
	if (self->is_overtaken)
		redis_conn_lose(self, self->home, now_ms);
	else if (!self->is_setback)
		self->backoff_ms = 0;
}

/* Entries of streams are all stored or none. */
static bool is_ordered(const struct redis_entry *entry)
{
	return entry->expect == REDIS_EXPECT_ID || entry->expect == REDIS_EXPECT_ONCE;
}

static int add_command(struct redis_conn *self, size_t number, size_t index)
{
	return redis_node_add(self->nodes.items[number], index,
			      redis_queue_bytes(self->queue, index),
			      redis_queue_entry(self->queue, index)->len);
}

static bool have_one_key(const struct redis_conn *self, size_t a, size_t b)
{
	struct redis_word key = { NULL, 0 };
	struct redis_word other = { NULL, 0 };

	return redis_command_key(redis_queue_bytes(self->queue, a),
				 redis_queue_entry(self->queue, a)->len, &key) &&
	       redis_command_key(redis_queue_bytes(self->queue, b),
				 redis_queue_entry(self->queue, b)->len, &other) &&
	       key.len == other.len && memcmp(key.bytes, other.bytes, key.len) == 0;
}

/* The first entry of a stream, if its server takes any now. */
static bool find_ordered(struct redis_conn *self, size_t count, size_t *first, size_t *number,
			 uint64_t now_ms)
{
	for (*first = 0; *first < count; ++*first)
		if (is_ordered(redis_queue_entry(self->queue, *first)))
			return redis_cluster_route(self, *first, number, now_ms);
	return false;
}

/* All entries of streams, or those of one while their slot moves: its streams may be here and
 * there. */
static int send_ordered(struct redis_conn *self, size_t count, uint64_t now_ms)
{
	bool is_asking;
	bool is_apart;
	size_t first;
	size_t number;
	struct redis_node *node;
	int error = 0;

	if (!find_ordered(self, count, &first, &number, now_ms))
		return 0;
	node = self->nodes.items[number];
	is_asking = redis_queue_entry(self->queue, first)->asked != 0;
	is_apart = is_asking || now_ms < self->apart_ms;
	if (is_asking)
		error = redis_node_asking(node);
	if (error == 0)
		error = redis_node_multi(node);
	for (size_t i = first; i < count && error == 0; i++) {
		const struct redis_entry *entry = redis_queue_entry(self->queue, i);

		if (is_ordered(entry) && (is_apart ? have_one_key(self, first, i) : !entry->asked))
			error = add_command(self, number, i);
	}
	return error < 0 ? error : redis_node_exec(node);
}

static int send_others(struct redis_conn *self, size_t count, uint64_t now_ms)
{
	int error = 0;

	for (size_t i = 0; i < count && error == 0; i++) {
		const struct redis_entry *entry = redis_queue_entry(self->queue, i);
		size_t number;

		if (is_ordered(entry) || !redis_cluster_route(self, i, &number, now_ms))
			continue;
		if (entry->asked != 0)
			error = redis_node_asking(self->nodes.items[number]);
		if (error == 0)
			error = add_command(self, number, i);
	}
	return error;
}

static bool may_begin(struct redis_conn *self, uint64_t now_ms)
{
	if (redis_queue_batch(self->queue) > 0 || self->is_map_due)
		return false;
	if (self->is_recall_due)
		redis_conn_recall(self);
	self->is_recall_due = false;
	if (redis_queue_waiting(self->queue) == 0 || now_ms < self->retry_ms) {
		self->waiting_ms = 0;
		return false;
	}
	if (self->waiting_ms == 0)
		self->waiting_ms = now_ms;
	return redis_queue_waiting(self->queue) >= BATCH_COMMANDS || self->is_hurried ||
	       now_ms - self->waiting_ms >= BATCH_MS;
}

void redis_batch_begin(struct redis_conn *self, uint64_t now_ms)
{
	size_t count;

	if (!may_begin(self, now_ms))
		return;
	/* After a refusal one command shows whether it has passed. */
	count = redis_queue_begin(self->queue, self->backoff_ms > 0 ? 1 : REDIS_NODE_COMMANDS,
				  BATCH_BYTES);
	self->is_setback = false;
	self->waiting_ms = 0;
	if (send_ordered(self, count, now_ms) < 0 || send_others(self, count, now_ms) < 0) {
		say(self, "out of memory");
		redis_conn_lose(self, self->home, now_ms);
	} else if (redis_nodes_are_idle(&self->nodes)) {
		redis_queue_end(self->queue);
		self->retry_ms = now_ms + PAUSE_MS;
	}
}
