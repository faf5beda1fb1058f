/* journal_format.h: how a journal's segment lies on disk.
 *
 *	segment file "<first>-<salt>.journal", two numbers of 16 hex digits:
 *
 *	 0  8  "minejrnl"
 *	 8  4  version, 1
 *	12  4  bytes of this head, 32
 *	16  8  first: sequence of the first record that may lie in it
 *	24  4  zero
 *	28  4  CRC-32C of salt and bytes 0..27
 *	32     records, each at a multiple of 8:
 *
 *	 0  4  mark F5 4D 43 1A
 *	 4  1  kind: 1 data, 2 retired
 *	 5  3  zero
 *	 8  4  length of the body
 *	12  4  CRC-32C of salt, bytes 0..11, bytes 16..23 and the body
 *	16  8  data: its sequence; retired: how many sequences the body holds
 *	24     body; retired: sequences of 8 bytes; then zero bytes up to a multiple of 8
 *
 * Numbers are little endian; the salt goes into a checksum as 8 such bytes. It is random for each
 * segment, so that nothing that strangers wrote into a body can pass for a record when damage makes
 * the reader look for the next one. Sequences of data rise within a journal. */
#ifndef SENSOR_JOURNAL_FORMAT_H
#define SENSOR_JOURNAL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_HEAD_BYTES   32u
#define JOURNAL_RECORD_BYTES 24u /* of a record before its body */
#define JOURNAL_BODY_MAX     (1u << 20)
#define JOURNAL_NAME_BYTES   48u

enum journal_kind { JOURNAL_DATA = 1, JOURNAL_RETIRED = 2 };

/* What a segment's file name says. */
struct journal_name {
	uint64_t first;
	uint64_t salt;
};

struct journal_record {
	enum journal_kind kind;
	uint64_t sequence; /* data: its own; retired: how many are in the body */
	const uint8_t *body;
	uint32_t len;
};

void journal_name_write(const struct journal_name *name, char out[JOURNAL_NAME_BYTES]);
/* False: not the name of a segment. */
bool journal_name_read(const char *text, struct journal_name *out);

void journal_head_write(const struct journal_name *name, uint8_t out[JOURNAL_HEAD_BYTES]);
/* 0; -EBADMSG: damaged or cut; -EPROTONOSUPPORT: whole, but of another version. */
int journal_head_read(const uint8_t *bytes, size_t len, const struct journal_name *name);

/* Bytes a record of a body of len bytes takes. */
size_t journal_record_size(size_t len);
/* Writes all bytes of a record before its body. */
void journal_record_write(const struct journal_record *record, uint64_t salt,
			  uint8_t out[JOURNAL_RECORD_BYTES]);
/* The record that begins at bytes. False: none does that is whole. The body is borrowed. */
bool journal_record_read(const uint8_t *bytes, size_t len, uint64_t salt,
			 struct journal_record *out);

/* Sequence number i of a record of retired ones. */
uint64_t journal_retired_at(const struct journal_record *record, size_t i);
void journal_number_write(uint64_t value, uint8_t out[8]);

struct journal_scan {
	uint64_t next;    /* least sequence that the next record of data may have */
	uint64_t damaged; /* bytes in which no record could be read */
	/* Each whole record in order; offset: of its first byte. 0, or negative errno: stop. */
	int (*take)(void *ctx, const struct journal_record *record, uint32_t offset);
	void *ctx;
};

/* Reads a whole segment. Damaged places are skipped and counted. 0, -EPROTONOSUPPORT, or what
 * take() returned. */
int journal_scan_segment(struct journal_scan *self, const struct journal_name *name,
			 const uint8_t *bytes, size_t len);

#endif
