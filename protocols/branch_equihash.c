/* branch_equihash.c: Zcash and the other Equihash coins (ZIP 301), Zhash, and VerusHash, which took
 * over the messages but counts hashes.
 *
 *   job    [job, version 8h, prevhash 64h, merkle root 64h, reserved 64h, ntime 8h, nbits 8h,
 *           clean bool]
 *          Zhash: and [.., "144_5", personalization]; VerusHash: perhaps [.., solution hex]
 *   share  [user, job, ntime 8h, nonce2 hex, solution hex behind its length]
 *
 * A solution is so long that a share takes several segments: its beginning is proof enough. Pools
 * set targets; what a difficulty of 1 is they do not agree on. */
#include "protocols/base58.h"
#include "protocols/cursor.h"
#include "protocols/stratum_branch.h"

#define NOTIFY_FIELDS  8
#define NOTIFY_LEAST   4 /* of a cut job: version and two hashes */
#define NONCE2_DIGITS  64
#define SOLUTION_HEAD  64 /* digits that tell one solution from the next */
#define VERUS_VERSION  "04000100"
#define VERUS_IDENTITY 102 /* version of an address that begins with i */

struct solution {
	const char *prefix; /* compact size of what follows */
	size_t digits;      /* prefix included */
	const char *algo;
};

static const struct solution solutions[] = {
	{ "fd4005", 2694, "equihash200_9" }, { "fd8005", 2822, "equihash210_9" },
	{ "fd9001", 806, "equihash192_7" },  { "64", 202, "equihash144_5" },
	{ "34", 106, "equihash125_4" },      { "44", 138, "equihash96_5" },
};

/* Others have kept Zcash's. */
static const struct {
	const char *person;
	const char *coin;
} persons[] = { { "BgoldPoW", "BTG" }, { "BitcoinZ", "BTCZ" }, { "ZelProof", "FLUX" } };

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* name@.worker, or an address of an identity. */
static bool is_verus_login(struct slice login)
{
	uint8_t bytes[BASE58_BYTES];
	struct slice name = slice_head(login, slice_find(login, '.'));

	if (name.len > 1 && name.ptr[name.len - 1] == '@')
		return true;
	if (!slice_starts(name, "i"))
		return false;
	struct slice address = slice_of(bytes, base58_decode(name, bytes));
	return address.len == 25 && bytes[0] == VERUS_IDENTITY && base58_checksum_holds(address);
}

/* A solution of VerusHash begins with its version and plain fields, one of Equihash is noise. */
static bool is_verus_solution(struct slice digits)
{
	struct slice version = slice_sub(digits, 6, 8);

	return slice_starts(digits, "fd4005") && version.len == 8 && version.ptr[0] == '0' &&
	       version.ptr[1] != '0' && slice_is(slice_tail(version, 2), "000000");
}

static void set_verus(struct stratum_state *state, struct finding *finding)
{
	state->is_verus = true;
	finding->algo = slice_str("verushash");
	finding->unit = NULL;
}

/* [.., "144_5", "BgoldPoW"] */
static void read_zhash(const struct rpc_call *call, struct finding *finding)
{
	char person[16];
	struct slice name = json_text(call->doc, stratum_param(call, 9), person, sizeof(person));

	for (size_t i = 0; i < ROWS(persons); i++)
		if (slice_is(name, persons[i].person))
			finding->coin = persons[i].coin;
	finding->is_coin_mined = finding->coin != NULL;
	for (size_t i = 0; i < ROWS(solutions); i++)
		if (json_is(call->doc, stratum_param(call, 8), solutions[i].algo + 8))
			finding->algo = slice_str(solutions[i].algo);
}

static enum proof equihash_notify(const struct rpc_call *call, struct stratum_state *state,
				  struct finding *finding)
{
	static const enum stratum_field fields[NOTIFY_FIELDS + 2] = {
		FIELD_ID,   FIELD_HEX8, FIELD_HEX64, FIELD_HEX64, FIELD_HEX64,
		FIELD_HEX8, FIELD_HEX8, FIELD_BOOL,  FIELD_TEXT,  FIELD_TEXT
	};
	size_t count = json_size(call->doc, call->params);
	size_t right = stratum_match(call, fields, ROWS(fields));
	bool is_verus = state->is_verus ||
			json_is(call->doc, stratum_param(call, 1), VERUS_VERSION) ||
			(count == 9 && json_hex(call->doc, stratum_param(call, 8)).len > 0);

	if (right != count || (right < NOTIFY_FIELDS && !call->doc->is_cut) || right < NOTIFY_LEAST)
		return PROOF_NONE;
	if (is_verus && count <= 9)
		set_verus(state, finding);
	else if (count > NOTIFY_FIELDS)
		read_zhash(call, finding);
	return right >= NOTIFY_FIELDS ? PROOF_CONFIRMED : PROOF_LIKELY;
}

/* The row of a whole solution, or of what a cut one begins with. */
static const struct solution *find_solution(struct slice digits, bool is_cut)
{
	for (size_t i = 0; i < ROWS(solutions); i++)
		if (rpc_starts(digits, solutions[i].prefix) &&
		    (is_cut ? digits.len <= solutions[i].digits
			    : digits.len == solutions[i].digits))
			return &solutions[i];
	return NULL;
}

static enum proof equihash_submit(const struct rpc_call *call, struct stratum_state *state,
				  struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_TEXT, FIELD_ID, FIELD_HEX8, FIELD_BYTES,
						     FIELD_HEX };
	size_t count = json_size(call->doc, call->params);
	size_t right = stratum_match(call, fields, ROWS(fields));
	struct slice nonce2 = json_hex(call->doc, stratum_param(call, 3));
	bool is_cut = call->doc->is_cut && count == 4;
	struct slice digits =
		is_cut ? stratum_broken_text(call, 4) : json_hex(call->doc, stratum_param(call, 4));
	const struct solution *row = find_solution(digits, is_cut);

	if (right != count || right < 4 || nonce2.len > NONCE2_DIGITS ||
	    (row == NULL && (!is_cut || digits.len > 0)))
		return PROOF_NONE;
	stratum_identity(call, state, finding, stratum_param(call, 0));
	finding->nonce = rpc_hash_hex(finding->job, json_hex(call->doc, stratum_param(call, 2)));
	finding->nonce = rpc_hash_hex(finding->nonce, nonce2);
	if (digits.len >= SOLUTION_HEAD)
		finding->nonce = rpc_hash_hex(finding->nonce, slice_head(digits, SOLUTION_HEAD));
	if (row != NULL)
		finding->algo = slice_str(row->algo);
	if (slice_is(finding->algo, "equihash125_4"))
		stratum_name_coin(state, finding, "t", "FLUX");
	if (state->is_verus || is_verus_solution(digits) ||
	    (is_verus_login(finding->login) && slice_starts(digits, "fd4005")))
		set_verus(state, finding);
	stratum_name_coin(state, finding, "R", state->is_verus ? "VRSC" : "KMD");
	/* one byte of a length begins many a text */
	return row != NULL && (!is_cut || strlen(row->prefix) > 2) ? PROOF_CONFIRMED : PROOF_LIKELY;
}

/* Only remembers what the words of the family say of VerusHash. */
static bool equihash_call(struct rpc_call *call, struct stratum_state *state)
{
	char text[LIMIT_TEXT_BYTES];

	if (call->is_reply || (state->branch != 0 && !stratum_is(state, &stratum_branch_equihash)))
		return false;
	struct slice first = json_text(call->doc, stratum_param(call, 0), text, sizeof(text));

	if ((rpc_starts(call->method, "mining.auth") && is_verus_login(first)) ||
	    (rpc_equals(call->method, "mining.subscribe") &&
	     (rpc_starts(first, "hellminer") || rpc_contains(first, "verus"))))
		state->is_verus = true;
	return false;
}

static const char *const agents[] = { "equihashminer", "nheqminer", "hellminer", "ewbf",
				      "miniz",         "zecminer",  NULL };

const struct stratum_branch stratum_branch_equihash = {
	.name = "equihash",
	.algo = "equihash",
	.unit = "Sol/s",
	.agents = agents,
	.notify = equihash_notify,
	.submit = equihash_submit,
	.call = equihash_call,
};
