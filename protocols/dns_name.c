/* dns_name.c: labels and pointers to text.
 *
 *   label    0 0 length(6), bytes
 *   pointer  1 1 offset(14), from the start of the message; ends the name
 *   end      0
 *
 * Each pointer leads below the start of the piece that it ends, so no name can go round. */
#include "protocols/dns_name.h"

#include "protocols/cursor.h"

#define HEADER_BYTES 12
#define ESCAPE_BYTES 4

enum { KIND_MASK = 0xc0, KIND_POINTER = 0xc0 };

/* What stands for a byte in the text; NUL: an escape does. */
static const char plain_byte[256] =
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	"\0!\"#$%&'()*+,-\0/0123456789:;<=>?"
	"@abcdefghijklmnopqrstuvwxyz[\0]^_"
	"`abcdefghijklmnopqrstuvwxyz{|}~";

static char *put_escape(char *at, uint8_t byte)
{
	at[0] = '\\';
	at[1] = (char)('0' + byte / 100);
	at[2] = (char)('0' + byte / 10 % 10);
	at[3] = (char)('0' + byte % 10);
	return at + ESCAPE_BYTES;
}

static char *put_label(char *at, struct slice label)
{
	for (size_t i = 0; i < label.len; i++) {
		char plain = plain_byte[label.ptr[i]];

		*at = plain;
		at = plain != '\0' ? at + 1 : put_escape(at, label.ptr[i]);
	}
	return at;
}

static struct cursor cursor_at(struct slice message, size_t at)
{
	struct cursor in = cursor_of(message);

	cursor_skip(&in, at);
	return in;
}

/* The rest of a pointer whose first byte was read; false when it may not be followed. */
static bool read_pointer(struct cursor *in, uint8_t first, size_t below, size_t *target)
{
	*target = (size_t)(first & ~KIND_MASK) << 8 | cursor_u8(in);
	return !in->bad && *target >= HEADER_BYTES && *target < below;
}

bool dns_name_read(struct slice message, size_t at, struct dns_name *out, size_t *end)
{
	struct cursor in = cursor_at(message, at);
	char *text = out->text;
	size_t wire = 1;
	unsigned jumps = 0;

	for (uint8_t first = cursor_u8(&in); first != 0; first = cursor_u8(&in)) {
		if (first >= KIND_POINTER) {
			if (!read_pointer(&in, first, at, &at) || ++jumps > DNS_JUMPS)
				return false;
			if (jumps == 1)
				*end = in.pos;
			in = cursor_at(message, at);
			continue;
		}
		struct slice label = cursor_take(&in, first);

		wire += 1 + (size_t)first;
		if (first > DNS_LABEL || wire > DNS_NAME_WIRE || in.bad)
			return false;
		text = put_label(text, label);
		*text++ = '.';
	}
	if (in.bad)
		return false;
	if (jumps == 0)
		*end = in.pos;
	if (text == out->text)
		*text++ = '.';
	else
		text--; /* the last label's dot */
	*text = '\0';
	out->len = (uint16_t)(text - out->text);
	return true;
}

size_t dns_name_skip(struct slice message, size_t at)
{
	struct cursor in = cursor_at(message, at);
	uint8_t first = cursor_u8(&in);

	while (first != 0 && first < KIND_POINTER) {
		cursor_skip(&in, first);
		first = cursor_u8(&in);
	}
	if (first >= KIND_POINTER)
		cursor_skip(&in, 1);
	return in.bad ? 0 : in.pos;
}

size_t dns_name_origin(struct slice message, size_t at)
{
	size_t origin = at;

	for (unsigned jumps = 0; jumps < DNS_JUMPS; jumps++) {
		struct cursor in = cursor_at(message, origin);
		uint8_t first = cursor_u8(&in);

		if (first < KIND_POINTER || !read_pointer(&in, first, origin, &origin))
			break;
	}
	return origin;
}

_Static_assert(DNS_NAME_TEXT > ESCAPE_BYTES * 250 + 3, "the longest name must have room");
