/* bitcoin_p2p.c: nodes of Bitcoin and its kin. Little-endian.
 *
 *   | magic 4 | command 12, padded with NULs | length 4 | checksum 4 | payload |
 *   version   version 4, services 8, time 8, addresses 26 26, nonce 8, agent, height 4
 *
 * The checksum is the head of a double SHA-256. Until 2012 version and verack had none: their
 * header has 20 bytes. A node is no miner: it is told as one, once, and who it is. */
#include "protocols/cursor.h"
#include "protocols/dialect.h"
#include "protocols/hash.h"
#include "protocols/node_agent.h"

#define MAGIC_BYTES    4
#define COMMAND_BYTES  12
#define HEADER_BYTES   24
#define HEADER_OLD     20
#define NAME_BYTES     (MAGIC_BYTES + COMMAND_BYTES)
#define LENGTH_MAX     0x02000000u /* nodes drop who sends more */
#define LONG_PART      4096        /* of a message that is too long: what is given of it */
#define VERSION_TIME   12          /* in the payload of version: where the time is */
#define VERSION_AGENT  80
#define TIME_MIN       1231006505 /* the first block */
#define TIME_OLD_MAX   1356998400 /* the end of 2012: nobody left the checksum out any more */
#define CHECKED_MAX    65536
#define EMPTY_CHECKSUM 0xe2e0f65du /* of no bytes at all */

struct network {
	uint8_t magic[MAGIC_BYTES];
	const char *coin; /* NULL: a test network, or one that several share */
};

static const struct network networks[] = {
	{ { 0xf9, 0xbe, 0xb4, 0xd9 }, "BTC" },  { { 0x0b, 0x11, 0x09, 0x07 }, NULL },
	{ { 0xfa, 0xbf, 0xb5, 0xda }, NULL },   { { 0x0a, 0x03, 0xcf, 0x40 }, NULL },
	{ { 0x1c, 0x16, 0x3f, 0x28 }, NULL },   { { 0xf9, 0xbe, 0xb4, 0xfe }, "NMC" },
	{ { 0xe3, 0xe1, 0xf3, 0xe8 }, "BCH" },  { { 0xfb, 0xc0, 0xb6, 0xdb }, "LTC" },
	{ { 0xc0, 0xc0, 0xc0, 0xc0 }, "DOGE" }, { { 0x24, 0xe9, 0x27, 0x64 }, "ZEC" },
	{ { 0xbf, 0x0c, 0x6b, 0xbd }, NULL },   { { 0x52, 0x41, 0x56, 0x4e }, NULL },
	{ { 0xfa, 0xc3, 0xb6, 0xda }, NULL },   { { 0xe1, 0x47, 0x6d, 0x44 }, NULL },
};

/* One flow. */
struct bitcoin_p2p_state {
	bool is_told;
};

/* The message at the beginning of some bytes. */
struct p2p_message {
	const struct network *network;
	struct slice command;
	uint32_t length; /* of the payload, as the header says */
	uint32_t checksum;
	bool is_old; /* without a checksum */
	struct slice payload;
};

/* --- header ---------------------------------------------------------------------------------- */

/* The network whose magic begins with these bytes, or that begins with them all; NULL: none. */
static const struct network *find_network(struct slice in)
{
	struct slice magic = slice_head(in, MAGIC_BYTES);

	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
		if (slice_eq(magic, slice_of(networks[i].magic, magic.len)))
			return &networks[i];
	return NULL;
}

/* Small letters and digits, then NULs to the end: as far as it goes. */
static bool is_command(struct slice name)
{
	size_t len = slice_find(name, '\0');

	for (size_t i = 0; i < name.len; i++) {
		uint8_t byte = name.ptr[i];
		bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');

		if (i < len ? !is_letter : byte != 0)
			return false;
	}
	return name.len < COMMAND_BYTES || len >= 2;
}

/* Could a header begin here? False for nothing at all. Asked for every byte of what is skipped. */
static bool may_begin(struct slice in)
{
	static const char first[] = "\xf9\x0b\xfa\x0a\x1c\xe3\xfb\xc0\x24\xbf\x52\xe1";

	return in.len > 0 && memchr(first, in.ptr[0], sizeof(first) - 1) != NULL &&
	       find_network(in) != NULL && is_command(slice_sub(in, MAGIC_BYTES, COMMAND_BYTES));
}

static bool is_old_time(struct slice payload)
{
	struct cursor c = cursor_of(slice_tail(payload, VERSION_TIME));
	uint64_t time = cursor_u64le(&c);

	return !c.bad && time >= TIME_MIN && time < TIME_OLD_MAX;
}

/* What stands where the checksum is tells whether there is one. MORE: not enough is there. */
static enum frame_result find_form(struct slice in, struct p2p_message *out)
{
	struct cursor c = cursor_of(slice_tail(in, HEADER_OLD));
	bool is_verack = slice_starts(out->command, "verack") && out->length == 0;
	bool is_version = slice_starts(out->command, "version");

	out->checksum = cursor_u32le(&c);
	if (is_verack && !c.bad) {
		out->is_old = out->checksum != EMPTY_CHECKSUM;
	} else if (is_version) {
		size_t needed = HEADER_OLD + VERSION_TIME + 8;

		if (in.len < needed && out->length >= needed - HEADER_OLD)
			return FRAME_MORE;
		out->is_old = is_old_time(slice_tail(in, HEADER_OLD));
	} else if (c.bad) {
		return FRAME_MORE;
	}
	return FRAME_WHOLE;
}

/* WHOLE: the header is; the payload is what is there of it. */
static enum frame_result read_message(struct slice in, struct p2p_message *out)
{
	struct cursor c = cursor_of(in);

	if (!may_begin(in))
		return in.len == 0 ? FRAME_MORE : FRAME_BAD;
	*out = (struct p2p_message){ .network = find_network(in) };
	cursor_skip(&c, MAGIC_BYTES);
	out->command = cursor_take(&c, COMMAND_BYTES);
	out->length = cursor_u32le(&c);
	if (c.bad)
		return FRAME_MORE;
	if (out->length > LENGTH_MAX)
		return FRAME_BAD;
	enum frame_result result = find_form(in, out);
	if (result == FRAME_WHOLE)
		out->payload = slice_sub(in, out->is_old ? HEADER_OLD : HEADER_BYTES, out->length);
	return result;
}

/* --- framing --------------------------------------------------------------------------------- */

static enum frame_result frame_here(struct slice in, size_t *len)
{
	struct p2p_message message;
	enum frame_result result = read_message(in, &message);

	if (result != FRAME_WHOLE)
		return result;
	size_t size = (message.is_old ? HEADER_OLD : HEADER_BYTES) + (size_t)message.length;
	bool is_long = size > LIMIT_MESSAGE_BYTES;
	if (in.len < (is_long ? LONG_PART : size))
		return FRAME_MORE;
	*len = is_long ? slice_head(in, LIMIT_MESSAGE_BYTES).len : size;
	return FRAME_WHOLE;
}

/* A message that is too long is given by its beginning; its rest is no message, and skipped. */
static enum frame_result bitcoin_p2p_frame(struct json *unused, struct slice in, size_t *skip,
					   size_t *len)
{
	(void)unused;
	*skip = 0;
	*len = 0;
	while (*skip < in.len) {
		enum frame_result result = frame_here(slice_tail(in, *skip), len);

		if (result != FRAME_BAD)
			return result;
		++*skip;
	}
	return FRAME_MORE;
}

/* --- what is said ---------------------------------------------------------------------------- */

/* True when what is whole is right; what is not cannot be told. */
static bool is_intact(const struct p2p_message *message)
{
	uint8_t first[HASH_BYTES];
	uint8_t second[HASH_BYTES];

	if (message->is_old || message->payload.len < message->length ||
	    message->length > CHECKED_MAX)
		return true;
	hash_sha256(message->payload, first);
	hash_sha256(slice_of(first, sizeof(first)), second);
	struct cursor c = cursor_of(slice_of(second, sizeof(second)));
	return cursor_u32le(&c) == message->checksum;
}

static struct slice agent_of(const struct p2p_message *message)
{
	if (!slice_starts(message->command, "version"))
		return slice_of(NULL, 0);
	return node_agent(slice_tail(message->payload, VERSION_AGENT));
}

static bool bitcoin_p2p_decode(void *state, struct message *msg, const struct finding_out *out)
{
	struct bitcoin_p2p_state *self = state;
	struct p2p_message message;

	enum frame_result result = read_message(msg->bytes, &message);

	/* A verack without a checksum is not told from the beginning of one with it. */
	if (result != FRAME_WHOLE)
		return result == FRAME_MORE && msg->bytes.len >= NAME_BYTES;
	struct finding finding = { .kind = FINDING_NODE,
				   .proof = PROOF_NODE,
				   .coin = message.network->coin,
				   .agent = agent_of(&message) };
	if (self->is_told && finding.agent.len == 0)
		return true;
	if (!is_intact(&message))
		return self->is_told;
	self->is_told = true;
	out->emit(out->ctx, &finding);
	return true;
}

static enum probe_result bitcoin_p2p_probe(struct slice first, enum direction dir)
{
	(void)dir;
	if (!may_begin(first))
		return first.len == 0 ? PROBE_MAYBE : PROBE_NO;
	return first.len >= NAME_BYTES ? PROBE_YES : PROBE_MAYBE;
}

const struct dialect dialect_bitcoin_p2p = {
	.name = "bitcoin-p2p",
	.state_size = sizeof(struct bitcoin_p2p_state),
	.max_message = LIMIT_MESSAGE_BYTES,
	.is_binary = true,
	.probe = bitcoin_p2p_probe,
	.frame = bitcoin_p2p_frame,
	.decode = bitcoin_p2p_decode,
};
