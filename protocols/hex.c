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

/* Sixteen bytes that are judged at once; the compiler knows how, on any machine. */
typedef uint8_t hex_bytes __attribute__((vector_size(16)));

/* Not zero where there is no digit. */
static inline hex_bytes no_digits(const uint8_t *at)
{
	hex_bytes bytes;

	memcpy(&bytes, at, sizeof(bytes));
	hex_bytes digit = bytes - '0';
	hex_bytes letter = (bytes | 0x20) - 'a';

	return (hex_bytes)((digit > 9) & (letter > 5));
}

/* The last sixteen overlap those before. */
static bool is_long(struct slice text)
{
	hex_bytes bad = no_digits(text.ptr + text.len - sizeof(bad));
	uint64_t halves[2];

	for (size_t i = 0; i + sizeof(bad) < text.len; i += sizeof(bad))
		bad |= no_digits(text.ptr + i);
	memcpy(halves, &bad, sizeof(halves));
	return (halves[0] | halves[1]) == 0;
}

bool hex_is(struct slice text)
{
	int8_t all = 0;

	if (text.len >= sizeof(hex_bytes))
		return is_long(text);
	for (size_t i = 0; i < text.len; i++)
		all = (int8_t)(all | hex_values[text.ptr[i]]);
	return text.len > 0 && all >= 0;
}
