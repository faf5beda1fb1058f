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

#define REDIS_ARGS_BYTES 32768
#define REDIS_ARGS_HEAD  16 /* room for the count before the arguments */
#define REDIS_ID_TEXT    48 /* of a stream id */

struct redis_args {
	size_t len;   /* of bytes, with the room at their beginning */
	size_t id_at; /* where the stream id's `$` is; 0: none */
	size_t id_len;
	uint32_t count;
	bool is_full;
	char bytes[REDIS_ARGS_BYTES];
};

void redis_args_begin(struct redis_args *self, const char *command);
void redis_args_text(struct redis_args *self, const char *text);
void redis_args_bytes(struct redis_args *self, const void *bytes, size_t len);
void redis_args_uint(struct redis_args *self, uint64_t value);
void redis_args_fixed(struct redis_args *self, double value, unsigned decimals);
/* The id of a stream entry: it may be replaced when the command must be sent again as new. */
void redis_args_id(struct redis_args *self, uint64_t ms, uint64_t seq);

/* The whole command; NULL when it did not fit. *id_at is counted from its beginning. */
const char *redis_args_end(struct redis_args *self, size_t *len, size_t *id_at);

/* The bulk form of a stream id; returns its length. */
size_t redis_args_id_text(uint64_t ms, uint64_t seq, char out[REDIS_ID_TEXT]);

#endif
