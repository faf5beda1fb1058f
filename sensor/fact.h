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
	FACT_CONTACT, /* struct contact_fact: a flow to a watched address was opened, urgent ring */
	FACT_SESSION, /* struct session_fact, urgent ring */
	FACT_NAME,    /* struct name_fact: a listed name was asked for or named, urgent ring */
	FACT_ANSWER,  /* struct answer_fact: addresses of a name, bulk ring; urgent for listed ones
		       */
	FACT_HELLO    /* struct hello_fact: what a TLS client said, bulk ring, before its flow */
};

/* Where a name was read. */
enum name_source {
	NAME_NONE,
	NAME_LOOKUP,   /* a question to a resolver */
	NAME_RESOLVED, /* the address was an answer to this client's question */
	NAME_SNI,      /* of a TLS or QUIC hello */
	NAME_HOST,     /* of an HTTP request */
	NAME_TUNNEL    /* asked of a proxy, or leaked by a session */
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
	uint32_t contact;    /* lists_entry() of the server's address, 0: none */
	uint8_t client_side; /* side of the key: 0 or 1 */
	uint8_t end;         /* enum flow_end */
	uint8_t tcp_state;   /* enum flow_tcp_state */
	uint8_t tcp_flags[2];
	uint8_t is_midstream;
	uint8_t is_truncated;
	uint8_t is_shunted;  /* the kernel kept packets: counted, but nobody read them */
	uint8_t has_session; /* session facts of the same flow_id went before */
	uint8_t is_named;    /* name or hello facts of the same flow_id went before */
	uint8_t is_told;     /* a contact fact of the same flow_id went before */
	uint32_t isn[2];     /* of the SYNs by direction, 0: not seen or no TCP */
};

_Static_assert(sizeof(struct flow_record) <= 192, "a flow record is at most 192 bytes");

struct contact_fact {
	struct fact fact;
	uint64_t flow_id;
	uint64_t start_ns;
	struct flow_key key;
	uint32_t contact; /* lists_entry() of the server's address; 0: it is watched for a name */
	uint32_t isn;     /* of the SYN that opened the flow, 0: none did */
	uint16_t syn_options; /* hash of its options, tcp_syn_options() */
	uint8_t client_side;
	uint8_t reserved[5];
};

struct name_fact {
	struct fact fact;
	uint64_t flow_id;
	uint64_t start_ns; /* of the connection */
	struct flow_key key;
	uint32_t contact; /* of the flow */
	uint32_t listed;  /* lists_entry() of the name; 0: only its key is of interest */
	uint32_t isn;     /* of the SYN that opened the flow, 0: not seen or no TCP */
	uint8_t client_side;
	uint8_t source;  /* enum name_source */
	uint8_t is_echo; /* an answer repeats it: counted already if the question was seen */
	uint8_t reserved;
	char access_key[LIMIT_KEY_TEXT]; /* AWS access key id inside the name; "" for none */
	char name[LIMIT_DOMAIN_TEXT];
};

#define LIMIT_ANSWERS 8 /* addresses of one answer that are kept */

/* Addresses that a client was given for a name. Cut behind its last address when pushed. */
struct answer_fact {
	struct fact fact;
	uint64_t flow_id;    /* 0 when nothing is listed */
	uint64_t start_ns;   /* of the flow */
	struct flow_key key; /* of the flow to the resolver: scope and client */
	uint32_t listed;     /* lists_entry() of the name or of one in its chain; 0: none */
	uint32_t ttl_s;      /* lowest of the chain */
	uint8_t client_side;
	uint8_t count;
	uint8_t reserved[6];
	char name[LIMIT_POOL_TEXT]; /* the question's; a longer one's last labels */
	struct {
		uint8_t ip_version;
		uint8_t addr[16];
	} addresses[LIMIT_ANSWERS];
};

static inline size_t answer_fact_size(size_t count)
{
	return offsetof(struct answer_fact, addresses) +
	       count * sizeof(((struct answer_fact *)NULL)->addresses[0]);
}

/* A TLS client's first words. */
struct hello_view {
	uint32_t fingerprint; /* lists_entry() of its JA3 or JA4; 0: not listed */
	uint16_t version;     /* highest one offered */
	uint8_t has_ech;      /* there is an encrypted hello: sni is that of a front */
	uint8_t is_quic;
	char sni[LIMIT_DOMAIN_TEXT];
	char alpn[16];
	char ja3[33];
	char ja4[37];
};

struct hello_fact {
	struct fact fact;
	uint64_t flow_id;
	struct hello_view view;
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
