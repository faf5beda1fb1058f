/* redis_tally.h: what one sensor has seen of each host, pool and wallet, summed over its sessions.
 *
 * State in Redis that several sensors share holds each sensor's own totals, absolute, so that
 * sending them again changes nothing; readers add the sensors up. The counters here only rise while
 * the process lives. A rate counts as long as its session lives, and after its end until the same
 * miner has a new session or ten minutes of packet time have passed. For one thread. */
#ifndef SENSOR_REDIS_TALLY_H
#define SENSOR_REDIS_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tally_kind { TALLY_HOST, TALLY_POOL, TALLY_WALLET, TALLY_KINDS };

struct tally_totals {
	uint64_t submitted;
	uint64_t accepted;
	uint64_t rejected;
	uint64_t stale;
	double work;       /* hashes */
	double hashrate;   /* H/s, of the sessions that count now */
	uint64_t sessions; /* that are alive */
};

struct tally_update {
	uint64_t flow_id;
	uint64_t time_ns;
	bool is_end;
	const char *miner;             /* what tells a host's miners apart */
	const char *keys[TALLY_KINDS]; /* entities the session belongs to; NULL: none */
	struct tally_totals values;    /* of the session; sessions is ignored */
};

struct redis_tally;

/* NULL: out of memory or of random bytes. Beyond max_sessions the oldest are forgotten. */
struct redis_tally *redis_tally_new(size_t max_sessions);
void redis_tally_free(struct redis_tally *self);

/* Takes a session's newest values; totals of its entities as they are now (zero for a NULL key).
 * 0 or -ENOMEM. */
int redis_tally_update(struct redis_tally *self, const struct tally_update *update,
		       struct tally_totals totals[TALLY_KINDS]);

#endif
