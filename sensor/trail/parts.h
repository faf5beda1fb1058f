/* parts.h: which identities, from which addresses and since when, belong to which incident. For
 * incident*.c only.
 *
 *	seeds (alerts, findings, detections) --weight--> roots --edges--> identities they made */
#ifndef TRAIL_PARTS_H
#define TRAIL_PARTS_H

#include "sensor/trail/detect.h"
#include "sensor/trail/join.h"

/* What speaks of an identity at an address. */
struct seed {
	const struct identity *identity;
	const char *address;
	uint64_t time_ns;
	uint32_t weight;
	uint32_t rule; /* enum rule_id; RULE_COUNT: an alert or a finding */
};

/* A share of an incident: calls of the identity from the address (NULL: any) from onset on. */
struct part {
	const struct identity *identity;
	const char *address;
	uint64_t onset_ns;
	uint32_t incident;
};

/* An identity of an incident, also one that called nothing. */
struct member {
	const struct identity *identity; /* NULL: no calls */
	const char *id;
	const struct edge *made_by; /* NULL: the root */
	uint32_t incident;
};

/* What is joined to instances, before anything else. */
struct joined_alert {
	const struct alert *alert;
	const struct instance *instance; /* NULL: none */
	enum cloud_confidence confidence;
};

struct joined_finding {
	const struct finding *finding;
	const struct instance *instance;
};

struct joined_sighting {
	const struct sighting *sighting;
	const struct instance *instance;
};

/* An instance whose launch record lost its ids, but which an import has: who launched it. */
struct adopted {
	const struct instance *instance;
	const struct deed *launch;
};

struct parts {
	const struct store *store;
	struct join join;
	struct joined_alert *alerts;
	size_t alert_count;
	struct joined_finding *findings;
	size_t finding_count;
	struct joined_sighting *sightings;
	size_t sighting_count;
	struct adopted *adopted; /* by instance */
	size_t adopted_count;
	const struct edge **edges; /* by time: the first that leads to somebody counts */
	size_t edge_count;
	struct seed *seeds; /* by identity, address, time */
	size_t seed_count;
	size_t seed_room;
	struct part *parts; /* by identity */
	size_t part_count;
	size_t part_room;
	struct member *members; /* by incident, root first */
	size_t member_count;
	size_t member_room;
	uint32_t incident_count;
};

/* 0 or -ENOMEM. */
int parts_build(struct parts *self, const struct store *store, const struct detections *detections);
void parts_free(struct parts *self);

/* The incident that a call belongs to, or -1. */
int64_t parts_find(const struct parts *self, const struct identity *identity, const char *address,
		   uint64_t time_ns);
/* When the incident begins for this identity and address; UINT64_MAX: never. */
uint64_t parts_onset(const struct parts *self, const struct identity *identity,
		     const char *address);
/* Who launched it, from where and when; false: not known. Launches that an import gave back count.
 */
bool parts_launch(const struct parts *self, const struct instance *instance,
		  const struct identity **identity, const char **address, uint64_t *time_ns);
/* Was the alert raised about mining itself? */
bool alert_is_mining(const struct alert *alert);

#endif
