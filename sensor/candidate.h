/* candidate.h: which packets of an undecided flow are worth an inspection.
 *
 * The few bytes a flow's hot line has for it: how much payload was looked at, where the next data
 * of a direction begins, and what kind of text came before. No allocation, no state of its own. */
#ifndef SENSOR_CANDIDATE_H
#define SENSOR_CANDIDATE_H

#include "protocols/preface.h"
#include "sensor/flow.h"
#include "sensor/opening.h"

/* One payload packet of a flow that is not under inspection: true when a message could begin in it,
 * or when it is the first of its direction and the real beginning is still to come. */
bool candidate_look(struct flow *flow, enum direction dir, const struct packet *packet);

/* Where a flow's messages are kept that began and do not tell yet, each direction under its own
 * number. */
struct candidate_kept {
	struct opening_table *table;
	uint32_t index; /* of the flow */
};

#define CANDIDATE_GIVEN_UP 1u /* flow.late: it was read as a carrier's, and held nothing */

/* One payload packet of such a flow: true when it speaks of mining, or goes on with a message that
 * began before and does: candidate_part() has that then. */
bool candidate_look_again(struct flow *flow, enum direction dir, const struct packet *packet,
			  const struct candidate_kept *kept);

/* The part of that number of the message that is worth an inspection, as far as it is there, in
 * order and with holes between them, and where it begins; empty behind the last one. */
struct slice candidate_part(const struct flow *flow, enum direction dir,
			    const struct candidate_kept *kept, size_t number, uint32_t *seq);

/* Keeps nothing of the flow any more: it ends, or is taken under inspection. */
void candidate_drop_parts(struct flow *flow, const struct candidate_kept *kept);

/* What each direction said so far, for inspect_new(). */
void candidate_before(const struct flow *flow, struct preface before[2]);

/* Both directions are seen, and were from their SYN on. */
bool candidate_is_seen(const struct flow *flow);

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

/* How many bytes of the packet's payload were seen before what is new in it, and hold no beginning
 * of a message. */
size_t candidate_repeats(const struct flow *flow, enum direction dir, const struct packet *packet);

/* Payload of that direction was seen. */
bool candidate_is_heard(const struct flow *flow, enum direction dir);

/* True and *seq when the direction's next sequence number is known. */
bool candidate_next_seq(const struct flow *flow, enum direction dir, uint32_t *seq);

#endif
