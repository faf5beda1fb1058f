/* late.c: what mining begins with on a connection of HTTP or WebSocket that was given up. */
#include "protocols/late.h"

#include <string.h>

#include "protocols/cursor.h"
#include "protocols/hex.h"
#include "protocols/http.h"

#define FRAME_MORE   0x00
#define FRAME_TEXT   0x01 /* not compressed */
#define FRAME_BINARY 0x02
#define FRAME_PING   0x89
#define FRAME_PONG   0x8a
#define FRAME_FINAL  0x80u /* the message's last one */
#define FRAMES_MAX   300   /* more than it takes to say the words, byte by byte */
#define FRAME_SEARCH 256   /* the words are among the first bytes */
#define WORD_MAX     24    /* longer than any word that is searched */
#define CHUNKS_MAX   4096  /* the words are among so many bytes of a body in chunks */
#define CHUNKS_STEP  256   /* which is put together once for so many that come */

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Where the text stands in what; text.len: nowhere. */
static size_t find(struct slice text, const char *what)
{
	const uint8_t *at = memmem(text.ptr, text.len, what, strlen(what));

	return at == NULL ? text.len : (size_t)(at - text.ptr);
}

/* A letter, digit or mark of a word that stands as \u00xx, as nobody writes it who has nothing to
 * hide: then it may be any word. */
static bool has_escape(struct slice text)
{
	static const char begin[] = "\\u00";
	size_t at;

	while ((at = find(text, begin)) < text.len) {
		struct cursor c = cursor_of(slice_tail(text, at + strlen(begin)));
		int8_t high = hex_values[cursor_u8(&c)];
		int8_t low = hex_values[cursor_u8(&c)];
		int byte = high < 0 || low < 0 ? 0 : high << 4 | low;

		if (c.bad)
			return false;
		if ((byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
		    (byte >= 'a' && byte <= 'z') || byte == '.' || byte == '_')
			return true;
		text = cursor_rest(&c);
	}
	return false;
}

static bool has_word(struct slice text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (find(text, words[i]) < text.len)
			return true;
	return false;
}

/* What of a part, which begins at `at`, was not seen; a word may have begun before. */
static struct slice unseen(struct slice part, size_t at, size_t seen)
{
	return slice_tail(part, seen > at + WORD_MAX ? seen - at - WORD_MAX : 0);
}

/* --- HTTP ----------------------------------------------------------------------------------- */

/* One begins with the other. */
static bool agree(struct slice text, const char *word)
{
	struct slice whole = slice_str(word);
	size_t len = text.len < whole.len ? text.len : whole.len;

	return slice_eq(slice_head(text, len), slice_head(whole, len));
}

/* The first line of a request or of a reply, as far as it is there; line.len: of all that is. */
static bool is_first_line(struct slice bytes, struct slice *line)
{
	static const char *const words[] = { "POST ", "GET ", "CONNECT ", "HTTP/1." };
	struct slice version = slice_str(" HTTP/1.x");
	size_t word = 0;

	while (word < COUNT(words) && !agree(bytes, words[word]))
		word++;
	if (word == COUNT(words))
		return false;
	*line = slice_head(bytes, slice_find(bytes, '\r'));
	if (line->len == bytes.len)
		return true;
	if (word == COUNT(words) - 1)
		return slice_starts(*line, words[word]);
	return line->len > version.len &&
	       slice_starts(slice_tail(*line, line->len - version.len), " HTTP/1.");
}

/* The number that a text begins with; without one as large as can be. */
static size_t number_of(struct slice text)
{
	size_t number = 0;
	size_t at = 0;

	while (at < text.len && text.ptr[at] == ' ')
		at++;
	if (at == text.len)
		return SIZE_MAX;
	for (; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9'; at++) {
		if (number > SIZE_MAX / 16)
			return SIZE_MAX;
		number = number * 10 + (size_t)(text.ptr[at] - '0');
	}
	return number;
}

/* What a head says of the body behind it. */
struct head {
	size_t len;    /* with the empty line; 0: it is not whole */
	size_t length; /* of the body, as large as can be: not told */
	bool is_chunked;
	bool is_coded;
	bool is_json;
};

/* One line, in the two spellings that are in use. */
static void read_field(struct head *head, struct slice line)
{
	char first = (char)(line.len == 0 ? 0 : line.ptr[0] | 0x20);
	struct slice rest = slice_tail(line, strlen("Content-L"));

	if (first == 't')
		head->is_chunked |= find(line, "hunked") < line.len;
	if (first != 'c')
		return;
	if (slice_starts(rest, "ength:"))
		head->length = number_of(slice_tail(rest, strlen("ength:")));
	else if (slice_starts(rest, "ncoding:"))
		head->is_coded = true;
	else if (slice_starts(rest, "ype:"))
		head->is_json = find(rest, "json") < rest.len;
}

static struct head read_head(struct slice bytes)
{
	struct head head = { .length = SIZE_MAX };
	size_t at = 0;

	while (at < bytes.len) {
		struct slice rest = slice_tail(bytes, at);
		struct slice line = slice_head(rest, slice_find(rest, '\n'));

		if (line.len == rest.len)
			return head;
		at += line.len + 1;
		if (line.len <= 1) {
			head.len = at;
			return head;
		}
		read_field(&head, line);
	}
	return head;
}

/* Is all of the body there? */
static bool is_whole(const struct head *head, struct slice rest)
{
	static const char last[] = "\r\n0\r\n\r\n";

	return head->is_chunked ? find(rest, last) < rest.len : rest.len >= head->length;
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

	return has_word(body, words, COUNT(words)) || has_escape(body);
}

static bool reply_words(struct slice body)
{
	static const char *const words[] = {
		"\"target\"",          /* getwork */
		"previousblockhash",   /* getblocktemplate */
		"emplate_blob",        /* get_block_template */
		"[\"0x",               /* eth_getWork */
		"generationSignature", /* getMiningInfo */
	};

	return has_word(body, words, COUNT(words)) || has_escape(body);
}

/* What stands in the chunks, put together: words may be cut anywhere. */
static struct slice join_chunks(struct slice rest, char text[CHUNKS_MAX])
{
	struct cursor c = cursor_of(rest);
	size_t len = 0;

	while (len < CHUNKS_MAX - 1) {
		struct slice line = slice_head(cursor_rest(&c), slice_find(cursor_rest(&c), '\n'));
		size_t size = 0;

		for (size_t i = 0; i < line.len && hex_values[line.ptr[i]] >= 0; i++)
			size = size > CHUNKS_MAX ? size
						 : size << 4 | (size_t)hex_values[line.ptr[i]];
		(void)cursor_take(&c, line.len + 1);
		if (c.bad || size == 0)
			break;
		struct slice chunk = slice_head(cursor_rest(&c), size);

		len += slice_copy(chunk, text + len, CHUNKS_MAX - len);
		(void)cursor_take(&c, size + strlen("\r\n"));
	}
	return slice_of(text, len);
}

/* Bytes come one by one, and all before them is read again: not for each of them. */
static bool is_due(size_t len, size_t seen, bool is_whole)
{
	return is_whole || seen == 0 || len / CHUNKS_STEP != seen / CHUNKS_STEP;
}

/* A body is judged as the carrier does it: other than JSON it is not read. Words cannot be seen in
 * one that is coded. */
static enum late_words look_at_body(struct slice bytes, const struct head *head, size_t seen)
{
	struct slice rest = slice_tail(bytes, head->len);
	bool is_reply = slice_starts(bytes, "HTTP/");
	size_t skip = head->is_chunked ? slice_find(rest, '\n') + 1 : 0;
	char text[CHUNKS_MAX];
	size_t blanks;

	if (skip > rest.len)
		return LATE_WORDS_AWAITED;
	struct slice body = slice_tail(rest, skip);

	if (http_body_probe(body, &blanks) == PROBE_NO)
		return !is_reply && head->is_coded && head->is_json ? LATE_WORDS_FOUND
								    : LATE_WORDS_NONE;
	body = unseen(body, head->len + skip, seen);
	if (is_reply ? reply_words(body) : late_body_words(body))
		return LATE_WORDS_FOUND;
	bool is_over = is_whole(head, rest);

	if (head->is_chunked && is_due(bytes.len, seen, is_over)) {
		body = join_chunks(rest, text);
		if (is_reply ? reply_words(body) : late_body_words(body))
			return LATE_WORDS_FOUND;
	}
	return is_over ? LATE_WORDS_NONE : LATE_WORDS_AWAITED;
}

/* The first line tells: it opens a carrier, or names what miners ask for. */
static bool is_line_worth(struct slice line)
{
	/* start_mining, getMiningInfo, submitNonce */
	static const char *const targets[] = { "t_mining", "MiningInfo", "ubmit" };

	if (slice_starts(line, "HTTP/"))
		return slice_starts(slice_tail(line, strlen("HTTP/1.1")), " 101");
	return slice_starts(line, "CONNECT ") || has_word(line, targets, COUNT(targets));
}

/* Heads are long and most say nothing: besides the first line only the body is searched, and what
 * has none for the one field that opens a WebSocket. */
static enum late_words look_at_message(struct slice bytes, size_t seen)
{
	static const char *const fields[] = { "ocket-" }; /* Sec-WebSocket-Key */
	struct slice line;

	if (!is_first_line(bytes, &line))
		return LATE_WORDS_NONE;
	if (line.len == bytes.len)
		return LATE_WORDS_AWAITED;
	if (is_line_worth(line))
		return LATE_WORDS_FOUND;
	if (slice_starts(line, "GET ")) {
		struct slice rest = unseen(slice_tail(bytes, line.len), line.len, seen);

		if (has_word(rest, fields, COUNT(fields)))
			return LATE_WORDS_FOUND;
		return slice_is(slice_tail(bytes, bytes.len - 4), "\r\n\r\n") ? LATE_WORDS_NONE
									      : LATE_WORDS_AWAITED;
	}
	struct head head = read_head(bytes);

	return head.len == 0 ? LATE_WORDS_AWAITED : look_at_body(bytes, &head, seen);
}

/* --- WebSocket ------------------------------------------------------------------------------ */

bool late_is_frame(struct slice bytes)
{
	uint8_t first = bytes.len > 0 ? bytes.ptr[0] : 0;

	return (first & ~FRAME_FINAL) == FRAME_TEXT || (first & ~FRAME_FINAL) == FRAME_BINARY;
}

/* One frame of a message, as far as it is there. */
struct frame {
	uint8_t first;
	size_t len;
	struct slice mask; /* whose frame it is does not matter: a pool's has none */
	struct slice body;
};

static struct frame take_frame(struct cursor *c)
{
	struct frame frame = { .first = cursor_u8(c) };
	uint8_t second = cursor_u8(c);

	frame.len = second & 0x7f;
	if (frame.len == 126)
		frame.len = cursor_u16be(c);
	else if (frame.len == 127)
		frame.len = SIZE_MAX;
	frame.mask = cursor_take(c, (second & 0x80) != 0 ? 4 : 0);
	frame.body = slice_head(cursor_rest(c), frame.len);
	return frame;
}

/* Frames that go on with a message, or stand between its frames. */
static bool goes_on(uint8_t first)
{
	return first == FRAME_MORE || first == (FRAME_MORE | FRAME_FINAL) || first == FRAME_PING ||
	       first == FRAME_PONG;
}

/* What the frame says, put behind what those before it said. */
static size_t add_text(uint8_t text[FRAME_SEARCH], size_t len, const struct frame *frame)
{
	struct slice body = slice_head(frame->body, FRAME_SEARCH - len);

	for (size_t i = 0; i < body.len; i++)
		text[len++] =
			frame->mask.len == 0 ? body.ptr[i] : body.ptr[i] ^ frame->mask.ptr[i & 3];
	return len;
}

/* A message in one frame or several, and nothing behind it. */
static enum late_words look_at_frames(struct slice bytes)
{
	static const char *const words[] = { "job",   "ubmit",   "share",   "block",
					     "ining", "ite_key", "egister", "login" };
	struct cursor c = cursor_of(bytes);
	uint8_t text[FRAME_SEARCH];
	bool is_over = false;
	bool is_whole = true;
	size_t len = 0;

	for (size_t count = 0; cursor_left(&c) > 0 && is_whole; count++) {
		if (is_over || count == FRAMES_MAX)
			return LATE_WORDS_NONE;
		struct frame frame = take_frame(&c);

		if (!c.bad && (frame.len == SIZE_MAX || (count > 0 && !goes_on(frame.first))))
			return LATE_WORDS_NONE;
		is_whole = !c.bad && frame.body.len == frame.len;
		if (c.bad)
			break;
		(void)cursor_take(&c, frame.body.len);
		if (frame.first == FRAME_PING || frame.first == FRAME_PONG)
			continue;
		len = add_text(text, len, &frame);
		is_over = (frame.first & FRAME_FINAL) != 0;
	}
	if (has_word(slice_of(text, len), words, COUNT(words)) || has_escape(slice_of(text, len)))
		return is_over && is_whole ? LATE_WORDS_FOUND : LATE_WORDS_AWAITED;
	return (is_over && is_whole) || len == FRAME_SEARCH ? LATE_WORDS_NONE : LATE_WORDS_AWAITED;
}

enum late_words late_look(struct slice bytes, size_t seen)
{
	return late_is_frame(bytes) ? look_at_frames(bytes) : look_at_message(bytes, seen);
}
