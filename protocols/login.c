/* login.c: reads a login and says whose it is. Grin's miners and its kin's call themselves so or
 * mine to a Grin address; what bears no mark of either is Grin's when its id is a text: those
 * miners write all ids so, and CryptoNote's write numbers. */
#include "protocols/login.h"

#include "protocols/base58.h"

/* Letters and digits of Base58 in a row that nobody has for a name: a third of an address. */
#define CUT_WALLET_LEAST 32
/* Of a wallet of Monero, which 128 bytes of a packet leave of XMRig's login; and so many of them
 * are not all digits, as other names may be. */
#define CUT_MONERO_LEAST 2
#define CUT_DIGITS_MOST  3

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static struct slice text_of(const struct rpc_call *call, const char *name, char *out)
{
	return json_text(call->doc, json_member(call->doc, call->params, name), out,
			 LIMIT_TEXT_BYTES);
}

/* Credentials of another kind of service. */
static bool has_foreign_fields(const struct rpc_call *call)
{
	static const char *const names[] = { "username", "token", "captcha", "password" };

	for (size_t i = 0; i < ROWS(names); i++)
		if (json_member(call->doc, call->params, names[i]) != JSON_ABSENT)
			return true;
	return false;
}

static bool is_string_member(const struct rpc_call *call, json_value object, const char *name)
{
	return json_type(call->doc, json_member(call->doc, object, name)) == JSON_STRING;
}

static bool is_between(uint8_t byte, char first, char last)
{
	return byte >= (uint8_t)first && byte <= (uint8_t)last;
}

/* How the text forms of Monero's network bytes begin: 4 for a wallet, 8 for one of its
 * subaddresses, then a digit or one of the next letters. */
static bool begins_monero(struct slice user)
{
	if (user.len < CUT_MONERO_LEAST || (user.ptr[0] != '4' && user.ptr[0] != '8') ||
	    !(is_between(user.ptr[1], '1', '9') ||
	      is_between(user.ptr[1], 'A', user.ptr[0] == '4' ? 'B' : 'C')))
		return false;
	size_t digits = 0;

	while (digits < user.len && is_between(user.ptr[digits], '0', '9'))
		digits++;
	return digits < user.len || digits <= CUT_DIGITS_MOST;
}

/* A piece of a name is a wallet's when it is too long for another name, or in a message of version
 * 2.0 begins as most of its senders' do. */
static bool may_be_wallet(const struct rpc_call *call, struct slice user)
{
	if (user.len >= CUT_WALLET_LEAST)
		return !rpc_starts(user, "grin");
	return call->id != 0 &&
	       json_is(call->doc, json_member(call->doc, call->object, "jsonrpc"), "2.0") &&
	       begins_monero(user);
}

/* Of a user that was cut anywhere: the wallet when all of it is there, which only its checksum
 * tells, for the beginning of one coin's may be as long as another's; else whether it could become
 * one. */
static void read_cut_user(const struct rpc_call *call, struct login *out, struct slice user)
{
	size_t end = 0;

	while (end < user.len && base58_is(slice_sub(user, end, 1)))
		end++;
	struct wallet wallet = wallet_parse(slice_head(user, end));

	if (wallet.check == WALLET_VALID) {
		out->is_marked = true;
		out->user = wallet.text;
		out->wallet = wallet;
	} else if (end > 0 && end == user.len && may_be_wallet(call, user)) {
		out->is_marked = true;
	}
}

static void read_fields(const struct rpc_call *call, struct login *out)
{
	out->user = text_of(call, "login", out->texts[0]);
	out->agent = text_of(call, "agent", out->texts[1]);
	out->rig = text_of(call, "rigid", out->texts[2]);
	out->wallet = wallet_parse(out->user);
	bool is_known = cryptonote_algos_learn(&out->algos, call,
					       json_member(call->doc, call->params, "algo")) ||
			cryptonote_agent_is_known(out->agent);

	out->is_marked = is_known || out->wallet.check != WALLET_NONE || out->rig.len > 0;
	read_cut_user(call, out, json_cut_text(call->doc, call->params, "login"));
	out->is_weak = !is_known && out->wallet.check != WALLET_VALID;
}

void login_read(const struct rpc_call *call, struct login *out)
{
	json_value pass = json_member(call->doc, call->params, "pass");
	bool is_piece = call->doc->is_cut && pass == JSON_ABSENT;
	char secret[2];

	*out = (struct login){ .owner = LOGIN_NOBODY };
	if (!(json_type(call->doc, pass) == JSON_STRING || is_piece) || has_foreign_fields(call))
		return;
	out->is_piece = is_piece;
	if (!is_string_member(call, call->params, "login") &&
	    json_cut_text(call->doc, call->params, "login").len == 0)
		return;
	read_fields(call, out);
	out->has_password = json_text(call->doc, pass, secret, sizeof(secret)).len > 0;
	out->is_weak = out->is_weak && is_piece;
	const char *coin = out->wallet.coin;

	if (rpc_starts(out->agent, "grin") || rpc_starts(out->agent, "epic-miner") ||
	    (coin != NULL && strcmp(coin, "GRIN") == 0)) {
		out->owner = LOGIN_GRIN;
		out->is_marked = true;
	} else if (out->is_marked) {
		out->owner = LOGIN_CRYPTONOTE;
	} else if (!is_piece) {
		out->owner =
			is_string_member(call, call->object, "id") ? LOGIN_GRIN : LOGIN_CRYPTONOTE;
	}
}

struct finding login_finding(const struct rpc_call *call, const struct login *login)
{
	enum proof strong = login->is_weak ? PROOF_SUSPECT : PROOF_LIKELY;
	struct finding finding = rpc_finding(call, FINDING_LOGIN, SENDER_MINER,
					     login->is_marked ? strong : PROOF_NONE);

	finding.wants_reply = call->id != 0;
	finding.has_password = login->has_password;
	finding.is_proxy = rpc_contains(login->agent, "proxy");
	finding.login = login->user;
	finding.wallet = login->wallet;
	finding.email = login->wallet.email;
	finding.agent = login->agent;
	finding.rig = login->rig;
	/* A machine that has a name of its own is the better worker. */
	finding.worker = login->rig.len > 0 ? login->rig : login->wallet.worker;
	if (login->wallet.check != WALLET_NONE)
		finding.coin = login->wallet.coin;
	return finding;
}
