/* test_nat_records.c: contacts and flow records of two sides of one connection. */
#include "sensor/nat_legs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/nat_rig.h"

static void contacts_are_paired_by_their_syn(void **state)
{
	uint64_t id = facts_flow_id(7, 50000);

	(void)state;
	feed_contact(contact(1, 7, 50000));
	feed_contact(outer_contact(1.0003, 7, 50000, 1025));
	assert_int_equal(seen_count, 1);
	expect(0, id, FACT_CONTACT, 0);
	assert_int_equal(joined_id, id);
	assert_int_equal(joined_port, 1025);
	/* The login already knows. */
	feed_session(session(2, 7, 50000));
	expect(1, id, FACT_SESSION, 1025);
	/* The outer side first: told, and taken back. */
	feed_contact(outer_contact(3, 8, 50000, 1026));
	feed_contact(contact(3.0003, 8, 50000));
	expect(2, facts_flow_id(8, 50000) + OUTER, FACT_CONTACT, 0);
	expect(3, facts_flow_id(8, 50000), FACT_CONTACT, 1026);
	assert_int_equal(withdrawn_count, 1);
	assert_int_equal(withdrawn_id, facts_flow_id(8, 50000) + OUTER);
	/* Their flow records are one, too, even if the server never answered. */
	struct flow_record inner = record(60, 8, 50000);
	struct flow_record outer = outer_record(60, 8, 50000, 1026);

	inner.isn[1] = 0;
	outer.isn[1] = 0;
	feed_record(outer);
	feed_record(inner);
	assert_int_equal(seen_count, 5);
	expect(4, facts_flow_id(8, 50000), FACT_FLOW, 1026);
	assert_int_equal(stats.nat_pairs, 2);
}

static void contacts_need_more_than_a_number(void **state)
{
	struct contact_fact outer = outer_contact(1.0003, 7, 50000, 1025);
	struct contact_fact other = contact(1.0003, 9, 50000);

	(void)state;
	feed_contact(contact(1, 7, 50000));
	outer.syn_options++;
	feed(&outer.fact);
	assert_int_equal(seen_count, 2);
	/* Two private clients: one could claim the other's number. */
	other.isn = 1007;
	feed(&other.fact);
	assert_int_equal(seen_count, 3);
	assert_int_equal(stats.nat_pairs, 0);
	/* No SYN, no number. */
	outer = outer_contact(1.0005, 7, 50000, 1025);
	outer.isn = 0;
	feed(&outer.fact);
	assert_int_equal(seen_count, 4);
	assert_int_equal(withdrawn_count, 0);
}

/* Contacts that their SYNs did not join are joined by the sessions. */
static void a_session_takes_the_contact_back(void **state)
{
	struct contact_fact outer = outer_contact(1.0003, 7, 50000, 1025);
	struct session_fact inner_login = session(2, 7, 50000);
	struct session_fact outer_login = outer_session(2.0003, 7, 50000, 1025);

	(void)state;
	inner_login.contact = 1;
	outer_login.contact = 1;
	outer.syn_options++; /* the NAT took one away */
	feed_contact(contact(1, 7, 50000));
	feed(&outer.fact);
	assert_int_equal(seen_count, 2);
	feed(&inner_login.fact);
	feed(&outer_login.fact);
	assert_int_equal(stats.nat_pairs, 1);
	assert_int_equal(seen_count, 3);
	assert_int_equal(withdrawn_count, 1);
	assert_int_equal(withdrawn_id, outer.flow_id);
	/* One that ended here already is not taken back again. */
	begin(0, 100);
	feed_contact(contact(1, 7, 50000));
	feed_contact(outer_contact(1.0003, 7, 50000, 1025));
	feed(&inner_login.fact);
	feed(&outer_login.fact);
	assert_int_equal(withdrawn_count, 0);
	assert_int_equal(stats.nat_pairs, 1);
}

static void ordinary_records_teach_and_are_joined(void **state)
{
	(void)state;
	/* Nothing is known: both go out at once, and the address is learnt. */
	feed_record(record(5, 7, 50000));
	feed_record(outer_record(5.1, 7, 50000, 1025));
	assert_int_equal(seen_count, 2);
	expect(0, facts_flow_id(7, 50000), FACT_FLOW, 0);
	assert_int_equal(stats.nat_pairs, 1);
	/* From then on they are one, whichever comes first. */
	feed_record(record(6, 8, 50000));
	assert_int_equal(seen_count, 2);
	feed_record(outer_record(6.5, 8, 50000, 1026));
	assert_int_equal(seen_count, 3);
	expect(2, facts_flow_id(8, 50000), FACT_FLOW, 1026);
	feed_record(outer_record(7, 9, 50000, 1027));
	assert_int_equal(seen_count, 3);
	feed_record(record(7.5, 9, 50000));
	assert_int_equal(seen_count, 4);
	expect(3, facts_flow_id(9, 50000), FACT_FLOW, 1027);
	assert_int_equal(stats.nat_held, 2);
	assert_int_equal(stats.nat_joined, 2);
}

static void a_record_without_other_side_goes_when_due(void **state)
{
	struct flow_record local = record(5, 8, 50000);

	(void)state;
	begin(1, 100);
	feed_record(outer_record(5, 7, 50000, 1025));
	local.key.addr[1][0] = 10; /* to a private server: never held */
	feed(&local.fact);
	assert_int_equal(seen_count, 1);
	nat_legs_advance(legs, facts_ns(8));
	assert_int_equal(seen_count, 1);
	nat_legs_advance(legs, facts_ns(8) + 1);
	assert_int_equal(seen_count, 2);
	expect(1, facts_flow_id(7, 50000) + OUTER, FACT_FLOW, 0);
	assert_int_equal(seen[1].time_ns, facts_ns(5));
	/* One that had to wait does so in order with its interim record. */
	local = record(20, 9, 50000);
	local.end = FLOW_END_ACTIVE;
	feed(&local.fact);
	local.end = FLOW_END_CLOSED;
	local.fact.time_ns++;
	feed(&local.fact);
	assert_int_equal(seen_count, 3);
	nat_legs_flush(legs, facts_ns(30));
	assert_int_equal(seen_count, 4);
}

static void what_is_held_is_bounded(void **state)
{
	(void)state;
	begin(1, 100000);
	for (uint32_t i = 0; i < LIMIT_NAT_RECORDS + 5; i++) {
		struct flow_record one = outer_record(5, 7, 50000, 1025);

		one.isn[0] = 100000 + i;
		one.flow_id = i + 1;
		feed(&one.fact);
	}
	assert_int_equal(seen_count, 5);
	expect(4, 5, FACT_FLOW, 0);
	assert_int_equal(stats.nat_hold_capped, 5);
	begin(1, 100000);
	for (uint32_t i = 0; i < LIMIT_NAT_FACTS + 3; i++) {
		struct session_fact one = outer_session(5, 7, 50000, 1025);

		one.isn[0] = 100000 + i;
		one.flow_id = i + 1;
		feed(&one.fact);
	}
	assert_int_equal(seen_count, 3);
	expect(2, 3, FACT_SESSION, 0);
	assert_int_equal(stats.nat_hold_capped, 3);
	nat_legs_flush(legs, facts_ns(5));
	assert_int_equal(seen_count, LIMIT_NAT_FACTS + 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(contacts_are_paired_by_their_syn),
		TEST(contacts_need_more_than_a_number),
		TEST(a_session_takes_the_contact_back),
		TEST(ordinary_records_teach_and_are_joined),
		TEST(a_record_without_other_side_goes_when_due),
		TEST(what_is_held_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
