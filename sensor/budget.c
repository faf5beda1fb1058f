/* budget.c: a bucket of CPU time, and what losses do to it. */
#include "sensor/budget.h"

#include <stddef.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)
#define ASKS     16             /* while shut, the clock is read once in so many */
#define HOLD_NS  (5 * NS_PER_S) /* after a loss */
#define HOLD_MAX (80 * NS_PER_S)

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t wall_clock(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static uint64_t thread_clock(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* One second's share. */
static int64_t bucket_ns(const struct budget *self)
{
	return (int64_t)(NS_PER_S / 100 * self->percent);
}

void budget_init(struct budget *self, uint32_t percent, const struct budget_clocks *clocks)
{
	static const struct budget_clocks ours = { wall_clock, thread_clock };

	*self = (struct budget){ .clocks = clocks != NULL ? *clocks : ours, .percent = percent };
	self->credit_ns = bucket_ns(self);
	self->filled_ns = self->clocks.now();
}

static void fill(struct budget *self, uint64_t now_ns)
{
	uint64_t passed_ns = now_ns - self->filled_ns;

	if (passed_ns > NS_PER_S)
		passed_ns = NS_PER_S;
	self->filled_ns = now_ns;
	self->credit_ns += (int64_t)(passed_ns * self->percent / 100);
	if (self->credit_ns > bucket_ns(self))
		self->credit_ns = bucket_ns(self);
}

static void look(struct budget *self)
{
	uint64_t now_ns = self->clocks.now();
	bool is_limited = self->percent < 100;

	fill(self, now_ns);
	if (now_ns < self->held_ns || (is_limited && self->credit_ns <= 0))
		self->is_shut = true;
	else if (!is_limited || self->credit_ns >= bucket_ns(self) / 2)
		self->is_shut = false;
}

uint64_t budget_begin(struct budget *self)
{
	return ++self->works % BUDGET_SAMPLE == 0 ? self->clocks.cpu() : 0;
}

void budget_end(struct budget *self, uint64_t begun)
{
	uint64_t took_ns;

	if (begun == 0)
		return;
	took_ns = (self->clocks.cpu() - begun) * BUDGET_SAMPLE;
	self->spent_ns += took_ns;
	self->credit_ns -= (int64_t)took_ns;
	look(self);
}

void budget_lost(struct budget *self, uint64_t lost)
{
	uint64_t now_ns = self->clocks.now();

	if (lost != self->lost) {
		/* Soon after it was open again: it is our work that is too much. */
		if (now_ns >= self->held_ns + HOLD_MAX || self->hold_ns == 0)
			self->hold_ns = HOLD_NS;
		else if (now_ns >= self->held_ns && self->hold_ns < HOLD_MAX)
			self->hold_ns *= 2;
		self->held_ns = now_ns + self->hold_ns;
		self->lost = lost;
	}
	look(self);
}

bool budget_allows(struct budget *self)
{
	if (self->is_shut && ++self->asks % ASKS == 0)
		look(self);
	return !self->is_shut;
}
