/* journal_rig.h: a journal in a directory of its own, records that tell which they are, and the
 * segments that they lie in. */
#ifndef TESTS_UNIT_JOURNAL_RIG_H
#define TESTS_UNIT_JOURNAL_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/journal.h"
#include "sensor/journal_format.h"

#define SEGMENT_BYTES (UINT64_C(64) << 10)

static char dir[64];
static int directory = -1;
static struct journal *journal;
static struct journal_found found;
static uint64_t max_bytes;
static uint64_t segment_bytes;

static inline void remove_files(void)
{
	DIR *stream = opendir(dir);
	const struct dirent *entry;

	assert_non_null(stream);
	while ((entry = readdir(stream)) != NULL)
		if (entry->d_name[0] != '.')
			(void)unlinkat(directory, entry->d_name, 0);
	closedir(stream);
}

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
	(void)state;
	journal_close(journal);
	journal = NULL;
	remove_files();
	close(directory);
	return rmdir(dir);
}

static inline int try_open(char error[JOURNAL_ERROR_TEXT])
{
	struct journal_options options = { .directory = directory,
					   .max_bytes = max_bytes,
					   .segment_bytes = segment_bytes };

	return journal_open(&journal, &options, &found, error);
}

static inline void open_journal(void)
{
	char error[JOURNAL_ERROR_TEXT];

	if (try_open(error) != 0)
		fail_msg("open: %s", error);
	assert_string_equal(error, "");
}

static inline void close_journal(void)
{
	journal_close(journal);
	journal = NULL;
}

/* The body of record number i: its length and bytes tell which it is. */
static inline size_t body_of(uint64_t i, uint8_t *out)
{
	size_t len = (size_t)(i * 7 % 53);

	for (size_t k = 0; k < len; k++)
		out[k] = (uint8_t)(i * 31 + k);
	return len;
}

static inline uint64_t append(uint64_t i)
{
	uint8_t body[64];
	size_t len = body_of(i, body);
	uint64_t sequence = 0;

	assert_int_equal(journal_append(journal, body, len, &sequence), 0);
	return sequence;
}

/* The record that is there next has number i as its body. */
static inline void assert_read(uint64_t *sequence, uint64_t i)
{
	uint8_t want[64];
	uint8_t got[64];
	size_t want_len = body_of(i, want);
	size_t len = 99;

	assert_int_equal(journal_read(journal, sequence, got, sizeof(got), &len), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(got, want, len);
}

static inline void assert_end(uint64_t sequence)
{
	uint8_t got[64];
	size_t len;

	assert_int_equal(journal_read(journal, &sequence, got, sizeof(got), &len), -ENOENT);
}

/* Segments in the directory; the name of the last of them. */
static inline unsigned count_segments(char last[JOURNAL_NAME_BYTES])
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

#endif
