/* outbox.h: the correlator's way out: decisions into the publisher's two rings.
 *
 * Lossless: waits for room, until the stall time-out says that nobody reads any more. Live: an
 * urgent decision that does not fit waits in a bounded queue of its own and keeps its place; a bulk
 * one is dropped and counted. One thread. */
#ifndef SENSOR_OUTBOX_H
#define SENSOR_OUTBOX_H

#include <stdbool.h>

#include "sensor/decision.h"
#include "sensor/ring.h"
#include "sensor/stats.h"

#define OUTBOX_QUEUE_MAX 8192 /* urgent decisions that wait for room, live */

struct outbox_item;

struct outbox {
	struct ring *urgent;
	struct ring *bulk;
	struct stats *stats;
	bool is_lossless;
	bool is_stalled; /* lossless: something was lost, and all that follows is */
	uint32_t stall_timeout_s;
	struct outbox_item *first;
	struct outbox_item *last;
	size_t count;
};

void outbox_send_urgent(struct outbox *self, const struct decision *decision);
void outbox_send_bulk(struct outbox *self, const struct decision *decision);

/* Offers what waits again; true when some of it went. */
bool outbox_retry(struct outbox *self);

/* Waits for room for what waits, live until LIMIT_SHUTDOWN_S, and closes both rings. */
void outbox_close(struct outbox *self);

/* Frees what still waits. */
void outbox_fini(struct outbox *self);

#endif
