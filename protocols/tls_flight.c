/* tls_flight.c: records to handshake message. */
#include "protocols/tls_flight.h"

#include <string.h>

#include "protocols/cursor.h"

#define RECORD_HANDSHAKE 22
#define CLIENT_HELLO     1
#define HANDSHAKE_HEAD   4 /* type and length */
#define RECORD_MAX       16384
/* Version, random, session id, and the lists of suites, methods and extensions, each at its
 * longest: RFC 8446 4.1.2. */
#define HELLO_LONGEST (2 + 32 + 33 + 2 + 65534 + 256 + 2 + 65535)

/* The fragment of the next record, as far as it is there; false when no handshake record begins. */
static bool next_fragment(struct cursor *in, struct slice *fragment)
{
	uint8_t type = cursor_u8(in);
	uint8_t major = cursor_u8(in);
	size_t length;

	(void)cursor_u8(in);
	length = cursor_u16be(in);
	if (in->bad || type != RECORD_HANDSHAKE || major != 3 || length == 0 || length > RECORD_MAX)
		return false;
	if (length > cursor_left(in))
		length = cursor_left(in);
	*fragment = cursor_take(in, length);
	return true;
}

/* True when bytes could grow into a record's head. */
static bool may_begin_record(struct slice bytes)
{
	return bytes.len == 0 ||
	       (bytes.ptr[0] == RECORD_HANDSHAKE && (bytes.len == 1 || bytes.ptr[1] == 3));
}

/* Appends the fragments that follow the first one; false when what follows is no handshake. */
static bool join_fragments(struct cursor *in, uint8_t scratch[TLS_FLIGHT_BYTES], size_t need,
			   struct slice *message)
{
	size_t len = message->len < TLS_FLIGHT_BYTES ? message->len : TLS_FLIGHT_BYTES;

	memmove(scratch, message->ptr, len); /* it may lie there already */
	while (len < need && len < TLS_FLIGHT_BYTES && cursor_left(in) > 0) {
		struct slice rest = cursor_rest(in);
		struct slice fragment;

		if (!next_fragment(in, &fragment)) {
			if (rest.len >= 5 || !may_begin_record(rest))
				return false;
			break;
		}
		if (fragment.len > TLS_FLIGHT_BYTES - len)
			fragment = slice_head(fragment, TLS_FLIGHT_BYTES - len);
		memcpy(scratch + len, fragment.ptr, fragment.len);
		len += fragment.len;
	}
	*message = slice_of(scratch, len);
	return true;
}

enum tls_flight tls_flight_read(struct slice bytes, uint8_t scratch[TLS_FLIGHT_BYTES],
				struct slice *body)
{
	struct cursor in = cursor_of(bytes);
	struct slice message;
	struct cursor head;
	size_t need;

	*body = slice_head(bytes, 0);
	if (bytes.len < 5)
		return may_begin_record(bytes) ? TLS_FLIGHT_MORE : TLS_FLIGHT_NONE;
	if (!next_fragment(&in, &message))
		return TLS_FLIGHT_NONE;
	/* A hello of one record is read where it lies; another one is put together. */
	if (message.len < HANDSHAKE_HEAD && !join_fragments(&in, scratch, HANDSHAKE_HEAD, &message))
		return TLS_FLIGHT_NONE;
	if (message.len > 0 && message.ptr[0] != CLIENT_HELLO)
		return TLS_FLIGHT_NONE;
	if (message.len < HANDSHAKE_HEAD)
		return TLS_FLIGHT_MORE;
	head = cursor_of(message);
	cursor_skip(&head, 1);
	need = HANDSHAKE_HEAD + cursor_u24be(&head);
	if (need > HANDSHAKE_HEAD + HELLO_LONGEST)
		return TLS_FLIGHT_NONE;
	if (message.len < need && !join_fragments(&in, scratch, need, &message))
		return TLS_FLIGHT_NONE;
	*body = slice_tail(slice_head(message, need), HANDSHAKE_HEAD);
	return message.len >= need ? TLS_FLIGHT_WHOLE : TLS_FLIGHT_MORE;
}
