/* timeline.h: whose turn it is: the earliest time first, first come first served at the same one.
 */
#ifndef BENCH_TRAFFIC_TIMELINE_H
#define BENCH_TRAFFIC_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct turn {
	uint64_t time_us;
	uint64_t order;
	size_t who;
};

struct timeline { /* all zero: empty */
	struct turn *turns;
	size_t count;
	size_t room;
	uint64_t order;
};

/* 0 or -ENOMEM. */
int timeline_add(struct timeline *self, uint64_t time_us, size_t who);
/* False: nobody is left. */
bool timeline_take(struct timeline *self, struct turn *out);
/* Of the earliest turn; UINT64_MAX: none. */
uint64_t timeline_next_us(const struct timeline *self);
void timeline_free(struct timeline *self);

#endif
