/* input.h: one file or interface of a source, and the doubt about its times; private to source.c.
 *
 * The rule is in source.h. A frame in doubt is copied and held; what it turns out to be is settled
 * with the time of the next frame. */
#ifndef SENSOR_INPUT_H
#define SENSOR_INPUT_H

#include "sensor/capture.h"

struct input {
	char *path;
	struct capture *capture; /* NULL: parked, at its end, or never opened */
	struct frame head;       /* merging: the next frame, and the time it will get */
	uint64_t head_ns;
	struct frame after; /* merging: the frame behind the held one, in libpcap's buffer */
	struct frame held;  /* a frame in doubt; its bytes are in held_bytes */
	uint8_t *held_bytes;
	size_t held_size;
	uint64_t last_ns;  /* time of the frame before */
	uint64_t ahead_ns; /* of the input's own clock, which was set back */
	uint64_t size;     /* of the file; 0 when unknown */
	bool has_last;
	bool has_after;
	bool has_held;
	bool is_done;
	bool is_from_folder;
};

bool input_doubts(const struct input *input, uint64_t time_ns);

/* The time that a frame out of doubt gets: its own, or its predecessor's when that is later. Who is
 * ahead of the input's clock lets it catch up. */
uint64_t input_pass_time(struct input *input, uint64_t time_ns);

/* The time now, on a live input that is quiet, by its own clock: that is believed at once. */
uint64_t input_follow_clock(struct input *input, uint64_t clock_ns);

/* Copies a frame in doubt. False when there is no memory for it: then its time is believed. */
bool input_hold(struct input *input, const struct frame *frame);

/* The time of the held frame, now that the next one's is known, or NULL that there is none. */
uint64_t input_settle_time(struct input *input, const uint64_t *next_ns);

/* Reads the next frame into head. 1, or as capture_next(). */
int input_advance(struct input *input);

#endif
