/* login.c: reads a login and says whose it is. Grin's miners call themselves so or mine to a Grin
 * address; what bears no mark of either is Grin's when its id is a text: those miners write all
 * ids so, and CryptoNote's write numbers. */
#include "protocols/login.h"

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

void login_read(const struct rpc_call *call, struct login *out)
{
	char secret[2];

	*out = (struct login){ .owner = LOGIN_NOBODY };
	if (!is_string_member(call, call->params, "login") ||
	    !is_string_member(call, call->params, "pass") || has_foreign_fields(call))
		return;
	json_value pass = json_member(call->doc, call->params, "pass");

	out->has_password = json_text(call->doc, pass, secret, sizeof(secret)).len > 0;
	out->user = text_of(call, "login", out->texts[0]);
	out->agent = text_of(call, "agent", out->texts[1]);
	out->rig = text_of(call, "rigid", out->texts[2]);
	out->wallet = wallet_parse(out->user);
	const char *coin = out->wallet.coin;
	bool has_algos = cryptonote_algos_learn(&out->algos, call,
						json_member(call->doc, call->params, "algo"));

	if (rpc_starts(out->agent, "grin") || (coin != NULL && strcmp(coin, "GRIN") == 0)) {
		out->owner = LOGIN_GRIN;
		out->is_marked = true;
		return;
	}
	out->is_marked = cryptonote_agent_is_known(out->agent) || has_algos ||
			 out->wallet.check != WALLET_NONE || out->rig.len > 0;
	out->owner = !out->is_marked && is_string_member(call, call->object, "id")
			     ? LOGIN_GRIN
			     : LOGIN_CRYPTONOTE;
}

struct finding login_finding(const struct rpc_call *call, const struct login *login)
{
	struct finding finding = rpc_finding(call, FINDING_LOGIN, SENDER_MINER,
					     login->is_marked ? PROOF_LIKELY : PROOF_NONE);

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
