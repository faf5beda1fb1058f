/* containment_remedies.c: what to do about each kind of thing that was made, one table of rows; the
 * order of rows is the order of steps. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sensor/trail/containment_parts.h"

struct remedy {
	enum deed_kind kind;
	uint8_t stage;
	bool is_regional;
	const char *call;    /* only of this call; NULL: any. Special rows come first */
	const char *begin;   /* of the resource's name, to tell parts of networks; NULL: any */
	const char *text;    /* before the subject */
	const char *joint;   /* before the object; NULL: not named */
	const char *command; /* NULL: none */
	const char *subject; /* option that takes it */
	const char *object;  /* NULL: none */
	const char *rest;    /* constant words; NULL: none */
};

#define ANY NULL

/* Until the fleets: what gives access. */
static const struct remedy access_remedies[] = {
	{ DEED_RULE, 1, true, "CreateSchedule", ANY, "Delete the schedule", ": ",
	  "aws scheduler delete-schedule", "--name", NULL, NULL },
	{ DEED_RULE, 1, true, ANY, ANY, "Disable the rule or schedule", ": ",
	  "aws events disable-rule", "--name", NULL, NULL },
	{ DEED_RULE_TARGET, 1, true, ANY, ANY, "Remove the target from rule", ": ",
	  "aws events remove-targets", "--rule", NULL, NULL },
	{ DEED_FUNCTION, 1, true, "UpdateFunctionCode", ANY,
	  "Stop the function whose code was changed,", NULL, "aws lambda put-function-concurrency",
	  "--function-name", NULL, "--reserved-concurrent-executions 0" },
	{ DEED_FUNCTION, 1, true, ANY, ANY, "Stop the function", NULL,
	  "aws lambda put-function-concurrency", "--function-name", NULL,
	  "--reserved-concurrent-executions 0" },
	{ DEED_FUNCTION_RIGHT, 1, true, "CreateFunctionUrlConfig", ANY, "Close the URL of function",
	  NULL, "aws lambda delete-function-url-config", "--function-name", NULL, NULL },
	{ DEED_FUNCTION_RIGHT, 1, true, ANY, ANY, "See, and take back, who may call the function",
	  " for ", "aws lambda get-policy", "--function-name", NULL, NULL },
	{ DEED_KEY, 1, false, ANY, ANY, "Deactivate the created access key", " of user ",
	  "aws iam update-access-key", "--access-key-id", "--user-name", "--status Inactive" },
	{ DEED_LOGIN, 1, false, ANY, ANY, "Delete the console password of user", NULL,
	  "aws iam delete-login-profile", "--user-name", NULL, NULL },
	{ DEED_USER, 1, false, ANY, ANY, "Deny everything to the created user", NULL,
	  "aws iam put-user-policy", "--user-name", NULL, CONTAINMENT_DENY_ALL },
	{ DEED_ROLE, 1, false, ANY, ANY, "Deny everything to the created role", NULL,
	  "aws iam put-role-policy", "--role-name", NULL, CONTAINMENT_DENY_ALL },
	{ DEED_POLICY, 1, false, "AttachUserPolicy", ANY, "Detach policy", " from user ",
	  "aws iam detach-user-policy", "--policy-arn", "--user-name", NULL },
	{ DEED_POLICY, 1, false, "AttachRolePolicy", ANY, "Detach policy", " from role ",
	  "aws iam detach-role-policy", "--policy-arn", "--role-name", NULL },
	{ DEED_POLICY, 1, false, "AttachGroupPolicy", ANY, "Detach policy", " from group ",
	  "aws iam detach-group-policy", "--policy-arn", "--group-name", NULL },
	{ DEED_POLICY, 1, false, "PutUserPolicy", ANY, "Delete policy", " of user ",
	  "aws iam delete-user-policy", "--policy-name", "--user-name", NULL },
	{ DEED_POLICY, 1, false, "PutRolePolicy", ANY, "Delete policy", " of role ",
	  "aws iam delete-role-policy", "--policy-name", "--role-name", NULL },
	{ DEED_POLICY, 1, false, "PutGroupPolicy", ANY, "Delete policy", " of group ",
	  "aws iam delete-group-policy", "--policy-name", "--group-name", NULL },
	{ DEED_POLICY, 1, false, "CreatePolicyVersion", ANY,
	  "Look at the versions and set back policy", NULL, "aws iam list-policy-versions",
	  "--policy-arn", NULL, NULL },
	{ DEED_GROUP_MEMBER, 1, false, ANY, ANY, "Remove from group", " the user ",
	  "aws iam remove-user-from-group", "--group-name", "--user-name", NULL },
	{ DEED_ROLE_TRUST, 1, false, ANY, ANY, "Look who may assume and set back role", NULL,
	  "aws iam get-role", "--role-name", NULL, NULL },
};

static const struct remedy fleet_remedies[] = {
	{ DEED_FLEET, 3, true, "CreateAutoScalingGroup", ANY, "Empty the Auto Scaling group", NULL,
	  "aws autoscaling update-auto-scaling-group", "--auto-scaling-group-name", NULL,
	  "--min-size 0 --max-size 0 --desired-capacity 0" },
	{ DEED_FLEET, 3, true, "CreateFleet", "fleet-", "Delete the fleet", NULL,
	  "aws ec2 delete-fleets", "--fleet-ids", NULL, "--terminate-instances" },
	{ DEED_FLEET, 3, true, "RequestSpotFleet", "sfr-", "Cancel the spot fleet", NULL,
	  "aws ec2 cancel-spot-fleet-requests", "--spot-fleet-request-ids", NULL,
	  "--terminate-instances" },
	{ DEED_FLEET, 3, true, "RequestSpotInstances", "sir-", "Cancel the spot request", NULL,
	  "aws ec2 cancel-spot-instance-requests", "--spot-instance-request-ids", NULL, NULL },
	{ DEED_FLEET, 3, true, "CreateFleet", ANY, "Find and delete the fleet of type", NULL,
	  "aws ec2 describe-fleets", NULL, NULL, NULL },
};

static const struct remedy network_remedies[] = {
	{ DEED_GROUP_RULE, 4, true, ANY, ANY, "Close security group", " to ", NULL, NULL, NULL,
	  NULL },
	{ DEED_NETWORK, 4, true, ANY, "nat-", "Delete the NAT gateway", " of ",
	  "aws ec2 delete-nat-gateway", "--nat-gateway-id", NULL, NULL },
	{ DEED_GROUP, 4, true, ANY, ANY, "Delete the security group", " of ",
	  "aws ec2 delete-security-group", "--group-id", NULL, NULL },
	{ DEED_NETWORK, 4, true, ANY, "subnet-", "Delete the subnet", " of ",
	  "aws ec2 delete-subnet", "--subnet-id", NULL, NULL },
	{ DEED_NETWORK, 4, true, ANY, "igw-", "Delete the internet gateway", NULL,
	  "aws ec2 delete-internet-gateway", "--internet-gateway-id", NULL, NULL },
	{ DEED_NETWORK, 4, true, ANY, "rtb-", "Delete the route table", " of ",
	  "aws ec2 delete-route-table", "--route-table-id", NULL, NULL },
	{ DEED_NETWORK, 4, true, ANY, ANY, "Delete the network part", " of ", NULL, NULL, NULL,
	  NULL },
	{ DEED_VPC, 4, true, ANY, ANY, "Delete the VPC", ": ", "aws ec2 delete-vpc", "--vpc-id",
	  NULL, NULL },
	{ DEED_KEY_PAIR, 4, true, ANY, ANY, "Delete the key pair", NULL, "aws ec2 delete-key-pair",
	  "--key-name", NULL, NULL },
	{ DEED_FLEET, 4, true, "CreateLaunchTemplate", ANY, "Delete the launch template", NULL,
	  "aws ec2 delete-launch-template", "--launch-template-name", NULL, NULL },
	{ DEED_FLEET, 4, true, "CreateLaunchConfiguration", ANY, "Delete the launch configuration",
	  NULL, "aws autoscaling delete-launch-configuration", "--launch-configuration-name", NULL,
	  NULL },
	{ DEED_POLICY, 4, false, "CreatePolicy", ANY, "Delete the created policy", NULL,
	  "aws iam delete-policy", "--policy-arn", NULL, NULL },
	{ DEED_BUCKET, 4, true, ANY, ANY, "Close to the public, and keep as evidence, the bucket",
	  NULL, "aws s3api put-public-access-block", "--bucket", NULL,
	  "--public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,"
	  "BlockPublicPolicy=true,RestrictPublicBuckets=true" },
	{ DEED_QUOTA, 4, true, ANY, ANY, "Ask the provider to set back quota", " from ", NULL, NULL,
	  NULL, NULL },
};

/* What the first steps only stopped goes at last. */
static const struct remedy remains_remedies[] = {
	{ DEED_RULE, 4, true, "PutRule", ANY, "When the evidence is kept, delete the rule", NULL,
	  "aws events delete-rule", "--name", NULL, NULL },
	{ DEED_FUNCTION, 4, true, "CreateFunction", ANY,
	  "When the evidence is kept, delete the function", NULL, "aws lambda delete-function",
	  "--function-name", NULL, NULL },
	{ DEED_KEY, 4, false, ANY, ANY, "Delete the created access key", " of user ",
	  "aws iam delete-access-key", "--access-key-id", "--user-name", NULL },
	{ DEED_USER, 4, false, ANY, ANY, "Take the policy of step 1 from the created user", NULL,
	  "aws iam delete-user-policy", "--user-name", NULL, "--policy-name " CONTAINMENT_POLICY },
	{ DEED_ROLE, 4, false, ANY, ANY, "Take the policy of step 1 from the created role", NULL,
	  "aws iam delete-role-policy", "--role-name", NULL, "--policy-name " CONTAINMENT_POLICY },
};

static const struct remedy people_remedies[] = {
	{ DEED_USER, 4, false, ANY, ANY, "Delete the created user", NULL, "aws iam delete-user",
	  "--user-name", NULL, NULL },
	{ DEED_ROLE, 4, false, ANY, ANY, "Delete the created role", NULL, "aws iam delete-role",
	  "--role-name", NULL, NULL },
};

/* Logging that was switched off, and how it comes back; else by hand. */
static const struct remedy logging_remedies[] = {
	{ DEED_LOGGING, 2, true, "StopLogging", ANY, "Start again trail", NULL,
	  "aws cloudtrail start-logging", "--name", NULL, NULL },
	{ DEED_LOGGING, 2, true, "UpdateDetector", ANY, "Enable again detector", NULL,
	  "aws guardduty update-detector", "--detector-id", NULL, "--enable" },
	{ DEED_LOGGING, 2, true, "DisableAlarmActions", ANY, "Enable again the actions of alarm",
	  NULL, "aws cloudwatch enable-alarm-actions", "--alarm-names", NULL, NULL },
	{ DEED_LOGGING, 2, true, "StopConfigurationRecorder", ANY, "Start again recorder", NULL,
	  "aws configservice start-configuration-recorder", "--configuration-recorder-name", NULL,
	  NULL },
	{ DEED_LOGGING, 2, true, "DisableSecurityHub", ANY, "Enable again Security Hub", NULL,
	  "aws securityhub enable-security-hub", NULL, NULL, NULL },
	{ DEED_LOGGING, 2, true, ANY, ANY, "Make again the logging or monitoring", NULL, NULL, NULL,
	  NULL, NULL },
};

#define REMEDIES(table) table, sizeof(table) / sizeof((table)[0])

static bool is_for(const struct remedy *remedy, const struct deed *deed)
{
	return (enum deed_kind)deed->kind == remedy->kind &&
	       (remedy->call == NULL || strcmp(remedy->call, deed->name) == 0) &&
	       (remedy->begin == NULL || containment_begins(deed->subject, remedy->begin));
}

/* --- commands that need more than subject and object ---------------------------------------- */

/* arn:aws:scheduler:REGION:ACCOUNT:schedule/GROUP/NAME */
static void add_schedule_group(struct command_line *line, const struct deed *deed)
{
	const char *group = strstr(deed->detail, ":schedule/");
	char name[128];
	size_t len;

	if (group == NULL)
		return;
	group += strlen(":schedule/");
	len = strcspn(group, "/");
	if (len == 0 || len >= sizeof(name) || group[len] == '\0')
		return;
	memcpy(name, group, len);
	name[len] = '\0';
	command_option(line, "--group-name", name);
}

/* "tcp 22-22": of the protocol and the ports. False: something else. */
static bool read_ports(const char *detail, char protocol[8], char ports[16])
{
	size_t len = strcspn(detail, " ");

	if (len == 0 || len >= 8 || detail[len] != ' ' || strlen(detail + len + 1) >= 16 ||
	    strspn(detail + len + 1, "0123456789-") != strlen(detail + len + 1))
		return false;
	memcpy(protocol, detail, len);
	protocol[len] = '\0';
	(void)snprintf(ports, 16, "%s", detail + len + 1);
	return true;
}

/* IPv4 only: the CLI takes IPv6 and groups in another form. */
static void close_group(struct command_line *line, const struct deed *deed)
{
	char protocol[8];
	char ports[16];

	command_begin(line, "aws ec2 revoke-security-group-ingress");
	command_option(line, "--region", deed->region);
	command_option(line, "--group-id", deed->subject);
	if (!containment_begins(deed->subject, "sg-") ||
	    !read_ports(deed->detail, protocol, ports) ||
	    strspn(deed->object, "0123456789./") != strlen(deed->object)) {
		line->is_refused = true;
		return;
	}
	if (strcmp(protocol, "-1") == 0) {
		command_words(line, "--protocol all");
	} else {
		command_option(line, "--protocol", protocol);
		command_option(line, "--port", ports);
	}
	command_option(line, "--cidr", deed->object);
}

/* The only VPC that was made in the gateway's region; NULL: none or several. */
static const char *only_vpc(const struct incident *incident, const char *region)
{
	const char *found = NULL;

	for (size_t i = 0; i < incident->resources_count; i++) {
		const struct deed *deed = incident->resources[i].deed;

		if (deed->kind != DEED_VPC || strcmp(deed->region, region) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = deed->subject;
	}
	return found;
}

/* A gateway that is attached cannot be deleted. */
static int detach_gateway(struct containment *out, const struct incident *incident,
			  const struct deed *deed)
{
	const char *vpc = only_vpc(incident, deed->region);
	struct containment_step *step;
	struct command_line line;

	if (vpc == NULL)
		return 0;
	step = containment_add(out, 4, deed->region, deed->event);
	if (step == NULL)
		return -ENOMEM;
	(void)snprintf(step->text, sizeof(step->text),
		       "Detach the internet gateway %.80s from %.80s", deed->subject, vpc);
	command_begin(&line, "aws ec2 detach-internet-gateway");
	command_option(&line, "--region", deed->region);
	command_option(&line, "--internet-gateway-id", deed->subject);
	command_option(&line, "--vpc-id", vpc);
	return containment_set_command(step, &line);
}

/* --- a step from a row ---------------------------------------------------------------------- */

static void build_command(struct command_line *line, const struct remedy *remedy,
			  const struct deed *deed)
{
	command_begin(line, remedy->command);
	if (remedy->is_regional)
		command_option(line, "--region", deed->region);
	if (remedy->subject != NULL)
		command_option(line, remedy->subject, deed->subject);
	if (remedy->object != NULL)
		command_option(line, remedy->object, deed->object);
	if (remedy->rest != NULL)
		command_words(line, remedy->rest);
	if (deed->kind == DEED_RULE && remedy->call != NULL)
		add_schedule_group(line, deed);
	if (deed->kind == DEED_RULE_TARGET)
		command_option(line, "--ids", deed->detail);
}

static int take_remedy(struct containment *out, const struct incident *incident,
		       const struct remedy *remedy, const struct deed *deed)
{
	bool has_object = remedy->joint != NULL && deed->object[0] != '\0';
	struct containment_step *step;
	struct command_line line;

	if (deed->kind == DEED_NETWORK && containment_begins(deed->subject, "igw-") &&
	    detach_gateway(out, incident, deed) != 0)
		return -ENOMEM;
	step = containment_add(out, remedy->stage, remedy->is_regional ? deed->region : "",
			       deed->event);
	if (step == NULL)
		return -ENOMEM;
	(void)snprintf(step->text, sizeof(step->text), "%.60s %.64s%s%.90s", remedy->text,
		       deed->subject[0] != '\0' ? deed->subject : "(not in the record)",
		       has_object ? remedy->joint : "", has_object ? deed->object : "");
	if (deed->kind == DEED_GROUP_RULE)
		close_group(&line, deed);
	else if (remedy->command != NULL)
		build_command(&line, remedy, deed);
	else
		return 0;
	return containment_set_command(step, &line);
}

static const struct remedy *find_remedy(const struct remedy *table, size_t count,
					const struct deed *deed)
{
	for (size_t i = 0; i < count; i++)
		if (is_for(&table[i], deed))
			return &table[i];
	return NULL;
}

/* An ingress rule goes with its group when that was made, too. */
static bool goes_with_group(const struct incident *incident, const struct deed *deed)
{
	for (size_t i = 0; i < incident->resources_count && deed->kind == DEED_GROUP_RULE; i++) {
		const struct incident_resource *made = &incident->resources[i];

		if (made->deed->kind == DEED_GROUP &&
		    strcmp(made->deed->subject, deed->subject) == 0)
			return true;
	}
	return false;
}

/* In the order of the table, then as the resources stand. What is gone needs nothing. */
static int take_resources(struct containment *out, const struct incident *incident,
			  const struct remedy *table, size_t count)
{
	int result = 0;

	for (size_t row = 0; row < count; row++)
		for (size_t i = 0; i < incident->resources_count && result == 0; i++) {
			const struct incident_resource *made = &incident->resources[i];

			if (made->deleted == NULL && !goes_with_group(incident, made->deed) &&
			    find_remedy(table, count, made->deed) == &table[row])
				result = take_remedy(out, incident, &table[row], made->deed);
		}
	return result;
}

int containment_logging(struct containment *out, const struct incident *incident)
{
	int result = 0;

	for (size_t i = 0; i < incident->deeds_count && result == 0; i++) {
		const struct deed *deed = incident->deeds[i];
		const struct remedy *remedy;

		if (deed->kind != DEED_LOGGING || deed->error[0] != '\0')
			continue;
		remedy = find_remedy(REMEDIES(logging_remedies), deed);
		if (remedy != NULL)
			result = take_remedy(out, incident, remedy, deed);
	}
	return result;
}

int containment_access(struct containment *out, const struct incident *incident)
{
	return take_resources(out, incident, REMEDIES(access_remedies));
}

int containment_fleets(struct containment *out, const struct incident *incident)
{
	return take_resources(out, incident, REMEDIES(fleet_remedies));
}

int containment_networks(struct containment *out, const struct incident *incident)
{
	return take_resources(out, incident, REMEDIES(network_remedies));
}

int containment_remains(struct containment *out, const struct incident *incident)
{
	int result = take_resources(out, incident, REMEDIES(remains_remedies));

	return result == 0 ? take_resources(out, incident, REMEDIES(people_remedies)) : result;
}
