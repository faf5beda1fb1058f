/* cost.h: what an incident burns and has cost, by the price file.
 *
 * An instance costs its price from launch to termination, without the time it was stopped, by the
 * second. Launches whose record lost the ids count as running since. Discounts, storage and traffic
 * are not in it. All in USD and hours; times in ns since 1970. */
#ifndef TRAIL_COST_H
#define TRAIL_COST_H

#include "sensor/trail/incident.h"
#include "sensor/trail/price.h"

struct cost_row {
	const char *region;
	const char *type;
	uint32_t instances; /* launched until until_ns */
	uint32_t running;   /* at until_ns */
	uint32_t unnamed;   /* of the launched: their ids are lost, when they ended is not known */
	uint64_t first_ns;  /* first launch */
	double price;       /* USD/h of one */
	bool is_known;      /* else price is not known, and nothing of it is in the sums */
	double burn;        /* USD/h of those that run */
	double sum;         /* USD so far */
};

struct cost {
	struct cost_row *rows; /* by first launch, region, type */
	size_t row_count;
	double peak;       /* USD/h with all of them running */
	double burn;       /* USD/h now */
	double sum;        /* USD until until_ns */
	double next_day;   /* USD of the next 24 hours at that burn */
	double next_month; /* 30 days */
	uint32_t unpriced; /* instances without a price */
	uint64_t until_ns;
};

/* until_ns: usually incidents.now_ns. 0 or -ENOMEM. */
int cost_incident(const struct incident *incident, const struct price_list *prices,
		  uint64_t until_ns, struct cost *out);
void cost_free(struct cost *self);
/* USD of one instance so far, and USD/h at until_ns; false: no price, both are 0. */
bool cost_instance(const struct instance *instance, const struct price_list *prices,
		   uint64_t until_ns, double *burn, double *sum);

/* 1700020: at some launch the burn of an account's instances is above cost-factor percent of the
 * baseline, and more than cost-floor above it. The baseline is baseline_usd per hour, or (0)
 * learnt: the highest burn of all that was before cost-window; never while the records do not reach
 * back far enough (learning). One detection for each episode, its subject the day it began; what
 * proves it are the launches. Instances without a price are not counted. Adds detections. 0 or
 * -ENOMEM. */
int cost_detect(const struct store *store, const struct price_list *prices, double baseline_usd,
		struct detections *out);

#endif
