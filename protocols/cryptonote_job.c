/* cryptonote_job.c: weighs and reports a job object of the login dialect.
 *
 *   blob          {"blob":152h,"job_id":job,"target":8h or 16h,"algo":"rx/0","height":N,
 *                  "seed_hash":64h}
 *   self-select   {"pool_wallet":wallet,"extra_nonce":hex,"target":.,"job_id":job}; the miner asks
 *                  a daemon for the block
 *   template      {"blocktemplate_blob":hex,"target_diff":D,"difficulty":network's,
 *                  "reserved_offset":N,"client_nonce_offset":N,"job_id":job}, to a proxy
 *   header        {"previous_block_hash":64h,"seed":64h,"bits":16h,"nonce":16h,"target":8h,
 *                  "job_id":job}, Bytom and its clones
 *   hash          {"mining_hash":64h,"difficulty":D,"extranonce":hex,"job_id":job}, Quantus
 *
 *   a CryptoNote blob   major varint, minor varint, timestamp varint, previous hash [32], nonce [4]
 *                       tree hash [32], transactions varint
 *   a GhostRider blob   a Bitcoin header of 80 bytes: time at 68, nonce at 76
 *   a KawPow blob       header hash [32], nonce [8]
 *   a SHA3x blob        header hash [32]; pools may put a nonce behind it
 *
 * Targets are little-endian, of 4 or 8 bytes; a shorter one lacks zero bytes at its end. The one of
 * rx/yada is a plain hex number. */
#include "protocols/cryptonote_job.h"

#include "protocols/cnwork.h"
#include "protocols/cursor.h"
#include "protocols/hex.h"
#include "protocols/target.h"

#define BLOB_DIGITS_MIN    140
#define BLOB_DIGITS_MAX    816
#define TEMPLATE_DIGITS    32768 /* a template holds the coinbase and the hashes */
#define BLOB_DIGITS_KAWPOW 80
#define BLOB_DIGITS_SHA3X  64
#define CUT_DIGITS_LEAST   8           /* of a blob whose block cannot be told by its first bytes */
#define HEADER_TIME_MIN    1388534400u /* 2014 */
#define HEADER_TIME_MAX    2524608000u /* 2050: we have no clock here */
#define BITCOIN_HEADER     80
#define BITCOIN_TIME_AT    68

/* What a job object turned out to be. PROOF_NONE: not a job of ours. */
struct weight {
	enum proof proof;
	double work;
	bool is_header;
	bool is_template;
	bool is_self_select;
	struct wallet payout; /* self-select */
	uint8_t algo;         /* 1 + index of the algorithm in force; 0: not known */
	struct slice name;    /* its name as spoken, or as known */
	char name_text[LIMIT_TEXT_BYTES];
	char wallet_text[LIMIT_TEXT_BYTES];
};

static json_value member(const struct rpc_call *call, json_value object, const char *name)
{
	return json_member(call->doc, object, name);
}

static struct slice hex_member(const struct rpc_call *call, json_value object, const char *name)
{
	return json_hex(call->doc, member(call, object, name));
}

bool cryptonote_is_blob(struct slice digits)
{
	return digits.len >= BLOB_DIGITS_MIN && digits.len <= TEMPLATE_DIGITS &&
	       digits.len % 2 == 0;
}

/* --- what a block begins with --------------------------------------------------------------- */

/* A header of a Bitcoin-like chain, by its length and its time. */
static bool is_bitcoin_header(struct slice digits)
{
	uint8_t header[BITCOIN_HEADER];
	size_t len;

	if (!target_hex_bytes(digits, header, sizeof(header), &len) || len != sizeof(header))
		return false;
	struct cursor in = cursor_of(slice_of(header, len));

	cursor_skip(&in, BITCOIN_TIME_AT);
	uint32_t time = cursor_u32le(&in);

	return time >= HEADER_TIME_MIN && time <= HEADER_TIME_MAX;
}

/* --- the fields of a job -------------------------------------------------------------------- */

/* The algorithm: named by the job, or known from the login. A seed hash is RandomX's alone. */
static void weigh_algo(const struct rpc_call *call, json_value job, struct weight *weight)
{
	const struct cryptonote_state *state = call->state;

	weight->name = json_text(call->doc, member(call, job, "algo"), weight->name_text,
				 sizeof(weight->name_text));
	if (weight->name.len > 0) {
		weight->algo = cryptonote_algo_find(weight->name);
		return;
	}
	if (rpc_is_hex(call->doc, member(call, job, "seed_hash"), 64))
		weight->algo = state->algos.first_rx != 0
				       ? state->algos.first_rx
				       : cryptonote_algo_find(slice_str("randomx"));
	else
		weight->algo = state->algos.first;
	weight->name = cryptonote_algo_name(weight->algo);
}

/* A target written as a number: at most 16 digits, most significant first. */
static double work_of_number(struct slice digits)
{
	uint64_t target = 0;

	if (digits.len > 16)
		return 0;
	for (size_t i = 0; i < digits.len; i++)
		target = target << 4 | (uint64_t)hex_values[digits.ptr[i]];
	return target == 0 ? 0 : (double)(UINT64_MAX / target);
}

/* The work of a target; 0 when it is none. */
static double weigh_target(const struct rpc_call *call, json_value job, const struct weight *weight,
			   bool may_be_short)
{
	struct slice digits = hex_member(call, job, "target");
	double work;

	if (rpc_equals(weight->name, "rx/yada"))
		work = work_of_number(digits);
	else if (digits.len == 16 || digits.len == 8 || (may_be_short && digits.len < 8))
		work = target_work_cryptonote(digits);
	else
		return 0;
	return work;
}

/* Too short for a block, but the job names an algorithm that has such. */
static bool is_short_blob(const struct weight *weight, struct slice blob)
{
	if (rpc_starts(weight->name, "kawpow"))
		return blob.len == BLOB_DIGITS_KAWPOW;
	return rpc_starts(weight->name, "sha3x") &&
	       (blob.len == BLOB_DIGITS_SHA3X || blob.len == BLOB_DIGITS_SHA3X + 16);
}

/* True when the object is a job with a blob. */
static bool weigh_blob(const struct rpc_call *call, json_value job, struct weight *weight)
{
	const struct cryptonote_state *state = call->state;
	struct slice blob = hex_member(call, job, "blob");
	bool is_known = cnwork_is_block(blob) ||
			(rpc_starts(weight->name, "ghostrider") && is_bitcoin_header(blob));

	if (!is_short_blob(weight, blob) &&
	    (!cryptonote_is_blob(blob) || blob.len > BLOB_DIGITS_MAX))
		return false;
	weight->work = weigh_target(call, job, weight, state->is_seen || is_known);
	if (weight->work <= 0)
		return false;
	weight->proof = is_known || state->is_seen ? PROOF_CONFIRMED : PROOF_LIKELY;
	return true;
}

/* True when the object is a job of which the miner makes the block itself. */
static bool weigh_self_select(const struct rpc_call *call, json_value job, struct weight *weight)
{
	const struct cryptonote_state *state = call->state;
	struct slice wallet = json_text(call->doc, member(call, job, "pool_wallet"),
					weight->wallet_text, sizeof(weight->wallet_text));

	weight->work = weigh_target(call, job, weight, state->is_seen);
	if (wallet.len == 0 || hex_member(call, job, "extra_nonce").len == 0 || weight->work <= 0)
		return false;
	weight->is_self_select = true;
	weight->payout = wallet_check_address(wallet);
	weight->proof = weight->payout.check == WALLET_VALID || state->is_seen ? PROOF_CONFIRMED
									       : PROOF_LIKELY;
	return true;
}

/* True when the object is a whole template, of which a proxy makes blobs for its miners. */
static bool weigh_template(const struct rpc_call *call, json_value job, struct weight *weight)
{
	const struct cryptonote_state *state = call->state;
	struct slice blob = hex_member(call, job, "blocktemplate_blob");
	double number;

	if (!cryptonote_is_blob(blob) ||
	    json_number(call->doc, member(call, job, "target_diff"), &weight->work) != 0 ||
	    weight->work <= 0 || weight->work >= CRYPTONOTE_WORK_MAX)
		return false;
	weight->is_template = true;
	bool is_whole =
		cnwork_is_block(blob) &&
		json_number(call->doc, member(call, job, "reserved_offset"), &number) == 0 &&
		json_number(call->doc, member(call, job, "client_nonce_offset"), &number) == 0;

	weight->proof = is_whole || state->is_seen ? PROOF_CONFIRMED : PROOF_LIKELY;
	return true;
}

/* True when the object is a header in fields. */
static bool weigh_header(const struct rpc_call *call, json_value job, struct weight *weight)
{
	if (!rpc_is_hex(call->doc, member(call, job, "previous_block_hash"), 64) ||
	    !rpc_is_hex(call->doc, member(call, job, "seed"), 64) ||
	    hex_member(call, job, "bits").len == 0)
		return false;
	weight->work = weigh_target(call, job, weight, false);
	if (weight->work <= 0)
		return false;
	weight->is_header = true;
	if (weight->name.len == 0) /* nobody else seeds a job so */
		weight->name = slice_str("tensority");
	weight->proof = PROOF_CONFIRMED;
	return true;
}

/* True when the object is the hash of a header; the difficulty counts hashes. */
static bool weigh_hash(const struct rpc_call *call, json_value job, struct weight *weight)
{
	const struct cryptonote_state *state = call->state;

	if (!rpc_is_hex(call->doc, member(call, job, "mining_hash"), 64) ||
	    json_number(call->doc, member(call, job, "difficulty"), &weight->work) != 0 ||
	    weight->work <= 0 || weight->work >= CRYPTONOTE_WORK_MAX)
		return false;
	if (weight->name.len == 0)
		weight->name = slice_str("qpow");
	weight->proof = state->is_seen || hex_member(call, job, "extranonce").len > 0
				? PROOF_CONFIRMED
				: PROOF_LIKELY;
	return true;
}

/* The digits of a blob, of which the end may have been cut off: whole bytes, or none. */
static struct slice cut_blob(const struct rpc_call *call, json_value job, const char *name)
{
	struct slice blob = json_cut_text(call->doc, job, name);

	if (blob.len == 0)
		blob = hex_member(call, job, name);
	blob = slice_head(blob, blob.len / 2 * 2);
	return hex_is(blob) ? blob : slice_of(NULL, 0);
}

/* True when the object is what a cut packet held of a job with a blob: neither its target nor, most
 * often, its id. A block tells itself by its first bytes; of others the login must have been heard,
 * and if that was anybody's, they are no more than a suspicion. */
static bool weigh_cut(const struct rpc_call *call, json_value job, struct weight *weight)
{
	const struct cryptonote_state *state = call->state;

	if (!call->doc->is_cut || member(call, job, "target") != JSON_ABSENT)
		return false;
	struct slice blob = cut_blob(call, job, "blob");
	struct slice whole = cut_blob(call, job, "blocktemplate_blob");
	bool is_known = cnwork_is_block(blob) || cnwork_is_block(whole);
	bool is_asked = state->is_seen || (state->words[1 - call->dir] & WORD_LOGIN) != 0;

	if (!(is_known || (is_asked && blob.len >= CUT_DIGITS_LEAST)))
		return false;
	weigh_algo(call, job, weight);
	weight->is_template = whole.len > 0;
	if (is_known)
		weight->proof = state->is_seen ? PROOF_CONFIRMED : PROOF_LIKELY;
	else
		weight->proof = state->is_marked ? PROOF_LIKELY : PROOF_SUSPECT;
	return true;
}

static void weigh_job(const struct rpc_call *call, json_value job, struct weight *weight)
{
	*weight = (struct weight){ .proof = PROOF_NONE };
	if (weigh_cut(call, job, weight))
		return;
	if (json_id(call->doc, member(call, job, "job_id")) == 0)
		return;
	weigh_algo(call, job, weight);
	if (!weigh_blob(call, job, weight) && !weigh_self_select(call, job, weight) &&
	    !weigh_template(call, job, weight) && !weigh_header(call, job, weight) &&
	    !weigh_hash(call, job, weight))
		weight->proof = PROOF_NONE;
}

bool cryptonote_job_is(const struct rpc_call *call, json_value job)
{
	struct weight weight;

	weigh_job(call, job, &weight);
	return weight.proof != PROOF_NONE;
}

bool cryptonote_job_report(const struct rpc_call *call, json_value job)
{
	struct cryptonote_state *state = call->state;
	struct weight weight;

	weigh_job(call, job, &weight);
	if (weight.proof == PROOF_NONE)
		return false;
	struct finding finding = rpc_finding(call, FINDING_JOB, SENDER_POOL, weight.proof);

	if (weight.proof >= PROOF_LIKELY) {
		state->is_seen = true;
		state->is_job_seen = true;
	}
	state->is_header = weight.is_header;
	state->is_self_select = weight.is_self_select;
	finding.request = 0;
	finding.job = json_id(call->doc, member(call, job, "job_id"));
	finding.difficulty = weight.work;
	finding.work = weight.work;
	finding.coin = weight.payout.coin != NULL ? weight.payout.coin : state->coin;
	finding.algo = weight.name;
	finding.payout = weight.payout.text;
	finding.is_proxy = weight.is_template;
	rpc_emit(call, &finding);
	if (weight.algo != 0)
		cryptonote_rates_report(&state->algos, call, weight.algo);
	return true;
}
