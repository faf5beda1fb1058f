/* inspect.c: from the bytes of a flow to findings, whatever dialect it speaks.
 *
 *   stream -> reading (one per direction) -> frame -> decode -> session_apply()
 *
 * Messages that are whole inside what the stream gives are decoded in place; only the rest of a
 * segment is kept. A message is tokenised once; each dialect is first asked on a copy of its state
 * what the message would prove, then the one that knows it best decodes it. */
#include "sensor/inspect.h"

#include <assert.h>
#include <stdlib.h>

#include "sensor/blocks.h"
#include "sensor/limits.h"

/* What a flow without a session may show before it is given up. */
#define UNKNOWN_MAX 8
#define BAD_MAX     4
/* One direction quotes: bytes in which the other one may still prove that it means it. */
#define FOREIGN_BYTES 4096

/* Bytes that may be scanned for message ends, per packet and per payload byte: a message that comes
 * byte by byte is scanned again with each, which nobody may use against us; nor messages without
 * number that say nothing. */
#define CREDIT_PACKET  4096
#define CREDIT_FACTOR  16
#define CREDIT_MESSAGE 256 /* what a message costs beside its length */
#define CREDIT_MAX     ((size_t)4 * LIMIT_MESSAGE_BYTES)

_Static_assert(LIMIT_MESSAGE_BYTES <= BLOCK_LARGE, "a message fits the largest block");

typedef uint64_t dialect_state[DIALECT_STATE_MAX / sizeof(uint64_t)];

/* One direction. */
struct reading {
	uint8_t *block; /* the begun message; NULL when there is none */
	size_t size;    /* of block */
	size_t len;
	size_t credit;
	uint64_t time_ns;  /* of the bytes read last: never goes back */
	uint32_t examined; /* payload bytes, saturating */
	uint8_t framer;    /* 1 + index of the dialect whose framing is tried; 0: probe */
	bool is_lost;      /* bytes were lost or made no sense: what comes may be half a message */
	bool is_waiting;   /* for credit, to be scanned */
	bool is_foreign;   /* speaks something else and quotes messages: none counts */
	struct preface preface; /* what was skipped since the last message */
};

struct inspect {
	struct inspect_pool *pool;
	struct inspect *next_free;
	struct stream *stream;
	dialect_state *states; /* one per dialect */
	uint8_t current;       /* 1 + index of the dialect last spoken; 0: none */
	uint8_t unknown;       /* messages of no dialect */
	uint8_t bad;           /* times the framing failed */
	uint8_t is_swapped;    /* directions of stream and readings are the flow's reversed */
	struct reading readings[2];
	struct session session;
};

struct inspect_pool {
	struct inspect *all;
	struct inspect *free; /* given back; before the fresh ones */
	size_t fresh;         /* from here on never used: their pages are not even there yet */
	dialect_state *states;
	struct stream_pool *streams;
	struct blocks *blocks;
	struct stats *stats;
	struct json json; /* scratch of the one message being decoded */
};

/* What a dialect would make of a message, worst first. */
enum claim {
	CLAIM_NONE,
	CLAIM_KNOWN, /* no fact, or only the answer to somebody's request */
	CLAIM_FACT,
	CLAIM_LIKELY,
	CLAIM_CONFIRMED
};

/* Where the findings of one message go. */
struct sink {
	struct inspect *inspect;
	const char *dialect;
	enum direction dir;
	uint64_t time_ns;
};

struct inspect_pool *inspect_pool_new(size_t flows, size_t message_bytes, size_t held_bytes,
				      struct stats *stats)
{
	struct inspect_pool *pool = calloc(1, sizeof(*pool));

	assert(dialect_count < UINT8_MAX);
	if (pool == NULL)
		return NULL;
	pool->stats = stats;
	pool->all = calloc(flows + 1, sizeof(*pool->all));
	pool->states = calloc((flows + 1) * dialect_count, sizeof(*pool->states));
	pool->streams = stream_pool_new(flows, held_bytes, stats);
	pool->blocks = blocks_new(message_bytes);
	if (pool->all == NULL || pool->states == NULL || pool->streams == NULL ||
	    pool->blocks == NULL) {
		inspect_pool_free(pool);
		return NULL;
	}
	return pool;
}

void inspect_pool_free(struct inspect_pool *pool)
{
	if (pool == NULL)
		return;
	stream_pool_free(pool->streams);
	blocks_free(pool->blocks);
	free(pool->states);
	free(pool->all);
	free(pool);
}

struct inspect *inspect_new(struct inspect_pool *pool, const struct preface before[2])
{
	struct stream *stream = stream_new(pool->streams); /* as many as there are flows */
	struct inspect *self = pool->free;

	if (stream == NULL) {
		stats_add(pool->stats->inspect_capped, 1);
		return NULL;
	}
	if (self != NULL)
		pool->free = self->next_free;
	else
		self = &pool->all[pool->fresh++];
	memset(self, 0, sizeof(*self));
	self->states = &pool->states[(size_t)(self - pool->all) * dialect_count];
	memset(self->states, 0, dialect_count * sizeof(*self->states));
	self->pool = pool;
	self->stream = stream;
	for (int side = 0; side < 2; side++) {
		self->readings[side].credit = CREDIT_MAX;
		self->readings[side].preface = before[side];
	}
	return self;
}

/* --- the begun message ---------------------------------------------------------------------- */

static void drop_kept(struct inspect *self, struct reading *reading)
{
	if (reading->block != NULL)
		blocks_give(self->pool->blocks, reading->block, reading->size);
	reading->block = NULL;
	reading->size = 0;
	reading->len = 0;
	reading->is_waiting = false;
}

void inspect_free(struct inspect *self)
{
	if (self == NULL)
		return;
	for (int side = 0; side < 2; side++)
		drop_kept(self, &self->readings[side]);
	stream_free(self->stream);
	self->next_free = self->pool->free;
	self->pool->free = self;
}

/* Bytes that cannot be read: what follows may be the middle of something. */
static void lose(struct inspect *self, struct reading *reading, size_t bytes)
{
	stats_add(self->pool->stats->messages_bad, bytes);
	reading->is_lost = true;
	reading->framer = 0;
}

/* Makes room for more bytes behind the begun message, up to the largest block. False: none left. */
static bool make_room(struct inspect *self, struct reading *reading, size_t more)
{
	size_t size = reading->len + more > BLOCK_SMALL ? BLOCK_LARGE : BLOCK_SMALL;
	uint8_t *block;

	if (size <= reading->size)
		return true;
	block = blocks_take(self->pool->blocks, size);
	if (block == NULL)
		return false;
	if (reading->block != NULL) {
		memcpy(block, reading->block, reading->len);
		blocks_give(self->pool->blocks, reading->block, reading->size);
	}
	reading->block = block;
	reading->size = size;
	return true;
}

/* Keeps what is left of the bytes read; they may already be in the block. */
static void keep(struct inspect *self, struct reading *reading, struct slice rest)
{
	if (rest.len == 0) {
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

/* --- one message ---------------------------------------------------------------------------- */

static enum direction flow_dir(const struct inspect *self, unsigned side)
{
	return (enum direction)(side ^ self->is_swapped);
}

static void weigh_finding(void *ctx, const struct finding *finding)
{
	enum claim *claim = ctx;
	enum claim one = finding->proof == PROOF_CONFIRMED ? CLAIM_CONFIRMED
			 : finding->proof == PROOF_LIKELY  ? CLAIM_LIKELY
			 : finding->kind == FINDING_REPLY  ? CLAIM_KNOWN
							   : CLAIM_FACT;

	if (one > *claim)
		*claim = one;
}

/* Asks one dialect, on a copy of its state. */
static enum claim ask_dialect(const struct inspect *self, size_t index, struct message *msg)
{
	enum claim claim = CLAIM_KNOWN;
	const struct finding_out out = { .emit = weigh_finding, .ctx = &claim };
	dialect_state scratch;

	memcpy(scratch, self->states[index], sizeof(scratch));
	return dialects[index]->decode(scratch, msg, &out) ? claim : CLAIM_NONE;
}

/* 1 + index of the dialect that knows the message best, 0 when none does. The current one is asked
 * first; a mere answer it may have only if nobody sees more in it. */
static size_t find_dialect(const struct inspect *self, struct message *msg, enum claim *best)
{
	size_t found = 0;

	*best = CLAIM_NONE;
	if (self->current != 0) {
		found = self->current;
		*best = ask_dialect(self, found - 1, msg);
		if (*best >= CLAIM_FACT)
			return found;
	}
	for (size_t i = 0; i < dialect_count && *best < CLAIM_CONFIRMED; i++) {
		if (i + 1 == self->current)
			continue;
		enum claim claim = ask_dialect(self, i, msg);

		if (claim > *best) {
			*best = claim;
			found = i + 1;
		}
	}
	return *best == CLAIM_NONE ? 0 : found;
}

static void take_finding(void *ctx, const struct finding *finding)
{
	struct sink *sink = ctx;
	struct inspect *self = sink->inspect;

	stats_add(self->pool->stats->findings, 1);
	(void)session_apply(&self->session, sink->dialect, finding, sink->dir, sink->time_ns,
			    self->pool->stats);
}

static void read_message(struct inspect *self, unsigned side, struct slice bytes, bool is_cut)
{
	struct reading *reading = &self->readings[side];
	struct message msg = { .bytes = bytes,
			       .dir = flow_dir(self, side),
			       .is_cut = is_cut,
			       .json = &self->pool->json };
	enum claim claim;
	size_t found = find_dialect(self, &msg, &claim);
	bool was_lost = reading->is_lost;

	if (!is_cut)
		reading->is_lost = false;
	if (found == 0) {
		reading->framer = 0;
		if (is_cut || was_lost)
			return; /* half a message says nothing */
		stats_add(self->pool->stats->messages_unknown, 1);
		if (self->unknown < UNKNOWN_MAX)
			self->unknown++;
		return;
	}
	struct sink sink = { .inspect = self,
			     .dialect = dialects[found - 1]->name,
			     .dir = msg.dir,
			     .time_ns = reading->time_ns };
	const struct finding_out out = { .emit = take_finding, .ctx = &sink };

	(void)dialects[found - 1]->decode(self->states[found - 1], &msg, &out);
	stats_add(self->pool->stats->messages, 1);
	if (claim >= CLAIM_FACT) {
		self->current = (uint8_t)found;
		self->bad = 0;
	}
}

/* --- framing -------------------------------------------------------------------------------- */

/* The dialect whose framing to try: the one spoken; after bytes that made no sense, or before any
 * was spoken, the one that recognises the beginning. If nobody does, the first that looks for it.
 */
static const struct dialect *find_framer(struct inspect *self, unsigned side, struct slice in)
{
	struct reading *reading = &self->readings[side];
	size_t fallback = self->current != 0 ? self->current : 1;
	size_t maybe = 0;

	if (self->current != 0 && !reading->is_lost)
		return dialects[self->current - 1];
	if (reading->framer != 0)
		return dialects[reading->framer - 1];
	for (size_t i = 0; i < dialect_count && reading->framer == 0; i++) {
		enum probe_result result = dialects[i]->probe(in, flow_dir(self, side));

		if (result == PROBE_YES)
			reading->framer = (uint8_t)(i + 1);
		else if (result == PROBE_MAYBE && (maybe == 0 || i + 1 == self->current))
			maybe = i + 1;
	}
	if (reading->framer == 0)
		reading->framer = (uint8_t)maybe;
	return dialects[(reading->framer != 0 ? reading->framer : fallback) - 1];
}

/* A message after words of somebody else's is a quotation, and so is all that follows in its
 * direction. An open session has proven itself: there, such words are damage. */
static bool is_quoted(struct inspect *self, unsigned side)
{
	struct reading *reading = &self->readings[side];
	enum preface_verdict verdict = preface_judge(&reading->preface);

	preface_begin(&reading->preface, false);
	if (verdict == PREFACE_FOREIGN)
		reading->is_foreign = true;
	return (reading->is_foreign && !self->session.is_open) || verdict == PREFACE_INSIDE;
}

static void charge(struct reading *reading, size_t bytes)
{
	reading->credit -= bytes < reading->credit ? bytes : reading->credit;
}

/* Reads all whole messages; returns what is left, the beginning of one. */
static struct slice read_messages(struct inspect *self, unsigned side, struct slice in)
{
	struct reading *reading = &self->readings[side];

	while (in.len > 0) {
		const struct dialect *framer = find_framer(self, side, in);
		size_t skip = 0;
		size_t len = 0;
		enum frame_result result = framer->frame(in, &skip, &len);

		assert(skip <= in.len && len <= in.len - skip);
		preface_feed(&reading->preface, slice_head(in, skip));
		if (result == FRAME_WHOLE) {
			assert(len > 0);
			charge(reading, skip + len + CREDIT_MESSAGE);
			if (!is_quoted(self, side))
				read_message(self, side, slice_sub(in, skip, len), false);
			in = slice_tail(in, skip + len);
			if (reading->credit > 0 || in.len == 0)
				continue;
			lose(self, reading, in.len);
			return slice_of(in.ptr, 0);
		}
		charge(reading, in.len);
		in = slice_tail(in, skip);
		if (result == FRAME_MORE) {
			if (in.len < framer->max_message && in.len < BLOCK_LARGE)
				return in;
			if (!is_quoted(self, side))
				read_message(self, side, in, true);
			lose(self, reading, in.len);
			return slice_of(in.ptr, 0);
		}
		assert(skip > 0);
		if (self->bad < BAD_MAX)
			self->bad++;
		lose(self, reading, skip);
		if (reading->credit == 0 && in.len > 0) {
			lose(self, reading, in.len);
			return slice_of(in.ptr, 0);
		}
	}
	return in;
}

/* Scans what is kept, when there is credit for it. */
static void read_kept(struct inspect *self, unsigned side)
{
	struct reading *reading = &self->readings[side];

	reading->is_waiting = reading->len > reading->credit && reading->len < reading->size;
	if (!reading->is_waiting)
		keep(self, reading,
		     read_messages(self, side, slice_of(reading->block, reading->len)));
}

/* Bytes that continue a begun message. Every round keeps some of them or makes room. */
static void read_behind(struct inspect *self, unsigned side, struct slice bytes)
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

/* What is kept has no end: it is read as it is. */
static void end_kept(struct inspect *self, unsigned side)
{
	struct reading *reading = &self->readings[side];
	struct slice rest;

	if (reading->len > 0) {
		rest = read_messages(self, side, slice_of(reading->block, reading->len));
		if (rest.len > 0 && !is_quoted(self, side))
			read_message(self, side, rest, true);
	}
	drop_kept(self, reading);
}

static void note_bytes(struct inspect *self, unsigned side, size_t len, uint64_t time_ns)
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

/* --- what the stream gives ------------------------------------------------------------------ */

static void take_bytes(void *ctx, enum direction dir, struct slice bytes, uint64_t time_ns)
{
	struct inspect *self = ctx;

	note_bytes(self, dir, bytes.len, time_ns);
	if (self->readings[dir].len > 0)
		read_behind(self, dir, bytes);
	else
		keep(self, &self->readings[dir], read_messages(self, dir, bytes));
}

static void take_gap(void *ctx, enum direction dir, uint32_t missing, uint64_t time_ns)
{
	struct inspect *self = ctx;

	(void)missing;
	(void)time_ns; /* what is kept came before */
	end_kept(self, dir);
	self->readings[dir].is_lost = true;
	self->readings[dir].framer = 0;
	preface_begin(&self->readings[dir].preface, false);
	session_gap(&self->session, flow_dir(self, dir));
}

static struct stream_out stream_out_of(struct inspect *self)
{
	return (struct stream_out){ .data = take_bytes, .gap = take_gap, .ctx = self };
}

void inspect_expect(struct inspect *self, enum direction dir, uint32_t seq)
{
	stream_expect(self->stream, flow_dir(self, dir), seq);
}

void inspect_packet(struct inspect *self, enum direction dir, const struct packet *packet)
{
	const struct stream_out out = stream_out_of(self);

	stream_packet(self->stream, flow_dir(self, dir), packet, &out);
}

void inspect_tick(struct inspect *self, uint64_t now_ns)
{
	const struct stream_out out = stream_out_of(self);

	stream_tick(self->stream, now_ns, &out);
	for (unsigned side = 0; side < 2; side++) {
		if (!self->readings[side].is_waiting)
			continue;
		note_bytes(self, side, 0, 0);
		read_kept(self, side);
	}
}

void inspect_flush(struct inspect *self, uint64_t now_ns)
{
	const struct stream_out out = stream_out_of(self);

	stream_flush(self->stream, &out);
	(void)now_ns; /* what is kept came before */
	for (unsigned side = 0; side < 2; side++)
		end_kept(self, side);
}

void inspect_swap_roles(struct inspect *self)
{
	self->is_swapped ^= 1;
	session_swap_roles(&self->session);
}

struct session *inspect_session(struct inspect *self)
{
	return &self->session;
}

bool inspect_is_foreign(const struct inspect *self)
{
	const struct reading *one = &self->readings[0];
	const struct reading *other = &self->readings[1];

	if (self->session.is_open || !(one->is_foreign || other->is_foreign))
		return false;
	return (one->is_foreign && other->is_foreign) || one->examined >= FOREIGN_BYTES ||
	       other->examined >= FOREIGN_BYTES;
}

/* Enough was read. A long message that began where one may begin is waited for. */
static bool is_exhausted(const struct reading *reading)
{
	bool is_begun = reading->len > 0 && !reading->is_foreign &&
			preface_judge(&reading->preface) == PREFACE_CLEAN;

	return reading->examined >= LIMIT_HINT_BYTES && !is_begun;
}

bool inspect_is_idle(const struct inspect *self)
{
	return !self->session.is_open &&
	       (self->unknown >= UNKNOWN_MAX || self->bad >= BAD_MAX ||
		is_exhausted(&self->readings[0]) || is_exhausted(&self->readings[1]) ||
		inspect_is_foreign(self));
}
