/* levin.c: nodes of Monero and every other CryptoNote coin. Little-endian.
 *
 *   | 01 21 01 01 01 01 01 01 | length 8 | wants answer 1 | command 4 | return 4 | flags 4 |
 *   | version 4, always 1 | body |
 *
 * The body of a handshake names its network by 16 bytes, behind the name of the field. A node is no
 * miner: it is told as one, once. */
#include "protocols/cursor.h"
#include "protocols/dialect.h"

#define SIGNATURE        "\x01\x21\x01\x01\x01\x01\x01\x01"
#define SIGNATURE_BYTES  8
#define HEADER_BYTES     33
#define LENGTH_MAX       (128u << 20) /* nodes drop who sends more */
#define LONG_PART        4096         /* of a message that is too long: what is given of it */
#define FLAGS_MAX        15
#define COMMAND_SHAKE    1001
#define HANDSHAKE_SEARCH 512 /* the network is among the first fields */

/* One flow. */
struct levin_state {
	bool is_told;
	bool is_named;
};

struct levin_message {
	uint32_t command;
	uint64_t length; /* of the body, as the header says */
	struct slice body;
};

/* WHOLE: the header is; the body is what is there of it. */
static enum frame_result read_message(struct slice in, struct levin_message *out)
{
	struct cursor c = cursor_of(in);
	struct slice signature = slice_head(in, SIGNATURE_BYTES);

	if (!slice_eq(signature, slice_of(SIGNATURE, signature.len)))
		return FRAME_BAD;
	cursor_skip(&c, SIGNATURE_BYTES);
	out->length = cursor_u64le(&c);
	bool wants_answer = cursor_u8(&c) <= 1;
	out->command = cursor_u32le(&c);
	cursor_skip(&c, 4);
	uint32_t flags = cursor_u32le(&c);
	uint32_t version = cursor_u32le(&c);
	if (c.bad)
		return FRAME_MORE;
	if (!wants_answer || out->length > LENGTH_MAX || flags > FLAGS_MAX || version != 1)
		return FRAME_BAD;
	out->body = slice_head(cursor_rest(&c), (size_t)out->length);
	return FRAME_WHOLE;
}

static enum frame_result frame_here(struct slice in, size_t *len)
{
	struct levin_message message;
	enum frame_result result = read_message(in, &message);

	if (result != FRAME_WHOLE)
		return result;
	size_t size = HEADER_BYTES + (size_t)message.length;
	bool is_long = size > LIMIT_MESSAGE_BYTES;
	if (in.len < (is_long ? LONG_PART : size))
		return FRAME_MORE;
	*len = is_long ? slice_head(in, LIMIT_MESSAGE_BYTES).len : size;
	return FRAME_WHOLE;
}

/* A message that is too long is given by its beginning; its rest is no message, and skipped. */
static enum frame_result levin_frame(struct json *unused, struct slice in, size_t *skip,
				     size_t *len)
{
	(void)unused;
	*skip = 0;
	*len = 0;
	while (*skip < in.len) {
		enum frame_result result = frame_here(slice_tail(in, *skip), len);

		if (result != FRAME_BAD)
			return result;
		*skip += 1 + slice_find(slice_tail(in, *skip + 1), (uint8_t)SIGNATURE[0]);
	}
	return FRAME_MORE;
}

/* The coin of a handshake; NULL: not told, or not known here. */
static const char *coin_of(const struct levin_message *message)
{
	static const char field[] = "\x0anetwork_id\x0a\x40";
	static const uint8_t monero[16] = { 0x12, 0x30, 0xf1, 0x71, 0x61, 0x04, 0x41, 0x61,
					    0x17, 0x31, 0x00, 0x82, 0x16, 0xa1, 0xa1, 0x10 };
	struct slice rest = slice_head(message->body, HANDSHAKE_SEARCH);

	if (message->command != COMMAND_SHAKE)
		return NULL;
	while (rest.len > 0 && !slice_starts(rest, field))
		rest = slice_tail(rest, 1);
	return slice_eq(slice_sub(rest, sizeof(field) - 1, sizeof(monero)),
			slice_of(monero, sizeof(monero)))
		       ? "XMR"
		       : NULL;
}

static bool levin_decode(void *state, struct message *msg, const struct finding_out *out)
{
	struct levin_state *self = state;
	struct levin_message message;

	if (read_message(msg->bytes, &message) != FRAME_WHOLE)
		return false;
	struct finding finding = { .kind = FINDING_NODE,
				   .proof = PROOF_NODE,
				   .coin = self->is_named ? NULL : coin_of(&message) };
	if (self->is_told && finding.coin == NULL)
		return true;
	self->is_told = true;
	self->is_named = self->is_named || finding.coin != NULL;
	out->emit(out->ctx, &finding);
	return true;
}

static enum probe_result levin_probe(struct slice first, enum direction dir)
{
	struct levin_message message;

	(void)dir;
	if (read_message(first, &message) == FRAME_BAD)
		return PROBE_NO;
	return first.len >= SIGNATURE_BYTES ? PROBE_YES : PROBE_MAYBE;
}

const struct dialect dialect_levin = {
	.name = "levin",
	.state_size = sizeof(struct levin_state),
	.max_message = LIMIT_MESSAGE_BYTES,
	.is_binary = true,
	.probe = levin_probe,
	.frame = levin_frame,
	.decode = levin_decode,
};
