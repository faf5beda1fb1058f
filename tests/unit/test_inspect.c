/* test_inspect.c: flows from packets to sessions with the real dialects: every cut, loss, one side,
 * junk, changes of dialect, look-alikes, caps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "tests/unit/inspect_rig.h"

struct line {
	enum direction dir;
	const char *text;
};

/* A login, two jobs, three shares of which one is refused. */
static const struct line conversation[] = {
	{ UP, XMR_LOGIN },
	{ DOWN, XMR_LOGGED_IN },
	{ UP, XMR_SUBMIT("2", "j1", "00000001") },
	{ DOWN, XMR_OK("2") },
	{ DOWN, XMR_PUSH },
	{ UP, XMR_SUBMIT("3", "j2", "00000002") },
	{ DOWN, XMR_LOW("3") },
	{ UP, XMR_SUBMIT("4", "j2", "00000003") },
	{ DOWN, XMR_OK("4") },
};

#define LINES (sizeof(conversation) / sizeof(conversation[0]))

static void expect_conversation(const struct session_view *v)
{
	assert_int_equal(v->level, LEVEL_CONFIRMED);
	assert_string_equal(v->dialect, "cryptonote");
	assert_string_equal(v->wallet, WALLET);
	assert_int_equal(v->wallet_check, WALLET_VALID);
	assert_string_equal(v->worker, "w1");
	assert_string_equal(v->algo, "rx/0");
	assert_int_equal(v->submitted, 3);
	assert_int_equal(v->accepted, 2);
	assert_int_equal(v->rejected, 1);
	assert_true(v->work == 20000);
	assert_string_equal(v->reason, "Low difficulty share");
}

static void a_conversation_becomes_a_session(void **state)
{
	struct session_view v;

	(void)state;
	for (size_t i = 0; i < LINES; i++) {
		send(conversation[i].dir, conversation[i].text);
		now_ns += SECOND;
		if (i == 0)
			assert_int_equal(view().level, LEVEL_LIKELY); /* at the login itself */
	}
	v = view();
	expect_conversation(&v);
	assert_int_equal(v.first_job_ns, START + SECOND);
	assert_int_equal(v.window_ns, 8 * SECOND);
	assert_true(v.hashrate == 2500);
	assert_int_equal(stats.messages, LINES);
	assert_int_equal(stats.messages_unknown, 0);
	assert_int_equal(stats.messages_bad, 0);
	assert_false(inspect_is_idle(flow));
}

static void every_segment_size_gives_the_same_view(void **state)
{
	struct session_view first;
	struct session_view again;

	(void)state;
	for (size_t step = 1; step <= 400; step++) {
		restart();
		for (size_t i = 0; i < LINES; i++)
			send_steps(conversation[i].dir, conversation[i].text, step);
		again = view();
		if (step == 1)
			first = again;
		expect_conversation(&again);
		assert_memory_equal(&first, &again, sizeof(first));
	}
}

static void every_cut_of_three_messages_gives_the_same_view(void **state)
{
	const char *text = XMR_SUBMIT("2", "j1", "00000001") XMR_SUBMIT("3", "j1", "00000002")
		XMR_SUBMIT("4", "j1", "00000003");
	size_t len = strlen(text);

	(void)state;
	for (size_t one = 0; one <= len; one += 7) {
		for (size_t two = one; two <= len; two++) {
			restart();
			send_bytes(UP, text, one, one);
			send_bytes(UP, text + one, two - one, two - one);
			send_bytes(UP, text + two, len - two, len - two);
			assert_int_equal(view().submitted, 3);
			assert_int_equal(stats.messages, 3);
			assert_int_equal(stats.messages_bad, 0);
		}
	}
}

static void one_side_is_enough(void **state)
{
	(void)state;
	for (size_t i = 0; i < LINES; i++)
		if (conversation[i].dir == UP)
			send(UP, conversation[i].text);
	assert_int_equal(view().level, LEVEL_CONFIRMED);
	assert_string_equal(view().wallet, WALLET);
	assert_int_equal(view().submitted, 3);
	assert_int_equal(view().has_replies, 0);
	restart();
	for (size_t i = 0; i < LINES; i++)
		if (conversation[i].dir == DOWN)
			send(DOWN, conversation[i].text);
	assert_int_equal(view().level, LEVEL_CONFIRMED);
	assert_true(view().difficulty == 10000);
	assert_string_equal(view().wallet, "");
}

/* A log of a session, sent as it is: it is what its first line looks like, and no more; nobody's if
 * it comes from whom a miner would have called. Once the other side speaks, too, all counts. */
static void one_side_that_says_all_recites(void **state)
{
	for (unsigned dir = 0; dir < 2; dir++) {
		restart();
		for (size_t i = 0; i < LINES; i++)
			send(dir == 0 ? UP : DOWN, conversation[i].text);
		assert_int_equal(view().level, dir == 0 ? LEVEL_LIKELY : LEVEL_NONE);
		assert_int_equal(view().submitted, 0);
		assert_string_equal(view().algo, "");
	}
	(void)state;
	/* what asks for a log says nothing as anybody */
	restart();
	send(UP, "cat log\n");
	for (size_t i = 0; i < LINES; i++)
		send(DOWN, conversation[i].text);
	assert_int_equal(view().level, LEVEL_NONE);
	restart();
	send(UP, XMR_LOGIN);
	send(UP, XMR_PUSH);
	send(DOWN, XMR_PUSH); /* an echo is no word of its own */
	send(UP, XMR_SUBMIT("2", "j1", "00000001"));
	assert_int_equal(view().level, LEVEL_LIKELY);
	send(DOWN, XMR_LOGGED_IN);
	send(UP, XMR_SUBMIT("3", "j1", "00000002"));
	assert_int_equal(view().level, LEVEL_CONFIRMED);
	assert_int_equal(view().submitted, 1);
}

/* A miner that was called, as through a tunnel that was dug from outside: the answers prove it. */
static void who_was_called_is_a_miner_once_he_is_answered(void **state)
{
	(void)state;
	restart();
	send(DOWN, XMR_LOGIN);
	assert_int_equal(view().level, LEVEL_NONE);
	send(UP, XMR_PUSH);
	assert_int_equal(view().level, LEVEL_CONFIRMED);
	assert_string_equal(view().wallet, WALLET);
	send(DOWN, XMR_SUBMIT("2", "j1", "00000001"));
	assert_int_equal(view().submitted, 1);
	/* a share and its answer, as well */
	restart();
	send(DOWN, XMR_SUBMIT("2", "j1", "00000001"));
	assert_int_equal(view().level, LEVEL_NONE);
	send(UP, "{\"id\":2,\"jsonrpc\":\"2.0\",\"error\":null,\"result\":{\"status\":\"OK\"}}\n");
	assert_int_equal(view().level, LEVEL_CONFIRMED);
	assert_int_equal(view().accepted, 1);
}

static void halves_of_two_lines_are_never_joined(void **state)
{
	const char *first = XMR_SUBMIT("2", "j1", "00000001");
	const char *second = XMR_SUBMIT("3", "j1", "00000002");
	const char *third = XMR_SUBMIT("4", "j1", "00000003");
	size_t len = strlen(first);

	(void)state;
	for (size_t cut = 1; cut < len - 1;
	     cut++) { /* lost: from cut to the same place of the next */
		restart();
		send(UP, XMR_LOGIN);
		send_bytes(UP, first, cut, cut);
		lose(UP, (uint32_t)len);
		send(UP, second + cut);
		now_ns += 4 * SECOND;
		inspect_tick(flow, now_ns);
		send(UP, third);
		assert_int_equal(stats.stream_gaps, 1);
		assert_in_range(view().submitted, 1,
				2); /* a cut share counts when all of it was there */
		assert_int_equal(view().workers, 1);
		assert_true(evidence_has(&inspect_session(flow)->view.evidence, EVIDENCE_GAP));
	}
}

static void a_reply_finds_the_share_that_waits_behind_a_hole(void **state)
{
	(void)state;
	send(UP, XMR_LOGIN);
	send(DOWN, XMR_LOGGED_IN);
	lose(UP, 100);
	now_ns += SECOND;
	send(UP, XMR_SUBMIT("2", "j1", "00000001"));
	now_ns += 50 * (SECOND / 1000);
	send(DOWN, XMR_OK("2"));
	assert_int_equal(view().submitted, 0); /* the tap may only be out of order */
	now_ns += 5 * SECOND;
	inspect_tick(flow, now_ns);
	assert_int_equal(view().submitted, 1);
	assert_int_equal(view().accepted, 1);
	assert_int_equal(view().last_share_ns, START + SECOND);
}

/* The pool's yes overtakes a share that waits behind a hole: it is no share of its own. */
static void no_reply_stands_for_a_share_that_is_held(void **state)
{
	(void)state;
	inspect_expect(flow, UP, seqs[UP]); /* the SYN told where the client begins */
	lose(UP, 40);
	send(DOWN, XMR_LOGGED_IN);
	now_ns += SECOND;
	send(UP, XMR_SUBMIT("2", "j1", "00000001"));
	now_ns += 50 * (SECOND / 1000);
	send(DOWN, XMR_OK("2"));
	assert_int_equal(view().submitted, 0);
	now_ns += 5 * SECOND;
	inspect_tick(flow, now_ns);
	assert_int_equal(view().submitted, 1);
	assert_int_equal(view().accepted, 1);
}

/* The same before anything told what the flow is. */
static void a_reply_may_come_before_all_that_tells(void **state)
{
	(void)state;
	inspect_expect(flow, UP, seqs[UP]);
	lose(UP, 40);
	send(UP, XMR_SUBMIT("2", "j1", "00000001"));
	now_ns += 50 * (SECOND / 1000);
	send(DOWN, XMR_OK("2"));
	assert_int_equal(view().level, LEVEL_NONE);
	now_ns += 5 * SECOND;
	inspect_tick(flow, now_ns);
	assert_int_equal(view().submitted, 1);
	assert_int_equal(view().accepted, 1);
}

/* What has a face is waited for, though its first bytes are of any size. */
static void binary_messages_may_come_byte_by_byte(void **state)
{
	static const char two[] = "\x7f\x02\x0f\0\7\3\0\1\0\0\0\x2a\x0f\x1e\x5c"
				  "\x7f\x12\x0f\0\7\3\0\2\0\0\0\x2a\x0f\x1e\x5c\0\0\xa0\0";

	(void)state;
	inspect_free(flow);
	flow = inspect_new(pool, in_middle);
	for (size_t i = 0; i < sizeof(two) - 1; i++)
		send_bytes(UP, two + i, 1, 1);
	assert_string_equal(view().dialect, "btcagent");
	assert_int_equal(view().submitted, 1); /* before two, one is a chance */
}

static void a_cut_login_still_names_the_wallet(void **state)
{
	size_t len = strlen(XMR_LOGIN);

	(void)state;
	send_bytes(UP, XMR_LOGIN, len - 40, len); /* the snaplen took the rest */
	assert_int_equal(view().level, LEVEL_LIKELY);
	assert_string_equal(view().wallet, WALLET);
	assert_int_equal(stats.messages_unknown, 0);
	send(UP, XMR_SUBMIT("3", "j1", "00000002"));
	assert_int_equal(view().submitted, 1);
}

static void a_flush_reads_what_has_no_end(void **state)
{
	size_t len = strlen(XMR_LOGIN);

	(void)state;
	send_bytes(UP, XMR_LOGIN, len - 40, len - 40);
	assert_int_equal(view().level, LEVEL_NONE);
	inspect_flush(flow, now_ns);
	assert_int_equal(view().level, LEVEL_LIKELY);
	assert_string_equal(view().wallet, WALLET);
}

static void out_of_order_and_repeated_segments_count_once(void **state)
{
	const char *share = XMR_SUBMIT("2", "j1", "00000001");
	uint32_t start = seqs[UP];
	uint32_t len = (uint32_t)strlen(share);

	(void)state;
	send(UP, XMR_LOGIN);
	uint32_t at = seqs[UP];
	lose(UP, 20);
	send_bytes(UP, share + 20, len - 20, len - 20);
	assert_int_equal(view().submitted, 0);
	seqs[UP] = at;
	send_bytes(UP, share, 20, 20);
	assert_int_equal(view().submitted, 1);
	seqs[UP] = start;
	send(UP, XMR_LOGIN);
	send(UP, share);
	seqs[UP] -= 1;
	send(UP, "\x01"); /* keep-alive */
	send(UP, XMR_SUBMIT("3", "j1", "00000002"));
	assert_int_equal(view().submitted, 2);
	assert_int_equal(stats.messages, 3);
}

static void junk_before_the_first_message_is_skipped(void **state)
{
	(void)state;
	send(UP, "PROXY TCP4 192.0.2.7 198.51.100.9 51000 3333\r\n");
	send(UP, "\xef\xbb\xbf  \n");
	send(UP, XMR_LOGIN);
	assert_int_equal(view().level, LEVEL_LIKELY);
	assert_int_equal(stats.messages_bad, 0);
}

static void a_broken_line_does_not_hide_the_next(void **state)
{
	(void)state;
	send(UP, XMR_LOGIN);
	send(UP, "{\"id\":7,\"method\":\"sub\x01mit\n" XMR_SUBMIT("2", "j1", "00000001"));
	assert_int_equal(view().submitted, 1);
	assert_true(stats.messages_bad > 0);
}

static void a_dialect_can_change_in_mid_flow(void **state)
{
	(void)state;
	send(UP, V1_SUBSCRIBE V1_AUTHORIZE);
	assert_string_equal(view().dialect, "stratum-v1");
	assert_string_equal(view().worker, "rig07");
	send(UP, XMR_LOGIN);
	send(DOWN, XMR_LOGGED_IN);
	assert_string_equal(view().dialect, "cryptonote");
	assert_string_equal(view().wallet, WALLET); /* better than the account */
	send(DOWN, V1_NOTIFY);
	assert_string_equal(view().dialect, "stratum-v1");
	send(UP, XMR_SUBMIT("5", "j1", "00000001")); /* its state was kept */
	send(DOWN, XMR_OK("5"));
	assert_int_equal(view().accepted, 1);
	assert_int_equal(stats.messages_unknown, 0);
}

/* Whoever says which Stratum it speaks asks to mine: whether it does is for the pool to say. */
static void a_refused_login_is_no_session(void **state)
{
	static const char *const greetings[] = {
		"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"ethminer 0.19.0\","
		"\"EthereumStratum/1.0.0\"]}\n",
		"{\"id\":1,\"method\":\"mining.hello\",\"params\":{\"agent\":\"ethminer-0.19\","
		"\"host\":\"etc.example.com\",\"port\":\"115c\","
		"\"proto\":\"EthereumStratum/2.0.0\"}}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++)
		for (int is_let_in = 0; is_let_in < 2; is_let_in++) {
			restart();
			send(UP, greetings[i]);
			assert_int_equal(view().level, LEVEL_LIKELY);
			send(DOWN, "{\"id\":1,\"result\":null,\"error\":[20,\"Not here\",null]}\n");
			send(UP, V1_AUTHORIZE);
			send(DOWN, is_let_in ? "{\"id\":2,\"result\":true,\"error\":null}\n"
					     : "{\"id\":2,\"result\":false,\"error\":null}\n");
			assert_int_equal(view().level, is_let_in ? LEVEL_CONFIRMED : LEVEL_LIKELY);
			assert_int_equal(view().is_refused, !is_let_in);
		}
}

static void swapped_roles_are_put_right(void **state)
{
	(void)state;
	send(DOWN, XMR_LOGIN); /* the flow table guessed wrong */
	assert_true(session_roles_swapped(inspect_session(flow), false));
	send_bytes(DOWN, XMR_SUBMIT("2", "j1", "00000001"), 30, 30);
	inspect_swap_roles(flow);
	assert_false(session_roles_swapped(inspect_session(flow), false));
	uint32_t seq = seqs[UP];
	seqs[UP] = seqs[DOWN];
	seqs[DOWN] = seq;
	send(UP, &XMR_SUBMIT("2", "j1", "00000001")[30]); /* the same stream goes on */
	send(DOWN, XMR_LOGGED_IN XMR_OK("2"));
	assert_int_equal(view().submitted, 1);
	assert_int_equal(view().accepted, 1);
	assert_int_equal(stats.stream_gaps, 0);
}

static void look_alikes_are_given_up(void **state)
{
	static const char *const lines[] = {
		"{\"id\":1,\"method\":\"server.version\",\"params\":[\"4.0\",\"1.4\"]}\n",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"textDocument/hover\",\"params\":{}}\n",
		"{\"event\":\"chat\",\"text\":\"{\\\"id\\\":1,\\\"method\\\":\\\"login\\\"}\"}\n",
		"{\"job\":{\"id\":4,\"status\":\"queued\"}}\n",
	};

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		send(UP, lines[i % 4]);
		assert_false(inspect_is_idle(flow));
	}
	send(UP, lines[3]);
	assert_true(inspect_is_idle(flow));
	assert_int_equal(view().level, LEVEL_NONE);
	assert_int_equal(stats.messages_unknown, 8);
	assert_int_equal(stats.findings, 0);
}

static void silence_and_nonsense_are_given_up(void **state)
{
	static char text[LIMIT_HINT_BYTES + 1];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	send_bytes(UP, text, LIMIT_HINT_BYTES - 1, LIMIT_HINT_BYTES - 1);
	assert_false(inspect_is_idle(flow));
	send(UP, "a");
	assert_true(inspect_is_idle(flow));
	restart();
	for (int i = 0; i < 4; i++) {
		assert_false(inspect_is_idle(flow));
		send(UP, "{\"a\x01\n");
	}
	assert_true(inspect_is_idle(flow));
	restart();
	send(UP, XMR_LOGIN); /* an open session is never given up */
	for (int i = 0; i < 20; i++) {
		send_bytes(UP, text, sizeof(text) - 1, sizeof(text) - 1);
		send(UP, "{\"a\x01\n{\"what\":1}\n");
	}
	assert_false(inspect_is_idle(flow));
	send(UP, XMR_SUBMIT("2", "j1", "00000001"));
	assert_int_equal(view().submitted, 1);
}

static void an_endless_message_is_dropped(void **state)
{
	static char text[1001];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	send(UP, XMR_LOGIN);
	send(UP, "{\"id\":5,\"method\":\"");
	for (int i = 0; i < 80; i++)
		send(UP, text);
	assert_true(stats.messages_bad > 60000);
	send(UP, "\"}\n" XMR_SUBMIT("2", "j1", "00000001"));
	assert_int_equal(view().submitted, 1);
}

/* Of a share with a proof of 200 KB its beginning is read, and its answer finds it. */
static void a_message_beyond_the_cap_counts_by_its_beginning(void **state)
{
	static char text[1001];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	send(UP, XMR_LOGIN);
	send(DOWN, XMR_LOGGED_IN);
	for (int share = 2; share < 4; share++) {
		const char *line = share == 2 ? XMR_SUBMIT("2", "j1", "00000001")
					      : XMR_SUBMIT("3", "j1", "00000002");

		send_bytes(UP, line, strlen(line) - 3, strlen(line) - 3); /* without "}}\n" */
		send(UP, ",\"proof\":\"");
		for (int i = 0; i < 200; i++)
			send(UP, text);
		send(UP, "\"}}\n");
		send(DOWN, share == 2 ? XMR_OK("2") : XMR_LOW("3"));
	}
	assert_int_equal(view().submitted, 2);
	assert_int_equal(view().accepted, 1);
	assert_int_equal(view().rejected, 1);
}

static void a_long_message_in_small_pieces_is_read(void **state)
{
	static char text[30000];

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, XMR_LOGIN, strlen(XMR_LOGIN) - 3); /* without its closing braces */
	memcpy(text + sizeof(text) - 4, "}}\n", 4);
	send_steps(UP, text, 3);
	assert_int_equal(view().level, LEVEL_NONE); /* waits: scanning costs */
	inspect_tick(flow, now_ns);
	for (int i = 0; i < 10; i++)
		inspect_tick(flow, now_ns);
	assert_int_equal(view().level, LEVEL_LIKELY);
	assert_string_equal(view().wallet, WALLET);
}

static void messages_that_say_nothing_cost_their_sender(void **state)
{
	static char text[60001];

	(void)state;
	send(UP, XMR_LOGIN);
	for (size_t i = 0; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, "{}", 2);
	send(UP, text);
	assert_true(stats.messages_unknown < 6000);
	assert_true(stats.messages_bad > 40000);
	send(UP, XMR_SUBMIT("2", "j1", "00000001"));
	assert_int_equal(view().submitted, 1);
}

static void message_memory_is_capped(void **state)
{
	static char begin[5001] = "{\"";
	struct inspect *other;

	(void)state;
	memset(begin + 2, 'a', sizeof(begin) - 3);
	inspect_free(flow);
	inspect_pool_free(pool);
	pool = inspect_pool_new(2, 1, 0, &stats); /* one large block */
	assert_non_null(pool);
	flow = inspect_new(pool, at_start);
	other = inspect_new(pool, at_start);
	assert_non_null(other);
	assert_null(inspect_new(pool, at_start));
	assert_int_equal(stats.inspect_capped, 1);
	send(UP, begin);
	assert_int_equal(stats.messages_bad, 0);
	struct inspect *first = flow;
	flow = other;
	seqs[UP] = 1;
	send(UP, XMR_LOGIN "{\"id\":");
	assert_int_equal(view().level, LEVEL_LIKELY); /* whole messages need no memory */
	assert_int_equal(stats.messages_bad, 6);
	send(UP, XMR_SUBMIT("2", "j1", "00000001"));
	assert_int_equal(view().submitted, 1);
	inspect_free(first);
	send_steps(UP, XMR_SUBMIT("3", "j1", "00000002"), 10);
	assert_int_equal(view().submitted, 2);
}

static void a_quotation_is_no_session(void **state)
{
	(void)state;
	send(UP, "NICK mole\r\nPRIVMSG #pool :" XMR_LOGIN);
	assert_int_equal(view().level, LEVEL_NONE);
	assert_false(inspect_is_idle(flow)); /* the other side may still mean it */
	send(DOWN, ":irc.example.org PRIVMSG #pool :" XMR_OK("1"));
	assert_true(inspect_is_foreign(flow));
	assert_true(inspect_is_idle(flow));
	send(UP, XMR_SUBMIT("2", "j1", "00000001"));
	assert_int_equal(view().level, LEVEL_NONE);
}

static void one_foreign_side_is_given_little_time(void **state)
{
	char text[1024];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	send(DOWN, "<pre>\n<b>\n" XMR_LOGIN);
	for (int i = 0; i < 5; i++) {
		assert_false(inspect_is_foreign(flow) && i < 3);
		send(DOWN, text);
	}
	assert_true(inspect_is_foreign(flow));
}

static void a_freed_flow_leaves_nothing_behind(void **state)
{
	(void)state;
	send(UP, XMR_LOGIN "{\"id\":7,");
	inspect_free(flow);
	flow = inspect_new(pool, at_start);
	assert_int_equal(view().level, LEVEL_NONE);
	seqs[UP] = 500;
	send(DOWN, XMR_OK("1")); /* nobody knows this answer any more */
	assert_int_equal(stats.messages, 1);
	assert_int_equal(stats.messages_unknown, 1);
	send(UP, XMR_SUBMIT("2", "j1", "00000001"));
	assert_int_equal(view().submitted, 1);
}

/* A login of n bytes, most of them in a member that nobody knows, and before all others. */
static char *long_login(size_t n)
{
	char *text = calloc(1, n + 1);
	size_t tail = strlen(XMR_LOGIN) - 1;
	size_t head = strlen("{\"x\":\"");

	assert_non_null(text);
	memset(text, 'a', n);
	memcpy(text, "{\"x\":\"", head);
	memcpy(text + n - tail - 2, "\",", 2);
	memcpy(text + n - tail, XMR_LOGIN + 1, tail);
	return text;
}

static void a_long_message_is_waited_for(void **state)
{
	char *text = long_login(60000);

	(void)state;
	send_steps(UP, text, 1460);
	for (int i = 0; i < 64 && view().level == LEVEL_NONE; i++) {
		assert_false(inspect_is_idle(flow));
		now_ns += SECOND;
		inspect_tick(flow, now_ns);
	}
	assert_int_equal(view().level, LEVEL_LIKELY);
	assert_string_equal(view().wallet, WALLET);
	free(text);
}

static void a_message_without_end_is_not(void **state)
{
	char *text = long_login(70000);

	(void)state;
	memset(text + 69000, 'a', 1000);
	send_steps(UP, text, 1460);
	assert_true(inspect_is_idle(flow));
	assert_int_equal(view().level, LEVEL_NONE);
	free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_long_message_is_waited_for),
		TEST(a_message_without_end_is_not),
		TEST(a_conversation_becomes_a_session),
		TEST(every_segment_size_gives_the_same_view),
		TEST(every_cut_of_three_messages_gives_the_same_view),
		TEST(one_side_is_enough),
		TEST(one_side_that_says_all_recites),
		TEST(who_was_called_is_a_miner_once_he_is_answered),
		TEST(halves_of_two_lines_are_never_joined),
		TEST(a_reply_finds_the_share_that_waits_behind_a_hole),
		TEST(no_reply_stands_for_a_share_that_is_held),
		TEST(a_reply_may_come_before_all_that_tells),
		TEST(binary_messages_may_come_byte_by_byte),
		TEST(a_cut_login_still_names_the_wallet),
		TEST(a_flush_reads_what_has_no_end),
		TEST(out_of_order_and_repeated_segments_count_once),
		TEST(junk_before_the_first_message_is_skipped),
		TEST(a_broken_line_does_not_hide_the_next),
		TEST(a_dialect_can_change_in_mid_flow),
		TEST(a_refused_login_is_no_session),
		TEST(swapped_roles_are_put_right),
		TEST(look_alikes_are_given_up),
		TEST(silence_and_nonsense_are_given_up),
		TEST(an_endless_message_is_dropped),
		TEST(a_message_beyond_the_cap_counts_by_its_beginning),
		TEST(a_long_message_in_small_pieces_is_read),
		TEST(messages_that_say_nothing_cost_their_sender),
		TEST(message_memory_is_capped),
		TEST(a_quotation_is_no_session),
		TEST(one_foreign_side_is_given_little_time),
		TEST(a_freed_flow_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
