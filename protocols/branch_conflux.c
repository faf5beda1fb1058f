/* branch_conflux.c: Conflux's Octopus, as its node and as pools speak it.
 *
 *   C> subscribe [worker, secret 64h or ""]    S> {"result":"true"}      a node: no authorize
 *      subscribe [wallet.worker, password]                               some pools
 *   job    [job, 0x64h, boundary 0x..]                                   of a node
 *          [job, height, 0x64h, boundary 0x..], "xn" beside params       of a pool
 *   share  [worker, job, nonce 0x.., hash 0x64h]
 *   S> {"result":["true"]}    {"result":["false","why"]}                 as texts
 *
 * The boundary is the target, without leading zeros. */
#include "protocols/stratum_branch.h"

#define HASH_DIGITS 64
#define VERDICT     8 /* room for "false" */

static bool is_0x(const struct rpc_call *call, json_value value)
{
	return rpc_starts(json_raw(call->doc, value), "0x");
}

static enum proof conflux_notify(const struct rpc_call *call, struct stratum_state *state,
				 struct finding *finding)
{
	static const enum stratum_field node[] = { FIELD_ID, FIELD_0X64, FIELD_HEX };
	static const enum stratum_field pool[] = { FIELD_ID, FIELD_UINT, FIELD_0X64, FIELD_HEX };
	enum proof proof = stratum_verdict(call, node, 3, 3);
	size_t last = 2;

	(void)state;
	if (proof == PROOF_NONE) {
		proof = stratum_verdict(call, pool, 4, 3);
		last = 3;
	}
	double work = stratum_target(call, stratum_param(call, last));

	if (proof == PROOF_CONFIRMED && (work <= 0 || !is_0x(call, stratum_param(call, last))))
		return PROOF_NONE;
	if (work > 0)
		finding->work = work;
	/* the beginning of a longer one looks like a node's */
	return last == 2 && call->doc->is_cut && proof != PROOF_NONE ? PROOF_LIKELY : proof;
}

static enum proof conflux_submit(const struct rpc_call *call, struct stratum_state *state,
				 struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_TEXT, FIELD_ID, FIELD_HEX, FIELD_0X64 };
	enum proof proof = stratum_verdict(call, fields, 4, 3);
	json_value nonce = stratum_param(call, 2);

	if (proof == PROOF_NONE || !is_0x(call, nonce) ||
	    json_hex(call->doc, nonce).len > HASH_DIGITS)
		return PROOF_NONE;
	stratum_identity(call, state, finding, stratum_param(call, 0));
	finding->nonce = rpc_hash_hex(finding->job, json_hex(call->doc, nonce));
	/* KawPow's share begins like this */
	return call->doc->is_cut && !stratum_is(state, &stratum_branch_conflux) ? PROOF_LIKELY
										: proof;
}

/* Two texts, a name and a secret: others have a program in the first place. */
static bool read_subscribe(struct rpc_call *call, struct stratum_state *state)
{
	const struct json *doc = call->doc;
	json_value secret = stratum_param(call, 1);
	struct slice name = json_raw(doc, stratum_param(call, 0));
	bool is_secret = rpc_is_hex(doc, secret, HASH_DIGITS);
	bool is_empty = json_type(doc, secret) == JSON_STRING && json_raw(doc, secret).len == 0;

	if (json_size(doc, call->params) != 2 || name.len == 0 || !(is_secret || is_empty) ||
	    json_type(doc, stratum_param(call, 0)) != JSON_STRING ||
	    slice_find(name, '/') < name.len || slice_find(name, ' ') < name.len)
		return false;
	(void)stratum_see(call, SENDER_MINER);
	if (is_secret && state->branch == 0)
		stratum_hint(state, &stratum_branch_conflux);
	struct finding finding = rpc_finding(call, FINDING_LOGIN, SENDER_MINER, PROOF_LIKELY);
	finding.wants_reply = true;
	finding.reply_confirms = true;
	finding.has_password = is_secret;
	stratum_identity(call, state, &finding, stratum_param(call, 0));
	stratum_emit(call, &finding);
	return true;
}

/* The verdict is a text, alone or the first of a list with the reason behind it. */
static bool read_verdict(struct rpc_call *call, struct stratum_state *state)
{
	const struct json *doc = call->doc;
	bool is_list = json_type(doc, call->result) == JSON_ARRAY;
	json_value value = is_list ? json_element(doc, call->result, 0) : call->result;
	bool is_true = json_is(doc, value, "true");

	if (!state->is_seen || (!is_true && !json_is(doc, value, "false")))
		return false;
	(void)stratum_see(call, SENDER_POOL);
	if (is_list && state->branch == 0)
		stratum_hint(state, &stratum_branch_conflux);
	struct rpc_reply reply;
	struct finding finding = rpc_finding(call, FINDING_REPLY, SENDER_POOL, PROOF_NONE);

	finding.reply_to = is_list ? REPLY_TO_SHARE : REPLY_TO_LOGIN_OR_SHARE;
	finding.is_ok = is_true && rpc_reply_read(call, &reply) && reply.is_ok;
	if (!finding.is_ok) {
		finding.reason = json_text(doc, json_element(doc, call->result, 1), call->text->tag,
					   sizeof(call->text->tag));
		finding.is_stale = rpc_contains(finding.reason, "stale") ||
				   rpc_contains(finding.reason, "job");
	}
	stratum_emit(call, &finding);
	return true;
}

static bool conflux_call(struct rpc_call *call, struct stratum_state *state)
{
	if (call->is_reply)
		return read_verdict(call, state);
	return rpc_equals(call->method, "mining.subscribe") && read_subscribe(call, state);
}

const struct stratum_branch stratum_branch_conflux = {
	.name = "conflux",
	.algo = "octopus",
	.coin = "CFX",
	.notify = conflux_notify,
	.submit = conflux_submit,
	.call = conflux_call,
};
