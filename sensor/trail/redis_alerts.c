/* redis_alerts.c: the sensors' alert streams, read by a consumer group.
 *
 *	XGROUP CREATE key minecanary-trail 0       once; everything that is there is read
 *	XGROUP SETID key minecanary-trail 0        without a state: what was acknowledged is needed
 *again XAUTOCLAIM key minecanary-trail ID 0 0-0   on start: what was read but not acknowledged
 *	XREADGROUP GROUP minecanary-trail ID COUNT n STREAMS key >
 *	XACK key minecanary-trail id... */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/log.h"
#include "sensor/ring.h"
#include "sensor/trail/redis_parts.h"

#define GROUP          "minecanary-trail"
#define READ_COUNT     "500"
#define ACK_IDS        64
#define DISCOVER_MS    60000
#define DISCOVER_ROUND 100000            /* of SCAN: a server that never ends is left */
#define PENDING_MAX    ((size_t)2000000) /* ids that wait to be acknowledged */

/* --- which streams -------------------------------------------------------------------------- */

/* A stream of a sensor: `P:{S}:alert`, and not one of minecanary-trail. */
static bool is_sensor_stream(const struct redis_trail *self, const char *key, size_t len)
{
	size_t prefix = strlen(self->prefix);
	static const char own[] = ":{trail:";

	if (len >= REDIS_LINK_KEY || strlen(key) != len || strncmp(key, self->prefix, prefix) != 0)
		return false;
	return strncmp(key + prefix, own, sizeof(own) - 1) != 0;
}

static void add_stream(struct redis_trail *self, const redisReply *name)
{
	struct redis_source *source;

	if (name->type != REDIS_REPLY_STRING || !is_sensor_stream(self, name->str, name->len))
		return;
	for (size_t i = 0; i < self->source_count; i++)
		if (strcmp(self->sources[i].key, name->str) == 0)
			return;
	if (self->source_count == TRAIL_STREAMS) {
		log_warning("redis: more than %d sensors; name those to read with --sensor",
			    TRAIL_STREAMS);
		return;
	}
	source = &self->sources[self->source_count++];
	(void)snprintf(source->key, sizeof(source->key), "%s", name->str);
}

/* One step of SCAN; *cursor goes on. */
static int scan_step(struct redis_trail *self, char cursor[24])
{
	char pattern[REDIS_LINK_KEY];
	redisReply *reply;
	int result = -EIO;

	(void)snprintf(pattern, sizeof(pattern), "%s:{*}:alert", self->prefix);
	redis_command_begin(&self->command, "SCAN");
	redis_command_text(&self->command, cursor);
	redis_field(&self->command, "MATCH", pattern);
	redis_field(&self->command, "COUNT", "1000");
	redis_field(&self->command, "TYPE", "stream");
	reply = redis_link_ask(self->link, &self->command);
	if (reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
	    reply->element[0]->type == REDIS_REPLY_STRING && reply->element[0]->len < 24) {
		(void)snprintf(cursor, 24, "%s", reply->element[0]->str);
		for (size_t i = 0; i < reply->element[1]->elements; i++)
			add_stream(self, reply->element[1]->element[i]);
		result = 0;
	}
	redis_link_free(reply);
	return result;
}

static int discover(struct redis_trail *self)
{
	uint64_t now_ms = ring_now_ms();
	char cursor[24] = "0";
	int result;
	int rounds = 0;

	if (!self->is_discovering ||
	    (self->discovered_ms != 0 && now_ms - self->discovered_ms < DISCOVER_MS))
		return 0;
	do {
		result = scan_step(self, cursor);
	} while (result == 0 && strcmp(cursor, "0") != 0 && ++rounds < DISCOVER_ROUND);
	if (result == 0)
		self->discovered_ms = now_ms;
	return result;
}

/* --- one stream ----------------------------------------------------------------------------- */

static int ask_group(struct redis_trail *self, const char *verb, const char *key, bool makes)
{
	redisReply *reply;
	int result = 0;

	redis_command_begin(&self->command, "XGROUP");
	redis_command_text(&self->command, verb);
	redis_command_text(&self->command, key);
	redis_command_text(&self->command, GROUP);
	redis_command_text(&self->command, "0");
	if (makes)
		redis_command_text(&self->command, "MKSTREAM");
	reply = redis_link_ask(self->link, &self->command);
	if (reply == NULL)
		result = -EIO;
	else if (reply->type == REDIS_REPLY_ERROR)
		result = strncmp(reply->str, "BUSYGROUP", 9) == 0 ? 0 : -EPROTO;
	redis_link_free(reply);
	return result;
}

static int make_ready(struct redis_trail *self, struct redis_source *source)
{
	int result;

	if (source->is_ready)
		return 0;
	result = ask_group(self, "CREATE", source->key, true);
	if (result == 0 && self->is_stateless)
		result = ask_group(self, "SETID", source->key, false);
	if (result != 0)
		return result;
	(void)snprintf(source->cursor, sizeof(source->cursor), "0-0");
	source->is_claiming = true;
	source->is_ready = true;
	return 0;
}

static int note_id(struct redis_source *source, const char *id)
{
	if (source->id_count == source->id_room) {
		size_t room = source->id_room == 0 ? 512 : source->id_room * 2;
		char **ids = room <= PENDING_MAX ? realloc(source->ids, room * sizeof(*ids)) : NULL;

		if (ids == NULL)
			return -ENOMEM;
		source->ids = ids;
		source->id_room = room;
	}
	source->ids[source->id_count] = strdup(id);
	if (source->ids[source->id_count] == NULL)
		return -ENOMEM;
	source->id_count++;
	return 0;
}

/* An entry: [id, [name, value, ...]]. One that was deleted has no fields. */
static int take_entry(struct redis_source *source, const redisReply *entry, redis_alert_fn *fn,
		      void *ctx)
{
	const redisReply *fields;
	int result;

	if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
	    entry->element[0]->type != REDIS_REPLY_STRING)
		return 0;
	result = note_id(source, entry->element[0]->str);
	fields = entry->element[1];
	for (size_t i = 0; result == 0 && i + 1 < fields->elements; i += 2) {
		const redisReply *name = fields->element[i];
		const redisReply *value = fields->element[i + 1];

		if (name->type == REDIS_REPLY_STRING && value->type == REDIS_REPLY_STRING &&
		    strcmp(name->str, "eve") == 0)
			result = fn(ctx, source->key, value->str, value->len);
	}
	return result;
}

/* Returns how many, or negative errno. */
static int take_entries(struct redis_source *source, const redisReply *entries, redis_alert_fn *fn,
			void *ctx)
{
	int count = 0;

	if (entries->type != REDIS_REPLY_ARRAY)
		return 0;
	for (size_t i = 0; i < entries->elements; i++) {
		int result = take_entry(source, entries->element[i], fn, ctx);

		if (result != 0)
			return result;
		count++;
	}
	return count;
}

/* What a process with our name read and did not acknowledge. */
static int claim(struct redis_trail *self, struct redis_source *source, redis_alert_fn *fn,
		 void *ctx)
{
	redisReply *reply;
	int result = -EIO;

	redis_command_begin(&self->command, "XAUTOCLAIM");
	redis_command_text(&self->command, source->key);
	redis_command_text(&self->command, GROUP);
	redis_command_text(&self->command, self->id);
	redis_command_text(&self->command, "0");
	redis_command_text(&self->command, source->cursor);
	redis_field(&self->command, "COUNT", READ_COUNT);
	reply = redis_link_ask(self->link, &self->command);
	if (reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements >= 2 &&
	    reply->element[0]->type == REDIS_REPLY_STRING) {
		(void)snprintf(source->cursor, sizeof(source->cursor), "%.60s",
			       reply->element[0]->str);
		result = take_entries(source, reply->element[1], fn, ctx);
		source->is_claiming = strcmp(source->cursor, "0-0") != 0;
	}
	redis_link_free(reply);
	return result;
}

static int read_new(struct redis_trail *self, struct redis_source *source, redis_alert_fn *fn,
		    void *ctx)
{
	redisReply *reply;
	int result = -EIO;

	redis_command_begin(&self->command, "XREADGROUP");
	redis_command_text(&self->command, "GROUP");
	redis_command_text(&self->command, GROUP);
	redis_command_text(&self->command, self->id);
	redis_field(&self->command, "COUNT", READ_COUNT);
	redis_command_text(&self->command, "STREAMS");
	redis_command_text(&self->command, source->key);
	redis_command_text(&self->command, ">");
	reply = redis_link_ask(self->link, &self->command);
	if (reply != NULL && reply->type == REDIS_REPLY_NIL)
		result = 0;
	else if (reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
		 reply->element[0]->elements == 2)
		result = take_entries(source, reply->element[0]->element[1], fn, ctx);
	else if (reply != NULL && reply->type == REDIS_REPLY_ERROR)
		source->is_ready = strncmp(reply->str, "NOGROUP", 7) != 0;
	redis_link_free(reply);
	return result;
}

int redis_trail_read(struct redis_trail *self, redis_alert_fn *fn, void *ctx)
{
	int sum = 0;
	int result = discover(self);

	for (size_t i = 0; i < self->source_count && result >= 0; i++) {
		struct redis_source *source = &self->sources[i];

		result = make_ready(self, source);
		while (result >= 0 && source->is_claiming) {
			result = claim(self, source, fn, ctx);
			sum += result > 0 ? result : 0;
		}
		if (result >= 0)
			result = read_new(self, source, fn, ctx);
		sum += result > 0 ? result : 0;
	}
	return result < 0 ? redis_trail_fail(self, result) : sum;
}

static int ack_source(struct redis_trail *self, struct redis_source *source)
{
	int result = 0;

	for (size_t i = 0; i < source->id_count && result == 0;) {
		redis_command_begin(&self->command, "XACK");
		redis_command_text(&self->command, source->key);
		redis_command_text(&self->command, GROUP);
		for (size_t n = 0; n < ACK_IDS && i < source->id_count; n++)
			redis_command_text(&self->command, source->ids[i++]);
		result = redis_link_push(self->link, &self->command);
	}
	return result;
}

int redis_trail_ack(struct redis_trail *self)
{
	int result = 0;

	for (size_t i = 0; i < self->source_count && result == 0; i++)
		result = ack_source(self, &self->sources[i]);
	if (result == 0)
		result = redis_link_flush(self->link);
	if (result != 0)
		return redis_trail_fail(self, result);
	for (size_t i = 0; i < self->source_count; i++) {
		struct redis_source *source = &self->sources[i];

		for (size_t k = 0; k < source->id_count; k++)
			free(source->ids[k]);
		source->id_count = 0;
	}
	return 0;
}
