/* handshake_p2p.c: nodes of Handshake in clear. Little-endian.
 *
 *   | magic 4 | type 1 | length 4 | payload |
 *   version   type 0: version 4, services 8, time 8, address 88, nonce 8, agent, height 4, relay 1
 *
 * As Bitcoin's, but without names and checksums. A node is no miner: it is told as one, once, and
 * who it is. The encrypted form begins with random bytes and is left alone. */
#include "protocols/cursor.h"
#include "protocols/dialect.h"
#include "protocols/node_agent.h"

#define MAGIC_BYTES  4
#define HEADER_BYTES 9
#define LENGTH_MAX   8000000u /* nodes drop who sends more */
#define LONG_PART    4096     /* of a message that is too long: what is given of it */
#define TYPE_VERSION 0
#define TYPE_MAX     31
#define AGENT_AT     116 /* in the payload of version */

static const struct network {
	uint8_t magic[MAGIC_BYTES];
	const char *coin; /* NULL: a test network */
} networks[] = {
	{ { 0xd3, 0xf2, 0x6e, 0x5b }, "HNS" }, /* the beginning of the first block's hash */
	{ { 0xd2, 0x0d, 0x52, 0xb1 }, NULL },
	{ { 0xcf, 0x95, 0x38, 0xae }, NULL },
	{ { 0xdc, 0x8e, 0x64, 0x0e }, NULL },
};

/* One flow. */
struct handshake_p2p_state {
	bool is_told;
};

/* The network whose magic begins with these bytes, or that begins with them all; NULL: none. */
static const struct network *find_network(struct slice in)
{
	struct slice magic = slice_head(in, MAGIC_BYTES);

	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]) && in.len > 0; i++)
		if (slice_eq(magic, slice_of(networks[i].magic, magic.len)))
			return &networks[i];
	return NULL;
}

/* Could a header begin here, as far as it goes? */
static bool may_begin(struct slice in)
{
	struct cursor c = cursor_of(slice_tail(in, MAGIC_BYTES));
	uint8_t type = cursor_u8(&c); /* 0 when there is none yet */
	uint32_t length = cursor_u32le(&c);

	return find_network(in) != NULL && type <= TYPE_MAX && (c.bad || length <= LENGTH_MAX);
}

static size_t payload_length(struct slice in)
{
	struct cursor c = cursor_of(slice_tail(in, MAGIC_BYTES + 1));

	return cursor_u32le(&c);
}

static enum frame_result frame_here(struct slice in, size_t *len)
{
	if (!may_begin(in))
		return FRAME_BAD;
	if (in.len < HEADER_BYTES)
		return FRAME_MORE;
	size_t size = HEADER_BYTES + payload_length(in);
	bool is_long = size > LIMIT_MESSAGE_BYTES;

	if (in.len < (is_long ? LONG_PART : size))
		return FRAME_MORE;
	*len = is_long ? slice_head(in, LIMIT_MESSAGE_BYTES).len : size;
	return FRAME_WHOLE;
}

/* A message that is too long is given by its beginning; its rest is no message, and skipped. */
static enum frame_result handshake_p2p_frame(struct json *unused, struct slice in, size_t *skip,
					     size_t *len)
{
	(void)unused;
	*len = 0;
	for (*skip = 0; *skip < in.len; ++*skip) {
		enum frame_result result = frame_here(slice_tail(in, *skip), len);

		if (result != FRAME_BAD)
			return result;
	}
	return FRAME_MORE;
}

static struct slice agent_of(struct slice message)
{
	if (message.ptr[MAGIC_BYTES] != TYPE_VERSION)
		return slice_of(NULL, 0);
	return node_agent(slice_tail(message, HEADER_BYTES + AGENT_AT));
}

static bool handshake_p2p_decode(void *state, struct message *msg, const struct finding_out *out)
{
	struct handshake_p2p_state *self = state;

	if (!may_begin(msg->bytes) || msg->bytes.len < HEADER_BYTES)
		return false;
	struct finding finding = { .kind = FINDING_NODE,
				   .proof = PROOF_NODE,
				   .coin = find_network(msg->bytes)->coin,
				   .agent = agent_of(msg->bytes) };

	if (self->is_told && finding.agent.len == 0)
		return true;
	self->is_told = true;
	out->emit(out->ctx, &finding);
	return true;
}

static enum probe_result handshake_p2p_probe(struct slice first, enum direction dir)
{
	(void)dir;
	if (!may_begin(first))
		return first.len == 0 ? PROBE_MAYBE : PROBE_NO;
	return first.len >= HEADER_BYTES ? PROBE_YES : PROBE_MAYBE;
}

const struct dialect dialect_handshake_p2p = {
	.name = "handshake-p2p",
	.state_size = sizeof(struct handshake_p2p_state),
	.max_message = LIMIT_MESSAGE_BYTES,
	.is_binary = true,
	.probe = handshake_p2p_probe,
	.frame = handshake_p2p_frame,
	.decode = handshake_p2p_decode,
};
