/* fuzz_finding.c: any JSON is read as a finding or refused with a reason; all texts are there, and
 * given twice it is one finding of the store. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "sensor/trail/finding.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static size_t sum_texts(const struct finding *finding)
{
	return strlen(finding->id) + strlen(finding->product) + strlen(finding->type) +
	       strlen(finding->title) + strlen(finding->severity) + strlen(finding->account) +
	       strlen(finding->region) + strlen(finding->vpc) + strlen(finding->instance) +
	       strlen(finding->key) + strlen(finding->user) + strlen(finding->local_ip) +
	       strlen(finding->remote_ip) + strlen(finding->domain);
}

static void check_store(const struct finding *finding)
{
	struct settings settings;
	struct store *store;

	settings_init(&settings);
	store = store_new(&settings);
	assert(store != NULL);
	assert(store_finding(store, finding) == STORE_KEPT);
	assert(store_finding(store, finding) == STORE_NOTHING);
	assert(store->findings.count == 1);
	store_free(store);
	settings_fini(&settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct finding finding;
	const char *why = NULL;
	json_t *json = json_loadb((const char *)bytes, len, 0, NULL);
	int result = finding_read(json, &finding, &why);

	assert((result == 0) == (why == NULL));
	if (result == 0) {
		assert(finding.id[0] != '\0' && finding.type[0] != '\0');
		check_store(&finding);
	} else {
		assert(result == -EINVAL);
	}
	assert(sum_texts(&finding) <= len * 14);
	json_decref(json);
	return 0;
}
