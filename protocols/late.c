/* late.c: what mining begins with on a connection of HTTP or WebSocket that was given up. */
#include "protocols/late.h"

#include <string.h>

#include "protocols/cursor.h"

#define FRAME_TEXT   0x81 /* whole and not compressed */
#define FRAME_BINARY 0x82
#define FRAME_SEARCH 256 /* the words are among the first bytes */

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

bool late_request_words(struct slice payload)
{
	static const char *const words[] = {
		"getwork",  "getWork", /* also of Ethereum */
		"ubmit",               /* submitwork, eth_submitWork, submitblock, submitNonce */
		"emplate",             /* getblocktemplate, get_block_template */
		"ining",               /* getMiningInfo, X-Mining-Extensions */
		"ocket-",              /* Sec-WebSocket-Key */
		"CONNECT ",
	};

	return has_word(payload, words, sizeof(words) / sizeof(words[0]));
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
	return has_word(slice_of(text, body.len), words, sizeof(words) / sizeof(words[0]));
}
