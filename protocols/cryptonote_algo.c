/* cryptonote_algo.c: tables of names, and the fields "algo" and "algo-perf" of a login. A name that
 * is not in the tables is reported as it is spoken, but it proves nothing. */
#include "protocols/cryptonote_algo.h"

#define LOGIN_ALGOS_MAX 64

static const char *const algos[] = {
	"rx/0",          "rx/2",         "rx/wow",
	"rx/arq",        "rx/graft",     "rx/sfx",
	"rx/loki",       "rx/keva",      "rx/yada",
	"rx/xla",        "cn/0",         "cn/1",
	"cn/2",          "cn/r",         "cn/fast",
	"cn/half",       "cn/xao",       "cn/rto",
	"cn/rwz",        "cn/zls",       "cn/double",
	"cn/ccx",        "cn/upx2",      "cn/gpu",
	"cn-lite/0",     "cn-lite/1",    "cn-heavy/0",
	"cn-heavy/tube", "cn-heavy/xhv", "cn-pico",
	"cn-pico/0",     "cn-pico/tlo",  "argon2/chukwa",
	"argon2/wrkz",   "argon2/ninja", "argon2/chukwav2",
	"astrobwt",      "astrobwt/v2",  "kawpow",
	"kawpow/rvn",    "ghostrider",   "ghostrider/rtm",
	"panthera",      "flex",         "cn",
	"cn-lite",       "cn-heavy",     "cryptonight",
	"randomx",       "etchash",      "ethash",
	"autolykos2",    "c29",          "cuckaroo",
	"sha3x",         "dynexsolve",
};

/* What miners call themselves, without regard to case. */
static const char *const agents[] = {
	"xmrig",       "xmr-stak", "xmr-node-proxy", "xmr-proxy",  "xmr/",
	"cpuminer",    "srbminer", "jce/",           "ccminer",    "teamredminer",
	"minergate",   "cast_xmr", "claymore",       "lolminer",   "deepminer",
	"gminer",      "rigel",    "bzminer",        "nanominer",  "bmminer",
	"stak-nvidia", "nbminer",  "wildrig",        "dynexsolve", "fl4shminer",
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

_Static_assert(ROWS(algos) < UINT8_MAX, "an algorithm's index is kept in a byte");

uint8_t cryptonote_algo_find(struct slice name)
{
	for (size_t i = 0; i < ROWS(algos); i++)
		if (rpc_equals(name, algos[i]))
			return (uint8_t)(1 + i);
	return 0;
}

struct slice cryptonote_algo_name(uint8_t algo)
{
	return algo == 0 || algo > ROWS(algos) ? slice_of(NULL, 0) : slice_str(algos[algo - 1]);
}

bool cryptonote_agent_is_known(struct slice agent)
{
	for (size_t i = 0; i < ROWS(agents); i++)
		if (rpc_starts(agent, agents[i]))
			return true;
	return false;
}

bool cryptonote_algos_learn(struct cryptonote_algos *self, const struct rpc_call *call,
			    json_value list)
{
	char text[32];

	self->first = 0;
	self->first_rx = 0;
	for (size_t i = 0; i < LOGIN_ALGOS_MAX && i < json_size(call->doc, list); i++) {
		json_value name = json_element(call->doc, list, i);
		uint8_t algo = cryptonote_algo_find(json_text(call->doc, name, text, sizeof(text)));

		if (self->first == 0)
			self->first = algo;
		if (self->first_rx == 0 && algo != 0 &&
		    slice_starts(cryptonote_algo_name(algo), "rx/"))
			self->first_rx = algo;
	}
	return self->first != 0;
}

void cryptonote_rates_learn(struct cryptonote_algos *self, const struct rpc_call *call,
			    json_value perf)
{
	double rate;

	self->rate_count = 0;
	self->rate_algo = 0;
	for (size_t i = 0; i < ROWS(algos) && self->rate_count < CRYPTONOTE_RATES_MAX; i++) {
		json_value value = json_member(call->doc, perf, algos[i]);

		if (json_number(call->doc, value, &rate) != 0 || rate <= 0 ||
		    rate > CRYPTONOTE_WORK_MAX)
			continue;
		self->rates[self->rate_count++] =
			(struct cryptonote_rate){ .algo = (uint8_t)(1 + i), .rate = (float)rate };
	}
}

void cryptonote_rates_report(struct cryptonote_algos *self, const struct rpc_call *call,
			     uint8_t algo)
{
	for (size_t i = 0; i < self->rate_count; i++) {
		const struct cryptonote_rate *known = &self->rates[i];

		if ((algo != 0 && known->algo != algo) || known->algo == self->rate_algo)
			continue;
		struct finding finding =
			rpc_finding(call, FINDING_CLAIMED_RATE, SENDER_MINER, PROOF_NONE);

		finding.request = 0;
		finding.rate = (double)known->rate;
		finding.algo = cryptonote_algo_name(known->algo);
		self->rate_algo = known->algo;
		rpc_emit(call, &finding);
		return;
	}
}
