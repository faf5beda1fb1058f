/* websocket.c: the carrier "websocket": frames of RFC 6455, compressed or not (RFC 7692).
 *
 *   byte 0   FIN 1, RSV1 1 (this message is compressed), RSV2 1, RSV3 1, opcode 4
 *   byte 1   MASK 1, length 7: 126 means u16be follows, 127 means u64be follows
 *   mask     4 bytes, from a client; the payload is XORed with it
 *
 * A message is one frame or a first frame and continuations; control frames may stand between them.
 * Miners use text and binary messages alike. Who masks is the client, whatever the flow table
 * believes. What comes after a frame that breaks the rules is not ours to guess: it is skipped. */
#include "protocols/cursor.h"
#include "protocols/dialect.h"

#define HEADER_BYTES_MAX 14
#define CONTROL_MAX      125
#define PIECE_BYTES      2048 /* unmasked at a time */

enum opcode {
	OPCODE_CONTINUATION = 0,
	OPCODE_TEXT = 1,
	OPCODE_BINARY = 2,
	OPCODE_CLOSE = 8,
	OPCODE_PONG = 10,
};

enum phase {
	PHASE_HEADER = 0,
	PHASE_PAYLOAD,
	PHASE_SKIP,   /* broken or closed: the rest is nothing */
	PHASE_REFUSED /* the very first frame was none */
};

/* One frame's header, as read so far. */
struct frame {
	uint64_t length;
	uint8_t bytes; /* of the header */
	uint8_t size;  /* of the header; 0: not known yet */
	uint8_t opcode;
	uint8_t mask[4];
	bool is_fin;
	bool is_deflate;
	bool is_masked;
};

struct websocket_side {
	struct frame frame;
	uint64_t left; /* payload bytes to come */
	uint8_t mask_at;
	uint8_t phase;
	bool is_known;   /* a whole header was read */
	bool is_deflate; /* the message that is open */
};

struct websocket_state {
	struct websocket_side side[2];
	uint8_t piece[PIECE_BYTES];
};

static bool is_control(const struct frame *frame)
{
	return frame->opcode >= OPCODE_CLOSE;
}

static bool take_first(struct frame *frame, uint8_t byte)
{
	frame->opcode = byte & 0x0f;
	frame->is_fin = (byte & 0x80) != 0;
	frame->is_deflate = (byte & 0x40) != 0;
	if ((byte & 0x30) != 0)
		return false;
	if (is_control(frame))
		return frame->opcode <= OPCODE_PONG && frame->is_fin && !frame->is_deflate;
	/* a message is compressed as a whole: its first frame says so */
	return frame->opcode <= OPCODE_BINARY &&
	       !(frame->opcode == OPCODE_CONTINUATION && frame->is_deflate);
}

static bool take_second(struct frame *frame, uint8_t byte)
{
	uint8_t length = byte & 0x7f;

	frame->is_masked = (byte & 0x80) != 0;
	frame->size = frame->is_masked ? 6 : 2;
	if (length < 126)
		frame->length = length;
	else
		frame->size = (uint8_t)(frame->size + (length == 126 ? 2 : 8));
	return length <= CONTROL_MAX || !is_control(frame);
}

/* One more byte of a header; false: no frame has it there. */
static bool take_header(struct frame *frame, uint8_t byte)
{
	uint8_t at = frame->bytes++;

	if (at == 0)
		return take_first(frame, byte);
	if (at == 1)
		return take_second(frame, byte);
	if (frame->is_masked && at >= frame->size - 4) {
		frame->mask[at - (frame->size - 4)] = byte;
		return true;
	}
	frame->length = frame->length << 8 | byte;
	/* the highest bit of the long form is 0 */
	return at > 2 || byte < 0x80 || frame->size < 10;
}

static bool is_header_whole(const struct frame *frame)
{
	return frame->bytes >= 2 && frame->bytes == frame->size;
}

/* Fixed or dynamic Huffman codes, and in the first case one that spells a brace or bracket. */
static bool is_deflated_start(uint8_t byte)
{
	return byte == 0xaa || byte == 0x8a || (byte & 7) == 4;
}

static bool is_text_start(uint8_t byte)
{
	return byte == '{' || byte == '[' || byte == ' ' || byte == '\t' || byte == '\r' ||
	       byte == '\n';
}

/* What follows the header of a data frame decides. A flow that was picked up in its middle may be
 * the wrong way round: then only a brace or bracket will do. */
static enum probe_result probe_payload(const struct frame *frame, struct slice payload,
				       bool is_turned)
{
	bool is_start;

	if (frame->opcode == OPCODE_CONTINUATION || frame->length == 0)
		return PROBE_NO;
	if (payload.len == 0)
		return PROBE_MAYBE;
	uint8_t byte = payload.ptr[0] ^ (frame->is_masked ? frame->mask[0] : 0);

	if (is_turned)
		is_start = !frame->is_deflate && (byte == '{' || byte == '[');
	else
		is_start = frame->is_deflate ? is_deflated_start(byte) : is_text_start(byte);
	return is_start ? PROBE_YES : PROBE_NO;
}

/* Control frames are crossed; they prove nothing by themselves. */
static enum probe_result probe_frames(struct slice first, enum direction dir)
{
	while (first.len > 0) {
		struct frame frame = { 0 };
		size_t at = 0;

		while (at < first.len && !is_header_whole(&frame))
			if (!take_header(&frame, first.ptr[at++]))
				return PROBE_NO;
		bool is_turned = frame.is_masked != (dir == DIR_TO_SERVER);

		first = slice_tail(first, at);
		if (!is_header_whole(&frame))
			break;
		if (!is_control(&frame))
			return probe_payload(&frame, first, is_turned);
		if (is_turned || frame.length > CARRIER_PROBE_MAX)
			return PROBE_NO;
		first = slice_tail(first, (size_t)frame.length);
	}
	return PROBE_MAYBE;
}

/* What so many bytes leave open is left. */
static enum probe_result websocket_probe(struct slice first, enum direction dir)
{
	enum probe_result result = probe_frames(slice_head(first, CARRIER_PROBE_MAX), dir);

	return result == PROBE_MAYBE && first.len >= CARRIER_PROBE_MAX ? PROBE_NO : result;
}

static void describe(const struct websocket_side *side, struct carrier_step *step)
{
	step->is_message = true;
	step->encoding = side->is_deflate ? ENCODING_DEFLATE : ENCODING_NONE;
}

/* The header is whole. */
static void begin_frame(struct websocket_side *side, struct carrier_step *step)
{
	const struct frame *frame = &side->frame;

	side->is_known = true;
	side->left = frame->length;
	side->mask_at = 0;
	side->phase = side->left > 0 ? PHASE_PAYLOAD : PHASE_HEADER;
	if (is_control(frame)) {
		if (frame->opcode == OPCODE_CLOSE)
			side->phase = PHASE_SKIP;
		return;
	}
	step->is_start = frame->opcode != OPCODE_CONTINUATION;
	if (step->is_start)
		side->is_deflate = frame->is_deflate;
	step->is_end = frame->is_fin && side->left == 0;
	describe(side, step);
}

static void read_header(struct websocket_side *side, struct slice in, struct carrier_step *step)
{
	if (side->frame.bytes > 0 && is_header_whole(&side->frame))
		side->frame = (struct frame){ 0 };
	while (step->used < in.len && side->phase == PHASE_HEADER) {
		if (!take_header(&side->frame, in.ptr[step->used])) {
			side->phase = side->is_known ? PHASE_SKIP : PHASE_REFUSED;
			return;
		}
		step->used++;
		if (is_header_whole(&side->frame)) {
			begin_frame(side, step);
			return;
		}
	}
}

static struct slice unmask(struct websocket_state *self, struct websocket_side *side,
			   struct slice in)
{
	in = slice_head(in, sizeof(self->piece));
	for (size_t i = 0; i < in.len; i++)
		self->piece[i] = in.ptr[i] ^ side->frame.mask[(side->mask_at + i) & 3];
	side->mask_at = (uint8_t)((side->mask_at + in.len) & 3);
	return slice_of(self->piece, in.len);
}

static void read_payload(struct websocket_state *self, struct websocket_side *side, struct slice in,
			 struct carrier_step *step)
{
	const struct frame *frame = &side->frame;

	in = slice_head(in, side->left < in.len ? (size_t)side->left : in.len);
	if (!is_control(frame)) {
		describe(side, step);
		step->content = frame->is_masked ? unmask(self, side, in) : in;
		in.len = step->content.len;
	}
	step->used = in.len;
	side->left -= in.len;
	if (side->left == 0) {
		side->phase = PHASE_HEADER;
		step->is_end = step->is_message && frame->is_fin;
	}
}

static bool websocket_unwrap(void *state, enum direction dir, struct slice in,
			     struct carrier_step *step, const struct finding_out *out)
{
	struct websocket_state *self = state;
	struct websocket_side *side = &self->side[dir];

	(void)out;
	if (side->phase == PHASE_HEADER)
		read_header(side, in, step);
	else if (side->phase == PHASE_PAYLOAD)
		read_payload(self, side, in, step);
	if (side->phase == PHASE_SKIP && step->used == 0)
		step->used = in.len;
	return step->used > 0;
}

static bool websocket_gap(void *state, enum direction dir)
{
	struct websocket_state *self = state;

	self->side[dir] = (struct websocket_side){ 0 };
	return true;
}

_Static_assert(sizeof(struct websocket_state) <= CARRIER_STATE_MAX, "state is too large");

const struct carrier carrier_websocket = {
	.name = "websocket",
	.state_size = sizeof(struct websocket_state),
	.probe = websocket_probe,
	.unwrap = websocket_unwrap,
	.gap = websocket_gap,
};
