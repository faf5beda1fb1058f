/* tag_table.h: entries found by a 128-bit keyed tag, in order of last use.
 *
 * Intrusive and capped by its user: an entry begins with struct tag_link, is allocated and freed by
 * the caller, and the oldest one is at hand when room must be made. There are as many buckets as
 * entries need: most tables of most networks hold few, and those stay in the cache. One thread. */
#ifndef SENSOR_TAG_TABLE_H
#define SENSOR_TAG_TABLE_H

#include <stddef.h>

#include "sensor/siphash.h"

struct tag_link {
	struct siphash_tag tag; /* stands for the key: set before tag_table_add() */
	struct tag_link *next;  /* of one bucket */
	struct tag_link *older;
	struct tag_link *newer;
};

struct tag_bucket {
	struct tag_link *first;
	uint64_t marks; /* a bit for each link that was added since the bucket was empty */
};

struct tag_table {
	struct tag_bucket *buckets;
	size_t bucket_count; /* a power of two */
	size_t bucket_max;   /* for capacity entries */
	size_t count;
	struct tag_link *oldest;
	struct tag_link *newest;
};

/* Grows with its entries, up to what capacity of them need; more only make it slower. 0 or -ENOMEM.
 */
int tag_table_init(struct tag_table *self, size_t capacity);

/* Frees the buckets and, with free(), all entries. */
void tag_table_fini(struct tag_table *self);

static inline struct tag_bucket *tag_table_bucket(const struct tag_table *self,
						  struct siphash_tag tag)
{
	return &self->buckets[tag.h[0] & (self->bucket_count - 1)];
}

/* Most look-ups find nothing: a bucket without the tag's mark tells so, and no link is touched. */
static inline uint64_t tag_table_mark(struct siphash_tag tag)
{
	return UINT64_C(1) << (tag.h[1] & 63);
}

/* NULL: none. */
struct tag_link *tag_table_find(const struct tag_table *self, struct siphash_tag tag);

/* Many look-ups are waits for memory: for the bucket, then, if it may have the tag, for its first
 * link. Begun early for several tags, they are one. */
static inline void tag_table_prefetch_bucket(const struct tag_table *self, struct siphash_tag tag)
{
	__builtin_prefetch(tag_table_bucket(self, tag));
}

static inline void tag_table_prefetch_link(const struct tag_table *self, struct siphash_tag tag)
{
	const struct tag_bucket *bucket = tag_table_bucket(self, tag);

	if ((bucket->marks & tag_table_mark(tag)) != 0)
		__builtin_prefetch(bucket->first);
}

/* The link becomes the newest; its tag must not be in the table. Now and then all entries change
 * their buckets: some 50 ns for each. */
void tag_table_add(struct tag_table *self, struct tag_link *link);
void tag_table_touch(struct tag_table *self, struct tag_link *link);
void tag_table_remove(struct tag_table *self, struct tag_link *link);

#endif
