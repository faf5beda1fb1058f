/* sid_tally.c: see sid_tally.h. */
#include "sensor/sid_tally.h"

#include "sensor/stats.h"

void sid_tally_add(struct sid_tally *self, uint32_t sid)
{
	for (size_t i = 0; i < SIGNATURES; i++)
		if (signature_at(i)->sid == sid)
			stats_add(self->counts[i], 1);
}

uint64_t sid_tally_value(const struct sid_tally *self, size_t index)
{
	return index < SIGNATURES ? __atomic_load_n(&self->counts[index], __ATOMIC_RELAXED) : 0;
}
