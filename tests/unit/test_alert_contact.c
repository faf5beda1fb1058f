/* test_alert_contact.c: contacts by name, hostile infrastructure and keys: how their alerts open,
 * rise, wait and are absorbed. */
#include "tests/unit/alert_desk.h"

static void test_one_alert_for_one_name(void **state)
{
	struct desk *desk = desk_new(10, false);
	struct alert_contact other =
		desk_sign(3, SID_LOOKUP, EVIDENCE_POOL_LOOKUP, LEVEL_SUSPECT, other_pool_id());

	(void)state;
	give_lookup(desk, 1, 7);
	give_sni(desk, 2, 7);
	give(desk, other, 7, 53);
	give_endpoint(desk, 4, 7);
	give_lookup(desk, 5, 8);
	assert_int_equal(alert_count(desk->table), 4);
	alert_flush(desk->table, facts_ns(5));
	assert_int_equal(desk->count, 4);
	assert_int_equal(desk->revisions[0].sid, SID_NAMED);
	assert_int_equal(desk->revisions[0].flows, 2);
	assert_int_equal(
		desk->revisions[0].alert_id,
		alert_id("tap:eth0", "10.0.1.7", FAMILY_CONTACT, "pool.example.net", facts_ns(1)));
	assert_int_equal(
		desk->revisions[0].open_hash,
		alert_open_hash("tap:eth0", "10.0.1.7", FAMILY_CONTACT, "pool.example.net"));
	desk_free(desk);
}

static void test_sid_and_level_only_rise(void **state)
{
	struct desk *desk = desk_new(10, false);

	(void)state;
	give_sni(desk, 1, 7);
	give_lookup(desk, 2, 7);
	alert_advance(desk->table, facts_ns(32));
	assert_int_equal(desk->count, 1);
	assert_int_equal(last_of(desk)->sid, SID_NAMED);
	assert_int_equal(last_of(desk)->level, LEVEL_LIKELY);
	/* A higher sid is news at once; its lower level changes nothing. */
	give(desk, desk_sign(40, SID_RESOLVED, EVIDENCE_POOL_RESOLVED, LEVEL_SUSPECT, pool_id()), 7,
	     50000);
	assert_int_equal(desk->count, 2);
	assert_int_equal(last_of(desk)->decision.time_ns, facts_ns(40));
	assert_int_equal(last_of(desk)->revision, 2);
	assert_int_equal(last_of(desk)->sid, SID_RESOLVED);
	assert_int_equal(last_of(desk)->level, LEVEL_LIKELY);
	/* Another word waits for its minute; a repeat is only counted. */
	give(desk, desk_sign(50, SID_NAMED, EVIDENCE_POOL_HOST, LEVEL_SUSPECT, pool_id()), 7,
	     50000);
	give_sni(desk, 51, 7);
	alert_advance(desk->table, facts_ns(100));
	assert_int_equal(desk->count, 2);
	alert_advance(desk->table, facts_ns(101));
	assert_int_equal(desk->count, 3);
	assert_int_equal(last_of(desk)->decision.time_ns, facts_ns(100));
	assert_int_equal(last_of(desk)->flows, 5);
	give_sni(desk, 200, 7);
	alert_flush(desk->table, facts_ns(400));
	assert_int_equal(desk->count, 3);
	desk_free(desk);
}

static void test_a_confirmed_session_absorbs_by_name(void **state)
{
	struct desk *desk = desk_new(10, false);

	(void)state;
	give_lookup(desk, 1, 7);
	give_sni(desk, 2, 7);
	give_job(desk, 3, 7, pool_id());
	alert_flush(desk->table, facts_ns(100));
	assert_int_equal(desk->count, 1);
	assert_int_equal(last_of(desk)->sid, SID_SESSION);
	assert_int_equal(last_of(desk)->evidence.words[0], EVIDENCE_POOL_LOOKUP);
	assert_int_equal(last_of(desk)->evidence.words[1], EVIDENCE_POOL_SNI);
	assert_int_equal(last_of(desk)->flows, 2);
	assert_int_equal(desk->stats.alerts_absorbed, 1);
	assert_int_equal(last_of(desk)->alert_id, alert_id("tap:eth0", "10.0.1.7", FAMILY_SESSION,
							   "pool.example.net", facts_ns(3)));
	desk_free(desk);
}

static void test_a_confirmed_session_absorbs_by_name_and_endpoint(void **state)
{
	struct desk *desk = desk_new(10, false);
	uint64_t session;

	(void)state;
	give_endpoint(desk, 1, 7);
	give_lookup(desk, 2, 7);
	alert_advance(desk->table, facts_ns(40));
	assert_int_equal(desk->count, 2);
	session = give_job(desk, 41, 7, pool_id()).id;
	/* The session with both as evidence, then one last revision of each. */
	assert_int_equal(desk->count, 5);
	assert_int_equal(desk->revisions[2].alert_id, session);
	assert_true(evidence_has(&desk->revisions[2].evidence, EVIDENCE_LISTED_ENDPOINT));
	assert_true(evidence_has(&desk->revisions[2].evidence, EVIDENCE_POOL_LOOKUP));
	for (size_t i = 3; i < 5; i++) {
		assert_int_equal(desk->revisions[i].absorbed_by, session);
		assert_int_equal(desk->revisions[i].revision, 2);
		assert_int_equal(desk->revisions[i].parties.flow_id, facts_flow_id(7, 50000));
	}
	assert_int_equal(alert_count(desk->table), 1);
	desk_free(desk);
}

static void test_others_names_are_not_absorbed(void **state)
{
	struct desk *desk = desk_new(10, false);

	(void)state;
	give_lookup(desk, 1, 7);
	give_lookup(desk, 1, 8);
	give_job(desk, 2, 7, other_pool_id());
	assert_int_equal(alert_count(desk->table), 3);
	assert_int_equal(desk->stats.alerts_absorbed, 0);
	desk_free(desk);
}

static void test_contacts_of_a_confirmed_session_are_its_evidence(void **state)
{
	struct desk *desk = desk_new(10, false);

	(void)state;
	give_job(desk, 1, 7, pool_id());
	give_lookup(desk, 2, 7);
	give_sni(desk, 3, 7);
	assert_int_equal(desk->count, 1);
	alert_advance(desk->table, facts_ns(62));
	assert_int_equal(desk->count, 2);
	assert_int_equal(last_of(desk)->sid, SID_SESSION);
	assert_true(evidence_has(&last_of(desk)->evidence, EVIDENCE_POOL_LOOKUP));
	assert_true(evidence_has(&last_of(desk)->evidence, EVIDENCE_POOL_SNI));
	assert_int_equal(last_of(desk)->flows, 2); /* a question is no flow of it */
	assert_int_equal(alert_count(desk->table), 1);
	/* A session whose login is all there is takes none. */
	give_login(desk, 100, 8, pool_id());
	give_lookup(desk, 101, 8);
	assert_int_equal(alert_count(desk->table), 3);
	desk_free(desk);
}

/* The session began before its server's name was known. */
static void test_a_name_that_comes_late_finds_the_session_of_its_endpoint(void **state)
{
	struct desk *desk = desk_new(10, false);
	uint64_t session;

	(void)state;
	session = give_job(desk, 1, 7, 0).id;
	give_sni(desk, 2, 7);
	assert_int_equal(alert_count(desk->table), 1);
	assert_int_equal(give_job(desk, 3, 7, pool_id()).id, session);
	give_lookup(desk, 4, 7); /* to the resolver: the endpoint says nothing */
	assert_int_equal(alert_count(desk->table), 2);
	desk_free(desk);
}

static void test_hostile_contacts_wait_only_for_their_inner_side(void **state)
{
	struct desk *desk = desk_new(10, false);

	(void)state;
	give_hostile(desk, 1, 7, 50000);
	give_job(desk, 2, 7, 0);
	alert_advance(desk->table, facts_ns(1 + LIMIT_HOSTILE_GRACE_S));
	assert_int_equal(desk->count, 1); /* the session's */
	alert_advance(desk->table, facts_ns(1.1 + LIMIT_HOSTILE_GRACE_S));
	assert_int_equal(desk->count, 2);
	assert_int_equal(last_of(desk)->sid, SID_HOSTILE);
	assert_int_equal(last_of(desk)->decision.time_ns, facts_ns(1 + LIMIT_HOSTILE_GRACE_S));
	assert_int_equal(last_of(desk)->absorbed_by, 0);
	/* Neither before nor after does the session take it, and a repeat is no revision. */
	give_job(desk, 10, 7, 0);
	give_hostile(desk, 11, 7, 50001);
	alert_flush(desk->table, facts_ns(200));
	assert_int_equal(desk->count, 2);
	assert_int_equal(alert_count(desk->table), 2);
	desk_free(desk);
}

static void test_a_hostile_alert_is_named_by_its_flows(void **state)
{
	struct desk *desk = desk_new(10, false);
	struct flow_record record = facts_flow(2, 7, 50000, FLOW_END_CLOSED);
	struct decision_parties parties = desk_parties(7, 50000);

	(void)state;
	parties.contact = hostile_id();
	give_hostile(desk, 1, 7, 50000);
	assert_int_equal(alert_flow(desk->table, &record, &parties).id, 0); /* not published yet */
	alert_advance(desk->table, facts_ns(10));
	assert_int_equal(alert_flow(desk->table, &record, &parties).id, last_of(desk)->alert_id);
	assert_int_equal(alert_flow(desk->table, &record, &parties).sid, SID_HOSTILE);
	assert_int_equal(last_of(desk)->packets[0], 7); /* as its record said meanwhile */
	parties.contact = 0;
	assert_int_equal(alert_flow(desk->table, &record, &parties).id, 0);
	desk_free(desk);
}

static void test_a_hostile_contact_that_was_an_outer_side_is_withdrawn(void **state)
{
	struct desk *desk = desk_new(10, false);
	struct decision_parties parties = desk_parties(7, 50000);

	(void)state;
	parties.contact = hostile_id();
	give_hostile(desk, 1, 7, 50000);
	alert_withdraw(desk->table, &parties);
	assert_int_equal(alert_count(desk->table), 0);
	alert_withdraw(desk->table, &parties); /* nothing is left */
	/* With another contact, that one is told. */
	give_hostile(desk, 2, 7, 50000);
	give_hostile(desk, 2, 7, 50001);
	alert_withdraw(desk->table, &parties);
	alert_flush(desk->table, facts_ns(3));
	assert_int_equal(desk->count, 1);
	assert_int_equal(last_of(desk)->flows, 1);
	desk_free(desk);
}

static void test_keys_are_told_at_once(void **state)
{
	static const char *const keys[] = { "AKIA4EXAMPLE1234567", "ASIA4EXAMPLE1234567" };
	struct desk *desk = desk_new(10, false);

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct alert_contact contact =
			desk_sign((double)i, SID_KEY_LEAK, EVIDENCE_KEY_IN_DNS, LEVEL_LIKELY, 0);

		contact.cause.text = keys[i % 2];
		contact.access_key = keys[i % 2];
		contact.query = "key.example.org";
		give(desk, contact, 7, 53);
		assert_int_equal(desk->count, i < 2 ? i + 1 : 2);
	}
	assert_string_equal(desk->revisions[1].access_key, keys[1]);
	assert_string_equal(desk->revisions[1].query, "key.example.org");
	assert_int_equal(desk->revisions[0].decision.time_ns, facts_ns(0));
	assert_int_equal(desk->revisions[0].alert_id,
			 alert_id("tap:eth0", "10.0.1.7", FAMILY_HOSTILE, keys[0], facts_ns(0)));
	alert_flush(desk->table, facts_ns(100));
	assert_int_equal(desk->count, 2);
	desk_free(desk);
}

/* The first name and key count: later ones do not rewrite the evidence. */
static void test_the_first_name_stays(void **state)
{
	struct desk *desk = desk_new(10, false);
	struct alert_contact contact =
		desk_sign(1, SID_LOOKUP, EVIDENCE_POOL_LOOKUP, LEVEL_SUSPECT, pool_id());

	(void)state;
	contact.query = "eu.pool.example.net";
	give(desk, contact, 7, 53);
	contact.query = "us.pool.example.net";
	give(desk, contact, 7, 53);
	alert_flush(desk->table, facts_ns(2));
	assert_string_equal(last_of(desk)->query, "eu.pool.example.net");
	desk_free(desk);
}

static void test_allowed_contacts_raise_none(void **state)
{
	struct desk *desk = desk_new(10, false);
	struct decision_parties parties = desk_parties(7, 50000);
	struct alert_contact contact =
		desk_sign(1, SID_NAMED, EVIDENCE_POOL_SNI, LEVEL_LIKELY, pool_id());

	(void)state;
	parties.is_allowed = 1;
	alert_contact(desk->table, &contact, &parties);
	assert_int_equal(alert_count(desk->table), 0);
	contact = desk_sign(1, SID_HOSTILE, EVIDENCE_HOSTILE_ADDRESS, LEVEL_LIKELY, hostile_id());
	alert_contact(desk->table, &contact, &parties);
	assert_int_equal(alert_count(desk->table), 1);
	desk_free(desk);
}

/* One's own wallet is known only when the session logs in: what waited for it goes. */
static void test_an_allowed_session_explains_its_contacts(void **state)
{
	struct desk *desk = desk_new(10, false);
	struct session_fact fact = facts_login(3, 7, 50000);

	(void)state;
	give_endpoint(desk, 1, 7);
	give_lookup(desk, 2, 7);
	give_lookup(desk, 2, 8);
	assert_int_equal(give_session(desk, &fact, pool_id(), true).id, 0);
	assert_int_equal(alert_count(desk->table), 1);
	alert_flush(desk->table, facts_ns(100));
	assert_int_equal(desk->count, 1);
	assert_int_equal(last_of(desk)->parties.key.addr[0][3], 8);
	/* What was published stays as it is. */
	give_endpoint(desk, 200, 7);
	alert_advance(desk->table, facts_ns(300));
	assert_int_equal(desk->count, 2);
	fact.fact.time_ns = facts_ns(301);
	give_session(desk, &fact, pool_id(), true);
	assert_int_equal(desk->count, 2);
	assert_int_equal(alert_count(desk->table), 2);
	desk_free(desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_alert_for_one_name),
		cmocka_unit_test(test_sid_and_level_only_rise),
		cmocka_unit_test(test_a_confirmed_session_absorbs_by_name),
		cmocka_unit_test(test_a_confirmed_session_absorbs_by_name_and_endpoint),
		cmocka_unit_test(test_others_names_are_not_absorbed),
		cmocka_unit_test(test_contacts_of_a_confirmed_session_are_its_evidence),
		cmocka_unit_test(test_a_name_that_comes_late_finds_the_session_of_its_endpoint),
		cmocka_unit_test(test_hostile_contacts_wait_only_for_their_inner_side),
		cmocka_unit_test(test_a_hostile_alert_is_named_by_its_flows),
		cmocka_unit_test(test_a_hostile_contact_that_was_an_outer_side_is_withdrawn),
		cmocka_unit_test(test_keys_are_told_at_once),
		cmocka_unit_test(test_the_first_name_stays),
		cmocka_unit_test(test_allowed_contacts_raise_none),
		cmocka_unit_test(test_an_allowed_session_explains_its_contacts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
