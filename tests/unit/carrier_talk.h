/* carrier_talk.h: says a conversation to one carrier and writes down what it gave.
 *
 * What a direction gave is one text: `<head|content>` is a message, bytes outside are a stream, `!`
 * is through and `?` is refused; both are followed by the bytes that were left. Each conversation
 * is said whole, byte by byte, and cut in two at every place: the texts must be the same. Every
 * piece lies right before an unreadable page. */
#ifndef TESTS_UNIT_CARRIER_TALK_H
#define TESTS_UNIT_CARRIER_TALK_H

#include "protocols/dialect.h"
#include "protocols/http.h"
#include "tests/unit/guard.h"

#define CARRIER_TEXT 16384

struct turn {
	enum direction dir;
	const char *text;
	size_t len;
};

#define UP(text) \
	{ \
		DIR_TO_SERVER, text, sizeof(text) - 1 \
	}
#define DOWN(text) \
	{ \
		DIR_TO_CLIENT, text, sizeof(text) - 1 \
	}
#define TURNS(turns) turns, sizeof(turns) / sizeof((turns)[0])

struct carrier_log {
	char text[CARRIER_TEXT];
	size_t len;
};

struct carrier_talk {
	const struct carrier *carrier;
	uint64_t state[CARRIER_STATE_MAX / sizeof(uint64_t)];
	struct guard guard;
	struct carrier_log given[2];
	struct carrier_log told; /* pools, a blank behind each */
	struct http_head head;   /* of the message that began last */
	const struct carrier *inner;
	bool is_over[2];   /* through or refused */
	bool has_start[2]; /* a message began and gave no content yet */
};

static inline void carrier_log_add(struct carrier_log *log, struct slice bytes)
{
	if (bytes.len >= sizeof(log->text) - log->len)
		abort();
	log->len += slice_copy(bytes, log->text + log->len, sizeof(log->text) - log->len);
	log->text[log->len] = '\0';
}

static inline void carrier_log_text(struct carrier_log *log, const char *text)
{
	carrier_log_add(log, slice_str(text));
}

static inline void carrier_talk_hear(void *ctx, const struct finding *finding)
{
	struct carrier_talk *talk = ctx;

	if (finding->kind != FINDING_IDENTITY || finding->proof != PROOF_NONE)
		abort();
	carrier_log_add(&talk->told, finding->pool);
	carrier_log_text(&talk->told, " ");
}

static inline void carrier_talk_begin(struct carrier_talk *talk, const struct carrier *carrier)
{
	struct guard guard = talk->guard;

	memset(talk, 0, sizeof(*talk));
	talk->guard = guard;
	talk->carrier = carrier;
}

/* Bytes of the input piece or of the state, nothing else. */
static inline bool carrier_talk_owns(const struct carrier_talk *talk, struct slice in,
				     struct slice content)
{
	const uint8_t *state = (const uint8_t *)talk->state;
	bool is_input = content.ptr >= in.ptr && content.ptr + content.len <= in.ptr + in.len;
	bool is_state =
		content.ptr >= state && content.ptr + content.len <= state + sizeof(talk->state);

	return content.len == 0 || is_input || is_state;
}

static inline void carrier_talk_note(struct carrier_talk *talk, enum direction dir,
				     const struct carrier_step *step)
{
	static const char *const codings[] = { "", "gzip:", "zlib:", "deflate:" };
	struct carrier_log *log = &talk->given[dir];

	if (step->is_start) {
		carrier_log_text(log, "<");
		talk->has_start[dir] = true;
	}
	if (step->is_start && step->http != NULL) {
		char status[8];

		talk->head = *step->http;
		snprintf(status, sizeof(status), "%u", step->http->status);
		carrier_log_text(log, step->http->is_response ? status : step->http->method);
		carrier_log_text(log, "|");
	}
	if (step->content.len > 0 && talk->has_start[dir]) {
		carrier_log_text(log, codings[step->encoding]);
		talk->has_start[dir] = false;
	}
	carrier_log_add(log, step->content);
	if (step->is_end)
		carrier_log_text(log, ">");
}

/* One piece of one direction. */
static inline void carrier_talk_say(struct carrier_talk *talk, enum direction dir,
				    struct slice bytes)
{
	const struct finding_out out = { .emit = carrier_talk_hear, .ctx = talk };
	struct slice in = guard_put(&talk->guard, bytes.ptr, bytes.len);

	while (in.len > 0 && !talk->is_over[dir]) {
		struct carrier_step step = { 0 };

		if (!talk->carrier->unwrap(talk->state, dir, in, &step, &out)) {
			carrier_log_text(&talk->given[dir], "?");
			talk->is_over[dir] = true;
			break;
		}
		if (step.used > in.len || (step.used == 0 && !step.is_through) ||
		    !carrier_talk_owns(talk, in, step.content))
			abort();
		carrier_talk_note(talk, dir, &step);
		in = slice_tail(in, step.used);
		if (step.is_through) {
			carrier_log_text(&talk->given[dir], "!");
			talk->is_over[dir] = true;
			talk->inner = step.inner;
		}
	}
	carrier_log_add(&talk->given[dir], in);
}

/* The conversation in pieces: turn number `turn` cut at `cut`, or all of them byte by byte. */
static inline void carrier_talk_pieces(struct carrier_talk *talk, const struct turn *turns,
				       size_t count, size_t turn, size_t cut)
{
	for (size_t i = 0; i < count; i++) {
		struct slice text = slice_of(turns[i].text, turns[i].len);

		for (size_t at = 0; turn == count && at < text.len; at++)
			carrier_talk_say(talk, turns[i].dir, slice_sub(text, at, 1));
		if (turn == count)
			continue;
		if (i == turn)
			carrier_talk_say(talk, turns[i].dir, slice_head(text, cut));
		carrier_talk_say(talk, turns[i].dir, slice_tail(text, i == turn ? cut : 0));
	}
}

static inline void carrier_talk_compare(const struct carrier_talk *talk,
					const struct carrier_talk *whole, size_t turn, size_t cut)
{
	static const char *const names[] = { "up", "down", "told" };
	const struct carrier_log *are[] = { &talk->given[0], &talk->given[1], &talk->told };
	const struct carrier_log *should[] = { &whole->given[0], &whole->given[1], &whole->told };

	for (size_t i = 0; i < 3; i++) {
		if (slice_eq(slice_of(are[i]->text, are[i]->len),
			     slice_of(should[i]->text, should[i]->len)))
			continue;
		fprintf(stderr, "turn %zu cut at %zu: %s is\n%s\nand whole\n%s\n", turn, cut,
			names[i], are[i]->text, should[i]->text);
		abort();
	}
	if (talk->inner != whole->inner || memcmp(&talk->head, &whole->head, sizeof(talk->head)))
		abort();
}

/* Leaves in talk what the whole conversation gave, after it was the same in all pieces. */
static inline void carrier_talk_all(struct carrier_talk *talk, const struct carrier *carrier,
				    const struct turn *turns, size_t count)
{
	static struct carrier_talk other;

	carrier_talk_begin(talk, carrier);
	carrier_talk_pieces(talk, turns, count, 0, 0);
	carrier_talk_begin(&other, carrier);
	carrier_talk_pieces(&other, turns, count, count, 0);
	carrier_talk_compare(&other, talk, count, 0);
	for (size_t i = 0; i < count; i++)
		for (size_t cut = 1; cut < turns[i].len; cut++) {
			carrier_talk_begin(&other, carrier);
			carrier_talk_pieces(&other, turns, count, i, cut);
			carrier_talk_compare(&other, talk, i, cut);
		}
}

static inline const char *carrier_up(const struct carrier_talk *talk)
{
	return talk->given[DIR_TO_SERVER].text;
}

static inline const char *carrier_down(const struct carrier_talk *talk)
{
	return talk->given[DIR_TO_CLIENT].text;
}

/* The verdict over a text; over all its beginnings it never turns from YES or NO. */
static inline enum probe_result carrier_probe(const struct carrier *carrier, enum direction dir,
					      const char *text, size_t len)
{
	static struct guard guard;
	enum probe_result result = PROBE_MAYBE;

	for (size_t n = 1; n <= len; n++) {
		enum probe_result next = carrier->probe(guard_put(&guard, text, n), dir);

		if ((result != PROBE_MAYBE && next != result) ||
		    (next == PROBE_MAYBE && n >= CARRIER_PROBE_MAX))
			abort();
		result = next;
	}
	return result;
}

#define PROBE_UP(carrier, text)   carrier_probe(carrier, DIR_TO_SERVER, text, sizeof(text) - 1)
#define PROBE_DOWN(carrier, text) carrier_probe(carrier, DIR_TO_CLIENT, text, sizeof(text) - 1)

#endif
