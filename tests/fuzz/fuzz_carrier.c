/* fuzz_carrier.c: one carrier under its contract, over a conversation of two directions.
 *
 * The first byte chooses the direction of the stream that follows, and seeds the places where the
 * stream is cut. The bytes 1e 1f in the input end a turn and give the other direction its own.
 * Built once per carrier with -DCARRIER=<id>. Checked here: every step makes progress or ends the
 * carrier, content lies in the input or in the state, findings name a pool and prove nothing, a
 * probe holds to its YES and NO, and the same bytes in other pieces give the same. */
#include <stdlib.h>

#include "protocols/dialect.h"
#include "protocols/http.h"
#include "protocols/late.h"
#include "protocols/tls_hello.h"

#define TURN_FIRST 0x1e
#define TURN_LAST  0x1f
#define LATE_CUTS  32

#define PASTE(a, b)    a##b
#define CARRIER_OF(id) PASTE(carrier_, id)

static const struct carrier *const subject = &CARRIER_OF(CARRIER);

/* What one direction gave, in whatever steps. */
struct ear {
	uint64_t hash; /* of the content, and of the marks between it */
	size_t bytes;
	size_t starts;
	size_t ends;
	bool is_through;
	bool is_refused;
};

/* One flow, and what cuts it. */
struct listener {
	uint64_t state[CARRIER_STATE_MAX / sizeof(uint64_t)];
	struct ear ears[2];
	uint64_t told;
	uint32_t dice; /* 0: pieces are whole turns */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	return (hash ^ value) * 0x100000001b3u;
}

static void hear_finding(void *ctx, const struct finding *finding)
{
	struct listener *self = ctx;

	require(finding->kind == FINDING_IDENTITY && finding->proof == PROOF_NONE);
	require(finding->pool.len > 2);
	self->told = mix(self->told, slice_hash(finding->pool));
}

static bool is_inside(struct slice part, const void *whole, size_t len)
{
	const uint8_t *begin = whole;

	return part.ptr >= begin && part.ptr + part.len <= begin + len;
}

static void hear_head(struct ear *ear, const struct http_head *head)
{
	require(memchr(head->target, 0, sizeof(head->target)) != NULL);
	require(memchr(head->host, 0, sizeof(head->host)) != NULL);
	require(memchr(head->user, 0, sizeof(head->user)) != NULL);
	require(memchr(head->agent, 0, sizeof(head->agent)) != NULL);
	require(memchr(head->stratum, 0, sizeof(head->stratum)) != NULL);
	ear->hash = mix(ear->hash, slice_hash(slice_of(head, sizeof(*head))));
}

static void hear(struct listener *self, struct ear *ear, struct slice in,
		 const struct carrier_step *step)
{
	require(step->used <= in.len && (step->used > 0 || step->is_through));
	require(step->content.len == 0 || is_inside(step->content, in.ptr, step->used) ||
		is_inside(step->content, self->state, sizeof(self->state)));
	require(step->is_message || !(step->is_start || step->is_end));
	if (step->is_start) {
		ear->hash = mix(ear->hash, 1000 + ear->bytes);
		ear->starts++;
	}
	if (step->is_start && step->http != NULL)
		hear_head(ear, step->http);
	for (size_t i = 0; i < step->content.len; i++)
		ear->hash = mix(ear->hash, step->content.ptr[i] + 256u * step->encoding);
	ear->bytes += step->content.len;
	if (step->is_end) {
		ear->hash = mix(ear->hash, 2000 + ear->bytes);
		ear->ends++;
	}
}

/* One piece in memory of exactly its size; what is left of it when the carrier is done. */
static void say(struct listener *self, struct slice piece, enum direction dir)
{
	const struct finding_out out = { .emit = hear_finding, .ctx = self };
	struct ear *ear = &self->ears[dir];
	uint8_t *exact = malloc(piece.len > 0 ? piece.len : 1);
	struct slice in = slice_of(exact, piece.len);

	require(exact != NULL);
	if (piece.len > 0)
		memcpy(exact, piece.ptr, piece.len);
	while (in.len > 0 && !ear->is_through && !ear->is_refused) {
		struct carrier_step step = { 0 };

		if (!subject->unwrap(self->state, dir, in, &step, &out)) {
			ear->is_refused = true;
			break;
		}
		hear(self, ear, in, &step);
		ear->is_through = step.is_through;
		in = slice_tail(in, step.used);
	}
	for (size_t i = 0; i < in.len; i++)
		ear->hash = mix(ear->hash, in.ptr[i] + 4096u); /* read as they are */
	free(exact);
}

static size_t roll(struct listener *self, size_t most)
{
	self->dice = self->dice * 1664525u + 1013904223u;
	return 1 + (self->dice >> 16) % (self->dice >> 31 != 0 ? most : 4);
}

static void say_turn(struct listener *self, struct slice turn, enum direction dir)
{
	while (turn.len > 0) {
		struct slice piece = slice_head(turn, self->dice == 0 ? turn.len : roll(self, 600));

		say(self, piece, dir);
		turn = slice_tail(turn, piece.len);
	}
}

static size_t find_turn(struct slice in)
{
	for (size_t i = 0; i + 1 < in.len; i++)
		if (in.ptr[i] == TURN_FIRST && in.ptr[i + 1] == TURN_LAST)
			return i;
	return in.len;
}

static void converse(struct listener *self, struct slice in, enum direction dir, uint32_t dice)
{
	memset(self, 0, sizeof(*self));
	self->dice = dice;
	while (in.len > 0) {
		struct slice turn = slice_head(in, find_turn(in));

		say_turn(self, turn, dir);
		in = slice_tail(in, turn.len + 2);
		dir = dir == DIR_TO_SERVER ? DIR_TO_CLIENT : DIR_TO_SERVER;
	}
}

/* What a beginning says holds for all of it, and what was seen need not be searched again: that is
 * known at once, or of a body in chunks a little later. */
static void probe_late(struct slice in)
{
	enum late_words whole = late_look(in, 0);
	size_t step = 1 + in.len / LATE_CUTS;

	(void)late_body_words(in);
	for (size_t n = 1; n < in.len && !late_is_frame(in); n += step) {
		enum late_words words = late_look(slice_head(in, n), 0);
		enum late_words more = late_look(in, n);

		require(words != LATE_WORDS_FOUND || whole == LATE_WORDS_FOUND);
		require(words != LATE_WORDS_AWAITED || more == whole ||
			(more == LATE_WORDS_AWAITED && whole == LATE_WORDS_FOUND));
	}
}

static void probe(struct slice in, enum direction dir)
{
	enum probe_result result = PROBE_MAYBE;

	for (size_t n = 1; n <= in.len && n <= (size_t)2 * CARRIER_PROBE_MAX; n++) {
		enum probe_result next = subject->probe(slice_head(in, n), dir);

		require(result == PROBE_MAYBE || next == result);
		require(next != PROBE_MAYBE || n < CARRIER_PROBE_MAX);
		result = next;
	}
	(void)dialects_begin(in, dir);
	probe_late(in);
}

static void require_same(const struct listener *a, const struct listener *b)
{
	for (size_t dir = 0; dir < 2; dir++) {
		const struct ear *one = &a->ears[dir];
		const struct ear *two = &b->ears[dir];

		require(one->bytes == two->bytes && one->hash == two->hash);
		require(one->starts == two->starts && one->ends == two->ends);
		require(one->is_through == two->is_through && one->is_refused == two->is_refused);
	}
	require(a->told == b->told);
}

static bool no_md5(struct slice in, uint8_t out[TLS_MD5_BYTES])
{
	memset(out, in.len > 0 ? in.ptr[in.len - 1] : 0, TLS_MD5_BYTES);
	return true;
}

/* Only the carrier of TLS has something to say when it is asked. */
static void ask(const struct listener *self)
{
	char ja3[TLS_JA3_BYTES];
	char ja4[TLS_JA4_BYTES];
	const struct tls_hello *hello =
		subject == &carrier_tls ? carrier_tls_hello(self->state) : NULL;

	if (hello == NULL)
		return;
	require(memchr(hello->sni, 0, sizeof(hello->sni)) != NULL);
	require(memchr(hello->alpn, 0, sizeof(hello->alpn)) != NULL);
	require(tls_hello_ja3(hello, no_md5, ja3) == !hello->is_cut);
	require(tls_hello_ja4(hello, ja4) == !hello->is_cut);
	require(strlen(ja4) == (hello->is_cut ? 0 : TLS_JA4_BYTES - 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct listener whole;
	static struct listener pieces;

	if (size == 0)
		return 0;
	enum direction dir = data[0] % 2 == 0 ? DIR_TO_SERVER : DIR_TO_CLIENT;
	struct slice in = slice_of(data + 1, size - 1);

	require(subject->state_size <= CARRIER_STATE_MAX);
	require(subject->rest == NULL || subject->rest(in) <= in.len);
	probe(in, dir);
	converse(&whole, in, dir, 0);
	converse(&pieces, in, dir, 1u + data[0]);
	require_same(&whole, &pieces);
	ask(&pieces);
	(void)subject->gap(pieces.state, dir);
	ask(&pieces);
	say_turn(&pieces, in, dir);
	return 0;
}
