/* json.h: JSON as miners speak it, without allocation.
 *
 * Frame and tokenise in one pass, then look fields up by name and type. Method
 * names are compared unescaped ("m\u0065thod" is "method"), a text inside a string never counts
 * as structure, and numbers stay text until a caller names the range it wants. RFC 8259. */
#ifndef PROTOCOLS_JSON_H
#define PROTOCOLS_JSON_H

#include "protocols/limits.h"
#include "protocols/slice.h"

enum json_type {
	JSON_NONE = 0, /* no such value */
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_STRING,
	JSON_NUMBER, /* also the bare words true, false and null have types of their own below */
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL
};

struct json_token {
	uint8_t type;   /* enum json_type */
	bool is_hex;    /* a value: a string that json_hex() takes */
	uint16_t size;  /* members of an object, elements of an array */
	int16_t parent; /* index of the containing object, array or key; -1 at the root */
	uint16_t next;  /* index after this value and all that it contains */
	uint32_t start; /* strings: without the quotes */
	uint32_t end;
};

/* One tokenised document. Flat and caller-owned: on the stack or in a scratch area. */
struct json {
	struct slice text; /* borrowed; what the tokens point into */
	uint16_t count;
	bool is_cut; /* the text ended before the document did; tokens of the cut part are missing
		      */
	bool has_escape;  /* in a string */
	uint16_t cut_key; /* token of the key whose string was cut, from cut_at on; 0: none was */
	uint32_t cut_at;
	struct json_token tokens[LIMIT_JSON_TOKENS];
};

/* A value: an index into tokens, or JSON_ABSENT. Look-ups on JSON_ABSENT give JSON_ABSENT. */
typedef int json_value;
#define JSON_ABSENT (-1)

enum json_frame_result { JSON_FRAME_WHOLE, JSON_FRAME_MORE, JSON_FRAME_BAD };

/* Finds the first object or array of a byte stream: *skip bytes of junk (blank, BOM, NUL, other
 * text) before it, then *len bytes up to its closing brace. Braces inside strings do not count; a
 * line feed does not end an object. WHOLE: both are set and *len > 0. MORE: *skip bytes may be
 * dropped, the rest must be kept, if only LIMIT_MESSAGE_BYTES of it: more are not looked at. BAD:
 * the object cannot be JSON (a control byte in a string, a wrong closing brace, a character that no
 * JSON text has outside strings, too deep); *skip > 0 bytes are to be dropped before the next try.
 * An opening brace counts only where a JSON message can follow: `{` then blanks then `"` or `}`,
 * `[` then blanks then `{`; others are junk. */
enum json_frame_result json_frame(struct slice in, size_t *skip, size_t *len);

/* json_frame(), which tokenises on its way what is whole: doc then holds what json_parse() makes of
 * the message. It holds nothing (count 0) when the message is no JSON after all or past a cap, and
 * when it has escapes, for json_plain(). */
enum json_frame_result json_read(struct json *doc, struct slice in, size_t *skip, size_t *len);

/* The same document with the escapes undone that stand for plain ASCII in a string ("\u0041",
 * "\/"): hex, numbers and names then stand as they would without. Those that JSON needs (quote,
 * backslash, control characters) and all beyond ASCII stay. Returns text itself when nothing was to
 * be undone, else a slice of out, which holds size bytes, no less than text. */
struct slice json_plain(struct slice text, uint8_t *out, size_t size);

/* Tokenises text. 0; -EINVAL when it is not JSON; -E2BIG past the token or depth cap. A text that
 * ends too early is accepted when may_be_cut and sets is_cut; otherwise it is -EINVAL. May it be
 * cut, then so it is at the token cap, and text is shortened to that: the rest is not looked at. */
int json_parse(struct json *doc, struct slice text, bool may_be_cut);

/* Tokenises the object or array that text begins with, whatever follows it: 0, doc->text is as long
 * as it. -EAGAIN: the text ends before it does; -EINVAL or -E2BIG as above. After an error doc
 * holds nothing. */
int json_parse_first(struct json *doc, struct slice text);

/* The root value (index 0), or JSON_ABSENT for an empty document. */
static inline json_value json_root(const struct json *doc)
{
	return doc->count > 0 ? 0 : JSON_ABSENT;
}

/* The token of a value, or NULL. */
static inline const struct json_token *json_token_at(const struct json *doc, json_value value)
{
	return value >= 0 && value < doc->count ? &doc->tokens[value] : NULL;
}

static inline enum json_type json_type(const struct json *doc, json_value value)
{
	const struct json_token *token = json_token_at(doc, value);

	return token == NULL ? JSON_NONE : (enum json_type)token->type;
}

/* Member of an object by name (unescaped, exact); the last one wins among duplicates. */
json_value json_member_of(const struct json *doc, json_value object, struct slice name);

static inline json_value json_member(const struct json *doc, json_value object, const char *name)
{
	return json_member_of(doc, object, slice_str(name)); /* most often a constant */
}

/* Several members in one pass: values[i] is that of names[i], or JSON_ABSENT. */
void json_members(const struct json *doc, json_value object, const struct slice *names,
		  json_value *values, size_t count);

/* Element of an array. Counts its way: who wants them all goes on with json_next(). */
json_value json_element(const struct json *doc, json_value array, size_t index);

/* The element after that one in its array, or JSON_ABSENT. */
static inline json_value json_next(const struct json *doc, json_value element)
{
	const struct json_token *token = json_token_at(doc, element);
	const struct json_token *next = token == NULL ? NULL : json_token_at(doc, token->next);

	return next != NULL && next->parent == token->parent ? token->next : JSON_ABSENT;
}

/* Elements of an array or members of an object; 0 for all else. */
static inline size_t json_size(const struct json *doc, json_value value)
{
	enum json_type type = json_type(doc, value);

	return type == JSON_OBJECT || type == JSON_ARRAY ? doc->tokens[value].size : 0;
}

/* The raw bytes of a value (strings without quotes, escapes still in them). */
static inline struct slice json_raw(const struct json *doc, json_value value)
{
	const struct json_token *token = json_token_at(doc, value);

	return token == NULL ? slice_of(NULL, 0)
			     : slice_sub(doc->text, token->start, token->end - token->start);
}

/* The beginning of a member's string when it is where the text was cut, escapes still in it; such a
 * member is absent otherwise. Empty: another one, or nothing of it is there. */
struct slice json_cut_text(const struct json *doc, json_value object, const char *name);

/* A string's text with escapes undone, into out (UTF-8, at most size - 1 bytes and a NUL, cut at a
 * character). Returns a slice of out, or of the document when nothing was escaped; empty when the
 * value is no string. */
struct slice json_text(const struct json *doc, json_value value, char *out, size_t size);

/* True when the value is a string equal to text after unescaping. */
bool json_is(const struct json *doc, json_value value, const char *text);

/* A number, or a string that holds one, as double. 0, or -ERANGE / -EINVAL. Never locale-bound. */
int json_number(const struct json *doc, json_value value, double *out);

/* The same for a non-negative integer no larger than max; `4`, `"4"` and `4.0` all give 4. */
int json_unsigned(const struct json *doc, json_value value, uint64_t max, uint64_t *out);

/* A string of hex digits (optional 0x): its digits without the prefix, or an empty slice. */
struct slice json_hex(const struct json *doc, json_value value);

/* A stable hash of a request id or job id: 4, "4" and 4.0 hash alike; 0 for null and absent. */
uint64_t json_id(const struct json *doc, json_value value);

#endif
