/* stats.c: the names, helps and sums of the counters in stats.h. */
#include "sensor/stats.h"

_Static_assert(sizeof(struct stats) % sizeof(uint64_t) == 0, "stats are counters and nothing else");

static const char *const names[] = {
#define STATS_NAME(name, help) #name,
	STATS(STATS_NAME)
#undef STATS_NAME
};

static const char *const helps[] = {
#define STATS_HELP(name, help) help,
	STATS(STATS_HELP)
#undef STATS_HELP
};

static const size_t levels[] = {
	offsetof(struct stats, flows_active),
	offsetof(struct stats, dns_labels),
	offsetof(struct stats, redis_queued),
	offsetof(struct stats, redis_latency_ms),
	offsetof(struct stats, lag_ms),
	offsetof(struct stats, facts_waiting_bytes),
	offsetof(struct stats, decisions_waiting_bytes),
	offsetof(struct stats, journal_pending),
	offsetof(struct stats, journal_wait_ms),
};

void stats_merge(struct stats *sum, const struct stats *one)
{
#define STATS_MERGE(name, help) sum->name += __atomic_load_n(&one->name, __ATOMIC_RELAXED);
	STATS(STATS_MERGE)
#undef STATS_MERGE
}

const char *stats_name(size_t index)
{
	return index < STATS_COUNT ? names[index] : NULL;
}

const char *stats_help(size_t index)
{
	return index < STATS_COUNT ? helps[index] : NULL;
}

bool stats_is_level(size_t index)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (levels[i] == index * sizeof(uint64_t))
			return true;
	return false;
}

uint64_t stats_value(const struct stats *stats, size_t index)
{
	const uint64_t *values = (const uint64_t *)stats;

	return index < STATS_COUNT ? __atomic_load_n(&values[index], __ATOMIC_RELAXED) : 0;
}
