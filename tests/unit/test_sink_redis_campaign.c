/* test_sink_redis_campaign.c: what campaigns become in Redis, read back from a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sensor/log.h"
#include "tests/unit/redis_sink_fields.h"

#define CAMPAIGN "p:campaign:0fef1d41e794f234"

/* members: so many are known by then. */
static void write_join(uint8_t last, uint64_t joined_s, uint32_t members)
{
	struct decision_campaign join = test_campaign(last, CAMPAIGN_JOIN, 0);

	join.members = members;
	join.joined_ns = DECISION_NS + joined_s * DECISION_SEC;
	write_event(&join.decision);
}

static void a_campaign_is_built_before_it_is_raised(void **state)
{
	struct decision_campaign update = test_campaign(23, CAMPAIGN_UPDATE, 0);

	(void)state;
	open_sink();
	write_join(23, 10, 1);
	write_join(24, 20, 2);
	update.members = 2;
	update.local_members = 2;
	write_event(&update.decision);
	close_sink();
	assert_field(CAMPAIGN, "kind", "wallet");
	assert_field(CAMPAIGN, "key", TEST_WALLET);
	assert_field(CAMPAIGN, "threshold", "3");
	assert_field(CAMPAIGN, "first_member", HOST);
	assert_field(CAMPAIGN, "first_seen", "1772704877123");
	assert_field(CAMPAIGN, "last_join", "1772704887123");
	assert_field(CAMPAIGN, "last_seen", "1772706367123");
	assert_field(CAMPAIGN, "members@s1", "2");
	assert_field(CAMPAIGN, "hashrate@s1", "39605.4");
	assert_field(CAMPAIGN, "hashrate_unit@s1", "H/s");
	assert_field(CAMPAIGN, "worker_pattern@s1", "gpu-*");
	assert_int_equal(redis_run("SCARD " CAMPAIGN ":hosts")->integer, 2);
	assert_int_equal(redis_run("SISMEMBER " CAMPAIGN ":hosts " HOST)->integer, 1);
	assert_true(redis_run("TTL " CAMPAIGN)->integer > 3500);
	assert_true(redis_run("TTL " CAMPAIGN ":hosts")->integer > 3500);
	assert_true(redis_run("TTL {" CAMPAIGN "}:seen")->integer > 3500);
	/* Too few hosts: no alert, not among the campaigns. */
	assert_int_equal(redis_run("EXISTS p:campaigns")->integer, 0);
	assert_int_equal(redis_run("EXISTS p:{s1}:alert")->integer, 0);
	assert_string_equal(redis_run("OBJECT ENCODING " CAMPAIGN)->str, "listpack");
}

static void joins_may_come_in_any_order(void **state)
{
	static const struct {
		uint8_t last;
		uint64_t joined_s;
	} joins[] = { { 25, 30 }, { 23, 50 }, { 24, 20 }, { 23, 10 }, { 25, 90 }, { 24, 21 } };

	(void)state;
	open_sink();
	for (size_t i = 0; i < sizeof(joins) / sizeof(joins[0]); i++) {
		use_sensor(i % 2 == 0 ? "s1" : "s2"); /* and from whomever */
		write_join(joins[i].last, joins[i].joined_s, 3);
	}
	close_sink();
	assert_field(CAMPAIGN, "first_member", HOST);
	assert_field(CAMPAIGN, "first_seen", "1772704877123");
	/* 10.0.1.25 joined at 30: that 10.0.1.23 was once thought to have come at 50 is over. */
	assert_field(CAMPAIGN, "last_join", "1772704897123");
	assert_int_equal(redis_run("SCARD " CAMPAIGN ":hosts")->integer, 3);
	assert_string_equal(redis_run("ZSCORE p:campaigns 0fef1d41e794f234")->str,
			    "1772706367.123456");
}

static void a_campaigns_alert_is_one_of_alerts(void **state)
{
	struct decision_campaign alert = test_campaign(23, CAMPAIGN_ALERT, 7);
	const redisReply *entry;
	struct event event;
	size_t len;

	(void)state;
	open_sink();
	for (uint8_t last = 21; last <= 23; last++)
		write_join(last, last, last);
	write_event(&alert.decision);
	close_sink();
	entry = redis_run("XRANGE p:{s1}:alert - +")->element[0];
	assert_string_equal(entry_field(entry, "id"), "0fef1d41e794f234");
	assert_string_equal(entry_field(entry, "rev"), "7");
	assert_string_equal(entry_field(entry, "sid"), "1600030");
	assert_string_equal(entry_field(entry, "level"), "confirmed");
	assert_string_equal(entry_field(entry, "src"), "10.0.1.23");
	assert_string_equal(entry_field(entry, "dest"), POOL);
	assert_string_equal(entry_field(entry, "wallet"), TEST_WALLET);
	event_begin(renderer, &alert.decision, &event);
	assert_string_equal(entry_field(entry, "eve"), event_eve(renderer, &event, &len));
	assert_field("p:alert:0fef1d41e794f234", "revision", "7");
	assert_field("p:alert:0fef1d41e794f234", "members", "20");
	assert_field("p:alert:0fef1d41e794f234", "wallet_hash", WALLET_HASH);
	assert_field(CAMPAIGN, "revision@s1", "7");
	assert_string_equal(redis_run("ZSCORE p:alerts 0fef1d41e794f234")->str,
			    "1772706367.123456");
	/* The first host's own alert is not hidden by it. */
	assert_int_equal(redis_run("EXISTS " HOST_KEY)->integer, 0);
}

static void an_old_replay_does_not_set_a_campaign_back(void **state)
{
	struct decision_campaign now = test_campaign(23, CAMPAIGN_UPDATE, 4);
	struct decision_campaign old = now;

	(void)state;
	old.decision.time_ns -= 86400 * DECISION_SEC;
	old.last_ns -= 86400 * DECISION_SEC;
	old.hashrate = 1;
	open_sink();
	write_join(23, 10, 1);
	write_event(&now.decision);
	write_event(&old.decision);
	close_sink();
	assert_field(CAMPAIGN, "last_seen", "1772706367123");
	assert_field(CAMPAIGN, "hashrate@s1", "39605.4");
}

static void hostile_names_of_a_campaign_are_escaped(void **state)
{
	struct decision_campaign update = test_campaign(23, CAMPAIGN_UPDATE, 0);

	(void)state;
	memset(update.key, 'k', sizeof(update.key) - 1);
	snprintf(update.worker_pattern, sizeof(update.worker_pattern), "a\r\n\x1b*");
	memset(update.agent, 'a', sizeof(update.agent) - 1);
	open_sink();
	write_event(&update.decision);
	close_sink();
	assert_field(CAMPAIGN, "worker_pattern@s1", "a\\x0d\\x0a\\x1b*");
	assert_int_equal(strlen(redis_run("HGET " CAMPAIGN " key")->str), 64);
	assert_int_equal(strlen(redis_run("HGET " CAMPAIGN " agent@s1")->str), 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(a_campaign_is_built_before_it_is_raised),
		WITH_SERVER(joins_may_come_in_any_order),
		WITH_SERVER(a_campaigns_alert_is_one_of_alerts),
		WITH_SERVER(an_old_replay_does_not_set_a_campaign_back),
		WITH_SERVER(hostile_names_of_a_campaign_are_escaped),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, server_start, server_stop);
}
