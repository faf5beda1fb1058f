/* detect.h: what CloudTrail shows by itself: one table of rules, and what they found.
 *
 * A rule is a pure function of the store, so that it finds the same in any order of records. What
 * is new is measured against the records before (settings: learning, habit) or a given history. */
#ifndef TRAIL_DETECT_H
#define TRAIL_DETECT_H

#include "sensor/trail/store.h"

/* X(id, sid, severity, weight, technique, technique name, tactic, tactic name, name). A weight is
 * what it adds towards opening an incident without an alert (settings: incident-weight). */
#define RULES(X) \
	X(NEW_REGION, 1700001, 2, 60, "T1535", "Unused/Unsupported_Cloud_Regions", "TA0005", \
	  "Defense_Evasion", "Instances launched in a region without history") \
	X(NEW_GPU, 1700002, 2, 60, "T1578.002", "Create_Cloud_Instance", "TA0005", \
	  "Defense_Evasion", "GPU instance type never used before") \
	X(ADMIN, 1700003, 2, 50, "T1098.003", "Additional_Cloud_Roles", "TA0003", "Persistence", \
	  "Administrator rights granted") \
	X(NEW_ADDRESS, 1700004, 2, 40, "T1078.004", "Cloud_Accounts", "TA0001", "Initial_Access", \
	  "Calls from an address this identity never used") \
	X(SWEEP, 1700005, 3, 40, "T1580", "Cloud_Infrastructure_Discovery", "TA0007", "Discovery", \
	  "Sweep of read calls over regions") \
	X(OPEN_NETWORK, 1700006, 2, 40, "T1562.007", "Disable_or_Modify_Cloud_Firewall", "TA0005", \
	  "Defense_Evasion", "New VPC with an open security group in a region without history") \
	X(CODE, 1700007, 2, 50, "T1648", "Serverless_Execution", "TA0002", "Execution", \
	  "Function or schedule created by a suspect identity") \
	X(OTHERS_KEY, 1700008, 2, 50, "T1098.001", "Additional_Cloud_Credentials", "TA0003", \
	  "Persistence", "Access key created for another user") \
	X(QUOTA, 1700009, 3, 40, "T1578.005", "Modify_Cloud_Compute_Configurations", "TA0005", \
	  "Defense_Evasion", "Quota increases requested") \
	X(LOGGING, 1700010, 1, 60, "T1562.008", "Disable_or_Modify_Cloud_Logs", "TA0005", \
	  "Defense_Evasion", "Logging or monitoring disabled") \
	X(COST, 1700020, 2, 60, "T1496.001", "Compute_Hijacking", "TA0040", "Impact", \
	  "Cost of compute far above the baseline") \
	X(FLOW, 1700030, 2, 60, "T1496.001", "Compute_Hijacking", "TA0040", "Impact", \
	  "Flow logs show traffic to a mining pool")

enum rule_id {
#define RULE_ENUM(id, sid, severity, weight, technique, tname, tactic, taname, name) RULE_##id,
	RULES(RULE_ENUM)
#undef RULE_ENUM
		RULE_COUNT
};

struct rule {
	uint32_t sid;
	uint8_t severity; /* 1 = most severe */
	uint32_t weight;
	const char *technique; /* "T1535" */
	const char *technique_name;
	const char *tactic;
	const char *tactic_name;
	const char *name;
};

extern const struct rule rules[RULE_COUNT];

#define DETECTION_EVENTS  16
#define DETECTION_ID_TEXT 17

/* One per (rule, identity, account, region, subject, address). */
struct detection {
	char id[DETECTION_ID_TEXT]; /* hash of these */
	enum rule_id rule;
	const struct identity *identity; /* NULL: of nobody (flow logs, cost of an account) */
	const char *account;
	const char *region;   /* "" when it is about several */
	const char *subject;  /* what it is about: a type, a user, a policy, an endpoint... */
	const char *address;  /* source of the call; for RULE_FLOW the local address */
	const char *scope_ip; /* RULE_FLOW: the remote address; else "" */
	char text[256];       /* one sentence with the numbers: "20 x g4dn.xlarge in eu-west-1" */
	uint64_t first_ns;
	uint64_t last_ns;
	uint64_t value; /* what was counted: instances, regions, requests; USD/h * 1000 for COST */
	uint32_t event_count; /* all; at most DETECTION_EVENTS are kept, earliest first */
	struct moment events[DETECTION_EVENTS]; /* what proves it, by time */
};

/* What a detection is about: see struct detection. */
struct detection_key {
	const struct identity *identity;
	const char *account;
	const char *region;
	const char *subject;
	const char *address;
};

struct detections {
	struct detection *items;
	size_t count;
	size_t room;
	uint64_t refused; /* beyond TRAIL_DETECTIONS */
};

void detections_fini(struct detections *self);
/* The detection of this key, made when there is none; NULL: no room or no memory. Texts must be of
 * the store's names or constant. Pointers are valid until the next call. */
struct detection *detections_get(struct detections *self, enum rule_id rule,
				 const struct detection_key *key);
/* Adds what proves it: widens first and last, keeps the earliest events. */
void detection_prove(struct detection *self, uint64_t time_ns, const char *event);

/* All rules of CloudTrail (1700001 to 1700010, without CODE). Sorted by first_ns, then id. 0 or
 * -ENOMEM. */
int detect_run(const struct store *store, struct detections *out);
/* RULE_CODE, for calls of which is_suspect says that a suspect made them. */
int detect_code(const struct store *store, bool (*is_suspect)(void *ctx, const struct deed *deed),
		void *ctx, struct detections *out);
void detections_sort(struct detections *self);

bool rule_is_on(const struct settings *settings, enum rule_id rule);

#endif
