/* stratum_branch.h: the coins that speak Stratum V1's words with fields of their own.
 *
 * All of them subscribe, authorize and submit; what a job and a share hold, what a unit of
 * difficulty is worth and what is counted differs. stratum_v1.c owns the words and the state, a
 * branch knows its fields: one file, protocols/branch_<id>.c, and one line in STRATUM_BRANCHES. */
#ifndef PROTOCOLS_STRATUM_BRANCH_H
#define PROTOCOLS_STRATUM_BRANCH_H

#include "protocols/rpc.h"
#include "protocols/stratum_unit.h"

struct stratum_branch;

/* One flow; flat, caller-zeroed. */
struct stratum_state {
	double difficulty;        /* for the jobs that follow; 0: a target, or not heard */
	double target_work;       /* the same when a target was set; 0: none */
	uint64_t version_request; /* the pool asked for our version under this id */
	struct stratum_unit unit;
	uint8_t branch;     /* 1 + index of the branch that has proven itself; 0: none */
	uint8_t hint;       /* 1 + index of the branch that something named, weaker; 0: none */
	uint8_t miner_side; /* 1 + enum direction of what the miner sends; 0: not heard */
	bool is_seen;       /* a method of ours was heard, in either direction */
};

struct stratum_branch {
	const char *name; /* in events, the dialect: [a-z0-9-]+ */
	const char *algo; /* static; NULL: the branch does not tell */
	const char *coin; /* static; NULL: several */
	const char *unit; /* as struct finding's; NULL: hashes */
	double unit_work; /* expected hashes or solutions of difficulty 1; 0: targets only */
	/* Do the fields fit? Fills what the fields say (job, work, difficulty, algo, nonce, login,
	 * wallet, worker); kind, sender and request are set. PROOF_NONE: not of this branch,
	 * finding untouched; PROOF_LIKELY: what is there fits, but others share the shape or it was
	 * cut; PROOF_CONFIRMED: nobody else's. Never NULL: a branch has jobs and shares. */
	enum proof (*notify)(const struct rpc_call *call, struct stratum_state *state,
			     struct finding *finding);
	enum proof (*submit)(const struct rpc_call *call, struct stratum_state *state,
			     struct finding *finding);
	/* A call with words or fields that only this branch has (object params, body, bare names, a
	 * reply that proves it). True: all of it was handled. May be NULL. Asked before the words
	 * of the family. */
	bool (*call)(struct rpc_call *call, struct stratum_state *state);
};

#endif
