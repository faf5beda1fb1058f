/* fuzz_flowlog.c: flow logs of any bytes: every line is used or counted, and what was found is
 * whole: it ends after it begins, and its addresses are some. Fed again it changes no bound. */
#include <assert.h>
#include <string.h>

#include "sensor/log.h"
#include "sensor/trail/flowlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char list_text[] = "pool 198.51.100.120\nhostile-staging 203.0.113.0/24\n"
				"allow 10.0.0.9\n";

static void check(const struct store *store)
{
	STORE_EACH (store->sightings, const struct sighting, sighting) {
		assert(sighting->kind >= SIGHTING_LISTED && sighting->kind <= SIGHTING_THIN);
		assert(sighting->first_ns > 0 && sighting->first_ns <= sighting->last_ns);
		assert(sighting->local_ip[0] != '\0' && sighting->remote_ip[0] != '\0');
		assert(sighting->proof[0] != '\0');
	}
}

static void check_detections(const struct store *store)
{
	struct detections found = { 0 };

	assert(flowlog_detect(store, &found) == 0);
	assert((found.count > 0) == (store->sightings.count > 0));
	for (size_t i = 0; i < found.count; i++)
		assert(found.items[i].value > 0 && found.items[i].event_count > 0);
	detections_fini(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct lists *lists;
	char error[LISTS_ERROR_TEXT];
	struct settings settings;
	struct store *store;
	struct flowlog *flowlog;
	size_t count;

	log_set_level(LOG_LEVEL_ERROR);
	if (lists == NULL)
		assert(lists_load_text(&lists, "l", list_text, strlen(list_text), error) == 0);
	settings_init(&settings);
	settings.flow_hosts = 2;
	settings.flow_lifetime_s = 60;
	store = store_new(&settings);
	flowlog = flowlog_new(store, lists, NULL);
	assert(store != NULL && flowlog != NULL);
	assert(flowlog_text(flowlog, "vpcflowlogs/f.log", (const char *)bytes, len) == 0);
	assert(flowlog_finish(flowlog) == 0);
	check(store);
	check_detections(store);
	count = store->sightings.count;
	assert(flowlog_finish(flowlog) == 0);
	assert(store->sightings.count == count);
	flowlog_free(flowlog);
	store_free(store);
	settings_fini(&settings);
	return 0;
}
