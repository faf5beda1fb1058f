/* nat_address.c: ranks of addresses, and the ones that were learnt.
 *
 * Reference: RFC 1918, RFC 6598 (100.64.0.0/10), RFC 4193 (fc00::/7). */
#include "sensor/nat_address.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sensor/tag_table.h"

struct nat_addresses {
	struct nat_address_options options;
	struct siphash_key key;
	struct tag_table learnt; /* links only: a tag stands for scope and address */
};

struct address {
	uint8_t addr[16];
	struct scope scope;
	uint8_t ip_version;
	uint8_t reserved[3];
};

struct nat_addresses *nat_addresses_new(const struct nat_address_options *options)
{
	struct nat_addresses *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->options = *options;
	if (tag_table_init(&self->learnt, LIMIT_NAT_ADDRESSES) < 0 ||
	    getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key)) {
		nat_addresses_free(self);
		return NULL;
	}
	return self;
}

void nat_addresses_free(struct nat_addresses *self)
{
	if (self == NULL)
		return;
	tag_table_fini(&self->learnt);
	free(self);
}

static struct siphash_tag address_tag(const struct nat_addresses *self, const struct flow_key *key,
				      int side)
{
	struct address address;

	memset(&address, 0, sizeof(address));
	memcpy(address.addr, key->addr[side], sizeof(address.addr));
	address.scope = key->scope;
	address.ip_version = key->ip_version;
	return siphash128(&address, sizeof(address), self->key);
}

static bool is_private(const struct flow_key *key, int side)
{
	const uint8_t *addr = key->addr[side];

	if (key->ip_version == 6)
		return (addr[0] & 0xfe) == 0xfc;
	return addr[0] == 10 || (addr[0] == 172 && (addr[1] & 0xf0) == 16) ||
	       (addr[0] == 192 && addr[1] == 168) || (addr[0] == 100 && (addr[1] & 0xc0) == 64);
}

bool nat_addresses_is_home(const struct nat_addresses *self, const struct flow_key *key, int side)
{
	return net_prefixes_contain(self->options.home, self->options.home_count, key->ip_version,
				    key->addr[side]);
}

enum nat_rank nat_addresses_rank(const struct nat_addresses *self, const struct flow_key *key,
				 int side)
{
	if (net_prefixes_contain(self->options.nat, self->options.nat_count, key->ip_version,
				 key->addr[side]))
		return NAT_RANK_CONFIGURED;
	if (self->learnt.count > 0 &&
	    tag_table_find(&self->learnt, address_tag(self, key, side)) != NULL)
		return NAT_RANK_LEARNT;
	if (is_private(key, side))
		return NAT_RANK_PRIVATE;
	return nat_addresses_is_home(self, key, side) ? NAT_RANK_HOME : NAT_RANK_PUBLIC;
}

void nat_addresses_learn(struct nat_addresses *self, const struct flow_key *key, int side)
{
	struct siphash_tag tag = address_tag(self, key, side);
	struct tag_link *link = tag_table_find(&self->learnt, tag);

	if (link != NULL) {
		tag_table_touch(&self->learnt, link);
		return;
	}
	if (self->learnt.count >= LIMIT_NAT_ADDRESSES) {
		link = self->learnt.oldest;
		tag_table_remove(&self->learnt, link);
	} else {
		link = calloc(1, sizeof(*link));
	}
	if (link == NULL)
		return; /* it will be learnt another time */
	link->tag = tag;
	tag_table_add(&self->learnt, link);
}

bool nat_addresses_any(const struct nat_addresses *self)
{
	return self->options.nat_count > 0 || self->learnt.count > 0;
}
