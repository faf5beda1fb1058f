/* test_alert_table.c: which alert a fact belongs to: episodes, tenants, causes, ids; the cap and
 * the timers. */
#include "tests/unit/alert_cloud_desk.h"

#include "sensor/alert_timer.h"

static void test_episode_ends_in_silence(void **state)
{
	struct desk *desk = cloud_desk_new(10);

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
	struct desk *desk = cloud_desk_new(2);
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
	cloud_session(desk, &fact);
}

static void test_tenants_are_apart(void **state)
{
	struct desk *desk = cloud_desk_new(20);
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
	cloud_session(desk, &fact);
	fact.key.scope.vlan[0] = 6;
	fact.flow_id++;
	cloud_session(desk, &fact);
	assert_int_equal(alert_count(desk->table), 7);
	desk_free(desk);
}

static void test_causes_and_addresses_are_apart(void **state)
{
	struct desk *desk = cloud_desk_new(20);
	struct session_fact fact = facts_login(1, 7, 50000);

	(void)state;
	cloud_session(desk, &fact);
	fact.key.port[1] = 3334;
	fact.flow_id++;
	cloud_session(desk, &fact);
	fact.key.addr[1][3] = 121;
	fact.flow_id++;
	cloud_session(desk, &fact);
	memset(fact.key.addr, 0, sizeof(fact.key.addr));
	fact.key.addr[0][0] = 0x20;
	fact.key.addr[1][0] = 0x20;
	fact.key.addr[1][15] = 1;
	fact.key.ip_version = 6;
	fact.flow_id++;
	cloud_session(desk, &fact);
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
		cmocka_unit_test(test_episode_ends_in_silence),
		cmocka_unit_test(test_full_table_drops_the_idlest),
		cmocka_unit_test(test_tenants_are_apart),
		cmocka_unit_test(test_causes_and_addresses_are_apart),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_heap_is_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
