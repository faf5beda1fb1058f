/* test_names.c: DNS over UDP and TCP, from packets to questions and answers, and leaked pools.
 * What hellos and requests say is in test_names_hello.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/dns_build.h"
#include "tests/unit/names_rig.h"

#define QUERY    0x0100
#define RESPONSE 0x8180
#define QUESTION 12 /* offset of the question's name */
#define KEY      "AKIAZ5QW3ERT7YU2IOPA"

static struct build message;
static struct rig_flow dns;

static int setup(void **state)
{
	(void)rig_setup(state);
	dns = rig_flow(7, IP_PROTO_UDP, 40000, 53);
	return 0;
}

static int teardown(void **state)
{
	(void)rig_teardown(state);
	guard_free(&guard);
	return 0;
}

static void build_query(struct build *b, const char *name)
{
	put_head(b, QUERY, 0, 0);
	put_question(b, name, DNS_TYPE_A);
}

static void build_response(struct build *b, const char *name)
{
	put_head(b, RESPONSE, 0, 0);
	put_question(b, name, DNS_TYPE_A);
}

static void build_addresses(struct build *b, const char *name, unsigned count)
{
	build_response(b, name);
	set_answers(b, count);
	for (unsigned i = 0; i < count; i++)
		put_a(b, QUESTION, i + 1);
}

static void ask(const char *name)
{
	build_query(&message, name);
	rig_udp(&dns, UP, message.bytes, message.len);
}

static void answer(void)
{
	rig_udp(&dns, DOWN, message.bytes, message.len);
}

/* One answer was told, for that name and entry, with so many addresses. */
static const struct answer_fact *assert_answered(const char *name, const char *tag, size_t count)
{
	const struct answer_fact *fact = &told_answers.at[0].answer;

	assert_int_equal(told_answers.count, 1);
	told_answers.count = 0;
	assert_string_equal(fact->name, name);
	assert_string_equal(tag_of(fact->listed), tag);
	assert_int_equal(fact->count, count);
	return fact;
}

static void test_questions(void **state)
{
	(void)state;
	ask("pool.example.net");
	assert_int_equal(told_names.at[0].index, 7);
	assert_false(told_names.at[0].name.is_echo);
	assert_string_equal(told_names.at[0].name.access_key, "");
	assert_named(NAME_LOOKUP, "pool.example.net", "pool");
	ask("EU.Pool.eXample.net");
	assert_named(NAME_LOOKUP, "eu.pool.example.net", "pool");
	ask("weak.example.net"); /* what weak means is the correlator's to say */
	assert_named(NAME_LOOKUP, "weak.example.net", "general");
	assert_true(lists_entry(told_names.at[0].name.listed)->is_weak);
	ask("ported.example.net"); /* of no port yet */
	assert_named(NAME_LOOKUP, "ported.example.net", "ported");
	assert_int_equal(stats.names_listed, 4);
	ask("www.example.net");
	ask("carpool.example.net");
	ask("pool.example.net.example.org");
	assert_silent();
	assert_int_equal(stats.names_listed, 4);
	assert_int_equal(stats.dns_messages, 7);
	assert_int_equal(stats.dns_malformed, 0);
}

static void test_no_lists(void **state)
{
	(void)state;
	names_use(names, NULL);
	ask("pool.example.net");
	assert_silent();
	build_addresses(&message, "pool.example.net", 1);
	answer();
	(void)assert_answered("pool.example.net", "-", 1);
	names_use(names, listed);
	ask("pool.example.net");
	assert_named(NAME_LOOKUP, "pool.example.net", "pool");
}

/* A resolver may be anywhere, and either side may be the flow's client. */
static void test_other_ports(void **state)
{
	struct rig_flow other = rig_flow(1, IP_PROTO_UDP, 53, 40000);
	struct rig_flow none = rig_flow(2, IP_PROTO_UDP, 40000, 5353);

	(void)state;
	build_query(&message, "pool.example.net");
	rig_udp(&other, DOWN, message.bytes, message.len);
	assert_named(NAME_LOOKUP, "pool.example.net", "pool");
	rig_udp(&none, UP, message.bytes, message.len);
	assert_silent();
	assert_int_equal(stats.dns_messages, 1);
}

static void test_addresses(void **state)
{
	const struct answer_fact *fact;

	(void)state;
	build_addresses(&message, "www.pool.example.net", 3);
	answer();
	fact = assert_answered("www.pool.example.net", "pool", 3);
	assert_int_equal(told_answers.at[0].index, 7);
	assert_int_equal(fact->ttl_s, 300);
	for (uint8_t i = 0; i < 3; i++) {
		assert_int_equal(fact->addresses[i].ip_version, 4);
		assert_memory_equal(fact->addresses[i].addr,
				    ((uint8_t[16]){ 203, 0, 113, (uint8_t)(i + 1) }), 16);
	}
	assert_int_equal(told_names.count, 0); /* the answer tells itself */
	assert_int_equal(stats.names_listed, 1);
	build_addresses(&message, "www.example.net", 1);
	answer();
	(void)assert_answered("www.example.net", "-", 1);
	assert_int_equal(stats.names_listed, 1);
	build_addresses(&message, "www.example.net", LIMIT_ANSWERS + 3);
	answer();
	fact = assert_answered("www.example.net", "-", LIMIT_ANSWERS);
	assert_int_equal(fact->addresses[LIMIT_ANSWERS - 1].addr[3], LIMIT_ANSWERS);
}

static void test_an_ipv6_address(void **state)
{
	static const uint8_t addr[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 9 };
	const struct answer_fact *fact;

	(void)state;
	put_head(&message, RESPONSE, 1, 0);
	put_question(&message, "pool.example.net", DNS_TYPE_AAAA);
	put_pointer(&message, QUESTION);
	put_record(&message, DNS_TYPE_AAAA, 7, 16);
	put_bytes(&message, addr, 16);
	answer();
	fact = assert_answered("pool.example.net", "pool", 1);
	assert_int_equal(fact->addresses[0].ip_version, 6);
	assert_memory_equal(fact->addresses[0].addr, addr, 16);
	assert_int_equal(fact->ttl_s, 7);
}

/* The name that is listed may stand anywhere in the chain; the time is the shortest of it. */
static void test_chains(void **state)
{
	const struct answer_fact *fact;
	size_t target;

	(void)state;
	build_response(&message, "cdn.example.org");
	set_answers(&message, 3);
	target = put_alias(&message, QUESTION, "eu.pool.example.net");
	target = put_alias(&message, target, "host.example.com");
	put_a(&message, target, 5);
	answer();
	fact = assert_answered("cdn.example.org", "pool", 1);
	assert_int_equal(fact->ttl_s, 60);
	assert_int_equal(fact->addresses[0].addr[3], 5);
	/* The question's own entry goes before one behind it. */
	build_response(&message, "weak.example.net");
	set_answers(&message, 2);
	target = put_alias(&message, QUESTION, "pool.example.net");
	put_a(&message, target, 6);
	answer();
	(void)assert_answered("weak.example.net", "general", 1);
	/* Addresses of a name that the question does not lead to are nobody's. */
	build_response(&message, "www.example.net");
	set_answers(&message, 1);
	(void)put_name(&message, "pool.example.net");
	put_record(&message, DNS_TYPE_A, 300, 4);
	put32(&message, 0xcb007105);
	answer();
	assert_silent();
}

/* Of a listed name that has no address is told; of another one there is nothing to tell. */
static void test_no_address(void **state)
{
	(void)state;
	build_response(&message, "pool.example.net");
	answer();
	(void)assert_answered("pool.example.net", "pool", 0);
	build_response(&message, "www.example.net");
	answer();
	assert_silent();
	assert_int_equal(stats.dns_messages, 2);
}

/* What is whole counts, at every length from the question's end on. */
static void test_truncated_answers(void **state)
{
	size_t question;

	(void)state;
	build_addresses(&message, "pool.example.net", 4);
	question = message.len - (size_t)4 * 16;
	for (size_t len = 1; len <= message.len; len++) {
		uint64_t read = stats.dns_messages;

		rig_udp(&dns, DOWN, message.bytes, len);
		if (told_answers.count == 0) {
			assert_int_equal(stats.dns_messages, read);
			continue;
		}
		assert_true(len >= question);
		(void)assert_answered("pool.example.net", "pool", (len - question) / 16);
	}
	assert_int_equal(stats.dns_messages + stats.dns_malformed, message.len);
	assert_in_range(stats.dns_messages, 4, 4 * 16 + 1);
	assert_int_equal(stats.names_listed, stats.dns_messages);
	rig_udp(&dns, DOWN, message.bytes, 0);
	assert_int_equal(stats.dns_messages + stats.dns_malformed, message.len);
}

/* The last labels say whose a name is. */
static void test_a_long_name_keeps_its_end(void **state)
{
	const char label[] = "0123456789abcdef.";
	char name[256] = "";

	(void)state;
	for (size_t i = 0; i < 11; i++)
		memcpy(name + i * strlen(label), label, sizeof(label));
	memcpy(name + 11 * strlen(label), "pool.example.net", sizeof("pool.example.net"));
	build_addresses(&message, name, 1);
	answer();
	(void)assert_answered("0123456789abcdef.0123456789abcdef.0123456789abcdef."
			      "0123456789abcdef.pool.example.net",
			      "pool", 1);
	ask(name);
	assert_named(NAME_LOOKUP, name, "pool");
}

static void test_keys(void **state)
{
	(void)state;
	ask(KEY ".x.example.org");
	assert_string_equal(told_names.at[0].name.access_key, KEY);
	assert_false(told_names.at[0].name.is_echo);
	assert_named(NAME_LOOKUP, "akiaz5qw3ert7yu2iopa.x.example.org", "-");
	assert_int_equal(stats.names_listed, 0);
	build_response(&message, KEY ".pool.example.net");
	answer();
	assert_int_equal(told_names.count, 1);
	assert_true(told_names.at[0].name.is_echo);
	assert_string_equal(told_names.at[0].name.access_key, KEY);
	assert_int_equal(told_names.at[0].name.listed, 0); /* that is the answer's to tell */
	assert_int_equal(told_answers.count, 1);
	assert_string_equal(tag_of(told_answers.at[0].answer.listed), "pool");
	told_names.count = told_answers.count = 0;
	ask(KEY ".pool.example.net");
	assert_int_equal(told_names.count, 1);
	assert_string_equal(tag_of(told_names.at[0].name.listed), "pool");
	assert_string_equal(told_names.at[0].name.access_key, KEY);
}

static void test_wildcard_services(void **state)
{
	(void)state;
	ask("x.198.51.100.88.nip.io");
	assert_named(NAME_LOOKUP, "x.198.51.100.88.nip.io", "staging");
	ask("c6336458.nip.io");
	assert_named(NAME_LOOKUP, "c6336458.nip.io", "staging");
	ask("198-51-100-88.a.sslip.io");
	assert_named(NAME_LOOKUP, "198-51-100-88.a.sslip.io", "staging");
	ask("x.198.51.100.89.nip.io");
	ask("198.51.100.88.example.net");
	assert_silent();
	/* The question has told it: the answer gives an address and no more. */
	build_addresses(&message, "x.198.51.100.88.nip.io", 1);
	answer();
	(void)assert_answered("x.198.51.100.88.nip.io", "-", 1);
	assert_int_equal(told_names.count, 0);
}

static void test_no_dns(void **state)
{
	(void)state;
	rig_udp(&dns, UP, "GET / HTTP/1.1\r\nHost: pool.example.net\r\n\r\n", 43);
	build_query(&message, "pool.example.net");
	message.bytes[5] = 2; /* questions */
	rig_udp(&dns, UP, message.bytes, message.len);
	assert_silent();
	assert_int_equal(stats.dns_malformed, 2);
}

/* Every byte of an answer with many a value: nothing but what fits is told. */
static void test_damage(void **state)
{
	(void)state;
	build_addresses(&message, "pool.example.net", 2);
	for (size_t at = 0; at < message.len; at++) {
		uint8_t right = message.bytes[at];

		for (unsigned byte = 0; byte < 256; byte += 5) {
			message.bytes[at] = (uint8_t)byte;
			answer();
			told_names.count = told_answers.count = 0;
		}
		message.bytes[at] = right;
	}
	answer();
	(void)assert_answered("pool.example.net", "pool", 2);
}

/* --- over TCP ------------------------------------------------------------------------------- */

/* Appends a message with its length before it. */
static void put_framed(struct build *out, const struct build *in)
{
	put16(out, (unsigned)in->len);
	put_bytes(out, in->bytes, in->len);
}

/* Three questions, the middle one of no interest. */
static void build_questions(struct build *out)
{
	static const char *const asked[] = { "a.pool.example.net", "www.example.net",
					     "weak.example.net" };

	out->len = 0;
	for (size_t i = 0; i < 3; i++) {
		build_query(&message, asked[i]);
		put_framed(out, &message);
	}
}

static void assert_questions(void)
{
	assert_int_equal(told_names.count, 2);
	assert_string_equal(told_names.at[0].name.name, "a.pool.example.net");
	assert_string_equal(told_names.at[1].name.name, "weak.example.net");
	assert_int_equal(stats.dns_messages, 3);
	assert_int_equal(stats.dns_malformed, 0);
	told_names.count = 0;
	stats.dns_messages = 0;
}

static void test_tcp_in_pieces_of_every_size(void **state)
{
	static struct build questions;

	(void)state;
	build_questions(&questions);
	for (size_t size = 1; size <= questions.len; size++) {
		struct rig_flow flow = rig_connect((uint32_t)size, 40000, 53);

		for (size_t at = 0; at < questions.len; at += size)
			rig_tcp(&flow, UP, at, &questions.bytes[at],
				size < questions.len - at ? size : questions.len - at);
		assert_questions();
		rig_end(&flow);
		assert_silent();
	}
	assert_int_equal(stats.openings_capped, 0);
}

/* Each once, whatever comes late, twice or overlapping. */
static void test_tcp_out_of_order(void **state)
{
	static struct build questions;

	(void)state;
	build_questions(&questions);
	for (size_t cut = 1; cut < questions.len; cut++) {
		struct rig_flow flow = rig_connect((uint32_t)cut, 40000, 53);

		rig_tcp(&flow, UP, cut, &questions.bytes[cut], questions.len - cut);
		rig_tcp(&flow, UP, cut, &questions.bytes[cut], questions.len - cut);
		assert_silent();
		rig_tcp(&flow, UP, 0, questions.bytes, cut);
		assert_questions();
		rig_tcp(&flow, UP, 0, questions.bytes, cut); /* again */
		assert_silent();
		rig_end(&flow);
		assert_silent();
		assert_int_equal(stats.dns_messages, 0);
	}
}

static void test_tcp_both_directions(void **state)
{
	static struct build stream;
	struct rig_flow flow = rig_connect(3, 40000, 53);
	size_t up = 0;
	size_t down = 0;

	(void)state;
	for (unsigned round = 0; round < 5; round++) {
		stream.len = 0;
		build_query(&message, "pool.example.net");
		put_framed(&stream, &message);
		rig_tcp(&flow, UP, up, stream.bytes, stream.len);
		up += stream.len;
		assert_named(NAME_LOOKUP, "pool.example.net", "pool");
		stream.len = 0;
		build_addresses(&message, "pool.example.net", 2);
		put_framed(&stream, &message);
		for (size_t at = 0; at < stream.len; at += 7)
			rig_tcp(&flow, DOWN, down + at, &stream.bytes[at],
				stream.len - at < 7 ? stream.len - at : 7);
		down += stream.len;
		(void)assert_answered("pool.example.net", "pool", 2);
	}
	rig_end(&flow);
	assert_silent();
	assert_int_equal(stats.dns_messages, 10);
}

static void test_tcp_ends_in_the_middle(void **state)
{
	static struct build stream;
	struct rig_flow flow = rig_connect(3, 40000, 53);

	(void)state;
	stream.len = 0;
	build_addresses(&message, "pool.example.net", 2);
	put_framed(&stream, &message);
	rig_tcp(&flow, DOWN, 0, stream.bytes, stream.len - 10);
	assert_silent();
	rig_end(&flow);
	(void)assert_answered("pool.example.net", "pool", 1);
	rig_end(&flow);
	assert_silent();
	/* Nothing but the length is no message. */
	flow = rig_connect(3, 40000, 53);
	rig_tcp(&flow, DOWN, 0, stream.bytes, 2);
	rig_end(&flow);
	assert_silent();
	assert_int_equal(stats.dns_malformed, 0);
}

/* A message of more than is gathered is read as far as that, once; then the place is lost. */
static void test_tcp_a_long_message(void **state)
{
	static struct build stream;
	static uint8_t filler[4000];
	struct rig_flow flow = rig_connect(3, 40000, 53);
	size_t at = 0;

	(void)state;
	stream.len = 0;
	build_addresses(&message, "pool.example.net", 2);
	set_answers(&message, 30);
	put16(&stream, 20000);
	put_bytes(&stream, message.bytes, message.len);
	rig_tcp(&flow, DOWN, at, stream.bytes, stream.len);
	for (at = stream.len; at < 20000; at += sizeof(filler))
		rig_tcp(&flow, DOWN, at, filler, sizeof(filler));
	(void)assert_answered("pool.example.net", "pool", 2);
	rig_end(&flow);
	assert_silent();
	assert_int_equal(stats.dns_messages, 1);
}

static void test_tcp_no_dns(void **state)
{
	static struct build stream;
	struct rig_flow flow = rig_connect(3, 40000, 53);

	(void)state;
	rig_tcp(&flow, UP, 0, "\0\4abcd", 6); /* no message is that short */
	stream.len = 0;
	build_query(&message, "pool.example.net");
	put_framed(&stream, &message);
	rig_tcp(&flow, UP, 6, stream.bytes, stream.len);
	rig_end(&flow);
	assert_silent();
	assert_int_equal(stats.dns_messages, 0);
}

/* A hole that nobody fills: what is there is read when it is old, and later packets cost nothing.
 */
static void test_tcp_a_hole_for_ever(void **state)
{
	static struct build questions;
	struct rig_flow flow = rig_connect(3, 40000, 53);

	(void)state;
	build_questions(&questions);
	rig_tcp(&flow, UP, 1, &questions.bytes[1], questions.len - 1);
	now_ns += 61 * SECOND;
	rig_tcp(&flow, UP, questions.len, questions.bytes, 1);
	rig_tcp(&flow, UP, 0, questions.bytes, 1); /* too late */
	rig_end(&flow);
	assert_silent();
}

/* --- leaked pools --------------------------------------------------------------------------- */

static void assert_leaked(const char *text, const char *name, const char *tag)
{
	assert_true(names_leaked(names, 9, text));
	assert_int_equal(told_names.at[0].index, 9);
	assert_named(NAME_TUNNEL, name, tag);
}

static void test_leaked(void **state)
{
	(void)state;
	assert_leaked("pool.example.net:3333", "pool.example.net", "pool");
	assert_leaked("eu.pool.example.net", "eu.pool.example.net", "pool");
	assert_leaked("ported.example.net:3333", "ported.example.net", "ported");
	assert_leaked("203.0.113.9:3333", "203.0.113.9", "address");
	assert_leaked("[2001:db8::9]:3333", "2001:db8::9", "address6");
	assert_leaked("198.51.100.88:80", "198.51.100.88", "staging");
	assert_int_equal(stats.names_listed, 6);
	assert_false(names_leaked(names, 9, "ported.example.net:3334"));
	assert_false(names_leaked(names, 9, "203.0.113.9:3334"));
	assert_false(names_leaked(names, 9, "[2001:db8::9]:1"));
	assert_false(names_leaked(names, 9, "[2001:db8::8]:3333"));
	assert_false(names_leaked(names, 9, "www.example.net:3333"));
	assert_false(names_leaked(names, 9, ""));
	assert_false(names_leaked(names, 9, ":"));
	assert_false(names_leaked(names, 9, "[]:3333"));
	assert_false(names_leaked(names, 9, ":99999999999999999999999"));
	assert_silent();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_questions),
		TEST(test_no_lists),
		TEST(test_other_ports),
		TEST(test_addresses),
		TEST(test_an_ipv6_address),
		TEST(test_chains),
		TEST(test_no_address),
		TEST(test_truncated_answers),
		TEST(test_a_long_name_keeps_its_end),
		TEST(test_keys),
		TEST(test_wildcard_services),
		TEST(test_no_dns),
		TEST(test_damage),
		TEST(test_tcp_in_pieces_of_every_size),
		TEST(test_tcp_out_of_order),
		TEST(test_tcp_both_directions),
		TEST(test_tcp_ends_in_the_middle),
		TEST(test_tcp_a_long_message),
		TEST(test_tcp_no_dns),
		TEST(test_tcp_a_hole_for_ever),
		TEST(test_leaked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
