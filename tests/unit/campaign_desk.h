/* campaign_desk.h: a campaign table with what it told, for its tests. */
#ifndef TESTS_UNIT_CAMPAIGN_DESK_H
#define TESTS_UNIT_CAMPAIGN_DESK_H

#include "sensor/campaign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "protocols/wallet.h"
#include "tests/unit/facts.h"

#define DESK_DECISIONS 20000
#define WALLET         "4EXAMPLE_MONERO_WALLET"
#define POOL           "pool.example.net"
#define MINUTE         60

/* A table, and what it told so far. */
struct desk {
	struct campaign_table *table;
	struct stats stats;
	struct decision_campaign *told;
	size_t count;
};

static inline void collect(void *ctx, const struct decision_campaign *decision)
{
	struct desk *desk = ctx;

	assert_true(desk->count < DESK_DECISIONS);
	assert_int_equal(decision->decision.kind, DECISION_CAMPAIGN);
	assert_int_equal(decision->decision.size, sizeof(*decision));
	desk->told[desk->count++] = *decision;
}

static inline struct desk *desk_with(uint32_t hosts, struct campaign_caps caps)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	struct campaign_options options = {
		.hosts = hosts, .caps = caps, .tap = "eth0", .publish = collect, .ctx = desk
	};

	assert_non_null(desk);
	desk->told = calloc(DESK_DECISIONS, sizeof(*desk->told));
	assert_non_null(desk->told);
	desk->table = campaign_table_new(&options, &desk->stats);
	assert_non_null(desk->table);
	return desk;
}

static inline struct desk *desk_new(void)
{
	return desk_with(3, (struct campaign_caps){ 0 });
}

static inline void desk_free(struct desk *desk)
{
	campaign_table_free(desk->table);
	free(desk->told);
	free(desk);
}

static inline struct decision_parties parties_of(const struct flow_key *key, uint64_t flow_id)
{
	struct decision_parties parties;

	memset(&parties, 0, sizeof(parties));
	parties.flow_id = flow_id;
	parties.key = *key;
	return parties;
}

static inline void give(struct desk *desk, const struct session_fact *fact)
{
	struct decision_parties parties = parties_of(&fact->key, fact->flow_id);

	campaign_advance(desk->table, fact->fact.time_ns);
	campaign_session(desk->table, fact, &parties);
}

static inline struct session_fact login(double seconds, uint8_t client, const char *wallet)
{
	struct session_fact fact = facts_login(seconds, client, 50000);

	snprintf(fact.view.wallet, sizeof(fact.view.wallet), "%s", wallet);
	fact.view.wallet_check = WALLET_UNVERIFIED;
	return fact;
}

static inline void mine(struct desk *desk, double seconds, uint8_t client, const char *wallet)
{
	struct session_fact fact = login(seconds, client, wallet);

	give(desk, &fact);
}

static inline void report(struct desk *desk, double seconds, uint8_t client, double rate,
			  const char *unit)
{
	struct session_fact fact = login(seconds, client, WALLET);

	fact.event = SESSION_REPORT;
	fact.view.level = LEVEL_CONFIRMED;
	fact.view.hashrate = rate;
	snprintf(fact.view.unit, sizeof(fact.view.unit), "%s", unit);
	give(desk, &fact);
}

static inline void contact(struct desk *desk, double seconds, uint8_t client,
			   enum campaign_kind kind, const char *name)
{
	struct campaign_sighting sighting;
	struct flow_key key = facts_key(client, 40000);

	memset(&sighting, 0, sizeof(sighting));
	sighting.time_ns = facts_ns(seconds);
	sighting.parties = parties_of(&key, facts_flow_id(client, 40000));
	sighting.kind = (uint8_t)kind;
	sighting.level = LEVEL_LIKELY;
	campaign_key(kind, name, false, sighting.key);
	campaign_advance(desk->table, sighting.time_ns);
	campaign_sight(desk->table, &sighting);
}

/* The n-th decision of that event, from 0. NULL: there are fewer. */
static inline const struct decision_campaign *get(const struct desk *desk,
						  enum campaign_event event, size_t n)
{
	for (size_t i = 0; i < desk->count; i++)
		if (desk->told[i].event == event && n-- == 0)
			return &desk->told[i];
	return NULL;
}

static inline size_t count(const struct desk *desk, enum campaign_event event)
{
	size_t found = 0;

	while (get(desk, event, found) != NULL)
		found++;
	return found;
}

/* Alerts that were raised, whatever their revisions. */
static inline size_t raised(const struct desk *desk)
{
	size_t found = 0;

	for (size_t i = 0; i < desk->count; i++)
		found += desk->told[i].event == CAMPAIGN_ALERT && desk->told[i].revision == 1;
	return found;
}

static inline const struct decision_campaign *last_alert(const struct desk *desk)
{
	return get(desk, CAMPAIGN_ALERT, count(desk, CAMPAIGN_ALERT) - 1);
}

static inline void flush(struct desk *desk, double seconds)
{
	campaign_flush(desk->table, facts_ns(seconds));
}

#endif
