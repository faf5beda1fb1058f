/* json_frame.c: finds where a JSON message begins and ends in a byte stream. Reference: RFC 8259.
 *
 *   junk junk { "id" : 1 , "text" : "a } in a string" , "list" : [ ... ] } LF { ...
 *   |<-skip->||<------------------------- len ------------------------->|
 *
 * One pass. It checks just enough of the grammar to give up soon on what is no JSON: random bytes
 * after a brace must not make us buffer a megabyte of somebody's TLS. */
#include "protocols/json.h"

#include <errno.h>

#include "protocols/json_text.h"

enum byte_class { NEVER = 0, BLANK, WORD, QUOTE, OPEN, CLOSE, SEPARATOR };

/* What a byte is outside strings. WORD: what numbers, true, false and null are made of. */
static const uint8_t classes[256] = {
	['\t'] = BLANK,       ['\n'] = BLANK,       ['\r'] = BLANK, [' '] = BLANK,
	['"'] = QUOTE,        ['{'] = OPEN,         ['['] = OPEN,   ['}'] = CLOSE,
	[']'] = CLOSE,        [','] = SEPARATOR,    ['+'] = WORD,   ['-'] = WORD,
	['.'] = WORD,         ['0' ... '9'] = WORD, ['E'] = WORD,   ['a'] = WORD,
	['e' ... 'f'] = WORD, ['l'] = WORD,         ['n'] = WORD,   ['r'] = WORD,
	['s'] = WORD,         ['t'] = WORD,         ['u'] = WORD,   [':'] = SEPARATOR,
};

struct scan {
	struct slice in;    /* begins with the opening bracket */
	size_t pos;         /* next byte; the offending one when the result is BAD */
	uint32_t is_object; /* a bit per open bracket, innermost lowest */
	unsigned depth;
	bool has_value; /* a value has ended; only a separator or a closing bracket may follow */
};

/* Scans a string, pos at its opening quote, and leaves pos after the closing one. */
static enum json_frame_result scan_string(struct scan *s)
{
	struct slice escapes = slice_str("\"\\/bfnrtu");

	s->pos++;
	for (;;) {
		s->pos = json_text_special(s->in, s->pos);
		if (s->pos == s->in.len)
			return JSON_FRAME_MORE;
		if (s->in.ptr[s->pos] == '"') {
			s->pos++;
			return JSON_FRAME_WHOLE;
		}
		if (s->in.ptr[s->pos] != '\\')
			return JSON_FRAME_BAD;
		if (s->in.len - s->pos < 2)
			return JSON_FRAME_MORE;
		uint8_t escape = s->in.ptr[s->pos + 1];
		if (slice_find(escapes, escape) == escapes.len)
			return JSON_FRAME_BAD;
		s->pos += 2;
	}
}

/* False when the bracket cannot be here. */
static bool scan_open(struct scan *s, uint8_t byte)
{
	if (s->has_value || s->depth == LIMIT_JSON_DEPTH)
		return false;
	s->is_object = s->is_object << 1 | (byte == '{');
	s->depth++;
	return true;
}

static bool scan_close(struct scan *s, uint8_t byte)
{
	if ((s->is_object & 1) != (byte == '}'))
		return false;
	s->is_object >>= 1;
	s->depth--;
	s->has_value = true;
	return true;
}

static void scan_word(struct scan *s)
{
	while (s->pos < s->in.len && classes[s->in.ptr[s->pos]] == WORD)
		s->pos++;
	s->has_value = true;
}

/* WHOLE: pos is after the closing bracket. BAD: pos is at the byte that cannot be. */
static enum json_frame_result scan_message(struct scan *s)
{
	enum json_frame_result result;

	while (s->pos < s->in.len) {
		uint8_t byte = s->in.ptr[s->pos];

		switch ((enum byte_class)classes[byte]) {
		case BLANK:
			s->pos++;
			break;
		case WORD:
			if (s->has_value)
				return JSON_FRAME_BAD;
			scan_word(s);
			break;
		case QUOTE:
			if (s->has_value)
				return JSON_FRAME_BAD;
			result = scan_string(s);
			if (result != JSON_FRAME_WHOLE)
				return result;
			s->has_value = true;
			break;
		case OPEN:
			if (!scan_open(s, byte))
				return JSON_FRAME_BAD;
			s->pos++;
			break;
		case CLOSE:
			if (!scan_close(s, byte))
				return JSON_FRAME_BAD;
			s->pos++;
			if (s->depth == 0)
				return JSON_FRAME_WHOLE;
			break;
		case SEPARATOR:
			if (!s->has_value)
				return JSON_FRAME_BAD;
			s->has_value = false;
			s->pos++;
			break;
		case NEVER:
			return JSON_FRAME_BAD;
		}
	}
	return JSON_FRAME_MORE;
}

/* Can a message begin with this bracket and, blanks aside, this byte? */
static bool opens_message(uint8_t bracket, uint8_t next)
{
	return bracket == '{' ? next == '"' || next == '}' : next == '{';
}

/* Moves pos to the next bracket that can open a message. MORE: none yet, pos bytes are junk. */
static enum json_frame_result find_opening(struct slice in, size_t *pos)
{
	size_t at = *pos;

	while (at < in.len) {
		if (classes[in.ptr[at]] != OPEN) {
			at++;
			continue;
		}
		size_t next = at + 1;
		while (next < in.len && classes[in.ptr[next]] == BLANK)
			next++;
		/* nothing but blanks for as long as a message may be is no message either */
		if (next - at < LIMIT_MESSAGE_BYTES) {
			*pos = at;
			if (next == in.len)
				return JSON_FRAME_MORE;
			if (opens_message(in.ptr[at], in.ptr[next]))
				return JSON_FRAME_WHOLE;
		}
		at = next;
	}
	*pos = in.len;
	return JSON_FRAME_MORE;
}

enum json_frame_result json_frame(struct slice in, size_t *skip, size_t *len)
{
	size_t at = 0;

	*len = 0;
	enum json_frame_result result = find_opening(in, &at);
	*skip = at;
	if (result != JSON_FRAME_WHOLE)
		return result;

	struct scan scan = { .in = slice_sub(in, at, LIMIT_MESSAGE_BYTES) };
	result = scan_message(&scan);
	if (result == JSON_FRAME_WHOLE) {
		*len = scan.pos;
		return result;
	}
	if (result == JSON_FRAME_MORE)
		return result;

	/* A line was broken off, or what follows is a message of its own: begin again at the next
	 * line, or failing that at the next bracket, whichever the lost bytes leave us. */
	size_t line = slice_find(scan.in, '\n');
	*skip = line < scan.in.len && line <= scan.pos ? at + line + 1 : at + 1;
	return JSON_FRAME_BAD;
}

enum json_frame_result json_read(struct json *doc, struct slice in, size_t *skip, size_t *len)
{
	size_t at = 0;

	doc->count = 0;
	*len = 0;
	enum json_frame_result result = find_opening(in, &at);
	*skip = at;
	if (result != JSON_FRAME_WHOLE)
		return result;

	int rc = json_parse_first(doc, slice_sub(in, at, LIMIT_MESSAGE_BYTES));
	if (doc->has_escape)
		doc->count = 0; /* json_plain() first */
	if (rc == -EAGAIN)
		return JSON_FRAME_MORE;
	if (rc != 0)
		return json_frame(in, skip, len);
	*len = doc->text.len;
	return JSON_FRAME_WHOLE;
}
