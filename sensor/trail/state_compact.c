/* state_compact.c: which documents the store still needs: those that would be kept if it were fed
 * them anew, and once only. */
#include "sensor/trail/state_compact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/intake.h"
#include "sensor/trail/state.h"

/* A store that is built up beside: a document that it keeps, and whose time is within the
 * retention, is one that a restart needs. */
struct compact {
	const struct store *store;
	struct store *beside;
	FILE *out;
	uint64_t oldest_ns;
};

static bool is_expired(const struct compact *self, const json_t *json)
{
	uint64_t time_ns;

	/* What lives on (instances) is needed however old its record is. */
	if (!record_time(json_object_get(json, "eventTime"), &time_ns))
		return false;
	return time_ns < self->oldest_ns &&
	       strcmp(record_text(json, "eventName"), "RunInstances") != 0;
}

static int on_document(void *ctx, enum document kind, const json_t *json, const char *raw,
		       size_t len, const char **why)
{
	struct compact *self = ctx;
	int result = store_document(self->beside, kind, json, why);

	if (result == -EBADMSG)
		return 0;
	if (result < 0)
		return result;
	if ((result & STORE_KEPT) == 0 || is_expired(self, json))
		return 0;
	return fwrite(raw, 1, len, self->out) == len && putc('\n', self->out) != EOF ? 0 : -EIO;
}

int state_compact(const struct store *store, FILE *in, FILE *out)
{
	struct compact self = { .store = store, .beside = store_new(store->settings), .out = out };
	uint64_t retention_ns = store->settings->retention_s * UINT64_C(1000000000);
	struct intake *intake = intake_new(on_document, &self, NULL);
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int result = self.beside != NULL && intake != NULL ? 0 : -ENOMEM;

	self.oldest_ns = store->now_ns > retention_ns ? store->now_ns - retention_ns : 0;
	while (result == 0 && (len = getline(&line, &room, in)) > 0)
		result = intake_text(intake, "documents.jsonl", line, (size_t)len);
	if (result == 0 && ferror(in) != 0)
		result = -EIO;
	free(line);
	intake_free(intake);
	store_free(self.beside);
	return result;
}
