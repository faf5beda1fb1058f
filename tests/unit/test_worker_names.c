/* test_worker_names.c: what a worker makes of names: facts in order, contacts, watched addresses,
 * and what its flow records say of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "tests/unit/dns_build.h"
#include "tests/unit/lists_rig.h"
#include "tests/unit/worker_rig.h"

#define NAME     "pool.example.net"
#define QUERY    0x0100
#define RESPONSE 0x8180
#define QUESTION 12
#define ISN      1000
#define LIST     "pool " NAME " pool\npool 198.51.100.0/24 address\n"

static const uint8_t client[4] = { 10, 0, 1, 1 };
static const uint8_t resolver[4] = { 10, 0, 0, 53 };
static const uint8_t listed[4] = { 198, 51, 100, 7 };
static const uint8_t other[4] = { 203, 0, 113, 5 };

static struct lists_board *board;
static struct watched *watched;
static struct build message;

static int setup_names(void **state)
{
	(void)setup(state);
	worker_free(worker);
	board = lists_board_new(lists_of(LIST), 1);
	watched = watched_new();
	assert_true(board != NULL && watched != NULL);
	worker = worker_new(&(struct worker_options){ .config = &config,
						      .lists = board,
						      .watched = watched,
						      .feed = &feed,
						      .lost = &lost });
	assert_non_null(worker);
	return 0;
}

static int teardown_names(void **state)
{
	(void)teardown(state);
	lists_board_free(board);
	watched_free(watched);
	guard_free(&guard);
	return 0;
}

/* The next fact of a ring, which is of that kind, in a place of its own. */
static const void *take(struct ring *ring, enum fact_kind kind)
{
	static union {
		struct fact fact;
		uint8_t bytes[sizeof(struct session_fact) + sizeof(struct name_fact)];
	} taken;
	size_t size;
	const struct fact *fact = ring_peek(ring, &size);

	assert_non_null(fact);
	assert_int_equal(fact->kind, kind);
	assert_int_equal(fact->size, size);
	assert_true(size <= sizeof(taken));
	memset(&taken, 0, sizeof(taken));
	memcpy(&taken, fact, size);
	ring_pop(ring);
	return &taken;
}

static void assert_empty(struct ring *ring)
{
	size_t size;

	assert_null(ring_peek(ring, &size));
}

/* The record of the only flow, when all has ended. */
static struct flow_record finish(void)
{
	struct flow_record record;

	worker_finish(worker, now_ns);
	memcpy(&record, take(feed.bulk, FACT_FLOW), sizeof(record));
	assert_empty(feed.bulk);
	return record;
}

static void query(const char *name)
{
	const struct way way = { client, resolver, 40000, 53, IP_PROTO_UDP };

	put_head(&message, QUERY, 0, 0);
	put_question(&message, name, DNS_TYPE_A);
	send_packet(&way, 0, 0, slice_of(message.bytes, message.len));
}

/* Of 203.0.113.first and those behind it. */
static void answer(const char *name, unsigned first, unsigned count)
{
	const struct way way = { resolver, client, 53, 40000, IP_PROTO_UDP };

	put_head(&message, RESPONSE, count, 0);
	put_question(&message, name, DNS_TYPE_A);
	for (unsigned i = 0; i < count; i++)
		put_a(&message, QUESTION, first + i);
	send_packet(&way, 0, 0, slice_of(message.bytes, message.len));
}

static struct way way_to(const uint8_t server[4], uint16_t port)
{
	return (struct way){ client, server, 50000, port, IP_PROTO_TCP };
}

static void connect_to(const uint8_t server[4], uint16_t port)
{
	const struct way way = way_to(server, port);

	send_packet(&way, TCP_SYN, ISN, slice_of(NULL, 0));
}

static void say(const uint8_t server[4], uint16_t port, size_t at, struct slice bytes)
{
	const struct way way = way_to(server, port);

	send_packet(&way, TCP_ACK | TCP_PSH, ISN + 1 + (uint32_t)at, bytes);
}

/* A hello with a name in one record. */
static struct slice hello_for(const char *name)
{
	static struct build hello;
	unsigned len = (unsigned)strlen(name);
	unsigned body = 2 + 32 + 1 + 4 + 2 + 2 + 9 + len;

	hello.len = 0;
	put8(&hello, 22);
	put16(&hello, 0x0301);
	put16(&hello, body + 4);
	put16(&hello, 0x0100);
	put16(&hello, body);
	put16(&hello, 0x0303);
	memset(&hello.bytes[hello.len], 0x5c, 32);
	hello.len += 32;
	put8(&hello, 0);
	put16(&hello, 2);
	put16(&hello, 0x1301);
	put16(&hello, 0x0100);
	put16(&hello, 9 + len);
	put16(&hello, 0);
	put16(&hello, len + 5);
	put16(&hello, len + 3);
	put8(&hello, 0);
	put16(&hello, len);
	put_bytes(&hello, name, len);
	return slice_of(hello.bytes, hello.len);
}

static void a_question_is_a_fact_of_its_flow(void **state)
{
	const struct name_fact *fact;
	struct flow_record record;
	uint64_t flow;

	(void)state;
	query("www.example.net");
	assert_empty(feed.urgent);
	query("eu." NAME);
	fact = take(feed.urgent, FACT_NAME);
	flow = fact->flow_id;
	assert_string_equal(fact->name, "eu." NAME);
	assert_string_equal(tag_of(fact->listed), "pool");
	assert_int_equal(fact->source, NAME_LOOKUP);
	assert_int_equal(fact->fact.time_ns, START + SECOND / 1000);
	assert_int_equal(fact->start_ns, START);
	assert_memory_equal(fact->key.addr[fact->client_side], client, 4);
	assert_int_equal(fact->key.port[!fact->client_side], 53);
	assert_int_equal(fact->contact, 0);
	assert_int_equal(fact->isn, 0);
	record = finish();
	assert_empty(feed.urgent); /* no contact with a resolver */
	assert_int_equal(record.flow_id, flow);
	assert_int_equal(record.is_named, 1);
	assert_int_equal(record.is_told, 0);
}

static void an_answer_makes_its_addresses_watched(void **state)
{
	const struct answer_fact *fact;
	const struct contact_fact *contact;
	struct flow_record record;
	uint64_t flow;

	(void)state;
	answer(NAME, 4, 2);
	fact = take(feed.urgent, FACT_ANSWER);
	assert_int_equal(fact->fact.size, answer_fact_size(2));
	assert_int_equal(fact->count, 2);
	assert_string_equal(fact->name, NAME);
	assert_string_equal(tag_of(fact->listed), "pool");
	assert_memory_equal(fact->key.addr[fact->client_side], client, 4);
	connect_to(other, 3333);
	contact = take(feed.urgent, FACT_CONTACT);
	flow = contact->flow_id;
	assert_int_equal(contact->contact, 0); /* its address itself is not listed */
	assert_int_equal(contact->isn, ISN);
	assert_memory_equal(contact->key.addr[contact->client_side], client, 4);
	assert_empty(feed.urgent);
	worker_finish(worker, now_ns);
	for (int i = 0; i < 2; i++) {
		memcpy(&record, take(feed.bulk, FACT_FLOW), sizeof(record));
		assert_int_equal(record.is_told, record.flow_id == flow);
		assert_int_equal(record.contact, 0);
	}
	assert_empty(feed.bulk);
}

static void other_answers_are_bulk_and_watch_nothing(void **state)
{
	const struct answer_fact *fact;

	(void)state;
	answer("www.example.net", 5, 1);
	fact = take(feed.bulk, FACT_ANSWER);
	assert_int_equal(fact->count, 1);
	assert_int_equal(fact->listed, 0);
	connect_to(other, 3333);
	assert_empty(feed.urgent);
	assert_int_equal(worker_stats(worker)->answers_dropped, 0);
}

/* Another question to a watched resolver is seen as what it is. */
static void a_watched_resolver_is_no_contact(void **state)
{
	(void)state;
	answer(NAME, 5, 1);
	(void)take(feed.urgent, FACT_ANSWER);
	connect_to(other, 53);
	assert_empty(feed.urgent);
}

/* Both sides of a NAT are told apart by contacts: that comes first, once. */
static void a_listed_name_brings_its_contact(void **state)
{
	const struct contact_fact *contact;
	const struct name_fact *fact;
	const struct hello_fact *hello;
	struct flow_record record;
	uint64_t flow;
	uint64_t sequence;

	(void)state;
	connect_to(other, 443);
	assert_empty(feed.urgent);
	say(other, 443, 0, hello_for(NAME));
	contact = take(feed.urgent, FACT_CONTACT);
	flow = contact->flow_id;
	sequence = contact->fact.sequence;
	assert_int_equal(contact->contact, 0);
	assert_int_equal(contact->isn, ISN);
	fact = take(feed.urgent, FACT_NAME);
	assert_int_equal(fact->flow_id, flow);
	assert_int_equal(fact->source, NAME_SNI);
	assert_int_equal(fact->isn, ISN);
	assert_true(fact->fact.sequence > sequence);
	sequence = fact->fact.sequence;
	assert_empty(feed.urgent);
	hello = take(feed.bulk, FACT_HELLO);
	assert_int_equal(hello->flow_id, flow);
	assert_string_equal(hello->view.sni, NAME);
	assert_true(hello->fact.sequence < sequence); /* there when the name comes */
	record = finish();
	assert_int_equal(record.flow_id, flow);
	assert_int_equal(record.is_named, 1);
	assert_int_equal(record.is_told, 1);
}

/* A flow that was told by its address has one contact, and its hello is of interest. */
static void a_listed_address_wants_its_hello(void **state)
{
	const struct contact_fact *contact;
	const struct hello_fact *hello;
	struct flow_record record;

	(void)state;
	connect_to(listed, 443);
	contact = take(feed.urgent, FACT_CONTACT);
	assert_string_equal(tag_of(contact->contact), "address");
	say(listed, 443, 0, hello_for("www.example.net"));
	hello = take(feed.bulk, FACT_HELLO);
	assert_string_equal(hello->view.sni, "www.example.net");
	assert_empty(feed.urgent);
	record = finish();
	assert_string_equal(tag_of(record.contact), "address");
	assert_int_equal(record.is_named, 1);
	assert_int_equal(record.is_told, 1);
}

static void a_listed_name_at_a_listed_address(void **state)
{
	const struct name_fact *fact;

	(void)state;
	connect_to(listed, 443);
	(void)take(feed.urgent, FACT_CONTACT);
	say(listed, 443, 0, hello_for(NAME));
	fact = take(feed.urgent, FACT_NAME); /* no second contact */
	assert_string_equal(tag_of(fact->contact), "address");
	assert_string_equal(tag_of(fact->listed), "pool");
	assert_empty(feed.urgent);
}

static void other_hellos_are_told_when_asked_for(void **state)
{
	const struct hello_fact *hello;
	struct flow_record record;

	(void)state;
	connect_to(other, 443);
	say(other, 443, 0, hello_for("www.example.net"));
	assert_empty(feed.bulk);
	config.hellos = HELLOS_ALL;
	connect_to(other, 8443);
	say(other, 8443, 0, hello_for("www.example.net"));
	hello = take(feed.bulk, FACT_HELLO);
	assert_string_equal(hello->view.sni, "www.example.net");
	worker_finish(worker, now_ns);
	for (int i = 0; i < 2; i++) {
		memcpy(&record, take(feed.bulk, FACT_FLOW), sizeof(record));
		assert_int_equal(record.is_named,
				 record.key.port[0] == 8443 || record.key.port[1] == 8443);
		assert_int_equal(record.is_told, 0);
	}
	assert_empty(feed.urgent);
	assert_int_equal(worker_stats(worker)->hellos, 2);
}

/* What a flow said so far is told before its record. */
static void a_flow_that_ends_within_its_hello(void **state)
{
	struct slice hello = hello_for(NAME);
	struct flow_record record;
	uint64_t sequence;

	(void)state;
	/* The list of extensions says that one more follows. */
	message.len = 0;
	put_bytes(&message, hello.ptr, hello.len);
	message.bytes[4] += 4;
	message.bytes[8] += 4;
	message.bytes[5 + 4 + 2 + 32 + 1 + 4 + 2 + 1] += 4;
	connect_to(other, 443);
	say(other, 443, 0, slice_of(message.bytes, message.len));
	assert_empty(feed.urgent);
	worker_finish(worker, now_ns);
	(void)take(feed.urgent, FACT_CONTACT);
	sequence = ((const struct name_fact *)take(feed.urgent, FACT_NAME))->fact.sequence;
	(void)take(feed.bulk, FACT_HELLO);
	memcpy(&record, take(feed.bulk, FACT_FLOW), sizeof(record));
	assert_int_equal(record.is_named, 1);
	assert_int_equal(record.is_told, 1);
	assert_true(record.fact.sequence > sequence);
}

/* An index that is used again begins anew. */
static void a_new_flow_in_an_old_place(void **state)
{
	struct slice hello = hello_for(NAME);

	(void)state;
	for (int round = 0; round < 3; round++) {
		connect_to(other, 443);
		say(other, 443, 20, slice_tail(hello, 20));
		assert_empty(feed.urgent);
		now_ns += 3700 * SECOND;
		worker_tick(worker, now_ns);
		assert_empty(feed.urgent);
		connect_to(other, 443);
		say(other, 443, 0, slice_head(hello, 20));
		assert_empty(feed.urgent);
		say(other, 443, 20, slice_tail(hello, 20));
		(void)take(feed.urgent, FACT_CONTACT);
		(void)take(feed.urgent, FACT_NAME);
		now_ns += 3700 * SECOND;
		worker_tick(worker, now_ns);
		assert_empty(feed.urgent);
	}
}

/* The name asked of a proxy, once. */
static void a_leaked_pool_is_named(void **state)
{
	static const char connect[] = "CONNECT " NAME ":3333 HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char greeting[] = "HTTP/1.1 200 OK\r\n\r\n";
	const struct way back = { other, client, 3128, 50000, IP_PROTO_TCP };
	const struct name_fact *fact;

	(void)state;
	connect_to(other, 3128);
	say(other, 3128, 0, slice_str(connect));
	(void)take(feed.urgent, FACT_CONTACT);
	fact = take(feed.urgent, FACT_NAME);
	assert_int_equal(fact->source, NAME_TUNNEL);
	assert_string_equal(fact->name, NAME);
	assert_string_equal(tag_of(fact->listed), "pool");
	send_packet(&back, TCP_ACK | TCP_PSH, 1, slice_str(greeting));
	say(other, 3128, strlen(connect), slice_str("{\"id\":1,"));
	worker_tick(worker, now_ns);
	assert_empty(feed.urgent);
}

/* Mid-stream, the pool spoke first and was taken for the client. With a share it turns out that the
 * other side is, and that its server is watched. */
static void roles_that_turn_make_a_contact(void **state)
{
	const struct way up = { client, other, 50000, 50001, IP_PROTO_TCP };
	const struct way down = { other, client, 50001, 50000, IP_PROTO_TCP };
	const struct contact_fact *contact;
	const struct session_fact *session;
	struct flow_record record;
	uint64_t flow;

	(void)state;
	answer(NAME, 5, 1);
	(void)take(feed.urgent, FACT_ANSWER);
	send_packet(&down, TCP_ACK | TCP_PSH, 1, slice_str("\x16\x03\x01"));
	assert_empty(feed.urgent);
	send_packet(&up, TCP_ACK | TCP_PSH, 1, slice_str(SUBMIT("00000001")));
	contact = take(feed.urgent, FACT_CONTACT);
	flow = contact->flow_id;
	assert_memory_equal(contact->key.addr[contact->client_side], client, 4);
	assert_int_equal(contact->contact, 0);
	assert_int_equal(contact->isn, 0);
	session = take(feed.urgent, FACT_SESSION);
	assert_int_equal(session->flow_id, flow);
	assert_memory_equal(session->key.addr[session->client_side], client, 4);
	assert_empty(feed.urgent);
	worker_finish(worker, now_ns);
	(void)take(feed.urgent, FACT_SESSION);
	assert_empty(feed.urgent); /* no opening was left behind */
	for (int i = 0; i < 2; i++) {
		memcpy(&record, take(feed.bulk, FACT_FLOW), sizeof(record));
		assert_int_equal(record.is_told, record.flow_id == flow);
	}
}

/* A full ring keeps a listed answer back and drops another one, which is counted. */
static void answers_and_a_full_ring(void **state)
{
	struct fact filler[64];

	(void)state;
	memset(filler, 0, sizeof(filler));
	filler[0].size = sizeof(filler);
	while (ring_push(feed.urgent, filler, sizeof(filler)))
		;
	while (ring_push(feed.bulk, filler, sizeof(filler)))
		;
	while (ring_push(feed.urgent, filler, sizeof(filler[0])))
		;
	while (ring_push(feed.bulk, filler, sizeof(filler[0])))
		;
	answer("www.example.net", 4, 1);
	assert_int_equal(worker_stats(worker)->answers_dropped, 1);
	answer(NAME, 5, 1);
	assert_int_equal(worker_stats(worker)->answers_dropped, 1);
	assert_int_equal(worker_stats(worker)->facts_refused, 1);
	/* It is watched, whoever has heard of it. */
	assert_true(watched_has(watched, 4, other));
	for (size_t size; ring_peek(feed.urgent, &size) != NULL;)
		ring_pop(feed.urgent);
	worker_tick(worker, now_ns);
	(void)take(feed.urgent, FACT_ANSWER);
	assert_empty(feed.urgent);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_names, teardown_names)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_question_is_a_fact_of_its_flow),
		TEST(an_answer_makes_its_addresses_watched),
		TEST(other_answers_are_bulk_and_watch_nothing),
		TEST(a_watched_resolver_is_no_contact),
		TEST(a_listed_name_brings_its_contact),
		TEST(a_listed_address_wants_its_hello),
		TEST(a_listed_name_at_a_listed_address),
		TEST(other_hellos_are_told_when_asked_for),
		TEST(a_flow_that_ends_within_its_hello),
		TEST(a_new_flow_in_an_old_place),
		TEST(a_leaked_pool_is_named),
		TEST(roles_that_turn_make_a_contact),
		TEST(answers_and_a_full_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
