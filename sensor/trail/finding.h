/* finding.h: findings of the provider: GuardDuty in either case of letters, and ASFF. (Owner:
 * sources.) Envelopes are opened before (intake.h). */
#ifndef TRAIL_FINDING_H
#define TRAIL_FINDING_H

#include <jansson.h>

#include "sensor/trail/store.h"

/* Fills out from a document; its texts are borrowed from json (or constant) and live as long. 0, or
 * -EINVAL with *why a constant text when it is no finding or lacks an id or type. */
int finding_read(const json_t *json, struct finding *out, const char **why);

#endif
