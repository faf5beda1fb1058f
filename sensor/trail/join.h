/* join.h: whose machine had an address at a time: the leases of all instances, by address. */
#ifndef TRAIL_JOIN_H
#define TRAIL_JOIN_H

#include "sensor/lease.h"
#include "sensor/trail/store.h"

/* One interval of one address. */
struct holding {
	const struct instance *instance;
	const char *ip;
	const char *eni;
	uint64_t from_ns;
	uint64_t to_ns; /* 0: still open; closed where the next lease of the same address begins */
};

struct join {
	struct holding *items; /* by ip, account, region, vpc, from */
	size_t count;
};

/* 0 or -ENOMEM. Borrows from the store. */
int join_build(struct join *self, const struct store *store);
void join_free(struct join *self);

/* The instance that had the address, by a sensor's scope text and the time; NULL: none, or several
 * networks share the address and the scope does not tell which. */
const struct instance *join_find(const struct join *self, const char *scope, const char *ip,
				 uint64_t time_ns, enum cloud_confidence *confidence);

/* The lease as it is published; unused bytes are zero. False: no address, or its texts do not fit.
 */
bool join_lease(const struct holding *holding, struct lease *out);

#endif
