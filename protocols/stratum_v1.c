/* stratum_v1.c: Bitcoin Stratum V1, JSON-RPC objects by line. Reference: BIP 310, ZIP 301.
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
 * The same words carry other coins' dialects with other fields: those are reported as likely, with
 * what they have in common, so that nothing is missed. */
#include "protocols/rpc.h"
#include "protocols/stratum_unit.h"
#include "protocols/target.h"

#define NOTIFY_FIELDS     9
#define MERKLE_BRANCH_MAX 32   /* 2^32 transactions */
#define DIFFICULTY_MAX    1e30 /* the whole Bitcoin network is below 1e15 */
#define EXTRANONCE_MAX    32   /* hex digits */
#define EXTRANONCE2_MAX   16   /* bytes */

struct stratum_state {
	double difficulty;        /* for the jobs that follow; 0: a target, or not heard */
	double target_work;       /* the same when a target was set; 0: none */
	uint64_t version_request; /* the pool asked for our version under this id */
	struct stratum_unit unit;
	uint8_t miner_side; /* 1 + enum direction of what the miner sends; 0: not heard */
	bool is_seen;       /* a method of ours was heard, in either direction */
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* Remembers that the flow is ours and which way the miner sends. */
static struct stratum_state *note_seen(const struct rpc_call *call, enum sender sender)
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

static json_value param(const struct rpc_call *call, size_t index)
{
	return json_element(call->doc, call->params, index);
}

static bool handle_subscribe(struct rpc_call *call, const struct rpc_method *row)
{
	char agent[LIMIT_TEXT_BYTES];
	char host[LIMIT_TEXT_BYTES];
	char pool[RPC_POOL_BYTES];
	struct stratum_state *state = note_seen(call, row->sender);
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_LIKELY);

	finding.wants_reply = true;
	finding.reply_confirms = true;
	finding.agent = json_text(call->doc, param(call, 0), agent, sizeof(agent));
	finding.pool = rpc_pool(call, json_text(call->doc, param(call, 2), host, sizeof(host)),
				param(call, 3), pool);
	stratum_unit_agent(&state->unit, finding.agent);
	rpc_emit(call, &finding);
	return true;
}

/* The user string of a login or a share. */
static void fill_identity(struct finding *finding, struct stratum_state *state, struct slice login)
{
	finding->login = login;
	finding->wallet = wallet_parse(login);
	finding->worker = finding->wallet.worker;
	stratum_unit_wallet(&state->unit, &finding->wallet);
	if (finding->wallet.check != WALLET_NONE)
		finding->coin = finding->wallet.coin;
}

static bool handle_authorize(struct rpc_call *call, const struct rpc_method *row)
{
	char login[LIMIT_TEXT_BYTES];
	char password[LIMIT_TEXT_BYTES];
	struct stratum_state *state = note_seen(call, row->sender);
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_LIKELY);
	struct slice secret = json_text(call->doc, param(call, 1), password, sizeof(password));

	finding.wants_reply = true;
	finding.reply_confirms = true;
	finding.has_password = secret.len > 0;
	stratum_unit_password(&state->unit, secret);
	fill_identity(&finding, state, json_text(call->doc, param(call, 0), login, sizeof(login)));
	rpc_emit(call, &finding);
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
	json_value options = param(call, 1);
	struct stratum_state *state = note_seen(call, row->sender);
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_LIKELY);

	finding.wants_reply = true;
	rpc_emit(call, &finding);
	finding = rpc_finding(call, FINDING_IDENTITY, row->sender, PROOF_LIKELY);
	finding.request = 0;
	finding.agent = device_text(call, options, agent, sizeof(agent));
	finding.pool = rpc_pool_url(
		json_text(call->doc, json_member(call->doc, options, "info.connection-url"), url,
			  sizeof(url)));
	if (finding.agent.len > 0 || finding.pool.len > 0) {
		stratum_unit_agent(&state->unit, finding.agent);
		rpc_emit(call, &finding);
	}
	return true;
}

/* Fields 2 to 5, of which every one that is there fits. */
static bool is_share(const struct rpc_call *call)
{
	size_t count = json_size(call->doc, call->params);
	json_value bits = param(call, 5);
	struct slice extranonce2 = json_raw(call->doc, param(call, 2));

	return (count == 5 || count == 6) && json_type(call->doc, param(call, 0)) == JSON_STRING &&
	       json_id(call->doc, param(call, 1)) != 0 &&
	       json_type(call->doc, param(call, 2)) == JSON_STRING &&
	       extranonce2.len <= EXTRANONCE_MAX && extranonce2.len % 2 == 0 &&
	       (extranonce2.len == 0 || json_hex(call->doc, param(call, 2)).len > 0) &&
	       rpc_is_hex(call->doc, param(call, 3), 8) &&
	       rpc_is_hex(call->doc, param(call, 4), 8) &&
	       (bits == JSON_ABSENT || json_type(call->doc, bits) == JSON_NULL ||
		rpc_is_hex(call->doc, bits, 8));
}

/* Everything but the user: equal text is the same share in any coin's form. */
static uint64_t share_hash(const struct rpc_call *call)
{
	size_t count = json_size(call->doc, call->params);
	uint64_t hash = json_id(call->doc, param(call, 1));

	if (count < 3)
		return 0;
	for (size_t i = 2; i < count && i < NOTIFY_FIELDS; i++)
		hash = rpc_hash_hex(hash, json_raw(call->doc, param(call, i)));
	return hash;
}

static bool handle_submit(struct rpc_call *call, const struct rpc_method *row)
{
	char login[LIMIT_TEXT_BYTES];
	bool is_exact = is_share(call);
	struct stratum_state *state = note_seen(call, row->sender);
	struct finding finding = rpc_finding(call, row->kind, row->sender,
					     is_exact ? PROOF_CONFIRMED : PROOF_LIKELY);
	struct slice user = json_text(call->doc, param(call, 0), login, sizeof(login));

	finding.wants_reply = true;
	finding.job = json_id(call->doc, param(call, 1));
	finding.nonce = share_hash(call);
	/* In some forms the first field is a job: then it is no name. */
	if (is_exact || json_size(call->doc, call->params) >= 5 ||
	    wallet_parse(user).check != WALLET_NONE)
		fill_identity(&finding, state, user);
	rpc_emit(call, &finding);
	return true;
}

static bool handle_set_difficulty(struct rpc_call *call, const struct rpc_method *row)
{
	struct stratum_state *state = note_seen(call, row->sender);
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_LIKELY);
	double difficulty;

	finding.request = 0;
	if (json_number(call->doc, param(call, 0), &difficulty) == 0 && difficulty > 0 &&
	    difficulty <= DIFFICULTY_MAX) {
		state->difficulty = difficulty;
		state->target_work = 0;
		finding.difficulty = difficulty;
		finding.work = stratum_unit_work(&state->unit, difficulty);
	}
	rpc_emit(call, &finding);
	return true;
}

static bool handle_set_target(struct rpc_call *call, const struct rpc_method *row)
{
	struct stratum_state *state = note_seen(call, row->sender);
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_LIKELY);

	finding.request = 0;
	finding.work = target_work_be256(json_hex(call->doc, param(call, 0)));
	if (finding.work > 0) {
		state->target_work = finding.work;
		state->difficulty = 0;
	}
	rpc_emit(call, &finding);
	return true;
}

static bool is_hex_bytes(const struct rpc_call *call, size_t index)
{
	size_t digits = json_hex(call->doc, param(call, index)).len;

	return digits > 0 && digits % 2 == 0;
}

static bool is_merkle_branch(const struct rpc_call *call, json_value branch)
{
	size_t count = json_size(call->doc, branch);

	if (json_type(call->doc, branch) != JSON_ARRAY || count > MERKLE_BRANCH_MAX)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!rpc_is_hex(call->doc, json_element(call->doc, branch, i), 64))
			return false;
	return true;
}

/* How many of the nine fields are there and right, counted up to the first that is wrong. */
static size_t count_notify_fields(const struct rpc_call *call)
{
	const struct json *doc = call->doc;
	const enum json_type clean = json_type(doc, param(call, 8));
	const bool is_right[NOTIFY_FIELDS] = { json_id(doc, param(call, 0)) != 0,
					       rpc_is_hex(doc, param(call, 1), 64),
					       is_hex_bytes(call, 2),
					       is_hex_bytes(call, 3),
					       is_merkle_branch(call, param(call, 4)),
					       rpc_is_hex(doc, param(call, 5), 8),
					       rpc_is_hex(doc, param(call, 6), 8),
					       rpc_is_hex(doc, param(call, 7), 8),
					       clean == JSON_TRUE || clean == JSON_FALSE };
	size_t count = 0;

	while (count < NOTIFY_FIELDS && is_right[count])
		count++;
	return count;
}

static bool handle_notify(struct rpc_call *call, const struct rpc_method *row)
{
	size_t right = count_notify_fields(call);
	size_t count = json_size(call->doc, call->params);
	struct stratum_state *state = note_seen(call, row->sender);
	struct finding finding =
		rpc_finding(call, row->kind, row->sender,
			    right == NOTIFY_FIELDS ? PROOF_CONFIRMED : PROOF_LIKELY);

	finding.request = 0;
	finding.job = json_id(call->doc, param(call, 0));
	finding.difficulty = state->difficulty;
	finding.work = state->target_work;
	if (right == NOTIFY_FIELDS || (call->doc->is_cut && right >= 3 && right == count)) {
		stratum_unit_prevhash(&state->unit, json_hex(call->doc, param(call, 1)));
		if (finding.work <= 0)
			finding.work = stratum_unit_work(&state->unit, state->difficulty);
		finding.algo = slice_str(stratum_unit_algo(&state->unit, state->difficulty));
		finding.coin = stratum_unit_coin(&state->unit, state->difficulty);
	}
	rpc_emit(call, &finding);
	return true;
}

static bool handle_reconnect(struct rpc_call *call, const struct rpc_method *row)
{
	char host[LIMIT_TEXT_BYTES];
	char pool[RPC_POOL_BYTES];
	const struct stratum_state *state = call->state;
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_NONE);

	finding.request = 0;
	finding.pool = rpc_pool(call, json_text(call->doc, param(call, 0), host, sizeof(host)),
				param(call, 1), pool);
	if (!state->is_seen && finding.pool.len == 0)
		return false;
	rpc_emit(call, &finding);
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
	note_seen(call, row->sender);
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_LIKELY);

	finding.wants_reply = call->id != 0 && row->sender != SENDER_POOL;
	if (!finding.wants_reply)
		finding.request = 0;
	rpc_emit(call, &finding);
	return true;
}

/* Some pools ask this of a miner, some miners of a pool. */
static bool handle_ping(struct rpc_call *call, const struct rpc_method *row)
{
	struct stratum_state *state = note_seen(call, SENDER_UNKNOWN);
	bool is_miner = state->miner_side == 1 + (unsigned)call->dir;
	struct finding finding = rpc_finding(call, row->kind, SENDER_POOL, PROOF_LIKELY);

	if (is_miner)
		finding.sender = SENDER_MINER;
	else
		finding.request = 0;
	finding.wants_reply = is_miner && call->id != 0;
	rpc_emit(call, &finding);
	return true;
}

static const struct rpc_method methods[] = {
	{ "mining.notify", SENDER_POOL, FINDING_JOB, handle_notify },
	{ "mining.submit", SENDER_MINER, FINDING_SHARE, handle_submit },
	{ "mining.set_difficulty", SENDER_POOL, FINDING_DIFFICULTY, handle_set_difficulty },
	{ "mining.set_target", SENDER_POOL, FINDING_DIFFICULTY, handle_set_target },
	{ "mining.subscribe", SENDER_MINER, FINDING_SUBSCRIBE, handle_subscribe },
	{ "mining.authorize", SENDER_MINER, FINDING_LOGIN, handle_authorize },
	{ "mining.configure", SENDER_MINER, FINDING_REQUEST, handle_configure },
	{ "mining.extranonce.subscribe", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "mining.suggest_difficulty", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "mining.suggest_target", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "mining.multi_version", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "mining.get_transactions", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "mining.capabilities", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "mining.hello", SENDER_MINER, FINDING_REQUEST, handle_plain },
	{ "mining.noop", SENDER_MINER, FINDING_KEEPALIVE, handle_plain },
	{ "mining.pong", SENDER_MINER, FINDING_KEEPALIVE, handle_plain },
	{ "mining.ping", SENDER_UNKNOWN, FINDING_REQUEST, handle_ping },
	{ "mining.print", SENDER_POOL, FINDING_REQUEST, handle_plain },
	{ "mining.bye", SENDER_POOL, FINDING_REQUEST, handle_plain },
	{ "mining.set", SENDER_POOL, FINDING_REQUEST, handle_plain },
	{ "mining.set_extranonce", SENDER_POOL, FINDING_REQUEST, handle_plain },
	{ "mining.set_version_mask", SENDER_POOL, FINDING_REQUEST, handle_plain },
	{ "client.reconnect", SENDER_POOL, FINDING_RECONNECT, handle_reconnect },
	{ "client.show_message", SENDER_POOL, FINDING_REQUEST, handle_banner },
	{ "client.get_version", SENDER_POOL, FINDING_REQUEST, handle_get_version },
};

/* Pools take any method that begins so. */
static const struct rpc_method authorize_row = { "mining.auth", SENDER_MINER, FINDING_LOGIN,
						 handle_authorize };
static const struct rpc_method unknown_row = { "mining.", SENDER_UNKNOWN, FINDING_REQUEST,
					       handle_plain };

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
		stratum_unit_agent(&state->unit, answer);
	} else {
		return false;
	}
	rpc_emit(call, &finding);
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
	size_t digits = json_hex(doc, json_element(doc, call->result, 1)).len;
	uint64_t size;

	return names_pushes(doc, json_element(doc, call->result, 0)) && digits > 0 &&
	       digits <= EXTRANONCE_MAX && digits % 2 == 0 &&
	       json_unsigned(doc, json_element(doc, call->result, 2), EXTRANONCE2_MAX, &size) == 0;
}

static bool handle_reply(struct rpc_call *call)
{
	const struct stratum_state *state = call->state;
	const struct json *doc = call->doc;

	if (is_subscribe_result(call)) {
		note_seen(call, SENDER_POOL);
		return rpc_reply_emit(call, PROOF_LIKELY);
	}
	/* Others' replies: an object with a job or a status, a list of 256-bit words. */
	if (!state->is_seen || json_member(doc, call->result, "job") != JSON_ABSENT ||
	    json_member(doc, call->result, "status") != JSON_ABSENT ||
	    rpc_is_0x(doc, json_element(doc, call->result, 0), 64))
		return false;
	return handle_miner_reply(call) || rpc_reply_emit(call, PROOF_NONE);
}

static bool handle_call(struct rpc_call *call)
{
	if (call->is_reply)
		return handle_reply(call);
	const struct rpc_method *row = rpc_method_find(methods, ROWS(methods), call->method, true);

	if (row == NULL && rpc_starts(call->method, authorize_row.name))
		row = &authorize_row;
	else if (row == NULL && rpc_starts(call->method, unknown_row.name))
		row = &unknown_row;
	return row != NULL && row->handle(call, row);
}

static bool stratum_decode(void *state, struct message *msg, const struct finding_out *out)
{
	return rpc_decode(state, msg, out, handle_call);
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
	.frame = rpc_frame,
	.decode = stratum_decode,
};
