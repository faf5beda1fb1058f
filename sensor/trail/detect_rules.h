/* detect_rules.h: the rules and the history they measure against. For detect*.c only. */
#ifndef TRAIL_DETECT_RULES_H
#define TRAIL_DETECT_RULES_H

#include "sensor/trail/detect.h"

/* The first time something was there: an account's launches in a region, or of a type. */
struct first_seen {
	const char *account;
	const char *what;
	uint64_t time_ns;
};

struct history {
	const struct store *store;
	const struct settings *settings;
	struct first_seen *regions; /* with launches; by account, what */
	size_t region_count;
	struct first_seen *types; /* launched */
	size_t type_count;
	const struct deed **deeds; /* all, by time and event */
	size_t deed_count;
};

/* 0 or -ENOMEM. Texts and deeds are borrowed from the store. */
int history_learn(struct history *self, const struct store *store);
void history_fini(struct history *self);

/* Do records of the account reach back far enough before time_ns? */
bool history_is_learnt(const struct history *self, const char *account, uint64_t time_ns);
/* Is it new at time_ns? Never while the history is not learnt. */
bool history_is_new_region(const struct history *self, const char *account, const char *region,
			   uint64_t time_ns);
bool history_is_new_type(const struct history *self, const char *account, const char *type,
			 uint64_t time_ns);
/* Did the same one (of roles: any session) do a call of that kind from that address long before? */
bool history_is_habit(const struct history *self, const struct deed *deed, bool only_admin);
/* Are two identities the same one, or sessions of one role? */
bool history_is_same(const struct identity *a, const struct identity *b);
/* At least `habit` before? */
bool history_is_long_before(const struct history *self, uint64_t time_ns, uint64_t now_ns);

int detect_new_region(const struct history *history, struct detections *out);
int detect_new_gpu(const struct history *history, struct detections *out);
int detect_admin(const struct history *history, struct detections *out);
int detect_new_address(const struct history *history, struct detections *out);
int detect_sweep(const struct history *history, struct detections *out);
int detect_open_network(const struct history *history, struct detections *out);
int detect_others_key(const struct history *history, struct detections *out);
int detect_quota(const struct history *history, struct detections *out);
int detect_logging(const struct history *history, struct detections *out);

/* What a rule returns when a detection found no place: 0 when the list is full, else -ENOMEM. */
int detect_no_place(const struct detections *out);

#endif
