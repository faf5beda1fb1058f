/* CPU time by thread: kept when a thread ends, told apart when it changes its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sensor/thread_cpu.h"

#define WORK_NS 2000000u

static struct thread_cpu seen;

/* Until the calling thread has used so much more: how long that takes does not matter. */
static void use_cpu(uint64_t ns)
{
	struct timespec now;
	uint64_t begun_ns = 0;
	uint64_t now_ns;

	do {
		assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
		now_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
		begun_ns = begun_ns == 0 ? now_ns : begun_ns;
	} while (now_ns - begun_ns < ns);
}

static uint64_t used_by(const char *name)
{
	thread_cpu_read(&seen);
	for (size_t i = 0; i < seen.count; i++)
		if (strcmp(seen.times[i].name, name) == 0)
			return seen.times[i].used_ns;
	fail_msg("no thread \"%s\"", name);
	return 0;
}

static void *work(void *name)
{
	thread_cpu_begin(name);
	use_cpu(WORK_NS);
	return NULL;
}

static void run_thread(const char *name)
{
	char own_name[THREAD_CPU_NAME];
	pthread_t thread;

	(void)snprintf(own_name, sizeof(own_name), "%s", name);
	assert_int_equal(pthread_create(&thread, NULL, work, own_name), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_an_ended_thread_keeps_its_time(void **state)
{
	uint64_t used;

	(void)state;
	run_thread("ended");
	used = used_by("ended");
	assert_true(used >= WORK_NS);
	run_thread("other"); /* may get the first one's clock */
	assert_int_equal(used_by("ended"), used);
}

static void test_a_running_thread_is_read(void **state)
{
	uint64_t used;

	(void)state;
	thread_cpu_begin("running");
	use_cpu(WORK_NS);
	used = used_by("running");
	assert_true(used >= WORK_NS);
	use_cpu(WORK_NS);
	assert_true(used_by("running") >= used + WORK_NS);
}

static void test_a_new_name_begins_at_zero(void **state)
{
	uint64_t before;

	(void)state;
	thread_cpu_begin("start");
	use_cpu(WORK_NS);
	thread_cpu_begin("reader");
	before = used_by("start");
	assert_true(before >= WORK_NS);
	use_cpu(WORK_NS);
	assert_int_equal(used_by("start"), before);
	assert_true(used_by("reader") >= WORK_NS);
	assert_string_equal(seen.times[seen.count - 1].name, "reader");
}

/* Last: it leaves no room. */
static void test_too_many_are_not_counted(void **state)
{
	char name[THREAD_CPU_NAME];

	(void)state;
	for (size_t i = 0; i < 2 * THREAD_CPU_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%zu", i);
		thread_cpu_begin(name);
	}
	run_thread("late");
	thread_cpu_read(&seen);
	assert_int_equal(seen.count, THREAD_CPU_MAX);
	for (size_t i = 0; i < seen.count; i++)
		assert_string_not_equal(seen.times[i].name, "late");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_ended_thread_keeps_its_time),
		cmocka_unit_test(test_a_running_thread_is_read),
		cmocka_unit_test(test_a_new_name_begins_at_zero),
		cmocka_unit_test(test_too_many_are_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
