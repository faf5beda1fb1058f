/* Unit tests of redis_reader.c: arrays as they come, and none that is larger than anything asked
 * for.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <hiredis/hiredis.h>
#include <hiredis/read.h>
#include <stdio.h>
#include <string.h>

#include "sensor/redis_reader.h"

static redisReader *reader;

static int setup(void **state)
{
	(void)state;
	reader = redis_reader_new();
	return reader == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	redisReaderFree(reader);
	return 0;
}

/* What comes of these bytes; NULL: more is needed. */
static redisReply *read_text(const char *text)
{
	void *reply = NULL;

	assert_int_equal(redisReaderFeed(reader, text, strlen(text)), REDIS_OK);
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
	return reply;
}

static void arrays_are_read(void **state)
{
	redisReply *reply = read_text("*3\r\n:7\r\n*1\r\n$2\r\nab\r\n*-1\r\n");

	(void)state;
	assert_non_null(reply);
	assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
	assert_int_equal(reply->elements, 3);
	assert_int_equal(reply->element[0]->integer, 7);
	assert_string_equal(reply->element[1]->element[0]->str, "ab");
	assert_int_equal(reply->element[2]->type, REDIS_REPLY_NIL);
	freeReplyObject(reply);
	reply = read_text("*0\r\n");
	assert_int_equal(reply->elements, 0);
	freeReplyObject(reply);
}

static void the_largest_array_is_waited_for(void **state)
{
	char text[32];

	(void)state;
	(void)snprintf(text, sizeof(text), "*%u\r\n", REDIS_READER_ELEMENTS);
	assert_null(read_text(text));
}

static void refuse(const char *text)
{
	void *reply = NULL;

	assert_int_equal(redisReaderFeed(reader, text, strlen(text)), REDIS_OK);
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_ERR);
	assert_null(reply);
	assert_non_null(strstr(redis_reader_error(reader), "more elements"));
}

static void a_larger_one_ends_the_reader(void **state)
{
	char text[32];

	(void)state;
	(void)snprintf(text, sizeof(text), "*%u\r\n", REDIS_READER_ELEMENTS + 1);
	refuse(text);
}

static void other_errors_are_told_as_they_are(void **state)
{
	void *reply = NULL;

	(void)state;
	assert_int_equal(redisReaderFeed(reader, "?\r\n", 3), REDIS_OK);
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_ERR);
	assert_non_null(strstr(redis_reader_error(reader), "Protocol error"));
}

static void so_does_one_inside_another(void **state)
{
	(void)state;
	refuse("*2\r\n:1\r\n*333333333\r\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(arrays_are_read),
		TEST(the_largest_array_is_waited_for),
		TEST(a_larger_one_ends_the_reader),
		TEST(so_does_one_inside_another),
		TEST(other_errors_are_told_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
