/* candidate.h: which packets of an undecided flow are worth an inspection.
 *
 * The few bytes a flow's hot line has for it: how much payload was looked at, where the next data
 * of a direction begins, and what kind of text came before. No allocation, no state of its own. */
#ifndef SENSOR_CANDIDATE_H
#define SENSOR_CANDIDATE_H

#include "protocols/preface.h"
#include "sensor/flow.h"

/* One payload packet of a flow that is not under inspection: true when a message could begin in it,
 * or when it is the first of its direction and the real beginning is still to come. */
bool candidate_look(struct flow *flow, enum direction dir, const struct packet *packet);

/* What each direction said so far, for inspect_new(). */
void candidate_before(const struct flow *flow, struct preface before[2]);

/* Counts an inspection of the flow; false when it had its share of them. Then only one packet in
 * many is worth another: whoever sends nonsense first must not be rid of us for good. */
bool candidate_may_begin(struct flow *flow);

/* The flow speaks another protocol: no inspection any more. */
void candidate_end(struct flow *flow);

/* The flow was given up: what its directions say next follows nothing in particular. */
void candidate_forget(struct flow *flow);

/* That direction was read as a carrier's, and held nothing: what looks like a message in it is part
 * of a page or a file. */
void candidate_shut(struct flow *flow, enum direction dir);

/* Moves the next expected sequence number; for every TCP packet, after it was looked at. */
void candidate_advance(struct flow *flow, enum direction dir, const struct packet *packet);

/* True and *seq when the direction's next sequence number is known. */
bool candidate_next_seq(const struct flow *flow, enum direction dir, uint32_t *seq);

#endif
