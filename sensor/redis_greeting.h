/* redis_greeting.h: what is said first on every connection to Redis. */
#ifndef SENSOR_REDIS_GREETING_H
#define SENSOR_REDIS_GREETING_H

#include "sensor/redis_conn.h"

struct redisReply; /* of hiredis, which only the .c files include */

#define REDIS_GREETING_STEPS (6 + REDIS_CONN_STREAMS)

enum redis_step {
	REDIS_STEP_AUTH,
	REDIS_STEP_ROLE, /* what a Sentinel named must be the master */
	REDIS_STEP_SELECT,
	REDIS_STEP_MULTI, /* an empty transaction: may we at all? */
	REDIS_STEP_EXEC,
	REDIS_STEP_SLOTS, /* the map of a cluster */
	REDIS_STEP_OWNER,
	REDIS_STEP_STREAM
};

enum redis_greeting_kind {
	REDIS_GREETING_WRITER, /* who has our streams */
	REDIS_GREETING_DOOR,   /* who is asked for the map of a cluster */
	REDIS_GREETING_GUEST   /* the others of it */
};

/* The greeting is the same for every connection of its kind. */
struct redis_greeting {
	char *bytes; /* holds the password: wiped when freed */
	size_t len;
	enum redis_step steps[REDIS_GREETING_STEPS];
	size_t step_count;
};

struct redis_stream_id {
	uint64_t ms;
	uint64_t seq;
};

/* 0, -ENOMEM or -EMSGSIZE. */
int redis_greeting_build(struct redis_greeting *self, const struct redis_conn_options *options,
			 enum redis_greeting_kind kind);
void redis_greeting_fini(struct redis_greeting *self);

/* True when the reply is what the step needs, the map aside; raises *id to a stream's last one. */
bool redis_greeting_is_answered(const struct redis_greeting *self, size_t step,
				const struct redisReply *reply, struct redis_stream_id *id);

/* Commands on the ownership key: takes a free one or renews our own (1), or says whose it is (a
 * text); gives up our own. */
void redis_owner_keep(struct redis_args *args, const struct redis_conn_options *options);
void redis_owner_release(struct redis_args *args, const struct redis_conn_options *options);

#endif
