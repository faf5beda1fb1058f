/* hex.h: hex digits, one table for all who ask. */
#ifndef PROTOCOLS_HEX_H
#define PROTOCOLS_HEX_H

#include "protocols/slice.h"

/* Value of a hex digit, -1 for all other bytes. */
extern const int8_t hex_values[256];

/* True when there is at least one byte and all are hex digits of either case. */
bool hex_is(struct slice text);

/* The bytes that pairs of digits stand for, half as many. text is of digits only. */
void hex_bytes(struct slice text, uint8_t *out);

#endif
