/* text_table.c: rows of miners, and their text in columns that fit their content. */
#include "sensor/text_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sensor/jsonw.h"
#include "sensor/tag_table.h"
#include "sensor/text_cells.h"

#define MAX_ROWS  65536
#define KEPT_HEAD 12
#define KEPT_TAIL 8

struct values {
	uint64_t accepted;
	uint64_t rejected;
	uint64_t stale;
	double work;
	double seconds;
	uint64_t sessions;
};

struct row {
	struct tag_link link;
	struct values ended; /* of sessions that were forgotten */
	struct values sum;   /* filled when the table is written */
	uint64_t since_ns;
	uint8_t addr[17]; /* IP version and address, to sort by */
	char scope[CLOUD_SCOPE_TEXT];
	char host[48];
	char pool[LIMIT_POOL_TEXT];
	char wallet[LIMIT_WALLET_TEXT];
	char worker[LIMIT_WORKER_TEXT];
	char agent[LIMIT_AGENT_TEXT];
	char algo[LIMIT_ALGO_TEXT];
	char unit[8]; /* of its rate */
};

/* What one session adds to its row. */
struct contribution {
	struct tag_link link;
	struct row *row;
	struct values values;
};

struct text_table {
	struct siphash_key key;
	size_t max_sessions;
	uint64_t left_out;
	struct tag_table rows;
	struct tag_table sessions;
};

enum column {
	COLUMN_SCOPE,
	COLUMN_HOST,
	COLUMN_POOL,
	COLUMN_WALLET,
	COLUMN_WORKER,
	COLUMN_AGENT,
	COLUMN_ALGO,
	COLUMN_ACCEPTED,
	COLUMN_REJECTED,
	COLUMN_STALE,
	COLUMN_RATE,
	COLUMN_SINCE,
	COLUMNS
};

static const char *const headers[COLUMNS] = { "SCOPE",    "HOST",  "POOL",      "WALLET",
					      "WORKER",   "AGENT", "ALGO",      "ACCEPTED",
					      "REJECTED", "STALE", "HASH RATE", "SINCE (UTC)" };

struct layout {
	size_t widths[COLUMNS];
	bool has_scope; /* several scopes: say which */
	bool is_short;  /* wallets are shortened */
};

struct text_table *text_table_new(size_t max_sessions)
{
	struct text_table *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->max_sessions = max_sessions > 0 ? max_sessions : 1;
	if (getrandom(&self->key, sizeof(self->key), 0) != (ssize_t)sizeof(self->key) ||
	    tag_table_init(&self->rows, 1024) < 0 || tag_table_init(&self->sessions, 1024) < 0) {
		text_table_free(self);
		return NULL;
	}
	return self;
}

void text_table_free(struct text_table *self)
{
	if (self == NULL)
		return;
	tag_table_fini(&self->rows);
	tag_table_fini(&self->sessions);
	free(self);
}

static void add(struct values *sum, const struct values *values)
{
	sum->accepted += values->accepted;
	sum->rejected += values->rejected;
	sum->stale += values->stale;
	sum->work += values->work;
	sum->seconds += values->seconds;
	sum->sessions += values->sessions;
}

static struct row *find_row(struct text_table *self, const struct event_texts *texts,
			    const struct decision_session *session)
{
	struct row *row;
	char key[sizeof(texts->scope) + sizeof(texts->client) + sizeof(texts->pool) +
		 LIMIT_WORKER_TEXT + sizeof(row->unit) + 5];
	const struct flow_key *flow = &session->parties.key;
	int client = session->parties.client_side & 1;
	struct siphash_tag tag;

	/* The unit too: rates of two units have no sum. */
	(void)snprintf(key, sizeof(key), "%s\n%s\n%s\n%s\n%s", texts->scope, texts->client,
		       texts->pool, session->view.unit, session->view.worker);
	tag = siphash128(key, strlen(key), self->key);
	row = (struct row *)(void *)tag_table_find(&self->rows, tag);
	if (row != NULL || self->rows.count >= MAX_ROWS)
		return row;
	row = calloc(1, sizeof(*row));
	if (row == NULL)
		return NULL;
	row->link.tag = tag;
	row->since_ns = session->view.first_ns;
	row->addr[0] = flow->ip_version;
	memcpy(row->addr + 1, flow->addr[client], 16);
	(void)snprintf(row->scope, sizeof(row->scope), "%s", texts->scope);
	(void)snprintf(row->host, sizeof(row->host), "%s", texts->client);
	(void)snprintf(row->pool, sizeof(row->pool), "%s", texts->pool);
	(void)snprintf(row->worker, sizeof(row->worker), "%s", session->view.worker);
	(void)snprintf(row->unit, sizeof(row->unit), "%s", event_unit_text(&session->view));
	tag_table_add(&self->rows, &row->link);
	return row;
}

static struct contribution *find_session(struct text_table *self, uint64_t flow_id)
{
	struct siphash_tag tag = siphash128(&flow_id, sizeof(flow_id), self->key);
	struct contribution *session =
		(struct contribution *)(void *)tag_table_find(&self->sessions, tag);

	if (session != NULL) {
		tag_table_touch(&self->sessions, &session->link);
		return session;
	}
	if (self->sessions.count >= self->max_sessions) {
		struct contribution *oldest = (struct contribution *)(void *)self->sessions.oldest;

		add(&oldest->row->ended, &oldest->values);
		tag_table_remove(&self->sessions, &oldest->link);
		free(oldest);
	}
	session = calloc(1, sizeof(*session));
	if (session == NULL)
		return NULL;
	session->link.tag = tag;
	tag_table_add(&self->sessions, &session->link);
	return session;
}

void text_table_session(struct text_table *self, const struct event_texts *texts,
			const struct decision_session *session)
{
	const struct session_view *view = &session->view;
	struct contribution *known = NULL;
	struct row *row;

	if (view->level < LEVEL_LIKELY)
		return; /* a node, or a mere suspicion */
	row = find_row(self, texts, session);
	if (row != NULL)
		known = find_session(self, session->parties.flow_id);
	if (known == NULL) {
		self->left_out++;
		return;
	}
	known->row = row;
	known->values = (struct values){ .accepted = view->accepted,
					 .rejected = view->rejected,
					 .stale = view->stale,
					 .work = view->work,
					 .seconds = (double)view->window_ns / 1e9,
					 .sessions = 1 };
	if (view->first_ns < row->since_ns)
		row->since_ns = view->first_ns;
	(void)snprintf(row->wallet, sizeof(row->wallet), "%s", view->wallet);
	(void)snprintf(row->agent, sizeof(row->agent), "%s", view->agent);
	(void)snprintf(row->algo, sizeof(row->algo), "%s",
		       view->algo[0] != '\0' ? view->algo : view->coin);
}

uint64_t text_table_left_out(const struct text_table *self)
{
	return self->left_out;
}

/* Fills the sums of all rows. */
static void sum_up(const struct text_table *self)
{
	for (struct tag_link *link = self->rows.oldest; link != NULL; link = link->newer) {
		struct row *row = (struct row *)(void *)link;

		row->sum = row->ended;
	}
	for (struct tag_link *link = self->sessions.oldest; link != NULL; link = link->newer) {
		struct contribution *session = (struct contribution *)(void *)link;

		add(&session->row->sum, &session->values);
	}
}

size_t text_table_rows(const struct text_table *self)
{
	size_t count = 0;

	sum_up(self);
	for (struct tag_link *link = self->rows.oldest; link != NULL; link = link->newer)
		count += ((struct row *)(void *)link)->sum.sessions > 0;
	return count;
}

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = *(const struct row *const *)left;
	const struct row *b = *(const struct row *const *)right;
	int order = strcmp(a->scope, b->scope);

	if (order == 0)
		order = memcmp(a->addr, b->addr, sizeof(a->addr));
	if (order == 0)
		order = strcmp(a->pool, b->pool);
	if (order == 0)
		order = strcmp(a->worker, b->worker);
	return order != 0 ? order : strcmp(a->unit, b->unit);
}

void text_table_rate(double rate, const char *unit, char *out, size_t size)
{
	static const char *const prefixes[] = { "", "k", "M", "G", "T", "P", "E" };
	char number[400];
	size_t prefix = 0;

	while (rate >= 999.995 && prefix + 1 < sizeof(prefixes) / sizeof(prefixes[0])) {
		rate /= 1000;
		prefix++;
	}
	jsonw_fixed_text(rate, 2, number, sizeof(number));
	(void)snprintf(out, size, "%s %s%s", number, prefixes[prefix], unit);
}

void text_table_shorten(char *text)
{
	size_t len = strlen(text);

	/* Inside other characters nobody cuts. */
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return;
	if (len <= KEPT_HEAD + 3 + KEPT_TAIL)
		return;
	for (size_t i = 0; i < 3; i++)
		text[KEPT_HEAD + i] = '.';
	memmove(text + KEPT_HEAD + 3, text + len - KEPT_TAIL, KEPT_TAIL + 1);
}

static void cell_text(const struct row *row, enum column column, bool is_short, char *out)
{
	char time[JSONW_TIME_LEN + 1];

	switch (column) {
	case COLUMN_SCOPE:
		event_printable(row->scope, out, TEXT_CELLS_BYTES);
		return;
	case COLUMN_HOST:
		event_printable(row->host, out, TEXT_CELLS_BYTES);
		return;
	case COLUMN_POOL:
		event_printable(row->pool, out, TEXT_CELLS_BYTES);
		return;
	case COLUMN_WALLET:
		event_printable(row->wallet, out, TEXT_CELLS_BYTES);
		if (is_short)
			text_table_shorten(out);
		return;
	case COLUMN_WORKER:
		event_printable(row->worker, out, TEXT_CELLS_BYTES);
		return;
	case COLUMN_AGENT:
		event_printable(row->agent, out, TEXT_CELLS_BYTES);
		return;
	case COLUMN_ALGO:
		event_printable(row->algo, out, TEXT_CELLS_BYTES);
		return;
	case COLUMN_ACCEPTED:
		(void)snprintf(out, TEXT_CELLS_BYTES, "%" PRIu64, row->sum.accepted);
		return;
	case COLUMN_REJECTED:
		(void)snprintf(out, TEXT_CELLS_BYTES, "%" PRIu64, row->sum.rejected);
		return;
	case COLUMN_STALE:
		(void)snprintf(out, TEXT_CELLS_BYTES, "%" PRIu64, row->sum.stale);
		return;
	case COLUMN_RATE:
		if (row->sum.work > 0 && row->sum.seconds > 0)
			text_table_rate(row->sum.work / row->sum.seconds, row->unit, out,
					TEXT_CELLS_BYTES);
		else
			(void)snprintf(out, TEXT_CELLS_BYTES, "-");
		return;
	case COLUMN_SINCE:
		jsonw_time_text(row->since_ns, time, sizeof(time));
		(void)snprintf(out, TEXT_CELLS_BYTES, "%.10s %.8s", time, time + 11);
		return;
	case COLUMNS:
		break;
	}
	out[0] = '\0';
}

/* An empty cell shows that it is one. */
static void cell(const struct row *row, enum column column, bool is_short, char *out)
{
	cell_text(row, column, is_short, out);
	if (out[0] == '\0')
		(void)snprintf(out, TEXT_CELLS_BYTES, "-");
}

static enum text_cells_place place_of(enum column column)
{
	if (column == COLUMN_SINCE)
		return TEXT_CELLS_LAST;
	return column >= COLUMN_ACCEPTED && column <= COLUMN_RATE ? TEXT_CELLS_RIGHT
								  : TEXT_CELLS_LEFT;
}

/* Measures; returns the width of a whole line. */
static size_t measure(struct row *const *rows, size_t count, struct layout *layout)
{
	char text[TEXT_CELLS_BYTES];
	size_t total = 0;

	for (size_t c = 0; c < COLUMNS; c++) {
		if (c == COLUMN_SCOPE && !layout->has_scope)
			continue;
		layout->widths[c] = strlen(headers[c]);
		for (size_t i = 0; i < count; i++) {
			cell(rows[i], (enum column)c, layout->is_short, text);
			if (text_cells_width(text) > layout->widths[c])
				layout->widths[c] = text_cells_width(text);
		}
		total += layout->widths[c] + TEXT_CELLS_GAP;
	}
	return total - TEXT_CELLS_GAP;
}

/* row NULL: the header. Twelve cells of TEXT_CELLS_BYTES fit into a line. */
static size_t make_line(const struct row *row, const struct layout *layout, char *line)
{
	char text[TEXT_CELLS_BYTES];
	size_t len = 0;

	for (size_t c = 0; c < COLUMNS; c++) {
		if (c == COLUMN_SCOPE && !layout->has_scope)
			continue;
		if (row == NULL)
			(void)snprintf(text, sizeof(text), "%s", headers[c]);
		else
			cell(row, (enum column)c, layout->is_short, text);
		len = text_cells_put(line, TEXT_TABLE_LINE, len, text, layout->widths[c],
				     place_of((enum column)c));
	}
	return len;
}

int text_table_write(const struct text_table *self, size_t width,
		     int (*line)(void *ctx, const char *text, size_t len), void *ctx)
{
	size_t count = text_table_rows(self);
	struct row **rows = calloc(count + 1, sizeof(struct row *));
	struct layout layout = { .has_scope = false };
	char text[TEXT_TABLE_LINE];
	size_t filled = 0;
	int error;

	if (rows == NULL)
		return -ENOMEM;
	for (struct tag_link *link = self->rows.oldest; link != NULL; link = link->newer) {
		struct row *row = (struct row *)(void *)link;

		if (row->sum.sessions == 0)
			continue;
		rows[filled++] = row;
		layout.has_scope = layout.has_scope || strcmp(row->scope, rows[0]->scope) != 0;
	}
	qsort(rows, filled, sizeof(struct row *), compare_rows);
	if (measure(rows, filled, &layout) > width && width > 0) {
		layout.is_short = true;
		measure(rows, filled, &layout);
	}
	error = line(ctx, text, make_line(NULL, &layout, text));
	for (size_t i = 0; i < filled && error == 0; i++)
		error = line(ctx, text, make_line(rows[i], &layout, text));
	free(rows);
	return error;
}
