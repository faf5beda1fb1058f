/* test_endpoint.c: forms, errors and matches of sensor/endpoint.c. */
#include "sensor/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct file {
	char path[64];
};

static struct file file_of(const void *bytes, size_t len)
{
	struct file file = { "/tmp/minecanary-endpoint-XXXXXX" };
	int fd = mkstemp(file.path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
	return file;
}

static int load_bytes(struct endpoint_list **list, const void *bytes, size_t len,
		      char error[ENDPOINT_ERROR_TEXT])
{
	struct file file = file_of(bytes, len);
	const char *path = file.path;
	char place[80];
	int result = endpoint_list_load(list, &path, 1, error);

	unlink(file.path);
	if (result < 0) {
		/* Tests name the line and the reason; the path is this one. */
		snprintf(place, sizeof(place), "%s:", file.path);
		assert_memory_equal(error, place, strlen(place));
		memmove(error, error + strlen(place), strlen(error + strlen(place)) + 1);
	}
	return result;
}

static struct endpoint_list *list_of(const char *text)
{
	char error[ENDPOINT_ERROR_TEXT];
	struct endpoint_list *list;

	if (load_bytes(&list, text, strlen(text), error) < 0)
		fail_msg("%s", error);
	return list;
}

/* The line of the entry that matches, 0: none. */
static uint32_t line_for(const struct endpoint_list *list, const char *addr, uint16_t port)
{
	uint8_t bytes[16];
	bool is_ip6 = strchr(addr, ':') != NULL;
	uint32_t found;

	assert_int_equal(inet_pton(is_ip6 ? AF_INET6 : AF_INET, addr, bytes), 1);
	found = endpoint_match(list, is_ip6 ? 6 : 4, bytes, port);
	return found == 0 ? 0 : endpoint_get(list, found - 1)->line;
}

static void test_every_form(void **state)
{
	struct endpoint_list *list = list_of("# known pools\n"
					     "\n"
					     "198.51.100.120:3333\n"
					     "198.51.100.121\n"
					     "[2001:db8::1]:4444\n"
					     "[2001:db8::2]\n"
					     "2001:db8::3\n"
					     "203.0.113.0/24\n"
					     "2001:db8:ffff::/48\n"
					     "stratum+tcp://198.51.100.122:3333\n"
					     "stratum+ssl://198.51.100.123:443\n"
					     "stratum2+tcp://[2001:db8::4]:34254\n"
					     "TCP://198.51.100.124:1\n"
					     "198.51.100.125:65535");

	(void)state;
	assert_int_equal(endpoint_list_size(list), 12);
	assert_int_equal(line_for(list, "198.51.100.120", 3333), 3);
	assert_int_equal(line_for(list, "198.51.100.120", 3334), 0);
	assert_int_equal(line_for(list, "198.51.100.119", 3333), 0);
	assert_int_equal(line_for(list, "198.51.100.121", 1), 4);
	assert_int_equal(line_for(list, "198.51.100.121", 0), 4);
	assert_int_equal(line_for(list, "2001:db8::1", 4444), 5);
	assert_int_equal(line_for(list, "2001:db8::1", 4445), 0);
	assert_int_equal(line_for(list, "2001:db8::2", 9), 6);
	assert_int_equal(line_for(list, "2001:db8::3", 9), 7);
	assert_int_equal(line_for(list, "203.0.113.0", 9), 8);
	assert_int_equal(line_for(list, "203.0.113.255", 9), 8);
	assert_int_equal(line_for(list, "203.0.114.0", 9), 0);
	assert_int_equal(line_for(list, "203.0.112.255", 9), 0);
	assert_int_equal(line_for(list, "2001:db8:ffff:ffff::1", 9), 9);
	assert_int_equal(line_for(list, "2001:db8:fffe::1", 9), 0);
	assert_int_equal(line_for(list, "198.51.100.122", 3333), 10);
	assert_int_equal(line_for(list, "198.51.100.123", 443), 11);
	assert_int_equal(line_for(list, "2001:db8::4", 34254), 12);
	assert_int_equal(line_for(list, "198.51.100.124", 1), 13);
	assert_int_equal(line_for(list, "198.51.100.125", 65535), 14);
	endpoint_list_free(list);
}

static void test_entry_as_read(void **state)
{
	struct endpoint_list *list = list_of("203.0.113.0/25\n[2001:db8::1]:4444 main pool\n");
	const struct endpoint *entry = endpoint_get(list, 0);

	(void)state;
	assert_int_equal(entry->ip_version, 4);
	assert_int_equal(entry->prefix_len, 25);
	assert_int_equal(entry->port, 0);
	assert_string_equal(entry->tag, "");
	entry = endpoint_get(list, 1);
	assert_int_equal(entry->ip_version, 6);
	assert_int_equal(entry->prefix_len, 128);
	assert_int_equal(entry->port, 4444);
	assert_int_equal(entry->line, 2);
	assert_string_equal(entry->tag, "main pool");
	assert_null(endpoint_get(list, 2));
	endpoint_list_free(list);
}

static void test_most_specific_wins(void **state)
{
	struct endpoint_list *list = list_of("0.0.0.0/0\n"
					     "198.51.0.0/16\n"
					     "198.51.100.0/24\n"
					     "198.51.100.0/31\n"
					     "198.51.100.1\n"
					     "198.51.100.1:3333\n");

	(void)state;
	assert_int_equal(line_for(list, "198.51.100.1", 3333), 6);
	assert_int_equal(line_for(list, "198.51.100.1", 3334), 5);
	assert_int_equal(line_for(list, "198.51.100.0", 3333), 4);
	assert_int_equal(line_for(list, "198.51.100.2", 3333), 3);
	assert_int_equal(line_for(list, "198.51.101.1", 3333), 2);
	assert_int_equal(line_for(list, "198.52.0.1", 3333), 1);
	assert_int_equal(line_for(list, "2001:db8::1", 3333), 0);
	endpoint_list_free(list);
}

static void test_blanks_comments_tags_and_line_ends(void **state)
{
	struct endpoint_list *list = list_of("\xef\xbb\xbf"
					     "198.51.100.1\r\n"
					     "\t 198.51.100.2 \t eu  pool \t\r\n"
					     "198.51.100.3 tag # not this\r\n"
					     "198.51.100.4# nor this\n"
					     "   # 198.51.100.5\n"
					     "\r\n");

	(void)state;
	assert_int_equal(endpoint_list_size(list), 4);
	assert_string_equal(endpoint_get(list, 0)->tag, "");
	assert_string_equal(endpoint_get(list, 1)->tag, "eu  pool");
	assert_string_equal(endpoint_get(list, 2)->tag, "tag");
	assert_string_equal(endpoint_get(list, 3)->tag, "");
	assert_int_equal(line_for(list, "198.51.100.5", 1), 0);
	endpoint_list_free(list);
}

static void test_long_tag_is_cut_between_characters(void **state)
{
	char text[200] = "198.51.100.1 ";
	struct endpoint_list *list;

	(void)state;
	memset(text + 13, 'a', LIMIT_NAME_TEXT - 2);
	snprintf(text + 13 + LIMIT_NAME_TEXT - 2, 8, "\xc3\xa9z");
	list = list_of(text);
	assert_int_equal(strlen(endpoint_get(list, 0)->tag), LIMIT_NAME_TEXT - 2);
	endpoint_list_free(list);
	memset(text + 13, 'a', LIMIT_NAME_TEXT - 1);
	text[13 + LIMIT_NAME_TEXT - 1] = '\0';
	list = list_of(text);
	assert_int_equal(strlen(endpoint_get(list, 0)->tag), LIMIT_NAME_TEXT - 1);
	endpoint_list_free(list);
}

static void test_duplicates_keep_the_first(void **state)
{
	struct endpoint_list *list = list_of("198.51.100.1:3333 one\n"
					     "stratum+tcp://198.51.100.1:3333 two\n"
					     "198.51.100.1\n"
					     "198.51.100.1/32\n");

	(void)state;
	assert_int_equal(endpoint_list_size(list), 2);
	assert_string_equal(endpoint_get(list, 0)->tag, "one");
	assert_int_equal(line_for(list, "198.51.100.1", 1), 3);
	endpoint_list_free(list);
}

static void test_errors(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
		{ "pool.example.org:3333",
		  "1: \"pool.example.org\" is a host name: names are never "
		  "resolved, give its address" },
		{ "\npool.example.org\n", "2: \"pool.example.org\" is a host name: names are never "
					  "resolved, give its address" },
		{ "stratum+tcp://pool.example.org:3333",
		  "1: \"pool.example.org\" is a host name: names are never resolved, give its "
		  "address" },
		{ "pool.example.org/24", "1: \"pool.example.org\" is a host name: names are never "
					 "resolved, give its address" },
		{ "198.51.100.1:0", "1: bad port \"0\": a port is 1 to 65535" },
		{ "198.51.100.1:65536", "1: bad port \"65536\": a port is 1 to 65535" },
		{ "198.51.100.1:", "1: bad port \"\": a port is 1 to 65535" },
		{ "198.51.100.1:000080", "1: bad port \"000080\": a port is 1 to 65535" },
		{ "198.51.100.1:http", "1: bad port \"http\": not a number" },
		{ "198.51.100.1:33x", "1: bad port \"33x\": not a number" },
		{ "198.51.100.1:-1", "1: bad port \"-1\": not a number" },
		{ "[2001:db8::1]:70000", "1: bad port \"70000\": a port is 1 to 65535" },
		{ "[2001:db8::1]3333", "1: \"3333\" behind the address is not a port" },
		{ "[2001:db8::1", "1: \"[2001:db8::1\" lacks its closing bracket" },
		{ "[198.51.100.1]:3333", "1: \"198.51.100.1\" is not an IP address" },
		{ "10.0.0.0/33", "1: bad prefix length \"33\": 0 to 32" },
		{ "10.0.0.0/", "1: bad prefix length \"\": 0 to 32" },
		{ "10.0.0.0/8x", "1: bad prefix length \"8x\": 0 to 32" },
		{ "10.0.0.0/08", "1: bad prefix length \"08\": 0 to 32" },
		{ "10.0.0.0/8:3333", "1: bad prefix length \"8:3333\": 0 to 32" },
		{ "2001:db8::/129", "1: bad prefix length \"129\": 0 to 128" },
		{ "10.0.0.1/8", "1: \"10.0.0.1/8\" has bits set behind its prefix" },
		{ "2001:db8::1/64", "1: \"2001:db8::1/64\" has bits set behind its prefix" },
		{ "10.0.0", "1: \"10.0.0\" is not an IP address" },
		{ "10.0.0.256", "1: \"10.0.0.256\" is not an IP address" },
		{ "2001:db8::g", "1: \"2001:db8::g\" is not an IP address" },
		{ "198.51.100.1,198.51.100.2",
		  "1: \"198.51.100.1,198.51.100.2\" is not an IP address" },
		{ "198.51.100.1:3333,", "1: bad port \"3333,\": not a number" },
		{ "http://198.51.100.1:80", "1: \"http://198.51.100.1:80\" has an unknown scheme" },
		{ "stratum+tcp://198.51.100.1", "1: a URL needs a port: \"198.51.100.1\"" },
		{ "stratum+tcp://198.51.100.0/24:1",
		  "1: \"198.51.100.0/24\" is not an IP address" },
		{ "stratum+tcp://198.51.100.1:3333/", "1: bad port \"3333/\": not a number" },
		{ "stratum+tcp://", "1: \"\" is not an IP address" },
		{ "198.51.100.1\n198.51.100.2\r\n:3333\n", "3: \"\" is not an IP address" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char error[ENDPOINT_ERROR_TEXT];
		struct endpoint_list *list = (struct endpoint_list *)1;

		assert_int_equal(load_bytes(&list, cases[i].text, strlen(cases[i].text), error),
				 -EINVAL);
		assert_string_equal(error, cases[i].error);
		assert_null(list);
	}
}

static void test_binary_and_long_lines(void **state)
{
	char error[ENDPOINT_ERROR_TEXT];
	struct endpoint_list *list;
	char line[1100];

	(void)state;
	assert_int_equal(load_bytes(&list, "198.51.100.1\nab\0c\n", 18, error), -EINVAL);
	assert_string_equal(error, "2: a NUL byte: not a text file");
	memset(line, '#', sizeof(line));
	assert_int_equal(load_bytes(&list, line, 1025, error), -EINVAL);
	assert_string_equal(error, "1: the line is longer than 1024 bytes");
	assert_int_equal(load_bytes(&list, line, 1024, error), 0);
	assert_int_equal(endpoint_list_size(list), 0);
	assert_int_equal(line_for(list, "198.51.100.1", 1), 0);
	endpoint_list_free(list);
	assert_int_equal(load_bytes(&list, "", 0, error), 0);
	endpoint_list_free(list);
}

static void test_several_files(void **state)
{
	struct file one = file_of("198.51.100.1\n", 13);
	struct file two = file_of("\n198.51.100.2\n", 14);
	const char *paths[] = { one.path, two.path, "/nonexistent/pools.txt" };
	char error[ENDPOINT_ERROR_TEXT];
	struct endpoint_list *list;

	(void)state;
	assert_int_equal(endpoint_list_load(&list, paths, 2, error), 0);
	assert_int_equal(endpoint_list_size(list), 2);
	assert_int_equal(line_for(list, "198.51.100.1", 5), 1);
	assert_int_equal(line_for(list, "198.51.100.2", 5), 2);
	endpoint_list_free(list);
	assert_int_equal(endpoint_list_load(&list, paths, 3, error), -ENOENT);
	assert_string_equal(error, "/nonexistent/pools.txt: No such file or directory");
	assert_null(list);
	paths[0] = "/tmp";
	assert_int_equal(endpoint_list_load(&list, paths, 1, error), -EISDIR);
	assert_string_equal(error, "/tmp: Is a directory");
	assert_int_equal(endpoint_list_load(&list, paths, 0, error), 0);
	assert_int_equal(endpoint_list_size(list), 0);
	endpoint_list_free(list);
	unlink(one.path);
	unlink(two.path);
}

static void test_many_entries(void **state)
{
	enum { COUNT = 20000 };
	char *text = malloc((size_t)COUNT * 24);
	struct endpoint_list *list;
	size_t used = 0;

	(void)state;
	assert_non_null(text);
	for (unsigned i = 0; i < COUNT; i++)
		used += (size_t)snprintf(text + used, 24, "10.%u.%u.%u:%u\n", i >> 16, i >> 8 & 255,
					 i & 255, 1 + i);
	list = list_of(text);
	assert_int_equal(endpoint_list_size(list), COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		uint8_t addr[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };

		assert_int_equal(endpoint_match(list, 4, addr, (uint16_t)(1 + i)), i + 1);
		assert_int_equal(endpoint_match(list, 4, addr, (uint16_t)(2 + i)), 0);
	}
	endpoint_list_free(list);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_form),
		cmocka_unit_test(test_entry_as_read),
		cmocka_unit_test(test_most_specific_wins),
		cmocka_unit_test(test_blanks_comments_tags_and_line_ends),
		cmocka_unit_test(test_long_tag_is_cut_between_characters),
		cmocka_unit_test(test_duplicates_keep_the_first),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_binary_and_long_lines),
		cmocka_unit_test(test_several_files),
		cmocka_unit_test(test_many_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
