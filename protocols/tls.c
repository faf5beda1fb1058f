/* tls.c: the carrier "tls": takes the ClientHello out of the records it comes in. RFC 8446.
 *
 *   record     type u8 (22: handshake), version u16 (03 0x), length u16, fragment
 *   handshake  type u8 (1: ClientHello), length u24, body; over as many records as it likes
 *
 * Nothing inside can be read, so no content ever comes out of here; the hello waits for whoever
 * asks carrier_tls_hello(). Which side is the client is seen from who says hello. */
#include "protocols/cursor.h"
#include "protocols/dialect.h"
#include "protocols/tls_hello.h"

#define RECORD_HEAD    5
#define RECORD_MAX     (16384 + 256)
#define HANDSHAKE_HEAD 4
#define HELLO_MAX      3840 /* post-quantum key shares make some 1800; tickets and names add to it */

enum { RECORD_FIRST = 20, RECORD_HANDSHAKE = 22, RECORD_LAST = 23 };
enum { HANDSHAKE_CLIENT_HELLO = 1, HANDSHAKE_SERVER_HELLO = 2 };

enum phase {
	PHASE_RECORD = 0,
	PHASE_FRAGMENT,
	PHASE_OPAQUE,
	PHASE_REFUSED /* the first bytes were no record */
};

struct tls_side {
	uint8_t phase;
	uint8_t head_len;
	uint8_t head[RECORD_HEAD];
	uint16_t left; /* of the record */
	bool is_known; /* a whole header was read */
};

struct tls_state {
	struct tls_side side[2];
	uint16_t len;     /* of raw */
	uint8_t owner;    /* 1 + direction whose hello is collected; 0: nobody's yet */
	bool is_finished; /* the union holds the hello, or there is none */
	bool has_hello;
	union {
		uint8_t raw[HELLO_MAX]; /* of the handshake message */
		struct tls_hello hello;
	};
};

/* One byte of the first record's header; false: it is none. */
static bool is_head_byte(size_t at, const uint8_t *head)
{
	size_t len = field_u16be(head + 3);

	switch (at) {
	case 0:
		return head[0] >= RECORD_FIRST && head[0] <= RECORD_LAST;
	case 1:
		return head[1] == 3;
	case 2:
		return head[2] <= 4;
	case 3:
		return head[3] <= RECORD_MAX >> 8;
	default:
		return len > 0 && len <= RECORD_MAX;
	}
}

static enum probe_result tls_probe(struct slice first, enum direction dir)
{
	uint8_t head[RECORD_HEAD] = { 0 };
	struct slice seen = slice_head(first, sizeof(head));

	(void)dir;
	for (size_t i = 0; i < seen.len; i++) {
		head[i] = seen.ptr[i];
		if (!is_head_byte(i, head) || head[0] != RECORD_HANDSHAKE)
			return PROBE_NO;
	}
	if (first.len <= sizeof(head))
		return PROBE_MAYBE;
	uint8_t type = first.ptr[sizeof(head)];

	return type == HANDSHAKE_CLIENT_HELLO || type == HANDSHAKE_SERVER_HELLO ? PROBE_YES
										: PROBE_NO;
}

/* Reads what was collected, and puts it in the place of the bytes. */
static void finish(struct tls_state *self, bool is_cut)
{
	struct tls_hello hello;
	struct slice body = slice_tail(slice_of(self->raw, self->len), HANDSHAKE_HEAD);

	self->is_finished = true;
	self->has_hello = tls_hello_read(body, is_cut, &hello);
	if (self->has_hello)
		self->hello = hello;
}

/* Length of the message with its header, as far as that is known. */
static size_t hello_size(const struct tls_state *self)
{
	struct cursor in = cursor_of(slice_of(self->raw, self->len));

	cursor_skip(&in, 1);
	size_t len = cursor_u24be(&in);

	return in.bad ? HANDSHAKE_HEAD : HANDSHAKE_HEAD + len;
}

/* Adds bytes of handshake records; the direction is done with once the hello is whole. */
static void collect(struct tls_state *self, struct tls_side *side, uint8_t owner, struct slice in)
{
	if (in.len > 0 && self->owner == 0 && in.ptr[0] == HANDSHAKE_CLIENT_HELLO)
		self->owner = owner;
	while (in.len > 0 && self->owner == owner && !self->is_finished) {
		size_t want = hello_size(self);
		size_t room = sizeof(self->raw) - self->len;
		size_t n = want - self->len < room ? want - self->len : room;

		n = n < in.len ? n : in.len;
		memcpy(&self->raw[self->len], in.ptr, n);
		self->len = (uint16_t)(self->len + n);
		in = slice_tail(in, n);
		want = hello_size(self);
		if (self->len == sizeof(self->raw) ||
		    (self->len >= HANDSHAKE_HEAD && self->len == want))
			finish(self, self->len < want);
	}
	if (self->owner != owner || self->is_finished)
		side->phase = PHASE_OPAQUE;
}

/* One byte of a record's header; false: it is none. */
static bool read_head(struct tls_side *side, uint8_t byte)
{
	side->head[side->head_len] = byte;
	if (!is_head_byte(side->head_len, side->head)) {
		side->phase = side->is_known ? PHASE_OPAQUE : PHASE_REFUSED;
		return false;
	}
	side->head_len++;
	if (side->head_len == RECORD_HEAD) {
		side->head_len = 0;
		side->is_known = true;
		side->left = field_u16be(side->head + 3);
		side->phase = side->head[0] == RECORD_HANDSHAKE ? PHASE_FRAGMENT : PHASE_OPAQUE;
	}
	return true;
}

static bool tls_unwrap(void *state, enum direction dir, struct slice in, struct carrier_step *step,
		       const struct finding_out *out)
{
	struct tls_state *self = state;
	struct tls_side *side = &self->side[dir];

	(void)out;
	while (step->used < in.len && side->phase < PHASE_OPAQUE) {
		struct slice rest = slice_tail(in, step->used);

		if (side->phase == PHASE_RECORD) {
			step->used += read_head(side, rest.ptr[0]) ? 1 : 0;
			continue;
		}
		rest = slice_head(rest, side->left);
		step->used += rest.len;
		side->left = (uint16_t)(side->left - rest.len);
		collect(self, side, (uint8_t)(dir + 1), rest);
		if (side->left == 0 && side->phase == PHASE_FRAGMENT)
			side->phase = PHASE_RECORD;
	}
	if (side->phase == PHASE_OPAQUE)
		step->used = in.len;
	return step->used > 0;
}

/* What was collected before the hole may still name the server. */
static bool tls_gap(void *state, enum direction dir)
{
	struct tls_state *self = state;

	if (self->owner == dir + 1 && !self->is_finished)
		finish(self, true);
	self->side[dir].phase = PHASE_OPAQUE;
	return false;
}

const struct tls_hello *carrier_tls_hello(const void *state)
{
	const struct tls_state *self = state;

	return self->has_hello ? &self->hello : NULL;
}

_Static_assert(sizeof(struct tls_state) <= CARRIER_STATE_MAX, "state is too large");

const struct carrier carrier_tls = {
	.name = "tls",
	.hello = carrier_tls_hello,
	.is_opaque = true,
	.state_size = sizeof(struct tls_state),
	.probe = tls_probe,
	.unwrap = tls_unwrap,
	.gap = tls_gap,
};
