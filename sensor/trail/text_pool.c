/* text_pool.c: a hash set of texts, and the memory they lie in. */
#include "sensor/trail/text_pool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sensor/siphash.h"
#include "sensor/trail/limits.h"

#define BLOCK_BYTES    65536
#define SLOTS_AT_FIRST 1024

struct block {
	struct block *next;
	size_t used;
	char bytes[BLOCK_BYTES];
};

struct text_pool {
	struct siphash_key key;
	const char **slots; /* open addressing; a power of two */
	size_t slot_count;
	size_t count;
	struct block *blocks;
	size_t bytes;
	size_t max_bytes;
	uint64_t refused;
};

struct text_pool *text_pool_new(size_t max_bytes)
{
	struct text_pool *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->max_bytes = max_bytes;
	self->slot_count = SLOTS_AT_FIRST;
	self->slots = calloc(self->slot_count, sizeof(*self->slots));
	if (self->slots == NULL ||
	    getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key)) {
		text_pool_free(self);
		return NULL;
	}
	return self;
}

void text_pool_free(struct text_pool *self)
{
	if (self == NULL)
		return;
	while (self->blocks != NULL) {
		struct block *block = self->blocks;

		self->blocks = block->next;
		free(block);
	}
	free(self->slots);
	free(self);
}

/* The slot that holds the text, or the free one where it belongs. */
static size_t find_slot(const struct text_pool *self, const char *text, size_t len)
{
	size_t mask = self->slot_count - 1;
	size_t at = (size_t)siphash128(text, len, self->key).h[0] & mask;

	while (self->slots[at] != NULL &&
	       (strncmp(self->slots[at], text, len) != 0 || self->slots[at][len] != '\0'))
		at = (at + 1) & mask;
	return at;
}

static int grow(struct text_pool *self)
{
	const char **old = self->slots;
	size_t old_count = self->slot_count;
	const char **slots = calloc(old_count * 2, sizeof(*slots));

	if (slots == NULL)
		return -1;
	self->slots = slots;
	self->slot_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++)
		if (old[i] != NULL)
			self->slots[find_slot(self, old[i], strlen(old[i]))] = old[i];
	free(old);
	return 0;
}

/* NULL: no room. */
static const char *keep(struct text_pool *self, const char *text, size_t len)
{
	struct block *block = self->blocks;

	if (self->bytes + len + 1 > self->max_bytes)
		return NULL;
	if (block == NULL || BLOCK_BYTES - block->used < len + 1) {
		block = malloc(sizeof(*block));
		if (block == NULL)
			return NULL;
		block->next = self->blocks;
		block->used = 0;
		self->blocks = block;
	}

	char *copy = block->bytes + block->used;

	memcpy(copy, text, len);
	copy[len] = '\0';
	block->used += len + 1;
	self->bytes += len + 1;
	return copy;
}

/* Bytes of the text that are kept: never half a character. */
static size_t cut(const char *text)
{
	size_t len = strnlen(text, TRAIL_TEXT);

	if (len < TRAIL_TEXT)
		return len;
	while (len > TRAIL_TEXT - 4 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

const char *text_pool_get(struct text_pool *self, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return "";

	size_t len = cut(text);
	size_t slot = find_slot(self, text, len);

	if (self->slots[slot] != NULL)
		return self->slots[slot];
	if (self->count * 4 >= self->slot_count * 3) {
		if (grow(self) != 0) {
			self->refused++;
			return "?";
		}
		slot = find_slot(self, text, len);
	}

	const char *copy = keep(self, text, len);

	if (copy == NULL) {
		self->refused++;
		return "?";
	}
	self->slots[slot] = copy;
	self->count++;
	return copy;
}

uint64_t text_pool_refused(const struct text_pool *self)
{
	return self->refused;
}
