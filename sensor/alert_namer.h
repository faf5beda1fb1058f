/* alert_namer.h: what an alert is found by, and its id: the same parts as key bytes (per fact) and
 * as texts (per episode). */
#ifndef SENSOR_ALERT_NAMER_H
#define SENSOR_ALERT_NAMER_H

#include "sensor/cloud.h"
#include "sensor/decision.h"
#include "sensor/siphash.h"

struct alert_namer;

/* Borrows rows and tap. NULL: out of memory or of random bytes. */
struct alert_namer *alert_namer_new(const struct cloud_row *cloud, size_t cloud_count,
				    const char *tap);
void alert_namer_free(struct alert_namer *self);

/* What an alert is about: the server's endpoint, unless one of these is set. */
struct alert_cause {
	uint32_t listed;  /* lists_entry(): its text is the cause */
	const char *text; /* NUL-terminated; NULL: none */
};

/* Keyed at random: only for tables of this process. */
struct siphash_tag alert_namer_tag(const struct alert_namer *self,
				   const struct decision_parties *parties, enum family family,
				   struct alert_cause cause);

/* alert_id() of the parties' texts. episode_ns 0: the hash by which the open alert is found. */
uint64_t alert_namer_id(const struct alert_namer *self, const struct decision_parties *parties,
			enum family family, struct alert_cause cause, uint64_t episode_ns);

/* Scope and client as bytes: the same host in every alert of its. Keyed at random. */
struct siphash_tag alert_namer_host(const struct alert_namer *self,
				    const struct decision_parties *parties);

#endif
