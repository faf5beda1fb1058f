/* parts_seeds.c: what speaks of whom: alerts, findings and flows by their instance, detections by
 * their identity. */
#include "sensor/trail/parts_seeds.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)
/* An imported instance is that of a launch without ids when it began so near to it. */
#define ADOPT_NS (10 * NS_PER_S)

bool alert_is_mining(const struct alert *alert)
{
	assert(alert != NULL);
	return strcmp(alert->level, "confirmed") == 0 || strcmp(alert->level, "likely") == 0;
}

static bool is_about_mining(const struct finding *finding)
{
	assert(finding != NULL);
	return strstr(finding->type, "CryptoCurrency") != NULL ||
	       strstr(finding->type, "CryptoMin") != NULL ||
	       strstr(finding->type, "BitcoinTool") != NULL;
}

/* --- launches without ids ------------------------------------------------------------------- */

static int compare_adopted(const void *a, const void *b)
{
	return strcmp(((const struct adopted *)a)->instance->id,
		      ((const struct adopted *)b)->instance->id);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* The launch that lost this instance's id. */
static const struct deed *find_launch(const struct deed *const *launches, size_t count,
				      const struct instance *instance)
{
	const struct deed *best = NULL;
	uint64_t best_ns = ADOPT_NS;

	for (size_t i = 0; i < count; i++) {
		const struct deed *deed = launches[i];
		uint64_t far_ns = distance(deed->time_ns, instance->launch.time_ns);

		if (deed->region != instance->region || deed->subject != instance->type ||
		    deed->identity->account != instance->account || far_ns > best_ns)
			continue;
		if (best == NULL || far_ns < best_ns || strcmp(deed->event, best->event) < 0)
			best = deed;
		best_ns = far_ns;
	}
	return best;
}

/* All launches without ids; NULL: no memory. */
static const struct deed **unnamed_launches(const struct store *store, size_t *count)
{
	const struct deed **launches;

	*count = 0;
	STORE_EACH (store->deeds, const struct deed, deed) {
		*count += deed->is_unnamed;
	}
	launches = calloc(*count + 1, sizeof(struct deed *));
	*count = 0;
	if (launches == NULL)
		return NULL;
	STORE_EACH (store->deeds, const struct deed, deed) {
		if (deed->is_unnamed)
			launches[(*count)++] = deed;
	}
	return launches;
}

static int adopt(struct parts *self)
{
	size_t count;
	const struct deed **launches = unnamed_launches(self->store, &count);

	self->adopted = calloc(self->store->instances.count + 1, sizeof(*self->adopted));
	if (self->adopted == NULL || launches == NULL) {
		free(launches);
		return -ENOMEM;
	}
	STORE_EACH (self->store->instances, const struct instance, instance) {
		const struct deed *launch;

		if (count == 0 || instance->launcher != NULL || !instance->is_imported)
			continue;
		launch = find_launch(launches, count, instance);
		if (launch != NULL)
			self->adopted[self->adopted_count++] = (struct adopted){ instance, launch };
	}
	free(launches);
	if (self->adopted_count > 1)
		qsort(self->adopted, self->adopted_count, sizeof(*self->adopted), compare_adopted);
	return 0;
}

bool parts_launch(const struct parts *self, const struct instance *instance,
		  const struct identity **identity, const char **address, uint64_t *time_ns)
{
	const struct adopted key = { .instance = instance };
	const struct adopted *adopted;

	if (instance->launcher != NULL) {
		*identity = instance->launcher;
		*address = instance->address;
		*time_ns = instance->launch.time_ns;
		return true;
	}
	if (self->adopted_count == 0)
		return false;
	adopted = bsearch(&key, self->adopted, self->adopted_count, sizeof(key), compare_adopted);
	if (adopted == NULL)
		return false;
	*identity = adopted->launch->identity;
	*address = adopted->launch->address;
	*time_ns = adopted->launch->time_ns;
	return true;
}

/* --- joins ---------------------------------------------------------------------------------- */

static int join_alerts(struct parts *self)
{
	self->alerts = calloc(self->store->alerts.count + 1, sizeof(*self->alerts));
	if (self->alerts == NULL)
		return -ENOMEM;
	STORE_EACH (self->store->alerts, const struct alert, alert) {
		struct joined_alert *joined = &self->alerts[self->alert_count++];

		joined->alert = alert;
		joined->instance = join_find(&self->join, alert->scope, alert->client,
					     alert->first_ns, &joined->confidence);
		/* The sensor may know it, by a mirror's interface or an inventory of its own. */
		if (joined->instance == NULL && alert->instance[0] != '\0') {
			joined->instance = store_find_instance(self->store, alert->instance);
			joined->confidence = CONFIDENCE_HIGH;
		}
	}
	return 0;
}

static const struct instance *join_place(const struct parts *self, const char *instance,
					 const char *const place[3], const char *ip,
					 uint64_t time_ns)
{
	enum cloud_confidence confidence;
	char scope[LEASE_SCOPE_TEXT];
	size_t len = 0;

	if (instance[0] != '\0')
		return store_find_instance(self->store, instance);
	if (ip[0] == '\0')
		return NULL;
	scope[0] = '\0';
	for (size_t i = 0; i < 3; i++) {
		int part = 0;

		if (place[i][0] != '\0')
			part = snprintf(scope + len, sizeof(scope) - len, "%s%.60s",
					len > 0 ? "/" : "", place[i]);
		len += part > 0 ? (size_t)part : 0;
	}
	return join_find(&self->join, scope, ip, time_ns, &confidence);
}

static int join_findings(struct parts *self)
{
	self->findings = calloc(self->store->findings.count + 1, sizeof(*self->findings));
	if (self->findings == NULL)
		return -ENOMEM;
	STORE_EACH (self->store->findings, const struct finding, finding) {
		const char *const place[] = { finding->account, finding->region, finding->vpc };

		self->findings[self->finding_count++] = (struct joined_finding){
			finding,
			join_place(self, finding->instance, place, finding->local_ip,
				   finding->first_ns != 0 ? finding->first_ns : finding->created_ns)
		};
	}
	return 0;
}

static int join_sightings(struct parts *self)
{
	self->sightings = calloc(self->store->sightings.count + 1, sizeof(*self->sightings));
	if (self->sightings == NULL)
		return -ENOMEM;
	STORE_EACH (self->store->sightings, const struct sighting, sighting) {
		const char *const place[] = { sighting->account, sighting->region, sighting->vpc };

		self->sightings[self->sighting_count++] =
			(struct joined_sighting){ sighting, join_place(self, sighting->instance,
								       place, sighting->local_ip,
								       sighting->first_ns) };
	}
	return 0;
}

/* --- seeds ---------------------------------------------------------------------------------- */

static int add_seed(struct parts *self, const struct seed *seed)
{
	if (self->seed_count == self->seed_room) {
		size_t room = self->seed_room == 0 ? 64 : self->seed_room * 2;
		struct seed *seeds = realloc(self->seeds, room * sizeof(*seeds));

		if (seeds == NULL)
			return -ENOMEM;
		self->seeds = seeds;
		self->seed_room = room;
	}
	self->seeds[self->seed_count++] = *seed;
	return 0;
}

/* Whoever launched the instance. */
static int seed_launcher(struct parts *self, const struct instance *instance, uint32_t weight,
			 uint32_t rule)
{
	struct seed seed = { .weight = weight, .rule = rule };

	if (instance == NULL ||
	    !parts_launch(self, instance, &seed.identity, &seed.address, &seed.time_ns))
		return 0;
	return add_seed(self, &seed);
}

static int seed_sighting(struct parts *self, const struct joined_sighting *joined)
{
	assert(joined->sighting != NULL);
	if (joined->sighting->kind == SIGHTING_THIN)
		return 0;
	return seed_launcher(self, joined->instance, rules[RULE_FLOW].weight, RULE_FLOW);
}

static int seed_seen(struct parts *self)
{
	uint32_t enough = (uint32_t)self->store->settings->incident_weight;
	int result = 0;

	for (size_t i = 0; i < self->alert_count && result == 0; i++)
		if (alert_is_mining(self->alerts[i].alert))
			result = seed_launcher(self, self->alerts[i].instance, enough, RULE_COUNT);
	for (size_t i = 0; i < self->finding_count && result == 0; i++)
		if (is_about_mining(self->findings[i].finding))
			result =
				seed_launcher(self, self->findings[i].instance, enough, RULE_COUNT);
	for (size_t i = 0; i < self->sighting_count && result == 0; i++)
		result = seed_sighting(self, &self->sightings[i]);
	return result;
}

static int seed_detected(struct parts *self, const struct detections *detections)
{
	int result = 0;

	for (size_t i = 0; i < detections->count && result == 0; i++) {
		const struct detection *item = &detections->items[i];
		const struct seed seed = { .identity = item->identity,
					   .address = item->address,
					   .time_ns = item->first_ns,
					   .weight = rules[item->rule].weight,
					   .rule = item->rule };

		if (item->identity != NULL)
			result = add_seed(self, &seed);
	}
	return result;
}

static int compare_seeds(const void *a, const void *b)
{
	const struct seed *x = a;
	const struct seed *y = b;
	int order = strcmp(x->identity->id, y->identity->id);

	if (order == 0)
		order = strcmp(x->address, y->address);
	if (order == 0 && x->time_ns != y->time_ns)
		order = x->time_ns < y->time_ns ? -1 : 1;
	return order;
}

int seeds_collect(struct parts *self, const struct detections *detections)
{
	int result = adopt(self);

	if (result == 0)
		result = join_alerts(self);
	if (result == 0)
		result = join_findings(self);
	if (result == 0)
		result = join_sightings(self);
	if (result == 0)
		result = seed_seen(self);
	if (result == 0)
		result = seed_detected(self, detections);
	if (self->seed_count > 1)
		qsort(self->seeds, self->seed_count, sizeof(*self->seeds), compare_seeds);
	return result;
}
