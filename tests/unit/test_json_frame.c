/* test_json_frame.c: where messages begin and end, with inputs at an unreadable page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "protocols/json.h"
#include "tests/unit/guard.h"

static struct guard guard;

/* One json_frame() call and what must come of it. */
struct frame_case {
	const char *in;
	enum json_frame_result result;
	size_t skip;
	size_t len;
};

static void check_result(const struct frame_case *want, enum json_frame_result result, size_t skip,
			 size_t len)
{
	if (result != want->result || skip != want->skip || len != want->len)
		fail_msg("%s: result %d skip %zu len %zu", want->in, (int)result, skip, len);
}

/* What is framed and read in one is framed the same, and has the tokens that parsing alone finds.
 */
static void check_frame(const struct frame_case *want, struct slice in)
{
	static struct json doc;
	static struct json parsed;
	size_t skip = 99;
	size_t len = 99;
	enum json_frame_result result = json_frame(in, &skip, &len);

	check_result(want, result, skip, len);
	result = json_read(&doc, in, &skip, &len);
	check_result(want, result, skip, len);
	struct slice message = slice_sub(in, skip, len);
	bool has_tokens = result == JSON_FRAME_WHOLE && slice_find(message, '\\') == len &&
			  json_parse(&parsed, message, false) == 0;

	assert_int_equal(doc.count, has_tokens ? parsed.count : 0);
	if (!has_tokens)
		return;
	assert_ptr_equal(doc.text.ptr, message.ptr);
	assert_int_equal(doc.text.len, len);
	for (json_value i = 0; i < doc.count; i++) {
		assert_int_equal(json_type(&doc, i), json_type(&parsed, i));
		assert_int_equal(doc.tokens[i].size, parsed.tokens[i].size);
		assert_int_equal(doc.tokens[i].parent, parsed.tokens[i].parent);
		assert_int_equal(doc.tokens[i].next, parsed.tokens[i].next);
		assert_true(slice_eq(json_raw(&doc, i), json_raw(&parsed, i)));
	}
}

static const struct frame_case frames[] = {
	/* whole messages, junk before them, a second one after them */
	{ "{}", JSON_FRAME_WHOLE, 0, 2 },
	{ "{ }", JSON_FRAME_WHOLE, 0, 3 },
	{ "{\"a\":1}\n", JSON_FRAME_WHOLE, 0, 7 },
	{ "{\"a\":1}{\"b\":2}", JSON_FRAME_WHOLE, 0, 7 },
	{ "\r\n\n{\"a\":1}", JSON_FRAME_WHOLE, 3, 7 },
	{ "\xef\xbb\xbf{\"a\":1}", JSON_FRAME_WHOLE, 3, 7 },
	{ "PROXY TCP4 192.0.2.7 198.51.100.9 51000 3333\r\n{\"id\":1}", JSON_FRAME_WHOLE, 46, 8 },
	{ "[{\"a\":1},{\"b\":2}]", JSON_FRAME_WHOLE, 0, 17 },
	{ "[ \n{}]", JSON_FRAME_WHOLE, 0, 6 },
	{ "{\n\t\"a\" : [1, -2.5e+3, true, false, null],\r\n\"b\":{}}", JSON_FRAME_WHOLE, 0, 50 },
	/* strings hide structure */
	{ "{\"a\":\"}\"}", JSON_FRAME_WHOLE, 0, 9 },
	{ "{\"a\":\"\\\"}{\\\\\"}", JSON_FRAME_WHOLE, 0, 14 },
	{ "{\"a\":\"0123456789abcdef\\u0022}0123456789\"}", JSON_FRAME_WHOLE, 0, 41 },
	/* brackets that open no message */
	{ "[1,2] {x} {{\"a\":1}}", JSON_FRAME_WHOLE, 11, 7 },
	{ "[[{}]]", JSON_FRAME_WHOLE, 1, 4 },
	{ "[info] start", JSON_FRAME_MORE, 12, 0 },
	/* not decided, or not all there */
	{ "", JSON_FRAME_MORE, 0, 0 },
	{ "abc", JSON_FRAME_MORE, 3, 0 },
	{ "{", JSON_FRAME_MORE, 0, 0 },
	{ "ab[", JSON_FRAME_MORE, 2, 0 },
	{ "ab{ \r\n", JSON_FRAME_MORE, 2, 0 },
	{ "{\"", JSON_FRAME_MORE, 0, 0 },
	{ "{\"a\\", JSON_FRAME_MORE, 0, 0 },
	{ "{\"a\":1", JSON_FRAME_MORE, 0, 0 },
	{ "{\"a\":[1,2", JSON_FRAME_MORE, 0, 0 },
	/* what no JSON is: next try at the next line, else after the bracket */
	{ "{\"a\x01\":1}", JSON_FRAME_BAD, 1, 0 },
	{ "{\"a\x1f", JSON_FRAME_BAD, 1, 0 },
	{ "{\"a\n{\"b\":1}", JSON_FRAME_BAD, 4, 0 },
	{ "x{\"a\":1\n{\"b\":2}", JSON_FRAME_BAD, 8, 0 },
	{ "{\"a\":1]", JSON_FRAME_BAD, 1, 0 },
	{ "{\"a\":[1}", JSON_FRAME_BAD, 1, 0 },
	{ "{\"a\":%}\n", JSON_FRAME_BAD, 1, 0 },
	{ "{\"a\"\xff", JSON_FRAME_BAD, 1, 0 },
	{ "{\"a\\x\":1}", JSON_FRAME_BAD, 1, 0 },
	{ "{\"a\":1 2}", JSON_FRAME_BAD, 1, 0 },
	{ "{\"a\":1 \"b\"}", JSON_FRAME_BAD, 1, 0 },
	{ "{\"a\",,\"b\"}", JSON_FRAME_BAD, 1, 0 },
	{ "{\"params\":[\"abc{\"id\":2}", JSON_FRAME_BAD, 1, 0 },
};

static void test_frame_finds_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		check_frame(&frames[i], guard_str(&guard, frames[i].in));
}

static void test_frame_ignores_nul_before_message(void **state)
{
	(void)state;
	check_frame(&(struct frame_case){ "NULs", JSON_FRAME_WHOLE, 2, 2 },
		    guard_put(&guard, "\0\0{}", 4));
	check_frame(&(struct frame_case){ "NUL in string", JSON_FRAME_BAD, 1, 0 },
		    guard_put(&guard, "{\"\0\"}", 5));
	check_frame(&(struct frame_case){ "NUL outside", JSON_FRAME_BAD, 1, 0 },
		    guard_put(&guard, "{\"a\"\0:1}", 8));
}

/* The same message comes out wherever the stream was cut. */
static void test_frame_any_prefix_wants_more(void **state)
{
	const char *text = "{\"id\":1,\"method\":\"login\",\"params\":{\"login\":\"a\\\\\\u0041}\","
			   "\"n\":[1.5e3,{\"x\":null}]}}";
	size_t all = strlen(text);

	(void)state;
	for (size_t n = 0; n < all; n++)
		check_frame(&(struct frame_case){ text, JSON_FRAME_MORE, 0, 0 },
			    guard_put(&guard, text, n));
	check_frame(&(struct frame_case){ text, JSON_FRAME_WHOLE, 0, all },
		    guard_put(&guard, text, all));
}

/* {"":{"":{...}}} with so many braces. */
static size_t put_nested(char *out, size_t depth)
{
	size_t at = 0;

	for (size_t i = 0; i < depth; i++) {
		memcpy(out + at, i + 1 < depth ? "{\"\":" : "{", i + 1 < depth ? 4 : 1);
		at += i + 1 < depth ? 4 : 1;
	}
	memset(out + at, '}', depth);
	return at + depth;
}

static void test_depth_cap(void **state)
{
	static struct json doc;
	char text[256];
	size_t skip;
	size_t len;

	(void)state;
	size_t n = put_nested(text, LIMIT_JSON_DEPTH);
	assert_int_equal(json_frame(guard_put(&guard, text, n), &skip, &len), JSON_FRAME_WHOLE);
	assert_int_equal(json_parse(&doc, guard_put(&guard, text, n), false), 0);
	n = put_nested(text, LIMIT_JSON_DEPTH + 1);
	assert_int_equal(json_frame(guard_put(&guard, text, n), &skip, &len), JSON_FRAME_BAD);
	assert_int_equal(skip, 1);
	assert_int_equal(json_parse(&doc, guard_put(&guard, text, n), false), -E2BIG);
	assert_int_equal(json_root(&doc), JSON_ABSENT);
}

static void test_length_cap(void **state)
{
	static char text[LIMIT_MESSAGE_BYTES + 1];
	static struct json doc;
	size_t n = LIMIT_MESSAGE_BYTES;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "{\"", 2);
	memcpy(text + n - 4, "\":0}", 4);
	check_frame(&(struct frame_case){ "longest", JSON_FRAME_WHOLE, 0, n },
		    guard_put(&guard, text, n));
	assert_int_equal(json_parse(&doc, guard_put(&guard, text, n), false), 0);
	check_frame(&(struct frame_case){ "one before", JSON_FRAME_MORE, 0, 0 },
		    guard_put(&guard, text, n - 1));
	memcpy(text + n - 4, "x\":0}", 5);
	check_frame(&(struct frame_case){ "one after", JSON_FRAME_MORE, 0, 0 },
		    guard_put(&guard, text, n));
	check_frame(&(struct frame_case){ "one after", JSON_FRAME_MORE, 0, 0 },
		    guard_put(&guard, text, n + 1));
	assert_int_equal(json_parse(&doc, guard_put(&guard, text, n + 1), false), -E2BIG);
	memset(text + 1, ' ', n - 1);
	check_frame(&(struct frame_case){ "blanks", JSON_FRAME_MORE, n, 0 },
		    guard_put(&guard, text, n));
	check_frame(&(struct frame_case){ "blanks", JSON_FRAME_MORE, 0, 0 },
		    guard_put(&guard, text, n - 1));
}

/* Random bytes after an opening must be given up long before the cap. */
static void test_frame_drops_binary_early(void **state)
{
	uint8_t bytes[512];
	uint32_t x = 12345;
	size_t more = 0;

	(void)state;
	for (size_t run = 0; run < 1000; run++) {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			x = x * 1664525 + 1013904223;
			bytes[i] = (uint8_t)(x >> 24);
		}
		bytes[0] = '{';
		bytes[1] = '"';
		struct slice in = guard_put(&guard, bytes, sizeof(bytes));
		size_t skip = 0;
		size_t len = 0;
		more += json_frame(in, &skip, &len) == JSON_FRAME_MORE;
	}
	assert_int_equal(more, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame_finds_messages),
		cmocka_unit_test(test_frame_ignores_nul_before_message),
		cmocka_unit_test(test_frame_any_prefix_wants_more),
		cmocka_unit_test(test_depth_cap),
		cmocka_unit_test(test_length_cap),
		cmocka_unit_test(test_frame_drops_binary_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
