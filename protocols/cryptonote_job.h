/* cryptonote_job.h: the jobs of the login dialect, in the forms that pools of its coins send. Used
 * by cryptonote.c only. */
#ifndef PROTOCOLS_CRYPTONOTE_JOB_H
#define PROTOCOLS_CRYPTONOTE_JOB_H

#include "protocols/cryptonote_algo.h"

/* Methods that cut packets held, and little more. */
enum cryptonote_word { WORD_LOGIN = 1, WORD_JOB = 2, WORD_SUBMIT = 4 };

/* One flow; flat, caller-zeroed. */
struct cryptonote_state {
	const char *coin; /* static, of the wallet */
	bool is_seen;     /* a login, job or submit with the right fields was heard */
	bool is_job_seen;
	bool is_marked;       /* the login bore a miner's mark, if only the first letters of one */
	bool is_login_likely; /* the login was more than everyday words */
	bool is_self_select;  /* a block is shown for each job: answered like a share */
	bool is_header;       /* jobs are block headers in fields: shares name no result */
	uint8_t words[2];     /* enum cryptonote_word, by direction */
	struct cryptonote_algos algos;
};

/* Hex digits of a block to hash, or of the template of one: whole bytes, of a likely length. */
bool cryptonote_is_blob(struct slice digits);

/* True when the object has the fields of a job. */
bool cryptonote_job_is(const struct rpc_call *call, json_value job);

/* Reports a job object; false when it is none of ours. */
bool cryptonote_job_report(const struct rpc_call *call, json_value job);

#endif
