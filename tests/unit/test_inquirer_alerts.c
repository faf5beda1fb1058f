/* test_inquirer_alerts.c: open alerts and campaigns, asked for at a real server. */
#include "tests/unit/inquirer_rig.h"

/* --- open alerts ---------------------------------------------------------------------------- */

static struct answer open_alert(uint64_t hash)
{
	struct question question = { .ticket = 21, .kind = QUESTION_OPEN_ALERT };

	question.open_alert.hash = hash;
	return ask_wait(&question);
}

static void an_open_alert_is_found(void **state)
{
	struct answer answer;

	(void)state;
	redis_run("SET m:alert:open:00000000000000ab 0123456789abcdef");
	redis_run("HSET m:alert:0123456789abcdef revision 4 sid 1600001 level confirmed "
		  "first_seen 2026-03-05T09:58:02.123456+0000 "
		  "last_seen 2026-03-05T10:58:02.000000+0000 flows 12 absorbed_by %s",
		  "00000000000000ff");
	start();
	answer = open_alert(0xab);
	assert_int_equal(answer.status, ANSWER_KNOWN);
	assert_true(answer.open_alert.alert_id == UINT64_C(0x0123456789abcdef));
	assert_int_equal(answer.open_alert.revision, 4);
	assert_int_equal(answer.open_alert.sid, 1600001);
	assert_int_equal(answer.open_alert.level, LEVEL_CONFIRMED);
	assert_int_equal(answer.open_alert.first_ns, LAUNCH + 123456000);
	assert_int_equal(answer.open_alert.last_ns, LAUNCH + 3600 * SECOND);
	assert_int_equal(answer.open_alert.flows, 12);
	assert_int_equal(answer.open_alert.absorbed_by, 0xff);
	redis_run("HSET m:alert:0123456789abcdef absorbed_by %s", "");
	assert_int_equal(open_alert(0xab).open_alert.absorbed_by, 0);
	assert_int_equal(open_alert(0xac).status, ANSWER_UNKNOWN);
}

static void an_alert_that_is_not_whole_is_none(void **state)
{
	static const char *const changes[] = {
		"revision x", "revision 4294967296", "sid -1",      "level certain",
		"level \x01", "first_seen now",      "last_seen 0",
	};

	(void)state;
	start();
	redis_run("SET m:alert:open:00000000000000ab 0123456789abcdef");
	assert_int_equal(open_alert(0xab).status, ANSWER_UNKNOWN);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		char command[200];
		struct answer answer;

		redis_run("HSET m:alert:0123456789abcdef revision 4 sid 1600001 level likely "
			  "first_seen 2026-03-05T09:58:02.123456+0000 "
			  "last_seen 2026-03-05T10:58:02.000000+0000");
		assert_int_equal(open_alert(0xab).status, ANSWER_KNOWN);
		snprintf(command, sizeof(command), "HSET m:alert:0123456789abcdef %s", changes[i]);
		redis_run(command);
		answer = open_alert(0xab);
		assert_int_equal(answer.status, ANSWER_UNKNOWN);
		assert_int_equal(answer.open_alert.alert_id, 0);
	}
	redis_run("SET m:alert:open:00000000000000ab 0123456789ABCDEF");
	assert_int_equal(open_alert(0xab).status, ANSWER_UNKNOWN);
	redis_run("SET m:alert:open:00000000000000ab 0123456789abcde");
	assert_int_equal(open_alert(0xab).status, ANSWER_UNKNOWN);
}

/* --- campaigns ------------------------------------------------------------------------------ */

static struct answer join(const char *member, uint64_t first_ns)
{
	struct question question = { .ticket = 31, .kind = QUESTION_MEMBER };

	question.member.campaign_id = 0xc0;
	question.member.first_ns = first_ns;
	snprintf(question.member.kind, sizeof(question.member.kind), "wallet");
	snprintf(question.member.key, sizeof(question.member.key), "4EXAMPLE\x1b[31m_WALLET");
	snprintf(question.member.member, sizeof(question.member.member), "%s", member);
	return ask_wait(&question);
}

static void members_are_counted_once_in_any_order(void **state)
{
	struct answer answer;

	(void)state;
	start();
	answer = join(SCOPE "/10.0.1.24", LAUNCH + 20 * SECOND);
	assert_int_equal(answer.status, ANSWER_KNOWN);
	assert_int_equal(answer.totals.members, 1);
	assert_true(answer.totals.is_new);
	assert_int_equal(answer.totals.first_ns, LAUNCH + 20 * SECOND);
	assert_int_equal(answer.totals.last_join_ns, LAUNCH + 20 * SECOND);
	/* Another sensor saw an earlier one, and tells it later. */
	answer = join(SCOPE "/10.0.1.23", LAUNCH + 1 * SECOND);
	assert_int_equal(answer.totals.members, 2);
	assert_int_equal(answer.totals.first_ns, LAUNCH + 1 * SECOND);
	assert_string_equal(answer.totals.first_member, SCOPE "/10.0.1.23");
	assert_int_equal(answer.totals.last_join_ns, LAUNCH + 20 * SECOND);
	/* Told twice changes nothing; seen earlier counts, seen later does not. */
	answer = join(SCOPE "/10.0.1.24", LAUNCH + 500 * SECOND);
	assert_false(answer.totals.is_new);
	assert_int_equal(answer.totals.members, 2);
	assert_int_equal(answer.totals.last_join_ns, LAUNCH + 20 * SECOND);
	answer = join(SCOPE "/10.0.1.24", LAUNCH);
	assert_false(answer.totals.is_new);
	assert_string_equal(answer.totals.first_member, SCOPE "/10.0.1.24");
	assert_int_equal(answer.totals.first_ns, LAUNCH);
	assert_int_equal(answer.totals.last_join_ns, LAUNCH + 1 * SECOND);
}

static void a_campaign_is_readable_for_others(void **state)
{
	(void)state;
	start();
	join(SCOPE "/10.0.1.24", LAUNCH + 20 * SECOND);
	join("tap:two words/10.0.1.23", LAUNCH + 123000000);
	assert_int_equal(redis_run("SCARD m:campaign:00000000000000c0:hosts")->integer, 2);
	assert_string_equal(redis_run("HGET m:campaign:00000000000000c0 kind")->str, "wallet");
	assert_string_equal(redis_run("HGET m:campaign:00000000000000c0 key")->str,
			    "4EXAMPLE?[31m_WALLET");
	assert_string_equal(redis_run("HGET m:campaign:00000000000000c0 first_member")->str,
			    "tap:two words/10.0.1.23");
	assert_string_equal(redis_run("HGET m:campaign:00000000000000c0 first_seen")->str,
			    "1772704682123");
	assert_string_equal(redis_run("HGET m:campaign:00000000000000c0 last_join")->str,
			    "1772704702000");
	assert_int_equal(redis_run("TTL m:campaign:00000000000000c0")->integer, 1000);
	assert_int_equal(redis_run("TTL m:campaign:00000000000000c0:hosts")->integer, 1000);
	assert_int_equal(redis_run("TTL {m:campaign:00000000000000c0}:seen")->integer, 1000);
	assert_string_equal(join("x/10.0.1.25", LAUNCH + SECOND).totals.first_member,
			    "tap:two words/10.0.1.23");
}

static void a_campaign_is_capped(void **state)
{
	struct answer answer;

	(void)state;
	start();
	redis_run("EVAL %s 1 {m:campaign:00000000000000c0}:seen %u",
		  "for i=1,ARGV[1] do redis.call('ZADD',KEYS[1],i,i) end return 1",
		  LIMIT_CAMPAIGN_MEMBERS);
	answer = join("x/10.0.1.25", LAUNCH);
	assert_int_equal(answer.status, ANSWER_KNOWN);
	assert_true(answer.totals.is_full);
	assert_false(answer.totals.is_new);
	assert_int_equal(answer.totals.members, LIMIT_CAMPAIGN_MEMBERS);
	assert_int_equal(answer.totals.first_ns, 1000000);
	assert_int_equal(redis_run("EXISTS m:campaign:00000000000000c0:hosts")->integer, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(an_open_alert_is_found),
		WITH_SERVER(an_alert_that_is_not_whole_is_none),
		WITH_SERVER(members_are_counted_once_in_any_order),
		WITH_SERVER(a_campaign_is_readable_for_others),
		WITH_SERVER(a_campaign_is_capped),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, server_start, server_stop);
}
