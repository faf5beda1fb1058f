/* fact_merge.h: the facts of all workers in one order, by (packet time, worker, sequence).
 *
 * One worker's facts are in order over both of its rings, and a push to one ring is seen before a
 * later push to the other: looking at a second ring after the first has shown an entry therefore
 * finds everything older. So a feed's next fact is known as soon as it has any. Between feeds, the
 * earliest (time, worker) goes first, once no feed without a fact can still bring an earlier one:
 * that is what its watermark says. Correlator's thread. */
#ifndef SENSOR_FACT_MERGE_H
#define SENSOR_FACT_MERGE_H

#include <stdatomic.h>

#include "sensor/fact.h"
#include "sensor/ring.h"

/* One worker's way to the correlator. watermark_ns: all facts before this packet time have been
 * pushed (release store by the worker; UINT64_MAX at its end). */
struct fact_feed {
	struct ring *urgent;
	struct ring *bulk;
	struct ring_bell *bell; /* the correlator's */
	_Atomic uint64_t watermark_ns;
};

struct fact_merge;

/* feeds are borrowed, in order of workers. NULL: out of memory. */
struct fact_merge *fact_merge_new(struct fact_feed *feeds, size_t count);
void fact_merge_free(struct fact_merge *self);

/* Looks at feeds that had no fact. Facts before past_ns need no watermark: live, nobody waits long
 * for a worker that has nothing to say, or is behind; 0: however long it takes. */
void fact_merge_look(struct fact_merge *self, uint64_t past_ns);

/* The fact whose turn it is, in place on its ring; NULL: none can be released yet. */
const struct fact *fact_merge_next(struct fact_merge *self);

/* Takes what fact_merge_next() has just returned off its ring. */
void fact_merge_pop(struct fact_merge *self);

/* Every fact before this time has been taken. UINT64_MAX: all feeds ended and nothing is left. */
uint64_t fact_merge_floor(const struct fact_merge *self);

bool fact_merge_is_at_end(const struct fact_merge *self);
/* Some feed has a fact that may not be released yet. */
bool fact_merge_is_waiting(const struct fact_merge *self);

#endif
