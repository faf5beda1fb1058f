/* json.c: tokenises JSON and finds members by name. Reference: RFC 8259.
 *
 * One pass: each token is put in its place as it is found, and what stands between two of them must
 * be the separators that the grammar wants there. Strings, the bulk of every message, are crossed
 * sixteen bytes at a time.
 *
 *   {  "id" :  4  ,  "params" :  [  "a" , 1 ]  }
 *   0   1      2       3         4   5    6         key 3: parent 0, next 7; value 4: parent 3,
 * next 7
 *
 * Documents are objects and arrays; a bare string or number is no message of anybody. */
#include "protocols/json.h"

#include <errno.h>

#include "protocols/json_text.h"
#include "protocols/number.h"

/* What may stand here: a set. */
enum expect {
	EXPECT_ROOT = 1 << 0,
	EXPECT_KEY = 1 << 1,
	EXPECT_COLON = 1 << 2,
	EXPECT_MEMBER = 1 << 3, /* the value of a key */
	EXPECT_ELEMENT = 1 << 4,
	EXPECT_COMMA = 1 << 5,
	EXPECT_CLOSE = 1 << 6,
	EXPECT_END = 1 << 7
};

/* Where reading ended early, at pos. No errno values: whoever calls says what it means. */
#define WALK_CUT  1 /* inside a token that the end of the text cuts */
#define WALK_FULL 2 /* before a token for which there is no room */

/* All of it stays in registers but the open containers: see walk_all(). */
struct walk {
	struct json_token *tokens;
	uint16_t open[LIMIT_JSON_DEPTH]; /* tokens of the open containers */
	struct slice text;
	size_t pos;      /* text before it has been read */
	unsigned count;  /* of tokens */
	unsigned expect; /* of enum expect */
	unsigned begins; /* a key or an element: what a value of the innermost container begins with
			  */
	unsigned depth;
	bool has_escape;
};

#define STEP static inline __attribute__((always_inline))

STEP struct json_token *walk_top(const struct walk *w)
{
	return &w->tokens[w->open[w->depth - 1]];
}

STEP void walk_enter(struct walk *w)
{
	w->begins = walk_top(w)->type == JSON_OBJECT ? EXPECT_KEY : EXPECT_ELEMENT;
}

/* 0 when one of these may stand here, and there is room for a token of it. */
STEP int walk_wants(const struct walk *w, unsigned wanted)
{
	if ((w->expect & wanted) == 0)
		return -EINVAL;
	return w->count < LIMIT_JSON_TOKENS ? 0 : WALK_FULL;
}

/* A token of the text from start to end. A key counts for its object, a value only for its key. */
STEP struct json_token *walk_add(struct walk *w, enum json_type type, size_t start, size_t end)
{
	unsigned index = w->count++;
	struct json_token *token = &w->tokens[index];

	*token = (struct json_token){ .type = (uint8_t)type,
				      .parent = (int16_t)(index - 1),
				      .next = (uint16_t)w->count,
				      .start = (uint32_t)start,
				      .end = (uint32_t)end };
	if ((w->expect & (EXPECT_KEY | EXPECT_ELEMENT)) != 0) {
		token->parent = (int16_t)w->open[w->depth - 1];
		walk_top(w)->size++;
	}
	return token;
}

/* What may follow a value that is whole. The comma most often does, and is taken with it. */
STEP void walk_follow(struct walk *w)
{
	if (w->depth == 0) {
		w->expect = EXPECT_END;
	} else if (w->pos < w->text.len && w->text.ptr[w->pos] == ',') {
		w->pos++;
		w->expect = w->begins;
	} else {
		w->expect = EXPECT_COMMA | EXPECT_CLOSE;
	}
}

/* The container is whole: it and the key it belongs to end before the next token. */
STEP void walk_end_container(struct walk *w, struct json_token *token)
{
	token->next = (uint16_t)w->count;
	if (token->parent >= 0 && w->tokens[token->parent].type == JSON_STRING)
		w->tokens[token->parent].next = (uint16_t)w->count;
}

/* So is a value that contains no others. */
STEP void walk_end_scalar(struct walk *w, struct json_token *token)
{
	if ((w->expect & EXPECT_MEMBER) != 0)
		token[-1].next = (uint16_t)w->count;
	walk_follow(w);
}

STEP int walk_open(struct walk *w, enum json_type type)
{
	int rc = walk_wants(w, EXPECT_ROOT | EXPECT_MEMBER | EXPECT_ELEMENT);

	if (rc != 0)
		return rc;
	if (w->depth == LIMIT_JSON_DEPTH)
		return -E2BIG;
	uint16_t index = (uint16_t)w->count;

	(void)walk_add(w, type, w->pos, w->pos + 1);
	w->open[w->depth++] = index;
	w->begins = type == JSON_OBJECT ? EXPECT_KEY : EXPECT_ELEMENT;
	w->expect = EXPECT_CLOSE | w->begins;
	w->pos++;
	return 0;
}

STEP int walk_close(struct walk *w, enum json_type type)
{
	if ((w->expect & EXPECT_CLOSE) == 0 || walk_top(w)->type != type)
		return -EINVAL;
	struct json_token *token = walk_top(w);

	w->pos++;
	w->depth--;
	token->end = (uint32_t)w->pos;
	walk_end_container(w, token);
	if (w->depth > 0)
		walk_enter(w);
	walk_follow(w);
	return 0;
}

STEP int walk_comma(struct walk *w)
{
	if ((w->expect & EXPECT_COMMA) == 0)
		return -EINVAL;
	w->expect = w->begins;
	w->pos++;
	return 0;
}

STEP int walk_colon(struct walk *w)
{
	if ((w->expect & EXPECT_COLON) == 0)
		return -EINVAL;
	w->expect = EXPECT_MEMBER;
	w->pos++;
	return 0;
}

/* Its colon most often follows, and is taken with it. */
STEP void walk_end_key(struct walk *w, struct json_token *token)
{
	token->size = 1;
	w->expect = EXPECT_COLON;
	if (w->pos < w->text.len && w->text.ptr[w->pos] == ':')
		(void)walk_colon(w);
}

STEP int walk_string(struct walk *w)
{
	bool is_key = (w->expect & EXPECT_KEY) != 0;
	bool is_hex = false;
	size_t end;
	int rc = walk_wants(w, EXPECT_KEY | EXPECT_MEMBER | EXPECT_ELEMENT);

	if (rc != 0)
		return rc;
	size_t start = w->pos + 1;

	end = is_key ? json_text_special(w->text, start) : json_text_hex(w->text, start, &is_hex);
	if (end < w->text.len && w->text.ptr[end] != '"') {
		w->has_escape = true;
		is_hex = false;
		if (!json_text_end(w->text, end, &end))
			return -EINVAL;
	}
	if (end == w->text.len)
		return WALK_CUT;
	struct json_token *token = walk_add(w, JSON_STRING, start, end);

	token->is_hex = is_hex;
	w->pos = end + 1;
	if (is_key)
		walk_end_key(w, token);
	else
		walk_end_scalar(w, token);
	return 0;
}

static enum json_type word_type(struct slice word)
{
	struct number number;

	switch (word.len == 0 ? 0 : word.ptr[0]) {
	case 't':
		return slice_is(word, "true") ? JSON_TRUE : JSON_NONE;
	case 'f':
		return slice_is(word, "false") ? JSON_FALSE : JSON_NONE;
	case 'n':
		return slice_is(word, "null") ? JSON_NULL : JSON_NONE;
	default:
		return number_read(word, &number) ? JSON_NUMBER : JSON_NONE;
	}
}

/* Could the word become a literal or a number if more of it followed? */
static bool is_word_begin(struct slice word)
{
	static const char *const literals[] = { "true", "false", "null" };
	struct slice numeric = slice_str("0123456789+-.eE");
	size_t digits = 0;

	while (digits < word.len && slice_find(numeric, word.ptr[digits]) < numeric.len)
		digits++;
	bool is_begin = digits == word.len;
	for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++)
		is_begin = is_begin || slice_eq(word, slice_head(slice_str(literals[i]), word.len));
	return is_begin;
}

static bool ends_word(uint8_t byte)
{
	return byte <= ' ' || byte == ',' || byte == ']' || byte == '}';
}

/* A number or a literal. */
STEP int walk_word(struct walk *w)
{
	struct slice rest = slice_tail(w->text, w->pos);
	size_t len = 1;
	int rc = walk_wants(w, EXPECT_MEMBER | EXPECT_ELEMENT);

	if (rc != 0)
		return rc;
	while (len < rest.len && !ends_word(rest.ptr[len]))
		len++;
	if (len == rest.len)
		return is_word_begin(rest) ? WALK_CUT : -EINVAL;
	enum json_type type = word_type(slice_head(rest, len));

	if (type == JSON_NONE)
		return -EINVAL;
	struct json_token *token = walk_add(w, type, w->pos, w->pos + len);

	w->pos += len;
	walk_end_scalar(w, token);
	return 0;
}

/* One token or separator, or a blank. */
STEP int walk_step(struct walk *w)
{
	switch (w->text.ptr[w->pos]) {
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		w->pos++;
		return 0;
	case ',':
		return walk_comma(w);
	case ':':
		return walk_colon(w);
	case '{':
		return walk_open(w, JSON_OBJECT);
	case '[':
		return walk_open(w, JSON_ARRAY);
	case '}':
		return walk_close(w, JSON_OBJECT);
	case ']':
		return walk_close(w, JSON_ARRAY);
	case '"':
		return walk_string(w);
	case '-':
	case '0' ... '9':
	case 't':
	case 'f':
	case 'n':
		return walk_word(w);
	default:
		return -EINVAL;
	}
}

/* Until there is no more text, or only what `until` names may follow. Works on a copy, which
 * nothing else points to. */
static int walk_all(struct walk *walk, unsigned until)
{
	struct walk w = *walk;
	int rc = 0;

	while (rc == 0 && w.pos < w.text.len && w.expect != until)
		rc = walk_step(&w);
	*walk = w;
	return rc;
}

static void walk_begin(struct walk *w, struct json *doc, struct slice text)
{
	*w = (struct walk){ .tokens = doc->tokens, .text = text, .expect = EXPECT_ROOT };
	doc->text = text;
	doc->count = 0;
	doc->is_cut = false;
	doc->has_escape = false;
	doc->cut_key = 0;
}

/* What was read of the text. After an error there are no tokens. */
static int walk_end(const struct walk *w, struct json *doc, int rc)
{
	doc->text = w->text;
	doc->count = rc == 0 ? (uint16_t)w->count : 0;
	doc->has_escape = w->has_escape;
	return rc;
}

/* The text ends inside the document: a key that lost its value is dropped, and what is open is
 * closed. */
static int walk_cut(struct walk *w, struct json *doc)
{
	if ((w->expect & (EXPECT_COLON | EXPECT_MEMBER)) != 0) {
		w->count--;
		walk_top(w)->size--;
		if (slice_starts(slice_tail(w->text, w->pos), "\"")) {
			doc->cut_key = (uint16_t)w->count;
			doc->cut_at = (uint32_t)w->pos + 1;
		}
	}
	for (; w->depth > 0; w->depth--) {
		struct json_token *token = walk_top(w);

		token->end = (uint32_t)w->text.len;
		walk_end_container(w, token);
	}
	doc->is_cut = true;
	return walk_end(w, doc, 0);
}

int json_parse(struct json *doc, struct slice text, bool may_be_cut)
{
	struct walk walk;

	walk_begin(&walk, doc, text);
	if (text.len > LIMIT_MESSAGE_BYTES)
		return -E2BIG;
	int rc = walk_all(&walk, 0);

	if (rc < 0 || (rc == 0 && walk.expect == EXPECT_END))
		return walk_end(&walk, doc, rc);
	if (!may_be_cut)
		return walk_end(&walk, doc, rc == WALK_FULL ? -E2BIG : -EINVAL);
	if (rc == WALK_FULL)
		walk.text = slice_head(walk.text, walk.pos);
	return walk_cut(&walk, doc);
}

int json_parse_first(struct json *doc, struct slice text)
{
	struct walk walk;

	walk_begin(&walk, doc, text);
	int rc = walk_all(&walk, EXPECT_END);

	if (rc == WALK_FULL)
		rc = -E2BIG;
	else if (rc == WALK_CUT || (rc == 0 && walk.expect != EXPECT_END))
		rc = -EAGAIN;
	walk.text = slice_head(text, walk.pos);
	return walk_end(&walk, doc, rc);
}

/* A key is told apart by its length and its first byte, or it has an escape. */
static inline bool is_key(const struct json *doc, const struct json_token *key, struct slice name)
{
	size_t len = key->end - key->start;
	const uint8_t *text = doc->text.ptr + key->start;

	if (len == name.len)
		return len == 0 || (text[0] == name.ptr[0] && memcmp(text, name.ptr, len) == 0);
	return len > name.len && (name.len == 0 || text[0] == name.ptr[0] || text[0] == '\\') &&
	       json_text_equal(slice_of(text, len), name);
}

json_value json_member_of(const struct json *doc, json_value object, struct slice name)
{
	json_value found = JSON_ABSENT;

	if (json_type(doc, object) != JSON_OBJECT)
		return JSON_ABSENT;
	for (json_value key = object + 1; key < doc->tokens[object].next;
	     key = doc->tokens[key].next)
		if (is_key(doc, &doc->tokens[key], name))
			found = key + 1;
	return found;
}

void json_members(const struct json *doc, json_value object, const struct slice *names,
		  json_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		values[i] = JSON_ABSENT;
	if (json_type(doc, object) != JSON_OBJECT)
		return;
	for (json_value key = object + 1; key < doc->tokens[object].next;
	     key = doc->tokens[key].next)
		for (size_t i = 0; i < count; i++)
			if (is_key(doc, &doc->tokens[key], names[i]))
				values[i] = key + 1;
}

struct slice json_cut_text(const struct json *doc, json_value object, const char *name)
{
	const struct json_token *key = &doc->tokens[doc->cut_key];

	if (doc->cut_key == 0 || json_type(doc, object) != JSON_OBJECT || key->parent != object ||
	    !is_key(doc, key, slice_str(name)))
		return slice_of(NULL, 0);
	return slice_tail(doc->text, doc->cut_at);
}

json_value json_element(const struct json *doc, json_value array, size_t index)
{
	if (json_type(doc, array) != JSON_ARRAY || index >= doc->tokens[array].size)
		return JSON_ABSENT;
	json_value element = array + 1;
	for (size_t i = 0; i < index; i++)
		element = doc->tokens[element].next;
	return element;
}
