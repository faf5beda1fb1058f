/* source.h: all inputs of a run as one stream of frames.
 *
 * Several files are merged by time (or read one after another with in_order); a folder means its
 * *.pcap, *.pcapng and *.cap files, by name, without those of folders in it. Files may differ in
 * link type. Frames are numbered from 1 and their time never goes back: an earlier one gets the
 * time of the frame before it, and is counted.
 *
 * Within one file, and live, a frame more than LIMIT_TIME_JUMP_S ahead of the one before it is in
 * doubt, and so is the first of all. It is held until the next one has been read: unless that is
 * more than LIMIT_TIME_JUMP_S earlier again, the gap is a gap; otherwise one time stamp was wrong
 * and the frame gets its predecessor's time (the first of all: its successor's), counted. Held at
 * the end of a file it counts as wrong. Live it is held no longer than the capture's time-out, and
 * the wall clock decides. Between files a gap is a gap.
 *
 * A frame more than LIMIT_TIME_JUMP_S earlier than the one before it is held likewise. When the
 * next one agrees with it, the clock was set back: time goes on from where it was at the pace of
 * the frames, a 32nd slower until the clock has caught up, and all these frames are counted. */
#ifndef SENSOR_SOURCE_H
#define SENSOR_SOURCE_H

#include "sensor/capture.h"
#include "sensor/stats.h"

struct source;

struct source_files {
	const char *const *paths; /* files, folders, "-" */
	size_t count;
	const char *filter;
	bool in_order;
};

/* 0, or as capture_open_file() with the path named in error; -ENOENT for a folder without captures.
 * When several are given, one without a readable header is damage and the others go on; so is any
 * file of a folder that cannot be opened. stats is the reader's, and outlives the source. */
int source_open_files(struct source **out, const struct source_files *files, struct stats *stats,
		      char error[CAPTURE_ERROR_TEXT]);

/* count sources that share one interface, as capture_open_live(); each is one thread's, with one of
 * stats. On failure none is open. */
int source_open_live(struct source *out[], size_t count, const struct capture_live *options,
		     struct stats stats[], char error[CAPTURE_ERROR_TEXT]);

/* Delivers some frames. > 0: how many; 0: live time-out, source_now() has moved; -ENODATA: all
 * inputs are at their end; -EINTR: source_break(). A damaged file ends there, is reported by
 * source_damage() and the others go on. -ENETDOWN: the interface is gone, source_damage() says how.
 */
int source_dispatch(struct source *self, capture_fn fn, void *ctx);

/* Packet time: of the last frame; on a quiet live link max(last frame, wall clock - 1 s). */
uint64_t source_now(const struct source *self);

/* Text for each damaged input, "FILE: packet N: reason"; NULL when index is past the last. */
const char *source_damage(const struct source *self, size_t index);

bool source_is_live(const struct source *self);
bool source_progress(const struct source *self, uint64_t *done, uint64_t *total);
void source_counters(struct source *self, struct capture_counters *out);
/* "eth0" or the only file's name, "" for several: in_iface and pcap_filename of the events. */
const char *source_name(const struct source *self);
/* May be called from a signal handler; the source must be open. */
void source_break(struct source *self);
void source_close(struct source *self);

#endif
