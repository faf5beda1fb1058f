/* alert_cloud_desk.h: an alert table over three cloud rows, the facts of facts.h for it, and what
 * it published. */
#ifndef TESTS_UNIT_ALERT_CLOUD_DESK_H
#define TESTS_UNIT_ALERT_CLOUD_DESK_H

#include "sensor/alert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sensor/correlator.h"
#include "tests/unit/facts.h"

#define MAX_REVISIONS 400

/* An alert table and what it published. */
struct desk {
	struct alert_table *table;
	struct stats stats;
	struct decision_alert revisions[MAX_REVISIONS];
	size_t count;
	struct session_view before[256];
	bool has_before[256];
	struct cloud_row cloud[3];
};

static inline void collect(void *ctx, const struct decision_alert *decision)
{
	struct desk *desk = ctx;

	assert_true(desk->count < MAX_REVISIONS);
	assert_int_equal(decision->decision.kind, DECISION_ALERT);
	assert_int_equal(decision->decision.size, sizeof(*decision));
	desk->revisions[desk->count++] = *decision;
}

static inline struct desk *desk_new(size_t max_alerts)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	struct alert_options options = {
		.max_alerts = max_alerts, .tap = "eth0", .publish = collect, .ctx = desk
	};

	assert_non_null(desk);
	for (size_t i = 0; i < 3; i++) {
		desk->cloud[i].has_vni = true;
		desk->cloud[i].vni = (uint32_t)i + 1;
		snprintf(desk->cloud[i].account_id, LIMIT_NAME_TEXT, "111122223333");
	}
	/* Rows 1 and 2 are one VPC, row 3 is another one. */
	snprintf(desk->cloud[2].vpc_id, LIMIT_NAME_TEXT, "vpc-2");
	options.cloud = desk->cloud;
	options.cloud_count = 3;
	desk->table = alert_table_new(&options, &desk->stats);
	assert_non_null(desk->table);
	return desk;
}

static inline void desk_free(struct desk *desk)
{
	alert_table_free(desk->table);
	free(desk);
}

static inline struct decision_parties parties_of(const struct desk *desk,
						 const struct flow_key *key, uint64_t flow_id)
{
	struct decision_parties parties;

	memset(&parties, 0, sizeof(parties));
	parties.key = *key;
	parties.flow_id = flow_id;
	parties.client_cloud = cloud_match(desk->cloud, 3, key, 0);
	return parties;
}

static inline struct alert_name give_session(struct desk *desk, const struct session_fact *fact)
{
	struct decision_parties parties = parties_of(desk, &fact->key, fact->flow_id);
	size_t at = fact->flow_id & 0xff;
	struct alert_name name;

	alert_advance(desk->table, fact->fact.time_ns);
	name = alert_session(desk->table, fact, &parties,
			     desk->has_before[at] ? &desk->before[at] : NULL);
	desk->before[at] = fact->view;
	desk->has_before[at] = true;
	return name;
}

static inline void give_contact(struct desk *desk, const struct contact_fact *fact)
{
	struct decision_parties parties = parties_of(desk, &fact->key, fact->flow_id);

	struct alert_contact contact = { .time_ns = fact->fact.time_ns,
					 .sid = SID_ENDPOINT,
					 .word = EVIDENCE_LISTED_ENDPOINT,
					 .level = LEVEL_SUSPECT,
					 .is_to_server = true };

	parties.contact = fact->contact;
	alert_advance(desk->table, fact->fact.time_ns);
	alert_contact(desk->table, &contact, &parties);
}

static inline struct alert_name give_flow(struct desk *desk, const struct flow_record *record)
{
	struct decision_parties parties = parties_of(desk, &record->key, record->flow_id);

	alert_advance(desk->table, record->fact.time_ns);
	return alert_flow(desk->table, record, &parties);
}

static inline void login_at(struct desk *desk, double seconds, uint8_t client, uint16_t port)
{
	struct session_fact fact = facts_login(seconds, client, port);

	give_session(desk, &fact);
}

static inline void job_at(struct desk *desk, double seconds, uint8_t client, uint16_t port)
{
	struct session_fact fact = facts_job(seconds, client, port);

	give_session(desk, &fact);
}

static inline void contact_at(struct desk *desk, double seconds, uint8_t client, uint16_t port)
{
	struct contact_fact fact = facts_contact(seconds, client, port);

	give_contact(desk, &fact);
}

#endif
