/* text_pool.h: one copy of every text that many records share.
 *
 * A region, an ARN, an address or a user agent is kept once; the pointer lives as long as the table
 * and equal texts have equal pointers. Bytes are kept as they came, cut at TRAIL_TEXT (at a whole
 * UTF-8 character): hostile, to be escaped by whoever shows them. Capped in bytes. One thread. */
#ifndef TRAIL_TEXT_POOL_H
#define TRAIL_TEXT_POOL_H

#include <stddef.h>
#include <stdint.h>

struct text_pool;

/* NULL: out of memory or of random bytes. */
struct text_pool *text_pool_new(size_t max_bytes);
void text_pool_free(struct text_pool *self);

/* Never NULL. NULL and "" give ""; what finds no room gives "?" and is counted. */
const char *text_pool_get(struct text_pool *self, const char *text);
uint64_t text_pool_refused(const struct text_pool *self);

#endif
