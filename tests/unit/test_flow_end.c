/* test_flow_end.c: flows that end by the wheel, to make room, and all at once. */
#include <stdlib.h>

#include "tests/unit/flow_fixture.h"

static void idle_by_wheel(void **state)
{
	(void)state;
	udp(1, T0);
	udp(1, T0 + 30 * S);
	for (uint64_t s = 1; s <= 89; s++)
		flow_advance(table, T0 + s * S);
	flow_advance(table, T0 + 90 * S);
	assert_int_equal(record_count, 0); /* a gap of 60 s is not too long */
	flow_advance(table, T0 + 92 * S + S / 2);
	assert_int_equal(record_count, 1);
	expect_record(0, FLOW_END_IDLE, T0, T0 + 30 * S, 2, 0);
	assert_int_equal(flow_count(table), 0);
	assert_int_equal(stats.flows_active, 0);
	flow_advance(table, T0 + 9000 * S);
	assert_int_equal(record_count, 1);
}

static void one_late_advance_ends_all(void **state)
{
	(void)state;
	for (unsigned host = 0; host < 1000; host++)
		udp(host, T0 + host * S / 4);
	flow_advance(table, T0 + 100000 * S);
	assert_int_equal(record_count, 1000);
	assert_int_equal(flow_count(table), 0);
	assert_int_equal(udp(5, T0 + 100000 * S) == FLOW_NONE, false);
}

static void established_waits_longer(void **state)
{
	(void)state;
	tcp(true, TCP_SYN, 10, 0, T0);
	tcp(false, TCP_SYN | TCP_ACK, 20, 0, T0);
	tcp(true, TCP_ACK, 11, 0, T0);
	for (uint64_t s = 1; s <= 600; s++)
		flow_advance(table, T0 + s * S);
	assert_int_equal(record_count, 0);
	flow_advance(table, T0 + 602 * S + S / 2);
	assert_int_equal(record_count, 1);
	expect_record(0, FLOW_END_IDLE, T0, T0, 2, 1);
	assert_int_equal(records[0].state, FLOW_TCP_ESTABLISHED);
}

static void closed_ends_soon_by_wheel(void **state)
{
	(void)state;
	tcp(true, TCP_SYN, 10, 0, T0);
	tcp(false, TCP_SYN | TCP_ACK, 20, 0, T0);
	tcp(true, TCP_ACK, 11, 0, T0);
	flow_advance(table, T0 + 5 * S);
	tcp(true, TCP_RST, 11, 0, T0 + 6 * S);
	tcp(false, TCP_ACK, 21, 5, T0 + 15 * S); /* late, still its own */
	flow_advance(table, T0 + 25 * S);
	assert_int_equal(record_count, 0);
	flow_advance(table, T0 + 27 * S + S / 2);
	assert_int_equal(record_count, 1);
	expect_record(0, FLOW_END_CLOSED, T0, T0 + 15 * S, 3, 2);
}

static void one_packet_flows_go_first(void **state)
{
	(void)state;
	for (unsigned host = 0; host < 64; host++) {
		udp(host, T0 + host);
		if (host != 10 && host != 20)
			udp(host, T0 + host);
	}
	assert_int_not_equal(udp(100, T0 + S), FLOW_NONE);
	assert_int_equal(record_count, 1);
	expect_record(0, FLOW_END_EVICTED, T0 + 10, T0 + 10, 1, 0);
	udp(100, T0 + S);
	assert_int_not_equal(udp(101, T0 + S), FLOW_NONE);
	expect_record(1, FLOW_END_EVICTED, T0 + 20, T0 + 20, 1, 0);
	assert_int_equal(stats.flows_evicted, 2);
	assert_int_equal(flow_count(table), 64);
}

static void then_the_longest_silent(void **state)
{
	(void)state;
	for (unsigned host = 0; host < 64; host++) {
		udp(host, T0 + S + host);
		udp(host, host == 20 ? T0 + S + host : T0 + 2 * S);
	}
	udp(100, T0 + 3 * S);
	assert_int_equal(record_count, 1);
	expect_record(0, FLOW_END_EVICTED, T0 + S + 20, T0 + S + 20, 2, 0);
}

static void a_later_record_is_not_one_packet(void **state)
{
	(void)state;
	flow_table_free(table);
	make_table(64, 30);
	udp(0, T0);
	udp(0, T0 + 50 * S); /* ACTIVE, then one packet in the new record */
	assert_int_equal(record_count, 1);
	for (unsigned host = 1; host < 64; host++) {
		udp(host, T0 + 50 * S + host);
		if (host != 63)
			udp(host, T0 + 50 * S + host);
	}
	udp(100, T0 + 51 * S);
	assert_int_equal(record_count, 2);
	assert_int_equal(records[1].start_ns, T0 + 50 * S);
	udp(101, T0 + 51 * S);
	assert_int_equal(record_count, 3);
	assert_int_equal(records[2].start_ns, T0 + 50 * S + 63);
}

static void a_flood_spares_mining_flows(void **state)
{
	uint32_t mining[8];

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		mining[i] = udp(1000 + i, T0);
		flow_hot(table, mining[i])->flags |= FLOW_MINING;
	}
	for (unsigned i = 0; i < 19000; i++)
		assert_int_not_equal(udp(2000 + i, T0 + i), FLOW_NONE);
	assert_int_equal(flow_count(table), 64);
	assert_int_equal(stats.flow_table_full, 0);
	assert_int_equal(stats.flows_evicted, 19000 - 56);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(udp(1000 + i, T0 + S), mining[i]);
		assert_int_equal(flow_hot(table, mining[i])->packets[0], 2);
	}
	for (size_t i = 0; i < record_count; i++)
		assert_int_equal(records[i].reason, FLOW_END_EVICTED);
}

static void mining_flows_go_last(void **state)
{
	size_t refused = 0;

	(void)state;
	for (unsigned host = 0; host < 64; host++)
		flow_hot(table, udp(host, T0 + 64 - host))->flags |= FLOW_MINING;
	for (unsigned i = 0; i < 10; i++)
		refused += udp(100 + i, T0 + S) == FLOW_NONE;
	/* One whole turn of nothing but mining gives way once, to a flow that then goes first. */
	assert_int_equal(refused, 0);
	assert_int_equal(record_count, 10);
	expect_record(0, FLOW_END_EVICTED, T0 + 1, T0 + 1, 1, 0);
	for (size_t i = 1; i < 10; i++)
		assert_int_equal(records[i].start_ns, T0 + S);
	assert_int_equal(stats.flow_table_full, 0);
}

static void nothing_to_evict_is_counted(void **state)
{
	size_t refused = 0;

	(void)state;
	flow_table_free(table);
	make_table(1024, 0);
	for (unsigned host = 0; host < 1024; host++)
		flow_hot(table, udp(host, T0))->flags |= FLOW_MINING;
	for (unsigned i = 0; i < 4; i++)
		refused += udp(2000, T0) == FLOW_NONE;
	/* 256 lines a packet: the turn is complete with the fourth. */
	assert_int_equal(refused, 3);
	assert_int_equal(stats.flow_table_full, 3);
	assert_int_equal(record_count, 1);
}

static void flush_is_in_order_of_last_packet(void **state)
{
	(void)state;
	tcp(true, TCP_SYN, 1, 0, T0);
	tcp(false, TCP_RST, 1, 0, T0 + 3);
	for (unsigned host = 0; host < 900; host++)
		udp(host, T0 + 10000 - 7919 * host % 10000);
	udp(1, T0 + 20000);
	flow_flush(table);
	assert_int_equal(record_count, 901);
	for (size_t i = 1; i < record_count; i++)
		assert_true(records[i - 1].last_ns <= records[i].last_ns);
	for (size_t i = 0; i < record_count; i++)
		assert_int_equal(records[i].reason, records[i].key.proto == IP_PROTO_TCP
							    ? FLOW_END_CLOSED
							    : FLOW_END_FORCED);
	assert_int_equal(flow_count(table), 0);
	assert_int_equal(stats.flows_active, 0);
	flow_flush(table);
	assert_int_equal(record_count, 901);
	/* The table works as before. */
	udp(1, T0 + 30000);
	assert_int_equal(udp(1, T0 + S), udp(1, T0 + S));
	flow_advance(table, T0 + 100 * S);
	assert_int_equal(record_count, 902);
	expect_record(901, FLOW_END_IDLE, T0 + 30000, T0 + S, 3, 0);
}

static void flush_sorts_crowded_times(void **state)
{
	(void)state;
	for (unsigned host = 0; host < 1000; host++)
		udp(host, T0 + 37 * host % 11);
	udp(2000, T0 + 1000000 * S);
	flow_flush(table);
	assert_int_equal(record_count, 1001);
	for (size_t i = 1; i < record_count; i++)
		assert_true(records[i - 1].last_ns <= records[i].last_ns);
	assert_int_equal(records[0].last_ns, T0);
	assert_int_equal(records[1000].last_ns, T0 + 1000000 * S);
}

static int by_key_and_start(const void *a, const void *b)
{
	const struct record *one = a;
	const struct record *two = b;
	int order = memcmp(&one->key, &two->key, sizeof(one->key));

	if (order != 0)
		return order;
	return one->start_ns < two->start_ns ? -1 : one->start_ns > two->start_ns;
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Forty connections with every kind of gap; the table is advanced every step_ns of packet time, or
 * only at the end when step_ns is 0. Returns the records in order of key and start. */
static size_t play(uint64_t step_ns, struct record *out)
{
	static const uint8_t flags[] = { TCP_SYN,           TCP_SYN | TCP_ACK,
					 TCP_ACK,           TCP_ACK | TCP_PSH,
					 TCP_ACK | TCP_PSH, TCP_ACK,
					 TCP_FIN | TCP_ACK, TCP_RST };
	static const uint64_t gaps_ms[] = { 1, 50, 50, 200, 1000, 3000, 8000 };
	uint64_t seed = 42;
	uint64_t now = T0;
	uint64_t tick = T0;
	enum direction dir;

	make_table(1024, 300);
	for (size_t i = 0; i < 60000; i++) {
		uint64_t pick = next_random(&seed);
		unsigned host = (unsigned)(pick % 40);
		uint8_t proto = host % 4 == 0 ? IP_PROTO_UDP : IP_PROTO_TCP;
		struct packet packet;

		/* Low hosts talk all the time, high ones now and then. */
		if (pick / 64 % 40 < host)
			host %= 5;
		now += gaps_ms[pick / 4096 % 7] * 1000000 / 4 + next_random(&seed) % 1000;
		packet = pick / 65536 % 2 == 0 ? packet_of(proto, host, 40000, 500, 3333, now)
					       : packet_of(proto, 500, 3333, host, 40000, now);
		if (proto == IP_PROTO_TCP) {
			packet.tcp_flags = flags[pick / 131072 % 128 < 40 ? pick / 131072 % 8 : 3];
			packet.tcp_seq = (uint32_t)next_random(&seed);
		}
		while (step_ns != 0 && tick + step_ns <= now) {
			tick += step_ns;
			flow_advance(table, tick);
		}
		assert_int_not_equal(touch(&packet, &dir), FLOW_NONE);
	}
	flow_advance(table, now + 10000 * S);
	assert_int_equal(flow_count(table), 0);
	flow_table_free(table);
	qsort(records, record_count, sizeof(records[0]), by_key_and_start);
	memcpy(out, records, record_count * sizeof(records[0]));
	return record_count;
}

static struct record played[2][RECORDS];

static void wheel_and_packet_find_the_same_records(void **state)
{
	static const uint64_t steps_ns[] = { S / 3, S, 2 * S, 17 * S, 1000 * S };
	size_t count = play(0, played[0]);
	size_t by_reason[FLOW_END_EVICTED + 1] = { 0 };

	(void)state;
	for (size_t i = 0; i < count; i++)
		by_reason[played[0][i].reason]++;
	assert_true(by_reason[FLOW_END_IDLE] > 50);
	assert_true(by_reason[FLOW_END_ACTIVE] > 50);
	assert_true(by_reason[FLOW_END_CLOSED] > 50);
	assert_true(by_reason[FLOW_END_REUSED] > 50);
	for (size_t i = 0; i < sizeof(steps_ns) / sizeof(steps_ns[0]); i++) {
		assert_int_equal(play(steps_ns[i], played[1]), count);
		assert_memory_equal(played[1], played[0], count * sizeof(played[0][0]));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define FULL(name) cmocka_unit_test_setup_teardown(name, setup_full, teardown)
	const struct CMUnitTest tests[] = {
		TEST(idle_by_wheel),
		TEST(one_late_advance_ends_all),
		TEST(established_waits_longer),
		TEST(closed_ends_soon_by_wheel),
		FULL(one_packet_flows_go_first),
		FULL(then_the_longest_silent),
		FULL(a_later_record_is_not_one_packet),
		FULL(a_flood_spares_mining_flows),
		FULL(mining_flows_go_last),
		FULL(nothing_to_evict_is_counted),
		TEST(flush_is_in_order_of_last_packet),
		TEST(flush_sorts_crowded_times),
		cmocka_unit_test(wheel_and_packet_find_the_same_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
