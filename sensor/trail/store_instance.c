/* store_instance.c: instances, their addresses and what became of them.
 *
 * From RunInstances and its like, and from `aws ec2 describe-instances` and
 * `describe-network-interfaces`. A record of the launch says more than an import and wins. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/store.h"
#include "sensor/trail/store_table.h"

struct instance *store_get_instance(struct store *self, const char *id)
{
	struct siphash_tag tag = STORE_TAG(self, id);
	struct instance *instance =
		(struct instance *)(void *)tag_table_find(&self->instances, tag);

	if (instance != NULL)
		return instance;
	instance = store_add(self, &self->instances, tag, sizeof(*instance), TRAIL_INSTANCES);
	if (instance == NULL)
		return NULL;
	instance->id = text_pool_get(self->names, id);
	instance->account = instance->region = instance->vpc = instance->subnet = "";
	instance->type = instance->image = instance->group = "";
	instance->address = instance->agent = "";
	return instance;
}

/* --- sets ----------------------------------------------------------------------------------- */

static int compare_changes(const struct instance_change *a, const struct instance_change *b)
{
	if (a->at.time_ns != b->at.time_ns)
		return a->at.time_ns < b->at.time_ns ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->at.event, b->at.event);
}

int instance_add_change(struct instance *instance, const struct instance_change *change)
{
	size_t count = instance->change_count;
	size_t at = count;
	struct instance_change *changes;

	while (at > 0 && compare_changes(&instance->changes[at - 1], change) >= 0)
		at--;
	if (at < count && compare_changes(&instance->changes[at], change) == 0)
		return STORE_NOTHING;
	if (count == TRAIL_CHANGES) {
		if (at == 0)
			return STORE_NOTHING;
		memmove(instance->changes, instance->changes + 1, (at - 1) * sizeof(*change));
		instance->changes[at - 1] = *change;
		return STORE_KEPT;
	}
	changes = realloc(instance->changes, (count + 1) * sizeof(*changes));
	if (changes == NULL)
		return -ENOMEM;
	memmove(changes + at + 1, changes + at, (count - at) * sizeof(*changes));
	changes[at] = *change;
	instance->changes = changes;
	instance->change_count++;
	return STORE_KEPT;
}

/* The earliest begin; the end that is known, of several the latest. */
static int merge_address(struct instance_address *kept, const struct instance_address *address)
{
	int result = STORE_NOTHING;

	if (address->from_ns != 0 && (kept->from_ns == 0 || address->from_ns < kept->from_ns)) {
		kept->from_ns = address->from_ns;
		result = STORE_KEPT;
	}
	if (address->to_ns > kept->to_ns) {
		kept->to_ns = address->to_ns;
		result = STORE_KEPT;
	}
	return result;
}

int instance_add_address(struct store *self, struct instance *instance,
			 const struct instance_address *address)
{
	size_t count = instance->address_count;
	struct instance_address *addresses;
	size_t at = 0;
	int order = 1;

	if (address->ip[0] == '\0')
		return STORE_NOTHING;
	for (; at < count; at++) {
		const struct instance_address *other = &instance->addresses[at];

		order = strcmp(address->ip, other->ip);
		order = order != 0 ? order : strcmp(address->eni, other->eni);
		if (order <= 0)
			break;
	}
	if (at < count && order == 0)
		return merge_address(&instance->addresses[at], address);
	if (count == TRAIL_ADDRESSES)
		return STORE_NOTHING;
	addresses = realloc(instance->addresses, (count + 1) * sizeof(*addresses));
	if (addresses == NULL)
		return -ENOMEM;
	memmove(addresses + at + 1, addresses + at, (count - at) * sizeof(*addresses));
	addresses[at] = *address;
	addresses[at].ip = text_pool_get(self->names, address->ip);
	addresses[at].eni = text_pool_get(self->names, address->eni);
	instance->addresses = addresses;
	instance->address_count++;
	return STORE_KEPT;
}

/* --- RunInstances --------------------------------------------------------------------------- */

static int add_ip(struct store *self, struct instance *instance, const char *ip, const char *eni,
		  uint64_t from_ns)
{
	struct instance_address address = { .ip = ip, .eni = eni, .from_ns = from_ns };

	return instance_add_address(self, instance, &address);
}

static int add_interface(struct store *self, struct instance *instance, const json_t *interface,
			 uint64_t from_ns)
{
	const char *eni = record_text(interface, "networkInterfaceId");
	int result =
		add_ip(self, instance, record_text(interface, "privateIpAddress"), eni, from_ns);

	for (size_t i = 0; i < TRAIL_ITEMS && result >= 0; i++) {
		const json_t *item = record_item(interface, "privateIpAddressesSet", i);

		if (item == NULL)
			break;
		result =
			add_ip(self, instance, record_text(item, "privateIpAddress"), eni, from_ns);
	}
	for (size_t i = 0; i < TRAIL_ITEMS && result >= 0; i++) {
		const json_t *item = record_item(interface, "ipv6AddressesSet", i);

		if (item == NULL)
			break;
		result = add_ip(self, instance, record_text(item, "ipv6Address"), eni, from_ns);
	}
	return result < 0 ? result : 0;
}

static int add_interfaces(struct store *self, struct instance *instance, const json_t *item)
{
	uint64_t from_ns = instance->launch.time_ns;
	int result = 0;

	for (size_t i = 0; i < TRAIL_ITEMS && result == 0; i++) {
		const json_t *interface = record_item(item, "networkInterfaceSet", i);

		if (interface == NULL) {
			/* Without interfaces (older records) the address stands alone. */
			if (i == 0)
				result = add_ip(self, instance,
						record_text(item, "privateIpAddress"), "", from_ns);
			break;
		}
		result = add_interface(self, instance, interface, from_ns);
	}
	return result < 0 ? result : 0;
}

static void take_text(struct store *self, const char **kept, const char *text)
{
	if (text[0] != '\0')
		*kept = text_pool_get(self->names, text);
}

static void describe_launch(struct store *self, struct instance *instance, const json_t *item,
			    const struct record *record)
{
	const json_t *group = record_item(item, "groupSet", 0);

	if (group == NULL)
		group = record_item(record_item(item, "networkInterfaceSet", 0), "groupSet", 0);
	take_text(self, &instance->account, record->account);
	take_text(self, &instance->region, record->region);
	take_text(self, &instance->vpc, record_text(item, "vpcId"));
	take_text(self, &instance->subnet, record_text(item, "subnetId"));
	take_text(self, &instance->type, record_text(item, "instanceType"));
	take_text(self, &instance->image, record_text(item, "imageId"));
	take_text(self, &instance->group, record_text(group, "groupId"));
	instance->address = text_pool_get(self->names, record->address);
	instance->agent = text_pool_get(self->names, record->agent);
	instance->has_user_data = record_text(record->request, "userData")[0] != '\0';
}

static int launch_one(struct store *self, const json_t *item, const struct record *record,
		      struct identity *identity)
{
	const char *id = record_text(item, "instanceId");
	struct instance *instance;
	uint64_t launch_ns = record->time_ns;

	if (id[0] == '\0')
		return STORE_NOTHING;
	instance = store_get_instance(self, id);
	if (instance == NULL)
		return -ENOMEM;
	/* Launched once only; should records disagree, the smaller id decides. */
	if (instance->launch.event[0] != '\0' &&
	    strcmp(instance->launch.event, record->event_id) <= 0)
		return STORE_NOTHING;
	(void)record_time(json_object_get(item, "launchTime"), &launch_ns);
	instance->launch = moment_at(launch_ns, record->event_id);
	(void)identity_ref(identity);
	identity_unref(self, instance->launcher);
	instance->launcher = identity;
	describe_launch(self, instance, item, record);
	self->version++;

	int result = add_interfaces(self, instance, item);

	return result < 0 ? result : STORE_KEPT;
}

int store_launch(struct store *self, const struct record *record, struct identity *identity)
{
	int sum = STORE_NOTHING;

	for (size_t i = 0; i < TRAIL_ITEMS && sum >= 0; i++) {
		const json_t *item = record_item(record->response, "instancesSet", i);
		int result;

		if (item == NULL)
			break;
		result = launch_one(self, item, record, identity);
		sum = result < 0 ? result : sum | result;
	}
	return sum;
}

/* --- Start-, Stop-, TerminateInstances ------------------------------------------------------ */

int store_changes(struct store *self, const struct record *record)
{
	struct instance_change change = { .at = moment_at(record->time_ns, record->event_id) };
	const json_t *list = record_item(record->response, "instancesSet", 0) != NULL
				     ? record->response
				     : record->request;
	int sum = STORE_NOTHING;

	if (strncmp(record->name, "Terminate", 9) == 0)
		change.kind = CHANGE_TERMINATE;
	else
		change.kind = strncmp(record->name, "Stop", 4) == 0 ? CHANGE_STOP : CHANGE_START;
	for (size_t i = 0; i < TRAIL_ITEMS && sum >= 0; i++) {
		const json_t *item = record_item(list, "instancesSet", i);
		const char *id = record_text(item, "instanceId");
		struct instance *instance;
		int result;

		if (item == NULL)
			break;
		if (id[0] == '\0')
			continue;
		instance = store_get_instance(self, id);
		result = instance != NULL ? instance_add_change(instance, &change) : -ENOMEM;
		if (instance != NULL) {
			(void)store_keep_text(self, &instance->account, record->account);
			(void)store_keep_text(self, &instance->region, record->region);
		}
		sum = result < 0 ? result : sum | result;
	}
	return sum;
}
