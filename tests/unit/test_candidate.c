/* Unit tests of candidate.c: which packets of an undecided flow are worth an inspection, and what
 * is remembered of the others. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sensor/candidate.h"

#define UP   DIR_TO_SERVER
#define DOWN DIR_TO_CLIENT

static struct flow flow;

static int setup(void **state)
{
	(void)state;
	memset(&flow, 0, sizeof(flow));
	flow.next_seq[UP] = 1000; /* as flow_touch() leaves it after both SYNs */
	flow.next_seq[DOWN] = 2000;
	flow.seq_known = 3;
	return 0;
}

static bool look_at(enum direction dir, const void *bytes, size_t len, uint32_t seq)
{
	struct packet packet = { .tcp_seq = seq,
				 .payload = slice_of(bytes, len),
				 .payload_wire = (uint32_t)len };
	bool is_candidate = candidate_look(&flow, dir, &packet);

	candidate_advance(&flow, dir, &packet);
	return is_candidate;
}

/* The next bytes in order. */
static bool look(enum direction dir, const char *text)
{
	return look_at(dir, text, strlen(text), flow.next_seq[dir]);
}

static enum preface_verdict verdict(enum direction dir)
{
	struct preface before[2];

	candidate_before(&flow, before);
	return preface_judge(&before[dir]);
}

static void a_message_is_a_candidate(void **state)
{
	(void)state;
	assert_false(look(UP, "hello"));
	assert_true(look(UP, "{\"id\":1}"));
	assert_true(look(DOWN, "{"));
	assert_false(look(DOWN, "{x"));
}

/* After its share of inspections a flow gets one in many; foreign words end them for good. */
static void nonsense_first_does_not_blind_for_good(void **state)
{
	unsigned begun = 0;
	unsigned refused = 0;

	(void)state;
	for (unsigned i = 0; i < LIMIT_INSPECTIONS; i++)
		assert_true(candidate_may_begin(&flow));
	for (unsigned round = 0; round < 5; round++) {
		while (!candidate_may_begin(&flow))
			refused++;
		begun++;
	}
	assert_int_equal(begun, 5);
	assert_int_equal(refused, 5 * 64);
	candidate_end(&flow);
	for (unsigned i = 0; i < 1000; i++)
		assert_false(candidate_may_begin(&flow));
}

static void first_data_out_of_order_is_a_candidate(void **state)
{
	(void)state;
	assert_true(look_at(UP, "\",\"x\"]}\n", 8, 1500));
	assert_false(look_at(UP, "more", 4, 1508)); /* the direction has data by now */
	assert_false(look_at(DOWN, "text", 4, 2000));
	assert_false(look_at(DOWN, "text", 4, 2100));
}

static void what_was_said_before_is_remembered(void **state)
{
	(void)state;
	assert_int_equal(verdict(UP), PREFACE_CLEAN);
	for (const char *c = "NICK mole :"; *c != '\0'; c++)
		assert_false(look_at(UP, c, 1, flow.next_seq[UP]));
	assert_int_equal(verdict(UP), PREFACE_FOREIGN);
	assert_int_equal(verdict(DOWN), PREFACE_CLEAN);
	candidate_forget(&flow);
	assert_int_equal(verdict(UP), PREFACE_CLEAN);
}

static void one_line_before_the_first_message_is_fine(void **state)
{
	(void)state;
	assert_false(look(UP, "welcome to the pool at 198.51.100.9 3333\r"));
	assert_int_equal(verdict(UP), PREFACE_FOREIGN); /* the line is not over */
	assert_false(look(UP, "\n"));
	assert_int_equal(verdict(UP), PREFACE_CLEAN);
	assert_false(look(UP, "another\n"));
	assert_int_equal(verdict(UP), PREFACE_FOREIGN);
}

static void what_a_carrier_begins_is_a_candidate(void **state)
{
	(void)state;
	assert_true(look(UP, "PROXY TCP4 192.0.2.7 198.51.100.9 51000 3333\r\n"));
	assert_true(look(DOWN, "HTTP/1.1 200 OK\r\n"));
	assert_false(look(UP, "GET / HTTP/1.1\r\n")); /* not the first bytes any more */
	flow.seq_known = 0;
	assert_false(look(UP, "\x16\x03\x01\x02")); /* TLS has nothing to show */
}

static void a_side_in_a_carrier_is_shut(void **state)
{
	(void)state;
	candidate_forget(&flow);
	candidate_shut(&flow, DOWN);
	assert_false(look(DOWN, "{\"id\":1}"));
	assert_true(look(UP, "{\"id\":1}"));
}

static void another_protocol_is_left_alone(void **state)
{
	(void)state;
	assert_false(look(UP, "\x16\x03\x01\x02"));
	assert_false(look(UP, "{\"id\":1}"));
	assert_true(look(DOWN, "{\"id\":1}")); /* the other side has said nothing wrong */
	candidate_forget(&flow);
	assert_true(look(UP, "{\"id\":1}"));
}

static void mid_stream_the_end_of_a_packet_counts(void **state)
{
	char text[2048];

	(void)state;
	flow.flags = FLOW_MIDSTREAM;
	flow.seq_known = 0;
	memset(text, 'x', sizeof(text));
	text[0] = 1; /* far from the end: not looked at */
	memcpy(text + sizeof(text) - 2, "}\n", 2);
	assert_false(look_at(UP, text, sizeof(text), 5));
	assert_int_equal(verdict(UP), PREFACE_CLEAN);
	assert_false(look(UP, "log: "));
	assert_int_equal(verdict(UP), PREFACE_FOREIGN);
}

static void a_decided_flow_is_looked_at_again(void **state)
{
	char text[1024];
	unsigned looks = 0;

	(void)state;
	flow.flags = FLOW_MIDSTREAM;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '}'; /* a message may follow */
	while ((flow.flags & FLOW_DECIDED) == 0 && looks++ < 100)
		assert_false(look_at(UP, text, sizeof(text), flow.next_seq[UP]));
	assert_int_equal(looks, 2 * LIMIT_HINT_BYTES / sizeof(text) + 1);
	assert_false(look(UP, "..{\"id\":1}\n"));
	assert_true(look(UP, "{\"id\":1}\n")); /* a whole message, even so */
	for (looks = 0; (flow.flags & FLOW_DECIDED) != 0 && looks < 1000; looks++)
		assert_false(look_at(UP, text, sizeof(text), flow.next_seq[UP]));
	assert_in_range(looks, 200, 260);
	assert_true(look(UP, "..{\"id\":1}\n"));
}

static void a_late_look_forgets_what_was_said(void **state)
{
	char text[1024];

	(void)state;
	memset(text, 1, sizeof(text));
	for (unsigned i = 0; i < 2 * LIMIT_RECHECK_BYTES / sizeof(text); i++) {
		assert_false(look_at(UP, text, sizeof(text), flow.next_seq[UP]));
		if (verdict(UP) == PREFACE_CLEAN)
			break;
	}
	assert_int_equal(verdict(UP), PREFACE_FOREIGN); /* the late look heard the same again */
	memset(text, 'x', sizeof(text));
	while (verdict(UP) == PREFACE_FOREIGN && !look_at(UP, "{\"id\":1}", 8, flow.next_seq[UP]))
		;
	assert_true(look(UP, "{\"id\":1}"));
}

static void sequence_numbers_follow_the_data(void **state)
{
	uint32_t seq;

	(void)state;
	flow.next_seq[UP] = UINT32_MAX;
	assert_false(look(UP, "abc"));
	assert_true(candidate_next_seq(&flow, UP, &seq));
	assert_int_equal(seq, 2);
	assert_false(look_at(UP, "abc", 3, UINT32_MAX)); /* again */
	assert_true(candidate_next_seq(&flow, UP, &seq));
	assert_int_equal(seq, 2);
	flow.seq_known = 0;
	assert_false(candidate_next_seq(&flow, DOWN, &seq));
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

#define ASK(body) "POST / HTTP/1.1\r\nHost: a\r\n\r\n" body
#define WORK      "{\"method\":\"getwork\"}"

/* A connection of HTTP that was given up, after an answer of the server's. */
static void give_up(void)
{
	candidate_shut(&flow, UP);
	candidate_shut(&flow, DOWN);
	assert_false(look(DOWN, "HTTP/1.1 200 OK\r\n\r\n{}"));
}

static bool is_start(void)
{
	struct preface before[2];

	candidate_before(&flow, before);
	return before[UP].is_start && before[DOWN].is_start && preface_is_blank(&before[UP]) &&
	       preface_is_blank(&before[DOWN]);
}

static void a_request_of_mining_comes_late(void **state)
{
	(void)state;
	give_up();
	assert_false(look(UP, ASK("{\"method\":\"getinfo\"}")));
	assert_false(look(UP, ASK(WORK))); /* not answered yet: it may be quoted */
	assert_false(look(DOWN, "HTTP/1.1 100 Continue\r\n\r\n"));
	assert_false(look(UP, ASK(WORK))); /* what the server said was "go on" */
	assert_false(look(DOWN, ASK(WORK)));
	assert_false(look_at(UP, ASK(WORK), strlen(ASK(WORK)), flow.next_seq[UP] + 1));
	assert_false(look(DOWN, "HTTP/1.1 200 OK\r\n\r\n{}"));
	assert_true(look(UP, ASK(WORK)));
	assert_true(is_start());
}

/* Its body comes alone: the next request is worth a look. */
static void a_body_of_mining_comes_late(void **state)
{
	(void)state;
	give_up();
	assert_false(look(UP, ASK("")));
	assert_false(look(UP, WORK));
	assert_false(look(DOWN, "HTTP/1.1 200 OK\r\n\r\n{}"));
	assert_true(look(UP, ASK("")));
	assert_true(is_start());
}

/* So does one in chunks, or in more packets than one. */
static void a_body_in_parts_comes_late(void **state)
{
	(void)state;
	give_up();
	assert_false(look(UP, ASK("")));
	assert_false(look(UP, "1f4\r\n{\"method\":\"getwork\","));
	assert_false(look(UP, "\"params\":[]}\r\n"));
	assert_false(look(DOWN, "HTTP/1.1 200 OK\r\n\r\n{}"));
	assert_true(look(UP, ASK("")));
	assert_true(is_start());
}

/* A request of the client's that acknowledges so many bytes more than the one before. */
static bool ask_acked(uint32_t more)
{
	struct packet packet = { .tcp_seq = flow.next_seq[UP],
				 .tcp_ack = flow.next_seq[DOWN] + more,
				 .payload = slice_str(ASK(WORK)),
				 .payload_wire = sizeof(ASK(WORK)) - 1 };
	bool is_candidate = candidate_look(&flow, UP, &packet);

	candidate_advance(&flow, UP, &packet);
	return is_candidate;
}

/* A server that is not heard has answered when the client acknowledges an answer. */
static void what_is_not_heard_was_said(void **state)
{
	(void)state;
	flow.seq_known = 1; /* no SYN of the server's either */
	flow.next_seq[DOWN] = UINT32_MAX - 100;
	candidate_shut(&flow, UP);
	assert_false(ask_acked(0)); /* from here on it is known what was said */
	assert_false(ask_acked(0));
	assert_false(ask_acked(25)); /* HTTP/1.1 100 Continue */
	assert_false(ask_acked(UINT32_MAX));
	assert_true(ask_acked(500));
	assert_true(is_start());
}

/* The look after many bytes forgets what was said, not that it was in a carrier. */
static void it_comes_very_late(void **state)
{
	(void)state;
	give_up();
	flow.flags |= FLOW_DECIDED;
	candidate_forget(&flow);
	assert_false(look(DOWN, "HTTP/1.1 200 OK\r\n\r\n"));
	assert_true(look(UP, ASK(WORK)));
	assert_true(is_start());
}

static void a_frame_of_mining_comes_late(void **state)
{
	(void)state;
	give_up();
	assert_false(look(DOWN, "\x81\x0d{\"type\":\"hi\"}"));
	assert_true(look(DOWN, "\x81\x0e{\"type\":\"job\"}")); /* in mid-stream */
	assert_false(is_start());
	assert_int_equal(verdict(UP), PREFACE_CLEAN);
	assert_int_equal(verdict(DOWN), PREFACE_CLEAN);
}

/* Refused once, it is no reason for the next packet, and what was given up stays so. */
static void nothing_of_it_stays(void **state)
{
	(void)state;
	give_up();
	assert_true(look(UP, ASK(WORK)));
	assert_false(look(DOWN, "HTTP/1.1 200 OK\r\n\r\n{}"));
	assert_false(look(UP, "{\"id\":1}"));
	assert_int_equal(verdict(UP), PREFACE_FOREIGN);
	candidate_forget(&flow);
	assert_true(look(UP, "{\"id\":1}"));
	assert_int_equal(verdict(UP), PREFACE_CLEAN);
	assert_false(is_start());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nonsense_first_does_not_blind_for_good),
		TEST(a_message_is_a_candidate),
		TEST(first_data_out_of_order_is_a_candidate),
		TEST(what_was_said_before_is_remembered),
		TEST(one_line_before_the_first_message_is_fine),
		TEST(what_a_carrier_begins_is_a_candidate),
		TEST(a_side_in_a_carrier_is_shut),
		TEST(another_protocol_is_left_alone),
		TEST(mid_stream_the_end_of_a_packet_counts),
		TEST(a_decided_flow_is_looked_at_again),
		TEST(a_late_look_forgets_what_was_said),
		TEST(sequence_numbers_follow_the_data),
		TEST(a_request_of_mining_comes_late),
		TEST(a_body_of_mining_comes_late),
		TEST(a_body_in_parts_comes_late),
		TEST(what_is_not_heard_was_said),
		TEST(it_comes_very_late),
		TEST(a_frame_of_mining_comes_late),
		TEST(nothing_of_it_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
