/* flow.h: the flow table of one worker.
 *
 * Fixed capacity, reserved at start. A flow is a 64-byte hot line, which is all that an ordinary
 * packet reads and writes, and a cold part in a second array at the same index; indexes are stable
 * for the life of a flow. Buckets are lines of their own, so a look-up is two
 * prefetchable loads. Owned by one worker thread; nothing here locks, allocates or calls the system
 * per packet.
 *
 * A flow is split by its own gap between packets (idle, active), never by when the timer ran; the
 * timing wheel only finds, in order of time, what has been silent long enough. */
#ifndef SENSOR_FLOW_H
#define SENSOR_FLOW_H

#include "protocols/dialect.h"
#include "sensor/flow_hash.h"
#include "sensor/packet.h"
#include "sensor/stats.h"

#define FLOW_NONE UINT32_MAX

enum flow_end {
	FLOW_END_IDLE,   /* silent for its idle time-out */
	FLOW_END_ACTIVE, /* a packet came after the active time-out: a record, and the flow goes on
			  */
	FLOW_END_CLOSED, /* FIN from both sides or RST */
	FLOW_END_REUSED, /* a new SYN on a finished connection */
	FLOW_END_FORCED, /* end of capture or shutdown */
	FLOW_END_EVICTED /* to make room: lack of resources */
};

enum flow_tcp_state {
	FLOW_TCP_NONE, /* not TCP, or mid-stream and nothing known */
	FLOW_TCP_SYN_SENT,
	FLOW_TCP_SYN_RECV,
	FLOW_TCP_ESTABLISHED,
	FLOW_TCP_FIN_ONE, /* one side has finished */
	FLOW_TCP_CLOSED
};

enum flow_flag {
	FLOW_CLIENT_HIGH = 1 << 0, /* the client is side 1 of the key */
	FLOW_MIDSTREAM = 1 << 1,   /* the first packet was no SYN: roles are a guess until proven */
	FLOW_ROLES_PROVEN = 1 << 2, /* by SYN, SYN-ACK or a dialect's finding */
	FLOW_INSPECTED = 1 << 3,    /* cold.inspect is set */
	FLOW_CLASSIFYING = 1 << 4,  /* cold.classify is set */
	FLOW_DECIDED = 1 << 5,      /* payload needs no more looks but the sparse one */
	FLOW_MINING = 1 << 6,       /* carries a session: evicted last */
	FLOW_TRUNCATED = 1 << 7     /* some packet was cut by the snaplen */
};

/* What is known of the server without a look at payload, in flow.contact. */
enum flow_contact {
	FLOW_CONTACT_ID = 0xffffff, /* lists_entry() of its address; 0: not listed */
	FLOW_WATCHED = 1 << 24,     /* its address is one of a listed name's, and that was told */
	FLOW_NAMED = 1 << 25,       /* facts told a name or a hello of this flow */
	FLOW_SHUNTED = 1 << 26,     /* its packets stay in the kernel now */
	FLOW_BYPASSED = 1 << 27     /* some of the current record have stayed there */
};

/* One cache line. Arrays of two are by enum direction. */
struct flow {
	struct flow_tag tag;
	uint64_t last_ns;
	uint32_t packets[2]; /* since the last spill into the cold part */
	uint32_t bytes[2];   /* IP bytes, likewise */
	/* TCP: next expected sequence number; valid by seq_known. flow_touch() only sets it to what
	 * follows a SYN; data moves it, and that is the worker's to do while the flow is undecided.
	 * Without a SYN the worker sets it, and the bit, from the first data. */
	uint32_t next_seq[2];
	uint8_t flags;        /* enum flow_flag */
	uint8_t tcp_state;    /* enum flow_tcp_state */
	uint8_t tcp_flags[2]; /* OR of all seen */
	uint8_t seq_known; /* bits 0 and 1: next_seq is valid; 2 and 3: candidate.c, 4 to 7: names.c
			    */
	uint8_t inspections; /* times taken under inspection so far; candidate.c */
	uint8_t late;        /* what may make it worth another one; candidate.c */
	uint8_t classified;  /* payload packets given to nDPI */
	uint16_t looked;     /* payload looked at, both directions, in units of 64 bytes */
	uint8_t preface[2];  /* what each direction said while undecided, preface_pack() */
	uint32_t contact;    /* enum flow_contact */
};

_Static_assert(sizeof(struct flow) == 64, "the hot part is one cache line");

struct flow_cold {
	struct flow_key key;
	uint32_t wheel_next;
	uint32_t wheel_prev;
	uint32_t wheel_slot;
	uint64_t first_ns;   /* first packet of the connection: names the flow */
	uint64_t start_ns;   /* first packet of the current record */
	uint64_t packets[2]; /* spilled */
	uint64_t bytes[2];
	/* TCP: the sequence number of each direction's SYN, 0: not seen. A SYN that carries 0
	 * itself passes for one that was not seen. Both together name a connection on either side
	 * of a NAT that leaves them as they are. */
	uint32_t isn[2];
	uint32_t watch; /* the worker's, 1 + place; 0: not under inspection */
	union {
		uint32_t classify; /* the worker's, while FLOW_CLASSIFYING */
		uint32_t label;    /* afterwards: the worker's index of a label, 0: none */
	};
};

_Static_assert(offsetof(struct flow_cold, first_ns) == 64, "who and when to look: one cache line");
_Static_assert(sizeof(struct flow_cold) == 128, "two; with hot line and bucket what --flows says");

struct flow_timeouts {
	uint32_t idle_s;     /* all but established TCP */
	uint32_t idle_tcp_s; /* established TCP */
	uint32_t closed_s;   /* after FIN or RST: late packets still belong to the flow */
	uint32_t active_s;   /* 0: never */
};

/* Called from flow_touch(), flow_advance() and flow_flush(), on the worker's thread. */
struct flow_hooks {
	/* A new flow, before its first packet is counted. Roles are set. */
	void (*opened)(void *ctx, uint32_t index, const struct packet *packet);
	/* The current record is complete: counters are folded into the cold part. For all reasons
	 * but FLOW_END_ACTIVE the slot is reused after the call: free inspect and classify. */
	void (*ended)(void *ctx, uint32_t index, enum flow_end reason);
	/* Side 0 or 1 for the client of a mid-stream flow, or -1: no opinion (home networks, listed
	 * endpoints). May be NULL. */
	int (*guess_client)(void *ctx, const struct flow_key *key);
	void *ctx;
};

struct flow_table;

struct flow_table_options {
	size_t capacity; /* rounded up to a power of two */
	struct flow_timeouts timeouts;
	struct flow_hooks hooks;
	bool is_touched;    /* all pages at once: live no packet waits for one, and none is missing
			       later; a file pays for what it needs */
	bool has_fixed_key; /* of the hash, for tests and deterministic runs; else it is random */
};

/* NULL when out of memory. */
struct flow_table *flow_table_new(const struct flow_table_options *options, struct stats *stats);
void flow_table_free(struct flow_table *self);

/* The steps of a batch: tags for all, prefetch all buckets, prefetch all lines, then touch. */
struct flow_tag flow_tag_of(const struct flow_table *self, const struct flow_key *key);
void flow_prefetch_bucket(const struct flow_table *self, struct flow_tag tag);
/* False: the packet will most likely open a flow. */
bool flow_prefetch_line(const struct flow_table *self, struct flow_tag tag);

/* Finds or opens the packet's flow, applies its gaps, counts it and moves its TCP state. FLOW_NONE
 * when the table is full and nothing can be evicted (counted). *dir is the packet's direction. */
uint32_t flow_touch(struct flow_table *self, const struct packet *packet, struct flow_tag tag,
		    enum direction *dir);

struct flow *flow_hot(struct flow_table *self, uint32_t index);
struct flow_cold *flow_cold(struct flow_table *self, uint32_t index);

/* The client turned out to be the other side: swaps directions and counters. */
void flow_swap_roles(struct flow_table *self, uint32_t index);

/* Ends every flow that has been silent for its time-out at now. Work is bounded by what expires. */
void flow_advance(struct flow_table *self, uint64_t now_ns);

/* Ends every flow (FLOW_END_FORCED; closed ones as FLOW_END_CLOSED) in order of last packet. */
void flow_flush(struct flow_table *self);

size_t flow_count(const struct flow_table *self);

#endif
