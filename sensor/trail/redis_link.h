/* redis_link.h: a blocking connection to Redis with pipelined commands. For redis_*.c of trail
 * only.
 *
 * Commands are binary safe argument lists. A command that is queued gets its reply with
 * redis_link_flush(), in batches small enough that neither side waits for the other. */
#ifndef TRAIL_REDIS_LINK_H
#define TRAIL_REDIS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sensor/redis_access.h"

#define REDIS_LINK_ARGS  96
#define REDIS_LINK_ERROR 256
#define REDIS_LINK_KEY   768 /* of a key's text */

struct redisReply;

/* Arguments of one command: borrowed until it is sent or queued; numbers lie in scratch. */
struct redis_command {
	const char *argv[REDIS_LINK_ARGS];
	size_t lens[REDIS_LINK_ARGS];
	int argc;
	bool is_full;
	size_t used;
	char scratch[16384];
};

struct redis_link;

/* Connects, authenticates and selects; access is borrowed. 0 or negative errno with error filled.
 */
int redis_link_open(struct redis_link **out, const struct redis_access *access,
		    char error[REDIS_LINK_ERROR]);
void redis_link_close(struct redis_link *self);
const char *redis_link_error(const struct redis_link *self);

void redis_command_begin(struct redis_command *self, const char *name);
void redis_command_text(struct redis_command *self, const char *text);
void redis_command_bytes(struct redis_command *self, const char *bytes, size_t len);
void redis_command_uint(struct redis_command *self, uint64_t value);
void redis_command_fixed(struct redis_command *self, double value, unsigned decimals);
/* Hostile text, made printable; kept in scratch. */
void redis_command_hostile(struct redis_command *self, const char *text);
/* A name and a value of each kind. */
void redis_field(struct redis_command *self, const char *name, const char *value);
void redis_field_hostile(struct redis_command *self, const char *name, const char *value);
void redis_field_uint(struct redis_command *self, const char *name, uint64_t value);
void redis_field_fixed(struct redis_command *self, const char *name, double value,
		       unsigned decimals);
/* EVE's form of a time; 0 is "". */
void redis_field_time(struct redis_command *self, const char *name, uint64_t time_ns);

/* Sends and waits: the reply (freed by redis_link_free()), an error reply too; NULL: the connection
 * is gone, which is tried again with the next command. */
struct redisReply *redis_link_ask(struct redis_link *self, const struct redis_command *command);
void redis_link_free(struct redisReply *reply);

/* Queues a command whose reply only must not be an error. 0 or negative errno. */
int redis_link_push(struct redis_link *self, const struct redis_command *command);
/* All queued commands were answered: 0, else negative errno: -EPROTO when Redis refused one. */
int redis_link_flush(struct redis_link *self);

#endif
