/* Files as one stream: merging, numbering, folders, damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/source_rig.h"

static void test_one_file(void **state)
{
	uint64_t done;
	uint64_t total;

	(void)state;
	begin_pcap(path_of(0, "a.pcap"), ETHERNET);
	put_frame(BASE, 999999999, 'a', 60);
	put_frame(BASE + 1, 1, 'b', 1500);
	end_file();
	assert_int_equal(open_paths(1, false, NULL), 0);
	assert_false(source_is_live(rig.source));
	assert_string_equal(source_name(rig.source), rig.paths[0]);
	read_all();
	assert_int_equal(rig.end, -ENODATA);
	assert_marks("ab");
	assert_int_equal(rig.seen[0].time_ns, at(0, 999999999));
	assert_int_equal(rig.seen[1].time_ns, at(1, 1));
	assert_int_equal(rig.seen[1].len, 1500);
	assert_int_equal(rig.seen[1].link, LINK_ETHERNET);
	assert_int_equal(source_now(rig.source), at(1, 1));
	assert_null(source_damage(rig.source, 0));
	assert_int_equal(rig.stats.packets, 2);
	assert_int_equal(rig.stats.bytes, 1560);
	assert_int_equal(rig.stats.time_clamped, 0);
	assert_true(source_progress(rig.source, &done, &total));
	assert_int_equal(total, 24 + 2 * 16 + 1560);
	assert_int_equal(done, total);
	assert_int_equal(source_dispatch(rig.source, on_frame, &rig), -ENODATA);
}

static void test_merged_by_time(void **state)
{
	uint64_t done;
	uint64_t total;

	(void)state;
	begin_pcap(path_of(0, "a.pcap"), ETHERNET);
	put_frame(BASE, 0, 'a', 60);
	put_frame(BASE + 2, 5, 'c', 60);
	put_frame(BASE + 9, 0, 'g', 60);
	end_file();
	begin_pcap(path_of(1, "b.pcap"), RAW_IP);
	put_frame(BASE + 1, 0, 'b', 40);
	put_frame(BASE + 2, 5, 'd', 40); /* same time: the first file first */
	put_frame(BASE + 2, 6, 'e', 40);
	put_frame(BASE + 3, 0, 'f', 40);
	end_file();
	begin_pcap(path_of(2, "empty.pcap"), ETHERNET);
	end_file();
	assert_int_equal(open_paths(3, false, NULL), 0);
	assert_string_equal(source_name(rig.source), "");
	read_all();
	assert_int_equal(rig.end, -ENODATA);
	assert_marks("abcdefg");
	assert_int_equal(rig.seen[1].link, LINK_RAW);
	assert_int_equal(rig.seen[2].link, LINK_ETHERNET);
	assert_int_equal(rig.seen[2].time_ns, at(2, 5));
	assert_true(source_progress(rig.source, &done, &total));
	assert_int_equal(total, 3 * 24 + 7 * 16 + 3 * 60 + 4 * 40);
	assert_int_equal(done, total);

	assert_int_equal(open_paths(3, true, NULL), 0);
	read_all();
	assert_marks("acgbdef");
	assert_int_equal(rig.stats.time_clamped, 4); /* what came after 'g' was earlier */
	assert_int_equal(rig.seen[6].time_ns, at(9, 0));
}

static void test_many_files_merged(void **state)
{
	/* More than are kept open: written backwards, one frame each, all in one folder. */
	const unsigned files = 300;
	const char *folder = rig.folder;

	(void)state;
	for (unsigned i = 0; i < files; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "%03u.pcap", i);
		begin_pcap(path_of(1, name), ETHERNET);
		if (i % 10 == 0)
			put_frame(BASE + files - i, 0, (uint8_t)('A' + i / 10), 60);
		end_file();
	}
	(void)snprintf(rig.paths[0], sizeof(rig.paths[0]), "%s", folder);
	assert_int_equal(open_paths(1, false, NULL), 0);
	read_all();
	assert_int_equal(rig.count, 30);
	assert_int_equal(rig.seen[0].mark, 'A' + 29);
	assert_int_equal(rig.seen[29].mark, 'A');
	assert_int_equal(rig.stats.time_clamped, 0);
}

/* Every file still has a frame when all are open, so that the last ones are closed and reopened. */
static void test_parked_files(void **state)
{
	const unsigned files = 300;
	size_t count = 0;
	int rc;

	(void)state;
	for (unsigned i = 0; i < files; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "%03u.pcap", i);
		begin_pcap(path_of(1, name), ETHERNET);
		put_frame(BASE + i, 0, 'x', 60);
		put_frame(BASE + files + i, 0, 'y', 60);
		end_file();
	}
	(void)snprintf(rig.paths[0], sizeof(rig.paths[0]), "%s", rig.folder);
	assert_int_equal(open_paths(1, false, NULL), 0);
	do {
		rig.count = 0;
		rc = source_dispatch(rig.source, on_frame, &rig);
		for (size_t i = 0; i < rig.count; i++, count++) {
			assert_int_equal(rig.seen[i].number, count + 1);
			assert_int_equal(rig.seen[i].time_ns, at(count, 0));
			assert_int_equal(rig.seen[i].mark, count < files ? 'x' : 'y');
		}
	} while (rc > 0);
	assert_int_equal(rc, -ENODATA);
	assert_int_equal(count, 2 * files);
	assert_null(source_damage(rig.source, 0));
}

static void test_folder(void **state)
{
	char inner[160];

	(void)state;
	(void)snprintf(rig.paths[0], sizeof(rig.paths[0]), "%s", rig.folder);
	assert_int_equal(open_paths(1, false, NULL), -ENOENT);
	assert_non_null(strstr(rig.error, rig.folder));

	begin_pcap(path_of(1, "2.cap"), ETHERNET);
	put_frame(BASE + 1, 0, 'b', 60);
	end_file();
	begin_pcap(path_of(1, "1.pcap"), ETHERNET);
	put_frame(BASE + 1, 0, 'a', 60);
	end_file();
	begin_pcap(path_of(1, "3.pcapng"),
		   ETHERNET); /* the name does not matter, the content does */
	put_frame(BASE + 1, 0, 'c', 60);
	end_file();
	begin_pcap(path_of(1, "notes.txt"), ETHERNET);
	put_frame(BASE, 0, 'X', 60);
	end_file();
	(void)snprintf(inner, sizeof(inner), "%s/inner.pcap", rig.folder);
	assert_int_equal(mkdir(inner, 0700), 0);
	assert_int_equal(open_paths(1, false, NULL), 0);
	read_all();
	assert_marks("abc");
}

/* Cut at every length: every whole frame comes, then the damage is told once. */
static void test_truncated_everywhere(void **state)
{
	const size_t ends[] = { 24, 24 + 16 + 20, 24 + 16 + 20 + 16 + 30 };

	(void)state;
	for (size_t len = 0; len <= ends[2]; len++) {
		size_t whole = len < ends[1] ? 0 : len < ends[2] ? 1 : 2;
		bool is_clean = len == ends[0] || len == ends[1] || len == ends[2];

		begin_pcap(path_of(0, "a.pcap"), ETHERNET);
		put_frame(BASE, 0, 'a', 20);
		put_frame(BASE + 1, 0, 'b', 30);
		end_file();
		assert_int_equal(truncate(rig.paths[0], (off_t)len), 0);
		if (len < ends[0]) {
			assert_int_equal(open_paths(1, false, NULL), -EIO);
			assert_non_null(strstr(rig.error, rig.paths[0]));
			assert_null(rig.source);
			continue;
		}
		assert_int_equal(open_paths(1, false, NULL), 0);
		read_all();
		assert_int_equal(rig.end, -ENODATA);
		assert_marks(whole == 0 ? "" : whole == 1 ? "a" : "ab");
		if (is_clean) {
			assert_null(source_damage(rig.source, 0));
			continue;
		}
		assert_non_null(strstr(source_damage(rig.source, 0), rig.paths[0]));
		assert_non_null(strstr(source_damage(rig.source, 0),
				       whole == 0 ? ": packet 1: trunc" : ": packet 2: trunc"));
		assert_int_equal(source_dispatch(rig.source, on_frame, &rig), -ENODATA);
		assert_null(source_damage(rig.source, 1));
	}
}

static void test_damage_in_one_of_several(void **state)
{
	(void)state;
	begin_pcap(path_of(0, "a.pcap"), ETHERNET);
	put_frame(BASE, 0, 'a', 60);
	put_frame(BASE + 1, 0, 'b', 60);
	end_file();
	assert_int_equal(truncate(rig.paths[0], 24 + 16 + 60 + 17), 0);
	begin_pcap(path_of(1, "b.pcap"), ETHERNET);
	put_frame(BASE, 5, 'c', 60);
	put_frame(BASE + 2, 0, 'd', 60);
	end_file();
	begin_pcap(path_of(2, "c.pcap"), ETHERNET);
	put_frame(BASE + 1, 0, 'e', 60);
	put_u32((uint32_t)BASE + 2); /* a record header that cannot be */
	put_u32(0);
	put_u32(0x7fffffff);
	put_u32(0x7fffffff);
	end_file();
	rig.file = fopen(path_of(3, "d.pcap"), "wb");
	assert_non_null(rig.file);
	assert_int_not_equal(fputs("not a capture file at all, whatever its name says", rig.file),
			     EOF);
	end_file();
	assert_int_equal(open_paths(4, false, NULL), 0);
	read_all();
	assert_int_equal(rig.end, -ENODATA);
	assert_marks("aced");
	assert_non_null(strstr(source_damage(rig.source, 0), "d.pcap: "));
	assert_non_null(strstr(source_damage(rig.source, 1), "a.pcap: packet 2: "));
	assert_non_null(strstr(source_damage(rig.source, 2), "c.pcap: packet 2: "));
	assert_null(source_damage(rig.source, 3));
}

static void test_break(void **state)
{
	(void)state;
	begin_pcap(path_of(0, "a.pcap"), ETHERNET);
	for (unsigned i = 0; i < 10; i++)
		put_frame(BASE + i, 0, 'a', 60);
	end_file();
	begin_pcap(path_of(1, "b.pcap"), ETHERNET);
	end_file();
	for (size_t files = 1; files <= 2; files++) {
		assert_int_equal(open_paths(files, false, NULL), 0);
		source_break(rig.source);
		assert_int_equal(source_dispatch(rig.source, on_frame, &rig), -EINTR);
		assert_int_equal(source_dispatch(rig.source, on_frame, &rig), -EINTR);
		assert_int_equal(rig.count, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_file),
		TEST(test_merged_by_time),
		TEST(test_many_files_merged),
		TEST(test_parked_files),
		TEST(test_folder),
		TEST(test_truncated_everywhere),
		TEST(test_damage_in_one_of_several),
		TEST(test_break),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
