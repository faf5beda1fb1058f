/* preface.h: may a message begin here, or is it only quoted?
 *
 * A chat, a database row, a log line and a web page may all hold a perfect login line. What gives
 * them away is what stands before it. A miner's message begins its direction, or follows another
 * message; before the first one a front end may put one line of text (a PROXY header, a banner), a
 * byte order mark, blanks and NULs. In a stream that was picked up in its middle the rest of a
 * message comes first, and ends with its bracket. All else is somebody else's protocol. */
#ifndef PROTOCOLS_PREFACE_H
#define PROTOCOLS_PREFACE_H

#include "protocols/slice.h"

/* What was skipped since the last message; flat, zeroed is "nothing, in the middle". */
struct preface {
	uint32_t bytes;  /* saturating */
	uint32_t number; /* the last one that stands alone at the end of a line; saturating */
	uint8_t digits;  /* of it, saturating */
	uint8_t lines;   /* that held something, saturating; the one being read does not count */
	uint8_t last;    /* last byte that is no blank; 0: none */
	uint8_t before;  /* the one before it */
	bool is_start;   /* nothing but this came before in its direction */
	bool is_binary;  /* control bytes that no text has */
	bool has_text;   /* the line being read holds something */
	bool is_digit;   /* the byte before was of a number */
	bool is_packed;  /* it was packed: of the number no more than the digits are known */
};

enum preface_verdict {
	PREFACE_CLEAN,  /* a message may begin here */
	PREFACE_INSIDE, /* inside a message whose beginning was not seen: skip what follows */
	PREFACE_FOREIGN /* somebody else's words: what follows is quoted */
};

void preface_begin(struct preface *self, bool is_start);

/* Nothing but blanks and padding was skipped. */
bool preface_is_blank(const struct preface *self);

/* Bytes that were skipped, in order, in pieces of any size. */
void preface_feed(struct preface *self, struct slice skipped);

enum preface_verdict preface_judge(const struct preface *self);

/* What stands before is a line that ends with the length of the message: memcached, NATS, Redis and
 * other queues and stores hand over a value so, perhaps with the end of its own line. Of a message
 * that was cut, len is what is left of it. */
bool preface_announces(const struct preface *self, size_t len, bool is_cut);

/* One byte that holds what the verdict needs, for tables of many flows; 0 is a start of which
 * nothing was skipped. Bytes are lost in it, and of the number all but how many digits it has; in
 * the middle those, too. */
uint8_t preface_pack(const struct preface *self);

/* True when no more skipped bytes can change a packed verdict. */
bool preface_is_final(uint8_t packed);
struct preface preface_unpack(uint8_t packed);

#endif
