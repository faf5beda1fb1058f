/* fuzz_json.c: framing and parsing of any bytes, and what the two must agree on.
 *
 * A frame makes progress and stays inside its input. What parses as an object is framed as a whole,
 * and no prefix of it is refused or gives more than the whole does. A tokenizer of somebody else's,
 * which takes more for JSON than ours, finds the same tokens. */
#include <stdlib.h>

#define JSMN_STATIC
#define JSMN_PARENT_LINKS
#define JSMN_STRICT
#include <jsmn.h>

#include "protocols/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_inside(struct slice part, struct slice whole)
{
	if (part.len == 0)
		return;
	require(part.ptr >= whole.ptr && part.len <= whole.len);
	require((size_t)(part.ptr - whole.ptr) <= whole.len - part.len);
}

/* Reads a value in every way there is. */
static void read_value(const struct json *doc, json_value value)
{
	char text[16];
	double number;
	uint64_t whole;
	uint64_t id = json_id(doc, value);

	check_inside(json_raw(doc, value), doc->text);
	check_inside(json_hex(doc, value), doc->text);
	struct slice unescaped = json_text(doc, value, text, sizeof(text));
	if (unescaped.ptr == (const uint8_t *)text)
		require(unescaped.len < sizeof(text) && text[unescaped.len] == '\0');
	else
		check_inside(unescaped, doc->text);
	(void)json_is(doc, value, "method");
	if (json_unsigned(doc, value, 1000, &whole) == 0) {
		require(whole <= 1000);
		require(json_number(doc, value, &number) == 0 && number >= 0 && number <= 1000);
	}
	require((id == 0) == (json_type(doc, value) == JSON_NULL));
}

/* Walks containers through the public look-ups only. */
static void read_document(const struct json *doc)
{
	for (uint16_t i = 0; i < doc->count; i++) {
		const struct json_token *token = &doc->tokens[i];

		require(token->next > i && token->next <= doc->count);
		require(token->start <= token->end && token->end <= doc->text.len);
		require(token->parent < (int)i);
		read_value(doc, i);
		struct slice cut = json_cut_text(doc, i, "login");
		check_inside(cut, doc->text);
		require(cut.len == 0 || (doc->is_cut && json_type(doc, i) == JSON_OBJECT));
		size_t elements = json_type(doc, i) == JSON_ARRAY ? json_size(doc, i) : 0;
		json_value next = json_element(doc, i, 0);
		for (size_t at = 0; at < elements; at++) {
			json_value element = json_element(doc, i, at);

			require(element > i && element < token->next && element == next);
			require(doc->tokens[element].parent == (int)i);
			next = json_next(doc, element);
		}
		require(next == JSON_ABSENT);
		require(json_element(doc, i, elements) == JSON_ABSENT);
		json_value member = json_member(doc, i, "params");
		require(member == JSON_ABSENT || (member > i && member < token->next));
	}
}

static jsmntype_t jsmn_type(enum json_type type)
{
	switch (type) {
	case JSON_OBJECT:
		return JSMN_OBJECT;
	case JSON_ARRAY:
		return JSMN_ARRAY;
	case JSON_STRING:
		return JSMN_STRING;
	default:
		return JSMN_PRIMITIVE;
	}
}

static void check_tokens(const struct json *doc)
{
	static jsmntok_t theirs[LIMIT_JSON_TOKENS];
	jsmn_parser parser;

	jsmn_init(&parser);
	int count = jsmn_parse(&parser, (const char *)doc->text.ptr, doc->text.len, theirs,
			       LIMIT_JSON_TOKENS);

	require(count == doc->count);
	for (uint16_t i = 0; i < doc->count; i++) {
		const struct json_token *ours = &doc->tokens[i];

		require(theirs[i].type == jsmn_type((enum json_type)ours->type));
		require(theirs[i].start == (int)ours->start && theirs[i].end == (int)ours->end);
		require(theirs[i].size == ours->size && theirs[i].parent == ours->parent);
	}
}

/* Framing that reads on the way frames as framing alone does, and reads as parsing alone does. */
static void check_read(struct slice in, enum json_frame_result framed, size_t skip, size_t len)
{
	static struct json doc;
	static struct json alone;
	size_t read_skip = SIZE_MAX;
	size_t read_len = SIZE_MAX;

	require(json_read(&doc, in, &read_skip, &read_len) == framed);
	require(read_skip == skip && read_len == len);
	if (doc.count == 0)
		return;
	require(framed == JSON_FRAME_WHOLE);
	require(json_parse(&alone, slice_sub(in, skip, len), false) == 0);
	require(doc.count == alone.count && slice_eq(doc.text, alone.text));
	read_document(&doc);
	check_tokens(&doc);
}

static void check_frames(struct slice in)
{
	while (in.len > 0) {
		size_t skip = SIZE_MAX;
		size_t len = SIZE_MAX;
		enum json_frame_result result = json_frame(in, &skip, &len);

		require(skip <= in.len && len <= in.len - skip && len <= LIMIT_MESSAGE_BYTES);
		check_read(in, result, skip, len);
		if (result == JSON_FRAME_WHOLE)
			require(len > 0);
		else
			require(len == 0);
		if (result == JSON_FRAME_BAD)
			require(skip > 0);
		if (result == JSON_FRAME_MORE)
			return;
		in = slice_tail(in, skip + len);
	}
}

static void check_prefixes(struct slice text, size_t tokens)
{
	static struct json cut;
	size_t skip;
	size_t len;

	for (size_t n = 0; n < text.len; n++) {
		struct slice head = slice_head(text, n);

		require(json_frame(head, &skip, &len) == JSON_FRAME_MORE && skip == 0);
		require(json_parse(&cut, head, true) == 0 && cut.is_cut && cut.count <= tokens);
		require(json_parse(&cut, head, false) != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct json doc;
	struct slice in = slice_of(bytes, size);
	size_t skip;
	size_t len;

	check_frames(in);
	if (json_parse(&doc, in, true) == 0)
		read_document(&doc);
	if (json_parse(&doc, in, false) != 0)
		return 0;
	require(!doc.is_cut && doc.count > 0);
	read_document(&doc);
	check_tokens(&doc);
	if (json_type(&doc, json_root(&doc)) != JSON_OBJECT)
		return 0;
	require(json_frame(in, &skip, &len) == JSON_FRAME_WHOLE);
	require(skip == doc.tokens[0].start && len == doc.tokens[0].end - skip);
	if (size <= 512)
		check_prefixes(json_raw(&doc, 0), doc.count);
	return 0;
}
