/* publisher.h: the one thread that renders text and talks to the outside. It may wait; nothing
 * waits for it live. Reads the correlator's rings, urgent first, and feeds the sinks. */
#ifndef SENSOR_PUBLISHER_H
#define SENSOR_PUBLISHER_H

#include "sensor/ring.h"
#include "sensor/sid_tally.h"
#include "sensor/sink.h"

#define PUBLISHER_SINKS 4

struct publisher_options {
	struct ring *urgent;
	struct ring *bulk;
	struct ring_bell *bell;
	const struct sink_ops *sinks[PUBLISHER_SINKS];
	size_t sink_count;
	struct sink_options sink; /* passed to each sink's open */
	struct sid_tally *alerts; /* counts revisions by signature; NULL: nobody asks */
	_Atomic bool *lost;       /* set when the last output failed for good; NULL: nobody asks */
	bool is_lossless;
	uint32_t stall_timeout_s;    /* lossless: give up after this long without progress */
	uint32_t shutdown_timeout_s; /* to drain after the rings are closed */
};

struct publisher;

/* Opens all sinks; on failure the error says which and why. */
int publisher_new(struct publisher **out, const struct publisher_options *options,
		  char error[SINK_ERROR_TEXT]);

/* The thread: until both rings are closed and drained and every sink is closed. */
void *publisher_run(void *self);

/* Shutdown was asked for: drain within shutdown_timeout_s from now. Any thread, and signal
 * handlers. */
void publisher_hurry(struct publisher *self);

/* True once a sink has failed for good: what comes is lost to it. Any thread. */
bool publisher_has_failed(const struct publisher *self);

/* After the thread ended: events lost in all sinks together, and a line that says what. */
uint64_t publisher_lost(const struct publisher *self, char *text, size_t size);
void publisher_free(struct publisher *self);

#endif
