/* session_rig.h: one session and findings made by hand, for the tests of what becomes of them.
 * Included once per test program, behind cmocka.h. */
#ifndef TESTS_UNIT_SESSION_RIG_H
#define TESTS_UNIT_SESSION_RIG_H

#include <string.h>

#include "sensor/session.h"
#include "sensor/stats.h"

#define SECOND  1000000000ull
#define START   (1772704680ull * SECOND)
#define UP      DIR_TO_SERVER
#define DOWN    DIR_TO_CLIENT
#define DIALECT "stratum-v1"

static struct session session;
static struct session_room room;
static struct stats stats;

static inline int reset(void **state)
{
	(void)state;
	memset(&room, 0x5a, sizeof(room));
	session_init(&session, &room);
	memset(&stats, 0, sizeof(stats));
	return 0;
}

/* A finding at `second` of the session. */
static inline unsigned apply(struct finding finding, enum direction dir, double second)
{
	return session_apply(&session, DIALECT, &finding, dir,
			     START + (uint64_t)(second * (double)SECOND), &stats);
}

static inline struct session_view view_at(double second)
{
	struct session_view view;

	session_view_at(&session, START + (uint64_t)(second * (double)SECOND), &view);
	return view;
}

static inline struct finding login(uint64_t id, enum proof proof, const char *user)
{
	return (struct finding){ .kind = FINDING_LOGIN,
				 .sender = SENDER_MINER,
				 .proof = proof,
				 .wants_reply = true,
				 .request = id,
				 .login = slice_str(user),
				 .wallet = { .text = slice_str(user) } };
}

static inline struct finding job(uint64_t job, double work)
{
	return (struct finding){ .kind = FINDING_JOB,
				 .sender = SENDER_POOL,
				 .proof = PROOF_CONFIRMED,
				 .job = job,
				 .difficulty = work,
				 .work = work };
}

static inline struct finding share(uint64_t id, uint64_t job_id, uint64_t nonce)
{
	return (struct finding){ .kind = FINDING_SHARE,
				 .sender = SENDER_MINER,
				 .proof = PROOF_CONFIRMED,
				 .wants_reply = true,
				 .request = id,
				 .job = job_id,
				 .nonce = nonce };
}

static inline struct finding reply(uint64_t id, bool is_ok)
{
	return (struct finding){
		.kind = FINDING_REPLY, .sender = SENDER_POOL, .request = id, .is_ok = is_ok
	};
}

static inline struct finding refusal(uint64_t id, const char *reason, bool is_stale)
{
	struct finding finding = reply(id, false);

	finding.reason = slice_str(reason);
	finding.is_stale = is_stale;
	return finding;
}

static inline bool has_word(enum evidence_word word)
{
	return evidence_has(&session.view.evidence, word);
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

#endif
