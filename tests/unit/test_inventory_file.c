/* test_inventory_file.c: what the AWS CLI prints, whole, concatenated, damaged and changing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/inventory_file.h"

#define SECOND UINT64_C(1000000000)
#define LAUNCH (UINT64_C(1772704682) * SECOND) /* 2026-03-05T09:58:02Z */
#define SCOPE  "111122223333/us-east-1/vpc-0a11b22c33d44e55f"

static const char instances_json[] =
	"{\"Reservations\":[{\"ReservationId\":\"r-0ac0088de73525c3c\",\"OwnerId\":"
	"\"111122223333\","
	"\"Groups\":[],\n"
	" \"Instances\":[{\"InstanceId\":\"i-0a1b2c3d4e5f60718\",\"InstanceType\":\"p3.2xlarge\",\n"
	"  \"LaunchTime\":\"2026-03-05T09:58:02+00:00\",\"Placement\":{\"AvailabilityZone\":"
	"\"us-east-1a\",\"Tenancy\":\"default\"},\n"
	"  \"PrivateIpAddress\":\"10.0.1.23\",\"State\":{\"Code\":16,\"Name\":\"running\"},\n"
	"  \"SubnetId\":\"subnet-0123456789abcdef0\",\"VpcId\":\"vpc-0a11b22c33d44e55f\",\n"
	"  \"NetworkInterfaces\":[{\"NetworkInterfaceId\":\"eni-0f1e2d3c4b5a69788\","
	"\"InterfaceType\":\"interface\",\n"
	"   \"PrivateIpAddress\":\"10.0.1.23\",\"PrivateIpAddresses\":[{\"Primary\":true,"
	"\"PrivateIpAddress\":\"10.0.1.23\"},{\"Primary\":false,\"PrivateIpAddress\":"
	"\"10.0.1.99\"}],\n"
	"   \"Ipv6Addresses\":[{\"Ipv6Address\":\"2001:db8::23\"}],\n"
	"   \"Attachment\":{\"DeviceIndex\":0,\"AttachTime\":\"2026-03-05T09:58:02+00:00\"}}],\n"
	"  \"Tags\":[{\"Key\":\"Name\",\"Value\":\"train-1\"}]}]}]}\n";

static const char interfaces_json[] =
	"{\"NetworkInterfaces\":[\n"
	" {\"NetworkInterfaceId\":\"eni-0f1e2d3c4b5a69788\",\"InterfaceType\":\"interface\","
	"\"Status\":\"in-use\",\"OwnerId\":\"111122223333\",\n"
	"  \"PrivateIpAddress\":\"10.0.1.23\",\"PrivateIpAddresses\":[{\"Primary\":true,"
	"\"PrivateIpAddress\":\"10.0.1.23\"}],\n"
	"  \"Attachment\":{\"InstanceId\":\"i-0a1b2c3d4e5f60718\",\"DeviceIndex\":0,"
	"\"Status\":\"attached\"},\n"
	"  \"SubnetId\":\"subnet-0123456789abcdef0\",\"VpcId\":\"vpc-0a11b22c33d44e55f\","
	"\"RequesterManaged\":false,\"TagSet\":[]},\n"
	" {\"NetworkInterfaceId\":\"eni-0d0d0d0d0d0d0d0d0\",\"InterfaceType\":\"nat_gateway\","
	"\"Status\":\"in-use\",\"OwnerId\":\"111122223333\",\n"
	"  \"Description\":\"Interface for NAT Gateway nat-0aaaabbbbccccdddd0\","
	"\"PrivateIpAddress\":\"10.0.0.220\",\n"
	"  \"Association\":{\"PublicIp\":\"198.51.100.40\",\"AllocationId\":"
	"\"eipalloc-0123456789abcdef0\"},\n"
	"  \"RequesterManaged\":true,\"VpcId\":\"vpc-0a11b22c33d44e55f\",\"TagSet\":[]}]}\n";

static char error[INVENTORY_ERROR_TEXT];

/* What the text gives, ready to be asked; fails the test when it is refused. */
static struct inventory *read_text(const char *text)
{
	struct inventory *inventory = inventory_new(1000);

	assert_non_null(inventory);
	if (inventory_read(inventory, "f.json", text, strlen(text), error) != 0)
		fail_msg("refused: %s", error);
	inventory_sort(inventory);
	return inventory;
}

static void assert_refused(const char *text, const char *why)
{
	struct inventory *inventory = inventory_new(1000);

	assert_int_equal(inventory_read(inventory, "f.json", text, strlen(text), error), -EINVAL);
	if (strncmp(error, why, strlen(why)) != 0)
		fail_msg("\"%s\" instead of \"%s\"", error, why);
	inventory_free(inventory);
}

static struct cloud_identity identity_of(const struct inventory *inventory, const char *ip,
					 uint64_t time_ns)
{
	struct cloud_identity identity;

	(void)inventory_find(inventory, SCOPE, ip, "", time_ns, &identity);
	return identity;
}

static void instances_are_leases(void **state)
{
	static const char *const addresses[] = { "10.0.1.23", "10.0.1.99", "2001:db8::23" };
	struct inventory *inventory = read_text(instances_json);

	(void)state;
	assert_int_equal(inventory_count(inventory), 3);
	assert_int_equal(inventory_nat_count(inventory), 0);
	for (size_t i = 0; i < 3; i++) {
		struct cloud_identity identity = identity_of(inventory, addresses[i], LAUNCH);

		assert_int_equal(identity.confidence, CONFIDENCE_HIGH);
		assert_string_equal(identity.account_id, "111122223333");
		assert_string_equal(identity.region, "us-east-1");
		assert_string_equal(identity.vpc_id, "vpc-0a11b22c33d44e55f");
		assert_string_equal(identity.subnet_id, "subnet-0123456789abcdef0");
		assert_string_equal(identity.instance_id, "i-0a1b2c3d4e5f60718");
		assert_string_equal(identity.eni_id, "eni-0f1e2d3c4b5a69788");
		assert_string_equal(identity.instance_type, "p3.2xlarge");
		assert_string_equal(identity.principal, "");
		assert_int_equal(identity.launch_ns, LAUNCH);
	}
	/* Not before it was launched. */
	assert_int_equal(identity_of(inventory, "10.0.1.23", LAUNCH - 6 * SECOND).confidence,
			 CONFIDENCE_NONE);
	inventory_free(inventory);
}

static void interfaces_are_leases_and_nat_addresses(void **state)
{
	struct inventory *inventory = read_text(interfaces_json);
	struct cloud_identity identity = identity_of(inventory, "10.0.1.23", 0);

	(void)state;
	assert_int_equal(inventory_count(inventory), 1);
	/* Since when is not said: at any time. The region is not said, either. */
	assert_int_equal(identity.confidence, CONFIDENCE_HIGH);
	assert_string_equal(identity.instance_id, "i-0a1b2c3d4e5f60718");
	assert_string_equal(identity.region, "");
	assert_int_equal(identity.launch_ns, 0);
	assert_int_equal(identity_of(inventory, "10.0.0.220", LAUNCH).confidence, CONFIDENCE_NONE);
	assert_int_equal(inventory_nat_count(inventory), 2);
	assert_string_equal(inventory_nat(inventory, 0), "10.0.0.220");
	assert_string_equal(inventory_nat(inventory, 1), "198.51.100.40");
	inventory_free(inventory);
}

static void documents_follow_one_another(void **state)
{
	char text[sizeof(instances_json) + sizeof(interfaces_json) + 8];
	struct inventory *inventory;
	struct cloud_identity identity;

	(void)state;
	snprintf(text, sizeof(text), "\xef\xbb\xbf%s%s\r\n\t ", interfaces_json, instances_json);
	inventory = read_text(text);
	/* Both speak of one interface: its first address is one lease, and nothing is lost. */
	assert_int_equal(inventory_count(inventory), 3);
	assert_int_equal(inventory_nat_count(inventory), 2);
	identity = identity_of(inventory, "10.0.1.23", LAUNCH);
	assert_string_equal(identity.region, "us-east-1");
	assert_string_equal(identity.instance_type, "p3.2xlarge");
	inventory_free(inventory);
}

static void regions_of_zones(void **state)
{
	static const char *const zones[][2] = {
		{ "us-east-1a", "us-east-1" },
		{ "us-gov-west-1b", "us-gov-west-1" },
		{ "us-east-1-bos-1a", "us-east-1" },
		{ "ap-southeast-10c", "ap-southeast-10" },
		{ "somewhere", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		char text[400];
		struct inventory *inventory;
		struct cloud_identity identity;

		snprintf(text, sizeof(text),
			 "{\"NetworkInterfaces\":[{\"NetworkInterfaceId\":\"eni-1\","
			 "\"AvailabilityZone\":\"%s\",\"PrivateIpAddress\":\"10.0.0.1\"}]}",
			 zones[i][0]);
		inventory = read_text(text);
		(void)inventory_find(inventory, "tap:x", "10.0.0.1", "", LAUNCH, &identity);
		assert_string_equal(identity.eni_id, "eni-1");
		assert_string_equal(identity.region, zones[i][1]);
		inventory_free(inventory);
	}
}

/* Attached at the first start, launched again later: the address was its own all the time. */
static void a_restart_does_not_begin_a_lease(void **state)
{
	static const char text[] =
		"{\"Reservations\":[{\"OwnerId\":\"111122223333\",\"Instances\":[{\"InstanceId\":"
		"\"i-1\",\"LaunchTime\":\"2026-03-05T11:00:00.000Z\",\"NetworkInterfaces\":[{"
		"\"PrivateIpAddress\":\"10.0.1.23\",\"Attachment\":{\"AttachTime\":"
		"\"2026-03-05T09:58:02.000Z\"}}]}]}]}";
	struct inventory *inventory = read_text(text);
	struct cloud_identity identity = identity_of(inventory, "10.0.1.23", LAUNCH);

	(void)state;
	assert_string_equal(identity.instance_id, "i-1");
	assert_int_equal(identity.launch_ns, UINT64_C(1772708400) * SECOND);
	inventory_free(inventory);
}

static void states_prefixes_and_public_addresses(void **state)
{
	static const char text[] =
		"{\"Reservations\":[{\"OwnerId\":\"111122223333\",\"Instances\":["
		"{\"InstanceId\":\"i-gone\",\"State\":{\"Name\":\"terminated\"},"
		"\"PrivateIpAddress\":\"10.0.2.1\"},"
		"{\"InstanceId\":\"i-classic\",\"PrivateIpAddress\":\"10.0.2.2\","
		"\"PublicIpAddress\":\"203.0.113.2\"},"
		"{\"InstanceId\":\"i-pods\",\"NetworkInterfaces\":[{\"NetworkInterfaceId\":"
		"\"eni-p\",\"PrivateIpAddress\":\"10.0.2.3\",\"Association\":{\"PublicIp\":"
		"\"203.0.113.3\"},\"PrivateIpAddresses\":[{\"PrivateIpAddress\":\"10.0.2.3\","
		"\"Association\":{\"PublicIp\":\"203.0.113.3\"}},{\"PrivateIpAddress\":"
		"\"10.0.2.4\",\"Association\":{\"PublicIp\":\"203.0.113.4\"}}],"
		"\"Ipv4Prefixes\":[{\"Ipv4Prefix\":\"10.0.3.16/28\"},{\"Ipv4Prefix\":\"10.0.3.16/"
		"8\"},"
		"{\"Ipv4Prefix\":\"nonsense/28\"}]}]}]}]}";
	static const char *const expected[][2] = {
		{ "10.0.2.1", "" },
		{ "10.0.2.2", "i-classic" },
		{ "203.0.113.2", "i-classic" },
		{ "10.0.2.3", "i-pods" },
		{ "203.0.113.3", "i-pods" },
		{ "10.0.2.4", "i-pods" },
		{ "203.0.113.4", "i-pods" },
		{ "10.0.3.15", "" },
		{ "10.0.3.16", "i-pods" },
		{ "10.0.3.31", "i-pods" },
		{ "10.0.3.32", "" },
	};
	struct inventory *inventory = read_text(text);

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_string_equal(identity_of(inventory, expected[i][0], LAUNCH).instance_id,
				    expected[i][1]);
	assert_int_equal(inventory_count(inventory), 2 + 4 + 16);
	inventory_free(inventory);
}

static void other_types_are_as_good_as_missing(void **state)
{
	static const char *const texts[] = {
		"{\"Reservations\":[]}",
		"{\"Reservations\":[1,null,\"x\",[],{\"Instances\":7},{\"Instances\":[null,{}]}]}",
		"{\"Reservations\":[{\"OwnerId\":7,\"Instances\":[{\"NetworkInterfaces\":{},"
		"\"PrivateIpAddress\":[],\"State\":3,\"Placement\":\"x\"}]}]}",
		"{\"NetworkInterfaces\":[1,{\"PrivateIpAddress\":\"10.0.0.300\"},"
		"{\"PrivateIpAddress\":\"\"},{\"PrivateIpAddresses\":[0],\"Attachment\":[],"
		"\"Ipv6Addresses\":{},\"Ipv4Prefixes\":[{}]}]}",
		"{\"NetworkInterfaces\":[{\"InterfaceType\":\"nat_gateway\",\"PrivateIpAddress\":9,"
		"\"Association\":{\"PublicIp\":\"x\"}}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct inventory *inventory = read_text(texts[i]);

		assert_int_equal(inventory_count(inventory), 0);
		assert_int_equal(inventory_nat_count(inventory), 0);
		inventory_free(inventory);
	}
}

static void names_that_are_none_stay_empty(void **state)
{
	static const char text[] =
		"{\"NetworkInterfaces\":[{\"NetworkInterfaceId\":\"eni-\\u001b[31m\",\"VpcId\":"
		"\"vpc-01234567890123456789012345678901234567890123456789012345678901234567890\","
		"\"SubnetId\":\"subnet 1\",\"PrivateIpAddress\":\"10.0.0.1\",\"Attachment\":{"
		"\"InstanceId\":\"i-1\"}}]}";
	struct inventory *inventory = read_text(text);
	struct cloud_identity identity;

	(void)state;
	assert_int_equal(inventory_find(inventory, "tap:x", "10.0.0.1", "", LAUNCH, &identity),
			 CONFIDENCE_HIGH);
	assert_string_equal(identity.instance_id, "i-1");
	assert_string_equal(identity.eni_id, "");
	assert_string_equal(identity.vpc_id, "");
	assert_string_equal(identity.subnet_id, "");
	inventory_free(inventory);
}

static void errors_name_line_and_column(void **state)
{
	char text[sizeof(interfaces_json) + 64];
	unsigned lines = 0;
	char expected[64];

	(void)state;
	assert_refused("", "f.json: is empty");
	assert_refused(" \n\t", "f.json: is empty");
	assert_refused("{\n  \"Reservations\": [,]\n}", "f.json:2:20: unexpected token near ','");
	assert_refused("{\"Reservations\":[]}\n  {\"a\":1}",
		       "f.json:2:3: neither Reservations nor NetworkInterfaces");
	assert_refused("[]", "f.json:1:1: neither Reservations");
	assert_refused("{\"Reservations\":{}}", "f.json:1:1: neither Reservations");
	assert_refused("\"text\"", "f.json:1:6: ");
	/* In a later document the line is the file's. */
	for (const char *at = interfaces_json; *at != '\0'; at++)
		lines += *at == '\n';
	snprintf(text, sizeof(text), "%s\n  {\n   \"NetworkInterfaces\" 3}", interfaces_json);
	snprintf(expected, sizeof(expected), "f.json:%u:24: ", lines + 3);
	assert_refused(text, expected);
	/* Cut short, as by a writer that is still writing. */
	snprintf(text, sizeof(text), "%.300s", interfaces_json);
	assert_refused(text, "f.json:4:");
	/* Nothing of the file is printed as it is. */
	assert_refused("{\"Reservations\":\x01\x1b[31m}", "f.json:1:");
	for (const char *at = error; *at != '\0'; at++)
		assert_true(*at >= ' ' && *at <= '~');
}

static void deep_nesting_is_refused(void **state)
{
	static char text[200001];

	(void)state;
	memset(text, '[', sizeof(text) - 1);
	assert_refused(text, "f.json:1:");
	assert_non_null(strstr(error, "depth"));
}

static void what_finds_no_room_is_counted(void **state)
{
	struct inventory *inventory = inventory_new(2);

	(void)state;
	assert_int_equal(
		inventory_read(inventory, "f.json", instances_json, strlen(instances_json), error),
		0);
	inventory_sort(inventory);
	assert_int_equal(inventory_count(inventory), 2);
	assert_int_equal(inventory_left_out(inventory), 1);
	inventory_free(inventory);
}

/* --- files ---------------------------------------------------------------------------------- */

static char dir[64];
static char one[96];
static char two[96];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/minecanary-inventory.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(one, sizeof(one), "%s/one.json", dir);
	snprintf(two, sizeof(two), "%s/two.json", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(one);
	unlink(two);
	return rmdir(dir);
}

static void write_file(const char *path, const char *text)
{
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

static void files_are_read_together_and_again_on_change(void **state)
{
	const char *const paths[] = { one, two };
	struct inventory_stamp stamps[2];
	struct inventory *inventory;
	char other[96];

	(void)state;
	write_file(one, instances_json);
	write_file(two, interfaces_json);
	assert_int_equal(inventory_load(&inventory, paths, 2, 100, stamps, error), 0);
	assert_int_equal(inventory_count(inventory), 3);
	assert_int_equal(inventory_nat_count(inventory), 2);
	inventory_free(inventory);
	assert_false(inventory_has_changed(paths, 2, stamps));
	/* Another size, then another inode, then gone. */
	write_file(two, "{\"NetworkInterfaces\":[]}");
	assert_true(inventory_has_changed(paths, 2, stamps));
	assert_int_equal(inventory_load(&inventory, paths, 2, 100, stamps, error), 0);
	assert_int_equal(inventory_nat_count(inventory), 0);
	inventory_free(inventory);
	assert_false(inventory_has_changed(paths, 2, stamps));
	snprintf(other, sizeof(other), "%s/other.json", dir);
	write_file(other, "{\"NetworkInterfaces\":[]}");
	assert_int_equal(rename(other, two), 0);
	assert_true(inventory_has_changed(paths, 2, stamps));
	assert_int_equal(inventory_load(&inventory, paths, 2, 100, stamps, error), 0);
	inventory_free(inventory);
	unlink(two);
	assert_true(inventory_has_changed(paths, 2, stamps));
}

static void a_bad_file_is_told_once(void **state)
{
	const char *const paths[] = { one, two };
	struct inventory_stamp stamps[2];
	struct inventory *inventory = (void *)1;
	char expected[128];

	(void)state;
	write_file(one, "{\n\"Reservations\": oops}");
	write_file(two, interfaces_json);
	assert_int_equal(inventory_load(&inventory, paths, 2, 100, stamps, error), -EINVAL);
	assert_null(inventory);
	snprintf(expected, sizeof(expected), "%s:2:", one);
	assert_int_equal(strncmp(error, expected, strlen(expected)), 0);
	/* Until one of them changes there is nothing new to say. */
	assert_false(inventory_has_changed(paths, 2, stamps));
	write_file(two, instances_json);
	assert_true(inventory_has_changed(paths, 2, stamps));
}

static void what_is_no_file_is_refused(void **state)
{
	const char *paths[] = { one };
	struct inventory_stamp stamp;
	struct inventory *inventory;

	(void)state;
	unlink(one);
	assert_int_equal(inventory_load(&inventory, paths, 1, 100, &stamp, error), -ENOENT);
	assert_non_null(strstr(error, "one.json: No such file"));
	assert_false(inventory_has_changed(paths, 1, &stamp));
	paths[0] = dir;
	assert_int_equal(inventory_load(&inventory, paths, 1, 100, &stamp, error), -EINVAL);
	assert_non_null(strstr(error, "is no regular file"));
	assert_false(inventory_has_changed(paths, 1, &stamp));
	/* A pipe is not waited for. */
	paths[0] = two;
	unlink(two);
	assert_int_equal(mkfifo(two, 0600), 0);
	assert_int_equal(inventory_load(&inventory, paths, 1, 100, &stamp, error), -EINVAL);
	assert_null(inventory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instances_are_leases),
		cmocka_unit_test(interfaces_are_leases_and_nat_addresses),
		cmocka_unit_test(documents_follow_one_another),
		cmocka_unit_test(regions_of_zones),
		cmocka_unit_test(a_restart_does_not_begin_a_lease),
		cmocka_unit_test(states_prefixes_and_public_addresses),
		cmocka_unit_test(other_types_are_as_good_as_missing),
		cmocka_unit_test(names_that_are_none_stay_empty),
		cmocka_unit_test(errors_name_line_and_column),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(what_finds_no_room_is_counted),
		cmocka_unit_test(files_are_read_together_and_again_on_change),
		cmocka_unit_test(a_bad_file_is_told_once),
		cmocka_unit_test(what_is_no_file_is_refused),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
