/* flowlog_detect.c: 1700030, from what flow logs left in the store. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/flowlog.h"

static int compare_endpoint(const struct sighting *a, const struct sighting *b)
{
	int order = strcmp(a->account, b->account);

	if (order == 0)
		order = strcmp(a->remote_ip, b->remote_ip);
	if (order == 0)
		order = (int)a->remote_port - (int)b->remote_port;
	return order;
}

static int compare_host(const struct sighting *a, const struct sighting *b)
{
	int order = strcmp(a->region, b->region);

	return order != 0 ? order : strcmp(a->local_ip, b->local_ip);
}

static int compare(const void *a, const void *b)
{
	const struct sighting *x = *(const struct sighting *const *)a;
	const struct sighting *y = *(const struct sighting *const *)b;
	int order = compare_endpoint(x, y);

	if (order == 0)
		order = compare_host(x, y);
	if (order == 0)
		order = strcmp(x->vpc, y->vpc);
	return order != 0 ? order : strcmp(x->eni, y->eni);
}

/* What the sightings of one endpoint say together. */
struct summary {
	const struct sighting *best;  /* of the strongest kind */
	const struct sighting *first; /* earliest */
	const char *region;           /* "" for several */
	size_t hosts;
	size_t regions;
	uint64_t last_ns;
	uint64_t bytes;
};

static struct summary sum_up(const struct sighting *const *items, size_t count)
{
	struct summary sum = { .best = items[0], .first = items[0], .region = items[0]->region };

	for (size_t i = 0; i < count; i++) {
		const struct sighting *item = items[i];
		bool is_new_region = i == 0 || strcmp(item->region, items[i - 1]->region) != 0;

		sum.regions += is_new_region;
		sum.hosts += is_new_region || compare_host(item, items[i - 1]) != 0;
		sum.bytes += item->bytes;
		if (item->kind < sum.best->kind)
			sum.best = item;
		if (item->first_ns < sum.first->first_ns)
			sum.first = item;
		if (item->last_ns > sum.last_ns)
			sum.last_ns = item->last_ns;
	}
	if (sum.regions > 1)
		sum.region = "";
	return sum;
}

static const char *kind_text(uint8_t kind)
{
	switch ((enum sighting_kind)kind) {
	case SIGHTING_LISTED:
		return "a listed pool";
	case SIGHTING_HOSTILE:
		return "listed as hostile";
	case SIGHTING_CONFIRMED:
		return "where a sensor saw mining";
	case SIGHTING_THIN:
		break;
	}
	return "long and thin, all begun within one window";
}

static void write_text(const struct summary *sum, char *out, size_t size)
{
	const struct sighting *best = sum->best;
	char where[64] = "";

	if (sum->regions > 1)
		(void)snprintf(where, sizeof(where), " in %zu regions", sum->regions);
	else if (sum->region[0] != '\0')
		(void)snprintf(where, sizeof(where), " in %.40s", sum->region);
	(void)snprintf(out, size,
		       "%zu host%s%s talked to %.46s port %u, %s%s%.60s%s: %" PRIu64 " bytes",
		       sum->hosts, sum->hosts == 1 ? "" : "s", where, best->remote_ip,
		       best->remote_port, kind_text(best->kind), best->tag[0] != '\0' ? " (" : "",
		       best->tag, best->tag[0] != '\0' ? ")" : "", sum->bytes);
}

/* The name of a flow log's file, short enough for an event: its id, its hash and the line;
 * "..._fl-07ca9a19b65e7fdfb_20260305T1050Z_b6e6b05e.log.gz:17" is
 * "fl-07ca9a19b65e7fdfb:b6e6b05e:17". Of other names the end. */
static void event_text(const char *proof, char out[EVENT_ID_TEXT])
{
	const char *id = strstr(proof, "_fl-");
	const char *line = strrchr(proof, ':');
	const char *hash = id != NULL ? strrchr(id + 1, '_') : NULL;
	size_t len = strlen(proof);

	if (id != NULL && line != NULL && hash != NULL && hash > id && line > hash) {
		(void)snprintf(out, EVENT_ID_TEXT, "%.*s:%.*s%.10s", (int)strcspn(id + 1, "_"),
			       id + 1, (int)strcspn(hash + 1, ".:"), hash + 1, line);
		return;
	}
	(void)snprintf(out, EVENT_ID_TEXT, "%s",
		       len < EVENT_ID_TEXT ? proof : proof + len - (EVENT_ID_TEXT - 1));
}

static const char *subject_of(const struct store *store, const struct sighting *sighting)
{
	bool is_ip6 = strchr(sighting->remote_ip, ':') != NULL;
	char text[64];

	(void)snprintf(text, sizeof(text), is_ip6 ? "[%.46s]:%u" : "%.46s:%u", sighting->remote_ip,
		       sighting->remote_port);
	return text_pool_get(store->names, text);
}

/* The id is made of account and endpoint alone, so that it stays when more hosts are seen. */
static int add(const struct store *store, const struct sighting *const *items, size_t count,
	       struct detections *out)
{
	struct summary sum = sum_up(items, count);
	struct detection *found =
		detections_get(out, RULE_FLOW,
			       &(const struct detection_key){ NULL, items[0]->account, "",
							      subject_of(store, items[0]), "" });

	if (found == NULL)
		return out->refused > 0 ? 0 : -ENOMEM;
	found->region = sum.region;
	found->address = sum.first->local_ip;
	found->scope_ip = items[0]->remote_ip;
	found->value = sum.hosts;
	write_text(&sum, found->text, sizeof(found->text));
	for (size_t i = 0; i < count; i++) {
		char event[EVENT_ID_TEXT];

		event_text(items[i]->proof, event);
		detection_prove(found, items[i]->first_ns, event);
	}
	if (sum.last_ns > found->last_ns)
		found->last_ns = sum.last_ns;
	return 0;
}

static int add_all(const struct store *store, const struct sighting *const *items, size_t count,
		   struct detections *out)
{
	size_t begin = 0;
	int result = 0;

	while (begin < count && result == 0) {
		size_t end = begin + 1;

		while (end < count && compare_endpoint(items[end], items[begin]) == 0)
			end++;
		result = add(store, items + begin, end - begin, out);
		begin = end;
	}
	return result;
}

int flowlog_detect(const struct store *store, struct detections *out)
{
	const struct sighting **items;
	size_t count = 0;
	int result;

	if (!rule_is_on(store->settings, RULE_FLOW))
		return 0;
	items = calloc(store->sightings.count + 1, sizeof(struct sighting *));
	if (items == NULL)
		return -ENOMEM;
	STORE_EACH (store->sightings, const struct sighting, sighting) {
		items[count++] = sighting;
	}
	if (count > 1)
		qsort(items, count, sizeof(struct sighting *), compare);
	result = add_all(store, items, count, out);
	free(items);
	detections_sort(out);
	return result;
}
