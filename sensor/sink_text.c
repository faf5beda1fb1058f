/* sink_text.c: for a person at a terminal: alerts as they come, and at the end who mined.
 *
 * Everything from the wire is printed escaped. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sensor/config.h"
#include "sensor/jsonw.h"
#include "sensor/log.h"
#include "sensor/output.h"
#include "sensor/ring.h"
#include "sensor/sink.h"
#include "sensor/tag_table.h"
#include "sensor/text_campaign.h"
#include "sensor/text_table.h"

#define TEXT_BUFFER_BYTES ((size_t)1024 * 1024)
#define WAIT_MS           10
#define SHOWN_ALERTS      65536

/* What was last printed of an alert: a revision that only adds evidence is not worth a line. */
struct shown {
	struct tag_link link;
	uint64_t text;
};

struct sink_text_state {
	struct output *output;
	struct text_table *table;
	struct text_campaigns *campaigns;
	struct tag_table shown;
	uint64_t flows;  /* that ended */
	uint64_t alerts; /* lines printed */
	uint64_t deadline_ms;
	bool has_ended; /* the run came to its end: the report is due */
};

static int text_open(void **out, const struct sink_options *options, char error[SINK_ERROR_TEXT])
{
	struct sink_text_state *self = calloc(1, sizeof(*self));
	int result = -ENOMEM;

	if (self != NULL) {
		self->table = text_table_new(options->config->max_sessions);
		self->campaigns = text_campaigns_new();
	}
	if (self != NULL && self->table != NULL && self->campaigns != NULL &&
	    tag_table_init(&self->shown, 1024) == 0)
		result = output_open(&self->output, "-", true, TEXT_BUFFER_BYTES);
	if (result < 0) {
		(void)snprintf(error, SINK_ERROR_TEXT, "standard output: %s", strerror(-result));
		if (self != NULL) {
			tag_table_fini(&self->shown);
			text_table_free(self->table);
			text_campaigns_free(self->campaigns);
		}
		free(self);
		return result;
	}
	*out = self;
	return 0;
}

/* Appends "  name text", printable, when there is a text. */
static size_t add_word(char *line, size_t len, const char *name, const char *text)
{
	char printable[4 * LIMIT_DOMAIN_TEXT];
	int added;

	if (text[0] == '\0')
		return len;
	event_printable(text, printable, sizeof(printable));
	added = snprintf(line + len, TEXT_TABLE_LINE - len, "  %s %s", name, printable);
	/* By the caps of its parts a line never gets that long. */
	if (added < 0 || (size_t)added >= TEXT_TABLE_LINE - len)
		return len;
	return len + (size_t)added;
}

/* Appends "  (as 198.51.100.40:1025)": what the world sees of the client. */
static size_t add_nat(char *line, size_t len, const struct event_texts *texts)
{
	bool is_v6 = strchr(texts->nat_client, ':') != NULL;
	int added = snprintf(line + len, TEXT_TABLE_LINE - len,
			     is_v6 ? "  (as [%s]:%u)" : "  (as %s:%u)", texts->nat_client,
			     (unsigned)texts->nat_port);

	return added < 0 || (size_t)added >= TEXT_TABLE_LINE - len ? len : len + (size_t)added;
}

/* True when the text is another than the alert's last one. */
static bool is_news(struct sink_text_state *self, uint64_t alert_id, const char *text, size_t len)
{
	struct siphash_tag tag = { { alert_id, 0 } };
	struct shown *shown = (struct shown *)(void *)tag_table_find(&self->shown, tag);
	uint64_t hash = siphash_id(text, len);

	if (shown == NULL) {
		if (self->shown.count >= SHOWN_ALERTS) {
			shown = (struct shown *)(void *)self->shown.oldest;
			tag_table_remove(&self->shown, &shown->link);
		} else {
			shown = calloc(1, sizeof(*shown));
		}
		if (shown == NULL)
			return true;
		shown->link.tag = tag;
		tag_table_add(&self->shown, &shown->link);
	} else if (shown->text == hash) {
		return false;
	}
	shown->text = hash;
	return true;
}

/* Cryptocurrency mining session [1600001 confirmed]  client -> server  wallet ... */
static size_t describe_alert(char *line, const struct event_texts *texts, const struct event *event)
{
	const struct decision_alert *alert = (const void *)event->decision;
	const struct signature *signature = signature_find(alert->sid);
	const struct session_view *view = event_view(event);
	size_t len;

	len = (size_t)snprintf(line, TEXT_TABLE_LINE, "%s [%" PRIu32 " %s]  %s -> %s",
			       signature != NULL ? signature->name : "Alert", alert->sid,
			       level_text(alert->level), texts->client, texts->endpoint);
	if (texts->nat_client[0] != '\0')
		len = add_nat(line, len, texts);
	if (strcmp(texts->pool, texts->endpoint) != 0)
		len = add_word(line, len, "pool", texts->pool);
	if (strcmp(texts->pool, alert->query) != 0)
		len = add_word(line, len, "name", alert->query);
	len = add_word(line, len, "key", alert->access_key);
	if (view != NULL) {
		len = add_word(line, len, view->wallet_check != 0 ? "wallet" : "account",
			       view->wallet);
		len = add_word(line, len, "worker", view->worker);
		len = add_word(line, len, "agent", view->agent);
	}
	return len;
}

/* Before an alert counts as shown. 0 or -EAGAIN. */
static int need_room(struct sink_text_state *self)
{
	bool is_full = output_held(self->output) > 0 && output_flush(self->output) == -EAGAIN;

	return is_full ? -EAGAIN : 0;
}

static int write_line(struct sink_text_state *self, const struct event *event, const char *text)
{
	char line[TEXT_TABLE_LINE + 64];
	char note[32] = "";
	char time[JSONW_TIME_LEN + 1];
	uint32_t revision;
	uint32_t sid;
	size_t len;

	(void)event_alert_id(event, &revision, &sid);
	if (revision > 1)
		(void)snprintf(note, sizeof(note), "  (revision %" PRIu32 ")", revision);
	jsonw_time_text(event->time_ns, time, sizeof(time));
	len = (size_t)snprintf(line, sizeof(line), "%.10s %.8s UTC  %s%s", time, time + 11, text,
			       note);
	self->alerts++;
	return output_line(self->output, line, len);
}

static int write_alert(struct sink_text_state *self, const struct event_texts *texts,
		       const struct event *event)
{
	const struct decision_alert *alert = (const void *)event->decision;
	char text[TEXT_TABLE_LINE];
	size_t len = describe_alert(text, texts, event);
	int error = need_room(self);

	if (error < 0 || !is_news(self, alert->alert_id, text, len))
		return error;
	return write_line(self, event, text);
}

/* A campaign's line is news when its level rose or it has twice the hosts, roughly. */
static int write_campaign(struct sink_text_state *self, const struct event *event)
{
	const struct decision_campaign *campaign = event_campaign(event);
	char text[TEXT_TABLE_LINE];
	uint8_t news[2] = { campaign->level, 0 };
	int error = need_room(self);

	if (error < 0)
		return error;
	text_campaigns_take(self->campaigns, campaign);
	for (uint32_t members = campaign->members; members > 0; members >>= 1)
		news[1]++;
	if (event->kind == EVENT_MEMBER ||
	    !is_news(self, campaign->campaign_id, (const char *)news, sizeof(news)))
		return 0;
	(void)text_campaign_line(campaign, text);
	return write_line(self, event, text);
}

static int text_write(void *sink, struct event_renderer *renderer, const struct event *event)
{
	struct sink_text_state *self = sink;
	const struct decision_flow *flow;

	switch (event->kind) {
	case EVENT_FLOW:
		flow = (const void *)event->decision;
		self->flows += flow->record.end != FLOW_END_ACTIVE;
		return 0;
	case EVENT_SESSION:
		text_table_session(self->table, event_texts(renderer, event),
				   (const void *)event->decision);
		return 0;
	case EVENT_ALERT:
		return write_alert(self, event_texts(renderer, event), event);
	case EVENT_CAMPAIGN:
	case EVENT_MEMBER:
		return write_campaign(self, event);
	case EVENT_KINDS:
		break;
	}
	return -EINVAL;
}

static int text_poll(void *sink, uint64_t now_ms, struct pollfd *want)
{
	struct sink_text_state *self = sink;

	return output_poll(self->output, now_ms, want);
}

static void text_hasten(void *sink)
{
	struct sink_text_state *self = sink;

	self->has_ended = true;
	(void)output_flush(self->output); /* the next poll says how it went */
}

/* Waits for room: nothing else is left to do. */
static int put_line(void *sink, const char *text, size_t len)
{
	struct sink_text_state *self = sink;
	struct pollfd nothing = { .fd = -1 };
	int error;

	while ((error = output_line(self->output, text, len)) == -EAGAIN &&
	       ring_now_ms() < self->deadline_ms)
		(void)poll(&nothing, 1, WAIT_MS);
	return error;
}

static size_t terminal_width(const struct sink_text_state *self)
{
	struct winsize size;

	if (!output_is_terminal(self->output) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

static int write_end(struct sink_text_state *self)
{
	size_t rows = text_table_rows(self->table);
	uint64_t left_out = text_table_left_out(self->table);
	char line[160];
	int error = 0;
	int len;

	if (rows == 0) {
		len = snprintf(line, sizeof(line),
			       self->alerts == 0 ? "No mining found in %" PRIu64 " flows."
						 : "No mining session decoded in %" PRIu64
						   " flows.",
			       self->flows);
		return put_line(self, line, (size_t)len);
	}
	if (self->alerts > 0)
		error = put_line(self, "", 0);
	if (error == 0)
		error = text_table_write(self->table, terminal_width(self), put_line, self);
	if (error == 0) {
		len = snprintf(line, sizeof(line), "%zu miner%s in %" PRIu64 " flows.", rows,
			       rows == 1 ? "" : "s", self->flows);
		error = put_line(self, line, (size_t)len);
	}
	if (error == 0 && left_out > 0) {
		len = snprintf(line, sizeof(line),
			       "%" PRIu64 " reports of more miners found no room in the table.",
			       left_out);
		error = put_line(self, line, (size_t)len);
	}
	return error;
}

static int write_campaigns(struct sink_text_state *self)
{
	uint64_t left_out = text_campaigns_left_out(self->campaigns);
	char line[160];
	int error;
	int len;

	if (text_campaigns_rows(self->campaigns) == 0)
		return 0;
	error = put_line(self, "", 0);
	if (error == 0)
		error = text_campaigns_write(self->campaigns, terminal_width(self) > 0, put_line,
					     self);
	if (error < 0 || left_out == 0)
		return error;
	len = snprintf(line, sizeof(line),
		       "%" PRIu64 " reports of more campaigns found no room in the table.",
		       left_out);
	return put_line(self, line, (size_t)len);
}

static uint64_t text_close(void *sink, uint64_t deadline_ms)
{
	struct sink_text_state *self = sink;
	uint64_t lost;
	int table_error = 0;
	int error;

	self->deadline_ms = deadline_ms;
	if (self->has_ended)
		table_error = write_end(self);
	if (self->has_ended && table_error == 0)
		table_error = write_campaigns(self);
	lost = output_close(self->output, deadline_ms, &error);
	if (error == 0 && table_error != 0) {
		error = table_error;
		lost++;
	}
	if (error != 0)
		log_error("standard output: %s: the report is not complete", strerror(-error));
	tag_table_fini(&self->shown);
	text_table_free(self->table);
	text_campaigns_free(self->campaigns);
	free(self);
	return lost;
}

const struct sink_ops sink_text = {
	.name = "text",
	.open = text_open,
	.write = text_write,
	.poll = text_poll,
	.close = text_close,
	.hasten = text_hasten,
};
