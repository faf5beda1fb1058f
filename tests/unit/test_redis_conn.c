/* test_redis_conn.c: the connection against a real server: ownership, ids, loss, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "sensor/log.h"
#include "sensor/redis_conn.h"
#include "sensor/ring.h"
#include "tests/unit/redis_server.h"

#define STREAM "t:{s}:flow"
#define OWNER  "t:{s}:owner"

static struct redis_url url;
static struct stats stats;
static struct redis_conn_options options;
static struct redis_args args;

static int setup(void **state)
{
	memset(&url, 0, sizeof(url));
	memset(&stats, 0, sizeof(stats));
	snprintf(url.path, sizeof(url.path), "%s", server.socket);
	options = (struct redis_conn_options){ .url = &url,
					       .queue_bytes = 1 << 20,
					       .connect_timeout_ms = 2000,
					       .reply_timeout_ms = 2000,
					       .owner_key = OWNER,
					       .owner = "first",
					       .owner_ttl_ms = 15000,
					       .streams = { STREAM },
					       .stats = &stats };
	return server_reset(state);
}

static struct redis_conn *open_conn(void)
{
	struct redis_conn *conn = NULL;
	char error[REDIS_CONN_ERROR_TEXT];

	if (redis_conn_open(&conn, &options, error) != 0)
		fail_msg("open: %s", error);
	return conn;
}

static int open_error(char error[REDIS_CONN_ERROR_TEXT])
{
	struct redis_conn *conn = NULL;
	int result = redis_conn_open(&conn, &options, error);

	assert_null(conn);
	return result;
}

static void push_entry(struct redis_conn *conn, unsigned number)
{
	redis_args_begin(&args, "XADD");
	redis_args_text(&args, STREAM);
	redis_conn_id(conn, &args);
	redis_args_text(&args, "n");
	redis_args_uint(&args, number);
	assert_int_equal(redis_conn_push(conn, &args, REDIS_EXPECT_ID, true), 0);
}

/* Polls for at most so long; the last result. */
static int poll_for(struct redis_conn *conn, uint64_t ms)
{
	uint64_t until_ms = ring_now_ms() + ms;
	struct pollfd want;
	int error;

	do {
		error = redis_conn_poll(conn, ring_now_ms(), &want);
		if (error != -EAGAIN)
			return error;
		poll(&want, 1, 5);
	} while (ring_now_ms() < until_ms);
	return error;
}

/* The stream holds n = 0 .. count-1 once each, in that order when in_order. */
static void assert_stream(unsigned count, bool in_order)
{
	redisReply *reply = redis_run("XRANGE " STREAM " - +");
	bool seen[1024] = { false };

	assert_true(count <= 1024);
	assert_int_equal(reply->elements, count);
	for (size_t i = 0; i < reply->elements; i++) {
		unsigned long n = strtoul(reply->element[i]->element[1]->element[1]->str, NULL, 10);

		assert_true(n < count);
		assert_false(seen[n]);
		seen[n] = true;
		if (in_order)
			assert_int_equal(n, i);
	}
}

static void entries_arrive_in_order(void **state)
{
	struct redis_conn *conn = open_conn();

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		push_entry(conn, i);
	assert_int_equal(poll_for(conn, 5000), 0);
	assert_stream(1000, true);
	assert_int_equal(stats.redis_commands, 1000);
	assert_int_equal(stats.redis_errors, 0);
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 1000), 0);
}

static void close_delivers_what_is_held(void **state)
{
	struct redis_conn *conn = open_conn();

	(void)state;
	for (unsigned i = 0; i < 700; i++)
		push_entry(conn, i);
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 5000), 0);
	assert_stream(700, true);
}

static void values_are_binary_safe(void **state)
{
	static const char bytes[] = "a\0b\r\n$3\r\nfoo\r\n\xff";
	struct redis_conn *conn = open_conn();
	redisReply *reply;

	(void)state;
	redis_args_begin(&args, "HSET");
	redis_args_text(&args, "t:hash");
	redis_args_text(&args, "f");
	redis_args_bytes(&args, bytes, sizeof(bytes) - 1);
	assert_int_equal(redis_conn_push(conn, &args, REDIS_EXPECT_INTEGER, true), 0);
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 1000), 0);
	reply = redis_run("HGET t:hash f");
	assert_int_equal(reply->len, sizeof(bytes) - 1);
	assert_memory_equal(reply->str, bytes, sizeof(bytes) - 1);
}

static void a_command_too_big_is_refused(void **state)
{
	static char big[REDIS_ARGS_BYTES];
	struct redis_conn *conn = open_conn();

	(void)state;
	redis_args_begin(&args, "SET");
	redis_args_text(&args, "t:big");
	redis_args_bytes(&args, big, sizeof(big));
	assert_int_equal(redis_conn_push(conn, &args, REDIS_EXPECT_STATUS, true), -EMSGSIZE);
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 1000), 0);
}

static void ids_are_above_the_last_one(void **state)
{
	struct redis_conn *conn;
	redisReply *reply;

	(void)state;
	/* The clock of whoever wrote it last was ahead; the entry itself is gone. */
	redis_run("XADD " STREAM " 9999999999999-7 n 0");
	redis_run("XTRIM " STREAM " MAXLEN 0");
	conn = open_conn();
	push_entry(conn, 0);
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 1000), 0);
	assert_stream(1, true);
	reply = redis_run("XRANGE " STREAM " - +");
	assert_string_equal(reply->element[0]->element[0]->str, "9999999999999-8");
}

static void an_id_belongs_to_one_process(void **state)
{
	struct redis_conn *conn = open_conn();
	char error[REDIS_CONN_ERROR_TEXT];

	(void)state;
	assert_string_equal(redis_run("GET " OWNER)->str, "first");
	assert_true(redis_run("PTTL " OWNER)->integer > 0);
	options.owner = "second";
	assert_int_equal(open_error(error), -EBUSY);
	assert_non_null(strstr(error, OWNER));
	assert_non_null(strstr(error, "first"));
	/* Given up at the end: the next one need not wait. */
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 1000), 0);
	assert_int_equal(redis_run("GET " OWNER)->type, REDIS_REPLY_NIL);
	conn = open_conn();
	assert_string_equal(redis_run("GET " OWNER)->str, "second");
	redis_conn_close(conn, ring_now_ms() + 1000);
}

static void the_ownership_is_renewed_and_its_loss_is_final(void **state)
{
	struct redis_conn *conn;
	uint64_t until_ms;
	struct pollfd want;
	int error = 0;

	(void)state;
	options.owner_ttl_ms = 300;
	conn = open_conn();
	until_ms = ring_now_ms() + 900;
	while (ring_now_ms() < until_ms) {
		error = redis_conn_poll(conn, ring_now_ms(), &want);
		assert_true(error == 0 || error == -EAGAIN);
		pause_ms(10);
	}
	assert_string_equal(redis_run("GET " OWNER)->str, "first");
	redis_run("SET " OWNER " thief");
	push_entry(conn, 0);
	until_ms = ring_now_ms() + 2000;
	while ((error == 0 || error == -EAGAIN) && ring_now_ms() < until_ms) {
		error = redis_conn_poll(conn, ring_now_ms(), &want);
		pause_ms(10);
	}
	assert_int_equal(error, -EBUSY);
	assert_non_null(strstr(redis_conn_error(conn), "thief"));
	redis_conn_close(conn, ring_now_ms() + 100);
	assert_string_equal(redis_run("GET " OWNER)->str, "thief");
}

static void credentials_are_checked(void **state)
{
	struct redis_conn *conn;
	char error[REDIS_CONN_ERROR_TEXT];

	(void)state;
	redis_run("ACL SETUSER sensor on >right ~t:* +@all");
	snprintf(url.user, sizeof(url.user), "sensor");
	snprintf(url.password, sizeof(url.password), "wrong-secret");
	assert_int_equal(open_error(error), -EACCES);
	assert_non_null(strstr(error, "WRONGPASS"));
	assert_null(strstr(error, "wrong-secret"));
	snprintf(url.password, sizeof(url.password), "right");
	conn = open_conn();
	push_entry(conn, 0);
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 1000), 0);
	assert_stream(1, true);
	/* Without the right to run scripts the ownership cannot be kept. */
	redis_run("ACL SETUSER sensor -eval");
	assert_int_equal(open_error(error), -EACCES);
	assert_non_null(strstr(error, "NOPERM"));
	redis_run("ACL DELUSER sensor");
}

static void a_database_is_selected(void **state)
{
	struct redis_conn *conn;

	(void)state;
	url.db = 3;
	conn = open_conn();
	push_entry(conn, 0);
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 1000), 0);
	assert_int_equal(redis_run("EXISTS " STREAM)->integer, 0);
	redis_run("SELECT 3");
	assert_stream(1, true);
	redis_run("SELECT 0");
}

static void nobody_there(void **state)
{
	uint64_t begin_ms = ring_now_ms();
	char error[REDIS_CONN_ERROR_TEXT];

	(void)state;
	snprintf(url.path, sizeof(url.path), "/nonexistent/redis.sock");
	options.connect_timeout_ms = 300;
	assert_int_equal(open_error(error), -ETIMEDOUT);
	assert_non_null(strstr(error, "cannot connect: No such file"));
	assert_true(ring_now_ms() - begin_ms >= 300);
	assert_true(ring_now_ms() - begin_ms < 3000);
}

static void a_lost_connection_loses_and_repeats_nothing(void **state)
{
	struct redis_conn *conn = open_conn();
	struct pollfd want;
	unsigned pushed = 0;

	(void)state;
	/* Killed again and again in the middle of pipelines. */
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < 200; i++)
			push_entry(conn, pushed++);
		redis_conn_poll(conn, ring_now_ms(), &want);
		redis_run("CLIENT KILL TYPE normal SKIPME yes");
		poll_for(conn, 30);
	}
	assert_int_equal(poll_for(conn, 8000), 0);
	assert_stream(800, true);
	assert_true(stats.redis_reconnects >= 1);
	assert_int_equal(stats.redis_errors, 0);
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 1000), 0);
}

static void a_silent_server_is_asked_again(void **state)
{
	struct redis_conn *conn;

	(void)state;
	options.reply_timeout_ms = 150;
	conn = open_conn();
	redis_run("CLIENT PAUSE 600 ALL");
	for (unsigned i = 0; i < 300; i++)
		push_entry(conn, i);
	assert_int_equal(poll_for(conn, 8000), 0);
	assert_stream(300, true);
	assert_true(stats.redis_reconnects >= 1);
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 1000), 0);
}

static void a_full_server_gets_it_later(void **state)
{
	struct redis_conn *conn = open_conn();

	(void)state;
	redis_run("CONFIG SET maxmemory 1");
	for (unsigned i = 0; i < 300; i++)
		push_entry(conn, i);
	assert_int_equal(poll_for(conn, 600), -EAGAIN);
	assert_true(stats.redis_errors > 0);
	redis_run("CONFIG SET maxmemory 0");
	assert_int_equal(poll_for(conn, 15000), 0);
	assert_stream(300, true);
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 1000), 0);
}

/* Full and not full in turn: nothing overtakes what was refused. */
static void a_server_that_is_full_now_and_then_keeps_the_order(void **state)
{
	struct redis_conn *conn = open_conn();
	unsigned pushed = 0;

	(void)state;
	for (unsigned round = 0; round < 6; round++) {
		redis_run("CONFIG SET maxmemory %u", round % 2 == 0 ? 1 : 0);
		for (unsigned i = 0; i < 150; i++)
			push_entry(conn, pushed++);
		poll_for(conn, 60);
	}
	redis_run("CONFIG SET maxmemory 0");
	assert_int_equal(poll_for(conn, 15000), 0);
	assert_stream(pushed, true);
	assert_true(stats.redis_errors > 0);
	assert_int_equal(stats.redis_reconnects, 0);
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 1000), 0);
}

/* What cannot be said within a transaction is lost alone. */
static void one_bad_command_does_not_hold_back_the_rest(void **state)
{
	struct redis_conn *conn = open_conn();

	(void)state;
	push_entry(conn, 0);
	redis_args_begin(&args, "XADD");
	redis_args_text(&args, STREAM);
	redis_conn_id(conn, &args);
	redis_args_text(&args, "n"); /* no value */
	assert_int_equal(redis_conn_push(conn, &args, REDIS_EXPECT_ID, true), 0);
	push_entry(conn, 1);
	assert_int_equal(poll_for(conn, 5000), 0);
	assert_stream(2, true);
	assert_int_equal(stats.redis_errors, 1);
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 1000), 1);
}

static void rights_to_transactions_are_needed(void **state)
{
	struct redis_conn *conn;
	char error[REDIS_CONN_ERROR_TEXT];

	(void)state;
	redis_run("ACL SETUSER sensor on >right ~t:* +@all -exec");
	snprintf(url.user, sizeof(url.user), "sensor");
	snprintf(url.password, sizeof(url.password), "right");
	assert_int_equal(open_error(error), -EACCES);
	assert_non_null(strstr(error, "exec"));
	redis_run("ACL SETUSER sensor +exec");
	conn = open_conn();
	/* Taken away in mid-run: what ran without a transaction is not there twice. */
	redis_run("ACL SETUSER sensor -multi");
	push_entry(conn, 0);
	assert_int_equal(poll_for(conn, 5000), -EACCES);
	assert_non_null(strstr(redis_conn_error(conn), "multi"));
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 100), 1);
	assert_true(redis_run("XLEN " STREAM)->integer <= 1);
	redis_run("ACL DELUSER sensor");
}

static void what_is_refused_for_good_is_counted(void **state)
{
	struct redis_conn *conn = open_conn();

	(void)state;
	redis_run("SET " STREAM " no-stream");
	push_entry(conn, 0);
	push_entry(conn, 1);
	assert_int_equal(poll_for(conn, 2000), 0);
	assert_int_equal(stats.redis_errors, 2);
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 1000), 2);
}

static void an_entry_below_the_top_gets_a_new_id(void **state)
{
	struct redis_conn *conn = open_conn();

	(void)state;
	redis_run("XADD " STREAM " 9999999999999-0 n 1");
	push_entry(conn, 0);
	assert_int_equal(poll_for(conn, 5000), 0);
	assert_stream(2, false);
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 1000), 0);
}

static void the_queue_is_bounded(void **state)
{
	struct redis_conn *conn;
	unsigned pushed = 0;

	(void)state;
	options.queue_bytes = 8192;
	conn = open_conn();
	redis_run("CLIENT PAUSE 1000 ALL");
	while (redis_conn_has_room(conn, 100) && pushed < 1000)
		push_entry(conn, pushed++);
	assert_true(pushed > 50 && pushed < 120);
	/* Time is up while Redis is silent: all are reported as lost. */
	assert_int_equal(redis_conn_close(conn, ring_now_ms() + 100), pushed);
	redis_run("CLIENT UNPAUSE");
}

#define WITH_SERVER(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(entries_arrive_in_order),
		WITH_SERVER(close_delivers_what_is_held),
		WITH_SERVER(values_are_binary_safe),
		WITH_SERVER(a_command_too_big_is_refused),
		WITH_SERVER(ids_are_above_the_last_one),
		WITH_SERVER(an_id_belongs_to_one_process),
		WITH_SERVER(the_ownership_is_renewed_and_its_loss_is_final),
		WITH_SERVER(credentials_are_checked),
		WITH_SERVER(a_database_is_selected),
		WITH_SERVER(nobody_there),
		WITH_SERVER(a_lost_connection_loses_and_repeats_nothing),
		WITH_SERVER(a_silent_server_is_asked_again),
		WITH_SERVER(a_full_server_gets_it_later),
		WITH_SERVER(a_server_that_is_full_now_and_then_keeps_the_order),
		WITH_SERVER(one_bad_command_does_not_hold_back_the_rest),
		WITH_SERVER(rights_to_transactions_are_needed),
		WITH_SERVER(what_is_refused_for_good_is_counted),
		WITH_SERVER(an_entry_below_the_top_gets_a_new_id),
		WITH_SERVER(the_queue_is_bounded),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, server_start, server_stop);
}
