/* test_cursor.c: the checked reader, at the last byte and one past it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocols/cursor.h"
#include "tests/unit/guard.h"

static struct guard guard;

static uint64_t read_u8(struct cursor *c)
{
	return cursor_u8(c);
}

static uint64_t read_u16be(struct cursor *c)
{
	return cursor_u16be(c);
}

static uint64_t read_u24be(struct cursor *c)
{
	return cursor_u24be(c);
}

static uint64_t read_u32be(struct cursor *c)
{
	return cursor_u32be(c);
}

static uint64_t read_u64be(struct cursor *c)
{
	return cursor_u64be(c);
}

static uint64_t read_u16le(struct cursor *c)
{
	return cursor_u16le(c);
}

static uint64_t read_u32le(struct cursor *c)
{
	return cursor_u32le(c);
}

static uint64_t read_u64le(struct cursor *c)
{
	return cursor_u64le(c);
}

static const struct {
	uint64_t (*read)(struct cursor *c);
	size_t size;
	uint64_t want; /* of f1 e2 d3 c4 b5 a6 97 88 */
} readers[] = {
	{ read_u8, 1, 0xf1 },
	{ read_u16be, 2, 0xf1e2 },
	{ read_u24be, 3, 0xf1e2d3 },
	{ read_u32be, 4, 0xf1e2d3c4 },
	{ read_u64be, 8, 0xf1e2d3c4b5a69788 },
	{ read_u16le, 2, 0xe2f1 },
	{ read_u32le, 4, 0xc4d3e2f1 },
	{ read_u64le, 8, 0x8897a6b5c4d3e2f1 },
};

static void test_readers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		const char *bytes = "\xf1\xe2\xd3\xc4\xb5\xa6\x97\x88";
		struct cursor c = cursor_of(guard_put(&guard, bytes, readers[i].size));

		assert_int_equal(readers[i].read(&c), readers[i].want);
		assert_false(c.bad);
		assert_int_equal(cursor_left(&c), 0);
		assert_int_equal(readers[i].read(&c), 0);
		assert_true(c.bad);
	}
}

static void test_readers_one_byte_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		const char *bytes = "\xf1\xe2\xd3\xc4\xb5\xa6\x97\x88";
		struct cursor c = cursor_of(guard_put(&guard, bytes, readers[i].size - 1));

		readers[i].read(&c);
		assert_true(c.bad);
		assert_int_equal(cursor_u8(&c), 0);
		assert_int_equal(cursor_left(&c), 0);
		assert_int_equal(cursor_rest(&c).len, 0);
	}
}

static void test_take_and_rest(void **state)
{
	struct cursor c = cursor_of(guard_str(&guard, "abcdef"));

	(void)state;
	assert_true(slice_is(cursor_take(&c, 2), "ab"));
	cursor_skip(&c, 1);
	assert_int_equal(cursor_left(&c), 3);
	assert_true(slice_is(cursor_rest(&c), "def"));
	assert_int_equal(cursor_take(&c, 0).len, 0);
	assert_false(c.bad);
	assert_int_equal(cursor_take(&c, 4).len, 0);
	assert_true(c.bad);
	assert_int_equal(cursor_take(&c, 1).len, 0); /* bad stays bad */
	assert_int_equal(c.pos, 3);
}

static void test_huge_and_empty(void **state)
{
	struct cursor c = cursor_of(guard_str(&guard, "abc"));
	struct cursor none = cursor_of(slice_of(NULL, 0));

	(void)state;
	cursor_u8(&c);
	assert_int_equal(cursor_take(&c, SIZE_MAX).len, 0); /* pos + n would wrap */
	assert_true(c.bad);
	assert_int_equal(cursor_left(&none), 0);
	assert_int_equal(cursor_rest(&none).len, 0);
	assert_int_equal(cursor_take(&none, 0).len, 0);
	assert_false(none.bad);
	assert_int_equal(cursor_u8(&none), 0);
	assert_true(none.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readers),
		cmocka_unit_test(test_readers_one_byte_short),
		cmocka_unit_test(test_take_and_rest),
		cmocka_unit_test(test_huge_and_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
