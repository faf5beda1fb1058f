/* metrics.h: the endpoint that Prometheus scrapes: GET /metrics, nothing else.
 *
 * Few connections at once, each short, in a thread of the library's own; no packet waits. The
 * socket is opened before privileges are dropped, the thread is started after. */
#ifndef SENSOR_METRICS_H
#define SENSOR_METRICS_H

#include "sensor/health.h"

#define METRICS_ERROR_TEXT 160

struct metrics;

/* Binds where `--metrics` says. 0 or negative errno with error filled. */
int metrics_open(struct metrics **out, const char *where, char error[METRICS_ERROR_TEXT]);

/* Starts the thread; it inherits the caller's signal mask. look is called with ctx until
 * metrics_free(). 0 or -ENOMEM. */
int metrics_start(struct metrics *self, health_look *look, void *ctx);

/* Ends the thread, with what it has open. */
void metrics_free(struct metrics *self);

#endif
