/* test_inquirer.c: questions and answers over the rings, against files and a real server: leases
 * that come late, open alerts, campaigns, a server that is away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sys/stat.h>

#include "sensor/evidence.h"
#include "sensor/inquirer.h"
#include "sensor/log.h"
#include "tests/unit/redis_server.h"

#define SECOND  UINT64_C(1000000000)
#define LAUNCH  (UINT64_C(1772704682) * SECOND) /* 2026-03-05T09:58:02Z */
#define SCOPE   "111122223333/us-east-1/vpc-0a11b22c33d44e55f"
#define WIDE    "111122223333"
#define KEY     "m:inventory:" SCOPE "/10.0.1.23"
#define WAIT_MS 10000 /* for what must come; far more than it takes */

static char prefix[] = "m";
static char url[128];
static char file[64];
static char *files[] = { file };
static struct config config;
static struct stats stats;
static struct inquirer_options options;
static struct inquirer *inquirer;
static pthread_t thread;

/* --- the rig -------------------------------------------------------------------------------- */

static void write_file(const char *text)
{
	char fresh[80];
	FILE *stream;

	/* As a careful writer does: the reader sees the old one or the new one. */
	snprintf(fresh, sizeof(fresh), "%s.new", file);
	stream = fopen(fresh, "w");
	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(rename(fresh, file), 0);
}

static int setup(void **state)
{
	snprintf(url, sizeof(url), "unix://%s", server.socket);
	snprintf(file, sizeof(file), "/tmp/minecanary-inquirer.%ld", (long)getpid());
	memset(&config, 0, sizeof(config));
	memset(&stats, 0, sizeof(stats));
	config.redis = url;
	config.redis_prefix = prefix;
	config.redis_expire_s = 1000;
	config.inventory_max = 100;
	options = (struct inquirer_options){
		.config = &config, .stats = &stats, .poll_ms = 30, .files_ms = 20
	};
	inquirer = NULL;
	return server_reset(state);
}

static void start(void)
{
	char error[INQUIRER_ERROR_TEXT];

	if (inquirer_new(&inquirer, &options, error) != 0)
		fail_msg("%s", error);
	assert_int_equal(pthread_create(&thread, NULL, inquirer_run, inquirer), 0);
}

static void stop(void)
{
	inquirer_stop(inquirer);
	assert_int_equal(pthread_join(thread, NULL), 0);
	inquirer_free(inquirer);
	inquirer = NULL;
}

static int teardown(void **state)
{
	(void)state;
	if (inquirer != NULL)
		stop();
	unlink(file);
	return 0;
}

/* The next answer; fails the test when none comes. */
static struct answer next_answer(void)
{
	uint64_t until_ms = ring_now_ms() + WAIT_MS;
	struct answer answer;

	while (!inquirer_next(inquirer, &answer)) {
		if (ring_now_ms() >= until_ms)
			fail_msg("no answer");
		pause_ms(1);
	}
	return answer;
}

static struct answer ask_wait(const struct question *question)
{
	struct answer answer;

	if (!inquirer_ask_wait(inquirer, question, &answer, WAIT_MS))
		fail_msg("no answer in time");
	assert_int_equal(answer.ticket, question->ticket);
	assert_int_equal(answer.kind, question->kind);
	return answer;
}

static struct question identity_question(uint64_t ticket, const char *scope, const char *ip,
					 uint64_t time_ns)
{
	struct question question = { .ticket = ticket, .kind = QUESTION_IDENTITY };

	snprintf(question.identity.scope, sizeof(question.identity.scope), "%s", scope);
	snprintf(question.identity.ip, sizeof(question.identity.ip), "%s", ip);
	question.identity.time_ns = time_ns;
	return question;
}

static struct answer whose(const char *scope, const char *ip, uint64_t time_ns)
{
	struct question question = identity_question(99, scope, ip, time_ns);

	return ask_wait(&question);
}

/* A lease of 10.0.1.23 from so many seconds after LAUNCH. */
static void lease(const char *key, const char *id, const char *instance, const char *vpc, int from,
		  const char *to)
{
	long long from_ms = (long long)(LAUNCH / 1000000) + 1000LL * from;

	redis_run("HSET m:lease:%s scope %s ip 10.0.1.23 instance %s eni eni-%s type p3.2xlarge "
		  "account 111122223333 region us-east-1 vpc %s subnet subnet-0123456789abcdef0 "
		  "principal arn:aws:iam::111122223333:user/ml-pipeline-sa key "
		  "AKIA4EXAMPLE1234567 source 198.51.100.99 from %lld to %s event 86eac0ac",
		  id, SCOPE, instance, instance, vpc, from_ms, to);
	redis_run("ZADD %s %lld %s", key, from_ms, id);
}

static const char instance_json[] =
	"{\"Reservations\":[{\"OwnerId\":\"111122223333\",\"Instances\":[{\"InstanceId\":\"i-a\","
	"\"InstanceType\":\"p3.2xlarge\",\"LaunchTime\":\"2026-03-05T09:58:02Z\",\"Placement\":{"
	"\"AvailabilityZone\":\"us-east-1a\"},\"VpcId\":\"vpc-0a11b22c33d44e55f\","
	"\"PrivateIpAddress\":\"10.0.1.23\"}]}]}";

static const char nat_json[] =
	"{\"NetworkInterfaces\":[{\"InterfaceType\":\"nat_gateway\",\"PrivateIpAddress\":"
	"\"10.0.0.220\",\"Association\":{\"PublicIp\":\"198.51.100.40\"}}]}";

/* --- identities ----------------------------------------------------------------------------- */

static void a_lease_in_redis_is_an_identity(void **state)
{
	struct answer answer;

	(void)state;
	lease(KEY, "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, "");
	start();
	answer = whose(SCOPE, "10.0.1.23", LAUNCH + SECOND);
	assert_int_equal(answer.status, ANSWER_KNOWN);
	assert_int_equal(answer.identity.confidence, CONFIDENCE_HIGH);
	assert_string_equal(answer.identity.account_id, "111122223333");
	assert_string_equal(answer.identity.region, "us-east-1");
	assert_string_equal(answer.identity.vpc_id, "vpc-0a11b22c33d44e55f");
	assert_string_equal(answer.identity.subnet_id, "subnet-0123456789abcdef0");
	assert_string_equal(answer.identity.instance_id, "i-a");
	assert_string_equal(answer.identity.eni_id, "eni-i-a");
	assert_string_equal(answer.identity.instance_type, "p3.2xlarge");
	assert_string_equal(answer.identity.principal,
			    "arn:aws:iam::111122223333:user/ml-pipeline-sa");
	assert_string_equal(answer.identity.access_key_id, "AKIA4EXAMPLE1234567");
	assert_int_equal(answer.identity.launch_ns, LAUNCH);
	/* Too early, another address, another network. */
	assert_int_equal(whose(SCOPE, "10.0.1.23", LAUNCH - 6 * SECOND).status, ANSWER_UNKNOWN);
	assert_int_equal(whose(SCOPE, "10.0.1.24", LAUNCH).status, ANSWER_UNKNOWN);
	answer = whose("vni:7", "10.0.1.23", LAUNCH);
	assert_int_equal(answer.status, ANSWER_UNKNOWN);
	assert_string_equal(answer.identity.instance_id, "");
}

static void of_several_leases_the_one_of_that_time(void **state)
{
	char to[32];

	(void)state;
	snprintf(to, sizeof(to), "%llu", (unsigned long long)(LAUNCH / 1000000 + 400000));
	lease(KEY, "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, to);
	lease(KEY, "l2", "i-b", "vpc-0a11b22c33d44e55f", 1000, "");
	start();
	assert_string_equal(whose(SCOPE, "10.0.1.23", LAUNCH - 5 * SECOND).identity.instance_id,
			    "i-a");
	assert_string_equal(whose(SCOPE, "10.0.1.23", LAUNCH + 580 * SECOND).identity.instance_id,
			    "i-a");
	assert_int_equal(whose(SCOPE, "10.0.1.23", LAUNCH + 581 * SECOND).status, ANSWER_UNKNOWN);
	assert_string_equal(whose(SCOPE, "10.0.1.23", LAUNCH + 995 * SECOND).identity.instance_id,
			    "i-b");
	assert_string_equal(whose(SCOPE, "10.0.1.23", UINT64_MAX).identity.instance_id, "i-b");
}

static void a_wide_scope_can_be_ambiguous(void **state)
{
	struct answer answer;

	(void)state;
	lease("m:inventory:" WIDE "/10.0.1.23", "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, "");
	start();
	assert_string_equal(whose(WIDE, "10.0.1.23", LAUNCH).identity.instance_id, "i-a");
	lease("m:inventory:" WIDE "/10.0.1.23", "l2", "i-b", "vpc-0e568b18707c87afa", 10, "");
	answer = whose(WIDE, "10.0.1.23", LAUNCH + 20 * SECOND);
	assert_int_equal(answer.status, ANSWER_KNOWN);
	assert_int_equal(answer.identity.confidence, CONFIDENCE_AMBIGUOUS);
	assert_string_equal(answer.identity.account_id, "111122223333");
	assert_string_equal(answer.identity.instance_id, "");
	assert_string_equal(answer.identity.principal, "");
}

/* Only the newest leases are read: behind them an older one of another network may hide. */
static void leases_that_are_not_read_make_a_wide_scope_ambiguous(void **state)
{
	struct answer answer;

	(void)state;
	lease("m:inventory:" WIDE "/10.0.1.23", "old", "i-old", "vpc-0e568b18707c87afa", 0, "");
	for (int i = 0; i < LIMIT_LEASES_READ; i++) {
		char id[16];

		snprintf(id, sizeof(id), "l%d", i);
		lease("m:inventory:" WIDE "/10.0.1.23", id, id, "vpc-0a11b22c33d44e55f", 10 + i,
		      "");
		lease(KEY, id, id, "vpc-0a11b22c33d44e55f", 10 + i, "");
	}
	start();
	answer = whose(WIDE, "10.0.1.23", LAUNCH + 600 * SECOND);
	assert_int_equal(answer.identity.confidence, CONFIDENCE_AMBIGUOUS);
	assert_string_equal(answer.identity.account_id, "111122223333");
	assert_string_equal(answer.identity.instance_id, "");
	answer = whose(SCOPE, "10.0.1.23", LAUNCH + 600 * SECOND);
	assert_int_equal(answer.identity.confidence, CONFIDENCE_HIGH);
	assert_string_equal(answer.identity.instance_id, "l63");
}

static void the_mirrored_interface_makes_it_exact(void **state)
{
	struct question question = identity_question(5, SCOPE, "10.0.1.23", LAUNCH);

	(void)state;
	lease(KEY, "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, "");
	start();
	snprintf(question.identity.mirror, sizeof(question.identity.mirror), "10.0.1.23");
	assert_int_equal(ask_wait(&question).identity.confidence, CONFIDENCE_EXACT);
	snprintf(question.identity.mirror, sizeof(question.identity.mirror), "10.0.1.77");
	assert_int_equal(ask_wait(&question).identity.confidence, CONFIDENCE_HIGH);
}

static void what_is_no_lease_is_passed_over(void **state)
{
	struct answer answer;

	(void)state;
	start();
	/* No hash, another type, no start, no number, an id that is no name. */
	redis_run("ZADD " KEY " 1 gone");
	redis_run("SET m:lease:text x");
	redis_run("ZADD " KEY " 2 text");
	redis_run("HSET m:lease:nofrom instance i-x");
	redis_run("ZADD " KEY " 3 nofrom");
	redis_run("HSET m:lease:bad instance i-y from 12x");
	redis_run("ZADD " KEY " 4 bad");
	redis_run("HSET m:lease:huge instance i-z from 99999999999999999999");
	redis_run("ZADD " KEY " 5 huge");
	redis_run("ZADD " KEY " 6 %b", "a\r\nb", (size_t)4);
	assert_int_equal(whose(SCOPE, "10.0.1.23", LAUNCH).status, ANSWER_UNKNOWN);
	lease(KEY, "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, "");
	redis_run("HSET m:lease:l1 subnet %b type %s", "a\x1b[1mb", (size_t)6,
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	answer = whose(SCOPE, "10.0.1.23", LAUNCH);
	assert_string_equal(answer.identity.instance_id, "i-a");
	assert_string_equal(answer.identity.subnet_id, "");
	assert_string_equal(answer.identity.instance_type, "");
	/* A key of another type: Redis says so, nobody knows. */
	redis_run("SET m:inventory:" SCOPE "/10.0.1.24 x");
	assert_int_equal(whose(SCOPE, "10.0.1.24", LAUNCH).status, ANSWER_UNREACHABLE);
	assert_string_equal(whose(SCOPE, "10.0.1.23", LAUNCH).identity.instance_id, "i-a");
}

static void a_lease_that_comes_late_is_a_second_answer(void **state)
{
	struct question question = identity_question(7, SCOPE, "10.0.1.23", LAUNCH);
	struct answer answer;

	(void)state;
	start();
	assert_true(inquirer_ask(inquirer, &question));
	answer = next_answer();
	assert_int_equal(answer.ticket, 7);
	assert_int_equal(answer.kind, QUESTION_IDENTITY);
	assert_int_equal(answer.status, ANSWER_UNKNOWN);
	lease(KEY, "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, "");
	answer = next_answer();
	assert_int_equal(answer.ticket, 7);
	assert_int_equal(answer.status, ANSWER_KNOWN);
	assert_string_equal(answer.identity.instance_id, "i-a");
	/* All is known: that was the last one, whatever happens to the lease. */
	redis_run("HSET m:lease:l1 instance i-b");
	pause_ms(200);
	assert_false(inquirer_has_answer(inquirer));
	stop();
	assert_int_equal(stats.identities_late, 1);
	assert_int_equal(stats.questions, 1);
}

static void a_file_knows_the_machine_and_redis_who_launched_it(void **state)
{
	struct question question = identity_question(8, SCOPE, "10.0.1.23", LAUNCH);
	struct answer answer;

	(void)state;
	write_file(nat_json);
	config.inventory = (struct config_list){ .items = files, .count = 1 };
	start();
	assert_int_equal(next_answer().kind, ANSWER_NAT);
	assert_true(inquirer_ask(inquirer, &question));
	assert_int_equal(next_answer().status, ANSWER_UNKNOWN);
	write_file(instance_json);
	/* The NAT gateway is gone with the file that named it. */
	answer = next_answer();
	assert_int_equal(answer.kind, ANSWER_NAT);
	assert_int_equal(answer.nat.count, 0);
	assert_true(answer.nat.is_first && answer.nat.is_last);
	answer = next_answer();
	assert_int_equal(answer.ticket, 8);
	assert_string_equal(answer.identity.instance_id, "i-a");
	assert_string_equal(answer.identity.principal, "");
	lease(KEY, "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, "");
	answer = next_answer();
	assert_int_equal(answer.ticket, 8);
	assert_string_equal(answer.identity.instance_id, "i-a");
	assert_string_equal(answer.identity.access_key_id, "AKIA4EXAMPLE1234567");
	assert_string_equal(answer.identity.eni_id, "eni-i-a");
}

static void a_newer_machine_on_the_address_corrects_the_file(void **state)
{
	struct question question = identity_question(8, SCOPE, "10.0.1.23", LAUNCH + 700 * SECOND);
	struct answer answer;

	(void)state;
	write_file(instance_json);
	config.inventory = (struct config_list){ .items = files, .count = 1 };
	start();
	assert_true(inquirer_ask(inquirer, &question));
	assert_string_equal(next_answer().identity.instance_id, "i-a");
	lease(KEY, "l1", "i-b", "vpc-0a11b22c33d44e55f", 600, "");
	answer = next_answer();
	assert_string_equal(answer.identity.instance_id, "i-b");
	assert_int_equal(answer.identity.launch_ns, LAUNCH + 600 * SECOND);
}

static void a_bad_file_leaves_what_was_read(void **state)
{
	(void)state;
	write_file(instance_json);
	config.redis = NULL;
	config.inventory = (struct config_list){ .items = files, .count = 1 };
	start();
	assert_string_equal(whose("tap:x", "10.0.1.23", LAUNCH).identity.instance_id, "i-a");
	write_file("{\"Reservations\": ");
	pause_ms(150);
	assert_string_equal(whose("tap:x", "10.0.1.23", LAUNCH).identity.instance_id, "i-a");
	write_file("{\"Reservations\": []}");
	for (unsigned i = 0; whose("tap:x", "10.0.1.23", LAUNCH).status == ANSWER_KNOWN; i++) {
		assert_true(i < WAIT_MS / 5);
		pause_ms(5);
	}
}

static void an_unknown_identity_is_not_kept_for_ever(void **state)
{
	struct question question = identity_question(7, SCOPE, "10.0.1.23", LAUNCH);

	(void)state;
	options.wait_ms = 1;
	options.poll_ms = 60;
	start();
	assert_true(inquirer_ask(inquirer, &question));
	assert_int_equal(next_answer().status, ANSWER_UNKNOWN);
	pause_ms(200);
	lease(KEY, "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, "");
	pause_ms(200);
	assert_false(inquirer_has_answer(inquirer));
}

static void a_waited_question_is_answered_once(void **state)
{
	(void)state;
	start();
	assert_int_equal(whose(SCOPE, "10.0.1.23", LAUNCH).status, ANSWER_UNKNOWN);
	lease(KEY, "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, "");
	pause_ms(200);
	assert_false(inquirer_has_answer(inquirer));
}

static void kept_questions_are_capped(void **state)
{
	struct question question = identity_question(1, SCOPE, "10.9.9.9", LAUNCH);
	unsigned answers = 0;
	struct answer answer;

	(void)state;
	config.redis = NULL;
	write_file(nat_json);
	config.inventory = (struct config_list){ .items = files, .count = 1 };
	options.files_ms = 3600000;
	start();
	for (unsigned i = 0; i < LIMIT_PENDING_INQUIRY + 5; i++) {
		while (!inquirer_ask(inquirer, &question))
			answers += inquirer_next(inquirer, &answer);
		answers += inquirer_next(inquirer, &answer);
	}
	while (answers < LIMIT_PENDING_INQUIRY + 5 + 1) { /* and the NAT addresses */
		(void)next_answer();
		answers++;
	}
	/* Waited for: it is behind all others. */
	(void)whose("tap:x", "10.9.9.9", LAUNCH);
	stop();
	assert_int_equal(stats.identities_dropped, 5);
	assert_int_equal(stats.questions, LIMIT_PENDING_INQUIRY + 6);
}

static void without_redis_only_files_are_asked(void **state)
{
	struct question question = { .ticket = 3, .kind = QUESTION_OPEN_ALERT };
	struct answer answer;
	char nat[4][LEASE_ADDRESS_TEXT];
	char error[INQUIRER_ERROR_TEXT];

	(void)state;
	config.redis = NULL;
	assert_false(inquirer_is_wanted(&config));
	write_file(nat_json);
	config.inventory = (struct config_list){ .items = files, .count = 1 };
	assert_true(inquirer_is_wanted(&config));
	assert_int_equal(inquirer_new(&inquirer, &options, error), 0);
	assert_int_equal(inquirer_nat_addresses(inquirer, nat, 1), 2);
	assert_int_equal(inquirer_nat_addresses(inquirer, nat, 4), 2);
	assert_string_equal(nat[1], "198.51.100.40");
	assert_int_equal(pthread_create(&thread, NULL, inquirer_run, inquirer), 0);
	answer = next_answer();
	assert_int_equal(answer.kind, ANSWER_NAT);
	assert_int_equal(answer.ticket, 0);
	assert_int_equal(answer.nat.count, 2);
	assert_string_equal(answer.nat.items[0], "10.0.0.220");
	assert_true(answer.nat.is_first && answer.nat.is_last);
	assert_int_equal(ask_wait(&question).status, ANSWER_UNREACHABLE);
	question.kind = QUESTION_MEMBER;
	assert_int_equal(ask_wait(&question).status, ANSWER_UNREACHABLE);
	assert_int_equal(whose("tap:x", "10.0.1.1", LAUNCH).status, ANSWER_UNKNOWN);
}

static void a_bad_file_at_the_start_is_an_error(void **state)
{
	char error[INQUIRER_ERROR_TEXT];

	(void)state;
	write_file("{\n\n\"Reservations\": nothing}");
	config.inventory = (struct config_list){ .items = files, .count = 1 };
	assert_true(inquirer_new(&inquirer, &options, error) < 0);
	assert_null(inquirer);
	assert_non_null(strstr(error, file));
	assert_non_null(strstr(error, ":3:"));
}

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

/* --- a server that is away ------------------------------------------------------------------ */

static void a_closed_connection_is_opened_again(void **state)
{
	(void)state;
	lease(KEY, "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, "");
	start();
	for (unsigned i = 0; i < 5; i++) {
		assert_string_equal(whose(SCOPE, "10.0.1.23", LAUNCH).identity.instance_id, "i-a");
		redis_run("CLIENT KILL TYPE normal SKIPME yes");
	}
}

static void nobody_there_is_unreachable_at_once(void **state)
{
	uint64_t begin_ms;

	(void)state;
	snprintf(url, sizeof(url), "unix:///nonexistent/redis.sock");
	start();
	begin_ms = ring_now_ms();
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(whose(SCOPE, "10.0.1.23", LAUNCH).status, ANSWER_UNREACHABLE);
	assert_true(ring_now_ms() - begin_ms < WAIT_MS);
	stop();
	assert_int_equal(stats.questions_unreachable, 200);
}

static void what_was_unreachable_is_asked_again(void **state)
{
	struct question question = identity_question(7, SCOPE, "10.0.1.23", LAUNCH);
	char moved[128];
	struct answer answer;

	(void)state;
	if (server.pid == 0)
		skip(); /* the server is not ours to hide */
	lease(KEY, "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, "");
	snprintf(moved, sizeof(moved), "%s.away", server.socket);
	assert_int_equal(rename(server.socket, moved), 0);
	start();
	assert_true(inquirer_ask(inquirer, &question));
	answer = next_answer();
	assert_int_equal(rename(moved, server.socket), 0);
	assert_int_equal(answer.status, ANSWER_UNREACHABLE);
	answer = next_answer();
	assert_int_equal(answer.ticket, 7);
	assert_string_equal(answer.identity.instance_id, "i-a");
}

static void a_silent_server_does_not_hold_up_the_end(void **state)
{
	struct question question = identity_question(7, SCOPE, "10.0.1.23", LAUNCH);
	uint64_t begin_ms;

	(void)state;
	start();
	(void)whose(SCOPE, "10.0.1.23", LAUNCH);
	redis_run("CLIENT PAUSE 3000 ALL");
	assert_true(inquirer_ask(inquirer, &question));
	pause_ms(50);
	begin_ms = ring_now_ms();
	stop();
	assert_true(ring_now_ms() - begin_ms < 1500); /* less than one time-out */
	redis_run("CLIENT UNPAUSE");
}

static void an_asker_that_does_not_wait_gets_nothing_wrong(void **state)
{
	struct question question = identity_question(1, SCOPE, "10.0.1.23", LAUNCH);
	struct answer answer;

	(void)state;
	lease(KEY, "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, "");
	start();
	redis_run("CLIENT PAUSE 300 ALL");
	for (unsigned i = 0; i < 20; i++) {
		question.ticket = i + 1;
		assert_false(inquirer_ask_wait(inquirer, &question, &answer, 1));
		assert_int_equal(answer.status, ANSWER_UNREACHABLE);
		assert_int_equal(answer.ticket, i + 1);
	}
	/* The late replies are thrown away. */
	question.ticket = 77;
	snprintf(question.identity.ip, sizeof(question.identity.ip), "10.0.1.99");
	answer = ask_wait(&question);
	assert_int_equal(answer.ticket, 77);
	assert_int_equal(answer.status, ANSWER_UNKNOWN);
	assert_false(inquirer_has_answer(inquirer));
}

static void credentials_and_database(void **state)
{
	struct answer refused;
	struct answer answer;

	(void)state;
	redis_run("SELECT 3");
	lease(KEY, "l1", "i-a", "vpc-0a11b22c33d44e55f", 0, "");
	redis_run("SELECT 0");
	redis_run("CONFIG SET requirepass right");
	snprintf(url, sizeof(url), "unix://%s?db=3", server.socket);
	start();
	refused = whose(SCOPE, "10.0.1.23", LAUNCH);
	stop();
	config.redis_password_file = file;
	write_file("right\n");
	start();
	answer = whose(SCOPE, "10.0.1.23", LAUNCH);
	redis_run("CONFIG SET requirepass %s", "");
	assert_int_equal(refused.status, ANSWER_UNREACHABLE);
	assert_string_equal(answer.identity.instance_id, "i-a");
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(a_lease_in_redis_is_an_identity),
		WITH_SERVER(of_several_leases_the_one_of_that_time),
		WITH_SERVER(a_wide_scope_can_be_ambiguous),
		WITH_SERVER(leases_that_are_not_read_make_a_wide_scope_ambiguous),
		WITH_SERVER(the_mirrored_interface_makes_it_exact),
		WITH_SERVER(what_is_no_lease_is_passed_over),
		WITH_SERVER(a_lease_that_comes_late_is_a_second_answer),
		WITH_SERVER(a_file_knows_the_machine_and_redis_who_launched_it),
		WITH_SERVER(a_newer_machine_on_the_address_corrects_the_file),
		WITH_SERVER(a_bad_file_leaves_what_was_read),
		WITH_SERVER(an_unknown_identity_is_not_kept_for_ever),
		WITH_SERVER(a_waited_question_is_answered_once),
		WITH_SERVER(kept_questions_are_capped),
		WITH_SERVER(without_redis_only_files_are_asked),
		WITH_SERVER(a_bad_file_at_the_start_is_an_error),
		WITH_SERVER(an_open_alert_is_found),
		WITH_SERVER(an_alert_that_is_not_whole_is_none),
		WITH_SERVER(members_are_counted_once_in_any_order),
		WITH_SERVER(a_campaign_is_readable_for_others),
		WITH_SERVER(a_campaign_is_capped),
		WITH_SERVER(a_closed_connection_is_opened_again),
		WITH_SERVER(nobody_there_is_unreachable_at_once),
		WITH_SERVER(what_was_unreachable_is_asked_again),
		WITH_SERVER(a_silent_server_does_not_hold_up_the_end),
		WITH_SERVER(an_asker_that_does_not_wait_gets_nothing_wrong),
		WITH_SERVER(credentials_and_database),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, server_start, server_stop);
}
