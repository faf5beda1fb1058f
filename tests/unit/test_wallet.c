/* test_wallet.c: addresses with their checksums, and login strings taken apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocols/wallet.h"
#include "tests/unit/guard.h"

static struct guard guard;

#define XMR_STANDARD \
	"42GcvFXaX6p3rZwuSi5uqJ3rZwuSi5uqJ3rZwuSi5uqJ3sDTaAVnV7o6i8totRApfb6i8totRApfb6i8totRAp" \
	"fb4rNoqE7"
#define XMR_SUBADDRESS \
	"836mFdBR7XE3rZwuSi5uqJ3rZwuSi5uqJ3rZwuSi5uqJ3sDTaAVnV7o6i8totRApfb6i8totRApfb6i8totRAp" \
	"fb4wozs7S"
#define XMR_INTEGRATED \
	"4ByHw4M58NL3rZwuSi5uqJ3rZwuSi5uqJ3rZwuSi5uqJ3sDTaAVnV7o6i8totRApfb6i8totRApfb6i8totRAp" \
	"fb6gqsyZBP94h1tCGvdD"
#define WOW_STANDARD \
	"Wo3DMTjtZD23rZwuSi5uqJ3rZwuSi5uqJ3rZwuSi5uqJ3ra6QNLjuWZ6i8totRApfb6i8totRApfb6i8totRAp" \
	"fb1HzwfGA7o"
#define ZANO_STANDARD \
	"ZxBripRehY43rZwuSi5uqJ3rZwuSi5uqJ3rZwuSi5uqJ3ra6QNLjuWZ6i8totRApfb6i8totRApfb6i8totRAp" \
	"fb1HztCzRcQ"
#define DNX_STANDARD \
	"Xwme4KZbE7621UVT1p34Di3MPXQQ9NRfr4hJZMnUho7z63DbKAp3Aa87P8dGZ9NY2G8j3fDwUhuUQA4xhBKp3G" \
	"vY1Xzt9v2qm"
#define BTC_BECH32 "bc1qzqg3yyc5z5tpwxqergd3c8g7ruszzg3r8jj72z"
#define BCH_CASH   "bitcoincash:qqgpzysnzs23v9ccrydpk8qarc0jqgfzyv08ghqexq"
#define KAS_CASH   "kaspa:qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0jqsxdsp6jf"
#define XEL_BECH32 "xel:zqg3yyc5z5tpwxqergd3c8g7ruszzg3rysjjvfeg9y4zktpd9chsqjs8sut"
#define CKB_SHORT  "ckb1qyqpqygjzv2p29shrqv35xcur50p7gppyg3szkxe9k"
#define CKB_FULL \
	"ckb1qqgpzysnzs23v9ccrydpk8qarc0jqgfzyvjz2f389q5j52ev95hz7qgszyfpx9q4zct3sxg6rvwp68sly" \
	"qsjygc340ss9"
#define CFX_CIP37  "cfx:aajbceuxcumvpf22derb0ha7d2twajkcepu44a5ndk"
#define CFX_TYPED  "CFX:TYPE.USER:AAJBCEUXCUMVPF22DERB0HA7D2TWAJKCEPU44A5NDK"
#define NEXA_CASH  "nexa:nqtsq5g5zqg3yyc5z5tpwxqergd3c8g7ruszzg3rv7n3j7ae"
#define AIX_CASH   "astrix:qqqqzqsrqszsvpcgpy9qkrqdpc83qygjzv2p29shrqv35xcur50p7gtkmaxhv"
#define SIA        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425"
#define KDA_KEY    "k:101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
#define NIM_PLAIN  "NQ290123456789ABCDEFGHJKLMNPQRSTUVXY"
#define NIM_SPACED "NQ29 0123 4567 89AB CDEF GHJK LMNP QRST UVXY"
#define ALPH_KEY   "125iczLYW2S2qo1KbqvFNJbtmc5nqJectwCejxTe3hiXY"
#define ERG_P2PK   "9ee8v8Yv3cTNrWeCKaWbpakZgEK6r7sVaq6aRD8hCA69Rm3W3GY"
#define AE_KEY     "ak_85QJkgBqxx4riES2Nojr4mQoRq8STaZvpoUZfQj6N67PqvQDv"
#define DCR_HASH   "DsSRrkawwFtT5acckfcYejfXwXSMqSpmxHy"
#define NICEHASH   "NHbabcdefghijkmnopqrstuvwxyz12345678"
#define ETH_MIXED  "0x101112131415161718191a1b1c1d1E1f20212223"
#define INVENTED   "4EXAMPLE_MONERO_WALLET_ADDRESS_SYNTHETIC"

static const struct {
	const char *address;
	const char *coin;
	enum wallet_check flipped; /* what one wrong character makes of it */
} valid[] = {
	{ "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E", "BTC", WALLET_BAD },
	{ "339yBhWwk9CAckgVPUM3dhzXADikG51B78", "BTC", WALLET_BAD },
	{ BTC_BECH32, "BTC", WALLET_BAD },
	{ "LLguXNLLGu7qnPgDSWfkV6hMDuoJnnMNHe", "LTC", WALLET_BAD },
	{ BCH_CASH, "BCH", WALLET_BAD },
	{ "qqgpzysnzs23v9ccrydpk8qarc0jqgfzyv08ghqexq", "BCH", WALLET_BAD },
	{ "D6c3oQy9Ven54bAezxg1kqoBtqAL3XHKvi", "DOGE", WALLET_BAD },
	{ "Xc9o6QgQ9x6NgXae8Fzg4cKNr31ikC3n7c", "DASH", WALLET_BAD },
	{ "RAk9Lfuno4gMbbMFjYfaJbxnmxtdLfpeC4", NULL, WALLET_BAD },
	{ "t1KLZGVSeAZfP8E2xCoVaLtjWGMd7VUJbFg", "ZEC", WALLET_BAD },
	{ "znSYsFaf7qpPQ8hFb7gux7Pf8BCLi8cpqLT", "ZEN", WALLET_BAD },
	{ "GKJsgHMTB6V5c4HMCKLZdqyUvsDsgkRrRM", "BTG", WALLET_BAD },
	{ "TBSAGDQELxzjgm3greLAjEKivVBLw7yNn3", "TRX", WALLET_BAD },
	{ XMR_STANDARD, "XMR", WALLET_BAD },
	{ XMR_SUBADDRESS, "XMR", WALLET_BAD },
	{ XMR_INTEGRATED, "XMR", WALLET_BAD },
	{ WOW_STANDARD, "WOW", WALLET_BAD },
	{ ZANO_STANDARD, "ZANO", WALLET_BAD },
	{ "bECDxPMzYaGG3RqRM2zYRjmTWaLDARSPhC", "LBC", WALLET_BAD },
	{ "r7hYPQPepFQgJTzdFZKLNNqZoEs7TEdpG1", "LBC", WALLET_BAD },
	{ "SNkxHzoevc4z3tmWoofXkyn9fUfTUmoaj6", "DGB", WALLET_BAD },
	{ "VbTnAsBxc3mzbMtD1AL5dyxShWj1AXZzaB", "VTC", WALLET_BAD },
	{ "aleo1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0sctexzp", "ALEO", WALLET_BAD },
	{ "lbc1qzqg3yyc5z5tpwxqergd3c8g7ruszzg3r8cf7jr", "LBC", WALLET_BAD },
	{ "dgb1qzqg3yyc5z5tpwxqergd3c8g7ruszzg3rsfkxjv", "DGB", WALLET_BAD },
	{ "vtc1qzqg3yyc5z5tpwxqergd3c8g7ruszzg3rhr7vwd", "VTC", WALLET_BAD },
	/* as Bitcoin's, of a chain nobody listed */
	{ "grs1qzqg3yyc5z5tpwxqergd3c8g7ruszzg3r6rwlnr", NULL, WALLET_NONE },
	{ DNX_STANDARD, "DNX", WALLET_BAD },
	{ KAS_CASH, "KAS", WALLET_BAD },
	{ "kaspa:qygpzysnzs23v9ccrydpk8qarc0jqgfzyvjz2f389q5j52ev95hz7vqd2tpkkyl", "KAS",
	  WALLET_BAD },
	{ "ecash:qqqqzqsrqszsvpcgpy9qkrqdpc83qygjzvp7gjyhd4", "XEC", WALLET_BAD },
	/* an offshoot nobody listed: only a checksum that holds tells it */
	{ AIX_CASH, NULL, WALLET_NONE },
	{ "karlsen:qqgpzysnzs23v9ccrydpk8qarc0jqgfzyvjz2f389q5j52ev95hz7n26xfmkz", "KLS",
	  WALLET_BAD },
	{ "spectre:qqgpzysnzs23v9ccrydpk8qarc0jqgfzyvjz2f389q5j52ev95hz70gqd6tch", "SPR",
	  WALLET_BAD },
	{ "hoosat:qqgpzysnzs23v9ccrydpk8qarc0jqgfzyvjz2f389q5j52ev95hz7lvedwdc4", "HTN",
	  WALLET_BAD },
	{ "bugna:qqgpzysnzs23v9ccrydpk8qarc0jqgfzyvjz2f389q5j52ev95hz7y7n47gc6", "BGA",
	  WALLET_BAD },
	{ "nexellia:qqgpzysnzs23v9ccrydpk8qarc0jqgfzyvjz2f389q5j52ev95hz7ege3was5", "NXL",
	  WALLET_BAD },
	{ "sedra:qqgpzysnzs23v9ccrydpk8qarc0jqgfzyvjz2f389q5j52ev95hz7lwzdtsel", "SDR",
	  WALLET_BAD },
	{ "waglayla:qqgpzysnzs23v9ccrydpk8qarc0jqgfzyvjz2f389q5j52ev95hz7u4a9qd2j", "WALA",
	  WALLET_BAD },
	{ "cryptix:qqgpzysnzs23v9ccrydpk8qarc0jqgfzyvjz2f389q5j52ev95hz7umgvnfjd", "CYTX",
	  WALLET_BAD },
	{ XEL_BECH32, "XEL", WALLET_BAD },
	{ CKB_SHORT, "CKB", WALLET_BAD },
	{ CKB_FULL, "CKB", WALLET_BAD },
	{ CFX_CIP37, "CFX", WALLET_BAD },
	{ NEXA_CASH, "NEXA", WALLET_BAD },
	{ "grin1zqg3yyc5z5tpwxqergd3c8g7ruszzg3rysjjvfeg9y4zktpd9chsu58zt2", "GRIN", WALLET_BAD },
};

static void check_address(const char *address, enum wallet_check check, const char *coin)
{
	struct slice in = guard_str(&guard, address);
	struct wallet wallet = wallet_check_address(in);

	if (wallet.check != check)
		fail_msg("%s: check is %d", address, (int)wallet.check);
	if (coin == NULL ? wallet.coin != NULL
			 : wallet.coin == NULL || strcmp(wallet.coin, coin) != 0)
		fail_msg("%s: coin is %s", address, wallet.coin == NULL ? "none" : wallet.coin);
	assert_true(slice_eq(wallet.text, in));
	assert_int_equal(wallet.worker.len, 0);
	assert_int_equal(wallet.email.len, 0);
}

static void test_valid_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
		check_address(valid[i].address, WALLET_VALID, valid[i].coin);
}

/* Every single wrong character after the first few (which say the kind) must be seen. */
static void test_one_wrong_character(void **state)
{
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		const char *colon = strchr(valid[i].address, ':');
		size_t first = 4 + (colon == NULL ? 0 : (size_t)(colon - valid[i].address));
		size_t len = strlen(valid[i].address);

		for (size_t at = first; at < len; at++) {
			memcpy(text, valid[i].address, len + 1);
			text[at] = text[at] == 'q' ? 'p' : 'q';
			struct wallet wallet = wallet_check_address(guard_str(&guard, text));
			if (wallet.check == WALLET_VALID)
				fail_msg("%s is taken for valid", text);
		}
		memcpy(text, valid[i].address, len + 1);
		text[len - 2] = text[len - 2] == 'q' ? 'p' : 'q';
		check_address(text, valid[i].flipped, valid[i].coin);
	}
}

/* Account numbers: compact and as they are printed; every single wrong character is seen. */
static void test_nimiq(void **state)
{
	char text[64];

	(void)state;
	check_address(NIM_PLAIN, WALLET_VALID, "NIM");
	check_address(NIM_SPACED, WALLET_VALID, "NIM");
	check_address("NQ07 0000 0000 0000 0000 0000 0000 0000 0000", WALLET_VALID, "NIM");
	check_address("NQ29 0123 4567 89AB CDEF GHJK LMNP QRST UVYX", WALLET_BAD, "NIM");
	for (size_t at = 2; at < strlen(NIM_PLAIN); at++) {
		memcpy(text, NIM_PLAIN, sizeof(NIM_PLAIN));
		text[at] = text[at] == '7' ? '8' : '7';
		check_address(text, WALLET_BAD, "NIM");
	}
	check_address("NQ29 0123 4567 89AB CDEF GHJK LMNP QRST UVX", WALLET_NONE, NULL);
	check_address("NQ29 0123 4567 89AB CDEF GHJK LMNP QRST-UVXY", WALLET_NONE, NULL);
	check_address("NQ290123456789ABCDEFGHJKLMNPQRSTUVX", WALLET_NONE, NULL);
	check_address("NQ290123456789abcdefghjklmnpqrstuvxy", WALLET_NONE, NULL);
}

/* Addresses of CIP-37 are written in two ways; capitals name the kind. */
static void test_conflux(void **state)
{
	(void)state;
	check_address(CFX_TYPED, WALLET_VALID, "CFX");
	check_address("CFX:AAJBCEUXCUMVPF22DERB0HA7D2TWAJKCEPU44A5NDK", WALLET_VALID, "CFX");
	check_address("CFX:TYPE.USER:AAJBCEUXCUMVPF22DERB0HA7D2TWAJKCEPU44A5NDA", WALLET_BAD,
		      "CFX");
	check_address("cfx:aajbceuxcumvpf22derb0ha7d2twajkcepu44a5nd", WALLET_NONE, NULL);
	check_address("cfx:", WALLET_NONE, NULL);
	check_address("CFX:TYPE.USER:", WALLET_NONE, NULL);
}

/* Forms whose checksum we do not compute, and accounts that look like addresses. */
static void test_shape_of_coins(void **state)
{
	(void)state;
	check_address(KDA_KEY, WALLET_UNVERIFIED, "KDA");
	check_address(ALPH_KEY, WALLET_UNVERIFIED, "ALPH");
	check_address(ERG_P2PK, WALLET_UNVERIFIED, "ERG");
	check_address(AE_KEY, WALLET_UNVERIFIED, "AE");
	check_address(DCR_HASH, WALLET_UNVERIFIED, "DCR");
	check_address(NICEHASH, WALLET_NONE, NULL);
	check_address("xel:tooshort", WALLET_NONE, NULL);
	check_address("kaspa:qqq", WALLET_NONE, NULL);
	check_address("nexa:nqtsq5g5", WALLET_NONE, NULL);
}

/* COIN:ADDRESS tells whose address it is, where it does not tell itself. */
static void test_named_coins(void **state)
{
	static const struct {
		const char *login;
		enum wallet_check check;
		const char *coin;
	} cases[] = {
		{ "RVN:RAk9Lfuno4gMbbMFjYfaJbxnmxtdLfpeC4.w#ab12-cd34", WALLET_VALID, "RVN" },
		{ "RTM:RAk9Lfuno4gMbbMFjYfaJbxnmxtdLfpeC4.w", WALLET_VALID, "RTM" },
		{ "ETC:" ETH_MIXED ".w", WALLET_VALID, "ETC" },
		{ "SHIB:" ETH_MIXED ".w#ab12-cd34", WALLET_VALID, "SHIB" },
		{ "BTC:D6c3oQy9Ven54bAezxg1kqoBtqAL3XHKvi.w", WALLET_VALID, "DOGE" },
		{ "DGB:D6c3oQy9Ven54bAezxg1kqoBtqAL3XHKvi.w", WALLET_VALID, "DGB" },
		{ "DOGE:D6c3oQy9Ven54bAezxg1kqoBtqAL3XHKvi.w", WALLET_VALID, "DOGE" },
		{ "BCH:12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E.w", WALLET_VALID, "BCH" },
		{ "BCH:" BTC_BECH32 ".w", WALLET_VALID, "BTC" },
		{ "KAS:" KAS_CASH ".w#ab12-cd34", WALLET_VALID, "KAS" },
		{ "NIM:" NIM_SPACED ".w", WALLET_VALID, "NIM" },
		{ "TON:EQAQERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLw", WALLET_UNVERIFIED, "TON" },
		{ "TON:short", WALLET_NONE, NULL },
		{ "ton:EQAQERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLw", WALLET_NONE, NULL },
		{ "bob:EQAQERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLw", WALLET_NONE, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wallet got = wallet_parse(guard_str(&guard, cases[i].login));

		if (got.check != cases[i].check)
			fail_msg("%s: check is %d", cases[i].login, (int)got.check);
		if (cases[i].coin == NULL)
			assert_null(got.coin);
		else if (got.coin == NULL || strcmp(got.coin, cases[i].coin) != 0)
			fail_msg("%s: coin is %s", cases[i].login,
				 got.coin == NULL ? "none" : got.coin);
	}
}

/* BIP-173 and BIP-350 examples: which checksum goes with which version, and letter case. */
static void test_bech32_versions(void **state)
{
	(void)state;
	check_address("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", WALLET_VALID, "BTC");
	check_address("bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3",
		      WALLET_VALID, "BTC");
	check_address("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
		      WALLET_VALID, "BTC");
	/* version 1 with the checksum of version 0, and the other way round */
	check_address("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", WALLET_BAD,
		      "BTC");
	check_address("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3T4", WALLET_UNVERIFIED, "BTC");
	check_address("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", WALLET_BAD, "BTC");
}

/* Examples of EIP-55. */
static void test_ethereum_case(void **state)
{
	(void)state;
	check_address(ETH_MIXED, WALLET_VALID, "ETH");
	check_address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", WALLET_VALID, "ETH");
	check_address("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", WALLET_VALID, "ETH");
	check_address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed", WALLET_BAD, "ETH");
	check_address("0x101112131415161718191A1b1c1d1E1f20212223", WALLET_BAD, "ETH");
	check_address("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", WALLET_UNVERIFIED, "ETH");
	check_address("0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", WALLET_UNVERIFIED, "ETH");
	check_address("0x1011121314151617181920212223242526272829", WALLET_UNVERIFIED, "ETH");
	check_address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", WALLET_UNVERIFIED, "ETH");
	check_address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedd", WALLET_UNVERIFIED, "ETH");
}

static void test_shape_only(void **state)
{
	char text[129];

	(void)state;
	check_address(INVENTED, WALLET_UNVERIFIED, "XMR");
	check_address("8EXAMPLE_MONERO_WALLET_ADDRESS_S", WALLET_UNVERIFIED, "XMR"); /* 32 */
	check_address("8EXAMPLE_MONERO_WALLET_ADDRESS_", WALLET_NONE, NULL);         /* 31 */
	check_address(SIA, WALLET_UNVERIFIED, "SC");
	check_address(SIA "0", WALLET_NONE, NULL);
	check_address("k:1011121314151617181920212223242526272829303132333435363738394041",
		      WALLET_UNVERIFIED, "KDA");
	check_address("k:101112131415161718192021222324252627282930313233343536373839404",
		      WALLET_NONE, NULL);
	check_address("1011121314151617181920212223242526272829303132333435363738394041",
		      WALLET_UNVERIFIED, NULL);
	check_address("9fRAWhdxEsTcdb8PhGNrZfwqa65zfkuYHAMmkQLcic1gdLSV5vA", WALLET_UNVERIFIED,
		      "ERG");
	/* a hash is no wallet although it begins with 4 */
	check_address("4e03657aea45a94fc7d47ba826c8d667", WALLET_NONE, NULL);
	/* one character less or more than the coin's length */
	memcpy(text, XMR_STANDARD, 94);
	text[94] = '\0';
	check_address(text, WALLET_UNVERIFIED, "XMR");
	check_address(XMR_STANDARD "7", WALLET_UNVERIFIED, "XMR");
	memset(text, 'G', 128);
	text[0] = '4';
	text[128] = '\0';
	check_address(text, WALLET_UNVERIFIED, "XMR");
	assert_int_equal(wallet_check_address(guard_str(&guard, "")).check, WALLET_NONE);
}

static void test_not_wallets(void **state)
{
	static const char *const names[] = {
		"",
		"x",
		"worker1",
		"f2user",
		"my_account-name",
		"MiningFarmWithALongAccountName",
		"DoveDoveDoveDoveDoveDoveDoveDoveDo1",
		"Administrator",
		"root",
		"0x",
		"0x1234",
		"bc1",
		"4",
		"42",
		"{\"a\":1}",
		"3333",
		"550e8400-e29b-41d4-a716-446655440000",
		"LongNameThatIsNoAddressAtAll",
		"\xff\xfe\xfd",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check_address(names[i], WALLET_NONE, NULL);
}

struct login_case {
	const char *login;
	enum wallet_check check;
	const char *text;
	const char *worker;
	const char *email;
};

static const struct login_case logins[] = {
	{ XMR_STANDARD, WALLET_VALID, XMR_STANDARD, "", "" },
	{ XMR_STANDARD ".w1", WALLET_VALID, XMR_STANDARD, "w1", "" },
	{ XMR_STANDARD ".", WALLET_VALID, XMR_STANDARD, "", "" },
	{ XMR_STANDARD "_rig_2", WALLET_VALID, XMR_STANDARD, "rig_2", "" },
	{ XMR_STANDARD "+5000", WALLET_VALID, XMR_STANDARD, "", "" },
	{ XMR_STANDARD "+5000.w1", WALLET_VALID, XMR_STANDARD, "w1", "" },
	/* a payment id, as exchanges want it */
	{ DNX_STANDARD "+101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f.w1",
	  WALLET_VALID, DNX_STANDARD, "w1", "" },
	{ DNX_STANDARD "+101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f",
	  WALLET_VALID, DNX_STANDARD, "", "" },
	/* P2Pool's difficulties are nobody's name */
	{ "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E+512/4096", WALLET_VALID,
	  "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E", "", "" },
	{ "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E+512/rig4", WALLET_VALID,
	  "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E", "rig4", "" },
	{ "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E/4096", WALLET_VALID,
	  "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E", "4096", "" },
	{ XMR_STANDARD ".w1+5000", WALLET_VALID, XMR_STANDARD, "w1", "" },
	{ XMR_STANDARD "+rig", WALLET_VALID, XMR_STANDARD, "rig", "" },
	{ XMR_STANDARD "/rig/bob@example.org", WALLET_VALID, XMR_STANDARD, "rig",
	  "bob@example.org" },
	{ XMR_STANDARD ".rig.7/bob.x@example.org", WALLET_VALID, XMR_STANDARD, "rig.7",
	  "bob.x@example.org" },
	{ XMR_STANDARD "/bob@example.org", WALLET_VALID, XMR_STANDARD, "", "bob@example.org" },
	{ XMR_STANDARD ".0123456789abcdef.rig/bob@example.org", WALLET_VALID, XMR_STANDARD, "rig",
	  "bob@example.org" },
	{ XMR_STANDARD ".0123456789abcdef", WALLET_VALID, XMR_STANDARD, "0123456789abcdef", "" },
	{ " " XMR_STANDARD ".w1 \r", WALLET_VALID, XMR_STANDARD, "w1", "" },
	{ XMR_STANDARD ":secret", WALLET_VALID, XMR_STANDARD, "", "" },
	{ "XMR:" XMR_STANDARD ".w1#abcd-1234", WALLET_VALID, XMR_STANDARD, "w1", "" },
	{ "DOGE:D6c3oQy9Ven54bAezxg1kqoBtqAL3XHKvi.w#r", WALLET_VALID,
	  "D6c3oQy9Ven54bAezxg1kqoBtqAL3XHKvi", "w", "" },
	{ BTC_BECH32 "_w", WALLET_VALID, BTC_BECH32, "w", "" },
	{ BCH_CASH ".w", WALLET_VALID, BCH_CASH, "w", "" },
	{ KAS_CASH ".w", WALLET_VALID, KAS_CASH, "w", "" },
	{ "KAS:" KAS_CASH ".w", WALLET_VALID, KAS_CASH, "w", "" },
	{ "KAS:" KAS_CASH ".w#ab12-cd34", WALLET_VALID, KAS_CASH, "w", "" },
	{ AIX_CASH ".w", WALLET_VALID, AIX_CASH, "w", "" },
	{ AIX_CASH "_w", WALLET_VALID, AIX_CASH, "w", "" },
	{ "AIX:" AIX_CASH "/w", WALLET_VALID, AIX_CASH, "w", "" },
	{ "astrix:secret", WALLET_NONE, "astrix", "", "" },
	{ XEL_BECH32 ".w", WALLET_VALID, XEL_BECH32, "w", "" },
	{ CKB_SHORT ".w", WALLET_VALID, CKB_SHORT, "w", "" },
	{ CFX_CIP37 ".w", WALLET_VALID, CFX_CIP37, "w", "" },
	{ CFX_TYPED ".w", WALLET_VALID, CFX_TYPED, "w", "" },
	{ NEXA_CASH "/w", WALLET_VALID, NEXA_CASH, "w", "" },
	{ KDA_KEY ".w", WALLET_UNVERIFIED, KDA_KEY, "w", "" },
	{ NIM_PLAIN ".w", WALLET_VALID, NIM_PLAIN, "w", "" },
	{ NIM_SPACED ".w", WALLET_VALID, NIM_SPACED, "w", "" },
	{ " " NIM_SPACED "/w/bob@example.org", WALLET_VALID, NIM_SPACED, "w", "bob@example.org" },
	{ ERG_P2PK ".w", WALLET_UNVERIFIED, ERG_P2PK, "w", "" },
	{ ALPH_KEY "_w", WALLET_UNVERIFIED, ALPH_KEY, "w", "" },
	{ AE_KEY ".w", WALLET_UNVERIFIED, AE_KEY, "w", "" },
	{ DCR_HASH ".w", WALLET_UNVERIFIED, DCR_HASH, "w", "" },
	{ NICEHASH ".w", WALLET_NONE, NICEHASH, "w", "" },
	{ ETH_MIXED ".w", WALLET_VALID, ETH_MIXED, "w", "" },
	{ ETH_MIXED "/w", WALLET_VALID, ETH_MIXED, "w", "" },
	{ "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed_w", WALLET_UNVERIFIED,
	  "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "w", "" },
	/* an underscore only splits what is known to be complete */
	{ INVENTED, WALLET_UNVERIFIED, INVENTED, "", "" },
	{ INVENTED ".i-0a1b2c3d4e5f60718", WALLET_UNVERIFIED, INVENTED, "i-0a1b2c3d4e5f60718", "" },
	{ INVENTED "+1000", WALLET_UNVERIFIED, INVENTED, "", "" },
	/* accounts */
	{ "", WALLET_NONE, "", "", "" },
	{ "bob", WALLET_NONE, "bob", "", "" },
	{ "bob.rig1", WALLET_NONE, "bob", "rig1", "" },
	{ "bob_x.rig1", WALLET_NONE, "bob_x", "rig1", "" },
	{ "bob/rig1", WALLET_NONE, "bob", "rig1", "" },
	{ "bob:secret", WALLET_NONE, "bob", "", "" },
	{ "k:secret", WALLET_NONE, "k", "", "" },
	{ ".rig1", WALLET_NONE, "", "rig1", "" },
	{ "bob.s@example.org", WALLET_NONE, "bob.s@example.org", "", "bob.s@example.org" },
	{ "bob@example.org/rig", WALLET_NONE, "bob@example.org", "rig", "bob@example.org" },
	{ "@example", WALLET_NONE, "", "", "" },
	{ "bob@", WALLET_NONE, "bob", "", "" },
};

static void test_logins(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
		const struct login_case *want = &logins[i];
		struct wallet got = wallet_parse(guard_str(&guard, want->login));

		if (got.check != want->check || !slice_is(got.text, want->text) ||
		    !slice_is(got.worker, want->worker) || !slice_is(got.email, want->email))
			fail_msg("%s: check %d text '%.*s' worker '%.*s' email '%.*s'", want->login,
				 (int)got.check, (int)got.text.len, (const char *)got.text.ptr,
				 (int)got.worker.len, (const char *)got.worker.ptr,
				 (int)got.email.len, (const char *)got.email.ptr);
	}
}

/* Parts lie inside the login, whatever is in it and wherever it is cut. */
static void test_parts_stay_inside(void **state)
{
	const char *text = "XMR:" XMR_STANDARD ".0123456789abcdef.rig+50/x/bob@example.org#r _y";

	(void)state;
	for (size_t len = 0; len <= strlen(text); len++) {
		struct slice in = guard_put(&guard, text, len);
		struct wallet got = wallet_parse(in);
		struct slice parts[] = { got.text, got.worker, got.email };

		for (size_t i = 0; i < 3; i++) {
			if (parts[i].len == 0)
				continue;
			size_t offset = (size_t)(parts[i].ptr - in.ptr);
			assert_true(offset <= len && parts[i].len <= len - offset);
		}
		assert_int_equal(got.check == WALLET_VALID, len >= 99);
	}
}

/* The same string again, at another place; and one that differs. */
static void test_parse_again(void **state)
{
	static const char *const users[] = { "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E.rig07",
					     "DOGE:acct", "", " acct/w/me@example.org ",
					     "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6F.rig07" };
	struct wallet_memo memo = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		struct wallet want = wallet_parse(slice_str(users[i]));

		for (int again = 0; again < 3; again++) {
			char copy[64];

			(void)slice_copy(slice_str(users[i]), copy, sizeof(copy));
			struct wallet got = wallet_parse_again(slice_str(copy), &memo);
			assert_int_equal(got.check, want.check);
			assert_true(got.coin == want.coin);
			assert_true(slice_eq(got.text, want.text));
			assert_true(slice_eq(got.worker, want.worker));
			assert_true(slice_eq(got.email, want.email));
			assert_true(got.text.len == 0 ||
				    (got.text.ptr >= (const uint8_t *)copy &&
				     got.text.ptr < (const uint8_t *)copy + sizeof(copy)));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid_addresses), cmocka_unit_test(test_one_wrong_character),
		cmocka_unit_test(test_bech32_versions), cmocka_unit_test(test_ethereum_case),
		cmocka_unit_test(test_shape_only),      cmocka_unit_test(test_not_wallets),
		cmocka_unit_test(test_nimiq),           cmocka_unit_test(test_conflux),
		cmocka_unit_test(test_shape_of_coins),  cmocka_unit_test(test_named_coins),
		cmocka_unit_test(test_logins),          cmocka_unit_test(test_parts_stay_inside),
		cmocka_unit_test(test_parse_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
