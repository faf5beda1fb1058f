/* test_redis_url.c: the URLs that lead to Redis, and those that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sensor/redis_url.h"

static void assert_parses(const char *text, const char *name, const char *user,
			  const char *password, uint32_t db)
{
	struct redis_url url;
	char error[REDIS_URL_ERROR_TEXT];
	char got[300];

	assert_int_equal(redis_url_parse(text, &url, error), 0);
	assert_string_equal(error, "");
	redis_url_name(&url, got, sizeof(got));
	assert_string_equal(got, name);
	assert_string_equal(url.user, user);
	assert_string_equal(url.password, password);
	assert_int_equal(url.db, db);
}

static void assert_refused(const char *text, const char *why)
{
	struct redis_url url;
	char error[REDIS_URL_ERROR_TEXT];

	assert_int_equal(redis_url_parse(text, &url, error), -EINVAL);
	if (strstr(error, why) == NULL)
		fail_msg("%s: %s does not say %s", text, error, why);
}

static void tcp_urls(void **state)
{
	(void)state;
	assert_parses("redis://redis.example.org", "redis.example.org:6379", "", "", 0);
	assert_parses("redis://192.0.2.1:6380/", "192.0.2.1:6380", "", "", 0);
	assert_parses("redis://192.0.2.1:65535/15", "192.0.2.1:65535", "", "", 15);
	assert_parses("redis://[2001:db8::1]", "[2001:db8::1]:6379", "", "", 0);
	assert_parses("redis://[2001:db8::1]:1/3", "[2001:db8::1]:1", "", "", 3);
}

static void credentials(void **state)
{
	(void)state;
	assert_parses("redis://sensor:secret@h", "h:6379", "sensor", "secret", 0);
	assert_parses("redis://:secret@h", "h:6379", "", "secret", 0);
	assert_parses("redis://sensor@h", "h:6379", "sensor", "", 0);
	assert_parses("redis://a%40b:p%3a%25@h", "h:6379", "a@b", "p:%", 0);
	assert_parses("redis://a:p@ss:w@h:1", "h:1", "a", "p@ss:w", 0);
}

static void unix_urls(void **state)
{
	char text[200] = "unix:///";
	char path[120] = "/";

	(void)state;
	assert_parses("unix:///run/redis.sock", "/run/redis.sock", "", "", 0);
	assert_parses("unix:///run/redis.sock?db=2", "/run/redis.sock", "", "", 2);
	/* The longest path a socket may have is 107 bytes. */
	memset(text + 8, 'a', 106);
	memset(path + 1, 'a', 106);
	assert_parses(text, path, "", "", 0);
	text[8 + 106] = 'a';
	assert_refused(text, "too long");
}

static bool parse(const char *text, struct redis_url *url)
{
	char error[REDIS_URL_ERROR_TEXT];

	return redis_url_parse(text, url, error) == 0;
}

static void cluster_urls(void **state)
{
	struct redis_url url;
	char name[200];

	(void)state;
	assert_true(parse("redis+cluster://u:p@h,k:7,[::1]:8/", &url));
	assert_int_equal(url.seed_count, 3);
	assert_string_equal(url.seeds[1].port, "7");
	assert_string_equal(url.place.host, "h");
	assert_string_equal(url.user, "u");
	assert_false(url.is_tls);
	redis_url_name(&url, name, sizeof(name));
	assert_string_equal(name, "the cluster at h:6379,k:7,[::1]:8");
	assert_true(parse("rediss+cluster://h", &url) && url.is_tls);
	assert_true(parse("redis://h", &url) && url.seed_count == 0);
}

static void tls_urls(void **state)
{
	struct redis_url url;

	(void)state;
	assert_parses("rediss://h", "h:6379", "", "", 0);
	assert_parses("rediss://u:p@[2001:db8::1]:7/2", "[2001:db8::1]:7", "u", "p", 2);
	assert_true(parse("rediss://h", &url) && url.is_tls);
	assert_true(parse("redis://h", &url) && !url.is_tls);
	assert_true(parse("unix:///s", &url) && !url.is_tls);
	assert_true(parse("redis+sentinel://h/m", &url) && !url.is_tls);
	assert_true(parse("rediss+sentinel://h/m", &url) && url.is_tls);
}

static void sentinel_urls(void **state)
{
	struct redis_url url;

	(void)state;
	assert_parses("redis+sentinel://s1,s2:5000,[2001:db8::1]/mymaster/3",
		      "mymaster at s1:26379,s2:5000,[2001:db8::1]:26379", "", "", 3);
	assert_parses("redis+sentinel://u:p%2f@192.0.2.1/m", "m at 192.0.2.1:26379", "u", "p/", 0);
	assert_true(parse("redis+sentinel://s1,s2/a%20b", &url));
	assert_int_equal(url.sentinel_count, 2);
	assert_string_equal(url.master, "a b");
	assert_string_equal(url.place.host, "");
	/* Eight are all there may be. */
	assert_true(parse("redis+sentinel://1,2,3,4,5,6,7,8/m", &url));
	assert_int_equal(url.sentinel_count, REDIS_SENTINELS);
	assert_string_equal(url.sentinels[7].host, "8");
}

static void a_name_that_does_not_fit_is_cut(void **state)
{
	struct redis_url url;
	char name[20];

	(void)state;
	assert_true(parse("redis+sentinel://one,two,three/m", &url));
	redis_url_name(&url, name, sizeof(name));
	assert_string_equal(name, "m at one:26379,two:");
}

static void a_password_in_a_url_is_noticed(void **state)
{
	(void)state;
	assert_true(redis_url_has_password("redis://u:p@h"));
	assert_true(redis_url_has_password("rediss+sentinel://:p@h/m"));
	assert_false(redis_url_has_password("redis://u@h"));
	assert_false(redis_url_has_password("redis://u:@h"));
	assert_false(redis_url_has_password("unix:///s"));
	assert_false(redis_url_has_password("u:p@h"));
}

static void refused_urls(void **state)
{
	static const struct {
		const char *url;
		const char *why;
	} rows[] = {
		{ "", "begins with" },
		{ "localhost", "begins with" },
		{ "http://h", "begins with" },
		{ "redis+cluster://", "host is missing" },
		{ "redis+cluster://h,,k", "host is missing" },
		{ "redis+cluster://h/1", "no databases" },
		{ "redis+cluster://1,2,3,4,5,6,7,8,9", "more than 8" },
		{ "redis+sentinel://h", "name of the master is missing" },
		{ "redis+sentinel://h/", "name of the master is missing" },
		{ "redis+sentinel:///m", "host is missing" },
		{ "redis+sentinel://h,/m/x", "database" },
		{ "redis+sentinel://h,,k/m", "host is missing" },
		{ "redis+sentinel://h:0/m", "port" },
		{ "redis+sentinel://h/%zz", "master" },
		{ "redis+sentinel://1,2,3,4,5,6,7,8,9/m", "more than 8" },
		{ "redis://", "host is missing" },
		{ "redis://:6379", "host is missing" },
		{ "redis://h:", "port" },
		{ "redis://h:0", "port" },
		{ "redis://h:65536", "port" },
		{ "redis://h:6x", "port" },
		{ "redis://h/x", "database" },
		{ "redis://h/1000001", "database" },
		{ "redis://h/99999999999", "database" },
		{ "redis://[2001:db8::1", "bracket" },
		{ "redis://[2001:db8::1]x", "port" },
		{ "redis://a:%zz@h", "password" },
		{ "redis://a:%4@h", "password" },
		{ "redis://a:%00@h", "password" },
		{ "redis://%@h", "user" },
		{ "unix://relative", "absolute" },
		{ "unix://", "absolute" },
		{ "unix:///", "absolute" },
		{ "unix:///s?db=", "?db=" },
		{ "unix:///s?db=x", "?db=" },
		{ "unix:///s?x=1", "?db=" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(rows[i].url, rows[i].why);
}

static void errors_keep_the_password(void **state)
{
	struct redis_url url;
	char error[REDIS_URL_ERROR_TEXT];

	(void)state;
	assert_int_equal(redis_url_parse("redis://u:hunter2@h:x", &url, error), -EINVAL);
	assert_null(strstr(error, "hunter2"));
}

static int read_password(const char *content, size_t len, struct redis_url *url)
{
	char path[] = "/tmp/test_redis_url.XXXXXX";
	int fd = mkstemp(path);
	int result;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, len), len);
	close(fd);
	result = redis_url_read_password(url, path);
	unlink(path);
	return result;
}

static void passwords_come_from_a_file(void **state)
{
	struct redis_url url = { .user = "sensor" };
	char longest[REDIS_SECRET_TEXT + 1];

	(void)state;
	assert_int_equal(read_password("secret\nrest\n", 12, &url), 0);
	assert_string_equal(url.password, "secret");
	assert_int_equal(read_password("crlf\r\n", 6, &url), 0);
	assert_string_equal(url.password, "crlf");
	assert_int_equal(read_password("open", 4, &url), 0);
	assert_string_equal(url.password, "open");
	assert_int_equal(read_password("", 0, &url), -ENODATA);
	assert_int_equal(read_password("\nx", 2, &url), -ENODATA);
	memset(longest, 'p', sizeof(longest));
	assert_int_equal(read_password(longest, REDIS_SECRET_TEXT - 1, &url), 0);
	assert_int_equal(strlen(url.password), REDIS_SECRET_TEXT - 1);
	assert_int_equal(read_password(longest, REDIS_SECRET_TEXT, &url), -E2BIG);
	assert_int_equal(redis_url_read_password(&url, "/nonexistent/file"), -ENOENT);
}

/* Run as nobody when the tests run as root: root may open everything. */
static int check_as_nobody(const char *text)
{
	char error[REDIS_URL_ERROR_TEXT];
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0) {
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
			_exit(99);
		_exit(-redis_url_check_access(text, error));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void access_is_that_of_the_user(void **state)
{
	char path[] = "/tmp/minecanary-socket-XXXXXX";
	char url[64];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	(void)snprintf(url, sizeof(url), "unix://%s", path);
	assert_int_equal(fchmod(fd, 0666), 0);
	assert_int_equal(check_as_nobody(url), 0);
	assert_int_equal(fchmod(fd, 0), 0);
	assert_int_equal(check_as_nobody(url), EACCES);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(check_as_nobody(url), ENOENT);
	assert_int_equal(check_as_nobody("redis://192.0.2.1:6379"), 0);
	assert_int_equal(check_as_nobody("http://192.0.2.1"), EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_urls),
		cmocka_unit_test(credentials),
		cmocka_unit_test(unix_urls),
		cmocka_unit_test(cluster_urls),
		cmocka_unit_test(tls_urls),
		cmocka_unit_test(sentinel_urls),
		cmocka_unit_test(a_name_that_does_not_fit_is_cut),
		cmocka_unit_test(a_password_in_a_url_is_noticed),
		cmocka_unit_test(refused_urls),
		cmocka_unit_test(errors_keep_the_password),
		cmocka_unit_test(passwords_come_from_a_file),
		cmocka_unit_test(access_is_that_of_the_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
