/* epic.h: what Epic Cash has of its own in the words of Grin: three proofs of work side by side. */
#ifndef PROTOCOLS_EPIC_H
#define PROTOCOLS_EPIC_H

#include "protocols/rpc.h"

enum epic_algo { EPIC_NONE, EPIC_CUCKOO, EPIC_RANDOMX, EPIC_PROGPOW };

/* As jobs and requests spell it; EPIC_NONE: none of them. */
enum epic_algo epic_algo_named(const struct rpc_call *call, json_value name);
const char *epic_algo_name(enum epic_algo algo);

/* The difficulty of one of them, or with EPIC_NONE of any, in a list of [name, difficulty]. False:
 * it is no such list, or has it not. */
bool epic_difficulty(const struct rpc_call *call, json_value list, enum epic_algo algo,
		     double *difficulty);

/* The proof that a share brings, {"RandomX":[32 bytes]} or {"Cuckoo":[edge bits, [nonces]]}: which
 * one, and the list under its name. EPIC_NONE: none of them, *list stays. */
enum epic_algo epic_proof(const struct rpc_call *call, json_value pow, json_value *list);

#endif
