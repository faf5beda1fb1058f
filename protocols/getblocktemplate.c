/* getblocktemplate.c: BIP 22 and 23, mining against a node or a pool that lets miners build blocks.
 *
 *   C> {"id":0,"method":"getblocktemplate","params":[{"capabilities":["coinbasetxn","workid",..],
 *       "rules":["segwit"],"longpollid":".."}]}
 *   S> {"id":0,"error":null,"result":{"previousblockhash":64h,"transactions":[{"data":hex,
 *       "depends":[..],..},..],"coinbasevalue":N or "coinbasetxn":{..},"target":64h,"bits":8h,
 *       "height":N,"curtime":N,"longpollid":"..","workid":".."}}
 *   C> {"id":1,"method":"submitblock","params":["block hex",{"workid":".."}]}
 *   S> {"id":1,"error":null,"result":null}      accepted; a string says why not
 *   block  version [4], previous hash [32], merkle root [32], time [4], bits [4], nonce [4], ..
 *
 * Templates and blocks are of up to 4 MB and arrive cut: what stands at their beginning decides. A
 * node's target is the network's own: it says how rare a block is, nothing of a share. Only where a
 * pool gives an easier one than the bits, shares have a known work. Monero's nodes have the same
 * names with other fields: monerod.c. */
#include "protocols/cnwork.h"
#include "protocols/cursor.h"
#include "protocols/hex.h"
#include "protocols/httpwork.h"
#include "protocols/rpc.h"
#include "protocols/target.h"

#define HEADER_DIGITS 160 /* of a Bitcoin block */
#define PREVIOUS_AT   8
#define HASH_DIGITS   64
#define TIME_BYTE_AT  68
#define TIME_MIN      1230940800u /* 2009: the first block */
#define TIME_MAX      4102444800u /* 2100: we have no clock here */
#define EASIER        1.001       /* two ways to write one target differ by less */
#define LIST_MAX      16          /* capabilities and rules that are looked at */
#define REASON_MAX    64

/* Stands for the id of a request that has none. */
#define REQUEST_UNNAMED 0x67627432u

struct gbt_state {
	uint64_t request; /* the last of ours that was heard */
	uint64_t share;   /* the last submission's */
	const char *coin; /* static, of the rules */
	bool is_seen;     /* a method of ours, or a template */
	bool is_asked;    /* a method of ours */
	bool is_named;    /* who asks was reported */
};

/* What the handlers of one message need. */
struct gbt_talk {
	struct gbt_state *state;
	const struct message *msg;
};

static uint64_t request_id(const struct rpc_call *call)
{
	return call->id != 0 ? call->id : REQUEST_UNNAMED;
}

static bool list_has(const struct json *doc, json_value list, const char *word)
{
	for (size_t i = 0; i < LIST_MAX && i < json_size(doc, list); i++)
		if (json_is(doc, json_element(doc, list, i), word))
			return true;
	return false;
}

/* --- the miner ------------------------------------------------------------------------------ */

/* What the request object proves: a node's owner asks with rules, a miner says what it can. */
static enum proof weigh_options(const struct json *doc, json_value options)
{
	static const char *const abilities[] = { "coinbasetxn",     "workid",   "longpoll",
						 "coinbase/append", "coinbase", "coinbasevalue",
						 "proposal" };
	json_value list = json_member(doc, options, "capabilities");

	if (json_type(doc, json_member(doc, options, "longpollid")) == JSON_STRING)
		return PROOF_CONFIRMED;
	for (size_t i = 0; i < sizeof(abilities) / sizeof(abilities[0]); i++)
		if (list_has(doc, list, abilities[i]))
			return PROOF_CONFIRMED;
	return PROOF_LIKELY;
}

static bool handle_template(struct rpc_call *call, const struct rpc_method *row)
{
	const struct gbt_talk *talk = call->state;
	struct gbt_state *state = talk->state;
	json_value options = json_element(call->doc, call->params, 0);

	if (call->params != JSON_ABSENT && json_type(call->doc, call->params) != JSON_ARRAY)
		return false;
	if (options != JSON_ABSENT && json_type(call->doc, options) != JSON_OBJECT)
		return false;
	struct finding finding =
		rpc_finding(call, row->kind, row->sender, weigh_options(call->doc, options));

	state->is_seen = true;
	state->is_asked = true;
	state->request = request_id(call);
	if (list_has(call->doc, json_member(call->doc, options, "rules"), "mweb"))
		state->coin = "LTC"; /* no other chain has that rule */
	finding.request = state->request;
	finding.wants_reply = true;
	finding.coin = state->coin;
	httpwork_fill(talk->msg->http, &finding);
	if (finding.login.len > 0 && !state->is_named) {
		finding.kind = FINDING_LOGIN;
		state->is_named = true;
	}
	rpc_emit(call, &finding);
	return true;
}

/* The block's digits; of one that was cut, those that are left. */
static struct slice block_digits(const struct rpc_call *call)
{
	struct slice digits = json_hex(call->doc, json_element(call->doc, call->params, 0));
	struct slice text = call->doc->text;

	if (digits.len > 0 || !call->doc->is_cut || json_size(call->doc, call->params) > 0)
		return digits;
	text = slice_tail(text, slice_find(text, '[') + 1);
	text = slice_tail(text, slice_find(text, '"') + 1);
	text = slice_head(text, HEADER_DIGITS);
	return text.len == HEADER_DIGITS && hex_is(text) ? text : slice_of(NULL, 0);
}

/* A Bitcoin header by its time and the size of its target. */
static bool is_header(struct slice digits)
{
	uint8_t bytes[HEADER_DIGITS / 2];
	size_t len;

	if (!target_hex_bytes(slice_head(digits, HEADER_DIGITS), bytes, sizeof(bytes), &len) ||
	    len != sizeof(bytes))
		return false;
	struct cursor in = cursor_of(slice_tail(slice_of(bytes, len), TIME_BYTE_AT));
	uint32_t time = cursor_u32le(&in);

	return time >= TIME_MIN && time <= TIME_MAX && target_work_compact(cursor_u32le(&in)) > 0;
}

/* A hash is written backwards in a template, as it is in a block. */
static uint64_t job_of_block(struct slice digits)
{
	struct slice hash = slice_sub(digits, PREVIOUS_AT, HASH_DIGITS);
	char text[HASH_DIGITS];

	if (hash.len != sizeof(text))
		return 0;
	for (size_t i = 0; i < sizeof(text); i += 2) {
		text[i] = (char)hash.ptr[sizeof(text) - 2 - i];
		text[i + 1] = (char)hash.ptr[sizeof(text) - 1 - i];
	}
	return rpc_hash_hex(0, slice_of(text, sizeof(text)));
}

static bool handle_submit(struct rpc_call *call, const struct rpc_method *row)
{
	const struct gbt_talk *talk = call->state;
	struct gbt_state *state = talk->state;
	struct slice digits = block_digits(call);

	if (digits.len < HEADER_DIGITS || cnwork_is_block(digits))
		return false;
	struct finding finding = rpc_finding(call, row->kind, row->sender,
					     is_header(digits) ? PROOF_CONFIRMED : PROOF_LIKELY);

	state->is_seen = true;
	state->is_asked = true;
	state->request = request_id(call);
	state->share = state->request;
	finding.request = state->request;
	finding.wants_reply = true;
	finding.job = job_of_block(digits);
	finding.nonce = rpc_hash_hex(finding.job, slice_head(digits, HEADER_DIGITS));
	finding.coin = state->coin;
	httpwork_fill(talk->msg->http, &finding);
	rpc_emit(call, &finding);
	return true;
}

static const struct rpc_method methods[] = {
	{ "getblocktemplate", SENDER_MINER, FINDING_REQUEST, handle_template },
	{ "submitblock", SENDER_MINER, FINDING_SHARE, handle_submit },
};

/* --- the node or pool ----------------------------------------------------------------------- */

static enum proof weigh_template(const struct rpc_call *call)
{
	const struct gbt_talk *talk = call->state;
	const struct json *doc = call->doc;
	json_value list = json_member(doc, call->result, "transactions");
	json_value first = json_element(doc, list, 0);
	bool has_value =
		json_type(doc, json_member(doc, call->result, "coinbasevalue")) == JSON_NUMBER ||
		json_type(doc, json_member(doc, call->result, "coinbasetxn")) == JSON_OBJECT;

	if (!rpc_is_hex(doc, json_member(doc, call->result, "previousblockhash"), HASH_DIGITS))
		return PROOF_NONE;
	if (has_value && (rpc_is_hex(doc, json_member(doc, call->result, "bits"), 8) ||
			  rpc_is_hex(doc, json_member(doc, call->result, "target"), HASH_DIGITS)))
		return PROOF_CONFIRMED;
	if (json_hex(doc, json_member(doc, first, "data")).len > 0 &&
	    json_type(doc, json_member(doc, first, "depends")) == JSON_ARRAY)
		return PROOF_CONFIRMED;
	/* Its first transaction did not fit into what is left of it. */
	if (doc->is_cut && (json_type(doc, list) == JSON_ARRAY || has_value) &&
	    json_type(doc, json_member(doc, call->result, "version")) == JSON_NUMBER)
		return talk->state->is_asked ? PROOF_CONFIRMED : PROOF_LIKELY;
	return PROOF_NONE;
}

static void fill_work(const struct rpc_call *call, struct finding *finding)
{
	struct slice target = json_hex(call->doc, json_member(call->doc, call->result, "target"));
	struct slice bits = json_hex(call->doc, json_member(call->doc, call->result, "bits"));
	double share = target.len == HASH_DIGITS ? target_work_be256(target) : 0;
	double block = target_work_bits(bits);

	finding->difficulty = (share > 0 ? share : block) / TARGET_WORK_BITCOIN;
	if (share > 0 && block > share * EASIER)
		finding->work = share;
}

static bool report_job(const struct rpc_call *call)
{
	const struct gbt_talk *talk = call->state;
	enum proof proof = weigh_template(call);

	if (proof == PROOF_NONE)
		return false;
	if (talk->state->is_asked && !call->doc->is_cut)
		rpc_reply_emit(call, PROOF_NONE);
	struct finding finding = rpc_finding(call, FINDING_JOB, SENDER_POOL, proof);

	/* A cut template may have lost its error, which it has not: it answers by being there. */
	finding.request = talk->state->is_asked && call->doc->is_cut ? call->id : 0;
	talk->state->is_seen = true;
	finding.job = rpc_hash_hex(
		0, json_hex(call->doc, json_member(call->doc, call->result, "previousblockhash")));
	finding.coin = talk->state->coin;
	fill_work(call, &finding);
	rpc_emit(call, &finding);
	return true;
}

/* The words of BIP 22 and of nodes for a block that they do not take. */
static bool is_refusal(struct slice word)
{
	static const char *const words[] = { "duplicate", "inconclusive", "rejected",
					     "high-hash", "stale",        "bad-",
					     "time-",     "unknown-",     "invalid",
					     "block-",    "prev-blk-not", "mandatory-" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_starts(word, words[i]) && word.len <= REASON_MAX)
			return true;
	return false;
}

/* The block is good, but another one was faster: one beside the chain is inconclusive to a node. Of
 * work that it does not know it says so when the work was replaced. */
static bool is_late(struct slice word)
{
	return rpc_starts(word, "stale") || slice_starts(word, "inconclusive") ||
	       slice_starts(word, "unknown-work");
}

static bool report_verdict(const struct rpc_call *call)
{
	const struct gbt_state *state = ((const struct gbt_talk *)call->state)->state;
	bool is_share = state->share != 0 && request_id(call) == state->share;
	struct finding finding = rpc_finding(call, FINDING_REPLY, SENDER_POOL, PROOF_NONE);
	char text[REASON_MAX + 2];
	enum json_type error = json_type(call->doc, call->error);
	struct rpc_reply reply;

	finding.request = request_id(call);
	if (error != JSON_NONE && error != JSON_NULL) { /* the call itself failed */
		if (!rpc_reply_read(call, &reply) || reply.is_ok)
			return false;
		finding.is_stale = reply.is_stale;
		finding.reply_to = reply.reply_to;
		finding.reason = reply.reason;
	} else if (json_type(call->doc, call->result) == JSON_NULL) {
		finding.reply_to = REPLY_TO_SHARE;
		finding.is_ok = !call->doc->is_cut || call->error != JSON_ABSENT;
		if (!finding.is_ok)
			return false;
	} else {
		finding.reason = json_text(call->doc, call->result, text, sizeof(text));
		if (finding.reason.len == 0 || !(is_share || is_refusal(finding.reason)))
			return false;
		finding.is_stale = is_late(finding.reason);
		finding.reply_to = REPLY_TO_SHARE;
	}
	rpc_emit(call, &finding);
	return true;
}

static bool handle_call(struct rpc_call *call)
{
	const struct gbt_talk *talk = call->state;

	if (call->is_reply)
		return report_job(call) || (talk->state->is_seen && report_verdict(call));
	const struct rpc_method *row =
		rpc_method_find(methods, sizeof(methods) / sizeof(methods[0]), call->method, false);

	return row != NULL && row->handle(call, row);
}

/* The server wants another password. */
static bool read_head(const struct gbt_state *state, const struct http_head *http,
		      const struct finding_out *out)
{
	const struct finding refused = { .kind = FINDING_REPLY,
					 .sender = SENDER_POOL,
					 .request = state->request,
					 .reason = slice_str("unauthorized") };

	if (!state->is_asked || !http->is_response || (http->status != 401 && http->status != 403))
		return false;
	out->emit(out->ctx, &refused);
	return true;
}

static bool gbt_decode(void *state, struct message *msg, const struct finding_out *out)
{
	struct gbt_talk talk = { .state = state, .msg = msg };

	if (httpwork_is_nothing(msg, talk.state->is_seen))
		return false;
	if (httpwork_is_head(msg))
		return read_head(state, msg->http, out);
	return rpc_decode(&talk, msg, out, handle_call);
}

static enum probe_result gbt_probe(struct slice first, enum direction dir)
{
	return rpc_probe(first, dir, &dialect_getblocktemplate);
}

_Static_assert(sizeof(struct gbt_state) <= DIALECT_STATE_MAX, "state is too large");

const struct dialect dialect_getblocktemplate = {
	.name = "getblocktemplate",
	.state_size = sizeof(struct gbt_state),
	.is_http = true,
	.max_message = LIMIT_MESSAGE_BYTES,
	.probe = gbt_probe,
	.frame = rpc_frame,
	.decode = gbt_decode,
};
