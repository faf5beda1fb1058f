/* names.h: one copy of every text that many records share.
 *
 * A region, an ARN, an address or a user agent is kept once; the pointer lives as long as the table
 * and equal texts have equal pointers. Bytes are kept as they came, cut at TRAIL_TEXT (at a whole
 * UTF-8 character): hostile, to be escaped by whoever shows them. Capped in bytes. One thread. */
#ifndef TRAIL_NAMES_H
#define TRAIL_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct names;

/* NULL: out of memory or of random bytes. */
struct names *names_open(size_t max_bytes);
void names_close(struct names *self);

/* Never NULL. NULL and "" give ""; what finds no room gives "?" and is counted. */
const char *names_get(struct names *self, const char *text);
uint64_t names_refused(const struct names *self);

#endif
