/* branch_nexa.c: Nexa's NexaPow.
 *
 *   job    [job, commitment 64h, height, nbits 8h]
 *   share  [user, job, ..]    what follows, pools do not agree on
 *          {"id":5,"params":[user, job, nonce hex]}    of some machines, without a method
 *
 * Little is written down of it: without an address or another sign of Nexa nothing is proven, and
 * what a difficulty is worth nobody says. */
#include "protocols/stratum_branch.h"

#define SHARE_LEAST 3
#define SHARE_MOST  6

static enum proof nexa_notify(const struct rpc_call *call, struct stratum_state *state,
			      struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_ID, FIELD_HEX64, FIELD_UINT,
						     FIELD_HEX8 };
	enum proof proof = stratum_verdict(call, fields, 4, 3);

	(void)finding;
	return stratum_is(state, &stratum_branch_nexa) || proof == PROOF_NONE ? proof
									      : PROOF_LIKELY;
}

/* Whatever it holds, as long as it is known to be Nexa's. */
static enum proof nexa_submit(const struct rpc_call *call, struct stratum_state *state,
			      struct finding *finding)
{
	static const enum stratum_field fields[SHARE_MOST] = { FIELD_TEXT, FIELD_ID,  FIELD_HEX,
							       FIELD_HEX,  FIELD_HEX, FIELD_HEX };
	size_t count = json_size(call->doc, call->params);

	if (count < SHARE_LEAST || count > SHARE_MOST ||
	    stratum_match(call, fields, SHARE_MOST) != count)
		return PROOF_NONE;
	stratum_identity(call, state, finding, stratum_param(call, 0));
	if (!stratum_is(state, &stratum_branch_nexa))
		return PROOF_NONE;
	finding->nonce = stratum_share_hash(call, finding->job, 2);
	return call->doc->is_cut ? PROOF_LIKELY : PROOF_CONFIRMED;
}

const struct stratum_branch stratum_branch_nexa = {
	.name = "nexa",
	.algo = "nexapow",
	.coin = "NEXA",
	.may_omit_method = true,
	.notify = nexa_notify,
	.submit = nexa_submit,
};
