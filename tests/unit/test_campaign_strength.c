/* test_campaign_strength.c: which of its keys a host counts for, and what other sensors add. */
#include "tests/unit/campaign_desk.h"

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
	flush(desk, 700);
	assert_int_equal(raised(desk), 1);
	assert_int_equal(last_alert(desk)->kind, CAMPAIGN_POOL);
	assert_string_equal(last_alert(desk)->key, POOL);
	assert_int_equal(last_alert(desk)->members, 20);
	assert_true(evidence_has(&last_alert(desk)->evidence, EVIDENCE_SHARED_POOL));
	assert_int_equal(get(desk, CAMPAIGN_ALERT, 0)->decision.time_ns,
			 facts_ns(603)); /* nobody came to share a wallet */
	assert_int_equal(last_alert(desk)->first_ns, facts_ns(1)); /* not when the grace ended */
	desk_free(desk);
}

static void test_own_miners_are_forgiven(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	for (uint8_t client = 1; client <= 3; client++)
		contact(desk, client, client, CAMPAIGN_POOL, POOL);
	for (uint8_t client = 1; client <= 3; client++) {
		struct session_fact fact = facts_login(4, client, 50000);
		struct decision_parties parties = { .key = fact.key };

		campaign_forgive(desk->table, &parties);
	}
	flush(desk, 300);
	assert_int_equal(raised(desk), 0);
	assert_int_equal(count(desk, CAMPAIGN_JOIN), 0);
	/* Hostile infrastructure is not forgiven to anybody. */
	for (uint8_t client = 1; client <= 3; client++)
		contact(desk, 400 + client, client, CAMPAIGN_HOSTILE, "c2.example.net");
	for (uint8_t client = 1; client <= 3; client++) {
		struct session_fact fact = facts_login(404, client, 50000);
		struct decision_parties parties = { .key = fact.key };

		campaign_forgive(desk->table, &parties);
	}
	flush(desk, 500);
	assert_int_equal(raised(desk), 1);
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

static void test_superseded_once_however_often(void **state)
{
	struct desk *desk = desk_new();

	(void)state;
	contact(desk, 1, 1, CAMPAIGN_POOL, POOL);
	campaign_advance(desk->table, facts_ns(70));
	for (uint8_t client = 1; client <= 3; client++)
		mine(desk, 70 + client, client, WALLET);
	mine(desk, 80, 1, "4EXAMPLE_OTHER_WALLET");
	mine(desk, 81, 4, "4EXAMPLE_OTHER_WALLET");
	mine(desk, 82, 5, "4EXAMPLE_OTHER_WALLET");
	assert_int_equal(raised(desk), 2);
	for (uint8_t client = 7; client <= 9; client++)
		contact(desk, 90 + client, client, CAMPAIGN_POOL, POOL);
	flush(desk, 300);
	assert_int_equal(raised(desk), 3);
	assert_int_equal(last_alert(desk)->members, 4);
	desk_free(desk);
}

static void test_superseded_hosts_are_not_among_the_shared(void **state)
{
	struct desk *desk = desk_new();
	uint64_t pool = campaign_id(CAMPAIGN_POOL, POOL);
	struct campaign_shared shared = totals(3, 0, 1);

	(void)state;
	contact(desk, 1, 1, CAMPAIGN_POOL, POOL);
	campaign_advance(desk->table, facts_ns(70));
	for (uint8_t client = 1; client <= 3; client++)
		mine(desk, 70 + client, client, WALLET);
	contact(desk, 80, 9, CAMPAIGN_POOL, POOL);
	campaign_advance(desk->table, facts_ns(150));
	/* Host 1, host 9 and one of another sensor: two of them count. */
	campaign_shared(desk->table, pool, &shared, facts_ns(150));
	assert_int_equal(raised(desk), 1);
	shared = totals(4, 0, 1);
	campaign_shared(desk->table, pool, &shared, facts_ns(151));
	assert_int_equal(raised(desk), 2);
	desk_free(desk);
}

static void test_a_forgotten_host_is_not_superseded(void **state)
{
	struct desk *desk = desk_with(3, (struct campaign_caps){ .of_host = 3 });

	(void)state;
	contact(desk, 1, 1, CAMPAIGN_POOL, POOL);
	campaign_advance(desk->table, facts_ns(70));
	for (uint8_t client = 1; client <= 3; client++)
		mine(desk, 70 + client, client, WALLET);
	mine(desk, 80, 1, "4EXAMPLE_OTHER_WALLET");
	mine(desk, 81, 1, WALLET);
	mine(desk, 82, 1, "4EXAMPLE_THIRD_WALLET"); /* the pool was idle for longest */
	assert_int_equal(desk->stats.campaigns_capped, 1);
	assert_int_equal(count(desk, CAMPAIGN_JOIN), 6);
	mine(desk, 83, 1, WALLET); /* still a member */
	assert_int_equal(count(desk, CAMPAIGN_JOIN), 6);
	for (uint8_t client = 7; client <= 9; client++)
		contact(desk, 90 + client, client, CAMPAIGN_POOL, POOL);
	flush(desk, 300);
	assert_int_equal(raised(desk), 2);
	assert_int_equal(last_alert(desk)->members, 3);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_wallet_at_one_pool_is_one_campaign),
		cmocka_unit_test(test_the_same_one_by_one),
		cmocka_unit_test(test_the_same_with_the_name_last),
		cmocka_unit_test(test_own_wallets_at_a_named_pool),
		cmocka_unit_test(test_own_miners_are_forgiven),
		cmocka_unit_test(test_own_wallets_without_a_name),
		cmocka_unit_test(test_hostile_is_between),
		cmocka_unit_test(test_hostile_and_pool_at_the_end_of_input),
		cmocka_unit_test(test_a_weaker_one_grows_by_others),
		cmocka_unit_test(test_two_of_a_wallet_do_not_outrank),
		cmocka_unit_test(test_keys_without_text_are_ignored),
		cmocka_unit_test(test_shared_totals_raise),
		cmocka_unit_test(test_shared_times_are_milliseconds),
		cmocka_unit_test(test_shared_totals_of_strangers),
		cmocka_unit_test(test_superseded_hosts_do_not_raise_by_others),
		cmocka_unit_test(test_superseded_once_however_often),
		cmocka_unit_test(test_superseded_hosts_are_not_among_the_shared),
		cmocka_unit_test(test_a_forgotten_host_is_not_superseded),
		cmocka_unit_test(test_sensors_and_replays_agree_on_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
