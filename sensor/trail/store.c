/* store.c: the tables of the store, their caps and their end. */
#include "sensor/trail/store.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sensor/trail/store_table.h"

#define NS_PER_S  UINT64_C(1000000000)
#define TAG_TEXTS 6
#define TAG_BYTES ((TRAIL_TEXT + 1) * TAG_TEXTS)
#define BUCKETS   65536 /* of the large tables, at first */

static int init_tables(struct store *self)
{
	struct tag_table *const tables[] = { &self->identities, &self->uses,      &self->deeds,
					     &self->edges,      &self->instances, &self->alerts,
					     &self->findings,   &self->sightings, &self->accounts };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (tag_table_init(tables[i], BUCKETS) != 0)
			return -ENOMEM;
	return 0;
}

struct store *store_new(const struct settings *settings)
{
	struct store *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->settings = settings;
	self->names = text_pool_new(TRAIL_NAMES_BYTES);
	if (self->names == NULL || init_tables(self) != 0 ||
	    getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key)) {
		store_free(self);
		return NULL;
	}
	return self;
}

void store_free(struct store *self)
{
	if (self == NULL)
		return;
	STORE_EACH (self->instances, struct instance, instance) {
		free(instance->changes);
		free(instance->addresses);
	}
	tag_table_fini(&self->identities);
	tag_table_fini(&self->uses);
	tag_table_fini(&self->deeds);
	tag_table_fini(&self->edges);
	tag_table_fini(&self->instances);
	tag_table_fini(&self->alerts);
	tag_table_fini(&self->findings);
	tag_table_fini(&self->sightings);
	tag_table_fini(&self->accounts);
	text_pool_free(self->names);
	free(self);
}

struct siphash_tag store_tag(const struct store *self, const char *const *texts, size_t count)
{
	char bytes[TAG_BYTES];
	size_t len = 0;

	assert(count <= TAG_TEXTS);
	for (size_t i = 0; i < count; i++) {
		size_t part = strnlen(texts[i], TRAIL_TEXT);

		memcpy(bytes + len, texts[i], part);
		len += part;
		bytes[len++] = '\0';
	}
	return siphash128(bytes, len, self->key);
}

/* --- what an entry holds -------------------------------------------------------------------- */

struct identity *identity_ref(struct identity *identity)
{
	if (identity != NULL)
		identity->refs++;
	return identity;
}

void identity_unref(struct store *self, struct identity *identity)
{
	if (identity == NULL)
		return;
	assert(identity->refs > 0);
	if (--identity->refs > 0)
		return;
	tag_table_remove(&self->identities, &identity->link);
	free(identity);
}

/* Gives up what the entry points to. */
static void release(struct store *self, const struct tag_table *table, struct tag_link *link)
{
	void *entry = link;

	if (table == &self->uses) {
		identity_unref(self, ((struct use *)entry)->identity);
	} else if (table == &self->deeds) {
		identity_unref(self, ((struct deed *)entry)->identity);
	} else if (table == &self->edges) {
		identity_unref(self, ((struct edge *)entry)->parent);
	} else if (table == &self->instances) {
		struct instance *instance = entry;

		identity_unref(self, instance->launcher);
		free(instance->changes);
		free(instance->addresses);
	}
}

void store_remove(struct store *self, struct tag_table *table, struct tag_link *link)
{
	release(self, table, link);
	tag_table_remove(table, link);
	free(link);
}

void *store_add(struct store *self, struct tag_table *table, struct siphash_tag tag, size_t size,
		size_t cap)
{
	struct tag_link *link = calloc(1, size);

	if (link == NULL)
		return NULL;
	if (table->count >= cap) {
		store_remove(self, table, table->oldest);
		self->counts.forgotten++;
	}
	link->tag = tag;
	tag_table_add(table, link);
	self->version++;
	return link;
}

/* --- merging -------------------------------------------------------------------------------- */

bool moment_before(const struct moment *a, const struct moment *b)
{
	if (a->time_ns == 0 || b->time_ns == 0)
		return a->time_ns != 0;
	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns;
	return strcmp(a->event, b->event) < 0;
}

bool moment_keep_first(struct moment *kept, const struct moment *moment)
{
	if (!moment_before(moment, kept))
		return false;
	*kept = *moment;
	return true;
}

bool moment_keep_last(struct moment *kept, const struct moment *moment)
{
	if (moment->time_ns == 0 || (kept->time_ns != 0 && !moment_before(kept, moment)))
		return false;
	*kept = *moment;
	return true;
}

struct moment moment_at(uint64_t time_ns, const char *event)
{
	struct moment moment = { .time_ns = time_ns };
	size_t len = strnlen(event, EVENT_ID_TEXT - 1);

	memcpy(moment.event, event, len);
	return moment;
}

bool store_keep_text(struct store *self, const char **kept, const char *text)
{
	const char *name;

	if (*kept == NULL)
		*kept = "";
	if (text == NULL || text[0] == '\0' ||
	    ((*kept)[0] != '\0' && strncmp(text, *kept, TRAIL_TEXT) >= 0))
		return false;
	name = text_pool_get(self->names, text);
	if (name == *kept)
		return false;
	*kept = name;
	return true;
}

void store_see_time(struct store *self, uint64_t time_ns)
{
	if (time_ns > self->now_ns)
		self->now_ns = time_ns;
}

/* --- finding and forgetting ----------------------------------------------------------------- */

struct instance *store_find_instance(const struct store *self, const char *id)
{
	return (struct instance *)(void *)tag_table_find(&self->instances, STORE_TAG(self, id));
}

struct identity *store_find_identity(const struct store *self, const char *id)
{
	return (struct identity *)(void *)tag_table_find(&self->identities, STORE_TAG(self, id));
}

struct account *store_find_account(const struct store *self, const char *id)
{
	return (struct account *)(void *)tag_table_find(&self->accounts, STORE_TAG(self, id));
}

uint64_t instance_end_ns(const struct instance *instance)
{
	for (size_t i = 0; i < instance->change_count; i++)
		if (instance->changes[i].kind == CHANGE_TERMINATE)
			return instance->changes[i].at.time_ns;
	return 0;
}

/* When an entry last meant something; UINT64_MAX: it still does. */
static uint64_t last_meant(const struct store *self, const struct tag_table *table,
			   const struct tag_link *link)
{
	const void *entry = link;

	if (table == &self->uses)
		return ((const struct use *)entry)->last.time_ns;
	if (table == &self->edges)
		return ((const struct edge *)entry)->first.time_ns;
	if (table == &self->deeds) {
		const struct deed *deed = entry;

		return deed->last_ns > deed->time_ns ? deed->last_ns : deed->time_ns;
	}
	if (table == &self->alerts)
		return ((const struct alert *)entry)->last_ns;
	if (table == &self->findings)
		return ((const struct finding *)entry)->updated_ns;
	if (table == &self->sightings)
		return ((const struct sighting *)entry)->last_ns;

	uint64_t end_ns = instance_end_ns(entry);

	return end_ns != 0 ? end_ns : UINT64_MAX;
}

static void expire_table(struct store *self, struct tag_table *table, uint64_t before_ns)
{
	struct tag_link *link = table->oldest;

	while (link != NULL) {
		struct tag_link *newer = link->newer;

		if (last_meant(self, table, link) < before_ns) {
			store_remove(self, table, link);
			self->counts.expired++;
			self->version++;
		}
		link = newer;
	}
}

void store_expire(struct store *self)
{
	uint64_t retention_ns = self->settings->retention_s * NS_PER_S;
	struct tag_table *const tables[] = { &self->uses,      &self->deeds,  &self->edges,
					     &self->instances, &self->alerts, &self->findings,
					     &self->sightings };

	if (self->now_ns <= retention_ns)
		return;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		expire_table(self, tables[i], self->now_ns - retention_ns);
	self->counts.refused_names = text_pool_refused(self->names);
}
