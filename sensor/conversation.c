/* conversation.c: from the bytes of two directions to findings, whatever dialect they speak.
 *
 * Messages that are whole inside what is given are decoded in place; only the rest is kept. A
 * binary dialect is known by how its stream begins: from then on nobody else is asked. */
#include "sensor/conversation.h"

#include <assert.h>

#include "protocols/http.h"
#include "sensor/hearing.h"
#include "sensor/limits.h"
#include "sensor/recital.h"

/* Bytes that may be scanned for message ends, per packet and per payload byte: a message that comes
 * byte by byte is scanned again with each, which nobody may use against us; nor messages without
 * number that say nothing. */
#define CREDIT_PACKET  4096
#define CREDIT_FACTOR  16
#define CREDIT_MESSAGE 256 /* what a message costs beside its length */
#define CREDIT_MAX     ((size_t)4 * LIMIT_MESSAGE_BYTES)

_Static_assert(LIMIT_MESSAGE_BYTES <= BLOCK_LARGE, "a message fits the largest block");

/* A stream that is joined in its middle may be joined inside a larger message, right before a
 * member that looks like one: until two follow each other, all of them are doubted. */
void conversation_doubt(struct conversation *self, unsigned side, enum doubt doubt)
{
	self->readings[side].is_blind = doubt != DOUBT_NONE;
	self->readings[side].has_message = false;
	self->readings[side].is_paired = false;
	if (!self->readings[side].is_recited)
		session_doubt(&self->session, conversation_dir(self, side), doubt);
}

void conversation_believe(struct conversation *self, unsigned side)
{
	if (session_stands_alone(&self->session, conversation_dir(self, side)))
		conversation_doubt(self, side, DOUBT_NONE);
}

void conversation_begin(struct conversation *self, struct conversation_room *room,
			const struct conversation_rest *rest, const struct preface before[2])
{
	memset(self, 0, offsetof(struct conversation, session));
	session_init(&self->session, rest->session);
	self->room = room;
	self->states = rest->states;
	self->is_caller_known = before[0].is_start && before[1].is_start;
	for (unsigned side = 0; side < 2; side++) {
		self->readings[side] =
			(struct reading){ .credit = CREDIT_MAX,
					  .preface = before[side],
					  .may_begin = true,
					  .is_torn = !before[side].is_start,
					  .is_heard = !preface_is_blank(&before[side]) };
		conversation_doubt(self, side, before[side].is_start ? DOUBT_NONE : DOUBT_AFRESH);
		if (self->readings[side].is_heard)
			session_hear(&self->session, (enum direction)side);
	}
}

/* --- the begun message ---------------------------------------------------------------------- */

static void drop_kept(struct conversation *self, struct reading *reading)
{
	if (reading->block != NULL)
		blocks_give(self->room->blocks, reading->block, reading->size);
	reading->block = NULL;
	reading->size = 0;
	reading->len = 0;
	reading->waited = 0;
	reading->is_waiting = false;
}

void conversation_end(struct conversation *self)
{
	for (unsigned side = 0; side < 2; side++) {
		drop_kept(self, &self->readings[side]);
		aside_drop(&self->readings[side].aside, self->room->blocks);
	}
}

/* Bytes that cannot be read: what follows may be the middle of something. */
static void lose(struct conversation *self, struct reading *reading, size_t bytes)
{
	stats_add(self->room->stats->messages_bad, bytes);
	reading->is_lost = true;
	reading->framer = 0;
}

/* Makes room for more bytes behind the begun message, up to the largest block. False: none left. */
static bool make_room(struct conversation *self, struct reading *reading, size_t more)
{
	size_t size = block_size(reading->len + more);
	uint8_t *block;

	if (size <= reading->size)
		return true;
	block = blocks_take(self->room->blocks, size);
	if (block == NULL)
		return false;
	if (reading->block != NULL) {
		memcpy(block, reading->block, reading->len);
		blocks_give(self->room->blocks, reading->block, reading->size);
	}
	reading->block = block;
	reading->size = size;
	return true;
}

/* Keeps what is left of the bytes read; they may already be in the block. */
static void keep(struct conversation *self, struct reading *reading, struct slice rest)
{
	if (rest.len == 0 || rest.ptr == NULL) {
		drop_kept(self, reading);
		return;
	}
	if (reading->block == NULL && !make_room(self, reading, rest.len)) {
		lose(self, reading, rest.len);
		return;
	}
	assert(reading->block != NULL && rest.len <= reading->size);
	memmove(reading->block, rest.ptr, rest.len);
	reading->len = rest.len;
}

enum direction conversation_dir(const struct conversation *self, unsigned side)
{
	return (enum direction)(side ^ self->is_swapped);
}

/* --- framing -------------------------------------------------------------------------------- */

/* Asks the binary dialects, where a stream begins; 0: some may yet say yes. What is known by its
 * sizes alone stands back for what may have a face. */
static size_t probe_framer(const struct conversation *self, unsigned side, struct slice in)
{
	bool is_maybe = false;

	for (size_t i = 0; i < dialect_count; i++) {
		if (!dialects[i]->is_binary)
			continue;
		enum probe_result result = dialects[i]->probe(in, conversation_dir(self, side));

		if (result == PROBE_YES && !(is_maybe && dialects[i]->is_faceless))
			return 1 + i;
		if (result == PROBE_MAYBE)
			is_maybe = true;
	}
	return is_maybe && in.len < DIALECT_PROBE_MAX ? 0 : hearing_text();
}

/* 1 + index of the dialect whose framing to use, 0 when that takes more bytes: the one spoken;
 * before any was spoken, the one that recognises the beginning. */
static size_t find_framer(struct conversation *self, unsigned side, struct slice in)
{
	struct reading *reading = &self->readings[side];
	bool is_binary = self->current != 0 && dialects[self->current - 1]->is_binary;

	if (reading->is_bounded || (self->current != 0 && !is_binary))
		return is_binary || self->current == 0 ? hearing_text() : self->current;
	if (is_binary)
		return self->current; /* it finds its own way after a gap */
	if (reading->framer == 0)
		reading->framer = (uint8_t)(reading->may_begin ? probe_framer(self, side, in)
							       : hearing_text());
	return reading->framer;
}

/* The first segment of a direction is one line: the part of a larger message would have to begin
 * with the segment and, though nothing stands on another line in it, end with segment and line. */
static bool is_first_line(const struct reading *reading, struct slice in, size_t len)
{
	struct slice rest = slice_tail(in, len);

	return reading->examined == in.len && (slice_is(rest, "\n") || slice_is(rest, "\r\n")) &&
	       slice_find(in, '\n') >= len;
}

/* Members of one message are never side by side with nothing but blanks between them: two that are
 * end the doubt, unless a page quotes both. */
static void judge_blind(struct reading *reading)
{
	reading->is_paired = reading->has_message;
	reading->has_message = reading->is_blind;
}

/* What a side said behind strange words is heard, now that it is believed: the strange words are
 * what a hole left. */
static void hear_aside(struct conversation *self, unsigned side)
{
	struct reading *reading = &self->readings[side];
	uint64_t said_ns = reading->said_ns;
	struct aside_message message;
	size_t at = 0;

	reading->is_foreign = false;
	conversation_doubt(self, side, DOUBT_AFRESH);
	while (!reading->is_foreign && aside_next(reading->aside, &at, &message)) {
		judge_blind(reading);
		reading->said_ns = message.said_ns;
		hearing_message(self, side, message.framer, message.bytes, message.is_cut);
	}
	reading->said_ns = said_ns;
	aside_drop(&reading->aside, self->room->blocks);
}

/* Both sides say nothing but messages behind what holes left, one as the miner and the other one as
 * the pool: a page has no partner. */
static bool is_dialogue(const struct conversation *self)
{
	const struct reading *one = &self->readings[0];
	const struct reading *other = &self->readings[1];
	unsigned miner = 1u << SENDER_MINER;
	unsigned pool = 1u << SENDER_POOL;

	return one->is_foreign && other->is_foreign && !one->is_alien && !other->is_alien &&
	       one->aside != NULL && other->aside != NULL &&
	       ((one->aside->roles == miner && other->aside->roles == pool) ||
		(one->aside->roles == pool && other->aside->roles == miner));
}

/* The other side answers what this one asks, and does nothing else. */
static bool is_answered(const struct conversation *self, unsigned side)
{
	const struct reading *reading = &self->readings[side];
	const struct aside *aside = reading->aside;

	if (reading->is_alien || aside == NULL || aside->roles != 1u << SENDER_MINER ||
	    self->readings[1 - side].is_foreign)
		return false;
	for (size_t i = 0; i < ASIDE_ASKED; i++)
		if (session_is_answered(&self->session, aside->asked[i].id,
					conversation_dir(self, side), aside->asked[i].said_ns))
			return true;
	return false;
}

/* Strange words of this side are what a hole left of a carrier's opening or a greeting, when from
 * then on it says nothing but messages, and the other side holds a conversation. */
static void judge_foreign(struct conversation *self, unsigned side)
{
	if (self->readings[side].is_foreign &&
	    (self->session.is_open ||
	     session_is_held(&self->session, conversation_dir(self, 1 - side))))
		hear_aside(self, side);
}

/* A message that does not count, yet. is_next: right behind another one, where strange words and a
 * quotation would be told from it; of what comes behind a hole they may have been lost. */
static void set_aside(struct conversation *self, unsigned side, const struct aside_message *message,
		      bool is_next)
{
	struct reading *reading = &self->readings[side];

	if (reading->is_bounded)
		return;
	if (!aside_keep(&reading->aside, self->room->blocks, message)) {
		stats_add(self->room->stats->asides_capped, 1);
		return;
	}
	if (!is_next)
		return;
	struct gist gist = hearing_gist(self, side, message);

	reading->aside->roles |= gist.roles;
	if (gist.asked != 0)
		aside_ask(reading->aside, gist.asked, message->said_ns);
	if (is_dialogue(self)) {
		hear_aside(self, 1 - side);
		hear_aside(self, side);
	} else if (is_answered(self, side)) {
		hear_aside(self, side);
	}
}

/* A message after words of somebody else's is a quotation, and so is all that follows in its
 * direction, until that proves to be the conversation itself. An open session has proven itself:
 * there, such words are damage. */
static bool is_quoted(struct conversation *self, unsigned side, const struct aside_message *message)
{
	struct reading *reading = &self->readings[side];
	enum preface_verdict verdict = preface_judge(&reading->preface);
	bool is_clear = preface_is_blank(&reading->preface);
	bool is_torn = reading->is_torn;

	if (preface_announces(&reading->preface, message->bytes.len, message->is_cut)) {
		verdict = PREFACE_FOREIGN;
		is_torn = false; /* no hole leaves such words */
	}
	if (reading->has_message && !is_clear)
		conversation_doubt(self, side, DOUBT_AFRESH);
	if (is_clear || self->session.is_open)
		judge_foreign(self, side);
	judge_blind(reading);
	preface_begin(&reading->preface, false);
	reading->is_torn = false;
	if (verdict == PREFACE_INSIDE)
		return true;
	if (verdict == PREFACE_FOREIGN)
		reading->is_foreign = true;
	if (!reading->is_foreign || self->session.is_open)
		return false;
	if (verdict == PREFACE_FOREIGN && !is_torn) {
		reading->is_alien = true;
		aside_drop(&reading->aside, self->room->blocks);
	} else {
		set_aside(self, side, message, is_clear && !is_torn);
	}
	return true;
}

/* One message, unless it is quoted. */
static void hear(struct conversation *self, unsigned side, size_t framer, struct slice bytes,
		 bool is_cut)
{
	const struct aside_message message = { .said_ns = self->readings[side].said_ns,
					       .framer = (uint8_t)framer,
					       .is_cut = is_cut,
					       .bytes = bytes };

	if (!is_quoted(self, side, &message) && !recital_is_echo(self, side, &message))
		hearing_message(self, side, framer, bytes, is_cut);
	self->room->json.count = 0; /* whatever it held is over */
}

static void charge(struct reading *reading, size_t bytes)
{
	reading->credit -= bytes < reading->credit ? bytes : reading->credit;
}

/* The bytes make no sense: the next try begins behind them. */
static void note_bad(struct conversation *self, struct reading *reading, size_t skipped)
{
	if (self->bad < CONVERSATION_BAD_MAX)
		self->bad++;
	lose(self, reading, skipped);
	if (reading->is_bounded)
		reading->is_muted = true;
}

/* So many bytes wait for more that tell how to read them. */
static void note_wait(struct reading *reading, size_t len)
{
	if (reading->waited == 0)
		reading->waited_ns = reading->time_ns;
	if (reading->time_ns < reading->waited_ns + LIMIT_TIME_SLACK_NS)
		reading->waited = len; /* what comes later keeps a time of its own */
}

/* A message was said when its end came, even if it was understood only later. */
static void note_said(struct reading *reading, size_t end)
{
	reading->said_ns = end <= reading->waited ? reading->waited_ns : reading->time_ns;
	if (end >= reading->waited)
		reading->waited = 0;
}

/* A message that is longer than its dialect's can be: what is there tells. */
static void read_long(struct conversation *self, unsigned side, size_t framer, struct slice in)
{
	struct reading *reading = &self->readings[side];

	note_said(reading, in.len);
	hear(self, side, framer, slice_head(in, LIMIT_MESSAGE_BYTES), true);
	lose(self, reading, in.len);
	if (reading->is_bounded)
		reading->is_muted = true;
}

/* Reads all whole messages; returns what is left, the beginning of one. */
static struct slice read_messages(struct conversation *self, unsigned side, struct slice in)
{
	struct reading *reading = &self->readings[side];
	const uint8_t *begin = in.ptr;

	charge(reading, recital_look_ahead(self, side, in));
	while (in.len > 0 && !reading->is_muted) {
		size_t framer = find_framer(self, side, in);
		size_t skip = 0;
		size_t len = 0;

		if (framer == 0) {
			note_wait(reading, in.len);
			return in;
		}
		enum frame_result result =
			dialects[framer - 1]->frame(&self->room->json, in, &skip, &len);

		assert(skip <= in.len && len <= in.len - skip);
		preface_feed(&reading->preface, slice_head(in, skip));
		reading->may_begin = reading->may_begin && skip + len == 0;
		if (result == FRAME_WHOLE) {
			assert(len > 0);
			charge(reading, skip + len + CREDIT_MESSAGE);
			note_said(reading, (size_t)(in.ptr - begin) + skip + len);
			if (reading->is_blind && skip == 0 && is_first_line(reading, in, len))
				conversation_believe(self, side);
			hear(self, side, framer, slice_sub(in, skip, len), false);
			in = slice_tail(in, skip + len);
			if (reading->credit > 0 || in.len == 0)
				continue;
			lose(self, reading, in.len);
			return slice_of(in.ptr, 0);
		}
		charge(reading, in.len);
		in = slice_tail(in, skip);
		if (result == FRAME_MORE) {
			if (in.len < dialects[framer - 1]->max_message && in.len < BLOCK_LARGE)
				return in;
			read_long(self, side, framer, in);
			return slice_of(in.ptr, 0);
		}
		assert(skip > 0);
		note_bad(self, reading, skip);
		if (reading->credit == 0 && in.len > 0) {
			lose(self, reading, in.len);
			return slice_of(in.ptr, 0);
		}
	}
	return slice_of(in.ptr, 0);
}

/* Scans what is kept, when there is credit for it. */
static void read_kept(struct conversation *self, unsigned side)
{
	struct reading *reading = &self->readings[side];

	reading->is_waiting = reading->len > reading->credit && reading->len < reading->size;
	if (!reading->is_waiting)
		keep(self, reading,
		     read_messages(self, side, slice_of(reading->block, reading->len)));
}

/* Bytes that continue a begun message. Every round keeps some of them or makes room. */
static void read_behind(struct conversation *self, unsigned side, struct slice bytes)
{
	struct reading *reading = &self->readings[side];

	while (bytes.len > 0 && reading->len > 0) {
		if (!make_room(self, reading, bytes.len)) {
			lose(self, reading, reading->len);
			drop_kept(self, reading);
			break;
		}
		struct slice part = slice_head(bytes, reading->size - reading->len);

		if (part.len > 0)
			memcpy(reading->block + reading->len, part.ptr, part.len);
		reading->len += part.len;
		bytes = slice_tail(bytes, part.len);
		read_kept(self, side);
		if (reading->len == reading->size && reading->size == BLOCK_LARGE) {
			lose(self, reading, reading->len);
			drop_kept(self, reading);
		}
	}
	if (bytes.len > 0)
		keep(self, reading, read_messages(self, side, bytes));
}

/* One object, perhaps cut, and nothing behind it. */
static bool is_one_message(struct json *scratch, struct slice body, bool may_be_cut)
{
	size_t skip;
	size_t len;

	if (slice_find(body, '{') > slice_find(body, '['))
		return false;
	switch (dialects[hearing_text() - 1]->frame(scratch, body, &skip, &len)) {
	case FRAME_WHOLE:
		body = slice_tail(body, skip + len);
		while (body.len > 0 && body.ptr[0] <= ' ')
			body = slice_tail(body, 1);
		return body.len == 0;
	case FRAME_MORE:
		return may_be_cut;
	case FRAME_BAD:
		break;
	}
	return false;
}

/* Enough of a doubted body is there, or all: it is believed or not. What is sent up as something
 * else must show that it is no more than a message. */
static void end_doubt(struct conversation *self, struct reading *reading)
{
	bool may_be_cut = reading->http == NULL || reading->http->is_response;

	reading->is_doubted = false;
	reading->is_muted = !is_one_message(&self->room->json,
					    slice_of(reading->block, reading->len), may_be_cut);
}

/* Keeps the body until it can be judged. */
static void gather(struct conversation *self, unsigned side, struct slice bytes)
{
	struct reading *reading = &self->readings[side];

	while (bytes.len > 0 && reading->is_doubted) {
		if (!make_room(self, reading, bytes.len)) {
			lose(self, reading, reading->len);
			reading->is_muted = true;
			return;
		}
		struct slice part = slice_head(bytes, reading->size - reading->len);

		memcpy(reading->block + reading->len, part.ptr, part.len);
		reading->len += part.len;
		bytes = slice_tail(bytes, part.len);
		if (reading->len == BLOCK_LARGE)
			end_doubt(self, reading);
	}
	if (!reading->is_doubted && !reading->is_muted)
		keep(self, reading,
		     read_messages(self, side, slice_of(reading->block, reading->len)));
}

/* What is kept has no end: it is read as it is. */
static void end_kept(struct conversation *self, unsigned side)
{
	struct reading *reading = &self->readings[side];
	struct slice rest;
	size_t framer;

	if (reading->is_doubted && reading->len > 0)
		end_doubt(self, reading);
	if (reading->len > 0 && !reading->is_muted) {
		rest = read_messages(self, side, slice_of(reading->block, reading->len));
		framer = rest.len > 0 ? find_framer(self, side, rest) : 0;
		note_said(reading, rest.len);
		if (framer != 0)
			hear(self, side, framer, rest, true);
	}
	drop_kept(self, reading);
}

/* What is sent up and is no JSON by its own account, as a file or a form: miners over HTTP send one
 * message at a time. */
static bool is_upload(const struct conversation *self, const struct http_head *http)
{
	return http != NULL && !http->is_response && !http->is_json && self->current == 0 &&
	       !self->session.is_open;
}

/* --- what comes ------------------------------------------------------------------------------ */

void conversation_arrive(struct conversation *self, unsigned side, size_t len, uint64_t time_ns)
{
	struct reading *reading = &self->readings[side];

	if (time_ns > reading->time_ns)
		reading->time_ns = time_ns;
	reading->examined += len < UINT32_MAX - reading->examined ? (uint32_t)len
								  : UINT32_MAX - reading->examined;
	reading->credit += CREDIT_PACKET + CREDIT_FACTOR * len;
	if (reading->credit > CREDIT_MAX)
		reading->credit = CREDIT_MAX;
}

void conversation_bytes(struct conversation *self, unsigned side, struct slice bytes)
{
	struct reading *reading = &self->readings[side];

	reading->is_heard = reading->is_heard || !reading->is_bounded;
	if (reading->is_muted)
		return;
	if (reading->is_doubted)
		gather(self, side, bytes);
	else if (reading->len > 0)
		read_behind(self, side, bytes);
	else
		keep(self, reading, read_messages(self, side, bytes));
}

void conversation_open(struct conversation *self, unsigned side, const struct http_head *http)
{
	struct reading *reading = &self->readings[side];

	end_kept(self, side);
	reading->is_bounded = true;
	reading->is_muted = false;
	reading->is_doubted = false;
	reading->is_foreign = false;
	reading->is_alien = false;
	reading->is_torn = false;
	aside_drop(&reading->aside, self->room->blocks);
	reading->is_lost = false;
	reading->may_begin = false;
	reading->framer = 0;
	reading->http = http;
	conversation_doubt(self, side, DOUBT_NONE);
	preface_begin(&reading->preface, true);
	reading->said_ns = reading->time_ns;
	if (http != NULL)
		hearing_message(self, side, hearing_text(), slice_of(NULL, 0), false);
	reading->is_doubted = hearing_is_stray(self, http);
	if (http != NULL && reading->is_doubted)
		reading->is_muted = http->is_asked || !http->is_json;
	else
		reading->is_doubted = is_upload(self, http);
}

void conversation_close(struct conversation *self, unsigned side)
{
	struct reading *reading = &self->readings[side];

	end_kept(self, side);
	hearing_body_end(self, side);
	reading->is_bounded = false;
	reading->is_muted = false;
	reading->is_doubted = false;
	reading->may_begin = true; /* a tunnel may be open now: what follows is a stream's start */
	reading->http = NULL;
	preface_begin(&reading->preface, true);
}

void conversation_gap(struct conversation *self, unsigned side, uint64_t until_ns)
{
	struct reading *reading = &self->readings[side];

	end_kept(self, side);
	reading->is_lost = true;
	reading->is_torn = true;
	reading->framer = 0;
	reading->may_begin = true;
	preface_begin(&reading->preface, false);
	conversation_doubt(self, side, DOUBT_AGAIN);
	session_gap(&self->session, conversation_dir(self, side), until_ns);
}

void conversation_cut(struct conversation *self, unsigned side)
{
	struct reading *reading = &self->readings[side];
	bool is_alone = reading->len == 0 && preface_is_blank(&reading->preface);

	end_kept(self, side);
	judge_foreign(self, side);
	if (reading->is_blind && reading->has_message && is_alone && !reading->voice.is_answer)
		conversation_believe(self, side);
}

void conversation_tick(struct conversation *self)
{
	for (unsigned side = 0; side < 2; side++) {
		if (!self->readings[side].is_waiting)
			continue;
		conversation_arrive(self, side, 0, 0);
		read_kept(self, side);
	}
}

bool conversation_is_waiting(const struct conversation *self)
{
	return self->readings[0].is_waiting || self->readings[1].is_waiting;
}
