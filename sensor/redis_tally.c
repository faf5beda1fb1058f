/* redis_tally.c: sums over sessions, kept by difference: a session's last values are taken out of
 * its entities before the new ones go in, so that an entity may change in mid-session. */
#include "sensor/redis_tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sensor/tag_table.h"

#define LINGER_NS UINT64_C(600000000000)

struct entity {
	struct tag_link link;
	struct tally_totals totals;
};

struct session {
	struct tag_link link;
	struct siphash_tag miner;
	struct siphash_tag entities[TALLY_KINDS];
	bool has_entity[TALLY_KINDS];
	bool is_ended;
	uint64_t last_ns;
	struct tally_totals values;
};

/* The latest session of a miner. */
struct miner {
	struct tag_link link;
	struct siphash_tag session;
};

struct redis_tally {
	struct siphash_key key;
	size_t max_sessions;
	struct tag_table sessions;
	struct tag_table miners;
	struct tag_table entities;
};

struct redis_tally *redis_tally_new(size_t max_sessions)
{
	struct redis_tally *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->max_sessions = max_sessions > 0 ? max_sessions : 1;
	if (getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key) ||
	    tag_table_init(&self->sessions, self->max_sessions) < 0 ||
	    tag_table_init(&self->miners, self->max_sessions) < 0 ||
	    tag_table_init(&self->entities, self->max_sessions) < 0) {
		redis_tally_free(self);
		return NULL;
	}
	return self;
}

void redis_tally_free(struct redis_tally *self)
{
	if (self == NULL)
		return;
	tag_table_fini(&self->sessions);
	tag_table_fini(&self->miners);
	tag_table_fini(&self->entities);
	free(self);
}

static struct siphash_tag tag_of(const struct redis_tally *self, unsigned kind, const void *bytes,
				 size_t len)
{
	struct siphash_key key = self->key;

	key.k[0] ^= kind;
	return siphash128(bytes, len, key);
}

static void drop_link(struct tag_table *table, struct tag_link *link)
{
	tag_table_remove(table, link);
	free(link);
}

/* An entity that was forgotten and met again has less than its old sessions gave. */
static void take(uint64_t *from, uint64_t value)
{
	*from -= value < *from ? value : *from;
}

/* What a session contributes now: counters for ever, the rate while it counts. */
static void subtract(struct redis_tally *self, const struct session *session, bool with_counters)
{
	const struct tally_totals *values = &session->values;

	for (size_t i = 0; i < TALLY_KINDS; i++) {
		struct entity *entity;

		if (!session->has_entity[i])
			continue;
		entity = (struct entity *)(void *)tag_table_find(&self->entities,
								 session->entities[i]);
		if (entity == NULL)
			continue; /* forgotten meanwhile */
		entity->totals.hashrate -= values->hashrate;
		if (entity->totals.hashrate < 0)
			entity->totals.hashrate = 0; /* what rounding left */
		take(&entity->totals.sessions, values->sessions);
		if (!with_counters)
			continue;
		take(&entity->totals.submitted, values->submitted);
		take(&entity->totals.accepted, values->accepted);
		take(&entity->totals.rejected, values->rejected);
		take(&entity->totals.stale, values->stale);
		entity->totals.work -= values->work;
	}
}

static void drop_session(struct redis_tally *self, struct session *session)
{
	subtract(self, session, false);
	drop_link(&self->sessions, &session->link);
}

/* Sessions that ended long ago are the ones longest without an update. */
static void forget_ended(struct redis_tally *self, uint64_t now_ns)
{
	struct tag_link *link;

	while ((link = self->sessions.oldest) != NULL) {
		struct session *session = (struct session *)(void *)link;

		if (!session->is_ended || now_ns < session->last_ns ||
		    now_ns - session->last_ns < LINGER_NS)
			return;
		drop_session(self, session);
	}
}

static struct session *find_session(struct redis_tally *self, uint64_t flow_id)
{
	struct siphash_tag tag = tag_of(self, 16, &flow_id, sizeof(flow_id));
	struct tag_link *link = tag_table_find(&self->sessions, tag);

	if (link != NULL) {
		tag_table_touch(&self->sessions, link);
		return (struct session *)(void *)link;
	}
	if (self->sessions.count >= self->max_sessions)
		drop_session(self, (struct session *)(void *)self->sessions.oldest);

	struct session *session = calloc(1, sizeof(*session));

	if (session == NULL)
		return NULL;
	session->link.tag = tag;
	tag_table_add(&self->sessions, &session->link);
	return session;
}

static struct miner *add_miner(struct redis_tally *self, struct siphash_tag tag)
{
	if (self->miners.count >= self->max_sessions)
		drop_link(&self->miners, self->miners.oldest);

	struct miner *miner = calloc(1, sizeof(*miner));

	if (miner == NULL)
		return NULL;
	miner->link.tag = tag;
	tag_table_add(&self->miners, &miner->link);
	return miner;
}

/* The session is its miner's latest: an ended one of the same miner counts no more. */
static int take_miner(struct redis_tally *self, struct session *session, const char *name)
{
	struct siphash_tag tag = tag_of(self, 17, name, strlen(name));
	struct miner *miner = (struct miner *)(void *)tag_table_find(&self->miners, tag);
	struct session *before;

	if (miner == NULL) {
		miner = add_miner(self, tag);
		if (miner == NULL)
			return -ENOMEM;
		miner->session = session->link.tag;
		return 0;
	}
	tag_table_touch(&self->miners, &miner->link);
	if (memcmp(&miner->session, &session->link.tag, sizeof(miner->session)) == 0)
		return 0;
	before = (struct session *)(void *)tag_table_find(&self->sessions, miner->session);
	if (before != NULL && before->is_ended)
		drop_session(self, before);
	miner->session = session->link.tag;
	return 0;
}

static struct entity *find_entity(struct redis_tally *self, unsigned kind, const char *key,
				  struct siphash_tag *tag)
{
	struct tag_link *link;
	struct entity *entity;

	*tag = tag_of(self, kind, key, strlen(key));
	link = tag_table_find(&self->entities, *tag);
	if (link != NULL) {
		tag_table_touch(&self->entities, link);
		return (struct entity *)(void *)link;
	}
	if (self->entities.count >= TALLY_KINDS * self->max_sessions)
		drop_link(&self->entities, self->entities.oldest);
	entity = calloc(1, sizeof(*entity));
	if (entity == NULL)
		return NULL;
	entity->link.tag = *tag;
	tag_table_add(&self->entities, &entity->link);
	return entity;
}

static void add(struct tally_totals *sum, const struct tally_totals *values)
{
	sum->submitted += values->submitted;
	sum->accepted += values->accepted;
	sum->rejected += values->rejected;
	sum->stale += values->stale;
	sum->work += values->work;
	sum->hashrate += values->hashrate;
	sum->sessions += values->sessions;
}

int redis_tally_update(struct redis_tally *self, const struct tally_update *update,
		       struct tally_totals totals[TALLY_KINDS])
{
	struct session *session;
	int error;

	memset(totals, 0, TALLY_KINDS * sizeof(totals[0]));
	forget_ended(self, update->time_ns);
	session = find_session(self, update->flow_id);
	if (session == NULL)
		return -ENOMEM;
	error = take_miner(self, session, update->miner);
	if (error < 0)
		return error;
	subtract(self, session, true);
	session->values = update->values;
	session->values.sessions = !update->is_end;
	session->is_ended = update->is_end;
	session->last_ns = update->time_ns;
	for (unsigned i = 0; i < TALLY_KINDS; i++) {
		struct entity *entity;

		session->has_entity[i] = false;
		if (update->keys[i] == NULL)
			continue;
		entity = find_entity(self, i, update->keys[i], &session->entities[i]);
		if (entity == NULL)
			return -ENOMEM;
		session->has_entity[i] = true;
		add(&entity->totals, &session->values);
		totals[i] = entity->totals;
	}
	return 0;
}
