/* metrics_text.h: the sensor's numbers in the text format of Prometheus, version 0.0.4.
 *
 *	# HELP minecanary_packets_total frames read
 *	# TYPE minecanary_packets_total counter
 *	minecanary_packets_total 4711
 *
 * Counts of stats.h are counters NAME_total, levels are gauges; times are in seconds. */
#ifndef SENSOR_METRICS_TEXT_H
#define SENSOR_METRICS_TEXT_H

#include "sensor/health.h"

#define METRICS_TEXT_BYTES 65536

/* Returns the length, 0 when it did not fit: half a page is worse than none. */
size_t metrics_text(const struct health *health, char *out, size_t size);

#endif
