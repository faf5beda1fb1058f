/* alert.h: the alert table: one alert per (scope, client, family, cause), and the rules by which
 * facts open it, raise it, absorb it and make it worth another revision.
 *
 * Owned by the correlator's thread. Facts must come in order of packet time, each after
 * alert_advance() to its time: grace periods and delayed revisions then fall due in the same order
 * however the facts travelled. */
#ifndef SENSOR_ALERT_H
#define SENSOR_ALERT_H

#include "sensor/alert_namer.h"
#include "sensor/cloud.h"
#include "sensor/decision.h"
#include "sensor/question.h"
#include "sensor/stats.h"

struct alert_table;

/* An alert as the events of its flows name it. */
struct alert_name {
	uint64_t id; /* 0: none */
	uint32_t revision;
	uint32_t sid;
};

struct alert_options {
	size_t max_alerts;
	const struct cloud_row *cloud;
	size_t cloud_count;
	const char *tap;
	/* Takes each revision; the decision is only lent. */
	void (*publish)(void *ctx, const struct decision_alert *decision);
	/* Asks whether the alert is open from before; alert_opened() must follow, and nothing is
	 * published until then. NULL: nobody can tell. */
	void (*ask)(void *ctx, uint64_t open_hash, uint64_t ticket);
	/* Whose machine the client is; false: not known. NULL: never. */
	bool (*identify)(void *ctx, const struct decision_parties *parties, uint64_t time_ns,
			 struct cloud_identity *out);
	void *ctx;
};

/* options is copied, what it points to is not. NULL: out of memory or of random bytes. */
struct alert_table *alert_table_new(const struct alert_options *options, struct stats *stats);
void alert_table_free(struct alert_table *self);

/* The answer to what was asked. found: the open alert, which goes on if its episode does; NULL:
 * there is none. */
void alert_opened(struct alert_table *self, uint64_t ticket, const struct open_alert *found,
		  uint64_t now_ns);

/* The identity of some host is known, or better: its alerts that were published are revised. */
void alert_identified(struct alert_table *self,
		      bool (*is_host)(void *ctx, const struct decision_parties *parties), void *ctx,
		      uint64_t now_ns);

/* Does what falls due before now_ns: pending contacts, delayed revisions, ends of episodes. */
void alert_advance(struct alert_table *self, uint64_t now_ns);

/* One sign that a client has to do with a pool or with hostile infrastructure. Texts are borrowed.
 */
struct alert_contact {
	uint64_t time_ns;
	uint32_t sid; /* of family contact or hostile */
	enum evidence_word word;
	enum level level;
	struct alert_cause cause;
	const struct hello_view *hello; /* of the flow; NULL: none */
	const char *query;              /* the name that was asked for; NULL: none */
	const char *access_key;         /* inside it; NULL: none */
	bool is_to_server;              /* parties are client and pool, not client and resolver */
	bool is_echo;                   /* of one that was counted already, if it was seen */
};

/* Opens the cause's alert or adds to it. Contacts wait LIMIT_CONTACT_GRACE_S for a session that
 * absorbs them, hostile ones LIMIT_HOSTILE_GRACE_S for the inner side of their NAT; a key that
 * leaks is published at once. */
void alert_contact(struct alert_table *self, const struct alert_contact *contact,
		   const struct decision_parties *parties);

/* A session moved. before: its view at its last fact, NULL for its first. Returns the alert it
 * belongs to after this fact. */
struct alert_name alert_session(struct alert_table *self, const struct session_fact *fact,
				const struct decision_parties *parties,
				const struct session_view *before);

/* The published alert that a finished flow belongs to: its session's, else its contact's, else that
 * of hostile infrastructure. */
struct alert_name alert_flow(struct alert_table *self, const struct flow_record *record,
			     const struct decision_parties *parties);

/* The outer side of a source NAT was found for the flow that the parties name: their alerts name it
 * from their next revision on, and have one within LIMIT_REVISION_S if they never named that
 * NAT's address. */
void alert_nat(struct alert_table *self, const struct decision_parties *parties, uint64_t now_ns);

/* A contact that was taken before is another one's outer side: counts no more, and an alert that it
 * alone keeps pending goes. */
void alert_withdraw(struct alert_table *self, const struct decision_parties *parties);

/* End of input at end_ns: publishes what was still held back. */
void alert_flush(struct alert_table *self, uint64_t end_ns);

/* Alerts in the table, pending ones included. */
size_t alert_count(const struct alert_table *self);

#endif
