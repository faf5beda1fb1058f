/* test_journal.c: the journal keeps what it was given, whatever is cut, flipped, full or killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sensor/crc32c.h"
#include "sensor/journal.h"
#include "sensor/journal_format.h"

#define SEGMENT_BYTES (UINT64_C(64) << 10)
#define RECORDS       14u

static char dir[64];
static int directory = -1;
static struct journal *journal;
static struct journal_found found;
static uint64_t max_bytes;
static uint64_t segment_bytes;

static void remove_files(void)
{
	DIR *stream = opendir(dir);
	const struct dirent *entry;

	assert_non_null(stream);
	while ((entry = readdir(stream)) != NULL)
		if (entry->d_name[0] != '.')
			(void)unlinkat(directory, entry->d_name, 0);
	closedir(stream);
}

static int setup(void **state)
{
	(void)state;
	/* Thousands of syncs: in memory where that is possible. */
	snprintf(dir, sizeof(dir), "%s/test_journal.XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(dir) == NULL)
		return -1;
	directory = open(dir, O_RDONLY | O_DIRECTORY);
	max_bytes = UINT64_C(16) << 20;
	segment_bytes = SEGMENT_BYTES;
	return directory < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	journal_close(journal);
	journal = NULL;
	remove_files();
	close(directory);
	return rmdir(dir);
}

static int try_open(char error[JOURNAL_ERROR_TEXT])
{
	struct journal_options options = { .directory = directory,
					   .max_bytes = max_bytes,
					   .segment_bytes = segment_bytes };

	return journal_open(&journal, &options, &found, error);
}

static void open_journal(void)
{
	char error[JOURNAL_ERROR_TEXT];

	if (try_open(error) != 0)
		fail_msg("open: %s", error);
	assert_string_equal(error, "");
}

static void close_journal(void)
{
	journal_close(journal);
	journal = NULL;
}

/* The body of record number i: its length and bytes tell which it is. */
static size_t body_of(uint64_t i, uint8_t *out)
{
	size_t len = (size_t)(i * 7 % 53);

	for (size_t k = 0; k < len; k++)
		out[k] = (uint8_t)(i * 31 + k);
	return len;
}

static uint64_t append(uint64_t i)
{
	uint8_t body[64];
	size_t len = body_of(i, body);
	uint64_t sequence = 0;

	assert_int_equal(journal_append(journal, body, len, &sequence), 0);
	return sequence;
}

/* The record that is there next has number i as its body. */
static void assert_read(uint64_t *sequence, uint64_t i)
{
	uint8_t want[64];
	uint8_t got[64];
	size_t want_len = body_of(i, want);
	size_t len = 99;

	assert_int_equal(journal_read(journal, sequence, got, sizeof(got), &len), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(got, want, len);
}

static void assert_end(uint64_t sequence)
{
	uint8_t got[64];
	size_t len;

	assert_int_equal(journal_read(journal, &sequence, got, sizeof(got), &len), -ENOENT);
}

/* Segments in the directory; the name of the last of them. */
static unsigned count_segments(char last[JOURNAL_NAME_BYTES])
{
	DIR *stream = opendir(dir);
	const struct dirent *entry;
	unsigned count = 0;
	struct journal_name name;
	struct journal_name newest = { 0 };

	assert_non_null(stream);
	while ((entry = readdir(stream)) != NULL)
		if (journal_name_read(entry->d_name, &name)) {
			count++;
			if (name.first >= newest.first)
				newest = name;
		}
	closedir(stream);
	if (last != NULL)
		journal_name_write(&newest, last);
	return count;
}

static size_t read_file(const char *name, uint8_t *out, size_t size)
{
	int fd = openat(directory, name, O_RDONLY);
	ssize_t len = read(fd, out, size);

	assert_true(fd >= 0 && len >= 0 && (size_t)len < size);
	close(fd);
	return (size_t)len;
}

static void write_file(const char *name, const uint8_t *bytes, size_t len)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static void crc_is_castagnoli(void **state)
{
	(void)state;
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283u);
	assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283u);
	assert_int_equal(crc32c(0, "", 0), 0);
}

static void names_are_read_back_and_others_are_not(void **state)
{
	static const char *const others[] = {
		"lock",
		"",
		"0000000000000001-0000000000000002.journa",
		"0000000000000001-0000000000000002.journal2",
		"000000000000000g-0000000000000002.journal",
		"000000000000000A-0000000000000002.journal",
		"+000000000000001-0000000000000002.journal",
		"0000000000000001_0000000000000002.journal",
		" 00000000000000a-0000000000000002.journal",
	};
	struct journal_name name = { .first = UINT64_MAX, .salt = 0x0123456789abcdefu };
	struct journal_name back;
	char text[JOURNAL_NAME_BYTES];

	(void)state;
	journal_name_write(&name, text);
	assert_string_equal(text, "ffffffffffffffff-0123456789abcdef.journal");
	assert_true(journal_name_read(text, &back));
	assert_true(back.first == name.first && back.salt == name.salt);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(journal_name_read(others[i], &back));
}

static void records_come_back_in_order(void **state)
{
	uint64_t sequence = 0;

	(void)state;
	open_journal();
	assert_int_equal(found.records, 0);
	assert_end(0);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(append(i), i + 1);
	assert_int_equal(journal_sync(journal), 0);
	assert_int_equal(journal_pending(journal), 100);
	assert_int_equal(journal_next(journal), 101);
	close_journal();
	open_journal();
	assert_int_equal(found.records, 100);
	assert_int_equal(found.damaged, 0);
	for (uint64_t i = 0; i < 100; i++) {
		assert_read(&sequence, i);
		assert_int_equal(sequence++, i + 1);
	}
	assert_end(sequence);
	assert_int_equal(append(7), 101);
	assert_read(&sequence, 7);
}

static void retired_records_are_gone_in_any_order(void **state)
{
	static const uint64_t order[] = { 5, 2, 9, 3, 7 };
	static const uint64_t left[] = { 1, 4, 6, 8, 10 };
	uint64_t sequence = 0;

	(void)state;
	open_journal();
	for (uint64_t i = 1; i <= 10; i++)
		append(i);
	for (size_t i = 0; i < 5; i++) {
		journal_retire(journal, order[i]);
		journal_retire(journal, order[i]); /* again: nothing happens */
	}
	journal_retire(journal, 0);
	journal_retire(journal, 11);
	journal_retire(journal, UINT64_MAX);
	assert_int_equal(journal_pending(journal), 5);
	for (int turn = 0; turn < 2; turn++) {
		sequence = 0;
		for (size_t i = 0; i < 5; i++) {
			assert_read(&sequence, left[i]);
			assert_int_equal(sequence++, left[i]);
		}
		assert_end(sequence);
		close_journal();
		open_journal();
		assert_int_equal(found.records, 5);
	}
}

static void what_is_retired_wholly_leaves_no_segment(void **state)
{
	(void)state;
	open_journal();
	for (uint64_t i = 1; i <= 10; i++)
		append(i);
	assert_int_equal(count_segments(NULL), 1);
	for (uint64_t i = 10; i >= 1; i--)
		journal_retire(journal, i);
	close_journal();
	assert_int_equal(count_segments(NULL), 0);
	open_journal();
	assert_int_equal(found.records, 0);
	assert_int_equal(journal_bytes(journal), 0);
}

static void segments_follow_one_another_and_the_oldest_go(void **state)
{
	uint64_t sequence = 0;

	(void)state;
	segment_bytes = 512;
	open_journal();
	for (uint64_t i = 1; i <= 200; i++)
		append(i);
	assert_true(count_segments(NULL) > 15);
	/* A record in the first one keeps all that tell of retired ones. */
	for (uint64_t i = 2; i <= 200; i++)
		journal_retire(journal, i);
	assert_int_equal(journal_sync(journal), 0);
	assert_true(count_segments(NULL) > 15);
	assert_read(&sequence, 1);
	close_journal();
	open_journal();
	assert_int_equal(found.records, 1);
	sequence = 0;
	assert_read(&sequence, 1);
	append(77);
	journal_retire(journal, 1);
	assert_int_equal(count_segments(NULL), 1);
	sequence = 0;
	assert_read(&sequence, 77);
}

static void the_cap_refuses_and_room_lets_in_again(void **state)
{
	uint8_t body[1000] = { 0 };
	uint64_t sequence;
	uint64_t count = 0;
	int result;

	(void)state;
	segment_bytes = 4096;
	max_bytes = 16384;
	open_journal();
	while ((result = journal_append(journal, body, sizeof(body), &sequence)) == 0)
		count++;
	assert_int_equal(result, -EDQUOT);
	assert_true(count >= 12 && journal_bytes(journal) <= max_bytes);
	assert_int_equal(journal_pending(journal), count);
	assert_int_equal(journal_append(journal, body, sizeof(body), &sequence), -EDQUOT);
	for (uint64_t i = 1; i <= 8; i++)
		journal_retire(journal, i);
	assert_int_equal(journal_append(journal, body, sizeof(body), &sequence), 0);
	assert_int_equal(sequence, count + 1);
}

static void the_largest_record_fits_and_a_larger_does_not(void **state)
{
	uint8_t *body = calloc(1, JOURNAL_BODY_MAX + 1);
	uint8_t *back = malloc(JOURNAL_BODY_MAX);
	uint64_t sequence = 0;
	size_t len;

	(void)state;
	assert_true(body != NULL && back != NULL);
	for (size_t i = 0; i < JOURNAL_BODY_MAX; i++)
		body[i] = (uint8_t)(i * 13 >> 3);
	open_journal();
	assert_int_equal(journal_append(journal, body, JOURNAL_BODY_MAX + 1, &sequence), -EMSGSIZE);
	assert_int_equal(journal_pending(journal), 0);
	assert_int_equal(journal_append(journal, body, JOURNAL_BODY_MAX, &sequence), 0);
	append(3);
	close_journal();
	open_journal();
	sequence = 0;
	assert_int_equal(journal_read(journal, &sequence, back, 100, &len), -EMSGSIZE);
	assert_int_equal(sequence, 1);
	assert_int_equal(journal_read(journal, &sequence, back, JOURNAL_BODY_MAX, &len), 0);
	assert_int_equal(len, JOURNAL_BODY_MAX);
	assert_memory_equal(back, body, len);
	sequence = 2;
	assert_read(&sequence, 3);
	free(body);
	free(back);
}

static void a_second_process_is_refused(void **state)
{
	char error[JOURNAL_ERROR_TEXT];
	struct journal *first;

	(void)state;
	open_journal();
	first = journal;
	assert_int_equal(try_open(error), -EBUSY);
	assert_string_equal(error, "in use by another process");
	journal = first;
	close_journal();
	open_journal();
}

/* --- damage --------------------------------------------------------------------------------- */

/* One segment: records, and between them one that retires some; where each lies. */
struct laid {
	uint64_t sequence; /* 0: retires 2 and 3 */
	size_t begin;
	size_t end; /* without the zero bytes behind */
};

static struct laid laid[RECORDS + 1];
static uint8_t whole[4096];
static size_t whole_len;
static char segment_name[JOURNAL_NAME_BYTES];

static void lay_segment(void)
{
	uint8_t body[64];
	size_t at = JOURNAL_HEAD_BYTES;
	size_t k = 0;

	open_journal();
	for (uint64_t i = 1; i <= RECORDS; i++) {
		if (i == 9) {
			journal_retire(journal, 2);
			journal_retire(journal, 3);
			assert_int_equal(journal_sync(journal), 0);
			laid[k++] = (struct laid){ 0, at, at + JOURNAL_RECORD_BYTES + 16 };
			at += journal_record_size(16);
		}
		append(i);
		laid[k++] = (struct laid){ i, at, at + JOURNAL_RECORD_BYTES + body_of(i, body) };
		at += journal_record_size(body_of(i, body));
	}
	close_journal();
	assert_int_equal(count_segments(segment_name), 1);
	whole_len = read_file(segment_name, whole, sizeof(whole));
	assert_int_equal(whole_len, at);
}

/* Opens what is in the directory and compares it: is_whole says which of laid can be read. */
static void assert_kept(const bool *is_whole)
{
	uint64_t sequence = 0;
	bool are_retired = true;
	uint64_t last = 0;
	uint64_t count = 0;

	for (size_t k = 0; k <= RECORDS; k++)
		if (laid[k].sequence == 0)
			are_retired = is_whole[k];
	open_journal();
	for (size_t k = 0; k <= RECORDS; k++) {
		uint64_t i = laid[k].sequence;

		if (!is_whole[k] || i == 0 || (are_retired && (i == 2 || i == 3)))
			continue;
		assert_read(&sequence, i);
		assert_int_equal(sequence++, i);
		last = i;
		count++;
	}
	assert_end(sequence);
	assert_int_equal(found.records, count);
	/* It goes on, and what is new is there next time, too. */
	sequence = append(50);
	assert_true(sequence > last);
	close_journal();
	open_journal();
	assert_int_equal(found.records, count + 1);
	assert_read(&sequence, 50);
	close_journal();
}

static void restore_segment(const uint8_t *bytes, size_t len)
{
	remove_files();
	write_file(segment_name, bytes, len);
}

static void power_lost_at_any_byte_keeps_what_was_whole(void **state)
{
	(void)state;
	lay_segment();
	for (size_t len = 0; len <= whole_len; len++) {
		bool is_whole[RECORDS + 1];

		for (size_t k = 0; k <= RECORDS; k++)
			is_whole[k] = laid[k].end <= len;
		restore_segment(whole, len);
		assert_kept(is_whole);
	}
}

/* The disk may have taken the size but not the bytes. */
static void a_tail_of_zeros_is_no_record(void **state)
{
	uint8_t bytes[sizeof(whole)];

	(void)state;
	lay_segment();
	for (size_t len = 0; len < whole_len; len += 3) {
		bool is_whole[RECORDS + 1];
		size_t last = whole_len;

		while (last > 0 && whole[last - 1] == 0)
			last--;
		memcpy(bytes, whole, whole_len);
		memset(bytes + len, 0, whole_len - len);
		for (size_t k = 0; k <= RECORDS; k++)
			is_whole[k] = laid[k].end <= len ||
				      memcmp(bytes + laid[k].begin, whole + laid[k].begin,
					     laid[k].end - laid[k].begin) == 0;
		restore_segment(bytes, whole_len);
		assert_kept(is_whole);
	}
}

static void one_flipped_byte_costs_one_record(void **state)
{
	static const uint8_t flips[] = { 0x01, 0x80, 0xff };
	uint8_t bytes[sizeof(whole)];

	(void)state;
	lay_segment();
	for (size_t at = 0; at < whole_len; at++) {
		bool is_whole[RECORDS + 1];

		memcpy(bytes, whole, whole_len);
		bytes[at] ^= flips[at % sizeof(flips)];
		for (size_t k = 0; k <= RECORDS; k++)
			is_whole[k] = at < laid[k].begin || at >= laid[k].end;
		restore_segment(bytes, whole_len);
		assert_kept(is_whole);
	}
}

static void damage_is_counted(void **state)
{
	uint8_t bytes[sizeof(whole)];

	(void)state;
	lay_segment();
	restore_segment(whole, whole_len - 9);
	open_journal();
	assert_true(found.damaged > 0 && found.damaged <= whole_len - laid[RECORDS].begin);
	close_journal();
	memcpy(bytes, whole, whole_len);
	bytes[laid[4].begin + 20] ^= 4;
	restore_segment(bytes, whole_len);
	open_journal();
	assert_int_equal(found.damaged, laid[5].begin - laid[4].begin);
	close_journal();
	restore_segment(whole, whole_len);
	open_journal();
	assert_int_equal(found.damaged, 0);
}

/* What a stranger wrote looks like a record, and the one around it is damaged. */
static void a_body_cannot_pass_for_a_record(void **state)
{
	struct journal_record forged = {
		.kind = JOURNAL_DATA, .sequence = 2, .body = (const uint8_t *)"forged", .len = 6
	};
	uint8_t body[64] = { 0 };
	uint8_t bytes[512];
	char name[JOURNAL_NAME_BYTES];
	uint64_t sequence = 0;
	size_t len;

	(void)state;
	journal_record_write(&forged, 0, body + 8);
	memcpy(body + 8 + JOURNAL_RECORD_BYTES, "forged", 6);
	open_journal();
	append(1);
	assert_int_equal(journal_append(journal, body, sizeof(body), &sequence), 0);
	append(3);
	close_journal();
	count_segments(name);
	len = read_file(name, bytes, sizeof(bytes));
	bytes[JOURNAL_HEAD_BYTES + journal_record_size(7) + 17] ^= 1;
	write_file(name, bytes, len);
	open_journal();
	assert_int_equal(found.records, 2);
	sequence = 0;
	assert_read(&sequence, 1);
	sequence++;
	assert_read(&sequence, 3);
}

static void a_sequence_out_of_place_is_damage(void **state)
{
	struct journal_name name = { .first = 1, .salt = 99 };
	struct journal_record record = { .kind = JOURNAL_DATA, .sequence = 1 };
	uint8_t bytes[JOURNAL_HEAD_BYTES + 3 * JOURNAL_RECORD_BYTES];
	char text[JOURNAL_NAME_BYTES];

	(void)state;
	journal_name_write(&name, text);
	journal_head_write(&name, bytes);
	journal_record_write(&record, name.salt, bytes + JOURNAL_HEAD_BYTES);
	record.sequence = 3; /* only one lies before it */
	journal_record_write(&record, name.salt, bytes + JOURNAL_HEAD_BYTES + 24);
	record.sequence = 1; /* was there */
	journal_record_write(&record, name.salt, bytes + JOURNAL_HEAD_BYTES + 48);
	write_file(text, bytes, sizeof(bytes));
	open_journal();
	assert_int_equal(found.records, 1);
	assert_int_equal(found.damaged, 48);
	assert_int_equal(journal_next(journal), 2);
}

static void another_version_is_refused(void **state)
{
	struct journal_name name = { .first = 1, .salt = 0 };
	static const uint8_t salt[8];
	uint8_t bytes[JOURNAL_HEAD_BYTES];
	char text[JOURNAL_NAME_BYTES];
	char error[JOURNAL_ERROR_TEXT];
	uint32_t crc;

	(void)state;
	journal_name_write(&name, text);
	journal_head_write(&name, bytes);
	bytes[8] = 2;
	crc = crc32c(crc32c(0, salt, 8), bytes, 28);
	for (unsigned i = 0; i < 4; i++)
		bytes[28 + i] = (uint8_t)(crc >> 8 * i);
	write_file(text, bytes, sizeof(bytes));
	assert_int_equal(try_open(error), -EPROTONOSUPPORT);
	assert_non_null(strstr(error, text));
	assert_non_null(strstr(error, "another version"));
	assert_int_equal(count_segments(NULL), 1);
	journal = NULL;
}

static void copies_of_a_segment_are_refused(void **state)
{
	struct journal_name copy;
	char name[JOURNAL_NAME_BYTES];
	char error[JOURNAL_ERROR_TEXT];

	(void)state;
	lay_segment();
	assert_true(journal_name_read(segment_name, &copy));
	copy.first = 2;
	journal_name_write(&copy, name);
	write_file(name, whole, whole_len);
	assert_int_equal(try_open(error), -EBADMSG);
	assert_non_null(strstr(error, "overlaps"));
	journal = NULL;
}

static void a_record_damaged_while_open_is_told(void **state)
{
	uint64_t sequence = 0;
	uint8_t got[64];
	size_t len;

	(void)state;
	lay_segment();
	open_journal();
	whole[laid[0].begin + 16] ^= 8;
	write_file(segment_name, whole, whole_len);
	assert_int_equal(journal_read(journal, &sequence, got, sizeof(got), &len), -EBADMSG);
	assert_int_equal(sequence, 1);
	journal_retire(journal, sequence);
	assert_read(&sequence, 4);
}

/* --- a full disk and kills ------------------------------------------------------------------- */

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_refuses_whole_records(void **state)
{
	uint8_t body[3000] = { 1 };
	uint64_t sequence = 0;
	uint64_t count = 0;

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	open_journal();
	append(1);
	for (rlim_t room = 40; room < 3100; room += 97) {
		limit_files(room); /* for each file: also a new segment has no room */
		assert_true(journal_append(journal, body, sizeof(body), &sequence) < 0);
		assert_int_equal(journal_sync(journal), 0);
	}
	limit_files(RLIM_INFINITY);
	assert_int_equal(count_segments(NULL), 1); /* those that stayed empty are gone */
	assert_int_equal(journal_pending(journal), 1);
	sequence = append(2);
	assert_int_equal(sequence, 2);
	/* Some room: a part of a record is cut off again. */
	limit_files(9100);
	while (count < 20 && journal_append(journal, body, sizeof(body), &sequence) == 0)
		count++;
	limit_files(RLIM_INFINITY);
	assert_true(count >= 2);
	append(4);
	close_journal();
	open_journal();
	assert_int_equal(found.records, 3 + count);
	assert_int_equal(found.damaged, 0);
	sequence = 0;
	assert_read(&sequence, 1);
	sequence++;
	assert_read(&sequence, 2);
	sequence = journal_next(journal) - 1;
	assert_read(&sequence, 4);
}

static void retired_ones_that_cannot_be_told_come_back(void **state)
{
	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	open_journal();
	for (uint64_t i = 1; i <= 5000; i++)
		append(i);
	limit_files(16);
	for (uint64_t i = 2; i <= 5000; i++)
		journal_retire(journal, i);
	assert_int_equal(journal_sync(journal), 0);
	assert_int_equal(journal_pending(journal), 1);
	limit_files(RLIM_INFINITY);
	close_journal();
	open_journal();
	/* No record is missing that was not retired; the newest retired ones are known. */
	assert_true(found.records >= 1 && found.records <= 5000 - 2048);
	assert_int_equal(found.damaged, 0);
}

static void write_until_killed(int told)
{
	for (uint64_t i = 1;; i++) {
		uint64_t sequence = append(i);

		if (i % 3 == 0 && journal_sync(journal) != 0)
			_exit(1);
		if (i % 5 == 0)
			journal_retire(journal, sequence);
		if (write(told, &sequence, sizeof(sequence)) != sizeof(sequence))
			_exit(1);
	}
}

static void a_killed_process_loses_nothing_it_was_told(void **state)
{
	(void)state;
	segment_bytes = 4096;
	for (int turn = 0; turn < 10; turn++) {
		uint64_t want = (uint64_t)turn * 37 + 1;
		uint64_t last = 0;
		uint64_t sequence = 0;
		int told[2];
		int status;
		pid_t pid;

		remove_files();
		assert_int_equal(pipe(told), 0);
		pid = fork();
		if (pid == 0) {
			open_journal();
			write_until_killed(told[1]);
		}
		close(told[1]);
		while (last < want)
			assert_int_equal(read(told[0], &last, sizeof(last)), sizeof(last));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		while (read(told[0], &sequence, sizeof(sequence)) == sizeof(sequence))
			last = sequence;
		close(told[0]);
		open_journal();
		assert_int_equal(found.damaged, 0);
		sequence = 1;
		for (uint64_t i = 1; i <= last; i++) {
			if (i % 5 == 0)
				continue; /* retired: gone, or back */
			sequence = i;
			assert_read(&sequence, i);
			assert_int_equal(sequence, i);
		}
		close_journal();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_is_castagnoli),
		cmocka_unit_test(names_are_read_back_and_others_are_not),
		cmocka_unit_test_setup_teardown(records_come_back_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(retired_records_are_gone_in_any_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_retired_wholly_leaves_no_segment, setup,
						teardown),
		cmocka_unit_test_setup_teardown(segments_follow_one_another_and_the_oldest_go,
						setup, teardown),
		cmocka_unit_test_setup_teardown(the_cap_refuses_and_room_lets_in_again, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_largest_record_fits_and_a_larger_does_not,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_second_process_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(power_lost_at_any_byte_keeps_what_was_whole, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_tail_of_zeros_is_no_record, setup, teardown),
		cmocka_unit_test_setup_teardown(one_flipped_byte_costs_one_record, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(a_body_cannot_pass_for_a_record, setup, teardown),
		cmocka_unit_test_setup_teardown(a_sequence_out_of_place_is_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(another_version_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(copies_of_a_segment_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_record_damaged_while_open_is_told, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_refuses_whole_records, setup, teardown),
		cmocka_unit_test_setup_teardown(retired_ones_that_cannot_be_told_come_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_killed_process_loses_nothing_it_was_told, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
