/* alert_cloud_desk.h: the desk of alert_desk.h over three cloud rows, and the facts of facts.h for
 * it, each session with what was said of it before. */
#ifndef TESTS_UNIT_ALERT_CLOUD_DESK_H
#define TESTS_UNIT_ALERT_CLOUD_DESK_H

#include "tests/unit/alert_desk.h"

static inline struct desk *cloud_desk_new(size_t max_alerts)
{
	struct desk *desk = calloc(1, sizeof(*desk));

	assert_non_null(desk);
	for (size_t i = 0; i < 3; i++) {
		desk->cloud[i].has_vni = true;
		desk->cloud[i].vni = (uint32_t)i + 1;
		snprintf(desk->cloud[i].account_id, LIMIT_NAME_TEXT, "111122223333");
	}
	/* Rows 1 and 2 are one VPC, row 3 is another one. */
	snprintf(desk->cloud[2].vpc_id, LIMIT_NAME_TEXT, "vpc-2");
	desk_open(desk, (struct alert_options){
				.max_alerts = max_alerts, .cloud = desk->cloud, .cloud_count = 3 });
	return desk;
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

static inline struct alert_name cloud_session(struct desk *desk, const struct session_fact *fact)
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

	cloud_session(desk, &fact);
}

static inline void job_at(struct desk *desk, double seconds, uint8_t client, uint16_t port)
{
	struct session_fact fact = facts_job(seconds, client, port);

	cloud_session(desk, &fact);
}

static inline void contact_at(struct desk *desk, double seconds, uint8_t client, uint16_t port)
{
	struct contact_fact fact = facts_contact(seconds, client, port);

	give_contact(desk, &fact);
}

#endif
