/* dns_labels.c: a table of (scope, client, address) and a small one of shared addresses.
 *
 *	answer of client C: pool.example.net = A, B
 *	   labels:  (C, A) -> pool.example.net     domains:  A -> example.net
 *	            (C, B) -> pool.example.net               B -> example.net
 *
 * The second one has one slot for many addresses and forgets when two meet: an address is called
 * shared only after two domains were seen at it in turn. */
#include "sensor/dns_labels.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sensor/large.h"
#include "sensor/tag_table.h"

#define NS_PER_S  UINT64_C(1000000000)
#define SLOTS_MIN 1024u
#define SLOTS_MAX (1u << 20)
#define IS_SHARED UINT32_C(1)
#define NAME_UNIT 32u /* room for names comes in these, so that one entry fits the next */

struct label {
	struct tag_link link; /* first: found by it */
	uint64_t until_ns;
	uint32_t listed;
	uint32_t lifetime_s;
	uint32_t size; /* of name */
	char name[];
};

/* Of an address: 32 bits of its hash, 31 of the domain last seen at it, and whether it is shared.
 */
struct domain_slot {
	uint32_t address;
	uint32_t domain;
};

struct dns_labels {
	struct tag_table labels;
	struct domain_slot *slots;
	size_t slot_count; /* a power of two */
	size_t capacity;
	struct siphash_key key;
	struct stats *stats;
};

/* Where an address of an answer is kept. */
struct place {
	struct siphash_tag tag;
	struct domain_slot *slot;
	uint32_t address; /* its hash, as in slot */
};

/* Hashed as bytes. */
struct label_key {
	struct scope scope;
	uint8_t client[16];
	uint8_t server[16];
	uint32_t ip_versions; /* of both: a client may ask over IPv4 for an IPv6 address */
};

_Static_assert(sizeof(struct label_key) == 48, "the key is hashed as bytes: no padding");

struct dns_labels *dns_labels_new(size_t capacity, struct stats *stats)
{
	struct dns_labels *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->stats = stats;
	self->capacity = capacity;
	self->slot_count = SLOTS_MIN;
	while (self->slot_count < capacity && self->slot_count < SLOTS_MAX)
		self->slot_count *= 2;
	self->slots = large_alloc(self->slot_count * sizeof(*self->slots));
	if (self->slots == NULL || tag_table_init(&self->labels, 2 * capacity) < 0 ||
	    getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key)) {
		dns_labels_free(self);
		return NULL;
	}
	return self;
}

void dns_labels_free(struct dns_labels *self)
{
	if (self == NULL)
		return;
	tag_table_fini(&self->labels);
	free(self->slots);
	free(self);
}

static struct siphash_tag label_tag(const struct dns_labels *self, const struct flow_key *key,
				    int client_side, uint8_t ip_version, const uint8_t *server)
{
	struct label_key bytes;

	memset(&bytes, 0, sizeof(bytes));
	bytes.scope = key->scope;
	memcpy(bytes.client, key->addr[client_side], sizeof(bytes.client));
	memcpy(bytes.server, server, sizeof(bytes.server));
	/* One host has an address of each version: only those of one are known to be the same. */
	bytes.ip_versions = (uint32_t)key->ip_version << 8 | ip_version;
	return siphash128(&bytes, sizeof(bytes), self->key);
}

/* The last two labels: who registered it, nearly always. */
static const char *domain_of(const char *name)
{
	const char *domain = name;
	const char *last = name;

	for (const char *at = strchr(name, '.'); at != NULL; at = strchr(at + 1, '.')) {
		domain = last;
		last = at + 1;
	}
	return domain;
}

static struct domain_slot *slot_of(const struct dns_labels *self, uint8_t ip_version,
				   const uint8_t *addr, uint32_t *hash)
{
	uint8_t bytes[17];
	uint64_t value;

	bytes[0] = ip_version;
	memcpy(bytes + 1, addr, 16);
	value = siphash128(bytes, sizeof(bytes), self->key).h[0];
	*hash = (uint32_t)(value >> 32);
	return &self->slots[value & (self->slot_count - 1)];
}

static void note_domain(const struct place *place, uint32_t domain)
{
	struct domain_slot *slot = place->slot;

	if (slot->address != place->address || slot->domain == 0)
		*slot = (struct domain_slot){ place->address, domain };
	else if ((slot->domain | IS_SHARED) != (domain | IS_SHARED))
		slot->domain |= IS_SHARED;
}

static uint32_t lifetime_of(uint32_t ttl_s)
{
	if (ttl_s < LIMIT_LABEL_FLOOR_S)
		return LIMIT_LABEL_FLOOR_S;
	return ttl_s > LIMIT_LABEL_TOP_S ? LIMIT_LABEL_TOP_S : ttl_s;
}

static void drop_label(struct dns_labels *self, struct label *label)
{
	tag_table_remove(&self->labels, &label->link);
	free(label);
}

/* An entry that is in no table; the oldest one of a full table, if its name has the room. NULL: out
 * of memory. */
static struct label *make_label(struct dns_labels *self, uint32_t size)
{
	struct label *oldest = (struct label *)self->labels.oldest;
	struct label *label = NULL;

	if (self->labels.count >= self->capacity && oldest != NULL) {
		stats_add(self->stats->dns_labels_evicted, 1);
		if (oldest->size >= size) {
			tag_table_remove(&self->labels, &oldest->link);
			return oldest;
		}
		drop_label(self, oldest);
	}
	size = (size + NAME_UNIT - 1) / NAME_UNIT * NAME_UNIT;
	label = malloc(sizeof(*label) + size);
	if (label != NULL)
		label->size = size;
	return label;
}

/* The tag's entry with room for a name of size bytes. NULL: out of memory, counted. */
static struct label *take_label(struct dns_labels *self, struct siphash_tag tag, uint32_t size)
{
	struct label *label = (struct label *)tag_table_find(&self->labels, tag);

	if (label != NULL && label->size >= size) {
		tag_table_touch(&self->labels, &label->link);
		return label;
	}
	if (label != NULL)
		drop_label(self, label);
	label = make_label(self, size);
	if (label == NULL) {
		stats_add(self->stats->correlator_capped, 1);
		return NULL;
	}
	label->link.tag = tag;
	tag_table_add(&self->labels, &label->link);
	return label;
}

static void set_label(struct label *label, const struct answer_fact *answer, size_t len)
{
	label->listed = answer->listed;
	label->lifetime_s = lifetime_of(answer->ttl_s);
	label->until_ns = answer->fact.time_ns + label->lifetime_s * NS_PER_S;
	memcpy(label->name, answer->name, len);
	label->name[len] = '\0';
}

static struct place find_place(const struct dns_labels *self, const struct answer_fact *answer,
			       size_t i)
{
	uint8_t ip_version = answer->addresses[i].ip_version;
	const uint8_t *addr = answer->addresses[i].addr;
	struct place place;

	place.tag = label_tag(self, &answer->key, answer->client_side, ip_version, addr);
	place.slot = slot_of(self, ip_version, addr, &place.address);
	tag_table_prefetch_bucket(&self->labels, place.tag);
	__builtin_prefetch(place.slot);
	return place;
}

void dns_labels_learn(struct dns_labels *self, const struct answer_fact *answer)
{
	size_t len = strnlen(answer->name, sizeof(answer->name) - 1);
	size_t count = answer->count < LIMIT_ANSWERS ? answer->count : LIMIT_ANSWERS;
	const char *domain = domain_of(answer->name);
	struct place places[LIMIT_ANSWERS];
	uint32_t domain_hash;

	for (size_t i = 0; i < count; i++)
		places[i] = find_place(self, answer, i);
	/* Never 0, and without the bit of IS_SHARED. */
	domain_hash =
		(uint32_t)siphash128(domain, strlen(domain), self->key).h[0] << 1 | 0x80000000u;
	for (size_t i = 0; i < count; i++)
		tag_table_prefetch_link(&self->labels, places[i].tag);
	for (size_t i = 0; i < count; i++) {
		struct label *label = take_label(self, places[i].tag, (uint32_t)len + 1);

		note_domain(&places[i], domain_hash);
		if (label != NULL)
			set_label(label, answer, len);
	}
	stats_set(self->stats->dns_labels, self->labels.count);
}

bool dns_labels_find(struct dns_labels *self, const struct flow_key *key, int client_side,
		     uint64_t now_ns, struct dns_label *out)
{
	const uint8_t *server = key->addr[!client_side];
	struct label *label;
	uint32_t hash;
	const struct domain_slot *slot;

	if (self->labels.count == 0)
		return false;
	label = (struct label *)tag_table_find(
		&self->labels, label_tag(self, key, client_side, key->ip_version, server));
	if (label == NULL)
		return false;
	if (now_ns > label->until_ns) {
		drop_label(self, label);
		return false;
	}
	label->until_ns = now_ns + label->lifetime_s * NS_PER_S;
	tag_table_touch(&self->labels, &label->link);
	slot = slot_of(self, key->ip_version, server, &hash);
	out->name = label->name;
	out->listed = label->listed;
	out->is_shared = slot->address == hash && (slot->domain & IS_SHARED) != 0;
	return true;
}

size_t dns_labels_count(const struct dns_labels *self)
{
	return self->labels.count;
}
