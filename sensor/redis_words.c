/* redis_words.c: reads the length-prefixed words of a command.
 *
 * Reference: the Redis protocol specification (RESP2), arrays of bulk strings. */
#include "sensor/redis_words.h"

#include <errno.h>
#include <string.h>

/* "<mark><number>\r\n" */
static int read_number(struct redis_words *self, char mark, size_t *out)
{
	size_t value = 0;
	size_t i = 1;

	if (self->left < 4 || self->at[0] != mark)
		return -EBADMSG;
	for (; i < self->left && self->at[i] >= '0' && self->at[i] <= '9' && i < 10; i++)
		value = value * 10 + (size_t)(self->at[i] - '0');
	if (i == 1 || self->left - i < 2 || memcmp(self->at + i, "\r\n", 2) != 0)
		return -EBADMSG;
	self->at += i + 2;
	self->left -= i + 2;
	*out = value;
	return 0;
}

int redis_words_begin(struct redis_words *self, size_t *count)
{
	return read_number(self, '*', count);
}

int redis_words_next(struct redis_words *self, struct redis_word *out)
{
	size_t len;

	if (read_number(self, '$', &len) < 0 || len > self->left || self->left - len < 2)
		return -EBADMSG;
	*out = (struct redis_word){ self->at, len };
	self->at += len + 2;
	self->left -= len + 2;
	return 0;
}
