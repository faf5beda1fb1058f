/* late.c: what mining begins with on a connection of HTTP or WebSocket that was given up. */
#include "protocols/late.h"

#include <string.h>

#include "protocols/cursor.h"

#define FRAME_TEXT   0x81 /* whole and not compressed */
#define FRAME_BINARY 0x82
#define FRAME_SEARCH 256 /* the words are among the first bytes */

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool has_word(struct slice text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memmem(text.ptr, text.len, words[i], strlen(words[i])) != NULL)
			return true;
	return false;
}

bool late_request(struct slice payload)
{
	static const char *const methods[] = { "POST ", "GET ", "CONNECT " };
	struct slice line = slice_head(payload, slice_find(payload, '\r'));
	struct slice version = slice_str(" HTTP/1.x");

	if (line.len == payload.len || line.len < version.len)
		return false;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (slice_starts(line, methods[i]))
			return slice_starts(slice_tail(line, line.len - version.len), " HTTP/1.");
	return false;
}

/* Heads are long and most say nothing: their first line is searched, for what has no body, and the
 * one field that opens a WebSocket. */
bool late_request_words(struct slice payload)
{
	/* start_mining, getMiningInfo, submitNonce */
	static const char *const targets[] = { "t_mining", "MiningInfo", "ubmit" };
	static const char *const fields[] = { "ocket-" }; /* Sec-WebSocket-Key */
	struct slice line = slice_head(payload, slice_find(payload, '\r'));

	if (slice_starts(line, "CONNECT ") || has_word(line, targets, COUNT(targets)))
		return true;
	if (slice_starts(line, "GET "))
		return has_word(payload, fields, COUNT(fields));
	const uint8_t *end = memmem(payload.ptr, payload.len, "\r\n\r\n", 4);

	return end != NULL && late_body_words(slice_tail(payload, (size_t)(end - payload.ptr) + 4));
}

bool late_body_words(struct slice body)
{
	static const char *const words[] = {
		"getwork",    "getWork", /* also of Ethereum */
		"ubmit",                 /* submitwork, eth_submitWork, submitblock */
		"emplate",               /* getblocktemplate, get_block_template */
		"miner_data",            /* get_miner_data */
		"ining.",                /* mining.submit; not eth_mining, nor getmininginfo */
	};

	return has_word(body, words, COUNT(words));
}

/* Whose frame it is does not matter: a miner's is masked, a pool's is not. */
bool late_frame(struct slice payload)
{
	static const char *const words[] = { "job",   "ubmit",   "share",   "block",
					     "ining", "ite_key", "egister", "login" };
	struct cursor c = cursor_of(payload);
	uint8_t first = cursor_u8(&c);
	uint8_t text[FRAME_SEARCH];

	if (first != FRAME_TEXT && first != FRAME_BINARY)
		return false;
	uint8_t second = cursor_u8(&c);
	size_t len = second & 0x7f;

	if (len == 126)
		len = cursor_u16be(&c);
	struct slice mask = cursor_take(&c, (second & 0x80) != 0 ? 4 : 0);
	struct slice body = slice_head(cursor_rest(&c), sizeof(text));

	if (c.bad || len != cursor_left(&c))
		return false;
	for (size_t i = 0; i < body.len; i++)
		text[i] = mask.len == 0 ? body.ptr[i] : body.ptr[i] ^ mask.ptr[i & 3];
	return has_word(slice_of(text, body.len), words, COUNT(words));
}
