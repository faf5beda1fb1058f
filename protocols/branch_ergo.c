/* branch_ergo.c: Ergo's Autolykos2.
 *
 *   job    [job, height, message 64h, "", "", version, target in decimal, "", clean bool]
 *   share  [user, job, extranonce2 hex, ntime "", nonce hex]   or [user, job, nonce hex]
 *
 * Pools set a difficulty, too, often always the same one: the target is what counts. */
#include "protocols/stratum_branch.h"

#define NOTIFY_FIELDS 9
#define NOTIFY_LEAST  7  /* of a cut job: up to the target */
#define TARGET_LEAST  52 /* decimal digits; 2^256 has 78 */
#define TARGET_MOST   78
#define NONCE_DIGITS  16
#define WORK_LEAST    1.0

/* Expected hashes of a share; 0 when it is no target. */
static double decimal_work(const struct rpc_call *call, json_value value)
{
	struct slice digits = json_raw(call->doc, value);
	double target;

	if (digits.len < TARGET_LEAST || digits.len > TARGET_MOST)
		return 0;
	for (size_t i = 0; i < digits.len; i++)
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return 0;
	if (json_number(call->doc, value, &target) != 0 || target <= 0)
		return 0;
	return 0x1p256 / target;
}

static enum proof ergo_notify(const struct rpc_call *call, struct stratum_state *state,
			      struct finding *finding)
{
	static const enum stratum_field fields[NOTIFY_FIELDS] = {
		FIELD_ID, FIELD_UINT, FIELD_HEX64, FIELD_TEXT, FIELD_TEXT,
		FIELD_ID, FIELD_ANY,  FIELD_TEXT,  FIELD_BOOL
	};
	enum proof proof = stratum_verdict(call, fields, NOTIFY_FIELDS, NOTIFY_LEAST);
	double work = decimal_work(call, stratum_param(call, 6));

	(void)state;
	if (proof == PROOF_NONE || work < WORK_LEAST)
		return PROOF_NONE;
	finding->work = work;
	return proof;
}

static enum proof ergo_submit(const struct rpc_call *call, struct stratum_state *state,
			      struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_TEXT, FIELD_ID, FIELD_TEXT, FIELD_TEXT,
						     FIELD_HEX };
	enum proof proof = stratum_verdict(call, fields, 5, 5);
	json_value extranonce = stratum_param(call, 2);
	json_value time = stratum_param(call, 3);
	struct slice nonce = json_hex(call->doc, stratum_param(call, 4));
	bool is_empty = json_raw(call->doc, time).len == 0;

	if (json_size(call->doc, call->params) == 3 && stratum_is(state, &stratum_branch_ergo))
		return stratum_nonce_share(call, state, finding, FIELD_HEX, NONCE_DIGITS);
	if (proof == PROOF_NONE || nonce.len > NONCE_DIGITS ||
	    json_raw(call->doc, extranonce).len > NONCE_DIGITS ||
	    (json_raw(call->doc, extranonce).len > 0 && json_hex(call->doc, extranonce).len == 0) ||
	    (!is_empty && !rpc_is_hex(call->doc, time, 8)))
		return PROOF_NONE;
	stratum_identity(call, state, finding, stratum_param(call, 0));
	finding->nonce = stratum_share_hash(call, finding->job, 2);
	return is_empty || stratum_is(state, &stratum_branch_ergo) ? proof : PROOF_LIKELY;
}

const struct stratum_branch stratum_branch_ergo = {
	.name = "ergo",
	.algo = "autolykos2",
	.coin = "ERG",
	.notify = ergo_notify,
	.submit = ergo_submit,
};
