/* test_coinbase.c: whom a coinbase pays and what its maker wrote into it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "protocols/base58.h"
#include "protocols/bech32.h"
#include "protocols/coinbase.h"
#include "tests/unit/guard.h"

#define ZEROS64 "0000000000000000000000000000000000000000000000000000000000000000"
#define HASH20  "101112131415161718191a1b1c1d1e1f20212223"
#define HASH32  HASH20 "2425262728292a2b2c2d2e2f"
#define VALUE   "00f2052a01000000"
#define POOL    "2f4578616d706c6520506f6f6c2f" /* "/Example Pool/" */
#define HEIGHT  "0320a10c"

#define FIRST_OF(version, len, script) version "01" ZEROS64 "ffffffff" len script
/* 4 + 14 bytes of the script are in it, 8 of extranonces follow, and 6 in the second part */
#define FIRST FIRST_OF("01000000", "20", HEIGHT POOL)
#define SECOND_OF(outputs) \
	"2f626c61682f" \
	"ffffffff" outputs "00000000"
#define PAYS(len, script) SECOND_OF("01" VALUE len script)
#define KEY_HASH \
	"19" \
	"76a914" HASH20 "88ac"

static struct coinbase coinbase;
static struct guard guards[2];
static char address[COINBASE_ADDRESS_BYTES];

static bool take(const char *first, const char *second)
{
	return coinbase_read(guard_put(&guards[0], first, strlen(first)),
			     guard_put(&guards[1], second, strlen(second)), &coinbase);
}

static const char *pays(const char *second, const char *coin)
{
	assert_true(take(FIRST, second));
	struct slice text = coinbase_address(&coinbase, coin, address);

	assert_true(text.len < sizeof(address));
	address[text.len] = '\0';
	return address;
}

static void test_addresses(void **unused)
{
	static const struct {
		const char *second;
		const char *coin;
		const char *address;
	} rows[] = {
		{ PAYS("", KEY_HASH), "BTC", "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E" },
		{ PAYS("", KEY_HASH), "BCH", "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E" },
		{ PAYS("", KEY_HASH), "LTC", "LLguXNLLGu7qnPgDSWfkV6hMDuoJnnMNHe" },
		{ PAYS("", KEY_HASH), "DOGE", "D6c3oQy9Ven54bAezxg1kqoBtqAL3XHKvi" },
		{ PAYS("", KEY_HASH), "DASH", "Xc9o6QgQ9x6NgXae8Fzg4cKNr31ikC3n7c" },
		{ PAYS("17", "a914" HASH20 "87"), "BTC", "339yBhWwk9CAckgVPUM3dhzXADikG51B78" },
		{ PAYS("17", "a914" HASH20 "87"), "LTC", "M9N7VavuhG3bRFxPVMLPTMEvUvKCEobVUh" },
		{ PAYS("16", "0014" HASH20), "BTC", "bc1qzqg3yyc5z5tpwxqergd3c8g7ruszzg3r8jj72z" },
		{ PAYS("16", "0014" HASH20), "LTC", "ltc1qzqg3yyc5z5tpwxqergd3c8g7ruszzg3rrwg6jj" },
		{ PAYS("22", "0020" HASH32), "BTC",
		  "bc1qzqg3yyc5z5tpwxqergd3c8g7ruszzg3rysjjvfeg9y4zktpd9chsmcwrdg" },
		{ PAYS("22", "5120" HASH32), "BTC",
		  "bc1pzqg3yyc5z5tpwxqergd3c8g7ruszzg3rysjjvfeg9y4zktpd9chs30w245" },
		/* no such form, no such coin, a key instead of its hash */
		{ PAYS("16", "0014" HASH20), "DOGE", "" },
		{ PAYS("", KEY_HASH), "XYZ", "" },
		{ PAYS("", KEY_HASH), NULL, "" },
		{ PAYS("23", "21"
			     "02" HASH32 "ac"),
		  "BTC", "" },
		{ PAYS("15", "0014" HASH20), "BTC", "" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(pays(rows[i].second, rows[i].coin), rows[i].address);
}

static void test_which_output(void **unused)
{
	(void)unused;
	/* the commitment pays nothing, wherever it stands */
	assert_string_equal(pays(SECOND_OF("02"
					   "0000000000000000"
					   "266a24aa21a9ed" HASH32 VALUE KEY_HASH),
				 "BTC"),
			    "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E");
	assert_string_equal(pays(SECOND_OF("02" VALUE KEY_HASH VALUE "17a914" HASH20 "87"), "BTC"),
			    "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E");
	/* not a whole transaction: nobody is named */
	assert_string_equal(pays("ffffffff"
				 "01" VALUE KEY_HASH "0000",
				 "BTC"),
			    "");
	assert_string_equal(pays("ffffffff"
				 "02" VALUE KEY_HASH "00000000",
				 "BTC"),
			    "");
	assert_string_equal(pays("", "BTC"), "");
	assert_string_equal(pays("zz", "BTC"), "");
	/* a payload behind the lock time, as the version says */
	assert_true(take(FIRST_OF("03000500", "20", HEIGHT POOL), PAYS("", KEY_HASH) "03aabbcc"));
	assert_int_equal(coinbase.kind, PAYOUT_KEY_HASH);
	assert_true(take(FIRST, PAYS("", KEY_HASH) "03aabbcc"));
	assert_int_equal(coinbase.kind, PAYOUT_NONE);
	/* coins with stakes have a time before the input */
	assert_true(take(FIRST_OF("01000000"
				  "aabbcc65",
				  "20", HEIGHT POOL),
			 PAYS("", KEY_HASH)));
	assert_int_equal(coinbase.kind, PAYOUT_KEY_HASH);
}

static void test_many_outputs(void **unused)
{
	static char second[3 * 400 * 70];
	size_t len = (size_t)snprintf(second, sizeof(second),
				      "2f626c61682fffffffff"
				      "fd9001");

	(void)unused;
	for (size_t i = 0; i < 400; i++)
		len += (size_t)snprintf(second + len, sizeof(second) - len, VALUE "160014" HASH20);
	snprintf(second + len, sizeof(second) - len, "00000000");
	assert_string_equal(pays(second, "BTC"), "bc1qzqg3yyc5z5tpwxqergd3c8g7ruszzg3r8jj72z");
	assert_string_equal(coinbase.tag, "/Example Pool/ /blah/");
}

static void test_words(void **unused)
{
	(void)unused;
	assert_true(take(FIRST, PAYS("", KEY_HASH)));
	assert_int_equal(coinbase.height, 0x0ca120);
	assert_string_equal(coinbase.tag, "/Example Pool/ /blah/");
	/* merged mining looks like words by chance: it is none */
	assert_true(take(FIRST_OF("02000000", "50",
				  HEIGHT "fabe6d6d"
					 "4142434445464748494a4b4c4d4e4f50"
					 "4142434445464748494a4b4c4d4e4f50"
					 "0100000000000000" POOL),
			 ""));
	assert_string_equal(coinbase.tag, "/Example Pool/");
	assert_true(take(FIRST_OF("02000000", "20",
				  HEIGHT "616263"
					 "00"
					 "2d2d2d2d2d"),
			 ""));
	assert_string_equal(coinbase.tag, "");
	/* low heights are one byte; without a height the words still are words */
	assert_true(take(FIRST_OF("02000000", "20", "5a" POOL), ""));
	assert_int_equal(coinbase.height, 10);
	assert_true(take(FIRST_OF("02000000", "20", POOL), ""));
	assert_int_equal(coinbase.height, 0);
	assert_string_equal(coinbase.tag, "/Example Pool/");
}

static void test_no_coinbase(void **unused)
{
	static const char *const wrong[] = {
		"",
		"01000000",
		"zz",
		"010",
		"01000000"
		"02" ZEROS64 "ffffffff"
		"20" HEIGHT POOL,
		"01000000"
		"01" HASH32 "ffffffff"
		"20" HEIGHT POOL,
		"01000000"
		"01" ZEROS64 "fffffffe"
		"20" HEIGHT POOL,
		FIRST_OF("01000000", "12", HEIGHT POOL), /* no room for an extranonce */
		FIRST_OF("01000000", "fdffff", HEIGHT POOL),
		FIRST_OF("01000000", "ff", HEIGHT POOL),
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(take(wrong[i], PAYS("", KEY_HASH)));
}

/* No prefix of it is read past its end. */
static void test_cut_anywhere(void **unused)
{
	static const char first[] = FIRST;
	static const char second[] = PAYS("", KEY_HASH);

	(void)unused;
	for (size_t i = 0; i < sizeof(first); i++) {
		(void)coinbase_read(guard_put(&guards[0], first, i), slice_str(second), &coinbase);
		assert_true(strlen(coinbase.tag) < sizeof(coinbase.tag));
	}
	for (size_t i = 0; i < sizeof(second) - 1; i++) {
		assert_true(coinbase_read(slice_str(first), guard_put(&guards[0], second, i),
					  &coinbase));
		assert_int_equal(coinbase.kind, PAYOUT_NONE);
	}
}

static void test_writers(void **unused)
{
	char out[100];
	uint8_t program[40] = { 0 };

	(void)unused;
	/* as the readers take them */
	for (size_t len = 2; len <= 40; len++) {
		size_t written =
			bech32_write_witness("bc", 1, slice_of(program, len), out, sizeof(out));

		assert_true(written > 0);
		assert_int_equal(bech32_kind(slice_str("bc"), slice_of(out + 3, written - 3)),
				 BECH32_M);
		assert_int_equal(
			bech32_write_witness("bc", 1, slice_of(program, len), out, written), 0);
		program[len / 2] = (uint8_t)(len * 37);
	}
	assert_int_equal(bech32_write_witness("bc", 17, slice_of(program, 20), out, sizeof(out)),
			 0);
	assert_int_equal(bech32_write_witness("bc", 1, slice_of(program, 1), out, sizeof(out)), 0);
	for (size_t zeros = 0; zeros <= 20; zeros++) {
		uint8_t bytes[BASE58_BYTES];

		memset(program, 0, sizeof(program));
		memset(&program[zeros], 0xee, 20 - zeros);
		size_t written = base58_write_check(0, slice_of(program, 20), out, sizeof(out));
		size_t len = base58_decode(slice_of(out, written), bytes);

		assert_int_equal(len, 25);
		assert_memory_equal(&bytes[1], program, 20);
		assert_true(base58_checksum_holds(slice_of(bytes, len)));
		assert_int_equal(base58_write_check(0, slice_of(program, 20), out, written), 0);
	}
	assert_int_equal(base58_write_check(0, slice_of(program, 40), out, sizeof(out)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),    cmocka_unit_test(test_which_output),
		cmocka_unit_test(test_many_outputs), cmocka_unit_test(test_words),
		cmocka_unit_test(test_no_coinbase),  cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_writers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
