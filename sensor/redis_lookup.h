/* redis_lookup.h: resolves one name in a thread of its own, so that nobody waits for the resolver.
 *
 * A lookup that is ended early goes on by itself and its result is thrown away; the resolver ends
 * it within its own time-outs. */
#ifndef SENSOR_REDIS_LOOKUP_H
#define SENSOR_REDIS_LOOKUP_H

#include "sensor/redis_socket.h"

struct redis_lookup;

/* NULL: no thread, descriptor or memory. */
struct redis_lookup *redis_lookup_begin(const struct redis_place *place);
void redis_lookup_end(struct redis_lookup *self);

/* Readable when the result is there. */
int redis_lookup_fd(const struct redis_lookup *self);

/* 0: out is filled; -EAGAIN: not yet; -EHOSTUNREACH with error filled. */
int redis_lookup_result(const struct redis_lookup *self, struct redis_addresses *out,
			char error[REDIS_URL_ERROR_TEXT]);

#endif
