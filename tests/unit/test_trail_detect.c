/* test_trail_detect.c: each rule fires on what it is for, and not on what nearly is that. */
#include "trail_rig.h"

/* What a thief would do stands at RIG_T0; the week before is the owner's. */

static void new_region(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig);
	rig_week(&rig, 7);
	/* Where launches are usual, and a launch that was refused. */
	rig_launch(&rig, RIG_T0, "us-east-1", RIG_THIEF, "c5.large", 1, 5);
	RIG_CALL(&rig, .name = "RunInstances", .time_s = RIG_T0, .region = "eu-west-1",
		 .error = "Client.VcpuLimitExceeded", .request = "{\"instanceType\":\"c5.large\"}");
	assert_int_equal(rig_detect(&rig, RULE_NEW_REGION), 0);
	rig_launch(&rig, RIG_T0, "eu-west-1", RIG_THIEF, "c5.large", 10, 5);
	rig_launch(&rig, RIG_T0 + 600, "eu-west-1", RIG_THIEF, "c5.large", 20, 3);
	assert_int_equal(rig_detect(&rig, RULE_NEW_REGION), 1);

	struct detections found = { 0 };
	const struct detection *item;

	assert_int_equal(detect_run(rig.store, &found), 0);
	item = rig_find(&found, RULE_NEW_REGION);
	assert_int_equal(item->value, 8);
	assert_int_equal(item->event_count, 2);
	assert_int_equal(item->first_ns, RIG_T0 * RIG_S);
	assert_string_equal(item->region, "eu-west-1");
	assert_string_equal(item->address, RIG_THIEF);
	assert_non_null(strstr(item->text, "8 instances launched in eu-west-1"));
	detections_fini(&found);
	rig_close(&rig);
}

static void new_region_needs_history(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig);
	/* Two days of records are less than three. */
	rig_week(&rig, 2);
	rig_launch(&rig, RIG_T0, "eu-west-1", RIG_THIEF, "c5.large", 10, 5);
	assert_int_equal(rig_detect(&rig, RULE_NEW_REGION), 0);
	assert_int_equal(rig_detect(&rig, RULE_NEW_GPU), 0);
	rig_close(&rig);
}

static void new_region_with_a_given_history(void **state)
{
	struct rig rig;
	char why[SETTINGS_WHY];

	(void)state;
	rig_open(&rig);
	assert_int_equal(settings_set(&rig.settings, "known-region", "us-east-1", why), 0);
	rig_launch(&rig, RIG_T0, "us-east-1", RIG_THIEF, "c5.large", 1, 5);
	assert_int_equal(rig_detect(&rig, RULE_NEW_REGION), 0);
	rig_launch(&rig, RIG_T0, "eu-west-1", RIG_THIEF, "c5.large", 10, 5);
	assert_int_equal(rig_detect(&rig, RULE_NEW_REGION), 1);
	rig_close(&rig);
}

static void new_gpu(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig);
	rig_week(&rig, 7);
	/* GPUs that are usual, and an unusual type without one. */
	rig_launch(&rig, RIG_T0 - 2 * RIG_DAY, "us-east-1", RIG_HOME, "g4dn.xlarge", 1, 1);
	rig_launch(&rig, RIG_T0, "us-east-1", RIG_THIEF, "r5.24xlarge", 10, 1);
	assert_int_equal(rig_detect(&rig, RULE_NEW_GPU), 1); /* of two days ago: new then */
	rig_launch(&rig, RIG_T0, "us-east-1", RIG_THIEF, "g4dn.xlarge", 20, 5);
	assert_int_equal(rig_detect(&rig, RULE_NEW_GPU), 1);
	rig_launch(&rig, RIG_T0, "us-east-1", RIG_THIEF, "p3.2xlarge", 30, 5);
	assert_int_equal(rig_detect(&rig, RULE_NEW_GPU), 2);
	rig_close(&rig);
}

static int attach(struct rig *rig, uint64_t time_s, const char *name, const char *request)
{
	return RIG_CALL(rig, .name = name, .service = "iam", .time_s = time_s, .address = RIG_THIEF,
			.request = request);
}

static void administrator(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig);
	attach(&rig, RIG_T0, "AttachUserPolicy",
	       "{\"userName\":\"a\",\"policyArn\":\"arn:aws:iam::aws:policy/ReadOnlyAccess\"}");
	attach(&rig, RIG_T0, "AttachUserPolicy",
	       "{\"userName\":\"a\",\"policyArn\":\"arn:aws:iam::1:policy/"
	       "AdministratorAccess-not\"}");
	attach(&rig, RIG_T0, "PutUserPolicy",
	       "{\"userName\":\"a\",\"policyName\":\"p\",\"policyDocument\":\"{\\\"Statement\\\":[{"
	       "\\\"Effect\\\":\\\"Allow\\\",\\\"Action\\\":\\\"s3:*\\\",\\\"Resource\\\":\\\"*"
	       "\\\"}]}\"}");
	attach(&rig, RIG_T0, "PutUserPolicy",
	       "{\"userName\":\"a\",\"policyName\":\"p\",\"policyDocument\":\"{\\\"Statement\\\":{"
	       "\\\"Effect\\\":\\\"Deny\\\",\\\"Action\\\":\\\"*\\\",\\\"Resource\\\":\\\"*\\\"}}"
	       "\"}");
	assert_int_equal(rig_detect(&rig, RULE_ADMIN), 0);
	attach(&rig, RIG_T0, "AttachUserPolicy",
	       "{\"userName\":\"a\",\"policyArn\":\"arn:aws:iam::aws:policy/"
	       "AdministratorAccess\"}");
	assert_int_equal(rig_detect(&rig, RULE_ADMIN), 1);
	attach(&rig, RIG_T0, "PutRolePolicy",
	       "{\"roleName\":\"r\",\"policyName\":\"p\",\"policyDocument\":\"{\\\"Statement\\\":["
	       "{\\\"Effect\\\":\\\"Allow\\\",\\\"Action\\\":[\\\"ec2:*\\\",\\\"*\\\"],"
	       "\\\"Resource\\\":[\\\"*\\\"]}]}\"}");
	assert_int_equal(rig_detect(&rig, RULE_ADMIN), 2);
	/* A habit: the same caller did it from there the day before yesterday. */
	attach(&rig, RIG_T0 - 2 * RIG_DAY, "AttachUserPolicy",
	       "{\"userName\":\"b\",\"policyArn\":\"arn:aws:iam::aws:policy/"
	       "AdministratorAccess\"}");
	assert_int_equal(rig_detect(&rig, RULE_ADMIN), 1);
	rig_close(&rig);
}

static void new_address(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig);
	rig_week(&rig, 7);
	/* The usual address, a service, and an address that others have long used. */
	RIG_CALL(&rig, .name = "ListBuckets", .service = "s3", .time_s = RIG_T0);
	RIG_CALL(&rig, .name = "ListBuckets", .service = "s3", .time_s = RIG_T0,
		 .address = "athena.amazonaws.com");
	RIG_CALL(&rig, .name = "ListBuckets", .service = "s3", .time_s = RIG_T0 - 3 * RIG_DAY,
		 .key = "AKIAOTHEREXAMPLE0001", .user = "other", .address = "203.0.113.7");
	RIG_CALL(&rig, .name = "ListBuckets", .service = "s3", .time_s = RIG_T0,
		 .address = "203.0.113.7");
	/* Another identity that was never seen before has no usual address. */
	RIG_CALL(&rig, .name = "ListBuckets", .service = "s3", .time_s = RIG_T0,
		 .key = "AKIANEWEXAMPLE000001", .user = "new", .address = "203.0.113.99");
	assert_int_equal(rig_detect(&rig, RULE_NEW_ADDRESS), 0);
	RIG_CALL(&rig, .name = "GetCallerIdentity", .service = "sts", .time_s = RIG_T0,
		 .address = RIG_THIEF);
	assert_int_equal(rig_detect(&rig, RULE_NEW_ADDRESS), 1);
	rig_close(&rig);
}

static void new_address_that_is_given(void **state)
{
	struct rig rig;
	char why[SETTINGS_WHY];

	(void)state;
	rig_open(&rig);
	rig_week(&rig, 7);
	RIG_CALL(&rig, .name = "GetCallerIdentity", .service = "sts", .time_s = RIG_T0,
		 .address = RIG_THIEF);
	assert_int_equal(settings_set(&rig.settings, "known-address", "198.51.100.96/28", why), 0);
	assert_int_equal(rig_detect(&rig, RULE_NEW_ADDRESS), 0);
	rig_close(&rig);
}

static void look(struct rig *rig, uint64_t time_s, unsigned regions, uint64_t apart_s)
{
	char region[32];

	for (unsigned i = 0; i < regions; i++) {
		snprintf(region, sizeof(region), "eu-west-%u", i);
		RIG_CALL(rig, .name = "DescribeInstances", .time_s = time_s + i * apart_s,
			 .address = RIG_THIEF, .region = region);
	}
}

static void sweep(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig);
	rig_week(&rig, 7);
	look(&rig, RIG_T0, 7, 1); /* one region too few */
	assert_int_equal(rig_detect(&rig, RULE_SWEEP), 0);
	rig_close(&rig);
	rig_open(&rig);
	rig_week(&rig, 7);
	look(&rig, RIG_T0, 12, 200); /* too slow */
	assert_int_equal(rig_detect(&rig, RULE_SWEEP), 0);
	rig_close(&rig);
	rig_open(&rig);
	rig_week(&rig, 7);
	look(&rig, RIG_T0, 12, 2);
	assert_int_equal(rig_detect(&rig, RULE_SWEEP), 1);
	rig_close(&rig);
	/* Somebody who always does. */
	rig_open(&rig);
	RIG_CALL(&rig, .name = "ListBuckets", .time_s = RIG_T0 - 9 * RIG_DAY);
	look(&rig, RIG_T0 - 4 * RIG_DAY, 12, 1000);
	look(&rig, RIG_T0, 12, 2);
	assert_int_equal(rig_detect(&rig, RULE_SWEEP), 0);
	rig_close(&rig);
}

static void make_network(struct rig *rig, const char *region, const char *cidr, const char *vpc)
{
	char response[128];
	char request[512];

	snprintf(response, sizeof(response),
		 "{\"vpc\":{\"vpcId\":\"vpc-1\",\"cidrBlock\":\"10.0.0.0/16\"}}");
	RIG_CALL(rig, .name = "CreateVpc", .time_s = RIG_T0, .address = RIG_THIEF, .region = region,
		 .response = response);
	snprintf(request, sizeof(request), "{\"vpcId\":\"%s\",\"groupName\":\"g\"}", vpc);
	RIG_CALL(rig, .name = "CreateSecurityGroup", .time_s = RIG_T0 + 10, .address = RIG_THIEF,
		 .region = region, .request = request, .response = "{\"groupId\":\"sg-1\"}");
	snprintf(request, sizeof(request),
		 "{\"groupId\":\"sg-1\",\"ipPermissions\":{\"items\":[{\"ipProtocol\":\"tcp\","
		 "\"fromPort\":22,\"toPort\":22,\"ipRanges\":{\"items\":[{\"cidrIp\":\"%s\"}]},"
		 "\"ipv6Ranges\":{}}]}}",
		 cidr);
	RIG_CALL(rig, .name = "AuthorizeSecurityGroupIngress", .time_s = RIG_T0 + 12,
		 .address = RIG_THIEF, .region = region, .request = request);
}

static void open_network(void **state)
{
	static const struct {
		const char *region;
		const char *cidr;
		const char *vpc;
		size_t found;
	} cases[] = {
		{ "eu-west-1", "0.0.0.0/0", "vpc-1", 1 },
		{ "eu-west-1", "203.0.113.0/24", "vpc-1", 0 }, /* not for everybody */
		{ "us-east-1", "0.0.0.0/0", "vpc-1", 0 },      /* where much is made */
		{ "eu-west-1", "0.0.0.0/0", "vpc-2", 0 },      /* a group of another VPC */
		{ "eu-west-1", "::/0", "vpc-1", 1 },
	};
	struct rig rig;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig_open(&rig);
		rig_week(&rig, 7);
		make_network(&rig, cases[i].region, cases[i].cidr, cases[i].vpc);
		assert_int_equal(rig_detect(&rig, RULE_OPEN_NETWORK), cases[i].found);
		rig_close(&rig);
	}
}

static bool everybody(void *ctx, const struct deed *deed)
{
	(void)ctx;
	(void)deed;
	return true;
}

static bool nobody(void *ctx, const struct deed *deed)
{
	(void)ctx;
	(void)deed;
	return false;
}

static void code_of_a_suspect(void **state)
{
	struct detections found = { 0 };
	struct rig rig;

	(void)state;
	rig_open(&rig);
	RIG_CALL(&rig, .name = "CreateFunction20150331", .service = "lambda", .time_s = RIG_T0,
		 .request = "{\"functionName\":\"f\"}");
	RIG_CALL(&rig, .name = "PutRule", .service = "events", .time_s = RIG_T0,
		 .request = "{\"name\":\"r\",\"scheduleExpression\":\"rate(6 hours)\"}");
	RIG_CALL(&rig, .name = "PutRule", .service = "events", .time_s = RIG_T0,
		 .request = "{\"name\":\"refused\"}", .error = "AccessDenied");
	assert_int_equal(detect_code(rig.store, nobody, NULL, &found), 0);
	assert_int_equal(found.count, 0);
	assert_int_equal(detect_code(rig.store, everybody, NULL, &found), 0);
	assert_int_equal(found.count, 2);
	detections_fini(&found);
	rig_close(&rig);
}

#define ADMIN_ROLE \
	"{\"type\":\"AssumedRole\",\"arn\":\"arn:aws:sts::111122223333:assumed-role/Admin/m\"," \
	"\"accountId\":\"111122223333\",\"accessKeyId\":\"ASIAEXAMPLE\",\"sessionContext\":{" \
	"\"sessionIssuer\":{\"arn\":\"arn:aws:iam::111122223333:role/" \
	"Admin\",\"userName\":\"Admin\"}}}"

static void make_key(struct rig *rig, uint64_t time_s, const char *user, const char *identity)
{
	char response[256];

	snprintf(response, sizeof(response),
		 "{\"accessKey\":{\"accessKeyId\":\"AKIA4EXAMPLE7654321\",\"userName\":\"%s\"}}",
		 user);
	RIG_CALL(rig, .name = "CreateAccessKey", .service = "iam", .time_s = time_s,
		 .response = response, .identity = identity);
}

static void key_for_another(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig);
	rig_week(&rig, 7);
	make_key(&rig, RIG_T0, "ml-pipeline-sa", NULL); /* its own: a rotation */
	assert_int_equal(rig_detect(&rig, RULE_OTHERS_KEY), 0);
	make_key(&rig, RIG_T0, "svc-monitoring-agent", NULL);
	assert_int_equal(rig_detect(&rig, RULE_OTHERS_KEY), 1);
	rig_close(&rig);
	/* People whose work it is, by a role that was used from there before. */
	rig_open(&rig);
	rig_week(&rig, 7);
	RIG_CALL(&rig, .name = "ListUsers", .service = "iam", .time_s = RIG_T0 - 2 * RIG_DAY,
		 .identity = ADMIN_ROLE);
	make_key(&rig, RIG_T0, "report-bot", ADMIN_ROLE);
	assert_int_equal(rig_detect(&rig, RULE_OTHERS_KEY), 0);
	rig_close(&rig);
	/* The same role out of nowhere. */
	rig_open(&rig);
	rig_week(&rig, 7);
	make_key(&rig, RIG_T0, "report-bot", ADMIN_ROLE);
	assert_int_equal(rig_detect(&rig, RULE_OTHERS_KEY), 1);
	rig_close(&rig);
}

static void ask(struct rig *rig, uint64_t time_s, const char *region)
{
	RIG_CALL(rig, .name = "RequestServiceQuotaIncrease", .service = "servicequotas",
		 .time_s = time_s, .region = region, .address = RIG_THIEF,
		 .request = "{\"serviceCode\":\"ec2\",\"quotaCode\":\"L-DB2E81BA\","
			    "\"desiredValue\":80}");
}

static void quota(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig);
	ask(&rig, RIG_T0, "eu-west-1");
	ask(&rig, RIG_T0 + 60, "eu-west-1");   /* the same region again */
	ask(&rig, RIG_T0 + 3700, "us-west-1"); /* a second one, too late */
	assert_int_equal(rig_detect(&rig, RULE_QUOTA), 0);
	ask(&rig, RIG_T0 + 600, "us-east-2");
	assert_int_equal(rig_detect(&rig, RULE_QUOTA), 1);

	struct detections found = { 0 };

	assert_int_equal(detect_run(rig.store, &found), 0);
	assert_int_equal(rig_find(&found, RULE_QUOTA)->value, 4);
	detections_fini(&found);
	rig_close(&rig);
}

static void logging(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig);
	RIG_CALL(&rig, .name = "StartLogging", .service = "cloudtrail", .time_s = RIG_T0,
		 .request = "{\"name\":\"t\"}");
	RIG_CALL(&rig, .name = "UpdateDetector", .service = "guardduty", .time_s = RIG_T0,
		 .request = "{\"detectorId\":\"d\",\"enable\":true}");
	RIG_CALL(&rig, .name = "DeleteAlarms", .service = "monitoring", .time_s = RIG_T0,
		 .address = "autoscaling.amazonaws.com", .request = "{\"alarmNames\":[\"a\"]}");
	RIG_CALL(&rig, .name = "StopLogging", .service = "cloudtrail", .time_s = RIG_T0,
		 .request = "{\"name\":\"t\"}", .error = "AccessDenied");
	assert_int_equal(rig_detect(&rig, RULE_LOGGING), 0);
	RIG_CALL(&rig, .name = "StopLogging", .service = "cloudtrail", .time_s = RIG_T0,
		 .request = "{\"name\":\"t\"}");
	assert_int_equal(rig_detect(&rig, RULE_LOGGING), 1);
	RIG_CALL(&rig, .name = "UpdateDetector", .service = "guardduty", .time_s = RIG_T0,
		 .request = "{\"detectorId\":\"d\",\"enable\":false}");
	assert_int_equal(rig_detect(&rig, RULE_LOGGING), 2);
	rig_close(&rig);
}

static void rules_can_be_disabled(void **state)
{
	struct rig rig;
	char why[SETTINGS_WHY];

	(void)state;
	rig_open(&rig);
	RIG_CALL(&rig, .name = "StopLogging", .service = "cloudtrail", .time_s = RIG_T0,
		 .request = "{\"name\":\"t\"}");
	assert_int_equal(settings_set(&rig.settings, "disable", "1700010", why), 0);
	assert_int_equal(rig_detect(&rig, RULE_LOGGING), 0);
	rig_close(&rig);
}

static void sids_are_distinct(void **state)
{
	(void)state;
	for (size_t i = 0; i < RULE_COUNT; i++) {
		assert_in_range(rules[i].sid, 1700001, 1700099);
		assert_in_range(rules[i].severity, 1, 3);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(rules[k].sid, rules[i].sid);
	}
	assert_int_equal(rules[RULE_COST].sid, 1700020);
	assert_int_equal(rules[RULE_FLOW].sid, 1700030);
}

static void proofs_are_kept_by_time(void **state)
{
	struct detections list = { 0 };
	struct detection *item =
		detections_get(&list, RULE_QUOTA,
			       &(const struct detection_key){ NULL, "1", "", "", "203.0.113.1" });
	char event[EVENT_ID_TEXT];

	(void)state;
	for (unsigned i = 40; i > 0; i--) {
		snprintf(event, sizeof(event), "e-%02u", i);
		detection_prove(item, i, event);
	}
	assert_int_equal(item->event_count, 40);
	assert_int_equal(item->first_ns, 1);
	assert_int_equal(item->last_ns, 40);
	for (unsigned i = 0; i < DETECTION_EVENTS; i++)
		assert_int_equal(item->events[i].time_ns, i + 1);
	/* The same event proves nothing more. */
	detection_prove(item, 1, "e-01");
	assert_int_equal(item->event_count, 40);
	assert_ptr_equal(
		detections_get(&list, RULE_QUOTA,
			       &(const struct detection_key){ NULL, "1", "", "", "203.0.113.1" }),
		item);
	assert_ptr_not_equal(
		detections_get(&list, RULE_QUOTA,
			       &(const struct detection_key){ NULL, "1", "", "", "203.0.113.2" }),
		&list.items[0]);
	detections_fini(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_region),
		cmocka_unit_test(new_region_needs_history),
		cmocka_unit_test(new_region_with_a_given_history),
		cmocka_unit_test(new_gpu),
		cmocka_unit_test(administrator),
		cmocka_unit_test(new_address),
		cmocka_unit_test(new_address_that_is_given),
		cmocka_unit_test(sweep),
		cmocka_unit_test(open_network),
		cmocka_unit_test(code_of_a_suspect),
		cmocka_unit_test(key_for_another),
		cmocka_unit_test(quota),
		cmocka_unit_test(logging),
		cmocka_unit_test(rules_can_be_disabled),
		cmocka_unit_test(sids_are_distinct),
		cmocka_unit_test(proofs_are_kept_by_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
