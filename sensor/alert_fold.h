/* alert_fold.h: one alert of the table, and what a fact changes in it.
 *
 * Nothing is published here: the answer says when the change is worth a revision. Correlator's
 * thread; the table (alert.c) owns the alerts. */
#ifndef SENSOR_ALERT_FOLD_H
#define SENSOR_ALERT_FOLD_H

#include "sensor/alert.h"
#include "sensor/alert_timer.h"
#include "sensor/tag_table.h"

#define ALERT_IDENTITIES 16 /* of one alert that were seen lately */

struct alert {
	struct tag_link link; /* first: found by it */
	struct alert_timer timer;
	struct alert *next_asking; /* of those whose past is not known yet */
	uint64_t id;
	uint64_t episode_ns;
	uint64_t last_ns;      /* last fact */
	uint64_t published_ns; /* last revision */
	uint64_t burst_ns;     /* when identity_burst began to count */
	uint64_t packets[2];
	uint64_t bytes[2];
	struct decision_parties parties;
	uint8_t nat_addr[16];                  /* of the client's NAT, as last published */
	uint64_t identities[ALERT_IDENTITIES]; /* ring of hashes */
	uint32_t identity_next;
	uint32_t identity_burst;
	uint32_t revision; /* 0: not yet published */
	uint32_t sid;
	uint32_t flows;
	uint8_t level;
	uint8_t has_session;
	uint8_t has_hello;
	uint8_t has_server; /* parties are those of a flow to it */
	uint8_t is_asking;  /* nothing is published before the answer */
	uint8_t is_held;    /* something would have been */
	uint8_t family;     /* enum family */
	uint64_t open_hash;
	struct evidence evidence;
	struct session_view view;
	struct hello_view hello;
	char access_key[LIMIT_KEY_TEXT];
	char query[LIMIT_DOMAIN_TEXT];
};

/* When a change is published. */
enum urgency { URGENCY_NEVER, URGENCY_LATER, URGENCY_NOW };

/* The family that a session's alert is of; FAMILY_CONTACT: it raises none. */
enum family alert_family(const struct session_view *view);

/* Takes a session's fact into its alert. before: its view at its last fact, NULL for its first.
 * key: of the hashes of identities, secret. */
enum urgency alert_fold_session(struct alert *alert, const struct session_fact *fact,
				const struct session_view *before, struct siphash_key key);

/* Takes one sign into its contact or hostile alert, new or not. */
enum urgency alert_fold_contact(struct alert *alert, const struct alert_contact *contact,
				const struct decision_parties *parties);

/* A session's alert takes over what its client's contact was known for. */
void alert_fold_absorbed(struct alert *alert, const struct alert *contact);

/* The episode of an alert that is open elsewhere goes on here: same id, later revisions, and no
 * step back. One that began later is of a time that this run has not reached; one of another family
 * is not ours. */
void alert_fold_open(struct alert *alert, const struct open_alert *found);

#endif
