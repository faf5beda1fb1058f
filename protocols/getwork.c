/* getwork.c: the oldest way to mine, JSON-RPC in HTTP.
 *
 *   C> POST / HTTP/1.1, Authorization: Basic worker:password, X-Mining-Extensions: longpoll ..,
 *      X-Mining-Hashrate: H/s
 *      {"method":"getwork","params":[],"id":0}
 *   S> X-Long-Polling: /LP, X-Roll-NTime: .., X-Stratum: stratum+tcp://host:port
 *      {"result":{"midstate":64h,"data":256h,"hash1":128h,"target":64h},"error":null,"id":0}
 *   C> {"method":"getwork","params":["256h data"],"id":1}
 *   S> X-Reject-Reason: stale-work
 *      {"result":false,"error":null,"id":1}
 *   C> GET /LP HTTP/1.1                   held back until there is new work
 *   data   version [4], previous hash [32], merkle root [32], time [4], bits [4], nonce [4],
 *          padding of SHA-256; the target is little-endian
 *
 * Handshake's nodes have their own header, a big-endian target and a method for shares:
 *
 *   S> {"result":{"network":"main","data":"512h","target":64h,"height":N,"time":N,"fee":N},..}
 *   C> {"method":"submitwork","params":["512h data"],"id":1}
 *   S> {"result":[true,"valid"],"error":null,"id":1}    or [false,"stale"]
 *   data   nonce [4], time [8], padding [20], previous hash [32], tree root [32], mask hash [32],
 *          extranonce [24], reserved root [32], witness root [32], merkle root [32], version [4],
 *          bits [4]; the padding is of both first hashes
 *
 * The name is no everyday word, but a short one: it counts in full only with what else a miner
 * says. A job has no id: its hashes and roots, which a share repeats, are it. */
#include "protocols/hex.h"
#include "protocols/httpwork.h"
#include "protocols/rpc.h"
#include "protocols/target.h"

#define DATA_DIGITS  256
#define JOB_AT       8 /* digits of data before the previous hash */
#define JOB_DIGITS   128
#define NONCE_AT     (JOB_AT + JOB_DIGITS) /* time, bits and nonce */
#define NONCE_DIGITS 24

#define HNS_DIGITS     512
#define HNS_PADDING_AT 24
#define HNS_PADDING    40
#define HNS_HASHES_AT  64 /* previous, tree and mask */
#define HNS_HASHES     192
#define HNS_TREE_AT    128
#define HNS_EXTRA_AT   256
#define HNS_EXTRA      48
#define HNS_ROOTS_AT   304 /* reserved, witness and merkle */
#define HNS_ROOTS      192

#define RATE_MAX 1e24 /* H/s; a thousand times the whole Bitcoin network */

/* Stands for the id of a request that has none. */
#define REQUEST_UNNAMED 0x67657477u

struct getwork_state {
	uint64_t request; /* the last of ours that was heard */
	bool is_seen;     /* the method, or a job */
	bool is_asked;    /* the method */
	bool is_named;    /* who asks was reported */
};

/* What the handlers of one message need. */
struct getwork_talk {
	struct getwork_state *state;
	const struct http_head *http;
};

static uint64_t request_id(const struct rpc_call *call)
{
	return call->id != 0 ? call->id : REQUEST_UNNAMED;
}

/* A header whose padding is that of its hashes is Handshake's. */
static bool is_handshake(struct slice data)
{
	if (data.len != HNS_DIGITS)
		return false;
	for (size_t i = 0; i < HNS_PADDING; i++)
		if (hex_values[data.ptr[HNS_PADDING_AT + i]] !=
		    (hex_values[data.ptr[HNS_HASHES_AT + i]] ^
		     hex_values[data.ptr[HNS_TREE_AT + i]]))
			return false;
	return true;
}

/* Which job the data is of, and which share. */
static void read_data(struct slice data, struct finding *finding)
{
	if (data.len == DATA_DIGITS) {
		finding->job = rpc_hash_hex(0, slice_sub(data, JOB_AT, JOB_DIGITS));
		finding->nonce =
			rpc_hash_hex(finding->job, slice_sub(data, NONCE_AT, NONCE_DIGITS));
		return;
	}
	finding->job = rpc_hash_hex(rpc_hash_hex(0, slice_sub(data, HNS_HASHES_AT, HNS_HASHES)),
				    slice_sub(data, HNS_ROOTS_AT, HNS_ROOTS));
	finding->nonce = rpc_hash_hex(rpc_hash_hex(finding->job, slice_head(data, HNS_PADDING_AT)),
				      slice_sub(data, HNS_EXTRA_AT, HNS_EXTRA));
	finding->coin = "HNS";
	finding->algo = slice_str("handshake");
}

static bool handle_submit(struct rpc_call *call, struct slice data)
{
	const struct getwork_talk *talk = call->state;
	struct finding finding = rpc_finding(call, FINDING_SHARE, SENDER_MINER, PROOF_CONFIRMED);

	talk->state->is_seen = true;
	talk->state->is_asked = true;
	talk->state->request = request_id(call);
	finding.request = talk->state->request;
	finding.wants_reply = true;
	read_data(data, &finding);
	httpwork_fill(talk->http, &finding);
	rpc_emit(call, &finding);
	return true;
}

static bool handle_ask(struct rpc_call *call)
{
	const struct getwork_talk *talk = call->state;
	struct getwork_state *state = talk->state;
	struct finding finding = rpc_finding(call, FINDING_REQUEST, SENDER_MINER, PROOF_SUSPECT);

	state->is_seen = true;
	state->is_asked = true;
	state->request = request_id(call);
	finding.request = state->request;
	finding.wants_reply = true;
	httpwork_fill(talk->http, &finding);
	if (finding.login.len > 0 && !state->is_named) {
		finding.kind = FINDING_LOGIN;
		state->is_named = true;
	}
	if (talk->http != NULL && talk->http->has_mining_word)
		finding.proof = PROOF_CONFIRMED;
	else if (httpwork_is_miner(finding.agent) || finding.wallet.check != WALLET_NONE)
		finding.proof = PROOF_LIKELY;
	rpc_emit(call, &finding);
	return true;
}

static bool handle_request(struct rpc_call *call)
{
	json_value first = json_element(call->doc, call->params, 0);
	struct slice data = json_hex(call->doc, first);

	if (slice_is(call->method, "submitwork"))
		return is_handshake(data) && handle_submit(call, data);
	if (!slice_is(call->method, "getwork") && !slice_is(call->method, "getworklp"))
		return false;
	if (data.len == DATA_DIGITS)
		return handle_submit(call, data);
	/* A share that was cut ends in an empty list as well; it is then said to be a request. */
	return (call->params == JSON_ABSENT ||
		(json_type(call->doc, call->params) == JSON_ARRAY && first == JSON_ABSENT)) &&
	       handle_ask(call);
}

static double work_of(struct slice target, bool is_big_endian)
{
	char digits[64];

	if (target.len != sizeof(digits))
		return 0;
	if (is_big_endian)
		return target_work_be256(target);
	for (size_t i = 0; i < sizeof(digits); i += 2) {
		digits[i] = (char)target.ptr[sizeof(digits) - 2 - i];
		digits[i + 1] = (char)target.ptr[sizeof(digits) - 1 - i];
	}
	return target_work_be256(slice_of(digits, sizeof(digits)));
}

/* Reports a job; false when the result is none. */
static bool report_job(const struct rpc_call *call)
{
	const struct getwork_talk *talk = call->state;
	struct slice data = json_hex(call->doc, json_member(call->doc, call->result, "data"));
	struct slice target = json_hex(call->doc, json_member(call->doc, call->result, "target"));
	bool is_ours = data.len == DATA_DIGITS || is_handshake(data);
	double work = work_of(target, data.len == HNS_DIGITS);

	if (!is_ours || (work <= 0 && !call->doc->is_cut))
		return false;
	struct finding finding = rpc_finding(call, FINDING_JOB, SENDER_POOL,
					     work > 0 ? PROOF_CONFIRMED : PROOF_LIKELY);

	if (talk->state->is_asked)
		rpc_reply_emit(call, PROOF_NONE);
	talk->state->is_seen = true;
	finding.request = 0;
	read_data(data, &finding);
	finding.nonce = 0;
	finding.work = work;
	finding.difficulty = work / TARGET_WORK_BITCOIN;
	rpc_emit(call, &finding);
	return true;
}

/* Handshake's: [true, "valid"], [false, "stale"]. */
static bool report_pair(const struct rpc_call *call)
{
	const struct getwork_talk *talk = call->state;
	json_value verdict = json_element(call->doc, call->result, 0);
	enum json_type type = json_type(call->doc, verdict);
	struct finding finding = rpc_finding(call, FINDING_REPLY, SENDER_POOL, PROOF_NONE);
	char text[LIMIT_TEXT_BYTES];

	if (!talk->state->is_seen || (type != JSON_TRUE && type != JSON_FALSE) ||
	    json_size(call->doc, call->result) != 2)
		return false;
	finding.request = request_id(call);
	finding.reply_to = REPLY_TO_SHARE;
	finding.is_ok = type == JSON_TRUE;
	if (!finding.is_ok)
		finding.reason = json_text(call->doc, json_element(call->doc, call->result, 1),
					   text, sizeof(text));
	finding.is_stale = rpc_starts(finding.reason, "stale");
	rpc_emit(call, &finding);
	return true;
}

/* True, false or an error; the reason may stand in the head. */
static bool report_verdict(const struct rpc_call *call)
{
	const struct getwork_talk *talk = call->state;
	enum json_type type = json_type(call->doc, call->result);
	struct rpc_reply reply;

	if (!talk->state->is_seen || !rpc_reply_read(call, &reply))
		return false;
	if (type != JSON_TRUE && type != JSON_FALSE && reply.reason.len == 0)
		return false;
	struct finding finding = rpc_finding(call, FINDING_REPLY, SENDER_POOL, PROOF_NONE);

	finding.request = request_id(call);
	finding.reply_to = REPLY_TO_SHARE;
	finding.is_ok = reply.is_ok;
	finding.is_stale = reply.is_stale;
	finding.reason = reply.reason;
	if (!reply.is_ok && reply.reason.len == 0 && talk->http != NULL) {
		finding.reason = slice_str(talk->http->reject_reason);
		finding.is_stale = rpc_contains(finding.reason, "stale") ||
				   rpc_contains(finding.reason, "unknown-work");
	}
	rpc_emit(call, &finding);
	return true;
}

static bool handle_call(struct rpc_call *call)
{
	if (!call->is_reply)
		return handle_request(call);
	return report_job(call) || report_pair(call) || report_verdict(call);
}

static void emit(const struct finding_out *out, const struct finding *finding)
{
	out->emit(out->ctx, finding);
}

static bool read_request_head(const struct http_head *http, const struct finding_out *out)
{
	struct finding finding = { .kind = FINDING_IDENTITY,
				   .sender = SENDER_MINER,
				   .proof = PROOF_LIKELY };
	double rate = httpwork_number(slice_str(http->mining_hashrate), RATE_MAX);

	if (!http->has_mining_word && http->mining_hashrate[0] == '\0')
		return false;
	httpwork_fill(http, &finding);
	emit(out, &finding);
	if (rate > 0) {
		finding = (struct finding){ .kind = FINDING_CLAIMED_RATE,
					    .sender = SENDER_MINER,
					    .proof = PROOF_LIKELY,
					    .rate = rate };
		emit(out, &finding);
	}
	return true;
}

static bool read_response_head(const struct getwork_state *state, const struct http_head *http,
			       const struct finding_out *out)
{
	struct slice pool = rpc_pool_url(slice_str(http->stratum));
	struct finding finding = { .kind = pool.len > 0 ? FINDING_RECONNECT : FINDING_IDENTITY,
				   .sender = SENDER_POOL,
				   .proof = PROOF_LIKELY,
				   .pool = pool };
	bool is_mining =
		http->has_mining_word || http->stratum[0] != '\0' || http->reject_reason[0] != '\0';
	bool is_refused = state->is_asked && (http->status == 401 || http->status == 403);

	if (is_mining)
		emit(out, &finding);
	if (is_refused) {
		finding = (struct finding){ .kind = FINDING_REPLY,
					    .sender = SENDER_POOL,
					    .request = state->request,
					    .reason = slice_str("unauthorized") };
		emit(out, &finding);
	}
	return is_mining || is_refused;
}

static bool getwork_decode(void *state, struct message *msg, const struct finding_out *out)
{
	struct getwork_talk talk = { .state = state, .http = msg->http };

	if (httpwork_is_nothing(msg, talk.state->is_seen))
		return false;
	if (!httpwork_is_head(msg))
		return rpc_decode(&talk, msg, out, handle_call);
	return msg->http->is_response ? read_response_head(state, msg->http, out)
				      : read_request_head(msg->http, out);
}

static enum probe_result getwork_probe(struct slice first, enum direction dir)
{
	return rpc_probe(first, dir, &dialect_getwork);
}

_Static_assert(sizeof(struct getwork_state) <= DIALECT_STATE_MAX, "state is too large");

const struct dialect dialect_getwork = {
	.name = "getwork",
	.state_size = sizeof(struct getwork_state),
	.is_http = true,
	.max_message = LIMIT_MESSAGE_BYTES,
	.probe = getwork_probe,
	.frame = rpc_frame,
	.decode = getwork_decode,
};
