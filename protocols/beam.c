/* beam.c: Beam (BeamHash), JSON objects by line. The fields stand beside the method: no params, and
 * a reply is a message of its own.
 *
 *   C> {"method":"login","api_key":key or wallet.worker,"id":"login","jsonrpc":"2.0"}
 *   S> {"method":"result","id":"login","code":0,"description":text,"nonceprefix":hex,
 *         "forkheight":N,"jsonrpc":"2.0"}
 *   S> {"method":"job","id":job,"input":64h,"difficulty":u32,"height":N,"jsonrpc":"2.0"}
 *   C> {"method":"solution","id":job,"nonce":16h,"output":208h,"jsonrpc":"2.0"}
 *   S> {"method":"result","id":job,"code":1,"description":"accepted","jsonrpc":"2.0"}
 *   S> {"method":"cancel","id":job,"jsonrpc":"2.0"}
 *
 * codes: 0 done, 1 accepted, 2 rejected, 3 expired, -32003 login failed, others below 0 errors.
 *
 * A difficulty is packed like a float: 8 bits of order over 24 of mantissa without its leading one.
 * It stands for (2^24 + mantissa) * 2^(order - 24) solutions a share. A nonce may have several
 * solutions, and each of them may be a share. */
#include "protocols/hex.h"
#include "protocols/rpc.h"

#define NONCE_DIGITS   16
#define OUTPUT_DIGITS  208
#define INPUT_DIGITS   64
#define MANTISSA_BITS  24
#define CUT_DIGITS_MIN 4 /* of an output that was cut: behind the rest they are enough */

enum result_code { CODE_DONE = 0, CODE_ACCEPTED = 1, CODE_REJECTED = 2, CODE_EXPIRED = 3 };

struct beam_state {
	bool is_seen; /* a message with fields that others do not have was heard */
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const char unit[] = "Sol/s";
static const char coin[] = "BEAM";
static const char algo[] = "beamhash";

static json_value member(const struct rpc_call *call, const char *name)
{
	return json_member(call->doc, call->object, name);
}

/* What a cut packet held of a text. */
static struct slice piece_of(const struct rpc_call *call, const char *name)
{
	return json_cut_text(call->doc, call->object, name);
}

static bool is_login_id(const struct rpc_call *call)
{
	return json_is(call->doc, member(call, "id"), "login");
}

static void note_miner(const struct rpc_call *call)
{
	struct beam_state *state = call->state;

	state->is_seen = true;
}

/* An API key is anybody's word. A wallet is 62 to 67 hex digits, and other keys have 64 of them; so
 * its worker, or an uncommon length, must tell, and the id that only these miners use. */
static bool is_wallet_login(const struct rpc_call *call, const struct wallet *wallet)
{
	return wallet->check != WALLET_NONE && wallet->text.len >= 62 &&
	       (wallet->text.len != 64 || wallet->worker.len > 0) && is_login_id(call) &&
	       json_is(call->doc, member(call, "jsonrpc"), "2.0");
}

static bool handle_login(struct rpc_call *call, const struct rpc_method *row)
{
	char text[LIMIT_TEXT_BYTES];
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_NONE);

	finding.login = json_text(call->doc, member(call, "api_key"), text, sizeof(text));
	if (finding.login.len == 0 && !(is_login_id(call) && piece_of(call, "api_key").len > 0))
		return false;
	finding.wants_reply = call->id != 0;
	finding.wallet = wallet_parse(finding.login);
	finding.worker = finding.wallet.worker;
	finding.email = finding.wallet.email;
	if (is_wallet_login(call, &finding.wallet)) {
		finding.proof = PROOF_LIKELY;
		finding.coin = coin;
	}
	note_miner(call);
	rpc_emit(call, &finding);
	return true;
}

static bool handle_solution(struct rpc_call *call, const struct rpc_method *row)
{
	const struct beam_state *state = call->state;
	struct slice nonce = json_hex(call->doc, member(call, "nonce"));
	struct slice output = json_hex(call->doc, member(call, "output"));
	struct slice piece = piece_of(call, "output");
	enum proof proof = PROOF_NONE;

	if (output.len == OUTPUT_DIGITS)
		proof = PROOF_CONFIRMED;
	else if (piece.len >= CUT_DIGITS_MIN && hex_is(piece))
		proof = PROOF_LIKELY;
	if (call->id == 0 || nonce.len != NONCE_DIGITS)
		return false;
	/* Of a share that was cut after its nonce the rest is believed once the flow is known. */
	if (proof == PROOF_NONE && !(call->doc->is_cut && state->is_seen && output.len == 0))
		return false;
	struct finding finding = rpc_finding(call, row->kind, row->sender, proof);

	note_miner(call);
	finding.wants_reply = true;
	finding.reply_confirms = proof == PROOF_LIKELY;
	finding.job = call->id;
	finding.nonce = rpc_hash_hex(rpc_hash_hex(call->id, nonce), output);
	finding.unit = unit;
	finding.coin = coin;
	finding.algo = slice_str(algo);
	rpc_emit(call, &finding);
	return true;
}

static double unpack_difficulty(uint32_t packed)
{
	const uint32_t one = (uint32_t)1 << MANTISSA_BITS;
	double value = (double)(one + (packed & (one - 1))) / one;

	for (uint32_t order = packed >> MANTISSA_BITS; order > 0; order--)
		value *= 2;
	return value;
}

static bool handle_job(struct rpc_call *call, const struct rpc_method *row)
{
	struct beam_state *state = call->state;
	uint64_t packed;
	uint64_t height;

	if (call->id == 0 || !rpc_is_hex(call->doc, member(call, "input"), INPUT_DIGITS) ||
	    json_unsigned(call->doc, member(call, "difficulty"), UINT32_MAX, &packed) != 0)
		return false;
	bool is_whole =
		json_unsigned(call->doc, member(call, "height"), UINT64_MAX, &height) == 0 ||
		json_hex(call->doc, member(call, "nonceprefix")).len > 0;
	struct finding finding =
		rpc_finding(call, row->kind, row->sender,
			    is_whole || state->is_seen ? PROOF_CONFIRMED : PROOF_LIKELY);

	state->is_seen = true;
	finding.request = 0;
	finding.job = call->id;
	finding.difficulty = unpack_difficulty((uint32_t)packed);
	finding.work = finding.difficulty;
	finding.unit = unit;
	finding.coin = coin;
	finding.algo = slice_str(algo);
	rpc_emit(call, &finding);
	return true;
}

static bool handle_result(struct rpc_call *call, const struct rpc_method *row)
{
	struct beam_state *state = call->state;
	char text[LIMIT_TEXT_BYTES];
	uint64_t height;
	double code;
	bool is_login = is_login_id(call);
	bool is_opening = is_login && json_unsigned(call->doc, member(call, "forkheight"),
						    UINT64_MAX, &height) == 0;

	if (json_number(call->doc, member(call, "code"), &code) != 0 ||
	    (!state->is_seen && !is_opening))
		return false;
	struct finding finding =
		rpc_finding(call, row->kind, row->sender, is_opening ? PROOF_LIKELY : PROOF_NONE);

	state->is_seen = true;
	finding.is_ok = code == CODE_DONE || code == CODE_ACCEPTED;
	finding.is_stale = code == CODE_EXPIRED;
	if (code >= CODE_ACCEPTED && code <= CODE_EXPIRED)
		finding.reply_to = REPLY_TO_SHARE;
	if (!finding.is_ok)
		finding.reason =
			json_text(call->doc, member(call, "description"), text, sizeof(text));
	if (!finding.is_ok && finding.reason.len == 0)
		finding.reason = slice_str(finding.is_stale        ? "expired"
					   : code == CODE_REJECTED ? "rejected"
								   : "error");
	rpc_emit(call, &finding);
	return true;
}

static bool handle_cancel(struct rpc_call *call, const struct rpc_method *row)
{
	const struct beam_state *state = call->state;
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_NONE);

	if (!state->is_seen)
		return false;
	finding.request = 0;
	rpc_emit(call, &finding);
	return true;
}

static const struct rpc_method methods[] = {
	{ "solution", SENDER_MINER, FINDING_SHARE, handle_solution },
	{ "job", SENDER_POOL, FINDING_JOB, handle_job },
	{ "result", SENDER_POOL, FINDING_REPLY, handle_result },
	{ "cancel", SENDER_POOL, FINDING_REQUEST, handle_cancel },
	{ "login", SENDER_MINER, FINDING_LOGIN, handle_login },
};

static bool handle_call(struct rpc_call *call)
{
	if (call->is_reply || call->params != JSON_ABSENT)
		return false;
	const struct rpc_method *row = rpc_method_find(methods, ROWS(methods), call->method, false);

	return row != NULL && row->handle(call, row);
}

static bool beam_decode(void *state, struct message *msg, const struct finding_out *out)
{
	return rpc_decode(state, msg, out, handle_call);
}

static enum probe_result beam_probe(struct slice first, enum direction dir)
{
	return rpc_probe(first, dir, &dialect_beam);
}

_Static_assert(sizeof(struct beam_state) <= DIALECT_STATE_MAX, "state is too large");

const struct dialect dialect_beam = {
	.name = "beam",
	.state_size = sizeof(struct beam_state),
	.max_message = LIMIT_MESSAGE_BYTES,
	.probe = beam_probe,
	.frame = rpc_frame,
	.decode = beam_decode,
};
