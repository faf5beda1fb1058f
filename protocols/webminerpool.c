/* webminerpool.c: browser miners of the webminerpool script, JSON in WebSocket messages.
 *
 *   C> {"identifier":"handshake","pool":"host:port","login":WALLET,"password":"x","userid":"..",
 *       "version":8}                                  or "loginid" for pool and login
 *   S> {"identifier":"job","job_id":"..","algo":"cn","variant":4,"height":N,"blob":hex,"target":8h}
 *   C> {"identifier":"solved","job_id":"..","nonce":8h,"result":64h}
 *   S> {"identifier":"hashsolved"}    or {"identifier":"error","param":".."}
 *
 * Replies name no request. */
#include "protocols/cnwork.h"
#include "protocols/rpc.h"

#define REQUEST_LOGIN 0x776d0001u
#define REQUEST_SHARE 0x776d0002u

struct webminerpool_state {
	bool is_seen;    /* a handshake, job or share with the right fields was heard */
	bool is_working; /* the handshake was answered with work */
};

/* One message; its fields are those of the root. */
struct webminerpool_call {
	struct webminerpool_state *state;
	const struct json *doc;
	const struct finding_out *out;
};

static json_value field(const struct webminerpool_call *call, const char *name)
{
	return json_member(call->doc, json_root(call->doc), name);
}

static struct slice text_of(const struct webminerpool_call *call, const char *name, char *out)
{
	return json_text(call->doc, field(call, name), out, LIMIT_TEXT_BYTES);
}

static void emit(const struct webminerpool_call *call, const struct finding *finding)
{
	call->out->emit(call->out->ctx, finding);
}

static bool read_handshake(const struct webminerpool_call *call)
{
	char login[LIMIT_TEXT_BYTES];
	char pool[LIMIT_TEXT_BYTES];
	char user[LIMIT_TEXT_BYTES];
	char secret[2];
	struct finding finding = { .kind = FINDING_LOGIN,
				   .sender = SENDER_MINER,
				   .proof = PROOF_LIKELY,
				   .request = REQUEST_LOGIN };
	bool is_versioned = json_type(call->doc, field(call, "version")) == JSON_NUMBER;
	bool has_user = json_type(call->doc, field(call, "userid")) == JSON_STRING;

	finding.login = text_of(call, "login", login);
	finding.pool = rpc_pool_url(text_of(call, "pool", pool));
	if (finding.login.len == 0 && is_versioned)
		finding.login = text_of(call, "loginid", login);
	else if (finding.pool.len == 0)
		return false;
	if (finding.login.len == 0)
		return false;
	finding.wallet = wallet_parse(finding.login);
	if (finding.wallet.check == WALLET_NONE && !(is_versioned && has_user))
		return false;
	/* A name and a host are everybody's words: a wallet, or a port, is a miner's. */
	if (finding.wallet.check == WALLET_NONE &&
	    slice_find(finding.pool, ':') == finding.pool.len)
		finding.proof = PROOF_SUSPECT;
	finding.has_password =
		json_text(call->doc, field(call, "password"), secret, sizeof(secret)).len > 0;
	finding.worker = text_of(call, "userid", user);
	if (finding.worker.len == 0)
		finding.worker = finding.wallet.worker;
	call->state->is_seen = true;
	call->state->is_working = false;
	/* Nothing but work answers it, unless it is refused. */
	finding.wants_reply = true;
	emit(call, &finding);
	return true;
}

static bool read_job(const struct webminerpool_call *call)
{
	struct webminerpool_state *state = call->state;
	struct finding finding = { .kind = FINDING_JOB, .sender = SENDER_POOL };
	char algo[LIMIT_TEXT_BYTES];

	finding.proof = cnwork_job(call->doc, json_root(call->doc), &finding, algo);
	if (finding.proof == PROOF_NONE)
		return false;
	if (state->is_seen)
		finding.proof = PROOF_CONFIRMED;
	if (!state->is_working)
		finding.request = REQUEST_LOGIN; /* the first work is the handshake's answer */
	state->is_seen = true;
	state->is_working = true;
	emit(call, &finding);
	return true;
}

static bool read_solved(const struct webminerpool_call *call)
{
	struct finding finding = { .kind = FINDING_SHARE,
				   .sender = SENDER_MINER,
				   .request = REQUEST_SHARE,
				   .wants_reply = true };
	enum proof proof = cnwork_share(call->doc, json_root(call->doc), &finding);

	if (proof == PROOF_NONE || (proof == PROOF_LIKELY && !call->state->is_seen))
		return false;
	finding.proof = proof == PROOF_CONFIRMED ? PROOF_CONFIRMED : PROOF_NONE;
	call->state->is_seen = true;
	call->state->is_working = true;
	emit(call, &finding);
	return true;
}

static bool read_accepted(const struct webminerpool_call *call)
{
	const struct finding finding = { .kind = FINDING_REPLY,
					 .sender = SENDER_POOL,
					 .proof = call->state->is_working ? PROOF_LIKELY
									  : PROOF_SUSPECT,
					 .request = REQUEST_SHARE,
					 .reply_to = REPLY_TO_SHARE,
					 .is_ok = true };

	call->state->is_seen = true;
	emit(call, &finding);
	return true;
}

static bool read_error(const struct webminerpool_call *call)
{
	const struct webminerpool_state *state = call->state;
	struct finding finding = { .kind = FINDING_REPLY,
				   .sender = SENDER_POOL,
				   .request = state->is_working ? REQUEST_SHARE : REQUEST_LOGIN };
	char text[LIMIT_TEXT_BYTES];

	if (!state->is_seen)
		return false;
	finding.reason = text_of(call, "param", text);
	finding.is_stale =
		rpc_contains(finding.reason, "stale") || rpc_contains(finding.reason, "expired");
	if (rpc_is_share_reason(finding.reason))
		finding.reply_to = REPLY_TO_SHARE;
	emit(call, &finding);
	return true;
}

static const struct {
	const char *identifier;
	bool (*read)(const struct webminerpool_call *call);
} identifiers[] = {
	{ "solved", read_solved },       { "hashsolved", read_accepted }, { "job", read_job },
	{ "handshake", read_handshake }, { "error", read_error },
};

static bool webminerpool_decode(void *state, struct message *msg, const struct finding_out *out)
{
	const struct json *doc = msg->http != NULL ? NULL : message_json(msg);

	if (doc == NULL)
		return false;
	const struct webminerpool_call call = { .state = state, .doc = doc, .out = out };
	json_value identifier = field(&call, "identifier");

	if (json_type(doc, identifier) != JSON_STRING)
		return false;
	for (size_t i = 0; i < sizeof(identifiers) / sizeof(identifiers[0]); i++)
		if (json_is(doc, identifier, identifiers[i].identifier))
			return identifiers[i].read(&call);
	return false;
}

static enum probe_result webminerpool_probe(struct slice first, enum direction dir)
{
	return rpc_probe(first, dir, &dialect_webminerpool);
}

_Static_assert(sizeof(struct webminerpool_state) <= DIALECT_STATE_MAX, "state is too large");

const struct dialect dialect_webminerpool = {
	.name = "webminerpool",
	.state_size = sizeof(struct webminerpool_state),
	.max_message = LIMIT_MESSAGE_BYTES,
	.probe = webminerpool_probe,
	.frame = rpc_frame,
	.decode = webminerpool_decode,
};
