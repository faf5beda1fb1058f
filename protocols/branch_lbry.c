/* branch_lbry.c: LBRY. Bitcoin's fields, with the root of its tree of claims behind the previous
 * hash.
 *
 *   job    [job, prevhash 64h, claim trie 64h, coinb1 hex, coinb2 hex, [64h,..], version 8h,
 *           nbits 8h, ntime 8h, clean bool]
 *   share  [user, job, extranonce2 hex, ntime 8h, nonce 8h]    as Bitcoin's */
#include "protocols/stratum_branch.h"

#define NOTIFY_FIELDS 10
#define NOTIFY_LEAST  5 /* of a cut job: both hashes and the coinbase */

static enum proof lbry_notify(const struct rpc_call *call, struct stratum_state *state,
			      struct finding *finding)
{
	static const enum stratum_field fields[NOTIFY_FIELDS] = {
		FIELD_ID,  FIELD_HEX64, FIELD_HEX64, FIELD_BYTES, FIELD_BYTES,
		FIELD_ANY, FIELD_HEX8,  FIELD_HEX8,  FIELD_HEX8,  FIELD_BOOL
	};
	json_value list = stratum_param(call, 5);

	(void)state;
	(void)finding;
	if (list != JSON_ABSENT && json_type(call->doc, list) != JSON_ARRAY)
		return PROOF_NONE;
	return stratum_verdict(call, fields, NOTIFY_FIELDS, NOTIFY_LEAST);
}

static enum proof lbry_submit(const struct rpc_call *call, struct stratum_state *state,
			      struct finding *finding)
{
	return stratum_known_share(call, state, finding, &stratum_branch_lbry);
}

const struct stratum_branch stratum_branch_lbry = {
	.name = "lbry",
	.algo = "lbry",
	.coin = "LBC",
	.unit_work = 0x1p24,
	.notify = lbry_notify,
	.submit = lbry_submit,
};
