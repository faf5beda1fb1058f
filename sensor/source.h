/* source.h: all inputs of a run as one stream of frames.
 *
 * Several files are merged by time (or read one after another with in_order); a folder means the
 * capture files in it, by name. Frames are numbered from 1 and their time never goes back; a jump
 * of more than LIMIT_TIME_JUMP_S ahead of the stream is clamped and counted once the stream is
 * live or within one file's neighbours; between files a gap is a gap. */
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

int source_open_files(struct source **out, const struct source_files *files, struct stats *stats,
		      char error[CAPTURE_ERROR_TEXT]);
int source_open_live(struct source **out, const struct capture_live *options, struct stats *stats,
		     char error[CAPTURE_ERROR_TEXT]);

/* Delivers some frames. > 0: how many; 0: live time-out, *now_ns of source_now() has moved;
 * -ENODATA: all inputs are at their end; -EINTR: source_break(). A damaged file ends there, is
 * reported by source_damage() and the others go on. -ENETDOWN: the interface is gone. */
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
void source_break(struct source *self);
void source_close(struct source *self);

#endif
