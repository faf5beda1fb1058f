/* store_import.c: `aws ec2 describe-instances` and `describe-network-interfaces`.
 *
 *	{ "OwnerId", "Instances": [ { "InstanceId", "InstanceType", "LaunchTime", "State": { "Name"
 *}, "Placement": { "AvailabilityZone" }, "VpcId", "SubnetId", "NetworkInterfaces": [ {
 *	  "NetworkInterfaceId", "PrivateIpAddresses": [ { "PrivateIpAddress" } ], "Ipv6Addresses": [
 *{ "Ipv6Address" } ] } ] } ] }
 *
 * Reference: AWS CLI, output of these commands (versions 1 and 2). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/store.h"
#include "sensor/trail/store_table.h"

/* A gap is filled; of two imports the smaller text holds; a record of the launch knows better. */
static bool fill(struct store *self, const struct instance *instance, const char **kept,
		 const char *text)
{
	if (instance->launch.event[0] != '\0' && (*kept)[0] != '\0')
		return false;
	return store_keep_text(self, kept, text);
}

int store_instance(struct store *self, const struct instance *instance)
{
	const struct instance *seen = instance;
	struct instance *kept = store_get_instance(self, seen->id);
	bool has_changed;

	if (kept == NULL)
		return -ENOMEM;
	has_changed = !kept->is_imported;
	kept->is_imported = true;
	has_changed |= fill(self, kept, &kept->account, seen->account);
	has_changed |= fill(self, kept, &kept->region, seen->region);
	has_changed |= fill(self, kept, &kept->vpc, seen->vpc);
	has_changed |= fill(self, kept, &kept->subnet, seen->subnet);
	has_changed |= fill(self, kept, &kept->type, seen->type);
	has_changed |= fill(self, kept, &kept->image, seen->image);
	has_changed |= fill(self, kept, &kept->group, seen->group);
	if (kept->launch.event[0] == '\0')
		has_changed |= moment_keep_first(&kept->launch, &seen->launch);
	self->version += has_changed;
	return has_changed ? STORE_KEPT : STORE_NOTHING;
}

int store_address(struct store *self, const char *instance, const struct instance_address *address)
{
	struct instance *kept = store_get_instance(self, instance);
	int result;

	if (kept == NULL)
		return -ENOMEM;
	result = instance_add_address(self, kept, address);
	self->version += result > 0;
	return result;
}

/* us-east-1a without its letter; "us-west-2-lax-1a" is a local zone of us-west-2. */
static void region_of_zone(const char *zone, char out[64])
{
	size_t len = strnlen(zone, 63);

	memcpy(out, zone, len);
	out[len] = '\0';
	for (size_t i = 0, dashes = 0; i < len; i++) {
		dashes += out[i] == '-';
		if (dashes >= 2 && out[i] >= '0' && out[i] <= '9') {
			while (out[i] >= '0' && out[i] <= '9')
				i++;
			out[i] = '\0';
			return;
		}
	}
}

static int gather(int sum, int result)
{
	return sum < 0 ? sum : result < 0 ? result : sum | result;
}

static int add_addresses(struct store *self, const char *id, const json_t *interface,
			 uint64_t from_ns)
{
	static const char *const lists[][2] = { { "PrivateIpAddresses", "PrivateIpAddress" },
						{ "Ipv6Addresses", "Ipv6Address" } };
	struct instance_address address = { .ip = record_text(interface, "PrivateIpAddress"),
					    .eni = record_text(interface, "NetworkInterfaceId"),
					    .from_ns = from_ns };
	int sum = store_address(self, id, &address);

	for (size_t list = 0; list < 2; list++)
		for (size_t i = 0; i < TRAIL_ITEMS; i++) {
			const json_t *item = record_item(interface, lists[list][0], i);

			if (item == NULL)
				break;
			address.ip = record_text(item, lists[list][1]);
			sum = gather(sum, store_address(self, id, &address));
		}
	return sum;
}

static int add_interfaces(struct store *self, const char *id, const json_t *item,
			  uint64_t launch_ns)
{
	int sum = STORE_NOTHING;

	for (size_t i = 0; i < TRAIL_ITEMS; i++) {
		const json_t *interface = record_item(item, "NetworkInterfaces", i);
		uint64_t from_ns = launch_ns;

		if (interface == NULL) {
			struct instance_address address = { .ip = record_text(item,
									      "PrivateIpAddress"),
							    .eni = "",
							    .from_ns = launch_ns };

			return i > 0 ? sum : gather(sum, store_address(self, id, &address));
		}
		(void)record_time(
			json_object_get(record_object(interface, "Attachment"), "AttachTime"),
			&from_ns);
		sum = gather(sum, add_addresses(self, id, interface, from_ns));
	}
	return sum;
}

static int add_reserved(struct store *self, const json_t *item, const char *owner)
{
	struct instance seen = { .id = record_text(item, "InstanceId"),
				 .account = owner,
				 .vpc = record_text(item, "VpcId"),
				 .subnet = record_text(item, "SubnetId"),
				 .type = record_text(item, "InstanceType"),
				 .image = record_text(item, "ImageId"),
				 .group = record_text(record_item(item, "SecurityGroups", 0),
						      "GroupId") };
	char region[64];
	uint64_t launch_ns = 0;
	int sum;

	if (seen.id[0] == '\0')
		return STORE_NOTHING;
	region_of_zone(record_text(record_object(item, "Placement"), "AvailabilityZone"), region);
	seen.region = region;
	(void)record_time(json_object_get(item, "LaunchTime"), &launch_ns);
	seen.launch = moment_at(launch_ns, "");
	sum = store_instance(self, &seen);
	return gather(sum, add_interfaces(self, seen.id, item, launch_ns));
}

int store_reservation(struct store *self, const json_t *json)
{
	int sum = STORE_NOTHING;

	for (size_t i = 0; i < TRAIL_ITEMS; i++) {
		const json_t *item = record_item(json, "Instances", i);

		if (item == NULL)
			break;
		sum = gather(sum, add_reserved(self, item, record_text(json, "OwnerId")));
	}
	return sum;
}

int store_interface(struct store *self, const json_t *json)
{
	const json_t *attachment = record_object(json, "Attachment");
	struct instance seen = { .id = record_text(attachment, "InstanceId"),
				 .account = record_text(json, "OwnerId"),
				 .vpc = record_text(json, "VpcId"),
				 .subnet = record_text(json, "SubnetId") };
	char region[64];
	uint64_t from_ns = 0;

	/* Interfaces of NAT gateways, load balancers and the like have no instance. */
	if (seen.id[0] == '\0')
		return STORE_NOTHING;
	region_of_zone(record_text(json, "AvailabilityZone"), region);
	seen.region = region;
	(void)record_time(json_object_get(attachment, "AttachTime"), &from_ns);
	return gather(store_instance(self, &seen), add_addresses(self, seen.id, json, from_ns));
}
