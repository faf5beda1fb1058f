/* test_inflate.c: compressed messages in all formats, in pieces; bombs, damage and the pool's cap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "sensor/inflate.h"
#include "sensor/limits.h"

#define TEXT "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"agent/1.0\"]}"

static struct inflate_pool *pool;
static uint8_t packed[1 << 16];
static char result[1 << 20];

static int setup(void **state)
{
	(void)state;
	pool = inflate_pool_new(2);
	return pool == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	inflate_pool_free(pool);
	return 0;
}

/* Compresses; bits as zlib's windowBits. */
static struct slice pack(const void *data, size_t len, int bits, int flush)
{
	z_stream stream = { 0 };

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_in = (z_const Bytef *)(uintptr_t)data;
	stream.avail_in = (uInt)len;
	stream.next_out = packed;
	stream.avail_out = sizeof(packed);
	(void)deflate(&stream, flush);
	assert_int_equal(stream.avail_in, 0);
	(void)deflateEnd(&stream);
	return slice_of(packed, sizeof(packed) - stream.avail_out);
}

/* All that the inflater gives for in, fed in steps; the length. */
static size_t run(struct inflater *inflater, struct slice in, size_t step)
{
	size_t total = 0;

	while (in.len > 0) {
		struct slice part = slice_head(in, step);
		size_t used;
		struct slice out = inflater_run(inflater, part, &used);

		assert_true(total + out.len < sizeof(result));
		if (out.len > 0)
			memcpy(result + total, out.ptr, out.len);
		total += out.len;
		in = slice_tail(in, used);
		if (used == 0 && out.len == 0)
			break;
	}
	result[total] = '\0';
	return total;
}

static void every_format_in_pieces(void **state)
{
	static const struct {
		enum encoding encoding;
		int bits;
	} forms[] = { { ENCODING_GZIP, 31 }, { ENCODING_ZLIB, 15 }, { ENCODING_DEFLATE, -15 } };

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct slice in = pack(TEXT, strlen(TEXT), forms[i].bits, Z_FINISH);

		for (size_t step = 1; step <= in.len; step += 7) {
			struct inflater *inflater = inflater_new(pool, forms[i].encoding);

			assert_non_null(inflater);
			assert_int_equal(run(inflater, in, step), strlen(TEXT));
			assert_string_equal(result, TEXT);
			assert_false(inflater_is_bad(inflater));
			inflater_free(inflater);
		}
	}
}

static void a_message_may_refer_to_the_one_before(void **state)
{
	z_stream stream = { 0 };
	struct inflater *inflater = inflater_new(pool, ENCODING_DEFLATE);

	(void)state;
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	for (int i = 0; i < 3; i++) {
		stream.next_in = (z_const Bytef *)(uintptr_t)TEXT;
		stream.avail_in = (uInt)strlen(TEXT);
		stream.next_out = packed;
		stream.avail_out = sizeof(packed);
		assert_int_equal(deflate(&stream, Z_SYNC_FLUSH), Z_OK);

		struct slice in = slice_of(packed, sizeof(packed) - stream.avail_out);

		if (i > 0) {
			assert_true(in.len < 16); /* it does refer */
			inflater_begin(inflater, true);
		}
		assert_int_equal(run(inflater, in, in.len), strlen(TEXT));
		assert_string_equal(result, TEXT);
	}
	(void)deflateEnd(&stream);
	inflater_free(inflater);
}

static void a_bomb_is_given_up(void **state)
{
	static uint8_t zeros[8 << 20];
	struct inflater *inflater = inflater_new(pool, ENCODING_GZIP);
	struct slice in = pack(zeros, sizeof(zeros), 31, Z_FINISH);

	(void)state;
	assert_true(run(inflater, in, 512) <= LIMIT_INFLATE_BYTES);
	assert_true(inflater_is_bad(inflater));
	inflater_begin(inflater, false);
	in = pack(TEXT, strlen(TEXT), 31, Z_FINISH);
	assert_int_equal(run(inflater, in, in.len), strlen(TEXT));
	inflater_free(inflater);
}

static void damage_is_told(void **state)
{
	struct inflater *inflater = inflater_new(pool, ENCODING_GZIP);
	struct slice in = pack(TEXT, strlen(TEXT), 31, Z_FINISH);

	(void)state;
	packed[0] ^= 0xff;
	assert_int_equal(run(inflater, in, in.len), 0);
	assert_true(inflater_is_bad(inflater));
	inflater_free(inflater);
}

static void what_follows_the_end_is_not_read(void **state)
{
	struct inflater *inflater = inflater_new(pool, ENCODING_GZIP);
	struct slice in = pack(TEXT, strlen(TEXT), 31, Z_FINISH);

	(void)state;
	in.len += 100;
	assert_int_equal(run(inflater, in, in.len), strlen(TEXT));
	assert_false(inflater_is_bad(inflater));
	inflater_free(inflater);
}

static void the_pool_has_an_end(void **state)
{
	struct inflater *one = inflater_new(pool, ENCODING_GZIP);
	struct inflater *two = inflater_new(pool, ENCODING_ZLIB);

	(void)state;
	assert_non_null(one);
	assert_non_null(two);
	assert_null(inflater_new(pool, ENCODING_GZIP));
	inflater_free(one);
	one = inflater_new(pool, ENCODING_GZIP);
	assert_non_null(one);
	inflater_free(one);
	inflater_free(two);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_format_in_pieces), TEST(a_message_may_refer_to_the_one_before),
		TEST(a_bomb_is_given_up),     TEST(damage_is_told),
		TEST(the_pool_has_an_end),    TEST(what_follows_the_end_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
