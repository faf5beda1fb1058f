/* calls.c: the one table of API calls that say something.
 *
 * What a call names is found by a path: `q` is requestParameters, `r` is responseElements, keys
 * follow, and `|` begins another place to look at when the first is empty. A list is entered at its
 * first item.
 *
 * Reference: genuine CloudTrail records; the API references of EC2, IAM, Lambda, EventBridge, S3,
 * Service Quotas, CloudTrail, GuardDuty, CloudWatch, Config. */
#include "sensor/trail/calls.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "sensor/trail/calls_policy.h"
#include "sensor/trail/limits.h"

#define PATH_KEY 64

struct call_row {
	const char *service; /* eventSource up to its first dot */
	const char *name;
	uint8_t kind;
	uint8_t deletes;
	const char *subject;
	const char *object;
	const char *detail;
	void (*finish)(const struct record *record, struct call *out);
};

static void finish_launch(const struct record *record, struct call *out);
static void finish_user(const struct record *record, struct call *out);
static void finish_key(const struct record *record, struct call *out);
static void finish_login(const struct record *record, struct call *out);
static void finish_policy(const struct record *record, struct call *out);
static void finish_quota(const struct record *record, struct call *out);
static void finish_ingress(const struct record *record, struct call *out);

#define MAKES(service, name, kind, subject, object, detail, finish) \
	{ \
		service, name, DEED_##kind, 0, subject, object, detail, finish \
	}
#define ENDS(service, name, kind, subject, object) \
	{ \
		service, name, DEED_DELETE, DEED_##kind, subject, object, "", NULL \
	}

static const struct call_row rows[] = {
	MAKES("ec2", "RunInstances", LAUNCH, "q.instanceType|r.instancesSet.instanceType", "",
	      "q.instancesSet.imageId", finish_launch),
	MAKES("ec2", "StartInstances", STATE, "q.instancesSet.instanceId", "", "", NULL),
	MAKES("ec2", "StopInstances", STATE, "q.instancesSet.instanceId", "", "", NULL),
	MAKES("ec2", "TerminateInstances", STATE, "q.instancesSet.instanceId", "", "", NULL),
	MAKES("ec2", "CreateFleet", FLEET,
	      "r.CreateFleetResponse.fleetId|r.fleetId|q.CreateFleetRequest.Type", "", "", NULL),
	MAKES("ec2", "RequestSpotFleet", FLEET, "r.spotFleetRequestId", "", "", NULL),
	MAKES("ec2", "RequestSpotInstances", FLEET,
	      "r.spotInstanceRequestSet.spotInstanceRequestId",
	      "q.launchSpecification.instanceType", "", NULL),
	MAKES("ec2", "CreateLaunchTemplate", FLEET,
	      "q.CreateLaunchTemplateRequest.LaunchTemplateName|q.launchTemplateName", "", "",
	      NULL),
	MAKES("autoscaling", "CreateAutoScalingGroup", FLEET, "q.autoScalingGroupName", "", "",
	      NULL),
	MAKES("autoscaling", "CreateLaunchConfiguration", FLEET, "q.launchConfigurationName",
	      "q.instanceType", "", NULL),
	MAKES("ec2", "CreateVpc", VPC, "r.vpc.vpcId", "r.vpc.cidrBlock|q.cidrBlock", "", NULL),
	MAKES("ec2", "CreateSubnet", NETWORK, "r.subnet.subnetId", "r.subnet.vpcId|q.vpcId",
	      "q.cidrBlock", NULL),
	MAKES("ec2", "CreateInternetGateway", NETWORK, "r.internetGateway.internetGatewayId", "",
	      "", NULL),
	MAKES("ec2", "CreateNatGateway", NETWORK,
	      "r.CreateNatGatewayResponse.natGateway.natGatewayId|r.natGateway.natGatewayId",
	      "r.CreateNatGatewayResponse.natGateway.vpcId", "", NULL),
	MAKES("ec2", "CreateRouteTable", NETWORK, "r.routeTable.routeTableId",
	      "r.routeTable.vpcId|q.vpcId", "", NULL),
	MAKES("ec2", "CreateSecurityGroup", GROUP, "r.groupId", "q.vpcId", "q.groupName", NULL),
	MAKES("ec2", "AuthorizeSecurityGroupIngress", GROUP_RULE,
	      "q.groupId|q.groupName|r.securityGroupRuleSet.groupId", "", "", finish_ingress),
	MAKES("ec2", "CreateKeyPair", KEY_PAIR, "q.keyName", "r.keyPairId", "", NULL),
	MAKES("ec2", "ImportKeyPair", KEY_PAIR, "q.keyName", "r.keyPairId", "", NULL),
	MAKES("ec2", "AssignPrivateIpAddresses", ADDRESS, "q.networkInterfaceId",
	      "r.assignedPrivateIpAddressesSet.assignedPrivateIpAddressSetType.privateIpAddress|"
	      "q.privateIpAddressesSet.privateIpAddress",
	      "", NULL),
	MAKES("iam", "CreateUser", USER, "q.userName|r.user.userName", "r.user.arn", "",
	      finish_user),
	MAKES("iam", "CreateRole", ROLE, "q.roleName|r.role.roleName", "r.role.arn", "",
	      finish_user),
	MAKES("iam", "CreateLoginProfile", LOGIN, "q.userName", "", "", finish_login),
	MAKES("iam", "UpdateLoginProfile", LOGIN, "q.userName", "", "", finish_login),
	MAKES("iam", "CreateAccessKey", KEY, "r.accessKey.accessKeyId",
	      "r.accessKey.userName|q.userName", "", finish_key),
	MAKES("iam", "AttachUserPolicy", POLICY, "q.policyArn", "q.userName", "user",
	      finish_policy),
	MAKES("iam", "AttachRolePolicy", POLICY, "q.policyArn", "q.roleName", "role",
	      finish_policy),
	MAKES("iam", "AttachGroupPolicy", POLICY, "q.policyArn", "q.groupName", "group",
	      finish_policy),
	MAKES("iam", "PutUserPolicy", POLICY, "q.policyName", "q.userName", "user", finish_policy),
	MAKES("iam", "PutRolePolicy", POLICY, "q.policyName", "q.roleName", "role", finish_policy),
	MAKES("iam", "PutGroupPolicy", POLICY, "q.policyName", "q.groupName", "group",
	      finish_policy),
	MAKES("iam", "CreatePolicy", POLICY, "r.policy.arn|q.policyName", "", "", finish_policy),
	MAKES("iam", "CreatePolicyVersion", POLICY, "q.policyArn", "", "", finish_policy),
	MAKES("iam", "AddUserToGroup", GROUP_MEMBER, "q.groupName", "q.userName", "", NULL),
	MAKES("iam", "UpdateAssumeRolePolicy", ROLE_TRUST, "q.roleName", "", "", NULL),
	MAKES("lambda", "CreateFunction", FUNCTION, "q.functionName|r.functionName",
	      "r.functionArn", "", NULL),
	MAKES("lambda", "UpdateFunctionCode", FUNCTION, "r.functionName|q.functionName",
	      "r.functionArn", "", NULL),
	MAKES("lambda", "AddPermission", FUNCTION_RIGHT, "q.functionName", "q.principal",
	      "q.action", NULL),
	MAKES("lambda", "CreateFunctionUrlConfig", FUNCTION_RIGHT, "q.functionName",
	      "r.functionUrl", "q.authType", NULL),
	MAKES("events", "PutRule", RULE, "q.name", "q.scheduleExpression|q.eventPattern",
	      "r.ruleArn", NULL),
	MAKES("events", "PutTargets", RULE_TARGET, "q.rule", "q.targets.arn", "q.targets.id", NULL),
	MAKES("scheduler", "CreateSchedule", RULE, "q.name", "q.scheduleExpression",
	      "r.scheduleArn", NULL),
	MAKES("s3", "CreateBucket", BUCKET, "q.bucketName", "", "", NULL),
	MAKES("servicequotas", "RequestServiceQuotaIncrease", QUOTA, "q.quotaCode", "",
	      "r.requestedQuota.quotaName|q.serviceCode", finish_quota),
	MAKES("cloudtrail", "StopLogging", LOGGING, "q.name", "", "", NULL),
	MAKES("cloudtrail", "DeleteTrail", LOGGING, "q.name", "", "", NULL),
	MAKES("guardduty", "DeleteDetector", LOGGING, "q.detectorId", "", "", NULL),
	MAKES("guardduty", "UpdateDetector", LOGGING, "q.detectorId", "", "", NULL),
	MAKES("guardduty", "StopMonitoringMembers", LOGGING, "q.detectorId", "", "", NULL),
	MAKES("guardduty", "DisassociateFromMasterAccount", LOGGING, "q.detectorId", "", "", NULL),
	MAKES("guardduty", "DisassociateFromAdministratorAccount", LOGGING, "q.detectorId", "", "",
	      NULL),
	MAKES("monitoring", "DeleteAlarms", LOGGING, "q.alarmNames", "", "", NULL),
	MAKES("monitoring", "DisableAlarmActions", LOGGING, "q.alarmNames", "", "", NULL),
	MAKES("config", "StopConfigurationRecorder", LOGGING, "q.configurationRecorderName", "", "",
	      NULL),
	MAKES("config", "DeleteConfigurationRecorder", LOGGING, "q.configurationRecorderName", "",
	      "", NULL),
	MAKES("securityhub", "DisableSecurityHub", LOGGING, "", "", "", NULL),
	MAKES("ec2", "DeleteFlowLogs", LOGGING,
	      "q.DeleteFlowLogsRequest.FlowLogId.content|q.DeleteFlowLogsRequest.FlowLogId", "", "",
	      NULL),
	ENDS("ec2", "DeleteVpc", VPC, "q.vpcId", ""),
	ENDS("ec2", "DeleteSubnet", NETWORK, "q.subnetId", ""),
	ENDS("ec2", "DeleteInternetGateway", NETWORK, "q.internetGatewayId", ""),
	ENDS("ec2", "DeleteNatGateway", NETWORK,
	     "q.DeleteNatGatewayRequest.NatGatewayId|q.natGatewayId", ""),
	ENDS("ec2", "DeleteRouteTable", NETWORK, "q.routeTableId", ""),
	ENDS("ec2", "DeleteSecurityGroup", GROUP, "q.groupId", ""),
	ENDS("ec2", "DeleteKeyPair", KEY_PAIR, "q.keyName", ""),
	ENDS("ec2", "UnassignPrivateIpAddresses", ADDRESS, "q.networkInterfaceId",
	     "q.privateIpAddressesSet.privateIpAddress"),
	ENDS("ec2", "DeleteLaunchTemplate", FLEET,
	     "q.DeleteLaunchTemplateRequest.LaunchTemplateName|q.launchTemplateName", ""),
	ENDS("autoscaling", "DeleteAutoScalingGroup", FLEET, "q.autoScalingGroupName", ""),
	ENDS("autoscaling", "DeleteLaunchConfiguration", FLEET, "q.launchConfigurationName", ""),
	ENDS("iam", "DeleteUser", USER, "q.userName", ""),
	ENDS("iam", "DeleteRole", ROLE, "q.roleName", ""),
	ENDS("iam", "DeleteLoginProfile", LOGIN, "q.userName", ""),
	ENDS("iam", "DeleteAccessKey", KEY, "q.accessKeyId", ""),
	ENDS("iam", "DetachUserPolicy", POLICY, "q.policyArn", "q.userName"),
	ENDS("iam", "DetachRolePolicy", POLICY, "q.policyArn", "q.roleName"),
	ENDS("iam", "DetachGroupPolicy", POLICY, "q.policyArn", "q.groupName"),
	ENDS("iam", "DeleteUserPolicy", POLICY, "q.policyName", "q.userName"),
	ENDS("iam", "DeleteRolePolicy", POLICY, "q.policyName", "q.roleName"),
	ENDS("iam", "DeletePolicy", POLICY, "q.policyArn", ""),
	ENDS("iam", "RemoveUserFromGroup", GROUP_MEMBER, "q.groupName", "q.userName"),
	ENDS("lambda", "DeleteFunction", FUNCTION, "q.functionName", ""),
	ENDS("lambda", "RemovePermission", FUNCTION_RIGHT, "q.functionName", ""),
	ENDS("events", "DeleteRule", RULE, "q.name", ""),
	ENDS("events", "RemoveTargets", RULE_TARGET, "q.rule", ""),
	ENDS("scheduler", "DeleteSchedule", RULE, "q.name", ""),
	ENDS("s3", "DeleteBucket", BUCKET, "q.bucketName", ""),
};

/* --- paths ---------------------------------------------------------------------------------- */

/* Enters a list at its first item, in any form of a list. */
static const json_t *enter_list(const json_t *value)
{
	const json_t *items;

	if (json_is_array(value))
		return json_array_get(value, 0);
	items = json_object_get(value, "items");
	if (items == NULL)
		items = json_object_get(value, "item");
	return json_is_array(items) ? json_array_get(items, 0) : value;
}

/* One place: `q.a.b`, ending at `|` or NUL. */
static const char *follow_path(const struct record *record, const char *path, size_t len)
{
	const json_t *value = path[0] == 'q' ? record->request : record->response;
	const char *end = path + len;
	char key[PATH_KEY];

	path++;
	while (value != NULL && path < end && *path == '.') {
		size_t part = strcspn(++path, ".|");

		if (part >= sizeof(key))
			return "";
		memcpy(key, path, part);
		key[part] = '\0';
		path += part;
		value = enter_list(json_object_get(value, key));
	}
	return json_is_string(value) ? json_string_value(value) : "";
}

static const char *find_text(const struct record *record, const char *path)
{
	const char *text = "";

	while (*path != '\0' && text[0] == '\0') {
		size_t len = strcspn(path, "|");

		text = follow_path(record, path, len);
		path += len;
		path += *path == '|';
	}
	return text;
}

/* --- what some calls say in their own way --------------------------------------------------- */

/* How many instances: what came, else what was asked for. */
static void finish_launch(const struct record *record, struct call *out)
{
	const json_t *asked = record_item(record->request, "instancesSet", 0);
	uint32_t came = 0;
	uint64_t most;

	while (came < TRAIL_ITEMS && record_item(record->response, "instancesSet", came) != NULL)
		came++;
	most = record_uint(asked, "maxCount");
	if (most > TRAIL_ITEMS)
		most = TRAIL_ITEMS;
	out->is_unnamed = came == 0 && record->error[0] == '\0';
	out->count = came > 0 ? came : (uint32_t)most;
	if (out->count == 0)
		out->count = 1;
}

static void finish_user(const struct record *record, struct call *out)
{
	(void)record;
	out->child = out->object;
}

static void finish_key(const struct record *record, struct call *out)
{
	out->child = out->subject;
	/* Without a user name it is a key of the caller's own. */
	if (out->object[0] == '\0')
		out->object = record->user;
}

/* Who has a password now can sign in: every call of that user counts from then on. */
static void finish_login(const struct record *record, struct call *out)
{
	if (out->subject[0] == '\0' || record->account[0] == '\0')
		return;
	(void)snprintf(out->scratch, sizeof(out->scratch), "arn:aws:iam::%.32s:user/%.128s",
		       record->account, out->subject);
	out->child = out->scratch;
}

static void finish_policy(const struct record *record, struct call *out)
{
	out->is_admin = policy_name_is_admin(out->subject) ||
			policy_document_is_admin(record_text(record->request, "policyDocument"));
}

static void finish_quota(const struct record *record, struct call *out)
{
	const json_t *value = json_object_get(record->request, "desiredValue");

	if (json_is_number(value))
		(void)snprintf(out->scratch, sizeof(out->scratch), "%.0f",
			       json_number_value(value));
	else
		(void)snprintf(out->scratch, sizeof(out->scratch), "%.64s",
			       record_text(record->request, "desiredValue"));
	out->object = out->scratch;
}

static bool is_everybody(const char *prefix)
{
	return strcmp(prefix, "0.0.0.0/0") == 0 || strcmp(prefix, "::/0") == 0;
}

/* The widest source of one permission. */
static const char *widest_source(const json_t *permission)
{
	static const char *const lists[][2] = { { "ipRanges", "cidrIp" },
						{ "ipv6Ranges", "cidrIpv6" } };
	const char *widest = "";

	for (size_t list = 0; list < 2; list++)
		for (size_t i = 0; i < TRAIL_ITEMS; i++) {
			const json_t *range = record_item(permission, lists[list][0], i);
			const char *prefix = record_text(range, lists[list][1]);

			if (range == NULL)
				break;
			if (widest[0] == '\0' || is_everybody(prefix))
				widest = prefix;
		}
	return widest;
}

static void finish_ingress(const struct record *record, struct call *out)
{
	const json_t *permission = NULL;

	/* The old form names one source at the top. */
	out->object = record_text(record->request, "cidrIp");
	for (size_t i = 0; i < TRAIL_ITEMS && !is_everybody(out->object); i++) {
		const json_t *next = record_item(record->request, "ipPermissions", i);
		const char *widest = widest_source(next);

		if (next == NULL)
			break;
		if (permission == NULL || is_everybody(widest)) {
			permission = next;
			if (widest[0] != '\0')
				out->object = widest;
		}
	}
	if (permission == NULL)
		permission = record->request;
	out->is_open = is_everybody(out->object);
	(void)snprintf(out->scratch, sizeof(out->scratch), "%.16s %u-%u",
		       record_text(permission, "ipProtocol"),
		       (unsigned)(record_uint(permission, "fromPort") & 0xffff),
		       (unsigned)(record_uint(permission, "toPort") & 0xffff));
	out->detail = out->scratch;
}

/* --- the table ------------------------------------------------------------------------------ */

static const struct call_row *find_row(const struct record *record)
{
	size_t service = strcspn(record->source, ".");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, record->name) == 0 && strlen(rows[i].service) == service &&
		    memcmp(rows[i].service, record->source, service) == 0)
			return &rows[i];
	return NULL;
}

bool call_read(const struct record *record, struct call *out)
{
	const struct call_row *row = find_row(record);

	if (row == NULL)
		return false;
	*out = (struct call){ .kind = row->kind,
			      .deletes = row->deletes,
			      .subject = find_text(record, row->subject),
			      .object = find_text(record, row->object),
			      .detail = row->detail,
			      .count = 1,
			      .child = "" };
	if (row->detail[0] != '\0' && row->detail[1] == '.')
		out->detail = find_text(record, row->detail);
	if (row->finish != NULL)
		row->finish(record, out);
	/* A detector that is updated and stays on is none of our business. */
	if (strcmp(row->name, "UpdateDetector") == 0 &&
	    !json_is_false(json_object_get(record->request, "enable")))
		return false;
	return true;
}

const char *call_session(const struct record *record)
{
	const json_t *assumed;
	const json_t *federated;

	if (strncmp(record->source, "sts.", 4) != 0)
		return "";
	assumed = record_object(record->response, "assumedRoleUser");
	federated = record_object(record->response, "federatedUser");
	if (assumed != NULL)
		return record_text(assumed, "arn");
	return record_text(federated, "arn");
}

const char *deed_kind_text(enum deed_kind kind)
{
	static const char *const texts[DEED_KINDS] = {
		[DEED_LAUNCH] = "launch",
		[DEED_STATE] = "instance state",
		[DEED_FLEET] = "fleet or launch template",
		[DEED_USER] = "user",
		[DEED_ROLE] = "role",
		[DEED_LOGIN] = "console password",
		[DEED_KEY] = "access key",
		[DEED_POLICY] = "policy",
		[DEED_GROUP_MEMBER] = "group membership",
		[DEED_ROLE_TRUST] = "role trust",
		[DEED_FUNCTION] = "function",
		[DEED_FUNCTION_RIGHT] = "function permission",
		[DEED_RULE] = "rule or schedule",
		[DEED_RULE_TARGET] = "rule target",
		[DEED_BUCKET] = "bucket",
		[DEED_VPC] = "VPC",
		[DEED_NETWORK] = "network part",
		[DEED_GROUP] = "security group",
		[DEED_GROUP_RULE] = "ingress rule",
		[DEED_KEY_PAIR] = "key pair",
		[DEED_QUOTA] = "quota request",
		[DEED_LOGGING] = "logging disabled",
		[DEED_ADDRESS] = "private address",
		[DEED_DELETE] = "deletion",
		[DEED_OTHER] = "call",
	};

	return (unsigned)kind < DEED_KINDS ? texts[kind] : "call";
}

bool call_is_reading(const char *name)
{
	static const char *const words[] = { "Describe", "List",   "Get",    "Head",
					     "Lookup",   "Search", "Select", "BatchGet" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(name, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* The family's letters decide: p3, g4dn, trn1, inf2, dl1, vt1, f1; not c, m, r, t, x, i, d, h, z.
 */
bool call_is_gpu(const char *instance_type)
{
	static const char *const families[] = { "p", "g", "gr", "trn", "inf", "dl", "vt", "f" };
	size_t letters = strcspn(instance_type, "0123456789");

	if (!isdigit((unsigned char)instance_type[letters]))
		return false;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (strlen(families[i]) == letters &&
		    memcmp(families[i], instance_type, letters) == 0)
			return true;
	return false;
}
