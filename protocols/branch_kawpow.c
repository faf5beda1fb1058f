/* branch_kawpow.c: KawPow and its kin (ProgPow): Ravencoin, Firo, Evrmore, Neoxa.
 *
 *   job    [job, header hash 64h, seed hash 64h, target hex, clean bool, height, nbits 8h]
 *          nbits also as a number
 *   share  [user, job, nonce 0x16h, header hash 0x64h, mix hash 0x64h]
 *          each with 0x or without
 *   XMRig's log-in with any algorithm is answered with
 *          {"result":{"id":.., "algo":"kawpow/rvn", "extra_nonce":hex, "extra_nonce2_size":n}}
 *
 * QtMiner's shares look the same; who has no other sign gets them here. */
#include "protocols/stratum_branch.h"
#include "protocols/target.h"

#define NOTIFY_FIELDS 7
#define NOTIFY_NEEDED 6 /* nbits may miss */
#define NOTIFY_LEAST  4 /* of a cut job: two hashes and the target */

static const char *algo_of(const char *coin)
{
	if (coin != NULL && strcmp(coin, "FIRO") == 0)
		return "firopow";
	if (coin != NULL && strcmp(coin, "EVR") == 0)
		return "evrprogpow";
	return "kawpow";
}

/* Each has the form of another coin's, too. */
static void name_coin(const struct stratum_state *state, struct finding *finding)
{
	stratum_name_coin(state, finding, "R", "RVN");
	stratum_name_coin(state, finding, "G", "NEOX");
	stratum_name_coin(state, finding, "M", "MEWC");
}

static enum proof kawpow_notify(const struct rpc_call *call, struct stratum_state *state,
				struct finding *finding)
{
	static const enum stratum_field fields[NOTIFY_FIELDS] = {
		FIELD_ID, FIELD_HEX64, FIELD_HEX64, FIELD_HEX, FIELD_BOOL, FIELD_UINT, FIELD_HEX8
	};
	size_t count = json_size(call->doc, call->params);
	size_t right = stratum_match(call, fields, NOTIFY_FIELDS);
	uint64_t nbits;

	if (right == NOTIFY_FIELDS - 1 &&
	    json_unsigned(call->doc, stratum_param(call, right), UINT32_MAX, &nbits) == 0)
		right++;
	double work = stratum_target_head(call, stratum_param(call, 3));

	if (right != count || right < (call->doc->is_cut ? NOTIFY_LEAST : NOTIFY_NEEDED))
		return PROOF_NONE;
	if (work > 0)
		finding->work = work;
	finding->coin = state->unit.coin;
	finding->algo = slice_str(algo_of(finding->coin));
	return right >= NOTIFY_NEEDED ? PROOF_CONFIRMED : PROOF_LIKELY;
}

static enum proof kawpow_submit(const struct rpc_call *call, struct stratum_state *state,
				struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_TEXT, FIELD_ID, FIELD_HEX16, FIELD_HEX64,
						     FIELD_HEX64 };
	/* without 0x the beginning of a cut one is anybody's */
	bool is_0x = rpc_is_0x(call->doc, stratum_param(call, 2), 16);
	enum proof proof = stratum_verdict(call, fields, 5, is_0x ? 3 : 4);

	if (proof == PROOF_NONE)
		return proof;
	stratum_identity(call, state, finding, stratum_param(call, 0));
	finding->nonce = rpc_hash_hex(finding->job, json_hex(call->doc, stratum_param(call, 2)));
	finding->algo = slice_str(algo_of(finding->wallet.coin));
	name_coin(state, finding);
	/* An Ethereum address, or a name beside params: QtMiner, if nobody proved otherwise. */
	if (!stratum_is(state, &stratum_branch_kawpow) &&
	    (slice_starts(finding->login, "0x") ||
	     json_member(call->doc, call->object, "worker") != JSON_ABSENT))
		return PROOF_LIKELY;
	return proof;
}

/* The answer to a log-in that let the pool choose the algorithm: these words follow. */
static bool kawpow_call(struct rpc_call *call, struct stratum_state *state)
{
	const struct json *doc = call->doc;

	if (json_type(doc, call->result) != JSON_OBJECT)
		return false;
	struct slice algo = json_text(doc, json_member(doc, call->result, "algo"), call->text->tag,
				      sizeof(call->text->tag));
	struct rpc_reply reply;
	uint64_t size;

	if (!call->is_reply || algo.len == 0 ||
	    json_hex(doc, json_member(doc, call->result, "extra_nonce")).len == 0 ||
	    json_unsigned(doc, json_member(doc, call->result, "extra_nonce2_size"), 32, &size) != 0)
		return false;
	(void)stratum_see(call, SENDER_POOL);
	if (rpc_starts(algo, "kawpow") || rpc_starts(algo, "firopow") ||
	    rpc_starts(algo, "evrprogpow") || rpc_starts(algo, "meowpow"))
		stratum_hint(state, &stratum_branch_kawpow);
	stratum_unit_named(&state->unit, algo);
	struct finding finding = rpc_finding(call, FINDING_IDENTITY, SENDER_POOL, PROOF_CONFIRMED);
	finding.request = 0;
	finding.algo = algo;
	stratum_emit(call, &finding);
	if (rpc_reply_read(call, &reply)) {
		finding = rpc_reply_finding(call, &reply, PROOF_NONE);
		finding.reply_to = REPLY_TO_LOGIN;
		stratum_emit(call, &finding);
	}
	return true;
}

static const char *const agents[] = { "kawpowminer", "meowpowminer", "evrprogpowminer", "firominer",
				      NULL };

const struct stratum_branch stratum_branch_kawpow = {
	.name = "kawpow",
	.algo = "kawpow",
	.agents = agents,
	.notify = kawpow_notify,
	.submit = kawpow_submit,
	.call = kawpow_call,
};
