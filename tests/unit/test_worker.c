/* Unit tests of worker.c: one worker, packets made by hand, the facts it pushes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
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

static int setup(void **state)
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

static int teardown(void **state)
{
	(void)state;
	packet_batch_free(batch);
	worker_free(worker);
	ring_free(feed.urgent);
	ring_free(feed.bulk);
	ring_bell_free(bell);
	return 0;
}

/* A segment of the client 10.0.1.1 with that port, or of the pool 198.51.100.120:3333. */
static void send(bool to_server, uint16_t port, uint32_t seq, const char *text)
{
	static const uint8_t client[4] = { 10, 0, 1, 1 };
	static const uint8_t server[4] = { 198, 51, 100, 120 };
	struct packet packet = { .time_ns = now_ns,
				 .number = ++number,
				 .key = { .proto = IP_PROTO_TCP, .ip_version = 4 },
				 .tcp_flags = TCP_ACK | TCP_PSH,
				 .tcp_seq = seq,
				 .ip_packets = 1,
				 .payload = slice_str(text) };

	packet.payload_wire = (uint32_t)packet.payload.len;
	packet.ip_bytes = 40 + packet.payload_wire;
	packet.l3 = packet.payload;
	packet.from_high =
		flow_key_set(&packet.key, to_server ? client : server, to_server ? server : client,
			     to_server ? port : 3333, to_server ? 3333 : port, false);
	now_ns += SECOND / 1000;
	packet_batch_clear(batch);
	assert_true(packet_batch_add(batch, &packet));
	worker_batch(worker, batch);
}

/* Session facts since the last call, of that client port; all others are an error. */
static unsigned count_sessions(uint16_t port)
{
	const struct fact *fact;
	unsigned count = 0;
	size_t size;

	while ((fact = ring_peek(feed.urgent, &size)) != NULL) {
		const struct session_fact *session = (const void *)fact;

		assert_int_equal(fact->kind, FACT_SESSION);
		assert_int_equal(session->key.port[0], port);
		count++;
		ring_pop(feed.urgent);
	}
	return count;
}

static void a_share_opens_a_session(void **state)
{
	(void)state;
	send(true, 50000, 1, SUBMIT("00000001"));
	assert_int_equal(count_sessions(50000), 1);
	assert_int_equal(worker_stats(worker)->sessions, 1);
}

/* Flows that began something and never go on hold their places only until somebody needs one. */
static void a_full_pool_gives_up_the_silent(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 4 * POOL; i++)
		send(true, (uint16_t)(40000 + i), 1, "{\"");
	assert_int_equal(worker_stats(worker)->inspect_capped, 3 * POOL);
	send(true, 50000, 1, SUBMIT("00000001"));
	assert_int_equal(count_sessions(50000), 1);
}

static void a_full_pool_keeps_its_sessions(void **state)
{
	(void)state;
	send(true, 50000, 1, SUBMIT("00000001"));
	assert_int_equal(count_sessions(50000), 1);
	for (uint16_t i = 0; i < 8 * POOL; i++)
		send(true, (uint16_t)(40000 + i), 1, "{\"");
	now_ns += 61 * SECOND;
	send(true, 50000, 1 + (uint32_t)strlen(SUBMIT("00000001")), SUBMIT("00000002"));
	worker_tick(worker, now_ns);
	assert_int_equal(count_sessions(50000), 1); /* its report */
	assert_int_equal(worker_stats(worker)->sessions, 1);
	assert_int_equal(worker_stats(worker)->shares, 2);
}

/* More unknown messages than a flow's share of inspections takes: late, but found. */
static void nonsense_first_only_delays(void **state)
{
	const size_t len = strlen(SUBMIT("00000001"));
	char share[sizeof(SUBMIT("00000001"))];
	uint32_t seq = 1;
	unsigned sent = 0;

	(void)state;
	for (unsigned i = 0; i < 8 * LIMIT_INSPECTIONS; i++, seq += 8)
		send(true, 50000, seq, "{\"a\":1}\n");
	memcpy(share, SUBMIT("00000001"), sizeof(share));
	while (count_sessions(50000) == 0 && sent < 100) {
		char *digit = strstr(share, "0001\"");

		digit[1] = (char)('0' + sent / 10);
		digit[2] = (char)('0' + sent % 10);
		send(true, 50000, seq, share);
		digit[1] = digit[2] = '0';
		seq += (uint32_t)len;
		sent++;
	}
	assert_int_equal(worker_stats(worker)->sessions, 1);
	assert_in_range(sent, 2, 65);
}

static struct lists *pool_list(const char *tag)
{
	char error[LISTS_ERROR_TEXT];
	char text[64];
	struct lists *lists;

	(void)snprintf(text, sizeof(text), "198.51.100.0/24 %s\n", tag);
	assert_int_equal(lists_load_text(&lists, "worker", text, strlen(text), error), 0);
	return lists;
}

/* The tag of the next urgent fact, which is a contact. */
static const char *contact_tag(void)
{
	size_t size;
	const struct contact_fact *fact = ring_peek(feed.urgent, &size);
	uint32_t contact;

	assert_non_null(fact);
	assert_int_equal(fact->fact.kind, FACT_CONTACT);
	contact = fact->contact;
	ring_pop(feed.urgent);
	assert_non_null(lists_entry(contact));
	return lists_entry(contact)->tag;
}

/* Each batch uses the lists that are in place when it begins; what a fact says stays readable. */
static void lists_change_between_batches(void **state)
{
	struct lists_board *board = lists_board_new(pool_list("worker before"), 1);

	(void)state;
	assert_non_null(board);
	worker_free(worker);
	worker = worker_new(&(struct worker_options){
		.config = &config, .lists = board, .feed = &feed, .lost = &lost });
	assert_non_null(worker);
	send(true, 50000, 1, "{\"");
	lists_board_replace(board, pool_list("worker after"));
	assert_int_equal(lists_board_reclaim(board), 1);
	send(true, 50001, 1, "{\"");
	assert_int_equal(lists_board_reclaim(board), 0);
	lists_board_replace(board, NULL);
	send(true, 50002, 1, "{\"");
	assert_string_equal(contact_tag(), "worker before");
	assert_string_equal(contact_tag(), "worker after");
	assert_int_equal(count_sessions(0), 0); /* nothing more */
	worker_finish(worker, now_ns);
	lists_board_replace(board, pool_list("worker later"));
	lists_board_replace(board, NULL);
	assert_int_equal(lists_board_reclaim(board), 0); /* it has left */
	lists_board_free(board);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_share_opens_a_session),        TEST(a_full_pool_gives_up_the_silent),
		TEST(a_full_pool_keeps_its_sessions), TEST(nonsense_first_only_delays),
		TEST(lists_change_between_batches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
