/* test_state_dir.c: the folder is made for its owner alone, and one of others is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/state_dir.h"

static char base[64];
static char path[80];
static char error[STATE_DIR_ERROR_TEXT];

static int setup(void **state)
{
	(void)state;
	snprintf(base, sizeof(base), "/tmp/test_state_dir.XXXXXX");
	if (mkdtemp(base) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/state", base);
	return 0;
}

static int teardown(void **state)
{
	char sub[100];

	(void)state;
	snprintf(sub, sizeof(sub), "%s/s1", path);
	(void)rmdir(sub);
	(void)rmdir(path);
	(void)unlink(path);
	return rmdir(base);
}

static void it_is_made_for_the_owner_alone(void **state)
{
	char sub[100];
	struct stat info;

	(void)state;
	snprintf(sub, sizeof(sub), "%s/s1", path);
	for (int turn = 0; turn < 2; turn++) {
		int fd = state_dir_open(path, "s1", NULL, error);

		assert_true(fd >= 0);
		assert_string_equal(error, "");
		assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
		close(fd);
		assert_int_equal(stat(path, &info), 0);
		assert_int_equal(info.st_mode & 07777, 0700);
		assert_int_equal(stat(sub, &info), 0);
		assert_int_equal(info.st_mode & 07777, 0700);
	}
}

static void a_folder_that_others_write_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0770), 0);
	assert_int_equal(state_dir_open(path, "s1", NULL, error), -EPERM);
	assert_non_null(strstr(error, path));
	assert_non_null(strstr(error, "others may write there (mode 0770)"));
	assert_int_equal(chmod(path, 0755), 0);
	close(state_dir_open(path, "s1", NULL, error));
	assert_string_equal(error, "");
}

static void what_cannot_be_a_folder_is_told(void **state)
{
	static const char *const dots[] = { "", ".", "..", "..." };
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(state_dir_open(path, "s1", NULL, error), -ENOTDIR);
	assert_non_null(strstr(error, path));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(state_dir_open("/nonexistent/state", "s1", NULL, error), -ENOENT);
	for (size_t i = 0; i < sizeof(dots) / sizeof(*dots); i++)
		assert_int_equal(state_dir_open(path, dots[i], NULL, error), -EINVAL);
}

/* As root: the folder goes to whom the process will become, and must be theirs. */
static void root_gives_it_to_the_user(void **state)
{
	const struct passwd *entry = getpwnam("nobody");
	struct stat info;
	int fd;

	(void)state;
	if (geteuid() != 0 || entry == NULL)
		skip();
	assert_int_equal(state_dir_open(path, "s1", "no such user", error), -ENOENT);
	assert_non_null(strstr(error, "there is no user \"no such user\""));
	fd = state_dir_open(path, "s1", "nobody", error);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &info), 0);
	assert_int_equal(info.st_uid, entry->pw_uid);
	close(fd);
	assert_int_equal(state_dir_open(path, "s1", NULL, error), -EPERM);
	assert_non_null(strstr(error, "must belong to user 0"));
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(state_dir_open(path, "s1", "nobody", error), -EPERM);
	assert_non_null(strstr(error, "whom --user names: nobody"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_made_for_the_owner_alone),
		TEST(a_folder_that_others_write_is_refused),
		TEST(what_cannot_be_a_folder_is_told),
		TEST(root_gives_it_to_the_user),
	};

	return cmocka_run_group_tests_name("state_dir", tests, NULL, NULL);
}
