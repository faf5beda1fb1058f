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

#define INDEX 7 /* of the flow */

static struct flow flow;
static struct stats stats;
static struct candidate_kept kept;
static uint64_t now_ns;
static char found[4096]; /* what was kept of the message that was worth it, holes as '~' */

static int setup(void **state)
{
	(void)state;
	memset(&stats, 0, sizeof(stats));
	kept = (struct candidate_kept){ opening_table_new(4, &stats), INDEX };
	assert_non_null(kept.table);
	now_ns = 1;
	memset(&flow, 0, sizeof(flow));
	flow.next_seq[UP] = 1000; /* as flow_touch() leaves it after both SYNs */
	flow.next_seq[DOWN] = 2000;
	flow.seq_known = 3;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	opening_table_free(kept.table);
	return 0;
}

/* What an inspection would begin with. */
static void take_parts(enum direction dir)
{
	uint32_t next = 0;
	uint32_t seq = 0;
	size_t len = 0;

	for (size_t number = 0;; number++) {
		struct slice part = candidate_part(&flow, dir, &kept, number, &seq);

		if (part.len == 0)
			break;
		if (number > 0 && seq != next)
			found[len++] = '~';
		next = seq + (uint32_t)part.len;
		len += slice_copy(part, found + len, sizeof(found) - len);
	}
	found[len] = '\0';
	candidate_drop_parts(&flow, &kept);
}

/* As the worker does it. */
static bool look_at_packet(enum direction dir, const struct packet *packet)
{
	bool is_candidate = ((flow.late & CANDIDATE_GIVEN_UP) != 0 &&
			     candidate_look_again(&flow, dir, packet, &kept)) ||
			    candidate_look(&flow, dir, packet);

	if (is_candidate)
		take_parts(dir);
	candidate_advance(&flow, dir, packet);
	return is_candidate;
}

static bool look_at(enum direction dir, const void *bytes, size_t len, uint32_t seq)
{
	return look_at_packet(dir, &(struct packet){ .time_ns = now_ns,
						     .tcp_seq = seq,
						     .payload = slice_of(bytes, len),
						     .payload_wire = (uint32_t)len });
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

/* A line before the first message, and its end again before that: no two lines. */
static void what_is_repeated_is_said_once(void **state)
{
	static const char text[] = "me\r\n{\"id\":1}";
	struct packet packet = { .payload = slice_str(text), .payload_wire = sizeof(text) - 1 };

	(void)state;
	assert_false(look(DOWN, "Welcome\r\n"));
	assert_false(look(UP, "Welcome\r\n"));
	assert_true(candidate_is_heard(&flow, UP));
	packet.tcp_seq = flow.next_seq[UP] - 4;
	assert_int_equal(candidate_repeats(&flow, UP, &packet), 4);
	assert_true(look_at_packet(UP, &packet));
	assert_int_equal(candidate_repeats(&flow, UP, &packet), 0); /* all of it */
	packet.tcp_seq = flow.next_seq[UP] - 5;
	assert_int_equal(candidate_repeats(&flow, UP, &packet), 0); /* begins before it */
	packet.tcp_seq = flow.next_seq[DOWN] + 1;
	assert_int_equal(candidate_repeats(&flow, DOWN, &packet), 0); /* a hole */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define HEAD      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n"
#define ASK(body) HEAD body
#define WORK      "{\"method\":\"getwork\"}"
#define OTHER     "{\"method\":\"getinfo\"}"
#define ANSWER    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

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
	assert_false(look(UP, ASK(OTHER)));
	assert_false(look(UP, ASK(WORK))); /* not answered yet: it may be quoted */
	assert_false(look(DOWN, "HTTP/1.1 100 Continue\r\n\r\n"));
	assert_false(look(UP, ASK(WORK))); /* what the server said was "go on" */
	assert_false(look(DOWN, ASK(WORK)));
	assert_true(look(UP, ASK(WORK)));
	assert_string_equal(found, ASK(WORK));
	assert_true(is_start());
}

/* Its head comes by itself, and is looked at with its body. */
static void a_request_comes_in_parts(void **state)
{
	(void)state;
	give_up();
	for (int i = 0; i < 3; i++) {
		assert_false(look(UP, HEAD));
		assert_false(look(UP, OTHER));
		assert_false(look(DOWN, ANSWER));
	}
	assert_false(look(UP, HEAD));
	assert_false(look(DOWN, "HTTP/1.1 100 Continue\r\n\r\n"));
	assert_true(look(UP, WORK));
	assert_string_equal(found, ASK(WORK));
	assert_true(is_start());
	assert_false(look(DOWN, ANSWER));
	assert_false(look(UP, WORK)); /* nothing of it is kept any more */
}

/* So is every byte, twice. */
static void a_request_comes_by_bytes(void **state)
{
	const char *text = ASK(WORK);
	size_t at = 0;

	(void)state;
	give_up();
	while (!look_at(UP, text + at, 1, flow.next_seq[UP])) {
		assert_false(look_at(UP, text + at, 1, flow.next_seq[UP] - 1));
		at++;
	}
	assert_non_null(strstr(found, "getwork"));
	assert_memory_equal(found, text, strlen(found));
}

/* The end first; and what was sent again before it, in the same packet. */
static void a_request_comes_in_any_order(void **state)
{
	const char *text = ASK(WORK);
	const size_t half = strlen(HEAD) + 4;
	uint32_t begin;

	(void)state;
	give_up();
	begin = flow.next_seq[UP];
	assert_false(look_at(UP, text + half, strlen(text) - half, begin + (uint32_t)half));
	assert_true(look_at(UP, text, half, begin));
	assert_string_equal(found, text);
	assert_true(is_start());
	assert_false(look(DOWN, ANSWER));
	assert_true(look_at(UP, "}" ASK(WORK), strlen(ASK(WORK)) + 1, flow.next_seq[UP] - 1));
	assert_string_equal(found, text);
	assert_true(is_start());
}

/* What is ahead of a hole is given with the rest, where the word stands before the hole. */
static void a_request_has_a_hole(void **state)
{
	uint32_t begin;

	(void)state;
	give_up();
	begin = flow.next_seq[UP];
	assert_false(look(UP, HEAD));
	assert_false(look_at(UP, "end", 3, begin + (uint32_t)strlen(ASK(WORK)) + 1));
	assert_true(look_at(UP, WORK, strlen(WORK), begin + (uint32_t)strlen(HEAD)));
	assert_string_equal(found, ASK(WORK) "~end");
}

/* A body as a page quotes it, or after what the server said. */
static void a_part_is_no_request(void **state)
{
	(void)state;
	give_up();
	assert_false(look(UP, HEAD));
	assert_false(look(UP, "<p>A call for work is " WORK));
	assert_false(look(UP, HEAD WORK));
	assert_false(look(DOWN, ANSWER));
	assert_false(look(UP, HEAD));
	assert_false(look(DOWN, ANSWER));
	assert_false(look(UP, "getwork"));
}

/* Where the table is full the oldest is forgotten, and what is begun does not stay for ever. */
static void what_is_kept_is_bounded(void **state)
{
	char long_body[OPENING_BYTES];

	(void)state;
	give_up();
	assert_false(look(UP, HEAD));
	for (uint32_t other = 1; other <= 4; other++)
		opening_begin(kept.table, other, 0, now_ns + other);
	assert_int_equal(stats.openings_capped, 1);
	assert_false(look(UP, WORK));
	for (uint32_t other = 1; other <= 4; other++)
		opening_end(kept.table, other);
	assert_false(look(DOWN, ANSWER));
	assert_true(look(UP, HEAD)); /* words were seen whose head was not there */
	assert_string_equal(found, HEAD);

	candidate_forget(&flow);
	give_up();
	assert_false(look(UP, HEAD));
	now_ns += (OPENING_PATIENCE_S + 1) * UINT64_C(1000000000);
	assert_false(look(UP, "{"));
	assert_false(look(UP, "\"method\":\"getwork\"}"));

	memset(long_body, ' ', sizeof(long_body));
	assert_false(look(DOWN, ANSWER));
	assert_false(look(UP, "POST / HTTP/1.1\r\n\r\n"));
	assert_false(look_at(UP, long_body, sizeof(long_body), flow.next_seq[UP]));
	assert_false(look(UP, "\"method\":\"getwork\"}"));
	assert_int_equal(opening_bytes(kept.table, INDEX).len, 0);
}

/* A flow that ends leaves nothing behind for the one that takes its place. */
static void what_is_kept_ends_with_the_flow(void **state)
{
	(void)state;
	give_up();
	assert_false(look(UP, HEAD));
	candidate_drop_parts(&flow, &kept);
	assert_int_equal(opening_bytes(kept.table, INDEX).len, 0);
	assert_false(look(UP, WORK));
}

/* A body whose head was lost is in chunks, or in more packets than one: the next request will do.
 */
static void a_body_comes_without_its_head(void **state)
{
	(void)state;
	give_up();
	flow.next_seq[UP] += 100;
	assert_false(look(UP, "1f4\r\n{\"method\":\"getwork\","));
	assert_false(look(UP, "\"params\":[]}\r\n"));
	assert_false(look(DOWN, ANSWER));
	assert_true(look(UP, HEAD));
	assert_string_equal(found, HEAD);
	assert_true(is_start());
}

/* A request of the client's that acknowledges so many bytes more than the one before. */
static bool ask_acked(uint32_t more)
{
	struct packet packet = { .tcp_seq = flow.next_seq[UP],
				 .tcp_ack = flow.next_seq[DOWN] + more,
				 .payload = slice_str(ASK(WORK)),
				 .payload_wire = sizeof(ASK(WORK)) - 1 };
	return look_at_packet(UP, &packet);
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

/* So has a client that is not heard: its server's replies are looked at. */
static void replies_alone_come_late(void **state)
{
	struct packet packet = { .payload =
					 slice_str("HTTP/1.1 200 OK\r\n\r\n{\"target\":\"00\"}") };

	(void)state;
	flow.seq_known = 2;
	candidate_shut(&flow, DOWN);
	for (unsigned i = 0; i < 3; i++) {
		packet.tcp_seq = flow.next_seq[DOWN];
		packet.tcp_ack = i < 2 ? 500 : 900;
		packet.payload_wire = (uint32_t)packet.payload.len;
		assert_int_equal(look_at_packet(DOWN, &packet), i == 2);
	}
	assert_true(is_start());
}

/* Joined in an upload it is a connection of HTTP as soon as the server says so, or for want of the
 * server when the client has said much. */
static void an_upload_was_joined(void **state)
{
	char upload[2048];

	(void)state;
	memset(upload, 0xff, sizeof(upload));
	flow.flags = FLOW_MIDSTREAM;
	flow.seq_known = 0;
	assert_false(look_at(UP, upload, sizeof(upload), 1));
	assert_int_equal(flow.late & CANDIDATE_GIVEN_UP, 0);
	assert_false(look(UP, "\xff"));
	assert_true((flow.late & CANDIDATE_GIVEN_UP) != 0);
	assert_false(look(DOWN, "\xff"));
	assert_int_equal(flow.late & CANDIDATE_GIVEN_UP, 0);

	memset(&flow, 0, sizeof(flow));
	flow.flags = FLOW_MIDSTREAM | FLOW_DECIDED;
	assert_false(look(UP, "\xff\xfe\xfd"));
	assert_int_equal(flow.late & CANDIDATE_GIVEN_UP, 0);
	assert_false(look(DOWN, ANSWER));
	assert_false(look(UP, HEAD));
	assert_true(look(UP, WORK));
	assert_string_equal(found, ASK(WORK));
	assert_true(is_start());
}

/* What is sent again is no turn of who sends it. */
static void what_comes_again_is_not_new(void **state)
{
	(void)state;
	give_up();
	assert_false(look(UP, ASK(OTHER)));
	assert_false(look(DOWN, ANSWER));
	assert_false(look_at(UP, OTHER, strlen(OTHER), flow.next_seq[UP] - 20));
	assert_true(look(UP, ASK(WORK)));
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
	assert_false(look(DOWN, "\x81"));
	assert_false(look(UP, "\x81\x02hi"));
	assert_true(look(DOWN, "\x0e{\"type\":\"job\"}"));
	assert_string_equal(found, "\x81\x0e{\"type\":\"job\"}");
	assert_false(is_start());
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
		TEST(what_is_repeated_is_said_once),
		TEST(sequence_numbers_follow_the_data),
		TEST(a_request_of_mining_comes_late),
		TEST(a_request_comes_in_parts),
		TEST(a_request_comes_by_bytes),
		TEST(a_request_comes_in_any_order),
		TEST(a_request_has_a_hole),
		TEST(a_part_is_no_request),
		TEST(what_is_kept_is_bounded),
		TEST(what_is_kept_ends_with_the_flow),
		TEST(a_body_comes_without_its_head),
		TEST(replies_alone_come_late),
		TEST(an_upload_was_joined),
		TEST(what_comes_again_is_not_new),
		TEST(what_is_not_heard_was_said),
		TEST(it_comes_very_late),
		TEST(a_frame_of_mining_comes_late),
		TEST(nothing_of_it_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
