/* flowlog_state.h: what is remembered between lines. For flowlog*.c only.
 *
 *	flow   one connection, both of its lines: bytes and windows
 *	talk   one local address at one remote endpoint, when there is a reason to keep it
 *	host   one local address: when the logs first show it
 *	nat    an interface and its own address that stands for others
 *
 * All sums, minima, maxima and sets, so that the order of lines does not matter. Each table is
 * capped: the oldest entry goes. */
#ifndef TRAIL_FLOWLOG_STATE_H
#define TRAIL_FLOWLOG_STATE_H

#include "sensor/tag_table.h"
#include "sensor/trail/flowlog_file.h"
#include "sensor/trail/join.h"

#define FLOWLOG_FLOWS       262144
#define FLOWLOG_TALKS       TRAIL_SIGHTINGS
#define FLOWLOG_HOSTS       262144
#define FLOWLOG_NATS        16384
#define FLOWLOG_NAMES_BYTES (64u << 20)
#define FLOWLOG_IDLE_S      21600 /* a flow without lines for so long has ended */
#define FLOWLOG_SLOT_S      600   /* the longest window of aggregation */
#define FLOWLOG_CENSOR_S    900   /* who is there so soon after a log begins was there before */
#define NS_PER_S            UINT64_C(1000000000)

/* Where: of names, never NULL. */
struct flowlog_place {
	const char *account;
	const char *region;
	const char *vpc;
	const char *instance;
	const char *eni;
};

/* The earliest line: what proves it. */
struct flowlog_proof {
	uint64_t start_s;
	struct flowlog_source *source;
	uint32_t number;
};

/* Seconds of windows by their bytes per minute: below, in, and above what a miner sends. */
struct flowlog_rates {
	uint32_t low_s;
	uint32_t fit_s;
	uint32_t high_s;
};

struct flowlog_flow {
	struct tag_link link;
	struct flowlog_place place;
	struct flowlog_addr local;
	struct flowlog_addr remote;
	uint16_t local_port;
	uint16_t remote_port;
	bool is_tcp;
	bool is_thin_candidate; /* a service on the internet that is not of AWS */
	uint32_t listed;        /* lists_entry(), 0: none */
	uint64_t first_s;
	uint64_t last_s;
	uint64_t last_syn_s; /* start of the last window with a SYN */
	uint64_t slots;      /* bit of each FLOWLOG_SLOT_S it was alive in, of 64 */
	uint64_t bytes;      /* both directions */
	uint64_t handed;     /* of these: handed over to a talk */
	struct flowlog_rates out;
	struct flowlog_rates in;
	struct flowlog_proof proof;
};

struct flowlog_talk {
	struct tag_link link;
	struct flowlog_place place;
	struct flowlog_addr local;
	struct flowlog_addr remote;
	uint16_t remote_port;
	bool is_thin;
	uint32_t listed;
	uint64_t first_s;
	uint64_t last_s;
	uint64_t bytes;
	struct flowlog_proof proof;
};

struct flowlog_host {
	struct tag_link link;
	uint64_t first_s;
};

struct flowlog {
	struct store *store;
	const struct lists *lists;
	struct flowlog_counts counts;
	struct flowlog_reader *reader;
	struct text_pool *names;
	struct siphash_key key;
	struct tag_table flows;
	struct tag_table talks;
	struct tag_table hosts;     /* also one without address for each log: when it begins */
	struct tag_table nats;      /* bare links */
	struct tag_table confirmed; /* bare links: endpoints of alerts */
	uint64_t confirmed_version; /* of the store */
};

/* --- flowlog_flow.c ------------------------------------------------------------------------- */

/* The line's two sides, by which is ours. */
struct flowlog_sides {
	struct flowlog_addr local;
	struct flowlog_addr remote;
	const char *remote_service;
	uint16_t local_port;
	uint16_t remote_port;
	bool is_out;
};

/* One window of a flow. */
void flowlog_flow_add(struct flowlog_flow *self, const struct flowlog_line *line, bool is_out);
/* Long, thin, steady, in both directions, and not connected anew all the time. */
bool flowlog_flow_is_thin(const struct flowlog_flow *self, uint64_t lifetime_s);
void flowlog_prove(struct flowlog_proof *self, uint64_t start_s, struct flowlog_source *source,
		   uint32_t number);

/* --- flowlog_state.c ------------------------------------------------------------------------ */

int flowlog_state_init(struct flowlog *self);
void flowlog_state_fini(struct flowlog *self);

/* The flow of a line, made when there is none. NULL: no memory. */
struct flowlog_flow *flowlog_get_flow(struct flowlog *self, const struct flowlog_place *place,
				      const struct flowlog_sides *sides);
/* Flows that ended before the time, or found no room. 0 or -ENOMEM. */
int flowlog_forget_flows(struct flowlog *self, uint64_t now_s);
/* Gives what the flow adds to its talk, when there is a reason to have one. 0 or -ENOMEM. */
int flowlog_hand_over(struct flowlog *self, struct flowlog_flow *flow);

/* NULL for the address: of the log. 0 or -ENOMEM. */
int flowlog_see_host(struct flowlog *self, const struct flowlog_place *place,
		     const struct flowlog_addr *addr, uint64_t start_s);
/* UINT64_MAX: never seen. */
uint64_t flowlog_host_first(const struct flowlog *self, const struct flowlog_place *place,
			    const struct flowlog_addr *addr);

/* 0 or -ENOMEM. */
int flowlog_learn_nat(struct flowlog *self, const struct flowlog_place *place,
		      const struct flowlog_addr *addr);
bool flowlog_is_nat(const struct flowlog *self, const struct flowlog_place *place,
		    const struct flowlog_addr *addr);

/* Takes the endpoints that sensors confirmed from the store. 0 or -ENOMEM. */
int flowlog_read_confirmed(struct flowlog *self);
bool flowlog_is_confirmed(const struct flowlog *self, const struct flowlog_addr *addr,
			  uint16_t port);

/* --- flowlog_thin.c ------------------------------------------------------------------------- */

/* Stores what is thin and of one launch window. 0 or -ENOMEM. */
int flowlog_store_thin(struct flowlog *self);
/* Stores one talk. A store result, or -ENOMEM. */
int flowlog_store_talk(struct flowlog *self, const struct flowlog_talk *talk,
		       enum sighting_kind kind);
/* By lists and alerts; 0: neither. */
enum sighting_kind flowlog_talk_kind(const struct flowlog *self, const struct flowlog_talk *talk);

#endif
