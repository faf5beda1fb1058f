/* redis_leases.c: the inventory in Redis (lease.h), which the sensors read. */
#include <errno.h>
#include <string.h>

#include "sensor/trail/redis_parts.h"

#define NS_PER_MS UINT64_C(1000000)
/* Leases that are kept of one address. */
#define KEPT_LEASES "-65"

static void field_ms(struct redis_command *command, enum lease_field field, uint64_t time_ns)
{
	redis_command_text(command, lease_field_names[field]);
	if (time_ns != 0)
		redis_command_uint(command, time_ns / NS_PER_MS);
	else
		redis_command_text(command, "");
}

static void field_text(struct redis_command *command, enum lease_field field, const char *text)
{
	redis_field(command, lease_field_names[field], text);
}

static int write_hash(struct redis_trail *self, const char *key, const struct lease *lease,
		      const struct holding *holding)
{
	const struct cloud_identity *identity = &lease->identity;
	struct redis_command *command = &self->command;
	char scope[LEASE_SCOPE_TEXT] = "";

	for (unsigned width = 0; width < 3 && scope[0] == '\0'; width++)
		if (!lease_scope_text(identity, width, scope, sizeof(scope)))
			scope[0] = '\0';
	redis_command_begin(command, "HSET");
	redis_command_text(command, key);
	field_text(command, LEASE_SCOPE, scope);
	field_text(command, LEASE_IP, lease->ip);
	field_text(command, LEASE_INSTANCE, identity->instance_id);
	field_text(command, LEASE_ENI, identity->eni_id);
	field_text(command, LEASE_TYPE, identity->instance_type);
	field_text(command, LEASE_ACCOUNT, identity->account_id);
	field_text(command, LEASE_REGION, identity->region);
	field_text(command, LEASE_VPC, identity->vpc_id);
	field_text(command, LEASE_SUBNET, identity->subnet_id);
	field_text(command, LEASE_PRINCIPAL, identity->principal);
	field_text(command, LEASE_KEY, identity->access_key_id);
	redis_field_hostile(command, lease_field_names[LEASE_SOURCE], holding->instance->address);
	field_ms(command, LEASE_FROM, lease->from_ns);
	field_ms(command, LEASE_TO, lease->to_ns);
	redis_field_hostile(command, lease_field_names[LEASE_EVENT],
			    holding->instance->launch.event);
	return redis_link_push(self->link, command);
}

/* A lease that ended goes some time after it was told: an old trail may be read today. */
static int expire_hash(struct redis_trail *self, const char *key, const struct lease *lease)
{
	redis_command_begin(&self->command, lease->to_ns != 0 ? "EXPIRE" : "PERSIST");
	redis_command_text(&self->command, key);
	if (lease->to_ns != 0)
		redis_command_uint(&self->command, self->retention_s);
	return redis_link_push(self->link, &self->command);
}

static int write_scope(struct redis_trail *self, const struct lease *lease, unsigned width,
		       const char *id)
{
	struct redis_command *command = &self->command;
	char scope[LEASE_SCOPE_TEXT];
	char key[LEASE_KEY_TEXT];
	int result;

	if (!lease_scope_text(&lease->identity, width, scope, sizeof(scope)) ||
	    !lease_inventory_key(self->prefix, scope, lease->ip, key, sizeof(key)))
		return 0;
	redis_command_begin(command, "ZADD");
	redis_command_text(command, key);
	redis_command_uint(command, lease->from_ns / NS_PER_MS);
	redis_command_text(command, id);
	result = redis_link_push(self->link, command);
	if (result != 0)
		return result;
	redis_command_begin(command, "ZREMRANGEBYRANK");
	redis_command_text(command, key);
	redis_command_text(command, "0");
	redis_command_text(command, KEPT_LEASES);
	return redis_link_push(self->link, command);
}

static int write_lease(struct redis_trail *self, const struct holding *holding)
{
	struct lease lease;
	char id[LEASE_ID_TEXT];
	char key[LEASE_KEY_TEXT];
	int result;

	if (!join_lease(holding, &lease))
		return 0;
	lease_id(&lease, id);
	if (!lease_key(self->prefix, id, key, sizeof(key)))
		return 0;
	result = redis_is_new(self, key, siphash_id(&lease, sizeof(lease)));
	if (result <= 0)
		return result;
	/* The hash first: a reader that finds the id finds the lease. */
	result = write_hash(self, key, &lease, holding);
	if (result == 0)
		result = expire_hash(self, key, &lease);
	for (unsigned width = 0; width < 3 && result == 0; width++)
		result = write_scope(self, &lease, width, id);
	return result;
}

int redis_publish_leases(struct redis_trail *self, const struct store *store)
{
	struct join join;
	int result = join_build(&join, store);

	for (size_t i = 0; i < join.count && result == 0; i++)
		result = write_lease(self, &join.items[i]);
	join_free(&join);
	return result;
}
