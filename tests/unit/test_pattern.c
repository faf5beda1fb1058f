/* test_pattern.c: what names have in common, in any order and within bounds. */
#include "sensor/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *fold(size_t count, const char *const *names)
{
	static char text[PATTERN_TEXT];
	struct pattern pattern;

	memset(&pattern, 0, sizeof(pattern));
	for (size_t i = 0; i < count; i++)
		pattern_add(&pattern, names[i]);
	pattern_text(&pattern, text);
	return text;
}

/* In the given order and backwards. */
#define ASSERT_PATTERN(wanted, ...) \
	do { \
		const char *const names[] = { __VA_ARGS__ }; \
		const size_t count = sizeof(names) / sizeof(names[0]); \
		const char *back[sizeof(names) / sizeof(names[0])]; \
		for (size_t i = 0; i < count; i++) \
			back[count - 1 - i] = names[i]; \
		assert_string_equal(fold(count, names), wanted); \
		assert_string_equal(fold(count, back), wanted); \
	} while (0)

static void test_names(void **state)
{
	(void)state;
	ASSERT_PATTERN("", "");
	ASSERT_PATTERN("rig", "rig");
	ASSERT_PATTERN("rig", "rig", "rig", "");
	ASSERT_PATTERN("rig-0*", "rig-01", "rig-02", "rig-07");
	ASSERT_PATTERN("rig-*", "rig-1", "rig-2", "rig-17");
	ASSERT_PATTERN("i-*", "i-0a1b2c3d4e5f60718", "i-9f0b");
	ASSERT_PATTERN("web-*.example.net", "web-1.example.net", "web-2.example.net");
	ASSERT_PATTERN("*-miner", "a-miner", "b-miner");
	ASSERT_PATTERN("distinct", "alpha", "beta", "gamma");
	ASSERT_PATTERN("distinct", "ra", "rb"); /* one byte is chance */
}

static void test_counters_end_alike(void **state)
{
	(void)state;
	/* The 1 at their end is the counter's, not a suffix. */
	ASSERT_PATTERN("rig-*", "rig-01", "rig-11", "rig-21");
	ASSERT_PATTERN("rig-*a", "rig-01a", "rig-11a");
}

static void test_beginning_and_end_do_not_overlap(void **state)
{
	(void)state;
	ASSERT_PATTERN("aa*", "aa", "aaa");
	ASSERT_PATTERN("ab*", "ab", "abab");
	ASSERT_PATTERN("abc*", "abc", "abcabc", "abcXabc");
}

static void test_order_and_repetition_change_nothing(void **state)
{
	static const char *const one[] = { "rig-01", "rig-02", "rig-03", "rig-02" };
	static const char *const two[] = { "rig-03", "rig-02", "rig-01" };
	struct pattern a;
	struct pattern b;

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	for (size_t i = 0; i < 4; i++)
		pattern_add(&a, one[i]);
	for (size_t i = 0; i < 3; i++)
		pattern_add(&b, two[i]);
	assert_int_equal(a.prefix_len, b.prefix_len);
	assert_int_equal(a.suffix_len, b.suffix_len);
	assert_int_equal(a.longest, b.longest);
	assert_memory_equal(a.prefix, b.prefix, a.prefix_len);
}

static void test_long_names_are_cut(void **state)
{
	char name[3 * PATTERN_NAME];
	char text[PATTERN_TEXT];
	struct pattern pattern;

	(void)state;
	memset(&pattern, 0, sizeof(pattern));
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	pattern_add(&pattern, name);
	pattern_text(&pattern, text);
	assert_int_equal(strlen(text), PATTERN_NAME - 1);
	name[0] = 'x';
	pattern_add(&pattern, name);
	pattern_text(&pattern, text);
	assert_int_equal(text[0], '*');
	assert_int_equal(strlen(text), PATTERN_NAME - 1); /* one byte less, and the star */
}

static void test_wire_bytes_stay(void **state)
{
	(void)state;
	ASSERT_PATTERN("\xff\x01*", "\xff\x01-a", "\xff\x01+b");
	ASSERT_PATTERN("%s%n*", "%s%n1", "%s%n2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_counters_end_alike),
		cmocka_unit_test(test_beginning_and_end_do_not_overlap),
		cmocka_unit_test(test_order_and_repetition_change_nothing),
		cmocka_unit_test(test_long_names_are_cut),
		cmocka_unit_test(test_wire_bytes_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
