/* quic_hello.c: frames to handshake bytes, handshake bytes to a hello.
 *
 *   PADDING 0 and PING 1: the type alone
 *   ACK 2 or 3: largest, delay, count, first range, (gap, range)*count, 3: three counters
 *   CRYPTO 6: offset, length, bytes          all numbers are varints
 *   CONNECTION_CLOSE 28: the rest does not matter
 *
 * A client may send the hello in pieces of any size and order, over several packets. */
#include "protocols/quic_hello.h"

#include "protocols/cursor.h"

#define HANDSHAKE_HEAD  4
#define CLIENT_HELLO    1
#define WORD_BITS       64
#define ACK_ECN_NUMBERS 3

enum {
	FRAME_PADDING = 0,
	FRAME_PING = 1,
	FRAME_ACK = 2,
	FRAME_ACK_ECN = 3,
	FRAME_CRYPTO = 6,
	FRAME_CLOSE = 28
};

static void mark(struct quic_hello *self, size_t from, size_t to)
{
	while (from < to) {
		uint64_t *word = &self->arrived[from / WORD_BITS];

		if (from % WORD_BITS == 0 && to - from >= WORD_BITS) {
			*word = UINT64_MAX;
			from += WORD_BITS;
		} else {
			*word |= (uint64_t)1 << from % WORD_BITS;
			from++;
		}
	}
}

/* Bytes from the start on without a hole. */
static size_t prefix_len(const struct quic_hello *self)
{
	size_t word = 0;

	while (word < QUIC_HELLO_MAX / WORD_BITS && self->arrived[word] == UINT64_MAX)
		word++;
	if (word == QUIC_HELLO_MAX / WORD_BITS)
		return QUIC_HELLO_MAX;
	return word * WORD_BITS + (size_t)__builtin_ctzll(~self->arrived[word]);
}

static void store(struct quic_hello *self, uint64_t offset, struct slice bytes)
{
	if (offset >= QUIC_HELLO_MAX)
		return;
	size_t at = (size_t)offset;

	bytes = slice_head(bytes, QUIC_HELLO_MAX - at);
	if (bytes.len > 0)
		memcpy(&self->raw[at], bytes.ptr, bytes.len);
	mark(self, at, at + bytes.len);
}

static void read_crypto(struct quic_hello *self, struct cursor *in)
{
	uint64_t offset = quic_varint(in);
	uint64_t len = quic_varint(in);

	if (len > cursor_left(in))
		in->bad = true;
	if (!in->bad)
		store(self, offset, cursor_take(in, (size_t)len));
}

static void skip_ack(struct cursor *in, uint8_t type)
{
	(void)quic_varint(in);
	(void)quic_varint(in);
	uint64_t count = quic_varint(in);

	(void)quic_varint(in);
	if (count > cursor_left(in))
		in->bad = true;
	for (; count > 0 && !in->bad; count--) {
		(void)quic_varint(in);
		(void)quic_varint(in);
	}
	for (unsigned i = 0; type == FRAME_ACK_ECN && i < ACK_ECN_NUMBERS; i++)
		(void)quic_varint(in);
}

/* False when there is something that no Initial may hold. */
static bool read_frames(struct quic_hello *self, struct slice frames)
{
	struct cursor in = cursor_of(frames);

	while (cursor_left(&in) > 0) {
		uint8_t type = cursor_u8(&in);

		switch (type) {
		case FRAME_PADDING:
		case FRAME_PING:
			break;
		case FRAME_ACK:
		case FRAME_ACK_ECN:
			skip_ack(&in, type);
			break;
		case FRAME_CRYPTO:
			read_crypto(self, &in);
			break;
		case FRAME_CLOSE:
			return true;
		default:
			return false;
		}
	}
	return !in.bad;
}

/* With the keys that there are, else with those that the packet's own id makes: it is the first
 * packet, or the first one after the server sent the client away with a new id (Retry). */
static bool open_packet(struct quic_hello *self, const struct quic_crypto *crypto,
			const struct quic_packet *packet, uint8_t out[QUIC_PACKET_MAX],
			struct slice *frames)
{
	struct quic_keys keys;

	if (self->version == packet->version &&
	    quic_packet_open(crypto, &self->keys, packet, out, frames))
		return true;
	if (!quic_keys_derive(crypto, packet->version, packet->dcid, &keys) ||
	    !quic_packet_open(crypto, &keys, packet, out, frames))
		return false;
	self->keys = keys;
	self->version = packet->version;
	return true;
}

/* Reads the message so far, and puts it in the place of its bytes. */
static void finish(struct quic_hello *self, size_t len, bool is_cut)
{
	struct tls_hello tls;
	struct slice message = slice_of(self->raw, len);

	self->is_finished = true;
	self->has_tls = len > HANDSHAKE_HEAD && self->raw[0] == CLIENT_HELLO &&
			tls_hello_read(slice_tail(message, HANDSHAKE_HEAD), is_cut, &tls);
	if (!self->has_tls)
		return;
	tls.is_quic = true;
	self->tls = tls;
}

static size_t message_size(const struct quic_hello *self)
{
	struct cursor in = cursor_of(slice_of(self->raw, HANDSHAKE_HEAD));

	cursor_skip(&in, 1);
	return HANDSHAKE_HEAD + cursor_u24be(&in);
}

static enum quic_result read_message(struct quic_hello *self)
{
	size_t len = prefix_len(self);

	if (len < HANDSHAKE_HEAD)
		return QUIC_MORE;
	size_t want = message_size(self);

	if (len < want && len < QUIC_HELLO_MAX && self->raw[0] == CLIENT_HELLO)
		return QUIC_MORE;
	finish(self, len < want ? len : want, len < want);
	return self->has_tls ? QUIC_READ : QUIC_BAD;
}

/* The Initial packets of a datagram; others between them are passed over. */
static enum quic_result read_packets(struct quic_hello *self, const struct quic_crypto *crypto,
				     struct slice datagram)
{
	enum quic_result result = QUIC_NONE;
	struct quic_packet packet;

	for (unsigned i = 0; i < QUIC_PACKETS_MAX && quic_packet_read(datagram, &packet); i++) {
		uint8_t plain[QUIC_PACKET_MAX];
		struct slice frames;

		datagram = slice_tail(datagram, packet.whole.len);
		if (!packet.is_initial)
			continue;
		if (!open_packet(self, crypto, &packet, plain, &frames) ||
		    !read_frames(self, frames))
			return QUIC_BAD;
		result = QUIC_MORE;
	}
	return result;
}

enum quic_result quic_hello_feed(struct quic_hello *self, const struct quic_crypto *crypto,
				 struct slice datagram)
{
	if (self->is_finished)
		return self->has_tls ? QUIC_READ : QUIC_BAD;
	if (self->version == 0 ? !quic_is_initial(datagram) : datagram.len < QUIC_DATAGRAM_MIN)
		return QUIC_NONE;
	enum quic_result result = read_packets(self, crypto, datagram);

	if (result == QUIC_MORE)
		result = read_message(self);
	if (result != QUIC_NONE)
		self->datagrams++;
	if (self->datagrams < QUIC_DATAGRAMS_MAX || self->is_finished)
		return result;
	return quic_hello_finish(self) ? QUIC_READ : QUIC_BAD;
}

bool quic_hello_finish(struct quic_hello *self)
{
	if (!self->is_finished)
		finish(self, prefix_len(self), true);
	return self->has_tls;
}

const struct tls_hello *quic_hello_tls(const struct quic_hello *self)
{
	return self->has_tls ? &self->tls : NULL;
}

_Static_assert(QUIC_HELLO_MAX % WORD_BITS == 0, "every bit must have a byte");
_Static_assert(sizeof(struct tls_hello) <= QUIC_HELLO_MAX, "the hello must fit its bytes' place");
