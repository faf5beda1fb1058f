/* inflate.h: compressed bodies and messages, with a limit on how far they may grow.
 *
 * zlib behind a pool of fixed size: one inflater holds some 48 KB from its first use on. A
 * message may give at most LIMIT_INFLATE_BYTES and LIMIT_INFLATE_RATIO times what came in: what
 * grows faster is a bomb, and none of its rest is looked at. Owned by one worker. RFC 1950-1952. */
#ifndef SENSOR_INFLATE_H
#define SENSOR_INFLATE_H

#include "protocols/dialect.h"

struct inflate_pool;
struct inflater;

/* count: how many may be in use at once. NULL when out of memory. */
struct inflate_pool *inflate_pool_new(size_t count);
void inflate_pool_free(struct inflate_pool *pool);

/* NULL when all are in use or zlib has no memory. */
struct inflater *inflater_new(struct inflate_pool *pool, enum encoding encoding);
void inflater_free(struct inflater *self);

/* A new message begins: the limits start afresh. What came before may be referred to (RFC 7692)
 * when keep is set, else the inflater starts anew. */
void inflater_begin(struct inflater *self, bool keep);

/* Inflates some of in: *used bytes of it become the result, which is valid until the next call on
 * any inflater of the pool. *used < in.len or a full result: call again. An empty result with
 * nothing used: the data ended, is damaged or grew too far; inflater_is_bad() tells. */
struct slice inflater_run(struct inflater *self, struct slice in, size_t *used);
bool inflater_is_bad(const struct inflater *self);

#endif
