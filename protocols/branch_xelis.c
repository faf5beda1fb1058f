/* branch_xelis.c: Xelis.
 *
 *   C> subscribe [agent, ["xel/v2"]]
 *   S> {"result":[session, extranonce hex, size, public key 64h]}
 *   C> authorize [wallet, worker, password]
 *   job    [job, timestamp hex, work hash 64h, "xel/v2", clean bool]     the name may miss
 *   share  [user, job, nonce hex]    or a timestamp before the nonce
 *
 * A difficulty counts hashes, as the chain's own does. */
#include "protocols/stratum_branch.h"

#define ALGO_PREFIX  "xel"
#define TIME_DIGITS  16
#define NONCE_DIGITS 20 /* 8 bytes, and what a relay keeps for itself */
#define EXTRANONCE   64

static bool is_named(const struct rpc_call *call, json_value value)
{
	char text[16];

	return rpc_starts(json_text(call->doc, value, text, sizeof(text)), ALGO_PREFIX);
}

static enum proof xelis_notify(const struct rpc_call *call, struct stratum_state *state,
			       struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_ID, FIELD_HEX, FIELD_HEX64, FIELD_TEXT,
						     FIELD_BOOL };
	static const enum stratum_field plain[] = { FIELD_ID, FIELD_HEX, FIELD_HEX64, FIELD_BOOL };
	enum proof proof = stratum_verdict(call, fields, 5, 4);
	json_value name = stratum_param(call, 3);

	if (json_hex(call->doc, stratum_param(call, 1)).len > TIME_DIGITS)
		return PROOF_NONE;
	if (proof != PROOF_NONE && !is_named(call, name))
		return PROOF_NONE;
	if (proof != PROOF_NONE) {
		finding->algo = json_raw(call->doc, name);
		return proof;
	}
	proof = stratum_verdict(call, plain, 4, 3);
	if (call->doc->is_cut) /* the name may be in what was lost */
		finding->algo = slice_of(NULL, 0);
	return stratum_is(state, &stratum_branch_xelis) || proof == PROOF_NONE ? proof
									       : PROOF_LIKELY;
}

static enum proof xelis_submit(const struct rpc_call *call, struct stratum_state *state,
			       struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_TEXT, FIELD_ID, FIELD_HEX };
	static const enum stratum_field timed[] = { FIELD_TEXT, FIELD_ID, FIELD_HEX, FIELD_HEX };
	enum proof proof = stratum_verdict(call, fields, 3, 3);
	size_t last = 2;

	if (proof == PROOF_NONE) {
		proof = stratum_verdict(call, timed, 4, 4);
		last = 3;
	}
	json_value nonce = stratum_param(call, last);

	if (proof == PROOF_NONE || json_hex(call->doc, nonce).len > NONCE_DIGITS ||
	    rpc_starts(json_raw(call->doc, nonce), "0x"))
		return PROOF_NONE;
	stratum_identity(call, state, finding, stratum_param(call, 0));
	/* The first field may be the worker alone. */
	if (finding->wallet.check == WALLET_NONE) {
		finding->worker = finding->login;
		finding->login = slice_of(NULL, 0);
		finding->wallet = (struct wallet){ .check = WALLET_NONE };
	}
	finding->nonce = stratum_share_hash(call, finding->job, 2);
	return stratum_is(state, &stratum_branch_xelis) ? proof : PROOF_LIKELY;
}

/* Three texts, where others have a user and a password. */
static bool read_authorize(struct rpc_call *call, struct stratum_state *state)
{
	static const enum stratum_field fields[] = { FIELD_TEXT, FIELD_TEXT, FIELD_TEXT };

	if (json_size(call->doc, call->params) != 3 || stratum_match(call, fields, 3) != 3)
		return false;
	struct finding finding = rpc_finding(call, FINDING_LOGIN, SENDER_MINER, PROOF_LIKELY);

	stratum_identity(call, state, &finding, stratum_param(call, 0));
	if (!stratum_is(state, &stratum_branch_xelis))
		return false;
	(void)stratum_see(call, SENDER_MINER);
	finding.dialect = stratum_branch_xelis.name;
	finding.wants_reply = true;
	finding.reply_confirms = true;
	finding.has_password = json_raw(call->doc, stratum_param(call, 2)).len > 0;
	struct slice worker = json_text(call->doc, stratum_param(call, 1), call->text->worker,
					sizeof(call->text->worker));
	if (worker.len > 0)
		finding.worker = worker;
	stratum_emit(call, &finding);
	return true;
}

/* [session, extranonce, size, public key] */
static bool is_welcome(const struct rpc_call *call)
{
	const struct json *doc = call->doc;
	uint64_t size;

	return json_size(doc, call->result) == 4 &&
	       json_type(doc, json_element(doc, call->result, 0)) == JSON_STRING &&
	       json_hex(doc, json_element(doc, call->result, 1)).len <= EXTRANONCE &&
	       json_unsigned(doc, json_element(doc, call->result, 2), EXTRANONCE / 2, &size) == 0 &&
	       rpc_is_hex(doc, json_element(doc, call->result, 3), 64);
}

static bool xelis_call(struct rpc_call *call, struct stratum_state *state)
{
	if (call->is_reply) {
		if (!is_welcome(call))
			return false;
		(void)stratum_see(call, SENDER_POOL);
		stratum_hint(state, &stratum_branch_xelis);
		return stratum_reply(call, PROOF_CONFIRMED, &stratum_branch_xelis);
	}
	if (rpc_equals(call->method, "mining.subscribe") &&
	    is_named(call, json_element(call->doc, stratum_param(call, 1), 0))) {
		stratum_hint(state, &stratum_branch_xelis);
		stratum_subscribe(call, PROOF_LIKELY, &stratum_branch_xelis);
		return true;
	}
	return rpc_starts(call->method, "mining.auth") && read_authorize(call, state);
}

const struct stratum_branch stratum_branch_xelis = {
	.name = "xelis",
	.algo = "xelishash",
	.coin = "XEL",
	.unit_work = 1,
	.notify = xelis_notify,
	.submit = xelis_submit,
	.call = xelis_call,
};
