/* test_campaign_key.c: what joins hosts, what does not, and the id that all sensors agree on. */
#include "sensor/campaign_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char key[CAMPAIGN_KEY_TEXT];

static void assert_key(enum campaign_kind kind, const char *text, bool is_address,
		       const char *wanted)
{
	assert_true(campaign_key(kind, text, is_address, key));
	assert_string_equal(key, wanted);
}

static void assert_none(enum campaign_kind kind, const char *text, bool is_address)
{
	memset(key, 'x', sizeof(key));
	if (campaign_key(kind, text, is_address, key))
		fail_msg("%s is a key", text);
	assert_string_equal(key, "");
}

static void test_wallets(void **state)
{
	(void)state;
	assert_key(CAMPAIGN_WALLET, "4EXAMPLE_MONERO_WALLET", true, "4EXAMPLE_MONERO_WALLET");
	/* Base58 has two cases, hex has none. */
	assert_key(CAMPAIGN_WALLET, "0x52908400098527886E0F7030069857D2E4169EE7", true,
		   "0x52908400098527886e0f7030069857d2e4169ee7");
	assert_key(CAMPAIGN_WALLET, "0Xz8400098527886E0F", true, "0Xz8400098527886E0F");
	assert_none(CAMPAIGN_WALLET, "", true);
	assert_none(CAMPAIGN_WALLET, "abc", true);
}

static void test_accounts(void **state)
{
	static const char *const strangers[] = {
		"",
		"x",
		"X",
		"abc",
		"test",
		"Test",
		"WORKER",
		"user",
		"miner",
		"default",
		"xxxx",
		"0000000",
		"1234",
		"1234567",
		"root",
		"wallet",
		"a b c",
		"ab\tcd",
		"ab\x7f"
		"d",
		"YOUR_WALLET_ADDRESS",
		"null",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		assert_none(CAMPAIGN_WALLET, strangers[i], false);
	assert_key(CAMPAIGN_WALLET, "shadow-operator", false, "shadow-operator");
	assert_key(CAMPAIGN_WALLET, "tests", false, "tests");
	assert_key(CAMPAIGN_WALLET, "12345678", false, "12345678");
	/* A generic word is none only where it is no address. */
	assert_key(CAMPAIGN_WALLET, "1111", true, "1111");
}

static void test_pools(void **state)
{
	(void)state;
	assert_key(CAMPAIGN_POOL, "Pool.Example.NET", false, "pool.example.net");
	assert_key(CAMPAIGN_POOL, "pool.example.net:3333", false, "pool.example.net");
	assert_key(CAMPAIGN_POOL, "pool.example.net.:3333", false, "pool.example.net");
	assert_none(CAMPAIGN_POOL, "", false);
	assert_none(CAMPAIGN_POOL, "localhost", false);
	assert_none(CAMPAIGN_POOL, "198.51.100.120", false);
	assert_none(CAMPAIGN_POOL, "198.51.100.120:3333", false);
	assert_none(CAMPAIGN_POOL, "2001:db8::7", false);
	assert_none(CAMPAIGN_POOL, "[2001:db8::7]:3333", false);
	assert_none(CAMPAIGN_POOL, "[", false);
	assert_none(CAMPAIGN_POOL, "[::ffff:198.51.100.7", false);
	assert_none(CAMPAIGN_POOL, ":", false);
	assert_none(CAMPAIGN_POOL, ".", false);
}

static void test_hostile(void **state)
{
	(void)state;
	assert_key(CAMPAIGN_HOSTILE, "198.51.100.7:80", false, "198.51.100.7:80");
	assert_key(CAMPAIGN_HOSTILE, "C2.Example.net.", false, "c2.example.net");
	assert_none(CAMPAIGN_HOSTILE, "", false);
	assert_none(CAMPAIGN_KINDS, "c2.example.net", false);
}

static void test_long_text_is_cut(void **state)
{
	char text[2 * CAMPAIGN_KEY_TEXT];

	(void)state;
	memset(text, '4', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_true(campaign_key(CAMPAIGN_WALLET, text, true, key));
	assert_int_equal(strlen(key), CAMPAIGN_KEY_TEXT - 1);
}

static void test_ids(void **state)
{
	uint64_t id = campaign_id(CAMPAIGN_WALLET, "4EXAMPLE_MONERO_WALLET_ADDRESS_SYNTHETIC");

	(void)state;
	/* Part of the event format: other sensors and what stands in Redis depend on it. */
	assert_true(id == UINT64_C(0x0fef1d41e794f234));
	assert_true(id != campaign_id(CAMPAIGN_POOL, "4EXAMPLE_MONERO_WALLET_ADDRESS_SYNTHETIC"));
	assert_true(id != campaign_id(CAMPAIGN_WALLET, "4EXAMPLE_MONERO_WALLET_ADDRESS_SYNTHETI"));
	assert_true(campaign_id(CAMPAIGN_POOL, "") != 0);
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(campaign_kind_text(CAMPAIGN_WALLET), "wallet");
	assert_string_equal(campaign_kind_text(CAMPAIGN_HOSTILE), "hostile");
	assert_string_equal(campaign_kind_text(CAMPAIGN_POOL), "pool");
	assert_string_equal(campaign_kind_text(CAMPAIGN_KINDS), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wallets),
		cmocka_unit_test(test_accounts),
		cmocka_unit_test(test_pools),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_long_text_is_cut),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
