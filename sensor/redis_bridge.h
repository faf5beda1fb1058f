/* redis_bridge.h: EVE lines for tools that do not read streams: a list and a channel.
 *
 *	alert, flow --> EVE line --+--> RPUSH P:eve line, LTRIM P:eve -N -1	`redis-eve-list`
 *	                           '--> PUBLISH P:live line			`redis-live`
 *
 * The lines are those of --json. Logstash and Vector read lists (BLPOP) and channels, not streams.
 * Both are off unless configured and go the way of all commands, behind those of the event itself.
 * They hold nothing back: what Redis refuses for good is counted, not an event lost, and live a
 * queue that is half full takes no more of them.
 *
 * Neither command can be told from its repetition: after a lost connection those without reply (at
 * most the window of the connection, 500 commands) are sent again, and a line may be there twice.
 * Readers know it by `mining.alert_id` and `alert.rev`, or by `flow_id`. For one thread. */
#ifndef SENSOR_REDIS_BRIDGE_H
#define SENSOR_REDIS_BRIDGE_H

#include "sensor/redis_conn.h"
#include "sensor/sink.h"

struct redis_bridge;

/* options are borrowed parts of the sink's. NULL: out of memory. */
struct redis_bridge *redis_bridge_new(const struct sink_options *options);
void redis_bridge_free(struct redis_bridge *self);

/* Queues what the configuration wants of one event, after the event's own commands. */
void redis_bridge_event(struct redis_bridge *self, struct redis_conn *conn,
			struct event_renderer *renderer, const struct event *event);

#endif
