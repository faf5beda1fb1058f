/* binary_talk.h: lets a test speak a binary dialect from both sides, in pieces of any size, the way
 * dialect.h says that it is asked: probed where a direction begins, framed from then on, and in
 * both directions once a message of it reported a fact. */
#ifndef TESTS_UNIT_BINARY_TALK_H
#define TESTS_UNIT_BINARY_TALK_H

#include "tests/unit/dialect_talk.h"

#define BINARY_KEPT_MAX  ((size_t)4 * LIMIT_MESSAGE_BYTES)
#define BINARY_HEARD_MAX 512

/* One direction. */
struct binary_side {
	uint8_t kept[BINARY_KEPT_MAX];
	size_t len;
	enum probe_result probe;
	bool was_heard; /* anything at all */
};

struct binary_talk {
	struct talk talk;
	struct binary_side sides[2];
	bool is_spoken; /* a fact was reported */
	size_t messages;
	size_t foreign; /* of them those that were no message */
	size_t count;
	struct heard heard[BINARY_HEARD_MAX];
};

static void binary_begin(struct binary_talk *self, const struct dialect *dialect)
{
	talk_begin(&self->talk, dialect);
	for (int side = 0; side < 2; side++) {
		self->sides[side].len = 0;
		self->sides[side].probe = PROBE_MAYBE;
		self->sides[side].was_heard = false;
	}
	self->is_spoken = false;
	self->messages = 0;
	self->foreign = 0;
	self->count = 0;
}

/* The first len bytes are a message. */
static void binary_say(struct binary_talk *self, enum direction dir, struct slice bytes,
		       bool is_cut)
{
	const struct finding_out out = { .emit = talk_hear, .ctx = &self->talk };
	struct message msg = { .bytes = guard_put(&self->talk.guard, bytes.ptr, bytes.len),
			       .dir = dir,
			       .is_cut = is_cut,
			       .is_alone = !self->sides[1 - dir].was_heard };

	self->talk.count = 0;
	self->messages++;
	bool is_mine = self->talk.dialect->decode(self->talk.state, &msg, &out);
	if (!is_mine) {
		self->foreign++;
		self->sides[dir].probe = self->is_spoken ? PROBE_YES : PROBE_NO;
	}
	if (!is_mine && self->talk.count > 0)
		abort();
	for (size_t i = 0; i < self->talk.count; i++) {
		if (self->count == BINARY_HEARD_MAX)
			abort();
		self->heard[self->count++] = self->talk.heard[i];
		self->is_spoken = self->is_spoken ||
				  self->talk.heard[i].finding.proof != PROOF_NONE ||
				  self->talk.heard[i].finding.kind != FINDING_REPLY;
	}
}

/* Reads what is kept; returns how much of it is done with. */
static size_t binary_read(struct binary_talk *self, enum direction dir)
{
	struct binary_side *side = &self->sides[dir];
	size_t done = 0;

	while (done < side->len) {
		struct slice in = guard_put(&self->talk.guard, side->kept + done, side->len - done);
		size_t skip;
		size_t len;

		if (side->probe == PROBE_MAYBE && self->is_spoken)
			side->probe = PROBE_YES;
		if (side->probe == PROBE_MAYBE)
			side->probe = self->talk.dialect->probe(in, dir);
		if (side->probe == PROBE_MAYBE && in.len < DIALECT_PROBE_MAX)
			return done;
		if (side->probe != PROBE_YES)
			return side->len;
		enum frame_result result = self->talk.dialect->frame(NULL, in, &skip, &len);
		if (skip + len > in.len || (result == FRAME_WHOLE && len == 0) ||
		    (result == FRAME_BAD && skip == 0))
			abort();
		done += skip;
		if (result == FRAME_MORE)
			return done;
		if (result == FRAME_WHOLE)
			binary_say(self, dir, slice_of(side->kept + done, len), false);
		done += len;
	}
	return done;
}

/* Stream bytes of one direction, in pieces of at most `piece` bytes; 0: all at once. */
static void binary_send(struct binary_talk *self, enum direction dir, const void *bytes, size_t len,
			size_t piece)
{
	struct binary_side *side = &self->sides[dir];
	struct slice rest = slice_of(bytes, len);

	while (rest.len > 0) {
		struct slice part = slice_head(rest, piece == 0 ? rest.len : piece);

		if (side->len + part.len > sizeof(side->kept))
			abort();
		memcpy(side->kept + side->len, part.ptr, part.len);
		side->len += part.len;
		side->was_heard = true;
		rest = slice_tail(rest, part.len);
		size_t done = binary_read(self, dir);
		memmove(side->kept, side->kept + done, side->len - done);
		side->len -= done;
	}
}

/* The direction ends: what is begun is decoded as it is. */
static inline void binary_end(struct binary_talk *self, enum direction dir)
{
	struct binary_side *side = &self->sides[dir];

	if (side->len > 0 && (side->probe == PROBE_YES || self->is_spoken))
		binary_say(self, dir, slice_of(side->kept, side->len), true);
	side->len = 0;
}

static inline enum proof binary_proof(const struct binary_talk *self)
{
	enum proof proof = PROOF_NONE;

	for (size_t i = 0; i < self->count; i++)
		if (self->heard[i].finding.proof > proof)
			proof = self->heard[i].finding.proof;
	return proof;
}

/* Findings of that kind. */
static inline size_t binary_kinds(const struct binary_talk *self, enum finding_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < self->count; i++)
		count += self->heard[i].finding.kind == kind;
	return count;
}

/* The nth finding of that kind, which must be there. */
static inline const struct heard *binary_find(const struct binary_talk *self,
					      enum finding_kind kind, size_t nth)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->heard[i].finding.kind == kind && nth-- == 0)
			return &self->heard[i];
	fprintf(stderr, "no such finding\n");
	abort();
}

#endif
