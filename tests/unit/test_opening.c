/* test_opening.c: segments in any order become the first bytes of a stream. */
#include "sensor/opening.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEQ UINT32_C(0xfffffff0) /* the sequence numbers wrap within the text */

static const char text[] = "What a client says first, in as many segments as it likes to take.";

static struct opening_table *table_new(size_t slots, struct stats *stats)
{
	struct opening_table *table;

	memset(stats, 0, sizeof(*stats));
	table = opening_table_new(slots, stats);
	assert_non_null(table);
	return table;
}

static struct slice add(struct opening_table *table, uint32_t flow, size_t from, size_t to)
{
	return opening_add(table, flow, SEQ + (uint32_t)from, slice_of(text + from, to - from));
}

static void test_in_order(void **state)
{
	struct stats stats;
	struct opening_table *table = table_new(8, &stats);
	struct slice bytes = slice_of("", 0);

	(void)state;
	opening_begin(table, 7, SEQ, 1);
	for (size_t i = 0; i < strlen(text); i++) {
		bytes = add(table, 7, i, i + 1);
		assert_int_equal(bytes.len, i + 1);
	}
	assert_memory_equal(bytes.ptr, text, strlen(text));
	assert_false(opening_is_over(table, 7, 1));
	opening_end(table, 7);
	assert_int_equal(opening_bytes(table, 7).len, 0);
	assert_true(opening_is_over(table, 7, 1));
	opening_table_free(table);
}

/* Every order of the pieces, by a walk over permutations with a fixed seed. */
static void test_any_order(void **state)
{
	enum { PIECES = 8, ROUNDS = 500 };
	struct stats stats;
	struct opening_table *table = table_new(8, &stats);
	size_t order[PIECES];
	size_t step = strlen(text) / PIECES;

	(void)state;
	srandom(1);
	for (size_t i = 0; i < PIECES; i++)
		order[i] = i;
	for (int round = 0; round < ROUNDS; round++) {
		struct slice bytes = slice_of("", 0);

		for (size_t i = PIECES - 1; i > 0; i--) {
			size_t k = (size_t)random() % (i + 1);
			size_t swap = order[i];

			order[i] = order[k];
			order[k] = swap;
		}
		opening_begin(table, 3, SEQ, 1);
		for (size_t i = 0; i < PIECES; i++) {
			size_t from = order[i] * step;
			/* Each runs over into the next ones, by as much as the round says. */
			size_t to = from + step + (size_t)round % (2 * step);

			bytes = add(table, 3, from, to < strlen(text) ? to : strlen(text));
		}
		assert_true(bytes.len >= PIECES * step);
		assert_memory_equal(bytes.ptr, text, bytes.len);
		opening_end(table, 3);
	}
	opening_table_free(table);
}

static void test_first_bytes_at_a_place_count(void **state)
{
	struct stats stats;
	struct opening_table *table = table_new(8, &stats);
	struct slice bytes;

	(void)state;
	opening_begin(table, 1, 100, 1);
	(void)opening_add(table, 1, 102, slice_str("cd"));
	(void)opening_add(table, 1, 106, slice_str("gh"));
	assert_int_equal(opening_bytes(table, 1).len, 0);
	bytes = opening_add(table, 1, 100, slice_str("abXXefXXij"));
	assert_int_equal(bytes.len, 10);
	assert_memory_equal(bytes.ptr, "abcdefghij", 10);
	opening_table_free(table);
}

static void test_parts_have_holes_between_them(void **state)
{
	struct stats stats;
	struct opening_table *table = table_new(8, &stats);
	uint32_t seq = 0;
	struct slice part;

	(void)state;
	assert_int_equal(opening_part(table, 1, 0, &seq).len, 0);
	opening_begin(table, 1, UINT32_MAX, 1);
	(void)opening_add(table, 1, 7, slice_str("ij"));
	(void)opening_add(table, 1, 1, slice_str("cd"));
	part = opening_part(table, 1, 0, &seq);
	assert_true(slice_is(part, "cd"));
	assert_int_equal(seq, 1);
	part = opening_part(table, 1, 1, &seq);
	assert_true(slice_is(part, "ij"));
	assert_int_equal(seq, 7);
	assert_int_equal(opening_part(table, 1, 2, &seq).len, 0);
	opening_table_free(table);
}

static void test_what_is_not_of_the_opening(void **state)
{
	static uint8_t big[2 * OPENING_BYTES];
	struct stats stats;
	struct opening_table *table = table_new(8, &stats);
	struct slice bytes;

	(void)state;
	memset(big, 'x', sizeof(big));
	assert_int_equal(opening_add(table, 9, 0, slice_str("a")).len, 0);
	opening_begin(table, 9, 1000, 1);
	assert_int_equal(opening_add(table, 9, 999, slice_str("before")).len, 0);
	assert_int_equal(opening_add(table, 9, 1000 + OPENING_BYTES, slice_str("behind")).len, 0);
	assert_int_equal(opening_add(table, 9, 1000, slice_of(big, 0)).len, 0);
	bytes = opening_add(table, 9, 1000, slice_of(big, sizeof(big)));
	assert_int_equal(bytes.len, OPENING_BYTES);
	assert_true(opening_is_over(table, 9, 1));
	opening_table_free(table);
}

/* Holes without end are refused, and what fills them still joins. */
static void test_many_holes(void **state)
{
	struct stats stats;
	struct opening_table *table = table_new(8, &stats);
	struct slice bytes = slice_of("", 0);

	(void)state;
	opening_begin(table, 2, SEQ, 1);
	for (size_t i = 1; i + 1 < strlen(text); i += 2)
		(void)add(table, 2, i, i + 1);
	assert_int_equal(opening_bytes(table, 2).len, 0);
	for (size_t i = 0; i < strlen(text); i += 2)
		(void)add(table, 2, i, i + 1);
	for (size_t i = 0; i < strlen(text); i++)
		bytes = add(table, 2, i, i + 1);
	assert_int_equal(bytes.len, strlen(text));
	assert_memory_equal(bytes.ptr, text, bytes.len);
	opening_table_free(table);
}

static void test_a_full_table_gives_up_the_oldest(void **state)
{
	struct stats stats;
	struct opening_table *table = table_new(4, &stats);

	(void)state;
	for (uint32_t flow = 0; flow < 5; flow++) {
		opening_begin(table, flow, 0, 10 + flow);
		(void)opening_add(table, flow, 0, slice_str("hello"));
	}
	assert_int_equal(stats.openings_capped, 1);
	assert_int_equal(opening_bytes(table, 0).len, 0);
	for (uint32_t flow = 1; flow < 5; flow++)
		assert_int_equal(opening_bytes(table, flow).len, 5);
	/* Begun again: what was there is gone, no other flow is. */
	opening_begin(table, 4, 0, 20);
	assert_int_equal(opening_bytes(table, 4).len, 0);
	assert_int_equal(opening_bytes(table, 1).len, 5);
	assert_int_equal(stats.openings_capped, 1);
	opening_table_free(table);
}

/* What was read goes, at every place; what is behind it and behind a hole stays. */
static void test_skip(void **state)
{
	struct stats stats;
	struct opening_table *table = table_new(8, &stats);
	struct slice bytes;

	(void)state;
	assert_true(opening_skip(table, 5, 0, 1)); /* nobody's */
	for (size_t len = 0; len <= 20; len++) {
		opening_begin(table, 5, SEQ, 1);
		(void)add(table, 5, 0, 20);
		(void)add(table, 5, 25, 30);
		(void)add(table, 5, 40, 50);
		assert_false(opening_skip(table, 5, len, 1));
		bytes = opening_bytes(table, 5);
		assert_int_equal(bytes.len, 20 - len);
		assert_memory_equal(bytes.ptr, text + len, bytes.len);
		assert_int_equal(add(table, 5, 0, len).len, 20 - len); /* again: no more of it */
		(void)add(table, 5, 20, 25);
		bytes = add(table, 5, 30, 40);
		assert_int_equal(bytes.len, 50 - len);
		assert_memory_equal(bytes.ptr, text + len, bytes.len);
		assert_true(opening_skip(table, 5, bytes.len, 1));
		bytes = add(table, 5, 50, 60);
		assert_int_equal(bytes.len, 10);
		assert_memory_equal(bytes.ptr, text + 50, 10);
	}
	opening_table_free(table);
}

static void test_patience(void **state)
{
	const uint64_t second = 1000000000;
	struct stats stats;
	struct opening_table *table = table_new(8, &stats);

	(void)state;
	opening_begin(table, 5, SEQ, 100 * second);
	(void)add(table, 5, 0, 20);
	assert_false(opening_is_over(table, 5, 99 * second));
	assert_false(opening_is_over(table, 5, (100 + OPENING_PATIENCE_S) * second));
	assert_true(opening_is_over(table, 5, (100 + OPENING_PATIENCE_S) * second + 1));
	assert_false(opening_skip(table, 5, 5, 130 * second));
	assert_false(opening_is_over(table, 5, (130 + OPENING_PATIENCE_S) * second));
	assert_true(opening_is_over(table, 5, (130 + OPENING_PATIENCE_S) * second + 1));
	opening_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_first_bytes_at_a_place_count),
		cmocka_unit_test(test_parts_have_holes_between_them),
		cmocka_unit_test(test_what_is_not_of_the_opening),
		cmocka_unit_test(test_many_holes),
		cmocka_unit_test(test_a_full_table_gives_up_the_oldest),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_patience),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
