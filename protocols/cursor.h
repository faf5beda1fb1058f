/* cursor.h: the checked reader. All bytes from the wire are read through it.
 *
 * The first read past the end sets `bad`; later reads return zero or nothing. Read a whole header,
 * then check `bad` once before anything that was read is used. */
#ifndef PROTOCOLS_CURSOR_H
#define PROTOCOLS_CURSOR_H

#include <assert.h>

#include "protocols/slice.h"

struct cursor {
	struct slice in;
	size_t pos; /* <= in.len, always */
	bool bad;
};

static inline struct cursor cursor_of(struct slice in)
{
	return (struct cursor){ .in = in, .pos = 0, .bad = false };
}

static inline size_t cursor_left(const struct cursor *c)
{
	return c->bad ? 0 : c->in.len - c->pos;
}

/* What has not been read; empty when bad. */
static inline struct slice cursor_rest(const struct cursor *c)
{
	return slice_of(c->in.ptr + (c->in.len == 0 ? 0 : c->pos), cursor_left(c));
}

static inline struct slice cursor_take(struct cursor *c, size_t n)
{
	assert(c->pos <= c->in.len);
	if (c->bad || n > c->in.len - c->pos) { /* subtract, never add: no overflow */
		c->bad = true;
		return slice_of(c->in.ptr, 0);
	}
	struct slice out = slice_sub(c->in, c->pos, n);
	c->pos += n;
	return out;
}

static inline void cursor_skip(struct cursor *c, size_t n)
{
	(void)cursor_take(c, n);
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	struct slice s = cursor_take(c, 1);

	return s.len < 1 ? 0 : s.ptr[0];
}

/* The next n bytes, all of them, or NULL: a header whose fields are read with one check. n > 0. */
static inline const uint8_t *cursor_header(struct cursor *c, size_t n)
{
	struct slice s = cursor_take(c, n);

	return s.len < n ? NULL : s.ptr;
}

/* Fields of such a header, of wire and file formats. */
static inline uint16_t field_u16be(const uint8_t *field)
{
	return (uint16_t)((unsigned)field[0] << 8 | field[1]);
}

static inline uint32_t field_u24be(const uint8_t *field)
{
	return (uint32_t)field[0] << 16 | field_u16be(field + 1);
}

static inline uint32_t field_u32be(const uint8_t *field)
{
	return (uint32_t)field_u16be(field) << 16 | field_u16be(field + 2);
}

static inline uint64_t field_u64be(const uint8_t *field)
{
	return (uint64_t)field_u32be(field) << 32 | field_u32be(field + 4);
}

static inline uint16_t field_u16le(const uint8_t *field)
{
	return (uint16_t)((unsigned)field[1] << 8 | field[0]);
}

static inline uint32_t field_u24le(const uint8_t *field)
{
	return (uint32_t)field[2] << 16 | field_u16le(field);
}

static inline uint32_t field_u32le(const uint8_t *field)
{
	return (uint32_t)field_u16le(field + 2) << 16 | field_u16le(field);
}

static inline uint64_t field_u64le(const uint8_t *field)
{
	return (uint64_t)field_u32le(field + 4) << 32 | field_u32le(field);
}

static inline uint16_t cursor_u16be(struct cursor *c)
{
	const uint8_t *field = cursor_header(c, 2);

	return field == NULL ? 0 : field_u16be(field);
}

static inline uint32_t cursor_u24be(struct cursor *c)
{
	const uint8_t *field = cursor_header(c, 3);

	return field == NULL ? 0 : field_u24be(field);
}

static inline uint32_t cursor_u32be(struct cursor *c)
{
	const uint8_t *field = cursor_header(c, 4);

	return field == NULL ? 0 : field_u32be(field);
}

static inline uint64_t cursor_u64be(struct cursor *c)
{
	const uint8_t *field = cursor_header(c, 8);

	return field == NULL ? 0 : field_u64be(field);
}

static inline uint16_t cursor_u16le(struct cursor *c)
{
	const uint8_t *field = cursor_header(c, 2);

	return field == NULL ? 0 : field_u16le(field);
}

static inline uint32_t cursor_u24le(struct cursor *c)
{
	const uint8_t *field = cursor_header(c, 3);

	return field == NULL ? 0 : field_u24le(field);
}

static inline uint32_t cursor_u32le(struct cursor *c)
{
	const uint8_t *field = cursor_header(c, 4);

	return field == NULL ? 0 : field_u32le(field);
}

static inline uint64_t cursor_u64le(struct cursor *c)
{
	const uint8_t *field = cursor_header(c, 8);

	return field == NULL ? 0 : field_u64le(field);
}

#endif
