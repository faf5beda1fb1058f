/* journal_format.c: writes and reads the bytes of a segment. */
#include "sensor/journal_format.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/cursor.h"
#include "sensor/crc32c.h"

#define VERSION     1u
#define NAME_LENGTH 41u /* 16 + 1 + 16 + 8 */

static const uint8_t head_mark[8] = { 'm', 'i', 'n', 'e', 'j', 'r', 'n', 'l' };
/* The first byte is in no UTF-8 text. */
static const uint8_t record_mark[4] = { 0xf5, 0x4d, 0x43, 0x1a };

static void put32(uint8_t *out, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		out[i] = (uint8_t)(value >> 8 * i);
}

void journal_number_write(uint64_t value, uint8_t out[8])
{
	put32(out, (uint32_t)value);
	put32(out + 4, (uint32_t)(value >> 32));
}

void journal_name_write(const struct journal_name *name, char out[JOURNAL_NAME_BYTES])
{
	(void)snprintf(out, JOURNAL_NAME_BYTES, "%016" PRIx64 "-%016" PRIx64 ".journal",
		       name->first, name->salt);
}

bool journal_name_read(const char *text, struct journal_name *out)
{
	char again[JOURNAL_NAME_BYTES];

	if (strlen(text) != NAME_LENGTH || text[16] != '-')
		return false;
	out->first = strtoull(text, NULL, 16);
	out->salt = strtoull(text + 17, NULL, 16);
	journal_name_write(out, again);
	return strcmp(text, again) == 0;
}

static uint32_t salted(uint64_t salt)
{
	uint8_t bytes[8];

	journal_number_write(salt, bytes);
	return crc32c(0, bytes, sizeof(bytes));
}

void journal_head_write(const struct journal_name *name, uint8_t out[JOURNAL_HEAD_BYTES])
{
	memcpy(out, head_mark, sizeof(head_mark));
	put32(out + 8, VERSION);
	put32(out + 12, JOURNAL_HEAD_BYTES);
	journal_number_write(name->first, out + 16);
	put32(out + 24, 0);
	put32(out + 28, crc32c(salted(name->salt), out, 28));
}

int journal_head_read(const uint8_t *bytes, size_t len, const struct journal_name *name)
{
	if (len < JOURNAL_HEAD_BYTES || memcmp(bytes, head_mark, sizeof(head_mark)) != 0 ||
	    field_u32le(bytes + 28) != crc32c(salted(name->salt), bytes, 28))
		return -EBADMSG;
	if (field_u32le(bytes + 8) != VERSION)
		return -EPROTONOSUPPORT;
	return field_u64le(bytes + 16) == name->first &&
			       field_u32le(bytes + 12) == JOURNAL_HEAD_BYTES
		       ? 0
		       : -EBADMSG;
}

size_t journal_record_size(size_t len)
{
	return (JOURNAL_RECORD_BYTES + len + 7) & ~(size_t)7;
}

static uint32_t checksum(const uint8_t *head, const uint8_t *body, size_t len, uint64_t salt)
{
	uint32_t crc = crc32c(salted(salt), head, 12);

	return crc32c(crc32c(crc, head + 16, 8), body, len);
}

void journal_record_write(const struct journal_record *record, uint64_t salt,
			  uint8_t out[JOURNAL_RECORD_BYTES])
{
	memset(out, 0, JOURNAL_RECORD_BYTES);
	memcpy(out, record_mark, sizeof(record_mark));
	out[4] = (uint8_t)record->kind;
	put32(out + 8, record->len);
	journal_number_write(record->sequence, out + 16);
	put32(out + 12, checksum(out, record->body, record->len, salt));
}

bool journal_record_read(const uint8_t *bytes, size_t len, uint64_t salt,
			 struct journal_record *out)
{
	uint32_t body_len;

	if (len < JOURNAL_RECORD_BYTES || memcmp(bytes, record_mark, sizeof(record_mark)) != 0)
		return false;
	body_len = field_u32le(bytes + 8);
	if (body_len > JOURNAL_BODY_MAX || body_len > len - JOURNAL_RECORD_BYTES)
		return false;
	if (field_u32le(bytes + 12) !=
	    checksum(bytes, bytes + JOURNAL_RECORD_BYTES, body_len, salt))
		return false;
	out->kind = (enum journal_kind)bytes[4];
	out->sequence = field_u64le(bytes + 16);
	out->body = bytes + JOURNAL_RECORD_BYTES;
	out->len = body_len;
	if (out->kind == JOURNAL_RETIRED)
		return body_len % 8 == 0 && out->sequence == body_len / 8;
	return out->kind == JOURNAL_DATA;
}

uint64_t journal_retired_at(const struct journal_record *record, size_t i)
{
	assert(record->kind == JOURNAL_RETIRED && i < record->len / 8);
	return field_u64le(record->body + i * 8);
}

/* Sequences rise, and each earlier one has taken at least a record's head of this segment: a number
 * beyond that is damage, too, and must not make tables grow. */
static bool is_in_place(const struct journal_scan *self, const struct journal_name *name,
			const struct journal_record *record, size_t offset)
{
	if (record->kind != JOURNAL_DATA)
		return true;
	return record->sequence >= self->next && record->sequence >= name->first &&
	       record->sequence - name->first <=
		       (offset - JOURNAL_HEAD_BYTES) / JOURNAL_RECORD_BYTES;
}

int journal_scan_segment(struct journal_scan *self, const struct journal_name *name,
			 const uint8_t *bytes, size_t len)
{
	int result = journal_head_read(bytes, len, name);
	size_t offset = JOURNAL_HEAD_BYTES;

	if (result == -EPROTONOSUPPORT)
		return result;
	if (result < 0)
		self->damaged += len < JOURNAL_HEAD_BYTES ? len : JOURNAL_HEAD_BYTES;
	while (offset < len) {
		size_t left = len - offset;
		struct journal_record record;

		if (!journal_record_read(bytes + offset, left, name->salt, &record) ||
		    !is_in_place(self, name, &record, offset)) {
			self->damaged += left < 8 ? left : 8;
			offset += 8;
			continue;
		}
		result = self->take(self->ctx, &record, (uint32_t)offset);
		if (result < 0)
			return result;
		if (record.kind == JOURNAL_DATA)
			self->next = record.sequence + 1;
		offset += journal_record_size(record.len);
	}
	return 0;
}
