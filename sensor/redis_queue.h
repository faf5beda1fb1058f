/* redis_queue.h: commands on their way to Redis, kept until they are acknowledged.
 *
 *	| the batch: on its way, or done | waiting |
 *	^ head                           ^ edge    ^ tail
 *
 * The oldest commands go as one batch. When it is over, those that are done leave, and the others
 * wait again in their old places, so order holds whatever was refused. Bounded in bytes. For one
 * thread. */
#ifndef SENSOR_REDIS_QUEUE_H
#define SENSOR_REDIS_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a command's reply must be. */
enum redis_expect {
	REDIS_EXPECT_ID,      /* XADD: the entry's id */
	REDIS_EXPECT_INTEGER, /* HSET, EXPIRE, ZADD, SADD, EVAL */
	REDIS_EXPECT_STATUS,  /* SET */
	REDIS_EXPECT_OWNER,   /* the script that keeps the ownership */
	REDIS_EXPECT_ONCE,    /* the script that adds an entry unless it is there, redis_once.h */
	REDIS_EXPECT_MIRROR   /* RPUSH, LTRIM, PUBLISH: no event is lost when Redis refuses it */
};

struct redis_entry {
	uint64_t sequence; /* of the event in the journal, 0: only this memory holds it */
	size_t at;         /* the queue's own */
	uint32_t len;
	uint32_t id_at; /* of the stream id's bulk form from the command's beginning, 0: none */
	uint8_t id_len;
	uint8_t expect;  /* enum redis_expect */
	bool was_sent;   /* on a connection that is gone: Redis may have run it */
	bool ends_event; /* the last command of one event */
	bool is_bulk;    /* an event by itself that may be dropped to make room */
	bool is_spoiled; /* a command of the event that it ends was refused for good */
	bool is_done;    /* the queue's own */
	uint8_t asked;   /* number of the node that Redis named for this once, 0: none */
};

struct redis_queue;

struct redis_queue *redis_queue_new(size_t max_bytes);
void redis_queue_free(struct redis_queue *self);

/* Room for commands of together so many bytes? */
bool redis_queue_has_room(const struct redis_queue *self, size_t bytes);

/* 0 or -ENOMEM. entry->len bytes are copied. */
int redis_queue_push(struct redis_queue *self, const struct redis_entry *entry, const char *bytes);

/* Makes the oldest commands the batch: at least one if there is any, and no more than count, nor
 * than bytes hold. There must be none. Returns how many. */
size_t redis_queue_begin(struct redis_queue *self, size_t count, size_t bytes);
/* What is done leaves, all else waits again. */
void redis_queue_end(struct redis_queue *self);
size_t redis_queue_batch(const struct redis_queue *self); /* commands of it, done ones too */

/* A command by its place, oldest first. Both are valid until the next push. */
struct redis_entry *redis_queue_entry(const struct redis_queue *self, size_t index);
const char *redis_queue_bytes(const struct redis_queue *self, size_t index);

/* A command of the batch was acknowledged, or refused for good. */
void redis_queue_done(struct redis_queue *self, size_t index);
/* One of the batch goes behind all others instead, as new, with another stream id if it has one. 0
 * or -ENOMEM (then it is still there). */
int redis_queue_requeue(struct redis_queue *self, size_t index, uint64_t ms, uint64_t seq);

/* Takes out the oldest bulk commands that were never sent, until bytes are free again or there is
 * none. Returns how many. */
size_t redis_queue_drop_bulk(struct redis_queue *self, size_t bytes);
/* The oldest command of a queue without batch. */
void redis_queue_drop(struct redis_queue *self);

/* Copies for another time: adds all commands of another queue without batch, in their order. 0 or
 * -ENOMEM, then some were added. */
int redis_queue_add_all(struct redis_queue *self, const struct redis_queue *other);

size_t redis_queue_size(const struct redis_queue *self);    /* bytes of all commands */
size_t redis_queue_waiting(const struct redis_queue *self); /* commands behind the batch */
size_t redis_queue_count(const struct redis_queue *self);   /* all that are not done */
/* Events whose last command is still here, without those that a journal holds. */
uint64_t redis_queue_events(const struct redis_queue *self);

#endif
