/* mend.c: texts that JSON's grammar allows and the parser refuses. */
#include "sensor/trail/mend.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/jsonw.h"

#define ESCAPE_BYTES 6 /* \uXXXX */

/* The unit of an escape \uXXXX; -1: it is none. */
static long escape_value(const char *bytes, size_t len)
{
	long value = 0;

	if (len < ESCAPE_BYTES || bytes[0] != '\\' || bytes[1] != 'u')
		return -1;
	for (size_t i = 2; i < ESCAPE_BYTES; i++) {
		char c = bytes[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value * 16 + (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			value = value * 16 + (c - 'A' + 10);
		else
			return -1;
	}
	return value;
}

static bool is_high(long value)
{
	return value >= 0xd800 && value <= 0xdbff;
}

static bool is_low(long value)
{
	return value >= 0xdc00 && value <= 0xdfff;
}

/* At a backslash: how many bytes it takes; mended when needed. */
static size_t mend_escape(char *bytes, size_t len, size_t *count)
{
	long value = escape_value(bytes, len);

	if (value < 0)
		return len < 2 ? len : 2;
	if (is_high(value) && len >= ESCAPE_BYTES &&
	    is_low(escape_value(bytes + ESCAPE_BYTES, len - ESCAPE_BYTES)))
		return 2 * (size_t)ESCAPE_BYTES;
	if (value == 0 || is_high(value) || is_low(value)) {
		for (size_t i = 0; i < 4; i++)
			bytes[2 + i] = "fffd"[i];
		(*count)++;
	}
	return ESCAPE_BYTES;
}

size_t mend_texts(char *bytes, size_t len)
{
	bool in_text = false;
	size_t count = 0;
	size_t at = 0;

	while (at < len) {
		if (in_text && bytes[at] == '\\') {
			at += mend_escape(bytes + at, len - at, &count);
			continue;
		}
		if (in_text && (uint8_t)bytes[at] >= 0x80) {
			size_t used = jsonw_utf8_len((const uint8_t *)bytes + at, len - at);

			if (used == 0) {
				bytes[at] = '?';
				count++;
			}
			at += used == 0 ? 1 : used;
			continue;
		}
		in_text ^= bytes[at] == '"';
		at++;
	}
	return count;
}

json_t *mend_parse(const char *bytes, size_t len, char **copy, json_error_t *error)
{
	json_t *json = json_loadb(bytes, len, 0, error);

	*copy = NULL;
	if (json != NULL)
		return json;
	*copy = malloc(len + 1);
	if (*copy == NULL)
		return NULL;
	memcpy(*copy, bytes, len);
	(*copy)[len] = '\0';
	if (mend_texts(*copy, len) > 0)
		json = json_loadb(*copy, len, 0, error);
	if (json == NULL) {
		free(*copy);
		*copy = NULL;
	}
	return json;
}
