/* hex.c: the table of hex digits. */
#include "protocols/hex.h"

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

/* The digits of so many bytes at once, without a table: the compiler makes vectors of it when it
 * knows how many. */
static inline bool is_chunk(const uint8_t *bytes, size_t len)
{
	uint8_t bad = 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t digit = (uint8_t)(bytes[i] - '0');
		uint8_t letter = (uint8_t)((bytes[i] | 0x20) - 'a');

		bad = (uint8_t)(bad | ((digit > 9) & (letter > 5)));
	}
	return bad == 0;
}

bool hex_is(struct slice text)
{
	int8_t all = 0;
	size_t i = 0;

	for (; text.len - i >= 64; i += 64) /* a hash */
		if (!is_chunk(text.ptr + i, 64))
			return false;
	for (; text.len - i >= 16; i += 16)
		if (!is_chunk(text.ptr + i, 16))
			return false;
	for (; i < text.len; i++)
		all = (int8_t)(all | hex_values[text.ptr[i]]);
	return text.len > 0 && all >= 0;
}
