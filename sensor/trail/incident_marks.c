/* incident_marks.c: ATT&CK techniques and indicators of an incident. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sensor/trail/incident_list.h"

/* --- techniques ----------------------------------------------------------------------------- */

/* Enterprise ATT&CK 18.1, by what a call did. */
static const struct {
	enum deed_kind kind;
	struct deed_technique technique;
} techniques[] = {
	{ DEED_LAUNCH, { "T1578.002", "Create_Cloud_Instance", "TA0005", "Defense_Evasion" } },
	{ DEED_USER, { "T1136.003", "Cloud_Account", "TA0003", "Persistence" } },
	{ DEED_ROLE, { "T1136.003", "Cloud_Account", "TA0003", "Persistence" } },
	{ DEED_LOGIN, { "T1098.001", "Additional_Cloud_Credentials", "TA0003", "Persistence" } },
	{ DEED_KEY, { "T1098.001", "Additional_Cloud_Credentials", "TA0003", "Persistence" } },
	{ DEED_ROLE_TRUST, { "T1098.003", "Additional_Cloud_Roles", "TA0003", "Persistence" } },
	{ DEED_FUNCTION, { "T1648", "Serverless_Execution", "TA0002", "Execution" } },
	{ DEED_RULE, { "T1546", "Event_Triggered_Execution", "TA0003", "Persistence" } },
	{ DEED_RULE_TARGET, { "T1546", "Event_Triggered_Execution", "TA0003", "Persistence" } },
	{ DEED_QUOTA,
	  { "T1578.005", "Modify_Cloud_Compute_Configurations", "TA0005", "Defense_Evasion" } },
	{ DEED_LOGGING,
	  { "T1562.008", "Disable_or_Modify_Cloud_Logs", "TA0005", "Defense_Evasion" } },
};

static const struct deed_technique admin_rights = { "T1098.003", "Additional_Cloud_Roles", "TA0003",
						    "Persistence" };
static const struct deed_technique open_group = { "T1562.007", "Disable_or_Modify_Cloud_Firewall",
						  "TA0005", "Defense_Evasion" };

const struct deed_technique *deed_technique(const struct deed *deed)
{
	if (deed->is_admin)
		return &admin_rights;
	if (deed->kind == DEED_GROUP_RULE)
		return deed->is_open ? &open_group : NULL;
	for (size_t i = 0; i < sizeof(techniques) / sizeof(techniques[0]); i++)
		if (techniques[i].kind == (enum deed_kind)deed->kind)
			return &techniques[i].technique;
	return NULL;
}

/* The earliest proof of each stays. */
static int add_technique(struct incident *self, const struct incident_technique *item,
			 const char *proof)
{
	struct incident_technique added = *item;

	(void)snprintf(added.proof, sizeof(added.proof), "%s", proof);
	for (size_t i = 0; i < self->techniques_count; i++) {
		struct incident_technique *known = &self->techniques[i];

		if (strcmp(known->technique, item->technique) != 0)
			continue;
		if (item->first_ns < known->first_ns ||
		    (item->first_ns == known->first_ns && strcmp(added.proof, known->proof) < 0))
			*known = added;
		return 0;
	}
	return LIST_ADD(self, techniques, added);
}

static int blame_deeds(struct incident *self)
{
	for (size_t i = 0; i < self->deeds_count; i++) {
		const struct deed *deed = self->deeds[i];
		const struct deed_technique *technique = deed_technique(deed);
		struct incident_technique item = { .first_ns = deed->time_ns };

		if (technique == NULL || deed->error[0] != '\0')
			continue;
		item.technique = technique->technique;
		item.name = technique->name;
		item.tactic = technique->tactic;
		item.tactic_name = technique->tactic_name;
		if (add_technique(self, &item, deed->event) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int blame_detections(struct incident *self)
{
	for (size_t i = 0; i < self->detections_count; i++) {
		const struct detection *found = self->detections[i];
		const struct rule *rule = &rules[found->rule];
		struct incident_technique item = { .technique = rule->technique,
						   .name = rule->technique_name,
						   .tactic = rule->tactic,
						   .tactic_name = rule->tactic_name,
						   .sid = rule->sid,
						   .first_ns = found->first_ns };

		if (add_technique(self, &item, found->events[0].event) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int compare_techniques(const void *a, const void *b)
{
	const struct incident_technique *x = a;
	const struct incident_technique *y = b;

	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return strcmp(x->technique, y->technique);
}

int incident_blame(struct incident *self)
{
	int result = blame_deeds(self);

	if (result == 0)
		result = blame_detections(self);
	for (size_t i = 0; i < self->alerts_count && result == 0; i++) {
		const struct alert *alert = self->alerts[i].alert;
		const struct incident_technique item = { .technique = "T1496.001",
							 .name = "Compute_Hijacking",
							 .tactic = "TA0040",
							 .tactic_name = "Impact",
							 .sid = alert->sid,
							 .first_ns = alert->first_ns };

		if (alert_is_mining(alert))
			result = add_technique(self, &item, alert->id);
	}
	LIST_SORT(self, techniques, compare_techniques);
	return result;
}

/* --- indicators ----------------------------------------------------------------------------- */

static int add_indicator(struct incident *self, enum indicator_kind kind, const char *value,
			 const char *note, uint64_t first_ns)
{
	const struct indicator item = { kind, value, note, first_ns };

	if (value[0] == '\0')
		return 0;
	for (size_t i = 0; i < self->indicators_count; i++) {
		struct indicator *known = &self->indicators[i];

		if (known->kind != kind || strcmp(known->value, value) != 0)
			continue;
		if (first_ns != 0 && (known->first_ns == 0 || first_ns < known->first_ns))
			known->first_ns = first_ns;
		return 0;
	}
	return LIST_ADD(self, indicators, item);
}

/* "ip:port" or "[ip6]:port", as one of the store's names. */
static const char *endpoint_of(const struct store *store, const char *ip, uint16_t port)
{
	char text[80];

	if (ip[0] == '\0')
		return "";
	if (port == 0)
		return ip;
	(void)snprintf(text, sizeof(text), strchr(ip, ':') != NULL ? "[%.64s]:%u" : "%.64s:%u", ip,
		       port);
	return text_pool_get(store->names, text);
}

static bool is_address(const char *text)
{
	uint8_t addr[16];

	return inet_pton(AF_INET, text, addr) == 1 || inet_pton(AF_INET6, text, addr) == 1;
}

static int mark_callers(struct incident *self)
{
	int result = 0;

	for (size_t i = 0; i < self->sources_count && result == 0; i++) {
		const struct incident_source *source = &self->sources[i];

		if (is_address(source->address))
			result = add_indicator(self, INDICATOR_ADDRESS, source->address,
					       "source of the calls", source->first_ns);
		if (result == 0)
			result = add_indicator(self, INDICATOR_AGENT, source->agent,
					       "user agent of the calls", source->first_ns);
	}
	for (size_t i = 0; i < self->identities_count && result == 0; i++) {
		const struct incident_identity *item = &self->identities[i];
		bool is_arn = strncmp(item->id, "arn:", 4) == 0;
		const char *note = item->is_root ? "stolen or misused" : "created by the thief";

		result = add_indicator(
			self, is_arn ? INDICATOR_USER : INDICATOR_KEY, item->id, note,
			item->made_by != NULL ? item->made_by->first.time_ns : self->first_ns);
	}
	return result;
}

static int mark_alerts(struct incident *self, const struct store *store)
{
	int result = 0;

	for (size_t i = 0; i < self->alerts_count && result == 0; i++) {
		const struct alert *alert = self->alerts[i].alert;

		if (!alert_is_mining(alert))
			continue;
		result = add_indicator(self, INDICATOR_ENDPOINT,
				       endpoint_of(store, alert->server, alert->server_port),
				       "mining pool", alert->first_ns);
		if (result == 0 && strncmp(alert->pool, alert->server, strlen(alert->server)) != 0)
			result = add_indicator(self, INDICATOR_POOL, alert->pool,
					       "name of the pool", alert->first_ns);
		if (result == 0)
			result = add_indicator(self, INDICATOR_WALLET, alert->wallet,
					       "wallet or account that is mined for",
					       alert->first_ns);
	}
	return result;
}

static int mark_remotes(struct incident *self, const struct store *store)
{
	int result = 0;

	for (size_t i = 0; i < self->sightings_count && result == 0; i++) {
		const struct sighting *item = self->sightings[i];
		const char *note = item->kind == SIGHTING_HOSTILE ? "listed hostile address"
								  : "pool endpoint in flow logs";

		result = add_indicator(self, INDICATOR_ENDPOINT,
				       endpoint_of(store, item->remote_ip, item->remote_port), note,
				       item->first_ns);
	}
	for (size_t i = 0; i < self->findings_count && result == 0; i++) {
		const struct finding *item = self->findings[i];

		result = add_indicator(self, INDICATOR_ENDPOINT,
				       endpoint_of(store, item->remote_ip, item->remote_port),
				       "remote side of a finding", item->first_ns);
		if (result == 0)
			result = add_indicator(self, INDICATOR_POOL, item->domain,
					       "name in a finding", item->first_ns);
	}
	return result;
}

static int mark_names(struct incident *self)
{
	int result = 0;

	for (size_t i = 0; i < self->resources_count && result == 0; i++) {
		const struct deed *deed = self->resources[i].deed;
		enum deed_kind kind = (enum deed_kind)deed->kind;

		if (kind == DEED_USER || kind == DEED_ROLE || kind == DEED_FUNCTION ||
		    kind == DEED_RULE || kind == DEED_BUCKET || kind == DEED_KEY_PAIR)
			result = add_indicator(self, INDICATOR_NAME, deed->subject,
					       deed_kind_text(kind), deed->time_ns);
	}
	return result;
}

static int compare_indicators(const void *a, const void *b)
{
	const struct indicator *x = a;
	const struct indicator *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return strcmp(x->value, y->value);
}

int incident_mark(struct incident *self, const struct store *store)
{
	int result = mark_callers(self);

	if (result == 0)
		result = mark_alerts(self, store);
	if (result == 0)
		result = mark_remotes(self, store);
	if (result == 0)
		result = mark_names(self);
	LIST_SORT(self, indicators, compare_indicators);
	return result;
}
