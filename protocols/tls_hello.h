/* tls_hello.h: what a TLS client says before it is encrypted. RFC 8446, RFC 6066, RFC 7301.
 *
 * Values that RFC 8701 reserves (GREASE) are left out of every list. With an encrypted hello inside
 * (ECH) this is the outer one, whose name is that of a front. Browsers send the extension with
 * nothing in it as well, so that it tells nothing by itself; no eye from outside sees which. */
#ifndef PROTOCOLS_TLS_HELLO_H
#define PROTOCOLS_TLS_HELLO_H

#include "protocols/slice.h"

#define TLS_NAME_BYTES     256
#define TLS_ALPN_BYTES     32
#define TLS_CIPHERS_MAX    192
#define TLS_EXTENSIONS_MAX 64
#define TLS_GROUPS_MAX     48
#define TLS_SCHEMES_MAX    48
#define TLS_FORMATS_MAX    8

#define TLS_JA3_TEXT  2048 /* every list full */
#define TLS_JA3_BYTES 33   /* 32 hex digits */
#define TLS_JA4_BYTES 37   /* t13d1516h2_8daaf6152771_b0da82dd1658 */
#define TLS_MD5_BYTES 16

struct tls_hello {
	char sni[TLS_NAME_BYTES];  /* "": none */
	char alpn[TLS_ALPN_BYTES]; /* the first one; "": none */
	uint16_t version;          /* of the hello: 0x0303 for every new one */
	uint16_t best_version;     /* the highest one offered */
	uint16_t cipher_count;
	uint16_t extension_count;
	uint16_t group_count;
	uint16_t scheme_count;
	uint16_t format_count;
	bool has_sni;  /* the extension was there */
	bool has_alpn; /* the same */
	bool has_ech;  /* the extension encrypted_client_hello was there: sni may be a front's */
	bool is_quic;  /* set by who took it out of QUIC; JA4 names it */
	bool is_cut;   /* lists are not whole: fingerprints are not to be had */
	uint16_t ciphers[TLS_CIPHERS_MAX];
	uint16_t extensions[TLS_EXTENSIONS_MAX];
	uint16_t groups[TLS_GROUPS_MAX];
	uint16_t schemes[TLS_SCHEMES_MAX]; /* signature algorithms */
	uint8_t formats[TLS_FORMATS_MAX];  /* of points on curves */
};

/* Reads the body of a ClientHello, behind its type and length. is_cut: the end of it was lost.
 * False when it is none. */
bool tls_hello_read(struct slice body, bool is_cut, struct tls_hello *out);

/* The text that JA3 hashes: version,ciphers,extensions,groups,formats. Empty when is_cut. */
struct slice tls_hello_ja3_text(const struct tls_hello *hello, char out[TLS_JA3_TEXT]);

/* MD5 is the caller's: the library of the sensor has it, this folder has no library. True when the
 * digest was made. */
typedef bool (*tls_hello_md5)(struct slice in, uint8_t out[TLS_MD5_BYTES]);

/* JA3 and JA4 as hex texts; false and "" when is_cut or the digest failed. */
bool tls_hello_ja3(const struct tls_hello *hello, tls_hello_md5 md5, char out[TLS_JA3_BYTES]);
bool tls_hello_ja4(const struct tls_hello *hello, char out[TLS_JA4_BYTES]);

/* What the carrier "tls" read in a flow, from the state that it was given; NULL: nothing yet. */
const struct tls_hello *carrier_tls_hello(const void *state);

#endif
