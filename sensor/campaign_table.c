/* campaign_table.c: campaigns, hosts and memberships, linked and capped. */
#include "sensor/campaign_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum tag_use { TAG_CAMPAIGN = 1, TAG_HOST };

static struct siphash_tag tag_of(const struct campaign_store *self, enum tag_use use,
				 const void *bytes, size_t len)
{
	struct siphash_key key = self->key;

	key.k[0] ^= (uint64_t)use;
	return siphash128(bytes, len, key);
}

static struct siphash_tag campaign_tag(const struct campaign_store *self, uint64_t id)
{
	return tag_of(self, TAG_CAMPAIGN, &id, sizeof(id));
}

static struct siphash_tag host_tag(const struct campaign_store *self, const char *host)
{
	return tag_of(self, TAG_HOST, host, strlen(host));
}

static struct siphash_tag member_tag(const struct campaign_store *self, uint64_t id,
				     struct siphash_tag host)
{
	uint64_t parts[3] = { id, host.h[0], host.h[1] };

	return siphash128(parts, sizeof(parts), self->key);
}

int campaign_store_init(struct campaign_store *self, const struct campaign_caps *caps)
{
	memset(self, 0, sizeof(*self));
	self->caps.campaigns = caps->campaigns > 0 ? caps->campaigns : LIMIT_CAMPAIGNS;
	self->caps.members = caps->members > 0 ? caps->members : LIMIT_CAMPAIGN_HOSTS;
	self->caps.of_host = caps->of_host > 0 ? caps->of_host : LIMIT_HOST_CAMPAIGNS;
	self->caps.all_members = caps->all_members > 0 ? caps->all_members : LIMIT_CAMPAIGN_ENTRIES;
	if (getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key))
		return -EIO;
	if (tag_table_init(&self->campaigns, self->caps.campaigns) < 0 ||
	    tag_table_init(&self->hosts, self->caps.all_members) < 0 ||
	    tag_table_init(&self->members, self->caps.all_members) < 0)
		return -ENOMEM;
	return 0;
}

void campaign_store_fini(struct campaign_store *self)
{
	for (size_t kind = 0; kind < CAMPAIGN_WALLET; kind++) {
		while (self->queues[kind].first != NULL) {
			struct campaign_pending *pending = self->queues[kind].first;

			self->queues[kind].first = pending->next;
			free(pending);
		}
	}
	tag_table_fini(&self->members);
	tag_table_fini(&self->hosts);
	tag_table_fini(&self->campaigns);
	alert_heap_fini(&self->heap);
}

struct campaign *campaign_store_find(const struct campaign_store *self, uint64_t id)
{
	return (struct campaign *)(void *)tag_table_find(&self->campaigns, campaign_tag(self, id));
}

struct campaign_host *campaign_store_host(const struct campaign_store *self, const char *host)
{
	return (struct campaign_host *)(void *)tag_table_find(&self->hosts, host_tag(self, host));
}

struct campaign_member *campaign_store_member(const struct campaign_store *self, uint64_t id,
					      const char *host)
{
	struct siphash_tag tag = member_tag(self, id, host_tag(self, host));

	return (struct campaign_member *)(void *)tag_table_find(&self->members, tag);
}

int campaign_store_wait(struct campaign_store *self, struct campaign_member *member,
			uint64_t due_ns, const struct campaign_sighting *sighting)
{
	struct campaign_pending *pending = malloc(sizeof(*pending));
	struct campaign_queue *queue = &self->queues[sighting->kind];

	if (pending == NULL)
		return -ENOMEM;
	pending->next = NULL;
	pending->before = queue->last;
	pending->member = member;
	pending->due_ns = due_ns;
	pending->sighting = *sighting;
	if (queue->last != NULL)
		queue->last->next = pending;
	else
		queue->first = pending;
	queue->last = pending;
	member->pending = pending;
	return 0;
}

void campaign_store_end_wait(struct campaign_store *self, struct campaign_pending *pending)
{
	struct campaign_queue *queue = &self->queues[pending->sighting.kind];

	if (pending->before != NULL)
		pending->before->next = pending->next;
	else
		queue->first = pending->next;
	if (pending->next != NULL)
		pending->next->before = pending->before;
	else
		queue->last = pending->before;
	pending->member->pending = NULL;
	free(pending);
}

struct campaign_pending *campaign_store_next(const struct campaign_store *self)
{
	struct campaign_pending *next = NULL;

	for (size_t kind = 0; kind < CAMPAIGN_WALLET; kind++) {
		struct campaign_pending *first = self->queues[kind].first;

		if (first != NULL && (next == NULL || first->due_ns <= next->due_ns))
			next = first;
	}
	return next;
}

static void append_member(struct campaign *campaign, struct campaign_member *member)
{
	member->older = campaign->newest;
	member->newer = NULL;
	if (campaign->newest != NULL)
		campaign->newest->newer = member;
	else
		campaign->oldest = member;
	campaign->newest = member;
}

static void unlink_member(struct campaign *campaign, struct campaign_member *member)
{
	if (member->older != NULL)
		member->older->newer = member->newer;
	else
		campaign->oldest = member->newer;
	if (member->newer != NULL)
		member->newer->older = member->older;
	else
		campaign->newest = member->older;
}

static void leave_host(struct campaign_store *self, struct campaign_member *member)
{
	struct campaign_host *host = member->host;
	struct campaign_member **at = &host->members;

	while (*at != member)
		at = &(*at)->next_of_host;
	*at = member->next_of_host;
	if (--host->count > 0)
		return;
	tag_table_remove(&self->hosts, &host->link);
	free(host);
}

void campaign_store_drop_member(struct campaign_store *self, struct campaign_member *member)
{
	struct campaign *campaign = member->campaign;

	if (member->pending != NULL)
		campaign_store_end_wait(self, member->pending);
	else
		campaign->members--;
	campaign->superseded -= member->is_superseded;
	campaign->entries--;
	unlink_member(campaign, member);
	leave_host(self, member);
	tag_table_remove(&self->members, &member->link);
	free(member);
}

void campaign_store_drop(struct campaign_store *self, struct campaign *campaign)
{
	struct campaign_member *newer;

	for (struct campaign_member *one = campaign->oldest; one != NULL; one = newer) {
		newer = one->newer;
		campaign_store_drop_member(self, one);
	}
	alert_heap_remove(&self->heap, &campaign->timer);
	tag_table_remove(&self->campaigns, &campaign->link);
	free(campaign);
}

void campaign_store_touch(struct campaign_store *self, struct campaign_member *member,
			  uint64_t time_ns)
{
	struct campaign *campaign = member->campaign;

	if (time_ns > member->last_ns)
		member->last_ns = time_ns;
	if (time_ns > campaign->last_ns)
		campaign->last_ns = time_ns;
	unlink_member(campaign, member);
	append_member(campaign, member);
	tag_table_touch(&self->members, &member->link);
	tag_table_touch(&self->campaigns, &campaign->link);
}

static struct campaign *need_campaign(struct campaign_store *self, uint64_t id,
				      void (*about_to_forget)(void *ctx, struct campaign *one),
				      void *ctx)
{
	struct campaign *campaign = campaign_store_find(self, id);

	if (campaign != NULL)
		return campaign;
	if (self->campaigns.count >= self->caps.campaigns) {
		struct campaign *oldest = (struct campaign *)(void *)self->campaigns.oldest;

		if (about_to_forget != NULL)
			about_to_forget(ctx, oldest);
		self->dropped++;
		campaign_store_drop(self, oldest);
	}
	campaign = calloc(1, sizeof(*campaign));
	if (campaign == NULL)
		return NULL;
	campaign->link.tag = campaign_tag(self, id);
	campaign->id = id;
	campaign->timer.id = id;
	campaign->timer.owner = campaign;
	tag_table_add(&self->campaigns, &campaign->link);
	return campaign;
}

static struct campaign_host *need_host(struct campaign_store *self, const char *text)
{
	struct campaign_host *host = campaign_store_host(self, text);

	if (host != NULL)
		return host;
	host = calloc(1, sizeof(*host));
	if (host == NULL)
		return NULL;
	host->link.tag = host_tag(self, text);
	tag_table_add(&self->hosts, &host->link);
	return host;
}

static void forget_member(struct campaign_store *self, struct campaign_member *member)
{
	self->dropped++;
	campaign_store_drop_member(self, member);
}

static struct campaign_member *idlest_of_host(const struct campaign_host *host)
{
	struct campaign_member *idlest = host->members;

	for (struct campaign_member *one = host->members; one != NULL; one = one->next_of_host)
		if (one->last_ns <= idlest->last_ns)
			idlest = one;
	return idlest;
}

/* Room for one more member of both. The host must stay: it has another membership, or none to lose.
 */
static void make_room(struct campaign_store *self, const struct campaign *campaign,
		      const struct campaign_host *host)
{
	if (campaign->entries >= self->caps.members)
		forget_member(self, campaign->oldest);
	if (host->count > 1 && host->count >= self->caps.of_host)
		forget_member(self, idlest_of_host(host));
}

struct campaign_member *campaign_store_add(struct campaign_store *self, uint64_t id,
					   const char *host_text, uint64_t time_ns,
					   void (*about_to_forget)(void *ctx, struct campaign *one),
					   void *ctx)
{
	struct campaign_member *member = calloc(1, sizeof(*member));
	struct campaign *campaign;
	struct campaign_host *host;

	if (self->members.count >= self->caps.all_members)
		forget_member(self, (struct campaign_member *)(void *)self->members.oldest);
	campaign = need_campaign(self, id, about_to_forget, ctx);
	host = member != NULL && campaign != NULL ? need_host(self, host_text) : NULL;
	if (host == NULL) {
		free(member);
		return NULL;
	}
	make_room(self, campaign, host);
	member->campaign = campaign;
	member->host = host;
	member->joined_ns = time_ns;
	member->last_ns = time_ns;
	member->link.tag = member_tag(self, id, host->link.tag);
	member->next_of_host = host->members;
	host->members = member;
	host->count++;
	campaign->entries++;
	append_member(campaign, member);
	tag_table_add(&self->members, &member->link);
	tag_table_touch(&self->campaigns, &campaign->link);
	if (time_ns > campaign->last_ns)
		campaign->last_ns = time_ns;
	return member;
}
