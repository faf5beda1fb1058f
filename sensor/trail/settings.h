/* settings.h: the thresholds of the detections, one table.
 *
 * Each row is an option of the configuration file ("name: value", one a line, `#` begins a comment)
 * and of the command line (--set name=value). Durations are written 90s, 15m, 2h, 3d. */
#ifndef TRAIL_SETTINGS_H
#define TRAIL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTINGS_WHY 256

/* X(name, field, is_duration, default, min, max, help): durations in seconds. */
#define SETTINGS(X) \
	X("learning", learning_s, 1, 259200, 0, 31536000, \
	  "records of an account reach back so far before anything counts as new") \
	X("habit", habit_s, 1, 86400, 0, 31536000, "what was done so long before is not new") \
	X("onset", onset_s, 1, 3600, 0, 604800, \
	  "so long before the first suspicious call an incident begins, when thief and owner " \
	  "share an address") \
	X("retention", retention_s, 1, 2592000, 86400, 315360000, \
	  "what ended so long before the newest record is forgotten") \
	X("sweep-window", sweep_window_s, 1, 900, 1, 86400, "time of one sweep over regions") \
	X("sweep-regions", sweep_regions, 0, 8, 2, 1000, "regions looked into by one sweep") \
	X("quota-window", quota_window_s, 1, 3600, 1, 604800, "time of one round of requests") \
	X("quota-regions", quota_regions, 0, 2, 1, 1000, \
	  "regions in which one identity asks for a higher quota in that time") \
	X("usual-addresses", usual_addresses, 0, 8, 1, 1000, \
	  "an identity used from more addresses than this has no usual one") \
	X("network-window", network_window_s, 1, 3600, 1, 604800, \
	  "between a new VPC and the open group in it") \
	X("incident-weight", incident_weight, 0, 100, 1, 100000, \
	  "weights of an identity's detections that open an incident without an alert") \
	X("cost-factor", cost_factor_percent, 0, 150, 101, 100000, \
	  "burn above so many percent of the baseline is an anomaly") \
	X("cost-floor", cost_floor_usd, 0, 5, 0, 1000000, \
	  "USD per hour above the baseline below which nothing is an anomaly") \
	X("cost-window", cost_window_s, 1, 7200, 60, 604800, "time over which burn is compared") \
	X("flow-hosts", flow_hosts, 0, 5, 2, 100000, \
	  "hosts that talk long and thin to one address") \
	X("flow-lifetime", flow_lifetime_s, 1, 1800, 60, 604800, "that long is long") \
	X("flow-window", flow_window_s, 1, 3600, 60, 604800, \
	  "hosts that began within that time belong together")

struct settings {
#define SETTINGS_FIELD(name, field, is_duration, dflt, min, max, help) uint64_t field;
	SETTINGS(SETTINGS_FIELD)
#undef SETTINGS_FIELD
	uint64_t disabled; /* bit per rule of detect.h */
	/* History that is given instead of learnt: lists of names, sorted; see settings_history().
	 */
	char **regions;
	size_t region_count;
	char **types;
	size_t type_count;
	char **networks;
	size_t network_count;
};

void settings_init(struct settings *self);
void settings_fini(struct settings *self);
/* 0, -EINVAL with why filled, -ENOMEM. Besides the table: "disable" takes a signature id,
 * "known-region", "known-type" and "known-address" add to the given history. */
int settings_set(struct settings *self, const char *name, const char *value,
		 char why[SETTINGS_WHY]);
/* A file; why names file and line. 0 or negative errno. */
int settings_read(struct settings *self, const char *path, char why[SETTINGS_WHY]);
void settings_print(const struct settings *self);

#endif
