/* trail_incident.h: incidents put together by hand, for the tests of cost, containment and report.
 *
 * The lists are fixed arrays of the scene; what a test adds stands in them in the order of adding,
 * as incident.h sorts them. */
#ifndef TESTS_TRAIL_INCIDENT_H
#define TESTS_TRAIL_INCIDENT_H

#include <stdio.h>
#include <string.h>

#include "sensor/trail/incident.h"

#define SCENE_ITEMS 128
#define SCENE_S     UINT64_C(1000000000)
#define SCENE_HOUR  (3600 * SCENE_S)
/* 2026-03-05T09:58:00Z */
#define SCENE_START (UINT64_C(1772704680) * SCENE_S)

struct scene {
	struct identity root;
	struct identity others[8];
	struct edge edges[8];
	struct deed deeds[SCENE_ITEMS];
	struct instance instances[SCENE_ITEMS];
	struct instance_change changes[SCENE_ITEMS][4];
	struct alert alert;
	struct finding finding;
	struct detection detection;
	struct incident_identity identity_list[8];
	struct incident_source source_list[8];
	struct incident_region region_list[32];
	struct incident_instance instance_list[SCENE_ITEMS];
	struct incident_resource resource_list[SCENE_ITEMS];
	struct incident_alert alert_list[8];
	const struct finding *finding_list[8];
	const struct detection *detection_list[8];
	const struct deed *deed_list[SCENE_ITEMS];
	const struct deed *refusal_list[SCENE_ITEMS];
	struct timeline_entry timeline_list[8];
	struct indicator indicator_list[8];
	struct incident_technique technique_list[8];
	struct incident incident;
};

static inline void scene_begin(struct scene *self)
{
	memset(self, 0, sizeof(*self));
	self->root = (struct identity){ .id = "AKIA4EXAMPLE1234567",
					.key = "AKIA4EXAMPLE1234567",
					.type = "IAMUser",
					.arn = "arn:aws:iam::111122223333:user/ml-pipeline-sa",
					.user = "ml-pipeline-sa",
					.account = "111122223333",
					.principal = "AIDA",
					.issuer = "" };
	self->identity_list[0] = (struct incident_identity){ .identity = &self->root,
							     .id = self->root.id,
							     .name = "ml-pipeline-sa",
							     .is_root = true };
	self->source_list[0] = (struct incident_source){ .address = "198.51.100.99",
							 .agent = "Boto3/1.34.10",
							 .first_ns = SCENE_START,
							 .last_ns = SCENE_START + SCENE_HOUR,
							 .event = "event-source" };
	self->incident = (struct incident){ .id = "0123456789abcdef",
					    .root = self->root.id,
					    .account = "111122223333",
					    .principal = self->root.arn,
					    .user = "ml-pipeline-sa",
					    .first_ns = SCENE_START,
					    .last_ns = SCENE_START + SCENE_HOUR,
					    .identities = self->identity_list,
					    .identities_count = 1,
					    .sources = self->source_list,
					    .sources_count = 1,
					    .regions = self->region_list,
					    .instances = self->instance_list,
					    .resources = self->resource_list,
					    .alerts = self->alert_list,
					    .findings = self->finding_list,
					    .detections = self->detection_list,
					    .deeds = self->deed_list,
					    .refusals = self->refusal_list,
					    .timeline = self->timeline_list,
					    .indicators = self->indicator_list,
					    .techniques = self->technique_list };
}

/* A call that was done; its event is "event-N". */
static inline struct deed *scene_deed(struct scene *self, enum deed_kind kind, const char *name,
				      const char *subject, const char *object)
{
	size_t at = self->incident.deeds_count++;
	struct deed *deed = &self->deeds[at];

	*deed = (struct deed){ .time_ns = SCENE_START + at * SCENE_S,
			       .identity = &self->root,
			       .address = "198.51.100.99",
			       .agent = "Boto3/1.34.10",
			       .region = "us-east-1",
			       .source = "",
			       .name = name,
			       .error = "",
			       .error_text = "",
			       .subject = subject,
			       .object = object,
			       .detail = "",
			       .count = 1,
			       .kind = (uint8_t)kind };
	(void)snprintf(deed->event, sizeof(deed->event), "event-%zu", at);
	self->deed_list[at] = deed;
	return deed;
}

/* What such a call made. */
static inline struct deed *scene_resource(struct scene *self, enum deed_kind kind, const char *name,
					  const char *subject, const char *object)
{
	struct deed *deed = scene_deed(self, kind, name, subject, object);

	self->resource_list[self->incident.resources_count++].deed = deed;
	return deed;
}

static inline struct incident_region *scene_region(struct scene *self, const char *region)
{
	for (size_t i = 0; i < self->incident.regions_count; i++)
		if (strcmp(self->region_list[i].region, region) == 0)
			return &self->region_list[i];
	self->region_list[self->incident.regions_count].region = region;
	return &self->region_list[self->incident.regions_count++];
}

/* An instance that was launched at launch_ns and lives. */
static inline struct incident_instance *scene_instance(struct scene *self, const char *id,
						       const char *region, const char *type,
						       uint64_t launch_ns)
{
	size_t at = self->incident.instances_count++;
	struct instance *instance = &self->instances[at];

	*instance = (struct instance){ .id = id,
				       .account = "111122223333",
				       .region = region,
				       .vpc = "",
				       .subnet = "",
				       .type = type,
				       .image = "",
				       .group = "",
				       .launcher = &self->root,
				       .address = "",
				       .agent = "",
				       .launch = { .time_ns = launch_ns, .event = "event-launch" },
				       .changes = self->changes[at] };
	self->instance_list[at].instance = instance;
	self->incident.launched++;
	scene_region(self, region)->launched++;
	return &self->instance_list[at];
}

static inline void scene_change(struct scene *self, size_t at, enum instance_change_kind kind,
				uint64_t time_ns)
{
	struct instance *instance = &self->instances[at];

	instance->changes[instance->change_count++] =
		(struct instance_change){ .at = { .time_ns = time_ns, .event = "event-change" },
					  .kind = (uint8_t)kind };
	if (kind == CHANGE_TERMINATE)
		self->instance_list[at].end_ns = time_ns;
}

#endif
