/* inquiries.h: what the correlator wants to know from outside, and what it was told.
 *
 * Whose machine a host is, whether an alert was open before our start, how large a campaign is over
 * all sensors. Live, nothing waits: answers come by inquiries_step(). In a lossless run each answer
 * is waited for, so that events do not depend on who is faster. Correlator's thread. */
#ifndef SENSOR_INQUIRIES_H
#define SENSOR_INQUIRIES_H

#include "sensor/decision.h"
#include "sensor/inquirer.h"
#include "sensor/stats.h"

struct inquiries_options {
	struct inquirer *inquirer; /* NULL: nobody to ask, everything is unknown */
	bool is_lossless;
	size_t max_hosts;
	const struct cloud_row *cloud;
	size_t cloud_count;
	const char *tap;
	/* The alert that was asked about; found NULL: none is open, or nobody can tell. */
	void (*opened)(void *ctx, uint64_t ticket, const struct open_alert *found);
	void (*shared)(void *ctx, uint64_t campaign_id, const struct campaign_totals *totals);
	/* A host whose identity was not known, or less of it: inquiries_is_host() tells which. */
	void (*identified)(void *ctx, uint64_t host);
	void *ctx;
};

struct inquiries;

/* NULL: out of memory. */
struct inquiries *inquiries_new(const struct inquiries_options *options, struct stats *stats);
void inquiries_free(struct inquiries *self);

/* Asks whether an alert is open; opened() is called once, maybe at once. */
void inquiries_open_alert(struct inquiries *self, uint64_t open_hash, uint64_t ticket);

/* Has a campaign's join told to all sensors; shared() follows, never from within this call. */
void inquiries_member(struct inquiries *self, const struct decision_campaign *join);

/* What is known of the parties' client at time_ns. False: nothing yet; it has been asked for. */
bool inquiries_identity(struct inquiries *self, const struct decision_parties *parties,
			uint64_t time_ns, struct cloud_identity *out);

/* Is the parties' client the host that identified() named? */
bool inquiries_is_host(const struct inquiries *self, const struct decision_parties *parties,
		       uint64_t host);

/* Sends what could not be asked yet and takes answers. True when it did something. */
bool inquiries_step(struct inquiries *self);

/* Something was asked and not answered yet. */
bool inquiries_is_waiting(const struct inquiries *self);

#endif
