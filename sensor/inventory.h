/* inventory.h: leases of private addresses in memory, from files.
 *
 * Filled once, sorted, then only read: a change of the files makes a new inventory. For one thread
 * at a time. */
#ifndef SENSOR_INVENTORY_H
#define SENSOR_INVENTORY_H

#include "sensor/lease.h"

struct inventory;

/* max: leases at most. NULL: out of memory. */
struct inventory *inventory_new(size_t max);
void inventory_free(struct inventory *self);

/* Adds a copy. 0; -EINVAL: its ip is no address; -ENOSPC: max, it is left out and counted;
 * -ENOMEM. */
int inventory_add(struct inventory *self, const struct lease *lease);

/* An address of a NAT gateway, private or public; twice is once. The same errors; at most
 * LIMIT_INVENTORY_NATS. */
int inventory_add_nat(struct inventory *self, const char *ip);

/* After the last inventory_add(): what several documents say of one interface's address becomes
 * one lease, and the leases can be found. */
void inventory_sort(struct inventory *self);

size_t inventory_count(const struct inventory *self);
/* Leases and NAT addresses that found no room. */
uint64_t inventory_left_out(const struct inventory *self);
size_t inventory_nat_count(const struct inventory *self);
const char *inventory_nat(const struct inventory *self, size_t index);

/* Whose is ip at time_ns? scope: a sensor's scope text. mirror: the interface that the packets were
 * mirrored from, by its primary address, "": not known; it makes a lease of the same interface
 * CONFIDENCE_EXACT. out is zeroed when the result is CONFIDENCE_NONE. */
enum cloud_confidence inventory_find(const struct inventory *self, const char *scope,
				     const char *ip, const char *mirror, uint64_t time_ns,
				     struct cloud_identity *out);

#endif
