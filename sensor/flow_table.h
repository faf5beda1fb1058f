/* flow_table.h: what the files of the flow table share; private to flow*.c.
 *
 * flow_table.c makes the table, flow.c follows packets, flow_end.c ends flows. */
#ifndef SENSOR_FLOW_TABLE_H
#define SENSOR_FLOW_TABLE_H

#include "sensor/flow.h"
#include "sensor/flow_index.h"
#include "sensor/flow_wheel.h"

/* The wheel marks a flow this long before its active time-out may apply, and its marks are complete
 * for this long after it has run. The difference covers the wheel's own coarseness. */
#define FLOW_ACTIVE_MARGIN_NS (UINT64_C(8) << FLOW_TICK_SHIFT)
#define FLOW_ACTIVE_TRUST_NS  (UINT64_C(4) << FLOW_TICK_SHIFT)

struct flow_table {
	struct flow_index index;
	struct flow *hot;
	struct flow_cold *cold;
	uint64_t timeout_ns[FLOW_TCP_CLOSED + 1]; /* by enum flow_tcp_state */
	uint64_t visit_ns;                        /* longest time without a visit of the wheel */
	uint64_t active_ns;                       /* 0: never */
	uint64_t trusted_ns;                      /* the wheel has marked what is due up to then */
	struct flow_hash hash;
	struct flow_hooks hooks;
	struct stats *stats;
	size_t capacity;
	size_t count;
	uint32_t fresh;  /* slots from here on were never used */
	uint32_t freed;  /* last freed slot; linked by wheel_next */
	uint32_t hand;   /* where the next victim is looked for */
	size_t spared;   /* mining flows passed by the hand since it saw another */
	uint64_t now_ns; /* of the last flow_advance() */
	bool is_started; /* the wheel knows what time it is */
	void *map;
	size_t map_size;
	struct flow_wheel wheel;
};

/* Forgets all flows, and that the wheel ever ran. */
void flow_table_clear(struct flow_table *self);

/* The wheel looks at the flow when its time-out or its mark is due, or earlier. */
void flow_table_schedule(struct flow_table *self, uint32_t index, bool is_due);

/* Moves the hot counters into the cold part. */
void flow_table_spill(struct flow_table *self, uint32_t index);

/* Completes the record and reports it; the flow stays in the table. */
void flow_table_finish(struct flow_table *self, uint32_t index, enum flow_end reason);

/* Why a flow that has been silent for its time-out ends. */
enum flow_end flow_table_silence(const struct flow *flow);

/* Ends a flow of a full table, whose slot is then the only free one. False: nothing to evict. */
bool flow_table_evict(struct flow_table *self);

static inline void flow_table_prefetch(const struct flow_table *self, uint32_t index)
{
	const uint8_t *cold = (const uint8_t *)&self->cold[index];

	__builtin_prefetch(&self->hot[index], 1);
	__builtin_prefetch(cold, 1);
	__builtin_prefetch(cold + 64, 1);
	__builtin_prefetch(cold + sizeof(struct flow_cold) - 1, 1);
}

#endif
