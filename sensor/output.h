/* output.h: text lines into a file, a pipe or standard output, without ever waiting.
 *
 * Bytes are buffered and written when there is room; a regular file always has room, a pipe or a
 * terminal is asked by poll() and given no more than it takes at once. The first error is kept:
 * nothing is written after it. For one thread. */
#ifndef SENSOR_OUTPUT_H
#define SENSOR_OUTPUT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output;

/* path "-" is standard output. is_append: keep what the file has. 0 or negative errno. */
int output_open(struct output **out, const char *path, bool is_append, size_t buffer_size);

/* Takes a whole line and its line feed, or nothing: 0, -EAGAIN (no room now), -EMSGSIZE (it will
 * never fit), or the error that was kept. */
int output_line(struct output *self, const char *text, size_t len);

/* Writes what can be written. 0: all of it; -EAGAIN: some is left; else the error. */
int output_flush(struct output *self);

/* For a sink's poll(): flushes when enough has gathered or it has waited long enough. */
int output_poll(struct output *self, uint64_t now_ms, struct pollfd *want);

/* Lines taken but not wholly written. */
uint64_t output_held(const struct output *self);
bool output_is_terminal(const struct output *self);
const char *output_name(const struct output *self);

/* Writes the rest until deadline_ms (ring_now_ms()), closes and frees. Returns the lines lost;
 * *error is 0 or why. Standard output stays open. */
uint64_t output_close(struct output *self, uint64_t deadline_ms, int *error);

#endif
