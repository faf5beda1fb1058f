/* redis_bridge.c: the commands that carry an event's EVE line to the list and the channel.
 *
 * Reference: RPUSH, LTRIM, PUBLISH. */
#include "sensor/redis_bridge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocols/slice.h"
#include "sensor/config.h"

#define KEY_TEXT    512
#define SPARE_BYTES (16u << 20) /* of the queue, that stay free of the mirror, live */

struct redis_bridge {
	struct sink_options options;
	char list[KEY_TEXT];
	char channel[KEY_TEXT];
	char oldest[24]; /* index of the oldest line that stays, from the end */
	struct redis_args args;
};

struct redis_bridge *redis_bridge_new(const struct sink_options *options)
{
	struct redis_bridge *self = calloc(1, sizeof(*self));
	const struct config *config = options->config;

	if (self == NULL)
		return NULL;
	self->options = *options;
	(void)snprintf(self->list, sizeof(self->list), "%s:eve", config->redis_prefix);
	(void)snprintf(self->channel, sizeof(self->channel), "%s:live", config->redis_prefix);
	(void)snprintf(self->oldest, sizeof(self->oldest), "-%" PRIu64, config->redis_eve_list);
	return self;
}

void redis_bridge_free(struct redis_bridge *self)
{
	free(self);
}

/* The lines of --json: a session is told with its alerts and its flow. */
static bool has_line(const struct event *event)
{
	return event->kind != EVENT_SESSION && event->kind != EVENT_MEMBER;
}

static bool is_for_channel(const struct redis_bridge *self, const struct event *event)
{
	switch (self->options.config->redis_live) {
	case REDIS_LIVE_ALERTS:
		return event->kind == EVENT_ALERT || event->kind == EVENT_CAMPAIGN;
	case REDIS_LIVE_ALL:
		return true;
	default:
		return false;
	}
}

static void push(struct redis_bridge *self, struct redis_conn *conn)
{
	if (redis_conn_push(conn, &self->args, REDIS_EXPECT_MIRROR, false) < 0)
		stats_add(self->options.stats->mirror_refused, 1);
}

static void push_line(struct redis_bridge *self, struct redis_conn *conn, const char *command,
		      const char *key, struct slice line)
{
	redis_args_begin(&self->args, command);
	redis_args_text(&self->args, key);
	redis_args_bytes(&self->args, line.ptr, line.len);
	push(self, conn);
}

static void push_trim(struct redis_bridge *self, struct redis_conn *conn)
{
	redis_args_begin(&self->args, "LTRIM");
	redis_args_text(&self->args, self->list);
	redis_args_text(&self->args, self->oldest);
	redis_args_text(&self->args, "-1");
	push(self, conn);
}

void redis_bridge_event(struct redis_bridge *self, struct redis_conn *conn,
			struct event_renderer *renderer, const struct event *event)
{
	bool is_for_list = self->options.config->redis_eve_list > 0;
	struct slice line;
	const char *text;

	if (!has_line(event) || (!is_for_list && !is_for_channel(self, event)))
		return;
	if (self->options.context->is_live && !redis_conn_has_room(conn, SPARE_BYTES)) {
		stats_add(self->options.stats->mirror_refused, 1);
		return;
	}
	text = event_eve(renderer, event, &line.len);
	line.ptr = (const uint8_t *)text;
	if (line.len == 0)
		return;
	if (is_for_list) {
		push_line(self, conn, "RPUSH", self->list, line);
		push_trim(self, conn);
	}
	if (is_for_channel(self, event))
		push_line(self, conn, "PUBLISH", self->channel, line);
}
