/* test_textw.c: numbers and addresses of sensor/textw.c beside those of the C library. */
#include "sensor/textw.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void check_number(uint64_t value)
{
	char expected[32];
	char text[32];
	struct textw w;

	(void)snprintf(expected, sizeof(expected), "%" PRIu64, value);
	textw_init(&w, text, sizeof(text));
	textw_uint(&w, value);
	assert_string_equal(text, expected);
}

static void numbers_of_every_length(void **state)
{
	uint64_t power = 1;

	(void)state;
	for (uint64_t value = 0; value < 1000; value++)
		check_number(value);
	for (unsigned i = 0; i < 20; i++, power *= 10) {
		check_number(power - 1);
		check_number(power);
		check_number(power + 1);
		check_number(power * 7 + 10);
	}
	check_number(UINT64_MAX);
}

static void check_ipv6(const uint8_t addr[16])
{
	char expected[INET6_ADDRSTRLEN];
	char text[INET6_ADDRSTRLEN];
	struct textw w;

	assert_non_null(inet_ntop(AF_INET6, addr, expected, sizeof(expected)));
	textw_init(&w, text, sizeof(text));
	textw_ipv6(&w, addr);
	assert_string_equal(text, expected);
}

/* Each of the 2^8 patterns of zero groups, with groups of every length between them. */
static void addresses_of_every_shape(void **state)
{
	static const uint16_t words[] = { 1, 0x20, 0x300, 0xffff, 0xa0b, 0xf000 };

	(void)state;
	for (unsigned zeros = 0; zeros < 256; zeros++)
		for (unsigned from = 0; from < 6; from++) {
			uint8_t addr[16] = { 0 };

			for (unsigned i = 0; i < 8; i++) {
				uint16_t word = words[(from + i) % 6];

				if ((zeros >> i & 1) != 0)
					continue;
				addr[2 * i] = (uint8_t)(word >> 8);
				addr[2 * i + 1] = (uint8_t)word;
			}
			check_ipv6(addr);
		}
}

static void what_does_not_fit_is_cut(void **state)
{
	static const uint8_t addr[4] = { 192, 0, 2, 255 };
	char text[8];
	struct textw w;

	(void)state;
	textw_init(&w, text, sizeof(text));
	textw_ipv4(&w, addr);
	assert_string_equal(text, "192.0.2");
	textw_text(&w, "more");
	assert_string_equal(text, "192.0.2");
	textw_init(&w, text, 1);
	textw_uint(&w, 7);
	assert_string_equal(text, "");
	textw_init(&w, text, sizeof(text));
	textw_text(&w, "ab");
	textw_uint(&w, 1234567);
	assert_string_equal(text, "ab12345");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_every_length),
		cmocka_unit_test(addresses_of_every_shape),
		cmocka_unit_test(what_does_not_fit_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
