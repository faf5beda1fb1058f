/* cryptonote.c: the "login" dialect of CryptoNote and RandomX coins, JSON-RPC 2.0 by line.
 *
 *   C> {"id":1,"jsonrpc":"2.0","method":"login","params":{"login":user,"pass":password,
 *         "agent":"XMRig/..","rigid":name,"algo":["rx/0",..],"algo-perf":{"rx/0":H/s,..}}}
 *   S> {"id":1,"jsonrpc":"2.0","error":null,"result":{"id":session,"job":JOB,"status":"OK"}}
 *   S> {"jsonrpc":"2.0","method":"job","params":JOB}            JOB: see cryptonote_job.c
 *                              or "params":{"clean_jobs":bool,"job":JOB}
 *   C> {"id":2,"jsonrpc":"2.0","method":"submit","params":{"id":session,"job_id":job,
 *         "nonce":8h,"result":64h}}                             also sig, commitment, algo
 *   C> {"id":3,"jsonrpc":"2.0","method":"keepalived","params":{"id":session}}
 *   C> {"id":4,"method":"getjob","params":{"id":session}}       answered with a JOB
 *   C> {"id":5,"method":"block_template","params":{"id":session,"job_id":job,"blob":hex,
 *         "height":N,"difficulty":N,"prev_hash":64h,"seed_hash":64h}}   after "mode":"self-select"
 *   S> {"method":"client.reconnect","params":[host, port]}
 *   S> {"id":1,"result":{"id":session,"algo":"kawpow/rvn","extra_nonce":hex,
 *         "extra_nonce2_size":N}}        login accepted, Stratum follows on the same connection
 *
 * xmr-node-proxy submits "workerNonce" and "poolNonce" beside the nonce; Bytom submits no result;
 * on graphs ("cuckaroo") it is a list, "pow". Quantus's nonces and results have 128 digits.
 * xmr-stak tells "hashcount_total" with each share: hashes ever done, which is no rate without a
 * clock, so it is left alone.
 *
 * The words are everyday words: login, job and submit count only with the fields that nobody else
 * has (shape checks below), and a bare "status":"OK" only in a flow that showed one of them. Grin
 * and Beam say the same words with other fields: those are refused here. */
#include "protocols/cryptonote_job.h"
#include "protocols/hex.h"
#include "protocols/login.h"
#include "protocols/target.h"

#define CYCLE_LEAST 32 /* edges */
#define WIDE_DIGITS 128

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static json_value member(const struct rpc_call *call, json_value object, const char *name)
{
	return json_member(call->doc, object, name);
}

static bool is_string(const struct rpc_call *call, json_value value)
{
	return json_type(call->doc, value) == JSON_STRING;
}

/* Remembers that the flow is ours and that the miner's side is heard. */
static void note_miner(const struct rpc_call *call)
{
	struct cryptonote_state *state = call->state;

	state->is_seen = true;
}

/* --- cut packets ---------------------------------------------------------------------------- */

/* A string, of which the end may have been cut off. */
static bool has_text(const struct rpc_call *call, json_value object, const char *name)
{
	return is_string(call, member(call, object, name)) ||
	       json_cut_text(call->doc, object, name).len > 0;
}

/* The packet was cut behind the method, or inside the text of that first parameter. */
static bool is_word(const struct rpc_call *call, const char *first)
{
	const struct json *doc = call->doc;
	bool is_begun = doc->cut_key != 0 && doc->tokens[doc->cut_key].parent == call->params;

	return doc->is_cut && (!is_begun || json_cut_text(doc, call->params, first).len > 0) &&
	       json_size(doc, call->params) == 0 &&
	       (call->params == JSON_ABSENT || json_type(doc, call->params) == JSON_OBJECT);
}

/* True once the side that logged in has also submitted, and the other one has sent jobs. */
static bool hear_word(const struct rpc_call *call, enum cryptonote_word word)
{
	struct cryptonote_state *state = call->state;
	unsigned miner = (unsigned)call->dir ^ (word == WORD_JOB);
	const unsigned asked = WORD_LOGIN | WORD_SUBMIT;

	state->words[call->dir] |= (uint8_t)word;
	return (state->words[miner] & asked) == asked && (state->words[1 - miner] & WORD_JOB) != 0;
}

/* A login that was cut before it says whose it is; Grin's have a text for id. */
static bool hear_login(const struct rpc_call *call, const struct login *login)
{
	if (!login->is_piece ||
	    !(is_word(call, "login") || has_text(call, call->params, "login")) ||
	    json_type(call->doc, member(call, call->object, "id")) != JSON_NUMBER)
		return false;
	(void)hear_word(call, WORD_LOGIN);
	return true;
}

/* --- login ---------------------------------------------------------------------------------- */

/* XMRig works a part of the time for its author: under the hash of its user's wallet. */
static bool is_donation(const struct login *login)
{
	return login->user.len == 64 && hex_is(login->user) && rpc_starts(login->agent, "xmrig");
}

static bool handle_login(struct rpc_call *call, const struct rpc_method *row)
{
	struct cryptonote_state *state = call->state;
	struct login login;

	(void)row;
	login_read(call, &login);
	if (login.owner != LOGIN_CRYPTONOTE)
		return login.owner == LOGIN_NOBODY && hear_login(call, &login);
	struct finding finding = login_finding(call, &login);

	finding.is_donation = is_donation(&login);
	if (finding.is_donation) { /* looks like a key of other coins */
		finding.wallet.check = WALLET_NONE;
		finding.wallet.coin = NULL;
		finding.coin = NULL;
	}
	note_miner(call);
	state->algos = login.algos;
	state->is_marked = state->is_marked || login.is_marked;
	state->is_login_likely = state->is_login_likely || (login.is_marked && !login.is_weak);
	if (finding.coin != NULL)
		state->coin = finding.coin;
	rpc_emit(call, &finding);
	cryptonote_rates_learn(&state->algos, call, member(call, call->params, "algo-perf"));
	cryptonote_rates_report(&state->algos, call, 0);
	return true;
}

/* --- jobs and shares ------------------------------------------------------------------------ */

static bool handle_job(struct rpc_call *call, const struct rpc_method *row)
{
	json_value inner = member(call, call->params, "job");
	struct slice piece = json_cut_text(call->doc, call->params, "blob");

	(void)row;
	if (cryptonote_job_report(call, inner != JSON_ABSENT ? inner : call->params))
		return true;
	if (!is_word(call, "blob") || (piece.len > 0 && !hex_is(piece)))
		return false;
	(void)hear_word(call, WORD_JOB);
	return true;
}

/* A share is judged by its result, or by the commitment to it where there is one: whichever it is
 * not is a random number, and so nearly always proves less. */
static double share_difficulty(const struct rpc_call *call)
{
	struct slice digits = json_hex(call->doc, member(call, call->params, "result"));

	if (digits.len == WIDE_DIGITS) /* most significant first */
		return target_work_be256(slice_head(digits, TARGET_DIGITS));
	double result = target_work_result(digits);
	double commitment =
		target_work_result(json_hex(call->doc, member(call, call->params, "commitment")));

	return commitment > result ? commitment : result;
}

/* A cycle of a graph, where others have a hash. */
static bool has_cycle(const struct rpc_call *call)
{
	json_value cycle = member(call, call->params, "pow");
	uint64_t edge;

	return json_type(call->doc, cycle) == JSON_ARRAY &&
	       json_size(call->doc, cycle) >= CYCLE_LEAST &&
	       json_unsigned(call->doc, json_element(call->doc, cycle, 0), UINT64_MAX, &edge) ==
		       0 &&
	       is_string(call, member(call, call->params, "nonce"));
}

/* What a cut packet held of a share, in a flow that is known: not all of its nonce. */
static bool is_cut_share(const struct rpc_call *call)
{
	const struct cryptonote_state *state = call->state;

	return call->doc->is_cut && state->is_seen && has_text(call, call->params, "id") &&
	       member(call, call->params, "nonce") == JSON_ABSENT &&
	       member(call, call->params, "result") == JSON_ABSENT;
}

/* How much the fields of a share prove; *is_share is false when they are no share's. */
static enum proof weigh_share(const struct rpc_call *call, bool *is_share)
{
	const struct cryptonote_state *state = call->state;
	json_value value = member(call, call->params, "result");
	struct slice nonce = json_hex(call->doc, member(call, call->params, "nonce"));
	struct slice result = json_hex(call->doc, value);

	bool is_wide = nonce.len == WIDE_DIGITS && result.len == WIDE_DIGITS;

	*is_share = is_cut_share(call);
	if (*is_share)
		return PROOF_NONE;
	*is_share = json_id(call->doc, member(call, call->params, "job_id")) != 0 &&
		    (nonce.len == 8 || nonce.len == 16 || is_wide);
	if (!*is_share || result.len == 64 || is_wide || (state->is_seen && has_cycle(call)))
		return PROOF_CONFIRMED;
	/* Of a share that was cut after its nonce the rest is believed once the flow is known. */
	if (call->doc->is_cut && state->is_seen && result.len == 0)
		return PROOF_NONE;
	*is_share = value == JSON_ABSENT && (state->is_header || state->is_login_likely) &&
		    is_string(call, member(call, call->params, "id"));
	return state->is_header ? PROOF_LIKELY : PROOF_NONE;
}

static bool handle_submit(struct rpc_call *call, const struct rpc_method *row)
{
	struct cryptonote_state *state = call->state;
	json_value worker_nonce = member(call, call->params, "workerNonce");
	json_value pool_nonce = member(call, call->params, "poolNonce");
	struct slice nonce = json_hex(call->doc, member(call, call->params, "nonce"));
	char algo[LIMIT_TEXT_BYTES];
	bool is_share;
	enum proof proof = weigh_share(call, &is_share);

	if (!is_share && !is_word(call, "id"))
		return false;
	if (!is_share && !hear_word(call, WORD_SUBMIT))
		return true;
	struct finding finding =
		rpc_finding(call, row->kind, row->sender, is_share ? proof : PROOF_SUSPECT);

	if (is_share)
		note_miner(call);
	finding.wants_reply = true;
	finding.reply_confirms = call->doc->is_cut && state->is_job_seen;
	finding.job = json_id(call->doc, member(call, call->params, "job_id"));
	finding.nonce = nonce.len == 0 ? 0 : rpc_hash_hex(finding.job, nonce);
	/* Miners behind a proxy have a part of the block each, and the same nonces. */
	finding.is_proxy = worker_nonce != JSON_ABSENT && pool_nonce != JSON_ABSENT;
	if (finding.is_proxy && finding.nonce != 0) {
		finding.nonce = rpc_hash_hex(finding.nonce, json_raw(call->doc, worker_nonce));
		finding.nonce = rpc_hash_hex(finding.nonce, json_raw(call->doc, pool_nonce));
	}
	finding.difficulty = share_difficulty(call);
	finding.algo = json_text(call->doc, member(call, call->params, "algo"), algo, sizeof(algo));
	finding.coin = state->coin;
	rpc_emit(call, &finding);
	return true;
}

/* The miner shows the block that it made for a self-select job. */
static bool handle_block_template(struct rpc_call *call, const struct rpc_method *row)
{
	const struct json *doc = call->doc;
	uint64_t height;
	double difficulty;

	if (json_id(doc, member(call, call->params, "job_id")) == 0 ||
	    !cryptonote_is_blob(json_hex(doc, member(call, call->params, "blob"))))
		return false;
	bool is_whole =
		rpc_is_hex(doc, member(call, call->params, "prev_hash"), 64) &&
		json_unsigned(doc, member(call, call->params, "height"), UINT64_MAX, &height) ==
			0 &&
		json_number(doc, member(call, call->params, "difficulty"), &difficulty) == 0;
	struct finding finding = rpc_finding(call, row->kind, row->sender,
					     is_whole ? PROOF_CONFIRMED : PROOF_LIKELY);

	note_miner(call);
	finding.wants_reply = call->id != 0;
	finding.job = json_id(doc, member(call, call->params, "job_id"));
	rpc_emit(call, &finding);
	return true;
}

/* --- the rest ------------------------------------------------------------------------------- */

/* keepalived, getjob: words that prove nothing, with the session's id in them. */
static bool handle_session(struct rpc_call *call, const struct rpc_method *row)
{
	struct cryptonote_state *state = call->state;
	enum json_type params = json_type(call->doc, call->params);

	if (params == JSON_NULL) /* Grin says it so */
		return false;
	if (!state->is_seen && !is_string(call, member(call, call->params, "id")))
		return false;
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_NONE);

	finding.wants_reply = call->id != 0;
	rpc_emit(call, &finding);
	return true;
}

/* Where XMRig donates. */
static bool is_donation_pool(struct slice pool)
{
	return rpc_starts(pool, "donate.v2.xmrig.com:") ||
	       rpc_starts(pool, "donate.ssl.xmrig.com:");
}

static bool handle_reconnect(struct rpc_call *call, const struct rpc_method *row)
{
	const struct cryptonote_state *state = call->state;
	char host[LIMIT_TEXT_BYTES];
	char pool[RPC_POOL_BYTES];
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_NONE);
	json_value name = json_element(call->doc, call->params, 0);

	if (!state->is_seen)
		return false;
	finding.request = 0;
	finding.pool = rpc_pool(call, json_text(call->doc, name, host, sizeof(host)),
				json_element(call->doc, call->params, 1), pool);
	finding.is_donation = is_donation_pool(finding.pool);
	rpc_emit(call, &finding);
	return true;
}

static const struct rpc_method methods[] = {
	{ "submit", SENDER_MINER, FINDING_SHARE, handle_submit },
	{ "job", SENDER_POOL, FINDING_JOB, handle_job },
	{ "keepalived", SENDER_MINER, FINDING_KEEPALIVE, handle_session },
	{ "keepalive", SENDER_MINER, FINDING_KEEPALIVE, handle_session },
	{ "getjob", SENDER_MINER, FINDING_REQUEST, handle_session },
	{ "login", SENDER_MINER, FINDING_LOGIN, handle_login },
	{ "block_template", SENDER_MINER, FINDING_REQUEST, handle_block_template },
	{ "client.reconnect", SENDER_POOL, FINDING_RECONNECT, handle_reconnect },
};

/* A login that was accepted for an algorithm whose jobs come in the words of Stratum. */
static bool report_auto_login(const struct rpc_call *call)
{
	struct cryptonote_state *state = call->state;
	char text[LIMIT_TEXT_BYTES];
	struct slice algo =
		json_text(call->doc, member(call, call->result, "algo"), text, sizeof(text));
	struct slice extra = json_hex(call->doc, member(call, call->result, "extra_nonce"));
	struct rpc_reply reply;

	if (extra.len == 0 || cryptonote_algo_find(algo) == 0 ||
	    !is_string(call, member(call, call->result, "id")) || !rpc_reply_read(call, &reply))
		return false;
	struct finding finding = rpc_reply_finding(call, &reply, PROOF_LIKELY);

	finding.reply_to = REPLY_TO_LOGIN;
	rpc_emit(call, &finding);
	state->is_seen = true;
	finding = rpc_finding(call, FINDING_IDENTITY, SENDER_POOL, PROOF_NONE);
	finding.request = 0;
	finding.algo = algo;
	rpc_emit(call, &finding);
	return true;
}

/* A share gets the status OK, a sign of life mostly another one. */
static bool report_verdict(const struct rpc_call *call)
{
	const struct cryptonote_state *state = call->state;
	json_value status = member(call, call->result, "status");
	struct rpc_reply reply;

	if (!rpc_reply_read(call, &reply))
		return false;
	struct finding finding = rpc_reply_finding(call, &reply, PROOF_NONE);

	if (reply.is_ok && !state->is_self_select && json_is(call->doc, status, "OK"))
		finding.reply_to = REPLY_TO_SHARE;
	rpc_emit(call, &finding);
	return true;
}

/* What a cut packet held of the answer to a login: the session's id, and no job. */
static bool report_cut_login(const struct rpc_call *call)
{
	const struct cryptonote_state *state = call->state;

	if (!call->doc->is_cut || !state->is_seen || !has_text(call, call->result, "id") ||
	    member(call, call->result, "status") != JSON_ABSENT)
		return false;
	const struct rpc_reply reply = { .is_ok = true, .reply_to = REPLY_TO_LOGIN };
	const struct finding finding = rpc_reply_finding(call, &reply, PROOF_NONE);

	rpc_emit(call, &finding);
	return true;
}

/* The verdict first, then the job that came with it: a login that was accepted has a job. */
static bool handle_reply(struct rpc_call *call)
{
	const struct cryptonote_state *state = call->state;
	json_value job = member(call, call->result, "job");

	if (job == JSON_ABSENT && member(call, call->result, "job_id") != JSON_ABSENT)
		job = call->result; /* to getjob */
	if (job != JSON_ABSENT && cryptonote_job_is(call, job)) {
		if (!report_cut_login(call))
			rpc_reply_emit(call, PROOF_NONE);
		return cryptonote_job_report(call, job);
	}
	if (report_auto_login(call) || report_cut_login(call))
		return true;
	return state->is_seen && report_verdict(call);
}

static bool handle_call(struct rpc_call *call)
{
	if (call->is_reply)
		return handle_reply(call);
	const struct rpc_method *row = rpc_method_find(methods, ROWS(methods), call->method, false);

	return row != NULL && row->handle(call, row);
}

static bool cryptonote_decode(void *state, struct message *msg, const struct finding_out *out)
{
	return rpc_decode(state, msg, out, handle_call);
}

static enum probe_result cryptonote_probe(struct slice first, enum direction dir)
{
	return rpc_probe(first, dir, &dialect_cryptonote);
}

_Static_assert(sizeof(struct cryptonote_state) <= DIALECT_STATE_MAX, "state is too large");

const struct dialect dialect_cryptonote = {
	.name = "cryptonote",
	.state_size = sizeof(struct cryptonote_state),
	.max_message = LIMIT_MESSAGE_BYTES,
	.probe = cryptonote_probe,
	.frame = rpc_frame,
	.decode = cryptonote_decode,
};
