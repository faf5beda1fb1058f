/* text_campaign.c: campaigns as lines and as a table whose columns fit their content. */
#include "sensor/text_campaign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sensor/jsonw.h"
#include "sensor/tag_table.h"
#include "sensor/text_cells.h"

#define NS_PER_S UINT64_C(1000000000)

struct row {
	struct tag_link link;
	struct decision_campaign campaign;
};

struct text_campaigns {
	struct siphash_key key;
	uint64_t left_out;
	struct tag_table rows;
};

enum column {
	COLUMN_CAMPAIGN,
	COLUMN_KEY,
	COLUMN_HOSTS,
	COLUMN_FIRST,
	COLUMN_SINCE,
	COLUMN_SPREAD,
	COLUMN_RATE,
	COLUMN_WORKERS,
	COLUMN_AGENT,
	COLUMN_POOL,
	COLUMNS
};

static const char *const headers[COLUMNS] = { "CAMPAIGN",    "KEY",    "HOSTS",     "FIRST HOST",
					      "SINCE (UTC)", "SPREAD", "HASH RATE", "WORKERS",
					      "AGENT",       "POOL" };

struct text_campaigns *text_campaigns_new(void)
{
	struct text_campaigns *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	if (getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key) ||
	    tag_table_init(&self->rows, 64) < 0) {
		text_campaigns_free(self);
		return NULL;
	}
	return self;
}

void text_campaigns_free(struct text_campaigns *self)
{
	if (self == NULL)
		return;
	tag_table_fini(&self->rows);
	free(self);
}

void text_campaigns_take(struct text_campaigns *self, const struct decision_campaign *campaign)
{
	struct siphash_tag tag =
		siphash128(&campaign->campaign_id, sizeof(campaign->campaign_id), self->key);
	struct row *row = (struct row *)(void *)tag_table_find(&self->rows, tag);

	/* A join has no sums. */
	if (campaign->revision == 0 || campaign->event == CAMPAIGN_JOIN)
		return;
	if (row == NULL && self->rows.count < TEXT_CAMPAIGN_ROWS) {
		row = calloc(1, sizeof(*row));
		if (row != NULL) {
			row->link.tag = tag;
			tag_table_add(&self->rows, &row->link);
		}
	}
	if (row == NULL)
		self->left_out++;
	else
		row->campaign = *campaign;
}

size_t text_campaigns_rows(const struct text_campaigns *self)
{
	return self->rows.count;
}

uint64_t text_campaigns_left_out(const struct text_campaigns *self)
{
	return self->left_out;
}

static uint64_t spread_seconds(const struct decision_campaign *campaign)
{
	uint64_t from_ns = campaign->first_ns;

	return campaign->last_join_ns > from_ns ? (campaign->last_join_ns - from_ns) / NS_PER_S : 0;
}

/* Appends "  name text", printable, when there is a text and room for it. */
static size_t add_word(char *line, size_t len, const char *name, const char *text)
{
	char printable[4 * LIMIT_WALLET_TEXT];
	int added;

	if (text[0] == '\0')
		return len;
	event_printable(text, printable, sizeof(printable));
	added = snprintf(line + len, TEXT_TABLE_LINE - len, "  %s %s", name, printable);
	return added < 0 || (size_t)added >= TEXT_TABLE_LINE - len ? len : len + (size_t)added;
}

static const char *key_word(const struct decision_campaign *campaign)
{
	if (campaign->kind == CAMPAIGN_WALLET && campaign->wallet_check == WALLET_NONE)
		return "account";
	return campaign_kind_text((enum campaign_kind)campaign->kind);
}

size_t text_campaign_line(const struct decision_campaign *campaign, char *line)
{
	const struct signature *signature = signature_find(SID_CAMPAIGN);
	size_t len = (size_t)snprintf(line, TEXT_TABLE_LINE, "%s [%d %s]  %" PRIu32 " hosts",
				      signature != NULL ? signature->name : "Campaign",
				      SID_CAMPAIGN, level_text(campaign->level), campaign->members);

	len = add_word(line, len, key_word(campaign), campaign->key);
	len = add_word(line, len, "first", campaign->first_member);
	len = add_word(line, len, "workers", campaign->worker_pattern);
	len = add_word(line, len, "agent", campaign->agent);
	if (campaign->kind != CAMPAIGN_POOL)
		len = add_word(line, len, "pool", campaign->pool);
	return len;
}

static void duration_text(uint64_t seconds, char *out)
{
	(void)snprintf(out, TEXT_CELLS_BYTES, "%" PRIu64 ":%02u:%02u", seconds / 3600,
		       (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
}

static void rate_text(const struct decision_campaign *campaign, char *out)
{
	if (campaign->hashrate > 0)
		text_table_rate(campaign->hashrate,
				campaign->unit[0] != '\0' ? campaign->unit : "H/s", out,
				TEXT_CELLS_BYTES);
	else
		out[0] = '\0';
}

static void time_text(uint64_t time_ns, char *out)
{
	char time[JSONW_TIME_LEN + 1];

	jsonw_time_text(time_ns, time, sizeof(time));
	(void)snprintf(out, TEXT_CELLS_BYTES, "%.10s %.8s", time, time + 11);
}

static void cell_text(const struct decision_campaign *campaign, enum column column, char *out)
{
	switch (column) {
	case COLUMN_CAMPAIGN:
		(void)snprintf(out, TEXT_CELLS_BYTES, "%s", key_word(campaign));
		return;
	case COLUMN_KEY:
		event_printable(campaign->key, out, TEXT_CELLS_BYTES);
		return;
	case COLUMN_HOSTS:
		(void)snprintf(out, TEXT_CELLS_BYTES, "%" PRIu32, campaign->members);
		return;
	case COLUMN_FIRST:
		event_printable(campaign->first_member, out, TEXT_CELLS_BYTES);
		return;
	case COLUMN_SINCE:
		time_text(campaign->first_ns, out);
		return;
	case COLUMN_SPREAD:
		duration_text(spread_seconds(campaign), out);
		return;
	case COLUMN_RATE:
		rate_text(campaign, out);
		return;
	case COLUMN_WORKERS:
		event_printable(campaign->worker_pattern, out, TEXT_CELLS_BYTES);
		return;
	case COLUMN_AGENT:
		event_printable(campaign->agent, out, TEXT_CELLS_BYTES);
		return;
	case COLUMN_POOL:
		event_printable(campaign->pool, out, TEXT_CELLS_BYTES);
		return;
	case COLUMNS:
		break;
	}
	out[0] = '\0';
}

/* campaign NULL: the header. An empty cell shows that it is one. */
static void cell(const struct decision_campaign *campaign, enum column column, bool is_short,
		 char *out)
{
	if (campaign == NULL) {
		(void)snprintf(out, TEXT_CELLS_BYTES, "%s", headers[column]);
		return;
	}
	cell_text(campaign, column, out);
	if (is_short && column == COLUMN_KEY)
		text_table_shorten(out);
	if (out[0] == '\0')
		(void)snprintf(out, TEXT_CELLS_BYTES, "-");
}

static enum text_cells_place place_of(enum column column)
{
	if (column == COLUMN_POOL)
		return TEXT_CELLS_LAST;
	return column == COLUMN_HOSTS || column == COLUMN_SPREAD || column == COLUMN_RATE
		       ? TEXT_CELLS_RIGHT
		       : TEXT_CELLS_LEFT;
}

/* campaign NULL: the header. Ten cells of TEXT_CELLS_BYTES fit into a line. */
static size_t make_line(const struct decision_campaign *campaign, const size_t widths[COLUMNS],
			bool is_short, char *line)
{
	char text[TEXT_CELLS_BYTES];
	size_t len = 0;

	for (size_t c = 0; c < COLUMNS; c++) {
		cell(campaign, (enum column)c, is_short, text);
		len = text_cells_put(line, TEXT_TABLE_LINE, len, text, widths[c],
				     place_of((enum column)c));
	}
	return len;
}

static int compare_rows(const void *left, const void *right)
{
	const struct decision_campaign *a = &(*(const struct row *const *)left)->campaign;
	const struct decision_campaign *b = &(*(const struct row *const *)right)->campaign;

	if (a->first_ns != b->first_ns)
		return a->first_ns < b->first_ns ? -1 : 1;
	return (a->campaign_id > b->campaign_id) - (a->campaign_id < b->campaign_id);
}

static void measure(struct row *const *rows, size_t count, bool is_short, size_t widths[COLUMNS])
{
	char text[TEXT_CELLS_BYTES];

	for (size_t c = 0; c < COLUMNS; c++) {
		widths[c] = strlen(headers[c]);
		for (size_t i = 0; i < count; i++) {
			cell(&rows[i]->campaign, (enum column)c, is_short, text);
			if (text_cells_width(text) > widths[c])
				widths[c] = text_cells_width(text);
		}
	}
}

int text_campaigns_write(const struct text_campaigns *self, bool is_short,
			 int (*line)(void *ctx, const char *text, size_t len), void *ctx)
{
	struct row **rows = calloc(self->rows.count + 1, sizeof(struct row *));
	size_t widths[COLUMNS];
	char text[TEXT_TABLE_LINE];
	size_t count = 0;
	int error;

	if (rows == NULL)
		return -ENOMEM;
	for (struct tag_link *link = self->rows.oldest; link != NULL; link = link->newer)
		rows[count++] = (struct row *)(void *)link;
	qsort(rows, count, sizeof(struct row *), compare_rows);
	measure(rows, count, is_short, widths);
	error = line(ctx, text, make_line(NULL, widths, is_short, text));
	for (size_t i = 0; i < count && error == 0; i++)
		error = line(ctx, text, make_line(&rows[i]->campaign, widths, is_short, text));
	free(rows);
	return error;
}
