/* bech32.h: addresses of 5 bits a character: BIP-173, BIP-350, CashAddr and CIP-37. */
#ifndef PROTOCOLS_BECH32_H
#define PROTOCOLS_BECH32_H

#include "protocols/slice.h"

#define BECH32_CHARS_MAX 512 /* a unified address has up to some 350 */

/* True when there is at least one byte and all are of the alphabet, of one case. */
bool bech32_is(struct slice text);

/* Value 0..31 of a character of either case, -1 for others. */
int bech32_value(uint8_t byte);

enum bech32_kind { BECH32_NEITHER, BECH32_PLAIN, BECH32_M };

/* Which checksum holds for prefix + `1` + data, where data ends with the six checksum characters.
 */
enum bech32_kind bech32_kind(struct slice prefix, struct slice data);

/* Does the CashAddr checksum (the last eight characters of data) hold for prefix:data? */
bool bech32_cash_holds(struct slice prefix, struct slice data);

/* The same with the alphabet of Conflux (CIP-37); letters of either case. */
bool bech32_conflux_holds(struct slice prefix, struct slice data);

/* Is a BIP-141 output: version 0..16, a program of 2 to 40 bytes (20 or 32 for version 0), zero
 * padding, and the kind of checksum that its version asks for? data as above. */
bool bech32_is_witness(enum bech32_kind kind, struct slice data);

/* Writes the address of a witness program and a NUL: BIP-173 for version 0, BIP-350 for others.
 * prefix in lower case. Returns its length; 0 when out is too small or it cannot be a program. */
size_t bech32_write_witness(const char *prefix, uint8_t version, struct slice program, char *out,
			    size_t size);

#endif
