/* branch_handshake.c: Handshake. Its header has roots of its own where Bitcoin's has a coinbase,
 * and a mask that keeps from the miner which share is a block.
 *
 *   job    [job, prevhash 64h, merkle root 64h, witness root 64h, tree root 64h, reserved root 64h,
 *           version 8h, nbits 8h, ntime 8h, mask hash 64h]      the mask hash may miss
 *   share  [user, job, extranonce2 8h, ntime 8h, nonce 8h or 16h, mask 64h]    or as Bitcoin's
 *
 * Servers that hand out a mask hash count 2^24 hashes for difficulty 1; of the others some count
 * 2^32, and none says so. */
#include "protocols/stratum_branch.h"

#define NOTIFY_FIELDS 10
#define NOTIFY_NEEDED 9 /* the mask hash may miss */
#define NOTIFY_LEAST  4 /* of a cut job: three roots in a row */
#define UNIT_MASKED   0x1p24

static enum proof handshake_notify(const struct rpc_call *call, struct stratum_state *state,
				   struct finding *finding)
{
	static const enum stratum_field fields[NOTIFY_FIELDS] = {
		FIELD_ID,    FIELD_HEX64, FIELD_HEX64, FIELD_HEX64, FIELD_HEX64,
		FIELD_HEX64, FIELD_HEX8,  FIELD_HEX8,  FIELD_HEX8,  FIELD_HEX64
	};
	size_t right = stratum_match(call, fields, NOTIFY_FIELDS);

	(void)state;
	if (right != json_size(call->doc, call->params) ||
	    right < (call->doc->is_cut ? NOTIFY_LEAST : NOTIFY_NEEDED))
		return PROOF_NONE;
	if (right == NOTIFY_FIELDS && finding->work <= 0)
		finding->work = finding->difficulty * UNIT_MASKED;
	return right >= NOTIFY_NEEDED ? PROOF_CONFIRMED : PROOF_LIKELY;
}

static enum proof handshake_submit(const struct rpc_call *call, struct stratum_state *state,
				   struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_TEXT, FIELD_ID,  FIELD_HEX8,
						     FIELD_HEX8, FIELD_HEX, FIELD_HEX64 };
	enum proof proof = stratum_verdict(call, fields, 6, 6);
	json_value nonce = stratum_param(call, 4);

	if (proof == PROOF_NONE)
		return stratum_known_share(call, state, finding, &stratum_branch_handshake);
	if (!(rpc_is_hex(call->doc, nonce, 8) || rpc_is_hex(call->doc, nonce, 16)))
		return PROOF_NONE;
	stratum_identity(call, state, finding, stratum_param(call, 0));
	finding->nonce = stratum_share_hash(call, finding->job, 2);
	return proof;
}

static const char *const agents[] = { "handy-miner", NULL };

const struct stratum_branch stratum_branch_handshake = {
	.name = "handshake",
	.algo = "handshake",
	.coin = "HNS",
	.agents = agents,
	.notify = handshake_notify,
	.submit = handshake_submit,
};
