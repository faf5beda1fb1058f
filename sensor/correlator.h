/* correlator.h: the one thread that owns everything that spans flows.
 *
 * Merges the workers' facts by (packet time, worker, sequence), live within merge_wait_ms, keeps
 * the alert table (one alert per scope, client, family and cause), absorbs contacts into sessions,
 * attaches sessions and alerts to flow records, and hands decisions to the publisher. It never
 * blocks live; with lossless set it waits for room in the publisher's rings. All tables are capped.
 */
#ifndef SENSOR_CORRELATOR_H
#define SENSOR_CORRELATOR_H

#include "sensor/cloud.h"
#include "sensor/decision.h"
#include "sensor/fact_merge.h"
#include "sensor/inquirer.h"
#include "sensor/ring.h"
#include "sensor/stats.h"

struct correlator_options {
	struct fact_feed *feeds;
	size_t feed_count;
	struct ring_bell *bell; /* rung by every feed */
	struct ring *urgent;    /* to the publisher */
	struct ring *bulk;
	bool is_lossless;         /* -r: wait for room; live: refuse flow records, keep the rest */
	uint32_t stall_timeout_s; /* lossless: after this long without room, give up */
	uint32_t merge_wait_ms;   /* live: a fact waits no longer for other workers; 0: it does */
	size_t max_alerts;
	size_t max_sessions;
	size_t max_labels;         /* of passive DNS */
	struct lists_board *lists; /* NULL: nothing is listed */
	size_t lists_slot;         /* the correlator's */
	uint32_t campaign_hosts;   /* that raise a campaign; 0: campaigns are not looked for */
	struct inquirer *inquirer; /* NULL: nobody to ask */
	const struct cloud_row *cloud;
	size_t cloud_count;
	const char *tap;               /* for scopes without a row */
	const struct net_prefix *home; /* networks of the operator's own hosts */
	size_t home_count;
	const struct net_prefix *nat; /* addresses of source NATs */
	size_t nat_count;
};

struct correlator;

struct correlator *correlator_new(const struct correlator_options *options, struct stats *stats);
void correlator_free(struct correlator *self);

/* Handles all facts that the watermarks release. True when it did something. */
bool correlator_step(struct correlator *self);

/* The thread, given its correlator: steps and sleeps until every feed is at its end and drained,
 * publishes pending contacts, closes the publisher's rings. Returns NULL, or the correlator when it
 * stalled. */
void *correlator_run(void *arg);

/* Alert identity: hash of scope, client, family, cause and episode start. Never 0. */
uint64_t alert_id(const char *scope, const char *client, enum family family, const char *cause,
		  uint64_t episode_ns);
/* The same without the episode: the key under which the open alert is found. */
uint64_t alert_open_hash(const char *scope, const char *client, enum family family,
			 const char *cause);

#endif
