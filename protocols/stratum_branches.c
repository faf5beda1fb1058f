/* stratum_branches.c: the table of branches, and what they share. */
#include "protocols/stratum_branch.h"
#include "protocols/target.h"

#define SHARE_FIELDS_MAX   10 /* of a share; the longest known has 6 */
#define EXTRANONCE2_DIGITS 32
#define WORK_MAX           1e27 /* of a target; a block of Bitcoin is below 1e24 */

#define BRANCH_ROW(id) &stratum_branch_##id,
const struct stratum_branch *const stratum_branches[] = { STRATUM_BRANCHES(BRANCH_ROW) };
#undef BRANCH_ROW

const size_t stratum_branch_count = sizeof(stratum_branches) / sizeof(stratum_branches[0]);

uint8_t stratum_branch_number(const struct stratum_branch *branch)
{
	for (size_t i = 0; i < stratum_branch_count; i++)
		if (stratum_branches[i] == branch)
			return (uint8_t)(1 + i);
	return 0;
}

void stratum_prove(struct stratum_state *state, const struct stratum_branch *branch)
{
	uint8_t number = stratum_branch_number(branch);

	if (state->branch != number)
		state->rate_unit = branch->unit;
	state->branch = number;
}

void stratum_hint(struct stratum_state *state, const struct stratum_branch *branch)
{
	state->hint = stratum_branch_number(branch);
}

bool stratum_is(const struct stratum_state *state, const struct stratum_branch *branch)
{
	uint8_t number = state->branch != 0 ? state->branch : state->hint;

	return number != 0 && stratum_branches[number - 1] == branch;
}

struct stratum_state *stratum_see(const struct rpc_call *call, enum sender sender)
{
	struct stratum_state *state = call->state;
	unsigned side = call->dir;

	state->is_seen = true;
	if (sender == SENDER_POOL)
		side = 1 - side;
	if (sender != SENDER_UNKNOWN)
		state->miner_side = (uint8_t)(1 + side);
	return state;
}

void stratum_emit(const struct rpc_call *call, struct finding *finding)
{
	const struct stratum_state *state = call->state;

	if (state->branch != 0 && finding->dialect == NULL) {
		finding->dialect = stratum_branches[state->branch - 1]->name;
		if (finding->unit == NULL)
			finding->unit = state->rate_unit;
	}
	rpc_emit(call, finding);
}

json_value stratum_param(const struct rpc_call *call, size_t index)
{
	return json_element(call->doc, call->params, index);
}

bool stratum_field_fits(const struct json *doc, json_value value, enum stratum_field field)
{
	enum json_type type = json_type(doc, value);
	uint64_t number;
	size_t digits;

	switch (field) {
	case FIELD_ID:
		return type == JSON_STRING || type == JSON_NUMBER;
	case FIELD_TEXT:
		return type == JSON_STRING;
	case FIELD_BOOL:
		return type == JSON_TRUE || type == JSON_FALSE || json_is(doc, value, "true") ||
		       json_is(doc, value, "false");
	case FIELD_UINT:
		return json_unsigned(doc, value, UINT64_MAX, &number) == 0;
	case FIELD_HEX:
		return json_hex(doc, value).len > 0;
	case FIELD_BYTES:
		digits = json_hex(doc, value).len;
		return digits > 0 && digits % 2 == 0;
	case FIELD_HEX8:
		return rpc_is_hex(doc, value, 8);
	case FIELD_HEX16:
		return rpc_is_hex(doc, value, 16);
	case FIELD_HEX64:
		return rpc_is_hex(doc, value, 64);
	case FIELD_0X16:
		return rpc_is_0x(doc, value, 16);
	case FIELD_0X64:
		return rpc_is_0x(doc, value, 64);
	case FIELD_ANY:
		break;
	}
	return type != JSON_NONE;
}

size_t stratum_match(const struct rpc_call *call, const enum stratum_field *fields, size_t count)
{
	json_value value = stratum_param(call, 0);
	size_t right = 0;

	for (; right < count && stratum_field_fits(call->doc, value, fields[right]); right++)
		value = json_next(call->doc, value);
	return right;
}

enum proof stratum_verdict(const struct rpc_call *call, const enum stratum_field *fields,
			   size_t count, size_t least)
{
	size_t right = stratum_match(call, fields, count);

	if (right != json_size(call->doc, call->params))
		return PROOF_NONE;
	if (right == count)
		return PROOF_CONFIRMED;
	return call->doc->is_cut && right >= least ? PROOF_LIKELY : PROOF_NONE;
}

struct finding stratum_own(const struct rpc_call *call, enum finding_kind kind, enum sender sender,
			   const struct stratum_branch *branch)
{
	struct stratum_state *state = stratum_see(call, sender);
	struct finding finding = rpc_finding(call, kind, sender, PROOF_CONFIRMED);

	stratum_prove(state, branch);
	finding.dialect = branch->name;
	finding.unit = branch->unit;
	finding.coin = branch->coin;
	if (branch->algo != NULL)
		finding.algo = slice_str(branch->algo);
	finding.wants_reply = kind == FINDING_SHARE;
	if (sender == SENDER_POOL && kind != FINDING_REPLY)
		finding.request = 0;
	if (kind == FINDING_JOB) {
		finding.difficulty = state->difficulty;
		finding.work = state->target_work > 0 ? state->target_work
						      : state->difficulty * branch->unit_work;
	}
	return finding;
}

/* Who is paid in another coin says so in front of the address: that is no hint. */
static void hint_wallet(struct stratum_state *state, const struct finding *finding)
{
	const char *coin = finding->wallet.coin;
	uint8_t common = stratum_branch_number(&stratum_branch_ethstratum1);

	if (coin == NULL || finding->wallet.text.ptr != finding->login.ptr ||
	    (state->hint != 0 && state->hint != common))
		return;
	for (size_t i = 0; i < stratum_branch_count; i++) {
		const char *own = stratum_branches[i]->coin;

		if (own != NULL && own[0] == coin[0] && strcmp(own, coin) == 0)
			stratum_hint(state, stratum_branches[i]);
	}
}

void stratum_identity(const struct rpc_call *call, struct stratum_state *state,
		      struct finding *finding, json_value user)
{
	finding->login = json_text(call->doc, user, call->text->login, sizeof(call->text->login));
	finding->wallet = wallet_parse_again(finding->login, &state->user);
	finding->worker = finding->wallet.worker;
	stratum_unit_wallet(&state->unit, &finding->wallet);
	if (finding->wallet.check == WALLET_NONE)
		return;
	finding->coin = finding->wallet.coin;
	hint_wallet(state, finding);
}

void stratum_name_coin(const struct stratum_state *state, struct finding *finding,
		       const char *first, const char *coin)
{
	const struct wallet *wallet = &finding->wallet;

	if (wallet->check != WALLET_VALID || !slice_starts(wallet->text, first) ||
	    wallet->text.ptr != finding->login.ptr || state->unit.coin_option != 0)
		return;
	finding->coin = coin;
	finding->is_coin_mined = true;
}

/* The text of one value; hex digits alike in both cases, with or without 0x; 4 like 4.0. */
static uint64_t hash_value(const struct rpc_call *call, uint64_t hash, json_value value)
{
	struct slice digits = json_hex(call->doc, value);

	if (digits.len > 0)
		return rpc_hash_hex(hash, digits);
	uint64_t id = json_id(call->doc, value);

	return rpc_hash_hex(hash, slice_of(&id, sizeof(id)));
}

enum proof stratum_nonce_share(const struct rpc_call *call, struct stratum_state *state,
			       struct finding *finding, enum stratum_field nonce, size_t digits)
{
	const enum stratum_field fields[] = { FIELD_TEXT, FIELD_ID, nonce };
	enum proof proof = stratum_verdict(call, fields, 3, 3);
	struct slice text = json_hex(call->doc, stratum_param(call, 2));

	if (proof == PROOF_NONE || text.len > digits)
		return PROOF_NONE;
	stratum_identity(call, state, finding, stratum_param(call, 0));
	finding->nonce = rpc_hash_hex(finding->job, text);
	return proof;
}

enum proof stratum_known_share(const struct rpc_call *call, struct stratum_state *state,
			       struct finding *finding, const struct stratum_branch *branch)
{
	static const enum stratum_field fields[] = { FIELD_TEXT, FIELD_ID, FIELD_HEX, FIELD_HEX8,
						     FIELD_HEX8 };
	enum proof proof = stratum_verdict(call, fields, 5, 4);

	if (proof == PROOF_NONE || !stratum_is(state, branch) ||
	    json_hex(call->doc, stratum_param(call, 2)).len > EXTRANONCE2_DIGITS)
		return PROOF_NONE;
	stratum_identity(call, state, finding, stratum_param(call, 0));
	finding->nonce = stratum_share_hash(call, finding->job, 2);
	return proof;
}

uint64_t stratum_share_hash(const struct rpc_call *call, uint64_t job, size_t first)
{
	const struct json *doc = call->doc;
	size_t count = json_size(doc, call->params);
	uint64_t hash = job;

	if (json_type(doc, call->params) != JSON_ARRAY || count <= first)
		return 0;
	for (size_t i = first; i < count && i < SHARE_FIELDS_MAX; i++) {
		json_value value = stratum_param(call, i);
		size_t parts = json_size(doc, value);

		if (parts == 0)
			hash = hash_value(call, hash, value);
		for (size_t j = 0; j < parts; j++)
			hash = hash_value(call, hash, json_element(doc, value, j));
	}
	return hash;
}

double stratum_target(const struct rpc_call *call, json_value target)
{
	double work = target_work_be256(json_hex(call->doc, target));

	return work <= WORK_MAX ? work : 0;
}

double stratum_target_head(const struct rpc_call *call, json_value target)
{
	struct slice digits = json_hex(call->doc, target);
	double work = target_work_be256(digits);

	if (digits.len < TARGET_DIGITS && slice_starts(digits, "00"))
		work = target_work_head256(digits);
	return work <= WORK_MAX ? work : 0;
}

struct slice stratum_broken_text(const struct rpc_call *call, size_t index)
{
	const struct json *doc = call->doc;
	struct slice none = slice_of(NULL, 0);

	if (!doc->is_cut || index == 0 || json_size(doc, call->params) != index)
		return none;
	struct slice before = json_raw(doc, stratum_param(call, index - 1));
	struct slice rest =
		slice_tail(doc->text, (size_t)(before.ptr - doc->text.ptr) + before.len);
	static const char between[] = "\",\"";

	for (size_t i = 0; i < sizeof(between) - 1; i++) {
		while (rest.len > 0 && rest.ptr[0] <= ' ')
			rest = slice_tail(rest, 1);
		if (rest.len == 0 || rest.ptr[0] != (uint8_t)between[i])
			return none;
		rest = slice_tail(rest, 1);
	}
	/* It was the last thing before the cut. */
	return slice_find(rest, '"') == rest.len ? rest : none;
}
