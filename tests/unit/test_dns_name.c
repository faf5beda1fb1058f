/* test_dns_name.c: labels, pointers and odd bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dns_build.h"

static void assert_question(const void *name, size_t len, const char *text)
{
	static struct build b;

	put_head(&b, 0x0100, 0, 0);
	put_bytes(&b, name, len);
	put32(&b, 0x00010001);
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_string_equal(got.names[0].text, text);
	assert_int_equal(got.names[0].len, strlen(text));
}

static void test_odd_bytes(void **unused)
{
	(void)unused;
	assert_question("", 1, ".");
	assert_question("\1A", 3, "a");
	assert_question("\3a.b\1c", 7, "a\\046b.c");
	assert_question("\3a\\b\1c", 7, "a\\092b.c");
	assert_question("\4\0 \x7f\xff", 6, "\\000\\032\\127\\255");
	assert_question("\5_Z-*@\2\"{", 10, "_z-*@.\"{");
	assert_question("\4\xc3\x84@\x1b\1x", 8, "\\195\\132@\\027.x");
}

/* The longest name there is, all escaped; one octet more is refused. */
static void test_longest(void **unused)
{
	static struct build b;
	static const uint8_t lengths[] = { 63, 63, 63, 61 };

	(void)unused;
	put_head(&b, 0x0100, 0, 0);
	for (size_t i = 0; i < 4; i++) {
		put8(&b, lengths[i]);
		memset(&b.bytes[b.len], 0xfe, lengths[i]);
		b.len += lengths[i];
	}
	put8(&b, 0);
	assert_int_equal(b.len - 12, DNS_NAME_WIRE);
	put32(&b, 0x00010001);
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_int_equal(got.names[0].len, DNS_NAME_TEXT - 1);
	assert_int_equal(strlen(got.names[0].text), DNS_NAME_TEXT - 1);

	b.len = 12 + 192;
	put8(&b, 62);
	memset(&b.bytes[b.len], 'a', 62);
	b.len += 62;
	put8(&b, 0);
	put32(&b, 0x00010001);
	assert_int_equal(read_build(&b), DNS_NONE);

	put_head(&b, 0x0100, 0, 0);
	for (size_t i = 0; i < 127; i++)
		put_bytes(&b, "\1x", 2);
	put8(&b, 0);
	put32(&b, 0x00010001);
	assert_int_equal(read_build(&b), DNS_WHOLE);
	assert_int_equal(got.names[0].len, 253);
	b.len -= 5;
	put_bytes(&b, "\1x", 3);
	put32(&b, 0x00010001);
	assert_int_equal(read_build(&b), DNS_NONE);
}

static struct dns_name name;

static bool name_at(const void *bytes, size_t len, size_t at, size_t *end)
{
	return dns_name_read(guard_put(&guard, bytes, len), at, &name, end);
}

static void test_pointers(void **unused)
{
	static uint8_t bytes[12 + 3 + 80 * 2];
	size_t end = 0;

	(void)unused;
	memcpy(&bytes[12], "\1A", 3);
	memcpy(&bytes[15], "\1b\xc0\x0c", 4);
	assert_true(name_at(bytes, 19, 15, &end));
	assert_string_equal(name.text, "b.a");
	assert_int_equal(end, 19);
	assert_false(name_at(bytes, 18, 15, &end)); /* half a pointer */
	bytes[18] = 19; /* to itself, forward, into the header, to its own label */
	assert_false(name_at(bytes, 19, 15, &end));
	bytes[18] = 17;
	assert_false(name_at(bytes, 19, 15, &end));
	bytes[18] = 11;
	assert_false(name_at(bytes, 19, 15, &end));
	bytes[18] = 15;
	assert_false(name_at(bytes, 19, 15, &end));
	memcpy(&bytes[15],
	       "\x40"
	       "b\0",
	       3);
	assert_false(name_at(bytes, 19, 15, &end));
	bytes[15] = 0x80;
	assert_false(name_at(bytes, 19, 15, &end));
	assert_false(name_at(bytes, 19, 19, &end));
	assert_false(name_at(bytes, 19, 400, &end));

	/* a row of pointers, each to the one before it */
	for (size_t i = 0; i < 80; i++) {
		size_t to = i == 0 ? 12 : 15 + 2 * (i - 1);

		bytes[15 + 2 * i] = 0xc0;
		bytes[16 + 2 * i] = (uint8_t)to;
	}
	assert_true(name_at(bytes, sizeof(bytes), 15 + 2 * (DNS_JUMPS - 1), &end));
	assert_string_equal(name.text, "a");
	assert_int_equal(end, 15 + 2 * DNS_JUMPS);
	assert_false(name_at(bytes, sizeof(bytes), 15 + 2 * DNS_JUMPS, &end));
	assert_int_equal(dns_name_origin(slice_of(bytes, sizeof(bytes)), 15 + 2 * 20), 12);
}

static void test_skip(void **unused)
{
	(void)unused;
	assert_int_equal(dns_name_skip(guard_put(&guard, "\3abc", 5), 0), 5);
	assert_int_equal(dns_name_skip(guard_put(&guard, "\3abc", 4), 0), 0);
	assert_int_equal(dns_name_skip(guard_put(&guard, "\3abc\xc0\1", 6), 0), 6);
	assert_int_equal(dns_name_skip(guard_put(&guard, "\3abc\xc0", 5), 0), 0);
	assert_int_equal(dns_name_skip(guard_put(&guard, "\3ab", 3), 0), 0);
	assert_int_equal(dns_name_skip(guard_put(&guard, "x", 1), 5), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_odd_bytes),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_skip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
