/* nat_rig.h: nat_legs.h with what comes out of it, and facts of two sides of one connection.
 *
 * The inner side is 10.0.1.N:port (facts.h), the outer one 198.51.100.40:port. */
#ifndef TESTS_UNIT_NAT_RIG_H
#define TESTS_UNIT_NAT_RIG_H

#include "sensor/log.h"
#include "sensor/nat_legs.h"
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

static inline uint64_t id_of(const struct fact *fact)
{
	if (fact->kind == FACT_CONTACT)
		return ((const struct contact_fact *)(const void *)fact)->flow_id;
	if (fact->kind == FACT_SESSION)
		return ((const struct session_fact *)(const void *)fact)->flow_id;
	return ((const struct flow_record *)(const void *)fact)->flow_id;
}

static inline void on_take(void *ctx, uint64_t now_ns, const struct fact *fact,
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

static inline void on_joined(void *ctx, uint64_t now_ns, const struct nat_leg *inside,
			     const struct decision_nat *nat)
{
	(void)ctx;
	(void)now_ns;
	joined_id = inside->flow_id;
	joined_port = nat->key.port[nat->client_side];
	joined_count++;
}

static inline void on_withdraw(void *ctx, const struct nat_leg *outside)
{
	(void)ctx;
	withdrawn_id = outside->flow_id;
	withdrawn_count++;
}

static inline void begin(size_t nat_count, size_t max_sessions)
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

static inline int setup(void **state)
{
	(void)state;
	begin(0, 100);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	nat_legs_free(legs);
	legs = NULL;
	return 0;
}

static inline void feed(const struct fact *fact)
{
	nat_legs_advance(legs, fact->time_ns);
	nat_legs_take(legs, fact->time_ns, fact);
}

/* Turns a key of facts.h into that of the outer side. */
static inline void outer_key(struct flow_key *key, uint16_t port)
{
	static const uint8_t nat[4] = { 198, 51, 100, 40 };

	memcpy(key->addr[0], nat, sizeof(nat));
	key->port[0] = port;
}

static inline struct session_fact session(double seconds, uint8_t client, uint16_t port)
{
	struct session_fact fact = facts_login(seconds, client, port);

	fact.first_ns = facts_ns(1);
	fact.isn[0] = 1000u + client;
	fact.isn[1] = 77000u + port;
	return fact;
}

static inline struct session_fact outer_session(double seconds, uint8_t client, uint16_t port,
						uint16_t outer_port)
{
	struct session_fact fact = session(seconds, client, port);

	outer_key(&fact.key, outer_port);
	fact.first_ns += 300000;
	fact.flow_id += OUTER;
	return fact;
}

static inline struct flow_record record(double seconds, uint8_t client, uint16_t port)
{
	struct flow_record fact = facts_flow(seconds, client, port, FLOW_END_CLOSED);

	fact.first_ns = facts_ns(1);
	fact.start_ns = facts_ns(1);
	fact.isn[0] = 1000u + client;
	fact.isn[1] = 77000u + port;
	return fact;
}

static inline struct flow_record outer_record(double seconds, uint8_t client, uint16_t port,
					      uint16_t outer_port)
{
	struct flow_record fact = record(seconds, client, port);

	outer_key(&fact.key, outer_port);
	fact.first_ns += 300000;
	fact.start_ns = fact.first_ns;
	fact.flow_id += OUTER;
	return fact;
}

static inline struct contact_fact contact(double seconds, uint8_t client, uint16_t port)
{
	struct contact_fact fact = facts_contact(seconds, client, port);

	fact.isn = 1000u + client;
	fact.syn_options = 4711;
	return fact;
}

static inline struct contact_fact outer_contact(double seconds, uint8_t client, uint16_t port,
						uint16_t outer_port)
{
	struct contact_fact fact = contact(seconds, client, port);

	outer_key(&fact.key, outer_port);
	fact.flow_id += OUTER;
	return fact;
}

static inline void feed_session(struct session_fact fact)
{
	feed(&fact.fact);
}

static inline void feed_record(struct flow_record fact)
{
	feed(&fact.fact);
}

static inline void feed_contact(struct contact_fact fact)
{
	feed(&fact.fact);
}

static inline void expect(size_t at, uint64_t flow_id, uint16_t kind, uint16_t outer_port)
{
	assert_true(at < seen_count);
	assert_int_equal(seen[at].flow_id, flow_id);
	assert_int_equal(seen[at].kind, kind);
	assert_int_equal(seen[at].nat.is_known, outer_port != 0);
	assert_int_equal(seen[at].nat.key.port[0], outer_port);
}

#endif
