/* nat_hold.h: facts that wait a while, first in, first out. Copies; capped by its user. */
#ifndef SENSOR_NAT_HOLD_H
#define SENSOR_NAT_HOLD_H

#include "sensor/fact.h"

struct nat_held {
	uint64_t due_ns;
	struct nat_held *next;
	struct fact fact; /* the whole entry follows in place */
};

struct nat_hold {
	struct nat_held *first;
	struct nat_held **last; /* where the next one goes */
	size_t count;
};

void nat_hold_init(struct nat_hold *self);
void nat_hold_fini(struct nat_hold *self);

/* due_ns must not fall. 0 or -ENOMEM. */
int nat_hold_add(struct nat_hold *self, const struct fact *fact, uint64_t due_ns);
/* Takes the first one out; the caller frees it with free(). NULL: none. */
struct nat_held *nat_hold_take(struct nat_hold *self);

#endif
