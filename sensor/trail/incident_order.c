/* incident_order.c: the order of an incident's lists, and its counts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/incident_list.h"

bool incident_alert_before(const struct alert *a, const struct alert *b)
{
	if (a->first_ns != b->first_ns)
		return a->first_ns < b->first_ns;
	return strcmp(a->id, b->id) < 0;
}

bool incident_finding_before(const struct finding *a, const struct finding *b)
{
	if (a->created_ns != b->created_ns)
		return a->created_ns < b->created_ns;
	return strcmp(a->id, b->id) < 0;
}

int incident_compare_deeds(const void *a, const void *b)
{
	const struct deed *x = *(const struct deed *const *)a;
	const struct deed *y = *(const struct deed *const *)b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return strcmp(x->event, y->event);
}

static int compare_resources(const void *a, const void *b)
{
	const struct incident_resource *x = a;
	const struct incident_resource *y = b;

	if (x->deed->kind != y->deed->kind)
		return x->deed->kind < y->deed->kind ? -1 : 1;
	return incident_compare_deeds(&x->deed, &y->deed);
}

int incident_compare_ids(const void *a, const void *b)
{
	const struct incident_instance *x = a;
	const struct incident_instance *y = b;

	return strcmp(x->instance->id, y->instance->id);
}

static int compare_instances(const void *a, const void *b)
{
	const struct incident_instance *x = a;
	const struct incident_instance *y = b;

	if (x->instance->launch.time_ns != y->instance->launch.time_ns)
		return x->instance->launch.time_ns < y->instance->launch.time_ns ? -1 : 1;
	return incident_compare_ids(a, b);
}

static int compare_sources(const void *a, const void *b)
{
	const struct incident_source *x = a;
	const struct incident_source *y = b;

	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return strcmp(x->address, y->address);
}

static int compare_regions(const void *a, const void *b)
{
	const struct incident_region *x = a;
	const struct incident_region *y = b;

	if ((x->launched > 0) != (y->launched > 0))
		return x->launched > 0 ? -1 : 1;
	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return strcmp(x->region, y->region);
}

static int compare_alerts(const void *a, const void *b)
{
	const struct alert *x = ((const struct incident_alert *)a)->alert;
	const struct alert *y = ((const struct incident_alert *)b)->alert;

	if (x == y)
		return 0;
	return incident_alert_before(x, y) ? -1 : 1;
}

static int compare_findings(const void *a, const void *b)
{
	const struct finding *x = *(const struct finding *const *)a;
	const struct finding *y = *(const struct finding *const *)b;

	if (x == y)
		return 0;
	return incident_finding_before(x, y) ? -1 : 1;
}

static int compare_sightings(const void *a, const void *b)
{
	const struct sighting *x = *(const struct sighting *const *)a;
	const struct sighting *y = *(const struct sighting *const *)b;
	int order;

	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	order = strcmp(x->local_ip, y->local_ip);
	if (order == 0)
		order = strcmp(x->vpc, y->vpc);
	if (order == 0)
		order = strcmp(x->remote_ip, y->remote_ip);
	return order != 0 ? order : (int)x->remote_port - (int)y->remote_port;
}

struct incident_region *incident_get_region(struct incident *self, const char *region)
{
	struct incident_region item = { .region = region };

	for (size_t i = 0; i < self->regions_count; i++)
		if (self->regions[i].region == region)
			return &self->regions[i];
	if (LIST_ADD(self, regions, item) != 0)
		return NULL;
	return &self->regions[self->regions_count - 1];
}

static void keep_earliest(uint64_t *kept, uint64_t time_ns)
{
	if (time_ns != 0 && (*kept == 0 || time_ns < *kept))
		*kept = time_ns;
}

static int count_instances(struct incident *self)
{
	for (size_t i = 0; i < self->instances_count; i++) {
		const struct incident_instance *item = &self->instances[i];
		struct incident_region *region = incident_get_region(self, item->instance->region);
		bool is_mining = item->sight == SIGHT_MINING;

		if (region == NULL)
			return -ENOMEM;
		keep_earliest(&region->first_ns, item->instance->launch.time_ns);
		region->launched++;
		region->mining += is_mining;
		region->out_of_sight += !is_mining;
		region->ended += item->end_ns != 0;
		self->launched++;
		self->mining += is_mining;
		self->out_of_sight += !is_mining;
		self->ended += item->end_ns != 0;
		keep_earliest(&self->first_launch_ns, item->instance->launch.time_ns);
	}
	return 0;
}

int incident_finish(struct incident *self, const struct store *store)
{
	if (count_instances(self) != 0)
		return -ENOMEM;
	LIST_SORT(self, instances, compare_instances);
	LIST_SORT(self, sources, compare_sources);
	LIST_SORT(self, regions, compare_regions);
	LIST_SORT(self, alerts, compare_alerts);
	LIST_SORT_POINTERS(self, findings, compare_findings);
	LIST_SORT_POINTERS(self, sightings, compare_sightings);
	LIST_SORT_POINTERS(self, refusals, incident_compare_deeds);
	LIST_SORT(self, resources, compare_resources);
	if (incident_blame(self) != 0 || incident_mark(self, store) != 0)
		return -ENOMEM;
	return incident_tell(self, store);
}
