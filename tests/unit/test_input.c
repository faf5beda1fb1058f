/* Which time stamps are believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "sensor/input.h"
#include "tests/unit/source_rig.h"

static void test_time_goes_back(void **state)
{
	(void)state;
	begin_pcap(path_of(0, "a.pcap"), ETHERNET);
	put_frame(BASE + 5, 0, 'a', 60);
	put_frame(BASE + 4, 0, 'b', 60);
	put_frame(BASE + 6, 0, 'c', 60);
	end_file();
	assert_int_equal(open_paths(1, false, NULL), 0);
	read_all();
	assert_marks("abc");
	assert_int_equal(rig.seen[1].time_ns, at(5, 0));
	assert_int_equal(rig.seen[2].time_ns, at(6, 0));
	assert_int_equal(rig.stats.time_clamped, 1);
}

/* Times by the rule of source.h, through one file and through a merge with an empty one. */
static void check_times(const uint64_t *in, const uint64_t *expected, size_t count,
			uint64_t clamped)
{
	begin_pcap(path_of(0, "a.pcap"), ETHERNET);
	for (size_t i = 0; i < count; i++)
		put_frame(BASE + in[i], 0, (uint8_t)('a' + i), 60);
	end_file();
	begin_pcap(path_of(1, "b.pcap"), ETHERNET);
	end_file();
	for (size_t files = 1; files <= 2; files++) {
		uint64_t before = rig.stats.time_clamped;

		assert_int_equal(open_paths(files, false, NULL), 0);
		read_all();
		assert_int_equal(rig.count, count);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(rig.seen[i].mark, 'a' + i);
			assert_int_equal(rig.seen[i].time_ns, at(expected[i], 0));
		}
		assert_int_equal(rig.stats.time_clamped - before, clamped);
	}
}

static void test_time_jumps(void **state)
{
	const uint64_t hour = LIMIT_TIME_JUMP_S;
	const uint64_t last_second = UINT32_MAX - BASE;

	(void)state;
	/* An hour is no jump. */
	check_times((uint64_t[]){ 0, hour, 1 }, (uint64_t[]){ 0, hour, hour }, 3, 1);
	/* One time stamp that was wrong. */
	check_times((uint64_t[]){ 0, hour + 1, 0, 1 }, (uint64_t[]){ 0, 0, 0, 1 }, 4, 1);
	check_times((uint64_t[]){ 0, last_second, 2 }, (uint64_t[]){ 0, 0, 2 }, 3, 1);
	/* A gap: the next frame agrees, and so keep their times both. */
	check_times((uint64_t[]){ 0, 2 * hour, 2 * hour + 5 },
		    (uint64_t[]){ 0, 2 * hour, 2 * hour + 5 }, 3, 0);
	check_times((uint64_t[]){ 0, 2 * hour, 2 * hour - 5 },
		    (uint64_t[]){ 0, 2 * hour, 2 * hour }, 3, 1);
	/* Nothing but gaps, as a capture of one quiet host has them. */
	check_times((uint64_t[]){ 0, 2 * hour, 5 * hour, 9 * hour, 9 * hour },
		    (uint64_t[]){ 0, 2 * hour, 5 * hour, 9 * hour, 9 * hour }, 5, 0);
	/* At the end of a file nothing agrees. */
	check_times((uint64_t[]){ 0, 2 * hour }, (uint64_t[]){ 0, 0 }, 2, 1);
	/* The first of all is wrong. */
	check_times((uint64_t[]){ 2 * hour, 0, 1 }, (uint64_t[]){ 0, 0, 1 }, 3, 1);
	check_times((uint64_t[]){ 3 }, (uint64_t[]){ 3 }, 1, 0);
}

/* A clock that is set back: the frames keep their distances, but for what is made up. */
static void test_clock_set_back(void **state)
{
	const uint64_t back = 2 * LIMIT_TIME_JUMP_S;

	(void)state;
	/* One time stamp that was wrong. */
	check_times((uint64_t[]){ back, back, 0, back + 1 },
		    (uint64_t[]){ back, back, back, back + 1 }, 4, 1);
	check_times((uint64_t[]){ back, back, 0 }, (uint64_t[]){ back, back, back }, 3, 1);
	/* Thirty-two seconds are thirty-one until the clock is right again, at once or in time. */
	check_times((uint64_t[]){ back, back, 0, 32, 64, back + 5, back + 6 },
		    (uint64_t[]){ back, back, back, back + 31, back + 62, back + 62, back + 62 }, 7,
		    5);
	check_times((uint64_t[]){ back, back, 0, 32, 64, back + 62, back + 63 },
		    (uint64_t[]){ back, back, back, back + 31, back + 62, back + 62, back + 63 }, 7,
		    3);
	/* Back once more. */
	check_times((uint64_t[]){ 2 * back, 2 * back, back, back + 32, 0, 32 },
		    (uint64_t[]){ 2 * back, 2 * back, 2 * back, 2 * back + 31, 2 * back + 31,
				  2 * back + 62 },
		    6, 4);
	/* Gaps of nearly an hour. */
	check_times((uint64_t[]){ back, back, 0, 3200, 6400, 9600 },
		    (uint64_t[]){ back, back, back, back + 3100, back + 6200, back + 9300 }, 6, 4);
}

/* Without frames the clock tells: one that was set back holds nobody up. */
static void test_clock_of_a_quiet_link(void **state)
{
	const uint64_t second = 1000000000;
	const uint64_t start = BASE * second;
	const uint64_t back = 2 * LIMIT_TIME_JUMP_S * second;
	struct input input = { 0 };

	(void)state;
	assert_int_equal(input_pass_time(&input, start), start);
	assert_int_equal(input_follow_clock(&input, start + 5 * second), start + 5 * second);
	/* behind the last frame: it waits */
	assert_int_equal(input_follow_clock(&input, start + 4 * second), start + 5 * second);
	assert_int_equal(input_follow_clock(&input, start + 5 * second - back), start + 5 * second);
	assert_int_equal(input_follow_clock(&input, start + 37 * second - back),
			 start + 36 * second);
	/* frames of that clock are in no doubt then, and go on from there */
	assert_false(input_doubts(&input, start + 69 * second - back));
	assert_int_equal(input_pass_time(&input, start + 69 * second - back), start + 67 * second);
	/* right again */
	assert_int_equal(input_follow_clock(&input, start + 70 * second), start + 70 * second);
	assert_int_equal(input_follow_clock(&input, start + 71 * second), start + 71 * second);
}

static void test_gap_between_files(void **state)
{
	(void)state;
	begin_pcap(path_of(0, "a.pcap"), ETHERNET);
	put_frame(BASE, 0, 'a', 60);
	end_file();
	begin_pcap(path_of(1, "b.pcap"), ETHERNET);
	put_frame(BASE + 86400, 0, 'b', 60);
	end_file();
	assert_int_equal(open_paths(2, false, NULL), 0);
	read_all();
	assert_marks("ab");
	assert_int_equal(rig.seen[1].time_ns, at(86400, 0));
	assert_int_equal(rig.stats.time_clamped, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_time_goes_back),    TEST(test_time_jumps),
		TEST(test_clock_set_back),    TEST(test_clock_of_a_quiet_link),
		TEST(test_gap_between_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
