/* store_seen.c: what others saw: alerts of sensors, findings of the provider, flow logs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sensor/trail/store.h"
#include "sensor/trail/store_table.h"

static const char *name_of(struct store *self, const char *text)
{
	return text_pool_get(self->names, text);
}

static bool keep_smaller(uint64_t *kept, uint64_t value)
{
	if (value == 0 || (*kept != 0 && *kept <= value))
		return false;
	*kept = value;
	return true;
}

static bool keep_greater(uint64_t *kept, uint64_t value)
{
	if (*kept >= value)
		return false;
	*kept = value;
	return true;
}

/* --- alerts --------------------------------------------------------------------------------- */

static void copy_alert(struct store *self, struct alert *kept, const struct alert *alert)
{
	kept->sensor = name_of(self, alert->sensor);
	kept->signature = name_of(self, alert->signature);
	kept->level = name_of(self, alert->level);
	kept->scope = name_of(self, alert->scope);
	kept->vpc = name_of(self, alert->vpc);
	kept->instance = name_of(self, alert->instance);
	kept->client = name_of(self, alert->client);
	kept->server = name_of(self, alert->server);
	kept->pool = name_of(self, alert->pool);
	kept->wallet = name_of(self, alert->wallet);
	kept->worker = name_of(self, alert->worker);
	kept->coin = name_of(self, alert->coin);
	kept->community_id = name_of(self, alert->community_id);
	kept->hashrate = alert->hashrate;
	kept->revision = alert->revision;
	kept->sid = alert->sid;
	kept->server_port = alert->server_port;
}

int store_alert(struct store *self, const struct alert *alert)
{
	struct siphash_tag tag = STORE_TAG(self, alert->id);
	struct alert *kept = (struct alert *)(void *)tag_table_find(&self->alerts, tag);
	bool is_new = kept == NULL;
	bool has_changed;

	if (is_new) {
		kept = store_add(self, &self->alerts, tag, sizeof(*kept), TRAIL_ALERTS);
		if (kept == NULL)
			return -ENOMEM;
		kept->id = name_of(self, alert->id);
	}
	has_changed = keep_smaller(&kept->first_ns, alert->first_ns);
	has_changed |= keep_greater(&kept->last_ns, alert->last_ns);
	if (is_new || alert->revision > kept->revision) {
		copy_alert(self, kept, alert);
		has_changed = true;
	}
	store_see_time(self, alert->last_ns);
	self->version += has_changed;
	return has_changed ? STORE_KEPT : STORE_NOTHING;
}

static uint64_t time_of(const json_t *object, const char *key)
{
	uint64_t time_ns = 0;

	(void)record_time(json_object_get(object, key), &time_ns);
	return time_ns;
}

int store_eve(struct store *self, const json_t *json, const char **why)
{
	const json_t *mining = record_object(json, "mining");
	const json_t *cloud = record_object(json, "cloud");
	const json_t *signature = record_object(json, "alert");
	uint64_t last_ns = time_of(json, "timestamp");
	struct alert alert = {
		.id = record_text(mining, "alert_id"),
		.sensor = record_text(json, "host"),
		.signature = record_text(signature, "signature"),
		.level = record_text(mining, "level"),
		.scope = record_text(cloud, "scope"),
		.vpc = record_text(cloud, "vpc_id"),
		.instance = record_text(cloud, "instance_id"),
		.client = record_text(json, "src_ip"),
		.server = record_text(json, "dest_ip"),
		.pool = record_text(mining, "pool"),
		.wallet = record_text(mining, "wallet"),
		.worker = record_text(mining, "worker"),
		.coin = record_text(mining, "coin"),
		.community_id = record_text(json, "community_id"),
		.first_ns = time_of(mining, "first_seen"),
		.last_ns = last_ns,
		.hashrate = json_number_value(json_object_get(mining, "hashrate")),
		.revision = (uint32_t)(record_uint(signature, "rev") & UINT32_MAX),
		.sid = (uint32_t)(record_uint(signature, "signature_id") & UINT32_MAX),
		.server_port = (uint16_t)(record_uint(json, "dest_port") & UINT16_MAX)
	};

	*why = "an alert without mining.alert_id, src_ip or timestamp";
	if (alert.id[0] == '\0' || alert.client[0] == '\0' || last_ns == 0)
		return -EBADMSG;
	if (alert.first_ns == 0)
		alert.first_ns = last_ns;
	return store_alert(self, &alert);
}

/* --- findings ------------------------------------------------------------------------------- */

static void copy_finding(struct store *self, struct finding *kept, const struct finding *finding)
{
	kept->product = name_of(self, finding->product);
	kept->type = name_of(self, finding->type);
	kept->title = name_of(self, finding->title);
	kept->severity = name_of(self, finding->severity);
	kept->account = name_of(self, finding->account);
	kept->region = name_of(self, finding->region);
	kept->vpc = name_of(self, finding->vpc);
	kept->instance = name_of(self, finding->instance);
	kept->key = name_of(self, finding->key);
	kept->user = name_of(self, finding->user);
	kept->local_ip = name_of(self, finding->local_ip);
	kept->remote_ip = name_of(self, finding->remote_ip);
	kept->domain = name_of(self, finding->domain);
	kept->remote_port = finding->remote_port;
}

int store_finding(struct store *self, const struct finding *finding)
{
	struct siphash_tag tag = STORE_TAG(self, finding->id);
	struct finding *kept = (struct finding *)(void *)tag_table_find(&self->findings, tag);
	bool is_new = kept == NULL;
	bool has_changed;
	uint64_t count;

	if (is_new) {
		kept = store_add(self, &self->findings, tag, sizeof(*kept), TRAIL_FINDINGS);
		if (kept == NULL)
			return -ENOMEM;
		kept->id = name_of(self, finding->id);
	}
	count = kept->count;
	has_changed = keep_smaller(&kept->created_ns, finding->created_ns);
	has_changed |= keep_smaller(&kept->first_ns, finding->first_ns);
	has_changed |= keep_greater(&kept->last_ns, finding->last_ns);
	has_changed |= keep_greater(&count, finding->count);
	kept->count = (uint32_t)count;
	if (is_new || finding->updated_ns > kept->updated_ns) {
		copy_finding(self, kept, finding);
		has_changed = true;
	}
	(void)keep_greater(&kept->updated_ns, finding->updated_ns);
	store_see_time(self, finding->updated_ns);
	self->version += has_changed;
	return has_changed ? STORE_KEPT : STORE_NOTHING;
}

/* --- flow logs ------------------------------------------------------------------------------ */

int store_sighting(struct store *self, const struct sighting *sighting)
{
	struct siphash_tag tag;
	struct sighting *kept;
	char port[8];
	bool has_changed;

	(void)snprintf(port, sizeof(port), "%u", sighting->remote_port);
	tag = STORE_TAG(self, sighting->account, sighting->vpc, sighting->eni, sighting->local_ip,
			sighting->remote_ip, port);
	kept = (struct sighting *)(void *)tag_table_find(&self->sightings, tag);
	has_changed = kept == NULL;
	if (kept == NULL) {
		kept = store_add(self, &self->sightings, tag, sizeof(*kept), TRAIL_SIGHTINGS);
		if (kept == NULL)
			return -ENOMEM;
		kept->account = name_of(self, sighting->account);
		kept->vpc = name_of(self, sighting->vpc);
		kept->eni = name_of(self, sighting->eni);
		kept->local_ip = name_of(self, sighting->local_ip);
		kept->remote_ip = name_of(self, sighting->remote_ip);
		kept->remote_port = sighting->remote_port;
		kept->kind = sighting->kind;
	}
	has_changed |= store_keep_text(self, &kept->region, sighting->region);
	has_changed |= store_keep_text(self, &kept->instance, sighting->instance);
	has_changed |= store_keep_text(self, &kept->tag, sighting->tag);
	has_changed |= store_keep_text(self, &kept->proof, sighting->proof);
	has_changed |= keep_smaller(&kept->first_ns, sighting->first_ns);
	has_changed |= keep_greater(&kept->last_ns, sighting->last_ns);
	has_changed |= keep_greater(&kept->bytes, sighting->bytes);
	if (sighting->kind < kept->kind) {
		kept->kind = sighting->kind;
		has_changed = true;
	}
	store_see_time(self, sighting->last_ns);
	self->version += has_changed;
	return has_changed ? STORE_KEPT : STORE_NOTHING;
}
