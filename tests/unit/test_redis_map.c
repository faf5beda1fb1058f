/* test_redis_map.c: slots of keys, the keys of commands, and what a cluster says about its slots.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <hiredis/hiredis.h>
#include <hiredis/read.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/redis_args.h"
#include "sensor/redis_map.h"
#include "sensor/redis_reader.h"

static const struct redis_place asked = { "10.0.0.9", "7000" };
static struct redis_map map;

static unsigned slot(const char *key)
{
	return redis_slot(key, strlen(key));
}

/* Values that CLUSTER KEYSLOT gives. */
static void keys_have_slots(void **state)
{
	(void)state;
	assert_int_equal(slot("123456789"), 0x31c3);
	assert_int_equal(slot(""), 0);
	assert_int_equal(slot("s1"), 15224);
	assert_int_equal(slot("minecanary:{s1}:alert"), 15224);
	assert_int_equal(slot("minecanary:{mw}:flow"), 13062);
	assert_int_equal(slot("{s1}{mw}"), 15224);
	assert_int_equal(slot("}{s1}"), 15224);
	/* No tag: nothing in it, or never closed. */
	assert_int_not_equal(slot("a{}b"), slot("a"));
	assert_int_equal(slot("{}s1"), slot("{}s1"));
	assert_int_not_equal(slot("{s1"), 15224);
	/* A key beside another one. */
	assert_int_equal(slot("{minecanary:hosts:by-hashrate}:seen"),
			 slot("minecanary:hosts:by-hashrate"));
}

static void assert_key(const char *const *words, const char *expected)
{
	static struct redis_args args;
	struct redis_word key = { NULL, 0 };
	size_t len;
	size_t id_at;
	const char *bytes;

	redis_args_begin(&args, words[0]);
	for (size_t i = 1; words[i] != NULL; i++)
		redis_args_text(&args, words[i]);
	bytes = redis_args_end(&args, &len, &id_at);
	if (expected == NULL) {
		assert_false(redis_command_key(bytes, len, &key));
		return;
	}
	assert_true(redis_command_key(bytes, len, &key));
	assert_int_equal(key.len, strlen(expected));
	assert_memory_equal(key.bytes, expected, key.len);
	for (size_t cut = 0; cut < len; cut++) /* never reads on */
		(void)redis_command_key(bytes, cut, &key);
}

static void commands_have_keys(void **state)
{
	(void)state;
	assert_key((const char *[]){ "XADD", "stream", "1-1", "a", "b", NULL }, "stream");
	assert_key((const char *[]){ "EVAL", "return 1", "2", "one", "two", NULL }, "one");
	assert_key((const char *[]){ "PUBLISH", "channel", "text", NULL }, NULL);
	assert_key((const char *[]){ "PING", NULL }, NULL);
	assert_key((const char *[]){ "EVAL", "return 1", NULL }, NULL);
}

static int read_map(const char *text)
{
	redisReader *reader = redis_reader_new();
	void *reply = NULL;
	int result;

	assert_int_equal(redisReaderFeed(reader, text, strlen(text)), REDIS_OK);
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
	assert_non_null(reply);
	result = redis_map_read(&map, reply, &asked);
	freeReplyObject(reply);
	redisReaderFree(reader);
	return result;
}

static void a_map_is_read(void **state)
{
	(void)state;
	assert_int_equal(read_map("*3\r\n"
				  "*4\r\n:0\r\n:99\r\n*3\r\n$8\r\n10.0.0.1\r\n:7001\r\n$2\r\nid\r\n"
				  "*2\r\n$8\r\n10.0.0.2\r\n:7002\r\n"
				  "*3\r\n:200\r\n:200\r\n*2\r\n$8\r\n10.0.0.1\r\n:7001\r\n"
				  "*3\r\n:300\r\n:16383\r\n*2\r\n$-1\r\n:7003\r\n"),
			 0);
	assert_int_equal(map.count, 2);
	assert_string_equal(map.masters[0].host, "10.0.0.1");
	assert_string_equal(map.masters[0].port, "7001");
	assert_string_equal(map.masters[1].host, "10.0.0.9"); /* whom we asked */
	assert_string_equal(map.masters[1].port, "7003");
	assert_int_equal(map.owners[0], 0);
	assert_int_equal(map.owners[99], 0);
	assert_int_equal(map.owners[100], REDIS_MAP_NOBODY);
	assert_int_equal(map.owners[200], 0);
	assert_int_equal(map.owners[201], REDIS_MAP_NOBODY);
	assert_int_equal(map.owners[16383], 1);
}

static void a_map_that_makes_no_sense_is_refused(void **state)
{
	static const char *const texts[] = {
		"+OK\r\n",
		"*1\r\n:1\r\n",
		"*1\r\n*2\r\n:0\r\n:1\r\n",
		"*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\nh\r\n:1\r\n",
		"*1\r\n*3\r\n:-1\r\n:1\r\n*2\r\n$1\r\nh\r\n:1\r\n",
		"*1\r\n*3\r\n:2\r\n:1\r\n*2\r\n$1\r\nh\r\n:1\r\n",
		"*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\nh\r\n:0\r\n",
		"*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\nh\r\n:65536\r\n",
		"*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n$1\r\nh\r\n",
		"*1\r\n*3\r\n:0\r\n:1\r\n$1\r\nh\r\n",
		"*1\r\n*3\r\n$1\r\n0\r\n:1\r\n*2\r\n$1\r\nh\r\n:1\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(read_map(texts[i]), -EBADMSG);
	assert_int_equal(read_map("*0\r\n"), 0);
	assert_int_equal(map.count, 0);
}

static void too_many_masters_are_refused(void **state)
{
	char text[8192];
	size_t len = (size_t)snprintf(text, sizeof(text), "*%d\r\n", REDIS_MAP_MASTERS + 1);

	(void)state;
	for (int i = 0; i <= REDIS_MAP_MASTERS; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"*3\r\n:%d\r\n:%d\r\n*2\r\n$1\r\nh\r\n:%d\r\n", i, i,
					i + 1);
	assert_int_equal(read_map(text), -E2BIG);
}

static void redirections_are_read(void **state)
{
	static const char *const broken[] = { "MOVED",       "MOVED 1",
					      "MOVED 1 h",   "MOVED 1 h:",
					      "MOVED 1 h:0", "MOVED 1 h:70000",
					      "MOVED 1 h:x", "MOVED 1 h:99999999999999999999" };
	struct redis_place place;

	(void)state;
	assert_true(redis_redirect_read("MOVED 3999 127.0.0.1:6381", &asked, &place));
	assert_string_equal(place.host, "127.0.0.1");
	assert_string_equal(place.port, "6381");
	assert_true(redis_redirect_read("ASK 3999 ::1:6381", &asked, &place));
	assert_string_equal(place.host, "::1");
	assert_true(redis_redirect_read("MOVED 3999 :6381", &asked, &place));
	assert_string_equal(place.host, "10.0.0.9");
	assert_true(redis_place_equals(&place, &(struct redis_place){ "10.0.0.9", "6381" }));
	assert_false(redis_place_equals(&place, &asked));
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		assert_false(redis_redirect_read(broken[i], &asked, &place));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_have_slots),
		cmocka_unit_test(commands_have_keys),
		cmocka_unit_test(a_map_is_read),
		cmocka_unit_test(a_map_that_makes_no_sense_is_refused),
		cmocka_unit_test(too_many_masters_are_refused),
		cmocka_unit_test(redirections_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
