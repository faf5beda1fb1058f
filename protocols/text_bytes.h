/* text_bytes.h: sixteen bytes of text that are judged at once; the compiler knows how, on any
 * machine. A judgement is such a vector again: ff in the places of which it is true. */
#ifndef PROTOCOLS_TEXT_BYTES_H
#define PROTOCOLS_TEXT_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t text_bytes __attribute__((vector_size(16)));

static inline text_bytes text_bytes_at(const uint8_t *at)
{
	text_bytes bytes;

	memcpy(&bytes, at, sizeof(bytes));
	return bytes;
}

/* Where a JSON string ends or is not plain: quotes, backslashes, control bytes. */
static inline text_bytes text_bytes_special(text_bytes bytes)
{
	/* with that bit turned, the quote is next to the control bytes */
	return (text_bytes)(((bytes ^ 0x02) <= 0x20) | (bytes == '\\'));
}

static inline text_bytes text_bytes_hex(text_bytes bytes)
{
	text_bytes digit = bytes - '0';
	text_bytes letter = (bytes | 0x20) - 'a';

	return (text_bytes)((digit <= 9) | (letter <= 5));
}

/* The first count of them, at most 16. */
static inline text_bytes text_bytes_head(unsigned count)
{
	static const uint8_t window[32] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	return text_bytes_at(window + 16 - count);
}

static inline bool text_bytes_any(text_bytes judged)
{
	uint64_t halves[2];

	memcpy(halves, &judged, sizeof(halves));
	return (halves[0] | halves[1]) != 0;
}

/* The place of the first that is true. At least one is. */
static inline unsigned text_bytes_first(text_bytes judged)
{
	uint64_t halves[2];

	memcpy(halves, &judged, sizeof(halves));
	return halves[0] != 0 ? (unsigned)__builtin_ctzll(le64toh(halves[0])) / 8
			      : 8 + (unsigned)__builtin_ctzll(le64toh(halves[1])) / 8;
}

#endif
