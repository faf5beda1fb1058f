/* Opening files and interfaces: formats, filters, errors that name what they mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/source_rig.h"

static void test_errors_name_the_file(void **state)
{
	(void)state;
	(void)path_of(0, "missing.pcap");
	assert_int_equal(open_paths(1, false, NULL), -ENOENT);
	assert_non_null(strstr(rig.error, rig.paths[0]));

	rig.file = fopen(path_of(0, "a.pcap.gz"), "wb");
	assert_non_null(rig.file);
	assert_int_equal(fwrite("\x1f\x8b\x08\0\0\0\0\0\0\0", 1, 10, rig.file), 10);
	end_file();
	assert_int_equal(open_paths(1, false, NULL), -ENOTSUP);
	assert_non_null(strstr(rig.error, rig.paths[0]));
	assert_non_null(strstr(rig.error, "gzip"));

	begin_pcap(path_of(0, "wifi.pcap"), 105);
	end_file();
	assert_int_equal(open_paths(1, false, NULL), -ENOTSUP);
	assert_non_null(strstr(rig.error, rig.paths[0]));
	assert_non_null(strstr(rig.error, "105"));

	/* One bad name among good ones is an error too, not damage. */
	begin_pcap(path_of(0, "a.pcap"), ETHERNET);
	put_frame(BASE, 0, 'a', 60);
	end_file();
	(void)path_of(1, "missing.pcap");
	assert_int_equal(open_paths(2, false, NULL), -ENOENT);
	assert_non_null(strstr(rig.error, rig.paths[1]));

	assert_int_equal(open_paths(0, false, NULL), -ENOENT);
}

static void test_filter(void **state)
{
	static const uint8_t marks[] = { 0x01, 0x03, 0x02 };

	(void)state;
	begin_pcap(path_of(0, "a.pcap"), ETHERNET);
	for (size_t i = 0; i < sizeof(marks); i++)
		put_frame(BASE + i, 0, marks[i], 60);
	put_frame(BASE + 9, 0, 0x03, 60);
	end_file();
	assert_int_equal(truncate(rig.paths[0], 24 + 4 * 76 - 1), 0);
	assert_int_equal(open_paths(1, false, "ether[0] != 3"), 0);
	read_all();
	assert_marks("\x01\x02");
	/* Counted as other tools count, whatever the filter. */
	assert_non_null(strstr(source_damage(rig.source, 0), "packet 4: "));

	assert_int_equal(open_paths(1, false, "ether[0] == 9"), 0);
	read_all();
	assert_int_equal(rig.count, 0);
	assert_int_equal(rig.end, -ENODATA);

	assert_int_equal(open_paths(1, false, "tcp prot 80"), -EINVAL);
	assert_non_null(strstr(rig.error, "tcp prot 80"));
	assert_int_equal(capture_check_filter("tcp prot 80", rig.error), -EINVAL);
	assert_non_null(strstr(rig.error, "tcp prot 80"));
	assert_int_equal(capture_check_filter("tcp port 80", rig.error), 0);
}

/* Section header, one interface (times in units of 10^-9 s), one enhanced packet. */
static void test_pcapng(void **state)
{
	const uint64_t time_ns = at(3, 123456789);

	(void)state;
	rig.file = fopen(path_of(0, "a.pcapng"), "wb");
	assert_non_null(rig.file);
	for (size_t i = 0; i < 3; i++)
		put_u32((uint32_t[]){ 0x0a0d0d0a, 28, 0x1a2b3c4d }[i]);
	put_u16s(1, 0);
	for (size_t i = 0; i < 5; i++)
		put_u32((uint32_t[]){ 0xffffffff, 0xffffffff, 28, 1, 32 }[i]);
	put_u16s(ETHERNET, 0);
	put_u32(65535);
	put_u16s(9, 1);
	assert_int_equal(fwrite("\x09\0\0\0", 1, 4, rig.file), 4);
	put_u32(0);
	put_u32(32);
	for (size_t i = 0; i < 7; i++)
		put_u32((uint32_t[]){ 6, 36, 0, (uint32_t)(time_ns >> 32), (uint32_t)time_ns, 4,
				      7 }[i]);
	assert_int_equal(fwrite("p\x55\x55\x55", 1, 4, rig.file), 4);
	put_u32(36);
	end_file();
	assert_int_equal(open_paths(1, false, NULL), 0);
	read_all();
	assert_marks("p");
	assert_int_equal(rig.seen[0].time_ns, time_ns);
	assert_int_equal(rig.end, -ENODATA);
	assert_null(source_damage(rig.source, 0));
}

static void test_standard_input(void **state)
{
	int saved = dup(STDIN_FILENO);
	uint64_t done;
	uint64_t total;
	FILE *pipe_end;

	(void)state;
	begin_pcap(path_of(1, "a.pcap"), ETHERNET);
	put_frame(BASE, 0, 'i', 60);
	end_file();
	pipe_end = fopen(rig.paths[1], "rb");
	assert_non_null(pipe_end);
	assert_true(saved >= 0);
	assert_true(dup2(fileno(pipe_end), STDIN_FILENO) >= 0);
	(void)snprintf(rig.paths[0], sizeof(rig.paths[0]), "-");
	assert_int_equal(open_paths(1, false, NULL), 0);
	read_all();
	assert_marks("i");
	assert_string_equal(source_name(rig.source), "-");
	assert_true(source_progress(rig.source, &done, &total));
	assert_int_equal(fclose(pipe_end), 0);
	assert_true(dup2(saved, STDIN_FILENO) >= 0);
	assert_int_equal(close(saved), 0);
}

static void test_missing_interface(void **state)
{
	const struct capture_live options = { .interface = "nosuchif0",
					      .snaplen = 65535,
					      .buffer_bytes = 1u << 20,
					      .timeout_ms = 100 };
	struct source *two[2];
	struct stats stats[2];
	int rc = source_open_live(&rig.source, 1, &options, &rig.stats, rig.error);

	(void)state;
	assert_true(rc == -ENOENT ||
		    rc == -EACCES); /* without privileges it is not even looked up */
	assert_non_null(strstr(rig.error, "nosuchif0"));
	assert_null(rig.source);
	assert_int_equal(source_open_live(two, 2, &options, stats, rig.error), rc);
	assert_null(two[0]);
	assert_null(two[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_errors_name_the_file),
		TEST(test_filter),
		TEST(test_pcapng),
		TEST(test_standard_input),
		TEST(test_missing_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
