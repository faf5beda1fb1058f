/* redis_map.h: which server of a Redis Cluster has which keys.
 *
 *	key --CRC16 of its hash tag--> one of 16384 slots --map--> a master
 *
 * Reference: the Redis Cluster specification; CLUSTER SLOTS. */
#ifndef SENSOR_REDIS_MAP_H
#define SENSOR_REDIS_MAP_H

#include "sensor/redis_url.h"
#include "sensor/redis_words.h"

struct redisReply; /* of hiredis, which only the .c files include */

#define REDIS_SLOTS       16384
#define REDIS_MAP_MASTERS 100
#define REDIS_MAP_NOBODY  UINT8_MAX

struct redis_map {
	struct redis_place masters[REDIS_MAP_MASTERS];
	size_t count;
	uint8_t owners[REDIS_SLOTS]; /* index of the master, or nobody */
};

/* The slot of a key: of what stands between its first brace and the next closing one, if
 * anything does. */
unsigned redis_slot(const char *key, size_t len);

/* The first key of a command that redis_args.h wrote; false: it has none, or belongs anywhere. */
bool redis_command_key(const char *bytes, size_t len, struct redis_word *key);

/* Reads the answer to CLUSTER SLOTS. from: whom was asked, who need not know its own address. 0,
 * -EBADMSG, or -E2BIG: too many masters. */
int redis_map_read(struct redis_map *self, const struct redisReply *reply,
		   const struct redis_place *from);

/* "MOVED <slot> <host>:<port>", or with ASK: who has it. from: who said so. */
bool redis_redirect_read(const char *text, const struct redis_place *from, struct redis_place *out);

bool redis_place_equals(const struct redis_place *a, const struct redis_place *b);

#endif
