/* late.h: what mining begins with on a connection of HTTP or WebSocket that was given up.
 *
 * Connections are kept alive: a hundred other calls may come before the first for work, and whoever
 * speaks nonsense first must not be rid of us. Nothing here proves anything; it tells which packets
 * are worth an inspection again. RFC 9112, RFC 6455. */
#ifndef PROTOCOLS_LATE_H
#define PROTOCOLS_LATE_H

#include "protocols/slice.h"

/* A request begins with this payload, and its first line is whole. */
bool late_request(struct slice payload);

/* ... and it has a word of mining, or opens a carrier. */
bool late_request_words(struct slice payload);

/* A body, or what is there of it, has a word of mining. */
bool late_body_words(struct slice body);

/* The payload is one WebSocket message, no less and no more, and has a word of mining. */
bool late_frame(struct slice payload);

#endif
