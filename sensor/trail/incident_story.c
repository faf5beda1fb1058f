/* incident_story.c: the timeline of an incident, and its words. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sensor/trail/incident_list.h"

static void set_proof(struct timeline_entry *entry, const char *proof)
{
	(void)snprintf(entry->proof, sizeof(entry->proof), "%s", proof);
}

static const char *name_of(const struct identity *identity)
{
	return identity->user[0] != '\0' ? identity->user : identity->id;
}

/* --- calls ---------------------------------------------------------------------------------- */

static void tell_launch(const struct deed *deed, struct timeline_entry *entry)
{
	(void)snprintf(entry->text, sizeof(entry->text), "%.60s launched %u x %.60s%s",
		       name_of(deed->identity), deed->count, deed->subject,
		       deed->is_unnamed ? " (the record lost the instance ids)" : "");
}

static void tell_done(const struct deed *deed, struct timeline_entry *entry)
{
	enum deed_kind kind =
		(enum deed_kind)(deed->kind == DEED_DELETE ? deed->deletes : deed->kind);

	(void)snprintf(entry->text, sizeof(entry->text), "%.50s called %.50s: %.24s %.80s%s%.80s%s",
		       name_of(deed->identity), deed->name, deed_kind_text(kind), deed->subject,
		       deed->object[0] != '\0' ? " (" : "", deed->object,
		       deed->object[0] != '\0' ? ")" : "");
}

static void tell_refused(const struct deed *deed, struct timeline_entry *entry)
{
	(void)snprintf(entry->text, sizeof(entry->text), "%.50s called %.50s%s%.60s: %s %.80s",
		       name_of(deed->identity), deed->name, deed->subject[0] != '\0' ? " " : "",
		       deed->subject,
		       deed->is_probe ? "a probe that would have worked," : "refused,",
		       deed->error);
}

static int tell_deeds(struct incident *self)
{
	for (size_t i = 0; i < self->deeds_count; i++) {
		const struct deed *deed = self->deeds[i];
		const struct deed_technique *technique = deed_technique(deed);
		bool is_refused = deed->error[0] != '\0';
		struct timeline_entry entry = {
			.time_ns = deed->time_ns,
			.kind = is_refused ? TIMELINE_REFUSED : TIMELINE_CALL,
			.region = deed->region,
			.technique = technique != NULL && !is_refused ? technique->technique : ""
		};

		set_proof(&entry, deed->event);
		if (is_refused)
			tell_refused(deed, &entry);
		else if (deed->kind == DEED_LAUNCH)
			tell_launch(deed, &entry);
		else
			tell_done(deed, &entry);
		if (LIST_ADD(self, timeline, entry) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* The first call from each address, whatever it was. */
static int tell_sources(struct incident *self)
{
	for (size_t i = 0; i < self->sources_count; i++) {
		const struct incident_source *source = &self->sources[i];
		struct timeline_entry entry = { .time_ns = source->first_ns,
						.kind = TIMELINE_CALL,
						.region = "",
						.technique = "T1078.004" };

		set_proof(&entry, source->event);
		(void)snprintf(entry.text, sizeof(entry.text),
			       "first call of this incident from %.60s (%.120s)", source->address,
			       source->agent);
		if (LIST_ADD(self, timeline, entry) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* --- what was seen -------------------------------------------------------------------------- */

static int tell_alerts(struct incident *self)
{
	for (size_t i = 0; i < self->alerts_count; i++) {
		const struct alert *alert = self->alerts[i].alert;
		const struct instance *instance = self->alerts[i].instance;
		struct timeline_entry entry = { .time_ns = alert->first_ns,
						.kind = TIMELINE_ALERT,
						.region = instance->region,
						.technique =
							alert_is_mining(alert) ? "T1496.001" : "" };

		(void)snprintf(entry.proof, sizeof(entry.proof), "alert %.40s %.60s", alert->id,
			       alert->community_id);
		(void)snprintf(entry.text, sizeof(entry.text),
			       "sensor %.40s: %.60s, %.46s (%.40s) to %.80s", alert->sensor,
			       alert->signature, alert->client, instance->id, alert->pool);
		if (LIST_ADD(self, timeline, entry) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int tell_detections(struct incident *self)
{
	for (size_t i = 0; i < self->detections_count; i++) {
		const struct detection *item = self->detections[i];
		struct timeline_entry entry = { .time_ns = item->first_ns,
						.kind = TIMELINE_DETECTION,
						.region = item->region,
						.technique = rules[item->rule].technique };

		(void)snprintf(entry.proof, sizeof(entry.proof), "alert %s %.39s", item->id,
			       item->events[0].event);
		(void)snprintf(entry.text, sizeof(entry.text), "%s: %.200s", rules[item->rule].name,
			       item->text);
		if (LIST_ADD(self, timeline, entry) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int tell_findings(struct incident *self)
{
	for (size_t i = 0; i < self->findings_count; i++) {
		const struct finding *item = self->findings[i];
		struct timeline_entry entry = { .time_ns = item->created_ns,
						.kind = TIMELINE_FINDING,
						.region = item->region,
						.technique = "" };

		(void)snprintf(entry.proof, sizeof(entry.proof), "%.159s", item->id);
		(void)snprintf(entry.text, sizeof(entry.text), "%.40s: %.80s, %.20s%s%.40s",
			       item->product, item->type, item->severity,
			       item->instance[0] != '\0' ? ", " : "", item->instance);
		if (LIST_ADD(self, timeline, entry) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* Has an earlier sighting the same remote endpoint? Then one line tells of all. */
static bool is_told(const struct incident *self, size_t at)
{
	const struct sighting *item = self->sightings[at];

	for (size_t i = 0; i < at; i++)
		if (self->sightings[i]->remote_ip == item->remote_ip &&
		    self->sightings[i]->remote_port == item->remote_port)
			return true;
	return false;
}

static unsigned count_talkers(const struct incident *self, const struct sighting *item)
{
	unsigned count = 0;

	for (size_t i = 0; i < self->sightings_count; i++)
		count += self->sightings[i]->remote_ip == item->remote_ip &&
			 self->sightings[i]->remote_port == item->remote_port;
	return count;
}

static int tell_sightings(struct incident *self)
{
	for (size_t i = 0; i < self->sightings_count; i++) {
		const struct sighting *item = self->sightings[i];
		struct timeline_entry entry = { .time_ns = item->first_ns,
						.kind = TIMELINE_SIGHTING,
						.region = item->region,
						.technique = "T1496.001" };

		if (is_told(self, i))
			continue;
		(void)snprintf(entry.proof, sizeof(entry.proof), "%.159s", item->proof);
		(void)snprintf(entry.text, sizeof(entry.text),
			       "flow logs: %u instances talk to %.46s port %u%s%.60s",
			       count_talkers(self, item), item->remote_ip, item->remote_port,
			       item->tag[0] != '\0' ? ", listed as " : "", item->tag);
		if (LIST_ADD(self, timeline, entry) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct timeline_entry *x = a;
	const struct timeline_entry *y = b;
	int order;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	order = strcmp(x->proof, y->proof);
	return order != 0 ? order : strcmp(x->text, y->text);
}

int incident_tell(struct incident *self, const struct store *store)
{
	int result = tell_deeds(self);

	(void)store;
	if (result == 0)
		result = tell_sources(self);
	if (result == 0)
		result = tell_alerts(self);
	if (result == 0)
		result = tell_detections(self);
	if (result == 0)
		result = tell_findings(self);
	if (result == 0)
		result = tell_sightings(self);
	LIST_SORT(self, timeline, compare_entries);
	return result;
}

/* --- words ---------------------------------------------------------------------------------- */

const char *instance_sight_text(enum instance_sight sight)
{
	switch (sight) {
	case SIGHT_MINING:
		return "seen mining";
	case SIGHT_FLOW:
		return "seen in flow logs or findings only";
	case SIGHT_NONE:
		break;
	}
	return "not visible from a tap";
}

const char *indicator_kind_text(enum indicator_kind kind)
{
	switch (kind) {
	case INDICATOR_ADDRESS:
		return "address";
	case INDICATOR_ENDPOINT:
		return "endpoint";
	case INDICATOR_KEY:
		return "access key";
	case INDICATOR_USER:
		return "principal";
	case INDICATOR_WALLET:
		return "wallet";
	case INDICATOR_POOL:
		return "pool name";
	case INDICATOR_AGENT:
		return "user agent";
	case INDICATOR_NAME:
		break;
	}
	return "name";
}

const char *timeline_kind_text(enum timeline_kind kind)
{
	switch (kind) {
	case TIMELINE_CALL:
		return "call";
	case TIMELINE_REFUSED:
		return "refused";
	case TIMELINE_ALERT:
		return "alert";
	case TIMELINE_DETECTION:
		return "detection";
	case TIMELINE_FINDING:
		return "finding";
	case TIMELINE_SIGHTING:
		break;
	}
	return "flow log";
}

/* --- sums ----------------------------------------------------------------------------------- */

const struct incident *incidents_find(const struct incidents *self, const char *id)
{
	for (size_t i = 0; i < self->items_count; i++)
		if (strcmp(self->items[i].id, id) == 0)
			return &self->items[i];
	return NULL;
}

size_t incident_count_kind(const struct incident *self, enum deed_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < self->resources_count; i++)
		count += self->resources[i].deed->kind == kind;
	return count;
}

static uint64_t mix_text(uint64_t sum, const char *text)
{
	const uint64_t pair[2] = { sum, siphash_id(text, strlen(text)) };

	return siphash_id_words(pair, 2);
}

static uint64_t mix_number(uint64_t sum, uint64_t number)
{
	const uint64_t pair[2] = { sum, number };

	return siphash_id_words(pair, 2);
}

uint64_t incident_digest(const struct incident *self)
{
	uint64_t sum = mix_text(self->unnamed, self->id);

	for (size_t i = 0; i < self->timeline_count; i++) {
		const struct timeline_entry *entry = &self->timeline[i];

		sum = mix_number(sum, entry->time_ns);
		sum = mix_text(mix_text(sum, entry->text), entry->proof);
	}
	for (size_t i = 0; i < self->instances_count; i++) {
		const struct incident_instance *item = &self->instances[i];

		sum = mix_text(sum, item->instance->id);
		sum = mix_number(sum, item->end_ns << 2 | item->sight);
	}
	for (size_t i = 0; i < self->resources_count; i++)
		sum = mix_number(sum, self->resources[i].deleted != NULL);
	for (size_t i = 0; i < self->identities_count; i++)
		sum = mix_text(sum, self->identities[i].id);
	for (size_t i = 0; i < self->sources_count; i++)
		sum = mix_text(sum, self->sources[i].address);
	for (size_t i = 0; i < self->regions_count; i++)
		sum = mix_text(sum, self->regions[i].region);
	for (size_t i = 0; i < self->indicators_count; i++)
		sum = mix_text(sum, self->indicators[i].value);
	return sum;
}
