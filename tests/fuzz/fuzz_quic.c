/* fuzz_quic.c: datagrams of one client, one behind the other, each with its length (u16) before it.
 *
 * The cryptography is a stand-in: masks are zero and nothing is encrypted, so that what is inside
 * can be reached; a tag holds unless its first byte is 0xbd. Each datagram lies in a place of
 * its own size. What was read stays as it is, whatever comes later. */
#include <stdlib.h>

#include "protocols/cursor.h"
#include "protocols/quic_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static bool plain_hmac(void *self, struct slice key, struct slice text,
		       uint8_t out[QUIC_HMAC_BYTES])
{
	(void)self;
	require(key.len > 0 && key.len <= QUIC_HMAC_BYTES);
	memset(out, text.len > 0 ? text.ptr[0] : 0, QUIC_HMAC_BYTES);
	return true;
}

static bool plain_block(void *self, const uint8_t key[QUIC_KEY_BYTES],
			const uint8_t in[QUIC_KEY_BYTES], uint8_t out[QUIC_KEY_BYTES])
{
	(void)self;
	(void)key;
	(void)in;
	memset(out, 0, QUIC_KEY_BYTES);
	return true;
}

static bool plain_open(void *self, const struct quic_sealed *in, uint8_t *out)
{
	(void)self;
	require(in->bytes.len >= QUIC_TAG_BYTES && in->bytes.len < QUIC_PACKET_MAX);
	size_t size = in->bytes.len - QUIC_TAG_BYTES;

	if (size > 0)
		memcpy(out, in->bytes.ptr, size);
	return in->bytes.ptr[size] != 0xbd;
}

static const struct quic_crypto plain = {
	.hmac_sha256 = plain_hmac,
	.aes_block = plain_block,
	.open = plain_open,
};

/* A copy that a read past the end is seen in. */
static enum quic_result feed_copy(struct quic_hello *state, struct slice datagram)
{
	uint8_t *copy = malloc(datagram.len > 0 ? datagram.len : 1);

	require(copy != NULL);
	if (datagram.len > 0)
		memcpy(copy, datagram.ptr, datagram.len);
	enum quic_result result = quic_hello_feed(state, &plain, slice_of(copy, datagram.len));

	free(copy);
	return result;
}

static void check_result(const struct quic_hello *state, enum quic_result result, bool had_hello)
{
	const struct tls_hello *tls = quic_hello_tls(state);
	char ja4[TLS_JA4_BYTES];

	require((tls != NULL) == (result == QUIC_READ));
	require(!had_hello || tls != NULL);
	require(tls == NULL || (tls->is_quic && memchr(tls->sni, 0, sizeof(tls->sni)) != NULL));
	if (tls != NULL && tls_hello_ja4(tls, ja4))
		require(ja4[0] == 'q');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct cursor in = cursor_of(slice_of(bytes, size));
	struct quic_hello state;
	bool had_hello = false;

	memset(&state, 0, sizeof(state));
	while (cursor_left(&in) > 2) {
		size_t len = cursor_u16be(&in);

		len = len < cursor_left(&in) ? len : cursor_left(&in);
		enum quic_result result = feed_copy(&state, cursor_take(&in, len));

		check_result(&state, result, had_hello);
		had_hello = result == QUIC_READ;
	}
	bool has_hello = quic_hello_finish(&state);

	require(has_hello == (quic_hello_tls(&state) != NULL) && (has_hello || !had_hello));
	return 0;
}
