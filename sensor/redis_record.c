/* redis_record.c: puts commands behind one another, and takes them apart again. */
#include "sensor/redis_record.h"

#include <errno.h>
#include <string.h>

#include "protocols/cursor.h"

#define HEAD_BYTES 12u

static void put32(uint8_t *out, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		out[i] = (uint8_t)(value >> 8 * i);
}

void redis_record_begin(struct redis_record *self)
{
	self->len = 0;
	self->commands = 0;
}

int redis_record_add(struct redis_record *self, const struct redis_entry *entry, const char *bytes)
{
	uint8_t *at = self->bytes + self->len;

	if (entry->len > sizeof(self->bytes) - self->len ||
	    HEAD_BYTES > sizeof(self->bytes) - self->len - entry->len)
		return -EMSGSIZE;
	put32(at, entry->len);
	put32(at + 4, entry->id_at);
	at[8] = entry->id_len;
	at[9] = entry->expect;
	at[10] = entry->ends_event;
	at[11] = 0;
	memcpy(at + HEAD_BYTES, bytes, entry->len);
	self->len += HEAD_BYTES + entry->len;
	self->commands++;
	return 0;
}

int redis_record_next(const struct redis_record *self, size_t *offset, struct redis_entry *entry,
		      const char **bytes)
{
	const uint8_t *at = self->bytes + *offset;
	size_t left = self->len - *offset;

	if (left == 0)
		return 0;
	if (left < HEAD_BYTES)
		return -EBADMSG;
	*entry = (struct redis_entry){ .len = field_u32le(at),
				       .id_at = field_u32le(at + 4),
				       .id_len = at[8],
				       .expect = at[9],
				       .ends_event = at[10] != 0 };
	if (entry->len == 0 || entry->len > left - HEAD_BYTES || entry->id_at > entry->len ||
	    entry->id_len > entry->len - entry->id_at || entry->expect > REDIS_EXPECT_STATUS)
		return -EBADMSG;
	if ((entry->expect == REDIS_EXPECT_ID) != (entry->id_at != 0 && entry->id_len != 0))
		return -EBADMSG;
	*bytes = (const char *)at + HEAD_BYTES;
	*offset += HEAD_BYTES + entry->len;
	return 1;
}

int redis_record_check(struct redis_record *self)
{
	struct redis_entry entry = { 0 };
	const char *bytes;
	size_t offset = 0;
	int result;

	self->commands = 0;
	while ((result = redis_record_next(self, &offset, &entry, &bytes)) == 1)
		self->commands++;
	return result == 0 && self->commands > 0 && entry.ends_event ? 0 : -EBADMSG;
}
