/* cost_detect.c: burn of an account that leaves its baseline (1700020).
 *
 *	USD/h                  ___ a launch that lifts the burn above both lines is an anomaly
 *	   ..................|.......  baseline * cost-factor, and baseline + cost-floor
 *	    __    __    __   |
 *	___|  |__|  |__|  |__|        baseline: the highest burn before cost-window
 *
 * Every launch, stop and termination is a step; the burn is their sum. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sensor/trail/cost.h"

#define NS_PER_S UINT64_C(1000000000)
/* An import names instances of a launch this near (parts_seeds.c). */
#define ADOPT_NS (300 * NS_PER_S)
#define DAY_TEXT 11
#define MICRO    1e6
#define USD_MAX  1e9 /* of a given baseline */

struct step {
	const char *account;
	const char *event; /* eventID of a launch, "" */
	uint64_t time_ns;
	int64_t micro; /* USD/h that begin or end, in millionths: sums stay exact */
};

struct steps {
	struct step *items; /* by account, then time */
	size_t count;
	size_t room;
};

static int add_step(struct steps *self, const struct step *step)
{
	if (self->count == self->room) {
		size_t room = self->room == 0 ? 256 : self->room * 2;
		struct step *items = realloc(self->items, room * sizeof(*items));

		if (items == NULL)
			return -ENOMEM;
		self->items = items;
		self->room = room;
	}
	self->items[self->count++] = *step;
	return 0;
}

static int64_t micro_of(const struct price_list *prices, const char *region, const char *type)
{
	double price;

	return price_find(prices, region, type, &price) ? (int64_t)(price * MICRO + 0.5) : 0;
}

/* Starts, stops and the end of one instance. */
static int add_changes(struct steps *self, const struct instance *instance, struct step step,
		       int64_t micro)
{
	bool is_running = true;

	for (size_t i = 0; i < instance->change_count; i++) {
		const struct instance_change *change = &instance->changes[i];
		bool is_start = change->kind == CHANGE_START;

		if (is_running != is_start) {
			step.event = is_start ? change->at.event : "";
			step.time_ns = change->at.time_ns;
			step.micro = is_start ? micro : -micro;
			if (add_step(self, &step) != 0)
				return -ENOMEM;
			is_running = is_start;
		}
		if (change->kind == CHANGE_TERMINATE)
			break;
	}
	return 0;
}

static int add_instance(struct steps *self, const struct instance *instance,
			const struct price_list *prices)
{
	int64_t micro = micro_of(prices, instance->region, instance->type);
	struct step step = { .account = instance->account,
			     .event = instance->launch.event,
			     .time_ns = instance->launch.time_ns,
			     .micro = micro };

	if (micro == 0 || step.time_ns == 0)
		return 0;
	if (add_step(self, &step) != 0)
		return -ENOMEM;
	return add_changes(self, instance, step, micro);
}

/* Instances that only an import knows: a launch that lost its ids may be theirs. */
struct strays {
	const struct instance **items;
	size_t count;
};

static int find_strays(struct strays *self, const struct store *store)
{
	self->items = calloc(store->instances.count + 1, sizeof(struct instance *));
	if (self->items == NULL)
		return -ENOMEM;
	STORE_EACH (store->instances, const struct instance, instance) {
		if (instance->launcher == NULL && instance->is_imported)
			self->items[self->count++] = instance;
	}
	return 0;
}

static bool is_of_launch(const struct instance *instance, const struct deed *deed)
{
	uint64_t far_ns = instance->launch.time_ns > deed->time_ns
				  ? instance->launch.time_ns - deed->time_ns
				  : deed->time_ns - instance->launch.time_ns;

	return instance->region == deed->region && instance->type == deed->subject &&
	       instance->account == deed->identity->account && far_ns <= ADOPT_NS;
}

/* A launch that lost its ids counts with those that no import has named. */
static int add_unnamed(struct steps *self, const struct strays *strays, const struct deed *deed,
		       const struct price_list *prices)
{
	struct step step = { .account = deed->identity->account,
			     .event = deed->event,
			     .time_ns = deed->time_ns };
	uint32_t count = deed->count;

	for (size_t i = 0; i < strays->count && count > 0; i++)
		count -= is_of_launch(strays->items[i], deed);
	step.micro = micro_of(prices, deed->region, deed->subject) * count;
	return step.micro == 0 ? 0 : add_step(self, &step);
}

static int compare_steps(const void *a, const void *b)
{
	const struct step *x = a;
	const struct step *y = b;
	int order = strcmp(x->account, y->account);

	if (order != 0)
		return order;
	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	/* What ends at the same second ends first; then the order must not depend on the table. */
	if (x->micro != y->micro)
		return x->micro < y->micro ? -1 : 1;
	return strcmp(x->event, y->event);
}

static int collect(struct steps *self, const struct store *store, const struct price_list *prices)
{
	struct strays strays = { 0 };
	int result = find_strays(&strays, store);

	STORE_EACH (store->instances, const struct instance, instance) {
		if (result == 0)
			result = add_instance(self, instance, prices);
	}
	STORE_EACH (store->deeds, const struct deed, deed) {
		if (result == 0 && deed->is_unnamed)
			result = add_unnamed(self, &strays, deed, prices);
	}
	free((void *)strays.items);
	if (self->count > 1)
		qsort(self->items, self->count, sizeof(*self->items), compare_steps);
	return result;
}

/* --- one account ---------------------------------------------------------------------------- */

struct watch {
	const struct store *store;
	struct detections *out;
	int64_t given; /* baseline in micro USD/h; 0: learnt */
	/* Since here the records of the account are long enough to learn from. */
	uint64_t learnt_ns;
	int64_t burn;
	int64_t before;    /* burn at the end of what lies before the window */
	int64_t highest;   /* there */
	uint64_t last_ns;  /* of the anomaly */
	const char *day;   /* its subject; NULL: none yet */
	const char *event; /* that proved it last */
	int64_t peak;      /* its highest burn */
	int64_t baseline;  /* when it began */
};

static bool is_anomaly(const struct watch *watch, int64_t baseline)
{
	const struct settings *settings = watch->store->settings;
	int64_t floor = (int64_t)settings->cost_floor_usd * 1000000;

	return watch->burn - baseline > floor &&
	       (double)watch->burn * 100 > (double)baseline * (double)settings->cost_factor_percent;
}

/* Of the store's names, which outlive the detection. */
static const char *day_of(const struct watch *watch, uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / NS_PER_S);
	char text[DAY_TEXT] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%d", &tm);
	return text_pool_get(watch->store->names, text);
}

/* An anomaly that goes on, or comes back within the window, is the same one. */
static void begin_episode(struct watch *watch, const struct step *step, int64_t baseline,
			  bool is_going_on)
{
	uint64_t window_ns = watch->store->settings->cost_window_s * NS_PER_S;

	if (watch->day != NULL && (is_going_on || step->time_ns - watch->last_ns <= window_ns))
		return;
	watch->day = day_of(watch, step->time_ns);
	watch->event = "";
	watch->peak = 0;
	watch->baseline = baseline;
}

static int report(struct watch *watch, const struct step *step)
{
	struct detection *found;

	watch->last_ns = step->time_ns;
	if (watch->burn > watch->peak)
		watch->peak = watch->burn;
	found = detections_get(
		watch->out, RULE_COST,
		&(const struct detection_key){ NULL, step->account, "", watch->day, "" });
	if (found == NULL)
		return watch->out->refused > 0 ? 0 : -ENOMEM;
	/* A record that launched many is one proof. */
	if (watch->event[0] == '\0' || strcmp(watch->event, step->event) != 0)
		detection_prove(found, step->time_ns, step->event);
	watch->event = step->event;
	if ((uint64_t)(watch->peak / 1000) < found->value)
		return 0;
	found->value = (uint64_t)(watch->peak / 1000);
	(void)snprintf(found->text, sizeof(found->text),
		       "%.3f USD per hour, %s baseline %.3f USD per hour",
		       (double)watch->peak / MICRO, watch->given != 0 ? "given" : "learnt",
		       (double)watch->baseline / MICRO);
	return 0;
}

/* Moves what lies before the window up to time_ns. */
static void learn(struct watch *watch, const struct step *steps, size_t *at, uint64_t time_ns)
{
	uint64_t window_ns = watch->store->settings->cost_window_s * NS_PER_S;

	while (steps[*at].time_ns + window_ns <= time_ns) {
		watch->before += steps[(*at)++].micro;
		if (watch->before > watch->highest)
			watch->highest = watch->before;
	}
}

static int watch_account(struct watch *watch, const struct step *steps, size_t count)
{
	size_t at = 0;
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++) {
		const struct step *step = &steps[i];
		int64_t baseline = watch->given;
		bool is_known = true;
		bool was_anomaly;

		learn(watch, steps, &at, step->time_ns);
		if (baseline == 0) {
			baseline = watch->highest;
			is_known = step->time_ns >= watch->learnt_ns;
		}
		was_anomaly = is_anomaly(watch, baseline);
		watch->burn += step->micro;
		if (step->micro <= 0 || !is_known || !is_anomaly(watch, baseline))
			continue;
		begin_episode(watch, step, baseline, was_anomaly);
		result = report(watch, step);
	}
	return result;
}

/* UINT64_MAX: never. */
static uint64_t learnt_since(const struct store *store, const char *account)
{
	const struct account *known = store_find_account(store, account);

	if (known == NULL || known->first.time_ns == 0)
		return UINT64_MAX;
	return known->first.time_ns + store->settings->learning_s * NS_PER_S;
}

int cost_detect(const struct store *store, const struct price_list *prices, double baseline_usd,
		struct detections *out)
{
	double given = baseline_usd < USD_MAX ? baseline_usd : USD_MAX;
	struct steps steps = { 0 };
	size_t next;
	int result;

	if (!rule_is_on(store->settings, RULE_COST))
		return 0;
	result = collect(&steps, store, prices);
	for (size_t i = 0; i < steps.count && result == 0; i = next) {
		struct watch watch = { .store = store,
				       .out = out,
				       .given = (int64_t)(given * MICRO + 0.5),
				       .learnt_ns = learnt_since(store, steps.items[i].account) };

		next = i + 1;
		while (next < steps.count &&
		       strcmp(steps.items[next].account, steps.items[i].account) == 0)
			next++;
		result = watch_account(&watch, &steps.items[i], next - i);
	}
	free(steps.items);
	detections_sort(out);
	return result;
}
