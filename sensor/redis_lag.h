/* redis_lag.h: how long a command takes from the queue to its reply, by samples.
 *
 * One sample at a time: it begins when something is held, and ends when as many commands were
 * answered as had been pushed by then. While Redis is away the sample that runs shows it. */
#ifndef SENSOR_REDIS_LAG_H
#define SENSOR_REDIS_LAG_H

#include <stdbool.h>
#include <stdint.h>

struct redis_lag {
	uint64_t pushed; /* when the sample began */
	uint64_t since_ms;
	uint64_t last_ms; /* of the last whole sample */
	bool is_running;
};

/* pushed: commands ever queued; held: of these without reply. Returns the lag in ms: of the last
 * sample, or the age of the one that runs when that is more. */
uint64_t redis_lag_look(struct redis_lag *self, uint64_t pushed, uint64_t held, uint64_t now_ms);

#endif
