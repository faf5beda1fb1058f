/* redis_reply.c: the kinds of replies, told by their types and first words.
 *
 * Reference: the error prefixes of Redis 6 and 7. */
#include "sensor/redis_reply.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "sensor/redis_once.h"

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
	       redis_reply_begins(reply, "NOPERM");
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

enum redis_verdict redis_error_verdict(const struct redis_entry *entry, const char *text)
{
	static const char old_id[] = "ERR The ID specified in XADD";
	char copy[256];
	redisReply reply = { .type = REDIS_REPLY_ERROR, .str = copy };

	(void)snprintf(copy, sizeof(copy), "%s", text);
	if (entry->expect == REDIS_EXPECT_ID && redis_reply_begins(&reply, old_id))
		return entry->was_sent ? REDIS_VERDICT_HELD : REDIS_VERDICT_OVERTAKEN;
	if (redis_reply_is_readonly(&reply))
		return REDIS_VERDICT_REPLICA;
	if (redis_reply_is_passing(&reply))
		return REDIS_VERDICT_LATER;
	if (redis_reply_begins(&reply, "MOVED "))
		return REDIS_VERDICT_MOVED;
	if (redis_reply_begins(&reply, "ASK "))
		return REDIS_VERDICT_ASK;
	if (entry->expect == REDIS_EXPECT_MIRROR)
		return REDIS_VERDICT_UNWANTED;
	if (redis_reply_is_forbidding(&reply))
		return REDIS_VERDICT_FORBIDDEN;
	return REDIS_VERDICT_FAILED;
}

enum redis_verdict redis_reply_verdict(const struct redis_entry *entry, const redisReply *reply)
{
	enum redis_expect expect = entry->expect;

	if (reply->type == REDIS_REPLY_ERROR)
		return redis_error_verdict(entry, reply->str);
	if (expect == REDIS_EXPECT_OWNER && reply->type == REDIS_REPLY_STRING)
		return REDIS_VERDICT_OWNED;
	if (!redis_reply_is_expected(expect, reply))
		return REDIS_VERDICT_NONSENSE;
	if (expect == REDIS_EXPECT_ONCE && reply->integer == REDIS_ONCE_TOO_OLD)
		return REDIS_VERDICT_OVERTAKEN;
	return REDIS_VERDICT_DONE;
}

const char *redis_reply_abort(const redisReply *reply)
{
	static const char because[] = "EXECABORT Transaction discarded because of";
	const char *text = reply->str;

	if (strncmp(text, because, strlen(because)) != 0)
		return text;
	text += strlen(because);
	if (strncmp(text, ": ", 2) != 0)
		return NULL;
	return text + (text[2] == '-' ? 3 : 2);
}
