/* containment_parts.h: what the files of the plan share. For containment*.c only. */
#ifndef TRAIL_CONTAINMENT_PARTS_H
#define TRAIL_CONTAINMENT_PARTS_H

#include "sensor/trail/command_line.h"
#include "sensor/trail/containment.h"

#define CONTAINMENT_POLICY "minecanary-containment"

/* The begin of an inline policy that denies everything; its condition may follow. */
#define CONTAINMENT_DENY \
	"--policy-name " CONTAINMENT_POLICY " --policy-document " \
	"'{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\"," \
	"\"Resource\":\"*\""
#define CONTAINMENT_DENY_ALL CONTAINMENT_DENY "}]}'"
/* Only credentials that were given before the command is run. */
#define CONTAINMENT_DENY_OLDER \
	CONTAINMENT_DENY \
	",\"Condition\":{\"DateLessThan\":{\"aws:TokenIssueTime\":\"'\"$(date -u " \
	"+%Y-%m-%dT%H:%M:%SZ)\"'\"}}}]}'"

/* A zeroed step at the end; NULL: no memory. */
struct containment_step *containment_add(struct containment *self, uint8_t stage,
					 const char *region, const char *proof);
/* Gives the step its command; one that must not be used is said to be for hands. 0 or -ENOMEM. */
int containment_set_command(struct containment_step *step, const struct command_line *line);
bool containment_begins(const char *text, const char *begin);

/* Steps for what the incident made and is still there, in their order. 0 or -ENOMEM. */
int containment_access(struct containment *out, const struct incident *incident);
int containment_logging(struct containment *out, const struct incident *incident);
int containment_fleets(struct containment *out, const struct incident *incident);
int containment_networks(struct containment *out, const struct incident *incident);
int containment_remains(struct containment *out, const struct incident *incident);

#endif
