/* fuzz_dialect.c: one dialect under its contract, over a conversation of two directions.
 *
 * The first byte chooses the direction of the stream that follows; a 0x1e byte in the input ends
 * it and turns to the other one. What is left of a stream is decoded as a cut message. A stream
 * that begins with 0x1d is an HTTP message: a byte of flags, the status as one byte, the texts of
 * the head with 0x1f between them, and 0x1d before the body. Of a binary dialect any byte may be
 * part: there each stream has a head of three bytes, flags (1: to the client, 2: the other side is
 * not heard) and a little-endian length. Built once per dialect with -DDIALECT=<id>. Checked here:
 * a frame makes progress and stays inside its input, every text of a finding can be read, numbers
 * are numbers, and the state is all there is: the same input heard twice gives the same findings.
 */
#include <math.h>
#include <stdlib.h>

#include "protocols/cursor.h"
#include "protocols/dialect.h"
#include "protocols/http.h"

#define TURN  0x1e /* no JSON text holds it */
#define HEAD  0x1d
#define FIELD 0x1f

#define PASTE(a, b)    a##b
#define DIALECT_OF(id) PASTE(dialect_, id)

static const struct dialect *const subject = &DIALECT_OF(DIALECT);

struct ear {
	uint64_t hash; /* of everything that was reported */
	size_t count;
};

/* One flow. */
struct speaker {
	void *state;
	const struct http_head *http; /* NULL: not in HTTP */
	bool is_alone;                /* the other side is not heard */
	struct json json;
	struct ear ear;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void hear_slice(struct ear *ear, struct slice text)
{
	require(text.len == 0 || text.ptr != NULL);
	require(text.len <= LIMIT_MESSAGE_BYTES);
	ear->hash = ear->hash * 31 + slice_hash(text); /* reads every byte */
}

static void hear_number(struct ear *ear, double number)
{
	require(isfinite(number) && number >= 0);
	ear->hash = ear->hash * 31 + slice_hash(slice_of(&number, sizeof(number)));
}

static void hear_name(struct ear *ear, const char *name)
{
	if (name != NULL)
		hear_slice(ear, slice_str(name));
}

static void hear(void *ctx, const struct finding *finding)
{
	struct ear *ear = ctx;

	ear->count++;
	require(finding->kind >= FINDING_SUBSCRIBE && finding->kind <= FINDING_NODE);
	require(finding->sender >= SENDER_UNKNOWN && finding->sender <= SENDER_POOL);
	require(finding->proof >= PROOF_NONE && finding->proof <= PROOF_CONFIRMED);
	require(finding->wallet.check >= WALLET_NONE && finding->wallet.check <= WALLET_VALID);
	ear->hash = ear->hash * 31 + (uint64_t)finding->kind * 16 + (uint64_t)finding->proof;
	ear->hash = ear->hash * 31 + finding->request;
	ear->hash = ear->hash * 31 + finding->job;
	ear->hash = ear->hash * 31 + finding->nonce;
	hear_number(ear, finding->difficulty);
	hear_number(ear, finding->work);
	hear_number(ear, finding->rate);
	hear_name(ear, finding->coin);
	hear_name(ear, finding->wallet.coin);
	hear_slice(ear, finding->wallet.text);
	hear_slice(ear, finding->wallet.worker);
	hear_slice(ear, finding->wallet.email);
	hear_slice(ear, finding->login);
	hear_slice(ear, finding->worker);
	hear_slice(ear, finding->rig);
	hear_slice(ear, finding->payout);
	hear_slice(ear, finding->agent);
	hear_slice(ear, finding->algo);
	hear_slice(ear, finding->reason);
	hear_slice(ear, finding->pool);
}

/* The message in memory of exactly its size, so that overreads are seen. */
static void say(struct speaker *self, struct slice bytes, enum direction dir, bool is_cut)
{
	const struct finding_out out = { .emit = hear, .ctx = &self->ear };
	uint8_t *exact = malloc(bytes.len > 0 ? bytes.len : 1);

	require(exact != NULL);
	if (bytes.len > 0)
		memcpy(exact, bytes.ptr, bytes.len);
	struct message msg = { .bytes = slice_of(exact, bytes.len),
			       .dir = dir,
			       .is_cut = is_cut,
			       .is_alone = self->is_alone,
			       .http = self->http,
			       .json = &self->json };
	size_t before = self->ear.count;
	bool is_mine = subject->decode(self->state, &msg, &out);

	require(is_mine || self->ear.count == before);
	free(exact);
}

static void say_stream(struct speaker *self, struct slice in, enum direction dir)
{
	size_t skip;
	size_t len;

	(void)subject->probe(in, dir);
	while (in.len > 0) {
		enum frame_result result = subject->frame(&self->json, in, &skip, &len);

		require(skip <= in.len);
		if (result == FRAME_WHOLE) {
			require(len > 0 && len <= in.len - skip);
			require(len <= subject->max_message);
			say(self, slice_sub(in, skip, len), dir, false);
			in = slice_tail(in, skip + len);
		} else if (result == FRAME_BAD) {
			require(skip > 0);
			in = slice_tail(in, skip);
		} else {
			say(self, slice_tail(in, skip), dir, true);
			return;
		}
	}
}

/* One text of a head; returns what follows it. */
static struct slice take_field(struct slice in, char *out, size_t size)
{
	size_t end = slice_find(in, FIELD);

	(void)slice_copy(slice_head(in, end), out, size);
	return slice_tail(in, end + 1);
}

static void fill_head(struct slice in, struct http_head *head)
{
	uint8_t flags = in.len > 0 ? in.ptr[0] : 0;

	*head = (struct http_head){ .is_response = (flags & 1) != 0,
				    .has_password = (flags & 2) != 0,
				    .has_mining_word = (flags & 4) != 0,
				    .is_asked = (flags & 8) != 0 };
	head->status = (uint16_t)(in.len > 1 ? in.ptr[1] * 4 : 0);
	in = slice_tail(in, 2);
	in = take_field(in, head->method, sizeof(head->method));
	in = take_field(in, head->target, sizeof(head->target));
	in = take_field(in, head->host, sizeof(head->host));
	in = take_field(in, head->user, sizeof(head->user));
	in = take_field(in, head->agent, sizeof(head->agent));
	in = take_field(in, head->stratum, sizeof(head->stratum));
	in = take_field(in, head->reject_reason, sizeof(head->reject_reason));
	in = take_field(in, head->mining_hashrate, sizeof(head->mining_hashrate));
	in = take_field(in, head->hash_difficulty, sizeof(head->hash_difficulty));
	in = take_field(in, head->miner, sizeof(head->miner));
	in = take_field(in, head->miner_name, sizeof(head->miner_name));
	(void)take_field(in, head->capacity, sizeof(head->capacity));
}

/* A head and its body, or a stream. */
static void say_turn(struct speaker *self, struct slice in, enum direction dir)
{
	struct http_head *head;

	if (in.len == 0 || in.ptr[0] != HEAD) {
		say_stream(self, in, dir);
		return;
	}
	in = slice_tail(in, 1);
	struct slice fields = slice_head(in, slice_find(in, HEAD));

	head = malloc(sizeof(*head)); /* of exactly its size, so that overreads are seen */
	require(head != NULL);
	fill_head(fields, head);
	self->http = head;
	say(self, slice_of(NULL, 0), dir, false);
	say_stream(self, slice_tail(in, fields.len + 1), dir);
	self->http = NULL;
	free(head);
}

static void converse_in_text(struct speaker *self, struct slice in)
{
	enum direction dir = in.ptr[0] % 2 == 0 ? DIR_TO_SERVER : DIR_TO_CLIENT;

	in = slice_tail(in, 1);
	while (in.len > 0) {
		struct slice turn = slice_head(in, slice_find(in, TURN));

		(void)dialects_candidate(turn);
		say_turn(self, turn, dir);
		in = slice_tail(in, turn.len + 1);
		dir = dir == DIR_TO_SERVER ? DIR_TO_CLIENT : DIR_TO_SERVER;
	}
}

static void converse_in_binary(struct speaker *self, struct slice in)
{
	struct cursor c = cursor_of(in);

	while (cursor_left(&c) > 0) {
		uint8_t flags = cursor_u8(&c);
		size_t len = cursor_u16le(&c);
		struct slice turn = slice_head(cursor_rest(&c), len);

		cursor_skip(&c, turn.len);
		self->is_alone = (flags & 2) != 0;
		say_stream(self, turn, (flags & 1) == 0 ? DIR_TO_SERVER : DIR_TO_CLIENT);
	}
}

static struct ear converse(struct slice in)
{
	static struct speaker self;

	self.ear = (struct ear){ 0 };
	self.is_alone = false;
	self.state = calloc(1, subject->state_size);
	require(self.state != NULL && subject->state_size <= DIALECT_STATE_MAX);
	if (subject->is_binary)
		converse_in_binary(&self, in);
	else
		converse_in_text(&self, in);
	free(self.state);
	return self.ear;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct ear once = converse(slice_of(data, size));
	struct ear twice = converse(slice_of(data, size));

	require(once.count == twice.count && once.hash == twice.hash);
	return 0;
}
