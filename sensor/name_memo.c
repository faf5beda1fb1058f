/* name_memo.c: slots[hash of name and port] = the rest of the hash, id. */
#include "sensor/name_memo.h"

#include <stdlib.h>
#include <sys/random.h>

#include "sensor/hash_mix.h"
#include "sensor/siphash.h"

#define SLOTS 4096u /* a power of two: 64 KiB */

struct name_slot {
	uint64_t hash; /* never 0; 0: free */
	uint32_t id;
};

struct name_memo {
	struct siphash_key key;
	uint64_t serial; /* of the lists that the slots are about */
	struct name_slot slots[SLOTS];
};

struct name_memo *name_memo_new(void)
{
	struct name_memo *self = calloc(1, sizeof(*self));

	if (self != NULL &&
	    getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key)) {
		free(self);
		return NULL;
	}
	return self;
}

void name_memo_free(struct name_memo *self)
{
	free(self);
}

/* Of another port the same name may be another entry. Several names a look-up: SipHash would take
 * half of what the memo saves, and whoever does not know the key finds no two names of one hash. */
static uint64_t hash_of(const struct name_memo *self, struct slice name, uint16_t port)
{
	uint64_t hash = hash_mix(self->key.k[0] ^ port, name.len ^ 0x9e3779b97f4a7c15u);
	uint64_t word;

	for (; name.len >= sizeof(word); name = slice_tail(name, sizeof(word))) {
		memcpy(&word, name.ptr, sizeof(word));
		hash = hash_mix(hash ^ word, self->key.k[1] ^ 0xa0761d6478bd642fu);
	}
	word = 0;
	if (name.len > 0)
		memcpy(&word, name.ptr, name.len);
	return hash_mix(hash ^ word, self->key.k[1] ^ 0xe7037ed1a0b428dbu) | 1;
}

uint32_t name_memo_match(struct name_memo *self, const struct lists *lists, struct slice name,
			 uint16_t port)
{
	struct name_slot *slot;
	uint64_t hash;

	if (lists_size(lists) == 0)
		return 0;
	if (self->serial != lists_serial(lists)) {
		memset(self->slots, 0, sizeof(self->slots));
		self->serial = lists_serial(lists);
	}
	hash = hash_of(self, name, port);
	slot = &self->slots[hash >> 32 & (SLOTS - 1)];
	if (slot->hash != hash) {
		slot->id = lists_match_name(lists, LIST_WATCHED, (const char *)name.ptr, name.len,
					    port);
		slot->hash = hash;
	}
	return slot->id;
}
