/* redis_args.c: writes commands in RESP2. */
#include "sensor/redis_args.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sensor/jsonw.h"

static void put(struct redis_args *self, const char *bytes, size_t len)
{
	if (self->is_full || len > sizeof(self->bytes) - self->len) {
		self->is_full = true;
		return;
	}
	if (len > 0)
		memcpy(self->bytes + self->len, bytes, len);
	self->len += len;
}

/* Mark, decimal number, line end. Returns the length. */
static size_t write_number(char mark, uint64_t value, char out[24])
{
	char digits[20];
	size_t at = sizeof(digits);
	size_t len = 0;

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	out[len++] = mark;
	memcpy(out + len, digits + at, sizeof(digits) - at);
	len += sizeof(digits) - at;
	out[len++] = '\r';
	out[len++] = '\n';
	return len;
}

void redis_args_begin(struct redis_args *self, const char *command)
{
	self->len = REDIS_ARGS_HEAD;
	self->id_at = 0;
	self->id_len = 0;
	self->count = 0;
	self->is_full = false;
	redis_args_text(self, command);
}

void redis_args_text(struct redis_args *self, const char *text)
{
	redis_args_bytes(self, text, strlen(text));
}

void redis_args_bytes(struct redis_args *self, const void *bytes, size_t len)
{
	char head[24];
	size_t head_len = write_number('$', len, head);

	put(self, head, head_len);
	put(self, bytes, len);
	put(self, "\r\n", 2);
	self->count++;
}

void redis_args_uint(struct redis_args *self, uint64_t value)
{
	char text[24];
	size_t len = write_number('0', value, text);

	redis_args_bytes(self, text + 1, len - 3);
}

void redis_args_fixed(struct redis_args *self, double value, unsigned decimals)
{
	char text[400];
	size_t len = jsonw_fixed_text(value, decimals, text, sizeof(text));

	redis_args_bytes(self, text, len);
}

size_t redis_args_id_text(uint64_t ms, uint64_t seq, char out[REDIS_ID_TEXT])
{
	char id[REDIS_ID_TEXT];
	int id_len = snprintf(id, sizeof(id), "%" PRIu64 "-%" PRIu64, ms, seq);
	char head[24];
	size_t len = write_number('$', (uint64_t)id_len, head);

	/* 5 and 41 bytes at most: "$41\r\n", two numbers of 20 digits, dash; and the line end. */
	memcpy(out, head, len);
	memcpy(out + len, id, (size_t)id_len);
	len += (size_t)id_len;
	out[len] = '\r';
	out[len + 1] = '\n';
	return len + 2;
}

void redis_args_id(struct redis_args *self, uint64_t ms, uint64_t seq)
{
	char text[REDIS_ID_TEXT];

	self->id_at = self->len;
	self->id_len = redis_args_id_text(ms, seq, text);
	put(self, text, self->id_len);
	self->count++;
}

const char *redis_args_end(struct redis_args *self, size_t *len, size_t *id_at)
{
	char head[24];
	size_t head_len = write_number('*', self->count, head);
	size_t from = REDIS_ARGS_HEAD - head_len;

	if (self->is_full)
		return NULL;
	memcpy(self->bytes + from, head, head_len);
	*len = self->len - from;
	*id_at = self->id_at == 0 ? 0 : self->id_at - from;
	return self->bytes + from;
}
