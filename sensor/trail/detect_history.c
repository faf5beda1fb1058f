/* detect_history.c: what was there before, learnt from the records or given. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/detect_rules.h"

#define NS_PER_S UINT64_C(1000000000)

static int compare_first(const void *a, const void *b)
{
	const struct first_seen *x = a;
	const struct first_seen *y = b;
	int order = strcmp(x->account, y->account);

	if (order == 0)
		order = strcmp(x->what, y->what);
	if (order == 0 && x->time_ns != y->time_ns)
		order = x->time_ns < y->time_ns ? -1 : 1;
	return order;
}

/* Sorts, and keeps the earliest of each. */
static size_t keep_earliest(struct first_seen *list, size_t count)
{
	size_t kept = 0;

	if (count > 1)
		qsort(list, count, sizeof(*list), compare_first);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || strcmp(list[kept - 1].account, list[i].account) != 0 ||
		    strcmp(list[kept - 1].what, list[i].what) != 0)
			list[kept++] = list[i];
	return kept;
}

static int compare_deeds(const void *a, const void *b)
{
	const struct deed *x = *(const struct deed *const *)a;
	const struct deed *y = *(const struct deed *const *)b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return strcmp(x->event, y->event);
}

static void learn_deeds(struct history *self)
{
	STORE_EACH (self->store->deeds, const struct deed, deed) {
		self->deeds[self->deed_count++] = deed;
		if (deed->kind != DEED_LAUNCH || deed->error[0] != '\0')
			continue;
		self->regions[self->region_count++] =
			(struct first_seen){ deed->identity->account, deed->region, deed->time_ns };
		self->types[self->type_count++] =
			(struct first_seen){ deed->identity->account, deed->subject,
					     deed->time_ns };
	}
	if (self->deed_count > 1)
		qsort(self->deeds, self->deed_count, sizeof(struct deed *), compare_deeds);
}

/* Instances that an import has seen were launched, too. */
static void learn_instances(struct history *self)
{
	STORE_EACH (self->store->instances, const struct instance, instance) {
		if (instance->launch.time_ns == 0 || instance->launch.event[0] != '\0')
			continue;
		self->regions[self->region_count++] =
			(struct first_seen){ instance->account, instance->region,
					     instance->launch.time_ns };
		self->types[self->type_count++] =
			(struct first_seen){ instance->account, instance->type,
					     instance->launch.time_ns };
	}
}

int history_learn(struct history *self, const struct store *store)
{
	size_t room = store->deeds.count + store->instances.count + 1;

	*self = (struct history){ .store = store, .settings = store->settings };
	self->regions = calloc(room, sizeof(*self->regions));
	self->types = calloc(room, sizeof(*self->types));
	self->deeds = calloc(room, sizeof(struct deed *));
	if (self->regions == NULL || self->types == NULL || self->deeds == NULL)
		return -ENOMEM;
	learn_deeds(self);
	learn_instances(self);
	self->region_count = keep_earliest(self->regions, self->region_count);
	self->type_count = keep_earliest(self->types, self->type_count);
	return 0;
}

void history_fini(struct history *self)
{
	free(self->regions);
	free(self->types);
	free(self->deeds);
	memset(self, 0, sizeof(*self));
}

bool history_is_long_before(const struct history *self, uint64_t time_ns, uint64_t now_ns)
{
	return time_ns + self->settings->habit_s * NS_PER_S <= now_ns;
}

/* What ended before the retention is forgotten: the oldest that is left is not new for that. */
static uint64_t reaches_back(const struct history *self, uint64_t first_ns)
{
	uint64_t kept_ns = self->settings->retention_s * NS_PER_S;
	uint64_t now_ns = self->store->now_ns;

	return now_ns > kept_ns && now_ns - kept_ns > first_ns ? now_ns - kept_ns : first_ns;
}

bool history_is_learnt(const struct history *self, const char *account, uint64_t time_ns)
{
	const struct account *known = store_find_account(self->store, account);

	return known != NULL &&
	       reaches_back(self, known->first.time_ns) + self->settings->learning_s * NS_PER_S <=
		       time_ns;
}

static bool is_given(char *const *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

static bool was_there(const struct history *self, const struct first_seen *list, size_t count,
		      struct first_seen wanted)
{
	size_t low = 0;
	size_t high = count;
	uint64_t now_ns = wanted.time_ns;

	wanted.time_ns = 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_first(&list[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && strcmp(list[low].account, wanted.account) == 0 &&
	       strcmp(list[low].what, wanted.what) == 0 &&
	       history_is_long_before(self, list[low].time_ns, now_ns);
}

bool history_is_new_region(const struct history *self, const char *account, const char *region,
			   uint64_t time_ns)
{
	const struct settings *settings = self->settings;

	if (settings->region_count == 0 && !history_is_learnt(self, account, time_ns))
		return false;
	return !is_given(settings->regions, settings->region_count, region) &&
	       !was_there(self, self->regions, self->region_count,
			  (struct first_seen){ account, region, time_ns });
}

bool history_is_new_type(const struct history *self, const char *account, const char *type,
			 uint64_t time_ns)
{
	const struct settings *settings = self->settings;

	if (settings->type_count == 0 && !history_is_learnt(self, account, time_ns))
		return false;
	return !is_given(settings->types, settings->type_count, type) &&
	       !was_there(self, self->types, self->type_count,
			  (struct first_seen){ account, type, time_ns });
}

bool history_is_same(const struct identity *a, const struct identity *b)
{
	return a == b || (a->issuer[0] != '\0' && strcmp(a->issuer, b->issuer) == 0);
}

bool history_is_habit(const struct history *self, const struct deed *deed, bool only_admin)
{
	for (size_t i = 0; i < self->deed_count; i++) {
		const struct deed *before = self->deeds[i];

		if (!history_is_long_before(self, before->time_ns, deed->time_ns))
			return false;
		if (before->kind == deed->kind && before->error[0] == '\0' &&
		    before->address == deed->address &&
		    history_is_same(before->identity, deed->identity) &&
		    (!only_admin || before->is_admin))
			return true;
	}
	return false;
}

int detect_no_place(const struct detections *out)
{
	return out->refused > 0 ? 0 : -ENOMEM;
}
