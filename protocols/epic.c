/* epic.c: what Epic Cash has of its own in the words of Grin.
 *
 *   C> {"id":"1","method":"getjobtemplate","params":{"algorithm":"progpow"}}
 *   S> {"id":"Stratum","method":"job","params":{"algorithm":"randomx","height":N,"job_id":N,
 *         "pre_pow":hex,"difficulty":[["cuckoo",3],["randomx",N],["progpow",N]],
 *         "block_difficulty":[..],"epochs":[[first,last,[32 bytes]]]}}
 *   C> {"id":"2","method":"submit","params":{"height":N,"job_id":N,"nonce":u64,
 *         "pow":{"RandomX":[32 bytes]}}}       also ProgPow; {"Cuckoo":[31,[42 integers]]}
 *
 * The difficulty of RandomX and ProgPow counts hashes. The algorithm of a job is the next block's:
 * which one a miner computes it says when it asks for work, and with each share. */
#include "protocols/epic.h"

#define HASH_BYTES 32

static const struct {
	const char *name; /* of jobs */
	const char *tag;  /* of shares */
} algos[] = {
	[EPIC_CUCKOO] = { "cuckoo", "Cuckoo" },
	[EPIC_RANDOMX] = { "randomx", "RandomX" },
	[EPIC_PROGPOW] = { "progpow", "ProgPow" },
};

#define ALGOS (sizeof(algos) / sizeof(algos[0]))

enum epic_algo epic_algo_named(const struct rpc_call *call, json_value name)
{
	for (unsigned i = EPIC_CUCKOO; i < ALGOS; i++)
		if (json_is(call->doc, name, algos[i].name))
			return (enum epic_algo)i;
	return EPIC_NONE;
}

const char *epic_algo_name(enum epic_algo algo)
{
	return algo == EPIC_NONE ? "" : algos[algo].name;
}

bool epic_difficulty(const struct rpc_call *call, json_value list, enum epic_algo algo,
		     double *difficulty)
{
	json_value pair = json_element(call->doc, list, 0);

	for (; pair != JSON_ABSENT; pair = json_next(call->doc, pair)) {
		enum epic_algo named = epic_algo_named(call, json_element(call->doc, pair, 0));

		if (json_size(call->doc, pair) != 2 || named == EPIC_NONE)
			return false;
		if (algo == EPIC_NONE || algo == named)
			return json_number(call->doc, json_element(call->doc, pair, 1),
					   difficulty) == 0;
	}
	return false;
}

enum epic_algo epic_proof(const struct rpc_call *call, json_value pow, json_value *list)
{
	for (unsigned i = EPIC_CUCKOO; i < ALGOS; i++) {
		json_value proof = json_member(call->doc, pow, algos[i].tag);

		if (json_size(call->doc, proof) != (i == EPIC_CUCKOO ? 2 : HASH_BYTES))
			continue;
		*list = proof;
		return (enum epic_algo)i;
	}
	return EPIC_NONE;
}
