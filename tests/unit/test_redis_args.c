/* test_redis_args.c: commands in their wire form, and what does not fit. */
#include "sensor/redis_args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct redis_args args;

static void assert_wire(const char *expected)
{
	size_t len;
	size_t id_at;
	const char *bytes = redis_args_end(&args, &len, &id_at);

	assert_non_null(bytes);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(bytes, expected, len);
	assert_memory_equal(bytes + id_at, "$6\r\n1700-3\r\n", args.id_len);
}

static void an_entry_with_fields(void **state)
{
	struct redis_head head;
	char hundred[101] = { 0 };
	char expected[400];

	(void)state;
	memset(hundred, 'x', 100);
	redis_args_begin(&args, "XADD");
	redis_args_text(&args, "key");
	redis_args_save(&args, &head);
	for (unsigned round = 0; round < 2; round++) {
		redis_args_resume(&args, &head);
		redis_args_id(&args, 1700, 3);
		redis_args_field(&args, "n", "7", 1);
		redis_args_field(&args, "twelve_bytes", "", 0);
		redis_args_field(&args, "long", hundred, 100);
		redis_args_uint(&args, 1234567890123);
		(void)snprintf(expected, sizeof(expected),
			       "*10\r\n$4\r\nXADD\r\n$3\r\nkey\r\n$6\r\n1700-3\r\n$1\r\nn\r\n"
			       "$1\r\n7\r\n$12\r\ntwelve_bytes\r\n$0\r\n\r\n$4\r\nlong\r\n"
			       "$100\r\n%s\r\n$13\r\n1234567890123\r\n",
			       hundred);
		assert_wire(expected);
	}
}

static void what_does_not_fit_is_refused(void **state)
{
	static char big[REDIS_ARGS_BYTES];
	volatile size_t too_long =
		sizeof(big); /* what the compiler knows it would refuse to build */
	size_t len;
	size_t id_at;

	(void)state;
	redis_args_begin(&args, "SET");
	redis_args_field(&args, "key", big, too_long);
	redis_args_uint(&args, 5);
	assert_null(redis_args_end(&args, &len, &id_at));
	redis_args_begin(&args, "SET");
	redis_args_bytes(&args, big, too_long);
	redis_args_id(&args, 1, 1);
	assert_null(redis_args_end(&args, &len, &id_at));
	redis_args_begin(&args, "SET");
	assert_non_null(redis_args_end(&args, &len, &id_at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_with_fields),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
