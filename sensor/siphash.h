/* siphash.h: the keyed hash of the tables that strangers fill; flow_hash.h is that of flows.
 *
 * SipHash-1-3 with 128 bits of output (J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast
 * short-input PRF", and its 128-bit variant). Without the key nobody can choose collisions; with
 * 128 bits two different keys do not meet, so a tag stands for its key. */
#ifndef SENSOR_SIPHASH_H
#define SENSOR_SIPHASH_H

#include <assert.h>
#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct siphash_key {
	uint64_t k[2];
};

struct siphash_tag {
	uint64_t h[2];
};

static inline uint64_t siphash_rotl(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void siphash_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = siphash_rotl(v[1], 13) ^ v[0];
	v[0] = siphash_rotl(v[0], 32);
	v[2] += v[3];
	v[3] = siphash_rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = siphash_rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = siphash_rotl(v[1], 17) ^ v[2];
	v[2] = siphash_rotl(v[2], 32);
}

/* Most keys have a length that the compiler knows: it hashes them without a loop. */
static inline __attribute__((always_inline)) struct siphash_tag
siphash128(const void *data, size_t len, struct siphash_key key)
{
	const uint8_t *bytes = data;
	uint64_t v[4] = { 0x736f6d6570736575u ^ key.k[0], 0x646f72616e646f6du ^ key.k[1] ^ 0xee,
			  0x6c7967656e657261u ^ key.k[0], 0x7465646279746573u ^ key.k[1] };
	uint64_t word;
	size_t whole = len & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8) {
		memcpy(&word, bytes + i, 8);
		word = le64toh(word);
		v[3] ^= word;
		siphash_round(v);
		v[0] ^= word;
	}
	word = 0;
	memcpy(&word, bytes + whole, len - whole);
	word = le64toh(word); /* its highest byte is free, whatever the machine */
	word |= (uint64_t)len << 56;
	v[3] ^= word;
	siphash_round(v);
	v[0] ^= word;

	struct siphash_tag tag;

	v[2] ^= 0xee;
	for (int i = 0; i < 3; i++)
		siphash_round(v);
	tag.h[0] = v[0] ^ v[1] ^ v[2] ^ v[3];
	v[1] ^= 0xdd;
	for (int i = 0; i < 3; i++)
		siphash_round(v);
	tag.h[1] = v[0] ^ v[1] ^ v[2] ^ v[3];
	return tag;
}

/* The unkeyed 64-bit form, for identifiers that must be the same in every run. */
static inline uint64_t siphash_id(const void *data, size_t len)
{
	return siphash128(data, len, (struct siphash_key){ { 0, 0 } }).h[0];
}

/* The same for words, by their values: no machine's order of bytes is in it. */
#define SIPHASH_ID_WORDS 8
static inline uint64_t siphash_id_words(const uint64_t *words, size_t count)
{
	uint64_t low_first[SIPHASH_ID_WORDS];

	assert(count <= SIPHASH_ID_WORDS);
	for (size_t i = 0; i < count; i++)
		low_first[i] = htole64(words[i]);
	return siphash_id(low_first, count * sizeof(*words));
}

#endif
