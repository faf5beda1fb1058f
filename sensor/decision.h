/* decision.h: what the correlator decides is to be published. Binary and flat like facts; the
 * publisher renders it. Entries on the ring begin with struct decision. */
#ifndef SENSOR_DECISION_H
#define SENSOR_DECISION_H

#include "sensor/campaign_key.h"
#include "sensor/cloud.h"
#include "sensor/fact.h"
#include "sensor/lease.h"
#include "sensor/pattern.h"
#include "sensor/signature.h"

enum decision_kind {
	DECISION_FLOW,    /* bulk ring */
	DECISION_SESSION, /* urgent ring */
	DECISION_ALERT,   /* urgent ring */
	DECISION_CAMPAIGN /* urgent ring */
};

struct decision {
	uint64_t time_ns; /* packet time of the event */
	uint32_t size;    /* of the whole entry, bytes */
	uint16_t kind;    /* enum decision_kind */
	uint16_t reserved;
};

/* The same connection behind the source NAT, where the sensor saw that side as well. */
struct decision_nat {
	struct flow_key key;
	uint8_t is_known; /* else the rest is zero */
	uint8_t client_side;
	uint8_t reserved[2];
};

/* Who talked to whom, for every kind of decision. */
struct decision_parties {
	uint64_t flow_id;
	uint64_t first_ns; /* of the connection */
	struct flow_key key;
	uint32_t client_cloud; /* 1 + row of config's cloud table for the client, 0: none */
	uint32_t contact;      /* lists_entry() of the server's address, 0: none */
	uint32_t listed;       /* lists_entry() of the server's name, 0: none */
	uint8_t client_side;
	uint8_t name_source; /* enum name_source of name */
	uint8_t is_allowed;  /* client, server or wallet is on an allow list: no alert */
	uint8_t reserved;
	struct decision_nat nat;
	char name[LIMIT_POOL_TEXT]; /* the server's, as the client knows it; "" if unknown */
};

/* A flow record with the alert and session that belong to it. */
struct decision_flow {
	struct decision decision;
	struct decision_parties parties;
	uint64_t alert_id; /* 0: none */
	uint32_t revision;
	uint32_t sid;
	struct flow_record record;
	uint8_t has_session; /* else view and hello are absent from the entry */
	uint8_t has_hello;   /* else hello is; see decision_flow_size() */
	uint8_t reserved[6];
	struct session_view view;
	struct hello_view hello;
};

struct decision_session {
	struct decision decision;
	struct decision_parties parties;
	uint64_t alert_id;
	uint64_t last_ns;
	uint64_t packets[2];
	uint64_t bytes[2];
	uint32_t revision;
	uint8_t event; /* enum session_event */
	uint8_t reserved[3];
	struct cloud_identity identity; /* of the client; zeroed when not known */
	struct session_view view;
};

struct decision_alert {
	struct decision decision;
	struct decision_parties parties; /* of the flow that caused this revision */
	uint64_t alert_id;
	uint64_t absorbed_by; /* a contact alert's session alert, 0: none */
	uint64_t episode_ns;  /* packet time at which the episode began */
	uint64_t last_ns;
	uint64_t packets[2]; /* of the flow so far */
	uint64_t bytes[2];
	uint32_t revision; /* 1 for the first */
	uint32_t sid;
	uint32_t flows; /* flows that took part */
	uint8_t level;  /* enum level */
	uint8_t has_session;
	uint8_t has_hello;
	uint8_t reserved;
	uint64_t open_hash;              /* by which the open alert is found */
	struct evidence evidence;        /* of the alert: session words and absorbed contacts */
	struct session_view view;        /* zeroed when !has_session */
	struct hello_view hello;         /* of the flow; zeroed when !has_hello */
	struct cloud_identity identity;  /* of the client; zeroed when not known */
	char access_key[LIMIT_KEY_TEXT]; /* that left in a DNS name; "" for none */
	char query[LIMIT_DOMAIN_TEXT];   /* that DNS name, or the listed one that was asked for */
};

#define DECISION_MEMBER_TEXT (CLOUD_SCOPE_TEXT + 64) /* scope/ip */

enum campaign_event {
	CAMPAIGN_JOIN,   /* a host became a member: for the shared set, whether raised or not */
	CAMPAIGN_UPDATE, /* totals moved, at most once a minute: for the shared hash */
	CAMPAIGN_ALERT   /* a revision of its alert, whose id is campaign_id */
};

struct decision_campaign {
	struct decision decision;
	struct decision_parties parties; /* join: the member's flow; else the first one's here */
	uint64_t campaign_id;
	uint64_t joined_ns;    /* join: first sight of the member; else 0 */
	uint64_t first_ns;     /* first sight of the first member, on any sensor that is known */
	uint64_t last_join_ns; /* first sight of the latest member, likewise */
	uint64_t last_ns;      /* last sign of any member here */
	uint64_t packets[2];   /* of the flow so far */
	uint64_t bytes[2];
	double hashrate;   /* sum of the members' latest rates here, in unit; 0: unknown, join */
	uint32_t revision; /* of the alert; 0: not raised */
	uint32_t members;  /* on all sensors as far as known */
	uint32_t local_members; /* on this sensor */
	uint32_t growth_10m;    /* joined here within ten minutes up to time_ns; 0: join */
	uint32_t wave_members;  /* of the first wave here */
	uint32_t wave_s;        /* from its first join to its last one */
	uint32_t threshold;     /* members that raise it */
	uint8_t event;          /* enum campaign_event */
	uint8_t kind;           /* enum campaign_kind */
	uint8_t level;          /* enum level: highest of its members' */
	uint8_t wallet_check;   /* enum wallet_check of a wallet's key */
	struct evidence evidence;
	char key[CAMPAIGN_KEY_TEXT];
	char unit[8];                      /* of hashrate; "" for H/s */
	char coin[8];                      /* of a wallet's members; "" for unknown */
	char worker_pattern[PATTERN_TEXT]; /* pattern_text() over the members here */
	char agent[PATTERN_TEXT];
	char pool[PATTERN_TEXT];
	char first_member[DECISION_MEMBER_TEXT]; /* scope/ip, on any sensor that is known */
	char member[DECISION_MEMBER_TEXT];       /* join: scope/ip of who joined; else "" */
};

static inline size_t decision_flow_size(bool has_session, bool has_hello)
{
	if (has_hello)
		return sizeof(struct decision_flow);
	return has_session ? offsetof(struct decision_flow, hello)
			   : offsetof(struct decision_flow, view);
}

#endif
