/* test_json.c: tokenising and reading values, with inputs at an unreadable page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "protocols/json.h"
#include "tests/unit/guard.h"

static struct guard guard;
static struct json doc;

static void parse(const char *text)
{
	if (json_parse(&doc, guard_str(&guard, text), false) != 0)
		fail_msg("should parse: %s", text);
}

static void test_parse_refuses(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"1",
		"\"a\"",
		"null",
		"nope",
		"{",
		"}",
		"[",
		"]",
		"{]",
		"[}",
		"{}{}",
		"{} x",
		"{},",
		"[1,]",
		"[,1]",
		"[1,,2]",
		"[1 2]",
		"[1:2]",
		"[1\"a\"]",
		"[\"a\"1]",
		"[[]1]",
		"[{}{}]",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{,\"a\":1}",
		"{\"a\" 1}",
		"{\"a\":1 \"b\":2}",
		"{\"a\":1:2}",
		"{\"a\"::1}",
		"{:1}",
		"{1:2}",
		"{a:1}",
		"{null:1}",
		"{[]:1}",
		"{\"a\",\"b\"}",
		"{\"a\":1,\"b\"}",
		"{\"a\":[1]:2}",
		"[01]",
		"[1.]",
		"[.5]",
		"[+1]",
		"[-]",
		"[1e]",
		"[1e+]",
		"[0x1]",
		"[1a]",
		"[tru]",
		"[truer]",
		"[nul]",
		"[True]",
		"[NaN]",
		"[\"\x01\"]",
		"[\"\t\"]",
		"[\"\n\"]",
		"[\"\\x\"]",
		"[\"\\u12\"]",
		"[\"\\u12g4\"]",
		"[\"a]",
		"['a']",
		"[\xc3\xa9]",
		"\xef\xbb\xbf{}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (json_parse(&doc, guard_str(&guard, bad[i]), false) != -EINVAL)
			fail_msg("should not parse: %s", bad[i]);
		assert_int_equal(json_root(&doc), JSON_ABSENT);
	}
	assert_int_equal(json_parse(&doc, guard_put(&guard, "{}\0", 3), false), -EINVAL);
	assert_int_equal(json_parse(&doc, guard_put(&guard, "[\"\0\"]", 5), false), -EINVAL);
	assert_int_equal(json_parse(&doc, guard_put(&guard, "[1\0]", 4), false), -EINVAL);
	assert_int_equal(json_parse(&doc, slice_of(NULL, 0), false), -EINVAL);
}

/* Whatever the byte, wherever in the string: it ends it, or is refused, or belongs to it. */
static void test_strings_of_every_byte(void **state)
{
	char text[64];
	size_t skip;
	size_t end;

	(void)state;
	for (size_t len = 1; len <= 36; len++) {
		for (size_t at = 0; at < len; at++) {
			for (unsigned byte = 0; byte < 256; byte++) {
				memset(text, at % 2 == 0 ? '!' : '\xa2', sizeof(text));
				memcpy(text, "[{\"", 3);
				text[3 + at] = (char)byte;
				memcpy(text + 3 + len, "\":0}]", 5);
				struct slice in = guard_put(&guard, text, 3 + len + 5);
				bool is_plain = byte >= 0x20 && byte != '"' && byte != '\\';
				bool is_escape = byte == '\\' && at == len - 1;

				assert_int_equal(json_parse(&doc, in, false),
						 is_plain ? 0 : -EINVAL);
				if (is_plain)
					assert_int_equal(json_raw(&doc, 2).len, len);
				if (!is_escape)
					assert_int_equal(json_frame(in, &skip, &end),
							 is_plain ? JSON_FRAME_WHOLE
								  : JSON_FRAME_BAD);
			}
		}
	}
}

static void test_parse_members(void **state)
{
	(void)state;
	parse(" {\"id\": 4, \"a\":{\"id\":5,\"x\":[{}, "
	      "[]]},\"list\":[1,\"two\",[3,[4]],{\"k\":null}],"
	      "\"t\":true,\"f\":false,\"id\":6} ");
	json_value root = json_root(&doc);
	uint64_t n = 0;

	assert_int_equal(json_type(&doc, root), JSON_OBJECT);
	assert_int_equal(json_size(&doc, root), 6);
	assert_int_equal(json_unsigned(&doc, json_member(&doc, root, "id"), 100, &n), 0);
	assert_int_equal(n, 6); /* the last one wins */
	json_value a = json_member(&doc, root, "a");
	assert_int_equal(json_unsigned(&doc, json_member(&doc, a, "id"), 100, &n), 0);
	assert_int_equal(n, 5);
	json_value list = json_member(&doc, root, "list");
	assert_int_equal(json_type(&doc, list), JSON_ARRAY);
	assert_int_equal(json_size(&doc, list), 4);
	assert_true(json_is(&doc, json_element(&doc, list, 1), "two"));
	assert_int_equal(json_size(&doc, json_element(&doc, list, 2)), 2);
	json_value last = json_element(&doc, list, 3);
	assert_int_equal(json_type(&doc, json_member(&doc, last, "k")), JSON_NULL);
	assert_int_equal(json_element(&doc, list, 4), JSON_ABSENT);
	assert_int_equal(json_type(&doc, json_member(&doc, root, "t")), JSON_TRUE);
	assert_int_equal(json_type(&doc, json_member(&doc, root, "f")), JSON_FALSE);
	assert_true(slice_is(json_raw(&doc, list), "[1,\"two\",[3,[4]],{\"k\":null}]"));
	assert_int_equal(doc.tokens[0].next, doc.count);
	assert_int_equal(doc.tokens[0].parent, -1);
	assert_int_equal(doc.tokens[json_element(&doc, list, 0)].parent, list);
}

/* As json_element() counts them, whatever stands in between and behind. */
static void test_next_goes_through_a_list(void **state)
{
	size_t at = 0;

	(void)state;
	parse("{\"a\":[1,\"two\",[3,[4]],{\"k\":[5]},[],{},null],\"b\":[6]}");
	json_value list = json_member(&doc, 0, "a");

	for (json_value value = json_element(&doc, list, 0); value != JSON_ABSENT;
	     value = json_next(&doc, value))
		assert_int_equal(value, json_element(&doc, list, at++));
	assert_int_equal(at, json_size(&doc, list));
	assert_int_equal(json_next(&doc, list), JSON_ABSENT); /* a member is no element */
	assert_int_equal(json_next(&doc, json_root(&doc)), JSON_ABSENT);
	assert_int_equal(json_next(&doc, JSON_ABSENT), JSON_ABSENT);
}

static void test_absent_gives_absent(void **state)
{
	double d = 7;
	uint64_t n = 7;
	char out[4];

	(void)state;
	parse("{\"a\":[\"x\"]}");
	json_value none = json_member(&doc, json_root(&doc), "b");
	assert_int_equal(none, JSON_ABSENT);
	assert_int_equal(json_type(&doc, none), JSON_NONE);
	assert_int_equal(json_member(&doc, none, "a"), JSON_ABSENT);
	assert_int_equal(json_element(&doc, none, 0), JSON_ABSENT);
	assert_int_equal(json_element(&doc, json_root(&doc), 0), JSON_ABSENT);
	assert_int_equal(json_member(&doc, json_member(&doc, 0, "a"), "x"), JSON_ABSENT);
	assert_int_equal(json_size(&doc, none), 0);
	assert_int_equal(json_raw(&doc, none).len, 0);
	assert_int_equal(json_text(&doc, none, out, sizeof(out)).len, 0);
	assert_false(json_is(&doc, none, ""));
	assert_int_equal(json_number(&doc, none, &d), -EINVAL);
	assert_int_equal(json_unsigned(&doc, none, 10, &n), -EINVAL);
	assert_int_equal(json_hex(&doc, none).len, 0);
	assert_int_equal(json_id(&doc, none), 0);
	assert_int_equal(json_type(&doc, 4), JSON_NONE);
}

static void test_token_cap(void **state)
{
	char text[2 * LIMIT_JSON_TOKENS + 2];
	size_t elements = LIMIT_JSON_TOKENS - 1;

	(void)state;
	for (size_t i = 0; i <= elements; i++)
		memcpy(text + 1 + 2 * i, "7,", 2);
	text[0] = '[';
	text[2 * elements] = ']';
	assert_int_equal(json_parse(&doc, guard_put(&guard, text, 2 * elements + 1), false), 0);
	assert_int_equal(doc.count, LIMIT_JSON_TOKENS);
	text[2 * elements] = ',';
	text[2 * elements + 2] = ']';
	assert_int_equal(json_parse(&doc, guard_put(&guard, text, 2 * elements + 3), false),
			 -E2BIG);
}

static void test_text_undoes_escapes(void **state)
{
	char out[64];

	(void)state;
	parse("[\"plain\",\"m\\u0065thod\",\"\\\"\\\\\\/"
	      "\\b\\f\\n\\r\\t\",\"\\u00e9\\u20AC\\ud83d\\ude00\","
	      "\"\\ud83dx\",\"\\ude00\\ud83d\\u0041\",\"\",4]");
	struct slice plain = json_text(&doc, json_element(&doc, 0, 0), out, sizeof(out));
	assert_true(slice_is(plain, "plain"));
	assert_ptr_not_equal(plain.ptr, out);
	struct slice method = json_text(&doc, json_element(&doc, 0, 1), out, sizeof(out));
	assert_true(slice_is(method, "method"));
	assert_ptr_equal(method.ptr, out);
	assert_string_equal(out, "method");
	json_text(&doc, json_element(&doc, 0, 2), out, sizeof(out));
	assert_string_equal(out, "\"\\/\b\f\n\r\t");
	json_text(&doc, json_element(&doc, 0, 3), out, sizeof(out));
	assert_string_equal(out, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	json_text(&doc, json_element(&doc, 0, 4), out, sizeof(out));
	assert_string_equal(out, "\xef\xbf\xbdx");
	json_text(&doc, json_element(&doc, 0, 5), out, sizeof(out));
	assert_string_equal(out, "\xef\xbf\xbd\xef\xbf\xbd"
				 "A");
	assert_int_equal(json_text(&doc, json_element(&doc, 0, 6), out, sizeof(out)).len, 0);
	assert_int_equal(json_text(&doc, json_element(&doc, 0, 7), out, sizeof(out)).len, 0);
}

static void test_text_cuts_at_a_character(void **state)
{
	char out[8];

	(void)state;
	parse("[\"a\\n\xe2\x82\xac\\u20ac\"]");
	json_value value = json_element(&doc, 0, 0);
	static const size_t lengths[] = { 0, 0, 1, 2, 2, 2, 5, 5, 5 };
	for (size_t size = 0; size <= sizeof(out); size++) {
		memset(out, 'z', sizeof(out));
		assert_int_equal(json_text(&doc, value, out, size).len, lengths[size]);
		if (size > 0)
			assert_int_equal(strlen(out), lengths[size]);
		if (size < sizeof(out))
			assert_int_equal(out[size], 'z');
	}
}

static void test_is_compares_unescaped(void **state)
{
	(void)state;
	parse("{\"m\\u0065thod\":\"m\\u0069ning.submit\",\"b\":\"\\u006\x44\",\"n\":null,\"nul\":"
	      "\"a\\u0000\"}");
	assert_true(json_is(&doc, json_member(&doc, 0, "method"), "mining.submit"));
	assert_false(json_is(&doc, json_member(&doc, 0, "method"), "mining.submi"));
	assert_false(json_is(&doc, json_member(&doc, 0, "method"), "mining.submits"));
	assert_true(json_is(&doc, json_member(&doc, 0, "b"), "m"));
	assert_false(json_is(&doc, json_member(&doc, 0, "n"), "null"));
	assert_false(json_is(&doc, json_member(&doc, 0, "nul"), "a"));
	assert_int_equal(json_member(&doc, 0, "metho"), JSON_ABSENT);
}

static void test_number_reads_doubles(void **state)
{
	static const struct {
		const char *text;
		int rc;
		double value;
	} cases[] = {
		{ "0", 0, 0 },
		{ "-0", 0, 0 },
		{ "4", 0, 4 },
		{ "\"4\"", 0, 4 },
		{ "0.05", 0, 0.05 },
		{ "4096.0", 0, 4096 },
		{ "1e+06", 0, 1e6 },
		{ "-2.5E-3", 0, -2.5e-3 },
		{ "0.001", 0, 0.001 },
		{ "16000.03", 0, 16000.03 },
		{ "1e22", 0, 1e22 },
		{ "9007199254740991", 0, 9007199254740991.0 },
		{ "18446744073709551616", 0, 18446744073709551616.0 },
		{ "1e308", 0, 1e308 },
		{ "1e309", -ERANGE, 0 },
		{ "99e308", -ERANGE, 0 },
		{ "1e-999999999999", 0, 0 },
		{ "0e999999999999", 0, 0 },
		{ "1e999999999999", -ERANGE, 0 },
		{ "true", -EINVAL, 0 },
		{ "null", -EINVAL, 0 },
		{ "\"\"", -EINVAL, 0 },
		{ "\"x\"", -EINVAL, 0 },
		{ "\"1,5\"", -EINVAL, 0 },
		{ "\" 1\"", -EINVAL, 0 },
		{ "\"0x10\"", -EINVAL, 0 },
		{ "[]", -EINVAL, 0 },
		{ "{}", -EINVAL, 0 },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double value = 0;

		snprintf(text, sizeof(text), "[%s]", cases[i].text);
		parse(text);
		int rc = json_number(&doc, json_element(&doc, 0, 0), &value);
		double error =
			value > cases[i].value ? value - cases[i].value : cases[i].value - value;
		double size = value < 0 ? -value : value;
		if (rc != cases[i].rc || (rc == 0 && error > 1e-15 * size))
			fail_msg("%s gave %d, %.17g", cases[i].text, rc, value);
	}
}

static void test_number_is_exact_where_it_can_be(void **state)
{
	double value = 0;

	(void)state;
	parse("[0.1,123456.789,1e-22,0.30000000000000004]");
	assert_int_equal(json_number(&doc, json_element(&doc, 0, 0), &value), 0);
	assert_true(value == 0.1);
	assert_int_equal(json_number(&doc, json_element(&doc, 0, 1), &value), 0);
	assert_true(value == 123456.789);
	assert_int_equal(json_number(&doc, json_element(&doc, 0, 2), &value), 0);
	assert_true(value == 1e-22);
}

static void test_unsigned_reads_whole_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		int rc;
		uint64_t value;
	} cases[] = {
		{ "4", 4, 0, 4 },
		{ "\"4\"", 4, 0, 4 },
		{ "4.0", 4, 0, 4 },
		{ "40e-1", 4, 0, 4 },
		{ "4e0", 4, 0, 4 },
		{ "4", 3, -ERANGE, 0 },
		{ "5", 4, -ERANGE, 0 },
		{ "-1", 4, -ERANGE, 0 },
		{ "-0", 4, 0, 0 },
		{ "4.5", 9, -EINVAL, 0 },
		{ "0.1", 9, -EINVAL, 0 },
		{ "1e3", 1000, 0, 1000 },
		{ "0", 0, 0, 0 },
		{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, -ERANGE, 0 },
		{ "99999999999999999999", UINT64_MAX, -ERANGE, 0 },
		{ "184467440737095516150", UINT64_MAX, -ERANGE, 0 },
		{ "4.0000000000000000000000", 4, 0, 4 },
		{ "4.0000000000000000000001", 4, -EINVAL, 0 },
		{ "0.0000000000000000000000001", 4, -EINVAL, 0 },
		{ "1e999999999", UINT64_MAX, -ERANGE, 0 },
		{ "0e999999999", 0, 0, 0 },
		{ "1e-999999999", UINT64_MAX, -EINVAL, 0 },
		{ "true", 9, -EINVAL, 0 },
		{ "null", 9, -EINVAL, 0 },
		{ "\"04\"", 9, -EINVAL, 0 },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 0;

		snprintf(text, sizeof(text), "[%s]", cases[i].text);
		parse(text);
		int rc = json_unsigned(&doc, json_element(&doc, 0, 0), cases[i].max, &value);
		if (rc != cases[i].rc || value != cases[i].value)
			fail_msg("%s gave %d, %llu", cases[i].text, rc, (unsigned long long)value);
	}
}

static void test_hex_strips_prefix(void **state)
{
	(void)state;
	parse("[\"0xDEADbeef\",\"0\",\"\",\"0x\",\"12g4\",\"x12\",12,\"0x0x1\"]");
	assert_true(slice_is(json_hex(&doc, json_element(&doc, 0, 0)), "DEADbeef"));
	assert_true(slice_is(json_hex(&doc, json_element(&doc, 0, 1)), "0"));
	for (size_t i = 2; i < 8; i++)
		assert_int_equal(json_hex(&doc, json_element(&doc, 0, i)).len, 0);
}

static uint64_t id_of(const char *value)
{
	char text[64];

	snprintf(text, sizeof(text), "[%s]", value);
	parse(text);
	return json_id(&doc, json_element(&doc, 0, 0));
}

/* Wherever a string lies in the document, and whatever one byte of it is. */
static void test_hex_of_any_length_and_place(void **state)
{
	static const char *const prefixes[] = { "", "0x", "0X" };
	const char *digits = "0123456789abcdefABCDEF";
	char text[160];

	(void)state;
	for (size_t len = 1; len <= 40; len++) {
		for (size_t before = 0; before < 18; before++) {
			const char *prefix = prefixes[(len + before) % 3];
			size_t from = (size_t)snprintf(text, sizeof(text), "[%*s\"%s", (int)before,
						       "", prefix);
			size_t at = from + (len * 7 + before) % len;

			for (size_t i = 0; i < len; i++)
				text[from + i] = digits[(i * 7 + len) % strlen(digits)];
			memcpy(text + from + len, "\"]", 3);
			parse(text);
			struct slice hex = json_hex(&doc, json_element(&doc, 0, 0));
			assert_int_equal(hex.len, len);
			assert_memory_equal(hex.ptr, text + from, len);
			for (unsigned byte = 0x20; byte < 0x100; byte++) {
				if (byte == '"' || byte == '\\')
					continue;
				text[at] = (char)byte;
				parse(text);
				hex = json_hex(&doc, json_element(&doc, 0, 0));
				assert_int_equal(hex.len == len, strchr(digits, (int)byte) != NULL);
			}
		}
	}
}

static void test_id_meets_its_other_spellings(void **state)
{
	(void)state;
	uint64_t four = id_of("4");

	assert_int_not_equal(four, 0);
	assert_int_equal(id_of("\"4\""), four);
	assert_int_equal(id_of("4.0"), four);
	assert_int_equal(id_of("\"\\u0034\""), four);
	assert_int_not_equal(id_of("5"), four);
	assert_int_not_equal(id_of("40"), four);
	assert_int_not_equal(id_of("-4"), four);
	assert_int_equal(id_of("-4.0"), id_of("\"-4\""));
	assert_int_equal(id_of("18446744073709551615"), id_of("\"18446744073709551615\""));
	assert_int_equal(id_of("0"), id_of("\"0\""));
	assert_int_not_equal(id_of("0"), 0);
	assert_int_not_equal(id_of("\"\""), 0);
	assert_int_not_equal(id_of("4.5"), four);
	assert_int_equal(id_of("null"), 0);
	assert_int_not_equal(id_of("[4]"), 0);
}

static void test_members_in_one_pass(void **state)
{
	const struct slice names[] = { slice_str("id"), slice_str("method"), slice_str("x"),
				       slice_str("") };
	json_value values[4];
	const char *text =
		"{\"m\\u0065thod\":1,\"id\":2,\"ix\":3,\"id\":4,\"\":5,\"me\":{\"x\":6}}";

	(void)state;
	assert_int_equal(json_parse(&doc, slice_str(text), false), 0);
	json_members(&doc, json_root(&doc), names, values, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(values[i], json_member_of(&doc, json_root(&doc), names[i]));
	assert_true(slice_is(json_raw(&doc, values[0]), "4")); /* the last one wins */
	assert_true(slice_is(json_raw(&doc, values[1]), "1"));
	assert_int_equal(values[2], JSON_ABSENT);
	assert_true(slice_is(json_raw(&doc, values[3]), "5"));
	json_members(&doc, values[0], names, values, 4); /* no object */
	assert_int_equal(values[0], JSON_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_strings_of_every_byte),
		cmocka_unit_test(test_parse_members),
		cmocka_unit_test(test_next_goes_through_a_list),
		cmocka_unit_test(test_absent_gives_absent),
		cmocka_unit_test(test_token_cap),
		cmocka_unit_test(test_text_undoes_escapes),
		cmocka_unit_test(test_text_cuts_at_a_character),
		cmocka_unit_test(test_is_compares_unescaped),
		cmocka_unit_test(test_number_reads_doubles),
		cmocka_unit_test(test_number_is_exact_where_it_can_be),
		cmocka_unit_test(test_unsigned_reads_whole_numbers),
		cmocka_unit_test(test_hex_strips_prefix),
		cmocka_unit_test(test_hex_of_any_length_and_place),
		cmocka_unit_test(test_members_in_one_pass),
		cmocka_unit_test(test_id_meets_its_other_spellings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
