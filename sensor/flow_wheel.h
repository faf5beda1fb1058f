/* flow_wheel.h: the timing wheel of the flow table; private to flow.c.
 *
 * One ring of lists, a slot per tick of 2^30 ns (1.07 s). A flow waits in the slot of the first
 * tick at which something could be due; a packet does not move it, so the visitor looks whether it
 * is really due and schedules it again otherwise. A tick further away than the ring is cut to its
 * end: one more visit. The links are in the cold part, by index. */
#ifndef SENSOR_FLOW_WHEEL_H
#define SENSOR_FLOW_WHEEL_H

#include "sensor/flow.h"

#define FLOW_WHEEL_SLOTS 4096 /* a power of two */
#define FLOW_WHEEL_BATCH 32   /* flows given to the visitor at once, so that it can prefetch */
#define FLOW_TICK_SHIFT  30

struct flow_wheel {
	struct flow_cold *cold; /* borrowed; wheel_slot is FLOW_NONE outside the wheel */
	uint64_t tick;          /* slots up to this tick have been visited */
	uint32_t head[FLOW_WHEEL_SLOTS];
};

void flow_wheel_init(struct flow_wheel *self, struct flow_cold *cold, uint64_t now_ns);

/* Makes sure that the flow is visited at the first tick after due_ns; left where it is when that is
 * early enough. */
void flow_wheel_schedule(struct flow_wheel *self, uint32_t index, uint64_t due_ns);

/* No-op for a flow that is not in the wheel. */
void flow_wheel_remove(struct flow_wheel *self, uint32_t index);

/* Takes every flow that waits for a tick up to now out of the wheel and hands it to visit, which
 * may schedule it again but may not touch the others. */
void flow_wheel_advance(struct flow_wheel *self, uint64_t now_ns,
			void (*visit)(void *ctx, const uint32_t *indexes, size_t count), void *ctx);

#endif
