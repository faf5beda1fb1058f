/* cryptonote_algo.h: the algorithms and programs of the login dialect, and what a login tells about
 * them: its list, and the rates that it claims. */
#ifndef PROTOCOLS_CRYPTONOTE_ALGO_H
#define PROTOCOLS_CRYPTONOTE_ALGO_H

#include "protocols/rpc.h"

#define CRYPTONOTE_RATES_MAX 12   /* algorithms whose claimed rate is remembered */
#define CRYPTONOTE_WORK_MAX  1e15 /* H/s, H; the whole Monero network is below 1e12 a block */

struct cryptonote_rate {
	uint8_t algo;
	float rate; /* H/s */
};

/* What one login said; flat, caller-zeroed. An algorithm is 1 + its index in the table; 0: none. */
struct cryptonote_algos {
	uint8_t first;     /* of the login's list */
	uint8_t first_rx;  /* the same, of RandomX */
	uint8_t rate_algo; /* whose claimed rate was reported last */
	uint8_t rate_count;
	struct cryptonote_rate rates[CRYPTONOTE_RATES_MAX];
};

uint8_t cryptonote_algo_find(struct slice name);
struct slice cryptonote_algo_name(uint8_t algo);

/* True when a miner or a mining proxy calls itself so. */
bool cryptonote_agent_is_known(struct slice agent);

/* Remembers the login's list; true when it names an algorithm that we know. */
bool cryptonote_algos_learn(struct cryptonote_algos *self, const struct rpc_call *call,
			    json_value list);

/* Remembers the benchmark results of a login, by algorithm. */
void cryptonote_rates_learn(struct cryptonote_algos *self, const struct rpc_call *call,
			    json_value perf);

/* Reports the claimed rate of that algorithm, or of the first one known when algo is 0. */
void cryptonote_rates_report(struct cryptonote_algos *self, const struct rpc_call *call,
			     uint8_t algo);

#endif
