/* redis_once.h: adds a stream entry unless it is there, in one atomic step.
 *
 * What has waited in the journal may have reached Redis before the process ended. The script looks
 * for the id (XRANGE id id) and adds the entry only when it is not there. If the stream has gone on
 * to a higher id, Redis takes no lower one: the entry gets a new id, and the hash "<stream>:resent"
 * remembers under the old id that it did, for a week. However often it is sent, the entry is there
 * once. */
#ifndef SENSOR_REDIS_ONCE_H
#define SENSOR_REDIS_ONCE_H

#include "sensor/redis_args.h"
#include "sensor/redis_queue.h"

enum redis_once {
	REDIS_ONCE_TOO_OLD = -1, /* the new id, too: not added */
	REDIS_ONCE_HELD = 0,
	REDIS_ONCE_ADDED = 1,
	REDIS_ONCE_RENAMED = 2
};

/* Makes the script's command from an XADD with an explicit id, as redis_args.h writes it; ms and
 * seq: the new id, if it needs one. 0; -EBADMSG: no such XADD. It may not fit args. */
int redis_once_build(struct redis_args *args, const struct redis_entry *entry, const char *bytes,
		     uint64_t ms, uint64_t seq);

/* The same into the queue. 0; -EBADMSG; -EMSGSIZE; -ENOMEM. */
int redis_once_push(struct redis_queue *queue, const struct redis_entry *entry, const char *bytes,
		    uint64_t ms, uint64_t seq);

/* Puts a command of the batch behind all others. One that the journal holds is known there by its
 * old id: it keeps it, beside the new one. 0 or negative errno, then it is still there. */
int redis_once_requeue(struct redis_queue *queue, size_t index, uint64_t ms, uint64_t seq);

#endif
