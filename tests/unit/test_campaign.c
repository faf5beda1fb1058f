/* test_campaign.c: who joins a campaign, when it is told, and its bounds. */
#include "tests/unit/campaign_desk.h"

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
	assert_true(last_alert(desk)->decision.time_ns >= facts_ns(10)); /* time never goes back */
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
		assert_true(i == 0 ||
			    desk->told[i].decision.time_ns >= desk->told[i - 1].decision.time_ns);
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
		cmocka_unit_test(test_spread_and_first_wave),
		cmocka_unit_test(test_rates_are_summed),
		cmocka_unit_test(test_silent_hosts_have_no_rate),
		cmocka_unit_test(test_bad_rates_add_nothing),
		cmocka_unit_test(test_the_flow_is_the_first_members),
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
