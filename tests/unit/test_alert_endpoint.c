/* test_alert_endpoint.c: contacts with a listed endpoint, alone and around a session. */
#include "tests/unit/alert_cloud_desk.h"

static void test_contact_waits_for_its_session(void **state)
{
	struct desk *desk = cloud_desk_new(10);

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
	struct desk *desk = cloud_desk_new(10);
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
	struct desk *desk = cloud_desk_new(10);

	(void)state;
	contact_at(desk, 1, 7, 50000);
	alert_flush(desk->table, facts_ns(4));
	assert_int_equal(desk->count, 1);
	assert_int_equal(desk->revisions[0].decision.time_ns, facts_ns(4));
	desk_free(desk);
}

static void test_a_mere_login_absorbs_nothing(void **state)
{
	struct desk *desk = cloud_desk_new(10);

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
	struct desk *desk = cloud_desk_new(10);
	struct session_fact fact = facts_job(42, 7, 50000);

	(void)state;
	contact_at(desk, 1, 7, 50000);
	contact_at(desk, 2, 7, 50001);
	login_at(desk, 41, 7, 50000);
	assert_int_equal(desk->count, 2);
	fact.contact = 1;
	cloud_session(desk, &fact);
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
	struct desk *desk = cloud_desk_new(10);

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contact_waits_for_its_session),
		cmocka_unit_test(test_contact_alone),
		cmocka_unit_test(test_pending_contact_is_flushed_at_the_end),
		cmocka_unit_test(test_a_mere_login_absorbs_nothing),
		cmocka_unit_test(test_published_contact_is_absorbed),
		cmocka_unit_test(test_contact_of_a_confirmed_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
