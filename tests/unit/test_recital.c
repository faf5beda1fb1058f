/* test_recital.c: records of sessions that are read out where both sides are seen, and sessions
 * that begin in the same way and are answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/inspect_rig.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#define XMR_SUBMITS XMR_SUBMIT("2", "j1", "00000001") XMR_SUBMIT("3", "j1", "00000002")

/* Nobody begins with these. */
static const char *const beginnings[] = { XMR_SUBMIT("2", "j1", "00000001"),
					  V1_SUBMIT,
					  XMR_PUSH,
					  V1_NOTIFY,
					  XMR_LOGGED_IN,
					  XMR_OK("2") };

/* What somebody says who is no pool. */
static const char *const answers[] = { "", "ok\n", "{\"status\":\"ok\"}\n" };

#define V1_DIFFICULTY "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[8192]}\n"

static void restart_seen(void)
{
	restart();
	inspect_see(flow);
}

static void send_answer(const char *answer)
{
	if (answer[0] != '\0')
		send(DOWN, answer);
}

static void a_record_is_a_suspicion(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(beginnings) * COUNT(answers); i++) {
		const char *answer = answers[i % COUNT(answers)];

		restart_seen();
		send(UP, beginnings[i / COUNT(answers)]);
		send_answer(answer);
		assert_true(view().level <= LEVEL_SUSPECT);
		send(UP, XMR_LOGIN); /* the miner that was recorded began anew */
		send_answer(answer);
		send(UP, XMR_LOGGED_IN);
		send_answer(answer);
		send(UP, XMR_SUBMITS XMR_OK("2") XMR_PUSH V1_SUBMIT);
		inspect_flush(flow, now_ns);
		assert_true(view().level <= LEVEL_SUSPECT);
		assert_int_equal(view().accepted, 0);
	}
}

static void a_record_is_told_by_what_comes_with_its_login(void **state)
{
	(void)state;
	restart_seen();
	send(UP, XMR_LOGIN XMR_LOGGED_IN XMR_SUBMITS);
	send(UP, XMR_SUBMITS XMR_OK("2") XMR_PUSH);
	assert_true(view().level <= LEVEL_SUSPECT);
	restart_seen();
	send(UP, V1_SUBSCRIBE "{\"id\":1,\"result\":true,\"error\":null}\n" V1_AUTHORIZE);
	assert_true(view().level <= LEVEL_SUSPECT);
}

/* By its line alone, a login cannot be told from a miner's; what comes behind it is not counted. */
static void a_login_is_not_delayed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		restart_seen();
		send(UP, XMR_LOGIN);
		assert_true(view().level >= LEVEL_LIKELY);
		enum level level = view().level;
		send_answer(answers[i]);
		send(UP, XMR_LOGGED_IN);
		send_answer(answers[i]);
		send(UP, XMR_SUBMITS XMR_PUSH);
		assert_int_equal(view().level, level);
		assert_int_equal(view().submitted, 0);
	}
}

static void a_server_reads_out_as_well(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(beginnings); i++) {
		restart_seen();
		send(DOWN, beginnings[i]);
		send(DOWN, XMR_SUBMITS XMR_OK("2") XMR_PUSH V1_NOTIFY V1_NOTIFY);
		assert_true(view().level <= LEVEL_SUSPECT);
	}
}

/* What a session says that began like a record: where its beginning was seen as where it was not.
 */
static struct session_view said(bool is_seen, const char *const *lines)
{
	restart();
	if (is_seen)
		inspect_see(flow);
	for (; *lines != NULL; lines++) {
		now_ns += SECOND;
		send(**lines == '<' ? DOWN : UP, *lines + 1);
	}
	return view();
}

static void what_is_answered_counts_in_full(void **state)
{
	static const char *const sessions[][8] = {
		{ ">" XMR_SUBMIT("2", "j1", "00000001"), "<" XMR_OK("2"), "<" XMR_PUSH,
		  ">" XMR_SUBMIT("3", "j2", "00000002"), "<" XMR_LOW("3"), NULL },
		{ ">" XMR_SUBMIT("2", "j1", "00000001"), "<" XMR_LOW("2"),
		  ">" XMR_SUBMIT("3", "j1", "00000002"), "<" XMR_OK("3"), NULL },
		{ ">" XMR_SUBMIT("2", "j1", "00000001"), ">" XMR_SUBMIT("3", "j1", "00000002"),
		  "<" XMR_PUSH, "<" XMR_OK("2"), "<" XMR_OK("3"), NULL },
		{ ">" V1_SUBMIT, "<{\"id\":4,\"result\":true,\"error\":null}\n", "<" V1_NOTIFY,
		  NULL },
		{ "<" V1_NOTIFY, ">" V1_SUBSCRIBE, ">" V1_AUTHORIZE, ">" V1_SUBMIT,
		  "<{\"id\":4,\"result\":true,\"error\":null}\n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(sessions); i++) {
		struct session_view seen = said(true, sessions[i]);
		struct session_view other = said(false, sessions[i]);

		assert_true(seen.level >= LEVEL_LIKELY);
		assert_memory_equal(&seen, &other, sizeof(seen));
	}
}

/* A server that sends back what it is sent: the login is one, and nothing more comes of it. */
static void an_echo_is_no_answer(void **state)
{
	static const char *const lines[] = { XMR_LOGIN,     XMR_LOGGED_IN, XMR_SUBMITS,
					     XMR_OK("2"),   V1_SUBSCRIBE,  V1_AUTHORIZE,
					     V1_DIFFICULTY, V1_NOTIFY,     V1_SUBMIT,
					     XMR_OK("3") };

	(void)state;
	for (unsigned step = 1; step < 256; step = step * 4 + 1) {
		restart_seen();
		for (size_t i = 0; i < COUNT(lines); i++) {
			send_steps(UP, lines[i], step);
			send_steps(DOWN, lines[i], step);
			assert_true(view().level <= LEVEL_LIKELY);
		}
	}
	restart_seen(); /* what is an answer still is */
	send(UP, XMR_LOGIN);
	send(DOWN, XMR_LOGIN XMR_LOGGED_IN);
	assert_int_equal(view().level, LEVEL_CONFIRMED);
}

/* Some pools greet with it: believed with the miner's first words, and a feed never is. */
static void a_greeting_counts_once_somebody_listens(void **state)
{
	(void)state;
	restart_seen();
	send(DOWN, V1_DIFFICULTY);
	assert_true(view().level <= LEVEL_SUSPECT);
	send(DOWN, V1_NOTIFY V1_NOTIFY);
	assert_true(view().level <= LEVEL_SUSPECT);
	send(UP, V1_SUBSCRIBE);
	assert_int_equal(view().level, LEVEL_CONFIRMED);
}

/* Bytes were missed that may have been the login, or the answer to it. */
static void behind_a_hole_nothing_is_the_beginning(void **state)
{
	(void)state;
	restart_seen();
	inspect_expect(flow, UP, seqs[UP]);
	lose(UP, 200);
	send(UP, XMR_SUBMIT("2", "j1", "00000001"));
	send(UP, XMR_SUBMIT("3", "j1", "00000002"));
	inspect_flush(flow, now_ns);
	assert_int_equal(view().level, LEVEL_CONFIRMED);
	restart_seen();
	inspect_expect(flow, UP, seqs[UP]);
	inspect_expect(flow, DOWN, seqs[DOWN]);
	lose(UP, 200);
	send(DOWN, XMR_PUSH); /* acknowledges what was not seen */
	assert_int_equal(view().level, LEVEL_CONFIRMED);
	restart_seen();
	inspect_expect(flow, DOWN, seqs[DOWN]);
	lose(DOWN, 200);
	send(UP, XMR_SUBMIT("2", "j1", "00000001"));
	assert_int_equal(view().level, LEVEL_CONFIRMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_record_is_a_suspicion, setup, teardown),
		cmocka_unit_test_setup_teardown(a_record_is_told_by_what_comes_with_its_login,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_login_is_not_delayed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_server_reads_out_as_well, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_answered_counts_in_full, setup, teardown),
		cmocka_unit_test_setup_teardown(an_echo_is_no_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(a_greeting_counts_once_somebody_listens, setup,
						teardown),
		cmocka_unit_test_setup_teardown(behind_a_hole_nothing_is_the_beginning, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
