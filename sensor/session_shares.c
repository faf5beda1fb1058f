/* session_shares.c: jobs, shares and what replies settle.
 *
 * A share is worth the work of its job, at the time of its packet. One whose job was not heard is
 * worth what the first job tells that is; as long as none does, and where the shares contradict it,
 * what they prove themselves gives a floor under the pool's difficulty. */
#include <string.h>

#include "sensor/session_apply.h"

/* Shares that a reply settles or that are counted at once. */
struct settled {
	double work; /* of one */
	uint32_t count;
	uint64_t time_ns; /* packet time of the share */
	bool is_floor;
};

static uint32_t sum_of(uint32_t sum, uint32_t count)
{
	return count < UINT32_MAX - sum ? sum + count : UINT32_MAX;
}

void apply_start(struct apply *a)
{
	struct session *self = a->self;

	if (self->start_ns == 0 || a->time_ns < self->start_ns)
		self->start_ns = a->time_ns;
}

/* What was counted in other units cannot be added to what comes. */
static void forget_work(struct session *self)
{
	self->work_submitted = 0;
	self->work_accepted = 0;
	self->floor_submitted = 0;
	self->floor_accepted = 0;
	self->share_floor = 0;
	self->told_work = 0;
	self->credited = 0;
	self->work_start_ns = 0;
	self->first_share_ns = 0;
	rate_clear(&self->room->recent);
}

/* Who gives work says in which unit; without a word it is hashes. */
void apply_unit(struct apply *a)
{
	struct session_view *view = &a->self->view;
	const char *unit = a->finding->unit;

	if (unit == NULL && (a->finding->kind != FINDING_JOB || a->finding->work <= 0))
		return;
	if (unit == NULL)
		unit = "";
	if (strncmp(view->unit, unit, sizeof(view->unit) - 1) == 0)
		return;
	memset(view->unit, 0, sizeof(view->unit));
	(void)slice_copy(slice_str(unit), view->unit, sizeof(view->unit));
	forget_work(a->self);
	a->changed |= SESSION_CHANGED_COUNTERS;
}

static void credit_recent(struct session *self, const struct settled *shares)
{
	rate_add(&self->room->recent, shares->work * shares->count,
		 shares->is_floor ? shares->count : 0, shares->time_ns);
}

/* --- what a reply settles ------------------------------------------------------------------- */

static void set_reason(struct apply *a, const char *reason)
{
	struct session_view *view = &a->self->view;

	memset(view->reason, 0, sizeof(view->reason));
	(void)slice_copy(slice_str(reason), view->reason, sizeof(view->reason));
	a->changed |= SESSION_CHANGED_COUNTERS;
}

/* From the first reply on only what was accepted is work done. */
static void note_replies(struct session *self)
{
	if (self->view.has_replies)
		return;
	self->view.has_replies = 1;
	rate_clear(&self->room->recent);
}

static void settle_shares(struct apply *a, const struct settled *shares,
			  const struct ledger_reply *reply)
{
	struct session *self = a->self;

	note_replies(self);
	a->changed |= SESSION_CHANGED_COUNTERS;
	if (reply->is_ok) {
		self->view.accepted = sum_of(self->view.accepted, shares->count);
		self->work_accepted += shares->work * shares->count;
		if (shares->is_floor)
			self->floor_accepted = sum_of(self->floor_accepted, shares->count);
		credit_recent(self, shares);
		apply_word(a, EVIDENCE_SHARE_ACCEPTED);
		return;
	}
	if (reply->is_stale)
		self->view.stale = sum_of(self->view.stale, shares->count);
	else
		self->view.rejected = sum_of(self->view.rejected, shares->count);
	set_reason(a, reply->reason);
	apply_word(a, EVIDENCE_SHARE_REJECTED);
}

static void settle_login(struct apply *a, const struct ledger_reply *reply)
{
	struct session_view *view = &a->self->view;

	if (view->is_refused != !reply->is_ok)
		a->changed |= SESSION_CHANGED_IDENTITY;
	view->is_refused = !reply->is_ok;
	if (reply->is_ok) {
		apply_word(a, EVIDENCE_LOGIN_ACCEPTED);
		return;
	}
	set_reason(a, reply->reason);
	apply_word(a, EVIDENCE_LOGIN_REFUSED);
}

static void settle(struct apply *a, const struct ledger_request *request,
		   const struct ledger_reply *reply)
{
	const struct settled share = { .work = request->work,
				       .count = 1,
				       .time_ns = request->time_ns,
				       .is_floor = (request->flags & LEDGER_FLOOR) != 0 };

	a->self->login_ns = 0;
	apply_match(a);
	if (request->kind == FINDING_SHARE)
		settle_shares(a, &share, reply);
	else if (request->kind == FINDING_LOGIN)
		settle_login(a, reply);
	if (reply->is_ok && (request->flags & LEDGER_CONFIRMS) != 0)
		apply_level(a, LEVEL_CONFIRMED);
}

/* --- jobs and shares ------------------------------------------------------------------------ */

static void ask(struct apply *a, enum finding_kind kind, double work, unsigned flags)
{
	if (!a->finding->wants_reply || a->finding->request == 0)
		return;
	if (a->finding->reply_confirms ||
	    (a->self->is_doubted && a->finding->proof == PROOF_CONFIRMED))
		flags |= LEDGER_CONFIRMS;
	const struct ledger_request request = { .id = a->finding->request,
						.time_ns = a->time_ns,
						.work = work,
						.kind = (uint8_t)kind,
						.flags = (uint8_t)flags,
						.dir = (uint8_t)a->dir };
	struct ledger_reply reply;

	if (ledger_take_early(&a->self->room->ledger, &request, &reply))
		settle(a, &request, &reply);
	else if (ledger_ask(&a->self->room->ledger, &request))
		stats_add(a->stats->pending_dropped, 1);
}

void apply_request(struct apply *a, enum finding_kind kind)
{
	ask(a, kind, 0, 0);
}

static void count_shares(struct apply *a, const struct settled *shares)
{
	struct session *self = a->self;

	self->view.submitted = sum_of(self->view.submitted, shares->count);
	if (a->time_ns > self->view.last_share_ns)
		self->view.last_share_ns = a->time_ns;
	if (shares->work > 0 || shares->is_floor) {
		self->credited = sum_of(self->credited, shares->count);
		if (self->first_share_ns == 0 || a->time_ns < self->first_share_ns)
			self->first_share_ns = a->time_ns;
	}
	self->work_submitted += shares->work * shares->count;
	if (!self->view.has_replies)
		credit_recent(self, shares);
	apply_start(a);
	a->changed |= SESSION_CHANGED_COUNTERS;
	stats_add(a->stats->shares, shares->count);
}

void apply_share(struct apply *a)
{
	const struct finding *finding = a->finding;
	struct session *self = a->self;
	double proven = finding->difficulty > 0 ? finding->difficulty : finding->work;
	struct settled share = { .work = ledger_work(&self->room->ledger, finding->job),
				 .count = 1,
				 .time_ns = a->time_ns };

	apply_word(a, EVIDENCE_SHARE);
	self->login_ns = 0; /* who submits was let in, seen or not */
	if (ledger_is_repeated(&self->room->ledger, finding->nonce)) {
		stats_add(a->stats->shares_repeated, 1);
		ask(a, FINDING_REQUEST, 0, 0);
		return;
	}
	if (share.work <= 0 && proven > 0) {
		share.is_floor = true;
		if (self->floor_submitted == 0 || proven < self->share_floor)
			self->share_floor = proven;
		self->floor_submitted = sum_of(self->floor_submitted, 1);
	}
	count_shares(a, &share);
	ask(a, FINDING_SHARE, share.work, share.is_floor ? LEDGER_FLOOR : 0);
}

void apply_job(struct apply *a)
{
	struct session *self = a->self;
	const struct finding *finding = a->finding;
	const struct ledger_request *asked =
		ledger_find(&self->room->ledger, finding->request, a->dir, a->time_ns);

	if (asked != NULL && asked->kind != FINDING_SHARE) {
		struct ledger_request request = ledger_take(&self->room->ledger, asked);

		apply_match(a);
		if (request.kind == FINDING_LOGIN)
			apply_word(a, EVIDENCE_LOGIN_ACCEPTED);
		if ((request.flags & LEDGER_CONFIRMS) != 0)
			apply_level(a, LEVEL_CONFIRMED);
	}
	ledger_add_job(&self->room->ledger, finding->job, finding->work);
	apply_word(a, EVIDENCE_JOB);
	if (self->view.first_job_ns == 0 || a->time_ns < self->view.first_job_ns)
		self->view.first_job_ns = a->time_ns;
	if (self->told_work <= 0)
		self->told_work = finding->work;
	if (finding->work > 0 && (self->work_start_ns == 0 || a->time_ns < self->work_start_ns))
		self->work_start_ns = a->time_ns;
	apply_start(a);
	if (finding->difficulty > 0)
		self->view.difficulty = finding->difficulty;
	a->changed |= SESSION_CHANGED_COUNTERS;
}

void apply_difficulty(struct apply *a)
{
	apply_word(a, EVIDENCE_DIFFICULTY);
	if (a->finding->difficulty > 0)
		a->self->view.difficulty = a->finding->difficulty;
	a->changed |= SESSION_CHANGED_COUNTERS;
}

/* --- replies -------------------------------------------------------------------------------- */

/* The yes of a share, and not the first one that the login gets. */
static bool is_later_yes(const struct session *self, const struct finding *finding,
			 enum direction dir)
{
	return finding->reply_to == REPLY_TO_LOGIN_OR_SHARE && finding->is_ok &&
	       self->view.first_job_ns != 0 && self->yeses[dir] > 1;
}

/* With the miner's side missing, these replies stand for shares. Of a side that is heard, what
 * cannot be read yet may be the very shares. */
static bool is_lone_share(const struct apply *a)
{
	const struct session *self = a->self;
	const struct finding *finding = a->finding;
	unsigned miner_dir = self->sender_dir - 1u;

	if (!self->is_open && finding->proof < PROOF_LIKELY)
		return false;
	if (self->sender_dir == 0 || miner_dir == (unsigned)a->dir ||
	    (self->dirs_heard & 1u << miner_dir) != 0)
		return false;
	return finding->count > 0 || finding->reply_to == REPLY_TO_SHARE ||
	       is_later_yes(self, finding, a->dir);
}

static void count_yes(struct session *self, const struct finding *finding, enum direction dir)
{
	bool is_login =
		finding->reply_to == REPLY_TO_LOGIN || finding->reply_to == REPLY_TO_LOGIN_OR_SHARE;

	if (is_login && finding->is_ok && self->yeses[dir] < 2)
		self->yeses[dir]++;
}

static void count_lone_shares(struct apply *a, const struct ledger_reply *reply)
{
	const struct settled shares = { .work = ledger_work(&a->self->room->ledger,
							    a->finding->job),
					.count = reply->count,
					.time_ns = a->time_ns };

	a->self->login_ns = 0;
	count_shares(a, &shares);
	settle_shares(a, &shares, reply);
}

/* Settles pending requests, the oldest first, until reply->count is down to what nobody waited
 * for. */
static void settle_pending(struct apply *a, struct ledger_reply *reply)
{
	struct ledger *ledger = &a->self->room->ledger;
	const struct ledger_request *asked;

	while (reply->count > 0 &&
	       (asked = ledger_find(ledger, reply->id, a->dir, reply->time_ns)) != NULL) {
		struct ledger_request request = ledger_take(ledger, asked);

		settle(a, &request, reply);
		reply->count--;
	}
}

static struct ledger_reply ledger_reply_of(const struct finding *finding, enum direction dir,
					   uint64_t time_ns)
{
	struct ledger_reply reply = { .id = finding->request,
				      .time_ns = time_ns,
				      .count = finding->count > 0 ? finding->count : 1,
				      .dir = (uint8_t)dir,
				      .is_ok = finding->is_ok,
				      .is_stale = finding->is_stale };

	(void)slice_copy(finding->reason, reply.reason, sizeof(reply.reason));
	return reply;
}

void session_overhear(struct session *self, const struct finding *reply, enum direction dir,
		      uint64_t time_ns)
{
	const struct ledger_reply early = ledger_reply_of(reply, dir, time_ns);

	session_make_room(self);
	count_yes(self, reply, dir);
	if (early.id != 0)
		ledger_keep_early(&self->room->ledger, &early);
}

void apply_reply(struct apply *a)
{
	struct session *self = a->self;
	struct ledger_reply reply = ledger_reply_of(a->finding, a->dir, a->time_ns);

	count_yes(self, a->finding, a->dir);
	settle_pending(a, &reply);
	if (reply.count == 0)
		return;
	if (is_lone_share(a))
		count_lone_shares(a, &reply);
	else if (reply.id != 0)
		ledger_keep_early(&self->room->ledger, &reply);
}
