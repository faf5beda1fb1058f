/* base58.h: the two ways in which coins write bytes in 58 characters. */
#ifndef PROTOCOLS_BASE58_H
#define PROTOCOLS_BASE58_H

#include "protocols/slice.h"

/* True when there is at least one byte and all are of the Base58 alphabet. */
bool base58_is(struct slice text);

#define BASE58_BYTES 32 /* 26 is the longest that any Base58Check address has */

/* Bitcoin: one big number, a leading `1` for each leading zero byte. Returns the bytes written to
 * out; 0 when it is not Base58 or longer than BASE58_BYTES. */
size_t base58_decode(struct slice text, uint8_t out[BASE58_BYTES]);

/* Base58Check: the last four bytes are the head of the double SHA-256 of the rest. */
bool base58_checksum_holds(struct slice bytes);

/* Writes the address of a version of one byte and a payload, and a NUL; returns its length, 0 when
 * out is too small or the payload longer than BASE58_BYTES allows. */
size_t base58_write_check(uint8_t version, struct slice payload, char *out, size_t size);

#define BASE58_CRYPTONOTE_BYTES 96 /* an integrated address has 77 */

/* CryptoNote: blocks of 11 characters for 8 bytes, a shorter one at the end. Returns as above. */
size_t base58_decode_cryptonote(struct slice text, uint8_t out[BASE58_CRYPTONOTE_BYTES]);

/* CryptoNote: the last four bytes are the head of the Keccak-256 of the rest. */
bool base58_cryptonote_holds(struct slice bytes);

#endif
