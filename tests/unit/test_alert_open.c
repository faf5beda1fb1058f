/* test_alert_open.c: alerts that were open before: asking, waiting for the answer, going on; and
 * identities that come late. */
#include "tests/unit/alert_desk.h"

#define OLD_ID UINT64_C(0x0123456789abcdef)

/* Open since an hour before the epoch of facts.h, last seen ten minutes before it. */
static struct open_alert open_before(uint32_t sid, enum level level)
{
	return (struct open_alert){ .alert_id = OLD_ID,
				    .first_ns = facts_ns(0) - UINT64_C(3600000000000),
				    .last_ns = facts_ns(0) - UINT64_C(600000000000),
				    .revision = 7,
				    .sid = sid,
				    .flows = 5,
				    .level = (uint8_t)level };
}

static void answer(struct desk *desk, double seconds, const struct open_alert *found)
{
	alert_opened(desk->table, desk->tickets[desk->asked - 1], found, facts_ns(seconds));
}

static void test_nothing_is_published_before_the_answer(void **state)
{
	struct desk *desk = desk_new(10, true);

	(void)state;
	give_login(desk, 1, 7, 0);
	give_job(desk, 2, 7, 0);
	assert_int_equal(desk->asked, 1);
	assert_int_equal(desk->hashes[0], alert_open_hash("tap:eth0", "10.0.1.7", FAMILY_SESSION,
							  "198.51.100.120:3333"));
	assert_int_equal(desk->count, 0);
	assert_int_equal(desk->stats.alerts, 0);
	answer(desk, 3, NULL);
	/* One revision with all that came in. */
	assert_int_equal(desk->count, 1);
	assert_int_equal(last_of(desk)->revision, 1);
	assert_int_equal(last_of(desk)->decision.time_ns, facts_ns(3));
	assert_int_equal(last_of(desk)->sid, SID_SESSION);
	assert_int_equal(last_of(desk)->alert_id, desk->tickets[0]);
	assert_int_equal(desk->stats.alerts, 1);
	/* It is asked for once, and a second answer is of nobody. */
	answer(desk, 4, NULL);
	alert_opened(desk->table, 4711, NULL, facts_ns(4));
	give_job(desk, 5, 7, 0);
	assert_int_equal(desk->asked, 1);
	assert_int_equal(desk->count, 1);
	desk_free(desk);
}

static void test_an_open_alert_goes_on(void **state)
{
	struct desk *desk = desk_new(10, true);
	struct open_alert found = open_before(SID_LOGIN, LEVEL_LIKELY);

	(void)state;
	give_job(desk, 1, 7, 0);
	answer(desk, 2, &found);
	assert_int_equal(desk->count, 1);
	assert_int_equal(last_of(desk)->alert_id, OLD_ID);
	assert_int_equal(last_of(desk)->revision, 8);
	assert_int_equal(last_of(desk)->episode_ns, found.first_ns);
	assert_int_equal(last_of(desk)->flows, 6);
	assert_int_equal(last_of(desk)->sid, SID_SESSION);
	assert_int_equal(desk->stats.alerts, 0); /* it is no new one */
	assert_int_equal(desk->stats.alert_revisions, 1);
	desk_free(desk);
}

static void test_level_and_sid_are_never_lowered(void **state)
{
	struct desk *desk = desk_new(10, true);
	struct open_alert found = open_before(SID_SESSION, LEVEL_CONFIRMED);

	(void)state;
	give_login(desk, 1, 7, 0);
	answer(desk, 2, &found);
	assert_int_equal(last_of(desk)->sid, SID_SESSION);
	assert_int_equal(last_of(desk)->level, LEVEL_CONFIRMED);
	desk_free(desk);
}

static void test_what_does_not_go_on(void **state)
{
	struct open_alert found[6];

	(void)state;
	for (size_t i = 0; i < 6; i++)
		found[i] = open_before(SID_SESSION, LEVEL_CONFIRMED);
	found[0].absorbed_by = 5;
	found[1].last_ns = facts_ns(1) - LIMIT_EPISODE_S * UINT64_C(1000000000);
	found[1].first_ns = found[1].last_ns;
	found[2].first_ns = facts_ns(1.000002); /* of a time that this run has not reached */
	found[2].last_ns = facts_ns(100);
	/* Anybody may write there: what no sensor of ours wrote is not ours. */
	found[3].sid = 99;
	found[4].sid = SID_HOSTILE;
	found[5].revision = UINT32_MAX;
	for (size_t i = 0; i < 6; i++) {
		struct desk *desk = desk_new(10, true);

		give_login(desk, 1, 7, 0);
		answer(desk, 2, &found[i]);
		assert_int_equal(desk->count, 1);
		assert_int_equal(last_of(desk)->alert_id, desk->tickets[0]);
		assert_int_equal(last_of(desk)->revision, 1);
		assert_int_equal(last_of(desk)->sid, SID_LOGIN);
		assert_int_equal(last_of(desk)->flows, 1);
		desk_free(desk);
	}
}

/* The same capture again: same id and start, later revisions, nothing counted twice. */
static void test_a_replay_goes_on_with_its_own(void **state)
{
	struct desk *desk = desk_new(10, true);
	struct open_alert found = open_before(SID_SESSION, LEVEL_CONFIRMED);

	(void)state;
	give_job(desk, 1.0000005, 7, 0);
	found.alert_id = desk->tickets[0];
	found.first_ns = facts_ns(1); /* Redis knows microseconds */
	found.last_ns = facts_ns(500);
	answer(desk, 2, &found);
	assert_int_equal(last_of(desk)->alert_id, desk->tickets[0]);
	assert_int_equal(last_of(desk)->revision, 8);
	assert_int_equal(last_of(desk)->flows, 1);
	assert_int_equal(last_of(desk)->episode_ns, facts_ns(1.0000005));
	desk_free(desk);
}

static void test_an_answer_at_once(void **state)
{
	struct desk *desk = desk_new(10, true);
	struct open_alert found = open_before(SID_SESSION, LEVEL_CONFIRMED);

	(void)state;
	desk->is_prompt = true;
	give_login(desk, 1, 7, 0);
	assert_int_equal(last_of(desk)->revision, 1);
	assert_int_equal(last_of(desk)->alert_id, desk->tickets[0]);
	desk->at_once = &found;
	give_login(desk, 2, 8, 0);
	assert_int_equal(desk->count, 2);
	assert_int_equal(last_of(desk)->alert_id, OLD_ID);
	assert_int_equal(last_of(desk)->revision, 8);
	assert_int_equal(last_of(desk)->sid, SID_SESSION);
	desk_free(desk);
}

static void test_contacts_wait_for_both_grace_and_answer(void **state)
{
	struct desk *desk = desk_new(10, true);
	struct open_alert found = open_before(SID_NAMED, LEVEL_LIKELY);

	(void)state;
	/* The answer comes first. */
	give_lookup(desk, 1, 7);
	answer(desk, 2, NULL);
	assert_int_equal(desk->count, 0);
	alert_advance(desk->table, facts_ns(32));
	assert_int_equal(desk->count, 1);
	assert_int_equal(last_of(desk)->decision.time_ns, facts_ns(1 + LIMIT_CONTACT_GRACE_S));
	/* The grace is over first. */
	give_lookup(desk, 40, 8);
	alert_advance(desk->table, facts_ns(80));
	assert_int_equal(desk->count, 1);
	answer(desk, 81, &found);
	assert_int_equal(desk->count, 2);
	assert_int_equal(last_of(desk)->decision.time_ns, facts_ns(81));
	assert_int_equal(last_of(desk)->sid, SID_NAMED);
	assert_int_equal(last_of(desk)->revision, 8);
	desk_free(desk);
}

static void test_several_wait_at_once(void **state)
{
	struct desk *desk = desk_new(10, true);
	struct open_alert found = open_before(SID_LOGIN, LEVEL_LIKELY);

	(void)state;
	for (uint8_t client = 1; client <= 3; client++)
		give_login(desk, client, client, 0);
	alert_opened(desk->table, desk->tickets[1], &found, facts_ns(4));
	assert_int_equal(desk->count, 1);
	assert_int_equal(last_of(desk)->parties.key.addr[0][3], 2);
	assert_int_equal(last_of(desk)->alert_id, OLD_ID);
	alert_opened(desk->table, desk->tickets[0], NULL, facts_ns(5));
	alert_opened(desk->table, desk->tickets[2], NULL, facts_ns(6));
	assert_int_equal(desk->count, 3);
	desk_free(desk);
}

static void test_who_has_no_answer_is_told_at_the_end(void **state)
{
	struct desk *desk = desk_new(10, true);

	(void)state;
	give_login(desk, 1, 7, 0);
	give_lookup(desk, 2, 8);
	give_hostile(desk, 2, 9, 50000);
	alert_flush(desk->table, facts_ns(3));
	assert_int_equal(desk->count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(desk->revisions[i].revision, 1);
		assert_int_equal(desk->revisions[i].decision.time_ns, facts_ns(3));
	}
	alert_flush(desk->table, facts_ns(3));
	assert_int_equal(desk->count, 3);
	desk_free(desk);
}

/* Making room must not lose what waits for an answer. */
static void test_who_makes_room_is_told_first(void **state)
{
	struct desk *desk = desk_new(2, true);

	(void)state;
	give_login(desk, 1, 7, 0); /* held: would have been told */
	give_lookup(desk, 2, 8);   /* in its grace */
	give_login(desk, 3, 9, 0);
	assert_int_equal(desk->count, 1);
	assert_int_equal(last_of(desk)->parties.key.addr[0][3], 7);
	assert_int_equal(last_of(desk)->revision, 1);
	give_login(desk, 4, 10, 0);
	assert_int_equal(desk->count, 2);
	assert_int_equal(last_of(desk)->parties.key.addr[0][3], 8);
	assert_int_equal(desk->stats.correlator_capped, 2);
	/* Their answers come too late, and hit nobody else. */
	alert_opened(desk->table, desk->tickets[0], NULL, facts_ns(5));
	alert_opened(desk->table, desk->tickets[1], NULL, facts_ns(5));
	assert_int_equal(desk->count, 2);
	desk_free(desk);
}

static void test_an_episode_that_ends_without_an_answer_is_told(void **state)
{
	struct desk *desk = desk_new(10, true);

	(void)state;
	give_login(desk, 1, 7, 0);
	alert_advance(desk->table, facts_ns(2.0 + LIMIT_EPISODE_S));
	assert_int_equal(alert_count(desk->table), 0);
	assert_int_equal(desk->count, 1);
	assert_int_equal(last_of(desk)->revision, 1);
	desk_free(desk);
}

static void test_a_contact_that_is_absorbed_before_its_answer(void **state)
{
	struct desk *desk = desk_new(10, true);

	(void)state;
	give_lookup(desk, 1, 7);
	give_job(desk, 2, 7, pool_id());
	assert_int_equal(alert_count(desk->table), 1);
	alert_opened(desk->table, desk->tickets[0], NULL, facts_ns(3));
	assert_int_equal(desk->count, 0);
	alert_opened(desk->table, desk->tickets[1], NULL, facts_ns(3));
	assert_int_equal(desk->count, 1);
	assert_true(evidence_has(&last_of(desk)->evidence, EVIDENCE_POOL_LOOKUP));
	desk_free(desk);
}

/* --- identities ----------------------------------------------------------------------------- */

static bool is_client(void *ctx, const struct decision_parties *parties)
{
	return parties->key.addr[parties->client_side][3] == *(const uint8_t *)ctx;
}

static void test_a_known_identity_is_in_every_revision(void **state)
{
	struct desk *desk = desk_new(10, false);

	(void)state;
	give_login(desk, 1, 7, 0);
	assert_string_equal(last_of(desk)->identity.instance_id, "");
	assert_int_equal(last_of(desk)->identity.confidence, CONFIDENCE_NONE);
	desk->has_identity = true;
	desk->identity.confidence = CONFIDENCE_HIGH;
	snprintf(desk->identity.instance_id, LIMIT_NAME_TEXT, "i-0a1b2c3d4e5f60718");
	give_job(desk, 2, 7, 0);
	assert_string_equal(last_of(desk)->identity.instance_id, "i-0a1b2c3d4e5f60718");
	desk_free(desk);
}

static void test_an_identity_that_comes_late_revises(void **state)
{
	struct desk *desk = desk_new(10, false);
	uint8_t client = 7;

	(void)state;
	give_login(desk, 1, 7, 0);
	give_hostile(desk, 1, 7, 50000);
	give_login(desk, 1, 8, 0);
	alert_advance(desk->table, facts_ns(10));
	give_lookup(desk, 11, 7); /* pending */
	assert_int_equal(desk->count, 3);
	desk->has_identity = true;
	snprintf(desk->identity.instance_id, LIMIT_NAME_TEXT, "i-0a1b2c3d4e5f60718");
	alert_identified(desk->table, is_client, &client, facts_ns(12));
	assert_int_equal(desk->count, 5);
	for (size_t i = 3; i < 5; i++) {
		assert_int_equal(desk->revisions[i].revision, 2);
		assert_int_equal(desk->revisions[i].decision.time_ns, facts_ns(12));
		assert_int_equal(desk->revisions[i].parties.key.addr[0][3], 7);
		assert_string_equal(desk->revisions[i].identity.instance_id, "i-0a1b2c3d4e5f60718");
	}
	client = 9;
	alert_identified(desk->table, is_client, &client, facts_ns(13));
	assert_int_equal(desk->count, 5);
	desk_free(desk);
}

static void test_an_identity_does_not_overtake_the_answer(void **state)
{
	struct desk *desk = desk_new(10, true);
	uint8_t client = 7;

	(void)state;
	give_login(desk, 1, 7, 0);
	alert_identified(desk->table, is_client, &client, facts_ns(2));
	assert_int_equal(desk->count, 0);
	answer(desk, 3, NULL);
	assert_int_equal(desk->count, 1);
	assert_int_equal(last_of(desk)->revision, 1);
	desk_free(desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_published_before_the_answer),
		cmocka_unit_test(test_an_open_alert_goes_on),
		cmocka_unit_test(test_level_and_sid_are_never_lowered),
		cmocka_unit_test(test_what_does_not_go_on),
		cmocka_unit_test(test_a_replay_goes_on_with_its_own),
		cmocka_unit_test(test_an_answer_at_once),
		cmocka_unit_test(test_contacts_wait_for_both_grace_and_answer),
		cmocka_unit_test(test_several_wait_at_once),
		cmocka_unit_test(test_who_has_no_answer_is_told_at_the_end),
		cmocka_unit_test(test_who_makes_room_is_told_first),
		cmocka_unit_test(test_an_episode_that_ends_without_an_answer_is_told),
		cmocka_unit_test(test_a_contact_that_is_absorbed_before_its_answer),
		cmocka_unit_test(test_a_known_identity_is_in_every_revision),
		cmocka_unit_test(test_an_identity_that_comes_late_revises),
		cmocka_unit_test(test_an_identity_does_not_overtake_the_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
