/* test_trail_record.c: the shapes in which CloudTrail writes records. */
#include "trail_rig.h"

#define ENOUGH \
	"\"eventName\":\"RunInstances\",\"eventSource\":\"ec2.amazonaws.com\"," \
	"\"eventTime\":\"2026-03-05T09:58:02Z\",\"eventID\":\"e-1\","

static json_t *loaded;

static struct record read_text(const char *text)
{
	struct record record;
	const char *why;

	json_decref(loaded);
	loaded = json_loads(text, 0, NULL);
	assert_non_null(loaded);
	assert_int_equal(record_read(loaded, &record, &why), 0);
	assert_null(why);
	return record;
}

static void refuse(const char *text, const char *expected)
{
	struct record record;
	const char *why;

	json_decref(loaded);
	loaded = json_loads(text, JSON_DECODE_ANY, NULL);
	assert_non_null(loaded);
	assert_int_equal(record_read(loaded, &record, &why), -EINVAL);
	assert_string_equal(why, expected);
}

static int teardown(void **state)
{
	(void)state;
	json_decref(loaded);
	loaded = NULL;
	return 0;
}

static void reads_a_user(void **state)
{
	struct record record = read_text(
		"{" ENOUGH "\"awsRegion\":\"us-east-1\",\"sourceIPAddress\":\"198.51.100.99\","
		"\"userAgent\":\"Boto3\",\"recipientAccountId\":\"444455556666\",\"userIdentity\":{"
		"\"type\":\"IAMUser\",\"principalId\":\"AIDAEXAMPLE\","
		"\"arn\":\"arn:aws:iam::111122223333:user/ml\",\"accountId\":\"111122223333\","
		"\"accessKeyId\":\"AKIA4EXAMPLE1234567\",\"userName\":\"ml\"}}");

	(void)state;
	assert_string_equal(record.type, "IAMUser");
	assert_string_equal(record.account, "111122223333");
	assert_string_equal(record.key, "AKIA4EXAMPLE1234567");
	assert_string_equal(record.id, "AKIA4EXAMPLE1234567");
	assert_string_equal(record.user, "ml");
	assert_string_equal(record.region, "us-east-1");
	assert_string_equal(record.address, "198.51.100.99");
	assert_string_equal(record.event_id, "e-1");
	assert_int_equal(record.time_ns, UINT64_C(1772704682) * RIG_S);
	assert_null(record.request);
	assert_null(record.response);
	assert_string_equal(record.error, "");
}

static void reads_a_role_session(void **state)
{
	struct record record = read_text("{" ENOUGH "\"userIdentity\":{\"type\":\"AssumedRole\","
					 "\"arn\":\"arn:aws:sts::111122223333:assumed-role/R/"
					 "s\",\"accessKeyId\":\"ASIAEXAMPLE\","
					 "\"sessionContext\":{\"sessionIssuer\":{\"arn\":\"arn:aws:"
					 "iam::111122223333:role/R\","
					 "\"userName\":\"R\"}}}}");

	(void)state;
	/* A temporary key is not what stays. */
	assert_string_equal(record.id, "arn:aws:sts::111122223333:assumed-role/R/s");
	assert_string_equal(record.user, "R");
	assert_string_equal(record.issuer, "arn:aws:iam::111122223333:role/R");
}

static void reads_identities_with_gaps(void **state)
{
	struct record record;

	(void)state;
	record = read_text("{" ENOUGH "\"userIdentity\":{\"type\":\"AWSService\","
			   "\"invokedBy\":\"autoscaling.amazonaws.com\"}}");
	assert_string_equal(record.id, "autoscaling.amazonaws.com");
	record =
		read_text("{" ENOUGH "\"userIdentity\":{\"accountId\":\"1\",\"invokedBy\":\"x\"}}");
	assert_string_equal(record.type, "");
	assert_string_equal(record.id, "x");
	record = read_text("{" ENOUGH "\"userIdentity\":{\"accessKeyId\":\"\",\"arn\":\"a\"}}");
	assert_string_equal(record.id, "a");
	record = read_text("{" ENOUGH "\"userIdentity\":null,\"recipientAccountId\":\"7\"}");
	assert_string_equal(record.id, "7");
	record = read_text("{" ENOUGH "\"userIdentity\":[1]}");
	assert_string_equal(record.id, "unknown");
	record = read_text("{" ENOUGH "\"userIdentity\":{\"arn\":7,\"principalId\":\"p\"}}");
	assert_string_equal(record.id, "p");
}

static void refuses_what_is_no_record(void **state)
{
	(void)state;
	refuse("[]", "not an object");
	refuse("{}", "eventName is missing");
	refuse("{\"eventName\":7}", "eventName is missing");
	refuse("{\"eventName\":\"A\"}", "eventSource is missing");
	refuse("{\"eventName\":\"A\",\"eventSource\":\"b\"}", "eventTime is missing or no time");
	refuse("{\"eventName\":\"A\",\"eventSource\":\"b\",\"eventTime\":\"yesterday\"}",
	       "eventTime is missing or no time");
	refuse("{\"eventName\":\"A\",\"eventSource\":\"b\",\"eventTime\":\"2026-02-30T00:00:00Z\"}",
	       "eventTime is missing or no time");
}

static void cuts_the_api_date(void **state)
{
	static const char *const names[][2] = {
		{ "CreateFunction20150331", "CreateFunction" },
		{ "AddPermission20150331v2", "AddPermission" },
		{ "ListObjectsV2", "ListObjectsV2" },
		{ "Get20150331x", "Get20150331x" },
		{ "A1234567", "A1234567" },
		{ "20150331", "20150331" },
		{ "v2", "v2" },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text),
			 "{\"eventName\":\"%s\",\"eventSource\":\"l\",\"eventTime\":1772704682}",
			 names[i][0]);
		assert_string_equal(read_text(text).name, names[i][1]);
	}
}

static void names_a_record_without_id(void **state)
{
	static const char text[] =
		"{\"eventName\":\"A\",\"eventSource\":\"b\",\"eventTime\":1772704682}";
	static const char other[] =
		"{\"eventSource\":\"b\",\"eventTime\":1772704682,\"eventName\":\"A\"}";
	char id[EVENT_ID_TEXT];

	(void)state;
	memcpy(id, read_text(text).event_id, sizeof(id));
	assert_int_equal(strncmp(id, "none-", 5), 0);
	/* The order of keys does not matter, the content does. */
	assert_string_equal(read_text(other).event_id, id);
	assert_string_not_equal(
		read_text("{\"eventName\":\"B\",\"eventSource\":\"b\",\"eventTime\":1772704682}")
			.event_id,
		id);
}

static void reads_times(void **state)
{
	static const struct {
		const char *text;
		bool is_time;
		uint64_t ns;
	} cases[] = {
		{ "1772704682000", true, UINT64_C(1772704682) * RIG_S },
		{ "1772704682", true, UINT64_C(1772704682) * RIG_S },
		{ "\"2026-03-05T09:58:02Z\"", true, UINT64_C(1772704682) * RIG_S },
		{ "\"2026-03-05T09:58:02+00:00\"", true, UINT64_C(1772704682) * RIG_S },
		{ "\"2026-03-05T10:58:02+01:00\"", true, UINT64_C(1772704682) * RIG_S },
		{ "\"2026-03-05T09:58:02.500Z\"", true, UINT64_C(1772704682500000000) },
		{ "\"2026-03-05T09:58:02.5+0000\"", true, UINT64_C(1772704682500000000) },
		{ "0", false, 0 },
		{ "-5", false, 0 },
		{ "1e300", false, 0 },
		{ "\"Mar 5, 2026 10:05:22 AM\"", false, 0 },
		{ "null", false, 0 },
		{ "{}", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *value = json_loads(cases[i].text, JSON_DECODE_ANY, NULL);
		uint64_t ns = 0;

		assert_non_null(value);
		assert_int_equal(record_time(value, &ns), cases[i].is_time);
		assert_int_equal(ns, cases[i].ns);
		json_decref(value);
	}
}

static void reads_lists_of_any_form(void **state)
{
	json_t *json =
		json_loads("{\"a\":{\"items\":[{\"n\":1},{\"n\":2}]},\"b\":{\"item\":[{\"n\":3}]},"
			   "\"c\":[{\"n\":4}],\"d\":{},\"e\":null,\"f\":{\"n\":5},\"g\":\"x\","
			   "\"h\":{\"item\":{\"n\":6}},\"i\":{\"items\":\"x\"}}",
			   0, NULL);

	(void)state;
	assert_int_equal(record_uint(record_item(json, "a", 1), "n"), 2);
	assert_null(record_item(json, "a", 2));
	assert_int_equal(record_uint(record_item(json, "b", 0), "n"), 3);
	assert_int_equal(record_uint(record_item(json, "c", 0), "n"), 4);
	assert_null(record_item(json, "d", 0));
	assert_null(record_item(json, "e", 0));
	assert_int_equal(record_uint(record_item(json, "f", 0), "n"), 5);
	assert_null(record_item(json, "f", 1));
	assert_null(record_item(json, "g", 0));
	assert_int_equal(record_uint(record_item(json, "h", 0), "n"), 6);
	assert_null(record_item(json, "i", 0));
	assert_null(record_item(json, "missing", 0));
	assert_null(record_item(NULL, "a", 0));
	json_decref(json);
}

static void tells_reads_from_writes(void **state)
{
	(void)state;
	assert_true(read_text("{\"eventName\":\"DescribeX\",\"eventSource\":\"e\","
			      "\"eventTime\":1772704682}")
			    .is_read_only);
	assert_false(read_text("{\"eventName\":\"DescribeX\",\"eventSource\":\"e\","
			       "\"eventTime\":1772704682,\"readOnly\":false}")
			     .is_read_only);
	assert_true(read_text("{\"eventName\":\"Peek\",\"eventSource\":\"e\","
			      "\"eventTime\":1772704682,\"readOnly\":\"true\"}")
			    .is_read_only);
	assert_false(read_text("{" ENOUGH "\"x\":1}").is_read_only);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_user),
		cmocka_unit_test(reads_a_role_session),
		cmocka_unit_test(reads_identities_with_gaps),
		cmocka_unit_test(refuses_what_is_no_record),
		cmocka_unit_test(cuts_the_api_date),
		cmocka_unit_test(names_a_record_without_id),
		cmocka_unit_test(reads_times),
		cmocka_unit_test(reads_lists_of_any_form),
		cmocka_unit_test(tells_reads_from_writes),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
