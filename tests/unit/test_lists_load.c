/* test_lists_load.c: how lists are read: errors, files, the default list; ids over reloads, their
 * cap, and memory. */
#include "tests/unit/lists_rig.h"

#include "sensor/limits.h"

#define JA3 "c216e752cae6f8755fd27f561d031636"
#define L63 "a23456789012345678901234567890123456789012345678901234567890123"

/* --- errors --------------------------------------------------------------------------------- */

static void errors_name_line_and_reason(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
		{ "\npool.example.org\n", "2: \"pool.example.org\" is no kind: a name is listed as "
					  "\"pool pool.example.org\"" },
		{ "pools example.org", "1: unknown kind \"pools\": pool, hostile-staging, "
				       "hostile-controller, hostile-exfiltration, allow, wallet, "
				       "ja3 or ja4" },
		{ "pool", "1: \"pool\" needs an entry" },
		{ "pool # example.org", "1: \"pool\" needs an entry" },
		{ "pool *", "1: \"*\": a wildcard stands at the beginning only, as \"*.\"" },
		{ "pool *.", "1: \"*.\" is an empty name" },
		{ "pool .", "1: \".\" is not an IP address" },
		{ "pool .", "1: \".\" is not an IP address" },
		{ "pool :3333", "1: \"\" is an empty name" },
		{ "pool com", "1: \"com\" is a single label: too wide for a list" },
		{ "pool *.com", "1: \"*.com\" is a single label: too wide for a list" },
		{ "pool com.", "1: \"com.\" is a single label: too wide for a list" },
		{ "pool co.uk", "1: \"co.uk\" is a public suffix: too wide for a list" },
		{ "hostile-staging *.com.br",
		  "1: \"*.com.br\" is a public suffix: too wide for a list" },
		{ "pool a..example.org", "1: \"a..example.org\" has an empty label" },
		{ "pool .example.org", "1: \".example.org\" has an empty label" },
		{ "pool a.*.example.org",
		  "1: \"a.*.example.org\": a wildcard stands at the beginning only, as \"*.\"" },
		{ "pool b\xc3\xbc"
		  "cher.example",
		  "1: \"b\xc3\xbc"
		  "cher.example\": write an international name as punycode (xn--...)" },
		{ "pool a!b.example.org", "1: \"a!b.example.org\" is no host name: bad byte 0x21" },
		{ "pool a" L63 ".example.org",
		  "1: \"a" L63 ".example.org\" has a label of more than 63 bytes" },
		{ "pool " L63 "." L63 "." L63 "." L63, "1: the name is longer than 253 bytes" },
		{ "pool example.123", "1: \"example.123\" is neither an IP address nor a name" },
		{ "pool example.org:0", "1: bad port \"0\": a port is 1 to 65535" },
		{ "pool example.org:", "1: bad port \"\": a port is 1 to 65535" },
		{ "pool example.org/24", "1: \"example.org\" is not an IP address" },
		{ "pool example.org confidence=sure",
		  "1: bad confidence \"sure\": high, medium or low" },
		{ "pool example.org weak dedicated",
		  "1: \"weak\" and \"dedicated\" contradict each other" },
		{ "allow example.org weak", "1: \"weak\" says nothing about what is allowed" },
		{ "allow *", "1: \"*\" is no wallet: bad byte 0x2a" },
		{ "allow 10.0.0.0/33", "1: bad prefix length \"33\": 0 to 32" },
		{ "wallet ---", "1: \"---\" is no wallet" },
		{ "wallet a\"b", "1: \"a\"b\" is no wallet: bad byte 0x22" },
		{ "wallet " L63 L63 "ab", "1: the wallet is longer than 127 bytes" },
		{ "ja3 123", "1: \"123\" is no JA3: 32 hex digits" },
		{ "ja3 g216e752cae6f8755fd27f561d031636",
		  "1: \"g216e752cae6f8755fd27f561d031636\" is no JA3: 32 hex digits" },
		{ "ja4 x13d1516h2_8daaf6152771_b186095e22b6",
		  "1: \"x13d1516h2_8daaf6152771_b186095e22b6\" is no JA4, such as "
		  "t13d1516h2_8daaf6152771_b186095e22b6" },
		{ "ja4 t13d1516h2-8daaf6152771_b186095e22b6",
		  "1: \"t13d1516h2-8daaf6152771_b186095e22b6\" is no JA4, such as "
		  "t13d1516h2_8daaf6152771_b186095e22b6" },
		{ "198.51.100.1:0", "1: bad port \"0\": a port is 1 to 65535" },
		{ "198.51.100.1:65536", "1: bad port \"65536\": a port is 1 to 65535" },
		{ "198.51.100.1:000080", "1: bad port \"000080\": a port is 1 to 65535" },
		{ "198.51.100.1:33x", "1: bad port \"33x\": not a number" },
		{ "[2001:db8::1]:70000", "1: bad port \"70000\": a port is 1 to 65535" },
		{ "[2001:db8::1]3333", "1: \"3333\" behind the address is not a port" },
		{ "[2001:db8::1", "1: \"[2001:db8::1\" lacks its closing bracket" },
		{ "[198.51.100.1]:3333", "1: \"198.51.100.1\" is not an IP address" },
		{ "10.0.0.0/", "1: bad prefix length \"\": 0 to 32" },
		{ "10.0.0.0/08", "1: bad prefix length \"08\": 0 to 32" },
		{ "10.0.0.0/8:3333", "1: bad prefix length \"8:3333\": 0 to 32" },
		{ "2001:db8::/129", "1: bad prefix length \"129\": 0 to 128" },
		{ "10.0.0.1/8", "1: \"10.0.0.1/8\" has bits set behind its prefix" },
		{ "10.0.0.256", "1: \"10.0.0.256\" is not an IP address" },
		{ "2001:db8::g", "1: \"2001:db8::g\" is not an IP address" },
		{ "http://198.51.100.1:80", "1: \"http://198.51.100.1:80\" has an unknown scheme" },
		{ "stratum+tcp://198.51.100.1", "1: a URL needs a port: \"198.51.100.1\"" },
		{ "stratum+tcp://pool.example.org", "1: a URL needs a port: \"pool.example.org\"" },
		{ "stratum+tcp://198.51.100.1:3333/", "1: bad port \"3333/\": not a number" },
		{ "stratum+tcp://", "1: \"\" is an empty name" },
		{ "198.51.100.1\n198.51.100.2\r\n10.0.0\n", "3: \"10.0.0\" is not an IP address" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char error[LISTS_ERROR_TEXT];
		struct lists *lists = (struct lists *)1;

		assert_int_equal(lists_load_text(&lists, "x.list", cases[i].text,
						 strlen(cases[i].text), error),
				 -EINVAL);
		assert_memory_equal(error, "x.list:", 7);
		assert_string_equal(error + 7, cases[i].error);
		assert_null(lists);
	}
}

static void binary_and_long_lines(void **state)
{
	char error[LISTS_ERROR_TEXT];
	struct lists *lists;
	char line[1100];

	(void)state;
	assert_int_equal(lists_load_text(&lists, "x", "198.51.100.1\nab\0c\n", 18, error), -EINVAL);
	assert_string_equal(error, "x:2: a NUL byte: not a text file");
	memset(line, '#', sizeof(line));
	assert_int_equal(lists_load_text(&lists, "x", line, 1025, error), -EINVAL);
	assert_string_equal(error, "x:1: the line is longer than 1024 bytes");
	assert_int_equal(lists_load_text(&lists, "x", line, 1024, error), 0);
	assert_int_equal(lists_size(lists), 0);
	assert_string_equal(at(lists, "198.51.100.1", 1), "-");
	assert_string_equal(named(lists, "example.net", 1), "-");
	lists_free(lists);
}

/* --- files ---------------------------------------------------------------------------------- */

static void several_files(void **state)
{
	char one[] = "/tmp/minecanary-lists-1-XXXXXX";
	char two[] = "/tmp/minecanary-lists-2-XXXXXX";
	const char *paths[] = { one, two, "/nonexistent/pools.txt" };
	char error[LISTS_ERROR_TEXT];
	struct lists *lists;

	(void)state;
	close(mkstemp(one));
	close(mkstemp(two));
	write_list(one, "pool files.example.net one\n");
	write_list(two, "\npool files.example.net two\n198.51.100.205 three\n");
	assert_int_equal(lists_load(&lists, paths, 2, false, error), 0);
	assert_int_equal(lists_size(lists), 2);
	assert_int_equal(lists_files(lists), 2);
	assert_string_equal(named(lists, "files.example.net", 0), "one");
	assert_string_equal(lists_entry(id_at(lists, LIST_WATCHED, "198.51.100.205", 1))->file,
			    two);
	assert_int_equal(lists_entry(id_at(lists, LIST_WATCHED, "198.51.100.205", 1))->line, 3);
	lists_free(lists);
	assert_int_equal(lists_load(&lists, paths, 3, false, error), -ENOENT);
	assert_string_equal(error, "/nonexistent/pools.txt: No such file or directory");
	assert_null(lists);
	paths[0] = "/tmp";
	assert_int_equal(lists_load(&lists, paths, 1, false, error), -EISDIR);
	assert_string_equal(error, "/tmp: Is a directory");
	assert_int_equal(lists_load(&lists, paths, 0, false, error), 0);
	assert_int_equal(lists_size(lists), 0);
	lists_free(lists);
	unlink(one);
	unlink(two);
}

/* The operator's word comes before ours. */
static void default_list(void **state)
{
	char own[] = "/tmp/minecanary-lists-3-XXXXXX";
	const char *paths[] = { own };
	char error[LISTS_ERROR_TEXT];
	struct lists *lists;
	const struct list_entry *entry;
	const char *name = "xmr-eu1.nanopool.org";

	(void)state;
	close(mkstemp(own));
	write_list(own, "pool supportxmr.com own words\n");
	assert_int_equal(lists_load(&lists, paths, 1, true, error), 0);
	assert_int_equal(lists_files(lists), 1);
	assert_true(lists_size(lists) > 200);
	entry = lists_entry(lists_match_name(lists, LIST_WATCHED, name, strlen(name), 0));
	assert_non_null(entry);
	assert_string_equal(entry->text, "nanopool.org");
	assert_string_equal(entry->file, "default list");
	assert_false(entry->is_weak);
	entry = lists_entry(lists_match_name(lists, LIST_WATCHED, "foo.github.io", 13, 0));
	assert_true(entry != NULL && entry->is_weak && entry->confidence == LIST_LOW);
	assert_string_equal(named(lists, "pool.supportxmr.com", 0), "own words");
	entry = lists_entry(lists_match_ja3(lists, JA3, 32));
	assert_true(entry != NULL && entry->is_weak);
	lists_free(lists);
	unlink(own);
}

/* --- ids ------------------------------------------------------------------------------------ */

static void ids_stay_over_reloads(void **state)
{
	struct lists *lists = lists_of("pool stay.example.net confidence=low same tag\n"
				       "pool 198.51.100.206 gone\n");
	uint32_t name_id = lists_match_name(lists, LIST_WATCHED, "stay.example.net", 16, 0);
	uint32_t address_id = id_at(lists, LIST_WATCHED, "198.51.100.206", 1);
	const struct list_entry *gone = lists_entry(address_id);

	(void)state;
	assert_true(name_id != 0 && address_id != 0 && name_id != address_id);
	assert_int_equal(lists_match_name(lists, LIST_WATCHED, "a.stay.example.net", 18, 9),
			 name_id);
	lists_free(lists);
	assert_string_equal(gone->tag, "gone");
	lists = lists_of("# moved\npool STAY.example.net. confidence=low same tag\n");
	assert_int_equal(lists_match_name(lists, LIST_WATCHED, "stay.example.net", 16, 0), name_id);
	assert_int_equal(lists_entry(name_id)->line, 1); /* where it was first */
	lists_free(lists);
	/* What differs in kind, tag, confidence or weakness is another entry. */
	static const char *const others[] = {
		"pool stay.example.net confidence=low other tag", "pool stay.example.net same tag",
		"pool stay.example.net weak same tag",
		"hostile-staging stay.example.net confidence=low same "
		"tag",
		"pool =stay.example.net confidence=low same tag"
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		lists = lists_of(others[i]);
		assert_int_not_equal(
			lists_match_name(lists, LIST_WATCHED, "stay.example.net", 16, 0), name_id);
		lists_free(lists);
	}
}

static char *many_names(size_t count)
{
	size_t room = count * 40 + 1;
	char *text = malloc(room);
	size_t len = 0;

	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, room - len, "%s n%zu.cap.example.net\n",
					i % 2 == 0 ? "pool" : "hostile-staging", i);
	return text;
}

static uint32_t match_number(const struct lists *lists, size_t number)
{
	char name[40];
	int len = snprintf(name, sizeof(name), "n%zu.cap.example.net", number);

	return lists_match_name(lists, LIST_WATCHED, name, (size_t)len, 0);
}

/* Fills the catalogue: the last test. Beyond, an entry still tells its kind. */
static void catalogue_is_capped(void **state)
{
	char *text = many_names(LISTS_IDS + 10);
	struct lists *lists = lists_of(text);
	uint32_t first = match_number(lists, 0);
	uint32_t pool, staging;

	(void)state;
	assert_int_equal(lists_entries_shared(), 0);
	for (size_t i = 0; i < LISTS_IDS; i++)
		assert_int_not_equal(match_number(lists, i), 0);
	pool = match_number(lists, LISTS_IDS);
	staging = match_number(lists, LISTS_IDS + 1);
	assert_true(pool > LISTS_IDS && staging > LISTS_IDS && pool != staging);
	assert_int_equal(match_number(lists, LISTS_IDS + 2), pool);
	assert_int_equal(lists_entry(pool)->kind, LIST_POOL);
	assert_int_equal(lists_entry(pool)->id, pool);
	assert_string_equal(lists_entry(pool)->text, "more");
	assert_int_equal(lists_entry(staging)->kind, LIST_STAGING);
	assert_true(lists_entries_shared() > 0);
	assert_int_equal(match_number(lists, 0), first); /* known ones keep theirs */
	assert_non_null(lists_entry(LISTS_IDS));
	lists_free(lists);
	free(text);
}

static void memory_per_entry(void **state)
{
	char *text = many_names(1u << 16);
	struct lists *lists = lists_of(text);

	(void)state;
	/* 20 bytes of row, 16 of slots, 2 of filter, and a key of about 21. */
	assert_int_equal(lists_size(lists), 1u << 16);
	assert_true(lists_bytes(lists) / lists_size(lists) < 70);
	lists_free(lists);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_name_line_and_reason),
		cmocka_unit_test(binary_and_long_lines),
		cmocka_unit_test(several_files),
		cmocka_unit_test(default_list),
		cmocka_unit_test(ids_stay_over_reloads),
		cmocka_unit_test(memory_per_entry),
		cmocka_unit_test(catalogue_is_capped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
