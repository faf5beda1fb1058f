/* randomness.h: could these bytes be keys or ciphertext? */
#ifndef PROTOCOLS_RANDOMNESS_H
#define PROTOCOLS_RANDOMNESS_H

#include "protocols/slice.h"

/* Bytes below which nothing can be said: they fit. */
#define RANDOMNESS_BYTES 8

/* False for text, hex digits, padding, and most structures: of the first 256 bytes too few are
 * different, or too many are printable. True for all but one in some thousand random ones. */
bool randomness_fits(struct slice bytes);

#endif
