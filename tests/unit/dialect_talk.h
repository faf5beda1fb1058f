/* dialect_talk.h: lets a test say messages to one dialect and look at what it heard.
 *
 * Every message lies right before an unreadable page, and every slice of a finding is copied while
 * it is valid, so that reading outside either is a crash. */
#ifndef TESTS_UNIT_DIALECT_TALK_H
#define TESTS_UNIT_DIALECT_TALK_H

#include "protocols/dialect.h"
#include "protocols/http.h"
#include "tests/unit/guard.h"

#define TALK_MAX 40

/* A finding with its texts. */
struct heard {
	struct finding finding;
	char wallet[LIMIT_TEXT_BYTES];
	char email[LIMIT_TEXT_BYTES];
	char login[LIMIT_TEXT_BYTES];
	char worker[LIMIT_TEXT_BYTES];
	char rig[LIMIT_TEXT_BYTES];
	char agent[LIMIT_TEXT_BYTES];
	char algo[LIMIT_TEXT_BYTES];
	char reason[LIMIT_TEXT_BYTES];
	char pool[LIMIT_TEXT_BYTES];
	char tag[LIMIT_TEXT_BYTES];
	char payout[LIMIT_TEXT_BYTES];
};

struct talk {
	const struct dialect *dialect;
	uint64_t state[DIALECT_STATE_MAX / sizeof(uint64_t)];
	struct guard guard;
	struct json json;
	size_t count; /* findings of the last message */
	struct heard heard[TALK_MAX];
};

static void talk_hear(void *ctx, const struct finding *finding)
{
	struct talk *talk = ctx;
	struct heard *heard = &talk->heard[talk->count];

	if (talk->count == TALK_MAX)
		abort();
	talk->count++;
	heard->finding = *finding;
	slice_copy(finding->wallet.text, heard->wallet, sizeof(heard->wallet));
	slice_copy(finding->wallet.email, heard->email, sizeof(heard->email));
	slice_copy(finding->login, heard->login, sizeof(heard->login));
	slice_copy(finding->worker, heard->worker, sizeof(heard->worker));
	slice_copy(finding->rig, heard->rig, sizeof(heard->rig));
	slice_copy(finding->agent, heard->agent, sizeof(heard->agent));
	slice_copy(finding->algo, heard->algo, sizeof(heard->algo));
	slice_copy(finding->reason, heard->reason, sizeof(heard->reason));
	slice_copy(finding->pool, heard->pool, sizeof(heard->pool));
	slice_copy(finding->tag, heard->tag, sizeof(heard->tag));
	slice_copy(finding->payout, heard->payout, sizeof(heard->payout));
}

/* A new flow. */
static inline void talk_begin(struct talk *talk, const struct dialect *dialect)
{
	talk->dialect = dialect;
	talk->count = 0;
	memset(talk->state, 0, sizeof(talk->state));
}

/* One message of len bytes; what decode() returned. */
static inline bool talk_bytes(struct talk *talk, enum direction dir, const char *text, size_t len,
			      bool is_cut)
{
	const struct finding_out out = { .emit = talk_hear, .ctx = talk };
	struct message msg = { .bytes = guard_put(&talk->guard, text, len),
			       .dir = dir,
			       .is_cut = is_cut,
			       .json = &talk->json };

	talk->count = 0;
	return talk->dialect->decode(talk->state, &msg, &out);
}

static inline bool talk_up(struct talk *talk, const char *text)
{
	return talk_bytes(talk, DIR_TO_SERVER, text, strlen(text), false);
}

static inline bool talk_down(struct talk *talk, const char *text)
{
	return talk_bytes(talk, DIR_TO_CLIENT, text, strlen(text), false);
}

/* The head of an HTTP message. */
static inline bool talk_head(struct talk *talk, const struct http_head *head)
{
	const struct finding_out out = { .emit = talk_hear, .ctx = talk };
	struct message msg = { .dir = head->is_response ? DIR_TO_CLIENT : DIR_TO_SERVER,
			       .http = head,
			       .json = &talk->json };

	talk->count = 0;
	return talk->dialect->decode(talk->state, &msg, &out);
}

/* The body behind it, which may be cut. */
static inline bool talk_body_bytes(struct talk *talk, const struct http_head *head,
				   const char *text, size_t len, bool is_cut)
{
	const struct finding_out out = { .emit = talk_hear, .ctx = talk };
	struct message msg = { .bytes = guard_put(&talk->guard, text, len),
			       .dir = head->is_response ? DIR_TO_CLIENT : DIR_TO_SERVER,
			       .is_cut = is_cut,
			       .http = head,
			       .json = &talk->json };

	talk->count = 0;
	return talk->dialect->decode(talk->state, &msg, &out);
}

static inline bool talk_body(struct talk *talk, const struct http_head *head, const char *text)
{
	return talk_body_bytes(talk, head, text, strlen(text), false);
}

/* The only finding of the last message. */
static inline const struct heard *talk_only(const struct talk *talk)
{
	if (talk->count != 1) {
		fprintf(stderr, "%zu findings where one was expected\n", talk->count);
		abort();
	}
	return &talk->heard[0];
}

/* The dialect that an event would name: the branch, or the dialect itself. */
static inline const char *talk_dialect(const struct talk *talk)
{
	const struct heard *heard = talk_only(talk);

	return heard->finding.dialect != NULL ? heard->finding.dialect : talk->dialect->name;
}

/* The strongest proof of the last message. */
static inline enum proof talk_proof(const struct talk *talk)
{
	enum proof proof = PROOF_NONE;

	for (size_t i = 0; i < talk->count; i++)
		if (talk->heard[i].finding.proof > proof)
			proof = talk->heard[i].finding.proof;
	return proof;
}

/* True when some finding of the last message names anybody or anything. */
static inline bool talk_has_identity(const struct talk *talk)
{
	for (size_t i = 0; i < talk->count; i++) {
		const struct heard *heard = &talk->heard[i];

		if (heard->login[0] != '\0' || heard->worker[0] != '\0' ||
		    heard->agent[0] != '\0' || heard->wallet[0] != '\0' || heard->pool[0] != '\0')
			return true;
	}
	return false;
}

#endif
