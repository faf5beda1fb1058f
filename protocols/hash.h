/* hash.h: the hashes that wallet checksums need. Pure functions, no state, any length.
 * SHA-256: FIPS 180-4. Keccak-256 with the original padding (0x01, not SHA-3's 0x06): the Keccak
 * submission; what Ethereum and CryptoNote use. */
#ifndef PROTOCOLS_HASH_H
#define PROTOCOLS_HASH_H

#include "protocols/slice.h"

#define HASH_BYTES 32

void hash_sha256(struct slice in, uint8_t out[HASH_BYTES]);
void hash_keccak256(struct slice in, uint8_t out[HASH_BYTES]);

#endif
