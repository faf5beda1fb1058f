/* test_stream_caps.c: what a stream and its pool hold at most, and what gives way. */
#include "tests/unit/stream_rig.h"

#include "sensor/limits.h"

static void a_full_window_gives_the_hole_up(void **state)
{
	(void)state;
	send(UP, ISN, "a");
	for (uint32_t i = 0; i < LIMIT_STREAM_HELD_SEGMENTS; i++)
		send(UP, ISN + 2 + 2 * i, "x");
	expect(UP, "a");
	assert_int_equal(stats.stream_held_capped, 0);
	send(UP, ISN + 2 + 2 * LIMIT_STREAM_HELD_SEGMENTS, "y");
	expect(UP, "a<1>x");
	assert_int_equal(stats.stream_held_capped, 1);
	assert_int_equal(stats.stream_gaps, 1);
	stream_flush(stream, &out);
	assert_int_equal(stats.stream_gaps, 1 + LIMIT_STREAM_HELD_SEGMENTS);
	assert_int_equal(record.text[UP][record.len[UP] - 1], 'y');
}

static void a_segment_larger_than_the_window_passes(void **state)
{
	static char large[LIMIT_STREAM_HELD_BYTES + 20000];

	(void)state;
	memset(large, 'z', sizeof(large) - 1);
	send(UP, ISN, "a");
	send(UP, ISN + 3, large);
	stream_flush(stream, &out);
	assert_memory_equal(record.text[UP], "a<2>zzzz", 8);
	assert_int_equal(record.len[UP], 4 + sizeof(large) - 1);
	assert_int_equal(stats.stream_bytes, sizeof(large));
	assert_int_equal(stats.stream_held_capped, 1);
}

static void an_empty_pool_gives_the_hole_up(void **state)
{
	(void)state;
	open_pool(1, 1500);
	send(UP, ISN, "a");
	send(UP, ISN + 2, "c");
	send(DOWN, 5, "d");
	send(DOWN, 8, "g");
	expect(UP, "a");
	expect(DOWN, "d<2>g");
	send(UP, ISN + 1, "b");
	expect(UP, "abc");
	assert_int_equal(stats.stream_held_capped, 1);
	open_pool(1, 0);
	memset(&record, 0, sizeof(record));
	send(UP, ISN, "a");
	send(UP, ISN + 2, "c");
	expect(UP, "a<1>c");
}

static void streams_are_capped_and_reused(void **state)
{
	struct stream *all[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		all[i] = stream_new(pool);
		assert_non_null(all[i]);
	}
	assert_null(stream_new(pool));
	stream_free(all[1]);
	all[1] = stream_new(pool);
	assert_non_null(all[1]);
	for (size_t i = 0; i < 3; i++)
		stream_free(all[i]);
}

static void held_bytes_go_back_to_the_pool(void **state)
{
	(void)state;
	open_pool(1, 1500);
	for (int round = 0; round < 3; round++) {
		send(UP, ISN, "a");
		send(UP, ISN + 2, "c");
		assert_int_equal(stats.stream_held_capped, 0);
		stream_free(stream);
		stream = stream_new(pool);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_full_window_gives_the_hole_up),
		TEST(a_segment_larger_than_the_window_passes),
		TEST(an_empty_pool_gives_the_hole_up),
		TEST(streams_are_capped_and_reused),
		TEST(held_bytes_go_back_to_the_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
