/* reader.h: one thread that reads all inputs and hands packets to the workers.
 *
 * With one worker the packets are handled in the reader's own thread; with more they go, by a
 * symmetric hash of scope and addresses, through queues of batches, each worker in a thread of its
 * own. Every whole second of packet time is a tick that all workers see at the same place in the
 * stream, so that events are the same for any number of workers. */
#ifndef SENSOR_READER_H
#define SENSOR_READER_H

#include "sensor/name_watch.h"
#include "sensor/source.h"
#include "sensor/worker.h"

struct reader;

struct reader_options {
	struct source *source;
	struct worker **workers;
	size_t worker_count;
	struct name_watch *names; /* with several workers; NULL: none */
	bool is_lossless;
	uint32_t stall_timeout_s;
	uint32_t snaplen;
	bool progress;       /* a line on standard error about the replay */
	_Atomic bool *stop;  /* asked to end */
	_Atomic bool *lost;  /* something was lost: no use in going on */
	struct stats *stats; /* the reader's; also of the source and decapsulation */
};

struct reader *reader_new(const struct reader_options *options);

/* Starts the workers' threads, if they have any; they inherit the caller's signal mask. */
int reader_start(struct reader *self);

/* Reads until the inputs end, stop is set or something was lost; then ends the workers. 0;
 * -ENETDOWN: the interface went away; -ETIMEDOUT: a worker stalled. */
int reader_run(struct reader *self);
void reader_free(struct reader *self);

#endif
