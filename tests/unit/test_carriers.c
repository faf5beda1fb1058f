/* test_carriers.c: the table of carriers, and the test of a flow's first bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocols/dialect.h"
#include "tests/unit/guard.h"

static struct guard guard;

static void test_table(void **unused)
{
	(void)unused;
	assert_int_equal(carrier_count, 5);
	for (size_t i = 0; i < carrier_count; i++) {
		const struct carrier *carrier = carriers[i];

		assert_true(carrier->state_size > 0 && carrier->state_size <= CARRIER_STATE_MAX);
		assert_non_null(carrier->probe);
		assert_non_null(carrier->unwrap);
		assert_non_null(carrier->gap);
		assert_int_equal(strspn(carrier->name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
				 strlen(carrier->name));
		for (size_t other = 0; other < i; other++)
			assert_string_not_equal(carrier->name, carriers[other]->name);
	}
	assert_ptr_equal(carriers[0], &carrier_proxy_header);
}

static bool begins(enum direction dir, const char *text, size_t len)
{
	return dialects_begin(guard_put(&guard, text, len), dir);
}

#define BEGINS_UP(text)   begins(DIR_TO_SERVER, text, sizeof(text) - 1)
#define BEGINS_DOWN(text) begins(DIR_TO_CLIENT, text, sizeof(text) - 1)

static void test_begin(void **unused)
{
	(void)unused;
	assert_true(BEGINS_UP("PROXY TCP4 192.0.2.7"));
	assert_true(BEGINS_UP("POST / HTTP/1.1\r\n"));
	assert_true(BEGINS_DOWN("HTTP/1.1 200 OK\r\n"));
	assert_false(BEGINS_UP("\x16\3\1\1\x24\1")); /* TLS has nothing to show */
	assert_true(BEGINS_UP("\5\1\0"));
	assert_true(BEGINS_UP("\x81\xfe\1\0\1\2\3\4\x7a"));
	assert_true(BEGINS_DOWN("\x81\x02{}"));
	assert_false(begins(DIR_TO_SERVER, "", 0));
	assert_false(BEGINS_UP("SSH-2.0-x\r\n"));
	assert_false(BEGINS_UP("EHLO mail.example.com\r\n"));
	assert_false(BEGINS_DOWN("220 mail.example.com ESMTP\r\n"));
	assert_false(BEGINS_UP("*1\r\n$4\r\nPING\r\n"));
	assert_false(BEGINS_DOWN("J\0\0\0\n8.0\n"));
}

/* No two carriers claim the same first bytes: the order of the table decides nothing. */
static void test_nobody_shares(void **unused)
{
	static const struct {
		const char *text;
		size_t len;
	} starts[] = {
		{ "PROXY TCP4 192.0.2.7 198.51.100.9", 33 }, { "GET / HTTP/1.1\r\n", 16 },
		{ "\x16\3\1\1\x24\1\0\1\x20\3\3", 11 },      { "\5\1\0\5\1\0\3", 7 },
		{ "\x81\xfe\1\0\1\2\3\4\x7a\x20", 10 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		size_t claims = 0;

		for (size_t c = 0; c < carrier_count; c++)
			claims +=
				carriers[c]->probe(guard_put(&guard, starts[i].text, starts[i].len),
						   DIR_TO_SERVER) != PROBE_NO;
		assert_int_equal(claims, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_begin),
		cmocka_unit_test(test_nobody_shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
