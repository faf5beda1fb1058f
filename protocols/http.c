/* http.c: the carrier "http": HTTP/1.0 and 1.1 messages, one after another. RFC 9112.
 *
 *   request    method SP target SP HTTP/1.x          response   HTTP/1.x SP status SP reason
 *   both       name: value, more lines, an empty line, the body
 *   body       Content-Length bytes, or chunks (size in hex, extensions, data; 0, trailers), or, of
 *              a response, all until the end
 *
 * Lines end with LF, with or without CR; a line that begins with a blank goes on the one before.
 * Nothing here depends on the flow's direction: who asks is seen from the first word. A body is
 * given only when it is coded or begins like JSON, so that web pages go no further. */
#include "protocols/http.h"

#include "protocols/hex.h"
#include "protocols/http_field.h"
#include "protocols/proxy_header.h"
#include "protocols/rpc.h"
#include "protocols/tunnel_target.h"

#define NAME_BYTES        32  /* longest field name that is read: 19 */
#define VALUE_BYTES       320 /* longest value that is read: credentials of 160 bytes in base64 */
#define ASKED_MAX         64  /* requests whose responses are awaited */
#define ESTABLISHED_LEAST 16  /* "200 connection e" */

enum phase {
	PHASE_START = 0,
	PHASE_UPGRADED, /* after a request to switch protocols: HTTP or the other one */
	PHASE_WORD,     /* method or version */
	PHASE_TARGET,
	PHASE_LINE, /* the rest of the first line */
	PHASE_FIELD,
	PHASE_FIELD_CR, /* a CR where a field would begin */
	PHASE_NAME,
	PHASE_VALUE,
	PHASE_REST, /* after a gap: the rest of the head that opened a tunnel, or what is in it */
	PHASE_BODY_LENGTH,
	PHASE_BODY_CLOSE,
	PHASE_CHUNK_SIZE,
	PHASE_CHUNK_EXTENSION,
	PHASE_CHUNK_DATA,
	PHASE_CHUNK_END,
	PHASE_TRAILER, /* at the beginning of a line */
	PHASE_TRAILER_LINE,
	PHASE_SKIP,
	PHASE_THROUGH,
	PHASE_REFUSED
};

/* What becomes of a body: decided by its first byte that is no blank. */
enum use { USE_UNKNOWN = 0, USE_GIVE, USE_SKIP };

enum upgrade { UPGRADE_NONE = 0, UPGRADE_ASKED, UPGRADE_DONE };

struct http_side {
	struct http_head head;
	struct http_framing framing;
	uint64_t left; /* of the body or chunk */
	uint16_t target_len;
	uint16_t value_len;
	uint8_t name_len;
	uint8_t phase;
	uint8_t use;
	uint8_t encoding;    /* enum encoding of the body, as found */
	bool is_known;       /* a whole head was read */
	bool has_digit;      /* of a chunk's size */
	bool is_line;        /* of a head's rest: the line holds something */
	bool is_established; /* the response has the words that every proxy says */
	char name[NAME_BYTES];
	char value[VALUE_BYTES]; /* also the first word, and the rest of the first line */
};

struct http_state {
	struct http_side side[2];
	uint64_t asked_head; /* bit per awaited response, oldest lowest: it has no body */
	uint8_t asked;       /* awaited responses */
	uint8_t upgrade;
	bool is_websocket; /* the upgrade is to that */
	bool is_tunnel;    /* CONNECT was asked */
};

static const char *const words[] = {
	"GET ",    "POST ",  "PUT ",   "HEAD ",     "CONNECT ",  "OPTIONS ",
	"DELETE ", "PATCH ", "TRACE ", "HTTP/1.1 ", "HTTP/1.0 ",
};

/* Does that word begin so, and is it whole? */
static enum probe_result probe_word(struct slice first)
{
	/* Asked of every flow: nearly all that is no HTTP is told by its first byte. */
	if (first.len > 0 && (first.ptr[0] < 'A' || first.ptr[0] > 'Z'))
		return PROBE_NO;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct slice word = slice_str(words[i]);
		size_t n = first.len < word.len ? first.len : word.len;

		if (slice_eq(slice_head(first, n), slice_head(word, n)))
			return n == word.len ? PROBE_YES : PROBE_MAYBE;
	}
	return PROBE_NO;
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* http:// or https://, as far as it goes. */
static enum probe_result probe_absolute(struct slice target)
{
	static const char scheme[] = "http";
	size_t len = sizeof(scheme) - 1;

	for (size_t i = 0; i < len && i < target.len; i++)
		if ((target.ptr[i] | 0x20) != (uint8_t)scheme[i])
			return PROBE_NO;
	return target.len < len ? PROBE_MAYBE : PROBE_YES;
}

/* What may stand behind the first word: a status, a path, an absolute target, or a host. */
static enum probe_result http_probe(struct slice first, enum direction dir)
{
	enum probe_result result = probe_word(first);
	size_t word;

	(void)dir;
	if (result != PROBE_YES)
		return result;
	word = slice_find(first, ' ') + 1;
	if (word >= first.len)
		return PROBE_MAYBE;
	uint8_t next = first.ptr[word];

	if (slice_starts(first, "HTTP/"))
		return is_digit(next) ? PROBE_YES : PROBE_NO;
	if (next == '/' || next == '*')
		return PROBE_YES;
	if (slice_starts(first, "CONNECT "))
		return next > ' ' && next < 0x7f ? PROBE_YES : PROBE_NO;
	return probe_absolute(slice_tail(first, word));
}

/* This byte cannot stand here. JSON without a head is read as it is; anything else behind whole
 * messages is no beginning of anything. */
static void reject(struct http_side *side, uint8_t byte)
{
	bool is_json = byte == '{' || byte == '[';

	side->phase = side->is_known && !is_json ? PHASE_SKIP : PHASE_REFUSED;
}

static void keep_value(struct http_side *side, uint8_t byte)
{
	if (side->value_len < sizeof(side->value))
		side->value[side->value_len++] = (char)byte;
}

static struct slice value_of(const struct http_side *side)
{
	return slice_of(side->value, side->value_len);
}

static void take_word(struct http_side *side, uint8_t byte)
{
	keep_value(side, byte);
	enum probe_result result = probe_word(value_of(side));

	if (result == PROBE_NO)
		reject(side, byte);
	if (result != PROBE_YES)
		return;
	side->head.is_response = slice_starts(value_of(side), "HTTP/");
	side->phase = PHASE_LINE;
	if (!side->head.is_response) {
		slice_copy(slice_head(value_of(side), side->value_len - 1u), side->head.method,
			   sizeof(side->head.method));
		side->phase = PHASE_TARGET;
	}
	side->value_len = 0;
}

static void take_start(struct http_side *side, uint8_t byte)
{
	if (byte == '\r' || byte == '\n')
		return;
	side->head = (struct http_head){ 0 };
	side->framing = (struct http_framing){ 0 };
	side->target_len = 0;
	side->name_len = 0;
	side->value_len = 0;
	side->use = USE_UNKNOWN;
	side->phase = PHASE_WORD;
	take_word(side, byte);
}

/* A WebSocket client's first byte is none of these letters, but for a compressed fragment. */
static void take_upgraded(struct http_state *self, struct http_side *side, uint8_t byte)
{
	bool is_http = (byte >= 'C' && byte <= 'Z') || byte == '\r' || byte == '\n';

	if (self->upgrade == UPGRADE_DONE || (self->upgrade == UPGRADE_ASKED && !is_http)) {
		side->phase = PHASE_THROUGH;
		return;
	}
	if (byte != '\r' && byte != '\n') {
		side->phase = PHASE_START;
		take_start(side, byte);
	}
}

static void take_target(struct http_side *side, uint8_t byte)
{
	if (byte == '\n') {
		reject(side, byte); /* without a version: some other protocol's words */
	} else if (byte == ' ' && side->target_len > 0) {
		http_target(&side->head); /* before the fields: what stands here counts more */
		side->phase = PHASE_LINE;
	} else if (byte > ' ' && side->target_len < sizeof(side->head.target) - 1) {
		side->head.target[side->target_len++] = (char)byte;
	}
}

/* The first line is whole. */
static bool read_line(struct http_side *side)
{
	struct slice line = value_of(side);

	if (!side->head.is_response)
		return slice_starts(line, "HTTP/1.");
	if (line.len < 3)
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (!is_digit(line.ptr[i]))
			return false;
		side->head.status = (uint16_t)(side->head.status * 10 + (line.ptr[i] - '0'));
	}
	side->is_established = rpc_contains(line, "connection established");
	return side->head.status >= 100 && (line.len == 3 || line.ptr[3] == ' ');
}

static void take_line(struct http_side *side, uint8_t byte)
{
	if (byte != '\n') {
		if (byte != '\r' && (byte != ' ' || side->value_len > 0))
			keep_value(side, byte);
		return;
	}
	if (read_line(side))
		side->phase = PHASE_FIELD;
	else
		reject(side, byte);
}

/* The field before is whole when the next line does not begin with a blank. */
static void flush_field(struct http_side *side)
{
	if (side->name_len > 0)
		http_field(&side->head, &side->framing, slice_of(side->name, side->name_len),
			   value_of(side));
	memset(side->value, 0, side->value_len); /* it may have been a password */
	side->name_len = 0;
	side->value_len = 0;
}

static void take_name(struct http_side *side, uint8_t byte)
{
	side->phase = PHASE_NAME;
	if (byte == ':') {
		side->phase = PHASE_VALUE;
	} else if (byte == '\n') { /* no field at all */
		side->name_len = 0;
		side->phase = PHASE_FIELD;
	} else if (side->name_len < sizeof(side->name)) {
		side->name[side->name_len++] = (char)byte;
	}
}

static void take_value(struct http_side *side, uint8_t byte)
{
	side->phase = byte == '\n' ? PHASE_FIELD : PHASE_VALUE;
	if (byte != '\n' && byte != '\r')
		keep_value(side, byte == '\t' ? ' ' : byte);
}

/* At the beginning of a line; true when it is the empty one. */
static bool take_field(struct http_side *side, uint8_t byte)
{
	if (byte == '\n') {
		flush_field(side);
		return true;
	}
	if (byte == '\r') {
		side->phase = PHASE_FIELD_CR;
	} else if (byte == ' ' || byte == '\t') {
		take_value(side, byte);
	} else {
		flush_field(side);
		take_name(side, byte);
	}
	return false;
}

/* One byte of a head; true when it ends there. */
static bool take_head(struct http_state *self, struct http_side *side, uint8_t byte)
{
	switch (side->phase) {
	case PHASE_START:
		take_start(side, byte);
		return false;
	case PHASE_UPGRADED:
		take_upgraded(self, side, byte);
		return false;
	case PHASE_WORD:
		take_word(side, byte);
		return false;
	case PHASE_TARGET:
		take_target(side, byte);
		return false;
	case PHASE_LINE:
		take_line(side, byte);
		return false;
	case PHASE_NAME:
		take_name(side, byte);
		return false;
	case PHASE_VALUE:
		take_value(side, byte);
		return false;
	default:
		return take_field(side, byte);
	}
}

static void push_asked(struct http_state *self, bool is_head)
{
	if (self->asked == ASKED_MAX)
		return;
	if (is_head)
		self->asked_head |= (uint64_t)1 << self->asked;
	self->asked++;
}

/* True when the response that came has no body because of what was asked. */
static bool pop_asked(struct http_state *self)
{
	bool is_head = (self->asked_head & 1) != 0;

	if (self->asked == 0)
		return false;
	self->asked--;
	self->asked_head >>= 1;
	return is_head;
}

static void describe(const struct http_side *side, struct carrier_step *step)
{
	step->is_message = true;
	step->http = &side->head;
}

static void end_message(struct http_side *side, struct carrier_step *step)
{
	bool is_switch = side->framing.is_upgrade && !side->head.is_response;

	describe(side, step);
	step->is_end = true;
	side->phase = is_switch ? PHASE_UPGRADED : PHASE_START;
}

static void begin_body(struct http_side *side, struct carrier_step *step)
{
	const struct http_framing *framing = &side->framing;

	side->left = 0;
	side->has_digit = false;
	if (framing->has_transfer) {
		side->phase = framing->is_chunked ? PHASE_CHUNK_SIZE : PHASE_BODY_CLOSE;
	} else if (framing->has_length && framing->length > 0) {
		side->left = framing->length;
		side->phase = PHASE_BODY_LENGTH;
	} else if (side->head.is_response && !framing->has_length) {
		side->phase = PHASE_BODY_CLOSE;
	} else {
		end_message(side, step);
	}
}

static void finish_request(struct http_state *self, struct http_side *side,
			   struct carrier_step *step, const struct finding_out *out)
{
	push_asked(self, slice_is(slice_str(side->head.method), "HEAD"));
	if (slice_is(slice_str(side->head.method), "CONNECT")) {
		tunnel_target_tell(out, slice_str(side->head.target));
		self->is_tunnel = true;
		end_message(side, step);
		side->phase = PHASE_THROUGH;
		return;
	}
	if (side->framing.is_upgrade) {
		self->upgrade = UPGRADE_ASKED;
		self->is_websocket = side->framing.is_websocket;
	}
	begin_body(side, step);
}

/* Does a tunnel begin behind this response? */
static bool is_established(const struct http_state *self, const struct http_side *side)
{
	bool is_good = side->head.status >= 200 && side->head.status < 300;

	return is_good && (self->is_tunnel || (side->is_established && !side->head.is_asked &&
					       side->framing.length == 0));
}

static void finish_response(struct http_state *self, struct http_side *side,
			    struct carrier_step *step)
{
	uint16_t status = side->head.status;
	bool is_final = status == 101 || status >= 200;
	bool is_empty = status < 200 || status == 204 || status == 304;

	side->head.is_asked = self->asked > 0;
	if (is_final)
		is_empty = pop_asked(self) || is_empty;
	if (status == 101) {
		self->upgrade = UPGRADE_DONE;
		self->is_websocket = self->is_websocket || side->framing.is_websocket;
	} else if (is_final && self->asked == 0 && self->upgrade == UPGRADE_ASKED) {
		self->upgrade = UPGRADE_NONE; /* refused */
	}
	if (status == 101 || is_established(self, side)) {
		end_message(side, step);
		side->phase = PHASE_THROUGH;
	} else if (is_empty) {
		end_message(side, step);
	} else {
		begin_body(side, step);
	}
}

static void finish_head(struct http_state *self, struct http_side *side, struct carrier_step *step,
			const struct finding_out *out)
{
	side->is_known = true;
	describe(side, step);
	step->is_start = true;
	if (side->head.is_response)
		finish_response(self, side, step);
	else
		finish_request(self, side, step, out);
}

/* Looks for what the body is; returns the bytes before its beginning. A coding that was announced
 * and is not there is no coding; what zlib calls deflate often lacks the header it should have. */
static size_t judge_body(struct http_side *side, struct slice piece)
{
	enum encoding coding = side->framing.coding;
	uint8_t first = piece.ptr[0];
	size_t at = 0;

	side->encoding = ENCODING_NONE;
	if (side->framing.is_opaque) {
		side->use = USE_SKIP;
		return 0;
	}
	if (coding == ENCODING_ZLIB || (coding == ENCODING_GZIP && first == 0x1f)) {
		side->use = USE_GIVE;
		side->encoding = coding == ENCODING_ZLIB && (first & 0x0f) != 8 ? ENCODING_DEFLATE
										: (uint8_t)coding;
		return 0;
	}
	side->framing.coding = ENCODING_NONE;
	enum probe_result found = http_body_probe(piece, &at);

	if (found != PROBE_MAYBE)
		side->use = found == PROBE_YES ? USE_GIVE : USE_SKIP;
	return at;
}

/* A piece of the body, not empty; gives what is worth it. */
static void give_body(struct http_side *side, struct slice piece, struct carrier_step *step)
{
	size_t before = side->use == USE_UNKNOWN ? judge_body(side, piece) : 0;

	describe(side, step);
	step->used += piece.len;
	if (side->use != USE_GIVE)
		return;
	step->content = slice_tail(piece, before);
	step->encoding = side->encoding;
}

static void read_body(struct http_side *side, struct slice in, struct carrier_step *step)
{
	struct slice piece = in;

	if (side->phase != PHASE_BODY_CLOSE) {
		piece = slice_head(in, side->left < in.len ? (size_t)side->left : in.len);
		side->left -= piece.len;
	}
	give_body(side, piece, step);
	if (side->left > 0 || side->phase == PHASE_BODY_CLOSE)
		return;
	if (side->phase == PHASE_CHUNK_DATA)
		side->phase = PHASE_CHUNK_END;
	else
		end_message(side, step);
}

/* The line of a chunk's size ends. */
static void begin_chunk(struct http_side *side)
{
	if (!side->has_digit)
		side->phase = PHASE_SKIP;
	else
		side->phase = side->left > 0 ? PHASE_CHUNK_DATA : PHASE_TRAILER;
	side->has_digit = false;
}

static void take_size(struct http_side *side, uint8_t byte)
{
	int8_t digit = hex_values[byte];

	if (digit >= 0) {
		side->has_digit = true;
		side->left = side->left > UINT64_MAX >> 4 ? UINT64_MAX
							  : side->left << 4 | (uint8_t)digit;
	} else if (byte == '\n') {
		begin_chunk(side);
	} else if (byte == ';' || ((byte == ' ' || byte == '\t') && side->has_digit)) {
		side->phase = PHASE_CHUNK_EXTENSION;
	} else if (byte != '\r') {
		side->phase = PHASE_SKIP;
	}
}

/* One byte between the pieces of a chunked body. */
static void take_chunk(struct http_side *side, uint8_t byte, struct carrier_step *step)
{
	switch (side->phase) {
	case PHASE_CHUNK_SIZE:
		take_size(side, byte);
		break;
	case PHASE_CHUNK_EXTENSION:
		if (byte == '\n')
			begin_chunk(side);
		break;
	case PHASE_CHUNK_END:
		if (byte == '\n')
			side->phase = PHASE_CHUNK_SIZE;
		else if (byte != '\r')
			side->phase = PHASE_SKIP;
		break;
	case PHASE_TRAILER:
		if (byte == '\n')
			end_message(side, step);
		else if (byte != '\r')
			side->phase = PHASE_TRAILER_LINE;
		break;
	default:
		if (byte == '\n')
			side->phase = PHASE_TRAILER;
		break;
	}
}

/* What was taken for the rest of a head is what the tunnel carries. */
static void give_rest(struct http_side *side, struct carrier_step *step)
{
	step->content = value_of(side);
	side->phase = PHASE_THROUGH;
}

/* One byte of what may be the rest of a head, up to an empty line: a beginning of another head, a
 * byte that no such head holds, and more than there is room for, are inside the tunnel. A PROXY
 * header may have been torn before the head. */
static void take_rest(struct http_side *side, uint8_t byte, struct carrier_step *step)
{
	bool is_text = (byte >= ' ' && byte < 0x7f) || byte == '\r' || byte == '\n' || byte == '\t';

	if (!is_text || byte == '{' || byte == '[' || side->value_len == sizeof(side->value)) {
		give_rest(side, step);
		return;
	}
	step->used++;
	keep_value(side, byte);
	if (probe_word(value_of(side)) == PROBE_YES) {
		give_rest(side, step);
	} else if (byte == '\n') {
		if (!side->is_line)
			side->phase = PHASE_THROUGH;
		if (!side->is_line || proxy_header_rest(value_of(side)) == side->value_len) {
			memset(side->value, 0, side->value_len); /* as in flush_field() */
			side->value_len = 0;
		}
		side->is_line = false;
	} else if (byte != '\r') {
		side->is_line = true;
	}
}

/* One byte or one piece further. */
static void advance(struct http_state *self, struct http_side *side, struct slice in,
		    struct carrier_step *step, const struct finding_out *out)
{
	bool is_end = false;

	if (side->phase == PHASE_BODY_LENGTH || side->phase == PHASE_BODY_CLOSE ||
	    side->phase == PHASE_CHUNK_DATA) {
		read_body(side, in, step);
		return;
	}
	if (side->phase == PHASE_REST) {
		take_rest(side, in.ptr[0], step);
		return;
	}
	if (side->phase < PHASE_BODY_LENGTH)
		is_end = take_head(self, side, in.ptr[0]);
	else
		take_chunk(side, in.ptr[0], step);
	if (side->phase >= PHASE_SKIP)
		return; /* not with this byte */
	step->used++;
	if (is_end)
		finish_head(self, side, step, out);
}

static bool http_unwrap(void *state, enum direction dir, struct slice in, struct carrier_step *step,
			const struct finding_out *out)
{
	struct http_state *self = state;
	struct http_side *side = &self->side[dir];

	while (step->used < in.len && !step->is_message && side->phase < PHASE_SKIP)
		advance(self, side, slice_tail(in, step->used), step, out);
	if (side->phase == PHASE_SKIP)
		step->used = in.len;
	step->is_through = side->phase == PHASE_THROUGH;
	if (step->is_through && self->is_websocket && self->upgrade != UPGRADE_NONE)
		step->inner = &carrier_websocket;
	return step->is_through || step->used > 0;
}

/* The words that every proxy says, perhaps broken off. */
static bool is_establishing(const struct http_side *side)
{
	static const char line[] = "200 connection established";
	struct slice value = value_of(side);

	if (!side->head.is_response || side->phase != PHASE_LINE)
		return side->head.is_response && side->is_established;
	return value.len >= ESTABLISHED_LEAST && rpc_starts_with(slice_str(line), value);
}

/* Inside the head that asks for a tunnel, or inside the one that opens it. */
static bool is_connecting(const struct http_side *side)
{
	return side->phase > PHASE_WORD && side->phase < PHASE_REST &&
	       (slice_is(slice_str(side->head.method), "CONNECT") || is_establishing(side));
}

/* Behind the head that opened a tunnel, or still in it: its rest may be held behind a hole of its
 * own, and what the other side says is the answer. */
static bool has_connected(const struct http_side *side)
{
	return side->phase == PHASE_THROUGH || side->phase == PHASE_REST || is_connecting(side);
}

/* Which response answers which request is no longer known. */
static bool http_gap(void *state, enum direction dir)
{
	struct http_state *self = state;
	struct http_side *side = &self->side[dir];
	bool is_switch = side->phase == PHASE_UPGRADED && self->upgrade != UPGRADE_NONE;

	self->asked = 0;
	self->asked_head = 0;
	/* A tunnel is open, or asked for: what was lost is its opening, or part of what is in it.
	 */
	if (is_switch)
		side->phase = PHASE_THROUGH;
	if (side->phase == PHASE_THROUGH)
		return false;
	bool is_open = is_connecting(side) || has_connected(&self->side[1 - dir]);

	*side = (struct http_side){ .phase = is_open ? PHASE_REST : PHASE_START };
	return !is_open;
}

_Static_assert(sizeof(struct http_state) <= CARRIER_STATE_MAX, "state is too large");

const struct carrier carrier_http = {
	.name = "http",
	.state_size = sizeof(struct http_state),
	.probe = http_probe,
	.unwrap = http_unwrap,
	.gap = http_gap,
};
