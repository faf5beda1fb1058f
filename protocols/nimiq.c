/* nimiq.c: Nimiq's pool protocol, JSON in WebSocket messages.
 *
 *   C> {"message":"register","mode":"nano","address":"NQ07 ..","deviceId":N,"genesisHash":base64}
 *   S> {"message":"registered"}
 *   S> {"message":"settings","address":"NQ..","extraData":base64,"target":N,"targetCompact":N,
 *       "nonce":N}
 *   S> {"message":"new-block","bodyHash":base64,"accountsHash":base64,"previousBlock":base64}
 *   C> {"message":"share","blockHeader":base64,"minerAddrProof":base64,"extraDataProof":base64}
 *      or {"message":"share","block":base64}
 *   S> {"message":"balance","balance":N,"confirmedBalance":N,"payoutRequestActive":false}
 *   S> {"message":"error","reason":".."}
 *   block header  version 1 [2], previous hash [32], interlink [32], body [32], accounts [32],
 *                 bits [4], height [4], time [4], nonce [4]
 *
 * No share is ever acknowledged: only what is refused gets an answer, and none says to what. */
#include "protocols/rpc.h"
#include "protocols/target.h"

#define REQUEST_LOGIN 0x6e710001u
#define REQUEST_SHARE 0x6e710002u

#define ADDRESS_CHARS 36
#define HEADER_CHARS  195 /* 146 bytes in base64, without padding */
#define HASH_CHARS    43  /* 32 bytes */
#define AGREE         0.01

struct nimiq_state {
	double work;        /* of a share, as the settings say */
	bool is_seen;       /* an address, settings or share of the right form was heard */
	bool is_registered; /* the registration was answered */
};

/* One message; its fields are those of the root. */
struct nimiq_call {
	struct nimiq_state *state;
	const struct json *doc;
	const struct finding_out *out;
};

static json_value field(const struct nimiq_call *call, const char *name)
{
	return json_member(call->doc, json_root(call->doc), name);
}

static void emit(const struct nimiq_call *call, const struct finding *finding)
{
	call->out->emit(call->out->ctx, finding);
}

static bool is_base64(struct slice text, size_t least)
{
	while (text.len > 0 && text.ptr[text.len - 1] == '=')
		text.len--;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.ptr[i];
		bool is_letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';

		if (!is_letter && !(byte >= '0' && byte <= '9') && byte != '+' && byte != '/' &&
		    byte != '-' && byte != '_')
			return false;
	}
	return text.len >= least;
}

/* Some writers escape the slash; that makes the text longer, not another one. */
static bool has_base64(const struct nimiq_call *call, const char *name, size_t least)
{
	char text[LIMIT_TEXT_BYTES];

	return is_base64(json_text(call->doc, field(call, name), text, sizeof(text)), least);
}

/* An address without its blanks; empty when it is none. */
static struct slice read_address(const struct nimiq_call *call, char out[ADDRESS_CHARS])
{
	char text[LIMIT_TEXT_BYTES];
	struct slice address = json_text(call->doc, field(call, "address"), text, sizeof(text));
	size_t len = 0;

	for (size_t i = 0; i < address.len; i++) {
		if (address.ptr[i] == ' ')
			continue;
		if (len == ADDRESS_CHARS)
			return slice_of(out, 0);
		out[len++] = (char)address.ptr[i];
	}
	if (len != ADDRESS_CHARS || !rpc_starts(slice_of(out, len), "NQ") ||
	    wallet_check_address(slice_of(out, len)).check == WALLET_NONE)
		return slice_of(out, 0);
	return slice_of(out, len);
}

static bool read_register(const struct nimiq_call *call)
{
	char address[ADDRESS_CHARS];
	char device[LIMIT_TEXT_BYTES];
	json_value id = field(call, "deviceId");
	struct finding finding = { .kind = FINDING_LOGIN,
				   .sender = SENDER_MINER,
				   .proof = PROOF_LIKELY,
				   .request = REQUEST_LOGIN,
				   .wants_reply = true,
				   .coin = "NIM" };

	finding.login = read_address(call, address);
	if (finding.login.len == 0 || (id == JSON_ABSENT && !has_base64(call, "genesisHash", 1)))
		return false;
	finding.wallet = wallet_check_address(finding.login);
	finding.worker = json_type(call->doc, id) == JSON_NUMBER
				 ? json_raw(call->doc, id)
				 : json_text(call->doc, id, device, sizeof(device));
	call->state->is_seen = true;
	call->state->is_registered = false;
	emit(call, &finding);
	return true;
}

static bool read_registered(const struct nimiq_call *call)
{
	const struct finding finding = { .kind = FINDING_REPLY,
					 .sender = SENDER_POOL,
					 .request = REQUEST_LOGIN,
					 .is_ok = true };

	if (!call->state->is_seen)
		return false;
	call->state->is_registered = true;
	emit(call, &finding);
	return true;
}

/* The target is there twice, as a number and in the compact form: 0 when the two disagree. */
static double read_work(const struct nimiq_call *call)
{
	uint64_t compact;
	double target;
	double by_compact = 0;
	double by_target = 0;

	if (json_unsigned(call->doc, field(call, "targetCompact"), UINT32_MAX, &compact) == 0)
		by_compact = target_work_compact((uint32_t)compact);
	if (json_number(call->doc, field(call, "target"), &target) == 0 && target >= 1 &&
	    target < 0x1p256)
		by_target = 0x1p256 / (target + 1);
	if (by_compact <= 0 || by_target <= 0)
		return by_compact > 0 ? by_compact : by_target;
	return by_compact > by_target * (1 - AGREE) && by_compact < by_target * (1 + AGREE)
		       ? by_compact
		       : 0;
}

/* Work with its target in force; what the blocks hold is not said here. */
static void fill_job(const struct nimiq_call *call, struct finding *finding)
{
	finding->work = call->state->work;
	finding->difficulty = finding->work / 0x1p16; /* unit: the easiest target, 2^240 */
	finding->coin = "NIM";
	finding->algo = slice_str("argon2d");
}

static bool read_settings(const struct nimiq_call *call)
{
	char address[ADDRESS_CHARS];
	struct finding finding = { .kind = FINDING_JOB,
				   .sender = SENDER_POOL,
				   .proof = PROOF_CONFIRMED };

	finding.payout = read_address(call, address);
	if (finding.payout.len == 0 ||
	    json_type(call->doc, field(call, "extraData")) != JSON_STRING ||
	    (field(call, "target") == JSON_ABSENT && field(call, "targetCompact") == JSON_ABSENT))
		return false;
	call->state->is_seen = true;
	call->state->is_registered = true;
	call->state->work = read_work(call);
	fill_job(call, &finding);
	emit(call, &finding);
	return true;
}

static bool read_block(const struct nimiq_call *call)
{
	struct finding finding = { .kind = FINDING_JOB,
				   .sender = SENDER_POOL,
				   .proof = call->state->is_seen ? PROOF_CONFIRMED : PROOF_LIKELY };

	if (!has_base64(call, "bodyHash", HASH_CHARS) ||
	    !has_base64(call, "accountsHash", HASH_CHARS) ||
	    !has_base64(call, "previousBlock", HEADER_CHARS))
		return false;
	call->state->is_seen = true;
	call->state->is_registered = true;
	fill_job(call, &finding);
	emit(call, &finding);
	return true;
}

/* Version 1 is the bytes 0 and 1, `AAE` to `AAH`, of every block. */
static bool is_block(struct slice text)
{
	return text.len >= HEADER_CHARS && slice_starts(text, "AA") && text.ptr[2] >= 'E' &&
	       text.ptr[2] <= 'H';
}

static bool read_share(const struct nimiq_call *call)
{
	char text[LIMIT_TEXT_BYTES];
	json_value header = field(call, "blockHeader");
	bool is_nano = header != JSON_ABSENT;
	struct slice block =
		json_text(call->doc, is_nano ? header : field(call, "block"), text, sizeof(text));
	struct finding finding = { .kind = FINDING_SHARE,
				   .sender = SENDER_MINER,
				   .proof = PROOF_CONFIRMED,
				   .request = REQUEST_SHARE,
				   .wants_reply = true, /* if it is refused */
				   .coin = "NIM" };

	if (!is_block(block) || !is_base64(slice_head(block, HEADER_CHARS), HEADER_CHARS))
		return false;
	if (is_nano && field(call, "minerAddrProof") == JSON_ABSENT && !call->doc->is_cut)
		return false;
	call->state->is_seen = true;
	call->state->is_registered = true;
	finding.nonce = slice_hash(slice_head(block, HEADER_CHARS));
	emit(call, &finding);
	return true;
}

static bool read_balance(const struct nimiq_call *call)
{
	return call->state->is_seen && field(call, "confirmedBalance") != JSON_ABSENT;
}

static bool read_error(const struct nimiq_call *call)
{
	const struct nimiq_state *state = call->state;
	struct finding finding = { .kind = FINDING_REPLY,
				   .sender = SENDER_POOL,
				   .request =
					   state->is_registered ? REQUEST_SHARE : REQUEST_LOGIN };
	char text[LIMIT_TEXT_BYTES];

	if (!state->is_seen)
		return false;
	finding.reason = json_text(call->doc, field(call, "reason"), text, sizeof(text));
	finding.is_stale =
		rpc_contains(finding.reason, "stale") || rpc_contains(finding.reason, "expired");
	if (rpc_is_share_reason(finding.reason))
		finding.reply_to = REPLY_TO_SHARE;
	emit(call, &finding);
	return true;
}

static bool read_payout(const struct nimiq_call *call)
{
	return call->state->is_seen;
}

static const struct {
	const char *message;
	bool (*read)(const struct nimiq_call *call);
} messages[] = {
	{ "share", read_share },       { "new-block", read_block },
	{ "settings", read_settings }, { "balance", read_balance },
	{ "register", read_register }, { "registered", read_registered },
	{ "error", read_error },       { "payout", read_payout },
};

static bool nimiq_decode(void *state, struct message *msg, const struct finding_out *out)
{
	const struct json *doc = msg->http != NULL ? NULL : message_json(msg);

	if (doc == NULL)
		return false;
	const struct nimiq_call call = { .state = state, .doc = doc, .out = out };
	json_value message = field(&call, "message");

	if (json_type(doc, message) != JSON_STRING)
		return false;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		if (json_is(doc, message, messages[i].message))
			return messages[i].read(&call);
	return false;
}

static enum probe_result nimiq_probe(struct slice first, enum direction dir)
{
	return rpc_probe(first, dir, &dialect_nimiq);
}

_Static_assert(sizeof(struct nimiq_state) <= DIALECT_STATE_MAX, "state is too large");

const struct dialect dialect_nimiq = {
	.name = "nimiq",
	.state_size = sizeof(struct nimiq_state),
	.max_message = LIMIT_MESSAGE_BYTES,
	.probe = nimiq_probe,
	.frame = rpc_frame,
	.decode = nimiq_decode,
};
