/* socks.c: the carrier "socks": SOCKS 4, 4a and 5 (RFC 1928, RFC 1929), each direction by itself.
 *
 *   v5 C>  05 n method[n]      S>  05 method
 *      C>  01 len user len password   only after method 02   S>  01 status
 *      C>  05 01 00 type address port  S>  05 reply 00 type address port
 *          type 01: 4 bytes, 03: length and name, 04: 16 bytes
 *   v4 C>  04 01 port address[4] user.. 00, and name.. 00 when the address is 0.0.0.x
 *      S>  00 5a port address[4]
 *
 * The target of a CONNECT is the pool. Passwords are crossed, never kept. What a proxy refuses, and
 * its other commands, carry no stream that we could read: skipped to the end. */
#include "protocols/cursor.h"
#include "protocols/dialect.h"
#include "protocols/tunnel_target.h"

#define COMMAND_CONNECT 1
#define V4_GRANTED      0x5a
#define V4_HEAD_BYTES   7   /* command, port, address */
#define REST_MAX        3   /* of a greeting: number and methods */
#define V4_TEXT_MAX     255 /* of a user or a name; no client sends more, a stranger might */

enum { METHOD_NONE = 0x00, METHOD_PASSWORD = 0x02, METHOD_LAST = 0x09, METHOD_PRIVATE = 0x80 };
enum { TYPE_V4 = 1, TYPE_NAME = 3, TYPE_V6 = 4 };

enum phase {
	PHASE_VERSION = 0,
	PHASE_METHOD_COUNT,
	PHASE_METHODS,
	PHASE_V5_NEXT, /* a password, or a request or reply */
	PHASE_USER_LEN,
	PHASE_USER,
	PHASE_PASS_LEN,
	PHASE_PASS,
	PHASE_V5_HEAD, /* command or reply, reserved, type */
	PHASE_NAME_LEN,
	PHASE_ADDRESS, /* and port */
	PHASE_V4_HEAD,
	PHASE_V4_USER,
	PHASE_V4_NAME,
	PHASE_V5_METHOD, /* the server's choice */
	PHASE_V5_STATUS,
	PHASE_V4_REPLY,
	PHASE_REST,      /* after a gap: the rest of a handshake, or the stream behind it */
	PHASE_REST_NAME, /* text that a NUL or a port ends */
	PHASE_REST_PORT, /* its second byte */
	PHASE_SKIP,
	PHASE_THROUGH,
	PHASE_REFUSED
};

struct socks_side {
	uint8_t phase;
	uint8_t type;     /* of the address */
	uint8_t command;  /* or reply */
	bool is_password; /* that method was offered */
	uint16_t need;    /* bytes until the phase is over */
	uint16_t len;     /* of text */
	uint8_t text[V4_HEAD_BYTES + V4_TEXT_MAX + 1];
};

struct socks_state {
	struct socks_side side[2];
};

static bool is_v4a(struct slice address)
{
	return address.ptr[0] == 0 && address.ptr[1] == 0 && address.ptr[2] == 0 &&
	       address.ptr[3] != 0;
}

static bool is_type(uint8_t byte)
{
	return byte == TYPE_V4 || byte == TYPE_NAME || byte == TYPE_V6;
}

/* A greeting that a client could mean: known methods, each once; or, when the greeting was lost,
 * the request: it looks like a greeting with the method 0, behind which no address type can stand.
 */
static enum probe_result probe_v5(struct slice first)
{
	struct cursor in = cursor_of(slice_tail(first, 1));
	uint8_t count = cursor_u8(&in);

	if (first.len > 1 && (count == 0 || count > METHOD_LAST + 1))
		return PROBE_NO;
	for (size_t i = 0; i < count && cursor_left(&in) > 0; i++) {
		struct slice before = slice_sub(first, 2, i);
		uint8_t method = cursor_u8(&in);

		if ((method > METHOD_LAST && method < METHOD_PRIVATE) || method == UINT8_MAX ||
		    slice_find(before, method) < before.len)
			return PROBE_NO;
	}
	if (first.len <= 2 + (size_t)count)
		return PROBE_MAYBE;
	uint8_t next = cursor_u8(&in);

	bool is_request = count == 1 && first.ptr[2] == METHOD_NONE && is_type(next);

	return next == 5 || next == 1 || is_request ? PROBE_YES : PROBE_NO;
}

/* The rest of a greeting whose first packet is only known by another one that overlapped it, then
 * the request: methods that clients offer, perhaps their number before them. */
static enum probe_result probe_v5_rest(struct slice first)
{
	static const uint8_t request[] = { 0x05, COMMAND_CONNECT, 0x00 };
	size_t at = 0;

	while (at < REST_MAX && at < first.len && first.ptr[at] <= METHOD_PASSWORD)
		at++;
	struct slice rest = slice_tail(first, at);
	struct slice head = slice_head(rest, sizeof(request));

	if (!slice_eq(head, slice_of(request, head.len)))
		return PROBE_NO;
	if (rest.len <= sizeof(request))
		return PROBE_MAYBE;
	return is_type(rest.ptr[sizeof(request)]) ? PROBE_YES : PROBE_NO;
}

/* CONNECT to a real port and address; user and name are text. */
static enum probe_result probe_v4(struct slice first)
{
	struct cursor in = cursor_of(slice_tail(first, 1));
	uint8_t command = cursor_u8(&in);
	uint16_t port = cursor_u16be(&in);
	struct slice address = cursor_take(&in, 4);

	if (first.len > 1 && command != COMMAND_CONNECT)
		return PROBE_NO;
	if (in.bad)
		return PROBE_MAYBE;
	if (port == 0 || (address.ptr[0] == 0 && !is_v4a(address)))
		return PROBE_NO;
	for (size_t left = cursor_left(&in); left > 0; left--) {
		uint8_t byte = cursor_u8(&in);

		if (byte == 0)
			return PROBE_YES;
		if (byte < ' ' || byte >= 0x7f)
			return PROBE_NO;
	}
	return first.len < CARRIER_PROBE_MAX ? PROBE_MAYBE : PROBE_NO;
}

/* 05 method, then a status or a reply; or the reply alone. */
static enum probe_result probe_v5_server(struct slice first)
{
	static const uint8_t reply[] = { 0x05, 0x00, 0x00 };
	size_t at = 2;

	if (first.len < 2)
		return PROBE_MAYBE;
	if (first.ptr[1] != METHOD_NONE && first.ptr[1] != METHOD_PASSWORD)
		return PROBE_NO;
	if (first.ptr[1] == METHOD_PASSWORD) {
		struct slice status = slice_sub(first, 2, 2);

		at += 2;
		if ((status.len > 0 && status.ptr[0] != 1 && status.ptr[0] != 5) ||
		    (status.len > 1 && status.ptr[1] != 0))
			return PROBE_NO;
	}
	if (first.len > 2 && first.ptr[1] == METHOD_NONE && first.ptr[2] == 0)
		at = 0; /* the choice was lost */
	struct slice rest = slice_tail(first, at);
	struct slice head = slice_head(rest, sizeof(reply));

	if (!slice_eq(head, slice_of(reply, head.len)))
		return PROBE_NO;
	if (rest.len <= sizeof(reply))
		return PROBE_MAYBE;
	return is_type(rest.ptr[sizeof(reply)]) ? PROBE_YES : PROBE_NO;
}

/* 00 5a is also the length of something else: the reply must be followed by what may begin a stream
 * of a miner's or of TLS. */
static enum probe_result probe_v4_server(struct slice first)
{
	if (first.len > 1 && first.ptr[1] != V4_GRANTED)
		return PROBE_NO;
	if (first.len <= 1 + V4_HEAD_BYTES)
		return PROBE_MAYBE;
	uint8_t next = first.ptr[1 + V4_HEAD_BYTES];
	struct cursor in = cursor_of(slice_tail(first, 2));

	if (next == '{' || next == '[' || next == 'H' || next == 0x16)
		return PROBE_YES;
	/* Most servers leave port and address empty: then anything may follow. */
	return cursor_u16be(&in) == 0 && cursor_u32be(&in) == 0 ? PROBE_YES : PROBE_NO;
}

static enum probe_result socks_probe(struct slice first, enum direction dir)
{
	uint8_t version = first.len == 0 ? 5 : first.ptr[0];

	first = slice_head(first, CARRIER_PROBE_MAX); /* a verdict stays when more comes */
	if (dir == DIR_TO_SERVER && version == 5)
		return probe_v5(first);
	if (dir == DIR_TO_SERVER && version == 4)
		return probe_v4(first);
	if (dir == DIR_TO_SERVER && version <= METHOD_PASSWORD)
		return probe_v5_rest(first);
	if (dir == DIR_TO_CLIENT && version == 5)
		return probe_v5_server(first);
	return dir == DIR_TO_CLIENT && version == 0 ? probe_v4_server(first) : PROBE_NO;
}

static void expect(struct socks_side *side, enum phase phase, size_t need)
{
	side->phase = (uint8_t)phase;
	side->need = (uint16_t)need;
}

/* Counts the bytes of a phase; true on its last one. */
static bool count_down(struct socks_side *side)
{
	return --side->need == 0;
}

static void keep(struct socks_side *side, uint8_t byte)
{
	if (side->len < sizeof(side->text))
		side->text[side->len++] = byte;
}

/* The address and port of version 5 are whole. */
static void finish_v5(struct socks_side *side, enum direction dir, const struct finding_out *out)
{
	char text[TUNNEL_TARGET_BYTES];
	struct slice address = slice_of(side->text, side->len - 2u);
	struct cursor tail = cursor_of(slice_sub(slice_of(side->text, side->len), address.len, 2));
	uint16_t port = cursor_u16be(&tail);

	if (side->command != (dir == DIR_TO_SERVER ? COMMAND_CONNECT : 0)) {
		side->phase = PHASE_SKIP;
		return;
	}
	side->phase = PHASE_THROUGH;
	if (dir == DIR_TO_SERVER)
		tunnel_target_tell(out, side->type == TYPE_NAME
						? tunnel_target_name(address, port, text)
						: tunnel_target_address(address, port, text));
}

/* The request of version 4 is whole. */
static void finish_v4(struct socks_side *side, bool has_name, const struct finding_out *out)
{
	char text[TUNNEL_TARGET_BYTES];
	struct cursor in = cursor_of(slice_of(side->text, side->len));
	uint8_t command = cursor_u8(&in);
	uint16_t port = cursor_u16be(&in);
	struct slice address = cursor_take(&in, 4);

	side->phase = command == COMMAND_CONNECT ? PHASE_THROUGH : PHASE_SKIP;
	if (in.bad || command != COMMAND_CONNECT)
		return;
	tunnel_target_tell(out, has_name ? tunnel_target_name(cursor_rest(&in), port, text)
					 : tunnel_target_address(address, port, text));
}

/* Number and methods of a greeting whose first byte was lost. */
static bool is_greeting_rest(const struct socks_side *side, uint8_t byte)
{
	return byte <= METHOD_PASSWORD && side->len < REST_MAX;
}

static void take_version(struct socks_side *side, enum direction dir, uint8_t byte)
{
	if (byte == 5 && dir == DIR_TO_SERVER) {
		side->len = 0;
		expect(side, PHASE_METHOD_COUNT, 1);
	} else if (byte == 5) {
		expect(side, PHASE_V5_METHOD, 1);
	} else if (byte == 4 && dir == DIR_TO_SERVER) {
		expect(side, PHASE_V4_HEAD, V4_HEAD_BYTES);
	} else if (byte == 0 && dir == DIR_TO_CLIENT) {
		expect(side, PHASE_V4_REPLY, V4_HEAD_BYTES);
	} else if (dir == DIR_TO_SERVER && is_greeting_rest(side, byte)) {
		keep(side, byte);
	} else {
		/* What was taken already cannot be given back. */
		side->phase = side->len > 0 ? PHASE_SKIP : PHASE_REFUSED;
	}
}

/* Version 5 up to the request: greeting, choice and password. */
static void take_v5_opening(struct socks_side *side, uint8_t byte)
{
	switch (side->phase) {
	case PHASE_METHOD_COUNT:
		side->command = byte;
		expect(side, byte > 0 ? PHASE_METHODS : PHASE_SKIP, byte);
		break;
	case PHASE_METHODS:
		side->is_password = side->is_password || byte == METHOD_PASSWORD;
		side->type = byte;
		if (count_down(side))
			side->phase = PHASE_V5_NEXT;
		break;
	case PHASE_V5_METHOD:
		if (byte == METHOD_NONE)
			side->phase = PHASE_V5_NEXT;
		else
			expect(side, byte == METHOD_PASSWORD ? PHASE_V5_STATUS : PHASE_SKIP, 2);
		break;
	case PHASE_V5_STATUS:
		if (count_down(side))
			side->phase = byte == 0 ? PHASE_V5_NEXT : PHASE_SKIP;
		break;
	case PHASE_USER_LEN:
		expect(side, byte > 0 ? PHASE_USER : PHASE_PASS_LEN, byte);
		break;
	case PHASE_USER:
		if (count_down(side))
			side->phase = PHASE_PASS_LEN;
		break;
	case PHASE_PASS_LEN:
		expect(side, byte > 0 ? PHASE_PASS : PHASE_V5_NEXT, byte);
		break;
	default: /* PHASE_PASS */
		if (count_down(side))
			side->phase = PHASE_V5_NEXT;
		break;
	}
}

static void take_v5_type(struct socks_side *side, uint8_t byte)
{
	side->type = byte;
	if (byte == TYPE_NAME)
		side->phase = PHASE_NAME_LEN;
	else if (is_type(byte))
		expect(side, PHASE_ADDRESS, (byte == TYPE_V4 ? 4 : 16) + 2);
	else
		side->phase = PHASE_SKIP;
}

/* A password, a request or a reply begins. Where a greeting or a choice was expected, a request or
 * a reply may have been: 05 01 00 is CONNECT and 05 00 00 granted as well. */
static void begin_v5(struct socks_side *side, enum direction dir, uint8_t byte)
{
	bool is_request = dir == DIR_TO_SERVER && side->command == COMMAND_CONNECT &&
			  side->type == METHOD_NONE && is_type(byte);

	if (byte == 5) {
		expect(side, PHASE_V5_HEAD, 3);
	} else if (is_request) {
		take_v5_type(side, byte);
	} else if (dir == DIR_TO_CLIENT && byte == 0) {
		side->command = 0;
		expect(side, PHASE_V5_HEAD, 1);
	} else {
		side->phase = byte == 1 && side->is_password ? PHASE_USER_LEN : PHASE_SKIP;
	}
	side->is_password = false;
}

/* The request or reply of version 5. */
static void take_v5(struct socks_side *side, enum direction dir, uint8_t byte,
		    const struct finding_out *out)
{
	switch (side->phase) {
	case PHASE_V5_NEXT:
		begin_v5(side, dir, byte);
		break;
	case PHASE_V5_HEAD:
		if (side->need == 3)
			side->command = byte;
		if (count_down(side))
			take_v5_type(side, byte);
		break;
	case PHASE_NAME_LEN:
		expect(side, byte > 0 ? PHASE_ADDRESS : PHASE_SKIP, byte + 2u);
		break;
	default: /* PHASE_ADDRESS */
		keep(side, byte);
		if (count_down(side))
			finish_v5(side, dir, out);
		break;
	}
}

static void take_v4(struct socks_side *side, uint8_t byte, const struct finding_out *out)
{
	switch (side->phase) {
	case PHASE_V4_HEAD:
		keep(side, byte);
		if (count_down(side))
			expect(side, PHASE_V4_USER, V4_TEXT_MAX + 1);
		break;
	case PHASE_V4_USER:
		if (byte == 0 && is_v4a(slice_of(&side->text[3], 4)))
			expect(side, PHASE_V4_NAME, V4_TEXT_MAX + 1);
		else if (byte == 0)
			finish_v4(side, false, out);
		else if (count_down(side))
			side->phase = PHASE_SKIP;
		break;
	case PHASE_V4_NAME:
		if (byte == 0) {
			finish_v4(side, true, out);
			break;
		}
		keep(side, byte);
		if (count_down(side))
			side->phase = PHASE_SKIP;
		break;
	default: /* PHASE_V4_REPLY */
		if (side->need == V4_HEAD_BYTES)
			side->command = byte;
		if (count_down(side))
			side->phase = side->command == V4_GRANTED ? PHASE_THROUGH : PHASE_SKIP;
		break;
	}
}

static bool is_name(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= 'a' && byte <= 'z') || byte == '.' || byte == '-' || byte == '_';
}

/* Behind a hole: a request or a reply of version 5, perhaps with the end of a greeting before it,
 * the end of a name with a dot in it and its port, a user of version 4. */
static void take_rest(struct socks_side *side, uint8_t byte)
{
	if (side->phase == PHASE_REST_PORT) {
		side->phase = PHASE_THROUGH;
	} else if (is_name(byte)) {
		keep(side, byte);
		side->phase = PHASE_REST_NAME;
	} else if (side->phase == PHASE_REST_NAME) {
		side->phase = byte == 0 ? PHASE_REST : PHASE_REST_PORT;
		side->len = 0;
	} else if (is_greeting_rest(side, byte)) {
		keep(side, byte);
	} else { /* 05: what else there is is_behind() */
		side->len = 0;
		expect(side, PHASE_V5_HEAD, 3);
	}
}

/* No byte of a handshake's rest, but of the stream behind it. */
static bool is_behind(const struct socks_side *side, uint8_t byte)
{
	struct slice name = slice_of(side->text, side->len);

	if (side->phase == PHASE_REST)
		return byte != 5 && !is_greeting_rest(side, byte) &&
		       (side->len > 0 || !is_name(byte));
	if (side->phase != PHASE_REST_NAME)
		return false;
	return name.len == sizeof(side->text) ||
	       (!is_name(byte) && byte != 0 && slice_find(name, '.') == name.len);
}

static void take(struct socks_side *side, enum direction dir, uint8_t byte,
		 const struct finding_out *out)
{
	switch (side->phase) {
	case PHASE_REST:
	case PHASE_REST_NAME:
	case PHASE_REST_PORT:
		take_rest(side, byte);
		break;
	case PHASE_VERSION:
		take_version(side, dir, byte);
		break;
	case PHASE_V5_NEXT:
	case PHASE_V5_HEAD:
	case PHASE_NAME_LEN:
	case PHASE_ADDRESS:
		take_v5(side, dir, byte, out);
		break;
	case PHASE_V4_HEAD:
	case PHASE_V4_USER:
	case PHASE_V4_NAME:
	case PHASE_V4_REPLY:
		take_v4(side, byte, out);
		break;
	default:
		take_v5_opening(side, byte);
		break;
	}
}

static bool socks_unwrap(void *state, enum direction dir, struct slice in,
			 struct carrier_step *step, const struct finding_out *out)
{
	struct socks_state *self = state;
	struct socks_side *side = &self->side[dir];

	while (step->used < in.len && side->phase < PHASE_SKIP) {
		if (is_behind(side, in.ptr[step->used])) {
			step->content = slice_of(side->text, side->len); /* it was none */
			side->phase = PHASE_THROUGH;
			break;
		}
		take(side, dir, in.ptr[step->used], out);
		if (side->phase == PHASE_REFUSED)
			return false;
		step->used++;
	}
	if (side->phase == PHASE_SKIP)
		step->used = in.len;
	step->is_through = side->phase == PHASE_THROUGH;
	return side->phase != PHASE_REFUSED;
}

/* The handshake is short: what follows a hole is its rest, or most likely the stream behind it. */
static bool socks_gap(void *state, enum direction dir)
{
	struct socks_state *self = state;

	if (self->side[dir].phase < PHASE_SKIP)
		self->side[dir] = (struct socks_side){ .phase = PHASE_REST };
	return false;
}

_Static_assert(sizeof(struct socks_state) <= CARRIER_STATE_MAX, "state is too large");

const struct carrier carrier_socks = {
	.name = "socks",
	.state_size = sizeof(struct socks_state),
	.probe = socks_probe,
	.unwrap = socks_unwrap,
	.gap = socks_gap,
};
