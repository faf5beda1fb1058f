/* randomness.c: counts distinct and printable bytes.
 *
 * Of n random bytes about 256 * (1 - exp(-n / 256)) are distinct: 30 of 32, 57 of 64, 162 of 256.
 * The bounds lie four standard deviations below, and those of printable ones (37 % of random bytes)
 * as far above. */
#include "protocols/randomness.h"

#define SAMPLE_BYTES 256
#define TEXT_BYTES   16 /* of fewer, all must be printable to be text */

static bool is_printable(uint8_t byte)
{
	return (byte >= ' ' && byte < 0x7f) || byte == '\n' || byte == '\r' || byte == '\t';
}

bool randomness_fits(struct slice bytes)
{
	bool is_seen[256] = { false };
	size_t distinct = 0;
	size_t printable = 0;

	bytes = slice_head(bytes, SAMPLE_BYTES);
	if (bytes.len < RANDOMNESS_BYTES)
		return true;
	for (size_t i = 0; i < bytes.len; i++) {
		distinct += !is_seen[bytes.ptr[i]];
		is_seen[bytes.ptr[i]] = true;
		printable += is_printable(bytes.ptr[i]);
	}
	if (printable == bytes.len ||
	    (bytes.len >= TEXT_BYTES && printable > bytes.len - bytes.len / 8))
		return false;
	return distinct >= (bytes.len <= 64 ? bytes.len - bytes.len / 4 : bytes.len / 2 + 8);
}
