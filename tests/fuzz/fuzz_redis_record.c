/* fuzz_redis_record.c: a record of any bytes is taken apart or refused; what was taken apart makes
 * the same record again, and its stream entries make scripts or are refused. */
#include <assert.h>
#include <string.h>

#include "sensor/redis_once.h"
#include "sensor/redis_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct redis_record record;
static struct redis_record again;
static struct redis_args args;

static void check_command(const struct redis_entry *entry, const char *bytes)
{
	size_t made;
	size_t id_at;

	assert(entry->len > 0 && bytes >= (const char *)record.bytes &&
	       bytes + entry->len <= (const char *)record.bytes + record.len);
	assert(entry->id_at + entry->id_len <= entry->len);
	assert(redis_record_add(&again, entry, bytes) == 0);
	if (redis_once_build(&args, entry, bytes, 1, 2) == 0 &&
	    redis_args_end(&args, &made, &id_at) != NULL)
		assert(id_at > 0 && id_at + args.id_len < made);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct redis_entry entry;
	const char *command;
	size_t offset = 0;
	size_t count = 0;
	int result;

	if (len > sizeof(record.bytes))
		return 0;
	memcpy(record.bytes, bytes, len);
	record.len = len;
	redis_record_begin(&again);
	while ((result = redis_record_next(&record, &offset, &entry, &command)) == 1) {
		check_command(&entry, command);
		count++;
	}
	if (redis_record_check(&record) == 0) {
		assert(result == 0 && offset == len && count == record.commands);
		assert(again.len == len);
	}
	return 0;
}
