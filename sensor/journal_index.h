/* journal_index.h: where each record of a journal lies that is not retired.
 *
 * Segments, oldest first; in each the offsets by sequence, four bytes a record. For one thread. */
#ifndef SENSOR_JOURNAL_INDEX_H
#define SENSOR_JOURNAL_INDEX_H

#include "sensor/journal_format.h"

#define JOURNAL_SEGMENT_MAX (1u << 30) /* bytes of one segment */

struct journal_segment {
	struct journal_name name;
	uint64_t bytes; /* on disk */
	uint32_t count; /* sequences from name.first on that were given */
	uint32_t live;
	uint32_t slots;
	uint32_t *offsets; /* 0: retired, or not there */
};

struct journal_index {
	struct journal_segment *segments;
	size_t count;
	size_t room;
	uint64_t next;    /* sequence */
	uint64_t pending; /* records that are not retired */
	uint64_t bytes;   /* of all segments */
};

void journal_index_fini(struct journal_index *self);

/* One more, behind the others: its first sequence is not below next. 0 or -ENOMEM. */
int journal_index_add(struct journal_index *self, const struct journal_name *name);
struct journal_segment *journal_index_last(struct journal_index *self);
/* Forgets the oldest segment, or the last; no record of it is left. */
void journal_index_drop_first(struct journal_index *self);
void journal_index_drop_last(struct journal_index *self);

/* A place for one more record of the last segment. 0 or -ENOMEM. */
int journal_index_reserve(struct journal_index *self, uint64_t sequence);
/* After journal_index_reserve(). */
void journal_index_note(struct journal_index *self, uint64_t sequence, uint32_t offset);

/* True when the record was there. */
bool journal_index_retire(struct journal_index *self, uint64_t sequence);

/* The oldest record with at least *sequence: sets it and returns its segment, or NULL. */
const struct journal_segment *journal_index_from(const struct journal_index *self,
						 uint64_t *sequence, uint32_t *offset);

#endif
