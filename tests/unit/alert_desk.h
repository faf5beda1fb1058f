/* alert_desk.h: an alert table, what it asked and what it published. Names, hostile addresses and
 * keys are causes here; clients and servers are those of facts.h. */
#ifndef TESTS_UNIT_ALERT_DESK_H
#define TESTS_UNIT_ALERT_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "sensor/alert.h"
#include "sensor/correlator.h"
#include "tests/unit/facts.h"

#define DESK_REVISIONS 400

struct desk {
	struct alert_table *table;
	struct stats stats;
	struct decision_alert revisions[DESK_REVISIONS];
	size_t count;
	uint64_t hashes[DESK_REVISIONS]; /* asked for */
	uint64_t tickets[DESK_REVISIONS];
	size_t asked;
	const struct open_alert *at_once; /* the answer, when is_prompt */
	bool is_prompt;
	struct cloud_identity identity; /* of everybody, when has_identity */
	bool has_identity;
	struct cloud_row cloud[3]; /* of alert_cloud_desk.h */
	struct session_view before[256];
	bool has_before[256];
};

static inline void desk_publish(void *ctx, const struct decision_alert *decision)
{
	struct desk *desk = ctx;

	assert_true(desk->count < DESK_REVISIONS);
	assert_int_equal(decision->decision.kind, DECISION_ALERT);
	assert_int_equal(decision->decision.size, sizeof(*decision));
	desk->revisions[desk->count++] = *decision;
}

static inline void desk_ask(void *ctx, uint64_t open_hash, uint64_t ticket)
{
	struct desk *desk = ctx;

	assert_true(desk->asked < DESK_REVISIONS);
	desk->hashes[desk->asked] = open_hash;
	desk->tickets[desk->asked++] = ticket;
	if (desk->is_prompt)
		alert_opened(desk->table, ticket, desk->at_once, facts_ns(0));
}

static inline bool desk_identify(void *ctx, const struct decision_parties *parties,
				 uint64_t time_ns, struct cloud_identity *out)
{
	struct desk *desk = ctx;

	(void)parties;
	(void)time_ns;
	if (desk->has_identity)
		*out = desk->identity;
	return desk->has_identity;
}

/* The rest of the options is the desk's. */
static inline void desk_open(struct desk *desk, struct alert_options options)
{
	options.tap = "eth0";
	options.publish = desk_publish;
	options.ctx = desk;
	desk->table = alert_table_new(&options, &desk->stats);
	assert_non_null(desk->table);
}

static inline struct desk *desk_new(size_t max_alerts, bool is_asking)
{
	struct desk *desk = calloc(1, sizeof(*desk));

	assert_non_null(desk);
	desk_open(desk, (struct alert_options){ .max_alerts = max_alerts,
						.ask = is_asking ? desk_ask : NULL,
						.identify = desk_identify });
	return desk;
}

static inline void desk_free(struct desk *desk)
{
	alert_table_free(desk->table);
	free(desk);
}

static inline uint32_t pool_id(void)
{
	return facts_listed("pool pool.example.net\n", "pool.example.net");
}

static inline uint32_t other_pool_id(void)
{
	return facts_listed("pool other.example.net\n", "other.example.net");
}

static inline uint32_t hostile_id(void)
{
	return facts_listed("hostile-staging 198.51.100.120\n", NULL);
}

static inline struct decision_parties desk_parties(uint8_t client, uint16_t port)
{
	struct decision_parties parties;

	memset(&parties, 0, sizeof(parties));
	parties.key = facts_key(client, port);
	parties.flow_id = facts_flow_id(client, port);
	return parties;
}

/* A sign of client's connection to the pool; cause.listed 0: to its endpoint. */
static inline struct alert_contact desk_sign(double seconds, uint32_t sid, enum evidence_word word,
					     enum level level, uint32_t listed)
{
	return (struct alert_contact){ .time_ns = facts_ns(seconds),
				       .sid = sid,
				       .word = word,
				       .level = level,
				       .cause = { .listed = listed },
				       .is_to_server = sid != SID_LOOKUP && sid != SID_KEY_LEAK };
}

static inline void give(struct desk *desk, struct alert_contact contact, uint8_t client,
			uint16_t port)
{
	struct decision_parties parties = desk_parties(client, port);

	if (signature_find(contact.sid)->family == FAMILY_CONTACT)
		parties.listed = contact.cause.listed;
	else
		parties.contact = contact.cause.listed;
	alert_advance(desk->table, contact.time_ns);
	alert_contact(desk->table, &contact, &parties);
}

static inline void give_lookup(struct desk *desk, double seconds, uint8_t client)
{
	give(desk, desk_sign(seconds, SID_LOOKUP, EVIDENCE_POOL_LOOKUP, LEVEL_SUSPECT, pool_id()),
	     client, 53);
}

static inline void give_sni(struct desk *desk, double seconds, uint8_t client)
{
	give(desk, desk_sign(seconds, SID_NAMED, EVIDENCE_POOL_SNI, LEVEL_LIKELY, pool_id()),
	     client, 50000);
}

static inline void give_endpoint(struct desk *desk, double seconds, uint8_t client)
{
	give(desk, desk_sign(seconds, SID_ENDPOINT, EVIDENCE_LISTED_ENDPOINT, LEVEL_SUSPECT, 0),
	     client, 50000);
}

static inline void give_hostile(struct desk *desk, double seconds, uint8_t client, uint16_t port)
{
	give(desk,
	     desk_sign(seconds, SID_HOSTILE, EVIDENCE_HOSTILE_ADDRESS, LEVEL_LIKELY, hostile_id()),
	     client, port);
}

/* A session with a server of that name; listed 0: it has none. */
static inline struct alert_name give_session(struct desk *desk, const struct session_fact *fact,
					     uint32_t listed, bool is_allowed)
{
	struct decision_parties parties = desk_parties(fact->key.addr[0][3], fact->key.port[0]);

	parties.listed = listed;
	parties.is_allowed = is_allowed;
	alert_advance(desk->table, fact->fact.time_ns);
	return alert_session(desk->table, fact, &parties, NULL);
}

static inline struct alert_name give_job(struct desk *desk, double seconds, uint8_t client,
					 uint32_t listed)
{
	struct session_fact fact = facts_job(seconds, client, 50000);

	return give_session(desk, &fact, listed, false);
}

static inline struct alert_name give_login(struct desk *desk, double seconds, uint8_t client,
					   uint32_t listed)
{
	struct session_fact fact = facts_login(seconds, client, 50000);

	return give_session(desk, &fact, listed, false);
}

static inline const struct decision_alert *last_of(const struct desk *desk)
{
	assert_true(desk->count > 0);
	return &desk->revisions[desk->count - 1];
}

#endif
