/* session_identity.c: who mines, in which dialect, and which way it sends. */
#include <string.h>

#include "sensor/session_apply.h"

/* Distinct workers on one connection that only a proxy has. */
#define PROXY_WORKERS 3

#define WORKER_HASHES (sizeof(((struct session *)0)->worker_hashes) / sizeof(uint64_t))

/* Replaces a text and clears what was behind it: views are compared as bytes. */
static void set_text(struct apply *a, char *out, size_t size, struct slice text)
{
	memset(out, 0, size);
	(void)slice_copy(text, out, size);
	a->changed |= SESSION_CHANGED_IDENTITY;
}

static void fill_text(struct apply *a, char *out, size_t size, struct slice text)
{
	if (out[0] == '\0' && text.len > 0 && text.ptr[0] != '\0')
		set_text(a, out, size, text);
}

static void set_flag(struct apply *a, uint8_t *flag)
{
	if (*flag)
		return;
	*flag = 1;
	a->changed |= SESSION_CHANGED_IDENTITY;
}

static bool contains_word(struct slice text, const char *word)
{
	size_t len = strlen(word);

	for (; text.len >= len; text = slice_tail(text, 1)) {
		size_t same = 0;

		while (same < len && (text.ptr[same] | 0x20) == (uint8_t)word[same])
			same++;
		if (same == len)
			return true;
	}
	return false;
}

static void become_proxy(struct apply *a)
{
	if (a->self->view.role == ROLE_PROXY)
		return;
	a->self->view.role = ROLE_PROXY;
	a->changed |= SESSION_CHANGED_IDENTITY;
}

static void count_worker(struct apply *a, struct slice worker)
{
	struct session *self = a->self;
	uint64_t hash = slice_hash(worker);

	for (size_t i = 0; i < self->view.workers; i++)
		if (self->worker_hashes[i] == hash)
			return;
	if (self->view.workers == WORKER_HASHES)
		return;
	self->worker_hashes[self->view.workers++] = hash;
	a->changed |= SESSION_CHANGED_COUNTERS;
	if (self->view.workers >= PROXY_WORKERS)
		become_proxy(a);
}

/* How much a name is worth: a verified wallet more than a mere wallet, that more than an account.
 */
static int rank_wallet(enum wallet_check check, bool has_text)
{
	if (!has_text)
		return 0;
	return check == WALLET_NONE ? 1 : check == WALLET_VALID ? 3 : 2;
}

static void note_wallet(struct apply *a, struct slice worker)
{
	struct session_view *view = &a->self->view;
	const struct wallet *wallet = &a->finding->wallet;
	struct slice text = wallet->text.len > 0 ? wallet->text : a->finding->login;
	bool has_text = text.len > 0 && text.ptr[0] != '\0';

	if (rank_wallet(wallet->check, has_text) <=
	    rank_wallet((enum wallet_check)view->wallet_check, view->wallet[0] != '\0'))
		return;
	set_text(a, view->wallet, sizeof(view->wallet), text);
	view->wallet_check = (uint8_t)wallet->check;
	if (worker.len > 0) /* belongs to the better name */
		set_text(a, view->worker, sizeof(view->worker), worker);
	if (wallet->check == WALLET_VALID)
		apply_word(a, EVIDENCE_WALLET_VALID);
}

static void note_pool(struct apply *a)
{
	const struct finding *finding = a->finding;
	struct session_view *view = &a->self->view;

	if (finding->pool.len == 0)
		return;
	if (finding->kind == FINDING_RECONNECT) /* not where this session mines, but the next */
		fill_text(a, view->next_pool, sizeof(view->next_pool), finding->pool);
	else
		fill_text(a, view->pool, sizeof(view->pool), finding->pool);
	apply_word(a, EVIDENCE_POOL_NAMED);
}

static void note_flags(struct apply *a)
{
	const struct finding *finding = a->finding;
	struct session_view *view = &a->self->view;

	if (finding->has_password)
		set_flag(a, &view->has_password);
	if (finding->is_donation) {
		set_flag(a, &view->is_donation);
		apply_word(a, EVIDENCE_DONATION);
	}
	if (finding->is_proxy || contains_word(finding->agent, "proxy"))
		become_proxy(a);
}

/* A job names the algorithm best: others tell what they can do, or what is usual. */
static void note_algo(struct apply *a)
{
	struct session *self = a->self;
	struct slice algo = a->finding->algo;
	bool is_job = a->finding->kind == FINDING_JOB && algo.len > 0;

	if (is_job && !self->is_job_algo && !slice_is(algo, self->view.algo))
		set_text(a, self->view.algo, sizeof(self->view.algo), algo);
	else
		fill_text(a, self->view.algo, sizeof(self->view.algo), algo);
	self->is_job_algo = self->is_job_algo || is_job;
}

/* The first that is named; several coins have addresses of one form, so it may have been guessed.
 */
static void note_coin(struct apply *a)
{
	const struct finding *finding = a->finding;
	struct session_view *view = &a->self->view;
	const char *coin = finding->coin != NULL ? finding->coin : finding->wallet.coin;
	bool is_better = finding->is_coin_mined && !a->self->is_coin_mined;

	if (coin == NULL)
		return;
	a->self->is_coin_mined = a->self->is_coin_mined || is_better;
	if (is_better && !slice_is(slice_str(coin), view->coin))
		set_text(a, view->coin, sizeof(view->coin), slice_str(coin));
	else
		fill_text(a, view->coin, sizeof(view->coin), slice_str(coin));
}

void apply_identity(struct apply *a)
{
	const struct finding *finding = a->finding;
	struct session_view *view = &a->self->view;
	struct slice worker = finding->worker.len > 0 ? finding->worker : finding->wallet.worker;

	note_wallet(a, worker);
	fill_text(a, view->worker, sizeof(view->worker), worker);
	fill_text(a, view->rig, sizeof(view->rig), finding->rig);
	if (worker.len > 0)
		count_worker(a, worker);
	fill_text(a, view->email, sizeof(view->email), finding->email);
	fill_text(a, view->email, sizeof(view->email), finding->wallet.email);
	fill_text(a, view->agent, sizeof(view->agent), finding->agent);
	note_algo(a);
	note_coin(a);
	fill_text(a, view->tag, sizeof(view->tag), finding->tag);
	fill_text(a, view->payout, sizeof(view->payout), finding->payout);
	note_pool(a);
	note_flags(a);
}

void apply_miner(struct apply *a)
{
	struct session_view *view = &a->self->view;

	if (view->role != ROLE_NODE)
		return;
	view->role = ROLE_UNKNOWN;
	memset(view->agent, 0, sizeof(view->agent));
	memset(view->coin, 0, sizeof(view->coin));
}

/* A branch that was named stays, whatever the family's common words are called, and so are the jobs
 * and shares that were cut before what tells. */
static bool is_weaker_name(const struct apply *a, const char *dialect)
{
	const struct session *self = a->self;
	const struct finding *finding = a->finding;
	bool is_branch = self->spoken != NULL && strncmp(self->view.dialect, self->spoken,
							 sizeof(self->view.dialect) - 1) != 0;

	bool is_work = finding->kind == FINDING_JOB || finding->kind == FINDING_SHARE;

	return is_branch && finding->dialect == NULL && strcmp(self->spoken, dialect) == 0 &&
	       !(is_work && finding->proof >= PROOF_CONFIRMED);
}

void apply_dialect(struct apply *a, const char *dialect)
{
	struct session *self = a->self;
	enum proof proof = a->finding->proof;
	const char *name = a->finding->dialect != NULL ? a->finding->dialect : dialect;

	if (proof == PROOF_NONE &&
	    (a->finding->kind == FINDING_REPLY || self->view.dialect[0] != '\0'))
		return;
	if (proof < (enum proof)self->dialect_proof || is_weaker_name(a, dialect))
		return;
	self->dialect_proof = (uint8_t)proof;
	self->spoken = dialect;
	if (strncmp(self->view.dialect, name, sizeof(self->view.dialect) - 1) != 0)
		set_text(a, self->view.dialect, sizeof(self->view.dialect), slice_str(name));
}

/* Anybody answers, so a reply does not tell, unless it counts shares; and anybody says a pool's
 * words, but who logs in and submits is the miner. */
void apply_sender(struct apply *a)
{
	const struct finding *finding = a->finding;
	unsigned dir = a->dir;
	bool is_certain = finding->kind == FINDING_LOGIN || finding->kind == FINDING_SHARE;
	bool is_answer = finding->kind == FINDING_REPLY && finding->count == 0;

	if (is_answer || finding->sender == SENDER_UNKNOWN || finding->proof < PROOF_LIKELY ||
	    a->self->is_sender_certain || (a->self->sender_dir != 0 && !is_certain))
		return;
	a->self->is_sender_certain = is_certain;
	if (finding->sender == SENDER_POOL)
		dir = 1 - dir;
	a->self->sender_dir = (uint8_t)(1 + dir);
}
