/* ethproxy.c: eth-proxy, the Ethash dialect with the method names of Ethereum nodes, by line.
 *
 *   C> {"worker":"eth1.0","jsonrpc":"2.0","params":["0xWALLET/rig/mail","x"],"id":2,
 *       "method":"eth_submitLogin"}
 *   C> {"worker":"","jsonrpc":"2.0","params":[],"id":3,"method":"eth_getWork"}
 *   S> {"jsonrpc":"2.0","id":0,"result":["0x64h header","0x64h seed","0x64h target","0xheight"]}
 *   C> {"id":4,"method":"eth_submitWork","params":["0x16h nonce","0x64h header","0x64h mix"],
 *       "worker":"rig"}
 *   C> {"id":6,"jsonrpc":"2.0","method":"eth_submitHashrate","params":["0xH/s","0x64h rig id"]}
 *
 *   S> {"id":999,"jsonrpc":"2.0","result":null,"error":{"code":-1,"message":"Invalid login"}}
 *
 * A push of work looks like a reply: it has the id 0 and no method. Two pushes with the same seed
 * are proof by themselves. The id 999 is no request's: some pools refuse a login under it. All
 * other eth_ methods are those of wallets: not ours. */
#include "protocols/rpc.h"
#include "protocols/target.h"

#define RATE_MAX       1e17 /* H/s; the whole Ethereum network was 1e15 */
#define REFUSAL_OF_ALL 999  /* the id of pools that refuse a login, whatever its own */

struct ethproxy_state {
	uint64_t seed;  /* hash of the seed of the last work that nobody asked for */
	uint64_t login; /* request of a login that was not answered yet; 0: none */
	bool is_likely; /* work was heard that hardly anybody else hands out */
	bool is_seen;   /* a method of ours was heard, or the same seed twice */
	bool is_zano;   /* a wallet of the one coin that speaks this and is hashed otherwise */
};

static struct slice algo_of(const struct ethproxy_state *state)
{
	return slice_str(state->is_zano ? "progpowz" : "ethash");
}

static json_value param(const struct rpc_call *call, size_t index)
{
	return json_element(call->doc, call->params, index);
}

static struct finding new_finding(const struct rpc_call *call, const struct rpc_method *row,
				  enum proof proof)
{
	struct ethproxy_state *state = call->state;
	struct finding finding = rpc_finding(call, row->kind, row->sender, proof);

	state->is_seen = true;
	finding.wants_reply = call->id != 0;
	return finding;
}

/* The name outside params: a rig, or the program when it is eth-proxy itself. */
static void fill_worker(const struct rpc_call *call, struct finding *finding, char *text,
			size_t size)
{
	struct slice name =
		json_text(call->doc, json_member(call->doc, call->object, "worker"), text, size);

	if (slice_is(name, "eth1.0"))
		finding->agent = name;
	else if (finding->worker.len == 0)
		finding->worker = name;
}

static bool handle_login(struct rpc_call *call, const struct rpc_method *row)
{
	char login[LIMIT_TEXT_BYTES];
	char worker[LIMIT_TEXT_BYTES];
	char secret[2];
	struct ethproxy_state *state = call->state;
	struct finding finding = new_finding(call, row, PROOF_LIKELY);

	state->login = call->id;
	finding.reply_confirms = true;
	finding.has_password = json_text(call->doc, param(call, 1), secret, sizeof(secret)).len > 0;
	finding.login = json_text(call->doc, param(call, 0), login, sizeof(login));
	finding.wallet = wallet_parse(finding.login);
	if (finding.wallet.coin != NULL)
		state->is_zano = strcmp(finding.wallet.coin, "ZANO") == 0;
	finding.worker = finding.wallet.worker;
	finding.email = finding.wallet.email;
	fill_worker(call, &finding, worker, sizeof(worker));
	rpc_emit(call, &finding);
	return true;
}

static bool handle_get_work(struct rpc_call *call, const struct rpc_method *row)
{
	char worker[LIMIT_TEXT_BYTES];
	struct finding finding = new_finding(call, row, PROOF_LIKELY);

	fill_worker(call, &finding, worker, sizeof(worker));
	rpc_emit(call, &finding);
	return true;
}

static bool handle_submit_work(struct rpc_call *call, const struct rpc_method *row)
{
	char worker[LIMIT_TEXT_BYTES];
	bool is_exact = rpc_is_0x(call->doc, param(call, 0), 16) &&
			rpc_is_0x(call->doc, param(call, 1), 64) &&
			rpc_is_0x(call->doc, param(call, 2), 64);
	struct finding finding = new_finding(call, row, is_exact ? PROOF_CONFIRMED : PROOF_LIKELY);
	struct slice header = json_hex(call->doc, param(call, 1));

	finding.job = header.len == 0 ? 0 : rpc_hash_hex(0, header);
	if (finding.job != 0)
		finding.nonce = rpc_hash_hex(finding.job, json_hex(call->doc, param(call, 0)));
	finding.algo = algo_of(call->state);
	fill_worker(call, &finding, worker, sizeof(worker));
	rpc_emit(call, &finding);
	return true;
}

static bool handle_submit_hashrate(struct rpc_call *call, const struct rpc_method *row)
{
	char worker[LIMIT_TEXT_BYTES];
	struct finding finding = new_finding(call, row, PROOF_LIKELY);
	struct slice rig = json_hex(call->doc, param(call, 1));

	finding.rate = rpc_hex_number(json_hex(call->doc, param(call, 0)));
	if (finding.rate <= 0 || finding.rate > RATE_MAX) {
		finding.kind = FINDING_REQUEST;
		finding.rate = 0;
	}
	/* The id is drawn anew at each start of a miner: a key of the instance, not a name. */
	finding.nonce = rig.len == 0 ? 0 : rpc_hash_hex(0, rig);
	fill_worker(call, &finding, worker, sizeof(worker));
	rpc_emit(call, &finding);
	return true;
}

static const struct rpc_method methods[] = {
	{ "eth_submitWork", SENDER_MINER, FINDING_SHARE, handle_submit_work },
	{ "eth_getWork", SENDER_MINER, FINDING_REQUEST, handle_get_work },
	{ "eth_submitHashrate", SENDER_MINER, FINDING_CLAIMED_RATE, handle_submit_hashrate },
	{ "eth_submitLogin", SENDER_MINER, FINDING_LOGIN, handle_login },
	{ "eth_login", SENDER_MINER, FINDING_LOGIN, handle_login },
};

#define METHOD_COUNT (sizeof(methods) / sizeof(methods[0]))

/* [header, seed, target] and perhaps a height; targets of any real pool begin with zeros. */
static bool is_work(const struct rpc_call *call)
{
	const struct json *doc = call->doc;
	json_value list = call->result;
	size_t count = json_size(doc, list);

	return json_type(doc, list) == JSON_ARRAY && (count == 3 || count == 4) &&
	       rpc_is_0x(doc, json_element(doc, list, 0), 64) &&
	       rpc_is_0x(doc, json_element(doc, list, 1), 64) &&
	       rpc_is_0x(doc, json_element(doc, list, 2), 64) &&
	       slice_starts(json_hex(doc, json_element(doc, list, 2)), "0000") &&
	       (count == 3 || json_hex(doc, json_element(doc, list, 3)).len > 0);
}

static bool report_work(const struct rpc_call *call)
{
	struct ethproxy_state *state = call->state;
	uint64_t seed =
		rpc_hash_hex(0, json_hex(call->doc, json_element(call->doc, call->result, 1)));
	struct finding finding = rpc_finding(call, FINDING_JOB, SENDER_POOL, PROOF_NONE);

	state->is_seen = state->is_seen || state->seed == seed;
	state->seed = seed;
	/* Three hashes may be anybody's, but not one with 24 leading zero bits. */
	if (state->is_seen)
		finding.proof = PROOF_CONFIRMED;
	else if (slice_starts(json_hex(call->doc, json_element(call->doc, call->result, 2)),
			      "000000"))
		finding.proof = PROOF_LIKELY;
	state->is_likely = state->is_likely || finding.proof >= PROOF_LIKELY;
	finding.request = 0;
	finding.job =
		rpc_hash_hex(0, json_hex(call->doc, json_element(call->doc, call->result, 0)));
	finding.work =
		target_work_be256(json_hex(call->doc, json_element(call->doc, call->result, 2)));
	finding.difficulty = finding.work; /* this family counts difficulty in hashes */
	finding.algo = algo_of(state);
	rpc_emit(call, &finding);
	return true;
}

/* Gives a refusal that names no request to the login that waits for it. */
static void find_request(struct rpc_call *call)
{
	struct ethproxy_state *state = call->state;
	struct rpc_reply reply;
	uint64_t id;

	if (call->id != 0 && call->id == state->login)
		state->login = 0;
	if (state->login == 0 || !rpc_reply_read(call, &reply) || reply.is_ok ||
	    json_unsigned(call->doc, json_member(call->doc, call->object, "id"), REFUSAL_OF_ALL,
			  &id) != 0 ||
	    id != REFUSAL_OF_ALL)
		return;
	call->id = state->login;
	state->login = 0;
}

static bool handle_reply(struct rpc_call *call)
{
	struct ethproxy_state *state = call->state;
	uint64_t id;

	if (is_work(call)) {
		state->login = 0; /* who gets work was let in */
		/* The id 0 is a push's: nobody waits for it. */
		if (state->is_seen &&
		    json_unsigned(call->doc, json_member(call->doc, call->object, "id"), 0, &id))
			rpc_reply_emit(call, PROOF_NONE);
		return report_work(call);
	}
	if (!(state->is_seen || state->is_likely) ||
	    json_type(call->doc, call->result) == JSON_OBJECT)
		return false;
	find_request(call);
	return rpc_reply_emit(call, PROOF_NONE);
}

static bool handle_call(struct rpc_call *call)
{
	if (call->is_reply)
		return handle_reply(call);
	const struct rpc_method *row = rpc_method_find(methods, METHOD_COUNT, call->method, true);

	return row != NULL && row->handle(call, row);
}

/* In HTTP it is ethgetwork.c's, even when this dialect was spoken last: a hole may take the head of
 * one message and leave that of the next. */
static bool ethproxy_decode(void *state, struct message *msg, const struct finding_out *out)
{
	return msg->http == NULL && rpc_decode(state, msg, out, handle_call);
}

static enum probe_result ethproxy_probe(struct slice first, enum direction dir)
{
	return rpc_probe(first, dir, &dialect_ethproxy);
}

_Static_assert(sizeof(struct ethproxy_state) <= DIALECT_STATE_MAX, "state is too large");

const struct dialect dialect_ethproxy = {
	.name = "ethproxy",
	.state_size = sizeof(struct ethproxy_state),
	.max_message = LIMIT_MESSAGE_BYTES,
	.probe = ethproxy_probe,
	.frame = rpc_frame,
	.decode = ethproxy_decode,
};
