/* question.h: what the correlator asks the outside, and what comes back.
 *
 * Flat structs that travel over rings, correlator -> inquirer -> correlator. The correlator chooses
 * the tickets (never 0) and keeps what they stand for; the inquirer only gives them back.
 *
 * Answers of one ticket: QUESTION_OPEN_ALERT and QUESTION_MEMBER get exactly one.
 * QUESTION_IDENTITY gets one at once, and another each time more becomes known, for an hour; never
 * two that say the same. ANSWER_UNREACHABLE is not ANSWER_UNKNOWN: Redis may know. */
#ifndef SENSOR_QUESTION_H
#define SENSOR_QUESTION_H

#include "sensor/lease.h"

#define QUESTION_MEMBER_TEXT (LEASE_SCOPE_TEXT + 64) /* scope/ip */
#define QUESTION_KEY_TEXT    LIMIT_DOMAIN_TEXT

enum question_kind {
	QUESTION_IDENTITY = 1, /* whose machine is it? */
	QUESTION_OPEN_ALERT,   /* is an alert open from before our start, or from another sensor? */
	QUESTION_MEMBER,       /* a campaign has a member: add it, and tell the shared totals */
	ANSWER_NAT             /* no question: the inventory's NAT addresses, ticket 0 */
};

enum answer_status {
	ANSWER_KNOWN,
	ANSWER_UNKNOWN,    /* every source that is configured was asked and none knows */
	ANSWER_UNREACHABLE /* Redis did not answer, or what only Redis knows was asked without one
			    */
};

struct identity_question {
	char scope[LEASE_SCOPE_TEXT];    /* as cloud_scope_text() writes it */
	char ip[LEASE_ADDRESS_TEXT];     /* the client's */
	char mirror[LEASE_ADDRESS_TEXT]; /* outer source of the mirrored packets, "": not known */
	uint64_t time_ns;                /* packet time */
};

struct open_alert_question {
	uint64_t hash; /* alert_open_hash() */
};

struct member_question {
	uint64_t campaign_id;
	uint64_t first_ns;                 /* when this sensor first saw the member; packet time */
	char kind[LIMIT_NAME_TEXT];        /* of the shared key: "wallet"... */
	char key[QUESTION_KEY_TEXT];       /* the shared key; kept cut to 64 printable bytes */
	char member[QUESTION_MEMBER_TEXT]; /* scope/ip */
};

struct question {
	uint64_t ticket;
	uint32_t kind;     /* enum question_kind */
	uint32_t reserved; /* the inquirer's own: leave it 0 */
	union {
		struct identity_question identity;
		struct open_alert_question open_alert;
		struct member_question member;
	};
};

/* The alert as Redis has it. Times have a resolution of a microsecond. */
struct open_alert {
	uint64_t alert_id;
	uint64_t absorbed_by; /* 0: by none */
	uint64_t first_ns;    /* start of the episode */
	uint64_t last_ns;     /* of the last published revision */
	uint32_t revision;
	uint32_t sid;
	uint32_t flows;
	uint8_t level; /* enum level */
	uint8_t reserved[3];
};

/* A campaign over all sensors. Times have a resolution of a millisecond. */
struct campaign_totals {
	uint64_t members;
	uint64_t first_ns;
	uint64_t last_join_ns; /* first sight of the member that came last */
	char first_member[QUESTION_MEMBER_TEXT];
	uint8_t is_new;  /* no sensor had named this member before */
	uint8_t is_full; /* LIMIT_CAMPAIGN_MEMBERS: this member was not added */
	uint8_t reserved[6];
};

/* Some of the NAT addresses; is_first begins a new set, is_last ends it. */
#define ANSWER_NAT_ADDRESSES 16
struct nat_addresses {
	char items[ANSWER_NAT_ADDRESSES][LEASE_ADDRESS_TEXT];
	uint32_t count;
	uint8_t is_first;
	uint8_t is_last;
	uint8_t reserved[2];
};

struct answer {
	uint64_t ticket;
	uint32_t kind;   /* enum question_kind: which member of the union */
	uint32_t status; /* enum answer_status; the union is zeroed unless ANSWER_KNOWN */
	union {
		struct cloud_identity identity; /* ambiguous ones are ANSWER_KNOWN, too */
		struct open_alert open_alert;
		struct campaign_totals totals;
		struct nat_addresses nat;
	};
};

#endif
