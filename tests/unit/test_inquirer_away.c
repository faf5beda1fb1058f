/* test_inquirer_away.c: a server that is away, silent, slow or wants a password. */
#include "tests/unit/inquirer_rig.h"

static void a_closed_connection_is_opened_again(void **state)
{
	(void)state;
	lease(KEY, "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, "");
	start();
	for (unsigned i = 0; i < 5; i++) {
		assert_string_equal(whose(SCOPE, "10.0.1.23", LAUNCH).identity.instance_id, "i-a");
		redis_run("CLIENT KILL TYPE normal SKIPME yes");
	}
}

static void nobody_there_is_unreachable_at_once(void **state)
{
	uint64_t begin_ms;

	(void)state;
	snprintf(url, sizeof(url), "unix:///nonexistent/redis.sock");
	start();
	begin_ms = ring_now_ms();
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(whose(SCOPE, "10.0.1.23", LAUNCH).status, ANSWER_UNREACHABLE);
	assert_true(ring_now_ms() - begin_ms < WAIT_MS);
	stop();
	assert_int_equal(stats.questions_unreachable, 200);
}

static void what_was_unreachable_is_asked_again(void **state)
{
	struct question question = identity_question(7, SCOPE, "10.0.1.23", LAUNCH);
	char moved[128];
	struct answer answer;

	(void)state;
	if (server.pid == 0)
		skip(); /* the server is not ours to hide */
	lease(KEY, "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, "");
	snprintf(moved, sizeof(moved), "%s.away", server.socket);
	assert_int_equal(rename(server.socket, moved), 0);
	start();
	assert_true(inquirer_ask(inquirer, &question));
	answer = next_answer();
	assert_int_equal(rename(moved, server.socket), 0);
	assert_int_equal(answer.status, ANSWER_UNREACHABLE);
	answer = next_answer();
	assert_int_equal(answer.ticket, 7);
	assert_string_equal(answer.identity.instance_id, "i-a");
}

static void a_silent_server_does_not_hold_up_the_end(void **state)
{
	struct question question = identity_question(7, SCOPE, "10.0.1.23", LAUNCH);
	uint64_t begin_ms;

	(void)state;
	start();
	(void)whose(SCOPE, "10.0.1.23", LAUNCH);
	redis_run("CLIENT PAUSE 3000 ALL");
	assert_true(inquirer_ask(inquirer, &question));
	pause_ms(50);
	begin_ms = ring_now_ms();
	stop();
	assert_true(ring_now_ms() - begin_ms < 1500); /* less than one time-out */
	redis_run("CLIENT UNPAUSE");
}

static void an_asker_that_does_not_wait_gets_nothing_wrong(void **state)
{
	struct question question = identity_question(1, SCOPE, "10.0.1.23", LAUNCH);
	struct answer answer;

	(void)state;
	lease(KEY, "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, "");
	start();
	redis_run("CLIENT PAUSE 300 ALL");
	for (unsigned i = 0; i < 20; i++) {
		question.ticket = i + 1;
		assert_false(inquirer_ask_wait(inquirer, &question, &answer, 1));
		assert_int_equal(answer.status, ANSWER_UNREACHABLE);
		assert_int_equal(answer.ticket, i + 1);
	}
	/* The late replies are thrown away. */
	question.ticket = 77;
	snprintf(question.identity.ip, sizeof(question.identity.ip), "10.0.1.99");
	answer = ask_wait(&question);
	assert_int_equal(answer.ticket, 77);
	assert_int_equal(answer.status, ANSWER_UNKNOWN);
	assert_false(inquirer_has_answer(inquirer));
}

static void credentials_and_database(void **state)
{
	struct answer refused;
	struct answer answer;

	(void)state;
	redis_run("SELECT 3");
	lease(KEY, "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, "");
	redis_run("SELECT 0");
	redis_run("CONFIG SET requirepass right");
	snprintf(url, sizeof(url), "unix://%s?db=3", server.socket);
	start();
	refused = whose(SCOPE, "10.0.1.23", LAUNCH);
	stop();
	config.redis_password_file = file;
	write_file("right\n");
	start();
	answer = whose(SCOPE, "10.0.1.23", LAUNCH);
	redis_run("CONFIG SET requirepass %s", "");
	assert_int_equal(refused.status, ANSWER_UNREACHABLE);
	assert_string_equal(answer.identity.instance_id, "i-a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(a_closed_connection_is_opened_again),
		WITH_SERVER(nobody_there_is_unreachable_at_once),
		WITH_SERVER(what_was_unreachable_is_asked_again),
		WITH_SERVER(a_silent_server_does_not_hold_up_the_end),
		WITH_SERVER(an_asker_that_does_not_wait_gets_nothing_wrong),
		WITH_SERVER(credentials_and_database),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, server_start, server_stop);
}
