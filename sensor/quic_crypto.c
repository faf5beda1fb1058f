/* quic_crypto.c: HMAC-SHA256, one block of AES-128, AES-128-GCM. The algorithms are fetched once:
 * to look them up for each packet costs more than they do. */
#include "sensor/quic_crypto.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

struct quic_openssl {
	EVP_MAC *mac;
	EVP_MAC_CTX *hmac;
	EVP_CIPHER *block_cipher;
	EVP_CIPHER *seal_cipher;
	EVP_CIPHER_CTX *block;
	EVP_CIPHER_CTX *seal;
	struct quic_crypto table;
};

static bool hmac_sha256(void *ctx, struct slice key, struct slice text,
			uint8_t out[QUIC_HMAC_BYTES])
{
	struct quic_openssl *self = ctx;
	size_t len = 0;

	return EVP_MAC_init(self->hmac, key.ptr, key.len, NULL) == 1 &&
	       EVP_MAC_update(self->hmac, text.ptr, text.len) == 1 &&
	       EVP_MAC_final(self->hmac, out, &len, QUIC_HMAC_BYTES) == 1 && len == QUIC_HMAC_BYTES;
}

static bool aes_block(void *ctx, const uint8_t key[QUIC_KEY_BYTES],
		      const uint8_t in[QUIC_KEY_BYTES], uint8_t out[QUIC_KEY_BYTES])
{
	struct quic_openssl *self = ctx;
	int len = 0;

	return EVP_EncryptInit_ex2(self->block, NULL, key, NULL, NULL) == 1 &&
	       EVP_EncryptUpdate(self->block, out, &len, in, QUIC_KEY_BYTES) == 1 &&
	       len == QUIC_KEY_BYTES;
}

/* The tag is given as a copy: the call does not promise to leave it alone. */
static bool gcm_open(void *ctx, const struct quic_sealed *in, uint8_t *out)
{
	struct quic_openssl *self = ctx;
	size_t size = in->bytes.len - QUIC_TAG_BYTES;
	uint8_t tag[QUIC_TAG_BYTES];
	uint8_t end[QUIC_TAG_BYTES];
	int len = 0;

	memcpy(tag, slice_tail(in->bytes, size).ptr, sizeof(tag));
	return EVP_DecryptInit_ex2(self->seal, NULL, in->key, in->nonce, NULL) == 1 &&
	       EVP_DecryptUpdate(self->seal, NULL, &len, in->header.ptr, (int)in->header.len) ==
		       1 &&
	       EVP_DecryptUpdate(self->seal, out, &len, in->bytes.ptr, (int)size) == 1 &&
	       EVP_CIPHER_CTX_ctrl(self->seal, EVP_CTRL_GCM_SET_TAG, QUIC_TAG_BYTES, tag) == 1 &&
	       EVP_DecryptFinal_ex(self->seal, end, &len) == 1;
}

static bool open_hmac(struct quic_openssl *self)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	self->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	self->hmac = self->mac == NULL ? NULL : EVP_MAC_CTX_new(self->mac);
	return self->hmac != NULL && EVP_MAC_CTX_set_params(self->hmac, params) == 1;
}

static bool open_ciphers(struct quic_openssl *self)
{
	self->block_cipher = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
	self->seal_cipher = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	self->block = EVP_CIPHER_CTX_new();
	self->seal = EVP_CIPHER_CTX_new();
	return self->block_cipher != NULL && self->seal_cipher != NULL && self->block != NULL &&
	       self->seal != NULL &&
	       EVP_EncryptInit_ex2(self->block, self->block_cipher, NULL, NULL, NULL) == 1 &&
	       EVP_CIPHER_CTX_set_padding(self->block, 0) == 1 &&
	       EVP_DecryptInit_ex2(self->seal, self->seal_cipher, NULL, NULL, NULL) == 1;
}

struct quic_openssl *quic_crypto_new(void)
{
	struct quic_openssl *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	if (!open_hmac(self) || !open_ciphers(self)) {
		quic_crypto_free(self);
		return NULL;
	}
	self->table = (struct quic_crypto){
		.self = self,
		.hmac_sha256 = hmac_sha256,
		.aes_block = aes_block,
		.open = gcm_open,
	};
	return self;
}

void quic_crypto_free(struct quic_openssl *self)
{
	if (self == NULL)
		return;
	EVP_CIPHER_CTX_free(self->seal);
	EVP_CIPHER_CTX_free(self->block);
	EVP_CIPHER_free(self->seal_cipher);
	EVP_CIPHER_free(self->block_cipher);
	EVP_MAC_CTX_free(self->hmac);
	EVP_MAC_free(self->mac);
	free(self);
}

const struct quic_crypto *quic_crypto_table(const struct quic_openssl *self)
{
	return &self->table;
}
