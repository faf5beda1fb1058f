/* redis_queue.h: commands on their way to Redis, kept until they are acknowledged.
 *
 *	| acknowledged | released (given to the socket) | waiting |
 *	               ^ head          ^ sent           ^ release ^ tail
 *
 * Nothing leaves before its reply; after a lost connection all that was released is sent again.
 * Bounded in bytes. For one thread. */
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
	uint32_t len;
	uint32_t id_at; /* of the stream id's bulk form from the command's beginning, 0: none */
	uint8_t id_len;
	uint8_t expect;  /* enum redis_expect */
	bool was_sent;   /* on a connection that is gone: Redis may have run it */
	bool ends_event; /* the last command of one event */
	bool is_bulk;    /* an event by itself that may be dropped to make room */
};

struct redis_queue;

struct redis_queue *redis_queue_new(size_t max_bytes);
void redis_queue_free(struct redis_queue *self);

/* Room for commands of together so many bytes? */
bool redis_queue_has_room(const struct redis_queue *self, size_t bytes);

/* 0 or -ENOMEM. entry->len bytes are copied. */
int redis_queue_push(struct redis_queue *self, const struct redis_entry *entry, const char *bytes);

/* Lets up to count more commands go to the socket. */
void redis_queue_release(struct redis_queue *self, size_t count);
/* Released bytes that were not sent yet; redis_queue_sent() says how many of them went. */
const char *redis_queue_to_send(const struct redis_queue *self, size_t *len);
void redis_queue_sent(struct redis_queue *self, size_t len);

/* The oldest command, whose reply comes next; NULL: none was wholly sent. */
struct redis_entry *redis_queue_first(struct redis_queue *self);
void redis_queue_pop(struct redis_queue *self);
/* Puts the oldest released command behind all others instead, as new, with another stream id if it
 * has one. 0 or -ENOMEM (then it is still there). */
int redis_queue_requeue(struct redis_queue *self, uint64_t ms, uint64_t seq);

/* Takes out the oldest bulk commands that were never released, until bytes are free again or there
 * is none. Returns how many. */
size_t redis_queue_drop_bulk(struct redis_queue *self, size_t bytes);

/* Copies for another time: adds all commands of another queue, in their order. 0 or -ENOMEM, then
 * some were added. */
int redis_queue_add_all(struct redis_queue *self, const struct redis_queue *other);
/* The oldest command's bytes, and how to drop it when none was released. */
const char *redis_queue_first_bytes(const struct redis_queue *self);
void redis_queue_drop(struct redis_queue *self);
size_t redis_queue_size(const struct redis_queue *self); /* bytes of all commands */

/* The connection is gone: what was released waits again and is marked. */
void redis_queue_rewind(struct redis_queue *self);

size_t redis_queue_released(const struct redis_queue *self);
size_t redis_queue_waiting(const struct redis_queue *self); /* commands not yet released */
size_t redis_queue_count(const struct redis_queue *self);
/* Events whose last command is still here, without those that a journal holds. */
uint64_t redis_queue_events(const struct redis_queue *self);

#endif
