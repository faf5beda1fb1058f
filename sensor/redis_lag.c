/* redis_lag.c: see redis_lag.h. */
#include "sensor/redis_lag.h"

#include <assert.h>

uint64_t redis_lag_look(struct redis_lag *self, uint64_t pushed, uint64_t held, uint64_t now_ms)
{
	uint64_t age_ms;

	assert(held <= pushed);
	if (self->is_running && pushed - held >= self->pushed) {
		self->last_ms = now_ms - self->since_ms;
		self->is_running = false;
	}
	if (!self->is_running && held > 0) {
		self->pushed = pushed;
		self->since_ms = now_ms;
		self->is_running = true;
	}
	if (!self->is_running)
		return self->last_ms;
	age_ms = now_ms - self->since_ms;
	return age_ms > self->last_ms ? age_ms : self->last_ms;
}
