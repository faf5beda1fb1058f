/* test_trail_incident.c: whose machines mine, what else the same hands did, and that neither order
 * nor repetition of the records matters. */
#include "trail_rig.h"

#define SCOPE "111122223333/us-east-1/" RIG_VPC

/* The owner's week, then the thief's day, much shortened. */
static void play(struct rig *rig)
{
	rig_week(rig, 7);
	RIG_CALL(rig, .name = "GetCallerIdentity", .service = "sts", .time_s = RIG_T0 - 1300,
		 .address = RIG_THIEF);
	RIG_CALL(rig, .name = "RunInstances", .time_s = RIG_T0 - 900, .address = RIG_THIEF,
		 .region = "eu-west-1", .error = "Client.VcpuLimitExceeded",
		 .request = "{\"instanceType\":\"g4dn.xlarge\"}");
	rig_launch(rig, RIG_T0, "us-east-1", RIG_THIEF, "p3.2xlarge", 1, 3);
	rig_launch(rig, RIG_T0 + 60, "eu-west-1", RIG_THIEF, "g4dn.xlarge", 10, 5);
	RIG_CALL(rig, .name = "CreateUser", .service = "iam", .time_s = RIG_T0 + 100,
		 .address = RIG_THIEF, .request = "{\"userName\":\"svc-monitoring-agent\"}",
		 .response = "{\"user\":{\"userName\":\"svc-monitoring-agent\",\"arn\":"
			     "\"arn:aws:iam::111122223333:user/svc-monitoring-agent\"}}");
	RIG_CALL(rig, .name = "AttachUserPolicy", .service = "iam", .time_s = RIG_T0 + 103,
		 .address = RIG_THIEF,
		 .request = "{\"userName\":\"svc-monitoring-agent\",\"policyArn\":"
			    "\"arn:aws:iam::aws:policy/AdministratorAccess\"}");
	RIG_CALL(rig, .name = "CreateAccessKey", .service = "iam", .time_s = RIG_T0 + 105,
		 .address = RIG_THIEF, .request = "{\"userName\":\"svc-monitoring-agent\"}",
		 .response = "{\"accessKey\":{\"accessKeyId\":\"AKIA4EXAMPLE7654321\","
			     "\"userName\":\"svc-monitoring-agent\"}}");
	/* By the new key, from elsewhere. */
	RIG_CALL(rig, .name = "CreateFunction20150331", .service = "lambda", .time_s = RIG_T0 + 300,
		 .key = "AKIA4EXAMPLE7654321", .user = "svc-monitoring-agent",
		 .address = "203.0.113.200",
		 .request = "{\"functionName\":\"CloudWatchHealthCheck\"}");
	/* The owner goes on as ever. */
	rig_launch(rig, RIG_T0 + 400, "us-east-1", RIG_HOME, "c5.large", 220, 1);
	RIG_CALL(rig, .name = "TerminateInstances", .time_s = RIG_T0 + 5000,
		 .address = "203.0.113.50", .key = "AKIARESPONDER0000001", .user = "responder",
		 .region = "eu-west-1",
		 .request = "{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-"
			    "00000000000000010\"}]}}");
	RIG_CALL(rig, .name = "DeleteFunction20150331", .service = "lambda",
		 .time_s = RIG_T0 + 5100, .address = "203.0.113.50", .key = "AKIARESPONDER0000001",
		 .user = "responder", .request = "{\"functionName\":\"CloudWatchHealthCheck\"}");
}

static void tell_alerts(struct store *store)
{
	rig_alert(store, "a000000000000001", SCOPE, "10.0.1.1", RIG_T0 + 120, 1);
	rig_alert(store, "a000000000000001", SCOPE, "10.0.1.1", RIG_T0 + 120, 2);
	rig_alert(store, "a000000000000002", SCOPE, "10.0.1.2", RIG_T0 + 130, 1);
	/* An address of no instance of the scope. */
	rig_alert(store, "a000000000000003", SCOPE, "10.0.1.77", RIG_T0 + 140, 1);
	rig_alert(store, "a000000000000004", "111122223333/eu-west-1/vpc-other", "10.0.1.10",
		  RIG_T0 + 140, 1);
}

static void finds_one_incident(void **state)
{
	struct incidents incidents;
	const struct incident *self;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	play(&rig);
	tell_alerts(rig.store);
	assert_int_equal(incidents_build(rig.store, NULL, &incidents), 0);
	assert_int_equal(incidents.items_count, 1);
	self = &incidents.items[0];
	assert_string_equal(self->root, RIG_KEY);
	assert_string_equal(self->user, "ml-pipeline-sa");
	assert_string_equal(self->account, "111122223333");
	assert_int_equal(self->first_ns, (RIG_T0 - 1300) * RIG_S);
	assert_int_equal(self->first_launch_ns, RIG_T0 * RIG_S);
	assert_int_equal(self->first_alert_ns, (RIG_T0 + 120) * RIG_S);
	assert_int_equal(self->launched, 8);
	assert_int_equal(self->mining, 2);
	assert_int_equal(self->out_of_sight, 6);
	assert_int_equal(self->ended, 1);
	assert_int_equal(self->alerts_count, 2);
	assert_int_equal(self->refusals_count, 1);
	assert_int_equal(self->sources_count, 2);
	assert_string_equal(self->sources[0].address, RIG_THIEF);
	assert_string_equal(self->sources[1].address, "203.0.113.200");
	assert_int_equal(self->identities_count, 3);
	assert_true(self->identities[0].is_root);
	assert_int_equal(incident_count_kind(self, DEED_USER), 1);
	assert_int_equal(incident_count_kind(self, DEED_KEY), 1);
	assert_int_equal(incident_count_kind(self, DEED_FUNCTION), 1);
	/* The owner's launches of the same key are none of it. */
	for (size_t i = 0; i < self->instances_count; i++)
		assert_string_equal(self->instances[i].instance->address, RIG_THIEF);
	assert_ptr_equal(incidents_find(&incidents, self->id), self);
	assert_null(incidents_find(&incidents, "0000000000000000"));
	incidents_free(&incidents);
	rig_close(&rig);
}

static void says_what_is_gone(void **state)
{
	struct incidents incidents;
	const struct incident *self;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	play(&rig);
	assert_int_equal(incidents_build(rig.store, NULL, &incidents), 0);
	/* Without any alert the detections are enough. */
	assert_int_equal(incidents.items_count, 1);
	self = &incidents.items[0];
	assert_int_equal(self->mining, 0);
	for (size_t i = 0; i < self->resources_count; i++) {
		const struct incident_resource *item = &self->resources[i];

		if (item->deed->kind == DEED_FUNCTION)
			assert_non_null(item->deleted);
		else
			assert_null(item->deleted);
	}
	incidents_free(&incidents);
	rig_close(&rig);
}

static void sorts_its_lists(void **state)
{
	struct incidents incidents;
	const struct incident *self;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	play(&rig);
	tell_alerts(rig.store);
	assert_int_equal(incidents_build(rig.store, NULL, &incidents), 0);
	self = &incidents.items[0];
	for (size_t i = 1; i < self->timeline_count; i++)
		assert_true(self->timeline[i - 1].time_ns <= self->timeline[i].time_ns);
	for (size_t i = 1; i < self->instances_count; i++)
		assert_true(self->instances[i - 1].instance->launch.time_ns <=
			    self->instances[i].instance->launch.time_ns);
	for (size_t i = 1; i < self->resources_count; i++)
		assert_true(self->resources[i - 1].deed->kind <= self->resources[i].deed->kind);
	assert_true(self->indicators_count > 5);
	assert_true(self->techniques_count > 5);
	incidents_free(&incidents);
	rig_close(&rig);
}

/* --- order, repetition ---------------------------------------------------------------------- */

static unsigned next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(*seed >> 33);
}

/* All that matters of a build, put into one number. */
static uint64_t digest_of(const struct store *store)
{
	struct incidents incidents;
	uint64_t sum = 0;

	assert_int_equal(incidents_build(store, NULL, &incidents), 0);
	for (size_t i = 0; i < incidents.items_count; i++)
		sum = sum * 31 + incident_digest(&incidents.items[i]);
	for (size_t i = 0; i < incidents.detections.count; i++) {
		const struct detection *item = &incidents.detections.items[i];

		sum = sum * 31 + siphash_id(item->text, strlen(item->text)) + item->value +
		      item->event_count;
	}
	sum = sum * 31 + incidents.items_count + incidents.detections.count;
	incidents_free(&incidents);
	return sum;
}

static void gives_the_same_in_any_order(void **state)
{
	struct rig rig;
	uint64_t seed = 20260305;
	uint64_t expected;

	(void)state;
	rig_open(&rig);
	play(&rig);
	tell_alerts(rig.store);
	expected = digest_of(rig.store);
	for (unsigned round = 0; round < 50; round++) {
		struct store *store = store_new(&rig.settings);

		for (size_t i = rig.count - 1; i > 0; i--) {
			size_t k = next_random(&seed) % (i + 1);
			char *text = rig.texts[i];

			rig.texts[i] = rig.texts[k];
			rig.texts[k] = text;
		}
		if (round % 2 == 0)
			tell_alerts(store);
		for (size_t i = 0; i < rig.count; i++)
			rig_feed(store, rig.texts[i]);
		if (round % 2 == 1)
			tell_alerts(store);
		assert_int_equal(digest_of(store), expected);
		/* Twice, and some a third time: nothing changes. */
		for (size_t i = 0; i < rig.count; i++) {
			assert_int_equal(rig_feed(store, rig.texts[i]), STORE_NOTHING);
			if (i % 3 == 0)
				rig_feed(store, rig.texts[rig.count - 1 - i]);
		}
		tell_alerts(store);
		assert_int_equal(digest_of(store), expected);
		store_free(store);
	}
	rig_close(&rig);
}

/* Each record tells something: without any one of the thief's the incident is another. */
static void notices_each_record(void **state)
{
	struct rig rig;
	uint64_t expected;
	size_t same = 0;

	(void)state;
	rig_open(&rig);
	play(&rig);
	expected = digest_of(rig.store);
	for (size_t left_out = 14; left_out < rig.count; left_out++) {
		struct store *store = store_new(&rig.settings);

		for (size_t i = 0; i < rig.count; i++)
			if (i != left_out)
				rig_feed(store, rig.texts[i]);
		same += digest_of(store) == expected;
		store_free(store);
	}
	/* The owner's own launch of that day is the only one that does not matter. */
	assert_int_equal(same, 1);
	rig_close(&rig);
}

/* --- who belongs to whom -------------------------------------------------------------------- */

static void keeps_strangers_apart(void **state)
{
	struct incidents incidents;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	/* Two keys of different people, each launches a miner. */
	RIG_CALL(&rig, .name = "RunInstances", .time_s = RIG_T0, .key = "AKIAFIRST00000000001",
		 .user = "first", .address = "203.0.113.1",
		 .request = "{\"instanceType\":\"c5.large\"}",
		 .response = rig_instances(1, 1, "c5.large", RIG_VPC, RIG_T0));
	RIG_CALL(&rig, .name = "RunInstances", .time_s = RIG_T0, .key = "AKIASECOND0000000001",
		 .user = "second", .address = "203.0.113.2",
		 .request = "{\"instanceType\":\"c5.large\"}",
		 .response = rig_instances(2, 1, "c5.large", RIG_VPC, RIG_T0));
	rig_alert(rig.store, "a1", SCOPE, "10.0.1.1", RIG_T0 + 60, 1);
	rig_alert(rig.store, "a2", SCOPE, "10.0.1.2", RIG_T0 + 60, 1);
	assert_int_equal(incidents_build(rig.store, NULL, &incidents), 0);
	assert_int_equal(incidents.items_count, 2);
	assert_string_not_equal(incidents.items[0].id, incidents.items[1].id);
	assert_int_equal(incidents.items[0].launched, 1);
	assert_int_equal(incidents.items[1].launched, 1);
	incidents_free(&incidents);
	rig_close(&rig);
}

static void puts_what_was_made_to_its_maker(void **state)
{
	struct incidents incidents;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	play(&rig);
	/* The made key launches a miner itself: still one incident. */
	RIG_CALL(&rig, .name = "RunInstances", .time_s = RIG_T0 + 700, .key = "AKIA4EXAMPLE7654321",
		 .user = "svc-monitoring-agent", .address = "203.0.113.200",
		 .request = "{\"instanceType\":\"c5.large\"}",
		 .response = rig_instances(50, 1, "c5.large", RIG_VPC, RIG_T0 + 700));
	rig_alert(rig.store, "a1", SCOPE, "10.0.1.1", RIG_T0 + 60, 1);
	rig_alert(rig.store, "a2", SCOPE, "10.0.1.50", RIG_T0 + 800, 1);
	assert_int_equal(incidents_build(rig.store, NULL, &incidents), 0);
	assert_int_equal(incidents.items_count, 1);
	assert_string_equal(incidents.items[0].root, RIG_KEY);
	assert_int_equal(incidents.items[0].launched, 9);
	assert_int_equal(incidents.items[0].mining, 2);
	incidents_free(&incidents);
	rig_close(&rig);
}

/* An administrator made a user long ago; that user's key mines: the administrator is no suspect. */
static void leaves_honest_makers_out(void **state)
{
	struct incidents incidents;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	RIG_CALL(&rig, .name = "CreateAccessKey", .service = "iam", .time_s = RIG_T0 - 5 * RIG_DAY,
		 .key = "AKIAADMIN00000000001", .user = "admin", .address = "203.0.113.9",
		 .response = "{\"accessKey\":{\"accessKeyId\":\"" RIG_KEY
			     "\",\"userName\":\"ml-pipeline-sa\"}}");
	rig_launch(&rig, RIG_T0, "us-east-1", RIG_THIEF, "c5.large", 1, 1);
	rig_alert(rig.store, "a1", SCOPE, "10.0.1.1", RIG_T0 + 60, 1);
	assert_int_equal(incidents_build(rig.store, NULL, &incidents), 0);
	assert_int_equal(incidents.items_count, 1);
	assert_string_equal(incidents.items[0].root, RIG_KEY);
	assert_int_equal(incidents.items[0].identities_count, 1);
	assert_int_equal(incidents.items[0].sources_count, 1);
	incidents_free(&incidents);
	rig_close(&rig);
}

/* Where thief and owner share the address, the incident begins an hour before what is suspicious.
 */
static void begins_late_at_a_shared_address(void **state)
{
	struct incidents incidents;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	rig_week(&rig, 7);
	RIG_CALL(&rig, .name = "CreateBucket", .service = "s3", .time_s = RIG_T0 - 5000,
		 .request = "{\"bucketName\":\"before\"}");
	RIG_CALL(&rig, .name = "CreateBucket", .service = "s3", .time_s = RIG_T0 - 600,
		 .request = "{\"bucketName\":\"within\"}");
	rig_launch(&rig, RIG_T0, "us-east-1", RIG_HOME, "c5.large", 1, 2);
	rig_alert(rig.store, "a1", SCOPE, "10.0.1.1", RIG_T0 + 60, 1);
	assert_int_equal(incidents_build(rig.store, NULL, &incidents), 0);
	assert_int_equal(incidents.items_count, 1);
	assert_int_equal(incidents.items[0].launched, 2);
	assert_int_equal(incident_count_kind(&incidents.items[0], DEED_BUCKET), 1);
	assert_string_equal(incidents.items[0].resources[0].deed->subject, "within");
	incidents_free(&incidents);
	rig_close(&rig);
}

/* Two keys that made each other: one incident, and an end. */
static void survives_a_circle(void **state)
{
	struct incidents incidents;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	for (unsigned i = 0; i < 2; i++) {
		RIG_CALL(&rig, .name = "CreateAccessKey", .service = "iam", .time_s = RIG_T0 + 10,
			 .key = i == 0 ? "AKIAONE0000000000001" : "AKIATWO0000000000001",
			 .user = i == 0 ? "one" : "two", .address = "203.0.113.1",
			 .response = i == 0 ? "{\"accessKey\":{\"accessKeyId\":"
					      "\"AKIATWO0000000000001\",\"userName\":\"two\"}}"
					    : "{\"accessKey\":{\"accessKeyId\":"
					      "\"AKIAONE0000000000001\",\"userName\":\"one\"}}");
		RIG_CALL(&rig, .name = "RunInstances", .time_s = RIG_T0 + 20,
			 .key = i == 0 ? "AKIAONE0000000000001" : "AKIATWO0000000000001",
			 .user = i == 0 ? "one" : "two", .address = "203.0.113.1",
			 .request = "{\"instanceType\":\"c5.large\"}",
			 .response = rig_instances(1 + i, 1, "c5.large", RIG_VPC, RIG_T0 + 20));
	}
	rig_alert(rig.store, "a1", SCOPE, "10.0.1.1", RIG_T0 + 60, 1);
	rig_alert(rig.store, "a2", SCOPE, "10.0.1.2", RIG_T0 + 60, 1);
	assert_int_equal(incidents_build(rig.store, NULL, &incidents), 0);
	assert_int_equal(incidents.items_count, 1);
	assert_int_equal(incidents.items[0].launched, 2);
	incidents_free(&incidents);
	rig_close(&rig);
}

static void counts_launches_that_lost_their_ids(void **state)
{
	static const char reserved[] =
		"{\"OwnerId\":\"111122223333\",\"Instances\":[{\"InstanceId\":\"i-lost1\","
		"\"InstanceType\":\"g4dn.xlarge\",\"LaunchTime\":\"2026-03-05T09:59:01+00:00\","
		"\"Placement\":{\"AvailabilityZone\":\"eu-west-1a\"},\"VpcId\":\"vpc-9\","
		"\"PrivateIpAddress\":\"10.9.0.1\"}]}";
	struct incidents incidents;
	json_t *json = json_loads(reserved, 0, NULL);
	struct rig rig;

	(void)state;
	rig_open(&rig);
	rig_launch(&rig, RIG_T0, "us-east-1", RIG_THIEF, "c5.large", 1, 1);
	RIG_CALL(&rig, .name = "RunInstances", .time_s = RIG_T0 + 60, .region = "eu-west-1",
		 .address = RIG_THIEF,
		 .request = "{\"instanceType\":\"g4dn.xlarge\",\"instancesSet\":{\"items\":[{"
			    "\"minCount\":1,\"maxCount\":60}]}}",
		 .response = "{\"omitted\":true}");
	rig_alert(rig.store, "a1", SCOPE, "10.0.1.1", RIG_T0 + 60, 1);
	assert_int_equal(incidents_build(rig.store, NULL, &incidents), 0);
	assert_int_equal(incidents.items[0].launched, 1);
	assert_int_equal(incidents.items[0].unnamed, 60);
	incidents_free(&incidents);
	/* An import gives one of them back. */
	assert_int_equal(store_reservation(rig.store, json), STORE_KEPT);
	assert_int_equal(incidents_build(rig.store, NULL, &incidents), 0);
	assert_int_equal(incidents.items[0].launched, 2);
	assert_int_equal(incidents.items[0].unnamed, 59);
	incidents_free(&incidents);
	json_decref(json);
	rig_close(&rig);
}

/* --- joins ---------------------------------------------------------------------------------- */

static size_t joined(const struct rig *rig)
{
	struct incidents incidents;
	size_t count = 0;

	assert_int_equal(incidents_build(rig->store, NULL, &incidents), 0);
	for (size_t i = 0; i < incidents.items_count; i++)
		count += incidents.items[i].alerts_count;
	incidents_free(&incidents);
	return count;
}

static void joins_by_scope_address_and_time(void **state)
{
	static const struct {
		const char *scope;
		const char *ip;
		uint64_t time_s;
		size_t count;
	} cases[] = {
		{ SCOPE, "10.0.1.1", RIG_T0 + 60, 1 },
		{ "111122223333/us-east-1", "10.0.1.1", RIG_T0 + 60, 1 },
		{ "111122223333", "10.0.1.1", RIG_T0 + 60, 1 },
		{ "vni:4097", "10.0.1.1", RIG_T0 + 60, 1 },
		{ SCOPE, "10.0.1.1", RIG_T0 - 4, 1 },    /* within the slack */
		{ SCOPE, "10.0.1.1", RIG_T0 - 6, 0 },    /* before it was launched */
		{ SCOPE, "10.0.1.1", RIG_T0 + 1179, 1 }, /* just after it ended */
		{ SCOPE, "10.0.1.1", RIG_T0 + 1181, 0 },
		{ SCOPE, "10.0.1.2", RIG_T0 + 60, 0 },
		{ "111122223333/us-east-1/vpc-other", "10.0.1.1", RIG_T0 + 60, 0 },
		{ "111122223333/eu-west-1", "10.0.1.1", RIG_T0 + 60, 0 },
		{ "444455556666", "10.0.1.1", RIG_T0 + 60, 0 },
	};
	struct rig rig;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig_open(&rig);
		rig_launch(&rig, RIG_T0, "us-east-1", RIG_THIEF, "c5.large", 1, 1);
		RIG_CALL(&rig, .name = "TerminateInstances", .time_s = RIG_T0 + 1000,
			 .request = "{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-"
				    "00000000000000001\"}]}}");
		rig_alert(rig.store, "a1", cases[i].scope, cases[i].ip, cases[i].time_s, 1);
		assert_int_equal(joined(&rig), cases[i].count);
		rig_close(&rig);
	}
}

/* The same private address in two VPCs: only the scope can tell. */
static void never_guesses_between_networks(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig);
	rig_launch(&rig, RIG_T0, "us-east-1", RIG_THIEF, "c5.large", 1, 1);
	RIG_CALL(&rig, .name = "RunInstances", .time_s = RIG_T0, .address = RIG_THIEF,
		 .request = "{\"instanceType\":\"c5.large\"}",
		 .response = "{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-2\",\"vpcId\":"
			     "\"vpc-2\",\"privateIpAddress\":\"10.0.1.1\"}]}}");
	rig_alert(rig.store, "a1", "vni:4097", "10.0.1.1", RIG_T0 + 60, 1);
	assert_int_equal(joined(&rig), 0);
	rig_alert(rig.store, "a2", "111122223333/us-east-1/vpc-2", "10.0.1.1", RIG_T0 + 60, 1);
	assert_int_equal(joined(&rig), 1);
	rig_close(&rig);
}

static void alerts_about_nothing_open_nothing(void **state)
{
	struct alert alert = { .id = "a1",
			       .sensor = "s",
			       .signature = "x",
			       .level = "node",
			       .scope = SCOPE,
			       .vpc = "",
			       .instance = "",
			       .client = "10.0.1.1",
			       .server = "",
			       .pool = "",
			       .wallet = "",
			       .worker = "",
			       .coin = "",
			       .community_id = "",
			       .first_ns = (RIG_T0 + 60) * RIG_S,
			       .last_ns = (RIG_T0 + 60) * RIG_S,
			       .revision = 1 };
	struct rig rig;

	(void)state;
	rig_open(&rig);
	rig_launch(&rig, RIG_T0, "us-east-1", RIG_HOME, "c5.large", 1, 1);
	assert_int_equal(store_alert(rig.store, &alert), STORE_KEPT);
	assert_int_equal(joined(&rig), 0);
	alert.level = "suspect";
	alert.revision = 2;
	assert_int_equal(store_alert(rig.store, &alert), STORE_KEPT);
	assert_int_equal(joined(&rig), 0);
	alert.level = "confirmed";
	alert.revision = 3;
	assert_int_equal(store_alert(rig.store, &alert), STORE_KEPT);
	assert_int_equal(joined(&rig), 1);
	rig_close(&rig);
}

static void findings_join_by_instance_and_key(void **state)
{
	struct finding finding = { .id = "f1",
				   .product = "GuardDuty",
				   .type = "CryptoCurrency:EC2/BitcoinTool.B",
				   .title = "t",
				   .severity = "HIGH",
				   .account = "111122223333",
				   .region = "us-east-1",
				   .vpc = "",
				   .instance = "i-00000000000000001",
				   .key = "",
				   .user = "",
				   .local_ip = "",
				   .remote_ip = "198.51.100.120",
				   .domain = "",
				   .created_ns = (RIG_T0 + 2820) * RIG_S,
				   .updated_ns = (RIG_T0 + 2820) * RIG_S,
				   .remote_port = 3333 };
	struct incidents incidents;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	rig_launch(&rig, RIG_T0, "us-east-1", RIG_THIEF, "c5.large", 1, 2);
	assert_int_equal(store_finding(rig.store, &finding), STORE_KEPT);
	assert_int_equal(store_finding(rig.store, &finding), STORE_NOTHING);
	finding.id = "f2";
	finding.type = "UnauthorizedAccess:IAMUser/X";
	finding.instance = "";
	finding.key = RIG_KEY;
	assert_int_equal(store_finding(rig.store, &finding), STORE_KEPT);
	assert_int_equal(incidents_build(rig.store, NULL, &incidents), 0);
	assert_int_equal(incidents.items_count, 1);
	assert_int_equal(incidents.items[0].findings_count, 2);
	assert_int_equal(incidents.items[0].first_finding_ns, (RIG_T0 + 2820) * RIG_S);
	assert_int_equal(incidents.items[0].instances[0].sight, SIGHT_FLOW);
	assert_int_equal(incidents.items[0].instances[1].sight, SIGHT_NONE);
	assert_int_equal(incidents.items[0].out_of_sight, 2);
	incidents_free(&incidents);
	rig_close(&rig);
}

static void flow_logs_see_what_no_tap_sees(void **state)
{
	struct sighting sighting = { .account = "111122223333",
				     .region = "us-east-1",
				     .vpc = RIG_VPC,
				     .instance = "",
				     .eni = "",
				     .local_ip = "10.0.1.2",
				     .remote_ip = "198.51.100.120",
				     .tag = "pool",
				     .proof = "p",
				     .first_ns = (RIG_T0 + 100) * RIG_S,
				     .last_ns = (RIG_T0 + 900) * RIG_S,
				     .bytes = 1000,
				     .remote_port = 3333,
				     .kind = SIGHTING_LISTED };
	struct incidents incidents;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	rig_launch(&rig, RIG_T0, "us-east-1", RIG_THIEF, "c5.large", 1, 2);
	rig_alert(rig.store, "a1", SCOPE, "10.0.1.1", RIG_T0 + 60, 1);
	assert_int_equal(store_sighting(rig.store, &sighting), STORE_KEPT);
	assert_int_equal(store_sighting(rig.store, &sighting), STORE_NOTHING);
	assert_int_equal(incidents_build(rig.store, NULL, &incidents), 0);
	assert_int_equal(incidents.items[0].sightings_count, 1);
	assert_int_equal(incidents.items[0].instances[1].sight, SIGHT_FLOW);
	assert_int_equal(incidents.items[0].mining, 1);
	incidents_free(&incidents);
	rig_close(&rig);
}

static void a_quiet_week_raises_nothing(void **state)
{
	struct incidents incidents;
	struct rig rig;

	(void)state;
	rig_open(&rig);
	rig_week(&rig, 14);
	assert_int_equal(incidents_build(rig.store, NULL, &incidents), 0);
	assert_int_equal(incidents.items_count, 0);
	assert_int_equal(incidents.detections.count, 0);
	incidents_free(&incidents);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_one_incident),
		cmocka_unit_test(says_what_is_gone),
		cmocka_unit_test(sorts_its_lists),
		cmocka_unit_test(gives_the_same_in_any_order),
		cmocka_unit_test(notices_each_record),
		cmocka_unit_test(keeps_strangers_apart),
		cmocka_unit_test(puts_what_was_made_to_its_maker),
		cmocka_unit_test(leaves_honest_makers_out),
		cmocka_unit_test(begins_late_at_a_shared_address),
		cmocka_unit_test(survives_a_circle),
		cmocka_unit_test(counts_launches_that_lost_their_ids),
		cmocka_unit_test(joins_by_scope_address_and_time),
		cmocka_unit_test(never_guesses_between_networks),
		cmocka_unit_test(alerts_about_nothing_open_nothing),
		cmocka_unit_test(findings_join_by_instance_and_key),
		cmocka_unit_test(flow_logs_see_what_no_tap_sees),
		cmocka_unit_test(a_quiet_week_raises_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
