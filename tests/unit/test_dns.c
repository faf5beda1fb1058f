/* test_dns.c: questions, answers that belong to them, and messages that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/dns_build.h"

static void assert_address(const struct dns_answer *answer, size_t owner, unsigned last)
{
	const uint8_t addr[4] = { 203, 0, 113, (uint8_t)last };

	assert_int_equal(answer->type, DNS_TYPE_A);
	assert_int_equal(answer->owner, owner);
	assert_int_equal(answer->target, 0);
	assert_memory_equal(answer->addr, addr, 4);
}

static void test_query(void **unused)
{
	static struct build b;

	(void)unused;
	put_head(&b, 0x0100, 0, 1);
	put_question(&b, "PoOl.Example.NET", DNS_TYPE_A);
	put8(&b, 0);
	put16(&b, DNS_TYPE_OPT);
	put16(&b, 1232);
	put32(&b, 0);
	put16(&b, 0);
	assert_true(dns_is_plausible(guard_put(&guard, b.bytes, b.len)));
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_int_equal(got.id, 0x1234);
	assert_false(got.is_response);
	assert_false(got.is_truncated);
	assert_true(got.has_edns);
	assert_int_equal(got.opcode, 0);
	assert_int_equal(got.rcode, 0);
	assert_int_equal(got.question_type, DNS_TYPE_A);
	assert_int_equal(got.question_class, 1);
	assert_int_equal(got.name_count, 1);
	assert_int_equal(got.answer_count, 0);
	assert_int_equal(got.ignored_count, 0);
	assert_int_equal(got.canonical, 0);
	assert_string_equal(got.names[0].text, "pool.example.net");
	assert_int_equal(got.names[0].len, 16);
	assert_true(slice_is(dns_name_slice(&got.names[0]), "pool.example.net"));
}

static void test_addresses(void **unused)
{
	static struct build b;
	static const uint8_t six[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 9 };

	(void)unused;
	put_head(&b, 0x8180, 3, 0);
	put_question(&b, "pool.example.net", DNS_TYPE_A);
	put_a(&b, 12, 1);
	put_a(&b, 12, 2);
	put_pointer(&b, 12);
	put_record(&b, DNS_TYPE_AAAA, 0x80000001u, 16);
	put_bytes(&b, six, 16);
	assert_true(dns_is_plausible(guard_put(&guard, b.bytes, b.len)));
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_true(got.is_response);
	assert_int_equal(got.answer_count, 3);
	assert_address(&got.answers[0], 0, 1);
	assert_address(&got.answers[1], 0, 2);
	assert_int_equal(got.answers[0].ttl, 300);
	assert_int_equal(got.answers[2].type, DNS_TYPE_AAAA);
	assert_int_equal(got.answers[2].ttl, 0);
	assert_memory_equal(got.answers[2].addr, six, 16);
	assert_int_equal(got.ignored_count, 0);
	assert_false(got.has_edns);
}

static void test_chain(void **unused)
{
	static struct build b;

	(void)unused;
	put_head(&b, 0x8180, 4, 0);
	put_question(&b, "www.example.net", DNS_TYPE_A);
	size_t one = put_alias(&b, 12, "Edge.Example.ORG");
	size_t two = put_alias(&b, one, "node7.example.org");

	put_a(&b, two, 7);
	put_a(&b, two, 8);
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_int_equal(got.name_count, 3);
	assert_string_equal(got.names[1].text, "edge.example.org");
	assert_string_equal(got.names[2].text, "node7.example.org");
	assert_int_equal(got.canonical, 2);
	assert_int_equal(got.answer_count, 4);
	assert_int_equal(got.answers[0].type, DNS_TYPE_CNAME);
	assert_int_equal(got.answers[0].owner, 0);
	assert_int_equal(got.answers[0].target, 1);
	assert_int_equal(got.answers[0].ttl, 60);
	assert_int_equal(got.answers[1].owner, 1);
	assert_int_equal(got.answers[1].target, 2);
	assert_address(&got.answers[2], 2, 7);
	assert_address(&got.answers[3], 2, 8);
	assert_int_equal(got.ignored_count, 0);
}

/* Addresses first, the chain from its end, no compression, letters of either case. */
static void test_any_order(void **unused)
{
	static struct build b;

	(void)unused;
	put_head(&b, 0x8180, 3, 0);
	put_question(&b, "www.example.net", DNS_TYPE_A);
	(void)put_name(&b, "NODE7.example.org");
	put_record(&b, DNS_TYPE_A, 300, 4);
	put32(&b, 0xcb007107u);
	(void)put_name(&b, "edge.EXAMPLE.org");
	put_record(&b, DNS_TYPE_CNAME, 60, 19);
	(void)put_name(&b, "node7.example.ORG");
	(void)put_name(&b, "WWW.example.net");
	put_record(&b, DNS_TYPE_CNAME, 60, 18);
	(void)put_name(&b, "edge.example.org");
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_int_equal(got.ignored_count, 0);
	assert_int_equal(got.name_count, 3);
	assert_int_equal(got.canonical, 2);
	assert_string_equal(got.names[2].text, "node7.example.org");
	assert_int_equal(got.answer_count, 3);
	assert_address(&got.answers[2], 2, 7);
}

/* An address of somebody else counts for nothing; nor does one of another class or length. */
static void test_strangers(void **unused)
{
	static struct build b;

	(void)unused;
	put_head(&b, 0x8180, 6, 0);
	put_question(&b, "www.example.net", DNS_TYPE_A);
	(void)put_name(&b, "pool.example.org");
	put_record(&b, DNS_TYPE_A, 300, 4);
	put32(&b, 0xcb007107u);
	put_pointer(&b, 16); /* example.net: the end of the question, not the question */
	put_record(&b, DNS_TYPE_A, 300, 4);
	put32(&b, 0xcb007107u);
	put_pointer(&b, 12);
	put16(&b, DNS_TYPE_A);
	put16(&b, 3);
	put32(&b, 300);
	put16(&b, 4);
	put32(&b, 0xcb007107u);
	put_pointer(&b, 12);
	put_record(&b, DNS_TYPE_A, 300, 5);
	put_bytes(&b, "abcde", 5);
	put_pointer(&b, 12);
	put_record(&b, TYPE_RRSIG, 300, 3);
	put_bytes(&b, "sig", 3);
	put_a(&b, 12, 1);
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_int_equal(got.answer_count, 1);
	assert_address(&got.answers[0], 0, 1);
	assert_int_equal(got.ignored_count, 5);
}

static void test_loops_and_forks(void **unused)
{
	static struct build b;

	(void)unused;
	put_head(&b, 0x8180, 3, 0);
	put_question(&b, "a.example.net", DNS_TYPE_A);
	size_t other = put_alias(&b, 12, "b.example.net");

	(void)put_alias(&b, other, "a.example.net");
	(void)put_alias(&b, 12, "c.example.net");
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_int_equal(got.name_count, 3);
	assert_int_equal(got.answers[1].target, 0);
	assert_string_equal(got.names[2].text, "c.example.net");
	assert_int_equal(got.answer_count, 3);

	/* the pointer of a CNAME to itself, and data that is longer than its name */
	put_head(&b, 0x8180, 2, 0);
	put_question(&b, "a.example.net", DNS_TYPE_A);
	put_pointer(&b, 12);
	put_record(&b, DNS_TYPE_CNAME, 60, 2);
	put_pointer(&b, b.len);
	put_pointer(&b, 12);
	put_record(&b, DNS_TYPE_CNAME, 60, 5);
	put_bytes(&b, "\1b\0xx", 5);
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_int_equal(got.canonical, 0);
	assert_int_equal(got.name_count, 1);
	assert_int_equal(got.answer_count, 0);
	assert_int_equal(got.ignored_count, 2);
}

/* Names, rows and listed records each have a cap; what is over it is counted. */
static void test_caps(void **unused)
{
	static struct build b;
	char name[32];
	size_t owner = 12;

	(void)unused;
	put_head(&b, 0x8180, 0, 0);
	put_question(&b, "n0.example.net", DNS_TYPE_A);
	for (unsigned i = 1; i <= DNS_NAMES + 2; i++) {
		(void)snprintf(name, sizeof(name), "n%u.example.net", i);
		owner = put_alias(&b, owner, name);
	}
	set_answers(&b, DNS_NAMES + 2);
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_int_equal(got.name_count, DNS_NAMES);
	assert_int_equal(got.canonical, DNS_NAMES - 1);
	assert_int_equal(got.answer_count, DNS_NAMES - 1);
	assert_int_equal(got.ignored_count, 3);

	put_head(&b, 0x8180, 200, 0);
	put_question(&b, "n0.example.net", DNS_TYPE_A);
	for (unsigned i = 0; i < 200; i++)
		put_a(&b, 12, i);
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_int_equal(got.answer_count, DNS_ANSWERS);
	assert_address(&got.answers[DNS_ANSWERS - 1], 0, DNS_ANSWERS - 1);
	assert_int_equal(got.ignored_count, 200 - DNS_ANSWERS);
}

/* Strangers whose names must be read as text: after so many of them owners are known by their place
 * only, so that a message cannot cost more than its size says. */
static void test_many_strangers(void **unused)
{
	static struct build b;

	(void)unused;
	put_head(&b, 0x8180, 46, 0);
	put_question(&b, "www.example.net", DNS_TYPE_A);
	for (unsigned i = 0; i < 44; i++) {
		put8(&b, 1);
		put8(&b, 'a' + i % 26);
		put_a(&b, 12, i);
	}
	(void)put_name(&b, "www.example.net");
	put_record(&b, DNS_TYPE_A, 300, 4);
	put32(&b, 0xcb007101u);
	put_a(&b, 12, 2);
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_int_equal(got.answer_count, 1);
	assert_address(&got.answers[0], 0, 2);
	assert_int_equal(got.ignored_count, 45);
}

static void put_hints(struct build *b)
{
	static const uint8_t params[] = { 0,    1, 0,   3, 2,   'h', '2', 0, 4, 0,  8,    203, 0,
					  113,  1, 203, 0, 113, 2,   0,   6, 0, 16, 0x20, 1,   0x0d,
					  0xb8, 0, 0,   0, 0,   0,   0,   0, 0, 0,  0,    0,   9 };

	put_bytes(b, params, sizeof(params));
}

#define HINT_BYTES 39

static void test_https(void **unused)
{
	static struct build b;

	(void)unused;
	put_head(&b, 0x8180, 2, 2);
	put_question(&b, "www.example.net", DNS_TYPE_HTTPS);
	put_pointer(&b, 12);
	put_record(&b, DNS_TYPE_HTTPS, 120, 3 + HINT_BYTES);
	put16(&b, 1);
	put8(&b, 0);
	put_hints(&b);
	put_pointer(&b, 12);
	put_record(&b, DNS_TYPE_HTTPS, 120, 2 + 18);
	put16(&b, 2);
	size_t target = put_name(&b, "svc3.example.org");

	put_a(&b, target, 77);
	(void)put_name(&b, "stranger.example.org");
	put_record(&b, DNS_TYPE_A, 5, 4);
	put32(&b, 0xcb007109u);
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_int_equal(got.question_type, DNS_TYPE_HTTPS);
	assert_int_equal(got.name_count, 2);
	assert_string_equal(got.names[1].text, "svc3.example.org");
	assert_int_equal(got.canonical, 0);
	assert_int_equal(got.answer_count, 4);
	assert_address(&got.answers[0], 0, 1);
	assert_address(&got.answers[1], 0, 2);
	assert_true(got.answers[0].is_hint);
	assert_int_equal(got.answers[0].ttl, 120);
	assert_int_equal(got.answers[2].type, DNS_TYPE_AAAA);
	assert_int_equal(got.answers[2].addr[0], 0x20);
	assert_int_equal(got.answers[2].addr[15], 9);
	assert_address(&got.answers[3], 1, 77);
	assert_false(got.answers[3].is_hint);
	assert_int_equal(got.ignored_count, 1);
}

/* Additional addresses count for services only. */
static void test_additional_of_address(void **unused)
{
	static struct build b;

	(void)unused;
	put_head(&b, 0x8180, 0, 1);
	put_question(&b, "www.example.net", DNS_TYPE_A);
	put_a(&b, 12, 77);
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_int_equal(got.answer_count, 0);
}

static void test_broken_service(void **unused)
{
	static struct build b;

	(void)unused;
	for (size_t len = 0; len < 3 + HINT_BYTES; len++) {
		put_head(&b, 0x8180, 1, 0);
		put_question(&b, "www.example.net", DNS_TYPE_HTTPS);
		put_pointer(&b, 12);
		put_record(&b, DNS_TYPE_HTTPS, 120, len);
		size_t at = b.len;

		put16(&b, 1);
		put8(&b, 0);
		put_hints(&b);
		b.len = at + len;
		assert_int_equal(read_build(&b), DNS_WHOLE);
		assert_int_equal(got.answer_count, len < 3 + 19 ? 0 : 2);
		assert_int_equal(got.ignored_count, len < 3 ? 1 : 0);
	}
}

static void test_flags(void **unused)
{
	static struct build b;

	(void)unused;
	put_head(&b, 0x8383, 0, 1);
	put_question(&b, "nothing.example.net", TYPE_TXT);
	assert_int_equal(read_build(&b), DNS_CUT); /* the additional record is missing */
	put8(&b, 0);
	put16(&b, DNS_TYPE_OPT);
	put16(&b, 4096);
	put32(&b, 0x01000000);
	put16(&b, 0);
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_true(got.is_truncated);
	assert_true(got.is_response);
	assert_int_equal(got.rcode, 0x13);
	assert_int_equal(got.question_type, TYPE_TXT);
}

/* The section between answers and additionals is passed over, and counts for the length. */
static void test_authorities(void **unused)
{
	static struct build b;

	(void)unused;
	put_head(&b, 0x8180, 0, 1);
	b.bytes[9] = 1;
	put_question(&b, "www.example.net", DNS_TYPE_A);
	size_t at = b.len;

	put_a(&b, 12, 5);
	put8(&b, 0);
	put16(&b, DNS_TYPE_OPT);
	put16(&b, 4096);
	put32(&b, 0);
	put16(&b, 0);
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_true(got.has_edns);
	assert_int_equal(got.answer_count, 0);
	assert_int_equal(got.ignored_count, 0);
	assert_true(dns_is_plausible(slice_of(b.bytes, b.len)));
	assert_int_equal(read_bytes(b.bytes, at + 15), DNS_CUT);
	assert_int_equal(read_bytes(b.bytes, at + 16), DNS_CUT);
	assert_false(dns_is_plausible(slice_of(b.bytes, at)));
	b.bytes[11] = 0;
	assert_int_equal(read_bytes(b.bytes, at + 15), DNS_CUT);
	assert_int_equal(read_bytes(b.bytes, at + 16), DNS_WHOLE);
}

static void build_answer(struct build *b)
{
	put_head(b, 0x8180, 3, 0);
	put_question(b, "www.example.net", DNS_TYPE_A);
	size_t one = put_alias(b, 12, "edge.example.org");

	put_a(b, one, 7);
	put_a(b, one, 8);
}

/* Every beginning of an answer: what is whole counts, and no byte behind the end is read. */
static void test_every_cut(void **unused)
{
	static struct build b;

	(void)unused;
	build_answer(&b);
	for (size_t len = 0; len <= b.len; len++) {
		enum dns_result result = read_bytes(b.bytes, len);

		if (len < 33) {
			assert_int_equal(result, DNS_NONE);
			continue;
		}
		assert_int_equal(result, len == b.len ? DNS_WHOLE : DNS_CUT);
		assert_string_equal(got.names[0].text, "www.example.net");
		assert_int_equal(got.canonical, got.answer_count > 0 ? 1 : 0);
		assert_int_equal(got.answer_count, len == b.len        ? 3
						   : len >= b.len - 16 ? 2
						   : len >= b.len - 32 ? 1
								       : 0);
		assert_int_equal(dns_is_plausible(slice_of(b.bytes, len)), len >= 12 + 5 + 33);
	}
}

/* Every byte of an answer turned to every value: no overread, no cap broken. */
static void test_every_damage(void **unused)
{
	static struct build b;

	(void)unused;
	build_answer(&b);
	for (size_t at = 0; at < b.len; at++) {
		for (unsigned value = 0; value < 256; value++) {
			uint8_t kept = b.bytes[at];

			b.bytes[at] = (uint8_t)value;
			if (read_build(&b) != DNS_NONE) {
				assert_in_range(got.name_count, 1, DNS_NAMES);
				assert_true(got.answer_count <= 3);
				assert_true(got.canonical < got.name_count);
				assert_int_equal(strlen(got.names[0].text), got.names[0].len);
			}
			b.bytes[at] = kept;
		}
	}
}

static void test_plausible(void **unused)
{
	static struct build b;

	(void)unused;
	put_head(&b, 0x0100, 0, 0);
	put_question(&b, "a.example.net", DNS_TYPE_A);
	assert_true(dns_is_plausible(slice_of(b.bytes, b.len)));
	assert_false(dns_is_plausible(guard_put(&guard, b.bytes, 16)));
	assert_false(dns_is_plausible(guard_put(&guard, b.bytes, 0)));
	b.bytes[2] = 0x29; /* opcode UPDATE */
	assert_false(dns_is_plausible(slice_of(b.bytes, b.len)));
	assert_int_equal(read_build(&b), DNS_NONE);
	b.bytes[2] = 0x21; /* NOTIFY has a question */
	assert_false(dns_is_plausible(slice_of(b.bytes, b.len)));
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_int_equal(got.opcode, 4);
	b.bytes[2] = 1;
	b.bytes[3] = 0x40; /* a bit that must be zero */
	assert_false(dns_is_plausible(slice_of(b.bytes, b.len)));
	b.bytes[3] = 3; /* a question with a result */
	assert_false(dns_is_plausible(slice_of(b.bytes, b.len)));
	b.bytes[3] = 0x30; /* AD and CD */
	assert_true(dns_is_plausible(slice_of(b.bytes, b.len)));
	b.bytes[7] = 1; /* a question with an answer, and more than the length holds */
	assert_false(dns_is_plausible(slice_of(b.bytes, b.len)));
	b.bytes[2] = 0x81;
	b.bytes[7] = 2;
	assert_false(dns_is_plausible(slice_of(b.bytes, b.len)));
	b.bytes[7] = 0;
	b.bytes[5] = 2; /* two questions */
	assert_false(dns_is_plausible(slice_of(b.bytes, b.len)));
	assert_int_equal(read_build(&b), DNS_NONE);
	b.bytes[5] = 1;
	b.bytes[12] = 64;
	assert_false(dns_is_plausible(slice_of(b.bytes, b.len)));
	assert_false(dns_is_plausible(slice_str("GET / HTTP/1.1\r\nHost: a\r\n\r\n")));
	assert_false(dns_is_plausible(slice_str("{\"id\":1,\"method\":\"login\"}\n")));
}

static void test_tcp_frames(void **unused)
{
	static const uint8_t two[] = { 0, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 13, 1 };
	struct slice message = slice_of(NULL, 0);
	size_t used = 0;

	(void)unused;
	for (size_t len = 0; len < 14; len++)
		assert_int_equal(dns_tcp_frame(guard_put(&guard, two, len), &message, &used),
				 DNS_FRAME_MORE);
	assert_int_equal(dns_tcp_frame(guard_put(&guard, two, 17), &message, &used),
			 DNS_FRAME_WHOLE);
	assert_int_equal(used, 14);
	assert_int_equal(message.len, 12);
	assert_int_equal(message.ptr[0], 1);
	assert_int_equal(dns_tcp_frame(guard_put(&guard, &two[14], 3), &message, &used),
			 DNS_FRAME_MORE);
	assert_int_equal(dns_tcp_frame(slice_of("\0\x0b", 2), &message, &used), DNS_FRAME_BAD);
	assert_int_equal(dns_tcp_frame(slice_of("\0\0", 2), &message, &used), DNS_FRAME_BAD);
}

/* A message larger than any: nothing past 65535 bytes is looked at. */
static void test_oversized(void **unused)
{
	static uint8_t bytes[70000];

	(void)unused;
	memcpy(bytes, "\1\2\x81\x80\0\1\xff\xff\xff\xff\xff\xff\1a\0\0\1\0\1", 19);
	assert_int_equal(read_bytes(bytes, sizeof(bytes)), DNS_CUT);
	assert_int_equal(got.answer_count, 0);
	assert_true(got.ignored_count > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),          cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_chain),          cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_strangers),      cmocka_unit_test(test_loops_and_forks),
		cmocka_unit_test(test_caps),           cmocka_unit_test(test_many_strangers),
		cmocka_unit_test(test_https),          cmocka_unit_test(test_additional_of_address),
		cmocka_unit_test(test_broken_service), cmocka_unit_test(test_flags),
		cmocka_unit_test(test_authorities),    cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_every_damage),   cmocka_unit_test(test_plausible),
		cmocka_unit_test(test_tcp_frames),     cmocka_unit_test(test_oversized),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
