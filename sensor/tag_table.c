/* tag_table.c: chained buckets and a list by last use. */
#include "sensor/tag_table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "sensor/large.h"

#define TAG_BUCKETS_MIN 64u
#define TAG_BUCKETS_MAX (1u << 22)

int tag_table_init(struct tag_table *self, size_t capacity)
{
	memset(self, 0, sizeof(*self));
	self->bucket_count = TAG_BUCKETS_MIN;
	self->bucket_max = TAG_BUCKETS_MIN;
	while (self->bucket_max < capacity && self->bucket_max < TAG_BUCKETS_MAX)
		self->bucket_max *= 2;
	self->buckets = large_alloc(self->bucket_count * sizeof(*self->buckets));
	return self->buckets != NULL ? 0 : -ENOMEM;
}

void tag_table_fini(struct tag_table *self)
{
	while (self->oldest != NULL) {
		struct tag_link *link = self->oldest;

		self->oldest = link->newer;
		free(link);
	}
	free(self->buckets);
	memset(self, 0, sizeof(*self));
}

struct tag_link *tag_table_find(const struct tag_table *self, struct siphash_tag tag)
{
	const struct tag_bucket *bucket = tag_table_bucket(self, tag);
	struct tag_link *link = (bucket->marks & tag_table_mark(tag)) != 0 ? bucket->first : NULL;

	while (link != NULL && (link->tag.h[0] != tag.h[0] || link->tag.h[1] != tag.h[1]))
		link = link->next;
	return link;
}

static void list_append(struct tag_table *self, struct tag_link *link)
{
	link->older = self->newest;
	link->newer = NULL;
	if (self->newest != NULL)
		self->newest->newer = link;
	else
		self->oldest = link;
	self->newest = link;
}

static void list_unlink(struct tag_table *self, struct tag_link *link)
{
	if (link->older != NULL)
		link->older->newer = link->newer;
	else
		self->oldest = link->newer;
	if (link->newer != NULL)
		link->newer->older = link->older;
	else
		self->newest = link->older;
}

static void put_in_bucket(struct tag_table *self, struct tag_link *link)
{
	struct tag_bucket *bucket = tag_table_bucket(self, link->tag);

	link->next = bucket->first;
	bucket->first = link;
	bucket->marks |= tag_table_mark(link->tag);
}

/* Without memory the chains only become longer. */
static void grow(struct tag_table *self)
{
	struct tag_bucket *buckets = large_alloc(2 * self->bucket_count * sizeof(*buckets));

	if (buckets == NULL)
		return;
	free(self->buckets);
	self->buckets = buckets;
	self->bucket_count *= 2;
	for (struct tag_link *link = self->oldest; link != NULL; link = link->newer)
		put_in_bucket(self, link);
}

void tag_table_add(struct tag_table *self, struct tag_link *link)
{
	if (self->count >= self->bucket_count && self->bucket_count < self->bucket_max)
		grow(self);
	put_in_bucket(self, link);
	list_append(self, link);
	self->count++;
}

void tag_table_touch(struct tag_table *self, struct tag_link *link)
{
	if (self->newest == link)
		return;
	list_unlink(self, link);
	list_append(self, link);
}

/* A full table loses its oldest link for each new one: what the next such loss takes is begun. */
static void prefetch_oldest(const struct tag_table *self)
{
	if (self->oldest == NULL)
		return;
	tag_table_prefetch_bucket(self, self->oldest->tag);
	__builtin_prefetch(self->oldest->newer);
}

void tag_table_remove(struct tag_table *self, struct tag_link *link)
{
	struct tag_bucket *bucket = tag_table_bucket(self, link->tag);
	struct tag_link **at = &bucket->first;
	bool is_oldest = link == self->oldest;

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	if (bucket->first == NULL)
		bucket->marks = 0;
	list_unlink(self, link);
	self->count--;
	if (is_oldest)
		prefetch_oldest(self);
}
