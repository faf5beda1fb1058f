/* quic_initial.c: header, keys, protection.
 *
 *   first u8 (1 1 type(2) reserved(2) number length - 1 (2), the last four protected), version u32,
 *   dcid u8+.., scid u8+.., Initial only: token varint+.., length varint (of what follows),
 *   packet number (1 to 4 bytes, protected), sealed frames, tag [16]
 *
 *   initial secret = HMAC(salt of the version, dcid)
 *   client secret  = expand(initial secret, "client in", 32)
 *   key, iv, hp    = expand(client secret, "quic key" | "quic iv" | "quic hp", 16 | 12 | 16)
 *   mask           = AES(hp, the 16 bytes that begin four behind the start of the packet number)
 *   nonce          = iv xor packet number */
#include "protocols/quic_initial.h"

#include "protocols/cursor.h"

#define SAMPLE_OFFSET 4
#define REST_MIN      (SAMPLE_OFFSET + QUIC_KEY_BYTES) /* also 4 and a tag */
#define SALT_BYTES    20
#define NUMBER_MAX    4
#define FIRST_ID_MIN  8 /* of a client's first Initial */
#define LABEL_PREFIX  "tls13 "

enum { FORM_LONG = 0xc0, FORM_MASK = 0xc0, TYPE_SHIFT = 4, TYPE_MASK = 3 };

struct flavour {
	uint32_t version;
	uint8_t initial_type;
	uint8_t retry_type;
	uint8_t salt[SALT_BYTES];
	const char *key;
	const char *iv;
	const char *hp;
};

static const struct flavour flavours[] = {
	{
		.version = QUIC_VERSION_1,
		.initial_type = 0,
		.retry_type = 3,
		.salt = { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
			  0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a },
		.key = "quic key",
		.iv = "quic iv",
		.hp = "quic hp",
	},
	{
		.version = QUIC_VERSION_2,
		.initial_type = 1,
		.retry_type = 0,
		.salt = { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
			  0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 },
		.key = "quicv2 key",
		.iv = "quicv2 iv",
		.hp = "quicv2 hp",
	},
};

static const struct flavour *find_flavour(uint32_t version)
{
	for (size_t i = 0; i < sizeof(flavours) / sizeof(flavours[0]); i++)
		if (flavours[i].version == version)
			return &flavours[i];
	return NULL;
}

uint64_t quic_varint(struct cursor *in)
{
	uint8_t first = cursor_u8(in);
	uint64_t value = first & 0x3f;

	for (unsigned more = (1u << (first >> 6)) - 1; more > 0; more--)
		value = value << 8 | cursor_u8(in);
	return in->bad ? 0 : value;
}

static uint8_t packet_type(uint8_t first)
{
	return first >> TYPE_SHIFT & TYPE_MASK;
}

bool quic_is_initial(struct slice datagram)
{
	struct quic_packet packet;

	return datagram.len >= QUIC_DATAGRAM_MIN && quic_packet_read(datagram, &packet) &&
	       packet.is_initial && packet.dcid.len >= FIRST_ID_MIN;
}

/* A connection id; longer than any of these versions: the cursor is bad. */
static struct slice read_id(struct cursor *in)
{
	uint8_t len = cursor_u8(in);

	if (len > QUIC_CONNECTION_ID)
		in->bad = true;
	return cursor_take(in, len);
}

/* A slice whose length stands before it as a varint. */
static struct slice read_counted(struct cursor *in)
{
	uint64_t len = quic_varint(in);

	if (len > cursor_left(in))
		in->bad = true;
	return cursor_take(in, (size_t)len);
}

bool quic_packet_read(struct slice bytes, struct quic_packet *out)
{
	struct cursor in = cursor_of(bytes);
	uint8_t first = cursor_u8(&in);
	const struct flavour *flavour;

	out->version = cursor_u32be(&in);
	flavour = find_flavour(out->version);
	if (in.bad || (first & FORM_MASK) != FORM_LONG || flavour == NULL ||
	    packet_type(first) == flavour->retry_type)
		return false;
	out->is_initial = packet_type(first) == flavour->initial_type;
	out->dcid = read_id(&in);
	(void)read_id(&in);
	if (out->is_initial)
		(void)read_counted(&in);
	struct slice rest = read_counted(&in);

	out->number_at = in.pos - rest.len;
	out->whole = slice_head(bytes, in.pos);
	return !in.bad && rest.len >= REST_MIN;
}

/* HKDF-Expand-Label of TLS 1.3 without a context, for what one hash can give. */
static bool expand(const struct quic_crypto *crypto, const uint8_t secret[QUIC_HMAC_BYTES],
		   const char *label, uint8_t *out, size_t len)
{
	char info[32] = { 0, (char)len, (char)(sizeof(LABEL_PREFIX) - 1 + strlen(label)) };
	uint8_t block[QUIC_HMAC_BYTES];
	size_t at = 3;

	assert(len <= sizeof(block));
	at += slice_copy(slice_str(LABEL_PREFIX), &info[at], sizeof(info) - at);
	at += slice_copy(slice_str(label), &info[at], sizeof(info) - at);
	info[at++] = 0; /* length of the context */
	info[at++] = 1; /* number of the block */
	if (!crypto->hmac_sha256(crypto->self, slice_of(secret, QUIC_HMAC_BYTES),
				 slice_of(info, at), block))
		return false;
	memcpy(out, block, len);
	return true;
}

bool quic_keys_derive(const struct quic_crypto *crypto, uint32_t version, struct slice dcid,
		      struct quic_keys *out)
{
	const struct flavour *flavour = find_flavour(version);
	uint8_t initial[QUIC_HMAC_BYTES];
	uint8_t client[QUIC_HMAC_BYTES];

	return flavour != NULL &&
	       crypto->hmac_sha256(crypto->self, slice_of(flavour->salt, SALT_BYTES), dcid,
				   initial) &&
	       expand(crypto, initial, "client in", client, sizeof(client)) &&
	       expand(crypto, client, flavour->key, out->key, sizeof(out->key)) &&
	       expand(crypto, client, flavour->iv, out->iv, sizeof(out->iv)) &&
	       expand(crypto, client, flavour->hp, out->hp, sizeof(out->hp));
}

/* Takes the mask off a copy of the header; its length with the packet number, 0 when it failed. */
static size_t unmask(const struct quic_crypto *crypto, const struct quic_keys *keys,
		     const struct quic_packet *packet, uint8_t header[QUIC_PACKET_MAX])
{
	size_t at = packet->number_at;
	struct slice sample = slice_sub(packet->whole, at + SAMPLE_OFFSET, QUIC_KEY_BYTES);
	uint8_t mask[QUIC_KEY_BYTES];

	assert(sample.len == QUIC_KEY_BYTES && at + NUMBER_MAX <= QUIC_PACKET_MAX);
	if (!crypto->aes_block(crypto->self, keys->hp, sample.ptr, mask))
		return 0;
	memcpy(header, packet->whole.ptr, at + NUMBER_MAX);
	header[0] ^= mask[0] & 0x0f;
	size_t number_len = 1 + (size_t)(header[0] & 0x03);

	for (size_t i = 0; i < number_len; i++)
		header[at + i] ^= mask[1 + i];
	return at + number_len;
}

/* Until the server answers a client sends its numbers whole, so that nothing is to be guessed. */
static void make_nonce(const struct quic_keys *keys, struct slice number,
		       uint8_t nonce[QUIC_IV_BYTES])
{
	memcpy(nonce, keys->iv, QUIC_IV_BYTES);
	for (size_t i = 0; i < number.len; i++)
		nonce[QUIC_IV_BYTES - number.len + i] ^= number.ptr[i];
}

bool quic_packet_open(const struct quic_crypto *crypto, const struct quic_keys *keys,
		      const struct quic_packet *packet, uint8_t out[QUIC_PACKET_MAX],
		      struct slice *frames)
{
	uint8_t header[QUIC_PACKET_MAX];
	uint8_t nonce[QUIC_IV_BYTES];

	if (packet->whole.len > QUIC_PACKET_MAX)
		return false;
	size_t header_len = unmask(crypto, keys, packet, header);
	struct quic_sealed sealed = {
		.key = keys->key,
		.nonce = nonce,
		.header = slice_of(header, header_len),
		.bytes = slice_tail(packet->whole, header_len),
	};

	if (header_len == 0)
		return false;
	make_nonce(keys,
		   slice_sub(sealed.header, packet->number_at, header_len - packet->number_at),
		   nonce);
	assert(sealed.bytes.len >= QUIC_TAG_BYTES);
	if (!crypto->open(crypto->self, &sealed, out))
		return false;
	*frames = slice_of(out, sealed.bytes.len - QUIC_TAG_BYTES);
	return true;
}
