/* worker_rig.h: one worker, packets made by hand, the facts it pushes. Include cmocka.h first; once
 * per test program. */
#ifndef TESTS_UNIT_WORKER_RIG_H
#define TESTS_UNIT_WORKER_RIG_H

#include <string.h>

#include "sensor/worker.h"

#define SECOND 1000000000ull
#define START  (1772704680ull * SECOND)
#define RING   (4u << 20)
#define POOL   16 /* flows under inspection: the least a worker has */
#define H64    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define SUBMIT(nonce) \
	"{\"id\":2,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":{\"id\":\"a1\"," \
	"\"job_id\":\"j1\",\"nonce\":\"" nonce "\",\"result\":\"" H64 "\"}}\n"

static char sensor_id[] = "test";
static struct config config;
static struct ring_bell *bell;
static struct fact_feed feed;
static struct worker *worker;
static struct packet_batch *batch;
static _Atomic bool lost;
static uint64_t now_ns;
static uint64_t number;

static inline int setup(void **state)
{
	(void)state;
	config = (struct config){ .workers = 1,
				  .classify = CLASSIFY_OFF,
				  .flows = 4096,
				  .idle_s = 120,
				  .idle_tcp_s = 3600,
				  .closed_s = 10,
				  .active_s = 3600,
				  .inspected_flows = POOL,
				  .message_memory = 1u << 20,
				  .held_memory = 1u << 20,
				  .sensor_id = sensor_id,
				  .deterministic = true };
	bell = ring_bell_new();
	feed = (struct fact_feed){ .bell = bell };
	feed.urgent = ring_new(RING, bell);
	feed.bulk = ring_new(RING, bell);
	lost = false;
	worker = worker_new(
		&(struct worker_options){ .config = &config, .feed = &feed, .lost = &lost });
	batch = packet_batch_new(65536);
	assert_true(bell != NULL && feed.urgent != NULL && feed.bulk != NULL && worker != NULL &&
		    batch != NULL);
	now_ns = START;
	number = 0;
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	packet_batch_free(batch);
	worker_free(worker);
	ring_free(feed.urgent);
	ring_free(feed.bulk);
	ring_bell_free(bell);
	return 0;
}

/* One packet between two places. */
struct way {
	const uint8_t *from;
	const uint8_t *to;
	uint16_t from_port;
	uint16_t to_port;
	uint8_t proto;
};

static inline void send_packet(const struct way *way, uint8_t tcp_flags, uint32_t seq,
			       struct slice payload)
{
	struct packet packet = { .time_ns = now_ns,
				 .number = number + 1,
				 .key = { .proto = way->proto, .ip_version = 4 },
				 .tcp_flags = tcp_flags,
				 .tcp_seq = seq,
				 .ip_packets = 1,
				 .payload = payload };

	packet.payload_wire = (uint32_t)packet.payload.len;
	packet.ip_bytes = 40 + packet.payload_wire;
	packet.l3 = packet.payload;
	packet.from_high =
		flow_key_set(&packet.key, way->from, way->to, way->from_port, way->to_port, false);
	number++;
	now_ns += SECOND / 1000;
	packet_batch_clear(batch);
	assert_true(packet_batch_add(batch, &packet));
	worker_batch(worker, batch);
}

#endif
