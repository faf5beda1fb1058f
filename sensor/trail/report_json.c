/* report_json.c: a report as one JSON object on one line.
 *
 * `proof` is the id of the CloudTrail record, alert or finding that shows it. Times are RFC 3339 in
 * UTC by the second, as CloudTrail writes them; sums USD. What is not known is absent or "", never
 * 0. `<`, `>` and `&` are escaped as \u00NN, so that the line may stand in a page. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/jsonw.h"
#include "sensor/lease.h"
#include "sensor/trail/report_parts.h"

#define ROOM_FIRST (UINT64_C(1) << 18)
#define ROOM_MAX   (UINT64_C(1) << 30)

static void put_time(struct jsonw *w, const char *key, uint64_t time_ns)
{
	char text[LEASE_TIME_TEXT];

	if (time_ns == 0)
		return;
	lease_time_text(time_ns, text);
	jsonw_text(w, key, text);
}

static void put_usd(struct jsonw *w, const char *key, double usd)
{
	jsonw_fixed(w, key, usd, 6);
}

/* --- summary -------------------------------------------------------------------------------- */

static void put_who(struct jsonw *w, const struct incident *incident)
{
	jsonw_text(w, "id", incident->id);
	jsonw_text(w, "root", incident->root);
	jsonw_text(w, "account", incident->account);
	jsonw_text(w, "principal", incident->principal);
	jsonw_text(w, "user", incident->user);
	put_time(w, "first", incident->first_ns);
	put_time(w, "last", incident->last_ns);
	put_time(w, "first_launch", incident->first_launch_ns);
	put_time(w, "first_alert", incident->first_alert_ns);
	put_time(w, "first_finding", incident->first_finding_ns);
	jsonw_uint(w, "launched", incident->launched);
	jsonw_uint(w, "mining", incident->mining);
	jsonw_uint(w, "out_of_sight", incident->out_of_sight);
	jsonw_uint(w, "ended", incident->ended);
	jsonw_uint(w, "unnamed", incident->unnamed);
}

static void put_cost_rows(struct jsonw *w, const struct cost *cost)
{
	jsonw_array(w, "rows");
	for (size_t i = 0; i < cost->row_count; i++) {
		const struct cost_row *row = &cost->rows[i];

		jsonw_object(w, NULL);
		jsonw_text(w, "region", row->region);
		jsonw_text(w, "type", row->type);
		jsonw_uint(w, "launched", row->instances);
		jsonw_uint(w, "running", row->running);
		jsonw_uint(w, "unnamed", row->unnamed);
		jsonw_bool(w, "is_known", row->is_known);
		if (row->is_known) {
			put_usd(w, "usd_per_hour", row->price);
			put_usd(w, "peak", row->price * row->instances);
			put_usd(w, "burn", row->burn);
			put_usd(w, "sum", row->sum);
		}
		jsonw_close_object(w);
	}
	jsonw_close_array(w);
}

static void put_cost(struct jsonw *w, const struct report *report)
{
	const struct cost *cost = &report->cost;
	char comparison[COMPARISON_TEXT];

	jsonw_object(w, "cost");
	put_time(w, "until", report->until_ns);
	put_usd(w, "peak", cost->peak);
	put_usd(w, "burn", cost->burn);
	put_usd(w, "sum", cost->sum);
	put_usd(w, "next_24_hours", cost->next_day);
	put_usd(w, "next_30_days", cost->next_month);
	jsonw_uint(w, "unpriced", cost->unpriced);
	jsonw_text(w, "prices_source", price_source(report->prices));
	jsonw_text(w, "prices_date", price_date(report->prices));
	if (report_compare(report, comparison)) {
		put_usd(w, "published", report->options->published);
		put_usd(w, "published_excess", report->options->published - cost->peak);
		jsonw_text(w, "published_text", comparison);
	}
	put_cost_rows(w, cost);
	jsonw_close_object(w);
}

/* --- lists ---------------------------------------------------------------------------------- */

static void put_identities(struct jsonw *w, const struct incident *incident)
{
	jsonw_array(w, "identities");
	for (size_t i = 0; i < incident->identities_count; i++) {
		const struct incident_identity *item = &incident->identities[i];

		jsonw_object(w, NULL);
		jsonw_text(w, "id", item->id);
		jsonw_text(w, "name", item->name);
		jsonw_bool(w, "is_root", item->is_root);
		put_time(w, "first", report_identity_first(item));
		if (item->made_by != NULL) {
			jsonw_text(w, "made_by", item->made_by->parent->id);
			jsonw_text(w, "proof", item->made_by->first.event);
		}
		jsonw_close_object(w);
	}
	jsonw_close_array(w);
}

static void put_sources(struct jsonw *w, const struct incident *incident)
{
	jsonw_array(w, "sources");
	for (size_t i = 0; i < incident->sources_count; i++) {
		const struct incident_source *item = &incident->sources[i];

		jsonw_object(w, NULL);
		jsonw_text(w, "address", item->address);
		jsonw_text(w, "agent", item->agent);
		put_time(w, "first", item->first_ns);
		put_time(w, "last", item->last_ns);
		jsonw_text(w, "proof", item->event);
		jsonw_close_object(w);
	}
	jsonw_close_array(w);
}

static void put_regions(struct jsonw *w, const struct incident *incident)
{
	jsonw_array(w, "regions");
	for (size_t i = 0; i < incident->regions_count; i++) {
		const struct incident_region *item = &incident->regions[i];

		jsonw_object(w, NULL);
		jsonw_text(w, "region", item->region);
		put_time(w, "first", item->first_ns);
		put_time(w, "last", item->last_ns);
		jsonw_uint(w, "launched", item->launched);
		jsonw_uint(w, "mining", item->mining);
		jsonw_uint(w, "out_of_sight", item->out_of_sight);
		jsonw_uint(w, "ended", item->ended);
		jsonw_close_object(w);
	}
	jsonw_close_array(w);
}

static void put_instance_cost(struct jsonw *w, const struct report *report,
			      const struct instance *instance)
{
	double burn;
	double sum;

	if (!cost_instance(instance, report->prices, report->until_ns, &burn, &sum))
		return;
	put_usd(w, "burn", burn);
	put_usd(w, "sum", sum);
}

static void put_instance(struct jsonw *w, const struct report *report,
			 const struct incident_instance *item)
{
	const struct instance *instance = item->instance;

	jsonw_text(w, "id", instance->id);
	jsonw_text(w, "region", instance->region);
	jsonw_text(w, "vpc", instance->vpc);
	jsonw_text(w, "subnet", instance->subnet);
	jsonw_text(w, "type", instance->type);
	jsonw_text(w, "address", report_address(instance));
	jsonw_text(w, "eni", instance->address_count > 0 ? instance->addresses[0].eni : "");
	put_time(w, "launched", instance->launch.time_ns);
	put_time(w, "ended", item->end_ns);
	jsonw_text(w, "state", report_state(item, report->until_ns));
	jsonw_text(w, "seen", instance_sight_text(item->sight));
	put_instance_cost(w, report, instance);
	if (item->alert != NULL)
		jsonw_text(w, "alert", item->alert->id);
	if (item->finding != NULL)
		jsonw_text(w, "finding", item->finding->id);
	if (item->sighting != NULL)
		put_time(w, "flow_first", item->sighting->first_ns);
	jsonw_text(w, "proof", instance->launch.event);
}

static void put_instances(struct jsonw *w, const struct report *report)
{
	const struct incident *incident = report->incident;

	jsonw_array(w, "instances");
	for (size_t i = 0; i < incident->instances_count; i++) {
		jsonw_object(w, NULL);
		put_instance(w, report, &incident->instances[i]);
		jsonw_close_object(w);
	}
	jsonw_close_array(w);
}

static void put_resources(struct jsonw *w, const struct incident *incident)
{
	jsonw_array(w, "resources");
	for (size_t i = 0; i < incident->resources_count; i++) {
		const struct incident_resource *item = &incident->resources[i];
		const struct deed *deed = item->deed;

		jsonw_object(w, NULL);
		jsonw_text(w, "kind", deed_kind_text((enum deed_kind)deed->kind));
		jsonw_text(w, "subject", deed->subject);
		jsonw_text(w, "object", deed->object);
		jsonw_text(w, "detail", deed->detail);
		jsonw_text(w, "region", deed->region);
		put_time(w, "time", deed->time_ns);
		if (item->deleted != NULL) {
			put_time(w, "deleted", item->deleted->time_ns);
			jsonw_text(w, "deleted_proof", item->deleted->event);
		}
		jsonw_text(w, "proof", deed->event);
		jsonw_close_object(w);
	}
	jsonw_close_array(w);
}

static void put_refusals(struct jsonw *w, const struct incident *incident)
{
	jsonw_array(w, "refusals");
	for (size_t i = 0; i < incident->refusals_count; i++) {
		const struct deed *deed = incident->refusals[i];

		jsonw_object(w, NULL);
		put_time(w, "time", deed->time_ns);
		jsonw_text(w, "region", deed->region);
		jsonw_text(w, "call", deed->name);
		jsonw_text(w, "error", deed->error);
		jsonw_text(w, "message", deed->error_text);
		jsonw_bool(w, "is_probe", deed->is_probe);
		jsonw_text(w, "proof", deed->event);
		jsonw_close_object(w);
	}
	jsonw_close_array(w);
}

static void put_alerts(struct jsonw *w, const struct incident *incident)
{
	jsonw_array(w, "alerts");
	for (size_t i = 0; i < incident->alerts_count; i++) {
		const struct incident_alert *item = &incident->alerts[i];
		const struct alert *alert = item->alert;

		jsonw_object(w, NULL);
		jsonw_text(w, "id", alert->id);
		put_time(w, "time", alert->first_ns);
		jsonw_uint(w, "sid", alert->sid);
		jsonw_text(w, "sensor", alert->sensor);
		jsonw_text(w, "signature", alert->signature);
		jsonw_text(w, "instance", item->instance != NULL ? item->instance->id : "");
		jsonw_text(w, "confidence",
			   cloud_confidence_text((enum cloud_confidence)item->confidence));
		jsonw_text(w, "client", alert->client);
		jsonw_text(w, "pool", alert->pool);
		jsonw_text(w, "wallet", alert->wallet);
		jsonw_text(w, "worker", alert->worker);
		if (alert->hashrate > 0)
			jsonw_fixed(w, "hashrate", alert->hashrate, 3);
		jsonw_text(w, "community_id", alert->community_id);
		jsonw_close_object(w);
	}
	jsonw_close_array(w);
}

static void put_detections(struct jsonw *w, const struct incident *incident)
{
	jsonw_array(w, "detections");
	for (size_t i = 0; i < incident->detections_count; i++) {
		const struct detection *item = incident->detections[i];
		uint32_t kept =
			item->event_count < DETECTION_EVENTS ? item->event_count : DETECTION_EVENTS;

		jsonw_object(w, NULL);
		jsonw_text(w, "id", item->id);
		jsonw_uint(w, "sid", rules[item->rule].sid);
		jsonw_text(w, "name", rules[item->rule].name);
		jsonw_text(w, "text", item->text);
		jsonw_text(w, "identity", item->identity != NULL ? item->identity->id : "");
		jsonw_text(w, "region", item->region);
		put_time(w, "first", item->first_ns);
		put_time(w, "last", item->last_ns);
		jsonw_uint(w, "events", item->event_count);
		jsonw_array(w, "proof");
		for (uint32_t k = 0; k < kept; k++)
			jsonw_text(w, NULL, item->events[k].event);
		jsonw_close_array(w);
		jsonw_close_object(w);
	}
	jsonw_close_array(w);
}

static void put_findings(struct jsonw *w, const struct report *report)
{
	const struct incident *incident = report->incident;
	char lead[WORDS_TEXT];

	jsonw_array(w, "findings");
	for (size_t i = 0; i < incident->findings_count; i++) {
		const struct finding *item = incident->findings[i];

		report_lead(report, item->created_ns, lead);
		jsonw_object(w, NULL);
		jsonw_text(w, "id", item->id);
		put_time(w, "created", item->created_ns);
		jsonw_text(w, "product", item->product);
		jsonw_text(w, "type", item->type);
		jsonw_text(w, "severity", item->severity);
		jsonw_text(w, "instance", item->instance);
		jsonw_text(w, "key", item->key);
		jsonw_text(w, "lead", lead);
		jsonw_close_object(w);
	}
	jsonw_close_array(w);
}

static void put_sightings(struct jsonw *w, const struct incident *incident)
{
	jsonw_array(w, "flow_logs");
	for (size_t i = 0; i < incident->sightings_count; i++) {
		const struct sighting *item = incident->sightings[i];

		jsonw_object(w, NULL);
		put_time(w, "first", item->first_ns);
		put_time(w, "last", item->last_ns);
		jsonw_text(w, "region", item->region);
		jsonw_text(w, "local_ip", item->local_ip);
		jsonw_text(w, "remote_ip", item->remote_ip);
		jsonw_uint(w, "remote_port", item->remote_port);
		jsonw_text(w, "listed_as", item->tag);
		jsonw_uint(w, "bytes", item->bytes);
		jsonw_text(w, "proof", item->proof);
		jsonw_close_object(w);
	}
	jsonw_close_array(w);
}

static void put_timeline(struct jsonw *w, const struct incident *incident)
{
	jsonw_array(w, "timeline");
	for (size_t i = 0; i < incident->timeline_count; i++) {
		const struct timeline_entry *entry = &incident->timeline[i];

		jsonw_object(w, NULL);
		put_time(w, "time", entry->time_ns);
		jsonw_text(w, "kind", timeline_kind_text(entry->kind));
		jsonw_text(w, "region", entry->region);
		jsonw_text(w, "technique", entry->technique);
		jsonw_text(w, "text", entry->text);
		jsonw_text(w, "proof", entry->proof);
		jsonw_close_object(w);
	}
	jsonw_close_array(w);
}

static void put_techniques(struct jsonw *w, const struct incident *incident)
{
	char words[WORDS_TEXT];

	jsonw_array(w, "techniques");
	for (size_t i = 0; i < incident->techniques_count; i++) {
		const struct incident_technique *item = &incident->techniques[i];

		jsonw_object(w, NULL);
		jsonw_text(w, "technique", item->technique);
		jsonw_text(w, "name", report_words(item->name, words));
		jsonw_text(w, "tactic", item->tactic);
		jsonw_text(w, "tactic_name", report_words(item->tactic_name, words));
		put_time(w, "first", item->first_ns);
		if (item->sid != 0)
			jsonw_uint(w, "sid", item->sid);
		jsonw_text(w, "proof", item->proof);
		jsonw_close_object(w);
	}
	jsonw_close_array(w);
}

static void put_indicators(struct jsonw *w, const struct incident *incident)
{
	jsonw_array(w, "indicators");
	for (size_t i = 0; i < incident->indicators_count; i++) {
		const struct indicator *item = &incident->indicators[i];

		jsonw_object(w, NULL);
		jsonw_text(w, "kind", indicator_kind_text(item->kind));
		jsonw_text(w, "value", item->value);
		jsonw_text(w, "note", item->note);
		put_time(w, "first", item->first_ns);
		jsonw_close_object(w);
	}
	jsonw_close_array(w);
}

/* What to do, and to which instances: the text of a table has no room for them. */
static void put_step(struct jsonw *w, const struct report *report,
		     const struct containment_step *step)
{
	char text[JSONW_STRING_MAX];

	(void)snprintf(text, sizeof(text), "%s%s%s", step->text, step->names != NULL ? ": " : "",
		       step->names != NULL ? step->names : "");
	jsonw_uint(w, "stage", step->stage);
	jsonw_text(w, "stage_name", containment_stage_text(step->stage));
	jsonw_text(w, "region", step->region);
	jsonw_text(w, "text", text);
	jsonw_text(w, "proof", step->proof);
	if (report->options->has_commands && step->command != NULL)
		jsonw_text(w, "command", step->command);
}

static void put_containment(struct jsonw *w, const struct report *report)
{
	const struct containment *plan = &report->plan;

	jsonw_array(w, "containment");
	for (size_t i = 0; i < plan->count; i++) {
		jsonw_object(w, NULL);
		jsonw_uint(w, "step", i + 1);
		put_step(w, report, &plan->steps[i]);
		jsonw_close_object(w);
	}
	jsonw_close_array(w);
	if (report->options->has_commands)
		jsonw_text(w, "commands_warning", REPORT_WARNING);
}

/* --- the whole ------------------------------------------------------------------------------ */

static void put_report(struct jsonw *w, const struct report *report)
{
	const struct incident *incident = report->incident;

	jsonw_object(w, NULL);
	put_who(w, incident);
	put_cost(w, report);
	put_identities(w, incident);
	put_sources(w, incident);
	put_regions(w, incident);
	put_instances(w, report);
	put_resources(w, incident);
	put_refusals(w, incident);
	put_alerts(w, incident);
	put_detections(w, incident);
	put_findings(w, report);
	put_sightings(w, incident);
	put_timeline(w, incident);
	put_techniques(w, incident);
	put_indicators(w, incident);
	put_containment(w, report);
	jsonw_close_object(w);
}

/* Outside of strings JSON has none of these. */
static void write_escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '<' || *text == '>' || *text == '&')
			(void)fprintf(out, "\\u%04x", (unsigned)*text);
		else
			(void)fputc(*text, out);
	(void)fputc('\n', out);
}

/* The writer is bounded: with more room until it fits. */
int report_json(FILE *out, const struct report *report)
{
	for (size_t room = ROOM_FIRST; room <= ROOM_MAX; room *= 2) {
		char *text = malloc(room);
		struct jsonw w;
		size_t len;

		if (text == NULL)
			return -ENOMEM;
		jsonw_init(&w, text, room);
		put_report(&w, report);
		len = jsonw_finish(&w);
		if (len > 0)
			write_escaped(out, text);
		free(text);
		if (len > 0)
			return 0;
	}
	return -EFBIG;
}
