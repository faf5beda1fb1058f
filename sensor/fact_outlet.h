/* fact_outlet.h: one worker's end of its two rings to the correlator.
 *
 * Facts leave in order of a sequence that rises over both rings. Lossless: a full ring is waited
 * for, until the stall time-out. Live: an urgent fact that is refused waits in a backlog and is
 * offered again, in order; any other is dropped, which the caller counts. One worker's thread. */
#ifndef SENSOR_FACT_OUTLET_H
#define SENSOR_FACT_OUTLET_H

#include "sensor/correlator.h"

struct fact_outlet;

struct fact_outlet_options {
	struct fact_feed *feed;
	uint16_t worker;
	bool is_lossless;
	uint32_t stall_timeout_s;
	_Atomic bool *lost; /* set when a stall made it lose something */
	struct stats *stats;
};

/* NULL: out of memory. */
struct fact_outlet *fact_outlet_new(const struct fact_outlet_options *options);
void fact_outlet_free(struct fact_outlet *self);

/* Offers again what waits. */
void fact_outlet_retry(struct fact_outlet *self);

/* The end, live too: waits for room for what still waits, wait_ms at most. False, and lost is set,
 * when some of it is lost. */
bool fact_outlet_drain(struct fact_outlet *self, uint32_t wait_ms);

/* sequence and worker are filled in. Urgent: false when even the backlog is full. Bulk: false when
 * the fact was dropped. */
bool fact_outlet_urgent(struct fact_outlet *self, struct fact *fact);
bool fact_outlet_bulk(struct fact_outlet *self, struct fact *fact);

#endif
