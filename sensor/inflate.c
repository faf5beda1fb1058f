/* inflate.c: zlib's inflate() with limits, from a pool. */
#include "sensor/inflate.h"

#include <assert.h>
#include <stdlib.h>
#include <zlib.h>

#include "sensor/limits.h"

#define OUT_BYTES  16384
#define FREE_BYTES 16384 /* of a message that grow without regard to the ratio */

/* windowBits of inflateInit2(). */
#define BITS_GZIP    (16 + MAX_WBITS)
#define BITS_ZLIB    MAX_WBITS
#define BITS_DEFLATE (-MAX_WBITS)

struct inflater {
	struct inflate_pool *pool;
	struct inflater *next_free;
	z_stream stream;
	uint64_t taken; /* bytes of the current message */
	uint64_t given;
	enum encoding encoding;
	bool is_bad;
	bool is_over; /* the data's own end */
};

struct inflate_pool {
	struct inflater *all;
	struct inflater *free;
	uint8_t out[OUT_BYTES];
};

struct inflate_pool *inflate_pool_new(size_t count)
{
	struct inflate_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->all = calloc(count + 1, sizeof(*pool->all));
	if (pool->all == NULL) {
		free(pool);
		return NULL;
	}
	for (size_t i = count; i-- > 0;) {
		pool->all[i].pool = pool;
		pool->all[i].next_free = pool->free;
		pool->free = &pool->all[i];
	}
	return pool;
}

void inflate_pool_free(struct inflate_pool *pool)
{
	if (pool == NULL)
		return;
	free(pool->all);
	free(pool);
}

static int window_bits(enum encoding encoding)
{
	switch (encoding) {
	case ENCODING_GZIP:
		return BITS_GZIP;
	case ENCODING_ZLIB:
		return BITS_ZLIB;
	case ENCODING_DEFLATE:
	case ENCODING_NONE:
		break;
	}
	return BITS_DEFLATE;
}

struct inflater *inflater_new(struct inflate_pool *pool, enum encoding encoding)
{
	struct inflater *self = pool->free;

	if (self == NULL)
		return NULL;
	memset(&self->stream, 0, sizeof(self->stream));
	if (inflateInit2(&self->stream, window_bits(encoding)) != Z_OK)
		return NULL;
	pool->free = self->next_free;
	self->encoding = encoding;
	self->taken = self->given = 0;
	self->is_bad = self->is_over = false;
	return self;
}

void inflater_free(struct inflater *self)
{
	if (self == NULL)
		return;
	(void)inflateEnd(&self->stream);
	self->next_free = self->pool->free;
	self->pool->free = self;
}

void inflater_begin(struct inflater *self, bool keep)
{
	self->taken = self->given = 0;
	if (keep)
		return;
	self->is_bad = inflateReset2(&self->stream, window_bits(self->encoding)) != Z_OK;
	self->is_over = false;
}

static bool is_bomb(const struct inflater *self)
{
	return self->given > LIMIT_INFLATE_BYTES ||
	       (self->given > FREE_BYTES && self->given > LIMIT_INFLATE_RATIO * self->taken);
}

struct slice inflater_run(struct inflater *self, struct slice in, size_t *used)
{
	struct inflate_pool *pool = self->pool;
	int result;

	*used = 0;
	if (in.len == 0 || self->is_bad || self->is_over)
		return slice_of(pool->out, 0);
	/* zlib does not write to its input; its type predates const. */
	self->stream.next_in = (z_const Bytef *)(uintptr_t)in.ptr;
	self->stream.avail_in = in.len > UINT32_MAX ? UINT32_MAX : (uInt)in.len;
	self->stream.next_out = pool->out;
	self->stream.avail_out = sizeof(pool->out);
	result = inflate(&self->stream, Z_SYNC_FLUSH);
	*used = in.len - self->stream.avail_in;

	size_t len = sizeof(pool->out) - self->stream.avail_out;

	self->taken += *used;
	self->given += len;
	self->is_over = result == Z_STREAM_END;
	self->is_bad = (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) ||
		       is_bomb(self);
	if (self->is_bad)
		len = 0;
	assert(*used <= in.len);
	return slice_of(pool->out, len);
}

bool inflater_is_bad(const struct inflater *self)
{
	return self->is_bad;
}
