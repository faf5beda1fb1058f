/* quic_initial.h: takes the protection off a client's Initial packet. RFC 9000 section 17.2,
 * RFC 9001 section 5, RFC 9369 (version 2).
 *
 * The keys of Initial packets come from a number that is in the packet itself: whoever sees it can
 * open it. The cryptography is the caller's, this folder has no library. */
#ifndef PROTOCOLS_QUIC_INITIAL_H
#define PROTOCOLS_QUIC_INITIAL_H

#include "protocols/slice.h"

#define QUIC_VERSION_1 0x00000001u
#define QUIC_VERSION_2 0x6b3343cfu

#define QUIC_DATAGRAM_MIN  1200 /* a client pads its Initials to that */
#define QUIC_PACKET_MAX    2048 /* larger ones are not opened */
#define QUIC_CONNECTION_ID 20
#define QUIC_HMAC_BYTES    32
#define QUIC_KEY_BYTES     16
#define QUIC_IV_BYTES      12
#define QUIC_TAG_BYTES     16

struct quic_keys {
	uint8_t key[QUIC_KEY_BYTES];
	uint8_t iv[QUIC_IV_BYTES];
	uint8_t hp[QUIC_KEY_BYTES]; /* header protection */
};

/* What AES-128-GCM is to open. */
struct quic_sealed {
	const uint8_t *key;   /* QUIC_KEY_BYTES */
	const uint8_t *nonce; /* QUIC_IV_BYTES */
	struct slice header;  /* authenticated only */
	struct slice bytes;   /* encrypted, the tag last; never shorter than the tag */
};

/* Each returns true when it was done. self is theirs. Not called from two threads at once. */
struct quic_crypto {
	void *self;
	bool (*hmac_sha256)(void *self, struct slice key, struct slice text,
			    uint8_t out[QUIC_HMAC_BYTES]);
	/* AES-128, one block */
	bool (*aes_block)(void *self, const uint8_t key[QUIC_KEY_BYTES],
			  const uint8_t in[QUIC_KEY_BYTES], uint8_t out[QUIC_KEY_BYTES]);
	/* out has room for bytes without the tag; false also when the tag does not hold */
	bool (*open)(void *self, const struct quic_sealed *in, uint8_t *out);
};

/* One packet with a long header. Slices lie in the datagram. */
struct quic_packet {
	uint32_t version;
	bool is_initial;
	struct slice dcid;  /* connection id of the receiver, as the sender knows it */
	struct slice whole; /* header and all, without packets that follow in the datagram */
	size_t number_at;   /* where the packet number begins in whole */
};

/* Cheap, for payloads of any port: does the datagram begin like the first one of a client? */
bool quic_is_initial(struct slice datagram);

/* Reads the header of the packet that bytes begin with; false when it is none of version 1 or 2
 * with a long header, or runs past the end. */
bool quic_packet_read(struct slice bytes, struct quic_packet *out);

/* The keys of what the client sends, from the dcid of its first Initial. */
bool quic_keys_derive(const struct quic_crypto *crypto, uint32_t version, struct slice dcid,
		      struct quic_keys *out);

/* Opens an Initial packet; frames then lie in out. False when it is too long or not sealed with
 * these keys. */
bool quic_packet_open(const struct quic_crypto *crypto, const struct quic_keys *keys,
		      const struct quic_packet *packet, uint8_t out[QUIC_PACKET_MAX],
		      struct slice *frames);

/* A number of 1, 2, 4 or 8 bytes, RFC 9000 section 16. */
struct cursor;
uint64_t quic_varint(struct cursor *in);

#endif
