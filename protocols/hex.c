/* hex.c: the table of hex digits. */
#include "protocols/hex.h"

#include "protocols/text_bytes.h"

/* clang-format off */
#define NONE16 -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
const int8_t hex_values[256] = {
	NONE16,
	NONE16,
	NONE16,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -1, -1, -1, -1, -1,
	-1, 10, 11, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	NONE16,
	-1, 10, 11, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	NONE16,
	NONE16,
	NONE16,
	NONE16,
	NONE16,
	NONE16,
	NONE16,
	NONE16,
	NONE16,
};
#undef NONE16
/* clang-format on */

/* The last sixteen overlap those before. */
static bool is_long(struct slice text)
{
	text_bytes all = text_bytes_hex(text_bytes_at(text.ptr + text.len - sizeof(all)));

	for (size_t i = 0; i + sizeof(all) < text.len; i += sizeof(all))
		all &= text_bytes_hex(text_bytes_at(text.ptr + i));
	return !text_bytes_any(~all);
}

bool hex_is(struct slice text)
{
	int8_t all = 0;

	if (text.len >= sizeof(text_bytes))
		return is_long(text);
	for (size_t i = 0; i < text.len; i++)
		all = (int8_t)(all | hex_values[text.ptr[i]]);
	return text.len > 0 && all >= 0;
}

/* Eight digits at once: each to its value, then neighbours together. */
static uint32_t four_bytes(const uint8_t *at)
{
	uint64_t digits;

	memcpy(&digits, at, sizeof(digits));
	digits = be64toh(digits);
	uint64_t letters = digits >> 6 & 0x0101010101010101u; /* the bit that they alone have */

	digits = (digits & 0x0f0f0f0f0f0f0f0fu) + letters * 9;
	digits = (digits | digits >> 4) & 0x00ff00ff00ff00ffu;
	digits = (digits | digits >> 8) & 0x0000ffff0000ffffu;
	return (uint32_t)(digits | digits >> 16);
}

void hex_bytes(struct slice text, uint8_t *out)
{
	size_t at = 0;

	for (; text.len - at >= 8; at += 8, out += 4) {
		uint32_t bytes = htobe32(four_bytes(text.ptr + at));

		memcpy(out, &bytes, sizeof(bytes));
	}
	for (; text.len - at >= 2; at += 2)
		*out++ = (uint8_t)((uint8_t)hex_values[text.ptr[at]] << 4 |
				   (uint8_t)hex_values[text.ptr[at + 1]]);
}
