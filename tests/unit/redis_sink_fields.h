/* redis_sink_fields.h: the sink of redis_sink_rig.h with counters, and what stands in Redis by
 * then, field by field. */
#ifndef TESTS_UNIT_REDIS_SINK_FIELDS_H
#define TESTS_UNIT_REDIS_SINK_FIELDS_H

#include "tests/unit/redis_sink_rig.h"

#define HOST        "111122223333/us-east-1/vpc-0a1b2c3d/10.0.1.23"
#define HOST_KEY    "p:host:" HOST
#define POOL        "198.51.100.120:3333"
#define WALLET_HASH "653a1f4a71581856"

static inline void fake_sum(void *ctx, struct stats *sum)
{
	(void)ctx;
	sum->packets = 42;
}

static inline void use_sensor(const char *id)
{
	event_renderer_free(renderer);
	context.sensor_id = id;
	renderer = event_renderer_new(&context);
	assert_non_null(renderer);
}

static inline int setup(void **state)
{
	int error = rig_setup(state);

	options.sum_stats = fake_sum;
	return error;
}

static inline void assert_field(const char *key, const char *field, const char *value)
{
	redisReply *reply = redis_run("HGET %s %s", key, field);

	if (reply->type != REDIS_REPLY_STRING)
		fail_msg("%s has no %s", key, field);
	assert_string_equal(reply->str, value);
}

static inline void assert_no_field(const char *key, const char *field)
{
	assert_int_equal(redis_run("HEXISTS %s %s", key, field)->integer, 0);
}

/* The value of a field of the only entry of a stream. */
static inline const char *entry_field(const redisReply *entry, const char *name)
{
	const redisReply *fields = entry->element[1];

	for (size_t i = 0; i + 1 < fields->elements; i += 2)
		if (strcmp(fields->element[i]->str, name) == 0)
			return fields->element[i + 1]->str;
	fail_msg("no field %s", name);
	return NULL;
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, rig_teardown)

#endif
