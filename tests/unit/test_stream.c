/* test_stream.c: TCP reassembly from hand-made segments: order, overlap, loss, wrap. */
#include "tests/unit/stream_rig.h"

static void in_order_bytes_pass(void **state)
{
	(void)state;
	send_flags(UP, TCP_SYN, ISN - 1, 0, "");
	send(UP, ISN, "abc");
	send(UP, ISN + 3, "def");
	send(DOWN, 77, "other");
	expect(UP, "abcdef");
	expect(DOWN, "other");
	assert_int_equal(stats.stream_bytes, 11);
	assert_int_equal(stats.stream_gaps, 0);
}

static void one_byte_per_segment(void **state)
{
	const char *text = "{\"id\":1}\n";

	(void)state;
	for (uint32_t i = 0; i < strlen(text); i++) {
		char byte[2] = { text[i], '\0' };

		send(UP, ISN + i, byte);
	}
	expect(UP, text);
}

static void retransmissions_and_keep_alives_are_no_data(void **state)
{
	(void)state;
	send(UP, ISN, "abc");
	send(UP, ISN, "abc");
	send(UP, ISN + 1, "bc");
	send(UP, ISN + 2, "x"); /* keep-alive: one garbage byte at next - 1 */
	send(UP, ISN + 2, "");
	send(UP, ISN + 3, "def");
	send(UP, ISN, "abcdefgh"); /* only the new tail */
	expect(UP, "abcdefgh");
}

static void a_hole_is_filled_late(void **state)
{
	(void)state;
	send(UP, ISN, "ab");
	send(UP, ISN + 4, "ef");
	send(UP, ISN + 8, "ij");
	expect(UP, "ab");
	send(UP, ISN + 2, "cd");
	expect(UP, "abcdef");
	send(UP, ISN + 6, "gh");
	expect(UP, "abcdefghij");
	assert_int_equal(stats.stream_gaps, 0);
}

static void bytes_behind_a_hole_share_their_room(void **state)
{
	char byte[2] = "x";

	(void)state;
	send(UP, ISN, "a");
	for (uint32_t i = 0; i < 4000; i++) { /* each in a segment of its own */
		byte[0] = (char)('A' + i % 26);
		send(UP, ISN + 2 + i, byte);
	}
	expect(UP, "a");
	send(UP, ISN + 1, "b");
	assert_int_equal(record.len[UP], 4002);
	for (uint32_t i = 0; i < 4000; i++)
		assert_int_equal(record.text[UP][2 + i], 'A' + i % 26);
	assert_int_equal(stats.stream_gaps, 0);
}

static void the_first_data_wins(void **state)
{
	(void)state;
	send(UP, ISN, "a");
	send(UP, ISN + 3, "DE");
	send(UP, ISN + 2, "cxxf"); /* around what is held */
	send(UP, ISN + 4, "yyG");
	expect(UP, "a");
	send(UP, ISN, "zbzzzzzzH"); /* over all of it */
	expect(UP, "abcDEfGzH");
	send(UP, ISN + 9, "i");
	expect(UP, "abcDEfGzHi");
}

static void a_held_segment_keeps_its_time(void **state)
{
	uint64_t start = now_ns;

	(void)state;
	send(UP, ISN, "a");
	now_ns = start + 5 * MS;
	send(UP, ISN + 2, "c");
	now_ns = start + 9 * MS;
	send(UP, ISN + 1, "b");
	expect(UP, "abc");
	assert_int_equal(record.time_ns[UP], start + 5 * MS);
}

/* Held together, and said at different times. */
static void held_segments_of_different_times_keep_theirs(void **state)
{
	const uint64_t start = now_ns;

	(void)state;
	send(UP, ISN, "a");
	now_ns = start + 5 * MS;
	send(UP, ISN + 2, "c");
	now_ns = start + 6 * MS;
	send(UP, ISN + 3, "d"); /* as good as at once: in one piece */
	now_ns = start + 40 * MS;
	send(UP, ISN + 4, "e");
	now_ns = start + 50 * MS;
	send(UP, ISN + 1, "b");
	assert_int_equal(record.time_ns[UP], start + 40 * MS);
}

/* When the lost bytes were on their way at the latest: the segment behind them tells, or who
 * acknowledged them before it came; not who did later. */
static void a_gap_tells_since_when_it_is_past(void **state)
{
	uint64_t start = now_ns;

	(void)state;
	send(UP, ISN, "ab");
	send_flags(DOWN, TCP_ACK, 5, ISN + 2, "");
	now_ns = start + 10 * MS;
	send_flags(DOWN, TCP_ACK, 5, ISN + 4, ""); /* "cd" was there */
	now_ns = start + 20 * MS;
	send_flags(DOWN, TCP_ACK, 5, ISN + 4, "");
	send_flags(DOWN, TCP_ACK, 5, ISN + 5, "");
	send(UP, ISN + 4, "ef");
	now_ns = start + 30 * MS;
	send_flags(DOWN, TCP_ACK, 5, ISN + 6, "");
	now_ns = start + 200 * MS;
	send(UP, ISN + 8, "ij"); /* "gh" is missing as well */
	expect(UP, "ab<2>ef");
	assert_int_equal(record.until_ns[UP], start + 10 * MS);
	now_ns = start + 210 * MS;
	send_flags(DOWN, TCP_ACK, 5, ISN + 10, "");
	now_ns = start + 400 * MS;
	stream_tick(stream, now_ns, &out);
	expect(UP, "ab<2>ef<2>ij");
	assert_int_equal(record.until_ns[UP], start + 200 * MS + 1);
	send_cut(UP, ISN + 10, "kl", 4);
	assert_int_equal(record.until_ns[UP], start + 400 * MS + 1);
}

static void an_acknowledged_hole_is_given_up_after_some_time(void **state)
{
	(void)state;
	send(UP, ISN, "ab");
	send(UP, ISN + 4, "ef");
	send_flags(DOWN, TCP_ACK, 5, ISN + 4, "");
	now_ns += 99 * MS;
	stream_tick(stream, now_ns, &out);
	expect(UP, "ab");
	now_ns += 1 * MS;
	stream_tick(stream, now_ns, &out);
	expect(UP, "ab<2>ef");
	assert_int_equal(stats.stream_gaps, 1);
	send(UP, ISN + 2, "cd"); /* too late */
	send(UP, ISN + 6, "gh");
	expect(UP, "ab<2>efgh");
}

static void an_acknowledged_hole_is_given_up_after_some_segments(void **state)
{
	(void)state;
	send(UP, ISN, "ab");
	send_flags(DOWN, TCP_ACK, 5, ISN + 20, "");
	send(UP, ISN + 4, "e");
	send(UP, ISN + 5, "f");
	send(UP, ISN + 6, "g");
	send(UP, ISN + 6, "g"); /* a copy is no further segment */
	expect(UP, "ab");
	send(UP, ISN + 7, "h");
	expect(UP, "ab<2>efgh");
}

static void a_hole_that_is_not_acknowledged_waits_longer(void **state)
{
	(void)state;
	send(UP, ISN, "ab");
	send(UP, ISN + 4, "ef");
	send_flags(DOWN, TCP_ACK, 5, ISN + 3, ""); /* not all of it */
	now_ns += 2999 * MS;
	stream_tick(stream, now_ns, &out);
	expect(UP, "ab");
	now_ns += 1 * MS;
	send(UP, ISN + 6, "gh"); /* the next packet will do */
	expect(UP, "ab<2>efgh");
}

static void one_direction_is_enough(void **state)
{
	(void)state;
	send(DOWN, ISN, "ab");
	send(DOWN, ISN + 3, "d");
	now_ns += 3000 * MS;
	stream_tick(stream, now_ns, &out);
	expect(DOWN, "ab<1>d");
	expect(UP, "");
}

static void a_middle_start_begins_with_what_comes(void **state)
{
	(void)state;
	send_flags(UP, TCP_ACK, 5, 9, ""); /* no data, starts nothing */
	send(UP, ISN + 100, "middle");
	send(UP, ISN, "old");
	send(UP, ISN + 106, "!");
	expect(UP, "middle!");
}

/* Without a SYN the other side tells what it waits for, unless that is far away or past. */
static void an_acknowledgement_shows_where_a_direction_begins(void **state)
{
	(void)state;
	send_flags(UP, TCP_ACK, ISN, 500, "question");
	send_flags(UP, TCP_ACK, ISN + 8, 510, "");
	send(DOWN, 520, "end of the answer");
	now_ns += 200 * MS;
	send_flags(UP, TCP_ACK, ISN + 8, 537, "");
	expect(DOWN, "<20>end of the answer");
	setup(NULL);
	send_flags(UP, TCP_ACK, ISN, 500, "question");
	send(DOWN, 500, "answer");
	expect(DOWN, "answer");
	setup(NULL);
	send_flags(UP, TCP_ACK, ISN, 500, "question");
	send(DOWN, 490, "late"); /* the acknowledgement overtook it */
	expect(DOWN, "late");
	setup(NULL);
	send_flags(UP, TCP_ACK, ISN, 500, "question");
	send(DOWN, 500 + (16u << 20), "another");
	expect(DOWN, "another");
}

static void an_expected_number_shows_a_hole(void **state)
{
	(void)state;
	stream_expect(stream, UP, ISN);
	send(UP, ISN + 2, "cd");
	expect(UP, "");
	send(UP, ISN, "ab");
	expect(UP, "abcd");
	stream_expect(stream, UP, ISN + 50); /* too late to matter */
	send(UP, ISN + 4, "ef");
	expect(UP, "abcdef");
}

static void numbers_wrap(void **state)
{
	uint32_t seq = UINT32_MAX - 3;

	(void)state;
	send_flags(UP, TCP_SYN, seq - 1, 0, "");
	send(UP, seq + 6, "gh");
	send(UP, seq + 2, "cdef");
	send(UP, seq, "ab");
	expect(UP, "abcdefgh");
	send(UP, seq + 8, "ij");
	send(UP, seq, "abcdefghijk");
	expect(UP, "abcdefghijk");
}

static void syn_and_fin_take_a_number_each(void **state)
{
	(void)state;
	send_flags(UP, TCP_SYN, ISN, 0, "early"); /* data with the SYN */
	send_flags(UP, TCP_SYN, ISN, 0, "early");
	send(UP, ISN + 6, "!");
	send_flags(UP, TCP_FIN, ISN + 7, 0, "bye");
	send_flags(UP, TCP_FIN, ISN + 7, 0, "bye");
	send_flags(DOWN, TCP_ACK, 1, ISN + 11, "");
	send(UP, ISN + 11, "more"); /* behind the FIN: in order */
	expect(UP, "early!byemore");
	assert_int_equal(stats.stream_gaps, 0);
}

static void a_fin_waits_for_its_turn(void **state)
{
	(void)state;
	send(UP, ISN, "a");
	send_flags(UP, TCP_FIN, ISN + 2, 0, "c");
	send(UP, ISN + 1, "b");
	send(UP, ISN + 4, "d");
	expect(UP, "abcd");
}

static void what_waits_behind_a_fin_is_read(void **state)
{
	(void)state;
	send(UP, ISN, "a");
	send(UP, ISN + 4, "e"); /* one number after the FIN */
	send_flags(UP, TCP_FIN, ISN + 1, 0, "bc");
	expect(UP, "abce");
	assert_int_equal(stats.stream_gaps, 0);
}

static void cut_segments_leave_gaps(void **state)
{
	(void)state;
	send_cut(UP, ISN, "ab", 5);
	send(UP, ISN + 5, "fg");
	expect(UP, "ab<3>fg");
	send_cut(UP, ISN + 9, "j", 3); /* waits, cut as it is */
	send(UP, ISN + 12, "mn");
	send(UP, ISN + 7, "hi");
	expect(UP, "ab<3>fghij<2>mn");
	send_cut(UP, ISN + 14, "", 100);
	expect(UP, "ab<3>fghij<2>mn<100>");
	send_cut(UP, ISN + 104, "oldX", 20); /* partly old, partly lost */
	expect(UP, "ab<3>fghij<2>mn<100><10>");
	assert_int_equal(stats.stream_gaps, 4);
}

static void a_cut_segment_does_not_hide_what_is_held(void **state)
{
	(void)state;
	send(UP, ISN, "a");
	send(UP, ISN + 4, "ef");
	send_cut(UP, ISN + 1, "b", 9);
	expect(UP, "ab<2>ef<4>");
}

static void what_was_sent_and_did_not_come_is_missed(void **state)
{
	(void)state;
	stream_expect(stream, UP, ISN);
	assert_false(stream_misses(stream, UP));
	send_flags(DOWN, TCP_ACK, 7, ISN, "");
	assert_false(stream_misses(stream, UP));
	send_flags(DOWN, TCP_ACK, 7, ISN + 4, "");
	assert_true(stream_misses(stream, UP));
	assert_false(stream_misses(stream, DOWN));
	send(UP, ISN, "late");
	assert_false(stream_misses(stream, UP));
	send_flags(UP, TCP_ACK | TCP_FIN, ISN + 4, 7, "");
	send_flags(DOWN, TCP_ACK, 7, ISN + 5, "");
	assert_false(stream_misses(stream, UP));
	send_flags(UP, TCP_ACK, ISN, 50, ""); /* nothing of that direction was ever seen */
	assert_false(stream_misses(stream, DOWN));
}

static void what_was_given_up_stays_missed(void **state)
{
	(void)state;
	send(UP, ISN, "a");
	send(UP, ISN + 3, "d");
	assert_false(stream_misses(stream, UP));
	stream_flush(stream, &out);
	assert_string_equal(record.text[UP], "a<2>d");
	assert_true(stream_misses(stream, UP));
	send(UP, ISN + 4, "e");
	assert_true(stream_misses(stream, UP));
}

static void a_flush_delivers_what_is_held(void **state)
{
	(void)state;
	send(UP, ISN, "a");
	send(UP, ISN + 2, "c");
	send(UP, ISN + 5, "f");
	send(DOWN, 5, "q");
	stream_flush(stream, &out);
	expect(UP, "a<1>c<2>f");
	expect(DOWN, "q");
	stream_flush(stream, &out);
	expect(UP, "a<1>c<2>f");
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Any order, any cut, any copy: the text comes out whole as long as nothing is lost. */
static void shuffled_segments_give_the_same_text(void **state)
{
	static char text[2001];
	struct {
		uint32_t at;
		uint32_t len;
	} parts[400];

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('!' + i % 90);
	for (uint32_t round = 1; round <= 300; round++) {
		uint32_t seed = round;
		uint32_t isn = round % 3 == 0 ? UINT32_MAX - 1000 : next_random(&seed) * 77;
		size_t count = 0;

		setup(NULL);
		stream_expect(stream, UP, isn);
		for (uint32_t at = 0; at < sizeof(text) - 1; count++) {
			uint32_t left = (uint32_t)sizeof(text) - 1 - at;
			uint32_t len = 1 + next_random(&seed) % 120;

			parts[count].len = len < left ? len : left;
			parts[count].at = at;
			at += parts[count].len;
		}
		for (size_t i = 0; i + 4 < count; i++) { /* near shuffle */
			size_t j = i + next_random(&seed) % 4;
			uint32_t at = parts[i].at;
			uint32_t len = parts[i].len;

			parts[i] = parts[j];
			parts[j].at = at;
			parts[j].len = len;
		}
		for (size_t i = 0; i < count; i++) {
			uint32_t back = next_random(&seed) % 60; /* overlap */
			uint32_t at = parts[i].at > back ? parts[i].at - back : 0;
			struct packet packet =
				packet_of(isn + at, text + at, parts[i].at + parts[i].len - at);

			stream_packet(stream, UP, &packet, &out);
			if (next_random(&seed) % 4 == 0)
				stream_packet(stream, UP, &packet, &out);
		}
		expect(UP, text);
		assert_int_equal(stats.stream_bytes, sizeof(text) - 1);
		teardown(NULL);
	}
	setup(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_order_bytes_pass),
		TEST(one_byte_per_segment),
		TEST(retransmissions_and_keep_alives_are_no_data),
		TEST(a_hole_is_filled_late),
		TEST(bytes_behind_a_hole_share_their_room),
		TEST(the_first_data_wins),
		TEST(a_held_segment_keeps_its_time),
		TEST(held_segments_of_different_times_keep_theirs),
		TEST(a_gap_tells_since_when_it_is_past),
		TEST(an_acknowledged_hole_is_given_up_after_some_time),
		TEST(an_acknowledged_hole_is_given_up_after_some_segments),
		TEST(a_hole_that_is_not_acknowledged_waits_longer),
		TEST(one_direction_is_enough),
		TEST(a_middle_start_begins_with_what_comes),
		TEST(an_acknowledgement_shows_where_a_direction_begins),
		TEST(an_expected_number_shows_a_hole),
		TEST(numbers_wrap),
		TEST(syn_and_fin_take_a_number_each),
		TEST(a_fin_waits_for_its_turn),
		TEST(what_waits_behind_a_fin_is_read),
		TEST(cut_segments_leave_gaps),
		TEST(a_cut_segment_does_not_hide_what_is_held),
		TEST(what_was_sent_and_did_not_come_is_missed),
		TEST(what_was_given_up_stays_missed),
		TEST(a_flush_delivers_what_is_held),
		TEST(shuffled_segments_give_the_same_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
