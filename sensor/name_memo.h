/* name_memo.h: what names were found to be, a moment ago.
 *
 * A name is asked for, answered and then connected to, by one client after another; in a long list
 * each look is several waits for memory. What is remembered is dropped with the lists that it came
 * from. A fixed number of slots, found by keyed hash. One thread. */
#ifndef SENSOR_NAME_MEMO_H
#define SENSOR_NAME_MEMO_H

#include "protocols/slice.h"
#include "sensor/lists.h"

struct name_memo;

/* NULL: out of memory or of random bytes. */
struct name_memo *name_memo_new(void);
void name_memo_free(struct name_memo *self);

/* lists_match_name() of what is watched. lists may be NULL: nothing is listed. */
uint32_t name_memo_match(struct name_memo *self, const struct lists *lists, struct slice name,
			 uint16_t port);

#endif
