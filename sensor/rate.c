/* rate.c: two rings of slots. */
#include "sensor/rate.h"

#include <string.h>

#define NS_PER_S    1000000000ull
#define FINE_NS     (10 * NS_PER_S)
#define COARSE_NS   (60 * NS_PER_S)
#define LONGEST_GAP (RATE_SLOTS - 1)

/* Whole slots before the one that runs. */
static const uint64_t spans[RATE_WINDOWS] = { [RATE_1M] = 6, [RATE_10M] = 60, [RATE_60M] = 60 };

static uint64_t slot_ns(enum rate_window window)
{
	return window == RATE_60M ? COARSE_NS : FINE_NS;
}

/* The first slot of the window that ends in slot last. */
static uint64_t first_slot(enum rate_window window, uint64_t last)
{
	return last > spans[window] ? last - spans[window] : 0;
}

static void clear_slot(struct rate_ring *ring, uint64_t slot)
{
	ring->work[slot % RATE_SLOTS] = 0;
	ring->floors[slot % RATE_SLOTS] = 0;
}

static void advance(struct rate_ring *ring, uint64_t slot)
{
	if (slot - ring->newest > LONGEST_GAP) {
		memset(ring, 0, sizeof(*ring));
	} else {
		for (uint64_t i = ring->newest + 1; i <= slot; i++)
			clear_slot(ring, i);
	}
	ring->newest = slot;
}

static void add(struct rate_ring *ring, double work, uint32_t floors, uint64_t slot)
{
	uint16_t *sum = &ring->floors[slot % RATE_SLOTS];

	if (slot > ring->newest)
		advance(ring, slot);
	if (ring->newest - slot > LONGEST_GAP)
		return;
	ring->work[slot % RATE_SLOTS] += work;
	*sum = floors < (uint32_t)(UINT16_MAX - *sum) ? (uint16_t)(*sum + floors) : UINT16_MAX;
}

void rate_add(struct rate *self, double work, uint32_t floors, uint64_t time_ns)
{
	add(&self->fine, work, floors, time_ns / FINE_NS);
	add(&self->coarse, work, floors, time_ns / COARSE_NS);
}

void rate_clear(struct rate *self)
{
	memset(self, 0, sizeof(*self));
}

uint64_t rate_begins(enum rate_window window, uint64_t end_ns)
{
	return first_slot(window, end_ns / slot_ns(window)) * slot_ns(window);
}

double rate_over(const struct rate *self, enum rate_window window, uint64_t end_ns, double floor)
{
	const struct rate_ring *ring = window == RATE_60M ? &self->coarse : &self->fine;
	uint64_t begin_ns = rate_begins(window, end_ns);
	uint64_t last = end_ns / slot_ns(window);
	double work = 0;

	for (uint64_t slot = first_slot(window, last); slot <= last; slot++) {
		if (slot > ring->newest || ring->newest - slot > LONGEST_GAP)
			continue; /* nothing was credited since, or it is forgotten */
		work += ring->work[slot % RATE_SLOTS] +
			floor * (double)ring->floors[slot % RATE_SLOTS];
	}
	return end_ns > begin_ns ? work / ((double)(end_ns - begin_ns) / (double)NS_PER_S) : 0;
}
