/* sink_json.c: alerts and flow records as EVE JSON lines in a file or on standard output.
 *
 * Live, lines are appended, so that a restart loses none; a replay begins the file anew. Sessions
 * travel inside alerts and flow records and have no line of their own. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sensor/config.h"
#include "sensor/log.h"
#include "sensor/output.h"
#include "sensor/sink.h"

#define JSON_BUFFER_BYTES ((size_t)256 * 1024)

static int json_open(void **self, const struct sink_options *options, char error[SINK_ERROR_TEXT])
{
	const char *path = options->config->json;
	struct output *output = NULL;
	int result = output_open(&output, path, options->context->is_live, JSON_BUFFER_BYTES);

	if (result < 0) {
		(void)snprintf(error, SINK_ERROR_TEXT, "%s: %s", path, strerror(-result));
		return result;
	}
	*self = output;
	return 0;
}

static int json_write(void *self, struct event_renderer *renderer, const struct event *event)
{
	const char *line;
	size_t len;

	if (event->kind == EVENT_SESSION || event->kind == EVENT_MEMBER)
		return 0;
	line = event_eve(renderer, event, &len);
	return len == 0 ? -EMSGSIZE : output_line(self, line, len);
}

static int json_poll(void *self, uint64_t now_ms, struct pollfd *want)
{
	return output_poll(self, now_ms, want);
}

static void json_hasten(void *self)
{
	(void)output_flush(self); /* the next poll says how it went */
}

static uint64_t json_close(void *self, uint64_t deadline_ms)
{
	char name[256];
	int error;
	uint64_t lost;

	(void)snprintf(name, sizeof(name), "%s", output_name(self));
	lost = output_close(self, deadline_ms, &error);
	if (error != 0)
		log_error("%s: %s: %llu lines not written", name, strerror(-error),
			  (unsigned long long)lost);
	return lost;
}

const struct sink_ops sink_json = {
	.name = "json",
	.open = json_open,
	.write = json_write,
	.poll = json_poll,
	.close = json_close,
	.hasten = json_hasten,
};
