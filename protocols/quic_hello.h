/* quic_hello.h: the ClientHello of a QUIC connection, out of the client's first datagrams.
 * RFC 9000, RFC 9001 (version 1), RFC 9369 (version 2).
 *
 * Feed only what the client sends: the side that sent the first datagram. */
#ifndef PROTOCOLS_QUIC_HELLO_H
#define PROTOCOLS_QUIC_HELLO_H

#include "protocols/quic_initial.h"
#include "protocols/tls_hello.h"

#define QUIC_HELLO_MAX     3840 /* bytes of the handshake message; what is beyond is cut */
#define QUIC_DATAGRAMS_MAX 8    /* looked at of one connection */
#define QUIC_PACKETS_MAX   4    /* looked at in one datagram */

enum quic_result {
	QUIC_NONE = 0, /* no client's Initial: too short, another version or type */
	QUIC_BAD,      /* looks like one, but does not open, or holds what it must not */
	QUIC_MORE,     /* opened; the hello goes on in a later datagram */
	QUIC_READ      /* quic_hello_tls() has it */
};

/* Of one connection: caller-zeroed, flat, some 4 kB. The fields are the reader's own. */
struct quic_hello {
	struct quic_keys keys;
	uint32_t version; /* that the keys are of; 0: there are none */
	uint8_t datagrams;
	bool is_finished;
	bool has_tls;
	uint64_t arrived[QUIC_HELLO_MAX / 64]; /* a bit for each byte */
	union {
		uint8_t raw[QUIC_HELLO_MAX];
		struct tls_hello tls;
	};
};

/* One datagram of the client. After QUIC_READ, and after QUIC_DATAGRAMS_MAX, nothing changes any
 * more. The crypto may be another one each time, as long as it gives the same. */
enum quic_result quic_hello_feed(struct quic_hello *self, const struct quic_crypto *crypto,
				 struct slice datagram);

/* No more will come: reads the beginning that there is. True when quic_hello_tls() has a hello. */
bool quic_hello_finish(struct quic_hello *self);

/* The hello, with is_quic set; NULL: not yet or never. Lives as long as the state. */
const struct tls_hello *quic_hello_tls(const struct quic_hello *self);

#endif
