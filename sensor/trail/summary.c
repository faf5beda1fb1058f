/* summary.c: what a run found, in a few lines for a terminal. */
#include "sensor/trail/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "sensor/lease.h"
#include "sensor/printable.h"

#define SHOWN_TEXT 512

static const char *shown(const char *text, char out[SHOWN_TEXT])
{
	printable_text(text, out, SHOWN_TEXT);
	return out;
}

static void write_cost(FILE *out, const struct incidents *incidents,
		       const struct incident *incident, const struct price_list *prices)
{
	struct cost cost;

	if (prices == NULL || cost_incident(incident, prices, incidents->now_ns, &cost) != 0)
		return;
	(void)fprintf(out, "  cost: %.3f USD/h with all running, %.2f USD so far", cost.peak,
		      cost.sum);
	if (cost.unpriced > 0)
		(void)fprintf(out, ", %" PRIu32 " without a price", cost.unpriced);
	(void)fputc('\n', out);
	cost_free(&cost);
}

static void write_incident(FILE *out, const struct incidents *incidents,
			   const struct incident *incident, const struct price_list *prices)
{
	char text[SHOWN_TEXT];
	char first[LEASE_TIME_TEXT];
	char last[LEASE_TIME_TEXT];

	lease_time_text(incident->first_ns, first);
	lease_time_text(incident->last_ns, last);
	(void)fprintf(out, "incident %s: %s", incident->id, shown(incident->root, text));
	if (incident->user[0] != '\0')
		(void)fprintf(out, " (%s)", shown(incident->user, text));
	(void)fprintf(out, ", %s to %s\n", first, last);
	for (size_t i = 0; i < incident->sources_count; i++)
		(void)fprintf(out, "  from %s\n", shown(incident->sources[i].address, text));
	(void)fprintf(out,
		      "  %" PRIu32 " instances: %" PRIu32 " seen mining, %" PRIu32
		      " out of sight, %" PRIu32 " terminated",
		      incident->launched, incident->mining, incident->out_of_sight,
		      incident->ended);
	if (incident->unnamed > 0)
		(void)fprintf(out, "; up to %" PRIu32 " more whose ids the records lost",
			      incident->unnamed);
	(void)fprintf(out, "\n  %zu things created, %zu calls refused, %zu detections\n",
		      incident->resources_count, incident->refusals_count,
		      incident->detections_count);
	write_cost(out, incidents, incident, prices);
}

static bool is_of_incident(const struct incidents *incidents, const struct detection *item)
{
	for (size_t i = 0; i < incidents->items_count; i++)
		for (size_t k = 0; k < incidents->items[i].detections_count; k++)
			if (incidents->items[i].detections[k] == item)
				return true;
	return false;
}

int summary_write(FILE *out, const struct incidents *incidents, const struct price_list *prices)
{
	char text[SHOWN_TEXT];
	char who[SHOWN_TEXT];

	for (size_t i = 0; i < incidents->items_count; i++)
		write_incident(out, incidents, &incidents->items[i], prices);
	for (size_t i = 0; i < incidents->detections.count; i++) {
		const struct detection *item = &incidents->detections.items[i];

		if (is_of_incident(incidents, item))
			continue;
		(void)fprintf(
			out, "alert %" PRIu32 " %s: %s (%s)\n", rules[item->rule].sid,
			rules[item->rule].name, shown(item->text, text),
			shown(item->identity != NULL ? item->identity->id : item->account, who));
	}
	return fflush(out) == 0 && ferror(out) == 0 ? 0 : -EIO;
}

void summary_counts(FILE *out, const struct intake_counts *intake,
		    const struct flowlog_counts *flowlog, const struct store_counts *store)
{
	if (intake->bad + intake->bad_files > 0)
		(void)fprintf(out,
			      "%" PRIu64 " damaged records and %" PRIu64
			      " damaged files passed by, %" PRIu64 " documents used\n",
			      intake->bad, intake->bad_files, intake->documents);
	if (intake->others > 0)
		(void)fprintf(out, "%" PRIu64 " JSON objects were of no kind that is known\n",
			      intake->others);
	if (flowlog->bad + flowlog->skipdata > 0)
		(void)fprintf(out,
			      "flow logs: %" PRIu64 " damaged lines, %" PRIu64
			      " lines say that records were lost\n",
			      flowlog->bad, flowlog->skipdata);
	if (store->forgotten > 0)
		(void)fprintf(out, "%" PRIu64 " entries were forgotten: tables are full\n",
			      store->forgotten);
}
