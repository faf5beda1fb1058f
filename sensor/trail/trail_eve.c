/* trail_eve.c: a detection as one EVE JSON line. */
#include "sensor/trail/trail_eve.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "sensor/jsonw.h"

static void text_if(struct jsonw *w, const char *key, const char *text)
{
	if (text[0] != '\0')
		jsonw_text(w, key, text);
}

static bool is_address(const char *text)
{
	uint8_t addr[16];

	return inet_pton(AF_INET, text, addr) == 1 || inet_pton(AF_INET6, text, addr) == 1;
}

static void metadata_one(struct jsonw *w, const char *key, const char *text)
{
	jsonw_array(w, key);
	jsonw_text(w, NULL, text);
	jsonw_close_array(w);
}

/* The parent technique stands before its part. */
static void metadata_technique(struct jsonw *w, const struct rule *rule)
{
	char parent[16];

	(void)snprintf(parent, sizeof(parent), "%.15s", rule->technique);
	parent[strcspn(parent, ".")] = '\0';
	jsonw_array(w, "mitre_technique_id");
	if (strcmp(parent, rule->technique) != 0)
		jsonw_text(w, NULL, parent);
	jsonw_text(w, NULL, rule->technique);
	jsonw_close_array(w);
	metadata_one(w, "mitre_technique_name", rule->technique_name);
}

static void write_alert(struct jsonw *w, const struct rule *rule, uint32_t revision)
{
	jsonw_object(w, "alert");
	jsonw_text(w, "action", "allowed");
	jsonw_uint(w, "gid", 1);
	jsonw_uint(w, "signature_id", rule->sid);
	jsonw_uint(w, "rev", revision);
	jsonw_text(w, "signature", rule->name);
	jsonw_text(w, "category", "Crypto Currency Mining Activity Detected");
	jsonw_uint(w, "severity", rule->severity);
	jsonw_object(w, "metadata");
	metadata_one(w, "mitre_tactic_id", rule->tactic);
	metadata_one(w, "mitre_tactic_name", rule->tactic_name);
	metadata_technique(w, rule);
	metadata_one(w, "confidence", "Medium");
	jsonw_close_object(w);
	jsonw_close_object(w);
}

static void write_cloud(struct jsonw *w, const struct detection *detection)
{
	char scope[160];

	(void)snprintf(scope, sizeof(scope), "%.64s%s%.64s", detection->account,
		       detection->region[0] != '\0' ? "/" : "", detection->region);
	jsonw_object(w, "cloud");
	text_if(w, "scope", scope);
	jsonw_text(w, "provider", "aws");
	text_if(w, "account_id", detection->account);
	text_if(w, "region", detection->region);
	jsonw_close_object(w);
}

static void write_trail(struct jsonw *w, const struct detection *detection, const char *incident,
			uint32_t revision)
{
	const struct identity *identity = detection->identity;
	size_t count = detection->event_count;

	jsonw_object(w, "trail");
	jsonw_text(w, "alert_id", detection->id);
	jsonw_uint(w, "revision", revision);
	text_if(w, "incident", incident);
	jsonw_text(w, "text", detection->text);
	text_if(w, "subject", detection->subject);
	if (identity != NULL) {
		text_if(w, "principal", identity->arn);
		text_if(w, "access_key_id", identity->key);
		text_if(w, "user", identity->user);
	}
	text_if(w, "source", detection->address);
	text_if(w, "remote", detection->scope_ip);
	jsonw_uint(w, "value", detection->value);
	jsonw_uint(w, "event_count", count);
	jsonw_time(w, "first_seen", detection->first_ns);
	jsonw_time(w, "last_seen", detection->last_ns);
	jsonw_array(w, "events");
	for (size_t i = 0; i < count && i < DETECTION_EVENTS; i++)
		jsonw_text(w, NULL, detection->events[i].event);
	jsonw_close_array(w);
	jsonw_close_object(w);
}

size_t trail_eve(const struct detection *detection, const char *host, const char *incident,
		 uint32_t revision, char *out, size_t size)
{
	struct jsonw w;

	jsonw_init(&w, out, size);
	jsonw_object(&w, NULL);
	jsonw_time(&w, "timestamp", detection->last_ns);
	jsonw_text(&w, "event_type", "alert");
	if (is_address(detection->address))
		jsonw_text(&w, "src_ip", detection->address);
	if (is_address(detection->scope_ip))
		jsonw_text(&w, "dest_ip", detection->scope_ip);
	jsonw_text(&w, "host", host);
	write_alert(&w, &rules[detection->rule], revision);
	write_cloud(&w, detection);
	write_trail(&w, detection, incident, revision);
	jsonw_close_object(&w);
	return jsonw_finish(&w);
}
