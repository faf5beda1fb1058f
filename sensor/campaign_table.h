/* campaign_table.h: who is in which campaign: the store behind campaign.c, without its rules.
 *
 *	campaigns (by id) <--- members (by campaign and host) ---> hosts (by scope and address)
 *
 * All three are found by keyed tags and capped; what has been idle for longest goes first. A host
 * lives as long as it has a membership. One thread. */
#ifndef SENSOR_CAMPAIGN_TABLE_H
#define SENSOR_CAMPAIGN_TABLE_H

#include "sensor/alert_timer.h"
#include "sensor/campaign.h"
#include "sensor/tag_table.h"

struct campaign_member;

struct campaign_host {
	struct tag_link link;            /* first: found by it */
	struct campaign_member *members; /* by next_of_host, latest first */
	uint32_t count;
};

/* A host that may become a member once its grace is over. */
struct campaign_pending {
	struct campaign_pending *next; /* in order of due_ns */
	struct campaign_pending *before;
	struct campaign_member *member;
	uint64_t due_ns;
	struct campaign_sighting sighting;
};

struct campaign_member {
	struct tag_link link; /* first: found by it */
	struct campaign *campaign;
	struct campaign_host *host;
	struct campaign_member *older; /* of one campaign, by last sign */
	struct campaign_member *newer;
	struct campaign_member *next_of_host;
	struct campaign_pending *pending; /* NULL: it is a member */
	uint64_t joined_ns;
	uint64_t last_ns;
	double hashrate; /* latest known, in the campaign's unit */
	bool is_superseded;
};

struct campaign {
	struct tag_link link; /* first: found by it */
	struct alert_timer timer;
	struct campaign_member *oldest; /* by last sign, pending ones included */
	struct campaign_member *newest;
	uint64_t id;
	uint64_t first_ns;
	uint64_t last_join_ns;
	uint64_t last_ns;
	uint64_t wave_end_ns;
	uint64_t paced_ns; /* last alert or update */
	uint64_t packets[2];
	uint64_t bytes[2];
	struct decision_parties parties; /* of the first member's flow */
	struct campaign_shared shared;
	uint32_t entries;    /* members and pending ones */
	uint32_t members;    /* of them */
	uint32_t superseded; /* of members */
	uint32_t wave_members;
	uint32_t revision;
	uint8_t kind; /* enum campaign_kind */
	uint8_t level;
	uint8_t wallet_check;
	bool is_raised;
	bool is_grown;
	bool has_unit;
	bool has_wave_ended;
	char key[CAMPAIGN_KEY_TEXT];
	char unit[8];
	char coin[8];
	char first_member[DECISION_MEMBER_TEXT];
	struct pattern workers;
	struct pattern agents;
	struct pattern pools;
};

/* All of one kind wait equally long, so the first to come is the first to be due. */
struct campaign_queue {
	struct campaign_pending *first;
	struct campaign_pending *last;
};

struct campaign_store {
	struct campaign_caps caps;
	struct siphash_key key;
	struct tag_table campaigns;
	struct tag_table hosts;
	struct tag_table members;
	struct alert_heap heap;
	struct campaign_queue queues[CAMPAIGN_WALLET]; /* by kind: wallets do not wait */
	uint64_t dropped;                              /* to make room, so far */
};

/* 0, -ENOMEM or -EIO without random bytes. */
int campaign_store_init(struct campaign_store *self, const struct campaign_caps *caps);
void campaign_store_fini(struct campaign_store *self);

/* NULL: none. */
struct campaign *campaign_store_find(const struct campaign_store *self, uint64_t id);
struct campaign_host *campaign_store_host(const struct campaign_store *self, const char *host);
struct campaign_member *campaign_store_member(const struct campaign_store *self, uint64_t id,
					      const char *host);

/* A new membership, last seen at time_ns, of a campaign that is made when there is none
 * (zeroed but for its id). NULL: out of memory. May forget others; about_to_forget is told of a
 * campaign before it goes, NULL: nobody is. */
struct campaign_member *campaign_store_add(struct campaign_store *self, uint64_t id,
					   const char *host, uint64_t time_ns,
					   void (*about_to_forget)(void *ctx, struct campaign *one),
					   void *ctx);

/* A sign of life. */
void campaign_store_touch(struct campaign_store *self, struct campaign_member *member,
			  uint64_t time_ns);

/* Puts it last in the queue of its sighting's kind. 0 or -ENOMEM. */
int campaign_store_wait(struct campaign_store *self, struct campaign_member *member,
			uint64_t due_ns, const struct campaign_sighting *sighting);
void campaign_store_end_wait(struct campaign_store *self, struct campaign_pending *pending);
/* The first to be due, of equals the stronger one; NULL: nobody waits. */
struct campaign_pending *campaign_store_next(const struct campaign_store *self);

void campaign_store_drop_member(struct campaign_store *self, struct campaign_member *member);
void campaign_store_drop(struct campaign_store *self, struct campaign *campaign);

#endif
