/* test_trail_split.c: byte streams cut into objects, whole and damaged, in pieces of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "sensor/trail/split.h"

#define SEEN_BYTES 65536

static char seen[SEEN_BYTES]; /* "0:{...}|", "R:!why|" */
static size_t seen_len;

static int note(void *ctx, enum split_list list, const char *bytes, size_t len, const char *why)
{
	static const char letters[] = "0REVIF";

	(void)ctx;
	if (bytes != NULL)
		assert_null(why);
	seen_len += (size_t)snprintf(seen + seen_len, sizeof(seen) - seen_len, "%c:%s%.*s|",
				     letters[list], bytes == NULL ? "!" : "",
				     bytes != NULL ? (int)len : (int)strlen(why),
				     bytes != NULL ? bytes : why);
	return 0;
}

static const char *cut_in(const char *text, size_t len, size_t piece, size_t max)
{
	struct split *split = split_new(max, note, NULL);

	assert_non_null(split);
	seen_len = 0;
	seen[0] = '\0';
	for (size_t at = 0; at < len; at += piece)
		assert_int_equal(split_feed(split, text + at, len - at < piece ? len - at : piece),
				 0);
	assert_int_equal(split_end(split), 0);
	split_free(split);
	return seen;
}

/* The same in one piece and in pieces of one, two and seven bytes. */
static void expect(const char *text, const char *expected)
{
	static const size_t pieces[] = { 1, 2, 7, 100000 };

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		assert_string_equal(cut_in(text, strlen(text), pieces[i], 1000), expected);
}

static void takes_every_form(void **state)
{
	(void)state;
	expect("", "");
	expect(" \n", "");
	expect("{}", "0:{}|");
	expect("{\"a\":1}\n{\"b\":[{}]}\n", "0:{\"a\":1}|0:{\"b\":[{}]}|");
	expect("{\"a\":1}{\"b\":2}", "0:{\"a\":1}|0:{\"b\":2}|");
	expect("[{\"a\":1}, {\"b\":2}]", "0:{\"a\":1}|0:{\"b\":2}|");
	expect("{\"Records\":[{\"a\":1},{\"b\":2}]}", "R:{\"a\":1}|R:{\"b\":2}|");
	expect("{\"x\":1, \"Records\" : [ {\"a\":1} ], \"y\":{\"z\":[{}]}}{\"c\":3}",
	       "R:{\"a\":1}|0:{\"c\":3}|");
	expect("{\"Records\":[]}", "");
	expect("{\"Events\":[{\"a\":1}]}", "E:{\"a\":1}|");
	expect("{\"Reservations\":[{\"a\":1}]}", "V:{\"a\":1}|");
	expect("{\"NetworkInterfaces\":[{\"a\":1}]}", "I:{\"a\":1}|");
	expect("{\"Findings\":[{\"a\":1}]}", "F:{\"a\":1}|");
	expect("\xef\xbb\xbf{\"a\":1}", "0:{\"a\":1}|");
}

static void knows_texts(void **state)
{
	(void)state;
	expect("{\"a\":\"}]{[\"}", "0:{\"a\":\"}]{[\"}|");
	expect("{\"a\":\"\\\"}\"}", "0:{\"a\":\"\\\"}\"}|");
	expect("{\"a\":\"\\\\\"}{}", "0:{\"a\":\"\\\\\"}|0:{}|");
	/* A list's name elsewhere is none. */
	expect("{\"a\":\"Records\",\"b\":[{}]}", "0:{\"a\":\"Records\",\"b\":[{}]}|");
	expect("{\"a\":{\"Records\":[{}]}}", "0:{\"a\":{\"Records\":[{}]}}|");
	expect("{\"Records\":{\"a\":[{}]}}", "0:{\"Records\":{\"a\":[{}]}}|");
	expect("{\"Records\":5,\"a\":[{}]}", "0:{\"Records\":5,\"a\":[{}]}|");
}

static void takes_pretty_printed(void **state)
{
	(void)state;
	expect("{\n  \"Records\": [\n    {\n      \"a\": 1\n    "
	       "},\n{\n\"b\":\n[\n{\n}\n]\n}\n]\n}\n",
	       "R:{\n      \"a\": 1\n    }|R:{\n\"b\":\n[\n{\n}\n]\n}|");
	expect("{\n\"a\": [\n{\n}\n,\n{}\n]\n}\n", "0:{\n\"a\": [\n{\n}\n,\n{}\n]\n}|");
}

static void names_damage_and_goes_on(void **state)
{
	(void)state;
	/* A line that was cut. */
	expect("{\"a\":\"b\n{\"c\":1}\n", "0:!a text runs over the end of its line|0:{\"c\":1}|");
	expect("{\"a\":\"b\"\n{\"c\":1}\n", "0:!no JSON object|0:{\"c\":1}|");
	expect("{\"a\":\n{\"c\":1}\n", "0:!no JSON object|0:{\"c\":1}|");
	expect("{\"a\":1,\n{\"c\":1}\n", "0:!no JSON object|0:{\"c\":1}|");
	expect("{\"a\":1", "0:!cut short|");
	/* A record without its last brace, in a list on one line. */
	expect("{\"Records\":[{\"a\":{\"b\":1},{\"c\":2}]}", "R:!no JSON object|R:{\"c\":2}|");
	expect("{\"Records\":[{\"a\":[1}},{\"c\":2}]}", "R:!no JSON object|R:{\"c\":2}|");
	expect("{\"Records\":[7,{\"c\":2},null]}",
	       "R:!no JSON object|R:{\"c\":2}|R:!no JSON object|");
	expect("{\"Records\":[{\"c\":2}", "R:{\"c\":2}|R:!the list is cut short|");
	expect("no json\n{\"c\":1}\n", "0:!no JSON object|0:{\"c\":1}|");
	expect("}}\n{\"c\":1}", "0:{\"c\":1}|");
}

static void refuses_what_is_too_long(void **state)
{
	char text[2048];

	(void)state;
	snprintf(text, sizeof(text), "{\"a\":\"%0990d\"}{\"b\":1}", 0);
	assert_string_equal(cut_in(text, strlen(text), 64, 900), "0:!too long|0:{\"b\":1}|");
	/* Exactly as long as may be. */
	assert_string_equal(cut_in("{\"a\":1}", 7, 3, 7), "0:{\"a\":1}|");
	assert_string_equal(cut_in("{\"a\":1}", 7, 3, 6), "0:!too long|");
}

static void refuses_what_is_too_deep(void **state)
{
	char text[4096] = "{\"a\":";
	size_t len = strlen(text);

	(void)state;
	for (size_t i = 0; i < 100; i++)
		text[len++] = '[';
	text[len] = '\0';
	strncat(text, "\n{\"b\":1}", 16);
	cut_in(text, strlen(text), 10, 4096);
	assert_non_null(strstr(seen, "0:!no JSON object|"));
	assert_non_null(strstr(seen, "0:{\"b\":1}|"));
}

static int stop_at_second(void *ctx, enum split_list list, const char *bytes, size_t len,
			  const char *why)
{
	int *count = ctx;

	(void)list;
	(void)bytes;
	(void)len;
	(void)why;
	return ++*count == 2 ? -4 : 0;
}

static void stops_when_asked(void **state)
{
	int count = 0;
	struct split *split = split_new(100, stop_at_second, &count);

	(void)state;
	assert_int_equal(split_feed(split, "{}{}{}", 6), -4);
	assert_int_equal(count, 2);
	split_free(split);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_every_form),
		cmocka_unit_test(knows_texts),
		cmocka_unit_test(takes_pretty_printed),
		cmocka_unit_test(names_damage_and_goes_on),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(refuses_what_is_too_deep),
		cmocka_unit_test(stops_when_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
