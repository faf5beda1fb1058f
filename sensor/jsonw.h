/* jsonw.h: a bounded writer of one JSON line.
 *
 * Any byte sequence comes out as valid JSON: control bytes are escaped, invalid UTF-8 becomes
 * U+FFFD, strings are capped. Overflow sets `is_full` and the line must not be used. */
#ifndef SENSOR_JSONW_H
#define SENSOR_JSONW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define JSONW_DEPTH      16
#define JSONW_STRING_MAX 1024 /* bytes of one string that are written; the rest is cut */
#define JSONW_TIME_LEN   31   /* of the time format, without NUL */

struct jsonw {
	char *out;
	size_t size;
	size_t len;
	bool is_full;
	uint8_t depth;
	bool has_member[JSONW_DEPTH];
};

/* out holds size bytes and belongs to the caller; the text is not NUL-terminated until the end. */
void jsonw_init(struct jsonw *w, char *out, size_t size);
void jsonw_close_object(struct jsonw *w);
void jsonw_close_array(struct jsonw *w);

/* What begins or is a value, and what comes before each: a comma and the key. */
void jsonw_begin(struct jsonw *w, const char *key, size_t key_len);
void jsonw_put_open(struct jsonw *w, char bracket);
void jsonw_put_bytes(struct jsonw *w, const void *bytes, size_t len);
void jsonw_put_fixed(struct jsonw *w, double value, unsigned decimals);
void jsonw_put_bool(struct jsonw *w, bool value);
void jsonw_put_time(struct jsonw *w, uint64_t time_ns);

/* Both in one, of the most frequent values. */
void jsonw_add_text(struct jsonw *w, const char *key, size_t key_len, const char *text);
void jsonw_add_uint(struct jsonw *w, const char *key, size_t key_len, uint64_t value);

/* The members of a line. Keys are ours: plain ASCII without anything to escape; NULL: at the root
 * or in an array. Inline always, so that the length of a literal key is known to the compiler:
 * every event has dozens of them. */
#define JSONW_MEMBER static inline __attribute__((always_inline)) void

static inline __attribute__((always_inline)) size_t jsonw_key_len(const char *key)
{
	return key == NULL ? 0 : strlen(key);
}

JSONW_MEMBER jsonw_key(struct jsonw *w, const char *key)
{
	jsonw_begin(w, key, jsonw_key_len(key));
}

JSONW_MEMBER jsonw_object(struct jsonw *w, const char *key)
{
	jsonw_key(w, key);
	jsonw_put_open(w, '{');
}

JSONW_MEMBER jsonw_array(struct jsonw *w, const char *key)
{
	jsonw_key(w, key);
	jsonw_put_open(w, '[');
}

JSONW_MEMBER jsonw_bytes(struct jsonw *w, const char *key, const void *bytes, size_t len)
{
	jsonw_key(w, key);
	jsonw_put_bytes(w, bytes, len);
}

JSONW_MEMBER jsonw_text(struct jsonw *w, const char *key, const char *text)
{
	jsonw_add_text(w, key, jsonw_key_len(key), text);
}

JSONW_MEMBER jsonw_uint(struct jsonw *w, const char *key, uint64_t value)
{
	jsonw_add_uint(w, key, jsonw_key_len(key), value);
}

/* Fixed decimals, '.' whatever the locale; not finite becomes 0. */
JSONW_MEMBER jsonw_fixed(struct jsonw *w, const char *key, double value, unsigned decimals)
{
	jsonw_key(w, key);
	jsonw_put_fixed(w, value, decimals);
}

JSONW_MEMBER jsonw_bool(struct jsonw *w, const char *key, bool value)
{
	jsonw_key(w, key);
	jsonw_put_bool(w, value);
}

/* 2026-03-05T10:01:07.123456+0000 */
JSONW_MEMBER jsonw_time(struct jsonw *w, const char *key, uint64_t time_ns)
{
	jsonw_key(w, key);
	jsonw_put_time(w, time_ns);
}

/* Length of the finished line (NUL-terminated, no line feed), or 0 when it did not fit. */
size_t jsonw_finish(struct jsonw *w);

/* The time format of jsonw_time(), for flat fields. out holds 32 bytes. */
void jsonw_time_text(uint64_t time_ns, char *out, size_t size);

/* The number format of jsonw_fixed(), for flat fields: NUL-terminated; returns its length, 0 when
 * it did not fit. */
size_t jsonw_fixed_text(double value, unsigned decimals, char *out, size_t size);

/* Length of the well-formed UTF-8 sequence that begins here (RFC 3629), 0 when there is none. */
size_t jsonw_utf8_len(const uint8_t *bytes, size_t len);

/* True for a sequence of that length that makes a line look like another one: C1 controls, U+200E,
 * U+200F, U+2028 to U+202E and U+2066 to U+2069. */
bool jsonw_is_deceiving(const uint8_t *bytes, size_t len);

#endif
