/* redis_detections.c: our own alerts into our own stream. What was published, and with which
 * revision, stands in a hash beside it and is written in one transaction with the entry. */
#include <ctype.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/redis_parts.h"
#include "sensor/trail/trail_eve.h"

#define MAXLEN "100000"

static const char *incident_of(const struct incidents *incidents, const struct detection *item)
{
	for (size_t i = 0; i < incidents->items_count; i++)
		for (size_t k = 0; k < incidents->items[i].detections_count; k++)
			if (incidents->items[i].detections[k] == item)
				return incidents->items[i].id;
	return "";
}

/* What makes a new revision: other proofs, another incident. */
static uint64_t digest_of(const struct detection *item, const char *incident)
{
	const uint64_t parts[] = { item->first_ns,
				   item->last_ns,
				   item->value,
				   item->event_count,
				   siphash_id(item->text, strlen(item->text)),
				   siphash_id(incident, strlen(incident)) };

	return siphash_id_words(parts, sizeof(parts) / sizeof(parts[0]));
}

/* "digest revision" as it was published, by any run. 0, or negative errno. */
static int published(struct redis_trail *self, const char *key, const char *id, uint64_t *digest,
		     uint32_t *revision)
{
	redisReply *reply;
	int result = 0;

	*digest = 0;
	*revision = 0;
	redis_command_begin(&self->command, "HGET");
	redis_command_text(&self->command, key);
	redis_command_text(&self->command, id);
	reply = redis_link_ask(self->link, &self->command);
	if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
		result = -EIO;
	} else if (reply->type == REDIS_REPLY_STRING && reply->len > 17) {
		*digest = strtoull(reply->str, NULL, 16);
		*revision = (uint32_t)strtoul(reply->str + 17, NULL, 10);
	}
	redis_link_free(reply);
	return result;
}

static void add_entry(struct redis_command *command, const struct detection *item,
		      uint32_t revision, const char *eve, size_t len)
{
	const struct identity *identity = item->identity;

	redis_command_text(command, "eve");
	redis_command_bytes(command, eve, len);
	redis_field(command, "id", item->id);
	redis_field_uint(command, "rev", revision);
	redis_field_uint(command, "sid", rules[item->rule].sid);
	redis_field(command, "level", "likely");
	redis_field_hostile(command, "src", item->address);
	redis_field_hostile(command, "dest", item->scope_ip);
	redis_field(command, "pool", "");
	redis_field(command, "wallet", "");
	redis_field(command, "instance", "");
	redis_field_hostile(command, "key", identity != NULL ? identity->key : "");
}

static int push_word(struct redis_trail *self, const char *word)
{
	redis_command_begin(&self->command, word);
	return redis_link_push(self->link, &self->command);
}

static int push_entry(struct redis_trail *self, const struct detection *item, uint32_t revision,
		      const char *incident, const char *published_key, uint64_t digest)
{
	struct redis_command *command = &self->command;
	char host[80];
	char stream[REDIS_LINK_KEY];
	char text[40];
	char *eve = malloc(TRAIL_EVE_BYTES);
	size_t len;
	int result;

	if (eve == NULL)
		return -ENOMEM;
	(void)snprintf(host, sizeof(host), "trail:%s", self->id);
	(void)snprintf(stream, sizeof(stream), "%s:{trail:%s}:alert", self->prefix, self->id);
	(void)snprintf(text, sizeof(text), "%016" PRIx64 " %" PRIu32, digest, revision);
	len = trail_eve(item, host, incident, revision, eve, TRAIL_EVE_BYTES);
	result = len > 0 ? push_word(self, "MULTI") : -EMSGSIZE;
	if (result == 0) {
		redis_command_begin(command, "XADD");
		redis_command_text(command, stream);
		redis_command_text(command, "MAXLEN");
		redis_command_text(command, "~");
		redis_command_text(command, MAXLEN);
		redis_command_text(command, "*");
		add_entry(command, item, revision, eve, len);
		result = redis_link_push(self->link, command);
	}
	if (result == 0) {
		redis_command_begin(command, "HSET");
		redis_command_text(command, published_key);
		redis_field(command, item->id, text);
		result = redis_link_push(self->link, command);
	}
	/* What nobody can find again need not be known. */
	if (result == 0) {
		redis_command_begin(command, "EXPIRE");
		redis_command_text(command, published_key);
		redis_command_uint(command, 2 * self->retention_s);
		result = redis_link_push(self->link, command);
	}
	if (result == 0)
		result = push_word(self, "EXEC");
	free(eve);
	return result;
}

static int publish_one(struct redis_trail *self, const struct incidents *incidents,
		       const struct detection *item, const char *key)
{
	const char *incident = incident_of(incidents, item);
	uint64_t digest = digest_of(item, incident);
	uint64_t was;
	uint32_t revision;
	int result = redis_is_new(self, item->id, digest);

	if (result <= 0)
		return result;
	result = published(self, key, item->id, &was, &revision);
	if (result != 0 || was == digest)
		return result;
	return push_entry(self, item, revision + 1, incident, key, digest);
}

int redis_publish_detections(struct redis_trail *self, const struct redis_publication *what)
{
	char key[REDIS_LINK_KEY];
	int result = 0;

	(void)snprintf(key, sizeof(key), "%s:{trail:%s}:published", self->prefix, self->id);
	for (size_t i = 0; i < what->incidents->detections.count && result == 0; i++)
		result = publish_one(self, what->incidents, &what->incidents->detections.items[i],
				     key);
	return result;
}
