/* branch_alephium.c: Alephium. The chain is woven of groups, and a job is one of many at a time.
 *
 *   S> set_difficulty [number], before anybody asks
 *   S> {"method":"mining.notify","params":[{"jobId":.., "fromGroup":0, "toGroup":1,
 * "headerBlob":hex, "txsBlob":hex, "height":n, "targetBlob":hex}, ..]} C>
 * {"method":"mining.submit","params":{"jobId":.., "fromGroup":0, "toGroup":1, "nonce":48h,
 *       "worker":user}}
 *   S> {"method":"mining.submit_result","result":true,"error":null}
 *
 * targetBlob is that of a block; the target of a share is the difficulty: 30 zero bits and one of
 * 16 pairs of groups for a difficulty of 1. */
#include "protocols/stratum_branch.h"

#define GROUPS       64 /* there are 4 */
#define NONCE_DIGITS 48
#define BLOB_LEAST   64   /* digits of a header: it holds hashes */
#define RATE_MAX     1e18 /* H/s; the whole network is below 1e17 */

static bool is_group(const struct json *doc, json_value value)
{
	uint64_t group;

	return json_unsigned(doc, value, GROUPS, &group) == 0;
}

/* The fields of one job, or of what a cut left of one. */
static bool is_job(const struct rpc_call *call, json_value job)
{
	const struct json *doc = call->doc;

	return json_type(doc, job) == JSON_OBJECT &&
	       stratum_field_fits(doc, json_member(doc, job, "jobId"), FIELD_ID) &&
	       is_group(doc, json_member(doc, job, "fromGroup")) &&
	       is_group(doc, json_member(doc, job, "toGroup")) &&
	       json_hex(doc, json_member(doc, job, "headerBlob")).len >= BLOB_LEAST;
}

static bool read_jobs(struct rpc_call *call)
{
	const struct json *doc = call->doc;
	size_t count = json_size(doc, call->params);

	if (json_type(doc, call->params) != JSON_ARRAY ||
	    !is_job(call, json_element(doc, call->params, 0)))
		return false;
	for (size_t i = 0; i < count; i++) {
		json_value job = json_element(doc, call->params, i);

		if (!is_job(call, job))
			continue;
		struct finding finding =
			stratum_own(call, FINDING_JOB, SENDER_POOL, &stratum_branch_alephium);

		finding.job = json_id(doc, json_member(doc, job, "jobId"));
		stratum_emit(call, &finding);
	}
	return true;
}

static bool read_share(struct rpc_call *call, struct stratum_state *state)
{
	const struct json *doc = call->doc;
	json_value params = call->params;
	json_value nonce = json_member(doc, params, "nonce");
	json_value job = json_member(doc, params, "jobId");

	if (!is_group(doc, json_member(doc, params, "fromGroup")) ||
	    !is_group(doc, json_member(doc, params, "toGroup")) ||
	    !rpc_is_hex(doc, nonce, NONCE_DIGITS))
		return false;
	struct finding finding =
		stratum_own(call, FINDING_SHARE, SENDER_MINER, &stratum_branch_alephium);

	stratum_identity(call, state, &finding, json_member(doc, params, "worker"));
	if (finding.coin == NULL)
		finding.coin = stratum_branch_alephium.coin;
	finding.job = json_id(doc, job);
	finding.nonce = rpc_hash_hex(finding.job, json_hex(doc, nonce));
	stratum_emit(call, &finding);
	return true;
}

/* The verdict repeats a method of its own. */
static bool read_result(struct rpc_call *call, struct stratum_state *state)
{
	(void)stratum_see(call, SENDER_POOL);
	if (state->branch == 0)
		stratum_hint(state, &stratum_branch_alephium);
	struct rpc_reply reply;

	if (!rpc_reply_read(call, &reply))
		return false;
	struct finding finding = rpc_reply_finding(call, &reply, PROOF_LIKELY);

	finding.reply_to = REPLY_TO_SHARE;
	stratum_emit(call, &finding);
	return true;
}

/* As a number or in hex. */
static bool read_rate(struct rpc_call *call, struct stratum_state *state)
{
	json_value value = stratum_param(call, 0);
	bool is_hex = rpc_starts(json_raw(call->doc, value), "0x");
	double rate = is_hex ? rpc_hex_number(json_hex(call->doc, value)) : 0;

	if ((!is_hex && json_number(call->doc, value, &rate) != 0) || rate <= 0 || rate > RATE_MAX)
		return false;
	(void)stratum_see(call, SENDER_MINER);
	if (state->branch == 0)
		stratum_hint(state, &stratum_branch_alephium);
	struct finding finding =
		rpc_finding(call, FINDING_CLAIMED_RATE, SENDER_MINER, PROOF_LIKELY);
	finding.rate = rate;
	finding.wants_reply = call->id != 0;
	stratum_emit(call, &finding);
	return true;
}

static bool alephium_call(struct rpc_call *call, struct stratum_state *state)
{
	if (call->is_reply)
		return rpc_equals(call->method, "mining.submit_result") && read_result(call, state);
	if (rpc_equals(call->method, "mining.notify"))
		return read_jobs(call);
	if (rpc_equals(call->method, "mining.submit"))
		return json_type(call->doc, call->params) == JSON_OBJECT && read_share(call, state);
	return rpc_equals(call->method, "alph_submitHashrate") && read_rate(call, state);
}

/* Jobs and shares are objects: call() has read them. */
static enum proof alephium_list(const struct rpc_call *call, struct stratum_state *state,
				struct finding *finding)
{
	(void)call;
	(void)state;
	(void)finding;
	return PROOF_NONE;
}

const struct stratum_branch stratum_branch_alephium = {
	.name = "alephium",
	.algo = "blake3",
	.coin = "ALPH",
	.unit_work = 0x1p34,
	.notify = alephium_list,
	.submit = alephium_list,
	.call = alephium_call,
};
