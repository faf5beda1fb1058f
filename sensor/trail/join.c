/* join.c: whose machine had an address at a time. */
#include "sensor/trail/join.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Leases of one address that are weighed: the newest ones that began before. */
#define CANDIDATES 64

static int compare_network(const struct holding *a, const struct holding *b)
{
	int order = strcmp(a->ip, b->ip);

	if (order == 0)
		order = strcmp(a->instance->account, b->instance->account);
	if (order == 0)
		order = strcmp(a->instance->region, b->instance->region);
	if (order == 0)
		order = strcmp(a->instance->vpc, b->instance->vpc);
	return order;
}

static int compare(const void *a, const void *b)
{
	const struct holding *x = a;
	const struct holding *y = b;
	int order = compare_network(x, y);

	if (order == 0 && x->from_ns != y->from_ns)
		order = x->from_ns < y->from_ns ? -1 : 1;
	return order != 0 ? order : strcmp(x->instance->id, y->instance->id);
}

static void collect(struct join *self, const struct store *store)
{
	STORE_EACH (store->instances, const struct instance, instance) {
		for (size_t i = 0; i < instance->address_count; i++) {
			const struct instance_address *address = &instance->addresses[i];
			struct holding *item = &self->items[self->count++];

			item->instance = instance;
			item->ip = address->ip;
			item->eni = address->eni;
			item->from_ns =
				address->from_ns != 0 ? address->from_ns : instance->launch.time_ns;
			item->to_ns =
				address->to_ns != 0 ? address->to_ns : instance_end_ns(instance);
		}
	}
}

/* An address has one holder in a network: the next one ends the lease before. */
static void close_leases(struct join *self)
{
	for (size_t i = 0; i + 1 < self->count; i++) {
		struct holding *item = &self->items[i];
		const struct holding *next = item + 1;

		if (compare_network(item, next) == 0 && next->from_ns > item->from_ns &&
		    next->instance != item->instance &&
		    (item->to_ns == 0 || item->to_ns > next->from_ns))
			item->to_ns = next->from_ns;
	}
}

int join_build(struct join *self, const struct store *store)
{
	size_t room = 1;

	STORE_EACH (store->instances, const struct instance, instance) {
		room += instance->address_count;
	}
	*self = (struct join){ .items = calloc(room, sizeof(*self->items)) };
	if (self->items == NULL)
		return -ENOMEM;
	collect(self, store);
	if (self->count > 1)
		qsort(self->items, self->count, sizeof(*self->items), compare);
	close_leases(self);
	return 0;
}

void join_free(struct join *self)
{
	free(self->items);
	memset(self, 0, sizeof(*self));
}

static void copy_name(const char *text, char *out, size_t size)
{
	(void)lease_name(text, strlen(text), out, size);
}

bool join_lease(const struct holding *holding, struct lease *out)
{
	const struct instance *instance = holding->instance;
	struct cloud_identity *identity = &out->identity;
	uint8_t addr[16];

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, holding->ip, addr) == 1)
		(void)inet_ntop(AF_INET, addr, out->ip, sizeof(out->ip));
	else if (inet_pton(AF_INET6, holding->ip, addr) == 1)
		(void)inet_ntop(AF_INET6, addr, out->ip, sizeof(out->ip));
	else
		return false;
	out->from_ns = holding->from_ns;
	out->to_ns = holding->to_ns;
	copy_name(instance->account, identity->account_id, sizeof(identity->account_id));
	copy_name(instance->region, identity->region, sizeof(identity->region));
	copy_name(instance->vpc, identity->vpc_id, sizeof(identity->vpc_id));
	copy_name(instance->subnet, identity->subnet_id, sizeof(identity->subnet_id));
	copy_name(instance->id, identity->instance_id, sizeof(identity->instance_id));
	copy_name(holding->eni, identity->eni_id, sizeof(identity->eni_id));
	copy_name(instance->type, identity->instance_type, sizeof(identity->instance_type));
	if (instance->launcher != NULL) {
		copy_name(instance->launcher->key, identity->access_key_id,
			  sizeof(identity->access_key_id));
		copy_name(instance->launcher->arn, identity->principal,
			  sizeof(identity->principal));
	}
	identity->launch_ns = instance->launch.time_ns;
	return identity->instance_id[0] != '\0';
}

/* The first holding of the address. */
static size_t find_ip(const struct join *self, const char *ip)
{
	size_t low = 0;
	size_t high = self->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(self->items[middle].ip, ip) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Leases of the address in the scope that nearly hold the time. */
static size_t gather(const struct join *self, const char *scope, const char *ip, uint64_t time_ns,
		     struct lease leases[CANDIDATES])
{
	size_t count = 0;

	for (size_t i = find_ip(self, ip); i < self->count && count < CANDIDATES; i++) {
		const struct holding *item = &self->items[i];

		if (strcmp(item->ip, ip) != 0)
			break;
		if (item->from_ns > time_ns + LEASE_EARLY_NS ||
		    (item->to_ns != 0 && item->to_ns + LEASE_LATE_NS < time_ns))
			continue;
		if (join_lease(item, &leases[count]) &&
		    lease_in_scope(&leases[count].identity, scope))
			count++;
	}
	return count;
}

const struct instance *join_find(const struct join *self, const char *scope, const char *ip,
				 uint64_t time_ns, enum cloud_confidence *confidence)
{
	struct lease leases[CANDIDATES];
	const struct lease *picked[CANDIDATES];
	struct cloud_identity identity;
	size_t count = gather(self, scope, ip, time_ns, leases);

	for (size_t i = 0; i < count; i++)
		picked[i] = &leases[i];
	*confidence = lease_pick(picked, count, time_ns, &identity);
	if (*confidence < CONFIDENCE_HIGH)
		return NULL;
	for (size_t i = find_ip(self, ip); i < self->count; i++) {
		if (strcmp(self->items[i].ip, ip) != 0)
			break;
		if (strcmp(self->items[i].instance->id, identity.instance_id) == 0)
			return self->items[i].instance;
	}
	return NULL;
}
