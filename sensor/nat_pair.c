/* nat_pair.c: pairs in their table. */
#include "sensor/nat_pair.h"

#include <stdlib.h>

#define NS_PER_MS UINT64_C(1000000)
#define HOLD_NS   (LIMIT_NAT_FACT_HOLD_MS * NS_PER_MS)
#define WINDOW_NS (LIMIT_NAT_WINDOW_MS * NS_PER_MS)

struct nat_pair *nat_pair_find(struct tag_table *table, struct siphash_tag tag)
{
	struct nat_pair *pair = (struct nat_pair *)(void *)tag_table_find(table, tag);

	if (pair != NULL)
		tag_table_touch(table, &pair->link);
	return pair;
}

static void drop_pair(struct tag_table *table, struct nat_pair *pair)
{
	tag_table_remove(table, &pair->link);
	free(pair);
}

static bool has_ended(const struct nat_pair *pair)
{
	return pair->has_ended[0] && (pair->count == 1 || pair->has_ended[1]);
}

struct nat_pair *nat_pair_add(struct tag_table *table, size_t max, struct siphash_tag tag,
			      const struct nat_leg *leg, uint64_t now_ns)
{
	struct nat_pair *pair;

	/* The ones that ended long ago are those that have not been asked for since. */
	while ((pair = (struct nat_pair *)(void *)table->oldest) != NULL &&
	       (table->count >= max || (has_ended(pair) && now_ns > pair->decide_ns + WINDOW_NS)))
		drop_pair(table, pair);
	pair = calloc(1, sizeof(*pair));
	if (pair == NULL)
		return NULL;
	pair->link.tag = tag;
	pair->legs[0] = *leg;
	pair->count = 1;
	pair->decide_ns = now_ns + HOLD_NS;
	tag_table_add(table, &pair->link);
	return pair;
}

void nat_pair_join(struct nat_pair *self, const struct nat_leg *leg)
{
	self->legs[1] = *leg;
	self->count = 2;
	self->inside = nat_leg_is_inside(&self->legs[0], &self->legs[1]) ? 0 : 1;
}

size_t nat_pair_leg(const struct nat_pair *self, uint64_t flow_id)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->legs[i].flow_id == flow_id)
			return i;
	return NAT_NO_LEG;
}

bool nat_pair_is_outer(const struct nat_pair *self, size_t leg)
{
	return self->count == 2 && leg != self->inside;
}

bool nat_pair_is_further(const struct nat_pair *self, const struct nat_leg *leg)
{
	const struct nat_leg *inside = &self->legs[self->inside];

	return self->count == 2 && nat_leg_is_other(inside, leg) && nat_leg_is_inside(inside, leg);
}
