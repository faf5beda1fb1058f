/* aside.h: what one side said behind strange words, until it is known whether it means it.
 *
 * A hole in a carrier's opening or in a message leaves words that nobody knows. What follows may be
 * a quotation, and does not count; it may also be the conversation itself. So it is kept, a few
 * messages of one block, and heard once the side is believed. */
#ifndef SENSOR_ASIDE_H
#define SENSOR_ASIDE_H

#include "protocols/slice.h"
#include "sensor/blocks.h"

#define ASIDE_ASKED 4

/* A request whose reply would tell that the other side takes part. */
struct aside_request {
	uint64_t id; /* hash; 0: none */
	uint64_t said_ns;
};

/* One side's: the beginning of a small block. NULL is "nothing kept", as it is for nearly all. */
struct aside {
	uint16_t len; /* of bytes */
	/* Of the messages that follow another one: */
	uint8_t roles; /* bit per enum sender as whom they certainly speak */
	uint8_t asked_next;
	struct aside_request asked[ASIDE_ASKED]; /* ring */
	uint8_t bytes[];
};

/* One message that was kept. */
struct aside_message {
	uint64_t said_ns;
	uint8_t framer;
	bool is_cut;
	struct slice bytes;
};

/* False: no room, it is not kept. */
bool aside_keep(struct aside **self, struct blocks *blocks, const struct aside_message *message);

/* The message at *at, which goes on to the next one; *at begins at 0. False: no more. Its bytes are
 * valid until the next call of aside_keep() or aside_drop(). */
bool aside_next(const struct aside *self, size_t *at, struct aside_message *message);

/* Remembers a request that was kept. */
void aside_ask(struct aside *self, uint64_t id, uint64_t said_ns);

/* Back to NULL. */
void aside_drop(struct aside **self, struct blocks *blocks);

#endif
