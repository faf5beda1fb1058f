/* redis_route.h: the way to the server that a URL means, from its names to a wire that is ready.
 *
 *	names (lookup) -> [Sentinel: connect -> ask -> its master's name] -> connect -> (TLS) ->
 *ready
 *
 * Every attempt goes the whole way again: names are resolved and Sentinels asked anew, since what
 * was lost may have moved. Sentinels are asked in turn, each with 500 ms; the one that answers is
 * asked first the next time. A name that cannot be resolved any more leads where it led before.
 * Nothing here waits. For one thread. */
#ifndef SENSOR_REDIS_ROUTE_H
#define SENSOR_REDIS_ROUTE_H

#include <poll.h>

#include "sensor/redis_wire.h"

#define REDIS_SENTINEL_MS      500
#define REDIS_ROUTE_ERROR_TEXT 320

struct redis_route;

/* url and tls (NULL: plain) are borrowed. NULL: out of memory. */
struct redis_route *redis_route_new(const struct redis_url *url, const struct redis_tls *tls);
void redis_route_free(struct redis_route *self);

/* From the next attempt on it leads to this place, which the URL did not name: a server of its
 * cluster. */
void redis_route_lead(struct redis_route *self, const struct redis_place *place);

/* Begins an attempt; what was open is closed. */
void redis_route_begin(struct redis_route *self, uint64_t now_ms);

/* 0: the wire is ready; -EAGAIN: poll want and call again; else redis_route_error() says why. */
int redis_route_poll(struct redis_route *self, uint64_t now_ms, struct pollfd *want);
const char *redis_route_error(const struct redis_route *self);

/* While it is -EAGAIN: what does not come, for one who waits no longer. */
const char *redis_route_pending(const struct redis_route *self);

/* The wire of the attempt, and where it leads. */
const struct redis_place *redis_route_place(const struct redis_route *self);
struct redis_wire *redis_route_wire(struct redis_route *self);
void redis_route_name(const struct redis_route *self, char *out, size_t size);

void redis_route_close(struct redis_route *self);

#endif
