/* report_tables.c: the tables of a report, each with the ids that prove its rows. */
#include <inttypes.h>
#include <string.h>

#include "sensor/trail/report_parts.h"

#define COUNT(titles) (unsigned)(sizeof(titles) / sizeof((titles)[0]))

static void write_timeline(struct page *page, const struct incident *incident)
{
	static const char *const titles[] = { "time (UTC)", "kind", "region",
					      "ATT&CK",     "what", "proof" };

	page_heading(page, "Timeline");
	page_table(page, titles, COUNT(titles));
	for (size_t i = 0; i < incident->timeline_count; i++) {
		const struct timeline_entry *entry = &incident->timeline[i];

		page_cell_time(page, entry->time_ns);
		page_cell(page, timeline_kind_text(entry->kind));
		page_cell(page, entry->region);
		page_cell(page, entry->technique);
		page_cell(page, entry->text);
		page_cell(page, entry->proof);
	}
	page_table_end(page);
}

static void write_identities(struct page *page, const struct incident *incident)
{
	static const char *const titles[] = { "identity", "name", "since", "made by", "proof" };

	page_heading(page, "Identities");
	page_table(page, titles, COUNT(titles));
	for (size_t i = 0; i < incident->identities_count; i++) {
		const struct incident_identity *item = &incident->identities[i];

		page_cell(page, item->id);
		page_cell(page, item->name);
		page_cell_time(page, report_identity_first(item));
		page_cell(page,
			  item->is_root ? "(root of the incident)" : item->made_by->parent->id);
		page_cell(page, item->is_root ? "" : item->made_by->first.event);
	}
	page_table_end(page);
}

static void write_sources(struct page *page, const struct incident *incident)
{
	static const char *const titles[] = { "address", "first", "last", "user agent", "proof" };

	page_heading(page, "Source addresses");
	page_table(page, titles, COUNT(titles));
	for (size_t i = 0; i < incident->sources_count; i++) {
		const struct incident_source *item = &incident->sources[i];

		page_cell(page, item->address);
		page_cell_time(page, item->first_ns);
		page_cell_time(page, item->last_ns);
		page_cell(page, item->agent);
		page_cell(page, item->event);
	}
	page_table_end(page);
}

static void write_regions(struct page *page, const struct incident *incident)
{
	static const char *const titles[] = { "region",    "first",       "last",
					      "launched",  "seen mining", "out of sight",
					      "terminated" };

	page_heading(page, "Regions");
	page_table(page, titles, COUNT(titles));
	for (size_t i = 0; i < incident->regions_count; i++) {
		const struct incident_region *item = &incident->regions[i];

		page_cell(page, item->region);
		page_cell_time(page, item->first_ns);
		page_cell_time(page, item->last_ns);
		page_cellf(page, "%" PRIu32, item->launched);
		page_cellf(page, "%" PRIu32, item->mining);
		page_cellf(page, "%" PRIu32, item->out_of_sight);
		page_cellf(page, "%" PRIu32, item->ended);
	}
	page_table_end(page);
}

static void write_usd(struct page *page, bool is_known, double usd, int decimals)
{
	if (is_known)
		page_cellf(page, "%.*f", decimals, usd);
	else
		page_cell(page, "unknown");
}

static void write_cost(struct page *page, const struct report *report)
{
	static const char *const titles[] = { "region",    "type",         "launched",
					      "running",   "USD/h of one", "USD/h of all",
					      "USD/h now", "USD so far" };
	const struct cost *cost = &report->cost;
	uint32_t launched = 0;
	uint32_t running = 0;

	page_heading(page, "Cost by region and type");
	page_table(page, titles, COUNT(titles));
	for (size_t i = 0; i < cost->row_count; i++) {
		const struct cost_row *row = &cost->rows[i];

		page_cell(page, row->region);
		page_cell(page, row->type);
		page_cellf(page, "%" PRIu32, row->instances);
		page_cellf(page, "%" PRIu32, row->running);
		write_usd(page, row->is_known, row->price, 4);
		write_usd(page, row->is_known, row->price * row->instances, 3);
		write_usd(page, row->is_known, row->burn, 3);
		write_usd(page, row->is_known, row->sum, 2);
		launched += row->instances;
		running += row->running;
	}
	if (cost->row_count > 0) {
		page_cell(page, "sum");
		page_cell(page, cost->unpriced > 0 ? "(what has a price)" : "");
		page_cellf(page, "%" PRIu32, launched);
		page_cellf(page, "%" PRIu32, running);
		page_cell(page, "");
		page_cellf(page, "%.3f", cost->peak);
		page_cellf(page, "%.3f", cost->burn);
		page_cellf(page, "%.2f", cost->sum);
	}
	page_table_end(page);
}

static void write_instances(struct page *page, const struct report *report)
{
	static const char *const titles[] = { "instance", "region",      "type", "address",
					      "launched", "state",       "seen", "USD so far",
					      "alert",    "launch proof" };

	page_heading(page, "Instances");
	page_table(page, titles, COUNT(titles));
	for (size_t i = 0; i < report->incident->instances_count; i++) {
		const struct incident_instance *item = &report->incident->instances[i];
		const struct instance *instance = item->instance;
		double burn;
		double sum;
		bool is_known =
			cost_instance(instance, report->prices, report->until_ns, &burn, &sum);

		page_cell(page, instance->id);
		page_cell(page, instance->region);
		page_cell(page, instance->type);
		page_cell(page, report_address(instance));
		page_cell_time(page, instance->launch.time_ns);
		page_cell(page, report_state(item, report->until_ns));
		page_cell(page, instance_sight_text(item->sight));
		write_usd(page, is_known, sum, 2);
		page_cell(page, item->alert != NULL ? item->alert->id : "");
		page_cell(page, instance->launch.event);
	}
	page_table_end(page);
}

static void write_resources(struct page *page, const struct incident *incident)
{
	static const char *const titles[] = { "kind", "name",    "region", "time (UTC)",
					      "for",  "deleted", "proof" };

	page_heading(page, "Created");
	page_table(page, titles, COUNT(titles));
	for (size_t i = 0; i < incident->resources_count; i++) {
		const struct incident_resource *item = &incident->resources[i];
		const struct deed *deed = item->deed;

		page_cell(page, deed_kind_text((enum deed_kind)deed->kind));
		page_cell(page, deed->subject);
		page_cell(page, deed->region);
		page_cell_time(page, deed->time_ns);
		page_cell(page, deed->object);
		page_cell_time(page, item->deleted != NULL ? item->deleted->time_ns : 0);
		page_cell(page, deed->event);
	}
	page_table_end(page);
}

static void write_refusals(struct page *page, const struct incident *incident)
{
	static const char *const titles[] = { "time (UTC)", "region",  "call",
					      "error",      "message", "proof" };

	page_heading(page, "Refused");
	page_table(page, titles, COUNT(titles));
	for (size_t i = 0; i < incident->refusals_count; i++) {
		const struct deed *deed = incident->refusals[i];

		page_cell_time(page, deed->time_ns);
		page_cell(page, deed->region);
		page_cell(page, deed->name);
		page_cell(page, deed->error);
		page_cell(page, deed->error_text);
		page_cell(page, deed->event);
	}
	page_table_end(page);
}

/* Numbers that are not known are empty, never 0. */
static void write_alerts(struct page *page, const struct incident *incident)
{
	static const char *const titles[] = { "time (UTC)", "sensor", "instance",    "address",
					      "what",       "pool",   "wallet",      "worker",
					      "H/s",        "alert",  "Community ID" };

	page_heading(page, "Alerts of the sensors");
	page_table(page, titles, COUNT(titles));
	for (size_t i = 0; i < incident->alerts_count; i++) {
		const struct incident_alert *item = &incident->alerts[i];
		const struct alert *alert = item->alert;

		page_cell_time(page, alert->first_ns);
		page_cell(page, alert->sensor);
		page_cell(page, item->instance != NULL ? item->instance->id : "");
		page_cell(page, alert->client);
		page_cell(page, alert->signature);
		page_cell(page, alert->pool);
		page_cell(page, alert->wallet);
		page_cell(page, alert->worker);
		if (alert->hashrate > 0)
			page_cellf(page, "%.1f", alert->hashrate);
		else
			page_cell(page, "");
		page_cell(page, alert->id);
		page_cell(page, alert->community_id);
	}
	page_table_end(page);
}

static void write_detections(struct page *page, const struct incident *incident)
{
	static const char *const titles[] = { "first (UTC)", "sid",   "what", "detail",
					      "identity",    "alert", "proof" };

	page_heading(page, "Detections in CloudTrail, cost and flow logs");
	page_table(page, titles, COUNT(titles));
	for (size_t i = 0; i < incident->detections_count; i++) {
		const struct detection *item = incident->detections[i];

		page_cell_time(page, item->first_ns);
		page_cellf(page, "%" PRIu32, rules[item->rule].sid);
		page_cell(page, rules[item->rule].name);
		page_cell(page, item->text);
		page_cell(page, item->identity != NULL ? item->identity->id : "");
		page_cell(page, item->id);
		page_cell(page, item->event_count > 0 ? item->events[0].event : "");
	}
	page_table_end(page);
}

static void write_findings(struct page *page, const struct report *report)
{
	static const char *const titles[] = { "created (UTC)", "product", "type", "severity",
					      "about",         "lead",    "id" };
	char lead[WORDS_TEXT];

	page_heading(page, "Findings of the provider");
	page_table(page, titles, COUNT(titles));
	for (size_t i = 0; i < report->incident->findings_count; i++) {
		const struct finding *item = report->incident->findings[i];

		report_lead(report, item->created_ns, lead);
		page_cell_time(page, item->created_ns);
		page_cell(page, item->product);
		page_cell(page, item->type);
		page_cell(page, item->severity);
		page_cell(page, item->instance[0] != '\0' ? item->instance
				: item->key[0] != '\0'    ? item->key
							  : item->user);
		page_cell(page, lead);
		page_cell(page, item->id);
	}
	page_table_end(page);
}

static void write_sightings(struct page *page, const struct incident *incident)
{
	static const char *const titles[] = { "first (UTC)", "region", "from", "to",
					      "listed as",   "bytes",  "proof" };

	page_heading(page, "Flow logs");
	page_table(page, titles, COUNT(titles));
	for (size_t i = 0; i < incident->sightings_count; i++) {
		const struct sighting *item = incident->sightings[i];

		page_cell_time(page, item->first_ns);
		page_cell(page, item->region);
		page_cell(page, item->local_ip);
		page_cellf(page, "%.64s port %u", item->remote_ip, item->remote_port);
		page_cell(page, item->tag);
		page_cellf(page, "%" PRIu64, item->bytes);
		page_cell(page, item->proof);
	}
	page_table_end(page);
}

static void write_techniques(struct page *page, const struct incident *incident)
{
	static const char *const titles[] = { "technique",   "name", "tactic",
					      "first (UTC)", "sid",  "proof" };
	char words[WORDS_TEXT];

	page_heading(page, "ATT&CK (Enterprise 18.1)");
	page_table(page, titles, COUNT(titles));
	for (size_t i = 0; i < incident->techniques_count; i++) {
		const struct incident_technique *item = &incident->techniques[i];

		page_cell(page, item->technique);
		page_cell(page, report_words(item->name, words));
		page_cellf(page, "%s %s", item->tactic, report_words(item->tactic_name, words));
		page_cell_time(page, item->first_ns);
		if (item->sid != 0)
			page_cellf(page, "%" PRIu32, item->sid);
		else
			page_cell(page, "");
		page_cell(page, item->proof);
	}
	page_table_end(page);
}

static void write_indicators(struct page *page, const struct incident *incident)
{
	static const char *const titles[] = { "kind", "value", "what", "first (UTC)" };

	page_heading(page, "Indicators");
	page_table(page, titles, COUNT(titles));
	for (size_t i = 0; i < incident->indicators_count; i++) {
		const struct indicator *item = &incident->indicators[i];

		page_cell(page, indicator_kind_text(item->kind));
		page_cell(page, item->value);
		page_cell(page, item->note);
		page_cell_time(page, item->first_ns);
	}
	page_table_end(page);
}

void report_tables(struct page *page, const struct report *report)
{
	const struct incident *incident = report->incident;

	write_regions(page, incident);
	write_cost(page, report);
	write_timeline(page, incident);
	write_identities(page, incident);
	write_sources(page, incident);
	write_resources(page, incident);
	write_refusals(page, incident);
	write_instances(page, report);
	write_alerts(page, incident);
	write_detections(page, incident);
	write_findings(page, report);
	if (incident->sightings_count > 0)
		write_sightings(page, incident);
	write_techniques(page, incident);
	write_indicators(page, incident);
}
