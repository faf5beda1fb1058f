/* redis_conn.h: one pipelined connection to Redis that never waits and forgets nothing.
 *
 * Commands are kept until their reply. A lost or silent connection is opened again with back-off
 * and jitter; what was not acknowledged is sent again, stream entries with their old ids, so that
 * an entry that had been stored is not stored twice. An entry that Redis refuses for a reason that
 * passes (full, loading) is sent again with a new id; one that a replica refuses makes us look for
 * the master again.
 *
 * With Sentinels what was acknowledged lately is kept, too, and sent again on a new connection: a
 * replica that became the master may not have got it. What it has got it refuses by its id.
 *
 * Each connection begins with the same greeting: AUTH, ROLE (with Sentinels), SELECT, the
 * ownership, and the last id of every stream that is written. For one thread. */
#ifndef SENSOR_REDIS_CONN_H
#define SENSOR_REDIS_CONN_H

#include <poll.h>

#include "sensor/redis_args.h"
#include "sensor/redis_queue.h"
#include "sensor/redis_record.h"
#include "sensor/redis_tls.h"
#include "sensor/stats.h"

#define REDIS_CONN_ERROR_TEXT 320
#define REDIS_CONN_STREAMS    4

struct redis_conn_options {
	const struct redis_url *url;
	const struct redis_tls *tls; /* NULL: plain */
	size_t queue_bytes;
	uint32_t connect_timeout_ms; /* of redis_conn_open() as a whole */
	uint32_t reply_timeout_ms;   /* a connection silent for longer is given up */
	const char *owner_key;       /* belongs to one writer; texts are borrowed */
	const char *owner;           /* who we are */
	uint32_t owner_ttl_ms;
	const char *streams[REDIS_CONN_STREAMS]; /* keys whose ids we give; NULL: none */
	struct stats *stats;
	/* Opening does not fail because Redis cannot be reached now. */
	bool is_patient;
	/* A command of the event with this sequence in the journal is done; NULL: nobody asks. */
	void (*acked)(void *ctx, uint64_t sequence);
	void *acked_ctx;
};

struct redis_conn;

/* Connects and greets. 0 or negative errno with error filled: -EBUSY when someone else owns the
 * key, -EACCES when Redis refuses the credentials or rights. */
int redis_conn_open(struct redis_conn **out, const struct redis_conn_options *options,
		    char error[REDIS_CONN_ERROR_TEXT]);

/* Room for one more event's commands, leaving reserve bytes for others. */
bool redis_conn_has_room(const struct redis_conn *self, size_t bytes);

/* Gives a stream entry its id: rising, wall clock. */
void redis_conn_id(struct redis_conn *self, struct redis_args *args);

/* Queues a command. 0; -EMSGSIZE when it did not fit its buffer; -ENOMEM. ends_event: the last
 * command of an event: with its reply the event is delivered. */
int redis_conn_push(struct redis_conn *self, struct redis_args *args, enum redis_expect expect,
		    bool ends_event);

/* The same for an entry that is an event by itself and may be dropped. */
int redis_conn_push_bulk(struct redis_conn *self, struct redis_args *args);
/* Drops the oldest of these that were never sent, to free so many bytes. Returns how many. */
size_t redis_conn_drop(struct redis_conn *self, size_t bytes);

/* From now on redis_conn_push() puts commands into the record instead; NULL: into the queue. */
void redis_conn_collect(struct redis_conn *self, struct redis_record *record);

/* Queues a command of a record. sequence: of its event in the journal, 0: in none. is_again: it has
 * waited in the journal, so a stream entry may be there already, or need another id. 0 or negative
 * errno. */
int redis_conn_push_recorded(struct redis_conn *self, const struct redis_entry *entry,
			     const char *bytes, uint64_t sequence, bool is_again);

/* Was there a connection at all? Before, the last ids of the streams are not known. */
bool redis_conn_has_greeted(const struct redis_conn *self);

/* Commands ever queued, and those of them without reply. */
uint64_t redis_conn_pushed(const struct redis_conn *self);
size_t redis_conn_held(const struct redis_conn *self);

/* Moves I/O along. 0: nothing is held; -EAGAIN: something is; else the error is final and
 * redis_conn_error() says why. */
int redis_conn_poll(struct redis_conn *self, uint64_t now_ms, struct pollfd *want);
const char *redis_conn_error(const struct redis_conn *self);

/* From now on commands go at once instead of in batches. */
void redis_conn_hasten(struct redis_conn *self);

/* Sends all until deadline_ms, gives up the ownership and frees. Returns the events lost: those
 * without acknowledgement that no journal holds, and those that Redis refused for good. */
uint64_t redis_conn_close(struct redis_conn *self, uint64_t deadline_ms);

#endif
