/* Unit tests of budget.c with clocks of our own: when it shuts, and when it opens again. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sensor/budget.h"

#define MS     UINT64_C(1000000)
#define SECOND (1000 * MS)

static uint64_t now_ns;
static uint64_t cpu_ns;

static uint64_t fake_now(void)
{
	return now_ns;
}

static uint64_t fake_cpu(void)
{
	return cpu_ns;
}

static struct budget new_budget(uint32_t percent)
{
	const struct budget_clocks clocks = { fake_now, fake_cpu };
	struct budget budget;

	now_ns = 1000 * SECOND;
	cpu_ns = 1;
	budget_init(&budget, percent, &clocks);
	return budget;
}

/* As much work as there is in ms of CPU, in pieces of 10 us; the clock on the wall stands. */
static void work(struct budget *budget, uint64_t ms)
{
	for (uint64_t i = 0; i < ms * 100; i++) {
		uint64_t begun = budget_begin(budget);

		cpu_ns += 10000;
		budget_end(budget, begun);
	}
}

/* While it is shut it looks at the clock once in a few times. */
static bool is_open(struct budget *budget)
{
	bool allows = false;

	for (int i = 0; i < 100; i++)
		allows = budget_allows(budget);
	return allows;
}

static void it_shuts_when_the_share_is_used_up(void **state)
{
	struct budget budget = new_budget(50);

	(void)state;
	work(&budget, 490);
	assert_true(is_open(&budget));
	work(&budget, 20);
	assert_false(is_open(&budget));
	assert_in_range(budget.spent_ns, 500 * MS, 511 * MS);
}

static void it_opens_when_half_is_back(void **state)
{
	struct budget budget = new_budget(50);

	(void)state;
	work(&budget, 505);
	assert_false(is_open(&budget));
	now_ns += 480 * MS; /* 240 of 250 ms, less the debt */
	assert_false(is_open(&budget));
	now_ns += 60 * MS;
	assert_true(is_open(&budget));
	now_ns += 3600 * SECOND; /* silence saves up one second's share, no more */
	work(&budget, 505);
	assert_false(is_open(&budget));
}

/* Five seconds of work that never ends: the share is done, no more and hardly less. */
static void steady_load_gets_its_share(void **state)
{
	struct budget budget = new_budget(20);
	unsigned worked_ms = 0;

	(void)state;
	work(&budget, 200); /* what was saved up */
	for (unsigned i = 0; i < 5000; i++) {
		if (is_open(&budget)) {
			work(&budget, 1);
			worked_ms++;
		}
		now_ns += MS;
	}
	assert_in_range(worked_ms, 850, 1010);
}

static void a_light_load_is_never_refused(void **state)
{
	struct budget budget = new_budget(50);

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		work(&budget, 1);
		now_ns += 3 * MS;
		assert_true(budget_allows(&budget));
	}
}

static void no_limit_is_none(void **state)
{
	struct budget budget = new_budget(100);

	(void)state;
	work(&budget, 3000);
	assert_true(is_open(&budget));
}

static void losses_shut_it_for_a_while(void **state)
{
	struct budget budget = new_budget(100);

	(void)state;
	budget_lost(&budget, 0);
	assert_true(is_open(&budget));
	budget_lost(&budget, 7);
	assert_false(is_open(&budget));
	now_ns += 4 * SECOND;
	budget_lost(&budget, 9); /* not over yet */
	now_ns += 4 * SECOND;
	budget_lost(&budget, 9);
	assert_false(is_open(&budget));
	now_ns += SECOND;
	assert_true(is_open(&budget));
}

static uint64_t shut_s(struct budget *budget)
{
	uint64_t seconds = 0;

	for (; !is_open(budget); seconds++)
		now_ns += SECOND;
	return seconds;
}

/* Losses that come back with the labels keep them away longer and longer, up to a limit. */
static void losses_that_come_back_hold_longer(void **state)
{
	static const uint64_t holds_s[] = { 5, 10, 20, 40, 80, 80 };
	struct budget budget = new_budget(50);
	uint64_t lost = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(holds_s) / sizeof(holds_s[0]); i++) {
		budget_lost(&budget, ++lost);
		assert_int_equal(shut_s(&budget), holds_s[i]);
		now_ns += SECOND;
	}
	now_ns += 100 * SECOND;
	budget_lost(&budget, ++lost);
	assert_int_equal(shut_s(&budget), holds_s[0]);
}

static void the_clocks_of_the_system_go_forward(void **state)
{
	struct budget budget;

	(void)state;
	budget_init(&budget, 50, NULL);
	for (unsigned i = 0; i < 10 * BUDGET_SAMPLE; i++)
		budget_end(&budget, budget_begin(&budget));
	assert_true(budget.spent_ns > 0);
	assert_true(budget_allows(&budget));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_shuts_when_the_share_is_used_up),
		cmocka_unit_test(it_opens_when_half_is_back),
		cmocka_unit_test(steady_load_gets_its_share),
		cmocka_unit_test(a_light_load_is_never_refused),
		cmocka_unit_test(no_limit_is_none),
		cmocka_unit_test(losses_shut_it_for_a_while),
		cmocka_unit_test(losses_that_come_back_hold_longer),
		cmocka_unit_test(the_clocks_of_the_system_go_forward),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
