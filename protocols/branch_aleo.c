/* branch_aleo.c: Aleo, whose miners synthesise witnesses: a share is a solution above a target.
 *
 *   C> subscribe [agent, "AleoStratum/2.0.0", session or null]
 *   S> {"result":[session or null, nonce or null, address of the pool]}
 *   S> set_target [number]                                    solutions tried for a share
 *   job    [job, epoch 64h or 80h, address of the pool or null, clean bool]
 *   share  [user, job, nonce hex]          of test networks also commitment 96h, proof 98h */
#include "protocols/stratum_branch.h"

#define LITERAL       "AleoStratum/"
#define ADDRESS       "aleo1"
#define NOTIFY_FIELDS 4
#define NOTIFY_LEAST  3 /* of a cut job: with the address */
#define SHARE_FIELDS  5
#define SHARE_NEEDED  3
#define EPOCH_HASH    64 /* digits */
#define EPOCH_MORE    80 /* with its number and its degree */

static bool is_address(const struct rpc_call *call, json_value value)
{
	return json_type(call->doc, value) == JSON_STRING &&
	       slice_starts(json_raw(call->doc, value), ADDRESS);
}

static enum proof aleo_notify(const struct rpc_call *call, struct stratum_state *state,
			      struct finding *finding)
{
	static const enum stratum_field fields[NOTIFY_FIELDS] = { FIELD_ID, FIELD_HEX, FIELD_ANY,
								  FIELD_BOOL };
	enum proof proof = stratum_verdict(call, fields, NOTIFY_FIELDS, NOTIFY_LEAST);
	json_value epoch = stratum_param(call, 1);
	json_value address = stratum_param(call, 2);
	bool is_named = is_address(call, address);

	(void)finding;
	if (!(rpc_is_hex(call->doc, epoch, EPOCH_HASH) ||
	      rpc_is_hex(call->doc, epoch, EPOCH_MORE)) ||
	    !(is_named || json_type(call->doc, address) == JSON_NULL) ||
	    !(is_named || stratum_is(state, &stratum_branch_aleo)))
		return PROOF_NONE;
	return proof;
}

/* Only who knows better tells it from others. */
static enum proof aleo_submit(const struct rpc_call *call, struct stratum_state *state,
			      struct finding *finding)
{
	static const enum stratum_field fields[SHARE_FIELDS] = { FIELD_TEXT, FIELD_ID, FIELD_HEX,
								 FIELD_BYTES, FIELD_BYTES };
	size_t count = json_size(call->doc, call->params);

	if (!(count == SHARE_NEEDED || count == SHARE_FIELDS) ||
	    stratum_match(call, fields, SHARE_FIELDS) != count ||
	    !stratum_is(state, &stratum_branch_aleo))
		return PROOF_NONE;
	stratum_identity(call, state, finding, stratum_param(call, 0));
	finding->nonce = stratum_share_hash(call, finding->job, 2);
	return call->doc->is_cut ? PROOF_LIKELY : PROOF_CONFIRMED;
}

static bool aleo_call(struct rpc_call *call, struct stratum_state *state)
{
	char text[32];

	if (call->is_reply && is_address(call, json_element(call->doc, call->result, 2)))
		stratum_hint(state, &stratum_branch_aleo);
	if (call->is_reply || !rpc_equals(call->method, "mining.subscribe") ||
	    !rpc_starts(json_text(call->doc, stratum_param(call, 1), text, sizeof(text)), LITERAL))
		return false;
	stratum_hint(state, &stratum_branch_aleo);
	stratum_subscribe(call, PROOF_LIKELY, &stratum_branch_aleo);
	return true;
}

const struct stratum_branch stratum_branch_aleo = {
	.name = "aleo",
	.algo = "aleo",
	.coin = "ALEO",
	.unit = "Sol/s",
	.unit_work = 1,
	.notify = aleo_notify,
	.submit = aleo_submit,
	.call = aleo_call,
};
