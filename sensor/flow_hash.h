/* flow_hash.h: the keyed hash of flow keys, asked once for every packet.
 *
 * NH (J. Black et al., "UMAC: Fast and Secure Message Authentication"), in words of 64 bits and
 * twice, the second time with the key moved by one pair; each sum of 128 bits then becomes 64 by
 * multiply-add-shift (M. Dietzfelbinger, "Universal hashing and k-wise independent random variables
 * via integer arithmetic without primes"):
 *
 *	sum[j] = (w0 + k[2j]) (w1 + k[2j+1]) + (w2 + k[2j+2]) (w3 + k[2j+3]) + ...   mod 2^128
 *	h[j]   = (a[j] + low(sum[j]) b[j] + high(sum[j]) c[j]) / 2^64                mod 2^64
 *
 * For any two keys chosen without knowledge of ours, both halves of their tags are the same with a
 * chance of some 2^-126, so a tag stands for its key; SipHash would take three times as long. */
#ifndef SENSOR_FLOW_HASH_H
#define SENSOR_FLOW_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sensor/flow_key.h"
#include "sensor/siphash.h"

#define FLOW_HASH_WORDS       8 /* a key, with zeros behind it */
#define FLOW_HASH_WORDS_SHORT 4 /* of IPv4 */

struct flow_hash {
	uint64_t k[FLOW_HASH_WORDS + 2];
	__uint128_t fold[2][3]; /* a, b, c */
};

struct flow_tag {
	uint64_t h[2];
};

_Static_assert(sizeof(struct flow_key) <= FLOW_HASH_WORDS * sizeof(uint64_t), "a key fits");

/* All words from one key, by the hash that may be asked for them slowly. */
static inline struct flow_hash flow_hash_of(struct siphash_key key)
{
	struct flow_hash self = { 0 };
	uint8_t *bytes = (uint8_t *)&self;

	for (uint64_t i = 0; i < sizeof(self) / sizeof(struct siphash_tag); i++) {
		struct siphash_tag words = siphash128(&i, sizeof(i), key);

		memcpy(bytes + i * sizeof(words), &words, sizeof(words));
	}
	return self;
}

_Static_assert(sizeof(struct flow_hash) % sizeof(struct siphash_tag) == 0, "no word is left out");

static inline uint64_t flow_hash_fold(const __uint128_t fold[3], __uint128_t sum)
{
	return (uint64_t)((fold[0] + (uint64_t)sum * fold[1] + (uint64_t)(sum >> 64) * fold[2]) >>
			  64);
}

static inline struct flow_tag flow_hash_words(const struct flow_hash *self, const uint64_t *words,
					      size_t count)
{
	__uint128_t sum[2] = { 0, 0 };

	for (size_t i = 0; i < count; i += 2)
		for (size_t j = 0; j < 2; j++)
			sum[j] += (__uint128_t)(words[i] + self->k[i + 2 * j]) *
				  (words[i + 1] + self->k[i + 2 * j + 1]);
	return (struct flow_tag){ { flow_hash_fold(self->fold[0], sum[0]),
				    flow_hash_fold(self->fold[1], sum[1]) } };
}

/* What a key of IPv4 says, without the zeros behind its addresses: half of the words. No key of
 * IPv6 has zeros where this has none. */
static inline struct flow_tag flow_hash(const struct flow_hash *self, const struct flow_key *key)
{
	uint64_t words[FLOW_HASH_WORDS] = { 0 };
	uint8_t *bytes = (uint8_t *)words;

	if (key->ip_version != 4) {
		memcpy(bytes, key, sizeof(*key));
		return flow_hash_words(self, words, FLOW_HASH_WORDS);
	}
	memcpy(bytes, key->addr[0], 4);
	memcpy(bytes + 4, key->addr[1], 4);
	memcpy(bytes + 8, key->port, sizeof(*key) - offsetof(struct flow_key, port));
	return flow_hash_words(self, words, FLOW_HASH_WORDS_SHORT);
}

_Static_assert(8 + sizeof(struct flow_key) - offsetof(struct flow_key, port) <=
		       FLOW_HASH_WORDS_SHORT * sizeof(uint64_t),
	       "a short key fits");

#endif
