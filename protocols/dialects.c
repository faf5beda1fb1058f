/* dialects.c: the table of dialects, from the one list in dialect.h, and what is asked before a
 * dialect is known. */
#include <errno.h>

#include "protocols/dialect.h"

#define DIALECT_ROW(id) &dialect_##id,
const struct dialect *const dialects[] = { DIALECTS(DIALECT_ROW) };
#undef DIALECT_ROW

const size_t dialect_count = sizeof(dialects) / sizeof(dialects[0]);

const struct json *message_json(struct message *msg)
{
	if (!msg->is_parsed) {
		msg->is_parsed = true;
		struct slice text = msg->plain == NULL ? msg->bytes
						       : json_plain(msg->bytes, msg->plain,
								    LIMIT_MESSAGE_BYTES);

		msg->parse_error =
			msg->json == NULL ? -EINVAL : json_parse(msg->json, text, msg->is_cut);
		/* Stuffed with what nobody asked for: what stands before it still tells. */
		if (msg->parse_error == -E2BIG)
			msg->parse_error = json_parse(msg->json, text, true);
	}
	return msg->parse_error == 0 ? msg->json : NULL;
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* Every dialect so far is JSON: an object that begins with a key, or a batch of objects. One
 * memchr over the payload and a look at the neighbours of each hit; blanks are crossed at most
 * twice, so the whole is linear. */
size_t dialects_find(struct slice payload)
{
	for (size_t at = slice_find(payload, '{'); at < payload.len;) {
		size_t next = at + 1;
		size_t before = at;

		while (next < payload.len && is_blank(payload.ptr[next]))
			next++;
		if (next == payload.len || payload.ptr[next] == '"' || payload.ptr[next] == '}')
			return at;
		while (before > 0 && is_blank(payload.ptr[before - 1]))
			before--;
		if (before > 0 && payload.ptr[before - 1] == '[')
			return before - 1;
		at = next + slice_find(slice_tail(payload, next), '{');
	}
	return payload.len;
}

bool dialects_candidate(struct slice payload)
{
	return dialects_find(payload) < payload.len;
}
