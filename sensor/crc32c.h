/* crc32c.h: CRC-32C (Castagnoli, reflected polynomial 0x82F63B78, RFC 3720 appendix B.4).
 *
 * Finds damage, not forgery. Any thread. */
#ifndef SENSOR_CRC32C_H
#define SENSOR_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from crc, 0 to begin: crc32c(crc32c(0, a), b) is the checksum of a and b together. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t len);

#endif
