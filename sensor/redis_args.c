/* redis_args.c: writes commands in RESP2. */
#include "sensor/redis_args.h"

#include <assert.h>
#include <string.h>

#include "sensor/jsonw.h"

void redis_args_begin(struct redis_args *self, const char *command)
{
	self->len = REDIS_ARGS_HEAD;
	self->id_at = 0;
	self->id_len = 0;
	self->count = 0;
	self->is_full = false;
	redis_args_text(self, command);
}

void redis_args_save(const struct redis_args *self, struct redis_head *head)
{
	assert(!self->is_full && self->len - REDIS_ARGS_HEAD <= sizeof(head->bytes));
	head->len = (uint32_t)(self->len - REDIS_ARGS_HEAD);
	head->count = self->count;
	memcpy(head->bytes, self->bytes + REDIS_ARGS_HEAD, head->len);
}

void redis_args_resume(struct redis_args *self, const struct redis_head *head)
{
	memcpy(self->bytes + REDIS_ARGS_HEAD, head->bytes, head->len);
	self->len = REDIS_ARGS_HEAD + head->len;
	self->count = head->count;
	self->id_at = 0;
	self->id_len = 0;
	self->is_full = false;
}

void redis_args_text(struct redis_args *self, const char *text)
{
	redis_args_bytes(self, text, strlen(text));
}

void redis_args_bytes(struct redis_args *self, const void *bytes, size_t len)
{
	char *at = redis_args_reach(self, len + REDIS_ARG_MORE);

	if (at == NULL)
		return;
	self->len = (size_t)(redis_args_put(at, bytes, len) - self->bytes);
	self->count++;
}

void redis_args_uint(struct redis_args *self, uint64_t value)
{
	char digits[TEXTW_DIGITS];
	size_t len = textw_digits(value, digits);

	redis_args_bytes(self, digits, len);
}

void redis_args_fixed(struct redis_args *self, double value, unsigned decimals)
{
	char text[400];
	size_t len = jsonw_fixed_text(value, decimals, text, sizeof(text));

	redis_args_bytes(self, text, len);
}

size_t redis_args_id_text(uint64_t ms, uint64_t seq, char out[REDIS_ID_TEXT])
{
	char id[2 * TEXTW_DIGITS + 1]; /* two numbers and a dash */
	size_t len = textw_digits(ms, id);

	id[len++] = '-';
	len += textw_digits(seq, id + len);
	return (size_t)(redis_args_put(out, id, len) - out);
}

void redis_args_id(struct redis_args *self, uint64_t ms, uint64_t seq)
{
	char *at = redis_args_reach(self, REDIS_ID_TEXT);

	if (at == NULL)
		return;
	self->id_at = self->len;
	self->id_len = redis_args_id_text(ms, seq, at);
	self->len += self->id_len;
	self->count++;
}

const char *redis_args_end(struct redis_args *self, size_t *len, size_t *id_at)
{
	char head[TEXTW_DIGITS + 3] = "*";
	size_t head_len = 1 + textw_digits(self->count, head + 1);
	size_t from;

	head[head_len++] = '\r';
	head[head_len++] = '\n';
	from = REDIS_ARGS_HEAD - head_len;
	if (self->is_full)
		return NULL;
	memcpy(self->bytes + from, head, head_len);
	*len = self->len - from;
	*id_at = self->id_at == 0 ? 0 : self->id_at - from;
	return self->bytes + from;
}
