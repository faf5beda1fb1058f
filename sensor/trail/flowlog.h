/* flowlog.h: VPC flow logs: listed endpoints, and long thin flows of many hosts to one address.
 * (Owner: sources.)
 *
 *	line --(private side / internet side)--> flow of one connection --+-- listed, or confirmed
 *	                                                                  |   by a sensor: sighting
 *	                                                                  +-- long, thin, steady
 *	one endpoint and account: flow-hosts of such hosts that began within flow-window: sightings
 *
 * A host began when its instance was launched (store), else when the logs first show it, unless
 * they begin with it. Who is long and thin at the same endpoint but began at another time speaks
 * against: what all machines talk to is no pool. Flows that ended are forgotten, so that memory
 * follows what is alive. */
#ifndef TRAIL_FLOWLOG_H
#define TRAIL_FLOWLOG_H

#include <stdatomic.h>

#include "sensor/lists.h"
#include "sensor/trail/detect.h"
#include "sensor/trail/store.h"

struct flowlog_counts {
	uint64_t files;
	uint64_t lines;
	uint64_t bad;       /* lines that do not fit their header: named on standard error */
	uint64_t skipdata;  /* lines that say records were lost */
	uint64_t nodata;    /* lines that say there was no traffic */
	uint64_t rejected;  /* lines of traffic that was refused: nobody was talked to */
	uint64_t bad_files; /* unreadable or cut short: what came before was used */
	uint64_t passed_by; /* files of a folder that are no flow logs */
	uint64_t repeated;  /* files that were read before */
	uint64_t forgotten; /* flows and hosts that found no room: the oldest went */
};

struct flowlog;

/* lists may be NULL. Borrowed: all. NULL: out of memory. */
struct flowlog *flowlog_new(struct store *store, const struct lists *lists,
			    const _Atomic bool *stop);
void flowlog_free(struct flowlog *self);
/* A file (plain or gzip), a folder or "-". 0 or negative errno, named on standard error. */
int flowlog_path(struct flowlog *self, const char *path);
/* The lines of one file, in memory. name stands for its path. 0 or negative errno. */
int flowlog_text(struct flowlog *self, const char *name, const char *bytes, size_t len);
/* After all paths: gives what was found over many lines to store_sighting(). May be called again
 * after more lines, or when the store has more alerts or instances. 0 or -ENOMEM. */
int flowlog_finish(struct flowlog *self);
const struct flowlog_counts *flowlog_counts(const struct flowlog *self);

/* 1700030, from the store's sightings: one per remote endpoint and account. Adds detections. */
int flowlog_detect(const struct store *store, struct detections *out);

#endif
