/* test_nat_legs.c: facts of two sides of one connection go in, and what is left of them comes out.
 *
 * The inner side is 10.0.1.N:port (facts.h), the outer one 198.51.100.40:port. */
#include "sensor/nat_legs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sensor/log.h"
#include "tests/unit/facts.h"

#define SEEN_MAX 16384
#define OUTER    0x10000000000ull /* added to the flow id of an inner side */

/* What came out, in order. */
struct seen {
	uint64_t flow_id;
	uint64_t time_ns; /* of the fact */
	uint64_t now_ns;
	uint16_t kind;
	struct decision_nat nat;
};

static struct seen seen[SEEN_MAX];
static size_t seen_count;
static uint64_t joined_id; /* of the last one told */
static uint16_t joined_port;
static unsigned joined_count;
static uint64_t withdrawn_id;
static unsigned withdrawn_count;
static struct net_prefix nats[1];
static struct nat_legs *legs;
static struct stats stats;

static uint64_t id_of(const struct fact *fact)
{
	if (fact->kind == FACT_CONTACT)
		return ((const struct contact_fact *)(const void *)fact)->flow_id;
	if (fact->kind == FACT_SESSION)
		return ((const struct session_fact *)(const void *)fact)->flow_id;
	return ((const struct flow_record *)(const void *)fact)->flow_id;
}

static void on_take(void *ctx, uint64_t now_ns, const struct fact *fact,
		    const struct decision_nat *nat)
{
	struct seen *one = &seen[seen_count++];

	(void)ctx;
	assert_true(seen_count <= SEEN_MAX);
	assert_true(now_ns >= fact->time_ns);
	if (seen_count > 1)
		assert_true(now_ns >= one[-1].now_ns);
	memset(one, 0, sizeof(*one));
	one->flow_id = id_of(fact);
	one->time_ns = fact->time_ns;
	one->now_ns = now_ns;
	one->kind = fact->kind;
	if (nat != NULL)
		one->nat = *nat;
}

static void on_joined(void *ctx, uint64_t now_ns, const struct nat_leg *inside,
		      const struct decision_nat *nat)
{
	(void)ctx;
	(void)now_ns;
	joined_id = inside->flow_id;
	joined_port = nat->key.port[nat->client_side];
	joined_count++;
}

static void on_withdraw(void *ctx, const struct nat_leg *outside)
{
	(void)ctx;
	withdrawn_id = outside->flow_id;
	withdrawn_count++;
}

static void begin(size_t nat_count, size_t max_sessions)
{
	struct nat_legs_options options = {
		.addresses = { .nat = nats, .nat_count = nat_count },
		.max_sessions = max_sessions,
		.take = on_take,
		.joined = on_joined,
		.withdraw = on_withdraw,
	};

	nat_legs_free(legs);
	memset(&stats, 0, sizeof(stats));
	seen_count = 0;
	joined_count = 0;
	withdrawn_count = 0;
	assert_int_equal(net_prefix_parse("198.51.100.40", &nats[0]), 0);
	legs = nat_legs_new(&options, &stats);
	assert_non_null(legs);
}

static int setup(void **state)
{
	(void)state;
	begin(0, 100);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	nat_legs_free(legs);
	legs = NULL;
	return 0;
}

static void feed(const struct fact *fact)
{
	nat_legs_advance(legs, fact->time_ns);
	nat_legs_take(legs, fact->time_ns, fact);
}

/* Turns a key of facts.h into that of the outer side. */
static void outer_key(struct flow_key *key, uint16_t port)
{
	static const uint8_t nat[4] = { 198, 51, 100, 40 };

	memcpy(key->addr[0], nat, sizeof(nat));
	key->port[0] = port;
}

static struct session_fact session(double seconds, uint8_t client, uint16_t port)
{
	struct session_fact fact = facts_login(seconds, client, port);

	fact.first_ns = facts_ns(1);
	fact.isn[0] = 1000u + client;
	fact.isn[1] = 77000u + port;
	return fact;
}

static struct session_fact outer_session(double seconds, uint8_t client, uint16_t port,
					 uint16_t outer_port)
{
	struct session_fact fact = session(seconds, client, port);

	outer_key(&fact.key, outer_port);
	fact.first_ns += 300000;
	fact.flow_id += OUTER;
	return fact;
}

static struct flow_record record(double seconds, uint8_t client, uint16_t port)
{
	struct flow_record fact = facts_flow(seconds, client, port, FLOW_END_CLOSED);

	fact.first_ns = facts_ns(1);
	fact.start_ns = facts_ns(1);
	fact.isn[0] = 1000u + client;
	fact.isn[1] = 77000u + port;
	return fact;
}

static struct flow_record outer_record(double seconds, uint8_t client, uint16_t port,
				       uint16_t outer_port)
{
	struct flow_record fact = record(seconds, client, port);

	outer_key(&fact.key, outer_port);
	fact.first_ns += 300000;
	fact.start_ns = fact.first_ns;
	fact.flow_id += OUTER;
	return fact;
}

static struct contact_fact contact(double seconds, uint8_t client, uint16_t port)
{
	struct contact_fact fact = facts_contact(seconds, client, port);

	fact.isn = 1000u + client;
	fact.syn_options = 4711;
	return fact;
}

static struct contact_fact outer_contact(double seconds, uint8_t client, uint16_t port,
					 uint16_t outer_port)
{
	struct contact_fact fact = contact(seconds, client, port);

	outer_key(&fact.key, outer_port);
	fact.flow_id += OUTER;
	return fact;
}

static void feed_session(struct session_fact fact)
{
	feed(&fact.fact);
}

static void feed_record(struct flow_record fact)
{
	feed(&fact.fact);
}

static void feed_contact(struct contact_fact fact)
{
	feed(&fact.fact);
}

static void expect(size_t at, uint64_t flow_id, uint16_t kind, uint16_t outer_port)
{
	assert_true(at < seen_count);
	assert_int_equal(seen[at].flow_id, flow_id);
	assert_int_equal(seen[at].kind, kind);
	assert_int_equal(seen[at].nat.is_known, outer_port != 0);
	assert_int_equal(seen[at].nat.key.port[0], outer_port);
}

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

static void ranks_of_addresses(void **state)
{
	static const struct {
		const char *text;
		enum nat_rank rank;
	} cases[] = {
		{ "10.255.0.1", NAT_RANK_PRIVATE },   { "172.16.0.1", NAT_RANK_PRIVATE },
		{ "172.31.255.1", NAT_RANK_PRIVATE }, { "172.32.0.1", NAT_RANK_PUBLIC },
		{ "192.168.0.1", NAT_RANK_PRIVATE },  { "192.169.0.1", NAT_RANK_PUBLIC },
		{ "100.64.0.1", NAT_RANK_PRIVATE },   { "100.127.0.1", NAT_RANK_PRIVATE },
		{ "100.128.0.1", NAT_RANK_PUBLIC },   { "198.51.100.40", NAT_RANK_CONFIGURED },
		{ "203.0.113.9", NAT_RANK_HOME },     { "198.51.100.41", NAT_RANK_PUBLIC },
		{ "fd00::1", NAT_RANK_PRIVATE },      { "2001:db8::1", NAT_RANK_PUBLIC },
	};
	struct net_prefix home;
	struct nat_address_options options = {
		.home = &home, .home_count = 1, .nat = nats, .nat_count = 1
	};
	struct nat_addresses *addresses;
	struct flow_key key;

	(void)state;
	assert_int_equal(net_prefix_parse("203.0.113.0/24", &home), 0);
	assert_int_equal(net_prefix_parse("198.51.100.40", &nats[0]), 0);
	addresses = nat_addresses_new(&options);
	assert_non_null(addresses);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct net_prefix one;

		assert_int_equal(net_prefix_parse(cases[i].text, &one), 0);
		memset(&key, 0, sizeof(key));
		key.ip_version = one.ip_version;
		memcpy(key.addr[1], one.addr, 16);
		assert_int_equal(nat_addresses_rank(addresses, &key, 1), cases[i].rank);
	}
	/* Learnt in one scope only; more than the cap forgets the oldest. */
	key = facts_key(7, 1);
	nat_addresses_learn(addresses, &key, 0);
	assert_int_equal(nat_addresses_rank(addresses, &key, 0), NAT_RANK_LEARNT);
	key.scope.id = 5;
	assert_int_equal(nat_addresses_rank(addresses, &key, 0), NAT_RANK_PRIVATE);
	for (uint32_t i = 0; i < LIMIT_NAT_ADDRESSES; i++) {
		key.scope.id = 100 + i;
		nat_addresses_learn(addresses, &key, 0);
	}
	assert_int_equal(nat_addresses_rank(addresses, &key, 0), NAT_RANK_LEARNT);
	key.scope.id = 0;
	assert_int_equal(nat_addresses_rank(addresses, &key, 0), NAT_RANK_PRIVATE);
	nat_addresses_free(addresses);
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
		TEST(begun_too_far_apart_is_no_pair),
		TEST(without_a_handshake_nothing_is_paired),
		TEST(the_inner_side_is_known),
		TEST(nat64_is_seen_through),
		TEST(contacts_are_paired_by_their_syn),
		TEST(contacts_need_more_than_a_number),
		TEST(a_session_takes_the_contact_back),
		TEST(ordinary_records_teach_and_are_joined),
		TEST(a_record_without_other_side_goes_when_due),
		TEST(what_is_held_is_bounded),
		TEST(pairs_survive_a_full_table),
		TEST(a_nat_that_rewrites_numbers_is_noticed),
		TEST(first_words_pair_sessions),
		TEST(one_pair_ends_the_self_test),
		cmocka_unit_test(ranks_of_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
