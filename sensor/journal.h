/* journal.h: records that must not be lost, kept on disk until they are retired.
 *
 *	append --> written --sync--> durable --retire--> gone
 *
 * Append-only, checksummed (journal_format.h), in segments; a segment is deleted once all its
 * records and all older segments are retired. Written is enough to survive the end of the process,
 * durable is enough to survive the end of power, at any byte: what is damaged is skipped and
 * counted, the rest is kept. What was retired shortly before a crash may come back.
 *
 * Knows nothing of what records hold. For one thread; the disk may make it wait. */
#ifndef SENSOR_JOURNAL_H
#define SENSOR_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#define JOURNAL_ERROR_TEXT 256

struct journal_options {
	int directory;          /* duplicated; holds nothing but this journal */
	uint64_t max_bytes;     /* of all segments together */
	uint64_t segment_bytes; /* a segment that has so many is followed by another */
};

/* What was found at opening. */
struct journal_found {
	uint64_t records; /* not retired */
	uint64_t damaged; /* bytes in which no record could be read */
};

struct journal;

/* Takes the lock of the directory and reads what is there. 0 or negative errno with error filled:
 * -EBUSY when another process has the lock, -EPROTONOSUPPORT for a segment of another version. */
int journal_open(struct journal **out, const struct journal_options *options,
		 struct journal_found *found, char error[JOURNAL_ERROR_TEXT]);

/* Writes one record; *sequence rises with each. 0; -EMSGSIZE: longer than JOURNAL_BODY_MAX;
 * -EDQUOT: max_bytes reached; else what the disk said. After an error nothing of the record is
 * kept, and the next call tries anew. */
int journal_append(struct journal *self, const void *body, size_t len, uint64_t *sequence);

/* Makes durable what was appended. 0 or negative errno: what was appended since the last time is
 * written, but may not survive the end of power. */
int journal_sync(struct journal *self);

/* The record is needed no more. Any order; one that is not there is left alone. */
void journal_retire(struct journal *self, uint64_t sequence);

/* The oldest record with at least *sequence that is not retired. 0 with *sequence and *len set;
 * -ENOENT: none; -EMSGSIZE: longer than size; -EBADMSG: damaged since; or what the disk said; then
 * *sequence is set, too. */
int journal_read(struct journal *self, uint64_t *sequence, void *body, size_t size, size_t *len);

/* The sequence that the next record gets. */
uint64_t journal_next(const struct journal *self);
/* Records that are not retired. */
uint64_t journal_pending(const struct journal *self);
/* Bytes on disk. */
uint64_t journal_bytes(const struct journal *self);

/* Syncs, deletes what is wholly retired, gives back the lock. */
void journal_close(struct journal *self);

#endif
