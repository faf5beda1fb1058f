/* quic_crypto.h: the cryptography that opens QUIC Initial packets, by OpenSSL 3 (libcrypto).
 *
 * One for each thread that uses it: the contexts are reused from call to call. */
#ifndef SENSOR_QUIC_CRYPTO_H
#define SENSOR_QUIC_CRYPTO_H

#include "protocols/quic_initial.h"

struct quic_openssl;

/* NULL when the library lacks an algorithm or memory. */
struct quic_openssl *quic_crypto_new(void);
void quic_crypto_free(struct quic_openssl *self); /* NULL is fine */

/* What protocols/ calls; lives as long as self. */
const struct quic_crypto *quic_crypto_table(const struct quic_openssl *self);

#endif
