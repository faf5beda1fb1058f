/* branch_decred.c: Decred. Bitcoin's words and fields, of which a job leaves most unused: it has
 * the tail of a block header where Bitcoin has the beginning of a coinbase transaction.
 *
 *   job    [job, prevhash 64h, header tail of 100 bytes or more, stake version 8h or "", [],
 *           version 8h, "" or nbits 8h, ntime 8h, clean bool]
 *   share  [user, job, extranonce2 hex, ntime 8h, nonce 8h]    as Bitcoin's
 *
 * The algorithm changed from BLAKE-256 to BLAKE3 in 2023 and no field tells which. */
#include "protocols/stratum_branch.h"

#define NOTIFY_FIELDS 9
#define NOTIFY_LEAST  5 /* of a cut job: the tail, what follows it, and the empty list */
#define TAIL_DIGITS   200
#define HEX32_DIGITS  8

/* Unused, or a number of 32 bits. */
static bool is_spare(const struct rpc_call *call, size_t index)
{
	json_value value = stratum_param(call, index);

	return json_type(call->doc, value) == JSON_STRING &&
	       (json_raw(call->doc, value).len == 0 || rpc_is_hex(call->doc, value, HEX32_DIGITS));
}

static enum proof decred_notify(const struct rpc_call *call, struct stratum_state *state,
				struct finding *finding)
{
	static const enum stratum_field fields[NOTIFY_FIELDS] = {
		FIELD_ID,   FIELD_HEX64, FIELD_BYTES, FIELD_TEXT, FIELD_ANY,
		FIELD_HEX8, FIELD_TEXT,  FIELD_HEX8,  FIELD_BOOL
	};
	json_value list = stratum_param(call, 4);

	(void)state;
	(void)finding;
	if (json_type(call->doc, list) != JSON_ARRAY || json_size(call->doc, list) != 0)
		return PROOF_NONE;
	enum proof proof = stratum_verdict(call, fields, NOTIFY_FIELDS, NOTIFY_LEAST);

	if (proof == PROOF_NONE || json_hex(call->doc, stratum_param(call, 2)).len < TAIL_DIGITS ||
	    !is_spare(call, 3) || (proof == PROOF_CONFIRMED && !is_spare(call, 6)))
		return PROOF_NONE;
	return proof;
}

static enum proof decred_submit(const struct rpc_call *call, struct stratum_state *state,
				struct finding *finding)
{
	return stratum_known_share(call, state, finding, &stratum_branch_decred);
}

/* Bitcoin would take these for its own: what they are is remembered before it is asked. */
static bool decred_call(struct rpc_call *call, struct stratum_state *state)
{
	struct finding unused = { 0 };

	if (call->is_reply || stratum_is(state, &stratum_branch_decred))
		return false;
	if (rpc_equals(call->method, "mining.notify") &&
	    decred_notify(call, state, &unused) == PROOF_CONFIRMED)
		stratum_prove(state, &stratum_branch_decred);
	else if (state->branch == 0 && rpc_equals(call->method, "mining.submit") &&
		 slice_starts(json_raw(call->doc, stratum_param(call, 0)), "Ds"))
		stratum_identity(call, state, &unused, stratum_param(call, 0));
	return false;
}

const struct stratum_branch stratum_branch_decred = {
	.name = "decred",
	.coin = "DCR",
	.unit_work = 0x1p32,
	.notify = decred_notify,
	.submit = decred_submit,
	.call = decred_call,
};
