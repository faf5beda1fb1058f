/* test_output.c: lines into files and pipes: whole or not at all, counted when lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/output.h"
#include "sensor/ring.h"

static char dir[] = "/tmp/test_output.XXXXXX";
static char path[64];

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_output.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/out", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static struct output *open_file(bool is_append, size_t size)
{
	struct output *output = NULL;

	assert_int_equal(output_open(&output, path, is_append, size), 0);
	return output;
}

static void assert_content(const char *want)
{
	char got[256];
	FILE *file = fopen(path, "r");
	size_t len;

	assert_non_null(file);
	len = fread(got, 1, sizeof(got) - 1, file);
	got[len] = '\0';
	fclose(file);
	assert_string_equal(got, want);
}

static uint64_t close_now(struct output *output, int *error)
{
	return output_close(output, ring_now_ms() + 200, error);
}

static void lines_reach_the_file(void **state)
{
	struct output *output = open_file(false, 64);
	struct pollfd want;
	int error;

	(void)state;
	assert_int_equal(output_line(output, "one", 3), 0);
	assert_int_equal(output_held(output), 1);
	assert_content("");
	assert_int_equal(output_poll(output, ring_now_ms(), &want), 0);
	assert_int_equal(want.fd, -1);
	assert_content("one\n");
	assert_int_equal(output_held(output), 0);
	assert_int_equal(output_line(output, "two", 3), 0);
	assert_int_equal(close_now(output, &error), 0);
	assert_int_equal(error, 0);
	assert_content("one\ntwo\n");
}

static void a_file_is_begun_anew_or_continued(void **state)
{
	int error;
	struct output *output = open_file(false, 64);

	(void)state;
	output_line(output, "a", 1);
	close_now(output, &error);
	output = open_file(true, 64);
	output_line(output, "b", 1);
	close_now(output, &error);
	assert_content("a\nb\n");
	output = open_file(false, 64);
	output_line(output, "c", 1);
	close_now(output, &error);
	assert_content("c\n");
}

static void the_buffer_is_written_when_it_is_full(void **state)
{
	struct output *output = open_file(false, 8);
	int error;

	(void)state;
	assert_int_equal(output_line(output, "1234567", 7), 0);
	assert_int_equal(output_line(output, "12345678", 8), -EMSGSIZE);
	assert_int_equal(output_line(output, "abc", 3), 0);
	assert_content("1234567\n");
	assert_int_equal(close_now(output, &error), 0);
	assert_content("1234567\nabc\n");
}

static void errors_of_opening_are_told(void **state)
{
	struct output *output = NULL;

	(void)state;
	assert_int_equal(output_open(&output, "/nonexistent/x", false, 64), -ENOENT);
	assert_int_equal(output_open(&output, dir, false, 64), -EISDIR);
	assert_null(output);
	output = open_file(false, 64);
	assert_string_equal(output_name(output), path);
	assert_false(output_is_terminal(output));
	close_now(output, &(int){ 0 });
}

static void a_full_disk_is_a_loss(void **state)
{
	struct output *output = NULL;
	int error;

	(void)state;
	assert_int_equal(output_open(&output, "/dev/full", false, 64), 0);
	assert_int_equal(output_line(output, "one", 3), 0);
	assert_int_equal(output_line(output, "two", 3), 0);
	assert_int_equal(output_flush(output), -ENOSPC);
	assert_int_equal(output_line(output, "three", 5), -ENOSPC);
	assert_int_equal(close_now(output, &error), 2);
	assert_int_equal(error, -ENOSPC);
	/* Teardown expects the file. */
	output = open_file(false, 64);
	close_now(output, &error);
}

/* Opens a named pipe for writing; its reader is returned. */
static int open_pipe(struct output **output, size_t size)
{
	int reader;

	assert_int_equal(mkfifo(path, 0600), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(reader >= 0);
	assert_int_equal(output_open(output, path, true, size), 0);
	return reader;
}

static void a_slow_reader_is_not_waited_for(void **state)
{
	static char line[1000];
	static char bytes[1 << 20];
	struct output *output = NULL;
	int reader = open_pipe(&output, 8192);
	uint64_t begin_ms = ring_now_ms();
	unsigned taken = 0;
	size_t got = 0;
	struct pollfd want;
	ssize_t len;
	int error;

	(void)state;
	memset(line, 'x', sizeof(line));
	while (output_line(output, line, sizeof(line)) == 0)
		taken++;
	assert_true(ring_now_ms() - begin_ms < 1000);
	assert_true(taken >= 8);
	assert_int_equal(output_line(output, line, sizeof(line)), -EAGAIN);
	assert_int_equal(output_poll(output, ring_now_ms(), &want), -EAGAIN);
	assert_true(want.fd >= 0);
	assert_int_equal(want.events, POLLOUT);
	/* The reader comes back: nothing was lost or cut. */
	for (int i = 0; i < 100; i++) {
		while ((len = read(reader, bytes + got, sizeof(bytes) - got)) > 0)
			got += (size_t)len;
		if (output_flush(output) == 0 && got == taken * (sizeof(line) + 1))
			break;
	}
	assert_int_equal(got, taken * (sizeof(line) + 1));
	for (size_t i = 0; i < got; i++)
		assert_int_equal(bytes[i], i % 1001 == 1000 ? '\n' : 'x');
	assert_int_equal(close_now(output, &error), 0);
	close(reader);
}

static void what_nobody_reads_is_lost_at_the_end(void **state)
{
	static char line[1000];
	struct output *output = NULL;
	int reader = open_pipe(&output, 8192);
	uint64_t begin_ms = ring_now_ms();
	uint64_t lost;
	int error;

	(void)state;
	while (output_line(output, line, sizeof(line)) == 0)
		;
	lost = close_now(output, &error);
	assert_true(lost > 0 && lost <= 9);
	assert_int_equal(error, -ETIMEDOUT);
	assert_true(ring_now_ms() - begin_ms < 2000);
	close(reader);
}

static void a_reader_that_left_is_an_error(void **state)
{
	struct output *output = NULL;
	int reader = open_pipe(&output, 8192);
	int error;

	(void)state;
	close(reader);
	assert_int_equal(output_line(output, "x", 1), 0);
	assert_int_equal(output_flush(output), -EPIPE);
	assert_int_equal(close_now(output, &error), 1);
	assert_int_equal(error, -EPIPE);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(lines_reach_the_file),
		WITH_DIR(a_file_is_begun_anew_or_continued),
		WITH_DIR(the_buffer_is_written_when_it_is_full),
		WITH_DIR(errors_of_opening_are_told),
		WITH_DIR(a_full_disk_is_a_loss),
		WITH_DIR(a_slow_reader_is_not_waited_for),
		WITH_DIR(what_nobody_reads_is_lost_at_the_end),
		WITH_DIR(a_reader_that_left_is_an_error),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
