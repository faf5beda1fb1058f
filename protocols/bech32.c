/* bech32.c: checksums of BIP-173, BIP-350 and CashAddr.
 *
 *   bech32:    prefix 1 | version 1 | program | checksum 6 |    5 bits a character
 *   CashAddr:  prefix : | version and payload | checksum 8 |
 *   CIP-37:    the sum of CashAddr over an alphabet of its own */
#include "protocols/bech32.h"

#include "protocols/cursor.h"

#define CHECKSUM_CHARS 6
#define SUM_M          0x2bc830a3

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

int bech32_value(uint8_t byte)
{
	if (byte >= 'A' && byte <= 'Z')
		byte = (uint8_t)(byte - 'A' + 'a');
	const char *hit = memchr(alphabet, byte, sizeof(alphabet) - 1);
	return hit == NULL ? -1 : (int)(hit - alphabet);
}

bool bech32_is(struct slice text)
{
	bool has_upper = false;
	bool has_lower = false;

	for (size_t i = 0; i < text.len; i++) {
		if (bech32_value(text.ptr[i]) < 0)
			return false;
		has_upper = has_upper || (text.ptr[i] >= 'A' && text.ptr[i] <= 'Z');
		has_lower = has_lower || (text.ptr[i] >= 'a' && text.ptr[i] <= 'z');
	}
	return text.len > 0 && !(has_upper && has_lower);
}

static uint32_t step32(uint32_t sum, uint32_t value)
{
	static const uint32_t generator[5] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
					       0x2a1462b3 };
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (size_t i = 0; i < 5; i++)
		if ((top >> i & 1) != 0)
			sum ^= generator[i];
	return sum;
}

/* Prefixes are hashed in lower case. */
static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

static uint32_t sum_prefix(struct slice prefix)
{
	uint32_t sum = 1;

	for (size_t i = 0; i < prefix.len; i++)
		sum = step32(sum, lower(prefix.ptr[i]) >> 5);
	sum = step32(sum, 0);
	for (size_t i = 0; i < prefix.len; i++)
		sum = step32(sum, lower(prefix.ptr[i]) & 31);
	return sum;
}

enum bech32_kind bech32_kind(struct slice prefix, struct slice data)
{
	if (data.len < CHECKSUM_CHARS || data.len > BECH32_CHARS_MAX || !bech32_is(data))
		return BECH32_NEITHER;
	uint32_t sum = sum_prefix(prefix);
	for (size_t i = 0; i < data.len; i++)
		sum = step32(sum, (uint32_t)bech32_value(data.ptr[i]));
	return sum == 1 ? BECH32_PLAIN : sum == SUM_M ? BECH32_M : BECH32_NEITHER;
}

/* All letters but i, l, o and q, then the digits; -1 for others. */
static int conflux_value(uint8_t byte)
{
	static const char own[] = "abcdefghjkmnprstuvwxyz0123456789";

	if (byte >= 'A' && byte <= 'Z')
		byte = (uint8_t)(byte - 'A' + 'a');
	const char *hit = memchr(own, byte, sizeof(own) - 1);
	return hit == NULL ? -1 : (int)(hit - own);
}

static uint64_t step40(uint64_t sum, uint64_t value)
{
	static const uint64_t generator[5] = { 0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4,
					       0xae2eabe2a8, 0x1e4f43e470 };
	uint64_t top = sum >> 35;

	sum = (sum & 0x07ffffffff) << 5 ^ value;
	for (size_t i = 0; i < 5; i++)
		if ((top >> i & 1) != 0)
			sum ^= generator[i];
	return sum;
}

/* True when every character of data has a value and the sum holds. */
static bool cash_sum_holds(struct slice prefix, struct slice data, int (*value_of)(uint8_t))
{
	uint64_t sum = 1;

	if (data.len < 8 || data.len > BECH32_CHARS_MAX)
		return false;
	for (size_t i = 0; i < prefix.len; i++)
		sum = step40(sum, lower(prefix.ptr[i]) & 31);
	sum = step40(sum, 0);
	for (size_t i = 0; i < data.len; i++) {
		int value = value_of(data.ptr[i]);

		if (value < 0)
			return false;
		sum = step40(sum, (uint64_t)value);
	}
	return sum == 1;
}

bool bech32_cash_holds(struct slice prefix, struct slice data)
{
	return bech32_is(data) && cash_sum_holds(prefix, data, bech32_value);
}

bool bech32_conflux_holds(struct slice prefix, struct slice data)
{
	return cash_sum_holds(prefix, data, conflux_value);
}

bool bech32_is_witness(enum bech32_kind kind, struct slice data)
{
	if (data.len < 1 + CHECKSUM_CHARS)
		return false;
	int version = bech32_value(data.ptr[0]);
	size_t chars = data.len - 1 - CHECKSUM_CHARS;
	size_t bytes = chars * 5 / 8;
	size_t spare = chars * 5 % 8;

	if (version < 0 || version > 16 || bytes < 2 || bytes > 40 || spare > 4)
		return false;
	if (spare > 0 && (bech32_value(data.ptr[chars]) & ((1 << spare) - 1)) != 0)
		return false;
	if (version == 0)
		return kind == BECH32_PLAIN && (bytes == 20 || bytes == 32);
	return kind == BECH32_M;
}

size_t bech32_write_witness(const char *prefix, uint8_t version, struct slice program, char *out,
			    size_t size)
{
	struct slice text = slice_str(prefix);
	uint32_t sum = step32(sum_prefix(text), version);
	size_t chars = (program.len * 8 + 4) / 5;
	size_t len = text.len + 2;
	uint32_t pending = 0;
	unsigned bits = 0;
	size_t next = 0;

	if (version > 16 || program.len < 2 || program.len > 40 ||
	    len + chars + CHECKSUM_CHARS >= size)
		return 0;
	(void)slice_copy(text, out, size);
	out[text.len] = '1';
	out[text.len + 1] = alphabet[version];
	for (size_t i = 0; i < chars; i++) {
		/* the last character is filled up with zero bits */
		if (bits < 5) {
			pending = pending << 8 | (next < program.len ? program.ptr[next] : 0);
			next++;
			bits += 8;
		}
		bits -= 5;
		uint32_t value = pending >> bits & 31;
		sum = step32(sum, value);
		out[len++] = alphabet[value];
	}
	for (size_t i = 0; i < CHECKSUM_CHARS; i++)
		sum = step32(sum, 0);
	sum ^= version == 0 ? 1 : SUM_M;
	for (size_t i = 0; i < CHECKSUM_CHARS; i++)
		out[len++] = alphabet[sum >> (5 * (CHECKSUM_CHARS - 1 - i)) & 31];
	out[len] = '\0';
	return len;
}
