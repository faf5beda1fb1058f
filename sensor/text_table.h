/* text_table.h: the closing table of miners on a terminal.
 *
 * One row for each (scope, host, pool, worker, unit of rates), with the sessions of reconnects
 * summed; only for sessions that mine. Capped;
 * what does not fit is counted. For one thread. */
#ifndef SENSOR_TEXT_TABLE_H
#define SENSOR_TEXT_TABLE_H

#include "sensor/event.h"

#define TEXT_TABLE_LINE 8192

struct text_table;

/* NULL: out of memory or of random bytes. */
struct text_table *text_table_new(size_t max_sessions);
void text_table_free(struct text_table *self);

/* Takes the newest values of a session. */
void text_table_session(struct text_table *self, const struct event_texts *texts,
			const struct decision_session *session);

/* Rows that have something to show. */
size_t text_table_rows(const struct text_table *self);
/* Sessions that found no room. */
uint64_t text_table_left_out(const struct text_table *self);

/* Calls line for each line, header first. width: of the terminal in columns, 0: any. Stops at the
 * first error of line and returns it. -ENOMEM. */
int text_table_write(const struct text_table *self, size_t width,
		     int (*line)(void *ctx, const char *text, size_t len), void *ctx);

/* "12.35 kH/s"; unit: "H/s". */
void text_table_rate(double rate, const char *unit, char *out, size_t size);
/* The first 12 and the last 8 of a long plain text: "abcdefghijkl...stuvwxyz"; others stay. */
void text_table_shorten(char *text);

#endif
