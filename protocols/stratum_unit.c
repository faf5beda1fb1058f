/* stratum_unit.c: what one unit of Stratum difficulty is worth; see the header for the order of the
 * evidence. The constants are those pools and miners share: target 1 of Bitcoin for SHA-256d, a
 * 65536th of it for scrypt. */
#include "protocols/stratum_unit.h"

#include "protocols/limits.h"
#include "protocols/rpc.h"
#include "protocols/target.h"

/* Hex zeros that end a previous hash on the wire: of Bitcoin at least; of any chain whose blocks
 * are named by the hash that is mined, of difficulty 1 and above, at least. Litecoin's and
 * Dogecoin's are named by another one, which has none. */
#define ZEROS_BITCOIN 16
#define ZEROS_LEAST   8
/* Expected hashes of a block of such a chain, scrypt's smallest and largest: no other algorithm's
 * reach the first, and scrypt's are a thousandth of the second. */
#define BLOCK_SCRYPT_MIN 0x1p54
#define BLOCK_SCRYPT_MAX 0x1p72

/* What the evidence names: an algorithm of which pools agree what a unit is worth, or another. */
enum unit {
	UNIT_UNKNOWN,
	UNIT_SHA256D,
	UNIT_SCRYPT,
	UNIT_GHOSTRIDER,
	UNIT_SHA512_256D,
	UNIT_NEOSCRYPT,
	UNIT_LYRA2V2,
	UNIT_LYRA2Z,
	UNIT_VERTHASH,
	UNIT_LBRY,
	UNIT_KECCAK,
	UNIT_LYRA2,
	UNIT_X11,
	UNIT_OTHER
};

static const struct {
	double work; /* of difficulty 1 */
	const char *algo;
} units[] = {
	[UNIT_UNKNOWN] = { 0, "" },
	[UNIT_SHA256D] = { TARGET_WORK_BITCOIN, "sha256d" },
	[UNIT_SCRYPT] = { TARGET_WORK_SCRYPT, "scrypt" },
	[UNIT_GHOSTRIDER] = { TARGET_WORK_SCRYPT, "ghostrider" },
	[UNIT_SHA512_256D] = { TARGET_WORK_BITCOIN, "sha512256d" },
	[UNIT_NEOSCRYPT] = { TARGET_WORK_SCRYPT, "neoscrypt" },
	[UNIT_LYRA2V2] = { 0x1p24, "lyra2v2" },
	[UNIT_LYRA2Z] = { 0x1p24, "lyra2z" },
	[UNIT_VERTHASH] = { 0x1p24, "verthash" },
	[UNIT_LBRY] = { 0x1p24, "lbry" },
	[UNIT_KECCAK] = { 0x1p25, "keccak" },
	[UNIT_LYRA2] = { 0x1p25, "lyra2" },
	[UNIT_X11] = { TARGET_WORK_BITCOIN, "x11" },
	[UNIT_OTHER] = { 0, "" },
};

struct unit_row {
	const char *word;
	enum unit unit;
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const struct unit_row coin_units[] = {
	{ "BTC", UNIT_SHA256D }, { "BCH", UNIT_SHA256D },    { "LTC", UNIT_SCRYPT },
	{ "DOGE", UNIT_SCRYPT }, { "RTM", UNIT_GHOSTRIDER }, { "RXD", UNIT_SHA512_256D },
	{ "XEC", UNIT_SHA256D }, { "VTC", UNIT_VERTHASH },   { "DASH", UNIT_X11 },
};

static const struct unit_row algo_units[] = {
	{ "sha256d", UNIT_SHA256D },
	{ "sha256", UNIT_SHA256D },
	{ "scrypt", UNIT_SCRYPT },
	{ "ghostrider", UNIT_GHOSTRIDER },
	{ "gr", UNIT_GHOSTRIDER },
	{ "ghostrider/rtm", UNIT_GHOSTRIDER },
	{ "neoscrypt", UNIT_NEOSCRYPT },
	{ "lyra2v2", UNIT_LYRA2V2 },
	{ "lyra2rev2", UNIT_LYRA2V2 },
	{ "lyra2z", UNIT_LYRA2Z },
	{ "verthash", UNIT_VERTHASH },
	{ "lbry", UNIT_LBRY },
	{ "keccak", UNIT_KECCAK },
	{ "lyra2", UNIT_LYRA2 },
	{ "sha512256d", UNIT_SHA512_256D },
	{ "sha512/256d", UNIT_SHA512_256D },
	{ "x11", UNIT_X11 },
};

/* Only machines and programs that do one thing; most agents can do many. */
static const struct unit_row agent_units[] = {
	{ "bosminer", UNIT_SHA256D },    { "bitaxe", UNIT_SHA256D },
	{ "nerdminer", UNIT_SHA256D },   { "whatsminer", UNIT_SHA256D },
	{ "btminer", UNIT_SHA256D },     { "antminer s", UNIT_SHA256D },
	{ "antminer t", UNIT_SHA256D },  { "antminer l", UNIT_SCRYPT },
	{ "kawpowminer", UNIT_OTHER },   { "ethminer", UNIT_OTHER },
	{ "equihashminer", UNIT_OTHER }, { "cpuminer-gr", UNIT_GHOSTRIDER },
	{ "xmrig/", UNIT_GHOSTRIDER }, /* of what has such jobs */
};

/* UNIT_OTHER for a word that is not in the table: it names something else. */
static enum unit find_unit(const struct unit_row *rows, size_t count, struct slice word)
{
	for (size_t i = 0; i < count; i++)
		if (rpc_equals(word, rows[i].word))
			return rows[i].unit;
	return UNIT_OTHER;
}

/* The job is another algorithm's than the coin's. Who is paid in Bitcoin's coin mines another one
 * when the job is one of scrypt's. A job of a chain of less work than either's proves nothing by
 * itself, a test network's looks the same; where the pool asks for the coin to pay in, there is no
 * test network. X11's blocks are named by the hash that is mined. */
static bool is_payment(const struct stratum_unit *unit, uint8_t coin_unit)
{
	bool is_asked = unit->coin_option != UNIT_UNKNOWN;
	bool is_less = is_asked && (unit->prevhash == UNIT_OTHER || unit->is_least);

	switch (coin_unit) {
	case UNIT_SHA256D:
		return is_less || (unit->prevhash == UNIT_SCRYPT && !unit->is_rolling);
	case UNIT_SCRYPT:
		return is_less;
	case UNIT_X11:
		return is_less || (is_asked && unit->prevhash == UNIT_SCRYPT);
	default:
		return false;
	}
}

static enum unit unit_in_force(const struct stratum_unit *unit, double difficulty)
{
	const uint8_t evidence[] = {
		unit->option,
		unit->prevhash == UNIT_SHA256D ? UNIT_SHA256D : UNIT_UNKNOWN,
		is_payment(unit, unit->wallet) ? UNIT_UNKNOWN : unit->wallet,
		unit->agent,
		is_payment(unit, unit->coin_option) ? UNIT_UNKNOWN : unit->coin_option,
		unit->prevhash,
		unit->foreign,
	};

	for (size_t i = 0; i < sizeof(evidence); i++)
		if (evidence[i] != UNIT_UNKNOWN)
			return evidence[i];
	/* Coins with other algorithms set fractions; SHA-256d pools start at 1 and above. */
	return difficulty >= 1.0 && !is_payment(unit, unit->coin_option) ? UNIT_SHA256D
									 : UNIT_UNKNOWN;
}

void stratum_unit_agent(struct stratum_unit *unit, struct slice agent)
{
	for (size_t i = 0; i < ROWS(agent_units); i++)
		if (rpc_starts(agent, agent_units[i].word))
			unit->agent = (uint8_t)agent_units[i].unit;
}

void stratum_unit_wallet(struct stratum_unit *unit, struct wallet *wallet)
{
	if (wallet->check == WALLET_NONE || wallet->coin == NULL)
		return;
	if (unit->sharer != NULL)
		wallet_name(wallet, unit->sharer);
	if (strcmp(wallet->coin, "ETH") == 0 || strcmp(wallet->coin, "DGB") == 0)
		unit->foreign = UNIT_OTHER;
	else
		unit->wallet =
			(uint8_t)find_unit(coin_units, ROWS(coin_units), slice_str(wallet->coin));
	unit->coin = wallet->coin;
}

/* The coin that is paid. */
static void learn_coin_option(struct stratum_unit *unit, struct slice value)
{
	unit->sharer = wallet_sharer(value);
	for (size_t i = 0; i < ROWS(coin_units); i++) {
		if (!rpc_equals(value, coin_units[i].word))
			continue;
		unit->coin_option = (uint8_t)coin_units[i].unit;
		if (unit->coin == NULL)
			unit->coin = coin_units[i].word;
	}
}

void stratum_unit_password(struct stratum_unit *unit, struct slice password)
{
	bool is_paid = false; /* the coin to pay in was told; that which is mined is another word */

	password = slice_head(password, LIMIT_TEXT_BYTES);
	while (password.len > 0) {
		struct slice option = slice_head(password, slice_find(password, ','));
		struct slice value = slice_tail(option, 2);

		password = slice_tail(password, option.len + 1);
		if (value.len > 0 && rpc_starts(option, "a=")) {
			unit->option = (uint8_t)find_unit(algo_units, ROWS(algo_units), value);
		} else if (value.len > 0 && rpc_starts(option, "c=")) {
			learn_coin_option(unit, value);
			is_paid = true;
		} else if (!is_paid && rpc_starts(option, "mc=")) {
			unit->sharer = wallet_sharer(slice_tail(option, 3));
		}
	}
}

void stratum_unit_named(struct stratum_unit *unit, struct slice algo)
{
	unit->option = (uint8_t)find_unit(algo_units, ROWS(algo_units), algo);
}

static size_t zeros_before(struct slice digits)
{
	size_t zeros = 0;

	while (zeros < digits.len && digits.ptr[zeros] == '0')
		zeros++;
	return zeros;
}

static size_t zeros_behind(struct slice digits)
{
	size_t zeros = 0;

	while (zeros < digits.len && digits.ptr[digits.len - 1 - zeros] == '0')
		zeros++;
	return zeros;
}

void stratum_unit_prevhash(struct stratum_unit *unit, struct slice digits, struct slice bits)
{
	double work = target_work_bits(bits); /* of a block; 0: not said */

	if (unit->prevhash == UNIT_SHA256D) /* a later block of such a chain may have been found in
					     * another way */
		return;
	if (zeros_behind(digits) >= ZEROS_BITCOIN)
		unit->prevhash = UNIT_SHA256D;
	else if (zeros_behind(digits) >= ZEROS_LEAST || zeros_before(digits) >= ZEROS_LEAST)
		return;
	else if (work >= BLOCK_SCRYPT_MIN && work < BLOCK_SCRYPT_MAX)
		unit->prevhash = UNIT_SCRYPT;
	else if (work >= TARGET_WORK_BITCOIN && work < BLOCK_SCRYPT_MIN)
		unit->prevhash = UNIT_OTHER;
	else if (work > 0 && work < TARGET_WORK_BITCOIN)
		unit->is_least = true;
}

void stratum_unit_rolling(struct stratum_unit *unit)
{
	unit->is_rolling = true;
}

double stratum_unit_work(const struct stratum_unit *unit, double difficulty)
{
	return difficulty * units[unit_in_force(unit, difficulty)].work;
}

const char *stratum_unit_algo(const struct stratum_unit *unit, double difficulty)
{
	return units[unit_in_force(unit, difficulty)].algo;
}

const char *stratum_unit_coin(const struct stratum_unit *unit, double difficulty)
{
	if (unit->coin == NULL || find_unit(coin_units, ROWS(coin_units), slice_str(unit->coin)) !=
					  unit_in_force(unit, difficulty))
		return NULL;
	return unit->coin;
}
