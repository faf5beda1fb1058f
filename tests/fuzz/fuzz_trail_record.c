/* fuzz_trail_record.c: any JSON as a record goes into the store or is refused; incidents are built
 * from it, and the store's sets keep their order. Fed again it changes nothing. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/log.h"
#include "sensor/trail/incident.h"
#include "sensor/trail/intake.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int on_document(void *ctx, enum document kind, const json_t *json, const char *raw,
		       size_t len, const char **why)
{
	int result = store_document(ctx, kind, json, why);

	assert(raw != NULL && len > 0);
	assert(result >= 0 || result == -EBADMSG);
	assert(result != -EBADMSG || *why != NULL);
	return result < 0 ? result : 0;
}

static void check_instances(const struct store *store)
{
	STORE_EACH (store->instances, const struct instance, instance) {
		assert(instance->change_count <= TRAIL_CHANGES);
		assert(instance->address_count <= TRAIL_ADDRESSES);
		for (size_t i = 1; i < instance->change_count; i++)
			assert(instance->changes[i - 1].at.time_ns <=
			       instance->changes[i].at.time_ns);
		for (size_t i = 1; i < instance->address_count; i++)
			assert(strcmp(instance->addresses[i - 1].ip, instance->addresses[i].ip) <=
			       0);
	}
}

static uint64_t build(const struct store *store)
{
	struct incidents incidents;
	uint64_t sum;

	assert(incidents_build(store, NULL, &incidents) == 0);
	sum = incidents.items_count + incidents.detections.count;
	for (size_t i = 0; i < incidents.items_count; i++)
		sum = sum * 31 + incident_digest(&incidents.items[i]);
	incidents_free(&incidents);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct settings settings;
	struct store *store;
	struct intake *intake;
	uint64_t first;

	log_set_level(LOG_LEVEL_ERROR);
	settings_init(&settings);
	settings.learning_s = 0;
	settings.incident_weight = 1;
	store = store_new(&settings);
	intake = intake_new(on_document, store, NULL);
	assert(store != NULL && intake != NULL);
	assert(intake_text(intake, "fuzz", (const char *)bytes, len) == 0);
	check_instances(store);
	first = build(store);
	assert(intake_text(intake, "fuzz", (const char *)bytes, len) == 0);
	assert(build(store) == first);
	store_expire(store);
	(void)build(store);
	intake_free(intake);
	store_free(store);
	settings_fini(&settings);
	return 0;
}
