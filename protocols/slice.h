/* slice.h: borrowed bytes.
 *
 * A slice never owns, is never freed and is never NUL-terminated. Pointer arithmetic on input
 * lives here and in cursor.h, nowhere else. */
#ifndef PROTOCOLS_SLICE_H
#define PROTOCOLS_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *ptr; /* valid for len bytes; NULL only when len is 0 */
	size_t len;
};

static inline struct slice slice_of(const void *ptr, size_t len)
{
	return (struct slice){ .ptr = ptr, .len = len };
}

/* The bytes of a C string, without its NUL. */
static inline struct slice slice_str(const char *text)
{
	return slice_of(text, strlen(text));
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Most texts differ in their first byte already. */
static inline bool slice_is(struct slice a, const char *text)
{
	return (a.len == 0 || a.ptr[0] == (uint8_t)text[0]) && slice_eq(a, slice_str(text));
}

static inline bool slice_starts(struct slice a, const char *prefix)
{
	if (a.len == 0 || a.ptr[0] != (uint8_t)prefix[0])
		return prefix[0] == '\0';
	size_t len = strlen(prefix);

	return len <= a.len && memcmp(a.ptr, prefix, len) == 0;
}

/* The first n bytes, or all when there are fewer. */
static inline struct slice slice_head(struct slice a, size_t n)
{
	return slice_of(a.ptr, n < a.len ? n : a.len);
}

/* What follows the first n bytes; empty when there are no more. */
static inline struct slice slice_tail(struct slice a, size_t n)
{
	return n < a.len ? slice_of(a.ptr + n, a.len - n) : slice_of(a.ptr, 0);
}

/* At most n bytes from offset; empty when offset is past the end. */
static inline struct slice slice_sub(struct slice a, size_t offset, size_t n)
{
	return slice_head(slice_tail(a, offset), n);
}

/* Index of the first such byte, or a.len when there is none. */
static inline size_t slice_find(struct slice a, uint8_t byte)
{
	const uint8_t *hit = a.len == 0 ? NULL : memchr(a.ptr, byte, a.len);

	return hit == NULL ? a.len : (size_t)(hit - a.ptr);
}

/* Copies at most size - 1 bytes and a NUL; returns the bytes copied. Cuts, never overflows. */
static inline size_t slice_copy(struct slice a, char *out, size_t size)
{
	size_t n = a.len < size - 1 ? a.len : size - 1;

	if (n > 0)
		memcpy(out, a.ptr, n);
	out[n] = '\0';
	return n;
}

/* FNV-1a of the bytes; never 0, so that 0 can mean "none". Not for tables a stranger can fill. */
static inline uint64_t slice_hash(struct slice a)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < a.len; i++)
		hash = (hash ^ a.ptr[i]) * 0x100000001b3u;
	return hash == 0 ? 1 : hash;
}

#endif
