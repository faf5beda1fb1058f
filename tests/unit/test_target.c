/* test_target.c: targets to expected work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocols/target.h"
#include "tests/unit/guard.h"

static struct guard guard;

static bool is_near(double value, double want)
{
	double error = value > want ? value - want : want - value;

	return error <= want * 1e-12;
}

static void test_cryptonote_four_bytes(void **state)
{
	static const struct {
		const char *hex;
		double work;
	} cases[] = {
		{ "f3220000", 480045 },
		{ "b88d0600", 10000 },
		{ "69ba0000", 90001 },
		{ "711b0d00", 5000 },
		{ "dc460300", 20000 },
		{ "7b5e0400", 15000 },
		{ "7B5E0400", 15000 },
		{ "ffffffff", 1 },
		{ "01000000", 4294967295.0 },
		{ "b88d06", 10000 },
		{ "ff", 16843009 },
		{ "00000000", 0 },
		{ "", 0 },
		{ "00", 0 },
		{ "b88d060", 0 },
		{ "b88d06zz", 0 },
		{ "b88d060000", 0 },
		{ "b88d0600000000", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double work = target_work_cryptonote(guard_str(&guard, cases[i].hex));
		if (work != cases[i].work)
			fail_msg("%s gave %.17g", cases[i].hex, work);
	}
}

static void test_cryptonote_eight_bytes(void **state)
{
	(void)state;
	assert_true(target_work_cryptonote(guard_str(&guard, "ffffffffffffffff")) == 1);
	assert_true(target_work_cryptonote(guard_str(&guard, "ffffffffffff7f00")) == 512);
	assert_true(target_work_cryptonote(guard_str(&guard, "0000000001000000")) == 4294967295.0);
	assert_true(target_work_cryptonote(guard_str(&guard, "0000000000000000")) == 0);
	assert_true(target_work_cryptonote(guard_str(&guard, "00000000010000000")) == 0);
	assert_true(target_work_cryptonote(guard_str(&guard, "000000000100000000")) == 0);
}

static void test_be256(void **state)
{
	static const char *const bitcoin =
		"00000000ffff0000000000000000000000000000000000000000000000000000";
	static const char *const sixteen =
		"0004189374bc6a7ef9db22d0e5604189374bc6a7ef9db22d0e5604189374bc6a";
	static const char *const full =
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
	static const char *const eight =
		"0000000089705f4136b4a59731680a88f8953030fdd7645e011abac9f387295d";
	char longer[66];

	(void)state;
	/* 2^256 / (0xffff * 2^208) = 2^48 / 65535 */
	assert_true(is_near(target_work_be256(guard_str(&guard, bitcoin)), 0x1p48 / 65535));
	double work = target_work_be256(guard_str(&guard, bitcoin));
	assert_true(work > TARGET_WORK_BITCOIN - 1 && work < TARGET_WORK_BITCOIN + 1);
	work = target_work_be256(guard_str(&guard, sixteen));
	assert_true(work > 15999.9 && work < 16000.1);
	/* 2^256 / 8e9, cut to a whole number: the pool's own is told */
	assert_true(target_work_be256(guard_str(&guard, eight)) == 8e9);
	assert_true(target_work_be256(guard_str(&guard, full)) == 1);
	assert_true(target_work_be256(guard_str(&guard, "1")) == 0x1p255);
	assert_true(target_work_be256(guard_str(&guard, "f")) == 0x1p252);
	assert_true(target_work_be256(guard_str(&guard, "00F")) == 0x1p252);
	assert_true(target_work_be256(guard_str(&guard, "0")) == 0);
	assert_true(target_work_be256(guard_str(&guard, "")) == 0);
	assert_true(target_work_be256(guard_str(&guard, "0x1")) == 0);
	snprintf(longer, sizeof(longer), "0%s", full);
	assert_true(target_work_be256(guard_str(&guard, longer)) == 0);
}

static void test_result(void **state)
{
	char hex[66];

	(void)state;
	memset(hex, 'f', 65);
	memcpy(hex + 48, "0000000000000100", 16); /* LE64 = 2^48 */
	assert_true(target_work_result(guard_put(&guard, hex, 64)) == 65536);
	assert_true(target_work_result(guard_put(&guard, hex, 63)) == 0);
	assert_true(target_work_result(guard_put(&guard, hex, 62)) == 0);
	assert_true(target_work_result(guard_put(&guard, hex, 65)) == 0);
	memset(hex + 48, '0', 16);
	assert_true(target_work_result(guard_put(&guard, hex, 64)) == 0);
	memset(hex + 48, 'f', 16);
	assert_true(target_work_result(guard_put(&guard, hex, 64)) == 1);
	hex[3] = 'g';
	assert_true(target_work_result(guard_put(&guard, hex, 64)) == 0);
}

static void test_hex_bytes(void **state)
{
	uint8_t out[4] = { 0xaa, 0xaa, 0xaa, 0xaa };
	size_t len = 9;

	(void)state;
	assert_true(target_hex_bytes(guard_str(&guard, "00fFA5"), out, 3, &len));
	assert_int_equal(len, 3);
	assert_memory_equal(out, "\x00\xff\xa5\xaa", 4);
	assert_false(target_hex_bytes(guard_str(&guard, "00fFA5"), out, 2, &len));
	assert_int_equal(len, 0);
	assert_false(target_hex_bytes(guard_str(&guard, "00f"), out, 4, &len));
	assert_false(target_hex_bytes(guard_str(&guard, "0x"), out, 4, &len));
	assert_false(target_hex_bytes(guard_str(&guard, "0\xff"), out, 4, &len));
	assert_true(target_hex_bytes(slice_of(NULL, 0), out, 4, &len));
	assert_int_equal(len, 0);
	assert_memory_equal(out, "\x00\xff\xa5\xaa", 4);
}

static void test_compact(void **unused)
{
	(void)unused;
	assert_true(target_work_compact(0x1d00ffff) > 4295032832.0);
	assert_true(target_work_compact(0x1d00ffff) < 4295032834.0);
	assert_true(target_work_bits(slice_str("1d00ffff")) == target_work_compact(0x1d00ffff));
	assert_true(target_work_bits(slice_str("1d00fff")) == 0);
	assert_true(target_work_bits(slice_str("1d00fffg")) == 0);
	assert_true(target_work_bits(slice_str("001d00ffff")) == 0);
	assert_true(target_work_compact(0x1c100000) == 0x1p256 / (0x1p220 + 1));
	assert_true(target_work_compact(0x03000001) == 0x1p255);
	assert_true(target_work_compact(0x02000100) == 0x1p255);
	assert_true(target_work_compact(0x01000100) == 0); /* below one */
	assert_true(target_work_compact(0) == 0);
	assert_true(target_work_compact(0x1d800001) == 0); /* negative */
	assert_true(target_work_compact(0xff7fffff) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compact),
		cmocka_unit_test(test_cryptonote_four_bytes),
		cmocka_unit_test(test_cryptonote_eight_bytes),
		cmocka_unit_test(test_be256),
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_hex_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
