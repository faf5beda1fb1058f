/* detect.c: the table of rules and the list of what they found. */
#include "sensor/trail/detect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/detect_rules.h"

const struct rule rules[RULE_COUNT] = {
#define RULE_ROW(id, sid, severity, weight, technique, tname, tactic, taname, name) \
	[RULE_##id] = { sid, severity, weight, technique, tname, tactic, taname, name },
	RULES(RULE_ROW)
#undef RULE_ROW
};

void detections_fini(struct detections *self)
{
	free(self->items);
	memset(self, 0, sizeof(*self));
}

/* The id depends on nothing but what the detection is about. */
static void make_id(char id[DETECTION_ID_TEXT], enum rule_id rule, const char *const *texts,
		    size_t count)
{
	char key[6 * (TRAIL_TEXT + 1)];
	size_t len = (size_t)snprintf(key, sizeof(key), "%u", rules[rule].sid) + 1;

	for (size_t i = 0; i < count; i++) {
		size_t part = strnlen(texts[i], TRAIL_TEXT);

		memcpy(key + len, texts[i], part);
		len += part;
		key[len++] = '\0';
	}
	(void)snprintf(id, DETECTION_ID_TEXT, "%016" PRIx64, siphash_id(key, len));
}

static struct detection *add(struct detections *self)
{
	if (self->count >= TRAIL_DETECTIONS) {
		self->refused++;
		return NULL;
	}
	if (self->count == self->room) {
		size_t room = self->room == 0 ? 64 : self->room * 2;
		struct detection *items = realloc(self->items, room * sizeof(*items));

		if (items == NULL)
			return NULL;
		self->items = items;
		self->room = room;
	}
	memset(&self->items[self->count], 0, sizeof(*self->items));
	return &self->items[self->count++];
}

struct detection *detections_get(struct detections *self, enum rule_id rule,
				 const struct detection_key *key)
{
	const char *const texts[] = { key->identity != NULL ? key->identity->id : "", key->account,
				      key->region, key->subject, key->address };
	char id[DETECTION_ID_TEXT];
	struct detection *item;

	make_id(id, rule, texts, sizeof(texts) / sizeof(texts[0]));
	for (size_t i = self->count; i > 0; i--)
		if (strcmp(self->items[i - 1].id, id) == 0)
			return &self->items[i - 1];
	item = add(self);
	if (item == NULL)
		return NULL;
	memcpy(item->id, id, sizeof(item->id));
	item->rule = rule;
	item->identity = key->identity;
	item->account = key->account;
	item->region = key->region;
	item->subject = key->subject;
	item->address = key->address;
	item->scope_ip = "";
	return item;
}

void detection_prove(struct detection *self, uint64_t time_ns, const char *event)
{
	struct moment moment = { .time_ns = time_ns };
	size_t kept = self->event_count < DETECTION_EVENTS ? self->event_count : DETECTION_EVENTS;
	size_t at = kept;

	(void)snprintf(moment.event, sizeof(moment.event), "%s", event);
	for (size_t i = 0; i < kept; i++)
		if (strcmp(self->events[i].event, event) == 0)
			return;
	if (self->first_ns == 0 || time_ns < self->first_ns)
		self->first_ns = time_ns;
	if (time_ns > self->last_ns)
		self->last_ns = time_ns;
	while (at > 0 && moment_before(&moment, &self->events[at - 1]))
		at--;
	self->event_count++;
	if (at == DETECTION_EVENTS)
		return;
	if (kept == DETECTION_EVENTS)
		kept--;
	memmove(&self->events[at + 1], &self->events[at], (kept - at) * sizeof(moment));
	self->events[at] = moment;
}

static int compare(const void *a, const void *b)
{
	const struct detection *x = a;
	const struct detection *y = b;

	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return strcmp(x->id, y->id);
}

void detections_sort(struct detections *self)
{
	if (self->count > 1)
		qsort(self->items, self->count, sizeof(*self->items), compare);
}

bool rule_is_on(const struct settings *settings, enum rule_id rule)
{
	return (settings->disabled >> rule & 1) == 0;
}

int detect_run(const struct store *store, struct detections *out)
{
	static const struct {
		enum rule_id rule;
		int (*run)(const struct history *history, struct detections *out);
	} runs[] = {
		{ RULE_NEW_REGION, detect_new_region }, { RULE_NEW_GPU, detect_new_gpu },
		{ RULE_ADMIN, detect_admin },           { RULE_NEW_ADDRESS, detect_new_address },
		{ RULE_SWEEP, detect_sweep },           { RULE_OPEN_NETWORK, detect_open_network },
		{ RULE_OTHERS_KEY, detect_others_key }, { RULE_QUOTA, detect_quota },
		{ RULE_LOGGING, detect_logging },
	};
	struct history history;
	int result = history_learn(&history, store);

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]) && result == 0; i++)
		if (rule_is_on(store->settings, runs[i].rule))
			result = runs[i].run(&history, out);
	history_fini(&history);
	detections_sort(out);
	return result;
}

/* What runs code again later, by itself. */
int detect_code(const struct store *store, bool (*is_suspect)(void *ctx, const struct deed *deed),
		void *ctx, struct detections *out)
{
	if (!rule_is_on(store->settings, RULE_CODE))
		return 0;
	STORE_EACH (store->deeds, const struct deed, deed) {
		struct detection *found;

		if ((deed->kind != DEED_FUNCTION && deed->kind != DEED_RULE) ||
		    deed->error[0] != '\0' || !is_suspect(ctx, deed))
			continue;
		found = detections_get(out, RULE_CODE,
				       &(const struct detection_key){
					       deed->identity, deed->identity->account,
					       deed->region, deed->subject, deed->address });
		if (found == NULL)
			return out->refused > 0 ? 0 : -ENOMEM;
		(void)snprintf(found->text, sizeof(found->text), "%s %.120s in %.40s",
			       deed_kind_text((enum deed_kind)deed->kind), deed->subject,
			       deed->region);
		found->value++;
		detection_prove(found, deed->time_ns, deed->event);
	}
	detections_sort(out);
	return 0;
}
