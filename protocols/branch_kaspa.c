/* branch_kaspa.c: Kaspa's kHeavyHash, and the chains that took over its protocol.
 *
 *   C> subscribe [agent]    S> {"result":[true, "EthereumStratum/1.0.0"]}
 *   S> {"method":"set_extranonce","params":["0029", 6]}      or mining.set_extranonce
 *   job    [job, [word, word, word, word], timestamp]         a hash as four numbers of 64 bits
 *          [job, 80h]                                         hash and timestamp as one text
 *          [job, 64h, timestamp]                              milliseconds
 *   share  [user, job, nonce 0x16h]                    or as a decimal number, of ASICs
 *
 * A difficulty of 1 is a target of 2^224. */
#include "protocols/stratum_branch.h"

#define LITERAL       "EthereumStratum/1"
#define HEADER_DIGITS 80
#define HASH_WORDS    4
#define NONCE_DIGITS  16
#define NONCE_DECIMAL 20
#define NONCE_BYTES   8
#define TIME_LEAST    1500000000000u /* 2017 */
#define TIME_MOST     4102444800000u /* 2100 */

#define OFFSHOOT_LEAST 61 /* characters behind the prefix */

/* Chains that speak alike and hash otherwise. */
static const char *const offshoots[] = { "KLS", "PYI", "SPR",  "HTN", "BGA",
					 "NXL", "SDR", "WALA", "CYTX" };

static void set_coin(const struct stratum_state *state, struct finding *finding)
{
	for (size_t i = 0; i < sizeof(offshoots) / sizeof(offshoots[0]); i++)
		if (state->unit.coin != NULL && strcmp(state->unit.coin, offshoots[i]) == 0) {
			finding->coin = offshoots[i];
			finding->algo = slice_of(NULL, 0);
		}
	/* an address as Kaspa's, of nobody that we know */
	if (state->user.check == WALLET_VALID && state->user.coin == NULL &&
	    state->user.text.len > OFFSHOOT_LEAST) {
		finding->coin = "";
		finding->algo = slice_of(NULL, 0);
	}
}

/* Numbers in the list; 0 when there is something else in it. */
static size_t count_words(const struct rpc_call *call, json_value list)
{
	size_t count = json_size(call->doc, list);

	if (json_type(call->doc, list) != JSON_ARRAY || count > HASH_WORDS)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (!stratum_field_fits(call->doc, json_element(call->doc, list, i), FIELD_UINT))
			return 0;
	return count;
}

static bool is_time(const struct rpc_call *call, json_value value)
{
	uint64_t time;

	return json_unsigned(call->doc, value, TIME_MOST, &time) == 0 && time >= TIME_LEAST;
}

static enum proof kaspa_notify(const struct rpc_call *call, struct stratum_state *state,
			       struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_ID, FIELD_ANY, FIELD_UINT };
	size_t count = json_size(call->doc, call->params);
	size_t words = count_words(call, stratum_param(call, 1));
	bool is_text = rpc_is_hex(call->doc, stratum_param(call, 1), HEADER_DIGITS);

	if (count < 2 || stratum_match(call, fields, 3) != count)
		return PROOF_NONE;
	set_coin(state, finding);
	if (count == 2 && is_text) /* Aleo's begin so, too */
		return call->doc->is_cut ? PROOF_LIKELY : PROOF_CONFIRMED;
	if (count == 3 && words == HASH_WORDS)
		return PROOF_CONFIRMED;
	if (count == 3 && rpc_is_hex(call->doc, stratum_param(call, 1), 64) &&
	    is_time(call, stratum_param(call, 2)))
		return PROOF_CONFIRMED;
	return count == 2 && words > 0 && call->doc->is_cut ? PROOF_LIKELY : PROOF_NONE;
}

static enum proof kaspa_submit(const struct rpc_call *call, struct stratum_state *state,
			       struct finding *finding)
{
	bool is_decimal = stratum_field_fits(call->doc, stratum_param(call, 2), FIELD_UINT);
	enum proof proof = stratum_nonce_share(call, state, finding, FIELD_HEX,
					       is_decimal ? NONCE_DECIMAL : NONCE_DIGITS);

	if (proof == PROOF_NONE)
		return PROOF_NONE;
	set_coin(state, finding);
	/* behind a cut two hashes may have followed: then it is another's */
	return stratum_is(state, &stratum_branch_kaspa) ||
			       (rpc_is_0x(call->doc, stratum_param(call, 2), NONCE_DIGITS) &&
				!call->doc->is_cut)
		       ? proof
		       : PROOF_LIKELY;
}

/* The bare word, with a piece of a nonce and how much of it is left. */
static bool read_extranonce(struct rpc_call *call, struct stratum_state *state)
{
	size_t digits = json_hex(call->doc, stratum_param(call, 0)).len;
	json_value size = stratum_param(call, 1);
	uint64_t left;

	if (digits == 0 || digits > NONCE_DIGITS || json_size(call->doc, call->params) > 2 ||
	    (size != JSON_ABSENT && json_unsigned(call->doc, size, NONCE_BYTES, &left) != 0))
		return false;
	(void)stratum_see(call, SENDER_POOL);
	if (state->branch == 0)
		stratum_hint(state, &stratum_branch_kaspa);
	struct finding finding = rpc_finding(call, FINDING_REQUEST, SENDER_POOL, PROOF_LIKELY);
	finding.request = 0;
	stratum_emit(call, &finding);
	return true;
}

static bool kaspa_call(struct rpc_call *call, struct stratum_state *state)
{
	const struct json *doc = call->doc;
	char text[32];

	if (!call->is_reply)
		return rpc_equals(call->method, "set_extranonce") && read_extranonce(call, state);
	if (!stratum_field_fits(doc, json_element(doc, call->result, 0), FIELD_BOOL) ||
	    !rpc_starts(json_text(doc, json_element(doc, call->result, 1), text, sizeof(text)),
			LITERAL))
		return false;
	(void)stratum_see(call, SENDER_POOL);
	stratum_hint(state, &stratum_branch_kaspa);
	return stratum_reply(call, PROOF_CONFIRMED, &stratum_branch_kaspa);
}

const struct stratum_branch stratum_branch_kaspa = {
	.name = "kaspa",
	.algo = "kheavyhash",
	.coin = "KAS",
	.unit_work = 0x1p32,
	.notify = kaspa_notify,
	.submit = kaspa_submit,
	.call = kaspa_call,
};
