/* containment.h: in which order to end an incident: what makes access again goes first.
 *
 *	1  schedules, functions, keys, passwords, users, roles and policies that were made
 *	2  the identity all came from; then the logging that was switched off
 *	3  what launches instances, then the instances, region by region
 *	4  networks from the inside out, key pairs, templates, buckets, quotas; at last what was
 *	   only stopped in 1 is deleted
 *
 * A command is what the AWS CLI takes, for a person to read and to run: nothing here runs it. It
 * contains first and keeps the evidence: functions are stopped, keys deactivated, users denied, and
 * only the last steps delete them. */
#ifndef TRAIL_CONTAINMENT_H
#define TRAIL_CONTAINMENT_H

#include "sensor/trail/incident.h"

#define CONTAINMENT_COMMAND_BYTES 1024 /* longest command with its NUL */

struct containment_step {
	char text[256]; /* raw: what to do, escape it for where it goes */
	/* One AWS CLI line without its end, printable, arguments quoted for a POSIX shell. NULL:
	 * there is none, or a name in it is not known, cut, not printable or would be read by the
	 * CLI as more than a name (file://, a leading `[`). */
	char *command;
	char *names; /* of many things: the instances, with blanks between; NULL: see text */
	char proof[EVENT_ID_TEXT];
	const char *region; /* "" for global services */
	uint8_t stage;      /* 1 to 4, as above */
};

struct containment {
	struct containment_step *steps; /* in order */
	size_t count;
};

/* 0 or -ENOMEM. */
int containment_plan(const struct incident *incident, struct containment *out);
void containment_free(struct containment *self);

/* "what makes access again"... for 1 to 4. */
const char *containment_stage_text(uint8_t stage);

#endif
