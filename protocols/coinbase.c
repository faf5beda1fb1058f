/* coinbase.c: reads the two parts of a coinbase transaction:
 *
 *   first   | version 4 | (time 4) | 1 | 32 zeros | ffffffff | script length | script, begun |
 *   between | extranonce1 and extranonce2, still in the script |
 *   second  | script, ended | sequence 4 | count | value 8, length, script | .. | lock time 4 |
 *
 * The script begins with the height (BIP 34); what else is in it, its maker chose: words, and for
 * merged mining fabe6d6d with a hash of 32 and two numbers of 4 bytes. */
#include "protocols/coinbase.h"

#include "protocols/base58.h"
#include "protocols/bech32.h"
#include "protocols/cursor.h"
#include "protocols/target.h"

#define FIRST_BYTES    512
#define SECOND_BYTES   4096 /* some pools pay hundreds at once; the first is enough then */
#define EXTRANONCE_MIN 2
#define SCRIPT_MAX     200 /* of a coinbase input: 100 by consensus, some coins allow more */
#define OUTPUTS_MAX    2000
#define WORD_MIN       4
#define MERGED_BYTES   44

/* The first part, up to where the extranonce begins. */
struct opening {
	bool has_payload; /* the version asks for more behind the lock time */
	size_t missing;   /* bytes of the script that are not in the first part */
	struct slice script;
};

static uint64_t read_compact(struct cursor *c)
{
	uint8_t byte = cursor_u8(c);

	if (byte < 0xfd)
		return byte;
	if (byte == 0xfd)
		return cursor_u16le(c);
	c->bad = true; /* nothing in here is that long */
	return 0;
}

static bool is_null_input(struct cursor *c)
{
	static const uint8_t null_hash[32];
	bool is_one = read_compact(c) == 1;
	bool is_null = slice_eq(cursor_take(c, 32), slice_of(null_hash, sizeof(null_hash)));

	return cursor_u32le(c) == UINT32_MAX && is_one && is_null && !c->bad;
}

static bool read_opening(struct slice bytes, struct opening *out)
{
	struct cursor c = cursor_of(bytes);

	out->has_payload = cursor_u32le(&c) >> 16 != 0;
	struct cursor timed = c;
	if (!is_null_input(&c)) {
		/* coins with stakes have a time first */
		c = timed;
		cursor_skip(&c, 4);
		out->has_payload = false;
		if (!is_null_input(&c))
			return false;
	}
	uint64_t len = read_compact(&c);
	out->script = cursor_rest(&c);
	if (c.bad || len > SCRIPT_MAX || len < out->script.len + EXTRANONCE_MIN)
		return false;
	out->missing = (size_t)len - out->script.len;
	return true;
}

/* The height, and what follows it. */
static struct slice read_height(struct slice script, uint32_t *height)
{
	struct cursor c = cursor_of(script);
	uint8_t push = cursor_u8(&c);
	struct slice digits = push >= 1 && push <= 4 ? cursor_take(&c, push) : slice_of(NULL, 0);

	*height = 0;
	if (push > 0x50 && push <= 0x60)
		*height = push - 0x50u;
	else if (digits.len == 0)
		return script;
	for (size_t i = digits.len; i > 0; i--)
		*height = *height << 8 | digits.ptr[i - 1];
	return cursor_rest(&c);
}

/* The kind of an output script; fills the program. */
static enum payout_kind read_script(struct slice script, struct coinbase *out)
{
	static const struct {
		const char *head;
		const char *tail;
		enum payout_kind kind;
		uint8_t head_len;
		uint8_t program_len;
		uint8_t tail_len;
		uint8_t version;
	} forms[] = {
		{ "\x76\xa9\x14", "\x88\xac", PAYOUT_KEY_HASH, 3, 20, 2, 0 },
		{ "\xa9\x14", "\x87", PAYOUT_SCRIPT_HASH, 2, 20, 1, 0 },
		{ "\x00\x14", "", PAYOUT_WITNESS, 2, 20, 0, 0 },
		{ "\x00\x20", "", PAYOUT_WITNESS, 2, 32, 0, 0 },
		{ "\x51\x20", "", PAYOUT_WITNESS, 2, 32, 0, 1 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct cursor c = cursor_of(script);
		struct slice head = cursor_take(&c, forms[i].head_len);
		struct slice program = cursor_take(&c, forms[i].program_len);

		if (c.bad || !slice_eq(head, slice_of(forms[i].head, forms[i].head_len)) ||
		    !slice_eq(cursor_rest(&c), slice_of(forms[i].tail, forms[i].tail_len)))
			continue;
		memcpy(out->program, program.ptr, program.len);
		out->program_len = forms[i].program_len;
		out->witness_version = forms[i].version;
		return forms[i].kind;
	}
	return PAYOUT_NONE;
}

/* Reads what follows the input script. True when it ends where a transaction ends, or when it was
 * too long for us and begins with an output that pays. */
static bool read_outputs(struct slice bytes, bool has_payload, bool is_cut, struct coinbase *out)
{
	struct cursor c = cursor_of(bytes);

	out->kind = PAYOUT_NONE;
	cursor_skip(&c, 4);
	uint64_t count = read_compact(&c);
	if (c.bad || count == 0 || count > OUTPUTS_MAX)
		return false;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t value = cursor_u64le(&c);
		struct slice script = cursor_take(&c, (size_t)read_compact(&c));

		if (c.bad)
			return is_cut && i > 0 && out->kind != PAYOUT_NONE;
		if (out->kind == PAYOUT_NONE && value > 0)
			out->kind = read_script(script, out);
	}
	cursor_skip(&c, 4);
	if (has_payload && cursor_left(&c) > 0)
		cursor_skip(&c, (size_t)read_compact(&c));
	return !c.bad && cursor_left(&c) == 0;
}

/* How many bytes of the second part still are of the input script. */
static bool find_outputs(struct slice second, const struct opening *opening, bool is_cut,
			 struct coinbase *out, size_t *script_len)
{
	size_t most = opening->missing - EXTRANONCE_MIN;

	for (size_t at = 0; at <= most && at < second.len; at++) {
		if (!read_outputs(slice_tail(second, at), opening->has_payload, is_cut, out))
			continue;
		*script_len = at;
		return true;
	}
	out->kind = PAYOUT_NONE;
	return false;
}

static bool is_word(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f;
}

/* A blank between two words. */
static void add_word(struct coinbase *out, struct slice word)
{
	size_t len = strlen(out->tag);
	size_t alnum = 0;

	for (size_t i = 0; i < word.len; i++)
		alnum += (word.ptr[i] | 0x20) >= 'a' ? (word.ptr[i] | 0x20) <= 'z'
						     : word.ptr[i] >= '0' && word.ptr[i] <= '9';
	if (word.len < WORD_MIN || alnum < 2)
		return;
	if (len > 0 && len < sizeof(out->tag) - 1) {
		out->tag[len++] = ' ';
		out->tag[len] = '\0';
	}
	(void)slice_copy(word, out->tag + len, sizeof(out->tag) - len);
}

static void read_words(struct slice script, struct coinbase *out)
{
	while (script.len > 0) {
		size_t len = 0;

		if (slice_starts(script, "\xfa\xbemm")) {
			script = slice_tail(script, MERGED_BYTES);
			continue;
		}
		while (len < script.len && is_word(script.ptr[len]))
			len++;
		struct slice word = slice_head(script, len);
		while (word.len > 0 && word.ptr[0] == ' ')
			word = slice_tail(word, 1);
		while (word.len > 0 && word.ptr[word.len - 1] == ' ')
			word.len--;
		add_word(out, word);
		script = slice_tail(script, len > 0 ? len : 1);
	}
}

bool coinbase_parse(struct slice first, struct slice second, struct coinbase *out)
{
	bool is_long = second.len > SECOND_BYTES;
	struct opening opening;
	size_t script_len;

	memset(out, 0, sizeof(*out));
	second = slice_head(second, SECOND_BYTES);
	if (first.len > FIRST_BYTES || !read_opening(first, &opening))
		return false;
	read_words(read_height(opening.script, &out->height), out);
	if (find_outputs(second, &opening, is_long, out, &script_len))
		read_words(slice_head(second, script_len), out);
	return true;
}

/* One byte more than is read, when there are more. */
bool coinbase_read(struct slice first, struct slice second, struct coinbase *out)
{
	uint8_t begun[FIRST_BYTES];
	uint8_t ended[SECOND_BYTES + 1];
	size_t begun_len;
	size_t ended_len;

	memset(out, 0, sizeof(*out));
	if (!target_hex_bytes(first, begun, sizeof(begun), &begun_len))
		return false;
	if (!target_hex_bytes(slice_head(second, 2 * sizeof(ended)), ended, sizeof(ended),
			      &ended_len))
		ended_len = 0;
	return coinbase_parse(slice_of(begun, begun_len), slice_of(ended, ended_len), out);
}

struct slice coinbase_address(const struct coinbase *coinbase, const char *coin,
			      char out[COINBASE_ADDRESS_BYTES])
{
	static const struct {
		const char *coin;
		const char *prefix;
		uint8_t key_hash;
		uint8_t script_hash;
	} coins[] = {
		{ "BTC", "bc", 0, 5 },    { "BCH", NULL, 0, 5 },    { "LTC", "ltc", 48, 50 },
		{ "DOGE", NULL, 30, 22 }, { "DASH", NULL, 76, 16 },
	};
	struct slice program = slice_of(coinbase->program, coinbase->program_len);
	size_t len = 0;

	for (size_t i = 0; coin != NULL && i < sizeof(coins) / sizeof(coins[0]); i++) {
		if (strcmp(coin, coins[i].coin) != 0)
			continue;
		if (coinbase->kind == PAYOUT_WITNESS && coins[i].prefix != NULL)
			len = bech32_write_witness(coins[i].prefix, coinbase->witness_version,
						   program, out, COINBASE_ADDRESS_BYTES);
		else if (coinbase->kind == PAYOUT_KEY_HASH)
			len = base58_write_check(coins[i].key_hash, program, out,
						 COINBASE_ADDRESS_BYTES);
		else if (coinbase->kind == PAYOUT_SCRIPT_HASH)
			len = base58_write_check(coins[i].script_hash, program, out,
						 COINBASE_ADDRESS_BYTES);
	}
	return slice_of(out, len);
}
