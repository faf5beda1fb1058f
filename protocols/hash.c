/* hash.c: SHA-256 (FIPS 180-4) and Keccak-256 (the Keccak submission, padding 0x01, rate 136).
 *
 * For a checksum of an address now and then; written to be short, not to be fast. */
#include "protocols/hash.h"

#include "protocols/cursor.h"

#define SHA_BLOCK    64
#define KECCAK_RATE  136
#define KECCAK_LANES 25

static const uint32_t sha_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t rotr32(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static void sha_block(uint32_t state[8], struct slice block)
{
	struct cursor in = cursor_of(block);
	uint32_t w[64];
	uint32_t s[8];

	for (size_t i = 0; i < 16; i++)
		w[i] = cursor_u32be(&in);
	for (size_t i = 16; i < 64; i++) {
		uint32_t a = rotr32(w[i - 15], 7) ^ rotr32(w[i - 15], 18) ^ w[i - 15] >> 3;
		uint32_t b = rotr32(w[i - 2], 17) ^ rotr32(w[i - 2], 19) ^ w[i - 2] >> 10;

		w[i] = w[i - 16] + a + w[i - 7] + b;
	}
	memcpy(s, state, sizeof(s));
	for (size_t i = 0; i < 64; i++) {
		uint32_t sum1 = rotr32(s[4], 6) ^ rotr32(s[4], 11) ^ rotr32(s[4], 25);
		uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
		uint32_t t1 = s[7] + sum1 + choice + sha_k[i] + w[i];
		uint32_t sum0 = rotr32(s[0], 2) ^ rotr32(s[0], 13) ^ rotr32(s[0], 22);
		uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);

		memmove(&s[1], &s[0], 7 * sizeof(s[0]));
		s[4] += t1;
		s[0] = t1 + sum0 + majority;
	}
	for (size_t i = 0; i < 8; i++)
		state[i] += s[i];
}

void hash_sha256(struct slice in, uint8_t out[HASH_BYTES])
{
	uint32_t state[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	uint8_t last[2 * SHA_BLOCK] = { 0 };
	uint64_t bits = (uint64_t)in.len * 8;

	while (in.len >= SHA_BLOCK) {
		sha_block(state, slice_head(in, SHA_BLOCK));
		in = slice_tail(in, SHA_BLOCK);
	}
	/* what is left, a one bit, zeros, the length in bits: one block or two */
	size_t total = in.len < SHA_BLOCK - 8 ? SHA_BLOCK : 2 * SHA_BLOCK;
	if (in.len > 0)
		memcpy(last, in.ptr, in.len);
	last[in.len] = 0x80;
	for (size_t i = 0; i < 8; i++)
		last[total - 1 - i] = (uint8_t)(bits >> (8 * i));
	for (size_t at = 0; at < total; at += SHA_BLOCK)
		sha_block(state, slice_of(&last[at], SHA_BLOCK));
	for (size_t i = 0; i < HASH_BYTES; i++)
		out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

static const uint64_t keccak_rounds[24] = {
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
	0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
	0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
	0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
	0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
	0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

static uint64_t rotl64(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

/* The one cycle that pi makes of all lanes but the first, and how far rho turns what comes there.
 */
static const uint8_t keccak_lanes[24] = { 10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
					  15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1 };
static const uint8_t keccak_turns[24] = { 1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
					  27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44 };

static void keccak_theta(uint64_t a[KECCAK_LANES])
{
	uint64_t column[7]; /* the last one, all five, the first one */

	for (size_t x = 0; x < 5; x++)
		column[x + 1] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
	column[0] = column[5];
	column[6] = column[1];
	for (size_t x = 0; x < 5; x++) {
		uint64_t parity = column[x] ^ rotl64(column[x + 2], 1);

		for (size_t y = 0; y < KECCAK_LANES; y += 5)
			a[x + y] ^= parity;
	}
}

static void keccak_rho_pi(uint64_t a[KECCAK_LANES])
{
	uint64_t carried = a[1];

	for (size_t i = 0; i < 24; i++) {
		uint64_t displaced = a[keccak_lanes[i]];

		a[keccak_lanes[i]] = rotl64(carried, keccak_turns[i]);
		carried = displaced;
	}
}

static void keccak_chi(uint64_t row[5])
{
	uint64_t first = row[0];
	uint64_t second = row[1];

	row[0] ^= ~row[1] & row[2];
	row[1] ^= ~row[2] & row[3];
	row[2] ^= ~row[3] & row[4];
	row[3] ^= ~row[4] & first;
	row[4] ^= ~first & second;
}

static void keccak_permute(uint64_t a[KECCAK_LANES])
{
	for (size_t round = 0; round < 24; round++) {
		keccak_theta(a);
		keccak_rho_pi(a);
		for (size_t y = 0; y < KECCAK_LANES; y += 5)
			keccak_chi(&a[y]);
		a[0] ^= keccak_rounds[round];
	}
}

static void keccak_absorb(uint64_t a[KECCAK_LANES], struct slice block)
{
	struct cursor in = cursor_of(block);

	for (size_t i = 0; i < KECCAK_RATE / 8; i++)
		a[i] ^= cursor_u64le(&in);
	keccak_permute(a);
}

void hash_keccak256(struct slice in, uint8_t out[HASH_BYTES])
{
	uint64_t a[KECCAK_LANES] = { 0 };
	uint8_t last[KECCAK_RATE] = { 0 };

	while (in.len >= KECCAK_RATE) {
		keccak_absorb(a, slice_head(in, KECCAK_RATE));
		in = slice_tail(in, KECCAK_RATE);
	}
	if (in.len > 0)
		memcpy(last, in.ptr, in.len);
	last[in.len] = 0x01;
	last[KECCAK_RATE - 1] |= 0x80;
	keccak_absorb(a, slice_of(last, sizeof(last)));
	for (size_t i = 0; i < HASH_BYTES; i++)
		out[i] = (uint8_t)(a[i / 8] >> (8 * (i % 8)));
}
