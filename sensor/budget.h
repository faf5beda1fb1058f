/* budget.h: whether there is time left for what may be left out: nDPI on new flows.
 *
 * A bucket fills with a share of the clock's time and is emptied by what the work took; empty, it
 * is shut until it is half full again, so that under steady load as much is done as the share
 * allows. Losses ahead of the worker shut it for some seconds, longer each time they come back.
 * Work is measured by sample: no system call for most of it. Owned by one thread. */
#ifndef SENSOR_BUDGET_H
#define SENSOR_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_SAMPLE 61 /* one in so many is measured; prime, so that no pattern hides from it */

/* Nanoseconds; tests bring their own. */
struct budget_clocks {
	uint64_t (*now)(void); /* of the clock on the wall, from any beginning */
	uint64_t (*cpu)(void); /* of this thread */
};

struct budget {
	struct budget_clocks clocks;
	uint32_t percent; /* of one core; 100: no limit */
	bool is_shut;
	uint32_t works; /* so far, for the sample */
	uint32_t asks;
	int64_t credit_ns;
	uint64_t filled_ns; /* when credit was last added */
	uint64_t spent_ns;  /* all that the work took, by the sample */
	uint64_t lost;      /* as told last */
	uint64_t hold_ns;
	uint64_t held_ns; /* shut until then: something was lost */
};

/* clocks NULL: the system's. */
void budget_init(struct budget *self, uint32_t percent, const struct budget_clocks *clocks);

/* Around each piece of work; begin's value goes to end. */
uint64_t budget_begin(struct budget *self);
void budget_end(struct budget *self, uint64_t begun);

/* How much was lost ahead of us so far: it shuts when that rises. */
void budget_lost(struct budget *self, uint64_t lost);

/* May more work be taken on? */
bool budget_allows(struct budget *self);

#endif
