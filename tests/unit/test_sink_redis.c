/* test_sink_redis.c: what events become in Redis, read back from a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "sensor/correlator.h"
#include "sensor/log.h"
#include "tests/unit/redis_sink_fields.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, server_start, server_stop);
}
