/* test_trail_finding.c: findings of the provider, in all of their forms, into the store and an
 * incident's instance. */
#include "sensor/trail/finding.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sensor/trail/intake.h"

#define NS      UINT64_C(1000000000)
#define CREATED (UINT64_C(1772707500) * NS) /* 2026-03-05T10:45:00Z */
#define ARN     "arn:aws:guardduty:us-east-1:111122223333:detector/d4b0/finding/46ba"

static const char native[] =
	"{\"schemaVersion\":\"2.0\",\"accountId\":\"111122223333\",\"region\":\"us-east-1\","
	"\"id\":\"46ba\",\"arn\":\"" ARN "\",\"type\":\"CryptoCurrency:EC2/BitcoinTool.B\","
	"\"resource\":{\"resourceType\":\"Instance\",\"instanceDetails\":{"
	"\"instanceId\":\"i-0a1b2c3d4e5f60718\",\"platform\":null,\"productCodes\":[],"
	"\"networkInterfaces\":[{\"privateIpAddress\":\"10.0.9.9\",\"vpcId\":\"vpc-other\"},"
	"{\"privateIpAddress\":\"10.0.1.23\",\"vpcId\":\"vpc-0a11\",\"publicIp\":null,"
	"\"ipv6Addresses\":[]}]},\"accessKeyDetails\":null},"
	"\"service\":{\"serviceName\":\"guardduty\",\"action\":{\"actionType\":"
	"\"NETWORK_CONNECTION\",\"networkConnectionAction\":{\"localIpDetails\":{"
	"\"ipAddressV4\":\"10.0.1.23\"},\"remoteIpDetails\":{\"ipAddressV4\":\"198.51.100.120\"},"
	"\"remotePortDetails\":{\"port\":3333,\"portName\":\"Unknown\"}}},"
	"\"eventFirstSeen\":\"2026-03-05T10:01:07.000Z\","
	"\"eventLastSeen\":\"2026-03-05T10:41:07.000Z\",\"count\":3},"
	"\"severity\":8,\"createdAt\":\"2026-03-05T10:45:00.000Z\","
	"\"updatedAt\":\"2026-03-05T10:46:00.000Z\",\"title\":\"Bitcoin\"}";

/* The same tree as the API has it. */
static const char api[] =
	"{\"SchemaVersion\":\"2.0\",\"AccountId\":\"111122223333\",\"Region\":\"us-east-1\","
	"\"Id\":\"46ba\",\"Arn\":\"" ARN "\",\"Type\":\"CryptoCurrency:EC2/BitcoinTool.B\","
	"\"Resource\":{\"InstanceDetails\":{\"InstanceId\":\"i-0a1b2c3d4e5f60718\","
	"\"NetworkInterfaces\":[{\"PrivateIpAddress\":\"10.0.1.23\",\"VpcId\":\"vpc-0a11\"}]}},"
	"\"Service\":{\"ServiceName\":\"guardduty\",\"Action\":{\"NetworkConnectionAction\":{"
	"\"LocalIpDetails\":{\"IpAddressV4\":\"10.0.1.23\"},"
	"\"RemoteIpDetails\":{\"IpAddressV4\":\"198.51.100.120\"},"
	"\"RemotePortDetails\":{\"Port\":3333}}},"
	"\"EventFirstSeen\":\"2026-03-05T10:01:07.000Z\","
	"\"EventLastSeen\":\"2026-03-05T10:41:07.000Z\",\"Count\":3},"
	"\"Severity\":8,\"CreatedAt\":\"2026-03-05T10:45:00.000Z\","
	"\"UpdatedAt\":\"2026-03-05T10:46:00.000Z\",\"Title\":\"Bitcoin\"}";

static const char asff[] =
	"{\"SchemaVersion\":\"2018-10-08\",\"Id\":\"" ARN "\","
	"\"ProductArn\":\"arn:aws:securityhub:us-east-1::product/aws/guardduty\","
	"\"GeneratorId\":\"g\",\"AwsAccountId\":\"111122223333\","
	"\"Types\":[\"TTPs/Command and Control/CryptoCurrency:EC2-BitcoinTool.B\"],"
	"\"FirstObservedAt\":\"2026-03-05T10:01:07.000Z\","
	"\"LastObservedAt\":\"2026-03-05T10:41:07.000Z\","
	"\"CreatedAt\":\"2026-03-05T10:45:00.000Z\",\"UpdatedAt\":\"2026-03-05T10:46:00.000Z\","
	"\"Severity\":{\"Normalized\":80},\"Title\":\"Bitcoin\","
	"\"ProductFields\":{\"aws/guardduty/service/action/networkConnectionAction/"
	"remoteIpDetails/ipAddressV4\":\"198.51.100.120\","
	"\"aws/guardduty/service/action/networkConnectionAction/remotePortDetails/port\":\"3333\","
	"\"aws/guardduty/service/count\":\"3\",\"aws/securityhub/ProductName\":\"GuardDuty\"},"
	"\"Resources\":[{\"Type\":\"AwsAccount\",\"Id\":\"AWS::::Account:111122223333\"},"
	"{\"Type\":\"AwsEc2Instance\",\"Region\":\"us-east-1\","
	"\"Id\":\"arn:aws:ec2:us-east-1:111122223333:instance/i-0a1b2c3d4e5f60718\","
	"\"Details\":{\"AwsEc2Instance\":{\"IpV4Addresses\":[\"203.0.113.9\",\"10.0.1.23\"],"
	"\"VpcId\":\"vpc-0a11\"}}}]}";

static json_t *json;

static int read_text(const char *text, struct finding *out, const char **why)
{
	json_decref(json);
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	return finding_read(json, out, why);
}

static struct finding read_good(const char *text)
{
	struct finding finding;
	const char *why;

	assert_int_equal(read_text(text, &finding, &why), 0);
	assert_null(why);
	return finding;
}

static int drop(void **state)
{
	(void)state;
	json_decref(json);
	json = NULL;
	return 0;
}

static void assert_same(const struct finding *finding)
{
	assert_string_equal(finding->id, ARN);
	assert_string_equal(finding->product, "GuardDuty");
	assert_string_equal(finding->title, "Bitcoin");
	assert_string_equal(finding->severity, "HIGH");
	assert_string_equal(finding->account, "111122223333");
	assert_string_equal(finding->region, "us-east-1");
	assert_string_equal(finding->vpc, "vpc-0a11");
	assert_string_equal(finding->instance, "i-0a1b2c3d4e5f60718");
	assert_string_equal(finding->local_ip, "10.0.1.23");
	assert_string_equal(finding->remote_ip, "198.51.100.120");
	assert_string_equal(finding->key, "");
	assert_string_equal(finding->user, "");
	assert_string_equal(finding->domain, "");
	assert_int_equal(finding->remote_port, 3333);
	assert_int_equal(finding->count, 3);
	assert_int_equal(finding->created_ns, CREATED);
	assert_int_equal(finding->updated_ns, CREATED + 60 * NS);
	assert_int_equal(finding->first_ns, UINT64_C(1772704867) * NS);
	assert_int_equal(finding->last_ns, UINT64_C(1772707267) * NS);
}

static void test_native(void **state)
{
	struct finding finding = read_good(native);

	(void)state;
	assert_same(&finding);
	assert_string_equal(finding.type, "CryptoCurrency:EC2/BitcoinTool.B");
}

static void test_api(void **state)
{
	struct finding finding = read_good(api);

	(void)state;
	assert_same(&finding);
	assert_string_equal(finding.type, "CryptoCurrency:EC2/BitcoinTool.B");
}

static void test_asff(void **state)
{
	struct finding finding = read_good(asff);

	(void)state;
	assert_same(&finding);
	assert_string_equal(finding.type,
			    "TTPs/Command and Control/CryptoCurrency:EC2-BitcoinTool.B");
}

static void test_dns(void **state)
{
	struct finding finding = read_good(
		"{\"id\":\"1\",\"type\":\"CryptoCurrency:EC2/BitcoinTool.B!DNS\",\"service\":{"
		"\"action\":{\"actionType\":\"DNS_REQUEST\",\"dnsRequestAction\":{"
		"\"domain\":\"pool.example.net\",\"protocol\":\"UDP\"}}},\"resource\":{"
		"\"instanceDetails\":{\"instanceId\":\"i-1\",\"networkInterfaces\":[{"
		"\"privateIpAddress\":\"10.0.1.5\",\"vpcId\":\"vpc-1\"}]}}}");

	(void)state;
	assert_string_equal(finding.id, "1");
	assert_string_equal(finding.domain, "pool.example.net");
	assert_string_equal(finding.local_ip, "10.0.1.5");
	assert_string_equal(finding.remote_ip, "");
	assert_string_equal(finding.severity, "");
	/* When it was said is not known: nothing is claimed. */
	assert_int_equal(finding.created_ns, 0);
	assert_int_equal(finding.updated_ns, 0);
}

static void test_key(void **state)
{
	struct finding finding = read_good(
		"{\"arn\":\"a\",\"type\":\"UnauthorizedAccess:IAMUser/X\",\"service\":{\"action\":{"
		"\"awsApiCallAction\":{\"remoteIpDetails\":{\"ipAddressV4\":\"198.51.100.99\"}}}},"
		"\"resource\":{\"accessKeyDetails\":{\"accessKeyId\":\"AKIA4EXAMPLE1234567\","
		"\"userName\":\"ml-pipeline-sa\"}},\"severity\":\"8\"}");

	(void)state;
	assert_string_equal(finding.key, "AKIA4EXAMPLE1234567");
	assert_string_equal(finding.user, "ml-pipeline-sa");
	assert_string_equal(finding.remote_ip, "198.51.100.99");
	assert_string_equal(finding.instance, "");
	finding = read_good(
		"{\"ProductArn\":\"x/aws/inspector\",\"Id\":\"b\",\"Types\":[\"t\"],"
		"\"Severity\":{\"Label\":\"CRITICAL\",\"Normalized\":1},\"Resources\":[{"
		"\"Type\":\"AwsIamAccessKey\",\"Id\":\"AWS::IAM::AccessKey:AKIA4EXAMPLE1234567\","
		"\"Details\":{\"AwsIamAccessKey\":{\"PrincipalName\":\"ml-pipeline-sa\"}}}]}");
	assert_string_equal(finding.key, "AKIA4EXAMPLE1234567");
	assert_string_equal(finding.user, "ml-pipeline-sa");
	assert_string_equal(finding.product, "inspector");
	assert_string_equal(finding.severity, "CRITICAL");
	finding = read_good("{\"ProductArn\":\"x\",\"Id\":\"b\",\"FindingProviderFields\":{"
			    "\"Types\":[\"t\"],\"Severity\":{\"Label\":\"LOW\"}},\"Resources\":[{"
			    "\"Type\":\"AwsIamUser\",\"Id\":\"arn:aws:iam::1:user/path/bob\"}]}");
	assert_string_equal(finding.user, "bob");
	assert_string_equal(finding.type, "t");
	assert_string_equal(finding.severity, "LOW");
}

/* ASFF of other products has what GuardDuty's fields have in Action, or in the retired Network. */
static void test_asff_action(void **state)
{
	struct finding finding =
		read_good("{\"ProductArn\":\"p\",\"Id\":\"b\",\"Types\":[\"t\"],\"Action\":{"
			  "\"NetworkConnectionAction\":{\"RemoteIpDetails\":{\"IpAddressV4\":"
			  "\"198.51.100.120\"},\"RemotePortDetails\":{\"Port\":3333}}}}");

	(void)state;
	assert_string_equal(finding.remote_ip, "198.51.100.120");
	assert_int_equal(finding.remote_port, 3333);
	finding = read_good("{\"ProductArn\":\"p\",\"Id\":\"b\",\"Types\":[\"t\"],\"Network\":{"
			    "\"Direction\":\"OUT\",\"DestinationIpV4\":\"198.51.100.120\","
			    "\"DestinationPort\":70000,\"SourceIpV4\":\"10.0.1.2\"}}");
	assert_string_equal(finding.remote_ip, "198.51.100.120");
	assert_string_equal(finding.local_ip, "10.0.1.2");
	assert_int_equal(finding.remote_port, 0);
	finding = read_good("{\"ProductArn\":\"p\",\"Id\":\"b\",\"Types\":[\"t\"],\"Network\":{"
			    "\"Direction\":\"IN\",\"DestinationIpV4\":\"10.0.1.2\"}}");
	assert_string_equal(finding.remote_ip, "");
}

static void test_unknown_type(void **state)
{
	struct finding finding =
		read_good("{\"id\":\"1\",\"type\":\"Nobody:Knows/This.!?\",\"service\":{"
			  "\"serviceName\":\"other\",\"eventLastSeen\":1772707267},"
			  "\"severity\":9.5,\"createdAt\":null}");

	(void)state;
	assert_string_equal(finding.type, "Nobody:Knows/This.!?");
	assert_string_equal(finding.product, "other");
	assert_string_equal(finding.severity, "CRITICAL");
	assert_int_equal(finding.created_ns, 0);
	assert_int_equal(finding.updated_ns, UINT64_C(1772707267) * NS);
}

static void test_wrong_types(void **state)
{
	static const char *const texts[] = {
		"[]",
		"{}",
		"{\"id\":\"1\"}",
		"{\"type\":\"t\"}",
		"{\"id\":1,\"type\":\"t\"}",
		"{\"id\":null,\"type\":\"t\",\"arn\":\"\"}",
		"{\"ProductArn\":\"p\",\"Id\":\"b\",\"Types\":[]}",
		"{\"ProductArn\":\"p\",\"Id\":\"b\",\"Types\":[7]}",
		"{\"ProductArn\":\"p\",\"Types\":[\"t\"]}",
	};
	struct finding finding;
	const char *why = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(read_text(texts[i], &finding, &why), -EINVAL);
		assert_non_null(why);
		assert_non_null(finding.id);
		assert_non_null(finding.domain);
	}
	/* All else may be of any type. */
	finding = read_good("{\"id\":\"1\",\"type\":\"t\",\"service\":[],\"resource\":7,"
			    "\"severity\":[],\"createdAt\":{},\"region\":5,\"title\":true}");
	assert_string_equal(finding.region, "");
	finding = read_good("{\"id\":\"1\",\"type\":\"t\",\"service\":{\"action\":[1],\"count\":"
			    "1e300},\"resource\":{\"instanceDetails\":{\"networkInterfaces\":{"
			    "\"vpcId\":1}}}}");
	assert_string_equal(finding.vpc, "");
	assert_int_equal(finding.count, 0);
	finding = read_good("{\"ProductArn\":\"p\",\"Id\":\"b\",\"Types\":[\"t\"],\"Resources\":["
			    "null,7,{\"Type\":\"AwsEc2Instance\",\"Id\":\"i-\"},"
			    "{\"Type\":\"AwsEc2Instance\",\"Id\":\"x/vol-1\",\"Details\":[]}],"
			    "\"Severity\":\"HIGH\",\"ProductFields\":[]}");
	assert_string_equal(finding.severity, "");
}

/* --- through the intake, into the store ----------------------------------------------------- */

struct world {
	struct settings settings;
	struct store *store;
	struct intake *intake;
};

static int on_document(void *ctx, enum document kind, const json_t *document, const char *raw,
		       size_t len, const char **why)
{
	struct world *world = ctx;
	int result = store_document(world->store, kind, document, why);

	(void)raw;
	(void)len;
	return result < 0 ? result : 0;
}

static void world_open(struct world *world)
{
	settings_init(&world->settings);
	world->store = store_new(&world->settings);
	world->intake = intake_new(on_document, world, NULL);
	assert_non_null(world->store);
	assert_non_null(world->intake);
}

static void world_close(struct world *world)
{
	intake_free(world->intake);
	store_free(world->store);
	settings_fini(&world->settings);
}

static void give(struct world *world, const char *before, const char *text, const char *after)
{
	char all[4096];
	int len = snprintf(all, sizeof(all), "%s%s%s", before, text, after);

	assert_in_range(len, 1, sizeof(all) - 1);
	assert_int_equal(intake_text(world->intake, "findings", all, (size_t)len), 0);
	assert_int_equal(intake_counts(world->intake)->bad, 0);
}

/* In every wrapping it is one and the same finding. */
static void test_envelopes(void **state)
{
	static const struct {
		const char *before;
		const char *text;
		const char *after;
	} rows[] = {
		{ "", native, "" },
		{ "", api, "\n" },
		{ "[", native, "]" },
		{ "{\"Findings\":[", api, "]}" },
		{ "{\"Findings\": [\n", asff, "]}" },
		{ "{\"version\":\"0\",\"detail-type\":\"GuardDuty Finding\","
		  "\"source\":\"aws.guardduty\",\"detail\":",
		  native, "}" },
		{ "{\"detail-type\":\"Security Hub Findings - Imported\","
		  "\"source\":\"aws.securityhub\",\"detail\":{\"findings\":[",
		  asff, "]}}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world world;

		world_open(&world);
		give(&world, rows[i].before, rows[i].text, rows[i].after);
		assert_int_equal(world.store->findings.count, 1);
		assert_same((const struct finding *)(void *)world.store->findings.oldest);
		/* Again, it is known. */
		give(&world, rows[i].before, rows[i].text, rows[i].after);
		assert_int_equal(world.store->findings.count, 1);
		world_close(&world);
	}
}

static void test_update(void **state)
{
	static const char later[] =
		"{\"schemaVersion\":\"2.0\",\"arn\":\"" ARN "\",\"type\":\"t\",\"severity\":5,"
		"\"service\":{\"count\":9},\"createdAt\":\"2026-03-05T10:45:00Z\","
		"\"updatedAt\":\"2026-03-05T16:45:00Z\"}";
	struct world world;

	(void)state;
	for (int order = 0; order < 2; order++) {
		const struct finding *kept;

		world_open(&world);
		give(&world, "", order ? later : native, "");
		give(&world, "", order ? native : later, "");
		assert_int_equal(world.store->findings.count, 1);
		kept = (const struct finding *)(void *)world.store->findings.oldest;
		assert_string_equal(kept->severity, "MEDIUM");
		assert_int_equal(kept->count, 9);
		assert_int_equal(kept->created_ns, CREATED);
		assert_int_equal(kept->first_ns, UINT64_C(1772704867) * NS);
		world_close(&world);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, drop)
	const struct CMUnitTest tests[] = {
		TEST(test_native),       TEST(test_api),         TEST(test_asff),
		TEST(test_dns),          TEST(test_key),         TEST(test_asff_action),
		TEST(test_unknown_type), TEST(test_wrong_types), TEST(test_envelopes),
		TEST(test_update),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
