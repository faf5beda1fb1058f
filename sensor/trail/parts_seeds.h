/* parts_seeds.h: what speaks of whom. For parts.c only. */
#ifndef TRAIL_PARTS_SEEDS_H
#define TRAIL_PARTS_SEEDS_H

#include "sensor/trail/parts.h"

/* Joins alerts, findings and sightings to instances and sums up what speaks of each identity: fills
 * alerts, findings, sightings, adopted and seeds. 0 or -ENOMEM. */
int seeds_collect(struct parts *self, const struct detections *detections);

#endif
