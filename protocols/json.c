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

struct walk {
	struct json *doc;
	size_t pos;      /* text before it has been read */
	unsigned expect; /* of enum expect */
	unsigned depth;
	uint16_t open[LIMIT_JSON_DEPTH]; /* tokens of the open containers */
};

static struct json_token *walk_top(const struct walk *w)
{
	return &w->doc->tokens[w->open[w->depth - 1]];
}

/* 0 when one of these may stand here, and there is room for a token of it. */
static int walk_wants(const struct walk *w, unsigned wanted)
{
	if ((w->expect & wanted) == 0)
		return -EINVAL;
	return w->doc->count < LIMIT_JSON_TOKENS ? 0 : WALK_FULL;
}

/* A token of the text from start to end. A key counts for its object, a value only for its key. */
static struct json_token *walk_add(struct walk *w, enum json_type type, size_t start, size_t end)
{
	uint16_t index = w->doc->count++;
	struct json_token *token = &w->doc->tokens[index];

	*token = (struct json_token){ .type = (uint8_t)type,
				      .parent = (int16_t)(index - 1),
				      .next = w->doc->count,
				      .start = (uint32_t)start,
				      .end = (uint32_t)end };
	if ((w->expect & (EXPECT_KEY | EXPECT_ELEMENT)) != 0) {
		token->parent = (int16_t)w->open[w->depth - 1];
		walk_top(w)->size++;
	}
	return token;
}

/* The value is whole: it and the key it belongs to end before the next token. */
static void walk_end_value(struct walk *w, struct json_token *token)
{
	token->next = w->doc->count;
	if (token->parent >= 0 && w->doc->tokens[token->parent].type == JSON_STRING)
		w->doc->tokens[token->parent].next = w->doc->count;
	w->expect = w->depth == 0 ? EXPECT_END : EXPECT_COMMA | EXPECT_CLOSE;
}

static int walk_open(struct walk *w, enum json_type type)
{
	int rc = walk_wants(w, EXPECT_ROOT | EXPECT_MEMBER | EXPECT_ELEMENT);

	if (rc != 0)
		return rc;
	if (w->depth == LIMIT_JSON_DEPTH)
		return -E2BIG;
	uint16_t index = w->doc->count;

	(void)walk_add(w, type, w->pos, w->pos + 1);
	w->open[w->depth++] = index;
	w->expect = EXPECT_CLOSE | (type == JSON_OBJECT ? EXPECT_KEY : EXPECT_ELEMENT);
	w->pos++;
	return 0;
}

static int walk_close(struct walk *w, enum json_type type)
{
	if ((w->expect & EXPECT_CLOSE) == 0 || walk_top(w)->type != type)
		return -EINVAL;
	struct json_token *token = walk_top(w);

	w->pos++;
	w->depth--;
	token->end = (uint32_t)w->pos;
	walk_end_value(w, token);
	return 0;
}

static int walk_comma(struct walk *w)
{
	if ((w->expect & EXPECT_COMMA) == 0)
		return -EINVAL;
	w->expect = walk_top(w)->type == JSON_OBJECT ? EXPECT_KEY : EXPECT_ELEMENT;
	w->pos++;
	return 0;
}

static int walk_colon(struct walk *w)
{
	if ((w->expect & EXPECT_COLON) == 0)
		return -EINVAL;
	w->expect = EXPECT_MEMBER;
	w->pos++;
	return 0;
}

static int walk_string(struct walk *w)
{
	bool is_key = (w->expect & EXPECT_KEY) != 0;
	size_t end;
	int rc = walk_wants(w, EXPECT_KEY | EXPECT_MEMBER | EXPECT_ELEMENT);

	if (rc != 0)
		return rc;
	end = json_text_special(w->doc->text, w->pos + 1);
	if (end < w->doc->text.len && w->doc->text.ptr[end] != '"') {
		w->doc->has_escape = true;
		if (!json_text_end(w->doc->text, end, &end))
			return -EINVAL;
	}
	if (end == w->doc->text.len)
		return WALK_CUT;
	struct json_token *token = walk_add(w, JSON_STRING, w->pos + 1, end);

	w->pos = end + 1;
	if (is_key) {
		token->size = 1;
		w->expect = EXPECT_COLON;
	} else {
		walk_end_value(w, token);
	}
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
static int walk_word(struct walk *w)
{
	struct slice rest = slice_tail(w->doc->text, w->pos);
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
	walk_end_value(w, walk_add(w, type, w->pos, w->pos + len));
	w->pos += len;
	return 0;
}

/* One token or separator, or a blank. */
static int walk_step(struct walk *w)
{
	switch (w->doc->text.ptr[w->pos]) {
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

/* The text ends inside the document: a key that lost its value is dropped, and what is open is
 * closed. */
static void walk_cut(struct walk *w)
{
	struct json *doc = w->doc;

	if ((w->expect & (EXPECT_COLON | EXPECT_MEMBER)) != 0) {
		doc->count--;
		walk_top(w)->size--;
		if (slice_starts(slice_tail(doc->text, w->pos), "\"")) {
			doc->cut_key = doc->count;
			doc->cut_at = (uint32_t)w->pos + 1;
		}
	}
	while (w->depth > 0) {
		struct json_token *token = walk_top(w);

		token->end = (uint32_t)doc->text.len;
		w->depth--;
		walk_end_value(w, token);
	}
	doc->is_cut = true;
}

static void walk_begin(struct walk *w, struct json *doc, struct slice text)
{
	*w = (struct walk){ .doc = doc, .expect = EXPECT_ROOT };
	doc->text = text;
	doc->count = 0;
	doc->is_cut = false;
	doc->has_escape = false;
	doc->cut_key = 0;
}

/* Until there is no more text, or only what `until` names may follow. */
static int walk_all(struct walk *w, unsigned until)
{
	int rc = 0;

	while (rc == 0 && w->pos < w->doc->text.len && w->expect != until)
		rc = walk_step(w);
	return rc;
}

/* After an error there are no tokens. */
static int walk_end(struct walk *w, int rc)
{
	if (rc != 0)
		w->doc->count = 0;
	return rc;
}

int json_parse(struct json *doc, struct slice text, bool may_be_cut)
{
	struct walk walk;

	walk_begin(&walk, doc, text);
	if (text.len > LIMIT_MESSAGE_BYTES)
		return -E2BIG;
	int rc = walk_all(&walk, 0);

	if (rc < 0 || (rc == 0 && walk.expect == EXPECT_END))
		return walk_end(&walk, rc);
	if (!may_be_cut)
		return walk_end(&walk, rc == WALK_FULL ? -E2BIG : -EINVAL);
	if (rc == WALK_FULL)
		doc->text = slice_head(doc->text, walk.pos);
	walk_cut(&walk);
	return 0;
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
	doc->text = slice_head(text, walk.pos);
	return walk_end(&walk, rc);
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
