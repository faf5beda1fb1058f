/* coinhive.c: browser miners of the Coinhive family, JSON in WebSocket messages.
 *
 *   C> {"type":"auth","params":{"version":7,"site_key":"..","type":"anonymous","user":null,
 *       "goal":0}}                                  deepMiner: "userID" for the key
 *   S> {"type":"authed","params":{"token":"","hashes":0}}
 *   S> {"type":"job","params":{"blob":152h,"job_id":"..","target":8h,"algo":"..","height":N}}
 *   C> {"type":"submit","params":{"version":7,"job_id":"..","nonce":8h,"result":64h}}
 *   S> {"type":"hash_accepted","params":{"hashes":256}}    the sum of all, or a count of shares
 *   S> {"type":"error","params":{"error":"invalid_site_key"}}    {"type":"banned",..}
 *   S> {"type":"verify",..}   C> {"type":"verified",..}    one miner checks another's share
 *
 * Every chat has such words: they count with the fields of a site key, a job or a share. Replies
 * name no request. */
#include "protocols/cnwork.h"
#include "protocols/rpc.h"

#define REQUEST_LOGIN 0x63680001u
#define REQUEST_SHARE 0x63680002u

#define SITE_KEY_MIN 16
#define HASHES_MAX   1e15
#define USUAL_WORK   256
#define SETTLED_MAX  1000 /* shares that one answer may stand for */

struct coinhive_state {
	double work;    /* of a share of the last job */
	double hashes;  /* the last sum that the pool gave; negative: none */
	bool is_seen;   /* a login, job or share with the right fields was heard */
	bool is_authed; /* the login was answered, or there is work */
	bool has_sum;
};

/* One message. */
struct coinhive_call {
	struct coinhive_state *state;
	const struct json *doc;
	const struct finding_out *out;
	json_value params;
};

static json_value param(const struct coinhive_call *call, const char *name)
{
	return json_member(call->doc, call->params, name);
}

static struct slice text_of(const struct coinhive_call *call, const char *name, char *out)
{
	return json_text(call->doc, param(call, name), out, LIMIT_TEXT_BYTES);
}

static bool is_number(const struct coinhive_call *call, const char *name, double *value)
{
	return json_type(call->doc, param(call, name)) == JSON_NUMBER &&
	       json_number(call->doc, param(call, name), value) == 0 && *value >= 0 &&
	       *value <= HASHES_MAX;
}

static void emit(const struct coinhive_call *call, const struct finding *finding)
{
	call->out->emit(call->out->ctx, finding);
}

/* Letters and digits alone, as site keys and wallets are. */
static bool is_key(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t lower = text.ptr[i] | 0x20;

		if (!(lower >= 'a' && lower <= 'z') && !(text.ptr[i] >= '0' && text.ptr[i] <= '9'))
			return false;
	}
	return text.len >= SITE_KEY_MIN;
}

/* The kinds of login there are. */
static bool has_kind(const struct coinhive_call *call)
{
	json_value kind = param(call, "type");

	return json_is(call->doc, kind, "anonymous") || json_is(call->doc, kind, "user") ||
	       json_is(call->doc, kind, "token");
}

static bool read_auth(const struct coinhive_call *call)
{
	char key[LIMIT_TEXT_BYTES];
	char user[LIMIT_TEXT_BYTES];
	struct finding finding = { .kind = FINDING_LOGIN,
				   .sender = SENDER_MINER,
				   .request = REQUEST_LOGIN,
				   .wants_reply = true,
				   .reply_confirms = true };
	double version;
	bool is_miner = has_kind(call) || is_number(call, "goal", &version);

	finding.login = text_of(call, "site_key", key);
	if (finding.login.len == 0)
		finding.login = text_of(call, "userID", key);
	if (finding.login.len == 0)
		return false;
	finding.wallet = wallet_parse(finding.login);
	finding.worker = text_of(call, "user", user);
	if (finding.worker.len == 0)
		finding.worker = finding.wallet.worker;
	bool is_wallet = finding.wallet.check != WALLET_NONE;

	if (!is_wallet && !(is_key(finding.login) && is_miner))
		return false;
	if (is_wallet || is_number(call, "version", &version))
		finding.proof = PROOF_LIKELY;
	else
		finding.proof = PROOF_SUSPECT;
	call->state->is_seen = true;
	call->state->is_authed = false;
	emit(call, &finding);
	return true;
}

static bool read_authed(const struct coinhive_call *call)
{
	struct coinhive_state *state = call->state;
	struct finding finding = { .kind = FINDING_REPLY,
				   .sender = SENDER_POOL,
				   .request = REQUEST_LOGIN,
				   .is_ok = true,
				   .proof = state->is_seen ? PROOF_LIKELY : PROOF_SUSPECT };
	double hashes;

	if (json_type(call->doc, param(call, "token")) != JSON_STRING ||
	    !is_number(call, "hashes", &hashes))
		return false;
	state->is_authed = true;
	state->hashes = hashes;
	state->has_sum = true;
	emit(call, &finding);
	return true;
}

static bool read_job(const struct coinhive_call *call)
{
	struct coinhive_state *state = call->state;
	struct finding finding = { .kind = FINDING_JOB, .sender = SENDER_POOL };
	char algo[LIMIT_TEXT_BYTES];

	finding.proof = cnwork_job(call->doc, call->params, &finding, algo);
	if (finding.proof == PROOF_NONE)
		return false;
	if (state->is_seen)
		finding.proof = PROOF_CONFIRMED;
	state->is_seen = true;
	state->is_authed = true;
	state->work = finding.work;
	emit(call, &finding);
	return true;
}

static bool read_submit(const struct coinhive_call *call)
{
	struct finding finding = { .kind = FINDING_SHARE,
				   .sender = SENDER_MINER,
				   .request = REQUEST_SHARE,
				   .wants_reply = true };
	enum proof proof = cnwork_share(call->doc, call->params, &finding);

	if (proof == PROOF_NONE || (proof == PROOF_LIKELY && !call->state->is_seen))
		return false;
	finding.proof = proof == PROOF_CONFIRMED ? PROOF_CONFIRMED : PROOF_NONE;
	call->state->is_seen = true;
	call->state->is_authed = true;
	emit(call, &finding);
	return true;
}

/* The sum grows by the work of one share; by that of several, when answers before were lost. */
static uint32_t settled(const struct coinhive_state *state, double hashes)
{
	double grown = hashes - state->hashes;

	if (!state->has_sum || state->work < 2 || grown < 2 * state->work ||
	    grown > SETTLED_MAX * state->work)
		return 0;
	uint32_t shares = (uint32_t)(grown / state->work);

	return grown == shares * state->work ? shares : 0;
}

/* A sum of whole shares of the target ffffff00, which the family's pools set. */
static bool is_usual_sum(double hashes)
{
	return hashes > 0 && (uint64_t)hashes % USUAL_WORK == 0;
}

static bool read_accepted(const struct coinhive_call *call)
{
	struct coinhive_state *state = call->state;
	struct finding finding = { .kind = FINDING_REPLY,
				   .sender = SENDER_POOL,
				   .request = REQUEST_SHARE,
				   .reply_to = REPLY_TO_SHARE,
				   .is_ok = true,
				   .proof = PROOF_CONFIRMED };
	double hashes;

	if (!is_number(call, "hashes", &hashes))
		return false;
	/* Without anything before it the sum must be one of whole shares of the usual target. */
	if (!state->is_seen && !is_usual_sum(hashes)) {
		finding.proof = PROOF_SUSPECT;
		emit(call, &finding);
		return true;
	}
	finding.count = settled(state, hashes);
	state->is_seen = true;
	state->is_authed = true;
	state->hashes = hashes;
	state->has_sum = true;
	emit(call, &finding);
	return true;
}

static bool read_refusal(const struct coinhive_call *call)
{
	const struct coinhive_state *state = call->state;
	char text[LIMIT_TEXT_BYTES];
	struct finding finding = { .kind = FINDING_REPLY,
				   .sender = SENDER_POOL,
				   .request = state->is_authed ? REQUEST_SHARE : REQUEST_LOGIN };

	finding.reason = text_of(call, "error", text);
	if (!state->is_seen && !slice_is(finding.reason, "invalid_site_key"))
		return false;
	finding.is_stale =
		rpc_contains(finding.reason, "stale") || rpc_contains(finding.reason, "expired");
	if (rpc_is_share_reason(finding.reason))
		finding.reply_to = REPLY_TO_SHARE;
	emit(call, &finding);
	return true;
}

static bool read_ban(const struct coinhive_call *call)
{
	const struct finding finding = { .kind = FINDING_REPLY,
					 .sender = SENDER_POOL,
					 .request = call->state->is_authed ? REQUEST_SHARE
									   : REQUEST_LOGIN,
					 .reason = slice_str("banned") };

	if (!call->state->is_seen)
		return false;
	emit(call, &finding);
	return true;
}

/* Shares of others: nobody's work here. */
static bool read_verify(const struct coinhive_call *call)
{
	return call->state->is_seen && json_type(call->doc, call->params) == JSON_OBJECT;
}

static const struct {
	const char *type;
	bool (*read)(const struct coinhive_call *call);
} types[] = {
	{ "submit", read_submit }, { "hash_accepted", read_accepted }, { "job", read_job },
	{ "auth", read_auth },     { "authed", read_authed },          { "error", read_refusal },
	{ "banned", read_ban },    { "verify", read_verify },          { "verified", read_verify },
};

static bool coinhive_decode(void *state, struct message *msg, const struct finding_out *out)
{
	const struct json *doc = msg->http != NULL ? NULL : message_json(msg);

	if (doc == NULL)
		return false;
	struct coinhive_call call = { .state = state, .doc = doc, .out = out };
	json_value type = json_member(doc, json_root(doc), "type");

	if (json_type(doc, type) != JSON_STRING)
		return false;
	call.params = json_member(doc, json_root(doc), "params");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (json_is(doc, type, types[i].type))
			return types[i].read(&call);
	return false;
}

static enum probe_result coinhive_probe(struct slice first, enum direction dir)
{
	return rpc_probe(first, dir, &dialect_coinhive);
}

_Static_assert(sizeof(struct coinhive_state) <= DIALECT_STATE_MAX, "state is too large");

const struct dialect dialect_coinhive = {
	.name = "coinhive",
	.state_size = sizeof(struct coinhive_state),
	.max_message = LIMIT_MESSAGE_BYTES,
	.probe = coinhive_probe,
	.frame = rpc_frame,
	.decode = coinhive_decode,
};
