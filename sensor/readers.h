/* intake.h: everything that reads packets.
 *
 * From files one source and one reader feed all workers. Live every worker has a source and a
 * reader of its own, which run in one thread: the kernel shares the frames out (fanout.h), and
 * nothing is handed over. */
#ifndef SENSOR_INTAKE_H
#define SENSOR_INTAKE_H

#include "sensor/config.h"
#include "sensor/reader.h"

struct intake;

struct intake_options {
	struct worker **workers;  /* as many as configured */
	struct name_watch *names; /* of files with several workers; NULL: none */
	_Atomic bool *stop;       /* asked to end; set when one reader ends */
	_Atomic bool *lost;
};

/* Opens files or handles. 0 or an error as of source.h, in words. */
int intake_open(struct intake **out, const struct config *config, char error[CAPTURE_ERROR_TEXT]);

/* Makes the readers. -ENOMEM. */
int intake_connect(struct intake *self, const struct intake_options *options);

/* Starts all threads but the caller's own; they inherit its signal mask. When that fails everything
 * is asked to stop, and intake_run() ends it. */
int intake_start(struct intake *self);

/* Reads in the caller's thread to the end, and waits for the other readers. As reader_run(). */
int intake_run(struct intake *self);

/* May be called from a signal handler of the thread in intake_run(). Other readers see that they
 * are to stop within the capture's time-out. */
void intake_break(struct intake *self);

/* As source_name() and source_damage(): of several handles, the first one's that has any. */
const char *intake_name(const struct intake *self);
const char *intake_damage(const struct intake *self, size_t index);

/* Of the worker of that number; NULL: nothing is shunted. */
struct shunt *intake_shunt(const struct intake *self, size_t index);

/* Sums over all handles. */
void intake_counters(struct intake *self, struct capture_counters *out);
void intake_stats(const struct intake *self, struct stats *sum);

void intake_free(struct intake *self);

#endif
