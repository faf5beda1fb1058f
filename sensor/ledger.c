/* ledger.c: requests, jobs and shares of one session. */
#include "sensor/ledger.h"

bool ledger_ask(struct ledger *self, const struct ledger_request *request)
{
	uint32_t place = 0;

	for (uint32_t i = 0; i < LIMIT_PENDING && self->requests[place].id != 0; i++) {
		const struct ledger_request *one = &self->requests[i];

		if (one->id == 0 || (int32_t)(one->order - self->requests[place].order) < 0)
			place = i;
	}
	struct ledger_request *slot = &self->requests[place];
	bool is_full = slot->id != 0;

	*slot = *request;
	slot->order = self->request_order++;
	if (place >= self->request_end)
		self->request_end = place + 1;
	return is_full;
}

const struct ledger_request *ledger_find(const struct ledger *self, uint64_t id,
					 enum direction reply_dir, uint64_t time_ns)
{
	const struct ledger_request *best = NULL;

	for (uint32_t i = 0; i < self->request_end && id != 0; i++) {
		const struct ledger_request *one = &self->requests[i];

		if (one->id != id || one->dir == reply_dir ||
		    one->time_ns > time_ns + LIMIT_TIME_SLACK_NS)
			continue;
		if (best == NULL) {
			best = one;
			continue;
		}
		int doubt = (one->flags & LEDGER_DOUBTFUL) - (best->flags & LEDGER_DOUBTFUL);

		if (doubt < 0 || (doubt == 0 && (int32_t)(one->order - best->order) < 0))
			best = one;
	}
	return best;
}

struct ledger_request ledger_take(struct ledger *self, const struct ledger_request *answered)
{
	struct ledger_request taken = *answered;

	for (uint32_t i = 0; i < self->request_end; i++) {
		struct ledger_request *one = &self->requests[i];

		if (one->id == taken.id && one->dir == taken.dir &&
		    (int32_t)(one->order - taken.order) <= 0)
			one->id = 0;
	}
	while (self->request_end > 0 && self->requests[self->request_end - 1].id == 0)
		self->request_end--;
	return taken;
}

void ledger_keep_early(struct ledger *self, const struct ledger_reply *reply)
{
	self->early[self->early_next] = *reply;
	self->early_next = (self->early_next + 1) % LEDGER_EARLY;
}

/* Place of the first early reply to that request; LEDGER_EARLY: none. */
static size_t find_early(const struct ledger *self, const struct ledger_request *request)
{
	for (size_t i = 0; i < LEDGER_EARLY; i++) {
		size_t place = (self->early_next + i) % LEDGER_EARLY;
		const struct ledger_reply *one = &self->early[place];

		if (one->id == request->id && one->dir != request->dir &&
		    one->time_ns > request->time_ns)
			return place;
	}
	return LEDGER_EARLY;
}

bool ledger_has_early(const struct ledger *self, const struct ledger_request *request)
{
	return find_early(self, request) < LEDGER_EARLY;
}

bool ledger_take_early(struct ledger *self, const struct ledger_request *request,
		       struct ledger_reply *reply)
{
	size_t place = find_early(self, request);

	if (place == LEDGER_EARLY)
		return false;
	*reply = self->early[place];
	if (reply->count > 1)
		self->early[place].count--;
	else
		self->early[place].id = 0;
	return true;
}

void ledger_gap(struct ledger *self, enum direction dir, uint64_t until_ns)
{
	for (size_t i = 0; i < LIMIT_PENDING; i++)
		if (self->requests[i].dir != dir && self->requests[i].time_ns < until_ns)
			self->requests[i].flags |= LEDGER_DOUBTFUL;
}

void ledger_swap_roles(struct ledger *self)
{
	for (size_t i = 0; i < LIMIT_PENDING; i++)
		self->requests[i].dir ^= 1;
	for (size_t i = 0; i < LEDGER_EARLY; i++)
		self->early[i].dir ^= 1;
}

/* Entries of the job ring; job_next stays at or above its size once it is full. */
static uint32_t jobs_known(const struct ledger *self)
{
	return self->job_next < LIMIT_JOBS ? self->job_next : LIMIT_JOBS;
}

void ledger_add_job(struct ledger *self, uint64_t job, double work)
{
	uint32_t newest = (self->job_next - 1) % LIMIT_JOBS;

	for (uint32_t i = 0; i < jobs_known(self) && job != 0; i++) {
		if (self->jobs[i].job != job)
			continue;
		if (i == newest) {
			self->jobs[i].work = work;
			return;
		}
		self->jobs[i].job = 0; /* sent again: becomes the latest */
	}
	self->jobs[self->job_next % LIMIT_JOBS] = (struct ledger_job){ .job = job, .work = work };
	self->job_next++;
	if (self->job_next == 2 * LIMIT_JOBS)
		self->job_next = LIMIT_JOBS; /* full, and about to write the first again */
}

bool ledger_has_jobs(const struct ledger *self)
{
	return self->job_next > 0;
}

double ledger_work(const struct ledger *self, uint64_t job)
{
	if (self->job_next == 0)
		return 0;
	for (uint32_t i = 0; i < jobs_known(self) && job != 0; i++)
		if (self->jobs[i].job == job)
			return self->jobs[i].work;
	return self->jobs[(self->job_next - 1) % LIMIT_JOBS].work;
}

bool ledger_is_repeated(struct ledger *self, uint64_t nonce)
{
	_Static_assert(LIMIT_SHARES % 4 == 0, "four at a time");

	if (nonce == 0)
		return false;
	for (const uint64_t *four = self->shares; four < self->shares + LIMIT_SHARES; four += 4)
		if (four[0] == nonce || four[1] == nonce || four[2] == nonce || four[3] == nonce)
			return true;
	self->shares[self->share_next] = nonce;
	self->share_next = (self->share_next + 1) % LIMIT_SHARES;
	return false;
}
