/* redis_args.h: one Redis command in its wire form (RESP2), binary safe.
 *
 *	*<arguments>\r\n  { $<bytes>\r\n <bytes> \r\n } ...
 *
 * Arguments are length-prefixed: nothing from the wire can end one. What does not fit sets is_full
 * and the command must not be sent. Storage is the caller's and is used again for each command. */
#ifndef SENSOR_REDIS_ARGS_H
#define SENSOR_REDIS_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sensor/textw.h"

#define REDIS_ARGS_BYTES 32768
#define REDIS_ARGS_HEAD  16                 /* room for the count before the arguments */
#define REDIS_ID_TEXT    48                 /* of a stream id */
#define REDIS_HEAD_BYTES 640                /* a key of the longest and some short words */
#define REDIS_ARG_MORE   (TEXTW_DIGITS + 5) /* bytes of an argument around its own */

struct redis_args {
	size_t len;   /* of bytes, with the room at their beginning */
	size_t id_at; /* where the stream id's `$` is; 0: none */
	size_t id_len;
	uint32_t count;
	bool is_full;
	char bytes[REDIS_ARGS_BYTES];
};

/* The first arguments of many commands. */
struct redis_head {
	uint32_t len;
	uint32_t count;
	char bytes[REDIS_HEAD_BYTES];
};

void redis_args_begin(struct redis_args *self, const char *command);
void redis_args_text(struct redis_args *self, const char *text);
void redis_args_bytes(struct redis_args *self, const void *bytes, size_t len);
void redis_args_uint(struct redis_args *self, uint64_t value);
void redis_args_fixed(struct redis_args *self, double value, unsigned decimals);
/* The id of a stream entry: it may be replaced when the command must be sent again as new. */
void redis_args_id(struct redis_args *self, uint64_t ms, uint64_t seq);

/* Keeps the arguments so far; begins a command with them instead of redis_args_begin(). */
void redis_args_save(const struct redis_args *self, struct redis_head *head);
void redis_args_resume(struct redis_args *self, const struct redis_head *head);

/* Room for len more bytes; NULL: then it is full. */
static inline char *redis_args_reach(struct redis_args *self, size_t len)
{
	if (self->is_full || len > sizeof(self->bytes) - self->len) {
		self->is_full = true;
		return NULL;
	}
	return self->bytes + self->len;
}

/* One argument; returns where it ends, at most REDIS_ARG_MORE bytes behind its own. */
__attribute__((always_inline)) static inline char *redis_args_put(char *at, const void *bytes,
								  size_t len)
{
	*at++ = '$';
	if (len < 10) {
		*at++ = (char)('0' + len);
	} else if (len < 100) {
		textw_pair(at, (unsigned)len);
		at += 2;
	} else {
		at += textw_digits(len, at);
	}
	memcpy(at, "\r\n", 2);
	at += 2;
	if (len > 0)
		memcpy(at, bytes, len);
	at += len;
	memcpy(at, "\r\n", 2);
	return at + 2;
}

/* Name and value of a stream entry. Inline, so that a literal name is known where it is copied: a
 * flow record has 27 of them. */
__attribute__((always_inline)) static inline void
redis_args_field(struct redis_args *self, const char *name, const char *value, size_t len)
{
	size_t name_len = strlen(name);
	char *at = redis_args_reach(self, name_len + len + (size_t)2 * REDIS_ARG_MORE);

	if (at == NULL)
		return;
	at = redis_args_put(at, name, name_len);
	self->len = (size_t)(redis_args_put(at, value, len) - self->bytes);
	self->count += 2;
}

/* The whole command; NULL when it did not fit. *id_at is counted from its beginning. */
const char *redis_args_end(struct redis_args *self, size_t *len, size_t *id_at);

/* The bulk form of a stream id; returns its length. */
size_t redis_args_id_text(uint64_t ms, uint64_t seq, char out[REDIS_ID_TEXT]);

#endif
