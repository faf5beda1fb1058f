/* wallet_form.c: the address forms of the coins.
 *
 *   Base58Check        version 1 or 2 | hash 20 | checksum 4      BTC LTC DOGE DASH ZEC ZEN TRX ...
 *   CryptoNote         tag | 32 | 32 (| 8) | checksum 4           XMR WOW ZANO DNX, their like
 *   Bech32, Bech32m    hrp 1 version program checksum             BTC LTC, and others by hrp
 *   CashAddr           prefix : version hash checksum             BCH XEC KAS NEXA, CFX (CIP-37),
 *                                                                 offshoots by the checksum alone
 *   IBAN               NQ check 2, account 32, modulo 97          NIM
 *   EIP-55             0x and 40 digits, upper case by Keccak-256 ETH and its like
 *
 * A form whose checksum we can compute is judged by it. What is left is judged by shape: a known
 * network prefix, an alphabet and a length. That is a witness, no proof, and is said so. */
#include "protocols/wallet_form.h"

#include "protocols/base58.h"
#include "protocols/bech32.h"
#include "protocols/cursor.h"
#include "protocols/hash.h"
#include "protocols/hex.h"

#define HASH160_BYTES  20
#define CHECKSUM_BYTES 4
#define VERSION_DECRED 0x073f /* Base58 with a checksum of BLAKE-256 */
#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))

static const struct wallet_form no_form = { .check = WALLET_NONE };

static struct wallet_form form_of(enum wallet_check check, const char *coin)
{
	return (struct wallet_form){ .check = check, .coin = coin, .is_sized = true };
}

/* ---- Base58Check -------------------------------------------------------------------------- */

/* A coin is NULL where several coins share the version and only the user knows which. */
static const struct {
	uint16_t version;
	uint8_t size;
	const char *coin;
} base58_versions[] = {
	{ 0, 1, "BTC" },      { 5, 1, "BTC" },      { 48, 1, "LTC" },     { 50, 1, "LTC" },
	{ 30, 1, "DOGE" },    { 22, 1, "DOGE" },    { 76, 1, "DASH" },    { 16, 1, "DASH" },
	{ 60, 1, NULL },      { 33, 1, "EVR" },     { 38, 1, "BTG" },     { 82, 1, "FIRO" },
	{ 65, 1, "TRX" },     { 0x1cb8, 2, "ZEC" }, { 0x1cbd, 2, "ZEC" }, { 0x2089, 2, "ZEN" },
	{ 0x2096, 2, "ZEN" }, { 85, 1, "LBC" },     { 122, 1, "LBC" },    { 63, 1, "DGB" },
	{ 71, 1, "VTC" },
};

static struct wallet_form base58_form(struct slice address)
{
	uint8_t bytes[BASE58_BYTES];

	if (address.len < 25 || address.len > 36)
		return no_form;
	size_t len = base58_decode(address, bytes);
	struct slice all = slice_of(bytes, len);
	if (all.len != HASH160_BYTES + CHECKSUM_BYTES + 1 &&
	    all.len != HASH160_BYTES + CHECKSUM_BYTES + 2)
		return no_form;

	struct cursor c = cursor_of(all);
	size_t size = all.len - HASH160_BYTES - CHECKSUM_BYTES;
	uint16_t version = size == 1 ? cursor_u8(&c) : cursor_u16be(&c);
	bool holds = base58_checksum_holds(all);
	if (size == 2 && version == VERSION_DECRED)
		return form_of(WALLET_UNVERIFIED, "DCR");
	for (size_t i = 0; i < COUNT(base58_versions); i++)
		if (base58_versions[i].size == size && base58_versions[i].version == version)
			return form_of(holds ? WALLET_VALID : WALLET_BAD, base58_versions[i].coin);
	return holds ? form_of(WALLET_VALID, NULL) : no_form;
}

/* ---- CryptoNote --------------------------------------------------------------------------- */

static const struct {
	uint16_t tag;
	uint8_t chars;
	char first; /* what such an address begins with */
	const char *coin;
} cryptonote_tags[] = {
	{ 0x12, 95, '4', "XMR" },   { 0x2a, 95, '8', "XMR" },  { 0x13, 106, '4', "XMR" },
	{ 0x1032, 97, 'W', "WOW" }, { 12208, 97, 'W', "WOW" }, { 0xc5, 97, 'Z', "ZANO" },
	{ 0xb9, 97, 'X', "DNX" },
};

/* Coins whose tags are not listed: a checksum that holds proves the rest. */
static const struct {
	const char *prefix;
	const char *coin;
} cryptonote_names[] = { { "ZEPH", "ZEPH" }, { "SaLv", "SAL" }, { "TRTL", "TRTL" } };

/* The varint before the keys; 0 when there is none of a sane size. */
static uint64_t read_tag(struct slice bytes)
{
	struct cursor c = cursor_of(bytes);
	uint64_t tag = 0;

	for (unsigned shift = 0; shift < 35; shift += 7) {
		uint8_t byte = cursor_u8(&c);

		tag |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return c.bad ? 0 : tag;
	}
	return 0;
}

static struct wallet_form cryptonote_form(struct slice address)
{
	uint8_t bytes[BASE58_CRYPTONOTE_BYTES];

	if (address.len < 90 || address.len > 130 || !base58_is(address))
		return no_form;
	size_t len = base58_decode_cryptonote(address, bytes);
	struct slice all = slice_of(bytes, len);
	bool holds = all.len > 64 && base58_cryptonote_holds(all);
	uint64_t tag = read_tag(all);

	for (size_t i = 0; i < COUNT(cryptonote_tags); i++) {
		bool is_shaped = address.len == cryptonote_tags[i].chars &&
				 address.ptr[0] == (uint8_t)cryptonote_tags[i].first;

		if (holds ? tag == cryptonote_tags[i].tag : is_shaped)
			return form_of(holds ? WALLET_VALID : WALLET_BAD, cryptonote_tags[i].coin);
	}
	if (!holds)
		return no_form;
	for (size_t i = 0; i < COUNT(cryptonote_names); i++)
		if (slice_starts(address, cryptonote_names[i].prefix))
			return form_of(WALLET_VALID, cryptonote_names[i].coin);
	return form_of(WALLET_VALID, NULL);
}

/* ---- Bech32 and CashAddr ------------------------------------------------------------------ */

static bool starts_any_case(struct slice text, struct slice prefix)
{
	if (text.len < prefix.len)
		return false;
	for (size_t i = 0; i < prefix.len; i++) {
		uint8_t byte = text.ptr[i];

		if (byte >= 'A' && byte <= 'Z')
			byte = (uint8_t)(byte - 'A' + 'a');
		if (byte != prefix.ptr[i])
			return false;
	}
	return true;
}

/* Other users of Bech32 keep its checksum and have programs of their own, some with another
 * separator. */
static const struct {
	const char *prefix; /* with its separator */
	const char *coin;
	bool is_witness;
	uint8_t chars[2]; /* behind the prefix: of these lengths and wrong it is a mistyped one */
} bech32_prefixes[] = {
	/* 20 or 32 bytes, and neither looks like a mistyped other */
	{ "bc1", "BTC", true, { 39, 59 } },     { "ltc1", "LTC", true, { 39, 59 } },
	{ "zs1", "ZEC", false, { 0, 0 } },      { "u1", "ZEC", false, { 0, 0 } },
	{ "ckb1", "CKB", false, { 42, 93 } },   { "xel:", "XEL", false, { 59, 59 } },
	{ "grin1", "GRIN", false, { 58, 58 } }, { "hs1", "HNS", true, { 39, 59 } },
	{ "aleo1", "ALEO", false, { 58, 58 } }, { "lbc1", "LBC", true, { 39, 59 } },
	{ "dgb1", "DGB", true, { 39, 59 } },    { "vtc1", "VTC", true, { 39, 59 } },
	{ "prl1", "PRL", true, { 39, 59 } },
};

#define WITNESS_PREFIX_MAX 8

/* Bitcoin's form under a prefix that is not listed; its checksum covers the prefix. */
static bool is_foreign_witness(struct slice address)
{
	size_t one = slice_find(slice_head(address, WITNESS_PREFIX_MAX + 1), '1');
	struct slice prefix = slice_head(address, one);
	struct slice data = slice_tail(address, one + 1);

	for (size_t i = 0; i < prefix.len; i++)
		if (prefix.ptr[i] < 'a' || prefix.ptr[i] > 'z')
			return false;
	return prefix.len >= 2 && prefix.len <= WITNESS_PREFIX_MAX &&
	       bech32_is_witness(bech32_kind(prefix, data), data);
}

static struct wallet_form bech32_form(struct slice address)
{
	for (size_t i = 0; i < COUNT(bech32_prefixes); i++) {
		struct slice prefix = slice_str(bech32_prefixes[i].prefix);
		const uint8_t *chars = bech32_prefixes[i].chars;

		if (!starts_any_case(address, prefix))
			continue;
		struct slice data = slice_tail(address, prefix.len);
		enum bech32_kind kind = bech32_kind(slice_head(prefix, prefix.len - 1), data);
		if (bech32_prefixes[i].is_witness ? bech32_is_witness(kind, data)
						  : kind != BECH32_NEITHER && data.len >= 32)
			return form_of(WALLET_VALID, bech32_prefixes[i].coin);
		if (bech32_is(data) && (data.len == chars[0] || data.len == chars[1]))
			return form_of(WALLET_BAD, bech32_prefixes[i].coin);
	}
	return is_foreign_witness(address) ? form_of(WALLET_VALID, NULL) : no_form;
}

/* A hash of 20 or 32 bytes, a public key of 33; Nexa has a script instead, of any length, but most
 * often of one. Kaspa's offshoots took over its addresses. */
static const struct {
	const char *prefix; /* with its separator */
	const char *coin;
	uint8_t chars[2]; /* as above */
} cash_prefixes[] = {
	{ "bitcoincash:", "BCH", { 42, 42 } }, { "ecash:", "XEC", { 42, 42 } },
	{ "kaspa:", "KAS", { 61, 63 } },       { "karlsen:", "KLS", { 61, 63 } },
	{ "pyrin:", "PYI", { 61, 63 } },       { "spectre:", "SPR", { 61, 63 } },
	{ "hoosat:", "HTN", { 61, 63 } },      { "bugna:", "BGA", { 61, 63 } },
	{ "nexellia:", "NXL", { 61, 63 } },    { "sedra:", "SDR", { 61, 63 } },
	{ "waglayla:", "WALA", { 61, 63 } },   { "cryptix:", "CYTX", { 61, 63 } },
	{ "nexa:", "NEXA", { 48, 48 } },
};

#define CASH_CHARS_20   42 /* of a hash of 20 bytes, with version and checksum */
#define CASH_CHARS_32   61
#define CASH_CHARS_33   63
#define CASH_PREFIX_MAX 16

/* The prefix of a chain that is not listed, with its colon: there are dozens of offshoots, and all
 * keep the checksum, which the prefix is part of. 0: none, or it does not hold. */
static size_t foreign_prefix(struct slice text)
{
	struct slice head = slice_head(text, CASH_PREFIX_MAX);
	size_t colon = slice_find(head, ':');
	struct slice name = slice_head(text, colon);
	struct slice data = slice_tail(text, colon + 1);
	size_t chars = 0;

	if (colon == head.len)
		return 0;
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] < 'a' || name.ptr[i] > 'z')
			return 0;
	while (chars <= CASH_CHARS_33 && chars < data.len && bech32_value(data.ptr[chars]) >= 0)
		chars++;
	return (chars == CASH_CHARS_20 || chars == CASH_CHARS_32 || chars == CASH_CHARS_33) &&
			       bech32_cash_holds(name, slice_head(data, chars))
		       ? colon + 1
		       : 0;
}

static struct wallet_form cash_form(struct slice address)
{
	for (size_t i = 0; i < COUNT(cash_prefixes); i++) {
		struct slice prefix = slice_str(cash_prefixes[i].prefix);
		const uint8_t *chars = cash_prefixes[i].chars;

		if (!starts_any_case(address, prefix))
			continue;
		struct slice data = slice_tail(address, prefix.len);
		if (data.len >= 32 && bech32_cash_holds(slice_head(prefix, prefix.len - 1), data))
			return form_of(WALLET_VALID, cash_prefixes[i].coin);
		if (bech32_is(data) && (data.len == chars[0] || data.len == chars[1]))
			return form_of(WALLET_BAD, cash_prefixes[i].coin);
		return no_form;
	}
	size_t prefix = foreign_prefix(address);

	if (prefix > 0 && bech32_is(slice_tail(address, prefix)))
		return form_of(WALLET_VALID, NULL);
	/* the prefix may be left away: version byte 0 or 8 of a 160-bit hash begins with q or p */
	if (address.len != 42 || !bech32_is(address) || bech32_value(address.ptr[0]) > 1)
		return no_form;
	return form_of(bech32_cash_holds(slice_str("bitcoincash"), address) ? WALLET_VALID
									    : WALLET_BAD,
		       "BCH");
}

#define CONFLUX_PREFIX "cfx:"
#define CONFLUX_CHARS  42 /* version, 20 bytes and the checksum */

/* "cfx:", in capitals "CFX:TYPE.USER:" as well; 0: neither. */
static size_t conflux_prefix(struct slice text)
{
	struct slice rest = slice_tail(text, sizeof(CONFLUX_PREFIX) - 1);

	if (!starts_any_case(text, slice_str(CONFLUX_PREFIX)))
		return 0;
	size_t colon = slice_find(rest, ':');
	bool is_typed = colon < rest.len && starts_any_case(rest, slice_str("type."));

	return sizeof(CONFLUX_PREFIX) - 1 + (is_typed ? colon + 1 : 0);
}

static struct wallet_form conflux_form(struct slice address)
{
	size_t prefix = conflux_prefix(address);
	struct slice data = slice_tail(address, prefix);

	if (prefix == 0 || data.len != CONFLUX_CHARS)
		return no_form;
	if (bech32_conflux_holds(slice_str("cfx"), data))
		return form_of(WALLET_VALID, "CFX");
	return data.ptr[0] == 'a' || data.ptr[0] == 'A' ? form_of(WALLET_BAD, "CFX") : no_form;
}

/* ---- Nimiq -------------------------------------------------------------------------------- */

#define NIMIQ_CHARS 36
#define NIMIQ_GROUP 4

/* 0..35 of a digit or a capital; -1 for others. */
static int iban_value(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 10 : -1;
}

/* An account number: the country and the check digits go last, and all is 1 modulo 97. With or
 * without a blank after every fourth character. */
static struct wallet_form nimiq_form(struct slice address)
{
	uint8_t text[NIMIQ_CHARS] = { 0 };
	size_t len = 0;
	unsigned sum = 0;
	size_t group = NIMIQ_GROUP + (address.len > NIMIQ_CHARS ? 1 : 0);

	if (!slice_starts(address, "NQ") ||
	    (address.len != NIMIQ_CHARS && address.len != wallet_form_spaced(address)))
		return no_form;
	for (size_t i = 0; i < address.len && len < NIMIQ_CHARS; i++)
		if (i % group < NIMIQ_GROUP)
			text[len++] = address.ptr[i];
	for (size_t i = 0; i < NIMIQ_CHARS; i++) {
		int value = iban_value(text[(i + NIMIQ_GROUP) % NIMIQ_CHARS]);

		if (value < 0)
			return no_form;
		sum = (sum * (value < 10 ? 10 : 100) + (unsigned)value) % 97;
	}
	return form_of(sum == 1 ? WALLET_VALID : WALLET_BAD, "NIM");
}

size_t wallet_form_spaced(struct slice text)
{
	const size_t size = NIMIQ_CHARS + NIMIQ_CHARS / NIMIQ_GROUP - 1;

	if (text.len < size || !slice_starts(text, "NQ"))
		return 0;
	for (size_t i = 0; i < size; i++) {
		bool is_blank = i % (NIMIQ_GROUP + 1) == NIMIQ_GROUP;

		if (is_blank ? text.ptr[i] != ' ' : iban_value(text.ptr[i]) < 0)
			return 0;
	}
	return size;
}

/* ---- EIP-55 and bare hex ------------------------------------------------------------------ */

static struct wallet_form ethereum_form(struct slice address)
{
	struct slice digits = slice_tail(address, 2);
	uint8_t lower[40];
	uint8_t hash[HASH_BYTES];
	bool has_upper = false;
	bool has_lower = false;
	bool holds = true;

	if (!slice_starts(address, "0x") || digits.len != sizeof(lower) || !hex_is(digits))
		return no_form;
	for (size_t i = 0; i < digits.len; i++)
		lower[i] = (uint8_t)(digits.ptr[i] >= 'A' && digits.ptr[i] <= 'F'
					     ? digits.ptr[i] - 'A' + 'a'
					     : digits.ptr[i]);
	hash_keccak256(slice_of(lower, sizeof(lower)), hash);
	for (size_t i = 0; i < digits.len; i++) {
		bool is_upper = digits.ptr[i] != lower[i];
		bool wants_upper = (hash[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0x0f) >= 8;

		if (lower[i] < 'a')
			continue;
		has_upper = has_upper || is_upper;
		has_lower = has_lower || !is_upper;
		holds = holds && is_upper == wants_upper;
	}
	if (!has_upper || !has_lower) /* one case only: written without a checksum */
		return form_of(WALLET_UNVERIFIED, "ETH");
	return form_of(holds ? WALLET_VALID : WALLET_BAD, "ETH");
}

#define SIA_CHARS 76 /* 32 bytes, and a checksum of 6 by Blake2b */

/* Public keys and account hashes of several coins, and what XMRig donates to. */
static struct wallet_form hex_form(struct slice address)
{
	if (!hex_is(address))
		return no_form;
	if (address.len == SIA_CHARS)
		return form_of(WALLET_UNVERIFIED, "SC");
	return address.len == 40 || (address.len >= 62 && address.len <= 67)
		       ? form_of(WALLET_UNVERIFIED, NULL)
		       : no_form;
}

/* ---- shapes without a checksum we compute -------------------------------------------------- */

enum alphabet { ANY_WORD, ANY_BASE58, ANY_BECH32, ANY_HEX, ANY_LOWER };

static bool is_word(struct slice text, bool may_upper, bool may_lower, bool may_underscore)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.ptr[i];

		if (!((byte >= '0' && byte <= '9') || (may_upper && byte >= 'A' && byte <= 'Z') ||
		      (may_lower && byte >= 'a' && byte <= 'z') || (may_underscore && byte == '_')))
			return false;
	}
	return true;
}

static bool is_written_in(struct slice text, enum alphabet alphabet)
{
	switch (alphabet) {
	case ANY_WORD:
		return is_word(text, true, true, true);
	case ANY_BASE58:
		return base58_is(text);
	case ANY_BECH32:
		return bech32_is(text);
	case ANY_HEX:
		return hex_is(text);
	case ANY_LOWER:
		return is_word(text, false, true, false);
	}
	return false;
}

/* Lengths are of the whole string; first match wins. The wide rows at the end catch addresses of a
 * wrong length and invented ones: 32 characters are more than an account name has. */
static const struct {
	const char *prefix;
	const char *coin;
	uint16_t min;
	uint16_t max;
	enum alphabet alphabet; /* of what follows the prefix */
} shapes[] = {
	{ "1", "ALPH", 44, 46, ANY_BASE58 },     { "9", "ERG", 51, 51, ANY_BASE58 },
	{ "ak_", "AE", 50, 56, ANY_BASE58 },     { "cfx:a", "CFX", 46, 46, ANY_LOWER },
	{ "k:", "KDA", 66, 66, ANY_HEX },        { "xel:", "XEL", 63, 100, ANY_LOWER },
	{ "kaspa:", "KAS", 60, 80, ANY_BECH32 }, { "nexa:n", "NEXA", 40, 128, ANY_BECH32 },
	{ "ckb1", "CKB", 44, 110, ANY_BECH32 },  { "grin1", "GRIN", 40, 70, ANY_BECH32 },
	{ "zs1", "ZEC", 60, 90, ANY_BECH32 },    { "u1", "ZEC", 60, 400, ANY_BECH32 },
	{ "4", "XMR", 32, 128, ANY_WORD },       { "8", "XMR", 32, 128, ANY_WORD },
	{ "1", "BTC", 32, 128, ANY_WORD },       { "3", "BTC", 32, 128, ANY_WORD },
	{ "bc1", "BTC", 32, 128, ANY_WORD },     { "ltc1", "LTC", 32, 128, ANY_WORD },
	{ "0x", "ETH", 32, 128, ANY_WORD },      { "t1", "ZEC", 32, 128, ANY_WORD },
	{ "t3", "ZEC", 32, 128, ANY_WORD },      { "zn", "ZEN", 32, 128, ANY_WORD },
	{ "Wo", "WOW", 32, 128, ANY_WORD },      { "WW", "WOW", 32, 128, ANY_WORD },
	{ "ZEPH", "ZEPH", 32, 160, ANY_WORD },   { "SaLv", "SAL", 32, 160, ANY_WORD },
	{ "TRTL", "TRTL", 32, 220, ANY_WORD },
};

static struct wallet_form shape_form(struct slice address)
{
	for (size_t i = 0; i < COUNT(shapes); i++) {
		if (address.len < shapes[i].min || address.len > shapes[i].max ||
		    !slice_starts(address, shapes[i].prefix))
			continue;
		struct slice body = slice_tail(address, strlen(shapes[i].prefix));
		if (!is_written_in(body, shapes[i].alphabet))
			continue;
		if (shapes[i].alphabet == ANY_WORD && hex_is(address))
			continue; /* a hash or a session key, whatever digit it begins with */
		return (struct wallet_form){ .check = WALLET_UNVERIFIED,
					     .coin = shapes[i].coin,
					     .is_sized = shapes[i].alphabet != ANY_WORD };
	}
	return no_form;
}

/* What NiceHash logs in with looks like an address and is an account. */
static bool is_nicehash(struct slice text)
{
	return slice_starts(text, "NH") && text.len >= 34 && text.len <= 36 && base58_is(text);
}

struct wallet_form wallet_form_of(struct slice address)
{
	static struct wallet_form (*const judges[])(struct slice) = {
		ethereum_form, bech32_form,     cash_form, conflux_form, nimiq_form,
		base58_form,   cryptonote_form, hex_form,  shape_form,
	};
	struct wallet_form form = no_form;

	if (is_nicehash(address))
		return no_form;
	for (size_t i = 0; form.check == WALLET_NONE && i < COUNT(judges); i++)
		form = judges[i](address);
	return form;
}

size_t wallet_form_prefix(struct slice text)
{
	static const char *const prefixes[] = { "xel:", "k:" };

	for (size_t i = 0; i < COUNT(cash_prefixes); i++)
		if (starts_any_case(text, slice_str(cash_prefixes[i].prefix)))
			return strlen(cash_prefixes[i].prefix);
	for (size_t i = 0; i < COUNT(prefixes); i++)
		if (starts_any_case(text, slice_str(prefixes[i])))
			return strlen(prefixes[i]);
	size_t conflux = conflux_prefix(text);

	return conflux > 0 ? conflux : foreign_prefix(text);
}

const char *wallet_form_coin(struct slice name)
{
	static const char *const coins[] = {
		"ADA",  "AE",   "ALPH", "ATOM", "BCH", "BNB", "BTC",  "BTG",   "CFX",  "CKB",
		"DASH", "DCR",  "DGB",  "DOGE", "DOT", "ERG", "ETC",  "ETH",   "ETHW", "EVR",
		"FIRO", "FLUX", "IRON", "KAS",  "KDA", "KMD", "LTC",  "MATIC", "NEXA", "NIM",
		"RTM",  "RVN",  "RXD",  "SHIB", "SOL", "TON", "TRX",  "USDT",  "VRSC", "XEL",
		"XLM",  "XMR",  "XRP",  "XTZ",  "ZEC", "ZEN", "ZEPH", "ZIL",
	};

	for (size_t i = 0; i < COUNT(coins); i++)
		if (slice_is(name, coins[i]))
			return coins[i];
	return NULL;
}

/* Addresses of one form: the version of Base58Check is the same. They are taken for the coin's
 * unless the sharer is named beside them. */
static const struct {
	const char *sharer;
	const char *coin;
	const char *first; /* what such an address begins with */
} shared[] = { { "DGB", "DOGE", "D" }, { "BCH", "BTC", "1" }, { "BCH", "BTC", "3" } };

static bool is_any_case(struct slice text, const char *capitals)
{
	if (text.len != strlen(capitals))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.ptr[i];

		if (byte >= 'a' && byte <= 'z')
			byte = (uint8_t)(byte - 'a' + 'A');
		if (byte != (uint8_t)capitals[i])
			return false;
	}
	return true;
}

const char *wallet_form_sharer(struct slice name)
{
	for (size_t i = 0; i < COUNT(shared); i++)
		if (is_any_case(name, shared[i].sharer))
			return shared[i].sharer;
	return NULL;
}

bool wallet_form_fits(struct slice address, const char *coin, const char *sharer)
{
	for (size_t i = 0; i < COUNT(shared); i++)
		if (strcmp(shared[i].sharer, sharer) == 0 && strcmp(shared[i].coin, coin) == 0 &&
		    slice_starts(address, shared[i].first))
			return true;
	return false;
}
