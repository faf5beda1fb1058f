/* burst.c: proof of capacity (Burst, Signum, BHD), queries and JSON in HTTP.
 *
 *   C> GET /burst?requestType=getMiningInfo
 *      X-Miner: program, X-Minername: worker, X-Capacity: GB
 *   S> {"generationSignature":64h,"baseTarget":"N","height":"N","targetDeadline":N}
 *   C> POST /burst?requestType=submitNonce&accountId=N&nonce=N&blockheight=N&secretPhrase=..
 *   S> {"result":"success","deadline":N}    or {"errorCode":"N","errorDescription":".."}
 *
 * What is mined with is disk space: there is no hash rate. The pass phrase of a solo miner is the
 * key of its wallet: that there is one is reported, never what it is. Wallets and explorers ask for
 * the mining info as well, so that alone is little. */
#include "protocols/httpwork.h"
#include "protocols/rpc.h"

/* The id of every share: replies name none. */
#define REQUEST_SHARE 0x62757273u

struct burst_state {
	bool is_seen;       /* a miner's head, a share, or a pool's mining info */
	bool is_share_last; /* the last request was a share */
	bool is_browsed;    /* mining info was asked for by somebody who says not to be a miner */
};

/* --- the miner ------------------------------------------------------------------------------ */

static bool has_miner_words(const struct http_head *http)
{
	return http->capacity[0] != '\0' || http->miner[0] != '\0' || http->miner_name[0] != '\0' ||
	       httpwork_is_miner(slice_str(http->agent));
}

static void fill(const struct http_head *http, struct finding *finding, char *rig, size_t size)
{
	double capacity = httpwork_number(slice_str(http->capacity), 1e12);

	finding->agent = slice_str(http->miner[0] != '\0' ? http->miner : http->agent);
	finding->worker = slice_str(http->miner_name);
	if (capacity <= 0)
		return;
	size_t len = slice_copy(slice_str(http->capacity), rig, size);

	len += slice_copy(slice_str(" GB"), rig + len, size - len);
	finding->rig = slice_of(rig, len);
}

static bool read_share(struct burst_state *state, const struct http_head *http,
		       const struct finding_out *out)
{
	struct finding finding = { .kind = FINDING_SHARE,
				   .sender = SENDER_MINER,
				   .proof = PROOF_CONFIRMED,
				   .request = REQUEST_SHARE,
				   .wants_reply = true,
				   .algo = slice_str("poc") };
	char account[32];
	char number[32];
	char height[32];
	char secret[2];
	char rig[32];
	struct slice nonce = httpwork_query(http, "nonce", number, sizeof(number));
	struct slice block = httpwork_query(http, "blockheight", height, sizeof(height));

	finding.login = httpwork_query(http, "accountId", account, sizeof(account));
	finding.has_password = httpwork_query(http, "secretPhrase", secret, sizeof(secret)).len > 0;
	if (!httpwork_is_digits(finding.login))
		finding.login = slice_of(account, 0);
	if (!httpwork_is_digits(nonce) || (finding.login.len == 0 && !finding.has_password))
		return false;
	state->is_seen = true;
	state->is_share_last = true;
	fill(http, &finding, rig, sizeof(rig));
	finding.job = httpwork_is_digits(block) ? slice_hash(block) : 0;
	finding.nonce =
		rpc_hash_hex(rpc_hash_hex(rpc_hash_hex(finding.job, block), finding.login), nonce);
	out->emit(out->ctx, &finding);
	return true;
}

static bool read_request(struct burst_state *state, const struct http_head *http,
			 const struct finding_out *out)
{
	char text[32];
	char rig[32];
	struct slice type = httpwork_query(http, "requestType", text, sizeof(text));
	bool is_miner = has_miner_words(http);
	struct finding finding = { .kind = is_miner ? FINDING_IDENTITY : FINDING_REQUEST,
				   .sender = SENDER_MINER,
				   .proof = is_miner ? PROOF_LIKELY : PROOF_SUSPECT };

	if (rpc_equals(type, "submitNonce"))
		return read_share(state, http, out);
	state->is_share_last = false;
	if (!rpc_equals(type, "getMiningInfo"))
		return false;
	state->is_seen = state->is_seen || is_miner;
	state->is_browsed = !is_miner && !state->is_seen;
	fill(http, &finding, rig, sizeof(rig));
	out->emit(out->ctx, &finding);
	return true;
}

/* --- the pool or node ----------------------------------------------------------------------- */

static bool is_number(const struct json *doc, json_value value)
{
	double number;

	return json_number(doc, value, &number) == 0 && number >= 0;
}

static bool read_job(struct burst_state *state, const struct json *doc,
		     const struct finding_out *out)
{
	json_value root = json_root(doc);
	json_value height = json_member(doc, root, "height");
	bool is_pool = is_number(doc, json_member(doc, root, "targetDeadline"));
	struct finding finding = { .kind = FINDING_JOB,
				   .sender = SENDER_POOL,
				   .proof = PROOF_LIKELY,
				   .algo = slice_str("poc") };

	if (!rpc_is_hex(doc, json_member(doc, root, "generationSignature"), 64) ||
	    !is_number(doc, json_member(doc, root, "baseTarget")) || !is_number(doc, height))
		return false;
	/* A block has these fields as well, and more. */
	if (json_member(doc, root, "generator") != JSON_ABSENT ||
	    json_member(doc, root, "block") != JSON_ABSENT ||
	    json_member(doc, root, "transactions") != JSON_ABSENT)
		return false;
	if (is_pool || state->is_seen)
		finding.proof = PROOF_CONFIRMED;
	else if (state->is_browsed)
		finding.proof = PROOF_SUSPECT;
	state->is_seen = state->is_seen || is_pool;
	finding.job = json_id(doc, height);
	out->emit(out->ctx, &finding);
	return true;
}

static bool read_verdict(const struct burst_state *state, const struct json *doc,
			 const struct finding_out *out)
{
	json_value root = json_root(doc);
	json_value error = json_member(doc, root, "errorDescription");
	char text[LIMIT_TEXT_BYTES];
	struct finding finding = { .kind = FINDING_REPLY,
				   .sender = SENDER_POOL,
				   .request = REQUEST_SHARE,
				   .reply_to = REPLY_TO_SHARE };

	if (json_type(doc, error) == JSON_STRING &&
	    json_member(doc, root, "errorCode") != JSON_ABSENT) {
		finding.reason = json_text(doc, error, text, sizeof(text));
		/* The round is over, or the fork is another one. */
		finding.is_stale = rpc_contains(finding.reason, "height") ||
				   rpc_contains(finding.reason, "stale");
	} else if (is_number(doc, json_member(doc, root, "deadline"))) {
		json_value result = json_member(doc, root, "result");

		finding.is_ok = result == JSON_ABSENT || json_is(doc, result, "success");
		finding.reason = finding.is_ok ? slice_of(NULL, 0)
					       : json_text(doc, result, text, sizeof(text));
	} else {
		return false;
	}
	if (!state->is_seen)
		return false;
	out->emit(out->ctx, &finding);
	return true;
}

static bool burst_decode(void *state, struct message *msg, const struct finding_out *out)
{
	struct burst_state *self = state;

	if (msg->http == NULL)
		return false;
	if (!msg->http->is_response)
		return httpwork_is_head(msg) && read_request(self, msg->http, out);
	const struct json *doc = msg->bytes.len == 0 ? NULL : message_json(msg);

	return doc != NULL && (read_job(self, doc, out) || read_verdict(self, doc, out));
}

static enum probe_result burst_probe(struct slice first, enum direction dir)
{
	return rpc_probe(first, dir, &dialect_burst);
}

_Static_assert(sizeof(struct burst_state) <= DIALECT_STATE_MAX, "state is too large");

const struct dialect dialect_burst = {
	.name = "burst",
	.state_size = sizeof(struct burst_state),
	.is_http = true,
	.max_message = LIMIT_MESSAGE_BYTES,
	.probe = burst_probe,
	.frame = rpc_frame,
	.decode = burst_decode,
};
