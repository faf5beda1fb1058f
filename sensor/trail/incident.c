/* incident.c: from the store and its parts to incidents, in one pass over each table. */
#include "sensor/trail/incident.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/incident_list.h"

struct build {
	const struct store *store;
	struct parts parts;
	struct incidents *out;
	uint32_t *index; /* by incident of the parts: where it is in out->items */
};

static struct incident *incident_at(const struct build *build, int64_t number)
{
	return number < 0 ? NULL : &build->out->items[build->index[number]];
}

static struct incident *incident_of(const struct build *build, const struct identity *identity,
				    const char *address, uint64_t time_ns)
{
	return incident_at(build, parts_find(&build->parts, identity, address, time_ns));
}

static struct incident *incident_of_instance(const struct build *build,
					     const struct instance *instance)
{
	const struct identity *identity;
	const char *address;
	uint64_t time_ns;

	if (instance == NULL ||
	    !parts_launch(&build->parts, instance, &identity, &address, &time_ns))
		return NULL;
	return incident_of(build, identity, address, time_ns);
}

static void widen(struct incident *self, uint64_t from_ns, uint64_t to_ns)
{
	if (from_ns != 0 && (self->first_ns == 0 || from_ns < self->first_ns))
		self->first_ns = from_ns;
	if (to_ns > self->last_ns)
		self->last_ns = to_ns;
}

static void keep_earliest(uint64_t *kept, uint64_t time_ns)
{
	if (time_ns != 0 && (*kept == 0 || time_ns < *kept))
		*kept = time_ns;
}

/* --- who ------------------------------------------------------------------------------------ */

static void name_incident(struct incident *self, const struct identity *root)
{
	char key[2 * (TRAIL_TEXT + 1)];
	size_t account = strnlen(root->account, TRAIL_TEXT);
	size_t id = strnlen(root->id, TRAIL_TEXT);

	memcpy(key, root->account, account);
	key[account] = '\0';
	memcpy(key + account + 1, root->id, id);
	(void)snprintf(self->id, sizeof(self->id), "%016" PRIx64,
		       siphash_id(key, account + 1 + id));
	self->root = root->id;
	self->account = root->account;
	self->principal = root->arn;
	self->user = root->user;
}

/* The name at the end of an ARN. */
static const char *name_of_arn(const char *arn)
{
	const char *slash = strrchr(arn, '/');

	return slash != NULL ? slash + 1 : arn;
}

static int add_member(struct incident *self, const struct member *member)
{
	struct incident_identity item = { .identity = member->identity,
					  .id = member->id,
					  .made_by = member->made_by,
					  .is_root = member->made_by == NULL };

	if (member->identity != NULL && member->identity->user[0] != '\0')
		item.name = member->identity->user;
	else
		item.name = name_of_arn(member->id);
	return LIST_ADD(self, identities, item);
}

/* Members are sorted: the root of each incident comes first. */
static int take_members(struct build *build)
{
	const struct parts *parts = &build->parts;

	build->index = calloc((size_t)parts->incident_count + 1, sizeof(*build->index));
	if (build->index == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < parts->member_count; i++) {
		const struct member *member = &parts->members[i];

		if (member->made_by == NULL) {
			struct incident incident = { .id = "" };

			name_incident(&incident, member->identity);
			if (LIST_ADD(build->out, items, incident) != 0)
				return -ENOMEM;
			build->index[member->incident] = (uint32_t)(build->out->items_count - 1);
		}
		if (add_member(incident_at(build, member->incident), member) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* --- where ---------------------------------------------------------------------------------- */

static int add_source(struct incident *self, const struct use *use, uint64_t from_ns)
{
	struct incident_source item = { .address = use->address,
					.agent = use->agent,
					.first_ns = from_ns,
					.last_ns = use->last.time_ns };

	memcpy(item.event, use->first.event, sizeof(item.event));
	for (size_t i = 0; i < self->sources_count; i++) {
		struct incident_source *known = &self->sources[i];

		if (known->address != use->address)
			continue;
		item.last_ns = known->last_ns > item.last_ns ? known->last_ns : item.last_ns;
		if (item.first_ns < known->first_ns ||
		    (item.first_ns == known->first_ns && strcmp(item.event, known->event) < 0))
			*known = item;
		else
			known->last_ns = item.last_ns;
		return 0;
	}
	return LIST_ADD(self, sources, item);
}

static int take_uses(struct build *build)
{
	STORE_EACH (build->store->uses, const struct use, use) {
		struct incident *self =
			incident_of(build, use->identity, use->address, use->last.time_ns);
		struct incident_region *region;
		uint64_t from_ns;

		if (self == NULL)
			continue;
		from_ns = parts_onset(&build->parts, use->identity, use->address);
		if (use->first.time_ns > from_ns)
			from_ns = use->first.time_ns;
		widen(self, from_ns, use->last.time_ns);
		region = incident_get_region(self, use->region);
		if (region == NULL || add_source(self, use, from_ns) != 0)
			return -ENOMEM;
		keep_earliest(&region->first_ns, from_ns);
		if (use->last.time_ns > region->last_ns)
			region->last_ns = use->last.time_ns;
	}
	return 0;
}

/* --- what ----------------------------------------------------------------------------------- */

static int take_deeds(struct build *build)
{
	STORE_EACH (build->store->deeds, const struct deed, deed) {
		uint64_t time_ns = deed->kind == DEED_OTHER ? deed->last_ns : deed->time_ns;
		struct incident *self = incident_of(build, deed->identity, deed->address, time_ns);

		if (self == NULL)
			continue;
		widen(self, 0, time_ns);
		if (deed->error[0] != '\0' && LIST_ADD_POINTER(self, refusals, deed) != 0)
			return -ENOMEM;
		if (LIST_ADD_POINTER(self, deeds, deed) != 0)
			return -ENOMEM;
		if (deed->kind == DEED_LAUNCH && deed->error[0] == '\0')
			keep_earliest(&self->first_launch_ns, deed->time_ns);
		if (deed->is_unnamed)
			self->unnamed += deed->count;
	}
	return 0;
}

static int take_instances(struct build *build)
{
	STORE_EACH (build->store->instances, const struct instance, instance) {
		struct incident *self = incident_of_instance(build, instance);
		struct incident_instance item = { .instance = instance,
						  .end_ns = instance_end_ns(instance) };

		if (self == NULL)
			continue;
		if (instance->launcher == NULL && self->unnamed > 0)
			self->unnamed--;
		if (LIST_ADD(self, instances, item) != 0)
			return -ENOMEM;
	}
	return 0;
}

static bool is_resource(const struct deed *deed)
{
	switch ((enum deed_kind)deed->kind) {
	case DEED_LAUNCH:
	case DEED_STATE:
	case DEED_LOGGING:
	case DEED_ADDRESS:
	case DEED_DELETE:
	case DEED_OTHER:
	case DEED_KINDS:
		return false;
	default:
		return deed->error[0] == '\0';
	}
}

static bool is_same_resource(const struct deed *a, const struct deed *b)
{
	return a->kind == b->kind && a->region == b->region && a->subject == b->subject &&
	       a->object == b->object && a->detail == b->detail;
}

/* Deeds are sorted by time: the first creation stands for its subject. */
static int take_resources(struct incident *self)
{
	for (size_t i = 0; i < self->deeds_count; i++) {
		struct incident_resource item = { .deed = self->deeds[i] };
		bool is_known = false;

		if (!is_resource(item.deed))
			continue;
		for (size_t k = 0; k < self->resources_count && !is_known; k++)
			is_known = is_same_resource(self->resources[k].deed, item.deed);
		if (!is_known && LIST_ADD(self, resources, item) != 0)
			return -ENOMEM;
	}
	return 0;
}

static bool is_deleted_by(const struct deed *made, const struct deed *deed, const char *account)
{
	return deed->deletes == made->kind && deed->error[0] == '\0' &&
	       deed->time_ns >= made->time_ns && deed->subject == made->subject &&
	       deed->region == made->region && deed->identity->account == account &&
	       (deed->object[0] == '\0' || made->object[0] == '\0' || deed->object == made->object);
}

/* Whoever deleted it, thief or responder. */
static void find_deletions(struct build *build)
{
	STORE_EACH (build->store->deeds, const struct deed, deed) {
		if (deed->kind != DEED_DELETE)
			continue;
		for (size_t i = 0; i < build->out->items_count; i++) {
			struct incident *self = &build->out->items[i];

			for (size_t k = 0; k < self->resources_count; k++) {
				struct incident_resource *made = &self->resources[k];

				if (is_deleted_by(made->deed, deed, self->account) &&
				    (made->deleted == NULL ||
				     deed->time_ns < made->deleted->time_ns))
					made->deleted = deed;
			}
		}
	}
}

/* --- what others saw ------------------------------------------------------------------------ */

static struct incident_instance *find_instance(struct incident *self,
					       const struct instance *instance)
{
	size_t low = 0;
	size_t high = self->instances_count;

	/* Sorted by id while the lists are made. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(self->instances[middle].instance->id, instance->id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return &self->instances[low];
}

static int take_alerts(struct build *build)
{
	for (size_t i = 0; i < build->parts.alert_count; i++) {
		const struct joined_alert *joined = &build->parts.alerts[i];
		struct incident *self = incident_of_instance(build, joined->instance);
		struct incident_alert item = { .alert = joined->alert,
					       .instance = joined->instance,
					       .confidence = (uint8_t)joined->confidence };
		struct incident_instance *instance;

		if (self == NULL)
			continue;
		if (LIST_ADD(self, alerts, item) != 0)
			return -ENOMEM;
		widen(self, 0, joined->alert->last_ns);
		if (!alert_is_mining(joined->alert))
			continue;
		keep_earliest(&self->first_alert_ns, joined->alert->first_ns);
		instance = find_instance(self, joined->instance);
		instance->sight = SIGHT_MINING;
		if (instance->alert == NULL ||
		    incident_alert_before(joined->alert, instance->alert))
			instance->alert = joined->alert;
	}
	return 0;
}

/* A finding about a key or user of the incident belongs to it, too. */
static struct incident *incident_of_key(const struct build *build, const struct finding *finding)
{
	for (size_t i = 0; i < build->out->items_count; i++) {
		struct incident *self = &build->out->items[i];

		if (finding->account[0] != '\0' && finding->account != self->account)
			continue;
		for (size_t k = 0; k < self->identities_count; k++) {
			const struct incident_identity *item = &self->identities[k];

			if ((finding->key[0] != '\0' && finding->key == item->id) ||
			    (finding->key[0] == '\0' && finding->user[0] != '\0' &&
			     strcmp(finding->user, item->name) == 0))
				return self;
		}
	}
	return NULL;
}

static int take_findings(struct build *build)
{
	for (size_t i = 0; i < build->parts.finding_count; i++) {
		const struct joined_finding *joined = &build->parts.findings[i];
		const struct finding *finding = joined->finding;
		struct incident *self = incident_of_instance(build, joined->instance);
		struct incident_instance *instance;

		if (self == NULL && (self = incident_of_key(build, finding)) == NULL)
			continue;
		if (LIST_ADD_POINTER(self, findings, finding) != 0)
			return -ENOMEM;
		widen(self, 0, finding->updated_ns);
		keep_earliest(&self->first_finding_ns, finding->created_ns);
		if (incident_of_instance(build, joined->instance) != self)
			continue;
		instance = find_instance(self, joined->instance);
		if (instance->sight == SIGHT_NONE)
			instance->sight = SIGHT_FLOW;
		if (instance->finding == NULL ||
		    incident_finding_before(finding, instance->finding))
			instance->finding = finding;
	}
	return 0;
}

static int take_sightings(struct build *build)
{
	for (size_t i = 0; i < build->parts.sighting_count; i++) {
		const struct joined_sighting *joined = &build->parts.sightings[i];
		const struct sighting *sighting = joined->sighting;
		struct incident *self = incident_of_instance(build, joined->instance);
		struct incident_instance *instance;

		if (self == NULL)
			continue;
		if (LIST_ADD_POINTER(self, sightings, sighting) != 0)
			return -ENOMEM;
		widen(self, 0, sighting->last_ns);
		instance = find_instance(self, joined->instance);
		if (instance->sight == SIGHT_NONE)
			instance->sight = SIGHT_FLOW;
		if (instance->sighting == NULL ||
		    sighting->first_ns < instance->sighting->first_ns ||
		    (sighting->first_ns == instance->sighting->first_ns &&
		     strcmp(sighting->remote_ip, instance->sighting->remote_ip) < 0))
			instance->sighting = sighting;
	}
	return 0;
}

static bool has_remote(const struct incident *self, const char *ip)
{
	for (size_t i = 0; i < self->sightings_count; i++)
		if (strcmp(self->sightings[i]->remote_ip, ip) == 0)
			return true;
	return false;
}

static bool is_detection_of(const struct build *build, const struct incident *self,
			    const struct detection *item)
{
	if (item->identity != NULL)
		return incident_of(build, item->identity, item->address, item->last_ns) == self;
	if (item->account[0] != '\0' && strcmp(item->account, self->account) != 0)
		return false;
	if (item->rule == RULE_FLOW)
		return has_remote(self, item->scope_ip);
	/* Cost of an account: while the incident's instances run. */
	return item->rule == RULE_COST && self->first_launch_ns != 0 &&
	       item->last_ns >= self->first_launch_ns;
}

static int add_detections(const struct build *build, struct incident *self)
{
	for (size_t k = 0; k < build->out->detections.count; k++) {
		const struct detection *item = &build->out->detections.items[k];

		if (is_detection_of(build, self, item) &&
		    LIST_ADD_POINTER(self, detections, item) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int take_detections(struct build *build)
{
	int result = 0;

	for (size_t i = 0; i < build->out->items_count && result == 0; i++)
		result = add_detections(build, &build->out->items[i]);
	return result;
}

/* --- the whole ------------------------------------------------------------------------------ */

static bool is_of_incident(void *ctx, const struct deed *deed)
{
	const struct parts *parts = ctx;

	return parts_find(parts, deed->identity, deed->address, deed->time_ns) >= 0;
}

/* What suspects did can only be judged once they are known, and makes nobody else a suspect. */
static int find_parts(struct build *build)
{
	struct detections *detections = &build->out->detections;
	int result = parts_build(&build->parts, build->store, detections);

	if (result == 0)
		result = detect_code(build->store, is_of_incident, &build->parts, detections);
	return result;
}

static int take_calls(struct build *build)
{
	int result = take_uses(build);

	if (result == 0)
		result = take_deeds(build);
	if (result == 0)
		result = take_instances(build);
	for (size_t i = 0; i < build->out->items_count && result == 0; i++) {
		LIST_SORT_POINTERS(&build->out->items[i], deeds, incident_compare_deeds);
		LIST_SORT(&build->out->items[i], instances, incident_compare_ids);
		result = take_resources(&build->out->items[i]);
	}
	if (result == 0)
		find_deletions(build);
	return result;
}

static int take_seen(struct build *build)
{
	int result = take_alerts(build);

	if (result == 0)
		result = take_findings(build);
	if (result == 0)
		result = take_sightings(build);
	if (result == 0)
		result = take_detections(build);
	for (size_t i = 0; i < build->out->items_count && result == 0; i++)
		result = incident_finish(&build->out->items[i], build->store);
	return result;
}

static int compare_incidents(const void *a, const void *b)
{
	const struct incident *x = a;
	const struct incident *y = b;

	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return strcmp(x->id, y->id);
}

int incidents_build(const struct store *store, struct detections *extra, struct incidents *out)
{
	struct build build = { .store = store, .out = out };
	int result;

	*out = (struct incidents){ .now_ns = store->now_ns };
	if (extra != NULL) {
		out->detections = *extra;
		memset(extra, 0, sizeof(*extra));
	}
	result = detect_run(store, &out->detections);
	if (result == 0)
		result = find_parts(&build);
	if (result == 0)
		result = take_members(&build);
	if (result == 0)
		result = take_calls(&build);
	if (result == 0)
		result = take_seen(&build);
	parts_free(&build.parts);
	free(build.index);
	LIST_SORT(out, items, compare_incidents);
	if (result != 0)
		incidents_free(out);
	return result;
}

static void free_incident(struct incident *self)
{
	free(self->identities);
	free(self->sources);
	free(self->regions);
	free(self->instances);
	free(self->resources);
	free((void *)self->refusals);
	free((void *)self->deeds);
	free(self->alerts);
	free((void *)self->findings);
	free((void *)self->sightings);
	free((void *)self->detections);
	free(self->timeline);
	free(self->indicators);
	free(self->techniques);
}

void incidents_free(struct incidents *self)
{
	for (size_t i = 0; i < self->items_count; i++)
		free_incident(&self->items[i]);
	free(self->items);
	detections_fini(&self->detections);
	memset(self, 0, sizeof(*self));
}
