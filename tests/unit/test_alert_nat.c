/* test_alert_nat.c: what the alert table does when a flow's other side of a NAT is found. */
#include "sensor/alert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/alert_log.h"
#include "tests/unit/facts.h"

static struct decision_parties parties_of(uint8_t client, uint16_t port, uint16_t nat_port)
{
	struct decision_parties parties;

	memset(&parties, 0, sizeof(parties));
	parties.key = facts_key(client, port);
	parties.flow_id = facts_flow_id(client, port);
	if (nat_port != 0) {
		parties.nat.is_known = 1;
		parties.nat.key.port[0] = nat_port;
		parties.nat.key.addr[0][0] = 198;
	}
	return parties;
}

static void give_contact(double seconds, uint8_t client, uint16_t port)
{
	struct contact_fact fact = facts_contact(seconds, client, port);
	struct decision_parties parties = parties_of(client, port, 0);

	struct alert_contact contact = { .time_ns = fact.fact.time_ns,
					 .sid = SID_ENDPOINT,
					 .word = EVIDENCE_LISTED_ENDPOINT,
					 .level = LEVEL_SUSPECT,
					 .is_to_server = true };

	alert_advance(table, fact.fact.time_ns);
	alert_contact(table, &contact, &parties);
}

static void give_session(const struct session_fact *fact, uint16_t port)
{
	struct decision_parties parties = parties_of(7, port, 0);

	alert_advance(table, fact->fact.time_ns);
	(void)alert_session(table, fact, &parties, NULL);
}

static void tell(double seconds, uint16_t port, uint16_t nat_port)
{
	struct decision_parties parties = parties_of(7, port, nat_port);

	alert_nat(table, &parties, facts_ns(seconds));
}

static void withdraw(uint8_t client, uint16_t port)
{
	struct decision_parties parties = parties_of(client, port, 0);

	alert_withdraw(table, &parties);
}

static void a_published_alert_tells_it_later(void **state)
{
	struct session_fact login = facts_login(1, 7, 50000);

	(void)state;
	give_session(&login, 50000);
	assert_int_equal(count, 1);
	assert_int_equal(revisions[0].parties.nat.is_known, 0);
	tell(1.001, 50000, 1025);
	assert_int_equal(count, 1);
	tell(1.002, 50000, 1026); /* it knows */
	alert_advance(table, facts_ns(1 + LIMIT_REVISION_S) + 1);
	assert_int_equal(count, 2);
	assert_int_equal(revisions[1].revision, 2);
	assert_int_equal(revisions[1].parties.nat.key.port[0], 1025);
	alert_flush(table, facts_ns(1000));
	assert_int_equal(count, 2);
}

static void the_next_revision_takes_it_along(void **state)
{
	struct session_fact login = facts_login(1, 7, 50000);
	struct session_fact job = facts_job(2, 7, 50000);
	struct decision_parties parties = parties_of(7, 50000, 1025);

	(void)state;
	give_session(&login, 50000);
	tell(1.001, 50000, 1025);
	alert_advance(table, job.fact.time_ns);
	(void)alert_session(table, &job, &parties, &login.view);
	assert_int_equal(count, 2);
	assert_int_equal(revisions[1].sid, SID_SESSION);
	assert_int_equal(revisions[1].parties.nat.is_known, 1);
	alert_flush(table, facts_ns(1000));
	assert_int_equal(count, 2); /* no third one only for that */
}

/* A miner that connects again has another port there, and maybe another address. */
static void the_same_nat_is_no_news(void **state)
{
	struct session_fact login = facts_login(1, 7, 50000);
	struct decision_parties parties = parties_of(7, 50002, 1027);

	(void)state;
	give_session(&login, 50000);
	tell(1.001, 50000, 1025);
	alert_advance(table, facts_ns(100));
	assert_int_equal(count, 2);
	login = facts_login(101, 7, 50001);
	give_session(&login, 50001);
	tell(101, 50001, 1026);
	alert_advance(table, facts_ns(200));
	assert_int_equal(count, 2);
	login = facts_login(201, 7, 50002);
	give_session(&login, 50002);
	parties.nat.key.addr[0][3] = 41;
	alert_nat(table, &parties, facts_ns(201));
	assert_int_equal(count, 3);
	assert_int_equal(revisions[2].parties.nat.key.port[0], 1027);
}

static void another_flow_is_not_meant(void **state)
{
	struct session_fact login = facts_login(1, 7, 50000);

	(void)state;
	give_session(&login, 50000);
	tell(1.001, 50001, 1025);
	alert_flush(table, facts_ns(1000));
	assert_int_equal(count, 1);
}

static void a_pending_contact_tells_it_first(void **state)
{
	(void)state;
	give_contact(1, 7, 50000);
	tell(1.001, 50000, 1025);
	alert_flush(table, facts_ns(10));
	assert_int_equal(count, 1);
	assert_int_equal(revisions[0].sid, SID_ENDPOINT);
	assert_int_equal(revisions[0].parties.nat.key.port[0], 1025);
}

static void a_withdrawn_contact_leaves_nothing(void **state)
{
	(void)state;
	give_contact(1, 40, 1025);
	assert_int_equal(alert_count(table), 1);
	withdraw(40, 1025);
	assert_int_equal(alert_count(table), 0);
	withdraw(40, 1025); /* and once more changes nothing */
	alert_flush(table, facts_ns(1000));
	assert_int_equal(count, 0);
	assert_int_equal(stats.alerts, 0);
}

/* Another connection of the same client keeps the alert. */
static void one_of_two_contacts_is_withdrawn(void **state)
{
	(void)state;
	give_contact(1, 40, 1025);
	give_contact(2, 40, 1026);
	withdraw(40, 1025);
	alert_flush(table, facts_ns(1000));
	assert_int_equal(count, 1);
	assert_int_equal(revisions[0].flows, 1);
}

static void a_published_contact_stays(void **state)
{
	(void)state;
	give_contact(1, 40, 1025);
	alert_advance(table, facts_ns(1 + LIMIT_CONTACT_GRACE_S) + 1);
	assert_int_equal(count, 1);
	withdraw(40, 1025);
	assert_int_equal(alert_count(table), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_published_alert_tells_it_later), TEST(the_next_revision_takes_it_along),
		TEST(the_same_nat_is_no_news),          TEST(another_flow_is_not_meant),
		TEST(a_pending_contact_tells_it_first), TEST(a_withdrawn_contact_leaves_nothing),
		TEST(one_of_two_contacts_is_withdrawn), TEST(a_published_contact_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
