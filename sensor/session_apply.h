/* session_apply.h: one finding on its way through a session, between session.c and its two halves:
 * who it names (session_identity.c) and what it counts (session_shares.c). */
#ifndef SENSOR_SESSION_APPLY_H
#define SENSOR_SESSION_APPLY_H

#include "sensor/session.h"
#include "sensor/stats.h"

struct apply {
	struct session *self;
	const struct finding *finding;
	enum direction dir;
	uint64_t time_ns;
	struct stats *stats;
	unsigned changed; /* enum session_change, ORed */
};

/* session.c */
void session_make_room(struct session *self);
void apply_word(struct apply *a, enum evidence_word word);
void apply_level(struct apply *a, enum level level);
/* A request and its reply were seen: neither is a quotation. */
void apply_match(struct apply *a);

/* session_identity.c: first good value wins. */
void apply_identity(struct apply *a);
/* dialect: the descriptor's name. */
void apply_dialect(struct apply *a, const char *dialect);
/* Which way the miner sends. */
void apply_sender(struct apply *a);
/* The flow turned out to mine: what it said as a coin node is not the miner's. */
void apply_miner(struct apply *a);

/* session_shares.c. kind is that of the finding, or FINDING_REQUEST for one whose reply counts
 * nothing. */
void apply_request(struct apply *a, enum finding_kind kind);
void apply_start(struct apply *a);
void apply_unit(struct apply *a);
void apply_share(struct apply *a);
void apply_job(struct apply *a);
void apply_difficulty(struct apply *a);
void apply_reply(struct apply *a);

#endif
