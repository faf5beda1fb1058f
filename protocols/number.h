/* number.h: decimal numbers as RFC 8259 writes them, from borrowed bytes. No locale, no strtod. */
#ifndef PROTOCOLS_NUMBER_H
#define PROTOCOLS_NUMBER_H

#include "protocols/slice.h"

/* mantissa * 10^exponent; digits that no longer fit are dropped. */
struct number {
	uint64_t mantissa;
	int exponent; /* clamped to +-1000000 */
	bool is_negative;
	bool is_inexact; /* a dropped digit was not zero */
};

/* True when the whole text is one number: -? int frac? exp?, no leading zeros. */
bool number_read(struct slice text, struct number *out);

/* 0; -ERANGE when the value is past the range of a double. Tiny values become 0. Exact for up to 15
 * significant digits and powers up to 22, else within a few units of the last place. */
int number_double(const struct number *number, double *out);

/* 0; -EINVAL when it is not whole; -ERANGE when negative or larger than max. */
int number_unsigned(const struct number *number, uint64_t max, uint64_t *out);

#endif
