/* stream_rig.h: one stream, segments made by hand, and what it gave, as text. */
#ifndef TESTS_UNIT_STREAM_RIG_H
#define TESTS_UNIT_STREAM_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/stream.h"
#include "tests/unit/guard.h"

#define MS   1000000ull
#define UP   DIR_TO_SERVER
#define DOWN DIR_TO_CLIENT
#define ISN  1000u

/* What a direction gave, as text: data as it came, a gap of n bytes as <n>. */
struct record {
	char text[2][200000];
	size_t len[2];
	uint64_t time_ns[2];
	uint64_t until_ns[2]; /* of the last gap */
};

static struct record record;
static struct stats stats;
static struct stream_pool *pool;
static struct stream *stream;
static uint64_t now_ns;
static struct guard guard;

static inline void on_data(void *ctx, enum direction dir, struct slice bytes, uint64_t time_ns)
{
	struct record *self = ctx;

	assert_true(bytes.len > 0);
	assert_true(bytes.len < sizeof(self->text[dir]) - self->len[dir]);
	memcpy(self->text[dir] + self->len[dir], bytes.ptr, bytes.len);
	self->len[dir] += bytes.len;
	self->time_ns[dir] = time_ns;
}

static inline void on_gap(void *ctx, enum direction dir, uint32_t missing, uint64_t until_ns)
{
	struct record *self = ctx;
	char text[16];
	int len = snprintf(text, sizeof(text), "<%u>", (unsigned)missing);

	on_data(ctx, dir, slice_of(text, (size_t)len), until_ns);
	self->until_ns[dir] = until_ns;
}

static const struct stream_out out = { .data = on_data, .gap = on_gap, .ctx = &record };

static inline void open_pool(size_t streams, size_t held_bytes)
{
	stream_free(stream);
	stream_pool_free(pool);
	pool = stream_pool_new(streams, held_bytes, &stats);
	assert_non_null(pool);
	stream = stream_new(pool);
	assert_non_null(stream);
}

static inline int setup(void **state)
{
	(void)state;
	memset(&record, 0, sizeof(record));
	memset(&stats, 0, sizeof(stats));
	now_ns = 1000000 * MS;
	open_pool(4, 1 << 20);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	stream_free(stream);
	stream_pool_free(pool);
	stream = NULL;
	pool = NULL;
	guard_free(&guard);
	return 0;
}

static inline struct packet packet_of(uint32_t seq, const void *bytes, size_t len)
{
	return (struct packet){ .time_ns = now_ns,
				.tcp_flags = 0,
				.payload_wire = (uint32_t)len,
				.tcp_seq = seq,
				.payload = guard_put(&guard, bytes, len) };
}

static inline void send(enum direction dir, uint32_t seq, const char *text)
{
	struct packet packet = packet_of(seq, text, strlen(text));

	stream_packet(stream, dir, &packet, &out);
}

static inline void send_flags(enum direction dir, uint8_t flags, uint32_t seq, uint32_t ack,
			      const char *text)
{
	struct packet packet = packet_of(seq, text, strlen(text));

	packet.tcp_flags = flags;
	packet.tcp_ack = ack;
	stream_packet(stream, dir, &packet, &out);
}

/* `len` bytes were sent, the first of them captured. */
static inline void send_cut(enum direction dir, uint32_t seq, const char *text, uint32_t len)
{
	struct packet packet = packet_of(seq, text, strlen(text));

	packet.payload_wire = len;
	stream_packet(stream, dir, &packet, &out);
}

static inline void expect(enum direction dir, const char *text)
{
	record.text[dir][record.len[dir]] = '\0';
	assert_string_equal(record.text[dir], text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
