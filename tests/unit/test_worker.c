/* Unit tests of worker.c: one worker, packets made by hand, the facts it pushes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/unit/worker_rig.h"

/* A segment of the client 10.0.1.1 with that port, or of the pool 198.51.100.120:3333. */
static void send_flags(bool to_server, uint16_t port, uint8_t flags, uint32_t seq, const char *text)
{
	static const uint8_t client[4] = { 10, 0, 1, 1 };
	static const uint8_t server[4] = { 198, 51, 100, 120 };
	struct way up = { client, server, port, 3333, IP_PROTO_TCP };
	struct way down = { server, client, 3333, port, IP_PROTO_TCP };

	send_packet(to_server ? &up : &down, flags, seq, slice_str(text));
}

static void send(bool to_server, uint16_t port, uint32_t seq, const char *text)
{
	send_flags(to_server, port, TCP_ACK | TCP_PSH, seq, text);
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
/* The segment that makes a flow interesting repeats the end of the one before it. */
static void what_is_repeated_before_a_share_does_not_hide_it(void **state)
{
	(void)state;
	send_flags(true, 50000, TCP_SYN, 0, "");
	send(true, 50000, 1, "Hello\r\n");
	assert_int_equal(count_sessions(50000), 0);
	send(true, 50000, 4, "lo\r\n" SUBMIT("00000001"));
	assert_int_equal(count_sessions(50000), 1);
	assert_int_equal(worker_stats(worker)->stream_gaps, 0);
	assert_int_equal(worker_stats(worker)->shares, 1);
}

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

#define HEAD(len) "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " len "\r\n\r\n"
#define OTHER     HEAD("20") "{\"method\":\"getinfo\"}"
#define ANSWER    "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"a\":\"b c\"}"
#define ZEROS     "0000000000000000"
#define WORK \
	"{\"method\":\"getwork\",\"params\":[\"00000002" H64 H64 "66b1f0aa1703a30c5c1e0f2a" \
	"00000080" ZEROS ZEROS ZEROS ZEROS ZEROS "80020000\"],\"id\":1}"

/* A connection that is kept alive and given up, and the client's next byte in it. */
static uint32_t use_connection(uint16_t port)
{
	uint32_t seqs[2] = { 1, 1 };

	for (unsigned i = 0; i < 40; i++) {
		send(true, port, seqs[0], OTHER);
		seqs[0] += (uint32_t)strlen(OTHER);
		send(false, port, seqs[1], ANSWER);
		seqs[1] += (uint32_t)strlen(ANSWER);
	}
	return seqs[0];
}

/* One share, its head by itself. */
static void a_late_request_in_parts_is_counted(void **state)
{
	uint32_t seq = use_connection(50000);

	(void)state;
	send(true, 50000, seq, HEAD("297"));
	assert_int_equal(worker_stats(worker)->inspected, 1);
	send(true, 50000, seq + (uint32_t)strlen(HEAD("297")), WORK);
	assert_int_equal(worker_stats(worker)->inspected, 2);
	assert_int_equal(worker_stats(worker)->shares, 1);
	assert_int_equal(count_sessions(50000), 1);
	send(true, 50000, seq + (uint32_t)strlen(HEAD("297")), WORK); /* again */
	assert_int_equal(worker_stats(worker)->shares, 1);
}

/* Many of them at once: those that were begun last are kept, and none costs memory that stays. */
static void many_late_requests_are_bounded(void **state)
{
	enum { FLOWS = 200 };
	uint32_t seq = 0;

	(void)state;
	for (uint16_t i = 0; i < FLOWS; i++)
		seq = use_connection((uint16_t)(40000 + i));
	for (uint16_t i = 0; i < FLOWS; i++)
		send(true, (uint16_t)(40000 + i), seq, HEAD("297"));
	assert_in_range(worker_stats(worker)->openings_capped, FLOWS - 64, FLOWS - 32);
	send(true, 40000 + FLOWS - 1, seq + (uint32_t)strlen(HEAD("297")), WORK);
	assert_int_equal(count_sessions(40000 + FLOWS - 1), 1);
	send(true, 40000, seq + (uint32_t)strlen(HEAD("297")), WORK);
	assert_int_equal(worker_stats(worker)->sessions, 1);
	worker_finish(worker, now_ns);
	assert_int_equal(worker_stats(worker)->flows_active, 0);
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
#define UPGRADE \
	"GET /feed HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
#define UPGRADED \
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

#define SUBSCRIBE "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"cgminer/4.9\"]}"
#define AUTHORIZE "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"acct.rig07\",\"x\"]}"

/* A frame of the server's; returns where the next one begins. */
static uint32_t send_frame(uint16_t port, uint32_t seq, const char *text)
{
	static const uint8_t client[4] = { 10, 0, 1, 1 };
	static const uint8_t server[4] = { 198, 51, 100, 120 };
	const struct way down = { server, client, 3333, port, IP_PROTO_TCP };
	char frame[8192] = "\x81\x7e";
	size_t len = strlen(text);

	frame[2] = (char)(len >> 8);
	frame[3] = (char)len;
	memcpy(frame + 4, text, len);
	send_packet(&down, TCP_ACK | TCP_PSH, seq, slice_of(frame, len + 4));
	return seq + (uint32_t)len + 4;
}

static void send_syn(bool to_server, uint16_t port)
{
	static const uint8_t client[4] = { 10, 0, 1, 1 };
	static const uint8_t server[4] = { 198, 51, 100, 120 };
	const struct way up = { client, server, port, 3333, IP_PROTO_TCP };
	const struct way down = { server, client, 3333, port, IP_PROTO_TCP };

	send_packet(to_server ? &up : &down, to_server ? TCP_SYN : TCP_SYN | TCP_ACK, 0,
		    slice_of("", 0));
}

/* Of a feed that was given up and is watched again, it is still known who called: whoever was
 * called and speaks as the miner quotes one. */
static void a_feed_that_was_given_up_is_still_one(void **state)
{
	char page[6000];
	uint32_t seq = 1 + (uint32_t)strlen(UPGRADED);

	(void)state;
	memset(page, 'a', sizeof(page));
	memcpy(page, "{\"a\":\"", 6);
	memcpy(page + sizeof(page) - 3, "\"}", 3);
	send_syn(true, 50000);
	send_syn(false, 50000);
	send(true, 50000, 1, UPGRADE);
	send(false, 50000, 1, UPGRADED);
	for (int i = 0; i < 4; i++)
		seq = send_frame(50000, seq, page);
	for (int i = 0; i < 4; i++)
		seq = send_frame(50000, seq, i == 0 ? SUBSCRIBE : AUTHORIZE);
	assert_in_range(worker_stats(worker)->inspected, 2, 8);
	assert_int_equal(worker_stats(worker)->sessions, 0);
}

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
		TEST(a_share_opens_a_session),
		TEST(what_is_repeated_before_a_share_does_not_hide_it),
		TEST(a_full_pool_gives_up_the_silent),
		TEST(a_full_pool_keeps_its_sessions),
		TEST(nonsense_first_only_delays),
		TEST(a_late_request_in_parts_is_counted),
		TEST(many_late_requests_are_bounded),
		TEST(a_feed_that_was_given_up_is_still_one),
		TEST(lists_change_between_batches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
