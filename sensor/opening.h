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

#define OPENING_BYTES 8192 /* gathered of one flow at most */

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

bool opening_is_full(const struct opening_table *self, uint32_t flow);
void opening_end(struct opening_table *self, uint32_t flow);

#endif
