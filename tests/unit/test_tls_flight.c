/* test_tls_flight.c: a ClientHello in records of every size, of every prefix, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "protocols/tls_flight.h"
#include "protocols/tls_hello.h"
#include "tests/unit/guard.h"

#define NAME        "pool.example.net"
#define RECORD_HEAD 5
#define HEAD        4 /* of the handshake message */

static struct guard guard;
static struct guard scratch_guard;

/* Bytes that grow. */
struct build {
	uint8_t bytes[40000];
	size_t len;
};

static void put8(struct build *b, unsigned value)
{
	b->bytes[b->len++] = (uint8_t)value;
}

static void put16(struct build *b, unsigned value)
{
	put8(b, value >> 8);
	put8(b, value & 0xff);
}

static void put_fill(struct build *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put8(b, (unsigned)(i * 7) & 0xff);
}

static void put_text(struct build *b, const char *text)
{
	memcpy(&b->bytes[b->len], text, strlen(text));
	b->len += strlen(text);
}

/* A message whose name comes last, behind an extension of so many bytes. */
static void build_hello(struct build *b, size_t filler)
{
	size_t extensions = 4 + filler + 9 + strlen(NAME);
	size_t body = 2 + 32 + 1 + 4 + 2 + 2 + extensions;

	b->len = 0;
	put8(b, 1);
	put8(b, (unsigned)(body >> 16));
	put16(b, body & 0xffff);
	put16(b, 0x0303);
	put_fill(b, 32);
	put8(b, 0);
	put16(b, 2);
	put16(b, 0x1301);
	put16(b, 0x0100);
	put16(b, (unsigned)extensions);
	put16(b, 21);
	put16(b, (unsigned)filler);
	put_fill(b, filler);
	put16(b, 0);
	put16(b, (unsigned)strlen(NAME) + 5);
	put16(b, (unsigned)strlen(NAME) + 3);
	put8(b, 0);
	put16(b, (unsigned)strlen(NAME));
	put_text(b, NAME);
}

static void put_record(struct build *b, const uint8_t *bytes, size_t len)
{
	put8(b, 22);
	put16(b, 0x0301);
	put16(b, (unsigned)len);
	memcpy(&b->bytes[b->len], bytes, len);
	b->len += len;
}

/* The message in records of so many bytes. */
static void put_records(struct build *b, const struct build *message, size_t size)
{
	b->len = 0;
	for (size_t at = 0; at < message->len; at += size)
		put_record(b, &message->bytes[at],
			   size < message->len - at ? size : message->len - at);
}

/* The scratch ends at an unreadable page as well, and is rubbish at first. */
static enum tls_flight read_part(const struct build *b, size_t len, struct slice *body)
{
	static uint8_t rubbish[TLS_FLIGHT_BYTES];
	struct slice scratch;

	memset(rubbish, 0xee, sizeof(rubbish));
	scratch = guard_put(&scratch_guard, rubbish, sizeof(rubbish));
	return tls_flight_read(guard_put(&guard, b->bytes, len), (uint8_t *)(uintptr_t)scratch.ptr,
			       body);
}

static void assert_body(struct slice body, const struct build *message, size_t len)
{
	assert_int_equal(body.len, len);
	if (len > 0)
		assert_memory_equal(body.ptr, message->bytes + HEAD, len);
}

/* How much of the message the first len bytes of the flight hold. */
static size_t message_in(size_t len, size_t record, size_t message)
{
	size_t whole = len / (RECORD_HEAD + record);
	size_t rest = len % (RECORD_HEAD + record);
	size_t held = whole * record + (rest > RECORD_HEAD ? rest - RECORD_HEAD : 0);

	return held < message ? held : message;
}

static void test_every_record_size_and_prefix(void **state)
{
	static struct build message;
	static struct build flight;
	struct tls_hello hello;
	struct slice body;

	(void)state;
	build_hello(&message, 3);
	for (size_t size = 1; size <= message.len; size++) {
		put_records(&flight, &message, size);
		for (size_t len = 0; len < flight.len; len++) {
			size_t held = message_in(len, size, message.len);

			assert_int_equal(read_part(&flight, len, &body), TLS_FLIGHT_MORE);
			assert_body(body, &message, held > HEAD ? held - HEAD : 0);
		}
		put8(&flight, 0x14); /* what follows does not matter */
		for (size_t more = 0; more < 2; more++) {
			assert_int_equal(read_part(&flight, flight.len - more, &body),
					 TLS_FLIGHT_WHOLE);
			assert_body(body, &message, message.len - HEAD);
		}
		assert_true(tls_hello_read(body, false, &hello));
		assert_string_equal(hello.sni, NAME);
	}
}

/* Two records at every place, and one that holds the next message's beginning too. */
static void test_records_of_two_sizes(void **state)
{
	static struct build message;
	static struct build flight;
	struct slice body;

	(void)state;
	build_hello(&message, 40);
	for (size_t at = 1; at < message.len; at++) {
		flight.len = 0;
		put_record(&flight, message.bytes, at);
		put_record(&flight, &message.bytes[at], message.len - at + 9);
		assert_int_equal(read_part(&flight, flight.len, &body), TLS_FLIGHT_WHOLE);
		assert_body(body, &message, message.len - HEAD);
	}
}

static void test_one_record_is_read_in_place(void **state)
{
	static struct build message;
	static struct build flight;
	struct slice body;

	(void)state;
	build_hello(&message, 12000);
	put_records(&flight, &message, 16384);
	assert_int_equal(read_part(&flight, flight.len, &body), TLS_FLIGHT_WHOLE);
	assert_body(body, &message, message.len - HEAD);
}

/* More than there is room for, over records or cut: the beginning is given, and never as whole. */
static void test_longer_than_the_room(void **state)
{
	static struct build message;
	static struct build flight;
	struct slice body;

	(void)state;
	build_hello(&message, 12000);
	for (size_t size = 1000; size <= 10000; size += 1500) {
		put_records(&flight, &message, size);
		assert_int_equal(read_part(&flight, flight.len, &body), TLS_FLIGHT_MORE);
		assert_body(body, &message, TLS_FLIGHT_BYTES - HEAD);
	}
	/* The largest that fits. */
	build_hello(&message, TLS_FLIGHT_BYTES - HEAD - 43 - 13 - strlen(NAME));
	assert_int_equal(message.len, TLS_FLIGHT_BYTES);
	put_records(&flight, &message, 1000);
	assert_int_equal(read_part(&flight, flight.len, &body), TLS_FLIGHT_WHOLE);
	assert_body(body, &message, TLS_FLIGHT_BYTES - HEAD);
	build_hello(&message, TLS_FLIGHT_BYTES - HEAD - 43 - 13 - strlen(NAME) + 1);
	put_records(&flight, &message, 1000);
	assert_int_equal(read_part(&flight, flight.len, &body), TLS_FLIGHT_MORE);
}

static enum tls_flight read_text(const char *bytes, size_t len)
{
	static struct build b;
	struct slice body;
	enum tls_flight result;

	memcpy(b.bytes, bytes, len);
	b.len = len;
	result = read_part(&b, len, &body);
	if (result == TLS_FLIGHT_NONE)
		assert_int_equal(body.len, 0);
	return result;
}

#define READ(text) read_text(text, sizeof(text) - 1)

static void test_none(void **state)
{
	(void)state;
	assert_int_equal(READ("\x17"), TLS_FLIGHT_NONE);                   /* another type */
	assert_int_equal(READ("\x16\x02"), TLS_FLIGHT_NONE);               /* another version */
	assert_int_equal(READ("\x16\x03\x01\0\0"), TLS_FLIGHT_NONE);       /* an empty record */
	assert_int_equal(READ("\x16\x03\x01\x40\x01\1"), TLS_FLIGHT_NONE); /* a too long one */
	assert_int_equal(READ("\x16\x03\x01\x40\x00\1"), TLS_FLIGHT_MORE);
	assert_int_equal(READ("\x16\x03\x03\0\4\2\0\0\0"), TLS_FLIGHT_NONE); /* a server's hello */
	assert_int_equal(READ("\x16\x03\x03\0\1\2"), TLS_FLIGHT_NONE);
	assert_int_equal(READ("GET / HTTP/1.1\r\n"), TLS_FLIGHT_NONE);
	assert_int_equal(READ("\x16\x03\x01\0\4\1\0\0\0"), TLS_FLIGHT_WHOLE); /* without a body */
	/* It goes on with something else. */
	assert_int_equal(READ("\x16\x03\x01\0\5\1\0\0\7x\x17\x03\x03\0\1y"), TLS_FLIGHT_NONE);
	assert_int_equal(READ("\x16\x03\x01\0\5\1\0\0\7x\x17"), TLS_FLIGHT_NONE);
	assert_int_equal(READ("\x16\x03\x01\0\5\1\0\0\7x\x16\x02"), TLS_FLIGHT_NONE);
	assert_int_equal(READ("\x16\x03\x01\0\5\1\0\0\7x\x16\x03\x01\0\0"), TLS_FLIGHT_NONE);
	assert_int_equal(READ("\x16\x03\x01\0\2\1\0\x15\x03\x01\0\1\0"), TLS_FLIGHT_NONE);
	assert_int_equal(READ("\x16\x03\x01\0\5\1\0\0\7x\x16\x03\x01\0"), TLS_FLIGHT_MORE);
	/* As long as a hello can be, with nothing behind, and longer. */
	assert_int_equal(READ("\x16\x03\x01\0\5\1\2\1\x44x"), TLS_FLIGHT_MORE);
	assert_int_equal(READ("\x16\x03\x01\0\5\1\2\1\x45x"), TLS_FLIGHT_NONE);
	assert_int_equal(READ("\x16\x03\x01\0\5\1\xff\xff\xffx"), TLS_FLIGHT_NONE);
}

/* Every byte of heads and message with every value: what is given holds what it says. */
static void test_damage(void **state)
{
	static struct build message;
	static struct build flight;
	struct tls_hello hello;
	struct slice body;
	unsigned whole = 0;

	(void)state;
	build_hello(&message, 0);
	for (size_t at = 0; at < message.len + (size_t)3 * RECORD_HEAD; at++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			enum tls_flight result;

			put_records(&flight, &message, (message.len + 2) / 3);
			flight.bytes[at] = (uint8_t)byte;
			result = read_part(&flight, flight.len, &body);
			assert_true(body.len <= message.len);
			whole += result == TLS_FLIGHT_WHOLE;
			(void)tls_hello_read(body, result != TLS_FLIGHT_WHOLE, &hello);
		}
	}
	assert_true(whole > 10000);
}

static int tear_down(void **state)
{
	(void)state;
	guard_free(&guard);
	guard_free(&scratch_guard);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_record_size_and_prefix),
		cmocka_unit_test(test_records_of_two_sizes),
		cmocka_unit_test(test_one_record_is_read_in_place),
		cmocka_unit_test(test_longer_than_the_room),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
