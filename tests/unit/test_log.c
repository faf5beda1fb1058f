/* Unit tests of log.c: level, errno, control bytes and the burst limit. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sensor/log.h"

#define LOG_NAME "test_log" /* lines begin with the name of the program */

static char output[65536];

/* Runs fn with standard error in a temporary file and reads back what it wrote. */
static const char *captured(void (*fn)(void))
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t len;

	assert_non_null(file);
	assert_true(saved >= 0);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	fn();
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	assert_int_equal(close(saved), 0);
	rewind(file);
	len = fread(output, 1, sizeof(output) - 1, file);
	output[len] = '\0';
	assert_int_equal(fclose(file), 0);
	return output;
}

static void write_two_levels(void)
{
	log_set_level(LOG_LEVEL_WARNING);
	log_info("not this");
	log_warning("this %d", 1);
	log_set_level(LOG_LEVEL_INFO);
}

static void write_hostile(void)
{
	log_error("file \x1b[2J\n%s", "a\tb");
}

static void write_flood(void)
{
	for (int i = 0; i < 10 * LOG_BURST; i++)
		log_error("line %d", i);
}

static void write_flood_and_report(void)
{
	write_flood();
	for (int i = 0; i < 3 * LOG_BURST; i++)
		log_report(LOG_LEVEL_INFO, "report %d", i);
	log_report(LOG_LEVEL_DEBUG, "report that nobody wants");
}

static void level_is_kept(void **state)
{
	(void)state;
	assert_string_equal(captured(write_two_levels), LOG_NAME ": warning: this 1\n");
}

static void control_bytes_do_not_reach_the_terminal(void **state)
{
	(void)state;
	assert_string_equal(captured(write_hostile), LOG_NAME ": error: file ?[2J?a?b\n");
}

static void errno_survives(void **state)
{
	(void)state;
	errno = ENOSPC;
	(void)captured(write_two_levels);
	errno = ENOSPC;
	log_debug("silent");
	assert_int_equal(errno, ENOSPC);
}

static void a_flood_is_limited(void **state)
{
	size_t lines = 0;
	const char *text;

	(void)state;
	sleep(1); /* a second of its own, whatever was written before */
	text = captured(write_flood);
	for (; *text != '\0'; text++)
		lines += *text == '\n';
	/* The flood may straddle two seconds. */
	assert_in_range(lines, LOG_BURST, 2 * LOG_BURST + 1);
}

/* Whatever the flood has used up, and nothing of it counts as suppressed. */
static void a_report_is_whole(void **state)
{
	const char *text = captured(write_flood_and_report);
	char line[64];

	(void)state;
	for (int i = 0; i < 3 * LOG_BURST; i++) {
		(void)snprintf(line, sizeof(line), LOG_NAME ": info: report %d\n", i);
		text = strstr(text, line);
		assert_non_null(text);
	}
	assert_string_equal(text, line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(level_is_kept),
		cmocka_unit_test(control_bytes_do_not_reach_the_terminal),
		cmocka_unit_test(errno_survives),
		cmocka_unit_test(a_flood_is_limited),
		cmocka_unit_test(a_report_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
