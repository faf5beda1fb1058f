/* ethgetwork.c: Ethereum's getwork, the methods of eth-proxy in HTTP.
 *
 *   C> POST /?miner=30@0xWALLET@rig HTTP/1.1      MH/s @ wallet @ rig; or POST /0xWALLET/rig
 *      {"id":1,"jsonrpc":"2.0","method":"eth_getWork"}
 *   S> {"id":1,"jsonrpc":"2.0","result":["0x64h header","0x64h seed","0x64h target"]}
 *   C> {"id":1,"jsonrpc":"2.0","method":"eth_submitWork","params":["0x16h","0x64h","0x64h"]}
 *   S> {"id":1,"jsonrpc":"2.0","result":true}
 *
 * What is in the bodies is eth-proxy's and is read by it, on a state of its own; here is who says
 * it. */
#include "protocols/hex.h"
#include "protocols/httpwork.h"
#include "protocols/rpc.h"

#define ADDRESS_CHARS 42  /* 0x and 40 digits */
#define RATE_MAX      1e9 /* MH/s; the whole Ethereum network was 1e9 */
#define INNER_WORDS   24

struct ethgetwork_state {
	uint64_t named;              /* hash of the target that was reported */
	uint64_t inner[INNER_WORDS]; /* eth-proxy's */
};

/* Who the target of a request names. */
struct ethgetwork_name {
	struct slice login; /* wallet and rig */
	double rate;        /* H/s; 0: not claimed */
	char text[LIMIT_TEXT_BYTES];
};

/* Stands between eth-proxy and the caller. */
struct ethgetwork_ear {
	const struct finding_out *out;
	const struct http_head *http;
	const struct ethgetwork_name *name;
};

static bool is_address(struct slice text)
{
	return text.len == ADDRESS_CHARS && rpc_starts(text, "0x") && hex_is(slice_tail(text, 2));
}

/* rate@wallet@rig: what follows the rate, with a dot for the second at sign. */
static bool read_query(const struct http_head *http, struct ethgetwork_name *name)
{
	struct slice value = httpwork_query(http, "miner", name->text, sizeof(name->text));
	size_t at = slice_find(value, '@');
	double rate = httpwork_number(slice_head(value, at), RATE_MAX);
	struct slice login = slice_tail(value, at + 1);
	size_t end = slice_find(login, '@');

	if (!is_address(slice_head(login, end)) ||
	    (rate <= 0 && !slice_is(slice_head(value, at), "0")))
		return false;
	name->rate = rate * 1e6;
	name->login = login;
	if (end < login.len)
		name->text[at + 1 + end] = '.';
	return true;
}

/* /wallet, /wallet/rig, /wallet.rig */
static bool read_path(const struct http_head *http, struct ethgetwork_name *name)
{
	struct slice path = slice_tail(httpwork_path(http), 1);

	if (!is_address(slice_head(path, ADDRESS_CHARS)) ||
	    (path.len > ADDRESS_CHARS && slice_find(slice_str("/."), path.ptr[ADDRESS_CHARS]) == 2))
		return false;
	(void)slice_copy(path, name->text, sizeof(name->text));
	name->login = slice_str(name->text);
	return true;
}

static void emit_name(struct ethgetwork_state *state, const struct http_head *http,
		      const struct ethgetwork_name *name, const struct finding_out *out)
{
	uint64_t hash = slice_hash(slice_str(http->target));
	struct finding finding = { .kind = FINDING_LOGIN,
				   .sender = SENDER_MINER,
				   .proof = PROOF_LIKELY };

	if (state->named == hash)
		return;
	state->named = hash;
	httpwork_fill(http, &finding);
	finding.login = name->login;
	finding.wallet = wallet_parse(name->login);
	finding.worker = finding.wallet.worker;
	out->emit(out->ctx, &finding);
	if (name->rate <= 0)
		return;
	finding = (struct finding){ .kind = FINDING_CLAIMED_RATE,
				    .sender = SENDER_MINER,
				    .proof = PROOF_LIKELY,
				    .rate = name->rate };
	out->emit(out->ctx, &finding);
}

/* A method names nobody, or a worker; the head may know more. */
static void add_head(void *ctx, const struct finding *from)
{
	const struct ethgetwork_ear *ear = ctx;
	struct finding finding = *from;

	finding.dialect = NULL;
	if (finding.sender == SENDER_MINER && !ear->http->is_response) {
		if (finding.agent.len == 0)
			finding.agent = slice_str(ear->http->agent);
		finding.has_password = finding.has_password || ear->http->has_password;
		if (finding.login.len == 0) {
			finding.login = ear->name->login.len > 0 ? ear->name->login
								 : slice_str(ear->http->user);
			if (finding.login.len > 0)
				finding.wallet = wallet_parse(finding.login);
		}
		if (finding.worker.len == 0)
			finding.worker = finding.wallet.worker;
	}
	ear->out->emit(ear->out->ctx, &finding);
}

static bool read_http(struct ethgetwork_state *self, struct message *msg,
		      const struct finding_out *out)
{
	struct ethgetwork_name name = { .rate = 0 };
	bool is_asking = !msg->http->is_response;
	bool is_query = is_asking && read_query(msg->http, &name);

	if (httpwork_is_head(msg)) {
		if (is_query)
			emit_name(self, msg->http, &name, out);
		return is_query;
	}
	/* Anybody may have an address in a path: it counts with a method of ours. */
	bool is_path = is_asking && !is_query && read_path(msg->http, &name);
	struct ethgetwork_ear ear = { .out = out, .http = msg->http, .name = &name };
	const struct finding_out inner = { .emit = add_head, .ctx = &ear };
	struct message body = *msg;

	body.http = NULL;
	if (dialect_ethproxy.state_size > sizeof(self->inner) || message_json(msg) == NULL)
		return false;
	body.is_parsed = msg->is_parsed;
	body.parse_error = msg->parse_error;
	if (!dialect_ethproxy.decode(self->inner, &body, &inner))
		return false;
	if (is_path || is_query)
		emit_name(self, msg->http, &name, out);
	return true;
}

static bool ethgetwork_decode(void *state, struct message *msg, const struct finding_out *out)
{
	return msg->http != NULL && read_http(state, msg, out);
}

/* Without its head a body is eth-proxy's. */
static enum probe_result ethgetwork_probe(struct slice first, enum direction dir)
{
	return rpc_probe(first, dir, &dialect_ethgetwork);
}

_Static_assert(sizeof(struct ethgetwork_state) <= DIALECT_STATE_MAX, "state is too large");

const struct dialect dialect_ethgetwork = {
	.name = "ethgetwork",
	.state_size = sizeof(struct ethgetwork_state),
	.is_http = true,
	.max_message = LIMIT_MESSAGE_BYTES,
	.probe = ethgetwork_probe,
	.frame = rpc_frame,
	.decode = ethgetwork_decode,
};
