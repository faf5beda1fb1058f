/* Unit tests of blocks.c: every block is used once, comes back, and long ones leave room for short
 * ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sensor/blocks.h"

#define SLABS 8
#define SMALL (SLABS * BLOCK_LARGE / BLOCK_SMALL)
#define TINY  (SLABS * BLOCK_LARGE / BLOCK_TINY)

static struct blocks *blocks;
static uint8_t *taken[TINY];

static int setup(void **state)
{
	(void)state;
	blocks = blocks_new(SLABS * BLOCK_LARGE);
	assert_non_null(blocks);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	blocks_free(blocks);
	return 0;
}

static size_t take_all(size_t size)
{
	size_t count = 0;

	while (count < TINY && (taken[count] = blocks_take(blocks, size)) != NULL) {
		memset(taken[count], (int)count, size);
		count++;
	}
	return count;
}

static void give_all(size_t count, size_t size)
{
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(taken[i][0], (uint8_t)i); /* nobody else wrote there */
		assert_int_equal(taken[i][size - 1], (uint8_t)i);
		blocks_give(blocks, taken[i], size);
	}
}

/* Cut into blocks of one size everything is used, and then there is none of any size. */
static void use_everything(size_t size, size_t count)
{
	for (int round = 0; round < 3; round++) {
		assert_int_equal(take_all(size), count);
		assert_null(blocks_take(blocks, BLOCK_TINY));
		assert_null(blocks_take(blocks, BLOCK_SMALL));
		assert_null(blocks_take(blocks, BLOCK_LARGE));
		give_all(count, size);
	}
}

static void small_blocks_use_everything_again_and_again(void **state)
{
	(void)state;
	use_everything(BLOCK_SMALL, SMALL);
}

static void tiny_blocks_use_everything_again_and_again(void **state)
{
	(void)state;
	use_everything(BLOCK_TINY, TINY);
}

/* A slab is cut into one size only, and is whole again when the last of its blocks is back, in
 * whatever order they come. */
static void sizes_do_not_meet_in_a_slab(void **state)
{
	static const size_t sizes[] = { BLOCK_TINY, BLOCK_SMALL, BLOCK_TINY, BLOCK_LARGE };
	uint8_t *held[4 * 40];
	size_t count = 0;

	(void)state;
	for (int round = 0; round < 5; round++) {
		for (; count < 4 * 40; count++) {
			size_t size = sizes[count % 4];

			held[count] = blocks_take(blocks, size);
			if (held[count] == NULL)
				break;
			memset(held[count], (int)count, size);
		}
		assert_true(count >= 16);
		for (size_t i = count; i-- > 0;) {
			size_t at = i * 7 % count; /* 7 does not divide it: each once */

			assert_int_equal(held[at][0], (uint8_t)at);
			assert_int_equal(held[at][sizes[at % 4] - 1], (uint8_t)at);
			blocks_give(blocks, held[at], sizes[at % 4]);
		}
		assert_true(count % 7 != 0);
		count = 0;
		assert_int_equal(take_all(BLOCK_SMALL), SMALL);
		give_all(SMALL, BLOCK_SMALL);
	}
}

static void sizes_are_the_least_that_hold(void **state)
{
	(void)state;
	assert_int_equal(block_size(1), BLOCK_TINY);
	assert_int_equal(block_size(BLOCK_TINY), BLOCK_TINY);
	assert_int_equal(block_size(BLOCK_TINY + 1), BLOCK_SMALL);
	assert_int_equal(block_size(BLOCK_SMALL), BLOCK_SMALL);
	assert_int_equal(block_size(BLOCK_SMALL + 1), BLOCK_LARGE);
}

static void large_blocks_leave_room_for_small_ones(void **state)
{
	uint8_t *small;

	(void)state;
	for (int round = 0; round < 3; round++) {
		assert_int_equal(take_all(BLOCK_LARGE), SLABS - SLABS / 4);
		small = blocks_take(blocks, BLOCK_SMALL);
		assert_non_null(small);
		assert_null(blocks_take(blocks, BLOCK_LARGE));
		blocks_give(blocks, small, BLOCK_SMALL);
		give_all(SLABS - SLABS / 4, BLOCK_LARGE);
	}
}

static void the_smallest_area_is_one_slab_of_either_kind(void **state)
{
	struct blocks *one = blocks_new(0);
	uint8_t *block;

	(void)state;
	assert_non_null(one);
	block = blocks_take(one, BLOCK_LARGE);
	assert_non_null(block);
	assert_null(blocks_take(one, BLOCK_SMALL));
	blocks_give(one, block, BLOCK_LARGE);
	block = blocks_take(one, BLOCK_SMALL);
	assert_non_null(block);
	assert_null(blocks_take(one, BLOCK_LARGE));
	blocks_give(one, block, BLOCK_SMALL);
	blocks_free(one);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(small_blocks_use_everything_again_and_again),
		TEST(tiny_blocks_use_everything_again_and_again),
		TEST(sizes_do_not_meet_in_a_slab),
		TEST(sizes_are_the_least_that_hold),
		TEST(large_blocks_leave_room_for_small_ones),
		TEST(the_smallest_area_is_one_slab_of_either_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
