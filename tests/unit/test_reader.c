/* test_reader.c: a file, two workers and a correlator over rings that hold very few facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "sensor/correlator.h"
#include "sensor/reader.h"
#include "tests/unit/source_rig.h"

#define WORKERS  2
#define FEED     4096u /* bytes: some ten flow records */
#define UDP_FLOW 32u   /* bytes of a raw IPv4 frame */

static char sensor_id[] = "test";

struct line {
	struct config config;
	struct ring_bell *bell;
	struct ring *urgent, *bulk;
	struct fact_feed feeds[WORKERS];
	struct worker *workers[WORKERS];
	struct correlator *correlator;
	struct reader *reader;
	struct stats correlator_stats;
	_Atomic bool stop, lost;
	uint64_t last_ns; /* of the flow records */
	size_t flows;
	bool in_order;
};

static struct line line;

/* One datagram from 10.0.x.y to 192.0.2.1; the port tells flows between the same hosts apart. */
static void put_udp(uint64_t ns, uint16_t host, uint16_t port)
{
	uint8_t frame[UDP_FLOW] = { 0x45, 0, 0, UDP_FLOW, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0 };

	frame[14] = (uint8_t)(host >> 8);
	frame[15] = (uint8_t)host;
	memcpy(frame + 16, (const uint8_t[]){ 192, 0, 2, 1 }, 4);
	frame[20] = (uint8_t)(port >> 8);
	frame[21] = (uint8_t)port;
	frame[23] = 53;
	frame[25] = 12;
	put_u32((uint32_t)(BASE + ns / SECOND));
	put_u32((uint32_t)(ns % SECOND));
	put_u32(UDP_FLOW);
	put_u32(UDP_FLOW);
	assert_int_equal(fwrite(frame, UDP_FLOW, 1, rig.file), 1);
}

static void *drain(void *arg)
{
	struct ring *const rings[] = { line.urgent, line.bulk };
	struct timespec pause = { .tv_nsec = 100000 };

	(void)arg;
	line.in_order = true;
	while (!ring_is_closed(line.urgent) || !ring_is_closed(line.bulk)) {
		for (size_t i = 0; i < 2; i++) {
			const struct decision *decision;
			size_t size;

			while ((decision = ring_peek(rings[i], &size)) != NULL) {
				line.flows += decision->kind == DECISION_FLOW;
				if (decision->time_ns < line.last_ns)
					line.in_order = false;
				line.last_ns = decision->time_ns;
				ring_pop(rings[i]);
			}
		}
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

static void open_line(const char *path)
{
	struct source_files files = { .paths = &path, .count = 1 };

	memset(&line, 0, sizeof(line));
	line.config = (struct config){ .workers = WORKERS,
				       .classify = CLASSIFY_OFF,
				       .flows = 65536,
				       .idle_s = 10,
				       .idle_tcp_s = 10,
				       .closed_s = 10,
				       .inspected_flows = 64,
				       .message_memory = 1u << 20,
				       .held_memory = 1u << 20,
				       .stall_timeout_s = 5,
				       .sensor_id = sensor_id };
	assert_int_equal(source_open_files(&rig.source, &files, &rig.stats, rig.error), 0);
	line.bell = ring_bell_new();
	line.urgent = ring_new(FEED, NULL);
	line.bulk = ring_new(FEED, NULL);
	assert_true(line.bell != NULL && line.urgent != NULL && line.bulk != NULL);
	for (uint16_t i = 0; i < WORKERS; i++) {
		struct worker_options options = { .config = &line.config,
						  .feed = &line.feeds[i],
						  .index = i,
						  .is_lossless = true,
						  .lost = &line.lost };

		line.feeds[i].bell = line.bell;
		line.feeds[i].urgent = ring_new(FEED, line.bell);
		line.feeds[i].bulk = ring_new(FEED, line.bell);
		line.workers[i] = worker_new(&options);
		assert_true(line.feeds[i].urgent != NULL && line.feeds[i].bulk != NULL &&
			    line.workers[i] != NULL);
	}
	line.correlator = correlator_new(&(struct correlator_options){ .feeds = line.feeds,
								       .feed_count = WORKERS,
								       .bell = line.bell,
								       .urgent = line.urgent,
								       .bulk = line.bulk,
								       .is_lossless = true,
								       .stall_timeout_s = 5,
								       .max_alerts = 64,
								       .max_sessions = 64,
								       .tap = "test" },
					 &line.correlator_stats);
	line.reader = reader_new(&(struct reader_options){ .source = rig.source,
							   .workers = line.workers,
							   .worker_count = WORKERS,
							   .is_lossless = true,
							   .stall_timeout_s = 5,
							   .snaplen = 65536,
							   .stop = &line.stop,
							   .lost = &line.lost,
							   .stats = &rig.stats });
	assert_true(line.correlator != NULL && line.reader != NULL);
}

static void close_line(void)
{
	reader_free(line.reader);
	correlator_free(line.correlator);
	for (size_t i = 0; i < WORKERS; i++) {
		worker_free(line.workers[i]);
		ring_free(line.feeds[i].urgent);
		ring_free(line.feeds[i].bulk);
	}
	ring_free(line.urgent);
	ring_free(line.bulk);
	ring_bell_free(line.bell);
}

/* Every flow comes out, in order, and nobody waits for a time-out. */
static void expect_all(const char *path, size_t flows)
{
	uint64_t begin_ms = ring_now_ms();
	pthread_t correlator, publisher;

	open_line(path);
	assert_int_equal(pthread_create(&correlator, NULL, correlator_run, line.correlator), 0);
	assert_int_equal(pthread_create(&publisher, NULL, drain, NULL), 0);
	assert_int_equal(reader_start(line.reader), 0);
	assert_int_equal(reader_run(line.reader), 0);
	pthread_join(correlator, NULL);
	pthread_join(publisher, NULL);
	assert_false(atomic_load(&line.lost));
	assert_int_equal(line.flows, flows);
	assert_true(line.in_order);
	assert_true(ring_now_ms() - begin_ms < 5000);
	close_line();
}

static void more_flows_end_with_the_file_than_a_ring_holds(void **state)
{
	const char *path = path_of(0, "many.pcap");

	(void)state;
	begin_pcap(path, RAW_IP);
	for (uint16_t i = 0; i < 2000; i++)
		put_udp(i, i, 4000);
	assert_int_equal(fclose(rig.file), 0);
	expect_all(path, 2000);
}

/* The flows of one pair of hosts all are one worker's. They fall silent at once, and the same
 * worker gets all that follows: the other one hears nothing. */
static void a_worker_without_packets_does_not_hold_up_the_other(void **state)
{
	const char *path = path_of(0, "one.pcap");

	(void)state;
	begin_pcap(path, RAW_IP);
	for (uint16_t i = 0; i < 2000; i++)
		put_udp(i, 1, (uint16_t)(2000 + i));
	for (uint32_t i = 0; i < 4000; i++)
		put_udp(SECOND * 20 + i * 1000, 1, 10000);
	assert_int_equal(fclose(rig.file), 0);
	expect_all(path, 2001);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RIG(more_flows_end_with_the_file_than_a_ring_holds),
		WITH_RIG(a_worker_without_packets_does_not_hold_up_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
