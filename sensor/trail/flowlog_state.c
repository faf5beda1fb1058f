/* flowlog_state.c: the tables of flows, talks, hosts, NATs and confirmed endpoints. */
#include "sensor/trail/flowlog_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BUCKETS 16384 /* of the large tables, at first */

/* What is hashed. Texts are of names: equal texts are equal pointers. Zeroed: padding counts. */
struct key {
	struct flowlog_place place;
	struct flowlog_addr local;
	struct flowlog_addr remote;
	uint16_t local_port;
	uint16_t remote_port;
};

static struct siphash_tag tag_of(const struct flowlog *self, const struct key *key)
{
	return siphash128(key, sizeof(*key), self->key);
}

static void set_place(struct key *key, const struct flowlog_place *place)
{
	memset(key, 0, sizeof(*key));
	key->place.account = place->account;
	key->place.region = place->region;
	key->place.vpc = place->vpc;
	key->place.eni = place->eni;
}

static void copy_addr(struct flowlog_addr *out, const struct flowlog_addr *addr)
{
	memcpy(out->bytes, addr->bytes, sizeof(out->bytes));
	out->ip_version = addr->ip_version;
}

/* A zeroed entry; the oldest goes when the table is full. NULL: no memory. */
static void *add(struct flowlog *self, struct tag_table *table, struct siphash_tag tag, size_t size,
		 size_t cap)
{
	struct tag_link *link = calloc(1, size);

	if (link == NULL)
		return NULL;
	if (table->count >= cap) {
		struct tag_link *oldest = table->oldest;

		tag_table_remove(table, oldest);
		free(oldest);
		self->counts.forgotten++;
	}
	link->tag = tag;
	tag_table_add(table, link);
	return link;
}

/* --- flows ---------------------------------------------------------------------------------- */

static struct siphash_tag flow_tag(const struct flowlog *self, const struct flowlog_place *place,
				   const struct flowlog_sides *sides)
{
	struct key key;

	set_place(&key, place);
	copy_addr(&key.local, &sides->local);
	copy_addr(&key.remote, &sides->remote);
	key.local_port = sides->local_port;
	key.remote_port = sides->remote_port;
	return tag_of(self, &key);
}

static void free_flow(struct flowlog *self, struct flowlog_flow *flow)
{
	tag_table_remove(&self->flows, &flow->link);
	flowlog_source_unref(flow->proof.source);
	free(flow);
}

struct flowlog_flow *flowlog_get_flow(struct flowlog *self, const struct flowlog_place *place,
				      const struct flowlog_sides *sides)
{
	struct siphash_tag tag = flow_tag(self, place, sides);
	struct flowlog_flow *flow = (void *)tag_table_find(&self->flows, tag);

	if (flow != NULL) {
		tag_table_touch(&self->flows, &flow->link);
		if (flow->place.instance[0] == '\0')
			flow->place.instance = place->instance;
		return flow;
	}
	/* flowlog_forget_flows() made room. */
	flow = add(self, &self->flows, tag, sizeof(*flow), SIZE_MAX);
	if (flow == NULL)
		return NULL;
	flow->place = *place;
	flow->local = sides->local;
	flow->remote = sides->remote;
	flow->local_port = sides->local_port;
	flow->remote_port = sides->remote_port;
	return flow;
}

int flowlog_forget_flows(struct flowlog *self, uint64_t now_s)
{
	struct flowlog_flow *oldest;

	while ((oldest = (void *)self->flows.oldest) != NULL) {
		bool is_full = self->flows.count >= FLOWLOG_FLOWS;

		if (!is_full && oldest->last_s + FLOWLOG_IDLE_S >= now_s)
			break;
		if (flowlog_hand_over(self, oldest) != 0)
			return -ENOMEM;
		self->counts.forgotten += is_full;
		free_flow(self, oldest);
	}
	return 0;
}

/* --- talks ---------------------------------------------------------------------------------- */

static struct siphash_tag talk_tag(const struct flowlog *self, const struct flowlog_flow *flow)
{
	struct key key;

	set_place(&key, &flow->place);
	copy_addr(&key.local, &flow->local);
	copy_addr(&key.remote, &flow->remote);
	key.remote_port = flow->remote_port;
	return tag_of(self, &key);
}

static struct flowlog_talk *new_talk(struct flowlog *self, const struct flowlog_flow *flow,
				     struct siphash_tag tag)
{
	struct flowlog_talk *talk;

	if (self->talks.count >= FLOWLOG_TALKS) {
		struct flowlog_talk *oldest = (void *)self->talks.oldest;

		flowlog_source_unref(oldest->proof.source);
	}
	talk = add(self, &self->talks, tag, sizeof(*talk), FLOWLOG_TALKS);
	if (talk == NULL)
		return NULL;
	talk->place = flow->place;
	talk->local = flow->local;
	talk->remote = flow->remote;
	talk->remote_port = flow->remote_port;
	talk->first_s = flow->first_s;
	return talk;
}

int flowlog_hand_over(struct flowlog *self, struct flowlog_flow *flow)
{
	struct siphash_tag tag = talk_tag(self, flow);
	struct flowlog_talk *talk = (void *)tag_table_find(&self->talks, tag);
	bool is_thin = flowlog_flow_is_thin(flow, self->store->settings->flow_lifetime_s);

	if (talk == NULL) {
		if (!is_thin && flow->listed == 0 &&
		    !flowlog_is_confirmed(self, &flow->remote, flow->remote_port))
			return 0;
		talk = new_talk(self, flow, tag);
		if (talk == NULL)
			return -ENOMEM;
	} else {
		tag_table_touch(&self->talks, &talk->link);
	}
	if (talk->place.instance[0] == '\0')
		talk->place.instance = flow->place.instance;
	talk->is_thin |= is_thin;
	talk->listed = flow->listed != 0 ? flow->listed : talk->listed;
	if (flow->first_s < talk->first_s)
		talk->first_s = flow->first_s;
	if (flow->last_s > talk->last_s)
		talk->last_s = flow->last_s;
	talk->bytes += flow->bytes - flow->handed;
	flow->handed = flow->bytes;
	flowlog_prove(&talk->proof, flow->proof.start_s, flow->proof.source, flow->proof.number);
	return 0;
}

/* --- hosts ---------------------------------------------------------------------------------- */

/* By account and region only: one that is seen at two interfaces is one. */
static struct siphash_tag host_tag(const struct flowlog *self, const struct flowlog_place *place,
				   const struct flowlog_addr *addr)
{
	struct key key;

	memset(&key, 0, sizeof(key));
	key.place.account = place->account;
	key.place.region = place->region;
	if (addr != NULL)
		copy_addr(&key.local, addr);
	return tag_of(self, &key);
}

int flowlog_see_host(struct flowlog *self, const struct flowlog_place *place,
		     const struct flowlog_addr *addr, uint64_t start_s)
{
	struct siphash_tag tag = host_tag(self, place, addr);
	struct flowlog_host *host = (void *)tag_table_find(&self->hosts, tag);

	if (host == NULL) {
		host = add(self, &self->hosts, tag, sizeof(*host), FLOWLOG_HOSTS);
		if (host == NULL)
			return -ENOMEM;
		host->first_s = start_s;
	} else {
		tag_table_touch(&self->hosts, &host->link);
	}
	if (start_s < host->first_s)
		host->first_s = start_s;
	return 0;
}

uint64_t flowlog_host_first(const struct flowlog *self, const struct flowlog_place *place,
			    const struct flowlog_addr *addr)
{
	const struct flowlog_host *host =
		(void *)tag_table_find(&self->hosts, host_tag(self, place, addr));

	return host != NULL ? host->first_s : UINT64_MAX;
}

/* --- NATs ----------------------------------------------------------------------------------- */

static struct siphash_tag nat_tag(const struct flowlog *self, const struct flowlog_place *place,
				  const struct flowlog_addr *addr)
{
	struct key key;

	set_place(&key, place);
	copy_addr(&key.local, addr);
	return tag_of(self, &key);
}

int flowlog_learn_nat(struct flowlog *self, const struct flowlog_place *place,
		      const struct flowlog_addr *addr)
{
	struct siphash_tag tag = nat_tag(self, place, addr);
	struct tag_link *link = tag_table_find(&self->nats, tag);

	if (link != NULL) {
		tag_table_touch(&self->nats, link);
		return 0;
	}
	return add(self, &self->nats, tag, sizeof(*link), FLOWLOG_NATS) != NULL ? 0 : -ENOMEM;
}

bool flowlog_is_nat(const struct flowlog *self, const struct flowlog_place *place,
		    const struct flowlog_addr *addr)
{
	return tag_table_find(&self->nats, nat_tag(self, place, addr)) != NULL;
}

/* --- confirmed endpoints -------------------------------------------------------------------- */

static struct siphash_tag endpoint_tag(const struct flowlog *self, const struct flowlog_addr *addr,
				       uint16_t port)
{
	struct key key;

	memset(&key, 0, sizeof(key));
	copy_addr(&key.remote, addr);
	key.remote_port = port;
	return tag_of(self, &key);
}

static int add_confirmed(struct flowlog *self, const struct alert *alert)
{
	struct flowlog_addr addr = { 0 };
	struct siphash_tag tag;

	if (inet_pton(AF_INET, alert->server, addr.bytes) == 1)
		addr.ip_version = 4;
	else if (inet_pton(AF_INET6, alert->server, addr.bytes) == 1)
		addr.ip_version = 6;
	else
		return 0;
	tag = endpoint_tag(self, &addr, alert->server_port);
	if (tag_table_find(&self->confirmed, tag) != NULL)
		return 0;
	return add(self, &self->confirmed, tag, sizeof(struct tag_link), TRAIL_ALERTS) != NULL
		       ? 0
		       : -ENOMEM;
}

int flowlog_read_confirmed(struct flowlog *self)
{
	int result = 0;

	if (self->store->version == self->confirmed_version)
		return 0;
	STORE_EACH (self->store->alerts, const struct alert, alert) {
		if (result == 0 && strcmp(alert->level, "confirmed") == 0)
			result = add_confirmed(self, alert);
	}
	self->confirmed_version = self->store->version;
	return result;
}

bool flowlog_is_confirmed(const struct flowlog *self, const struct flowlog_addr *addr,
			  uint16_t port)
{
	return tag_table_find(&self->confirmed, endpoint_tag(self, addr, port)) != NULL;
}

/* --- all of it ------------------------------------------------------------------------------ */

int flowlog_state_init(struct flowlog *self)
{
	self->names = text_pool_new(FLOWLOG_NAMES_BYTES);
	self->confirmed_version = UINT64_MAX;
	if (self->names == NULL ||
	    getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key))
		return -ENOMEM;
	if (tag_table_init(&self->flows, (size_t)4 * BUCKETS) != 0 ||
	    tag_table_init(&self->talks, BUCKETS) != 0 ||
	    tag_table_init(&self->hosts, BUCKETS) != 0 || tag_table_init(&self->nats, 0) != 0 ||
	    tag_table_init(&self->confirmed, BUCKETS) != 0)
		return -ENOMEM;
	return 0;
}

void flowlog_state_fini(struct flowlog *self)
{
	STORE_EACH (self->flows, struct flowlog_flow, flow) {
		flowlog_source_unref(flow->proof.source);
	}
	STORE_EACH (self->talks, struct flowlog_talk, talk) {
		flowlog_source_unref(talk->proof.source);
	}
	tag_table_fini(&self->flows);
	tag_table_fini(&self->talks);
	tag_table_fini(&self->hosts);
	tag_table_fini(&self->nats);
	tag_table_fini(&self->confirmed);
	text_pool_free(self->names);
}
