/* source_rig.h: capture files written byte by byte, without libpcap, and a source that reads them.
 *
 * Include after cmocka.h. */
#ifndef TESTS_UNIT_SOURCE_RIG_H
#define TESTS_UNIT_SOURCE_RIG_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/source.h"

#define SECOND   1000000000ull
#define BASE     1772704680ull /* 2026-03-05T09:58:00Z */
#define FRAMES   64
#define ETHERNET 1u
#define RAW_IP   101u

struct seen {
	uint64_t time_ns;
	uint64_t number;
	uint32_t wire_len;
	enum link link;
	size_t len;
	uint8_t mark; /* the first byte */
};

struct rig {
	struct stats stats;
	struct source *source;
	char folder[64];
	char error[CAPTURE_ERROR_TEXT];
	char paths[4][128];
	FILE *file;
	struct seen seen[FRAMES];
	size_t count;
	int end; /* what ended the reading */
};

static struct rig rig;

static inline int setup(void **state)
{
	(void)state;
	memset(&rig, 0, sizeof(rig));
	strncpy(rig.folder, "/tmp/test_source.XXXXXX", sizeof(rig.folder) - 1);
	return mkdtemp(rig.folder) == NULL ? -1 : 0;
}

static inline int teardown(void **state)
{
	char command[128];

	(void)state;
	source_close(rig.source);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", rig.folder);
	return system(command) == 0 ? 0 : -1;
}

static inline const char *path_of(int index, const char *name)
{
	(void)snprintf(rig.paths[index], sizeof(rig.paths[index]), "%s/%s", rig.folder, name);
	return rig.paths[index];
}

static inline void put_u32(uint32_t value)
{
	assert_int_equal(fwrite(&value, sizeof(value), 1, rig.file), 1);
}

/* Two fields of 16 bits. */
static inline void put_u16s(uint16_t first, uint16_t second)
{
	assert_int_equal(fwrite(&first, sizeof(first), 1, rig.file), 1);
	assert_int_equal(fwrite(&second, sizeof(second), 1, rig.file), 1);
}

/* A nanosecond pcap file in the order of this host. */
static inline void begin_pcap(const char *path, uint32_t link_type)
{
	rig.file = fopen(path, "wb");
	assert_non_null(rig.file);
	put_u32(0xa1b23c4d);
	put_u16s(2, 4);
	put_u32(0);
	put_u32(0);
	put_u32(65535);
	put_u32(link_type);
}

static inline void put_frame(uint64_t seconds, uint32_t ns, uint8_t mark, uint32_t len)
{
	put_u32((uint32_t)seconds);
	put_u32(ns);
	put_u32(len);
	put_u32(len + 3); /* three bytes more were sent */
	for (uint32_t i = 0; i < len; i++)
		assert_int_not_equal(fputc(i == 0 ? mark : 0x55, rig.file), EOF);
}

static inline void end_file(void)
{
	assert_int_equal(fclose(rig.file), 0);
}

static inline void on_frame(void *ctx, const struct frame *frame)
{
	struct seen *seen = &rig.seen[rig.count];

	assert_ptr_equal(ctx, &rig);
	assert_true(rig.count < FRAMES);
	assert_true(frame->bytes.len > 0);
	for (size_t i = 1; i < frame->bytes.len; i++)
		assert_int_equal(frame->bytes.ptr[i], 0x55);
	*seen = (struct seen){ .time_ns = frame->time_ns,
			       .number = frame->number,
			       .wire_len = frame->wire_len,
			       .link = frame->link,
			       .len = frame->bytes.len,
			       .mark = frame->bytes.ptr[0] };
	rig.count++;
}

static inline int open_paths(size_t count, bool in_order, const char *filter)
{
	const char *paths[4];

	for (size_t i = 0; i < count; i++)
		paths[i] = rig.paths[i];
	source_close(rig.source);
	rig.count = 0;
	return source_open_files(
		&rig.source,
		&(struct source_files){
			.paths = paths, .count = count, .filter = filter, .in_order = in_order },
		&rig.stats, rig.error);
}

static inline void read_all(void)
{
	size_t before;

	do {
		before = rig.count;
		rig.end = source_dispatch(rig.source, on_frame, &rig);
		if (rig.end > 0)
			assert_int_equal(rig.count - before, rig.end);
		else
			assert_int_equal(rig.count, before);
	} while (rig.end > 0);
	for (size_t i = 0; i < rig.count; i++) {
		assert_int_equal(rig.seen[i].number, i + 1);
		assert_int_equal(rig.seen[i].wire_len, rig.seen[i].len + 3);
		if (i > 0)
			assert_true(rig.seen[i].time_ns >= rig.seen[i - 1].time_ns);
	}
}

static inline void assert_marks(const char *marks)
{
	char got[FRAMES + 1];

	for (size_t i = 0; i < rig.count; i++)
		got[i] = (char)rig.seen[i].mark;
	got[rig.count] = '\0';
	assert_string_equal(got, marks);
}

static inline uint64_t at(uint64_t seconds, uint32_t ns)
{
	return (BASE + seconds) * SECOND + ns;
}

#endif
