/* test_trail_settings.c: thresholds from the command line and a file. */
#include "trail_rig.h"

#include <unistd.h>

static void has_defaults_within_bounds(void **state)
{
	struct settings settings;

	(void)state;
	settings_init(&settings);
#define CHECK_ROW(name, field, is_duration, dflt, min, max, help) \
	assert_int_equal(settings.field, dflt); \
	assert_in_range(settings.field, min, max);
	SETTINGS(CHECK_ROW)
#undef CHECK_ROW
	settings_fini(&settings);
}

static void sets_and_refuses(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		int result;
	} cases[] = {
		{ "learning", "0", 0 },
		{ "learning", "90", 0 },
		{ "learning", "3d", 0 },
		{ "learning", "3w", -EINVAL },
		{ "learning", "-1", -EINVAL },
		{ "learning", "", -EINVAL },
		{ "learning", "3d ", -EINVAL },
		{ "learning", "366d", -EINVAL },
		{ "learning", "99999999999999999999999", -EINVAL },
		{ "sweep-regions", "2", 0 },
		{ "sweep-regions", "1", -EINVAL },
		{ "sweep-regions", "5m", -EINVAL },
		{ "disable", "1700005", 0 },
		{ "disable", "1600001", -EINVAL },
		{ "known-region", "us-east-1", 0 },
		{ "no-such", "1", -EINVAL },
		{ "\x1b[31m", "1", -EINVAL },
	};
	struct settings settings;
	char why[SETTINGS_WHY];

	(void)state;
	settings_init(&settings);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		why[0] = '\0';
		assert_int_equal(settings_set(&settings, cases[i].name, cases[i].value, why),
				 cases[i].result);
		assert_int_equal(why[0] != '\0' && cases[i].result != 0, cases[i].result != 0);
		assert_null(strchr(why, '\x1b'));
	}
	assert_int_equal(settings.learning_s, 3 * 86400);
	assert_int_equal(settings.sweep_regions, 2);
	assert_false(rule_is_on(&settings, RULE_SWEEP));
	assert_true(rule_is_on(&settings, RULE_ADMIN));
	settings_fini(&settings);
}

static int read_text(struct settings *settings, const char *text, char why[SETTINGS_WHY])
{
	char path[] = "/tmp/trail_settings.XXXXXX";
	int fd = mkstemp(path);
	int result;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	result = settings_read(settings, path, why);
	assert_int_equal(unlink(path), 0);
	return result;
}

static void reads_a_file(void **state)
{
	struct settings settings;
	char why[SETTINGS_WHY];

	(void)state;
	settings_init(&settings);
	assert_int_equal(
		read_text(&settings,
			  "# all of it\n\n  learning: 2h  # short\nknown-type: g4dn.xlarge\n"
			  "known-type: p3.2xlarge\nknown-address: 203.0.113.0/24",
			  why),
		0);
	assert_int_equal(settings.learning_s, 7200);
	assert_int_equal(settings.type_count, 2);
	assert_string_equal(settings.types[1], "p3.2xlarge");
	assert_int_equal(settings.network_count, 1);
	assert_int_equal(read_text(&settings, "habit: 1d\nlearning 2h\n", why), -EINVAL);
	assert_non_null(strstr(why, ":2: must be"));
	assert_int_equal(read_text(&settings, "\n\nhabit: x\n", why), -EINVAL);
	assert_non_null(strstr(why, ":3: habit: must be from"));
	assert_int_equal(settings_read(&settings, "/nonexistent/file", why), -ENOENT);
	assert_non_null(strstr(why, "/nonexistent/file"));
	settings_fini(&settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_defaults_within_bounds),
		cmocka_unit_test(sets_and_refuses),
		cmocka_unit_test(reads_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
