/* test_trail_containment.c: the order in which an incident is ended, the commands, and what hostile
 * names do to them. */
#include "sensor/trail/containment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sensor/trail/command_line.h"
#include "tests/unit/trail_incident.h"

static struct scene scene;
static struct containment plan;

static int begin(void **state)
{
	(void)state;
	scene_begin(&scene);
	return 0;
}

static int end(void **state)
{
	(void)state;
	containment_free(&plan);
	return 0;
}

static void make_plan(void)
{
	containment_free(&plan);
	assert_int_equal(containment_plan(&scene.incident, &plan), 0);
}

/* The place of the first step whose text holds the words. */
static size_t place_of(const char *words)
{
	for (size_t i = 0; i < plan.count; i++)
		if (strstr(plan.steps[i].text, words) != NULL)
			return i;
	fail_msg("no step says: %s", words);
	return 0;
}

static const char *command_of(const char *words)
{
	return plan.steps[place_of(words)].command;
}

static void assert_absent(const char *words)
{
	for (size_t i = 0; i < plan.count; i++)
		if (strstr(plan.steps[i].text, words) != NULL)
			fail_msg("a step says: %s", plan.steps[i].text);
}

/* --- order ---------------------------------------------------------------------------------- */

static void make_scenario(void)
{
	(void)scene_resource(&scene, DEED_USER, "CreateUser", "svc-monitoring-agent", "");
	(void)scene_resource(&scene, DEED_KEY, "CreateAccessKey", "AKIA4EXAMPLE7654321",
			     "svc-monitoring-agent");
	(void)scene_resource(&scene, DEED_POLICY, "AttachUserPolicy",
			     "arn:aws:iam::aws:policy/AdministratorAccess", "svc-monitoring-agent");
	(void)scene_resource(&scene, DEED_FUNCTION, "CreateFunction", "CloudWatchHealthCheck", "");
	(void)scene_resource(&scene, DEED_RULE, "PutRule", "CloudWatchHealthSchedule",
			     "rate(6 hours)");
	(void)scene_resource(&scene, DEED_BUCKET, "CreateBucket", "stratos-analytics-logs-backup",
			     "");
	(void)scene_resource(&scene, DEED_VPC, "CreateVpc", "vpc-0961208f757badf83", "10.0.0.0/16");
	(void)scene_resource(&scene, DEED_GROUP, "CreateSecurityGroup", "sg-0afaddad9dc873276",
			     "vpc-0961208f757badf83");
	scene_instance(&scene, "i-0a1b2c3d4e5f60718", "us-east-1", "p3.2xlarge", SCENE_START)
		->sight = SIGHT_MINING;
	(void)scene_instance(&scene, "i-0a1b2c3d4e5f60719", "us-east-1", "p3.2xlarge", SCENE_START);
	(void)scene_instance(&scene, "i-0f7fa86a6766619cd", "eu-west-1", "g4dn.xlarge",
			     SCENE_START);
}

static void test_what_makes_access_again_goes_first(void **state)
{
	(void)state;
	make_scenario();
	make_plan();
	assert_true(place_of("CloudWatchHealthSchedule") < place_of("CloudWatchHealthCheck"));
	assert_true(place_of("CloudWatchHealthCheck") < place_of("AKIA4EXAMPLE7654321"));
	assert_true(place_of("AKIA4EXAMPLE7654321") <
		    place_of("Deny everything to the created user svc-monitoring-agent"));
	assert_true(place_of("Deny everything") < place_of("AKIA4EXAMPLE1234567"));
	assert_true(place_of("Detach policy") < place_of("AKIA4EXAMPLE1234567"));
	assert_true(place_of("AKIA4EXAMPLE1234567") < place_of("Terminate 2 instances"));
	assert_true(place_of("Terminate 1 instances in eu-west-1") <
		    place_of("sg-0afaddad9dc873276"));
	assert_true(place_of("sg-0afaddad9dc873276") < place_of("Delete the VPC"));
	assert_true(place_of("Delete the VPC") < place_of("stratos-analytics-logs-backup"));
	assert_true(place_of("stratos-analytics-logs-backup") <
		    place_of("Delete the created user svc-monitoring-agent"));
	for (size_t i = 0; i < plan.count; i++) {
		assert_in_range(plan.steps[i].stage, 1, 4);
		assert_string_not_equal(containment_stage_text(plan.steps[i].stage), "");
		if (i > 0)
			assert_true(plan.steps[i - 1].stage <= plan.steps[i].stage);
	}
	assert_string_equal(containment_stage_text(0), "");
	assert_string_equal(containment_stage_text(5), "");
}

static void test_commands_of_the_scenario(void **state)
{
	(void)state;
	make_scenario();
	make_plan();
	assert_string_equal(command_of("CloudWatchHealthSchedule"),
			    "aws events disable-rule --region us-east-1 --name "
			    "CloudWatchHealthSchedule");
	assert_string_equal(command_of("CloudWatchHealthCheck"),
			    "aws lambda put-function-concurrency --region us-east-1 "
			    "--function-name CloudWatchHealthCheck "
			    "--reserved-concurrent-executions 0");
	assert_string_equal(command_of("AKIA4EXAMPLE7654321"),
			    "aws iam update-access-key --access-key-id AKIA4EXAMPLE7654321 "
			    "--user-name svc-monitoring-agent --status Inactive");
	assert_string_equal(command_of("AKIA4EXAMPLE1234567"),
			    "aws iam update-access-key --access-key-id AKIA4EXAMPLE1234567 "
			    "--user-name ml-pipeline-sa --status Inactive");
	assert_string_equal(command_of("Terminate 2 instances in us-east-1, 1 of them seen mining"),
			    "aws ec2 terminate-instances --region us-east-1 --instance-ids "
			    "i-0a1b2c3d4e5f60718 i-0a1b2c3d4e5f60719");
	assert_string_equal(command_of("Delete the VPC"),
			    "aws ec2 delete-vpc --region us-east-1 --vpc-id vpc-0961208f757badf83");
	assert_non_null(strstr(command_of("Revoke the sessions of user ml-pipeline-sa"),
			       "\"DateLessThan\":{\"aws:TokenIssueTime\":\"'\"$(date -u "));
	assert_string_equal(plan.steps[place_of("AKIA4EXAMPLE1234567")].proof, "event-source");
	assert_string_equal(plan.steps[place_of("CloudWatchHealthSchedule")].proof, "event-4");
	assert_string_equal(plan.steps[place_of("AKIA4EXAMPLE7654321")].region, "");
	assert_string_equal(plan.steps[place_of("eu-west-1")].region, "eu-west-1");
	assert_string_equal(plan.steps[place_of("eu-west-1")].names, "i-0f7fa86a6766619cd");
}

static void test_empty_incident_still_ends_the_key(void **state)
{
	(void)state;
	make_plan();
	assert_int_equal(plan.count, 2);
	assert_int_equal(plan.steps[0].stage, 2);
	scene.incident.identities_count = 0;
	make_plan();
	assert_int_equal(plan.count, 0);
}

static void test_what_is_gone_needs_no_step(void **state)
{
	struct deed *deed;

	(void)state;
	make_scenario();
	deed = scene_deed(&scene, DEED_DELETE, "DeleteUser", "svc-monitoring-agent", "");
	scene.resource_list[0].deleted = deed;
	scene_change(&scene, 2, CHANGE_TERMINATE, SCENE_START + SCENE_HOUR);
	make_plan();
	assert_absent("Deny everything");
	assert_absent("Delete the created user");
	assert_absent("eu-west-1");
	(void)place_of("AKIA4EXAMPLE7654321");
}

/* --- kinds ---------------------------------------------------------------------------------- */

static void test_schedule_is_deleted_in_its_group(void **state)
{
	struct deed *deed =
		scene_resource(&scene, DEED_RULE, "CreateSchedule", "beat", "rate(1 day)");

	(void)state;
	deed->detail = "arn:aws:scheduler:us-east-1:111122223333:schedule/my group/beat";
	make_plan();
	assert_string_equal(command_of("Delete the schedule beat: rate(1 day)"),
			    "aws scheduler delete-schedule --region us-east-1 --name beat "
			    "--group-name 'my group'");
	deed->detail = "arn:aws:scheduler:us-east-1:111122223333:schedule/";
	make_plan();
	assert_string_equal(command_of("Delete the schedule"),
			    "aws scheduler delete-schedule --region us-east-1 --name beat");
	assert_absent("delete the rule");
}

static void test_policies_by_how_they_were_given(void **state)
{
	(void)state;
	(void)scene_resource(&scene, DEED_POLICY, "PutRolePolicy", "inline", "worker");
	(void)scene_resource(&scene, DEED_POLICY, "AttachGroupPolicy", "arn:aws:iam::aws:policy/X",
			     "staff");
	(void)scene_resource(&scene, DEED_POLICY, "CreatePolicy",
			     "arn:aws:iam::111122223333:policy/made", "");
	(void)scene_resource(&scene, DEED_POLICY, "CreatePolicyVersion",
			     "arn:aws:iam::111122223333:policy/old", "");
	make_plan();
	assert_string_equal(command_of("Delete policy inline of role worker"),
			    "aws iam delete-role-policy --policy-name inline --role-name worker");
	assert_string_equal(command_of("from group staff"),
			    "aws iam detach-group-policy --policy-arn arn:aws:iam::aws:policy/X "
			    "--group-name staff");
	assert_int_equal(plan.steps[place_of("policy/old")].stage, 1);
	assert_int_equal(plan.steps[place_of("policy/made")].stage, 4);
}

static void test_logging_comes_back_after_the_key(void **state)
{
	(void)state;
	(void)scene_deed(&scene, DEED_LOGGING, "StopLogging", "main-trail", "");
	scene_deed(&scene, DEED_LOGGING, "StopLogging", "other-trail", "")->error = "AccessDenied";
	(void)scene_deed(&scene, DEED_LOGGING, "DeleteTrail", "old-trail", "");
	make_plan();
	assert_string_equal(command_of("main-trail"),
			    "aws cloudtrail start-logging --region us-east-1 --name main-trail");
	assert_true(place_of("main-trail") > place_of("AKIA4EXAMPLE1234567"));
	assert_null(command_of("old-trail"));
	assert_absent("other-trail");
}

static void test_open_group_that_was_there_before(void **state)
{
	struct deed *rule = scene_resource(&scene, DEED_GROUP_RULE, "AuthorizeSecurityGroupIngress",
					   "sg-0afaddad9dc873276", "0.0.0.0/0");

	(void)state;
	rule->detail = "tcp 22-22";
	make_plan();
	assert_string_equal(command_of("Close security group"),
			    "aws ec2 revoke-security-group-ingress --region us-east-1 --group-id "
			    "sg-0afaddad9dc873276 --protocol tcp --port 22-22 --cidr 0.0.0.0/0");
	rule->detail = "-1 0-0";
	make_plan();
	assert_non_null(strstr(command_of("Close security group"), " --protocol all --cidr "));
	rule->object = "::/0";
	make_plan();
	assert_null(command_of("Close security group"));
	rule->object = "0.0.0.0/0";
	rule->detail = "tcp 22-22 --dry-run";
	make_plan();
	assert_null(command_of("Close security group"));
	(void)scene_resource(&scene, DEED_GROUP, "CreateSecurityGroup", "sg-0afaddad9dc873276", "");
	make_plan();
	assert_absent("Close security group");
	(void)place_of("Delete the security group");
}

static void test_gateway_is_detached_from_the_only_vpc(void **state)
{
	(void)state;
	(void)scene_resource(&scene, DEED_NETWORK, "CreateInternetGateway", "igw-0d6f059c6408faf1a",
			     "");
	make_plan();
	assert_absent("Detach the internet gateway");
	(void)scene_resource(&scene, DEED_VPC, "CreateVpc", "vpc-0961208f757badf83", "");
	make_plan();
	assert_string_equal(command_of("Detach the internet gateway"),
			    "aws ec2 detach-internet-gateway --region us-east-1 "
			    "--internet-gateway-id igw-0d6f059c6408faf1a --vpc-id "
			    "vpc-0961208f757badf83");
	assert_int_equal(place_of("Detach the internet gateway") + 1,
			 place_of("Delete the internet gateway"));
	(void)scene_resource(&scene, DEED_VPC, "CreateVpc", "vpc-0aaafb65565ff8c8f", "");
	make_plan();
	assert_absent("Detach the internet gateway");
}

static void test_fleets_go_before_instances(void **state)
{
	(void)state;
	(void)scene_instance(&scene, "i-0a1b2c3d4e5f60718", "us-east-1", "p3.2xlarge", SCENE_START);
	(void)scene_resource(&scene, DEED_FLEET, "CreateAutoScalingGroup", "web workers", "");
	(void)scene_resource(&scene, DEED_FLEET, "RequestSpotFleet", "sfr-1234", "");
	(void)scene_resource(&scene, DEED_FLEET, "CreateFleet", "instant", "");
	make_plan();
	assert_non_null(strstr(command_of("web workers"),
			       "--auto-scaling-group-name 'web workers' --min-size 0"));
	assert_true(place_of("web workers") < place_of("Terminate"));
	assert_non_null(strstr(command_of("sfr-1234"), "--terminate-instances"));
	assert_string_equal(command_of("the fleet of type instant"),
			    "aws ec2 describe-fleets --region us-east-1");
}

/* --- identities ----------------------------------------------------------------------------- */

static void test_sessions_are_revoked_once_for_each_role(void **state)
{
	static const char *const arns[] = {
		"arn:aws:sts::111122223333:assumed-role/deploy/one",
		"arn:aws:sts::111122223333:assumed-role/deploy/two",
		"arn:aws:sts::111122223333:assumed-role/audit/one",
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		scene.edges[i] = (struct edge){ .parent = &scene.root, .kind = DEED_OTHER };
		(void)snprintf(scene.edges[i].first.event, sizeof(scene.edges[i].first.event),
			       "event-session-%zu", i);
		scene.identity_list[i + 1] = (struct incident_identity){
			.id = arns[i], .name = "", .made_by = &scene.edges[i]
		};
	}
	scene.incident.identities_count = 4;
	make_plan();
	assert_int_equal(plan.count, 4);
	assert_non_null(strstr(plan.steps[0].text, "role deploy"));
	assert_non_null(strstr(plan.steps[0].command, "put-role-policy --role-name deploy "));
	assert_string_equal(plan.steps[0].proof, "event-session-0");
	assert_non_null(strstr(plan.steps[1].text, "role audit"));
	assert_int_equal(plan.steps[1].stage, 1);
}

static void test_root_that_is_a_role(void **state)
{
	(void)state;
	scene.root.key = "";
	scene.root.type = "AssumedRole";
	scene.root.arn = "arn:aws:sts::111122223333:assumed-role/build/i-0a1b2c3d4e5f60718";
	scene.root.user = "build";
	make_plan();
	assert_int_equal(plan.count, 1);
	assert_non_null(strstr(plan.steps[0].command, "put-role-policy --role-name build "));
	assert_int_equal(plan.steps[0].stage, 2);
}

static void test_root_at_the_console(void **state)
{
	(void)state;
	scene.root.key = "";
	make_plan();
	assert_string_equal(plan.steps[0].command,
			    "aws iam delete-login-profile --user-name ml-pipeline-sa");
	assert_int_equal(plan.count, 2);
}

static void test_root_of_the_account_has_no_command(void **state)
{
	(void)state;
	scene.root.type = "Root";
	scene.root.user = "";
	make_plan();
	assert_int_equal(plan.count, 1);
	assert_null(plan.steps[0].command);
	assert_non_null(strstr(plan.steps[0].text, "AKIA4EXAMPLE1234567"));
	scene.root.key = "";
	scene.root.id = "arn:aws:iam::111122223333:root";
	make_plan();
	assert_non_null(strstr(plan.steps[0].text, "Lock out arn:aws:iam::111122223333:root"));
}

/* --- instances ------------------------------------------------------------------------------ */

static void test_many_instances_make_several_commands(void **state)
{
	static char ids[90][24];
	size_t named = 0;

	(void)state;
	for (unsigned i = 0; i < 90; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "i-%017x", i);
		(void)scene_instance(&scene, ids[i], "us-east-1", "p3.2xlarge", SCENE_START);
	}
	make_plan();
	(void)place_of("Terminate 40 instances");
	(void)place_of("Terminate 10 instances");
	for (size_t i = 0; i < plan.count; i++) {
		if (plan.steps[i].stage != 3)
			continue;
		assert_true(strlen(plan.steps[i].command) < CONTAINMENT_COMMAND_BYTES);
		for (unsigned k = 0; k < 90; k++)
			named += strstr(plan.steps[i].command, ids[k]) != NULL;
	}
	assert_int_equal(named, 90);
}

static void test_strange_instance_ids_stay_out(void **state)
{
	(void)state;
	(void)scene_instance(&scene, "i-0a1b2c3d4e5f60718", "us-east-1", "p3.2xlarge", SCENE_START);
	(void)scene_instance(&scene, "i-1; reboot", "us-east-1", "p3.2xlarge", SCENE_START);
	(void)scene_instance(&scene, "--dry-run", "us-east-1", "p3.2xlarge", SCENE_START);
	(void)scene_instance(&scene, "i-0123456789abcdef0123456789", "eu-west-1", "p3.2xlarge",
			     SCENE_START);
	make_plan();
	assert_string_equal(command_of("2 by hand: their ids are none"),
			    "aws ec2 terminate-instances --region us-east-1 --instance-ids "
			    "i-0a1b2c3d4e5f60718");
	assert_null(command_of("eu-west-1"));
	assert_string_equal(plan.steps[place_of("eu-west-1")].names, "");
}

static void test_launches_without_ids_are_to_be_found(void **state)
{
	struct deed *deed = scene_deed(&scene, DEED_LAUNCH, "RunInstances", "p3.2xlarge", "");

	(void)state;
	deed->is_unnamed = true;
	deed->count = 10;
	scene.incident.unnamed = 10;
	make_plan();
	assert_string_equal(command_of("Find the 10 x p3.2xlarge launched in us-east-1"),
			    "aws ec2 describe-instances --region us-east-1");
	scene.incident.unnamed = 0;
	make_plan();
	assert_absent("Find the 10");
}

/* --- hostile names -------------------------------------------------------------------------- */

static const char *quoted(const char *name)
{
	static struct command_line line;

	command_begin(&line, "aws x");
	command_option(&line, "--name", name);
	return line.is_refused ? NULL : line.text;
}

static void test_names_are_quoted_for_the_shell(void **state)
{
	(void)state;
	assert_string_equal(quoted("plain-name_1.2/x:y=z@a%b+c,d"),
			    "aws x --name plain-name_1.2/x:y=z@a%b+c,d");
	assert_string_equal(quoted("two words"), "aws x --name 'two words'");
	assert_string_equal(quoted("$(reboot)`id`\"\\"), "aws x --name '$(reboot)`id`\"\\'");
	assert_string_equal(quoted("it's"), "aws x --name 'it'\\''s'");
	assert_string_equal(quoted("'; rm -rf /; '"), "aws x --name ''\\''; rm -rf /; '\\'''");
	assert_string_equal(quoted("~root"), "aws x --name '~root'");
	assert_string_equal(quoted("*"), "aws x --name '*'");
	assert_string_equal(quoted("caf\xc3\xa9"), "aws x --name 'caf\xc3\xa9'");
	/* A leading dash would be an option. */
	assert_string_equal(quoted("--endpoint-url"), "aws x --name=--endpoint-url");
}

static void test_names_that_are_more_than_names(void **state)
{
	static const char *const bad[] = { "",
					   "?",
					   "file:///etc/shadow",
					   "FILEB://x",
					   "http://198.51.100.88/x",
					   "https://198.51.100.88/x",
					   "[\"a\"]",
					   "{\"a\":1}",
					   "a\nb",
					   "a\x1b[2J",
					   "a\x7f",
					   "\xe2\x80\xae"
					   "exe",
					   "\xc2\x9b",
					   "\xff" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(command_is_name(bad[i]));
		assert_null(quoted(bad[i]));
	}
	assert_true(command_is_name("a file:// in the middle"));
}

/* What may have been cut names something else. */
static void test_long_names(void **state)
{
	char name[TRAIL_TEXT];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[TRAIL_TEXT - 5] = '\0';
	assert_non_null(quoted(name));
	name[TRAIL_TEXT - 5] = 'a';
	name[TRAIL_TEXT - 4] = '\0';
	assert_null(quoted(name));
	/* Short enough, but not when it is quoted. */
	memset(name, '\'', 300);
	name[300] = '\0';
	assert_null(quoted(name));
}

static void test_hostile_name_makes_no_command(void **state)
{
	(void)state;
	(void)scene_resource(&scene, DEED_FLEET, "CreateAutoScalingGroup", "file:///etc/passwd",
			     "");
	(void)scene_resource(&scene, DEED_KEY_PAIR, "CreateKeyPair", "x'; reboot #", "");
	(void)scene_resource(&scene, DEED_KEY, "CreateAccessKey", "", "ml-pipeline-sa");
	make_plan();
	assert_null(command_of("file:///etc/passwd (by hand"));
	assert_string_equal(command_of("Delete the key pair"),
			    "aws ec2 delete-key-pair --region us-east-1 --key-name "
			    "'x'\\''; reboot #'");
	assert_null(command_of("(not in the record) of user ml-pipeline-sa"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_what_makes_access_again_goes_first),
		TEST(test_commands_of_the_scenario),
		TEST(test_empty_incident_still_ends_the_key),
		TEST(test_what_is_gone_needs_no_step),
		TEST(test_schedule_is_deleted_in_its_group),
		TEST(test_policies_by_how_they_were_given),
		TEST(test_logging_comes_back_after_the_key),
		TEST(test_open_group_that_was_there_before),
		TEST(test_gateway_is_detached_from_the_only_vpc),
		TEST(test_fleets_go_before_instances),
		TEST(test_sessions_are_revoked_once_for_each_role),
		TEST(test_root_that_is_a_role),
		TEST(test_root_at_the_console),
		TEST(test_root_of_the_account_has_no_command),
		TEST(test_many_instances_make_several_commands),
		TEST(test_strange_instance_ids_stay_out),
		TEST(test_launches_without_ids_are_to_be_found),
		TEST(test_names_are_quoted_for_the_shell),
		TEST(test_names_that_are_more_than_names),
		TEST(test_long_names),
		TEST(test_hostile_name_makes_no_command),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
