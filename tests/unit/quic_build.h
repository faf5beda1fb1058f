/* quic_build.h: builds ClientHellos, frames, and Initial packets with their protection. Include
 * cmocka.h first. */
#ifndef TESTS_UNIT_QUIC_BUILD_H
#define TESTS_UNIT_QUIC_BUILD_H

#include <openssl/evp.h>

#include "protocols/hex.h"
#include "protocols/quic_hello.h"

#define DATAGRAM 1200

/* Bytes that grow. */
struct build {
	uint8_t bytes[12000];
	size_t len;
};

/* What a packet is made of. */
struct recipe {
	uint32_t version;
	const char *dcid;      /* its text */
	const char *keys_from; /* dcid that the keys come from; NULL: the same */
	size_t token_len;
	uint32_t number;
	unsigned number_len;
	size_t size; /* of the whole packet, made up with PADDING; 0: as it comes */
};

static const struct recipe plain_recipe = {
	.version = QUIC_VERSION_1,
	.dcid = "connect8",
	.number_len = 1,
	.size = DATAGRAM,
};

static const struct quic_crypto *crypto; /* set by who includes this */

static inline void put8(struct build *b, unsigned value)
{
	b->bytes[b->len++] = (uint8_t)value;
}

static inline void put16(struct build *b, unsigned value)
{
	put8(b, value >> 8);
	put8(b, value & 0xff);
}

static inline void put_bytes(struct build *b, const void *bytes, size_t len)
{
	if (len > 0)
		memcpy(&b->bytes[b->len], bytes, len);
	b->len += len;
}

static inline void put_varint(struct build *b, size_t value)
{
	if (value < 64) {
		put8(b, (unsigned)value);
	} else {
		assert_true(value < 16384);
		put16(b, 0x4000u | (unsigned)value);
	}
}

static inline size_t unhex(const char *text, uint8_t *out)
{
	size_t len = strlen(text) / 2;

	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(hex_values[(uint8_t)text[2 * i]] << 4 |
				   hex_values[(uint8_t)text[2 * i + 1]]);
	return len;
}

/* A ClientHello with its handshake header, a name, and an extension that makes it so long. */
static inline void build_hello(struct build *b, const char *name, size_t filler)
{
	size_t name_len = strlen(name);
	size_t extensions = 4 + 5 + name_len + 4 + filler;
	size_t body = 2 + 32 + 1 + 4 + 2 + 2 + extensions;

	b->len = 0;
	put8(b, 1);
	put8(b, 0);
	put16(b, (unsigned)body);
	put16(b, 0x0303);
	memset(&b->bytes[b->len], 0x5c, 32);
	b->len += 32;
	put8(b, 0);
	put16(b, 2);
	put16(b, 0x1301);
	put16(b, 0x0100);
	put16(b, (unsigned)extensions);
	put16(b, 57);
	put16(b, (unsigned)filler);
	memset(&b->bytes[b->len], 0x77, filler);
	b->len += filler;
	put16(b, 0);
	put16(b, (unsigned)name_len + 5);
	put16(b, (unsigned)name_len + 3);
	put8(b, 0);
	put16(b, (unsigned)name_len);
	put_bytes(b, name, name_len);
}

static inline void put_crypto(struct build *frames, const struct build *hello, size_t at,
			      size_t len)
{
	put8(frames, 6);
	put_varint(frames, at);
	put_varint(frames, len);
	put_bytes(frames, &hello->bytes[at], len);
}

static inline void gcm_seal(const struct quic_keys *keys, const uint8_t *nonce, struct slice header,
			    struct slice plain, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0;

	assert_non_null(ctx);
	assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, keys->key, nonce), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &len, header.ptr, (int)header.len), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, out, &len, plain.ptr, (int)plain.len), 1);
	assert_int_equal(EVP_EncryptFinal_ex(ctx, out + plain.len, &len), 1);
	assert_int_equal(
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, QUIC_TAG_BYTES, out + plain.len), 1);
	EVP_CIPHER_CTX_free(ctx);
}

/* Appends a packet of that type; frames are padded to the size. */
static inline void put_packet(struct build *out, const struct recipe *recipe, unsigned type,
			      const struct build *frames)
{
	static struct build plain;
	struct quic_keys keys;
	const char *from = recipe->keys_from != NULL ? recipe->keys_from : recipe->dcid;
	uint8_t nonce[QUIC_IV_BYTES];
	uint8_t mask[QUIC_KEY_BYTES];
	size_t start = out->len;
	bool is_initial = type == (recipe->version == QUIC_VERSION_2 ? 1 : 0);
	size_t id_len = strlen(recipe->dcid);
	size_t head = 1 + 4 + 1 + id_len + 1 + 2 + recipe->number_len +
		      (is_initial ? (recipe->token_len < 64 ? 1 : 2) + recipe->token_len : 0);

	plain.len = 0;
	put_bytes(&plain, frames->bytes, frames->len);
	while (head + plain.len + QUIC_TAG_BYTES < recipe->size)
		put8(&plain, 0);
	put8(out, 0xc0 | type << 4 | (recipe->number_len - 1));
	put16(out, recipe->version >> 16);
	put16(out, recipe->version & 0xffff);
	put8(out, (unsigned)id_len);
	put_bytes(out, recipe->dcid, id_len);
	put8(out, 0);
	if (is_initial) {
		put_varint(out, recipe->token_len);
		memset(&out->bytes[out->len], 0x42, recipe->token_len);
		out->len += recipe->token_len;
	}
	put16(out, 0x4000u | (unsigned)(recipe->number_len + plain.len + QUIC_TAG_BYTES));
	size_t number_at = out->len;

	for (unsigned i = recipe->number_len; i > 0; i--)
		put8(out, recipe->number >> (8 * (i - 1)) & 0xff);
	assert_int_equal(out->len - start, head);
	assert_true(quic_keys_derive(crypto, recipe->version, slice_str(from), &keys));
	memcpy(nonce, keys.iv, sizeof(nonce));
	for (unsigned i = 0; i < 4; i++)
		nonce[QUIC_IV_BYTES - 1 - i] ^= (uint8_t)(recipe->number >> (8 * i));
	gcm_seal(&keys, nonce, slice_of(&out->bytes[start], head), slice_of(plain.bytes, plain.len),
		 &out->bytes[out->len]);
	out->len += plain.len + QUIC_TAG_BYTES;
	assert_true(crypto->aes_block(crypto->self, keys.hp, &out->bytes[number_at + 4], mask));
	out->bytes[start] ^= mask[0] & 0x0f;
	for (unsigned i = 0; i < recipe->number_len; i++)
		out->bytes[number_at + i] ^= mask[1 + i];
}

#endif
