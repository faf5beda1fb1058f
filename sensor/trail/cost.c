/* cost.c: the time an instance ran, times its price, by region and type. */
#include "sensor/trail/cost.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_HOUR 3600e9
#define HOURS_DAY   24
#define HOURS_MONTH 720

struct run {
	uint64_t ns; /* it ran so long */
	bool is_running;
};

/* Changes are sorted by time; a repeated start or stop says nothing new. */
static struct run run_until(const struct instance *instance, uint64_t until_ns)
{
	struct run run = { .is_running = true };
	uint64_t since_ns = instance->launch.time_ns;

	/* Launched at an unknown time: what it has cost begins with what is known. */
	if (since_ns == 0)
		since_ns = until_ns;
	for (size_t i = 0; i < instance->change_count; i++) {
		const struct instance_change *change = &instance->changes[i];

		if (change->at.time_ns > until_ns)
			break;
		if (run.is_running && change->kind != CHANGE_START) {
			if (change->at.time_ns > since_ns)
				run.ns += change->at.time_ns - since_ns;
			run.is_running = false;
		} else if (!run.is_running && change->kind == CHANGE_START) {
			since_ns = change->at.time_ns;
			run.is_running = true;
		}
		if (change->kind == CHANGE_TERMINATE)
			return run;
	}
	if (run.is_running && until_ns > since_ns)
		run.ns += until_ns - since_ns;
	return run;
}

bool cost_instance(const struct instance *instance, const struct price_list *prices,
		   uint64_t until_ns, double *burn, double *sum)
{
	struct run run;
	double price;

	*burn = 0;
	*sum = 0;
	if (!price_find(prices, instance->region, instance->type, &price))
		return false;
	if (instance->launch.time_ns > until_ns)
		return true;
	run = run_until(instance, until_ns);
	*burn = run.is_running ? price : 0;
	*sum = price * (double)run.ns / NS_PER_HOUR;
	return true;
}

/* --- rows ----------------------------------------------------------------------------------- */

/* The row of a region and type, made when there is none. NULL: no memory. */
static struct cost_row *get_row(struct cost *self, const struct price_list *prices,
				const char *region, const char *type)
{
	struct cost_row *rows;
	struct cost_row *row;

	for (size_t i = 0; i < self->row_count; i++)
		if (strcmp(self->rows[i].region, region) == 0 &&
		    strcmp(self->rows[i].type, type) == 0)
			return &self->rows[i];
	rows = realloc(self->rows, (self->row_count + 1) * sizeof(*rows));
	if (rows == NULL)
		return NULL;
	self->rows = rows;
	row = &rows[self->row_count++];
	*row = (struct cost_row){ .region = region, .type = type };
	row->is_known = price_find(prices, region, type, &row->price);
	return row;
}

static void see_launch(struct cost_row *row, uint64_t time_ns)
{
	if (row->first_ns == 0 || time_ns < row->first_ns)
		row->first_ns = time_ns;
}

static int add_instance(struct cost *self, const struct price_list *prices,
			const struct instance *instance)
{
	struct cost_row *row;
	struct run run;

	if (instance->launch.time_ns > self->until_ns)
		return 0;
	row = get_row(self, prices, instance->region, instance->type);
	if (row == NULL)
		return -ENOMEM;
	run = run_until(instance, self->until_ns);
	see_launch(row, instance->launch.time_ns);
	row->instances++;
	row->running += run.is_running;
	if (row->is_known)
		row->sum += row->price * (double)run.ns / NS_PER_HOUR;
	return 0;
}

/* How many of a launch without ids an import has named: they are counted as instances. The store
 * says which launch an instance belongs to only by region and type. */
static uint32_t count_named(const struct incident *incident, const struct deed *deed)
{
	uint32_t count = 0;

	for (size_t i = 0; i < incident->instances_count; i++) {
		const struct instance *instance = incident->instances[i].instance;

		count += instance->launcher == NULL &&
			 strcmp(instance->region, deed->region) == 0 &&
			 strcmp(instance->type, deed->subject) == 0;
	}
	return count;
}

/* Instances that an earlier launch of the same kind took already. */
static uint32_t count_taken(const struct incident *incident, size_t at)
{
	const struct deed *deed = incident->deeds[at];
	uint32_t count = 0;

	for (size_t i = 0; i < at; i++) {
		const struct deed *other = incident->deeds[i];

		if (other->is_unnamed && strcmp(other->region, deed->region) == 0 &&
		    strcmp(other->subject, deed->subject) == 0)
			count += other->count;
	}
	return count;
}

static int add_unnamed(struct cost *self, const struct price_list *prices,
		       const struct incident *incident, size_t at)
{
	const struct deed *deed = incident->deeds[at];
	uint32_t named = count_named(incident, deed);
	uint32_t taken = count_taken(incident, at);
	uint32_t count = deed->count;
	struct cost_row *row;

	named = named > taken ? named - taken : 0;
	if (deed->time_ns > self->until_ns || named >= count)
		return 0;
	count -= named;
	row = get_row(self, prices, deed->region, deed->subject);
	if (row == NULL)
		return -ENOMEM;
	see_launch(row, deed->time_ns);
	row->instances += count;
	row->running += count;
	row->unnamed += count;
	if (row->is_known)
		row->sum +=
			row->price * count * (double)(self->until_ns - deed->time_ns) / NS_PER_HOUR;
	return 0;
}

static int compare_rows(const void *a, const void *b)
{
	const struct cost_row *x = a;
	const struct cost_row *y = b;
	int order;

	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	order = strcmp(x->region, y->region);
	return order != 0 ? order : strcmp(x->type, y->type);
}

static void add_up(struct cost *self)
{
	for (size_t i = 0; i < self->row_count; i++) {
		struct cost_row *row = &self->rows[i];

		if (!row->is_known) {
			self->unpriced += row->instances;
			continue;
		}
		row->burn = row->price * row->running;
		self->peak += row->price * row->instances;
		self->burn += row->burn;
		self->sum += row->sum;
	}
	self->next_day = self->burn * HOURS_DAY;
	self->next_month = self->burn * HOURS_MONTH;
}

int cost_incident(const struct incident *incident, const struct price_list *prices,
		  uint64_t until_ns, struct cost *out)
{
	int result = 0;

	*out = (struct cost){ .until_ns = until_ns };
	for (size_t i = 0; i < incident->instances_count && result == 0; i++)
		result = add_instance(out, prices, incident->instances[i].instance);
	for (size_t i = 0; i < incident->deeds_count && result == 0; i++)
		if (incident->deeds[i]->is_unnamed)
			result = add_unnamed(out, prices, incident, i);
	if (result != 0) {
		cost_free(out);
		return result;
	}
	if (out->row_count > 1)
		qsort(out->rows, out->row_count, sizeof(*out->rows), compare_rows);
	add_up(out);
	return 0;
}

void cost_free(struct cost *self)
{
	free(self->rows);
	memset(self, 0, sizeof(*self));
}
