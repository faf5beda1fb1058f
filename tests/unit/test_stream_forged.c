/* test_stream_forged.c: numbers that nobody sent, or that another connection did: a stream comes
 * back from them. */
#include "tests/unit/stream_rig.h"

static void a_forged_fin_takes_nothing(void **state)
{
	(void)state;
	send(UP, ISN, "ab");
	send_flags(UP, TCP_FIN, ISN + 2, 0, "");
	send(UP, ISN + 2, "cd"); /* at the number of the FIN */
	send_flags(UP, TCP_FIN, ISN + 4, 0, "");
	send(UP, ISN + 6, "g");
	send(UP, ISN + 4, "ef");
	expect(UP, "abcdefg");
	assert_int_equal(stats.stream_gaps, 0);
}

/* Bytes far ahead that nobody received: what comes in their hole is believed when it insists. */
static void a_forged_jump_is_taken_back(void **state)
{
	(void)state;
	send(UP, ISN, "a");
	send(UP, ISN + 100000, "x");
	now_ns += 4000 * MS;
	stream_tick(stream, now_ns, &out);
	expect(UP, "a<99999>x");
	send(UP, ISN + 1, "b");
	send(UP, ISN + 2, "c");
	send(UP, ISN + 2, "c"); /* again: does not insist */
	expect(UP, "a<99999>x");
	send(UP, ISN + 1, "bcd");
	send(UP, ISN + 4, "e");
	send(UP, ISN + 5, "f");
	send(UP, ISN + 6, "g");
	expect(UP, "a<99999>x<0>fg");
	send(UP, ISN + 5, "fgh"); /* no hole any more */
	expect(UP, "a<99999>x<0>fgh");
}

static void a_forged_promise_is_taken_back(void **state)
{
	(void)state;
	stream_expect(stream, DOWN, ISN + 5000);
	send(DOWN, ISN, "a");
	send(DOWN, ISN + 1, "b");
	expect(DOWN, "");
	send(DOWN, ISN + 2, "c");
	send(DOWN, ISN + 3, "d");
	expect(DOWN, "<0>cd");
}

/* What was read before is repeated in front of what is new: only then is it known to be that. */
static void a_promise_that_was_read_up_to_is_gone_on_with(void **state)
{
	(void)state;
	stream_resume(stream, DOWN, ISN + 5);
	send(DOWN, ISN + 4, "e"); /* a keep-alive */
	send_flags(DOWN, TCP_SYN, ISN - 1, 0, "");
	send(DOWN, ISN + 2, "cdefg");
	send(DOWN, ISN + 7, "h");
	expect(DOWN, "fgh");
	assert_int_equal(stats.stream_gaps, 0);
	setup(NULL);
	stream_expect(stream, DOWN, ISN + 5);
	send(DOWN, ISN + 2, "cdefg");
	send(DOWN, ISN + 5, "fgh");
	expect(DOWN, "fgh");
	setup(NULL);
	stream_resume(stream, DOWN, ISN + 5000); /* by a forged segment that was taken for one */
	send(DOWN, ISN, "a");
	send(DOWN, ISN + 1, "b");
	send(DOWN, ISN + 2, "c");
	send(DOWN, ISN + 3, "d");
	expect(DOWN, "<0>cd");
}

static void forged_first_data_does_not_break_a_promise(void **state)
{
	(void)state;
	stream_expect(stream, UP, ISN);
	send(UP, ISN + 0x40000000u, "x"); /* or the promise was of an older connection */
	send(UP, ISN, "a");
	send(UP, ISN + 1, "b");
	expect(UP, "<0>x<0>ab");
}

static void a_reset_is_ignored(void **state)
{
	(void)state;
	send(UP, ISN, "a");
	send_flags(UP, TCP_RST, ISN + 1, 0, "why not");
	send(UP, ISN + 1, "b");
	expect(UP, "ab");
}

static void far_segments_are_ignored_until_they_insist(void **state)
{
	const uint32_t far = ISN + 0x40000000u;

	(void)state;
	send(UP, ISN, "a");
	send(UP, far, "1");
	send(UP, far + 1, "2");
	send(UP, ISN + 1, "b"); /* the old stream lives */
	send(UP, far + 2, "3");
	send(UP, far + 3, "4");
	expect(UP, "ab");
	send(UP, far + 4, "5");
	send(UP, far + 5, "6");
	expect(UP, "ab<0>56");
	send(UP, ISN + 2, "c");
	expect(UP, "ab<0>56");
}

static void a_syn_far_away_restarts_at_once(void **state)
{
	const uint32_t far = ISN - 0x40000000u;

	(void)state;
	send(UP, ISN, "a");
	send(UP, ISN + 5, "held");
	send_flags(UP, TCP_SYN, far - 1, 0, "");
	expect(UP, "a");
	send(UP, far, "b");
	expect(UP, "a<4>held<0>b");
	send_flags(UP, TCP_SYN, far - 2, 0, ""); /* close: a late copy */
	send(UP, far - 1, "xc");
	send(UP, far + 1, "d");
	expect(UP, "a<4>held<0>bd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_forged_fin_takes_nothing),
		TEST(a_forged_jump_is_taken_back),
		TEST(a_forged_promise_is_taken_back),
		TEST(a_promise_that_was_read_up_to_is_gone_on_with),
		TEST(forged_first_data_does_not_break_a_promise),
		TEST(a_reset_is_ignored),
		TEST(far_segments_are_ignored_until_they_insist),
		TEST(a_syn_far_away_restarts_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
