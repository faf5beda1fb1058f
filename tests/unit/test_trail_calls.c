/* test_trail_calls.c: what calls name, and our own alerts as EVE. */
#include "trail_rig.h"

#include "sensor/trail/calls_policy.h"
#include "sensor/trail/trail_eve.h"

static json_t *loaded;
static struct record record;

static bool read_call(const char *service, const char *name, const char *request,
		      const char *response, struct call *out)
{
	char *text = NULL;
	const char *why;

	assert_true(
		asprintf(&text,
			 "{\"eventName\":\"%s\",\"eventSource\":\"%s.amazonaws.com\","
			 "\"eventTime\":1772704682,\"userIdentity\":{\"accountId\":\"1\","
			 "\"userName\":\"me\"},\"requestParameters\":%s,\"responseElements\":%s}",
			 name, service, request, response) > 0);
	json_decref(loaded);
	loaded = json_loads(text, 0, NULL);
	assert_non_null(loaded);
	free(text);
	assert_int_equal(record_read(loaded, &record, &why), 0);
	return call_read(&record, out);
}

static int teardown(void **state)
{
	(void)state;
	json_decref(loaded);
	return 0;
}

static void names_what_calls_make(void **state)
{
	static const struct {
		const char *service, *name, *request, *response;
		enum deed_kind kind;
		const char *subject, *object, *detail;
	} cases[] = {
		{ "ec2", "CreateVpc", "{}",
		  "{\"vpc\":{\"vpcId\":\"vpc-1\",\"cidrBlock\":\"10.0.0.0/16\"}}", DEED_VPC,
		  "vpc-1", "10.0.0.0/16", "" },
		{ "ec2", "CreateSecurityGroup", "{\"vpcId\":\"vpc-1\",\"groupName\":\"g\"}",
		  "{\"groupId\":\"sg-1\"}", DEED_GROUP, "sg-1", "vpc-1", "g" },
		{ "iam", "CreateAccessKey", "null",
		  "{\"accessKey\":{\"accessKeyId\":\"AKIA1\",\"userName\":\"u\"}}", DEED_KEY,
		  "AKIA1", "u", "" },
		{ "iam", "CreateAccessKey", "null", "{\"accessKey\":{\"accessKeyId\":\"AKIA1\"}}",
		  DEED_KEY, "AKIA1", "me", "" },
		{ "lambda", "CreateFunction20150331", "{\"functionName\":\"f\"}",
		  "{\"functionArn\":\"arn\"}", DEED_FUNCTION, "f", "arn", "" },
		{ "events", "PutTargets",
		  "{\"rule\":\"r\",\"targets\":[{\"id\":\"1\",\"arn\":\"arn:f\"}]}", "null",
		  DEED_RULE_TARGET, "r", "arn:f", "1" },
		{ "servicequotas", "RequestServiceQuotaIncrease",
		  "{\"quotaCode\":\"L-1\",\"desiredValue\":80.0,\"serviceCode\":\"ec2\"}", "null",
		  DEED_QUOTA, "L-1", "80", "ec2" },
		{ "ec2", "StopInstances",
		  "{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-1\"}]}}", "null", DEED_STATE,
		  "i-1", "", "" },
		{ "s3", "CreateBucket", "{\"bucketName\":\"b\"}", "null", DEED_BUCKET, "b", "",
		  "" },
		{ "s3", "CreateBucket", "{\"bucketName\":[\"b\"]}", "null", DEED_BUCKET, "b", "",
		  "" },
		{ "s3", "CreateBucket", "{\"bucketName\":7}", "null", DEED_BUCKET, "", "", "" },
		{ "s3", "CreateBucket", "null", "null", DEED_BUCKET, "", "", "" },
		{ "ec2", "DeleteVpc", "{\"vpcId\":\"vpc-1\"}", "null", DEED_DELETE, "vpc-1", "",
		  "" },
	};
	struct call call;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(read_call(cases[i].service, cases[i].name, cases[i].request,
				      cases[i].response, &call));
		assert_int_equal(call.kind, cases[i].kind);
		assert_string_equal(call.subject, cases[i].subject);
		assert_string_equal(call.object, cases[i].object);
		assert_string_equal(call.detail, cases[i].detail);
	}
	/* A name of another service, and one that says nothing. */
	assert_false(read_call("rds", "RunInstances", "{}", "{}", &call));
	assert_false(read_call("ec2", "CreateTags", "{}", "{}", &call));
	assert_false(read_call("ec2x", "RunInstances", "{}", "{}", &call));
}

static void counts_what_a_launch_gave(void **state)
{
	struct call call;

	(void)state;
	assert_true(read_call("ec2", "RunInstances",
			      "{\"instanceType\":\"p3.2xlarge\",\"instancesSet\":{\"items\":[{"
			      "\"minCount\":1,\"maxCount\":20}]}}",
			      rig_instances(1, 7, "p3.2xlarge", RIG_VPC, RIG_T0), &call));
	assert_int_equal(call.count, 7);
	assert_false(call.is_unnamed);
	assert_true(read_call("ec2", "RunInstances",
			      "{\"instancesSet\":{\"items\":[{\"maxCount\":\"20\"}]}}", "null",
			      &call));
	assert_int_equal(call.count, 20);
	assert_true(call.is_unnamed);
	assert_true(read_call("ec2", "RunInstances",
			      "{\"instancesSet\":{\"items\":[{\"maxCount\":4000000000}]}}", "null",
			      &call));
	assert_int_equal(call.count, TRAIL_ITEMS);
	assert_true(read_call("ec2", "RunInstances", "null", "null", &call));
	assert_int_equal(call.count, 1);
}

static void finds_the_widest_source(void **state)
{
	static const struct {
		const char *request;
		bool is_open;
		const char *source, *ports;
	} cases[] = {
		{ "{\"groupId\":\"g\",\"ipPermissions\":{\"items\":[{\"ipProtocol\":\"tcp\","
		  "\"fromPort\":443,\"toPort\":443,\"ipRanges\":{\"items\":[{\"cidrIp\":\"10.0.0.0/"
		  "8\"}]}},"
		  "{\"ipProtocol\":\"tcp\",\"fromPort\":22,\"toPort\":22,\"ipRanges\":{\"items\":["
		  "{\"cidrIp\":\"10.0.0.0/8\"},{\"cidrIp\":\"0.0.0.0/0\"}]}}]}}",
		  true, "0.0.0.0/0", "tcp 22-22" },
		{ "{\"groupId\":\"g\",\"cidrIp\":\"0.0.0.0/"
		  "0\",\"ipProtocol\":\"udp\",\"fromPort\":1,"
		  "\"toPort\":65535}",
		  true, "0.0.0.0/0", "udp 1-65535" },
		{ "{\"groupId\":\"g\",\"ipPermissions\":{}}", false, "", " 0-0" },
		{ "null", false, "", " 0-0" },
	};
	struct call call;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(read_call("ec2", "AuthorizeSecurityGroupIngress", cases[i].request,
				      "null", &call));
		assert_int_equal(call.is_open, cases[i].is_open);
		assert_string_equal(call.object, cases[i].source);
		assert_string_equal(call.detail, cases[i].ports);
	}
}

static void judges_policies(void **state)
{
	static const struct {
		const char *text;
		bool is_admin;
	} cases[] = {
		{ "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}",
		  true },
		{ "{\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"},"
		  "{\"Effect\":\"Allow\",\"Action\":[\"iam:*\"],\"Resource\":[\"*\"]}]}",
		  true },
		{ "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"arn:x\"}}",
		  false },
		{ "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"ec2:*\",\"Resource\":\"*\"}}",
		  false },
		{ "{\"Statement\":{\"Effect\":\"Allow\",\"NotAction\":\"*\",\"Resource\":\"*\"}}",
		  false },
		{ "{\"Statement\":7}", false },
		{ "[", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(policy_document_is_admin(cases[i].text), cases[i].is_admin);
	assert_true(policy_name_is_admin("arn:aws:iam::aws:policy/AdministratorAccess"));
	assert_false(policy_name_is_admin("arn:aws:iam::111122223333:policy/AdministratorAccess"));
}

static void knows_accelerators(void **state)
{
	static const char *const with[] = { "p3.2xlarge",   "g4dn.xlarge", "p5.48xlarge",
					    "trn1.2xlarge", "inf2.xlarge", "dl1.24xlarge",
					    "vt1.3xlarge",  "gr6.4xlarge" };
	static const char *const without[] = { "c5.large", "m6g.medium",  "t3.micro",
					       "r5.large", "x1.16xlarge", "hpc6a.48xlarge",
					       "",         "p",           "pq3.x" };

	(void)state;
	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++)
		assert_true(call_is_gpu(with[i]));
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		assert_false(call_is_gpu(without[i]));
}

static void words_are_there_for_all_kinds(void **state)
{
	(void)state;
	for (unsigned i = 0; i < DEED_KINDS; i++)
		assert_true(strlen(deed_kind_text((enum deed_kind)i)) > 2);
	assert_string_equal(deed_kind_text((enum deed_kind)200), "call");
}

/* --- EVE ------------------------------------------------------------------------------------ */

static void writes_eve(void **state)
{
	struct detections list = { 0 };
	struct rig rig;
	struct detection *item;
	char line[TRAIL_EVE_BYTES];
	json_t *json;
	const json_t *alert;

	(void)state;
	rig_open(&rig);
	RIG_CALL(&rig, .name = "DescribeX", .time_s = RIG_T0);
	item = detections_get(&list, RULE_ADMIN,
			      &(const struct detection_key){
				      store_find_identity(rig.store, RIG_KEY), "111122223333",
				      "us-east-1", "a\x1b\"\xff", RIG_THIEF });
	detection_prove(item, RIG_T0 * RIG_S, "e-1");
	snprintf(item->text, sizeof(item->text), "what \x07 it says");
	assert_true(trail_eve(item, "trail:t", "0123456789abcdef", 3, line, sizeof(line)) > 0);
	json = json_loads(line, 0, NULL);
	assert_non_null(json);
	assert_null(strchr(line, '\x1b'));
	assert_null(strchr(line, '\n'));
	assert_string_equal(record_text(json, "event_type"), "alert");
	assert_string_equal(record_text(json, "src_ip"), RIG_THIEF);
	assert_string_equal(record_text(json, "timestamp"), "2026-03-05T09:58:00.000000+0000");
	alert = record_object(json, "alert");
	assert_int_equal(record_uint(alert, "gid"), 1);
	assert_int_equal(record_uint(alert, "signature_id"), 1700003);
	assert_int_equal(record_uint(alert, "rev"), 3);
	assert_int_equal(json_array_size(json_object_get(record_object(alert, "metadata"),
							 "mitre_technique_id")),
			 2);
	assert_string_equal(record_text(record_object(json, "trail"), "access_key_id"), RIG_KEY);
	assert_string_equal(record_text(record_object(json, "trail"), "incident"),
			    "0123456789abcdef");
	assert_string_equal(record_text(record_object(json, "cloud"), "scope"),
			    "111122223333/us-east-1");
	/* No room: no line. */
	assert_int_equal(trail_eve(item, "trail:t", "", 3, line, 200), 0);
	json_decref(json);
	detections_fini(&list);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_what_calls_make),
		cmocka_unit_test(counts_what_a_launch_gave),
		cmocka_unit_test(finds_the_widest_source),
		cmocka_unit_test(judges_policies),
		cmocka_unit_test(knows_accelerators),
		cmocka_unit_test(words_are_there_for_all_kinds),
		cmocka_unit_test(writes_eve),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
