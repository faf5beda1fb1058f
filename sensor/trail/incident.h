/* incident.h: one incident for each identity from which everything else came.
 *
 * Built from the store at any time, always from the start; the same store gives the same incidents,
 * byte for byte. Roots are identities of which a mining alert, a finding or enough detections
 * speak. What a root did from a hostile address, and all that identities made by it did, is part of
 * its incident. Where thief and owner share the address, it begins `onset` before the first
 * suspicious call.
 *
 * All pointers are borrowed from the store and valid until it changes. Lists are sorted: by time,
 * then by id. Texts are hostile: escape them for where they go (printable_text() of
 * sensor/printable.h for terminals and flat fields, jsonw for JSON). */
#ifndef TRAIL_INCIDENT_H
#define TRAIL_INCIDENT_H

#include "sensor/trail/detect.h"
#include "sensor/trail/store.h"

#define INCIDENT_ID_TEXT 17

enum instance_sight {
	SIGHT_NONE,  /* launched, not visible from any tap: no alert, nothing in flow logs */
	SIGHT_FLOW,  /* flow logs or the provider saw it talk to a pool, no sensor did */
	SIGHT_MINING /* a sensor saw it mine */
};

struct incident_identity {
	const struct identity *identity; /* NULL: it was made but did not call anything yet */
	const char *id;                  /* key id or ARN, also without calls */
	const char *name;                /* user or role name */
	const struct edge *made_by;      /* NULL for the root */
	bool is_root;
};

struct incident_source {
	const char *address;
	const char *agent; /* of the first call */
	uint64_t first_ns;
	uint64_t last_ns;
	char event[EVENT_ID_TEXT]; /* of the first call */
};

struct incident_region {
	const char *region;
	uint64_t first_ns;
	uint64_t last_ns;
	uint32_t launched;
	uint32_t mining;       /* of these: seen mining by a sensor */
	uint32_t out_of_sight; /* SIGHT_NONE or SIGHT_FLOW */
	uint32_t ended;        /* terminated */
};

struct incident_instance {
	const struct instance *instance;
	const struct alert *alert;       /* of SIGHT_MINING: the earliest; NULL otherwise */
	const struct finding *finding;   /* the earliest about it, or NULL */
	const struct sighting *sighting; /* the earliest about it, or NULL */
	uint64_t end_ns;                 /* terminated; 0: it lives */
	enum instance_sight sight;
};

/* What was made and is there (or was deleted again). One for each subject. */
struct incident_resource {
	const struct deed *deed;    /* the creation */
	const struct deed *deleted; /* NULL: it is still there */
};

struct incident_alert {
	const struct alert *alert;
	const struct instance *instance; /* NULL: not joined (kept by address and time only) */
	uint8_t confidence;              /* enum cloud_confidence of lease.h */
};

enum timeline_kind {
	TIMELINE_CALL,
	TIMELINE_REFUSED,
	TIMELINE_ALERT,
	TIMELINE_DETECTION,
	TIMELINE_FINDING,
	TIMELINE_SIGHTING
};

struct timeline_entry {
	uint64_t time_ns;
	enum timeline_kind kind;
	const char *region;
	char text[320];        /* raw: escape it */
	char proof[160];       /* eventID, alert id and Community ID, finding's id */
	const char *technique; /* "T1578.002", "" for none */
};

enum indicator_kind {
	INDICATOR_ADDRESS,
	INDICATOR_ENDPOINT,
	INDICATOR_KEY,
	INDICATOR_USER,
	INDICATOR_WALLET,
	INDICATOR_POOL,
	INDICATOR_AGENT,
	INDICATOR_NAME
};

struct indicator {
	enum indicator_kind kind;
	const char *value; /* raw: escape it */
	const char *note;  /* constant: "source of the calls" */
	uint64_t first_ns;
};

/* Distinct techniques with what shows each. */
struct incident_technique {
	const char *technique;
	const char *name;
	const char *tactic;
	const char *tactic_name;
	uint32_t sid; /* of the detection; 1600001 for mining alerts */
	uint64_t first_ns;
	char proof[EVENT_ID_TEXT];
};

#define INCIDENT_LIST(type, name) \
	type *name; \
	size_t name##_count

struct incident {
	char id[INCIDENT_ID_TEXT]; /* hash of account and root */
	const char *root;          /* struct identity: id */
	const char *account;
	const char *principal; /* ARN of the root */
	const char *user;
	uint64_t first_ns; /* of all that belongs to it */
	uint64_t last_ns;
	uint64_t first_alert_ns;   /* earliest mining alert, 0: none */
	uint64_t first_finding_ns; /* earliest createdAt of a provider's finding, 0: none */
	uint64_t first_launch_ns;  /* 0: none */
	uint32_t launched;         /* instances, ended ones too */
	uint32_t mining;
	uint32_t out_of_sight;
	uint32_t ended;
	uint32_t unnamed; /* launched, but the record lost the ids and no import has them */
	INCIDENT_LIST(struct incident_identity, identities); /* root first */
	INCIDENT_LIST(struct incident_source, sources);
	INCIDENT_LIST(struct incident_region, regions); /* with launches first */
	INCIDENT_LIST(struct incident_instance, instances);
	INCIDENT_LIST(struct incident_resource, resources); /* by kind, then time */
	INCIDENT_LIST(const struct deed *, refusals);
	INCIDENT_LIST(const struct deed *, deeds); /* all that belong to it */
	INCIDENT_LIST(struct incident_alert, alerts);
	INCIDENT_LIST(const struct finding *, findings);
	INCIDENT_LIST(const struct sighting *, sightings);
	INCIDENT_LIST(const struct detection *, detections);
	INCIDENT_LIST(struct timeline_entry, timeline);
	INCIDENT_LIST(struct indicator, indicators);
	INCIDENT_LIST(struct incident_technique, techniques);
};

struct incidents {
	INCIDENT_LIST(struct incident, items);
	struct detections detections; /* all, also those of no incident */
	uint64_t now_ns;              /* struct store: now_ns */
};

/* Detections of flow logs and cost come in ready: extra is moved into the result (and emptied);
 * NULL: none. 0 or -ENOMEM. */
int incidents_build(const struct store *store, struct detections *extra, struct incidents *out);
void incidents_free(struct incidents *self);
/* NULL: none. */
const struct incident *incidents_find(const struct incidents *self, const char *id);

/* How many resources of a kind are there, deleted ones too. */
size_t incident_count_kind(const struct incident *self, enum deed_kind kind);

/* A reading of the incident that is equal exactly when all that matters is: for revisions. */
uint64_t incident_digest(const struct incident *self);

const char *instance_sight_text(enum instance_sight sight); /* "seen mining"... */
const char *indicator_kind_text(enum indicator_kind kind);
const char *timeline_kind_text(enum timeline_kind kind);

#endif
