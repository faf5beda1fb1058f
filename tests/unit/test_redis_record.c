/* test_redis_record.c: an event's commands in one record, and the script that adds an entry once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/redis_once.h"
#include "sensor/redis_record.h"

static struct redis_record record;
static struct redis_args args;

/* An XADD with options, an id and one field of any bytes; its bytes live in args. */
static const char *make_entry(struct redis_entry *entry)
{
	size_t len = 0;
	size_t id_at = 0;
	const char *bytes;

	redis_args_begin(&args, "XADD");
	redis_args_text(&args, "p:{s}:alert");
	redis_args_text(&args, "MAXLEN");
	redis_args_text(&args, "~");
	redis_args_text(&args, "100");
	redis_args_id(&args, 1772704867123, 4);
	redis_args_text(&args, "field");
	redis_args_bytes(&args, "a\r\n$1\0b", 7);
	bytes = redis_args_end(&args, &len, &id_at);
	*entry = (struct redis_entry){ .len = (uint32_t)len,
				       .id_at = (uint32_t)id_at,
				       .id_len = (uint8_t)args.id_len,
				       .expect = REDIS_EXPECT_ID };
	return bytes;
}

static void commands_come_back_as_they_were(void **state)
{
	struct redis_entry first;
	struct redis_entry last = { .len = 4,
				    .expect = REDIS_EXPECT_INTEGER,
				    .ends_event = true,
				    .sequence = 9,
				    .was_sent = true };
	struct redis_entry got;
	const char *bytes = make_entry(&first);
	const char *back;
	size_t offset = 0;

	(void)state;
	redis_record_begin(&record);
	assert_int_equal(redis_record_check(&record), -EBADMSG); /* an event has commands */
	assert_int_equal(redis_record_add(&record, &first, bytes), 0);
	assert_int_equal(redis_record_check(&record), -EBADMSG); /* its end is missing */
	assert_int_equal(redis_record_add(&record, &last, "last"), 0);
	assert_int_equal(redis_record_check(&record), 0);
	assert_int_equal(record.commands, 2);
	assert_int_equal(redis_record_next(&record, &offset, &got, &back), 1);
	assert_int_equal(got.len, first.len);
	assert_int_equal(got.id_at, first.id_at);
	assert_int_equal(got.id_len, first.id_len);
	assert_int_equal(got.expect, REDIS_EXPECT_ID);
	assert_false(got.ends_event);
	assert_memory_equal(back, bytes, first.len);
	assert_int_equal(redis_record_next(&record, &offset, &got, &back), 1);
	assert_true(got.ends_event && !got.was_sent && got.sequence == 0 && got.id_at == 0);
	assert_memory_equal(back, "last", 4);
	assert_int_equal(redis_record_next(&record, &offset, &got, &back), 0);
}

static void a_record_is_bounded(void **state)
{
	char *bytes = calloc(1, REDIS_RECORD_BYTES);
	struct redis_entry entry = { .len = REDIS_RECORD_BYTES - 11,
				     .expect = REDIS_EXPECT_STATUS,
				     .ends_event = true };

	(void)state;
	assert_non_null(bytes);
	redis_record_begin(&record);
	assert_int_equal(redis_record_add(&record, &entry, bytes), -EMSGSIZE);
	entry.len = UINT32_MAX;
	assert_int_equal(redis_record_add(&record, &entry, bytes), -EMSGSIZE);
	entry.len = REDIS_RECORD_BYTES - 12;
	assert_int_equal(redis_record_add(&record, &entry, bytes), 0);
	assert_int_equal(redis_record_check(&record), 0);
	entry.len = 1;
	assert_int_equal(redis_record_add(&record, &entry, bytes), -EMSGSIZE);
	assert_int_equal(record.commands, 1);
	free(bytes);
}

static void a_damaged_record_is_none(void **state)
{
	struct redis_entry entry;
	const char *bytes = make_entry(&entry);
	size_t whole;

	(void)state;
	entry.ends_event = true;
	redis_record_begin(&record);
	assert_int_equal(redis_record_add(&record, &entry, bytes), 0);
	whole = record.len;
	for (record.len = 0; record.len < whole; record.len++)
		assert_int_equal(redis_record_check(&record), -EBADMSG);
	assert_int_equal(redis_record_check(&record), 0);
	record.bytes[9] = REDIS_EXPECT_OWNER; /* no event's */
	assert_int_equal(redis_record_check(&record), -EBADMSG);
	record.bytes[9] = REDIS_EXPECT_INTEGER; /* has no id */
	assert_int_equal(redis_record_check(&record), -EBADMSG);
	record.bytes[9] = REDIS_EXPECT_ID;
	record.bytes[8] = 0; /* needs one */
	assert_int_equal(redis_record_check(&record), -EBADMSG);
	record.bytes[8] = 255; /* ends inside */
	assert_int_equal(redis_record_check(&record), -EBADMSG);
	record.bytes[8] = entry.id_len;
	record.bytes[7] = 0x80; /* begins inside */
	assert_int_equal(redis_record_check(&record), -EBADMSG);
}

static void the_script_gets_the_words_of_the_entry(void **state)
{
	static const char behind[] = "$1\r\n2\r\n"
				     "$11\r\np:{s}:alert\r\n"
				     "$18\r\np:{s}:alert:resent\r\n"
				     "$15\r\n1772704867123-4\r\n"
				     "$15\r\n1772704999999-0\r\n"
				     "$1\r\n3\r\n"
				     "$6\r\nMAXLEN\r\n$1\r\n~\r\n$3\r\n100\r\n"
				     "$5\r\nfield\r\n$7\r\na\r\n$1\0b\r\n";
	static struct redis_args once;
	struct redis_entry entry;
	const char *bytes = make_entry(&entry);
	const char *made;
	size_t len;
	size_t id_at;

	(void)state;
	assert_int_equal(redis_once_build(&once, &entry, bytes, 1772704999999, 0), 0);
	made = redis_args_end(&once, &len, &id_at);
	assert_non_null(made);
	assert_memory_equal(made, "*13\r\n$4\r\nEVAL\r\n", 15);
	assert_memory_equal(made + len - (sizeof(behind) - 1), behind, sizeof(behind) - 1);
	/* The new id can be replaced when it is sent again. */
	assert_memory_equal(made + id_at, "$15\r\n1772704999999-0\r\n", once.id_len);
}

static void what_is_no_entry_makes_no_script(void **state)
{
	static struct redis_args once;
	struct redis_entry entry;
	const char *bytes = make_entry(&entry);
	struct redis_entry cut = entry;
	char copy[512];

	(void)state;
	assert_true(entry.len < sizeof(copy));
	for (cut.len = 0; cut.len < entry.len; cut.len++) {
		/* In memory of its own, so that a read behind it is seen. */
		char *own = malloc(cut.len + 1u);

		assert_non_null(own);
		memcpy(own, bytes, cut.len);
		assert_int_equal(redis_once_build(&once, &cut, own, 1, 1), -EBADMSG);
		free(own);
	}
	memcpy(copy, bytes, entry.len);
	cut = entry;
	cut.id_at++;
	assert_int_equal(redis_once_build(&once, &cut, copy, 1, 1), -EBADMSG);
	copy[8] = 'Y';
	assert_int_equal(redis_once_build(&once, &entry, copy, 1, 1), -EBADMSG);
	memcpy(copy, "*9999", 5);
	assert_int_equal(redis_once_build(&once, &entry, copy, 1, 1), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_come_back_as_they_were),
		cmocka_unit_test(a_record_is_bounded),
		cmocka_unit_test(a_damaged_record_is_none),
		cmocka_unit_test(the_script_gets_the_words_of_the_entry),
		cmocka_unit_test(what_is_no_entry_makes_no_script),
	};

	return cmocka_run_group_tests_name("redis_record", tests, NULL, NULL);
}
