/* branch_qtminer.c: the plain "Stratum" of QtMiner, Ethash in Bitcoin's words.
 *
 *   job    [job, header hash 0x64h, seed hash 0x64h, target 0x.., clean bool]
 *   share  [user, job, nonce 0x16h, header hash 0x64h, mix hash 0x64h], and "worker" beside params
 *
 * KawPow's shares look the same. */
#include "protocols/stratum_branch.h"

#define NOTIFY_FIELDS 5
#define NOTIFY_LEAST  3

static enum proof qtminer_notify(const struct rpc_call *call, struct stratum_state *state,
				 struct finding *finding)
{
	static const enum stratum_field fields[NOTIFY_FIELDS] = { FIELD_ID, FIELD_0X64, FIELD_0X64,
								  FIELD_HEX, FIELD_BOOL };
	enum proof proof = stratum_verdict(call, fields, NOTIFY_FIELDS, NOTIFY_LEAST);
	double work = stratum_target(call, stratum_param(call, 3));

	(void)state;
	if (proof != PROOF_NONE && work > 0) {
		finding->work = work;
		finding->difficulty = work; /* this family counts difficulty in hashes */
	}
	return proof;
}

static enum proof qtminer_submit(const struct rpc_call *call, struct stratum_state *state,
				 struct finding *finding)
{
	static const enum stratum_field fields[] = { FIELD_TEXT, FIELD_ID, FIELD_0X16, FIELD_0X64,
						     FIELD_0X64 };
	enum proof proof = stratum_verdict(call, fields, 5, 3);

	if (proof == PROOF_NONE)
		return proof;
	stratum_identity(call, state, finding, stratum_param(call, 0));
	if (finding->worker.len == 0)
		finding->worker =
			json_text(call->doc, json_member(call->doc, call->object, "worker"),
				  call->text->worker, sizeof(call->text->worker));
	finding->nonce = rpc_hash_hex(finding->job, json_hex(call->doc, stratum_param(call, 2)));
	return proof;
}

const struct stratum_branch stratum_branch_qtminer = {
	.name = "ethstratum-qt",
	.algo = "ethash",
	.notify = qtminer_notify,
	.submit = qtminer_submit,
};
