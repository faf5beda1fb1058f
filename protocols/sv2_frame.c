/* sv2_frame.c: where frames of Stratum V2 begin and end.
 *
 * A frame carries no mark. What tells one is its type, which of them belong to a channel, the
 * lengths that type can have, and within the payload versions, times, compact targets and strings
 * that must fill it exactly. One such frame may be chance in a long stream; two in a row are not.
 */
#include "protocols/sv2_frame.h"

#include "protocols/cursor.h"

#define CHANNEL_BIT     0x8000u
#define EXTENSION_NAMES 0x0001u /* the extension that negotiates extensions */
#define LENGTH_MAX      0xffffffu
#define STRING_MAX      255
#define EXTENSION_MAX   4096
#define TLV_MAX         (5 + STRING_MAX)
#define RESYNC_MAX      2048       /* of a frame that is searched for */
#define LONG_PART       4096       /* of a frame that is too long: what is given of it */
#define TIME_MIN        1231006505 /* the first block */
#define SETUP_HEAD      9          /* protocol, versions, flags */
#define PROTOCOL_MAX    2
#define VERSION_MIN     2
#define VERSION_MAX     15
#define FLAGS_MAX       0xff
#define MERKLE_MAX      32

enum channel { CHANNEL_NO, CHANNEL_YES, CHANNEL_ANY };

/* What begins a stream, and what is seen again and again in the middle of one. */
enum anchor { ANCHOR_NO, ANCHOR_START, ANCHOR_MIDDLE };

struct shape {
	uint8_t type;
	enum channel channel;
	uint32_t min;
	uint32_t max;
	enum anchor anchor;
};

static const struct shape shapes[] = {
	{ SV2_SETUP, CHANNEL_NO, 16, 16 + 5 * STRING_MAX, ANCHOR_START },
	{ SV2_SETUP_SUCCESS, CHANNEL_NO, 6, 6, ANCHOR_START },
	{ SV2_SETUP_ERROR, CHANNEL_NO, 5, 5 + STRING_MAX, ANCHOR_NO },
	{ SV2_ENDPOINT_CHANGED, CHANNEL_YES, 4, 4, ANCHOR_NO },
	{ SV2_RECONNECT, CHANNEL_NO, 3, 3 + STRING_MAX, ANCHOR_NO },
	{ SV2_OPEN_STANDARD, CHANNEL_NO, 41, 41 + STRING_MAX, ANCHOR_START },
	{ SV2_OPEN_STANDARD_SUCCESS, CHANNEL_NO, 45, 77, ANCHOR_START },
	{ SV2_OPEN_ERROR, CHANNEL_NO, 5, 5 + STRING_MAX, ANCHOR_NO },
	{ SV2_OPEN_EXTENDED, CHANNEL_NO, 43, 43 + STRING_MAX, ANCHOR_START },
	{ SV2_OPEN_EXTENDED_SUCCESS, CHANNEL_NO, 43, 79, ANCHOR_START },
	{ SV2_NEW_JOB, CHANNEL_YES, 45, 49, ANCHOR_MIDDLE },
	{ SV2_UPDATE_CHANNEL, CHANNEL_YES, 40, 40, ANCHOR_NO },
	{ SV2_UPDATE_CHANNEL_ERROR, CHANNEL_YES, 5, 5 + STRING_MAX, ANCHOR_NO },
	{ SV2_CLOSE_CHANNEL, CHANNEL_YES, 5, 5 + STRING_MAX, ANCHOR_NO },
	{ SV2_SET_EXTRANONCE, CHANNEL_YES, 5, 37, ANCHOR_NO },
	{ SV2_SUBMIT_STANDARD, CHANNEL_YES, 24, 24, ANCHOR_MIDDLE },
	{ SV2_SUBMIT_EXTENDED, CHANNEL_YES, 25, 57 + TLV_MAX, ANCHOR_MIDDLE },
	{ SV2_SUBMIT_SUCCESS, CHANNEL_YES, 20, 20, ANCHOR_MIDDLE },
	{ SV2_SUBMIT_ERROR, CHANNEL_YES, 9, 9 + STRING_MAX, ANCHOR_START },
	{ SV2_NEW_EXTENDED_JOB, CHANNEL_YES, 19, LENGTH_MAX, ANCHOR_MIDDLE },
	{ SV2_SET_PREV_HASH, CHANNEL_YES, 48, 48, ANCHOR_MIDDLE },
	{ SV2_SET_TARGET, CHANNEL_YES, 36, 36, ANCHOR_MIDDLE },
	{ SV2_SET_CUSTOM_JOB, CHANNEL_ANY, 64, LENGTH_MAX, ANCHOR_NO },
	{ SV2_SET_CUSTOM_JOB_SUCCESS, CHANNEL_ANY, 12, 12, ANCHOR_NO },
	{ SV2_SET_CUSTOM_JOB_ERROR, CHANNEL_ANY, 9, 9 + STRING_MAX, ANCHOR_NO },
	{ SV2_SET_GROUP, CHANNEL_ANY, 6, 6 + 4 * 65535, ANCHOR_NO },
	{ SV2_ALLOCATE_TOKEN, CHANNEL_NO, 5, 5 + STRING_MAX, ANCHOR_START },
};

/* Between the two are job declaration and template distribution, which say nothing of mining. */
static const struct shape others = { 0, CHANNEL_NO, 4, LENGTH_MAX, ANCHOR_NO };
static const struct shape extension = { 0, CHANNEL_ANY, 4, EXTENSION_MAX, ANCHOR_NO };

/* What begins with these two bytes and this type; NULL: no frame. */
static const struct shape *find_shape(unsigned extension_type, uint8_t type)
{
	bool is_channel = (extension_type & CHANNEL_BIT) != 0;

	if ((extension_type & ~CHANNEL_BIT) == EXTENSION_NAMES)
		return type <= 2 ? &extension : NULL;
	if ((extension_type & ~CHANNEL_BIT) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (shapes[i].type != type)
			continue;
		if (shapes[i].channel == CHANNEL_ANY ||
		    is_channel == (shapes[i].channel == CHANNEL_YES))
			return &shapes[i];
		return NULL;
	}
	return type > SV2_ALLOCATE_TOKEN && type <= SV2_TEMPLATE_LAST && !is_channel ? &others
										     : NULL;
}

/* --- payloads, as far as they are there ------------------------------------------------------ */

static bool is_time(uint32_t seconds)
{
	return seconds >= TIME_MIN;
}

/* 1: fits; 0: not whole, fits as far as it goes; -1: does not fit. */
static int skip_string(struct cursor *c)
{
	size_t len = cursor_u8(c);
	struct slice text = slice_head(cursor_rest(c), len);

	if (c->bad)
		return 0;
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
			return -1;
	cursor_skip(c, len);
	return c->bad ? 0 : 1;
}

/* Everything a connection begins with: enough of it is fixed to be sure by the first string. */
static bool fits_setup(struct cursor *c, bool is_cut)
{
	uint8_t protocol = cursor_u8(c);
	uint16_t min = cursor_u16le(c);
	uint16_t max = cursor_u16le(c);
	uint32_t flags = cursor_u32le(c);

	if (c->bad)
		return is_cut;
	if (protocol > PROTOCOL_MAX || min != VERSION_MIN || max < min || max > VERSION_MAX ||
	    flags > FLAGS_MAX)
		return false;
	for (int i = 0; i < 5; i++) {
		int fits = skip_string(c);

		if (i == 0)
			cursor_skip(c, 2); /* the port */
		if (fits < 0 || (c->bad && !is_cut))
			return false;
	}
	return is_cut || cursor_left(c) == 0;
}

static bool fits_open(struct cursor *c, bool is_extended, bool is_cut)
{
	cursor_skip(c, 4);
	if (skip_string(c) < 0)
		return false;
	cursor_skip(c, 4 + 32 + (is_extended ? 2u : 0u));
	return c->bad ? is_cut : is_cut || cursor_left(c) == 0;
}

static bool fits_opened(struct cursor *c, bool is_extended, bool is_cut)
{
	cursor_skip(c, 8 + 32 + (is_extended ? 2u : 0u));
	uint8_t prefix = cursor_u8(c);

	if (c->bad)
		return is_cut;
	cursor_skip(c, prefix);
	if (c->bad || prefix > 32)
		return is_cut && prefix <= 32;
	return is_cut || cursor_left(c) == 4 || (is_extended && cursor_left(c) == 0);
}

static bool fits_job(struct cursor *c, uint32_t length)
{
	cursor_skip(c, 8);
	uint8_t has_time = cursor_u8(c);
	uint32_t time = has_time == 1 ? cursor_u32le(c) : TIME_MIN;

	if (has_time > 1 || (!c->bad && !is_time(time)))
		return false;
	return length == (has_time == 1 ? 49u : 45u) || c->bad;
}

static bool fits_extended_job(struct cursor *c, bool is_cut)
{
	cursor_skip(c, 8);
	uint8_t has_time = cursor_u8(c);
	uint32_t time = has_time == 1 ? cursor_u32le(c) : TIME_MIN;

	if (has_time > 1 || (!c->bad && !is_time(time)))
		return false;
	cursor_skip(c, 4);
	uint8_t may_roll = cursor_u8(c);
	uint8_t merkle = cursor_u8(c);
	if (may_roll > 1 || merkle > MERKLE_MAX)
		return false;
	cursor_skip(c, (size_t)merkle * 32);
	for (int i = 0; i < 2 && !c->bad; i++)
		cursor_skip(c, cursor_u16le(c));
	return c->bad ? is_cut : is_cut || cursor_left(c) == 0;
}

static bool fits_share(struct cursor *c, bool is_extended, bool is_cut)
{
	cursor_skip(c, 16);
	uint32_t time = cursor_u32le(c);

	if (c->bad)
		return is_cut;
	if (!is_time(time))
		return false;
	cursor_skip(c, 4);
	if (!is_extended)
		return true;
	uint8_t extranonce = cursor_u8(c);
	if (extranonce > 32)
		return false;
	cursor_skip(c, extranonce);
	return is_cut || !c->bad;
}

static bool fits_prev_hash(struct cursor *c)
{
	cursor_skip(c, 8 + 32);
	uint32_t time = cursor_u32le(c);
	uint32_t compact = cursor_u32le(c);

	if (c->bad)
		return true;
	return is_time(time) && compact >> 24 >= 3 && compact >> 24 <= 32 &&
	       (compact & 0x00800000) == 0;
}

/* At most so many shares can be acknowledged at once: more are nobody's. */
#define BATCH_MAX (1u << 20)

static bool fits_submit_success(struct cursor *c)
{
	cursor_skip(c, 8);
	uint32_t count = cursor_u32le(c);

	return c->bad || count <= BATCH_MAX;
}

static bool fits_payload(const struct sv2_frame *frame)
{
	struct cursor c = cursor_of(frame->payload);

	if (frame->is_extension)
		return true;
	switch (frame->type) {
	case SV2_SETUP:
		return fits_setup(&c, frame->is_cut);
	case SV2_SETUP_SUCCESS:
		return cursor_u16le(&c) <= VERSION_MAX && cursor_u32le(&c) <= FLAGS_MAX;
	case SV2_OPEN_STANDARD:
	case SV2_OPEN_EXTENDED:
		return fits_open(&c, frame->type == SV2_OPEN_EXTENDED, frame->is_cut);
	case SV2_OPEN_STANDARD_SUCCESS:
	case SV2_OPEN_EXTENDED_SUCCESS:
		return fits_opened(&c, frame->type == SV2_OPEN_EXTENDED_SUCCESS, frame->is_cut);
	case SV2_NEW_JOB:
		return fits_job(&c, frame->length);
	case SV2_NEW_EXTENDED_JOB:
		return fits_extended_job(&c, frame->is_cut);
	case SV2_SUBMIT_STANDARD:
	case SV2_SUBMIT_EXTENDED:
		return fits_share(&c, frame->type == SV2_SUBMIT_EXTENDED, frame->is_cut);
	case SV2_SUBMIT_SUCCESS:
		return fits_submit_success(&c);
	case SV2_SET_PREV_HASH:
		return fits_prev_hash(&c);
	default:
		return true;
	}
}

/* --- frames ---------------------------------------------------------------------------------- */

/* Fills out; NULL when no frame begins here. A header that is not whole fits as far as it goes. */
static const struct shape *read_frame(struct slice in, struct sv2_frame *out)
{
	struct cursor c = cursor_of(in);
	unsigned extension_type = cursor_u16le(&c);
	uint8_t type = cursor_u8(&c);
	uint32_t length = cursor_u24le(&c);
	const struct shape *shape = c.bad ? NULL : find_shape(extension_type, type);

	if (shape == NULL || length < shape->min || length > shape->max)
		return NULL;
	*out = (struct sv2_frame){ .type = type,
				   .is_extension = shape == &extension,
				   .length = length,
				   .payload = slice_head(cursor_rest(&c), length) };
	out->is_cut = out->payload.len < length;
	return fits_payload(out) ? shape : NULL;
}

/* Fewer bytes than a header has, and one may begin with them. */
static bool may_be_header(struct slice in)
{
	if (in.len >= SV2_HEADER_BYTES)
		return false;
	if (in.len > 0 && in.ptr[0] > EXTENSION_NAMES)
		return false;
	if (in.len > 1 && (in.ptr[1] & 0x7f) != 0)
		return false;
	return in.len < 3 ||
	       find_shape((unsigned)in.ptr[0] | (unsigned)in.ptr[1] << 8, in.ptr[2]) != NULL;
}

bool sv2_read(struct slice in, struct sv2_frame *out)
{
	return read_frame(in, out) != NULL;
}

/* Do two frames in a row begin here, the first of a kind that mining repeats? */
static enum probe_result find_pair(struct slice in)
{
	struct sv2_frame frame;
	const struct shape *shape = read_frame(in, &frame);

	if (shape == NULL)
		return may_be_header(in) ? PROBE_MAYBE : PROBE_NO;
	if (shape->anchor != ANCHOR_MIDDLE || frame.length > RESYNC_MAX)
		return PROBE_NO;
	if (frame.is_cut)
		return PROBE_MAYBE;
	in = slice_tail(in, SV2_HEADER_BYTES + frame.length);
	if (in.len < SV2_HEADER_BYTES)
		return may_be_header(in) ? PROBE_MAYBE : PROBE_NO;
	return read_frame(in, &frame) != NULL ? PROBE_YES : PROBE_NO;
}

/* Past the first byte, which begins no frame. */
static enum frame_result resync(struct slice in, size_t *skip, size_t *len)
{
	struct sv2_frame frame;
	size_t at = 1;

	for (; at < in.len; at++) {
		struct slice rest = slice_tail(in, at);
		enum probe_result result = rest.ptr[0] != 0 ? PROBE_NO : find_pair(rest);

		if (result == PROBE_MAYBE)
			break;
		if (result == PROBE_YES && sv2_read(rest, &frame)) {
			*skip = at;
			*len = SV2_HEADER_BYTES + frame.length;
			return FRAME_WHOLE;
		}
	}
	*skip = at < in.len ? at : in.len;
	return FRAME_MORE;
}

enum frame_result sv2_frame(struct json *unused, struct slice in, size_t *skip, size_t *len)
{
	(void)unused;
	struct sv2_frame frame;

	*skip = 0;
	*len = 0;
	if (!sv2_read(in, &frame))
		return may_be_header(in) ? FRAME_MORE : resync(in, skip, len);
	size_t size = SV2_HEADER_BYTES + (size_t)frame.length;
	bool is_long = size > LIMIT_MESSAGE_BYTES;
	if (in.len < (is_long ? LONG_PART : size))
		return FRAME_MORE;
	/* Of a frame that is too long all that is there is taken: its rest need not be searched. */
	*len = is_long ? slice_head(in, LIMIT_MESSAGE_BYTES).len : size;
	return FRAME_WHOLE;
}

/* The first frame by itself; MAYBE: a second one must follow. */
static enum probe_result judge_first(const struct shape *shape, const struct sv2_frame *frame)
{
	if (shape->anchor == ANCHOR_NO)
		return PROBE_NO;
	if (frame->is_extension || (frame->type == SV2_SETUP && frame->payload.len > SETUP_HEAD))
		return frame->is_extension ? PROBE_NO : PROBE_YES;
	/* It may be longer than a probe can wait for, and holds a lot that is fixed. */
	if (frame->type == SV2_NEW_EXTENDED_JOB && frame->is_cut)
		return frame->payload.len > DIALECT_PROBE_MAX / 2 ? PROBE_YES : PROBE_MAYBE;
	return PROBE_MAYBE;
}

enum probe_result sv2_probe(struct slice first)
{
	struct sv2_frame frame;
	const struct shape *shape = read_frame(first, &frame);

	if (shape == NULL)
		return may_be_header(first) ? PROBE_MAYBE : PROBE_NO;
	enum probe_result result = judge_first(shape, &frame);
	if (result != PROBE_MAYBE || frame.is_cut)
		return result;
	struct slice rest = slice_tail(first, SV2_HEADER_BYTES + frame.length);
	if (rest.len < SV2_HEADER_BYTES)
		return may_be_header(rest) ? PROBE_MAYBE : PROBE_NO;
	return read_frame(rest, &frame) != NULL ? PROBE_YES : PROBE_NO;
}
