/* event_eve.h: one event as one EVE JSON line. For event.c only; others call event_eve(). */
#ifndef SENSOR_EVENT_EVE_H
#define SENSOR_EVENT_EVE_H

#include "sensor/event.h"

/* Writes the line without line feed; returns its length, 0 when it does not fit. */
size_t event_eve_write(const struct event_context *context, const struct event_texts *texts,
		       const struct event *event, char *out, size_t size);

#endif
