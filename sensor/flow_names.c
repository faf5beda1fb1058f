/* flow_names.c: a tag table by flow id. */
#include "sensor/flow_names.h"

#include <stdlib.h>
#include <sys/random.h>

struct flow_names {
	struct tag_table flows;
	size_t capacity;
	struct siphash_key key;
	struct stats *stats;
};

struct flow_names *flow_names_new(size_t capacity, struct stats *stats)
{
	struct flow_names *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->capacity = capacity;
	self->stats = stats;
	if (tag_table_init(&self->flows, capacity) < 0 ||
	    getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key)) {
		flow_names_free(self);
		return NULL;
	}
	return self;
}

void flow_names_free(struct flow_names *self)
{
	if (self == NULL)
		return;
	tag_table_fini(&self->flows);
	free(self);
}

static struct siphash_tag tag_of(const struct flow_names *self, uint64_t flow_id)
{
	return siphash128(&flow_id, sizeof(flow_id), self->key);
}

static void drop(struct flow_names *self, struct flow_name *flow)
{
	tag_table_remove(&self->flows, &flow->link);
	free(flow);
}

/* NULL: out of memory, counted. */
static struct flow_name *take(struct flow_names *self, uint64_t flow_id)
{
	struct siphash_tag tag = tag_of(self, flow_id);
	struct flow_name *flow = (struct flow_name *)tag_table_find(&self->flows, tag);

	if (flow != NULL) {
		tag_table_touch(&self->flows, &flow->link);
		return flow;
	}
	if (self->flows.count >= self->capacity && self->flows.oldest != NULL) {
		stats_add(self->stats->correlator_capped, 1);
		drop(self, (struct flow_name *)self->flows.oldest);
	}
	flow = calloc(1, sizeof(*flow));
	if (flow == NULL) {
		stats_add(self->stats->correlator_capped, 1);
		return NULL;
	}
	flow->link.tag = tag;
	tag_table_add(&self->flows, &flow->link);
	return flow;
}

/* What does not fit is cut: it is shown, never compared. */
static void set_name(struct flow_name *flow, const char *name, enum name_source source)
{
	slice_copy(slice_str(name), flow->name, sizeof(flow->name));
	flow->source = (uint8_t)source;
}

void flow_names_name(struct flow_names *self, const struct name_fact *fact)
{
	struct flow_name *flow = take(self, fact->flow_id);

	if (flow == NULL || fact->source < flow->source)
		return;
	flow->listed = fact->listed;
	set_name(flow, fact->name, (enum name_source)fact->source);
}

void flow_names_hello(struct flow_names *self, const struct hello_fact *fact)
{
	struct flow_name *flow = take(self, fact->flow_id);

	if (flow == NULL)
		return;
	flow->hello = fact->view;
	flow->has_hello = 1;
	if (flow->source == NAME_NONE && fact->view.sni[0] != '\0')
		set_name(flow, fact->view.sni, NAME_SNI);
}

const struct flow_name *flow_names_find(const struct flow_names *self, uint64_t flow_id)
{
	if (self->flows.count == 0)
		return NULL;
	return (const struct flow_name *)tag_table_find(&self->flows, tag_of(self, flow_id));
}

void flow_names_drop(struct flow_names *self, uint64_t flow_id)
{
	struct flow_name *flow =
		(struct flow_name *)tag_table_find(&self->flows, tag_of(self, flow_id));

	if (flow != NULL)
		drop(self, flow);
}
