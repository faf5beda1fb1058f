/* Unit tests of worker.c: which flows are given to nDPI, by mode and when packets are lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/worker_rig.h"

#define HTTP "GET / HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: test\r\n\r\n"
#define LOGIN \
	"{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":\"rig-one\"," \
	"\"pass\":\"x\",\"agent\":\"XMRig/6.21.0 (Linux x86_64)\",\"algo\":[\"rx/0\"]}}\n"

static const uint8_t client[4] = { 10, 0, 1, 1 };
static const uint8_t server[4] = { 198, 51, 100, 120 };

static void use_mode(enum classify_mode mode)
{
	worker_free(worker);
	config.classify = mode;
	config.classify_packets = 4;
	config.classify_states = 16;
	config.classify_deadline_ms = 5000;
	worker = worker_new(
		&(struct worker_options){ .config = &config, .feed = &feed, .lost = &lost });
	assert_non_null(worker);
}

/* One segment with all its headers: nDPI reads those, too. */
static void send(uint16_t port, uint32_t seq, const char *text)
{
	uint8_t bytes[512] = { 0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6 };
	struct slice said = slice_str(text);
	size_t len = said.len;
	struct packet packet = { .time_ns = now_ns,
				 .number = ++number,
				 .key = { .proto = IP_PROTO_TCP, .ip_version = 4 },
				 .tcp_flags = TCP_ACK | TCP_PSH,
				 .tcp_seq = seq,
				 .ip_packets = 1,
				 .ip_bytes = (uint32_t)(40 + len),
				 .payload_wire = (uint32_t)len };

	bytes[3] = (uint8_t)(40 + len);
	memcpy(bytes + 12, client, 4);
	memcpy(bytes + 16, server, 4);
	bytes[20] = (uint8_t)(port >> 8);
	bytes[21] = (uint8_t)port;
	bytes[23] = 80;
	bytes[32] = 0x50;
	bytes[33] = TCP_ACK | TCP_PSH;
	memcpy(bytes + 40, said.ptr, len);
	packet.l3 = slice_of(bytes, 40 + len);
	packet.payload = slice_tail(packet.l3, 40);
	packet.from_high = flow_key_set(&packet.key, client, server, port, 80, false);
	now_ns += SECOND / 1000;
	packet_batch_clear(batch);
	assert_true(packet_batch_add(batch, &packet));
	worker_batch(worker, batch);
}

/* Ends all flows; the label of that client port's. */
static struct classify_label label_of(uint16_t port)
{
	struct classify_label label = { 0 };
	const struct fact *fact;
	size_t size;
	int found = 0;

	while ((fact = ring_peek(feed.bulk, &size)) != NULL) {
		const struct flow_record *record = (const void *)fact;

		if (fact->kind == FACT_FLOW && record->key.port[0] == port) {
			label = record->label;
			found++;
		}
		ring_pop(feed.bulk);
	}
	assert_int_equal(found, 1);
	return label;
}

static void all_labels_every_flow(void **state)
{
	(void)state;
	use_mode(CLASSIFY_ALL);
	send(50000, 1, HTTP);
	worker_finish(worker, now_ns);
	assert_true(label_of(50000).app != 0);
	assert_int_equal(worker_stats(worker)->classified, 1);
}

static void candidates_labels_what_is_inspected(void **state)
{
	(void)state;
	use_mode(CLASSIFY_CANDIDATES);
	send(50000, 1, "no carrier and no dialect begins like this\n");
	send(50001, 1, LOGIN);
	worker_finish(worker, now_ns);
	assert_int_equal(worker_stats(worker)->inspected, 1);
	assert_int_equal(worker_stats(worker)->classified, 1);
	assert_int_equal(worker_stats(worker)->classify_shed, 0); /* nothing was taken away */
	assert_int_equal(label_of(50001).is_mining, 1);
}

/* New flows only; what could be mining is labelled all the same, and nDPI is a witness in time. */
static void losses_shed_to_candidates(void **state)
{
	const struct session_fact *session;
	size_t size;

	(void)state;
	use_mode(CLASSIFY_ALL);
	send(50000, 1, "?");
	worker_lost(worker, 5);
	worker_tick(worker, now_ns);
	send(50000, 2, "no carrier and no dialect begins like this\n");
	send(50001, 1, "no carrier and no dialect begins like this\n");
	send(50002, 1, LOGIN);
	assert_int_equal(worker_stats(worker)->classify_shed, 2);
	assert_int_equal(worker_stats(worker)->classified, 1);
	session = ring_peek(feed.urgent, &size);
	assert_non_null(session);
	assert_int_equal(session->fact.kind, FACT_SESSION);
	assert_true(evidence_has(&session->view.evidence, EVIDENCE_NDPI_MINING));
	worker_finish(worker, now_ns);
	assert_int_equal(label_of(50002).is_mining, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(all_labels_every_flow),
					    TEST(candidates_labels_what_is_inspected),
					    TEST(losses_shed_to_candidates) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
