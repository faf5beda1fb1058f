/* watch.h: flows under inspection; for worker.c only.
 *
 *	watch_begin() -> watch_follow(), watch_settle() after whatever may have moved it, and at
 *	                 every tick that is due -> watch_drop()
 */
#ifndef SENSOR_WATCH_H
#define SENSOR_WATCH_H

#include "sensor/worker_facts.h"

/* Takes the flow under inspection because of this packet. NULL: not again, no memory, or the pool
 * is full of sessions (counted). */
struct watch *watch_begin(struct worker *self, uint32_t index, enum direction dir,
			  const struct packet *packet);

/* Ends the inspection; what is known of the session is gone. */
void watch_drop(struct worker *self, struct watch *watch);

/* Keeps what the client says first. */
void watch_hear(struct watch *watch, const struct packet *packet);

/* After anything that may have moved the session: roles, opening, reports, giving up. It may be
 * dropped: then its inspect is NULL. */
void watch_follow(struct worker *self, struct watch *watch);

/* Says when a tick has something to do for it, when it is still there. */
void watch_settle(struct worker *self, const struct watch *watch);

/* Drops it when its connection has ended without a session. */
void watch_close(struct worker *self, struct watch *watch);

void watch_tick(struct worker *self, struct watch *watch, uint64_t now_ns);

#endif
