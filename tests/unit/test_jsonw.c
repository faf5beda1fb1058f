/* test_jsonw.c: the JSON line writer against hostile bytes, bounds and numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sensor/jsonw.h"
#include "tests/unit/guard.h"

static char line[4096];

/* The bytes as one JSON string. */
static const char *string_of(const void *bytes, size_t len)
{
	static struct guard guard;
	struct slice in = guard_put(&guard, bytes, len);
	struct jsonw w;

	jsonw_init(&w, line, sizeof(line));
	jsonw_bytes(&w, NULL, in.ptr, in.len);
	assert_true(jsonw_finish(&w) > 0);
	return line;
}

static const char *number_of(double value, unsigned decimals)
{
	assert_true(jsonw_fixed_text(value, decimals, line, sizeof(line)) > 0);
	return line;
}

static void objects_and_arrays_nest(void **state)
{
	struct jsonw w;

	(void)state;
	jsonw_init(&w, line, sizeof(line));
	jsonw_object(&w, NULL);
	jsonw_uint(&w, "a", 0);
	jsonw_object(&w, "b");
	jsonw_close_object(&w);
	jsonw_array(&w, "c");
	jsonw_uint(&w, NULL, UINT64_MAX);
	jsonw_text(&w, NULL, "x");
	jsonw_object(&w, NULL);
	jsonw_bool(&w, "d", true);
	jsonw_bool(&w, "e", false);
	jsonw_close_object(&w);
	jsonw_close_array(&w);
	jsonw_text(&w, "f", "");
	jsonw_close_object(&w);
	assert_int_equal(jsonw_finish(&w), strlen(line));
	assert_string_equal(line, "{\"a\":0,\"b\":{},\"c\":[18446744073709551615,\"x\","
				  "{\"d\":true,\"e\":false}],\"f\":\"\"}");
}

static void control_bytes_are_escaped(void **state)
{
	(void)state;
	assert_string_equal(string_of("\"\\/\b\f\n\r\t", 8),
			    "\"\\\"\\\\/\\u0008\\u000c\\n\\r\\t\"");
	assert_string_equal(string_of("\0\x1b[31m\x7f", 7), "\"\\u0000\\u001b[31m\\u007f\"");
	assert_string_equal(string_of("\x1f ", 2), "\"\\u001f \"");
	/* C1 controls drive terminals as well; U+00A0 does not. */
	assert_string_equal(string_of("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", 8),
			    "\"\\u0080\\u009b\\u009f\xc2\xa0\"");
	/* What turns the line's direction, and its neighbours that do not. */
	assert_string_equal(string_of("\xe2\x80\x8d\xe2\x80\x8e\xe2\x80\xae\xe2\x80\xaf", 12),
			    "\"\xe2\x80\x8d\\u200e\\u202e\xe2\x80\xaf\"");
	assert_string_equal(string_of("\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa", 12),
			    "\"\xe2\x81\xa5\\u2066\\u2069\xe2\x81\xaa\"");
}

static void well_formed_utf8_is_kept(void **state)
{
	static const char *const texts[] = {
		"\xc3\xa9",         /* U+00E9 */
		"\xdf\xbf",         /* U+07FF, last of two bytes */
		"\xe0\xa0\x80",     /* U+0800, first of three */
		"\xed\x9f\xbf",     /* U+D7FF, last before the surrogates */
		"\xee\x80\x80",     /* U+E000, first after them */
		"\xef\xbf\xbf",     /* U+FFFF */
		"\xf0\x90\x80\x80", /* U+10000 */
		"\xf4\x8f\xbf\xbf", /* U+10FFFF */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char want[16];

		snprintf(want, sizeof(want), "\"%s\"", texts[i]);
		assert_string_equal(string_of(texts[i], strlen(texts[i])), want);
	}
}

#define REPLACED "\xef\xbf\xbd"

static void broken_utf8_is_replaced_byte_by_byte(void **state)
{
	(void)state;
	assert_string_equal(string_of("a\x80z", 3), "\"a" REPLACED "z\"");
	assert_string_equal(string_of("\xc1\xbf", 2), "\"" REPLACED REPLACED "\"");
	assert_string_equal(string_of("\xe0\x9f\xbf", 3), "\"" REPLACED REPLACED REPLACED "\"");
	assert_string_equal(string_of("\xed\xa0\x80", 3), "\"" REPLACED REPLACED REPLACED "\"");
	assert_string_equal(string_of("\xf0\x8f\xbf\xbf", 4),
			    "\"" REPLACED REPLACED REPLACED REPLACED "\"");
	assert_string_equal(string_of("\xf4\x90\x80\x80", 4),
			    "\"" REPLACED REPLACED REPLACED REPLACED "\"");
	assert_string_equal(string_of("\xff", 1), "\"" REPLACED "\"");
	/* A sequence cut by the end, right before an unreadable page. */
	assert_string_equal(string_of("\xe2\x82", 2), "\"" REPLACED REPLACED "\"");
	assert_string_equal(string_of("\xf0\x9f\x98", 3), "\"" REPLACED REPLACED REPLACED "\"");
	assert_string_equal(string_of("", 0), "\"\"");
}

static void strings_are_capped(void **state)
{
	char bytes[JSONW_STRING_MAX + 1];

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(strlen(string_of(bytes, JSONW_STRING_MAX - 1)), JSONW_STRING_MAX + 1);
	assert_int_equal(strlen(string_of(bytes, JSONW_STRING_MAX)), JSONW_STRING_MAX + 2);
	assert_int_equal(strlen(string_of(bytes, JSONW_STRING_MAX + 1)), JSONW_STRING_MAX + 2);
}

static void a_line_that_does_not_fit_is_none(void **state)
{
	char small[8];
	struct jsonw w;

	(void)state;
	for (size_t size = 0; size <= sizeof(small); size++) {
		memset(small, 'z', sizeof(small));
		jsonw_init(&w, small, size);
		jsonw_object(&w, NULL);
		jsonw_uint(&w, "a", 1); /* {"a":1} has 7 bytes */
		jsonw_close_object(&w);
		assert_int_equal(jsonw_finish(&w), size == 8 ? 7 : 0);
		assert_int_equal(w.is_full, size != 8);
		if (size < sizeof(small))
			assert_int_equal(small[size], 'z');
	}
	assert_string_equal(small, "{\"a\":1}");
}

static void numbers_have_fixed_decimals(void **state)
{
	(void)state;
	assert_string_equal(number_of(0, 1), "0.0");
	assert_string_equal(number_of(0.05, 1), "0.1");
	assert_string_equal(number_of(0.04999, 1), "0.0");
	assert_string_equal(number_of(9.96, 1), "10.0");
	assert_string_equal(number_of(1234.5, 0), "1235");
	assert_string_equal(number_of(-1.25, 2), "-1.25");
	assert_string_equal(number_of(-0.001, 1), "0.0");
	assert_string_equal(number_of(0.000001, 6), "0.000001");
	assert_string_equal(number_of(9007199254740991.0, 1), "9007199254740991.0");
	assert_string_equal(number_of(9007199254740992.0, 1), "9007199254740992.0");
	assert_string_equal(number_of(1e20, 1), "100000000000000000000.0");
	assert_string_equal(number_of((double)NAN, 1), "0.0");
	assert_string_equal(number_of((double)INFINITY, 1), "0.0");
	assert_string_equal(number_of((double)-INFINITY, 1), "0.0");
	assert_int_equal(strlen(number_of(1.7976931348623157e308, 1)), 311);
	/* More decimals than there are powers: cut to nine. */
	assert_string_equal(number_of(0.5, 12), "0.500000000");
}

static void numbers_ignore_the_locale(void **state)
{
	static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "C" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		setlocale(LC_ALL, names[i]); /* those not installed leave the one before */
		assert_string_equal(number_of(1234567.75, 2), "1234567.75");
	}
}

static void times_are_utc_with_microseconds(void **state)
{
	char text[JSONW_TIME_LEN + 1];

	(void)state;
	jsonw_time_text(0, text, sizeof(text));
	assert_string_equal(text, "1970-01-01T00:00:00.000000+0000");
	jsonw_time_text(UINT64_C(1772704867123456789), text, sizeof(text));
	assert_string_equal(text, "2026-03-05T10:01:07.123456+0000");
	jsonw_time_text(UINT64_C(951782399999999999), text, sizeof(text));
	assert_string_equal(text, "2000-02-28T23:59:59.999999+0000");
	jsonw_time_text(UINT64_C(951782400000000000), text, sizeof(text));
	assert_string_equal(text, "2000-02-29T00:00:00.000000+0000");
	jsonw_time_text(UINT64_C(4107542400000000000), text, sizeof(text));
	assert_string_equal(text, "2100-03-01T00:00:00.000000+0000");
	jsonw_time_text(UINT64_C(1735689599000000000), text, sizeof(text));
	assert_string_equal(text, "2024-12-31T23:59:59.000000+0000");
	jsonw_time_text(UINT64_MAX, text, sizeof(text));
	assert_string_equal(text, "2554-07-21T23:34:33.709551+0000");
	/* One byte too few gives nothing, not a cut time. */
	jsonw_time_text(0, text, JSONW_TIME_LEN);
	assert_string_equal(text, "");
}

static void a_time_value_is_a_string(void **state)
{
	struct jsonw w;

	(void)state;
	jsonw_init(&w, line, sizeof(line));
	jsonw_object(&w, NULL);
	jsonw_time(&w, "t", UINT64_C(1772704867000000000));
	jsonw_fixed(&w, "n", 1.5, 1);
	jsonw_close_object(&w);
	assert_true(jsonw_finish(&w) > 0);
	assert_string_equal(line, "{\"t\":\"2026-03-05T10:01:07.000000+0000\",\"n\":1.5}");
}

/* Plain bytes are looked at eight at a time: each byte at each place is written as it is alone. */
static void a_byte_is_the_same_at_every_place(void **state)
{
	static const char plain[] = "0123456789abcdefghi";

	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		char one = (char)byte;
		char alone[16];

		(void)snprintf(alone, sizeof(alone), "%s", string_of(&one, 1) + 1);
		alone[strlen(alone) - 1] = '\0';
		for (size_t at = 0; at < sizeof(plain) - 1; at++) {
			char bytes[sizeof(plain)];
			char expected[64];

			memcpy(bytes, plain, sizeof(plain));
			bytes[at] = one;
			(void)snprintf(expected, sizeof(expected), "\"%.*s%s%s\"", (int)at, plain,
				       alone, plain + at + 1);
			assert_string_equal(string_of(bytes, sizeof(plain) - 1), expected);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_and_arrays_nest),
		cmocka_unit_test(control_bytes_are_escaped),
		cmocka_unit_test(well_formed_utf8_is_kept),
		cmocka_unit_test(broken_utf8_is_replaced_byte_by_byte),
		cmocka_unit_test(strings_are_capped),
		cmocka_unit_test(a_line_that_does_not_fit_is_none),
		cmocka_unit_test(numbers_have_fixed_decimals),
		cmocka_unit_test(numbers_ignore_the_locale),
		cmocka_unit_test(times_are_utc_with_microseconds),
		cmocka_unit_test(a_time_value_is_a_string),
		cmocka_unit_test(a_byte_is_the_same_at_every_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
