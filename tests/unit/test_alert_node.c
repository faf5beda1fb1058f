/* test_alert_node.c: alerts of coin nodes, beside those of miners. */
#include "sensor/alert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/alert_log.h"
#include "tests/unit/facts.h"

static struct decision_parties parties_of(const struct flow_key *key, uint64_t flow_id)
{
	struct decision_parties parties;

	memset(&parties, 0, sizeof(parties));
	parties.key = *key;
	parties.flow_id = flow_id;
	return parties;
}

static struct alert_name give(const struct session_fact *fact, const struct session_view *before)
{
	struct decision_parties parties = parties_of(&fact->key, fact->flow_id);

	alert_advance(table, fact->fact.time_ns);
	return alert_session(table, fact, &parties, before);
}

static struct alert_name give_flow(double seconds, uint16_t port, bool has_session)
{
	struct flow_record record = facts_flow(seconds, 7, port, FLOW_END_CLOSED);
	struct decision_parties parties = parties_of(&record.key, record.flow_id);

	record.has_session = has_session;
	alert_advance(table, record.fact.time_ns);
	return alert_flow(table, &record, &parties);
}

/* A session that is a coin node's, or only suspect. */
static struct session_fact weak(double seconds, uint16_t port, enum level level)
{
	struct session_fact fact = facts_login(seconds, 7, port);

	fact.view.level = (uint8_t)level;
	fact.view.role = level == LEVEL_NODE ? ROLE_NODE : ROLE_UNKNOWN;
	memset(&fact.view.evidence, 0, sizeof(fact.view.evidence));
	evidence_add(&fact.view.evidence,
		     level == LEVEL_NODE ? EVIDENCE_NODE : EVIDENCE_HANDSHAKE_SIZES);
	memset(fact.view.wallet, 0, sizeof(fact.view.wallet));
	memset(fact.view.worker, 0, sizeof(fact.view.worker));
	snprintf(fact.view.agent, sizeof(fact.view.agent), "/Satoshi:27.0.0/");
	return fact;
}

static void a_node_has_an_alert_of_its_own(void **state)
{
	struct session_fact fact = weak(1, 50000, LEVEL_NODE);
	struct alert_name name;

	(void)state;
	name = give(&fact, NULL);
	assert_int_equal(count, 1);
	assert_int_equal(name.sid, SID_NODE);
	assert_int_equal(revisions[0].sid, SID_NODE);
	assert_int_equal(revisions[0].level, LEVEL_NODE);
	assert_int_equal(revisions[0].view.role, ROLE_NODE);
	assert_int_equal(revisions[0].flows, 1);
	assert_int_equal(revisions[0].evidence.words[0], EVIDENCE_NODE);
	/* Another connection of the same node folds. */
	fact = weak(2, 50001, LEVEL_NODE);
	assert_int_equal(give(&fact, NULL).id, name.id);
	assert_int_equal(count, 1);
	assert_int_equal(give_flow(3, 50001, true).id, name.id);
	assert_int_equal(give_flow(3, 50002, false).id, 0); /* nobody said what it was */
}

static void a_mere_suspicion_raises_nothing(void **state)
{
	struct session_fact fact = weak(1, 50000, LEVEL_SUSPECT);
	struct session_fact miner = facts_job(3, 7, 50001);

	(void)state;
	assert_int_equal(give(&fact, NULL).id, 0);
	assert_int_equal(count, 0);
	assert_int_equal(alert_count(table), 0);
	give(&miner, NULL);
	assert_int_equal(count, 1);
	fact.fact.time_ns = facts_ns(4);
	assert_int_equal(give(&fact, NULL).id, revisions[0].alert_id); /* named, not folded */
	assert_int_equal(count, 1);
	assert_int_equal(revisions[0].flows, 1);
}

static void mining_on_a_node_raises_the_sessions_alert(void **state)
{
	struct session_fact node = weak(1, 50000, LEVEL_NODE);
	struct session_fact miner = facts_job(5, 7, 50000);
	struct alert_name name;

	(void)state;
	give(&node, NULL);
	name = give(&miner, &node.view);
	assert_int_equal(count, 2);
	assert_int_equal(revisions[1].sid, SID_SESSION);
	assert_int_equal(revisions[1].level, LEVEL_CONFIRMED);
	assert_int_equal(revisions[1].flows, 1);
	assert_int_equal(revisions[1].revision, 1);
	assert_int_equal(name.id, revisions[1].alert_id);
	assert_true(revisions[0].alert_id != revisions[1].alert_id);
	assert_int_equal(give_flow(9, 50000, true).id, name.id);
	/* The node's own traffic stays the node's. */
	node = weak(10, 50003, LEVEL_NODE);
	assert_int_equal(give(&node, NULL).id, revisions[0].alert_id);
	assert_int_equal(count, 2);
}

static void a_suspicion_that_comes_true_counts_its_flow(void **state)
{
	struct session_fact suspect = weak(1, 50000, LEVEL_SUSPECT);
	struct session_fact miner = facts_login(5, 7, 50000);

	(void)state;
	give(&suspect, NULL);
	give(&miner, &suspect.view);
	assert_int_equal(count, 1);
	assert_int_equal(revisions[0].sid, SID_LOGIN);
	assert_int_equal(revisions[0].flows, 1);
}

static void a_new_rig_is_told_at_once(void **state)
{
	struct session_fact fact = facts_job(1, 7, 50000);
	struct session_view before;

	(void)state;
	give(&fact, NULL);
	before = fact.view;
	fact.fact.time_ns = facts_ns(2);
	snprintf(fact.view.rig, sizeof(fact.view.rig), "rig-9");
	snprintf(fact.view.tag, sizeof(fact.view.tag), "/ExamplePool/");
	give(&fact, &before);
	assert_int_equal(count, 2);
	assert_string_equal(revisions[1].view.rig, "rig-9");
	/* What a later flow does not say stays known. */
	fact = facts_login(3, 7, 50001);
	snprintf(fact.view.agent, sizeof(fact.view.agent), "another");
	give(&fact, NULL);
	assert_string_equal(revisions[2].view.rig, "rig-9");
	assert_string_equal(revisions[2].view.tag, "/ExamplePool/");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_node_has_an_alert_of_its_own),
		TEST(a_mere_suspicion_raises_nothing),
		TEST(mining_on_a_node_raises_the_sessions_alert),
		TEST(a_suspicion_that_comes_true_counts_its_flow),
		TEST(a_new_rig_is_told_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
