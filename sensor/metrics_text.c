/* metrics_text.c: writes the page that Prometheus reads.
 *
 * Reference: Prometheus exposition formats, text-based format; its conventions for metric names. */
#include "sensor/metrics_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAME_TEXT 96

struct page {
	char *out;
	size_t size;
	size_t len;
	bool is_full;
};

__attribute__((format(printf, 2, 3))) static void add(struct page *page, const char *format, ...)
{
	size_t room = page->size - page->len;
	va_list args;
	int len;

	if (page->is_full)
		return;
	va_start(args, format);
	len = vsnprintf(page->out + page->len, room, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= room)
		page->is_full = true;
	else
		page->len += (size_t)len;
}

static void add_head(struct page *page, const char *name, const char *type, const char *help)
{
	add(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: backslash, quote and line feed are escaped. */
static void add_value(struct page *page, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			add(page, "\\n");
		else
			add(page, "%s%c", *text == '\\' || *text == '"' ? "\\" : "", *text);
	}
}

/* One number of stats.h: a name that ends in _ms is told in seconds. */
static void add_stat(struct page *page, const struct stats *sum, size_t index)
{
	const char *word = stats_name(index);
	size_t len = strlen(word);
	bool is_time = len > 3 && strcmp(word + len - 3, "_ms") == 0;
	bool is_level = stats_is_level(index);
	uint64_t value = stats_value(sum, index);
	char name[NAME_TEXT];

	(void)snprintf(name, sizeof(name), "minecanary_%.*s%s%s", (int)(is_time ? len - 3 : len),
		       word, is_time ? "_seconds" : "", is_level ? "" : "_total");
	add_head(page, name, is_level ? "gauge" : "counter", stats_help(index));
	if (is_time)
		add(page, "%s %" PRIu64 ".%03" PRIu64 "\n", name, value / 1000, value % 1000);
	else
		add(page, "%s %" PRIu64 "\n", name, value);
}

static void add_alerts(struct page *page, const struct sid_tally *alerts)
{
	static const char name[] = "minecanary_alerts_published_total";

	add_head(page, name, "counter", "alert revisions handed to the outputs, by signature");
	for (size_t i = 0; i < SIGNATURES; i++) {
		const struct signature *signature = signature_at(i);

		add(page, "%s{sid=\"%" PRIu32 "\",severity=\"%u\"} %" PRIu64 "\n", name,
		    signature->sid, signature->severity, sid_tally_value(alerts, i));
	}
}

static void add_threads(struct page *page, const struct thread_cpu *threads)
{
	static const char name[] = "minecanary_thread_cpu_seconds_total";

	add_head(page, name, "counter", "CPU time, user and system, by thread");
	for (size_t i = 0; i < threads->count; i++) {
		uint64_t used_ms = threads->times[i].used_ns / 1000000;

		add(page, "%s{thread=\"", name);
		add_value(page, threads->times[i].name);
		add(page, "\"} %" PRIu64 ".%03" PRIu64 "\n", used_ms / 1000, used_ms % 1000);
	}
}

static void add_gauge(struct page *page, const char *name, const char *help, uint64_t value)
{
	add_head(page, name, "gauge", help);
	add(page, "%s %" PRIu64 "\n", name, value);
}

size_t metrics_text(const struct health *health, char *out, size_t size)
{
	struct page page = { .out = out, .size = size };

	add_head(&page, "minecanary_build_info", "gauge", "which sensor this is");
	add(&page, "minecanary_build_info{version=\"" MINECANARY_VERSION "\",sensor=\"");
	add_value(&page, health->sensor_id);
	add(&page, "\"} 1\n");
	add_head(&page, "minecanary_start_time_seconds", "gauge",
		 "start of the process since 1970");
	add(&page, "minecanary_start_time_seconds %.3f\n", health->started_s);
	for (size_t i = 0; i < STATS_COUNT; i++)
		add_stat(&page, &health->sum, i);
	add_gauge(&page, "minecanary_facts_ring_bytes", "size of the rings to the correlator",
		  health->facts_ring_bytes);
	add_gauge(&page, "minecanary_decisions_ring_bytes", "size of the rings to the publisher",
		  health->decisions_ring_bytes);
	add_alerts(&page, &health->alerts);
	add_threads(&page, &health->threads);
	return page.is_full ? 0 : page.len;
}
