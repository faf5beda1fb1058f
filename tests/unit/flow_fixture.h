/* flow_fixture.h: one flow table, the records it makes and hand-made packets, for its tests. */
#ifndef TESTS_UNIT_FLOW_FIXTURE_H
#define TESTS_UNIT_FLOW_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sensor/flow.h"

#define S       UINT64_C(1000000000)
#define T0      (1772704680 * S) /* 2026-03-05T09:58:00Z */
#define RECORDS 20000

/* A record as the worker would see it. */
struct record {
	struct flow_key key;
	uint64_t first_ns, start_ns, last_ns;
	uint64_t packets[2], bytes[2];
	uint32_t reason;
	uint32_t state;
};

static struct flow_table *table;
static struct stats stats;
static struct record records[RECORDS];
static size_t record_count;
static size_t opened_count;
static int guess = -1;

static inline void on_opened(void *ctx, uint32_t index, const struct packet *packet)
{
	assert_ptr_equal(ctx, &stats);
	assert_memory_equal(&flow_cold(table, index)->key, &packet->key, sizeof(packet->key));
	assert_int_equal(flow_hot(table, index)->packets[0], 0);
	assert_int_equal(flow_cold(table, index)->watch, 0);
	opened_count++;
}

static inline void on_ended(void *ctx, uint32_t index, enum flow_end reason)
{
	const struct flow *hot = flow_hot(table, index);
	const struct flow_cold *cold = flow_cold(table, index);
	struct record *record = &records[record_count];

	assert_ptr_equal(ctx, &stats);
	assert_true(record_count < RECORDS);
	assert_int_equal(hot->packets[0] + hot->packets[1] + hot->bytes[0] + hot->bytes[1], 0);
	memset(record, 0, sizeof(*record));
	record->key = cold->key;
	record->first_ns = cold->first_ns;
	record->start_ns = cold->start_ns;
	record->last_ns = hot->last_ns;
	memcpy(record->packets, cold->packets, sizeof(record->packets));
	memcpy(record->bytes, cold->bytes, sizeof(record->bytes));
	record->reason = (uint32_t)reason;
	record->state = hot->tcp_state;
	record_count++;
}

static inline int on_guess(void *ctx, const struct flow_key *key)
{
	assert_ptr_equal(ctx, &stats);
	assert_int_equal(key->proto, IP_PROTO_TCP);
	return guess;
}

static inline void make_table(size_t capacity, uint32_t active_s)
{
	const struct flow_table_options options = {
		.capacity = capacity,
		.timeouts = { .idle_s = 60,
			      .idle_tcp_s = 600,
			      .closed_s = 10,
			      .active_s = active_s },
		.hooks = { on_opened, on_ended, on_guess, &stats },
		.has_fixed_key = true,
	};

	memset(&stats, 0, sizeof(stats));
	record_count = 0;
	opened_count = 0;
	guess = -1;
	table = flow_table_new(&options, &stats);
	assert_non_null(table);
}

static inline int setup(void **state)
{
	(void)state;
	make_table(1024, 0);
	return 0;
}

static inline int setup_active(void **state)
{
	(void)state;
	make_table(1024, 300);
	return 0;
}

static inline int setup_full(void **state)
{
	(void)state;
	make_table(64, 0);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	flow_table_free(table);
	return 0;
}

/* A packet of host 192.0.2.<from> to 192.0.2.<to>. */
static inline struct packet packet_of(uint8_t proto, unsigned from, uint16_t from_port, unsigned to,
				      uint16_t to_port, uint64_t time_ns)
{
	const uint8_t src[4] = { 192, 0, (uint8_t)(from >> 8), (uint8_t)from };
	const uint8_t dst[4] = { 192, 0, (uint8_t)(to >> 8), (uint8_t)to };
	struct packet packet = { .time_ns = time_ns, .ip_packets = 1, .ip_bytes = 100 };

	packet.key.proto = proto;
	packet.key.ip_version = 4;
	packet.from_high = flow_key_set(&packet.key, src, dst, from_port, to_port, false);
	return packet;
}

static inline uint32_t touch(const struct packet *packet, enum direction *dir)
{
	struct flow_tag tag = flow_tag_of(table, &packet->key);

	flow_prefetch_bucket(table, tag);
	(void)flow_prefetch_line(table, tag);
	return flow_touch(table, packet, tag, dir);
}

static inline uint32_t udp(unsigned host, uint64_t time_ns)
{
	struct packet packet = packet_of(IP_PROTO_UDP, host, 40000, 65000, 7000, time_ns);
	enum direction dir;
	uint32_t index = touch(&packet, &dir);

	if (index != FLOW_NONE)
		assert_int_equal(dir, DIR_TO_SERVER);
	return index;
}

static inline uint32_t tcp(bool is_client, uint8_t flags, uint32_t seq, uint32_t payload,
			   uint64_t time_ns)
{
	struct packet packet = is_client ? packet_of(IP_PROTO_TCP, 1, 40000, 2, 3333, time_ns)
					 : packet_of(IP_PROTO_TCP, 2, 3333, 1, 40000, time_ns);
	enum direction dir;
	uint32_t index;

	packet.tcp_flags = flags;
	packet.tcp_seq = seq;
	packet.payload_wire = payload;
	packet.payload.len = payload;
	index = touch(&packet, &dir);
	assert_int_not_equal(index, FLOW_NONE);
	assert_int_equal(dir, is_client ? DIR_TO_SERVER : DIR_TO_CLIENT);
	return index;
}

static inline void expect_record(size_t i, enum flow_end reason, uint64_t start_ns,
				 uint64_t last_ns, uint64_t to_server, uint64_t to_client)
{
	assert_true(i < record_count);
	assert_int_equal(records[i].reason, reason);
	assert_int_equal(records[i].start_ns, start_ns);
	assert_int_equal(records[i].last_ns, last_ns);
	assert_int_equal(records[i].packets[DIR_TO_SERVER], to_server);
	assert_int_equal(records[i].packets[DIR_TO_CLIENT], to_client);
	assert_int_equal(records[i].bytes[DIR_TO_SERVER], 100 * to_server);
	assert_int_equal(records[i].bytes[DIR_TO_CLIENT], 100 * to_client);
}

#endif
