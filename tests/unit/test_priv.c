/* Unit tests of priv.c, in child processes: nobody returns from dropping privileges. As an ordinary
 * user only the refusals can be seen. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sensor/priv.h"

/* Runs fn in a child and returns its exit status. */
static int in_child(int (*fn)(void))
{
	pid_t child = fork();
	int status = -1;

	if (child == 0)
		_exit(fn());
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int drop_to_nobody(void)
{
	char error[PRIV_ERROR_TEXT];
	FILE *status;
	char line[256];
	int clear = 0;

	if (priv_drop("nobody", error) != 0)
		return 1;
	if (geteuid() == 0 || getegid() == 0 || getgroups(0, NULL) != 0)
		return 2;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 3;
	status = fopen("/proc/self/status", "re");
	if (status == NULL)
		return 4;
	while (fgets(line, sizeof(line), status) != NULL)
		if (strncmp(line, "Cap", 3) == 0)
			clear += strstr(line, "0000000000000000") != NULL;
	(void)fclose(status);
	return clear == 5 ? 0 : 5; /* inheritable, permitted, effective, bounding, ambient */
}

static int drop_to_missing(void)
{
	char error[PRIV_ERROR_TEXT];

	if (priv_drop("no-such-user", error) == 0)
		return 1;
	return strcmp(error, "cannot drop privileges: there is no user \"no-such-user\" (--user)");
}

static int drop_to_root(void)
{
	char error[PRIV_ERROR_TEXT];

	if (priv_drop("root", error) == 0)
		return 1;
	return strcmp(error, "cannot drop privileges: user \"root\" is root (--user)");
}

static void root_becomes_nobody_for_good(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(drop_to_nobody), 0);
}

static void missing_user_is_refused(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(drop_to_missing), 0);
}

static void root_is_refused(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(drop_to_root), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_becomes_nobody_for_good),
		cmocka_unit_test(missing_user_is_refused),
		cmocka_unit_test(root_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
