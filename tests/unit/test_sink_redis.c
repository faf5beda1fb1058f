/* test_sink_redis.c: what events become in Redis, read back from a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "sensor/correlator.h"
#include "sensor/log.h"
#include "tests/unit/redis_sink_rig.h"

#define HOST        "111122223333/us-east-1/vpc-0a1b2c3d/10.0.1.23"
#define HOST_KEY    "p:host:" HOST
#define POOL        "198.51.100.120:3333"
#define WALLET_HASH "653a1f4a71581856"

static void fake_sum(void *ctx, struct stats *sum)
{
	(void)ctx;
	sum->packets = 42;
}

static void use_sensor(const char *id)
{
	event_renderer_free(renderer);
	context.sensor_id = id;
	renderer = event_renderer_new(&context);
	assert_non_null(renderer);
}

static int setup(void **state)
{
	int error = rig_setup(state);

	options.sum_stats = fake_sum;
	return error;
}

static void assert_field(const char *key, const char *field, const char *value)
{
	redisReply *reply = redis_run("HGET %s %s", key, field);

	if (reply->type != REDIS_REPLY_STRING)
		fail_msg("%s has no %s", key, field);
	assert_string_equal(reply->str, value);
}

static void assert_no_field(const char *key, const char *field)
{
	assert_int_equal(redis_run("HEXISTS %s %s", key, field)->integer, 0);
}

/* The value of a field of the only entry of a stream. */
static const char *entry_field(const redisReply *entry, const char *name)
{
	const redisReply *fields = entry->element[1];

	for (size_t i = 0; i + 1 < fields->elements; i += 2)
		if (strcmp(fields->element[i]->str, name) == 0)
			return fields->element[i + 1]->str;
	fail_msg("no field %s", name);
	return NULL;
}

static void an_alert_is_stored_with_its_state(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, 2);
	const redisReply *entry;
	struct event event;
	char open_key[64];
	size_t len;

	(void)state;
	open_sink();
	write_event(&alert.decision);
	close_sink();
	entry = redis_run("XRANGE p:{s1}:alert - +")->element[0];
	assert_string_equal(entry_field(entry, "id"), "0123456789abcd17");
	assert_string_equal(entry_field(entry, "rev"), "2");
	assert_string_equal(entry_field(entry, "sid"), "1600001");
	assert_string_equal(entry_field(entry, "level"), "confirmed");
	assert_string_equal(entry_field(entry, "src"), "10.0.1.23");
	assert_string_equal(entry_field(entry, "dest"), POOL);
	assert_string_equal(entry_field(entry, "wallet"), TEST_WALLET);
	assert_string_equal(entry_field(entry, "instance"), "");
	event_begin(renderer, &alert.decision, &event);
	assert_string_equal(entry_field(entry, "eve"), event_eve(renderer, &event, &len));

	assert_field("p:alert:0123456789abcd17", "revision", "2");
	assert_field("p:alert:0123456789abcd17", "wallet_hash", WALLET_HASH);
	assert_field("p:alert:0123456789abcd17", "first_seen", "2026-03-05T10:01:07.123456+0000");
	assert_true(redis_run("TTL p:alert:0123456789abcd17")->integer > 3500);
	assert_field(HOST_KEY, "alert_id", "0123456789abcd17");
	assert_string_equal(redis_run("ZSCORE p:alerts 0123456789abcd17")->str,
			    "1772704867.123456");
	snprintf(open_key, sizeof(open_key), "p:alert:open:%016llx",
		 (unsigned long long)alert_open_hash("111122223333/us-east-1/vpc-0a1b2c3d",
						     "10.0.1.23", FAMILY_SESSION, POOL));
	assert_string_equal(redis_run("GET %s", open_key)->str, "0123456789abcd17");
	assert_true(redis_run("TTL %s", open_key)->integer > 86000);
}

static void a_contact_does_not_hide_the_session(void **state)
{
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);
	struct decision_alert contact = test_alert(23, SID_ENDPOINT, 1);

	(void)state;
	contact.alert_id = 5;
	open_sink();
	write_event(&alert.decision);
	write_event(&contact.decision);
	close_sink();
	assert_field(HOST_KEY, "alert_id", "0123456789abcd17");
	assert_field(HOST_KEY, "sid", "1600001");
	assert_field(HOST_KEY, "contact_id", "0000000000000005");
	assert_field(HOST_KEY, "contact_sid", "1600010");
	assert_field("p:alert:0000000000000005", "level", "suspect");
}

static void a_session_updates_all_it_touches(void **state)
{
	struct decision_session session = test_session(23, SESSION_REPORT);
	const redisReply *entry;

	(void)state;
	open_sink();
	write_event(&session.decision);
	close_sink();
	entry = redis_run("XRANGE p:{s1}:session - +")->element[0];
	assert_string_equal(entry_field(entry, "event"), "report");
	assert_string_equal(entry_field(entry, "wallet"), TEST_WALLET);
	assert_string_equal(entry_field(entry, "wallet_check"), "unverified");
	assert_string_equal(entry_field(entry, "difficulty"), "480045.500000");
	assert_string_equal(entry_field(entry, "hashrate"), "16001.5");
	assert_string_equal(entry_field(entry, "hashrate_claimed"), "0.0");
	assert_string_equal(entry_field(entry, "evidence"), "login,job");
	assert_field("p:session:1676750115612703", "state", "mining");
	assert_field("p:session:1676750115612703", "accepted", "10");
	assert_field(HOST_KEY, "wallet_hash", WALLET_HASH);
	assert_field(HOST_KEY, "hashrate@s1", "16001.5");
	assert_field(HOST_KEY, "sessions@s1", "1");
	assert_no_field(HOST_KEY, "wallet");
	assert_field("p:pool:" POOL, "accepted@s1", "10");
	assert_field("p:wallet:" WALLET_HASH, "wallet", TEST_WALLET);
	assert_field("p:wallet:" WALLET_HASH, "work@s1", "4800450");
	assert_string_equal(redis_run("ZSCORE p:hosts " HOST)->str, "1772705167.123456");
	assert_string_equal(redis_run("ZSCORE p:hosts:by-hashrate " HOST)->str, "16001.5");
	assert_int_equal(redis_run("SISMEMBER p:pool:" POOL ":hosts " HOST)->integer, 1);
	assert_int_equal(redis_run("SISMEMBER p:wallet:" WALLET_HASH ":hosts " HOST)->integer, 1);
	assert_true(redis_run("TTL p:pool:" POOL ":hosts")->integer > 3500);
	/* Small hashes stay small: Redis keeps them in one block. */
	assert_string_equal(redis_run("OBJECT ENCODING " HOST_KEY)->str, "listpack");
}

static void both_tuples_are_columns(void **state)
{
	struct decision_session session = test_session(23, SESSION_REPORT);
	struct decision_flow flow = test_flow(23, true);

	(void)state;
	session.parties.nat = test_nat(1025);
	flow.parties.nat = test_nat(1025);
	open_sink();
	write_event(&session.decision);
	write_event(&flow.decision);
	close_sink();
	for (int i = 0; i < 2; i++) {
		const redisReply *entry =
			redis_run(i == 0 ? "XRANGE p:{s1}:session - +" : "XRANGE p:{s1}:flow - +")
				->element[0];

		assert_string_equal(entry_field(entry, "src"), "10.0.1.23");
		assert_string_equal(entry_field(entry, "sport"), "49152");
		assert_string_equal(entry_field(entry, "nat_src_ip"), "198.51.100.40");
		assert_string_equal(entry_field(entry, "nat_src_port"), "1025");
	}
}

static void new_columns_come_last(void **state)
{
	struct decision_session session = test_session(23, SESSION_REPORT);
	const char *const key = "p:session:1676750115612703";
	const redisReply *entry;
	const redisReply *fields;

	(void)state;
	snprintf(session.view.carrier, sizeof(session.view.carrier), "socks,http");
	snprintf(session.view.rig, sizeof(session.view.rig), "rig\x1b");
	snprintf(session.view.payout, sizeof(session.view.payout), "bc1qexample");
	session.view.is_donation = 1;
	session.view.rates[RATE_1M] = 300.25;
	open_sink();
	write_event(&session.decision);
	close_sink();
	entry = redis_run("XRANGE p:{s1}:session - +")->element[0];
	fields = entry->element[1];
	assert_string_equal(fields->element[fields->elements - 34]->str, "revision");
	assert_string_equal(fields->element[fields->elements - 6]->str, "hashrate_unit");
	assert_string_equal(fields->element[fields->elements - 4]->str, "nat_src_ip");
	assert_string_equal(fields->element[fields->elements - 3]->str, "");
	assert_string_equal(fields->element[fields->elements - 2]->str, "nat_src_port");
	assert_string_equal(fields->element[fields->elements - 1]->str, "0");
	assert_string_equal(entry_field(entry, "carrier"), "socks,http");
	assert_string_equal(entry_field(entry, "rig"), "rig\\x1b");
	assert_string_equal(entry_field(entry, "payout"), "bc1qexample");
	assert_string_equal(entry_field(entry, "donation"), "1");
	assert_string_equal(entry_field(entry, "password_present"), "0");
	assert_string_equal(entry_field(entry, "workers"), "1");
	assert_string_equal(entry_field(entry, "hashrate_1m"), "300.3");
	assert_string_equal(entry_field(entry, "hashrate_10m"), "0.0");
	assert_string_equal(entry_field(entry, "hashrate_unit"), "H/s");
	assert_field(key, "carrier", "socks,http");
	assert_field(key, "rig", "rig\\x1b");
	assert_field(key, "hashrate_1m", "300.3");
	assert_field(key, "hashrate_unit", "H/s");
}

/* Solutions per second are no hashes: they would look like a thousandth of a miner. */
static void only_hashes_are_added_up(void **state)
{
	struct decision_session session = test_session(23, SESSION_REPORT);

	(void)state;
	snprintf(session.view.unit, sizeof(session.view.unit), "Sol/s");
	open_sink();
	write_event(&session.decision);
	close_sink();
	assert_field("p:session:1676750115612703", "hashrate", "16001.5");
	assert_field("p:session:1676750115612703", "hashrate_unit", "Sol/s");
	assert_field(HOST_KEY, "hashrate@s1", "0.0");
	assert_field(HOST_KEY, "accepted@s1", "10");
	assert_field("p:wallet:" WALLET_HASH, "work@s1", "0");
}

static void a_node_makes_nobody_a_miner(void **state)
{
	struct decision_session session = test_session(23, SESSION_BEGIN);
	struct decision_alert alert = test_alert(23, SID_NODE, 1);

	(void)state;
	session.view.level = LEVEL_NODE;
	session.view.role = ROLE_NODE;
	alert.alert_id = 9;
	open_sink();
	write_event(&session.decision);
	write_event(&alert.decision);
	close_sink();
	assert_int_equal(redis_run("XLEN p:{s1}:session")->integer, 1);
	assert_field("p:session:1676750115612703", "state", "node");
	assert_no_field(HOST_KEY, "sessions@s1");
	assert_no_field(HOST_KEY, "alert_id");
	assert_field(HOST_KEY, "node_id", "0000000000000009");
	assert_field(HOST_KEY, "node_sid", "1600040");
	assert_int_equal(redis_run("EXISTS p:pool:" POOL)->integer, 0);
	assert_int_equal(redis_run("EXISTS p:wallet:" WALLET_HASH)->integer, 0);
}

static void sensors_keep_their_own_totals(void **state)
{
	struct decision_session session = test_session(23, SESSION_REPORT);
	struct decision_session other = test_session(23, SESSION_REPORT);

	(void)state;
	open_sink();
	write_event(&session.decision);
	close_sink();
	use_sensor("s2");
	other.view.accepted = 3;
	open_sink();
	write_event(&other.decision);
	close_sink();
	assert_field("p:pool:" POOL, "accepted@s1", "10");
	assert_field("p:pool:" POOL, "accepted@s2", "3");
}

static void an_old_replay_never_overwrites_today(void **state)
{
	struct decision_session today = test_session(23, SESSION_REPORT);
	struct decision_session old = test_session(23, SESSION_REPORT);
	struct decision_alert alert = test_alert(23, SID_SESSION, 3);
	struct decision_alert old_alert = test_alert(23, SID_SESSION, 1);
	const uint64_t day = 86400 * DECISION_SEC;

	(void)state;
	open_sink();
	write_event(&alert.decision);
	write_event(&today.decision);
	close_sink();

	use_sensor("replay");
	old.decision.time_ns -= day;
	old.last_ns -= day;
	old.view.first_ns -= day;
	old.view.hashrate = 1;
	snprintf(old.view.worker, sizeof(old.view.worker), "old");
	old_alert.decision.time_ns -= day;
	old_alert.last_ns -= day;
	old_alert.episode_ns -= day;
	old_alert.alert_id = 7;
	open_sink();
	write_event(&old_alert.decision);
	write_event(&old.decision);
	close_sink();
	assert_field(HOST_KEY, "worker", "web-1");
	assert_field(HOST_KEY, "alert_id", "0123456789abcd17");
	assert_field(HOST_KEY, "last_seen", "2026-03-05T10:06:07.123456+0000");
	assert_field(HOST_KEY, "first_seen", "2026-03-04T10:01:07.123456+0000");
	assert_field(HOST_KEY, "hashrate@s1", "16001.5");
	assert_field(HOST_KEY, "hashrate@replay", "1.0");
	assert_string_equal(redis_run("ZSCORE p:hosts " HOST)->str, "1772705167.123456");
	assert_string_equal(redis_run("ZSCORE p:hosts:by-hashrate " HOST)->str, "16001.5");
	assert_string_equal(
		redis_run("GET p:alert:open:%016llx",
			  (unsigned long long)alert_open_hash("111122223333/us-east-1/vpc-0a1b2c3d",
							      "10.0.1.23", FAMILY_SESSION, POOL))
			->str,
		"0123456789abcd17");
}

static void sending_again_changes_nothing(void **state)
{
	struct decision_session session = test_session(23, SESSION_END);
	char before[32];

	(void)state;
	for (int i = 0; i < 2; i++) {
		open_sink();
		write_event(&session.decision);
		close_sink();
		if (i == 0)
			snprintf(before, sizeof(before), "%lld",
				 redis_run("HLEN " HOST_KEY)->integer);
	}
	assert_field(HOST_KEY, "accepted@s1", "10");
	assert_field(HOST_KEY, "sessions@s1", "0");
	assert_field(HOST_KEY, "state", "ended");
	assert_int_equal(redis_run("HLEN " HOST_KEY)->integer, strtol(before, NULL, 10));
	assert_int_equal(redis_run("XLEN p:{s1}:session")->integer, 2);
}

static void flows_are_flat_or_eve(void **state)
{
	struct decision_flow flow = test_flow(23, false);
	struct decision_flow mining = test_flow(24, true);
	const redisReply *reply;

	(void)state;
	open_sink();
	write_event(&flow.decision);
	write_event(&mining.decision);
	close_sink();
	reply = redis_run("XRANGE p:{s1}:flow - +");
	assert_int_equal(reply->elements, 2);
	assert_int_equal(reply->element[0]->element[1]->elements,
			 reply->element[1]->element[1]->elements);
	assert_string_equal(entry_field(reply->element[0], "src"), "10.0.1.23");
	assert_string_equal(entry_field(reply->element[0], "pkts_toclient"), "13");
	assert_string_equal(entry_field(reply->element[0], "reason"), "closed");
	assert_string_equal(entry_field(reply->element[0], "sid"), "0");
	assert_string_equal(entry_field(reply->element[0], "alert_id"), "");
	assert_string_equal(entry_field(reply->element[1], "alert_id"), "0123456789abcd18");

	config.flow_format = FLOW_FORMAT_EVE;
	use_sensor("s2");
	open_sink();
	write_event(&flow.decision);
	close_sink();
	reply = redis_run("XRANGE p:{s2}:flow - +")->element[0];
	assert_int_equal(reply->element[1]->elements, 2);
	assert_non_null(strstr(entry_field(reply, "eve"), "\"event_type\":\"flow\""));
}

static void wire_text_is_escaped_and_never_in_a_key(void **state)
{
	struct decision_session session = test_session(23, SESSION_REPORT);
	const redisReply *keys;

	(void)state;
	snprintf(session.view.worker, sizeof(session.view.worker), "w\x1b[2J\xff");
	snprintf(session.view.wallet, sizeof(session.view.wallet), "evil key");
	snprintf(session.view.pool, sizeof(session.view.pool), "evil pool");
	memset(session.view.agent, 'a', sizeof(session.view.agent) - 1);
	open_sink();
	write_event(&session.decision);
	close_sink();
	assert_field(HOST_KEY, "worker", "w\\x1b[2J\\xff");
	assert_int_equal(redis_run("HSTRLEN " HOST_KEY " agent")->integer, 64);
	keys = redis_run("KEYS *evil*");
	assert_int_equal(keys->elements, 0);
	assert_field("p:pool:" POOL, "name", "evil pool");
}

static void counters_and_status_come_at_the_end(void **state)
{
	const redisReply *entry;

	(void)state;
	open_sink();
	close_sink();
	entry = redis_run("XRANGE p:{s1}:stats - +")->element[0];
	assert_string_equal(entry_field(entry, "packets"), "42");
	assert_int_equal(entry->element[1]->elements, 2 * STATS_COUNT);
	assert_field("p:{s1}:status", "packets", "42");
	assert_field("p:{s1}:status", "mode", "live");
	assert_field("p:{s1}:status", "interface", "ens6");
	assert_true(redis_run("TTL p:{s1}:status")->integer > 55);
}

static void open_errors_are_clear(void **state)
{
	char error[SINK_ERROR_TEXT];
	char foreign[] = "redis+foreign://redis.example.org";
	char plain[] = "redis://redis.example.org";
	char tls[] = "rediss://redis.example.org";
	char missing[] = "/nonexistent/password";

	(void)state;
	config.redis_password_file = missing;
	assert_int_equal(sink_redis.open(&sink, &options, error), -ENOENT);
	assert_non_null(strstr(error, missing));
	config.redis_password_file = NULL;
	config.redis = foreign;
	assert_int_equal(sink_redis.open(&sink, &options, error), -EINVAL);
	assert_non_null(strstr(error, "a Redis URL begins with"));
	config.redis_ca = missing;
	config.redis = plain;
	assert_int_equal(sink_redis.open(&sink, &options, error), -EINVAL);
	assert_non_null(strstr(error, "unencrypted"));
	config.redis = tls;
	assert_int_equal(sink_redis.open(&sink, &options, error), -EINVAL);
	assert_string_equal(error, "redis-ca: /nonexistent/password: No such file or directory");
	config.redis_ca = NULL;
}

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

/* So many of each while Redis is silent; the queue has room for a part. */
static int write_many(unsigned count, unsigned *flows)
{
	*flows = 0;
	for (unsigned i = 0; i < count; i++) {
		struct decision_alert alert = test_alert((uint8_t)(i % 200), SID_SESSION, i + 1);
		struct decision_flow flow = test_flow((uint8_t)(i % 200), false);
		struct event event;
		int result;

		flow.parties.flow_id = 1000 + i;
		event_begin(renderer, &flow.decision, &event);
		result = sink_redis.write(sink, renderer, &event);
		if (result != 0)
			return result;
		++*flows;
		if (i % 100 == 0)
			write_event(&alert.decision);
	}
	return 0;
}

static void poll_until_sent(void)
{
	struct pollfd want;

	redis_run("CLIENT UNPAUSE");
	while (sink_redis.poll(sink, ring_now_ms(), &want) == -EAGAIN)
		pause_ms(2);
}

static void live_the_oldest_flow_records_make_room(void **state)
{
	const unsigned count = 4000;
	redisReply *reply;
	unsigned flows;
	char want[32];

	(void)state;
	config.redis_queue = 1 << 20;
	open_sink();
	assert_int_equal(write_many(count, &flows), 0);
	assert_true(stats.redis_dropped > 100 && stats.redis_dropped < count);
	poll_until_sent();
	assert_int_equal(redis_run("XLEN p:{s1}:alert")->integer, count / 100);
	reply = redis_run("XRANGE p:{s1}:flow - +");
	assert_int_equal(reply->elements + stats.redis_dropped, count);
	/* Those that are there are the newest, in order. */
	for (size_t i = 0; i < reply->elements; i++) {
		snprintf(want, sizeof(want), "%zu", 1000 + count - reply->elements + i);
		assert_string_equal(entry_field(reply->element[i], "flow_id"), want);
	}
	assert_int_equal(sink_redis.close(sink, ring_now_ms() + 1000), stats.redis_dropped);
}

/* What was sent and not answered may be there: it is not dropped. */
static void what_was_sent_is_not_dropped(void **state)
{
	unsigned first;
	unsigned flows;
	struct pollfd want;
	redisReply *reply;

	(void)state;
	config.redis_queue = 1 << 20;
	open_sink();
	assert_int_equal(write_many(200, &first), 0);
	redis_run("CLIENT PAUSE 5000 ALL");
	sink_redis.poll(sink, ring_now_ms(), &want);
	assert_int_equal(write_many(4000, &flows), 0);
	assert_true(stats.redis_dropped > 100);
	poll_until_sent();
	reply = redis_run("XRANGE p:{s1}:flow - +");
	assert_int_equal(reply->elements + stats.redis_dropped, first + flows);
	assert_string_equal(entry_field(reply->element[0], "flow_id"), "1000");
	assert_string_equal(entry_field(reply->element[199], "flow_id"), "1199");
	assert_int_equal(sink_redis.close(sink, ring_now_ms() + 1000), stats.redis_dropped);
}

static void from_a_file_the_reader_waits(void **state)
{
	unsigned flows;

	(void)state;
	config.redis_queue = 1 << 20;
	context.is_live = false;
	open_sink();
	assert_int_equal(write_many(4000, &flows), -EAGAIN);
	assert_int_equal(stats.redis_dropped, 0);
	poll_until_sent();
	assert_int_equal(redis_run("XLEN p:{s1}:flow")->integer, flows);
	close_sink();
}

static void a_machine_is_in_all_that_it_touches(void **state)
{
	static const char alert_key[] = "p:alert:0123456789abcd17";
	struct decision_alert alert = test_alert(23, SID_SESSION, 1);
	struct decision_alert unknown = test_alert(23, SID_SESSION, 2);

	(void)state;
	snprintf(alert.identity.instance_id, LIMIT_NAME_TEXT, "i-0a1b2c3d4e5f60718");
	snprintf(alert.identity.eni_id, LIMIT_NAME_TEXT, "eni-0f1e2d3c4b5a69788");
	snprintf(alert.identity.instance_type, LIMIT_NAME_TEXT, "p3.2xlarge");
	snprintf(alert.identity.principal, LEASE_PRINCIPAL_TEXT,
		 "arn:aws:iam::111122223333:user/ml");
	snprintf(alert.identity.access_key_id, LIMIT_NAME_TEXT, "AKIA4EXAMPLE1234567");
	alert.identity.confidence = CONFIDENCE_HIGH;
	open_sink();
	write_event(&alert.decision);
	write_event(&unknown.decision); /* it is not known any more: what was known stays */
	close_sink();
	assert_string_equal(
		entry_field(redis_run("XRANGE p:{s1}:alert - +")->element[0], "instance"),
		"i-0a1b2c3d4e5f60718");
	for (size_t i = 0; i < 2; i++) {
		const char *key = i == 0 ? alert_key : HOST_KEY;

		assert_field(key, "instance", "i-0a1b2c3d4e5f60718");
		assert_field(key, "eni", "eni-0f1e2d3c4b5a69788");
		assert_field(key, "instance_type", "p3.2xlarge");
		assert_field(key, "principal", "arn:aws:iam::111122223333:user/ml");
		assert_field(key, "launch_key", "AKIA4EXAMPLE1234567");
	}
	assert_field(alert_key, "revision", "2");
	assert_no_field(alert_key, "name");
	assert_no_field(alert_key, "access_key");
}

static void hostile_contacts_and_keys_have_fields(void **state)
{
	static const char key_name[] = "AKIA4EXAMPLE1234567.example.org";
	struct decision_alert session = test_alert(23, SID_SESSION, 1);
	struct decision_alert leak = test_alert(23, SID_ENDPOINT, 1);

	(void)state;
	leak.sid = SID_KEY_LEAK;
	leak.alert_id = 5;
	snprintf(leak.query, sizeof(leak.query), "%s", key_name);
	snprintf(leak.access_key, sizeof(leak.access_key), "AKIA4EXAMPLE1234567");
	open_sink();
	write_event(&session.decision);
	write_event(&leak.decision);
	close_sink();
	assert_field("p:alert:0000000000000005", "name", key_name);
	assert_field("p:alert:0000000000000005", "access_key", "AKIA4EXAMPLE1234567");
	assert_field("p:alert:0000000000000005", "pool", "");
	assert_field("p:alert:0000000000000005", "severity", "1");
	assert_field(HOST_KEY, "hostile_id", "0000000000000005");
	assert_field(HOST_KEY, "hostile_sid", "1600015");
	assert_field(HOST_KEY, "alert_id", "0123456789abcd17");
	assert_no_field(HOST_KEY, "contact_id");
	assert_string_equal(entry_field(redis_run("XRANGE p:{s1}:alert - +")->element[1], "pool"),
			    "");
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(a_campaign_is_built_before_it_is_raised),
		WITH_SERVER(joins_may_come_in_any_order),
		WITH_SERVER(a_campaigns_alert_is_one_of_alerts),
		WITH_SERVER(an_old_replay_does_not_set_a_campaign_back),
		WITH_SERVER(hostile_names_of_a_campaign_are_escaped),
		WITH_SERVER(an_alert_is_stored_with_its_state),
		WITH_SERVER(a_contact_does_not_hide_the_session),
		WITH_SERVER(a_machine_is_in_all_that_it_touches),
		WITH_SERVER(hostile_contacts_and_keys_have_fields),
		WITH_SERVER(a_session_updates_all_it_touches),
		WITH_SERVER(new_columns_come_last),
		WITH_SERVER(both_tuples_are_columns),
		WITH_SERVER(only_hashes_are_added_up),
		WITH_SERVER(a_node_makes_nobody_a_miner),
		WITH_SERVER(sensors_keep_their_own_totals),
		WITH_SERVER(an_old_replay_never_overwrites_today),
		WITH_SERVER(sending_again_changes_nothing),
		WITH_SERVER(flows_are_flat_or_eve),
		WITH_SERVER(wire_text_is_escaped_and_never_in_a_key),
		WITH_SERVER(counters_and_status_come_at_the_end),
		WITH_SERVER(open_errors_are_clear),
		WITH_SERVER(live_the_oldest_flow_records_make_room),
		WITH_SERVER(what_was_sent_is_not_dropped),
		WITH_SERVER(from_a_file_the_reader_waits),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, server_start, server_stop);
}
