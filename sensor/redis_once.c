/* redis_once.c: takes an XADD apart and puts its words behind a script.
 *
 *	XADD key [option...] id field value...
 *
 * Reference: the Redis protocol specification (RESP2), XADD, XRANGE, EVAL. */
#include "sensor/redis_once.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/redis_words.h"

#define KEY_TEXT      600
#define WORDS_MAX     1024
#define RESENT_SUFFIX ":resent"

/* KEYS: stream, hash of new ids. ARGV: id, new id, count of options, options, fields. */
static const char script[] =
	"local k,h,a=KEYS[1],KEYS[2],ARGV "
	"if #redis.call('XRANGE',k,a[1],a[1])>0 or redis.call('HGET',h,a[1]) then "
	"return 0 end "
	"local n=3+tonumber(a[3]) "
	"local function add(id) local c={'XADD',k} for i=4,n do c[#c+1]=a[i] end c[#c+1]=id "
	"for i=n+1,#a do c[#c+1]=a[i] end return redis.pcall(unpack(c)) end "
	"local function old(r) return string.find(r.err,'equal or smaller',1,true) end "
	"local r=add(a[1]) if type(r)~='table' then return 1 end if not old(r) then return r end "
	"r=add(a[2]) if type(r)=='table' then if old(r) then return -1 end return r end "
	"redis.call('HSET',h,a[1],a[2]) redis.call('EXPIRE',h,604800) return 2";

/* All words of the command, and which of them is the id. */
static int read_command(const struct redis_entry *entry, const char *bytes,
			struct redis_word list[WORDS_MAX], size_t *count, size_t *id)
{
	struct redis_words words = { bytes, entry->len };

	*id = 0;
	if (redis_words_begin(&words, count) < 0 || *count > WORDS_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < *count; i++) {
		if (words.at == bytes + entry->id_at)
			*id = i;
		if (redis_words_next(&words, &list[i]) < 0)
			return -EBADMSG;
	}
	return words.left == 0 && *id >= 2 && list[0].len == 4 &&
			       memcmp(list[0].bytes, "XADD", 4) == 0
		       ? 0
		       : -EBADMSG;
}

int redis_once_build(struct redis_args *args, const struct redis_entry *entry, const char *bytes,
		     uint64_t ms, uint64_t seq)
{
	struct redis_word list[WORDS_MAX];
	char key[KEY_TEXT];
	size_t count;
	size_t id;

	if (read_command(entry, bytes, list, &count, &id) < 0 ||
	    list[1].len > sizeof(key) - sizeof(RESENT_SUFFIX))
		return -EBADMSG;
	(void)snprintf(key, sizeof(key), "%.*s%s", (int)list[1].len, list[1].bytes, RESENT_SUFFIX);
	redis_args_begin(args, "EVAL");
	redis_args_text(args, script);
	redis_args_text(args, "2");
	redis_args_bytes(args, list[1].bytes, list[1].len);
	redis_args_text(args, key);
	redis_args_bytes(args, list[id].bytes, list[id].len);
	redis_args_id(args, ms, seq);
	redis_args_uint(args, id - 2);
	for (size_t i = 2; i < count; i++)
		if (i != id)
			redis_args_bytes(args, list[i].bytes, list[i].len);
	return 0;
}

int redis_once_push(struct redis_queue *queue, const struct redis_entry *entry, const char *bytes,
		    uint64_t ms, uint64_t seq)
{
	struct redis_args *args = malloc(sizeof(*args));
	struct redis_entry once = { .sequence = entry->sequence,
				    .expect = REDIS_EXPECT_ONCE,
				    .ends_event = entry->ends_event };
	const char *command = NULL;
	size_t len = 0;
	size_t id_at = 0;
	int error = -ENOMEM;

	if (args != NULL)
		error = redis_once_build(args, entry, bytes, ms, seq);
	if (error == 0) {
		command = redis_args_end(args, &len, &id_at);
		error = command == NULL ? -EMSGSIZE : 0;
	}
	if (error == 0) {
		once.len = (uint32_t)len;
		once.id_at = (uint32_t)id_at;
		once.id_len = (uint8_t)args->id_len;
		error = redis_queue_push(queue, &once, command);
	}
	free(args);
	return error;
}

int redis_once_requeue(struct redis_queue *queue, size_t index, uint64_t ms, uint64_t seq)
{
	struct redis_entry entry = *redis_queue_entry(queue, index);
	int error;

	if (entry.sequence == 0 || entry.expect != REDIS_EXPECT_ID)
		return redis_queue_requeue(queue, index, ms, seq);
	error = redis_once_push(queue, &entry, redis_queue_bytes(queue, index), ms, seq);
	if (error == 0)
		redis_queue_done(queue, index);
	return error;
}
