/* campaign.h: hosts that mine for one beneficiary, and when that is worth an alert.
 *
 * A campaign is known by the strongest key its hosts share: a wallet, else a hostile endpoint, else
 * a named pool (campaign_key.h says what counts as a key). Campaigns are never merged.
 *
 *	sighting --(wallet)----------------------------> member --(threshold)--> raised, revisions
 *	    `------(hostile, pool)--> waits --(grace)----^
 *	                                `--(its host is in a raised stronger one)--> forgotten
 *
 * A host counts for its strongest *shared* key as far as known at that time:
 *  - when a stronger campaign of the host is raised, its memberships in weaker ones count no more
 *    (they are superseded: they stay in the set as history), and it joins no further weaker one.
 *    A weaker campaign that was raised before stays what it is and grows by other hosts only;
 *  - a name is heard before the login behind it, so a hostile endpoint waits LIMIT_CONTACT_GRACE_S
 *    for a wallet and a pool twice as long for either: a fleet that starts at once at a named pool
 *    is one campaign, by wallet. While the host has a stronger key that others may come to share
 *    it goes on waiting, LIMIT_CAMPAIGN_PATIENCE_S at most;
 *  - a wallet that nobody else has is no reason: hosts with wallets of their own at one named pool
 *    are a campaign, by pool.
 *
 * It is raised when the members that are not superseded reach the threshold, here or over all
 * sensors (campaign_shared()); revised as it grows, at most once in LIMIT_REVISION_S of packet
 * time, and when its level rises, at once. Its alert has the campaign's own id: sensors, replays
 * and later episodes agree on it without asking; an episode ends after LIMIT_EPISODE_S of silence,
 * and the next one counts its members and revisions anew. Members are never dropped but with their
 * campaign or to make room.
 *
 * Pure: no I/O, packet time only. Owned by the correlator's thread; calls must come in order of
 * time, each after campaign_advance() to its time. */
#ifndef SENSOR_CAMPAIGN_H
#define SENSOR_CAMPAIGN_H

#include "sensor/cloud.h"
#include "sensor/decision.h"
#include "sensor/stats.h"

struct campaign_table;

/* 0: that of limits.h. */
struct campaign_caps {
	size_t campaigns;
	size_t members;     /* of one campaign */
	size_t of_host;     /* memberships of one host */
	size_t all_members; /* memberships of all */
};

struct campaign_options {
	uint32_t hosts; /* that raise a campaign */
	struct campaign_caps caps;
	const struct cloud_row *cloud;
	size_t cloud_count;
	const char *tap;
	/* Takes each join, update and revision; the decision is only lent. */
	void (*publish)(void *ctx, const struct decision_campaign *decision);
	void *ctx;
};

/* A host shows a key. Texts are NUL-terminated wire bytes, "" unknown. */
struct campaign_sighting {
	uint64_t time_ns;
	struct decision_parties parties; /* whose client is the host */
	uint64_t packets[2];             /* of that flow so far */
	uint64_t bytes[2];
	double hashrate; /* the host's, in unit; 0: unknown */
	uint8_t kind;    /* enum campaign_kind */
	uint8_t level;   /* enum level of what shows it */
	uint8_t wallet_check;
	char key[CAMPAIGN_KEY_TEXT]; /* as campaign_key() writes it */
	char unit[8];
	char coin[8];
	char worker[LIMIT_WORKER_TEXT];
	char agent[LIMIT_AGENT_TEXT];
	char pool[LIMIT_POOL_TEXT];
};

/* What all sensors know together. */
struct campaign_shared {
	uint64_t members;
	uint64_t first_ns;
	uint64_t last_join_ns;
	char first_member[DECISION_MEMBER_TEXT]; /* scope/ip */
};

/* options is copied, what it points to is not. NULL: out of memory or of random bytes. */
struct campaign_table *campaign_table_new(const struct campaign_options *options,
					  struct stats *stats);
void campaign_table_free(struct campaign_table *self);

/* Does what falls due before now_ns: waiting members, delayed revisions, ends of episodes. */
void campaign_advance(struct campaign_table *self, uint64_t now_ns);

/* A session moved. Only sessions of LEVEL_LIKELY and above count, never donations and nodes; its
 * wallet or account is the key. */
void campaign_session(struct campaign_table *self, const struct session_fact *fact,
		      const struct decision_parties *parties);

/* The host turned out to be one of the operator's own miners: what it waits to join, it does not.
 */
void campaign_forgive(struct campaign_table *self, const struct decision_parties *parties);

/* A host shows a key: for hostile endpoints and pools' names as well. Sightings whose key is "" are
 * ignored: campaign_key() refused it. */
void campaign_sight(struct campaign_table *self, const struct campaign_sighting *sighting);

/* All sensors' totals of one campaign, at packet time now_ns. Times of a millisecond's resolution
 * are understood as such. A campaign not known here is ignored; so is one that has no member here
 * that counts. */
void campaign_shared(struct campaign_table *self, uint64_t id, const struct campaign_shared *totals,
		     uint64_t now_ns);

/* End of input at end_ns: who waits becomes a member, and what was held back is published. */
void campaign_flush(struct campaign_table *self, uint64_t end_ns);

/* Campaigns in the table, raised or not. */
size_t campaign_count(const struct campaign_table *self);

#endif
