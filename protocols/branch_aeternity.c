/* branch_aeternity.c: Aeternity's Cuckoo Cycle, and the pools of other coins that took it over.
 *
 *   C> subscribe [agent, session or null, host, port]    S> {"result":[session, extranonce hex]}
 *   S> set_target [64h]
 *   job    [job, header hash 64h, clean bool]      or a block version behind the job
 *   share  [user, job, nonce hex, [42 numbers]]
 *
 * What is counted are solutions: cycles of 42 edges. */
#include "protocols/stratum_branch.h"

#define CYCLE        42
#define CYCLE_LEAST  4 /* numbers of a cut share that are no longer chance */
#define NONCE_DIGITS 16
#define SHARE_FIELDS 4

/* A number of 32 bits, or as many hex digits. */
static bool is_edge(const struct json *doc, json_value value)
{
	uint64_t edge;
	size_t digits = json_hex(doc, value).len;

	return json_unsigned(doc, value, UINT32_MAX, &edge) == 0 || (digits > 0 && digits <= 8);
}

/* Edges in the list; 0 when there is something else in it. */
static size_t count_cycle(const struct rpc_call *call, json_value list)
{
	size_t count = json_size(call->doc, list);

	if (json_type(call->doc, list) != JSON_ARRAY || count > CYCLE)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (!is_edge(call->doc, json_element(call->doc, list, i)))
			return 0;
	return count;
}

/* So short a job is another's as well, unless a target was set before. */
static enum proof aeternity_notify(const struct rpc_call *call, struct stratum_state *state,
				   struct finding *finding)
{
	static const enum stratum_field plain[] = { FIELD_ID, FIELD_HEX64, FIELD_BOOL };
	static const enum stratum_field versioned[] = { FIELD_ID, FIELD_UINT, FIELD_HEX64,
							FIELD_BOOL };
	enum proof proof = stratum_verdict(call, plain, 3, 3);

	(void)finding;
	if (proof == PROOF_NONE)
		proof = stratum_verdict(call, versioned, 4, 4);
	if (proof != PROOF_CONFIRMED)
		return proof;
	return state->target_work > 0 || stratum_is(state, &stratum_branch_aeternity)
		       ? PROOF_CONFIRMED
		       : PROOF_LIKELY;
}

static enum proof aeternity_submit(const struct rpc_call *call, struct stratum_state *state,
				   struct finding *finding)
{
	static const enum stratum_field fields[SHARE_FIELDS] = { FIELD_TEXT, FIELD_ID, FIELD_HEX,
								 FIELD_ANY };
	json_value list = stratum_param(call, 3);
	size_t edges = count_cycle(call, list);

	if (stratum_match(call, fields, SHARE_FIELDS) != SHARE_FIELDS ||
	    json_size(call->doc, call->params) != SHARE_FIELDS ||
	    json_hex(call->doc, stratum_param(call, 2)).len > NONCE_DIGITS ||
	    edges < (call->doc->is_cut ? CYCLE_LEAST : CYCLE))
		return PROOF_NONE;
	stratum_identity(call, state, finding, stratum_param(call, 0));
	/* one nonce may hold several cycles */
	finding->nonce = rpc_hash_hex(finding->job, json_hex(call->doc, stratum_param(call, 2)));
	for (size_t i = 0; i < CYCLE_LEAST; i++) {
		uint64_t edge = json_id(call->doc, json_element(call->doc, list, i));

		finding->nonce = rpc_hash_hex(finding->nonce, slice_of(&edge, sizeof(edge)));
	}
	return edges == CYCLE ? PROOF_CONFIRMED : PROOF_LIKELY;
}

const struct stratum_branch stratum_branch_aeternity = {
	.name = "aeternity",
	.algo = "cuckoo",
	.coin = "AE",
	.unit = "Sol/s",
	.notify = aeternity_notify,
	.submit = aeternity_submit,
};
