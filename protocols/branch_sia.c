/* branch_sia.c: Sia. Bitcoin's fields; times and nonces have eight bytes, and there is no version.
 *
 *   job    [job, prevhash 64h, coinb1 hex, coinb2 hex, [64h,..], "", nbits 8h, ntime 16h,
 *           clean bool]
 *   share  [user, job, extranonce2 hex, ntime 16h, nonce 16h]    both cut to 8h by some: Bitcoin's
 *
 * Difficulty is Bitcoin's: 2^32 hashes for 1. */
#include "protocols/stratum_branch.h"

#define NOTIFY_FIELDS 9
#define VERSION_AT    5
#define NTIME_AT      7
#define EXTRANONCE2   32 /* digits */

static enum proof sia_notify(const struct rpc_call *call, struct stratum_state *state,
			     struct finding *finding)
{
	static const enum stratum_field fields[NOTIFY_FIELDS] = {
		FIELD_ID,   FIELD_HEX64, FIELD_BYTES, FIELD_BYTES, FIELD_ANY,
		FIELD_TEXT, FIELD_HEX8,  FIELD_HEX16, FIELD_BOOL
	};
	json_value version = stratum_param(call, VERSION_AT);
	enum proof proof = stratum_verdict(call, fields, NOTIFY_FIELDS, NTIME_AT + 1);

	(void)state;
	(void)finding;
	if (proof == PROOF_NONE || json_type(call->doc, stratum_param(call, 4)) != JSON_ARRAY ||
	    !(json_raw(call->doc, version).len == 0 || rpc_is_hex(call->doc, version, 8)))
		return PROOF_NONE;
	return proof;
}

static enum proof sia_submit(const struct rpc_call *call, struct stratum_state *state,
			     struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_TEXT, FIELD_ID, FIELD_HEX, FIELD_HEX16,
						     FIELD_HEX16 };
	enum proof proof = stratum_verdict(call, fields, 5, 5);

	if (proof == PROOF_NONE)
		return stratum_known_share(call, state, finding, &stratum_branch_sia);
	if (json_hex(call->doc, stratum_param(call, 2)).len > EXTRANONCE2)
		return PROOF_NONE;
	stratum_identity(call, state, finding, stratum_param(call, 0));
	finding->nonce = stratum_share_hash(call, finding->job, 2);
	return proof;
}

const struct stratum_branch stratum_branch_sia = {
	.name = "sia",
	.algo = "blake2b",
	.coin = "SC",
	.unit_work = 0x1p32,
	.notify = sia_notify,
	.submit = sia_submit,
};
