/* test_campaign.c: who joins which campaign, and when it is told. */
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

static void collect(void *ctx, const struct decision_campaign *decision)
{
	struct desk *desk = ctx;

	assert_true(desk->count < DESK_DECISIONS);
	assert_int_equal(decision->decision.kind, DECISION_CAMPAIGN);
	assert_int_equal(decision->decision.size, sizeof(*decision));
	desk->told[desk->count++] = *decision;
}

static struct desk *desk_with(uint32_t hosts, struct campaign_caps caps)
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

static struct desk *desk_new(void)
{
	return desk_with(3, (struct campaign_caps){ 0 });
}

static void desk_free(struct desk *desk)
{
	campaign_table_free(desk->table);
	free(desk->told);
	free(desk);
}

static struct decision_parties parties_of(const struct flow_key *key, uint64_t flow_id)
{
	struct decision_parties parties;

	memset(&parties, 0, sizeof(parties));
	parties.flow_id = flow_id;
	parties.key = *key;
	return parties;
}

static void give(struct desk *desk, const struct session_fact *fact)
{
	struct decision_parties parties = parties_of(&fact->key, fact->flow_id);

	campaign_advance(desk->table, fact->fact.time_ns);
	campaign_session(desk->table, fact, &parties);
}

static struct session_fact login(double seconds, uint8_t client, const char *wallet)
{
	struct session_fact fact = facts_login(seconds, client, 50000);

	snprintf(fact.view.wallet, sizeof(fact.view.wallet), "%s", wallet);
	fact.view.wallet_check = WALLET_UNVERIFIED;
	return fact;
}

static void mine(struct desk *desk, double seconds, uint8_t client, const char *wallet)
{
	struct session_fact fact = login(seconds, client, wallet);

	give(desk, &fact);
}

static void report(struct desk *desk, double seconds, uint8_t client, double rate, const char *unit)
{
	struct session_fact fact = login(seconds, client, WALLET);

	fact.event = SESSION_REPORT;
	fact.view.level = LEVEL_CONFIRMED;
	fact.view.hashrate = rate;
	snprintf(fact.view.unit, sizeof(fact.view.unit), "%s", unit);
	give(desk, &fact);
}

static void contact(struct desk *desk, double seconds, uint8_t client, enum campaign_kind kind,
		    const char *name)
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
static const struct decision_campaign *get(const struct desk *desk, enum campaign_event event,
					   size_t n)
{
	for (size_t i = 0; i < desk->count; i++)
		if (desk->told[i].event == event && n-- == 0)
			return &desk->told[i];
	return NULL;
}

static size_t count(const struct desk *desk, enum campaign_event event)
{
	size_t found = 0;

	while (get(desk, event, found) != NULL)
		found++;
	return found;
}

/* Alerts that were raised, whatever their revisions. */
static size_t raised(const struct desk *desk)
{
	size_t found = 0;

	for (size_t i = 0; i < desk->count; i++)
		found += desk->told[i].event == CAMPAIGN_ALERT && desk->told[i].revision == 1;
	return found;
}

static const struct decision_campaign *last_alert(const struct desk *desk)
{
	return get(desk, CAMPAIGN_ALERT, count(desk, CAMPAIGN_ALERT) - 1);
}

static void flush(struct desk *desk, double seconds)
{
	campaign_flush(desk->table, facts_ns(seconds));
}

/* --- raising and revising -------------------------------------------------------------------- */

static void test_raised_by_the_third_host(void **state)
{
	struct desk *desk = desk_new();
	const struct decision_campaign *alert;

	(void)state;
	mine(desk, 1, 11, WALLET);
	mine(desk, 2, 12, WALLET);
	assert_null(get(desk, CAMPAIGN_ALERT, 0));
	mine(desk, 3, 13, WALLET);
	alert = get(desk, CAMPAIGN_ALERT, 0);
	assert_non_null(alert);
	assert_int_equal(alert->decision.time_ns, facts_ns(3));
	assert_int_equal(alert->revision, 1);
	assert_int_equal(alert->members, 3);
	assert_int_equal(alert->local_members, 3);
	assert_int_equal(alert->kind, CAMPAIGN_WALLET);
	assert_int_equal(alert->level, LEVEL_LIKELY);
	assert_int_equal(alert->wallet_check, WALLET_UNVERIFIED);
	assert_int_equal(alert->threshold, 3);
	assert_string_equal(alert->key, WALLET);
	assert_true(alert->campaign_id == campaign_id(CAMPAIGN_WALLET, WALLET));
	assert_true(evidence_has(&alert->evidence, EVIDENCE_SHARED_WALLET));
	assert_string_equal(alert->first_member, "tap:eth0/10.0.1.11");
	assert_int_equal(alert->first_ns, facts_ns(1));
	assert_int_equal(alert->last_join_ns, facts_ns(3));
	assert_int_equal(alert->parties.flow_id, facts_flow_id(11, 50000));
	assert_int_equal(alert->growth_10m, 3);
	assert_string_equal(alert->worker_pattern, "rig-1*");
	assert_string_equal(alert->agent, "XMRig/6.21.0");
	assert_string_equal(alert->pool, "198.51.100.120:3333");
	assert_int_equal(desk->stats.alerts, 1);
	assert_int_equal(desk->stats.campaign_members, 3);
	desk_free(desk);
}

static void test_a_host_counts_once(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	for (uint16_t port = 50000; port < 50020; port++) {
		struct session_fact fact = facts_login(port - 49999, 11, port);

		give(desk, &fact);
	}
	flush(desk, 100);
	assert_int_equal(raised(desk), 0);
	assert_int_equal(count(desk, CAMPAIGN_JOIN), 1);
	desk_free(desk);
}

static void test_scopes_are_apart(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	for (uint32_t vni = 1; vni <= 3; vni++) {
		struct session_fact fact = login(vni, 11, WALLET);

		fact.key.scope.tunnel = TUNNEL_VXLAN;
		fact.key.scope.id = vni;
		give(desk, &fact);
	}
	/* One address in three networks: three hosts. */
	assert_int_equal(raised(desk), 1);
	assert_string_equal(last_alert(desk)->first_member, "vni:1/10.0.1.11");
	desk_free(desk);
}

static void test_every_join_is_told(void **state)
{
	struct desk *desk = desk_new();
	const struct decision_campaign *join;

	(void)state;
	for (uint8_t client = 1; client <= 5; client++)
		mine(desk, client, client, WALLET);
	assert_int_equal(count(desk, CAMPAIGN_JOIN), 5);
	join = get(desk, CAMPAIGN_JOIN, 4);
	assert_int_equal(join->joined_ns, facts_ns(5));
	assert_string_equal(join->member, "tap:eth0/10.0.1.5");
	assert_string_equal(get(desk, CAMPAIGN_ALERT, 0)->member, "");
	assert_int_equal(join->parties.flow_id, facts_flow_id(5, 50000));
	assert_int_equal(join->local_members, 5);
	assert_int_equal(get(desk, CAMPAIGN_JOIN, 0)->revision, 0);
	/* The set is told before the alert that it raises. */
	assert_int_equal(desk->told[2].event, CAMPAIGN_JOIN);
	assert_int_equal(desk->told[3].event, CAMPAIGN_ALERT);
	desk_free(desk);
}

static void test_growth_is_paced(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	for (uint8_t client = 1; client <= 20; client++)
		mine(desk, client, client, WALLET);
	assert_int_equal(count(desk, CAMPAIGN_ALERT), 1); /* at the third second */
	campaign_advance(desk->table, facts_ns(3 + MINUTE));
	assert_int_equal(count(desk, CAMPAIGN_ALERT), 1); /* strictly before now */
	campaign_advance(desk->table, facts_ns(4 + MINUTE));
	assert_int_equal(count(desk, CAMPAIGN_ALERT), 2);
	assert_int_equal(last_alert(desk)->decision.time_ns, facts_ns(3 + MINUTE));
	assert_int_equal(last_alert(desk)->revision, 2);
	assert_int_equal(last_alert(desk)->members, 20);
	/* Long after: at once. */
	mine(desk, 10 * MINUTE, 21, WALLET);
	assert_int_equal(count(desk, CAMPAIGN_ALERT), 3);
	mine(desk, 10 * MINUTE + 1, 22, WALLET);
	assert_int_equal(count(desk, CAMPAIGN_ALERT), 3);
	flush(desk, 10 * MINUTE + 2);
	assert_int_equal(count(desk, CAMPAIGN_ALERT), 4);
	assert_int_equal(last_alert(desk)->members, 22);
	assert_int_equal(last_alert(desk)->decision.time_ns, facts_ns(10 * MINUTE + 2));
	flush(desk, 10 * MINUTE + 3);
	assert_int_equal(count(desk, CAMPAIGN_ALERT), 4);
	assert_int_equal(raised(desk), 1);
	desk_free(desk);
}

static void test_counters_are_no_revision(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	for (uint8_t client = 1; client <= 3; client++)
		mine(desk, client, client, WALLET);
	for (int minute = 1; minute <= 5; minute++)
		for (uint8_t client = 1; client <= 3; client++)
			report(desk, minute * MINUTE + client, client, 1000, "");
	/* The level rose once, at once; the rest are updates, one a minute. */
	assert_int_equal(count(desk, CAMPAIGN_ALERT), 2);
	assert_int_equal(last_alert(desk)->level, LEVEL_CONFIRMED);
	assert_int_equal(last_alert(desk)->decision.time_ns, facts_ns(MINUTE + 1));
	assert_int_equal(count(desk, CAMPAIGN_UPDATE), 4);
	flush(desk, 6 * MINUTE);
	assert_int_equal(count(desk, CAMPAIGN_ALERT), 2);
	desk_free(desk);
}

static void test_threshold_is_the_operators(void **state)
{
	struct desk *two = desk_with(2, (struct campaign_caps){ 0 });
	struct desk *five = desk_with(5, (struct campaign_caps){ 0 });

	(void)state;
	for (uint8_t client = 1; client <= 4; client++) {
		mine(two, client, client, WALLET);
		mine(five, client, client, WALLET);
	}
	assert_int_equal(get(two, CAMPAIGN_ALERT, 0)->members, 2);
	assert_int_equal(raised(five), 0);
	mine(five, 5, 5, WALLET);
	assert_int_equal(raised(five), 1);
	desk_free(two);
	desk_free(five);
}

/* --- who counts ------------------------------------------------------------------------------ */

static void test_who_never_counts(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	for (uint8_t client = 1; client <= 10; client++) {
		struct session_fact fact = login(client, client, WALLET);

		if (client <= 3)
			fact.view.is_donation = 1;
		else if (client <= 6)
			fact.view.role = ROLE_NODE;
		else if (client <= 8)
			fact.view.level = LEVEL_SUSPECT;
		else
			fact.view.level = LEVEL_NODE;
		give(desk, &fact);
	}
	flush(desk, 100);
	assert_int_equal(desk->count, 0);
	assert_int_equal(campaign_count(desk->table), 0);
	desk_free(desk);
}

static void test_generic_accounts_join_nobody(void **state)
{
	static const char *const accounts[] = { "x", "test", "", "worker", "1234", "aaaa" };
	struct desk *desk = desk_new();

	(void)state;
	for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++)
		for (uint8_t client = 1; client <= 5; client++) {
			struct session_fact fact =
				login(10.0 * (double)i + client, client, accounts[i]);

			fact.view.wallet_check = WALLET_NONE;
			give(desk, &fact);
		}
	assert_int_equal(desk->count, 0);
	for (uint8_t client = 1; client <= 3; client++) {
		struct session_fact fact = login(100 + client, client, "shadow-operator");

		fact.view.wallet_check = WALLET_NONE;
		give(desk, &fact);
	}
	assert_int_equal(raised(desk), 1);
	assert_int_equal(last_alert(desk)->wallet_check, WALLET_NONE);
	desk_free(desk);
}

static void test_hex_wallets_have_one_form(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	mine(desk, 1, 1, "0x52908400098527886E0F7030069857D2E4169EE7");
	mine(desk, 2, 2, "0x52908400098527886e0f7030069857d2e4169ee7");
	mine(desk, 3, 3, "0X52908400098527886E0F7030069857D2E4169ee7");
	assert_int_equal(raised(desk), 1);
	desk_free(desk);
}

/* --- which key counts ------------------------------------------------------------------------ */

static void test_one_wallet_at_one_pool_is_one_campaign(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	/* All start within a second: twenty names, then twenty logins. */
	for (uint8_t client = 1; client <= 20; client++)
		contact(desk, 1 + client * 0.01, client, CAMPAIGN_POOL, POOL);
	for (uint8_t client = 1; client <= 20; client++)
		mine(desk, 2 + client * 0.01, client, WALLET);
	flush(desk, 300);
	assert_int_equal(raised(desk), 1);
	assert_int_equal(last_alert(desk)->kind, CAMPAIGN_WALLET);
	assert_int_equal(last_alert(desk)->members, 20);
	/* None was a member of the pool's for others to count, either. */
	for (size_t i = 0; i < desk->count; i++)
		assert_int_equal(desk->told[i].kind, CAMPAIGN_WALLET);
	desk_free(desk);
}

static void test_the_same_one_by_one(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	/* Minutes apart: the first two are members of the pool's before the wallet has three. */
	for (uint8_t client = 1; client <= 20; client++) {
		contact(desk, client * 3.0 * MINUTE, client, CAMPAIGN_POOL, POOL);
		mine(desk, client * 3.0 * MINUTE + 1, client, WALLET);
	}
	flush(desk, 100.0 * MINUTE);
	assert_int_equal(raised(desk), 1);
	assert_int_equal(last_alert(desk)->kind, CAMPAIGN_WALLET);
	assert_int_equal(last_alert(desk)->members, 20);
	desk_free(desk);
}

static void test_the_same_with_the_name_last(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	for (uint8_t client = 1; client <= 20; client++)
		mine(desk, client, client, WALLET);
	for (uint8_t client = 1; client <= 20; client++) {
		contact(desk, 30 + client, client, CAMPAIGN_POOL, POOL);
		contact(desk, 30 + client, client, CAMPAIGN_HOSTILE, "c2.example.net");
	}
	flush(desk, 300);
	assert_int_equal(raised(desk), 1);
	desk_free(desk);
}

static void test_own_wallets_at_a_named_pool(void **state)
{
	struct desk *desk = desk_new();
	char wallet[40];

	(void)state;
	for (uint8_t client = 1; client <= 20; client++) {
		snprintf(wallet, sizeof(wallet), "4EXAMPLE_WALLET_%u", (unsigned)client);
		contact(desk, client, client, CAMPAIGN_POOL, POOL);
		mine(desk, client + 0.5, client, wallet);
	}
	assert_int_equal(raised(desk), 0); /* the names still wait for better */
	flush(desk, 300);
	assert_int_equal(raised(desk), 1);
	assert_int_equal(last_alert(desk)->kind, CAMPAIGN_POOL);
	assert_string_equal(last_alert(desk)->key, POOL);
	assert_int_equal(last_alert(desk)->members, 20);
	assert_true(evidence_has(&last_alert(desk)->evidence, EVIDENCE_SHARED_POOL));
	assert_int_equal(get(desk, CAMPAIGN_ALERT, 0)->decision.time_ns, facts_ns(63));
	assert_int_equal(last_alert(desk)->first_ns, facts_ns(1)); /* not when the grace ended */
	desk_free(desk);
}

static void test_own_wallets_without_a_name(void **state)
{
	struct desk *desk = desk_new();
	char wallet[40];

	(void)state;
	for (uint8_t client = 1; client <= 20; client++) {
		snprintf(wallet, sizeof(wallet), "4EXAMPLE_WALLET_%u", (unsigned)client);
		contact(desk, client, client, CAMPAIGN_POOL, "198.51.100.120:3333");
		mine(desk, client + 0.5, client, wallet);
	}
	flush(desk, 300);
	assert_int_equal(raised(desk), 0);
	assert_int_equal(count(desk, CAMPAIGN_JOIN), 20);
	desk_free(desk);
}

static void test_hostile_is_between(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	for (uint8_t client = 1; client <= 3; client++) {
		contact(desk, client, client, CAMPAIGN_POOL, POOL);
		contact(desk, client, client, CAMPAIGN_HOSTILE, "c2.example.net");
	}
	flush(desk, 300);
	assert_int_equal(raised(desk), 1);
	assert_int_equal(last_alert(desk)->kind, CAMPAIGN_HOSTILE);
	assert_int_equal(last_alert(desk)->decision.time_ns, facts_ns(33));
	assert_true(evidence_has(&last_alert(desk)->evidence, EVIDENCE_SHARED_HOSTILE));
	desk_free(desk);
}

static void test_hostile_and_pool_at_the_end_of_input(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	for (uint8_t client = 1; client <= 3; client++) {
		contact(desk, client, client, CAMPAIGN_POOL, POOL);
		contact(desk, 31 + client, client, CAMPAIGN_HOSTILE, "c2.example.net");
	}
	flush(desk, 35); /* the pool would have been due first */
	assert_int_equal(raised(desk), 1);
	assert_int_equal(last_alert(desk)->kind, CAMPAIGN_HOSTILE);
	desk_free(desk);
}

static void test_a_weaker_one_grows_by_others(void **state)
{
	struct desk *desk = desk_new();
	uint64_t pool = campaign_id(CAMPAIGN_POOL, POOL);
	size_t alerts = 0;

	(void)state;
	for (uint8_t client = 1; client <= 3; client++)
		contact(desk, client, client, CAMPAIGN_POOL, POOL);
	campaign_advance(desk->table, facts_ns(100));
	assert_int_equal(raised(desk), 1); /* rightly: nobody knew of a wallet */
	for (uint8_t client = 1; client <= 5; client++)
		mine(desk, 100 + client, client, WALLET);
	assert_int_equal(raised(desk), 2);
	/* Its hosts count for the wallet now: news of them are none of the pool's. */
	contact(desk, 200, 4, CAMPAIGN_POOL, POOL);
	contact(desk, 201, 1, CAMPAIGN_POOL, POOL);
	campaign_advance(desk->table, facts_ns(400));
	for (size_t i = 0; i < desk->count; i++)
		alerts +=
			desk->told[i].event == CAMPAIGN_ALERT && desk->told[i].campaign_id == pool;
	assert_int_equal(alerts, 1);
	contact(desk, 500, 9, CAMPAIGN_POOL, POOL);
	flush(desk, 600);
	assert_true(last_alert(desk)->campaign_id == pool);
	assert_int_equal(last_alert(desk)->revision, 2);
	assert_int_equal(last_alert(desk)->members, 4); /* the first three are its history */
	desk_free(desk);
}

static void test_two_of_a_wallet_do_not_outrank(void **state)
{
	struct desk *desk = desk_new();
	char wallet[40];

	(void)state;
	/* Ten wallets of two hosts each: only the pool is shared by enough. */
	for (uint8_t client = 0; client < 20; client++) {
		snprintf(wallet, sizeof(wallet), "4EXAMPLE_WALLET_%u", client / 2u);
		mine(desk, client, client, wallet);
		contact(desk, client, client, CAMPAIGN_POOL, POOL);
	}
	flush(desk, 300);
	assert_int_equal(raised(desk), 1);
	assert_int_equal(last_alert(desk)->kind, CAMPAIGN_POOL);
	assert_int_equal(last_alert(desk)->members, 20);
	desk_free(desk);
}

static void test_keys_without_text_are_ignored(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	for (uint8_t client = 1; client <= 5; client++) {
		contact(desk, client, client, CAMPAIGN_HOSTILE, "");
		contact(desk, client, client, CAMPAIGN_KINDS, "c2.example.net");
	}
	flush(desk, 300);
	assert_int_equal(desk->count, 0);
	desk_free(desk);
}

/* --- spread, growth, rates ------------------------------------------------------------------- */

static void test_spread_and_first_wave(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	mine(desk, 0, 1, WALLET);
	mine(desk, 299, 2, WALLET);
	mine(desk, 599, 3, WALLET); /* 300 s after the second: still the wave */
	mine(desk, 901, 4, WALLET);
	mine(desk, 902, 5, WALLET);
	flush(desk, 903);
	assert_int_equal(last_alert(desk)->wave_members, 3);
	assert_int_equal(last_alert(desk)->wave_s, 599);
	assert_int_equal(last_alert(desk)->first_ns, facts_ns(0));
	assert_int_equal(last_alert(desk)->last_join_ns, facts_ns(902));
	assert_int_equal(last_alert(desk)->growth_10m, 3); /* the one at 599 s, too */
	desk_free(desk);
}

static void test_rates_are_summed(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	report(desk, 1, 1, 1000, "");
	report(desk, 2, 2, 2000, "");
	report(desk, 3, 3, 500, "Sol/s"); /* has no sum with hashes */
	report(desk, 4, 1, 1500, "");     /* the latest of one host counts */
	report(desk, 5, 2, 0, "");        /* unknown: the last known one stays */
	assert_true(get(desk, CAMPAIGN_ALERT, 0)->hashrate == 3000.0);
	mine(desk, 6, 4, WALLET);
	flush(desk, 10);
	assert_true(last_alert(desk)->hashrate == 3500.0);
	assert_string_equal(last_alert(desk)->unit, "");
	desk_free(desk);
}

static void test_silent_hosts_have_no_rate(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	for (uint8_t client = 1; client <= 3; client++)
		report(desk, client, client, 1000, "");
	report(desk, 700, 3, 1000, "");
	mine(desk, 701, 4, WALLET);
	flush(desk, 702);
	assert_true(last_alert(desk)->hashrate == 1000.0);
	assert_int_equal(last_alert(desk)->members, 4);
	assert_int_equal(last_alert(desk)->growth_10m, 1);
	desk_free(desk);
}

static void test_bad_rates_add_nothing(void **state)
{
	struct desk *desk = desk_new();
	static const double rates[] = { -5, 0, 1000 };

	(void)state;
	for (uint8_t client = 1; client <= 3; client++)
		report(desk, client, client, rates[client - 1], "");
	report(desk, 4, 1, __builtin_nan(""), "");
	mine(desk, 5, 4, WALLET);
	flush(desk, 6);
	assert_true(last_alert(desk)->hashrate == 1000.0);
	desk_free(desk);
}

static void test_the_flow_is_the_first_members(void **state)
{
	struct desk *desk = desk_new();
	struct session_fact fact = login(10, 1, WALLET);

	(void)state;
	for (uint8_t client = 1; client <= 3; client++)
		mine(desk, client, client, WALLET);
	fact.packets[0] = 99;
	fact.bytes[1] = 12345;
	give(desk, &fact);
	fact = login(11, 2, WALLET);
	fact.packets[0] = 7777;
	give(desk, &fact);
	mine(desk, 12, 4, WALLET);
	flush(desk, 13);
	assert_int_equal(last_alert(desk)->packets[0], 99);
	assert_int_equal(last_alert(desk)->bytes[1], 12345);
	assert_int_equal(last_alert(desk)->parties.flow_id, facts_flow_id(1, 50000));
	desk_free(desk);
}

/* --- other sensors --------------------------------------------------------------------------- */

static struct campaign_shared totals(uint64_t members, double first, double last)
{
	struct campaign_shared shared = { .members = members,
					  .first_ns = facts_ns(first),
					  .last_join_ns = facts_ns(last) };

	snprintf(shared.first_member, sizeof(shared.first_member), "tap:other/10.9.9.9");
	return shared;
}

static void test_shared_totals_raise(void **state)
{
	struct desk *desk = desk_new();
	uint64_t id = campaign_id(CAMPAIGN_WALLET, WALLET);
	struct campaign_shared shared = totals(2, 0, 1);

	(void)state;
	mine(desk, 1, 1, WALLET);
	campaign_shared(desk->table, id, &shared, facts_ns(1));
	assert_int_equal(raised(desk), 0);
	shared = totals(3, 0, 1);
	campaign_shared(desk->table, id, &shared, facts_ns(2));
	assert_int_equal(raised(desk), 1);
	assert_true(last_alert(desk)->campaign_id == id);
	assert_int_equal(last_alert(desk)->members, 3);
	assert_int_equal(last_alert(desk)->local_members, 1);
	assert_int_equal(last_alert(desk)->first_ns, facts_ns(0));
	assert_string_equal(last_alert(desk)->first_member, "tap:other/10.9.9.9");
	assert_string_equal(get(desk, CAMPAIGN_JOIN, 0)->first_member, "tap:eth0/10.0.1.1");
	/* The flow is one that this sensor saw. */
	assert_int_equal(last_alert(desk)->parties.flow_id, facts_flow_id(1, 50000));
	/* Nothing new: no revision. Less: as before. More: paced. */
	campaign_shared(desk->table, id, &shared, facts_ns(3));
	shared = totals(1, 50, 2);
	campaign_shared(desk->table, id, &shared, facts_ns(4));
	assert_int_equal(count(desk, CAMPAIGN_ALERT), 1);
	shared = totals(24, 0, 4);
	campaign_shared(desk->table, id, &shared, facts_ns(5));
	assert_int_equal(count(desk, CAMPAIGN_ALERT), 1);
	flush(desk, 6);
	assert_int_equal(count(desk, CAMPAIGN_ALERT), 2);
	assert_int_equal(last_alert(desk)->members, 24);
	assert_int_equal(last_alert(desk)->last_join_ns, facts_ns(4));
	desk_free(desk);
}

static void test_shared_times_are_milliseconds(void **state)
{
	struct desk *desk = desk_new();
	uint64_t id = campaign_id(CAMPAIGN_WALLET, WALLET);
	struct campaign_shared shared = totals(3, 0, 0);

	(void)state;
	mine(desk, 1.0006789, 1, WALLET);
	/* The same instant, cut: not an earlier one. */
	shared.first_ns = facts_ns(1);
	shared.last_join_ns = facts_ns(1);
	campaign_shared(desk->table, id, &shared, facts_ns(2));
	assert_int_equal(last_alert(desk)->first_ns, facts_ns(1.0006789));
	assert_int_equal(last_alert(desk)->last_join_ns, facts_ns(1.0006789));
	assert_string_equal(last_alert(desk)->first_member, "tap:eth0/10.0.1.1");
	desk_free(desk);
}

static void test_shared_totals_of_strangers(void **state)
{
	struct desk *desk = desk_new();
	struct campaign_shared shared = totals(50, 0, 1);

	(void)state;
	campaign_shared(desk->table, 1, &shared, facts_ns(1));
	assert_int_equal(desk->count, 0);
	/* A pool whose only host here still waits, or counts for a wallet. */
	contact(desk, 2, 1, CAMPAIGN_POOL, POOL);
	campaign_shared(desk->table, campaign_id(CAMPAIGN_POOL, POOL), &shared, facts_ns(2));
	assert_int_equal(raised(desk), 0);
	campaign_advance(desk->table, facts_ns(70));
	assert_int_equal(raised(desk), 1); /* the host joined; the others were known */
	desk_free(desk);
}

static void test_superseded_hosts_do_not_raise_by_others(void **state)
{
	struct desk *desk = desk_new();
	struct campaign_shared shared = totals(3, 0, 1);

	(void)state;
	contact(desk, 1, 1, CAMPAIGN_POOL, POOL);
	campaign_advance(desk->table, facts_ns(70));
	assert_int_equal(count(desk, CAMPAIGN_JOIN), 1);
	for (uint8_t client = 1; client <= 3; client++)
		mine(desk, 70 + client, client, WALLET);
	assert_int_equal(raised(desk), 1);
	campaign_shared(desk->table, campaign_id(CAMPAIGN_POOL, POOL), &shared, facts_ns(80));
	flush(desk, 300);
	assert_int_equal(raised(desk), 1);
	desk_free(desk);
}

static void test_sensors_and_replays_agree_on_ids(void **state)
{
	struct desk *one = desk_new();
	struct desk *two = desk_new();

	(void)state;
	for (uint8_t client = 1; client <= 3; client++) {
		mine(one, client, client, WALLET);
		mine(two, 5000 + client, 100 + client, WALLET);
	}
	assert_true(last_alert(one)->campaign_id == last_alert(two)->campaign_id);
	desk_free(one);
	desk_free(two);
}

/* --- episodes and caps ----------------------------------------------------------------------- */

static void test_an_episode_ends(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	for (uint8_t client = 1; client <= 4; client++)
		mine(desk, client, client, WALLET);
	campaign_advance(desk->table, facts_ns(86404));
	assert_int_equal(campaign_count(desk->table), 1);
	campaign_advance(desk->table, facts_ns(86405));
	assert_int_equal(campaign_count(desk->table), 0);
	mine(desk, 90000, 1, WALLET);
	mine(desk, 90001, 2, WALLET);
	assert_int_equal(raised(desk), 1);
	mine(desk, 90002, 3, WALLET);
	assert_int_equal(raised(desk), 2);
	/* The same alert, counted anew. */
	assert_true(last_alert(desk)->campaign_id == get(desk, CAMPAIGN_ALERT, 0)->campaign_id);
	assert_int_equal(last_alert(desk)->members, 3);
	assert_int_equal(last_alert(desk)->first_ns, facts_ns(90000));
	desk_free(desk);
}

static void test_campaigns_are_capped(void **state)
{
	struct desk *desk = desk_with(3, (struct campaign_caps){ .campaigns = 4 });
	char wallet[40];

	(void)state;
	for (uint8_t client = 1; client <= 4; client++)
		mine(desk, client, client, WALLET);
	for (uint8_t client = 0; client < 100; client++) {
		snprintf(wallet, sizeof(wallet), "4EXAMPLE_WALLET_%u", (unsigned)client);
		mine(desk, 10 + client * 0.01, client, wallet);
	}
	assert_int_equal(campaign_count(desk->table), 4);
	assert_int_equal(desk->stats.campaigns_capped, 97);
	/* What it held back was told before it went. */
	assert_int_equal(count(desk, CAMPAIGN_ALERT), 2);
	assert_int_equal(last_alert(desk)->members, 4);
	desk_free(desk);
}

static void test_members_are_capped(void **state)
{
	struct desk *desk = desk_with(3, (struct campaign_caps){ .members = 5 });

	(void)state;
	for (uint8_t client = 1; client <= 50; client++) {
		mine(desk, client, client, WALLET);
		mine(desk, client + 0.5, 1, WALLET); /* never idle: stays */
	}
	flush(desk, 300);
	assert_int_equal(last_alert(desk)->local_members, 5);
	assert_int_equal(desk->stats.campaigns_capped, 45);
	assert_int_equal(count(desk, CAMPAIGN_JOIN), 50);
	assert_string_equal(last_alert(desk)->first_member, "tap:eth0/10.0.1.1");
	desk_free(desk);
}

static void test_memberships_of_a_host_are_capped(void **state)
{
	struct desk *desk = desk_with(3, (struct campaign_caps){ .of_host = 4 });
	char wallet[40];

	(void)state;
	/* One host that changes its wallet with every login. */
	for (int i = 0; i < 1000; i++) {
		snprintf(wallet, sizeof(wallet), "4EXAMPLE_WALLET_%d", i);
		mine(desk, i * 0.01, 1, wallet);
	}
	assert_int_equal(desk->stats.campaigns_capped, 996);
	assert_int_equal(raised(desk), 0);
	desk_free(desk);
}

static void test_all_memberships_are_capped(void **state)
{
	struct desk *desk = desk_with(3, (struct campaign_caps){ .all_members = 8 });
	char wallet[40];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(wallet, sizeof(wallet), "4EXAMPLE_WALLET_%d", i % 7);
		mine(desk, i * 0.01, (uint8_t)(i % 250), wallet);
		contact(desk, i * 0.01, (uint8_t)(i % 250), CAMPAIGN_POOL, POOL);
	}
	assert_true(desk->stats.campaigns_capped > 1000);
	flush(desk, 300);
	desk_free(desk);
}

static void test_freed_with_everything_pending(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	for (uint8_t client = 1; client <= 50; client++) {
		contact(desk, client * 0.1, client, CAMPAIGN_POOL, POOL);
		mine(desk, client * 0.1, client, WALLET);
	}
	desk_free(desk); /* the sanitizer says what was left */
}

static void test_a_storm_leaves_it_whole(void **state)
{
	struct desk *desk = desk_with(
		3, (struct campaign_caps){
			   .campaigns = 16, .members = 8, .of_host = 3, .all_members = 64 });
	uint32_t random = 1;
	char name[40];

	(void)state;
	for (int i = 0; i < 6000; i++) {
		random = random * 1664525u + 1013904223u;
		snprintf(name, sizeof(name), "4EXAMPLE_%u.example.net", random >> 8 & 31);
		if ((random >> 28) < 8)
			mine(desk, i * 0.5, (uint8_t)(random >> 16), name);
		else
			contact(desk, i * 0.5, (uint8_t)(random >> 16),
				(random >> 28) < 12 ? CAMPAIGN_POOL : CAMPAIGN_HOSTILE, name);
	}
	flush(desk, 4000);
	for (size_t i = 0; i < desk->count; i++) {
		assert_true(desk->told[i].local_members <= 8);
		assert_true(desk->told[i].growth_10m <= desk->told[i].local_members);
		assert_true(desk->told[i].local_members > 0 ||
			    desk->told[i].event != CAMPAIGN_JOIN);
		assert_true(desk->told[i].first_ns <= desk->told[i].last_join_ns);
		assert_true(i == 0 || desk->told[i].decision.time_ns >= facts_ns(0));
	}
	assert_true(raised(desk) > 0);
	assert_true(campaign_count(desk->table) <= 16);
	desk_free(desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raised_by_the_third_host),
		cmocka_unit_test(test_a_host_counts_once),
		cmocka_unit_test(test_scopes_are_apart),
		cmocka_unit_test(test_every_join_is_told),
		cmocka_unit_test(test_growth_is_paced),
		cmocka_unit_test(test_counters_are_no_revision),
		cmocka_unit_test(test_threshold_is_the_operators),
		cmocka_unit_test(test_who_never_counts),
		cmocka_unit_test(test_generic_accounts_join_nobody),
		cmocka_unit_test(test_hex_wallets_have_one_form),
		cmocka_unit_test(test_one_wallet_at_one_pool_is_one_campaign),
		cmocka_unit_test(test_the_same_one_by_one),
		cmocka_unit_test(test_the_same_with_the_name_last),
		cmocka_unit_test(test_own_wallets_at_a_named_pool),
		cmocka_unit_test(test_own_wallets_without_a_name),
		cmocka_unit_test(test_hostile_is_between),
		cmocka_unit_test(test_hostile_and_pool_at_the_end_of_input),
		cmocka_unit_test(test_a_weaker_one_grows_by_others),
		cmocka_unit_test(test_two_of_a_wallet_do_not_outrank),
		cmocka_unit_test(test_keys_without_text_are_ignored),
		cmocka_unit_test(test_spread_and_first_wave),
		cmocka_unit_test(test_rates_are_summed),
		cmocka_unit_test(test_silent_hosts_have_no_rate),
		cmocka_unit_test(test_bad_rates_add_nothing),
		cmocka_unit_test(test_the_flow_is_the_first_members),
		cmocka_unit_test(test_shared_totals_raise),
		cmocka_unit_test(test_shared_times_are_milliseconds),
		cmocka_unit_test(test_shared_totals_of_strangers),
		cmocka_unit_test(test_superseded_hosts_do_not_raise_by_others),
		cmocka_unit_test(test_sensors_and_replays_agree_on_ids),
		cmocka_unit_test(test_an_episode_ends),
		cmocka_unit_test(test_campaigns_are_capped),
		cmocka_unit_test(test_members_are_capped),
		cmocka_unit_test(test_memberships_of_a_host_are_capped),
		cmocka_unit_test(test_all_memberships_are_capped),
		cmocka_unit_test(test_freed_with_everything_pending),
		cmocka_unit_test(test_a_storm_leaves_it_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
