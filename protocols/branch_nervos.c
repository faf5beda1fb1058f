/* branch_nervos.c: Nervos CKB's Eaglesong.
 *
 *   C> subscribe [agent, null]    S> {"result":[null, nonce1 hex, size of nonce2]}
 *   S> set_target [64h]
 *   job    [job, header hash 64h, height, parent hash 64h, clean bool]
 *   share  [user, job, nonce2 hex]    16 bytes with nonce1
 */
#include "protocols/stratum_branch.h"

#define NONCE_DIGITS 32

static enum proof nervos_notify(const struct rpc_call *call, struct stratum_state *state,
				struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_ID, FIELD_HEX64, FIELD_UINT, FIELD_HEX64,
						     FIELD_BOOL };

	(void)state;
	(void)finding;
	return stratum_verdict(call, fields, 5, 3);
}

static enum proof nervos_submit(const struct rpc_call *call, struct stratum_state *state,
				struct finding *finding)
{
	enum proof proof = stratum_nonce_share(call, state, finding, FIELD_BYTES, NONCE_DIGITS);

	return proof == PROOF_NONE || stratum_is(state, &stratum_branch_nervos) ? proof
										: PROOF_LIKELY;
}

static const char *const agents[] = { "ckbminer", NULL };

const struct stratum_branch stratum_branch_nervos = {
	.name = "nervos",
	.algo = "eaglesong",
	.coin = "CKB",
	.agents = agents,
	.notify = nervos_notify,
	.submit = nervos_submit,
};
