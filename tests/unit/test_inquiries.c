/* test_inquiries.c: what the correlator asks through a real inquirer and a real Redis, when each
 * answer is waited for and when it comes later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "sensor/inquiries.h"
#include "sensor/log.h"
#include "sensor/ring.h"
#include "tests/unit/decisions.h"
#include "tests/unit/inquirer_config.h"

#define SCOPE   "111122223333/us-east-1/vpc-0a1b2c3d"
#define CLIENT  "10.0.1.23"
#define HASH    UINT64_C(0x00000000000000f0)
#define TICKET  UINT64_C(4711)
#define WAIT_MS 10000 /* for what must come; far more than it takes */

static struct inquirer *inquirer;
static pthread_t thread;
static struct inquiries *inquiries;

/* What was called back, how often, and with what last. */
static unsigned opened_count;
static uint64_t opened_ticket;
static unsigned opened_known; /* of them, how many were found */
static bool opened_found;
static struct open_alert opened;
static unsigned shared_count;
static uint64_t shared_id;
static struct campaign_totals shared;
static unsigned identified_count;
static uint64_t identified_host;

static void on_opened(void *ctx, uint64_t ticket, const struct open_alert *found)
{
	(void)ctx;
	opened_count++;
	opened_ticket = ticket;
	opened_found = found != NULL;
	opened_known += found != NULL;
	if (found != NULL)
		opened = *found;
}

static void on_shared(void *ctx, uint64_t campaign_id, const struct campaign_totals *totals)
{
	(void)ctx;
	shared_count++;
	shared_id = campaign_id;
	shared = *totals;
}

static void on_identified(void *ctx, uint64_t host)
{
	(void)ctx;
	identified_count++;
	identified_host = host;
}

static int setup(void **state)
{
	char error[INQUIRER_ERROR_TEXT];

	inquirer_config();
	opened_count = opened_known = shared_count = identified_count = 0;
	if (server_reset(state) != 0 || inquirer_new(&inquirer, &options, error) != 0)
		return -1;
	return pthread_create(&thread, NULL, inquirer_run, inquirer);
}

static int teardown(void **state)
{
	(void)state;
	inquiries_free(inquiries);
	inquiries = NULL;
	inquirer_stop(inquirer);
	pthread_join(thread, NULL);
	inquirer_free(inquirer);
	return 0;
}

static void begin(struct inquirer *whom, bool is_lossless, size_t max_hosts)
{
	struct inquiries_options asked = { .inquirer = whom,
					   .is_lossless = is_lossless,
					   .max_hosts = max_hosts,
					   .cloud = test_cloud,
					   .cloud_count = 1,
					   .tap = "s1",
					   .opened = on_opened,
					   .shared = on_shared,
					   .identified = on_identified };

	inquiries = inquiries_new(&asked, &stats);
	assert_non_null(inquiries);
}

/* A lease of 10.0.1.23, by seconds after DECISION_NS; to_s 0: still open. */
static void lease(const char *id, const char *instance, int from_s, int to_s)
{
	long long base = (long long)(DECISION_NS / 1000000);
	char to[32] = "";

	if (to_s != 0)
		snprintf(to, sizeof(to), "%lld", base + 1000LL * to_s);
	redis_run("HSET m:lease:%s scope %s ip %s instance %s eni eni-1 type p3.2xlarge account "
		  "111122223333 region us-east-1 vpc vpc-0a1b2c3d principal "
		  "arn:aws:iam::111122223333:user/ml key AKIA4EXAMPLE1234567 from %lld to %s",
		  id, SCOPE, CLIENT, instance, base + 1000LL * from_s, to);
	redis_run("ZADD m:inventory:%s/%s %lld %s", SCOPE, CLIENT, base + 1000LL * from_s, id);
}

/* The client's instance so many seconds after DECISION_NS; "-": not known. */
static const char *instance_at(int seconds)
{
	static struct cloud_identity identity;
	struct decision_parties parties = test_parties(23, 49152);
	uint64_t time_ns = DECISION_NS + (uint64_t)seconds * DECISION_SEC;

	memset(&identity, 0, sizeof(identity));
	return inquiries_identity(inquiries, &parties, time_ns, &identity) ? identity.instance_id
									   : "-";
}

/* Steps until the counter has that value; fails the test when it does not come to it. */
static void step_until(const unsigned *counter, unsigned value)
{
	uint64_t until_ms = ring_now_ms() + WAIT_MS;

	while (*counter < value) {
		if (ring_now_ms() >= until_ms)
			fail_msg("no answer");
		if (!inquiries_step(inquiries))
			pause_ms(1);
	}
	assert_int_equal(*counter, value);
}

static void store_alert(void)
{
	redis_run("SET m:alert:open:00000000000000f0 0123456789abcd17");
	redis_run("HSET m:alert:0123456789abcd17 revision 3 sid 1600001 level confirmed flows 2 "
		  "first_seen 2026-03-05T10:01:07.123456+0000 "
		  "last_seen 2026-03-05T10:05:07.123456+0000");
}

static struct decision_campaign join_of(uint8_t last)
{
	return test_campaign(last, CAMPAIGN_JOIN, 0);
}

/* --- each answer is waited for -------------------------------------------------------------- */

static void lossless_identities_are_known_at_once(void **state)
{
	struct decision_parties parties = test_parties(23, 49152);
	struct cloud_identity identity;

	(void)state;
	begin(inquirer, true, 10);
	lease("l1", "i-first", 0, 0);
	assert_true(inquiries_identity(inquiries, &parties, DECISION_NS + DECISION_SEC, &identity));
	assert_string_equal(identity.instance_id, "i-first");
	assert_string_equal(identity.eni_id, "eni-1");
	assert_string_equal(identity.instance_type, "p3.2xlarge");
	assert_string_equal(identity.principal, "arn:aws:iam::111122223333:user/ml");
	assert_string_equal(identity.access_key_id, "AKIA4EXAMPLE1234567");
	assert_int_equal(identity.launch_ns / 1000000, DECISION_NS / 1000000);
	assert_int_equal(identity.confidence, CONFIDENCE_HIGH);
	parties = test_parties(24, 49152);
	assert_false(
		inquiries_identity(inquiries, &parties, DECISION_NS + DECISION_SEC, &identity));
	assert_int_equal(identified_count, 0);
	assert_false(inquiries_is_waiting(inquiries));
}

/* A host is asked for once in ten minutes of packet time. */
static void lossless_identities_are_asked_again(void **state)
{
	(void)state;
	begin(inquirer, true, 10);
	assert_string_equal(instance_at(1), "-");
	lease("l1", "i-first", 0, 0);
	assert_string_equal(instance_at(600), "-");
	assert_string_equal(instance_at(602), "i-first");
}

/* An address goes from one instance to nobody, and to another one. */
static void an_address_that_was_given_back_is_nobodys(void **state)
{
	(void)state;
	begin(inquirer, true, 10);
	lease("l1", "i-first", 0, 1000);
	lease("l2", "i-second", 5000, 0);
	assert_string_equal(instance_at(1), "i-first");
	assert_string_equal(instance_at(700), "i-first");
	assert_string_equal(instance_at(2000), "-");
	assert_string_equal(instance_at(2001), "-");
	assert_string_equal(instance_at(6000), "i-second");
}

static void lossless_open_alerts(void **state)
{
	(void)state;
	begin(inquirer, true, 10);
	inquiries_open_alert(inquiries, HASH, TICKET);
	assert_int_equal(opened_count, 1);
	assert_int_equal(opened_ticket, TICKET);
	assert_false(opened_found);
	store_alert();
	inquiries_open_alert(inquiries, HASH, TICKET + 1);
	assert_int_equal(opened_count, 2);
	assert_int_equal(opened_ticket, TICKET + 1);
	assert_true(opened_found);
	assert_int_equal(opened.alert_id, UINT64_C(0x0123456789abcd17));
	assert_int_equal(opened.revision, 3);
	assert_int_equal(opened.sid, SID_SESSION);
	assert_int_equal(opened.level, LEVEL_CONFIRMED);
	assert_false(inquiries_is_waiting(inquiries));
}

static void lossless_members_are_shared_by_the_next_step(void **state)
{
	struct decision_campaign join = join_of(23);

	(void)state;
	begin(inquirer, true, 10);
	inquiries_member(inquiries, &join);
	assert_int_equal(shared_count, 0); /* the campaign is still being told */
	assert_true(inquiries_is_waiting(inquiries));
	join = join_of(24);
	inquiries_member(inquiries, &join);
	assert_true(inquiries_step(inquiries));
	assert_int_equal(shared_count, 2);
	assert_int_equal(shared_id, join.campaign_id);
	assert_int_equal(shared.members, 2);
	assert_string_equal(shared.first_member, SCOPE "/10.0.1.23");
	assert_false(inquiries_is_waiting(inquiries));
	assert_false(inquiries_step(inquiries));
}

/* --- answers come later --------------------------------------------------------------------- */

static void live_identities_come_by_a_step(void **state)
{
	struct decision_parties parties = test_parties(23, 49152);
	struct decision_parties other = test_parties(24, 49152);

	(void)state;
	begin(inquirer, false, 10);
	lease("l1", "i-first", 0, 0);
	assert_string_equal(instance_at(1), "-");
	assert_string_equal(instance_at(2), "-"); /* asked once */
	step_until(&identified_count, 1);
	assert_true(inquiries_is_host(inquiries, &parties, identified_host));
	assert_false(inquiries_is_host(inquiries, &other, identified_host));
	assert_string_equal(instance_at(3), "i-first");
	assert_int_equal(identified_count, 1);
}

/* CloudTrail is minutes late. */
static void live_identities_may_be_late_and_grow(void **state)
{
	(void)state;
	begin(inquirer, false, 10);
	assert_string_equal(instance_at(1), "-");
	/* Behind it in the queue: when this one is answered, so is the identity. */
	inquiries_open_alert(inquiries, HASH, TICKET);
	step_until(&opened_count, 1);
	assert_int_equal(identified_count, 0);
	lease("l1", "i-first", 0, 0);
	step_until(&identified_count, 1);
	assert_string_equal(instance_at(5), "i-first");
}

static void live_open_alerts_are_waited_for(void **state)
{
	(void)state;
	begin(inquirer, false, 10);
	store_alert();
	inquiries_open_alert(inquiries, HASH, TICKET);
	inquiries_open_alert(inquiries, HASH + 1, TICKET + 1);
	assert_int_equal(opened_count, 0);
	assert_true(inquiries_is_waiting(inquiries));
	step_until(&opened_count, 2);
	assert_int_equal(opened_ticket, TICKET + 1);
	assert_false(opened_found);
	assert_int_equal(opened_known, 1);
	assert_false(inquiries_is_waiting(inquiries));
}

static void live_members_are_shared(void **state)
{
	struct decision_campaign join = join_of(23);

	(void)state;
	begin(inquirer, false, 10);
	inquiries_member(inquiries, &join);
	assert_int_equal(shared_count, 0);
	assert_true(inquiries_is_waiting(inquiries));
	step_until(&shared_count, 1);
	assert_int_equal(shared.members, 1);
	assert_false(inquiries_is_waiting(inquiries));
}

/* --- nobody to ask, and caps ---------------------------------------------------------------- */

static void without_an_inquirer_nothing_is_known(void **state)
{
	struct decision_campaign join = join_of(23);

	(void)state;
	for (unsigned is_lossless = 0; is_lossless < 2; is_lossless++) {
		begin(NULL, is_lossless, 10);
		assert_string_equal(instance_at(1), "-");
		inquiries_open_alert(inquiries, HASH, TICKET);
		assert_int_equal(opened_count, is_lossless + 1);
		assert_false(opened_found);
		inquiries_member(inquiries, &join);
		assert_false(inquiries_step(inquiries));
		assert_false(inquiries_is_waiting(inquiries));
		inquiries_free(inquiries);
		inquiries = NULL;
	}
}

/* Whoever has not been of interest for longest is forgotten, and asked for again. */
static void hosts_are_capped(void **state)
{
	struct decision_parties parties;
	struct cloud_identity identity;

	(void)state;
	begin(inquirer, true, 2);
	assert_string_equal(instance_at(1), "-");
	lease("l1", "i-first", 0, 0);
	for (uint8_t last = 100; last < 102; last++) {
		parties = test_parties(last, 49152);
		assert_false(inquiries_identity(inquiries, &parties, DECISION_NS, &identity));
	}
	assert_int_equal(stats.correlator_capped, 1);
	assert_string_equal(instance_at(2), "i-first");
	assert_int_equal(stats.correlator_capped, 2);
}

static void joins_are_capped(void **state)
{
	struct decision_campaign join = join_of(23);

	(void)state;
	begin(inquirer, false, 10);
	for (int i = 0; i < 1024; i++)
		inquiries_member(inquiries, &join);
	assert_int_equal(stats.correlator_capped, 0);
	inquiries_member(inquiries, &join);
	assert_int_equal(stats.correlator_capped, 1);
	/* More than the inquirer takes at once: the rest goes when there is room. */
	step_until(&shared_count, 1024);
	assert_int_equal(shared.members, 1);
	assert_false(inquiries_is_waiting(inquiries));
}

int main(void)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_SERVER(lossless_identities_are_known_at_once),
		WITH_SERVER(lossless_identities_are_asked_again),
		WITH_SERVER(an_address_that_was_given_back_is_nobodys),
		WITH_SERVER(lossless_open_alerts),
		WITH_SERVER(lossless_members_are_shared_by_the_next_step),
		WITH_SERVER(live_identities_come_by_a_step),
		WITH_SERVER(live_identities_may_be_late_and_grow),
		WITH_SERVER(live_open_alerts_are_waited_for),
		WITH_SERVER(live_members_are_shared),
		WITH_SERVER(without_an_inquirer_nothing_is_known),
		WITH_SERVER(hosts_are_capped),
		WITH_SERVER(joins_are_capped),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, server_start, server_stop);
}
