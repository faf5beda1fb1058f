/* test_json_cut.c: documents whose end was lost, with inputs at an unreadable page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "protocols/json.h"
#include "tests/unit/guard.h"

static struct guard guard;
static struct json doc;

/* A document of too many tokens may be cut where they end. */
static void test_token_cap_cuts(void **state)
{
	static char text[4096];
	size_t n = 0;

	(void)state;
	n += (size_t)snprintf(text, sizeof(text), "{\"method\":\"login\",\"n\":7,\"x\":[");
	for (int i = 0; i < 300; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%d,", i);
	n += (size_t)snprintf(text + n, sizeof(text) - n, "0],\"late\":1}");
	assert_int_equal(json_parse(&doc, guard_put(&guard, text, n), false), -E2BIG);
	assert_int_equal(json_parse(&doc, guard_put(&guard, text, n), true), 0);
	assert_true(doc.is_cut);
	assert_int_equal(doc.count, LIMIT_JSON_TOKENS);
	assert_true(slice_is(json_raw(&doc, json_member(&doc, 0, "method")), "login"));
	assert_true(slice_is(json_raw(&doc, json_member(&doc, 0, "n")), "7"));
	assert_int_equal(json_member(&doc, 0, "late"), JSON_ABSENT);
	assert_int_equal(json_size(&doc, json_member(&doc, 0, "x")), LIMIT_JSON_TOKENS - 7);
}

/* Cut anywhere, the document gives what was whole, and nothing of what was not. */
static void test_cut_at_every_length(void **state)
{
	const char *text = "{\"id\":4,\"method\":\"a\\u0062c\",\"params\":[\"x\",12,{\"k\":true}]}";
	size_t all = strlen(text);
	uint64_t n;

	(void)state;
	for (size_t len = 0; len < all; len++) {
		struct slice in = guard_put(&guard, text, len);
		assert_int_equal(json_parse(&doc, in, false), -EINVAL);
		assert_int_equal(json_parse(&doc, in, true), 0);
		assert_true(doc.is_cut);
		json_value root = json_root(&doc);
		json_value params = json_member(&doc, root, "params");
		assert_int_equal(json_unsigned(&doc, json_member(&doc, root, "id"), 9, &n),
				 len > 7 ? 0 : -EINVAL);
		assert_int_equal(json_is(&doc, json_member(&doc, root, "method"), "abc"), len > 26);
		assert_int_equal(json_size(&doc, params),
				 (size_t)(len > 40) + (len > 44) + (len > 45));
		for (uint16_t i = 0; i < doc.count; i++) {
			assert_true(doc.tokens[i].next > i && doc.tokens[i].next <= doc.count);
			assert_true(doc.tokens[i].end <= len);
		}
	}
	assert_int_equal(json_parse(&doc, guard_put(&guard, text, all), true), 0);
	assert_false(doc.is_cut);
}

/* The piece of a string at the end belongs to its member alone. */
static void test_text_of_a_cut_string(void **state)
{
	const char *text = "{\"a\":\"x\",\"b\":{\"k\":[\"y\"],\"na\\u006de\":\"beginning\"}}";
	size_t value = (size_t)(strstr(text, "beginning") - text);
	size_t end = value + strlen("beginning");

	(void)state;
	for (size_t len = 0; len <= strlen(text); len++) {
		bool is_inside = len >= value && len <= end;

		assert_int_equal(json_parse(&doc, guard_put(&guard, text, len), true), 0);
		json_value root = json_root(&doc);
		json_value inner = json_member(&doc, root, "b");
		struct slice piece = json_cut_text(&doc, inner, "name");

		assert_int_equal(piece.len, is_inside ? len - value : 0);
		assert_true(piece.len == 0 || memcmp(piece.ptr, "beginning", piece.len) == 0);
		assert_int_equal(json_cut_text(&doc, inner, "k").len, 0);
		assert_int_equal(json_cut_text(&doc, root, "name").len, 0);
		assert_int_equal(json_cut_text(&doc, root, "b").len, 0);
		assert_int_equal(json_cut_text(&doc, JSON_ABSENT, "name").len, 0);
		assert_true(len > end || json_member(&doc, inner, "name") == JSON_ABSENT);
	}
}

/* The cut may be inside an escape; what is there of it is judged. */
static void test_cut_inside_an_escape(void **state)
{
	static const char *const good[] = { "[\"a\\", "[\"a\\u", "[\"a\\u00", "[\"a\\u0041",
					    "[\"\\\"" };
	static const char *const bad[] = { "[\"a\\x", "[\"a\\ug", "[\"a\\u00g", "[\"a\\u00\"",
					   "[\"\\U0041" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(json_parse(&doc, guard_str(&guard, good[i]), false), -EINVAL);
		assert_int_equal(json_parse(&doc, guard_str(&guard, good[i]), true), 0);
		assert_true(doc.is_cut && doc.count == 1);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (json_parse(&doc, guard_str(&guard, bad[i]), true) != -EINVAL)
			fail_msg("should not parse: %s", bad[i]);
}

/* Of what stands behind the last token that has room nothing is read. */
static void test_token_cap_ends_the_reading(void **state)
{
	static const char *const rest[] = {
		"7]", "\"x\"]", "{}]", "7", "\"x", "\"\x01\"]", "nope]"
	};
	char text[2 * LIMIT_JSON_TOKENS + 16] = "[";
	size_t full = 1;

	(void)state;
	for (int i = 1; i < LIMIT_JSON_TOKENS; i++, full += 2)
		memcpy(text + full, "7,", 2);
	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
		size_t len = strlen(rest[i]);

		memcpy(text + full, rest[i], len);
		struct slice in = guard_put(&guard, text, full + len);
		assert_int_equal(json_parse(&doc, in, false), -E2BIG);
		assert_int_equal(json_parse(&doc, in, true), 0);
		assert_true(doc.is_cut && doc.count == LIMIT_JSON_TOKENS);
		assert_int_equal(doc.text.len, full);
		assert_int_equal(json_size(&doc, 0), LIMIT_JSON_TOKENS - 1);
	}
}

static void test_cut_still_refuses_garbage(void **state)
{
	static const char *const bad[] = {
		"{\"a\":x", "{\"a\":\"\x01", "{\"a\":tx", "{\"a\" \"b", "{1",    "[1 2", "[1,,",
		"x",        "\"a",           "12",        "{\"a\":1}}", "{\"\\x"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (json_parse(&doc, guard_str(&guard, bad[i]), true) != -EINVAL)
			fail_msg("should not parse: %s", bad[i]);
	assert_int_equal(json_parse(&doc, guard_put(&guard, "[1,\0", 4), true), -EINVAL);
	assert_int_equal(json_parse(&doc, guard_put(&guard, "[\"a\0", 4), true), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token_cap_cuts),
		cmocka_unit_test(test_cut_at_every_length),
		cmocka_unit_test(test_text_of_a_cut_string),
		cmocka_unit_test(test_cut_inside_an_escape),
		cmocka_unit_test(test_token_cap_ends_the_reading),
		cmocka_unit_test(test_cut_still_refuses_garbage),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	guard_free(&guard);
	return failed;
}
