/* test_slice.c: borrowed bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/guard.h"

static struct guard guard;

static void test_compare(void **state)
{
	struct slice abc = guard_str(&guard, "abc");
	struct slice none = slice_of(NULL, 0);

	(void)state;
	assert_true(slice_is(abc, "abc"));
	assert_false(slice_is(abc, "ab"));
	assert_false(slice_is(abc, "abcd"));
	assert_false(slice_is(abc, "abd"));
	assert_true(slice_eq(none, slice_of(abc.ptr, 0)));
	assert_true(slice_is(none, ""));
	assert_true(slice_starts(abc, ""));
	assert_true(slice_starts(abc, "abc"));
	assert_false(slice_starts(abc, "abcd"));
	assert_false(slice_starts(abc, "b"));
	assert_true(slice_starts(none, ""));
	assert_false(slice_starts(none, "a"));
}

static void test_parts(void **state)
{
	struct slice abc = guard_str(&guard, "abc");

	(void)state;
	assert_true(slice_is(slice_head(abc, 0), ""));
	assert_true(slice_is(slice_head(abc, 2), "ab"));
	assert_true(slice_is(slice_head(abc, 3), "abc"));
	assert_true(slice_is(slice_head(abc, 4), "abc"));
	assert_true(slice_is(slice_tail(abc, 0), "abc"));
	assert_true(slice_is(slice_tail(abc, 2), "c"));
	assert_int_equal(slice_tail(abc, 3).len, 0);
	assert_int_equal(slice_tail(abc, SIZE_MAX).len, 0);
	assert_true(slice_is(slice_sub(abc, 1, 1), "b"));
	assert_true(slice_is(slice_sub(abc, 1, SIZE_MAX), "bc"));
	assert_int_equal(slice_sub(abc, 3, 1).len, 0);
	assert_int_equal(slice_sub(abc, SIZE_MAX, SIZE_MAX).len, 0);
	assert_int_equal(slice_tail(slice_of(NULL, 0), 1).len, 0);
}

static void test_find(void **state)
{
	struct slice abca = guard_str(&guard, "abca");

	(void)state;
	assert_int_equal(slice_find(abca, 'a'), 0);
	assert_int_equal(slice_find(abca, 'c'), 2);
	assert_int_equal(slice_find(abca, 'x'), 4);
	assert_int_equal(slice_find(slice_of(NULL, 0), 'a'), 0);
}

static void test_copy_cuts(void **state)
{
	struct slice abc = guard_str(&guard, "abc");
	char out[6];

	(void)state;
	for (size_t size = 1; size < sizeof(out); size++) {
		size_t want = size - 1 < 3 ? size - 1 : 3;

		memset(out, 'z', sizeof(out));
		assert_int_equal(slice_copy(abc, out, size), want);
		assert_memory_equal(out, "abc", want);
		assert_int_equal(out[want], '\0');
		assert_int_equal(out[size], 'z');
	}
	assert_int_equal(slice_copy(slice_of(NULL, 0), out, 1), 0);
	assert_int_equal(out[0], '\0');
}

static void test_hash(void **state)
{
	(void)state;
	/* FNV-1a test vectors of its authors */
	assert_int_equal(slice_hash(slice_of(NULL, 0)), 0xcbf29ce484222325u);
	assert_int_equal(slice_hash(guard_str(&guard, "a")), 0xaf63dc4c8601ec8cu);
	assert_int_equal(slice_hash(guard_str(&guard, "foobar")), 0x85944171f73967e8u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare), cmocka_unit_test(test_parts),
		cmocka_unit_test(test_find),    cmocka_unit_test(test_copy_cuts),
		cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
