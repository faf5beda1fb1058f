/* worker.h: one flow table, one classifier, streams and sessions: nothing shared, no locks.
 *
 * Takes batches of packets, keeps flows, inspects what could be mining, and pushes facts and flow
 * records. Runs inline in the reader's thread (one worker) or in a thread of its own. */
#ifndef SENSOR_WORKER_H
#define SENSOR_WORKER_H

#include "sensor/classify.h"
#include "sensor/config.h"
#include "sensor/correlator.h"
#include "sensor/lists.h"
#include "sensor/shunt.h"
#include "sensor/watched.h"

struct worker;

struct worker_options {
	const struct config *config;
	struct lists_board *lists; /* NULL: none; the worker reads in slot index */
	struct watched *watched;   /* shared by all workers; NULL: none */
	struct shunt *shunt;       /* keeps elephants in the kernel; NULL: none does */
	struct fact_feed *feed;
	uint16_t index;
	bool is_lossless;
	_Atomic bool *lost; /* set when a stall made it lose something */
};

struct worker *worker_new(const struct worker_options *options);
void worker_free(struct worker *self);

/* Packets of one batch, in order, then its tick. */
void worker_batch(struct worker *self, const struct packet_batch *batch);

/* Packet time has reached now_ns: expires, reports, offers again what was refused. */
void worker_tick(struct worker *self, uint64_t now_ns);

/* Live: packets lost so far on their way to this worker. Any thread. */
void worker_lost(struct worker *self, uint64_t packets);

/* End of input, at packet time now_ns: ends all flows and sessions and moves the watermark to its
 * end. */
void worker_finish(struct worker *self, uint64_t now_ns);

struct stats *worker_stats(struct worker *self);

#endif
