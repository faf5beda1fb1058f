/* redis_reply.h: what a reply of Redis means. */
#ifndef SENSOR_REDIS_REPLY_H
#define SENSOR_REDIS_REPLY_H

#include "sensor/redis_queue.h"

struct redisReply; /* of hiredis, which only the .c files include */

bool redis_reply_begins(const struct redisReply *reply, const char *word);
/* The answer of a master to ROLE. */
bool redis_reply_is_master(const struct redisReply *reply);
/* It came from a replica: the master is elsewhere. */
bool redis_reply_is_readonly(const struct redisReply *reply);
/* An error that passes by itself: full, loading, read-only... */
bool redis_reply_is_passing(const struct redisReply *reply);
/* An error that needs a person: rights, credentials. */
bool redis_reply_is_forbidding(const struct redisReply *reply);
bool redis_reply_is_expected(enum redis_expect expect, const struct redisReply *reply);

/* What has become of a command. */
enum redis_verdict {
	REDIS_VERDICT_DONE,
	REDIS_VERDICT_HELD,      /* Redis had it before the connection was lost */
	REDIS_VERDICT_OVERTAKEN, /* someone else wrote a higher id to its stream */
	REDIS_VERDICT_LATER,     /* refused for now */
	REDIS_VERDICT_REPLICA,   /* refused by one that may not write */
	REDIS_VERDICT_MOVED,     /* its slot is elsewhere */
	REDIS_VERDICT_ASK,       /* the same while the slot moves */
	REDIS_VERDICT_UNWANTED,  /* the mirror is refused */
	REDIS_VERDICT_FORBIDDEN, /* a person must help */
	REDIS_VERDICT_FAILED,    /* refused for good */
	REDIS_VERDICT_OWNED,     /* the sensor id belongs to another process */
	REDIS_VERDICT_NONSENSE   /* no answer to this command */
};

enum redis_verdict redis_reply_verdict(const struct redis_entry *entry,
				       const struct redisReply *reply);
/* The same of an error of which the text is known. */
enum redis_verdict redis_error_verdict(const struct redis_entry *entry, const char *text);

/* Why EXEC ran nothing, as Redis would have said it to one command; NULL: its commands were told.
 */
const char *redis_reply_abort(const struct redisReply *reply);

#endif
