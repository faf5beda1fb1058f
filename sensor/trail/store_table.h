/* store_table.h: what the files of the store share. For store*.c only. */
#ifndef TRAIL_STORE_TABLE_H
#define TRAIL_STORE_TABLE_H

#include "sensor/trail/store.h"

/* Up to six texts as one tag; their ends count. */
struct siphash_tag store_tag(const struct store *self, const char *const *texts, size_t count);

#define STORE_TAG(self, ...) \
	store_tag(self, (const char *const[]){ __VA_ARGS__ }, \
		  sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

/* A zeroed entry of size bytes in a table, its tag set; makes room by forgetting the oldest. NULL:
 * no memory. */
void *store_add(struct store *self, struct tag_table *table, struct siphash_tag tag, size_t size,
		size_t cap);
void store_remove(struct store *self, struct tag_table *table, struct tag_link *link);

/* Each keeps the earlier, or the later. True when something changed. */
bool moment_keep_first(struct moment *kept, const struct moment *moment);
bool moment_keep_last(struct moment *kept, const struct moment *moment);
struct moment moment_at(uint64_t time_ns, const char *event);

/* A text wins over none, else the smaller: so that order does not matter. True when it changed. */
bool store_keep_text(struct store *self, const char **kept, const char *text);
void store_see_time(struct store *self, uint64_t time_ns);

/* One more pointer to the identity. */
struct identity *identity_ref(struct identity *identity);
void identity_unref(struct store *self, struct identity *identity);

/* Made when there is none. NULL: no memory. */
struct instance *store_get_instance(struct store *self, const char *id);
/* Sets of an instance. True when it changed; -ENOMEM. */
int instance_add_change(struct instance *instance, const struct instance_change *change);
int instance_add_address(struct store *self, struct instance *instance,
			 const struct instance_address *address);

/* What RunInstances and its like say of instances. STORE_KEPT, 0 or -ENOMEM. */
int store_launch(struct store *self, const struct record *record, struct identity *identity);
int store_changes(struct store *self, const struct record *record);

#endif
