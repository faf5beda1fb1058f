/* watched.c: a hash set of 64-bit tags in sets of eight slots. */
#include "sensor/watched.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sensor/hash_mix.h"
#include "sensor/siphash.h"

#define SETS 2048 /* a power of two */
#define WAYS 8    /* one cache line */

struct watched {
	_Atomic uint64_t slots[SETS][WAYS]; /* hash of an address; 0: free */
	_Atomic uint32_t next[SETS];        /* the slot of a full set that is overwritten next */
	_Atomic bool has_any;
	struct siphash_key key;
};

struct watched *watched_new(void)
{
	struct watched *self = calloc(1, sizeof(*self));

	if (self != NULL &&
	    getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key)) {
		free(self);
		return NULL;
	}
	return self;
}

void watched_free(struct watched *self)
{
	free(self);
}

/* Asked once for every flow. */
static uint64_t hash_of(const struct watched *self, uint8_t ip_version, const uint8_t *addr)
{
	uint64_t words[2] = { 0, 0 };

	memcpy(words, addr, ip_version == 4 ? 4 : 16);
	words[0] = hash_mix(words[0] ^ self->key.k[0], ip_version ^ 0xa0761d6478bd642fu);
	return hash_mix(words[0] ^ self->key.k[1], words[1] ^ 0xe7037ed1a0b428dbu) | 1;
}

static size_t set_of(uint64_t hash)
{
	return hash >> 32 & (SETS - 1);
}

void watched_add(struct watched *self, uint8_t ip_version, const uint8_t *addr)
{
	uint64_t hash = hash_of(self, ip_version, addr);
	_Atomic uint64_t *set = self->slots[set_of(hash)];
	uint32_t victim;

	if (watched_has(self, ip_version, addr))
		return;
	atomic_store_explicit(&self->has_any, true, memory_order_relaxed);
	for (size_t i = 0; i < WAYS; i++) {
		uint64_t none = 0;

		if (atomic_compare_exchange_strong_explicit(
			    &set[i], &none, hash, memory_order_release, memory_order_relaxed))
			return;
	}
	victim = atomic_fetch_add_explicit(&self->next[set_of(hash)], 1, memory_order_relaxed);
	atomic_store_explicit(&set[victim % WAYS], hash, memory_order_release);
}

bool watched_has(const struct watched *self, uint8_t ip_version, const uint8_t *addr)
{
	uint64_t hash;
	const _Atomic uint64_t *set;

	if (!atomic_load_explicit(&self->has_any, memory_order_relaxed))
		return false;
	hash = hash_of(self, ip_version, addr);
	set = self->slots[set_of(hash)];
	for (size_t i = 0; i < WAYS; i++)
		if (atomic_load_explicit(&set[i], memory_order_acquire) == hash)
			return true;
	return false;
}
