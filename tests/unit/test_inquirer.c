/* test_inquirer.c: identities over the rings, from files and a real server: leases that come late,
 * several, ambiguous ones, questions that are kept. */
#include "tests/unit/inquirer_rig.h"

static char *files[] = { file };

static const char instance_json[] =
	"{\"Reservations\":[{\"OwnerId\":\"111122223333\",\"Instances\":[{\"InstanceId\":\"i-a\","
	"\"InstanceType\":\"p3.2xlarge\",\"LaunchTime\":\"2026-03-05T09:58:02Z\",\"Placement\":{"
	"\"AvailabilityZone\":\"us-east-1a\"},\"VpcId\":\"vpc-0a11b22c33d44e55f\","
	"\"PrivateIpAddress\":\"10.0.1.23\"}]}]}";

static const char nat_json[] =
	"{\"NetworkInterfaces\":[{\"InterfaceType\":\"nat_gateway\",\"PrivateIpAddress\":"
	"\"10.0.0.220\",\"Association\":{\"PublicIp\":\"198.51.100.40\"}}]}";

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
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, server_start, server_stop);
}
