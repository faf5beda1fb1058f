/* redis_exchange.h: commands to Redis and their replies, one after another, with bounded waits.
 *
 * For the inquirer's thread: it may wait, but neither for ever nor past a stop. Nothing is kept and
 * nothing is sent again: who asks does that. The connection is opened when it is needed, the whole
 * route anew, after a failure with back-off; each begins with AUTH, with Sentinels ROLE, and
 * SELECT. For one thread. */
#ifndef SENSOR_REDIS_EXCHANGE_H
#define SENSOR_REDIS_EXCHANGE_H

#include <stdatomic.h>

#include "sensor/redis_args.h"
#include "sensor/redis_tls.h"

struct redisReply; /* of hiredis, which only the .c files include */

struct redis_exchange_options {
	const struct redis_url *url;     /* borrowed */
	const struct redis_tls *tls;     /* borrowed; NULL: plain */
	const struct redis_place *place; /* instead of the URL's; NULL: the URL's own */
	uint32_t timeout_ms;     /* for each wait: to connect and greet, to send, for a reply */
	const atomic_bool *stop; /* set: every wait ends within 100 ms; NULL: never */
};

struct redis_exchange;

/* Does not connect. 0 or negative errno with error filled. */
int redis_exchange_new(struct redis_exchange **out, const struct redis_exchange_options *options,
		       char error[REDIS_URL_ERROR_TEXT]);
void redis_exchange_free(struct redis_exchange *self);

/* Connected, or connected now. False at once while the back-off runs. */
bool redis_exchange_is_ready(struct redis_exchange *self);

/* Still connected, as far as is known. */
bool redis_exchange_is_open(const struct redis_exchange *self);

/* Sends a command. More commands may follow before their replies are taken, in order; has_more: one
 * does at once. 0; -EMSGSIZE; -EIO: the connection is lost. */
int redis_exchange_send(struct redis_exchange *self, struct redis_args *args, bool has_more);

/* The next reply, to be freed with freeReplyObject(), errors of the server included; NULL: the
 * connection is lost, as it is after a replica's refusal to write. A reply of a kind that was not
 * expected is the caller's to judge. */
struct redisReply *redis_exchange_reply(struct redis_exchange *self);

/* After a reply that makes no sense: the connection is given up, with back-off. */
void redis_exchange_give_up(struct redis_exchange *self, const char *why);

#endif
