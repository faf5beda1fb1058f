/* test_redis_cut.c: the connection is cut between commands and replies, at every byte of a batch.
 *
 * send() and recv() are the test's own: so many bytes of a batch reach the server, or so many of
 * its replies us, then the connection is gone. Time is the test's, too, so that no back-off is
 * waited for. Each batch is a revision of one alert and a flow record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "sensor/correlator.h"
#include "sensor/log.h"
#include "tests/unit/redis_sink_rig.h"

#define STEP_MS     100
#define WAIT_MS     20
#define POLLS_MAX   1000
#define NO_CUT      SIZE_MAX
#define BATCHES_MAX 20000
#define ALERT       7

/* What one direction may carry until the connection is cut. */
struct allowance {
	size_t left;
	size_t used;
	bool is_spent;
};

static bool is_ours; /* the calls below are the sink's, not the test's */
static struct allowance out;
static struct allowance in;
static uint64_t now_ms = 1000000;

/* How many bytes may go, 0: none ever again on this connection. */
static size_t allow(struct allowance *budget, size_t len)
{
	if (!is_ours || budget->left == NO_CUT)
		return len;
	if (budget->left == 0) {
		budget->is_spent = true;
		budget->left = NO_CUT; /* the next connection is whole */
		return 0;
	}
	return len < budget->left ? len : budget->left;
}

static void charge(struct allowance *budget, ssize_t len)
{
	if (!is_ours || len <= 0)
		return;
	budget->used += (size_t)len;
	if (budget->left != NO_CUT)
		budget->left -= (size_t)len;
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	size_t some = allow(&out, len);
	ssize_t sent;

	if (some == 0) {
		errno = EPIPE;
		return -1;
	}
	sent = syscall(SYS_sendto, fd, bytes, some, flags, NULL, 0);
	charge(&out, sent);
	return sent;
}

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
	size_t some = allow(&in, size);
	ssize_t got;

	if (some == 0) {
		errno = ECONNRESET;
		return -1;
	}
	got = syscall(SYS_recvfrom, fd, bytes, some, flags, NULL, NULL);
	charge(&in, got);
	return got;
}

static int setup(void **state)
{
	if (rig_setup(state) != 0)
		return -1;
	config.redis_alert_maxlen = 1000000;
	config.redis_queue = 1 << 20;
	out.left = in.left = NO_CUT;
	open_sink();
	sink_redis.hasten(sink); /* each poll sends what there is */
	return 0;
}

static void write_batch(uint32_t number)
{
	struct decision_alert alert = test_alert(ALERT, SID_SESSION, number);
	struct decision_flow flow = test_flow(1, false);

	alert.decision.time_ns += number * UINT64_C(1000000);
	alert.last_ns = alert.decision.time_ns;
	write_event(&alert.decision);
	write_event(&flow.decision);
}

/* Until everything is acknowledged. */
static void deliver(void)
{
	is_ours = true;
	for (unsigned i = 0; i < POLLS_MAX; i++, now_ms += STEP_MS) {
		struct pollfd want;

		if (sink_redis.poll(sink, now_ms, &want) == 0) {
			is_ours = false;
			return;
		}
		(void)poll(&want, 1, want.fd >= 0 ? WAIT_MS : 0);
	}
	fail_msg("not delivered");
}

/* The newest entry and the state are this revision's, and there are so many entries. */
static void check_newest(uint32_t number)
{
	char text[16];
	redisReply *reply;

	snprintf(text, sizeof(text), "%u", number);
	reply = redis_run("XREVRANGE p:{s1}:alert + - COUNT 1");
	assert_string_equal(reply->element[0]->element[1]->element[5]->str, text);
	assert_int_equal(redis_run("XLEN p:{s1}:alert")->integer, number);
	assert_int_equal(redis_run("XLEN p:{s1}:flow")->integer, number);
	reply = redis_run("HGET p:alert:0123456789abcd07 revision");
	assert_string_equal(reply->str, text);
}

static void check_order(uint32_t count)
{
	redisReply *reply = redis_run("XRANGE p:{s1}:alert - +");

	assert_int_equal(reply->elements, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(strtoul(reply->element[i]->element[1]->element[5]->str, NULL, 10),
				 i + 1);
}

/* Cuts after 0 bytes, 1 byte and so on, until a batch comes through whole. */
static void cut_everywhere(struct allowance *budget, uint32_t at_least)
{
	uint32_t number = 1;

	write_batch(number);
	deliver();
	check_newest(number);
	for (size_t bytes = 0;; bytes++) {
		assert_true(++number < BATCHES_MAX);
		write_batch(number);
		budget->left = bytes;
		budget->is_spent = false;
		deliver();
		check_newest(number);
		if (!budget->is_spent)
			break;
	}
	budget->left = NO_CUT;
	assert_true(number > at_least);
	/* A cut behind the last reply leaves nothing to connect for. */
	assert_true(stats.redis_reconnects >= number / 2);
	assert_int_equal(stats.redis_errors, 0);
	assert_int_equal(sink_redis.close(sink, UINT64_MAX), 0);
	check_order(number);
}

static void commands_are_cut_at_every_byte(void **state)
{
	(void)state;
	cut_everywhere(&out, 2000);
}

static void replies_are_cut_at_every_byte(void **state)
{
	(void)state;
	cut_everywhere(&in, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(commands_are_cut_at_every_byte, setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(replies_are_cut_at_every_byte, setup, rig_teardown),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("redis_cut", tests, server_start, server_stop);
}
