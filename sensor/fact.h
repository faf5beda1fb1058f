/* fact.h: what a worker tells the correlator. Binary, ordered, no text but a session's own.
 *
 * Every entry on a ring begins with struct fact; entries of one worker are ordered by (time_ns,
 * sequence) over both of its rings. Facts are flat and copied by value. */
#ifndef SENSOR_FACT_H
#define SENSOR_FACT_H

#include "sensor/classify.h"
#include "sensor/flow.h"
#include "sensor/session.h"

enum fact_kind {
	FACT_FLOW,    /* struct flow_record, bulk ring */
	FACT_CONTACT, /* struct contact_fact: a flow to a listed endpoint was opened, urgent ring */
	FACT_SESSION  /* struct session_fact, urgent ring */
};

struct fact {
	uint64_t time_ns;  /* packet time at which it became known */
	uint64_t sequence; /* per worker, rising over both rings */
	uint32_t size;     /* of the whole entry, bytes */
	uint16_t kind;     /* enum fact_kind */
	uint16_t worker;
};

/* A finished flow, or the part of one that its active time-out cut off. */
struct flow_record {
	struct fact fact;
	uint64_t flow_id;
	uint64_t first_ns;   /* of the connection */
	uint64_t start_ns;   /* of this record */
	uint64_t end_ns;     /* last packet */
	uint64_t packets[2]; /* by direction */
	uint64_t bytes[2];   /* IP bytes by direction */
	struct classify_label label;
	struct flow_key key;
	uint32_t contact;    /* 1 + index of the listed endpoint, 0: none */
	uint8_t client_side; /* side of the key: 0 or 1 */
	uint8_t end;         /* enum flow_end */
	uint8_t tcp_state;   /* enum flow_tcp_state */
	uint8_t tcp_flags[2];
	uint8_t is_midstream;
	uint8_t is_truncated;
	uint8_t has_session; /* session facts of the same flow_id went before */
	uint32_t isn[2];     /* of the SYNs by direction, 0: not seen or no TCP */
};

_Static_assert(sizeof(struct flow_record) <= 192, "a flow record is at most 192 bytes");

struct contact_fact {
	struct fact fact;
	uint64_t flow_id;
	uint64_t start_ns;
	struct flow_key key;
	uint32_t contact;     /* 1 + index into the endpoint list */
	uint32_t isn;         /* of the SYN that opened the flow, 0: none did */
	uint16_t syn_options; /* hash of its options, tcp_syn_options() */
	uint8_t client_side;
	uint8_t reserved[5];
};

enum session_event {
	SESSION_BEGIN,  /* first time at LEVEL_NODE or above */
	SESSION_CHANGE, /* level or identity changed: at once */
	SESSION_REPORT, /* each minute while it runs */
	SESSION_END     /* with its flow */
};

struct session_fact {
	struct fact fact;
	uint64_t flow_id;
	uint64_t first_ns; /* of the connection */
	uint64_t last_ns;  /* last packet of the flow so far */
	uint64_t packets[2];
	uint64_t bytes[2];
	struct flow_key key;
	uint32_t contact;
	uint32_t isn[2]; /* as in struct flow_record */
	uint8_t client_side;
	uint8_t event;      /* enum session_event */
	uint8_t has_stamps; /* said covers TCP time stamps */
	uint8_t reserved;
	uint64_t said;    /* hash of the client's first words under inspection, 0: none */
	uint64_t said_ns; /* when */
	struct session_view view;
};

#endif
