/* grin.c: Grin and its kin (Cuckatoo, Cuckaroo), JSON-RPC 2.0 by line. Ids are texts, replies
 * repeat the method, a push has the id "Stratum".
 *
 *   C> {"id":"0","jsonrpc":"2.0","method":"login","params":{"login":user,"pass":password,
 *         "agent":"grin-miner"}}                                      or "params":null
 *   C> {"id":"0","method":"getjobtemplate","params":null}             also keepalive, status
 *   S> {"id":"Stratum","method":"job","params":{"difficulty":D,"height":N,"job_id":N,
 *         "pre_pow":hex}}                                             also a result
 *   C> {"id":"0","method":"submit","params":{"edge_bits":32,"height":N,"job_id":N,"nonce":u64,
 *         "pow":[42 integers]}}
 *   S> {"id":"0","method":"submit","result":"ok","error":null}        or "blockfound - 64h"
 *   S> {"id":"0","method":"submit","error":{"code":-32503,"message":"too late"}}
 *   S> {"id":"0","method":"status","result":{"id":"5","height":N,"difficulty":D,"accepted":N,
 *         "rejected":N,"stale":N}}
 *
 * Work is counted in solutions: cycles that were found, whatever the number of graphs searched. A
 * cycle in a graph of 2^edge_bits edges is worth its weight, 2^(edge_bits - 23) * edge_bits, which
 * is 16384 for 32 bits, so a share of difficulty D stands for D / weight solutions, and for one at
 * least: it is one. A job does not name the size of its graph: that of the last share is taken, 32
 * before the first.
 *
 * Pools of CryptoNote's coins on such graphs (Swap, Tube) say it in their own words: a job has
 * "proofsize", "edgebits" and a text as "job_id", comes with the login as well, and its difficulty
 * counts solutions. Epic Cash names three proofs of work: epic.h. */
#include "protocols/epic.h"
#include "protocols/hex.h"
#include "protocols/login.h"

#define EDGE_BITS_MIN     24
#define EDGE_BITS_MAX     48
#define EDGE_BITS_DEFAULT 32
#define POW_MIN           32 /* integers of a cycle; Grin has 42 */
#define PRE_POW_MIN       64 /* hex digits */
#define CUT_PRE_POW_MIN   16 /* of one that was cut */
#define DIFFICULTY_MAX    1e18
#define CODE_TOO_LATE     (-32503.0)

struct grin_state {
	uint8_t edge_bits; /* of the last share; 0: none heard */
	uint8_t epic;      /* enum epic_algo that the miner named last */
	bool is_seen;      /* a login, job or submit with the right fields was heard */
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const char unit[] = "Sol/s";

static json_value member(const struct rpc_call *call, json_value object, const char *name)
{
	return json_member(call->doc, object, name);
}

static bool is_string(const struct rpc_call *call, json_value value)
{
	return json_type(call->doc, value) == JSON_STRING;
}

static bool is_count(const struct rpc_call *call, json_value value)
{
	uint64_t number;

	return json_unsigned(call->doc, value, UINT64_MAX, &number) == 0;
}

static void note_miner(const struct rpc_call *call)
{
	struct grin_state *state = call->state;

	state->is_seen = true;
}

/* --- work ----------------------------------------------------------------------------------- */

static double solutions(const struct grin_state *state, double difficulty)
{
	if (state->epic > EPIC_CUCKOO)
		return difficulty;
	unsigned bits = state->edge_bits != 0 ? state->edge_bits : EDGE_BITS_DEFAULT;
	double weight = (double)((uint64_t)2 << (bits - EDGE_BITS_MIN)) * bits;

	return difficulty > weight ? difficulty / weight : 1;
}

static const char *algo_of(const struct grin_state *state)
{
	if (state->epic > EPIC_CUCKOO)
		return epic_algo_name((enum epic_algo)state->epic);
	switch (state->edge_bits) {
	case 29:
		return "cuckaroo29";
	case 31:
		return "cuckatoo31";
	case 32:
		return "cuckatoo32";
	default:
		return "";
	}
}

/* Of Epic Cash's difficulties the one of the proof that the miner computes. */
/* The algorithm of the object's work: until the miner has named one, what the next block wants. */
static enum epic_algo epic_in_force(const struct rpc_call *call, json_value object)
{
	const struct grin_state *state = call->state;

	if (state->epic != EPIC_NONE ||
	    json_type(call->doc, member(call, object, "difficulty")) != JSON_ARRAY)
		return (enum epic_algo)state->epic;
	return epic_algo_named(call, member(call, object, "algorithm"));
}

static bool read_difficulty(const struct rpc_call *call, json_value object, double *difficulty)
{
	json_value value = member(call, object, "difficulty");

	return (json_number(call->doc, value, difficulty) == 0 ||
		epic_difficulty(call, value, epic_in_force(call, object), difficulty)) &&
	       *difficulty > 0 && *difficulty <= DIFFICULTY_MAX;
}

static void learn_epic(const struct rpc_call *call, enum epic_algo algo)
{
	struct grin_state *state = call->state;

	if (algo != EPIC_NONE)
		state->epic = (uint8_t)algo;
}

/* Hashes are counted as they are; coin and unit of what all this is worth. */
static void fill_kind(const struct grin_state *state, struct finding *finding)
{
	bool is_hash = state->epic > EPIC_CUCKOO;

	finding->unit = is_hash ? NULL : unit;
	finding->algo = slice_str(algo_of(state));
	finding->coin = state->epic != EPIC_NONE ? "EPIC" : NULL;
}

static void learn_edge_bits(const struct rpc_call *call, json_value value)
{
	struct grin_state *state = call->state;
	uint64_t bits;

	if (json_unsigned(call->doc, value, EDGE_BITS_MAX, &bits) == 0 && bits >= EDGE_BITS_MIN)
		state->edge_bits = (uint8_t)bits;
}

static bool is_cryptonote(const struct rpc_call *call, json_value job)
{
	return is_count(call, member(call, job, "proofsize"));
}

/* --- what miners say ------------------------------------------------------------------------ */

static bool handle_login(struct rpc_call *call, const struct rpc_method *row)
{
	struct login login;
	bool is_bare = json_type(call->doc, call->params) == JSON_NULL &&
		       is_string(call, member(call, call->object, "id"));
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_NONE);

	login_read(call, &login);
	if (login.owner == LOGIN_GRIN)
		finding = login_finding(call, &login);
	else if (!is_bare)
		return false;
	finding.wants_reply = call->id != 0;
	note_miner(call);
	rpc_emit(call, &finding);
	return true;
}

/* Words that prove nothing. Only one of them is heard before anything else is. */
static bool handle_plain(struct rpc_call *call, const struct rpc_method *row)
{
	struct grin_state *state = call->state;
	bool is_opening = slice_is(call->method, "getjobtemplate") &&
			  is_string(call, member(call, call->object, "id"));

	if (!state->is_seen && !is_opening)
		return false;
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_NONE);

	note_miner(call);
	learn_epic(call, epic_algo_named(call, member(call, call->params, "algorithm")));
	finding.wants_reply = call->id != 0;
	rpc_emit(call, &finding);
	return true;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x100000001b3u;
	hash ^= hash >> 29;
	return hash == 0 ? 1 : hash;
}

/* Counts the integers of a cycle and adds them to the hash; 0 when one is none. */
static size_t read_pow(const struct rpc_call *call, json_value list, uint64_t *hash)
{
	size_t count = json_size(call->doc, list);

	if (json_type(call->doc, list) != JSON_ARRAY)
		return 0;
	/* The tokens of an array stand one after another: no look-up from its start for each. */
	json_value value = json_element(call->doc, list, 0);

	for (size_t i = 0; i < count; i++, value++) {
		if (!is_count(call, value))
			return 0;
		*hash = mix(*hash, json_id(call->doc, value));
	}
	return count;
}

static bool handle_submit(struct rpc_call *call, const struct rpc_method *row)
{
	struct grin_state *state = call->state;
	json_value nonce = member(call, call->params, "nonce");
	uint64_t job = json_id(call->doc, member(call, call->params, "job_id"));
	uint64_t hash = mix(job, json_id(call->doc, nonce));
	json_value pow = member(call, call->params, "pow");
	enum epic_algo epic = epic_proof(call, pow, &pow);
	json_value bits = epic == EPIC_CUCKOO ? json_element(call->doc, pow, 0)
					      : member(call, call->params, "edge_bits");

	pow = epic == EPIC_CUCKOO ? json_element(call->doc, pow, 1) : pow;
	size_t cycle = read_pow(call, pow, &hash);
	bool is_whole = cycle >= POW_MIN;

	if (job == 0 || !is_count(call, nonce))
		return false;
	/* Of a share that was cut after its nonce the rest is believed once the flow is known. */
	if (!is_whole && !(call->doc->is_cut && state->is_seen))
		return false;
	struct finding finding =
		rpc_finding(call, row->kind, row->sender, is_whole ? PROOF_CONFIRMED : PROOF_NONE);

	note_miner(call);
	learn_edge_bits(call, bits);
	learn_epic(call, epic);
	finding.wants_reply = true;
	finding.job = job;
	finding.nonce = hash;
	fill_kind(state, &finding);
	rpc_emit(call, &finding);
	return true;
}

/* --- what pools say ------------------------------------------------------------------------- */

/* Hex of a header; of one that was cut the first bytes. */
static bool has_pre_pow(const struct rpc_call *call, json_value job)
{
	struct slice pre_pow = json_hex(call->doc, member(call, job, "pre_pow"));
	struct slice piece = json_cut_text(call->doc, job, "pre_pow");

	return (pre_pow.len >= PRE_POW_MIN && pre_pow.len % 2 == 0) ||
	       (piece.len >= CUT_PRE_POW_MIN && hex_is(piece));
}

static bool is_job(const struct rpc_call *call, json_value job)
{
	double difficulty;

	return has_pre_pow(call, job) &&
	       (is_count(call, member(call, job, "job_id")) ||
		(is_cryptonote(call, job) &&
		 json_id(call->doc, member(call, job, "job_id")) != 0)) &&
	       is_count(call, member(call, job, "height")) &&
	       read_difficulty(call, job, &difficulty);
}

static bool report_job(const struct rpc_call *call, json_value job)
{
	struct grin_state *state = call->state;
	bool is_piece = json_cut_text(call->doc, job, "pre_pow").len > 0;
	struct finding finding =
		rpc_finding(call, FINDING_JOB, SENDER_POOL,
			    is_piece && !state->is_seen ? PROOF_LIKELY : PROOF_CONFIRMED);

	if (!is_job(call, job) || !read_difficulty(call, job, &finding.difficulty))
		return false;
	state->is_seen = true;
	learn_epic(call, epic_in_force(call, job));
	learn_edge_bits(call, member(call, job, "edgebits"));
	finding.request = 0;
	finding.job = json_id(call->doc, member(call, job, "job_id"));
	finding.work = is_cryptonote(call, job) ? finding.difficulty
						: solutions(state, finding.difficulty);
	fill_kind(state, &finding);
	rpc_emit(call, &finding);
	return true;
}

static bool handle_job(struct rpc_call *call, const struct rpc_method *row)
{
	(void)row;
	return report_job(call, call->params);
}

static const struct rpc_method methods[] = {
	{ "submit", SENDER_MINER, FINDING_SHARE, handle_submit },
	{ "job", SENDER_POOL, FINDING_JOB, handle_job },
	{ "getjobtemplate", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "keepalive", SENDER_MINER, FINDING_KEEPALIVE, handle_plain },
	{ "status", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "login", SENDER_MINER, FINDING_LOGIN, handle_login },
};

static bool emit_reply(const struct rpc_call *call, enum proof proof)
{
	struct rpc_reply reply;
	double code;

	if (!rpc_reply_read(call, &reply))
		return false;
	struct finding finding = rpc_reply_finding(call, &reply, proof);

	if (json_number(call->doc, member(call, call->error, "code"), &code) == 0 &&
	    code == CODE_TOO_LATE)
		finding.is_stale = true;
	/* Nodes repeat the method; some pools do not, and say ok to a login as well. */
	if (slice_is(call->method, "submit"))
		finding.reply_to = REPLY_TO_SHARE;
	else if (call->method.len == 0 && reply.is_ok &&
		 json_type(call->doc, call->result) == JSON_STRING)
		finding.reply_to = REPLY_TO_LOGIN_OR_SHARE;
	rpc_emit(call, &finding);
	return true;
}

/* The pool's own count of the miner's shares. It runs on from former connections, so it settles
 * none of this one; the difficulty is the one in force. */
static bool report_status(const struct rpc_call *call)
{
	static const char *const counts[] = { "height", "accepted", "rejected", "stale" };
	struct grin_state *state = call->state;
	struct finding finding = rpc_finding(call, FINDING_DIFFICULTY, SENDER_POOL, PROOF_NONE);

	for (size_t i = 0; i < ROWS(counts); i++)
		if (!is_count(call, member(call, call->result, counts[i])))
			return false;
	if (!read_difficulty(call, call->result, &finding.difficulty) ||
	    !emit_reply(call, PROOF_LIKELY))
		return false;
	state->is_seen = true;
	finding.request = 0;
	finding.work = solutions(state, finding.difficulty);
	fill_kind(state, &finding);
	rpc_emit(call, &finding);
	return true;
}

/* A share that is a block: "blockfound - " and its hash. */
static bool is_block_found(const struct rpc_call *call)
{
	static const char begin[] = "blockfound - ";
	char text[LIMIT_TEXT_BYTES];
	struct slice result = json_text(call->doc, call->result, text, sizeof(text));

	return slice_starts(result, begin) && result.len == strlen(begin) + 64;
}

static bool handle_reply(struct rpc_call *call)
{
	struct grin_state *state = call->state;
	json_value job = member(call, call->result, "job");

	job = job == JSON_ABSENT ? call->result : job;
	if (is_job(call, job)) {
		emit_reply(call, PROOF_NONE);
		return report_job(call, job);
	}
	if (slice_is(call->method, "status") && report_status(call))
		return true;
	if (slice_is(call->method, "submit") && is_block_found(call)) {
		state->is_seen = true;
		return emit_reply(call, PROOF_LIKELY);
	}
	return state->is_seen && emit_reply(call, PROOF_NONE);
}

static bool handle_call(struct rpc_call *call)
{
	bool has_verdict = call->result != JSON_ABSENT || call->error != JSON_ABSENT;

	if (call->is_reply || (has_verdict && json_type(call->doc, call->params) == JSON_NULL))
		return handle_reply(call);
	const struct rpc_method *row = rpc_method_find(methods, ROWS(methods), call->method, false);

	return row != NULL && row->handle(call, row);
}

static bool grin_decode(void *state, struct message *msg, const struct finding_out *out)
{
	return rpc_decode(state, msg, out, handle_call);
}

static enum probe_result grin_probe(struct slice first, enum direction dir)
{
	return rpc_probe(first, dir, &dialect_grin);
}

_Static_assert(sizeof(struct grin_state) <= DIALECT_STATE_MAX, "state is too large");

const struct dialect dialect_grin = {
	.name = "grin",
	.state_size = sizeof(struct grin_state),
	.max_message = LIMIT_MESSAGE_BYTES,
	.probe = grin_probe,
	.frame = rpc_frame,
	.decode = grin_decode,
};
