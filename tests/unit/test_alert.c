/* test_alert.c: the rules of sensor/alert.c for sessions, fact by fact: what is told at once, what
 * is paced, what folds. */
#include "tests/unit/alert_cloud_desk.h"

static void test_session_is_raised(void **state)
{
	struct desk *desk = cloud_desk_new(10);
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
	struct desk *desk = cloud_desk_new(10);
	struct session_fact fact = facts_login(1, 7, 50000);

	(void)state;
	fact.view.level = LEVEL_SUSPECT;
	assert_int_equal(cloud_session(desk, &fact).id, 0);
	assert_int_equal(desk->count, 0);
	assert_int_equal(alert_count(desk->table), 0);
	desk_free(desk);
}

static void test_sid_is_never_lowered(void **state)
{
	struct desk *desk = cloud_desk_new(10);
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
	cloud_session(desk, &fact);
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
		struct desk *desk = cloud_desk_new(10);
		struct session_fact fact = facts_login(31, 7, 50000);

		login_at(desk, 1, 7, 50000);
		evidence_add(&fact.view.evidence, words[i]);
		fact.event = SESSION_CHANGE;
		cloud_session(desk, &fact);
		assert_int_equal(desk->count, 2);
		assert_int_equal(desk->revisions[1].decision.time_ns, facts_ns(31));
		assert_int_equal(desk->revisions[1].sid, SID_LOGIN);
		assert_true(evidence_has(&desk->revisions[1].evidence, words[i]));
		fact.fact.time_ns = facts_ns(32);
		cloud_session(desk, &fact);
		assert_int_equal(desk->count, 2);
		desk_free(desk);
	}
}

static void test_counters_make_no_revision(void **state)
{
	struct desk *desk = cloud_desk_new(10);

	(void)state;
	login_at(desk, 1, 7, 50000);
	job_at(desk, 1, 7, 50000);
	for (uint32_t i = 1; i <= 10; i++) {
		struct session_fact fact = facts_report(i * 60.0, 7, 50000, i * 9);

		cloud_session(desk, &fact);
	}
	alert_flush(desk->table, facts_ns(700));
	assert_int_equal(desk->count, 2);
	desk_free(desk);
}

static void test_evidence_is_paced(void **state)
{
	struct desk *desk = cloud_desk_new(10);
	struct session_fact fact;

	(void)state;
	login_at(desk, 1, 7, 50000);
	job_at(desk, 2, 7, 50000);
	fact = facts_report(3, 7, 50000, 1);
	evidence_add(&fact.view.evidence, EVIDENCE_SHARE);
	cloud_session(desk, &fact);
	fact.fact.time_ns = facts_ns(4);
	evidence_add(&fact.view.evidence, EVIDENCE_SHARE_ACCEPTED);
	cloud_session(desk, &fact);
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
	cloud_session(desk, &fact);
	assert_int_equal(desk->count, 4);
	assert_int_equal(desk->revisions[3].decision.time_ns, facts_ns(600));
	alert_flush(desk->table, facts_ns(9999));
	assert_int_equal(desk->count, 4);
	desk_free(desk);
}

static void test_urgent_revision_takes_the_delayed_one_along(void **state)
{
	struct desk *desk = cloud_desk_new(10);
	struct session_fact fact = facts_login(2, 7, 50000);

	(void)state;
	login_at(desk, 1, 7, 50000);
	evidence_add(&fact.view.evidence, EVIDENCE_KEEPALIVE);
	cloud_session(desk, &fact);
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
	struct desk *desk = cloud_desk_new(10);
	struct session_fact fact = facts_login(2, 7, 50000);

	(void)state;
	login_at(desk, 1, 7, 50000);
	evidence_add(&fact.view.evidence, EVIDENCE_KEEPALIVE);
	cloud_session(desk, &fact);
	alert_flush(desk->table, facts_ns(20));
	assert_int_equal(desk->count, 2);
	assert_int_equal(desk->revisions[1].decision.time_ns, facts_ns(20));
	desk_free(desk);
}

static void test_identity_changes_at_once(void **state)
{
	struct desk *desk = cloud_desk_new(10);
	struct session_fact fact;

	(void)state;
	login_at(desk, 1, 7, 50000);
	fact = facts_login(2, 7, 50000);
	snprintf(fact.view.pool, sizeof(fact.view.pool), "pool.example.org:3333");
	cloud_session(desk, &fact);
	assert_int_equal(desk->count, 2);
	assert_string_equal(desk->revisions[1].view.pool, "pool.example.org:3333");
	/* What a later view does not know stays known. */
	fact = facts_login(3, 7, 50000);
	fact.view.agent[0] = '\0';
	snprintf(fact.view.wallet, sizeof(fact.view.wallet), "4EXAMPLE_OTHER_WALLET");
	cloud_session(desk, &fact);
	assert_int_equal(desk->count, 3);
	assert_string_equal(desk->revisions[2].view.wallet, "4EXAMPLE_OTHER_WALLET");
	assert_string_equal(desk->revisions[2].view.agent, "XMRig/6.21.0");
	assert_string_equal(desk->revisions[2].view.pool, "pool.example.org:3333");
	desk_free(desk);
}

static void test_reconnects_fold(void **state)
{
	struct desk *desk = cloud_desk_new(10);

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
	struct desk *desk = cloud_desk_new(10);
	struct session_fact fact;

	(void)state;
	login_at(desk, 1, 7, 50000);
	job_at(desk, 1, 7, 50000);
	fact = facts_job(5, 7, 50001);
	snprintf(fact.view.worker, sizeof(fact.view.worker), "second");
	cloud_session(desk, &fact);
	assert_int_equal(desk->count, 3);
	assert_string_equal(desk->revisions[2].view.worker, "second");
	assert_int_equal(desk->revisions[2].alert_id, desk->revisions[0].alert_id);
	assert_int_equal(desk->revisions[2].flows, 2);
	/* Both go on reporting: nobody is new. */
	for (uint32_t i = 1; i <= 5; i++) {
		struct session_fact first = facts_report(i * 60.0, 7, 50000, i);

		cloud_session(desk, &first);
		fact.fact.time_ns = facts_ns(i * 60.0 + 1);
		cloud_session(desk, &fact);
	}
	assert_int_equal(desk->count, 3);
	desk_free(desk);
}

static void test_renaming_is_paced(void **state)
{
	struct desk *desk = cloud_desk_new(10);

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct session_fact fact = facts_login(1 + i * 0.01, 7, 50000);

		snprintf(fact.view.worker, sizeof(fact.view.worker), "name-%u", i);
		cloud_session(desk, &fact);
	}
	/* 64 at once; the first one is a revision of its own. */
	assert_true(desk->count <= 65);
	alert_flush(desk->table, facts_ns(500));
	assert_true(desk->count <= 66);
	assert_string_equal(desk->revisions[desk->count - 1].view.worker, "name-999");
	desk_free(desk);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
