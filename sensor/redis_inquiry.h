/* redis_inquiry.h: the questions that Redis can answer.
 *
 * Keys, with P the prefix:
 *
 *	P:inventory:<scope>/<ip> P:lease:<id>	leases (lease.h), read
 *	P:alert:open:<hash> P:alert:<id>	the open alert, read
 *	P:campaign:<id>:hosts			set of members, written
 *	{P:campaign:<id>}:seen			sorted set: members by first sight, epoch ms,
 *written P:campaign:<id>				hash: kind, key, first_seen, first_member,
 *last_join
 *
 * All but QUESTION_MEMBER only read, and that may be asked twice. For one thread, which may wait.
 */
#ifndef SENSOR_REDIS_INQUIRY_H
#define SENSOR_REDIS_INQUIRY_H

#include "sensor/config.h"
#include "sensor/question.h"
#include "sensor/redis_exchange.h"

struct redis_inquiry;

/* config and url in exchange are borrowed. Resolves the name, does not connect. 0 or negative errno
 * with error filled. */
int redis_inquiry_new(struct redis_inquiry **out, const struct config *config,
		      const struct redis_exchange_options *exchange,
		      char error[REDIS_URL_ERROR_TEXT]);
void redis_inquiry_free(struct redis_inquiry *self);

/* Connects now, so that the first question need not wait for it. */
void redis_inquiry_connect(struct redis_inquiry *self);

/* Fills answer's status and union, which must be zeroed. A lost connection is opened again once. */
void redis_inquiry_answer(struct redis_inquiry *self, const struct question *question,
			  struct answer *answer);

#endif
