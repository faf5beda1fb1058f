/* readers.h: everything that reads packets.
 *
 * From files one source and one reader feed all workers. Live every worker has a source and a
 * reader of its own, which run in one thread: the kernel shares the frames out (fanout.h), and
 * nothing is handed over. */
#ifndef SENSOR_READERS_H
#define SENSOR_READERS_H

#include "sensor/config.h"
#include "sensor/reader.h"

struct readers;

struct readers_options {
	struct worker **workers;  /* as many as configured */
	struct name_watch *names; /* of files with several workers; NULL: none */
	_Atomic bool *stop;       /* asked to end; set when one reader ends */
	_Atomic bool *lost;
};

/* Opens files or handles. 0 or an error as of source.h, in words. */
int readers_open(struct readers **out, const struct config *config, char error[CAPTURE_ERROR_TEXT]);

/* Makes the readers. -ENOMEM. */
int readers_connect(struct readers *self, const struct readers_options *options);

/* Starts all threads but the caller's own; they inherit its signal mask. When that fails everything
 * is asked to stop, and readers_run() ends it. */
int readers_start(struct readers *self);

/* Reads in the caller's thread to the end, and waits for the other readers. As reader_run(). */
int readers_run(struct readers *self);

/* May be called from a signal handler of the thread in readers_run(). Other readers see that they
 * are to stop within the capture's time-out. */
void readers_break(struct readers *self);

/* As source_name() and source_damage(): of several handles, the first one's that has any. */
const char *readers_name(const struct readers *self);
const char *readers_damage(const struct readers *self, size_t index);

/* Of the worker of that number; NULL: nothing is shunted. */
struct shunt *readers_shunt(const struct readers *self, size_t index);

/* Sums over all handles. */
void readers_counters(struct readers *self, struct capture_counters *out);
void readers_stats(const struct readers *self, struct stats *sum);

void readers_free(struct readers *self);

#endif
