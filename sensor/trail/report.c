/* report.c: an incident as a person reads it: the summary, the tables, what to do. */
#include "sensor/trail/report.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "sensor/lease.h"
#include "sensor/trail/report_parts.h"

#define NS_PER_MINUTE  UINT64_C(60000000000)
#define AGREES_PERCENT 0.5 /* a published burn this near is the same, rounded */
#define LIST_TEXT      1024

/* --- what the forms share ------------------------------------------------------------------- */

bool report_compare(const struct report *report, char out[COMPARISON_TEXT])
{
	double published = report->options->published;
	double peak = report->cost.peak;
	double excess = published - peak;
	double percent = peak > 0 ? excess / peak * 100 : 0;

	if (!(published > 0))
		return false;
	if (report->cost.unpriced > 0 || !(peak > 0))
		(void)snprintf(
			out, COMPARISON_TEXT,
			"%.3f USD per hour by the price file, but %" PRIu32
			" instances have no price in it: the published total of %.10g cannot "
			"be judged",
			peak, report->cost.unpriced, published);
	else if (percent < AGREES_PERCENT && percent > -AGREES_PERCENT)
		(void)snprintf(out, COMPARISON_TEXT,
			       "%.3f USD per hour by the price file; the published total of %.10g "
			       "agrees",
			       peak, published);
	else
		(void)snprintf(out, COMPARISON_TEXT,
			       "%.3f USD per hour by the price file; the published total of %.10g "
			       "does not follow from its own table: it is %.3f too %s (%+.1f %%)",
			       peak, published, excess > 0 ? excess : -excess,
			       excess > 0 ? "high" : "low", percent);
	return true;
}

void report_lead(const struct report *report, uint64_t time_ns, char out[WORDS_TEXT])
{
	uint64_t ours_ns = report->incident->first_alert_ns;

	if (ours_ns == 0)
		(void)snprintf(out, WORDS_TEXT, "not seen by a sensor");
	else if (ours_ns <= time_ns)
		(void)snprintf(out, WORDS_TEXT, "seen by us %" PRIu64 " minutes earlier",
			       (time_ns - ours_ns) / NS_PER_MINUTE);
	else
		(void)snprintf(out, WORDS_TEXT, "seen by us %" PRIu64 " minutes later",
			       (ours_ns - time_ns) / NS_PER_MINUTE);
}

const char *report_words(const char *name, char out[WORDS_TEXT])
{
	(void)snprintf(out, WORDS_TEXT, "%s", name);
	for (char *at = out; *at != '\0'; at++)
		if (*at == '_')
			*at = ' ';
	return out;
}

const char *report_address(const struct instance *instance)
{
	return instance->address_count > 0 ? instance->addresses[0].ip : "";
}

const char *report_state(const struct incident_instance *item, uint64_t until_ns)
{
	const struct instance *instance = item->instance;
	const char *state = "running";

	for (size_t i = 0; i < instance->change_count; i++) {
		if (instance->changes[i].at.time_ns > until_ns)
			break;
		if (instance->changes[i].kind == CHANGE_TERMINATE)
			return "terminated";
		state = instance->changes[i].kind == CHANGE_STOP ? "stopped" : "running";
	}
	return state;
}

uint64_t report_identity_first(const struct incident_identity *item)
{
	if (item->made_by != NULL)
		return item->made_by->first.time_ns;
	return item->identity != NULL ? item->identity->first.time_ns : 0;
}

/* --- the summary ---------------------------------------------------------------------------- */

static void write_title(struct page *page, const struct report *report)
{
	(void)fprintf(page->out, page->is_markdown ? "# Incident %s\n\n" : "Incident %s\n",
		      report->incident->id);
}

static void write_who(struct page *page, const struct incident *incident)
{
	char first[LEASE_TIME_TEXT];
	char last[LEASE_TIME_TEXT];

	lease_time_text(incident->first_ns, first);
	lease_time_text(incident->last_ns, last);
	page_fact(page, "Root identity", "%s", incident->root);
	page_fact(page, "Principal", "%s", incident->principal);
	page_fact(page, "Account", "%s", incident->account);
	page_fact(page, "Time", "%s to %s, UTC", first, last);
	for (size_t i = 0; i < incident->sources_count; i++)
		page_fact(page, "Called from", "%s", incident->sources[i].address);
}

static unsigned count_regions(const struct incident *incident)
{
	unsigned count = 0;

	for (size_t i = 0; i < incident->regions_count; i++)
		count += incident->regions[i].launched > 0;
	return count;
}

static void write_what(struct page *page, const struct incident *incident)
{
	char made[LIST_TEXT] = "";
	size_t len = 0;

	page_fact(page, "Instances",
		  "%" PRIu32 " launched in %u regions: %" PRIu32
		  " seen mining by a sensor, %" PRIu32 " out of sight of every tap, %" PRIu32
		  " terminated",
		  incident->launched, count_regions(incident), incident->mining,
		  incident->out_of_sight, incident->ended);
	if (incident->unnamed > 0)
		page_fact(page, "Without ids",
			  "up to %" PRIu32 " more instances whose ids the records lost",
			  incident->unnamed);
	for (unsigned kind = 0; kind < DEED_KINDS; kind++) {
		size_t count = incident_count_kind(incident, (enum deed_kind)kind);
		int added;

		if (count == 0)
			continue;
		added = snprintf(made + len, sizeof(made) - len, "%s%zu x %s", len > 0 ? ", " : "",
				 count, deed_kind_text((enum deed_kind)kind));
		if (added < 0 || (size_t)added >= sizeof(made) - len)
			break;
		len += (size_t)added;
	}
	page_fact(page, "Created", "%s", made[0] != '\0' ? made : "nothing");
	page_fact(page, "Refused", "%zu calls", incident->refusals_count);
}

static void write_cost(struct page *page, const struct report *report)
{
	const struct cost *cost = &report->cost;
	char until[LEASE_TIME_TEXT];
	char comparison[COMPARISON_TEXT];

	lease_time_text(report->until_ns, until);
	page_fact(page, "Burn", "%.3f USD per hour with all running; %.3f now", cost->peak,
		  cost->burn);
	page_fact(page, "Cost so far", "%.2f USD until %s", cost->sum, until);
	page_fact(page, "Projection",
		  "%.2f USD in the next 24 hours, %.2f USD in 30 days, if nothing is done",
		  cost->next_day, cost->next_month);
	if (cost->unpriced > 0)
		page_fact(page, "Unknown", "the price of %" PRIu32 " instances: not in any sum",
			  cost->unpriced);
	if (report_compare(report, comparison))
		page_fact(page, "Published total", "%s", comparison);
	page_fact(page, "Prices", "%s%s%s; without discounts, storage and traffic",
		  price_source(report->prices)[0] != '\0' ? price_source(report->prices)
							  : "from a file without a source",
		  price_date(report->prices)[0] != '\0' ? ", " : "", price_date(report->prices));
}

static void write_when(struct page *page, const struct report *report)
{
	const struct incident *incident = report->incident;
	char time[LEASE_TIME_TEXT];
	char lead[WORDS_TEXT];

	if (incident->first_launch_ns != 0) {
		lease_time_text(incident->first_launch_ns, time);
		page_fact(page, "First launch", "%s", time);
	}
	if (incident->first_alert_ns != 0) {
		lease_time_text(incident->first_alert_ns, time);
		page_fact(page, "First alert", "%s", time);
	}
	for (size_t i = 0; i < incident->findings_count; i++) {
		lease_time_text(incident->findings[i]->created_ns, time);
		report_lead(report, incident->findings[i]->created_ns, lead);
		page_fact(page, "Provider's finding", "%s %s: %s", time,
			  incident->findings[i]->type, lead);
	}
}

/* --- what to do ----------------------------------------------------------------------------- */

static void write_steps(struct page *page, const struct report *report)
{
	static const char *const titles[] = { "step", "stage", "region", "what", "proof" };
	const struct containment *plan = &report->plan;

	page_heading(page, "Containment, in this order");
	page_table(page, titles, 5);
	for (size_t i = 0; i < plan->count; i++) {
		const struct containment_step *step = &plan->steps[i];

		page_cellf(page, "%zu", i + 1);
		page_cellf(page, "%u %s", step->stage, containment_stage_text(step->stage));
		page_cell(page, step->region[0] != '\0' ? step->region : "global");
		page_cell(page, step->text);
		page_cell(page, step->proof);
	}
	page_table_end(page);
}

static void write_commands(struct page *page, const struct report *report)
{
	const struct containment *plan = &report->plan;
	char line[CONTAINMENT_COMMAND_BYTES];
	unsigned by_hand = 0;

	page_heading(page, "Commands");
	page_note(page, "WARNING: %s.", REPORT_WARNING);
	page_note(page, "First see that you are in account %s: aws sts get-caller-identity",
		  report->incident->account);
	page_note(page, "Copy disks and memory of an instance before you terminate it, if they are "
			"needed as evidence. Networks can be deleted once the instances are gone.");
	page_code_begin(page);
	for (size_t i = 0; i < plan->count; i++) {
		const struct containment_step *step = &plan->steps[i];

		if (i == 0 || step->stage != plan->steps[i - 1].stage) {
			(void)snprintf(line, sizeof(line), "# %u %s", step->stage,
				       containment_stage_text(step->stage));
			page_code(page, line);
		}
		if (step->command != NULL) {
			page_code(page, step->command);
			continue;
		}
		by_hand++;
		(void)snprintf(line, sizeof(line), "# step %zu: by hand", i + 1);
		page_code(page, line);
	}
	page_code_end(page);
	if (by_hand > 0)
		page_note(page, "%u steps have no command: see the table.", by_hand);
}

/* --- the whole ------------------------------------------------------------------------------ */

static int write_page(FILE *out, const struct report *report)
{
	struct page page = { .out = out,
			     .is_markdown = report->options->format == REPORT_MARKDOWN };

	write_title(&page, report);
	write_who(&page, report->incident);
	write_what(&page, report->incident);
	write_when(&page, report);
	write_cost(&page, report);
	report_tables(&page, report);
	write_steps(&page, report);
	if (report->options->has_commands)
		write_commands(&page, report);
	(void)fputc('\n', out);
	return page.result;
}

int report_write(FILE *out, const struct incidents *incidents, const struct incident *incident,
		 const struct price_list *prices, const struct report_options *options)
{
	struct report report = { .incidents = incidents,
				 .incident = incident,
				 .prices = prices,
				 .options = options,
				 .until_ns = options->until_ns != 0 ? options->until_ns
								    : incidents->now_ns };
	int result = cost_incident(incident, prices, report.until_ns, &report.cost);

	if (result != 0)
		return result;
	result = containment_plan(incident, &report.plan);
	if (result == 0)
		result = options->format == REPORT_JSON ? report_json(out, &report)
							: write_page(out, &report);
	containment_free(&report.plan);
	cost_free(&report.cost);
	if (result == 0 && ferror(out) != 0)
		result = -EIO;
	return result;
}
