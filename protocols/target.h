/* target.h: how much work a share stands for.
 *
 * expected hashes per share = 2^256 / (target + 1). All results are doubles > 0; 0 means unknown
 * (not hex, wrong length, zero target). Nothing here is per coin but the named constants. */
#ifndef PROTOCOLS_TARGET_H
#define PROTOCOLS_TARGET_H

#include "protocols/slice.h"

/* Hashes per unit of difficulty, target 00000000ffff0000..: SHA-256d coins, EthereumStratum/1. */
#define TARGET_WORK_BITCOIN 4295032833.0
/* Pools of scrypt-like coins scale the difficulty by 65536. */
#define TARGET_WORK_SCRYPT 65536.0

/* A 256-bit big-endian target as 1 to 64 hex digits without 0x (shorter ones are left-padded). */
double target_work_be256(struct slice hex);

/* The same when only the first digits are there: the rest does not matter. */
double target_work_head256(struct slice hex);

#define TARGET_DIGITS 64

/* Bitcoin's and Nimiq's compact form of a 256-bit target: 0xEEMMMMMM is M * 256^(E - 3). */
double target_work_compact(uint32_t compact);

/* The same as 8 hex digits, high ones first. */
double target_work_bits(struct slice hex);

/* A CryptoNote target of 4 bytes (8 digits) or 8 bytes (16 digits), little-endian; fewer than 4
 * bytes are right-padded with zeros. XMRig's integer divisions: f3220000 -> 480045. */
double target_work_cryptonote(struct slice hex);

/* The difficulty a CryptoNote share proves: 2^64 / LE64(last 8 bytes of its 64-digit result). */
double target_work_result(struct slice hex);

/* Hex digits to bytes; false when odd, not hex or longer than size. *len is bytes written. */
bool target_hex_bytes(struct slice hex, uint8_t *out, size_t size, size_t *len);

#endif
