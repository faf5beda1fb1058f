/* redis_store.h: which Redis commands an event becomes.
 *
 * Keys, with P the prefix and S the sensor id (braces: one cluster slot per sensor):
 *
 *	P:{S}:alert :flow :session :stats	streams
 *	P:{S}:status :owner			hash and string that expire
 *	P:{S}:<stream>:resent			hash that expires, see redis_once.h
 *	P:alert:<id> P:session:<flow id>	hashes: the newest event time wins
 *	P:host:<scope/ip> P:pool:<ip:port> P:wallet:<hash>
 *	P:hosts :pools :wallets :alerts		sorted by last seen, seconds
 *	P:hosts:by-hashrate			sorted by rate
 *	P:pool:<..>:hosts P:wallet:<..>:hosts	sets
 *	P:alert:open:<hash>			id of the alert that is open
 *	P:campaign:<id> P:campaign:<id>:hosts P:campaigns	see redis_campaign.h
 *	{P:campaign:<id>}:seen
 *	{P:hosts:by-hashrate}:seen {P:alert:open:<hash>}:seen	when what is there was told
 *	P:eve P:live				list and channel, see redis_bridge.h
 *
 * The keys of one command are of one slot. Every command may be sent twice: values are absolute.
 *Key names hold no wire bytes: addresses, the operator's words and hashes only. For one thread. */
#ifndef SENSOR_REDIS_STORE_H
#define SENSOR_REDIS_STORE_H

#include "sensor/config.h"
#include "sensor/redis_conn.h"
#include "sensor/sink.h"

enum redis_stream {
	REDIS_STREAM_ALERT,
	REDIS_STREAM_FLOW,
	REDIS_STREAM_SESSION,
	REDIS_STREAM_STATS,
	REDIS_STREAMS
};

#define REDIS_KEY_TEXT 512

/* More than all commands of one event take, with its line in the list and the channel. */
#define REDIS_EVENT_BYTES ((size_t)64 * 1024)

struct redis_store;

/* config and context are borrowed. NULL: out of memory or of random bytes. */
struct redis_store *redis_store_new(const struct config *config,
				    const struct event_context *context);
void redis_store_free(struct redis_store *self);

/* "P:{S}:word", the sensor's own key. */
void redis_store_key(const struct redis_store *self, const char *word, char out[REDIS_KEY_TEXT]);

/* "{key}:seen": a key of the same slot, for what a script must know beside the key itself. */
void redis_store_beside(const char *key, char out[REDIS_KEY_TEXT]);

/* Queues all commands of one event. 0 or negative errno: then the event is not wholly queued. The
 * caller has made sure that there is room for REDIS_EVENT_BYTES. */
int redis_store_event(struct redis_store *self, struct redis_conn *conn,
		      struct event_renderer *renderer, const struct event *event);

/* Queues one row of counters and the status. boot: this process; status fields are the caller's
 * pairs of name and value. */
int redis_store_stats(struct redis_store *self, struct redis_conn *conn, const struct stats *sum);
int redis_store_status(struct redis_store *self, struct redis_conn *conn,
		       const char *const (*fields)[2], size_t count);

#endif
