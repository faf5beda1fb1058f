/* branch_bitcoin.c: Bitcoin and all that copied its jobs: SHA-256d, scrypt, X11, GhostRider...
 *
 *   job    [job, prevhash 64h, coinb1 hex, coinb2 hex, [64h,..], version 8h, nbits 8h, ntime 8h,
 *           clean bool]
 *   share  [user, job, extranonce2 hex, ntime 8h, nonce 8h, version bits 8h] the last one may miss,
 *          the nonce be without its leading zeros
 *
 * What a unit of difficulty is worth, no field tells: stratum_unit.h. */
#include "protocols/coinbase.h"
#include "protocols/stratum_branch.h"

#define NOTIFY_FIELDS     9
#define NOTIFY_LEAST      3  /* of a cut job: the previous hash and a coinbase */
#define MERKLE_BRANCH_MAX 32 /* 2^32 transactions */
#define EXTRANONCE_MAX    32 /* hex digits */
#define NONCE_DIGITS      8
#define VERSION_DIGITS    8

static bool is_merkle_branch(const struct rpc_call *call, json_value branch)
{
	const struct json *doc = call->doc;
	json_value hash = json_element(doc, branch, 0);

	if (json_type(doc, branch) != JSON_ARRAY || json_size(doc, branch) > MERKLE_BRANCH_MAX)
		return false;
	while (hash != JSON_ABSENT && rpc_is_hex(doc, hash, 64))
		hash = json_next(doc, hash);
	return hash == JSON_ABSENT;
}

static uint64_t hash_paid(const struct coinbase *coinbase, const char *coin)
{
	uint64_t hash = slice_hash(slice_of(coinbase->program, coinbase->program_len));

	return hash ^ coinbase->kind ^ (coin == NULL ? 0 : slice_hash(slice_str(coin)));
}

/* Who made the job and who is paid. A coin that nobody named is the one of its algorithm. */
static void read_coinbase(const struct rpc_call *call, struct stratum_state *state,
			  struct finding *finding)
{
	struct coinbase coinbase;
	const char *coin = finding->coin;

	_Static_assert(LIMIT_TEXT_BYTES >= COINBASE_ADDRESS_BYTES, "no room for an address");
	if (!coinbase_read(json_hex(call->doc, stratum_param(call, 2)),
			   json_hex(call->doc, stratum_param(call, 3)), &coinbase))
		return;
	if (coin == NULL && state->unit.foreign == 0)
		coin = slice_is(finding->algo, "sha256d")  ? "BTC"
		       : slice_is(finding->algo, "scrypt") ? "LTC"
							   : NULL;
	uint64_t paid = hash_paid(&coinbase, coin);

	if (paid != state->payout) /* an address costs a checksum: once is enough */
		finding->payout = coinbase_address(&coinbase, coin, call->text->payout);
	state->payout = paid;
	finding->tag =
		slice_of(call->text->tag, slice_copy(slice_str(coinbase.tag), call->text->tag,
						     sizeof(call->text->tag)));
}

static enum proof bitcoin_notify(const struct rpc_call *call, struct stratum_state *state,
				 struct finding *finding)
{
	static const enum stratum_field fields[NOTIFY_FIELDS] = {
		FIELD_ID,   FIELD_HEX64, FIELD_BYTES, FIELD_BYTES, FIELD_ANY,
		FIELD_HEX8, FIELD_HEX8,  FIELD_HEX8,  FIELD_BOOL
	};
	enum proof proof = stratum_verdict(call, fields, NOTIFY_FIELDS, NOTIFY_LEAST);
	json_value branch = stratum_param(call, 4);

	if (proof == PROOF_NONE || (branch != JSON_ABSENT && !is_merkle_branch(call, branch)))
		return PROOF_NONE;
	stratum_unit_prevhash(&state->unit, json_hex(call->doc, stratum_param(call, 1)),
			      json_hex(call->doc, stratum_param(call, 6)));
	if (finding->work <= 0)
		finding->work = stratum_unit_work(&state->unit, finding->difficulty);
	finding->algo = slice_str(stratum_unit_algo(&state->unit, finding->difficulty));
	finding->coin = stratum_unit_coin(&state->unit, finding->difficulty);
	read_coinbase(call, state, finding);
	return proof;
}

/* Some miners leave it empty. */
static bool is_extranonce2(const struct rpc_call *call, json_value value)
{
	size_t len = json_raw(call->doc, value).len;

	return json_type(call->doc, value) == JSON_STRING && len <= EXTRANONCE_MAX &&
	       len % 2 == 0 && (len == 0 || json_hex(call->doc, value).len > 0);
}

/* null or an empty text, for no version bits. */
static bool is_spare(const struct rpc_call *call, json_value value)
{
	enum json_type type = json_type(call->doc, value);

	return type == JSON_NULL || (type == JSON_STRING && json_raw(call->doc, value).len == 0);
}

static enum proof bitcoin_submit(const struct rpc_call *call, struct stratum_state *state,
				 struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_TEXT, FIELD_ID,  FIELD_TEXT,
						     FIELD_HEX8, FIELD_HEX, FIELD_HEX8 };
	size_t count = json_size(call->doc, call->params);
	size_t right = stratum_match(call, fields, 6);

	if (right == 5 && is_spare(call, stratum_param(call, 5)))
		right = 6;
	if (count < 5 || count > 6 || right != count ||
	    json_hex(call->doc, stratum_param(call, 4)).len > NONCE_DIGITS ||
	    (call->doc->is_cut && !rpc_is_hex(call->doc, stratum_param(call, 4), NONCE_DIGITS)) ||
	    !is_extranonce2(call, stratum_param(call, 2)))
		return PROOF_NONE;
	if (rpc_is_hex(call->doc, stratum_param(call, 5), VERSION_DIGITS))
		stratum_unit_rolling(&state->unit);
	finding->nonce = stratum_share_hash(call, finding->job, 2);
	stratum_identity(call, state, finding, stratum_param(call, 0));
	if (strcmp(stratum_unit_algo(&state->unit, state->difficulty), "ghostrider") == 0)
		stratum_name_coin(state, finding, "R", "RTM");
	return PROOF_CONFIRMED;
}

const struct stratum_branch stratum_branch_bitcoin = {
	.name = "stratum-v1",
	.notify = bitcoin_notify,
	.submit = bitcoin_submit,
};
