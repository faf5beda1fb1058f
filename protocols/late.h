/* late.h: what mining begins with on a connection of HTTP or WebSocket that was given up.
 *
 * Connections are kept alive: a hundred other calls may come before the first for work, and whoever
 * speaks nonsense first must not be rid of us. Nothing here proves anything; it tells which
 * messages are worth an inspection again. RFC 9112, RFC 6455. */
#ifndef PROTOCOLS_LATE_H
#define PROTOCOLS_LATE_H

#include "protocols/slice.h"

enum late_words {
	LATE_WORDS_NONE,    /* no request, reply or frame, or one that says nothing of mining */
	LATE_WORDS_AWAITED, /* more bytes of it may */
	LATE_WORDS_FOUND    /* it has a word of mining, or opens a carrier */
};

/* What begins with these bytes: a request or a reply of HTTP, as far as it is there, or a message
 * of WebSocket in its frames, no more than one. The first `seen` bytes were looked at before, and
 * more awaited. */
enum late_words late_look(struct slice bytes, size_t seen);

/* They are a frame's, if anything's. */
bool late_is_frame(struct slice bytes);

/* A body, or what is there of it, has a word of mining that a request would have. */
bool late_body_words(struct slice body);

#endif
