/* test_trail_price.c: the price file: what it says, which row wins, and what it may not say. */
#include "sensor/trail/price.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static struct price_list *prices;
static char error[PRICE_ERROR_TEXT];

/* Loads bytes as a file; the result of price_list_load(). */
static int load_bytes(const char *bytes, size_t len)
{
	int fd = memfd_create("prices", MFD_CLOEXEC);
	char path[64];
	int result;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	price_list_free(prices);
	error[0] = '\0';
	result = price_list_load(&prices, path, error);
	close(fd);
	return result;
}

static int load(const char *text)
{
	return load_bytes(text, strlen(text));
}

static int unload(void **state)
{
	(void)state;
	price_list_free(prices);
	prices = NULL;
	return 0;
}

static void assert_price(const char *region, const char *type, double expected)
{
	double usd = -1;

	assert_true(price_find(prices, region, type, &usd));
	assert_float_equal(usd, expected, 1e-9);
}

static void assert_unknown(const char *region, const char *type)
{
	double usd = -1;

	assert_false(price_find(prices, region, type, &usd));
	assert_float_equal(usd, -1, 0);
}

static void assert_refused(const char *text, const char *line, const char *why)
{
	assert_int_equal(load(text), -EINVAL);
	assert_null(prices);
	assert_int_equal(strncmp(error, "/proc/self/fd/", 14), 0);
	if (strstr(error, line) == NULL || strstr(error, why) == NULL)
		fail_msg("%s: neither %s nor %s", error, line, why);
}

/* --- what it says --------------------------------------------------------------------------- */

static void test_rows_notes_and_comments(void **state)
{
	(void)state;
	assert_int_equal(load("# head\n"
			      "source: a list of ours, by hand   # not this\n"
			      "date:\t2026-03-05\r\n"
			      "\n"
			      "us-east-1 p3.2xlarge 3.06\n"
			      "  eu-west-1\tg4dn.xlarge\t0.556 # comment\r\n"
			      "us-gov-west-1 u-6tb1.112xlarge 54.6"),
			 0);
	assert_int_equal(price_count(prices), 3);
	assert_string_equal(price_source(prices), "a list of ours, by hand");
	assert_string_equal(price_date(prices), "2026-03-05");
	assert_price("us-east-1", "p3.2xlarge", 3.06);
	assert_price("eu-west-1", "g4dn.xlarge", 0.556);
	assert_price("us-gov-west-1", "u-6tb1.112xlarge", 54.6);
}

static void test_what_is_not_there_is_not_known(void **state)
{
	(void)state;
	assert_int_equal(load("us-east-1 p3.2xlarge 3.06\n"), 0);
	assert_unknown("us-east-1", "p3.8xlarge");
	assert_unknown("us-east-2", "p3.2xlarge");
	assert_unknown("", "");
	assert_int_equal(load(""), 0);
	assert_int_equal(price_count(prices), 0);
	assert_unknown("us-east-1", "p3.2xlarge");
	assert_string_equal(price_source(prices), "");
}

static void test_no_list_knows_nothing(void **state)
{
	double usd = 5;

	(void)state;
	assert_false(price_find(NULL, "us-east-1", "p3.2xlarge", &usd));
	assert_float_equal(usd, 5, 0);
	assert_string_equal(price_source(NULL), "");
	assert_string_equal(price_date(NULL), "");
	assert_int_equal(price_count(NULL), 0);
	price_list_free(NULL);
}

static void test_most_specific_row_wins(void **state)
{
	(void)state;
	assert_int_equal(load("* * 9\n"
			      "us-east-1 * 8\n"
			      "* m5.large 7\n"
			      "us-east-1 m5.large 6\n"),
			 0);
	assert_price("us-east-1", "m5.large", 6);
	assert_price("eu-west-1", "m5.large", 7);
	assert_price("us-east-1", "c5.large", 8);
	assert_price("eu-west-1", "c5.large", 9);
}

static void test_decimals(void **state)
{
	(void)state;
	assert_int_equal(load("a x 0.000001\nb x 10000\nc x 3.060000\nd x 10.5\n"), 0);
	assert_price("a", "x", 0.000001);
	assert_price("b", "x", 10000);
	assert_price("c", "x", 3.06);
	assert_price("d", "x", 10.5);
}

/* --- what it may not say -------------------------------------------------------------------- */

static void test_bad_prices(void **state)
{
	static const char *const bad[] = { "0",     "0.0",       "-1",
					   "+1",    ".5",        "1.",
					   "1e3",   "0x10",      "nan",
					   "inf",   "3,06",      "$3.06",
					   "10001", "0.0000001", "99999999999999999999999" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[128];

		(void)snprintf(text, sizeof(text), "# one\nus-east-1 p3.2xlarge %s\n", bad[i]);
		assert_refused(text, ":2: ", "the price must be");
	}
}

static void test_bad_rows(void **state)
{
	(void)state;
	assert_refused("us-east-1 p3.2xlarge\n", ":1: ", "must be: region, type");
	assert_refused("\n\nus-east-1 p3.2xlarge 3.06 USD\n", ":3: ", "must be: region, type");
	assert_refused("us-east-1\n", ":1: ", "must be: region, type");
	assert_refused("us/east p3.2xlarge 3.06\n", ":1: ", "no name of a region");
	assert_refused("us-east-1 p3\x1b[31m 3.06\n", ":1: ", "no name of an instance type");
	assert_refused("0123456789012345678901234567890123456789012345678901234567890123 x 1\n",
		       ":1: ", "no name of a region");
	assert_int_equal(
		load("012345678901234567890123456789012345678901234567890123456789012 x 1\n"), 0);
}

static void test_bad_notes(void **state)
{
	(void)state;
	assert_refused("source:\n", ":1: ", "must have a text");
	assert_refused("date: a\ndate: b\n", ":2: ", "said before");
	assert_refused("price: 5\n", ":1: ", "must be source:, date: or a row");
}

static void test_one_thing_has_one_price(void **state)
{
	(void)state;
	assert_refused("b x 1\na x 2\nb x 3\n", ":3: ", "b x has a price already in line 1");
	assert_refused("b x 1\na x 2\nb x 1\n", ":3: ", "in line 1");
}

static void test_hostile_lines(void **state)
{
	char line[PRICE_LINE_BYTES + 2];

	(void)state;
	memset(line, ' ', sizeof(line));
	line[PRICE_LINE_BYTES - 1] = '\n';
	assert_int_equal(load_bytes(line, PRICE_LINE_BYTES), 0);
	line[PRICE_LINE_BYTES - 1] = ' ';
	line[PRICE_LINE_BYTES] = '\n';
	assert_int_equal(load_bytes(line, PRICE_LINE_BYTES + 1), -EINVAL);
	assert_non_null(strstr(error, ":1: longer than 1023 bytes"));
	assert_int_equal(load_bytes("a x 1\0 2\n", 9), -EINVAL);
	assert_non_null(strstr(error, ":1: holds a NUL byte"));
}

static void test_too_many_rows(void **state)
{
	char *text = malloc((size_t)(PRICE_ROWS + 1) * 16 + 1);
	size_t len = 0;

	(void)state;
	assert_non_null(text);
	for (unsigned i = 0; i < PRICE_ROWS; i++)
		len += (size_t)snprintf(text + len, 17, "r%u x 1\n", i);
	assert_int_equal(load_bytes(text, len), 0);
	assert_int_equal(price_count(prices), PRICE_ROWS);
	assert_price("r77777", "x", 1);
	len += (size_t)snprintf(text + len, 17, "one-more x 1\n");
	assert_int_equal(load_bytes(text, len), -EINVAL);
	assert_non_null(strstr(error, ":100001: more than 100000 rows"));
	free(text);
}

static void test_file_that_is_not_there(void **state)
{
	(void)state;
	price_list_free(prices);
	assert_int_equal(price_list_load(&prices, "/nowhere/prices\x1b.list", error), -ENOENT);
	assert_null(prices);
	assert_string_equal(error, "/nowhere/prices\\x1b.list: No such file or directory");
	assert_int_equal(price_list_load(&prices, "/", error), -EIO);
	assert_string_equal(error, "/:1: cannot be read");
}

/* --- what is shipped ------------------------------------------------------------------------ */

static void test_shipped_prices_give_the_incidents_burn(void **state)
{
	static const struct {
		const char *region;
		const char *type;
		unsigned count;
	} rows[] = {
		{ "us-east-1", "p3.2xlarge", 20 },       { "us-east-2", "p3.2xlarge", 15 },
		{ "us-west-1", "g4dn.xlarge", 25 },      { "us-west-2", "p3.2xlarge", 20 },
		{ "eu-west-1", "g4dn.xlarge", 20 },      { "eu-central-1", "g4dn.xlarge", 15 },
		{ "ap-southeast-1", "g4dn.xlarge", 15 }, { "ap-northeast-1", "g4dn.xlarge", 10 },
	};
	double burn = 0;

	(void)state;
	price_list_free(prices);
	assert_int_equal(price_list_load(&prices, NULL, error), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double usd = 0;

		assert_true(price_find(prices, rows[i].region, rows[i].type, &usd));
		burn += usd * rows[i].count;
	}
	assert_float_equal(burn, 217.565, 1e-9);
	assert_string_not_equal(price_source(prices), "");
	assert_string_equal(price_date(prices), "2026-03-05");
	assert_unknown("us-east-1", "p5.48xlarge");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_rows_notes_and_comments, unload),
		cmocka_unit_test_teardown(test_what_is_not_there_is_not_known, unload),
		cmocka_unit_test(test_no_list_knows_nothing),
		cmocka_unit_test_teardown(test_most_specific_row_wins, unload),
		cmocka_unit_test_teardown(test_decimals, unload),
		cmocka_unit_test_teardown(test_bad_prices, unload),
		cmocka_unit_test_teardown(test_bad_rows, unload),
		cmocka_unit_test_teardown(test_bad_notes, unload),
		cmocka_unit_test_teardown(test_one_thing_has_one_price, unload),
		cmocka_unit_test_teardown(test_hostile_lines, unload),
		cmocka_unit_test_teardown(test_too_many_rows, unload),
		cmocka_unit_test_teardown(test_file_that_is_not_there, unload),
		cmocka_unit_test_teardown(test_shipped_prices_give_the_incidents_burn, unload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
