/* redis_incidents.c: incidents as hashes, with their reports; and cost at the hosts that mine. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/redis_parts.h"

#define NS_PER_S      1e9
#define LIST_TEXT     512
#define INCIDENTS_MAX "-10001"

/* Texts that are joined by commas. */
struct joined {
	char text[LIST_TEXT];
	size_t len;
};

static void join_text(struct joined *self, const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len + 2 > sizeof(self->text) - self->len)
		return;
	if (self->len > 0)
		self->text[self->len++] = ',';
	memcpy(self->text + self->len, text, len + 1);
	self->len += len;
}

static void add_lists(struct redis_command *command, const struct incident *incident)
{
	struct joined keys = { .text = "" };
	struct joined sources = { .text = "" };
	struct joined regions = { .text = "" };
	struct joined types = { .text = "" };

	for (size_t i = 0; i < incident->identities_count; i++)
		join_text(&keys, incident->identities[i].id);
	for (size_t i = 0; i < incident->sources_count; i++)
		join_text(&sources, incident->sources[i].address);
	for (size_t i = 0; i < incident->regions_count; i++)
		if (incident->regions[i].launched > 0)
			join_text(&regions, incident->regions[i].region);
	for (size_t i = 0; i < incident->techniques_count; i++)
		join_text(&types, incident->techniques[i].technique);
	redis_field_hostile(command, "identities", keys.text);
	redis_field_hostile(command, "sources", sources.text);
	redis_field_hostile(command, "regions", regions.text);
	redis_field_hostile(command, "techniques", types.text);
}

static void add_counts(struct redis_command *command, const struct incident *incident)
{
	static const struct {
		const char *name;
		enum deed_kind kind;
	} kinds[] = { { "users", DEED_USER },         { "keys", DEED_KEY },
		      { "roles", DEED_ROLE },         { "policies", DEED_POLICY },
		      { "functions", DEED_FUNCTION }, { "rules", DEED_RULE },
		      { "buckets", DEED_BUCKET },     { "vpcs", DEED_VPC },
		      { "groups", DEED_GROUP },       { "quota_requests", DEED_QUOTA } };

	redis_field_uint(command, "instances", incident->launched);
	redis_field_uint(command, "mining", incident->mining);
	redis_field_uint(command, "out_of_sight", incident->out_of_sight);
	redis_field_uint(command, "terminated", incident->ended);
	redis_field_uint(command, "unnamed", incident->unnamed);
	redis_field_uint(command, "refused", incident->refusals_count);
	redis_field_uint(command, "alerts", incident->alerts_count);
	redis_field_uint(command, "detections", incident->detections_count);
	redis_field_uint(command, "findings", incident->findings_count);
	redis_field_uint(command, "region_count", incident->regions_count);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		redis_field_uint(command, kinds[i].name,
				 incident_count_kind(incident, kinds[i].kind));
}

static void add_facts(struct redis_command *command, const struct incident *incident,
		      const struct cost *cost)
{
	redis_field(command, "id", incident->id);
	redis_field_hostile(command, "root", incident->root);
	redis_field_hostile(command, "principal", incident->principal);
	redis_field_hostile(command, "user", incident->user);
	redis_field_hostile(command, "account", incident->account);
	redis_field_time(command, "first_seen", incident->first_ns);
	redis_field_time(command, "last_seen", incident->last_ns);
	redis_field_time(command, "first_launch", incident->first_launch_ns);
	redis_field_time(command, "first_alert", incident->first_alert_ns);
	redis_field_time(command, "first_finding", incident->first_finding_ns);
	add_counts(command, incident);
	add_lists(command, incident);
	redis_field_fixed(command, "burn_usd_h", cost->burn, 3);
	redis_field_fixed(command, "peak_usd_h", cost->peak, 3);
	redis_field_fixed(command, "cost_usd", cost->sum, 2);
	redis_field_time(command, "cost_until", cost->until_ns);
	redis_field_uint(command, "unpriced", cost->unpriced);
}

static int push_facts(struct redis_trail *self, const char *key, const struct incident *incident,
		      const struct cost *cost)
{
	redis_command_begin(&self->command, "HSET");
	redis_command_text(&self->command, key);
	add_facts(&self->command, incident, cost);
	return redis_link_push(self->link, &self->command);
}

/* One rendering of the report as one field. */
static int push_report(struct redis_trail *self, const char *key, const char *field,
		       const struct redis_publication *what, const struct incident *incident,
		       const struct report_options *options)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int result;

	if (out == NULL)
		return -ENOMEM;
	result = report_write(out, what->incidents, incident, what->prices, options);
	if (fclose(out) != 0 && result == 0)
		result = -ENOMEM;
	if (result == 0) {
		redis_command_begin(&self->command, "HSET");
		redis_command_text(&self->command, key);
		redis_command_text(&self->command, field);
		redis_command_bytes(&self->command, text, len);
		result = redis_link_push(self->link, &self->command);
	}
	free(text);
	return result;
}

static int push_reports(struct redis_trail *self, const char *key,
			const struct redis_publication *what, const struct incident *incident)
{
	static const struct {
		const char *field;
		enum report_format format;
		bool has_commands;
	} forms[] = { { "report_text", REPORT_TEXT, false },
		      { "report_text_commands", REPORT_TEXT, true },
		      { "report_md", REPORT_MARKDOWN, false },
		      { "report_md_commands", REPORT_MARKDOWN, true },
		      { "report_json", REPORT_JSON, false },
		      { "report_json_commands", REPORT_JSON, true } };
	int result = 0;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && result == 0; i++) {
		struct report_options options = *what->report;

		options.format = forms[i].format;
		options.has_commands = forms[i].has_commands;
		result = push_report(self, key, forms[i].field, what, incident, &options);
	}
	return result;
}

/* A new revision only when it says something else than what is there. */
static int push_revision(struct redis_trail *self, const char *key, uint64_t digest)
{
	/* KEYS: the hash. ARGV: digest, time. */
	static const char script[] =
		"if redis.call('HGET',KEYS[1],'digest')==ARGV[1] then return 0 end "
		"redis.call('HSET',KEYS[1],'digest',ARGV[1]) "
		"return redis.call('HINCRBY',KEYS[1],'revision',1)";
	char text[17];

	(void)snprintf(text, sizeof(text), "%016" PRIx64, digest);
	redis_command_begin(&self->command, "EVAL");
	redis_command_text(&self->command, script);
	redis_command_text(&self->command, "1");
	redis_command_text(&self->command, key);
	redis_command_text(&self->command, text);
	return redis_link_push(self->link, &self->command);
}

static int push_index(struct redis_trail *self, const struct incident *incident)
{
	struct redis_command *command = &self->command;
	char key[REDIS_LINK_KEY];
	int result;

	(void)snprintf(key, sizeof(key), "%s:incidents", self->prefix);
	redis_command_begin(command, "ZADD");
	redis_command_text(command, key);
	redis_command_fixed(command, (double)incident->last_ns / NS_PER_S, 6);
	redis_command_text(command, incident->id);
	result = redis_link_push(self->link, command);
	if (result != 0)
		return result;
	redis_command_begin(command, "ZREMRANGEBYRANK");
	redis_command_text(command, key);
	redis_command_text(command, "0");
	redis_command_text(command, INCIDENTS_MAX);
	return redis_link_push(self->link, command);
}

/* --- hosts ---------------------------------------------------------------------------------- */

/* Fields of our own in the hash of a sensor's host. Only in one that is there: the sensor makes it,
 * and says when it goes. */
static int push_host(struct redis_trail *self, const struct redis_publication *what,
		     const struct incident *incident, const struct incident_instance *item)
{
	/* KEYS: the hash. ARGV: pairs. */
	static const char script[] = "if redis.call('EXISTS',KEYS[1])==1 then "
				     "redis.call('HSET',KEYS[1],unpack(ARGV)) end return 1";
	struct redis_command *command = &self->command;
	char key[REDIS_LINK_KEY];
	double burn;
	double sum;

	if (!cost_instance(item->instance, what->prices, what->incidents->now_ns, &burn, &sum))
		return 0;
	(void)snprintf(key, sizeof(key), "%s:host:%.256s/%.64s", self->prefix, item->alert->scope,
		       item->alert->client);
	redis_command_begin(command, "EVAL");
	redis_command_text(command, script);
	redis_command_text(command, "1");
	redis_command_text(command, key);
	redis_field_fixed(command, "cost@trail", sum, 4);
	redis_field_fixed(command, "burn@trail", burn, 4);
	redis_field(command, "incident@trail", incident->id);
	return redis_link_push(self->link, command);
}

static int push_hosts(struct redis_trail *self, const struct redis_publication *what,
		      const struct incident *incident)
{
	int result = 0;

	for (size_t i = 0; i < incident->instances_count && result == 0; i++)
		if (incident->instances[i].sight == SIGHT_MINING)
			result = push_host(self, what, incident, &incident->instances[i]);
	return result;
}

static int push_incident(struct redis_trail *self, const struct redis_publication *what,
			 const struct incident *incident)
{
	uint64_t digest = incident_digest(incident);
	const uint64_t state[] = { digest, what->incidents->now_ns };
	char key[REDIS_LINK_KEY];
	struct cost cost;
	int result;

	(void)snprintf(key, sizeof(key), "%s:incident:%s", self->prefix, incident->id);
	result = redis_is_new(self, key, siphash_id_words(state, 2));
	if (result <= 0)
		return result;
	result = cost_incident(incident, what->prices, what->incidents->now_ns, &cost);
	if (result != 0)
		return result;
	result = push_facts(self, key, incident, &cost);
	cost_free(&cost);
	if (result == 0)
		result = push_reports(self, key, what, incident);
	if (result == 0)
		result = push_revision(self, key, digest);
	if (result == 0)
		result = push_index(self, incident);
	return result == 0 ? push_hosts(self, what, incident) : result;
}

int redis_publish_incidents(struct redis_trail *self, const struct redis_publication *what)
{
	int result = 0;

	for (size_t i = 0; i < what->incidents->items_count && result == 0; i++)
		result = push_incident(self, what, &what->incidents->items[i]);
	return result;
}
