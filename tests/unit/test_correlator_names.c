/* test_correlator_names.c: names, answers and hellos through real rings; campaigns by what is
 * listed; identities and open alerts by a real inquirer. */
#include "tests/unit/correlator_bench.h"

#include <pthread.h>

#include "sensor/inquirer.h"
#include "sensor/log.h"
#include "tests/unit/lists_rig.h"
#include "tests/unit/redis_server.h"

#define POOL "eu.pool.example.net"

static const char list_text[] = "pool pool.example.net dedicated pool\n"
				"hostile-staging 198.51.100.120\n"
				"allow 10.0.1.200\n"
				"allow 4OWN_WALLET\n";

static struct lists *lists;
static struct lists_board *board;

/* Lists are in use; both of one lifetime with the test. */
static int make_lists(void **state)
{
	(void)state;
	lists = lists_of(list_text);
	board = lists_board_new(lists, 1);
	return board == NULL;
}

static int free_lists(void **state)
{
	(void)state;
	lists_board_free(board);
	return 0;
}

static struct bench *bench_of(uint32_t campaign_hosts, struct inquirer *inquirer, bool is_lossless)
{
	return bench_new(1, BENCH_RING,
			 &(struct correlator_options){ .is_lossless = is_lossless,
						       .stall_timeout_s = 5,
						       .max_labels = 100,
						       .lists = board,
						       .campaign_hosts = campaign_hosts,
						       .inquirer = inquirer });
}

static uint32_t listed(const char *name)
{
	return lists_match_name(lists, LIST_WATCHED, name, strlen(name), 0);
}

static struct flow_key key_to_resolver(uint8_t client)
{
	static const uint8_t resolver[4] = { 10, 0, 0, 2 };
	struct flow_key key = facts_key(client, 53000);

	memcpy(key.addr[1], resolver, sizeof(resolver));
	key.port[1] = 53;
	key.proto = 17;
	return key;
}

static void push_lookup(struct bench *bench, double seconds, uint8_t client, const char *name)
{
	struct name_fact fact;

	memset(&fact, 0, sizeof(fact));
	fact.fact.time_ns = facts_ns(seconds);
	fact.fact.size = sizeof(fact);
	fact.fact.kind = FACT_NAME;
	fact.flow_id = facts_flow_id(client, 53000);
	fact.key = key_to_resolver(client);
	fact.source = NAME_LOOKUP;
	fact.listed = listed(name);
	snprintf(fact.name, sizeof(fact.name), "%s", name);
	push(bench, 0, &fact.fact);
}

static void push_named(struct bench *bench, double seconds, uint8_t client, const char *name)
{
	struct name_fact fact;

	memset(&fact, 0, sizeof(fact));
	fact.fact.time_ns = facts_ns(seconds);
	fact.fact.size = sizeof(fact);
	fact.fact.kind = FACT_NAME;
	fact.flow_id = facts_flow_id(client, 50000);
	fact.key = facts_key(client, 50000);
	fact.source = NAME_SNI;
	fact.listed = listed(name);
	snprintf(fact.name, sizeof(fact.name), "%s", name);
	push(bench, 0, &fact.fact);
}

/* The pool's address of facts.h was given out for the name. */
static void push_answer(struct bench *bench, double seconds, uint8_t client, const char *name)
{
	struct answer_fact fact;

	memset(&fact, 0, sizeof(fact));
	fact.fact.time_ns = facts_ns(seconds);
	fact.fact.size = (uint32_t)answer_fact_size(1); /* cut behind its last address */
	fact.fact.kind = FACT_ANSWER;
	fact.flow_id = facts_flow_id(client, 53000);
	fact.key = key_to_resolver(client);
	fact.listed = listed(name);
	fact.ttl_s = 60;
	fact.count = 1;
	snprintf(fact.name, sizeof(fact.name), "%s", name);
	fact.addresses[0].ip_version = 4;
	memcpy(fact.addresses[0].addr, facts_key(client, 1).addr[1], 16);
	push_to(bench, 0, fact.listed == 0, &fact.fact);
}

static void push_opened(struct bench *bench, double seconds, uint8_t client, uint32_t contact)
{
	struct contact_fact fact = facts_contact(seconds, client, 50000);

	fact.contact = contact;
	push(bench, 0, &fact.fact);
}

static void push_hello(struct bench *bench, double seconds, uint8_t client, const char *sni)
{
	struct hello_fact fact;

	memset(&fact, 0, sizeof(fact));
	fact.fact.time_ns = facts_ns(seconds);
	fact.fact.size = sizeof(fact);
	fact.fact.kind = FACT_HELLO;
	fact.flow_id = facts_flow_id(client, 50000);
	fact.view.version = 0x0303;
	snprintf(fact.view.sni, sizeof(fact.view.sni), "%s", sni);
	push(bench, 0, &fact.fact);
}

static struct flow_record record_of(double seconds, uint8_t client, bool is_named, bool is_told)
{
	struct flow_record record = facts_flow(seconds, client, 50000, FLOW_END_CLOSED);

	record.is_named = is_named;
	record.is_told = is_told;
	return record;
}

/* --- names ---------------------------------------------------------------------------------- */

static void test_a_pool_known_only_by_dns(void **state)
{
	struct bench *bench = bench_of(0, NULL, true);

	(void)state;
	push_lookup(bench, 1, 7, POOL);
	push_answer(bench, 1.1, 7, POOL);
	push_opened(bench, 1.2, 7, 0);
	push_flow(bench, 0, record_of(40, 7, false, true));
	push_flow(bench, 0, record_of(41, 8, false, true)); /* who was not given that address */
	finish(bench);
	assert_int_equal(get_alert(bench, 0)->sid, SID_RESOLVED);
	assert_string_equal(get_alert(bench, 0)->query, POOL);
	assert_string_equal(get_alert(bench, 0)->parties.name, POOL);
	assert_int_equal(get_alert(bench, 0)->parties.key.port[1], 3333);
	assert_null(get_alert(bench, 1));
	assert_int_equal(get_flow(bench, 0)->alert_id, get_alert(bench, 0)->alert_id);
	assert_int_equal(get_flow(bench, 0)->sid, SID_RESOLVED);
	assert_string_equal(get_flow(bench, 0)->parties.name, POOL);
	assert_int_equal(get_flow(bench, 0)->parties.name_source, NAME_RESOLVED);
	assert_int_equal(get_flow(bench, 1)->alert_id, 0);
	assert_string_equal(get_flow(bench, 1)->parties.name, "");
	bench_free(bench);
}

/* An answer for a name that nobody lists labels all the same: by bulk, in its order. */
static void test_a_session_has_the_name_that_the_client_asked_for(void **state)
{
	struct bench *bench = bench_of(0, NULL, true);

	(void)state;
	push_answer(bench, 1, 7, "mine.example.org");
	push_login(bench, 0, 2, 7, 50000);
	finish(bench);
	assert_string_equal(get_session(bench, 0)->parties.name, "mine.example.org");
	assert_int_equal(get_session(bench, 0)->parties.listed, 0);
	assert_false(evidence_has(&get_session(bench, 0)->view.evidence, EVIDENCE_POOL_RESOLVED));
	bench_free(bench);
}

static void test_a_session_with_a_named_pool_takes_its_contacts(void **state)
{
	struct bench *bench = bench_of(0, NULL, true);
	const struct decision_alert *alert;

	(void)state;
	push_lookup(bench, 1, 7, POOL);
	push_answer(bench, 1.1, 7, POOL);
	push_job(bench, 0, 2, 7, 50000);
	finish(bench);
	alert = get_alert(bench, 0);
	assert_int_equal(alert->sid, SID_SESSION);
	assert_true(evidence_has(&alert->evidence, EVIDENCE_POOL_LOOKUP));
	assert_true(evidence_has(&alert->evidence, EVIDENCE_POOL_RESOLVED));
	assert_null(get_alert(bench, 1));
	assert_true(evidence_has(&get_session(bench, 0)->view.evidence, EVIDENCE_POOL_RESOLVED));
	bench_free(bench);
}

static void test_an_allowed_miner_has_records_and_no_alert(void **state)
{
	struct bench *bench = bench_of(2, NULL, true);
	struct session_fact own = facts_job(3, 7, 50000);
	struct flow_record record = record_of(40, 7, true, true);

	(void)state;
	snprintf(own.view.wallet, sizeof(own.view.wallet), "4OWN_WALLET");
	record.has_session = 1;
	push_lookup(bench, 1, 7, POOL); /* before its wallet is known */
	push_answer(bench, 1.1, 7, POOL);
	push_opened(bench, 2, 7, 0);
	push(bench, 0, &own.fact);
	push_job(bench, 0, 4, 200, 50000);
	push_flow(bench, 0, record);
	finish(bench);
	assert_null(get_alert(bench, 0));
	assert_int_equal(bench->stats.alerts, 0);
	assert_int_equal(get_session(bench, 0)->parties.is_allowed, 1);
	assert_true(evidence_has(&get_session(bench, 0)->view.evidence, EVIDENCE_ALLOWED));
	assert_int_equal(get_session(bench, 0)->alert_id, 0);
	assert_int_equal(get_session(bench, 1)->parties.is_allowed, 1);
	assert_int_equal(get_flow(bench, 0)->has_session, 1);
	assert_int_equal(get_flow(bench, 0)->alert_id, 0);
	bench_free(bench);
}

/* --- hellos --------------------------------------------------------------------------------- */

static void test_a_record_carries_its_hello(void **state)
{
	struct bench *bench = bench_of(0, NULL, true);
	struct flow_record with_session = record_of(5, 8, true, false);

	(void)state;
	with_session.has_session = 1;
	push_hello(bench, 1, 7, "www.example.org");
	push_hello(bench, 1, 8, "www.example.org");
	push_login(bench, 0, 2, 8, 50000);
	push_flow(bench, 0, record_of(4, 7, true, false));
	push_flow(bench, 0, with_session);
	push_flow(bench, 0, record_of(6, 7, true, false)); /* it was that flow's last record */
	push_flow(bench, 0, record_of(7, 9, false, false));
	finish(bench);
	assert_int_equal(get_flow(bench, 0)->has_hello, 1);
	assert_int_equal(get_flow(bench, 0)->has_session, 0);
	assert_int_equal(get_flow(bench, 0)->decision.size, sizeof(struct decision_flow));
	assert_string_equal(get_flow(bench, 0)->hello.sni, "www.example.org");
	assert_string_equal(get_flow(bench, 0)->view.wallet, "");
	assert_int_equal(get_flow(bench, 1)->has_hello, 1);
	assert_int_equal(get_flow(bench, 1)->has_session, 1);
	assert_string_equal(get_flow(bench, 1)->view.worker, "rig-8");
	assert_int_equal(get_flow(bench, 2)->has_hello, 0);
	assert_int_equal(get_flow(bench, 3)->decision.size, decision_flow_size(false, false));
	bench_free(bench);
}

/* --- campaigns ------------------------------------------------------------------------------ */

/* The last alert of a campaign, NULL: none was raised. */
static const struct decision_campaign *raised(const struct bench *bench)
{
	const struct decision_campaign *last = NULL;

	for (size_t i = 0; get_campaign(bench, i) != NULL; i++)
		if (get_campaign(bench, i)->event == CAMPAIGN_ALERT)
			last = get_campaign(bench, i);
	return last;
}

static void test_hosts_of_one_hostile_endpoint(void **state)
{
	struct bench *bench = bench_of(3, NULL, true);
	uint32_t hostile =
		lists_match_address(lists, LIST_WATCHED, 4, facts_key(1, 1).addr[1], 3333);

	(void)state;
	assert_int_not_equal(hostile, 0);
	for (uint8_t client = 1; client <= 3; client++)
		push_opened(bench, client, client, hostile);
	push_opened(bench, 4, 200, hostile); /* an allowed client is alerted, and no member */
	finish(bench);
	assert_non_null(raised(bench));
	assert_int_equal(raised(bench)->kind, CAMPAIGN_HOSTILE);
	assert_string_equal(raised(bench)->key, "198.51.100.120");
	assert_int_equal(raised(bench)->members, 3);
	assert_string_equal(raised(bench)->first_member, "tap:eth0/10.0.1.1");
	assert_int_equal(bench->stats.alerts, 4 + 1);
	bench_free(bench);
}

static void test_hosts_of_one_pool_by_name(void **state)
{
	struct bench *bench = bench_of(3, NULL, true);

	(void)state;
	for (uint8_t client = 1; client <= 3; client++)
		push_named(bench, client, client, client == 2 ? "us.pool.example.net" : POOL);
	push_lookup(bench, 4, 4, POOL); /* who only asked is no member */
	finish(bench);
	assert_non_null(raised(bench));
	assert_int_equal(raised(bench)->kind, CAMPAIGN_POOL);
	assert_string_equal(raised(bench)->key, "pool.example.net");
	assert_int_equal(raised(bench)->members, 3);
	bench_free(bench);
}

static void test_two_hosts_are_no_campaign(void **state)
{
	struct bench *bench = bench_of(3, NULL, true);

	(void)state;
	for (int i = 0; i < 4; i++)
		push_named(bench, i, (uint8_t)(1 + i % 2), POOL);
	finish(bench);
	assert_null(raised(bench));
	bench_free(bench);
}

/* --- what others know ----------------------------------------------------------------------- */

static struct inquirer *inquirer;
static pthread_t thread;
static bool is_running;

/* One that has no thread: whatever is asked, nobody answers. */
static int make_inquirer(void **state)
{
	static struct config config;
	static char prefix[] = "m";
	static char url[128];
	static struct stats stats;
	struct inquirer_options options = {
		.config = &config, .stats = &stats, .poll_ms = 30, .files_ms = 20
	};
	char error[INQUIRER_ERROR_TEXT];

	snprintf(url, sizeof(url), "unix://%s", server.socket);
	memset(&config, 0, sizeof(config));
	config.redis = url;
	config.redis_prefix = prefix;
	config.redis_expire_s = 1000;
	config.inventory_max = 100;
	is_running = false;
	if (make_lists(state) != 0 || server_reset(state) != 0)
		return -1;
	return inquirer_new(&inquirer, &options, error);
}

static int start_inquirer(void **state)
{
	if (make_inquirer(state) != 0)
		return -1;
	is_running = true;
	return pthread_create(&thread, NULL, inquirer_run, inquirer);
}

static int stop_inquirer(void **state)
{
	inquirer_stop(inquirer);
	if (is_running)
		pthread_join(thread, NULL);
	inquirer_free(inquirer);
	return free_lists(state);
}

static void store_lease(void)
{
	redis_run("HSET m:lease:l1 ip 10.0.1.7 instance i-0a1b2c3d4e5f60718 eni eni-1 type "
		  "p3.2xlarge principal arn:aws:iam::111122223333:user/ml from %lld",
		  (long long)(FACTS_EPOCH_NS / 1000000));
	redis_run("ZADD m:inventory:tap:eth0/10.0.1.7 %lld l1",
		  (long long)(FACTS_EPOCH_NS / 1000000));
}

static void test_alerts_and_sessions_say_whose_machine_it_is(void **state)
{
	struct bench *bench = bench_of(0, inquirer, true);
	struct session_fact suspect = facts_login(3, 7, 50001);

	(void)state;
	store_lease();
	suspect.view.level = LEVEL_SUSPECT;
	push_login(bench, 0, 1, 7, 50000);
	push_login(bench, 0, 2, 8, 50000);
	push(bench, 0, &suspect.fact);
	finish(bench);
	assert_string_equal(get_alert(bench, 0)->identity.instance_id, "i-0a1b2c3d4e5f60718");
	assert_int_equal(get_alert(bench, 0)->revision, 1);
	assert_string_equal(get_session(bench, 0)->identity.instance_type, "p3.2xlarge");
	assert_string_equal(get_session(bench, 0)->identity.principal,
			    "arn:aws:iam::111122223333:user/ml");
	assert_int_equal(get_session(bench, 1)->identity.confidence, CONFIDENCE_NONE);
	/* A host that only may mine is not asked for. */
	assert_int_equal(get_session(bench, 2)->identity.confidence, CONFIDENCE_NONE);
	assert_null(get_alert(bench, 2));
	bench_free(bench);
}

/* Live: the alert goes at once, and again when its machine is known. */
static void test_an_alert_is_revised_when_its_machine_is_known(void **state)
{
	struct bench *bench = bench_of(0, inquirer, false);
	uint64_t until_ms = ring_now_ms() + 10000;

	(void)state;
	push_login(bench, 0, 1, 7, 50000);
	while (get_alert(bench, 0) == NULL) {
		assert_true(ring_now_ms() < until_ms);
		step(bench);
	}
	assert_int_equal(get_alert(bench, 0)->identity.confidence, CONFIDENCE_NONE);
	store_lease();
	while (get_alert(bench, 1) == NULL) {
		assert_true(ring_now_ms() < until_ms);
		step(bench);
	}
	assert_int_equal(get_alert(bench, 1)->revision, 2);
	assert_int_equal(get_alert(bench, 1)->alert_id, get_alert(bench, 0)->alert_id);
	assert_string_equal(get_alert(bench, 1)->identity.instance_id, "i-0a1b2c3d4e5f60718");
	finish(bench);
	assert_null(get_alert(bench, 2));
	bench_free(bench);
}

static void store_open_alert(void)
{
	uint64_t hash =
		alert_open_hash("tap:eth0", "10.0.1.7", FAMILY_SESSION, "198.51.100.120:3333");

	redis_run("SET m:alert:open:%016llx 0123456789abcd17", (unsigned long long)hash);
	redis_run("HSET m:alert:0123456789abcd17 revision 3 sid 1600001 level confirmed flows 2 "
		  "first_seen 2026-03-05T09:00:00.000000+0000 "
		  "last_seen 2026-03-05T09:50:00.000000+0000");
}

/* Input ends right behind the login: the answer is on its way. */
static void test_the_end_waits_for_answers(void **state)
{
	(void)state;
	for (unsigned is_lossless = 0; is_lossless < 2; is_lossless++) {
		struct bench *bench = bench_of(0, inquirer, is_lossless != 0);

		store_open_alert();
		push_login(bench, 0, 1, 7, 50000);
		finish(bench);
		assert_non_null(get_alert(bench, 0));
		assert_int_equal(get_alert(bench, 0)->alert_id, UINT64_C(0x0123456789abcd17));
		assert_int_equal(get_alert(bench, 0)->revision, 4);
		assert_int_equal(get_alert(bench, 0)->sid, SID_SESSION);
		assert_null(get_alert(bench, 1));
		bench_free(bench);
	}
}

/* And not for ever: who never answers takes no alert along. */
static void test_the_end_does_not_wait_for_ever(void **state)
{
	struct bench *bench = bench_of(0, inquirer, false);

	(void)state;
	push_login(bench, 0, 1, 7, 50000);
	push_contact(bench, 0, 2, 8, 50000);
	finish(bench);
	assert_int_equal(get_alert(bench, 0)->revision, 1);
	assert_int_equal(get_alert(bench, 1)->revision, 1);
	assert_null(get_alert(bench, 2));
	bench_free(bench);
}

int main(void)
{
#define WITH_LISTS(test)    cmocka_unit_test_setup_teardown(test, make_lists, free_lists)
#define WITH_INQUIRER(test) cmocka_unit_test_setup_teardown(test, start_inquirer, stop_inquirer)
	const struct CMUnitTest tests[] = {
		WITH_LISTS(test_a_pool_known_only_by_dns),
		WITH_LISTS(test_a_session_has_the_name_that_the_client_asked_for),
		WITH_LISTS(test_a_session_with_a_named_pool_takes_its_contacts),
		WITH_LISTS(test_an_allowed_miner_has_records_and_no_alert),
		WITH_LISTS(test_a_record_carries_its_hello),
		WITH_LISTS(test_hosts_of_one_hostile_endpoint),
		WITH_LISTS(test_hosts_of_one_pool_by_name),
		WITH_LISTS(test_two_hosts_are_no_campaign),
		WITH_INQUIRER(test_alerts_and_sessions_say_whose_machine_it_is),
		WITH_INQUIRER(test_an_alert_is_revised_when_its_machine_is_known),
		WITH_INQUIRER(test_the_end_waits_for_answers),
		cmocka_unit_test_setup_teardown(test_the_end_does_not_wait_for_ever, make_inquirer,
						stop_inquirer),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, server_start, server_stop);
}
