/* report_parts.h: what the forms of a report share. For report*.c only. */
#ifndef TRAIL_REPORT_PARTS_H
#define TRAIL_REPORT_PARTS_H

#include "sensor/trail/containment.h"
#include "sensor/trail/report.h"
#include "sensor/trail/report_page.h"

#define WORDS_TEXT      64
#define COMPARISON_TEXT 256

#define REPORT_WARNING \
	"nothing here was run. These commands stop and delete things, and the names in them come " \
	"from the attacker: read each one before you run it"

struct report {
	const struct incidents *incidents;
	const struct incident *incident;
	const struct price_list *prices;
	const struct report_options *options;
	uint64_t until_ns;
	struct cost cost;
	struct containment plan;
};

/* A burn that somebody published, against the price file's. False: none was given. */
bool report_compare(const struct report *report, char out[COMPARISON_TEXT]);
/* "44 minutes earlier": when our first mining alert was, seen from time_ns. */
void report_lead(const struct report *report, uint64_t time_ns, char out[WORDS_TEXT]);
/* "Create_Cloud_Instance" as words. */
const char *report_words(const char *name, char out[WORDS_TEXT]);
/* The instance's first address, "" for none. */
const char *report_address(const struct instance *instance);
/* "running", "stopped", "terminated" at a time. */
const char *report_state(const struct incident_instance *item, uint64_t until_ns);
/* Of the identity, or of what made it. */
uint64_t report_identity_first(const struct incident_identity *item);

/* report_tables.c: the parts between summary and containment. */
void report_tables(struct page *page, const struct report *report);
/* report_json.c: 0 or negative errno. */
int report_json(FILE *out, const struct report *report);

#endif
