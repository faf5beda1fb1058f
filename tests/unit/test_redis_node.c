/* test_redis_node.c: which reply is whose, however the replies are cut, against a server that says
 * what the test wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sensor/redis_greeting.h"
#include "sensor/redis_node.h"

#define SAID 4096

static struct {
	char dir[64];
	struct redis_url url;
	struct redis_greeting greeting;
	int listening;
	int peer;
	struct redis_node *node;
	char said[SAID]; /* the answers, as text */
} rig;

static int setup(void **state)
{
	static char hello[] = "HELLO";
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)state;
	memset(&rig, 0, sizeof(rig));
	snprintf(rig.dir, sizeof(rig.dir), "/tmp/minecanary-node.XXXXXX");
	if (mkdtemp(rig.dir) == NULL)
		return -1;
	snprintf(rig.url.path, sizeof(rig.url.path), "%s/socket", rig.dir);
	memcpy(address.sun_path, rig.url.path, sizeof(address.sun_path));
	rig.listening = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(rig.listening, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(rig.listening, 1) != 0)
		return -1;
	rig.greeting = (struct redis_greeting){ .bytes = hello, .len = 5, .step_count = 1 };
	rig.node = redis_node_new(&rig.url, NULL);
	return rig.node != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	redis_node_free(rig.node);
	close(rig.peer);
	close(rig.listening);
	unlink(rig.url.path);
	rmdir(rig.dir);
	return 0;
}

static void note(const struct redis_answer *answer)
{
	static const char *const kinds[] = { "step", "command", "refused" };
	size_t len = strlen(rig.said);
	const redisReply *reply = answer->reply;

	const char *text = "id";

	if (reply->type != REDIS_REPLY_STRING)
		text = reply->type == REDIS_REPLY_INTEGER ? "number" : reply->str;
	snprintf(rig.said + len, sizeof(rig.said) - len, "%s %zu %s;", kinds[answer->kind],
		 answer->index, text);
}

static int take_all(void)
{
	struct redis_answer answer;
	int result;

	while ((result = redis_node_take(rig.node, 0, &answer)) == 1)
		note(&answer);
	return result;
}

static void expect_received(const char *bytes)
{
	char received[SAID] = "";
	ssize_t len = recv(rig.peer, received, sizeof(received) - 1, 0);

	assert_int_equal(len, strlen(bytes));
	assert_string_equal(received, bytes);
}

static void poll_node(void)
{
	struct pollfd want;

	assert_int_equal(redis_node_poll(rig.node, 0, &want), 0);
}

static void make_ready(void)
{
	redis_node_begin(rig.node, &rig.greeting, 0);
	poll_node();
	rig.peer = accept(rig.listening, NULL, NULL);
	poll_node();
	expect_received("HELLO");
	assert_int_equal(send(rig.peer, "+hi\r\n", 5, 0), 5);
	assert_int_equal(take_all(), 0);
	assert_string_equal(rig.said, "step 0 hi;");
	assert_int_equal(rig.node->state, REDIS_NODE_READY);
	rig.said[0] = '\0';
}

/* A transaction of two between two commands. */
static void send_four(void)
{
	assert_int_equal(redis_node_add(rig.node, 7, "<seven>", 7), 0);
	assert_int_equal(redis_node_multi(rig.node), 0);
	assert_int_equal(redis_node_add(rig.node, 1, "<one>", 5), 0);
	assert_int_equal(redis_node_add(rig.node, 3, "<three>", 7), 0);
	assert_int_equal(redis_node_exec(rig.node), 0);
	assert_int_equal(redis_node_add(rig.node, 8, "<eight>", 7), 0);
	poll_node();
	expect_received("<seven>*1\r\n$5\r\nMULTI\r\n<one><three>*1\r\n$4\r\nEXEC\r\n<eight>");
}

/* The replies in one piece, then cut everywhere, then byte by byte: the same answers. */
static void replies_mean(const char *replies, const char *answers)
{
	size_t len = strlen(replies);

	for (size_t cut = 0; cut <= len; cut++) {
		send_four();
		assert_int_equal(send(rig.peer, replies, cut, 0), cut);
		assert_int_equal(take_all(), 0);
		assert_int_equal(send(rig.peer, replies + cut, len - cut, 0), len - cut);
		assert_int_equal(take_all(), 0);
		assert_string_equal(rig.said, answers);
		assert_true(redis_node_is_idle(rig.node));
		rig.said[0] = '\0';
	}
	send_four();
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(send(rig.peer, replies + i, 1, 0), 1);
		assert_int_equal(take_all(), 0);
	}
	assert_string_equal(rig.said, answers);
}

static void a_transaction_is_answered_by_exec(void **state)
{
	(void)state;
	make_ready();
	replies_mean(":1\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$3\r\n5-1\r\n$3\r\n5-2\r\n:0\r\n",
		     "command 7 number;command 1 id;command 3 id;command 8 number;");
}

static void errors_within_it_are_told(void **state)
{
	(void)state;
	make_ready();
	replies_mean(":1\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$3\r\n5-1\r\n-ERR old\r\n:0\r\n",
		     "command 7 number;command 1 id;command 3 ERR old;command 8 number;");
	rig.said[0] = '\0';
	replies_mean(":1\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n-WRONGTYPE\r\n:2\r\n:0\r\n",
		     "command 7 number;command 1 WRONGTYPE;command 3 number;command 8 number;");
}

static void a_refused_command_refuses_all(void **state)
{
	(void)state;
	make_ready();
	replies_mean(":1\r\n+OK\r\n+QUEUED\r\n-OOM no\r\n-EXECABORT Transaction\r\n:0\r\n",
		     "command 7 number;command 3 OOM no;refused 0 EXECABORT Transaction;"
		     "command 8 number;");
	rig.said[0] = '\0';
	replies_mean(":1\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n-MOVED 1 h:1\r\n:0\r\n",
		     "command 7 number;refused 0 MOVED 1 h:1;command 8 number;");
}

static void assert_unanswered(const char *expected)
{
	char found[64] = "";
	size_t index;

	while (redis_node_unanswered(rig.node, &index))
		snprintf(found + strlen(found), sizeof(found) - strlen(found), "%zu ", index);
	assert_string_equal(found, expected);
}

/* What was only queued has no answer yet. */
static void what_has_no_answer_is_known(void **state)
{
	static const struct {
		const char *replies;
		const char *unanswered; /* the last one first */
	} cases[] = {
		{ "", "8 3 1 7 " },
		{ ":1\r\n", "8 3 1 " },
		{ ":1\r\n+OK\r\n+QUEUED\r\n", "8 3 1 " },
		{ ":1\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n", "8 3 1 " },
		{ ":1\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$3\r\n5-1\r\n$3\r\n5-2\r\n", "8 " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].replies);

		make_ready();
		send_four();
		assert_int_equal(send(rig.peer, cases[i].replies, len, 0), len);
		assert_int_equal(take_all(), 0);
		assert_unanswered(cases[i].unanswered);
		redis_node_close(rig.node);
		close(rig.peer);
		rig.said[0] = '\0';
	}
}

static void assert_lost(const char *replies, int error, const char *why)
{
	size_t len = strlen(replies);

	make_ready();
	send_four();
	assert_int_equal(send(rig.peer, replies, len, 0), len);
	assert_int_equal(take_all(), error);
	assert_non_null(strstr(rig.node->error, why));
	redis_node_close(rig.node);
	close(rig.peer);
	rig.said[0] = '\0';
}

static void what_fits_no_command_ends_it(void **state)
{
	(void)state;
	assert_lost(":1\r\n-NOPERM multi\r\n", -EACCES, "NOPERM");
	assert_lost(":1\r\n+OK\r\n+QUEUED\r\n:5\r\n", -EBADMSG, "another kind");
	assert_lost(":1\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*1\r\n$3\r\n5-1\r\n", -EBADMSG,
		    "another kind");
	assert_lost(":1\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*-1\r\n", -EBADMSG, "another kind");
	assert_lost(
		":1\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$3\r\n5-1\r\n$3\r\n5-2\r\n:0\r\n:0\r\n",
		-EBADMSG, "to nothing");
	assert_lost("nonsense\r\n", -EBADMSG, "no Redis protocol");
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RIG(a_transaction_is_answered_by_exec), WITH_RIG(errors_within_it_are_told),
		WITH_RIG(a_refused_command_refuses_all),     WITH_RIG(what_has_no_answer_is_known),
		WITH_RIG(what_fits_no_command_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
