/* sink_null.c: renders every event and throws it away.
 *
 * For measuring, and the template of a sink: take what write() gives, say so, hold nothing. */
#include "sensor/sink.h"

static int null_open(void **self, const struct sink_options *options, char error[SINK_ERROR_TEXT])
{
	(void)options;
	*self = NULL; /* no state */
	error[0] = '\0';
	return 0;
}

static int null_write(void *self, struct event_renderer *renderer, const struct event *event)
{
	size_t len;

	(void)self;
	(void)event_eve(renderer, event, &len);
	return 0;
}

static int null_poll(void *self, uint64_t now_ms, struct pollfd *want)
{
	(void)self;
	(void)now_ms;
	want->fd = -1;
	want->events = 0;
	return 0;
}

static uint64_t null_close(void *self, uint64_t deadline_ms)
{
	(void)self;
	(void)deadline_ms;
	return 0;
}

const struct sink_ops sink_null = {
	.name = "null",
	.open = null_open,
	.write = null_write,
	.poll = null_poll,
	.close = null_close,
};
