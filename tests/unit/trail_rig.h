/* trail_rig.h: records of a small invented cloud, made of a few words each, and a store they go to.
 */
#ifndef TESTS_UNIT_TRAIL_RIG_H
#define TESTS_UNIT_TRAIL_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/lease.h"
#include "sensor/trail/incident.h"
#include "sensor/trail/store.h"

#define RIG_S   UINT64_C(1000000000)
#define RIG_DAY UINT64_C(86400)
/* 2026-03-05T09:58:00Z */
#define RIG_T0    UINT64_C(1772704680)
#define RIG_THIEF "198.51.100.99"
#define RIG_HOME  "198.51.100.40"
#define RIG_KEY   "AKIA4EXAMPLE1234567"
#define RIG_VPC   "vpc-0a11b22c33d44e55f"

/* One call: what is NULL gets an ordinary value. */
struct call_words {
	const char *name;
	const char *service; /* ec2 */
	uint64_t time_s;
	const char *key;
	const char *user;
	const char *address;
	const char *region;
	const char *error;
	const char *request;  /* JSON */
	const char *response; /* JSON */
	const char *id;       /* of the event; NULL: counted */
	const char *identity; /* JSON, instead of an IAM user */
};

struct rig {
	struct settings settings;
	struct store *store;
	char *texts[4096]; /* all records so far, as JSON */
	size_t count;
	unsigned next_id;
};

static inline void rig_open(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	settings_init(&rig->settings);
	rig->store = store_new(&rig->settings);
	assert_non_null(rig->store);
}

static inline void rig_close(struct rig *rig)
{
	store_free(rig->store);
	settings_fini(&rig->settings);
	for (size_t i = 0; i < rig->count; i++)
		free(rig->texts[i]);
}

/* Feeds one record's text to a store. */
static inline int rig_feed(struct store *store, const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);
	struct record record;
	const char *why = NULL;
	int result;

	if (json == NULL)
		fail_msg("%s: %s", error.text, text);
	assert_int_equal(record_read(json, &record, &why), 0);
	result = store_record(store, &record);
	json_decref(json);
	return result;
}

static inline const char *rig_or(const char *text, const char *other)
{
	return text != NULL ? text : other;
}

/* Makes the record's text. */
static inline char *rig_text(struct rig *rig, const struct call_words *words)
{
	char time[LEASE_TIME_TEXT];
	char identity[512];
	char id[40];
	char error[128] = "";
	char *text = NULL;

	lease_time_text(words->time_s * RIG_S, time);
	snprintf(id, sizeof(id), "00000000-0000-4000-8000-%012u", ++rig->next_id);
	snprintf(identity, sizeof(identity),
		 "{\"type\":\"IAMUser\",\"arn\":\"arn:aws:iam::111122223333:user/%s\","
		 "\"accountId\":\"111122223333\",\"accessKeyId\":\"%s\",\"userName\":\"%s\"}",
		 rig_or(words->user, "ml-pipeline-sa"), rig_or(words->key, RIG_KEY),
		 rig_or(words->user, "ml-pipeline-sa"));
	if (words->error != NULL)
		snprintf(error, sizeof(error), "\"errorCode\":\"%s\",", words->error);
	assert_true(asprintf(&text,
			     "{\"eventVersion\":\"1.11\",\"userIdentity\":%s,\"eventTime\":\"%s\","
			     "\"eventSource\":\"%s.amazonaws.com\",\"eventName\":\"%s\","
			     "\"awsRegion\":\"%s\",\"sourceIPAddress\":\"%s\","
			     "\"userAgent\":\"Boto3/1.34.10\",%s\"requestParameters\":%s,"
			     "\"responseElements\":%s,\"eventID\":\"%s\","
			     "\"recipientAccountId\":\"111122223333\"}",
			     rig_or(words->identity, identity), time, rig_or(words->service, "ec2"),
			     words->name, rig_or(words->region, "us-east-1"),
			     rig_or(words->address, RIG_HOME), error,
			     rig_or(words->request, "null"), rig_or(words->response, "null"),
			     rig_or(words->id, id)) > 0);
	return text;
}

/* Makes, keeps and feeds it. The store's answer. */
static inline int rig_call(struct rig *rig, struct call_words words)
{
	char *text = rig_text(rig, &words);

	assert_true(rig->count < sizeof(rig->texts) / sizeof(rig->texts[0]));
	rig->texts[rig->count++] = text;
	return rig_feed(rig->store, text);
}

#define RIG_CALL(rig, ...) rig_call(rig, (struct call_words){ __VA_ARGS__ })

/* The response of a launch of count instances, ids from first on, in 10.0.1.0/24. */
static inline const char *rig_instances(unsigned first, unsigned count, const char *type,
					const char *vpc, uint64_t launch_s)
{
	static char text[65536];
	int len = snprintf(text, sizeof(text), "{\"instancesSet\":{\"items\":[");

	for (unsigned i = 0; i < count; i++)
		len += snprintf(
			text + len, sizeof(text) - (size_t)len,
			"%s{\"instanceId\":\"i-%017u\",\"instanceType\":\"%s\",\"launchTime\":%"
			"llu000,"
			"\"vpcId\":\"%s\",\"subnetId\":\"subnet-0123456789abcdef0\","
			"\"privateIpAddress\":\"10.0.1.%u\",\"networkInterfaceSet\":{\"items\":[{"
			"\"networkInterfaceId\":\"eni-%017u\",\"privateIpAddress\":\"10.0.1.%u\","
			"\"privateIpAddressesSet\":{\"item\":[{\"privateIpAddress\":\"10.0.1.%u\","
			"\"primary\":true}]},\"ipv6AddressesSet\":{}}]}}",
			i > 0 ? "," : "", first + i, type, (unsigned long long)launch_s, vpc,
			first + i, first + i, first + i, first + i);
	snprintf(text + len, sizeof(text) - (size_t)len, "]}}");
	return text;
}

static inline int rig_launch(struct rig *rig, uint64_t time_s, const char *region,
			     const char *address, const char *type, unsigned first, unsigned count)
{
	char request[256];

	snprintf(request, sizeof(request),
		 "{\"instanceType\":\"%s\",\"instancesSet\":{\"items\":[{\"imageId\":\"ami-1\","
		 "\"minCount\":1,\"maxCount\":%u}]},\"userData\":\"<sensitiveDataRemoved>\"}",
		 type, count);
	return RIG_CALL(rig, .name = "RunInstances", .time_s = time_s, .region = region,
			.address = address, .request = request,
			.response = rig_instances(first, count, type, RIG_VPC, time_s));
}

/* An alert of a sensor about a client. */
static inline int rig_alert(struct store *store, const char *id, const char *scope,
			    const char *client, uint64_t time_s, uint32_t revision)
{
	const struct alert alert = { .id = id,
				     .sensor = "golden",
				     .signature = "Cryptocurrency mining session",
				     .level = "confirmed",
				     .scope = scope,
				     .vpc = "",
				     .instance = "",
				     .client = client,
				     .server = "198.51.100.120",
				     .pool = "198.51.100.120:3333",
				     .wallet = "4EXAMPLE_MONERO_WALLET_ADDRESS_SYNTHETIC",
				     .worker = "gpu-1",
				     .coin = "XMR",
				     .community_id = "1:ty+TFN1AOn0AyUvKiIGKCyUl0Ws=",
				     .first_ns = time_s * RIG_S,
				     .last_ns = time_s * RIG_S + revision,
				     .revision = revision,
				     .sid = 1600001,
				     .server_port = 3333 };

	return store_alert(store, &alert);
}

/* The owner's ordinary days before: reads and a launch each day in us-east-1. */
static inline void rig_week(struct rig *rig, unsigned days)
{
	for (unsigned day = days; day > 0; day--) {
		uint64_t time_s = RIG_T0 - day * RIG_DAY;

		RIG_CALL(rig, .name = "DescribeInstances", .time_s = time_s);
		rig_launch(rig, time_s + 60, "us-east-1", RIG_HOME, "c5.large", 200 + day, 1);
	}
}

static inline const struct detection *rig_find(const struct detections *list, enum rule_id rule)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].rule == rule)
			return &list->items[i];
	return NULL;
}

/* How many detections of the rule the store's records give. */
static inline size_t rig_detect(const struct rig *rig, enum rule_id rule)
{
	struct detections found = { 0 };
	size_t count = 0;

	assert_int_equal(detect_run(rig->store, &found), 0);
	for (size_t i = 0; i < found.count; i++)
		count += found.items[i].rule == rule;
	detections_fini(&found);
	return count;
}

#endif
