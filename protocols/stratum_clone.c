/* stratum_clone.c: the words of Stratum with fields that no branch has: other coins, new ones.
 *
 *   job    [job, .., 64h, ..]            behind a difficulty or a target: nobody else says both
 *   share  [user, job, hex, hex..]       by the user that authorised
 *   C> {"method":"mining.authorize","params":{"wallet":user,"worker":rig,"pass":password,
 *         "agent":..}}                   params by name; a job and a share may come so, too
 *   S> {"method":"mining.notify","params":{"job_id":job,"header":hex,"target":64h,..}}
 *
 * What a share is worth is known when the pool has set a target, or the job has one. */
#include "protocols/stratum_branch.h"
#include "protocols/target.h"

#define JOB_FIELDS   3
#define SHARE_FIELDS 3
#define NONCE_LEAST  8  /* digits of the longest field of a share */
#define FIELDS_MAX   16 /* that are looked at */
#define HEADER_LEAST 64 /* digits */

static json_value named_param(const struct rpc_call *call, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		json_value value = json_member(call->doc, call->params, names[i]);

		if (value != JSON_ABSENT)
			return value;
	}
	return JSON_ABSENT;
}

json_value stratum_named(const struct rpc_call *call, size_t index, enum stratum_name name)
{
	static const char *const users[] = { "wallet", "login", "user", "username", "address" };
	static const char *const passwords[] = { "pass", "password" };
	static const char *const workers[] = { "worker", "rig", "rigid" };
	static const char *const agents[] = { "agent" };
	static const char *const jobs[] = { "job_id", "jobId", "job" };
	static const char *const nonces[] = { "nonce" };
	static const struct {
		const char *const *names;
		size_t count;
	} rows[] = {
		[STRATUM_USER] = { users, 5 },     [STRATUM_PASSWORD] = { passwords, 2 },
		[STRATUM_WORKER] = { workers, 3 }, [STRATUM_AGENT] = { agents, 1 },
		[STRATUM_JOB] = { jobs, 3 },       [STRATUM_NONCE] = { nonces, 1 },
	};

	if (json_type(call->doc, call->params) == JSON_OBJECT)
		return named_param(call, rows[name].names, rows[name].count);
	return index == STRATUM_NOWHERE ? JSON_ABSENT : stratum_param(call, index);
}

/* A hash among the fields behind the job's id. */
static bool has_hash(const struct rpc_call *call)
{
	json_value value = stratum_param(call, 1);

	for (size_t i = 1; i < FIELDS_MAX && value != JSON_ABSENT; i++) {
		if (rpc_is_hex(call->doc, value, 64))
			return true;
		value = json_next(call->doc, value);
	}
	return false;
}

/* A header and a target beside the job's id: others have them in lists. */
static void read_object_job(const struct rpc_call *call, struct finding *finding)
{
	static const char *const targets[] = { "target" };
	static const char *const headers[] = { "header", "blob", "hash" };
	json_value target = named_param(call, targets, 1);

	if (finding->job == 0 || !rpc_is_hex(call->doc, target, TARGET_DIGITS))
		return;
	finding->work = stratum_target(call, target);
	if (finding->work > 0 && finding->difficulty <= 0)
		finding->difficulty = finding->work;
	if (finding->work > 0 &&
	    json_hex(call->doc, named_param(call, headers, 3)).len >= HEADER_LEAST)
		finding->proof = PROOF_CONFIRMED;
}

void stratum_clone_job(const struct rpc_call *call, const struct stratum_state *state,
		       struct finding *finding)
{
	bool is_set = state->difficulty > 0 || state->target_work > 0;

	if (finding->proof < PROOF_CONFIRMED && json_type(call->doc, call->params) == JSON_OBJECT)
		read_object_job(call, finding);
	if (finding->proof < PROOF_CONFIRMED && is_set && finding->job != 0 && !call->doc->is_cut &&
	    json_type(call->doc, call->params) == JSON_ARRAY &&
	    json_size(call->doc, call->params) >= JOB_FIELDS && has_hash(call))
		finding->proof = PROOF_CONFIRMED;
}

/* [user, job, hex..], one field at least as long as a nonce. */
static bool is_share(const struct rpc_call *call)
{
	const struct json *doc = call->doc;
	size_t count = json_size(doc, call->params);
	size_t longest = 0;

	if (count < SHARE_FIELDS || count > FIELDS_MAX || doc->is_cut ||
	    !stratum_field_fits(doc, stratum_param(call, 0), FIELD_TEXT) ||
	    !stratum_field_fits(doc, stratum_param(call, 1), FIELD_ID))
		return false;
	for (size_t i = 2; i < count; i++) {
		json_value value = stratum_param(call, i);
		size_t digits = json_hex(doc, value).len;

		if (digits == 0 && json_raw(doc, value).len > 0)
			return false;
		longest = digits > longest ? digits : longest;
	}
	return longest >= NONCE_LEAST;
}

/* Who is paid, and for which worker: some write both into the worker's name. */
static void read_object_names(const struct rpc_call *call, struct stratum_state *state,
			      struct finding *finding)
{
	json_value user = stratum_named(call, 0, STRATUM_USER);
	json_value worker = stratum_named(call, STRATUM_NOWHERE, STRATUM_WORKER);
	char text[LIMIT_TEXT_BYTES];

	if (user == JSON_ABSENT &&
	    wallet_parse(json_text(call->doc, worker, text, sizeof(text))).check == WALLET_VALID) {
		stratum_identity(call, state, finding, worker);
		return;
	}
	stratum_identity(call, state, finding, user);
	stratum_worker(call, finding);
}

/* What stands for the nonce is a proof elsewhere: all fields, then. */
static void read_object_share(const struct rpc_call *call, struct stratum_state *state,
			      struct finding *finding)
{
	struct slice nonce = json_hex(call->doc, stratum_named(call, 0, STRATUM_NONCE));

	if (nonce.len == 0)
		nonce = json_raw(call->doc, call->params);
	if (finding->job != 0) {
		finding->nonce = rpc_hash_hex(finding->job, nonce);
		finding->reply_confirms = true;
	}
	read_object_names(call, state, finding);
}

void stratum_clone_share(const struct rpc_call *call, struct stratum_state *state,
			 struct finding *finding)
{
	json_value user = stratum_param(call, 0);
	char text[LIMIT_TEXT_BYTES];
	struct slice name = json_text(call->doc, user, text, sizeof(text));

	if (json_type(call->doc, call->params) == JSON_OBJECT) {
		read_object_share(call, state, finding);
		return;
	}
	finding->nonce = stratum_share_hash(call, finding->job, 2);
	/* In some forms the first field is a job: then it is no name. */
	if (json_size(call->doc, call->params) >= 5 || slice_find(name, '.') < name.len ||
	    wallet_parse(name).check != WALLET_NONE)
		stratum_identity(call, state, finding, user);
}

void stratum_share_proof(const struct rpc_call *call, const struct stratum_state *state,
			 struct finding *finding)
{
	char text[LIMIT_TEXT_BYTES];

	if (finding->proof == PROOF_CONFIRMED || !is_share(call))
		return;
	finding->reply_confirms = true;
	if (state->login != 0 &&
	    state->login ==
		    slice_hash(json_text(call->doc, stratum_param(call, 0), text, sizeof(text))))
		finding->proof = PROOF_CONFIRMED;
}

void stratum_worker(const struct rpc_call *call, struct finding *finding)
{
	struct slice worker =
		json_text(call->doc, stratum_named(call, STRATUM_NOWHERE, STRATUM_WORKER),
			  call->text->worker, sizeof(call->text->worker));

	if (worker.len > 0)
		finding->worker = worker;
}
