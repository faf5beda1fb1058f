/* redis_campaign.h: campaigns in Redis, built by many sensors without asking one another.
 *
 *	P:campaign:<id>		hash: kind, key, threshold, first_seen, first_member, last_join,
 *				last_seen; per sensor: members@S, hashrate@S, hashrate_unit@S,
 *				worker_pattern@S, agent@S, pool@S, revision@S, updated@S
 *	P:campaign:<id>:hosts	set of scope/ip
 *	{P:campaign:<id>}:seen	the same, sorted by first sight: the earliest that any sensor says
 *	P:campaigns		sorted by last seen, seconds: those that have reached the threshold
 *
 * Times in the hash are milliseconds since 1970. Members are added, joins only get earlier, last
 * sight only gets later, and first_seen, first_member and last_join follow from the joins: whatever
 * the order, and however often a command is sent, the result is the same. */
#ifndef SENSOR_REDIS_CAMPAIGN_H
#define SENSOR_REDIS_CAMPAIGN_H

#include "sensor/config.h"
#include "sensor/event.h"
#include "sensor/redis_conn.h"

/* Queues the one command that an EVENT_CAMPAIGN or EVENT_MEMBER makes; it ends the event. args is
 * scratch. 0 or negative errno. */
int redis_campaign_store(const struct config *config, const struct event_context *context,
			 struct redis_args *args, struct redis_conn *conn,
			 const struct event_texts *texts, const struct event *event);

#endif
