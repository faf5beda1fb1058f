/* redis_state.h: the latest state of alerts, sessions, hosts, pools and wallets in Redis.
 *
 * One script merges a hash: shared fields are the newest event's, first_seen is the earliest, and
 * the totals of this sensor stand in fields of their own (`hashrate@S`). A replay of an old capture
 * therefore never overwrites today. */
#ifndef SENSOR_REDIS_STATE_H
#define SENSOR_REDIS_STATE_H

#include "sensor/config.h"
#include "sensor/event.h"
#include "sensor/redis_conn.h"

struct redis_state;

/* Both are borrowed. NULL: out of memory or of random bytes. */
struct redis_state *redis_state_new(const struct config *config,
				    const struct event_context *context);
void redis_state_free(struct redis_state *self);

/* Queue what the event changes; the last command ends the event. 0 or negative errno. */
int redis_state_session(struct redis_state *self, struct redis_conn *conn,
			const struct event_texts *texts, const struct event *event);
int redis_state_alert(struct redis_state *self, struct redis_conn *conn,
		      const struct event_texts *texts, const struct event *event);
/* The alert of a campaign; the campaign's own keys are redis_campaign.h's, and end the event. */
int redis_state_campaign(struct redis_state *self, struct redis_conn *conn,
			 const struct event_texts *texts, const struct event *event);

#endif
