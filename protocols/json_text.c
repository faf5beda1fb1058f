/* json_text.c: undoes the escapes of JSON strings. Reference: RFC 8259 section 7, RFC 3629.
 *
 *   \n -> 0A    \/ -> 2F    \u00e9 -> C3 A9    \ud83d\ude00 -> F0 9F 98 80 */
#include "protocols/json_text.h"

#include "protocols/hex.h"
#include "protocols/json.h"
#include "protocols/text_bytes.h"

#define REPLACEMENT 0xfffdu

static inline bool is_special(uint8_t byte)
{
	return byte == '"' || byte == '\\' || byte < 0x20;
}

/* Most of a message is hex inside strings. */
size_t json_text_special(struct slice in, size_t pos)
{
	for (; in.len - pos >= sizeof(text_bytes); pos += sizeof(text_bytes)) {
		text_bytes special = text_bytes_special(text_bytes_at(in.ptr + pos));

		if (text_bytes_any(special))
			return pos + text_bytes_first(special);
	}
	while (pos < in.len && !is_special(in.ptr[pos]))
		pos++;
	return pos;
}

size_t json_text_hex(struct slice in, size_t pos, bool *is_hex)
{
	text_bytes others = { 0 };

	*is_hex = false;
	if (in.len - pos > 2 && in.ptr[pos] == '0' && (in.ptr[pos + 1] | 0x20) == 'x')
		pos += 2;
	const size_t start = pos;
	if (pos == in.len || hex_values[in.ptr[pos]] < 0)
		return json_text_special(in, pos);
	for (; in.len - pos >= sizeof(text_bytes); pos += sizeof(text_bytes)) {
		text_bytes bytes = text_bytes_at(in.ptr + pos);
		text_bytes special = text_bytes_special(bytes);

		if (text_bytes_any(special)) {
			unsigned place = text_bytes_first(special);

			others |= ~text_bytes_hex(bytes) & text_bytes_head(place);
			*is_hex = !text_bytes_any(others);
			return pos + place;
		}
		others |= ~text_bytes_hex(bytes);
	}
	pos = json_text_special(in, pos);
	*is_hex = hex_is(slice_sub(in, start, pos - start));
	return pos;
}

/* The bytes of the escape after a backslash; 0: there is no such escape. As much of it as is there
 * is judged. */
static size_t escape_len(struct slice escape)
{
	struct slice single = slice_str("\"\\/bfnrt");
	struct slice digits = slice_sub(escape, 1, 4);

	if (escape.len == 0 || slice_find(single, escape.ptr[0]) < single.len)
		return 1;
	if (escape.ptr[0] != 'u' || (digits.len > 0 && !hex_is(digits)))
		return 0;
	return 5;
}

bool json_text_end(struct slice in, size_t pos, size_t *end)
{
	for (;;) {
		pos = json_text_special(in, pos < in.len ? pos : in.len);
		*end = pos;
		if (pos == in.len || in.ptr[pos] == '"')
			return true;
		size_t len = in.ptr[pos] == '\\' ? escape_len(slice_tail(in, pos + 1)) : 0;

		if (len == 0)
			return false;
		pos += 1 + len;
	}
}

/* Four hex digits; false, with nothing taken, when there are none. */
static bool take_hex4(struct cursor *c, uint32_t *unit)
{
	struct cursor ahead = *c;
	struct slice digits = cursor_take(&ahead, 4);

	if (ahead.bad || !hex_is(digits))
		return false;
	*unit = 0;
	for (size_t i = 0; i < digits.len; i++)
		*unit = *unit << 4 | (uint8_t)hex_values[digits.ptr[i]];
	*c = ahead;
	return true;
}

/* The code point after \u; joins surrogate pairs. */
static uint32_t take_code_point(struct cursor *c)
{
	uint32_t high;
	uint32_t low;

	if (!take_hex4(c, &high))
		return REPLACEMENT;
	if (high < 0xd800 || high > 0xdfff)
		return high;
	struct cursor ahead = *c;
	if (high < 0xdc00 && slice_is(cursor_take(&ahead, 2), "\\u") && take_hex4(&ahead, &low) &&
	    low >= 0xdc00 && low <= 0xdfff) {
		*c = ahead;
		return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	}
	return REPLACEMENT;
}

static size_t put_utf8(uint32_t point, uint8_t out[JSON_TEXT_CHAR_MAX])
{
	if (point < 0x80) {
		out[0] = (uint8_t)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (uint8_t)(0xc0 | point >> 6);
		out[1] = (uint8_t)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (uint8_t)(0xe0 | point >> 12);
		out[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (point & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | point >> 18);
	out[1] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (point & 0x3f));
	return 4;
}

/* The bytes that belong to a UTF-8 lead byte; bad UTF-8 is passed on byte by byte. */
static size_t take_raw(struct cursor *c, uint8_t lead, uint8_t out[JSON_TEXT_CHAR_MAX])
{
	size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
	size_t len = 0;

	out[len++] = lead;
	for (; more > 0; more--) {
		struct slice rest = cursor_rest(c);

		if (rest.len == 0 || (rest.ptr[0] & 0xc0) != 0x80)
			break;
		out[len++] = cursor_u8(c);
	}
	return len;
}

size_t json_text_char(struct cursor *c, uint8_t out[JSON_TEXT_CHAR_MAX])
{
	if (cursor_left(c) == 0)
		return 0;
	uint8_t byte = cursor_u8(c);
	if (byte != '\\' || cursor_left(c) == 0)
		return take_raw(c, byte, out);
	byte = cursor_u8(c);
	switch (byte) {
	case 'b':
		return put_utf8('\b', out);
	case 'f':
		return put_utf8('\f', out);
	case 'n':
		return put_utf8('\n', out);
	case 'r':
		return put_utf8('\r', out);
	case 't':
		return put_utf8('\t', out);
	case 'u':
		return put_utf8(take_code_point(c), out);
	default:
		return take_raw(c, byte, out);
	}
}

bool json_text_equal(struct slice raw, struct slice wanted)
{
	if (raw.len <= wanted.len) /* no escape is shorter than what it stands for */
		return slice_eq(raw, wanted);
	if (slice_find(raw, '\\') == raw.len)
		return false;

	struct cursor in = cursor_of(raw);
	struct cursor want = cursor_of(wanted);
	uint8_t bytes[JSON_TEXT_CHAR_MAX];
	size_t len;
	while ((len = json_text_char(&in, bytes)) > 0)
		if (!slice_eq(cursor_take(&want, len), slice_of(bytes, len)))
			return false;
	return !want.bad && cursor_left(&want) == 0;
}

/* The plain character that the escape at the cursor stands for; 0, nothing taken: it must stay. */
static uint8_t take_plain(struct cursor *c)
{
	struct cursor ahead = *c;
	uint32_t unit;

	cursor_skip(&ahead, 1);
	uint8_t kind = cursor_u8(&ahead);

	if (kind == '/')
		unit = '/';
	else if (kind != 'u' || !take_hex4(&ahead, &unit) || unit < 0x20 || unit >= 0x7f ||
		 unit == '"' || unit == '\\')
		return 0;
	*c = ahead;
	return (uint8_t)unit;
}

struct slice json_plain(struct slice text, uint8_t *out, size_t size)
{
	size_t len = slice_find(text, '\\');

	if (len == text.len || text.len > size)
		return text;
	memcpy(out, text.ptr, len);
	struct cursor in = cursor_of(slice_tail(text, len));

	while (cursor_left(&in) > 0) {
		struct slice rest = cursor_rest(&in);
		uint8_t plain = rest.ptr[0] == '\\' ? take_plain(&in) : 0;
		struct slice run = slice_head(rest, slice_find(rest, '\\'));

		if (plain != 0) {
			out[len++] = plain;
			continue;
		}
		if (run.len == 0) /* an escape that stays: it and what it escapes */
			run = slice_head(rest, 2);
		memcpy(out + len, run.ptr, run.len);
		len += run.len;
		cursor_skip(&in, run.len);
	}
	return slice_of(out, len);
}
