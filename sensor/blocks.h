/* blocks.h: memory for incomplete messages: few sizes, cut from one area at start.
 *
 * The area is slabs of BLOCK_LARGE bytes; a slab is free, given out whole, or cut into blocks of
 * BLOCK_SMALL or BLOCK_TINY: most of what is kept is the begin of a line. Owned by one worker;
 * nothing here calls malloc after blocks_new(). */
#ifndef SENSOR_BLOCKS_H
#define SENSOR_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#define BLOCK_TINY  ((size_t)512)
#define BLOCK_SMALL ((size_t)4096)
#define BLOCK_LARGE ((size_t)65536)

struct blocks;

/* bytes is rounded up to whole slabs, at least one. NULL when out of memory. */
struct blocks *blocks_new(size_t bytes);
void blocks_free(struct blocks *self);

/* The size of the least block that holds so many bytes, at most BLOCK_LARGE. */
static inline size_t block_size(size_t bytes)
{
	if (bytes <= BLOCK_TINY)
		return BLOCK_TINY;
	return bytes <= BLOCK_SMALL ? BLOCK_SMALL : BLOCK_LARGE;
}

/* A block of one of the sizes, not cleared; NULL when there is none left. The last quarter of the
 * slabs is not given out whole: few long messages do not take the room of many. */
uint8_t *blocks_take(struct blocks *self, size_t size);

/* size is the one it was taken with. */
void blocks_give(struct blocks *self, uint8_t *block, size_t size);

#endif
