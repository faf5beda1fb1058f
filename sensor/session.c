/* session.c: evidence and accounting of one connection, from findings alone.
 *
 * A finding without proof proves nothing before the session is open; who it names, which requests
 * it leaves open and the jobs it hands out are remembered, so that a later proof finds them. */
#include "sensor/session.h"
#include "sensor/stats.h"

#define NS_PER_S 1000000000ull

/* Replies of the pool that are no share's, when nothing but replies is seen: to the introduction
 * and to the login. */
#define REPLIES_BEFORE_SHARES 2

/* Distinct workers on one connection that only a proxy has. */
#define PROXY_WORKERS 3

#define WORKER_HASHES (sizeof(((struct session *)0)->worker_hashes) / sizeof(uint64_t))

/* One finding on its way through the session. */
struct apply {
	struct session *self;
	const struct finding *finding;
	enum direction dir;
	uint64_t time_ns;
	struct stats *stats;
	unsigned changed;
};

static void add_word(struct apply *a, enum evidence_word word)
{
	if (evidence_add(&a->self->view.evidence, word))
		a->changed |= SESSION_CHANGED_EVIDENCE;
}

static void raise_level(struct apply *a, enum level level)
{
	struct session *self = a->self;

	if (level <= (enum level)self->view.level)
		return;
	self->view.level = (uint8_t)level;
	a->changed |= SESSION_CHANGED_LEVEL;
	if (level < LEVEL_LIKELY || self->is_open)
		return;
	self->is_open = 1;
	if (self->view.role == ROLE_UNKNOWN)
		self->view.role = ROLE_POOL_CLIENT;
	a->changed |=
		SESSION_CHANGED_IDENTITY | SESSION_CHANGED_EVIDENCE | SESSION_CHANGED_COUNTERS;
}

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
		add_word(a, EVIDENCE_WALLET_VALID);
}

/* First good value wins. */
static void note_identity(struct apply *a)
{
	const struct finding *finding = a->finding;
	struct session_view *view = &a->self->view;
	struct slice worker = finding->worker.len > 0 ? finding->worker : finding->wallet.worker;
	const char *coin = finding->coin != NULL ? finding->coin : finding->wallet.coin;

	note_wallet(a, worker);
	fill_text(a, view->worker, sizeof(view->worker), worker);
	if (worker.len > 0)
		count_worker(a, worker);
	fill_text(a, view->email, sizeof(view->email), finding->wallet.email);
	fill_text(a, view->agent, sizeof(view->agent), finding->agent);
	if (contains_word(finding->agent, "proxy"))
		become_proxy(a);
	fill_text(a, view->algo, sizeof(view->algo), finding->algo);
	if (coin != NULL)
		fill_text(a, view->coin, sizeof(view->coin), slice_str(coin));
	if (finding->kind == FINDING_RECONNECT) /* not where this session mines, but the next */
		fill_text(a, view->next_pool, sizeof(view->next_pool), finding->pool);
	else
		fill_text(a, view->pool, sizeof(view->pool), finding->pool);
	if (finding->pool.len > 0)
		add_word(a, EVIDENCE_POOL_NAMED);
	if (finding->has_password)
		view->has_password = 1;
}

static void note_dialect(struct apply *a, const char *dialect)
{
	struct session *self = a->self;
	enum proof proof = a->finding->proof;

	if (proof == PROOF_NONE &&
	    (a->finding->kind == FINDING_REPLY || self->view.dialect[0] != '\0'))
		return;
	if (proof < (enum proof)self->dialect_proof)
		return;
	self->dialect_proof = (uint8_t)proof;
	if (strncmp(self->view.dialect, dialect, sizeof(self->view.dialect) - 1) != 0)
		set_text(a, self->view.dialect, sizeof(self->view.dialect), slice_str(dialect));
}

/* Which way the miner sends. Anybody answers, so a reply does not tell; and anybody says a pool's
 * words, but who logs in and submits is the miner. */
static void note_sender(struct apply *a)
{
	const struct finding *finding = a->finding;
	unsigned dir = a->dir;
	bool is_certain = finding->kind == FINDING_LOGIN || finding->kind == FINDING_SHARE;

	if (finding->kind == FINDING_REPLY || finding->sender == SENDER_UNKNOWN ||
	    finding->proof == PROOF_NONE || a->self->is_sender_certain ||
	    (a->self->sender_dir != 0 && !is_certain))
		return;
	a->self->is_sender_certain = is_certain;
	if (finding->sender == SENDER_POOL)
		dir = 1 - dir;
	a->self->sender_dir = (uint8_t)(1 + dir);
}

static void note_start(struct session *self, uint64_t time_ns)
{
	if (self->start_ns == 0 || time_ns < self->start_ns)
		self->start_ns = time_ns;
}

/* --- what a reply settles ------------------------------------------------------------------- */

static void set_reason(struct apply *a, const char *reason)
{
	struct session_view *view = &a->self->view;

	memset(view->reason, 0, sizeof(view->reason));
	(void)slice_copy(slice_str(reason), view->reason, sizeof(view->reason));
	a->changed |= SESSION_CHANGED_COUNTERS;
}

static void settle_share(struct apply *a, const struct ledger_request *request,
			 const struct ledger_reply *reply)
{
	struct session *self = a->self;

	self->view.has_replies = 1;
	a->changed |= SESSION_CHANGED_COUNTERS;
	if (reply->is_ok) {
		self->view.accepted++;
		self->work_accepted += request->work;
		if ((request->flags & LEDGER_FLOOR) != 0)
			self->floor_accepted++;
		add_word(a, EVIDENCE_SHARE_ACCEPTED);
		return;
	}
	if (reply->is_stale)
		self->view.stale++;
	else
		self->view.rejected++;
	set_reason(a, reply->reason);
	add_word(a, EVIDENCE_SHARE_REJECTED);
}

static void settle_login(struct apply *a, const struct ledger_reply *reply)
{
	struct session_view *view = &a->self->view;

	if (view->is_refused != !reply->is_ok)
		a->changed |= SESSION_CHANGED_IDENTITY;
	view->is_refused = !reply->is_ok;
	if (reply->is_ok) {
		add_word(a, EVIDENCE_LOGIN_ACCEPTED);
		return;
	}
	set_reason(a, reply->reason);
	add_word(a, EVIDENCE_LOGIN_REFUSED);
}

static void settle(struct apply *a, const struct ledger_request *request,
		   const struct ledger_reply *reply)
{
	a->self->login_ns = 0;
	if (request->kind == FINDING_SHARE)
		settle_share(a, request, reply);
	else if (request->kind == FINDING_LOGIN)
		settle_login(a, reply);
	if (reply->is_ok && (request->flags & LEDGER_CONFIRMS) != 0)
		raise_level(a, LEVEL_CONFIRMED);
}

/* --- jobs and shares ------------------------------------------------------------------------ */

/* kind is that of the finding, or FINDING_REQUEST for one whose reply counts nothing. */
static void ask(struct apply *a, enum finding_kind kind, double work, unsigned flags)
{
	if (!a->finding->wants_reply || a->finding->request == 0)
		return;
	if (a->finding->reply_confirms)
		flags |= LEDGER_CONFIRMS;
	const struct ledger_request request = { .id = a->finding->request,
						.work = work,
						.kind = (uint8_t)kind,
						.flags = (uint8_t)flags,
						.dir = (uint8_t)a->dir };
	struct ledger_reply reply;

	if (ledger_take_early(&a->self->ledger, &request, a->time_ns, &reply))
		settle(a, &request, &reply);
	else if (ledger_ask(&a->self->ledger, &request))
		stats_add(a->stats->pending_dropped, 1);
}

static void count_share(struct apply *a)
{
	struct session *self = a->self;

	self->view.submitted++;
	if (a->time_ns > self->view.last_share_ns)
		self->view.last_share_ns = a->time_ns;
	if (self->first_share_ns == 0 || a->time_ns < self->first_share_ns)
		self->first_share_ns = a->time_ns;
	note_start(self, a->time_ns);
	a->changed |= SESSION_CHANGED_COUNTERS;
	stats_add(a->stats->shares, 1);
}

static void apply_share(struct apply *a)
{
	const struct finding *finding = a->finding;
	struct session *self = a->self;
	double proven = finding->difficulty > 0 ? finding->difficulty : finding->work;
	double work = ledger_work(&self->ledger, finding->job);
	unsigned flags = 0;

	add_word(a, EVIDENCE_SHARE);
	self->login_ns = 0; /* who submits was let in, seen or not */
	if (ledger_is_repeated(&self->ledger, finding->nonce)) {
		stats_add(a->stats->shares_repeated, 1);
		ask(a, FINDING_REQUEST, 0, 0);
		return;
	}
	if (!ledger_has_jobs(&self->ledger) && proven > 0) {
		flags = LEDGER_FLOOR;
		if (self->floor_submitted++ == 0 || proven < self->share_floor)
			self->share_floor = proven;
	}
	count_share(a);
	self->work_submitted += work;
	ask(a, FINDING_SHARE, work, flags);
}

static void apply_job(struct apply *a)
{
	struct session *self = a->self;
	const struct ledger_request *asked =
		ledger_find(&self->ledger, a->finding->request, a->dir);

	if (asked != NULL && asked->kind != FINDING_SHARE) {
		struct ledger_request request = ledger_take(&self->ledger, asked);

		if (request.kind == FINDING_LOGIN)
			add_word(a, EVIDENCE_LOGIN_ACCEPTED);
		if ((request.flags & LEDGER_CONFIRMS) != 0)
			raise_level(a, LEVEL_CONFIRMED);
	}
	ledger_add_job(&self->ledger, a->finding->job, a->finding->work);
	add_word(a, EVIDENCE_JOB);
	if (self->view.first_job_ns == 0 || a->time_ns < self->view.first_job_ns)
		self->view.first_job_ns = a->time_ns;
	note_start(self, a->time_ns);
	if (a->finding->difficulty > 0)
		self->view.difficulty = a->finding->difficulty;
	a->changed |= SESSION_CHANGED_COUNTERS;
}

static void apply_difficulty(struct apply *a)
{
	add_word(a, EVIDENCE_DIFFICULTY);
	if (a->finding->difficulty > 0)
		a->self->view.difficulty = a->finding->difficulty;
	a->changed |= SESSION_CHANGED_COUNTERS;
}

/* --- replies -------------------------------------------------------------------------------- */

/* With the miner's side missing, replies are those to shares. */
static bool is_lone_share(const struct apply *a)
{
	const struct session *self = a->self;
	unsigned miner_dir = self->sender_dir - 1u;

	return self->is_open && self->sender_dir != 0 && miner_dir != (unsigned)a->dir &&
	       (self->dirs_seen & 1u << miner_dir) == 0 &&
	       self->replies[a->dir] > REPLIES_BEFORE_SHARES &&
	       (a->finding->is_ok || a->finding->is_stale);
}

static void apply_reply(struct apply *a)
{
	struct session *self = a->self;
	const struct finding *finding = a->finding;
	const struct ledger_request *asked = ledger_find(&self->ledger, finding->request, a->dir);
	struct ledger_reply reply = { .id = finding->request,
				      .time_ns = a->time_ns,
				      .dir = (uint8_t)a->dir,
				      .is_ok = finding->is_ok,
				      .is_stale = finding->is_stale };

	(void)slice_copy(finding->reason, reply.reason, sizeof(reply.reason));
	if (self->replies[a->dir] < UINT32_MAX)
		self->replies[a->dir]++;
	if (asked != NULL) {
		struct ledger_request request = ledger_take(&self->ledger, asked);

		settle(a, &request, &reply);
	} else if (finding->request != 0 && is_lone_share(a)) {
		const struct ledger_request share = { .kind = FINDING_SHARE,
						      .work = ledger_work(&self->ledger, 0) };

		count_share(a);
		self->work_submitted += share.work;
		settle(a, &share, &reply);
	} else if (finding->request != 0) {
		ledger_keep_early(&self->ledger, &reply);
	}
}

/* --- one finding ---------------------------------------------------------------------------- */

static void apply_login(struct apply *a)
{
	add_word(a, EVIDENCE_LOGIN);
	note_start(a->self, a->time_ns);
	if (a->self->login_ns == 0)
		a->self->login_ns = a->time_ns;
	ask(a, FINDING_LOGIN, 0, 0);
}

static void apply_claimed_rate(struct apply *a)
{
	if (a->finding->rate > 0)
		a->self->view.hashrate_claimed = a->finding->rate;
	add_word(a, EVIDENCE_CLAIMED_RATE);
	a->changed |= SESSION_CHANGED_COUNTERS;
	ask(a, FINDING_CLAIMED_RATE, 0, 0);
}

/* What counts only once the flow is known to mine. */
static void apply_open(struct apply *a)
{
	switch (a->finding->kind) {
	case FINDING_SHARE:
		apply_share(a);
		break;
	case FINDING_DIFFICULTY:
		apply_difficulty(a);
		break;
	case FINDING_KEEPALIVE:
		add_word(a, EVIDENCE_KEEPALIVE);
		ask(a, FINDING_KEEPALIVE, 0, 0);
		break;
	case FINDING_RECONNECT:
		add_word(a, EVIDENCE_RECONNECT);
		break;
	case FINDING_CLAIMED_RATE:
		apply_claimed_rate(a);
		break;
	case FINDING_REQUEST:
		ask(a, FINDING_REQUEST, 0, 0);
		break;
	case FINDING_SUBSCRIBE:
	case FINDING_LOGIN:
	case FINDING_JOB:
	case FINDING_REPLY:
	case FINDING_IDENTITY:
	case FINDING_NODE:
		break;
	}
}

static void apply_finding(struct apply *a)
{
	struct session *self = a->self;

	switch (a->finding->kind) {
	case FINDING_SUBSCRIBE:
		add_word(a, EVIDENCE_SUBSCRIBE);
		ask(a, FINDING_SUBSCRIBE, 0, 0);
		break;
	case FINDING_LOGIN:
		apply_login(a);
		break;
	case FINDING_JOB:
		apply_job(a);
		break;
	case FINDING_REPLY:
		apply_reply(a);
		break;
	case FINDING_SHARE:
	case FINDING_DIFFICULTY:
	case FINDING_REQUEST:
	case FINDING_KEEPALIVE:
	case FINDING_RECONNECT:
	case FINDING_CLAIMED_RATE:
	case FINDING_IDENTITY:
	case FINDING_NODE:
		if (self->is_open || a->finding->proof >= PROOF_LIKELY)
			apply_open(a);
		else
			ask(a, FINDING_REQUEST, 0, 0);
		break;
	}
}

/* Anything the pool says answers the login. */
static void note_answer(struct apply *a)
{
	struct session *self = a->self;
	bool is_pool = a->finding->kind == FINDING_REPLY || a->finding->sender == SENDER_POOL;

	if (!is_pool || (self->sender_dir != 0 && self->sender_dir == 1u + a->dir))
		return;
	self->login_ns = 0;
	if (self->view.is_unanswered)
		a->changed |= SESSION_CHANGED_IDENTITY;
	self->view.is_unanswered = 0;
}

unsigned session_apply(struct session *self, const char *dialect, const struct finding *finding,
		       enum direction dir, uint64_t time_ns, struct stats *stats)
{
	struct apply a = {
		.self = self, .finding = finding, .dir = dir, .time_ns = time_ns, .stats = stats
	};

	if (self->view.first_ns == 0 || time_ns < self->view.first_ns)
		self->view.first_ns = time_ns;
	if (time_ns > self->view.last_ns)
		self->view.last_ns = time_ns;
	note_dialect(&a, dialect);
	note_sender(&a);
	apply_finding(&a);
	if (self->is_open || finding->proof >= PROOF_LIKELY || finding->kind == FINDING_LOGIN ||
	    finding->kind == FINDING_SUBSCRIBE || finding->kind == FINDING_IDENTITY)
		note_identity(&a);
	note_answer(&a);
	if (finding->proof >= PROOF_LIKELY &&
	    (finding->kind == FINDING_REQUEST || finding->kind == FINDING_REPLY))
		add_word(&a, EVIDENCE_HANDSHAKE); /* has no word of its own, and is a ground */
	if (finding->proof >= PROOF_LIKELY)
		raise_level(&a, finding->proof == PROOF_CONFIRMED ? LEVEL_CONFIRMED : LEVEL_LIKELY);
	self->dirs_seen |= (uint8_t)(1u << dir);
	if (!self->is_open)
		return 0;
	self->changed |= (uint8_t)a.changed;
	return a.changed;
}

/* --- other witnesses, time and views -------------------------------------------------------- */

unsigned session_witness(struct session *self, enum evidence_word word)
{
	if (!evidence_add(&self->view.evidence, word) || !self->is_open)
		return 0;
	self->changed |= SESSION_CHANGED_EVIDENCE;
	return SESSION_CHANGED_EVIDENCE;
}

void session_gap(struct session *self, enum direction dir)
{
	ledger_gap(&self->ledger, dir);
	(void)session_witness(self, EVIDENCE_GAP);
}

void session_swap_roles(struct session *self)
{
	uint32_t replies = self->replies[0];

	ledger_swap_roles(&self->ledger);
	self->replies[0] = self->replies[1];
	self->replies[1] = replies;
	self->dirs_seen = (uint8_t)((self->dirs_seen & 1) << 1 | self->dirs_seen >> 1);
	if (self->sender_dir != 0)
		self->sender_dir = (uint8_t)(3 - self->sender_dir);
}

unsigned session_tick(struct session *self, uint64_t now_ns)
{
	if (!self->is_open || self->login_ns == 0 || now_ns < self->login_ns ||
	    now_ns - self->login_ns < LIMIT_UNANSWERED_S * NS_PER_S)
		return 0;
	self->login_ns = 0;
	self->view.is_unanswered = 1;
	(void)evidence_add(&self->view.evidence, EVIDENCE_UNANSWERED);
	self->changed |= SESSION_CHANGED_EVIDENCE | SESSION_CHANGED_IDENTITY;
	return SESSION_CHANGED_EVIDENCE | SESSION_CHANGED_IDENTITY;
}

/* Shares that named no known job: each proves at least the pool's difficulty, so the lowest of n
 * is above it by one part in n on average. */
static double floor_work(const struct session *self, uint32_t count)
{
	double n = self->floor_submitted;

	return self->floor_submitted == 0 ? 0 : count * self->share_floor * n / (n + 1);
}

void session_view_at(const struct session *self, uint64_t last_packet_ns, struct session_view *out)
{
	uint64_t start = self->view.first_job_ns != 0 ? self->view.first_job_ns : self->start_ns;
	uint32_t before = 0; /* shares whose work was done before the window */

	memcpy(out, &self->view, sizeof(*out));
	if (self->first_share_ns != 0 && self->first_share_ns <= start) {
		start = self->first_share_ns; /* the job came before we listened */
		before = 1;
	}
	out->window_ns = start != 0 && last_packet_ns > start ? last_packet_ns - start : 0;
	out->work = self->view.has_replies
			    ? self->work_accepted + floor_work(self, self->floor_accepted)
			    : self->work_submitted + floor_work(self, self->floor_submitted);
	out->hashrate = 0;
	if (self->view.submitted > before && out->window_ns >= NS_PER_S)
		out->hashrate = out->work * (self->view.submitted - before) / self->view.submitted /
				((double)out->window_ns / (double)NS_PER_S);
}

bool session_roles_swapped(const struct session *self, bool is_proven)
{
	return self->sender_dir == 1 + DIR_TO_CLIENT && (self->is_sender_certain || !is_proven);
}
