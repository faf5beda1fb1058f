/* blocks.c: slabs on lists: free ones, and for each lesser size those that still have one to give.
 */
#include "sensor/blocks.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MASKS   (BLOCK_LARGE / BLOCK_TINY / 64)
#define RESERVE 4 /* one slab in so many is not given out whole */

_Static_assert(BLOCK_LARGE / BLOCK_TINY == MASKS * 64, "the least blocks of a slab are its bits");

enum cut { CUT_TINY, CUT_SMALL, CUTS };

struct slab {
	struct slab *next;
	struct slab *prev;    /* only on a list of cut slabs */
	uint64_t used[MASKS]; /* bit per block of a cut slab */
	uint16_t left;        /* blocks not in use; of one given out whole 0 */
	uint16_t blocks;      /* 1: whole */
};

struct blocks {
	uint8_t *area;
	struct slab *slabs;
	struct slab *free;      /* whole */
	struct slab *cut[CUTS]; /* at least one block in use, at least one not */
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

static void link_cut(struct slab **list, struct slab *slab)
{
	slab->prev = NULL;
	slab->next = *list;
	if (slab->next != NULL)
		slab->next->prev = slab;
	*list = slab;
}

static void unlink_cut(struct slab **list, struct slab *slab)
{
	if (slab->prev != NULL)
		slab->prev->next = slab->next;
	else
		*list = slab->next;
	if (slab->next != NULL)
		slab->next->prev = slab->prev;
}

static struct slab *take_slab(struct blocks *self, size_t size)
{
	struct slab *slab = self->free;

	if (slab == NULL)
		return NULL;
	self->free = slab->next;
	self->free_count--;
	slab->blocks = (uint16_t)(BLOCK_LARGE / size);
	slab->left = slab->blocks;
	memset(slab->used, 0, sizeof(slab->used));
	return slab;
}

static void give_slab(struct blocks *self, struct slab *slab)
{
	slab->next = self->free;
	self->free = slab;
	self->free_count++;
}

/* The first block of a cut slab that is not in use; there is one. */
static size_t take_bit(struct slab *slab)
{
	size_t mask = 0;
	unsigned bit;

	while (slab->used[mask] == UINT64_MAX)
		mask++;
	bit = (unsigned)__builtin_ctzll(~slab->used[mask]);
	slab->used[mask] |= UINT64_C(1) << bit;
	slab->left--;
	return 64 * mask + bit;
}

static struct slab **cut_list(struct blocks *self, size_t size)
{
	return &self->cut[size == BLOCK_TINY ? CUT_TINY : CUT_SMALL];
}

uint8_t *blocks_take(struct blocks *self, size_t size)
{
	struct slab **list = cut_list(self, size);
	bool is_whole = size == BLOCK_LARGE;
	struct slab *slab = is_whole ? NULL : *list;
	size_t place;

	assert(size == BLOCK_TINY || size == BLOCK_SMALL || is_whole);
	if (is_whole && self->free_count <= self->reserve)
		return NULL;
	if (slab == NULL) {
		slab = take_slab(self, size);
		if (slab == NULL)
			return NULL;
		if (!is_whole)
			link_cut(list, slab);
	}
	place = take_bit(slab);
	if (!is_whole && slab->left == 0)
		unlink_cut(list, slab);
	return self->area + (size_t)(slab - self->slabs) * BLOCK_LARGE + place * size;
}

void blocks_give(struct blocks *self, uint8_t *block, size_t size)
{
	size_t offset = (size_t)(block - self->area);
	struct slab *slab = &self->slabs[offset / BLOCK_LARGE];
	size_t place = offset % BLOCK_LARGE / size;
	uint64_t bit = UINT64_C(1) << place % 64;

	assert(slab->blocks == BLOCK_LARGE / size && (slab->used[place / 64] & bit) != 0);
	slab->used[place / 64] &= ~bit;
	slab->left++;
	if (size != BLOCK_LARGE && slab->left == 1)
		link_cut(cut_list(self, size), slab);
	if (size != BLOCK_LARGE && slab->left == slab->blocks)
		unlink_cut(cut_list(self, size), slab);
	if (slab->left == slab->blocks)
		give_slab(self, slab);
}
