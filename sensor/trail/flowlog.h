/* flowlog.h: VPC flow logs: listed endpoints, and long thin flows of many hosts to one address.
 * (Owner: sources.) */
#ifndef TRAIL_FLOWLOG_H
#define TRAIL_FLOWLOG_H

#include <stdatomic.h>

#include "sensor/endpoint.h"
#include "sensor/trail/detect.h"
#include "sensor/trail/store.h"

struct flowlog_counts {
	uint64_t files;
	uint64_t lines;
	uint64_t bad;      /* lines that do not fit their header: named on standard error */
	uint64_t skipdata; /* lines that say records were lost */
};

struct flowlog;

/* endpoints may be NULL. Borrowed: all. NULL: out of memory. */
struct flowlog *flowlog_new(struct store *store, const struct endpoint_list *endpoints,
			    const _Atomic bool *stop);
void flowlog_free(struct flowlog *self);
/* A file (.log, .gz), a folder or "-". 0 or negative errno, named on standard error. */
int flowlog_path(struct flowlog *self, const char *path);
/* After all paths: gives what was found over many lines to store_sighting(). May be called again
 * after more lines. 0 or -ENOMEM. */
int flowlog_finish(struct flowlog *self);
const struct flowlog_counts *flowlog_counts(const struct flowlog *self);

/* 1700030, from the store's sightings: one per remote endpoint and account. Adds detections. */
int flowlog_detect(const struct store *store, struct detections *out);

#endif
