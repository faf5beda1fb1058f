/* redis_kept.h: what Redis acknowledged lately, in case a failover takes it back.
 *
 * Replication is asynchronous: a replica that becomes the master may lack what the old one had
 * acknowledged. All that is kept is sent again then; stream entries that are there are refused by
 * their ids, other commands set what they had set. Bounded in bytes. For one thread. */
#ifndef SENSOR_REDIS_KEPT_H
#define SENSOR_REDIS_KEPT_H

#include "sensor/redis_queue.h"

#define REDIS_KEPT_BYTES ((size_t)16 << 20)

/* Keeps a copy of a command that may be sent twice; the oldest ones make room. */
void redis_kept_add(struct redis_queue *kept, const struct redis_entry *entry, const char *bytes);

/* Puts all that is kept before what *queue holds, which has no batch, and keeps
 * nothing. 0, or -ENOMEM: what was kept is forgotten, or stays kept. */
int redis_kept_recall(struct redis_queue **kept, struct redis_queue **queue, size_t max_bytes);

#endif
