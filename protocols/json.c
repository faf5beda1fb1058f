/* json.c: tokenises JSON and finds members by name. Reference: RFC 8259.
 *
 * jsmn cuts the text into tokens but takes `{"a" "b"}`, `[1,,2]`, `{} {}` and `nope` for JSON. So
 * its tokens are walked once in order, together with the text between them: that text must be the
 * separators the grammar wants there. The same walk links parents and successors.
 *
 *   {  "id" :  4  ,  "params" :  [  "a" , 1 ]  }
 *   0   1      2       3         4   5    6         key 3: parent 0, next 7; value 4: parent 3,
 * next 7
 *
 * Documents are objects and arrays; a bare string or number is no message of anybody. */
#include "protocols/json.h"

#include <errno.h>

#define JSMN_STATIC
#define JSMN_PARENT_LINKS
#define JSMN_STRICT
#include <jsmn.h>

#include "protocols/json_text.h"
#include "protocols/number.h"

enum expect {
	EXPECT_ROOT,
	EXPECT_FIRST,
	EXPECT_KEY,
	EXPECT_COLON,
	EXPECT_VALUE,
	EXPECT_MORE,
	EXPECT_END
};

struct walk {
	struct json *doc;
	size_t pos; /* text before it has been checked */
	enum expect expect;
	unsigned depth;
	uint16_t open[LIMIT_JSON_DEPTH]; /* tokens of the open containers */
};

static struct json_token *walk_top(const struct walk *w)
{
	return &w->doc->tokens[w->open[w->depth - 1]];
}

static bool walk_in_object(const struct walk *w)
{
	return w->depth > 0 && walk_top(w)->type == JSON_OBJECT;
}

/* The value at `index` is whole: it and the key it belongs to end before the next token. */
static void walk_end_value(struct walk *w, uint16_t index)
{
	struct json_token *token = &w->doc->tokens[index];

	token->next = w->doc->count;
	if (token->parent >= 0 && w->doc->tokens[token->parent].type == JSON_STRING)
		w->doc->tokens[token->parent].next = w->doc->count;
	w->expect = w->depth == 0 ? EXPECT_END : EXPECT_MORE;
}

static int walk_close(struct walk *w, enum json_type type)
{
	if (w->depth == 0 || walk_top(w)->type != type ||
	    (w->expect != EXPECT_FIRST && w->expect != EXPECT_MORE))
		return -EINVAL;
	walk_top(w)->end = (uint32_t)w->pos;
	w->depth--;
	walk_end_value(w, w->open[w->depth]);
	return 0;
}

/* Checks the text up to `until`, which holds no token. */
static int walk_gap(struct walk *w, size_t until)
{
	int rc = 0;

	while (rc == 0 && w->pos < until) {
		switch (w->doc->text.ptr[w->pos++]) {
		case ' ':
		case '\t':
		case '\r':
		case '\n':
			break;
		case ',':
			rc = w->expect == EXPECT_MORE ? 0 : -EINVAL;
			w->expect = walk_in_object(w) ? EXPECT_KEY : EXPECT_VALUE;
			break;
		case ':':
			rc = w->expect == EXPECT_COLON ? 0 : -EINVAL;
			w->expect = EXPECT_VALUE;
			break;
		case '}':
			rc = walk_close(w, JSON_OBJECT);
			break;
		case ']':
			rc = walk_close(w, JSON_ARRAY);
			break;
		default:
			rc = -EINVAL;
		}
	}
	return rc;
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

/* The type of a token, or JSON_NONE when its text is not what JSON allows. */
static enum json_type token_type(const jsmntok_t *from, struct slice text)
{
	switch (from->type) {
	case JSMN_OBJECT:
		return JSON_OBJECT;
	case JSMN_ARRAY:
		return JSON_ARRAY;
	case JSMN_STRING:
		return json_text_has_control(text) ? JSON_NONE : JSON_STRING;
	case JSMN_PRIMITIVE:
		return word_type(text);
	case JSMN_UNDEFINED:
		break;
	}
	return JSON_NONE;
}

static int walk_open(struct walk *w, uint16_t index)
{
	if (w->depth == LIMIT_JSON_DEPTH)
		return -E2BIG;
	w->open[w->depth++] = index;
	w->expect = EXPECT_FIRST;
	return 0;
}

/* Can a string (or only a value) stand here? */
static bool walk_wants_key(const struct walk *w)
{
	return w->expect == EXPECT_KEY || (w->expect == EXPECT_FIRST && walk_in_object(w));
}

static bool walk_wants_value(const struct walk *w)
{
	return w->expect == EXPECT_ROOT || w->expect == EXPECT_VALUE ||
	       (w->expect == EXPECT_FIRST && !walk_in_object(w));
}

static int walk_token(struct walk *w, const jsmntok_t *from)
{
	struct json *doc = w->doc;
	bool is_container = from->type == JSMN_OBJECT || from->type == JSMN_ARRAY;
	size_t start = (size_t)from->start;
	size_t quote = from->type == JSMN_STRING ? 1 : 0;

	int rc = walk_gap(w, start - quote);
	if (rc != 0)
		return rc;

	size_t end = is_container ? start + 1 : (size_t)from->end;
	enum json_type type = token_type(from, slice_sub(doc->text, start, end - start));
	uint16_t index = doc->count;
	struct json_token *token = &doc->tokens[index];

	*token = (struct json_token){
		.type = (uint8_t)type, .parent = -1, .start = (uint32_t)start, .end = (uint32_t)end
	};
	w->pos = end + quote;
	doc->count++;
	token->next = doc->count;

	if (walk_wants_key(w)) {
		token->parent = (int16_t)w->open[w->depth - 1];
		token->size = 1;
		walk_top(w)->size++;
		w->expect = EXPECT_COLON;
		return type == JSON_STRING ? 0 : -EINVAL;
	}
	if (type == JSON_NONE || !walk_wants_value(w) || (w->depth == 0 && !is_container))
		return -EINVAL;
	if (walk_in_object(w)) {
		token->parent = (int16_t)(index - 1);
	} else if (w->depth > 0) {
		token->parent = (int16_t)w->open[w->depth - 1];
		walk_top(w)->size++;
	}
	if (is_container)
		return walk_open(w, index);
	walk_end_value(w, index);
	return 0;
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

/* The text ended inside the document. Checks the piece of a token at its end, drops a key that lost
 * its value, and closes what is open. */
static int walk_cut(struct walk *w, size_t stopped)
{
	struct json *doc = w->doc;

	int rc = walk_gap(w, stopped);
	if (rc != 0)
		return rc;
	struct slice rest = slice_tail(doc->text, stopped);
	if (slice_starts(rest, "\"")) {
		if (json_text_has_control(rest) || !(walk_wants_key(w) || walk_wants_value(w)))
			return -EINVAL;
	} else if (rest.len > 0 && !(is_word_begin(rest) && walk_wants_value(w))) {
		return -EINVAL;
	}
	if (w->depth == 0 && rest.len > 0)
		return -EINVAL;
	if (walk_in_object(w) && (w->expect == EXPECT_COLON || w->expect == EXPECT_VALUE)) {
		doc->count--;
		walk_top(w)->size--;
		if (slice_starts(rest, "\"")) {
			doc->cut_key = doc->count;
			doc->cut_at = (uint32_t)stopped + 1;
		}
	}
	while (w->depth > 0) {
		walk_top(w)->end = (uint32_t)doc->text.len;
		w->depth--;
		walk_end_value(w, w->open[w->depth]);
	}
	doc->is_cut = true;
	return 0;
}

/* count: of the tokens, where jsmn stopped behind `stopped` bytes. */
static int walk_all(struct walk *w, const jsmntok_t *tokens, unsigned count, size_t stopped,
		    bool is_part)
{
	for (unsigned i = 0; i < count; i++) {
		int rc = walk_token(w, &tokens[i]);
		if (rc != 0)
			return rc;
	}
	if (is_part)
		return walk_cut(w, stopped < w->doc->text.len ? stopped : w->doc->text.len);
	int rc = walk_gap(w, w->doc->text.len);
	return rc != 0 || w->expect == EXPECT_END ? rc : -EINVAL;
}

/* The text is cut where the tokens ran out. */
static int walk_full(struct walk *w, const jsmntok_t *tokens, unsigned count, size_t stopped)
{
	w->doc->text = slice_head(w->doc->text, stopped);
	return walk_all(w, tokens, count, stopped, true);
}

/* What jsmn said becomes a document. */
static int walk_result(struct walk *w, const jsmntok_t *tokens, const jsmn_parser *parser,
		       int result, bool may_be_cut)
{
	if (result == JSMN_ERROR_NOMEM && may_be_cut)
		return walk_full(w, tokens, parser->toknext, parser->pos);
	if (result == JSMN_ERROR_NOMEM)
		return -E2BIG;
	if (result > 0)
		return walk_all(w, tokens, parser->toknext, parser->pos, false);
	if (may_be_cut && (result == JSMN_ERROR_PART || result == 0))
		return walk_all(w, tokens, parser->toknext, parser->pos, true);
	return -EINVAL;
}

int json_parse(struct json *doc, struct slice text, bool may_be_cut)
{
	jsmntok_t tokens[LIMIT_JSON_TOKENS];
	struct walk walk = { .doc = doc };
	jsmn_parser parser;

	doc->text = text;
	doc->count = 0;
	doc->is_cut = false;
	doc->cut_key = 0;
	if (text.len > LIMIT_MESSAGE_BYTES)
		return -E2BIG;

	jsmn_init(&parser);
	int rc = jsmn_parse(&parser, (const char *)text.ptr, text.len, tokens, LIMIT_JSON_TOKENS);
	const jsmn_parser after = parser; /* nobody points to it: jsmn keeps it in registers */

	rc = walk_result(&walk, tokens, &after, rc, may_be_cut);
	if (rc != 0)
		doc->count = 0;
	return rc;
}

static const struct json_token *token_at(const struct json *doc, json_value value)
{
	return value >= 0 && value < doc->count ? &doc->tokens[value] : NULL;
}

json_value json_root(const struct json *doc)
{
	return doc->count > 0 ? 0 : JSON_ABSENT;
}

enum json_type json_type(const struct json *doc, json_value value)
{
	const struct json_token *token = token_at(doc, value);

	return token == NULL ? JSON_NONE : (enum json_type)token->type;
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

size_t json_size(const struct json *doc, json_value value)
{
	enum json_type type = json_type(doc, value);

	return type == JSON_OBJECT || type == JSON_ARRAY ? doc->tokens[value].size : 0;
}

struct slice json_raw(const struct json *doc, json_value value)
{
	const struct json_token *token = token_at(doc, value);

	if (token == NULL)
		return slice_of(NULL, 0);
	return slice_sub(doc->text, token->start, token->end - token->start);
}
