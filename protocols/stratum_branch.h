/* stratum_branch.h: the coins that speak Stratum V1's words with fields of their own.
 *
 * All of them subscribe, authorize and submit; what a job and a share hold, what a unit of
 * difficulty is worth and what is counted differs. stratum_v1.c owns the words, a branch knows its
 * fields: one file, protocols/branch_<id>.c, and one line in STRATUM_BRANCHES. What branches share
 * is in stratum_branches.c. */
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
	struct wallet_memo user; /* of the login and of each share */
	uint64_t login;          /* hash of the user that authorised last; 0: none heard */
	uint64_t payout;         /* hash of what the coinbase paid when it was told last */
	const char *rate_unit;   /* static: what rates of the proven branch count; NULL: hashes */
	uint8_t branch;          /* 1 + index of the branch that has proven itself; 0: none */
	uint8_t hint;            /* 1 + index of the branch that something named, weaker; 0: none */
	uint8_t miner_side;      /* 1 + enum direction of what the miner sends; 0: not heard */
	bool is_verus;           /* a name or a program of VerusHash was heard */
	bool has_agent;          /* so was a binary message, btcagent.h */
	bool is_seen;            /* a method of ours was heard, in either direction */
	bool is_eight;           /* the reply heard last was to the request with that id */
};

struct stratum_branch {
	const char *name; /* in events, the dialect: [a-z0-9-]+ */
	const char *algo; /* static; NULL: the branch does not tell */
	const char *coin; /* static; NULL: several */
	const char *unit; /* as struct finding's; NULL: hashes */
	double unit_work; /* expected hashes or solutions of difficulty 1; 0: targets only */
	/* How the agents of programs begin that speak nothing else: a hint. Ends with NULL; may be
	 * NULL. */
	const char *const *agents;
	bool may_omit_method; /* some of its miners send shares, [user, job, nonce], without one */
	/* Do the fields fit? kind, sender, request, and of a job: the job id, the difficulty and
	 * the work in force, are set; unit, algo and coin are set to the branch's own. Fills or
	 * corrects what the fields say (job, work, difficulty, algo, coin, nonce, login, wallet,
	 * worker); work that stays 0 becomes difficulty * unit_work. Texts that need room are put
	 * into call->text. PROOF_NONE: not of this branch; PROOF_LIKELY: what is there fits, but
	 * others share the shape or it was cut; PROOF_CONFIRMED: nobody else's. May be called on
	 * copies of state and finding first. Never NULL: a branch has jobs and shares. */
	enum proof (*notify)(const struct rpc_call *call, struct stratum_state *state,
			     struct finding *finding);
	enum proof (*submit)(const struct rpc_call *call, struct stratum_state *state,
			     struct finding *finding);
	/* A call with words or fields that only this branch has (object params, body, bare names, a
	 * reply that proves it). True: all of it was handled, with stratum_emit(); false: nothing
	 * was. May be NULL. Asked before the words of the family. */
	bool (*call)(struct rpc_call *call, struct stratum_state *state);
};

/* Every branch, in the order in which they are asked; the proven one goes first, then the hinted
 * one. */
#define STRATUM_BRANCHES(X) \
	X(bitcoin) \
	X(equihash) \
	X(kawpow) \
	X(ethstratum1) \
	X(ethstratum2) \
	X(qtminer) \
	X(decred) \
	X(kaspa) \
	X(alephium) \
	X(ergo) \
	X(conflux) \
	X(aeternity) \
	X(nervos) \
	X(xelis) \
	X(ironfish) \
	X(nexa) \
	X(kadena) \
	X(handshake) \
	X(lbry) \
	X(sia) \
	X(aleo)

#define STRATUM_BRANCH_DECLARE(id) extern const struct stratum_branch stratum_branch_##id;
STRATUM_BRANCHES(STRATUM_BRANCH_DECLARE)
#undef STRATUM_BRANCH_DECLARE

extern const struct stratum_branch *const stratum_branches[];
extern const size_t stratum_branch_count;

/* 1 + its index, as in the state. */
uint8_t stratum_branch_number(const struct stratum_branch *branch);

/* The branch has proven itself by this call; a later proof of another one replaces it. */
void stratum_prove(struct stratum_state *state, const struct stratum_branch *branch);
/* Something names the branch, but it is no proof of it. */
void stratum_hint(struct stratum_state *state, const struct stratum_branch *branch);
/* The branch is proven, or named and no other is proven. */
bool stratum_is(const struct stratum_state *state, const struct stratum_branch *branch);

/* Remembers that the flow is ours and which way the miner sends. */
struct stratum_state *stratum_see(const struct rpc_call *call, enum sender sender);

/* Reports the finding under the name and the unit of the proven branch where it has none. */
void stratum_emit(const struct rpc_call *call, struct finding *finding);

/* A finding of the branch that no other one can say, which proves it: under its name, of its coin
 * and algorithm; a job with the work in force, a share that wants a reply. For those that a
 * branch reads in its call(). */
struct finding stratum_own(const struct rpc_call *call, enum finding_kind kind, enum sender sender,
			   const struct stratum_branch *branch);

/* params[index]. */
json_value stratum_param(const struct rpc_call *call, size_t index);

/* What a field of a job or a share may hold. Hex digits: with or without 0x unless it is said. */
enum stratum_field {
	FIELD_ID,    /* a text or a number */
	FIELD_TEXT,  /* a text, perhaps empty */
	FIELD_BOOL,  /* true or false, also as text */
	FIELD_UINT,  /* a whole number, also as text */
	FIELD_HEX,   /* one hex digit or more */
	FIELD_BYTES, /* hex digits in pairs, one or more */
	FIELD_HEX8,  /* so many hex digits */
	FIELD_HEX16,
	FIELD_HEX64,
	FIELD_0X16, /* 0x and so many hex digits */
	FIELD_0X64,
	FIELD_ANY
};

bool stratum_field_fits(const struct json *doc, json_value value, enum stratum_field field);

/* How many params are there and fit, counted up to the first that does not. */
size_t stratum_match(const struct rpc_call *call, const enum stratum_field *fields, size_t count);

/* CONFIRMED when params are exactly those fields; LIKELY when the message was cut and all that is
 * left of it, at least `least` fields, fits; else NONE. */
enum proof stratum_verdict(const struct rpc_call *call, const enum stratum_field *fields,
			   size_t count, size_t least);

/* The user string of a login or a share: login, wallet, worker, coin; into call->text. An address
 * of a coin that one branch alone mines is a hint of it, where no program is. */
void stratum_identity(const struct rpc_call *call, struct stratum_state *state,
		      struct finding *finding, json_value user);

/* The wallet of a share is of a form that several coins have, with that first letter: the algorithm
 * tells whose it is, unless the user names another coin before it or in the password. */
void stratum_name_coin(const struct stratum_state *state, struct finding *finding,
		       const char *first, const char *coin);
/* A share of three fields, [user, job, nonce]: fills identity and nonce. The verdict of its shape;
 * PROOF_NONE when it is none, or the nonce has more than `digits` digits. */
enum proof stratum_nonce_share(const struct rpc_call *call, struct stratum_state *state,
			       struct finding *finding, enum stratum_field nonce, size_t digits);

/* A share in Bitcoin's form, [user, job, extranonce2 hex, ntime 8h, nonce 8h], which of a branch
 * that is proven or named is its own: fills identity and nonce. */
enum proof stratum_known_share(const struct rpc_call *call, struct stratum_state *state,
			       struct finding *finding, const struct stratum_branch *branch);

/* Hash of a share: the job id and the params from `first` on, lists element by element; spelled
 * alike or not. 0 when there is no such param. */
uint64_t stratum_share_hash(const struct rpc_call *call, uint64_t job, size_t first);

/* What a cut left of the text params[index]; empty when it is whole or was not begun. */
struct slice stratum_broken_text(const struct rpc_call *call, size_t index);

/* Work of a target as pools write it: up to 64 hex digits, with or without 0x. 0 when it is none,
 * or nobody's. */
double stratum_target(const struct rpc_call *call, json_value target);
/* The same; fewer digits that begin with zeros are the first ones of a whole target. */
double stratum_target_head(const struct rpc_call *call, json_value target);

/* The words of the family, for branches that recognise more in them: a subscription with that
 * proof, and an answer (false: there is no verdict in it), under the branch's name. */
void stratum_subscribe(struct rpc_call *call, enum proof proof,
		       const struct stratum_branch *branch);
bool stratum_reply(const struct rpc_call *call, enum proof proof,
		   const struct stratum_branch *branch);

/* Fields of calls whose params may be an object, and have names then; else where they stand. */
enum stratum_name {
	STRATUM_USER,
	STRATUM_PASSWORD,
	STRATUM_WORKER,
	STRATUM_AGENT,
	STRATUM_JOB,
	STRATUM_NONCE
};

#define STRATUM_NOWHERE SIZE_MAX /* in a list there is none */

json_value stratum_named(const struct rpc_call *call, size_t index, enum stratum_name name);
/* The worker that params name beside the user. */
void stratum_worker(const struct rpc_call *call, struct finding *finding);

/* A job, a share of no branch that we know: what it proves, identity and nonce. */
void stratum_clone_job(const struct rpc_call *call, const struct stratum_state *state,
		       struct finding *finding);
void stratum_clone_share(const struct rpc_call *call, struct stratum_state *state,
			 struct finding *finding);
/* More proof for a share that others could send as well: who sends it has authorised. */
void stratum_share_proof(const struct rpc_call *call, const struct stratum_state *state,
			 struct finding *finding);

/* Framing and decoding of the family, for a flow that is found by a binary message of it. */
enum frame_result stratum_frame(struct json *doc, struct slice in, size_t *skip, size_t *len);
bool stratum_decode(void *state, struct message *msg, const struct finding_out *out);

#endif
