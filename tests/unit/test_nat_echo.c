/* test_nat_echo.c: sessions that say the same thing on two sides of a NAT. */
#include "sensor/nat_echo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/facts.h"

#define WORDS 0x123456789abcdefull

static struct nat_echo echo;
static uint64_t next_id;

static int setup(void **state)
{
	(void)state;
	memset(&echo, 0, sizeof(echo));
	next_id = 1;
	return nat_echo_init(&echo, (struct siphash_key){ { 1, 2 } }, 16);
}

static int teardown(void **state)
{
	(void)state;
	nat_echo_fini(&echo);
	return 0;
}

/* Tags name flows here. */
static struct siphash_tag own_tag(uint64_t flow_id)
{
	return (struct siphash_tag){ { flow_id, 99 } };
}

static struct nat_leg leg_of(enum nat_rank rank)
{
	struct nat_leg leg;

	memset(&leg, 0, sizeof(leg));
	leg.flow_id = next_id++;
	leg.first_ns = FACTS_EPOCH_NS;
	leg.key = facts_key(7, (uint16_t)(1000 + leg.flow_id));
	leg.rank = (uint8_t)rank;
	return leg;
}

/* The flow id of the one that said it first, 0: nobody. */
static uint64_t say(enum nat_rank rank, uint64_t at_us, uint64_t words, bool has_stamps)
{
	struct nat_leg leg = leg_of(rank);
	uint64_t id = leg.flow_id;
	bool is_met = nat_echo_meet(&echo, &leg, words, FACTS_EPOCH_NS + at_us * 1000, has_stamps,
				    own_tag(id));
	uint64_t tag_id = nat_echo_tag(&echo, id, own_tag(id)).h[0];

	assert_int_equal(is_met, tag_id != id);
	return is_met ? tag_id : 0;
}

static uint64_t inner(uint64_t at_us)
{
	return say(NAT_RANK_PRIVATE, at_us, WORDS, false);
}

static uint64_t outer(uint64_t at_us)
{
	return say(NAT_RANK_PUBLIC, at_us, WORDS, false);
}

static void either_side_may_be_first(void **state)
{
	(void)state;
	assert_int_equal(inner(0), 0);
	assert_int_equal(outer(300), 1);
	assert_int_equal(outer(100000), 0);
	assert_int_equal(inner(100300), 3);
}

static void clones_that_take_turns_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(inner(0), 0);
	assert_int_equal(outer(300), 1);
	assert_int_equal(inner(10000), 0);
	assert_int_equal(outer(10300), 3);
}

static void clones_at_once_are_not(void **state)
{
	(void)state;
	assert_int_equal(inner(0), 0);
	assert_int_equal(inner(100), 0);
	assert_int_equal(outer(300), 0);
	assert_int_equal(outer(400), 0);
	assert_int_equal(inner(20000), 0); /* as long as one may still be meant */
	assert_int_equal(outer(20300), 0);
	assert_int_equal(inner(100000), 0);
	assert_int_equal(outer(100300), 7);
}

static void a_third_one_finds_nobody(void **state)
{
	(void)state;
	assert_int_equal(inner(0), 0);
	assert_int_equal(outer(300), 1);
	assert_int_equal(outer(400), 0);
}

static void what_is_no_echo(void **state)
{
	(void)state;
	assert_int_equal(inner(0), 0);
	assert_int_equal(outer(LIMIT_NAT_ECHO_MS * 1000 + 1), 0); /* too late */
	assert_int_equal(say(NAT_RANK_PRIVATE, 200000, 1, false), 0);
	assert_int_equal(say(NAT_RANK_PUBLIC, 200300, 2, false), 0); /* other words */
	assert_int_equal(say(NAT_RANK_HOME, 400000, 3, false), 0);
	assert_int_equal(say(NAT_RANK_PRIVATE, 400300, 3, false), 0); /* both inside */
	assert_int_equal(say(NAT_RANK_PUBLIC, 600000, 4, false), 0);
	assert_int_equal(say(NAT_RANK_CONFIGURED, 600300, 4, false), 0); /* both outside */
}

static void time_stamps_leave_more_time(void **state)
{
	(void)state;
	assert_int_equal(say(NAT_RANK_PRIVATE, 0, WORDS, true), 0);
	assert_int_equal(say(NAT_RANK_PUBLIC, LIMIT_NAT_WINDOW_MS * 1000, WORDS, true), 1);
	assert_int_equal(say(NAT_RANK_PRIVATE, 9000000, WORDS, true), 0);
	assert_int_equal(say(NAT_RANK_PUBLIC, 9000001 + LIMIT_NAT_WINDOW_MS * 1000, WORDS, true),
			 0);
}

/* The same flow once more, as when its pair had to make room, asks nothing new. */
static void nobody_meets_itself(void **state)
{
	struct nat_leg leg = leg_of(NAT_RANK_PRIVATE);

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_false(nat_echo_meet(&echo, &leg, WORDS, FACTS_EPOCH_NS, false, own_tag(1)));
	assert_int_equal(outer(300), 1);
}

static void tables_are_bounded(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 2 * LIMIT_NAT_ECHOES; i++)
		assert_int_equal(say(NAT_RANK_PRIVATE, i, 1000 + i, false), 0);
	assert_int_equal(echo.words.count, LIMIT_NAT_ECHOES);
	/* Among those that are left every one is answered; of the answers the last 16 are kept. */
	for (uint64_t i = LIMIT_NAT_ECHOES; i < LIMIT_NAT_ECHOES + 40; i++)
		assert_int_equal(say(NAT_RANK_PUBLIC, i + 300, 1000 + i, false), i + 1);
	assert_int_equal(echo.aliases.count, 16);
	assert_int_equal(nat_echo_tag(&echo, next_id - 1, own_tag(5)).h[0], LIMIT_NAT_ECHOES + 40);
	assert_int_equal(nat_echo_tag(&echo, next_id - 17, own_tag(5)).h[0], 5);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(either_side_may_be_first), TEST(clones_that_take_turns_are_told_apart),
		TEST(clones_at_once_are_not),   TEST(a_third_one_finds_nobody),
		TEST(what_is_no_echo),          TEST(time_stamps_leave_more_time),
		TEST(nobody_meets_itself),      TEST(tables_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
