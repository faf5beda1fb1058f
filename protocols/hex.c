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

bool hex_is(struct slice text)
{
	int8_t all = 0;

	for (size_t i = 0; i < text.len; i++)
		all = (int8_t)(all | hex_values[text.ptr[i]]);
	return text.len > 0 && all >= 0;
}
