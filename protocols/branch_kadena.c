/* branch_kadena.c: Kadena's Blake2s over twenty chains at a time.
 *
 *   C> subscribe [agent, null]    S> {"result":[null, nonce1 hex, size of nonce2]}
 *   S> set_target [64h]
 *   job    [job, header of 286 bytes in hex, clean bool]
 *   share  [user, job, nonce2 hex]    8 bytes with nonce1
 *
 * With a difficulty instead of a target, nobody says what it is worth. */
#include "protocols/stratum_branch.h"

#define HEADER_DIGITS 572
#define NONCE_DIGITS  16

static enum proof kadena_notify(const struct rpc_call *call, struct stratum_state *state,
				struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_ID, FIELD_BYTES, FIELD_BOOL };
	enum proof proof = stratum_verdict(call, fields, 3, 2);

	(void)state;
	(void)finding;
	return rpc_is_hex(call->doc, stratum_param(call, 1), HEADER_DIGITS) ? proof : PROOF_NONE;
}

static enum proof kadena_submit(const struct rpc_call *call, struct stratum_state *state,
				struct finding *finding)
{
	enum proof proof = stratum_nonce_share(call, state, finding, FIELD_HEX, NONCE_DIGITS);

	return proof == PROOF_NONE || stratum_is(state, &stratum_branch_kadena) ? proof
										: PROOF_LIKELY;
}

static const char *const agents[] = { "kdaminer", NULL };

const struct stratum_branch stratum_branch_kadena = {
	.name = "kadena",
	.algo = "blake2s",
	.coin = "KDA",
	.agents = agents,
	.notify = kadena_notify,
	.submit = kadena_submit,
};
