/* inquirer_rig.h: an inquirer in its thread, questions and answers over the rings, a file and a
 * real server with leases. */
#ifndef TESTS_UNIT_INQUIRER_RIG_H
#define TESTS_UNIT_INQUIRER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "sensor/evidence.h"
#include "sensor/log.h"
#include "tests/unit/inquirer_config.h"

#define SECOND  UINT64_C(1000000000)
#define LAUNCH  (UINT64_C(1772704682) * SECOND) /* 2026-03-05T09:58:02Z */
#define SCOPE   "111122223333/us-east-1/vpc-0a11b22c33d44e55f"
#define WIDE    "111122223333"
#define KEY     "m:inventory:" SCOPE "/10.0.1.23"
#define WAIT_MS 10000 /* for what must come; far more than it takes */

static char file[64];
static struct inquirer *inquirer;
static pthread_t thread;

static inline void write_file(const char *text)
{
	char fresh[80];
	FILE *stream;

	/* As a careful writer does: the reader sees the old one or the new one. */
	snprintf(fresh, sizeof(fresh), "%s.new", file);
	stream = fopen(fresh, "w");
	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(rename(fresh, file), 0);
}

static inline int setup(void **state)
{
	snprintf(file, sizeof(file), "/tmp/minecanary-inquirer.%ld", (long)getpid());
	inquirer_config();
	inquirer = NULL;
	return server_reset(state);
}

static inline void start(void)
{
	char error[INQUIRER_ERROR_TEXT];

	if (inquirer_new(&inquirer, &options, error) != 0)
		fail_msg("%s", error);
	assert_int_equal(pthread_create(&thread, NULL, inquirer_run, inquirer), 0);
}

static inline void stop(void)
{
	inquirer_stop(inquirer);
	assert_int_equal(pthread_join(thread, NULL), 0);
	inquirer_free(inquirer);
	inquirer = NULL;
}

static inline int teardown(void **state)
{
	(void)state;
	if (inquirer != NULL)
		stop();
	unlink(file);
	return 0;
}

/* The next answer; fails the test when none comes. */
static inline struct answer next_answer(void)
{
	uint64_t until_ms = ring_now_ms() + WAIT_MS;
	struct answer answer;

	while (!inquirer_next(inquirer, &answer)) {
		if (ring_now_ms() >= until_ms)
			fail_msg("no answer");
		pause_ms(1);
	}
	return answer;
}

static inline struct answer ask_wait(const struct question *question)
{
	struct answer answer;

	if (!inquirer_ask_wait(inquirer, question, &answer, WAIT_MS))
		fail_msg("no answer in time");
	assert_int_equal(answer.ticket, question->ticket);
	assert_int_equal(answer.kind, question->kind);
	return answer;
}

static inline struct question identity_question(uint64_t ticket, const char *scope, const char *ip,
						uint64_t time_ns)
{
	struct question question = { .ticket = ticket, .kind = QUESTION_IDENTITY };

	snprintf(question.identity.scope, sizeof(question.identity.scope), "%s", scope);
	snprintf(question.identity.ip, sizeof(question.identity.ip), "%s", ip);
	question.identity.time_ns = time_ns;
	return question;
}

static inline struct answer whose(const char *scope, const char *ip, uint64_t time_ns)
{
	struct question question = identity_question(99, scope, ip, time_ns);

	return ask_wait(&question);
}

/* A lease of 10.0.1.23 from so many seconds after LAUNCH. */
static inline void lease(const char *key, const char *id, const char *instance, const char *vpc,
			 int from, const char *to)
{
	long long from_ms = (long long)(LAUNCH / 1000000) + 1000LL * from;

	redis_run("HSET m:lease:%s scope %s ip 10.0.1.23 instance %s eni eni-%s type p3.2xlarge "
		  "account 111122223333 region us-east-1 vpc %s subnet subnet-0123456789abcdef0 "
		  "principal arn:aws:iam::111122223333:user/ml-pipeline-sa key "
		  "AKIA4EXAMPLE1234567 source 198.51.100.99 from %lld to %s event 86eac0ac",
		  id, SCOPE, instance, instance, vpc, from_ms, to);
	redis_run("ZADD %s %lld %s", key, from_ms, id);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
