/* test_hex.c: what is hex and what it stands for, of any length, with any other byte at any place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "protocols/hex.h"
#include "tests/unit/guard.h"

static struct guard guard;

static void test_hex_of_any_length(void **state)
{
	const char *digits = "0123456789abcdefABCDEF";
	char text[100];

	(void)state;
	assert_false(hex_is(slice_str("")));
	for (size_t len = 1; len <= sizeof(text); len++) {
		for (size_t i = 0; i < len; i++)
			text[i] = digits[(i * 7 + len) % strlen(digits)];
		assert_true(hex_is(guard_put(&guard, text, len)));
		for (size_t at = 0; at < len; at++) {
			char digit = text[at];

			for (unsigned byte = 0; byte < 256; byte++) {
				text[at] = (char)byte;
				assert_int_equal(hex_is(guard_put(&guard, text, len)),
						 byte != 0 && strchr(digits, (int)byte) != NULL);
			}
			text[at] = digit;
		}
	}
}

static void test_bytes_of_any_length(void **state)
{
	static const char *const digits[] = { "0123456789abcdef", "0123456789ABCDEF" };
	char text[100];
	uint8_t bytes[sizeof(text) / 2 + 1];

	(void)state;
	for (size_t len = 0; len <= sizeof(text); len += 2) {
		for (size_t i = 0; i < len / 2; i++) {
			unsigned byte = (unsigned)(i * 37 + len * 11) & 0xff;

			text[2 * i] = digits[i & 1][byte >> 4];
			text[2 * i + 1] = digits[i >> 1 & 1][byte & 0xf];
		}
		memset(bytes, 0x5a, sizeof(bytes));
		hex_bytes(guard_put(&guard, text, len), bytes);
		for (size_t i = 0; i < len / 2; i++)
			assert_int_equal(bytes[i], (i * 37 + len * 11) & 0xff);
		assert_int_equal(bytes[len / 2], 0x5a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hex_of_any_length),
		cmocka_unit_test(test_bytes_of_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
