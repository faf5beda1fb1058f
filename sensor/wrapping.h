/* wrapping.h: the carriers that lie around what a flow says, outermost first.
 *
 *   bytes of one side -> carrier -> carrier -> conversation
 *
 * Each side finds its way by itself: one may be inside a tunnel while the other still negotiates.
 * A carrier is recognised where a side begins, or begins anew inside another carrier; once a side
 * was given to the conversation as it is, only a stream that was picked up late or has lost bytes
 * is asked again. Flat; memory for states and inflaters comes from the worker's pools. */
#ifndef SENSOR_WRAPPING_H
#define SENSOR_WRAPPING_H

#include "sensor/conversation.h"
#include "sensor/inflate.h"

#define WRAPPING_DEPTH 4

struct wrapping_layer {
	const struct carrier *carrier;
	uint8_t *state; /* a small block */
	struct inflater *inflaters[2];
	bool is_through[2]; /* the carrier is done on that side */
	bool is_lost[2];    /* bytes are missing: waits for a beginning */
	bool is_open[2];    /* inside a message that the conversation knows of */
	bool is_coded[2];   /* ... and is being inflated */
	bool is_skipped[2]; /* ... and whose rest cannot be inflated, or is nothing for us */
	bool is_judged[2];  /* ... and what it begins with was seen */
};

struct wrapping_side {
	uint8_t probe[CARRIER_PROBE_MAX]; /* first bytes, while some carrier may want them */
	uint8_t probe_len;
	uint8_t plain_level; /* layers that lie around what is read as it is */
	bool is_plain;       /* decided: no further carrier */
	bool may_resume;     /* began in the middle, or lost bytes: a carrier may begin later */
};

struct wrapping {
	struct conversation *conversation;
	struct inflate_pool *inflates;
	struct wrapping_layer layers[WRAPPING_DEPTH];
	uint8_t depth;
	struct wrapping_side sides[2];
};

/* before: what each side said until now. */
void wrapping_begin(struct wrapping *self, struct conversation *conversation,
		    struct inflate_pool *inflates, const struct preface before[2]);

/* Gives back what was taken from the pools. */
void wrapping_end(struct wrapping *self);

/* The next bytes of a side, in order. */
void wrapping_bytes(struct wrapping *self, unsigned side, struct slice bytes);

/* Bytes of a side are missing, sent before until_ns. */
void wrapping_gap(struct wrapping *self, unsigned side, uint64_t until_ns);

/* No more bytes will come of a side. */
void wrapping_cut(struct wrapping *self, unsigned side);

/* What a client said in clear inside the other carriers, NULL: nothing. Valid until the next call.
 */
const struct tls_hello *wrapping_hello(const struct wrapping *self);

/* True when the side is read by a carrier now. */
bool wrapping_is_inside(const struct wrapping *self, unsigned side);

#endif
