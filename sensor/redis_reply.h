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
/* An error that needs a person: rights, credentials, a cluster. */
bool redis_reply_is_forbidding(const struct redisReply *reply);
bool redis_reply_is_expected(enum redis_expect expect, const struct redisReply *reply);

#endif
