/* branch_talk.h: what every test of a Stratum branch does: says a message in all its spellings and
 * cut at every byte. */
#ifndef TESTS_UNIT_BRANCH_TALK_H
#define TESTS_UNIT_BRANCH_TALK_H

#include <stdio.h>

#include "tests/unit/dialect_talk.h"

#define H8       "1a2b3c4d"
#define H16      H8 "5e6f7081"
#define H64      H16 H16 H16 H16
#define SPELLING 4096

static struct talk talk;

static inline void begin(void)
{
	talk_begin(&talk, &dialect_stratum_v1);
}

/* The only finding of that message. */
static inline const struct heard *say_up(const char *text)
{
	if (!talk_up(&talk, text))
		fail_msg("not ours: %s", text);
	return talk_only(&talk);
}

static inline const struct heard *say_down(const char *text)
{
	if (!talk_down(&talk, text))
		fail_msg("not ours: %s", text);
	return talk_only(&talk);
}

/* The name that the finding comes under; the dialect's own when there is none. */
static inline const char *name_of(const struct heard *heard)
{
	return heard->finding.dialect == NULL ? talk.dialect->name : heard->finding.dialect;
}

static inline void assert_about(double got, double want)
{
	if (got < want * 0.999999 || got > want * 1.000001)
		fail_msg("%g where %g was expected", got, want);
}

static inline void put(char *out, size_t *len, const char *text)
{
	size_t n = strlen(text);

	if (*len + n >= SPELLING)
		abort();
	memcpy(out + *len, text, n + 1);
	*len += n;
}

/* Blanks and line ends wherever they may be. */
static inline void spell_blanks(const char *text, char out[SPELLING])
{
	size_t len = 0;
	bool in_text = false;

	out[0] = '\0';
	put(out, &len, "\r\n");
	for (; *text != '\0'; text++) {
		const char one[2] = { *text, '\0' };
		bool is_mark = !in_text && strchr("{}[]:,", *text) != NULL;

		if (*text == '"')
			in_text = !in_text;
		/* a frame begins with `{` and `"` or `[` and `{`: between them blanks may be */
		put(out, &len, is_mark && len > 2 ? " \t" : "");
		put(out, &len, one);
		put(out, &len, is_mark ? "\r\n " : "");
	}
}

/* Keys and methods with an escape in them. */
static inline void spell_escapes(const char *text, char out[SPELLING])
{
	static const char *const words[][2] = {
		{ "\"method\"", "\"m\\u0065thod\"" },
		{ "\"params\"", "\"p\\u0061rams\"" },
		{ "\"mining.", "\"m\\u0069ning\\u002E" },
		{ "\"body\"", "\"b\\u006fdy\"" },
		{ "\"id\"", "\"\\u0069d\"" },
	};
	size_t len = 0;

	out[0] = '\0';
	while (*text != '\0') {
		const char one[2] = { *text, '\0' };
		size_t row = 0;

		while (row < 5 && strncmp(text, words[row][0], strlen(words[row][0])) != 0)
			row++;
		put(out, &len, row < 5 ? words[row][1] : one);
		text += row < 5 ? strlen(words[row][0]) : 1;
	}
}

/* The members of the object the other way round. */
static inline void spell_reversed(const char *text, char out[SPELLING])
{
	char parts[8][SPELLING];
	size_t count = 0;
	size_t at = 0;
	size_t len = 0;
	int depth = 0;
	bool in_text = false;

	for (const char *next = text + 1; next[1] != '\0'; next++) {
		in_text = in_text != (*next == '"');
		depth += !in_text && strchr("{[", *next) != NULL;
		depth -= !in_text && strchr("}]", *next) != NULL;
		if (depth == 0 && !in_text && *next == ',') {
			parts[count++][at] = '\0';
			at = 0;
			if (count == 8)
				abort();
		} else {
			parts[count][at++] = *next;
		}
	}
	parts[count++][at] = '\0';
	out[0] = '\0';
	put(out, &len, "{");
	while (count > 0) {
		put(out, &len, parts[--count]);
		put(out, &len, count > 0 ? "," : "}");
	}
}

static inline void spell_batch(const char *text, char out[SPELLING])
{
	size_t len = 0;

	out[0] = '\0';
	put(out, &len, "[");
	put(out, &len, text);
	put(out, &len, "]");
}

static inline void assert_alike(const struct heard *got, const struct heard *want)
{
	assert_int_equal(got->finding.kind, want->finding.kind);
	assert_int_equal(got->finding.sender, want->finding.sender);
	assert_int_equal(got->finding.proof, want->finding.proof);
	assert_int_equal(got->finding.request, want->finding.request);
	assert_int_equal(got->finding.job, want->finding.job);
	assert_int_equal(got->finding.nonce, want->finding.nonce);
	assert_int_equal(got->finding.is_ok, want->finding.is_ok);
	assert_true(got->finding.work == want->finding.work);
	assert_true(got->finding.dialect == want->finding.dialect);
	assert_true(got->finding.coin == want->finding.coin);
	assert_string_equal(got->login, want->login);
	assert_string_equal(got->worker, want->worker);
	assert_string_equal(got->wallet, want->wallet);
	assert_string_equal(got->algo, want->algo);
	assert_string_equal(got->reason, want->reason);
}

/* However it is spelled, the message says the same, as the first of a flow. */
static inline void assert_spellings(enum direction dir, const char *text)
{
	static void (*const spell[])(const char *, char[SPELLING]) = { spell_blanks, spell_escapes,
								       spell_reversed,
								       spell_batch };
	char out[SPELLING];
	struct heard want;

	begin();
	assert_true(talk_bytes(&talk, dir, text, strlen(text), false));
	size_t count = talk.count;
	want = talk.heard[0];
	for (size_t i = 0; i < sizeof(spell) / sizeof(spell[0]); i++) {
		begin();
		spell[i](text, out);
		size_t skip = strspn(out, "\r\n");
		if (!talk_bytes(&talk, dir, out + skip, strlen(out + skip), false))
			fail_msg("not ours: %s", out);
		assert_int_equal(talk.count, count);
		assert_alike(&talk.heard[0], &want);
	}
}

/* Cut anywhere, the first message of a flow names nobody else, and it is no proof before `proof`,
 * a part of it, has been heard to its end. */
static inline void assert_cuts(enum direction dir, const char *text, const char *proof)
{
	struct heard want;

	begin();
	assert_true(talk_bytes(&talk, dir, text, strlen(text), false));
	want = talk.heard[0];
	size_t least = (size_t)(strstr(text, proof) - text) + strlen(proof);
	for (size_t len = 0; len < strlen(text); len++) {
		begin();
		if (!talk_bytes(&talk, dir, text, len, true))
			continue;
		for (size_t i = 0; i < talk.count; i++) {
			const struct heard *heard = &talk.heard[i];

			assert_true(heard->login[0] == '\0' ||
				    strcmp(heard->login, want.login) == 0);
			assert_true(heard->worker[0] == '\0' ||
				    strcmp(heard->worker, want.worker) == 0);
			if (heard->finding.proof == PROOF_CONFIRMED && len < least)
				fail_msg("proven by %.*s", (int)len, text);
		}
	}
}

/* A job or a share that is of none: likely at most. */
static inline void assert_unproven(enum direction dir, const char *text)
{
	begin();
	(void)talk_bytes(&talk, dir, text, strlen(text), false);
	if (talk_proof(&talk) == PROOF_CONFIRMED)
		fail_msg("proven by %s", text);
}

#endif
