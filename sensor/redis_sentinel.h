/* redis_sentinel.h: asks one Sentinel where the master is, over a wire that is ready.
 *
 *	SENTINEL get-master-addr-by-name <name>  ->  [host, port], nil when it knows none
 *
 * A Sentinel that wants a password (NOAUTH) gets that of the URL. Reference: Redis Sentinel
 * documentation, "Guidelines for Redis Sentinel clients". */
#ifndef SENSOR_REDIS_SENTINEL_H
#define SENSOR_REDIS_SENTINEL_H

#include "sensor/redis_args.h"
#include "sensor/redis_wire.h"

struct redisReader;
struct redisReply; /* of hiredis, which only the .c files include */

struct redis_sentinel {
	const struct redis_url *url;
	struct redisReader *reader;
	struct redis_args args; /* the question */
	const char *bytes;      /* of it that were not sent yet */
	size_t len;
	bool is_introduced; /* AUTH was sent */
	bool has_question;  /* the question was sent, or its answer comes after AUTH's */
	char error[REDIS_WIRE_ERROR_TEXT];
};

/* 0 or -ENOMEM. url is borrowed. */
int redis_sentinel_begin(struct redis_sentinel *self, const struct redis_url *url);
void redis_sentinel_end(struct redis_sentinel *self);

/* 0: out says where the master is; -EAGAIN: poll the wire; else self->error says why not. */
int redis_sentinel_poll(struct redis_sentinel *self, struct redis_wire *wire,
			struct redis_place *out);

/* What a reply to the question means: 0 or -ENOENT, -EBADMSG with error filled. */
int redis_sentinel_read(const struct redisReply *reply, struct redis_place *out,
			char error[REDIS_WIRE_ERROR_TEXT]);

#endif
