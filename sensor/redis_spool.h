/* redis_spool.h: events on their way through the journal into Redis.
 *
 *	write --> journal --+-- Redis is there: at once ------------------> connection --> retired
 *	                    +-- else, or others wait: read back later ---->     ^
 *
 * An event's commands are one record (redis_record.h). Nothing of it is sent before the journal was
 * synced, and it is retired when its last command is acknowledged. What the journal cannot take
 * goes on without it, and is counted. What waits in the journal keeps its order: new events go
 * behind it. For one thread. */
#ifndef SENSOR_REDIS_SPOOL_H
#define SENSOR_REDIS_SPOOL_H

#include "sensor/redis_conn.h"
#include "sensor/redis_store.h"

#define REDIS_SPOOL_ERROR_TEXT 480

struct redis_spool_options {
	const char *state_dir;
	const char *sensor_id;
	const char *user;    /* whom a root process will become, NULL: nobody */
	uint64_t max_bytes;  /* of the journal */
	struct stats *stats; /* the publisher's */
};

struct redis_spool;

/* Opens the journal in DIR/<sensor id>; the texts are borrowed. 0 or negative errno with error
 * filled. */
int redis_spool_open(struct redis_spool **out, const struct redis_spool_options *options,
		     char error[REDIS_SPOOL_ERROR_TEXT]);

/* Acknowledgements for struct redis_conn_options. */
void redis_spool_acked(void *self, uint64_t sequence);

/* Is this event one for the journal? Alerts, session ends and campaigns are, and other session
 * events that would else overtake or find no room in memory. */
bool redis_spool_takes(const struct redis_spool *self, const struct redis_conn *conn,
		       const struct event *event);

/* 0; -EAGAIN: neither journal nor memory has room, offer it again; else it is lost. */
int redis_spool_write(struct redis_spool *self, struct redis_store *store, struct redis_conn *conn,
		      struct event_renderer *renderer, const struct event *event);

/* Before each redis_conn_poll(): syncs what was written and hands on what waits. conn may be NULL.
 */
void redis_spool_poll(struct redis_spool *self, struct redis_conn *conn);

/* Does anything wait in the journal that the connection does not have yet? */
bool redis_spool_is_waiting(const struct redis_spool *self);

/* After the connection was closed. Says how many events wait; returns those that the disk lost. */
uint64_t redis_spool_close(struct redis_spool *self);

#endif
