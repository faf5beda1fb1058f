/* Unit tests of config.c, option.c and config_yaml.c: precedence, bounds, units, and errors that
 * name file, line and key. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/classify.h"
#include "sensor/config.h"
#include "sensor/option.h"

#define WORDS(...) ((const char *[]){ "minecanary", __VA_ARGS__, NULL })

static int load(struct config *config, const char **argv, char error[CONFIG_ERROR_TEXT])
{
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	memset(config, 0, sizeof(*config));
	return config_load(config, argc, (char **)argv, error);
}

static void write_file(char path[64], const char *text)
{
	int fd;
	FILE *file;

	(void)snprintf(path, 64, "/tmp/minecanary-config-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Loads a file that must be refused with exactly this message after its path. */
static void refused_file(const char *text, const char *message)
{
	struct config config;
	char error[CONFIG_ERROR_TEXT];
	char path[64];
	char expected[CONFIG_ERROR_TEXT];

	write_file(path, text);
	assert_int_equal(load(&config, WORDS("-i", "eth0", "-c", path), error), -22);
	(void)snprintf(expected, sizeof(expected), "%s%s", path, message);
	assert_string_equal(error, expected);
	config_free(&config);
	assert_int_equal(unlink(path), 0);
}

static void refused(const char **argv, const char *message)
{
	struct config config;
	char error[CONFIG_ERROR_TEXT];

	assert_int_equal(load(&config, argv, error), -22);
	assert_string_equal(error, message);
	config_free(&config);
}

static void defaults_obey_their_own_bounds(void **state)
{
	struct config config;
	char error[CONFIG_ERROR_TEXT];

	(void)state;
	assert_int_equal(load(&config, WORDS("-i", "eth0"), error), 0);
	assert_string_equal(config.interface, "eth0");
	assert_int_equal(config.workers, 1);
	assert_int_equal(config.classify, CLASSIFY_ALL);
	assert_int_equal(config.buffer_size, 64 * 1024 * 1024);
	assert_int_equal(config.redis_expire_s, 30 * 86400);
	assert_string_equal(config.redis_prefix, "minecanary");
	assert_null(config.filter);
	assert_null(config.redis);
	config_free(&config);
}

static void sensor_id_says_live_or_replay(void **state)
{
	struct config config;
	char error[CONFIG_ERROR_TEXT];
	char host[256] = "";
	char end[32];

	(void)state;
	assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
	assert_int_equal(load(&config, WORDS("-i", "eth0"), error), 0);
	assert_int_equal(strncmp(config.sensor_id, host, strlen(config.sensor_id)), 0);
	config_free(&config);
	assert_int_equal(load(&config, WORDS("-r", "a.pcap"), error), 0);
	assert_int_equal(strncmp(config.sensor_id, "replay-", 7), 0);
	(void)snprintf(end, sizeof(end), "-%ld", (long)getpid());
	assert_string_equal(config.sensor_id + strlen(config.sensor_id) - strlen(end), end);
	config_free(&config);
}

static void file_then_command_line(void **state)
{
	struct config config;
	char error[CONFIG_ERROR_TEXT];
	char path[64];

	(void)state;
	write_file(path, "workers: 2\n"
			 "idle-timeout: 5m\n"
			 "classify: candidates\n"
			 "home-networks: [10.0.0.0/8, 2001:db8::/32]\n"
			 "nat-addresses: [10.0.0.220, 198.51.100.40]\n"
			 "endpoints:\n  - a.list\n  - b.list\n"
			 "lists: [d.list]\ndefault-lists: no\n"
			 "cloud:\n"
			 "  - vni: 4097\n"
			 "    prefix: 10.0.0.0/16\n"
			 "    provider: aws\n"
			 "    account: \"111122223333\"\n"
			 "    region: us-east-1\n"
			 "    vpc: vpc-0a11b22c33d44e55f\n"
			 "  - vlan: 100\n"
			 "    account: lab\n");
	assert_int_equal(
		load(&config,
		     WORDS("-i", "eth0", "-c", path, "--workers=4", "--endpoints", "c.list"),
		     error),
		0);
	assert_int_equal(config.workers, 4);
	assert_int_equal(config.idle_s, 300);
	assert_int_equal(config.classify, CLASSIFY_CANDIDATES);
	assert_int_equal(config.home.count, 2);
	assert_int_equal(config.home.items[1].ip_version, 6);
	assert_int_equal(config.home.items[1].prefix_len, 32);
	assert_int_equal(config.nat.count, 2);
	assert_int_equal(config.nat.items[1].prefix_len, 32);
	assert_int_equal(config.nat.items[1].addr[3], 40);
	assert_int_equal(config.endpoints.count, 1); /* the command line replaces the list */
	assert_string_equal(config.endpoints.items[0], "c.list");
	assert_int_equal(config.lists.count, 1); /* another option, though of the same kind */
	assert_string_equal(config.lists.items[0], "d.list");
	assert_false(config.default_lists);
	assert_int_equal(config.cloud_count, 2);
	assert_true(config.cloud[0].has_vni);
	assert_int_equal(config.cloud[0].vni, 4097);
	assert_int_equal(config.cloud[0].line, 12);
	assert_string_equal(config.cloud[0].account_id, "111122223333");
	assert_true(config.cloud[1].has_vlan);
	assert_int_equal(config.cloud[1].vlan, 100);
	config_free(&config);
	assert_int_equal(unlink(path), 0);
}

static void file_errors_name_file_line_and_key(void **state)
{
	(void)state;
	refused_file("workers: 2\nworker: 3\n", ":2: worker: there is no such option");
	refused_file("\n\nworkers: 0\n", ":3: workers: \"0\" is not between 1 and 64");
	refused_file("workers: 65\n", ":1: workers: \"65\" is not between 1 and 64");
	refused_file("workers: two\n", ":1: workers: \"two\" is not a number");
	refused_file("workers: -1\n", ":1: workers: \"-1\" is not a number");
	refused_file("workers: [1]\n", ":1: workers: takes one value, not a list");
	refused_file("workers:\n", ":1: workers: has no value");
	refused_file("workers: 1\nworkers: 2\n", ":2: workers: is given twice");
	refused_file("buffer-size: 1T\n",
		     ":1: buffer-size: \"1T\" is not a number of bytes (64K, 2M, 1G)");
	refused_file("idle-timeout: 2 weeks\n",
		     ":1: idle-timeout: \"2 weeks\" is not a number of seconds (90, 5m, 1h, 2d)");
	refused_file("classify: some\n", ":1: classify: \"some\" is not one of all|candidates|off");
	refused_file("promiscuous: maybe\n", ":1: promiscuous: \"maybe\" is neither yes nor no");
	refused_file(
		"home-networks: [10.0.0.1/8]\n",
		":1: home-networks: \"10.0.0.1/8\" is not a prefix such as 10.0.0.0/16 without "
		"host bits");
	refused_file("cloud:\n  - region: r\n", ":2: cloud: a row needs one of vni, vlan, prefix");
	refused_file(
		"cloud:\n  - vni: 1\n    colour: red\n",
		":3: cloud: \"colour\" is none of vni, vlan, prefix, provider, account, region, "
		"vpc, subnet");
	refused_file("cloud:\n  - vni: 5000000000\n",
		     ":2: cloud: \"5000000000\" is not a number up to 4294967295");
	refused_file("- a\n- b\n", ":1: file: is not a mapping of options to values");
	refused_file("null: yes\nsensor-id: a b\n",
		     ":2: sensor-id: at most 63 letters, digits, dots, dashes and underscores");
	refused_file("tap: a/b\n",
		     ":1: tap: at most 63 letters, digits, dots, dashes and underscores");
	refused_file("redis-prefix: a:b\n",
		     ":1: redis-prefix: at most 63 letters, digits, dots, dashes and underscores");
	refused_file("redis: redis://host:65536\n",
		     ":1: redis: the port must be a number from 1 to 65535");
	refused_file("workers: 1\n---\nworkers: 2\n", ":3: file: holds more than one document");
	refused_file("a: [\n", ":2: did not find expected node content");
}

static void command_line_errors_name_the_option(void **state)
{
	(void)state;
	refused(WORDS("-i", "eth0", "--workers", "99"),
		"--workers: \"99\" is not between 1 and 64");
	refused(WORDS("-i", "eth0", "-r", "x"), "--read and --interface exclude each other");
	refused(WORDS("-i", "eth0", "--shunt-bytes", "1K"),
		"shunt-bytes is 0, or 64K at least: less would hide what is yet to be looked at");
	refused(WORDS("--null"),
		"nothing to read: give -r FILE or -i IFACE (--help shows all options)");
	refused(WORDS("-i", "eth0", "--sensor-id", "a{b}"),
		"--sensor-id: at most 63 letters, digits, dots, dashes and underscores");
	refused(WORDS("-i", "eth0", "--redis-password-file", "f"),
		"redis-password-file is of no use without --redis");
	refused(WORDS("-i", "eth0", "--state-dir", "d"), "state-dir is of no use without --redis");
	refused(WORDS("-r", "x", "--redis", "redis://192.0.2.1", "--state-dir", "d"),
		"state-dir with --read needs --sensor-id: a journal is found again by it");
	refused(WORDS("-i", "eth0", "--redis-ca", "f"),
		"redis-ca and redis-cert are of no use without --redis");
	refused(WORDS("-i", "eth0", "--redis", "rediss://h", "--redis-key", "f"),
		"redis-key is of no use without redis-cert");
	refused(WORDS("-i", "eth0", "--redis", "redis://u:secret@h"),
		"--redis: every user can read a password on the command line: use "
		"redis-password-file, MINECANARY_REDIS_PASSWORD, or a configuration file");
	refused(WORDS("-i", "eth0", "-c", "/nonexistent/file"),
		"/nonexistent/file: No such file or directory");
	refused(WORDS("-i", "eth0", "--cloud", "vni"), "--cloud: \"vni\" is not KEY=VALUE");
}

static void words_are_files_then_filter(void **state)
{
	struct config config;
	char error[CONFIG_ERROR_TEXT];

	(void)state;
	assert_int_equal(
		load(&config, WORDS("-r", "/dev/null", "/dev/zero", "tcp", "port", "3333"), error),
		0);
	assert_int_equal(config.read.count, 2);
	assert_string_equal(config.read.items[1], "/dev/zero");
	assert_string_equal(config.filter, "tcp port 3333");
	config_free(&config);
	/* Live there are no files: every word is filter. */
	assert_int_equal(load(&config, WORDS("-i", "eth0", "/dev/null"), error), 0);
	assert_string_equal(config.filter, "/dev/null");
	config_free(&config);
}

static void sizes_at_their_bounds(void **state)
{
	struct config config;
	char why[OPTION_WHY];
	const struct option_row *row = option_find("snaplen");

	(void)state;
	memset(&config, 0, sizeof(config));
	assert_non_null(row);
	assert_int_equal(option_set(&config, row, "96", why), 0);
	assert_int_equal(config.snaplen, 96);
	assert_int_equal(option_set(&config, row, "95", why), -22);
	assert_int_equal(option_set(&config, row, "262144", why), 0);
	assert_int_equal(option_set(&config, row, "256KiB", why), 0);
	assert_int_equal(config.snaplen, 262144);
	assert_int_equal(option_set(&config, row, "262145", why), -22);
	assert_int_equal(option_set(&config, row, "99999999999999999999", why), -22);
	assert_int_equal(option_set(&config, row, "18446744073709551615G", why), -22);
	assert_int_equal(option_set(&config, row, "", why), -22);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_obey_their_own_bounds),
		cmocka_unit_test(sensor_id_says_live_or_replay),
		cmocka_unit_test(file_then_command_line),
		cmocka_unit_test(file_errors_name_file_line_and_key),
		cmocka_unit_test(command_line_errors_name_the_option),
		cmocka_unit_test(words_are_files_then_filter),
		cmocka_unit_test(sizes_at_their_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
