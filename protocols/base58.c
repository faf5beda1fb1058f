/* base58.c: Base58Check of Bitcoin and the block-wise Base58 of CryptoNote.
 *
 *   Bitcoin:     | version 1-2 | payload 20 | sha256(sha256(rest)) 4 |
 *   CryptoNote:  | tag varint | spend key 32 | view key 32 | (payment id 8) | keccak256(rest) 4 |
 */
#include "protocols/base58.h"

#include "protocols/hash.h"

#define LIMBS          8
#define BLOCK_CHARS    11
#define BLOCK_BYTES    8
#define CHECKSUM_BYTES 4

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
			       "abcdefghijkmnopqrstuvwxyz";

static int digit(uint8_t byte)
{
	const char *hit = memchr(alphabet, byte, sizeof(alphabet) - 1);

	return hit == NULL ? -1 : (int)(hit - alphabet);
}

bool base58_is(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (digit(text.ptr[i]) < 0)
			return false;
	return text.len > 0;
}

/* number = number * 58 + add; false when it no longer fits. Limbs are little-endian. */
static bool multiply_add(uint32_t number[LIMBS], uint32_t add)
{
	uint64_t carry = add;

	for (size_t i = 0; i < LIMBS; i++) {
		carry += (uint64_t)number[i] * 58;
		number[i] = (uint32_t)carry;
		carry >>= 32;
	}
	return carry == 0;
}

size_t base58_decode(struct slice text, uint8_t out[BASE58_BYTES])
{
	uint32_t number[LIMBS] = { 0 };
	uint8_t bytes[BASE58_BYTES];
	size_t zeros = 0;
	size_t first = 0;

	while (zeros < text.len && text.ptr[zeros] == '1')
		zeros++;
	for (size_t i = zeros; i < text.len; i++) {
		int value = digit(text.ptr[i]);

		if (value < 0 || !multiply_add(number, (uint32_t)value))
			return 0;
	}
	for (size_t i = 0; i < BASE58_BYTES; i++)
		bytes[i] = (uint8_t)(number[LIMBS - 1 - i / 4] >> (24 - 8 * (i % 4)));
	while (first < BASE58_BYTES && bytes[first] == 0)
		first++;
	if (zeros > first)
		return 0;
	size_t len = zeros + (BASE58_BYTES - first);
	memset(out, 0, zeros);
	memcpy(out + zeros, &bytes[first], BASE58_BYTES - first);
	return len;
}

bool base58_checksum_holds(struct slice bytes)
{
	uint8_t hash[HASH_BYTES];

	if (bytes.len <= CHECKSUM_BYTES)
		return false;
	size_t rest = bytes.len - CHECKSUM_BYTES;
	hash_sha256(slice_head(bytes, rest), hash);
	hash_sha256(slice_of(hash, sizeof(hash)), hash);
	return slice_eq(slice_tail(bytes, rest), slice_of(hash, CHECKSUM_BYTES));
}

/* Divides the big-endian number by 58; returns what is left over. */
static unsigned divide(uint8_t *number, size_t len)
{
	unsigned rest = 0;

	for (size_t i = 0; i < len; i++) {
		rest = rest << 8 | number[i];
		number[i] = (uint8_t)(rest / 58);
		rest %= 58;
	}
	return rest;
}

size_t base58_write_check(uint8_t version, struct slice payload, char *out, size_t size)
{
	uint8_t number[BASE58_BYTES];
	uint8_t hash[HASH_BYTES];
	char digits[2 * BASE58_BYTES];
	size_t len = 1 + payload.len + CHECKSUM_BYTES;
	size_t first = 0;
	size_t count = 0;
	size_t zeros = 0;

	if (payload.len > sizeof(number) - 1 - CHECKSUM_BYTES)
		return 0;
	number[0] = version;
	if (payload.len > 0)
		memcpy(&number[1], payload.ptr, payload.len);
	hash_sha256(slice_of(number, 1 + payload.len), hash);
	hash_sha256(slice_of(hash, sizeof(hash)), hash);
	memcpy(&number[1 + payload.len], hash, CHECKSUM_BYTES);
	while (zeros < len && number[zeros] == 0)
		zeros++;
	for (first = zeros; first < len;) {
		digits[count++] = alphabet[divide(&number[first], len - first)];
		while (first < len && number[first] == 0)
			first++;
	}
	if (zeros + count >= size)
		return 0;
	memset(out, '1', zeros);
	for (size_t i = 0; i < count; i++)
		out[zeros + i] = digits[count - 1 - i];
	out[zeros + count] = '\0';
	return zeros + count;
}

/* One block of CryptoNote Base58: `size` bytes, big-endian. */
static bool decode_block(struct slice text, uint8_t *out, size_t size)
{
	uint64_t number = 0;

	for (size_t i = 0; i < text.len; i++) {
		int value = digit(text.ptr[i]);

		if (value < 0 || __builtin_mul_overflow(number, 58u, &number) ||
		    __builtin_add_overflow(number, (uint64_t)value, &number))
			return false;
	}
	if (size < BLOCK_BYTES && number >> (8 * size) != 0)
		return false;
	for (size_t i = size; i > 0; i--) {
		out[i - 1] = (uint8_t)number;
		number >>= 8;
	}
	return true;
}

size_t base58_decode_cryptonote(struct slice text, uint8_t out[BASE58_CRYPTONOTE_BYTES])
{
	/* bytes of a last block of so many characters; 0: there is no such block */
	static const uint8_t sizes[BLOCK_CHARS + 1] = { 0, 0, 1, 2, 0, 3, 4, 5, 0, 6, 7, 8 };
	size_t len = 0;

	while (text.len > 0) {
		struct slice block = slice_head(text, BLOCK_CHARS);
		size_t size = sizes[block.len];

		if (size == 0 || size > BASE58_CRYPTONOTE_BYTES - len ||
		    !decode_block(block, out + len, size))
			return 0;
		len += size;
		text = slice_tail(text, block.len);
	}
	return len;
}

bool base58_cryptonote_holds(struct slice bytes)
{
	uint8_t hash[HASH_BYTES];

	if (bytes.len <= CHECKSUM_BYTES)
		return false;
	size_t rest = bytes.len - CHECKSUM_BYTES;
	hash_keccak256(slice_head(bytes, rest), hash);
	return slice_eq(slice_tail(bytes, rest), slice_of(hash, CHECKSUM_BYTES));
}
