/* health.h: how the sensor does, in numbers, and the thread that says so on SIGUSR1.
 *
 *	stats and CPU of threads, alerts by sid, rings --> struct health --+--> log (SIGUSR1, end)
 *	                                                                   '--> metrics_text.h
 *
 * The signal is blocked everywhere and taken by a thread of its own: no handler, nobody is
 * interrupted. The same counters are a row of the :stats stream (sink_redis.c). */
#ifndef SENSOR_HEALTH_H
#define SENSOR_HEALTH_H

#include "sensor/log.h"
#include "sensor/sid_tally.h"
#include "sensor/stats.h"
#include "sensor/thread_cpu.h"

struct health {
	struct stats sum;
	struct sid_tally alerts;
	struct thread_cpu threads;
	uint64_t facts_ring_bytes; /* sizes of what fills up, all workers together */
	uint64_t decisions_ring_bytes;
	double started_s; /* since 1970 */
	double uptime_s;
	const char *sensor_id;
};

/* Fills *out from any thread. */
typedef void health_look(void *ctx, struct health *out);

/* Lines of "name value" pairs, without the zeros, CPU time as cpu_THREAD_ms, at most HEALTH_COLUMNS
 * wide and each with a line feed. Returns the length; what does not fit is left out whole. */
#define HEALTH_COLUMNS 160
#define HEALTH_TEXT    8192
size_t health_text(const struct health *health, char *out, size_t size);

void health_log(const struct health *health, enum log_level level);

/* In main, before there are threads: SIGUSR1 waits until somebody takes it. */
void health_block_signal(void);

struct health_keeper;

/* Starts the thread. look is called with ctx as long as it runs. NULL: no memory or no thread. */
struct health_keeper *health_keeper_start(health_look *look, void *ctx);
void health_keeper_stop(struct health_keeper *self);

#endif
