/* monerod.c: mining against the daemon of a CryptoNote coin, JSON-RPC 2.0 in HTTP.
 *
 *   C> GET /getheight, GET /getinfo                polled by XMRig
 *   C> POST /json_rpc  {"id":1,"jsonrpc":"2.0","method":"getblocktemplate","params":{
 *        "wallet_address":WALLET,"extra_nonce":16h or "reserve_size":N}}
 *   S> {"id":1,"result":{"blocktemplate_blob":hex,"blockhashing_blob":hex,"difficulty":N,
 *        "height":N,"prev_hash":64h,"seed_hash":64h,"reserved_offset":N,"status":"OK"}}
 *   C> POST /json_rpc, X-Hash-Difficulty: N
 *        {"id":2,"jsonrpc":"2.0","method":"submitblock","params":["block hex"]}
 *   S> {"id":2,"result":{"status":"OK"}}    or an error
 *   C> {"method":"get_miner_data"}          what p2pool asks for instead of a template
 *   C> POST /start_mining  {"miner_address":WALLET,"threads_count":N}   the daemon itself is to
 * mine
 *
 * Wallets call the same daemon all day: only templates, blocks and miner data are mining. A solo
 * miner submits whole blocks: the difficulty is the network's, and no rate can be told. */
#include "protocols/cnwork.h"
#include "protocols/hex.h"
#include "protocols/httpwork.h"
#include "protocols/rpc.h"
#include "protocols/target.h"

#define BLOCK_DIGITS_MIN 140
#define DIFFICULTY_MAX   1e18

/* Stands for the id of a request that has none. */
#define REQUEST_UNNAMED 0x6d6f6e64u

struct monerod_state {
	uint64_t request; /* the last of ours that was heard */
	uint64_t wallet;  /* hash of the last one reported */
	const char *coin; /* static, of the wallet */
	bool is_seen;     /* a method of ours, or its reply */
	bool is_asked;    /* a method of ours */
};

/* What the handlers of one message need. */
struct monerod_talk {
	struct monerod_state *state;
	const struct http_head *http;
};

static struct monerod_state *state_of(const struct rpc_call *call)
{
	return ((const struct monerod_talk *)call->state)->state;
}

static json_value result(const struct rpc_call *call, const char *name)
{
	return json_member(call->doc, call->result, name);
}

/* A finding of a request, which is remembered. */
static struct finding new_request(const struct rpc_call *call, const struct rpc_method *row,
				  enum proof proof)
{
	const struct monerod_talk *talk = call->state;
	struct finding finding = rpc_finding(call, row->kind, row->sender, proof);

	talk->state->is_seen = true;
	talk->state->is_asked = true;
	talk->state->request = call->id != 0 ? call->id : REQUEST_UNNAMED;
	finding.request = talk->state->request;
	finding.wants_reply = true;
	finding.coin = talk->state->coin;
	httpwork_fill(talk->http, &finding);
	return finding;
}

/* A wallet is reported as a login when it is a new one. */
static void fill_wallet(const struct rpc_call *call, struct slice address, struct finding *finding)
{
	struct monerod_state *state = state_of(call);
	uint64_t hash = slice_hash(address);

	finding->login = address;
	finding->wallet = wallet_parse(address);
	finding->worker = finding->wallet.worker;
	if (finding->wallet.check != WALLET_NONE)
		state->coin = finding->wallet.coin;
	finding->coin = state->coin;
	finding->kind = hash == state->wallet ? FINDING_REQUEST : FINDING_LOGIN;
	state->wallet = hash;
}

static bool handle_template(struct rpc_call *call, const struct rpc_method *row)
{
	char text[LIMIT_TEXT_BYTES];
	struct slice address =
		json_text(call->doc, json_member(call->doc, call->params, "wallet_address"), text,
			  sizeof(text));

	if (address.len == 0)
		return false;
	struct finding finding = new_request(call, row, PROOF_LIKELY);

	fill_wallet(call, address, &finding);
	if (finding.wallet.check != WALLET_NONE)
		finding.proof = PROOF_CONFIRMED;
	rpc_emit(call, &finding);
	return true;
}

static bool handle_submit(struct rpc_call *call, const struct rpc_method *row)
{
	const struct monerod_talk *talk = call->state;
	struct slice digits = json_hex(call->doc, json_element(call->doc, call->params, 0));

	if (digits.len < BLOCK_DIGITS_MIN || !cnwork_is_block(digits))
		return false;
	struct finding finding = new_request(call, row, PROOF_CONFIRMED);

	finding.job = rpc_hash_hex(0, cnwork_previous(digits));
	finding.nonce = rpc_hash_hex(finding.job, digits);
	if (talk->http != NULL)
		finding.difficulty =
			httpwork_number(slice_str(talk->http->hash_difficulty), DIFFICULTY_MAX);
	rpc_emit(call, &finding);
	return true;
}

static bool handle_miner_data(struct rpc_call *call, const struct rpc_method *row)
{
	struct finding finding = new_request(call, row, PROOF_LIKELY);

	rpc_emit(call, &finding);
	return true;
}

static const struct rpc_method methods[] = {
	{ "getblocktemplate", SENDER_MINER, FINDING_REQUEST, handle_template },
	{ "get_block_template", SENDER_MINER, FINDING_REQUEST, handle_template },
	{ "submitblock", SENDER_MINER, FINDING_SHARE, handle_submit },
	{ "submit_block", SENDER_MINER, FINDING_SHARE, handle_submit },
	{ "get_miner_data", SENDER_MINER, FINDING_REQUEST, handle_miner_data },
};

/* --- the daemon ----------------------------------------------------------------------------- */

/* The previous hash when the result is a template or miner data, and what that proves. */
static enum proof weigh_result(const struct rpc_call *call, struct slice *previous)
{
	struct slice block = json_hex(call->doc, result(call, "blocktemplate_blob"));
	struct slice blob = json_hex(call->doc, result(call, "blockhashing_blob"));

	if (cnwork_is_block(block) || cnwork_is_block(blob)) {
		*previous = cnwork_previous(block.len > 0 ? block : blob);
		return PROOF_CONFIRMED;
	}
	*previous = json_hex(call->doc, result(call, "prev_id"));
	if (previous->len == 64 && rpc_is_hex(call->doc, result(call, "seed_hash"), 64) &&
	    result(call, "median_weight") != JSON_ABSENT &&
	    result(call, "already_generated_coins") != JSON_ABSENT)
		return state_of(call)->is_asked ? PROOF_CONFIRMED : PROOF_LIKELY;
	return PROOF_NONE;
}

/* A number, or 0x and hex digits. */
static double read_difficulty(const struct rpc_call *call)
{
	json_value value = result(call, "difficulty");
	struct slice digits = json_hex(call->doc, value);
	double number = 0;

	if (slice_starts(json_raw(call->doc, value), "0x") && digits.len <= 16) {
		for (size_t i = 0; i < digits.len; i++)
			number = number * 16 + hex_values[digits.ptr[i]];
	} else if (json_number(call->doc, value, &number) != 0) {
		return 0;
	}
	return number > 0 && number <= DIFFICULTY_MAX ? number : 0;
}

static bool report_job(const struct rpc_call *call)
{
	struct monerod_state *state = state_of(call);
	struct slice previous;
	enum proof proof = weigh_result(call, &previous);

	if (proof == PROOF_NONE)
		return false;
	if (state->is_asked && !call->doc->is_cut)
		rpc_reply_emit(call, PROOF_NONE);
	struct finding finding = rpc_finding(call, FINDING_JOB, SENDER_POOL, proof);

	finding.request = state->is_asked && call->doc->is_cut ? call->id : 0;
	state->is_seen = true;
	finding.job = previous.len > 0 ? rpc_hash_hex(0, previous) : 0;
	finding.difficulty = read_difficulty(call);
	finding.coin = state->coin;
	if (rpc_is_hex(call->doc, result(call, "seed_hash"), 64))
		finding.algo = slice_str("randomx");
	rpc_emit(call, &finding);
	return true;
}

/* Of a reply to a wallet's call on the same connection the id is another one. With the miner's side
 * missing, a bare status is all that a submitted block gets. */
static bool report_verdict(struct rpc_call *call)
{
	const struct monerod_state *state = state_of(call);
	bool is_bare = json_type(call->doc, call->result) == JSON_OBJECT
			       ? json_size(call->doc, call->result) <= 3
			       : call->error != JSON_ABSENT;

	if (call->id == 0)
		call->id = REQUEST_UNNAMED;
	if (!state->is_seen || (state->is_asked ? call->id != state->request : !is_bare))
		return false;
	struct rpc_reply reply;

	if (!rpc_reply_read(call, &reply))
		return false;
	struct finding finding = rpc_reply_finding(call, &reply, PROOF_NONE);

	if (reply.is_ok && is_bare && result(call, "count") == JSON_ABSENT)
		finding.reply_to = REPLY_TO_SHARE;
	rpc_emit(call, &finding);
	return true;
}

static bool handle_call(struct rpc_call *call)
{
	if (call->is_reply)
		return report_job(call) || report_verdict(call);
	const struct rpc_method *row =
		rpc_method_find(methods, sizeof(methods) / sizeof(methods[0]), call->method, false);

	return row != NULL && row->handle(call, row);
}

/* --- what is not JSON-RPC ------------------------------------------------------------------- */

static bool is_polled(struct slice path)
{
	return slice_is(path, "/getheight") || slice_is(path, "/get_height") ||
	       slice_is(path, "/getinfo") || slice_is(path, "/get_info");
}

static bool read_head(const struct http_head *http, const struct finding_out *out)
{
	struct finding finding = { .kind = FINDING_IDENTITY,
				   .sender = SENDER_MINER,
				   .proof = PROOF_LIKELY };
	bool is_poll =
		is_polled(httpwork_path(http)) && rpc_starts(slice_str(http->agent), "xmrig");

	if (http->is_response || !(is_poll || http->hash_difficulty[0] != '\0'))
		return false;
	httpwork_fill(http, &finding);
	out->emit(out->ctx, &finding);
	return true;
}

/* The daemon is told to mine by itself. */
static bool read_start(struct rpc_call *call)
{
	static const struct rpc_method row = { "start_mining", SENDER_MINER, FINDING_LOGIN, NULL };
	char text[LIMIT_TEXT_BYTES];
	struct slice address =
		json_text(call->doc, json_member(call->doc, call->object, "miner_address"), text,
			  sizeof(text));

	if (wallet_parse(address).check == WALLET_NONE ||
	    json_member(call->doc, call->object, "threads_count") == JSON_ABSENT)
		return false;
	struct finding finding = new_request(call, &row, PROOF_LIKELY);

	finding.wants_reply = false;
	fill_wallet(call, address, &finding);
	finding.kind = FINDING_LOGIN;
	rpc_emit(call, &finding);
	return true;
}

static bool monerod_decode(void *state, struct message *msg, const struct finding_out *out)
{
	struct monerod_talk talk = { .state = state, .http = msg->http };

	if (httpwork_is_nothing(msg, talk.state->is_seen))
		return false;
	if (httpwork_is_head(msg))
		return read_head(msg->http, out);
	if (msg->http != NULL && !msg->http->is_response &&
	    slice_is(httpwork_path(msg->http), "/start_mining")) {
		const struct json *doc = message_json(msg);
		struct rpc_call call = { .doc = doc, .out = out, .state = &talk, .dir = msg->dir };

		call.object = doc == NULL ? JSON_ABSENT : json_root(doc);
		return doc != NULL && read_start(&call);
	}
	return rpc_decode(&talk, msg, out, handle_call);
}

static enum probe_result monerod_probe(struct slice first, enum direction dir)
{
	return rpc_probe(first, dir, &dialect_monerod);
}

_Static_assert(sizeof(struct monerod_state) <= DIALECT_STATE_MAX, "state is too large");

const struct dialect dialect_monerod = {
	.name = "monerod",
	.state_size = sizeof(struct monerod_state),
	.is_http = true,
	.max_message = LIMIT_MESSAGE_BYTES,
	.probe = monerod_probe,
	.frame = rpc_frame,
	.decode = monerod_decode,
};
