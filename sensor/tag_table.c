/* tag_table.c: chained buckets and a list by last use. */
#include "sensor/tag_table.h"

#include <errno.h>
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
	self->buckets = large_alloc(self->bucket_count * sizeof(struct tag_link *));
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

static struct tag_link **find_bucket(const struct tag_table *self, struct siphash_tag tag)
{
	return &self->buckets[tag.h[0] & (self->bucket_count - 1)];
}

struct tag_link *tag_table_find(const struct tag_table *self, struct siphash_tag tag)
{
	struct tag_link *link = *find_bucket(self, tag);

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
	struct tag_link **bucket = find_bucket(self, link->tag);

	link->next = *bucket;
	*bucket = link;
}

/* Without memory the chains only become longer. */
static void grow(struct tag_table *self)
{
	struct tag_link **buckets = large_alloc(2 * self->bucket_count * sizeof(struct tag_link *));

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

void tag_table_remove(struct tag_table *self, struct tag_link *link)
{
	struct tag_link **at = find_bucket(self, link->tag);

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	list_unlink(self, link);
	self->count--;
}
