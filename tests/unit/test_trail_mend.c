/* Texts that the parser refuses are mended, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sensor/trail/mend.h"
#include "sensor/trail/split.h"

static void check(const char *text, const char *expected, size_t count)
{
	char *bytes = strdup(text);

	assert_non_null(bytes);
	assert_int_equal(mend_texts(bytes, strlen(bytes)), count);
	assert_string_equal(bytes, expected);
	free(bytes);
}

static void test_mends(void **state)
{
	(void)state;
	check("{\"a\":\"x\\u0000y\"}", "{\"a\":\"x\\ufffdy\"}", 1);
	check("{\"a\":\"\\ud800\"}", "{\"a\":\"\\ufffd\"}", 1);
	check("{\"a\":\"\\uDC00\\uD800\"}", "{\"a\":\"\\ufffd\\ufffd\"}", 2);
	check("{\"a\":\"\\ud800\\ud800\\udc00\"}", "{\"a\":\"\\ufffd\\ud800\\udc00\"}", 1);
	check("{\"a\":\"\xff\xc3\xa4\xc3\"}", "{\"a\":\"?\xc3\xa4?\"}", 2);
}

static void test_leaves_alone(void **state)
{
	(void)state;
	check("{\"a\":\"\\ud83d\\ude00 \\u0041 \xc3\xa4\"}",
	      "{\"a\":\"\\ud83d\\ude00 \\u0041 \xc3\xa4\"}", 0);
	/* A backslash that is escaped itself, one at the end, and one that is no escape. */
	check("{\"a\":\"\\\\u0000\"}", "{\"a\":\"\\\\u0000\"}", 0);
	check("\"\\", "\"\\", 0);
	check("\"\\u00", "\"\\u00", 0);
	check("\"\\u00zz\"", "\"\\u00zz\"", 0);
	check("\"\\ud83d\\u", "\"\\ufffd\\u", 1);
	/* Outside of texts it is damage. */
	check("{\\u0000:\xff}", "{\\u0000:\xff}", 0);
	check("", "", 0);
}

static void test_parses(void **state)
{
	const char *text = "{\"userAgent\":\"a\\u0000b\",\"eventName\":\"RunInstances\"}";
	const char *good = "{\"a\":1}";
	const char *broken = "{\"a\":\"\\u0000\"";
	json_error_t error;
	char *copy;
	json_t *json = mend_parse(text, strlen(text), &copy, &error);

	(void)state;
	assert_non_null(json);
	assert_non_null(copy);
	assert_string_equal(json_string_value(json_object_get(json, "userAgent")), "a\xef\xbf\xbd"
										   "b");
	json_decref(json);
	json = json_loads(copy, 0, &error);
	assert_non_null(json);
	json_decref(json);
	free(copy);

	json = mend_parse(good, strlen(good), &copy, &error);
	assert_non_null(json);
	assert_null(copy);
	json_decref(json);

	assert_null(mend_parse(broken, strlen(broken), &copy, &error));
	assert_null(copy);
}

struct seen {
	unsigned good;
	unsigned bad;
};

static int on_object(void *ctx, enum split_list list, const char *bytes, size_t len,
		     const char *why)
{
	struct seen *seen = ctx;

	(void)len;
	assert_int_equal(bytes == NULL, why != NULL);
	seen->good += bytes != NULL && list == SPLIT_RECORDS;
	seen->bad += bytes == NULL;
	return 0;
}

/* An array among the records is one damaged record, whatever it holds; those after it are read. */
static void test_array_in_list(void **state)
{
	static const char *const texts[] = {
		"{\"Records\":[{\"a\":1},[],{\"b\":2}]}",
		"{\"Records\":[{\"a\":1},[[1],[2]],{\"b\":2}],\"x\":[]}",
		"{\"Records\":[[],{\"a\":1},7,[],{\"b\":[]}]}{\"Records\":[]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct seen seen = { 0 };
		struct split *split = split_new(1000, on_object, &seen);

		assert_non_null(split);
		assert_int_equal(split_feed(split, texts[i], strlen(texts[i])), 0);
		assert_int_equal(split_end(split), 0);
		assert_int_equal(seen.good, 2);
		assert_true(seen.bad >= 1);
		split_free(split);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mends),
		cmocka_unit_test(test_leaves_alone),
		cmocka_unit_test(test_parses),
		cmocka_unit_test(test_array_in_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
