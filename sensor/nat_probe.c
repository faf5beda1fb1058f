/* nat_probe.c: counts handshakes by server and side. */
#include "sensor/nat_probe.h"

#include <stdlib.h>
#include <string.h>

struct target {
	struct tag_link link; /* first: found by it */
	uint32_t seen[2];     /* inside, outside */
};

int nat_probe_init(struct nat_probe *self, struct siphash_key key)
{
	self->key = key;
	return tag_table_init(&self->targets, LIMIT_NAT_TARGETS);
}

void nat_probe_fini(struct nat_probe *self)
{
	tag_table_fini(&self->targets);
}

static struct siphash_tag target_tag(const struct nat_probe *self, const struct flow_key *key,
				     int client_side)
{
	uint8_t bytes[18];

	memcpy(bytes, key->addr[!client_side], 16);
	memcpy(bytes + 16, &key->port[!client_side], 2);
	return siphash128(bytes, sizeof(bytes), self->key);
}

/* NULL: out of memory. */
static struct target *find_target(struct nat_probe *self, struct siphash_tag tag)
{
	struct target *target = (struct target *)(void *)tag_table_find(&self->targets, tag);

	if (target != NULL) {
		tag_table_touch(&self->targets, &target->link);
		return target;
	}
	if (self->targets.count >= LIMIT_NAT_TARGETS) {
		target = (struct target *)(void *)self->targets.oldest;
		tag_table_remove(&self->targets, &target->link);
		memset(target, 0, sizeof(*target));
	} else {
		target = calloc(1, sizeof(*target));
	}
	if (target == NULL)
		return NULL;
	target->link.tag = tag;
	tag_table_add(&self->targets, &target->link);
	return target;
}

bool nat_probe_handshake(struct nat_probe *self, const struct flow_key *key, int client_side,
			 bool is_outside)
{
	struct target *target;

	if (self->is_settled || self->is_opaque)
		return false;
	target = find_target(self, target_tag(self, key, client_side));
	if (target == NULL)
		return false;
	if (target->seen[is_outside] < target->seen[!is_outside])
		self->both++;
	target->seen[is_outside]++;
	self->is_opaque = self->both >= LIMIT_NAT_OPAQUE;
	return self->is_opaque;
}

void nat_probe_pair(struct nat_probe *self)
{
	self->is_settled = true;
}
