/* test_inspect_middle.c: flows that were joined in their middle: what is whole, what may be a
 * member of something larger, and what takes the doubt away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/inspect_rig.h"

static const struct preface in_middle[2];

/* The flow is seen from here on. */
static void join_in_middle(void)
{
	restart();
	inspect_free(flow);
	flow = inspect_new(pool, in_middle);
}

/* Without the line feed behind it. */
static void send_bare(enum direction dir, const char *line)
{
	send_bytes(dir, line, strlen(line) - 1, strlen(line) - 1);
}

static void a_middle_start_finds_its_feet(void **state)
{
	const char *text = XMR_SUBMIT("2", "j1", "00000001");

	(void)state;
	for (size_t at = 1; at < strlen(text); at++) {
		join_in_middle();
		send(UP, text + at); /* the end of one message, then a whole one */
		assert_int_equal(view().submitted, 0);
		send(UP, XMR_SUBMIT("3", "j1", "00000002"));
		assert_int_equal(view().submitted, 1);
		assert_int_equal(view().level, LEVEL_SUSPECT);
		send(UP, XMR_SUBMIT("4", "j1", "00000003"));
		assert_int_equal(view().submitted, 2);
		assert_int_equal(view().level, LEVEL_CONFIRMED);
	}
}

/* Joined right where a member begins that would be a message. */
static void a_member_of_something_larger_is_a_suspicion(void **state)
{
	static const char *const rests[] = { "}", "},\"a\":1}", "]}", ",{\"a\":1}]" };

	(void)state;
	for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
		join_in_middle();
		send_bare(UP, V1_SUBMIT);
		assert_int_equal(view().level, LEVEL_SUSPECT);
		send(UP, rests[i]);
		send(UP, "\n{\"event\":");
		send_bare(UP, V1_SUBMIT);
		send(UP, rests[i]);
		inspect_flush(flow, now_ns);
		assert_int_equal(view().level, LEVEL_SUSPECT);
	}
}

/* What takes the doubt from a message in whose middle nobody joined. */
static void a_doubted_message_is_believed_with_a_second_one(void **state)
{
	(void)state;
	join_in_middle();
	send(UP, V1_SUBMIT); /* a line of its own */
	assert_int_equal(view().level, LEVEL_CONFIRMED);
	join_in_middle();
	send_bare(UP, V1_SUBMIT); /* its end is all that follows */
	assert_int_equal(view().level, LEVEL_SUSPECT);
	inspect_flush(flow, now_ns);
	assert_int_equal(view().level, LEVEL_CONFIRMED);
	join_in_middle();
	send_bare(UP, V1_SUBMIT);
	send(DOWN, "{\"id\":4,\"result\":true,\"error\":null}\n");
	assert_int_equal(view().level, LEVEL_CONFIRMED);
	assert_int_equal(view().accepted, 1);
	join_in_middle();
	send_bare(UP, V1_SUBMIT);
	send_bare(DOWN, V1_NOTIFY);
	assert_int_equal(view().level, LEVEL_CONFIRMED);
	join_in_middle();
	send_bare(UP, V1_SUBMIT);
	send_bare(UP, V1_SUBMIT);
	assert_int_equal(view().level, LEVEL_CONFIRMED);
}

/* Two messages with holes around them are two, unless something else stood between them. */
static void two_doubted_messages_are_believed(void **state)
{
	static const char stranger[] = "{\"ts\":1,\"text\":\"nothing of ours\"}\n";

	(void)state;
	for (int is_strange = 0; is_strange < 2; is_strange++) {
		join_in_middle();
		send_bare(UP, V1_SUBMIT);
		lose(UP, 100);
		if (is_strange)
			send(UP, stranger);
		lose(UP, 100);
		send_bare(UP, V1_SUBMIT);
		now_ns += 4 * SECOND;
		inspect_tick(flow, now_ns);
		assert_int_equal(view().level, is_strange ? LEVEL_SUSPECT : LEVEL_CONFIRMED);
	}
}

#define V1_OK(id)     "{\"id\":" id ",\"result\":true,\"error\":null}\n"
#define V1_EXTRA(id)  "{\"id\":" id ",\"method\":\"mining.extranonce.subscribe\",\"params\":[]}\n"
#define V1_DIFFICULTY "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[512]}\n"

/* A page whose head was lost quotes a session: it answers its own requests, then speaks as the
 * pool. A miner that answers the pool between its requests does not. */
static void a_torn_page_quotes_both_sides(void **state)
{
	static const char page[] =
		"ethod\":\"mining.authorize\",\"params\":[\"acct.rig07\",\"x\"]}\n" V1_OK("2")
			V1_EXTRA("3") V1_OK("3") V1_DIFFICULTY V1_NOTIFY V1_SUBMIT V1_OK("4");

	(void)state;
	for (size_t step = 1; step < sizeof(page); step += 7) {
		join_in_middle();
		send_steps(DOWN, page, step);
		now_ns += 4 * SECOND;
		inspect_flush(flow, now_ns);
		assert_int_equal(view().level, LEVEL_SUSPECT);
	}
	join_in_middle();
	send(UP, V1_OK("90"));
	send(UP, V1_SUBMIT);
	send(UP, V1_OK("91"));
	now_ns += 4 * SECOND;
	inspect_tick(flow, now_ns);
	assert_int_equal(view().level, LEVEL_CONFIRMED);
}

/* Both sides are seen from here on, and of each the next bytes are missing. */
static void join_behind_holes(uint32_t asked, uint32_t answered)
{
	join_in_middle();
	inspect_expect(flow, UP, seqs[UP]);
	inspect_expect(flow, DOWN, seqs[DOWN]);
	lose(UP, asked);
	lose(DOWN, answered);
}

/* The end of a message, and two that nobody but a pool says. */
static const char pool_words[] = "eep-me\"]}\n" V1_DIFFICULTY V1_NOTIFY;

static void settle_holes(void)
{
	now_ns += 4 * SECOND;
	inspect_tick(flow, now_ns);
}

/* What one side says by itself may be the answer to what was missed of the other one. */
static void a_torn_answer_to_a_lost_question_is_a_suspicion(void **state)
{
	(void)state;
	join_behind_holes(93, 300);
	send(DOWN, pool_words);
	settle_holes();
	assert_int_equal(view().level, LEVEL_SUSPECT);
	send(UP, "GET /protocol.md HTTP/1.1\r\nHost: docs.example.org\r\n\r\n");
	settle_holes();
	send(DOWN, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
	send(DOWN, V1_NOTIFY V1_NOTIFY);
	inspect_flush(flow, now_ns);
	assert_int_equal(view().level, LEVEL_SUSPECT);

	join_behind_holes(0, 300); /* who says nothing asks for no page */
	send(DOWN, pool_words);
	settle_holes();
	assert_int_equal(view().level, LEVEL_CONFIRMED);

	join_behind_holes(93, 300); /* the miner means it as well */
	send(DOWN, pool_words);
	settle_holes();
	send(UP, V1_SUBMIT);
	settle_holes();
	assert_int_equal(view().level, LEVEL_CONFIRMED);
	assert_int_equal(view().submitted, 1);

	join_behind_holes(93, 300); /* two that say the same have no conversation */
	send(DOWN, V1_SUBMIT);
	send(UP, V1_SUBMIT V1_SUBMIT);
	settle_holes();
	inspect_flush(flow, now_ns);
	assert_int_equal(view().level, LEVEL_SUSPECT);
}

static const char torn_opening[] = "\x05\xcb\x01\x71Muser\n";

/* Half an opening or a greeting behind a hole is nobody's words, until the other side talks with
 * who goes on behind it. */
static void strange_words_behind_a_hole_are_forgiven_in_a_conversation(void **state)
{
	(void)state;
	for (int is_talk = 0; is_talk < 2; is_talk++) {
		join_behind_holes(4, 300);
		send(UP, torn_opening);
		send(UP, V1_AUTHORIZE);
		if (is_talk)
			send(DOWN, pool_words);
		settle_holes();
		assert_int_equal(view().level, is_talk ? LEVEL_SUSPECT : LEVEL_NONE);
		send(UP, V1_SUBMIT);
		assert_int_equal(view().level, is_talk ? LEVEL_CONFIRMED : LEVEL_NONE);
		assert_int_equal(view().submitted, is_talk);
	}
	join_behind_holes(4, 300);
	send(UP, torn_opening);
	send(UP, V1_AUTHORIZE);
	send(DOWN, pool_words);
	settle_holes();
	send(UP, "> " V1_SUBMIT); /* it goes on quoting */
	assert_int_equal(view().level, LEVEL_SUSPECT);
}

/* What was said behind strange words before the other side talked counts as well. */
static void what_was_said_aside_is_heard_once_it_is_believed(void **state)
{
	(void)state;
	join_behind_holes(4, 300);
	send(UP, torn_opening);
	send(UP, V1_SUBSCRIBE);
	send(UP, V1_AUTHORIZE);
	send(UP, V1_SUBMIT);
	settle_holes();
	assert_int_equal(view().level, LEVEL_NONE);
	send(DOWN, pool_words);
	settle_holes();
	send(UP, XMR_OK("9")); /* nothing of interest, but nothing strange either */
	assert_int_equal(view().level, LEVEL_CONFIRMED);
	assert_int_equal(view().submitted, 1);
	assert_string_equal(view().agent, "cgminer/4.9");
	assert_string_equal(view().wallet, "acct");
}

/* More of it than one block holds is counted, and the rest heard all the same. */
static void what_does_not_fit_aside_is_counted(void **state)
{
	unsigned sent = 0;

	(void)state;
	join_behind_holes(4, 300);
	send(UP, torn_opening);
	send(UP, V1_SUBSCRIBE);
	send(UP, V1_AUTHORIZE);
	while (stats.asides_capped < 3) {
		assert_true(sent++ < 4096);
		send(UP, V1_AUTHORIZE);
		settle_holes();
	}
	send(DOWN, pool_words);
	settle_holes();
	send(UP, V1_SUBMIT);
	assert_int_equal(stats.asides_capped, 3);
	assert_int_equal(view().level, LEVEL_CONFIRMED);
	assert_string_equal(view().agent, "cgminer/4.9");
}

/* Behind torn openings on both sides one speaks as the miner and the other one as the pool. Who
 * says something between the messages quotes them. */
static void two_torn_openings_hide_no_dialogue(void **state)
{
	static const char *const between[] = { "", ":irc.example.net PRIVMSG #pool :" };

	for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++) {
		join_behind_holes(4, 300);
		send(UP, torn_opening);
		send(UP, V1_AUTHORIZE);
		send(UP, between[i]);
		send(UP, V1_SUBMIT);
		settle_holes();
		send(DOWN, "elcome to the pool\n");
		send(DOWN, V1_DIFFICULTY);
		send(DOWN, between[i]);
		send(DOWN, V1_NOTIFY);
		settle_holes();
		inspect_flush(flow, now_ns);
		assert_int_equal(view().level, i == 0 ? LEVEL_CONFIRMED : LEVEL_NONE);
		assert_int_equal(view().submitted, i == 0);
	}
	(void)state;
}

/* Who says nothing but the answers to what is asked behind a torn opening takes part. */
static void answers_end_the_doubt_of_a_torn_opening(void **state)
{
	(void)state;
	for (int is_answered = 0; is_answered < 2; is_answered++) {
		join_behind_holes(4, 0);
		send(UP, torn_opening);
		send(UP, V1_SUBSCRIBE);
		settle_holes();
		send(UP, V1_AUTHORIZE);
		now_ns += SECOND;
		send(DOWN, is_answered ? V1_OK("2") : V1_OK("77"));
		send(UP, V1_SUBMIT);
		now_ns += SECOND;
		send(DOWN, V1_OK("4"));
		inspect_flush(flow, now_ns);
		assert_int_equal(view().level, is_answered ? LEVEL_CONFIRMED : LEVEL_NONE);
		assert_int_equal(view().submitted, is_answered);
		assert_int_equal(view().accepted, is_answered);
	}
}

#define SV2_HEAD(type, len) "\x00\x80" type len "\x00\x00" /* of channel messages */
#define SV2_CHANNEL         "\x01\x00\x00\x00"
#define SV2_SHARE(number) \
	SV2_HEAD("\x1a", "\x18") \
	SV2_CHANNEL number "\x00\x00\x00" \
			   "\x01\x00\x00\x00" \
			   "\x19\xae\xc5" number "\xaa\xf0\xb1\x66\x00\x00\x00\x20"
#define SV2_ERROR(number) \
	SV2_HEAD("\x1d", "\x1b") \
	SV2_CHANNEL number "\x00\x00\x00\x12" \
			   "difficulty-too-low"

/* One binary message does not tell yet; when the second one does, the first is as old as it is,
 * and the answer that came between them is its own. */
static void a_message_that_waited_keeps_its_time(void **state)
{
	static const char shares[] = SV2_SHARE("\x04") SV2_SHARE("\x05");
	static const char errors[] = SV2_ERROR("\x04") SV2_ERROR("\x05");
	const size_t share = (sizeof(shares) - 1) / 2;
	const size_t error = (sizeof(errors) - 1) / 2;

	(void)state;
	for (size_t step = 1; step <= share; step++) {
		join_in_middle();
		for (size_t second = 0; second < 2; second++) {
			for (size_t at = 0; at < share; at += step) {
				size_t n = share - at < step ? share - at : step;

				send_bytes(UP, shares + second * share + at, n, n);
				now_ns += SECOND / 1000000;
			}
			now_ns += SECOND / 50;
			send_bytes(DOWN, errors + second * error, error, error);
			now_ns += SECOND;
		}
		assert_int_equal(view().submitted, 2);
		assert_int_equal(view().rejected, 2);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_middle_start_finds_its_feet),
		TEST(a_member_of_something_larger_is_a_suspicion),
		TEST(a_doubted_message_is_believed_with_a_second_one),
		TEST(two_doubted_messages_are_believed),
		TEST(a_torn_page_quotes_both_sides),
		TEST(a_torn_answer_to_a_lost_question_is_a_suspicion),
		TEST(strange_words_behind_a_hole_are_forgiven_in_a_conversation),
		TEST(what_was_said_aside_is_heard_once_it_is_believed),
		TEST(what_does_not_fit_aside_is_counted),
		TEST(two_torn_openings_hide_no_dialogue),
		TEST(answers_end_the_doubt_of_a_torn_opening),
		TEST(a_message_that_waited_keeps_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
