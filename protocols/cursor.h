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

static inline uint16_t cursor_u16be(struct cursor *c)
{
	struct slice s = cursor_take(c, 2);

	return s.len < 2 ? 0 : (uint16_t)((unsigned)s.ptr[0] << 8 | s.ptr[1]);
}

static inline uint32_t cursor_u24be(struct cursor *c)
{
	struct slice s = cursor_take(c, 3);

	return s.len < 3 ? 0 : (uint32_t)s.ptr[0] << 16 | (uint32_t)s.ptr[1] << 8 | s.ptr[2];
}

static inline uint32_t cursor_u32be(struct cursor *c)
{
	uint32_t high = cursor_u16be(c);

	return high << 16 | cursor_u16be(c);
}

static inline uint64_t cursor_u64be(struct cursor *c)
{
	uint64_t high = cursor_u32be(c);

	return high << 32 | cursor_u32be(c);
}

static inline uint16_t cursor_u16le(struct cursor *c)
{
	struct slice s = cursor_take(c, 2);

	return s.len < 2 ? 0 : (uint16_t)((unsigned)s.ptr[1] << 8 | s.ptr[0]);
}

static inline uint32_t cursor_u24le(struct cursor *c)
{
	struct slice s = cursor_take(c, 3);

	return s.len < 3 ? 0 : (uint32_t)s.ptr[2] << 16 | (uint32_t)s.ptr[1] << 8 | s.ptr[0];
}

static inline uint32_t cursor_u32le(struct cursor *c)
{
	uint32_t low = cursor_u16le(c);

	return low | (uint32_t)cursor_u16le(c) << 16;
}

static inline uint64_t cursor_u64le(struct cursor *c)
{
	uint64_t low = cursor_u32le(c);

	return low | (uint64_t)cursor_u32le(c) << 32;
}

#endif
