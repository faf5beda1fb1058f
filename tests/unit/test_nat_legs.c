/* test_nat_legs.c: sessions of two sides of one connection go in, and what is left comes out. */
#include "sensor/nat_legs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/nat_rig.h"

static void inside_first_waits_for_nobody(void **state)
{
	uint64_t id = facts_flow_id(7, 50000);

	(void)state;
	feed_session(session(2, 7, 50000));
	assert_int_equal(seen_count, 1);
	expect(0, id, FACT_SESSION, 0);
	feed_session(outer_session(2.0003, 7, 50000, 1025));
	assert_int_equal(seen_count, 1);
	/* What went on already is told of its outer side. */
	assert_int_equal(joined_count, 1);
	assert_int_equal(joined_id, id);
	assert_int_equal(joined_port, 1025);
	/* From now on the inner side carries it, and the outer one is not heard of again. */
	feed_session(session(3, 7, 50000));
	feed_session(outer_session(3.0003, 7, 50000, 1025));
	feed_session(session(63, 7, 50000));
	feed_session(outer_session(63.0003, 7, 50000, 1025));
	assert_int_equal(seen_count, 3);
	expect(1, id, FACT_SESSION, 1025);
	expect(2, id, FACT_SESSION, 1025);
	assert_int_equal(joined_count, 1);
	assert_int_equal(stats.nat_pairs, 1);
	assert_int_equal(stats.nat_joined, 3);
	assert_int_equal(stats.nat_held, 0);
}

static void records_of_a_pair_are_one(void **state)
{
	struct flow_record inner = record(90, 7, 50000);
	struct flow_record outer = outer_record(90.0003, 7, 50000, 1025);

	(void)state;
	inner.has_session = 1;
	outer.has_session = 1;
	feed_session(session(2, 7, 50000));
	feed_session(outer_session(2.0003, 7, 50000, 1025));
	inner.end = FLOW_END_ACTIVE;
	outer.end = FLOW_END_ACTIVE;
	feed_record(outer); /* whichever comes first */
	inner.fact.time_ns = outer.fact.time_ns + 1;
	feed_record(inner);
	inner.end = FLOW_END_CLOSED;
	outer.end = FLOW_END_CLOSED;
	inner.fact.time_ns += 1000;
	outer.fact.time_ns += 2000;
	feed_record(inner);
	feed_record(outer);
	assert_int_equal(seen_count, 3);
	expect(1, facts_flow_id(7, 50000), FACT_FLOW, 1025);
	expect(2, facts_flow_id(7, 50000), FACT_FLOW, 1025);
}

static void outside_first_waits_for_inside(void **state)
{
	(void)state;
	feed_session(outer_session(2, 7, 50000, 1025));
	feed_session(outer_session(2.1, 7, 50000, 1025));
	assert_int_equal(seen_count, 0);
	feed_session(session(2.2, 7, 50000));
	feed_session(session(2.3, 7, 50000));
	nat_legs_flush(legs, facts_ns(900));
	assert_int_equal(seen_count, 2);
	expect(0, facts_flow_id(7, 50000), FACT_SESSION, 1025);
	expect(1, facts_flow_id(7, 50000), FACT_SESSION, 1025);
	assert_int_equal(joined_count, 0);
	assert_int_equal(stats.nat_held, 2);
	assert_int_equal(stats.nat_joined, 2);
}

/* Without an inner side its facts go on in order, each with its own time. */
static void outside_alone_is_told(void **state)
{
	struct flow_record end = outer_record(2.2, 7, 50000, 1025);
	uint64_t id = facts_flow_id(7, 50000) + OUTER;

	(void)state;
	end.has_session = 1;
	feed_session(outer_session(2, 7, 50000, 1025));
	feed_session(outer_session(2.1, 7, 50000, 1025));
	feed_record(end);
	nat_legs_advance(legs, facts_ns(2.5));
	assert_int_equal(seen_count, 0); /* due then, not before */
	nat_legs_advance(legs, facts_ns(10));
	assert_int_equal(seen_count, 3);
	expect(0, id, FACT_SESSION, 0);
	expect(1, id, FACT_SESSION, 0);
	expect(2, id, FACT_FLOW, 0);
	assert_int_equal(seen[0].time_ns, facts_ns(2));
	assert_int_equal(seen[0].now_ns, facts_ns(2.5));
	assert_int_equal(seen[2].time_ns, facts_ns(2.2));
	/* Later facts of a flow that was decided do not wait. */
	feed_session(outer_session(60, 7, 50000, 1025));
	assert_int_equal(seen_count, 4);
	assert_int_equal(stats.nat_pairs, 0);
}

static void a_sensor_that_sees_one_side_stops_waiting(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LIMIT_NAT_DOUBTS; i++)
		feed_session(outer_session(2 + i, (uint8_t)i, 50000, (uint16_t)(2000 + i)));
	nat_legs_advance(legs, facts_ns(1000));
	assert_int_equal(seen_count, LIMIT_NAT_DOUBTS);
	feed_session(outer_session(1001, 200, 50000, 1025));
	assert_int_equal(seen_count, LIMIT_NAT_DOUBTS + 1);
	/* A configured address is no doubt: it waits, however often that was in vain. */
	begin(1, 1000);
	for (unsigned i = 0; i < 2 * LIMIT_NAT_DOUBTS; i++)
		feed_session(outer_session(2 + i, (uint8_t)i, 50000, (uint16_t)(2000 + i)));
	assert_int_equal(stats.nat_held, 2 * LIMIT_NAT_DOUBTS);
}

/* TCP that a proxy ends and begins anew has numbers of its own. */
static void other_numbers_are_another_connection(void **state)
{
	struct session_fact outer = outer_session(2.0003, 7, 50000, 1025);

	(void)state;
	outer.isn[1]++;
	feed_session(session(2, 7, 50000));
	feed(&outer.fact);
	outer.isn[1]--;
	outer.isn[0]++;
	outer.flow_id++;
	feed(&outer.fact);
	outer.isn[0]--;
	outer.flow_id++;
	outer.key.port[1]++; /* another server */
	feed(&outer.fact);
	nat_legs_flush(legs, facts_ns(100));
	assert_int_equal(seen_count, 4);
	assert_int_equal(stats.nat_pairs, 0);
}

static void one_client_twice_is_no_pair(void **state)
{
	struct session_fact again = session(2.0003, 7, 50000);

	(void)state;
	again.key.scope.vlan_count = 1; /* the same packets, mirrored in another network */
	again.key.scope.vlan[0] = 100;
	again.flow_id++;
	feed_session(session(2, 7, 50000));
	feed(&again.fact);
	assert_int_equal(seen_count, 2);
	assert_int_equal(stats.nat_pairs, 0);
}

/* Two NATs one behind the other, or the outer side mirrored in two networks. */
static void a_third_side_is_told_by_nobody(void **state)
{
	struct contact_fact third_contact = outer_contact(1.0005, 7, 50000, 1026);
	struct session_fact third = outer_session(2.0005, 7, 50000, 1026);
	struct flow_record inner_end = record(90, 7, 50000);
	struct flow_record outer_end = outer_record(90, 7, 50000, 1025);
	struct flow_record third_end = outer_record(90, 7, 50000, 1026);

	(void)state;
	third_contact.flow_id += OUTER;
	third.flow_id += OUTER;
	third_end.flow_id += OUTER;
	inner_end.has_session = 1;
	outer_end.has_session = 1;
	third_end.has_session = 1;
	feed_contact(contact(1, 7, 50000));
	feed_contact(outer_contact(1.0003, 7, 50000, 1025));
	feed(&third_contact.fact);
	feed_session(session(2, 7, 50000));
	feed_session(outer_session(2.0003, 7, 50000, 1025));
	feed(&third.fact);
	feed(&inner_end.fact);
	feed(&outer_end.fact);
	feed(&third_end.fact);
	nat_legs_flush(legs, facts_ns(100));
	assert_int_equal(seen_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(seen[i].flow_id, inner_end.flow_id);
	expect(2, inner_end.flow_id, FACT_FLOW, 1025);
	assert_int_equal(stats.nat_pairs, 1);
	assert_int_equal(stats.nat_joined, 6);
}

static void begun_too_far_apart_is_no_pair(void **state)
{
	struct session_fact outer = outer_session(4, 7, 50000, 1025);

	(void)state;
	outer.first_ns = facts_ns(1) + LIMIT_NAT_WINDOW_MS * 1000000ull + 1;
	feed_session(session(4, 7, 50000));
	feed(&outer.fact);
	nat_legs_flush(legs, facts_ns(100));
	assert_int_equal(seen_count, 2);
	assert_int_equal(stats.nat_pairs, 0);
	/* At the edge it is one. */
	begin(0, 100);
	outer.first_ns--;
	feed_session(session(4, 7, 50000));
	feed(&outer.fact);
	assert_int_equal(stats.nat_pairs, 1);
}

static void without_a_handshake_nothing_is_paired(void **state)
{
	struct session_fact inner = session(2, 7, 50000);
	struct session_fact outer = outer_session(2.0003, 7, 50000, 1025);

	(void)state;
	inner.isn[1] = 0;
	outer.isn[1] = 0;
	feed(&inner.fact);
	feed(&outer.fact);
	assert_int_equal(seen_count, 2); /* and nothing waits */
	assert_int_equal(stats.nat_pairs, 0);
}

/* Which one is inside, when the sides come in either order. */
static void expect_inside(struct session_fact one, struct session_fact two, uint64_t inside_id)
{
	for (int turn = 0; turn < 2; turn++) {
		struct session_fact *first = turn == 0 ? &one : &two;
		struct session_fact *second = turn == 0 ? &two : &one;

		begin(1, 100);
		first->fact.time_ns = facts_ns(2);
		second->fact.time_ns = facts_ns(2.0003);
		feed(&first->fact);
		feed(&second->fact);
		first->fact.time_ns = facts_ns(3);
		second->fact.time_ns = facts_ns(3);
		feed(&first->fact);
		feed(&second->fact);
		nat_legs_flush(legs, facts_ns(100));
		assert_int_equal(stats.nat_pairs, 1);
		for (size_t i = 0; i < seen_count; i++)
			if (seen[i].time_ns == facts_ns(3))
				assert_int_equal(seen[i].flow_id, inside_id);
	}
}

static void the_inner_side_is_known(void **state)
{
	struct session_fact inner = session(2, 7, 50000);
	struct session_fact outer = session(2, 7, 50000);

	(void)state;
	outer.flow_id += OUTER;
	outer.key.port[0] = 1025;
	/* Two private clients: the earlier SYN. */
	inner.first_ns = facts_ns(1);
	outer.first_ns = facts_ns(1.0003);
	expect_inside(inner, outer, inner.flow_id);
	/* The mirror of an instance, although its clock is late. */
	inner.first_ns = facts_ns(1.001);
	inner.key.scope.tunnel = TUNNEL_VXLAN;
	inner.key.scope.id = 4097;
	expect_inside(inner, outer, inner.flow_id);
	/* A configured NAT is never inside, wherever it was seen. */
	outer_key(&outer.key, 1025);
	outer.key.scope.tunnel = TUNNEL_VXLAN;
	outer.first_ns = facts_ns(0.9);
	inner.key.scope.tunnel = TUNNEL_NONE;
	expect_inside(inner, outer, inner.flow_id);
}

static void nat64_is_seen_through(void **state)
{
	static const uint8_t server[16] = { 0, 0x64, 0xff, 0x9b, 0,   0,  0,   0,
					    0, 0,    0,    0,    198, 51, 100, 120 };
	struct session_fact inner = session(2, 7, 50000);

	(void)state;
	inner.key.ip_version = 6;
	memset(inner.key.addr, 0, sizeof(inner.key.addr));
	inner.key.addr[0][0] = 0xfd;
	memcpy(inner.key.addr[1], server, sizeof(server));
	feed(&inner.fact);
	feed_session(outer_session(2.0003, 7, 50000, 1025));
	assert_int_equal(seen_count, 1);
	assert_int_equal(joined_count, 1);
}

/* A pair that had to make room is found again: each fact carries what it needs. */
static void pairs_survive_a_full_table(void **state)
{
	(void)state;
	begin(0, 2);
	feed_session(session(2, 7, 50000));
	feed_session(outer_session(2.0003, 7, 50000, 1025));
	for (uint8_t i = 20; i < 30; i++)
		feed_session(session(3, i, 50000));
	seen_count = 0;
	feed_session(session(60, 7, 50000));
	feed_session(outer_session(60.0003, 7, 50000, 1025));
	assert_int_equal(seen_count, 1);
	expect(0, facts_flow_id(7, 50000), FACT_SESSION, 0);
	feed_session(session(120, 7, 50000));
	expect(1, facts_flow_id(7, 50000), FACT_SESSION, 1025);
}

/* So many connections with numbers of their own on each side that the self-test fails. */
static void make_opaque(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	for (uint16_t i = 0; i < LIMIT_NAT_OPAQUE; i++) {
		struct flow_record outer =
			outer_record(5 + i, 7, (uint16_t)(30000 + i), (uint16_t)(2000 + i));

		outer.isn[0] ^= 0x5a5a5a5a;
		feed_record(record(5 + i, 7, (uint16_t)(30000 + i)));
		feed(&outer.fact);
	}
	seen_count = 0;
}

static void a_nat_that_rewrites_numbers_is_noticed(void **state)
{
	(void)state;
	make_opaque();
	/* What would be a pair is none any more. */
	feed_session(session(500, 7, 50000));
	feed_contact(contact(500.2, 7, 50000));
	feed_contact(outer_contact(500.2, 7, 50000, 1025));
	feed_record(record(501, 8, 50000));
	feed_record(outer_record(501, 8, 50000, 1026));
	assert_int_equal(seen_count, 5);
	assert_int_equal(stats.nat_pairs, 0);
}

/* Then only what a session says tells. */
static void first_words_pair_sessions(void **state)
{
	struct session_fact inner = session(500, 7, 50000);
	struct session_fact outer = outer_session(500.0003, 7, 50000, 1025);
	struct flow_record inner_end = record(600, 7, 50000);
	struct flow_record outer_end = outer_record(600.0003, 7, 50000, 1025);

	(void)state;
	outer.isn[0] ^= 0x5a5a5a5a;
	outer_end.isn[0] = outer.isn[0];
	inner.said = 0xfeedf00dcafe;
	inner.said_ns = facts_ns(500);
	outer.said = inner.said;
	outer.said_ns = facts_ns(500.0003);
	inner_end.has_session = 1;
	outer_end.has_session = 1;
	for (int turn = 0; turn < 2; turn++) { /* whichever comes first */
		begin(0, 100);
		make_opaque();
		inner.fact.time_ns = facts_ns(turn == 0 ? 500 : 500.0006);
		outer.fact.time_ns = facts_ns(500.0003);
		feed(turn == 0 ? &inner.fact : &outer.fact);
		assert_int_equal(seen_count, turn == 0);
		feed(turn == 0 ? &outer.fact : &inner.fact);
		outer.fact.time_ns = facts_ns(560);
		inner.fact.time_ns = facts_ns(560);
		feed(&inner.fact);
		feed(&outer.fact);
		feed(&inner_end.fact);
		feed(&outer_end.fact);
		nat_legs_flush(legs, facts_ns(1000));
		assert_int_equal(seen_count, 3);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(seen[i].flow_id, inner.flow_id);
		expect(1, inner.flow_id, FACT_SESSION, 1025);
		expect(2, inner.flow_id, FACT_FLOW, 1025);
		assert_int_equal(stats.nat_pairs, 1);
	}
}

static void one_pair_ends_the_self_test(void **state)
{
	(void)state;
	feed_session(session(2, 9, 50000));
	feed_session(outer_session(2.0003, 9, 50000, 1025));
	for (uint16_t i = 0; i < 2 * LIMIT_NAT_OPAQUE; i++) {
		struct flow_record outer =
			outer_record(5 + i, 7, (uint16_t)(30000 + i), (uint16_t)(2000 + i));

		outer.isn[0] ^= 0x5a5a5a5a;
		feed_record(record(5 + i, 7, (uint16_t)(30000 + i)));
		feed(&outer.fact);
	}
	feed_session(session(700, 7, 50000));
	feed_session(outer_session(700.0003, 7, 50000, 1025));
	assert_int_equal(stats.nat_pairs, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(inside_first_waits_for_nobody),
		TEST(records_of_a_pair_are_one),
		TEST(outside_first_waits_for_inside),
		TEST(outside_alone_is_told),
		TEST(a_sensor_that_sees_one_side_stops_waiting),
		TEST(other_numbers_are_another_connection),
		TEST(one_client_twice_is_no_pair),
		TEST(a_third_side_is_told_by_nobody),
		TEST(begun_too_far_apart_is_no_pair),
		TEST(without_a_handshake_nothing_is_paired),
		TEST(the_inner_side_is_known),
		TEST(nat64_is_seen_through),
		TEST(pairs_survive_a_full_table),
		TEST(a_nat_that_rewrites_numbers_is_noticed),
		TEST(first_words_pair_sessions),
		TEST(one_pair_ends_the_self_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
