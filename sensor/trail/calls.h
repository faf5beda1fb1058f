/* calls.h: the one table of API calls that say something, and what they name.
 *
 * A call that is not in the table only tells that its identity was there (struct use). */
#ifndef TRAIL_CALLS_H
#define TRAIL_CALLS_H

#include "sensor/trail/record.h"

/* What was done. The order is that of the tables in reports. */
enum deed_kind {
	DEED_LAUNCH,         /* RunInstances; subject: instance type, count: instances */
	DEED_STATE,          /* Start-, Stop-, TerminateInstances; subject: first instance */
	DEED_FLEET,          /* Auto Scaling group, fleet, spot request, launch template */
	DEED_USER,           /* CreateUser; subject: user name, object: ARN */
	DEED_ROLE,           /* CreateRole */
	DEED_LOGIN,          /* CreateLoginProfile, UpdateLoginProfile; subject: user name */
	DEED_KEY,            /* CreateAccessKey; subject: key id, object: user name */
	DEED_POLICY,         /* attached or written; subject: policy, object: who has it now */
	DEED_GROUP_MEMBER,   /* AddUserToGroup; subject: group, object: user */
	DEED_ROLE_TRUST,     /* UpdateAssumeRolePolicy; subject: role */
	DEED_FUNCTION,       /* Lambda: created or its code changed; subject: name, object: ARN */
	DEED_FUNCTION_RIGHT, /* AddPermission, function URL; subject: function */
	DEED_RULE,           /* EventBridge rule or schedule; subject: name, object: expression */
	DEED_RULE_TARGET,    /* PutTargets; subject: rule, object: target's ARN */
	DEED_BUCKET,         /* CreateBucket; subject: name */
	DEED_VPC,            /* subject: vpc-..., object: CIDR */
	DEED_NETWORK,        /* subnet, gateway, route table...; subject: id, object: VPC */
	DEED_GROUP,          /* security group; subject: sg-..., object: VPC, detail: name */
	DEED_GROUP_RULE,     /* ingress; subject: sg-..., object: widest source, detail: ports */
	DEED_KEY_PAIR,       /* CreateKeyPair, ImportKeyPair; subject: name */
	DEED_QUOTA,          /* subject: quota code, object: wanted value, detail: its name */
	DEED_LOGGING,        /* trail, detector, flow log, alarm or recorder disabled; subject */
	DEED_ADDRESS,        /* AssignPrivateIpAddresses; subject: eni-..., object: address */
	DEED_DELETE,         /* deletes what one of the above made; subject as above */
	DEED_OTHER,          /* refused calls of no other kind */
	DEED_KINDS
};

/* What one call names. Texts are borrowed from the record's JSON or constant, never NULL. */
struct call {
	enum deed_kind kind;
	enum deed_kind deletes; /* of DEED_DELETE: the kind of what is gone */
	const char *subject;
	const char *object;
	const char *detail;
	uint32_t count;    /* instances that a launch made, or was meant to make */
	bool is_admin;     /* a policy with administrator rights */
	bool is_unnamed;   /* a launch whose record lost the instances' ids */
	bool is_open;      /* an ingress rule for everybody */
	const char *child; /* an identity that may act from now on: key id or ARN; "" none */
	char scratch[256]; /* for texts that are put together */
};

/* False when the call is not in the table. out points into itself: do not copy. */
bool call_read(const struct record *record, struct call *out);

/* AssumeRole, GetSessionToken, GetFederationToken: the identity that was made; "" for none. */
const char *call_session(const struct record *record);

/* "security group", "access key"... */
const char *deed_kind_text(enum deed_kind kind);

/* Describe, List, Get... */
bool call_is_reading(const char *name);
/* Instance types with an accelerator: p*, g*, trn, inf, dl... by the family's letters. */
bool call_is_gpu(const char *instance_type);

#endif
