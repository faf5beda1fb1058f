/* alert_timer.h: which alert falls due next. A binary heap by (due time, alert id), so that alerts
 * due at one instant come in an order of their own and not in that of their facts. */
#ifndef SENSOR_ALERT_TIMER_H
#define SENSOR_ALERT_TIMER_H

#include <stddef.h>
#include <stdint.h>

/* Embedded in what falls due. */
struct alert_timer {
	uint64_t due_ns;
	uint64_t id;
	void *owner;  /* the caller's */
	size_t place; /* 1 + index in the heap, 0: not set */
};

struct alert_heap {
	struct alert_timer **timers;
	size_t count;
	size_t room;
};

/* Sets a timer that is not set. 0 or -ENOMEM. */
int alert_heap_add(struct alert_heap *self, struct alert_timer *timer);
/* A timer that is not set is left alone. */
void alert_heap_remove(struct alert_heap *self, struct alert_timer *timer);
/* The next one due, NULL: none. It stays. */
struct alert_timer *alert_heap_first(const struct alert_heap *self);
void alert_heap_fini(struct alert_heap *self);

#endif
