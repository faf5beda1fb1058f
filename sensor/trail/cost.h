/* cost.h: what an incident burns and has cost. (Owner: report.) */
#ifndef TRAIL_COST_H
#define TRAIL_COST_H

#include "sensor/trail/incident.h"
#include "sensor/trail/price.h"

struct cost_row {
	const char *region;
	const char *type;
	uint32_t instances; /* launched */
	uint32_t running;
	double price;  /* USD/h of one */
	bool is_known; /* else price is not known, and nothing of it is in the sums */
	double burn;   /* USD/h of those that run */
	double sum;    /* USD so far */
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
/* USD of one instance so far; false: no price. */
bool cost_instance(const struct instance *instance, const struct price_list *prices,
		   uint64_t until_ns, double *burn, double *sum);

/* 1700020: burn of the account's launches in settings.cost_window_s against the hours before, or
 * against baseline_usd per hour (0: learnt). Adds detections. 0 or -ENOMEM. */
int cost_detect(const struct store *store, const struct price_list *prices, double baseline_usd,
		struct detections *out);

#endif
