/* blocks.c: slabs on two lists: free ones, and those that still have a small block to give. */
#include "sensor/blocks.h"

#include <assert.h>
#include <stdlib.h>

#define SMALL_COUNT (BLOCK_LARGE / BLOCK_SMALL)
#define ALL_USED    0xffffu
#define RESERVE     4 /* one slab in so many is for small blocks only */

_Static_assert(SMALL_COUNT == 16, "the small blocks of a slab are the bits of a uint16_t");

struct slab {
	struct slab *next;
	struct slab *prev; /* only on the list of cut slabs */
	uint16_t used;     /* bit per small block; ALL_USED when given out whole */
};

struct blocks {
	uint8_t *area;
	struct slab *slabs;
	struct slab *free; /* whole */
	struct slab *cut;  /* at least one small block in use, at least one not */
	size_t free_count;
	size_t reserve; /* free slabs that no large block gets */
};

struct blocks *blocks_new(size_t bytes)
{
	size_t count = bytes / BLOCK_LARGE + (bytes % BLOCK_LARGE != 0 || bytes == 0);
	struct blocks *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->area = malloc(count * BLOCK_LARGE);
	self->slabs = calloc(count, sizeof(*self->slabs));
	if (self->area == NULL || self->slabs == NULL) {
		blocks_free(self);
		return NULL;
	}
	self->free_count = count;
	self->reserve = count / RESERVE;
	for (size_t i = count; i-- > 0;) {
		self->slabs[i].next = self->free;
		self->free = &self->slabs[i];
	}
	return self;
}

void blocks_free(struct blocks *self)
{
	if (self == NULL)
		return;
	free(self->area);
	free(self->slabs);
	free(self);
}

static void link_cut(struct blocks *self, struct slab *slab)
{
	slab->prev = NULL;
	slab->next = self->cut;
	if (slab->next != NULL)
		slab->next->prev = slab;
	self->cut = slab;
}

static void unlink_cut(struct blocks *self, struct slab *slab)
{
	if (slab->prev != NULL)
		slab->prev->next = slab->next;
	else
		self->cut = slab->next;
	if (slab->next != NULL)
		slab->next->prev = slab->prev;
}

static struct slab *take_slab(struct blocks *self)
{
	struct slab *slab = self->free;

	if (slab == NULL)
		return NULL;
	self->free = slab->next;
	self->free_count--;
	return slab;
}

uint8_t *blocks_take(struct blocks *self, size_t size)
{
	struct slab *slab = self->cut;
	unsigned bit;

	assert(size == BLOCK_SMALL || size == BLOCK_LARGE);
	if (size == BLOCK_LARGE && self->free_count <= self->reserve)
		return NULL;
	if (size == BLOCK_LARGE || slab == NULL) {
		slab = take_slab(self);
		if (slab == NULL)
			return NULL;
		slab->used = size == BLOCK_LARGE ? ALL_USED : 0;
		if (size == BLOCK_LARGE)
			return self->area + (size_t)(slab - self->slabs) * BLOCK_LARGE;
		link_cut(self, slab);
	}
	bit = (unsigned)__builtin_ctz(~(unsigned)slab->used);
	slab->used |= (uint16_t)(1u << bit);
	if (slab->used == ALL_USED)
		unlink_cut(self, slab);
	return self->area + (size_t)(slab - self->slabs) * BLOCK_LARGE + bit * BLOCK_SMALL;
}

void blocks_give(struct blocks *self, uint8_t *block, size_t size)
{
	size_t offset = (size_t)(block - self->area);
	struct slab *slab = &self->slabs[offset / BLOCK_LARGE];
	unsigned mask = 1u << offset % BLOCK_LARGE / BLOCK_SMALL;

	if (size == BLOCK_LARGE) {
		assert(slab->used == ALL_USED);
		slab->used = 0;
	} else {
		assert((slab->used & mask) != 0);
		if (slab->used == ALL_USED)
			link_cut(self, slab);
		slab->used &= (uint16_t)~mask;
		if (slab->used == 0)
			unlink_cut(self, slab);
	}
	if (slab->used == 0) {
		slab->next = self->free;
		self->free = slab;
		self->free_count++;
	}
}
