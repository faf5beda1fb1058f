/* redis_trail.c: the connection, and what is published. */
#include "sensor/trail/redis_trail.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sensor/trail/redis_parts.h"

#define WRITTEN_MAX 1000000

static int add_source(struct redis_trail *self, const char *sensor)
{
	struct redis_source *source = &self->sources[self->source_count];

	if (self->source_count == TRAIL_STREAMS)
		return -E2BIG;
	(void)snprintf(source->key, sizeof(source->key), "%s:{%.64s}:alert", self->prefix, sensor);
	self->source_count++;
	return 0;
}

static int set_up(struct redis_trail *self, const struct redis_trail_options *options)
{
	(void)snprintf(self->prefix, sizeof(self->prefix), "%s", options->prefix);
	(void)snprintf(self->id, sizeof(self->id), "%s", options->id);
	self->retention_s = options->retention_s;
	self->is_stateless = options->is_stateless;
	self->is_discovering = options->sensor_count == 0;
	self->sources = calloc(TRAIL_STREAMS, sizeof(*self->sources));
	if (self->sources == NULL || tag_table_init(&self->written, 65536) != 0)
		return -ENOMEM;
	if (getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key))
		return -EIO;
	for (size_t i = 0; i < options->sensor_count; i++)
		if (add_source(self, options->sensors[i]) != 0)
			return -E2BIG;
	return 0;
}

int redis_trail_open(struct redis_trail **out, const struct redis_trail_options *options,
		     char error[REDIS_TRAIL_ERROR_TEXT])
{
	struct redis_trail *self = calloc(1, sizeof(*self));
	int result = self != NULL ? set_up(self, options) : -ENOMEM;

	if (result == 0)
		result = redis_link_open(&self->link, options->access, error);
	else
		(void)snprintf(error, REDIS_TRAIL_ERROR_TEXT, "redis: %s", strerror(-result));
	if (result != 0) {
		redis_trail_close(self);
		return result;
	}
	*out = self;
	return 0;
}

void redis_trail_close(struct redis_trail *self)
{
	if (self == NULL)
		return;
	for (size_t i = 0; i < self->source_count; i++) {
		for (size_t k = 0; k < self->sources[i].id_count; k++)
			free(self->sources[i].ids[k]);
		free(self->sources[i].ids);
	}
	free(self->sources);
	tag_table_fini(&self->written);
	redis_link_close(self->link);
	free(self);
}

const char *redis_trail_error(const struct redis_trail *self)
{
	return self->error[0] != '\0' ? self->error : redis_link_error(self->link);
}

int redis_trail_fail(struct redis_trail *self, int result)
{
	(void)snprintf(self->error, sizeof(self->error), "%s", redis_link_error(self->link));
	return result;
}

/* --- what was written ----------------------------------------------------------------------- */

int redis_is_new(struct redis_trail *self, const char *key, uint64_t digest)
{
	struct siphash_tag tag = siphash128(key, strlen(key), self->key);
	struct redis_written *written =
		(struct redis_written *)(void *)tag_table_find(&self->written, tag);

	if (written != NULL && written->digest == digest)
		return 0;
	if (written == NULL) {
		if (self->written.count >= WRITTEN_MAX) {
			struct tag_link *oldest = self->written.oldest;

			tag_table_remove(&self->written, oldest);
			free(oldest);
		}
		written = calloc(1, sizeof(*written));
		if (written == NULL)
			return -ENOMEM;
		written->link.tag = tag;
		tag_table_add(&self->written, &written->link);
	}
	written->digest = digest;
	return 1;
}

void redis_forget_written(struct redis_trail *self)
{
	while (self->written.oldest != NULL) {
		struct tag_link *oldest = self->written.oldest;

		tag_table_remove(&self->written, oldest);
		free(oldest);
	}
}

int redis_trail_publish(struct redis_trail *self, const struct redis_publication *what)
{
	int result = redis_publish_leases(self, what->store);

	if (result == 0)
		result = redis_publish_incidents(self, what);
	if (result == 0)
		result = redis_publish_detections(self, what);
	if (result == 0)
		result = redis_link_flush(self->link);
	if (result == 0)
		return 0;
	(void)redis_trail_fail(self, result);
	(void)redis_link_flush(self->link);
	redis_forget_written(self);
	return result;
}

/* --- reading a report ----------------------------------------------------------------------- */

static const char *field_of(const struct report_options *options)
{
	if (options->format == REPORT_MARKDOWN)
		return options->has_commands ? "report_md_commands" : "report_md";
	if (options->format == REPORT_JSON)
		return options->has_commands ? "report_json_commands" : "report_json";
	return options->has_commands ? "report_text_commands" : "report_text";
}

/* Without an id: the incident that was seen last. */
static int newest_incident(struct redis_trail *self, char out[INCIDENT_ID_TEXT])
{
	char key[REDIS_LINK_KEY];
	redisReply *reply;
	int result = -ENOENT;

	(void)snprintf(key, sizeof(key), "%s:incidents", self->prefix);
	redis_command_begin(&self->command, "ZREVRANGE");
	redis_command_text(&self->command, key);
	redis_command_text(&self->command, "0");
	redis_command_text(&self->command, "0");
	reply = redis_link_ask(self->link, &self->command);
	if (reply == NULL || reply->type == REDIS_REPLY_ERROR)
		result = redis_trail_fail(self, -EIO);
	else if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
		 reply->element[0]->type == REDIS_REPLY_STRING &&
		 reply->element[0]->len < INCIDENT_ID_TEXT) {
		(void)snprintf(out, INCIDENT_ID_TEXT, "%s", reply->element[0]->str);
		result = 0;
	}
	redis_link_free(reply);
	return result;
}

int redis_trail_report(struct redis_trail *self, const char *incident,
		       const struct report_options *options, FILE *out)
{
	char key[REDIS_LINK_KEY];
	char newest[INCIDENT_ID_TEXT] = "";
	redisReply *reply;
	int result = 0;

	if (incident[0] == '\0') {
		result = newest_incident(self, newest);
		incident = newest;
	}
	if (result != 0)
		return result;
	(void)snprintf(key, sizeof(key), "%s:incident:%s", self->prefix, incident);
	redis_command_begin(&self->command, "HGET");
	redis_command_text(&self->command, key);
	redis_command_text(&self->command, field_of(options));
	reply = redis_link_ask(self->link, &self->command);
	if (reply == NULL || reply->type == REDIS_REPLY_ERROR)
		result = redis_trail_fail(self, -EIO);
	else if (reply->type != REDIS_REPLY_STRING)
		result = -ENOENT;
	else if (fwrite(reply->str, 1, reply->len, out) != reply->len)
		result = -EPIPE;
	redis_link_free(reply);
	return result;
}
