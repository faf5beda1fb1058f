/* branch_ethstratum2.c: EthereumStratum/2.0.0. All numbers are hex without 0x and leading zeros.
 *
 *   C> mining.hello {"agent":.., "host":.., "port":"115c", "proto":"EthereumStratum/2.0.0"}
 *   S> {"result":{"proto":"EthereumStratum/2.0.0", "encoding":.., "timeout":"b4", ..}}
 *   C> mining.subscribe    S> "session"       C> mining.authorize [user, password]   S> "token"
 *   S> mining.set {"epoch":.., "target":.., "algo":.., "extranonce":..}     what has changed
 *   job    [job, block number, header hash, "0" or "1"]
 *   share  [job, nonce, token]
 *   C> mining.hashrate [rate, token]       S> mining.hashrate {"interval":60, "hr":.., ..}
 *
 * An answer without an error is a yes: {"id":40}; so is an error of 200 to 299. */
#include "protocols/stratum_branch.h"

#define LITERAL       "EthereumStratum/2"
#define NONCE_DIGITS  16
#define JOB_DIGITS    16
#define NUMBER_DIGITS 12
#define HEADER_LEAST  56   /* digits, without leading zeros */
#define RATE_MAX      1e17 /* H/s; the whole Ethereum network was 1e15 */

static json_value member(const struct rpc_call *call, const char *name)
{
	return json_member(call->doc, call->params, name);
}

static bool is_literal(const struct rpc_call *call, json_value value)
{
	char text[32];

	return rpc_starts(json_text(call->doc, value, text, sizeof(text)), LITERAL);
}

static enum proof ethstratum2_notify(const struct rpc_call *call, struct stratum_state *state,
				     struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_ID, FIELD_HEX, FIELD_HEX, FIELD_TEXT };
	enum proof proof = stratum_verdict(call, fields, 4, 3);
	struct slice number = json_hex(call->doc, stratum_param(call, 1));
	struct slice header = json_hex(call->doc, stratum_param(call, 2));
	struct slice clean = json_raw(call->doc, stratum_param(call, 3));

	(void)state;
	(void)finding;
	if (proof == PROOF_NONE || number.len > NUMBER_DIGITS || header.len < HEADER_LEAST ||
	    header.len > 64 || (clean.len > 0 && !slice_is(clean, "0") && !slice_is(clean, "1")))
		return PROOF_NONE;
	return proof;
}

static enum proof ethstratum2_submit(const struct rpc_call *call, struct stratum_state *state,
				     struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_ID, FIELD_HEX, FIELD_TEXT };
	enum proof proof = stratum_verdict(call, fields, 3, 2);
	struct slice name = json_raw(call->doc, stratum_param(call, 0));
	size_t digits = json_hex(call->doc, stratum_param(call, 0)).len;
	struct slice nonce = json_hex(call->doc, stratum_param(call, 1));
	bool is_ours = stratum_is(state, &stratum_branch_ethstratum2);

	if (proof == PROOF_NONE || nonce.len > NONCE_DIGITS)
		return PROOF_NONE;
	/* a user and a job begin the shares of others */
	if (!is_ours && (digits == 0 || digits > JOB_DIGITS ||
			 (state->login != 0 && state->login == slice_hash(name))))
		return PROOF_NONE;
	finding->job = json_id(call->doc, stratum_param(call, 0));
	finding->nonce = rpc_hash_hex(finding->job, nonce);
	return is_ours ? proof : PROOF_LIKELY;
}

static void read_hello(struct rpc_call *call, struct stratum_state *state)
{
	char pool[RPC_POOL_BYTES];
	double port = rpc_hex_number(json_hex(call->doc, member(call, "port")));
	bool is_ours = is_literal(call, member(call, "proto"));
	struct finding finding = rpc_finding(call, FINDING_SUBSCRIBE, SENDER_MINER, PROOF_LIKELY);

	(void)stratum_see(call, SENDER_MINER);
	if (is_ours)
		stratum_prove(state, &stratum_branch_ethstratum2);
	finding.wants_reply = true;
	finding.reply_confirms = true;
	finding.agent = json_text(call->doc, member(call, "agent"), call->text->login,
				  sizeof(call->text->login));
	finding.pool = rpc_pool_port(json_text(call->doc, member(call, "host"), call->text->tag,
					       sizeof(call->text->tag)),
				     port <= UINT16_MAX ? (unsigned)port : 0, pool);
	stratum_emit(call, &finding);
}

/* False: none of its members is there. */
static bool read_set(struct rpc_call *call, struct stratum_state *state)
{
	double work = stratum_target(call, member(call, "target"));
	struct slice algo = json_text(call->doc, member(call, "algo"), call->text->tag,
				      sizeof(call->text->tag));
	struct finding finding = rpc_finding(call, work > 0 ? FINDING_DIFFICULTY : FINDING_REQUEST,
					     SENDER_POOL, PROOF_CONFIRMED);

	if (work <= 0 && algo.len == 0 && json_hex(call->doc, member(call, "epoch")).len == 0 &&
	    json_hex(call->doc, member(call, "extranonce")).len == 0)
		return false;
	(void)stratum_see(call, SENDER_POOL);
	stratum_prove(state, &stratum_branch_ethstratum2);
	if (work > 0) {
		state->target_work = work;
		state->difficulty = 0;
	}
	finding.request = 0;
	finding.work = work;
	finding.algo = algo;
	stratum_emit(call, &finding);
	return true;
}

/* The token behind the miner's rate is there, or was cut off in a flow that is ours. */
static bool has_token(const struct rpc_call *call, const struct stratum_state *state)
{
	enum json_type type = json_type(call->doc, stratum_param(call, 1));

	return type == JSON_STRING || (type == JSON_NONE && call->doc->is_cut &&
				       stratum_is(state, &stratum_branch_ethstratum2));
}

/* Said by the miner, as a list, or of it by the pool, as an object. */
static bool read_hashrate(struct rpc_call *call, const struct stratum_state *state)
{
	bool is_pool = json_type(call->doc, call->params) == JSON_OBJECT;
	json_value value = is_pool ? member(call, "hr") : stratum_param(call, 0);
	double rate = rpc_hex_number(json_hex(call->doc, value));
	struct finding finding = rpc_finding(call, FINDING_CLAIMED_RATE,
					     is_pool ? SENDER_POOL : SENDER_MINER, PROOF_LIKELY);

	/* other coins have the word too: a hex number and a token are ours */
	if (rate <= 0 || rate > RATE_MAX || (!is_pool && !has_token(call, state)))
		return false;
	(void)stratum_see(call, finding.sender);
	finding.rate = rate;
	finding.wants_reply = !is_pool && call->id != 0;
	if (!finding.wants_reply)
		finding.request = 0;
	stratum_emit(call, &finding);
	return true;
}

static bool read_reconnect(struct rpc_call *call)
{
	char pool[RPC_POOL_BYTES];
	double port = rpc_hex_number(json_hex(call->doc, member(call, "port")));
	struct finding finding = rpc_finding(call, FINDING_RECONNECT, SENDER_POOL, PROOF_LIKELY);

	if (json_type(call->doc, call->params) != JSON_OBJECT)
		return false;
	(void)stratum_see(call, SENDER_POOL);
	finding.request = 0;
	finding.pool = rpc_pool_port(json_text(call->doc, member(call, "host"), call->text->tag,
					       sizeof(call->text->tag)),
				     port <= UINT16_MAX ? (unsigned)port : 0, pool);
	stratum_emit(call, &finding);
	return true;
}

/* Nothing but an id: nobody else answers so, even before a push has named the branch. */
static bool is_bare(const struct rpc_call *call, const struct stratum_state *state)
{
	return state->is_seen && state->branch == 0 && call->result == JSON_ABSENT &&
	       call->error == JSON_ABSENT;
}

/* An answer of a proven flow: no error, or one that says yes. */
static bool read_reply(struct rpc_call *call, struct stratum_state *state)
{
	double code = 0;
	bool has_error = json_size(call->doc, call->error) > 0;
	struct finding finding = rpc_finding(call, FINDING_REPLY, SENDER_POOL, PROOF_NONE);

	if (is_literal(call, json_member(call->doc, call->result, "proto"))) {
		(void)stratum_see(call, SENDER_POOL);
		stratum_prove(state, &stratum_branch_ethstratum2);
		return stratum_reply(call, PROOF_CONFIRMED, &stratum_branch_ethstratum2);
	}
	if (!(stratum_is(state, &stratum_branch_ethstratum2) || is_bare(call, state)) ||
	    call->id == 0 || call->doc->is_cut)
		return false;
	if (has_error) {
		json_value value = json_type(call->doc, call->error) == JSON_OBJECT
					   ? json_member(call->doc, call->error, "code")
					   : json_element(call->doc, call->error, 0);

		(void)json_number(call->doc, value, &code);
	}
	if (has_error ? code < 200 || code > 299
		      : json_type(call->doc, call->result) != JSON_NONE &&
				json_type(call->doc, call->result) != JSON_NULL)
		return false;
	finding.is_ok = true;
	stratum_emit(call, &finding);
	return true;
}

static bool ethstratum2_call(struct rpc_call *call, struct stratum_state *state)
{
	if (call->is_reply)
		return read_reply(call, state);
	if (rpc_equals(call->method, "mining.hello") &&
	    json_type(call->doc, call->params) == JSON_OBJECT) {
		read_hello(call, state);
		return true;
	}
	if (rpc_equals(call->method, "mining.set"))
		return read_set(call, state);
	if (rpc_equals(call->method, "mining.hashrate"))
		return read_hashrate(call, state);
	return rpc_equals(call->method, "mining.reconnect") && read_reconnect(call);
}

const struct stratum_branch stratum_branch_ethstratum2 = {
	.name = "ethstratum-2",
	.algo = "ethash",
	.notify = ethstratum2_notify,
	.submit = ethstratum2_submit,
	.call = ethstratum2_call,
};
