/* redis_conn_inner.h: what the files of the connection share, and nobody else includes.
 *
 *	redis_conn.c	opening and closing, greetings, what is queued
 *	redis_batch.c	batches: what is sent to whom, and what the replies mean
 *	redis_cluster.c	the servers of a cluster
 */
#ifndef SENSOR_REDIS_CONN_INNER_H
#define SENSOR_REDIS_CONN_INNER_H

#include <stdio.h>

#include "sensor/redis_conn.h"
#include "sensor/redis_greeting.h"
#include "sensor/redis_nodes.h"
#include "sensor/redis_pace.h"

struct redisReply; /* of hiredis, which only the .c files include */

struct redis_conn {
	struct redis_conn_options options;
	struct redis_nodes nodes;
	struct redis_queue *queue;
	struct redis_queue *kept; /* acknowledged lately; NULL: without Sentinels or cluster */
	struct redis_greeting greeting;
	struct redis_greeting door_greeting;
	struct redis_greeting guest_greeting;
	size_t home; /* number of the node that has our streams; 0 without a cluster */
	bool is_cluster;
	bool is_map_due;         /* nothing is sent before it was read */
	bool is_recall_due;      /* a failover may have lost what was acknowledged */
	struct redis_place hint; /* who is asked for the map first; host "": anybody */
	uint64_t apart_ms;       /* until then a transaction is of one stream: their slot moves */
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
	bool has_failed;             /* no connection at least once */
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

/* Of redis_conn.c */
void redis_conn_wait_longer(struct redis_conn *self, uint64_t now_ms);
/* Forgets the connection to a node; what has no reply waits again. */
void redis_conn_lose(struct redis_conn *self, size_t number, uint64_t now_ms);
void redis_conn_fail(struct redis_conn *self, int error);
void redis_conn_give_up(struct redis_conn *self, const char *why);
void redis_conn_lose_ownership(struct redis_conn *self, const struct redisReply *reply);
void redis_conn_recall(struct redis_conn *self);
void redis_conn_next_id(struct redis_conn *self);

/* Of redis_batch.c */
void redis_batch_take(struct redis_conn *self, size_t number, const struct redis_answer *answer,
		      uint64_t now_ms);
void redis_batch_end(struct redis_conn *self, uint64_t now_ms);
void redis_batch_begin(struct redis_conn *self, uint64_t now_ms);

/* Of redis_cluster.c */
/* Someone says that a slot is elsewhere. */
void redis_cluster_take_moved(struct redis_conn *self, size_t number, const char *text,
			      uint64_t now_ms);
void redis_cluster_take_ask(struct redis_conn *self, size_t number, struct redis_entry *entry,
			    const char *text, uint64_t now_ms);
/* Commands are not for this node any more only because Redis named it once. */
void redis_cluster_forget_ask(struct redis_conn *self, size_t number);
void redis_cluster_take_map(struct redis_conn *self, const struct redisReply *reply,
			    uint64_t now_ms);
/* Asks for the map when it is due, connects to who has our streams. */
void redis_cluster_care(struct redis_conn *self, uint64_t now_ms);
/* The number of the node that takes a command now; false: none does yet. */
bool redis_cluster_route(struct redis_conn *self, size_t index, size_t *number, uint64_t now_ms);

#endif
