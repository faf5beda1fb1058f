/* branch_ironfish.c: Iron Fish's FishHash. What others call params is an object and called body.
 *
 *   C> mining.subscribe    {"version":3, "agent":.., "publicAddress":"64h.worker", "name":worker}
 *   S> mining.subscribed   {"clientId":n, "xn":hex}
 *   S> mining.set_target   {"target":64h}
 *   S> mining.notify       {"miningRequestId":n, "header":hex}
 *   S> mining.waitForWork
 *   C> mining.submit       {"miningRequestId":n, "randomness":16h}
 *   S> mining.submitted    {"id":of the submit, "result":bool, "message":why}
 *   S> mining.disconnect   {"reason":.., "message":..}
 */
#include "protocols/stratum_branch.h"

#define HEADER_LEAST 128 /* digits; there are 360 */
#define NONCE_DIGITS 16
#define TARGET_LEAST 40

static json_value member(const struct rpc_call *call, const char *name)
{
	return json_member(call->doc, json_member(call->doc, call->object, "body"), name);
}

static bool fits(const struct rpc_call *call, const char *name, enum stratum_field field)
{
	return stratum_field_fits(call->doc, member(call, name), field);
}

static struct finding own(const struct rpc_call *call, enum finding_kind kind, enum sender sender)
{
	return stratum_own(call, kind, sender, &stratum_branch_ironfish);
}

/* It logs in at once: who is paid is in it. */
static bool read_subscribe(struct rpc_call *call, struct stratum_state *state)
{
	if (!fits(call, "publicAddress", FIELD_TEXT))
		return false;
	struct finding finding = own(call, FINDING_LOGIN, SENDER_MINER);

	finding.proof = PROOF_LIKELY;
	stratum_identity(call, state, &finding, member(call, "publicAddress"));
	finding.coin = stratum_branch_ironfish.coin;
	finding.agent = json_text(call->doc, member(call, "agent"), call->text->tag,
				  sizeof(call->text->tag));
	if (finding.worker.len == 0)
		finding.worker = json_text(call->doc, member(call, "name"), call->text->worker,
					   sizeof(call->text->worker));
	stratum_unit_agent(&state->unit, finding.agent);
	stratum_emit(call, &finding);
	return true;
}

static bool read_plain(struct rpc_call *call)
{
	struct finding finding = own(call, FINDING_REQUEST, SENDER_POOL);

	stratum_emit(call, &finding);
	return true;
}

static bool read_target(struct rpc_call *call, struct stratum_state *state)
{
	json_value target = member(call, "target");
	double work = stratum_target(call, target);

	if (work <= 0 || json_hex(call->doc, target).len < TARGET_LEAST)
		return false;
	struct finding finding = own(call, FINDING_DIFFICULTY, SENDER_POOL);

	state->target_work = work;
	state->difficulty = 0;
	finding.work = work;
	stratum_emit(call, &finding);
	return true;
}

static bool read_job(struct rpc_call *call)
{
	if (!fits(call, "miningRequestId", FIELD_UINT) ||
	    json_hex(call->doc, member(call, "header")).len < HEADER_LEAST)
		return false;
	struct finding finding = own(call, FINDING_JOB, SENDER_POOL);

	finding.job = json_id(call->doc, member(call, "miningRequestId"));
	stratum_emit(call, &finding);
	return true;
}

static bool read_share(struct rpc_call *call)
{
	struct slice nonce = json_hex(call->doc, member(call, "randomness"));

	if (!fits(call, "miningRequestId", FIELD_UINT) || nonce.len == 0 ||
	    nonce.len > NONCE_DIGITS)
		return false;
	struct finding finding = own(call, FINDING_SHARE, SENDER_MINER);

	finding.job = json_id(call->doc, member(call, "miningRequestId"));
	finding.nonce = rpc_hash_hex(finding.job, nonce);
	stratum_emit(call, &finding);
	return true;
}

/* The id outside is the message's own. */
static bool read_verdict(struct rpc_call *call)
{
	static const char *const late[] = { "stale", "expired", "not found", "old" };
	json_value result = member(call, "result");

	if (!fits(call, "result", FIELD_BOOL) || !fits(call, "id", FIELD_ID))
		return false;
	struct finding finding = own(call, FINDING_REPLY, SENDER_POOL);

	finding.request = json_id(call->doc, member(call, "id"));
	finding.reply_to = REPLY_TO_SHARE;
	finding.is_ok = json_type(call->doc, result) == JSON_TRUE;
	if (!finding.is_ok)
		finding.reason = json_text(call->doc, member(call, "message"), call->text->tag,
					   sizeof(call->text->tag));
	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++)
		finding.is_stale = finding.is_stale || rpc_contains(finding.reason, late[i]);
	stratum_emit(call, &finding);
	return true;
}

static bool ironfish_call(struct rpc_call *call, struct stratum_state *state)
{
	struct slice word = call->method;

	if (call->is_reply || !rpc_starts(word, "mining."))
		return false;
	if (rpc_equals(word, "mining.waitForWork"))
		return read_plain(call);
	if (json_type(call->doc, json_member(call->doc, call->object, "body")) != JSON_OBJECT)
		return false;
	if (rpc_equals(word, "mining.subscribe"))
		return read_subscribe(call, state);
	if (rpc_equals(word, "mining.subscribed"))
		return fits(call, "clientId", FIELD_ID) && read_plain(call);
	if (rpc_equals(word, "mining.set_target"))
		return read_target(call, state);
	if (rpc_equals(word, "mining.notify"))
		return read_job(call);
	if (rpc_equals(word, "mining.submit"))
		return read_share(call);
	if (rpc_equals(word, "mining.submitted"))
		return read_verdict(call);
	return rpc_equals(word, "mining.disconnect") && read_plain(call);
}

/* Jobs and shares are objects: call() has read them. */
static enum proof ironfish_list(const struct rpc_call *call, struct stratum_state *state,
				struct finding *finding)
{
	(void)call;
	(void)state;
	(void)finding;
	return PROOF_NONE;
}

const struct stratum_branch stratum_branch_ironfish = {
	.name = "ironfish",
	.algo = "fishhash",
	.coin = "IRON",
	.notify = ironfish_list,
	.submit = ironfish_list,
	.call = ironfish_call,
};
