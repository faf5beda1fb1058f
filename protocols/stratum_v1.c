/* stratum_v1.c: the words of Stratum V1, JSON-RPC objects by line. Reference: BIP 310, ZIP 301.
 *
 *   C> {"id":1,"method":"mining.subscribe","params":[agent, session, host, port]}
 *   S> {"id":1,"error":null,"result":[[["mining.notify",id],..], extranonce1 hex, size]}
 *   C> {"id":2,"method":"mining.authorize","params":[user, password]}
 *   S> {"id":null,"method":"mining.set_difficulty","params":[number]}   for jobs that follow
 *   S> {"id":null,"method":"mining.notify","params":[job, prevhash 64h, coinb1 hex, coinb2 hex,
 *                             [64h,..], version 8h, nbits 8h, ntime 8h, clean bool]}
 *   C> {"id":4,"method":"mining.submit","params":[user, job, extranonce2 hex, ntime 8h,
 *                             nonce 8h, version bits 8h]}
 *
 * The same words carry other coins' jobs and shares, with other fields: each is a branch, see
 * stratum_branch.h. What fits none of them is reported as likely, with what all have in common, so
 * that nothing is missed. */
#include "protocols/btcagent.h"
#include "protocols/stratum_branch.h"
#include "protocols/target.h"

#define DIFFICULTY_MAX      1e30 /* the whole Bitcoin network is below 1e15 */
#define TARGET_DIGITS_LEAST 40   /* of mining.set_target; leading zeros may miss */
#define RATE_MAX            1e22 /* H/s; all miners of Bitcoin together are near */
#define EXTRANONCE_MAX      32   /* hex digits */
#define EXTRANONCE2_MAX     16   /* bytes */

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* A program that speaks the words of one branch only names it. */
static void note_agent(struct stratum_state *state, struct slice agent)
{
	stratum_unit_agent(&state->unit, agent);
	for (size_t i = 0; i < stratum_branch_count; i++) {
		const char *const *name = stratum_branches[i]->agents;

		for (; name != NULL && *name != NULL; name++)
			if (rpc_starts(agent, *name))
				stratum_hint(state, stratum_branches[i]);
	}
}

/* One that says of itself that it speaks for others. */
static bool is_proxy(const struct rpc_call *call, struct slice agent)
{
	return rpc_contains(agent, "proxy") || rpc_starts(agent, "btccom-agent") ||
	       (rpc_starts(agent, "NiceHash/") &&
		rpc_is_hex(call->doc, stratum_param(call, 2), 64));
}

void stratum_subscribe(struct rpc_call *call, enum proof proof, const struct stratum_branch *branch)
{
	char agent[LIMIT_TEXT_BYTES];
	char host[LIMIT_TEXT_BYTES];
	char pool[RPC_POOL_BYTES];
	struct stratum_state *state = stratum_see(call, SENDER_MINER);
	struct finding finding = rpc_finding(call, FINDING_SUBSCRIBE, SENDER_MINER, proof);

	finding.dialect = branch == NULL ? NULL : branch->name;
	finding.wants_reply = true;
	finding.reply_confirms = true;
	finding.agent = json_text(call->doc, stratum_param(call, 0), agent, sizeof(agent));
	finding.pool =
		rpc_pool(call, json_text(call->doc, stratum_param(call, 2), host, sizeof(host)),
			 stratum_param(call, 3), pool);
	finding.is_proxy = is_proxy(call, finding.agent);
	note_agent(state, finding.agent);
	stratum_emit(call, &finding);
}

static bool handle_authorize(struct rpc_call *call, const struct rpc_method *row)
{
	char password[LIMIT_TEXT_BYTES];
	char agent[LIMIT_TEXT_BYTES];
	struct stratum_state *state = stratum_see(call, SENDER_MINER);
	struct finding finding = rpc_finding(call, FINDING_LOGIN, SENDER_MINER, PROOF_LIKELY);
	struct slice secret = json_text(call->doc, stratum_named(call, 1, STRATUM_PASSWORD),
					password, sizeof(password));

	(void)row;
	finding.wants_reply = true;
	finding.reply_confirms = true;
	finding.has_password = secret.len > 0;
	stratum_unit_password(&state->unit, secret);
	stratum_identity(call, state, &finding, stratum_named(call, 0, STRATUM_USER));
	state->login = finding.login.len > 0 ? slice_hash(finding.login) : 0;
	stratum_worker(call, &finding);
	finding.agent = json_text(call->doc, stratum_named(call, STRATUM_NOWHERE, STRATUM_AGENT),
				  agent, sizeof(agent));
	if (finding.agent.len > 0)
		note_agent(state, finding.agent);
	stratum_emit(call, &finding);
	return true;
}

/* Some pools are subscribed to with what others are logged in with: no program is called so. */
static bool is_login(const struct rpc_call *call)
{
	char text[LIMIT_TEXT_BYTES];
	struct slice user = json_text(call->doc, stratum_param(call, 0), text, sizeof(text));

	return wallet_parse(user).check == WALLET_VALID;
}

static bool handle_subscribe(struct rpc_call *call, const struct rpc_method *row)
{
	if (is_login(call))
		return handle_authorize(call, row);
	stratum_subscribe(call, PROOF_LIKELY, NULL);
	return true;
}

/* "hardware software" of the info extension. */
static struct slice device_text(const struct rpc_call *call, json_value options, char *out,
				size_t size)
{
	char hardware[LIMIT_TEXT_BYTES / 2];
	char software[LIMIT_TEXT_BYTES / 2];
	struct slice hw = json_text(call->doc, json_member(call->doc, options, "info.hw-version"),
				    hardware, sizeof(hardware));
	struct slice sw = json_text(call->doc, json_member(call->doc, options, "info.sw-version"),
				    software, sizeof(software));
	size_t len = slice_copy(slice_head(hw, sizeof(hardware) - 1), out, size);

	if (len > 0 && sw.len > 0)
		len += slice_copy(slice_str(" "), out + len, size - len);
	len += slice_copy(slice_head(sw, sizeof(software) - 1), out + len, size - len);
	return slice_of(out, len);
}

static bool handle_configure(struct rpc_call *call, const struct rpc_method *row)
{
	char agent[LIMIT_TEXT_BYTES];
	char url[LIMIT_TEXT_BYTES];
	json_value options = stratum_param(call, 1);
	struct stratum_state *state = stratum_see(call, row->sender);
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_LIKELY);

	finding.wants_reply = true;
	stratum_emit(call, &finding);
	finding = rpc_finding(call, FINDING_IDENTITY, row->sender, PROOF_LIKELY);
	finding.request = 0;
	finding.agent = device_text(call, options, agent, sizeof(agent));
	finding.pool = rpc_pool_url(
		json_text(call->doc, json_member(call->doc, options, "info.connection-url"), url,
			  sizeof(url)));
	if (finding.agent.len > 0 || finding.pool.len > 0) {
		stratum_unit_agent(&state->unit, finding.agent);
		stratum_emit(call, &finding);
	}
	return true;
}

/* Makes the branch speak of the call: its fields into finding. */
static enum proof ask_branch(const struct rpc_call *call, const struct stratum_branch *branch,
			     struct stratum_state *state, struct finding *finding)
{
	finding->unit = branch->unit;
	finding->coin = branch->coin;
	if (branch->algo != NULL)
		finding->algo = slice_str(branch->algo);
	return finding->kind == FINDING_JOB ? branch->notify(call, state, finding)
					    : branch->submit(call, state, finding);
}

/* Asks the branches, the proven one first, then the one that something named, until one is sure.
 * Keeps what the one said whom the call fits best, the first among equals: 1 + its index, 0: none.
 * All but the last work on copies. */
static unsigned find_branch(const struct rpc_call *call, struct stratum_state *state,
			    struct finding *finding, enum proof *best)
{
	const struct stratum_state before = *state;
	const struct finding blank = *finding;
	const unsigned first[2] = { before.branch, before.hint };
	unsigned found = 0;

	*best = PROOF_NONE;
	for (unsigned i = 0; i < 2 + stratum_branch_count; i++) {
		unsigned number = i < 2 ? first[i] : i - 1;

		if (number == 0 || (i >= 2 && (number == first[0] || number == first[1])))
			continue;
		*state = before;
		*finding = blank;
		enum proof proof = ask_branch(call, stratum_branches[number - 1], state, finding);

		if (proof > *best) {
			*best = proof;
			found = number;
		}
		if (proof == PROOF_CONFIRMED)
			return found;
	}
	*state = before;
	*finding = blank;
	/* others have used the room for texts since */
	if (found != 0)
		(void)ask_branch(call, stratum_branches[found - 1], state, finding);
	return found;
}

/* A job or a share of whichever branch it fits. False: of none that we know. */
static bool read_branch(const struct rpc_call *call, struct finding *finding)
{
	struct stratum_state *state = call->state;
	enum proof proof;
	unsigned number = find_branch(call, state, finding, &proof);

	if (number == 0)
		return false;
	const struct stratum_branch *branch = stratum_branches[number - 1];
	bool is_named = proof == PROOF_CONFIRMED || stratum_is(state, branch);

	finding->proof = proof;
	if (!is_named) { /* others share the shape */
		finding->unit = NULL;
		finding->algo = slice_of(NULL, 0);
		if (finding->coin == branch->coin)
			finding->coin = finding->wallet.coin;
		return true;
	}
	finding->dialect = branch->name;
	if (finding->coin == NULL)
		finding->coin = branch->coin;
	if (finding->work <= 0)
		finding->work = finding->difficulty * branch->unit_work;
	if (proof == PROOF_CONFIRMED) {
		stratum_prove(state, branch);
		state->rate_unit = finding->unit;
	}
	return true;
}

static bool handle_submit(struct rpc_call *call, const struct rpc_method *row)
{
	struct stratum_state *state = stratum_see(call, row->sender);
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_LIKELY);

	finding.wants_reply = true;
	finding.job = json_id(call->doc, stratum_named(call, 1, STRATUM_JOB));
	if (!read_branch(call, &finding))
		stratum_clone_share(call, state, &finding);
	stratum_share_proof(call, state, &finding);
	if (call->doc->is_cut && finding.proof < PROOF_CONFIRMED)
		finding.nonce = 0; /* that in which two shares differ may be what is missing */
	stratum_emit(call, &finding);
	return true;
}

/* What that difficulty stands for in the branch that is proven or named. */
static double difficulty_work(const struct stratum_state *state, double difficulty)
{
	unsigned number = state->branch != 0 ? state->branch : state->hint;

	if (number == 0 || stratum_branches[number - 1] == &stratum_branch_bitcoin)
		return stratum_unit_work(&state->unit, difficulty);
	return difficulty * stratum_branches[number - 1]->unit_work;
}

static void read_difficulty(const struct rpc_call *call, struct stratum_state *state,
			    struct finding *finding)
{
	double difficulty;

	if (json_number(call->doc, stratum_param(call, 0), &difficulty) != 0 || difficulty <= 0 ||
	    difficulty > DIFFICULTY_MAX)
		return;
	state->difficulty = difficulty;
	state->target_work = 0;
	finding->difficulty = difficulty;
	finding->work = difficulty_work(state, difficulty);
}

static bool handle_set_difficulty(struct rpc_call *call, const struct rpc_method *row)
{
	struct stratum_state *state = stratum_see(call, row->sender);
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_LIKELY);

	finding.request = 0;
	read_difficulty(call, state, &finding);
	stratum_emit(call, &finding);
	return true;
}

/* Clones send a difficulty under this name: what is too short for a target is one. */
static bool handle_set_target(struct rpc_call *call, const struct rpc_method *row)
{
	struct stratum_state *state = stratum_see(call, row->sender);
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_LIKELY);

	finding.request = 0;
	if (json_hex(call->doc, stratum_param(call, 0)).len < TARGET_DIGITS_LEAST)
		read_difficulty(call, state, &finding);
	else
		finding.work = stratum_target(call, stratum_param(call, 0));
	if (finding.work > 0 && finding.difficulty <= 0) {
		state->target_work = finding.work;
		state->difficulty = 0;
	}
	stratum_emit(call, &finding);
	return true;
}

static bool handle_notify(struct rpc_call *call, const struct rpc_method *row)
{
	struct stratum_state *state = stratum_see(call, row->sender);
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_LIKELY);

	finding.request = 0;
	finding.job = json_id(call->doc, stratum_named(call, 0, STRATUM_JOB));
	finding.difficulty = state->difficulty;
	finding.work = state->target_work;
	(void)read_branch(call, &finding);
	stratum_clone_job(call, state, &finding);
	stratum_emit(call, &finding);
	return true;
}

static bool handle_reconnect(struct rpc_call *call, const struct rpc_method *row)
{
	char host[LIMIT_TEXT_BYTES];
	char pool[RPC_POOL_BYTES];
	const struct stratum_state *state = call->state;
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_NONE);

	finding.request = 0;
	finding.pool =
		rpc_pool(call, json_text(call->doc, stratum_param(call, 0), host, sizeof(host)),
			 stratum_param(call, 1), pool);
	if (!state->is_seen && finding.pool.len == 0)
		return false;
	stratum_emit(call, &finding);
	return true;
}

/* The words carry no fact, and are not ours alone. */
static bool handle_banner(struct rpc_call *call, const struct rpc_method *row)
{
	const struct stratum_state *state = call->state;

	(void)row;
	return state->is_seen;
}

static bool handle_get_version(struct rpc_call *call, const struct rpc_method *row)
{
	struct stratum_state *state = call->state;

	(void)row;
	state->version_request = call->id;
	return state->is_seen;
}

/* Methods that say no more than that somebody mines. */
static bool handle_plain(struct rpc_call *call, const struct rpc_method *row)
{
	stratum_see(call, row->sender);
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_LIKELY);

	finding.wants_reply = call->id != 0 && row->sender != SENDER_POOL;
	if (!finding.wants_reply)
		finding.request = 0;
	stratum_emit(call, &finding);
	return true;
}

/* A word that we do not know: others mine data. */
static bool handle_unknown(struct rpc_call *call, const struct rpc_method *row)
{
	const struct stratum_state *state = call->state;
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_SUSPECT);

	if (state->is_seen)
		return handle_plain(call, row);
	finding.request = 0;
	rpc_emit(call, &finding);
	return true;
}

static bool handle_version_mask(struct rpc_call *call, const struct rpc_method *row)
{
	stratum_unit_rolling(&stratum_see(call, row->sender)->unit);
	return handle_plain(call, row);
}

/* A text may be of hex digits: what would tell, the token behind it, may have been cut off. */
static bool handle_hashrate(struct rpc_call *call, const struct rpc_method *row)
{
	(void)stratum_see(call, row->sender);
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_LIKELY);
	bool is_open =
		call->doc->is_cut && json_type(call->doc, stratum_param(call, 0)) == JSON_STRING;

	finding.wants_reply = call->id != 0;
	if (is_open || json_number(call->doc, stratum_param(call, 0), &finding.rate) != 0 ||
	    finding.rate <= 0 || finding.rate > RATE_MAX) {
		finding.kind = FINDING_REQUEST;
		finding.rate = 0;
	}
	stratum_emit(call, &finding);
	return true;
}

/* One connection that says of itself that it speaks for many. */
static bool handle_relay(struct rpc_call *call, const struct rpc_method *row)
{
	(void)stratum_see(call, row->sender);
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_LIKELY);

	finding.wants_reply = call->id != 0;
	finding.is_proxy = true;
	stratum_emit(call, &finding);
	return true;
}

/* Some pools ask this of a miner, some miners of a pool. */
static bool handle_ping(struct rpc_call *call, const struct rpc_method *row)
{
	struct stratum_state *state = stratum_see(call, SENDER_UNKNOWN);
	bool is_miner = state->miner_side == 1 + (unsigned)call->dir;
	struct finding finding = rpc_finding(call, row->kind, SENDER_POOL, PROOF_LIKELY);

	if (is_miner)
		finding.sender = SENDER_MINER;
	else
		finding.request = 0;
	finding.wants_reply = is_miner && call->id != 0;
	stratum_emit(call, &finding);
	return true;
}

static const struct rpc_method methods[] = {
	{ "mining.notify", SENDER_POOL, FINDING_JOB, handle_notify },
	{ "mining.submit", SENDER_MINER, FINDING_SHARE, handle_submit },
	{ "mining.set_difficulty", SENDER_POOL, FINDING_DIFFICULTY, handle_set_difficulty },
	{ "mining.set_target", SENDER_POOL, FINDING_DIFFICULTY, handle_set_target },
	{ "mining.subscribe", SENDER_MINER, FINDING_SUBSCRIBE, handle_subscribe },
	{ "mining.authorize", SENDER_MINER, FINDING_LOGIN, handle_authorize },
	{ "mining.authorize_admin", SENDER_MINER, FINDING_REQUEST, handle_plain }, /* [password] */
	{ "mining.configure", SENDER_MINER, FINDING_REQUEST, handle_configure },
	{ "mining.extranonce.subscribe", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "mining.suggest_difficulty", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "mining.suggest_target", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "mining.multi_version", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "mining.get_transactions", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "mining.capabilities", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "mining.hello", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "mining.hashrate", SENDER_MINER, FINDING_CLAIMED_RATE, handle_hashrate },
	{ "mining.passthrough", SENDER_MINER, FINDING_REQUEST, handle_relay },
	{ "mining.node", SENDER_MINER, FINDING_REQUEST, handle_relay },
	{ "mining.remote", SENDER_MINER, FINDING_REQUEST, handle_relay },
	{ "mining.term", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "mining.noop", SENDER_MINER, FINDING_KEEPALIVE, handle_plain },
	{ "mining.pong", SENDER_MINER, FINDING_KEEPALIVE, handle_plain },
	{ "mining.ping", SENDER_UNKNOWN, FINDING_REQUEST, handle_ping },
	{ "mining.print", SENDER_POOL, FINDING_REQUEST, handle_plain },
	{ "mining.bye", SENDER_POOL, FINDING_REQUEST, handle_plain },
	{ "mining.set", SENDER_POOL, FINDING_REQUEST, handle_plain },
	{ "mining.set_extranonce", SENDER_POOL, FINDING_REQUEST, handle_plain },
	{ "mining.set_version_mask", SENDER_POOL, FINDING_REQUEST, handle_version_mask },
	{ "client.reconnect", SENDER_POOL, FINDING_RECONNECT, handle_reconnect },
	{ "client.show_message", SENDER_POOL, FINDING_REQUEST, handle_banner },
	{ "client.get_version", SENDER_POOL, FINDING_REQUEST, handle_get_version },
	/* of nodes, of programs that start miners and of games: nobody says so to a pool */
	{ "mining.start", SENDER_UNKNOWN, FINDING_REQUEST, handle_banner },
	{ "mining.stop", SENDER_UNKNOWN, FINDING_REQUEST, handle_banner },
	{ "mining.restart", SENDER_UNKNOWN, FINDING_REQUEST, handle_banner },
	{ "mining.status", SENDER_UNKNOWN, FINDING_REQUEST, handle_banner },
	{ "mining.info", SENDER_UNKNOWN, FINDING_REQUEST, handle_banner },
	{ "mining.enable", SENDER_UNKNOWN, FINDING_REQUEST, handle_banner },
	{ "mining.disable", SENDER_UNKNOWN, FINDING_REQUEST, handle_banner },
};

/* Pools take any method that begins so. */
static const struct rpc_method authorize_row = { "mining.auth", SENDER_MINER, FINDING_LOGIN,
						 handle_authorize };
static const struct rpc_method unknown_row = { "mining.", SENDER_UNKNOWN, FINDING_REQUEST,
					       handle_unknown };

/* What the pool asked and the miner answers, in words: never the fate of a share. */
static bool handle_miner_reply(struct rpc_call *call)
{
	char text[LIMIT_TEXT_BYTES];
	struct stratum_state *state = call->state;
	struct slice answer = json_text(call->doc, call->result, text, sizeof(text));
	struct finding finding = rpc_finding(call, FINDING_IDENTITY, SENDER_MINER, PROOF_NONE);
	bool is_asked = call->id != 0 && call->id == state->version_request;
	bool is_miner = state->miner_side == 1 + (unsigned)call->dir;

	finding.request = 0;
	if (rpc_equals(answer, "pong")) {
		finding.kind = FINDING_KEEPALIVE;
	} else if (answer.len > 0 &&
		   (is_asked || (is_miner && slice_find(answer, '/') < answer.len))) {
		finding.agent = answer;
		note_agent(state, answer);
	} else {
		return false;
	}
	stratum_emit(call, &finding);
	return true;
}

/* True when a list of subscriptions names our pushes; it comes in up to three levels. */
static bool names_pushes(const struct json *doc, json_value list)
{
	json_value level = list;

	for (int depth = 0; depth < 3 && json_type(doc, level) == JSON_ARRAY; depth++)
		level = json_element(doc, level, 0);
	return json_is(doc, level, "mining.notify") || json_is(doc, level, "mining.set_difficulty");
}

/* [subscriptions, extranonce1 hex, extranonce2 size]: decisive by itself. */
static bool is_subscribe_result(const struct rpc_call *call)
{
	const struct json *doc = call->doc;
	json_value extranonce = json_element(doc, call->result, 1);
	size_t digits = json_hex(doc, extranonce).len;
	bool is_empty = json_type(doc, extranonce) == JSON_STRING &&
			json_raw(doc, extranonce).len == 0; /* P2Pool's */
	uint64_t size;

	return names_pushes(doc, json_element(doc, call->result, 0)) && (digits > 0 || is_empty) &&
	       digits <= EXTRANONCE_MAX && digits % 2 == 0 &&
	       json_unsigned(doc, json_element(doc, call->result, 2), EXTRANONCE2_MAX, &size) == 0;
}

/* ethminer and its kin (kawpowminer) number by purpose: shares have 40 and above, 9 is the report
 * of a rate, every minute. Who numbers upwards comes from 8. */
static bool is_rate_reply(const struct rpc_call *call)
{
	struct stratum_state *state = call->state;
	bool was_eight = state->is_eight;
	uint64_t id;

	if (json_unsigned(call->doc, json_member(call->doc, call->object, "id"), UINT32_MAX, &id) !=
	    0)
		id = 0;
	state->is_eight = id == 8;
	return id == 9 && !was_eight &&
	       (stratum_is(state, &stratum_branch_kawpow) ||
		stratum_is(state, &stratum_branch_ethstratum1));
}

bool stratum_reply(const struct rpc_call *call, enum proof proof,
		   const struct stratum_branch *branch)
{
	struct rpc_reply reply;

	if (!rpc_reply_read(call, &reply))
		return false;
	struct finding finding = rpc_reply_finding(call, &reply, proof);
	bool is_rate = is_rate_reply(call);

	finding.dialect = branch == NULL ? NULL : branch->name;
	if (reply.is_ok && json_type(call->doc, call->result) == JSON_TRUE)
		finding.reply_to = is_rate ? REPLY_TO_ANYTHING : REPLY_TO_LOGIN_OR_SHARE;
	stratum_emit(call, &finding);
	return true;
}

static bool handle_reply(struct rpc_call *call)
{
	struct stratum_state *state = call->state;
	const struct json *doc = call->doc;

	if (is_subscribe_result(call)) {
		stratum_see(call, SENDER_POOL);
		return stratum_reply(call, PROOF_CONFIRMED, NULL);
	}
	/* Others' replies: an object with a job or a status, a list of 256-bit words. */
	if (!state->is_seen || json_member(doc, call->result, "job") != JSON_ABSENT ||
	    json_member(doc, call->result, "status") != JSON_ABSENT ||
	    rpc_is_0x(doc, json_element(doc, call->result, 0), 64))
		return false;
	if (json_type(doc, json_member(doc, call->result, "version-rolling")) == JSON_TRUE)
		stratum_unit_rolling(&state->unit);
	return handle_miner_reply(call) || stratum_reply(call, PROOF_NONE, NULL);
}

static bool ask_words_of(struct rpc_call *call, unsigned number)
{
	const struct stratum_branch *branch = number == 0 ? NULL : stratum_branches[number - 1];

	return branch != NULL && branch->call != NULL && branch->call(call, call->state);
}

/* The words that only one branch has: the proven one first, then the one that something named. */
static bool ask_words(struct rpc_call *call)
{
	const struct stratum_state *state = call->state;
	const unsigned proven = state->branch;
	const unsigned hinted = state->hint == proven ? 0 : state->hint;

	if (ask_words_of(call, proven) || ask_words_of(call, hinted))
		return true;
	for (unsigned i = 0; i < stratum_branch_count; i++)
		if (stratum_branches[i]->call != NULL && i + 1 != proven && i + 1 != hinted &&
		    stratum_branches[i]->call(call, call->state))
			return true;
	return false;
}

/* Of the branch that is proven or named. */
static bool may_omit_method(const struct stratum_state *state)
{
	unsigned number = state->branch != 0 ? state->branch : state->hint;

	return number != 0 && stratum_branches[number - 1]->may_omit_method;
}

/* [user, job, nonce] from the miner's side; where the branch is no more than named, of the user
 * that authorised. Of a cut message the method may be what was lost. */
static bool handle_nameless(struct rpc_call *call)
{
	static const struct rpc_method row = { "", SENDER_MINER, FINDING_SHARE, handle_submit };
	static const enum stratum_field fields[] = { FIELD_TEXT, FIELD_ID, FIELD_HEX };
	const struct stratum_state *state = call->state;
	char text[LIMIT_TEXT_BYTES];

	if (call->id == 0 || call->doc->is_cut || state->miner_side != 1 + (unsigned)call->dir ||
	    stratum_verdict(call, fields, 3, 3) != PROOF_CONFIRMED)
		return false;
	if (state->branch == 0 &&
	    state->login !=
		    slice_hash(json_text(call->doc, stratum_param(call, 0), text, sizeof(text))))
		return false;
	return handle_submit(call, &row);
}

static bool handle_call(struct rpc_call *call)
{
	if (call->method.len == 0 && !call->is_reply)
		return handle_nameless(call);
	if (ask_words(call))
		return true;
	if (call->is_reply)
		return handle_reply(call);
	const struct rpc_method *row = rpc_method_find(methods, ROWS(methods), call->method, true);

	if (row == NULL && rpc_starts(call->method, authorize_row.name))
		row = &authorize_row;
	else if (row == NULL && rpc_starts(call->method, unknown_row.name))
		row = &unknown_row;
	return row != NULL && row->handle(call, row);
}

bool stratum_decode(void *state, struct message *msg, const struct finding_out *out)
{
	if (msg->bytes.len > 0 && msg->bytes.ptr[0] == BTCAGENT_MAGIC)
		return btcagent_decode(state, msg, out);
	return may_omit_method(state) ? rpc_decode_nameless(state, msg, out, handle_call)
				      : rpc_decode(state, msg, out, handle_call);
}

/* JSON, and between two objects binary messages of an agent; in the junk before an object too, of
 * which a lost segment may have left the beginning. */
enum frame_result stratum_frame(struct json *doc, struct slice in, size_t *skip, size_t *len)
{
	doc->count = 0;
	*skip = 0;
	if (btcagent_frame(in, len) == FRAME_WHOLE)
		return FRAME_WHOLE;
	enum frame_result framed = rpc_frame(doc, in, skip, len);
	struct slice junk = slice_head(in, *skip);

	for (size_t at = slice_find(junk, BTCAGENT_MAGIC); at < junk.len;) {
		size_t agent_len;
		enum frame_result result = btcagent_frame(slice_tail(in, at), &agent_len);

		if (result != FRAME_BAD) {
			*skip = at;
			*len = agent_len;
			doc->count = 0;
			return result;
		}
		at += 1 + slice_find(slice_tail(junk, at + 1), BTCAGENT_MAGIC);
	}
	return framed;
}

static enum probe_result stratum_probe(struct slice first, enum direction dir)
{
	return rpc_probe(first, dir, &dialect_stratum_v1);
}

_Static_assert(sizeof(struct stratum_state) <= DIALECT_STATE_MAX, "state is too large");

const struct dialect dialect_stratum_v1 = {
	.name = "stratum-v1",
	.state_size = sizeof(struct stratum_state),
	.max_message = LIMIT_MESSAGE_BYTES,
	.probe = stratum_probe,
	.frame = stratum_frame,
	.decode = stratum_decode,
};
