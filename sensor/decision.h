/* decision.h: what the correlator decides is to be published. Binary and flat like facts; the
 * publisher renders it. Entries on the ring begin with struct decision. */
#ifndef SENSOR_DECISION_H
#define SENSOR_DECISION_H

#include "sensor/fact.h"
#include "sensor/signature.h"

enum decision_kind {
	DECISION_FLOW,    /* bulk ring */
	DECISION_SESSION, /* urgent ring */
	DECISION_ALERT    /* urgent ring */
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
	uint64_t open_hash;       /* by which the open alert is found */
	struct evidence evidence; /* of the alert: session words and absorbed contacts */
	struct session_view view; /* zeroed when !has_session */
	struct hello_view hello;  /* of the flow; zeroed when !has_hello */
	char access_key[LIMIT_KEY_TEXT]; /* that left in a DNS name; "" for none */
	char query[LIMIT_DOMAIN_TEXT];   /* that DNS name, or the listed one that was asked for */
};

static inline size_t decision_flow_size(bool has_session, bool has_hello)
{
	if (has_hello)
		return sizeof(struct decision_flow);
	return has_session ? offsetof(struct decision_flow, hello)
			   : offsetof(struct decision_flow, view);
}

#endif
