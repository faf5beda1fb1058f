/* store_document.c: any document into the store. */
#include <errno.h>

#include "sensor/trail/finding.h"
#include "sensor/trail/store.h"

static int add_record(struct store *self, const json_t *json, const char **why)
{
	struct record record;

	if (record_read(json, &record, why) != 0)
		return -EBADMSG;
	return store_record(self, &record);
}

static int add_finding(struct store *self, const json_t *json, const char **why)
{
	struct finding finding;

	if (finding_read(json, &finding, why) != 0)
		return -EBADMSG;
	return store_finding(self, &finding);
}

int store_document(struct store *self, enum document kind, const json_t *json, const char **why)
{
	switch (kind) {
	case DOCUMENT_RECORD:
		return add_record(self, json, why);
	case DOCUMENT_RESERVATION:
		return store_reservation(self, json);
	case DOCUMENT_INTERFACE:
		return store_interface(self, json);
	case DOCUMENT_FINDING:
		return add_finding(self, json, why);
	case DOCUMENT_ALERT:
		return store_eve(self, json, why);
	case DOCUMENT_STATE:
	case DOCUMENT_OTHER:
		break;
	}
	return STORE_NOTHING;
}
