/* redis_guide.h: leads each command of an exchange to the server that has its key.
 *
 * One server, until it says that a key is elsewhere; from then on a cluster, with a connection to
 * each of its servers that is needed. After a redirection the whole question fails and is to be
 * asked again: nothing of it was wrong, and the way is known then. For one thread. */
#ifndef SENSOR_REDIS_GUIDE_H
#define SENSOR_REDIS_GUIDE_H

#include "sensor/redis_exchange.h"

struct redis_guide;

/* As of redis_exchange.h. */
int redis_guide_new(struct redis_guide **out, const struct redis_exchange_options *options,
		    char error[REDIS_URL_ERROR_TEXT]);
void redis_guide_free(struct redis_guide *self);
bool redis_guide_is_ready(struct redis_guide *self);
bool redis_guide_is_open(const struct redis_guide *self);
int redis_guide_send(struct redis_guide *self, struct redis_args *args, bool has_more);
struct redisReply *redis_guide_reply(struct redis_guide *self);
void redis_guide_give_up(struct redis_guide *self, const char *why);

/* Another question begins: what Redis said of single keys of the last one is forgotten. */
void redis_guide_begin(struct redis_guide *self);

/* Did the last one fail because a key is elsewhere? */
bool redis_guide_is_redirected(const struct redis_guide *self);

#endif
