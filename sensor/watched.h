/* watched.h: addresses that answers gave for listed names, shared by all workers.
 *
 * A worker that reads such an answer adds its addresses; every worker asks for the server of each
 * new flow, so that the correlator hears of the connection when it opens and not when it ends. Only
 * a hint: who was given the address, and until when, is known to dns_labels. A fixed number of
 * slots without locks: under pressure older addresses are forgotten, and their connections are
 * heard of later. */
#ifndef SENSOR_WATCHED_H
#define SENSOR_WATCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watched;

/* NULL: out of memory or of random bytes. */
struct watched *watched_new(void);
void watched_free(struct watched *self);

/* addr has 4 or 16 bytes by ip_version. Any thread. */
void watched_add(struct watched *self, uint8_t ip_version, const uint8_t *addr);

/* Costs one load while nothing is watched. Any thread. */
bool watched_has(const struct watched *self, uint8_t ip_version, const uint8_t *addr);

#endif
