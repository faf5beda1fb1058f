/* test_trail_store.c: what the store keeps of records, imports and alerts. */
#include "trail_rig.h"

static const struct use *only_use(const struct store *store)
{
	assert_int_equal(store->uses.count, 1);
	return (const struct use *)(const void *)store->uses.oldest;
}

static void reads_leave_a_use_only(void **state)
{
	const struct use *use;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	assert_int_equal(RIG_CALL(&rig, .name = "DescribeInstances", .time_s = RIG_T0),
			 STORE_MOVED);
	assert_int_equal(RIG_CALL(&rig, .name = "DescribeVpcs", .time_s = RIG_T0 - 60),
			 STORE_MOVED);
	/* In between: nothing is new. */
	assert_int_equal(RIG_CALL(&rig, .name = "ListBuckets", .time_s = RIG_T0 - 30),
			 STORE_NOTHING);
	use = only_use(rig.store);
	assert_int_equal(use->first.time_ns, (RIG_T0 - 60) * RIG_S);
	assert_int_equal(use->last.time_ns, RIG_T0 * RIG_S);
	assert_string_equal(use->name, "DescribeVpcs");
	assert_int_equal(rig.store->deeds.count, 0);
	assert_int_equal(rig.store->identities.count, 1);
	assert_int_equal(rig.store->now_ns, RIG_T0 * RIG_S);
	rig_close(&rig);
}

static void of_one_second_the_smaller_id_is_first(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig);
	RIG_CALL(&rig, .name = "B", .time_s = RIG_T0, .id = "bbb");
	RIG_CALL(&rig, .name = "A", .time_s = RIG_T0, .id = "aaa");
	RIG_CALL(&rig, .name = "C", .time_s = RIG_T0, .id = "ccc");
	assert_string_equal(only_use(rig.store)->first.event, "aaa");
	assert_string_equal(only_use(rig.store)->last.event, "ccc");
	assert_string_equal(only_use(rig.store)->name, "A");
	rig_close(&rig);
}

static void a_launch_makes_instances(void **state)
{
	const struct instance *instance;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	assert_int_equal(rig_launch(&rig, RIG_T0, "us-east-1", RIG_THIEF, "p3.2xlarge", 1, 20),
			 STORE_KEPT | STORE_MOVED);
	assert_int_equal(rig.store->instances.count, 20);
	instance = store_find_instance(rig.store, "i-00000000000000007");
	assert_non_null(instance);
	assert_string_equal(instance->type, "p3.2xlarge");
	assert_string_equal(instance->region, "us-east-1");
	assert_string_equal(instance->vpc, RIG_VPC);
	assert_string_equal(instance->launcher->id, RIG_KEY);
	assert_string_equal(instance->address, RIG_THIEF);
	assert_int_equal(instance->launch.time_ns, RIG_T0 * RIG_S);
	assert_true(instance->has_user_data);
	assert_int_equal(instance->address_count, 1);
	assert_string_equal(instance->addresses[0].ip, "10.0.1.7");
	assert_string_equal(instance->addresses[0].eni, "eni-00000000000000007");
	assert_int_equal(instance_end_ns(instance), 0);
	rig_close(&rig);
}

static int change(struct rig *rig, const char *name, uint64_t time_s, const char *error)
{
	return RIG_CALL(rig, .name = name, .time_s = time_s, .error = error,
			.request = "{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-"
				   "00000000000000001\"}]}}");
}

static void changes_stand_by_time(void **state)
{
	const struct instance *instance;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	/* The end is told before the beginning. */
	change(&rig, "TerminateInstances", RIG_T0 + 300, NULL);
	change(&rig, "TerminateInstances", RIG_T0 + 400, NULL);
	change(&rig, "StopInstances", RIG_T0 + 100, NULL);
	change(&rig, "StartInstances", RIG_T0 + 200, NULL);
	change(&rig, "TerminateInstances", RIG_T0 + 50, "Client.UnauthorizedOperation");
	rig_launch(&rig, RIG_T0, "us-east-1", RIG_THIEF, "p3.2xlarge", 1, 1);
	instance = store_find_instance(rig.store, "i-00000000000000001");
	assert_int_equal(instance->change_count, 4);
	assert_int_equal(instance->changes[0].kind, CHANGE_STOP);
	assert_int_equal(instance->changes[1].kind, CHANGE_START);
	assert_int_equal(instance->changes[2].kind, CHANGE_TERMINATE);
	assert_int_equal(instance_end_ns(instance), (RIG_T0 + 300) * RIG_S);
	rig_close(&rig);
}

static void changes_are_capped_to_the_newest(void **state)
{
	const struct instance *instance;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	for (unsigned i = 200; i > 0; i--)
		change(&rig, i % 2 == 0 ? "StopInstances" : "StartInstances", RIG_T0 + i, NULL);
	instance = store_find_instance(rig.store, "i-00000000000000001");
	assert_int_equal(instance->change_count, TRAIL_CHANGES);
	assert_int_equal(instance->changes[TRAIL_CHANGES - 1].at.time_ns, (RIG_T0 + 200) * RIG_S);
	assert_int_equal(instance->changes[0].at.time_ns, (RIG_T0 + 201 - TRAIL_CHANGES) * RIG_S);
	rig_close(&rig);
}

static void refusals_of_other_calls_are_put_together(void **state)
{
	const struct deed *deed;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	for (unsigned i = 0; i < 10; i++)
		RIG_CALL(&rig, .name = "ListUsers", .service = "iam", .time_s = RIG_T0 + i,
			 .error = "AccessDenied");
	/* What is no refusal. */
	RIG_CALL(&rig, .name = "GetObject", .service = "s3", .time_s = RIG_T0,
		 .error = "NoSuchKey");
	RIG_CALL(&rig, .name = "DescribeX", .time_s = RIG_T0,
		 .error = "Client.RequestLimitExceeded");
	assert_int_equal(rig.store->deeds.count, 1);
	deed = (const struct deed *)(const void *)rig.store->deeds.oldest;
	assert_int_equal(deed->kind, DEED_OTHER);
	assert_int_equal(deed->time_ns, RIG_T0 * RIG_S);
	assert_int_equal(deed->last_ns, (RIG_T0 + 9) * RIG_S);
	rig_close(&rig);
}

static void a_dry_run_is_a_probe(void **state)
{
	const struct deed *deed;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	RIG_CALL(&rig, .name = "RunInstances", .time_s = RIG_T0, .error = "Client.DryRunOperation",
		 .request = "{\"instanceType\":\"p3.2xlarge\"}");
	deed = (const struct deed *)(const void *)rig.store->deeds.oldest;
	assert_true(deed->is_probe);
	assert_false(deed->is_unnamed);
	assert_string_equal(deed->subject, "p3.2xlarge");
	assert_int_equal(rig.store->instances.count, 0);
	rig_close(&rig);
}

static void sessions_are_edges_of_people_only(void **state)
{
	static const char response[] = "{\"assumedRoleUser\":{\"arn\":"
				       "\"arn:aws:sts::111122223333:assumed-role/R/s\"}}";
	struct rig rig;

	(void)state;
	rig_open(&rig);
	RIG_CALL(&rig, .name = "AssumeRole", .service = "sts", .time_s = RIG_T0,
		 .response = response,
		 .identity = "{\"type\":\"AWSService\",\"invokedBy\":\"ec2.amazonaws.com\"}");
	assert_int_equal(rig.store->edges.count, 0);
	RIG_CALL(&rig, .name = "AssumeRole", .service = "sts", .time_s = RIG_T0,
		 .response = response);
	assert_int_equal(rig.store->edges.count, 1);
	rig_close(&rig);
}

static const char described[] =
	"{\"OwnerId\":\"111122223333\",\"Instances\":[{\"InstanceId\":\"i-00000000000000001\","
	"\"InstanceType\":\"c5.large\",\"LaunchTime\":\"2026-03-05T09:58:00+00:00\","
	"\"Placement\":{\"AvailabilityZone\":\"us-west-2-lax-1a\"},\"VpcId\":\"vpc-1\","
	"\"SubnetId\":\"subnet-1\",\"NetworkInterfaces\":[{\"NetworkInterfaceId\":\"eni-1\","
	"\"Attachment\":{\"AttachTime\":\"2026-03-05T09:58:01Z\"},\"PrivateIpAddress\":\"10.0.1."
	"1\","
	"\"PrivateIpAddresses\":[{\"PrivateIpAddress\":\"10.0.1.1\"},"
	"{\"PrivateIpAddress\":\"10.0.1.9\"}],\"Ipv6Addresses\":[{\"Ipv6Address\":\"2001:db8::1\"}]"
	"}]}]}";

static void imports_fill_gaps(void **state)
{
	json_t *json = json_loads(described, 0, NULL);
	const struct instance *instance;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	assert_int_equal(store_reservation(rig.store, json), STORE_KEPT);
	assert_int_equal(store_reservation(rig.store, json), STORE_NOTHING);
	instance = store_find_instance(rig.store, "i-00000000000000001");
	assert_string_equal(instance->region, "us-west-2");
	assert_string_equal(instance->type, "c5.large");
	assert_int_equal(instance->address_count, 3);
	assert_null(instance->launcher);
	/* The record knows better. */
	rig_launch(&rig, RIG_T0, "us-east-1", RIG_THIEF, "p3.2xlarge", 1, 1);
	assert_string_equal(instance->type, "p3.2xlarge");
	assert_string_equal(instance->region, "us-east-1");
	assert_string_equal(instance->launcher->id, RIG_KEY);
	assert_int_equal(store_reservation(rig.store, json), STORE_NOTHING);
	assert_string_equal(instance->type, "p3.2xlarge");
	json_decref(json);
	rig_close(&rig);
}

static void interfaces_name_their_instance(void **state)
{
	json_t *json = json_loads("{\"NetworkInterfaceId\":\"eni-1\",\"OwnerId\":\"111122223333\","
				  "\"AvailabilityZone\":\"us-east-1a\",\"VpcId\":\"vpc-1\","
				  "\"PrivateIpAddress\":\"10.0.1.1\","
				  "\"Attachment\":{\"InstanceId\":\"i-1\"}}",
				  0, NULL);
	json_t *gateway = json_loads("{\"NetworkInterfaceId\":\"eni-2\",\"InterfaceType\":"
				     "\"nat_gateway\",\"PrivateIpAddress\":\"10.0.0.220\"}",
				     0, NULL);
	struct rig rig;

	(void)state;
	rig_open(&rig);
	assert_int_equal(store_interface(rig.store, gateway), STORE_NOTHING);
	assert_int_equal(store_interface(rig.store, json), STORE_KEPT);
	assert_int_equal(rig.store->instances.count, 1);
	assert_string_equal(store_find_instance(rig.store, "i-1")->addresses[0].ip, "10.0.1.1");
	json_decref(json);
	json_decref(gateway);
	rig_close(&rig);
}

static void alerts_keep_the_newest_revision(void **state)
{
	const struct alert *alert;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	assert_int_equal(rig_alert(rig.store, "a1", "s", "10.0.1.1", RIG_T0 + 60, 2), STORE_KEPT);
	assert_int_equal(rig_alert(rig.store, "a1", "s", "10.0.1.1", RIG_T0 + 60, 2),
			 STORE_NOTHING);
	/* An older revision only widens. */
	assert_int_equal(rig_alert(rig.store, "a1", "old", "10.0.1.2", RIG_T0 + 50, 1), STORE_KEPT);
	alert = (const struct alert *)(const void *)rig.store->alerts.oldest;
	assert_string_equal(alert->client, "10.0.1.1");
	assert_int_equal(alert->revision, 2);
	assert_int_equal(alert->first_ns, (RIG_T0 + 50) * RIG_S);
	rig_close(&rig);
}

static void reads_eve_alerts(void **state)
{
	json_t *json = json_loads(
		"{\"timestamp\":\"2026-03-05T10:00:15.641821+0000\",\"event_type\":\"alert\","
		"\"src_ip\":\"10.0.1.23\",\"dest_ip\":\"198.51.100.120\",\"dest_port\":3333,"
		"\"host\":\"golden\",\"community_id\":\"1:x\",\"alert\":{\"signature_id\":1600001,"
		"\"rev\":2,\"signature\":\"Cryptocurrency mining session\"},\"mining\":{\"level\":"
		"\"confirmed\",\"wallet\":\"w\",\"worker\":\"g\",\"pool\":\"198.51.100.120:3333\","
		"\"first_seen\":\"2026-03-05T10:00:15.555880+0000\",\"alert_id\":"
		"\"eac7c09705001f1d\","
		"\"hashrate\":2000.5},\"cloud\":{\"scope\":\"111122223333/us-east-1/vpc-1\"}}",
		0, NULL);
	json_t *without =
		json_loads("{\"timestamp\":\"2026-03-05T10:00:15Z\",\"src_ip\":\"1\"}", 0, NULL);
	const struct alert *alert;
	const char *why;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	assert_int_equal(store_eve(rig.store, without, &why), -EBADMSG);
	assert_int_equal(store_eve(rig.store, json, &why), STORE_KEPT);
	alert = (const struct alert *)(const void *)rig.store->alerts.oldest;
	assert_string_equal(alert->id, "eac7c09705001f1d");
	assert_int_equal(alert->first_ns, UINT64_C(1772704815555880000));
	assert_int_equal(alert->last_ns, UINT64_C(1772704815641821000));
	assert_int_equal(alert->sid, 1600001);
	assert_int_equal(alert->server_port, 3333);
	assert_true(alert->hashrate > 2000 && alert->hashrate < 2001);
	json_decref(json);
	json_decref(without);
	rig_close(&rig);
}

static void what_ended_long_ago_is_forgotten(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig);
	rig_launch(&rig, RIG_T0 - 100 * RIG_DAY, "us-east-1", RIG_HOME, "c5.large", 1, 2);
	RIG_CALL(&rig, .name = "TerminateInstances", .time_s = RIG_T0 - 99 * RIG_DAY,
		 .request = "{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-"
			    "00000000000000001\"}]}}");
	RIG_CALL(&rig, .name = "DescribeX", .time_s = RIG_T0 - 98 * RIG_DAY,
		 .key = "AKIAOLD0000000001", .user = "old");
	store_expire(rig.store);
	assert_int_equal(rig.store->instances.count, 2);
	RIG_CALL(&rig, .name = "DescribeX", .time_s = RIG_T0, .key = "AKIANEW0000000001",
		 .user = "new");
	store_expire(rig.store);
	/* The one that lives stays, with who launched it. */
	assert_int_equal(rig.store->instances.count, 1);
	assert_non_null(store_find_instance(rig.store, "i-00000000000000002")->launcher);
	assert_int_equal(rig.store->deeds.count, 0);
	assert_int_equal(rig.store->uses.count, 1);
	assert_null(store_find_identity(rig.store, "AKIAOLD0000000001"));
	assert_non_null(store_find_identity(rig.store, RIG_KEY));
	rig_close(&rig);
}

static void hostile_texts_are_cut(void **state)
{
	char agent[3000];
	struct rig rig;
	const struct use *use;

	(void)state;
	rig_open(&rig);
	memset(agent, 'a', sizeof(agent));
	agent[sizeof(agent) - 1] = '\0';
	RIG_CALL(&rig, .name = "DescribeX", .time_s = RIG_T0, .address = agent,
		 .region = "\\u001b[31m\\ud83d\\ude00");
	use = only_use(rig.store);
	assert_int_equal(strlen(use->address), TRAIL_TEXT);
	assert_string_equal(use->region, "\x1b[31m\xf0\x9f\x98\x80");
	rig_close(&rig);
}

static void names_are_one(void **state)
{
	struct text_pool *names = text_pool_new(64);
	char name[32];
	const char *first = text_pool_get(names, "us-east-1");

	(void)state;
	snprintf(name, sizeof(name), "us-east-1");
	assert_ptr_equal(text_pool_get(names, name), first);
	assert_string_equal(text_pool_get(names, NULL), "");
	assert_string_equal(text_pool_get(names, ""), "");
	assert_ptr_not_equal(text_pool_get(names, "us-east-2"), first);
	assert_string_equal(text_pool_get(names, "0123456789012345678901234567890123456789"),
			    "0123456789012345678901234567890123456789");
	assert_int_equal(text_pool_refused(names), 0);
	/* No room: said, and what is there stays. */
	assert_string_equal(text_pool_get(names, "one more"), "?");
	assert_int_equal(text_pool_refused(names), 1);
	assert_ptr_equal(text_pool_get(names, "us-east-1"), first);
	text_pool_free(names);
}

static void names_grow(void **state)
{
	struct text_pool *names = text_pool_new(1u << 20);
	const char *kept[5000];
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "name-%u", i);
		kept[i] = text_pool_get(names, name);
	}
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "name-%u", i);
		assert_ptr_equal(text_pool_get(names, name), kept[i]);
		assert_string_equal(kept[i], name);
	}
	text_pool_free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_leave_a_use_only),
		cmocka_unit_test(of_one_second_the_smaller_id_is_first),
		cmocka_unit_test(a_launch_makes_instances),
		cmocka_unit_test(changes_stand_by_time),
		cmocka_unit_test(changes_are_capped_to_the_newest),
		cmocka_unit_test(refusals_of_other_calls_are_put_together),
		cmocka_unit_test(a_dry_run_is_a_probe),
		cmocka_unit_test(sessions_are_edges_of_people_only),
		cmocka_unit_test(imports_fill_gaps),
		cmocka_unit_test(interfaces_name_their_instance),
		cmocka_unit_test(alerts_keep_the_newest_revision),
		cmocka_unit_test(reads_eve_alerts),
		cmocka_unit_test(what_ended_long_ago_is_forgotten),
		cmocka_unit_test(hostile_texts_are_cut),
		cmocka_unit_test(names_are_one),
		cmocka_unit_test(names_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
