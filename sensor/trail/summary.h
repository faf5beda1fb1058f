/* summary.h: what a run found, in a few lines for a terminal. */
#ifndef TRAIL_SUMMARY_H
#define TRAIL_SUMMARY_H

#include <stdio.h>

#include "sensor/trail/cost.h"
#include "sensor/trail/flowlog.h"
#include "sensor/trail/intake.h"

/* One paragraph an incident, and the detections that belong to none. 0 or -EIO. */
int summary_write(FILE *out, const struct incidents *incidents, const struct price_list *prices);

/* What was read, and what was not: nothing when all is well and nothing was skipped. */
void summary_counts(FILE *out, const struct intake_counts *intake,
		    const struct flowlog_counts *flowlog, const struct store_counts *store);

#endif
