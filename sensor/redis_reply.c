/* redis_reply.c: the kinds of replies, told by their types and first words.
 *
 * Reference: the error prefixes of Redis 6 and 7. */
#include "sensor/redis_reply.h"

#include <hiredis/hiredis.h>
#include <string.h>

bool redis_reply_begins(const redisReply *reply, const char *word)
{
	return strncmp(reply->str, word, strlen(word)) == 0;
}

bool redis_reply_is_master(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
	       reply->element[0]->type == REDIS_REPLY_STRING &&
	       strcmp(reply->element[0]->str, "master") == 0;
}

bool redis_reply_is_readonly(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR &&
	       (redis_reply_begins(reply, "READONLY") ||
		(redis_reply_begins(reply, "ERR Error running script") &&
		 strstr(reply->str, "-READONLY ") != NULL));
}

bool redis_reply_is_passing(const redisReply *reply)
{
	static const char *const words[] = {
		"OOM",         "LOADING",  "READONLY", "MISCONF",    "MASTERDOWN",
		"CLUSTERDOWN", "TRYAGAIN", "BUSY",     "NOREPLICAS", "ERR max number of clients"
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (redis_reply_begins(reply, words[i]))
			return true;
	/* Before Redis 7 a script wraps the error of the command that failed in it. */
	return redis_reply_begins(reply, "ERR Error running script") &&
	       (strstr(reply->str, "-OOM ") != NULL || strstr(reply->str, "-READONLY ") != NULL ||
		strstr(reply->str, "-MISCONF ") != NULL);
}

bool redis_reply_is_forbidding(const redisReply *reply)
{
	return redis_reply_begins(reply, "NOAUTH") || redis_reply_begins(reply, "WRONGPASS") ||
	       redis_reply_begins(reply, "NOPERM") || redis_reply_begins(reply, "MOVED") ||
	       redis_reply_begins(reply, "ASK ");
}

bool redis_reply_is_expected(enum redis_expect expect, const redisReply *reply)
{
	switch (expect) {
	case REDIS_EXPECT_ID:
		return reply->type == REDIS_REPLY_STRING;
	case REDIS_EXPECT_INTEGER:
	case REDIS_EXPECT_OWNER:
	case REDIS_EXPECT_ONCE:
		return reply->type == REDIS_REPLY_INTEGER;
	case REDIS_EXPECT_STATUS:
		return reply->type == REDIS_REPLY_STATUS;
	case REDIS_EXPECT_MIRROR:
		return reply->type == REDIS_REPLY_INTEGER || reply->type == REDIS_REPLY_STATUS;
	}
	return false;
}
