/* sid_tally.h: how many alert revisions were handed to the outputs, by signature.
 *
 * Written by the publisher's thread alone, read by any (relaxed atomics). */
#ifndef SENSOR_SID_TALLY_H
#define SENSOR_SID_TALLY_H

#include "sensor/signature.h"

struct sid_tally {
	uint64_t counts[SIGNATURES]; /* by place in the table of signatures */
};

/* A sid that is no signature's is not counted. */
void sid_tally_add(struct sid_tally *self, uint32_t sid);
uint64_t sid_tally_value(const struct sid_tally *self, size_t index);

#endif
