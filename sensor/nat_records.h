/* nat_records.h: flow records without a session, joined with those of their other side.
 *
 *	record --> its other side is held: the inner one goes out with both tuples, once
 *	       --> may have one, and a NAT is known: held until it comes, or is due
 *	       --> else goes out at once; of public clients it is remembered, so that the NAT is
 *	           learnt when the other side comes
 *
 * Only TCP whose handshake was seen on both sides, and only to servers that are not private.
 *Capped: the oldest one goes early. */
#ifndef SENSOR_NAT_RECORDS_H
#define SENSOR_NAT_RECORDS_H

#include "sensor/nat_leg.h"
#include "sensor/stats.h"

struct nat_records_options {
	struct nat_addresses *addresses; /* learns */
	struct siphash_key secret;
	struct stats *stats;
	/* A record goes out. nat: its outer side, NULL: none is known. */
	void (*take)(void *ctx, uint64_t now_ns, const struct fact *fact,
		     const struct decision_nat *nat);
	void (*paired)(void *ctx); /* two sides were found */
	void *ctx;
};

struct nat_records;

/* NULL: out of memory. */
struct nat_records *nat_records_new(const struct nat_records_options *options);
void nat_records_free(struct nat_records *self);

void nat_records_take(struct nat_records *self, uint64_t now_ns, const struct flow_record *record);

/* When the oldest one falls due, UINT64_MAX: there is none. */
uint64_t nat_records_due(const struct nat_records *self);
/* Lets the oldest one go. */
void nat_records_release(struct nat_records *self, uint64_t now_ns);

#endif
