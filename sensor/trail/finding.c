/* finding.c: findings of the provider as flat texts.
 *
 * GuardDuty, as EventBridge and S3 have it; the API writes each name with a capital letter:
 *
 *	{ "schemaVersion", "accountId", "region", "id", "arn", "type", "severity": 8, "title",
 *	  "resource": { "instanceDetails": { "instanceId", "networkInterfaces": [ { "vpcId",
 *	      "privateIpAddress" } ] }, "accessKeyDetails": { "accessKeyId", "userName" } },
 *	  "service": { "action": { "networkConnectionAction": { "remoteIpDetails": { "ipAddressV4"
 *}, "remotePortDetails": { "port" }, "localIpDetails" }, "dnsRequestAction": { "domain" } },
 *	      "eventFirstSeen", "eventLastSeen", "count" }, "createdAt", "updatedAt" }
 *
 * ASFF, of Security Hub:
 *
 *	{ "SchemaVersion", "Id", "ProductArn", "AwsAccountId", "Types": [], "Severity": { "Label" },
 *	  "Title", "CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt",
 *	  "Resources": [ { "Type": "AwsEc2Instance", "Id", "Details": {} } ],
 *	  "Action": {}, "ProductFields": { "aws/guardduty/service/action/...": "text" } }
 *
 * Any value may be null, empty or of another type. The type is kept as it is, known or not.
 *
 * Reference: GuardDuty finding format; AWS Security Finding Format 2018-10-08. */
#include "sensor/trail/finding.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sensor/trail/flowlog_line.h"

#define NAME_BYTES 64

static const char *first_of(const char *a, const char *b)
{
	return a[0] != '\0' ? a : b;
}

static uint16_t port_of(uint64_t number)
{
	return number <= UINT16_MAX ? (uint16_t)number : 0;
}

static uint32_t count_of(uint64_t number)
{
	return number <= UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

static uint64_t time_at(const json_t *value)
{
	uint64_t time_ns = 0;

	(void)record_time(value, &time_ns);
	return time_ns;
}

/* The newest of what is known says when it was last changed. */
static void settle_times(struct finding *out)
{
	const uint64_t times[] = { out->created_ns, out->last_ns, out->first_ns };

	for (size_t i = 0; i < 3 && out->updated_ns == 0; i++)
		out->updated_ns = times[i];
}

/* Texts that were not found are "". */
static void fill_texts(struct finding *out)
{
	const char **const texts[] = { &out->id,        &out->product, &out->type,   &out->title,
				       &out->severity,  &out->account, &out->region, &out->vpc,
				       &out->instance,  &out->key,     &out->user,   &out->local_ip,
				       &out->remote_ip, &out->domain };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (*texts[i] == NULL)
			*texts[i] = "";
}

/* --- GuardDuty ------------------------------------------------------------------------------ */

/* "instanceId", else "InstanceId". */
static const json_t *either(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	char name[NAME_BYTES];

	if (value != NULL)
		return value;
	(void)snprintf(name, sizeof(name), "%s", key);
	name[0] = (char)toupper((unsigned char)name[0]);
	return json_object_get(object, name);
}

static const char *either_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(either(object, key));

	return text != NULL ? text : "";
}

static uint64_t either_uint(const json_t *object, const char *key)
{
	char name[NAME_BYTES];

	if (json_object_get(object, key) != NULL)
		return record_uint(object, key);
	(void)snprintf(name, sizeof(name), "%s", key);
	name[0] = (char)toupper((unsigned char)name[0]);
	return record_uint(object, name);
}

static const char *severity_text(double number)
{
	if (number >= 9)
		return "CRITICAL";
	if (number >= 7)
		return "HIGH";
	if (number >= 4)
		return "MEDIUM";
	return number >= 1 ? "LOW" : "";
}

/* {"ipAddressV4": ..., "ipAddressV6": ...} */
static const char *address_of(const json_t *details)
{
	return first_of(either_text(details, "ipAddressV4"), either_text(details, "ipAddressV6"));
}

/* Every kind of action has the same parts, as far as it has them. */
static void read_one_action(const json_t *action, struct finding *out)
{
	const char *domain = either_text(action, "domain");
	const json_t *probe = json_array_get(either(action, "portProbeDetails"), 0);
	const json_t *place = probe != NULL ? probe : action;

	out->domain = first_of(out->domain, domain);
	out->remote_ip = first_of(out->remote_ip, address_of(either(place, "remoteIpDetails")));
	out->local_ip = first_of(out->local_ip, address_of(either(place, "localIpDetails")));
	if (out->remote_port == 0)
		out->remote_port = port_of(either_uint(either(place, "remotePortDetails"), "port"));
}

static void read_action(const json_t *service, struct finding *out)
{
	static const char *const kinds[] = { "networkConnectionAction", "dnsRequestAction",
					     "awsApiCallAction",        "portProbeAction",
					     "kubernetesApiCallAction", "rdsLoginAttemptAction" };
	const json_t *action = either(service, "action");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		read_one_action(either(action, kinds[i]), out);
}

/* The interface with the address that the action names, else the first. */
static const json_t *find_interface(const json_t *instance, const char *local_ip)
{
	const json_t *list = either(instance, "networkInterfaces");

	for (size_t i = 0; i < json_array_size(list) && i < TRAIL_ITEMS; i++) {
		const json_t *item = json_array_get(list, i);

		if (local_ip[0] != '\0' &&
		    strcmp(either_text(item, "privateIpAddress"), local_ip) == 0)
			return item;
	}
	return json_array_get(list, 0);
}

static void read_resource(const json_t *resource, struct finding *out)
{
	const json_t *instance = either(resource, "instanceDetails");
	const json_t *key = either(resource, "accessKeyDetails");
	const json_t *interface = find_interface(instance, out->local_ip);
	const char *ip6 = json_string_value(json_array_get(either(interface, "ipv6Addresses"), 0));

	out->instance = either_text(instance, "instanceId");
	out->vpc = either_text(interface, "vpcId");
	out->local_ip = first_of(out->local_ip, either_text(interface, "privateIpAddress"));
	if (out->local_ip[0] == '\0' && ip6 != NULL)
		out->local_ip = ip6;
	out->key = either_text(key, "accessKeyId");
	out->user = either_text(key, "userName");
}

static const char *guardduty_product(const json_t *service)
{
	const char *name = either_text(service, "serviceName");

	return name[0] == '\0' || strcasecmp(name, "guardduty") == 0 ? "GuardDuty" : name;
}

static void read_guardduty(const json_t *json, struct finding *out)
{
	const json_t *service = either(json, "service");

	out->id = first_of(either_text(json, "arn"), either_text(json, "id"));
	out->product = guardduty_product(service);
	out->type = either_text(json, "type");
	out->title = either_text(json, "title");
	out->severity = severity_text(json_number_value(either(json, "severity")));
	out->account = either_text(json, "accountId");
	out->region = either_text(json, "region");
	read_action(service, out);
	read_resource(either(json, "resource"), out);
	out->created_ns = time_at(either(json, "createdAt"));
	out->updated_ns = time_at(either(json, "updatedAt"));
	out->first_ns = time_at(either(service, "eventFirstSeen"));
	out->last_ns = time_at(either(service, "eventLastSeen"));
	out->count = count_of(either_uint(service, "count"));
}

/* --- ASFF ----------------------------------------------------------------------------------- */

/* What stands behind the last of a mark. */
static const char *after_last(const char *text, char mark)
{
	const char *at = strrchr(text, mark);

	return at != NULL ? at + 1 : text;
}

static const char *asff_severity(const json_t *severity)
{
	const char *label = record_text(severity, "Label");
	const json_t *normalized = json_object_get(severity, "Normalized");

	if (label[0] != '\0')
		return label;
	if (!json_is_number(normalized))
		return "";
	return first_of(severity_text(json_number_value(normalized) / 10), "INFORMATIONAL");
}

static const char *asff_type(const json_t *json)
{
	const char *type = json_string_value(record_item(json, "Types", 0));

	if (type == NULL)
		type = json_string_value(
			record_item(record_object(json, "FindingProviderFields"), "Types", 0));
	return type != NULL ? type : "";
}

static const char *asff_product(const json_t *json, const json_t *fields)
{
	const char *name = first_of(record_text(json, "ProductName"),
				    record_text(fields, "aws/securityhub/ProductName"));

	return first_of(name, after_last(record_text(json, "ProductArn"), '/'));
}

static bool is_private_text(const char *text)
{
	struct flowlog_addr addr = { .ip_version = 4 };

	return inet_pton(AF_INET, text, addr.bytes) == 1 && flowlog_addr_is_inside(&addr);
}

/* Public addresses stand in the same list. */
static const char *private_address(const json_t *details)
{
	for (size_t i = 0; i < TRAIL_ITEMS; i++) {
		const char *text = json_string_value(record_item(details, "IpV4Addresses", i));

		if (text == NULL)
			break;
		if (is_private_text(text))
			return text;
	}
	return "";
}

static void read_instance(const json_t *resource, struct finding *out)
{
	const json_t *details = record_object(record_object(resource, "Details"), "AwsEc2Instance");
	const char *id = after_last(record_text(resource, "Id"), '/');

	if (out->instance[0] != '\0' || strncmp(id, "i-", 2) != 0)
		return;
	out->instance = id;
	out->vpc = record_text(details, "VpcId");
	out->local_ip = first_of(out->local_ip, private_address(details));
}

static void read_key(const json_t *resource, struct finding *out)
{
	const json_t *details =
		record_object(record_object(resource, "Details"), "AwsIamAccessKey");
	const char *id = after_last(record_text(resource, "Id"), ':');

	out->key = first_of(out->key, first_of(record_text(details, "AccessKeyId"), id));
	out->user = first_of(out->user, first_of(record_text(details, "UserName"),
						 record_text(details, "PrincipalName")));
}

static void read_user(const json_t *resource, struct finding *out)
{
	const json_t *details = record_object(record_object(resource, "Details"), "AwsIamUser");

	out->user = first_of(out->user, first_of(record_text(details, "UserName"),
						 after_last(record_text(resource, "Id"), '/')));
}

static void read_resources(const json_t *json, struct finding *out)
{
	for (size_t i = 0; i < TRAIL_ITEMS; i++) {
		const json_t *resource = record_item(json, "Resources", i);
		const char *type = record_text(resource, "Type");

		if (resource == NULL)
			return;
		out->region = first_of(out->region, record_text(resource, "Region"));
		if (strcmp(type, "AwsEc2Instance") == 0)
			read_instance(resource, out);
		else if (strcmp(type, "AwsIamAccessKey") == 0)
			read_key(resource, out);
		else if (strcmp(type, "AwsIamUser") == 0)
			read_user(resource, out);
	}
}

/* GuardDuty's own paths, as Security Hub flattens them. */
static void read_fields(const json_t *fields, struct finding *out)
{
#define ACTION "aws/guardduty/service/action/"
	const char *remote_ip = first_of(
		record_text(fields, ACTION "networkConnectionAction/remoteIpDetails/ipAddressV4"),
		record_text(fields, ACTION "awsApiCallAction/remoteIpDetails/ipAddressV4"));

	out->remote_ip = first_of(out->remote_ip, remote_ip);
	out->local_ip = first_of(
		out->local_ip,
		record_text(fields, ACTION "networkConnectionAction/localIpDetails/ipAddressV4"));
	out->domain = first_of(out->domain, record_text(fields, ACTION "dnsRequestAction/domain"));
	if (out->remote_port == 0)
		out->remote_port = port_of(record_uint(
			fields, ACTION "networkConnectionAction/remotePortDetails/port"));
	out->count = count_of(record_uint(fields, "aws/guardduty/service/count"));
#undef ACTION
}

/* Retired, but still written by some products. */
static void read_network(const json_t *network, struct finding *out)
{
	out->remote_ip = first_of(out->remote_ip, record_text(network, "DestinationIpV4"));
	out->local_ip = first_of(out->local_ip, record_text(network, "SourceIpV4"));
	out->domain = first_of(out->domain, record_text(network, "DestinationDomain"));
	if (out->remote_port == 0)
		out->remote_port = port_of(record_uint(network, "DestinationPort"));
}

static void read_asff(const json_t *json, struct finding *out)
{
	const json_t *fields = record_object(json, "ProductFields");
	const json_t *provider = record_object(json, "FindingProviderFields");

	out->id = record_text(json, "Id");
	out->product = asff_product(json, fields);
	out->type = asff_type(json);
	out->title = record_text(json, "Title");
	out->severity = first_of(asff_severity(record_object(json, "Severity")),
				 asff_severity(record_object(provider, "Severity")));
	out->account = record_text(json, "AwsAccountId");
	out->region = record_text(json, "Region");
	/* {"Action": {"NetworkConnectionAction": ...}} is GuardDuty's, with capital letters. */
	read_action(json, out);
	read_fields(fields, out);
	if (strcmp(record_text(record_object(json, "Network"), "Direction"), "IN") != 0)
		read_network(record_object(json, "Network"), out);
	read_resources(json, out);
	out->created_ns = time_at(json_object_get(json, "CreatedAt"));
	out->updated_ns = time_at(json_object_get(json, "UpdatedAt"));
	out->first_ns = time_at(json_object_get(json, "FirstObservedAt"));
	out->last_ns = time_at(json_object_get(json, "LastObservedAt"));
}

/* --- either --------------------------------------------------------------------------------- */

int finding_read(const json_t *json, struct finding *out, const char **why)
{
	*out = (struct finding){ 0 };
	fill_texts(out);
	*why = "a finding that is no object";
	if (!json_is_object(json))
		return -EINVAL;
	if (record_text(json, "ProductArn")[0] != '\0')
		read_asff(json, out);
	else
		read_guardduty(json, out);
	settle_times(out);
	*why = "a finding without id or type";
	if (out->id[0] == '\0' || out->type[0] == '\0')
		return -EINVAL;
	*why = NULL;
	return 0;
}
