/* cryptonote.c: the "login" dialect of CryptoNote and RandomX coins, JSON-RPC 2.0 by line.
 *
 *   C> {"id":1,"jsonrpc":"2.0","method":"login","params":{"login":user,"pass":password,
 *         "agent":"XMRig/..","rigid":name,"algo":["rx/0",..],"algo-perf":{"rx/0":H/s,..}}}
 *   S> {"id":1,"jsonrpc":"2.0","error":null,"result":{"id":session,"job":JOB,"status":"OK"}}
 *   S> {"jsonrpc":"2.0","method":"job","params":JOB}
 *   C> {"id":2,"jsonrpc":"2.0","method":"submit","params":{"id":session,"job_id":job,
 *         "nonce":8h,"result":64h}}
 *   C> {"id":3,"jsonrpc":"2.0","method":"keepalived","params":{"id":session}}
 *   JOB  {"blob":152h,"job_id":job,"target":8h or 16h,"algo":"rx/0","height":N,"seed_hash":64h}
 *   blob  major varint, minor varint, timestamp varint, previous hash [32], nonce [4], tree hash
 *         [32], transactions varint
 *
 * The words are everyday words: login, job and submit count only with the fields that nobody else
 * has (shape checks below), and a bare "status":"OK" only in a flow that showed one of them. */
#include "protocols/cursor.h"
#include "protocols/rpc.h"
#include "protocols/target.h"

#define BLOB_DIGITS_MIN 140
#define BLOB_DIGITS_MAX 816
#define BLOB_HEAD_BYTES 16          /* the three varints of a blob fit */
#define BLOB_TIME_MIN   1388534400u /* 2014: the oldest CryptoNote chain */
#define BLOB_TIME_MAX   2524608000u /* 2050: we have no clock here */
#define RATES_MAX       12          /* algorithms whose claimed rate is remembered */
#define RATE_MAX        1e15        /* H/s; the whole Monero network is below 1e11 */
#define LOGIN_ALGOS_MAX 64

struct algo_rate {
	uint8_t algo; /* 1 + index into algos */
	float rate;   /* H/s */
};

struct cryptonote_state {
	const char *coin;   /* static, of the wallet */
	bool is_seen;       /* a login, job or submit with the right fields was heard */
	uint8_t first_algo; /* 1 + index into algos: first of the login's list */
	uint8_t first_rx;   /* the same, of RandomX */
	uint8_t rate_algo;  /* whose claimed rate was reported last */
	uint8_t rate_count;
	struct algo_rate rates[RATES_MAX];
};

static const char *const algos[] = {
	"rx/0",          "rx/2",          "rx/wow",
	"rx/arq",        "rx/graft",      "rx/sfx",
	"rx/loki",       "rx/keva",       "rx/yada",
	"rx/xla",        "cn/0",          "cn/1",
	"cn/2",          "cn/r",          "cn/fast",
	"cn/half",       "cn/xao",        "cn/rto",
	"cn/rwz",        "cn/zls",        "cn/double",
	"cn/ccx",        "cn/upx2",       "cn/gpu",
	"cn-lite/0",     "cn-lite/1",     "cn-heavy/0",
	"cn-heavy/tube", "cn-heavy/xhv",  "cn-pico",
	"cn-pico/tlo",   "argon2/chukwa", "argon2/chukwav2",
	"argon2/wrkz",   "argon2/ninja",  "astrobwt",
	"astrobwt/v2",   "kawpow",        "kawpow/rvn",
	"ghostrider",    "panthera",      "cn",
	"cn-lite",       "cn-heavy",      "cryptonight",
	"randomx",
};

/* What miners call themselves, without regard to case. */
static const char *const agents[] = {
	"xmrig",    "xmr-stak", "cpuminer",     "xmr-node-proxy", "srbminer",
	"jce/",     "ccminer",  "teamredminer", "minergate",      "xmr/",
	"cast_xmr", "claymore", "deepminer",    "lolminer",       "gminer",
	"rigel",    "bzminer",  "nanominer",    "xmrigcc",        "stak-nvidia",
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static json_value member(const struct rpc_call *call, json_value object, const char *name)
{
	return json_member(call->doc, object, name);
}

static bool is_string(const struct rpc_call *call, json_value value)
{
	return json_type(call->doc, value) == JSON_STRING;
}

/* 1 + index of a known algorithm name; 0: unknown. */
static uint8_t find_algo(struct slice name)
{
	for (size_t i = 0; i < ROWS(algos); i++)
		if (rpc_equals(name, algos[i]))
			return (uint8_t)(1 + i);
	return 0;
}

static struct slice algo_name(uint8_t algo)
{
	return algo == 0 ? slice_of(NULL, 0) : slice_str(algos[algo - 1]);
}

static bool is_known_agent(struct slice agent)
{
	for (size_t i = 0; i < ROWS(agents); i++)
		if (rpc_starts(agent, agents[i]))
			return true;
	return false;
}

/* Remembers the login's list; true when it names an algorithm that we know. */
static bool learn_algos(const struct rpc_call *call, json_value list)
{
	struct cryptonote_state *state = call->state;
	char text[32];

	state->first_algo = 0;
	state->first_rx = 0;
	for (size_t i = 0; i < LOGIN_ALGOS_MAX && i < json_size(call->doc, list); i++) {
		json_value name = json_element(call->doc, list, i);
		uint8_t algo = find_algo(json_text(call->doc, name, text, sizeof(text)));

		if (state->first_algo == 0)
			state->first_algo = algo;
		if (state->first_rx == 0 && algo != 0 && slice_starts(algo_name(algo), "rx/"))
			state->first_rx = algo;
	}
	return state->first_algo != 0;
}

/* Remembers the benchmark results of a login, by algorithm. */
static void learn_rates(const struct rpc_call *call, json_value perf)
{
	struct cryptonote_state *state = call->state;
	double rate;

	state->rate_count = 0;
	state->rate_algo = 0;
	for (size_t i = 0; i < ROWS(algos) && state->rate_count < RATES_MAX; i++) {
		json_value value = member(call, perf, algos[i]);

		if (json_number(call->doc, value, &rate) != 0 || rate <= 0 || rate > RATE_MAX)
			continue;
		state->rates[state->rate_count++] =
			(struct algo_rate){ .algo = (uint8_t)(1 + i), .rate = (float)rate };
	}
}

/* Reports the claimed rate of that algorithm, or of the first one known when algo is 0. */
static void report_rate(const struct rpc_call *call, uint8_t algo)
{
	struct cryptonote_state *state = call->state;

	for (size_t i = 0; i < state->rate_count; i++) {
		const struct algo_rate *known = &state->rates[i];

		if ((algo != 0 && known->algo != algo) || known->algo == state->rate_algo)
			continue;
		struct finding finding =
			rpc_finding(call, FINDING_CLAIMED_RATE, SENDER_MINER, PROOF_NONE);

		finding.request = 0;
		finding.rate = (double)known->rate;
		finding.algo = algo_name(known->algo);
		state->rate_algo = known->algo;
		rpc_emit(call, &finding);
		return;
	}
}

/* Credentials of another kind of service. */
static bool has_foreign_fields(const struct rpc_call *call)
{
	static const char *const names[] = { "username", "token", "captcha", "password" };

	for (size_t i = 0; i < ROWS(names); i++)
		if (member(call, call->params, names[i]) != JSON_ABSENT)
			return true;
	return false;
}

static bool handle_login(struct rpc_call *call, const struct rpc_method *row)
{
	struct cryptonote_state *state = call->state;
	json_value user = member(call, call->params, "login");
	json_value pass = member(call, call->params, "pass");
	char login[LIMIT_TEXT_BYTES];
	char agent[LIMIT_TEXT_BYTES];
	char rig[LIMIT_TEXT_BYTES];
	char secret[2];

	if (!is_string(call, user) || !is_string(call, pass) || has_foreign_fields(call))
		return false;
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_NONE);

	state->is_seen = true;
	finding.wants_reply = true;
	finding.has_password = json_text(call->doc, pass, secret, sizeof(secret)).len > 0;
	finding.login = json_text(call->doc, user, login, sizeof(login));
	finding.wallet = wallet_parse(finding.login);
	finding.agent =
		json_text(call->doc, member(call, call->params, "agent"), agent, sizeof(agent));
	finding.worker =
		json_text(call->doc, member(call, call->params, "rigid"), rig, sizeof(rig));
	bool has_rig = finding.worker.len > 0;
	bool has_algos = learn_algos(call, member(call, call->params, "algo"));

	if (!has_rig)
		finding.worker = finding.wallet.worker;
	if (finding.wallet.check != WALLET_NONE) {
		finding.coin = finding.wallet.coin;
		state->coin = finding.wallet.coin;
	}
	if (is_known_agent(finding.agent) || finding.wallet.check != WALLET_NONE || has_algos ||
	    has_rig)
		finding.proof = PROOF_LIKELY;
	rpc_emit(call, &finding);
	learn_rates(call, member(call, call->params, "algo-perf"));
	report_rate(call, 0);
	return true;
}

static uint64_t read_varint(struct cursor *in)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 63; shift += 7) {
		uint8_t byte = cursor_u8(in);

		value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return value;
	}
	in->bad = true;
	return 0;
}

/* A block header template of a CryptoNote chain, by its version and its time. */
static bool is_block_blob(struct slice digits)
{
	uint8_t head[BLOB_HEAD_BYTES];
	size_t len;

	if (!target_hex_bytes(slice_head(digits, 2 * sizeof(head)), head, sizeof(head), &len))
		return false;
	struct cursor in = cursor_of(slice_of(head, len));
	uint64_t major = read_varint(&in);
	uint64_t minor = read_varint(&in);
	uint64_t time = read_varint(&in);

	return !in.bad && major > 0 && major < 256 && minor < 256 && time >= BLOB_TIME_MIN &&
	       time <= BLOB_TIME_MAX;
}

/* The work of a job, and how much its fields prove; PROOF_NONE with no work: not a job of ours. */
static enum proof weigh_job(const struct rpc_call *call, json_value job, double *work)
{
	const struct cryptonote_state *state = call->state;
	const enum proof by_login = state->is_seen ? PROOF_CONFIRMED : PROOF_LIKELY;
	struct slice blob = json_hex(call->doc, member(call, job, "blob"));
	struct slice target = json_hex(call->doc, member(call, job, "target"));
	struct slice template = json_hex(call->doc, member(call, job, "blocktemplate_blob"));

	*work = 0;
	if (json_id(call->doc, member(call, job, "job_id")) == 0)
		return PROOF_NONE;
	if (target.len == 8 || target.len == 16)
		*work = target_work_cryptonote(target);
	if (blob.len >= BLOB_DIGITS_MIN && blob.len <= BLOB_DIGITS_MAX && blob.len % 2 == 0 &&
	    *work > 0)
		return is_block_blob(blob) ? PROOF_CONFIRMED : by_login;
	if (is_string(call, member(call, job, "pool_wallet")) &&
	    json_hex(call->doc, member(call, job, "extra_nonce")).len > 0 && *work > 0)
		return by_login; /* self-select: the miner makes its own blob */
	if (template.len >= BLOB_DIGITS_MIN && template.len % 2 == 0 &&
	    json_number(call->doc, member(call, job, "target_diff"), work) == 0 && *work > 0 &&
	    *work < RATE_MAX)
		return by_login; /* towards a proxy: a whole block template */
	*work = 0;
	return PROOF_NONE;
}

/* Reports a job object; false when it is none of ours. */
static bool report_job(const struct rpc_call *call, json_value job)
{
	struct cryptonote_state *state = call->state;
	char text[LIMIT_TEXT_BYTES];
	double work;
	enum proof proof = weigh_job(call, job, &work);

	if (proof == PROOF_NONE)
		return false;
	struct finding finding = rpc_finding(call, FINDING_JOB, SENDER_POOL, proof);

	state->is_seen = true;
	finding.request = 0;
	finding.job = json_id(call->doc, member(call, job, "job_id"));
	finding.difficulty = work;
	finding.work = work;
	finding.coin = state->coin;
	finding.algo = json_text(call->doc, member(call, job, "algo"), text, sizeof(text));
	uint8_t algo = find_algo(finding.algo);

	/* A seed hash is RandomX's alone. */
	if (finding.algo.len == 0 && rpc_is_hex(call->doc, member(call, job, "seed_hash"), 64))
		algo = state->first_rx != 0 ? state->first_rx : find_algo(slice_str("randomx"));
	else if (finding.algo.len == 0)
		algo = state->first_algo;
	if (finding.algo.len == 0)
		finding.algo = algo_name(algo);
	rpc_emit(call, &finding);
	if (algo != 0)
		report_rate(call, algo);
	return true;
}

static bool handle_job(struct rpc_call *call, const struct rpc_method *row)
{
	(void)row;
	return report_job(call, call->params);
}

static bool handle_submit(struct rpc_call *call, const struct rpc_method *row)
{
	struct cryptonote_state *state = call->state;
	struct slice nonce = json_hex(call->doc, member(call, call->params, "nonce"));
	struct slice result = json_hex(call->doc, member(call, call->params, "result"));
	uint64_t job = json_id(call->doc, member(call, call->params, "job_id"));
	char algo[LIMIT_TEXT_BYTES];

	if (job == 0 || (nonce.len != 8 && nonce.len != 16))
		return false;
	/* Of a share that was cut after its nonce the rest is believed once the flow is known. */
	if (result.len != 64 && !(call->doc->is_cut && state->is_seen && result.len == 0))
		return false;
	struct finding finding = rpc_finding(call, row->kind, row->sender,
					     result.len == 64 ? PROOF_CONFIRMED : PROOF_NONE);

	state->is_seen = true;
	finding.wants_reply = true;
	finding.job = job;
	finding.nonce = rpc_hash_hex(job, nonce);
	finding.difficulty = target_work_result(result);
	finding.algo = json_text(call->doc, member(call, call->params, "algo"), algo, sizeof(algo));
	finding.coin = state->coin;
	rpc_emit(call, &finding);
	return true;
}

/* keepalived, getjob: words that prove nothing, with the session's id in them. */
static bool handle_session(struct rpc_call *call, const struct rpc_method *row)
{
	struct cryptonote_state *state = call->state;

	if (!state->is_seen && !is_string(call, member(call, call->params, "id")))
		return false;
	struct finding finding = rpc_finding(call, row->kind, row->sender, PROOF_NONE);

	finding.wants_reply = call->id != 0;
	rpc_emit(call, &finding);
	return true;
}

static const struct rpc_method methods[] = {
	{ "submit", SENDER_MINER, FINDING_SHARE, handle_submit },
	{ "job", SENDER_POOL, FINDING_JOB, handle_job },
	{ "keepalived", SENDER_MINER, FINDING_KEEPALIVE, handle_session },
	{ "keepalive", SENDER_MINER, FINDING_KEEPALIVE, handle_session },
	{ "getjob", SENDER_MINER, FINDING_REQUEST, handle_session },
	{ "login", SENDER_MINER, FINDING_LOGIN, handle_login },
};

/* The verdict first, then the job that came with it: a login that was accepted has a job. */
static bool handle_reply(struct rpc_call *call)
{
	const struct cryptonote_state *state = call->state;
	json_value job = member(call, call->result, "job");
	double work;

	if (job == JSON_ABSENT && member(call, call->result, "job_id") != JSON_ABSENT)
		job = call->result; /* to getjob */
	if (job != JSON_ABSENT && weigh_job(call, job, &work) != PROOF_NONE) {
		rpc_reply_emit(call, PROOF_NONE);
		return report_job(call, job);
	}
	return state->is_seen && rpc_reply_emit(call, PROOF_NONE);
}

static bool handle_call(struct rpc_call *call)
{
	if (call->is_reply)
		return handle_reply(call);
	const struct rpc_method *row = rpc_method_find(methods, ROWS(methods), call->method, false);

	return row != NULL && row->handle(call, row);
}

static bool cryptonote_decode(void *state, struct message *msg, const struct finding_out *out)
{
	return rpc_decode(state, msg, out, handle_call);
}

static enum probe_result cryptonote_probe(struct slice first, enum direction dir)
{
	return rpc_probe(first, dir, &dialect_cryptonote);
}

_Static_assert(sizeof(struct cryptonote_state) <= DIALECT_STATE_MAX, "state is too large");
_Static_assert(ROWS(algos) < UINT8_MAX, "an algorithm's index is kept in a byte");

const struct dialect dialect_cryptonote = {
	.name = "cryptonote",
	.state_size = sizeof(struct cryptonote_state),
	.max_message = LIMIT_MESSAGE_BYTES,
	.probe = cryptonote_probe,
	.frame = rpc_frame,
	.decode = cryptonote_decode,
};
