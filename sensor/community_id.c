/* community_id.c: Community ID v1, the flow identifier that Zeek, Suricata and others share.
 *
 *   "1:" + Base64( SHA-1( seed16 . A . B . proto8 . 0x00 [. portA16 . portB16] ) )
 *
 * A and B are the raw addresses, 4 or 16 bytes, in the order of the flow key; numbers are big
 * endian. TCP, UDP and SCTP have their ports, ICMP its type and the counterpart's type (or its code
 * when there is none); any other protocol has no port bytes at all. Scope is not part of it. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "sensor/flow_key.h"
#include "sensor/packet.h"

#define SHA1_LEN    20
#define INPUT_BYTES (2 + 2 * 16 + 2 + 2 * 2)

struct community_id {
	EVP_MD *sha1; /* fetched once: looking it up by name costs more than the digest */
	EVP_MD_CTX *digest;
	uint16_t seed;
};

struct community_id *community_id_new(uint16_t seed)
{
	struct community_id *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->seed = seed;
	self->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	self->digest = EVP_MD_CTX_new();
	if (self->sha1 == NULL || self->digest == NULL) {
		community_id_free(self);
		return NULL;
	}
	return self;
}

void community_id_free(struct community_id *self)
{
	if (self == NULL)
		return;
	EVP_MD_CTX_free(self->digest);
	EVP_MD_free(self->sha1);
	free(self);
}

static uint8_t *put_u16(uint8_t *out, uint16_t value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
	return out + 2;
}

static bool has_ports(uint8_t proto)
{
	switch (proto) {
	case IP_PROTO_TCP:
	case IP_PROTO_UDP:
	case IP_PROTO_SCTP:
	case IP_PROTO_ICMP:
	case IP_PROTO_ICMPV6:
		return true;
	default:
		return false;
	}
}

/* Writes at most INPUT_BYTES; returns how many. */
static size_t write_input(uint8_t *out, const struct flow_key *key, uint16_t seed)
{
	size_t addr_len = key->ip_version == 4 ? 4 : 16;
	uint8_t *end = put_u16(out, seed);

	memcpy(end, key->addr[0], addr_len);
	memcpy(end + addr_len, key->addr[1], addr_len);
	end += 2 * addr_len;
	*end++ = key->proto;
	*end++ = 0;
	if (has_ports(key->proto)) {
		end = put_u16(end, key->port[0]);
		end = put_u16(end, key->port[1]);
	}
	return (size_t)(end - out);
}

/* 20 bytes become 28 characters, the last of them padding. */
static void write_base64(const uint8_t digest[SHA1_LEN], char *out)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t group;

	for (size_t i = 0; i < 18; i += 3) {
		group = (uint32_t)digest[i] << 16 | (uint32_t)digest[i + 1] << 8 | digest[i + 2];
		for (unsigned shift = 24; shift > 0; shift -= 6)
			*out++ = alphabet[group >> (shift - 6) & 63];
	}
	group = (uint32_t)digest[18] << 16 | (uint32_t)digest[19] << 8;
	for (unsigned shift = 24; shift > 6; shift -= 6)
		*out++ = alphabet[group >> (shift - 6) & 63];
	*out++ = '=';
	*out = '\0';
}

void community_id_text(struct community_id *self, const struct flow_key *key,
		       char out[COMMUNITY_ID_TEXT])
{
	uint8_t input[INPUT_BYTES];
	uint8_t digest[EVP_MAX_MD_SIZE];
	size_t len = write_input(input, key, self->seed);

	out[0] = '\0';
	if (EVP_DigestInit_ex(self->digest, self->sha1, NULL) != 1 ||
	    EVP_DigestUpdate(self->digest, input, len) != 1 ||
	    EVP_DigestFinal_ex(self->digest, digest, NULL) != 1)
		return;
	out[0] = '1';
	out[1] = ':';
	write_base64(digest, out + 2);
}
