/* rate.h: work per second over the last 1, 10 and 60 minutes of packet time.
 *
 * Work is credited at the time of the share that did it and kept in slots: of ten seconds for the
 * two short windows, of a minute for the long one, both in fixed rings. A window ends now and
 * begins where a slot begins, so that it is up to one slot longer than its name says; what is
 * divided by is its true length. Slots begin at whole multiples of their length since 1970: the
 * same packets give the same rate wherever the sensor was started. Flat, zeroed is empty. */
#ifndef SENSOR_RATE_H
#define SENSOR_RATE_H

#include <stdint.h>

enum rate_window { RATE_1M, RATE_10M, RATE_60M, RATE_WINDOWS };

#define RATE_SLOTS 61 /* of a window: sixty that are over and the one that runs */

struct rate_ring {
	uint64_t newest; /* number of the newest slot: its time by its length */
	double work[RATE_SLOTS];
	uint16_t floors[RATE_SLOTS]; /* shares whose worth is known only later, saturating */
};

struct rate {
	struct rate_ring fine;
	struct rate_ring coarse;
};

/* Credits work, and shares that are worth rate_over()'s floor. Late shares go into their own slot,
 * while there is one. */
void rate_add(struct rate *self, double work, uint32_t floors, uint64_t time_ns);

/* Forgets all credits. */
void rate_clear(struct rate *self);

/* Where the window that ends at end_ns begins. */
uint64_t rate_begins(enum rate_window window, uint64_t end_ns);

/* Work per second of that window; 0 when nothing was credited in it. */
double rate_over(const struct rate *self, enum rate_window window, uint64_t end_ns, double floor);

#endif
