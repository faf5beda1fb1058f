/* tls_flight.h: the ClientHello in the first bytes that a client sends. RFC 8446, 5.1.
 *
 *	record: type u8 = 22, version u16, length u16, fragment
 *	handshake, over one or more records: type u8 = 1, length u24, body
 */
#ifndef PROTOCOLS_TLS_FLIGHT_H
#define PROTOCOLS_TLS_FLIGHT_H

#include "protocols/slice.h"

#define TLS_FLIGHT_BYTES 8192 /* a hello beyond is read as far as it got */

enum tls_flight {
	TLS_FLIGHT_NONE, /* no ClientHello */
	TLS_FLIGHT_MORE, /* it goes on: *body is what is there of it */
	TLS_FLIGHT_WHOLE /* *body is all of it */
};

/* Reads as much as bytes hold. body points into bytes, or into scratch when the hello lies in more
 * than one record; it is what tls_hello_read() takes. Pure; scratch may be uninitialised. */
enum tls_flight tls_flight_read(struct slice bytes, uint8_t scratch[TLS_FLIGHT_BYTES],
				struct slice *body);

#endif
