/* redis_trail.h: what minecanary-trail reads from Redis and writes into it. With P the prefix, T
 *our id and S a sensor's:
 *
 *	P:{S}:alert            read by the consumer group `minecanary-trail`, consumer T; never
 *written P:lease:<id>           hash (lease.h) P:inventory:<scope/ip> sorted set of lease ids,
 *under three scopes each P:incident:<id>        hash: counts, times, principal, cost, and the
 *report as text, md and json P:incidents            sorted set of incident ids by the time last
 *seen, in seconds P:{trail:T}:alert      stream: our own alerts (gid 1, sid 1700001 and up), fields
 *as a sensor's P:{trail:T}:published  hash: alert id -> digest and revision, so that nothing is
 *told twice P:host:<scope/ip>      fields of our own: cost@trail, burn@trail, incident@trail
 *
 * An entry of a sensor's stream is acknowledged when redis_trail_ack() is called, after what it
 *said was made durable; after a kill it comes again. Blocking, with a time-out; one thread. */
#ifndef TRAIL_REDIS_TRAIL_H
#define TRAIL_REDIS_TRAIL_H

#include "sensor/redis_access.h"
#include "sensor/trail/cost.h"
#include "sensor/trail/report.h"

#define REDIS_TRAIL_ERROR_TEXT 320

struct redis_trail_options {
	const struct redis_access *access; /* borrowed for ever */
	const char *prefix;
	const char *id;
	char *const *sensors; /* none: all whose stream is there */
	size_t sensor_count;
	bool is_stateless; /* nothing survived: alerts that were acknowledged are needed again */
	uint64_t retention_s;
};

struct redis_trail;

/* Connects. 0 or negative errno with error filled. */
int redis_trail_open(struct redis_trail **out, const struct redis_trail_options *options,
		     char error[REDIS_TRAIL_ERROR_TEXT]);
void redis_trail_close(struct redis_trail *self);
/* Why the last call failed. */
const char *redis_trail_error(const struct redis_trail *self);

typedef int redis_alert_fn(void *ctx, const char *name, const char *eve, size_t len);

/* Reads what is new in the sensors' streams, without waiting: the number of alerts, or negative
 * errno. fn is called for each; name is the stream. */
int redis_trail_read(struct redis_trail *self, redis_alert_fn *fn, void *ctx);
/* All that was read is durable. 0 or negative errno. */
int redis_trail_ack(struct redis_trail *self);

/* What is to be published; unchanged parts are not sent again. 0 or negative errno. */
struct redis_publication {
	const struct store *store;
	const struct incidents *incidents;
	const struct price_list *prices;
	const struct report_options *report;
};
int redis_trail_publish(struct redis_trail *self, const struct redis_publication *what);

/* Writes a published report; incident "": the newest. 0; -ENOENT: no such incident; -EPIPE: out
 * takes no more. */
int redis_trail_report(struct redis_trail *self, const char *incident,
		       const struct report_options *options, FILE *out);

#endif
