/* branch_ethstratum1.c: EthereumStratum/1.0.0, NiceHash's Ethash in Bitcoin's words.
 *
 *   C> subscribe [agent, "EthereumStratum/1.0.0"]
 *   S> {"result":[["mining.notify", id, "EthereumStratum/1.0.0"], extranonce hex]}
 *   job    [job, seed hash 64h, header hash 64h, clean bool]
 *   share  [user, job, nonce hex without the extranonce]
 *
 * A difficulty of 1 is Bitcoin's, and in force until another is set. Pools of other coins say the
 * name as well; the job tells. */
#include "protocols/stratum_branch.h"
#include "protocols/target.h"

#define LITERAL      "EthereumStratum/1"
#define NONCE_DIGITS 16

static enum proof ethstratum1_notify(const struct rpc_call *call, struct stratum_state *state,
				     struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_ID, FIELD_HEX64, FIELD_HEX64,
						     FIELD_BOOL };
	enum proof proof = stratum_verdict(call, fields, 4, 3);
	bool is_begin = state->hint == stratum_branch_number(&stratum_branch_ethstratum1);

	if (proof != PROOF_NONE && is_begin && finding->work <= 0 && finding->difficulty <= 0)
		finding->difficulty = 1;
	return proof;
}

static enum proof ethstratum1_submit(const struct rpc_call *call, struct stratum_state *state,
				     struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_TEXT, FIELD_ID, FIELD_HEX };
	enum proof proof = stratum_verdict(call, fields, 3, 3);
	struct slice nonce = json_raw(call->doc, stratum_param(call, 2));

	if (proof == PROOF_NONE || nonce.len > NONCE_DIGITS || rpc_starts(nonce, "0x"))
		return PROOF_NONE;
	stratum_identity(call, state, finding, stratum_param(call, 0));
	finding->nonce = rpc_hash_hex(finding->job, nonce);
	return stratum_is(state, &stratum_branch_ethstratum1) ? proof : PROOF_LIKELY;
}

static bool has_literal(const struct rpc_call *call, json_value list)
{
	char text[LIMIT_TEXT_BYTES];

	for (size_t i = 0; i < 4 && i < json_size(call->doc, list); i++)
		if (rpc_contains(json_text(call->doc, json_element(call->doc, list, i), text,
					   sizeof(text)),
				 LITERAL))
			return true;
	return false;
}

static bool ethstratum1_call(struct rpc_call *call, struct stratum_state *state)
{
	json_value list = json_element(call->doc, call->result, 0);

	if (call->is_reply) {
		if (!json_is(call->doc, json_element(call->doc, list, 0), "mining.notify") ||
		    !has_literal(call, list))
			return false;
		(void)stratum_see(call, SENDER_POOL);
		stratum_hint(state, &stratum_branch_ethstratum1);
		return stratum_reply(call, PROOF_CONFIRMED, &stratum_branch_ethstratum1);
	}
	if (!rpc_equals(call->method, "mining.subscribe") || !has_literal(call, call->params))
		return false;
	stratum_hint(state, &stratum_branch_ethstratum1);
	stratum_subscribe(call, PROOF_LIKELY, &stratum_branch_ethstratum1);
	return true;
}

const struct stratum_branch stratum_branch_ethstratum1 = {
	.name = "ethstratum-1",
	.algo = "ethash",
	.unit_work = TARGET_WORK_BITCOIN,
	.notify = ethstratum1_notify,
	.submit = ethstratum1_submit,
	.call = ethstratum1_call,
};
