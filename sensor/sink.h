/* sink.h: where events go. Calls come from the publisher's thread only.
 *
 * Life cycle: open, then write and poll in any order, then close. A sink that cannot take an event
 * now says -EAGAIN and is offered the same event again after its poll; live, the publisher gives up
 * on flow events when its queue is full and counts them. sink_null.c is the template. */
#ifndef SENSOR_SINK_H
#define SENSOR_SINK_H

#include <poll.h>

#include "sensor/event.h"
#include "sensor/stats.h"

#define SINK_ERROR_TEXT 512

struct config;

struct sink_options {
	const struct config *config;
	const struct event_context *context;
	struct stats *stats; /* the publisher's */
	/* Sum of all threads' counters, for :stats; called on the publisher's thread. */
	void (*sum_stats)(void *ctx, struct stats *sum);
	void *sum_ctx;
};

struct sink_ops {
	const char *name;
	/* 0 or negative errno with error filled. May not block longer than a connect time-out. */
	int (*open)(void **self, const struct sink_options *options, char error[SINK_ERROR_TEXT]);
	/* 0: taken (delivered, or queued in the sink); -EAGAIN: offer again; else lost, counted. */
	int (*write)(void *self, struct event_renderer *renderer, const struct event *event);
	/* Moves I/O along; never blocks. *fd with events to wait for, or fd -1. Returns 0, -EAGAIN
	 * while it holds unacknowledged events, or an error that is final. */
	int (*poll)(void *self, uint64_t now_ms, struct pollfd *want);
	/* Nothing more comes: delivers what it holds until deadline_ms. Returns events lost. */
	uint64_t (*close)(void *self, uint64_t deadline_ms);
	/* No further write will come, some polls and close will: hold nothing back to batch it.
	 * NULL: it never does. */
	void (*hasten)(void *self);
};

extern const struct sink_ops sink_null;
extern const struct sink_ops sink_json;
extern const struct sink_ops sink_text;
extern const struct sink_ops sink_redis;

#endif
