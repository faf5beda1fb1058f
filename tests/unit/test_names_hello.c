/* test_names_hello.c: what clients say first, over TCP and QUIC, from packets to names and hellos.
 * DNS is in test_names.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sensor/opening.h"
#include "sensor/quic_crypto.h"
#include "tests/unit/names_rig.h"
#include "tests/unit/quic_build.h"

#define NAME    "pool.example.net"
#define REQUEST "GET / HTTP/1.1\r\nHost: " NAME "\r\n\r\n"
#define TABLE   512 /* openings at once */
#define SLOTS   64  /* of QUIC hellos at once */

static struct quic_openssl *openssl;
static struct build message;
static struct build flight;

static int setup_crypto(void **state)
{
	(void)state;
	openssl = quic_crypto_new();
	if (openssl == NULL)
		return -1;
	crypto = quic_crypto_table(openssl);
	return 0;
}

static int teardown_crypto(void **state)
{
	(void)state;
	quic_crypto_free(openssl);
	return 0;
}

/* A hello in one record, or in records of so many bytes. */
static void build_flight(const char *name, size_t filler, size_t record)
{
	build_hello(&message, name, filler);
	flight.len = 0;
	for (size_t at = 0; at < message.len; at += record) {
		size_t len = record < message.len - at ? record : message.len - at;

		put8(&flight, 22);
		put16(&flight, 0x0301);
		put16(&flight, (unsigned)len);
		put_bytes(&flight, &message.bytes[at], len);
	}
}

static void say(struct rig_flow *flow, size_t from, size_t to)
{
	rig_tcp(flow, UP, from, &flight.bytes[from], to - from);
}

static void test_a_hello(void **state)
{
	struct rig_flow flow = rig_connect(3, 40000, 443);

	(void)state;
	build_flight(NAME, 3, 16384);
	say(&flow, 0, flight.len);
	assert_int_equal(told_names.at[0].index, 3);
	assert_named(NAME_SNI, NAME, "pool");
	assert_int_equal(told_hellos.count, 1);
	assert_int_equal(told_hellos.at[0].index, 3);
	assert_string_equal(told_hellos.at[0].hello.view.sni, NAME);
	assert_int_equal(told_hellos.at[0].hello.view.version, 0x0303);
	assert_int_equal(told_hellos.at[0].hello.view.is_quic, 0);
	assert_int_equal(strlen(told_hellos.at[0].hello.view.ja3), 32);
	assert_memory_equal(told_hellos.at[0].hello.view.ja4, "t12d0102", 8);
	told_hellos.count = 0;
	/* It is said once; what the connection says later is nobody's first word. */
	say(&flow, 0, flight.len);
	rig_tcp(&flow, UP, flight.len, REQUEST, strlen(REQUEST));
	rig_end(&flow);
	assert_silent();
	assert_int_equal(stats.hellos, 1);
	assert_int_equal(stats.names_listed, 1);
}

/* Of a name that is not listed the hello is told only when somebody wants it. */
static void test_other_hellos(void **state)
{
	struct rig_flow flow = rig_connect(3, 40000, 443);

	(void)state;
	build_flight("www.example.net", 3, 16384);
	say(&flow, 0, flight.len);
	assert_silent();
	assert_int_equal(stats.hellos, 1);
	is_hello_wanted = true;
	flow = rig_connect(4, 40000, 443);
	say(&flow, 0, flight.len);
	assert_int_equal(told_names.count, 0);
	assert_int_equal(told_hellos.count, 1);
	assert_string_equal(told_hellos.at[0].hello.view.sni, "www.example.net");
	told_hellos.count = 0;
	build_flight("", 3, 16384);
	flow = rig_connect(5, 40000, 443);
	say(&flow, 0, flight.len);
	assert_int_equal(told_hellos.count, 1);
	assert_string_equal(told_hellos.at[0].hello.view.sni, "");
}

/* A listed fingerprint is told, whatever the name. */
static void test_fingerprints(void **state)
{
	struct rig_flow flow = rig_connect(3, 40000, 443);
	char ja3[33];
	char ja4[37];
	char list[160];

	(void)state;
	is_hello_wanted = true;
	build_flight("www.example.net", 3, 16384);
	say(&flow, 0, flight.len);
	memcpy(ja3, told_hellos.at[0].hello.view.ja3, sizeof(ja3));
	memcpy(ja4, told_hellos.at[0].hello.view.ja4, sizeof(ja4));
	assert_int_equal(told_hellos.at[0].hello.view.fingerprint, 0);
	is_hello_wanted = false;
	for (int i = 0; i < 3; i++) {
		struct lists *others;

		(void)snprintf(list, sizeof(list), "%s%s%s%s", i == 1 ? "" : "ja3 ",
			       i == 1 ? "" : ja3, i == 1 ? "" : " third\n", i == 0 ? "" : "ja4 ");
		if (i > 0)
			(void)snprintf(list + strlen(list), sizeof(list) - strlen(list),
				       "%s fourth\n", ja4);
		others = lists_of(list);
		names_use(names, others);
		told_hellos.count = 0;
		flow = rig_connect(3, 40000, 443);
		say(&flow, 0, flight.len);
		assert_int_equal(told_hellos.count, 1);
		assert_string_equal(tag_of(told_hellos.at[0].hello.view.fingerprint),
				    i == 1 ? "fourth" : "third");
		names_use(names, NULL);
		lists_free(others);
	}
	assert_int_equal(told_names.count, 0);
}

static void test_ports(void **state)
{
	struct rig_flow flow = rig_connect(3, 40000, 3333);

	(void)state;
	build_flight("ported.example.net", 3, 16384);
	say(&flow, 0, flight.len);
	assert_named(NAME_SNI, "ported.example.net", "ported");
	flow = rig_connect(3, 3333, 443); /* the client's does not count */
	say(&flow, 0, flight.len);
	assert_int_equal(told_names.count, 0);
	told_hellos.count = 0;
	/* The flow's end remembers the port. */
	flow = rig_connect(3, 40000, 443);
	say(&flow, 0, flight.len - 1);
	rig_end(&flow);
	assert_silent();
	flow = rig_connect(3, 40000, 3333);
	rig_tcp(&flow, UP, 0, "GET / HTTP/1.1\r\nHost: ported.example.net\r\n", 42);
	assert_named(NAME_HOST, "ported.example.net", "ported");
}

/* On DNS's port as well: firewalls let it pass. */
static void test_a_hello_on_dns_port(void **state)
{
	struct rig_flow flow = rig_connect(3, 40000, 53);

	(void)state;
	build_flight(NAME, 3, 16384);
	rig_tcp(&flow, DOWN, 0, "\x16\x03\x03\0\4\2\0\0\0", 9);
	for (size_t at = 0; at < flight.len; at += 40)
		say(&flow, at, at + 40 < flight.len ? at + 40 : flight.len);
	assert_named(NAME_SNI, NAME, "pool");
	assert_int_equal(stats.dns_malformed, 0);
}

static void test_pieces_of_every_size(void **state)
{
	(void)state;
	for (size_t record = 10; record < 200; record += 67) {
		build_flight(NAME, 3, record);
		for (size_t size = 1; size <= flight.len; size++) {
			struct rig_flow flow = rig_connect((uint32_t)size, 40000, 443);

			for (size_t at = 0; at < flight.len; at += size) {
				assert_int_equal(told_names.count, 0);
				say(&flow, at, at + size < flight.len ? at + size : flight.len);
			}
			assert_named(NAME_SNI, NAME, "pool");
			rig_end(&flow);
			assert_int_equal(told_names.count, 0);
			told_hellos.count = 0;
		}
	}
	assert_int_equal(stats.openings_capped, 0);
}

static void test_pieces_in_any_order(void **state)
{
	static const unsigned char orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
						    { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	(void)state;
	build_flight(NAME, 3, 16384);
	for (size_t cut = 1; cut + 1 < flight.len; cut++) {
		size_t ends[4] = { 0, cut, cut + (flight.len - cut) / 2, flight.len };

		for (size_t i = 0; i < 6; i++) {
			struct rig_flow flow = rig_connect(7, 40000, 443);

			for (size_t k = 0; k < 3; k++) {
				size_t piece = orders[i][k];

				assert_int_equal(told_names.count, 0);
				say(&flow, ends[piece], ends[piece + 1]);
				/* The server has said nothing, or something. */
				if (k == i % 3)
					rig_tcp(&flow, DOWN, 0, "\x16\x03\x03", 3);
			}
			assert_named(NAME_SNI, NAME, "pool");
			rig_end(&flow);
			told_hellos.count = 0;
		}
	}
}

/* Data in the SYN itself begins behind it. */
static void test_data_in_the_syn(void **state)
{
	struct rig_flow flow = rig_flow(3, IP_PROTO_TCP, 40000, 443);

	(void)state;
	build_flight(NAME, 3, 16384);
	rig_handshake_saying(&flow, flight.bytes, flight.len);
	assert_named(NAME_SNI, NAME, "pool");
	flow = rig_flow(4, IP_PROTO_TCP, 40000, 443);
	rig_handshake_saying(&flow, flight.bytes, 20);
	say(&flow, 20, flight.len);
	assert_named(NAME_SNI, NAME, "pool");
}

static void test_requests(void **state)
{
	struct rig_flow flow;
	const char request[] = "POST /api HTTP/1.1\r\nA: b\r\nHost: EU." NAME ":80\r\n\r\n{}";

	(void)state;
	for (size_t cut = 1; cut < sizeof(request) - 1; cut++) {
		flow = rig_connect(3, 40000, 80);
		rig_tcp(&flow, UP, 0, request, cut);
		rig_tcp(&flow, UP, cut, request + cut, sizeof(request) - 1 - cut);
		assert_named(NAME_HOST, "EU." NAME, "pool");
		rig_tcp(&flow, UP, sizeof(request), REQUEST, strlen(REQUEST));
		rig_end(&flow);
		assert_silent();
	}
	flow = rig_connect(3, 40000, 80);
	rig_tcp(&flow, UP, 0, "GET / HTTP/1.1\r\nHost: www.example.net\r\n\r\n", 42);
	assert_silent();
	/* A server's words are no request. */
	flow = rig_connect(3, 40000, 80);
	rig_tcp(&flow, DOWN, 0, REQUEST, strlen(REQUEST));
	rig_end(&flow);
	assert_silent();
	assert_int_equal(stats.hellos, 0);
}

/* A flow that ends early is read as far as it got. */
static void test_ends_in_the_middle(void **state)
{
	enum { EXTENSIONS = 47, FILLER = 7, SNI = 25 };
	uint8_t filler[FILLER];
	size_t name_end;

	(void)state;
	/* The name goes before the other extension here. */
	build_hello(&message, NAME, 3);
	assert_int_equal(message.len, EXTENSIONS + FILLER + SNI);
	memcpy(filler, &message.bytes[EXTENSIONS], FILLER);
	memmove(&message.bytes[EXTENSIONS], &message.bytes[EXTENSIONS + FILLER], SNI);
	memcpy(&message.bytes[EXTENSIONS + SNI], filler, FILLER);
	flight.len = 0;
	put8(&flight, 22);
	put16(&flight, 0x0301);
	put16(&flight, (unsigned)message.len);
	put_bytes(&flight, message.bytes, message.len);
	name_end = flight.len - FILLER;
	for (size_t len = 1; len < flight.len; len++) {
		struct rig_flow flow = rig_connect(3, 40000, 443);

		say(&flow, 0, len);
		assert_silent();
		rig_end(&flow);
		if (len >= name_end)
			assert_named(NAME_SNI, NAME, "pool");
		assert_int_equal(told_hellos.count, len >= name_end ? 1 : 0);
		if (told_hellos.count > 0) /* cut lists have no fingerprint */
			assert_string_equal(told_hellos.at[0].hello.view.ja3, "");
		told_hellos.count = 0;
		rig_end(&flow);
		assert_silent();
	}
}

/* Captured from the middle: the first segment is as good as the stream's first. */
static void test_midstream(void **state)
{
	struct rig_flow flow = rig_flow(3, IP_PROTO_TCP, 40000, 443);

	(void)state;
	flow.flow.flags |= FLOW_MIDSTREAM;
	build_flight(NAME, 3, 16384);
	say(&flow, 0, 30);
	say(&flow, 30, flight.len);
	assert_named(NAME_SNI, NAME, "pool");
	told_hellos.count = 0;
	flow = rig_flow(4, IP_PROTO_TCP, 40000, 443);
	rig_tcp(&flow, UP, 500, "\x17\x03\x03\0\1x", 6);
	say(&flow, 0, flight.len); /* sent before: too late for us */
	assert_silent();
	/* A segment from before the one that we came in with. */
	flow = rig_flow(5, IP_PROTO_TCP, 40000, 443);
	say(&flow, 30, flight.len);
	say(&flow, 0, 30);
	rig_end(&flow);
	assert_silent();
}

/* Roles turn: what was gathered is read by what it was taken for, and no opening is left behind. */
static void test_roles_swap(void **state)
{
	struct rig_flow flow = rig_flow(3, IP_PROTO_TCP, 40000, 3333);

	(void)state;
	build_flight(NAME, 3, 16384);
	say(&flow, 0, 30);
	rig_end(&flow);
	flow.flow.flags ^= FLOW_CLIENT_HIGH;
	flow.flow.seq_known =
		(uint8_t)((flow.flow.seq_known & 0x55) << 1 | (flow.flow.seq_known >> 1 & 0x55));
	rig_tcp(&flow, DOWN, 30, &flight.bytes[30], flight.len - 30);
	assert_silent();
	/* The other side has not spoken yet. */
	rig_tcp(&flow, UP, 0, REQUEST, strlen(REQUEST));
	assert_named(NAME_HOST, NAME, "pool");
}

/* More flows than can be gathered: the oldest are given up, counted, and cost nothing any more. */
static void test_a_full_table(void **state)
{
	static struct rig_flow flows[2 * TABLE];
	unsigned told = 0;

	(void)state;
	build_flight(NAME, 3, 16384);
	for (uint32_t i = 0; i < 2 * TABLE; i++) {
		flows[i] = rig_connect(i, 40000, 443);
		say(&flows[i], 0, 30);
	}
	assert_int_equal(stats.openings_capped, TABLE);
	for (uint32_t i = 0; i < 2 * TABLE; i++) {
		say(&flows[i], 30, flight.len);
		told += told_names.count > 0;
		assert_int_equal(told_names.count, i < TABLE ? 0 : 1);
		told_names.count = told_hellos.count = 0;
	}
	assert_int_equal(told, TABLE);
	/* Those that were given up took nobody else's place. */
	assert_int_equal(stats.openings_capped, TABLE);
	for (uint32_t i = 0; i < 2 * TABLE; i++)
		rig_end(&flows[i]);
	assert_silent();
}

/* A hole in the hello that nobody fills: what is before it is read when it is old. */
static void test_a_hole_for_ever(void **state)
{
	struct rig_flow flow = rig_connect(3, 40000, 80);
	const char request[] = "GET / HTTP/1.1\r\nA: b\r\nHost: " NAME "\r\n\r\n";

	(void)state;
	rig_tcp(&flow, UP, 0, request, 20);
	rig_tcp(&flow, UP, 21, request + 21, sizeof(request) - 22);
	now_ns += (OPENING_PATIENCE_S + 1) * SECOND;
	rig_tcp(&flow, UP, 100, "x", 1);
	rig_tcp(&flow, UP, 20, request + 20, 1); /* too late */
	assert_silent();
}

static void test_nonsense(void **state)
{
	static const uint8_t record[] = { 22, 3, 1, 0, 100, 1, 0xff, 0xff, 0xff };
	static const uint8_t request[] = { 'G', 'E', 'T', ' ' };
	static uint8_t bytes[3 * OPENING_BYTES];

	(void)state;
	/* A line without an end, and records without one. */
	for (int round = 0; round < 2; round++) {
		struct rig_flow flow = rig_connect(3, 40000, 80);

		memset(bytes, 'x', sizeof(bytes));
		memcpy(bytes, request, sizeof(request));
		for (size_t at = 0; round == 1 && at < sizeof(bytes); at += 105)
			memcpy(&bytes[at], record, at == 0 ? sizeof(record) : 5);
		for (size_t at = 0; at < sizeof(bytes); at += 512)
			rig_tcp(&flow, UP, at, &bytes[at], 512);
		rig_end(&flow);
		assert_silent();
	}
}

/* --- QUIC ----------------------------------------------------------------------------------- */

static struct build datagram;

/* A datagram with that part of the hello. */
static void build_datagram(const struct recipe *recipe, size_t from, size_t to)
{
	static struct build frames;

	frames.len = 0;
	put_crypto(&frames, &message, from, to - from);
	datagram.len = 0;
	put_packet(&datagram, recipe, 0, &frames);
}

static void send_part(struct rig_flow *flow, size_t from, size_t to)
{
	build_datagram(&plain_recipe, from, to);
	rig_udp(flow, UP, datagram.bytes, datagram.len);
}

static void assert_quic_named(void)
{
	assert_named(NAME_SNI, NAME, "pool");
	assert_int_equal(told_hellos.count, 1);
	assert_int_equal(told_hellos.at[0].hello.view.is_quic, 1);
	assert_string_equal(told_hellos.at[0].hello.view.sni, NAME);
	told_hellos.count = 0;
}

static void test_quic(void **state)
{
	struct rig_flow flow = rig_flow(3, IP_PROTO_UDP, 40000, 443);

	(void)state;
	build_hello(&message, NAME, 3);
	send_part(&flow, 0, message.len);
	assert_int_equal(told_names.at[0].index, 3);
	assert_quic_named();
	send_part(&flow, 0, message.len);
	rig_end(&flow);
	assert_silent();
	/* Not on this port, and not from the server. */
	flow = rig_flow(4, IP_PROTO_UDP, 40000, 3333);
	send_part(&flow, 0, message.len);
	flow = rig_flow(5, IP_PROTO_UDP, 40000, 443);
	rig_udp(&flow, DOWN, datagram.bytes, datagram.len);
	rig_end(&flow);
	assert_silent();
	assert_int_equal(stats.hellos, 1);
}

static void test_quic_over_two_datagrams(void **state)
{
	(void)state;
	build_hello(&message, NAME, 1500);
	for (size_t cut = 1; cut < message.len; cut += 100) {
		struct rig_flow flow = rig_flow(3, IP_PROTO_UDP, 40000, 443);
		bool is_late = cut % 200 == 1; /* the second part comes first */

		if (cut > 1000 || message.len - cut > 1000)
			continue;
		send_part(&flow, is_late ? cut : 0, is_late ? message.len : cut);
		assert_silent();
		send_part(&flow, is_late ? 0 : cut, is_late ? cut : message.len);
		assert_quic_named();
		rig_end(&flow);
		assert_silent();
	}
	assert_int_equal(stats.openings_capped, 0);
	assert_in_range(stats.hellos, 4, 8);
}

/* The name is in what came before the flow ended, or went on with something else. */
static void test_quic_ends_in_the_middle(void **state)
{
	struct rig_flow flow = rig_flow(3, IP_PROTO_UDP, 40000, 443);

	(void)state;
	build_hello(&message, NAME, 1500);
	send_part(&flow, 1000, message.len);
	rig_end(&flow);
	assert_silent();
	build_hello(&message, NAME, 3);
	message.bytes[2] = 1; /* so long as never comes */
	flow = rig_flow(3, IP_PROTO_UDP, 40000, 443);
	send_part(&flow, 0, message.len);
	assert_silent();
	rig_end(&flow);
	assert_quic_named();
	rig_end(&flow);
	assert_silent();
	flow = rig_flow(3, IP_PROTO_UDP, 40000, 443);
	send_part(&flow, 0, message.len);
	rig_udp(&flow, UP, "\x40short", 6);
	assert_quic_named();
	rig_end(&flow);
	assert_silent();
}

/* A version that the server does not speak, or anything else, may go before; not for ever. */
static void test_quic_after_something_else(void **state)
{
	struct rig_flow flow = rig_flow(3, IP_PROTO_UDP, 40000, 443);

	(void)state;
	build_hello(&message, NAME, 3);
	build_datagram(&plain_recipe, 0, message.len);
	memcpy(&datagram.bytes[1], "\x1a\x2a\x3a\x4a", 4);
	rig_udp(&flow, UP, datagram.bytes, datagram.len);
	rig_udp(&flow, UP, "x", 1);
	send_part(&flow, 0, message.len);
	assert_quic_named();
	flow = rig_flow(3, IP_PROTO_UDP, 40000, 443);
	for (int i = 0; i < 4; i++)
		rig_udp(&flow, UP, "x", 1);
	send_part(&flow, 0, message.len);
	rig_end(&flow);
	assert_silent();
}

/* After a Retry the client's packets have the server's id, which may be short. */
static void test_quic_after_retry(void **state)
{
	struct recipe retried = plain_recipe;
	struct rig_flow flow = rig_flow(3, IP_PROTO_UDP, 40000, 443);

	(void)state;
	build_hello(&message, NAME, 1500);
	send_part(&flow, 0, 1000);
	retried.dcid = "abc";
	retried.token_len = 40;
	for (size_t at = 0; at < message.len; at += 1000) {
		build_datagram(&retried, at, at + 1000 < message.len ? at + 1000 : message.len);
		rig_udp(&flow, UP, datagram.bytes, datagram.len);
		retried.number++;
	}
	assert_quic_named();
}

static void test_quic_more_than_there_is_room_for(void **state)
{
	static struct rig_flow flows[SLOTS + 8];

	(void)state;
	build_hello(&message, NAME, 1500);
	for (uint32_t i = 0; i < SLOTS + 8; i++) {
		flows[i] = rig_flow(i, IP_PROTO_UDP, 40000, 443);
		send_part(&flows[i], 0, 1000);
	}
	for (uint32_t i = 0; i < SLOTS + 8; i++) {
		send_part(&flows[i], 1000, message.len);
		assert_int_equal(told_names.count, i < 8 ? 0 : 1);
		told_names.count = told_hellos.count = 0;
	}
	assert_int_equal(stats.openings_capped, 8);
	for (uint32_t i = 0; i < SLOTS + 8; i++)
		rig_end(&flows[i]);
	assert_silent();
}

/* Damage at every byte: told at most once, and never more than what was sent. */
static void test_quic_damage(void **state)
{
	static struct build right;

	(void)state;
	build_hello(&message, NAME, 3);
	build_datagram(&plain_recipe, 0, message.len);
	right = datagram;
	for (size_t at = 0; at < right.len; at++) {
		struct rig_flow flow = rig_flow(3, IP_PROTO_UDP, 40000, 443);

		datagram = right;
		datagram.bytes[at] ^= 0x41;
		rig_udp(&flow, UP, datagram.bytes, datagram.len);
		rig_udp(&flow, UP, right.bytes, at);
		rig_end(&flow);
		assert_silent(); /* the tag covers all of it */
	}
}

static void test_empty(void **state)
{
	struct rig_flow flow = rig_flow(3, IP_PROTO_UDP, 40000, 443);

	(void)state;
	rig_udp(&flow, UP, "", 0);
	rig_end(&flow);
	flow = rig_connect(3, 40000, 443);
	rig_tcp(&flow, UP, 0, "", 0);
	rig_end(&flow);
	assert_silent();
	names_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_hello),
		TEST(test_other_hellos),
		TEST(test_fingerprints),
		TEST(test_ports),
		TEST(test_a_hello_on_dns_port),
		TEST(test_pieces_of_every_size),
		TEST(test_pieces_in_any_order),
		TEST(test_data_in_the_syn),
		TEST(test_requests),
		TEST(test_ends_in_the_middle),
		TEST(test_midstream),
		TEST(test_roles_swap),
		TEST(test_a_full_table),
		TEST(test_a_hole_for_ever),
		TEST(test_nonsense),
		TEST(test_quic),
		TEST(test_quic_over_two_datagrams),
		TEST(test_quic_ends_in_the_middle),
		TEST(test_quic_after_something_else),
		TEST(test_quic_after_retry),
		TEST(test_quic_more_than_there_is_room_for),
		TEST(test_quic_damage),
		TEST(test_empty),
	};

	return cmocka_run_group_tests(tests, setup_crypto, teardown_crypto);
}
