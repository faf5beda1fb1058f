/* test_alert.c: the rules of sensor/alert.c, fact by fact. */
#include "sensor/alert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sensor/alert_timer.h"
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

static void collect(void *ctx, const struct decision_alert *decision)
{
	struct desk *desk = ctx;

	assert_true(desk->count < MAX_REVISIONS);
	assert_int_equal(decision->decision.kind, DECISION_ALERT);
	assert_int_equal(decision->decision.size, sizeof(*decision));
	desk->revisions[desk->count++] = *decision;
}

static struct desk *desk_new(size_t max_alerts)
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

static void desk_free(struct desk *desk)
{
	alert_table_free(desk->table);
	free(desk);
}

static struct decision_parties parties_of(const struct desk *desk, const struct flow_key *key,
					  uint64_t flow_id)
{
	struct decision_parties parties;

	memset(&parties, 0, sizeof(parties));
	parties.key = *key;
	parties.flow_id = flow_id;
	parties.client_cloud = cloud_match(desk->cloud, 3, key, 0);
	return parties;
}

static struct alert_name give_session(struct desk *desk, const struct session_fact *fact)
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

static void give_contact(struct desk *desk, const struct contact_fact *fact)
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

static struct alert_name give_flow(struct desk *desk, const struct flow_record *record)
{
	struct decision_parties parties = parties_of(desk, &record->key, record->flow_id);

	alert_advance(desk->table, record->fact.time_ns);
	return alert_flow(desk->table, record, &parties);
}

static void login_at(struct desk *desk, double seconds, uint8_t client, uint16_t port)
{
	struct session_fact fact = facts_login(seconds, client, port);

	give_session(desk, &fact);
}

static void job_at(struct desk *desk, double seconds, uint8_t client, uint16_t port)
{
	struct session_fact fact = facts_job(seconds, client, port);

	give_session(desk, &fact);
}

static void contact_at(struct desk *desk, double seconds, uint8_t client, uint16_t port)
{
	struct contact_fact fact = facts_contact(seconds, client, port);

	give_contact(desk, &fact);
}

static void test_session_is_raised(void **state)
{
	struct desk *desk = desk_new(10);
	const struct decision_alert *revision = desk->revisions;

	(void)state;
	login_at(desk, 1, 7, 50000);
	assert_int_equal(desk->count, 1);
	assert_int_equal(revision->decision.time_ns, facts_ns(1));
	assert_int_equal(revision->revision, 1);
	assert_int_equal(revision->sid, SID_LOGIN);
	assert_int_equal(revision->level, LEVEL_LIKELY);
	assert_int_equal(revision->flows, 1);
	assert_int_equal(revision->has_session, 1);
	assert_int_equal(revision->episode_ns, facts_ns(1));
	assert_int_equal(revision->packets[0], 4);
	assert_int_equal(revision->bytes[0], 620);
	assert_string_equal(revision->view.worker, "rig-7");
	assert_int_equal(revision->alert_id, alert_id("tap:eth0", "10.0.1.7", FAMILY_SESSION,
						      "198.51.100.120:3333", facts_ns(1)));
	job_at(desk, 1.5, 7, 50000);
	assert_int_equal(desk->count, 2);
	revision++;
	assert_int_equal(revision->revision, 2);
	assert_int_equal(revision->sid, SID_SESSION);
	assert_int_equal(revision->level, LEVEL_CONFIRMED);
	assert_int_equal(revision->alert_id, desk->revisions[0].alert_id);
	assert_int_equal(revision->episode_ns, facts_ns(1));
	assert_int_equal(revision->last_ns, facts_ns(1.5));
	assert_string_equal(revision->view.algo, "rx/0");
	assert_int_equal(desk->stats.alerts, 1);
	assert_int_equal(desk->stats.alert_revisions, 2);
	desk_free(desk);
}

static void test_no_alert_below_likely(void **state)
{
	struct desk *desk = desk_new(10);
	struct session_fact fact = facts_login(1, 7, 50000);

	(void)state;
	fact.view.level = LEVEL_SUSPECT;
	assert_int_equal(give_session(desk, &fact).id, 0);
	assert_int_equal(desk->count, 0);
	assert_int_equal(alert_count(desk->table), 0);
	desk_free(desk);
}

static void test_sid_is_never_lowered(void **state)
{
	struct desk *desk = desk_new(10);
	struct session_fact fact;

	(void)state;
	login_at(desk, 1, 7, 50000);
	job_at(desk, 2, 7, 50000);
	/* A second connection has only logged in; its refusal is news, its level is not. */
	login_at(desk, 10, 7, 50001);
	assert_int_equal(desk->count, 2);
	fact = facts_login(11, 7, 50001);
	fact.view.is_refused = 1;
	evidence_add(&fact.view.evidence, EVIDENCE_LOGIN_REFUSED);
	give_session(desk, &fact);
	assert_int_equal(desk->count, 3);
	assert_int_equal(desk->revisions[2].sid, SID_SESSION);
	assert_int_equal(desk->revisions[2].level, LEVEL_CONFIRMED);
	assert_int_equal(desk->revisions[2].view.level, LEVEL_CONFIRMED);
	assert_int_equal(desk->revisions[2].flows, 2);
	desk_free(desk);
}

static void test_refusal_and_silence_are_told_at_once(void **state)
{
	static const enum evidence_word words[] = { EVIDENCE_LOGIN_REFUSED, EVIDENCE_UNANSWERED };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct desk *desk = desk_new(10);
		struct session_fact fact = facts_login(31, 7, 50000);

		login_at(desk, 1, 7, 50000);
		evidence_add(&fact.view.evidence, words[i]);
		fact.event = SESSION_CHANGE;
		give_session(desk, &fact);
		assert_int_equal(desk->count, 2);
		assert_int_equal(desk->revisions[1].decision.time_ns, facts_ns(31));
		assert_int_equal(desk->revisions[1].sid, SID_LOGIN);
		assert_true(evidence_has(&desk->revisions[1].evidence, words[i]));
		fact.fact.time_ns = facts_ns(32);
		give_session(desk, &fact);
		assert_int_equal(desk->count, 2);
		desk_free(desk);
	}
}

static void test_counters_make_no_revision(void **state)
{
	struct desk *desk = desk_new(10);

	(void)state;
	login_at(desk, 1, 7, 50000);
	job_at(desk, 1, 7, 50000);
	for (uint32_t i = 1; i <= 10; i++) {
		struct session_fact fact = facts_report(i * 60.0, 7, 50000, i * 9);

		give_session(desk, &fact);
	}
	alert_flush(desk->table, facts_ns(700));
	assert_int_equal(desk->count, 2);
	desk_free(desk);
}

static void test_evidence_is_paced(void **state)
{
	struct desk *desk = desk_new(10);
	struct session_fact fact;

	(void)state;
	login_at(desk, 1, 7, 50000);
	job_at(desk, 2, 7, 50000);
	fact = facts_report(3, 7, 50000, 1);
	evidence_add(&fact.view.evidence, EVIDENCE_SHARE);
	give_session(desk, &fact);
	fact.fact.time_ns = facts_ns(4);
	evidence_add(&fact.view.evidence, EVIDENCE_SHARE_ACCEPTED);
	give_session(desk, &fact);
	alert_advance(desk->table, facts_ns(62));
	assert_int_equal(desk->count, 2);
	/* Due 60 s after revision 2; noticed much later, and told with its due time. */
	alert_advance(desk->table, facts_ns(500));
	assert_int_equal(desk->count, 3);
	assert_int_equal(desk->revisions[2].decision.time_ns, facts_ns(62));
	assert_true(evidence_has(&desk->revisions[2].evidence, EVIDENCE_SHARE));
	assert_true(evidence_has(&desk->revisions[2].evidence, EVIDENCE_SHARE_ACCEPTED));
	assert_int_equal(desk->revisions[2].last_ns, facts_ns(4));
	/* The last revision is long ago: no need to wait. */
	fact.fact.time_ns = facts_ns(600);
	evidence_add(&fact.view.evidence, EVIDENCE_KEEPALIVE);
	give_session(desk, &fact);
	assert_int_equal(desk->count, 4);
	assert_int_equal(desk->revisions[3].decision.time_ns, facts_ns(600));
	alert_flush(desk->table, facts_ns(9999));
	assert_int_equal(desk->count, 4);
	desk_free(desk);
}

static void test_urgent_revision_takes_the_delayed_one_along(void **state)
{
	struct desk *desk = desk_new(10);
	struct session_fact fact = facts_login(2, 7, 50000);

	(void)state;
	login_at(desk, 1, 7, 50000);
	evidence_add(&fact.view.evidence, EVIDENCE_KEEPALIVE);
	give_session(desk, &fact);
	assert_int_equal(desk->count, 1);
	job_at(desk, 3, 7, 50000);
	assert_int_equal(desk->count, 2);
	assert_true(evidence_has(&desk->revisions[1].evidence, EVIDENCE_KEEPALIVE));
	alert_flush(desk->table, facts_ns(9999));
	assert_int_equal(desk->count, 2);
	desk_free(desk);
}

static void test_delayed_revision_is_flushed_at_the_end(void **state)
{
	struct desk *desk = desk_new(10);
	struct session_fact fact = facts_login(2, 7, 50000);

	(void)state;
	login_at(desk, 1, 7, 50000);
	evidence_add(&fact.view.evidence, EVIDENCE_KEEPALIVE);
	give_session(desk, &fact);
	alert_flush(desk->table, facts_ns(20));
	assert_int_equal(desk->count, 2);
	assert_int_equal(desk->revisions[1].decision.time_ns, facts_ns(20));
	desk_free(desk);
}

static void test_identity_changes_at_once(void **state)
{
	struct desk *desk = desk_new(10);
	struct session_fact fact;

	(void)state;
	login_at(desk, 1, 7, 50000);
	fact = facts_login(2, 7, 50000);
	snprintf(fact.view.pool, sizeof(fact.view.pool), "pool.example.org:3333");
	give_session(desk, &fact);
	assert_int_equal(desk->count, 2);
	assert_string_equal(desk->revisions[1].view.pool, "pool.example.org:3333");
	/* What a later view does not know stays known. */
	fact = facts_login(3, 7, 50000);
	fact.view.agent[0] = '\0';
	snprintf(fact.view.wallet, sizeof(fact.view.wallet), "4EXAMPLE_OTHER_WALLET");
	give_session(desk, &fact);
	assert_int_equal(desk->count, 3);
	assert_string_equal(desk->revisions[2].view.wallet, "4EXAMPLE_OTHER_WALLET");
	assert_string_equal(desk->revisions[2].view.agent, "XMRig/6.21.0");
	assert_string_equal(desk->revisions[2].view.pool, "pool.example.org:3333");
	desk_free(desk);
}

static void test_reconnects_fold(void **state)
{
	struct desk *desk = desk_new(10);

	(void)state;
	login_at(desk, 1, 7, 50000);
	job_at(desk, 2, 7, 50000);
	for (uint16_t i = 1; i <= 5; i++) {
		login_at(desk, i * 300.0, 7, (uint16_t)(50000 + i));
		job_at(desk, i * 300.0 + 1, 7, (uint16_t)(50000 + i));
	}
	assert_int_equal(desk->count, 2);
	assert_int_equal(alert_count(desk->table), 1);
	desk_free(desk);
}

static void test_several_workers_fold(void **state)
{
	struct desk *desk = desk_new(10);
	struct session_fact fact;

	(void)state;
	login_at(desk, 1, 7, 50000);
	job_at(desk, 1, 7, 50000);
	fact = facts_job(5, 7, 50001);
	snprintf(fact.view.worker, sizeof(fact.view.worker), "second");
	give_session(desk, &fact);
	assert_int_equal(desk->count, 3);
	assert_string_equal(desk->revisions[2].view.worker, "second");
	assert_int_equal(desk->revisions[2].alert_id, desk->revisions[0].alert_id);
	assert_int_equal(desk->revisions[2].flows, 2);
	/* Both go on reporting: nobody is new. */
	for (uint32_t i = 1; i <= 5; i++) {
		struct session_fact first = facts_report(i * 60.0, 7, 50000, i);

		give_session(desk, &first);
		fact.fact.time_ns = facts_ns(i * 60.0 + 1);
		give_session(desk, &fact);
	}
	assert_int_equal(desk->count, 3);
	desk_free(desk);
}

static void test_renaming_is_paced(void **state)
{
	struct desk *desk = desk_new(10);

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct session_fact fact = facts_login(1 + i * 0.01, 7, 50000);

		snprintf(fact.view.worker, sizeof(fact.view.worker), "name-%u", i);
		give_session(desk, &fact);
	}
	/* 64 at once; the first one is a revision of its own. */
	assert_true(desk->count <= 65);
	alert_flush(desk->table, facts_ns(500));
	assert_true(desk->count <= 66);
	assert_string_equal(desk->revisions[desk->count - 1].view.worker, "name-999");
	desk_free(desk);
}

static void test_contact_waits_for_its_session(void **state)
{
	struct desk *desk = desk_new(10);

	(void)state;
	contact_at(desk, 0.5, 7, 50000);
	login_at(desk, 1, 7, 50000);
	job_at(desk, 2, 7, 50000);
	alert_flush(desk->table, facts_ns(3600));
	assert_int_equal(desk->count, 2);
	assert_int_equal(desk->revisions[0].sid, SID_LOGIN);
	assert_int_equal(desk->revisions[1].sid, SID_SESSION);
	assert_int_equal(desk->revisions[1].revision, 2);
	assert_int_equal(desk->revisions[1].flows, 1);
	assert_int_equal(desk->revisions[1].evidence.words[0], EVIDENCE_LISTED_ENDPOINT);
	assert_int_equal(desk->stats.alerts_absorbed, 1);
	assert_int_equal(desk->stats.alerts, 1);
	desk_free(desk);
}

static void test_contact_alone(void **state)
{
	struct desk *desk = desk_new(10);
	const struct decision_alert *revision = desk->revisions;
	struct flow_record record = facts_flow(5, 7, 50000, FLOW_END_CLOSED);

	(void)state;
	contact_at(desk, 1, 7, 50000);
	assert_int_equal(give_flow(desk, &record).id, 0);
	contact_at(desk, 10, 7, 50001);
	alert_advance(desk->table, facts_ns(31));
	assert_int_equal(desk->count, 0);
	alert_advance(desk->table, facts_ns(31) + 1);
	assert_int_equal(desk->count, 1);
	assert_int_equal(revision->decision.time_ns, facts_ns(31));
	assert_int_equal(revision->sid, SID_ENDPOINT);
	assert_int_equal(revision->level, LEVEL_SUSPECT);
	assert_int_equal(revision->revision, 1);
	assert_int_equal(revision->flows, 2);
	assert_int_equal(revision->episode_ns, facts_ns(1));
	assert_int_equal(revision->last_ns, facts_ns(10));
	assert_int_equal(revision->has_session, 0);
	assert_int_equal(revision->packets[1], 5);
	assert_int_equal(revision->absorbed_by, 0);
	assert_int_equal(revision->evidence.count, 1);
	assert_int_equal(revision->evidence.words[0], EVIDENCE_LISTED_ENDPOINT);
	assert_int_equal(revision->parties.flow_id, facts_flow_id(7, 50000));
	assert_int_equal(revision->alert_id, alert_id("tap:eth0", "10.0.1.7", FAMILY_CONTACT,
						      "198.51.100.120:3333", facts_ns(1)));
	/* More of the same is no news, but its flows are the alert's. */
	contact_at(desk, 100, 7, 50002);
	record.fact.time_ns = facts_ns(101);
	assert_int_equal(give_flow(desk, &record).id, revision->alert_id);
	alert_flush(desk->table, facts_ns(3600));
	assert_int_equal(desk->count, 1);
	desk_free(desk);
}

static void test_pending_contact_is_flushed_at_the_end(void **state)
{
	struct desk *desk = desk_new(10);

	(void)state;
	contact_at(desk, 1, 7, 50000);
	alert_flush(desk->table, facts_ns(4));
	assert_int_equal(desk->count, 1);
	assert_int_equal(desk->revisions[0].decision.time_ns, facts_ns(4));
	desk_free(desk);
}

static void test_a_mere_login_absorbs_nothing(void **state)
{
	struct desk *desk = desk_new(10);

	(void)state;
	contact_at(desk, 0.5, 7, 50000);
	login_at(desk, 1, 7, 50000);
	alert_advance(desk->table, facts_ns(100));
	assert_int_equal(desk->count, 2);
	assert_int_equal(desk->revisions[0].sid, SID_LOGIN);
	assert_int_equal(desk->revisions[1].sid, SID_ENDPOINT);
	desk_free(desk);
}

static void test_published_contact_is_absorbed(void **state)
{
	struct desk *desk = desk_new(10);
	struct session_fact fact = facts_job(42, 7, 50000);

	(void)state;
	contact_at(desk, 1, 7, 50000);
	contact_at(desk, 2, 7, 50001);
	login_at(desk, 41, 7, 50000);
	assert_int_equal(desk->count, 2);
	fact.contact = 1;
	give_session(desk, &fact);
	assert_int_equal(desk->count, 4);
	assert_int_equal(desk->revisions[0].sid, SID_ENDPOINT);
	assert_int_equal(desk->revisions[2].sid, SID_SESSION);
	assert_int_equal(desk->revisions[2].flows, 2);
	assert_int_equal(desk->revisions[2].evidence.words[0], EVIDENCE_LISTED_ENDPOINT);
	assert_int_equal(desk->revisions[3].sid, SID_ENDPOINT);
	assert_int_equal(desk->revisions[3].revision, 2);
	assert_int_equal(desk->revisions[3].alert_id, desk->revisions[0].alert_id);
	assert_int_equal(desk->revisions[3].absorbed_by, desk->revisions[2].alert_id);
	assert_int_equal(desk->revisions[3].decision.time_ns, facts_ns(42));
	assert_int_equal(alert_count(desk->table), 1);
	desk_free(desk);
}

static void test_contact_of_a_confirmed_session(void **state)
{
	struct desk *desk = desk_new(10);

	(void)state;
	login_at(desk, 1, 7, 50000);
	job_at(desk, 2, 7, 50000);
	contact_at(desk, 10, 7, 50001);
	contact_at(desk, 11, 7, 50002);
	assert_int_equal(desk->count, 2);
	assert_int_equal(alert_count(desk->table), 1);
	alert_advance(desk->table, facts_ns(100));
	assert_int_equal(desk->count, 3);
	assert_int_equal(desk->revisions[2].sid, SID_SESSION);
	assert_int_equal(desk->revisions[2].decision.time_ns, facts_ns(62));
	assert_int_equal(desk->revisions[2].flows, 3);
	assert_true(evidence_has(&desk->revisions[2].evidence, EVIDENCE_LISTED_ENDPOINT));
	contact_at(desk, 200, 7, 50003);
	alert_flush(desk->table, facts_ns(3600));
	assert_int_equal(desk->count, 3);
	desk_free(desk);
}

static void test_episode_ends_in_silence(void **state)
{
	struct desk *desk = desk_new(10);

	(void)state;
	login_at(desk, 0, 7, 50000);
	job_at(desk, 1, 7, 50000);
	/* Exactly a day is still the same one. */
	job_at(desk, 1.0 + LIMIT_EPISODE_S, 7, 50001);
	assert_int_equal(desk->count, 2);
	/* Later than that is not, and it starts with what is known then. */
	job_at(desk, 1.001 + 2.0 * LIMIT_EPISODE_S, 7, 50002);
	assert_int_equal(desk->count, 3);
	assert_int_equal(desk->revisions[2].revision, 1);
	assert_int_equal(desk->revisions[2].sid, SID_SESSION);
	assert_int_equal(desk->revisions[2].flows, 1);
	assert_true(desk->revisions[2].alert_id != desk->revisions[0].alert_id);
	assert_int_equal(desk->revisions[2].episode_ns, facts_ns(1.001 + 2.0 * LIMIT_EPISODE_S));
	alert_advance(desk->table, facts_ns(4.0 * LIMIT_EPISODE_S));
	assert_int_equal(alert_count(desk->table), 0);
	desk_free(desk);
}

static void test_full_table_drops_the_idlest(void **state)
{
	struct desk *desk = desk_new(2);
	struct flow_record record;

	(void)state;
	contact_at(desk, 1, 1, 50000);
	login_at(desk, 2, 2, 50000);
	record = facts_flow(3, 1, 50000, FLOW_END_ACTIVE);
	give_flow(desk, &record);
	/* Client 2 is idle now, and goes without a word: it has told all. */
	login_at(desk, 4, 3, 50000);
	assert_int_equal(alert_count(desk->table), 2);
	assert_int_equal(desk->stats.correlator_capped, 1);
	assert_int_equal(desk->count, 2);
	/* The pending contact of client 1 goes, and is published first. */
	login_at(desk, 5, 4, 50000);
	assert_int_equal(desk->stats.correlator_capped, 2);
	assert_int_equal(desk->count, 4);
	assert_int_equal(desk->revisions[2].sid, SID_ENDPOINT);
	assert_int_equal(desk->revisions[2].decision.time_ns, facts_ns(5));
	assert_int_equal(alert_count(desk->table), 2);
	alert_flush(desk->table, facts_ns(600));
	assert_int_equal(desk->count, 4);
	desk_free(desk);
}

static void give_vni(struct desk *desk, double seconds, uint32_t vni, uint16_t port)
{
	struct session_fact fact = facts_login(seconds, 7, port);

	fact.key.scope.tunnel = TUNNEL_VXLAN;
	fact.key.scope.id = vni;
	give_session(desk, &fact);
}

static void test_tenants_are_apart(void **state)
{
	struct desk *desk = desk_new(20);
	struct session_fact fact;

	(void)state;
	login_at(desk, 1, 7, 50000);
	give_vni(desk, 2, 1, 50001);
	give_vni(desk, 3, 2, 50002); /* the same account: the same scope */
	assert_int_equal(alert_count(desk->table), 2);
	give_vni(desk, 4, 3, 50003);
	give_vni(desk, 5, 4, 50004); /* in no row */
	give_vni(desk, 6, 5, 50005);
	assert_int_equal(alert_count(desk->table), 5);
	assert_int_equal(desk->count, 5);
	assert_int_equal(desk->revisions[1].alert_id,
			 alert_id("111122223333", "10.0.1.7", FAMILY_SESSION, "198.51.100.120:3333",
				  facts_ns(2)));
	assert_int_equal(desk->revisions[2].alert_id,
			 alert_id("111122223333/vpc-2", "10.0.1.7", FAMILY_SESSION,
				  "198.51.100.120:3333", facts_ns(4)));
	assert_int_equal(desk->revisions[3].alert_id, alert_id("vni:4", "10.0.1.7", FAMILY_SESSION,
							       "198.51.100.120:3333", facts_ns(5)));
	fact = facts_login(7, 7, 50006);
	fact.key.scope.vlan_count = 1;
	fact.key.scope.vlan[0] = 5;
	give_session(desk, &fact);
	fact.key.scope.vlan[0] = 6;
	fact.flow_id++;
	give_session(desk, &fact);
	assert_int_equal(alert_count(desk->table), 7);
	desk_free(desk);
}

static void test_causes_and_addresses_are_apart(void **state)
{
	struct desk *desk = desk_new(20);
	struct session_fact fact = facts_login(1, 7, 50000);

	(void)state;
	give_session(desk, &fact);
	fact.key.port[1] = 3334;
	fact.flow_id++;
	give_session(desk, &fact);
	fact.key.addr[1][3] = 121;
	fact.flow_id++;
	give_session(desk, &fact);
	memset(fact.key.addr, 0, sizeof(fact.key.addr));
	fact.key.addr[0][0] = 0x20;
	fact.key.addr[1][0] = 0x20;
	fact.key.addr[1][15] = 1;
	fact.key.ip_version = 6;
	fact.flow_id++;
	give_session(desk, &fact);
	assert_int_equal(desk->count, 4);
	assert_int_equal(desk->revisions[3].alert_id, alert_id("tap:eth0", "2000::", FAMILY_SESSION,
							       "[2000::1]:3334", facts_ns(1)));
	desk_free(desk);
}

static void test_ids(void **state)
{
	uint64_t id = alert_id("tap:eth0", "10.0.1.7", FAMILY_SESSION, "198.51.100.120:3333", 1);

	(void)state;
	assert_true(id != 0);
	assert_int_equal(
		id, alert_id("tap:eth0", "10.0.1.7", FAMILY_SESSION, "198.51.100.120:3333", 1));
	assert_true(id !=
		    alert_id("tap:eth1", "10.0.1.7", FAMILY_SESSION, "198.51.100.120:3333", 1));
	assert_true(id !=
		    alert_id("tap:eth0", "10.0.1.8", FAMILY_SESSION, "198.51.100.120:3333", 1));
	assert_true(id !=
		    alert_id("tap:eth0", "10.0.1.7", FAMILY_CONTACT, "198.51.100.120:3333", 1));
	assert_true(id !=
		    alert_id("tap:eth0", "10.0.1.7", FAMILY_SESSION, "198.51.100.120:3334", 1));
	assert_true(id !=
		    alert_id("tap:eth0", "10.0.1.7", FAMILY_SESSION, "198.51.100.120:3333", 2));
	/* No part borrows from its neighbour. */
	assert_true(alert_id("a", "bc", FAMILY_SESSION, "d", 1) !=
		    alert_id("ab", "c", FAMILY_SESSION, "d", 1));
	assert_int_equal(alert_open_hash("a", "b", FAMILY_SESSION, "c"),
			 alert_open_hash("a", "b", FAMILY_SESSION, "c"));
	assert_true(alert_open_hash("a", "b", FAMILY_SESSION, "c") !=
		    alert_id("a", "b", FAMILY_SESSION, "c", 1));
}

static void test_heap_is_in_order(void **state)
{
	enum { COUNT = 500 };
	static struct alert_timer timers[COUNT];
	struct alert_heap heap = { 0 };
	uint64_t seed = 1;
	uint64_t due = 0;
	uint64_t id = 0;
	size_t left = 0;

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		timers[i].due_ns = seed >> 59; /* many are equal */
		timers[i].id = seed & 0xffffff;
		assert_int_equal(alert_heap_add(&heap, &timers[i]), 0);
	}
	for (size_t i = 0; i < COUNT; i += 3) {
		alert_heap_remove(&heap, &timers[i]);
		alert_heap_remove(&heap, &timers[i]);
		assert_int_equal(timers[i].place, 0);
	}
	for (struct alert_timer *timer; (timer = alert_heap_first(&heap)) != NULL; left++) {
		assert_true(timer->due_ns > due || (timer->due_ns == due && timer->id >= id));
		due = timer->due_ns;
		id = timer->id;
		alert_heap_remove(&heap, timer);
	}
	assert_int_equal(left, COUNT - (COUNT + 2) / 3);
	alert_heap_fini(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session_is_raised),
		cmocka_unit_test(test_no_alert_below_likely),
		cmocka_unit_test(test_sid_is_never_lowered),
		cmocka_unit_test(test_refusal_and_silence_are_told_at_once),
		cmocka_unit_test(test_counters_make_no_revision),
		cmocka_unit_test(test_evidence_is_paced),
		cmocka_unit_test(test_urgent_revision_takes_the_delayed_one_along),
		cmocka_unit_test(test_delayed_revision_is_flushed_at_the_end),
		cmocka_unit_test(test_identity_changes_at_once),
		cmocka_unit_test(test_reconnects_fold),
		cmocka_unit_test(test_several_workers_fold),
		cmocka_unit_test(test_renaming_is_paced),
		cmocka_unit_test(test_contact_waits_for_its_session),
		cmocka_unit_test(test_contact_alone),
		cmocka_unit_test(test_pending_contact_is_flushed_at_the_end),
		cmocka_unit_test(test_a_mere_login_absorbs_nothing),
		cmocka_unit_test(test_published_contact_is_absorbed),
		cmocka_unit_test(test_contact_of_a_confirmed_session),
		cmocka_unit_test(test_episode_ends_in_silence),
		cmocka_unit_test(test_full_table_drops_the_idlest),
		cmocka_unit_test(test_tenants_are_apart),
		cmocka_unit_test(test_causes_and_addresses_are_apart),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_heap_is_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
