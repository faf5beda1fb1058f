/* lease.h: who held a private address, and when: the inventory in Redis and how its texts look.
 *
 * A lease says that one network interface had one address from `from` until `to`. Whoever knows it
 * (minecanary-trail from CloudTrail, an import) writes, sensors read; with P the prefix:
 *
 *	P:lease:<lease id>		hash, the fields of LEASE_FIELDS
 *	P:inventory:<scope>/<ip>	sorted set: lease ids by start, epoch milliseconds
 *
 * The set is written under each scope a sensor may be configured for: account/region/vpc,
 * account/region and account. An import for a network without an account writes under the scope
 * that the sensor's events show (vni:4097/10.0.1.23). Addresses are written as inet_ntop() writes
 * them. The lease id depends on nothing but the lease, so that writing it twice is writing it once.
 *
 * Reference: CloudTrail record contents (RunInstances), `aws ec2 describe-instances`. */
#ifndef SENSOR_LEASE_H
#define SENSOR_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sensor/limits.h"

/* Fields of a lease's hash. All may be absent or empty but ip and from. */
#define LEASE_FIELDS(X) \
	X(SCOPE, "scope")         /* account/region/vpc, as far as known */ \
	X(IP, "ip")               /* the private address, IPv4 or IPv6 */ \
	X(INSTANCE, "instance")   /* i-0a1b2c3d4e5f60718 */ \
	X(ENI, "eni")             /* eni-0f1e2d3c4b5a69788 */ \
	X(TYPE, "type")           /* of the instance: p3.2xlarge */ \
	X(ACCOUNT, "account")     /* 111122223333 */ \
	X(REGION, "region")       /* us-east-1 */ \
	X(VPC, "vpc")             /* vpc-0a11b22c33d44e55f */ \
	X(SUBNET, "subnet")       /* subnet-0123456789abcdef0 */ \
	X(PRINCIPAL, "principal") /* who launched it: userIdentity.arn */ \
	X(KEY, "key")             /* userIdentity.accessKeyId of the launch */ \
	X(SOURCE, "source") /* sourceIPAddress of the launch: an address or a service's name */ \
	X(FROM, "from")     /* epoch milliseconds: launchTime, or when the address was assigned */ \
	X(TO, "to")         /* epoch milliseconds; empty while the lease is open */ \
	X(EVENT, "event")   /* eventID of the record that opened it */

enum lease_field {
#define LEASE_ENUM(id, name) LEASE_##id,
	LEASE_FIELDS(LEASE_ENUM)
#undef LEASE_ENUM
		LEASE_FIELD_COUNT
};

/* By enum lease_field. */
extern const char *const lease_field_names[LEASE_FIELD_COUNT];

/* A packet at t belongs to [from, to) when t is in [from - EARLY, to + LATE]: eventTime has a
 * resolution of a second and names when the call was done. */
#define LEASE_EARLY_NS UINT64_C(5000000000)
#define LEASE_LATE_NS  UINT64_C(180000000000)

#define LEASE_PRINCIPAL_TEXT 256 /* an ARN with a role and a session name */
#define LEASE_ADDRESS_TEXT   46
#define LEASE_SCOPE_TEXT     (3 * LIMIT_NAME_TEXT)
#define LEASE_ID_TEXT        17 /* 16 hex digits and a NUL */
#define LEASE_KEY_TEXT       512
#define LEASE_TIME_TEXT      21 /* 2026-03-05T09:58:02Z and a NUL */

enum cloud_confidence {
	CONFIDENCE_NONE,
	CONFIDENCE_AMBIGUOUS, /* several networks share the address, and the scope tells none */
	CONFIDENCE_HIGH,      /* one lease */
	CONFIDENCE_EXACT      /* one lease, and the mirrored interface is the one it names */
};

/* Whose machine it is. Texts are NUL-terminated, printable ASCII, empty when not known. Flat: it
 * travels over rings and is compared as bytes, so unused bytes are zero. */
struct cloud_identity {
	char account_id[LIMIT_NAME_TEXT];
	char region[LIMIT_NAME_TEXT];
	char vpc_id[LIMIT_NAME_TEXT];
	char subnet_id[LIMIT_NAME_TEXT];
	char instance_id[LIMIT_NAME_TEXT];
	char eni_id[LIMIT_NAME_TEXT];
	char instance_type[LIMIT_NAME_TEXT];
	char access_key_id[LIMIT_NAME_TEXT];
	char principal[LEASE_PRINCIPAL_TEXT]; /* ARN */
	uint64_t launch_ns;                   /* 0: not known */
	uint8_t confidence;                   /* enum cloud_confidence */
	uint8_t reserved[7];
};

/* One interval. */
struct lease {
	char ip[LEASE_ADDRESS_TEXT];
	uint16_t reserved;
	uint64_t from_ns; /* 0: since ever */
	uint64_t to_ns;   /* 0: still open */
	struct cloud_identity identity;
};

/* "none", "ambiguous", "high", "exact". */
const char *cloud_confidence_text(enum cloud_confidence confidence);

/* Copies a name: printable ASCII without blanks that fits, else out is empty and the result false.
 * len bytes of text; the rest of out becomes zero. */
bool lease_name(const char *text, size_t len, char *out, size_t size);

/* "P:inventory:<scope>/<ip>" and "P:lease:<id>". False when out is too small. */
bool lease_inventory_key(const char *prefix, const char *scope, const char *ip, char *out,
			 size_t size);
bool lease_key(const char *prefix, const char *id, char *out, size_t size);

/* The three scopes, from the narrowest (0: account/region/vpc, 1: account/region, 2: account).
 * False when a part of it is not known. */
bool lease_scope_text(const struct cloud_identity *identity, unsigned width, char *out,
		      size_t size);

/* Hash of account, region, vpc, ip, interface (else instance) and start. */
void lease_id(const struct lease *lease, char out[LEASE_ID_TEXT]);

/* Times as CloudTrail writes them: 2026-03-05T09:58:02Z, UTC. */
void lease_time_text(uint64_t time_ns, char out[LEASE_TIME_TEXT]);

/* The same, and what the AWS CLI makes of it: fractions, `+00:00`, other offsets. False: no time,
 * or not between 1970 and 2400. */
bool lease_time_read(const char *text, uint64_t *time_ns);

/* Does a lease of this identity belong to a sensor's scope text? Parts that both know must agree; a
 * scope that is no account, region or VPC (vni:N, vlan:N, tap:NAME) agrees with any. */
bool lease_in_scope(const struct cloud_identity *identity, const char *scope);

/* A scope in which an address is one machine's: it names a VPC, or no place at all. */
bool lease_scope_is_network(const char *scope);

/* Of the leases of one address, whose is it at time_ns? Of one network's leases those that hold the
 * time are taken before those that only nearly do (LEASE_EARLY_NS, LEASE_LATE_NS), then the newest.
 * With several networks left, out has the account and region they agree on and is ambiguous. The
 * order of leases does not matter. Returns the confidence, which is also in out. */
enum cloud_confidence lease_pick(const struct lease *const *leases, size_t count, uint64_t time_ns,
				 struct cloud_identity *out);

#endif
