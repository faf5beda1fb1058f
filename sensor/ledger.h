/* ledger.h: what a session must remember to count shares: the requests that wait for a reply, the
 * work of each job, the shares already counted.
 *
 * Request ids are not unique: some miners use one id for all they send, so replies go to the oldest
 * request of that id. Flat, zeroed is empty, capped: the oldest entry makes room. */
#ifndef SENSOR_LEDGER_H
#define SENSOR_LEDGER_H

#include "protocols/dialect.h"
#include "sensor/limits.h"

enum ledger_flag {
	LEDGER_CONFIRMS = 1 << 0, /* an accepting reply proves mining */
	LEDGER_DOUBTFUL = 1 << 1, /* its reply may have been lost in a gap */
	LEDGER_FLOOR = 1 << 2     /* a share whose work is estimated from what shares proved */
};

struct ledger_request {
	uint64_t id;      /* hash of the request id; 0: free */
	uint64_t time_ns; /* packet time */
	double work;      /* of a share */
	uint32_t order;   /* FIFO among equal ids */
	uint8_t kind;     /* enum finding_kind */
	uint8_t flags;    /* enum ledger_flag */
	uint8_t dir;      /* enum direction of the request */
};

struct ledger_job {
	uint64_t job; /* hash of the job id; 0: not named, or replaced by a later entry */
	double work;  /* hashes per share; 0: unknown */
};

/* What the pool answered. */
struct ledger_reply {
	uint64_t id;      /* of the request; 0: free */
	uint64_t time_ns; /* packet time */
	uint32_t count;   /* shares that it settles and that are still to come */
	uint8_t dir;      /* enum direction of the reply */
	bool is_ok;
	bool is_stale;
	char reason[LIMIT_REASON_TEXT];
};

#define LEDGER_EARLY 8

struct ledger {
	struct ledger_request requests[LIMIT_PENDING];
	struct ledger_reply early[LEDGER_EARLY]; /* ring */
	struct ledger_job jobs[LIMIT_JOBS];      /* ring */
	uint64_t shares[LIMIT_SHARES];           /* ring of nonce hashes */
	uint32_t request_order;
	uint32_t request_end; /* from here on requests are free */
	uint32_t early_next;
	uint32_t job_next;
	uint32_t share_next;
};

/* Remembers a request; id must not be 0, order is set here. True when the oldest was dropped. */
bool ledger_ask(struct ledger *self, const struct ledger_request *request);

/* The request that a reply travelling in reply_dir at time_ns answers: the oldest of that id from
 * the other side, asked before; one whose reply may be lost only when there is no other. NULL:
 * nobody waits for it. */
const struct ledger_request *ledger_find(const struct ledger *self, uint64_t id,
					 enum direction reply_dir, uint64_t time_ns);

/* Frees a request that ledger_find() gave, and those of its id that it overtook. */
struct ledger_request ledger_take(struct ledger *self, const struct ledger_request *answered);

/* Keeps a reply that nobody waits for: its request may be held behind a hole of the stream. */
void ledger_keep_early(struct ledger *self, const struct ledger_reply *reply);

/* The first early reply to a request that was captured before it; one that settles several stays
 * for the others. */
bool ledger_take_early(struct ledger *self, const struct ledger_request *request,
		       struct ledger_reply *reply);
bool ledger_has_early(const struct ledger *self, const struct ledger_request *request);

/* Bytes were lost in that direction: among them may be replies to what was asked before until_ns.
 */
void ledger_gap(struct ledger *self, enum direction dir, uint64_t until_ns);

/* The flow's directions changed places. */
void ledger_swap_roles(struct ledger *self);

/* Remembers a job as the latest. */
void ledger_add_job(struct ledger *self, uint64_t job, double work);

/* Work of a share of that job; of the latest job when it is not known or not named. 0: unknown. */
double ledger_work(const struct ledger *self, uint64_t job);

bool ledger_has_jobs(const struct ledger *self);

/* True when that share was counted before; remembers it. 0 is never a known share. */
bool ledger_is_repeated(struct ledger *self, uint64_t nonce);

#endif
