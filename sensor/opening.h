/* opening.h: the first bytes that one side of a TCP flow sends, put together from its segments.
 *
 * For readers that want a ClientHello or the head of a request and nothing more. Segments may come
 * in any order, twice, overlapping; what was sent first at a place counts. A fixed number of flows
 * at a time; a full table gives up what was begun longest ago. Owned by one worker. */
#ifndef SENSOR_OPENING_H
#define SENSOR_OPENING_H

#include <stdbool.h>

#include "protocols/slice.h"
#include "sensor/stats.h"

#define OPENING_BYTES      8192 /* gathered of one flow at most */
#define OPENING_PATIENCE_S 60   /* packet time; servers wait no longer */

struct opening_table;

/* NULL: out of memory. Memory: slots * OPENING_BYTES. */
struct opening_table *opening_table_new(size_t slots, struct stats *stats);
void opening_table_free(struct opening_table *self);

/* flow: its index. seq: sequence number of the stream's first byte. */
void opening_begin(struct opening_table *self, uint32_t flow, uint32_t seq, uint64_t time_ns);

/* Adds a segment. Returns what there is from the first byte on without a hole: valid until the next
 * call; empty when the flow is not (or no longer) gathered. */
struct slice opening_add(struct opening_table *self, uint32_t flow, uint32_t seq,
			 struct slice payload);

/* The same without adding. */
struct slice opening_bytes(const struct opening_table *self, uint32_t flow);

/* The part of that number of all that is there, in order and with holes between them, and where it
 * begins; empty behind the last one. */
struct slice opening_part(const struct opening_table *self, uint32_t flow, size_t number,
			  uint32_t *seq);

/* The first len bytes of what there is have been read: the stream begins behind them from now on.
 * True when nothing is gathered any more. */
bool opening_skip(struct opening_table *self, uint32_t flow, size_t len, uint64_t time_ns);

/* No more is to come: full, given up, or begun OPENING_PATIENCE_S ago, as with a hole for ever. */
bool opening_is_over(const struct opening_table *self, uint32_t flow, uint64_t time_ns);
void opening_end(struct opening_table *self, uint32_t flow);

#endif
