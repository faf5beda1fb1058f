/* Unit tests of preface.c: what may stand before a message, fed whole and byte by byte. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "protocols/limits.h"
#include "protocols/preface.h"

static enum preface_verdict judge(struct slice skipped, bool is_start)
{
	struct preface whole, bytewise, packed;

	preface_begin(&whole, is_start);
	preface_feed(&whole, skipped);
	preface_begin(&bytewise, is_start);
	preface_begin(&packed, is_start);
	for (size_t i = 0; i < skipped.len; i++) {
		preface_feed(&bytewise, slice_sub(skipped, i, 1));
		preface_feed(&packed, slice_sub(skipped, i, 1));
		packed = preface_unpack(preface_pack(&packed));
	}
	assert_int_equal(preface_judge(&whole), preface_judge(&bytewise));
	if (skipped.len <= LIMIT_JUNK_BYTES) /* packing does not count bytes */
		assert_int_equal(preface_judge(&whole), preface_judge(&packed));
	packed = preface_unpack(preface_pack(&whole));
	assert_int_equal(preface_judge(&whole), preface_judge(&packed));
	if (preface_is_final(preface_pack(&whole))) {
		preface_feed(&whole, slice_str("}\n"));
		assert_int_equal(preface_judge(&whole), PREFACE_FOREIGN);
	}
	return preface_judge(&bytewise);
}

static bool is_clean(struct slice skipped, bool is_start)
{
	return judge(skipped, is_start) == PREFACE_CLEAN;
}

static bool start(const char *text)
{
	return is_clean(slice_str(text), true);
}

static bool middle(const char *text)
{
	return is_clean(slice_str(text), false);
}

static void nothing_and_padding_are_clean(void **state)
{
	(void)state;
	assert_true(start(""));
	assert_true(middle(""));
	assert_true(start(" \t\r\n\n"));
	assert_true(middle("\r\n"));
	assert_true(start("\xef\xbb\xbf"));
	assert_true(is_clean(slice_of("\0\0\0", 3), true));
}

static void one_line_may_stand_before_the_first_message(void **state)
{
	char line[LIMIT_JUNK_BYTES + 2];

	(void)state;
	assert_true(start("PROXY TCP4 192.0.2.7 198.51.100.9 51000 3333\r\n"));
	assert_true(start("welcome\n\n"));
	assert_true(start("welcome\n\xef\xbb\xbf \n"));
	assert_false(start("welcome\nto the pool\n"));
	assert_false(start("alice: "));
	assert_false(start("PRIVMSG #mining :"));
	assert_false(start("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"));
	memset(line, 'x', sizeof(line));
	line[LIMIT_JUNK_BYTES - 1] = '\n';
	assert_true(is_clean(slice_of(line, LIMIT_JUNK_BYTES), true));
	line[LIMIT_JUNK_BYTES - 1] = 'x';
	line[LIMIT_JUNK_BYTES] = '\n';
	assert_false(is_clean(slice_of(line, LIMIT_JUNK_BYTES + 1), true));
}

static void in_the_middle_the_rest_of_a_message_comes_first(void **state)
{
	(void)state;
	assert_true(middle("ab\"],\"id\":4}\n"));
	assert_true(middle("\"]}]\r\n"));
	assert_false(middle("<pre>\n"));
	assert_false(middle("2026-03-05 worker said: "));
	assert_false(middle("welcome\n"));
}

static void inside_a_message_the_next_object_is_a_part(void **state)
{
	(void)state;
	assert_int_equal(judge(slice_str("od\":\"submit\",\"params\":"), false), PREFACE_INSIDE);
	assert_int_equal(judge(slice_str("1,"), false), PREFACE_INSIDE);
	assert_int_equal(judge(slice_str(":nick PRIVMSG #pool :"), false), PREFACE_FOREIGN);
	assert_int_equal(judge(slice_str("\"params\":"), true), PREFACE_FOREIGN);
}

static void two_lines_or_control_bytes_are_final(void **state)
{
	struct preface preface;

	(void)state;
	preface_begin(&preface, true);
	preface_feed(&preface, slice_str("one\n"));
	assert_false(preface_is_final(preface_pack(&preface)));
	preface_feed(&preface, slice_str("two\n"));
	assert_true(preface_is_final(preface_pack(&preface)));
	preface_begin(&preface, false);
	preface_feed(&preface, slice_str("one\ntwo\n"));
	assert_false(preface_is_final(preface_pack(&preface)));
	preface_feed(&preface, slice_str("\x01"));
	assert_true(preface_is_final(preface_pack(&preface)));
}

static void a_zero_byte_is_an_untouched_start(void **state)
{
	struct preface zero = preface_unpack(0);

	(void)state;
	assert_true(zero.is_start);
	assert_int_equal(preface_judge(&zero), PREFACE_CLEAN);
	preface_begin(&zero, true);
	assert_int_equal(preface_pack(&zero), 0);
}

/* Length and message in packets of their own, or a packet for each byte. */
static bool is_announced(const char *line, size_t len, bool is_packed)
{
	struct preface preface;

	preface_begin(&preface, true);
	for (const char *at = line; *at != '\0'; at++) {
		preface_feed(&preface, slice_of(at, 1));
		if (is_packed)
			preface = preface_unpack(preface_pack(&preface));
	}
	return preface_announces(&preface, len, false);
}

static void a_length_is_known_by_its_digits_where_it_was_packed(void **state)
{
	static const struct {
		const char *line;
		size_t len;
		bool is_whole; /* announced by a line that is known in full */
		bool is_packed;
	} rows[] = {
		{ "RESERVED 17 212\r\n", 212, true, true },
		{ "VALUE key 0 1002 \n", 1000, true, true },
		{ "VALUE key 0 1000\n", 999, true, true },
		{ "RESERVED 17 212\r\n", 97, false, false },
		{ "RESERVED 212 17\r\n", 212, false, false },
		{ "RESERVED 212 x\r\n", 212, false, false },
		{ "welcome\r\n", 7, false, false },
		{ "RESERVED 17 212", 212, false, false },
		{ "1\nRESERVED 17 21\r\n", 212, false, false },
		{ "RESERVED 17 1234567\r\n", 1234, false, false },
		{ "RESERVED 17 212\r\n", 213, false, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(is_announced(rows[i].line, rows[i].len, false), rows[i].is_whole);
		assert_int_equal(is_announced(rows[i].line, rows[i].len, true), rows[i].is_packed);
	}
}

static void control_bytes_mean_another_protocol(void **state)
{
	(void)state;
	assert_false(is_clean(slice_of("D\0\0\0\x45\0\x01}\n", 9), false));
	assert_false(is_clean(slice_of("J\0\0\0\n8.0\n", 9), true));
	assert_false(middle("\x01}\n"));
	assert_false(is_clean(slice_of("J\0\0", 3), true)); /* NULs pad a start, not a text */
}

static bool announces(const char *skipped, size_t len)
{
	struct preface whole, bytewise;
	struct slice text = slice_str(skipped);

	preface_begin(&whole, true);
	preface_feed(&whole, text);
	preface_begin(&bytewise, true);
	for (size_t i = 0; i < text.len; i++)
		preface_feed(&bytewise, slice_sub(text, i, 1));
	assert_int_equal(preface_announces(&whole, len, false),
			 preface_announces(&bytewise, len, false));
	return preface_announces(&whole, len, false);
}

/* The length of a value in front of it. */
static void the_length_of_a_value_announces_it(void **unused)
{
	(void)unused;
	assert_true(announces("set key 0 0 118\r\n", 118));
	assert_true(announces("PUB pool.log 120\r\n", 118)); /* with the end of its line */
	assert_true(announces("$118\r\n", 118));
	assert_true(announces("+OK\r\n$118\n", 118));
	assert_true(announces("a 7 118 \r\n\r\n ", 118));
	assert_false(announces("set key 0 0 117\r\n", 118));
	assert_false(announces("set key 0 0 121\r\n", 118));
	assert_false(announces("set key 0 0 1 18\r\n", 118));
	assert_false(announces("set key 118 x\r\n", 118));
	assert_false(announces("118", 118));
	assert_false(announces("118\r\nx", 118));
	assert_false(announces("Welcome to Example Pool, region 1\r\n", 118));
	assert_false(announces("99999999999999999999999999\r\n", 118));
	assert_false(announces("", 118));
	struct preface cut;

	preface_begin(&cut, true);
	preface_feed(&cut, slice_str("set key 0 0 118\r\n"));
	assert_true(preface_announces(&cut, 90, true));
	assert_false(preface_announces(&cut, 90, false));
	assert_false(preface_announces(&cut, 119, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_length_is_known_by_its_digits_where_it_was_packed),
		cmocka_unit_test(nothing_and_padding_are_clean),
		cmocka_unit_test(one_line_may_stand_before_the_first_message),
		cmocka_unit_test(in_the_middle_the_rest_of_a_message_comes_first),
		cmocka_unit_test(inside_a_message_the_next_object_is_a_part),
		cmocka_unit_test(two_lines_or_control_bytes_are_final),
		cmocka_unit_test(a_zero_byte_is_an_untouched_start),
		cmocka_unit_test(control_bytes_mean_another_protocol),
		cmocka_unit_test(the_length_of_a_value_announces_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
