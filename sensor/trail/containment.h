/* containment.h: in which order to end an incident: what makes access again goes first. (Owner:
 * report.) Never runs anything. */
#ifndef TRAIL_CONTAINMENT_H
#define TRAIL_CONTAINMENT_H

#include "sensor/trail/incident.h"

struct containment_step {
	char text[256]; /* raw: what to do, escape it for where it goes */
	char *command;  /* one AWS CLI line, arguments quoted for a POSIX shell; NULL: none */
	char proof[EVENT_ID_TEXT];
	const char *region;
	uint8_t stage; /* 1 re-creates access, 2 stolen key, 3 instances, 4 networks and buckets */
};

struct containment {
	struct containment_step *steps; /* in order */
	size_t count;
};

/* 0 or -ENOMEM. */
int containment_plan(const struct incident *incident, struct containment *out);
void containment_free(struct containment *self);

#endif
